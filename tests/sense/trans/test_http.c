/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"
#include "trans_talk.h"

static void a_request_and_its_response(void **state)
{
    (void)state;
    struct talk t = talk_new(8080, 100);
    talk_open(&t);
    talk_say(&t, true,
             "POST /a/b.php?x=1 HTTP/1.1\r\nHost: www.example.com:8080\r\nUser-Agent: curl/8\r\n"
             "Referer: http://r.example/\r\nContent-Type: text/plain; charset=utf-8\r\n"
             "X-Forwarded-For: 203.0.113.9, 10.0.0.3\r\nContent-Length: 5\r\n\r\nhello");
    talk_say(&t, false, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 3\r\n\r\n");
    assert_int_equal(t.events->n, 0);
    talk_say(&t, false, "abc");
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_string_equal(event_str(e, EVENT_F_EVENT_DATASET, ""), "network_traffic.http");
    assert_string_equal(event_str(e, EVENT_F_HTTP_REQUEST_METHOD, ""), "POST");
    assert_string_equal(event_str(e, EVENT_F_URL_FULL, ""),
                        "http://www.example.com:8080/a/b.php?x=1");
    assert_string_equal(event_str(e, EVENT_F_URL_DOMAIN, ""), "www.example.com");
    assert_string_equal(event_str(e, EVENT_F_SERVER_DOMAIN, ""), "www.example.com");
    assert_int_equal(event_i64(e, EVENT_F_URL_PORT, 0), 8080);
    assert_string_equal(event_str(e, EVENT_F_URL_PATH, ""), "/a/b.php");
    assert_string_equal(event_str(e, EVENT_F_URL_QUERY, ""), "x=1");
    assert_string_equal(event_str(e, EVENT_F_URL_EXTENSION, ""), "php");
    assert_string_equal(event_str(e, EVENT_F_USER_AGENT_ORIGINAL, ""), "curl/8");
    assert_string_equal(event_str(e, EVENT_F_HTTP_REQUEST_REFERRER, ""), "http://r.example/");
    assert_string_equal(event_str(e, EVENT_F_HTTP_REQUEST_MIME_TYPE, ""), "text/plain");
    assert_string_equal(event_str(e, EVENT_F_HTTP_RESPONSE_MIME_TYPE, ""), "text/html");
    assert_int_equal(event_i64(e, EVENT_F_HTTP_RESPONSE_STATUS_CODE, 0), 200);
    assert_int_equal(event_i64(e, EVENT_F_HTTP_REQUEST_BODY_BYTES, 0), 5);
    assert_int_equal(event_i64(e, EVENT_F_HTTP_RESPONSE_BODY_BYTES, 0), 3);
    assert_string_equal(event_str(e, EVENT_F_HTTP_VERSION, ""), "1.1");
    assert_true(kept_has(e, EVENT_F_EVENT_CATEGORY, "web"));
    assert_true(kept_has(e, EVENT_F_EVENT_CATEGORY, "network"));
    assert_true(kept_has(e, EVENT_F_NETWORK_FORWARDED_IP, "203.0.113.9"));
    assert_true(kept_has(e, EVENT_F_RELATED_HOSTS, "www.example.com"));
    assert_string_equal(event_str(e, EVENT_F_STATUS, ""), "OK");
    talk_free(&t);
}

static void pipelined_requests_keep_their_order(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 100);
    talk_open(&t);
    talk_say(&t, true, "GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n");
    talk_say(&t, false,
             "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
             "HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(t.events->n, 2);
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_URL_PATH, ""), "/1");
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_STATUS, ""), "Client Error");
    assert_string_equal(event_str(&t.events->events[1], EVENT_F_URL_PATH, ""), "/2");
    assert_string_equal(event_str(&t.events->events[1], EVENT_F_STATUS, ""), "Server Error");
    assert_string_equal(event_str(&t.events->events[1], EVENT_F_EVENT_OUTCOME, ""), "failure");
    talk_free(&t);
}

static void an_unanswered_request_comes_at_the_end(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 100);
    talk_open(&t);
    talk_say(&t, true, "GET /gone HTTP/1.0\r\n\r\n");
    assert_int_equal(t.events->n, 0);
    talk_close(&t);
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_string_equal(event_str(e, EVENT_F_URL_FULL, ""), "http://192.0.2.7/gone");
    assert_string_equal(event_str(e, EVENT_F_HTTP_VERSION, ""), "1.0");
    assert_string_equal(event_str(e, EVENT_F_EVENT_OUTCOME, ""), "unknown");
    talk_free(&t);
}

static void a_body_until_the_end(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 100);
    talk_open(&t);
    talk_say(&t, true, "GET / HTTP/1.0\r\n\r\n");
    talk_say(&t, false, "HTTP/1.0 200 OK\r\n\r\nsome");
    talk_say(&t, false, "thing");
    talk_close(&t);
    assert_int_equal(t.events->n, 1);
    assert_int_equal(event_i64(&t.events->events[0], EVENT_F_HTTP_RESPONSE_BODY_BYTES, 0), 9);
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_STATUS, ""), "OK");
    talk_free(&t);
}

/* Bytes that are no UTF-8 are escaped, and counted. */
static void foreign_bytes_are_escaped(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 100);
    talk_open(&t);
    talk_say(&t, true, "GET /\xff\xfe HTTP/1.1\r\nHost: \xc3\x28\r\nUser-Agent: \x80\r\n\r\n");
    talk_say(&t, false, "HTTP/1.1 200 \xf0\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(t.events->n, 1); /* kept_add() checks each text */
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_USER_AGENT_ORIGINAL, ""), "\\x80");
    assert_true(trans_listener_counters(t.listener).escaped > 0);
    talk_free(&t);
}

static void the_protocol_shows_late(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 100);
    talk_open(&t);
    talk_say(&t, true, "G");
    talk_say(&t, true, "ET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    talk_say(&t, false, "HTTP/1.1 204 No Content\r\n\r\n");
    assert_int_equal(t.events->n, 1);
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_URL_PATH, ""), "/x");
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_and_its_response),
        cmocka_unit_test(pipelined_requests_keep_their_order),
        cmocka_unit_test(an_unanswered_request_comes_at_the_end),
        cmocka_unit_test(a_body_until_the_end),
        cmocka_unit_test(foreign_bytes_are_escaped),
        cmocka_unit_test(the_protocol_shows_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
