/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "detect/detect.h"
#include "detect/forecast.h"
#include "engine/forecasts.h"

#define CREATED (HELP_BASE + 100 * TIME_DAY)

struct world {
    char *dir;
    struct store_state *state;
    struct detect_job *job;
    struct detect *engine;
};

/* A job of two series that has seen two hours. */
static void begin(struct world *w)
{
    static const char text[] =
        "{\"job_id\":\"tiny\",\"analysis_config\":{\"bucket_span\":\"1m\",\"detectors\":[{"
        "\"function\":\"count\",\"partition_field_name\":\"a\"}]}}";
    const struct detect_options options = {.seed = {1, 2}, .follow_records = true};
    struct bytes names[] = {bytes_make("time", 4), bytes_make("a", 1)};
    *w = (struct world){.dir = help_mkdir()};
    w->state = help_state(w->dir);
    HELP_OK(detect_job_parse(text, strlen(text), "", NULL, 0, &w->job, &help_why));
    HELP_OK(detect_new(w->job, &options, &w->engine));
    HELP_OK(detect_columns(w->engine, names, 2, &help_why));
    for (int i = 0; i < 240; i++) {
        struct bytes fields[] = {bytes_make("0", 1), bytes_make(i % 2 == 0 ? "x" : "y", 1)};
        HELP_OK(detect_record(w->engine, HELP_BASE + i * 30 * TIME_S, fields));
    }
}

static void end(struct world *w)
{
    detect_free(w->engine);
    detect_job_free(w->job);
    store_state_close(w->state);
    help_rmdir(w->dir);
}

static struct detect_forecast *make(const struct world *w, const char *id, const char *expires_in)
{
    struct detect_forecast_options o;
    struct detect_forecast *f = NULL;
    HELP_OK(detect_forecast_read("10h", expires_in, NULL, &o, &help_why));
    o.id = id;
    o.created = CREATED;
    HELP_OK(detect_forecast_new(w->engine, &o, &f, &help_why));
    return f;
}

static void write_one(const struct world *w, const char *id, const char *expires_in)
{
    struct buf doc;
    buf_init(&doc);
    struct detect_forecast *f = make(w, id, expires_in);
    HELP_OK(engine_forecasts_write(w->state, f, "tiny", id, NULL, NULL, &doc, &help_why));
    assert_non_null(strstr(buf_text(&doc), "\"forecast_status\":\"finished\""));
    assert_non_null(strstr(buf_text(&doc), "\"processed_record_count\":1200,"));
    buf_release(&doc);
    detect_forecast_free(f);
}

static void written_and_deleted(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    write_one(&w, "7", NULL);
    write_one(&w, "77", NULL);
    assert_int_equal(help_count_results(w.state, "model_forecast"), 2400);
    assert_int_equal(help_count_results(w.state, "model_forecast_request_stats"), 2);
    write_one(&w, "7", NULL); /* the same again replaces it */
    assert_int_equal(help_count_results(w.state, "model_forecast"), 2400);
    HELP_OK(engine_forecasts_delete(w.state, "tiny", "7", &help_why));
    assert_int_equal(help_count_results(w.state, "model_forecast"), 1200);
    assert_int_equal(help_count_results(w.state, "model_forecast_request_stats"), 1);
    assert_int_equal(engine_forecasts_delete(w.state, "tiny", "7", &help_why), ERR_NOT_FOUND);
    assert_non_null(strstr(help_why.message, "'7'"));
    write_one(&w, "8", NULL);
    HELP_OK(engine_forecasts_delete(w.state, "tiny", NULL, &help_why));
    assert_int_equal(help_count_results(w.state, NULL), 0);
    assert_int_equal(engine_forecasts_delete(w.state, "tiny", NULL, &help_why), ERR_NOT_FOUND);
    end(&w);
}

/* Of what is kept, and of what was begun and has written nothing yet. */
static void ids_differ(void **state)
{
    (void)state;
    struct world w;
    int64_t last = 0;
    char id[ENGINE_FORECAST_ID_SIZE];
    char next[ENGINE_FORECAST_ID_SIZE];
    begin(&w);
    HELP_OK(engine_forecasts_id(w.state, "tiny", CREATED, &last, id, &help_why));
    HELP_OK(engine_forecasts_id(w.state, "tiny", CREATED, &last, next, &help_why));
    assert_string_not_equal(id, next);
    write_one(&w, id, NULL);
    last = 0; /* another start */
    HELP_OK(engine_forecasts_id(w.state, "tiny", CREATED, &last, next, &help_why));
    assert_string_not_equal(id, next);
    last = 0;
    HELP_OK(engine_forecasts_id(w.state, "other", CREATED, &last, next, &help_why));
    assert_string_equal(id, next);
    end(&w);
}

static void gone_when_expired(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    write_one(&w, "1", "1h");
    write_one(&w, "2", "2d");
    write_one(&w, "3", "0s");
    HELP_OK(engine_forecasts_expire(w.state, CREATED + TIME_HOUR - TIME_MS, &help_why));
    assert_int_equal(help_count_results(w.state, "model_forecast_request_stats"), 3);
    HELP_OK(engine_forecasts_expire(w.state, CREATED + TIME_HOUR, &help_why));
    assert_int_equal(help_count_results(w.state, "model_forecast_request_stats"), 2);
    assert_int_equal(help_count_results(w.state, "model_forecast"), 2400);
    HELP_OK(engine_forecasts_expire(w.state, CREATED + 36500 * TIME_DAY, &help_why));
    assert_int_equal(help_count_results(w.state, "model_forecast"), 1200); /* kept */
    end(&w);
}

static bool leaves(void *ctx)
{
    return --*(int *)ctx < 0;
}

/* Who left in the middle, or a full disk, leaves nothing behind. */
static void all_or_nothing(void **state)
{
    (void)state;
    struct world w;
    struct buf doc;
    int patience = 1;
    begin(&w);
    buf_init(&doc);
    struct detect_forecast *f = make(&w, "1", NULL);
    assert_int_equal(
        engine_forecasts_write(w.state, f, "tiny", "1", leaves, &patience, &doc, &help_why),
        ERR_STOPPED);
    detect_forecast_free(f);
    assert_int_equal(doc.n, 0);
    assert_int_equal(help_count_results(w.state, NULL), 0);
    f = make(&w, "1", NULL);
    help_limit_files(64 * 1024);
    assert_int_not_equal(
        engine_forecasts_write(w.state, f, "tiny", "1", NULL, NULL, &doc, &help_why), ERR_NONE);
    help_limit_files(RLIM_INFINITY);
    detect_forecast_free(f);
    assert_non_null(strstr(help_why.message, "forecasts cannot be kept"));
    write_one(&w, "1", NULL);
    assert_int_equal(help_count_results(w.state, "model_forecast"), 1200);
    buf_release(&doc);
    end(&w);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(written_and_deleted),
        cmocka_unit_test(ids_differ),
        cmocka_unit_test(gone_when_expired),
        cmocka_unit_test(all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
