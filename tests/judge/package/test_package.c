/* SPDX-License-Identifier: Apache-2.0 */
#include "package/package.h"

#include "base/buf.h"
#include "base/ip.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "format/node.h"
#include "query/query.h"
#include "rule/load.h"
#include "rule/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static struct package *open_one(const char *name, const struct package_options *options)
{
    struct package *p = NULL;
    struct err_text why = {0};
    if (package_open(name, options, &p, &why) != ERR_NONE) {
        print_error("%s: %s\n", name, why.message);
        fail();
    }
    return p;
}

static struct format_node *parse(const char *text, size_t n)
{
    struct format_node *root;
    struct err_text why;
    assert_int_equal(format_node_json(text, n, "t", &root, &why), ERR_NONE);
    return root;
}

static const char *str(const struct format_node *v, const char *key)
{
    return format_node_str(format_node_get(v, key), "");
}

static bool has_job(const struct package *p, const char *id)
{
    for (size_t i = 0; i < package_jobs(p); i++) {
        if (strcmp(package_job_at(p, i)->id, id) == 0)
            return true;
    }
    return false;
}

/* Every shipped package: its jobs have datafeeds, its rules are right and name its jobs. */
static void what_ships_is_whole(void **state)
{
    (void)state;
    size_t jobs = 0;
    size_t rules = 0;
    for (size_t i = 0; i < package_shipped_count(); i++) {
        struct package *p = open_one(package_shipped_name(i), NULL);
        assert_string_equal(package_id(p), package_shipped_name(i));
        assert_int_equal(package_warnings(p), 0);
        assert_non_null(package_query(p));
        assert_true(strlen(package_title(p)) > 0 && strlen(package_description(p)) > 0);
        assert_true(strlen(package_readme(p)) > 200);
        assert_int_equal(package_jobs(p), package_rules(p));
        for (size_t k = 0; k < package_jobs(p); k++) {
            const struct package_job *job = package_job_at(p, k);
            struct format_node *v = parse(job->job, job->job_n);
            assert_string_equal(str(v, "job_id"), job->id);
            assert_non_null(format_node_get(v, "analysis_config"));
            format_node_free(v);
            assert_non_null(job->datafeed);
            v = parse(job->datafeed, job->datafeed_n);
            assert_string_equal(str(v, "job_id"), job->id);
            assert_string_equal(str(v, "datafeed_id"), job->datafeed_id);
            assert_null(strstr(job->datafeed, "INDEX_PATTERN_NAME"));
            assert_true(format_node_count(format_node_get(v, "indices")) >= 1);
            struct query *q;
            struct err_text why;
            assert_int_equal(query_parse_dsl(format_node_get(v, "query"), 0, &q, &why), ERR_NONE);
            query_free(q);
            format_node_free(v);
        }
        struct rule_set *set = rule_set_new();
        for (size_t k = 0; k < package_rules(p); k++) {
            const struct package_rule *r = package_rule_at(p, k);
            assert_int_equal(rule_load_text(set, r->text, r->text_n, r->file, NULL), ERR_NONE);
        }
        if (rule_set_problems(set) > 0)
            print_error("%s\n", rule_set_problem(set, 0)->text.message);
        assert_int_equal(rule_set_problems(set), 0);
        assert_int_equal(rule_set_count(set), package_rules(p));
        for (size_t k = 0; k < rule_set_count(set); k++)
            assert_true(has_job(p, rule_set_at(set, k)->jobs[0]));
        jobs += package_jobs(p);
        rules += rule_set_count(set);
        rule_set_free(set);
        package_free(p);
    }
    assert_int_equal(jobs, 35);
    assert_int_equal(rules, 35);
}

