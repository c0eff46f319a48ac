/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/function_priv.h"

#include "base/assert.h"
#include "base/ip.h"
#include "query/leaf.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ARGUMENTS_MAX 250
#define NUMBER_TEXT_MAX 100
/* A text that a function makes is never longer. */
#define TEXT_MAX ((size_t)1 << 20)

static bool is_int(const struct eql_value *v)
{
    return v->type == EQL_INT;
}

static double as_double(const struct eql_value *v)
{
    return is_int(v) ? (double)v->i : v->f;
}

static struct eql_value add(const struct eql_value *a, uint32_t n, bool fold, struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    int64_t i;
    if (!is_int(&a[0]) || !is_int(&a[1]))
        return eql_value_float(as_double(&a[0]) + as_double(&a[1]));
    return __builtin_add_overflow(a[0].i, a[1].i, &i) ? eql_value_null() : eql_value_int(i);
}

static struct eql_value subtract(const struct eql_value *a, uint32_t n, bool fold,
                                 struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    int64_t i;
    if (!is_int(&a[0]) || !is_int(&a[1]))
        return eql_value_float(as_double(&a[0]) - as_double(&a[1]));
    return __builtin_sub_overflow(a[0].i, a[1].i, &i) ? eql_value_null() : eql_value_int(i);
}

static struct eql_value multiply(const struct eql_value *a, uint32_t n, bool fold,
                                 struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    int64_t i;
    if (!is_int(&a[0]) || !is_int(&a[1]))
        return eql_value_float(as_double(&a[0]) * as_double(&a[1]));
    return __builtin_mul_overflow(a[0].i, a[1].i, &i) ? eql_value_null() : eql_value_int(i);
}

static struct eql_value divide(const struct eql_value *a, uint32_t n, bool fold,
                               struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    if (!is_int(&a[0]) || !is_int(&a[1])) /* by zero: no finite number, so null */
        return eql_value_float(as_double(&a[0]) / as_double(&a[1]));
    if (a[1].i == 0 || (a[0].i == INT64_MIN && a[1].i == -1))
        return eql_value_null();
    return eql_value_int(a[0].i / a[1].i);
}

static struct eql_value modulo(const struct eql_value *a, uint32_t n, bool fold,
                               struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    if (!is_int(&a[0]) || !is_int(&a[1]))
        return eql_value_float(fmod(as_double(&a[0]), as_double(&a[1])));
    if (a[1].i == 0)
        return eql_value_null();
    return eql_value_int(a[1].i == -1 ? 0 : a[0].i % a[1].i);
}

/* between(text, left, right[, greedy]) */
static struct eql_value between(const struct eql_value *a, uint32_t n, bool fold,
                                struct arena *arena)
{
    struct eql_span left, right;
    bool greedy = n > 3 && a[3].b;
    if (!eql_value_find(&a[0], &a[1], 0, false, fold, arena, &left) ||
        !eql_value_find(&a[0], &a[2], left.to, greedy, fold, arena, &right))
        return eql_value_text("", 0);
    return eql_value_text(a[0].s + left.to, right.from - left.to);
}

static struct eql_value cidr_match(const struct eql_value *a, uint32_t n, bool fold,
                                   struct arena *arena)
{
    (void)fold, (void)arena;
    struct ip address;
    struct ip_net net;
    if (!ip_parse(a[0].s, a[0].n, &address))
        return eql_value_bool(false);
    for (uint32_t i = 1; i < n; i++) {
        if (ip_parse_net(a[i].s, a[i].n, &net) && ip_in_net(&address, &net))
            return eql_value_bool(true);
    }
    return eql_value_bool(false);
}

static struct eql_value concat(const struct eql_value *a, uint32_t n, bool fold,
                               struct arena *arena)
{
    (void)fold;
    size_t size = 0;
    for (uint32_t i = 0; i < n; i++)
        size += a[i].n;
    char *text = size <= TEXT_MAX ? arena_alloc(arena, size + 1) : NULL;
    if (text == NULL)
        return eql_value_null();
    char *to = text;
    for (uint32_t i = 0; i < n; i++) {
        if (a[i].n > 0)
            memcpy(to, a[i].s, a[i].n);
        to += a[i].n;
    }
    return eql_value_text(text, size);
}

static struct eql_value ends_with(const struct eql_value *a, uint32_t n, bool fold,
                                  struct arena *arena)
{
    (void)n, (void)arena;
    size_t chars = eql_value_chars(&a[0]), part = eql_value_chars(&a[1]), to;
    if (part > chars)
        return eql_value_bool(false);
    return eql_value_bool(
        eql_value_at(&a[0], &a[1], eql_value_byte(&a[0], chars - part), fold, &to));
}

