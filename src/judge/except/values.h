#ifndef EXCEPT_VALUES_H
#define EXCEPT_VALUES_H

/*
 * A value list: many values of one type, and whether an event's value is among them.
 *
 * Types are Elasticsearch's. Texts match when one value of the list holds all words of the event's
 * value; ranges are written a-b (dates a,b), address ranges also as networks. A list uploaded as a
 * file holds one value a line. docs/format/exception.md.
 *
 * Ownership: counted references.
 * Threads:   one owner while it is filled; any once sealed.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct event_value;
struct except_values;

#define EXCEPT_VALUES_MAX 1000000      /* values in a list */
#define EXCEPT_VALUES_BYTES (64 << 20) /* of all its values as text */

/* type: "keyword", "ip_range" … ERR_UNSUPPORTED: a type that is not kept here, ERR_MEMORY. */
enum err except_values_new(const char *type, struct except_values **out,
                           struct err_text *why) ERR_MUST_CHECK;
struct except_values *except_values_ref(struct except_values *v);
void except_values_unref(struct except_values *v); /* NULL is fine */

/* ERR_INVALID: the text is no value of the type; ERR_LIMIT, ERR_MEMORY. */
enum err except_values_add(struct except_values *v, const char *s, size_t n,
                           struct err_text *why) ERR_MUST_CHECK;
/* No more is added; from now on it may be asked. */
void except_values_seal(struct except_values *v);

const char *except_values_type(const struct except_values *v);
size_t except_values_count(const struct except_values *v); /* as added */

bool except_values_has(const struct except_values *v, const struct event_value *value);

/*
 * The list as one Query DSL clause about the field, added to out: keyword lists on keyword fields,
 * address lists on address fields, of a bearable size. False, with out as before, for all others.
 * Of a sealed list.
 */
bool except_values_dsl(const struct except_values *v, const char *field, struct buf *out);

/* The lines of an uploaded file that hold something, without blanks around it. An error of fn ends
 * the walk and is returned. */
typedef enum err (*except_line_fn)(void *ctx, const char *s, size_t n, unsigned line,
                                   struct err_text *why);
enum err except_values_lines(const char *text, size_t n, except_line_fn fn, void *ctx,
                             struct err_text *why) ERR_MUST_CHECK;

#endif
