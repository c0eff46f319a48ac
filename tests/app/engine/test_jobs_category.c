/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/jobs.h"

static const char config[] =
    "{\"job_id\":\"tiny\",\"analysis_config\":{\"bucket_span\":\"1m\","
    "\"categorization_field_name\":\"message\",\"categorization_filters\":[\"(a+)+$\"],"
    "\"detectors\":[{\"function\":\"count\",\"by_field_name\":\"mlcategory\"}]},"
    "\"data_description\":{\"time_field\":\"@timestamp\"}}";

/* n events of a minute; words that differ, or the same ones with a verb of two. */
static void offer(struct engine_jobs *j, unsigned minute, unsigned n, bool alike, const char *more)
{
    for (unsigned i = 0; i < n; i++) {
        struct arena arena;
        struct event e;
        char text[200];
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + minute * TIME_MIN + i * TIME_MS,
                   help_sequence(minute) + i);
        event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
        if (alike)
            snprintf(text, sizeof(text), "disk %s %s", i % 2 == 0 ? "opened" : "closed", more);
        else
            snprintf(text, sizeof(text), "q%cz%cq it", 'a' + (int)(i % 26), 'a' + (int)(i / 26));
        event_set_text(&e, EVENT_F_MESSAGE, text);
        HELP_OK(engine_jobs_event(j, &e));
        arena_release(&arena);
    }
    HELP_OK(engine_jobs_advance(j, ENGINE_JOB_UP, HELP_BASE + (minute + 1) * TIME_MIN + HELP_DELAY,
                                &help_why));
    HELP_OK(engine_jobs_save(j, HELP_BASE + (minute + 1) * TIME_MIN + HELP_DELAY, &help_why));
}

static bool keep_message(void *ctx, const struct store_message *m)
{
    buf_format(ctx, "%s: %s\n", m->level, m->text);
    return true;
}

static void says(struct store_state *st, const char *expected)
{
    struct buf b;
    buf_init(&b);
    HELP_OK(store_state_message_list(st, "tiny", TIME_NONE, TIME_MAX, keep_message, &b));
    assert_string_equal(buf_text(&b), expected);
    buf_release(&b);
}

#define USELESS                                                                                    \
    "warning: The categories of this job's messages are of little use: 200 categories of 200 "     \
    "messages, 200 with a single one, 0 whose messages go to others. Are they log messages of "    \
    "programs?\n"
#define SLOW                                                                                       \
    "warning: A regular expression of categorization_filters or categorization_analyzer took too " \
    "long on 2 messages, which stayed as they were from there on.\n"

static void test_told(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    const struct engine_jobs_options options = {.state = st, .query_delay = HELP_DELAY};
    HELP_OK(engine_install_job(st, config, strlen(config), "job.json", help_feed, strlen(help_feed),
                               "feed.json", NULL, HELP_BASE, TIME_NONE, &help_why));
    struct engine_jobs *j = engine_jobs_new(&options);
    assert_non_null(j);
    HELP_OK(engine_jobs_load(j, HELP_BASE, &help_why));
    help_catch_up(j);
    offer(j, 0, 200, false, "");
    says(st, USELESS);
    assert_int_equal(help_count_results(st, "category_definition"), 200);
    offer(j, 1, 1800, true, "at night");
    says(st, USELESS);
    offer(j, 2, 2, true, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    says(st, USELESS SLOW);
    offer(j, 3, 2, true, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab");
    says(st, USELESS SLOW);
    engine_jobs_free(j);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_told)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
