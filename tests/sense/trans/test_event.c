/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"
#include "trans_talk.h"

/* The one who asks is the source of the transaction, though the other began the flow. */
static void the_asking_side_is_the_source(void **state)
{
    (void)state;
    static const uint8_t query[] = {0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 'a', 0, 0, 1, 0, 1};
    struct talk t = talk_new(53, 100);
    t.client_port = 53;
    talk_udp(&t, true, query, sizeof(query));
    uint8_t other[sizeof(query)];
    memcpy(other, query, sizeof(other));
    other[1] = 2;
    talk_udp(&t, false, other, sizeof(other)); /* the second server asks back */
    other[2] |= 0x80;
    talk_udp(&t, true, other, sizeof(other));
    assert_int_equal(t.events->n, 1);
    const struct event *e = &t.events->events[0];
    assert_true(kept_has(e, EVENT_F_SOURCE_IP, SERVER));
    assert_true(kept_has(e, EVENT_F_CLIENT_IP, SERVER));
    assert_true(kept_has(e, EVENT_F_DESTINATION_IP, CLIENT));
    assert_true(kept_has(e, EVENT_F_SERVER_IP, CLIENT));
    assert_int_equal(kept_values(e, EVENT_F_RELATED_IP), 2);
    flow_table_flush(t.table);
    assert_true(kept_has(&t.flows->events[0], EVENT_F_SOURCE_IP, CLIENT));
    talk_free(&t);
}

static void all_have_the_common_fields(void **state)
{
    (void)state;
    struct talk t = talk_new(80, 100);
    talk_open(&t);
    talk_say(&t, true, "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    talk_close(&t);
    static const event_field common[] = {
        EVENT_F_EVENT_KIND,
        EVENT_F_EVENT_CATEGORY,
        EVENT_F_EVENT_TYPE,
        EVENT_F_EVENT_START,
        EVENT_F_EVENT_END,
        EVENT_F_EVENT_DURATION,
        EVENT_F_EVENT_OUTCOME,
        EVENT_F_FLOW_ID,
        EVENT_F_NETWORK_PROTOCOL,
        EVENT_F_NETWORK_TRANSPORT,
        EVENT_F_NETWORK_TYPE,
        EVENT_F_RELATED_IP,
        EVENT_F_AGENT_TYPE,
        EVENT_F_ECS_VERSION,
        EVENT_F_DATA_STREAM_DATASET,
        EVENT_F_CLIENT_IP,
        EVENT_F_SERVER_PORT,
        EVENT_F_STATUS,
        EVENT_F_TYPE,
    };
    assert_int_equal(t.events->n, 1);
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++)
        if (!event_has(&t.events->events[0], common[i]))
            fail_msg("%s is missing", event_field_def(common[i])->name);
    assert_true(kept_has(&t.events->events[0], EVENT_F_EVENT_TYPE, "protocol"));
    talk_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_asking_side_is_the_source),
        cmocka_unit_test(all_have_the_common_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
