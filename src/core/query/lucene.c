/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "query/parse_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define CLAUSES_MAX 4096

enum occur {
    SHOULD,
    MUST,
    MUST_NOT,
};

enum conjunction {
    CONJ_NONE,
    CONJ_AND,
    CONJ_OR,
};

struct lucene {
    struct query_build *b;
    const struct query_lucene_options *o;
    const char *start;
    const char *p;
    const char *end;
    unsigned depth;
};

struct clause {
    struct query_node *node;
    enum occur occur;
};

/* A name or a text without its escapes; wild: as a wildcard pattern. */
struct term {
    const char *text;
    size_t n;
    bool wild;
};

static struct query_node *parse_query(struct lucene *l, const struct term *field, bool top);

__attribute__((format(printf, 3, 4))) static void *fail(struct lucene *l, enum err code,
                                                        const char *format, ...)
{
    char message[300];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    query_build_place(l->b, l->start, l->p);
    return query_build_fail(l->b, code, "%s", message);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_space(struct lucene *l)
{
    while (l->p < l->end) {
        if (is_space(*l->p))
            l->p++;
        else if (l->end - l->p >= 3 && memcmp(l->p, "\xe3\x80\x80", 3) == 0) /* ideographic */
            l->p += 3;
        else
            return;
    }
}

static bool starts(const struct lucene *l, const char *word)
{
    size_t n = strlen(word);
    return (size_t)(l->end - l->p) >= n && memcmp(l->p, word, n) == 0;
}

/* A word that stands alone: AND, OR, NOT, TO. */
static bool take_word(struct lucene *l, const char *word)
{
    size_t n = strlen(word);
    if (!starts(l, word) || (l->p + n < l->end && !is_space(l->p[n]) && l->p[n] != '('))
        return false;
    l->p += n;
    return true;
}

static bool take_char(struct lucene *l, char c)
{
    if (l->p >= l->end || *l->p != c)
        return false;
    l->p++;
    return true;
}

static bool keep(struct lucene *l, struct buf *text, struct term *out)
{
    bool ok = buf_ok(text);
    out->n = text->n;
    out->text = query_build_text(l->b, buf_text(text), text->n);
    buf_release(text);
    if (!ok)
        query_build_fail(l->b, ERR_MEMORY, "no memory for a query");
    return l->b->err == ERR_NONE;
}

/*
 * Up to a blank or one of the stop characters. '*' and '?' make it a pattern, where whatever else
 * is special to patterns is escaped.
 */
static bool read_term(struct lucene *l, const char *stops, struct term *out)
{
    struct buf text, pattern;
    bool wild = false;
    buf_init(&text);
    buf_init(&pattern);
    while (l->p < l->end && !is_space(*l->p) && *l->p != '\0' && strchr(stops, *l->p) == NULL) {
        char c = *l->p++;
        bool star = c == '*' || c == '?';
        if (c == '\\' && l->p < l->end)
            c = *l->p++;
        buf_char(&text, c);
        if (!star && (c == '*' || c == '?' || c == '\\'))
            buf_char(&pattern, '\\');
        buf_char(&pattern, c);
        wild = wild || star;
    }
    *out = (struct term){.wild = wild};
    buf_release(wild ? &text : &pattern);
    return keep(l, wild ? &pattern : &text, out);
}

/* Up to the closing mark, which is taken; a backslash takes the next as it is. */
static bool read_until(struct lucene *l, char close, bool keep_escapes, const char *what,
                       struct term *out)
{
    struct buf text;
    const char *open = l->p++;
    buf_init(&text);
    while (l->p < l->end && *l->p != close) {
        if (*l->p == '\\' && l->p + 1 < l->end) {
            if (keep_escapes && l->p[1] != close)
                buf_char(&text, '\\');
            l->p++;
        }
        buf_char(&text, *l->p++);
    }
    if (l->p == l->end) {
        buf_release(&text);
        l->p = open;
        fail(l, ERR_INVALID, "expected a closing %c for this %s", close, what);
        return false;
    }
    l->p++;
    *out = (struct term){0};
    return keep(l, &text, out);
}

struct query_node *query_lucene_about(struct query_build *b,
                                      const struct query_lucene_options *options,
                                      struct query_ask *ask)
{
    size_t n = options->n_fields;
    ask->lenient = options->lenient;
    if (n == 0)
        return query_build_leaf(b, "*", 1, ask);
    struct query_node **any = query_build_alloc(b, n * sizeof *any);
    for (size_t i = 0; any != NULL && i < n; i++)
        any[i] = query_build_leaf(b, options->fields[i], strlen(options->fields[i]), ask);
    return any != NULL ? query_build_or(b, any, n, 1) : NULL;
}

/* The leaf for the named field, or for each of those asked when none is named. */
static struct query_node *about(struct lucene *l, const struct term *field, struct query_ask *ask)
{
    if (field == NULL)
        return query_lucene_about(l->b, l->o, ask);
    ask->lenient = l->o->lenient;
    return field->wild ? query_build_leaf(l->b, field->text, field->n, ask)
                       : query_build_exact(l->b, field->text, field->n, ask);
}

static struct query_node *make_range(struct lucene *l, const struct term *field,
                                     const struct term sides[2], bool low_open, bool high_open)
{
    struct query_raw raw[2] = {{0}, {0}};
    for (int i = 0; i < 2; i++) {
        if (sides[i].text != NULL)
            raw[i] = (struct query_raw){QUERY_WRITTEN_STRING, sides[i].text, sides[i].n};
    }
    struct query_ask ask = {.op = QUERY_RANGE,
                            .values = raw,
                            .n = 2,
                            .low_open = low_open,
                            .high_open = high_open,
                            .time_zone = l->o->time_zone};
    return about(l, field, &ask);
}

/* One side of [a TO b]; '*' leaves it open. */
static bool read_bound(struct lucene *l, struct term *out)
{
    skip_space(l);
    if (l->p < l->end && *l->p == '"')
        return read_until(l, '"', false, "quotation mark", out);
    if (!read_term(l, "]}", out))
        return false;
    if (out->n == 0)
        return fail(l, ERR_INVALID, "expected a bound of the range") != NULL;
    if (out->wild && out->n == 1 && *out->text == '*')
        *out = (struct term){0};
    else if (out->wild)
        return fail(l, ERR_INVALID, "expected a bound without wildcards") != NULL;
    return true;
}

static struct query_node *parse_range(struct lucene *l, const struct term *field)
{
    struct term sides[2];
    bool low_open = *l->p++ == '{';
    if (!read_bound(l, &sides[0]))
        return NULL;
    skip_space(l);
    if (!take_word(l, "TO"))
        return fail(l, ERR_INVALID, "expected 'TO' between the bounds of the range");
    if (!read_bound(l, &sides[1]))
        return NULL;
    skip_space(l);
    bool high_open = l->p < l->end && *l->p == '}';
    if (!take_char(l, ']') && !take_char(l, '}'))
        return fail(l, ERR_INVALID, "expected ']' or '}' at the end of the range");
    return make_range(l, field, sides, low_open, high_open);
}

/* field:>=10 */
static struct query_node *parse_compare(struct lucene *l, const struct term *field)
{
    struct term sides[2] = {{0}, {0}};
    bool low = *l->p++ == '>';
    bool open = !take_char(l, '=');
    struct term *side = low ? &sides[0] : &sides[1];
    skip_space(l);
    bool quoted = l->p < l->end && *l->p == '"';
    if (quoted ? !read_until(l, '"', false, "quotation mark", side) : !read_term(l, "()", side))
        return NULL;
    if (side->n == 0 || side->wild)
        return fail(l, ERR_INVALID, "expected a value to compare with");
    return make_range(l, field, sides, open, open);
}

/* ^2 has no effect here, ~ is not done. */
static bool read_suffix(struct lucene *l, bool phrase)
{
    if (take_char(l, '~')) {
        const char *digits = l->p;
        while (l->p < l->end && ((*l->p >= '0' && *l->p <= '9') || *l->p == '.'))
            l->p++;
        if (l->p != digits + 1 || *digits != '0')
            return fail(l, ERR_UNSUPPORTED, "%s with ~ are not supported",
                        phrase ? "phrases with gaps" : "fuzzy terms") != NULL;
    }
    if (take_char(l, '^')) {
        const char *digits = l->p;
        while (l->p < l->end && ((*l->p >= '0' && *l->p <= '9') || *l->p == '.'))
            l->p++;
        if (l->p == digits)
            return fail(l, ERR_INVALID, "expected a number after ^") != NULL;
    }
    return true;
}

static struct query_node *text_leaf(struct lucene *l, const struct term *field, enum query_op op,
                                    const struct term *value, unsigned flags)
{
    struct query_raw raw = {QUERY_WRITTEN_STRING, value->text, value->n};
    struct query_ask ask = {.op = op,
                            .values = &raw,
                            .n = 1,
                            .flags = flags,
                            .time_zone = l->o->time_zone,
                            .all_words = l->o->default_and};
    if (op == QUERY_MATCH && query_build_json_number(value->text, value->n))
        raw.written = QUERY_WRITTEN_NUMBER;
    return about(l, field, &ask);
}

static struct query_node *parse_plain(struct lucene *l, const struct term *field,
                                      const struct term *value)
{
    bool all = value->wild && value->n == 1 && *value->text == '*';
    if (!read_suffix(l, false))
        return NULL;
    if (!all)
        return text_leaf(l, field, value->wild ? QUERY_WILDCARD : QUERY_MATCH, value, 0);
    if (field == NULL && l->o->n_fields == 0)
        return query_build_all(l->b);
    return about(l, field, &(struct query_ask){.op = QUERY_EXISTS});
}

static bool is_exists(const struct term *t)
{
    return t->n == 8 && memcmp(t->text, "_exists_", 8) == 0;
}

static struct query_node *parse_group(struct lucene *l, const struct term *field)
{
    if (++l->depth > QUERY_DEPTH_MAX)
        return fail(l, ERR_INVALID, "expected at most %d levels of brackets", QUERY_DEPTH_MAX);
    struct query_node *v = parse_query(l, field, false);
    l->depth--;
    if (v != NULL && !take_char(l, ')'))
        return fail(l, ERR_INVALID, "expected ')'");
    return v != NULL && read_suffix(l, false) ? v : NULL;
}

/* What may follow "field:", or stand alone. */
static struct query_node *parse_operand(struct lucene *l, const struct term *field)
{
    struct term value;
    skip_space(l);
    char c = l->p < l->end ? *l->p : '\0';
    if (take_char(l, '('))
        return parse_group(l, field);
    if (c == '[' || c == '{') {
        struct query_node *v = parse_range(l, field);
        return v != NULL && read_suffix(l, false) ? v : NULL;
    }
    if ((c == '>' || c == '<') && field != NULL)
        return parse_compare(l, field);
    if (c == '"') {
        if (!read_until(l, '"', false, "quotation mark", &value) || !read_suffix(l, true))
            return NULL;
        return text_leaf(l, field, QUERY_PHRASE, &value, 0);
    }
    if (c == '/') {
        if (!read_until(l, '/', true, "regular expression", &value) || !read_suffix(l, false))
            return NULL;
        return text_leaf(l, field, QUERY_REGEXP, &value, QUERY_REGEXP_ALL);
    }
    if (!read_term(l, field != NULL ? "()[]{}\"^~" : "()[]{}\"^~:", &value))
        return NULL;
    if (value.n == 0)
        return c == '\0' ? fail(l, ERR_INVALID, "expected a term, found the end")
                         : fail(l, ERR_INVALID, "expected a term, found '%c'", c);
    if (field != NULL && is_exists(field))
        return query_build_leaf(l->b, value.text, value.n, &(struct query_ask){.op = QUERY_EXISTS});
    if (field == NULL && take_char(l, ':'))
        return parse_operand(l, &value);
    return parse_plain(l, field, &value);
}

static enum conjunction read_conjunction(struct lucene *l)
{
    skip_space(l);
    if (take_word(l, "AND"))
        return CONJ_AND;
    if (take_word(l, "OR"))
        return CONJ_OR;
    if (starts(l, "&&") || starts(l, "||")) {
        l->p += 2;
        return l->p[-1] == '&' ? CONJ_AND : CONJ_OR;
    }
    return CONJ_NONE;
}

/* '+', '-', '!', NOT. */
static enum occur read_modifier(struct lucene *l, bool *out_any)
{
    skip_space(l);
    *out_any = true;
    if (take_char(l, '+'))
        return MUST;
    if (take_char(l, '-') || take_char(l, '!') || take_word(l, "NOT"))
        return MUST_NOT;
    *out_any = false;
    return SHOULD;
}

/*
 * Lucene's own reading of AND and OR, which are no operators there but change how the clauses on
 * their two sides occur: "a OR b AND c" wants b and c.
 */
static void add_clause(struct lucene *l, struct clause *list, size_t n, enum conjunction conj,
                       enum occur modifier, struct query_node *node)
{
    bool by_and = l->o->default_and;
    if (n > 0 && list[n - 1].occur != MUST_NOT) {
        if (conj == CONJ_AND)
            list[n - 1].occur = MUST;
        else if (by_and && conj == CONJ_OR)
            list[n - 1].occur = SHOULD;
    }
    enum occur occur = modifier;
    if (modifier != MUST_NOT) {
        bool wanted = by_and ? conj != CONJ_OR : modifier == MUST || conj == CONJ_AND;
        occur = wanted ? MUST : SHOULD;
    }
    list[n] = (struct clause){node, occur};
}

static struct query_node *combine(struct lucene *l, const struct clause *list, size_t n,
                                  const char *min_text)
{
    struct query_node **should = query_build_alloc(l->b, n * sizeof *should);
    struct query_node **all = query_build_alloc(l->b, (n + 1) * sizeof *all);
    size_t n_should = 0, n_all = 0;
    if (should == NULL || all == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (list[i].occur == MUST)
            all[n_all++] = list[i].node;
        else if (list[i].occur == SHOULD)
            should[n_should++] = list[i].node;
    }
    int64_t min = n_all == 0 && n_should > 0 ? 1 : 0;
    if (min_text != NULL && !query_build_min(min_text, n_should, &min))
        return fail(l, ERR_INVALID, "expected minimum_should_match such as 2, -1 or 75%%");
    if (min > 0)
        all[n_all++] = query_build_or(l->b, should, n_should, (size_t)min);
    for (size_t i = 0; i < n; i++) {
        if (list[i].occur == MUST_NOT)
            all[n_all++] = query_build_not(l->b, list[i].node);
    }
    return query_build_and(l->b, all, n_all);
}

static struct query_node *parse_query(struct lucene *l, const struct term *field, bool top)
{
    struct clause *list = NULL;
    size_t n = 0, cap = 0;
    while (true) {
        skip_space(l);
        const char *before = l->p;
        enum conjunction conj = read_conjunction(l);
        bool any;
        enum occur modifier = read_modifier(l, &any);
        if (!any && conj == CONJ_NONE && (l->p == l->end || *l->p == ')'))
            break;
        if (conj != CONJ_NONE && n == 0)
            l->p = before;
        if (conj != CONJ_NONE && n == 0)
            return fail(l, ERR_INVALID, "expected a term before this");
        struct query_node *node = parse_operand(l, field);
        if (node == NULL)
            return NULL;
        if (n == cap) {
            cap = cap == 0 ? 8 : cap * 2;
            struct clause *more = query_build_alloc(l->b, cap * sizeof *more);
            if (more == NULL)
                return NULL;
            if (n > 0)
                memcpy(more, list, n * sizeof *more);
            list = more;
        }
        add_clause(l, list, n++, conj, modifier, node);
        if (n > CLAUSES_MAX)
            return fail(l, ERR_INVALID, "expected at most %d clauses", CLAUSES_MAX);
    }
    if (n == 0)
        return fail(l, ERR_INVALID, "expected a term");
    return combine(l, list, n, top ? l->o->min : NULL);
}

struct query_node *query_lucene_node(struct query_build *b, const char *text, size_t n,
                                     const struct query_lucene_options *options)
{
    struct lucene l = {.b = b, .o = options, .start = text, .p = text, .end = text + n};
    skip_space(&l);
    if (l.p == l.end)
        return query_build_none(b);
    struct query_node *v = parse_query(&l, NULL, true);
    if (v != NULL && l.p < l.end)
        return fail(&l, ERR_INVALID, "expected a term, AND, OR or the end, found '%c'", *l.p);
    return v;
}

enum err query_parse_lucene(const char *text, size_t n, ts_ns now, struct query **out,
                            struct err_text *why)
{
    struct query_build b;
    struct query_lucene_options o = {.lenient = true};
    if (n > 0 && !utf8_valid(text, n))
        return err_set(why, ERR_INVALID, "expected UTF-8 text without NUL");
    enum err e = query_build_init(&b, now, why);
    if (e != ERR_NONE)
        return e;
    size_t blank = 0;
    while (blank < n && is_space(text[blank]))
        blank++;
    struct query_node *root = blank == n ? query_build_all(&b) : query_lucene_node(&b, text, n, &o);
    return query_build_finish(&b, root, out);
}
