#ifndef FIND_REDUCE_H
#define FIND_REDUCE_H

/*
 * What was counted as Elasticsearch writes it: buckets in order and cut to size, empty ones of
 * histograms filled in, numbers of metrics.
 *
 * Threads: one owner.
 */

#include "find/error.h"
#include "find/fetch.h"
#include "find/tally.h"
#include "format/write.h"

struct find_reduce {
    struct find_tally *tally;
    struct find_fetch *fetch;         /* for top_hits; run before writing */
    const struct find_bucket *unseen; /* has below it the terms of all documents, by number */
    struct event_json *reader;
    bool typed;     /* names as type#name, for clients that ask for typed_keys */
    size_t memory;  /* the limit, to be told */
    size_t buckets; /* so far */
};

/* Orders and cuts all buckets; the candidates of top_hits that remain are added to the fetch. */
enum err find_reduce_cut(struct find_reduce *r, const struct find_aggs *aggs,
                         struct find_error *error) ERR_MUST_CHECK;
/* Writes the members of "aggregations". */
enum err find_reduce_write(struct find_reduce *r, const struct find_aggs *aggs,
                           struct format_writer *w, struct find_error *error) ERR_MUST_CHECK;

#endif
