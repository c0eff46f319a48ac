/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/lex_priv.h"

#include "base/buf.h"
#include "query/words.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 1000
#define NUMBER_MAX 100

void *eql_lex_fail(struct eql_lex *x, uint32_t at, enum err code, const char *format, ...)
{
    if (x->err != ERR_NONE)
        return NULL;
    char message[300];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    unsigned line = 1, column = 1;
    for (const char *c = x->start; c < x->start + at; c++) {
        column = *c == '\n' ? 1 : column + ((*c & 0xc0) != 0x80);
        line += *c == '\n';
    }
    x->err = err_set_at(x->why, code, "", line, "%s", message);
    if (x->why != NULL)
        x->why->column = column;
    return NULL;
}

void *eql_lex_alloc(struct eql_lex *x, size_t size)
{
    void *p = arena_zero(&x->q->arena, size > 0 ? size : 1);
    return p != NULL ? p : eql_lex_fail(x, 0, ERR_MEMORY, "no memory for a query");
}

bool eql_lex_is(const struct eql_token *t, const char *word)
{
    return t->kind == EQL_T_NAME && t->word && strlen(word) == t->n &&
           memcmp(t->text, word, t->n) == 0;
}

static uint32_t place(const struct eql_lex *x, const char *p)
{
    return (uint32_t)(p - x->start);
}

static bool starts(const struct eql_lex *x, const char *s)
{
    size_t n = strlen(s);
    return (size_t)(x->end - x->p) >= n && memcmp(x->p, s, n) == 0;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '@';
}

/* Blanks and comments. */
static bool skip(struct eql_lex *x)
{
    while (x->p < x->end) {
        if (*x->p == ' ' || *x->p == '\t' || *x->p == '\r' || *x->p == '\n') {
            x->p++;
        } else if (starts(x, "\xc2\xa0")) {
            x->p += 2; /* a no-break space, as copied from pages */
        } else if (starts(x, "//")) {
            while (x->p < x->end && *x->p != '\n')
                x->p++;
        } else if (starts(x, "/*")) {
            const char *open = x->p;
            for (x->p += 2; x->p < x->end && !starts(x, "*/");)
                x->p++;
            if (x->p == x->end) {
                eql_lex_fail(x, place(x, open), ERR_INVALID, "expected */ to end this comment");
                return false;
            }
            x->p += 2;
        } else {
            return true;
        }
    }
    return true;
}

/* What was put together as the token's text. */
static bool keep(struct eql_lex *x, struct buf *text, struct eql_token *out)
{
    char *copy = buf_ok(text) ? arena_strndup(&x->q->arena, buf_text(text), text->n) : NULL;
    out->text = copy;
    out->n = (uint32_t)text->n;
    buf_release(text);
    if (copy == NULL)
        eql_lex_fail(x, 0, ERR_MEMORY, "no memory for a query");
    return copy != NULL;
}

/* """as it is""": up to two more quotation marks before the end belong to the text. */
static bool read_raw(struct eql_lex *x, struct eql_token *out)
{
    const char *open = x->p;
    x->p += 3;
    const char *from = x->p;
    while (x->p < x->end && *x->p != '\n' && !starts(x, "\"\"\""))
        x->p++;
    if (!starts(x, "\"\"\"")) {
        eql_lex_fail(x, place(x, open), ERR_INVALID,
                     "expected \"\"\" to end this text, on its line");
        return false;
    }
    for (int more = 0; more < 2 && x->end - x->p > 3 && x->p[3] == '"'; more++)
        x->p++;
    out->kind = EQL_T_STRING;
    out->text = from;
    out->n = (uint32_t)(x->p - from);
    x->p += 3;
    return true;
}

