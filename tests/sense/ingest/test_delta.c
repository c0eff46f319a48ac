/* SPDX-License-Identifier: Apache-2.0 */
/* Running totals to differences: per flow, out of order, differences already, and a full table. */
#include "ingest/delta.h"

#include "event/event.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct arena arena;
    struct event e;
    struct ingest_counts counts;
    struct ingest_delta *d;
};

static int setup(void **state)
{
    static struct fixture f;
    f = (struct fixture){.counts.lines = 0};
    arena_init(&f.arena, 0);
    f.d = ingest_delta_new(3, (struct hash_key){1, 2}, &f.counts);
    *state = &f;
    return f.d == NULL;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    ingest_delta_free(f->d);
    arena_release(&f->arena);
    return 0;
}

/* A report of a flow; returns source.bytes as it comes out. */
static int64_t report(struct fixture *f, const char *agent, const char *flow, ts_ns time,
                      int64_t bytes, bool final)
{
    event_init(&f->e, &f->arena, time);
    event_set_text(&f->e, EVENT_F_AGENT_TYPE, "packetbeat");
    event_set_text(&f->e, EVENT_F_AGENT_ID, agent);
    event_set_text(&f->e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    event_set_text(&f->e, EVENT_F_FLOW_ID, flow);
    event_set_bool(&f->e, EVENT_F_FLOW_FINAL, final);
    event_set_i64(&f->e, EVENT_F_SOURCE_BYTES, bytes);
    event_set_i64(&f->e, EVENT_F_SOURCE_PACKETS, bytes / 100);
    event_set_i64(&f->e, EVENT_F_DESTINATION_BYTES, 2 * bytes);
    event_set_i64(&f->e, EVENT_F_NETWORK_BYTES, 3 * bytes);
    ingest_delta_apply(f->d, &f->e);
    return event_i64(&f->e, EVENT_F_SOURCE_BYTES, -1);
}

static void totals_become_differences(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(report(f, "a", "1", 10, 1000, false), 1000);
    assert_int_equal(report(f, "a", "2", 10, 300, false), 300);
    assert_int_equal(report(f, "b", "1", 15, 50, false), 50);
    assert_int_equal(report(f, "a", "1", 20, 1700, false), 700);
    assert_int_equal(event_i64(&f->e, EVENT_F_SOURCE_PACKETS, -1), 7);
    assert_int_equal(event_i64(&f->e, EVENT_F_DESTINATION_BYTES, -1), 1400);
    assert_int_equal(event_i64(&f->e, EVENT_F_NETWORK_BYTES, -1), 2100);
    assert_int_equal(event_i64(&f->e, EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL, -1), 1700);
    assert_int_equal(report(f, "a", "1", 30, 1700, true), 0);
    /* After its last report the same name is another flow. */
    assert_int_equal(report(f, "a", "1", 40, 80, false), 80);
    assert_int_equal(f->counts.differences, 6);
    assert_int_equal(f->counts.flows_forgotten, 0);
}

static void an_older_report_adds_nothing(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(report(f, "a", "1", 30, 3000, false), 3000);
    assert_int_equal(report(f, "a", "1", 20, 2000, false), 0);
    assert_int_equal(report(f, "a", "1", 40, 3500, false), 500);
}

/* Reports that were not kept come again as if for the first time, whatever they changed. */
static void what_was_not_kept_comes_again(void **state)
{
    struct fixture *f = *state;
    report(f, "a", "1", 10, 1000, false);
    report(f, "a", "2", 10, 500, false);
    report(f, "b", "3", 10, 500, false);
    for (int round = 0; round < 3; round++) {
        ingest_delta_mark(f->d);
        assert_int_equal(report(f, "a", "1", 20, 1700, false), 700);
        assert_int_equal(report(f, "a", "1", 30, 1800, true), 100);
        assert_int_equal(report(f, "a", "1", 40, 50, false), 50);
        assert_int_equal(report(f, "a", "2", 20, 501, false), 1);
        /* It is thought to report differences. */
        assert_int_equal(report(f, "b", "3", 20, 400, false), 400);
        assert_int_equal(report(f, "b", "3", 30, 700, false), 700);
        if (round < 2)
            ingest_delta_rewind(f->d);
    }
    ingest_delta_keep(f->d);
    ingest_delta_rewind(f->d);
    assert_int_equal(report(f, "a", "1", 50, 60, false), 10);
    assert_int_equal(report(f, "b", "3", 50, 700, false), 700);
}

static void an_agent_that_reports_differences_is_believed(void **state)
{
    struct fixture *f = *state;
    assert_int_equal(report(f, "a", "1", 10, 1000, false), 1000);
    assert_int_equal(report(f, "a", "1", 20, 400, false), 400);
    assert_int_equal(report(f, "a", "1", 30, 1000, false), 1000);
    assert_int_equal(report(f, "a", "2", 30, 70, false), 70);
    assert_int_equal(report(f, "b", "1", 30, 70, false), 70);
    assert_int_equal(report(f, "b", "1", 40, 170, false), 100);
}

static void a_full_table_forgets_the_silent(void **state)
{
    struct fixture *f = *state;
    report(f, "a", "1", 10, 100, false);
    report(f, "a", "2", 11, 100, false);
    report(f, "a", "3", 12, 100, false);
    report(f, "a", "1", 13, 150, false);
    report(f, "a", "4", 14, 100, false); /* 2 is gone */
    assert_int_equal(f->counts.flows_forgotten, 1);
    assert_int_equal(report(f, "a", "1", 15, 175, false), 25);
    assert_int_equal(report(f, "a", "3", 15, 130, false), 30);
    assert_int_equal(report(f, "a", "2", 16, 130, false), 130);
    for (int i = 0; i < 1000; i++) {
        char id[20];
        snprintf(id, sizeof(id), "f%d", i % 7);
        report(f, "c", id, 100 + i, 10 * i, i % 11 == 0);
    }
}

static void others_pass(void **state)
{
    struct fixture *f = *state;
    event_init(&f->e, &f->arena, 0);
    event_set_text(&f->e, EVENT_F_AGENT_TYPE, "packetbeat");
    event_set_text(&f->e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    event_set_text(&f->e, EVENT_F_FLOW_ID, "x");
    event_set_i64(&f->e, EVENT_F_WEIR_FLOW_REPORTS, 2); /* our own: differences by design */
    event_set_i64(&f->e, EVENT_F_SOURCE_BYTES, 5);
    assert_false(ingest_delta_apply(f->d, &f->e));
    event_remove(&f->e, EVENT_F_WEIR_FLOW_REPORTS);
    event_set_text(&f->e, EVENT_F_EVENT_DATASET, "network_traffic.dns");
    assert_false(ingest_delta_apply(f->d, &f->e));
    event_set_text(&f->e, EVENT_F_EVENT_DATASET, "flow");
    assert_true(ingest_delta_apply(f->d, &f->e));
    assert_int_equal(event_i64(&f->e, EVENT_F_SOURCE_BYTES, 0), 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(totals_become_differences, setup, teardown),
        cmocka_unit_test_setup_teardown(an_older_report_adds_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_not_kept_comes_again, setup, teardown),
        cmocka_unit_test_setup_teardown(an_agent_that_reports_differences_is_believed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_full_table_forgets_the_silent, setup, teardown),
        cmocka_unit_test_setup_teardown(others_pass, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
