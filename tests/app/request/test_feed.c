/* SPDX-License-Identifier: Apache-2.0 */
/* A job and its datafeed, each by itself, on a directory with a pipeline. */
#include "app/request/asked.h"

#include "base/arena.h"

#define CREATE                                                                                     \
    "{\"command\":\"job\",\"verb\":\"create-closed\",\"id\":\"tiny\",\"job\":"                     \
    "\"{\\\"job_id\\\":\\\"tiny\\\",\\\"analysis_config\\\":{\\\"bucket_span\\\":\\\"1m\\\","      \
    "\\\"detectors\\\":[{\\\"function\\\":\\\"count\\\"}]},\\\"data_description\\\":"              \
    "{\\\"time_field\\\":\\\"@timestamp\\\"}}\"}"
#define VERB(verb, more) "{\"command\":\"job\",\"verb\":\"" verb "\",\"id\":\"tiny\"" more "}"

static struct store_job row_of(struct world *w, struct arena *arena)
{
    struct store_job row;
    arena_clear(arena);
    HELP_OK(store_state_job_get(w->data->state, "tiny", arena, &row));
    return row;
}

#define STATES(expected, feed)                                                                     \
    do {                                                                                           \
        struct store_job row = row_of(&w, &arena);                                                 \
        assert_string_equal(row.state, expected);                                                  \
        assert_string_equal(row.datafeed_state, feed);                                             \
    } while (0)

/* A minute has ten events. */
static void store_minutes(struct world *w, unsigned from, unsigned to)
{
    for (unsigned i = from * 10; i < to * 10; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + i * 6 * TIME_S, i + 1);
        HELP_OK(store_append(w->data->store, &e));
        arena_release(&arena);
    }
    HELP_OK(store_commit(w->data->store, &help_why));
}

static void open_pipeline(struct world *w, struct help_alerts *alerts)
{
    begin(w);
    w->data->pipeline = help_pipeline(w->data->state, w->data->store, alerts, now());
}

static void close_pipeline(struct world *w)
{
    engine_pipeline_free(w->data->pipeline);
    w->data->pipeline = NULL;
    end(w);
}

static void catch_up(struct world *w)
{
    bool behind;
    HELP_OK(engine_pipeline_catch_up(w->data->pipeline, 0, &behind, &help_why));
    assert_false(behind);
    HELP_OK(engine_pipeline_advance(w->data->pipeline, now() + TIME_S, &help_why));
}

static void life(void **state)
{
    (void)state;
    struct help_alerts alerts = {0};
    struct arena arena;
    struct world w;
    arena_init(&arena, 0);
    open_pipeline(&w, &alerts);
    store_minutes(&w, 0, 40);
    DONE(CREATE);
    STATES("closed", "stopped");
    assert_int_equal(engine_jobs_count(engine_pipeline_jobs(w.data->pipeline)), 0);
    DONE(VERB("open-alone", ""));
    STATES("opened", "stopped");
    assert_int_equal(engine_jobs_count(engine_pipeline_jobs(w.data->pipeline)), 1);
    DONE(VERB("put-datafeed", ",\"datafeed\":\"{\\\"indices\\\":[\\\"*\\\"]}\""));
    WRONG(VERB("put-datafeed", ",\"datafeed\":\"{\\\"aggs\\\":{}}\""), "date_histogram");
    WRONG(VERB("start-datafeed", ",\"start\":\"2024-01-01\",\"end\":\"2023-01-01\""), "after");
    STATES("opened", "stopped");
    /* To an end: the job is closed there. */
    DONE(VERB("start-datafeed", ",\"end\":\"2023-11-15T00:10:00Z\""));
    STATES("opened", "started");
    catch_up(&w);
    STATES("closed", "stopped");
    assert_int_equal(help_count_results(w.data->state, "bucket"), 10);
    assert_int_equal(row_of(&w, &arena).position, HELP_BASE + 10 * TIME_MIN);
    /* And on from there, each event once. */
    DONE(VERB("open-alone", ""));
    DONE(VERB("start-datafeed", ""));
    catch_up(&w);
    STATES("opened", "started");
    DONE(VERB("stats", ""));
    assert_non_null(strstr(said(&w), "\"processed_record_count\":400,"));
    DONE(VERB("stop-datafeed", ""));
    STATES("opened", "stopped");
    DONE(VERB("stats", ""));
    assert_non_null(strstr(said(&w), "\"processed_record_count\":400,"));
    DONE(VERB("delete-datafeed", ""));
    assert_null(row_of(&w, &arena).datafeed);
    /* Started as commands do it, the job reads everything; stopped, that is written down. */
    DONE(VERB("open", ""));
    STATES("opened", "started");
    DONE(VERB("stop-datafeed", ""));
    assert_string_equal(row_of(&w, &arena).datafeed, "{\"indices\":[\"*\"],\"job_id\":\"tiny\"}");
    arena_release(&arena);
    close_pipeline(&w);
}

