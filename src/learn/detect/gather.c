/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/gather.h"

#include <math.h>
#include <string.h>

/* What a sum takes at most (stats/sum.h). */
#define SQUARE_MOST 0x1p100

size_t detect_gather_size(enum detect_kind kind)
{
    size_t head = offsetof(struct detect_gather, sum);
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
    case DETECT_MEAN:
        return head + sizeof(struct stats_sum);
    case DETECT_MIN:
    case DETECT_MAX:
        return head + sizeof(double);
    case DETECT_VARP:
        return head + 2 * sizeof(struct stats_sum);
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
        return head + sizeof(((struct detect_gather *)NULL)->slots);
    case DETECT_LAT_LONG:
        return head + sizeof(struct stats_places);
    case DETECT_MEDIAN:
        return head + sizeof(struct stats_median);
    case DETECT_DISTINCT_COUNT:
        return head + sizeof(struct stats_distinct);
    case DETECT_INFO_CONTENT:
        return head + sizeof(struct stats_info);
    default:
        return head;
    }
}

void detect_gather_init(struct detect_gather *g, enum detect_kind kind)
{
    g->count = 0;
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
    case DETECT_MEAN:
        stats_sum_init(&g->sum);
        break;
    case DETECT_MIN:
        g->extreme = HUGE_VAL;
        break;
    case DETECT_MAX:
        g->extreme = -HUGE_VAL;
        break;
    case DETECT_VARP:
        stats_sum_init(&g->moments.values);
        stats_sum_init(&g->moments.squares);
        break;
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
        memset(g->slots, 0, sizeof(g->slots));
        break;
    case DETECT_LAT_LONG:
        stats_places_init(&g->places);
        break;
    case DETECT_MEDIAN:
        stats_median_init(&g->median);
        break;
    case DETECT_DISTINCT_COUNT:
        stats_distinct_init(&g->distinct);
        break;
    case DETECT_INFO_CONTENT:
        stats_info_init(&g->info);
        break;
    default:
        break;
    }
}

void detect_gather_release(struct detect_gather *g, enum detect_kind kind)
{
    if (kind == DETECT_DISTINCT_COUNT)
        stats_distinct_release(&g->distinct);
    else if (kind == DETECT_INFO_CONTENT)
        stats_info_release(&g->info);
    else if (kind == DETECT_MEDIAN)
        stats_median_release(&g->median);
    else if (kind == DETECT_LAT_LONG)
        stats_places_release(&g->places);
}

size_t detect_gather_memory(const struct detect_gather *g, enum detect_kind kind)
{
    if (kind == DETECT_DISTINCT_COUNT)
        return stats_distinct_memory(&g->distinct);
    if (kind == DETECT_INFO_CONTENT)
        return stats_info_memory(&g->info);
    if (kind == DETECT_MEDIAN)
        return stats_median_memory(&g->median);
    if (kind == DETECT_LAT_LONG)
        return stats_places_memory(&g->places);
    return 0;
}

static void add_sum(struct stats_sum *sum, double value, uint64_t weight)
{
    /* A whole number times a count stays whole while both fit. */
    if (value >= -0x1p31 && value <= 0x1p31 && weight < (uint64_t)1 << 31 && floor(value) == value)
        stats_sum_add_int(sum, (int64_t)value * (int64_t)weight);
    else if (weight == 1)
        stats_sum_add(sum, value);
    else
        stats_sum_add(sum, value * (double)weight);
}

/* The square and what rounding it lost. */
static void add_moments(struct detect_gather *g, double value, uint64_t weight)
{
    double square = value * value;
    double w = (double)weight;
    add_sum(&g->moments.values, value, weight);
    if (!(square < SQUARE_MOST)) {
        add_sum(&g->moments.squares, SQUARE_MOST, weight);
        return;
    }
    add_sum(&g->moments.squares, square, weight);
    stats_sum_add(&g->moments.squares, fma(value, value, -square) * w);
}

/* A sum as the nearest double and the rest: a hundred bits and more. */
static double sum_rest(const struct stats_sum *s, double *out_rest)
{
    double v = stats_sum_value(s);
    struct stats_sum rest = *s;
    stats_sum_add(&rest, -v);
    *out_rest = fabs(v) < SQUARE_MOST ? stats_sum_value(&rest) : 0;
    return v;
}

/* (Q - S * S / n) / n, in twice a double's precision, since the two are nearly equal. */
static double variance(const struct detect_gather *g)
{
    double n = (double)g->count;
    double s_rest;
    double q_rest;
    double s = sum_rest(&g->moments.values, &s_rest);
    double q = sum_rest(&g->moments.squares, &q_rest);
    double ss = s * s;
    double mean_square = ss / n;
    double lost = fma(s, s, -ss) + 2 * s * s_rest + fma(-mean_square, n, ss);
    double v = ((q - mean_square) + (q_rest - lost / n)) / n;
    return v > 0 ? v : 0;
}

bool detect_gather_number(struct detect_gather *g, enum detect_kind kind, double value,
                          uint64_t weight)
{
    g->count += weight;
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
        add_sum(&g->sum, value, 1);
        break;
    case DETECT_MEAN:
        add_sum(&g->sum, value, weight);
        break;
    case DETECT_VARP:
        add_moments(g, value, weight);
        break;
    case DETECT_MEDIAN:
        return stats_median_add(&g->median, value, weight);
    case DETECT_MIN:
        if (value < g->extreme)
            g->extreme = value;
        break;
    case DETECT_MAX:
        if (value > g->extreme)
            g->extreme = value;
        break;
    default:
        break;
    }
    return true;
}

