/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/job.h"

#include "help.h"

static enum err parse(const char *text, struct detect_job **out, struct err_text *why)
{
    return detect_job_parse(text, strlen(text), "job.json", NULL, 0, out, why);
}

/* A job of one detector given as JSON members. */
static enum err parse_detector(const char *detector, struct err_text *why)
{
    char text[1024];
    struct detect_job *job = NULL;
    snprintf(text, sizeof(text), "{\"analysis_config\":{\"detectors\":[{%s}]}}", detector);
    enum err e = parse(text, &job, why);
    detect_job_free(job);
    return e;
}

static void test_whole_job(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"job_id\":\"dns_tunneling_ea\",\"description\":\"d\",\"groups\":[\"security\",\"dns\"],"
        "\"allow_lazy_open\":true,\"analysis_config\":{\"bucket_span\":\"15m\",\"latency\":\"30s\","
        "\"detectors\":[{\"detector_description\":\"x\",\"function\":\"high_info_content\","
        "\"field_name\":\"dns.question.name\",\"over_field_name\":\"dns_question_etld\","
        "\"detector_index\":0,\"custom_rules\":[{\"actions\":[\"skip_result\"],\"conditions\":["
        "{\"applies_to\":\"actual\",\"operator\":\"lt\",\"value\":350}]}]}],"
        "\"influencers\":[\"destination.ip\",\"host.name\"],\"model_prune_window\":\"30d\"},"
        "\"analysis_limits\":{\"model_memory_limit\":\"256mb\",\"categorization_examples_limit\":4}"
        ","
        "\"data_description\":{\"time_field\":\"@timestamp\",\"time_format\":\"epoch_ms\"},"
        "\"model_plot_config\":{\"enabled\":false},"
        "\"custom_settings\":{\"created_by\":\"x\",\"any\":[1]}}");
    assert_string_equal(job->id, "dns_tunneling_ea");
    assert_int_equal(job->bucket_span_ns, 15 * TIME_MIN);
    assert_int_equal(job->latency_ns, 30 * TIME_S);
    assert_int_equal(job->memory_limit, 256 << 20);
    assert_int_equal(job->n_detectors, 1);
    assert_int_equal(job->detectors[0].function->side, DETECT_HIGH);
    assert_int_equal(job->detectors[0].n_rules, 1);
    assert_true(job->detectors[0].rules[0].skip_result);
    assert_true(job->detectors[0].rules[0].conditions[0].value == 350);
    assert_int_equal(job->time_format, DETECT_TIME_EPOCH_MS);
    assert_false(job->model_plot);
    assert_int_equal(job->n_notes, 0);
    assert_string_equal(job->custom_settings, "{\"created_by\":\"x\",\"any\":[1]}");
    detect_job_free(job);
}

static void test_defaults(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]}}");
    assert_int_equal(job->bucket_span_ns, 5 * TIME_MIN);
    assert_int_equal(job->prune_window_ns, 30 * TIME_DAY);
    assert_int_equal(job->memory_limit, 1 << 30);
    assert_string_equal(job->time_field, "time");
    assert_string_equal(job->detectors[0].description, "count");
    detect_job_free(job);
}

