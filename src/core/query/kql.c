/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "query/parse_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define ITEMS_MAX 4096

struct kql {
    struct query_build *b;
    const char *start;
    const char *p;
    const char *end;
    unsigned depth;
};

/* A field or a value as written; wild: `text` is a wildcard pattern. */
struct literal {
    const char *text;
    size_t n;
    bool quoted;
    bool wild;
    bool all; /* nothing but '*' */
};

static struct query_node *parse_or(struct kql *k, const struct literal *field);

__attribute__((format(printf, 2, 3))) static void *fail(struct kql *k, const char *format, ...)
{
    char message[300];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    query_build_place(k->b, k->start, k->p);
    return query_build_fail(k->b, ERR_INVALID, "%s", message);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct kql *k)
{
    while (k->p < k->end) {
        /* U+00A0 counts too: it comes with text copied from pages */
        if (is_space(*k->p))
            k->p++;
        else if (k->end - k->p >= 2 && memcmp(k->p, "\xc2\xa0", 2) == 0)
            k->p += 2;
        else
            return;
    }
}

/* Whether the word stands at s, whatever its case, and a blank or a bracket after it. */
static bool word_at(const struct kql *k, const char *s, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(k->end - s) <= n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if ((s[i] | 0x20) != word[i])
            return false;
    }
    return is_space(s[n]);
}

/* "not(" is understood too: nothing else can be meant. */
static bool not_at(const struct kql *k, const char *s)
{
    return word_at(k, s, "not") || (k->end - s > 3 && s[3] == '(' && (s[0] | 0x20) == 'n' &&
                                    (s[1] | 0x20) == 'o' && (s[2] | 0x20) == 't');
}

static bool take_word(struct kql *k, const char *word)
{
    const char *before = k->p;
    skip_space(k);
    if (k->p > k->start && word_at(k, k->p, word)) {
        k->p += strlen(word);
        return true;
    }
    k->p = before;
    return false;
}

static bool take_char(struct kql *k, char c)
{
    skip_space(k);
    if (k->p >= k->end || *k->p != c)
        return false;
    k->p++;
    return true;
}

/* \uXXXX as UTF-8; false when it is none. */
static bool read_unicode(const struct kql *k, const char *s, struct buf *out)
{
    unsigned c = 0;
    if (k->end - s < 4)
        return false;
    for (int i = 0; i < 4; i++) {
        char h = s[i];
        int d = h >= '0' && h <= '9'                     ? h - '0'
                : (h | 0x20) >= 'a' && (h | 0x20) <= 'f' ? (h | 0x20) - 'a' + 10
                                                         : -1;
        if (d < 0)
            return false;
        c = c << 4 | (unsigned)d;
    }
    if (c == 0 || (c >= 0xd800 && c < 0xe000))
        return false;
    if (c < 0x80) {
        buf_char(out, (char)c);
    } else if (c < 0x800) {
        buf_char(out, (char)(0xc0 | c >> 6));
        buf_char(out, (char)(0x80 | (c & 0x3f)));
    } else {
        buf_char(out, (char)(0xe0 | c >> 12));
        buf_char(out, (char)(0x80 | (c >> 6 & 0x3f)));
        buf_char(out, (char)(0x80 | (c & 0x3f)));
    }
    return true;
}

/* Length of an escaped keyword: \and, \or, \not. */
static size_t keyword_length(const struct kql *k, const char *s)
{
    static const char *const words[] = {"and", "or", "not"};
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(words[i]), at = 0;
        while (at < n && s + at < k->end && (s[at] | 0x20) == words[i][at])
            at++;
        if (at == n)
            return n;
    }
    return 0;
}

/* After a backslash outside quotation marks: what it stands for; nothing else may be escaped. */
static bool read_escape(struct kql *k, struct buf *out)
{
    const char *s = k->p;
    size_t keyword = keyword_length(k, s);
    if (s < k->end && *s == 'u' && read_unicode(k, s + 1, out)) {
        k->p += 5;
    } else if (keyword > 0) {
        buf_add(out, s, keyword);
        k->p += keyword;
    } else if (s < k->end && *s != '\0' && strchr("trn", *s) != NULL) {
        buf_char(out, *s == 't' ? '\t' : *s == 'r' ? '\r' : '\n');
        k->p++;
    } else if (s < k->end && *s != '\0' && strchr("\\():<>\"*{} ", *s) != NULL) {
        buf_char(out, *s);
        k->p++;
    } else {
        k->p--;
        fail(k, "expected a character that needs it after this backslash (a backslash itself is "
                "written as two)");
        return false;
    }
    return true;
}

static bool keep(struct kql *k, struct buf *text, struct literal *out)
{
    bool ok = buf_ok(text);
    out->n = text->n;
    out->text = query_build_text(k->b, buf_text(text), text->n);
    buf_release(text);
    if (!ok)
        query_build_fail(k->b, ERR_MEMORY, "no memory for a query");
    return k->b->err == ERR_NONE;
}

