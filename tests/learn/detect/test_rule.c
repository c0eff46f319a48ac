/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/filter.h"
#include "detect/rule_priv.h"

#include "help.h"

static struct detect_filters filters_of(const char *items)
{
    char text[256];
    struct detect_filters set = {0};
    struct err_text why;
    snprintf(text, sizeof(text), "{\"filter_id\":\"safe\",\"items\":[%s]}", items);
    assert_int_equal(detect_filters_parse(&set, text, strlen(text), "f", &why), ERR_NONE);
    return set;
}

static struct detect_job *job_with(const char *rules)
{
    char text[1024];
    struct detect_job *job = NULL;
    struct err_text why = {0};
    struct detect_filters set = filters_of("\"10.*\",\"*.lan\",\"x\",\"*mid*\"");
    snprintf(text, sizeof(text),
             "{\"job_id\":\"j\",\"analysis_config\":{\"detectors\":[{\"function\":\"high_count\","
             "\"over_field_name\":\"ip\",\"custom_rules\":%s}]}}",
             rules);
    assert_int_equal(detect_job_parse(text, strlen(text), "j", set.list, set.n, &job, &why),
                     ERR_NONE);
    detect_filters_release(&set);
    return job;
}

static struct detect_rule_facts facts(double actual, const char *over)
{
    return (struct detect_rule_facts){.actual = actual,
                                      .typical = 10,
                                      .time = 1000 * TIME_S,
                                      .over = bytes_make(over, strlen(over))};
}

static void test_conditions(void **state)
{
    (void)state;
    struct detect_job *job = job_with(
        "[{\"conditions\":[{\"applies_to\":\"actual\",\"operator\":\"lt\",\"value\":350}]},"
        "{\"actions\":[\"skip_model_update\"],\"conditions\":[{\"applies_to\":"
        "\"diff_from_typical\",\"operator\":\"gte\",\"value\":500},{\"applies_to\":\"time\","
        "\"operator\":\"lte\",\"value\":1000}]}]");
    struct detect_rule_facts f = facts(349, "a");
    struct detect_rule_verdict v = detect_rules_apply(&job->detectors[0], &f);
    assert_true(v.skip_result && !v.skip_model_update);
    f = facts(350, "a");
    v = detect_rules_apply(&job->detectors[0], &f);
    assert_true(!v.skip_result && !v.skip_model_update);
    f = facts(510, "a");
    v = detect_rules_apply(&job->detectors[0], &f);
    assert_true(!v.skip_result && v.skip_model_update);
    f.time += TIME_S;
    v = detect_rules_apply(&job->detectors[0], &f);
    assert_false(v.skip_model_update);
    detect_job_free(job);
}

/* Between two buckets that are named, time alone changes no verdict; and none is passed over. */
static void test_until(void **state)
{
    (void)state;
    static const char *const operators[] = {"lt", "lte", "gt", "gte"};
    const ts_ns span = 5 * TIME_MIN;
    struct rng rng;
    rng_init(&rng, 3);
    for (int round = 0; round < 300; round++) {
        struct buf b;
        buf_init(&b);
        buf_str(&b, "[");
        for (int i = 0; i < 3; i++)
            buf_format(&b,
                       "%s{\"actions\":[\"%s\"],\"conditions\":[{\"applies_to\":\"time\","
                       "\"operator\":\"%s\",\"value\":%d}]}",
                       i > 0 ? "," : "", i == 0 ? "skip_result" : "skip_model_update",
                       operators[rng_below(&rng, 4)], (int)rng_below(&rng, 60) * 100 - 600);
        buf_str(&b, "]");
        struct detect_job *job = job_with(buf_text(&b));
        const struct detect_detector *d = &job->detectors[0];
        ts_ns to = 20 * span;
        ts_ns at = 0;
        for (int pieces = 0; at < to; pieces++) {
            ts_ns until = detect_rules_until(d, span, at, to);
            assert_true(until > at && until <= to && until % span == 0);
            assert_true(pieces < 7);
            struct detect_rule_facts f = facts(1, "a");
            f.time = at;
            struct detect_rule_verdict first = detect_rules_apply(d, &f);
            for (; f.time < until; f.time += span) {
                struct detect_rule_verdict v = detect_rules_apply(d, &f);
                assert_true(v.skip_result == first.skip_result &&
                            v.skip_model_update == first.skip_model_update);
            }
            at = until;
        }
        detect_job_free(job);
        buf_release(&b);
    }
}

static void test_scopes(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool in;
    } cases[] = {{"10.1.2.3", true}, {"110.1", false}, {"nas.lan", true}, {"lan", false},
                 {"x", true},        {"xx", false},    {"amidst", true},  {"", false}};
    for (int exclude = 0; exclude < 2; exclude++) {
        struct detect_job *job =
            job_with(exclude != 0 ? "[{\"scope\":{\"ip\":{\"filter_id\":\"safe\",\"filter_type\":"
                                    "\"exclude\"}}}]"
                                  : "[{\"scope\":{\"ip\":{\"filter_id\":\"safe\"}}}]");
        for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
            struct detect_rule_facts f = facts(1, cases[i].value);
            bool skip = detect_rules_apply(&job->detectors[0], &f).skip_result;
            assert_int_equal(skip, cases[i].in != (exclude != 0));
        }
        detect_job_free(job);
    }
}

/* A filter that has changed holds for all scopes that name it, at once; others stay. */
static void test_changed_filter(void **state)
{
    (void)state;
    struct detect_job *job =
        job_with("[{\"scope\":{\"ip\":{\"filter_id\":\"safe\"}}},{\"actions\":["
                 "\"skip_model_update\"],\"scope\":{\"ip\":{\"filter_id\":\"safe\"}}}]");
    struct detect_filters set = filters_of("\"new\"");
    struct detect_rule_facts f = facts(1, "new");
    struct detect_rule_verdict v = detect_rules_apply(&job->detectors[0], &f);
    assert_true(!v.skip_result && !v.skip_model_update);
    assert_true(detect_job_uses_filter(job, "safe"));
    assert_false(detect_job_uses_filter(job, "other"));
    assert_int_equal(detect_job_set_filter(job, set.list[0]), 2);
    detect_filters_release(&set); /* the job has references of its own */
    v = detect_rules_apply(&job->detectors[0], &f);
    assert_true(v.skip_result && v.skip_model_update);
    f = facts(1, "x");
    assert_false(detect_rules_apply(&job->detectors[0], &f).skip_result);
    detect_job_free(job);
    job = job_with("[{\"conditions\":[{\"applies_to\":\"actual\",\"operator\":\"lt\","
                   "\"value\":1}]}]");
    set = filters_of("\"new\"");
    assert_int_equal(detect_job_set_filter(job, set.list[0]), 0);
    detect_filters_release(&set);
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_conditions),
                                       cmocka_unit_test(test_until), cmocka_unit_test(test_scopes),
                                       cmocka_unit_test(test_changed_filter)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
