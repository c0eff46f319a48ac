/* SPDX-License-Identifier: Apache-2.0 */
#include "app/preview/preview.h"

#include "detect/calendar.h"

#include <math.h>

/* The alerts are those of a rule: one a record; in buckets and episodes; learning apart. */
static void test_counts(void **state)
{
    (void)state;
    const struct preview_settings s = preview_settings();
    struct preview *p = preview_begin(&s);
    preview_hours(p);
    assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
    struct format_node *r = preview_report(p);
    assert_true(preview_number(r, 25, "alerts") == 3);
    assert_true(preview_number(r, 25, "buckets") == 3);
    assert_true(preview_number(r, 25, "episodes") == 2);
    assert_true(preview_number(r, 25, "alerts_while_learning") == 1);
    assert_true(fabs(preview_number(r, 25, "alerts_per_day") - 3 * 24) < 1e-9);
    assert_string_equal(format_node_str(format_node_get(r, "learned_until"), ""),
                        "2023-11-15T01:00:00.000Z");
    assert_string_equal(format_node_str(format_node_get(r, "to"), ""), "2023-11-15T02:00:00.000Z");
    assert_int_equal(format_node_count(format_node_get(r, "worst")), 3);
    double before = 101;
    for (size_t i = 0; i < 3; i++) {
        const struct format_node *record =
            format_node_get(format_node_at(format_node_get(r, "worst"), i), "record");
        double score = format_node_num(format_node_get(record, "record_score"), -1);
        assert_true(score <= before && score >= 25);
        before = score;
    }
    format_node_free(r);
    preview_free(p);
}

/* Two detectors that see one spike make two records, and so two alerts, of one bucket. */
static void test_two_records_of_a_bucket(void **state)
{
    (void)state;
    static const char job[] =
        "{\"job_id\": \"two\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
        "[{\"function\": \"high_count\", \"by_field_name\": \"event.category\"}, "
        "{\"function\": \"high_count\", \"partition_field_name\": \"event.dataset\"}]}, "
        "\"data_description\": {\"time_field\": \"@timestamp\"}}";
    struct preview_settings s = preview_settings();
    s.job = job;
    s.job_n = strlen(job);
    s.feed = NULL;
    struct preview *p = preview_begin(&s);
    preview_hours(p);
    assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
    struct format_node *r = preview_report(p);
    assert_true(preview_number(r, 25, "alerts") == 6);
    assert_true(preview_number(r, 25, "buckets") == 3);
    assert_true(preview_number(r, 25, "episodes") == 2);
    assert_int_equal(format_node_count(format_node_get(r, "worst")), 5);
    format_node_free(r);
    preview_free(p);
}

/* Without an end that is known, three days and at least twenty buckets are learning time. */
static void test_learning_time(void **state)
{
    (void)state;
    static const struct {
        const char *span;
        ts_ns last;
        ts_ns learn;
    } cases[] = {
        {"1m", TIME_NONE, 3 * TIME_DAY},
        {"6h", TIME_NONE, 5 * TIME_DAY},
        {"1m", HELP_BASE + 30 * TIME_DAY, 3 * TIME_DAY},
        {"1h", HELP_BASE + 3 * TIME_DAY - 1, 36 * TIME_HOUR},
        {"6h", HELP_BASE, 0},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char job[256], wanted[TIME_TEXT_SIZE];
        struct preview_settings s = preview_settings();
        s.job_n = (size_t)snprintf(job, sizeof(job),
                                   "{\"job_id\":\"x\",\"analysis_config\":{\"bucket_span\":\"%s\","
                                   "\"detectors\":[{\"function\":\"count\"}]}}",
                                   cases[i].span);
        s.job = job;
        struct preview *p = preview_begin(&s);
        if (cases[i].last != TIME_NONE)
            preview_expect(p, cases[i].last);
        preview_minute(p, 0, 1);
        assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
        struct format_node *r = preview_report(p);
        time_format_iso(HELP_BASE + cases[i].learn, wanted);
        assert_string_equal(format_node_str(format_node_get(r, "learned_until"), ""), wanted);
        format_node_free(r);
        preview_free(p);
    }
}

