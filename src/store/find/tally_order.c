/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "find/tally.h"

#include "base/bytes.h"
#include "find/agg_priv.h"
#include "find/tally_priv.h"
#include "query/regexp.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool has_value(const struct find_choice *c, const struct event_value *key)
{
    for (size_t i = 0; i < c->n; i++)
        if (find_value_compare(&c->values[i], key) == 0)
            return true;
    return false;
}

static bool fits(const struct find_tally *t, const struct find_choice *c,
                 const struct event_value *key)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    if (c->partitions > 0) {
        uint8_t room[17];
        /* The same partition for the same value in every search. */
        struct bytes b = find_value_bytes(key, room);
        (void)t;
        return hash_bytes((struct hash_key){1, 2}, b.p, b.n) % c->partitions == c->partition;
    }
    if (c->regexp == NULL)
        return has_value(c, key);
    const char *text = event_value_text(key, scratch, &n);
    return query_regexp_match(c->regexp, text, n);
}

static bool is_set(const struct find_choice *c)
{
    return c->regexp != NULL || c->values != NULL || c->partitions > 0;
}

bool find_tally_chosen(const struct find_tally *t, const struct find_agg *a,
                       const struct event_value *key)
{
    return (!is_set(&a->include) || fits(t, &a->include, key)) &&
           !(is_set(&a->exclude) && fits(t, &a->exclude, key));
}

int find_tally_compare_keys(const struct find_agg *a, const struct event_value *x,
                            const struct event_value *y)
{
    for (size_t i = 0; i < a->sources_n; i++) {
        bool no_x = x[i].type == EVENT_NULL;
        bool no_y = y[i].type == EVENT_NULL;
        if (no_x && no_y)
            continue;
        if (no_x || no_y)
            return no_x == a->sources[i].missing_first ? -1 : 1;
        int order = find_value_compare(&x[i], &y[i]);
        if (order != 0)
            return a->sources[i].descending ? -order : order;
    }
    return 0;
}

static double average(const struct find_sum *s)
{
    return s->count > 0 ? (s->sum + s->lost) / (double)s->count : (double)NAN;
}

double find_tally_metric(const struct find_state *s, const char *property)
{
    switch ((enum find_agg_kind)s->agg->kind) {
    case FIND_AGG_SUM:
        return s->sum.sum + s->sum.lost;
    case FIND_AGG_AVG:
        return average(&s->sum);
    case FIND_AGG_MIN:
        return s->sum.count > 0 ? s->sum.least : (double)NAN;
    case FIND_AGG_MAX:
        return s->sum.count > 0 ? s->sum.greatest : (double)NAN;
    case FIND_AGG_VALUE_COUNT:
        return (double)s->sum.count;
    case FIND_AGG_CARDINALITY:
        return stats_distinct_count(&s->distinct);
    case FIND_AGG_PERCENTILES: {
        /* A copy of the head only: reading sorts the slots, which changes nothing else. */
        struct find_digest *d = (struct find_digest *)(uintptr_t)&s->digest;
        return find_digest_value(d, strtod(property, NULL));
    }
    case FIND_AGG_STATS:
        if (strcmp(property, "count") == 0)
            return (double)s->sum.count;
        if (strcmp(property, "sum") == 0)
            return s->sum.sum + s->sum.lost;
        if (strcmp(property, "avg") == 0)
            return average(&s->sum);
        if (s->sum.count == 0)
            return (double)NAN;
        return strcmp(property, "min") == 0 ? s->sum.least : s->sum.greatest;
    default:
        return (double)NAN;
    }
}

/* What orders see of a metric without values: the least of nothing is above all numbers. */
static double number_of_nothing(const struct find_agg *a, const char *property)
{
    const char *of = a->kind == FIND_AGG_STATS ? property : find_agg_kind_name(a->kind);
    if (strcmp(of, "min") == 0)
        return (double)INFINITY;
    if (strcmp(of, "max") == 0)
        return -(double)INFINITY;
    return strcmp(of, "avg") == 0 || a->kind == FIND_AGG_PERCENTILES ? (double)NAN : 0;
}

