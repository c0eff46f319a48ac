/* SPDX-License-Identifier: Apache-2.0 */
/* Who is meant by names, patterns, groups and nothing. */
#include "serve/ml/ml_help.h"

#include "ml/find.h"

static const struct api_row *const tables[] = {ml_job_rows, ml_feed_rows};

static void patterns(void **state)
{
    (void)state;
    assert_true(ml_find_fits("_all", "x"));
    assert_true(ml_find_fits("*", "x"));
    assert_true(ml_find_fits("", "x"));
    assert_true(ml_find_fits(",a,,x,", "x"));
    assert_false(ml_find_fits(",a,,b,", "x")); /* nothing between commas means nothing */
    assert_false(ml_find_fits(",", "x"));
    assert_true(ml_find_fits("a,x*z,b", "xyz"));
    assert_true(ml_find_fits("a,x*y*z", "xayaz"));
    assert_false(ml_find_fits("a,x", "xy"));
    assert_false(ml_find_fits("x*z", "xzy"));
}

static void states(void **state)
{
    (void)state;
    struct store_job row = {.state = "closed", .datafeed_state = "stopped"};
    assert_false(ml_find_is_open(&row) || ml_find_is_fed(&row));
    row.state = "opened";
    assert_true(ml_find_is_open(&row));
    row = (struct store_job){.state = "closed", .datafeed_state = "started"};
    assert_string_equal(ml_find_state(&row), "opening");
    row.state = "failed";
    assert_false(ml_find_is_open(&row));
    assert_string_equal(ml_find_state(&row), "failed");
}

static void jobs(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 2);
    help_job(&w, "a", "closed", NULL, "stopped");
    help_job(&w, "b", "closed", "{\"datafeed_id\":\"feed\",\"indices\":[\"x\"]}", "stopped");
    help_job(&w, "c", "opened", NULL, "started");
    static const struct {
        const char *names;
        unsigned status;
        const char *says;
    } asked[] = {
        {"job_id=a", 200, "\"count\":1,"},
        {"job_id=a,c", 200, "\"count\":2,"},
        {"job_id=g", 200, "\"count\":3,"},
        {"job_id=_all", 200, "\"count\":3,"},
        {"job_id=x*", 200, "{\"count\":0,\"jobs\":[]}"},
        {"job_id=a,x", 404, "No known job with id 'x'"},
        {"job_id=a,,c", 200, "\"count\":2,"},
        {"job_id=a,x*", 200, "\"count\":1,"},
    };
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        ASK("GET", JOB, asked[i].names, NULL, NULL, asked[i].status, asked[i].says);
    ASK("GET", JOB, "job_id=x*", "allow_no_match=false", NULL, 404, "No known job with id 'x*'");
    ASK("GET", JOB, "job_id=a,x*,c", "allow_no_match=false", NULL, 404,
        "No known job with id 'x*'");
    ASK("GET", JOB, "job_id=a*,_all", "allow_no_match=false", NULL, 200, "\"count\":3,");
    ASK("GET", "/_ml/anomaly_detectors", NULL, NULL, NULL, 200, "\"count\":3,");
    ASK("GET", "/_ml/datafeeds", NULL, NULL, NULL, 200, "\"count\":2,");
    ASK("GET", "/_ml/datafeeds/{datafeed_id}", "datafeed_id=datafeed-c", NULL, NULL, 200,
        "\"indices\":[\"*\"]");
    ASK("GET", "/_ml/datafeeds/{datafeed_id}", "datafeed_id=datafeed-a", NULL, NULL, 404,
        "No datafeed with id [datafeed-a] exists");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(patterns), cmocka_unit_test(states),
                                       cmocka_unit_test(jobs)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