/* Only what the datafeed and the times take; the end of what has come ends the time judged. */
static void test_what_is_taken(void **state)
{
    (void)state;
    struct preview_settings s = preview_settings();
    s.from = HELP_BASE + 10 * TIME_MIN;
    s.to = HELP_BASE + 50 * TIME_MIN;
    struct preview *p = preview_begin(&s);
    preview_expect(p, s.to);
    for (unsigned m = 0; m < PREVIEW_MINUTES; m++)
        preview_minute(p, m, preview_count(m));
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    help_event(&e, &arena, s.from, 1);
    assert_true(preview_wants(p, &e));
    event_set_text(&e, EVENT_F_EVENT_CATEGORY, "file");
    assert_false(preview_wants(p, &e));
    event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
    s.feed = "{\"indices\":[\"metrics-*\"]}";
    s.feed_n = strlen(s.feed);
    struct preview *other = preview_begin(&s);
    assert_false(preview_wants(other, &e));
    preview_free(other);
    /* As the files of packages have it. */
    s.feed = "{\"indices\":[\"INDEX_PATTERN_NAME\"],\"job_id\":\"JOB_ID\"}";
    s.feed_n = strlen(s.feed);
    other = preview_begin(&s);
    assert_true(preview_wants(other, &e));
    preview_free(other);
    arena_release(&arena);
    assert_int_equal(preview_finish(p, s.to + 10 * TIME_MIN), ERR_NONE);
    struct format_node *r = preview_report(p);
    assert_string_equal(format_node_str(format_node_get(r, "from"), ""),
                        "2023-11-15T00:10:00.000Z");
    assert_string_equal(format_node_str(format_node_get(r, "to"), ""), "2023-11-15T01:00:00.000Z");
    /* The spike of minute 30 stands right after the half. */
    assert_true(preview_number(r, 50, "alerts") == 1);
    format_node_free(r);
    preview_free(p);
}

/* In the buckets of a calendar's event nothing is said. */
static void test_calendars(void **state)
{
    (void)state;
    static const char text[] =
        "{\"calendar_id\":\"c\",\"job_ids\":[\"_all\"],\"events\":[{\"description\":\"d\","
        "\"start_time\":\"2023-11-15T00:59:00Z\",\"end_time\":\"2023-11-15T01:03:00Z\"}]}";
    struct detect_calendars calendars = {0};
    HELP_OK(detect_calendars_parse(&calendars, text, strlen(text), "c.json", &help_why));
    struct preview_settings s = preview_settings();
    s.calendars = &calendars;
    struct preview *p = preview_begin(&s);
    detect_calendars_release(&calendars);
    preview_hours(p);
    assert_int_equal(preview_finish(p, TIME_MAX), ERR_NONE);
    struct format_node *r = preview_report(p);
    assert_true(preview_number(r, 25, "alerts") == 1);
    assert_true(preview_number(r, 25, "alerts_while_learning") == 1);
    format_node_free(r);
    preview_free(p);
}

static void test_mistakes(void **state)
{
    (void)state;
    struct preview_settings s = preview_settings();
    struct preview *p = NULL;
    struct err_text why;
    s.job = "{\"job_id\":\"x\"}";
    s.job_n = strlen(s.job);
    assert_int_equal(preview_new(&s, &p, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "analysis_config"));
    s = preview_settings();
    s.feed = "[]";
    s.feed_n = 2;
    assert_int_equal(preview_new(&s, &p, &why), ERR_INVALID);
    assert_null(p);
    preview_free(NULL);

    static const char *const wishes[] = {"0", "-1", "many", "1e9", "nan", "", "3 "};
    for (size_t i = 0; i < sizeof(wishes) / sizeof(wishes[0]); i++)
        assert_int_equal(preview_read(&s, NULL, NULL, wishes[i], 0, &why), ERR_INVALID);
    assert_int_equal(preview_read(&s, "yesterday", NULL, NULL, 0, &why), ERR_INVALID);
    HELP_OK(preview_read(&s, "now-1h", "2023-11-15", "0.5", HELP_BASE, &why));
    assert_true(s.from == HELP_BASE - TIME_HOUR && s.to == HELP_BASE && s.per_day == 0.5);
}

/* A job without an id has its file's name. */
static void test_names(void **state)
{
    (void)state;
    static const char *const files[][2] = {{"/a/b/my_job.json", "my_job"},
                                           {"my-job.v2.json", "my-job"},
                                           {"My Job.json", "job"},
                                           {"/a/.json", "job"},
                                           {"", "job"}};
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        struct preview_settings s = preview_settings();
        s.job = "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]}}";
        s.job_n = strlen(s.job);
        s.job_file = files[i][0];
        struct preview *p = preview_begin(&s);
        struct format_node *r = preview_report(p);
        assert_string_equal(format_node_str(format_node_get(r, "job_id"), ""), files[i][1]);
        format_node_free(r);
        preview_free(p);
    }
}

static void test_notes(void **state)
{
    (void)state;
    struct preview_settings s = preview_settings();
    s.job = "{\"job_id\":\"x\",\"odd\":1,\"analysis_config\":{\"detectors\":[{\"function\":"
            "\"count\"}]}}";
    s.job_n = strlen(s.job);
    struct preview *p = preview_begin(&s);
    assert_non_null(strstr(preview_note(p, 0), "odd"));
    assert_null(preview_note(p, 1));
    preview_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts),        cmocka_unit_test(test_two_records_of_a_bucket),
        cmocka_unit_test(test_learning_time), cmocka_unit_test(test_what_is_taken),
        cmocka_unit_test(test_calendars),     cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_names),         cmocka_unit_test(test_notes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
