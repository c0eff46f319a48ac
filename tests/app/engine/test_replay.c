/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/replay.h"

#include <sys/stat.h>

#define EVENTS 60000U

struct run {
    int phase;      /* that progress spoke of last */
    int stop_phase; /* -1: never */
    unsigned stop_at;
    unsigned looks;
    struct help_alerts alerts;
};

static bool stop(void *ctx)
{
    struct run *r = ctx;
    return r->phase == r->stop_phase && ++r->looks >= r->stop_at;
}

static void progress(void *ctx, int phase, double share, uint64_t events)
{
    struct run *r = ctx;
    (void)events;
    assert_true(share >= 0 && share <= 1);
    r->phase = phase;
}

struct world {
    char *dir, *data, *log, *job, *feed;
};

static void begin(struct world *w)
{
    struct buf text;
    buf_init(&text);
    w->dir = help_mkdir();
    /* 20 hours; the order in the file is not that of time. */
    for (unsigned i = 0; i < EVENTS; i++) {
        unsigned k = i ^ 1;
        buf_format(&text,
                   "{\"@timestamp\":%llu,\"event\":{\"category\":[\"network\"],\"dataset\":\"x\"},"
                   "\"source\":{\"ip\":\"10.0.0.%u\"}}\n",
                   1700006400000ULL + k * 1200ULL, k % 50 + 1);
    }
    help_write(w->dir, "log.ndjson", text.p, text.n);
    help_write(w->dir, "job.json", help_job, strlen(help_job));
    help_write(w->dir, "feed.json", help_feed, strlen(help_feed));
    assert_true(asprintf(&w->log, "%s/log.ndjson", w->dir) > 0);
    assert_true(asprintf(&w->job, "%s/job.json", w->dir) > 0);
    assert_true(asprintf(&w->feed, "%s/feed.json", w->dir) > 0);
    assert_true(asprintf(&w->data, "%s/data", w->dir) > 0);
    buf_release(&text);
}

static void end(struct world *w)
{
    help_rmdir(w->dir);
    free(w->data);
    free(w->log);
    free(w->job);
    free(w->feed);
}

static enum err replay(const struct world *w, const char *data, struct run *run)
{
    const struct engine_replay_settings settings = {
        .paths = (const char *const *)&w->log,
        .paths_n = 1,
        .format = "auto",
        .sensor = "",
        .jobs = (const char *const *)&w->job,
        .jobs_n = 1,
        .feeds = (const char *const *)&w->feed,
        .feeds_n = 1,
        .data_dir = data,
        .threads = 1,
        .stop = stop,
        .progress = progress,
        .ctx = run,
        .on_alert = help_on_alert,
        .alert_ctx = &run->alerts,
    };
    struct engine_replay *r = NULL;
    HELP_OK(engine_replay_new(&settings, &r, &help_why));
    enum err err = engine_replay_run(r, &help_why);
    engine_replay_free(r);
    return err;
}

static void dump(const char *data, struct buf *results, uint64_t *out_events)
{
    struct store_state *st = help_state(data);
    struct store *store = help_store(data);
    const struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    help_dump(st, results);
    HELP_OK(store_count(store, &all, out_events, &help_why));
    store_close(store);
    store_state_close(st);
}

/* Stopped where it learns, then where it reads, then again where it learns: the fourth run ends as
 * one that was never stopped, with no event kept twice. */
static void test_resume(void **state)
{
    (void)state;
    struct world w;
    struct buf straight, resumed;
    uint64_t events;
    char *other;
    buf_init(&straight);
    buf_init(&resumed);
    begin(&w);
    struct run run = {.stop_phase = -1};
    assert_true(asprintf(&other, "%s/other", w.dir) > 0);
    assert_int_equal(replay(&w, other, &run), ERR_NONE);
    dump(other, &straight, &events);
    assert_int_equal(events, EVENTS);
    assert_non_null(strstr(buf_text(&straight), "bucket "));

    run = (struct run){.stop_phase = 1, .stop_at = 1};
    assert_int_equal(replay(&w, w.data, &run), ERR_STOPPED);
    dump(w.data, &resumed, &events);
    assert_true(events > 0 && events < EVENTS);
    uint64_t kept = events;
    run = (struct run){.stop_phase = 0, .stop_at = 2};
    assert_int_equal(replay(&w, w.data, &run), ERR_STOPPED);
    dump(w.data, &resumed, &events);
    assert_int_equal(events, kept);
    run = (struct run){.stop_phase = 1, .stop_at = 2};
    assert_int_equal(replay(&w, w.data, &run), ERR_STOPPED);
    dump(w.data, &resumed, &events);
    assert_true(events > kept && events < EVENTS);
    run = (struct run){.stop_phase = -1};
    assert_int_equal(replay(&w, w.data, &run), ERR_NONE);
    dump(w.data, &resumed, &events);
    assert_int_equal(events, EVENTS);
    assert_string_equal(buf_text(&straight), buf_text(&resumed));
    /* Once more: nothing is left to do. */
    assert_int_equal(replay(&w, w.data, &run), ERR_NONE);
    dump(w.data, &resumed, &events);
    assert_int_equal(events, EVENTS);
    assert_string_equal(buf_text(&straight), buf_text(&resumed));
    free(other);
    buf_release(&straight);
    buf_release(&resumed);
    end(&w);
}

/* Without a data directory nothing stays. */
static void test_nothing_kept(void **state)
{
    (void)state;
    struct world w;
    struct run run = {.stop_phase = -1};
    begin(&w);
    char *tmp;
    assert_true(asprintf(&tmp, "%s/t", w.dir) > 0);
    assert_true(strlen(tmp) < 40);
    assert_int_equal(mkdir(tmp, 0700), 0);
    const char *before = getenv("TMPDIR");
    char *kept = before != NULL ? strdup(before) : NULL;
    setenv("TMPDIR", tmp, 1);
    assert_int_equal(replay(&w, NULL, &run), ERR_NONE);
    if (kept != NULL)
        setenv("TMPDIR", kept, 1);
    else
        unsetenv("TMPDIR");
    assert_int_equal(rmdir(tmp), 0); /* it is empty */
    free(kept);
    free(tmp);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_resume),
        cmocka_unit_test(test_nothing_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
