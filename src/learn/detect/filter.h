#ifndef DETECT_FILTER_H
#define DETECT_FILTER_H

/*
 * A filter: a list of texts that the scopes of custom rules refer to by its id.
 *
 * An item may begin or end with '*', or both, for any text. Asking whether a value is in the list
 * does not walk it: items without '*' are hashed, the others are sorted so that one that covers the
 * value is found by binary search. docs/format/filter.md has the document.
 *
 * Ownership: a filter is shared: whoever holds one gives it back with detect_filter_unref().
 * Threads:   constant once made, and asking is safe from many threads; references are taken and
 *            given back by one thread at a time.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct detect_filter;
struct format_node;

#define DETECT_FILTERS_MAX 10000 /* of one document */
#define DETECT_FILTER_ITEMS_MAX 10000
#define DETECT_FILTER_ITEM_MAX 2048

struct detect_filter *detect_filter_ref(struct detect_filter *f);
void detect_filter_unref(struct detect_filter *f); /* NULL is fine */

const char *detect_filter_id(const struct detect_filter *f);
const char *detect_filter_description(const struct detect_filter *f); /* may be "" */
size_t detect_filter_count(const struct detect_filter *f);

/* Whether an item covers the value. */
bool detect_filter_match(const struct detect_filter *f, struct bytes value);

/* The document, its items in the order of their bytes. */
void detect_filter_write(const struct detect_filter *f, struct buf *out);

/* Several filters, each id once. Zero it before use. */
struct detect_filters {
    struct detect_filter **list;
    size_t n;
    char **notes; /* sentences about what was read and has no effect */
    size_t n_notes;
};

/*
 * Adds the filters of a document: one, a list, or {"filters": [...]}. file is for messages.
 * ERR_FORMAT for bad JSON, ERR_INVALID for what is no filter or an id that is there already; then
 * nothing was added.
 */
enum err detect_filters_from_node(struct detect_filters *filters, const struct format_node *node,
                                  struct err_text *why) ERR_MUST_CHECK;
enum err detect_filters_parse(struct detect_filters *filters, const char *text, size_t n,
                              const char *file, struct err_text *why) ERR_MUST_CHECK;
void detect_filters_release(struct detect_filters *filters);
/* NULL: none of that id. */
struct detect_filter *detect_filters_find(const struct detect_filters *filters, const char *id);

#endif
