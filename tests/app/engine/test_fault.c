/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The n-th allocation fails, for every n, while records are posted to a job and while it is made
 * again: what was said to be taken is there, what was refused is not.
 */
#include "app/help.h"

#include "engine/calendars.h"
#include "engine/filters.h"
#include "engine/jobs.h"
#include "fault_memory.h"
#include "format/node.h"
#include "store/state_posted.h"

static const char job[] =
    "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
    "[{\"function\": \"count\", \"by_field_name\": \"h\"}], \"influencers\": [\"h\"]}, "
    "\"data_description\": {\"time_field\": \"t\"}}";

static struct engine_jobs *make(struct store_state *st, enum err *out)
{
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    struct engine_jobs *j = engine_jobs_new(&options);
    *out = j != NULL ? engine_jobs_load(j, HELP_BASE, &help_why) : ERR_MEMORY;
    return j;
}

/* Two minutes' records, so that buckets close. */
static enum err post(struct engine_jobs *j, uint64_t minute)
{
    char text[200];
    long long at = HELP_BASE / TIME_S + (long long)minute * 120;
    snprintf(text, sizeof(text), "{\"t\": %lld, \"h\": \"a\"}{\"t\": %lld, \"h\": \"b\"}", at,
             at + 61);
    struct engine_post p = {
        .job_id = "tiny", .text = text, .n = strlen(text), .reset_start = TIME_NONE};
    enum err err = engine_jobs_post(j, &p, HELP_BASE);
    return err != ERR_NONE ? err : p.err;
}

static int64_t count(struct engine_jobs *j)
{
    struct format_node *root;
    struct buf stats;
    ts_ns open;
    buf_init(&stats);
    HELP_OK(engine_jobs_stats(j, "tiny", &stats, &open, &help_why));
    HELP_OK(format_node_json(stats.p, stats.n, "stats", &root, &help_why));
    int64_t n = format_node_int(
        format_node_get(format_node_get(root, "data_counts"), "input_record_count"), -1);
    format_node_free(root);
    buf_release(&stats);
    return n;
}

static void posts(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    HELP_OK(store_state_relax(st));
    HELP_OK(engine_install_job(st, job, strlen(job), "job", NULL, 0, NULL, NULL, HELP_BASE,
                               TIME_NONE, &help_why));
    HELP_OK(store_state_job_set_state(st, "tiny", "opened", "stopped", NULL));
    int64_t taken = 0;
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        enum err err;
        struct engine_jobs *j = make(st, &err);
        HELP_OK(err);
        assert_int_equal(count(j), taken);
        fault_arm(n);
        err = post(j, n);
        hit = fault_disarm();
        assert_true(err == ERR_NONE || (hit && err == ERR_MEMORY));
        taken += err == ERR_NONE ? 2 : 0;
        HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why)); /* what was dropped comes back */
        assert_int_equal(count(j), taken);
        if (n % 16 == 0)
            HELP_OK(engine_jobs_save(j, HELP_BASE, &help_why));
        engine_jobs_free(j);
    }
    assert_true(n > 20);
    enum err err = ERR_MEMORY;
    for (n = 1; err != ERR_NONE; n++) {
        fault_arm(n);
        struct engine_jobs *j = make(st, &err);
        fault_disarm();
        if (err == ERR_NONE)
            assert_int_equal(count(j), taken);
        else
            assert_int_equal(err, ERR_MEMORY);
        engine_jobs_free(j);
    }
    assert_true(n > 20);
    store_state_close(st);
    help_rmdir(dir);
}

static enum err put_filter(struct store_state *st, struct engine_jobs *j, const char *id)
{
    char text[100];
    struct detect_filters set = {0};
    snprintf(text, sizeof(text), "{\"filter_id\": \"%s\"}", id);
    enum err err = detect_filters_parse(&set, text, strlen(text), "f", &help_why);
    if (err == ERR_NONE)
        err = engine_filters_put(st, j, &set, &help_why);
    detect_filters_release(&set);
    return err;
}

static enum err put_calendar(struct store_state *st, struct engine_jobs *j, const char *id)
{
    char text[100];
    struct detect_calendars set = {0};
    snprintf(text, sizeof(text), "{\"calendar_id\": \"%s\", \"events\": []}", id);
    enum err err = detect_calendars_parse(&set, text, strlen(text), "c", &help_why);
    if (err == ERR_NONE)
        err = engine_calendars_put(st, j, &set, &help_why);
    detect_calendars_release(&set);
    return err;
}

static enum err add_event(struct store_state *st, struct engine_jobs *j, const char *id)
{
    char text[200];
    struct detect_calendars notes = {0};
    snprintf(text, sizeof(text),
             "{\"events\": [{\"description\": \"%s\", \"start_time\": 0, \"end_time\": 1}]}", id);
    enum err err = engine_calendars_add(st, j, "all", text, strlen(text), "e", &notes, &help_why);
    detect_calendars_release(&notes);
    return err;
}

static enum err delete_calendar(struct store_state *st, struct engine_jobs *j, const char *id)
{
    (void)id;
    return engine_calendars_delete(st, j, "gone", &help_why);
}

struct change {
    enum err (*make)(struct store_state *st, struct engine_jobs *j, const char *id);
    enum store_list list;
    const char *id; /* of what changes; NULL: the new one */
};

