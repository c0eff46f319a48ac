/* SPDX-License-Identifier: Apache-2.0 */
/* Buckets, records, influencers and what is made of them. */
#include "serve/ml/ml_help.h"

#include <stdio.h>

#define RESULTS JOB "/results"

static const struct api_row *const tables[] = {ml_result_rows};

static void add(struct fake_world *w, const char *type, int i, double score, bool interim)
{
    char id[40], doc[200];
    snprintf(id, sizeof(id), "%s%d", type, i);
    snprintf(doc, sizeof(doc), "{\"n\":%d,\"timestamp\":%d,\"%s_score\":%g}", i, i * 1000000,
             type[0] == 'b' ? "anomaly" : type, score);
    const struct store_result r = {.job_id = "x",
                                   .type = type,
                                   .id = id,
                                   .doc = doc,
                                   .time = i * 1000 * TIME_S,
                                   .score = score,
                                   .is_interim = interim};
    assert_int_equal(store_state_result_put(w->state, &r), ERR_NONE);
}

static void fill(struct fake_world *w)
{
    fake_open(w, tables, 1);
    help_job(w, "x", "opened", NULL, "stopped");
    add(w, "bucket", 1, 10, false);
    add(w, "bucket", 2, 90, false);
    add(w, "bucket", 3, 5, true);
    add(w, "record", 2, 90, false);
    add(w, "record", 3, 5, true);
    add(w, "influencer", 2, 80, false);
}

static void buckets(void **state)
{
    (void)state;
    static const struct {
        const char *params, *says;
    } asked[] = {
        {NULL, "{\"count\":3,\"buckets\":[{\"n\":1,"},
        {"desc=true size=1", "{\"count\":3,\"buckets\":[{\"n\":3,\"timestamp\":3000000,"
                             "\"anomaly_score\":5}]}"},
        {"sort=anomaly_score desc=true size=1", "{\"count\":3,\"buckets\":[{\"n\":2,"},
        {"sort=anomaly_score size=1", "{\"count\":3,\"buckets\":[{\"n\":3,"},
        {"sort=anomaly_score from=1 size=1", "{\"count\":3,\"buckets\":[{\"n\":1,"},
        {"sort=n desc=true", "{\"count\":3,\"buckets\":[{\"n\":3,"},
        {"anomaly_score=50", "{\"count\":1,\"buckets\":[{\"n\":2,"},
        {"exclude_interim=true", "{\"count\":2,"},
        {"start=2000000 end=3000000", "{\"count\":1,\"buckets\":[{\"n\":2,"},
        {"size=0", "{\"count\":3,\"buckets\":[]}"},
        {"expand=true start=2000000 end=3000000", "\"records\":[{\"n\":2,"},
    };
    struct fake_world w;
    fill(&w);
    for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++)
        ASK("GET", RESULTS "/buckets", "job_id=x", asked[i].params, NULL, 200, asked[i].says);
    ASK("POST", RESULTS "/buckets/{timestamp}", "job_id=x timestamp=2000000", NULL, NULL, 200,
        "{\"count\":1,\"buckets\":[{\"n\":2,");
    ASK("GET", RESULTS "/buckets/{timestamp}", "job_id=x timestamp=2000001", NULL, NULL, 404,
        "No known bucket with timestamp [2000001] of job [x]");
    ASK("GET", RESULTS "/buckets/{timestamp}", "job_id=x timestamp=soon", NULL, NULL, 400, "soon");
    ASK("GET", RESULTS "/buckets", "job_id=y", NULL, NULL, 404, "No known job with id 'y'");
    fake_close(&w);
}

