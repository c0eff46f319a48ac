/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/forecast.h"

#include "help.h"

#include <stdlib.h>

#define JOB(detectors)                                                                             \
    "{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[" detectors "]" \
    "}"                                                                                            \
    "}"
#define COUNTS                                                                                     \
    "{\"function\":\"high_count\",\"partition_field_name\":\"a\"},"                                \
    "{\"function\":\"mean\",\"field_name\":\"v\",\"by_field_name\":\"a\"},"                        \
    "{\"function\":\"rare\",\"by_field_name\":\"a\"},"                                             \
    "{\"function\":\"sum\",\"field_name\":\"v\",\"over_field_name\":\"a\"}"

static const char *const columns[] = {"time", "v", "a"};

/* `quarters` of data: x always, y in the first half, z only at the end. */
static struct detect *engine(const struct detect_job *job, struct buf *out, int quarters)
{
    struct detect *d = help_engine(job, out, NULL, columns, 3);
    for (int i = 0; i < quarters; i++)
        for (int k = 0; k < 6; k++) {
            struct help_row row = {.time = i * 15 * TIME_MIN + k * TIME_MIN};
            const char *a = k < 4 ? "x" : i < quarters / 2 ? "y" : i > quarters - 5 ? "z" : "x";
            snprintf(row.text[0], sizeof(row.text[0]), "%d", 50 + i % 7 - k);
            snprintf(row.text[1], sizeof(row.text[1]), "%s", a);
            help_feed(d, &row, 1, 2);
        }
    return d;
}

static struct detect_forecast_options defaults(void)
{
    struct detect_forecast_options o;
    assert_int_equal(detect_forecast_read(NULL, NULL, NULL, &o, NULL), ERR_NONE);
    o.id = "f1";
    o.created = 1000 * TIME_DAY;
    return o;
}

static struct detect_forecast *begin(const struct detect *d,
                                     const struct detect_forecast_options *o)
{
    struct detect_forecast *f = NULL;
    struct err_text why;
    enum err e = detect_forecast_new(d, o, &f, &why);
    if (e != ERR_NONE)
        print_error("%s\n", why.message);
    assert_int_equal(e, ERR_NONE);
    return f;
}

static void run(struct detect_forecast *f, struct buf *out)
{
    buf_clear(out);
    detect_forecast_run(f, help_sink, NULL, out);
    detect_forecast_finished(f, 0, help_sink, out);
}

static size_t count(const struct buf *out, const char *what)
{
    size_t n = 0;
    for (const char *p = buf_text(out); (p = strstr(p, what)) != NULL; p++)
        n++;
    return n;
}

static void every_bucket_of_every_series(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(JOB(COUNTS));
    struct detect *d = engine(job, &out, 300);
    struct detect_forecast_options o = defaults();
    struct detect_forecast *f = begin(d, &o);
    ts_ns from = detect_final_until(d) / TIME_MS;
    detect_free(d); /* it is not needed any more */
    detect_job_free(job);
    run(f, &out);
    /* x and y of two detectors; z is too young in both. */
    assert_int_equal(count(&out, "\"result_type\":\"model_forecast\""), 4 * 96);
    assert_int_equal(count(&out, "\"by_field_name\":\"a\",\"by_field_value\":\"y\""), 96);
    assert_int_equal(count(&out, "\"partition_field_value\":\"x\""), 96);
    assert_int_equal(count(&out, "\"forecast_id\":\"f1\""), 4 * 96 + 2);
    assert_int_equal(count(&out, "\"forecast_lower\":-"), 0);
    char head[160];
    snprintf(head, sizeof(head), "\"timestamp\":%lld,\"bucket_span\":900,\"detector_index\":0,",
             (long long)from);
    assert_int_equal(count(&out, head), 2);
    /* The documents are in order, framed by the request's own. */
    const char *started = strstr(buf_text(&out), "\"forecast_status\":\"started\"");
    const char *x = strstr(buf_text(&out), "\"partition_field_value\":\"x\"");
    const char *y = strstr(buf_text(&out), "\"partition_field_value\":\"y\"");
    const char *by = strstr(buf_text(&out), "\"by_field_value\":\"x\"");
    const char *end = strstr(buf_text(&out), "\"forecast_status\":\"finished\"");
    assert_true(started < x && x < y && y < by && by < end);
    assert_non_null(strstr(end, "\"forecast_progress\":1,"));
    assert_non_null(strstr(end, "\"forecast_messages\":[\"2 series left out: too young"));
    assert_non_null(strstr(end, "\"processed_record_count\":384,"));
    snprintf(head, sizeof(head), "\"forecast_create_timestamp\":%lld,",
             (long long)(1000 * TIME_DAY / TIME_MS));
    assert_non_null(strstr(end, head));
    snprintf(head, sizeof(head), "\"forecast_expiry_timestamp\":%lld,",
             (long long)(1014 * TIME_DAY / TIME_MS));
    assert_non_null(strstr(end, head));
    assert_non_null(strstr(buf_text(&out), "j_model_forecast_request_stats_f1 {"));
    detect_forecast_free(f);
    buf_release(&out);
}

