/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/matcher.h"

#include "base/mem.h"
#include "eql/eval_priv.h"
#include "eql/group_priv.h"

#include <string.h>

#define SCRATCH_SIZE 4096

/*
 * Places are the items with runs written out. State k, slot k - 1, holds the pending sequence of a
 * key that has the first k events; the last state is that of the sequences that wait for the end of
 * maxspan because the last item must be missing.
 */
static bool set_up(struct eql_matcher *m)
{
    const struct eql *q = m->q;
    uint32_t n_items = q->n_items + (q->until != NULL);
    m->n_places = q->n_places;
    m->places = mem_zero(m->n_places, sizeof *m->places);
    m->events = mem_zero(m->n_places, sizeof *m->events);
    m->keys = mem_zero(EQL_KEYS_MAX, sizeof *m->keys);
    m->met = mem_zero(n_items, sizeof *m->met);
    m->sets = mem_zero(n_items, sizeof *m->sets);
    m->pending = mem_zero(m->n_places, sizeof *m->pending);
    m->groups = map_new(m->options.seed);
    if (m->places == NULL || m->events == NULL || m->keys == NULL || m->met == NULL ||
        m->sets == NULL || m->pending == NULL || m->groups == NULL)
        return false;
    for (uint32_t i = 0; i < n_items; i++)
        eql_key_init(&m->sets[i]);
    for (uint32_t i = 0; i < m->n_places; i++) {
        uint32_t item = q->places[i];
        bool missing = q->items[item].missing;
        m->places[i] = (struct eql_place){item, missing, m->n_present};
        m->n_present += !missing;
        m->trailing = missing;
    }
    m->n_slots = q->kind == EQL_SAMPLE ? m->n_places * m->n_places : m->n_present - 1;
    return true;
}

struct eql_matcher *eql_matcher_new(const struct eql *q, const struct eql_matcher_options *options)
{
    struct eql_matcher *m = mem_zero(1, sizeof *m);
    if (m == NULL)
        return NULL;
    m->q = q;
    m->options = *options;
    m->now = TIME_NONE;
    budget_init(&m->budget, options->bytes);
    arena_init(&m->scratch, SCRATCH_SIZE);
    if (!set_up(m)) {
        eql_matcher_free(m);
        return NULL;
    }
    return m;
}

void eql_matcher_free(struct eql_matcher *m)
{
    if (m == NULL)
        return;
    eql_pipe_clear(m);
    eql_group_clear(m);
    for (uint32_t i = 0; m->sets != NULL && i < m->q->n_items + (m->q->until != NULL); i++)
        eql_key_release(&m->sets[i]);
    map_free(m->groups);
    arena_release(&m->scratch);
    mem_free(m->places);
    mem_free(m->events);
    mem_free(m->keys);
    mem_free(m->met);
    mem_free(m->sets);
    mem_free(m->pending);
    mem_free(m);
}

/* Whether two times are further apart than maxspan. */
static bool beyond(const struct eql_matcher *m, ts_ns from, ts_ns to)
{
    ts_ns span;
    return m->q->maxspan > 0 &&
           (__builtin_sub_overflow(to, from, &span) ? to > from : span > m->q->maxspan);
}

static void report(struct eql_matcher *m, const struct eql_partial *p)
{
    for (uint32_t i = 0; i < m->n_places; i++) {
        const struct eql_place *place = &m->places[i];
        m->events[i] = (struct eql_event){.missing = place->missing};
        if (!place->missing) {
            const struct eql_kept *k = p->event[place->before];
            m->events[i].time = k->time;
            m->events[i].document = bytes_make(k->document, k->n);
        }
    }
    eql_pipe_put(m, bytes_make(p->group->key, p->group->key_n));
}

void eql_matcher_advance(struct eql_matcher *m, ts_ns time)
{
    if (time > m->now)
        m->now = time;
    while (m->oldest != NULL && beyond(m, m->oldest->first, m->now)) {
        struct eql_partial *p = m->oldest;
        if (p->waits)
            report(m, p);
        else
            m->counts.expired++;
        eql_group_end(m, p);
    }
    while (m->q->kind == EQL_SEQUENCE && m->oldest_group != NULL &&
           beyond(m, m->oldest_group->time, m->now)) {
        struct eql_group *g = m->oldest_group;
        eql_group_unlist(m, g);
        eql_group_settle(m, g);
    }
}

