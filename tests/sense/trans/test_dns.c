/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"
#include "trans_talk.h"

/* id 0x1234, example.com A IN */
static const uint8_t query[] = {0x12, 0x34, 1,   0,   0,   1, 0,   0,   0,   0, 0, 0, 7, 'e', 'x',
                                'a',  'm',  'p', 'l', 'e', 3, 'c', 'o', 'm', 0, 0, 1, 0, 1};
static const uint8_t answer[] = {0x12, 0x34, 0x81, 0x80, 0,   1,    0,   1,   0, 0,   0,   0,
                                 7,    'e',  'x',  'a',  'm', 'p',  'l', 'e', 3, 'c', 'o', 'm',
                                 0,    0,    1,    0,    1,   0xc0, 12,  0,   1, 0,   1,   0,
                                 0,    1,    0x2c, 0,    4,   93,   184, 216, 34};

static void a_question_and_its_answer(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 100);
    talk_udp(&t, true, query, sizeof(query));
    assert_int_equal(t.events->n, 0);
    talk_udp(&t, false, answer, sizeof(answer));
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_string_equal(event_str(e, EVENT_F_EVENT_DATASET, ""), "network_traffic.dns");
    assert_string_equal(event_str(e, EVENT_F_DNS_QUESTION_NAME, ""), "example.com");
    assert_string_equal(event_str(e, EVENT_F_DNS_QUESTION_TYPE, ""), "A");
    assert_string_equal(event_str(e, EVENT_F_DNS_ANSWERS_DATA, ""), "93.184.216.34");
    assert_int_equal(event_i64(e, EVENT_F_DNS_ANSWERS_TTL, 0), 300);
    assert_true(kept_has(e, EVENT_F_DNS_RESOLVED_IP, "93.184.216.34"));
    assert_true(kept_has(e, EVENT_F_RELATED_IP, "93.184.216.34"));
    assert_true(kept_has(e, EVENT_F_DNS_HEADER_FLAGS, "RD"));
    assert_string_equal(event_str(e, EVENT_F_DNS_RESPONSE_CODE, ""), "NOERROR");
    assert_string_equal(event_str(e, EVENT_F_EVENT_OUTCOME, ""), "success");
    assert_string_equal(event_str(e, EVENT_F_HOST_NAME, ""), "probe");
    assert_true(kept_has(e, EVENT_F_SOURCE_IP, CLIENT));
    assert_int_equal(event_i64(e, EVENT_F_DESTINATION_PORT, 0), 53);
    assert_int_equal(event_i64(e, EVENT_F_EVENT_DURATION, 0), TIME_MS);
    assert_int_equal(e->time, T0 + TIME_MS);
    assert_int_equal(event_i64(e, EVENT_F_WEIR_REQUEST_BYTES, 0), sizeof(query));
    assert_int_equal(event_i64(e, EVENT_F_WEIR_RESPONSE_BYTES, 0), sizeof(answer));
    assert_false(event_has(e, EVENT_F_SOURCE_BYTES)); /* the flow counts them */
    flow_table_flush(t.table);
    assert_string_equal(event_str(&t.flows->events[0], EVENT_F_NETWORK_PROTOCOL, ""), "dns");
    assert_string_equal(event_str(&t.flows->events[0], EVENT_F_FLOW_ID, ""),
                        event_str(e, EVENT_F_FLOW_ID, "?"));
    talk_free(&t);
}

static void a_question_asked_in_vain(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 100);
    talk_udp(&t, true, query, sizeof(query));
    talk_udp(&t, true, query, sizeof(query)); /* asked again: still one */
    flow_table_advance(t.table, T0 + 10 * TIME_S);
    assert_int_equal(t.events->n, 0);
    flow_table_advance(t.table, T0 + 12 * TIME_S);
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_int_equal(e->time, T0 + 11 * TIME_S);
    assert_string_equal(event_str(e, EVENT_F_DNS_QUESTION_NAME, ""), "example.com");
    assert_string_equal(event_str(e, EVENT_F_EVENT_OUTCOME, ""), "unknown");
    assert_string_equal(event_str(e, EVENT_F_DNS_TYPE, ""), "query");
    assert_int_equal(trans_listener_counters(t.listener).repeated, 1);
    assert_int_equal(trans_listener_counters(t.listener).unanswered, 1);
    talk_free(&t);
}

