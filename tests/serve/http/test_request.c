/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/http/http_help.h"

#include <stdatomic.h>

static _Atomic int guests;
static _Atomic int watched; /* 1: in the handler, 2: it saw that nobody waits */

static void free_guest(void *guest)
{
    assert_ptr_equal(guest, &guests);
    atomic_fetch_sub(&guests, 1);
}

static bool admit(void *ctx, const struct http_route *route, struct http_request *r,
                  struct http_answer *a)
{
    (void)ctx;
    (void)route;
    (void)a;
    assert_int_equal(http_request_body(r).n, 0);
    http_request_set_user(r, "somebody");
    atomic_fetch_add(&guests, 2);
    http_request_set_guest(r, &guests, free_guest);
    http_request_set_guest(r, &guests, free_guest); /* the first one goes */
    return true;
}

static const char *text(const char *s)
{
    return s != NULL ? s : "NULL";
}

/* Everything that can be asked, a line each. */
static void tell(void *ctx, struct http_request *r, struct http_answer *a)
{
    struct buf *b = http_answer_body(a);
    struct ip peer = http_request_peer(r);
    char ip[IP_TEXT_SIZE];
    const char *name;
    const char *value;
    (void)ctx;
    ip_format(&peer, ip);
    buf_format(b, "%s %s\n", http_request_method(r), http_request_path(r));
    buf_format(b, "index=%s id=%s\n", http_request_part(r, "index"), http_request_part(r, "id"));
    buf_format(b, "q=%s none=%s empty=%s\n", text(http_request_param(r, "q")),
               text(http_request_param(r, "none")), text(http_request_param(r, "empty")));
    for (size_t i = 0; http_request_param_at(r, i, &name, &value); i++)
        buf_format(b, "%s:%s;", name, value);
    buf_format(b, "\nx=%s y=%s\n", text(http_request_header(r, "x-Thing")),
               text(http_request_header(r, "X-Other")));
    buf_format(b, "sid=%s lang=%s sid2=%s\n", text(http_request_cookie(r, "sid")),
               text(http_request_cookie(r, "lang")), text(http_request_cookie(r, "sid2")));
    buf_format(b, "%s secure=%d gone=%d guest=%d\n", ip, http_request_is_secure(r),
               http_request_is_gone(r), http_request_guest(r) == &guests);
}

static void tell_rest(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    buf_format(http_answer_body(a), "[%s]", http_request_part(r, "path"));
}

static void watch(void *ctx, struct http_request *r, struct http_answer *a)
{
    (void)ctx;
    (void)a;
    atomic_store(&watched, 1);
    for (int i = 0; i < HELP_WAIT_MS / 5 && !http_request_is_gone(r); i++)
        help_sleep_ms(5);
    atomic_store(&watched, http_request_is_gone(r) ? 2 : 3);
}

static const struct http_route routes[] = {
    {"GET", "/{index}/_doc/{id*}", 0, tell, NULL},
    {"GET", "/app/{path...}", 0, tell_rest, NULL},
    {"GET", "/watch", 0, watch, NULL},
    {"POST", "/body", 100, help_echo, NULL},
};

struct fixture {
    struct http_server *s;
    uint16_t port;
    char response[HELP_TEXT];
};

static int set_up(void **state)
{
    static struct fixture f;
    struct http_server_options o = {
        .routes = routes, .routes_n = sizeof(routes) / sizeof(routes[0]), .admit = admit};
    atomic_store(&guests, 0);
    f.s = help_start(&o, &f.port);
    *state = &f;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    http_server_stop(f->s);
    return atomic_load(&guests); /* each was freed once */
}

static void everything_can_be_asked(void **state)
{
    struct fixture *f = *state;
    help_ask(f->port,
             "GET /logs-*%2Ca/_doc/_x%2Fy?q=a+b%2b&empty&q=2 HTTP/1.1\r\nHost: x\r\n"
             "X-THING: some thing\r\nCookie: a=1; sid=s3cr3t\r\nCookie: lang=de\r\n"
             "Connection: close\r\n\r\n",
             f->response);
    assert_int_equal(help_status(f->response), 200);
    assert_string_equal(help_body(f->response), "GET /logs-*,a/_doc/_x/y\n"
                                                "index=logs-*,a id=_x/y\n"
                                                "q=a b+ none=NULL empty=\n"
                                                "q:a b+;empty:;q:2;\n"
                                                "x=some thing y=NULL\n"
                                                "sid=s3cr3t lang=de sid2=NULL\n"
                                                "127.0.0.1 secure=0 gone=0 guest=1\n");
    help_ask(f->port, "GET /app/a/b%20c.js HTTP/1.0\r\n\r\n", f->response);
    assert_string_equal(help_body(f->response), "[a/b c.js]");
    help_ask(f->port, "GET /app/ HTTP/1.0\r\n\r\n", f->response);
    assert_string_equal(help_body(f->response), "[]");
}