/* Whether the place could use an event now. */
static bool useful(const struct eql_matcher *m, const struct eql_place *place)
{
    if (place->before == 0)
        return true; /* begins a sequence, or must be missing before one */
    if (place->missing && place->before == m->n_present)
        return m->waiting > 0;
    return m->pending[place->before - 1] > 0;
}

static const struct eql_item *item_of(const struct eql_matcher *m, uint32_t i)
{
    return i < m->q->n_items ? &m->q->items[i] : m->q->until;
}

/* Which items the event meets, and with which keys; false when none. */
static bool ask(struct eql_matcher *m, const struct event *e)
{
    uint32_t n = m->q->n_items + (m->q->until != NULL);
    const struct eql_eval v = {.e = e, .arena = &m->scratch};
    bool any = false, cut = false, failed = false;
    memset(m->met, 0, n * sizeof *m->met);
    for (uint32_t i = 0; i < m->n_places; i++) {
        uint32_t item = m->places[i].item;
        m->met[item] = m->met[item] || m->q->kind == EQL_SAMPLE || useful(m, &m->places[i]);
    }
    if (m->q->until != NULL)
        m->met[n - 1] = m->oldest != NULL;
    for (uint32_t i = 0; i < n; i++) {
        const struct eql_item *item = item_of(m, i);
        if (!m->met[i])
            continue;
        m->met[i] = eql_eval_condition(&v, item->condition) == 1;
        if (!m->met[i])
            continue;
        failed = !eql_key_make(&m->sets[i], item, e) || failed;
        m->met[i] = m->sets[i].n > 0;
        cut = cut || m->sets[i].cut;
        any = any || m->met[i];
    }
    m->counts.keys_cut += cut;
    m->counts.refused += failed;
    return any;
}

/* All items are there: reported, or kept until the last one is known to be missing. */
static void complete(struct eql_matcher *m, struct eql_partial *p, ts_ns time)
{
    if (p->lead != TIME_NONE && !beyond(m, p->lead, time)) {
        m->counts.refuted++;
        eql_group_end(m, p);
        return;
    }
    if (!m->trailing) {
        report(m, p);
        eql_group_end(m, p);
        return;
    }
    p->waits = true;
    p->next = p->group->waiting;
    if (p->next != NULL)
        p->next->before = p;
    p->group->waiting = p;
    m->waiting++;
}

/* The sequence, in no slot now, gets the event. */
static void join(struct eql_matcher *m, struct eql_partial *p, struct eql_kept *k)
{
    struct eql_group *g = p->group;
    p->event[p->n++] = eql_group_share(k);
    p->joined = m->number;
    if (p->n == m->n_present) {
        complete(m, p, k->time);
        return;
    }
    if (g->slot[p->n - 1] != NULL) {
        m->counts.replaced++;
        eql_group_end(m, g->slot[p->n - 1]);
    }
    g->slot[p->n - 1] = p;
    m->pending[p->n - 1]++;
}

/* The event at a present place, for one key. */
static void take(struct eql_matcher *m, const struct eql_place *place, struct bytes key,
                 struct eql_kept *k)
{
    struct eql_group *g;
    struct eql_partial *p;
    if (place->before > 0) {
        g = eql_group_find(m, key);
        p = g != NULL ? g->slot[place->before - 1] : NULL;
        if (p == NULL || p->joined == m->number)
            return;
        g->slot[place->before - 1] = NULL;
        m->pending[place->before - 1]--;
        join(m, p, k);
        return;
    }
    if (!eql_group_room(m, eql_group_cost(m, key.n) + eql_group_partial_cost(m)) ||
        (g = eql_group_make(m, key)) == NULL) {
        m->counts.refused++;
        return;
    }
    p = eql_group_begin(m, g, k->time);
    if (p == NULL) {
        m->counts.refused++;
        eql_group_settle(m, g);
        return;
    }
    join(m, p, k);
}

/* Those of a group that had their last event before this one: in the slots from … to, or waiting.
 */
