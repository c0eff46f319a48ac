/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/aggs.h"

#include "cmocka_head.h"
#include "detect/feed.h"
#include "detect/filter.h"
#include "detect/job.h"

#include <stdio.h>
#include <string.h>

#define MAX_TIME "\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}}"
#define HISTOGRAM(more) "\"date_histogram\":{\"field\":\"@timestamp\"," more "}"
#define MINUTES HISTOGRAM("\"fixed_interval\":\"60000ms\"")
#define UNTIL(below) "{\"aggregations\":{\"buckets\":{" MINUTES ",\"aggs\":{" below "}}}}"

static enum err parse(const char *text, struct detect_feed **out, struct err_text *why)
{
    return detect_feed_parse(text, strlen(text), "feed.json", out, why);
}

static void assert_names(const struct detect_feed *f, const char *const *names, size_t n)
{
    assert_non_null(f->aggs);
    assert_int_equal(f->aggs->n_names, n);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(f->aggs->names[i], names[i]);
}

static void test_forms(void **state)
{
    static const char *const nested[] = {"@timestamp", "doc_count", "airline", "responsetime"};
    static const char *const sources[] = {"airline", "@timestamp", "doc_count", "bytes"};
    struct detect_feed *f = NULL;
    struct err_text why = {0};
    (void)state;
    assert_int_equal(parse(UNTIL(MAX_TIME ",\"airline\":{\"terms\":{\"field\":\"airline\",\"size\":"
                                          "100},\"aggregations\":{\"responsetime\":{\"avg\":{"
                                          "\"field\":\"responsetime\"}}}}"),
                           &f, &why),
                     ERR_NONE);
    assert_names(f, nested, 4);
    assert_int_equal(f->aggs->interval_ns, TIME_MIN);
    assert_string_equal(f->aggs->time_field, "@timestamp");
    assert_int_equal(f->n_notes, 0);
    assert_int_equal(detect_feed_frequency(f, 15 * TIME_MIN), 7 * TIME_MIN);
    assert_int_equal(detect_feed_frequency(f, 30 * TIME_S), TIME_MIN);
    detect_feed_free(f);

    f = NULL;
    assert_int_equal(
        parse("{\"aggs\":{\"only\":{\"filter\":{\"term\":{\"a\":\"b\"}},\"aggs\":{\"b\":{"
              "\"composite\":{\"size\":100,\"sources\":[{\"airline\":{\"terms\":{\"field\":"
              "\"airline\"}}},{\"date\":{\"date_histogram\":{\"field\":\"@timestamp\","
              "\"calendar_interval\":\"hour\",\"time_zone\":\"UTC\"}}}]},\"aggs\":{" MAX_TIME
              ",\"some\":{\"missing\":{\"field\":\"c\"},\"aggs\":{\"bytes\":{\"sum\":{\"field\":"
              "\"bytes\"}}}}}}}}}}",
              &f, &why),
        ERR_NONE);
    assert_names(f, sources, 4);
    assert_int_equal(f->aggs->interval_ns, TIME_HOUR);
    assert_true(detect_aggs_has(f->aggs, "bytes"));
    assert_false(detect_aggs_has(f->aggs, "some"));
    detect_feed_free(f);
}

