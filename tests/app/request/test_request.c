/* SPDX-License-Identifier: Apache-2.0 */
#include "app/request/asked.h"

#include "format/write.h"

#define RULE "\"id\": \"" HELP_RULE_ID "\""

static void put_events(struct world *w, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct arena arena;
        struct event e;
        arena_init(&arena, 0);
        help_event(&e, &arena, HELP_BASE + i * TIME_MIN, i + 1);
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, i);
        HELP_OK(store_append(w->data->store, &e));
        arena_release(&arena);
    }
    HELP_OK(store_commit(w->data->store, &help_why));
}

static void test_search(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE("{\"command\": \"search\"}");
    assert_int_equal(lines(&w), 0);
    put_events(&w, 60);
    DONE("{\"command\": \"search\"}");
    assert_int_equal(lines(&w), 60);
    DONE("{\"command\": \"search\", \"query\": \"source.bytes < 10\", \"limit\": 3}");
    assert_int_equal(lines(&w), 3);
    DONE("{\"command\": \"search\", \"from\": \"now-10m\", \"to\": \"now-5m\"}");
    assert_int_equal(lines(&w), 5);
    w.stop_after = 1;
    DONE("{\"command\": \"search\"}");
    assert_int_equal(lines(&w), 1);
    w.stop_after = 0;
    WRONG("{\"command\": \"search\", \"query\": \"a: (\"}", "weir: error: ");
    WRONG("{\"command\": \"search\", \"from\": \"yesterdayish\"}", "yesterdayish");
    WRONG("{\"command\": \"nonsense\"}", "'nonsense'");
    WRONG("{}", "''");
    WRONG("{\"command\": [\"search\"]}", "''");
    WRONG("[]", "''");
    end(&w);
}

static bool no_row(void *ctx, const char *json, size_t n)
{
    (void)ctx;
    return json != NULL && n > 0;
}

static void test_sql(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    put_events(&w, 60);
    struct store_sql_result result;
    const struct store_sql_limits limits = {0};
    enum err err = store_sql(w.data->store, "SELECT 1", &limits, no_row, NULL, &result, &help_why);
    if (err == ERR_UNSUPPORTED) {
        end(&w);
        skip(); /* no DuckDB on this machine */
    }
    DONE("{\"command\": \"sql\", \"sql\": \"SELECT count(*) AS n FROM events\"}");
    assert_string_equal(said(&w), "{\"n\":60}\n");
    DONE("{\"command\": \"sql\", \"limit\": 2, \"sql\": \"SELECT _sequence FROM events\"}");
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(remarks(&w), "only the first 2 rows"));
    WRONG("{\"command\": \"sql\", \"sql\": \"DROP VIEW events\"}", "weir: error: ");
    WRONG("{\"command\": \"sql\"}", "weir: error: ");
    end(&w);
}

static void test_status(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE("{\"command\": \"status\"}");
    assert_non_null(strstr(said(&w), w.dir));
    assert_non_null(strstr(said(&w), "does not run"));
    put_events(&w, 7);
    help_install(w.data->state);
    DONE("{\"command\": \"status\"}");
    assert_non_null(strstr(said(&w), "7 hot"));
    assert_non_null(strstr(said(&w), "zeek.connection"));
    assert_non_null(strstr(said(&w), "1 installed, 1 started, 0 failed"));
    assert_non_null(strstr(said(&w), "1 installed, 1 enabled"));
    assert_null(strstr(said(&w), "removed"));
    end(&w);
    /* A store that keeps less than it has. */
    const struct store_options options = {.keep_bytes = 1};
    w = (struct world){.dir = help_mkdir()};
    HELP_OK(request_data_open(w.dir, &options, &w.data, &help_why));
    put_events(&w, 7);
    for (int i = 0; i < 2; i++)
        HELP_OK(store_maintain(w.data->store, HELP_BASE, &help_why));
    DONE("{\"command\": \"status\"}");
    assert_non_null(strstr(said(&w), "removed      0 events by age, 7 by size since the start, at "
                                     "last up to 2023-11-15T00:06:00.000Z"));
    end(&w);
}