static void an_answer_nobody_asked_for(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 100);
    talk_udp(&t, false, answer, sizeof(answer));
    assert_int_equal(t.events->n, 1);
    assert_int_equal(trans_listener_counters(t.listener).unasked, 1);
    /* Whoever answers is the server, though it was heard first. */
    assert_int_equal(event_i64(&t.events->events[0], EVENT_F_DESTINATION_PORT, 0), 53);
    talk_free(&t);
}

static void copies_of_a_mirror_port_are_one(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 100);
    for (int i = 0; i < 2; i++)
        talk_udp(&t, true, query, sizeof(query));
    for (int i = 0; i < 3; i++)
        talk_udp(&t, false, answer, sizeof(answer));
    assert_int_equal(t.events->n, 1);
    assert_int_equal(trans_listener_counters(t.listener).repeated, 3);
    talk_udp(&t, true, query, sizeof(query)); /* asked once more */
    talk_udp(&t, false, answer, sizeof(answer));
    assert_int_equal(t.events->n, 2);
    talk_free(&t);
}

static void announcements_come_from_who_makes_them(void **state)
{
    (void)state;
    struct talk t = talk_new(5353, 100);
    struct decode_packet p =
        packet_udp(T0, CLIENT, 5353, "224.0.0.251", 5353, answer, sizeof(answer));
    flow_table_packet(t.table, &p);
    assert_int_equal(t.events->n, 1);
    assert_true(kept_has(&t.events->events[0], EVENT_F_SOURCE_IP, CLIENT));
    talk_free(&t);
}

static void the_oldest_gives_way(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 4);
    uint8_t q[sizeof(query)];
    memcpy(q, query, sizeof(q));
    for (uint8_t i = 0; i < 10; i++) {
        q[1] = i;
        talk_udp(&t, true, q, sizeof(q));
    }
    assert_int_equal(t.events->n, 6);
    assert_true(kept_has(&t.events->events[0], EVENT_F_DNS_ID, "4608"));
    assert_int_equal(trans_listener_counters(t.listener).evicted, 6);
    flow_table_flush(t.table);
    trans_listener_flush(t.listener);
    assert_int_equal(t.events->n, 10);
    talk_free(&t);
}

static void over_tcp_in_pieces(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 100);
    talk_open(&t);
    uint8_t stream[2 + sizeof(query)] = {0, sizeof(query)};
    memcpy(stream + 2, query, sizeof(query));
    for (size_t i = 0; i < sizeof(stream); i++)
        talk_tcp(&t, true, DECODE_TCP_ACK, stream + i, 1);
    uint8_t back[2 + sizeof(answer)] = {0, sizeof(answer)};
    memcpy(back + 2, answer, sizeof(answer));
    talk_tcp(&t, false, DECODE_TCP_ACK, back, 20);
    talk_tcp(&t, false, DECODE_TCP_ACK, back + 20, sizeof(back) - 20);
    assert_int_equal(t.events->n, 1);
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_NETWORK_TRANSPORT, ""), "tcp");
    assert_string_equal(event_str(&t.events->events[0], EVENT_F_DNS_QUESTION_NAME, ""),
                        "example.com");
    talk_free(&t);
}

static void nonsense_is_counted(void **state)
{
    (void)state;
    struct talk t = talk_new(53, 100);
    talk_udp(&t, true, query, sizeof(query));
    talk_udp(&t, false, answer, 5);
    uint8_t bad[sizeof(answer)];
    memcpy(bad, answer, sizeof(bad));
    bad[sizeof(bad) - 16] = 0xff; /* a pointer ahead */
    talk_udp(&t, false, bad, sizeof(bad));
    assert_int_equal(trans_listener_counters(t.listener).broken, 2);
    assert_int_equal(t.events->n, 1); /* what could be read of the second */
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_and_its_answer),
        cmocka_unit_test(a_question_asked_in_vain),
        cmocka_unit_test(an_answer_nobody_asked_for),
        cmocka_unit_test(copies_of_a_mirror_port_are_one),
        cmocka_unit_test(announcements_come_from_who_makes_them),
        cmocka_unit_test(the_oldest_gives_way),
        cmocka_unit_test(over_tcp_in_pieces),
        cmocka_unit_test(nonsense_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
