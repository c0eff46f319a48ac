/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests a second and bytes of bodies a second through one server on loopback, with clients in
 * the same process: small answers over connections that stay, bodies in, packed bodies in, large
 * answers out, and one event to many listeners.
 */
#include "base/clock.h"
#include "http/pack.h"
#include "http/route.h"
#include "http/server.h"
#include "http/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define ROUTES 200
#define BODY ((size_t)8 << 20)
#define LISTENERS 500

static struct http_stream *stream;
static char *payload;

static void small(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_header(a, "Content-Type", "application/json");
    buf_str(http_answer_body(a), "{\"status\":\"green\"}");
}

static void take(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    buf_u64(http_answer_body(a), http_request_body(r).n);
}

static void give(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    http_answer_set_header(a, "Content-Type", "application/json");
    if (http_request_param(r, "static") != NULL)
        http_answer_set_static(a, payload, BODY, NULL);
    else
        buf_add(http_answer_body(a), payload, BODY);
}

static void live(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)r;
    http_answer_set_stream(a, stream, 0);
}

static bool admit(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a)
{
    (void)ctx;
    (void)route;
    (void)r;
    (void)a;
    return true;
}

static struct http_route routes[ROUTES];
static char paths[ROUTES][64];
static uint16_t port;

static struct http_server *start(void)
{
    struct sockaddr_in address;
    socklen_t n = sizeof(address);
    struct err_text why = {0};
    struct http_server *s = NULL;
    routes[0] = (struct http_route){"GET", "/small", 0, small, NULL};
    routes[1] = (struct http_route){"POST", "/take", 1 << 30, take, NULL};
    routes[2] = (struct http_route){"GET", "/give", 0, give, NULL};
    routes[3] = (struct http_route){"GET", "/live", 0, live, NULL};
    for (size_t i = 4; i < ROUTES; i++) {
        snprintf(paths[i], sizeof(paths[i]), "/_ml/%zu/{id}/_verb%zu", i % 10, i);
        routes[i] = (struct http_route){"GET", paths[i], 0, small, NULL};
    }
    struct http_server_options o = {.routes = routes,
                                    .routes_n = ROUTES,
                                    .admit = admit,
                                    .connections_ip = 1024,
                                    .wall = clock_wall,
                                    .steady = clock_steady};
    if (http_server_listen("127.0.0.1:0", &o.fd, &why) != ERR_NONE ||
        getsockname(o.fd, (struct sockaddr *)&address, &n) != 0 ||
        http_server_start(&o, &s, &why) != ERR_NONE) {
        fprintf(stderr, "bench_http: %s\n", why.message);
        exit(1);
    }
    port = ntohs(address.sin_port);
    return s;
}

static int dial(void)
{
    const struct sockaddr_in a = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&a, sizeof(a)) != 0) {
        perror("bench_http: connect");
        exit(1);
    }
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

static void send_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t k = send(fd, p, n, MSG_NOSIGNAL);
        if (k <= 0)
            exit(1);
        p += k;
        n -= (size_t)k;
    }
}

/* One answer with a Content-Length; the bytes of its body. */
static size_t receive(int fd)
{
    static _Thread_local char in[1 << 16];
    size_t n = 0;
    const char *end = NULL;
    while (end == NULL) {
        ssize_t k = recv(fd, in + n, sizeof(in) - 1 - n, 0);
        if (k <= 0)
            exit(1);
        n += (size_t)k;
        in[n] = '\0';
        end = strstr(in, "\r\n\r\n");
    }
    const char *length = strstr(in, "Content-Length: ");
    size_t body = length != NULL ? strtoull(length + 16, NULL, 10) : 0;
    if (strncmp(in, "HTTP/1.1 200", 12) != 0)
        exit(1);
    size_t left = body - (n - (size_t)(end + 4 - in));
    while (left > 0) {
        ssize_t k = recv(fd, in, left < sizeof(in) ? left : sizeof(in), 0);
        if (k <= 0)
            exit(1);
        left -= (size_t)k;
    }
    return body;
}

