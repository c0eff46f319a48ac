/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/table.h"

#include "base/assert.h"
#include "base/mem.h"
#include "decode/packet.h"
#include "flow/flow_priv.h"

#include <stdlib.h>
#include <string.h>

#define SLAB_BITS 10 /* 1024 flows of 256 bytes at a time */
#define SLAB_FLOWS (1u << SLAB_BITS)
#define SLOTS_FIRST 4096u
#define WHEEL_SLOTS 256u /* seconds; what is due later is looked at then and put off */
#define EVICT_LOOK 8u    /* flows compared to find the one to evict */
#define LONELY_TRIES 4u  /* lonely flows that may stay because they are busy, at an eviction */
#define LONELY_SHARE 16u /* of the table; with fewer lonely flows any flow may go */
#define BUSY_S 5u        /* heard of within this many seconds */
#define PUT_OFF_S 10u    /* a report waits for an end that is so near */
#define SPAN_MAX_NS TIME_DAY
#define DUPLICATE_NS TIME_MS /* a mirror port sends its copies together */

static struct flow *flow_at(const struct flow_table *t, uint32_t index)
{
    return &t->slabs[index >> SLAB_BITS][index & (SLAB_FLOWS - 1)];
}

/* --- the index: hash in the upper half of a slot, number of the flow + 1 in the lower --- */

static struct flow *find(const struct flow_table *t, const struct flow_key *key, uint32_t hash,
                         uint32_t *out_index)
{
    for (uint32_t i = hash & t->slot_mask;; i = (i + 1) & t->slot_mask) {
        uint64_t slot = t->slots[i];
        if (slot == 0)
            return NULL;
        if (slot >> 32 != hash)
            continue;
        struct flow *f = flow_at(t, (uint32_t)slot - 1);
        if (flow_key_equal(&f->key, key)) {
            *out_index = (uint32_t)slot - 1;
            return f;
        }
    }
}

static void slot_put(uint64_t *slots, uint32_t mask, uint64_t slot)
{
    uint32_t i = (uint32_t)(slot >> 32) & mask;
    while (slots[i] != 0)
        i = (i + 1) & mask;
    slots[i] = slot;
}

/* Room for one more at a load of at most a half. */
static bool slots_reserve(struct flow_table *t)
{
    uint32_t n = t->slot_mask + 1;
    if (t->count < n / 2)
        return true;
    uint64_t *bigger = mem_zero((size_t)n * 2, sizeof(*bigger));
    if (bigger == NULL)
        return t->count < n - n / 8; /* fuller than wished, but never full */
    for (uint32_t i = 0; i < n; i++)
        if (t->slots[i] != 0)
            slot_put(bigger, n * 2 - 1, t->slots[i]);
    mem_free(t->slots);
    t->slots = bigger;
    t->slot_mask = n * 2 - 1;
    return true;
}

/* Deletes by shifting back, so that there are no tombstones. */
static void slot_remove(struct flow_table *t, uint32_t hash, uint32_t index)
{
    uint32_t mask = t->slot_mask;
    uint32_t i = hash & mask;
    while ((uint32_t)t->slots[i] != index + 1)
        i = (i + 1) & mask;
    for (uint32_t j = (i + 1) & mask; t->slots[j] != 0; j = (j + 1) & mask) {
        uint32_t home = (uint32_t)(t->slots[j] >> 32) & mask;
        if (((j - home) & mask) >= ((j - i) & mask)) {
            t->slots[i] = t->slots[j];
            i = j;
        }
    }
    t->slots[i] = 0;
}

/* --- the wheel: a ring of flows for each second, in the order in which they were put there --- */

static void wheel_put(struct flow_table *t, struct flow *f, uint32_t index, uint32_t due_s)
{
    if (due_s - t->now_s >= WHEEL_SLOTS)
        due_s = t->now_s + WHEEL_SLOTS - 1;
    f->due_s = due_s;
    uint32_t *head = &t->wheel[due_s % WHEEL_SLOTS];
    if (*head == FLOW_NONE) {
        f->next = f->prev = index;
        *head = index;
        return;
    }
    struct flow *first = flow_at(t, *head);
    f->next = *head;
    f->prev = first->prev;
    flow_at(t, first->prev)->next = index;
    first->prev = index;
}

