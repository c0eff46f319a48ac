#ifndef SUPPRESS_TERMS_H
#define SUPPRESS_TERMS_H

/*
 * What alerts are grouped by: the values of some fields.
 *
 * The values of a field are sorted (numbers before texts), so that lists with the same values are
 * the same; a field that is missing is null.
 *
 * Threads: any.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct event;

/*
 * kibana.alert.suppression.terms, added to out: a JSON array of {"field", "value"}. *out_whole is
 * whether no field is missing. ERR_MEMORY.
 */
enum err suppress_terms_write(const struct event *e, const char *const *fields, size_t n,
                              struct buf *out, bool *out_whole) ERR_MUST_CHECK;

#endif
