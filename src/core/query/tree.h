#ifndef QUERY_TREE_H
#define QUERY_TREE_H

/*
 * A query's tree, to be read by those who compile it: the store (SQL) and the DSL printer.
 *
 * Inner nodes are AND, OR (at least `min` children) and NOT; all else are leaves about one field,
 * a pattern of field names, or any field. A leaf matches when any value of the field's list does.
 * Values are already converted to the field's type. A compiler that has no equal for a leaf calls
 * the C functions of query/leaf.h.
 *
 * Ownership: the tree belongs to its query and dies with it; nodes are views.
 * Threads:   any; bounds of dates change in query_set_now().
 */

#include "base/arena.h"
#include "base/err.h"
#include "base/ip.h"
#include "base/time.h"
#include "event/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct query;
struct query_plan; /* what evaluation in memory needs; private */

enum query_op {
    QUERY_ALL,
    QUERY_NONE,
    QUERY_AND, /* all children (at least one) */
    QUERY_OR,  /* at least min of the children; 1 <= min <= n */
    QUERY_NOT, /* not the one child */

    /* Leaves, from here to the end. */
    QUERY_TERMS,    /* any of the values; IP values are nets. Never of kind DATE or TEXT */
    QUERY_WORDS,    /* TEXT only: any of the words (each value is one word, lower case) */
    QUERY_PHRASE,   /* TEXT only: the words one after the other; last_prefix: the last begins one */
    QUERY_EXISTS,   /* the field, or one below it (exists "destination"), has a value */
    QUERY_RANGE,    /* between the bounds */
    QUERY_PREFIX,   /* begins with the text of values[0] */
    QUERY_WILDCARD, /* '*' any text, '?' one character, '\' takes the next as it is */
    QUERY_REGEXP,   /* Lucene's syntax, anchored at both ends; flags in regexp_flags */
    QUERY_MATCH,    /* scope PATTERN or ANY only: match, see by_kind; all_words: operator and */
    QUERY_IDS,      /* the event's _id (event/id.h) is one of the values */
    QUERY_INDEX,    /* _index matches one of the patterns, which are wildcards */
    QUERY_TIER,     /* _tier: all events when hot is set, else none */
};

/* What leaves compare: the field's kind, or these for what is not in the field table. */
enum {
    QUERY_KIND_UNKNOWN = EVENT_KIND_GEO_POINT + 1, /* numbers as numbers, all else as text */
    QUERY_KINDS,                                   /* how many */
};

enum query_scope {
    QUERY_SCOPE_FIELD,   /* one field */
    QUERY_SCOPE_PATTERN, /* every field whose name matches path, a wildcard */
    QUERY_SCOPE_ANY,     /* every field */
};

/* @timestamp is of kind DATE and has no id: it is the event's own time. */
struct query_field {
    uint8_t scope;    /* enum query_scope */
    uint8_t kind;     /* enum event_kind or QUERY_KIND_UNKNOWN; one field only */
    bool fold;        /* name.caseless: values compare with ASCII letters alike */
    event_field id;   /* EVENT_F_NONE when not in the table; one field only */
    const char *name; /* as written, for instance process.name.text */
    const char *path; /* where the values are, for instance process.name; or the pattern */
    uint32_t path_len;
};

/* How a value was written. */
enum query_written {
    QUERY_WRITTEN_STRING,
    QUERY_WRITTEN_NUMBER,
    QUERY_WRITTEN_BOOL,
};

struct query_value {
    uint8_t written; /* enum query_written */
    bool possible;   /* false: no value of the field's type can equal it (1.5 of a long) */
    bool has_number; /* number holds what s says */
    uint32_t len;    /* bytes of s */
    const char *s;   /* the text: as written, or how JSON would write it; NUL-terminated */
    int64_t i;       /* LONG; BOOLEAN: 0 or 1 */
    double number;   /* DOUBLE, and UNKNOWN when has_number */
    struct ip low;   /* IP: first and last address of the net */
    struct ip high;
    ts_ns from; /* DATE: from <= t < to */
    ts_ns to;
};

/*
 * A range's two sides. LONG, DATE and IP are made inclusive below; LONG and IP inclusive, DATE
 * exclusive above. DOUBLE, texts and UNKNOWN look at the open flags.
 */
struct query_bounds {
    bool has_low;
    bool has_high;
    bool low_open;        /* gt */
    bool high_open;       /* lt */
    bool empty;           /* nothing lies between */
    bool numeric;         /* UNKNOWN: compare as numbers */
    bool dates;           /* UNKNOWN: compare as times */
    const char *low_text; /* as written */
    const char *high_text;
    uint32_t low_len;
    uint32_t high_len;
    int64_t low_i;
    int64_t high_i;
    double low_f;
    double high_f;
    ts_ns from;
    ts_ns to;
    struct ip low_ip;
    struct ip high_ip;
};

struct query_node {
    uint8_t op;           /* enum query_op */
    bool fold;            /* case_insensitive: ASCII letters alike */
    bool last_prefix;     /* PHRASE */
    bool all_words;       /* MATCH */
    bool hot;             /* TIER */
    bool uses_now;        /* RANGE: the bounds depend on now */
    uint8_t regexp_flags; /* REGEXP: enum query_regexp_flag of query/regexp.h */
    uint32_t n;           /* children, or values */
    uint32_t min;         /* OR */
    struct query_field field;
    struct query_node **child;        /* AND, OR, NOT */
    const struct query_value *values; /* leaves but EXISTS and RANGE */
    const struct query_bounds *bounds;
    const char *format;    /* RANGE of dates: how bounds are written, or NULL */
    const char *time_zone; /* RANGE of dates: "+01:00", or NULL */
    /*
     * Leaves whose scope is PATTERN or ANY: what holds for a field of each kind, NULL when none
     * of its values can match. Each is a tree of AND, OR and leaves about that one field.
     */
    struct query_node *const *by_kind; /* QUERY_KINDS of them */
    const struct query_plan *plan;
};

const struct query_node *query_root(const struct query *q);

/* Whether a leaf of scope PATTERN or ANY asks about the field of that name. */
bool query_field_covers(const struct query_field *f, const char *name, size_t n);

/* One node's DSL, as query_to_dsl() writes it. */
struct buf;
void query_node_to_dsl(const struct query_node *node, struct buf *out);

#endif
