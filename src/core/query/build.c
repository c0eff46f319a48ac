/* SPDX-License-Identifier: Apache-2.0 */
#include "query/build_priv.h"

#include "base/assert.h"
#include "base/mem.h"
#include "query/words.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMESTAMP "@timestamp"
#define BLOCK_SIZE 2048

enum err query_build_init(struct query_build *b, ts_ns now, struct err_text *why)
{
    *b = (struct query_build){.now = now, .why = why, .own = QUERY_BUDGET};
    b->budget = &b->own;
    b->q = mem_zero(1, sizeof *b->q);
    if (b->q == NULL)
        return err_set(why, ERR_MEMORY, "no memory for a query");
    arena_init(&b->q->arena, BLOCK_SIZE);
    return ERR_NONE;
}

enum err query_build_finish(struct query_build *b, struct query_node *root, struct query **out)
{
    ASSERT(root != NULL || b->err != ERR_NONE);
    if (b->err != ERR_NONE) {
        query_free(b->q);
        return b->err;
    }
    b->q->root = root;
    *out = b->q;
    return ERR_NONE;
}

void query_build_place(struct query_build *b, const char *start, const char *at)
{
    if (b->line != 0)
        return;
    b->line = b->column = 1;
    for (const char *c = start; c < at; c++) {
        b->column = *c == '\n' ? 1 : b->column + ((*c & 0xc0) != 0x80);
        b->line += *c == '\n';
    }
}

void *query_build_fail(struct query_build *b, enum err code, const char *format, ...)
{
    if (b->err != ERR_NONE)
        return NULL;
    b->err = code;
    char message[sizeof b->why->message];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    err_set_at(b->why, code, b->file != NULL ? b->file : "", b->line, "%s", message);
    if (b->why != NULL)
        b->why->column = b->column;
    return NULL;
}

void *query_build_alloc(struct query_build *b, size_t size)
{
    void *p = arena_zero(&b->q->arena, size > 0 ? size : 1);
    return p != NULL ? p : query_build_fail(b, ERR_MEMORY, "no memory for a query");
}

char *query_build_text(struct query_build *b, const char *s, size_t n)
{
    char *p = arena_strndup(&b->q->arena, s, n);
    return p != NULL ? p : query_build_fail(b, ERR_MEMORY, "no memory for a query");
}

static struct query_node *new_node(struct query_build *b, enum query_op op)
{
    struct query_node *v = query_build_alloc(b, sizeof *v);
    if (v != NULL)
        v->op = (uint8_t)op;
    return v;
}

/* A node without children: inner ones are fewer, but for as many "not" as brackets may be deep. */
static struct query_node *clause(struct query_build *b, enum query_op op)
{
    if (b->budget->clauses == 0)
        return query_build_fail(b, ERR_INVALID, "expected fewer clauses: so many are too dear");
    b->budget->clauses--;
    return new_node(b, op);
}

struct query_node *query_build_all(struct query_build *b)
{
    return clause(b, QUERY_ALL);
}

struct query_node *query_build_none(struct query_build *b)
{
    return clause(b, QUERY_NONE);
}

static struct query_node *inner(struct query_build *b, enum query_op op, struct query_node **child,
                                size_t n, size_t min)
{
    struct query_node *v = new_node(b, op);
    struct query_node **copy = query_build_alloc(b, n * sizeof *copy);
    if (v == NULL || copy == NULL)
        return NULL;
    for (size_t i = 0; i < n; i++) {
        if (child[i] == NULL) {
            ASSERT(b->err != ERR_NONE);
            return NULL;
        }
        copy[i] = child[i];
    }
    v->child = copy;
    v->n = (uint32_t)n;
    v->min = (uint32_t)min;
    return v;
}

struct query_node *query_build_and(struct query_build *b, struct query_node **child, size_t n)
{
    if (n == 0)
        return query_build_all(b);
    return n == 1 ? child[0] : inner(b, QUERY_AND, child, n, 0);
}