static void put_alerts(struct world *w, unsigned n)
{
    HELP_OK(store_state_begin(w->data->state));
    for (unsigned i = 0; i < n; i++) {
        char id[32], doc[200];
        snprintf(id, sizeof(id), "alert-%u", i);
        snprintf(doc, sizeof(doc),
                 "{\"@timestamp\":\"2023-11-15T00:00:00Z\",\"kibana.alert.rule.name\":\"R\","
                 "\"n\":%u}",
                 i);
        const struct store_alert row = {.id = id,
                                        .rule_id = HELP_RULE_ID,
                                        .doc = doc,
                                        .time = HELP_BASE + i * TIME_S,
                                        .start = HELP_BASE};
        const struct store_result result = {.job_id = "tiny",
                                            .type = "record",
                                            .id = id,
                                            .doc = doc,
                                            .time = HELP_BASE + i * TIME_S,
                                            .score = i % 100};
        HELP_OK(store_state_alert_create(w->data->state, &row, NULL));
        HELP_OK(store_state_result_put(w->data->state, &result));
    }
    HELP_OK(store_state_commit(w->data->state, &help_why));
}

/* More than a page: each once, in order, and a limit in the midst of one. */
static void test_alerts(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    help_install(w.data->state);
    put_alerts(&w, 2500);
    DONE("{\"command\": \"alerts\"}");
    assert_int_equal(lines(&w), 2500);
    const char *at = said(&w);
    for (unsigned i = 0; i < 2500; i++) {
        char part[32];
        snprintf(part, sizeof(part), "\"n\":%u}\n", i);
        at = strstr(at, part);
        assert_non_null(at);
    }
    DONE("{\"command\": \"alerts\", \"limit\": 1001}");
    assert_int_equal(lines(&w), 1001);
    DONE("{\"command\": \"alerts\", \"limit\": 1000}");
    assert_int_equal(lines(&w), 1000);
    struct buf oldest;
    buf_init(&oldest);
    DONE("{\"command\": \"alerts\", \"limit\": 1}");
    buf_str(&oldest, said(&w));
    DONE("{\"command\": \"alerts\", \"newest_first\": true}");
    size_t tail = w.streams[0].n - oldest.n;
    assert_string_equal(said(&w) + tail, buf_text(&oldest));
    buf_release(&oldest);
    DONE("{\"command\": \"alerts\", \"to\": \"2023-11-15T00:00:09Z\"}");
    assert_int_equal(lines(&w), 10);
    w.stop_after = 1;
    DONE("{\"command\": \"alerts\"}");
    assert_int_equal(w.writes, 1);
    w.stop_after = 0;
    WRONG("{\"command\": \"alerts\", \"from\": \"?\"}", "'?'");
    WRONG("{\"command\": \"job\", \"verb\": \"results\", \"id\": \"none\"}", "no job 'none'");
    WRONG("{\"command\": \"job\", \"verb\": \"results\", \"id\": \"tiny\", \"type\": \"records\"}",
          "--type expects record, bucket");
    DONE("{\"command\": \"job\", \"verb\": \"results\", \"id\": \"tiny\"}");
    assert_int_equal(lines(&w), 2500);
    DONE("{\"command\": \"job\", \"verb\": \"results\", \"id\": \"tiny\", \"min_score\": 99}");
    assert_int_equal(lines(&w), 25);
    DONE("{\"command\": \"job\", \"verb\": \"results\", \"id\": \"tiny\", \"limit\": 1500}");
    assert_int_equal(lines(&w), 1500);
    end(&w);
}

static void create_job(struct world *w, const char *job, int status)
{
    struct buf text;
    struct format_writer f;
    buf_init(&text);
    format_write_init(&f, &text);
    format_write_begin_object(&f);
    format_write_field_str(&f, "command", "job");
    format_write_field_str(&f, "verb", "create");
    format_write_field_str(&f, "job", job);
    format_write_field_str(&f, "job_file", "mine.json");
    format_write_field_str(&f, "datafeed", help_feed);
    format_write_end_object(&f);
    assert_int_equal(ask(w, buf_text(&text)), status);
    buf_release(&text);
}

