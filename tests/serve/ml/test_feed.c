/* SPDX-License-Identifier: Apache-2.0 */
/* Datafeeds put, changed, started, stopped. */
#include "serve/ml/ml_help.h"

#define FEED "/_ml/datafeeds/{datafeed_id}"

#define AGGS(interval)                                                                             \
    "{\"buckets\":{\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"" interval    \
    "\"},\"aggs\":{\"@timestamp\":{\"max\":{\"field\":\"@timestamp\"}}}}}"

static const struct api_row *const tables[] = {ml_feed_rows};

/* As the daemon does it, in short. */
static void keep(struct fake_world *w, const char *request, size_t n)
{
    struct format_node *node;
    struct err_text why;
    assert_int_equal(format_node_json(request, n, "request", &node, &why), ERR_NONE);
    const char *feed = format_node_str(format_node_get(node, "datafeed"), NULL);
    if (feed != NULL)
        help_job(w, format_node_str(format_node_get(node, "id"), ""), "closed", feed, "stopped");
    format_node_free(node);
}

static void put(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    w.acts = keep;
    help_job(&w, "j", "closed", NULL, "stopped");
    ASK("PUT", FEED, "datafeed_id=f", NULL, "{\"job_id\":\"j\"}", 400, "Invalid indices value");
    ASK("PUT", FEED, "datafeed_id=f", NULL, "{\"indices\":[\"a\"]}", 400, "[job_id]");
    ASK("PUT", FEED, "datafeed_id=f", NULL, "{\"job_id\":\"k\",\"indices\":[\"a\"]}", 404, "'k'");
    ASK("PUT", FEED, "datafeed_id=F", NULL, "{\"job_id\":\"j\",\"indices\":[\"a\"]}", 400,
        "Invalid datafeed_id");
    ASK("PUT", FEED, "datafeed_id=f", NULL, "{\"job_id\":\"j\",\"indices\":[\"a\"]}", 200,
        "{\"datafeed_id\":\"f\",\"job_id\":\"j\",");
    ASK("PUT", FEED, "datafeed_id=f", NULL, "{\"job_id\":\"j\",\"indices\":[\"a\"]}", 400,
        "A datafeed with id [f] already exists");
    ASK("PUT", FEED, "datafeed_id=g", NULL, "{\"job_id\":\"j\",\"indices\":[\"a\"]}", 409,
        "A datafeed [f] already exists for job [j]");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"scroll_size\":5}", 200,
        "\"indices\":[\"a\"],\"query\":{\"match_all\":{\"boost\":1}},\"scroll_size\":5");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"aggs\":" AGGS("1m") "}", 200,
        "\"aggregations\":" AGGS("1m") ",\"scroll_size\":5,\"chunking_config\":{\"mode\":"
                                       "\"manual\",\"time_span\":\"1000m\"}");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"aggregations\":" AGGS("3m") "}", 200,
        "\"aggregations\":" AGGS("3m") ",\"scroll_size\":5,\"chunking_config\":{\"mode\":"
                                       "\"manual\",\"time_span\":\"50h\"}");
    /* No span is longer than all time. */
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"aggregations\":" AGGS("366d") "}", 200,
        "\"mode\":\"manual\",\"time_span\":\"106506d\"}");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"aggs\":null}", 200,
        "{\"match_all\":{\"boost\":1}},\"scroll_size\":5,\"chunking_config\":{\"mode\":\"auto\"}");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"job_id\":\"k\"}", 400, "can't be");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{\"x\":1}", 400, "unknown field [x]");
    fake_close(&w);
}

static void life(void **state)
{
    (void)state;
    static const char feed[] = "{\"datafeed_id\":\"f\",\"indices\":[\"a\"]}";
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "j", "closed", feed, "stopped");
    ASK("POST", FEED "/_start", "datafeed_id=f", NULL, NULL, 409,
        "cannot start datafeed [f] because job [j] is closed");
    help_job(&w, "j", "opened", feed, "stopped");
    ASK("POST", FEED "/_start", "datafeed_id=f", "start=2000000 end=1000000", NULL, 400,
        "[start] must be before [end]");
    ASK("POST", FEED "/_start", "datafeed_id=f", "end=2000000", "{\"start\":\"1000000\"}", 200,
        "{\"started\":true,\"node\":");
    help_acted(&w, "\"verb\":\"start-datafeed\",\"id\":\"j\",\"start\":\"1970-01-01T00:16:40.000Z\""
                   ",\"end\":\"1970-01-01T00:33:20.000Z\"");
    ASK("GET", FEED "/_stats", "datafeed_id=f", NULL, NULL, 200, "\"state\":\"stopped\"");
    help_job(&w, "j", "opened", feed, "started");
    ASK("GET", "/_ml/datafeeds/_stats", NULL, NULL, NULL, 200,
        "\"running_state\":{\"real_time_configured\":true,\"real_time_running\":true}");
    ASK("POST", FEED "/_start", "datafeed_id=f", NULL, NULL, 409, "already been started");
    ASK("POST", FEED "/_update", "datafeed_id=f", NULL, "{}", 409, "its status is started");
    ASK("DELETE", FEED, "datafeed_id=f", NULL, NULL, 409, "Cannot delete datafeed [f]");
    ASK("DELETE", FEED, "datafeed_id=f", "force=true", NULL, 200, "acknowledged");
    help_acted(&w, "\"verb\":\"delete-datafeed\",\"id\":\"j\"");
    ASK("POST", FEED "/_stop", "datafeed_id=*", "close_job=true", NULL, 200, "{\"stopped\":true}");
    assert_non_null(strstr(buf_text(&w.acted), "\"verb\":\"stop-datafeed\",\"id\":\"j\""));
    help_acted(&w, "\"verb\":\"close\",\"id\":\"j\"");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(put), cmocka_unit_test(life)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