double find_tally_number(const struct find_agg *a, const struct find_bucket *b,
                         const struct find_order *o)
{
    for (uint8_t i = 0; i < o->depth; i++) {
        const struct find_state *s = b != NULL ? b->sub[o->path[i]] : NULL;
        a = &a->sub[o->path[i]];
        if (find_agg_has_buckets(a->kind)) {
            b = s != NULL ? s->buckets[0] : NULL;
            continue;
        }
        bool empty = s == NULL || (find_agg_is_measure(a->kind) && s->sum.count == 0);
        return empty ? number_of_nothing(a, o->property) : find_tally_metric(s, o->property);
    }
    return b != NULL ? (double)b->docs : 0;
}

/* No number comes last, whatever the direction. */
static int compare_numbers(double x, double y, bool descending)
{
    if (isnan(x) || isnan(y))
        return (int)isnan(x) - (int)isnan(y);
    int order = (x > y) - (x < y);
    return descending ? -order : order;
}

int find_tally_compare(const struct find_agg *a, const struct find_bucket *x,
                       const struct find_bucket *y)
{
    if (a->kind == FIND_AGG_COMPOSITE)
        return find_tally_compare_keys(a, x->keys, y->keys);
    for (size_t i = 0; i < a->orders_n; i++) {
        const struct find_order *o = &a->orders[i];
        int order = 0;
        switch ((enum find_order_by)o->by) {
        case FIND_ORDER_COUNT:
            order = (x->docs > y->docs) - (x->docs < y->docs);
            order = o->descending ? -order : order;
            break;
        case FIND_ORDER_KEY:
            order = find_value_compare(x->keys, y->keys);
            order = o->descending ? -order : order;
            break;
        case FIND_ORDER_BELOW:
            order = compare_numbers(find_tally_number(a, x, o), find_tally_number(a, y, o),
                                    o->descending);
            break;
        }
        if (order != 0)
            return order;
    }
    return 0;
}

bool find_tally_can_drop(const struct find_agg *a)
{
    if (a->kind == FIND_AGG_COMPOSITE)
        return true;
    if (a->kind != FIND_AGG_TERMS)
        return false;
    for (size_t i = 0; i < a->orders_n; i++) {
        const struct find_order *o = &a->orders[i];
        if (o->by == FIND_ORDER_BELOW &&
            (o->depth != 1 || !find_agg_is_measure(a->sub[o->path[0]].kind)))
            return false;
    }
    return true;
}

struct sorting {
    const struct find_agg *agg;
};

static int compare_buckets(const void *x, const void *y, void *ctx)
{
    const struct sorting *s = ctx;
    return find_tally_compare(s->agg, *(struct find_bucket *const *)x,
                              *(struct find_bucket *const *)y);
}

void find_tally_sort(struct find_state *s)
{
    struct sorting sorting = {s->agg};
    if (s->n > 1)
        qsort_r(s->buckets, s->n, sizeof(s->buckets[0]), compare_buckets, &sorting);
}

void find_tally_thin(struct find_tally *t, struct find_state *s)
{
    if (s->drop_at == 0)
        s->drop_at = find_tally_wanted(s->agg) * 4 + FIND_DROP_ABOVE;
    if (s->n < s->drop_at || t->error != ERR_NONE)
        return;
    find_tally_drop(t, s, s->agg->kind == FIND_AGG_COMPOSITE);
    /* What cannot be dropped yet must not be sorted at every addition. */
    if (s->n > s->drop_at / 2)
        s->drop_at = s->n * 2;
}

void find_tally_drop(struct find_tally *t, struct find_state *s, bool all)
{
    size_t kept = 0;
    size_t counted = 0;
    const size_t wanted = find_tally_wanted(s->agg);
    if (s->n <= wanted)
        return;
    find_tally_sort(s);
    for (size_t i = 0; i < s->n; i++) {
        struct find_bucket *b = s->buckets[i];
        bool ready = all || b->complete;
        bool shown = s->agg->kind == FIND_AGG_COMPOSITE || b->docs >= s->agg->min_doc_count;
        if (!ready || (shown && counted < wanted)) {
            counted += ready;
            s->buckets[kept++] = b;
            continue;
        }
        /* Terms count them; pages of a composite have no others. */
        if (shown)
            s->other += b->docs;
        find_tally_forget(t, s->agg, b);
    }
    s->n = kept;
    (void)find_tally_build(t, s);
}
