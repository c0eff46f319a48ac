/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/schedule.h"

#include "detect/calendar.h"
#include "help.h"

#include <stdlib.h>

#define SPAN (5 * TIME_MIN)
#define JOB                                                                                        \
    "{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"5m\",\"detectors\":["                \
    "{\"function\":\"count\",\"partition_field_name\":\"a\"},{\"function\":\"mean\","              \
    "\"field_name\":\"v\"},{\"function\":\"rare\",\"by_field_name\":\"a\"},{\"function\":"         \
    "\"freq_rare\",\"by_field_name\":\"b\",\"over_field_name\":\"a\"},{\"function\":\"high_sum\"," \
    "\"field_name\":\"v\",\"over_field_name\":\"b\"},{\"function\":\"time_of_day\","               \
    "\"by_field_name\":\"b\"},{\"function\":\"low_count\"},{\"function\":"                         \
    "\"lat_long\",\"field_name\":\"p\",\"by_field_name\":\"b\"}],\"influencers\":[\"a\",\"b\"]}}"

/* Events are given in buckets: "text from to [R][L]", where R keeps results, L keeps learning. */
static struct detect_schedule *schedule_of(const struct detect_job *job, const char *events)
{
    struct buf b;
    struct detect_calendars set = {0};
    struct detect_schedule *s = NULL;
    struct err_text why = {0};
    char text[32], flags[8];
    int from, to, used;
    buf_init(&b);
    buf_str(&b, "{\"calendar_id\":\"c\",\"job_ids\":[\"_all\"],\"events\":[");
    for (const char *p = events; sscanf(p, "%31s %d %d %7s%n", text, &from, &to, flags, &used) == 4;
         p += used) {
        buf_format(&b, "%s{\"description\":\"%s\",\"start_time\":%lld,\"end_time\":%lld%s%s}",
                   p > events ? "," : "", text, (long long)(from * (SPAN / TIME_MS)),
                   (long long)(to * (SPAN / TIME_MS)),
                   strchr(flags, 'R') != NULL ? ",\"skip_result\":false" : "",
                   strchr(flags, 'L') != NULL ? ",\"skip_model_update\":false" : "");
    }
    buf_str(&b, "]}");
    assert_int_equal(detect_calendars_parse(&set, buf_text(&b), b.n, "c", &why), ERR_NONE);
    assert_int_equal(detect_schedule_new(&set, job, &s), ERR_NONE);
    detect_calendars_release(&set);
    buf_release(&b);
    return s;
}

static void test_overlap(void **state)
{
    (void)state;
    struct detect_job *job = help_job(JOB);
    struct detect_calendars set = {0};
    struct detect_schedule *s = NULL;
    struct err_text why;
    const char *names[DETECT_SCHEDULE_NAMES_MAX];
    /* A millisecond before the end of bucket 0, and one into bucket 2. */
    static const char text[] =
        "[{\"calendar_id\":\"c\",\"job_ids\":\"j\",\"events\":[{\"description\":\"x\",\"start_"
        "time\":"
        "299999,\"end_time\":600001}]},{\"calendar_id\":\"d\",\"job_ids\":\"other\",\"events\":[{"
        "\"description\":\"y\",\"start_time\":0,\"end_time\":90000000}]},{\"calendar_id\":\"e\","
        "\"job_ids\":\"j\",\"events\":[{\"description\":\"x\",\"start_time\":300000,\"end_time\":"
        "600000,\"skip_result\":false},{\"description\":\"w\",\"start_time\":300000,\"end_time\":"
        "600000,\"skip_result\":false}]}]";
    assert_int_equal(detect_calendars_parse(&set, text, strlen(text), "c", &why), ERR_NONE);
    assert_int_equal(detect_schedule_new(&set, job, &s), ERR_NONE);
    detect_calendars_release(&set);
    for (int i = -1; i < 5; i++) {
        struct detect_schedule_verdict v = detect_schedule_at(s, i * SPAN);
        bool in = i >= 0 && i < 3;
        assert_int_equal(v.skip_result, in);
        assert_int_equal(v.skip_model_update, in);
        assert_int_equal(detect_schedule_names(s, i * SPAN, names), i == 1 ? 2 : in);
        if (in)
            assert_string_equal(names[0], "x");
        if (i == 1)
            assert_string_equal(names[1], "w");
    }
    detect_schedule_free(s);
    struct detect_schedule_verdict none = detect_schedule_at(NULL, 0);
    assert_true(!none.skip_result && !none.skip_model_update);
    assert_int_equal(detect_schedule_names(NULL, 0, names), 0);
    assert_null(schedule_of(job, ""));
    detect_job_free(job);
}