static double cpu_seconds(void)
{
    struct rusage r;
    getrusage(RUSAGE_SELF, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

struct load {
    const char *request;
    size_t head_n;
    const char *body;
    size_t body_n;
    int rounds;
    int depth; /* requests sent before the first answer is read */
};

static void *run_client(void *arg)
{
    const struct load *l = arg;
    int fd = dial();
    for (int i = 0; i < l->rounds; i += l->depth) {
        for (int k = 0; k < l->depth; k++) {
            send_all(fd, l->request, l->head_n);
            send_all(fd, l->body, l->body_n);
        }
        for (int k = 0; k < l->depth; k++)
            receive(fd);
    }
    close(fd);
    return NULL;
}

/* clients connections at once; bytes: of bodies, each request. */
static void measure(const char *name, struct load load, unsigned clients, size_t bytes)
{
    pthread_t t[64];
    ts_ns from = clock_steady();
    double cpu = cpu_seconds();
    for (unsigned i = 0; i < clients; i++)
        pthread_create(&t[i], NULL, run_client, &load);
    for (unsigned i = 0; i < clients; i++)
        pthread_join(t[i], NULL);
    double seconds = (double)(clock_steady() - from) / 1e9;
    double n = (double)clients * load.rounds;
    cpu = cpu_seconds() - cpu;
    printf("{\"bench\":\"http\",\"case\":\"%s\",\"clients\":%u,\"requests_per_s\":%.0f,"
           "\"cpu_us_per_request\":%.1f,\"mb_per_s\":%.1f}\n",
           name, clients, n / seconds, cpu / n * 1e6, n * (double)bytes / seconds / 1e6);
    fflush(stdout);
}

static void measure_get(const char *name, const char *path, unsigned clients, int rounds,
                        size_t bytes)
{
    char request[256];
    int n = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: x\r\n%s\r\n", path,
                     strcmp(name, "answer_packed") == 0 ? "Accept-Encoding: gzip\r\n" : "");
    const struct load load = {request, (size_t)n, "", 0, rounds, 1};
    measure(name, load, clients, bytes);
}

static void measure_body(const char *name, const char *coding, const char *body, size_t n,
                         int rounds, size_t bytes)
{
    char request[256];
    int head_n =
        snprintf(request, sizeof(request),
                 "POST /take HTTP/1.1\r\nHost: x\r\n%sContent-Length: %zu\r\n\r\n", coding, n);
    const struct load load = {request, (size_t)head_n, body, n, rounds, 1};
    measure(name, load, 1, bytes);
}

/* From publishing until the last listener has it. */
static void measure_live(void)
{
    static int fd[LISTENERS];
    static const char ask[] = "GET /live HTTP/1.1\r\nHost: x\r\n\r\n";
    char in[4096];
    char line[500];
    const int events = 200;
    memset(line, 'x', sizeof(line));
    for (int i = 0; i < LISTENERS; i++) {
        fd[i] = dial();
        send_all(fd[i], ask, sizeof(ask) - 1);
    }
    while (http_stream_listeners(stream) < LISTENERS)
        usleep(1000);
    for (int i = 0; i < LISTENERS; i++)
        if (recv(fd[i], in, sizeof(in), 0) <= 0)
            exit(1);
    usleep(100000);
    ts_ns from = clock_steady();
    for (int e = 0; e < events; e++) {
        if (http_stream_publish(stream, "alert", line, sizeof(line)) != ERR_NONE)
            exit(1);
        for (int i = 0; i < LISTENERS; i++) {
            size_t got = 0;
            while (got < 500) {
                ssize_t k = recv(fd[i], in, sizeof(in), 0);
                if (k <= 0)
                    exit(1);
                got += (size_t)k;
            }
        }
    }
    double seconds = (double)(clock_steady() - from) / 1e9;
    printf("{\"bench\":\"http\",\"case\":\"live\",\"listeners\":%d,\"ms_per_event\":%.2f,"
           "\"deliveries_per_s\":%.0f}\n",
           LISTENERS, seconds / events * 1e3, events * LISTENERS / seconds);
    for (int i = 0; i < LISTENERS; i++)
        close(fd[i]);
}

/* Finding the route of a path that has a part, among all. */
static void measure_routes(void)
{
    static const char *const path[] = {"_ml", "3", "some_job", "_verb193"};
    struct http_routes *t;
    struct http_match m;
    const int n = 1000000;
    if (http_route_compile(routes, ROUTES, &t, NULL) != ERR_NONE)
        exit(1);
    ts_ns from = clock_steady();
    for (int i = 0; i < n; i++) {
        http_route_find(t, "GET", path, 4, &m);
        if (m.route == NULL)
            exit(1);
    }
    printf("{\"bench\":\"http\",\"case\":\"route\",\"routes\":%d,\"ns_per_op\":%.0f}\n", ROUTES,
           (double)(clock_steady() - from) / n);
    http_route_free(t);
}

int main(void)
{
    const struct http_stream_options so = {.first = 1};
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max < 8192 ? limit.rlim_max : 8192;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    struct buf packed;
    struct buf text;
    buf_init(&packed);
    buf_init(&text);
    stream = http_stream_new(&so);
    for (unsigned i = 0; text.n < BODY; i++)
        buf_format(&text, "{\"index\":{\"_index\":\"logs\",\"number\":%u,\"value\":%u}}\n", i,
                   i * 2654435761U);
    payload = text.p;
    if (stream == NULL || !buf_ok(&text))
        return 1;
    struct http_server *s = start();
    measure_routes();
    measure_get("small", "/small", 1, 20000, 18);
    measure_get("small", "/small", 16, 4000, 18);
    measure_body("body_small", "", payload, 1000, 10000, 1000);
    measure_body("body", "", payload, BODY, 60, BODY);
    if (http_pack(payload, BODY, &packed))
        measure_body("body_packed", "Content-Encoding: gzip\r\n", packed.p, packed.n, 20, BODY);
    measure_get("answer", "/give", 1, 60, BODY);
    measure_get("answer_static", "/give?static", 1, 60, BODY);
    measure_get("answer_packed", "/give", 1, 10, BODY);
    measure_live();
    http_server_stop(s);
    http_stream_free(stream);
    buf_release(&packed);
    buf_release(&text);
    return 0;
}
