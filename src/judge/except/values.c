/* SPDX-License-Identifier: Apache-2.0 */
#include "except/values.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/buf.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/time.h"
#include "base/utf8.h"
#include "event/event.h"
#include "event/field.h"
#include "format/write.h"
#include "query/datemath.h"
#include "query/words.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Longer lists are asked in memory, not in the search. */
#define DSL_VALUES_MAX 1000
#define DSL_RANGES_MAX 200

enum shape {
    SHAPE_KEYWORD,
    SHAPE_TEXT,
    SHAPE_IP,
    SHAPE_WHOLE, /* whole numbers, and times in nanoseconds */
    SHAPE_REAL,
    SHAPE_BOOLEAN,
    SHAPE_DATE,
};

struct kind {
    const char *name;
    enum shape shape;
    bool range;
    int64_t low; /* SHAPE_WHOLE */
    int64_t high;
};

static const struct kind kinds[] = {
    {"keyword", SHAPE_KEYWORD, false, 0, 0},
    {"text", SHAPE_TEXT, false, 0, 0},
    {"ip", SHAPE_IP, false, 0, 0},
    {"ip_range", SHAPE_IP, true, 0, 0},
    {"byte", SHAPE_WHOLE, false, INT8_MIN, INT8_MAX},
    {"short", SHAPE_WHOLE, false, INT16_MIN, INT16_MAX},
    {"integer", SHAPE_WHOLE, false, INT32_MIN, INT32_MAX},
    {"long", SHAPE_WHOLE, false, INT64_MIN, INT64_MAX},
    {"integer_range", SHAPE_WHOLE, true, INT32_MIN, INT32_MAX},
    {"long_range", SHAPE_WHOLE, true, INT64_MIN, INT64_MAX},
    {"half_float", SHAPE_REAL, false, 0, 0},
    {"float", SHAPE_REAL, false, 0, 0},
    {"double", SHAPE_REAL, false, 0, 0},
    {"float_range", SHAPE_REAL, true, 0, 0},
    {"double_range", SHAPE_REAL, true, 0, 0},
    {"boolean", SHAPE_BOOLEAN, false, 0, 0},
    {"date", SHAPE_DATE, false, 0, 0},
    {"date_nanos", SHAPE_DATE, false, 0, 0},
    {"date_range", SHAPE_DATE, true, 0, 0},
};

struct text {
    const char *s;
    size_t n;
};

/* Both ends belong to it. */
struct ip_span {
    struct ip low;
    struct ip high;
};

struct whole_span {
    int64_t low;
    int64_t high;
};

struct real_span {
    double low;
    double high;
};

/* A word and one of the values that hold it. */
struct posting {
    struct text word;
    uint32_t value;
};

struct except_values {
    const struct kind *kind;
    unsigned refs;
    bool sealed;
    size_t count;
    size_t bytes;
    struct arena arena;
    size_t n, cap; /* of the one array in use */
    union {
        void *at;
        struct text *texts;
        struct ip_span *ips;
        struct whole_span *wholes;
        struct real_span *reals;
        struct posting *postings;
    };
    bool truth[2]; /* boolean lists: false is there, true is there */
};

enum err except_values_new(const char *type, struct except_values **out, struct err_text *why)
{
    const struct kind *kind = NULL;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(kinds[i].name, type) == 0)
            kind = &kinds[i];
    }
    if (kind == NULL)
        return err_set(why, ERR_UNSUPPORTED,
                       "value lists of type %.40s are not kept; keyword, text, ip, ip_range, "
                       "numbers, boolean, dates and their ranges are",
                       type);
    struct except_values *v = mem_zero(1, sizeof(*v));
    if (v == NULL)
        return err_set(why, ERR_MEMORY, "no memory is left for a value list");
    v->kind = kind;
    v->refs = 1;
    arena_init(&v->arena, 0);
    *out = v;
    return ERR_NONE;
}

struct except_values *except_values_ref(struct except_values *v)
{
    v->refs++;
    return v;
}

void except_values_unref(struct except_values *v)
{
    if (v == NULL || --v->refs > 0)
        return;
    mem_free(v->at);
    arena_release(&v->arena);
    mem_free(v);
}

const char *except_values_type(const struct except_values *v)
{
    return v->kind->name;
}

size_t except_values_count(const struct except_values *v)
{
    return v->count;
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "no memory is left for a value list");
}

