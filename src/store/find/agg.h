#ifndef FIND_AGG_H
#define FIND_AGG_H

/*
 * What a search wants aggregated: the definitions, as a tree.
 *
 * What is not understood, or understood and not done here (scripts, relevance, geography), is
 * refused with a sentence. docs/method/find.md says how each is computed.
 *
 * Ownership: find_aggs_free(). Everything in the tree lives as long as it.
 * Threads:   any once made.
 */

#include "find/error.h"
#include "find/field.h"
#include "find/hit.h"
#include "find/round.h"

struct find_agg;
struct query;
struct query_budget;
struct query_regexp;

enum find_agg_kind {
    FIND_AGG_TERMS,
    FIND_AGG_DATE_HISTOGRAM,
    FIND_AGG_HISTOGRAM,
    FIND_AGG_COMPOSITE,
    FIND_AGG_RANGE, /* from here on buckets are fixed */
    FIND_AGG_DATE_RANGE,
    FIND_AGG_FILTER,
    FIND_AGG_FILTERS,
    FIND_AGG_MISSING,
    FIND_AGG_SUM, /* from here on there are no buckets */
    FIND_AGG_AVG,
    FIND_AGG_MIN,
    FIND_AGG_MAX,
    FIND_AGG_VALUE_COUNT,
    FIND_AGG_STATS,
    FIND_AGG_CARDINALITY,
    FIND_AGG_PERCENTILES,
    FIND_AGG_TOP_HITS,
};

static inline bool find_agg_is_keyed(uint8_t kind)
{
    return kind <= FIND_AGG_COMPOSITE;
}

static inline bool find_agg_is_fixed(uint8_t kind)
{
    return kind >= FIND_AGG_RANGE && kind <= FIND_AGG_MISSING;
}

static inline bool find_agg_has_buckets(uint8_t kind)
{
    return kind <= FIND_AGG_MISSING;
}

/* Sums, counts, least and greatest: what the worker gives beside the number of events. */
static inline bool find_agg_is_measure(uint8_t kind)
{
    return kind >= FIND_AGG_SUM && kind <= FIND_AGG_STATS;
}

enum find_order_by {
    FIND_ORDER_COUNT,
    FIND_ORDER_KEY,
    FIND_ORDER_BELOW, /* a number of an aggregation below */
};

#define FIND_ORDER_DEPTH 4

struct find_order {
    uint8_t by;
    bool descending;
    uint8_t depth;                   /* aggregations on the way, the last is the metric */
    uint16_t path[FIND_ORDER_DEPTH]; /* numbers among what lies below */
    const char *property;            /* "value", "avg", a percent, "_count" … */
};

/* One fixed bucket: a condition, and how it is called. */
struct find_case {
    struct query *query; /* owned by the tree */
    const char *key;     /* NULL: nameless */
    bool has_from;
    bool has_to;
    double from; /* of ranges: numbers, or milliseconds */
    double to;
};

/* What terms include or exclude. */
struct find_choice {
    const struct query_regexp *regexp;
    const struct event_value *values;
    size_t n;
    uint32_t partition;
    uint32_t partitions; /* 0: none */
};

/* One source of a composite. */
struct find_source {
    const char *name;
    uint8_t kind; /* TERMS, DATE_HISTOGRAM or HISTOGRAM */
    struct find_field field;
    struct find_round round;
    double interval;
    const char *format;
    bool descending;
    bool missing_bucket;
    bool missing_first;
};

struct find_agg {
    uint8_t kind; /* enum find_agg_kind */
    const char *name;
    const struct format_node *meta; /* or NULL */
    struct find_agg *sub;
    size_t sub_n;

    struct find_field field;
    bool has_field;
    bool has_missing;
    struct event_value missing;
    const char *format; /* of times, or NULL */

    uint32_t size; /* TERMS, COMPOSITE */
    uint64_t min_doc_count;
    uint32_t unseen;           /* TERMS with min_doc_count 0: their number from 1 on */
    struct find_order *orders; /* TERMS, histograms; never none */
    size_t orders_n;
    struct find_choice include;
    struct find_choice exclude;
    bool show_error; /* show_term_doc_count_error */

    struct find_round round; /* DATE_HISTOGRAM */
    double interval;         /* HISTOGRAM */
    double offset;
    bool keyed;
    bool has_extended_min, has_extended_max, has_hard_min, has_hard_max;
    double extended_min, extended_max, hard_min, hard_max; /* numbers, or milliseconds */

    struct find_case *cases; /* fixed buckets */
    size_t cases_n;
    bool nameless; /* FILTERS given as an array */

    struct find_source *sources; /* COMPOSITE */
    size_t sources_n;
    struct event_value *after; /* or NULL */

    double *percents;
    size_t percents_n;

    struct find_hits hits; /* TOP_HITS */
};

struct find_aggs {
    struct find_agg root; /* its sub are the definitions of the search */
    struct arena *arena;
    struct query **queries; /* of all cases */
    size_t queries_n;
    size_t queries_cap;
    size_t count;      /* of definitions */
    uint32_t unseen_n; /* of terms that also show what only documents beside the query have */
};

/*
 * Reads an `aggs` object; v NULL: none. The node must outlive the tree (meta). now: for dates;
 * budget: what is left to queries and regular expressions.
 * On failure nothing is to be freed.
 */
enum err find_aggs_parse(struct format_node *v, ts_ns now, struct query_budget *budget,
                         struct arena *arena, struct find_aggs *out,
                         struct find_error *error) ERR_MUST_CHECK;
void find_aggs_free(struct find_aggs *a);

#endif
