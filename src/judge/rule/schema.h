#ifndef RULE_SCHEMA_H
#define RULE_SCHEMA_H

/*
 * Holding a document against a table of its keys: types, ranges, forms, and what is not known.
 *
 * A table says of each key what its value must be. null counts as missing. The first mistake is
 * told with its line and what was expected. Keys of no table are told to the caller one by one: he
 * decides what to make of them.
 *
 * Threads: any; tables are constant.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct format_node;

enum rule_value {
    RULE_VALUE_STR,         /* min to max: bytes; not empty unless min is 0 */
    RULE_VALUE_INT,         /* min to max */
    RULE_VALUE_BOOL,        /* */
    RULE_VALUE_STRS,        /* array of strings; min to max: how many */
    RULE_VALUE_STR_OR_STRS, /* one string, or an array */
    RULE_VALUE_TABLE,       /* an object held against sub; NULL: any object */
    RULE_VALUE_TABLES,      /* an array of such objects; min to max: how many */
    RULE_VALUE_SCALAR,      /* a string, number or boolean */
    RULE_VALUE_LIST,        /* an array of anything */
    RULE_VALUE_ANY,
};

struct rule_key {
    const char *name;
    uint8_t value;  /* enum rule_value */
    uint8_t where;  /* bit set of forms (1 << enum rule_form) in which the key is known */
    uint8_t need;   /* forms in which it must be there */
    uint16_t types; /* bit set of rule types (1 << enum rule_type) it belongs to; 0: all */
    int64_t min;
    int64_t max;
    const char *const *words;              /* strings must be one of these; NULL ends the list */
    bool (*good)(const char *s, size_t n); /* form of each string; NULL: any */
    const char *expect;                    /* what the form is, for messages */
    const struct rule_table *sub;
};

struct rule_table {
    const char *what; /* "a rule", "a threat's tactic": for messages */
    const struct rule_key *keys;
    size_t n;
};

/* Told of each key that the table does not know. An error stops the check and is returned. */
typedef enum err (*rule_unknown_fn)(void *ctx, const struct format_node *key,
                                    const struct rule_table *table, struct err_text *why);

struct rule_check {
    unsigned form; /* enum rule_form */
    unsigned type; /* enum rule_type: keys of other types are refused */
    bool typed;    /* type is known */
    rule_unknown_fn unknown;
    void *unknown_ctx;
};

/* ERR_INVALID, or what unknown returned. */
enum err rule_schema_check(const struct format_node *v, const struct rule_table *table,
                           const struct rule_check *check, struct err_text *why) ERR_MUST_CHECK;

/* Told of each warning; why->line is set where there is one. */
typedef void (*rule_warn_fn)(void *ctx, const struct err_text *why);

struct rule_listener {
    rule_warn_fn warn; /* NULL: warnings are dropped */
    void *ctx;
};

/* A rule_unknown_fn of a struct rule_listener: a stray key is a warning, unless it is a known key
 * with a slip in it. */
enum err rule_schema_stray(void *listener, const struct format_node *key,
                           const struct rule_table *table, struct err_text *why) ERR_MUST_CHECK;

/* The known key of the table that a slip of the pen could have made name of; NULL: none. */
const char *rule_schema_near(const struct rule_table *table, const char *name, size_t n);

#endif
