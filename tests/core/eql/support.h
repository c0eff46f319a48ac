#ifndef TEST_EQL_SUPPORT_H
#define TEST_EQL_SUPPORT_H

/*
 * What the tests of the eql room share: events from JSON, conditions asked of them, sequences found
 * among many and written as text.
 *
 * Ownership: support_event() makes an event that support_drop() frees.
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "eql/eql.h"
#include "eql/matcher.h"
#include "event/event.h"
#include "event/json.h"

#define SUPPORT_START ((ts_ns)1709209800 * TIME_S)

struct support_event {
    struct arena arena;
    struct event_json *reader;
    struct event e;
};

void support_event(struct support_event *out, const char *json);
void support_drop(struct support_event *e);

/* Parses and fails the test with the reason when that goes wrong. */
struct eql *support_parse(const char *text);

/*
 * 1 or 0 whether the query wants the event; -1 with the reason printed when it does not parse; -2
 * when the event is wanted and the filter leaves it out.
 */
int support_hits(const char *text, const char *event_json);

struct support_case {
    const char *query; /* the condition; "any where" is put before it */
    const char *event;
    int hits;
};

/* Runs them all and fails with the list of wrong ones. */
void support_run(const struct support_case *cases, size_t n);

struct support_mistake {
    const char *query; /* whole */
    enum err err;
    unsigned line;
    unsigned column;
    const char *says; /* part of the message */
};

void support_mistakes(const struct support_mistake *cases, size_t n);

/*
 * Events in a short form, one a word: "12a:x" is an event at second 12 that category a
 * (event.category) has, with user.name x; "12ab:x,y" has categories a and b and two names; "12a"
 * none. Each is fed, its document being the number of its place, from 1. At the end time passes by
 * `after`, then eql_matcher_finish(). What was found is written as "[x: 1 2] [y: 3 !]", '!' being a
 * missing item.
 */
#define SUPPORT_FOUND_SIZE 4096

struct support_feed {
    uint64_t bytes;
    ts_ns after;
    struct eql_counts counts; /* afterwards */
    bool done;
};

const char *support_find(const char *query, const char *events, struct support_feed *feed,
                         char out[SUPPORT_FOUND_SIZE]);

/* With no limit, and time passing by a day at the end: found must be that. */
void support_finds(const char *query, const char *events, const char *found);

#endif