/* \u{…}: after the u. */
static bool read_code(struct eql_lex *x, struct buf *text)
{
    uint32_t c = 0;
    unsigned digits = 0;
    const char *p = x->p;
    if (p == x->end || *p != '{')
        return false;
    for (p++; p < x->end && *p != '}'; p++, digits++) {
        char h = (char)(*p | 0x20);
        if (digits == 8 || !(is_digit(*p) || (h >= 'a' && h <= 'f')))
            return false;
        c = c << 4 | (uint32_t)(is_digit(*p) ? *p - '0' : h - 'a' + 10);
    }
    if (p == x->end || digits < 2 || c == 0 || c > 0x10ffff || (c >= 0xd800 && c < 0xe000))
        return false;
    char out[4];
    buf_add(text, out, query_words_put(c, out));
    x->p = p + 1;
    return true;
}

static bool read_escape(struct eql_lex *x, struct buf *text)
{
    static const char letters[] = "nrt\\\"", means[] = "\n\r\t\\\"";
    const char *at = x->p++;
    const char *known = x->p < x->end && *x->p != '\0' ? strchr(letters, *x->p) : NULL;
    if (known != NULL) {
        buf_char(text, means[known - letters]);
        x->p++;
        return true;
    }
    if (x->p < x->end && *x->p == 'u') {
        x->p++;
        if (read_code(x, text))
            return true;
    }
    eql_lex_fail(
        x, place(x, at), ERR_INVALID,
        "expected \\n, \\r, \\t, \\\\, \\\" or \\u{…}; a backslash itself is written as two, "
        "or the text stands in \"\"\"");
    return false;
}

static bool read_string(struct eql_lex *x, struct eql_token *out)
{
    if (starts(x, "\"\"\""))
        return read_raw(x, out);
    struct buf text;
    buf_init(&text);
    const char *open = x->p++;
    while (x->p < x->end && *x->p != '"' && *x->p != '\n') {
        if (*x->p != '\\') {
            buf_char(&text, *x->p++);
        } else if (!read_escape(x, &text)) {
            buf_release(&text);
            return false;
        }
    }
    if (x->p == x->end || *x->p == '\n') {
        buf_release(&text);
        eql_lex_fail(x, place(x, open), ERR_INVALID, "expected \" to end this text, on its line");
        return false;
    }
    x->p++;
    out->kind = EQL_T_STRING;
    return keep(x, &text, out);
}

/* A part in backticks, two of which stand for one. */
static bool read_quoted_part(struct eql_lex *x, struct buf *name)
{
    const char *open = x->p++;
    size_t before = name->n;
    for (; x->p < x->end && *x->p != '\n'; x->p++) {
        if (*x->p == '`' && !starts(x, "``"))
            break;
        x->p += *x->p == '`';
        buf_char(name, *x->p);
    }
    if (x->p == x->end || *x->p != '`' || (buf_ok(name) && name->n == before)) {
        eql_lex_fail(x, place(x, open), ERR_INVALID, "expected a name and a closing backtick");
        return false;
    }
    x->p++;
    return true;
}

static bool read_name(struct eql_lex *x, struct eql_token *out)
{
    struct buf name;
    bool word = *x->p != '`';
    buf_init(&name);
    for (;;) {
        if (x->p < x->end && *x->p == '`') {
            if (!read_quoted_part(x, &name))
                break;
        } else if (x->p < x->end && is_letter(*x->p)) {
            while (x->p < x->end && (is_letter(*x->p) || is_digit(*x->p)))
                buf_char(&name, *x->p++);
        } else {
            eql_lex_fail(x, place(x, x->p), ERR_INVALID,
                         "expected the next part of the name after the dot, in backticks when it "
                         "has other characters than letters, digits, '_' and '@'");
            break;
        }
        if (x->p == x->end || *x->p != '.')
            break;
        buf_char(&name, *x->p++);
        word = false;
    }
    if (x->err == ERR_NONE && name.n > NAME_MAX_BYTES)
        eql_lex_fail(x, out->at, ERR_LIMIT, "expected a name of at most %d bytes", NAME_MAX_BYTES);
    if (x->err != ERR_NONE) {
        buf_release(&name);
        return false;
    }
    out->kind = EQL_T_NAME;
    out->word = word;
    out->tilde = x->p < x->end && *x->p == '~';
    x->p += out->tilde;
    return keep(x, &name, out);
}

