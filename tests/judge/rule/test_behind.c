/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/behind.h"

#include "base/buf.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "query/query.h"
#include "rule/finding.h"

#include <string.h>

#define START (1700000100 * TIME_S)

static const char record[] =
    "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":1700000100000,"
    "\"bucket_span\":900,\"function\":\"high_info_content\",\"field_name\":\"dns.question.name\","
    "\"record_score\":97,\"over_field_name\":\"dns_question_etld\","
    "\"over_field_value\":\"example.com\",\"influencers\":["
    "{\"influencer_field_name\":\"source.ip\",\"influencer_field_values\":"
    "[\"192.0.2.5\",\"2001:db8::1\"]},"
    "{\"influencer_field_name\":\"file_directory\",\"influencer_field_values\":[\"/tmp\"]}]}";

static const char feed[] = "{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}}],"
                           "\"must_not\":[{\"term\":{\"destination.ip\":\"169.254.169.254\"}}]}}";

struct sides {
    struct query *dsl;
    struct query *kql;
};

static void make_sides(const char *json, struct bytes datafeed, struct sides *s)
{
    struct rule_finding f;
    struct err_text why;
    struct buf dsl;
    struct buf kql;
    bool said;
    buf_init(&dsl);
    buf_init(&kql);
    assert_int_equal(rule_finding_read(bytes_make(json, strlen(json)), "r", &f, &why), ERR_NONE);
    assert_int_equal(rule_behind_write(&f, datafeed, 0, &dsl, &kql, &said, &why), ERR_NONE);
    assert_true(said);
    if (query_parse_json(dsl.p, dsl.n, "dsl", 0, &s->dsl, &why) != ERR_NONE ||
        query_parse_kql(kql.p, kql.n, 0, &s->kql, &why) != ERR_NONE) {
        print_error("%s\n%s\n%s\n", why.message, buf_text(&dsl), buf_text(&kql));
        fail();
    }
    rule_finding_release(&f);
    buf_release(&dsl);
    buf_release(&kql);
}

static void end_sides(struct sides *s)
{
    query_free(s->dsl);
    query_free(s->kql);
}

/* An event that the record is about, but for what the test changes. */
static void make_event(struct event *e, struct arena *arena, ts_ns time)
{
    struct ip ip;
    event_init(e, arena, time);
    event_set_text(e, EVENT_F_EVENT_CATEGORY, "network");
    assert_true(ip_parse("192.0.2.5", 9, &ip));
    event_set_ip(e, EVENT_F_SOURCE_IP, &ip);
    event_set_text(e, EVENT_F_DNS_QUESTION_REGISTERED_DOMAIN, "example.com");
}

static void both_match(const struct sides *s, const struct event *e, bool expected)
{
    assert_int_equal(query_match(s->dsl, e), expected);
    assert_int_equal(query_match(s->kql, e), expected);
}

static void the_events_behind_are_found_and_no_others(void **state)
{
    (void)state;
    struct sides s;
    struct arena arena;
    struct event e;
    struct ip ip;
    make_sides(record, bytes_make(feed, strlen(feed)), &s);
    arena_init(&arena, 0);
    make_event(&e, &arena, START);
    both_match(&s, &e, true);
    make_event(&e, &arena, START + 900 * TIME_S - TIME_MS);
    both_match(&s, &e, true);
    make_event(&e, &arena, START + 900 * TIME_S);
    both_match(&s, &e, false);
    make_event(&e, &arena, START - TIME_MS);
    both_match(&s, &e, false);
    make_event(&e, &arena, START);
    assert_true(ip_parse("192.0.2.6", 9, &ip));
    event_set_ip(&e, EVENT_F_SOURCE_IP, &ip);
    both_match(&s, &e, false);
    make_event(&e, &arena, START);
    event_set_text(&e, EVENT_F_DNS_QUESTION_REGISTERED_DOMAIN, "example.net");
    both_match(&s, &e, false);
    make_event(&e, &arena, START);
    assert_true(ip_parse("169.254.169.254", 15, &ip));
    event_set_ip(&e, EVENT_F_DESTINATION_IP, &ip);
    both_match(&s, &e, false);
    /* The runtime field has two sources. */
    make_event(&e, &arena, START);
    event_remove(&e, EVENT_F_DNS_QUESTION_REGISTERED_DOMAIN);
    both_match(&s, &e, false);
    const struct event_value v = {.type = EVENT_STR, .len = 11, .s = "example.com"};
    event_add_named(&e, "dns.question.etld_plus_one", 26, &v);
    both_match(&s, &e, true);
    arena_release(&arena);
    end_sides(&s);
}

