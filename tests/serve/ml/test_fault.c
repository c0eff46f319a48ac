/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: an answer is whole, or says that memory is short. */
#include "serve/ml/ml_help.h"

#include "fault_memory.h"

struct request {
    const char *method, *path, *parts, *params, *body;
    unsigned status;
    const char *says; /* what an act prints */
};

#define STATS                                                                                      \
    "{\"jobs\":[{\"data_counts\":{},\"model_size_stats\":{\"model_bytes\":5},\"timing_stats\":{}," \
    "\"open_time\":\"3s\"}]}"

static const struct request requests[] = {
    {"GET", JOB, "job_id=g,o*", "exclude_generated=true", NULL, 200, NULL},
    {"GET", JOB "/_stats", "job_id=o", NULL, NULL, 200, STATS},
    {"PUT", JOB, "job_id=n", NULL, CONFIG, 404, NULL}, /* nothing is made here */
    {"POST", JOB "/_update", "job_id=c", NULL,
     "{\"groups\":[\"h\"],\"analysis_limits\":{\"model_memory_limit\":\"2gb\"},"
     "\"detectors\":[{\"detector_index\":0,\"description\":\"d\"}]}",
     200, NULL},
    {"POST", JOB "/_data", "job_id=o", "reset_start=5", "{\"a\":1}{\"b\":\"\xff\"}", 202,
     "{\"input_record_count\":2}"},
    {"POST", JOB "/_flush", "job_id=o", NULL, "{\"calc_interim\":true,\"advance_time\":\"5000\"}",
     200, "{\"last_finalized_bucket_end\":5}"},
    {"POST", JOB "/_forecast", "job_id=o", "duration=1h", NULL, 200, "{\"forecast_id\":\"f\"}"},
    {"DELETE", JOB "/_forecast", "job_id=o", NULL, NULL, 200, NULL},
    {"POST", "/_ml/datafeeds/{datafeed_id}/_update", "datafeed_id=f", NULL,
     "{\"aggs\":{\"b\":{\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"1m\"},"
     "\"aggs\":{\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}}}}}}",
     200, NULL},
    {"POST", "/_ml/set_upgrade_mode", NULL, "enabled=true", NULL, 200, NULL},
    {"POST", JOB "/_close", "job_id=*", NULL, NULL, 200, NULL},
    {"POST", "/_ml/anomaly_detectors/_validate/detector", NULL, NULL, "{\"function\":\"count\"}",
     200, NULL},
    {"POST", "/_ml/anomaly_detectors/_estimate_model_memory", NULL, NULL,
     "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\",\"by_field_name\":\"f\"}]},"
     "\"overall_cardinality\":{\"f\":10},\"max_bucket_cardinality\":{\"f\":10}}",
     200, NULL},
    {"GET", "/_ml/datafeeds", NULL, NULL, NULL, 200, NULL},
    {"GET", "/_ml/datafeeds/_stats", NULL, NULL, NULL, 200, NULL},
    {"POST", "/_ml/datafeeds/{datafeed_id}/_update", "datafeed_id=f", NULL, "{\"scroll_size\":5}",
     200, NULL},
    {"GET", JOB "/results/buckets", "job_id=o", "expand=true sort=event_count", NULL, 200, NULL},
    {"GET", JOB "/results/records", "job_id=o", NULL, NULL, 200, NULL},
    {"POST", JOB "/results/overall_buckets", "job_id=*", NULL, "{\"top_n\":2}", 200, "{}\n{}\n"},
    {"GET", JOB "/model_snapshots", "job_id=o", NULL, NULL, 200, NULL},
    {"POST", JOB "/model_snapshots/{snapshot_id}/_update", "job_id=o snapshot_id=s", NULL,
     "{\"retain\":true}", 200, NULL},
    {"GET", "/_ml/calendars", NULL, NULL, NULL, 200, NULL},
    {"GET", "/_ml/calendars/{calendar_id}/events", "calendar_id=c", "job_id=o", NULL, 200, NULL},
    {"PUT", "/_ml/calendars/{calendar_id}/jobs/{job_id}", "calendar_id=c job_id=x", NULL, NULL, 200,
     NULL},
    {"POST", "/_ml/calendars/{calendar_id}/events", "calendar_id=c", NULL,
     "{\"events\":[{\"description\":\"d\",\"start_time\":1,\"end_time\":2}]}", 200, NULL},
    {"GET", "/_ml/filters", NULL, NULL, NULL, 200, NULL},
    {"POST", "/_ml/filters/{filter_id}/_update", "filter_id=f", NULL, "{\"add_items\":[\"b\"]}",
     200, NULL},
    {"GET", "/_ml/memory/_stats", NULL, NULL, NULL, 200, STATS},
    {"DELETE", "/_ml/_delete_expired_data", NULL, NULL, NULL, 200, NULL},
};

static const struct api_row *const tables[] = {ml_job_rows,      ml_run_rows,    ml_feed_rows,
                                               ml_preview_rows,  ml_result_rows, ml_snapshot_rows,
                                               ml_calendar_rows, ml_filter_rows, ml_info_rows};