static void the_founding_jobs_are_the_public_ones(void **state)
{
    (void)state;
    static const struct {
        const char *package;
        const char *job;
        const char *span;
        const char *function;
        const char *over;
    } cases[] = {
        {"ded", "ded_high_sent_bytes_destination_port", "3h", "high_sum", "destination.port"},
        {"security_network", "high_count_network_events", "15m", "high_count", ""},
        {"security_packetbeat", "packetbeat_dns_tunneling", "15m", "high_info_content",
         "dns_question_etld"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct package *p = open_one(cases[i].package, NULL);
        bool found = false;
        for (size_t k = 0; k < package_jobs(p); k++) {
            const struct package_job *job = package_job_at(p, k);
            if (strcmp(job->id, cases[i].job) != 0)
                continue;
            found = true;
            struct format_node *v = parse(job->job, job->job_n);
            const struct format_node *config = format_node_get(v, "analysis_config");
            const struct format_node *d = format_node_at(format_node_get(config, "detectors"), 0);
            assert_string_equal(str(config, "bucket_span"), cases[i].span);
            assert_string_equal(str(d, "function"), cases[i].function);
            assert_string_equal(str(d, "over_field_name"), cases[i].over);
            format_node_free(v);
        }
        assert_true(found);
        package_free(p);
    }
}

static struct query *datafeed_query(const char *package, const char *job)
{
    struct package *p = open_one(package, NULL);
    struct query *q = NULL;
    for (size_t i = 0; i < package_jobs(p); i++) {
        const struct package_job *at = package_job_at(p, i);
        if (strcmp(at->id, job) != 0)
            continue;
        struct format_node *v = parse(at->datafeed, at->datafeed_n);
        assert_int_equal(query_parse_dsl(format_node_get(v, "query"), 0, &q, NULL), ERR_NONE);
        format_node_free(v);
    }
    package_free(p);
    assert_non_null(q);
    return q;
}

static void set_ip(struct event *e, event_field f, const char *text)
{
    struct ip ip;
    assert_true(ip_parse(text, strlen(text), &ip));
    event_set_ip(e, f, &ip);
}

static void the_exfiltration_feed_takes_what_leaves(void **state)
{
    (void)state;
    static const struct {
        const char *direction;
        const char *destination;
        bool taken;
    } cases[] = {
        {"outbound", "8.8.8.8", true},      {"external", "8.8.8.8", true},
        {"unknown", "8.8.8.8", true},       {NULL, "8.8.8.8", true},
        {"inbound", "8.8.8.8", false},      {"internal", "8.8.8.8", false},
        {"outbound", "10.1.2.3", false},    {"outbound", "172.31.0.1", false},
        {"outbound", "172.32.0.1", true},   {"outbound", "192.168.1.1", false},
        {"outbound", "100.64.0.1", false},  {"outbound", "224.0.0.251", false},
        {"outbound", "169.254.1.1", false}, {"outbound", "198.51.100.7", false},
        {"outbound", "fe80::1", false},     {"outbound", "fd00::1", false},
        {"outbound", "2606:4700::1", true}, {"outbound", "255.255.255.255", false},
    };
    struct query *q = datafeed_query("ded", "ded_high_sent_bytes_destination_port");
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct event e;
        event_init(&e, &arena, 0);
        event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, 1000);
        event_set_i64(&e, EVENT_F_DESTINATION_PORT, 443);
        set_ip(&e, EVENT_F_SOURCE_IP, "192.168.1.5");
        set_ip(&e, EVENT_F_DESTINATION_IP, cases[i].destination);
        if (cases[i].direction != NULL)
            event_set_text(&e, EVENT_F_NETWORK_DIRECTION, cases[i].direction);
        if (query_match(q, &e) != cases[i].taken) {
            print_error("%s to %s\n", cases[i].direction, cases[i].destination);
            fail();
        }
        event_remove(&e, EVENT_F_SOURCE_BYTES);
        assert_false(query_match(q, &e));
    }
    arena_release(&arena);
    query_free(q);
}