/* What could not be changed goes on as it was, as soon as the disk takes what it says. */
static void full_disk(void **state)
{
    (void)state;
    static const char *const asked[] = {VERB("reset", ""), VERB("delete", "")};
    struct help_alerts alerts = {0};
    struct arena arena;
    struct world w;
    arena_init(&arena, 0);
    open_pipeline(&w, &alerts);
    store_minutes(&w, 0, 40);
    DONE(CREATE);
    DONE(VERB("open", ""));
    catch_up(&w);
    for (size_t i = 0; i < 2; i++) {
        help_limit_files(4096);
        int status = ask(&w, asked[i]);
        help_limit_files(RLIM_INFINITY);
        assert_int_equal(status, 1);
        catch_up(&w);
        STATES("opened", "started");
        assert_int_equal(engine_jobs_count(engine_pipeline_jobs(w.data->pipeline)), 1);
    }
    store_minutes(&w, 40, 50);
    HELP_OK(engine_pipeline_finish(w.data->pipeline, &help_why));
    arena_release(&arena);
    close_pipeline(&w);
}

static void posts(void **state)
{
    (void)state;
    struct help_alerts alerts = {0};
    struct world w;
    open_pipeline(&w, &alerts);
    DONE(CREATE);
    DONE(VERB("open-alone", ""));
    DONE(VERB("data", ",\"data\":\"{\\\"@timestamp\\\":\\\"2023-11-15T00:00:00Z\\\"}"
                      "{\\\"@timestamp\\\":\\\"2023-11-15T00:02:00Z\\\"}\""));
    assert_non_null(strstr(said(&w), "\"job_id\":\"tiny\",\"processed_record_count\":2,"));
    assert_non_null(strstr(said(&w), "\"bucket_count\":2,"));
    WRONG(VERB("data", ",\"data\":\"x\""), "record 1 is no JSON object");
    DONE(VERB("flush", ",\"advance_time\":\"2023-11-15T00:05:00Z\",\"calc_interim\":\"true\""));
    assert_string_equal(said(&w), "{\"last_finalized_bucket_end\":1700006700000}\n");
    DONE(VERB("update", ",\"job\":\"{\\\"job_id\\\":\\\"tiny\\\",\\\"analysis_config\\\":"
                        "{\\\"bucket_span\\\":\\\"1m\\\",\\\"detectors\\\":[{\\\"function\\\":"
                        "\\\"count\\\"}]},\\\"data_description\\\":{\\\"time_field\\\":"
                        "\\\"@timestamp\\\"},\\\"results_retention_days\\\":1}\""));
    WRONG(VERB("update", ",\"job\":\"{}\""), "analysis_config");
    DONE(VERB("stats", ""));
    assert_non_null(strstr(said(&w), "\"bucket_count\":5,"));
    assert_int_equal(help_count_results(w.data->state, "bucket"), 5);
    DONE(VERB("data", ",\"data\":\"{\\\"@timestamp\\\":\\\"2023-11-17T00:00:00Z\\\"}\""));
    DONE(VERB("close", ""));
    uint64_t before = help_count_results(w.data->state, "bucket");
    DONE(VERB("expire", ""));
    assert_true(help_count_results(w.data->state, "bucket") < before);
    assert_int_equal(ask(&w, VERB("data", ",\"data\":\"{}\"")), 1);
    assert_non_null(strstr(remarks(&w), "is not open"));
    close_pipeline(&w);
}