struct query_node *query_build_or(struct query_build *b, struct query_node **child, size_t n,
                                  size_t min)
{
    if (min == 0)
        return query_build_all(b);
    if (min > n)
        return query_build_none(b);
    return n == 1 ? child[0] : inner(b, QUERY_OR, child, n, min);
}

struct query_node *query_build_not(struct query_build *b, struct query_node *child)
{
    return inner(b, QUERY_NOT, &child, 1, 0);
}

bool query_build_integer(const char *s, size_t n, int64_t *out)
{
    bool minus = n > 0 && s[0] == '-';
    size_t i = n > 0 && (minus || s[0] == '+') ? 1 : 0;
    int64_t v = 0;
    if (i == n)
        return false;
    for (; i < n; i++) {
        int digit = s[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_sub_overflow(v, digit, &v)) /* downwards: INT64_MIN has no counterpart */
            return false;
    }
    if (!minus && v == INT64_MIN)
        return false;
    *out = minus ? v : -v;
    return true;
}

bool query_build_number(const char *s, size_t n, double *out)
{
    char text[64];
    if (n == 0 || n >= sizeof text)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (strchr("0123456789+-.eE", s[i]) == NULL || s[i] == '\0')
            return false;
    }
    memcpy(text, s, n);
    text[n] = '\0';
    char *end;
    double v = strtod(text, &end);
    if (*end != '\0' || end == text || !isfinite(v))
        return false;
    *out = v;
    return true;
}

/* Digits with no zero in front but one, a point, digits that do not end in zero; at most 15. */
bool query_build_json_number(const char *s, size_t n)
{
    int64_t whole;
    const char *point = n > 0 ? memchr(s, '.', n) : NULL;
    size_t whole_n = point != NULL ? (size_t)(point - s) : n;
    size_t minus = n > 0 && s[0] == '-';
    if (whole_n == minus || s[minus] < '0' || !query_build_integer(s, whole_n, &whole))
        return false;
    if (s[minus] == '0' && (whole_n > minus + 1 || (minus && point == NULL)))
        return false;
    if (point == NULL)
        return true;
    size_t digits = n - whole_n - 1;
    if (digits == 0 || s[n - 1] == '0' || whole_n - minus + digits > 15)
        return false;
    for (size_t i = whole_n + 1; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return false;
    }
    /* smaller ones are written with an exponent */
    return whole != 0 || s[whole_n + 1] != '0' || digits < 2 || s[whole_n + 2] != '0';
}

/* One condition's amount: 2, -1, 75%, -25% of n. */
static bool read_amount(const char *s, size_t len, size_t n, int64_t *out)
{
    int64_t v;
    bool percent = len > 0 && s[len - 1] == '%';
    if (!query_build_integer(s, percent ? len - 1 : len, &v) || v > 1000000 || v < -1000000)
        return false;
    if (percent)
        v = (int64_t)n * v / 100; /* toward zero, as Elasticsearch rounds */
    *out = v < 0 ? (int64_t)n + v : v;
    return true;
}

bool query_build_min(const char *text, size_t n, int64_t *out_min)
{
    int64_t min = (int64_t)n; /* below the first limit of a condition all are wanted */
    const char *p = text;
    bool any = false;
    while (*p != '\0') {
        p += strspn(p, " ");
        size_t len = strcspn(p, " ");
        if (len == 0)
            break;
        const char *less = memchr(p, '<', len);
        int64_t limit = -1;
        const char *amount = p;
        if (less != NULL) {
            if (!query_build_integer(p, (size_t)(less - p), &limit))
                return false;
            amount = less + 1;
        }
        int64_t v;
        if (!read_amount(amount, (size_t)(p + len - amount), n, &v))
            return false;
        if ((int64_t)n > limit)
            min = v;
        any = true;
        p += len;
    }
    *out_min = min < 0 ? 0 : min;
    return any;
}

