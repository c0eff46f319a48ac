/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/kql.h"

#include "base/buf.h"
#include "base/rng.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "query/query.h"
#include "query/tree.h"

#include <stdio.h>
#include <string.h>

static bool write_text(const char *dsl, struct buf *out)
{
    struct query *q;
    struct err_text why;
    if (query_parse_json(dsl, strlen(dsl), "q", 0, &q, &why) != ERR_NONE) {
        print_error("%s: %s\n", dsl, why.message);
        fail();
    }
    bool said = rule_kql_write(query_root(q), out);
    query_free(q);
    return said;
}

static void leaves_are_said_in_kql(void **state)
{
    (void)state;
    static const struct {
        const char *dsl;
        const char *kql;
    } cases[] = {
        {"{\"match_all\":{}}", "*"},
        {"{\"term\":{\"event.category\":\"network\"}}", "event.category: \"network\""},
        {"{\"terms\":{\"source.ip\":[\"10.0.0.0/8\",\"::1\"]}}",
         "source.ip: (\"10.0.0.0/8\" or \"::1\")"},
        {"{\"exists\":{\"field\":\"source.bytes\"}}", "source.bytes: *"},
        {"{\"prefix\":{\"event.dataset\":\"network_traffic.\"}}",
         "event.dataset: network_traffic.*"},
        {"{\"wildcard\":{\"user_agent.original\":\"Mozilla*\"}}", "user_agent.original: Mozilla*"},
        {"{\"range\":{\"source.bytes\":{\"gte\":5,\"lt\":9}}}",
         "(source.bytes >= \"5\" and source.bytes < \"9\")"},
        {"{\"range\":{\"source.bytes\":{\"gt\":5}}}", "source.bytes > \"5\""},
        {"{\"range\":{\"@timestamp\":{\"gte\":\"2024-01-01\",\"lt\":\"2024-01-02\"}}}",
         "(@timestamp >= \"2024-01-01T00:00:00.000Z\" and @timestamp < "
         "\"2024-01-02T00:00:00.000Z\")"},
        {"{\"match\":{\"message\":\"Two Words\"}}", "message: (\"two\" or \"words\")"},
        {"{\"match_phrase\":{\"message\":\"Two Words\"}}", "message: \"two words\""},
        {"{\"ids\":{\"values\":[\"x\"]}}", "_id: \"x\""},
        {"{\"terms\":{\"_index\":[\"logs-a-b\",\"c\"]}}", "_index: (\"logs-a-b\" or \"c\")"},
        {"{\"terms\":{\"_tier\":[\"data_hot\"]}}", "*"},
        {"{\"terms\":{\"_tier\":[\"data_frozen\"]}}", "(not *)"},
        {"{\"match_none\":{}}", "(not *)"},
        {"{\"term\":{\"source.port\":443}}", "source.port: 443"},
        {"{\"wildcard\":{\"user.name\":\"a\\\\*b (c)*\"}}", "user.name: a\\*b\\ \\(c\\)*"},
        {"{\"bool\":{\"must_not\":[{\"term\":{\"a\":\"x\"}}]}}", "not a: \"x\""},
        {"{\"bool\":{\"should\":[{\"term\":{\"a\":\"x\"}},{\"term\":{\"b\":\"y\"}}],"
         "\"minimum_should_match\":2}}",
         "(a: \"x\" and b: \"y\")"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out);
        assert_true(write_text(cases[i].dsl, &out));
        assert_string_equal(buf_text(&out), cases[i].kql);
        struct query *q;
        assert_int_equal(query_parse_kql(out.p, out.n, 0, &q, NULL), ERR_NONE);
        query_free(q);
        buf_release(&out);
    }
}

static void what_kql_lacks_is_left_unsaid(void **state)
{
    (void)state;
    static const char two_of_three[] =
        "{\"bool\":{\"should\":[{\"term\":{\"a\":1}},{\"term\":{\"b\":2}},{\"term\":{\"c\":3}}],"
        "\"minimum_should_match\":2}}";
    static const char *const cases[] = {
        "{\"regexp\":{\"user.name\":\"a.*b\"}}",
        "{\"wildcard\":{\"user.name\":\"a?b\"}}",
        "{\"term\":{\"user.name\":{\"value\":\"x\",\"case_insensitive\":true}}}",
        two_of_three,
        "{\"match_phrase_prefix\":{\"message\":\"two wo\"}}",
        "{\"prefix\":{\"user.name\":{\"value\":\"x\",\"case_insensitive\":true}}}",
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out;
        buf_init(&out);
        buf_str(&out, "before");
        assert_false(write_text(cases[i], &out));
        assert_string_equal(buf_text(&out), "before");
        buf_release(&out);
    }
}

