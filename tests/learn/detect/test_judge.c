/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "promise.h"

#include <math.h>

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1700000100 * TIME_S / SPAN * SPAN)

static const char *const columns[] = {"time", "a", "b"};

static struct detect_job *job_of(const char *detector)
{
    char text[640];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[%s]}}", detector);
    return help_job(text);
}

/* n records at the start of bucket b. */
static void feed(struct detect *d, int b, const char *a, const char *v, int n)
{
    struct help_row row = {.time = START + b * SPAN};
    snprintf(row.text[0], sizeof(row.text[0]), "%s", a);
    snprintf(row.text[1], sizeof(row.text[1]), "%s", v);
    for (int i = 0; i < n; i++)
        help_feed(d, &row, 1, 2);
}

static size_t records(const struct buf *out, const char *with)
{
    size_t n = 0;
    for (const char *p = buf_text(out); (p = strstr(p, "\"result_type\":\"record\"")) != NULL;
         p++) {
        const char *end = strchr(p, '\n');
        const char *hit = strstr(p, with);
        n += hit != NULL && hit < end;
    }
    return n;
}

/* A series that falls silent is found where silence counts, and only there. */
static void test_silence(void **state)
{
    (void)state;
    static const char *const functions[] = {"low_count", "count", "high_count", "non_zero_count"};
    for (size_t f = 0; f < 4; f++) {
        char detector[128];
        snprintf(detector, sizeof(detector), "{\"function\":\"%s\",\"partition_field_name\":\"a\"}",
                 functions[f]);
        struct detect_job *job = job_of(detector);
        struct buf out;
        buf_init(&out);
        struct detect *d = help_engine(job, &out, NULL, columns, 3);
        for (int b = 0; b < 300; b++) {
            feed(d, b, "steady", "", 50 + b % 5);
            if (b < 290)
                feed(d, b, "mute", "", 50 + b % 7);
        }
        assert_int_equal(detect_finish(d), ERR_NONE);
        bool found = records(&out, "\"partition_field_value\":\"mute\"") > 0;
        assert_int_equal(found, f < 2);
        assert_int_equal(records(&out, "\"partition_field_value\":\"steady\""), 0);
        if (found)
            assert_true(records(&out, "\"anomaly_type\":\"dip\"") > 0);
        detect_free(d);
        buf_release(&out);
        detect_job_free(job);
    }
}