/* What a client has looked for before may be there by now. */
static void once(void **state)
{
    (void)state;
    static const char feed[] = ",\"was\":\"\",\"datafeed\":\"{\\\"datafeed_id\\\":\\\"f\\\","
                               "\\\"indices\\\":[\\\"*\\\"]}\"}";
    char text[1000];
    struct world w;
    begin(&w);
    DONE(CREATE);
    snprintf(text, sizeof(text), "{\"command\":\"job\",\"verb\":\"put-datafeed\",\"id\":\"tiny\"%s",
             feed);
    DONE(text);
    WRONG(text, "the job's datafeed is there already");
    assert_int_equal(ask(&w, VERB("put-datafeed", ",\"was\":\"{}\",\"datafeed\":\"{}\"")), 1);
    assert_non_null(strstr(remarks(&w), "the job's datafeed was changed meanwhile"));
    DONE("{\"command\":\"filter\",\"verb\":\"put\",\"id\":\"f\",\"was\":\"\",\"text\":"
         "\"{\\\"filter_id\\\":\\\"f\\\",\\\"items\\\":[]}\"}");
    WRONG("{\"command\":\"filter\",\"verb\":\"put\",\"id\":\"f\",\"was\":\"\",\"text\":"
          "\"{\\\"filter_id\\\":\\\"f\\\",\\\"items\\\":[]}\"}",
          "the filter is there already");
    static const char other[] =
        ",\"job\":\"{\\\"job_id\\\":\\\"two\\\",\\\"analysis_config\\\":{\\\"detectors\\\":"
        "[{\\\"function\\\":\\\"count\\\"}]},\\\"data_description\\\":{}}\"";
    snprintf(text, sizeof(text),
             "{\"command\":\"job\",\"verb\":\"create-closed\",\"id\":\"two\"%s%s", other, feed);
    WRONG(text, "there is a datafeed 'f' already");
    snprintf(text, sizeof(text),
             "{\"command\":\"job\",\"verb\":\"create-closed\",\"id\":\"two\"%s}", other);
    DONE(text);
    snprintf(text, sizeof(text), "{\"command\":\"job\",\"verb\":\"put-datafeed\",\"id\":\"two\"%s",
             feed);
    WRONG(text, "there is a datafeed 'f' already");
    end(&w);
}

/* Without a daemon nothing is open. */
static void alone(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE(CREATE);
    assert_int_equal(ask(&w, VERB("flush", "")), 1);
    assert_int_equal(ask(&w, VERB("data", "")), 1);
    WRONG("{\"command\":\"job\",\"verb\":\"open-alone\",\"id\":\"none\"}",
          "there is no job 'none'");
    end(&w);
}

#define MODE(on) "{\"command\":\"job\",\"verb\":\"upgrade-mode\",\"enabled\":\"" on "\"}"

/* While upgrade mode is on a job stays open, and gets what came meanwhile afterwards. */
static void still(void **state)
{
    (void)state;
    struct help_alerts alerts = {0};
    struct arena arena;
    struct world w;
    arena_init(&arena, 0);
    open_pipeline(&w, &alerts);
    store_minutes(&w, 0, 40);
    DONE(CREATE);
    DONE(VERB("open-alone", ""));
    DONE(VERB("start-datafeed", ""));
    catch_up(&w);
    DONE(MODE("true"));
    STATES("opened", "started");
    assert_string_equal(row_of(&w, &arena).message, "waits for the end of upgrade mode");
    assert_int_equal(engine_jobs_count(engine_pipeline_jobs(w.data->pipeline)), 0);
    assert_int_equal(ask(&w, VERB("close", "")), 1);
    assert_int_equal(ask(&w, VERB("data", ",\"data\":\"{}\"")), 1);
    assert_int_equal(ask(&w, "{\"command\":\"filter\",\"verb\":\"delete\",\"id\":\"f\"}"), 1);
    DONE(VERB("stats", ""));
    assert_non_null(strstr(said(&w), "\"processed_record_count\":400,"));
    assert_non_null(strstr(said(&w), "\"assignment_explanation\":\"waits for the end of"));
    /* Across a start as well. */
    engine_pipeline_free(w.data->pipeline);
    w.data->pipeline = help_pipeline(w.data->state, w.data->store, &alerts, now());
    assert_int_equal(engine_jobs_count(engine_pipeline_jobs(w.data->pipeline)), 0);
    store_minutes(&w, 61, 71);
    DONE(MODE("false"));
    catch_up(&w);
    STATES("opened", "started");
    assert_null(row_of(&w, &arena).message);
    DONE(VERB("stats", ""));
    assert_non_null(strstr(said(&w), "\"processed_record_count\":500,"));
    DONE(VERB("close", ""));
    STATES("closed", "stopped");
    arena_release(&arena);
    close_pipeline(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(life),  cmocka_unit_test(full_disk),
                                       cmocka_unit_test(posts), cmocka_unit_test(alone),
                                       cmocka_unit_test(still), cmocka_unit_test(once)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
