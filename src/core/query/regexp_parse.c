/* SPDX-License-Identifier: Apache-2.0 */
#include "query/regexp_priv.h"

#include "query/regexp.h"
#include "query/words.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 64
#define REPEAT_MAX 1000
#define CLASS_MAX 256
#define DIGITS_MAX 9

struct parser {
    struct regexp_pool *pool;
    const char *start;
    const char *p;
    const char *end;
    unsigned flags;
    unsigned depth;
    bool fold;
    enum err err;
    struct err_text *why;
};

static uint32_t parse_alt(struct parser *r);

static uint32_t fail(struct parser *r, const char *message)
{
    if (r->err == ERR_NONE)
        r->err = err_set(r->why, ERR_INVALID, "%s at character %zu of the regular expression",
                         message, (size_t)(r->p - r->start) + 1);
    return REGEXP_ID_EMPTY;
}

static bool at(const struct parser *r, char c)
{
    return r->p < r->end && *r->p == c;
}

static bool take(struct parser *r, char c)
{
    if (!at(r, c))
        return false;
    r->p++;
    return true;
}

static bool has(const struct parser *r, unsigned flag)
{
    return (r->flags & flag) != 0;
}

static uint32_t next_char(struct parser *r)
{
    size_t n;
    uint32_t c = query_words_char(r->p, r->end, &n);
    r->p += n;
    return c;
}

/* \d \w \s and their capitals; 0 when it is another letter. */
static size_t named_class(char c, struct regexp_range out[4])
{
    static const struct regexp_range digits[] = {{'0', '9'}};
    static const struct regexp_range words[] = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    static const struct regexp_range blanks[] = {{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}};
    switch (c | 0x20) {
    case 'd':
        memcpy(out, digits, sizeof digits);
        return 1;
    case 'w':
        memcpy(out, words, sizeof words);
        return 4;
    case 's':
        memcpy(out, blanks, sizeof blanks);
        return 3;
    default:
        return 0;
    }
}

/* After a backslash outside brackets. */
static uint32_t parse_escape(struct parser *r)
{
    struct regexp_range ranges[4];
    if (r->p == r->end)
        return fail(r, "expected a character after the backslash");
    size_t n = named_class(*r->p, ranges);
    if (n > 0) {
        bool negate = *r->p++ < 'a';
        return query_regexp_set(r->pool, ranges, n, negate);
    }
    return query_regexp_char(r->pool, next_char(r), r->fold);
}

/* Adds [first, last], with the other case of its ASCII letters when folding. */
static bool add_range(struct parser *r, struct regexp_range *list, size_t *n, uint32_t first,
                      uint32_t last)
{
    if (*n + 3 > CLASS_MAX)
        return fail(r, "expected fewer ranges in these brackets") != 0;
    list[(*n)++] = (struct regexp_range){first, last};
    for (int up = 0; r->fold && up < 2; up++) {
        uint32_t a = up ? 'A' : 'a', z = up ? 'Z' : 'z';
        uint32_t low = first > a ? first : a, high = last < z ? last : z;
        if (low <= high)
            list[(*n)++] = (struct regexp_range){low ^ 0x20, high ^ 0x20};
    }
    return true;
}

static uint32_t parse_class(struct parser *r)
{
    struct regexp_range list[CLASS_MAX];
    size_t n = 0;
    bool negate = take(r, '^');
    do {
        if (r->p == r->end)
            return fail(r, "expected ']'");
        if (at(r, '\\') && r->p + 1 < r->end) {
            struct regexp_range named[4];
            size_t k = named_class(r->p[1], named);
            /* a capital's complement inside brackets cannot be told by a list of its ranges */
            if (k > 0 && r->p[1] < 'a')
                return fail(r, "expected no negated class inside brackets");
            if (k > 0) {
                r->p += 2;
                for (size_t i = 0; i < k; i++)
                    add_range(r, list, &n, named[i].first, named[i].last);
                continue;
            }
            r->p++;
        }
        uint32_t first = next_char(r), last = first;
        if (at(r, '-') && r->p + 1 < r->end && r->p[1] != ']') {
            r->p++;
            take(r, '\\');
            if (r->p == r->end)
                return fail(r, "expected ']'");
            last = next_char(r);
        }
        if (last < first)
            return fail(r, "expected a range that rises");
        add_range(r, list, &n, first, last);
    } while (r->err == ERR_NONE && !at(r, ']'));
    r->p++;
    return r->err == ERR_NONE ? query_regexp_set(r->pool, list, n, negate) : REGEXP_ID_EMPTY;
}