/* Any events, any bucket: the index says what walking through all of them says. */
static void test_against_the_plain_walk(void **state)
{
    (void)state;
    struct detect_job *job = help_job(JOB);
    struct rng rng;
    rng_init(&rng, 5);
    for (int round = 0; round < 200; round++) {
        int from[20], to[20];
        bool result[20], learn[20];
        size_t n = 1 + rng_below(&rng, 20);
        struct buf b;
        const char *names[DETECT_SCHEDULE_NAMES_MAX];
        buf_init(&b);
        for (size_t i = 0; i < n; i++) {
            from[i] = (int)rng_below(&rng, 60);
            to[i] = from[i] + 1 + (int)rng_below(&rng, 8);
            result[i] = rng_below(&rng, 2) == 0;
            learn[i] = rng_below(&rng, 2) == 0;
            buf_format(&b, "e%zu %d %d -%s%s ", i, from[i], to[i], result[i] ? "R" : "",
                       learn[i] ? "L" : "");
        }
        struct detect_schedule *s = schedule_of(job, buf_text(&b));
        ts_ns at = 0;
        ts_ns first = 0;
        uint64_t left = 0;
        for (int bucket = 0; bucket < 70; bucket++) {
            bool skip_result = false, skip_learn = false;
            size_t named = 0;
            for (size_t i = 0; i < n; i++) {
                bool in = from[i] <= bucket && bucket < to[i];
                skip_result |= in && !result[i];
                skip_learn |= in && !learn[i];
                named += in;
            }
            struct detect_schedule_verdict v = detect_schedule_at(s, bucket * SPAN);
            assert_int_equal(v.skip_result, skip_result);
            assert_int_equal(v.skip_model_update, skip_learn);
            assert_int_equal(detect_schedule_names(s, bucket * SPAN, names), named);
            /* The runs that are learned, bucket by bucket. */
            if (left == 0 && !skip_learn)
                assert_true(detect_schedule_learned(s, SPAN, &at, 70 * SPAN, &first, &left));
            assert_int_equal(skip_learn, left == 0);
            if (left > 0) {
                assert_int_equal(first, bucket * SPAN);
                first += SPAN;
                left--;
            }
        }
        assert_int_equal(left, 0);
        assert_false(detect_schedule_learned(s, SPAN, &at, 70 * SPAN, &first, &left));
        detect_schedule_free(s);
        buf_release(&b);
    }
    detect_job_free(job);
}

/* ---- what an engine makes of it ---- */

#define BUCKETS 600
#define FROM 400
#define TO 420

/* Ordinary buckets; between FROM and TO something else. */
enum inside { ORDINARY, SILENCE, BURST };

static void feed_bucket(struct detect *d, int bucket, enum inside inside)
{
    struct rng rng;
    rng_init(&rng, (uint64_t)bucket);
    bool in = bucket >= FROM && bucket < TO;
    int n = 20 + (int)rng_below(&rng, 10);
    if (in && inside == SILENCE)
        n = 0;
    else if (in && inside == BURST)
        n = 600;
    for (int i = 0; i < n; i++) {
        char v[4][24];
        bool odd = in && inside == BURST && i % 2 == 0;
        snprintf(v[0], 24, "%s%d", odd ? "odd" : "a", (int)rng_below(&rng, 3));
        snprintf(v[1], 24, "b%d", (int)rng_below(&rng, odd ? 50 : 5));
        snprintf(v[2], 24, "%d", odd ? 9000 : 50 + (int)rng_below(&rng, 20));
        snprintf(v[3], 24, "%d.5,%d.5", odd ? -40 : 50, (int)rng_below(&rng, 3));
        struct bytes fields[] = {bytes_make("0", 1), bytes_make(v[0], strlen(v[0])),
                                 bytes_make(v[1], strlen(v[1])), bytes_make(v[2], strlen(v[2])),
                                 bytes_make(v[3], strlen(v[3]))};
        assert_int_equal(detect_record(d, bucket * SPAN + i * TIME_MS, fields), ERR_NONE);
    }
}

static const char *const columns[] = {"time", "a", "b", "v", "p"};