/* The status, or 503 when the answer's own memory ran out, which the server sees to. */
static unsigned ask_once(struct fake_world *w, const struct request *q)
{
    struct auth_guest guest = {.role = AUTH_ROLE_ADMIN, .means = AUTH_GUARD_KEY};
    char scratch[2][600];
    struct http_answer a;
    struct http_request r = {.method = q->method,
                             .path = "/",
                             .body = q->body,
                             .route = fake_route(w, q->method, q->path),
                             .guest = &guest};
    help_pairs(q->parts, r.parts, scratch[0]);
    help_pairs(q->params, r.params, scratch[1]);
    fake_ask(w, &r, &a);
    unsigned status = buf_ok(&a.body) ? a.status : 503;
    buf_release(&a.body);
    return status;
}

static void fill(struct fake_world *w)
{
    static const char calendar[] =
        "{\"calendar_id\":\"c\",\"job_ids\":[\"o\"],\"events\":[{\"event_id\":\"e\","
        "\"description\":\"one\",\"start_time\":1000000,\"end_time\":2000000}]}";
    help_job(w, "o", "opened", "{\"datafeed_id\":\"f\",\"indices\":[\"a\"]}", "stopped");
    help_job(w, "c", "closed", NULL, "stopped");
    assert_int_equal(store_state_listed_put(w->state, STORE_CALENDARS, "c", calendar), ERR_NONE);
    assert_int_equal(store_state_listed_put(w->state, STORE_FILTERS, "f",
                                            "{\"filter_id\":\"f\",\"items\":[\"a\"]}"),
                     ERR_NONE);
    static const struct {
        const char *type, *id, *doc;
    } results[] = {
        {"bucket", "b", "{\"timestamp\":1,\"event_count\":3}"},
        {"record", "r", "{\"timestamp\":1}"},
        {"model_forecast_request_stats", "q", "{\"forecast_id\":\"f1\"}"},
    };
    for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++) {
        const struct store_result r = {
            .job_id = "o", .type = results[i].type, .id = results[i].id, .doc = results[i].doc};
        assert_int_equal(store_state_result_put(w->state, &r), ERR_NONE);
    }
    const struct store_snapshot s = {.job_id = "o", .id = "s", .doc = "{\"snapshot_id\":\"s\"}"};
    assert_int_equal(store_state_snapshot_put(w->state, &s, "x", 1), ERR_NONE);
}

static void each(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, sizeof(tables) / sizeof(tables[0]));
    fill(&w);
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        const struct request *q = &requests[i];
        w.says = q->says;
        unsigned whole = ask_once(&w, q);
        if (whole != q->status)
            fail_msg("%s %s: %u", q->method, q->path, whole);
        bool hit = true;
        uint64_t n = 1;
        for (; hit; n++) {
            buf_clear(&w.acted);
            fault_arm(n);
            unsigned status = ask_once(&w, q);
            hit = fault_disarm();
            if (status != q->status && (!hit || (status != 503 && status != 500)))
                fail_msg("%s %s: allocation %llu: %u", q->method, q->path, (unsigned long long)n,
                         status);
        }
        assert_true(n > 5);
    }
    fake_close(&w);
}

/* What cannot be read for a moment is not taken for absent: nothing is made under its name. */
static void taken_names(void **state)
{
    static const struct request wanted[] = {
        {"PUT", "/_ml/datafeeds/{datafeed_id}", "datafeed_id=f", NULL,
         "{\"job_id\":\"c\",\"indices\":[\"a\"]}", 400, NULL},
        {"PUT", JOB, "job_id=n", NULL,
         "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]},"
         "\"data_description\":{},\"datafeed_config\":{\"datafeed_id\":\"f\","
         "\"indices\":[\"a\"]}}",
         400, NULL},
    };
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, sizeof(tables) / sizeof(tables[0]));
    fill(&w);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        bool hit = true;
        for (uint64_t n = 1; hit; n++) {
            buf_clear(&w.acted);
            fault_arm_one(n);
            unsigned status = ask_once(&w, &wanted[i]);
            hit = fault_disarm();
            if (w.acted.n > 0 || (status != 400 && status != 503 && status != 500))
                fail_msg("%zu: allocation %llu: %u %s", i, (unsigned long long)n, status,
                         buf_text(&w.acted));
        }
    }
    fake_close(&w);
}

/* How many allocations a request makes that ends with this status. */
static uint64_t allocations(struct fake_world *w, const struct request *q, unsigned status)
{
    uint64_t n = 1;
    for (bool hit = true; hit; n++) {
        fault_arm(n);
        unsigned got = ask_once(w, q);
        hit = fault_disarm();
        if (!hit)
            assert_int_equal(got, status);
    }
    return n;
}

/* What is too much to be sorted is refused before it is read. */
static void too_many_to_sort(void **state)
{
    static const struct request sorted = {
        "GET", JOB "/results/records", "job_id=o", "sort=probability", NULL, 400, NULL};
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, sizeof(tables) / sizeof(tables[0]));
    fill(&w);
    uint64_t few = allocations(&w, &sorted, 200);
    assert_int_equal(store_state_begin(w.state), ERR_NONE);
    for (int i = 0; i < 200000; i++) {
        char id[20];
        snprintf(id, sizeof(id), "%d", i);
        const struct store_result r = {
            .job_id = "o", .type = "record", .id = id, .doc = "{\"timestamp\":1}"};
        assert_int_equal(store_state_result_put(w.state, &r), ERR_NONE);
    }
    assert_int_equal(store_state_commit(w.state, NULL), ERR_NONE);
    assert_true(allocations(&w, &sorted, 400) <= few);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each), cmocka_unit_test(taken_names),
                                       cmocka_unit_test(too_many_to_sort)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
