#ifndef EQL_MATCHER_H
#define EQL_MATCHER_H

/*
 * Finds what a query wants among events in order of time: single events, sequences, samples.
 *
 * Method: one state machine for each value of the join keys, docs/method/eql.md. Memory is bounded:
 * when the budget is spent, the pending sequence that began first is given up and counted.
 *
 * Ownership: the query must live as long as the matcher. Documents are copied where they must be
 *            kept; what the sink is given dies when it returns.
 * Threads:   one owner. The sink must not call the matcher.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eql;
struct event;
struct eql_matcher;

/* An event of what was found, or a missing item's place. */
struct eql_event {
    bool missing;
    ts_ns time;            /* missing: 0 */
    struct bytes document; /* as it was handed over; missing: nothing */
};

enum eql_key_type {
    EQL_KEY_NULL,
    EQL_KEY_NUMBER,
    EQL_KEY_BOOL,
    EQL_KEY_TEXT,
};

/* A join key's value. Numbers and truths are as JSON writes them. */
struct eql_key {
    uint8_t type; /* enum eql_key_type */
    uint32_t n;
    const char *text; /* not terminated */
};

struct eql_found {
    size_t n; /* eql_items() */
    const struct eql_event *events;
    size_t n_keys; /* eql_keys() */
    const struct eql_key *keys;
};

typedef void (*eql_sink_fn)(void *ctx, const struct eql_found *found);

struct eql_matcher_options {
    uint64_t bytes; /* the budget; 0: no limit */
    struct hash_key seed;
    eql_sink_fn sink;
    void *ctx;
};

struct eql_counts {
    uint64_t events;     /* handed over */
    uint64_t found;      /* given to the sink */
    uint64_t replaced;   /* pending, by a more recent one */
    uint64_t expired;    /* pending, by maxspan */
    uint64_t ended;      /* pending, by until */
    uint64_t refuted;    /* by an event that had to be missing */
    uint64_t evicted;    /* pending, or keys, given up for the budget */
    uint64_t refused;    /* events that the budget or memory had no room for */
    uint64_t keys_cut;   /* events with more key values than are followed */
    uint64_t disordered; /* events older than one before: left out */
    uint64_t held;       /* bytes now */
    uint64_t peak;       /* most bytes */
};

/* NULL when memory is short. */
struct eql_matcher *eql_matcher_new(const struct eql *q, const struct eql_matcher_options *options);
void eql_matcher_free(struct eql_matcher *m); /* NULL is fine */

/*
 * One event, not older than the one before. time decides, whatever the event's own is. The document
 * is what the sink will be given of this event: its JSON, its id, anything.
 */
void eql_matcher_feed(struct eql_matcher *m, const struct event *e, ts_ns time,
                      struct bytes document);

/* All events before this time were handed over: reports what waited for that. */
void eql_matcher_advance(struct eql_matcher *m, ts_ns time);

/* No event will come: reports what a tail held. Nothing may be fed afterwards. */
void eql_matcher_finish(struct eql_matcher *m);

/* Whether a head has all it wants, so that more events change nothing. */
bool eql_matcher_done(const struct eql_matcher *m);

struct eql_counts eql_matcher_counts(const struct eql_matcher *m);

#endif
