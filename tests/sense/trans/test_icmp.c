/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"
#include "trans_talk.h"

static void ping(struct talk *t, bool request, uint16_t seq)
{
    struct decode_packet p = packet_icmp(t->now, request ? CLIENT : SERVER,
                                         request ? SERVER : CLIENT, request ? 8 : 0, 0, 77, seq);
    flow_table_packet(t->table, &p);
    t->now += TIME_MS;
}

static void pings_are_paired_by_number(void **state)
{
    (void)state;
    struct talk t = talk_new(0, 100);
    ping(&t, true, 1);
    ping(&t, true, 2);
    ping(&t, false, 2);
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_string_equal(event_str(e, EVENT_F_EVENT_DATASET, ""), "network_traffic.icmp");
    assert_int_equal(event_i64(e, EVENT_F_ICMP_REQUEST_TYPE, -1), 8);
    assert_int_equal(event_i64(e, EVENT_F_ICMP_RESPONSE_TYPE, -1), 0);
    assert_int_equal(event_i64(e, EVENT_F_EVENT_DURATION, -1), TIME_MS);
    assert_true(kept_has(e, EVENT_F_SOURCE_IP, CLIENT));
    flow_table_advance(t.table, T0 + TIME_MIN);
    assert_int_equal(t.events->n, 2);
    assert_string_equal(event_str(&t.events->events[1], EVENT_F_EVENT_OUTCOME, ""), "unknown");
    talk_free(&t);
}

static void a_reply_alone(void **state)
{
    (void)state;
    struct talk t = talk_new(0, 100);
    ping(&t, false, 5);
    assert_int_equal(t.events->n, 1);
    assert_true(kept_has(&t.events->events[0], EVENT_F_SOURCE_IP, CLIENT));
    assert_false(event_has(&t.events->events[0], EVENT_F_ICMP_REQUEST_TYPE));
    talk_free(&t);
}

static void errors_are_no_transactions(void **state)
{
    (void)state;
    struct talk t = talk_new(0, 100);
    struct decode_packet p = packet_icmp(t.now, SERVER, CLIENT, 3, 3, 0, 0);
    flow_table_packet(t.table, &p);
    flow_table_flush(t.table);
    assert_int_equal(t.events->n, 0);
    assert_int_equal(t.flows->n, 1);
    assert_int_equal(event_i64(&t.flows->events[0], EVENT_F_ICMP_REQUEST_TYPE, -1), 3);
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pings_are_paired_by_number),
        cmocka_unit_test(a_reply_alone),
        cmocka_unit_test(errors_are_no_transactions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
