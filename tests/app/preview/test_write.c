/* SPDX-License-Identifier: Apache-2.0 */
#include "app/preview/preview.h"

/* The table of a preview of two hours; per_day: what is wished. */
static void table(double per_day, bool events, struct buf *out)
{
    struct preview_settings s = preview_settings();
    s.per_day = per_day;
    struct preview *p = preview_begin(&s);
    if (events)
        preview_hours(p);
    assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
    buf_clear(out);
    preview_table(p, out);
    assert_true(buf_ok(out));
    preview_free(p);
}

static void assert_says(const struct buf *text, const char *what)
{
    if (strstr(buf_text(text), what) == NULL)
        fail_msg("\"%s\" is not in\n%s", what, buf_text(text));
}

static void test_table(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text);
    table(0, true, &text);
    assert_says(&text, "job tiny, 2023-11-15 00:00 to 2023-11-15 02:00 UTC: 5308 events in buckets "
                       "of 1m\n");
    assert_says(&text, "learning time, counted apart: to 2023-11-15 01:00; judged: 1.0 hours\n");
    assert_says(&text, "\nTHRESHOLD   ALERTS    A DAY  BUCKETS  EPISODES  LEARNING\n"
                       "       25        3    72.00        3         2         1\n");
    assert_says(&text, "At 75 there would have been ");
    assert_says(&text, "--alerts-per-day N finds");
    assert_says(&text, "less than a day judged");
    assert_says(&text, "The worst, by score:\n");
    assert_says(&text, "  2023-11-15 01:00 to 01:01 UTC: 900 events came, against ");
    buf_release(&text);
}

static void test_wish(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text);
    table(1000, true, &text);
    assert_says(&text, "Every threshold keeps within 1000 alerts a day");
    table(50, true, &text); /* two an hour are 48 */
    assert_says(&text, "keeps within 50 alerts a day: there would have been 48.00, and at ");
    assert_says(&text, "already 72.00.");
    table(20, true, &text); /* one threshold more stands between 90 and the end */
    assert_says(&text, "keeps within 20 alerts a day: there would have been 0.00, and at ");
    buf_release(&text);
}

/* The threshold found is the least that keeps within: the one below does not. */
static void test_wished_threshold(void **state)
{
    (void)state;
    struct preview_settings s = preview_settings();
    s.per_day = 30; /* one an hour */
    struct preview *p = preview_begin(&s);
    preview_hours(p);
    assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
    struct format_node *r = preview_report(p);
    const struct format_node *wished = format_node_get(r, "wished");
    int64_t t = format_node_int(format_node_get(wished, "threshold"), 0);
    assert_true(format_node_int(format_node_get(wished, "alerts"), -1) <= 1);
    size_t above = 0;
    const struct format_node *worst = format_node_get(r, "worst");
    for (size_t i = 0; i < format_node_count(worst); i++) {
        const struct format_node *record = format_node_get(format_node_at(worst, i), "record");
        above += format_node_num(format_node_get(record, "record_score"), 0) >= (double)t - 1;
        const char *reason =
            format_node_str(format_node_get(format_node_at(worst, i), "reason"), "");
        assert_non_null(strstr(reason, " events came"));
    }
    assert_true(t > 1 && above >= 1);
    format_node_free(r);
    preview_free(p);
}

static void test_nothing_to_tell(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text);
    table(3, false, &text);
    assert_string_equal(buf_text(&text), "The history at hand has no event that the job takes: "
                                         "there is nothing to preview.\n");
    const struct preview_settings s = preview_settings();
    struct preview *p = preview_begin(&s);
    preview_minute(p, 0, 20);
    assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
    buf_clear(&text);
    preview_table(p, &text);
    assert_says(&text, "All of the history at hand is learning time");
    struct format_node *r = preview_report(p);
    assert_true(format_node_num(format_node_get(r, "days_judged"), -1) == 0);
    assert_true(preview_number(r, 25, "alerts_per_day") == 0);
    format_node_free(r);
    preview_free(p);
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_wish),
                                       cmocka_unit_test(test_wished_threshold),
                                       cmocka_unit_test(test_nothing_to_tell)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
