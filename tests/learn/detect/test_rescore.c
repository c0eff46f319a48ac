/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/rescore.h"

#include "help.h"

static void expect_of(enum detect_result_type type, const char *influencer, const char *doc,
                      const char *then)
{
    struct detect_update u = {.type = (uint8_t)type, .influencer = influencer, .score = 12.5};
    struct buf out;
    buf_init(&out);
    assert_int_equal(detect_rescore_write(doc, strlen(doc), &u, &out), ERR_NONE);
    assert_string_equal(buf_text(&out), then);
    buf_release(&out);
}

static void expect(enum detect_result_type type, const char *doc, const char *then)
{
    expect_of(type, NULL, doc, then);
}

static void only_the_current_score(void **state)
{
    (void)state;
    expect(DETECT_RESULT_RECORD,
           "{\"record_score\":80,\"initial_record_score\":90.25,\"typical\":[1e-300],\"k\":{"
           "\"record_score\":1}}",
           "{\"record_score\":12.5,\"initial_record_score\":90.25,\"typical\":[1e-300],\"k\":{"
           "\"record_score\":1}}");
    expect(DETECT_RESULT_INFLUENCER,
           "{\"initial_influencer_score\":3,\"influencer_score\":3,\"a\\\"b\":\"\\u00e4\"}",
           "{\"initial_influencer_score\":3,\"influencer_score\":12.5,\"a\\\"b\":\"\xc3\xa4\"}");
    expect(DETECT_RESULT_BUCKET_INFLUENCER,
           "{\"initial_anomaly_score\":3,\"anomaly_score\":3,\"raw_anomaly_score\":4}",
           "{\"initial_anomaly_score\":3,\"anomaly_score\":12.5,\"raw_anomaly_score\":4}");
}

static void the_bucket_and_its_own_influencer(void **state)
{
    (void)state;
    expect(DETECT_RESULT_BUCKET,
           "{\"anomaly_score\":70,\"initial_anomaly_score\":71,\"bucket_influencers\":["
           "{\"influencer_field_name\":\"host\",\"anomaly_score\":60},"
           "{\"influencer_field_name\":\"bucket_time\",\"initial_anomaly_score\":71,"
           "\"anomaly_score\":70}],\"event_count\":3}",
           "{\"anomaly_score\":12.5,\"initial_anomaly_score\":71,\"bucket_influencers\":["
           "{\"influencer_field_name\":\"host\",\"anomaly_score\":60},"
           "{\"influencer_field_name\":\"bucket_time\",\"initial_anomaly_score\":71,"
           "\"anomaly_score\":12.5}],\"event_count\":3}");
}

static void one_influencer_of_a_bucket(void **state)
{
    (void)state;
    expect_of(DETECT_RESULT_BUCKET, "host",
              "{\"anomaly_score\":70,\"bucket_influencers\":["
              "{\"influencer_field_name\":\"host\",\"initial_anomaly_score\":60,"
              "\"anomaly_score\":60},"
              "{\"influencer_field_name\":\"bucket_time\",\"anomaly_score\":70}]}",
              "{\"anomaly_score\":70,\"bucket_influencers\":["
              "{\"influencer_field_name\":\"host\",\"initial_anomaly_score\":60,"
              "\"anomaly_score\":12.5},"
              "{\"influencer_field_name\":\"bucket_time\",\"anomaly_score\":70}]}");
}

static void no_document(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "{", "[]", "3", "{\"a\":}"};
    const struct detect_update u = {.type = DETECT_RESULT_RECORD, .score = 1};
    struct buf out;
    buf_init(&out);
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_not_equal(detect_rescore_write(wrong[i], strlen(wrong[i]), &u, &out), ERR_NONE);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_current_score),
        cmocka_unit_test(the_bucket_and_its_own_influencer),
        cmocka_unit_test(one_influencer_of_a_bucket),
        cmocka_unit_test(no_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
