/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "find/find.h"

#define PATH "/api/ml/modules/"

static void module(struct fake_world *w, const char *method, const char *path, const char *id,
                   const char *body, unsigned status, const char *expected)
{
    ask(w, method, path, "{module_id", id, body, status, expected);
}

static void shown(void **state)
{
    (void)state;
    struct fake_world w;
    const struct find_options none = {.store = NULL};
    struct find *find = find_new(&none);
    assert_non_null(find);
    fake_open_find(&w, kibana_tables, sizeof(kibana_tables) / sizeof(kibana_tables[0]), find);
    ask(&w, "GET", PATH "recognize/{index*}", "{index", "logs-*", NULL, 200, "[]");
    ask(&w, "GET", PATH "get_module", NULL, NULL, NULL, 200, "{\"id\":\"security_network\"");
    module(&w, "GET", PATH "get_module/{module_id}", "security_network", NULL, 200,
           "\"jobs\":[{\"id\":\"high_count_network_events\",\"config\":{");
    module(&w, "GET", PATH "get_module/{module_id}", "none", NULL, 404, "not found");
    module(&w, "GET", PATH "jobs_exist/{module_id}", "security_network", NULL, 200,
           "{\"jobsExist\":false}");
    static const char *const jobs[] = {"high_count_network_events", "high_count_network_denies",
                                       "high_count_by_destination_country",
                                       "rare_destination_country"};
    for (size_t i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
        const struct store_job job = {
            .id = jobs[i], .config = "{}", .state = "closed", .datafeed_state = "stopped"};
        assert_int_equal(store_state_job_put(w.state, &job), ERR_NONE);
    }
    module(&w, "GET", PATH "jobs_exist/{module_id}", "security_network", NULL, 200,
           "{\"jobsExist\":true,\"jobs\":[{\"id\":\"high_count_network_events\"}");
    fake_close(&w);
    find_free(find);
}

static void installed(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    const char *path = PATH "setup/{module_id}", *id = "security_network";
    module(&w, "POST", path, id, NULL, 200,
           "{\"jobs\":[{\"id\":\"high_count_network_events\",\"success\":true}");
    acted(&w, "\"verb\":\"create-closed\",\"id\":\"high_count_network_events\"");
    module(&w, "POST", path, id,
           "{\"prefix\":\"p_\",\"indexPatternName\":\"own-*,other-*\",\"startDatafeed\":true,"
           "\"start\":0,"
           "\"groups\":[\"g\"],\"query\":{\"term\":{\"x\":1}},\"useDedicatedIndex\":true,"
           "\"jobOverrides\":{\"analysis_limits\":{\"model_memory_limit\":\"7mb\"}},"
           "\"datafeedOverrides\":[{\"job_id\":\"p_rare_destination_country\",\"query_delay\":"
           "\"9s\"}],"
           "\"estimateModelMemory\":false,\"applyToAllSpaces\":true}",
           200,
           "{\"id\":\"datafeed-p_high_count_network_events\",\"success\":true,\"started\":true");
    acted(&w, "\\\"groups\\\":[\\\"g\\\"]");
    acted(&w, "\\\"results_index_name\\\":\\\"p_high_count_network_events\\\"");
    acted(&w, "\\\"model_memory_limit\\\":\\\"7mb\\\"");
    acted(&w, "\\\"indices\\\":[\\\"own-*\\\",\\\"other-*\\\"]");
    acted(&w, "\\\"query\\\":{\\\"term\\\":{\\\"x\\\":1}}");
    acted(&w, "\"start\":\"1970-01-01T00:00:00.000Z\"");
    const char *delay = strstr(buf_text(&w.acted), "\\\"query_delay\\\":\\\"9s\\\"");
    assert_non_null(delay);
    assert_null(strstr(delay + 1, "\\\"query_delay\\\":\\\"9s\\\""));
    assert_null(strstr(buf_text(&w.acted), "create-closed"));
    w.fails = ERR_EXISTS;
    module(&w, "POST", path, id, "{}", 200,
           "\"success\":false,\"error\":{\"error\":{\"type\":\"resource_already_exists_exception\","
           "\"reason\":\"it did not work\"},\"status\":409}}");
    module(&w, "POST", path, id, "{\"jobOverrides\":[[\"x\"],\"y\"]}", 200, "\"success\":false");
    module(&w, "POST", path, "none", "{}", 404, "not found");
    module(&w, "POST", path, id, "{\"end\":\"now\"}", 400, "without end");
    module(&w, "POST", path, id, "{\"colour\":1}", 400, "colour");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shown), cmocka_unit_test(installed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
