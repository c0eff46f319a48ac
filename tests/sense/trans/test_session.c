/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "cmocka_head.h"
#include "trans_talk.h"

#include <stdio.h>

/* Parsers that hold too much give up their oldest conversation; the others go on. */
static void the_oldest_conversation_gives_way(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 10);
    trans_listener_free(t.listener);
    flow_table_free(t.table);
    struct trans_listener_settings ls = trans_listener_settings_default();
    ls.session_bytes = 100000;
    assert_int_equal(trans_listener_new(&ls, kept_add, t.events, &t.listener), ERR_NONE);
    struct flow_listener face = trans_listener_face(t.listener);
    struct flow_table_settings s = flow_table_settings_default();
    assert_int_equal(flow_table_new(&s, kept_add, t.flows, &face, &t.table), ERR_NONE);
    char filler[1001];
    memset(filler, 'x', 1000);
    filler[1000] = '\0';
    for (int i = 0; i < 50; i++) { /* each keeps a head of more than 20 kB open */
        talk_open(&t);
        talk_say(&t, true, "GET / HTTP/1.1\r\nHost: h\r\nX: ");
        for (int k = 0; k < 20; k++)
            talk_say(&t, true, filler);
        assert_true(trans_listener_bytes(t.listener) < 400000);
    }
    assert_true(trans_listener_counters(t.listener).over_budget >= 40);
    talk_say(&t, true, "\r\n\r\n"); /* the last one is still heard */
    talk_say(&t, false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(t.events->n, 1);
    talk_free(&t);
}

static void other_protocols_are_left_alone(void **state)
{
    (void)state;
    struct talk t = talk_new(25, 10);
    talk_open(&t);
    talk_say(&t, false, "220 mail.example ESMTP\r\n");
    talk_say(&t, true, "EHLO x\r\n");
    talk_close(&t);
    assert_int_equal(flow_table_counters(t.table).streams, 0);
    assert_int_equal(t.events->n, 0);
    talk_free(&t);
}

/* A byte at a time, the protocol is found and nothing is lost. */
static void single_bytes(void **state)
{
    (void)state;
    struct talk t = talk_new(8000, 10);
    talk_open(&t);
    const char *request = "GET /slow HTTP/1.1\r\nHost: h.example\r\n\r\n";
    const char *response = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    for (const char *p = request; *p != '\0'; p++)
        talk_tcp(&t, true, DECODE_TCP_ACK, p, 1);
    for (const char *p = response; *p != '\0'; p++)
        talk_tcp(&t, false, DECODE_TCP_ACK, p, 1);
    assert_int_equal(t.events->n, 1);
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_URL_FULL, ""),
                        "http://h.example/slow");
    talk_free(&t);
}

static void the_beginning_may_be_late(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 10);
    talk_open(&t);
    t.seq[0] += 10;
    talk_say(&t, true, "ow HTTP/1.1\r\nHost: h\r\n\r\n");
    uint32_t end = t.seq[0];
    t.seq[0] = 1001;
    talk_say(&t, true, "GET /sl");
    talk_say(&t, true, "xxx");
    t.seq[0] = end;
    talk_say(&t, false, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(t.events->n, 1);
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_URL_PATH, ""), "/slxxxow");
    talk_free(&t);
}

static void holes_do_not_stop_what_follows(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 10);
    talk_open(&t);
    talk_say(&t, true, "GET /1 HTTP/1.1\r\nHost: h\r\n\r\n");
    talk_say(&t, false, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
    t.seq[1] += 1000; /* the body was not captured */
    talk_say(&t, true, "GET /2 HTTP/1.1\r\nHost: h\r\n\r\n");
    talk_say(&t, false, "HTTP/1.1 204 No Content\r\n\r\n");
    t.now += TIME_S;
    talk_tcp(&t, true, DECODE_TCP_ACK, "", 0);
    talk_close(&t);
    assert_int_equal(t.events->n, 2);
    assert_string_equal(event_str(&t.events->events[1], EVENT_F_URL_PATH, ""), "/2");
    assert_int_equal(event_i64(&t.events->events[1], EVENT_F_HTTP_RESPONSE_STATUS_CODE, 0), 204);
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_oldest_conversation_gives_way),
        cmocka_unit_test(other_protocols_are_left_alone),
        cmocka_unit_test(single_bytes),
        cmocka_unit_test(the_beginning_may_be_late),
        cmocka_unit_test(holes_do_not_stop_what_follows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