static bool ends_with(const char *s, size_t n, const char *end, size_t *out_n)
{
    size_t m = strlen(end);
    if (n <= m || memcmp(s + n - m, end, m) != 0)
        return false;
    *out_n = n - m;
    return true;
}

/*
 * A field by its exact name. Multi-fields of Elasticsearch's mappings (name.text, name.keyword,
 * name.caseless) are other views of the field they hang on.
 */
static bool resolve(struct query_build *b, const char *name, size_t n, struct query_field *out)
{
    struct query_field f = {.scope = QUERY_SCOPE_FIELD};
    f.name = query_build_text(b, name, n);
    f.path = f.name;
    f.path_len = (uint32_t)n;
    if (f.name == NULL)
        return false;
    f.id = event_field_by_name(name, n);
    if (f.id != EVENT_F_NONE) {
        f.kind = event_field_def(f.id)->kind;
        *out = f;
        return true;
    }
    if (n == strlen(TIMESTAMP) && memcmp(name, TIMESTAMP, n) == 0) {
        f.kind = EVENT_KIND_DATE;
        *out = f;
        return true;
    }
    f.kind = QUERY_KIND_UNKNOWN;
    size_t base;
    bool keyword = ends_with(name, n, ".keyword", &base);
    bool text = !keyword && ends_with(name, n, ".text", &base);
    bool caseless = !keyword && !text && ends_with(name, n, ".caseless", &base);
    if (keyword || text || caseless) {
        event_field id = event_field_by_name(name, base);
        if (id != EVENT_F_NONE || keyword) {
            f.id = id;
            f.kind = text ? EVENT_KIND_TEXT : EVENT_KIND_KEYWORD;
            if (id == EVENT_F_NONE)
                f.kind = QUERY_KIND_UNKNOWN;
            f.fold = caseless;
            f.path_len = (uint32_t)base;
            f.path = query_build_text(b, name, base);
        }
    }
    *out = f;
    return f.path != NULL;
}

static const char *kind_name(uint8_t kind)
{
    return kind == QUERY_KIND_UNKNOWN ? "text" : event_kind_name(kind);
}

/* Types one value. False after a failure; *out_fits false when it is none of the field's type. */
static bool coerce(struct query_build *b, const struct query_field *f, const struct query_raw *raw,
                   struct query_value *out, bool *out_fits)
{
    struct query_value v = {.written = (uint8_t)raw->written, .possible = true};
    v.len = (uint32_t)raw->n;
    v.s = query_build_text(b, raw->s, raw->n);
    if (v.s == NULL)
        return false;
    bool fits = true;
    double number;
    struct ip_net net;
    switch (f->kind) {
    case EVENT_KIND_LONG:
        if (query_build_integer(v.s, v.len, &v.i))
            break;
        fits = query_build_number(v.s, v.len, &number);
        v.possible = fits && number == trunc(number) && fabs(number) < 9.2e18;
        v.i = v.possible ? (int64_t)number : 0;
        break;
    case EVENT_KIND_DOUBLE:
        fits = query_build_number(v.s, v.len, &v.number);
        break;
    case EVENT_KIND_BOOLEAN:
        v.i = strcmp(v.s, "true") == 0;
        fits = v.i == 1 || strcmp(v.s, "false") == 0 || v.len == 0;
        break;
    case EVENT_KIND_IP:
        fits = ip_parse_net(v.s, v.len, &net);
        if (fits) {
            v.low = v.high = net.base;
            for (unsigned i = net.bits; i < 128; i++)
                v.high.b[i / 8] |= (uint8_t)(0x80 >> i % 8);
        }
        break;
    case EVENT_KIND_GEO_POINT:
        fits = false;
        break;
    case QUERY_KIND_UNKNOWN:
        if (raw->written == QUERY_WRITTEN_NUMBER)
            fits = query_build_number(v.s, v.len, &v.number);
        break;
    default:
        break;
    }
    *out = v;
    *out_fits = fits;
    return true;
}

