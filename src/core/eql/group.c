/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/group_priv.h"

#include "base/assert.h"
#include "base/mem.h"

#include <string.h>

/* What a map takes for an entry beside its key. */
#define ENTRY_COST 64

void *eql_group_alloc(struct eql_matcher *m, size_t size)
{
    void *p = budget_fits(&m->budget, mem_cost(size)) ? mem_zero(1, size) : NULL;
    if (p != NULL)
        (void)budget_charge(&m->budget, mem_cost(size));
    return p;
}

void eql_group_free(struct eql_matcher *m, void *p, size_t size)
{
    if (p != NULL)
        budget_return(&m->budget, mem_cost(size));
    mem_free(p);
}

/* The pending sequence that began first, or the group that was last used first. */
static bool evict(struct eql_matcher *m)
{
    struct eql_partial *p = m->oldest;
    struct eql_group *g = m->oldest_group;
    if (p == NULL && g == NULL)
        return false;
    m->counts.evicted++;
    if (p != NULL && (g == NULL || p->first <= g->time)) {
        eql_group_end(m, p);
        return true;
    }
    eql_group_unlist(m, g);
    eql_sample_clear(m, g);
    eql_group_settle(m, g);
    return true;
}

bool eql_group_room(struct eql_matcher *m, size_t bytes)
{
    while (!budget_fits(&m->budget, bytes)) {
        if (!evict(m))
            return false;
    }
    return true;
}

struct eql_kept *eql_group_keep(struct eql_matcher *m, ts_ns time, struct bytes document)
{
    size_t size = sizeof(struct eql_kept) + document.n;
    struct eql_kept *k = NULL;
    if (document.n <= UINT32_MAX && eql_group_room(m, mem_cost(size)))
        k = eql_group_alloc(m, size);
    if (k == NULL) {
        m->counts.refused++;
        return NULL;
    }
    k->refs = 1;
    k->n = (uint32_t)document.n;
    k->time = time;
    if (document.n > 0)
        memcpy(k->document, document.p, document.n);
    return k;
}

struct eql_kept *eql_group_share(struct eql_kept *k)
{
    k->refs++;
    return k;
}

void eql_group_drop(struct eql_matcher *m, struct eql_kept *k)
{
    if (k != NULL && --k->refs == 0)
        eql_group_free(m, k, sizeof *k + k->n);
}

static size_t group_size(const struct eql_matcher *m, size_t key_n)
{
    return sizeof(struct eql_group) + m->n_slots * sizeof(void *) + key_n;
}

size_t eql_group_cost(const struct eql_matcher *m, size_t key_n)
{
    return mem_cost(group_size(m, key_n)) + mem_cost(key_n) + ENTRY_COST;
}

struct eql_group *eql_group_find(struct eql_matcher *m, struct bytes key)
{
    uint64_t *at = map_get(m->groups, key.p, key.n);
    return at != NULL ? (struct eql_group *)(uintptr_t)*at : NULL;
}

struct eql_group *eql_group_make(struct eql_matcher *m, struct bytes key)
{
    struct eql_group *g = eql_group_find(m, key);
    if (g != NULL)
        return g;
    size_t cost = eql_group_cost(m, key.n);
    if (!budget_fits(&m->budget, cost))
        return NULL;
    g = mem_zero(1, group_size(m, key.n));
    uint64_t *at = g != NULL ? map_put(m->groups, key.p, key.n, NULL) : NULL;
    if (at == NULL) {
        mem_free(g);
        return NULL;
    }
    (void)budget_charge(&m->budget, cost);
    g->cost = cost;
    g->key = (uint8_t *)&g->slot[m->n_slots];
    g->key_n = (uint32_t)key.n;
    if (key.n > 0)
        memcpy(g->key, key.p, key.n);
    g->time = TIME_NONE;
    *at = (uint64_t)(uintptr_t)g;
    return g;
}

void eql_group_unlist(struct eql_matcher *m, struct eql_group *g)
{
    if (!g->listed)
        return;
    if (g->older != NULL)
        g->older->younger = g->younger;
    else
        m->oldest_group = g->younger;
    if (g->younger != NULL)
        g->younger->older = g->older;
    else
        m->youngest_group = g->older;
    g->older = g->younger = NULL;
    g->listed = false;
    g->time = TIME_NONE;
}

void eql_group_list(struct eql_matcher *m, struct eql_group *g, ts_ns time)
{
    eql_group_unlist(m, g);
    g->listed = true;
    g->time = time;
    g->older = m->youngest_group;
    if (g->older != NULL)
        g->older->younger = g;
    else
        m->oldest_group = g;
    m->youngest_group = g;
}

void eql_group_settle(struct eql_matcher *m, struct eql_group *g)
{
    if (g->held > 0 || g->listed)
        return;
    bool there = map_remove(m->groups, g->key, g->key_n);
    ASSERT(there);
    budget_return(&m->budget, g->cost);
    mem_free(g);
}

static size_t partial_size(const struct eql_matcher *m)
{
    return sizeof(struct eql_partial) + m->n_present * sizeof(struct eql_kept *);
}

size_t eql_group_partial_cost(const struct eql_matcher *m)
{
    return mem_cost(partial_size(m));
}

struct eql_partial *eql_group_begin(struct eql_matcher *m, struct eql_group *g, ts_ns time)
{
    struct eql_partial *p = eql_group_alloc(m, partial_size(m));
    if (p == NULL)
        return NULL;
    p->group = g;
    g->held++;
    p->first = time;
    p->lead = g->time;
    p->older = m->youngest;
    if (p->older != NULL)
        p->older->younger = p;
    else
        m->oldest = p;
    m->youngest = p;
    return p;
}

/* Out of its slot, or from among the group's waiting. */
static void leave(struct eql_matcher *m, struct eql_partial *p)
{
    struct eql_group *g = p->group;
    if (p->waits) {
        if (p->before != NULL)
            p->before->next = p->next;
        else
            g->waiting = p->next;
        if (p->next != NULL)
            p->next->before = p->before;
        m->waiting--;
    } else if (p->n > 0 && p->n <= m->n_slots && g->slot[p->n - 1] == p) {
        g->slot[p->n - 1] = NULL;
        m->pending[p->n - 1]--;
    }
}

void eql_group_end(struct eql_matcher *m, struct eql_partial *p)
{
    struct eql_group *g = p->group;
    leave(m, p);
    if (p->older != NULL)
        p->older->younger = p->younger;
    else
        m->oldest = p->younger;
    if (p->younger != NULL)
        p->younger->older = p->older;
    else
        m->youngest = p->older;
    for (uint32_t i = 0; i < p->n; i++)
        eql_group_drop(m, p->event[i]);
    eql_group_free(m, p, partial_size(m));
    g->held--;
    eql_group_settle(m, g);
}

void eql_group_clear(struct eql_matcher *m)
{
    while (m->oldest != NULL)
        eql_group_end(m, m->oldest);
    while (m->oldest_group != NULL) {
        struct eql_group *g = m->oldest_group;
        eql_group_unlist(m, g);
        eql_sample_clear(m, g);
        eql_group_settle(m, g);
    }
}
