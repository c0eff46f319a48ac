/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/median.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define FIRST_BINS 8
#define LEAST 0x1p-40
#define MOST 0x1p80
/* 120 octaves of 128 bins on both sides of zero, zero, and the two ends. */
#define BINS_MOST (2 * 120 * 128 + 3)
/* Of a double's 52 mantissa bits these are dropped in a bin's value. */
#define DROPPED 45

void stats_median_init(struct stats_median *m)
{
    memset(m, 0, sizeof(*m));
}

void stats_median_release(struct stats_median *m)
{
    mem_free(m->bin);
    stats_median_init(m);
}

size_t stats_median_memory(const struct stats_median *m)
{
    size_t cap = m->n > 0 ? FIRST_BINS : 0;
    while (cap < m->n)
        cap *= 2;
    return cap * sizeof(*m->bin);
}

/* The end of the value's bin that is nearer to zero. */
static double bin_of(double x)
{
    if (fabs(x) < LEAST)
        return 0;
    if (fabs(x) > MOST)
        return copysign(MOST, x);
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    bits &= ~(((uint64_t)1 << DROPPED) - 1);
    memcpy(&x, &bits, sizeof(x));
    return x;
}

static double middle_of(double x)
{
    if (!(fabs(x) >= LEAST && fabs(x) < MOST))
        return x;
    uint64_t bits;
    memcpy(&bits, &x, sizeof(bits));
    bits |= (uint64_t)1 << (DROPPED - 1);
    memcpy(&x, &bits, sizeof(x));
    return x;
}

/* Values become bins; equal ones are neighbours, since bins keep the order. */
static void make_coarse(struct stats_median *m)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < m->n; i++) {
        struct stats_median_bin b = {bin_of(m->bin[i].value), m->bin[i].count};
        if (n > 0 && m->bin[n - 1].value == b.value)
            m->bin[n - 1].count += b.count;
        else
            m->bin[n++] = b;
    }
    m->n = n;
    m->coarse = true;
}

/* The first bin whose value is not less. */
static uint32_t place_of(const struct stats_median *m, double value)
{
    uint32_t from = 0;
    uint32_t to = m->n;
    while (from < to) {
        uint32_t at = from + (to - from) / 2;
        if (m->bin[at].value < value)
            from = at + 1;
        else
            to = at;
    }
    return from;
}

static bool grow(struct stats_median *m)
{
    uint32_t cap = m->cap > 0 ? m->cap * 2 : FIRST_BINS;
    struct stats_median_bin *bin = mem_alloc(cap * sizeof(*bin));
    if (bin == NULL)
        return false;
    if (m->n > 0)
        memcpy(bin, m->bin, m->n * sizeof(*bin));
    mem_free(m->bin);
    m->bin = bin;
    m->cap = cap;
    return true;
}

bool stats_median_add(struct stats_median *m, double value, uint64_t count)
{
    if (isnan(value) || count == 0)
        return true;
    value = fmin(fmax(value, -DBL_MAX), DBL_MAX) + 0.0; /* -0 is 0 */
    double x = m->coarse ? bin_of(value) : value;
    uint32_t at = place_of(m, x);
    if (at < m->n && m->bin[at].value == x) {
        m->bin[at].count += count;
        return true;
    }
    if (!m->coarse && m->n == STATS_MEDIAN_EXACT) {
        make_coarse(m);
        return stats_median_add(m, value, count);
    }
    if (m->n == m->cap && !grow(m))
        return false;
    memmove(&m->bin[at + 1], &m->bin[at], (m->n - at) * sizeof(*m->bin));
    m->bin[at] = (struct stats_median_bin){x, count};
    m->n++;
    return true;
}

bool stats_median_merge(struct stats_median *into, const struct stats_median *from)
{
    if (from->coarse && !into->coarse)
        make_coarse(into);
    for (uint32_t i = 0; i < from->n; i++) {
        if (!stats_median_add(into, from->bin[i].value, from->bin[i].count))
            return false;
    }
    return true;
}

/* The value with `rank` others before it. */
static double at_rank(const struct stats_median *m, uint64_t rank)
{
    uint32_t i = 0;
    while (i + 1 < m->n && rank >= m->bin[i].count)
        rank -= m->bin[i++].count;
    return m->coarse ? middle_of(m->bin[i].value) : m->bin[i].value;
}

bool stats_median_value(const struct stats_median *m, double *out)
{
    uint64_t count = 0;
    for (uint32_t i = 0; i < m->n; i++)
        count += m->bin[i].count;
    if (count == 0)
        return false;
    double low = at_rank(m, (count - 1) / 2);
    double high = at_rank(m, count / 2);
    *out = low / 2 + high / 2;
    return true;
}

void stats_median_save(const struct stats_median *m, struct buf *out)
{
    buf_char(out, (char)m->coarse);
    buf_le32(out, m->n);
    for (uint32_t i = 0; i < m->n; i++) {
        buf_double(out, m->bin[i].value);
        buf_le64(out, m->bin[i].count);
    }
}

static bool sound(const struct stats_median *m, double value, uint64_t count)
{
    bool rises = m->n == 0 || value > m->bin[m->n - 1].value;
    return isfinite(value) && rises && count > 0 && (!m->coarse || bin_of(value) == value);
}

enum err stats_median_load(struct cursor *in, struct stats_median *out)
{
    struct stats_median m;
    stats_median_init(&m);
    uint8_t coarse = cursor_u8(in);
    uint32_t n = cursor_le32(in);
    if (!cursor_ok(in) || coarse > 1 || n > (coarse == 1 ? BINS_MOST : STATS_MEDIAN_EXACT))
        return ERR_FORMAT;
    m.coarse = coarse == 1;
    enum err e = ERR_NONE;
    for (uint32_t i = 0; i < n && e == ERR_NONE; i++) {
        uint64_t bits = cursor_le64(in);
        uint64_t count = cursor_le64(in);
        double value;
        memcpy(&value, &bits, sizeof(value));
        if (!cursor_ok(in) || !sound(&m, value, count))
            e = ERR_FORMAT;
        else if (!stats_median_add(&m, value, count))
            e = ERR_MEMORY;
    }
    if (e != ERR_NONE) {
        stats_median_release(&m);
        return e;
    }
    *out = m;
    return ERR_NONE;
}