static void a_runtime_field_without_value_is_said(void **state)
{
    (void)state;
    static const char none[] =
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":1700000100000,"
        "\"bucket_span\":900,\"function\":\"high_count\",\"record_score\":97,"
        "\"by_field_name\":\"dns_question_etld\",\"by_field_value\":\"None\"}";
    struct sides s;
    struct arena arena;
    struct event e;
    make_sides(none, bytes_make(NULL, 0), &s);
    arena_init(&arena, 0);
    make_event(&e, &arena, START);
    both_match(&s, &e, false);
    event_remove(&e, EVENT_F_DNS_QUESTION_REGISTERED_DOMAIN);
    both_match(&s, &e, true);
    arena_release(&arena);
    end_sides(&s);
}

static void only_telling_values_are_asked_for(void **state)
{
    (void)state;
    static const char flood[] =
        "{\"result_type\":\"record\",\"job_id\":\"j\",\"timestamp\":0,\"bucket_span\":900,"
        "\"function\":\"high_count\",\"record_score\":97,\"partition_field_name\":"
        "\"destination.geo.country_name\",\"partition_field_value\":\"NL\",\"influencers\":["
        "{\"influencer_field_name\":\"destination.ip\",\"influencer_field_values\":[\"192.0.2.5\"]}"
        ","
        "{\"influencer_field_name\":\"destination.as.organization.name\","
        "\"influencer_field_values\":[\"Org\"]},"
        "{\"influencer_field_name\":\"source.geo.country_name\",\"influencer_field_values\":["
        "\"DE\"]},"
        "{\"influencer_field_name\":\"host.name\",\"influencer_field_values\":[\"sensor\"]},"
        "{\"influencer_field_name\":\"source.ip\",\"influencer_field_values\":"
        "[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\"]}]}";
    struct rule_finding f;
    struct err_text why;
    struct buf brief;
    buf_init(&brief);
    assert_int_equal(rule_finding_read(bytes_make(flood, strlen(flood)), "r", &f, &why), ERR_NONE);
    rule_behind_brief(&f, &brief);
    assert_string_equal(buf_text(&brief),
                        "destination.geo.country_name: \"NL\" and destination.ip: \"192.0.2.5\"");
    rule_finding_release(&f);
    buf_release(&brief);
}

static void a_feed_that_kql_cannot_say_is_in_the_dsl_only(void **state)
{
    (void)state;
    static const char odd[] = "{\"regexp\":{\"user.name\":\"a.*b\"}}";
    struct rule_finding f;
    struct err_text why;
    struct buf dsl;
    struct buf kql;
    bool said = true;
    buf_init(&dsl);
    buf_init(&kql);
    assert_int_equal(rule_finding_read(bytes_make(record, strlen(record)), "r", &f, &why),
                     ERR_NONE);
    assert_int_equal(
        rule_behind_write(&f, bytes_make(odd, strlen(odd)), 0, &dsl, &kql, &said, &why), ERR_NONE);
    assert_false(said);
    assert_int_equal(kql.n, 0);
    assert_non_null(strstr(buf_text(&dsl), "regexp"));
    static const char broken[] = "{\"no_such_query\":{}}";
    assert_int_not_equal(
        rule_behind_write(&f, bytes_make(broken, strlen(broken)), 0, &dsl, &kql, &said, &why),
        ERR_NONE);
    rule_finding_release(&f);
    buf_release(&dsl);
    buf_release(&kql);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_events_behind_are_found_and_no_others),
        cmocka_unit_test(a_runtime_field_without_value_is_said),
        cmocka_unit_test(only_telling_values_are_asked_for),
        cmocka_unit_test(a_feed_that_kql_cannot_say_is_in_the_dsl_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
