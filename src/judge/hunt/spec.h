#ifndef HUNT_SPEC_H
#define HUNT_SPEC_H

/*
 * What a rule searches events for: its query, filters and indices, and what its type adds.
 *
 * Read from the rule's object, whose keys were checked (rule/keys.h). A query that cannot be read
 * is the rule's mistake, with its line. docs/method/hunt.md.
 *
 * Ownership: hunt_spec_free(); texts and queries live as long.
 * Threads:   one owner: now of its queries moves.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct eql;
struct format_node;
struct query;
struct query_index;

enum hunt_type {
    HUNT_QUERY,
    HUNT_THRESHOLD,
    HUNT_NEW_TERMS,
    HUNT_THREAT_MATCH,
    HUNT_EQL,
};

#define HUNT_FIELDS_MAX 5

/* A field by its full dotted name. */
struct hunt_field {
    const char *name;
    size_t len;
};

struct hunt_cardinality {
    struct hunt_field field;
    uint64_t least;
};

#define HUNT_ENTRIES_MAX 8

/*
 * An item of a threat mapping, its entries by number: the event's field has a value of the
 * indicator's field in the first `plain` of them, and none in those after.
 */
struct hunt_item {
    struct hunt_field field[HUNT_ENTRIES_MAX];
    struct hunt_field indicator[HUNT_ENTRIES_MAX];
    size_t plain; /* at least 1 */
    size_t n;
};

struct hunt_spec {
    enum hunt_type type;
    struct query *query;       /* with the filters */
    struct query_index *index; /* which indices */
    const char *const *patterns;
    size_t patterns_n;
    bool hidden; /* a pattern names indices that begin with '.': alerts, anomaly records */
    const char *index_clause; /* Query DSL that all events of these indices match; NULL: none */
    struct hunt_field time;   /* timestamp_override; name NULL: none */
    bool no_fallback;

    struct hunt_field fields[HUNT_FIELDS_MAX]; /* threshold, new_terms */
    size_t fields_n;
    uint64_t least; /* threshold */
    const struct hunt_cardinality *cardinality;
    size_t cardinality_n;
    const char *history; /* new_terms: date math */

    struct eql *eql; /* eql; query is what all it may want has */

    struct query *threat_query; /* threat_match, with its filters */
    struct query_index *threat_index;
    const char *threat_clause; /* as index_clause */
    const struct hunt_item *items;
    size_t items_n;
    const char *indicator_path; /* "threat.indicator" */
};

/* ERR_INVALID, ERR_UNSUPPORTED (why names the key), ERR_MEMORY. */
enum err hunt_spec_new(const struct format_node *rule, enum hunt_type type, struct hunt_spec **out,
                       struct err_text *why) ERR_MUST_CHECK;
void hunt_spec_free(struct hunt_spec *s); /* NULL is fine */

/* A new instant for date math in queries. */
void hunt_spec_set_now(struct hunt_spec *s, ts_ns now);

#endif
