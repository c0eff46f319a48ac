/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* POLLRDHUP */
#include "store/client.h"

#include "store/store.h"

#include "base/clock.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHILD_FD 3
#define HELLO_NS (30 * TIME_S)
/* What was asked to stop may take so long; then it is ended, as somebody may wait to go on. */
#define STOP_NS (500 * TIME_MS)
#define LOOK_NS (100 * TIME_MS) /* between two looks whether a request is cancelled */
#define END_NS (200 * TIME_MS)

struct store_client {
    char *exe;
    char *arg;
    char *folder;
    uint64_t memory;
    unsigned threads;
    pthread_mutex_t lock; /* guards busy, which guards all below */
    pthread_cond_t free;  /* no longer busy */
    bool busy;            /* somebody's turn */
    struct store_cancel cancel;
    bool cancelled; /* the request at hand was */
    pid_t pid;      /* 0: none */
    int fd;
    ts_ns deadline; /* of the request at hand, steady clock */
    ts_ns timeout_ns;
    bool running; /* a request is not answered to its end */
    struct store_frame frame;
};

enum err store_client_new(const struct store_client_options *options, struct store_client **out)
{
    struct store_client *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return ERR_MEMORY;
    c->fd = -1;
    c->memory = options->memory;
    c->threads = options->threads;
    buf_init(&c->frame.body);
    c->exe = mem_strdup(options->exe != NULL ? options->exe : "/proc/self/exe");
    c->arg = mem_strdup(options->arg);
    c->folder = mem_strdup(options->folder);
    if (c->exe == NULL || c->arg == NULL || c->folder == NULL ||
        pthread_mutex_init(&c->lock, NULL) != 0) {
        mem_free(c->exe);
        mem_free(c->arg);
        mem_free(c->folder);
        mem_free(c);
        return ERR_MEMORY;
    }
    pthread_cond_init(&c->free, NULL);
    *out = c;
    return ERR_NONE;
}

void store_client_free(struct store_client *c)
{
    if (c == NULL)
        return;
    store_client_end(c);
    pthread_cond_destroy(&c->free);
    pthread_mutex_destroy(&c->lock);
    buf_release(&c->frame.body);
    mem_free(c->exe);
    mem_free(c->arg);
    mem_free(c->folder);
    mem_free(c);
}

static bool is_cancelled(const struct store_cancel *cancel)
{
    return cancel->wanted != NULL && cancel->wanted(cancel->ctx);
}

static enum err say_cancelled(struct err_text *why)
{
    return err_set(why, ERR_STOPPED, "the query was stopped before it was answered");
}

void store_client_lock(struct store_client *c)
{
    pthread_mutex_lock(&c->lock);
    while (c->busy)
        pthread_cond_wait(&c->free, &c->lock);
    c->busy = true;
    pthread_mutex_unlock(&c->lock);
}

/* Waits for the next turn, for a while only. The lock is held. */
static void wait_for_turn(struct store_client *c)
{
    ts_ns until = clock_steady() + LOOK_NS;
    const struct timespec end = {.tv_sec = until / TIME_S, .tv_nsec = until % TIME_S};
    (void)pthread_cond_clockwait(&c->free, &c->lock, CLOCK_MONOTONIC, &end);
}

enum err store_client_lock_unless(struct store_client *c, const struct store_cancel *cancel,
                                  struct err_text *why)
{
    bool cancelled = is_cancelled(cancel);
    pthread_mutex_lock(&c->lock);
    while (c->busy && !cancelled) {
        wait_for_turn(c);
        cancelled = is_cancelled(cancel);
    }
    if (!cancelled) {
        c->busy = true;
        c->cancel = *cancel;
    }
    pthread_mutex_unlock(&c->lock);
    return cancelled ? say_cancelled(why) : ERR_NONE;
}

void store_client_unlock(struct store_client *c)
{
    pthread_mutex_lock(&c->lock);
    c->busy = false;
    c->cancel = (struct store_cancel){0};
    pthread_cond_broadcast(&c->free); /* one that is cancelled takes no turn */
    pthread_mutex_unlock(&c->lock);
}

static void remove_spill(int folder, const char *name)
{
    int fd = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (fd >= 0 && dir == NULL)
        close(fd);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;)
        (void)!unlinkat(dirfd(dir), e->d_name, 0);
    if (dir != NULL)
        closedir(dir);
    (void)!unlinkat(folder, name, AT_REMOVEDIR);
}