static bool read_quoted(struct kql *k, struct literal *out)
{
    struct buf text;
    buf_init(&text);
    const char *open = k->p++;
    while (k->p < k->end && *k->p != '"') {
        char c = *k->p++;
        if (c != '\\' || k->p == k->end) {
            buf_char(&text, c);
            continue;
        }
        char e = *k->p;
        if (e == 'u' && read_unicode(k, k->p + 1, &text)) {
            k->p += 5;
            continue;
        }
        /* any other backslash stands for itself */
        if (strchr("trn\"\\", e) == NULL) {
            buf_char(&text, '\\');
            continue;
        }
        k->p++;
        buf_char(&text, e == 't' ? '\t' : e == 'r' ? '\r' : e == 'n' ? '\n' : e);
    }
    if (k->p == k->end) {
        buf_release(&text);
        k->p = open;
        fail(k, "expected a closing quotation mark for this one");
        return false;
    }
    k->p++;
    *out = (struct literal){.quoted = true};
    return keep(k, &text, out);
}

/* Whether a blank at s is followed by a keyword that ends the literal. */
static bool keyword_follows(const struct kql *k, const char *s)
{
    while (s < k->end && is_space(*s))
        s++;
    return word_at(k, s, "and") || word_at(k, s, "or") || word_at(k, s, "not");
}

/* Text that a wildcard takes as it is. */
static void add_plain(struct buf *pattern, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '*' || s[i] == '?' || s[i] == '\\')
            buf_char(pattern, '\\');
        buf_char(pattern, s[i]);
    }
}

/* Up to a special character or a keyword; '*' is a wildcard. */
static bool read_unquoted(struct kql *k, struct literal *out)
{
    struct buf text, pattern;
    size_t stars = 0, length = 0;
    buf_init(&text);
    buf_init(&pattern);
    while (k->p < k->end && strchr("():<>\"{}", *k->p) == NULL && *k->p != '\0') {
        if (is_space(*k->p) && keyword_follows(k, k->p))
            break;
        size_t before = text.n;
        bool star = *k->p == '*';
        if (*k->p == '\\') {
            k->p++;
            if (!read_escape(k, &text)) {
                buf_release(&text);
                buf_release(&pattern);
                return false;
            }
        } else {
            buf_char(&text, *k->p++);
        }
        if (star)
            buf_char(&pattern, '*');
        else if (buf_ok(&text))
            add_plain(&pattern, text.p + before, text.n - before);
        stars += star;
        length++;
    }
    if (buf_ok(&text) && buf_ok(&pattern)) {
        while (text.n > 0 && is_space(text.p[text.n - 1])) {
            text.n--;
            pattern.n--;
            length--;
        }
    }
    *out = (struct literal){.wild = stars > 0, .all = stars > 0 && stars == length};
    if (stars > 0) {
        buf_release(&text);
        return keep(k, &pattern, out);
    }
    buf_release(&pattern);
    return keep(k, &text, out);
}

static bool read_literal(struct kql *k, struct literal *out, const char *what)
{
    skip_space(k);
    if (k->p < k->end && *k->p == '"')
        return read_quoted(k, out);
    if (k->p < k->end && not_at(k, k->p)) {
        fail(k, "expected %s, found 'not'", what);
        return false;
    }
    const char *before = k->p;
    if (!read_unquoted(k, out))
        return false;
    if (out->n == 0) {
        k->p = before;
        if (k->p < k->end)
            fail(k, "expected %s, found '%c'", what, *k->p);
        else
            fail(k, "expected %s, found the end", what);
        return false;
    }
    return true;
}

/* The pattern back as a name when nothing in it is wild. */
static struct query_node *about(struct kql *k, const struct literal *field,
                                const struct query_ask *ask)
{
    if (field == NULL)
        return query_build_leaf(k->b, "*", 1, ask);
    if (field->wild)
        return query_build_leaf(k->b, field->text, field->n, ask);
    return query_build_exact(k->b, field->text, field->n, ask);
}

static struct query_node *make_value(struct kql *k, const struct literal *field,
                                     const struct literal *value)
{
    struct query_raw raw = {QUERY_WRITTEN_STRING, value->text, value->n};
    struct query_ask ask = {.op = QUERY_MATCH, .values = &raw, .n = 1};
    if (value->all)
        ask.op = QUERY_EXISTS;
    else if (value->wild)
        ask.op = QUERY_WILDCARD;
    else if (value->quoted)
        ask.op = QUERY_PHRASE;
    else if (query_build_json_number(value->text, value->n))
        raw.written = QUERY_WRITTEN_NUMBER;
    if (field == NULL && value->all)
        return query_build_all(k->b);
    return about(k, field, &ask);
}

