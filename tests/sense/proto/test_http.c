/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http.h"

#include "base/buf.h"
#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/frames.h"

#define A PROTO_DIR_A
#define B PROTO_DIR_B

/* What came out, one line a message: "Q0 GET /x host=h body=3". */
static struct buf out;

static void put_part(const char *name, struct bytes b)
{
    if (b.p == NULL)
        return;
    buf_str(&out, name);
    buf_add(&out, b.p, b.n);
}

static void see(void *ctx, const struct proto_http_message *m)
{
    (void)ctx;
    assert_true(m->first_ts <= m->head_ts && m->head_ts <= m->last_ts);
    assert_true(m->wire_bytes >= m->head_bytes + m->body_bytes);
    buf_format(&out, "%c%d", m->response ? 'R' : 'Q', (int)m->number);
    if (m->response && !m->answers)
        buf_str(&out, "?");
    put_part(" ", m->method);
    put_part(" ", m->target);
    if (m->response)
        buf_format(&out, " %d", m->status);
    put_part(" host=", m->host);
    if (m->body_bytes > 0)
        buf_format(&out, " body=%d", (int)m->body_bytes);
    buf_str(&out, m->complete ? "\n" : " incomplete\n");
}

struct piece {
    enum proto_dir dir;
    const char *text; /* NULL: the side is closed; "#n": n bytes were lost */
};

/* Feeds the pieces, each in steps of so many bytes. */
static enum proto_http_state run(const struct piece *pieces, size_t n, size_t step)
{
    struct proto_http_conn *c = proto_http_conn_new(see, NULL);
    enum proto_http_state state = PROTO_HTTP_MORE;
    ts_ns ts = 0;
    buf_clear(&out);
    for (size_t i = 0; i < n; i++) {
        const char *text = pieces[i].text;
        if (text == NULL) {
            proto_http_conn_end(c, pieces[i].dir, ++ts);
        } else if (text[0] == '#') {
            state = proto_http_conn_gap(c, pieces[i].dir, ++ts, strtoull(text + 1, NULL, 10));
        } else {
            size_t left = strlen(text);
            while (left > 0) {
                size_t k = step < left ? step : left;
                struct bytes b = frame_copy((const uint8_t *)text, k);
                state = proto_http_conn_feed(c, pieces[i].dir, ++ts, b);
                frame_drop(b);
                text += k;
                left -= k;
            }
        }
    }
    assert_true(proto_http_conn_bytes(c) < 200000);
    proto_http_conn_free(c);
    return state;
}

/* The same comes out however the bytes are cut. */
#define EXPECT(want_state, want, ...)                                                              \
    do {                                                                                           \
        const struct piece p_[] = {__VA_ARGS__};                                                   \
        for (size_t step_ = 1; step_ < 200; step_ += step_ < 20 ? 1 : 37) {                        \
            assert_int_equal(run(p_, sizeof(p_) / sizeof(p_[0]), step_), want_state);              \
            assert_string_equal(buf_text(&out), want);                                             \
        }                                                                                          \
        run(p_, sizeof(p_) / sizeof(p_[0]), 100000);                                               \
        assert_string_equal(buf_text(&out), want);                                                 \
    } while (0)

