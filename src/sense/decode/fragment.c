/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/fragment.h"

#include "decode/transport.h"

#include "base/assert.h"
#include "base/budget.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

#define IP_PAYLOAD_MAX 65535u
#define RANGES_MAX 64 /* pieces with holes between them; honest senders make far fewer */
#define KEY_SIZE 44

/* Bytes [from, to) of the payload are there. */
struct range {
    uint32_t from;
    uint32_t to;
};

/* One packet that waits for fragments. */
struct pending {
    struct pending *older, *newer; /* by the time the first fragment came */
    struct decode_packet packet;   /* of the first fragment once it is there; counts of all */
    ts_ns since;
    uint8_t key[KEY_SIZE];
    uint8_t *data;
    uint32_t cap;
    uint32_t end;      /* length of the whole payload; 0 while the last fragment is missing */
    uint32_t reach;    /* end of the furthest fragment so far */
    uint32_t captured; /* the capture kept everything before this offset */
    bool first_seen;
    bool refused; /* contradicts itself: only counted from now on */
    unsigned range_n;
    struct range ranges[RANGES_MAX]; /* ascending, with holes between them */
};

struct decode_fragment_table {
    struct map *map; /* key to struct pending */
    struct pending *oldest, *newest;
    struct budget budget;
    ts_ns timeout_ns;
    struct decode_counters *counters;
    decode_sink_fn lost;
    void *ctx;
    struct pending *done; /* given out and still viewed, linked by older */
};

static void make_key(const struct decode_packet *p, uint32_t id, uint8_t key[KEY_SIZE])
{
    memset(key, 0, KEY_SIZE);
    memcpy(key, p->src.b, 16);
    memcpy(key + 16, p->dst.b, 16);
    memcpy(key + 32, &id, 4);
    /* IPv6 numbers packets for each pair of addresses, IPv4 for each protocol as well. */
    key[36] = p->ip_version == 4 ? p->proto : 0;
    key[37] = p->ip_version;
    key[38] = p->tunnels;
    key[39] = p->vlan_n;
    memcpy(key + 40, p->vlan, 4);
}

static void unlink_pending(struct decode_fragment_table *t, struct pending *e)
{
    bool was = map_remove(t->map, e->key, KEY_SIZE);
    ASSERT(was);
    if (e->older != NULL)
        e->older->newer = e->newer;
    else
        t->oldest = e->newer;
    if (e->newer != NULL)
        e->newer->older = e->older;
    else
        t->newest = e->older;
    e->older = e->newer = NULL;
}

static void free_pending(struct decode_fragment_table *t, struct pending *e)
{
    if (e == NULL)
        return;
    budget_return(&t->budget, sizeof(*e) + e->cap);
    mem_free(e->data);
    mem_free(e);
}

static void give_up(struct decode_fragment_table *t, struct pending *e)
{
    unlink_pending(t, e);
    e->packet.incomplete = true;
    t->lost(t->ctx, &e->packet);
    free_pending(t, e);
}

/* Makes room by giving up the oldest others. */
static bool make_room(struct decode_fragment_table *t, const struct pending *keep, size_t n)
{
    while (!budget_fits(&t->budget, n)) {
        struct pending *e = t->oldest;
        if (e == keep && e != NULL)
            e = e->newer;
        if (e == NULL)
            return budget_charge(&t->budget, n); /* refused, and counted so */
        t->counters->fragment_evictions++;
        give_up(t, e);
    }
    return budget_charge(&t->budget, n);
}

static struct pending *new_pending(struct decode_fragment_table *t, const struct decode_packet *p,
                                   const uint8_t key[KEY_SIZE])
{
    if (!make_room(t, NULL, sizeof(struct pending)))
        return NULL;
    struct pending *e = mem_zero(1, sizeof(*e));
    uint64_t *slot = e != NULL ? map_put(t->map, key, KEY_SIZE, NULL) : NULL;
    if (slot == NULL) {
        mem_free(e);
        budget_return(&t->budget, sizeof(*e));
        return NULL;
    }
    *slot = (uint64_t)(uintptr_t)e;
    memcpy(e->key, key, KEY_SIZE);
    e->packet = *p;
    e->packet.packets = 0;
    e->packet.wire_len = 0;
    e->packet.ip_len = 0;
    e->packet.payload = bytes_make(NULL, 0);
    e->packet.payload_len = 0;
    e->since = p->ts;
    e->captured = UINT32_MAX;
    e->older = t->newest;
    if (t->newest != NULL)
        t->newest->newer = e;
    else
        t->oldest = e;
    t->newest = e;
    return e;
}

