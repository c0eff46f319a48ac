/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "http/server_priv.h"
#include "http/stream_priv.h"

#include <fcntl.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long a client has to read an answer that came before it had sent everything. */
#define DRAIN_NS (2 * TIME_S)
#define DRAIN_STEP 65536
#define DRAIN_STEPS 16 /* of a socket at a look */
#define DRAIN_MS 20    /* between looks while there is something to drain */
#define LEFT_NS (500 * TIME_MS)
#define CLOSE_WAIT 8 /* TCP: the other side has sent its last byte */

/* What TCP knows of a connection; false: the system does not say. */
static bool ask_tcp(int fd, struct tcp_info *out)
{
    socklen_t n = sizeof(*out);
    return getsockopt(fd, IPPROTO_TCP, TCP_INFO, out, &n) == 0 &&
           n >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(out->tcpi_bytes_received);
}

static void cut(struct http_conn *c)
{
    c->cut = true;
    (void)shutdown(c->fd, SHUT_RDWR);
}

/* libmicrohttpd tells of a request when its first line is complete. Bytes that came before are the
 * beginning of one, from which its time runs. */
static void look_for_beginning(struct http_conn *c, uint64_t received, ts_ns now)
{
    uint64_t unknown = UINT64_MAX;
    int next = HTTP_WAIT_NEXT;
    if (atomic_compare_exchange_strong(&c->seen, &unknown, received) || received == unknown)
        return;
    if (atomic_compare_exchange_strong(&c->wait, &next, HTTP_WAIT_HEAD))
        atomic_store(&c->since, now);
}

/* Between two requests, or in a head. */
static void look_at_idle(struct http_conn *c, ts_ns waited, ts_ns now)
{
    struct tcp_info info;
    if (!ask_tcp(c->fd, &info))
        return;
    /* An end that comes together with the last bytes is not noticed by libmicrohttpd, which waits
     * for edges. What it has not read by now is not there. */
    if (info.tcpi_state == CLOSE_WAIT && waited > LEFT_NS)
        cut(c);
    else if (atomic_load(&c->wait) == HTTP_WAIT_NEXT)
        look_for_beginning(c, info.tcpi_bytes_received, now);
}

/*
 * When three of four connections are taken, who holds one and asks nothing makes place sooner: for
 * heads and between requests there is an eighth of the time.
 */
static ts_ns patience(const struct http_server *s, ts_ns usual)
{
    return s->conns_n > s->o.connections / 4 * 3 ? usual / 8 : usual;
}

/* The time for so many bytes has passed. */
static bool is_late(const struct http_server *s, ts_ns waited, uint64_t moved)
{
    return waited / s->o.head_ns > (ts_ns)(moved / HTTP_MIB);
}

static void look_at(struct http_server *s, struct http_conn *c, ts_ns now)
{
    ts_ns waited = now - atomic_load(&c->since);
    bool slow = false;
    switch ((enum http_wait)atomic_load(&c->wait)) {
    case HTTP_WAIT_HEAD:
        slow = waited > patience(s, s->o.head_ns);
        if (!slow)
            look_at_idle(c, waited, now);
        break;
    case HTTP_WAIT_BODY:
    case HTTP_WAIT_SEND:
        slow = is_late(s, waited, atomic_load(&c->moved));
        break;
    case HTTP_WAIT_NEXT:
        if (waited > patience(s, s->o.idle_ns))
            cut(c);
        else
            look_at_idle(c, waited, now);
        break;
    case HTTP_WAIT_WORK:
        break;
    }
    if (slow) {
        atomic_fetch_add(&s->counts.refused_slow, 1);
        cut(c);
    }
}

/* Throws away what still comes, so much at a time that nobody waits for the lock; false: there is
 * an end to it. */
static bool drain(const struct http_drain *d, char *scratch, ts_ns now)
{
    ssize_t n = DRAIN_STEP;
    for (int i = 0; i < DRAIN_STEPS && n == DRAIN_STEP; i++)
        n = recv(d->fd, scratch, DRAIN_STEP, MSG_DONTWAIT);
    return n != 0 && now < d->until;
}

/* Whether some are left. */
static bool drain_all(struct http_server *s, char *scratch, ts_ns now, bool last)
{
    bool any = false;
    for (size_t i = 0; i < HTTP_DRAINS_MAX; i++) {
        struct http_drain *d = &s->drains[i];
        if (d->fd < 0)
            continue;
        if (!last && drain(d, scratch, now)) {
            any = true;
            continue;
        }
        close(d->fd);
        d->fd = -1;
    }
    return any;
}

void http_sweep_linger(struct http_server *s, int fd)
{
    ts_ns until = s->o.steady() + DRAIN_NS;
    pthread_mutex_lock(&s->lock);
    for (size_t i = 0; i < HTTP_DRAINS_MAX; i++) {
        if (s->drains[i].fd >= 0)
            continue;
        s->drains[i] = (struct http_drain){fcntl(fd, F_DUPFD_CLOEXEC, 0), until};
        break;
    }
    pthread_mutex_unlock(&s->lock);
}

void http_sweep_cut_all(struct http_server *s)
{
    pthread_mutex_lock(&s->lock);
    for (struct http_conn *c = s->conns; c != NULL; c = c->next)
        cut(c);
    pthread_mutex_unlock(&s->lock);
}

static int period_ms(const struct http_server *s)
{
    ts_ns shortest = s->o.head_ns < s->o.idle_ns ? s->o.head_ns : s->o.idle_ns;
    ts_ns period = shortest / 8;
    if (period > TIME_S)
        period = TIME_S;
    return period < 5 * TIME_MS ? 5 : (int)(period / TIME_MS);
}

static void look_at_all(struct http_server *s, ts_ns now)
{
    for (struct http_conn *c = s->conns; c != NULL; c = c->next)
        if (!c->cut)
            look_at(s, c, now);
    for (struct http_listener *l = s->listeners; l != NULL; l = l->server_next)
        http_listener_tick(l, now);
}

void *http_sweep_run(void *server)
{
    struct http_server *s = server;
    struct pollfd wake = {.fd = s->wake, .events = POLLIN};
    char scratch[DRAIN_STEP];
    bool last = false;
    bool draining = false;
    int period = period_ms(s);
    int slept = 0; /* milliseconds since all were looked at */
    while (!last) {
        int sleep = draining && period > DRAIN_MS ? DRAIN_MS : period;
        last = poll(&wake, 1, sleep) > 0;
        slept += sleep;
        ts_ns now = s->o.steady();
        pthread_mutex_lock(&s->lock);
        if (slept >= period || last) {
            look_at_all(s, now);
            slept = 0;
        }
        draining = drain_all(s, scratch, now, last);
        pthread_mutex_unlock(&s->lock);
    }
    return NULL;
}
