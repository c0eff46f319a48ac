/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/result.h"

#include "help.h"

#include <math.h>

static struct bytes text(const char *s)
{
    return bytes_make(s, strlen(s));
}

static struct detect_result record(void)
{
    struct detect_result r = {.type = DETECT_RESULT_RECORD,
                              .job_id = "j",
                              .time = 1700000000 * TIME_S,
                              .span_ns = 900 * TIME_S};
    r.record = (struct detect_record){.detector = 2,
                                      .function = "high_sum",
                                      .description = "sum",
                                      .field_name = "b",
                                      .over_name = "port",
                                      .over = text("4444"),
                                      .probability = 0,
                                      .score = 130,
                                      .initial_score = (double)NAN,
                                      .multi_bucket_impact = -9,
                                      .has_values = true,
                                      .typical = HUGE_VAL,
                                      .actual = (double)NAN};
    return r;
}

/* Whatever the numbers are, the document stays in bounds and is JSON. */
static void test_numbers_are_bounded(void **state)
{
    (void)state;
    struct detect_result r = record();
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    assert_non_null(strstr(buf_text(&out), "\"record_score\":100,"));
    assert_non_null(strstr(buf_text(&out), "\"initial_record_score\":0,"));
    assert_non_null(strstr(buf_text(&out), "\"multi_bucket_impact\":-5,"));
    assert_non_null(strstr(buf_text(&out), "\"probability\":2.2250738585072014e-308,"));
    assert_non_null(strstr(buf_text(&out), "\"typical\":[1.7976931348623157e+308]"));
    assert_non_null(strstr(buf_text(&out), "\"actual\":[0]"));
    assert_non_null(strstr(buf_text(&out), "\"port\":[\"4444\"]"));
    assert_non_null(strstr(buf_text(&out), "\"timestamp\":1700000000000,"));
    assert_null(strstr(buf_text(&out), "by_field"));
    buf_release(&out);
}

/* A bucket names the scheduled events that concern it, and says nothing of none. */
static void test_scheduled_events(void **state)
{
    (void)state;
    const char *const names[] = {"upgrade", "a \"test\""};
    struct detect_result r = {.type = DETECT_RESULT_BUCKET, .job_id = "j", .span_ns = TIME_MIN};
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    assert_null(strstr(buf_text(&out), "scheduled_events"));
    r.bucket.scheduled = names;
    r.bucket.n_scheduled = 2;
    buf_clear(&out);
    detect_result_write(&r, &out);
    assert_non_null(
        strstr(buf_text(&out), "\"scheduled_events\":[\"upgrade\",\"a \\\"test\\\"\"]"));
    buf_release(&out);
}

static void test_influencers_at_top_level(void **state)
{
    (void)state;
    struct detect_result r = record();
    struct bytes values[] = {text("4444"), text("80")};
    struct bytes hosts[] = {text("a\"b")};
    struct detect_influence list[] = {
        {"port", values, 2}, {"host.name", hosts, 1}, {"actual", hosts, 1}};
    r.record.influences = list;
    r.record.n_influences = 3;
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    const char *s = buf_text(&out);
    assert_non_null(strstr(s, "\"influencers\":[{\"influencer_field_name\":\"port\","
                              "\"influencer_field_values\":[\"4444\",\"80\"]},"));
    assert_non_null(strstr(s, "\"port\":[\"4444\",\"80\"],\"host.name\":[\"a\\\"b\"]}"));
    assert_null(strstr(s, "\"actual\":[\"a"));
    buf_release(&out);
}

static void test_ids(void **state)
{
    (void)state;
    struct detect_result r = record();
    struct buf a;
    struct buf b;
    buf_init(&a);
    buf_init(&b);
    detect_result_id(&r, &a);
    assert_int_equal(strncmp(buf_text(&a), "j_record_1700000000000_900_2_", 29), 0);
    assert_string_equal(buf_text(&a) + a.n - 2, "_4");
    struct detect_result_key k = detect_result_key(&r);
    detect_result_key_id("j", 900 * TIME_S, &k, &b);
    assert_string_equal(buf_text(&a), buf_text(&b));
    /* The same text in another place is another record. */
    r.record.by_name = "port";
    r.record.by = r.record.over;
    r.record.over = bytes_make(NULL, 0);
    buf_clear(&b);
    detect_result_id(&r, &b);
    assert_string_not_equal(buf_text(&a), buf_text(&b));
    struct detect_result bucket = {
        .type = DETECT_RESULT_BUCKET, .job_id = "j", .time = -1, .span_ns = 300 * TIME_S};
    buf_clear(&b);
    detect_result_id(&bucket, &b);
    assert_string_equal(buf_text(&b), "j_bucket_-1_300");
    buf_release(&a);
    buf_release(&b);
}

static void test_size_and_snapshot(void **state)
{
    (void)state;
    struct detect_result r = {.type = DETECT_RESULT_MODEL_SNAPSHOT, .job_id = "j", .time = 0};
    r.snapshot = (struct detect_snapshot){.id = "j-1",
                                          .description = "d",
                                          .latest_record = TIME_NONE,
                                          .latest_result = 5 * TIME_S,
                                          .doc_count = 1};
    r.snapshot.size.status = DETECT_MEMORY_HARD;
    struct buf out;
    buf_init(&out);
    detect_result_write(&r, &out);
    assert_non_null(strstr(buf_text(&out), "\"memory_status\":\"hard_limit\""));
    assert_non_null(strstr(buf_text(&out), "\"latest_result_time_stamp\":5000"));
    assert_null(strstr(buf_text(&out), "latest_record_time_stamp"));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers_are_bounded), cmocka_unit_test(test_scheduled_events),
        cmocka_unit_test(test_influencers_at_top_level), cmocka_unit_test(test_ids),
        cmocka_unit_test(test_size_and_snapshot)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
