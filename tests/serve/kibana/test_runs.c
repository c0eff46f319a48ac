/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "store/state_gap.h"

#define RESULTS "/internal/detection_engine/rules/{id}/execution/results"

static void runs(struct fake_world *w, const char *name, const char *value, unsigned status,
                 const char *expected)
{
    const struct fake_pair params[] = {{name, value}, {"{id", "id-r1"}, {NULL, NULL}};
    ask_with(w, "GET", RESULTS, params, NULL, status, expected);
}

static void history(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "r1", true, "");
    struct store_run run = {
        .rule_id = "r1",
        .time = FAKE_NOW,
        .status = "failed",
        .message = "it broke",
        .doc = "{\"metrics\":{\"total_search_duration_ms\":7,\"execution_gap_duration_s\":60}}",
        .alerts = 2};
    assert_int_equal(store_state_run_put(w.state, &run), ERR_NONE);
    run = (struct store_run){.rule_id = "r1",
                             .time = FAKE_NOW - TIME_HOUR,
                             .manual = true,
                             .status = "succeeded",
                             .from = FAKE_NOW - 2 * TIME_HOUR,
                             .to = FAKE_NOW - TIME_HOUR};
    assert_int_equal(store_state_run_put(w.state, &run), ERR_NONE);
    runs(&w, "page", "1", 200, "\"total\":2}");
    runs(&w, "status_filters", "failed", 200, "\"status\":\"failure\",\"message\":\"it broke\"");
    runs(&w, "status_filters", "failed", 200, "\"total_search_duration_ms\":7");
    runs(&w, "status_filters", "failed", 200,
         "\"gap_duration_s\":60,\"security_status\":\"failed\"");
    runs(&w, "run_type_filters", "backfill", 200,
         "\"backfill\":{\"from\":\"2023-11-14T20:13:20.000Z\"");
    runs(&w, "run_type_filters", "standard,backfill", 200, "\"total\":2}");
    runs(&w, "status_filters", "partial failure", 200, "{\"events\":[],\"total\":0}");
    runs(&w, "end", "now-30m", 200, "\"total\":1}");
    runs(&w, "sort_order", "asc", 200, "{\"events\":[{\"execution_uuid\"");
    runs(&w, "sort_field", "colour", 400, "sort_field is timestamp, duration_ms");
    const struct fake_pair none[] = {{"per_page", "1"}, {"{id", "none"}, {NULL, NULL}};
    ask_with(&w, "GET", RESULTS, none, NULL, 404, "not found");
    fake_close(&w);
}

/* The first of each order is the run with that search's, indexing's or gap's length. */
static void orders(void **state)
{
    (void)state;
    struct fake_world w;
    static const struct {
        const char *field, *order, *first;
    } cases[] = {
        {"timestamp", "desc", "\"duration_ms\":10,"},
        {"timestamp", "asc", "\"duration_ms\":9,"},
        {"duration_ms", "desc", "\"duration_ms\":12,"},
        {"duration_ms", "asc", "\"duration_ms\":9,"},
        {"search_duration_ms", "desc", "\"duration_ms\":9,"},
        {"search_duration_ms", "asc", "\"duration_ms\":10,"},
        {"indexing_duration_ms", "desc", "\"duration_ms\":10,"},
        {"indexing_duration_ms", "asc", "\"duration_ms\":9,"},
        {"gap_duration_s", "desc", "\"duration_ms\":12,"},
        /* All are equal: the newest. */
        {"schedule_delay_ms", "asc", "\"duration_ms\":10,"},
        {"schedule_delay_ms", "desc", "\"duration_ms\":10,"},
    };
    open_world(&w);
    put_rule(&w, "r1", true, "");
    for (int i = 0; i < 3; i++) {
        static const int search[] = {9, 4, 2}, indexing[] = {0, 8, 8}, gap[] = {0, 60, 0};
        char doc[200];
        snprintf(doc, sizeof(doc),
                 "{\"metrics\":{\"total_search_duration_ms\":%d,\"total_indexing_duration_ms\":%d,"
                 "\"execution_gap_duration_s\":%d}}",
                 search[i], indexing[i], gap[i]);
        const struct store_run run = {.rule_id = "r1",
                                      .time = FAKE_NOW + i * TIME_HOUR,
                                      .status = "succeeded",
                                      .from = TIME_NONE,
                                      .doc = doc};
        assert_int_equal(store_state_run_put(w.state, &run), ERR_NONE);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct fake_pair params[] = {{"sort_field", cases[i].field},
                                           {"sort_order", cases[i].order},
                                           {"per_page", "1"},
                                           {"{id", "id-r1"},
                                           {NULL, NULL}};
        ask_with(&w, "GET", RESULTS, params, NULL, 200, cases[i].first);
    }
    fake_close(&w);
}

static void gaps(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    put_rule(&w, "r1", true, "");
    for (int i = 0; i < 3; i++) {
        const struct store_gap gap = {.rule_id = "r1",
                                      .from = FAKE_NOW + i * TIME_HOUR,
                                      .to = FAKE_NOW + i * TIME_HOUR + TIME_MIN,
                                      .status = "unfilled",
                                      .doc = "{\"status\":\"unfilled\"}"};
        assert_int_equal(store_state_gap_put(w.state, &gap), ERR_NONE);
    }
    const char *path = "/internal/alerting/rules/gaps/_find";
    ask(&w, "POST", path, NULL, NULL, "{\"rule_id\":\"id-r1\",\"per_page\":2,\"page\":2}", 200,
        "{\"data\":[{\"status\":\"unfilled\"}],\"page\":2,\"per_page\":2,\"total\":3}");
    ask(&w, "POST", path, NULL, NULL, "{\"rule_id\":\"none\"}", 404, "not found");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(history), cmocka_unit_test(orders),
                                       cmocka_unit_test(gaps)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