bool detect_gather_text(struct detect_gather *g, enum detect_kind kind, uint64_t hash,
                        struct bytes value, uint64_t weight)
{
    g->count += weight;
    if (kind == DETECT_DISTINCT_COUNT)
        return stats_distinct_add(&g->distinct, hash);
    if (kind == DETECT_INFO_CONTENT)
        return stats_info_add(&g->info, hash, value.p, value.n);
    return true;
}

void detect_gather_slot(struct detect_gather *g, size_t slot, uint64_t weight)
{
    g->count += weight;
    g->slots[slot / 64 % 3] |= (uint64_t)1 << slot % 64;
}

bool detect_gather_merge(struct detect_gather *into, enum detect_kind kind,
                         const struct detect_gather *from)
{
    into->count += from->count;
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
    case DETECT_MEAN:
        stats_sum_merge(&into->sum, &from->sum);
        return true;
    case DETECT_VARP:
        stats_sum_merge(&into->moments.values, &from->moments.values);
        stats_sum_merge(&into->moments.squares, &from->moments.squares);
        return true;
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
        for (size_t i = 0; i < 3; i++)
            into->slots[i] |= from->slots[i];
        return true;
    case DETECT_LAT_LONG:
        return stats_places_merge(&into->places, &from->places);
    case DETECT_MEDIAN:
        return stats_median_merge(&into->median, &from->median);
    case DETECT_MIN:
        if (from->extreme < into->extreme)
            into->extreme = from->extreme;
        return true;
    case DETECT_MAX:
        if (from->extreme > into->extreme)
            into->extreme = from->extreme;
        return true;
    case DETECT_DISTINCT_COUNT:
        return stats_distinct_merge(&into->distinct, &from->distinct);
    case DETECT_INFO_CONTENT:
        return stats_info_merge(&into->info, &from->info);
    default:
        return true;
    }
}

bool detect_gather_value(const struct detect_gather *g, enum detect_kind kind, double *out)
{
    if (g->count == 0)
        return false;
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
        *out = stats_sum_value(&g->sum);
        return true;
    case DETECT_MEAN:
        *out = stats_sum_value(&g->sum) / (double)g->count;
        return true;
    case DETECT_VARP:
        if (g->count < 2)
            return false; /* one value has no variance */
        *out = variance(g);
        return true;
    case DETECT_MEDIAN:
        return stats_median_value(&g->median, out);
    case DETECT_MIN:
    case DETECT_MAX:
        *out = g->extreme;
        return true;
    case DETECT_DISTINCT_COUNT:
        *out = stats_distinct_count(&g->distinct);
        return true;
    case DETECT_INFO_CONTENT:
        *out = stats_info_content(&g->info);
        return true;
    default:
        *out = (double)g->count;
        return true;
    }
}

void detect_gather_save(const struct detect_gather *g, enum detect_kind kind, struct buf *out)
{
    buf_le64(out, g->count);
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
    case DETECT_MEAN:
        stats_sum_save(&g->sum, out);
        break;
    case DETECT_VARP:
        stats_sum_save(&g->moments.values, out);
        stats_sum_save(&g->moments.squares, out);
        break;
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
        for (size_t i = 0; i < 3; i++)
            buf_le64(out, g->slots[i]);
        break;
    case DETECT_LAT_LONG:
        stats_places_save(&g->places, out);
        break;
    case DETECT_MEDIAN:
        stats_median_save(&g->median, out);
        break;
    case DETECT_MIN:
    case DETECT_MAX:
        buf_double(out, g->extreme);
        break;
    case DETECT_DISTINCT_COUNT:
        stats_distinct_save(&g->distinct, out);
        break;
    case DETECT_INFO_CONTENT:
        stats_info_save(&g->info, out);
        break;
    default:
        break;
    }
}

enum err detect_gather_load(struct cursor *in, enum detect_kind kind, struct detect_gather *out)
{
    uint64_t count = cursor_le64(in);
    enum err e = ERR_NONE;
    switch (kind) {
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
    case DETECT_MEAN:
        stats_sum_load(in, &out->sum);
        break;
    case DETECT_VARP:
        stats_sum_load(in, &out->moments.values);
        stats_sum_load(in, &out->moments.squares);
        break;
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
        for (size_t i = 0; i < 3; i++)
            out->slots[i] = cursor_le64(in);
        break;
    case DETECT_LAT_LONG:
        e = stats_places_load(in, &out->places);
        break;
    case DETECT_MEDIAN:
        e = stats_median_load(in, &out->median);
        break;
    case DETECT_MIN:
    case DETECT_MAX: {
        uint64_t bits = cursor_le64(in);
        double v;
        memcpy(&v, &bits, sizeof(v));
        if (isnan(v) || (isinf(v) && count > 0))
            return ERR_FORMAT;
        out->extreme = v;
        break;
    }
    case DETECT_DISTINCT_COUNT:
        e = stats_distinct_load(in, &out->distinct);
        break;
    case DETECT_INFO_CONTENT:
        e = stats_info_load(in, &out->info);
        break;
    default:
        break;
    }
    if (e != ERR_NONE)
        return e;
    if (!cursor_ok(in)) {
        detect_gather_release(out, kind);
        return ERR_FORMAT;
    }
    out->count = count;
    return ERR_NONE;
}
