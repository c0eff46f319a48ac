/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/reason.h"

#include "cmocka_head.h"
#include "judge/rule/support.h"
#include "rule/finding.h"

#include <math.h>
#include <string.h>

static void numbers_are_for_people(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *number;
        const char *bytes;
    } cases[] = {
        {0, "0", "0 bytes"},
        {1, "1", "1 byte"},
        {999, "999", "999 bytes"},
        {1000, "1,000", "1.0 kB"},
        {12.34, "12.3", "12.3 bytes"},
        {0.034, "0.034", "0.034 bytes"},
        {1234567, "1,234,567", "1.2 MB"},
        {999950, "999,950", "1.0 MB"},
        {999499, "999,499", "999 kB"},
        {48.3e6, "48,300,000", "48.3 MB"},
        {1.9e18, "1.9e+18", "1.9 EB"},
        {-2500, "-2,500", "-2.5 kB"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out);
        rule_reason_number(cases[i].v, &out);
        assert_string_equal(buf_text(&out), cases[i].number);
        buf_clear(&out);
        rule_reason_bytes(cases[i].v, &out);
        assert_string_equal(buf_text(&out), cases[i].bytes);
        buf_release(&out);
    }
    struct buf out;
    buf_init(&out);
    rule_reason_number((double)NAN, &out);
    assert_true(out.n > 0);
    buf_release(&out);
}

/* The sentence for a record whose keys follow the common ones. */
static void sentence(const char *rest, struct buf *out)
{
    struct buf json;
    struct rule_finding f;
    struct err_text why;
    struct rule_story story;
    buf_init(&json);
    buf_format(&json,
               "{\"result_type\":\"record\",\"job_id\":\"a_job\",\"timestamp\":1700006400000,"
               "\"bucket_span\":10800,\"record_score\":97.9,%s}",
               rest);
    assert_int_equal(rule_finding_read(bytes_make(json.p, json.n), "r", &f, &why), ERR_NONE);
    struct rule *r = world_rule("");
    rule_story_init(&story);
    rule_story_make(&f, &story);
    buf_clear(out);
    rule_reason_write(r, &f, &story, out);
    assert_true(rule_story_ok(&story) && buf_ok(out));
    rule_story_release(&story);
    rule_finding_release(&f);
    rule_unref(r);
    buf_release(&json);
}

#define WHEN "2023-11-15 00:00 to 03:00 UTC: "
#define END "; rule A rule, severity low, score 97 by job a_job."

