#ifndef CATEGORIZE_ANALYZER_H
#define CATEGORIZE_ANALYZER_H

/*
 * What a job says about how its messages become tokens: categorization_filters (what matches is cut
 * out first) or categorization_analyzer (character filters, a tokenizer, token filters).
 * docs/format/job.md lists what is understood; anything else is refused by name.
 *
 * Ownership: categorize_analyzer_new() makes it, categorize_analyzer_free() ends it.
 * Threads:   constant once made; a desk has one owner.
 */

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "categorize/token.h"

#include <stdint.h>

struct categorize_analyzer;
struct categorize_matcher;
struct format_node;

/* Bytes of a message that are looked at. */
#define CATEGORIZE_TEXT_MAX 4096

/* Either or both nodes may be NULL. ERR_INVALID and ERR_UNSUPPORTED with file and line. */
enum err categorize_analyzer_new(const struct format_node *filters,
                                 const struct format_node *analyzer,
                                 struct categorize_analyzer **out,
                                 struct err_text *why) ERR_MUST_CHECK;
void categorize_analyzer_free(struct categorize_analyzer *a); /* NULL is fine */

/* What was found out about a token. */
struct categorize_known {
    uint64_t hash;
    uint8_t plain; /* weight; 0: nothing is known */
    uint8_t value; /* weight where values stand */
    bool names;
    bool is_date;
};

#define CATEGORIZE_KNOWN 1024

/* The room that analysis needs. */
struct categorize_desk {
    struct categorize_known *known; /* by hash; the newest of those that share a place */
    struct categorize_matcher *matcher;
    struct buf text[2]; /* a message and what filters make of it */
    struct buf made;    /* tokens that filters have changed */
    uint64_t given_up;  /* expressions that passed a bound */
};

enum err categorize_desk_init(struct categorize_desk *d) ERR_MUST_CHECK;
void categorize_desk_release(struct categorize_desk *d);

/* The message's tokens, with hashes and weights; they live until the next call. */
void categorize_analyzer_run(const struct categorize_analyzer *a, struct categorize_desk *d,
                             struct hash_key seed, struct bytes message,
                             struct categorize_tokens *out);

#endif
