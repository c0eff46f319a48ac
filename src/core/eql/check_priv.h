#ifndef EQL_CHECK_PRIV_H
#define EQL_CHECK_PRIV_H

/*
 * What a condition as written means: types are checked, constants computed, questions to fields
 * become leaves of the query tree.
 *
 * Ownership: nodes live in the query's arena; leaves are kept in its list.
 * Threads:   one owner.
 */

#include "eql/lex_priv.h"

/* All return NULL or false after eql_lex_fail(). */
struct eql_node *eql_check_condition(struct eql_lex *x, struct eql_node *node);
bool eql_check_key(struct eql_lex *x, struct eql_node *field);

/* question.c, for check.c: leaves of the query tree. */

/* Finds out what the field is; may be asked again. */
bool eql_question_field(struct eql_lex *x, struct eql_node *field);
/* Whether more than null can be asked of it; false after eql_lex_fail(). */
bool eql_question_usable(struct eql_lex *x, const struct eql_node *field);
/* A field compared with a constant that is not null. */
struct eql_node *eql_question_compare(struct eql_lex *x, uint32_t at, struct eql_node *field,
                                      enum eql_cmp cmp, const struct eql_node *literal);
struct eql_node *eql_question_exists(struct eql_lex *x, uint32_t at, struct eql_node *field);
/* in, like, regex: child[0] is a field, the others are constants. */
struct eql_node *eql_question_lookup(struct eql_lex *x, struct eql_node *node);
/* A function of a field and constants as a leaf; NULL without a failure when it is none. */
struct eql_node *eql_question_call(struct eql_lex *x, struct eql_node *call);
/* A pattern of ':' and like as wildcards are written for the query tree. */
bool eql_question_pattern(struct eql_lex *x, struct eql_value *text, bool *out_wild);

/* Nodes that checking makes. */
struct eql_node *eql_check_node(struct eql_lex *x, enum eql_op op, uint32_t at, uint32_t n);
struct eql_node *eql_check_literal(struct eql_lex *x, uint32_t at, struct eql_value value);
struct eql_node *eql_check_not(struct eql_lex *x, struct eql_node *child);

#endif