static void feed(struct detect *d, enum inside inside, bool burst_at_end)
{
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        feed_bucket(d, bucket, inside);
    /* What is unusual after all that shows what was learned. */
    for (int i = 0; burst_at_end && i < 300; i++) {
        struct bytes fields[] = {bytes_make("0", 1), bytes_make("a1", 2), bytes_make("new", 3),
                                 bytes_make("4000", 4), bytes_make("10,100", 6)};
        assert_int_equal(detect_record(d, BUCKETS * SPAN + i, fields), ERR_NONE);
    }
    assert_int_equal(detect_advance(d, (BUCKETS + 3) * SPAN), ERR_NONE);
}

static void run(const char *events, enum inside inside, struct thread_team *team, struct buf *out)
{
    struct detect_job *job = help_job(JOB);
    struct detect *d = help_engine(job, out, team, columns, 5);
    detect_take_schedule(d, schedule_of(job, events));
    feed(d, inside, true);
    detect_free(d);
    detect_job_free(job);
}

/* Documents whose bucket starts in [from, to), added to into; returns how many. */
static size_t documents(struct buf *out, int from, int to, const char *type, struct buf *into)
{
    size_t n = 0;
    for (const char *p = buf_text(out); *p != '\0';) {
        const char *end = strchr(p, '\n');
        const char *at = strstr(p, "\"timestamp\":");
        if (at != NULL && at < end) {
            long long bucket = atoll(at + strlen("\"timestamp\":")) / (SPAN / TIME_MS);
            char needle[40];
            snprintf(needle, sizeof(needle), "\"result_type\":\"%s\"", type);
            const char *is = strstr(p, needle);
            if (bucket >= from && bucket < to && (type[0] == '\0' || (is != NULL && is < end))) {
                n++;
                if (into != NULL)
                    buf_add(into, p, (size_t)(end - p + 1));
            }
        }
        p = end + 1;
    }
    return n;
}

/* By default nothing that happens during an event is told, and nothing of it is learned: whatever
 * it was, all else comes out the same, to the byte. */
static void test_nothing_leaks_out(void **state)
{
    (void)state;
    struct buf out[3], outside[3];
    for (int i = 0; i < 3; i++) {
        buf_init(&out[i]);
        buf_init(&outside[i]);
        run("upgrade 400 420 -", (enum inside)i, NULL, &out[i]);
        documents(&out[i], 0, FROM, "", &outside[i]);
        assert_int_equal(documents(&out[i], FROM, TO, "record", NULL), 0);
        assert_int_equal(documents(&out[i], FROM, TO, "influencer", NULL), 0);
        assert_int_equal(documents(&out[i], FROM, TO, "bucket", NULL), TO - FROM);
        assert_true(documents(&out[i], BUCKETS, BUCKETS + 1, "record", NULL) > 0);
        documents(&out[i], TO, BUCKETS + 3, "", &outside[i]);
        if (i > 0)
            assert_string_equal(buf_text(&outside[0]), buf_text(&outside[i]));
    }
    struct buf b;
    buf_init(&b);
    documents(&out[BURST], FROM, FROM + 1, "bucket", &b);
    assert_non_null(strstr(buf_text(&b), "\"event_count\":600"));
    assert_non_null(strstr(buf_text(&b), "\"scheduled_events\":[\"upgrade\"]"));
    assert_non_null(strstr(buf_text(&b), "\"anomaly_score\":0,"));
    buf_clear(&b);
    documents(&out[BURST], TO, TO + 1, "bucket", &b);
    assert_null(strstr(buf_text(&b), "scheduled_events"));
    buf_release(&b);
    for (int i = 0; i < 3; i++) {
        buf_release(&out[i]);
        buf_release(&outside[i]);
    }
}

/* Only one of the two is skipped when the event says so. */
static void test_one_of_the_two(void **state)
{
    (void)state;
    struct buf told, plain, again, learned;
    buf_init(&told);
    buf_init(&plain);
    buf_init(&again);
    buf_init(&learned);
    run("x 400 420 R", BURST, NULL, &told);
    run("", BURST, NULL, &plain);
    assert_true(documents(&told, FROM, TO, "record", NULL) > 0);
    /* The first bucket of the burst is judged by the same past. */
    struct buf a, b;
    buf_init(&a);
    buf_init(&b);
    documents(&told, 0, FROM + 1, "record", &a);
    documents(&plain, 0, FROM + 1, "record", &b);
    assert_string_equal(buf_text(&a), buf_text(&b));
    buf_release(&a);
    buf_release(&b);
    /* The last one still is news where nothing is learned, of which the other has seen nineteen. */
    assert_true(documents(&told, TO - 1, TO, "record", NULL) >=
                documents(&plain, TO - 1, TO, "record", NULL));
    /* Two bursts, one of them learned in silence: the second is judged by it. */
    run("x 400 410 L y 410 420 R", BURST, NULL, &learned);
    run("x 400 410 - y 410 420 R", BURST, NULL, &again);
    assert_int_equal(documents(&learned, FROM, FROM + 10, "record", NULL), 0);
    assert_int_equal(documents(&again, FROM, FROM + 10, "record", NULL), 0);
    a = (struct buf){0};
    b = (struct buf){0};
    documents(&learned, FROM + 10, FROM + 11, "record", &a);
    documents(&again, FROM + 10, FROM + 11, "record", &b);
    assert_string_not_equal(buf_text(&a), buf_text(&b));
    buf_release(&a);
    buf_release(&b);
    buf_release(&told);
    buf_release(&plain);
    buf_release(&again);
    buf_release(&learned);
}

