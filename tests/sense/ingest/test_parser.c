/* SPDX-License-Identifier: Apache-2.0 */
/* ECS lines: bulk requests, search hits, mistakes with their place, corrections on the way. */
#include "ingest/delta.h"
#include "ingest_lines.h"

static void bulk_requests_and_hits_are_unwrapped(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "x.json",
        "{\"index\":{\"_index\":\"logs\"}}\n{\"@timestamp\":\"2024-01-31T00:00:00Z\",\"a\":1}\n"
        "{\"create\":{}}\n{\"@timestamp\":1706659200000,\"a\":2}\n"
        "{\"_index\":\"logs\",\"_id\":\"1\",\"_source\":{\"@timestamp\":1706659200000,\"a\":3}}\n");
    assert_string_equal(buf_text(&l.json),
                        "{\"@timestamp\":\"2024-01-31T00:00:00.000Z\",\"a\":1}\n"
                        "{\"@timestamp\":\"2024-01-31T00:00:00.000Z\",\"a\":2}\n"
                        "{\"@timestamp\":\"2024-01-31T00:00:00.000Z\",\"a\":3}\n");
    assert_int_equal(l.counts.lines, 5);
    assert_int_equal(l.counts.records, 3);
    assert_int_equal(ingest_counts_dropped(&l.counts), 0);
    assert_int_equal(l.events[2].sequence, 2);
    lines_release(&l);
}

static void mistakes_have_a_place(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "x.json",
             "{\"@timestamp\":1,\"a\":1}\n\n{\"a\":1}\n{\"@timestamp\":2,,}\nnonsense\n"
             "{\"@timestamp\":\"2024-13-01\"}\n");
    assert_int_equal(l.n, 1);
    assert_int_equal(l.counts.dropped[INGEST_DROP_TIME], 2);
    assert_int_equal(l.counts.first[INGEST_DROP_TIME].line, 3);
    assert_int_equal(l.counts.dropped[INGEST_DROP_JSON], 2);
    assert_int_equal(l.counts.first[INGEST_DROP_JSON].line, 4);
    assert_int_equal(l.counts.first[INGEST_DROP_JSON].column, 17);
    assert_string_equal(l.counts.first[INGEST_DROP_JSON].file, "x.json");
    lines_release(&l);
}

static void a_zeek_event_that_is_ecs_already_stays_ecs(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "x.json",
        "{\"@timestamp\":\"2024-01-31T00:00:00Z\",\"zeek\":{\"session_id\":\"C1\",\"connection\":"
        "{\"state\":\"SF\"}},\"source\":{\"bytes\":5}}\n");
    assert_int_equal(l.n, 1);
    lines_expect(&l.events[0], "zeek.connection.state", "SF");
    assert_null(event_get(&l.events[0], EVENT_F_EVENT_DATASET));
    lines_release(&l);
}

static void totals_and_lies_are_put_right(void **state)
{
    (void)state;
    struct lines l;
    struct ingest_settings settings;
    struct ingest_counts counts = {0};
    ingest_settings_default(&settings);
    settings.source = 7;
    settings.delta = ingest_delta_new(100, (struct hash_key){1, 2}, &counts);
    lines_init(&l);
    lines_read(&l, &settings, "x.json",
               "{\"@timestamp\":1000,\"agent.type\":\"packetbeat\",\"event.dataset\":\"flow\","
               "\"flow.id\":\"F\",\"source\":{\"bytes\":1000,\"packets\":1}}\n"
               "{\"@timestamp\":1010,\"agent.type\":\"packetbeat\",\"event.dataset\":\"flow\","
               "\"flow.id\":\"F\",\"source\":{\"bytes\":901000,\"packets\":2}}\n");
    assert_int_equal(event_i64(&l.events[1], EVENT_F_SOURCE_BYTES, 0), 65535);
    lines_expect(&l.events[1], "weir.original.source.bytes", "900000");
    lines_expect(&l.events[1], "weir.flow.source.bytes_total", "901000");
    assert_int_equal(l.events[1].source, 7);
    assert_int_equal(l.counts.untrue_high, 1);
    assert_int_equal(counts.differences, 2);
    ingest_delta_free(settings.delta);
    lines_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bulk_requests_and_hits_are_unwrapped),
        cmocka_unit_test(mistakes_have_a_place),
        cmocka_unit_test(a_zeek_event_that_is_ecs_already_stays_ecs),
        cmocka_unit_test(totals_and_lies_are_put_right),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
