/* SPDX-License-Identifier: Apache-2.0 */
/* Counts that cannot be true: cut, raised, kept, and counted. */
#include "ingest/truth.h"

#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void events_are_corrected_and_remember(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    struct ingest_counts c = {0};
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, 1900000000);
    event_set_i64(&e, EVENT_F_SOURCE_PACKETS, 2);
    event_set_i64(&e, EVENT_F_DESTINATION_BYTES, 22000);
    event_set_i64(&e, EVENT_F_DESTINATION_PACKETS, 582);
    event_set_i64(&e, EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES, 2100000);
    event_set_i64(&e, EVENT_F_NETWORK_BYTES, 1900022000);
    ingest_truth_correct(&e, &c);
    assert_int_equal(event_i64(&e, EVENT_F_SOURCE_BYTES, 0), 131070);
    assert_int_equal(event_i64(&e, EVENT_F_DESTINATION_BYTES, 0), 2100000);
    assert_int_equal(event_i64(&e, EVENT_F_NETWORK_BYTES, 0), 2231070);
    assert_int_equal(event_i64(&e, EVENT_F_WEIR_ORIGINAL_SOURCE_BYTES, 0), 1900000000);
    assert_int_equal(event_i64(&e, EVENT_F_WEIR_ORIGINAL_DESTINATION_BYTES, 0), 22000);
    assert_int_equal(event_i64(&e, EVENT_F_WEIR_ORIGINAL_NETWORK_BYTES, 0), 1900022000);
    assert_int_equal(event_get(&e, EVENT_F_WEIR_UNTRUE)->n, 3);
    assert_int_equal(c.untrue_high, 1);
    assert_int_equal(c.untrue_low, 1);
    /* What was put right is right. */
    ingest_truth_correct(&e, &c);
    assert_int_equal(c.untrue_high + c.untrue_low, 2);
    arena_release(&arena);
}

static void plausible_counts_stay(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    struct ingest_counts c = {0};
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, 65535);
    event_set_i64(&e, EVENT_F_SOURCE_PACKETS, 1);
    event_set_i64(&e, EVENT_F_DESTINATION_BYTES, INT64_MAX);
    ingest_truth_correct(&e, &c);
    assert_int_equal(e.n, 3);
    event_set_i64(&e, EVENT_F_DESTINATION_PACKETS, INT64_MAX);
    ingest_truth_correct(&e, &c);
    assert_int_equal(e.n, 4);
    assert_int_equal(c.untrue_high + c.untrue_low, 0);
    arena_release(&arena);
}

static void expect(int64_t packets, int64_t ip, int64_t payload, bool data, int64_t bytes,
                   enum ingest_truth_verdict verdict)
{
    const struct ingest_truth_side side = {packets, ip, payload, data};
    enum ingest_truth_verdict got;
    assert_int_equal(ingest_truth_side(&side, &got), bytes);
    assert_int_equal(got, verdict);
}

static void one_field_alone_is_not_trusted(void **state)
{
    (void)state;
    expect(10, 1400, 1000, true, 1400, INGEST_TRUTH_FINE);
    expect(2, 104, 1900000000, true, 104, INGEST_TRUTH_HIGH);
    expect(2, -1, 1900000000, true, 131070, INGEST_TRUTH_HIGH);
    expect(582, 22000, 2100000, true, 2100000, INGEST_TRUTH_LOW);
    expect(582, 22000, 2100000, false, 22000, INGEST_TRUTH_HIGH);
    expect(5, 0, 3000, true, 3000, INGEST_TRUTH_LOW);
    expect(1, 70000, 10, true, 65535, INGEST_TRUTH_HIGH);
    expect(-1, -1, 500, true, 500, INGEST_TRUTH_FINE);
    expect(-1, 700, 500, true, 700, INGEST_TRUTH_FINE);
    expect(-1, -1, -1, true, -1, INGEST_TRUTH_FINE);
    expect(0, 0, 0, true, 0, INGEST_TRUTH_FINE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_corrected_and_remember),
        cmocka_unit_test(plausible_counts_stay),
        cmocka_unit_test(one_field_alone_is_not_trusted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
