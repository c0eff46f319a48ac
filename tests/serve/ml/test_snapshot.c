/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs have learned: shown, kept, gone back to, deleted. */
#include "serve/ml/ml_help.h"

#include <stdio.h>

#define SNAPSHOTS JOB "/model_snapshots"
#define SNAPSHOT SNAPSHOTS "/{snapshot_id}"

static const struct api_row *const tables[] = {ml_snapshot_rows};

static void fill(struct fake_world *w, const char *job_state)
{
    fake_open(w, tables, 1);
    help_job(w, "x", job_state, NULL, "stopped");
    for (int i = 1; i <= 3; i++) {
        char id[16], doc[100];
        snprintf(id, sizeof(id), "s%d", i);
        snprintf(doc, sizeof(doc), "{\"snapshot_id\":\"s%d\",\"timestamp\":%d}", i, i * 1000000);
        const struct store_snapshot s = {
            .job_id = "x", .id = id, .doc = doc, .time = i * 1000 * TIME_S};
        assert_int_equal(store_state_snapshot_put(w->state, &s, "", 0), ERR_NONE);
    }
}

static void lists(void **state)
{
    (void)state;
    struct fake_world w;
    fill(&w, "closed");
    ASK("GET", SNAPSHOTS, "job_id=x", "size=1 desc=true", NULL, 200,
        "{\"count\":3,\"model_snapshots\":[{\"snapshot_id\":\"s3\",\"timestamp\":3000000,"
        "\"retain\":"
        "false}]}");
    ASK("POST", SNAPSHOTS, "job_id=x", NULL, "{\"start\":\"2000000\",\"end\":\"3000000\"}", 200,
        "{\"count\":1,");
    ASK("GET", SNAPSHOT, "job_id=x snapshot_id=s1,s2", NULL, NULL, 200, "{\"count\":2,");
    ASK("GET", SNAPSHOT, "job_id=y snapshot_id=s1", NULL, NULL, 404, "No known job with id 'y'");
    fake_close(&w);
}

static void changes(void **state)
{
    (void)state;
    struct fake_world w;
    fill(&w, "closed");
    ASK("POST", SNAPSHOT "/_update", "job_id=x snapshot_id=s1", NULL, "{\"description\":\"d\"}",
        200, "{\"acknowledged\":true,\"model\":{\"snapshot_id\":\"s1\"");
    help_acted(&w, "\"snapshot\":\"s1\",\"description\":\"d\",\"retain\":\"false\"");
    ASK("POST", SNAPSHOT "/_update", "job_id=x snapshot_id=s9", NULL, "{}", 404,
        "No model snapshot with id [s9] exists for job [x]");
    ASK("POST", SNAPSHOT "/_revert", "job_id=x snapshot_id=s1", "delete_intervening_results=true",
        NULL, 200, "{\"model\":{\"snapshot_id\":\"s1\"");
    help_acted(&w, "\"snapshot\":\"s1\",\"delete_intervening_results\":\"true\"");
    ASK("POST", SNAPSHOT "/_revert", "job_id=x snapshot_id=empty", NULL, NULL, 200,
        "{\"model\":{\"job_id\":\"x\",");
    ASK("POST", SNAPSHOT "/_revert", "job_id=x snapshot_id=empty", NULL, NULL, 200,
        "\"snapshot_id\":\"empty\",\"snapshot_doc_count\":0,");
    help_acted(&w, "\"id\":\"x\",\"snapshot\":\"empty\"}");
    ASK("POST", SNAPSHOT "/_revert", "job_id=y snapshot_id=empty", NULL, NULL, 404,
        "No known job with id 'y'");
    ASK("GET", SNAPSHOT, "job_id=x snapshot_id=empty", NULL, NULL, 200, "{\"count\":0,");
    ASK("POST", SNAPSHOT "/_update", "job_id=x snapshot_id=empty", NULL, "{}", 404, "[empty]");
    ASK("DELETE", SNAPSHOT, "job_id=x snapshot_id=empty", NULL, NULL, 404, "[empty]");
    ASK("DELETE", SNAPSHOT, "job_id=x snapshot_id=s3", NULL, NULL, 400, "is the active snapshot");
    ASK("DELETE", SNAPSHOT, "job_id=x snapshot_id=s1", NULL, NULL, 200, "acknowledged");
    help_acted(&w, "\"verb\":\"snapshot-delete\"");
    ASK("POST", SNAPSHOT "/_upgrade", "job_id=x snapshot_id=s1", NULL, NULL, 409,
        "Cannot upgrade job [x] snapshot [s1]: it is of the current version");
    ASK("POST", SNAPSHOT "/_upgrade", "job_id=x snapshot_id=s9", NULL, NULL, 404, "[s9]");
    ASK("GET", SNAPSHOT "/_upgrade/_stats", "job_id=x snapshot_id=_all", NULL, NULL, 200,
        "{\"count\":0,\"model_snapshot_upgrades\":[]}");
    fake_close(&w);
    fill(&w, "opened");
    ASK("POST", SNAPSHOT "/_revert", "job_id=x snapshot_id=s1", NULL, NULL, 409, "job is closed");
    ASK("POST", SNAPSHOT "/_revert", "job_id=x snapshot_id=empty", NULL, NULL, 409,
        "job is closed");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lists), cmocka_unit_test(changes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
