/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/group_priv.h"

#include <string.h>

/*
 * Each group keeps, for each item, its first n events that met it, n being the number of items: as
 * n - 1 others can take at most n - 1 of them, more are never needed. Events are given to items by
 * augmenting paths (Kuhn 1955).
 */

static struct eql_kept **candidates(const struct eql_matcher *m, struct eql_group *g, uint32_t item)
{
    return (struct eql_kept **)&g->slot[item * m->n_places];
}

void eql_sample_clear(struct eql_matcher *m, struct eql_group *g)
{
    if (m->q->kind != EQL_SAMPLE)
        return;
    for (uint32_t i = 0; i < m->n_slots; i++) {
        eql_group_drop(m, g->slot[i]);
        g->slot[i] = NULL;
    }
}

struct assignment {
    struct eql_kept *of[EQL_SAMPLE_MAX]; /* by item */
    struct eql_kept *seen[EQL_SAMPLE_MAX * EQL_SAMPLE_MAX];
    uint32_t n_seen;
};

static bool seen(struct assignment *a, struct eql_kept *k)
{
    for (uint32_t i = 0; i < a->n_seen; i++) {
        if (a->seen[i] == k)
            return true;
    }
    a->seen[a->n_seen++] = k;
    return false;
}

/* An event for this item, others being moved where they must. */
static bool assign(const struct eql_matcher *m, struct eql_group *g, struct assignment *a,
                   uint32_t item)
{
    struct eql_kept **list = candidates(m, g, item);
    for (uint32_t i = 0; i < m->n_places && list[i] != NULL; i++) {
        if (seen(a, list[i]))
            continue;
        uint32_t owner = 0;
        while (owner < m->n_places && a->of[owner] != list[i])
            owner++;
        if (owner == m->n_places || assign(m, g, a, owner)) {
            a->of[item] = list[i];
            return true;
        }
    }
    return false;
}

static bool complete(const struct eql_matcher *m, struct eql_group *g, struct assignment *a)
{
    memset(a->of, 0, sizeof a->of);
    for (uint32_t item = 0; item < m->n_places; item++) {
        a->n_seen = 0;
        if (!assign(m, g, a, item))
            return false;
    }
    return true;
}

static void report(struct eql_matcher *m, struct eql_group *g, const struct assignment *a)
{
    for (uint32_t i = 0; i < m->n_places; i++)
        m->events[i] = (struct eql_event){.time = a->of[i]->time,
                                          .document = bytes_make(a->of[i]->document, a->of[i]->n)};
    eql_pipe_put(m, bytes_make(g->key, g->key_n));
    eql_sample_clear(m, g);
    g->done = true;
}

/* The event is one more candidate for an item. */
static void add(struct eql_matcher *m, struct eql_group *g, uint32_t item, struct eql_kept *k)
{
    struct eql_kept **list = candidates(m, g, item);
    uint32_t i = 0;
    while (i < m->n_places && list[i] != NULL && list[i] != k)
        i++;
    if (i < m->n_places && list[i] == NULL)
        list[i] = eql_group_share(k);
}

void eql_sample_feed(struct eql_matcher *m, ts_ns time, struct bytes document)
{
    struct eql_kept *k = NULL;
    struct assignment a;
    for (uint32_t place = 0; place < m->n_places; place++) {
        uint32_t item = m->places[place].item;
        if (!m->met[item])
            continue;
        for (uint32_t i = 0; i < m->sets[item].n; i++) {
            struct bytes key = eql_key_at(&m->sets[item], i);
            struct eql_group *g = eql_group_find(m, key);
            if (g != NULL && g->done)
                continue;
            if (k == NULL && (k = eql_group_keep(m, time, document)) == NULL)
                return;
            g = eql_group_room(m, eql_group_cost(m, key.n)) ? eql_group_make(m, key) : NULL;
            if (g == NULL) {
                m->counts.refused++;
                continue;
            }
            if (!g->listed)
                eql_group_list(m, g, time);
            add(m, g, place, k);
            if (complete(m, g, &a))
                report(m, g, &a);
        }
    }
    eql_group_drop(m, k);
}
