/* SPDX-License-Identifier: Apache-2.0 */
#include "core/eql/support.h"

#include "base/buf.h"
#include "query/query.h"

#include "cmocka_head.h"

#include <stdio.h>
#include <stdlib.h>
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

struct eql *support_parse(const char *text)
{
    struct eql *q = NULL;
    struct err_text why = {0};
    if (eql_parse(text, strlen(text), NULL, &q, &why) != ERR_NONE)
        fail_msg("%s\n  %u:%u: %s", text, why.line, why.column, why.message);
    return q;
}

int support_hits(const char *text, const char *event_json)
{
    struct eql *q;
    struct query *filter;
    struct err_text why = {0};
    struct support_event e;
    struct arena scratch;
    if (eql_parse(text, strlen(text), NULL, &q, &why) != ERR_NONE) {
        print_message("%s\n  %u:%u: %s\n", text, why.line, why.column, why.message);
        return -1;
    }
    support_event(&e, event_json);
    arena_init(&scratch, 0);
    int hits = eql_match(q, &e.e, &scratch);
    assert_int_equal(eql_filter(q, &filter), ERR_NONE);
    if (hits == 1 && !query_match(filter, &e.e))
        hits = -2;
    query_free(filter);
    arena_release(&scratch);
    support_drop(&e);
    eql_free(q);
    return hits;
}

void support_run(const struct support_case *cases, size_t n)
{
    size_t wrong = 0;
    for (size_t i = 0; i < n; i++) {
        char text[2000];
        snprintf(text, sizeof text, "any where %s", cases[i].query);
        int hits = support_hits(text, cases[i].event);
        if (hits != cases[i].hits) {
            print_message("%zu: %s\n  on %s: %d\n", i, cases[i].query, cases[i].event, hits);
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
        struct eql *q = NULL;
        struct err_text why = {0};
        enum err e = eql_parse(c->query, strlen(c->query), NULL, &q, &why);
        if (e != c->err || why.line != c->line || why.column != c->column ||
            strstr(why.message, c->says) == NULL) {
            print_message("%zu: %s\n  %d at %u:%u: %s\n", i, c->query, e, why.line, why.column,
                          why.message);
            wrong++;
        }
        eql_free(q);
    }
    assert_int_equal(wrong, 0);
}

static void write_found(void *ctx, const struct eql_found *found)
{
    struct buf *out = ctx;
    buf_str(out, out->n > 0 ? " [" : "[");
    for (size_t i = 0; i < found->n_keys; i++) {
        buf_str(out, i > 0 ? "," : "");
        if (found->keys[i].type == EQL_KEY_NULL)
            buf_str(out, "null");
        buf_add(out, found->keys[i].text, found->keys[i].n);
    }
    buf_str(out, found->n_keys > 0 ? ":" : "");
    for (size_t i = 0; i < found->n; i++) {
        buf_str(out, i > 0 || found->n_keys > 0 ? " " : "");
        if (found->events[i].missing)
            buf_char(out, '!');
        else
            buf_add(out, found->events[i].document.p, found->events[i].document.n);
    }
    buf_char(out, ']');
}

/* "12ab:x,y" */
static void make_event(struct event *e, struct arena *arena, const char *word, size_t n)
{
    char *at;
    const char *end = word + n;
    event_init(e, arena, SUPPORT_START + strtoll(word, &at, 10) * TIME_S);
    for (; at < end && *at != ':'; at++)
        event_add_str(e, EVENT_F_EVENT_CATEGORY, at, 1);
    while (at < end) {
        const char *name = ++at;
        while (at < end && *at != ',')
            at++;
        event_add_str(e, EVENT_F_USER_NAME, name, (size_t)(at - name));
    }
}

const char *support_find(const char *query, const char *events, struct support_feed *feed,
                         char out[SUPPORT_FOUND_SIZE])
{
    struct buf found;
    struct arena arena;
    struct event e;
    struct eql *q = support_parse(query);
    ts_ns now = SUPPORT_START;
    buf_init(&found);
    arena_init(&arena, 0);
    struct eql_matcher *m = eql_matcher_new(
        q, &(struct eql_matcher_options){
               .bytes = feed->bytes, .seed = {1, 2}, .sink = write_found, .ctx = &found});
    assert_non_null(m);
    int number = 0;
    for (const char *word = events; *word != '\0';) {
        char document[16];
        size_t n = strcspn(word, " ");
        make_event(&e, &arena, word, n);
        snprintf(document, sizeof document, "%d", ++number);
        eql_matcher_feed(m, &e, e.time, bytes_make(document, strlen(document)));
        now = e.time;
        word += n;
        word += strspn(word, " ");
    }
    eql_matcher_advance(m, now + feed->after);
    eql_matcher_finish(m);
    feed->counts = eql_matcher_counts(m);
    feed->done = eql_matcher_done(m);
    eql_matcher_free(m);
    snprintf(out, SUPPORT_FOUND_SIZE, "%s", buf_text(&found));
    buf_release(&found);
    arena_release(&arena);
    eql_free(q);
    return out;
}

void support_finds(const char *query, const char *events, const char *found)
{
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {.after = TIME_DAY};
    support_find(query, events, &feed, out);
    if (strcmp(out, found) != 0)
        fail_msg("%s\n  of %s\n  found %s\n  not   %s", query, events, out, found);
}