static void others(void **state)
{
    (void)state;
    struct fake_world w;
    fill(&w);
    ASK("GET", RESULTS "/records", "job_id=x", NULL, NULL, 200,
        "{\"count\":2,\"records\":[{\"n\":3");
    ASK("POST", RESULTS "/records", "job_id=x", NULL, "{\"desc\":true,\"record_score\":6}", 200,
        "{\"count\":1,\"records\":[{\"n\":2");
    ASK("GET", RESULTS "/influencers", "job_id=x", "influencer_score=81", NULL, 200, "\"count\":0");
    ASK("GET", RESULTS "/influencers", "job_id=x", NULL, NULL, 200, "\"influencers\":[{\"n\":2");
    ASK("GET", RESULTS "/categories", "job_id=x", NULL, NULL, 200,
        "{\"count\":0,\"categories\":[]}");
    ASK("GET", RESULTS "/categories/{category_id}", "job_id=x category_id=a", NULL, NULL, 400,
        "Invalid category_id");
    ASK("GET", RESULTS "/categories/{category_id}", "job_id=x category_id=1", NULL, NULL, 200,
        "[]");
    fake_close(&w);
}

static void put_category(struct fake_world *w, unsigned id, const char *partition)
{
    char name[60], doc[300];
    snprintf(name, sizeof(name), "x_category_definition_%u", id);
    snprintf(doc, sizeof(doc),
             "{\"job_id\":\"x\",\"category_id\":%u,\"partition_field_value\":\"%s\"}", id,
             partition);
    const struct store_result r = {
        .job_id = "x", .type = "category_definition", .id = name, .doc = doc, .time = 7};
    assert_int_equal(store_state_result_put(w->state, &r), ERR_NONE);
}

static void categories(void **state)
{
    (void)state;
    struct fake_world w;
    fill(&w);
    for (unsigned i = 1; i <= 12; i++)
        put_category(&w, i, i % 2 == 0 ? "even" : "odd");
    ASK("GET", RESULTS "/categories", "job_id=x", "from=9 size=2", NULL, 200,
        "{\"count\":12,\"categories\":[{\"job_id\":\"x\",\"category_id\":10,"
        "\"partition_field_value\":\"even\"},{\"job_id\":\"x\",\"category_id\":11,");
    ASK("POST", RESULTS "/categories", "job_id=x", NULL, "{\"page\":{\"from\":11,\"size\":9}}", 200,
        "{\"count\":12,\"categories\":[{\"job_id\":\"x\",\"category_id\":12,");
    ASK("GET", RESULTS "/categories", "job_id=x", "partition_field_value=odd from=5", NULL, 200,
        "{\"count\":6,\"categories\":[{\"job_id\":\"x\",\"category_id\":11,");
    ASK("GET", RESULTS "/categories", "job_id=x", "partition_field_value=none", NULL, 200,
        "{\"count\":0,\"categories\":[]}");
    ASK("GET", RESULTS "/categories/{category_id}", "job_id=x category_id=7", NULL, NULL, 200,
        "{\"count\":1,\"categories\":[{\"job_id\":\"x\",\"category_id\":7,");
    ASK("POST", RESULTS "/categories/{category_id}", "job_id=x category_id=77", NULL, NULL, 200,
        "{\"count\":0,\"categories\":[]}");
    ASK("GET", RESULTS "/categories", "job_id=y", NULL, NULL, 404, "No known job with id 'y'");
    fake_close(&w);
}

static void overall(void **state)
{
    (void)state;
    struct fake_world w;
    fill(&w);
    help_job(&w, "y", "opened", NULL, "stopped");
    w.says = "{\"a\":1}\n{\"a\":2}\n";
    ASK("GET", RESULTS "/overall_buckets", "job_id=*",
        "top_n=2 bucket_span=1h exclude_interim=true overall_score=3.5 start=1000000", NULL, 200,
        "{\"count\":2,\"overall_buckets\":[{\"a\":1},{\"a\":2}]}");
    help_acted(&w, "\"verb\":\"overall\",\"id\":\"*\",\"exclude_interim\":\"true\","
                   "\"min_score\":3.5,\"top_n\":\"2\",\"bucket_span\":\"3600000ms\","
                   "\"from\":\"1970-01-01T00:16:40.000Z\"");
    ASK("GET", RESULTS "/overall_buckets", "job_id=z*", NULL, NULL, 200,
        "{\"count\":0,\"overall_buckets\":[]}");
    ASK("GET", RESULTS "/overall_buckets", "job_id=z*", "allow_no_match=false", NULL, 404, "z*");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(buckets), cmocka_unit_test(others),
                                       cmocka_unit_test(categories), cmocka_unit_test(overall)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