static enum err no_value(const struct except_values *v, const char *s, size_t n,
                         struct err_text *why)
{
    return err_set(why, ERR_INVALID, "\"%.*s\" is no value of type %s", (int)(n < 60 ? n : 60), s,
                   v->kind->name);
}

static bool parse_whole(const char *s, size_t n, int64_t *out)
{
    char digits[32];
    if (n == 0 || n >= sizeof(digits) || strchr("+-0123456789", s[0]) == NULL)
        return false;
    memcpy(digits, s, n);
    digits[n] = '\0';
    char *end;
    errno = 0;
    long long i = strtoll(digits, &end, 10);
    if (end != digits + n || errno != 0)
        return false;
    *out = i;
    return true;
}

static bool parse_real(const char *s, size_t n, double *out)
{
    char digits[64];
    if (n == 0 || n >= sizeof(digits) || strchr("+-.0123456789", s[0]) == NULL ||
        memchr(s, 'x', n) != NULL || memchr(s, 'X', n) != NULL)
        return false;
    memcpy(digits, s, n);
    digits[n] = '\0';
    char *end;
    double f = strtod(digits, &end);
    if (end != digits + n || !isfinite(f))
        return false;
    *out = f;
    return true;
}

/* A day is the whole day. */
static bool parse_date(const char *s, size_t n, struct whole_span *out)
{
    const struct datemath_options options = {.now = 0};
    struct datemath_span span;
    if (query_datemath_parse(s, n, &options, &span, NULL) != ERR_NONE || span.uses_now)
        return false;
    *out = (struct whole_span){span.from, span.to - 1};
    return true;
}

/* The two sides of "a-b", split at the last mark that leaves both readable; one value is both. */
static bool cut(const struct kind *kind, const char *s, size_t n, struct text *low,
                struct text *high)
{
    char mark = kind->shape == SHAPE_DATE ? ',' : '-';
    for (size_t i = n; kind->range && i-- > 1;) {
        if (s[i] != mark || s[i - 1] == 'e' || s[i - 1] == 'E' || i + 1 == n)
            continue;
        /* "-5--3": the mark before a sign. */
        if (s[i - 1] == mark && i > 1)
            i--;
        *low = (struct text){s, i};
        *high = (struct text){s + i + 1, n - i - 1};
        return true;
    }
    *low = *high = (struct text){s, n};
    return false;
}

static enum err add_ip(struct except_values *v, const char *s, size_t n, struct err_text *why)
{
    struct ip_span span;
    struct ip_net net;
    struct text low;
    struct text high;
    if (!cut(v->kind, s, n, &low, &high) && v->kind->range) {
        if (!ip_parse_net(s, n, &net))
            return no_value(v, s, n, why);
        span.low = span.high = net.base;
        for (unsigned bit = net.bits; bit < 128; bit++)
            span.high.b[bit / 8] |= (uint8_t)(0x80U >> bit % 8);
    } else if (!ip_parse(low.s, low.n, &span.low) || !ip_parse(high.s, high.n, &span.high) ||
               memcmp(span.low.b, span.high.b, 16) > 0) {
        return no_value(v, s, n, why);
    }
    if (mem_grow(&v->at, &v->cap, v->n + 1, sizeof(span)) != 0)
        return no_memory(why);
    v->ips[v->n++] = span;
    return ERR_NONE;
}

static enum err add_whole(struct except_values *v, const char *s, size_t n, struct err_text *why)
{
    struct text low;
    struct text high;
    struct whole_span span;
    struct whole_span upper;
    cut(v->kind, s, n, &low, &high);
    if (v->kind->shape == SHAPE_DATE) {
        if (!parse_date(low.s, low.n, &span) || !parse_date(high.s, high.n, &upper))
            return no_value(v, s, n, why);
        span.high = upper.high;
    } else if (!parse_whole(low.s, low.n, &span.low) || !parse_whole(high.s, high.n, &span.high) ||
               span.low < v->kind->low || span.high > v->kind->high) {
        return no_value(v, s, n, why);
    }
    if (span.low > span.high)
        return no_value(v, s, n, why);
    if (mem_grow(&v->at, &v->cap, v->n + 1, sizeof(span)) != 0)
        return no_memory(why);
    v->wholes[v->n++] = span;
    return ERR_NONE;
}

