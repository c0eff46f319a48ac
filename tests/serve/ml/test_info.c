/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, memory, housekeeping. */
#include "serve/ml/ml_help.h"

static const struct api_row *const tables[] = {ml_info_rows};

static void whole(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "x", "opened", NULL, "stopped");
    help_job(&w, "y", "closed", NULL, "stopped");
    ASK("GET", "/_ml/info", NULL, NULL, NULL, 200, "\"upgrade_mode\":false");
    w.says = "{\"jobs\":[{\"model_size_stats\":{\"model_bytes\":4711}}]}";
    ASK("GET", "/_ml/memory/_stats", NULL, NULL, NULL, 200, "\"anomaly_detectors_in_bytes\":4711");
    ASK("GET", "/_ml/memory/{node_id*}/_stats", "node_id=weir", NULL, NULL, 200, "\"total\":1");
    ASK("GET", "/_ml/memory/{node_id*}/_stats", "node_id=other", NULL, NULL, 200,
        "{\"_nodes\":{\"total\":0,\"successful\":0,\"failed\":0},\"cluster_name\":\"weir\","
        "\"nodes\":{}}");
    buf_clear(&w.acted);
    ASK("DELETE", "/_ml/_delete_expired_data/{job_id}", "job_id=y",
        "requests_per_second=10 timeout=1h", NULL, 200, "{\"deleted\":true}");
    help_acted(&w, "\"verb\":\"expire\",\"id\":\"y\"");
    ASK("DELETE", "/_ml/_delete_expired_data", NULL, NULL, NULL, 200, "{\"deleted\":true}");
    help_acted(&w, "\"verb\":\"expire\",\"id\":\"x\"");
    ASK("POST", "/_ml/set_upgrade_mode", NULL, "enabled=false", NULL, 200, "acknowledged");
    help_acted(&w, "\"verb\":\"upgrade-mode\",\"enabled\":\"false\"");
    ASK("POST", "/_ml/set_upgrade_mode", NULL, "enabled=true", NULL, 200, "acknowledged");
    help_acted(&w, "\"verb\":\"upgrade-mode\",\"enabled\":\"true\"");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whole)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
