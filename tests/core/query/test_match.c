/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buf.h"
#include "base/rng.h"
#include "core/query/random_tree.h"
#include "core/query/support.h"
#include "query/leaf.h"
#include "query/tree.h"

#include "cmocka_head.h"

#include <string.h>

#define ROUNDS 6000

static void parse(const char *json, struct query **out)
{
    struct err_text why = {0};
    if (query_parse_json(json, strlen(json), "random", SUPPORT_NOW, out, &why) != ERR_NONE)
        fail_msg("%s\n%s", json, why.message);
}

/* The leaf asked value by value as text, as SQL will. */
static bool by_text(const struct query_node *leaf, const struct event *e)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    if (leaf->field.id == EVENT_F_NONE && leaf->field.kind == EVENT_KIND_DATE) {
        struct event_value t = {.type = EVENT_TIME, .t = e->time};
        const char *s = event_value_text(&t, scratch, &n);
        return query_leaf_text(leaf, s, n);
    }
    const struct event_item *item = leaf->field.id != EVENT_F_NONE
                                        ? event_get(e, leaf->field.id)
                                        : event_find(e, leaf->field.path, leaf->field.path_len);
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        const char *s = event_value_text(&event_values(item)[i], scratch, &n);
        if (query_leaf_text(leaf, s, n))
            return true;
    }
    return false;
}

static void check_leaves(const struct query_node *v, const struct event *e, const char *json,
                         size_t *checked)
{
    if (v->op == QUERY_AND || v->op == QUERY_OR || v->op == QUERY_NOT) {
        for (uint32_t i = 0; i < v->n; i++)
            check_leaves(v->child[i], e, json, checked);
        return;
    }
    if (v->op < QUERY_TERMS || v->op > QUERY_REGEXP || v->op == QUERY_EXISTS || v->by_kind != NULL)
        return;
    struct buf one;
    struct query *alone;
    buf_init(&one);
    query_node_to_dsl(v, &one);
    parse(buf_text(&one), &alone);
    if (query_match(alone, e) != by_text(v, e))
        fail_msg("another answer by text: %s\non %s", buf_text(&one), json);
    query_free(alone);
    buf_release(&one);
    (*checked)++;
}

/* Queries that are written and read again, and leaves asked by text, keep their answers. */
static void answers_survive_rewriting(void **state)
{
    (void)state;
    struct rng r;
    size_t hits = 0, checked = 0;
    rng_init(&r, 20240229);
    for (int i = 0; i < ROUNDS; i++) {
        struct buf query, event, dsl;
        struct query *q, *again;
        struct support_event e;
        buf_init(&query);
        buf_init(&event);
        buf_init(&dsl);
        random_query(&r, 2, &query);
        random_event(&r, &event);
        support_event(&e, buf_text(&event));
        parse(buf_text(&query), &q);
        query_to_dsl(q, &dsl);
        assert_true(buf_ok(&dsl));
        parse(buf_text(&dsl), &again);
        bool hit = query_match(q, &e.e);
        if (query_match(again, &e.e) != hit)
            fail_msg("%s\nas %s\non %s", buf_text(&query), buf_text(&dsl), buf_text(&event));
        check_leaves(query_root(q), &e.e, buf_text(&event), &checked);
        hits += hit;
        query_free(q);
        query_free(again);
        support_drop(&e);
        buf_release(&query);
        buf_release(&event);
        buf_release(&dsl);
    }
    /* The generator is worth something only when both answers are common. */
    assert_in_range(hits, ROUNDS / 5, ROUNDS * 4 / 5);
    assert_true(checked > ROUNDS);
}

