#ifndef ENGINE_EXCEPTIONS_PRIV_H
#define ENGINE_EXCEPTIONS_PRIV_H

/*
 * What the files of exceptions share: exceptions.c applies them, exceptions_keep.c keeps them.
 */

#include "engine/exceptions.h"
#include "except/filter.h"

/* Lists that one rule names; more are a mistake. */
#define ENGINE_LISTS_MAX 64

/* The lists that the rule names; key gets a line for each. */
size_t engine_exceptions_named(const struct rule *r, struct except_named out[ENGINE_LISTS_MAX],
                               struct buf *key);
enum err engine_exceptions_unreadable(struct err_text *why, enum err err);

#endif
