#ifndef EQL_FUNCTION_PRIV_H
#define EQL_FUNCTION_PRIV_H

/*
 * The functions of EQL, which operators are too.
 *
 * Ownership: the table is constant; texts that a function makes live in the arena.
 * Threads:   any, each with its own arena.
 */

#include "eql/lex_priv.h"
#include "eql/value_priv.h"

/* What an argument must be: a letter each in takes, the last one for all that follow. */
enum eql_argument {
    EQL_ARG_TEXT = 's',
    EQL_ARG_NUMBER = 'n',
    EQL_ARG_BOOL = 'b',
    EQL_ARG_NET = 'c', /* a constant text that is a net */
    EQL_ARG_ANY = 'a',
};

typedef struct eql_value (*eql_function_fn)(const struct eql_value *args, uint32_t n, bool fold,
                                            struct arena *arena);

struct eql_function {
    const char *name;
    const char *takes;
    uint8_t min;
    uint8_t max;
    bool folds;   /* there is a form with ~ */
    uint8_t type; /* what it gives: enum eql_type; ANY: a number */
    eql_function_fn call;
};

/* Not NULL: name is in the table. */
const struct eql_function *eql_function_named(const char *name);

/* By the token at which it is called; NULL after eql_lex_fail(). */
const struct eql_function *eql_function_find(struct eql_lex *x, const struct eql_token *name);
/* Whether it takes so many arguments; false after eql_lex_fail(). */
bool eql_function_takes(struct eql_lex *x, const struct eql_function *f, uint32_t at, uint32_t n);

char eql_function_argument(const struct eql_function *f, uint32_t i);

/* args may be null: the result is then null, but for the base of number(). */
struct eql_value eql_function_call(const struct eql_function *f, struct eql_value *args, uint32_t n,
                                   bool fold, struct arena *arena);

#endif
