/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/filters.h"
#include "engine/jobs.h"

static const char scoped_job[] =
    "{\"job_id\": \"scoped\", \"analysis_config\": {\"bucket_span\": \"1m\", \"detectors\": "
    "[{\"function\": \"high_count\", \"partition_field_name\": \"source.ip\", \"custom_rules\": "
    "[{\"scope\": {\"source.ip\": {\"filter_id\": \"quiet\"}}}]}]}, "
    "\"data_description\": {\"time_field\": \"@timestamp\"}}";

static enum err install(struct store_state *st)
{
    return engine_install_job(st, scoped_job, strlen(scoped_job), "job.json", help_feed,
                              strlen(help_feed), "feed.json", NULL, HELP_BASE, TIME_NONE,
                              &help_why);
}

static void put(struct store_state *st, struct engine_jobs *jobs, const char *items)
{
    char text[256];
    struct detect_filters set = {0};
    snprintf(text, sizeof(text),
             "[{\"filter_id\": \"quiet\", \"items\": [%s]}, {\"filter_id\": \"other\"}]", items);
    HELP_OK(detect_filters_parse(&set, text, strlen(text), "filters.json", &help_why));
    HELP_OK(engine_filters_put(st, jobs, &set, &help_why));
    detect_filters_release(&set);
}

/* A job needs the filters it names, and holds them. */
static void test_names(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct detect_filters all = {0};
    assert_int_equal(install(st), ERR_UNSUPPORTED);
    assert_non_null(strstr(help_why.message, "\"quiet\""));
    put(st, NULL, "\"10.0.0.1\"");
    HELP_OK(install(st));
    assert_int_equal(engine_filters_delete(st, "quiet", &help_why), ERR_INVALID);
    assert_non_null(strstr(help_why.message, "'scoped'"));
    assert_int_equal(engine_filters_delete(st, "none", &help_why), ERR_NOT_FOUND);
    HELP_OK(engine_filters_delete(st, "other", &help_why));
    HELP_OK(store_state_job_delete(st, "scoped"));
    HELP_OK(engine_filters_delete(st, "quiet", &help_why));
    HELP_OK(engine_filters_read(st, &all, &help_why));
    assert_int_equal(all.n, 0);
    detect_filters_release(&all);
    store_state_close(st);
    help_rmdir(dir);
}

static struct engine_jobs *start(struct store_state *st)
{
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    return j;
}

/* A steady hour, with much at once in some of its minutes. */
static void minutes(struct engine_jobs *j, struct store_state *st, unsigned from, unsigned to,
                    unsigned count)
{
    HELP_OK(store_state_begin(st));
    for (unsigned m = from; m < to; m++) {
        for (unsigned i = 0; i < count; i++) {
            struct arena arena;
            struct event e;
            arena_init(&arena, 0);
            help_event(&e, &arena, HELP_BASE + m * TIME_MIN + i * TIME_MS, m * 10000 + i + 1);
            event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
            HELP_OK(engine_jobs_event(j, &e));
            arena_release(&arena);
        }
        HELP_OK(
            engine_jobs_advance(j, ENGINE_JOB_UP, engine_jobs_last(j, ENGINE_JOB_UP), &help_why));
    }
    HELP_OK(store_state_commit(st, &help_why));
}

static bool keep_message(void *ctx, const struct store_message *m)
{
    buf_format(ctx, "%s: %s\n", m->level, m->text);
    return true;
}

/* What is put holds for the job that runs from its next bucket on, which has forgotten nothing. */
static void test_running(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf said;
    buf_init(&said);
    put(st, NULL, "\"10.9.9.9\"");
    HELP_OK(install(st));
    struct engine_jobs *j = start(st);
    minutes(j, st, 0, 60, 5);
    minutes(j, st, 60, 61, 400);
    uint64_t found = help_count_results(st, "record");
    assert_true(found > 0);
    put(st, j, "\"10.*\", \"x\"");
    minutes(j, st, 61, 80, 5);
    minutes(j, st, 80, 81, 400);
    assert_int_equal(help_count_results(st, "record"), found);
    HELP_OK(store_state_message_list(st, "scoped", TIME_NONE, TIME_MAX, keep_message, &said));
    assert_string_equal(buf_text(&said), "info: The filter 'quiet' has now 2 items.\n");
    put(st, j, "\"10.9.9.9\"");
    minutes(j, st, 81, 100, 5);
    minutes(j, st, 100, 101, 400);
    assert_true(help_count_results(st, "record") > found);
    buf_release(&said);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