static bool reserve_data(struct decode_fragment_table *t, struct pending *e, uint32_t need)
{
    if (need <= e->cap)
        return true;
    uint32_t cap = e->cap < 2048 ? 2048 : e->cap;
    while (cap < need)
        cap *= 2;
    if (!make_room(t, e, cap - e->cap))
        return false;
    uint8_t *data = mem_resize(e->data, cap, 1);
    if (data == NULL) {
        budget_return(&t->budget, cap - e->cap);
        return false;
    }
    e->data = data;
    e->cap = cap;
    return true;
}

/* From now on only counted: its bytes cannot be trusted, or not be held. */
static void refuse(struct decode_fragment_table *t, struct pending *e)
{
    e->refused = true;
    budget_return(&t->budget, e->cap);
    mem_free(e->data);
    e->data = NULL;
    e->cap = 0;
}

/* Whether the fragment repeats bytes that are there with other values. */
static bool contradicts(const struct pending *e, const struct decode_fragment *f)
{
    uint32_t to = f->offset + (uint32_t)f->data.n;
    for (unsigned i = 0; i < e->range_n; i++) {
        uint32_t from = e->ranges[i].from > f->offset ? e->ranges[i].from : f->offset;
        uint32_t end = e->ranges[i].to < to ? e->ranges[i].to : to;
        if (end > e->captured)
            end = e->captured;
        if (from < end && memcmp(e->data + from, f->data.p + (from - f->offset), end - from) != 0)
            return true;
    }
    return false;
}

/* Adds [from, to); false when there would be too many pieces. *out_new: it was not all there. */
static bool add_range(struct pending *e, uint32_t from, uint32_t to, bool *out_new)
{
    unsigned first = 0;
    while (first < e->range_n && e->ranges[first].to < from)
        first++;
    unsigned last = first; /* pieces [first, last) touch the new one and melt into it */
    if (first < e->range_n && e->ranges[first].from <= from && e->ranges[first].to >= to) {
        *out_new = false;
        return true;
    }
    while (last < e->range_n && e->ranges[last].from <= to) {
        if (e->ranges[last].from < from)
            from = e->ranges[last].from;
        if (e->ranges[last].to > to)
            to = e->ranges[last].to;
        last++;
    }
    unsigned melted = last - first;
    if (melted == 0 && e->range_n == RANGES_MAX)
        return false;
    memmove(&e->ranges[first + 1], &e->ranges[last], (e->range_n - last) * sizeof(e->ranges[0]));
    e->ranges[first] = (struct range){from, to};
    e->range_n = e->range_n - melted + 1;
    *out_new = true;
    return true;
}

static void count_fragment(struct pending *e, const struct decode_packet *p,
                           const struct decode_fragment *f)
{
    struct decode_packet *whole = &e->packet;
    if (f->offset == 0 && !e->first_seen) {
        /* The first fragment speaks for the packet: its time to live, its ports. */
        struct decode_packet first = *p;
        first.ts = whole->ts;
        first.packets = whole->packets;
        first.wire_len = whole->wire_len;
        first.ip_len = whole->ip_len;
        first.cut = whole->cut;
        first.payload = bytes_make(NULL, 0);
        first.payload_len = 0;
        *whole = first;
        decode_transport_ports(f->data, whole);
        e->first_seen = true;
    }
    whole->packets += p->packets;
    whole->wire_len += p->wire_len;
    whole->ip_len += p->ip_len;
    whole->cut |= f->data.n < f->len;
    if (p->ts > whole->ts)
        whole->ts = p->ts;
}