static void test_refusals(void **state)
{
    static const struct {
        const char *text;
        enum err code;
        const char *says;
    } cases[] = {
        {"{\"aggregations\":{}}", ERR_INVALID, "must begin with one"},
        {"{\"aggregations\":7}", ERR_INVALID, "must begin with one"},
        {"{\"aggs\":{\"a\":{}}}", ERR_INVALID, "does not say what it is"},
        {"{\"aggs\":{\"a\":{\"terms\":{\"field\":\"x\"}}}}", ERR_INVALID, "stands above"},
        {"{\"aggs\":{\"a\":{\"geohash_grid\":{}}}}", ERR_UNSUPPORTED, "geohash_grid"},
        {"{\"aggs\":{\"a\":{\"avg\":{},\"sum\":{}}}}", ERR_INVALID, "must have one object"},
        {UNTIL(""), ERR_INVALID, "no max of @timestamp"},
        {UNTIL("\"@timestamp\":{\"min\":{\"field\":\"@timestamp\"}}"), ERR_INVALID,
         "must be the max"},
        {UNTIL(MAX_TIME ",\"p\":{\"percentiles\":{\"field\":\"b\"}}"), ERR_INVALID, "percents"},
        {UNTIL(MAX_TIME ",\"a\":{\"terms\":{\"field\":\"a\"}},\"b\":{\"terms\":{\"field\":\"b\"}}"),
         ERR_INVALID, "two terms"},
        {UNTIL(MAX_TIME ",\"a\":{\"sum\":{\"field\":\"a\"}},\"f\":{\"filter\":{},\"aggs\":{\"a\":{"
                        "\"sum\":{\"field\":\"a\"}}}}"),
         ERR_INVALID, "are called a"},
        {UNTIL(MAX_TIME ",\"doc_count\":{\"sum\":{\"field\":\"a\"}}"), ERR_INVALID, "doc_count"},
        {UNTIL(MAX_TIME ",\"again\":{" MINUTES "}"), ERR_INVALID, "second histogram"},
        {"{\"aggs\":{\"b\":{" HISTOGRAM("\"calendar_interval\":\"month\"") "}}}", ERR_INVALID,
         "one length"},
        {"{\"aggs\":{\"b\":{" HISTOGRAM("\"fixed_interval\":\"0s\"") "}}}", ERR_INVALID,
         "fixed_interval"},
        {"{\"aggs\":{\"b\":{" HISTOGRAM("\"format\":\"epoch_millis\"") "}}}", ERR_INVALID,
         "needs fixed_interval"},
        {"{\"aggs\":{\"b\":{" HISTOGRAM("\"fixed_interval\":\"1m\",\"time_zone\":\"+02:00\"") "}}}",
         ERR_INVALID, "UTC"},
        {"{\"aggs\":{\"b\":{" HISTOGRAM("\"fixed_interval\":\"1m\",\"offset\":\"5s\"") "}}}",
         ERR_UNSUPPORTED, "offset"},
        {"{\"aggs\":{\"b\":{\"date_histogram\":{\"field\":\"event.created\",\"fixed_interval\":"
         "\"1m\"}}}}",
         ERR_UNSUPPORTED, "event.created"},
        {"{\"aggs\":{\"b\":{\"composite\":{\"sources\":[{\"a\":{\"terms\":{\"field\":\"a\"}}}]}}}}",
         ERR_INVALID, "needs a source"},
        {"{\"aggs\":{\"b\":{\"composite\":{\"sources\":[7]}}}}", ERR_INVALID, "such as"},
        {"{\"aggs\":{},\"aggregations\":{}}", ERR_INVALID, "either"},
        {"{\"aggs\":{\"b\":{" MINUTES ",\"aggregations\":{" MAX_TIME
         "},\"aggs\":{\"f\":{\"filters\":{\"filters\":{}}}}}}}",
         ERR_INVALID, "either"},
        {"{\"aggs\":{},\"script_fields\":{\"dns_question_etld\":{\"script\":\"x\"}}}",
         ERR_UNSUPPORTED, "script"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct detect_feed *f = NULL;
        struct err_text why = {0};
        assert_int_equal(parse(cases[i].text, &f, &why), cases[i].code);
        assert_null(f);
        if (strstr(why.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, why.message);
    }
}

static void test_fit(void **state)
{
    static const struct {
        const char *job;  /* besides bucket_span */
        const char *span; /* of buckets */
        const char *feed; /* besides aggregations */
        const char *says; /* NULL: it fits */
    } cases[] = {
        {"\"summary_count_field_name\":\"doc_count\"", "15m", "\"frequency\":\"5m\"", NULL},
        {"\"summary_count_field_name\":\"bytes\"", "15m", "\"frequency\":\"5m\"", NULL},
        {"\"latency\":\"0s\"", "15m", "\"frequency\":\"5m\"", "summary_count_field_name"},
        {"\"summary_count_field_name\":\"other\"", "15m", "\"frequency\":\"5m\"", "other"},
        {"\"summary_count_field_name\":\"doc_count\"", "90s", "\"frequency\":\"5m\"",
         "bucket_span"},
        {"\"summary_count_field_name\":\"doc_count\"", "15m", "\"frequency\":\"90s\"", "frequency"},
        {"\"summary_count_field_name\":\"doc_count\",\"influencers\":[\"host\"]", "15m",
         "\"frequency\":\"5m\"", NULL},
    };
    char text[1000];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct detect_feed *f = NULL;
        struct detect_job *job = NULL;
        struct err_text why = {0};
        int n = snprintf(text, sizeof(text),
                         "{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"%s\",%s,"
                         "\"detectors\":[{\"function\":\"sum\",\"field_name\":\"bytes\"}]},"
                         "\"data_description\":{\"time_field\":\"@timestamp\"}}",
                         cases[i].span, cases[i].job);
        assert_int_equal(detect_job_parse(text, (size_t)n, "job", NULL, 0, &job, &why), ERR_NONE);
        snprintf(text, sizeof(text),
                 "{%s,\"aggs\":{\"b\":{" MINUTES ",\"aggs\":{" MAX_TIME
                 ",\"bytes\":{\"sum\":{\"field\":\"source.bytes\"}}}}}}",
                 cases[i].feed);
        assert_int_equal(parse(text, &f, &why), ERR_NONE);
        assert_int_equal(detect_feed_fits(f, job, &why),
                         cases[i].says == NULL ? ERR_NONE : ERR_INVALID);
        if (cases[i].says != NULL)
            assert_non_null(strstr(why.message, cases[i].says));
        detect_feed_free(f);
        detect_job_free(job);
    }
}

static void test_fields_of_detectors(void **state)
{
    static const char job_text[] =
        "{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"15m\","
        "\"summary_count_field_name\":\"doc_count\",\"detectors\":[{\"function\":\"mean\","
        "\"field_name\":\"bytes\",\"partition_field_name\":\"host.name\"}]},"
        "\"data_description\":{\"time_field\":\"%s\"}}";
    static const char feed_text[] =
        UNTIL(MAX_TIME ",\"bytes\":{\"avg\":{\"field\":\"source.bytes\"}}");
    static const struct {
        const char *time_field, *says;
    } cases[] = {{"@timestamp", "host.name"}, {"time", "time_field"}};
    char text[1000];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct detect_feed *f = NULL;
        struct detect_job *job = NULL;
        struct err_text why = {0};
        int n = snprintf(text, sizeof(text), job_text, cases[i].time_field);
        assert_int_equal(detect_job_parse(text, (size_t)n, "job", NULL, 0, &job, &why), ERR_NONE);
        assert_int_equal(parse(feed_text, &f, &why), ERR_NONE);
        assert_int_equal(detect_feed_fits(f, job, &why), ERR_INVALID);
        assert_non_null(strstr(why.message, cases[i].says));
        detect_feed_free(f);
        detect_job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_fields_of_detectors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