/* Saved and restored within an event, and with threads: the same bytes. */
static void test_promises(void **state)
{
    (void)state;
    static const char events[] = "x 390 410 - y 405 430 L z 440 460 R";
    struct buf whole, parted, threads;
    buf_init(&whole);
    buf_init(&parted);
    buf_init(&threads);
    run(events, BURST, NULL, &whole);
    struct thread_team *team = thread_team_new(3);
    run(events, BURST, team, &threads);
    thread_team_free(team);
    assert_string_equal(buf_text(&whole), buf_text(&threads));
    struct detect_job *job = help_job(JOB);
    struct detect *d = help_engine(job, &parted, NULL, columns, 5);
    detect_take_schedule(d, schedule_of(job, events));
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
        if (bucket % 7 == 0) {
            struct buf saved;
            struct detect *copy = NULL;
            struct err_text why;
            struct detect_options o = help_options(&parted, NULL);
            struct bytes names[5];
            buf_init(&saved);
            detect_save(d, &saved);
            assert_int_equal(detect_restore(job, &o, saved.p, saved.n, &copy, &why), ERR_NONE);
            for (int i = 0; i < 5; i++)
                names[i] = bytes_make(columns[i], strlen(columns[i]));
            assert_int_equal(detect_columns(copy, names, 5, NULL), ERR_NONE);
            detect_free(d);
            d = copy;
            detect_take_schedule(d, schedule_of(job, events));
            buf_release(&saved);
        }
        feed_bucket(d, bucket, BURST);
    }
    /* Also the scores that were looked at again. */
    assert_true(parted.n > 0 && parted.n < whole.n);
    assert_memory_equal(whole.p, parted.p, parted.n);
    detect_free(d);
    detect_job_free(job);
    buf_release(&whole);
    buf_release(&parted);
    buf_release(&threads);
}

/* A long event without any data is passed over as any emptiness is, and leaves no zeros behind. */
static void test_long_silence(void **state)
{
    (void)state;
    struct detect_job *job =
        help_job("{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"5m\",\"detectors\":["
                 "{\"function\":\"low_count\"}]},\"model_plot_config\":{}}");
    struct buf out[2];
    for (int with = 0; with < 2; with++) {
        buf_init(&out[with]);
        struct detect *d = help_engine(job, &out[with], NULL, columns, 5);
        if (with != 0)
            detect_take_schedule(d, schedule_of(job, "closed 600 3000 -"));
        feed(d, ORDINARY, false);
        assert_int_equal(detect_advance(d, 3000 * SPAN), ERR_NONE);
        buf_clear(&out[with]);
        for (int i = 0; i < 25; i++) {
            struct bytes fields[] = {bytes_make("0", 1), bytes_make("a1", 2), bytes_make("b1", 2),
                                     bytes_make("1", 1), bytes_make("1,1", 3)};
            assert_int_equal(detect_record(d, 3000 * SPAN + i, fields), ERR_NONE);
        }
        assert_int_equal(detect_advance(d, 3001 * SPAN), ERR_NONE);
        detect_free(d);
    }
    for (int with = 0; with < 2; with++) {
        const char *median = strstr(buf_text(&out[with]), "\"model_median\":");
        assert_non_null(median);
        double m = atof(median + strlen("\"model_median\":"));
        assert_true(with != 0 ? m > 20 && m < 29 : m < 20);
    }
    buf_release(&out[0]);
    buf_release(&out[1]);
    detect_job_free(job);
}

/* ---- clocks that are put forward ---- */

#define HOUR_BUCKETS 4
#define DAY_BUCKETS (24 * HOUR_BUCKETS)
#define QUARTER (15 * TIME_MIN)
#define MOVED (21 * DAY_BUCKETS)

