/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "help.h"

#include <stdlib.h>

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1700000100 * TIME_S / SPAN * SPAN)

static const char *const columns[] = {"time", "host", "peer", "port"};

/* Records of a bucket with their scores, from the sink. */
struct seen {
    struct {
        unsigned detector;
        double score;
        double probability;
        ts_ns time;
        size_t causes;
        char over[32];
        char by[32];
    } records[4096];
    size_t n;
    size_t influencers;
    size_t buckets;
    double bucket_score;
    size_t bucket_influencers;
    ts_ns last;
};

static void on_result(void *ctx, const struct detect_result *r)
{
    struct seen *s = ctx;
    if (r->type == DETECT_RESULT_RECORD && s->n < 4096) {
        s->records[s->n].detector = r->record.detector;
        s->records[s->n].score = r->record.score;
        s->records[s->n].probability = r->record.probability;
        s->records[s->n].time = r->time;
        s->records[s->n].causes = r->record.n_causes;
        snprintf(s->records[s->n].over, 32, "%.*s", (int)r->record.over.n,
                 r->record.over.p != NULL ? (const char *)r->record.over.p : "");
        snprintf(s->records[s->n].by, 32, "%.*s", (int)r->record.by.n,
                 r->record.by.p != NULL ? (const char *)r->record.by.p : "");
        s->n++;
    }
    s->influencers += r->type == DETECT_RESULT_INFLUENCER;
    if (r->type == DETECT_RESULT_BUCKET) {
        assert_true(s->buckets == 0 || r->time > s->last);
        s->last = r->time;
        s->buckets++;
        if (r->bucket.score > s->bucket_score) {
            s->bucket_score = r->bucket.score;
            s->bucket_influencers = r->bucket.n_influencers;
        }
        if (r->bucket.n_influencers > 0)
            assert_string_equal(r->bucket.influencers[r->bucket.n_influencers - 1].field,
                                "bucket_time");
    }
}

static struct detect *engine(const struct detect_job *job, struct seen *seen)
{
    struct detect_options o = {
        .seed = {1, 2}, .follow_records = true, .sink = on_result, .ctx = seen};
    struct detect *d = NULL;
    struct bytes names[4];
    for (size_t i = 0; i < 4; i++)
        names[i] = bytes_make(columns[i], strlen(columns[i]));
    assert_int_equal(detect_new(job, &o, &d), ERR_NONE);
    assert_int_equal(detect_columns(d, names, 4, NULL), ERR_NONE);
    return d;
}

static void feed(struct detect *d, int b, const char *host, const char *peer, const char *port,
                 int n)
{
    struct help_row row = {.time = START + b * SPAN};
    snprintf(row.text[0], sizeof(row.text[0]), "%s", host);
    snprintf(row.text[1], sizeof(row.text[1]), "%s", peer);
    snprintf(row.text[2], sizeof(row.text[2]), "%s", port);
    for (int i = 0; i < n; i++)
        help_feed(d, &row, 1, 3);
}

/* Background of three hosts, two peers and two ports. */
static void background(struct detect *d, int b, struct rng *r)
{
    static const char *const hosts[] = {"h1", "h2", "h3"};
    for (int i = 0; i < 60; i++)
        feed(d, b, hosts[rng_below(r, 3)], rng_below(r, 2) != 0 ? "p1" : "p2",
             rng_below(r, 2) != 0 ? "80" : "443", 1);
}

/* One flood seen by host, by peer and by port is one finding at full height. */
static void test_one_flood_is_one_finding(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"high_count\","
        "\"by_field_name\":\"host\"},{\"function\":\"high_count\",\"by_field_name\":\"peer\"},"
        "{\"function\":\"high_count\",\"by_field_name\":\"port\"}],\"influencers\":[\"host\","
        "\"peer\",\"port\"]}}");
    struct seen *seen = calloc(1, sizeof(*seen));
    struct detect *d = engine(job, seen);
    struct rng r;
    rng_init(&r, 3);
    for (int b = 0; b < 200; b++) {
        background(d, b, &r);
        if (b == 190)
            feed(d, b, "h2", "p1", "443", 900);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    size_t high = 0;
    double best = 0;
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->records[i].time != START + 190 * SPAN)
            continue;
        high += seen->records[i].score >= 75;
        best = seen->records[i].score > best ? seen->records[i].score : best;
    }
    assert_true(best >= 75);
    assert_int_equal(high, 1);
    assert_true(seen->bucket_score >= 75);
    assert_int_equal(seen->bucket_influencers, 4);
    assert_true(seen->influencers >= 3);
    assert_int_equal(seen->buckets, 200);
    detect_free(d);
    detect_job_free(job);
    free(seen);
}