static void wheel_remove(struct flow_table *t, struct flow *f, uint32_t index)
{
    uint32_t *head = &t->wheel[f->due_s % WHEEL_SLOTS];
    if (f->next == index) {
        *head = FLOW_NONE;
        return;
    }
    flow_at(t, f->next)->prev = f->prev;
    flow_at(t, f->prev)->next = f->next;
    if (*head == index)
        *head = f->next;
}

static uint32_t timeout_s(const struct flow_table *t, const struct flow *f)
{
    const struct flow_table_settings *s = &t->settings;
    ts_ns ns = s->other_ns;
    switch (f->key.proto) {
    case DECODE_PROTO_TCP:
        if (f->state <= FLOW_TCP_SYN_ACK)
            ns = s->tcp_opening_ns;
        else if (f->state == FLOW_TCP_OPEN)
            ns = s->tcp_open_ns;
        else if (f->state == FLOW_TCP_HALF_CLOSED)
            ns = s->tcp_half_closed_ns;
        else
            ns = s->tcp_closed_ns;
        break;
    case DECODE_PROTO_UDP:
        ns = f->reports == 0 && f->packets[0] <= 1 && f->packets[1] <= 1 ? s->udp_single_ns
                                                                         : s->udp_ns;
        break;
    case DECODE_PROTO_ICMP:
    case DECODE_PROTO_ICMP6:
        ns = s->icmp_ns;
        break;
    default:
        break;
    }
    return (uint32_t)(ns / TIME_S);
}

/* The second in which the flow ends if nothing more comes: idle for the whole time-out. */
static uint32_t idle_end_s(const struct flow_table *t, const struct flow *f)
{
    return f->seen_s + timeout_s(t, f) + 1;
}

static uint32_t due_s(const struct flow_table *t, const struct flow *f)
{
    uint32_t end = idle_end_s(t, f);
    return end < f->report_s ? end : f->report_s;
}

/* --- lonely flows: only one side has spoken; in the order in which they began --- */

static void lonely_put(struct flow_table *t, struct flow *f, uint32_t index)
{
    f->lonely_next = FLOW_NONE;
    f->lonely_prev = t->lonely_last;
    if (t->lonely_last != FLOW_NONE)
        flow_at(t, t->lonely_last)->lonely_next = index;
    else
        t->lonely_first = index;
    t->lonely_last = index;
    t->lonely_n++;
}

static void lonely_remove(struct flow_table *t, struct flow *f)
{
    if (f->lonely_prev != FLOW_NONE)
        flow_at(t, f->lonely_prev)->lonely_next = f->lonely_next;
    else
        t->lonely_first = f->lonely_next;
    if (f->lonely_next != FLOW_NONE)
        flow_at(t, f->lonely_next)->lonely_prev = f->lonely_prev;
    else
        t->lonely_last = f->lonely_prev;
    t->lonely_n--;
}

/* --- the life of a flow --- */

static bool slab_add(struct flow_table *t)
{
    if (t->slab_n == t->slab_max)
        return false;
    struct flow *slab = mem_alloc(sizeof(struct flow) * SLAB_FLOWS);
    if (slab == NULL)
        return false;
    t->slabs[t->slab_n++] = slab;
    return true;
}

static enum flow_end reason(const struct flow *f, enum flow_end otherwise)
{
    if (f->state == FLOW_TCP_CLOSED)
        return FLOW_END_FIN;
    if (f->state == FLOW_TCP_RESET)
        return FLOW_END_RST;
    return otherwise;
}

