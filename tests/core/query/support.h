#ifndef TEST_QUERY_SUPPORT_H
#define TEST_QUERY_SUPPORT_H

/*
 * What the tests of the query room share: events from JSON, queries in any language.
 *
 * Ownership: support_event() makes an event that support_drop() frees.
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "event/event.h"
#include "event/json.h"
#include "query/query.h"

#define SUPPORT_NOW ((ts_ns)1709209815 * TIME_S) /* 2024-02-29T12:30:15Z, a Thursday */

enum support_language {
    DSL,
    KQL,
    LUCENE,
};

struct support_event {
    struct arena arena;
    struct event_json *reader;
    struct event e;
};

void support_event(struct support_event *out, const char *json);
void support_drop(struct support_event *e);

enum err support_parse(enum support_language language, const char *text, struct query **out,
                       struct err_text *why);

/* 1 or 0 whether the query matches the event; -1 with the reason printed when it does not parse. */
int support_hits(enum support_language language, const char *text, const char *event_json);

struct support_case {
    enum support_language language;
    const char *query;
    const char *event;
    int hits;
};

/* Runs them all, again after a round through query_to_dsl(), and fails with the list of wrong ones.
 */
void support_run(const struct support_case *cases, size_t n);

struct support_mistake {
    enum support_language language;
    const char *query;
    enum err err;
    unsigned line;
    unsigned column;
    const char *says; /* part of the message */
};

void support_mistakes(const struct support_mistake *cases, size_t n);

#endif
