#ifndef EXCEPT_SET_H
#define EXCEPT_SET_H

/*
 * Exception lists and items from a file, with everything that is to be said about them.
 *
 * .ndjson is an export, one object a line, among rules and other things, which are passed over;
 * .json one object or an array of them; .toml a file of the public rules repository, where
 * [[exceptions]] holds a container (the list) with its items. A mistake in one object does not hide
 * the others.
 *
 * Ownership: except_set_free(); the set owns its lists and items.
 * Threads:   one owner.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct except_item;
struct except_list;
struct except_set;

#define EXCEPT_SET_MAX 100000 /* lists and items */

struct except_problem {
    bool fatal; /* the object was refused; else it is a warning */
    struct err_text text;
};

/* NULL when memory is short. */
struct except_set *except_set_new(void);
void except_set_free(struct except_set *s); /* NULL is fine */

/* Mistakes are problems of the set, not errors. ERR_LIMIT, ERR_MEMORY. */
enum err except_set_load(struct except_set *s, const char *text, size_t n, const char *name,
                         struct err_text *why) ERR_MUST_CHECK;

/* One list or item from JSON; where it stands is for messages. Problems and errors as above. */
enum err except_set_add(struct except_set *s, const char *json, size_t n, const char *file,
                        unsigned line, struct err_text *why) ERR_MUST_CHECK;

size_t except_set_lists(const struct except_set *s);
const struct except_list *except_set_list(const struct except_set *s, size_t i);
size_t except_set_items(const struct except_set *s);
const struct except_item *except_set_item(const struct except_set *s, size_t i);

size_t except_set_problems(const struct except_set *s);
const struct except_problem *except_set_problem(const struct except_set *s, size_t i);
size_t except_set_refused(const struct except_set *s); /* fatal problems */

#endif
