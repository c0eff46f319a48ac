#ifndef QUERY_BUILD_PRIV_H
#define QUERY_BUILD_PRIV_H

/*
 * Making trees: what the three languages share. Values are typed here, once, by the field table.
 *
 * A builder makes one query. Its functions return NULL when something is wrong: the first mistake
 * is kept in err and told to `why` with the place the parser set last; NULL arguments pass through,
 * so that a parser asks once at the end.
 *
 * Ownership: everything lives in the query's arena.
 * Threads:   one owner.
 */

#include "query/ask.h"
#include "query/query.h"
#include "query/regexp.h"
#include "query/tree.h"
#include "query/zone.h"

#include <stdint.h>

/* Bounds that change with now. */
struct query_moving {
    struct query_moving *next;
    struct query_bounds *bounds;
    const char *format;
    const struct query_zone *zone; /* or NULL */
};

/* Time zones that the query names, each read once. */
struct query_build_zone {
    struct query_build_zone *next;
    const char *name;
    struct query_zone zone;
};

struct query {
    struct arena arena;
    struct query_node *root;
    struct query_moving *moving;
    struct query *parts; /* queries taken into this one */
    struct query *next;  /* in the list of its owner's parts */
};

struct query_text {
    uint32_t n;
    const char *s;
};

struct query_span {
    struct ip low;
    struct ip high;
};

/* What evaluation needs beyond the values, all sorted. */
struct query_plan {
    uint32_t n;
    bool numbers;                   /* UNKNOWN: some values are numbers */
    const struct query_text *texts; /* texts; ASCII small letters when folded */
    const int64_t *ints;            /* LONG, BOOLEAN */
    const double *doubles;          /* DOUBLE, UNKNOWN */
    uint32_t n_doubles;
    const struct query_span *spans; /* IP: apart from each other */
    const event_field *below;       /* EXISTS: known fields below the path */
    const struct query_regexp *regexp;
};

struct query_build {
    struct query *q;
    ts_ns now;
    struct err_text *why;
    enum err err;
    const char *file;
    unsigned line;
    unsigned column;
    unsigned depth;
    struct query_build_zone *zones;
    struct query_budget own;
    struct query_budget *budget; /* own, or that of the request */
};

enum err query_build_init(struct query_build *b, ts_ns now, struct err_text *why) ERR_MUST_CHECK;
/* The query, or its error with everything freed. */
enum err query_build_finish(struct query_build *b, struct query_node *root,
                            struct query **out) ERR_MUST_CHECK;

/* at, in the text that begins at start, is where a mistake is: line and column, from 1, in
 * characters. Inside another document that document's line stays the place. */
void query_build_place(struct query_build *b, const char *start, const char *at);
/* Keeps the first mistake; always NULL. */
void *query_build_fail(struct query_build *b, enum err code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void *query_build_alloc(struct query_build *b, size_t size);
char *query_build_text(struct query_build *b, const char *s, size_t n);

struct query_node *query_build_all(struct query_build *b);
struct query_node *query_build_none(struct query_build *b);
struct query_node *query_build_and(struct query_build *b, struct query_node **child, size_t n);
struct query_node *query_build_or(struct query_build *b, struct query_node **child, size_t n,
                                  size_t min);
struct query_node *query_build_not(struct query_build *b, struct query_node *child);

/* A leaf about a field, or every field whose name fits when it has an unescaped '*'. */
struct query_node *query_build_leaf(struct query_build *b, const char *field, size_t field_n,
                                    const struct query_ask *ask);
/* One field by its exact name, whatever it holds. */
struct query_node *query_build_exact(struct query_build *b, const char *field, size_t field_n,
                                     const struct query_ask *ask);

/*
 * minimum_should_match for n optional clauses: "2", "-1", "75%", "-25%", "2<75%", "3<-1 5<50%".
 * Not below 0; may exceed n. False when it cannot be read.
 */
bool query_build_min(const char *text, size_t n, int64_t *out_min);

/* The whole text as a number: JSON's numbers and integers with a sign. */
bool query_build_number(const char *s, size_t n, double *out);
bool query_build_integer(const char *s, size_t n, int64_t *out);
/* Whether the text is a number just as our JSON writer would write it. */
bool query_build_json_number(const char *s, size_t n);

/* plan.c: what evaluation of a finished leaf needs; false after query_build_fail(). */
bool query_plan_make(struct query_build *b, struct query_node *leaf, struct query_plan *plan);

/* bounds.c: types a range's sides by the field's kind. NULL after query_build_fail(). */
struct query_bounds *query_bounds_make(struct query_build *b, const struct query_field *f,
                                       const struct query_ask *ask, bool *out_uses_now,
                                       bool *out_mismatch);
void query_bounds_move(const struct query_moving *m, ts_ns now);

#endif
