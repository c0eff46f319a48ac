/* SPDX-License-Identifier: Apache-2.0 */
/* What was posted outlives a crash: the engine is thrown away without being saved, and made again.
 */
#include "app/help.h"

#include "base/rng.h"
#include "engine/calendars.h"
#include "engine/jobs.h"
#include "store/state_posted.h"

#include <sqlite3.h>

static const char job[] =
    "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
    "[{\"function\": \"count\", \"by_field_name\": \"h\"}], \"influencers\": [\"h\"]}, "
    "\"data_description\": {\"time_field\": \"t\"}}";

static struct engine_jobs *make(struct store_state *st)
{
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    return j;
}

static void install(struct store_state *st)
{
    HELP_OK(store_state_relax(st)); /* no power fails here */
    HELP_OK(engine_install_job(st, job, strlen(job), "job", NULL, 0, NULL, NULL, HELP_BASE,
                               TIME_NONE, &help_why));
    HELP_OK(store_state_job_set_state(st, "tiny", "opened", "stopped", NULL));
}

/* Open buckets from a time on are emptied before. */
static void post_anew(struct engine_jobs *j, ts_ns reset, const struct buf *text)
{
    struct engine_post p = {.job_id = "tiny",
                            .text = text->p,
                            .n = text->n,
                            .reset_start = reset,
                            .reset_end = TIME_MAX};
    HELP_OK(engine_jobs_post(j, &p, HELP_BASE));
    HELP_OK(p.err);
}

static void post(struct engine_jobs *j, const struct buf *text)
{
    post_anew(j, TIME_NONE, text);
}

static void flush(struct engine_jobs *j, ts_ns advance, ts_ns skip)
{
    const struct engine_flush what = {.advance = advance, .skip = skip, .interim = true};
    ts_ns end;
    HELP_OK(engine_jobs_flush(j, "tiny", &what, HELP_BASE, &end, &help_why));
}

static void write_minute(struct buf *out, unsigned m, unsigned n)
{
    buf_clear(out);
    for (unsigned i = 0; i < n; i++)
        buf_format(out, "{\"t\": %lld, \"h\": \"h%u\"}\n",
                   (long long)(HELP_BASE / TIME_S) + m * 60 + i % 60, i % 3);
}

static uint64_t kept_bytes(const struct engine_jobs *j)
{
    struct engine_jobs_totals totals;
    engine_jobs_totals(j, &totals);
    return totals.kept_bytes;
}

static bool has_kept(struct store_state *st)
{
    uint64_t newest;
    HELP_OK(store_state_posted_newest(st, "tiny", &newest));
    return newest > 0;
}

/* What the job has found and how it stands, but for what clocks measured. */
static void describe(struct engine_jobs *j, struct store_state *st, struct buf *out)
{
    struct buf stats;
    ts_ns open;
    buf_init(&stats);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    help_dump(st, out);
    buf_str(out, buf_text(&stats));
    buf_release(&stats);
}

/* Bursts, flushes that move time, late records; crashes and saves where the dice say so. */
static void run(struct store_state *st, uint64_t seed, struct buf *out)
{
    struct rng rng;
    struct buf text;
    struct engine_jobs *j = make(st);
    buf_init(&text);
    rng_init(&rng, seed);
    for (unsigned m = 0; m < 120; m++) {
        write_minute(&text, m, m == 90 ? 400 : 20 + m % 5);
        post(j, &text);
        if (m % 20 == 13) /* twice, but for the first time for nothing */
            post_anew(j, HELP_BASE + m * TIME_MIN + TIME_S, &text);
        if (m % 20 == 7) { /* its records come too late after this */
            ts_ns end = HELP_BASE + (ts_ns)(m + 1) * TIME_MIN;
            flush(j, m % 40 == 7 ? end : TIME_NONE, m % 40 == 7 ? TIME_NONE : end);
            post(j, &text);
        }
        if (seed != 0 && rng_below(&rng, 10) == 0)
            HELP_OK(engine_jobs_save(j, HELP_BASE, &help_why));
        if (seed != 0 && rng_below(&rng, 5) == 0) {
            engine_jobs_free(j);
            j = make(st);
        }
    }
    write_minute(&text, 120, 20);
    post(j, &text);
    flush(j, HELP_BASE + 121 * TIME_MIN, TIME_NONE);
    describe(j, st, out);
    engine_jobs_free(j);
    buf_release(&text);
}

static void outlives(void **state)
{
    (void)state;
    struct buf whole;
    buf_init(&whole);
    for (uint64_t seed = 0; seed < 4; seed++) {
        char *dir = help_mkdir();
        struct store_state *st = help_state(dir);
        struct buf parted;
        buf_init(&parted);
        install(st);
        run(st, seed, seed == 0 ? &whole : &parted);
        if (seed > 0)
            assert_string_equal(buf_text(&parted), buf_text(&whole));
        buf_release(&parted);
        store_state_close(st);
        help_rmdir(dir);
    }
    assert_non_null(strstr(buf_text(&whole), "\"result_type\":\"record\""));
    buf_release(&whole);
}