static void finish(struct flow_table *t, struct flow *f, uint32_t index, enum flow_end why)
{
    why = reason(f, why);
    flow_stream_end(t, f, why);
    flow_report_give(t, f, t->now, true, why);
    t->counters.ended[why]++;
    slot_remove(t, f->hash, index);
    wheel_remove(t, f, index);
    if (f->heard != 3)
        lonely_remove(t, f);
    f->used = false;
    f->next = t->free;
    t->free = index;
    t->count--;
}

/* The oldest lonely flow that is not busy, among the first few. */
static uint32_t lonely_victim(struct flow_table *t)
{
    for (unsigned i = 0; i < LONELY_TRIES; i++) {
        uint32_t index = t->lonely_first;
        struct flow *f = flow_at(t, index);
        bool once = f->reports == 0 && f->packets[0] + f->packets[1] <= 1;
        if (once || t->now_s - f->seen_s > BUSY_S)
            return index;
        lonely_remove(t, f);
        lonely_put(t, f, index);
    }
    return t->lonely_first;
}

/* The flow heard of least recently among the next few. */
static uint32_t old_victim(struct flow_table *t)
{
    uint32_t worst = FLOW_NONE;
    uint32_t worst_seen_s = UINT32_MAX;
    uint32_t look = t->made < EVICT_LOOK ? t->made : EVICT_LOOK;
    for (uint32_t i = 0; i < look; i++) {
        const struct flow *f = flow_at(t, t->hand);
        if (f->used && f->seen_s < worst_seen_s) {
            worst_seen_s = f->seen_s;
            worst = t->hand;
        }
        t->hand = t->hand + 1 < t->made ? t->hand + 1 : 0;
    }
    return worst;
}

/* Flows in which only one side has spoken go first, unless they are few: a flood of new sources
 * drives out itself, and new conversations still have the time to be answered. */
static void evict(struct flow_table *t)
{
    uint32_t index;
    if (t->lonely_n > t->settings.max_flows / LONELY_SHARE)
        index = lonely_victim(t);
    else
        index = old_victim(t);
    ASSERT(index != FLOW_NONE);
    finish(t, flow_at(t, index), index, FLOW_END_EVICTED);
}

static struct flow *take(struct flow_table *t, uint32_t *out_index)
{
    if (t->count >= t->settings.max_flows)
        evict(t);
    if (!slots_reserve(t))
        return NULL;
    uint32_t index = t->free;
    if (index != FLOW_NONE) {
        t->free = flow_at(t, index)->next;
    } else {
        if (t->made == t->slab_n * SLAB_FLOWS && !slab_add(t)) {
            if (t->count == 0)
                return NULL;
            evict(t);
            index = t->free;
            t->free = flow_at(t, index)->next;
        } else {
            index = t->made++;
        }
    }
    *out_index = index;
    return flow_at(t, index);
}

static void note_vlan(struct flow *f, const struct decode_packet *p)
{
    f->vlan_n = p->vlan_n < 2 ? p->vlan_n : 2;
    for (unsigned i = 0; i < f->vlan_n; i++)
        f->vlan[i] = p->vlan[i];
}

static struct flow *begin(struct flow_table *t, const struct decode_packet *p,
                          const struct flow_key *key, uint32_t hash, unsigned side,
                          uint8_t generation, uint32_t *out_index)
{
    uint32_t index;
    struct flow *f = take(t, &index);
    if (f == NULL) {
        t->counters.no_memory++;
        return NULL;
    }
    memset(f, 0, sizeof(*f));
    f->key = *key;
    f->hash = hash;
    f->used = true;
    f->generation = generation;
    f->ip_version = p->ip_version;
    f->began = (uint8_t)side;
    uint8_t request;
    if (key->kind == FLOW_KEY_ICMP_QUERY &&
        flow_key_icmp_pair(p->proto, p->icmp.type, &request) == 2) {
        f->began = !side;
        f->origin = FLOW_ORIGIN_REPLY;
    }
    f->start = p->ts;
    f->name = flow_ends_name(f);
    f->last = p->ts;
    f->seen_s = t->now_s;
    f->report_s = t->now_s + (uint32_t)(t->settings.report_every_ns / TIME_S);
    f->listen = t->listening ? FLOW_LISTEN_UNASKED : FLOW_LISTEN_NO;
    if (p->vlan_n > 0)
        note_vlan(f, p);
    slot_put(t->slots, t->slot_mask, (uint64_t)hash << 32 | (index + 1));
    lonely_put(t, f, index);
    t->count++;
    t->counters.flows++;
    *out_index = index;
    return f;
}

