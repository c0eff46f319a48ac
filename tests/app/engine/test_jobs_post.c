/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are posted to a job: no datafeed, and time that moves with them. */
#include "app/help.h"

#include "engine/jobs.h"

static const char job[] =
    "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
    "[{\"function\": \"count\"}]}, \"data_description\": {\"time_field\": \"t\"}}";

/* One post by itself. */
static enum err post(struct engine_jobs *j, const char *id, const char *text, size_t n,
                     struct engine_posted *out)
{
    struct engine_post p = {.job_id = id, .text = text, .n = n, .reset_start = TIME_NONE};
    enum err err = engine_jobs_post(j, &p, HELP_BASE);
    assert_true(err == ERR_NONE || err == p.err);
    *out = p.posted;
    help_why = p.why;
    return p.err;
}

static struct engine_jobs *make(struct store_state *st)
{
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    return j;
}

static void install(struct store_state *st, const char *state)
{
    HELP_OK(engine_install_job(st, job, strlen(job), "job", NULL, 0, NULL, NULL, HELP_BASE,
                               TIME_NONE, &help_why));
    HELP_OK(store_state_job_set_state(st, "tiny", state, "stopped", NULL));
}

/* Ten records a minute, in a form that turns with the minute. */
static void write_minutes(struct buf *out, unsigned from, unsigned to)
{
    buf_clear(out);
    for (unsigned m = from; m < to; m++)
        for (unsigned i = 0; i < 10; i++)
            buf_format(out, "%s{\"t\": %lld}", m % 2 == 0 ? "\n" : ", ",
                       (long long)(HELP_BASE / TIME_S) + m * 60 + i);
}

static void posts(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_posted posted;
    struct buf text;
    buf_init(&text);
    install(st, "closed");
    struct engine_jobs *j = make(st);
    assert_int_equal(engine_jobs_count(j), 0);
    assert_int_equal(post(j, "tiny", "{}", 2, &posted), ERR_BUSY);
    HELP_OK(store_state_job_set_state(st, "tiny", "opened", NULL, NULL));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    assert_int_equal(engine_jobs_count(j), 1);
    assert_false(engine_jobs_is_behind(j));
    write_minutes(&text, 0, 20);
    HELP_OK(post(j, "tiny", text.p, text.n, &posted));
    assert_int_equal(posted.counts.processed, 200);
    assert_int_equal(posted.counts.buckets, 19);
    assert_int_equal(help_count_results(st, "bucket"), 19);
    /* The wall clock closes nothing of it. */
    assert_int_equal(engine_jobs_next(j, ENGINE_JOB_UP), TIME_MAX);
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + TIME_DAY, &help_why));
    assert_int_equal(help_count_results(st, "bucket"), 19);
    /* Nor does it get events that pass by. */
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    help_event(&e, &arena, HELP_BASE, 1);
    HELP_OK(engine_jobs_event(j, &e));
    arena_release(&arena);
    static const char mixed[] = "{\"t\": 1700006400}\n{\"t\": \"x\"}\n[1";
    assert_int_equal(post(j, "tiny", mixed, strlen(mixed), &posted), ERR_FORMAT);
    assert_non_null(strstr(help_why.message, "record 3"));
    HELP_OK(post(j, "tiny", mixed, 18, &posted));
    assert_int_equal(posted.counts.out_of_order, 1);
    assert_int_equal(posted.counts.records, 1);
    engine_jobs_free(j);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

