#ifndef STORE_STATE_EXCEPT_H
#define STORE_STATE_EXCEPT_H

/*
 * Exception lists, their items, and value lists, in state.db.
 *
 * Lists and items are named within a namespace type ("single", "agnostic"). Documents are JSON
 * texts that this room does not read.
 *
 * Ownership: texts are borrowed for the call; those passed to callbacks die with the call.
 * Threads:   as store/state.h; callbacks must not call back.
 *
 * All functions can return ERR_IO, ERR_FULL, ERR_MEMORY.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;
struct store_state;

/* A list, or an item of one. */
struct store_exception {
    const char *list_id;
    const char *item_id; /* NULL: the list itself */
    const char *namespace_type;
    const char *id; /* the object's own id, for who asks by it */
    const char *doc;
};

typedef bool (*store_exception_fn)(void *ctx, const struct store_exception *x); /* false: no more */

/* Makes or replaces. */
enum err store_state_except_put(struct store_state *st,
                                const struct store_exception *x) ERR_MUST_CHECK;
/* Adds the document to out. ERR_NOT_FOUND. */
enum err store_state_except_list(struct store_state *st, const char *list_id,
                                 const char *namespace_type, struct buf *out) ERR_MUST_CHECK;
enum err store_state_except_item(struct store_state *st, const char *item_id,
                                 const char *namespace_type, struct buf *out) ERR_MUST_CHECK;
/* All lists by list_id. */
enum err store_state_except_lists(struct store_state *st, store_exception_fn fn,
                                  void *ctx) ERR_MUST_CHECK;
/* The items of a list by item_id; list_id NULL: of all. */
enum err store_state_except_items(struct store_state *st, const char *list_id,
                                  const char *namespace_type, store_exception_fn fn,
                                  void *ctx) ERR_MUST_CHECK;
/* With its items. ERR_NOT_FOUND. */
enum err store_state_except_list_delete(struct store_state *st, const char *list_id,
                                        const char *namespace_type) ERR_MUST_CHECK;
enum err store_state_except_item_delete(struct store_state *st, const char *item_id,
                                        const char *namespace_type) ERR_MUST_CHECK;

/* Value lists. */
struct store_value_list {
    const char *id;
    const char *type; /* "keyword", "ip_range" … */
    const char *doc;
    uint64_t values; /* filled by _value_lists() */
};

typedef bool (*store_value_list_fn)(void *ctx, const struct store_value_list *l);
typedef bool (*store_value_fn)(void *ctx, const char *value);

/* Makes or replaces; the values stay. */
enum err store_state_value_list_put(struct store_state *st,
                                    const struct store_value_list *l) ERR_MUST_CHECK;
/* Adds the list's type to out. ERR_NOT_FOUND. */
enum err store_state_value_list_type(struct store_state *st, const char *id,
                                     struct buf *out) ERR_MUST_CHECK;
enum err store_state_value_lists(struct store_state *st, store_value_list_fn fn,
                                 void *ctx) ERR_MUST_CHECK;
/* With its values. ERR_NOT_FOUND. */
enum err store_state_value_list_delete(struct store_state *st, const char *id) ERR_MUST_CHECK;
/* A value that is there stays. */
enum err store_state_value_put(struct store_state *st, const char *list_id,
                               const char *value) ERR_MUST_CHECK;
enum err store_state_value_delete(struct store_state *st, const char *list_id,
                                  const char *value) ERR_MUST_CHECK; /* ERR_NOT_FOUND */
/* In the order of their bytes. */
enum err store_state_values(struct store_state *st, const char *list_id, store_value_fn fn,
                            void *ctx) ERR_MUST_CHECK;

/* A number that grows with each change of what this header keeps, since the state was opened. */
uint64_t store_state_except_changes(struct store_state *st);

#endif
