/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* struct ucred */
#include "request/control.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "format/node.h"
#include "request/data.h"
#include "request/frame.h"
#include "request/request.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONTROL_CLIENTS 8
/* A client that says nothing, or does not read, for so long is let go. */
#define CLIENT_TIMEOUT_S 30
/* At the end, requests that are being answered have so long before they are cut off. */
#define LAST_WORDS_S 5

struct client {
    struct request_control *control;
    int fd; /* -1: nobody */
};

struct request_control {
    struct request_data *data;
    int fd;
    int wake[2]; /* a pipe: closing the writing end stops the server */
    pthread_t thread;
    bool started;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t idle;  /* a client is done */
    struct client clients[CONTROL_CLIENTS];
    size_t at_work;
    struct sockaddr_un address;
};

/* The other side of a connection. */
struct peer {
    int fd;
    int wake; /* hung up when the server stops; -1: never */
};

static bool write_all(void *ctx, const void *p, size_t n)
{
    const struct peer *peer = ctx;
    const char *at = p;
    while (n > 0) {
        ssize_t done = send(peer->fd, at, n, MSG_NOSIGNAL);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static bool read_all(void *ctx, void *p, size_t n)
{
    const struct peer *peer = ctx;
    char *at = p;
    while (n > 0) {
        ssize_t done = recv(peer->fd, at, n, 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return false;
        at += done;
        n -= (size_t)done;
    }
    return true;
}

static bool send_output(void *ctx, int stream, const char *p, size_t n)
{
    return request_frame_print(ctx, stream, p, n);
}

/*
 * Whether the peer has closed its end, or the server stops. A peer that only says no more has not
 * closed: it may wait for its answer.
 */
static bool is_gone(void *ctx)
{
    const struct request_frame_pipe *pipe = ctx;
    const struct peer *peer = pipe->ctx;
    struct pollfd fds[] = {{.fd = peer->fd}, {.fd = peer->wake}};
    return poll(fds, 2, 0) > 0;
}

static bool allowed(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof(peer);
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) == 0 &&
           (peer.uid == geteuid() || peer.uid == 0);
}

static void answer(struct request_data *data, int fd, int wake)
{
    struct peer peer = {fd, wake};
    struct request_frame_pipe pipe = {read_all, write_all, &peer};
    const struct request_output out = {.write = send_output, .gone = is_gone, .ctx = &pipe};
    struct format_node *request;
    struct err_text why;
    struct buf text;
    uint8_t status = 2;
    if (!allowed(fd))
        return;
    buf_init(&text);
    enum err err = request_frame_take(&pipe, &text, &why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&text), text.n, "request", &request, &why);
    if (err == ERR_NONE) {
        status = (uint8_t)request_request(data, request, &out);
        format_node_free(request);
    } else {
        char sentence[900], line[920];
        int n = snprintf(line, sizeof(line), "weir: error: %s\n",
                         err_format(&why, sentence, sizeof(sentence)));
        request_frame_print(&pipe, 2, line, (size_t)n);
    }
    buf_release(&text);
    request_frame_end(&pipe, status);
}

static void *serve_client(void *arg)
{
    struct client *c = arg;
    struct request_control *control = c->control;
    answer(control->data, c->fd, control->wake[0]);
    pthread_mutex_lock(&control->lock);
    close(c->fd);
    c->fd = -1;
    control->at_work--;
    pthread_cond_signal(&control->idle);
    pthread_mutex_unlock(&control->lock);
    return NULL;
}

/* A place for a client; NULL when all are taken. The lock is held. */
static struct client *free_place(struct request_control *control)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (control->clients[i].fd < 0)
            return &control->clients[i];
    return NULL;
}

static void accept_client(struct request_control *control)
{
    int fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0) {
        /* Out of descriptors, most likely: not asked again at once. */
        const struct timespec pause = {.tv_nsec = 100000000};
        nanosleep(&pause, NULL);
        return;
    }
    const struct timeval timeout = {.tv_sec = CLIENT_TIMEOUT_S};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
    pthread_t thread;
    pthread_mutex_lock(&control->lock);
    struct client *c = free_place(control);
    if (c != NULL) {
        c->fd = fd;
        if (pthread_create(&thread, NULL, serve_client, c) == 0) {
            pthread_detach(thread);
            control->at_work++;
        } else {
            c->fd = -1;
            c = NULL;
        }
    }
    pthread_mutex_unlock(&control->lock);
    if (c == NULL)
        close(fd);
}

static void *serve(void *arg)
{
    struct request_control *c = arg;
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

enum err request_control_start(struct request_data *data, struct request_control **out,
                               struct err_text *why)
{
    struct request_control *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    c->data = data;
    c->fd = c->wake[0] = c->wake[1] = -1;
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->idle, NULL);
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        c->clients[i] = (struct client){c, -1};
    enum err err = make_address(data->dir, &c->address, why);
    if (err != ERR_NONE) {
        request_control_stop(c);
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
        request_control_stop(c);
        return err;
    }
    *out = c;
    return ERR_NONE;
}

static void shut_clients(struct request_control *c, int how)
{
    for (size_t i = 0; i < CONTROL_CLIENTS; i++)
        if (c->clients[i].fd >= 0)
            shutdown(c->clients[i].fd, how);
}

/*
 * Clients at work hold the data: they are waited for, and their queries end as wake is hung up.
 * Those that have not asked yet go at once.
 */
static void end_clients(struct request_control *c)
{
    const struct timespec until = {.tv_sec = clock_wall() / TIME_S + LAST_WORDS_S};
    pthread_mutex_lock(&c->lock);
    shut_clients(c, SHUT_RD);
    while (c->at_work > 0 && pthread_cond_timedwait(&c->idle, &c->lock, &until) == 0)
        continue;
    shut_clients(c, SHUT_RDWR);
    while (c->at_work > 0)
        pthread_cond_wait(&c->idle, &c->lock);
    pthread_mutex_unlock(&c->lock);
}

void request_control_stop(struct request_control *c)
{
    if (c == NULL)
        return;
    if (c->wake[1] >= 0)
        close(c->wake[1]);
    if (c->started)
        pthread_join(c->thread, NULL);
    end_clients(c);
    if (c->wake[0] >= 0)
        close(c->wake[0]);
    if (c->fd >= 0) {
        close(c->fd);
        unlink(c->address.sun_path);
    }
    pthread_cond_destroy(&c->idle);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

enum err request_control_ask(const char *dir, const char *request, size_t n,
                             const struct request_output *out, int *out_status,
                             struct err_text *why)
{
    struct sockaddr_un address;
    enum err err = make_address(dir, &address, why);
    if (err != ERR_NONE) /* too long a name for a socket: no daemon can run there */
        return err_set(why, ERR_NOT_FOUND, "no daemon runs on '%s'", dir);
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
    struct peer peer = {fd, -1};
    const struct request_frame_pipe pipe = {read_all, write_all, &peer};
    err = request_frame_ask(&pipe, request, n, why);
    if (err == ERR_NONE)
        err = request_frame_answer(&pipe, out, out_status, why);
    close(fd);
    return err;
}
