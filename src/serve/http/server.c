/* SPDX-License-Identifier: Apache-2.0 */
#include "http/server.h"

#include "base/assert.h"
#include "base/mem.h"
#include "http/certificate.h"
#include "http/server_priv.h"
#include "http/stream_priv.h"

#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#define GRACE_NS (5 * TIME_S)
/* TLS 1.2 with forward secrecy and authenticated encryption, and TLS 1.3. */
#define PRIORITIES                                                                                 \
    "SECURE128:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:-KX-ALL:+ECDHE-ECDSA:+ECDHE-RSA:-CIPHER-ALL:"   \
    "+AES-256-GCM:+AES-128-GCM:+CHACHA20-POLY1305:-MAC-ALL:+AEAD:%SERVER_PRECEDENCE"

/* Adds n while it stays within most. */
static bool add(_Atomic uint64_t *held, uint64_t n, uint64_t most)
{
    uint64_t before = atomic_load(held);
    do {
        if (n > most || before > most - n)
            return n == 0;
    } while (!atomic_compare_exchange_weak(held, &before, before + n));
    return true;
}

bool http_server_charge(struct http_server *s, unsigned share, uint64_t n)
{
    if (!add(&s->held_by[share], n, s->o.bodies / 2))
        return false;
    if (add(&s->held, n, s->o.bodies))
        return true;
    atomic_fetch_sub(&s->held_by[share], n);
    return false;
}

void http_server_return(struct http_server *s, unsigned share, uint64_t n)
{
    atomic_fetch_sub(&s->held_by[share], n);
    atomic_fetch_sub(&s->held, n);
}

uint64_t http_server_price(size_t n)
{
    return n > HTTP_FREE ? n - HTTP_FREE : 0;
}

/* libmicrohttpd is not to decode what text.c reads. */
static size_t leave_escaped(void *ctx, struct MHD_Connection *mhd, char *s)
{
    (void)ctx;
    (void)mhd;
    return strlen(s);
}

/* At most half of the descriptors that the process may have: clients must not keep it from opening
 * its own files. */
static unsigned within_descriptors(unsigned connections)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur / 2 >= connections)
        return connections;
    return limit.rlim_cur > 2 ? (unsigned)(limit.rlim_cur / 2) : 1;
}

static void set_defaults(struct http_server_options *o)
{
    o->threads = o->threads != 0 ? o->threads : 4;
    o->connections = within_descriptors(o->connections != 0 ? o->connections : 1024);
    o->connections_ip = o->connections_ip != 0 ? o->connections_ip : 64;
    o->queue = o->queue != 0 ? o->queue : 256;
    o->bodies = o->bodies != 0 ? o->bodies : 256 * HTTP_MIB;
    o->head_ns = o->head_ns != 0 ? o->head_ns : 30 * TIME_S;
    o->idle_ns = o->idle_ns != 0 ? o->idle_ns : 60 * TIME_S;
    o->work_ns = o->work_ns != 0 ? o->work_ns : 300 * TIME_S;
}

/* libmicrohttpd only says that it does not start; why is for people. */
static struct MHD_Response *make_no_memory(void)
{
    char text[] = "There is no memory for the request now.\n";
    struct MHD_Response *response =
        MHD_create_response_from_buffer(sizeof(text) - 1, text, MHD_RESPMEM_MUST_COPY);
    if (response != NULL) {
        (void)MHD_add_response_header(response, "Content-Type", "text/plain; charset=utf-8");
        (void)MHD_add_response_header(response, "Cache-Control", "no-store");
        (void)MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
        (void)MHD_add_response_header(response, "Retry-After", "1");
    }
    return response;
}

static struct MHD_Daemon *start_daemon(struct http_server *s)
{
    const struct http_server_options *o = &s->o;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC;
    /* Milliseconds are beyond it; the sweeper is exact, this one also knows who does not read. */
    unsigned idle_s = (unsigned)((o->idle_ns + TIME_S - 1) / TIME_S);
    struct MHD_OptionItem tls[] = {
        {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->certificate},
        {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->key},
        {MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)PRIORITIES},
        {MHD_OPTION_END, 0, NULL}};
    const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};
    if (o->certificate != NULL)
        flags |= MHD_USE_TLS;
    return MHD_start_daemon(
        flags, 0, http_connection_accept, s, http_connection_handle, s, MHD_OPTION_LISTEN_SOCKET,
        o->fd, MHD_OPTION_CONNECTION_LIMIT, o->connections + 8, MHD_OPTION_CONNECTION_TIMEOUT,
        idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_MEMORY_MAX,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        http_connection_target, s, MHD_OPTION_NOTIFY_COMPLETED, http_connection_completed, s,
        MHD_OPTION_NOTIFY_CONNECTION, http_connection_notify, s, MHD_OPTION_ARRAY,
        o->certificate != NULL ? tls : none, MHD_OPTION_END);
}