static const char *const fields[] = {"user.name", "event.action", "process.name"};
static const char *const values[] = {"a",    "b c", "x\"y", "back\\slash", "st*r",
                                     "(or)", "and", "a:b",  "tab\there",   "ü"};

static void random_query(struct rng *rng, unsigned depth, struct buf *out)
{
    unsigned kind = (unsigned)(rng_u64(rng) % (depth == 0 ? 4 : 7));
    const char *field = fields[rng_u64(rng) % 3];
    char quoted[64] = "";
    size_t n = 0;
    for (const char *s = values[rng_u64(rng) % 10]; *s != '\0'; s++) {
        if (*s == '\t') {
            quoted[n++] = '\\';
            quoted[n++] = 't';
            continue;
        }
        if (*s == '"' || *s == '\\')
            quoted[n++] = '\\';
        quoted[n++] = *s;
    }
    switch (kind) {
    case 0:
        buf_format(out, "{\"term\":{\"%s\":\"%s\"}}", field, quoted);
        return;
    case 1:
        buf_format(out, "{\"exists\":{\"field\":\"%s\"}}", field);
        return;
    case 2:
        buf_format(out, "{\"prefix\":{\"%s\":\"%s\"}}", field, quoted);
        return;
    case 3:
        buf_format(out, "{\"terms\":{\"%s\":[\"%s\",\"a\"]}}", field, quoted);
        return;
    default:
        break;
    }
    static const char *const clauses[] = {"filter", "should", "must_not"};
    buf_format(out, "{\"bool\":{\"%s\":[", clauses[kind - 4]);
    unsigned children = 1 + (unsigned)(rng_u64(rng) % 3);
    for (unsigned i = 0; i < children; i++) {
        if (i > 0)
            buf_char(out, ',');
        random_query(rng, depth - 1, out);
    }
    buf_str(out, "]}}");
}

static void random_event(struct rng *rng, struct arena *arena, struct event *e)
{
    event_init(e, arena, 0);
    for (size_t f = 0; f < 3; f++) {
        for (unsigned i = 0; i < rng_u64(rng) % 3; i++) {
            const char *s = values[rng_u64(rng) % 10];
            event_add_str(e, event_field_by_name(fields[f], strlen(fields[f])), s, strlen(s));
        }
    }
}

/* What is written in KQL and read back chooses the same events. */
static void kql_means_what_the_dsl_meant(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 5);
    for (unsigned draw = 0; draw < 600; draw++) {
        struct buf dsl;
        struct buf kql;
        struct query *a;
        struct query *b;
        struct err_text why;
        buf_init(&dsl);
        buf_init(&kql);
        random_query(&rng, 3, &dsl);
        assert_int_equal(query_parse_json(buf_text(&dsl), dsl.n, "q", 0, &a, &why), ERR_NONE);
        assert_true(rule_kql_write(query_root(a), &kql));
        if (query_parse_kql(buf_text(&kql), kql.n, 0, &b, &why) != ERR_NONE) {
            print_error("%s\n%s\n%s\n", buf_text(&dsl), buf_text(&kql), why.message);
            fail();
        }
        struct arena arena;
        arena_init(&arena, 0);
        for (unsigned i = 0; i < 20; i++) {
            struct event e;
            random_event(&rng, &arena, &e);
            if (query_match(a, &e) != query_match(b, &e)) {
                print_error("%s\n%s\n", buf_text(&dsl), buf_text(&kql));
                fail();
            }
        }
        arena_release(&arena);
        query_free(a);
        query_free(b);
        buf_release(&dsl);
        buf_release(&kql);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(leaves_are_said_in_kql),
        cmocka_unit_test(what_kql_lacks_is_left_unsaid),
        cmocka_unit_test(kql_means_what_the_dsl_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