static void heard_first(struct flow *f, const struct decode_packet *p, unsigned side)
{
    f->heard |= (uint8_t)(1U << side);
    f->icmp_type[side] = p->icmp.type;
    f->icmp_code[side] = p->icmp.code;
    if (p->has_mac) {
        f->has_mac |= (uint8_t)(1U << side);
        memcpy(f->mac[side], p->mac_src, 6);
    }
    /* Where nothing comes back, the frame still says where it went. */
    if (p->has_mac && !(f->heard & 1U << !side) && !(p->mac_dst[0] & 1)) {
        f->has_mac |= (uint8_t)(1U << !side);
        memcpy(f->mac[!side], p->mac_dst, 6);
    }
}

static void note_duplicate(struct flow_table *t, struct flow *f, const struct decode_packet *p,
                           unsigned side)
{
    uint64_t words = (uint64_t)p->tcp.seq << 32 | p->tcp.ack;
    uint32_t print = (uint32_t)hash_mix(words ^ (uint64_t)p->payload_len << 8 ^ p->tcp.flags ^
                                        (uint64_t)p->tcp.window << 24);
    bool counts = p->payload_len > 0 || (p->tcp.flags & (DECODE_TCP_SYN | DECODE_TCP_FIN)) != 0;
    if (counts && print == f->print[side] && p->ts >= f->last && p->ts - f->last <= DUPLICATE_NS) {
        f->duplicates++;
        t->counters.duplicates++;
    }
    f->print[side] = print;
}

void flow_table_packet(struct flow_table *t, const struct decode_packet *p)
{
    flow_table_advance(t, p->ts);
    t->counters.packets += p->packets;
    t->counters.bytes += p->ip_len;
    if (p->ts < t->now && p->ts < t->tick - TIME_S)
        t->counters.late += p->packets;

    struct flow_key key;
    unsigned side = flow_key_make(p, &key);
    uint32_t hash = flow_key_hash(t->settings.seed, &key);
    uint32_t index;
    struct flow *f = find(t, &key, hash, &index);
    bool tcp = p->proto == DECODE_PROTO_TCP;
    uint8_t generation = 0;
    if (f != NULL && tcp && flow_tcp_reuses(f, p, side)) {
        if (f->start == p->ts)
            generation = f->generation + 1;
        finish(t, f, index, FLOW_END_REUSED);
        f = NULL;
    }
    bool new = f == NULL;
    if (new) {
        f = begin(t, p, &key, hash, side, generation, &index);
        if (f == NULL)
            return;
    }
    bool shorter = false;
    if (tcp) {
        note_duplicate(t, f, p, side);
        shorter = flow_tcp_follow(f, p, side);
    }
    if (!(f->heard & 1U << side)) {
        heard_first(f, p, side);
        if (f->heard == 3)
            lonely_remove(t, f);
    }
    f->bytes[side] += p->ip_len;
    f->packets[side] += p->packets;
    f->payload[side] += p->payload_len;
    f->seen_s = t->now_s;
    if (p->ts > f->last)
        f->last = p->ts;

    if (new) {
        if (tcp && !(p->tcp.flags & DECODE_TCP_SYN))
            t->counters.picked_up++;
        wheel_put(t, f, index, due_s(t, f));
    } else if (shorter && idle_end_s(t, f) < f->due_s) {
        wheel_remove(t, f, index);
        wheel_put(t, f, index, due_s(t, f));
    }
    if (f->listen != FLOW_LISTEN_NO)
        flow_stream_packet(t, f, p, side);
}