static bool read_number(struct eql_lex *x, struct eql_token *out)
{
    const char *from = x->p;
    bool whole = true;
    while (x->p < x->end && is_digit(*x->p))
        x->p++;
    if (x->p < x->end && *x->p == '.') {
        whole = false;
        for (x->p++; x->p < x->end && is_digit(*x->p);)
            x->p++;
    }
    const char *e = x->p;
    if (e < x->end && (*e | 0x20) == 'e') {
        e++;
        e += e < x->end && (*e == '+' || *e == '-');
        if (e < x->end && is_digit(*e)) {
            whole = false;
            for (x->p = e; x->p < x->end && is_digit(*x->p);)
                x->p++;
        }
    }
    const char *digits_end = x->p;
    while (x->p < x->end && is_letter(*x->p))
        x->p++;
    out->text = from;
    out->n = (uint32_t)(x->p - from);
    if (x->p > digits_end) {
        out->kind = EQL_T_SPAN;
        return true;
    }
    char text[NUMBER_MAX + 1];
    bool fits = out->n <= NUMBER_MAX;
    memcpy(text, from, fits ? out->n : 0);
    text[fits ? out->n : 0] = '\0';
    errno = 0;
    out->kind = whole ? EQL_T_INT : EQL_T_FLOAT;
    out->i = whole && fits ? strtoll(text, NULL, 10) : 0;
    out->f = fits ? strtod(text, NULL) : 0;
    if (fits && (whole ? errno == 0 : isfinite(out->f)))
        return true;
    eql_lex_fail(x, out->at, ERR_INVALID, "expected a number that 64 bits hold");
    return false;
}

static bool read_symbol(struct eql_lex *x, struct eql_token *out)
{
    static const struct {
        char text[3];
        int symbol;
    } pairs[] = {{"==", EQL_S_EQ}, {"!=", EQL_S_NE}, {"<=", EQL_S_LE}, {">=", EQL_S_GE}};
    out->kind = EQL_T_SYMBOL;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (starts(x, pairs[i].text)) {
            out->symbol = pairs[i].symbol;
            x->p += 2;
            return true;
        }
    }
    char c = *x->p;
    if (starts(x, "?\"") || starts(x, "?'")) {
        eql_lex_fail(x, out->at, ERR_UNSUPPORTED,
                     "expected \"\"\" before and after a text that is taken as it is: ?%c is not "
                     "supported",
                     x->p[1]);
    } else if (c == '\'') {
        eql_lex_fail(x, out->at, ERR_UNSUPPORTED,
                     "expected a text in double quotation marks: single ones are not supported");
    } else if (c == '=') {
        out->symbol = '=';
        x->p++;
        return true;
    } else if (c != '\0' && strchr("()[],|?!:<>+-*/%", c) != NULL) {
        out->symbol = c;
        x->p++;
        return true;
    } else {
        size_t n;
        query_words_char(x->p, x->end, &n);
        eql_lex_fail(x, out->at, ERR_INVALID,
                     "expected a name, a value or an operator, found '%.*s'", (int)n, x->p);
    }
    return false;
}

bool eql_lex_next(struct eql_lex *x, struct eql_token *out)
{
    if (x->err != ERR_NONE || !skip(x))
        return false;
    *out = (struct eql_token){.kind = EQL_T_END, .at = place(x, x->p)};
    if (x->p == x->end)
        return true;
    char c = *x->p;
    if (c == '"')
        return read_string(x, out);
    if (is_letter(c) || c == '`')
        return read_name(x, out);
    if (is_digit(c) || (c == '.' && x->end - x->p > 1 && is_digit(x->p[1])))
        return read_number(x, out);
    return read_symbol(x, out);
}
