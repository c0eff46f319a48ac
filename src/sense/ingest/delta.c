/* SPDX-License-Identifier: Apache-2.0 */
#include "ingest/delta.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "event/event.h"

#include <string.h>

#define NONE UINT32_MAX
#define AGENTS_MAX 4096
#define KEY_MAX 512

enum { SOURCE_BYTES, SOURCE_PACKETS, DESTINATION_BYTES, DESTINATION_PACKETS, COUNTS };

static const struct {
    event_field part, total;
} fields[COUNTS] = {
    {EVENT_F_SOURCE_BYTES, EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL},
    {EVENT_F_SOURCE_PACKETS, EVENT_F_WEIR_FLOW_SOURCE_PACKETS_TOTAL},
    {EVENT_F_DESTINATION_BYTES, EVENT_F_WEIR_FLOW_DESTINATION_BYTES_TOTAL},
    {EVENT_F_DESTINATION_PACKETS, EVENT_F_WEIR_FLOW_DESTINATION_PACKETS_TOTAL},
};

struct entry {
    int64_t totals[COUNTS];
    ts_ns last;
    uint32_t older, newer; /* by the time of the last report seen here */
    uint16_t key_n;
    char key[];
};

/* What was known of a flow before a report; the newest first. */
struct undo {
    struct undo *older;
    bool known;
    int64_t totals[COUNTS];
    ts_ns last;
    size_t agent_n, key_n;
    char key[];
};

struct ingest_delta {
    struct ingest_counts *counts;
    struct map *flows;  /* key → index of an entry */
    struct map *agents; /* those that report differences themselves */
    struct entry **entries;
    size_t limit;
    size_t n; /* entries in use */
    uint32_t oldest, newest;
    bool marked;
    struct undo *undo; /* since the mark */
    struct arena undos;
};

struct ingest_delta *ingest_delta_new(size_t flows, struct hash_key seed,
                                      struct ingest_counts *counts)
{
    struct ingest_delta *d = mem_zero(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    d->counts = counts;
    d->limit = flows < NONE ? flows : NONE - 1;
    d->oldest = d->newest = NONE;
    arena_init(&d->undos, 0);
    d->flows = map_new(seed);
    d->agents = map_new(seed);
    d->entries = mem_zero(d->limit, sizeof(struct entry *));
    if (d->flows == NULL || d->agents == NULL || d->entries == NULL) {
        ingest_delta_free(d);
        return NULL;
    }
    return d;
}

void ingest_delta_free(struct ingest_delta *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; d->entries != NULL && i < d->n; i++)
        mem_free(d->entries[i]);
    mem_free(d->entries);
    map_free(d->flows);
    map_free(d->agents);
    arena_release(&d->undos);
    mem_free(d);
}

static void unlink_entry(struct ingest_delta *d, uint32_t i)
{
    struct entry *e = d->entries[i];
    if (e->older != NONE)
        d->entries[e->older]->newer = e->newer;
    else
        d->oldest = e->newer;
    if (e->newer != NONE)
        d->entries[e->newer]->older = e->older;
    else
        d->newest = e->older;
}

static void link_newest(struct ingest_delta *d, uint32_t i)
{
    struct entry *e = d->entries[i];
    e->older = d->newest;
    e->newer = NONE;
    if (d->newest != NONE)
        d->entries[d->newest]->newer = i;
    else
        d->oldest = i;
    d->newest = i;
}

/* The entry goes; the place it had is returned for another. */
static void forget(struct ingest_delta *d, uint32_t i)
{
    struct entry *e = d->entries[i];
    unlink_entry(d, i);
    map_remove(d->flows, e->key, e->key_n);
    mem_free(e);
    /* The last entry takes the place, so that there are no holes. */
    uint32_t last = (uint32_t)--d->n;
    d->entries[i] = d->entries[last];
    d->entries[last] = NULL;
    if (i == last)
        return;
    e = d->entries[i];
    if (e->older != NONE)
        d->entries[e->older]->newer = i;
    else
        d->oldest = i;
    if (e->newer != NONE)
        d->entries[e->newer]->older = i;
    else
        d->newest = i;
    uint64_t *place = map_get(d->flows, e->key, e->key_n);
    if (place != NULL)
        *place = i;
}

static struct entry *remember(struct ingest_delta *d, const char *key, size_t n)
{
    if (d->n == d->limit) {
        d->counts->flows_forgotten++;
        forget(d, d->oldest);
    }
    struct entry *e = mem_zero(1, sizeof(*e) + n);
    uint64_t *place = e != NULL ? map_put(d->flows, key, n, NULL) : NULL;
    if (place == NULL) {
        mem_free(e);
        return NULL;
    }
    e->key_n = (uint16_t)n;
    memcpy(e->key, key, n);
    e->last = TIME_NONE;
    *place = d->n;
    d->entries[d->n] = e;
    link_newest(d, (uint32_t)d->n++);
    return e;
}

static bool has_value(const struct event *e, event_field f, const char *text)
{
    const struct event_item *item = event_get(e, f);
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        const struct event_value *v = &event_values(item)[i];
        if (v->type == EVENT_STR && strcmp(v->s, text) == 0)
            return true;
    }
    return false;
}

