/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/topk.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct stats_topk {
    size_t slots;
    size_t n;
    struct stats_topk_entry entry[]; /* a heap: the lightest first; ties, the larger key first */
};

static int lighter(const struct stats_topk_entry *a, const struct stats_topk_entry *b)
{
    return a->weight < b->weight || (!(a->weight > b->weight) && a->key > b->key);
}

static void swap(struct stats_topk_entry *a, struct stats_topk_entry *b)
{
    struct stats_topk_entry held = *a;
    *a = *b;
    *b = held;
}

static void sink(struct stats_topk *t, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < t->n; child++)
            if (lighter(&t->entry[child], &t->entry[least]))
                least = child;
        if (least == i)
            return;
        swap(&t->entry[i], &t->entry[least]);
        i = least;
    }
}

static void rise(struct stats_topk *t, size_t i)
{
    while (i > 0 && lighter(&t->entry[i], &t->entry[(i - 1) / 2])) {
        swap(&t->entry[i], &t->entry[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
}

struct stats_topk *stats_topk_new(size_t slots)
{
    if (slots == 0 || slots > SIZE_MAX / sizeof(struct stats_topk_entry) - 1)
        return NULL;
    struct stats_topk *t = mem_alloc(sizeof(*t) + slots * sizeof(t->entry[0]));
    if (t != NULL) {
        t->slots = slots;
        t->n = 0;
    }
    return t;
}

void stats_topk_free(struct stats_topk *t)
{
    mem_free(t);
}

void stats_topk_clear(struct stats_topk *t)
{
    t->n = 0;
}

int stats_topk_add(struct stats_topk *t, uint64_t key, double weight, uint64_t *out_evicted)
{
    if (!(weight > 0))
        return 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->entry[i].key == key) {
            t->entry[i].weight += weight;
            sink(t, i);
            return 0;
        }
    }
    if (t->n < t->slots) {
        t->entry[t->n] = (struct stats_topk_entry){key, weight, 0};
        rise(t, t->n++);
        return 0;
    }
    /* The newcomer takes the lightest slot and inherits its weight as its slack. */
    struct stats_topk_entry *e = &t->entry[0];
    if (out_evicted != NULL)
        *out_evicted = e->key;
    *e = (struct stats_topk_entry){key, e->weight + weight, e->weight};
    sink(t, 0);
    return 1;
}

static int by_weight(const void *a, const void *b)
{
    const struct stats_topk_entry *x = a;
    const struct stats_topk_entry *y = b;
    return lighter(x, y) ? 1 : lighter(y, x) ? -1 : 0;
}

void stats_topk_merge(struct stats_topk *into, const struct stats_topk *from)
{
    /* A key absent from a full summary may have carried as much as its lightest. */
    double into_least = into->n == into->slots ? into->entry[0].weight : 0;
    double from_least = from->n == from->slots ? from->entry[0].weight : 0;
    size_t before = into->n;
    for (size_t i = 0; i < before; i++) {
        struct stats_topk_entry *e = &into->entry[i];
        const struct stats_topk_entry *other = NULL;
        for (size_t j = 0; j < from->n && other == NULL; j++)
            if (from->entry[j].key == e->key)
                other = &from->entry[j];
        e->weight += other != NULL ? other->weight : from_least;
        e->slack += other != NULL ? other->slack : from_least;
    }
    for (size_t i = before; i-- > 0;)
        sink(into, i);
    for (size_t j = 0; j < from->n; j++) {
        struct stats_topk_entry e = from->entry[j];
        int known = 0;
        for (size_t i = 0; i < into->n && !known; i++)
            known = into->entry[i].key == e.key;
        if (known)
            continue;
        e.weight += into_least;
        e.slack += into_least;
        if (into->n < into->slots) {
            into->entry[into->n] = e;
            rise(into, into->n++);
        } else if (lighter(&into->entry[0], &e)) {
            into->entry[0] = e;
            sink(into, 0);
        }
    }
}

size_t stats_topk_list(const struct stats_topk *t, struct stats_topk_entry *out, size_t max)
{
    /* Selection by repeated scan when few are asked for would be shorter; a sort is plain. */
    struct stats_topk_entry *all = mem_alloc(t->n * sizeof(*all) + 1);
    if (all == NULL)
        return 0;
    memcpy(all, t->entry, t->n * sizeof(*all));
    qsort(all, t->n, sizeof(*all), by_weight);
    size_t n = t->n < max ? t->n : max;
    memcpy(out, all, n * sizeof(*all));
    mem_free(all);
    return n;
}
