/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/token.h"

#include "categorize/word.h"

/* Longer runs of pairs than fingerprints of SHA-256 are nothing. */
#define ADDRESS_MAX 128

/* What a byte may do in a token. */
enum part {
    BETWEEN,
    WORD,  /* letters, digits, '_' and all beyond ASCII */
    JOINS, /* holds a token together, and ends none */
    SLASH,
    COLON,
    BLANK,
};

static enum part part_of(uint8_t c)
{
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
        c >= 0x80)
        return WORD;
    switch (c) {
    case '-':
    case '.':
    case '@':
    case '+':
    case '$':
        return JOINS;
    case '/':
    case '\\':
        return SLASH;
    case ':':
        return COLON;
    case ' ':
    case '\t':
    case '\n':
    case '\r':
    case '\v':
    case '\f':
        return BLANK;
    default:
        return BETWEEN;
    }
}

/* Where the reader is, and what lies around it. */
struct reader {
    enum categorize_tokenizer how;
    struct bytes text;
    size_t at;
    uint8_t quote; /* the mark that ends what is quoted; 0: nothing is */
    bool command;  /* within a command line that is the value of a key */
    bool gap;      /* something was left out since the token before */
};

static bool hex_digit(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

/* The end of a MAC or IPv6 address, or of a time of day, that begins here; 0: none does. */
static size_t address_end(const struct reader *r)
{
    size_t i = r->at, colons = 0, group = 0;
    bool pairs = true, digits = false;
    for (; i < r->text.n; i++) {
        uint8_t c = r->text.p[i];
        if (i - r->at == ADDRESS_MAX)
            return 0;
        if (hex_digit(c)) {
            digits |= c <= '9';
            if (++group > 4)
                return 0;
        } else if (c == ':') {
            pairs = pairs && group == 2;
            colons++;
            group = 0;
        } else if (c == '.' && colons > 0) {
            group = 0;
        } else {
            break;
        }
    }
    bool ends = i == r->text.n || part_of(r->text.p[i]) != WORD;
    return ends && colons >= 2 && (digits || (pairs && group == 2)) ? i : 0;
}

/* Whether a colon at i holds a URL or a drive's path together. */
static bool colon_joins(const struct reader *r, size_t start, size_t i)
{
    const uint8_t *p = r->text.p;
    bool letters = i > start;
    for (size_t k = start; k < i; k++)
        letters = letters && part_of(p[k]) == WORD && (p[k] < '0' || p[k] > '9');
    if (!letters || i + 1 >= r->text.n)
        return false;
    bool url = i + 2 < r->text.n && p[i + 1] == '/' && p[i + 2] == '/';
    return url || (i - start == 1 && p[i + 1] == '\\');
}

static size_t run_end(const struct reader *r)
{
    size_t i = r->at;
    for (; i < r->text.n; i++) {
        enum part part = part_of(r->text.p[i]);
        if (r->how == CATEGORIZE_WHITESPACE) {
            if (part == BLANK)
                break;
            continue;
        }
        bool standard = r->how == CATEGORIZE_ML_STANDARD;
        if (part == WORD || part == JOINS || (standard && part == SLASH) ||
            (standard && part == COLON && colon_joins(r, r->at, i)))
            continue;
        break;
    }
    return i;
}

/* Quotation marks open before a token and close behind one; an apostrophe does neither. */
static void see_between(struct reader *r, uint8_t c)
{
    bool before = r->at > 0 && part_of(r->text.p[r->at - 1]) == WORD;
    bool behind = r->at + 1 < r->text.n && part_of(r->text.p[r->at + 1]) == WORD;
    if (c == r->quote && !(c == '\'' && before && behind))
        r->quote = 0;
    else if (r->quote == 0 && !before && (c == '"' || c == '\'' || c == '`'))
        r->quote = c == '`' ? '\'' : c;
    if (c == ';' || c == ',' || c == '"')
        r->command = false;
}

static bool after_equals(const struct reader *r, size_t start)
{
    const uint8_t *p = r->text.p;
    if (start > 0 && (p[start - 1] == '"' || p[start - 1] == '\''))
        start--;
    return start > 0 && p[start - 1] == '=';
}

bool categorize_token_add(struct categorize_tokens *out, struct bytes text)
{
    if (out->n == CATEGORIZE_TOKENS_MAX)
        return false;
    out->list[out->n++] = (struct categorize_token){.text = text};
    return true;
}

static bool take(struct reader *r, struct categorize_tokens *out)
{
    size_t start = r->at, end = run_end(r);
    r->at = end;
    bool value = after_equals(r, start);
    const uint8_t *p = r->text.p;
    bool all = r->how == CATEGORIZE_WHITESPACE;
    while (!all && start < end && part_of(p[start]) == JOINS)
        start++;
    while (!all && start < end && part_of(p[end - 1]) == JOINS)
        end--;
    struct bytes text = bytes_make(p + start, end - start);
    if (value && text.n > 0 && part_of(text.p[0]) == SLASH)
        r->command = true;
    if (all ? text.n > CATEGORIZE_WORD_MAX : categorize_word_left_out(text)) {
        r->gap |= text.n > 0;
        return true;
    }
    if (!categorize_token_add(out, text))
        return false;
    struct categorize_token *t = &out->list[out->n - 1];
    t->value = value || r->quote != 0;
    t->argument = r->command;
    t->follows = !r->gap;
    r->gap = false;
    return true;
}

void categorize_token_cut(enum categorize_tokenizer how, struct bytes text,
                          struct categorize_tokens *out)
{
    struct reader r = {.how = how, .text = text};
    out->n = 0;
    while (r.at < text.n) {
        enum part part = part_of(text.p[r.at]);
        bool all = how == CATEGORIZE_WHITESPACE;
        bool begins =
            all ? part != BLANK
                : part == WORD || part == JOINS || (part == SLASH && how == CATEGORIZE_ML_STANDARD);
        size_t end = !all && (part == WORD || part == COLON) ? address_end(&r) : 0;
        if (end > 0) {
            r.at = end;
            r.gap = true;
        } else if (begins) {
            if (!take(&r, out))
                return;
        } else {
            see_between(&r, text.p[r.at]);
            r.at++;
        }
    }
}
