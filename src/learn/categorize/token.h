#ifndef CATEGORIZE_TOKEN_H
#define CATEGORIZE_TOKEN_H

/*
 * A message cut into tokens: the runs of characters that words, names, paths and addresses are made
 * of, with what their surroundings say about them.
 *
 * Method: docs/method/categorize.md.
 *
 * Ownership: tokens point into the text they were cut from.
 * Threads:   any.
 */

#include "base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Tokens of a message that count; the rest tells messages apart no more. */
#define CATEGORIZE_TOKENS_MAX 100

enum categorize_tokenizer {
    CATEGORIZE_ML_STANDARD, /* paths and URLs are one token */
    CATEGORIZE_ML_CLASSIC,  /* slashes part tokens */
    CATEGORIZE_WHITESPACE,  /* only blanks do */
};

struct categorize_token {
    struct bytes text;
    uint64_t hash;
    uint8_t weight; /* of word.h */
    bool value;     /* it stands where values stand */
    bool argument;  /* it is part of a command line that is a value */
    bool follows;   /* nothing was left out between the token before and this one */
};

struct categorize_tokens {
    struct categorize_token list[CATEGORIZE_TOKENS_MAX];
    size_t n;
};

/* The tokens that are not left out; neither hash nor weight is set. */
void categorize_token_cut(enum categorize_tokenizer how, struct bytes text,
                          struct categorize_tokens *out);

/* Adds one whose surroundings say nothing; false when there is no room. */
bool categorize_token_add(struct categorize_tokens *out, struct bytes text);

#endif