static const char *expected(uint8_t kind)
{
    switch (kind) {
    case EVENT_KIND_LONG:
    case EVENT_KIND_DOUBLE:
        return "a number";
    case EVENT_KIND_BOOLEAN:
        return "true or false";
    case EVENT_KIND_IP:
        return "an address such as 10.1.2.3 or a network such as 10.0.0.0/8";
    case EVENT_KIND_DATE:
        return "a date";
    default:
        return "exists only";
    }
}

static struct query_node *mismatch(struct query_build *b, const struct query_field *f,
                                   const struct query_raw *raw)
{
    return query_build_fail(b, ERR_INVALID, "field %.100s is of type %s: expected %s, found '%.*s'",
                            f->name, kind_name(f->kind), expected(f->kind),
                            raw->n > 60 ? 60 : (int)raw->n, raw->s);
}

static struct query_node *leaf_node(struct query_build *b, enum query_op op,
                                    const struct query_field *f, const struct query_ask *ask)
{
    struct query_node *v = clause(b, op);
    if (v == NULL)
        return NULL;
    v->field = *f;
    v->fold = ask->fold || f->fold;
    v->last_prefix = ask->last_prefix;
    v->all_words = ask->all_words;
    v->regexp_flags = (uint8_t)ask->flags;
    return v;
}

/* Adds the plan. */
static struct query_node *finish(struct query_build *b, struct query_node *v)
{
    struct query_plan *plan = query_build_alloc(b, sizeof *plan);
    if (v == NULL || plan == NULL || !query_plan_make(b, v, plan))
        return NULL;
    v->plan = plan;
    return v;
}

/* A leaf whose values are texts as they are. */
static struct query_node *text_leaf(struct query_build *b, enum query_op op,
                                    const struct query_field *f, const struct query_ask *ask)
{
    struct query_node *v = leaf_node(b, op, f, ask);
    struct query_value *values = query_build_alloc(b, ask->n * sizeof *values);
    if (v == NULL || values == NULL)
        return NULL;
    for (size_t i = 0; i < ask->n; i++) {
        values[i].possible = true;
        values[i].written = (uint8_t)ask->values[i].written;
        values[i].len = (uint32_t)ask->values[i].n;
        values[i].s = query_build_text(b, ask->values[i].s, ask->values[i].n);
        if (values[i].s == NULL)
            return NULL;
    }
    v->values = values;
    v->n = (uint32_t)ask->n;
    return v;
}

/* Words of a text are in small letters, so a wildcard for them is too, as in Elasticsearch. */
static struct query_node *wildcard_leaf(struct query_build *b, const struct query_field *f,
                                        const struct query_ask *ask)
{
    if (f->kind != EVENT_KIND_TEXT)
        return text_leaf(b, QUERY_WILDCARD, f, ask);
    const struct query_raw *raw = &ask->values[0];
    char *small = query_build_alloc(b, raw->n * 2 + 4);
    if (small == NULL)
        return NULL;
    size_t at = 0;
    for (size_t i = 0; i < raw->n;) {
        size_t n;
        uint32_t c = query_words_char(raw->s + i, raw->s + raw->n, &n);
        if (n == 1 && c >= 0x80)
            small[at++] = raw->s[i];
        else
            at += query_words_put(query_words_lower(c), small + at);
        i += n;
    }
    struct query_raw lower = {QUERY_WRITTEN_STRING, small, at};
    struct query_ask other = *ask;
    other.values = &lower;
    return text_leaf(b, QUERY_WILDCARD, f, &other);
}

