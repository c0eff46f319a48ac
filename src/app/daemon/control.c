/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* struct ucred */
#include "daemon/control.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "daemon/data.h"
#include "daemon/request.h"
#include "format/node.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_CLIENTS 8
#define REQUEST_MAX (16U << 20)
#define FRAME_MAX (1U << 20)
/* A client that says nothing, or does not read, for so long is let go. */
#define CLIENT_TIMEOUT_S 30

enum { FRAME_DATA = 1, FRAME_REMARK = 2, FRAME_STATUS = 3 };

struct daemon_control {
    struct daemon_data *data;
    int fd;
    int wake[2]; /* a pipe: closing the writing end stops the server */
    pthread_t thread;
    bool started;
    atomic_int clients;
    struct sockaddr_un address;
};

struct client {
    struct daemon_control *control;
    int fd;
};

static bool write_all(int fd, const void *p, size_t n)
{
    const char *at = p;
    while (n > 0) {
        ssize_t done = send(fd, at, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static bool read_all(int fd, void *p, size_t n)
{
    char *at = p;
    while (n > 0) {
        ssize_t done = recv(fd, at, n, 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static void put_le32(uint8_t *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_le32(const uint8_t *from)
{
    struct cursor c = cursor_make(from, 4);
    return cursor_le32(&c);
}

static bool send_frame(int fd, uint8_t type, const void *p, size_t n)
{
    uint8_t head[5] = {type};
    put_le32(head + 1, (uint32_t)n);
    return write_all(fd, head, sizeof(head)) && write_all(fd, p, n);
}

static bool send_output(void *ctx, int stream, const char *p, size_t n)
{
    const struct client *c = ctx;
    while (n > 0) {
        size_t part = n < FRAME_MAX ? n : FRAME_MAX;
        if (!send_frame(c->fd, stream == 1 ? FRAME_DATA : FRAME_REMARK, p, part))
            return false;
        p += part;
        n -= part;
    }
    return true;
}

static bool allowed(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void answer(struct client *c)
{
    uint8_t head[4];
    struct format_node *request;
    struct err_text why;
    const struct daemon_output out = {.write = send_output, .ctx = c};
    if (!allowed(c->fd) || !read_all(c->fd, head, sizeof(head)))
        return;
    uint32_t n = get_le32(head);
    char *text = n <= REQUEST_MAX ? mem_alloc((size_t)n + 1) : NULL;
    if (text == NULL || !read_all(c->fd, text, n)) {
        mem_free(text);
        return;
    }
    uint8_t status = 2;
    if (format_node_json(text, n, "request", &request, &why) == ERR_NONE) {
        status = (uint8_t)daemon_request(c->control->data, request, &out);
        format_node_free(request);
    } else {
        send_output(c, 2, why.message, strlen(why.message));
    }
    mem_free(text);
    send_frame(c->fd, FRAME_STATUS, &status, 1);
}

static void *serve_client(void *arg)
{
    struct client *c = arg;
    struct daemon_control *control = c->control;
    answer(c);
    close(c->fd);
    mem_free(c);
    atomic_fetch_sub(&control->clients, 1);
    return NULL;
}

static void accept_client(struct daemon_control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    struct client *c = mem_zero(1, sizeof(*c));
    pthread_t thread;
    if (c != NULL && atomic_load(&control->clients) < CONTROL_CLIENTS) {
        *c = (struct client){control, fd};
        atomic_fetch_add(&control->clients, 1);
        if (pthread_create(&thread, NULL, serve_client, c) == 0) {
            pthread_detach(thread);
            return;
        }
        atomic_fetch_sub(&control->clients, 1);
    }
    close(fd);
    mem_free(c);
}

static void *serve(void *arg)
{
    struct daemon_control *c = arg;
    for (;;) {
        struct pollfd fds[] = {{.fd = c->fd, .events = POLLIN}, {.fd = c->wake[0]}};
        if (poll(fds, 2, -1) < 0 && errno != EINTR)
            break;
        if (fds[1].revents != 0)
            break;
        if ((fds[0].revents & POLLIN) != 0)
            accept_client(c);
    }
    return NULL;
}

static enum err make_address(const char *dir, struct sockaddr_un *out, struct err_text *why)
{
    out->sun_family = AF_UNIX;
    int n = snprintf(out->sun_path, sizeof(out->sun_path), "%s/control.sock", dir);
    if (n < 0 || (size_t)n >= sizeof(out->sun_path))
        return err_set(why, ERR_INVALID,
                       "the name of the data directory is too long for a socket in it: '%s'", dir);
    return ERR_NONE;
}

static enum err system_error(struct err_text *why, const char *what)
{
    int number = errno;
    return err_set(why, err_from_errno(number), "%s: %s", what, strerror(number));
}

enum err daemon_control_start(struct daemon_data *data, struct daemon_control **out,
                              struct err_text *why)
{
    struct daemon_control *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    c->data = data;
    c->fd = c->wake[0] = c->wake[1] = -1;
    enum err err = make_address(data->dir, &c->address, why);
    if (err != ERR_NONE) {
        mem_free(c);
        return err;
    }
    /* The directory's lock is ours: a socket that is there was left by a daemon that is not. */
    unlink(c->address.sun_path);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    mode_t mask = umask(0177);
    bool bound =
        c->fd >= 0 && bind(c->fd, (const struct sockaddr *)&c->address, sizeof(c->address)) == 0;
    int number = errno;
    umask(mask);
    errno = number;
    if (!bound || listen(c->fd, CONTROL_CLIENTS) != 0 || pipe2(c->wake, O_CLOEXEC) != 0)
        err = system_error(why, "the control socket cannot be opened");
    else if (pthread_create(&c->thread, NULL, serve, c) != 0)
        err = system_error(why, "no thread for the control socket");
    else
        c->started = true;
    if (err != ERR_NONE) {
        daemon_control_stop(c);
        return err;
    }
    *out = c;
    return ERR_NONE;
}

void daemon_control_stop(struct daemon_control *c)
{
    if (c == NULL)
        return;
    if (c->wake[1] >= 0)
        close(c->wake[1]);
    if (c->started)
        pthread_join(c->thread, NULL);
    /* Clients at work hold the data: they are waited for. */
    while (atomic_load(&c->clients) > 0) {
        const struct timespec pause = {.tv_nsec = 10000000};
        nanosleep(&pause, NULL);
    }
    if (c->wake[0] >= 0)
        close(c->wake[0]);
    if (c->fd >= 0) {
        close(c->fd);
        unlink(c->address.sun_path);
    }
    mem_free(c);
}

static enum err read_answer(int fd, const struct daemon_output *out, int *out_status,
                            struct err_text *why)
{
    char *data = mem_alloc(FRAME_MAX);
    enum err err = ERR_NONE;
    if (data == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (;;) {
        uint8_t head[5];
        if (!read_all(fd, head, sizeof(head))) {
            err = err_set(why, ERR_IO, "the daemon broke the answer off");
            break;
        }
        uint32_t n = get_le32(head + 1);
        if (n > FRAME_MAX || !read_all(fd, data, n)) {
            err = err_set(why, ERR_IO, "the daemon broke the answer off");
            break;
        }
        if (head[0] == FRAME_STATUS && n == 1) {
            *out_status = data[0];
            break;
        }
        if (!out->write(out->ctx, head[0] == FRAME_DATA ? 1 : 2, data, n)) {
            err = err_set(why, ERR_IO, "standard output cannot be written");
            break;
        }
    }
    mem_free(data);
    return err;
}

enum err daemon_control_ask(const char *dir, const char *request, size_t n,
                            const struct daemon_output *out, int *out_status, struct err_text *why)
{
    struct sockaddr_un address;
    enum err err = make_address(dir, &address, why);
    if (err != ERR_NONE)
        return err;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return system_error(why, "no socket");
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        bool none = errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR;
        err = none ? err_set(why, ERR_NOT_FOUND, "no daemon runs on '%s'", dir)
                   : system_error(why, "the daemon cannot be asked");
        close(fd);
        return err;
    }
    uint8_t head[4];
    put_le32(head, (uint32_t)n);
    if (n > REQUEST_MAX || !write_all(fd, head, sizeof(head)) || !write_all(fd, request, n))
        err = err_set(why, ERR_IO, "the daemon did not take the request");
    else
        err = read_answer(fd, out, out_status, why);
    close(fd);
    return err;
}
