#ifndef QUERY_WORDS_H
#define QUERY_WORDS_H

/*
 * Text taken apart into words, as Elasticsearch's standard analyser does: for match and
 * match_phrase on text fields.
 *
 * Method: word boundaries of Unicode (UAX #29) in the parts that matter here: runs of letters,
 * marks, digits and '_'; '.', ':', ''' and their like stay inside a word between two letters, '.'
 * ',' and ';' between two digits; ideographs and hiragana are words of one character; words longer
 * than 255 characters are cut there. Then small letters, character by character.
 *
 * Ownership: a value; the text is borrowed, a word is a view into the walker.
 * Threads:   one owner.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define QUERY_WORDS_CHARS 255

struct query_words {
    const char *p;
    const char *end;
    size_t n;                             /* bytes of the current word */
    char word[QUERY_WORDS_CHARS * 4 + 1]; /* small letters, NUL-terminated */
};

void query_words_init(struct query_words *w, const char *s, size_t n);

/* Moves to the next word, which then stands in w->word; false at the end. */
bool query_words_next(struct query_words *w);

/* The next character of UTF-8 text and its length; bytes that are none count as themselves. */
uint32_t query_words_char(const char *s, const char *end, size_t *out_n);
/* Writes a character as UTF-8; returns its length, 1 to 4. */
size_t query_words_put(uint32_t c, char out[4]);
uint32_t query_words_lower(uint32_t c);

#endif
