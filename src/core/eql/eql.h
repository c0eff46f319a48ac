#ifndef EQL_EQL_H
#define EQL_EQL_H

/*
 * A query in Elastic's Event Query Language, read and ready to be asked.
 *
 * It wants single events, a sequence of events or a sample; eql/matcher.h finds the latter among
 * events in order of time. docs/method/eql.md has the grammar and what everything means; what is
 * not done here is refused with a sentence that names it, and its line and column.
 *
 * Ownership: eql_free() frees a query and what it gave views of.
 * Threads:   a query does not change after it was read: any number of threads may ask it, each with
 *            a scratch arena of its own.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct eql;
struct event;
struct query;

enum eql_kind {
    EQL_EVENT,    /* single events */
    EQL_SEQUENCE, /* events one after the other */
    EQL_SAMPLE,   /* events in whatever order */
};

struct eql_options {
    const char *category_field; /* what "process where" asks; NULL: event.category */
};

/*
 * options may be NULL. ERR_INVALID, ERR_UNSUPPORTED (understood by Elasticsearch or by other
 * dialects, not done here), ERR_LIMIT (too long, too deep, too complex), ERR_MEMORY.
 */
enum err eql_parse(const char *text, size_t n, const struct eql_options *options, struct eql **out,
                   struct err_text *why) ERR_MUST_CHECK;
void eql_free(struct eql *q); /* NULL is fine */

enum eql_kind eql_kind(const struct eql *q);
/* Items of a sequence or sample with runs written out; 1 for single events. */
size_t eql_items(const struct eql *q);
ts_ns eql_maxspan(const struct eql *q); /* 0: none */
/* The join keys: how many, and their names in the first item. */
size_t eql_keys(const struct eql *q);
const char *eql_key_name(const struct eql *q, size_t i);

/*
 * Whether the event is wanted: by the condition, or by any item or until. Texts that functions put
 * together live in the scratch arena, which the caller clears; when memory is short such a text is
 * null.
 */
bool eql_match(const struct eql *q, const struct event *e, struct arena *scratch);

/*
 * A query tree that every wanted event meets, and as few others as it can tell apart. The caller
 * frees it. ERR_MEMORY.
 */
enum err eql_filter(const struct eql *q, struct query **out) ERR_MUST_CHECK;

#endif