static uint32_t digit_range(struct parser *r, char first, char last)
{
    struct regexp_range range = {(uint8_t)first, (uint8_t)last};
    return query_regexp_set(r->pool, &range, 1, false);
}

/* Numbers of n digits between low and high, which have n digits each. */
static uint32_t between(struct parser *r, const char *low, const char *high, size_t n)
{
    static const char zeros[] = "000000000", nines[] = "999999999";
    struct regexp_pool *p = r->pool;
    if (n == 0)
        return REGEXP_ID_BLANK;
    if (memcmp(low, zeros, n) == 0 && memcmp(high, nines, n) == 0)
        return query_regexp_many(p, digit_range(r, '0', '9'), (uint32_t)n, (uint32_t)n);
    if (*low == *high)
        return query_regexp_cat(p, digit_range(r, *low, *low),
                                between(r, low + 1, high + 1, n - 1));
    uint32_t v = query_regexp_cat(p, digit_range(r, *low, *low), between(r, low + 1, nines, n - 1));
    v = query_regexp_alt(
        p, v,
        query_regexp_cat(p, digit_range(r, *high, *high), between(r, zeros, high + 1, n - 1)));
    if (*low + 1 < *high)
        v = query_regexp_alt(p, v,
                             query_regexp_cat(p,
                                              digit_range(r, (char)(*low + 1), (char)(*high - 1)),
                                              between(r, zeros, nines, n - 1)));
    return v;
}

static bool read_digits(struct parser *r, char *out, size_t *out_n)
{
    size_t n = 0;
    while (r->p < r->end && *r->p >= '0' && *r->p <= '9' && n < DIGITS_MAX)
        out[n++] = *r->p++;
    out[n] = '\0';
    *out_n = n;
    return n > 0;
}

/* <1-100>: both sides of one length fix the number of digits, else leading zeros are free. */
static uint32_t parse_interval(struct parser *r)
{
    char low[DIGITS_MAX + 1], high[DIGITS_MAX + 1], padded[DIGITS_MAX + 1];
    size_t n_low, n_high;
    if (!read_digits(r, low, &n_low) || !take(r, '-') || !read_digits(r, high, &n_high) ||
        !take(r, '>'))
        return fail(r, "expected a range of numbers of at most 9 digits such as <1-100>");
    if (n_low > n_high || (n_low == n_high && memcmp(low, high, n_low) > 0))
        return fail(r, "expected a range of numbers that rises");
    if (n_low == n_high)
        return between(r, low, high, n_low);
    memset(padded, '0', n_high);
    memcpy(padded + n_high - n_low, low, n_low + 1);
    /* Without its leading zeros a number is shorter, so each length is asked for by itself. */
    uint32_t v = REGEXP_ID_EMPTY;
    for (size_t n = 1; n <= n_high; n++) {
        char from[DIGITS_MAX + 1] = "100000000", to[DIGITS_MAX + 1] = "999999999";
        size_t skip = n_high - n;
        if (n == 1)
            from[0] = '0';
        if (strspn(padded, "0") < skip)
            continue; /* all numbers of this length are below the range */
        if (memcmp(padded + skip, from, n) > 0)
            memcpy(from, padded + skip, n);
        if (skip == 0)
            memcpy(to, high, n);
        if (memcmp(from, to, n) <= 0)
            v = query_regexp_alt(r->pool, v, between(r, from, to, n));
    }
    return query_regexp_cat(r->pool, query_regexp_many(r->pool, digit_range(r, '0', '0'), 0, 0), v);
}

static uint32_t parse_quoted(struct parser *r)
{
    uint32_t v = REGEXP_ID_BLANK;
    const char *open = r->p;
    while (r->p < r->end && *r->p != '"')
        v = query_regexp_cat(r->pool, v, query_regexp_char(r->pool, next_char(r), r->fold));
    if (take(r, '"'))
        return v;
    r->p = open;
    return fail(r, "expected a closing quotation mark");
}

static uint32_t parse_group(struct parser *r)
{
    if (take(r, ')'))
        return REGEXP_ID_BLANK;
    if (++r->depth > DEPTH_MAX)
        return fail(r, "expected fewer levels of brackets");
    uint32_t v = parse_alt(r);
    r->depth--;
    return take(r, ')') ? v : fail(r, "expected ')'");
}