static void the_sentence_tells_who_sent_what_to_whom(void **state)
{
    (void)state;
    static const struct {
        const char *rest;
        const char *says;
    } cases[] = {
        {"\"function\":\"high_sum\",\"field_name\":\"source.bytes\",\"actual\":[48300000],"
         "\"typical\":[120000],\"over_field_name\":\"destination.port\",\"over_field_value\":"
         "\"4444\",\"influencers\":[{\"influencer_field_name\":\"source.ip\","
         "\"influencer_field_values\":[\"192.0.2.5\"]},{\"influencer_field_name\":\"host.name\","
         "\"influencer_field_values\":[\"web\"]},{\"influencer_field_name\":\"process.name\","
         "\"influencer_field_values\":[\"curl\"]},{\"influencer_field_name\":\"destination.ip\","
         "\"influencer_field_values\":[\"203.0.113.9\"]}]",
         WHEN "192.0.2.5 (host web, process curl) sent 48.3 MB to 203.0.113.9 over port 4444, "
              "against 120 kB "
              "expected" END},
        {"\"function\":\"high_sum\",\"field_name\":\"source.bytes\",\"actual\":[5e6],"
         "\"typical\":[1e3],\"over_field_name\":\"destination.geo.region_name\","
         "\"over_field_value\":\"Bavaria\",\"influencers\":[{\"influencer_field_name\":"
         "\"destination.ip\",\"influencer_field_values\":[\"a\",\"b\",\"c\",\"d\",\"e\"]}]",
         WHEN "5.0 MB were sent to Bavaria (a, b, c and 2 more), against 1.0 kB expected" END},
        /* The name of a sensor on the wire is not the sender's. */
        {"\"function\":\"high_sum\",\"field_name\":\"weir.home.bytes_out\",\"actual\":[5e6],"
         "\"typical\":[1e3],\"by_field_name\":\"weir.home.ip\",\"by_field_value\":\"10.0.0.2\","
         "\"influencers\":[{\"influencer_field_name\":\"host.name\","
         "\"influencer_field_values\":[\"sensor\"]},{\"influencer_field_name\":\"weir.peer.ip\","
         "\"influencer_field_values\":[\"192.0.2.5\"]}]",
         WHEN "10.0.0.2 sent 5.0 MB to 192.0.2.5, against 1.0 kB expected" END},
        {"\"function\":\"high_count\",\"actual\":[1240],\"typical\":[150.4],\"influencers\":["
         "{\"influencer_field_name\":\"source.ip\",\"influencer_field_values\":[\"192.0.2.5\"]}]",
         WHEN "1,240 events came from 192.0.2.5, against 150 events expected" END},
        {"\"function\":\"high_info_content\",\"field_name\":\"dns.question.name\",\"actual\":[2311]"
         ","
         "\"typical\":[120],\"over_field_name\":\"dns_question_etld\",\"over_field_value\":"
         "\"example.com\",\"influencers\":[{\"influencer_field_name\":\"source.ip\","
         "\"influencer_field_values\":[\"192.0.2.5\"]}]",
         WHEN
         "DNS names under example.com carried 2.3 kB of information, asked by 192.0.2.5, against "
         "120 bytes expected" END},
        {"\"function\":\"rare\",\"actual\":[1],\"typical\":[1],\"by_field_name\":"
         "\"user_agent.original\",\"by_field_value\":\"tool/1\",\"influencers\":["
         "{\"influencer_field_name\":\"source.ip\",\"influencer_field_values\":[\"192.0.2.5\"]},"
         "{\"influencer_field_name\":\"destination.ip\",\"influencer_field_values\":[\"x\"]}],"
         "\"anomaly_score_explanation\":{\"by_field_first_occurrence\":true}",
         WHEN "user_agent.original tool/1 was seen for the first time, from 192.0.2.5 to x" END},
        {"\"function\":\"high_distinct_count\",\"field_name\":\"destination.ip\",\"actual\":[300],"
         "\"typical\":[4],\"partition_field_name\":\"source.ip\",\"partition_field_value\":\"s\"",
         WHEN "300 different destination.ip were seen from s, against 4 expected" END},
        {"\"function\":\"mean\",\"field_name\":\"event.duration\",\"actual\":[12.5],"
         "\"typical\":[3]",
         WHEN "the mean of event.duration was 12.5, against 3 expected" END},
        {"\"function\":\"time_of_day\",\"by_field_name\":\"user.name\",\"by_field_value\":\"bob\"",
         WHEN "something happened at an unusual time of the day from bob" END},
        {"\"function\":\"lat_long\",\"field_name\":\"source.geo.location\",\"by_field_name\":"
         "\"user.name\",\"by_field_value\":\"bob\",\"actual\":[35.68,139.77],\"typical\":[52.5,13."
         "4],"
         "\"geo_results\":{\"actual_point\":\"35.68,139.77\",\"typical_point\":\"52.5,13.4\"}",
         WHEN "something happened at an unusual place, 35.68,139.77, from bob, against 52.5,13.4 "
              "expected" END},
        {"\"function\":\"low_count\"", WHEN "low_count was unusual" END},
        {"\"function\":\"high_count\",\"actual\":[40],\"typical\":[2],\"by_field_name\":"
         "\"mlcategory\",\"by_field_value\":\"7\",\"mlcategory_terms\":[\"Failed password for\"]",
         WHEN
         "40 events came in messages like \"Failed password for\", against 2 events expected" END},
        {"\"function\":\"rare\",\"actual\":[1],\"typical\":[1],\"by_field_name\":\"mlcategory\","
         "\"by_field_value\":\"7\",\"mlcategory_terms\":[\"Disk lost\"]",
         WHEN "messages like \"Disk lost\" were seen, which is rare here" END},
        {"\"function\":\"rare\",\"actual\":[1],\"typical\":[1],\"by_field_name\":\"mlcategory\","
         "\"by_field_value\":\"7\"",
         WHEN "mlcategory 7 was seen, which is rare here" END},
    };
    struct buf out;
    buf_init(&out);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        sentence(cases[i].rest, &out);
        assert_string_equal(buf_text(&out), cases[i].says);
    }
    buf_release(&out);
}

static void long_values_are_cut_between_characters(void **state)
{
    (void)state;
    struct buf rest;
    struct buf out;
    buf_init(&rest);
    buf_init(&out);
    buf_str(&rest, "\"function\":\"rare\",\"by_field_name\":\"url.full\",\"by_field_value\":\"x");
    for (unsigned i = 0; i < 100; i++)
        buf_str(&rest, "\xe2\x82\xac");
    buf_str(&rest, "\"");
    sentence(buf_text(&rest), &out);
    assert_true(out.n < 300);
    assert_non_null(strstr(buf_text(&out), "\xe2\x82\xac\xe2\x80\xa6 was seen"));
    buf_release(&rest);
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_for_people),
        cmocka_unit_test(the_sentence_tells_who_sent_what_to_whom),
        cmocka_unit_test(long_values_are_cut_between_characters),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