static enum err add_real(struct except_values *v, const char *s, size_t n, struct err_text *why)
{
    struct text low;
    struct text high;
    struct real_span span;
    cut(v->kind, s, n, &low, &high);
    if (!parse_real(low.s, low.n, &span.low) || !parse_real(high.s, high.n, &span.high) ||
        span.low > span.high)
        return no_value(v, s, n, why);
    if (mem_grow(&v->at, &v->cap, v->n + 1, sizeof(span)) != 0)
        return no_memory(why);
    v->reals[v->n++] = span;
    return ERR_NONE;
}

static enum err add_keyword(struct except_values *v, const char *s, size_t n, struct err_text *why)
{
    const char *copy = arena_strndup(&v->arena, s, n);
    if (copy == NULL || mem_grow(&v->at, &v->cap, v->n + 1, sizeof(*v->texts)) != 0)
        return no_memory(why);
    v->texts[v->n++] = (struct text){copy, n};
    return ERR_NONE;
}

static enum err add_text(struct except_values *v, const char *s, size_t n, struct err_text *why)
{
    struct query_words words;
    bool any = false;
    query_words_init(&words, s, n);
    while (query_words_next(&words)) {
        const char *copy = arena_strndup(&v->arena, words.word, words.n);
        if (copy == NULL || mem_grow(&v->at, &v->cap, v->n + 1, sizeof(*v->postings)) != 0)
            return no_memory(why);
        v->postings[v->n++] = (struct posting){{copy, words.n}, (uint32_t)v->count};
        any = true;
    }
    return any ? ERR_NONE : no_value(v, s, n, why);
}

static bool is_truth(const char *s, size_t n, bool *out)
{
    *out = n == 4 && memcmp(s, "true", 4) == 0;
    return *out || (n == 5 && memcmp(s, "false", 5) == 0);
}

enum err except_values_add(struct except_values *v, const char *s, size_t n, struct err_text *why)
{
    ASSERT(!v->sealed);
    if (v->count == EXCEPT_VALUES_MAX || n > EXCEPT_VALUES_BYTES - v->bytes)
        return err_set(why, ERR_LIMIT, "a value list holds at most %d values and %d bytes",
                       EXCEPT_VALUES_MAX, EXCEPT_VALUES_BYTES);
    if (n == 0 || memchr(s, '\0', n) != NULL || !utf8_valid(s, n))
        return no_value(v, s, n, why);
    enum err code = ERR_NONE;
    bool truth;
    switch (v->kind->shape) {
    case SHAPE_KEYWORD:
        code = add_keyword(v, s, n, why);
        break;
    case SHAPE_TEXT:
        code = add_text(v, s, n, why);
        break;
    case SHAPE_IP:
        code = add_ip(v, s, n, why);
        break;
    case SHAPE_WHOLE:
    case SHAPE_DATE:
        code = add_whole(v, s, n, why);
        break;
    case SHAPE_REAL:
        code = add_real(v, s, n, why);
        break;
    case SHAPE_BOOLEAN:
        if (is_truth(s, n, &truth))
            v->truth[truth] = true;
        else
            code = no_value(v, s, n, why);
        break;
    }
    if (code == ERR_NONE) {
        v->count++;
        v->bytes += n;
    }
    return code;
}

static int compare_text(const struct text *a, const struct text *b)
{
    int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static int by_text(const void *a, const void *b)
{
    return compare_text(a, b);
}

static int by_posting(const void *a, const void *b)
{
    const struct posting *x = a;
    const struct posting *y = b;
    int c = compare_text(&x->word, &y->word);
    return c != 0 ? c : (x->value > y->value) - (x->value < y->value);
}

static int by_ip(const void *a, const void *b)
{
    const struct ip_span *x = a;
    const struct ip_span *y = b;
    return memcmp(x->low.b, y->low.b, 16);
}

static int by_whole(const void *a, const void *b)
{
    const struct whole_span *x = a;
    const struct whole_span *y = b;
    return (x->low > y->low) - (x->low < y->low);
}

static int by_real(const void *a, const void *b)
{
    const struct real_span *x = a;
    const struct real_span *y = b;
    return (x->low > y->low) - (x->low < y->low);
}

/* Sorted spans that overlap become one, so that a search by halves finds the only one that can
 * hold a value. */
static void merge_ips(struct except_values *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (n > 0 && memcmp(v->ips[i].low.b, v->ips[n - 1].high.b, 16) <= 0) {
            if (memcmp(v->ips[i].high.b, v->ips[n - 1].high.b, 16) > 0)
                v->ips[n - 1].high = v->ips[i].high;
        } else {
            v->ips[n++] = v->ips[i];
        }
    }
    v->n = n;
}

