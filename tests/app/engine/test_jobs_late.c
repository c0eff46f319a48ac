/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/jobs.h"

#define CHECK_OFF ", \"delayed_data_check_config\": {\"enabled\": false}"

static struct engine_jobs *start(struct store_state *st, const char *more, bool at_rest)
{
    char feed[512];
    const struct engine_jobs_options options = {
        .state = st, .query_delay = HELP_DELAY, .at_rest = at_rest};
    snprintf(feed, sizeof(feed), "%.*s%s}", (int)strlen(help_feed) - 1, help_feed, more);
    HELP_OK(engine_install_job(st, help_job, strlen(help_job), "job.json", feed, strlen(feed),
                               "feed.json", NULL, HELP_BASE, TIME_NONE, &help_why));
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    return j;
}

/* n events of a minute, in the middle of it. */
static void offer(struct engine_jobs *j, int minute, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + minute * TIME_MIN + 30 * TIME_S, i + 1);
        event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
        HELP_OK(engine_jobs_event(j, &e));
        arena_release(&arena);
    }
}

static void advance(struct engine_jobs *j, ts_ns since_base)
{
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + since_base, &help_why));
    engine_jobs_set_clock(j, HELP_BASE + since_base);
}

static bool keep_message(void *ctx, const struct store_message *m)
{
    buf_format(ctx, "%lld %s: %s\n", (long long)((m->time - HELP_BASE) / TIME_S), m->level,
               m->text);
    return true;
}

static const char *messages(struct store_state *st, struct buf *b)
{
    buf_clear(b);
    HELP_OK(store_state_message_list(st, "tiny", TIME_NONE, TIME_MAX, keep_message, b));
    return buf_text(b);
}

static ts_ns wall_now(void)
{
    return HELP_BASE + 90 * TIME_DAY;
}

/* Statistics say by the wall clock when data came, whatever time the data tells. */
static void test_wall(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf stats;
    char expected[80];
    ts_ns open;
    const struct engine_jobs_options options = {.state = st, .wall = wall_now};
    HELP_OK(engine_install_job(st, help_job, strlen(help_job), "job.json", help_feed,
                               strlen(help_feed), "feed.json", NULL, HELP_BASE, TIME_NONE,
                               &help_why));
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    buf_init(&stats);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    assert_null(strstr(buf_text(&stats), "last_data_time"));
    for (int asked = 0; asked < 2; asked++) {
        if (asked == 0)
            offer(j, 0, 3);
        advance(j, 10 * TIME_S);
        buf_clear(&stats);
        HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
        for (int k = 0; k < 2; k++) {
            snprintf(expected, sizeof(expected), "\"%s\":%lld",
                     k == 0 ? "last_data_time" : "log_time", (long long)(wall_now() / TIME_MS));
            if (strstr(buf_text(&stats), expected) == NULL)
                fail_msg("%s is not in %s", expected, buf_text(&stats));
        }
    }
    buf_release(&stats);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

/* How many, of which buckets, and what would help; not for every event, and not for each burst. */
static void test_told(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_jobs *j = start(st, "", false);
    struct buf b;
    buf_init(&b);
    for (int m = 0; m < 10; m++) {
        offer(j, m, 3);
        advance(j, (m + 1) * TIME_MIN + HELP_DELAY);
    }
    /* In time: the bucket that is open, and the next. */
    offer(j, 10, 1);
    offer(j, 11, 1);
    /* Engine time is 10 min 5 s; the eighth minute ended at 8 min, the tenth at 10 min. */
    offer(j, 7, 4);
    offer(j, 9, 2);
    advance(j, 10 * TIME_MIN + 30 * TIME_S);
    assert_string_equal(messages(st, &b), "");
    advance(j, 11 * TIME_MIN + HELP_DELAY);
    assert_string_equal(messages(st, &b),
                        "665 warning: 6 events came too late for 2 closed buckets, the newest of "
                        "which begins at 2023-11-15T00:09:00.000Z; a query_delay of 3m would have "
                        "waited for them.\n");
    offer(j, 10, 1);
    advance(j, 13 * TIME_MIN);
    advance(j, 25 * TIME_MIN);
    assert_null(strstr(messages(st, &b), "1 event came"));
    advance(j, 26 * TIME_MIN + HELP_DELAY);
    assert_non_null(strstr(messages(st, &b), "\n1565 warning: 1 event came too late for 1 closed "
                                             "bucket, the newest of which begins at "
                                             "2023-11-15T00:10:00.000Z; a query_delay of 5s "));
    buf_release(&b);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_not_told(void **state)
{
    (void)state;
    static const struct {
        const char *feed;
        bool at_rest;
        int minute; /* in which the late events happened */
    } cases[] = {
        {CHECK_OFF, false, 290},
        {"", true, 290},
        {"", false, 10}, /* beyond the window of two hours */
        {", \"delayed_data_check_config\": {\"check_window\": \"5m\"}", false, 290},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *dir = help_mkdir();
        struct store_state *st = help_state(dir);
        struct engine_jobs *j = start(st, cases[i].feed, cases[i].at_rest);
        struct buf b;
        buf_init(&b);
        offer(j, 0, 1);
        advance(j, 300 * TIME_MIN + HELP_DELAY);
        offer(j, cases[i].minute, 5);
        advance(j, 330 * TIME_MIN);
        assert_string_equal(messages(st, &b), "");
        struct engine_jobs_totals t;
        engine_jobs_totals(j, &t);
        assert_int_equal(t.late, 5);
        buf_release(&b);
        engine_jobs_free(j);
        store_state_close(st);
        help_rmdir(dir);
    }
}

/* However many buckets are concerned, what is kept of them is bounded. */
static void test_many_buckets(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct engine_jobs *j = start(st, "", false);
    struct buf b;
    buf_init(&b);
    offer(j, 0, 1);
    advance(j, 300 * TIME_MIN + HELP_DELAY);
    for (int m = 190; m < 290; m++)
        offer(j, m, 1);
    advance(j, 302 * TIME_MIN);
    assert_non_null(strstr(messages(st, &b),
                           "100 events came too late for more than 32 closed buckets, the "
                           "newest of which begins at 2023-11-15T04:49:00.000Z"));
    buf_release(&b);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_wall),
        cmocka_unit_test(test_told),
        cmocka_unit_test(test_not_told),
        cmocka_unit_test(test_many_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
