#ifndef ENGINE_EXCEPTIONS_H
#define ENGINE_EXCEPTIONS_H

/*
 * The exception lists and value lists that state.db keeps, and the rules that name them.
 *
 * Filters are made once for each combination of lists and made anew when a list is changed or an
 * item expires.
 *
 * Ownership: engine_exceptions_free(); borrows the state. Sets are the caller's.
 * Threads:   one at a time.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct buf;
struct engine_exceptions;
struct except_item;
struct except_list;
struct except_set;
struct rule;
struct rule_exceptions;
struct rule_set;
struct store_state;

/* NULL without memory. */
struct engine_exceptions *engine_exceptions_new(struct store_state *state);
void engine_exceptions_free(struct engine_exceptions *x); /* NULL is fine */

/* What the rule's lists take out at engine time now; *out lives until the next call. */
enum err engine_exceptions_find(struct engine_exceptions *x, const struct rule *r, ts_ns now,
                                struct rule_exceptions *out, struct err_text *why) ERR_MUST_CHECK;

/* Closes the rule's alerts that are not closed and that its exceptions take out. */
enum err engine_exceptions_close(struct engine_exceptions *x, const struct rule *r, ts_ns now,
                                 size_t *out_closed, struct err_text *why) ERR_MUST_CHECK;

/* Reads the exceptions that stood among rules; what is wrong with them are problems of the set. */
enum err engine_exceptions_read(const struct rule_set *rules, struct except_set *out,
                                struct err_text *why) ERR_MUST_CHECK;

/* Keeps lists and items, in place of others of their names. An item whose list is nowhere is
 * ERR_INVALID, and nothing is kept. */
enum err engine_exceptions_put(struct store_state *state, const struct except_set *set,
                               struct err_text *why) ERR_MUST_CHECK;
/* The same within a transaction of the caller's, who takes it back when it fails; of a set with one
 * object ERR_INVALID has written nothing. */
enum err engine_exceptions_put_inside(struct store_state *state, const struct except_set *set,
                                      struct err_text *why) ERR_MUST_CHECK;

/* Hears of a list (item is NULL) or an item (list is NULL) that is there and stays as it is. */
typedef void (*engine_exceptions_there_fn)(void *ctx, const struct except_list *list,
                                           const struct except_item *item);
/* engine_exceptions_put(), but what is there stays (fn NULL: it is replaced); *out_lists and
 * *out_items were written. */
enum err engine_exceptions_put_new(struct store_state *state, const struct except_set *set,
                                   engine_exceptions_there_fn fn, void *ctx, size_t *out_lists,
                                   size_t *out_items, struct err_text *why) ERR_MUST_CHECK;

/* The list or, when there is none of that name, the item; of either namespace. ERR_NOT_FOUND. */
enum err engine_exceptions_delete(struct store_state *state, const char *id,
                                  struct err_text *why) ERR_MUST_CHECK;

/* What an export of rules has to say of exceptions. */
struct engine_exported {
    size_t lists;
    size_t items;
    size_t missing;
};
/* Adds lines for the lists that the rules name, each once, with their items; and to missing the
 * list_ids, as JSON strings with commas, of those that are not there. */
enum err engine_exceptions_export(struct store_state *state, struct rule *const *rules, size_t n,
                                  struct buf *out, struct buf *missing,
                                  struct engine_exported *out_totals,
                                  struct err_text *why) ERR_MUST_CHECK;

/*
 * Adds the lines of a text to the value list, which is made when it is not there. type NULL: that
 * of the list, or keyword. A line that is no value of the type is ERR_INVALID with its number, and
 * nothing is kept.
 */
enum err engine_exceptions_add_values(struct store_state *state, const char *id, const char *type,
                                      const char *text, size_t n, const char *name,
                                      size_t *out_values, struct err_text *why) ERR_MUST_CHECK;

#endif