static struct query_node *range_leaf(struct query_build *b, const struct query_field *f,
                                     const struct query_ask *ask)
{
    bool wrong = false;
    struct query_node *v = leaf_node(b, QUERY_RANGE, f, ask);
    if (v == NULL)
        return NULL;
    if (ask->format != NULL)
        v->format = query_build_text(b, ask->format, strlen(ask->format));
    if (ask->time_zone != NULL)
        v->time_zone = query_build_text(b, ask->time_zone, strlen(ask->time_zone));
    v->bounds = query_bounds_make(b, f, ask, &v->uses_now, &wrong);
    if (wrong && !ask->lenient)
        return mismatch(b, f, ask->values[0].s != NULL ? &ask->values[0] : &ask->values[1]);
    if (wrong)
        return query_build_none(b);
    return v->bounds != NULL ? finish(b, v) : NULL;
}

/* A date is equal to another within what was written: 2024-01-01 is the whole day. */
static struct query_node *date_terms(struct query_build *b, const struct query_field *f,
                                     const struct query_ask *ask)
{
    struct query_node **any = query_build_alloc(b, ask->n * sizeof *any);
    if (any == NULL)
        return NULL;
    for (size_t i = 0; i < ask->n; i++) {
        struct query_raw sides[2] = {ask->values[i], ask->values[i]};
        struct query_ask range = {.op = QUERY_RANGE,
                                  .values = sides,
                                  .n = 2,
                                  .lenient = ask->lenient,
                                  .format = ask->format,
                                  .time_zone = ask->time_zone};
        any[i] = range_leaf(b, f, &range);
    }
    return ask->n == 0 ? query_build_none(b) : query_build_or(b, any, ask->n, 1);
}

static struct query_node *terms_leaf(struct query_build *b, const struct query_field *f,
                                     const struct query_ask *ask)
{
    if (f->kind == EVENT_KIND_DATE)
        return date_terms(b, f, ask);
    if (f->kind == EVENT_KIND_TEXT)
        return finish(b, text_leaf(b, QUERY_WORDS, f, ask));
    struct query_node *v = leaf_node(b, QUERY_TERMS, f, ask);
    struct query_value *values = query_build_alloc(b, ask->n * sizeof *values);
    if (v == NULL || values == NULL)
        return NULL;
    size_t n = 0;
    for (size_t i = 0; i < ask->n; i++) {
        bool fits;
        if (!coerce(b, f, &ask->values[i], &values[n], &fits))
            return NULL;
        if (!fits && !ask->lenient)
            return mismatch(b, f, &ask->values[i]);
        n += fits;
    }
    if (n == 0)
        return query_build_none(b);
    v->values = values;
    v->n = (uint32_t)n;
    return finish(b, v);
}

/* The words of a text as raw values in the arena. */
static bool split_words(struct query_build *b, const struct query_raw *text, struct query_raw **out,
                        size_t *out_n)
{
    struct query_words w;
    size_t n = 0;
    for (query_words_init(&w, text->s, text->n); query_words_next(&w);)
        n++;
    struct query_raw *words = query_build_alloc(b, n * sizeof *words);
    if (words == NULL)
        return false;
    n = 0;
    for (query_words_init(&w, text->s, text->n); query_words_next(&w); n++) {
        words[n].s = query_build_text(b, w.word, w.n);
        words[n].n = w.n;
        if (words[n].s == NULL)
            return false;
    }
    *out = words;
    *out_n = n;
    return true;
}

static struct query_node *match_leaf(struct query_build *b, const struct query_field *f,
                                     const struct query_ask *ask)
{
    if (f->kind != EVENT_KIND_TEXT)
        return terms_leaf(b, f, ask);
    struct query_raw *words;
    size_t n;
    if (!split_words(b, &ask->values[0], &words, &n))
        return NULL;
    if (n == 0)
        return query_build_none(b);
    int64_t min = ask->all_words ? (int64_t)n : 1;
    if (ask->min != NULL && !query_build_min(ask->min, n, &min))
        return query_build_fail(
            b, ERR_INVALID, "expected minimum_should_match such as 2, -1 or 75%%, found '%.60s'",
            ask->min);
    struct query_ask any = {.op = QUERY_TERMS, .values = words, .n = n};
    if (min <= 1)
        return terms_leaf(b, f, &any);
    /* A word counts whichever value of the list it stands in, so each is a leaf of its own. */
    struct query_node **each = query_build_alloc(b, n * sizeof *each);
    if (each == NULL)
        return NULL;
    any.n = 1;
    for (size_t i = 0; i < n; i++) {
        any.values = &words[i];
        each[i] = terms_leaf(b, f, &any);
    }
    if (min == (int64_t)n)
        return query_build_and(b, each, n);
    return query_build_or(b, each, n, (size_t)min);
}

