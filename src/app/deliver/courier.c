/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/courier.h"

#include "base/buf.h"
#include "base/mem.h"
#include "conf/conf.h"
#include "format/node.h"
#include "format/write.h"
#include "notify/connector.h"
#include "priv/jail.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define SEND_TIMEOUT (30 * TIME_S)
#define ANSWER_SECONDS 40 /* the courier's own timeout and some more */
#define ANSWER_SIZE 4096
#define DESCRIPTORS_MAX 4096

struct deliver_courier {
    pid_t pid;
    int lanes[DELIVER_COURIER_LANES];
    uint64_t sequence[DELIVER_COURIER_LANES];
};

struct lane {
    const struct conf *conf;
    int fd;
};

static void write_answer(struct buf *out, int64_t sequence, enum notify_outcome outcome,
                         const struct err_text *why)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "sequence", sequence);
    format_write_field_i64(&w, "outcome", (int64_t)outcome);
    format_write_field_str(&w, "message", outcome == NOTIFY_SENT ? "" : why->message);
    format_write_end_object(&w);
}

void deliver_courier_work(const struct conf *conf, const char *request, size_t n, struct buf *out)
{
    struct format_node *node = NULL;
    struct notify_connector connector;
    struct err_text why = {0};
    char self[256] = "";
    int64_t sequence = 0;
    enum notify_outcome outcome = NOTIFY_REFUSED;
    if (format_node_json(request, n, "request", &node, &why) == ERR_NONE) {
        const struct format_node *doc = format_node_get(node, "connector");
        sequence = format_node_int(format_node_get(node, "sequence"), 0);
        gethostname(self, sizeof(self) - 1);
        const struct notify_send_options options = {
            .hosts = (const char *const *)conf->notify_hosts.items,
            .hosts_n = conf->notify_hosts.n,
            .id = format_node_str(format_node_get(node, "id"), "0"),
            .self = self,
            .now = format_node_int(format_node_get(node, "now"), 0),
            .timeout_ns = SEND_TIMEOUT,
        };
        if (notify_connector_read(doc, &connector, &why) == ERR_NONE)
            outcome = notify_send(&connector, format_node_get(node, "params"), &options, &why);
    }
    format_node_free(node);
    write_answer(out, sequence, outcome, &why);
}

static void *serve_lane(void *arg)
{
    struct lane *lane = arg;
    char *request = mem_alloc(DELIVER_COURIER_MAX);
    struct buf answer;
    buf_init(&answer);
    while (request != NULL) {
        ssize_t n = recv(lane->fd, request, DELIVER_COURIER_MAX, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        buf_clear(&answer);
        deliver_courier_work(lane->conf, request, (size_t)n, &answer);
        if (buf_ok(&answer) &&
            send(lane->fd, buf_text(&answer), answer.n, MSG_NOSIGNAL) != (ssize_t)answer.n)
            break;
    }
    buf_release(&answer);
    mem_free(request);
    return NULL;
}

/* The child that works: a thread a lane, until the engine is gone. */
static void work(const struct conf *conf, const int fds[DELIVER_COURIER_LANES])
{
    struct lane lanes[DELIVER_COURIER_LANES];
    pthread_t threads[DELIVER_COURIER_LANES];
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (notify_send_begin() != ERR_NONE)
        _exit(1);
    for (int i = 0; i < DELIVER_COURIER_LANES; i++) {
        lanes[i] = (struct lane){conf, fds[i]};
        if (pthread_create(&threads[i], NULL, serve_lane, &lanes[i]) != 0)
            _exit(1);
    }
    for (int i = 0; i < DELIVER_COURIER_LANES; i++)
        pthread_join(threads[i], NULL);
    _exit(0);
}

static bool is_lane(int fd, const int fds[DELIVER_COURIER_LANES])
{
    for (int i = 0; i < DELIVER_COURIER_LANES; i++)
        if (fds[i] == fd)
            return true;
    return false;
}

/* The courier's process: nothing of the engine's is left open, and the jail closes. */
static void run(const struct conf *conf, const struct priv_jail_settings *jail,
                const int fds[DELIVER_COURIER_LANES])
{
    struct err_text why;
    struct priv_jail held;
    prctl(PR_SET_NAME, "weir-courier", 0, 0, 0);
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    for (int fd = 3; fd < DESCRIPTORS_MAX; fd++)
        if (!is_lane(fd, fds))
            close(fd);
    if (notify_send_prepare(&why) != ERR_NONE) {
        fprintf(stderr, "weir: error: messages are not sent: %s\n", why.message);
        _exit(1);
    }
    if (jail != NULL && priv_jail_enter(jail, &held, &why) != ERR_NONE) {
        fprintf(stderr, "weir: error: the courier is not jailed and ends: %s\n", why.message);
        _exit(1);
    }
    for (;;) {
        int status = 0;
        pid_t child = fork();
        if (child == 0)
            work(conf, fds);
        while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR)
            continue;
        if (child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0)
            _exit(0);
        sleep(1);
    }
}