static void test_job(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    create_job(&w, "{\"job_id\": \"x\"}", 2);
    assert_non_null(strstr(remarks(&w), "mine.json"));
    create_job(&w, help_job, 0);
    create_job(&w, help_job, 2);
    assert_non_null(strstr(remarks(&w), "already"));
    DONE("{\"command\": \"job\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(said(&w), "started"));
    DONE("{\"command\": \"job\", \"verb\": \"close\", \"id\": \"tiny\"}");
    DONE("{\"command\": \"job\", \"verb\": \"list\"}");
    assert_null(strstr(said(&w), "started"));
    DONE("{\"command\": \"job\", \"verb\": \"open\", \"id\": \"tiny\"}");
    DONE("{\"command\": \"job\", \"verb\": \"reset\", \"id\": \"tiny\"}");
    DONE("{\"command\": \"job\", \"verb\": \"delete\", \"id\": \"tiny\"}");
    WRONG("{\"command\": \"job\", \"verb\": \"open\", \"id\": \"tiny\"}", "no job 'tiny'");
    WRONG("{\"command\": \"job\", \"verb\": \"close\", \"id\": \"tiny\"}", "no job 'tiny'");
    WRONG("{\"command\": \"job\", \"verb\": \"reset\", \"id\": \"tiny\"}", "no job 'tiny'");
    WRONG("{\"command\": \"job\", \"verb\": \"delete\", \"id\": \"tiny\"}", "no job 'tiny'");
    WRONG("{\"command\": \"job\", \"verb\": \"dance\"}", "'dance'");
    end(&w);
}

/* The same with a pipeline that runs: jobs are taken up, and one that cannot start is told of. */
static void test_running(void **state)
{
    (void)state;
    struct world w;
    struct help_alerts alerts = {0};
    begin(&w);
    put_events(&w, 30);
    w.data->pipeline = help_pipeline(w.data->state, w.data->store, &alerts, HELP_BASE + TIME_HOUR);
    const struct engine_jobs *jobs = engine_pipeline_jobs(w.data->pipeline);
    create_job(&w, help_job, 0);
    assert_int_equal(engine_jobs_count(jobs), 1);
    struct engine_pipeline_totals t;
    bool behind;
    DONE("{\"command\": \"job\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "reads the stored events first"));
    HELP_OK(engine_pipeline_catch_up(w.data->pipeline, 0, &behind, &help_why));
    engine_pipeline_totals(w.data->pipeline, &t);
    assert_int_equal(t.jobs.taken, 30);
    DONE("{\"command\": \"job\", \"verb\": \"list\"}");
    assert_null(strstr(said(&w), "reads the stored events first"));
    DONE("{\"command\": \"job\", \"verb\": \"close\", \"id\": \"tiny\"}");
    assert_int_equal(engine_jobs_count(jobs), 0);
    const struct store_snapshot bad = {
        .job_id = "tiny", .id = "bad", .doc = "{}", .time = TIME_MAX, .position = HELP_BASE};
    HELP_OK(store_state_snapshot_put(w.data->state, &bad, "\xff", 1));
    for (int i = 0; i < 2; i++)
        WRONG("{\"command\": \"job\", \"verb\": \"open\", \"id\": \"tiny\"}", "cannot start");
    HELP_OK(store_state_snapshot_delete(w.data->state, "tiny", "bad"));
    DONE("{\"command\": \"job\", \"verb\": \"open\", \"id\": \"tiny\"}");
    assert_int_equal(engine_jobs_count(jobs), 1);
    DONE("{\"command\": \"job\", \"verb\": \"open\", \"id\": \"tiny\"}");
    DONE("{\"command\": \"job\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "opened"));
    HELP_OK(engine_pipeline_catch_up(w.data->pipeline, 0, &behind, &help_why));
    HELP_OK(engine_pipeline_save(w.data->pipeline, &help_why));
    DONE("{\"command\": \"job\", \"verb\": \"stats\", \"id\": \"tiny\"}");
    assert_non_null(strstr(said(&w), "\"open_time\""));
    DONE("{\"command\": \"job\", \"verb\": \"snapshots\", \"id\": \"tiny\"}");
    assert_int_equal(lines(&w), 1);
    char name[64] = "", request[256];
    const char *at = strstr(said(&w), "\"snapshot_id\":\"");
    assert_non_null(at);
    snprintf(name, sizeof(name), "%.*s", (int)strcspn(at + 15, "\""), at + 15);
    snprintf(request, sizeof(request),
             "{\"command\": \"job\", \"verb\": \"snapshot-delete\", \"id\": \"tiny\", "
             "\"snapshot\": \"%s\"}",
             name);
    WRONG(request, "goes on from");
    snprintf(request, sizeof(request),
             "{\"command\": \"job\", \"verb\": \"revert\", \"id\": \"tiny\", \"snapshot\": \"%s\"}",
             name);
    DONE(request);
    assert_int_equal(engine_jobs_count(jobs), 1);
    assert_true(engine_jobs_is_behind(jobs));
    HELP_OK(engine_pipeline_catch_up(w.data->pipeline, 0, &behind, &help_why));
    assert_false(engine_jobs_is_behind(jobs));
    WRONG("{\"command\": \"job\", \"verb\": \"revert\", \"id\": \"tiny\", \"snapshot\": \"x\"}",
          "no snapshot 'x'");
    DONE("{\"command\": \"job\", \"verb\": \"reset\", \"id\": \"tiny\"}");
    assert_int_equal(engine_jobs_count(jobs), 1);
    DONE("{\"command\": \"job\", \"verb\": \"delete\", \"id\": \"tiny\"}");
    assert_int_equal(engine_jobs_count(jobs), 0);
    DONE("{\"command\": \"status\"}");
    assert_non_null(strstr(said(&w), "2023-11-15T01:00:00"));
    engine_pipeline_free(w.data->pipeline);
    w.data->pipeline = NULL;
    end(&w);
}

#define SCOPED                                                                                     \
    "{\\\"job_id\\\": \\\"scoped\\\", \\\"analysis_config\\\": {\\\"detectors\\\": "               \
    "[{\\\"function\\\": "                                                                         \
    "\\\"count\\\", \\\"by_field_name\\\": \\\"x\\\", \\\"custom_rules\\\": [{\\\"scope\\\": "     \
    "{\\\"x\\\": "                                                                                 \
    "{\\\"filter_id\\\": \\\"f\\\"}}}]}]}}"

static void test_filter(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE("{\"command\": \"filter\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 1);
    WRONG("{\"command\": \"filter\", \"verb\": \"show\", \"id\": \"f\"}", "no filter 'f'");
    WRONG("{\"command\": \"filter\", \"verb\": \"delete\", \"id\": \"f\"}", "no filter 'f'");
    WRONG("{\"command\": \"filter\", \"verb\": \"hide\"}", "'hide'");
    WRONG("{\"command\": \"filter\", \"verb\": \"put\", \"text\": \"{}\", \"name\": \"f.json\"}",
          "f.json:1");
    WRONG("{\"command\": \"job\", \"verb\": \"create\", \"job\": \"" SCOPED "\"}", "filter \"f\"");
    DONE("{\"command\": \"filter\", \"verb\": \"put\", \"text\": \"{\\\"filter_id\\\": \\\"f\\\", "
         "\\\"items\\\": [\\\"b\\\", \\\"a\\\"], \\\"odd\\\": 1}\"}");
    assert_non_null(strstr(remarks(&w), "odd"));
    DONE("{\"command\": \"filter\", \"verb\": \"show\", \"id\": \"f\"}");
    assert_string_equal(said(&w),
                        "{\"filter_id\":\"f\",\"description\":\"\",\"items\":[\"a\",\"b\"]}\n");
    DONE("{\"command\": \"job\", \"verb\": \"create\", \"job\": \"" SCOPED "\"}");
    DONE("{\"command\": \"filter\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "f           2 scoped -\n"));
    WRONG("{\"command\": \"filter\", \"verb\": \"delete\", \"id\": \"f\"}", "'scoped'");
    DONE("{\"command\": \"job\", \"verb\": \"delete\", \"id\": \"scoped\"}");
    DONE("{\"command\": \"filter\", \"verb\": \"delete\", \"id\": \"f\"}");
    end(&w);
}

static void test_calendar(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE("{\"command\": \"calendar\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 1);
    WRONG("{\"command\": \"calendar\", \"verb\": \"show\", \"id\": \"c\"}", "no calendar 'c'");
    WRONG("{\"command\": \"calendar\", \"verb\": \"events\", \"id\": \"c\"}", "no calendar 'c'");
    WRONG("{\"command\": \"calendar\", \"verb\": \"delete\", \"id\": \"c\"}", "no calendar 'c'");
    WRONG("{\"command\": \"calendar\", \"verb\": \"hide\"}", "'hide'");
    WRONG("{\"command\": \"calendar\", \"verb\": \"put\", \"text\": \"7\", \"name\": \"c.json\"}",
          "c.json:1");
    DONE("{\"command\": \"calendar\", \"verb\": \"put\", \"text\": \"{\\\"calendar_id\\\": "
         "\\\"c\\\", \\\"job_ids\\\": [\\\"a\\\", \\\"b\\\"], \\\"odd\\\": 1}\"}");
    assert_non_null(strstr(remarks(&w), "odd"));
    DONE("{\"command\": \"calendar\", \"verb\": \"add\", \"id\": \"c\", \"text\": "
         "\"[{\\\"description"
         "\\\": \\\"x\\\", \\\"event_id\\\": \\\"e\\\", \\\"start_time\\\": "
         "\\\"2023-11-15T00:00:00Z\\\", \\\"end_time\\\": \\\"2023-11-15T00:30:00Z\\\"}]\"}");
    DONE("{\"command\": \"calendar\", \"verb\": \"events\", \"id\": \"c\"}");
    assert_string_equal(said(&w), "{\"calendar_id\":\"c\",\"event_id\":\"e\",\"description\":\"x\","
                                  "\"start_time\":1700006400000,\"end_time\":1700008200000,"
                                  "\"skip_result\":true,\"skip_model_update\":true}\n");
    DONE("{\"command\": \"calendar\", \"verb\": \"events\", \"id\": \"c\", \"from\": \"now-30m\"}");
    assert_int_equal(lines(&w), 0);
    DONE("{\"command\": \"calendar\", \"verb\": \"events\", \"id\": \"c\", \"from\": \"now-31m\"}");
    assert_int_equal(lines(&w), 1);
    DONE("{\"command\": \"calendar\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "c             1 a,b  -\n"));
    WRONG("{\"command\": \"calendar\", \"verb\": \"remove\", \"id\": \"c\", \"event\": \"f\"}",
          "no event 'f'");
    DONE("{\"command\": \"calendar\", \"verb\": \"remove\", \"id\": \"c\", \"event\": \"e\"}");
    DONE("{\"command\": \"calendar\", \"verb\": \"show\", \"id\": \"c\"}");
    assert_string_equal(said(&w), "{\"calendar_id\":\"c\",\"description\":\"\",\"job_ids\":"
                                  "[\"a\",\"b\"],\"events\":[]}\n");
    DONE("{\"command\": \"calendar\", \"verb\": \"delete\", \"id\": \"c\"}");
    end(&w);
}

static void test_messages(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    WRONG("{\"command\": \"job\", \"verb\": \"messages\", \"id\": \"tiny\"}", "no job 'tiny'");
    help_install_job(w.data->state);
    DONE("{\"command\": \"job\", \"verb\": \"messages\", \"id\": \"tiny\"}");
    assert_int_equal(lines(&w), 0);
    struct store_message m = {.job_id = "tiny", .level = "info", .text = "One.", .time = TIME_NONE};
    HELP_OK(store_state_message_put(w.data->state, &m));
    m = (struct store_message){
        .job_id = "tiny", .level = "warning", .text = "Two.", .time = HELP_BASE};
    HELP_OK(store_state_message_put(w.data->state, &m));
    DONE("{\"command\": \"job\", \"verb\": \"messages\", \"id\": \"tiny\"}");
    assert_string_equal(said(&w), "-                        info    One.\n"
                                  "2023-11-15T00:00:00.000Z warning Two.\n");
    DONE("{\"command\": \"job\", \"verb\": \"messages\", \"id\": \"tiny\", \"from\": \"now-1d\"}");
    assert_int_equal(lines(&w), 1);
    end(&w);
}

/* One minute after the other through the job, until it has learned enough. */
static void learn(struct world *w, unsigned minutes)
{
    struct help_alerts alerts = {0};
    w->data->pipeline = help_pipeline(w->data->state, w->data->store, &alerts, HELP_BASE);
    help_feed_minutes(w->data->pipeline, 0, minutes, 0);
}

static void test_forecast(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    WRONG("{\"command\": \"job\", \"verb\": \"forecast\", \"id\": \"tiny\"}", "no job 'tiny'");
    help_install_job(w.data->state);
    WRONG("{\"command\": \"job\", \"verb\": \"forecast\", \"id\": \"tiny\"}", "processed no data");
    learn(&w, 50);
    WRONG("{\"command\": \"job\", \"verb\": \"forecast\", \"id\": \"tiny\", \"duration\": \"x\"}",
          "duration must be");
    /* Of the job that runs. */
    DONE("{\"command\": \"job\", \"verb\": \"forecast\", \"id\": \"tiny\", \"duration\": \"2h\"}");
    assert_int_equal(lines(&w), 1);
    assert_non_null(strstr(said(&w), "\"processed_record_count\":120,"));
    DONE("{\"command\": \"job\", \"verb\": \"results\", \"id\": \"tiny\", \"type\": "
         "\"model_forecast\"}");
    assert_int_equal(lines(&w), 120);
    assert_non_null(strstr(said(&w), "\"forecast_upper\":"));
    /* Closed, of what it had saved. */
    DONE("{\"command\": \"job\", \"verb\": \"close\", \"id\": \"tiny\"}");
    DONE("{\"command\": \"job\", \"verb\": \"forecast\", \"id\": \"tiny\", \"duration\": \"1h\"}");
    engine_pipeline_free(w.data->pipeline);
    w.data->pipeline = NULL;
    /* Where nothing runs. */
    DONE("{\"command\": \"job\", \"verb\": \"forecast\", \"id\": \"tiny\", \"duration\": \"1h\", "
         "\"expires_in\": \"0s\"}");
    assert_null(strstr(said(&w), "forecast_expiry_timestamp"));
    const char *id = strstr(said(&w), "\"forecast_id\":\"");
    assert_non_null(id);
    char text[200];
    snprintf(text, sizeof(text),
             "{\"command\": \"job\", \"verb\": \"delete-forecast\", \"id\": \"tiny\", "
             "\"forecast_id\": \"%.13s\"}",
             id + strlen("\"forecast_id\":\""));
    assert_int_equal(help_count_results(w.data->state, "model_forecast"), 240);
    DONE(text);
    assert_int_equal(help_count_results(w.data->state, "model_forecast"), 180);
    WRONG(text, "has no forecast");
    DONE("{\"command\": \"job\", \"verb\": \"delete-forecast\", \"id\": \"tiny\"}");
    assert_int_equal(help_count_results(w.data->state, "model_forecast"), 0);
    WRONG("{\"command\": \"job\", \"verb\": \"delete-forecast\", \"id\": \"tiny\"}",
          "has no forecast");
    end(&w);
}

static void put_job(struct world *w, const char *id, const char *span, const char *group)
{
    char config[256];
    snprintf(config, sizeof(config),
             "{\"job_id\":\"%s\",\"groups\":[\"%s\"],\"analysis_config\":{\"bucket_span\":\"%s\","
             "\"detectors\":[{\"function\":\"count\"}]}}",
             id, group, span);
    const struct store_job row = {.id = id,
                                  .config = config,
                                  .created = HELP_BASE,
                                  .start = TIME_NONE,
                                  .end = TIME_NONE,
                                  .position = TIME_NONE};
    HELP_OK(store_state_job_put(w->data->state, &row));
}

static void put_buckets(struct world *w, const char *job, ts_ns span, ts_ns from, ts_ns to,
                        double score)
{
    HELP_OK(store_state_begin(w->data->state));
    for (ts_ns t = from; t < to; t += span) {
        char id[64];
        snprintf(id, sizeof(id), "%s-%lld", job, (long long)t);
        const struct store_result row = {.job_id = job,
                                         .type = "bucket",
                                         .id = id,
                                         .doc = "{}",
                                         .time = HELP_BASE + t,
                                         .score = t == from ? score : 1};
        HELP_OK(store_state_result_put(w->data->state, &row));
    }
    HELP_OK(store_state_commit(w->data->state, &help_why));
}

#define OVERALL "{\"command\": \"job\", \"verb\": \"overall\""

/* Jobs of a minute, of a quarter and of an hour, with emptiness between two stretches. */
static void test_overall(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    WRONG(OVERALL "}", "no job '_all'");
    put_job(&w, "minute", "1m", "small");
    put_job(&w, "quarter", "15m", "small");
    put_job(&w, "hour", "1h", "large");
    DONE(OVERALL "}");
    assert_int_equal(lines(&w), 0);
    put_buckets(&w, "minute", TIME_MIN, 0, 2 * TIME_DAY, 60);
    put_buckets(&w, "quarter", 15 * TIME_MIN, 0, 2 * TIME_DAY, 40);
    put_buckets(&w, "hour", TIME_HOUR, TIME_HOUR, 2 * TIME_DAY, 90);
    put_buckets(&w, "minute", TIME_MIN, 4000 * TIME_DAY, 4000 * TIME_DAY + TIME_HOUR, 70);
    DONE(OVERALL "}");
    assert_int_equal(lines(&w), 49);
    assert_non_null(strstr(said(&w),
                           "\"bucket_span\":3600,\"overall_score\":60,\"jobs\":[{\"job_id\":"
                           "\"minute\",\"max_anomaly_score\":60},{\"job_id\":\"quarter\","
                           "\"max_anomaly_score\":40}],"));
    DONE(OVERALL ", \"top_n\": \"2\"}");
    assert_non_null(strstr(said(&w), "\"overall_score\":50,"));
    assert_non_null(strstr(said(&w), "\"overall_score\":45.5,"));
    DONE(OVERALL ", \"min_score\": \"65\"}");
    assert_int_equal(lines(&w), 2);
    DONE(OVERALL ", \"bucket_span\": \"1d\", \"top_n\": \"3\"}");
    assert_int_equal(lines(&w), 3); /* the worst hour of each day */
    assert_non_null(strstr(said(&w),
                           "\"overall_score\":50,\"jobs\":[{\"job_id\":\"hour\",\"max_anomaly_"
                           "score\":90},{\"job_id\":\"minute\",\"max_anomaly_score\":60},"));
    DONE(OVERALL ", \"id\": \"small\"}");
    assert_non_null(strstr(said(&w), "\"bucket_span\":900,"));
    assert_null(strstr(said(&w), "\"hour\""));
    DONE(OVERALL ", \"id\": \"mi*,hour\", \"from\": \"2023-11-15T00:30:00Z\", \"to\": "
                 "\"2023-11-15T01:30:00Z\"}");
    assert_int_equal(lines(&w), 2); /* widened to whole hours */
    WRONG(OVERALL ", \"id\": \"none\"}", "no job 'none'");
    WRONG(OVERALL ", \"bucket_span\": \"30m\"}", "the largest span of the jobs (3600s)");
    WRONG(OVERALL ", \"top_n\": \"0\"}", "top_n must be");
    WRONG(OVERALL ", \"min_score\": \"high\"}", "min_score must be");
    end(&w);
}

static void write_import(struct buf *text, bool overwrite)
{
    struct format_writer f;
    buf_clear(text);
    format_write_init(&f, text);
    format_write_begin_object(&f);
    format_write_field_str(&f, "command", "rule");
    format_write_field_str(&f, "verb", "import");
    format_write_field_str(&f, "name", "r.ndjson");
    format_write_field_str(&f, "text", help_rule);
    format_write_field_bool(&f, "overwrite", overwrite);
    format_write_end_object(&f);
}

static void test_rule(void **state)
{
    (void)state;
    struct world w;
    struct buf text;
    begin(&w);
    buf_init(&text);
    write_import(&text, false);
    DONE(buf_text(&text));
    assert_non_null(strstr(remarks(&w), "1 rules imported"));
    DONE("{\"command\": \"rule\", \"verb\": \"disable\", " RULE "}");
    WRONG(buf_text(&text), "r.ndjson:1: there is a rule");
    assert_non_null(strstr(remarks(&w), "1 rules and 0 exceptions or connectors were refused"));
    DONE("{\"command\": \"rule\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), " disabled ")); /* as it was left */
    write_import(&text, true);
    DONE(buf_text(&text));
    assert_non_null(strstr(remarks(&w), "1 rules imported"));
    DONE("{\"command\": \"rule\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 3); /* heading, rule, what its last run said */
    assert_non_null(strstr(said(&w), "job 'tiny' is not installed"));
    DONE("{\"command\": \"rule\", \"verb\": \"disable\", " RULE "}");
    DONE("{\"command\": \"rule\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), " disabled "));
    DONE("{\"command\": \"rule\", \"verb\": \"enable\", " RULE "}");
    DONE("{\"command\": \"rule\", \"verb\": \"export\"}");
    assert_non_null(strstr(said(&w), HELP_RULE_ID));
    assert_non_null(strstr(said(&w), "\"enabled\":true"));
    const struct store_rule broken = {
        .id = "broken", .doc = "{\"name\": ", .enabled = true, .updated = 1, .last_run = TIME_NONE};
    HELP_OK(store_state_rule_put(w.data->state, &broken));
    DONE("{\"command\": \"rule\", \"verb\": \"list\"}");
    assert_int_equal(lines(&w), 5);
    const char *line = strstr(said(&w), "\nbroken ");
    assert_non_null(line);
    assert_memory_equal(line + 1 + 37, "enabled  failed ", 16);
    WRONG("{\"command\": \"rule\", \"verb\": \"enable\", \"id\": \"broken\"}", "broken:");
    HELP_OK(store_state_rule_delete(w.data->state, "broken"));
    WRONG("{\"command\": \"rule\", \"verb\": \"enable\", \"id\": \"none\"}", "no rule 'none'");
    WRONG("{\"command\": \"rule\", \"verb\": \"import\", \"text\": \"{\\\"name\\\": 3}\"}",
          "weir: error: ");
    WRONG("{\"command\": \"rule\", \"verb\": \"dance\"}", "'dance'");
    buf_release(&text);
    end(&w);
}

static void test_package(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    DONE("{\"command\": \"package\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), "ded"));
    assert_null(strstr(said(&w), " yes "));
    DONE("{\"command\": \"package\", \"verb\": \"install\", \"name\": \"ded\"}");
    assert_non_null(strstr(remarks(&w), "rules installed"));
    put_events(&w, 3);
    DONE("{\"command\": \"package\", \"verb\": \"list\"}");
    assert_non_null(strstr(said(&w), " yes "));
    DONE("{\"command\": \"package\", \"verb\": \"remove\", \"name\": \"ded\"}");
    WRONG("{\"command\": \"package\", \"verb\": \"remove\", \"name\": \"ded\"}", "'ded'");
    WRONG("{\"command\": \"package\", \"verb\": \"install\", \"name\": \"none\"}", "none");
    WRONG("{\"command\": \"package\", \"verb\": \"dance\"}", "'dance'");
    end(&w);
}

static bool is_gone(void *ctx)
{
    (void)ctx;
    return true;
}

#define PREVIEW "{\"command\": \"job\", \"verb\": \"preview\", "

/* The file of a job in a request, as the installed one is. */
static void ask_with_files(struct world *w)
{
    struct buf text;
    struct format_writer writer;
    buf_init(&text);
    format_write_init(&writer, &text);
    format_write_begin_object(&writer);
    format_write_field_str(&writer, "command", "job");
    format_write_field_str(&writer, "verb", "preview");
    format_write_field_str(&writer, "job", help_job);
    format_write_field_str(&writer, "datafeed", help_feed);
    format_write_field_str(&writer, "output", "ndjson");
    format_write_end_object(&writer);
    assert_int_equal(ask(w, buf_text(&text)), 0);
    buf_release(&text);
}

/* A job over what is stored: nothing of it stays. */
static void test_preview(void **state)
{
    (void)state;
    struct world w;
    struct buf first, before, after;
    begin(&w);
    help_install_job(w.data->state);
    put_events(&w, 120);
    buf_init(&first);
    buf_init(&before);
    buf_init(&after);
    help_dump(w.data->state, &before);
    DONE(PREVIEW "\"id\": \"tiny\", \"output\": \"ndjson\"}");
    assert_int_equal(lines(&w), 1);
    assert_non_null(strstr(said(&w), "\"job_id\":\"tiny\""));
    assert_non_null(strstr(said(&w), "\"events\":120"));
    buf_str(&first, said(&w));
    ask_with_files(&w);
    assert_string_equal(said(&w), buf_text(&first));
    DONE(PREVIEW "\"id\": \"tiny\", \"alerts_per_day\": \"2\", \"from\": "
                 "\"2023-11-15T00:30:00Z\", \"to\": \"2023-11-15T00:40:00Z\"}");
    assert_non_null(strstr(said(&w), ": 10 events in buckets of 1m"));
    assert_non_null(strstr(said(&w), "Every threshold keeps within 2 alerts a day"));
    help_dump(w.data->state, &after);
    assert_string_equal(buf_text(&before), buf_text(&after));
    buf_release(&first);
    buf_release(&before);
    buf_release(&after);

    /* A job of a shipped package need not be installed. */
    DONE(PREVIEW "\"id\": \"ded_high_sent_bytes_destination_ip\", \"output\": \"ndjson\"}");
    assert_non_null(strstr(said(&w), "\"job_id\":\"ded_high_sent_bytes_destination_ip\""));
    WRONG(PREVIEW "\"id\": \"other\"}", "there is no job 'other'");
    WRONG(PREVIEW "\"job\": \"{}\"}", "analysis_config");
    WRONG(PREVIEW "\"id\": \"tiny\", \"output\": \"x\"}", "ndjson or table");
    WRONG(PREVIEW "\"id\": \"tiny\", \"alerts_per_day\": \"0\"}", "a number above 0");
    w.data->previews = true;
    assert_int_equal(ask(&w, PREVIEW "\"id\": \"tiny\"}"), 1);
    assert_non_null(strstr(remarks(&w), "another preview runs"));
    w.data->previews = false;
    w.gone = is_gone;
    assert_int_equal(ask(&w, PREVIEW "\"id\": \"tiny\"}"), 1);
    assert_false(w.data->previews);
    end(&w);
}

/* For programs: data alone, and the mistake as a code with its sentence. */
static void test_act(void **state)
{
    (void)state;
    struct world w;
    static const char list[] = "{\"command\": \"job\", \"verb\": \"list\"}";
    begin(&w);
    HELP_OK(request_act(w.data, list, strlen(list), NULL, NULL, &w.streams[0], &help_why));
    assert_int_equal(strncmp(said(&w), "JOB ", 4), 0);
    assert_int_equal(request_act(w.data, "{}", 2, NULL, NULL, &w.streams[1], &help_why),
                     ERR_INVALID);
    assert_non_null(strstr(help_why.message, "there is no request"));
    assert_int_equal(w.streams[1].n, 0);
    end(&w);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_act),      cmocka_unit_test(test_search),
        cmocka_unit_test(test_preview),  cmocka_unit_test(test_sql),
        cmocka_unit_test(test_status),   cmocka_unit_test(test_alerts),
        cmocka_unit_test(test_job),      cmocka_unit_test(test_running),
        cmocka_unit_test(test_filter),   cmocka_unit_test(test_calendar),
        cmocka_unit_test(test_messages), cmocka_unit_test(test_forecast),
        cmocka_unit_test(test_overall),  cmocka_unit_test(test_rule),
        cmocka_unit_test(test_package),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
