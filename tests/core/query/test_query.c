/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buf.h"
#include "core/query/support.h"
#include "format/node.h"
#include "query/ask.h"

#include "cmocka_head.h"

#include <string.h>

#define FLOW                                                                                       \
    "{\"@timestamp\":\"2024-02-29T10:00:00Z\",\"process\":{\"name\":\"curl\"},"                    \
    "\"destination\":{\"port\":443},\"event\":{\"start\":\"2024-02-29T09:00:00.0000005Z\"}}"

static bool hits(const struct query *q)
{
    struct support_event e;
    support_event(&e, FLOW);
    bool hit = query_match(q, &e.e);
    support_drop(&e);
    return hit;
}

static struct query *one(const char *field, const char *value)
{
    struct query *q;
    assert_int_equal(query_new_terms(field, &value, 1, &q, NULL), ERR_NONE);
    return q;
}

static void made_by_programs(void **state)
{
    (void)state;
    static const char *const ports[] = {"80", "443"};
    struct query *q;
    struct err_text why = {0};
    assert_int_equal(query_new_terms("destination.port", ports, 2, &q, &why), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_new_terms("destination.port", ports, 0, &q, &why), ERR_NONE);
    assert_false(hits(q));
    query_free(q);
    static const char *const http = "http";
    assert_int_equal(query_new_terms("destination.port", &http, 1, &q, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "expected a number"));
    assert_int_equal(query_new_exists("process", &q, NULL), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_new_wildcard("process.name", "cu?l*", &q, NULL), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_new_all(&q), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_new_none(&q), ERR_NONE);
    assert_false(hits(q));
    query_free(q);
}

/* Half-open and exact to the nanosecond. */
static void time_ranges(void **state)
{
    (void)state;
    ts_ns t;
    static const char text[] = "2024-02-29T09:00:00.0000005Z";
    assert_true(time_parse_iso(text, strlen(text), &t));
    static const struct {
        int from, to;
        bool hit;
    } cases[] = {{0, 1, true}, {1, 2, false}, {-1, 0, false}, {-1, 1, true}};
    struct query *q;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(
            query_new_time("event.start", t + cases[i].from, t + cases[i].to, &q, NULL), ERR_NONE);
        assert_int_equal(hits(q), cases[i].hit);
        query_free(q);
    }
    assert_int_equal(query_new_time("event.start", t, TIME_NONE, &q, NULL), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_new_time("event.start", TIME_NONE, t, &q, NULL), ERR_NONE);
    assert_false(hits(q));
    query_free(q);
}

static void combined(void **state)
{
    (void)state;
    struct query *list[3] = {one("process.name", "curl"), NULL, one("destination.port", "80")};
    struct query *q;
    assert_int_equal(query_any_of_take(list, 3, &q), ERR_NONE);
    assert_true(hits(q));
    struct query *not_q;
    assert_int_equal(query_not_take(q, &not_q), ERR_NONE);
    assert_false(hits(not_q));
    struct query *both[2] = {not_q, one("process.name", "curl")};
    struct query *all;
    assert_int_equal(query_all_of_take(both, 2, &all), ERR_NONE);
    assert_false(hits(all));
    struct buf dsl;
    buf_init(&dsl);
    query_to_dsl(all, &dsl);
    assert_string_equal(
        buf_text(&dsl),
        "{\"bool\":{\"filter\":[{\"term\":{\"process.name\":{\"value\":\"curl\"}}}],\"must_not\":["
        "{\"bool\":{\"should\":[{\"term\":{\"process.name\":{\"value\":\"curl\"}}},{\"term\":{"
        "\"destination.port\":{\"value\":\"80\"}}}],\"minimum_should_match\":1}}]}}");
    buf_release(&dsl);
    query_free(all);
    assert_int_equal(query_all_of_take(NULL, 0, &q), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_any_of_take(NULL, 0, &q), ERR_NONE);
    assert_false(hits(q));
    query_free(q);
}

static void now_moves(void **state)
{
    (void)state;
    struct query *list[2], *q;
    struct err_text why;
    assert_int_equal(support_parse(KQL, "@timestamp >= now-1h", &list[0], &why), ERR_NONE);
    list[1] = one("process.name", "curl");
    assert_true(query_uses_now(list[0]));
    assert_false(query_uses_now(list[1]));
    assert_int_equal(query_all_of_take(list, 2, &q), ERR_NONE);
    assert_true(query_uses_now(q));
    assert_false(hits(q));
    query_set_now(q, SUPPORT_NOW - 2 * TIME_HOUR);
    assert_true(hits(q));
    query_set_now(q, SUPPORT_NOW);
    assert_false(hits(q));
    query_free(q);
}

