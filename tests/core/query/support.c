/* SPDX-License-Identifier: Apache-2.0 */
#include "core/query/support.h"

#include "base/buf.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <string.h>

void support_event(struct support_event *out, const char *json)
{
    arena_init(&out->arena, 0);
    out->reader = event_json_new();
    assert_non_null(out->reader);
    if (event_json_read(out->reader, json, strlen(json), false, &out->arena, &out->e, NULL) !=
        ERR_NONE)
        fail_msg("no event: %s", json);
}

void support_drop(struct support_event *e)
{
    event_json_free(e->reader);
    arena_release(&e->arena);
}

enum err support_parse(enum support_language language, const char *text, struct query **out,
                       struct err_text *why)
{
    size_t n = strlen(text);
    switch (language) {
    case KQL:
        return query_parse_kql(text, n, SUPPORT_NOW, out, why);
    case LUCENE:
        return query_parse_lucene(text, n, SUPPORT_NOW, out, why);
    default:
        return query_parse_json(text, n, "q.json", SUPPORT_NOW, out, why);
    }
}

int support_hits(enum support_language language, const char *text, const char *event_json)
{
    struct query *q;
    struct err_text why = {0};
    if (support_parse(language, text, &q, &why) != ERR_NONE) {
        print_message("%s\n  %s\n", text, why.message);
        return -1;
    }
    struct support_event e;
    support_event(&e, event_json);
    int hits = query_match(q, &e.e);
    support_drop(&e);
    query_free(q);
    return hits;
}

static int hits_again(enum support_language language, const char *text, const char *event_json)
{
    struct query *q;
    struct buf dsl;
    assert_int_equal(support_parse(language, text, &q, NULL), ERR_NONE);
    buf_init(&dsl);
    query_to_dsl(q, &dsl);
    query_free(q);
    int hits = support_hits(DSL, buf_text(&dsl), event_json);
    if (hits < 0)
        print_message("  written from %s\n", text);
    buf_release(&dsl);
    return hits;
}

void support_run(const struct support_case *cases, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const struct support_case *c = &cases[i];
        int hits = support_hits(c->language, c->query, c->event);
        if (hits != c->hits) {
            print_message("%zu: %s\n  on %s: %d\n", i, c->query, c->event, hits);
            wrong++;
        } else if (hits_again(c->language, c->query, c->event) != c->hits) {
            print_message("%zu: %s\n  on %s: another answer as Query DSL\n", i, c->query, c->event);
            wrong++;
        }
    }
    assert_int_equal(wrong, 0);
}

void support_mistakes(const struct support_mistake *cases, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        const struct support_mistake *c = &cases[i];
        struct query *q = NULL;
        struct err_text why = {0};
        enum err e = support_parse(c->language, c->query, &q, &why);
        if (e != c->err || why.line != c->line || why.column != c->column ||
            strstr(why.message, c->says) == NULL) {
            print_message("%zu: %s\n  %d at %u:%u: %s\n", i, c->query, e, why.line, why.column,
                          why.message);
            wrong++;
        }
        if (e == ERR_NONE)
            query_free(q);
    }
    assert_int_equal(wrong, 0);
}