void store_client_clean(const char *folder, long pid)
{
    DIR *dir = opendir(folder);
    for (struct dirent *e; dir != NULL && (e = readdir(dir)) != NULL;) {
        char *end;
        if (strncmp(e->d_name, "spill-", 6) != 0)
            continue;
        long owner = strtol(e->d_name + 6, &end, 10);
        if (*end == '\0' && owner > 0 && (pid == 0 || owner == pid))
            remove_spill(dirfd(dir), e->d_name);
    }
    if (dir != NULL)
        closedir(dir);
}

/* Waits for the process to end, killing it when it does not; its wait status. */
static int reap(struct store_client *c, bool kill_now)
{
    int status = 0;
    pid_t got = 0;
    ts_ns until = clock_steady() + END_NS;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    while (!kill_now && (got = waitpid(c->pid, &status, WNOHANG)) == 0 && clock_steady() < until) {
        struct timespec pause = {.tv_nsec = 1000000};
        nanosleep(&pause, NULL);
    }
    if (got <= 0) {
        kill(c->pid, SIGKILL);
        while (waitpid(c->pid, &status, 0) < 0 && errno == EINTR)
            continue;
    }
    store_client_clean(c->folder, (long)c->pid);
    c->pid = 0;
    c->running = false;
    return status;
}

void store_client_end(struct store_client *c)
{
    if (c->pid != 0)
        (void)reap(c, false);
}

static enum err spawn(struct store_client *c, struct err_text *why)
{
    extern char **environ;
    int pair[2];
    char fd_text[16];
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none;
    sigset_t all;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return err_set(why, ERR_UNSUPPORTED, "cannot make a socket for the query worker: %s",
                       strerror(errno));
    snprintf(fd_text, sizeof(fd_text), "%d", CHILD_FD);
    char name[] = "weir";
    char *argv[] = {name, c->arg, fd_text, NULL};
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attr);
    posix_spawnattr_setsigmask(&attr, &none);
    posix_spawnattr_setsigdefault(&attr, &all);
    posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawn_file_actions_adddup2(&actions, pair[1], CHILD_FD);
    posix_spawn_file_actions_addclosefrom_np(&actions, CHILD_FD + 1);
    int rc = posix_spawn(&c->pid, c->exe, &actions, &attr, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attr);
    close(pair[1]);
    if (rc != 0) {
        close(pair[0]);
        c->pid = 0;
        return err_set(why, ERR_UNSUPPORTED, "cannot start the query worker %s: %s", c->exe,
                       strerror(rc));
    }
    c->fd = pair[0];
    return ERR_NONE;
}

/* The process is gone or speaks nonsense: ends it and says how it ended. */
static enum err failed(struct store_client *c, enum err rc, struct err_text *why)
{
    if (rc == ERR_STOPPED) {
        (void)reap(c, true);
        if (c->cancelled)
            return say_cancelled(why);
        return err_set(why, rc, "the query took longer than %lld s and was stopped",
                       (long long)((c->timeout_ns + TIME_S - 1) / TIME_S));
    }
    int status = reap(c, false);
    if (WIFSIGNALED(status))
        return err_set(why, ERR_IO, "the query worker was ended by signal %d (%s)",
                       WTERMSIG(status), strsignal(WTERMSIG(status)));
    return err_set(why, ERR_IO, "the query worker failed (exit status %d)",
                   WIFEXITED(status) ? WEXITSTATUS(status) : -1);
}

/* An answer of type error as its code. */
static enum err told(struct store_client *c, struct err_text *why)
{
    struct cursor cursor = cursor_make(c->frame.body.p, c->frame.body.n);
    int32_t code = (int32_t)cursor_le32(&cursor);
    struct bytes text = store_frame_text(&cursor);
    if (!cursor_ok(&cursor) || code <= 0 || code > -ERR_STOPPED)
        return failed(c, ERR_FORMAT, why);
    int n = text.n < 480 ? (int)text.n : 480;
    err_set(why, (enum err) - code, "%.*s", n, (const char *)text.p);
    /* One sentence on one line. */
    for (char *p = why != NULL ? why->message : NULL; p != NULL && *p != '\0'; p++)
        if (*p == '\n' || *p == '\r')
            *p = ' ';
    return (enum err) - code;
}

/* The worker's next frame; ERR_STOPPED also when nobody waits for it any more. */
static enum err receive(struct store_client *c, ts_ns deadline)
{
    struct pollfd p = {.fd = c->fd, .events = POLLIN};
    do {
        c->cancelled = is_cancelled(&c->cancel);
        if (c->cancelled)
            return ERR_STOPPED;
    } while (c->cancel.wanted != NULL && clock_steady() < deadline &&
             poll(&p, 1, LOOK_NS / TIME_MS) <= 0);
    return store_frame_receive(c->fd, &c->frame, deadline);
}

