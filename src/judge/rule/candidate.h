#ifndef RULE_CANDIDATE_H
#define RULE_CANDIDATE_H

/*
 * What one window of a run found and what may become alerts: source documents, before exceptions,
 * suppression and the limit of alerts are applied.
 *
 * A candidate is a document of some index with its id, its time, and its fields as an event, so
 * that whoever looks at fields need not know whether it is an anomaly record or an event. A
 * record's event holds its own keys and, as fields, the values of its by, over and partition fields
 * and influencers.
 *
 * Ownership: rule_candidates_release() frees all that was added; candidates are views of it.
 * Threads:   one owner.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct event;
struct event_json;
struct hunt_hit;

struct rule_candidate {
    const char *id; /* of the source document */
    const char *index;
    const char *version; /* of the source document, as alert ids take it */
    ts_ns time;          /* of the source document */
    struct bytes json;   /* a record's document; empty when the source is an event */
    const struct event *event;

    /* Of a source that is an event, or (threshold) stands for many. */
    struct bytes also; /* part of the alert's id: tells those of one document apart */
    struct bytes more; /* members of the alert that the rule's type adds, as JSON without braces */
    ts_ns since;       /* of the earliest event */
    uint64_t count;    /* how many events; 0: it is one */
    void *origin;      /* for hunt_dealt() */
    const struct hunt_part *parts; /* the events of a sequence; event holds what they share */
    size_t parts_n;
};

struct rule_candidates {
    struct rule_candidate *at; /* in the order in which they are to become alerts */
    size_t n;
    size_t cap;
    struct arena arena; /* of all that candidates point to */
    struct event_json *reader;
};

void rule_candidates_init(struct rule_candidates *c);
void rule_candidates_release(struct rule_candidates *c);

/* Adds a copy of a record. One that is no record document has an event without fields. ERR_MEMORY.
 */
enum err rule_candidates_add_record(struct rule_candidates *c, const char *id, const char *index,
                                    struct bytes json) ERR_MUST_CHECK;
/* Adds a copy of what a search found. ERR_MEMORY. */
enum err rule_candidates_add_hit(struct rule_candidates *c,
                                 const struct hunt_hit *hit) ERR_MUST_CHECK;

#endif
