/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "eql/value_priv.h"

#include "base/buf.h"
#include "event/event.h"
#include "query/words.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct eql_value eql_value_float(double f)
{
    return isfinite(f) ? (struct eql_value){.type = EQL_FLOAT, .f = f} : eql_value_null();
}

static struct eql_value copy(const char *s, size_t n, struct arena *arena)
{
    char *p = arena_strndup(arena, s, n);
    return p != NULL ? eql_value_text(p, n) : eql_value_null();
}

struct eql_value eql_value_of(const struct event_value *v, struct arena *arena)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    const char *s;
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        return eql_value_text(v->s, v->len);
    case EVENT_I64:
        return eql_value_int(v->i);
    case EVENT_F64:
        return eql_value_float(v->f);
    case EVENT_BOOL:
        return eql_value_bool(v->b);
    case EVENT_IP:
    case EVENT_TIME:
        s = event_value_text(v, scratch, &n);
        return copy(s, n, arena);
    default:
        return eql_value_null();
    }
}

struct eql_value eql_value_string(struct eql_value v, struct arena *arena)
{
    char text[32];
    struct buf b;
    switch ((enum eql_type)v.type) {
    case EQL_BOOL:
        return v.b ? eql_value_text("true", 4) : eql_value_text("false", 5);
    case EQL_INT:
        return copy(text, (size_t)snprintf(text, sizeof text, "%lld", (long long)v.i), arena);
    case EQL_FLOAT:
        buf_init(&b);
        buf_f64(&b, v.f);
        v = buf_ok(&b) ? copy(b.p, b.n, arena) : eql_value_null();
        buf_release(&b);
        return v;
    default:
        return v;
    }
}

uint32_t eql_value_fold(uint32_t c)
{
    uint32_t small = query_words_lower(c);
    return c >= 0x80 && small < 0x80 ? c : small;
}

/* -1, 0, 1 by bytes. */
static int text_order(const struct eql_value *a, const struct eql_value *b)
{
    size_t n = a->n < b->n ? a->n : b->n;
    int c = n > 0 ? memcmp(a->s, b->s, n) : 0;
    return c != 0 ? c : (a->n > b->n) - (a->n < b->n);
}

static bool is_number(const struct eql_value *v)
{
    return v->type == EQL_INT || v->type == EQL_FLOAT;
}

/* An integer against a double, without rounding the integer. */
static int mixed_order(int64_t i, double f)
{
    if (f >= 0x1p63)
        return -1;
    if (f < -0x1p63)
        return 1;
    double whole = floor(f);
    int64_t w = (int64_t)whole;
    if (i != w)
        return i < w ? -1 : 1;
    return f > whole ? -1 : 0;
}

static int number_order(const struct eql_value *a, const struct eql_value *b)
{
    if (a->type == EQL_INT && b->type == EQL_INT)
        return (a->i > b->i) - (a->i < b->i);
    if (a->type == EQL_INT)
        return mixed_order(a->i, b->f);
    if (b->type == EQL_INT)
        return -mixed_order(b->i, a->f);
    return (a->f > b->f) - (a->f < b->f);
}

int eql_value_compare(enum eql_cmp cmp, const struct eql_value *a, const struct eql_value *b)
{
    int order;
    if (a->type == EQL_NULL || b->type == EQL_NULL)
        return -1;
    bool equality = cmp == EQL_EQ || cmp == EQL_NE;
    if (is_number(a) && is_number(b))
        order = number_order(a, b);
    else if (a->type == EQL_STR && b->type == EQL_STR)
        order = text_order(a, b);
    else if (a->type == EQL_BOOL && b->type == EQL_BOOL && equality)
        order = a->b - b->b;
    else
        return equality ? cmp == EQL_NE : -1;
    switch (cmp) {
    case EQL_EQ:
        return order == 0;
    case EQL_NE:
        return order != 0;
    case EQL_LT:
        return order < 0;
    case EQL_LE:
        return order <= 0;
    case EQL_GT:
        return order > 0;
    default:
        return order >= 0;
    }
}