/* A member of a population split by another field is one record with causes. */
static void test_causes(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"high_count\","
        "\"by_field_name\":\"port\",\"over_field_name\":\"host\"}],\"influencers\":[\"host\"]}}");
    struct seen *seen = calloc(1, sizeof(*seen));
    struct detect *d = engine(job, seen);
    struct rng r;
    rng_init(&r, 3);
    for (int b = 0; b < 150; b++) {
        for (int h = 0; h < 12; h++) {
            char host[16];
            snprintf(host, sizeof(host), "m%d", h);
            feed(d, b, host, "", "80", 5 + (int)rng_below(&r, 4));
            feed(d, b, host, "", "443", 5 + (int)rng_below(&r, 4));
        }
        if (b == 140) {
            feed(d, b, "m3", "", "80", 60000);
            feed(d, b, "m3", "", "443", 60000);
        }
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    size_t at = SIZE_MAX;
    for (size_t i = 0; i < seen->n; i++) {
        if (seen->records[i].time == START + 140 * SPAN &&
            strcmp(seen->records[i].over, "m3") == 0) {
            assert_int_equal(at, SIZE_MAX);
            at = i;
        }
    }
    assert_int_not_equal(at, SIZE_MAX);
    assert_int_equal(seen->records[at].causes, 2);
    assert_string_equal(seen->records[at].by, "");
    detect_free(d);
    detect_job_free(job);
    free(seen);
}

/* An anomaly that goes on is news for three buckets, then less and less, until it gets worse. */
static void test_what_goes_on_fades(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"high_count\","
        "\"partition_field_name\":\"host\"}]}}");
    struct seen *seen = calloc(1, sizeof(*seen));
    struct detect *d = engine(job, seen);
    for (int b = 0; b < 120; b++) {
        int n = 20 + b % 4;
        if (b >= 100 && b < 108)
            n = 90 + b % 4;
        if (b == 108)
            n = 2000;
        feed(d, b, "h", "", "", n);
        feed(d, b, "other", "", "", 20 + b % 4);
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    double score[120] = {0};
    for (size_t i = 0; i < seen->n; i++)
        score[(seen->records[i].time - START) / SPAN] = seen->records[i].score;
    assert_true(score[100] >= 75);
    assert_true(score[102] >= 0.8 * score[100]);
    assert_true(score[105] < 0.75 * score[100]);
    assert_true(score[106] < score[104]);
    assert_true(score[108] > score[106] + 20);
    assert_true(score[115] == 0);
    detect_free(d);
    detect_job_free(job);
    free(seen);
}

/* A bucket full of new values: no more records than the limit, in the order of their texts. */
static void test_limit_and_order(void **state)
{
    (void)state;
    struct detect_job *job = help_job(
        "{\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[{\"function\":\"rare\","
        "\"by_field_name\":\"host\",\"partition_field_name\":\"port\"}]}}");
    struct seen *seen = calloc(1, sizeof(*seen));
    struct detect *d = engine(job, seen);
    for (int b = 0; b < 100; b++) {
        for (int p = 0; p < 800; p++) {
            char port[16];
            snprintf(port, sizeof(port), "%d", p);
            feed(d, b, b == 95 ? "new" : "old", "", port, 1);
        }
    }
    assert_int_equal(detect_finish(d), ERR_NONE);
    size_t n = 0;
    for (size_t i = 0; i < seen->n; i++)
        n += seen->records[i].time == START + 95 * SPAN;
    assert_true(n > 0 && n <= DETECT_RECORDS_MAX);
    for (size_t i = 1; i < seen->n; i++)
        assert_true(seen->records[i - 1].time <= seen->records[i].time);
    detect_free(d);
    detect_job_free(job);
    free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_flood_is_one_finding), cmocka_unit_test(test_causes),
        cmocka_unit_test(test_what_goes_on_fades), cmocka_unit_test(test_limit_and_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