static struct query_node *phrase_leaf(struct query_build *b, const struct query_field *f,
                                      const struct query_ask *ask)
{
    struct query_ask other = *ask;
    if (f->kind != EVENT_KIND_TEXT) {
        if (!ask->last_prefix)
            return terms_leaf(b, f, ask);
        other.last_prefix = false;
        return finish(b, text_leaf(b, QUERY_PREFIX, f, &other));
    }
    struct query_raw *words;
    if (!split_words(b, &ask->values[0], &words, &other.n))
        return NULL;
    other.values = words;
    if (other.n == 0)
        return query_build_none(b);
    if (other.n == 1 && !ask->last_prefix)
        return terms_leaf(b, f, &other);
    return finish(b, text_leaf(b, QUERY_PHRASE, f, &other));
}

/* Any text or number has a text; with a pattern of fields only texts are asked. */
static bool has_text(uint8_t kind)
{
    return kind == EVENT_KIND_KEYWORD || kind == EVENT_KIND_TEXT || kind == EVENT_KIND_WILDCARD ||
           kind == QUERY_KIND_UNKNOWN;
}

/* The leaf for one field of known kind. */
static struct query_node *one_field(struct query_build *b, const struct query_field *f,
                                    const struct query_ask *ask)
{
    if (f->kind == EVENT_KIND_GEO_POINT && ask->op != QUERY_EXISTS) {
        if (ask->lenient)
            return query_build_none(b);
        return query_build_fail(b, ERR_UNSUPPORTED,
                                "field %.100s is a geo_point: only exists is supported", f->name);
    }
    switch (ask->op) {
    case QUERY_TERMS:
        return terms_leaf(b, f, ask);
    case QUERY_MATCH:
        return match_leaf(b, f, ask);
    case QUERY_PHRASE:
        return phrase_leaf(b, f, ask);
    case QUERY_RANGE:
        return range_leaf(b, f, ask);
    case QUERY_EXISTS:
        return finish(b, leaf_node(b, QUERY_EXISTS, f, ask));
    case QUERY_PREFIX:
    case QUERY_WILDCARD:
    case QUERY_REGEXP:
        if (ask->lenient && !has_text(f->kind))
            return query_build_none(b);
        return finish(b, ask->op == QUERY_WILDCARD ? wildcard_leaf(b, f, ask)
                                                   : text_leaf(b, ask->op, f, ask));
    default:
        ASSERT(false);
        return NULL;
    }
}

static bool is_name(const char *s, size_t n, const char *name)
{
    return strlen(name) == n && memcmp(s, name, n) == 0;
}

/* Fields that Elasticsearch adds to every document. NULL without a failure: no such field. */
static struct query_node *meta_field(struct query_build *b, const char *name, size_t n,
                                     const struct query_ask *ask)
{
    bool id = is_name(name, n, "_id"), index = is_name(name, n, "_index");
    bool tier = is_name(name, n, "_tier");
    if (!id && !index && !tier)
        return NULL;
    if (ask->op == QUERY_EXISTS)
        return query_build_all(b);
    struct query_field f = {.kind = EVENT_KIND_KEYWORD, .id = EVENT_F_NONE};
    f.name = f.path = query_build_text(b, name, n);
    f.path_len = (uint32_t)n;
    bool equal = ask->op == QUERY_TERMS || ask->op == QUERY_MATCH || ask->op == QUERY_PHRASE;
    if (!equal && !(index && ask->op == QUERY_WILDCARD))
        return query_build_fail(b, ERR_UNSUPPORTED, "%s is supported with term and terms only",
                                f.name);
    struct query_node *v = text_leaf(b, id ? QUERY_IDS : index ? QUERY_INDEX : QUERY_TIER, &f, ask);
    for (uint32_t i = 0; tier && v != NULL && i < v->n; i++)
        v->hot = v->hot || strcmp(v->values[i].s, "data_hot") == 0 ||
                 strcmp(v->values[i].s, "data_content") == 0;
    return finish(b, v);
}