static bool start_threads(struct http_server *s)
{
    s->threads = mem_zero(s->o.threads, sizeof(*s->threads));
    s->lanes = http_lane_new(s->o.threads, s->o.queue);
    s->wake = eventfd(0, EFD_CLOEXEC);
    if (s->threads == NULL || s->lanes == NULL || s->wake < 0)
        return false;
    for (; s->threads_n < s->o.threads; s->threads_n++)
        if (pthread_create(&s->threads[s->threads_n], NULL, http_pool_run, s) != 0)
            return false;
    s->sweeping = pthread_create(&s->sweeper, NULL, http_sweep_run, s) == 0;
    return s->sweeping;
}

/* What there is of it, in whatever state the start has left it. */
static void dismantle(struct http_server *s)
{
    const uint64_t one = 1;
    if (s->lanes != NULL)
        http_lane_close(s->lanes);
    for (unsigned i = 0; i < s->threads_n; i++)
        pthread_join(s->threads[i], NULL);
    /* Now nothing is suspended any more, which libmicrohttpd insists on. */
    if (s->daemon != NULL)
        MHD_stop_daemon(s->daemon);
    if (s->sweeping) {
        ssize_t n = write(s->wake, &one, sizeof(one));
        ASSERT(n == (ssize_t)sizeof(one));
        pthread_join(s->sweeper, NULL);
    }
    ASSERT(s->conns == NULL && s->listeners == NULL && atomic_load(&s->held) == 0);
    if (s->wake >= 0)
        close(s->wake);
    if (s->no_memory != NULL)
        MHD_destroy_response(s->no_memory);
    http_lane_free(s->lanes);
    mem_free(s->threads);
    http_route_free(s->routes);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

enum err http_server_start(const struct http_server_options *options, struct http_server **out,
                           struct err_text *why)
{
    struct http_server *s = mem_zero(1, sizeof(*s));
    enum err rc;
    if (s == NULL) {
        close(options->fd);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    s->o = *options;
    s->wake = -1;
    for (size_t i = 0; i < HTTP_DRAINS_MAX; i++)
        s->drains[i].fd = -1;
    set_defaults(&s->o);
    pthread_mutex_init(&s->lock, NULL);
    rc = http_route_compile(s->o.routes, s->o.routes_n, &s->routes, why);
    if (rc == ERR_NONE && s->o.certificate != NULL)
        rc = http_certificate_check(s->o.certificate, s->o.key, why);
    if (rc != ERR_NONE)
        goto fail;
    s->no_memory = make_no_memory();
    if (s->no_memory == NULL || !start_threads(s)) {
        rc = err_set(why, ERR_MEMORY, "the server's threads do not start");
        goto fail;
    }
    s->daemon = start_daemon(s);
    if (s->daemon == NULL) {
        /* It has closed the socket. */
        dismantle(s);
        return err_set(why, ERR_IO, "the server does not start: the system refused");
    }
    *out = s;
    return ERR_NONE;
fail:
    close(options->fd);
    dismantle(s);
    return rc;
}

void http_server_stop(struct http_server *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->stopping, true);
    int fd = MHD_quiesce_daemon(s->daemon);
    pthread_mutex_lock(&s->lock);
    for (struct http_listener *l = s->listeners; l != NULL; l = l->server_next)
        http_listener_end(l);
    pthread_mutex_unlock(&s->lock);
    ts_ns until = s->o.steady() + GRACE_NS;
    while (atomic_load(&s->busy) > 0 && s->o.steady() < until)
        (void)poll(NULL, 0, 5);
    atomic_store(&s->over, true);
    http_sweep_cut_all(s);
    dismantle(s);
    if (fd >= 0)
        close(fd);
}

void http_server_counts(struct http_server *s, struct http_counts *out)
{
    *out = (struct http_counts){
        .requests = atomic_load(&s->counts.requests),
        .received = atomic_load(&s->counts.received),
        .sent = atomic_load(&s->counts.sent),
        .refused_connections = atomic_load(&s->counts.refused_connections),
        .refused_slow = atomic_load(&s->counts.refused_slow),
        .refused_busy = atomic_load(&s->counts.refused_busy),
    };
    http_lane_count(s->lanes, out->lanes);
    for (size_t i = 0; i < 6; i++)
        out->by_class[i] = atomic_load(&s->counts.by_class[i]);
    pthread_mutex_lock(&s->lock);
    out->connections = s->conns_n;
    pthread_mutex_unlock(&s->lock);
}