/* Several in one go: each says what became of it, and those that can be are taken. */
static void groups(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_post p[3] = {
        {.job_id = "tiny", .text = "{\"t\": 1700006400}", .n = 17, .reset_start = TIME_NONE},
        {.job_id = "none", .text = "{}", .n = 2, .reset_start = TIME_NONE},
        {.job_id = "tiny", .text = "{\"t\": 1700006401} x", .n = 19, .reset_start = TIME_NONE}};
    install(st, "opened");
    struct engine_jobs *j = make(st);
    p[0].next = &p[1];
    p[1].next = &p[2];
    HELP_OK(engine_jobs_post(j, p, HELP_BASE));
    HELP_OK(p[0].err);
    assert_int_equal(p[0].posted.counts.records, 1);
    assert_int_equal(p[1].err, ERR_BUSY);
    assert_int_equal(p[2].err, ERR_FORMAT);
    assert_non_null(strstr(p[2].why.message, "record 2"));
    assert_int_equal(p[2].posted.counts.records, 1);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

/* A bucket that is open is filled anew; one that is closed stays as it was. */
static void resets(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_posted posted;
    struct buf text;
    buf_init(&text);
    install(st, "opened");
    struct engine_jobs *j = make(st);
    write_minutes(&text, 0, 3);
    HELP_OK(post(j, "tiny", text.p, text.n, &posted));
    struct engine_post p = {.job_id = "tiny",
                            .text = "{\"t\": 1700006521}",
                            .n = 17,
                            .reset_start = HELP_BASE,
                            .reset_end = TIME_MAX};
    HELP_OK(engine_jobs_post(j, &p, HELP_BASE));
    HELP_OK(p.err);
    const struct engine_flush what = {.advance = HELP_BASE + TIME_HOUR, .skip = TIME_NONE};
    ts_ns end;
    HELP_OK(engine_jobs_flush(j, "tiny", &what, HELP_BASE, &end, &help_why));
    buf_clear(&text);
    help_dump(st, &text);
    unsigned full = 0, one = 0;
    for (const char *at = buf_text(&text); (at = strstr(at, "\"event_count\":")) != NULL; at++) {
        full += strncmp(at, "\"event_count\":10,", 17) == 0;
        one += strncmp(at, "\"event_count\":1,", 16) == 0;
    }
    assert_int_equal(full, 2);
    assert_int_equal(one, 1);
    engine_jobs_free(j);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

/* What is posted after a stop goes on where it was. */
static void goes_on(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_posted posted;
    struct buf text, whole, parted;
    buf_init(&text);
    buf_init(&whole);
    buf_init(&parted);
    for (int pass = 0; pass < 2; pass++) {
        install(st, "opened");
        struct engine_jobs *j = make(st);
        for (unsigned m = 0; m < 30; m += 10) {
            write_minutes(&text, m, m + 10);
            HELP_OK(post(j, "tiny", text.p, text.n, &posted));
            if (pass == 0)
                continue;
            HELP_OK(engine_jobs_stop(j, "tiny", true, &help_why));
            HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
        }
        engine_jobs_free(j);
        help_dump(st, pass == 0 ? &whole : &parted);
        HELP_OK(store_state_job_delete(st, "tiny"));
    }
    assert_true(whole.n > 0);
    assert_string_equal(buf_text(&whole), buf_text(&parted));
    buf_release(&text);
    buf_release(&whole);
    buf_release(&parted);
    store_state_close(st);
    help_rmdir(dir);
}

static void flushes(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_posted posted;
    struct engine_flush what = {.advance = TIME_NONE, .skip = TIME_NONE, .interim = true};
    struct buf text;
    ts_ns end;
    buf_init(&text);
    install(st, "opened");
    struct engine_jobs *j = make(st);
    assert_int_equal(engine_jobs_flush(j, "none", &what, HELP_BASE, &end, &help_why), ERR_BUSY);
    HELP_OK(engine_jobs_flush(j, "tiny", &what, HELP_BASE, &end, &help_why));
    assert_int_equal(end, TIME_NONE);
    write_minutes(&text, 0, 3);
    HELP_OK(post(j, "tiny", text.p, text.n, &posted));
    HELP_OK(engine_jobs_flush(j, "tiny", &what, HELP_BASE, &end, &help_why));
    assert_int_equal(end, HELP_BASE + 2 * TIME_MIN);
    assert_int_equal(help_count_results(st, "bucket"), 3); /* one is interim */
    what = (struct engine_flush){.advance = HELP_BASE + 4 * TIME_MIN, .skip = TIME_NONE};
    HELP_OK(engine_jobs_flush(j, "tiny", &what, HELP_BASE, &end, &help_why));
    assert_int_equal(end, HELP_BASE + 4 * TIME_MIN);
    assert_int_equal(help_count_results(st, "bucket"), 4);
    what = (struct engine_flush){.advance = TIME_NONE, .skip = HELP_BASE + 9 * TIME_MIN};
    HELP_OK(engine_jobs_flush(j, "tiny", &what, HELP_BASE, &end, &help_why));
    assert_int_equal(end, HELP_BASE + 9 * TIME_MIN);
    assert_int_equal(help_count_results(st, "bucket"), 4); /* none of those skipped */
    engine_jobs_free(j);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

/* A datafeed that somebody starts or stops in state.db is heard of at the next load. */
static void turns(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_posted posted;
    struct buf text;
    buf_init(&text);
    install(st, "opened");
    struct engine_jobs *j = make(st);
    write_minutes(&text, 0, 3);
    HELP_OK(post(j, "tiny", text.p, text.n, &posted));
    HELP_OK(store_state_job_set_state(st, "tiny", NULL, "started", NULL));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    assert_true(engine_jobs_is_behind(j));
    /* Stored events are wanted from behind what was posted. */
    assert_int_equal(engine_jobs_wanted(j), HELP_BASE + 2 * TIME_MIN + 9 * TIME_S + TIME_MS);
    HELP_OK(store_state_job_set_state(st, "tiny", NULL, "stopped", NULL));
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    assert_false(engine_jobs_is_behind(j));
    assert_int_equal(engine_jobs_count(j), 1);
    engine_jobs_free(j);
    buf_release(&text);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(posts),  cmocka_unit_test(groups),
                                       cmocka_unit_test(resets), cmocka_unit_test(goes_on),
                                       cmocka_unit_test(turns),  cmocka_unit_test(flushes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