static void languages_by_name(void **state)
{
    (void)state;
    struct query *q;
    struct err_text why;
    assert_int_equal(query_parse_language("kuery", "process.name:curl", 17, 0, &q, &why), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_parse_language("lucene", "process.name:/c.*/", 18, 0, &q, &why),
                     ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    assert_int_equal(query_parse_language("eql", "any where true", 14, 0, &q, &why),
                     ERR_UNSUPPORTED);
    assert_non_null(strstr(why.message, "eql"));
}

static void one_leaf(void **state)
{
    (void)state;
    struct query *q;
    struct err_text why;
    struct query_raw raw = {QUERY_WRITTEN_STRING, "CURL", 4};
    struct query_ask ask = {.op = QUERY_TERMS, .values = &raw, .n = 1, .fold = true};
    assert_int_equal(query_new_leaf("process.name", 12, &ask, 0, NULL, &q, &why), ERR_NONE);
    assert_true(hits(q));
    query_free(q);
    ask.fold = false;
    assert_int_equal(query_new_leaf("process.name", 12, &ask, 0, NULL, &q, &why), ERR_NONE);
    assert_false(hits(q));
    query_free(q);
    assert_int_equal(query_new_leaf("process.pid", 11, &ask, 0, NULL, &q, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "process.pid is of type long"));
}

/* How many clauses the query takes of a budget of that many; -1: it is refused. */
static int spent(const char *json, size_t clauses)
{
    struct query_budget budget = QUERY_BUDGET;
    struct format_node *v;
    struct query *q;
    struct err_text why;
    budget.clauses = clauses;
    assert_int_equal(format_node_json(json, strlen(json), "query", &v, &why), ERR_NONE);
    enum err e = query_parse_dsl_within(v, 0, &budget, &q, &why);
    format_node_free(v);
    if (e != ERR_NONE) {
        assert_int_equal(e, ERR_INVALID);
        assert_non_null(strstr(why.message, "clauses"));
        return -1;
    }
    query_free(q);
    return (int)(clauses - budget.clauses);
}

static void clauses_are_counted(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int n;
    } cases[] = {
        {"{\"term\":{\"process.name\":\"a\"}}", 1},
        {"{\"terms\":{\"process.name\":[\"a\",\"b\",\"c\"]}}", 1},
        {"{\"terms\":{\"@timestamp\":[\"2026-01-01\",\"2026-01-02\",\"2026-01-03\"]}}", 3},
        {"{\"match\":{\"message\":{\"query\":\"a b c\",\"operator\":\"and\"}}}", 3},
        {"{\"match\":{\"message\":\"a b c\"}}", 1},
        {"{\"bool\":{\"must\":[{\"match_all\":{}},{\"exists\":{\"field\":\"a\"}}],"
         "\"must_not\":{\"match_none\":{}}}}",
         3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(spent(cases[i].json, 100), cases[i].n);
        assert_int_equal(spent(cases[i].json, cases[i].n), cases[i].n);
        assert_int_equal(spent(cases[i].json, cases[i].n - 1), -1);
    }
    /* Any field is of one kind. */
    int any = spent("{\"multi_match\":{\"query\":\"a b\",\"fields\":[\"*\"]}}", 100);
    assert_in_range(any, 1, 3);
}

/* Many expressions that are each just fine. */
static void expressions_share_a_budget(void **state)
{
    (void)state;
    struct buf text;
    struct query *q;
    struct err_text why;
    buf_init(&text);
    buf_str(&text, "{\"bool\":{\"should\":[");
    for (int i = 0; i < 2000; i++)
        buf_format(&text, "%s{\"regexp\":{\"process.name\":\"(.*a.{9})%d\"}}", i > 0 ? "," : "", i);
    buf_str(&text, "]}}");
    assert_true(buf_ok(&text));
    assert_int_equal(query_parse_json(buf_text(&text), text.n, "query", 0, &q, &why), ERR_LIMIT);
    assert_non_null(strstr(why.message, "together"));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(made_by_programs),
        cmocka_unit_test(time_ranges),
        cmocka_unit_test(combined),
        cmocka_unit_test(now_moves),
        cmocka_unit_test(languages_by_name),
        cmocka_unit_test(one_leaf),
        cmocka_unit_test(clauses_are_counted),
        cmocka_unit_test(expressions_share_a_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