static void test_unknown_keys_are_noted(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"colour\":1,\n\"analysis_config\":{\"detectors\":[{\"function\":\"count\",\"x\":2}]}}");
    assert_int_equal(job->n_notes, 2);
    assert_non_null(strstr(job->notes[0], "job.json:2"));
    assert_non_null(strstr(job->notes[0], " x "));
    assert_non_null(strstr(job->notes[1], "colour"));
    detect_job_free(job);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *detector;
        enum err code;
        const char *says;
    } cases[] = {
        {"\"function\":\"hgih_count\"", ERR_INVALID, "hgih_count"},
        {"\"x\":1", ERR_INVALID, "needs a function"},
        {"\"function\":\"sum\"", ERR_INVALID, "needs field_name"},
        {"\"function\":\"count\",\"field_name\":\"a\"", ERR_INVALID, "takes no field_name"},
        {"\"function\":\"rare\"", ERR_INVALID, "needs by_field_name"},
        {"\"function\":\"non_zero_count\",\"over_field_name\":\"a\"", ERR_INVALID,
         "takes no over_field_name"},
        {"\"function\":\"median\"", ERR_INVALID, "needs field_name"},
        {"\"function\":\"metric\"", ERR_INVALID, "needs field_name"},
        {"\"function\":\"metric\",\"field_name\":\"a\",\"custom_rules\":[{\"conditions\":[{"
         "\"applies_to\":\"actual\",\"operator\":\"gt\",\"value\":1}]}]",
         ERR_INVALID, "may only apply to \"time\""},
        {"\"function\":\"high_varp\"", ERR_INVALID, "needs field_name"},
        {"\"function\":\"time_of_day\",\"field_name\":\"a\"", ERR_INVALID, "takes no field_name"},
        {"\"function\":\"lat_long\"", ERR_INVALID, "needs field_name"},
        {"\"function\":\"lat_long\",\"field_name\":\"a\",\"custom_rules\":[{\"conditions\":[{"
         "\"applies_to\":\"typical\",\"operator\":\"gt\",\"value\":1}]}]",
         ERR_INVALID, "may only apply to \"time\""},
        {"\"function\":\"freq_rare\",\"by_field_name\":\"a\"", ERR_INVALID,
         "needs over_field_name"},
        {"\"function\":\"count\",\"by_field_name\":\"a\",\"partition_field_name\":\"a\"",
         ERR_INVALID, "different fields"},
        {"\"function\":\"sum\",\"field_name\":\"a\\\"b\"", ERR_INVALID, "double quote"},
        {"\"function\":\"rare\",\"by_field_name\":\"a\",\"exclude_frequent\":\"by\"", ERR_INVALID,
         "takes no exclude_frequent"},
        {"\"function\":\"count\",\"exclude_frequent\":\"over\"", ERR_INVALID,
         "needs by_field_name or over_field_name"},
        {"\"function\":\"count\",\"custom_rules\":[{}]", ERR_INVALID, "a condition or a scope"},
        {"\"function\":\"count\",\"partition_field_name\":\"a\",\"custom_rules\":[{\"scope\":"
         "{\"a\":{\"filter_id\":\"f\"}}}]",
         ERR_UNSUPPORTED, "no filter of that id"},
        {"\"function\":\"rare\",\"by_field_name\":\"a\",\"custom_rules\":[{\"conditions\":[{"
         "\"applies_to\":\"actual\",\"operator\":\"lt\",\"value\":1}]}]",
         ERR_INVALID, "only apply to \"time\""},
        {"\"function\":\"count\",\"detector_index\":1", ERR_INVALID, "detector_index"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_text why = {0};
        assert_int_equal(parse_detector(cases[i].detector, &why), cases[i].code);
        if (strstr(why.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].detector, why.message);
        assert_string_equal(why.file, "job.json");
    }
}

static void test_bad_jobs(void **state)
{
    (void)state;
    static const char *const jobs[] = {
        "[]",
        "{}",
        "{\"analysis_config\":{\"detectors\":[]}}",
        "{\"job_id\":\"Bad\",\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]}}",
        "{\"analysis_config\":{\"bucket_span\":\"5x\",\"detectors\":[{\"function\":\"count\"}]}}",
        "{\"analysis_config\":{\"bucket_span\":\"500ms\",\"detectors\":[{\"function\":\"count\"}]}"
        "}",
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"},{\"function\":\"count\"}]}}",
        "{\"analysis_limits\":{\"model_memory_limit\":\"1kb\"},\"analysis_config\":{\"detectors\":["
        "{"
        "\"function\":\"count\"}]}}",
        "{\"data_description\":{\"time_format\":\"dd/MM/yy\"},\"analysis_config\":{\"detectors\":[{"
        "\"function\":\"count\"}]}}",
        "{\"analysis_config\":{\"influencers\":[\"a\",\"a\"],\"detectors\":[{\"function\":"
        "\"count\"}"
        "]}}",
        "{\"analysis_config\":{\"categorization_field_name\":\"m\",\"detectors\":[{\"function\":"
        "\"count\"}]}}",
        "{",
    };
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        struct detect_job *job = NULL;
        struct err_text why = {0};
        assert_int_not_equal(parse(jobs[i], &job, &why), ERR_NONE);
        assert_null(job);
        assert_true(why.message[0] != '\0');
    }
}

static void test_base_id(void **state)
{
    (void)state;
    char out[DETECT_JOB_ID_MAX + 1];
    detect_job_base_id("dns_tunneling_ea", out);
    assert_string_equal(out, "dns_tunneling");
    detect_job_base_id("dns_tunneling_euid", out);
    assert_string_equal(out, "dns_tunneling");
    detect_job_base_id("dns_tunneling", out);
    assert_string_equal(out, "dns_tunneling");
    detect_job_base_id("_ea", out);
    assert_string_equal(out, "_ea");
}

static void test_bytes(void **state)
{
    (void)state;
    uint64_t n = 0;
    assert_true(detect_job_bytes("32mb", 4, &n) && n == 32 << 20);
    assert_true(detect_job_bytes("1GB", 3, &n) && n == 1 << 30);
    assert_true(detect_job_bytes("1048576b", 8, &n) && n == 1048576);
    assert_true(detect_job_bytes("77", 2, &n) && n == 77);
    assert_false(detect_job_bytes("mb", 2, &n));
    assert_false(detect_job_bytes("1xb", 3, &n));
    assert_false(detect_job_bytes("99999999999tb", 13, &n));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole_job),
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_unknown_keys_are_noted),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_bad_jobs),
        cmocka_unit_test(test_base_id),
        cmocka_unit_test(test_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