/* The text of what is changed; empty: it is not there. */
static void read_listed(struct store_state *st, const struct change *c, const char *id,
                        struct buf *out)
{
    buf_init(out);
    enum err err = store_state_listed_get(st, c->list, c->id != NULL ? c->id : id, out);
    assert_true(err == ERR_NONE || err == ERR_NOT_FOUND);
}

static void change_lists(struct store_state *st, const struct change *c, uint64_t *minute)
{
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        char id[20];
        enum err err;
        uint64_t newest;
        struct buf before, after;
        snprintf(id, sizeof(id), "l%llu", (unsigned long long)n);
        HELP_OK(put_calendar(st, NULL, "all"));
        HELP_OK(put_calendar(st, NULL, "gone"));
        struct engine_jobs *j = make(st, &err);
        HELP_OK(err);
        HELP_OK(post(j, ++*minute));
        read_listed(st, c, id, &before);
        fault_arm(n);
        err = c->make(st, j, id);
        hit = fault_disarm();
        assert_true(err == ERR_NONE || hit);
        read_listed(st, c, id, &after);
        HELP_OK(store_state_posted_newest(st, "tiny", &newest));
        bool changed = strcmp(buf_text(&before), buf_text(&after)) != 0;
        assert_true(changed || err != ERR_NONE);
        if (changed)
            assert_int_equal(newest, 0);
        if (changed && c->id == NULL) /* else there would be one more to read each time */
            HELP_OK(store_state_listed_delete(st, c->list, id));
        buf_release(&before);
        buf_release(&after);
        engine_jobs_free(j);
    }
}

/* A kill may come at any time: no new list stands beside records that were posted before it. */
static void lists(void **state)
{
    static const struct change changes[] = {
        {put_filter, STORE_FILTERS, NULL},
        {put_calendar, STORE_CALENDARS, NULL},
        {add_event, STORE_CALENDARS, "all"},
        {delete_calendar, STORE_CALENDARS, "gone"},
    };
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    uint64_t minute = 0;
    HELP_OK(store_state_relax(st));
    HELP_OK(engine_install_job(st, job, strlen(job), "job", NULL, 0, NULL, NULL, HELP_BASE,
                               TIME_NONE, &help_why));
    HELP_OK(store_state_job_set_state(st, "tiny", "opened", "stopped", NULL));
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++)
        change_lists(st, &changes[i], &minute);
    store_state_close(st);
    help_rmdir(dir);
}

/* A job of rows over three minutes, in a pipeline that may end anywhere. */
static enum err run_rows(struct store_state *st)
{
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    struct engine_jobs *j = engine_jobs_new(&options);
    enum err err = j != NULL ? engine_jobs_load(j, HELP_BASE, &help_why) : ERR_MEMORY;
    if (err == ERR_NONE) {
        (void)engine_jobs_wanted(j);
        err = engine_jobs_caught_up(j, HELP_BASE, &help_why);
    }
    for (uint64_t i = 0; i < 60 && err == ERR_NONE; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        event_init(&e, &arena, HELP_BASE + (ts_ns)i * 3 * TIME_S);
        e.sequence = i + 1;
        event_set_text(&e, EVENT_F_HOST_NAME, i % 3 == 0 ? "a" : "b");
        err = e.failed ? ERR_MEMORY : engine_jobs_event(j, &e);
        arena_release(&arena);
    }
    if (err == ERR_NONE)
        err = engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + 5 * TIME_MIN, &help_why);
    engine_jobs_free(j);
    return err;
}

static void rows(void **state)
{
    static const char config[] =
        "{\"job_id\": \"tiny\", \"analysis_config\": {\"bucket_span\": \"1m\", "
        "\"summary_count_field_name\": \"doc_count\", \"detectors\": [{\"function\": \"count\", "
        "\"by_field_name\": \"h\"}]}, \"data_description\": {\"time_field\": \"@timestamp\"}}";
    static const char feed[] =
        "{\"indices\": [\"*\"], \"aggs\": {\"b\": {\"date_histogram\": {\"field\": \"@timestamp\", "
        "\"fixed_interval\": \"1m\"}, \"aggs\": {\"@timestamp\": {\"max\": {\"field\": "
        "\"@timestamp\"}}, \"h\": {\"terms\": {\"field\": \"host.name\"}}}}}}";
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    HELP_OK(store_state_relax(st));
    HELP_OK(engine_install_job(st, config, strlen(config), "job", feed, strlen(feed), "feed", NULL,
                               HELP_BASE, TIME_NONE, &help_why));
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        fault_arm(n);
        enum err err = run_rows(st);
        hit = fault_disarm();
        if (err != ERR_NONE && (!hit || err != ERR_MEMORY))
            fail_msg("allocation %llu: %s", (unsigned long long)n, err_name(err));
        if (err == ERR_NONE)
            assert_int_equal(help_count_results(st, "bucket"), 4);
        HELP_OK(store_state_result_delete(st, "tiny", TIME_NONE, TIME_MAX, false));
        HELP_OK(store_state_job_set_state(st, "tiny", "opened", "started", ""));
    }
    assert_true(n > 50);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(posts), cmocka_unit_test(lists),
                                       cmocka_unit_test(rows)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