struct query_node *query_build_exact(struct query_build *b, const char *field, size_t field_n,
                                     const struct query_ask *ask)
{
    struct query_field f;
    if (field_n == 0 || field_n > 1000)
        return query_build_fail(b, ERR_INVALID, "expected the name of a field");
    /* Query DSL has no word for a field with a star in its name, and nobody has such a field. */
    if (ask->op == QUERY_EXISTS && memchr(field, '*', field_n) != NULL)
        return query_build_none(b);
    struct query_node *meta = meta_field(b, field, field_n, ask);
    if (meta != NULL || b->err != ERR_NONE)
        return meta;
    return resolve(b, field, field_n, &f) ? one_field(b, &f, ask) : NULL;
}

/* The leaf for every field that fits: what it means for each kind is settled here. */
static struct query_node *many_fields(struct query_build *b, const char *pattern, size_t n,
                                      const struct query_ask *ask)
{
    bool any = is_name(pattern, n, "*");
    struct query_field f = {.scope = any ? QUERY_SCOPE_ANY : QUERY_SCOPE_PATTERN,
                            .id = EVENT_F_NONE};
    f.name = f.path = query_build_text(b, pattern, n);
    f.path_len = (uint32_t)n;
    struct query_ask lenient = *ask;
    lenient.lenient = true;
    struct query_node **by_kind = query_build_alloc(b, QUERY_KINDS * sizeof *by_kind);
    struct query_node *v = ask->op == QUERY_EXISTS || ask->op == QUERY_RANGE
                               ? leaf_node(b, ask->op, &f, ask)
                               : text_leaf(b, ask->op, &f, ask);
    if (f.name == NULL || by_kind == NULL || v == NULL)
        return NULL;
    size_t begun = b->budget->clauses, least = begun;
    for (uint8_t kind = 0; kind < QUERY_KINDS; kind++) {
        struct query_field one = f;
        one.scope = QUERY_SCOPE_FIELD;
        one.kind = kind;
        struct query_node *leaf = one_field(b, &one, &lenient);
        if (leaf == NULL)
            return NULL;
        /* A field is of one kind: the dearest counts. */
        least = b->budget->clauses < least ? b->budget->clauses : least;
        b->budget->clauses = begun;
        by_kind[kind] = leaf->op != QUERY_NONE ? leaf : NULL;
        if (ask->op == QUERY_RANGE && leaf->op == QUERY_RANGE) {
            v->uses_now = v->uses_now || leaf->uses_now;
            if (v->bounds == NULL || kind == QUERY_KIND_UNKNOWN)
                v->bounds = leaf->bounds;
            v->format = leaf->format;
            v->time_zone = leaf->time_zone;
        }
    }
    b->budget->clauses = least;
    v->by_kind = by_kind;
    return v;
}

struct query_node *query_build_leaf(struct query_build *b, const char *field, size_t field_n,
                                    const struct query_ask *ask)
{
    bool pattern = memchr(field, '*', field_n) != NULL;
    if (!pattern)
        return query_build_exact(b, field, field_n, ask);
    if (is_name(field, field_n, "*") && ask->op == QUERY_EXISTS)
        return query_build_all(b);
    return many_fields(b, field, field_n, ask);
}