static struct eql_value starts_with(const struct eql_value *a, uint32_t n, bool fold,
                                    struct arena *arena)
{
    (void)n, (void)arena;
    size_t to;
    return eql_value_bool(eql_value_at(&a[0], &a[1], 0, fold, &to));
}

static struct eql_value string_contains(const struct eql_value *a, uint32_t n, bool fold,
                                        struct arena *arena)
{
    (void)n;
    struct eql_span span;
    return eql_value_bool(a[1].n > 0 && eql_value_find(&a[0], &a[1], 0, false, fold, arena, &span));
}

/* A whole number; false when it is none. */
static bool whole(const struct eql_value *v, int64_t *out)
{
    if (is_int(v))
        *out = v->i;
    else if (v->f == trunc(v->f) && fabs(v->f) < 0x1p62)
        *out = (int64_t)v->f;
    else
        return false;
    return true;
}

static struct eql_value index_of(const struct eql_value *a, uint32_t n, bool fold,
                                 struct arena *arena)
{
    int64_t from = 0;
    struct eql_span span;
    if (n > 2 && !whole(&a[2], &from))
        return eql_value_null();
    from = from < 0 ? 0 : from;
    if ((uint64_t)from > eql_value_chars(&a[0]) ||
        !eql_value_find(&a[0], &a[1], eql_value_byte(&a[0], (size_t)from), false, fold, arena,
                        &span))
        return eql_value_null();
    struct eql_value before = eql_value_text(a[0].s, span.from);
    return eql_value_int((int64_t)eql_value_chars(&before));
}

static struct eql_value length(const struct eql_value *a, uint32_t n, bool fold,
                               struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    return eql_value_int((int64_t)eql_value_chars(&a[0]));
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char small = (char)(c | 0x20);
    return small >= 'a' && small <= 'z' ? small - 'a' + 10 : 99;
}

/* Digits of a base, downwards because the least integer has no counterpart. */
static struct eql_value spelled(const char *s, size_t n, bool minus, int64_t base)
{
    int64_t v = 0;
    if (n == 0)
        return eql_value_null();
    for (size_t i = 0; i < n; i++) {
        int d = digit(s[i]);
        if (d >= base || __builtin_mul_overflow(v, base, &v) || __builtin_sub_overflow(v, d, &v))
            return eql_value_null();
    }
    if (!minus && v == INT64_MIN)
        return eql_value_null();
    return eql_value_int(minus ? v : -v);
}

/* number(text[, base]); a base of null is none. */
static struct eql_value number(const struct eql_value *a, uint32_t n, bool fold,
                               struct arena *arena)
{
    (void)fold, (void)arena;
    const char *s = a[0].s, *end = s + a[0].n;
    int64_t base = 0;
    if (n > 1 && a[1].type != EQL_NULL && (!whole(&a[1], &base) || base < 2 || base > 36))
        return eql_value_null();
    while (s < end && strchr(" \t\r\n", *s) != NULL && *s != '\0')
        s++;
    while (end > s && strchr(" \t\r\n", end[-1]) != NULL && end[-1] != '\0')
        end--;
    const char *from = s;
    bool minus = s < end && *s == '-';
    s += s < end && (minus || *s == '+');
    if ((base == 0 || base == 16) && end - s > 2 && s[0] == '0' && (s[1] | 0x20) == 'x')
        return spelled(s + 2, (size_t)(end - s) - 2, minus, 16);
    if (base != 0 && base != 10)
        return spelled(s, (size_t)(end - s), minus, base);
    struct eql_value v = spelled(s, (size_t)(end - s), minus, 10);
    char text[NUMBER_TEXT_MAX + 1], *stop;
    size_t size = (size_t)(end - from);
    if (v.type != EQL_NULL || size == 0 || size > NUMBER_TEXT_MAX || s == end ||
        !(digit(*s) < 10 || *s == '.'))
        return v;
    memcpy(text, from, size);
    text[size] = '\0';
    if (strspn(text, "0123456789+-.eE") != size)
        return v;
    double f = strtod(text, &stop);
    return *stop == '\0' ? eql_value_float(f) : v;
}

static struct eql_value string(const struct eql_value *a, uint32_t n, bool fold,
                               struct arena *arena)
{
    (void)n, (void)fold, (void)arena;
    return a[0]; /* arguments were made texts */
}

/* A position that may count from the end, within the text. */
static size_t position(int64_t i, size_t chars)
{
    if (i < 0)
        i = i < -(int64_t)chars ? 0 : i + (int64_t)chars;
    return (uint64_t)i > chars ? chars : (size_t)i;
}

static struct eql_value substring(const struct eql_value *a, uint32_t n, bool fold,
                                  struct arena *arena)
{
    (void)fold, (void)arena;
    size_t chars = eql_value_chars(&a[0]);
    int64_t from, to = (int64_t)chars;
    if (!whole(&a[1], &from) || (n > 2 && !whole(&a[2], &to)))
        return eql_value_null();
    size_t first = eql_value_byte(&a[0], position(from, chars));
    size_t end = eql_value_byte(&a[0], position(to, chars));
    return end > first ? eql_value_text(a[0].s + first, end - first) : eql_value_text("", 0);
}