static enum err start(struct store_client *c, struct err_text *why)
{
    struct buf b;
    enum err rc = spawn(c, why);
    if (rc != ERR_NONE)
        return rc;
    buf_init(&b);
    buf_le32(&b, STORE_WIRE_VERSION);
    store_frame_put_text(&b, c->folder, strlen(c->folder));
    buf_le64(&b, c->memory);
    buf_le32(&b, c->threads);
    ts_ns deadline = clock_steady() + HELLO_NS;
    rc = buf_ok(&b) ? store_frame_send(c->fd, STORE_FRAME_HELLO, b.p, b.n, deadline) : ERR_MEMORY;
    buf_release(&b);
    if (rc == ERR_NONE)
        rc = receive(c, deadline);
    if (rc == ERR_NONE && c->frame.type == STORE_FRAME_ERROR) {
        rc = told(c, why);
        store_client_end(c);
        return rc;
    }
    if (rc == ERR_NONE && c->frame.type == STORE_FRAME_DONE)
        return ERR_NONE;
    rc = failed(c, rc, why);
    return rc == ERR_IO ? ERR_UNSUPPORTED : rc;
}

/* A worker that was idle for long has ended by itself. */
static bool is_alive(const struct store_client *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return c->pid != 0 && poll(&p, 1, 0) == 0;
}

void store_client_tidy(struct store_client *c)
{
    pthread_mutex_lock(&c->lock);
    if (!c->busy && c->pid != 0 && !is_alive(c))
        store_client_end(c);
    pthread_mutex_unlock(&c->lock);
}

static enum err attempt(struct store_client *c, const struct bytes *batches, size_t batches_n,
                        enum store_frame_type type, const struct buf *payload)
{
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < batches_n; i++)
        rc = store_frame_send(c->fd, STORE_FRAME_BATCH, batches[i].p, batches[i].n, c->deadline);
    if (rc == ERR_NONE)
        rc = store_frame_send(c->fd, type, payload->p, payload->n, c->deadline);
    if (rc == ERR_NONE)
        rc = receive(c, c->deadline);
    return rc;
}

static enum err accept_answer(struct store_client *c, struct err_text *why)
{
    switch (c->frame.type) {
    case STORE_FRAME_ERROR:
        c->running = false;
        return told(c, why);
    case STORE_FRAME_DONE:
    case STORE_FRAME_SEALED:
        c->running = false;
        return ERR_NONE;
    case STORE_FRAME_FOUND:
    case STORE_FRAME_ROWS:
    case STORE_FRAME_VALUES:
        return ERR_NONE;
    default:
        return failed(c, ERR_FORMAT, why);
    }
}

enum err store_client_request(struct store_client *c, const struct bytes *batches, size_t batches_n,
                              enum store_frame_type type, const struct buf *payload,
                              ts_ns timeout_ns, struct err_text *why)
{
    enum err rc = ERR_END;
    c->cancelled = false;
    c->timeout_ns = timeout_ns;
    c->deadline = timeout_ns > 0 ? clock_steady() + timeout_ns : TIME_MAX;
    /* Twice: the worker may lose its patience just when the request is sent. */
    for (int i = 0; i < 2 && rc == ERR_END; i++) {
        if (!is_alive(c)) {
            store_client_end(c);
            rc = start(c, why);
            if (rc != ERR_NONE)
                return rc;
            i = 1;
        }
        c->running = true;
        rc = attempt(c, batches, batches_n, type, payload);
    }
    if (rc == ERR_MEMORY || rc == ERR_LIMIT) {
        (void)reap(c, true);
        return err_set(why, rc, "no memory for the query");
    }
    if (rc != ERR_NONE)
        return failed(c, rc, why);
    return accept_answer(c, why);
}

enum err store_client_next(struct store_client *c, struct err_text *why)
{
    enum err rc = receive(c, c->deadline);
    if (rc == ERR_MEMORY) {
        (void)reap(c, true);
        return err_set(why, rc, "no memory for the query");
    }
    if (rc != ERR_NONE)
        return failed(c, rc, why);
    return accept_answer(c, why);
}

const struct store_frame *store_client_answer(const struct store_client *c)
{
    return &c->frame;
}

void store_client_stop(struct store_client *c)
{
    if (!c->running)
        return;
    ts_ns deadline = clock_steady() + STOP_NS;
    enum err rc = store_frame_send(c->fd, STORE_FRAME_STOP, NULL, 0, deadline);
    while (rc == ERR_NONE && c->running) {
        rc = store_frame_receive(c->fd, &c->frame, deadline);
        if (rc == ERR_NONE)
            rc = accept_answer(c, NULL);
    }
    /* One that does not stop is ended; the next request starts another. */
    if (c->running && c->pid != 0)
        (void)reap(c, true);
}
