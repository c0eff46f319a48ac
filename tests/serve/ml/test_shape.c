/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs and datafeeds with their defaults, and merged documents. */
#include "serve/ml/ml_help.h"

#include "ml/shape.h"

static const struct api_row *const tables[] = {ml_job_rows, ml_feed_rows};

static void merged(void **state)
{
    (void)state;
    static const char *const without[] = {"c", NULL};
    struct format_node *base, *changes;
    struct format_writer w;
    struct err_text why;
    struct buf out;
    static const char one[] = "{\"a\":1,\"b\":2,\"c\":3,\"d\":4}";
    static const char other[] = "{\"b\":5,\"c\":6,\"d\":null}";
    assert_int_equal(format_node_json(one, strlen(one), "b", &base, &why), ERR_NONE);
    assert_int_equal(format_node_json(other, strlen(other), "c", &changes, &why), ERR_NONE);
    buf_init(&out);
    format_write_init(&w, &out);
    ml_shape_merge(base, changes, without, &w);
    assert_string_equal(buf_text(&out), "{\"a\":1,\"b\":5}");
    buf_release(&out);
    format_node_free(base);
    format_node_free(changes);
}

static void shown(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 2);
    help_job(&w, "x", "closed", "{\"indices\":\"logs-*\"}", "stopped");
    ASK("GET", JOB, "job_id=x", NULL, NULL, 200,
        "{\"job_id\":\"x\",\"job_type\":\"anomaly_detector\",\"job_version\":\"12.0.0\","
        "\"create_time\":1700000000000,\"groups\":[\"g\"],\"analysis_config\":{\"bucket_span\":"
        "\"15m\",\"detectors\":[{\"detector_description\":\"count\",\"function\":\"count\","
        "\"detector_index\":0}],\"influencers\":[],\"model_prune_window\":\"30d\"},"
        "\"analysis_limits\":{\"model_memory_limit\":\"1024mb\",\"categorization_examples_limit\":"
        "4},\"data_description\":{\"time_field\":\"@timestamp\",\"time_format\":\"epoch\"},"
        "\"model_snapshot_retention_days\":10,\"daily_model_snapshot_retention_after_days\":1,"
        "\"results_index_name\":\"shared\",\"allow_lazy_open\":false,\"datafeed_config\":"
        "{\"datafeed_id\":\"datafeed-x\",\"job_id\":\"x\",\"query_delay\":\"1m\",\"indices\":"
        "[\"logs-*\"],\"query\":{\"match_all\":{\"boost\":1}},\"scroll_size\":1000,"
        "\"chunking_config\":{\"mode\":\"auto\"},\"delayed_data_check_config\":{\"enabled\":true},"
        "\"indices_options\":{");
    ASK("GET", JOB, "job_id=x", "exclude_generated=true", NULL, 200, "[{\"groups\":[\"g\"]");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(merged), cmocka_unit_test(shown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
