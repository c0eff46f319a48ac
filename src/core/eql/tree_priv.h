#ifndef EQL_TREE_PRIV_H
#define EQL_TREE_PRIV_H

/*
 * A query as it was read: conditions as trees, items with their keys.
 *
 * parse.c makes nodes as they were written; check.c gives each its type, computes what is constant
 * and turns questions to fields into leaves of the query tree; eval.c asks them of an event.
 *
 * Ownership: everything lives in the query's arena, but the leaves, which eql_free() frees.
 * Threads:   one owner while reading, any afterwards.
 */

#include "base/arena.h"
#include "eql/eql.h"
#include "event/field.h"
#include "query/ask.h"
#include "query/query.h"

#include <stdint.h>

#define EQL_TEXT_MAX ((size_t)1 << 20)
#define EQL_DEPTH_MAX 64   /* brackets */
#define EQL_HEIGHT_MAX 256 /* of a tree */
#define EQL_NODES_MAX 20000
#define EQL_ITEMS_MAX 256
#define EQL_SAMPLE_MAX 16
#define EQL_RUNS_MAX 100
#define EQL_KEYS_MAX 16
#define EQL_PIPES_MAX 16
#define EQL_REGEXPS_MAX 100 /* each may take a tenth of a second to read */
#define EQL_FIELDS_MAX 8    /* in one comparison of expressions */

enum eql_type {
    EQL_NULL,
    EQL_BOOL,
    EQL_INT,
    EQL_FLOAT,
    EQL_STR,
    EQL_ANY, /* of a field that is not in the table: known when an event is there */
};

struct eql_value {
    uint8_t type; /* enum eql_type but EQL_ANY */
    uint32_t n;
    union {
        const char *s; /* not terminated */
        int64_t i;
        double f;
        bool b;
    };
};

enum eql_op {
    /* Values. */
    EQL_LITERAL,
    EQL_FIELD,
    EQL_CALL, /* a function, also of an operator */

    /* Conditions; a call may be one too. */
    EQL_AND,
    EQL_OR,
    EQL_NOT,
    EQL_ASK,     /* a leaf of the query tree */
    EQL_COMPARE, /* two values */
    EQL_IN,      /* child[0] in the others, which are literals */
    EQL_LIKE,    /* child[0] like one of the others */
    EQL_REGEX,
    EQL_IS_NULL, /* child[0] */
};

enum eql_cmp {
    EQL_EQ,
    EQL_NE,
    EQL_LT,
    EQL_LE,
    EQL_GT,
    EQL_GE,
};

struct eql_function;
struct query_regexp;

struct eql_node {
    uint8_t op;      /* enum eql_op */
    uint8_t cmp;     /* COMPARE, and ASK that was an order: enum eql_cmp */
    uint8_t type;    /* values: enum eql_type */
    uint8_t kind;    /* FIELD: enum event_kind or QUERY_KIND_UNKNOWN */
    uint8_t slot;    /* FIELD: which of its comparison's fields */
    bool fold;       /* CALL, IN, LIKE, REGEX: case does not matter */
    bool ordered;    /* ASK: an order, which not turns round */
    bool optional;   /* FIELD: ? */
    bool colon;      /* LIKE: written as ':' */
    uint16_t height; /* 1 when there are no children */
    uint32_t at;     /* where in the text */
    uint32_t n;      /* children */
    struct eql_node **child;
    struct eql_value value; /* LITERAL */

    /* FIELD: its name, and where its values are (name.keyword is at name). ASK: the name. */
    const char *name;
    uint32_t name_n;
    uint32_t path_n;
    event_field id;

    const struct eql_function *function; /* CALL */
    const struct query_regexp **regexps; /* REGEX: one for each pattern */
    struct query *leaf;                  /* ASK; FIELD: whether it is there */
    const struct query_ask *ask;         /* ASK: of which the leaf was made */

    /* What is asked for each value of its fields: COMPARE, IN, LIKE, REGEX, IS_NULL, CALL. */
    uint8_t n_fields;
    struct eql_node **fields;
};

/* What stands in square brackets, with all its keys. */
struct eql_item {
    struct eql_node *condition; /* the category's question is part of it */
    struct eql_node **keys;     /* FIELD */
    uint32_t n_keys;
    uint32_t own_keys; /* written at the item */
    uint32_t runs;
    uint32_t at;
    bool missing;
};

struct eql_pipe {
    bool tail;
    uint64_t n;
};

/* One of the queries that the nodes hold. */
struct eql_leaf {
    struct eql_leaf *next;
    struct query *q;
};

struct eql {
    struct arena arena;
    struct eql_leaf *leaves;
    uint32_t n_regexps;
    enum eql_kind kind;
    ts_ns maxspan;
    uint32_t n_items; /* as written */
    struct eql_item *items;
    struct eql_item *until; /* or NULL */
    uint32_t n_places;      /* with runs written out */
    uint32_t *places;       /* the item of each */
    uint32_t n_pipes;
    struct eql_pipe pipes[EQL_PIPES_MAX];
};

#endif