static void end_earlier(struct eql_matcher *m, struct eql_group *g, uint32_t from, uint32_t to,
                        uint64_t *counter)
{
    g->held++;
    for (uint32_t i = from; i < to; i++) {
        struct eql_partial *p = g->slot[i];
        if (p != NULL && p->joined != m->number) {
            ++*counter;
            eql_group_end(m, p);
        }
    }
    g->held--;
}

static void refute_waiting(struct eql_matcher *m, struct eql_group *g)
{
    struct eql_partial *next;
    g->held++;
    for (struct eql_partial *p = g->waiting; p != NULL; p = next) {
        next = p->next;
        if (p->joined != m->number) {
            m->counts.refuted++;
            eql_group_end(m, p);
        }
    }
    g->held--;
}

/* The event at a missing place, for one key. */
static void refute(struct eql_matcher *m, const struct eql_place *place, struct bytes key,
                   ts_ns time)
{
    struct eql_group *g = eql_group_find(m, key);
    if (place->before == 0) {
        if (g == NULL && eql_group_room(m, eql_group_cost(m, key.n)))
            g = eql_group_make(m, key);
        if (g != NULL)
            eql_group_list(m, g, time);
        else
            m->counts.refused++;
        return;
    }
    if (g == NULL)
        return;
    if (place->before == m->n_present)
        refute_waiting(m, g);
    else
        end_earlier(m, g, place->before - 1, place->before, &m->counts.refuted);
    eql_group_settle(m, g);
}

static void until(struct eql_matcher *m)
{
    const struct eql_key_set *set = &m->sets[m->q->n_items];
    for (uint32_t i = 0; i < set->n; i++) {
        struct eql_group *g = eql_group_find(m, eql_key_at(set, i));
        if (g != NULL) {
            end_earlier(m, g, 0, m->n_slots, &m->counts.ended);
            eql_group_settle(m, g);
        }
    }
}

/* From the last place to the first, so that no event follows itself. */
static void follow(struct eql_matcher *m, ts_ns time, struct bytes document)
{
    struct eql_kept *k = NULL;
    bool refused = false;
    for (uint32_t i = m->n_places; i-- > 0;) {
        const struct eql_place *place = &m->places[i];
        const struct eql_key_set *set = &m->sets[place->item];
        if (place->missing || !m->met[place->item] || !useful(m, place))
            continue;
        if (k == NULL && !refused)
            refused = (k = eql_group_keep(m, time, document)) == NULL;
        for (uint32_t at = 0; k != NULL && at < set->n; at++)
            take(m, place, eql_key_at(set, at), k);
    }
    eql_group_drop(m, k);
    for (uint32_t i = 0; i < m->n_places; i++) {
        const struct eql_place *place = &m->places[i];
        const struct eql_key_set *set = &m->sets[place->item];
        for (uint32_t at = 0; place->missing && m->met[place->item] && at < set->n; at++)
            refute(m, place, eql_key_at(set, at), time);
    }
    if (m->q->until != NULL && m->met[m->q->n_items])
        until(m);
}

void eql_matcher_feed(struct eql_matcher *m, const struct event *e, ts_ns time,
                      struct bytes document)
{
    m->counts.events++;
    if (time < m->now) {
        m->counts.disordered++;
        return;
    }
    m->number++;
    eql_matcher_advance(m, time);
    if (m->scratch.used > 0)
        arena_clear(&m->scratch);
    if (!ask(m, e))
        return;
    if (m->q->kind == EQL_EVENT) {
        m->events[0] = (struct eql_event){.time = time, .document = document};
        eql_pipe_put(m, eql_key_at(&m->sets[0], 0));
    } else if (m->q->kind == EQL_SAMPLE) {
        eql_sample_feed(m, time, document);
    } else {
        follow(m, time, document);
    }
}

void eql_matcher_finish(struct eql_matcher *m)
{
    eql_pipe_finish(m);
}

bool eql_matcher_done(const struct eql_matcher *m)
{
    return eql_pipe_done(m);
}

struct eql_counts eql_matcher_counts(const struct eql_matcher *m)
{
    struct eql_counts c = m->counts;
    c.held = m->budget.used;
    c.peak = m->budget.peak;
    return c;
}
