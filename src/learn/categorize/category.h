#ifndef CATEGORIZE_CATEGORY_H
#define CATEGORIZE_CATEGORY_H

/*
 * One category: the tokens that all its messages have in common, in order, and how many others may
 * stand between them.
 *
 * A message fits when it has the same deciding words in the same order and enough in common with
 * the category by weight; it may take further tokens out of what is common, or widen a gap.
 * docs/method/categorize.md has the measure and why it is so.
 *
 * Ownership: categorize_category_new() makes one.
 * Threads:   one owner.
 */

#include "base/buf.h"
#include "base/hash.h"
#include "base/time.h"
#include "categorize/token.h"

/* Bytes of an example; what is longer is cut and ends in "...". */
#define CATEGORIZE_EXAMPLE_MAX 1000

struct categorize_part {
    uint64_t hash;
    uint32_t at; /* in the category's text */
    uint8_t n;
    uint8_t weight;
};

struct categorize_category {
    uint32_t id;
    uint32_t group;    /* index of its group */
    uint32_t instead;  /* id of the category that gets its messages; 0: none does */
    uint64_t deciding; /* hash of its deciding words, in order */
    uint64_t matches;
    uint64_t written; /* matches when it was last told */
    bool changed;     /* something is new since then */
    ts_ns first;      /* time of the first message */
    uint32_t base;    /* weight of the first message */
    uint32_t longest; /* bytes of a message, with a tenth to spare */
    struct categorize_part *parts;
    uint8_t *gaps; /* tokens seen before each part and behind the last: n_parts + 1 */
    size_t n_parts;
    char *text; /* the parts' texts, one after the other */
    size_t text_n;
    char **examples;
    size_t n_examples;
};

/* How a message lies on a category. */
struct categorize_fit {
    double similarity; /* 0 to 1 */
    bool same;         /* nothing of the category would change */
    /* For each part the message's token, or CATEGORIZE_TOKENS_MAX: it is not there. */
    uint8_t at[CATEGORIZE_TOKENS_MAX];
};

/* The tokens of a message as a set, for quick looks. */
struct categorize_set {
    uint64_t slots[256];
    uint64_t bits; /* one of 64 for each token */
    unsigned weight;
};

/* A category as it is looked at first: most do not fit, and this says so for nearly all of them. */
struct categorize_sketch {
    uint64_t words; /* bits of the parts that weigh as words, or more */
    uint64_t values;
    uint32_t weight;
    bool open; /* it has gaps */
};
struct categorize_sketch categorize_category_sketch(const struct categorize_category *c);
/* False when the message cannot fit. */
bool categorize_category_may_fit(const struct categorize_sketch *s,
                                 const struct categorize_set *set);
void categorize_category_set(const struct categorize_tokens *tokens, struct categorize_set *out);

/* Hash of a message's deciding words. */
uint64_t categorize_category_deciding(const struct categorize_tokens *tokens);

/* NULL when memory is short. */
struct categorize_category *categorize_category_new(const struct categorize_tokens *tokens);
void categorize_category_free(struct categorize_category *c); /* NULL is fine */

/* What it takes from the heap, by what it holds. */
size_t categorize_category_bytes(const struct categorize_category *c);

/* The most that the similarity can be; 0: the message does not fit. */
double categorize_category_bound(const struct categorize_category *c,
                                 const struct categorize_sketch *s,
                                 const struct categorize_set *set);
/* Whether the message fits; both have the same deciding words. */
bool categorize_category_fit(const struct categorize_category *c,
                             const struct categorize_tokens *tokens, struct categorize_fit *out);
/* Takes a message that fits; true when what is common, or a gap, changed. */
bool categorize_category_take(struct categorize_category *c, const struct categorize_tokens *tokens,
                              const struct categorize_fit *fit);
/* Whether every message of the other would fit without a change. Both have the same deciding
 * words. */
bool categorize_category_covers(const struct categorize_category *c,
                                const struct categorize_category *other);

/* Keeps the message as an example, if there are less than most and it is another; true then. False
 * as well when memory is short. */
bool categorize_category_example(struct categorize_category *c, struct bytes message, size_t most);

/* "Failed password for from", and ".*?Failed.+?password.+?for.+?from.*". */
void categorize_category_terms(const struct categorize_category *c, struct buf *out);
void categorize_category_regex(const struct categorize_category *c, struct buf *out);

#endif
