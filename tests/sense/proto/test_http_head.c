/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/http_priv.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct bytes held;
static struct proto_http_message m;

static bool read_head(const char *text)
{
    frame_drop(held);
    held = frame_copy((const uint8_t *)text, strlen(text));
    m = (struct proto_http_message){.number = 0};
    return proto_http_read_head(held, &m);
}

static void expect(struct bytes b, const char *want)
{
    assert_int_equal(b.n, strlen(want));
    assert_memory_equal(b.p, want, b.n);
}

static void a_request(void **state)
{
    (void)state;
    assert_true(read_head("GET /a/b?c=d HTTP/1.1\r\nHost:  example.org \r\nUser-Agent: x y\r\n"
                          "REFERER:http://a/\r\nContent-Length: 12\r\n"
                          "Authorization: Basic c2VjcmV0\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n"));
    assert_false(m.response);
    expect(m.method, "GET");
    expect(m.target, "/a/b?c=d");
    assert_int_equal(m.version_minor, 1);
    expect(m.host, "example.org");
    expect(m.user_agent, "x y");
    expect(m.referer, "http://a/");
    expect(m.authorization_scheme, "Basic");
    expect(m.x_forwarded_for, "192.0.2.1");
    assert_true(m.has_content_length);
    assert_int_equal(m.content_length, 12);
    assert_false(m.chunked);
    assert_null(m.content_type.p);
}

static void a_response(void **state)
{
    (void)state;
    assert_true(
        read_head("HTTP/1.0 404 Not  Found \nServer: s\nContent-Type: text/html; charset=x\n"
                  "Transfer-Encoding: gzip, Chunked\nLocation: /b\n"
                  "Content-Encoding: br\n\n"));
    assert_true(m.response);
    assert_int_equal(m.status, 404);
    expect(m.reason, "Not  Found");
    assert_int_equal(m.version_minor, 0);
    expect(m.server, "s");
    expect(m.content_type, "text/html; charset=x");
    expect(m.location, "/b");
    expect(m.content_encoding, "br");
    assert_true(m.chunked);
}

static void odd_but_readable(void **state)
{
    (void)state;
    assert_true(read_head("GET /a b c HTTP/1.1\r\n\r\n")); /* blanks in the target */
    expect(m.target, "/a b c");
    assert_true(read_head("GET HTTP/1.1\r\nHost: a\r\n\r\n")); /* no target at all */
    expect(m.target, "");
    expect(m.host, "a");
    assert_true(read_head("HTTP/1.1 200\r\n\r\n"));
    expect(m.reason, "");
    assert_true(read_head("GET / HTTP/1.1\r\nno colon\r\n: no name\r\nHost: a\r\n folded\r\n"
                          "Host: b\r\nContent-Length: 5, 5\r\nContent-Length: 6\r\n\r\n"));
    expect(m.host, "a"); /* the first of several */
    assert_int_equal(m.content_length, 5);
    assert_true(read_head("GET / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"));
    assert_false(m.has_content_length);
    assert_true(read_head("GET / HTTP/1.1\r\nContent-Length: x\r\nAuthorization: secret\r\n\r\n"));
    assert_false(m.has_content_length);
    assert_null(m.authorization_scheme.p); /* may be the secret itself */
}

static void what_is_no_head(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "GET\r\n\r\n",
        "GET /\r\n\r\n",
        "GET / HTTP/2.0\r\n\r\n",
        "GET / HTTP/1.x\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 099 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1200 OK\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_false(read_head(texts[i]));
}

static void guesses(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum http_guess want;
    } cases[] = {
        {"", HTTP_GUESS_MORE},
        {"HTT", HTTP_GUESS_MORE},
        {"HTTP/1.", HTTP_GUESS_RESPONSE},
        {"HTTP/2", HTTP_GUESS_NO},
        {"GE", HTTP_GUESS_MORE},
        {"GET ", HTTP_GUESS_REQUEST},
        {"VERSION-CONTROL /", HTTP_GUESS_REQUEST},
        {"get ", HTTP_GUESS_NO},
        {"PRI * HTTP/2.0", HTTP_GUESS_NO},
        {"\x16\x03\x01", HTTP_GUESS_NO},
        {"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA ", HTTP_GUESS_NO},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(proto_http_guess(bytes_make(cases[i].text, strlen(cases[i].text))),
                         cases[i].want);
}

static int drop(void **state)
{
    (void)state;
    frame_drop(held);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request),        cmocka_unit_test(a_response),
        cmocka_unit_test(odd_but_readable), cmocka_unit_test(what_is_no_head),
        cmocka_unit_test(guesses),
    };
    return cmocka_run_group_tests(tests, NULL, drop);
}
