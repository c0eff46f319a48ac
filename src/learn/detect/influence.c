/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A value that brought less than this part of the excess does not carry the anomaly. */
#define SHARE_MIN 0.2

static uint32_t own_name(const struct detect_candidate *c, const struct detect_detector *d,
                         const char *field, bool *out_own)
{
    *out_own = true;
    if (d->by != NULL && strcmp(d->by, field) == 0)
        return c->by;
    if (d->over != NULL && strcmp(d->over, field) == 0)
        return c->over;
    if (d->partition != NULL && strcmp(d->partition, field) == 0)
        return c->partition;
    *out_own = false;
    return 0;
}

/* Whether the statistic may be too small because of what came, not of what did not come. */
static bool of_middle(enum detect_kind kind)
{
    return kind == DETECT_MEAN || kind == DETECT_MEDIAN;
}

/* The events of a value whose mean lies on the anomaly's side: amounts move no median. */
static double carried_median(const struct detect_candidate *c, const struct detect_part *p)
{
    double mean = p->count > 0 ? p->weight / (double)p->count : 0;
    bool beyond = c->high ? mean > c->typical : mean < c->typical;
    return beyond ? (double)p->count : 0;
}

/* The share of a bucket's variance that lies between the value's mean and the bucket's. */
static double carried_varp(const struct detect_candidate *c, const struct detect_part *p)
{
    const struct detect_gather *g = &c->cell->gather;
    double mean = stats_sum_value(&g->moments.values) / (double)g->count;
    double off = (p->count > 0 ? p->weight / (double)p->count : mean) - mean;
    return (double)p->count * off * off;
}

/* What a value brought in the direction of the anomaly. */
static double carried(const struct detect *d, const struct detect_open *b,
                      const struct detect_candidate *c, const struct detect_part *p)
{
    switch ((enum detect_kind)c->cell->kind) {
    case DETECT_MEAN: {
        double over = p->weight - (double)p->count * c->typical;
        return c->high ? over : -over;
    }
    case DETECT_MEDIAN:
        return carried_median(c, p);
    case DETECT_VARP:
        return carried_varp(c, p);
    case DETECT_MIN:
    case DETECT_MAX:
        return p->weight == c->value ? 1 : 0;
    case DETECT_LAT_LONG:
        return detect_geo_came_with(d, b, c, p) ? p->weight : 0;
    default:
        return fabs(p->weight);
    }
}

/* Of the bucket's value at least half is taken as the excess: what is normal has its carriers too.
 */
static double scale_to_excess(const struct detect_candidate *c)
{
    if (!c->has_values || of_middle(c->cell->kind) || detect_kind_clock(c->cell->kind) ||
        c->cell->kind == DETECT_MIN || c->cell->kind == DETECT_MAX)
        return 1;
    double value = fabs(c->value);
    double excess = fabs(c->value - c->typical);
    if (!(value > 0))
        return 1;
    return value / (excess > value / 2 ? excess : value / 2);
}

/* Contributions are sums in the order of arrival, whose last bits must not be seen. */
static double coarse(double share)
{
    return floor(share * 4096 + 0.5) / 4096;
}

struct ranked {
    struct detect_share share;
    uint64_t hash;
};

/* Heaviest first; equal ones by hash. Keeps at most DETECT_SHARES_MAX. */
static size_t insert(struct ranked *list, size_t n, struct ranked r)
{
    size_t i = n < DETECT_SHARES_MAX ? n : DETECT_SHARES_MAX;
    while (i > 0 && (list[i - 1].share.share < r.share.share ||
                     (list[i - 1].share.share == r.share.share && list[i - 1].hash > r.hash))) {
        if (i < DETECT_SHARES_MAX)
            list[i] = list[i - 1];
        i--;
    }
    if (i < DETECT_SHARES_MAX)
        list[i] = r;
    return n < DETECT_SHARES_MAX ? n + 1 : n;
}

size_t detect_influence_shares(const struct detect *d, const struct detect_open *b,
                               const struct detect_candidate *c, struct detect_share *list)
{
    const struct detect_job *job = d->job;
    const struct detect_detector *det = &job->detectors[c->detector];
    bool dip = c->has_values && !c->high && !of_middle(det->function->kind) &&
               det->function->kind != DETECT_MIN;
    double scale = c->cell != NULL ? scale_to_excess(c) : 0;
    size_t n = 0;
    for (size_t f = 0; f < job->n_influencers; f++) {
        bool own;
        uint32_t name = own_name(c, det, job->influencers[f], &own);
        if (own) {
            if (name != 0)
                list[n++] = (struct detect_share){name, (uint8_t)f, 1};
            continue;
        }
        if (c->cell == NULL || dip)
            continue;
        double total = 0;
        for (uint32_t i = c->cell->influence; i != 0; i = b->parts[i].next) {
            double w = b->parts[i].field == f ? carried(d, b, c, &b->parts[i]) : 0;
            if (w > 0)
                total += w;
        }
        if (c->cell->kind == DETECT_MIN || c->cell->kind == DETECT_MAX)
            total = 1;
        if (!(total > 0))
            continue;
        struct ranked best[DETECT_SHARES_MAX];
        size_t k = 0;
        for (uint32_t i = c->cell->influence; i != 0; i = b->parts[i].next) {
            const struct detect_part *p = &b->parts[i];
            if (p->field != f)
                continue;
            double share = coarse(carried(d, b, c, p) / total * scale);
            if (share < SHARE_MIN)
                continue;
            struct ranked r = {{p->name, (uint8_t)f, share < 1 ? share : 1},
                               detect_names_hash(d->names, p->name)};
            k = insert(best, k, r);
        }
        for (size_t i = 0; i < k; i++)
            list[n++] = best[i].share;
    }
    return n;
}

double detect_influence_overlap(const struct detect_share *a, size_t na,
                                const struct detect_share *b, size_t nb)
{
    double least = 0;
    bool common = false;
    for (size_t i = 0; i < na;) {
        size_t end = i;
        while (end < na && a[end].field == a[i].field)
            end++;
        bool both = false;
        for (size_t k = 0; k < nb && !both; k++)
            both = b[k].field == a[i].field;
        double shared = 0;
        for (size_t x = i; x < end; x++) {
            for (size_t k = 0; k < nb; k++) {
                if (b[k].field == a[x].field && b[k].name == a[x].name)
                    shared += a[x].share;
            }
        }
        if (both && (!common || shared < least))
            least = shared;
        common |= both;
        i = end;
    }
    return least < 1 ? least : 1;
}
