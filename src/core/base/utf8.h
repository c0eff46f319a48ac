#ifndef BASE_UTF8_H
#define BASE_UTF8_H

/*
 * Foreign bytes made valid UTF-8, and characters of valid UTF-8 one by one.
 *
 * Every string in an event is valid UTF-8 without NUL: one bad byte makes a whole batch unreadable
 * further on. A byte that is no part of a valid sequence becomes \xhh, a NUL becomes \x00.
 *
 * Threads: any.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Valid UTF-8 (no overlong forms, no surrogates, at most U+10FFFF) and without NUL. */
bool utf8_valid(const char *s, size_t n);

/* Room that utf8_escape() may need for n bytes, without the final NUL. */
static inline size_t utf8_escape_bound(size_t n)
{
    return 4 * n;
}

/*
 * Writes s with bad bytes escaped, and a NUL, to out, which holds utf8_escape_bound(n) + 1 bytes.
 * Returns the length; *out_bad (NULL is fine) is how many bytes were escaped.
 */
size_t utf8_escape(const char *s, size_t n, char *out, size_t *out_bad);

/*
 * The character at s, n ≥ 1; how many bytes it has goes to *out_n, never more than n. What is not
 * valid gives some character.
 */
uint32_t utf8_next(const char *s, size_t n, size_t *out_n);

/* How many of the n bytes of valid UTF-8 at s are its first whole characters in at most max bytes.
 */
size_t utf8_cut(const char *s, size_t n, size_t max);

/*
 * How many columns of a terminal a character takes: 2 for what Unicode's EastAsianWidth.txt calls
 * wide, 0 for marks that stand on the character before in the scripts met most, else 1.
 */
unsigned utf8_columns(uint32_t character);

#endif
