#ifndef EQL_PARSE_PRIV_H
#define EQL_PARSE_PRIV_H

/*
 * From words to nodes: a condition, as written and without types. statement.c reads what stands
 * around conditions.
 *
 * Ownership: nodes live in the query's arena.
 * Threads:   one owner.
 */

#include "eql/lex_priv.h"

struct eql_parse {
    struct eql_lex x;
    struct eql_token t; /* the current token */
    unsigned depth;
    uint32_t nodes;
    const char *category_field;
};

/* A growing list of pointers in the arena. */
struct eql_list {
    void **p;
    uint32_t n;
    uint32_t cap;
};

/* All return false or NULL after eql_lex_fail(). */
bool eql_parse_step(struct eql_parse *p); /* to the next token */
bool eql_parse_symbol(struct eql_parse *p, int symbol, const char *expected);
bool eql_parse_is_symbol(const struct eql_parse *p, int symbol);
/* "expected …, found …" at the current token. */
void *eql_parse_expected(struct eql_parse *p, const char *what);

bool eql_parse_push(struct eql_parse *p, struct eql_list *list, void *item);
struct eql_node *eql_parse_node(struct eql_parse *p, enum eql_op op, uint32_t at);
struct eql_node *eql_parse_pair(struct eql_parse *p, enum eql_op op, uint32_t at,
                                struct eql_node *left, struct eql_node *right);
struct eql_node *eql_parse_text(struct eql_parse *p, uint32_t at, const char *s, uint32_t n);

struct eql_node *eql_parse_field(struct eql_parse *p); /* [?]name */
struct eql_node *eql_parse_condition(struct eql_parse *p);

/* statement.c: the whole query into p->x.q, its conditions unchecked. */
bool eql_statement_read(struct eql_parse *p);

#endif