static uint32_t parse_one(struct parser *r)
{
    struct regexp_range any = {0, REGEXP_CHAR_MAX};
    if (r->p == r->end)
        return fail(r, "expected a character");
    if (take(r, '.'))
        return query_regexp_set(r->pool, &any, 1, false);
    if (take(r, '['))
        return parse_class(r);
    if (take(r, '('))
        return parse_group(r);
    if (take(r, '"'))
        return parse_quoted(r);
    if (take(r, '\\'))
        return parse_escape(r);
    if (has(r, QUERY_REGEXP_EMPTY) && take(r, '#'))
        return REGEXP_ID_EMPTY;
    if (has(r, QUERY_REGEXP_ANYSTRING) && take(r, '@'))
        return REGEXP_ID_ALL;
    if (has(r, QUERY_REGEXP_INTERVAL) && take(r, '<'))
        return parse_interval(r);
    return query_regexp_char(r->pool, next_char(r), r->fold);
}

/* ~a: every text but those. */
static uint32_t parse_complement(struct parser *r)
{
    unsigned nots = 0;
    while (has(r, QUERY_REGEXP_COMPLEMENT) && take(r, '~'))
        nots++;
    uint32_t v = parse_one(r);
    return nots % 2 == 1 ? query_regexp_not(r->pool, v) : v;
}

static uint32_t parse_counts(struct parser *r, uint32_t v)
{
    char digits[DIGITS_MAX + 1];
    size_t n;
    unsigned counts[2];
    bool open = false;
    for (int i = 0; i < 2; i++) {
        if (!read_digits(r, digits, &n)) {
            if (i == 0)
                return fail(r, "expected a count such as {2} or {2,5}");
            open = true;
            break;
        }
        counts[i] = 0;
        for (size_t k = 0; k < n; k++)
            counts[i] = counts[i] * 10 + (unsigned)(digits[k] - '0');
        if (i == 0 && !take(r, ',')) {
            counts[1] = counts[0];
            break;
        }
    }
    if (!take(r, '}'))
        return fail(r, "expected '}'");
    if (counts[0] > REPEAT_MAX || (!open && (counts[1] > REPEAT_MAX || counts[1] < counts[0])))
        return fail(r, "expected counts that rise, of at most 1000,");
    if (!open && counts[1] == 0)
        return REGEXP_ID_BLANK;
    return query_regexp_many(r->pool, v, counts[0], open ? 0 : counts[1]);
}

static uint32_t parse_repeat(struct parser *r)
{
    uint32_t v = parse_complement(r);
    while (r->err == ERR_NONE) {
        if (take(r, '?'))
            v = query_regexp_many(r->pool, v, 0, 1);
        else if (take(r, '*'))
            v = query_regexp_many(r->pool, v, 0, 0);
        else if (take(r, '+'))
            v = query_regexp_many(r->pool, v, 1, 0);
        else if (take(r, '{'))
            v = parse_counts(r, v);
        else
            break;
    }
    return v;
}

static uint32_t parse_cat(struct parser *r)
{
    uint32_t v = REGEXP_ID_BLANK;
    bool both = has(r, QUERY_REGEXP_INTERSECTION);
    while (r->err == ERR_NONE && r->p < r->end && *r->p != ')' && *r->p != '|' &&
           !(both && *r->p == '&'))
        v = query_regexp_cat(r->pool, v, parse_repeat(r));
    return v;
}

static uint32_t parse_both(struct parser *r)
{
    uint32_t v = parse_cat(r);
    while (r->err == ERR_NONE && has(r, QUERY_REGEXP_INTERSECTION) && take(r, '&'))
        v = query_regexp_both(r->pool, v, parse_cat(r));
    return v;
}

static uint32_t parse_alt(struct parser *r)
{
    uint32_t v = parse_both(r);
    while (r->err == ERR_NONE && take(r, '|'))
        v = query_regexp_alt(r->pool, v, parse_both(r));
    return v;
}

enum err query_regexp_parse(struct regexp_pool *p, const char *s, size_t n, unsigned flags,
                            bool fold, uint32_t *out, struct err_text *why)
{
    struct parser r = {
        .pool = p, .start = s, .p = s, .end = s + n, .flags = flags, .fold = fold, .why = why};
    uint32_t v = parse_alt(&r);
    if (r.err == ERR_NONE && r.p < r.end)
        fail(&r, "expected an opening bracket before ')'");
    if (r.err != ERR_NONE)
        return r.err;
    *out = v;
    return ERR_NONE;
}