/* A series long silent is foretold from its silence, whether or not the zeros were learned. */
static void silence_is_made_up(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(JOB(COUNTS));
    struct detect *d = engine(job, &out, 1000);
    struct detect_forecast_options o = defaults();
    o.duration = 15 * TIME_MIN;
    struct detect_forecast *f = begin(d, &o);
    run(f, &out);
    const char *y = strstr(buf_text(&out), "\"partition_field_value\":\"y\"");
    assert_non_null(y);
    const char *prediction = strstr(y, "\"forecast_prediction\":");
    double v = strtod(prediction + strlen("\"forecast_prediction\":"), NULL);
    assert_true(v >= 0 && v < 1.2); /* two a bucket while it spoke, none for five days */
    detect_forecast_free(f);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void same_bytes_after_restore(void **state)
{
    (void)state;
    struct buf out, again, saved;
    buf_init(&out);
    buf_init(&again);
    buf_init(&saved);
    struct detect_job *job = help_job(JOB(COUNTS));
    struct detect *d = engine(job, &out, 200);
    struct detect_forecast_options o = defaults();
    struct detect_forecast *f = begin(d, &o);
    run(f, &out);
    detect_forecast_free(f);
    detect_save(d, &saved);
    detect_free(d);
    struct detect_options options = help_options(&again, NULL);
    assert_int_equal(detect_restore(job, &options, saved.p, saved.n, &d, NULL), ERR_NONE);
    f = begin(d, &o);
    run(f, &again);
    assert_string_equal(buf_text(&out), buf_text(&again));
    detect_forecast_free(f);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
    buf_release(&again);
    buf_release(&saved);
}

static void what_does_not_fit_is_counted(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(JOB(COUNTS));
    struct detect *d = engine(job, &out, 200);
    struct detect_forecast_options o = defaults();
    o.max_documents = 96 * 3 + 5;
    struct detect_forecast *f = begin(d, &o);
    run(f, &out);
    assert_int_equal(count(&out, "\"result_type\":\"model_forecast\""), 96 * 3);
    assert_int_equal(count(&out, "\"1 series left out: a forecast has at most 293 documents\""), 2);
    detect_forecast_free(f);
    o.max_documents = 40;
    f = begin(d, &o);
    run(f, &out);
    assert_int_equal(count(&out, "\"result_type\":\"model_forecast\""), 40);
    assert_int_equal(count(&out, "\"the forecast ends after 40 of 96 buckets\""), 2);
    detect_forecast_free(f);
    o = defaults();
    o.max_model_memory = 3200;
    f = begin(d, &o);
    run(f, &out);
    size_t n = count(&out, "\"result_type\":\"model_forecast\"");
    assert_true(n > 0 && n < 4 * 96 && n % 96 == 0);
    assert_int_equal(count(&out, "their models take more than 3200 bytes\""), 2);
    detect_forecast_free(f);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static bool never(void *ctx)
{
    return ctx == NULL;
}

static void stops_when_told(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(JOB(COUNTS));
    struct detect *d = engine(job, &out, 100);
    struct detect_forecast_options o = defaults();
    struct detect_forecast *f = begin(d, &o);
    buf_clear(&out);
    detect_forecast_run(f, help_sink, never, &out);
    assert_int_equal(count(&out, "\n"), 1);
    detect_forecast_free(f);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void expect_refused(const char *text, int quarters, const char *sentence)
{
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(text);
    struct detect *d = engine(job, &out, quarters);
    struct detect_forecast_options o = defaults();
    struct detect_forecast *f = NULL;
    struct err_text why;
    assert_int_equal(detect_forecast_new(d, &o, &f, &why), ERR_INVALID);
    if (strstr(why.message, sentence) == NULL)
        fail_msg("%s", why.message);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void refused_with_a_sentence(void **state)
{
    (void)state;
    static const char *const none[] = {
        JOB("{\"function\":\"count\",\"over_field_name\":\"a\"}"),
        JOB("{\"function\":\"rare\",\"by_field_name\":\"a\"}"),
        JOB("{\"function\":\"freq_rare\",\"by_field_name\":\"v\",\"over_field_name\":\"a\"}"),
        JOB("{\"function\":\"time_of_day\"},{\"function\":\"time_of_week\"}"),
        JOB("{\"function\":\"metric\",\"field_name\":\"v\"}"),
    };
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        expect_refused(none[i], 40, "no detector that can be foretold");
    expect_refused(JOB(COUNTS), 0, "processed no data");
    expect_refused(JOB(COUNTS), 15, "learned too little");
    struct buf out;
    buf_init(&out);
    struct detect_job *job = help_job(
        "{\"job_id\":\"j\",\"analysis_config\":{\"detectors\":[{\"function\":\"count\","
        "\"by_field_name\":\"v\"}]},\"analysis_limits\":{\"model_memory_limit\":\"1mb\"}}");
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    for (int i = 0; i < 6000; i++) {
        struct help_row row = {.time = i * TIME_S};
        snprintf(row.text[0], sizeof(row.text[0]), "%d", i);
        help_feed(d, &row, 1, 2);
    }
    struct detect_forecast_options o = defaults();
    struct detect_forecast *f = NULL;
    struct err_text why;
    assert_int_equal(detect_forecast_new(d, &o, &f, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "_limit"));
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* A bucket is the least; where no duration was given it is a day, or a longer bucket. */
static void at_least_a_bucket(void **state)
{
    (void)state;
    static const struct {
        const char *span;
        ts_ns duration;
        size_t buckets; /* 0: refused */
    } cases[] = {{"15m", 15 * TIME_MIN - TIME_S, 0},
                 {"15m", 15 * TIME_MIN, 1},
                 {"15m", 0, 96},
                 {"2d", 0, 1},
                 {"2d", TIME_DAY, 0},
                 {"2d", 5 * TIME_DAY, 2}};
    struct err_text why;
    struct buf out;
    char text[200];
    buf_init(&out);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(text, sizeof(text),
                 "{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"%s\",\"detectors\":"
                 "[{\"function\":\"count\"}]}}",
                 cases[i].span);
        struct detect_job *job = help_job(text);
        struct detect *d = engine(job, &out, cases[i].span[0] == '2' ? 5000 : 100);
        struct detect_forecast_options o = defaults();
        struct detect_forecast *f = NULL;
        o.duration = cases[i].duration;
        if (cases[i].buckets == 0) {
            assert_int_equal(detect_forecast_new(d, &o, &f, &why), ERR_INVALID);
            assert_non_null(strstr(why.message, "duration must be at least the bucket span"));
            assert_non_null(strstr(why.message, cases[i].span));
        } else {
            f = begin(d, &o);
            run(f, &out);
            assert_int_equal(count(&out, "\"result_type\":\"model_forecast\""), cases[i].buckets);
        }
        detect_forecast_free(f);
        detect_free(d);
        detect_job_free(job);
    }
    buf_release(&out);
}

static void reads_options(void **state)
{
    (void)state;
    struct detect_forecast_options o;
    struct err_text why;
    assert_int_equal(detect_forecast_read("7d", "0s", "500mb", &o, &why), ERR_NONE);
    assert_true(o.duration == 7 * TIME_DAY && o.expires_in == 0);
    assert_true(o.max_model_memory == UINT64_C(500) << 20);
    assert_int_equal(detect_forecast_read(NULL, NULL, NULL, &o, &why), ERR_NONE);
    assert_true(o.duration == 0 && o.expires_in == 14 * TIME_DAY);
    assert_true(o.max_model_memory == UINT64_C(20) << 20);
    static const char *const wrong[][4] = {
        {"3651d", NULL, NULL, "3650d"},      {"0s", NULL, NULL, "duration"},
        {"soon", NULL, NULL, "'soon'"},      {NULL, "-1d", NULL, "expires_in"},
        {NULL, NULL, "1kb", "1mb to 500mb"}, {NULL, NULL, "501mb", "1mb to 500mb"}};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        assert_int_equal(detect_forecast_read(wrong[i][0], wrong[i][1], wrong[i][2], &o, &why),
                         ERR_INVALID);
        assert_non_null(strstr(why.message, wrong[i][3]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_bucket_of_every_series),
        cmocka_unit_test(silence_is_made_up),
        cmocka_unit_test(same_bytes_after_restore),
        cmocka_unit_test(what_does_not_fit_is_counted),
        cmocka_unit_test(stops_when_told),
        cmocka_unit_test(refused_with_a_sentence),
        cmocka_unit_test(at_least_a_bucket),
        cmocka_unit_test(reads_options),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