static void test_rare(void **state)
{
    (void)state;
    struct detect_job *job = job_of("{\"function\":\"rare\",\"by_field_name\":\"a\"}");
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    for (int b = 0; b < 200; b++) {
        feed(d, b, "usual", "", 3);
        feed(d, b, b % 2 == 0 ? "even" : "odd", "", 2);
        if (b == 5 || b == 180)
            feed(d, b, b == 5 ? "early" : "never", "", 1);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    assert_int_equal(records(&out, "\"by_field_value\":\"never\""), 1);
    assert_int_equal(records(&out, "\"by_field_value\":\"early\""), 0);
    assert_int_equal(records(&out, "usual"), 0);
    assert_int_equal(records(&out, "\"by_field_first_occurrence\":true"), 1);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

/* Where a custom rule or a plot asks between judging and learning, the results are the same. */
static void test_learned_at_once_or_later(void **state)
{
    (void)state;
    static const char never[] =
        ",\"custom_rules\":[{\"actions\":[\"skip_model_update\"],\"conditions\":[{\"applies_to\":"
        "\"actual\",\"operator\":\"gt\",\"value\":1e12}]}]";
    struct buf out[2];
    for (int later = 0; later < 2; later++) {
        char detector[512];
        snprintf(detector, sizeof(detector),
                 "{\"function\":\"count\",\"partition_field_name\":\"a\"%s}", later ? never : "");
        struct detect_job *job = job_of(detector);
        buf_init(&out[later]);
        struct detect *d = help_engine(job, &out[later], NULL, columns, 3);
        for (int b = 0; b < 300; b++) {
            feed(d, b, "steady", "", b % 90 == 80 ? 400 : 50 + b % 5);
            feed(d, b, "moved", "", (b < 200 ? 20 : 90) + b % 7);
        }
        assert_int_equal(detect_finish(d), ERR_NONE);
        detect_free(d);
        detect_job_free(job);
    }
    assert_true(records(&out[0], "\"partition_field_value\":\"steady\"") > 0);
    assert_true(records(&out[0], "\"partition_field_value\":\"moved\"") > 0);
    assert_int_equal(out[0].n, out[1].n);
    assert_memory_equal(out[0].p, out[1].p, out[0].n);
    buf_release(&out[0]);
    buf_release(&out[1]);
}

/* A rule may keep an attack from being learned. */
static void test_skip_model_update(void **state)
{
    (void)state;
    double weight[2];
    for (int with = 0; with < 2; with++) {
        struct detect_job *job = job_of(
            with == 0
                ? "{\"function\":\"mean\",\"field_name\":\"b\"}"
                : "{\"function\":\"mean\",\"field_name\":\"b\",\"custom_rules\":[{\"actions\":"
                  "[\"skip_model_update\"],\"conditions\":[{\"applies_to\":\"actual\","
                  "\"operator\":\"gt\",\"value\":100}]}]}");
        struct buf out;
        buf_init(&out);
        struct detect *d = help_engine(job, &out, NULL, columns, 3);
        for (int b = 0; b < 40; b++)
            feed(d, b, "", b % 2 == 0 ? "10" : "500", 1);
        struct detect_entity *e = detect_table_at(d->table, DETECT_CLASS_METRIC, 0);
        void *whole = e;
        weight[with] = model_series_weight(((struct detect_metric *)whole)->series);
        detect_free(d);
        buf_release(&out);
        detect_job_free(job);
    }
    /* 39 buckets are closed; in 20 of them the value was small. */
    assert_true(weight[0] > 20);
    assert_true(weight[1] > 19 && weight[1] <= 20);
}

/* Nor does what a rule keeps from being learned come back as a silence that is made up for. */
static void test_skip_leaves_no_zeros(void **state)
{
    (void)state;
    struct detect_job *job =
        job_of("{\"function\":\"high_count\",\"custom_rules\":[{\"actions\":"
               "[\"skip_model_update\"],\"conditions\":[{\"applies_to\":\"actual\","
               "\"operator\":\"gt\",\"value\":20}]}]}");
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    for (int b = 0; b < 100; b++) {
        if (b % 10 != 5) /* a true silence, which is learned */
            feed(d, b, "", "", b % 2 == 0 ? 10 : 50);
    }
    struct detect_entity *e = detect_table_at(d->table, DETECT_CLASS_METRIC, 0);
    void *whole = e;
    double weight = model_series_weight(((struct detect_metric *)whole)->series);
    assert_true(weight > 58 && weight <= 60);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

/* A silence that falls under a rule is no zero, be it judged each time, made up for or jumped over.
 */
static void test_skip_of_silence(void **state)
{
    (void)state;
    static const char *const functions[] = {"low_count", "high_count"};
    for (int f = 0; f < 2; f++) {
        for (int gap = 20; gap <= 500; gap += 480) {
            char detector[400];
            long long from = (long long)((START + 50 * SPAN) / TIME_S);
            snprintf(
                detector, sizeof(detector),
                "{\"function\":\"%s\",\"custom_rules\":[{\"actions\":[\"skip_model_update\"],"
                "\"conditions\":[{\"applies_to\":\"time\",\"operator\":\"gte\",\"value\":%lld},"
                "{\"applies_to\":\"time\",\"operator\":\"lt\",\"value\":%lld}]}]}",
                functions[f], from, from + (gap - 5) * (long long)(SPAN / TIME_S));
            struct detect_job *job = job_of(detector);
            struct buf out;
            buf_init(&out);
            struct detect *d = help_engine(job, &out, NULL, columns, 3);
            for (int b = 0; b < 50 + gap + 10; b++) {
                if (b < 50 || b >= 50 + gap)
                    feed(d, b, "", "", 1 + b % 3); /* of which none is no surprise */
            }
            struct detect_entity *e = detect_table_at(d->table, DETECT_CLASS_METRIC, 0);
            void *whole = e;
            /* 50, the five that the rule leaves, and nine of the last ten, which are closed. */
            double weight = model_series_weight(((struct detect_metric *)whole)->series);
            assert_true(weight > 61 && weight <= 64);
            detect_free(d);
            buf_release(&out);
            detect_job_free(job);
        }
    }
}

static void test_exclude_frequent(void **state)
{
    (void)state;
    for (int with = 0; with < 2; with++) {
        struct detect_job *job =
            job_of(with == 0 ? "{\"function\":\"high_count\",\"by_field_name\":\"a\"}"
                             : "{\"function\":\"high_count\",\"by_field_name\":\"a\","
                               "\"exclude_frequent\":\"by\"}");
        struct buf out;
        buf_init(&out);
        struct detect *d = help_engine(job, &out, NULL, columns, 3);
        for (int b = 0; b < 200; b++)
            feed(d, b, "often", "", b == 150 ? 900 : 10 + b % 3);
        assert_int_equal(detect_finish(d), ERR_NONE);
        assert_int_equal(records(&out, "\"by_field_value\":\"often\"") > 0, with == 0);
        detect_free(d);
        buf_release(&out);
        detect_job_free(job);
    }
}

/* In a population too: the by value that is always there, or the member. */
static void test_exclude_frequent_population(void **state)
{
    (void)state;
    static const struct {
        const char *exclude;
        bool found[2]; /* the often and the seldom value of the by field */
    } cases[] = {{"none", {true, true}}, {"by", {false, true}}, {"over", {true, true}}};
    for (size_t i = 0; i < 3; i++) {
        char detector[200];
        struct buf out;
        buf_init(&out);
        snprintf(detector, sizeof(detector),
                 "{\"function\":\"high_count\",\"by_field_name\":\"a\",\"over_field_name\":\"b\","
                 "\"exclude_frequent\":\"%s\"}",
                 cases[i].exclude);
        struct detect_job *job = job_of(detector);
        struct detect *d = help_engine(job, &out, NULL, columns, 3);
        for (int b = 0; b < 401; b++) {
            for (int k = 0; k < 6; k++) {
                char member[16];
                snprintf(member, sizeof(member), "m%d", (b * 7 + k * 5) % 97);
                feed(d, b, "often", member, 5 + (b + k) % 4);
                if (b % 20 == 0)
                    feed(d, b, "seldom", member, 5 + (b + k) % 4);
            }
            if (b == 400) {
                feed(d, b, "often", "x1", 3000);
                feed(d, b, "seldom", "x2", 3000);
            }
        }
        assert_int_equal(detect_advance(d, START + 402 * SPAN), ERR_NONE);
        assert_int_equal(records(&out, "\"over_field_value\":\"x1\"") > 0, cases[i].found[0]);
        assert_int_equal(records(&out, "\"over_field_value\":\"x2\"") > 0, cases[i].found[1]);
        detect_free(d);
        buf_release(&out);
        detect_job_free(job);
    }
}

/* ---- statistics of a field: three weeks of hours, then one hour that is otherwise ---- */

#define HOURS (21 * 24)

static const char *const field_columns[] = {"time", "a", "b"};

/* Amounts with a daily course, lognormal about it; in hour `at` scaled and spread otherwise. */
static void amounts(struct promise *p, uint64_t seed, int at, double scale, double spread)
{
    struct rng r;
    rng_init(&r, seed);
    ts_ns start = time_floor(START, TIME_DAY);
    for (int b = 0; b <= HOURS; b++) {
        double level = 100 * (1 + 0.5 * sin(b * 2 * 3.14159265358979 / 24));
        for (uint64_t i = 30 + rng_below(&r, 20); i > 0; i--) {
            double x =
                level * (b == at ? scale : 1) * exp(0.3 * rng_normal(&r) * (b == at ? spread : 1));
            struct help_row *row = promise_row(p, start + b * TIME_HOUR + (ts_ns)(60 - i) * TIME_S);
            snprintf(row->text[0], sizeof(row->text[0]), "%s%u", b == at ? "new" : "old",
                     (unsigned)rng_below(&r, 3));
            snprintf(row->text[1], sizeof(row->text[1]), "%.3f", x);
        }
    }
}

/* The highest score of a run; with the anomaly in the last hour but one, of that hour alone. */
static double run_field(const char *function, uint64_t seed, bool anomaly, double scale,
                        double spread, const char *with)
{
    struct promise p;
    char text[512];
    snprintf(text, sizeof(text),
             "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{\"function\":\"%s\","
             "\"field_name\":\"b\"}],\"influencers\":[\"a\"]}}",
             function);
    promise_begin(&p, text, field_columns, 3);
    amounts(&p, seed, anomaly ? HOURS - 1 : -1, scale, spread);
    char *out = promise_run(&p, NULL, 0);
    double score = promise_score(out, with);
    free(out);
    promise_end(&p);
    return score;
}

static void test_median(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_true(run_field("median", seed, false, 1, 1, "") < 75);
        assert_true(run_field("median", seed, true, 3, 1, "\"anomaly_type\":\"spike\"") >= 75);
        assert_true(run_field("low_median", seed, true, 0.3, 1, "\"anomaly_type\":\"dip\"") >= 75);
        assert_true(run_field("high_median", seed, true, 0.3, 1, "") < 75);
        /* Three values brought the new amounts: they carry it. */
        assert_true(run_field("high_median", seed, true, 3, 1, "\"new1\"") >= 75);
    }
}

static void test_varp(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_true(run_field("varp", seed, false, 1, 1, "") < 75);
        assert_true(run_field("high_varp", seed, true, 1, 5, "\"anomaly_type\":\"spike\"") >= 75);
        assert_true(run_field("low_varp", seed, true, 1, 0.02, "\"anomaly_type\":\"dip\"") >= 75);
        assert_true(run_field("low_varp", seed, true, 1, 5, "") < 75);
    }
}

/* A gauge with a daily course, read three times an hour; in hour `at` `odd` of the readings are
 * scaled. */
static void readings(struct promise *p, uint64_t seed, int at, int odd, double scale)
{
    struct rng r;
    rng_init(&r, seed);
    ts_ns start = time_floor(START, TIME_DAY);
    for (int b = 0; b <= HOURS; b++) {
        double level = 100 * (1 + 0.5 * sin(b * 2 * 3.14159265358979 / 24));
        for (int i = 0; i < 3; i++) {
            double x = (level + 8 * rng_normal(&r)) * (b == at && i < odd ? scale : 1);
            struct help_row *row = promise_row(p, start + b * TIME_HOUR + i * 20 * TIME_MIN);
            snprintf(row->text[0], sizeof(row->text[0]), "g%d", i);
            snprintf(row->text[1], sizeof(row->text[1]), "%.3f", x);
        }
    }
}

static double run_gauge(uint64_t seed, int odd, double scale, const char *with)
{
    struct promise p;
    promise_begin(&p,
                  "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":[{\"function\":"
                  "\"metric\",\"field_name\":\"b\"}]}}",
                  field_columns, 3);
    readings(&p, seed, HOURS - 1, odd, scale);
    char *out = promise_run(&p, NULL, 0);
    double score = promise_score(out, with);
    free(out);
    promise_end(&p);
    return score;
}

/* The measure that stands out most is reported, once a series. */
static void test_metric(void **state)
{
    (void)state;
    int low = 0;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        assert_true(run_gauge(seed, 0, 1, "") < 50);
        assert_true(run_gauge(seed, 3, 3, "\"function\":\"metric\"") >= 75);
        assert_true(run_gauge(seed, 1, 4, "\"function_description\":\"max\"") >= 75);
        assert_true(run_gauge(seed, 1, -2, "\"function\":\"metric\"") >= 75);
        low += run_gauge(seed, 1, -2, "\"function_description\":\"min\"") >= 75;
    }
    /* Where the least have been heavy by chance, the mean stands out more. */
    assert_true(low >= 4);
    struct promise p;
    promise_begin(&p,
                  "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":["
                  "{\"function\":\"metric\",\"field_name\":\"b\"},{\"function\":\"count\"},"
                  "{\"function\":\"metric\",\"field_name\":\"b\",\"by_field_name\":\"a\","
                  "\"over_field_name\":\"time\"},"
                  "{\"function\":\"metric\",\"field_name\":\"b\",\"over_field_name\":\"a\"}],"
                  "\"influencers\":[\"a\"]},\"model_plot_config\":{}}",
                  field_columns, 3);
    amounts(&p, 3, HOURS - 1, 50, 3);
    promise_same_bytes(&p);
    char *out = promise_run(&p, NULL, 0);
    char key[64];
    snprintf(key, sizeof(key), "\"timestamp\":%lld,\"detector_index\":0",
             (long long)((time_floor(START, TIME_DAY) + (HOURS - 1) * TIME_HOUR) / TIME_MS));
    assert_true(promise_score(out, "\"detector_index\":3") > 0);
    /* One record of the whole series in that hour: one measure, not three. */
    size_t n = 0;
    for (const char *q = out; (q = strstr(q, "test_record_")) != NULL; q++) {
        const char *end = strchr(q, '\n');
        const char *hit = strstr(q, key);
        n += hit != NULL && hit < end;
    }
    assert_int_equal(n, 1);
    free(out);
    promise_end(&p);
}

static void test_same_bytes(void **state)
{
    (void)state;
    struct promise p;
    promise_begin(&p,
                  "{\"analysis_config\":{\"bucket_span\":\"1h\",\"detectors\":["
                  "{\"function\":\"median\",\"field_name\":\"b\"},"
                  "{\"function\":\"median\",\"field_name\":\"b\",\"over_field_name\":\"a\"},"
                  "{\"function\":\"varp\",\"field_name\":\"b\",\"by_field_name\":\"a\"}],"
                  "\"influencers\":[\"a\"]},\"model_plot_config\":{}}",
                  field_columns, 3);
    amounts(&p, 6, HOURS - 1, 3, 2);
    promise_same_bytes(&p);
    promise_end(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_silence),
                                       cmocka_unit_test(test_rare),
                                       cmocka_unit_test(test_learned_at_once_or_later),
                                       cmocka_unit_test(test_skip_model_update),
                                       cmocka_unit_test(test_skip_of_silence),
                                       cmocka_unit_test(test_skip_leaves_no_zeros),
                                       cmocka_unit_test(test_exclude_frequent),
                                       cmocka_unit_test(test_exclude_frequent_population),
                                       cmocka_unit_test(test_median),
                                       cmocka_unit_test(test_varp),
                                       cmocka_unit_test(test_metric),
                                       cmocka_unit_test(test_same_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