bool eql_value_at(const struct eql_value *text, const struct eql_value *part, size_t at, bool fold,
                  size_t *out_to)
{
    if (!fold) {
        if (part->n > text->n - at || (part->n > 0 && memcmp(text->s + at, part->s, part->n) != 0))
            return false;
        *out_to = at + part->n;
        return true;
    }
    const char *p = text->s + at, *p_end = text->s + text->n;
    const char *q = part->s, *q_end = part->s + part->n;
    while (q < q_end) {
        size_t pn, qn;
        if (p == p_end || eql_value_fold(query_words_char(p, p_end, &pn)) !=
                              eql_value_fold(query_words_char(q, q_end, &qn)))
            return false;
        p += pn;
        q += qn;
    }
    *out_to = (size_t)(p - text->s);
    return true;
}

/* Folded character by character: the i-th stays the i-th. Some grow from 2 bytes to 3. */
static bool folded(const struct eql_value *text, struct arena *arena, struct eql_value *out)
{
    char *copy = arena_alloc(arena, (size_t)text->n * 2 + 4);
    size_t to = 0;
    if (copy == NULL)
        return false;
    for (size_t at = 0; at < text->n;) {
        size_t n;
        uint32_t c = query_words_char(text->s + at, text->s + text->n, &n);
        to += query_words_put(eql_value_fold(c), copy + to);
        at += n;
    }
    *out = eql_value_text(copy, to);
    return true;
}

static bool reversed(const struct eql_value *text, struct arena *arena, struct eql_value *out)
{
    char *copy = arena_alloc(arena, (size_t)text->n + 1);
    if (copy == NULL)
        return false;
    for (uint32_t i = 0; i < text->n; i++)
        copy[i] = text->s[text->n - 1 - i];
    *out = eql_value_text(copy, text->n);
    return true;
}

/* Where the part is in the text: the last is the first when both are read backwards. */
static bool search(const struct eql_value *text, const struct eql_value *part, bool last,
                   struct arena *arena, size_t *out_at)
{
    struct eql_value t = *text, p = *part;
    if (p.n > t.n)
        return false;
    if (p.n == 0) {
        *out_at = last ? t.n : 0;
        return true;
    }
    if (last && (!reversed(text, arena, &t) || !reversed(part, arena, &p)))
        return false;
    const char *hit = memmem(t.s, t.n, p.s, p.n);
    if (hit == NULL)
        return false;
    size_t at = (size_t)(hit - t.s);
    *out_at = last ? t.n - at - p.n : at;
    return true;
}

bool eql_value_find(const struct eql_value *text, const struct eql_value *part, size_t from,
                    bool last, bool fold, struct arena *arena, struct eql_span *out)
{
    struct eql_value rest = eql_value_text(text->s + from, text->n - from), t = rest, p = *part;
    size_t at;
    if (fold && (!folded(&rest, arena, &t) || !folded(part, arena, &p)))
        return false;
    if (!search(&t, &p, last, arena, &at))
        return false;
    size_t to = at + p.n;
    if (fold) {
        struct eql_value before = eql_value_text(t.s, at);
        size_t first = eql_value_chars(&before);
        to = eql_value_byte(&rest, first + eql_value_chars(&p));
        at = eql_value_byte(&rest, first);
    }
    *out = (struct eql_span){from + at, from + to};
    return true;
}

size_t eql_value_chars(const struct eql_value *text)
{
    size_t chars = 0;
    for (uint32_t i = 0; i < text->n; i++)
        chars += (text->s[i] & 0xc0) != 0x80;
    return chars;
}

size_t eql_value_byte(const struct eql_value *text, size_t i)
{
    size_t at = 0;
    for (; at < text->n; at++) {
        if ((text->s[at] & 0xc0) != 0x80 && i-- == 0)
            break;
    }
    return at;
}