static void the_tunnelling_feed_takes_zeek_too(void **state)
{
    (void)state;
    struct query *q = datafeed_query("security_packetbeat", "packetbeat_dns_tunneling");
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    event_set_text(&e, EVENT_F_EVENT_DATASET, "zeek.dns");
    assert_true(query_match(q, &e));
    event_set_text(&e, EVENT_F_EVENT_DATASET, "network_traffic.dns");
    assert_false(query_match(q, &e));
    event_set_text(&e, EVENT_F_AGENT_TYPE, "packetbeat");
    assert_true(query_match(q, &e));
    event_set_text(&e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    assert_false(query_match(q, &e));
    event_set_text(&e, EVENT_F_EVENT_DATASET, "zeek.dns");
    set_ip(&e, EVENT_F_DESTINATION_IP, "169.254.169.254");
    assert_false(query_match(q, &e));
    arena_release(&arena);
    query_free(q);
}

static void options_are_filled_in(void **state)
{
    (void)state;
    const struct package_options options = {.prefix = "my-", .patterns = "a-*, b-*"};
    struct package *p = open_one("ded", &options);
    const struct package_job *job = package_job_at(p, 0);
    assert_string_equal(job->id, "my-ded_high_sent_bytes_destination_port");
    assert_string_equal(job->datafeed_id, "datafeed-my-ded_high_sent_bytes_destination_port");
    struct format_node *v = parse(job->datafeed, job->datafeed_n);
    const struct format_node *indices = format_node_get(v, "indices");
    assert_int_equal(format_node_count(indices), 2);
    assert_string_equal(format_node_str(format_node_at(indices, 1), ""), "b-*");
    assert_string_equal(str(v, "job_id"), job->id);
    format_node_free(v);
    package_free(p);
    struct package_options bad = {.prefix = "My "};
    struct err_text why;
    assert_int_equal(package_open("ded", &bad, &p, &why), ERR_INVALID);
}

static const char module[] =
    "{\"id\":\"m-1\",\"type\":\"ml-module\",\"migrationVersion\":{},\"references\":[],\"odd\":1,"
    "\"attributes\":{\"id\":\"m\",\"title\":\"M\",\"description\":\"d\",\"type\":\"t\",\"logo\":{},"
    "\"query\":{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}}],"
    "\"must_not\":{\"terms\":{\"_tier\":[\"data_frozen\",\"data_cold\"]}}}},"
    "\"jobs\":[{\"id\":\"j\",\"config\":{\"groups\":[\"g\"],\"job_id\":\"JOB_ID\","
    "\"analysis_config\":{\"bucket_span\":\"3h\"}}},{\"id\":\"k\",\"config\":{}}],"
    "\"datafeeds\":[{\"id\":\"datafeed-j\",\"job_id\":\"j\",\"config\":{\"job_id\":\"JOB_ID\","
    "\"indices\":[\"INDEX_PATTERN_NAME\",\"other-*\"],\"query\":{\"match_all\":{}}}}]}}";

static void a_module_document_is_a_package(void **state)
{
    (void)state;
    struct package *p;
    struct err_text why = {0};
    assert_int_equal(package_open_module(module, sizeof(module) - 1, "m.json", NULL, &p, &why),
                     ERR_NONE);
    assert_string_equal(package_id(p), "m");
    assert_string_equal(package_patterns(p), "*");
    assert_int_equal(package_jobs(p), 2);
    assert_int_equal(package_rules(p), 0);
    const struct package_job *job = package_job_at(p, 0);
    assert_string_equal(job->job, "{\"job_id\":\"j\",\"groups\":[\"g\"],\"analysis_config\":"
                                  "{\"bucket_span\":\"3h\"}}");
    assert_string_equal(job->datafeed, "{\"datafeed_id\":\"datafeed-j\",\"job_id\":\"j\","
                                       "\"indices\":[\"*\",\"other-*\"],\"query\":"
                                       "{\"match_all\":{}}}");
    assert_null(package_job_at(p, 1)->datafeed);
    assert_int_equal(package_warnings(p), 1);
    assert_non_null(strstr(package_warning(p, 0)->message, "odd"));
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, 0);
    assert_false(query_match(package_query(p), &e));
    event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
    assert_true(query_match(package_query(p), &e));
    arena_release(&arena);
    package_free(p);
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *message;
    } cases[] = {
        {"[]", "ml-module"},
        {"{\"type\":\"dashboard\",\"attributes\":{}}", "ml-module"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"title\":\"x\"}}", "must have a id"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"jobs\":{}}}", "jobs must be"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"jobs\":[1]}}", "each member"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"jobs\":[{\"id\":\"a\"}]}}",
         "must have a config"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"jobs\":[{\"id\":\"A b\","
         "\"config\":{}}]}}",
         "a job id must be"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"jobs\":[{\"id\":\"a\",\"config\":"
         "{}},{\"id\":\"a\",\"config\":{}}]}}",
         "named twice"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"datafeeds\":[{\"id\":\"a\","
         "\"job_id\":\"b\",\"config\":{}}]}}",
         "does not have"},
        {"{\"type\":\"ml-module\",\"attributes\":{\"id\":\"x\",\"query\":{\"nonsense\":{}}}}",
         "nonsense"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct package *p;
        struct err_text why = {0};
        assert_int_not_equal(
            package_open_module(cases[i].json, strlen(cases[i].json), "m.json", NULL, &p, &why),
            ERR_NONE);
        if (strstr(why.message, cases[i].message) == NULL) {
            print_error("%s: %s\n", cases[i].json, why.message);
            fail();
        }
    }
    struct package *p;
    struct err_text why = {0};
    assert_int_equal(package_open("no_such_package", NULL, &p, &why), ERR_NOT_FOUND);
    assert_string_equal(why.file, "no_such_package");
}

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

