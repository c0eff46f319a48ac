#ifndef QUERY_REGEXP_PRIV_H
#define QUERY_REGEXP_PRIV_H

/*
 * The expressions that regexp_parse.c makes and regexp.c derives.
 *
 * Expressions are numbered and made once: equal expressions have one number. Numbers grow upwards
 * from their parts, sets of characters live beside them.
 *
 * Ownership: struct regexp_pool; query_regexp_pool_release().
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/map.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define REGEXP_CHAR_MAX 0x10ffffU

enum regexp_kind {
    REGEXP_EMPTY, /* no text at all */
    REGEXP_BLANK, /* the text of length 0 */
    REGEXP_SET,   /* one character: a is the set */
    REGEXP_CAT,   /* a then b */
    REGEXP_ALT,   /* a or b; a below b, b may be an ALT again */
    REGEXP_BOTH,  /* a and b, ordered like ALT */
    REGEXP_NOT,   /* not a */
    REGEXP_MANY,  /* a, min to max times; max 0: without end */
};

struct regexp_expr {
    uint8_t kind; /* enum regexp_kind */
    bool blank;   /* takes the text of length 0 */
    uint32_t a;
    uint32_t b;
    uint32_t min;
    uint32_t max;
};

struct regexp_range {
    uint32_t first;
    uint32_t last;
};

/* Ranges ordered and apart from each other. */
struct regexp_set {
    uint32_t at; /* in ranges[] */
    uint32_t n;
};

struct regexp_pool {
    struct regexp_expr *exprs;
    size_t n_exprs;
    size_t cap_exprs;
    struct regexp_set *sets;
    size_t n_sets;
    size_t cap_sets;
    struct regexp_range *ranges;
    size_t n_ranges;
    size_t cap_ranges;
    struct map *seen; /* an expression's bytes to its number + 1 */
    size_t work;      /* steps done so far */
    size_t work_max;
    enum err err; /* ERR_MEMORY or ERR_LIMIT; sticky */
};

/* Numbers of the three expressions that are always there. */
enum {
    REGEXP_ID_EMPTY,
    REGEXP_ID_BLANK,
    REGEXP_ID_ALL, /* any text: the complement of none */
};

bool query_regexp_pool_init(struct regexp_pool *p);
void query_regexp_pool_release(struct regexp_pool *p);

/* All return REGEXP_ID_EMPTY after a failure, which err tells. */
uint32_t query_regexp_set(struct regexp_pool *p, struct regexp_range *ranges, size_t n,
                          bool negate);
uint32_t query_regexp_char(struct regexp_pool *p, uint32_t c, bool fold);
uint32_t query_regexp_cat(struct regexp_pool *p, uint32_t a, uint32_t b);
uint32_t query_regexp_alt(struct regexp_pool *p, uint32_t a, uint32_t b);
uint32_t query_regexp_both(struct regexp_pool *p, uint32_t a, uint32_t b);
uint32_t query_regexp_not(struct regexp_pool *p, uint32_t a);
uint32_t query_regexp_many(struct regexp_pool *p, uint32_t a, uint32_t min, uint32_t max);

/* Reads Lucene's syntax into the pool. */
enum err query_regexp_parse(struct regexp_pool *p, const char *s, size_t n, unsigned flags,
                            bool fold, uint32_t *out, struct err_text *why) ERR_MUST_CHECK;

#endif