/* A flow that the wheel brought up: it is idle, or due for a report, or neither any more. */
static void due(struct flow_table *t, struct flow *f, uint32_t index)
{
    if (t->now_s >= idle_end_s(t, f)) {
        finish(t, f, index, FLOW_END_IDLE);
        return;
    }
    if (t->now_s >= f->report_s) {
        uint32_t end = idle_end_s(t, f);
        if (f->packets[0] + f->packets[1] == 0) {
            f->report_s += (uint32_t)(t->settings.report_every_ns / TIME_S);
        } else if (end - t->now_s <= PUT_OFF_S) {
            f->report_s = end; /* soon over, it seems: one event will do */
        } else {
            flow_report_give(t, f, t->now, false, FLOW_END_IDLE);
            f->report_s += (uint32_t)(t->settings.report_every_ns / TIME_S);
        }
    }
    wheel_remove(t, f, index);
    wheel_put(t, f, index, due_s(t, f));
}

static void set_tick(struct flow_table *t)
{
    if (__builtin_mul_overflow(t->base_s + t->now_s + 1, TIME_S, &t->tick))
        t->tick = TIME_MAX;
}

static void tick(struct flow_table *t, ts_ns now)
{
    t->now = now;
    if (t->listening)
        t->listener.tick(t->listener.ctx, now);
}

void flow_table_advance(struct flow_table *t, ts_ns now)
{
    if (t->begun && now < t->tick) {
        if (now > t->now)
            t->now = now;
        return;
    }
    int64_t second = time_floor(now, TIME_S) / TIME_S;
    if (!t->begun) {
        t->begun = true;
        t->base_s = second;
        t->now = now;
        set_tick(t);
        return;
    }
    while (t->base_s + t->now_s < second) {
        if (t->count == 0) { /* nothing can happen on the way */
            t->base_s = second;
            t->now_s = 0;
            tick(t, second * TIME_S);
            break;
        }
        t->now_s++;
        tick(t, (t->base_s + t->now_s) * TIME_S);
        const uint32_t *head = &t->wheel[t->now_s % WHEEL_SLOTS];
        while (*head != FLOW_NONE) {
            struct flow *f = flow_at(t, *head);
            __builtin_prefetch(flow_at(t, f->next));
            due(t, f, *head);
        }
    }
    t->now = now;
    set_tick(t);
}

static int by_start(const void *a, const void *b)
{
    const struct flow *const *x = a;
    const struct flow *const *y = b;
    if ((*x)->start != (*y)->start)
        return (*x)->start < (*y)->start ? -1 : 1;
    return memcmp(&(*x)->key, &(*y)->key, sizeof((*x)->key));
}

void flow_table_flush(struct flow_table *t)
{
    size_t n = 0;
    struct flow **all = t->count > 0 ? mem_alloc(t->count * sizeof(struct flow *)) : NULL;
    for (uint32_t i = 0; i < t->made; i++) {
        struct flow *f = flow_at(t, i);
        if (!f->used)
            continue;
        if (all != NULL)
            all[n++] = f;
        else
            finish(t, f, i, FLOW_END_FLUSHED); /* no memory to sort them */
    }
    if (all == NULL)
        return;
    qsort(all, n, sizeof(struct flow *), by_start);
    for (size_t i = 0; i < n; i++) {
        uint32_t index;
        struct flow *f = find(t, &all[i]->key, all[i]->hash, &index);
        ASSERT(f == all[i]);
        finish(t, f, index, FLOW_END_FLUSHED);
    }
    mem_free(all);
}

/* --- the table --- */

struct flow_table_settings flow_table_settings_default(void)
{
    return (struct flow_table_settings){
        .max_flows = 1000000,
        .report_every_ns = 60 * TIME_S,
        .tcp_opening_ns = 30 * TIME_S,
        .tcp_open_ns = 300 * TIME_S,
        .tcp_half_closed_ns = 120 * TIME_S,
        .tcp_closed_ns = 5 * TIME_S,
        .udp_single_ns = 30 * TIME_S,
        .udp_ns = 60 * TIME_S,
        .icmp_ns = 60 * TIME_S,
        .other_ns = 60 * TIME_S,
        .max_streams = 100000,
        .stream_bytes = 64u << 20,
        .stream_bytes_each = 256u << 10,
    };
}

