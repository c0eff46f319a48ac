/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/quantile.h"

#include "base/mem.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define K STATS_QUANTILE_K

void stats_quantile_init(struct stats_quantile *q)
{
    memset(q, 0, sizeof(*q));
}

void stats_quantile_release(struct stats_quantile *q)
{
    for (int i = 0; i < STATS_QUANTILE_LEVELS; i++)
        mem_free(q->level[i]);
    stats_quantile_init(q);
}

void stats_quantile_clear(struct stats_quantile *q)
{
    memset(q->n, 0, sizeof(q->n));
    q->odd = 0;
    q->count = 0;
}

static int compare_floats(const void *a, const void *b)
{
    float x = *(const float *)a;
    float y = *(const float *)b;
    return x < y ? -1 : x > y;
}

static bool room_at(struct stats_quantile *q, int level)
{
    if (q->level[level] == NULL)
        q->level[level] = mem_alloc(K * sizeof(float));
    return q->level[level] != NULL;
}

/* Every second of a full level, in order, moves up one; which half alternates. */
static bool compact(struct stats_quantile *q, int level)
{
    if (level + 1 == STATS_QUANTILE_LEVELS) {
        q->n[level] = K / 2; /* 2^38 values and more: the top level forgets */
        return true;
    }
    if (!room_at(q, level + 1))
        return false;
    if (q->n[level + 1] + K / 2 > K && !compact(q, level + 1))
        return false;
    float *from = q->level[level];
    float *to = q->level[level + 1] + q->n[level + 1];
    qsort(from, K, sizeof(*from), compare_floats);
    unsigned odd = q->odd >> level & 1U;
    for (int i = 0; i < K / 2; i++)
        to[i] = from[2 * i + (int)odd];
    q->odd ^= 1U << level;
    q->n[level + 1] = (uint8_t)(q->n[level + 1] + K / 2);
    q->n[level] = 0;
    return true;
}

static bool add_at(struct stats_quantile *q, int level, float x)
{
    if (!room_at(q, level))
        return false;
    if (q->n[level] == K && !compact(q, level))
        return false;
    q->level[level][q->n[level]++] = x;
    return true;
}

bool stats_quantile_add(struct stats_quantile *q, double x)
{
    if (isnan(x))
        return true;
    if (!add_at(q, 0, (float)fmin(fmax(x, (double)-FLT_MAX), (double)FLT_MAX)))
        return false;
    q->count++;
    return true;
}

bool stats_quantile_merge(struct stats_quantile *into, const struct stats_quantile *from)
{
    for (int level = 0; level < STATS_QUANTILE_LEVELS; level++)
        for (int i = 0; i < from->n[level]; i++)
            if (!add_at(into, level, from->level[level][i]))
                return false;
    into->count += from->count;
    return true;
}

double stats_quantile_value(const struct stats_quantile *q, double p)
{
    /* Walks the levels' values in order; the levels are sorted into one array of pairs. */
    struct weighted {
        float x;
        int level;
    };
    size_t n = 0;
    double total = 0;
    for (int level = 0; level < STATS_QUANTILE_LEVELS; level++) {
        n += q->n[level];
        total += ldexp(q->n[level], level);
    }
    struct weighted *all = n > 0 ? mem_alloc(n * sizeof(*all)) : NULL;
    if (all == NULL)
        return (double)NAN;
    size_t k = 0;
    for (int level = 0; level < STATS_QUANTILE_LEVELS; level++)
        for (int i = 0; i < q->n[level]; i++)
            all[k++] = (struct weighted){q->level[level][i], level};
    qsort(all, n, sizeof(*all), compare_floats); /* x is the first member */
    double want = fmin(fmax(p, 0), 1) * total;
    double sum = 0;
    size_t i = 0;
    while (i + 1 < n) {
        sum += ldexp(1, all[i].level);
        if (sum >= want)
            break;
        i++;
    }
    double value = (double)all[i].x;
    mem_free(all);
    return value;
}

void stats_quantile_save(const struct stats_quantile *q, struct buf *out)
{
    buf_le64(out, q->count);
    buf_le32(out, q->odd);
    for (int level = 0; level < STATS_QUANTILE_LEVELS; level++) {
        buf_char(out, (char)q->n[level]);
        for (int i = 0; i < q->n[level]; i++)
            buf_double(out, (double)q->level[level][i]);
    }
}

enum err stats_quantile_load(struct cursor *in, struct stats_quantile *out)
{
    struct stats_quantile q;
    stats_quantile_init(&q);
    q.count = cursor_le64(in);
    q.odd = cursor_le32(in);
    enum err e = ERR_NONE;
    for (int level = 0; level < STATS_QUANTILE_LEVELS && e == ERR_NONE; level++) {
        uint8_t n = cursor_u8(in);
        if (n > K)
            e = ERR_FORMAT;
        for (int i = 0; i < n && e == ERR_NONE; i++) {
            uint64_t bits = cursor_le64(in);
            double x;
            memcpy(&x, &bits, sizeof(x));
            if (!cursor_ok(in) || !(fabs(x) <= (double)FLT_MAX))
                e = ERR_FORMAT;
            else if (!add_at(&q, level, (float)x))
                e = ERR_MEMORY;
        }
    }
    if (e == ERR_NONE && !cursor_ok(in))
        e = ERR_FORMAT;
    if (e != ERR_NONE) {
        stats_quantile_release(&q);
        return e;
    }
    *out = q;
    return ERR_NONE;
}
