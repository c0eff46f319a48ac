#ifndef FIND_BODY_H
#define FIND_BODY_H

/*
 * A search's body, read and checked: no key is swallowed.
 *
 * Ownership: find_body_release(). The node must outlive it.
 * Threads:   one owner.
 */

#include "find/agg.h"
#include "find/hit.h"
#include "find/target.h"

struct query;

enum find_body_kind {
    FIND_BODY_SEARCH,
    FIND_BODY_COUNT,  /* nothing but `query` is allowed */
    FIND_BODY_MOMENT, /* of a point in time: an order that is asked ends ties */
    FIND_BODY_SCROLL, /* pages follow: order ends ties */
};

struct find_body {
    struct arena arena;
    struct query *query;  /* of events: with the target's */
    struct query *wanted; /* of other documents: without */
    struct find_aggs aggs;
    struct find_hits hits;
    struct find_sort order; /* of hits: hits.sort, by time when that is empty; perhaps one more */
    uint64_t total_up_to;   /* how far hits.total is exact; UINT64_MAX: all the way */
    bool no_total;
    ts_ns timeout_ns; /* 0: none */
    ts_ns from;       /* from <= @timestamp < to follows from the query */
    ts_ns to;
};

/*
 * v: NULL or an object; its `pit` is not looked at. The target's query is taken. After a failure
 * nothing is to be released.
 */
enum err find_body_parse(struct format_node *v, ts_ns now, struct find_target *target,
                         enum find_body_kind kind, struct find_body *out,
                         struct find_error *error) ERR_MUST_CHECK;
void find_body_release(struct find_body *b);

#endif