static bool span_ok(ts_ns span)
{
    return span >= TIME_S && span <= SPAN_MAX_NS && span % TIME_S == 0;
}

static bool settings_ok(const struct flow_table_settings *s)
{
    return s->max_flows >= 1 && s->max_flows <= 1u << 26 && span_ok(s->report_every_ns) &&
           span_ok(s->tcp_opening_ns) && span_ok(s->tcp_open_ns) &&
           span_ok(s->tcp_half_closed_ns) && span_ok(s->tcp_closed_ns) &&
           span_ok(s->udp_single_ns) && span_ok(s->udp_ns) && span_ok(s->icmp_ns) &&
           span_ok(s->other_ns);
}

enum err flow_table_new(const struct flow_table_settings *settings, event_sink_fn sink,
                        void *sink_ctx, const struct flow_listener *listener,
                        struct flow_table **out)
{
    if (!settings_ok(settings))
        return ERR_INVALID;
    struct flow_table *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return ERR_MEMORY;
    t->settings = *settings;
    t->sink = sink;
    t->sink_ctx = sink_ctx;
    if (listener != NULL) {
        t->listener = *listener;
        t->listening = true;
    }
    t->free = FLOW_NONE;
    t->lonely_first = t->lonely_last = FLOW_NONE;
    t->slab_max = (settings->max_flows + SLAB_FLOWS - 1) / SLAB_FLOWS;
    t->slabs = mem_zero(t->slab_max, sizeof(*t->slabs));
    t->slots = mem_zero(SLOTS_FIRST, sizeof(*t->slots));
    t->slot_mask = SLOTS_FIRST - 1;
    t->wheel = mem_alloc(WHEEL_SLOTS * sizeof(*t->wheel));
    arena_init(&t->arena, 0);
    arena_init(&t->pattern_arena, 0);
    flow_report_prepare(t);
    flow_assembly_pool_init(&t->pool, settings->stream_bytes, settings->stream_bytes_each);
    if (t->slabs == NULL || t->slots == NULL || t->wheel == NULL || t->pattern.failed) {
        flow_table_free(t);
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < WHEEL_SLOTS; i++)
        t->wheel[i] = FLOW_NONE;
    *out = t;
    return ERR_NONE;
}

void flow_table_free(struct flow_table *t)
{
    if (t == NULL)
        return;
    for (uint32_t i = 0; i < t->made; i++)
        if (flow_at(t, i)->used)
            flow_stream_drop(t, flow_at(t, i));
    flow_stream_release_free(t);
    for (uint32_t i = 0; i < t->slab_n; i++)
        mem_free(t->slabs[i]);
    mem_free(t->slabs);
    mem_free(t->slots);
    mem_free(t->wheel);
    arena_release(&t->arena);
    arena_release(&t->pattern_arena);
    mem_free(t);
}

size_t flow_table_count(const struct flow_table *t)
{
    return t->count;
}

size_t flow_table_bytes(const struct flow_table *t)
{
    return sizeof(*t) + t->slab_max * sizeof(*t->slabs) +
           (size_t)t->slab_n * SLAB_FLOWS * sizeof(struct flow) +
           ((size_t)t->slot_mask + 1) * sizeof(*t->slots) + WHEEL_SLOTS * sizeof(*t->wheel) +
           flow_stream_bytes(t);
}

struct flow_counters flow_table_counters(const struct flow_table *t)
{
    struct flow_counters c = t->counters;
    c.segments_kept = t->pool.kept;
    c.segments_refused = t->pool.refused;
    c.segments_outside = t->pool.outside;
    c.repeated_bytes = t->pool.repeated_bytes;
    c.gaps = t->pool.gaps;
    c.gap_bytes = t->pool.gap_bytes;
    return c;
}
