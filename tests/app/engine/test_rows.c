/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "detect/detect.h"
#include "detect/feed.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "engine/rows.h"
#include "find/rows.h"

static const char job_text[] =
    "{\"job_id\": \"j\", \"analysis_config\": {\"bucket_span\": \"2m\", "
    "\"summary_count_field_name\": \"doc_count\", \"detectors\": [{\"function\": \"mean\", "
    "\"field_name\": \"bytes\", \"partition_field_name\": \"host\"}]}, \"data_description\": "
    "{\"time_field\": \"@timestamp\"}}";
#define FEED(metric)                                                                               \
    "{\"aggs\": {\"b\": {\"date_histogram\": {\"field\": \"@timestamp\", \"fixed_interval\": "     \
    "\"1m\"}, \"aggs\": {\"@timestamp\": {\"max\": {\"field\": \"@timestamp\"}}, \"host\": "       \
    "{\"terms\": {\"field\": \"host.name\"}, \"aggs\": {\"bytes\": {" metric "}}}}}}}"

struct run {
    struct detect_job *job;
    struct detect_feed *feed;
    struct detect *engine;
    struct engine_rows *rows;
};

static void begin(struct run *r)
{
    static const char feed[] = FEED("\"avg\": {\"field\": \"source.bytes\"}");
    const struct detect_options options = {.follow_records = true};
    *r = (struct run){0};
    HELP_OK(detect_job_parse(job_text, strlen(job_text), "job", NULL, 0, &r->job, &help_why));
    HELP_OK(detect_feed_parse(feed, strlen(feed), "feed", &r->feed, &help_why));
    HELP_OK(detect_feed_fits(r->feed, r->job, &help_why));
    HELP_OK(engine_rows_check(r->feed, &help_why));
    HELP_OK(detect_new(r->job, &options, &r->engine));
    HELP_OK(engine_rows_new(r->feed, NULL, &r->rows, &help_why));
}

static void end(struct run *r)
{
    engine_rows_free(r->rows);
    detect_free(r->engine);
    detect_feed_free(r->feed);
    detect_job_free(r->job);
}

static void follow(struct run *r, int64_t seconds, const char *host, int64_t bytes)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, seconds * TIME_S);
    event_set_text(&e, EVENT_F_HOST_NAME, host);
    if (bytes >= 0)
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, bytes);
    HELP_OK(engine_rows_follow(r->rows, &e, 0, r->engine));
    arena_release(&arena);
}

/* Records are rows of whole intervals; the newest event tells which are. */
static void test_follow(void **state)
{
    struct run r;
    (void)state;
    begin(&r);
    follow(&r, 10, "a", 5);
    follow(&r, 50, "b", 6);
    follow(&r, 20, "a", 7);
    assert_int_equal(detect_counts(r.engine)->records, 0);
    assert_int_equal(engine_rows_first(r.rows), 0);
    follow(&r, 60, "a", -1);
    assert_int_equal(detect_counts(r.engine)->records, 2);
    assert_int_equal(detect_counts(r.engine)->missing_fields, 0);
    assert_int_equal(detect_counts(r.engine)->earliest_record, 50 * TIME_S);
    follow(&r, 59, "a", 7);
    assert_int_equal(engine_rows_late(r.rows), 1);
    /* A time beyond all intervals moves nothing. */
    follow(&r, 9000000000, "a", 7);
    assert_int_equal(engine_rows_lost(r.rows), 1);
    assert_int_equal(engine_rows_lost(r.rows), 0);
    follow(&r, 125, "b", 1);
    assert_int_equal(detect_counts(r.engine)->records, 3);
    assert_int_equal(detect_counts(r.engine)->missing_fields, 1);
    assert_int_equal(engine_rows_last(r.rows), 120 * TIME_S);
    HELP_OK(engine_rows_give(r.rows, TIME_MAX, r.engine));
    assert_int_equal(detect_counts(r.engine)->records, 4);
    assert_int_equal(engine_rows_first(r.rows), TIME_NONE);
    assert_int_equal(engine_rows_last(r.rows), TIME_NONE);
    struct find_rows_lost lost;
    engine_rows_tell_lost(r.rows, &lost);
    assert_int_equal(lost.intervals, 0);
    end(&r);
}

static void test_check(void **state)
{
    static const char wrong[] = FEED("\"avg\": {\"field\": \"user.name\"}");
    static const char plain[] = "{\"indices\": [\"*\"]}";
    struct detect_feed *feed = NULL;
    (void)state;
    HELP_OK(detect_feed_parse(wrong, strlen(wrong), "feed", &feed, &help_why));
    assert_int_equal(engine_rows_check(feed, &help_why), ERR_INVALID);
    assert_non_null(strstr(help_why.message, "user.name"));
    detect_feed_free(feed);
    feed = NULL;
    HELP_OK(detect_feed_parse(plain, strlen(plain), "feed", &feed, &help_why));
    HELP_OK(engine_rows_check(feed, &help_why));
    detect_feed_free(feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_follow), cmocka_unit_test(test_check)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