/* agent, NUL, flow.id; returns its length, 0 when it is no report of totals. */
static size_t key_of(const struct event *e, char key[KEY_MAX], size_t *out_agent_n)
{
    const char *flow = event_str(e, EVENT_F_FLOW_ID, NULL);
    if (flow == NULL || event_get(e, EVENT_F_WEIR_FLOW_REPORTS) != NULL ||
        !has_value(e, EVENT_F_AGENT_TYPE, "packetbeat") ||
        !(has_value(e, EVENT_F_EVENT_DATASET, "network_traffic.flow") ||
          has_value(e, EVENT_F_EVENT_DATASET, "flow")))
        return 0;
    const char *agent = event_str(e, EVENT_F_AGENT_ID, event_str(e, EVENT_F_HOST_NAME, ""));
    size_t agent_n = strlen(agent);
    size_t flow_n = strlen(flow);
    if (agent_n + 1 + flow_n > KEY_MAX)
        return 0;
    memcpy(key, agent, agent_n + 1);
    memcpy(key + agent_n + 1, flow, flow_n);
    *out_agent_n = agent_n;
    return agent_n + 1 + flow_n;
}

/* Without memory the report stays: bytes are counted too few rather than twice. */
static void note(struct ingest_delta *d, const struct entry *was, const char *key, size_t n,
                 size_t agent_n)
{
    struct undo *u = arena_alloc(&d->undos, sizeof(*u) + n);
    if (u == NULL)
        return;
    *u = (struct undo){.older = d->undo, .known = was != NULL, .agent_n = agent_n, .key_n = n};
    memcpy(u->key, key, n);
    if (was != NULL) {
        memcpy(u->totals, was->totals, sizeof(u->totals));
        u->last = was->last;
    }
    d->undo = u;
}

static void put_differences(struct event *e, const struct entry *was, const int64_t now[COUNTS])
{
    int64_t sums[2] = {0, 0};
    for (int i = 0; i < COUNTS; i++) {
        if (now[i] < 0)
            continue;
        int64_t part = now[i] - was->totals[i];
        event_set_i64(e, fields[i].part, part);
        event_set_i64(e, fields[i].total, now[i]);
        if (__builtin_add_overflow(sums[i & 1], part, &sums[i & 1]))
            sums[i & 1] = INT64_MAX;
    }
    if (event_get(e, EVENT_F_NETWORK_BYTES) != NULL)
        event_set_i64(e, EVENT_F_NETWORK_BYTES, sums[0]);
    if (event_get(e, EVENT_F_NETWORK_PACKETS) != NULL)
        event_set_i64(e, EVENT_F_NETWORK_PACKETS, sums[1]);
}

bool ingest_delta_apply(struct ingest_delta *d, struct event *e)
{
    char key[KEY_MAX];
    size_t agent_n;
    size_t n = key_of(e, key, &agent_n);
    if (n == 0 || map_get(d->agents, key, agent_n) != NULL)
        return false;
    const struct event_item *item = event_get(e, EVENT_F_FLOW_FINAL);
    bool final = item != NULL && event_values(item)->type == EVENT_BOOL && event_values(item)->b;
    uint64_t *place = map_get(d->flows, key, n);
    struct entry *was = place != NULL ? d->entries[*place] : NULL;
    uint32_t index = place != NULL ? (uint32_t)*place : NONE;
    if (d->marked)
        note(d, was, key, n, agent_n);
    if (was == NULL) {
        was = remember(d, key, n);
        if (was == NULL)
            return false;
        index = (uint32_t)d->n - 1;
    }
    int64_t now[COUNTS];
    bool fell = false;
    for (int i = 0; i < COUNTS; i++) {
        now[i] = event_i64(e, fields[i].part, -1);
        fell = fell || (now[i] >= 0 && now[i] < was->totals[i]);
    }
    bool older = was->last != TIME_NONE && e->time < was->last;
    if (fell && !older && map_count(d->agents) < AGENTS_MAX) {
        (void)map_put(d->agents, key, agent_n, NULL);
        forget(d, index);
        return false;
    }
    if (older || fell) {
        /* Its bytes are in the later report already. */
        struct entry same = *was;
        for (int i = 0; i < COUNTS; i++)
            same.totals[i] = now[i];
        put_differences(e, &same, now);
    } else {
        put_differences(e, was, now);
        for (int i = 0; i < COUNTS; i++)
            was->totals[i] = now[i] >= 0 ? now[i] : was->totals[i];
        was->last = e->time;
        unlink_entry(d, index);
        link_newest(d, index);
    }
    d->counts->differences++;
    if (final)
        forget(d, index);
    return true;
}

static void take_back(struct ingest_delta *d, const struct undo *u)
{
    map_remove(d->agents, u->key, u->agent_n);
    uint64_t *place = map_get(d->flows, u->key, u->key_n);
    if (!u->known) {
        if (place != NULL)
            forget(d, (uint32_t)*place);
        return;
    }
    struct entry *e = place != NULL ? d->entries[*place] : remember(d, u->key, u->key_n);
    if (e != NULL) {
        memcpy(e->totals, u->totals, sizeof(e->totals));
        e->last = u->last;
    }
}

void ingest_delta_mark(struct ingest_delta *d)
{
    ingest_delta_keep(d);
    d->marked = true;
}

void ingest_delta_rewind(struct ingest_delta *d)
{
    for (const struct undo *u = d->undo; u != NULL; u = u->older)
        take_back(d, u);
    ingest_delta_keep(d);
}

void ingest_delta_keep(struct ingest_delta *d)
{
    d->marked = false;
    d->undo = NULL;
    arena_clear(&d->undos);
}
