#ifndef FIND_TOP_H
#define FIND_TOP_H

/*
 * The first documents by an order, from any number in any order, in memory for those alone.
 *
 * Method: a heap whose root is the last of the first.
 *
 * Ownership: find_top_free().
 * Threads:   one owner.
 */

#include "find/sort.h"
#include "store/look.h"

/* Where a document is found again: an event in the store, or the document itself. */
struct find_candidate {
    struct event_value *values; /* one for each key */
    uint64_t order;             /* of arrival */
    struct store_place place;
    uint32_t source;
    char *index; /* of a document that is no event; else NULL */
    char *id;
    char *json;
    size_t json_n;
};

struct find_top;

/* sort and after (NULL: from the first on) are borrowed. NULL without memory. */
struct find_top *find_top_new(const struct find_sort *sort, const struct event_value *after,
                              size_t limit);
void find_top_free(struct find_top *t); /* NULL is fine */

/* Both return false without memory. */
bool find_top_add(struct find_top *t, const struct find_doc *doc);
/* An event by what the worker says of it: one value for each key. */
bool find_top_place(struct find_top *t, const struct event_value *values, ts_ns time,
                    uint32_t source, uint64_t sequence);

/*
 * Whether there are as many as wanted, and neither this document nor one whose first key (that is
 * no score) comes later can be among them.
 */
bool find_top_beyond(const struct find_top *t, const struct find_doc *doc);

/* The documents in order; nothing is added afterwards. */
const struct find_candidate *find_top_list(struct find_top *t, size_t *out_n);

#endif
