#ifndef EQL_LEX_PRIV_H
#define EQL_LEX_PRIV_H

/*
 * The words of a query. Also how the reading parts of the room tell mistakes.
 *
 * Ownership: texts of tokens live in the arena, or are views of the query's text.
 * Threads:   one owner.
 */

#include "eql/tree_priv.h"

enum eql_token_kind {
    EQL_T_END,
    EQL_T_NAME,   /* text: with dots, without backticks; word says whether it may be a keyword */
    EQL_T_STRING, /* text: what it stands for */
    EQL_T_INT,    /* value.i; text: as written */
    EQL_T_FLOAT,
    EQL_T_SPAN,   /* digits with letters behind: text */
    EQL_T_SYMBOL, /* symbol */
};

/* Symbols of one character are that character; and these. */
enum eql_symbol {
    EQL_S_EQ = 256, /* == */
    EQL_S_NE,
    EQL_S_LE,
    EQL_S_GE,
};

struct eql_token {
    enum eql_token_kind kind;
    int symbol;
    bool word;  /* a plain name without dots and backticks */
    bool tilde; /* a '~' stands right behind the name */
    uint32_t at;
    const char *text;
    uint32_t n;
    int64_t i;
    double f;
};

struct eql_lex {
    struct eql *q;
    struct query_budget budget; /* of all questions and expressions */
    const char *start;
    const char *p;
    const char *end;
    enum err err;
    struct err_text *why;
};

/* Moves to the next token; false after eql_lex_fail(). */
bool eql_lex_next(struct eql_lex *x, struct eql_token *out);

/* Whether the token is this keyword. */
bool eql_lex_is(const struct eql_token *t, const char *word);

/* Keeps the first mistake, with its place; always NULL. */
void *eql_lex_fail(struct eql_lex *x, uint32_t at, enum err code, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* Zeroed memory of the query's arena, or NULL after eql_lex_fail(). */
void *eql_lex_alloc(struct eql_lex *x, size_t size);

#endif