static struct query_node *parse_range(struct kql *k, const struct literal *field)
{
    char op = *k->p++;
    bool open = k->p == k->end || *k->p != '=';
    if (!open)
        k->p++;
    struct literal value;
    if (!read_literal(k, &value, "a number, a date or a text"))
        return NULL;
    if (value.wild)
        return fail(k, "expected a value without '*' after %c", op);
    struct query_raw sides[2] = {{0}, {0}};
    struct query_raw *side = op == '<' ? &sides[1] : &sides[0];
    side->s = value.text;
    side->n = value.n;
    struct query_ask ask = {
        .op = QUERY_RANGE, .values = sides, .n = 2, .low_open = open, .high_open = open};
    return about(k, field, &ask);
}

/* A value, or values in brackets. field NULL: of any field. */
static struct query_node *parse_value(struct kql *k, const struct literal *field)
{
    struct literal value;
    skip_space(k);
    if (k->p < k->end && *k->p == '{')
        return fail(k, "expected a value: queries on nested fields are not supported, since arrays "
                       "of objects are kept as lists of values");
    if (!read_literal(k, &value, field != NULL ? "a value" : "a field or a value"))
        return NULL;
    if (field == NULL) {
        skip_space(k);
        if (k->p < k->end && *k->p == ':') {
            k->p++;
            struct literal name = value;
            skip_space(k);
            if (take_char(k, '(')) {
                if (++k->depth > QUERY_DEPTH_MAX)
                    return fail(k, "expected at most %d levels of brackets", QUERY_DEPTH_MAX);
                struct query_node *list = parse_or(k, &name);
                k->depth--;
                if (list != NULL && !take_char(k, ')'))
                    return fail(k, "expected ')' or 'and' or 'or'");
                return list;
            }
            return parse_value(k, &name);
        }
        if (k->p < k->end && (*k->p == '<' || *k->p == '>'))
            return parse_range(k, &value);
    } else if (k->p < k->end && (*k->p == ':' || *k->p == '<' || *k->p == '>')) {
        return fail(k, "expected a value here, not another field");
    }
    return make_value(k, field, &value);
}

static struct query_node *parse_not(struct kql *k, const struct literal *field)
{
    struct query_node *v;
    skip_space(k);
    if (++k->depth > QUERY_DEPTH_MAX)
        return fail(k, "expected at most %d levels of brackets and nots", QUERY_DEPTH_MAX);
    if (k->p < k->end && not_at(k, k->p)) {
        k->p += 3;
        v = parse_not(k, field);
        v = v != NULL ? query_build_not(k->b, v) : NULL;
    } else if (take_char(k, '(')) {
        v = parse_or(k, field);
        if (v != NULL && !take_char(k, ')'))
            v = fail(k, "expected ')' or 'and' or 'or'");
    } else {
        v = parse_value(k, field);
    }
    k->depth--;
    return v;
}

/* parse (word parse)*, joined by one of the two. */
static struct query_node *parse_joined(struct kql *k, const struct literal *field, bool by_and)
{
    struct query_node **list = NULL;
    size_t n = 0, cap = 0;
    do {
        struct query_node *v = by_and ? parse_not(k, field) : parse_joined(k, field, true);
        if (v == NULL)
            return NULL;
        if (n == cap) {
            struct query_node **more =
                query_build_alloc(k->b, (cap == 0 ? 4 : cap * 2) * sizeof *more);
            if (more == NULL)
                return NULL;
            if (n > 0)
                memcpy(more, list, n * sizeof *more);
            list = more;
            cap = cap == 0 ? 4 : cap * 2;
        }
        list[n++] = v;
        if (n > ITEMS_MAX)
            return fail(k, "expected at most %d parts", ITEMS_MAX);
    } while (take_word(k, by_and ? "and" : "or"));
    return by_and ? query_build_and(k->b, list, n) : query_build_or(k->b, list, n, 1);
}

static struct query_node *parse_or(struct kql *k, const struct literal *field)
{
    return parse_joined(k, field, false);
}

struct query_node *query_kql_node(struct query_build *b, const char *text, size_t n)
{
    struct kql k = {.b = b, .start = text, .p = text, .end = text + n};
    skip_space(&k);
    if (k.p == k.end)
        return query_build_all(b);
    struct query_node *v = parse_or(&k, NULL);
    if (v == NULL)
        return NULL;
    skip_space(&k);
    if (k.p < k.end)
        return fail(&k, "expected 'and', 'or' or the end, found '%c'", *k.p);
    return v;
}

enum err query_parse_kql(const char *text, size_t n, ts_ns now, struct query **out,
                         struct err_text *why)
{
    struct query_build b;
    if (n > 0 && !utf8_valid(text, n))
        return err_set(why, ERR_INVALID, "expected UTF-8 text without NUL");
    enum err e = query_build_init(&b, now, why);
    if (e != ERR_NONE)
        return e;
    return query_build_finish(&b, query_kql_node(&b, n > 0 ? text : "", n), out);
}
