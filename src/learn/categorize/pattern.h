#ifndef CATEGORIZE_PATTERN_H
#define CATEGORIZE_PATTERN_H

/*
 * Regular expressions that people give, as Perl and Java have them, replaced in foreign texts.
 *
 * PCRE2 does the matching, with bounds: an expression has at most 1,000 bytes, a search at most
 * 20,000 steps back and 256 KiB, and a text is searched 500 times. What passes a bound is given up
 * where it stands: the text stays as it is from there on, and the caller counts it. No code is made
 * at run time, so that the engine's jail can stay as it is.
 *
 * Ownership: a pattern is constant once made; a matcher is the room that a search needs.
 * Threads:   any for a pattern; a matcher has one owner.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define CATEGORIZE_PATTERN_MAX 1000

struct categorize_pattern;
struct categorize_matcher;

/* ERR_INVALID with what is wrong and where, ERR_MEMORY. */
enum err categorize_pattern_new(const char *text, size_t n, struct categorize_pattern **out,
                                struct err_text *why) ERR_MUST_CHECK;
void categorize_pattern_free(struct categorize_pattern *p); /* NULL is fine */

/* NULL when memory is short. */
struct categorize_matcher *categorize_matcher_new(void);
void categorize_matcher_free(struct categorize_matcher *m); /* NULL is fine */

/*
 * Writes the text to out with all that matches replaced; $0 to $9 in the replacement are what
 * matched, or its groups. Returns false when a bound was passed. No more than most bytes are
 * written.
 */
bool categorize_pattern_replace(const struct categorize_pattern *p, struct categorize_matcher *m,
                                struct bytes text, struct bytes replacement, size_t most,
                                struct buf *out);

/* The first match at or behind *from: its bounds, and true. Empty matches are passed over. */
bool categorize_pattern_find(const struct categorize_pattern *p, struct categorize_matcher *m,
                             struct bytes text, size_t *from, size_t *out_end);

#endif