static void merge_wholes(struct except_values *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (n > 0 && v->wholes[i].low <= v->wholes[n - 1].high) {
            if (v->wholes[i].high > v->wholes[n - 1].high)
                v->wholes[n - 1].high = v->wholes[i].high;
        } else {
            v->wholes[n++] = v->wholes[i];
        }
    }
    v->n = n;
}

static void merge_reals(struct except_values *v)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n; i++) {
        if (n > 0 && v->reals[i].low <= v->reals[n - 1].high) {
            if (v->reals[i].high > v->reals[n - 1].high)
                v->reals[n - 1].high = v->reals[i].high;
        } else {
            v->reals[n++] = v->reals[i];
        }
    }
    v->n = n;
}

void except_values_seal(struct except_values *v)
{
    v->sealed = true;
    if (v->n == 0)
        return;
    switch (v->kind->shape) {
    case SHAPE_KEYWORD:
        qsort(v->texts, v->n, sizeof(*v->texts), by_text);
        break;
    case SHAPE_TEXT:
        qsort(v->postings, v->n, sizeof(*v->postings), by_posting);
        break;
    case SHAPE_IP:
        qsort(v->ips, v->n, sizeof(*v->ips), by_ip);
        merge_ips(v);
        break;
    case SHAPE_WHOLE:
    case SHAPE_DATE:
        qsort(v->wholes, v->n, sizeof(*v->wholes), by_whole);
        merge_wholes(v);
        break;
    case SHAPE_REAL:
        qsort(v->reals, v->n, sizeof(*v->reals), by_real);
        merge_reals(v);
        break;
    case SHAPE_BOOLEAN:
        break;
    }
}

static bool has_text(const struct except_values *v, const char *s, size_t n)
{
    const struct text key = {s, n};
    return v->n > 0 && bsearch(&key, v->texts, v->n, sizeof(*v->texts), by_text) != NULL;
}

static bool has_ip(const struct except_values *v, const struct ip *a)
{
    size_t low = 0;
    size_t high = v->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(v->ips[mid].low.b, a->b, 16) <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && memcmp(a->b, v->ips[low - 1].high.b, 16) <= 0;
}

static bool has_whole(const struct except_values *v, int64_t i)
{
    size_t low = 0;
    size_t high = v->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->wholes[mid].low <= i)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && i <= v->wholes[low - 1].high;
}

static bool has_real(const struct except_values *v, double f)
{
    size_t low = 0;
    size_t high = v->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (v->reals[mid].low <= f)
            low = mid + 1;
        else
            high = mid;
    }
    return low > 0 && f <= v->reals[low - 1].high;
}

