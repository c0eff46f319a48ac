/* SPDX-License-Identifier: Apache-2.0 */
/* Requests as text, and what comes back. */
#include "serve/ml/ml_help.h"

#include "ml/ask.h"

static const struct api_row *const tables[] = {ml_run_rows};

static void texts(void **state)
{
    (void)state;
    struct ml_ask a;
    ml_ask_init(&a, "job", "flush");
    ml_ask_add(&a, "id", "x\"y");
    ml_ask_add(&a, "nothing", NULL);
    ml_ask_add_n(&a, "part", "abcd", 2);
    ml_ask_add_time(&a, "end", 1500 * TIME_MS);
    ml_ask_add_time(&a, "none", TIME_NONE);
    assert_string_equal(buf_text(&a.text), "{\"command\":\"job\",\"verb\":\"flush\",\"id\":"
                                           "\"x\\\"y\",\"part\":\"ab\",\"end\":"
                                           "\"1970-01-01T00:00:01.500Z\"");
    ml_ask_release(&a);
}

static void sent(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "x", "opened", NULL, "stopped");
    ASK("POST", JOB "/_close", "job_id=x", NULL, NULL, 200, "{\"closed\":true}");
    help_acted(&w, "{\"command\":\"job\",\"verb\":\"close\",\"id\":\"x\"}\n");
    w.fails = ERR_FULL;
    ASK("POST", JOB "/_close", "job_id=x", NULL, NULL, 429, "it did not work");
    fake_close(&w);
}

/* While jobs stand still, nothing that changes them is sent; looking is. */
static void still(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, (const struct api_row *const[]){ml_run_rows, ml_info_rows}, 2);
    help_job(&w, "x", "opened", NULL, "stopped");
    assert_int_equal(store_state_upgrade_put(w.state, true), ERR_NONE);
    ASK("POST", JOB "/_close", "job_id=x", NULL, NULL, 429,
        "Cannot perform POST /_ml/anomaly_detectors/{job_id}/_close action while upgrade mode is "
        "enabled");
    ASK("POST", JOB "/_open", "job_id=nowhere", NULL, NULL, 429, "status_exception");
    ASK("POST", JOB "/_data", "job_id=x", NULL, "{}", 429, "_data action");
    assert_int_equal(w.acted.n, 0);
    w.says = "{\"jobs\":[{\"data_counts\":{},\"model_size_stats\":{},\"timing_stats\":{},"
             "\"assignment_explanation\":\"waits\"}]}";
    ASK("GET", JOB "/_stats", "job_id=x", NULL, NULL, 200,
        "\"state\":\"opened\",\"assignment_explanation\":\"waits\"");
    ASK("GET", "/_ml/info", NULL, NULL, NULL, 200, "\"upgrade_mode\":true");
    ASK("POST", "/_ml/set_upgrade_mode", NULL, "enabled=false", NULL, 200, "acknowledged");
    help_acted(&w, "upgrade-mode");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(texts), cmocka_unit_test(sent),
                                       cmocka_unit_test(still)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
