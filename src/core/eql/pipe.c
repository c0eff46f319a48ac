/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/group_priv.h"

#include "base/mem.h"

#include <string.h>

/* What a tail may have to give yet. */
struct eql_held {
    struct eql_held *next;
    size_t size;
    uint32_t key_n;
    uint8_t *key;
    struct eql_kept *event[]; /* NULL: a missing item's place */
};

/* m->events are filled. */
static void give(struct eql_matcher *m, struct bytes key)
{
    struct eql_found found = {
        .n = m->n_places, .events = m->events, .n_keys = eql_keys(m->q), .keys = m->keys};
    eql_key_read(key, m->keys, (uint32_t)found.n_keys);
    m->counts.found++;
    m->options.sink(m->options.ctx, &found);
}

static void forget(struct eql_matcher *m, struct eql_held *h)
{
    for (uint32_t i = 0; i < m->n_places; i++)
        eql_group_drop(m, h->event[i]);
    eql_group_free(m, h, h->size);
}

static void forget_first(struct eql_matcher *m)
{
    struct eql_held *h = m->first_held;
    m->first_held = h->next;
    if (m->first_held == NULL)
        m->last_held = NULL;
    m->n_held--;
    forget(m, h);
}

static void hold(struct eql_matcher *m, struct bytes key, uint64_t most)
{
    size_t documents = m->n_places * sizeof(struct eql_kept *);
    size_t size = sizeof(struct eql_held) + documents + key.n;
    if (most == 0)
        return;
    /* The documents are kept anew: what they were part of may be given up meanwhile. */
    struct eql_held *h = budget_fits(&m->budget, mem_cost(size)) ? eql_group_alloc(m, size) : NULL;
    if (h == NULL) {
        m->counts.refused++;
        return;
    }
    h->size = size;
    h->key = (uint8_t *)&h->event[m->n_places];
    h->key_n = (uint32_t)key.n;
    if (key.n > 0)
        memcpy(h->key, key.p, key.n);
    for (uint32_t i = 0; i < m->n_places; i++) {
        const struct eql_event *e = &m->events[i];
        size_t cost = mem_cost(sizeof(struct eql_kept) + e->document.n);
        if (e->missing)
            continue;
        if (budget_fits(&m->budget, cost))
            h->event[i] = eql_group_keep(m, e->time, e->document);
        else
            m->counts.refused++;
        if (h->event[i] == NULL) {
            forget(m, h);
            return;
        }
    }
    if (m->last_held != NULL)
        m->last_held->next = h;
    else
        m->first_held = h;
    m->last_held = h;
    if (++m->n_held > most)
        forget_first(m);
}

void eql_pipe_put(struct eql_matcher *m, struct bytes key)
{
    const struct eql *q = m->q;
    for (uint32_t i = 0; i < q->n_pipes; i++) {
        if (q->pipes[i].tail) {
            hold(m, key, q->pipes[i].n);
            return;
        }
        if (m->taken[i] >= q->pipes[i].n)
            return;
        m->taken[i]++;
    }
    give(m, key);
}

bool eql_pipe_done(const struct eql_matcher *m)
{
    const struct eql *q = m->q;
    for (uint32_t i = 0; i < q->n_pipes && !q->pipes[i].tail; i++) {
        if (m->taken[i] >= q->pipes[i].n)
            return true;
    }
    return false;
}

static void give_held(struct eql_matcher *m, const struct eql_held *h)
{
    for (uint32_t i = 0; i < m->n_places; i++) {
        const struct eql_kept *k = h->event[i];
        m->events[i] = (struct eql_event){.missing = k == NULL};
        if (k != NULL) {
            m->events[i].time = k->time;
            m->events[i].document = bytes_make(k->document, k->n);
        }
    }
    give(m, bytes_make(h->key, h->key_n));
}

void eql_pipe_finish(struct eql_matcher *m)
{
    const struct eql *q = m->q;
    uint64_t from = 0, to = m->n_held;
    uint32_t i = 0;
    while (i < q->n_pipes && !q->pipes[i].tail)
        i++;
    for (; i < q->n_pipes; i++) {
        uint64_t n = q->pipes[i].n;
        if (to - from <= n)
            continue;
        if (q->pipes[i].tail)
            from = to - n;
        else
            to = from + n;
    }
    for (uint64_t at = 0; m->first_held != NULL; at++) {
        if (at >= from && at < to)
            give_held(m, m->first_held);
        forget_first(m);
    }
}

void eql_pipe_clear(struct eql_matcher *m)
{
    while (m->first_held != NULL)
        forget_first(m);
}