/* The first posting of a word; v->n when there is none at or after it. */
static size_t first_posting(const struct except_values *v, const struct text *word)
{
    size_t low = 0;
    size_t high = v->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (compare_text(&v->postings[mid].word, word) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool value_has_word(const struct except_values *v, uint32_t value, const struct text *word)
{
    const struct posting key = {*word, value};
    return bsearch(&key, v->postings, v->n, sizeof(*v->postings), by_posting) != NULL;
}

static bool value_has_words(const struct except_values *v, uint32_t value, const char *s, size_t n)
{
    struct query_words words;
    query_words_init(&words, s, n);
    while (query_words_next(&words)) {
        const struct text word = {words.word, words.n};
        if (!value_has_word(v, value, &word))
            return false;
    }
    return true;
}

/* Some value of the list has all words of the text. */
static bool has_words(const struct except_values *v, const char *s, size_t n)
{
    struct query_words words;
    query_words_init(&words, s, n);
    if (!query_words_next(&words))
        return false;
    const struct text first = {words.word, words.n};
    for (size_t i = first_posting(v, &first);
         i < v->n && compare_text(&v->postings[i].word, &first) == 0; i++) {
        if (value_has_words(v, v->postings[i].value, s, n))
            return true;
    }
    return false;
}

static bool has_date(const struct except_values *v, const struct event_value *value)
{
    struct whole_span span;
    if (value->type == EVENT_TIME)
        return has_whole(v, value->t);
    if (value->type == EVENT_I64)
        return value->i <= INT64_MAX / TIME_MS && value->i >= INT64_MIN / TIME_MS &&
               has_whole(v, value->i * TIME_MS);
    return value->type == EVENT_STR && parse_date(value->s, value->len, &span) &&
           has_whole(v, span.low);
}

static bool has_number(const struct except_values *v, const struct event_value *value)
{
    int64_t i;
    double f;
    if (v->kind->shape == SHAPE_REAL)
        return event_value_number(value, &f) && has_real(v, f);
    if (value->type == EVENT_I64)
        return has_whole(v, value->i);
    if (value->type == EVENT_STR)
        return parse_whole(value->s, value->len, &i) && has_whole(v, i);
    if (value->type != EVENT_F64 || value->f != floor(value->f) || fabs(value->f) >= 9.2e18)
        return false;
    return has_whole(v, (int64_t)value->f);
}

bool except_values_has(const struct except_values *v, const struct event_value *value)
{
    ASSERT(v->sealed);
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    const char *s = event_value_text(value, scratch, &n);
    struct ip ip;
    bool truth;
    switch (v->kind->shape) {
    case SHAPE_KEYWORD:
        return has_text(v, s, n);
    case SHAPE_TEXT:
        return has_words(v, s, n);
    case SHAPE_IP:
        if (value->type == EVENT_IP)
            return has_ip(v, value->ip);
        return value->type == EVENT_STR && ip_parse(s, n, &ip) && has_ip(v, &ip);
    case SHAPE_DATE:
        return has_date(v, value);
    case SHAPE_WHOLE:
    case SHAPE_REAL:
        return has_number(v, value);
    case SHAPE_BOOLEAN:
        return is_truth(s, n, &truth) && v->truth[truth];
    }
    return false;
}

static bool asks_keyword(const char *field)
{
    event_field f = event_field_by_name(field, strlen(field));
    return f != EVENT_F_NONE && (event_field_def(f)->kind == EVENT_KIND_KEYWORD ||
                                 event_field_def(f)->kind == EVENT_KIND_WILDCARD);
}

static bool asks_ip(const char *field)
{
    event_field f = event_field_by_name(field, strlen(field));
    return f != EVENT_F_NONE && event_field_def(f)->kind == EVENT_KIND_IP;
}

static void write_ip(struct format_writer *w, const char *key, const struct ip *a)
{
    char text[IP_TEXT_SIZE];
    ip_format(a, text);
    format_write_field_str(w, key, text);
}

static void write_ranges(const struct except_values *v, const char *field, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_key(w, "bool");
    format_write_begin_object(w);
    format_write_key(w, "should");
    format_write_begin_array(w);
    for (size_t i = 0; i < v->n; i++) {
        format_write_begin_object(w);
        format_write_key(w, "range");
        format_write_begin_object(w);
        format_write_key(w, field);
        format_write_begin_object(w);
        write_ip(w, "gte", &v->ips[i].low);
        write_ip(w, "lte", &v->ips[i].high);
        format_write_end_object(w);
        format_write_end_object(w);
        format_write_end_object(w);
    }
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void write_terms(const struct except_values *v, const char *field, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_key(w, "terms");
    format_write_begin_object(w);
    format_write_key(w, field);
    format_write_begin_array(w);
    for (size_t i = 0; i < v->n; i++)
        format_write_str_n(w, v->texts[i].s, v->texts[i].n);
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

bool except_values_dsl(const struct except_values *v, const char *field, struct buf *out)
{
    ASSERT(v->sealed);
    struct format_writer w;
    bool keyword = v->kind->shape == SHAPE_KEYWORD && v->n <= DSL_VALUES_MAX && asks_keyword(field);
    bool ip = v->kind->shape == SHAPE_IP && v->n <= DSL_RANGES_MAX && asks_ip(field);
    if (v->n == 0 || (!keyword && !ip))
        return false;
    format_write_init(&w, out);
    if (keyword)
        write_terms(v, field, &w);
    else
        write_ranges(v, field, &w);
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

enum err except_values_lines(const char *text, size_t n, except_line_fn fn, void *ctx,
                             struct err_text *why)
{
    unsigned line = 0;
    const char *end = text + n;
    if (n >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        text += 3;
    for (const char *p = text; p < end;) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        const char *to = stop != NULL ? stop : end;
        const char *from = p;
        p = stop != NULL ? stop + 1 : end;
        line++;
        while (from < to && is_blank(*from))
            from++;
        while (to > from && is_blank(to[-1]))
            to--;
        enum err code = to > from ? fn(ctx, from, (size_t)(to - from), line, why) : ERR_NONE;
        if (code != ERR_NONE)
            return code;
    }
    return ERR_NONE;
}
