/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs opened, given data, flushed, asked for the future, closed. */
#include "serve/ml/ml_help.h"

#include <stdlib.h>

static const struct api_row *const tables[] = {ml_run_rows};

static void states(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "c", "closed", NULL, "stopped");
    help_job(&w, "o", "opened", NULL, "stopped");
    help_job(&w, "f", "failed", NULL, "stopped");
    ASK("POST", JOB "/_close", "job_id=f", NULL, NULL, 409,
        "cannot close job [f] because it failed");
    ASK("POST", JOB "/_close", "job_id=f", "force=true", NULL, 200, "{\"closed\":true}");
    help_acted(&w, "\"verb\":\"close\",\"id\":\"f\"");
    assert_int_equal(store_state_job_delete(w.state, "f"), ERR_NONE);
    ASK("POST", JOB "/_open", "job_id=o", NULL, NULL, 409, "it has already been opened");
    ASK("POST", JOB "/_open", "job_id=c", "timeout=1m", NULL, 200, "{\"opened\":true,\"node\":");
    help_acted(&w, "\"verb\":\"open-alone\",\"id\":\"c\"");
    ASK("POST", JOB "/_close", "job_id=_all", NULL, NULL, 200, "{\"closed\":true}");
    assert_null(strstr(buf_text(&w.acted), "\"id\":\"c\"")); /* was closed already */
    help_acted(&w, "\"verb\":\"close\",\"id\":\"o\"");
    ASK("POST", JOB "/_close", "job_id=x*", "allow_no_match=false", NULL, 404, "No known job");
    ASK("POST", JOB "/_reset", "job_id=o", NULL, NULL, 409, "Can not reset job [o]");
    ASK("POST", JOB "/_reset", "job_id=c", NULL, NULL, 200, "{\"acknowledged\":true}");
    ASK("POST", JOB "/_flush", "job_id=c", NULL, NULL, 409,
        "Cannot flush because job [c] is not open");
    ASK("POST", JOB "/_forecast", "job_id=c", NULL, NULL, 409, "job [c] is not open");
    fake_close(&w);
}

/* Each portion says what came of it. */
static void data(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "o", "opened", NULL, "stopped");
    w.says = "{\"input_record_count\":2,\"bucket_count\":1,\"latest_record_timestamp\":7}\n";
    ASK("POST", JOB "/_data", "job_id=o", NULL, "[{\"a\":1},{\"a\":2}]", 202,
        "\"bucket_count\":1,\"input_record_count\":2,\"latest_record_timestamp\":7}");
    help_acted(&w, "\"data\":\"[{\\\"a\\\":1},{\\\"a\\\":2}]\"");
    ASK("POST", JOB "/_data", "job_id=o", NULL, "{\"a\":1}\nx", 400, "parse_exception");
    help_acted(&w, "{\\\"a\\\":1}");
    ASK("POST", JOB "/_data", "job_id=o", "reset_start=1500", "{}", 202, "\"job_id\":\"o\"");
    help_acted(&w, "\"data\":\"{}\",\"reset_start\":\"1970-01-01T00:00:01.500Z\"}");
    ASK("POST", JOB "/_data", "job_id=o", "reset_start=1500 reset_end=2500", "{}", 202, "");
    help_acted(&w, "\"reset_end\":\"1970-01-01T00:00:02.500Z\"");
    ASK("POST", JOB "/_data", "job_id=o", "reset_end=2500", "{}", 202, "");
    help_acted(&w, "\"reset_start\":\"1823-");
    ASK("POST", JOB "/_data", "job_id=o", "reset_start=2500 reset_end=2500", "{}", 400,
        "'reset_end' is not after");
    ASK("POST", JOB "/_data", "job_id=o", "reset_start=soon", "{}", 400, "reset_start");
    ASK("POST", JOB "/_data", "job_id=o", NULL, "{\"a\":\"\xff\xc3\xa4\xe2\x82\"}", 202, "");
    help_acted(&w, "{\\\"a\\\":\\\"\\\\\\\\xff\xc3\xa4\\\\\\\\xe2\\\\\\\\x82\\\"}");
    ASK("POST", JOB "/_data", "job_id=o", "reset_start=0", "[ ]", 202, "");
    help_acted(&w, "\"data\":\"[ ]\",\"reset_start\"");
    size_t n = (size_t)9 << 20;
    char *large = malloc(n + 1);
    assert_non_null(large);
    memset(large, ' ', n);
    large[n] = '\0';
    for (size_t i = 0; i < 3; i++)
        memcpy(large + i * (n / 3), "{}", 2);
    ASK("POST", JOB "/_data", "job_id=o", NULL, large, 202, "\"input_record_count\":4,");
    free(large);
    w.fails = ERR_BUSY;
    ASK("POST", JOB "/_data", "job_id=o", NULL, "{}", 409,
        "Cannot process data because job [o] is not open");
    fake_close(&w);
}