static const struct eql_function functions[] = {
    {"add", "nn", 2, 2, false, EQL_ANY, add},
    {"between", "sssb", 3, 4, true, EQL_STR, between},
    {"cidrMatch", "sc", 2, ARGUMENTS_MAX, false, EQL_BOOL, cidr_match},
    {"concat", "a", 1, ARGUMENTS_MAX, false, EQL_STR, concat},
    {"divide", "nn", 2, 2, false, EQL_ANY, divide},
    {"endsWith", "ss", 2, 2, true, EQL_BOOL, ends_with},
    {"indexOf", "ssn", 2, 3, true, EQL_INT, index_of},
    {"length", "s", 1, 1, false, EQL_INT, length},
    {"modulo", "nn", 2, 2, false, EQL_ANY, modulo},
    {"multiply", "nn", 2, 2, false, EQL_ANY, multiply},
    {"number", "sn", 1, 2, false, EQL_ANY, number},
    {"startsWith", "ss", 2, 2, true, EQL_BOOL, starts_with},
    {"string", "a", 1, 1, false, EQL_STR, string},
    {"stringContains", "ss", 2, 2, true, EQL_BOOL, string_contains},
    {"substring", "snn", 2, 3, false, EQL_STR, substring},
    {"subtract", "nn", 2, 2, false, EQL_ANY, subtract},
};

/* Names are known whatever their case: public rules write cidrmatch too. */
static const struct eql_function *find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strlen(functions[i].name) == n && query_leaf_equal_fold(functions[i].name, name, n))
            return &functions[i];
    }
    return NULL;
}

const struct eql_function *eql_function_named(const char *name)
{
    const struct eql_function *f = find(name, strlen(name));
    ASSERT(f != NULL);
    return f;
}

/* Functions of other dialects, and what to write for them. */
static const char *other(const char *name)
{
    static const char *const names[][2] = {
        {"arrayContains", "a comparison, which any value of a list may meet"},
        {"arrayCount", "a comparison, which any value of a list may meet"},
        {"arraySearch", "a comparison, which any value of a list may meet"},
        {"match", "regex or regex~"},
        {"matchLite", "regex or regex~"},
        {"wildcard", "':' or like"},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(names[i][0], name) == 0)
            return names[i][1];
    }
    return NULL;
}

const struct eql_function *eql_function_find(struct eql_lex *x, const struct eql_token *name)
{
    const struct eql_function *f = find(name->text, name->n);
    const char *instead = f == NULL ? other(name->text) : NULL;
    if (instead != NULL)
        return eql_lex_fail(x, name->at, ERR_UNSUPPORTED,
                            "expected %s: the function %s is not supported", instead, name->text);
    if (f == NULL)
        return eql_lex_fail(x, name->at, ERR_INVALID, "expected a function of EQL, found %.100s",
                            name->text);
    if (name->tilde && !f->folds)
        return eql_lex_fail(x, name->at, ERR_INVALID,
                            "expected %s without ~: it does not look at case", f->name);
    return f;
}

bool eql_function_takes(struct eql_lex *x, const struct eql_function *f, uint32_t at, uint32_t n)
{
    if (n >= f->min && n <= f->max)
        return true;
    if (f->min == f->max)
        eql_lex_fail(x, at, ERR_INVALID, "expected %u arguments for %s, found %u", f->min, f->name,
                     n);
    else
        eql_lex_fail(x, at, ERR_INVALID, "expected %u to %u arguments for %s, found %u", f->min,
                     f->max, f->name, n);
    return false;
}

char eql_function_argument(const struct eql_function *f, uint32_t i)
{
    size_t known = strlen(f->takes);
    return f->takes[i < known ? i : known - 1];
}

struct eql_value eql_function_call(const struct eql_function *f, struct eql_value *args, uint32_t n,
                                   bool fold, struct arena *arena)
{
    for (uint32_t i = 0; i < n; i++) {
        bool base = f->call == number && i == 1;
        switch (eql_function_argument(f, i)) {
        case EQL_ARG_NUMBER:
            if (args[i].type != EQL_INT && args[i].type != EQL_FLOAT &&
                !(base && args[i].type == EQL_NULL))
                return eql_value_null();
            break;
        case EQL_ARG_BOOL:
            if (args[i].type != EQL_BOOL)
                return eql_value_null();
            break;
        default:
            args[i] = eql_value_string(args[i], arena);
            if (args[i].type == EQL_NULL)
                return eql_value_null();
            break;
        }
    }
    return f->call(args, n, fold, arena);
}
