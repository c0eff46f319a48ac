#ifndef EXCEPT_FILTER_H
#define EXCEPT_FILTER_H

/*
 * What a rule's exception lists take out, made ready to be asked of events.
 *
 * An item takes out what all of its entries hold of; any item of any of the lists does. What can
 * be said as a query is one query, for searches; entries about large value lists or about several
 * fields of one object are asked in memory. An item that cannot be applied (a value that is none of
 * the field's type, a value list that is missing) is left out as a whole, and told.
 * docs/method/exception.md.
 *
 * Ownership: except_filter_free(); holds references to value lists.
 * Threads:   any once made.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct event;
struct except_filter;
struct except_item;
struct except_set;
struct except_values;
struct query;

/* A list as a rule names it. */
struct except_named {
    const char *list_id;
    const char *namespace_type;
};

/* Where lists are kept. */
struct except_source {
    void *ctx;
    /* Adds the list's items to the set. ERR_NOT_FOUND: there is no such list. */
    enum err (*items)(void *ctx, const struct except_named *list, struct except_set *out,
                      struct err_text *why);
    /* The sealed value list, a reference for the caller. ERR_NOT_FOUND. */
    enum err (*values)(void *ctx, const char *id, struct except_values **out, struct err_text *why);
};

/* Whether an item can be applied as far as it says so itself: not whether its value lists are
 * there. ERR_INVALID with the reason, ERR_MEMORY. */
enum err except_filter_check(const struct except_item *item, ts_ns now,
                             struct err_text *why) ERR_MUST_CHECK;

/* As of engine time now, when some items have expired. ERR_MEMORY, and what the source fails with
 * but ERR_NOT_FOUND. */
enum err except_filter_new(const struct except_named *lists, size_t n,
                           const struct except_source *source, ts_ns now,
                           struct except_filter **out, struct err_text *why) ERR_MUST_CHECK;
void except_filter_free(struct except_filter *f); /* NULL is fine */

/* The first moment at which another item will have expired; TIME_MAX: none will. */
ts_ns except_filter_until(const struct except_filter *f);

/* Items that take something out. */
size_t except_filter_items(const struct except_filter *f);
/* What a query can say of it; NULL: nothing. */
const struct query *except_filter_query(const struct except_filter *f);
/* Whether the query says all of it. */
bool except_filter_exact(const struct except_filter *f);
/* Which items and lists are not applied, and why: one sentence; NULL: all are. */
const char *except_filter_warning(const struct except_filter *f);

/* Whether an item takes the event out. */
bool except_filter_match(const struct except_filter *f, const struct event *e);

#endif