static void one_exchange(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_MORE, "Q0 GET / host=a\nR0 GET 200 body=5\n",
           {A, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
           {B, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"});
    EXPECT(PROTO_HTTP_MORE, "Q0 POST /up body=3\nR0 POST 204\n",
           {B, "\r\n \tPOST /up HTTP/1.1\nContent-Length: 3\n\nabc"},
           {A, "HTTP/1.1 204 No Content\n\n"});
}

static void pipelined_requests_are_numbered(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_MORE,
           "Q0 GET /0\nQ1 HEAD /1\nQ2 GET /2\nR0 GET 200 body=2\nR1 HEAD 200\nR2 GET 304\n",
           {A, "GET /0 HTTP/1.1\r\n\r\nHEAD /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n"},
           {B,
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhiHTTP/1.1 200 OK\r\n"
            "Content-Length: 100\r\n\r\nHTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n"});
}

static void interim_responses_come_before_the_final_one(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_MORE, "R0 PUT 100\nQ0 PUT / body=4\nR0 PUT 201\n",
           {A, "PUT / HTTP/1.1\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"},
           {B, "HTTP/1.1 100 Continue\r\n\r\n"}, {A, "data"},
           {B, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n"});
}

static void chunks(void **state)
{
    (void)state;
    EXPECT(
        PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=21\nQ1 GET /n\n", {A, "GET / HTTP/1.1\r\n\r\n"},
        {B, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
            "5\r\nhello\r\n0A;ext=\"x\"\r\n0123456789\r\n6 \r\nabcdef\r\n0\r\nTrailer: x\r\n\r\n"},
        {A, "GET /n HTTP/1.1\r\n\r\n"});
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=5 incomplete\n",
           {A, "GET / HTTP/1.1\r\n\r\n"},
           {B, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n"});
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=5 incomplete\n",
           {A, "GET / HTTP/1.1\r\n\r\n"},
           {B, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhelloXX"});
}

static void until_closed(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=11\n", {A, "GET / HTTP/1.0\r\n\r\n"},
           {B, "HTTP/1.0 200 OK\r\n\r\nhello "}, {B, "world"}, {B, NULL}, {A, NULL});
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=2 incomplete\n",
           {A, "GET / HTTP/1.0\r\n\r\n"}, {B, "HTTP/1.0 200 OK\r\nContent-Length: 9\r\n\r\nab"},
           {B, NULL});
}

static void tunnels_are_no_longer_http(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_UPGRADED, "Q0 CONNECT a:443 host=a\nR0 CONNECT 200\n",
           {A, "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"},
           {B, "HTTP/1.1 200 Connection established\r\n\r\n"}, {A, "\x16\x03\x01GET / HTTP/1.1"});
    EXPECT(PROTO_HTTP_MORE, "Q0 CONNECT a:443\nR0 CONNECT 403 body=2\n",
           {A, "CONNECT a:443 HTTP/1.1\r\n\r\n"},
           {B, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno"});
    EXPECT(PROTO_HTTP_UPGRADED, "Q0 GET /ws\nR0 GET 101\n",
           {A, "GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n"},
           {B, "HTTP/1.1 101 Switching Protocols\r\n\r\n"}, {B, "\x81\x05hello"});
}

static void other_protocols_are_not_http(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_NOT, "", {A, "SSH-2.0-OpenSSH_9.2\r\n"}, {B, "HTTP/1.1 200 OK\r\n\r\n"});
    EXPECT(PROTO_HTTP_NOT, "", {A, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"});
    EXPECT(PROTO_HTTP_NOT, "", {A, "OPTIONS sip:a SIP/2.0\r\n\r\n"});
}

static void gaps(void **state)
{
    (void)state;
    /* Within a body of known length nothing is lost but bytes. */
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=1000\nQ1 GET /2\nR1 GET 404\n",
           {A, "GET / HTTP/1.1\r\n\r\n"}, {B, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nab"},
           {B, "#998"}, {A, "GET /2 HTTP/1.1\r\n\r\n"},
           {B, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"});
    /* Elsewhere the next start line is waited for. */
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\nR0 GET 200 body=2 incomplete\nQ1 GET /2\n",
           {A, "GET / HTTP/1.1\r\n\r\n"},
           {B, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"}, {B, "#30"},
           {B, "xxxx"}, {A, "GET /2 HTTP/1.1\r\n\r\n"});
    EXPECT(PROTO_HTTP_MORE, "Q0 GET /\n", {A, "GET / HTTP/1.1\r\n\r\n"}, {B, "HTTP/1.1 2"},
           {B, "#5"}, {B, "Server: x\r\n\r\n"});
}

/* Behind a gap one feed must show enough of a start line: steps would cut it. */
static void after_a_gap_it_goes_on(void **state)
{
    (void)state;
    const struct piece pieces[] = {
        {A, "GET / HTTP/1.1\r\n\r\n"},
        {B, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"},
        {B, "#300"},
        {A, "#20"},
        {A, "GET /2 HTTP/1.1\r\n\r\n"},
        {B, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"},
    };
    run(pieces, 6, 1000);
    assert_string_equal(buf_text(&out),
                        "Q0 GET /\nR0 GET 200 body=2 incomplete\nQ1 GET /2\nR1 GET 404\n");
}

static void answers_without_questions(void **state)
{
    (void)state;
    EXPECT(PROTO_HTTP_MORE, "R0? 200 body=2\nQ1 GET /\nR1 GET 200\n",
           {B, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"}, {A, "GET / HTTP/1.1\r\n\r\n"},
           {B, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"});
}

static void more_requests_than_are_remembered(void **state)
{
    (void)state;
    struct proto_http_conn *c = proto_http_conn_new(see, NULL);
    buf_clear(&out);
    for (int i = 0; i < 100; i++)
        proto_http_conn_feed(c, A, i, bytes_make("HEAD / HTTP/1.1\r\n\r\n", 19));
    buf_clear(&out);
    for (int i = 0; i < 100; i++)
        proto_http_conn_feed(c, B, i + 100, bytes_make("HTTP/1.1 304 x\r\n\r\n", 18));
    assert_non_null(strstr(buf_text(&out), "R35 304\nR36 HEAD 304\n"));
    assert_non_null(strstr(buf_text(&out), "R99 HEAD 304\n"));
    proto_http_conn_free(c);
}

static void endless_heads_are_given_up(void **state)
{
    (void)state;
    struct proto_http_conn *c = proto_http_conn_new(see, NULL);
    buf_clear(&out);
    proto_http_conn_feed(c, A, 0, bytes_make("GET / HTTP/1.1\r\n", 16));
    for (int i = 0; i < 10000; i++) {
        proto_http_conn_feed(c, A, i, bytes_make("X-Header: and so on\r\n", 21));
        assert_true(proto_http_conn_bytes(c) < 2 * PROTO_HTTP_HEAD_MAX + 4096);
    }
    assert_string_equal(buf_text(&out), "");
    proto_http_conn_free(c);
    proto_http_conn_free(NULL);
}

static void random_changes_do_no_harm(void **state)
{
    (void)state;
    static const char requests[] =
        "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        "5\r\nhello\r\n0\r\n\r\nGET /b HTTP/1.1\r\n\r\n";
    static const char answers[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcHTTP/1.1 200 OK\r\n"
        "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
    struct rng rng;
    rng_init(&rng, 12);
    for (int round = 0; round < 20000; round++) {
        char q[sizeof(requests)];
        char r[sizeof(answers)];
        memcpy(q, requests, sizeof(q));
        memcpy(r, answers, sizeof(r));
        for (uint64_t i = rng_below(&rng, 4); i > 0; i--) {
            q[rng_below(&rng, sizeof(q) - 1)] = (char)(1 + rng_below(&rng, 255));
            r[rng_below(&rng, sizeof(r) - 1)] = (char)(1 + rng_below(&rng, 255));
        }
        const struct piece pieces[] = {{A, q}, {B, r}, {A, NULL}, {B, NULL}};
        run(pieces, 4, 1 + rng_below(&rng, 60));
    }
}

static int release(void **state)
{
    (void)state;
    buf_release(&out);
    return 0;
}

int main(void)
{
    buf_init(&out);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_exchange),
        cmocka_unit_test(pipelined_requests_are_numbered),
        cmocka_unit_test(interim_responses_come_before_the_final_one),
        cmocka_unit_test(chunks),
        cmocka_unit_test(until_closed),
        cmocka_unit_test(tunnels_are_no_longer_http),
        cmocka_unit_test(other_protocols_are_not_http),
        cmocka_unit_test(gaps),
        cmocka_unit_test(after_a_gap_it_goes_on),
        cmocka_unit_test(answers_without_questions),
        cmocka_unit_test(more_requests_than_are_remembered),
        cmocka_unit_test(endless_heads_are_given_up),
        cmocka_unit_test(random_changes_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
