#ifndef RULE_LOAD_H
#define RULE_LOAD_H

/*
 * Rules from files and folders, with everything that is to be said about them.
 *
 * .toml is a rule of the public repository's layout; .ndjson an export, one object a line; .json an
 * object of the rule API or an array of them, read only when it is named. Exception lists, in an
 * export or in a .toml file of their own, and connectors are kept as they are. A mistake in one
 * rule does not hide the others: all are read, and the set keeps the rules that are right and a
 * list of what was found.
 *
 * Ownership: rule_set_free(); the set holds a reference to each rule.
 * Threads:   one owner.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct rule;
struct rule_set;

struct rule_problem {
    bool fatal; /* the rule (or file) was refused; else it is a warning */
    struct err_text text;
};

/* NULL when memory is short. */
struct rule_set *rule_set_new(void);
void rule_set_free(struct rule_set *s); /* NULL is fine */

/*
 * Adds the rules of a file, or of every .toml and .ndjson file below a folder, in the order of
 * names. Mistakes in files are problems of the set, not errors. ERR_NOT_FOUND (also: a folder
 * without any rule file), ERR_IO, ERR_LIMIT, ERR_MEMORY.
 */
enum err rule_load_path(struct rule_set *s, const char *path, struct err_text *why) ERR_MUST_CHECK;
/* The same from memory; the ending of name tells the kind. ERR_MEMORY, ERR_LIMIT. */
enum err rule_load_text(struct rule_set *s, const char *text, size_t n, const char *name,
                        struct err_text *why) ERR_MUST_CHECK;

size_t rule_set_count(const struct rule_set *s);
struct rule *rule_set_at(const struct rule_set *s, size_t i); /* borrowed; rule_ref() keeps it */

/*
 * What stood among the rules, as it was written: JSON objects, for who reads exceptions and
 * connectors (saved objects of the type action).
 */
enum rule_other_kind {
    RULE_OTHER_EXCEPTION, /* a list or an item */
    RULE_OTHER_CONNECTOR,
};
struct rule_other {
    enum rule_other_kind kind;
    const char *json;
    size_t n;
    const char *file;
    unsigned line;
};
size_t rule_set_others(const struct rule_set *s);
const struct rule_other *rule_set_other(const struct rule_set *s, size_t i);

size_t rule_set_problems(const struct rule_set *s);
const struct rule_problem *rule_set_problem(const struct rule_set *s, size_t i);
size_t rule_set_refused(const struct rule_set *s); /* fatal problems */

#endif