static void flush(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "o", "opened", NULL, "stopped");
    w.says = "{\"last_finalized_bucket_end\":900000}\n";
    ASK("POST", JOB "/_flush", "job_id=o", "skip_time=900000",
        "{\"calc_interim\":true,\"advance_time\":\"1500\"}", 200,
        "{\"flushed\":true,\"last_finalized_bucket_end\":900000}");
    help_acted(&w, "\"calc_interim\":\"true\",\"advance_time\":\"1970-01-01T00:00:01.500Z\","
                   "\"skip_time\":\"1970-01-01T00:15:00.000Z\"");
    ASK("POST", JOB "/_flush", "job_id=o", "start=1", NULL, 400, "without calc_interim");
    ASK("POST", JOB "/_flush", "job_id=o", NULL, "{\"calc_intrim\":true}", 400,
        "unknown field [calc_intrim]");
    ASK("POST", JOB "/_flush", "job_id=o", NULL, "[]", 400, "expected an object");
    w.says = "{}\n";
    ASK("POST", JOB "/_flush", "job_id=o", NULL, NULL, 200, "{\"flushed\":true}");
    fake_close(&w);
}

static void forecast(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "o", "opened", NULL, "stopped");
    w.says = "{\"forecast_id\":\"f1\"}\n";
    ASK("POST", JOB "/_forecast", "job_id=o", "duration=1h", NULL, 200,
        "{\"acknowledged\":true,\"forecast_id\":\"f1\"}");
    help_acted(&w, "\"duration\":\"1h\"");
    const struct store_result r = {.job_id = "o",
                                   .type = "model_forecast_request_stats",
                                   .id = "f",
                                   .doc = "{\"forecast_id\":\"f1\",\"forecast_status\":"
                                          "\"finished\",\"processed_record_count\":3}"};
    assert_int_equal(store_state_result_put(w.state, &r), ERR_NONE);
    ASK("DELETE", JOB "/_forecast/{forecast_id}", "job_id=o forecast_id=f2", NULL, NULL, 404,
        "No forecast(s) [f2] exists for job [o]");
    ASK("DELETE", JOB "/_forecast/{forecast_id}", "job_id=o forecast_id=f1", NULL, NULL, 200,
        "acknowledged");
    help_acted(&w, "\"forecast_id\":\"f1\"");
    w.says = "{\"jobs\":[{\"data_counts\":{},\"model_size_stats\":{},\"timing_stats\":{},"
             "\"open_time\":\"3s\"}]}";
    ASK("GET", JOB "/_stats", "job_id=o", NULL, NULL, 200,
        "\"records\":{\"total\":3,\"min\":3,\"avg\":3,\"max\":3}");
    ASK("GET", "/_ml/anomaly_detectors/_stats", NULL, NULL, NULL, 200,
        "\"state\":\"opened\",\"node\":{");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(states), cmocka_unit_test(data),
                                       cmocka_unit_test(flush), cmocka_unit_test(forecast)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