static void a_client_that_left_is_noticed(void **state)
{
    struct fixture *f = *state;
    int fd = help_connect(f->port);
    atomic_store(&watched, 0);
    help_send(fd, "GET /watch HTTP/1.1\r\nHost: x\r\n\r\n");
    HELP_UNTIL(atomic_load(&watched) == 1);
    close(fd);
    HELP_UNTIL(atomic_load(&watched) != 1);
    assert_int_equal(atomic_load(&watched), 2);
}

/* Work that goes on too long is told so, and its answer is not sent. */
static void long_work_ends(void **state)
{
    struct http_server_options o = {
        .routes = routes, .routes_n = sizeof(routes) / sizeof(routes[0]), .work_ns = 50 * TIME_MS};
    struct fixture f;
    (void)state;
    f.s = help_start(&o, &f.port);
    atomic_store(&watched, 0);
    help_ask(f.port, "GET /watch HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", f.response);
    assert_int_equal(help_status(f.response), 400);
    assert_non_null(strstr(help_body(f.response), "too long"));
    assert_int_equal(atomic_load(&watched), 2);
    http_server_stop(f.s);
}

/* Heads and their status. */
static const struct {
    unsigned status;
    const char *request;
} heads[] = {
    {404, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {404, "GET http://x/ HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET /a/%2e%2E/b HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET //a HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET /%00 HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET /%c0%af HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET * HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n"},
    {400, "G@T / HTTP/1.1\r\nHost: x\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: x\r\nBad Name: y\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: x\r\nContent-Length : 5\r\n\r\n"},
    {400, "GET / HTTP/1.1\r\nHost: x\r\nX: a\x01z\r\n\r\n"},
    {400, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na"},
    {400, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n"
          "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: +1\r\n\r\na"},
    {400, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\na"},
    {501, "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
    {400, "POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"
          "Transfer-Encoding: identity\r\n\r\n0\r\n\r\n"},
    {413, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 101\r\n\r\na"},
    {400, "GET /watch HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"},
    {415, "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Encoding: br\r\n\r\na"},
    {405, "PUT /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
    {405, "PUT /body HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nabcde"},
    {405, "TRACE /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
    {405, "CONNECT /body HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"},
};

static void heads_are_judged(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
        int fd = help_connect(f->port);
        help_send(fd, heads[i].request);
        help_until(fd, "\r\n\r\n", f->response);
        if (help_status(f->response) != heads[i].status)
            fail_msg("%s: %s", heads[i].request, f->response);
        close(fd);
    }
    /* A NUL in the target would be read in two ways. */
    int fd = help_connect(f->port);
    static const char nul[] = "GET /watch\0x HTTP/1.1\r\nHost: x\r\n\r\n";
    help_send_n(fd, nul, sizeof(nul) - 1);
    help_until(fd, "\r\n\r\n", f->response);
    assert_int_equal(help_status(f->response), 400);
    close(fd);
}

static void ask_large(struct fixture *f, const char *head, size_t n, const char *tail)
{
    struct buf b;
    buf_init(&b);
    buf_str(&b, head);
    for (size_t i = 0; i < n; i++)
        buf_char(&b, 'a');
    buf_str(&b, tail);
    int fd = help_connect(f->port);
    help_send_n(fd, b.p, b.n);
    help_until(fd, "\r\n\r\n", f->response);
    close(fd);
    buf_release(&b);
}

static void heads_have_limits(void **state)
{
    struct fixture *f = *state;
    ask_large(f, "GET /", 8000, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(help_status(f->response), 404);
    ask_large(f, "GET /", 8192, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(help_status(f->response), 414);
    ask_large(f, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 32000, "\r\n\r\n");
    assert_int_equal(help_status(f->response), 404);
    ask_large(f, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 33000, "\r\n\r\n");
    assert_int_equal(help_status(f->response), 431);
    /* Beyond what is read at all. */
    ask_large(f, "GET / HTTP/1.1\r\nHost: x\r\nX: ", 200000, "\r\n\r\n");
    assert_int_equal(help_status(f->response), 431);
    ask_large(f, "GET /", 200000, " HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_int_equal(help_status(f->response), 414);
    struct buf b;
    buf_init(&b);
    for (int i = 0; i < 100; i++)
        buf_format(&b, "X%d: y\r\n", i);
    buf_str(&b, "\r\n");
    ask_large(f, "GET / HTTP/1.1\r\nHost: x\r\n", 0, buf_text(&b));
    assert_int_equal(help_status(f->response), 431);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_can_be_asked), cmocka_unit_test(a_client_that_left_is_noticed),
        cmocka_unit_test(long_work_ends),          cmocka_unit_test(heads_are_judged),
        cmocka_unit_test(heads_have_limits),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
