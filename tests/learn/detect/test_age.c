/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "base/thread.h"

#include "help.h"

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1700000100 * TIME_S / SPAN * SPAN)

static const char *const columns[] = {"time", "a", "b"};

/* n records at the start of bucket b. */
static void feed(struct detect *d, int b, const char *a, const char *v, int n)
{
    struct help_row row = {.time = START + b * SPAN};
    snprintf(row.text[0], sizeof(row.text[0]), "%s", a);
    snprintf(row.text[1], sizeof(row.text[1]), "%s", v);
    for (int i = 0; i < n; i++)
        help_feed(d, &row, 1, 2);
}

/* What has had no data for the prune window goes, and its names with it. */
static void test_pruning(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"bucket_span\":\"15m\",\"model_prune_window\":\"1d\","
                 "\"detectors\":[{\"function\":\"mean\",\"field_name\":\"b\",\"by_field_name\":"
                 "\"a\"},{\"function\":\"rare\",\"by_field_name\":\"a\"},{\"function\":\"sum\","
                 "\"field_name\":\"b\",\"over_field_name\":\"a\"}]}}");
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof(name), "n%d", i);
        feed(d, 0, name, "5", 1);
    }
    for (int b = 0; b < 50; b++)
        feed(d, b, "stays", "5", 1);
    assert_int_equal(detect_table_count(d->table, DETECT_CLASS_METRIC), 101);
    struct detect_size_stats size;
    detect_size(d, &size);
    assert_int_equal(size.by_fields, 202);
    assert_int_equal(size.over_fields, 101);
    assert_int_equal(size.partition_fields, 0);
    for (int b = 50; b < 250; b++)
        feed(d, b, "stays", "5", 1);
    assert_int_equal(detect_table_count(d->table, DETECT_CLASS_METRIC), 1);
    assert_int_equal(detect_table_count(d->table, DETECT_CLASS_VALUE), 1);
    assert_int_equal(detect_table_count(d->table, DETECT_CLASS_MEMBER), 1);
    assert_int_equal(detect_names_count(d->names), 1);
    assert_true(d->series_bytes < 8192);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

/* Series that all learn the day at once stay under the bound: room was kept for it. */
static void test_seasons_fit(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"bucket_span\":\"15m\",\"summary_count_field_name\":\"b\","
                 "\"detectors\":[{\"function\":\"count\",\"partition_field_name\":\"a\"}]},"
                 "\"analysis_limits\":{\"model_memory_limit\":\"1mb\"}}");
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    size_t young = 0;
    for (int b = 0; b < 96 * 4; b++) {
        for (int i = 0; i < 600; i++) {
            char name[16];
            char value[16];
            snprintf(name, sizeof(name), "n%d", i);
            snprintf(value, sizeof(value), "%d", 40 + (b % 96 < 48 ? 30 : 0) + (b * 7 + i) % 5);
            feed(d, b, name, value, 1);
        }
        if (b == 20)
            young = d->series_bytes;
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    struct detect_size_stats size;
    detect_size(d, &size);
    assert_true(d->series_bytes > young + 80000);
    assert_true(size.peak_model_bytes <= size.memory_limit);
    assert_true(size.partition_fields > 300 && size.partition_fields < 600);
    assert_int_equal(size.status, DETECT_MEMORY_HARD);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

/* What is reserved goes back when a series turns out to be sparse, or has grown. */
static void test_reserve(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"count\","
        "\"by_field_name\":\"a\"}]}}");
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    for (int b = 0; b < 400; b++) {
        feed(d, b, "dense", "", 5 + b % 3);
        if (b == 0)
            feed(d, b, "sparse", "", 1);
        if (b == 10)
            assert_true(d->reserved_bytes > DETECT_DAY_BYTES);
    }
    /* The sparse one is to keep what it may of outliers. */
    assert_true(d->reserved_bytes < DETECT_PLAIN_BYTES);
    detect_free(d);
    buf_release(&out);
    detect_job_free(job);
}

#define HOSTS 400

/* Hosts with a day and a week, for three weeks, under a limit that lets all know the day but not
 * the week. Stopped and resumed at bucket `stop`. */
