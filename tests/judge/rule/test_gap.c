/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/gap.h"

#include "base/buf.h"
#include "base/rng.h"
#include "cmocka_head.h"
#include "format/write.h"

#include <string.h>

#define AT(n) ((n)*TIME_MIN)

static bool fill(struct rule_gap *g, ts_ns from, ts_ns to)
{
    bool changed;
    assert_int_equal(rule_gap_fill(g, (struct rule_range){AT(from), AT(to)}, &changed), ERR_NONE);
    return changed;
}

static void spans_come_together(void **state)
{
    (void)state;
    struct rule_gap g;
    rule_gap_init(&g, (struct rule_range){AT(10), AT(70)});
    assert_int_equal(rule_gap_state(&g), RULE_GAP_UNFILLED);
    assert_false(fill(&g, 0, 10));
    assert_false(fill(&g, 70, 90));
    assert_true(fill(&g, 20, 30));
    assert_true(fill(&g, 40, 50));
    assert_int_equal(g.filled_n, 2);
    assert_int_equal(rule_gap_state(&g), RULE_GAP_PARTIALLY_FILLED);
    assert_false(fill(&g, 22, 28));
    assert_true(fill(&g, 30, 40));
    assert_int_equal(g.filled_n, 1);
    assert_int_equal(rule_gap_filled_ns(&g), AT(30));
    assert_true(fill(&g, 0, 90));
    assert_int_equal(rule_gap_state(&g), RULE_GAP_FILLED);
    assert_int_equal(g.filled_n, 1);
    assert_string_equal(rule_gap_state_name(rule_gap_state(&g)), "filled");
    rule_gap_release(&g);
}

static void what_is_left_is_told_in_order(void **state)
{
    (void)state;
    struct rule_gap g;
    struct rule_range left;
    rule_gap_init(&g, (struct rule_range){AT(10), AT(70)});
    assert_true(rule_gap_next_unfilled(&g, AT(0), &left));
    assert_true(left.from == AT(10) && left.to == AT(70));
    fill(&g, 20, 30);
    fill(&g, 40, 70);
    assert_true(rule_gap_next_unfilled(&g, AT(0), &left));
    assert_true(left.from == AT(10) && left.to == AT(20));
    assert_true(rule_gap_next_unfilled(&g, AT(15), &left));
    assert_true(left.from == AT(15) && left.to == AT(20));
    assert_true(rule_gap_next_unfilled(&g, AT(20), &left));
    assert_true(left.from == AT(30) && left.to == AT(40));
    assert_false(rule_gap_next_unfilled(&g, AT(40), &left));
    assert_false(rule_gap_next_unfilled(&g, AT(90), &left));
    rule_gap_release(&g);
}

static void a_document_reads_back(void **state)
{
    (void)state;
    struct rule_gap g;
    struct rule_gap again;
    struct err_text why;
    struct buf one;
    struct buf two;
    struct format_writer w;
    buf_init(&one);
    buf_init(&two);
    rule_gap_init(&g, (struct rule_range){AT(10), AT(70)});
    fill(&g, 20, 30);
    format_write_init(&w, &one);
    rule_gap_write(&g, &w);
    assert_non_null(strstr(buf_text(&one), "\"status\":\"partially_filled\""));
    assert_non_null(strstr(buf_text(&one),
                           "\"unfilled_intervals\":[{\"gte\":\"1970-01-01T00:10:00.000Z\",\"lte\":"
                           "\"1970-01-01T00:20:00.000Z\"},{\"gte\":\"1970-01-01T00:30:00.000Z\","
                           "\"lte\":\"1970-01-01T01:10:00.000Z\"}]"));
    assert_non_null(strstr(buf_text(&one), "\"filled_duration_ms\":600000"));
    assert_int_equal(rule_gap_read(one.p, one.n, &again, &why), ERR_NONE);
    format_write_init(&w, &two);
    rule_gap_write(&again, &w);
    assert_string_equal(buf_text(&one), buf_text(&two));
    rule_gap_release(&again);
    rule_gap_release(&g);
    static const char *const bad[] = {"{}", "{\"range\":{\"gte\":\"x\",\"lte\":\"y\"}}", "[",
                                      ("{\"range\":{\"gte\":\"1970-01-01T00:10:00Z\",\"lte\":"
                                       "\"1970-01-01T00:20:00Z\"},\"filled_intervals\":[1]}")};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(rule_gap_read(bad[i], strlen(bad[i]), &again, &why), ERR_FORMAT);
    buf_release(&one);
    buf_release(&two);
}

/* Against a bit for each minute. */
static void random_spans(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 8);
    for (unsigned round = 0; round < 500; round++) {
        struct rule_gap g;
        bool minute[100] = {false};
        rule_gap_init(&g, (struct rule_range){AT(20), AT(80)});
        for (unsigned i = 0; i < 12; i++) {
            ts_ns from = (ts_ns)rng_below(&rng, 95);
            ts_ns to = from + (ts_ns)rng_below(&rng, 15);
            bool expected = false;
            for (ts_ns m = from; m < to && m < 80; m++) {
                if (m >= 20) {
                    expected |= !minute[m];
                    minute[m] = true;
                }
            }
            assert_int_equal(fill(&g, from, to), expected);
            size_t n = 0;
            for (unsigned m = 20; m < 80; m++)
                n += minute[m];
            assert_int_equal(rule_gap_filled_ns(&g), AT((ts_ns)n));
            for (size_t k = 1; k < g.filled_n; k++)
                assert_true(g.filled[k - 1].to < g.filled[k].from);
        }
        rule_gap_release(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(spans_come_together),
        cmocka_unit_test(what_is_left_is_told_in_order),
        cmocka_unit_test(a_document_reads_back),
        cmocka_unit_test(random_spans),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