enum err deliver_courier_start(const struct conf *conf, const struct priv_jail_settings *jail,
                               struct deliver_courier **out, struct err_text *why)
{
    const struct timeval patience = {.tv_sec = ANSWER_SECONDS};
    const int size = 2 * (int)DELIVER_COURIER_MAX;
    int theirs[DELIVER_COURIER_LANES];
    struct priv_jail_settings settings;
    int made = 0;
    if (conf->notify_hosts.n == 0) {
        *out = NULL;
        return ERR_NONE;
    }
    struct deliver_courier *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (; made < DELIVER_COURIER_LANES; made++) {
        int pair[2];
        if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
            break;
        c->lanes[made] = pair[0];
        theirs[made] = pair[1];
        /* The kernel may give less; then a long message is refused. */
        setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
        setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    }
    pid_t self = getpid();
    if (jail != NULL) {
        settings = *jail;
        settings.monitor = self;
    }
    c->pid = made == DELIVER_COURIER_LANES ? fork() : -1;
    if (c->pid == 0)
        run(conf, jail != NULL ? &settings : NULL, theirs);
    for (int i = 0; i < made; i++)
        close(theirs[i]);
    if (c->pid < 0) {
        int number = errno;
        for (int i = 0; i < made; i++)
            close(c->lanes[i]);
        mem_free(c);
        return err_set(why, err_from_errno(number), "the courier cannot be started: %s",
                       strerror(number));
    }
    *out = c;
    return ERR_NONE;
}

void deliver_courier_hush(struct deliver_courier *c)
{
    for (int i = 0; i < DELIVER_COURIER_LANES; i++)
        shutdown(c->lanes[i], SHUT_RDWR);
}

void deliver_courier_stop(struct deliver_courier *c)
{
    if (c == NULL)
        return;
    for (int i = 0; i < DELIVER_COURIER_LANES; i++)
        close(c->lanes[i]);
    /* In the jail it may not be killed; it ends by itself when this process does. */
    if (kill(c->pid, SIGKILL) == 0)
        waitpid(c->pid, NULL, 0);
    mem_free(c);
}

/* The connector as the courier reads it: with its secrets again. */
static void write_request(struct buf *out, uint64_t sequence,
                          const struct deliver_courier_message *m)
{
    struct format_writer w;
    size_t n = strlen(m->connector);
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "sequence", (int64_t)sequence);
    format_write_field_str(&w, "id", m->id);
    format_write_field_i64(&w, "now", m->now);
    format_write_key(&w, "params");
    format_write_raw(&w, m->params, strlen(m->params));
    format_write_key(&w, "connector");
    /* {"name": …} gets one more member. */
    while (n > 0 && m->connector[n - 1] != '}')
        n--;
    buf_add(out, m->connector, n > 0 ? n - 1 : 0);
    buf_format(out, ",\"secrets\":%s}}", m->secrets);
}

static enum notify_outcome later(struct err_text *why, const char *reason)
{
    err_set(why, ERR_AGAIN, "%s", reason);
    return NOTIFY_LATER;
}

/* The answer to the request of that number; older ones came too late. */
static enum notify_outcome take_answer(struct deliver_courier *c, unsigned lane,
                                       struct err_text *why)
{
    char text[ANSWER_SIZE];
    for (;;) {
        struct format_node *node;
        struct err_text ignored;
        ssize_t n = recv(c->lanes[lane], text, sizeof(text), 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return later(why, "the courier did not answer");
        if (format_node_json(text, (size_t)n, "answer", &node, &ignored) != ERR_NONE)
            return later(why, "the courier's answer cannot be read");
        int64_t sequence = format_node_int(format_node_get(node, "sequence"), -1);
        int64_t outcome = format_node_int(format_node_get(node, "outcome"), NOTIFY_LATER);
        err_set(why, ERR_IO, "%.400s", format_node_str(format_node_get(node, "message"), ""));
        format_node_free(node);
        if (sequence == (int64_t)c->sequence[lane])
            return outcome == NOTIFY_SENT      ? NOTIFY_SENT
                   : outcome == NOTIFY_REFUSED ? NOTIFY_REFUSED
                                               : NOTIFY_LATER;
    }
}

enum notify_outcome deliver_courier_send(struct deliver_courier *c, unsigned lane,
                                         const struct deliver_courier_message *m,
                                         struct err_text *why)
{
    struct buf request;
    enum notify_outcome outcome = NOTIFY_LATER;
    buf_init(&request);
    write_request(&request, ++c->sequence[lane], m);
    if (!buf_ok(&request)) {
        later(why, err_name(ERR_MEMORY));
    } else if (request.n > DELIVER_COURIER_MAX) {
        err_set(why, ERR_LIMIT, "the message is longer than %zu bytes", DELIVER_COURIER_MAX);
        outcome = NOTIFY_REFUSED;
    } else if (send(c->lanes[lane], buf_text(&request), request.n, MSG_NOSIGNAL) !=
               (ssize_t)request.n) {
        bool large = errno == EMSGSIZE;
        later(why, large ? "the message is too long for this system" : "the courier is gone");
        if (large)
            outcome = NOTIFY_REFUSED;
    } else {
        outcome = take_answer(c, lane, why);
    }
    buf_release(&request);
    return outcome;
}
