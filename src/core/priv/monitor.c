/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_PATH, struct ucred */
#include "priv/monitor.h"

#include "base/buf.h"
#include "base/mem.h"
#include "priv/calls.h"
#include "priv/request.h"
#include "priv/user.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ANSWER_TIMEOUT_S 5

struct priv_monitor {
    struct priv_monitor_settings settings;
    int fd;       /* of the pair of sockets */
    pid_t engine; /* 0 in the engine itself */
    pid_t monitor;
};

static void say(const struct priv_monitor *m, const char *sentence)
{
    if (m->settings.say != NULL)
        m->settings.say(m->settings.ctx, sentence);
}

enum err priv_monitor_start(const struct priv_monitor_settings *settings, struct priv_monitor **out,
                            struct err_text *why)
{
    int pair[2];
    const struct timeval timeout = {.tv_sec = ANSWER_TIMEOUT_S};
    struct priv_monitor *m = mem_zero(1, sizeof(*m));
    if (m == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    m->settings = *settings;
    m->monitor = getpid();
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
        int number = errno;
        mem_free(m);
        return err_set(why, err_from_errno(number), "no sockets for the monitor: %s",
                       strerror(number));
    }
    m->engine = fork();
    if (m->engine < 0) {
        int number = errno;
        close(pair[0]);
        close(pair[1]);
        mem_free(m);
        return err_set(why, ERR_LIMIT, "no process for the engine: %s", strerror(number));
    }
    m->fd = m->engine > 0 ? pair[0] : pair[1];
    close(m->engine > 0 ? pair[1] : pair[0]);
    if (m->engine == 0) {
        setsockopt(m->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
        setsockopt(m->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
        prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
        if (getppid() != m->monitor)
            raise(SIGKILL);
    }
    *out = m;
    return ERR_NONE;
}

bool priv_monitor_is_engine(const struct priv_monitor *m)
{
    return m->engine == 0;
}

pid_t priv_monitor_pid(const struct priv_monitor *m)
{
    return m->monitor;
}

void priv_monitor_close(struct priv_monitor *m)
{
    if (m == NULL)
        return;
    close(m->fd);
    mem_free(m);
}

/* A regular file or a folder, read-only; else −1 with errno. */
static int open_named(const struct priv_monitor *m, const struct priv_request *r)
{
    const int how = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    struct stat st;
    if (r->index >= m->settings.paths_n) {
        errno = EINVAL;
        return -1;
    }
    const char *path = m->settings.paths[r->index];
    int fd;
    if (r->name[0] == '\0') {
        fd = open(path, how);
    } else {
        int folder = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
        if (folder < 0)
            return -1;
        /* Who may write to the folder must not choose files elsewhere by a link. */
        fd = openat(folder, r->name, how | O_NOFOLLOW);
        int number = errno;
        close(folder);
        errno = number;
    }
    if (fd >= 0 && (fstat(fd, &st) != 0 ||
                    !(S_ISREG(st.st_mode) || (S_ISDIR(st.st_mode) && r->name[0] == '\0')))) {
        close(fd);
        errno = EINVAL;
        return -1;
    }
    return fd;
}

/* The answer is the error as four bytes, with the descriptor when there is none. An engine that
 * does not read its answers gets none. */
static void answer(struct priv_monitor *m, enum err code, int fd)
{
    uint8_t bytes[4];
    for (unsigned i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)((uint32_t)-code >> (8 * i));
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    if (fd >= 0) {
        message.msg_control = control.bytes;
        message.msg_controllen = sizeof(control.bytes);
        struct cmsghdr *head = CMSG_FIRSTHDR(&message);
        head->cmsg_level = SOL_SOCKET;
        head->cmsg_type = SCM_RIGHTS;
        head->cmsg_len = CMSG_LEN(sizeof(int));
        memcpy(CMSG_DATA(head), &fd, sizeof(fd));
    }
    (void)!sendmsg(m->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* False when the engine has closed its end. */
static bool serve(struct priv_monitor *m)
{
    uint8_t bytes[PRIV_REQUEST_SIZE_MAX + 1];
    struct priv_request r;
    /* No room for descriptors: the kernel drops those that come. */
    ssize_t n = recv(m->fd, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (n <= 0)
        return n < 0 && (errno == EAGAIN || errno == EINTR);
    if (priv_request_read(bytes_make(bytes, (size_t)n), &r) != ERR_NONE) {
        answer(m, ERR_INVALID, -1);
        return true;
    }
    int fd = open_named(m, &r);
    answer(m, fd >= 0 ? ERR_NONE : err_from_errno(errno), fd);
    if (fd >= 0)
        close(fd);
    return true;
}

static int status_of(const struct priv_monitor *m, int wait_status)
{
    char line[128];
    if (WIFEXITED(wait_status))
        return WEXITSTATUS(wait_status);
    int number = WTERMSIG(wait_status);
    snprintf(line, sizeof(line), "the engine was ended by signal %d (%s)", number,
             strsignal(number));
    say(m, line);
    return 128 + number;
}

int priv_monitor_run(struct priv_monitor *m)
{
    sigset_t set;
    int status = 0;
    struct err_text why;
    struct sigaction hangup;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGCHLD);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals < 0)
        kill(m->engine, SIGKILL);
    if (priv_user_keep_reading(&why) != ERR_NONE || priv_calls_monitor(&why) != ERR_NONE)
        say(m, why.message);
    struct pollfd fds[] = {{.fd = signals, .events = POLLIN}, {.fd = m->fd, .events = POLLIN}};
    for (;;) {
        pid_t got = waitpid(m->engine, &status, signals < 0 ? 0 : WNOHANG);
        if (got == m->engine || (got < 0 && errno != EINTR))
            break;
        if (poll(fds, 2, -1) < 0)
            continue;
        struct signalfd_siginfo info;
        while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info))
            if (info.ssi_signo != SIGCHLD)
                kill(m->engine, (int)info.ssi_signo);
        /* Its end of the sockets is closed before it ends; what follows is its end. */
        if (fds[1].revents != 0 && !serve(m))
            fds[1].fd = -1;
    }
    if (signals >= 0)
        close(signals);
    return status_of(m, status);
}

static enum err receive(struct priv_monitor *m, int *out_fd)
{
    uint8_t bytes[4];
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(sizeof(int))];
    } control = {0};
    struct iovec part = {.iov_base = bytes, .iov_len = sizeof(bytes)};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t n;
    do
        n = recvmsg(m->fd, &message, MSG_CMSG_CLOEXEC);
    while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof(bytes))
        return ERR_IO;
    struct cursor c = cursor_make(bytes, sizeof(bytes));
    uint32_t code = cursor_le32(&c);
    const struct cmsghdr *head = CMSG_FIRSTHDR(&message);
    if (code != 0)
        return code <= (uint32_t)-ERR_STOPPED ? (enum err) - (int)code : ERR_IO;
    if (head == NULL || head->cmsg_type != SCM_RIGHTS || head->cmsg_len != CMSG_LEN(sizeof(int)))
        return ERR_IO;
    memcpy(out_fd, CMSG_DATA(head), sizeof(*out_fd));
    return ERR_NONE;
}

enum err priv_monitor_open(struct priv_monitor *m, uint32_t index, const char *name, int *out_fd)
{
    struct priv_request r = {.index = index};
    struct buf b;
    size_t n = strlen(name);
    if (n >= sizeof(r.name))
        return ERR_INVALID;
    memcpy(r.name, name, n);
    buf_init(&b);
    enum err err = priv_request_write(&r, &b);
    if (err == ERR_NONE && send(m->fd, buf_text(&b), b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
        err = ERR_IO;
    if (err == ERR_NONE)
        err = receive(m, out_fd);
    buf_release(&b);
    return err;
}