static void live(struct thread_team *team, int stop, struct buf *out, struct detect_size_stats *end)
{
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"bucket_span\":\"1h\",\"summary_count_field_name\":\"b\","
                 "\"detectors\":[{\"function\":\"count\",\"partition_field_name\":\"a\"}]},"
                 "\"analysis_limits\":{\"model_memory_limit\":\"1mb\"}}");
    struct rng r;
    rng_init(&r, 4);
    struct detect *d = help_engine(job, out, team, columns, 3);
    for (int b = 0; b < 24 * 7 * 3; b++) {
        if (b == stop) {
            struct buf state;
            struct detect_options o = help_options(out, team);
            struct detect *next = NULL;
            struct bytes names[3];
            buf_init(&state);
            detect_save(d, &state);
            assert_int_equal(detect_restore(job, &o, state.p, state.n, &next, NULL), ERR_NONE);
            for (size_t i = 0; i < 3; i++)
                names[i] = bytes_make(columns[i], strlen(columns[i]));
            assert_int_equal(detect_columns(next, names, 3, NULL), ERR_NONE);
            buf_release(&state);
            detect_free(d);
            d = next;
        }
        for (int i = 0; i < HOSTS; i++) {
            bool busy = b % 24 >= 8 && b % 24 < 18 && b / 24 % 7 < 5;
            /* Half of them are silent now and then by night. */
            if (!busy && i % 2 == 0 && b % 3 == 0)
                continue;
            struct help_row row = {.time = START + b * TIME_HOUR};
            snprintf(row.text[0], sizeof(row.text[0]), "n%d", i);
            snprintf(row.text[1], sizeof(row.text[1]), "%llu",
                     (unsigned long long)((busy ? 300 : 30) + rng_below(&r, 20)));
            help_feed(d, &row, 1, 2);
        }
        assert_true(detect_memory(d) <= job->memory_limit);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_size(d, end);
    detect_free(d);
    detect_job_free(job);
}

/* Where memory is short some series stay as they are: that is counted, the limit holds, and who
 * does depends neither on threads nor on a stop. */
static void test_growth_waits(void **state)
{
    (void)state;
    struct detect_size_stats first;
    struct buf alone;
    buf_init(&alone);
    live(NULL, -1, &alone, &first);
    assert_true(first.allocation_failures > 0);
    assert_int_not_equal(first.status, DETECT_MEMORY_OK);
    assert_true(first.peak_model_bytes <= first.memory_limit);
    assert_int_equal(first.partition_fields, HOSTS);
    for (int run = 0; run < 2; run++) {
        struct thread_team *team = run == 0 ? thread_team_new(3) : NULL;
        struct detect_size_stats size;
        struct buf out;
        buf_init(&out);
        live(team, run == 0 ? -1 : 24 * 10, &out, &size);
        assert_int_equal(size.allocation_failures, first.allocation_failures);
        assert_int_equal(size.model_bytes, first.model_bytes);
        assert_int_equal(out.n, alone.n);
        assert_memory_equal(out.p, alone.p, out.n);
        buf_release(&out);
        thread_team_free(team);
    }
    buf_release(&alone);
}

/* What a series may take is more than what one that has learned all there is to learn takes: day
 * and week, in level and spread, at each span. */
static void test_most_is_enough(void **state)
{
    (void)state;
    static const int minutes[] = {5, 30, 60, 360};
    for (size_t k = 0; k < sizeof(minutes) / sizeof(minutes[0]); k++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "{\"analysis_config\":{\"bucket_span\":\"%dm\",\"detectors\":[{\"function\":"
                 "\"mean\",\"field_name\":\"b\"},{\"function\":\"sum\",\"field_name\":\"b\"},{"
                 "\"function\":\"count\"},{\"function\":\"varp\",\"field_name\":\"b\"}]}}",
                 minutes[k]);
        struct detect_job *job = help_job(text);
        struct buf out;
        struct rng r;
        buf_init(&out);
        rng_init(&r, 8);
        struct detect *d = help_engine(job, &out, NULL, columns, 3);
        ts_ns step = minutes[k] * TIME_MIN / 2;
        for (ts_ns t = 0; t < 70 * TIME_DAY; t += step) {
            ts_ns hour = t % TIME_DAY / TIME_HOUR;
            bool busy = hour >= 8 && hour < 18 && t / TIME_DAY % 7 < 5;
            struct help_row row = {.time = START + t};
            double spread = busy ? 20 : 2;
            snprintf(row.text[1], sizeof(row.text[1]), "%.3f",
                     (busy ? 300 : 50) + spread * ((double)rng_below(&r, 1000) / 500 - 1));
            help_feed(d, &row, 1, 2);
        }
        for (size_t i = 0; i < detect_table_slots(d->table, DETECT_CLASS_METRIC); i++) {
            void *m = detect_table_at(d->table, DETECT_CLASS_METRIC, i);
            uint32_t bytes = ((struct detect_metric *)m)->bytes;
            if (bytes > DETECT_GROWN_BYTES)
                fail_msg("detector %zu at %d minutes: %u bytes", i, minutes[k], bytes);
        }
        detect_free(d);
        buf_release(&out);
        detect_job_free(job);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pruning), cmocka_unit_test(test_seasons_fit),
        cmocka_unit_test(test_reserve), cmocka_unit_test(test_growth_waits),
        cmocka_unit_test(test_most_is_enough)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
