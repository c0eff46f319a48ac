/* SPDX-License-Identifier: Apache-2.0 */
#include "base/buf.h"

#include "base/mem.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void buf_init(struct buf *b)
{
    *b = (struct buf){0};
}

void buf_release(struct buf *b)
{
    mem_free(b->p);
    buf_init(b);
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->failed = false;
    if (b->p != NULL)
        b->p[0] = '\0';
}

bool buf_ok(const struct buf *b)
{
    return !b->failed;
}

const char *buf_text(const struct buf *b)
{
    return b->p != NULL ? b->p : "";
}

char *buf_take(struct buf *b, size_t *out_n)
{
    if (b->failed || buf_reserve(b, 0) == NULL) {
        buf_release(b);
        return NULL;
    }
    char *p = b->p;
    p[b->n] = '\0';
    if (out_n != NULL)
        *out_n = b->n;
    buf_init(b);
    return p;
}

char *buf_reserve(struct buf *b, size_t n)
{
    size_t need;
    if (b->failed || __builtin_add_overflow(b->n, n, &need) ||
        __builtin_add_overflow(need, 1, &need)) {
        b->failed = true;
        return NULL;
    }
    if (need > b->cap) {
        size_t cap = b->cap < 64 ? 64 : b->cap;
        while (cap < need)
            cap = cap > SIZE_MAX / 2 ? need : cap * 2;
        char *p = mem_resize(b->p, cap, 1);
        if (p == NULL) {
            b->failed = true;
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_add(struct buf *b, const void *p, size_t n)
{
    char *to = buf_reserve(b, n);
    if (to == NULL)
        return;
    if (n > 0)
        memcpy(to, p, n);
    b->n += n;
    b->p[b->n] = '\0';
}

void buf_char(struct buf *b, char c)
{
    buf_add(b, &c, 1);
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v > 0);
    buf_add(b, digits + at, sizeof(digits) - at);
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0) {
        buf_char(b, '-');
        buf_u64(b, -(uint64_t)v);
    } else {
        buf_u64(b, (uint64_t)v);
    }
}

void buf_f64(struct buf *b, double v)
{
    if (!isfinite(v)) {
        buf_str(b, "null");
        return;
    }
    if (v == trunc(v) && fabs(v) < 1e15) {
        if (signbit(v) && v != 0)
            buf_char(b, '-');
        buf_u64(b, (uint64_t)fabs(v));
        return;
    }
    /* 15 digits read back exactly more often than not; 17 always do. */
    char text[40];
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(text, sizeof(text), "%.*g", digits, v);
        if (strtod(text, NULL) == v)
            break;
    }
    buf_str(b, text);
}

void buf_format(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *to = n >= 0 ? buf_reserve(b, (size_t)n) : NULL;
    if (to != NULL) {
        vsnprintf(to, (size_t)n + 1, format, again);
        b->n += (size_t)n;
    } else {
        b->failed = true;
    }
    va_end(again);
    va_end(args);
}

static void add_le(struct buf *b, uint64_t v, size_t n)
{
    char bytes[8];
    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(uint8_t)(v >> (8 * i));
    buf_add(b, bytes, n);
}

void buf_le16(struct buf *b, uint16_t v)
{
    add_le(b, v, 2);
}

void buf_le32(struct buf *b, uint32_t v)
{
    add_le(b, v, 4);
}

void buf_le64(struct buf *b, uint64_t v)
{
    add_le(b, v, 8);
}

void buf_double(struct buf *b, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    buf_le64(b, bits);
}
