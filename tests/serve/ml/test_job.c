/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs put, changed, deleted, tried. */
#include "serve/ml/ml_help.h"

static const struct api_row *const tables[] = {ml_job_rows};

/* As the daemon does it, in short. */
static void keep(struct fake_world *w, const char *request, size_t n)
{
    struct format_node *node;
    struct err_text why;
    assert_int_equal(format_node_json(request, n, "request", &node, &why), ERR_NONE);
    const char *config = format_node_str(format_node_get(node, "job"), NULL);
    const struct store_job row = {.id = format_node_str(format_node_get(node, "id"), ""),
                                  .config = config,
                                  .datafeed =
                                      format_node_str(format_node_get(node, "datafeed"), NULL),
                                  .state = "closed",
                                  .datafeed_state = "stopped",
                                  .start = TIME_NONE,
                                  .end = TIME_NONE,
                                  .position = TIME_NONE};
    if (config != NULL)
        assert_int_equal(store_state_job_put(w->state, &row), ERR_NONE);
    format_node_free(node);
}

static void put(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    w.acts = keep;
    ASK("PUT", JOB, "job_id=x", NULL, NULL, 400, "request body is required");
    ASK("PUT", JOB, "job_id=X", NULL, CONFIG, 400, "Invalid job_id; 'X'");
    ASK("PUT", JOB, "job_id=x", NULL, "{\"job_id\":\"y\"}", 400, "Inconsistent job_id; 'y'");
    ASK("PUT", JOB, "job_id=x", NULL, "{\"nonsense\":1}", 400, "unknown field [nonsense]");
    ASK("PUT", JOB, "job_id=x", NULL,
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]},\"datafeed_config\":"
        "{\"indices\":[\"a\"]}}",
        200, "\"datafeed_config\":{\"datafeed_id\":\"x\",\"job_id\":\"x\"");
    help_acted(&w, "\"verb\":\"create-closed\",\"id\":\"x\",\"job\":\"{\\\"job_id\\\":\\\"x\\\",");
    ASK("PUT", JOB, "job_id=x", NULL, CONFIG, 400, "The Id is already used");
    help_job(&w, "grouped", "closed", NULL, "stopped");
    ASK("PUT", JOB, "job_id=g", NULL, CONFIG, 400, "The Id is already used");
    ASK("PUT", JOB, "job_id=z", NULL, "{\"groups\":[\"x\"],\"analysis_config\":{}}", 400,
        "job [x] and group [x] have the same name");
    ASK("PUT", JOB, "job_id=z", NULL, "{\"groups\":[\"X\"]}", 400, "Invalid group id");
    ASK("PUT", JOB, "job_id=z", NULL, "{\"groups\":\"X\"}", 400, "Invalid group id");
    ASK("PUT", JOB, "job_id=z", NULL,
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]},\"datafeed_config\":"
        "{\"datafeed_id\":\"x\"}}",
        400, "A datafeed with id [x] already exists");
    fake_close(&w);
}

static void update(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    w.acts = keep;
    help_job(&w, "x", "closed", NULL, "stopped");
    ASK("POST", JOB "/_update", "job_id=x", NULL, "{\"groups\":\"one\"}", 200,
        "\"groups\":[\"one\"]");
    ASK("POST", JOB "/_update", "job_id=x", NULL,
        "{\"groups\":[\"h\"],\"model_prune_window\":\"40d\",\"analysis_limits\":"
        "{\"model_memory_limit\":\"2gb\"},\"detectors\":[{\"detector_index\":0,\"description\":"
        "\"d\"}]}",
        200,
        "\"groups\":[\"h\"],\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":"
        "[{\"detector_description\":\"d\",\"function\":\"count\",\"detector_index\":0}],"
        "\"influencers\":[],\"model_prune_window\":\"40d\"},\"analysis_limits\":"
        "{\"model_memory_limit\":\"2048mb\"");
    assert_int_equal(store_state_job_set_position(
                         w.state, "x", 0, "{\"model_size_stats\":{\"model_bytes\":99000000}}"),
                     ERR_NONE);
    ASK("POST", JOB "/_update", "job_id=x", NULL,
        "{\"analysis_limits\":{\"model_memory_limit\":\"90mb\"}}", 400,
        "cannot be decreased below current usage; current usage [95mb], update had [90mb]");
    ASK("POST", JOB "/_update", "job_id=x", NULL,
        "{\"analysis_limits\":{\"model_memory_limit\":\"95mb\"}}", 200, "\"95mb\"");
    ASK("POST", JOB "/_update", "job_id=x", NULL, "{\"detectors\":[{\"detector_index\":1}]}", 400,
        "Invalid detector_index [1]");
    ASK("POST", JOB "/_update", "job_id=x", NULL, "{\"analysis_config\":{}}", 400, "unknown field");
    ASK("POST", JOB "/_update", "job_id=y", NULL, "{}", 404, "No known job with id 'y'");
    help_job(&w, "o", "opened", NULL, "stopped");
    ASK("POST", JOB "/_update", "job_id=o", NULL, "{\"analysis_limits\":{}}", 409, "is open");
    fake_close(&w);
}

static void gone(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "o", "opened", NULL, "stopped");
    ASK("DELETE", JOB, "job_id=o", NULL, NULL, 409,
        "Cannot delete job [o] because the job is opened");
    ASK("DELETE", JOB, "job_id=o", "force=true wait_for_completion=false", NULL, 200, "\"task\"");
    help_acted(&w, "\"verb\":\"delete\",\"id\":\"o\"");
    fake_close(&w);
}

static void tried(void **state)
{
    (void)state;
    static const char validate[] = "/_ml/anomaly_detectors/_validate";
    static const char detector[] = "/_ml/anomaly_detectors/_validate/detector";
    static const char estimate[] = "/_ml/anomaly_detectors/_estimate_model_memory";
    struct fake_world w;
    fake_open(&w, tables, 1);
    ASK("POST", validate, NULL, NULL, CONFIG, 200, "{\"acknowledged\":true}");
    ASK("POST", validate, NULL, NULL, "{}", 400, "analysis_config");
    ASK("POST", detector, NULL, NULL, "{\"function\":\"count\"}", 200, "{\"acknowledged\":true}");
    ASK("POST", detector, NULL, NULL, "{\"function\":\"sum\"}", 400, "field_name");
    ASK("POST", estimate, NULL, NULL,
        "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\",\"by_field_name\":\"f\"}]},"
        "\"overall_cardinality\":{\"f\":10},\"max_bucket_cardinality\":{\"f\":10}}",
        200, "mb\"}");
    ASK("POST", estimate, NULL, NULL, "{}", 400, "[analysis_config] was not specified");
    struct buf many; /* each would be compared with each */
    buf_init(&many);
    buf_str(&many, "{\"analysis_config\":{\"detectors\":[{\"function\":\"count\"}]},"
                   "\"overall_cardinality\":{\"f\":10");
    for (unsigned i = 0; i < 1000; i++)
        buf_format(&many, ",\"f%u\":10", i);
    buf_str(&many, "}}");
    ASK("POST", estimate, NULL, NULL, buf_text(&many), 400, "more than 1000 fields");
    buf_release(&many);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(put), cmocka_unit_test(update),
                                       cmocka_unit_test(gone), cmocka_unit_test(tried)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
