/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/detect.h"

#include "help.h"

#include "base/arena.h"
#include "base/clock.h"
#include "event/event.h"

#include <math.h>
#include <stdlib.h>

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1700000100 * TIME_S / SPAN * SPAN)

/* Every kind of detector at once: plain, split, population, rare, strings. */
static const char whole_job[] =
    "{\"job_id\":\"all\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":["
    "{\"function\":\"count\"},"
    "{\"function\":\"high_sum\",\"field_name\":\"bytes\",\"over_field_name\":\"port\"},"
    "{\"function\":\"mean\",\"field_name\":\"bytes\",\"partition_field_name\":\"src\"},"
    "{\"function\":\"rare\",\"by_field_name\":\"port\"},"
    "{\"function\":\"rare\",\"by_field_name\":\"port\",\"over_field_name\":\"src\"},"
    "{\"function\":\"distinct_count\",\"field_name\":\"port\",\"by_field_name\":\"src\"},"
    "{\"function\":\"high_info_content\",\"field_name\":\"name\",\"by_field_name\":\"src\"},"
    "{\"function\":\"max\",\"field_name\":\"bytes\"},"
    "{\"function\":\"low_non_zero_count\",\"partition_field_name\":\"src\"},"
    "{\"function\":\"high_count\",\"by_field_name\":\"port\",\"over_field_name\":\"src\"},"
    "{\"function\":\"freq_rare\",\"by_field_name\":\"name\",\"over_field_name\":\"port\"},"
    "{\"function\":\"median\",\"field_name\":\"bytes\",\"by_field_name\":\"port\"},"
    "{\"function\":\"time_of_day\",\"by_field_name\":\"src\"},"
    "{\"function\":\"lat_long\",\"field_name\":\"place\",\"over_field_name\":\"src\"},"
    "{\"function\":\"high_varp\",\"field_name\":\"bytes\",\"partition_field_name\":\"src\"}],"
    "\"influencers\":[\"src\",\"port\"]},"
    "\"model_plot_config\":{\"enabled\":true}}";
static const char *const whole_columns[] = {"time", "bytes", "port", "src", "name", "place"};

static size_t make_rows(struct help_row *rows, size_t buckets, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    size_t n = 0;
    for (size_t b = 0; b < buckets; b++) {
        bool flood = b == buckets * 3 / 4;
        size_t count = (flood ? 120 : 12) + rng_below(&r, 6);
        for (size_t i = 0; i < count; i++) {
            struct help_row *x = &rows[n++];
            static const char *const ports[] = {"443", "80", "53", "22"};
            x->time = START + (ts_ns)b * SPAN + (ts_ns)rng_below(&r, (uint64_t)SPAN);
            snprintf(x->text[0], sizeof(x->text[0]), "%.3f", exp(5 + rng_normal(&r)));
            snprintf(x->text[1], sizeof(x->text[1]), "%s", ports[rng_below(&r, 4)]);
            snprintf(x->text[2], sizeof(x->text[2]), "host%u", (unsigned)rng_below(&r, 5));
            snprintf(x->text[3], sizeof(x->text[3]), "n%u.example", (unsigned)rng_below(&r, 40));
            snprintf(x->text[4], sizeof(x->text[4]), "%.4f,%.4f", 50 + rng_normal(&r),
                     10 + rng_normal(&r));
            if (flood && i == 0) {
                snprintf(x->text[0], sizeof(x->text[0]), "90000000");
                snprintf(x->text[1], sizeof(x->text[1]), "4444");
            }
        }
    }
    return n;
}

static int by_time(const void *x, const void *y)
{
    ts_ns a = ((const struct help_row *)x)->time;
    ts_ns b = ((const struct help_row *)y)->time;
    return a < b ? -1 : a > b;
}

struct fixture {
    struct help_row *rows;
    size_t n;
    struct detect_job *job;
};

static struct fixture begin(size_t buckets)
{
    struct fixture f;
    f.rows = calloc(buckets * 20 + 400, sizeof(*f.rows));
    f.n = make_rows(f.rows, buckets, 7);
    qsort(f.rows, f.n, sizeof(*f.rows), by_time);
    f.job = help_job(whole_job);
    return f;
}

static void end(struct fixture *f)
{
    free(f->rows);
    detect_job_free(f->job);
}

static char *run_all(const struct fixture *f, struct thread_team *team)
{
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(f->job, &out, team, whole_columns, 6);
    help_feed(d, f->rows, f->n, 5);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    detect_free(d);
    return buf_take(&out, NULL);
}

static void test_finds_what_is_plain(void **state)
{
    (void)state;
    struct fixture f = begin(120);
    char *out = run_all(&f, NULL);
    assert_non_null(strstr(out, "\"over_field_value\":\"4444\""));
    assert_non_null(strstr(out, "\"port\":[\"4444\"]"));
    assert_null(strstr(out, "nan"));
    assert_null(strstr(out, "null"));
    free(out);
    end(&f);
}

static void test_threads_give_the_same_bytes(void **state)
{
    (void)state;
    struct fixture f = begin(60);
    char *one = run_all(&f, NULL);
    assert_true(strlen(one) > 10000);
    for (unsigned workers = 1; workers <= 4; workers *= 2) {
        struct thread_team *team = thread_team_new(workers);
        char *many = run_all(&f, team);
        assert_string_equal(one, many);
        free(many);
        thread_team_free(team);
    }
    free(one);
    end(&f);
}

/* Any order within a bucket: the time of each record is set to its bucket's start first. */
static void test_order_within_a_bucket(void **state)
{
    (void)state;
    struct fixture f = begin(60);
    for (size_t i = 0; i < f.n; i++)
        f.rows[i].time = time_floor(f.rows[i].time, SPAN);
    char *sorted = run_all(&f, NULL);
    struct rng r;
    rng_init(&r, 99);
    for (int round = 0; round < 3; round++) {
        for (size_t i = f.n - 1; i > 0; i--) {
            size_t k = i - rng_below(&r, i < 10 ? i + 1 : 10);
            if (f.rows[k].time == f.rows[i].time) {
                struct help_row x = f.rows[i];
                f.rows[i] = f.rows[k];
                f.rows[k] = x;
            }
        }
        char *shuffled = run_all(&f, NULL);
        assert_string_equal(sorted, shuffled);
        free(shuffled);
    }
    free(sorted);
    end(&f);
}

/* Stopped and resumed in the middle of every bucket: the same bytes as whole. */
static void test_restored_at_every_bucket(void **state)
{
    (void)state;
    struct fixture f = begin(40);
    char *whole = run_all(&f, NULL);
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(f.job, &out, NULL, whole_columns, 6);
    for (size_t i = 0; i < f.n; i++) {
        if (i % 9 == 5) {
            struct buf saved;
            struct detect *next = NULL;
            struct detect_options o = help_options(&out, NULL);
            struct bytes names[6];
            for (size_t k = 0; k < 6; k++)
                names[k] = bytes_make(whole_columns[k], strlen(whole_columns[k]));
            buf_init(&saved);
            detect_save(d, &saved);
            assert_true(buf_ok(&saved));
            assert_int_equal(detect_restore(f.job, &o, saved.p, saved.n, &next, NULL), ERR_NONE);
            assert_int_equal(detect_columns(next, names, 6, NULL), ERR_NONE);
            buf_release(&saved);
            detect_free(d);
            d = next;
        }
        help_feed(d, &f.rows[i], 1, 5);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    detect_free(d);
    assert_string_equal(buf_text(&out), whole);
    buf_release(&out);
    free(whole);
    end(&f);
}

/* Time that moves with records, or with ticks of a clock and a delay: the same documents. */
static void test_live_is_replay(void **state)
{
    (void)state;
    struct fixture f = begin(50);
    struct buf replay;
    struct buf live;
    buf_init(&replay);
    buf_init(&live);
    ts_ns last = START + 60 * SPAN;
    struct detect *d = help_engine(f.job, &replay, NULL, whole_columns, 6);
    help_feed(d, f.rows, f.n, 5);
    assert_int_equal(detect_advance(d, last), ERR_NONE);
    detect_free(d);

    struct detect_options o = help_options(&live, NULL);
    o.follow_records = false;
    o.delay_ns = TIME_MIN;
    assert_int_equal(detect_new(f.job, &o, &d), ERR_NONE);
    struct bytes names[6];
    for (size_t i = 0; i < 6; i++)
        names[i] = bytes_make(whole_columns[i], strlen(whole_columns[i]));
    assert_int_equal(detect_columns(d, names, 6, NULL), ERR_NONE);
    ts_ns now = START;
    for (size_t i = 0; i < f.n; i++) {
        for (; now <= f.rows[i].time; now += 7 * TIME_S) {
            assert_int_equal(detect_advance(d, now), ERR_NONE);
            if (now / TIME_S % 5 == 0) {
                size_t n = live.n;
                assert_int_equal(detect_interim(d), ERR_NONE);
                live.n = n;
            }
        }
        help_feed(d, &f.rows[i], 1, 5);
    }
    assert_int_equal(detect_advance(d, last + TIME_MIN), ERR_NONE);
    if (live.n > 0)
        live.p[live.n] = '\0';
    assert_true(live.n > 10000);
    assert_string_equal(buf_text(&replay), buf_text(&live));
    detect_free(d);
    buf_release(&replay);
    buf_release(&live);
    end(&f);
}

static void test_interim_changes_nothing(void **state)
{
    (void)state;
    struct fixture f = begin(40);
    char *whole = run_all(&f, NULL);
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(f.job, &out, NULL, whole_columns, 6);
    bool seen = false;
    for (size_t i = 0; i < f.n; i++) {
        help_feed(d, &f.rows[i], 1, 5);
        if (i % 7 != 0)
            continue;
        size_t n = out.n;
        assert_int_equal(detect_interim(d), ERR_NONE);
        seen |= strstr(buf_text(&out) + n, "\"is_interim\":true") != NULL;
        assert_null(strstr(buf_text(&out) + n, "\"is_interim\":false"));
        out.n = n;
        if (n > 0)
            out.p[n] = '\0';
    }
    assert_true(seen);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    detect_free(d);
    assert_string_equal(buf_text(&out), whole);
    buf_release(&out);
    free(whole);
    end(&f);
}

static void test_years_without_records(void **state)
{
    (void)state;
    struct fixture f = begin(30);
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(f.job, &out, NULL, whole_columns, 6);
    help_feed(d, f.rows, f.n, 5);
    ts_ns before = clock_steady();
    struct help_row late = f.rows[0];
    late.time = START + 50 * 365 * TIME_DAY;
    help_feed(d, &late, 1, 5);
    assert_true(clock_steady() - before < TIME_S);
    assert_true(detect_counts(d)->empty_buckets > 1000000);
    assert_int_equal(detect_final_until(d), time_floor(late.time, SPAN));
    late.time -= 100 * TIME_DAY;
    help_feed(d, &late, 1, 5);
    assert_int_equal(detect_counts(d)->out_of_order, 1);
    detect_free(d);
    buf_release(&out);
    end(&f);
}

static void test_epoch_zero_and_repeats(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"bucket_span\":\"5m\",\"detectors\":[{"
                 "\"function\":\"low_count\"}]}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time"};
    struct detect *d = help_engine(job, &out, NULL, columns, 1);
    struct help_row row = {.time = 0};
    for (int i = 0; i < 100000; i++)
        help_feed(d, &row, 1, 0);
    row.time = 1700000000 * TIME_S;
    help_feed(d, &row, 1, 0);
    assert_int_equal(detect_finish(d), ERR_NONE);
    assert_int_equal(detect_counts(d)->processed, 100001);
    assert_non_null(strstr(buf_text(&out), "\"event_count\":100000"));
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* A flood of new values: the bound holds, what is refused is counted, old series go on. */
static void test_memory_limit(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"rare\","
        "\"by_field_name\":\"name\",\"partition_field_name\":\"src\"},{\"function\":\"count\","
        "\"by_field_name\":\"name\"}],\"influencers\":[\"src\"]},"
        "\"analysis_limits\":{\"model_memory_limit\":\"2mb\"}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time", "name", "src"};
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    struct help_row row;
    struct detect_size_stats size;
    for (size_t i = 0; i < 60000; i++) {
        row.time = START + (ts_ns)i * TIME_S;
        snprintf(row.text[0], sizeof(row.text[0]), "value-%zu", i);
        snprintf(row.text[1], sizeof(row.text[1]), "host-%zu", i % 7);
        help_feed(d, &row, 1, 2);
        if (i % 1000 == 0) {
            detect_size(d, &size);
            assert_true(size.model_bytes <= size.memory_limit);
        }
    }
    detect_size(d, &size);
    assert_true(size.peak_model_bytes <= size.memory_limit);
    assert_int_not_equal(size.status, DETECT_MEMORY_OK);
    assert_int_equal(detect_counts(d)->processed, 60000);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* Sketches of strings grow within a bucket, and the bound holds for them too. */
static void test_memory_limit_for_strings(void **state)
{
    (void)state;
    static const char *const functions[] = {"distinct_count", "info_content"};
    for (size_t f = 0; f < 2; f++) {
        char text[512];
        snprintf(
            text, sizeof(text),
            "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"%s\","
            "\"field_name\":\"name\",\"by_field_name\":\"src\"}]},\"analysis_limits\":{"
            "\"model_memory_limit\":\"1mb\"}}",
            functions[f]);
        struct detect_job *job = help_job(text);
        struct buf out;
        buf_init(&out);
        static const char *const columns[] = {"time", "name", "src"};
        struct detect *d = help_engine(job, &out, NULL, columns, 3);
        struct help_row row;
        struct detect_size_stats size;
        for (size_t i = 0; i < 200000; i++) {
            row.time = START + (ts_ns)i * 2 * TIME_MS;
            snprintf(row.text[0], sizeof(row.text[0]), "a-rather-long-value-%zu.example.org", i);
            snprintf(row.text[1], sizeof(row.text[1]), "host-%zu", i % 300);
            help_feed(d, &row, 1, 2);
            if (i % 1000 == 0) {
                detect_size(d, &size);
                assert_true(size.model_bytes <= size.memory_limit);
            }
        }
        assert_true(size.allocation_failures > 0);
        assert_int_equal(detect_finish(d), ERR_NONE);
        detect_free(d);
        detect_job_free(job);
        buf_release(&out);
    }
}

/* Also where memory is short, what goes and what stays does not depend on being restored. */
static char *flooded(size_t restore_every)
{
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"model_prune_window\":\"12h\","
        "\"detectors\":[{"
        "\"function\":\"rare\",\"by_field_name\":\"name\",\"partition_field_name\":\"src\"},{"
        "\"function\":\"high_count\",\"by_field_name\":\"name\"},{\"function\":\"distinct_count\","
        "\"field_name\":\"name\",\"by_field_name\":\"src\"}],\"influencers\":[\"src\",\"name\"]},"
        "\"analysis_limits\":{\"model_memory_limit\":\"1mb\"}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time", "name", "src"};
    struct detect *d = help_engine(job, &out, NULL, columns, 3);
    struct rng r;
    rng_init(&r, 11);
    struct help_row row;
    for (size_t i = 0; i < 20000; i++) {
        row.time = START + (ts_ns)i * TIME_S;
        snprintf(row.text[0], sizeof(row.text[0]), "v%u", (unsigned)rng_below(&r, 1 + i * 2));
        snprintf(row.text[1], sizeof(row.text[1]), "host-%u", (unsigned)rng_below(&r, 7));
        help_feed(d, &row, 1, 2);
        if (restore_every != 0 && i % restore_every == restore_every - 1) {
            struct buf saved;
            buf_init(&saved);
            detect_save(d, &saved);
            detect_free(d);
            struct detect_options o = help_options(&out, NULL);
            assert_int_equal(detect_restore(job, &o, saved.p, saved.n, &d, NULL), ERR_NONE);
            struct bytes names[3];
            for (size_t k = 0; k < 3; k++)
                names[k] = bytes_make(columns[k], strlen(columns[k]));
            assert_int_equal(detect_columns(d, names, 3, NULL), ERR_NONE);
            buf_release(&saved);
        }
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_report_size(d);
    struct detect_size_stats size;
    detect_size(d, &size);
    assert_true(size.allocation_failures > 0);
    detect_free(d);
    detect_job_free(job);
    return buf_take(&out, NULL);
}

static void test_restored_when_memory_is_short(void **state)
{
    (void)state;
    char *whole = flooded(0);
    char *parts = flooded(777);
    assert_string_equal(whole, parts);
    free(whole);
    free(parts);
}

static void test_late_and_latency(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"analysis_config\":{\"bucket_span\":\"15m\",\"latency\":\"10m\","
                 "\"detectors\":[{\"function\":\"count\"}]}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time"};
    struct detect *d = help_engine(job, &out, NULL, columns, 1);
    struct help_row row = {.time = START};
    help_feed(d, &row, 1, 0);
    /* The first record begins: what lies before its bucket and latency is too late, too. */
    row.time = START - SPAN - TIME_S;
    help_feed(d, &row, 1, 0);
    assert_int_equal(detect_counts(d)->out_of_order, 1);
    row.time = START + SPAN + 9 * TIME_MIN;
    help_feed(d, &row, 1, 0);
    assert_int_equal(detect_final_until(d), TIME_NONE);
    row.time = START + 5 * TIME_MIN;
    help_feed(d, &row, 1, 0);
    row.time = START + SPAN + 10 * TIME_MIN;
    help_feed(d, &row, 1, 0);
    assert_int_equal(detect_final_until(d), START + SPAN);
    assert_non_null(strstr(buf_text(&out), "\"event_count\":2"));
    row.time = START + 6 * TIME_MIN;
    help_feed(d, &row, 1, 0);
    assert_int_equal(detect_counts(d)->out_of_order, 2);
    assert_int_equal(detect_counts(d)->buckets, 1);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* Series that break naive engines: nothing is found in what never changes, and every number that
 * comes out can be written (help_sink would write null otherwise). */
static void test_odd_series(void **state)
{
    (void)state;
    static const char *const functions[] = {"sum", "mean", "min", "max", "non_null_sum", "low_sum"};
    enum { CONSTANT, ZERO, HUGE_ONES, NEGATIVE, YEARLY, FLIPS, TINY, ODD_KINDS };
    for (size_t f = 0; f < sizeof(functions) / sizeof(functions[0]); f++) {
        for (int kind = 0; kind < ODD_KINDS; kind++) {
            char text[256];
            snprintf(text, sizeof(text),
                     "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":"
                     "\"%s\",\"field_name\":\"v\"}]},\"model_plot_config\":{}}",
                     functions[f]);
            struct detect_job *job = help_job(text);
            struct buf out;
            buf_init(&out);
            static const char *const columns[] = {"time", "v"};
            struct detect *d = help_engine(job, &out, NULL, columns, 2);
            for (int b = 0; b < 150; b++) {
                struct help_row row = {.time = START + b * SPAN};
                if (kind == YEARLY)
                    row.time = START + b * 365 * TIME_DAY / 4;
                static const char *const values[] = {"7", "0", "1e18", "-3", "5", "1", "1e-300"};
                snprintf(row.text[0], sizeof(row.text[0]), "%s", values[kind]);
                if (kind == FLIPS && b % 2 == 0)
                    snprintf(row.text[0], sizeof(row.text[0]), "-1e15");
                help_feed(d, &row, 1, 1);
            }
            assert_int_equal(detect_finish(d), ERR_NONE);
            assert_null(strstr(buf_text(&out), ":null"));
            assert_null(strstr(buf_text(&out), "[null"));
            if (kind == CONSTANT || kind == ZERO || kind == HUGE_ONES || kind == NEGATIVE)
                assert_null(strstr(buf_text(&out), "\"result_type\":\"record\""));
            assert_int_equal(detect_counts(d)->processed, 150);
            detect_free(d);
            detect_job_free(job);
            buf_release(&out);
        }
    }
}

/* Without follow_records only detect_advance() moves time, and the delay keeps buckets open. */
static void test_advance(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"count\"}]}}");
    struct buf out;
    buf_init(&out);
    struct detect_options o = help_options(&out, NULL);
    o.follow_records = false;
    o.delay_ns = TIME_MIN;
    struct detect *d = NULL;
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    struct bytes name = bytes_make("time", 4);
    assert_int_equal(detect_columns(d, &name, 1, NULL), ERR_NONE);
    struct help_row row = {.time = START};
    for (int i = 0; i < 5; i++) {
        help_feed(d, &row, 1, 0);
        row.time += SPAN;
    }
    assert_int_equal(detect_counts(d)->buckets, 0);
    assert_int_equal(detect_advance(d, START + SPAN + TIME_MIN - 1), ERR_NONE);
    assert_int_equal(detect_counts(d)->buckets, 0);
    assert_int_equal(detect_advance(d, START + SPAN + TIME_MIN), ERR_NONE);
    assert_int_equal(detect_counts(d)->buckets, 1);
    assert_int_equal(detect_advance(d, START + 10 * SPAN + TIME_MIN), ERR_NONE);
    assert_int_equal(detect_counts(d)->buckets, 10);
    assert_int_equal(detect_counts(d)->empty_buckets, 5);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void test_sparse_buckets(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"count\"}]}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time"};
    struct detect *d = help_engine(job, &out, NULL, columns, 1);
    for (int b = 0; b < 20; b++) {
        struct help_row row = {.time = START + b * SPAN};
        for (int i = 0; i < (b == 12 ? 4 : 100); i++)
            help_feed(d, &row, 1, 0);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    assert_int_equal(detect_counts(d)->sparse_buckets, 1);
    assert_int_equal(detect_counts(d)->latest_sparse_bucket, START + 12 * SPAN);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void test_times_at_the_edge(void **state)
{
    (void)state;
    struct detect_job *job = help_job("{\"analysis_config\":{\"bucket_span\":\"300d\",\"model_"
                                      "prune_window\":\"36600d\",\"latency\":"
                                      "\"366d\",\"detectors\":[{\"function\":\"count\"}]},"
                                      "\"renormalization_window_days\":36500}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time"};
    struct detect *d = help_engine(job, &out, NULL, columns, 1);
    static const ts_ns times[] = {TIME_NONE,    -TIME_MAX / 2,    -TIME_MAX / 2 + 1, 0,
                                  TIME_MAX / 2, TIME_MAX / 2 + 1, TIME_MAX};
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        struct help_row row = {.time = times[i]};
        help_feed(d, &row, 1, 0);
    }
    assert_int_equal(detect_counts(d)->invalid_dates, 3);
    assert_int_equal(detect_counts(d)->processed, 4);
    assert_int_equal(detect_advance(d, TIME_NONE), ERR_NONE);
    assert_int_equal(detect_advance(d, TIME_MAX), ERR_NONE);
    assert_int_equal(detect_finish(d), ERR_NONE);
    detect_renormalize(d);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void test_custom_rule_skips(void **state)
{
    (void)state;
    static const char *const rules[] = {
        "", ",\"custom_rules\":[{\"actions\":[\"skip_result\"],\"conditions\":[{\"applies_to\":"
            "\"actual\",\"operator\":\"lt\",\"value\":1000}]}]"};
    for (int with = 0; with < 2; with++) {
        char text[512];
        snprintf(text, sizeof(text),
                 "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":"
                 "\"high_count\"%s}]}}",
                 rules[with]);
        struct detect_job *job = help_job(text);
        struct buf out;
        buf_init(&out);
        static const char *const columns[] = {"time"};
        struct detect *d = help_engine(job, &out, NULL, columns, 1);
        struct help_row row = {.time = 0};
        for (int b = 0; b < 100; b++) {
            int n = b == 90 ? 500 : 9 + b % 3;
            for (int i = 0; i < n; i++) {
                row.time = START + b * SPAN + i * TIME_S;
                help_feed(d, &row, 1, 0);
            }
        }
        assert_int_equal(detect_finish(d), ERR_NONE);
        bool found = strstr(buf_text(&out), "\"result_type\":\"record\"") != NULL;
        assert_int_equal(found, with == 0);
        detect_free(d);
        detect_job_free(job);
        buf_release(&out);
    }
}

static void test_summary_counts_and_nulls(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"summary_count_field_name\":\"n\","
        "\"detectors\":[{\"function\":\"count\",\"partition_field_name\":\"src\"},{\"function\":"
        "\"mean\",\"field_name\":\"v\",\"partition_field_name\":\"src\",\"use_null\":true}]},"
        "\"model_plot_config\":{}}");
    struct buf out;
    buf_init(&out);
    static const char *const columns[] = {"time", "n", "v", "src"};
    struct detect *d = help_engine(job, &out, NULL, columns, 4);
    static const struct help_row rows[] = {{START, {"3", "10", "a"}},
                                           {START, {"1", "30", "a"}},
                                           {START, {"5", "7", ""}},
                                           {START, {"", "7", "a"}},
                                           {START, {"2", "x", "a"}}};
    help_feed(d, rows, 5, 3);
    assert_int_equal(detect_finish(d), ERR_NONE);
    /* a: 3 + 1 + 2 events; mean (3·10 + 30) / 4; null: mean 7, no count. */
    assert_non_null(strstr(buf_text(&out), "\"event_count\":11"));
    assert_non_null(strstr(buf_text(&out), "\"actual\":6}"));
    assert_non_null(strstr(buf_text(&out), "\"actual\":15}"));
    assert_non_null(strstr(buf_text(&out), "\"partition_field_value\":\"\",\"model_feature\""));
    assert_non_null(strstr(buf_text(&out), "\"actual\":7}"));
    assert_int_equal(detect_counts(d)->missing_fields, 3);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

/* An array counts once for each value of a split field. */
static void test_lists_in_events(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"count\","
        "\"partition_field_name\":\"host.ip\"}]},\"data_description\":{\"time_field\":"
        "\"@timestamp\"},\"model_plot_config\":{}}");
    struct buf out;
    buf_init(&out);
    struct detect_options o = help_options(&out, NULL);
    struct detect *d = NULL;
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    struct arena arena;
    arena_init(&arena, 0);
    struct event e;
    event_init(&e, &arena, START);
    struct ip a;
    struct ip b;
    assert_true(ip_parse("10.0.0.1", 8, &a) && ip_parse("10.0.0.2", 8, &b));
    event_add_ip(&e, EVENT_F_HOST_IP, &a);
    event_add_ip(&e, EVENT_F_HOST_IP, &b);
    assert_int_equal(detect_event(d, &e), ERR_NONE);
    assert_int_equal(detect_finish(d), ERR_NONE);
    assert_non_null(strstr(buf_text(&out), "\"partition_field_value\":\"10.0.0.1\""));
    assert_non_null(strstr(buf_text(&out), "\"partition_field_value\":\"10.0.0.2\""));
    arena_release(&arena);
    detect_free(d);
    detect_job_free(job);
    buf_release(&out);
}

static void keep_actual(void *ctx, const struct detect_result *r)
{
    if (r->type == DETECT_RESULT_MODEL_PLOT)
        *(double *)ctx = r->plot.actual;
}

/* Ten conversations, each reported three times in the bucket, are ten. */
static void test_a_conversation_counts_once(void **state)
{
    (void)state;
    static const char text[] =
        "{\"job_id\":\"c\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":["
        "{\"function\":\"count\"}]},\"data_description\":{\"time_field\":\"@timestamp\"},"
        "\"model_plot_config\":{\"enabled\":true}}";
    double actual = -1;
    struct detect_job *job;
    struct detect *d;
    struct err_text why;
    assert_int_equal(detect_job_parse(text, strlen(text), "c", NULL, 0, &job, &why), ERR_NONE);
    const struct detect_options o = {
        .seed = {1, 2}, .follow_records = true, .sink = keep_actual, .ctx = &actual};
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    for (int b = 0; b < 30; b++)
        for (int i = 0; i < 30; i++) {
            struct arena a;
            struct event e;
            arena_init(&a, 0);
            event_init(&e, &a, START + b * SPAN + i * TIME_S);
            event_set_i64(&e, EVENT_F_WEIR_FLOW_REPORTS, 1 + i % 3);
            assert_int_equal(detect_event(d, &e), ERR_NONE);
            arena_release(&a);
        }
    assert_int_equal(detect_finish(d), ERR_NONE);
    assert_true(actual == 10);
    detect_free(d);
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_finds_what_is_plain),
        cmocka_unit_test(test_threads_give_the_same_bytes),
        cmocka_unit_test(test_order_within_a_bucket),
        cmocka_unit_test(test_restored_at_every_bucket),
        cmocka_unit_test(test_live_is_replay),
        cmocka_unit_test(test_interim_changes_nothing),
        cmocka_unit_test(test_years_without_records),
        cmocka_unit_test(test_epoch_zero_and_repeats),
        cmocka_unit_test(test_memory_limit),
        cmocka_unit_test(test_memory_limit_for_strings),
        cmocka_unit_test(test_restored_when_memory_is_short),
        cmocka_unit_test(test_late_and_latency),
        cmocka_unit_test(test_a_conversation_counts_once),
        cmocka_unit_test(test_odd_series),
        cmocka_unit_test(test_advance),
        cmocka_unit_test(test_sparse_buckets),
        cmocka_unit_test(test_times_at_the_edge),
        cmocka_unit_test(test_custom_rule_skips),
        cmocka_unit_test(test_summary_counts_and_nulls),
        cmocka_unit_test(test_lists_in_events),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
