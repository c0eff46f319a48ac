/* SPDX-License-Identifier: Apache-2.0 */
#include "query/words.h"

#include "query/unicode_table.h"

#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof *(a))

enum kind {
    KIND_OTHER,
    KIND_LETTER,
    KIND_DIGIT,
    KIND_JOINER, /* '_': joins whatever stands beside it */
    KIND_SINGLE,
};

uint32_t query_words_char(const char *s, const char *end, size_t *out_n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t left = (size_t)(end - s);
    uint32_t c = p[0];
    size_t n = c < 0x80 ? 1 : c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (n <= 1 || n > left) {
        *out_n = 1;
        return c;
    }
    c &= 0xffU >> (n + 1);
    for (size_t i = 1; i < n; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *out_n = 1;
            return p[0];
        }
        c = c << 6 | (p[i] & 0x3fU);
    }
    *out_n = n;
    return c;
}

size_t query_words_put(uint32_t c, char out[4])
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

static bool in_ranges(const struct unicode_range *ranges, size_t n, uint32_t c)
{
    size_t low = 0, high = n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > ranges[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    return low < n && c >= ranges[low].first;
}

uint32_t query_words_lower(uint32_t c)
{
    if (c < 0x80)
        return c >= 'A' && c <= 'Z' ? c + 32 : c;
    size_t low = 0, high = COUNT(unicode_lowers);
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (c > unicode_lowers[mid].last)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == COUNT(unicode_lowers))
        return c;
    const struct unicode_lower *u = &unicode_lowers[low];
    if (c < u->first || (c - u->first) % u->stride != 0)
        return c;
    return (uint32_t)((int32_t)c + u->distance);
}

static enum kind kind_of(uint32_t c)
{
    if (c < 0x80) {
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            return KIND_LETTER;
        if (c >= '0' && c <= '9')
            return KIND_DIGIT;
        return c == '_' ? KIND_JOINER : KIND_OTHER;
    }
    if (in_ranges(unicode_words, COUNT(unicode_words), c))
        return KIND_LETTER;
    if (in_ranges(unicode_singles, COUNT(unicode_singles), c))
        return KIND_SINGLE;
    return KIND_OTHER;
}

/* Whether c stays inside a word between two characters of these kinds. */
static bool joins(uint32_t c, enum kind before, enum kind after)
{
    bool letters = before == KIND_LETTER && after == KIND_LETTER;
    bool digits = before == KIND_DIGIT && after == KIND_DIGIT;
    switch (c) {
    case '.':
    case '\'':
    case 0x2018: /* quotation marks used as apostrophes */
    case 0x2019:
        return letters || digits;
    case ':':
    case 0xb7: /* middle dot */
        return letters;
    case ',':
    case ';':
        return digits;
    default:
        return false;
    }
}

void query_words_init(struct query_words *w, const char *s, size_t n)
{
    w->p = s;
    w->end = n > 0 ? s + n : s;
    w->n = 0;
    w->word[0] = '\0';
}

bool query_words_next(struct query_words *w)
{
    enum kind before = KIND_OTHER;
    size_t chars = 0;
    bool word = false; /* a letter or digit is in it; '_' alone is no word */
    w->n = 0;
    while (w->p < w->end) {
        size_t n;
        uint32_t c = query_words_char(w->p, w->end, &n);
        enum kind kind = kind_of(c);
        if (kind == KIND_SINGLE && word)
            break;
        if (kind == KIND_OTHER) {
            size_t after_n;
            const char *after = w->p + n;
            bool stays = chars > 0 && chars < QUERY_WORDS_CHARS && after < w->end &&
                         joins(c, before, kind_of(query_words_char(after, w->end, &after_n)));
            if (!stays) {
                w->p += n;
                if (word)
                    break;
                chars = 0;
                w->n = 0;
                continue;
            }
        } else {
            before = kind;
        }
        if (chars == QUERY_WORDS_CHARS && word)
            break;
        if (chars == QUERY_WORDS_CHARS || (kind == KIND_SINGLE && !word))
            chars = w->n = 0;
        word = word || kind != KIND_JOINER;
        w->n += query_words_put(query_words_lower(c), w->word + w->n);
        w->p += n;
        chars++;
        if (kind == KIND_SINGLE)
            break;
    }
    if (!word)
        w->n = 0;
    w->word[w->n] = '\0';
    return word;
}
