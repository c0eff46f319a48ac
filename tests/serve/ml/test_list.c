/* SPDX-License-Identifier: Apache-2.0 */
/* Lists of jobs and datafeeds, while some of them go. */
#include "serve/ml/ml_help.h"

static const struct api_row *const tables[] = {ml_job_rows, ml_run_rows, ml_feed_rows};

static void counts(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 3);
    help_job(&w, "a", "closed", NULL, "stopped");
    help_job(&w, "b", "closed", "{\"datafeed_id\":\"feed\",\"indices\":[\"x\"]}", "stopped");
    ASK("GET", JOB, "job_id=*", "exclude_generated=true", NULL, 200,
        "{\"count\":2,\"jobs\":[{\"groups\":[\"g\"]");
    ASK("GET", "/_ml/datafeeds/{datafeed_id}", "datafeed_id=f*,x*", NULL, NULL, 200,
        "{\"count\":1,\"datafeeds\":[{\"datafeed_id\":\"feed\"");
    ASK("GET", "/_ml/datafeeds/_stats", NULL, NULL, NULL, 200,
        "{\"count\":1,\"datafeeds\":[{\"datafeed_id\":\"feed\",\"state\":\"stopped\"");
    ASK("GET", JOB, "job_id=*", "allow_no_match=perhaps", NULL, 400, "allow_no_match");
    /* A job that somebody deletes while all are listed is not among them; no more is wrong. */
    w.fails = ERR_NOT_FOUND;
    ASK("GET", "/_ml/anomaly_detectors/_stats", NULL, NULL, NULL, 200, "{\"count\":0,\"jobs\":[]}");
    ASK("POST", JOB "/_close", "job_id=*", NULL, NULL, 200, "{\"closed\":true}");
    w.fails = ERR_IO;
    ASK("GET", "/_ml/anomaly_detectors/_stats", NULL, NULL, NULL, 500, "");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