static void kql_survives_rewriting(void **state)
{
    (void)state;
    struct rng r;
    size_t hits = 0;
    rng_init(&r, 7);
    for (int i = 0; i < ROUNDS / 4; i++) {
        struct buf text, event, dsl;
        struct query *q, *again;
        struct support_event e;
        struct err_text why = {0};
        buf_init(&text);
        buf_init(&event);
        buf_init(&dsl);
        random_kql(&r, 3, &text);
        random_event(&r, &event);
        support_event(&e, buf_text(&event));
        if (query_parse_kql(buf_text(&text), text.n, SUPPORT_NOW, &q, &why) != ERR_NONE)
            fail_msg("%s\n%s", buf_text(&text), why.message);
        query_to_dsl(q, &dsl);
        parse(buf_text(&dsl), &again);
        hits += query_match(q, &e.e);
        if (query_match(q, &e.e) != query_match(again, &e.e))
            fail_msg("%s\nas %s\non %s", buf_text(&text), buf_text(&dsl), buf_text(&event));
        query_free(q);
        query_free(again);
        support_drop(&e);
        buf_release(&text);
        buf_release(&event);
        buf_release(&dsl);
    }
    assert_in_range(hits, ROUNDS / 40, ROUNDS / 4 - ROUNDS / 40);
}

/* Trees about one value, and what is no field: as the store asks them. */
static void trees_by_text(void **state)
{
    (void)state;
    static const struct {
        const char *query, *text;
        bool hit;
    } cases[] = {
        {"{\"bool\":{\"filter\":[{\"prefix\":{\"host.name\":\"a\"}},{\"wildcard\":{\"host.name\":"
         "\"*z\"}}"
         "]}}",
         "abz", true},
        {"{\"bool\":{\"filter\":[{\"prefix\":{\"host.name\":\"a\"}},{\"wildcard\":{\"host.name\":"
         "\"*z\"}}"
         "]}}",
         "abc", false},
        {"{\"bool\":{\"should\":[{\"prefix\":{\"host.name\":\"a\"}},{\"wildcard\":{\"host.name\":"
         "\"*z\"}}"
         "]}}",
         "xyz", true},
        {"{\"bool\":{\"must_not\":{\"prefix\":{\"host.name\":\"a\"}}}}", "abc", false},
        {"{\"match_all\":{}}", "x", true},
        {"{\"match_none\":{}}", "x", false},
        {"{\"term\":{\"_index\":\"logs-*\"}}", "logs-a-b", true},
        {"{\"term\":{\"_index\":\"logs-*\"}}", "metrics-a-b", false},
        {"{\"term\":{\"_tier\":\"data_cold\"}}", "x", false},
        {"{\"term\":{\"source.port\":80}}", "80", true},
        {"{\"term\":{\"source.port\":80}}", "http", false},
        {"{\"term\":{\"source.ip\":\"10.0.0.0/8\"}}", "10.9.8.7", true},
        {"{\"term\":{\"source.ip\":\"10.0.0.0/8\"}}", "gate", false},
        {"{\"exists\":{\"field\":\"host.name\"}}", "", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct query *q;
        parse(cases[i].query, &q);
        if (query_leaf_text(query_root(q), cases[i].text, strlen(cases[i].text)) != cases[i].hit)
            fail_msg("%s on %s", cases[i].query, cases[i].text);
        query_free(q);
    }
}

static void wildcards(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *text;
        bool fold, hit;
    } cases[] = {
        {"", "", false, true},
        {"", "a", false, false},
        {"*", "", false, true},
        {"**a**", "xay", false, true},
        {"a*b*c", "a_b_b_c", false, true},
        {"a*b*c", "a_c_b", false, false},
        {"?", "\xc3\xa4", false, true},
        {"??", "\xc3\xa4", false, false},
        {"*\xc3\xa4?", "xx\xc3\xa4y", false, true},
        {"A*Z", "abz", true, true},
        {"A*Z", "abz", false, false},
        {"a\\*b", "a*b", false, true},
        {"a\\*b", "axb", false, false},
        {"a\\\\b", "a\\b", false, true},
        {"a\\", "a\\", false, true},
        {"*aab", "aaaaaaaaaaaaaaaaab", false, true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool hit = query_leaf_wildcard(cases[i].pattern, strlen(cases[i].pattern), cases[i].text,
                                       strlen(cases[i].text), cases[i].fold);
        if (hit != cases[i].hit)
            fail_msg("%s on %s: %d", cases[i].pattern, cases[i].text, hit);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_survive_rewriting),
        cmocka_unit_test(kql_survives_rewriting),
        cmocka_unit_test(trees_by_text),
        cmocka_unit_test(wildcards),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
