/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/calendars.h"
#include "engine/jobs.h"

static void put(struct store_state *st, struct engine_jobs *jobs, const char *text)
{
    struct detect_calendars set = {0};
    HELP_OK(detect_calendars_parse(&set, text, strlen(text), "calendar.json", &help_why));
    HELP_OK(engine_calendars_put(st, jobs, &set, &help_why));
    detect_calendars_release(&set);
}

static size_t events_of(struct store_state *st, const char *id)
{
    struct detect_calendars all = {0};
    HELP_OK(engine_calendars_read(st, &all, &help_why));
    const struct detect_calendar *c = detect_calendars_find(&all, id);
    size_t n = c != NULL ? c->n_events : SIZE_MAX;
    detect_calendars_release(&all);
    return n;
}

#define EVENT "{\"description\": \"x\", \"start_time\": 0, \"end_time\": 1, \"event_id\": \"e\"}"

/* Calendars outlive the process; putting one without events leaves the events that it has. */
static void test_kept(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct detect_calendars notes = {0};
    put(st, NULL, "{\"calendar_id\": \"c\", \"job_ids\": [\"tiny\"], \"events\": [" EVENT "]}");
    put(st, NULL, "{\"calendar_id\": \"c\", \"job_ids\": [\"tiny\", \"other\"]}");
    store_state_close(st);
    st = help_state(dir);
    assert_int_equal(events_of(st, "c"), 1);
    static const char more[] = "{\"events\": [{\"description\": \"y\", \"start_time\": 0, "
                               "\"end_time\": 1, \"odd\": 1}]}";
    HELP_OK(engine_calendars_add(st, NULL, "c", more, strlen(more), "e", &notes, &help_why));
    assert_int_equal(notes.n_notes, 1);
    assert_int_equal(events_of(st, "c"), 2);
    assert_int_equal(
        engine_calendars_add(st, NULL, "none", more, strlen(more), "e", &notes, &help_why),
        ERR_NOT_FOUND);
    assert_int_equal(engine_calendars_add(st, NULL, "c", "[", 1, "e", &notes, &help_why),
                     ERR_FORMAT);
    HELP_OK(engine_calendars_remove(st, NULL, "c", "e", &help_why));
    assert_int_equal(engine_calendars_remove(st, NULL, "c", "e", &help_why), ERR_NOT_FOUND);
    assert_non_null(strstr(help_why.message, "no event 'e'"));
    put(st, NULL, "{\"calendar_id\": \"c\", \"events\": []}");
    assert_int_equal(events_of(st, "c"), 0);
    HELP_OK(engine_calendars_delete(st, NULL, "c", &help_why));
    assert_int_equal(engine_calendars_delete(st, NULL, "c", &help_why), ERR_NOT_FOUND);
    assert_int_equal(events_of(st, "c"), SIZE_MAX);
    detect_calendars_release(&notes);
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
    buf_format(ctx, "%s\n", m->text);
    return true;
}

/* What is put holds for the job that runs from its next bucket on, and after a restart. */
static void test_running(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct buf said;
    char text[256];
    buf_init(&said);
    help_install_job(st);
    struct engine_jobs *j = start(st);
    minutes(j, st, 0, 60, 5);
    snprintf(text, sizeof(text),
             "{\"calendar_id\": \"c\", \"job_ids\": [\"tiny\"], \"events\": [{\"description\": "
             "\"backup\", \"start_time\": %lld, \"end_time\": %lld}]}",
             (long long)((HELP_BASE + 60 * TIME_MIN) / TIME_MS),
             (long long)((HELP_BASE + 100 * TIME_MIN) / TIME_MS));
    put(st, j, text);
    minutes(j, st, 60, 62, 400);
    assert_int_equal(help_count_results(st, "record"), 0);
    HELP_OK(engine_jobs_save(j, HELP_BASE + 62 * TIME_MIN, &help_why));
    engine_jobs_free(j);
    j = start(st);
    minutes(j, st, 70, 72, 400);
    assert_int_equal(help_count_results(st, "record"), 0);
    HELP_OK(engine_calendars_delete(st, j, "c", &help_why));
    minutes(j, st, 80, 81, 400);
    assert_true(help_count_results(st, "record") > 0);
    HELP_OK(store_state_message_list(st, "tiny", TIME_NONE, TIME_MAX, keep_message, &said));
    assert_string_equal(buf_text(&said), "The calendar 'c' with 1 event covers this job.\n");
    buf_release(&said);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kept),
        cmocka_unit_test(test_running),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