/* It goes with the snapshot that has it, with a reset, and when the job goes back. */
static void goes(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf text;
    buf_init(&text);
    install(st);
    struct engine_jobs *j = make(st);
    write_minute(&text, 0, 20);
    post(j, &text);
    assert_true(has_kept(st));
    assert_int_equal(kept_bytes(j), 4096);
    engine_jobs_free(j);
    j = make(st);
    assert_int_equal(kept_bytes(j), 4096);
    HELP_OK(engine_jobs_save(j, HELP_BASE, &help_why));
    assert_false(has_kept(st));
    assert_int_equal(kept_bytes(j), 0);
    HELP_OK(store_state_snapshot_update(st, "tiny", "tiny-1700006419", "{}", true));
    write_minute(&text, 1, 20);
    post(j, &text);
    HELP_OK(engine_jobs_stop(j, "tiny", true, &help_why));
    assert_false(has_kept(st));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    write_minute(&text, 2, 20);
    post(j, &text);
    HELP_OK(engine_jobs_save_kept(j, &help_why)); /* lists that change are for what comes then */
    assert_false(has_kept(st));
    write_minute(&text, 3, 20);
    post(j, &text);
    HELP_OK(engine_jobs_revert(j, "tiny", "tiny-1700006419", true, &help_why));
    assert_false(has_kept(st));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    struct buf stats;
    ts_ns open;
    buf_init(&stats);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    assert_non_null(strstr(buf_text(&stats), "\"processed_record_count\":20,"));
    buf_release(&stats);
    post(j, &text);
    assert_true(has_kept(st));
    HELP_OK(engine_jobs_stop(j, "tiny", false, &help_why));
    HELP_OK(store_state_job_reset(st, "tiny"));
    assert_false(has_kept(st));
    engine_jobs_free(j);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

/* Much is not kept for long: the job is saved before a start would take too much time. */
static void is_spared(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf text;
    unsigned saved = 0, portions = 0;
    buf_init(&text);
    install(st);
    struct engine_jobs *j = make(st);
    for (unsigned m = 0; saved == 0 && portions < 40; m++, portions++) {
        write_minute(&text, m, 20);
        size_t room = ((size_t)4 << 20) - text.n;
        char *to = buf_reserve(&text, room);
        assert_non_null(to);
        memset(to, ' ', room);
        text.n += room - 21;
        buf_format(&text, "{\"t\": %lld}", (long long)(HELP_BASE / TIME_S) + m * 60);
        post(j, &text);
        saved += !has_kept(st);
    }
    assert_int_equal(saved, 1);
    assert_int_equal(portions, 17);
    engine_jobs_free(j);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

/* Damaged, it is not passed over without a word. */
static void damage(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    char *path;
    sqlite3 *db;
    struct store_state *st = help_state(dir);
    struct store_job row;
    struct arena arena;
    struct buf text;
    buf_init(&text);
    arena_init(&arena, 0);
    install(st);
    struct engine_jobs *j = make(st);
    write_minute(&text, 0, 20);
    post(j, &text);
    engine_jobs_free(j);
    store_state_close(st);
    assert_true(asprintf(&path, "%s/state.db", dir) > 0);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "UPDATE posted SET data = x'00'", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    free(path);
    st = help_state(dir);
    j = make(st);
    assert_int_equal(engine_jobs_count(j), 0);
    HELP_OK(store_state_job_get(st, "tiny", &arena, &row));
    assert_string_equal(row.state, "failed");
    assert_non_null(strstr(row.message, "is damaged; weir job revert"));
    engine_jobs_free(j);
    arena_release(&arena);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

/* A job whose datafeed runs gets it when the pass over the store has come as far as it was. */
static void waits(void **state)
{
    (void)state;
    static const char fed[] =
        "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
        "[{\"function\": \"count\"}]}, \"data_description\": {\"time_field\": \"@timestamp\"}}";
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf one, two;
    buf_init(&one);
    buf_init(&two);
    HELP_OK(engine_install_job(st, fed, strlen(fed), "job", NULL, 0, NULL, NULL, HELP_BASE,
                               HELP_BASE, &help_why));
    for (int crash = 0; crash < 2; crash++) {
        const struct engine_jobs_options options = {.state = st};
        struct engine_jobs *j = engine_jobs_new(&options);
        struct arena arena;
        HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
        assert_int_equal(engine_jobs_wanted(j), HELP_BASE);
        arena_init(&arena, 0);
        for (unsigned m = 0; m < 200; m++) {
            struct event e;
            ts_ns at = HELP_BASE + m * TIME_MIN;
            HELP_OK(engine_jobs_advance(j, ENGINE_JOB_BEHIND, at, &help_why));
            help_event(&e, &arena, at, m + 1);
            HELP_OK(engine_jobs_backfill(j, &e));
            if (m == 150 && crash == 0) { /* late, now, and a little ahead; the first is counted */
                char text[200];
                snprintf(text, sizeof(text),
                         "{\"@timestamp\": %lld}{\"@timestamp\": %lld}{\"@timestamp\": %lld}",
                         (long long)((at - TIME_HOUR) / TIME_MS), (long long)(at / TIME_MS),
                         (long long)((at + TIME_HOUR) / TIME_MS));
                struct engine_post p = {
                    .job_id = "tiny", .text = text, .n = strlen(text), .reset_start = TIME_NONE};
                HELP_OK(engine_jobs_post(j, &p, HELP_BASE));
                assert_int_equal(p.posted.counts.processed, 2);
                assert_int_equal(p.posted.counts.out_of_order, 1);
            }
        }
        HELP_OK(engine_jobs_caught_up(j, TIME_NONE, &help_why));
        HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + 300 * TIME_MIN, &help_why));
        describe(j, st, crash == 0 ? &one : &two);
        engine_jobs_free(j);
        arena_release(&arena);
    }
    assert_string_equal(buf_text(&one), buf_text(&two));
    buf_release(&one);
    buf_release(&two);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outlives), cmocka_unit_test(goes),
                                       cmocka_unit_test(is_spared), cmocka_unit_test(damage),
                                       cmocka_unit_test(waits)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