/* Puts the fragment's bytes where they belong; false when the packet must be refused. */
static bool place(struct decode_fragment_table *t, struct pending *e,
                  const struct decode_fragment *f)
{
    uint32_t to = f->offset + (uint32_t)f->len;
    if ((!f->more && e->end != 0 && e->end != to) || (!f->more && to < e->reach) ||
        (e->end != 0 && to > e->end) || contradicts(e, f)) {
        t->counters->fragment_overlaps++;
        return false;
    }
    bool is_new;
    if (!reserve_data(t, e, to) || !add_range(e, f->offset, to, &is_new))
        return false;
    if (!is_new)
        t->counters->fragment_duplicates++;
    memcpy(e->data + f->offset, f->data.p, f->data.n);
    if (f->data.n < f->len && f->offset + f->data.n < e->captured)
        e->captured = f->offset + (uint32_t)f->data.n;
    if (!f->more)
        e->end = to;
    if (to > e->reach)
        e->reach = to;
    return true;
}

enum err decode_fragment_table_new(size_t limit_bytes, ts_ns timeout_ns, struct hash_key seed,
                                   struct decode_counters *counters, decode_sink_fn lost, void *ctx,
                                   struct decode_fragment_table **out)
{
    struct decode_fragment_table *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return ERR_MEMORY;
    t->map = map_new(seed);
    if (t->map == NULL) {
        mem_free(t);
        return ERR_MEMORY;
    }
    budget_init(&t->budget, limit_bytes);
    t->timeout_ns = timeout_ns;
    t->counters = counters;
    t->lost = lost;
    t->ctx = ctx;
    *out = t;
    return ERR_NONE;
}

void decode_fragment_table_free(struct decode_fragment_table *t)
{
    if (t == NULL)
        return;
    decode_fragment_table_forget(t);
    while (t->oldest != NULL) {
        struct pending *e = t->oldest;
        unlink_pending(t, e);
        free_pending(t, e);
    }
    map_free(t->map);
    mem_free(t);
}

enum decode_fragment_result decode_fragment_table_add(struct decode_fragment_table *t,
                                                      const struct decode_packet *p,
                                                      const struct decode_fragment *f,
                                                      struct decode_packet *out,
                                                      struct bytes *out_data, uint64_t *out_len)
{
    ASSERT(f->data.n <= f->len);
    if (f->len == 0 || (f->more && f->len % 8 != 0) || f->len > IP_PAYLOAD_MAX ||
        f->offset + f->len > IP_PAYLOAD_MAX)
        return DECODE_FRAGMENT_BROKEN;

    uint8_t key[KEY_SIZE];
    make_key(p, f->id, key);
    const uint64_t *slot = map_get(t->map, key, KEY_SIZE);
    struct pending *e = slot != NULL ? (struct pending *)(uintptr_t)*slot : new_pending(t, p, key);
    if (e == NULL)
        return DECODE_FRAGMENT_REFUSED;
    count_fragment(e, p, f);
    if (e->refused)
        return DECODE_FRAGMENT_WAITS;
    if (!place(t, e, f)) {
        refuse(t, e);
        return DECODE_FRAGMENT_WAITS;
    }
    if (e->end == 0 || e->range_n != 1 || e->ranges[0].from != 0 || e->ranges[0].to != e->end)
        return DECODE_FRAGMENT_WAITS;

    unlink_pending(t, e);
    e->older = t->done;
    t->done = e;
    t->counters->reassembled++;
    *out = e->packet;
    *out_data = bytes_make(e->data, e->end < e->captured ? e->end : e->captured);
    *out_len = e->end;
    return DECODE_FRAGMENT_WHOLE;
}

void decode_fragment_table_forget(struct decode_fragment_table *t)
{
    while (t->done != NULL) {
        struct pending *e = t->done;
        t->done = e->older;
        free_pending(t, e);
    }
}

void decode_fragment_table_expire(struct decode_fragment_table *t, ts_ns now)
{
    /* Times may go back: the list is in order of arrival, and the head is old enough or nobody is.
     */
    while (t->oldest != NULL && now - t->oldest->since > t->timeout_ns) {
        t->counters->fragment_timeouts++;
        give_up(t, t->oldest);
    }
}

void decode_fragment_table_flush(struct decode_fragment_table *t)
{
    while (t->oldest != NULL)
        give_up(t, t->oldest);
}

size_t decode_fragment_table_count(const struct decode_fragment_table *t)
{
    return map_count(t->map);
}

size_t decode_fragment_table_bytes(const struct decode_fragment_table *t)
{
    return t->budget.used;
}