/* An office from nine to five, and three hours earlier once it has moved to the east; who works in
 * it logs on when it opens. Records at 25 from then on, over two days. */
static size_t office(const char *function, const char *event, bool restored)
{
    char text[512];
    snprintf(text, sizeof(text),
             "{\"job_id\":\"j\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{"
             "%s}]}}",
             function);
    struct detect_job *job = help_job(text);
    const char *fields[] = {"time", "user"};
    struct buf out;
    buf_init(&out);
    struct detect *d = help_engine(job, &out, NULL, fields, 2);
    struct detect_calendars set = {0};
    struct err_text why = {0};
    struct buf b;
    buf_init(&b);
    struct detect_schedule *s;
    buf_format(&b,
               "{\"calendar_id\":\"c\",\"job_ids\":[\"j\"],\"events\":[{\"description\":\"move\","
               "\"start_time\":%lld,\"end_time\":%lld,\"skip_result\":false,"
               "\"skip_model_update\":false%s}]}",
               (long long)(MOVED * (QUARTER / TIME_MS)),
               (long long)((MOVED + 1) * (QUARTER / TIME_MS)), event);
    assert_int_equal(detect_calendars_parse(&set, buf_text(&b), b.n, "c", &why), ERR_NONE);
    assert_int_equal(detect_schedule_new(&set, job, &s), ERR_NONE);
    detect_take_schedule(d, s);
    struct rng rng;
    rng_init(&rng, 7);
    bool clock = strstr(function, "time_of_day") != NULL;
    for (int i = 0; i < MOVED + 2 * DAY_BUCKETS; i++) {
        int local = (i + (i >= MOVED ? 3 * HOUR_BUCKETS : 0)) % DAY_BUCKETS;
        bool open = local >= 9 * HOUR_BUCKETS && local < 17 * HOUR_BUCKETS;
        int n = (open ? 200 : 10) + (int)rng_below(&rng, 10);
        if (clock)
            n = open && local < 10 * HOUR_BUCKETS;
        struct help_row row = {.time = i * QUARTER, .text = {"u"}};
        for (int k = 0; k < n; k++)
            help_feed(d, &row, 1, 1);
        if (!restored || i != MOVED)
            continue;
        /* Saved when the clocks have been put forward. */
        assert_int_equal(detect_advance(d, (i + 1) * QUARTER), ERR_NONE);
        buf_clear(&b);
        detect_save(d, &b);
        detect_free(d);
        struct detect_options o = help_options(&out, NULL);
        struct bytes names[] = {bytes_make("time", 4), bytes_make("user", 4)};
        assert_int_equal(detect_restore(job, &o, b.p, b.n, &d, &why), ERR_NONE);
        assert_int_equal(detect_columns(d, names, 2, NULL), ERR_NONE);
        assert_int_equal(detect_schedule_new(&set, job, &s), ERR_NONE);
        detect_take_schedule(d, s);
    }
    assert_int_equal(detect_advance(d, (MOVED + 2 * DAY_BUCKETS) * QUARTER), ERR_NONE);
    size_t found = 0;
    for (const char *p = buf_text(&out); (p = strstr(p, "\"record_score\":")) != NULL; p++) {
        const char *at = strstr(p, "\"timestamp\":");
        found += atoll(at + 12) >= MOVED * (QUARTER / TIME_MS) && atof(p + 15) >= 25;
    }
    detect_free(d);
    detect_calendars_release(&set);
    buf_release(&b);
    buf_release(&out);
    detect_job_free(job);
    return found;
}

static void test_clocks_are_put_forward(void **state)
{
    (void)state;
    static const char *const functions[] = {
        "\"function\":\"count\"",
        "\"function\":\"time_of_day\",\"by_field_name\":\"user\"",
    };
    for (size_t i = 0; i < 2; i++) {
        assert_true(office(functions[i], "", false) > 0);
        assert_true(office(functions[i], ",\"force_time_shift\":-10800", false) > 0);
        assert_int_equal(office(functions[i], ",\"force_time_shift\":10800", false), 0);
        assert_int_equal(office(functions[i], ",\"force_time_shift\":10800", true), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_against_the_plain_walk),
        cmocka_unit_test(test_nothing_leaks_out),
        cmocka_unit_test(test_one_of_the_two),
        cmocka_unit_test(test_promises),
        cmocka_unit_test(test_long_silence),
        cmocka_unit_test(test_clocks_are_put_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