static void a_folder_is_a_package_and_cannot_reach_out(void **state)
{
    (void)state;
    char folder[] = "/tmp/weir-package-XXXXXX";
    char ml[64];
    assert_non_null(mkdtemp(folder));
    snprintf(ml, sizeof(ml), "%s/ml", folder);
    assert_int_equal(mkdir(ml, 0700), 0);
    write_file(folder, "manifest.json",
               "{\"id\":\"x\",\"jobs\":[{\"id\":\"j\",\"file\":\"j.json\"}]}");
    write_file(ml, "j.json", "{\"description\":\"d\"}");
    struct package *p = open_one(folder, NULL);
    assert_int_equal(package_jobs(p), 1);
    assert_null(package_query(p));
    assert_non_null(strstr(package_job_at(p, 0)->file, "/ml/j.json"));
    package_free(p);
    struct err_text why = {0};
    write_file(folder, "manifest.json",
               "{\"id\":\"x\",\"jobs\":[{\"id\":\"j\",\"file\":\"../manifest.json\"}]}");
    assert_int_equal(package_open(folder, NULL, &p, &why), ERR_INVALID);
    write_file(folder, "manifest.json",
               "{\"id\":\"x\",\"jobs\":[{\"id\":\"j\",\"file\":\"missing.json\"}]}");
    assert_int_equal(package_open(folder, NULL, &p, &why), ERR_NOT_FOUND);
    write_file(folder, "module.json", module);
    char path[64];
    snprintf(path, sizeof(path), "%s/module.json", folder);
    p = open_one(path, NULL);
    assert_string_equal(package_id(p), "m");
    package_free(p);
    char command[128];
    snprintf(command, sizeof(command), "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_ships_is_whole),
        cmocka_unit_test(the_founding_jobs_are_the_public_ones),
        cmocka_unit_test(the_exfiltration_feed_takes_what_leaves),
        cmocka_unit_test(the_tunnelling_feed_takes_zeek_too),
        cmocka_unit_test(options_are_filled_in),
        cmocka_unit_test(a_module_document_is_a_package),
        cmocka_unit_test(mistakes_are_told),
        cmocka_unit_test(a_folder_is_a_package_and_cannot_reach_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
