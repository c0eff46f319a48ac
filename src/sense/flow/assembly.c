/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/assembly.h"

#include "base/mem.h"

#include <string.h>

/* More than any window in use (RFC 7323 allows 1 GiB): further away is another stream, or a lie. */
#define FAR (64u * 1024 * 1024)
/* Kept for one direction: bounds the walk that finds a segment's place. */
#define SEGMENTS_MAX 128
/* An acknowledged hole was lost by the capture, unless packets only overtook each other. */
#define OVERTAKING_NS (100 * TIME_MS)
#define OVERTAKING_SEGMENTS 8

struct flow_assembly_segment {
    struct flow_assembly_segment *next;
    ts_ns ts;
    uint32_t seq;
    uint32_t n;
    uint32_t lost; /* bytes after these that the capture cut off */
    uint8_t data[];
};

static uint32_t cost(uint32_t n)
{
    return (uint32_t)sizeof(struct flow_assembly_segment) + n;
}

/* How far b lies after a, in the arithmetic of sequence numbers. */
static int32_t ahead(uint32_t a, uint32_t b)
{
    return (int32_t)(b - a);
}

static uint32_t segment_end(const struct flow_assembly_segment *s)
{
    return s->seq + s->n + s->lost;
}

void flow_assembly_pool_init(struct flow_assembly_pool *pool, uint64_t limit, uint32_t each)
{
    *pool = (struct flow_assembly_pool){.each = each};
    budget_init(&pool->budget, limit);
}

void flow_assembly_init(struct flow_assembly *a)
{
    *a = (struct flow_assembly){.next = 0};
}

static void drop_first(struct flow_assembly *a, struct flow_assembly_pool *pool)
{
    struct flow_assembly_segment *s = a->first;
    a->first = s->next;
    if (a->first == NULL)
        a->last = NULL;
    a->bytes -= cost(s->n);
    a->segments--;
    budget_return(&pool->budget, cost(s->n));
    mem_free(s);
}

void flow_assembly_release(struct flow_assembly *a, struct flow_assembly_pool *pool)
{
    while (a->first != NULL)
        drop_first(a, pool);
}

void flow_assembly_begin(struct flow_assembly *a, uint32_t first)
{
    if (a->begun)
        return;
    a->begun = true;
    a->next = first;
}

static bool give_gap(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                     uint32_t missing, const struct flow_assembly_sink *sink)
{
    a->next += missing;
    pool->gaps++;
    pool->gap_bytes += missing;
    return sink->gap(sink->ctx, ts, missing);
}

/* Bytes at a->next, and then what the capture cut off. */
static bool give(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                 struct bytes data, uint32_t lost, const struct flow_assembly_sink *sink)
{
    a->next += (uint32_t)data.n;
    if (data.n > 0 && !sink->data(sink->ctx, ts, data))
        return false;
    return lost == 0 || give_gap(a, pool, ts, lost, sink);
}

/* Gives kept segments for as long as there is no hole before them. */
static bool drain(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                  const struct flow_assembly_sink *sink)
{
    while (a->first != NULL && ahead(a->next, a->first->seq) <= 0) {
        struct flow_assembly_segment *s = a->first;
        uint32_t known = (uint32_t)-ahead(a->next, s->seq);
        uint32_t have = known < s->n ? s->n - known : 0;
        uint32_t lost = s->lost;
        if (known > s->n)
            lost = known - s->n < s->lost ? s->lost - (known - s->n) : 0;
        bool more = give(a, pool, s->ts, bytes_make(s->data + (s->n - have), have), lost, sink);
        drop_first(a, pool);
        if (!more)
            return false;
        a->hole_since = ts;
    }
    if (a->fin_known && !a->closed && a->first == NULL && ahead(a->fin, a->next) >= 0) {
        a->closed = true;
        return sink->close(sink->ctx, ts);
    }
    return true;
}

static bool give_up_hole(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                         const struct flow_assembly_sink *sink)
{
    uint32_t missing = (uint32_t)ahead(a->next, a->first->seq);
    return give_gap(a, pool, ts, missing, sink) && drain(a, pool, ts, sink);
}

/* Puts a piece that overlaps nothing after prev (NULL: first). */
static bool keep(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts, uint32_t seq,
                 struct bytes data, uint32_t lost, struct flow_assembly_segment *prev,
                 struct flow_assembly_segment **out)
{
    uint32_t n = (uint32_t)data.n;
    if (a->segments >= SEGMENTS_MAX || a->bytes + cost(n) > pool->each ||
        !budget_charge(&pool->budget, cost(n))) {
        pool->refused++;
        return false;
    }
    struct flow_assembly_segment *s = mem_alloc(sizeof(*s) + n);
    if (s == NULL) {
        budget_return(&pool->budget, cost(n));
        pool->refused++;
        return false;
    }
    s->ts = ts;
    s->seq = seq;
    s->n = n;
    s->lost = lost;
    if (n > 0)
        memcpy(s->data, data.p, n);
    if (a->first == NULL)
        a->hole_since = ts;
    if (prev == NULL) {
        s->next = a->first;
        a->first = s;
    } else {
        s->next = prev->next;
        prev->next = s;
    }
    if (s->next == NULL)
        a->last = s;
    a->bytes += cost(n);
    a->segments++;
    pool->kept++;
    *out = s;
    return true;
}

/* The part of [seq, seq + n + lost) from `from` on, at most `len` long. */
static bool keep_part(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                      uint32_t seq, struct bytes data, uint32_t from, uint32_t len,
                      struct flow_assembly_segment *prev, struct flow_assembly_segment **out)
{
    uint32_t have = from < data.n ? (uint32_t)data.n - from : 0;
    if (have > len)
        have = len;
    return keep(a, pool, ts, seq + from, bytes_make(have > 0 ? data.p + from : NULL, have),
                len - have, prev, out);
}

/* Keeps what is new of a segment ahead of the hole. False: there was no room for all. */
static bool insert(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts, uint32_t seq,
                   struct bytes data, uint32_t len)
{
    struct flow_assembly_segment *prev = NULL;
    struct flow_assembly_segment *next = a->first;
    if (a->last != NULL && ahead(segment_end(a->last), seq) >= 0) {
        prev = a->last;
        next = NULL;
    }
    uint32_t at = 0; /* bytes of the segment dealt with */
    while (at < len) {
        if (next != NULL && ahead(segment_end(next), seq + at) >= 0) {
            prev = next;
            next = next->next;
            continue;
        }
        uint32_t until = len;
        if (next != NULL) {
            int32_t room = ahead(seq + at, next->seq);
            if (room <= 0) { /* within next: those bytes came first */
                uint32_t skip = (uint32_t)ahead(seq + at, segment_end(next));
                if (skip > len - at)
                    skip = len - at;
                pool->repeated_bytes += skip;
                at += skip;
                continue;
            }
            if ((uint32_t)room < len - at)
                until = at + (uint32_t)room;
        }
        if (!keep_part(a, pool, ts, seq, data, at, until - at, prev, &prev))
            return false;
        at = until;
    }
    return true;
}

bool flow_assembly_push(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                        uint32_t seq, struct bytes data, uint64_t wire_len, bool fin,
                        const struct flow_assembly_sink *sink)
{
    if (a->closed)
        return true;
    if (wire_len < data.n)
        wire_len = data.n;
    if (wire_len > FAR) {
        pool->outside++;
        return true;
    }
    uint32_t len = (uint32_t)wire_len;
    if (!a->begun) {
        a->begun = true;
        a->next = seq;
    }
    int32_t offset = ahead(a->next, seq);
    if (offset > (int32_t)FAR || offset < -(int32_t)FAR) {
        pool->outside++;
        return true;
    }
    if (fin && !a->fin_known) {
        a->fin_known = true;
        a->fin = seq + len;
    }
    if (offset < 0) { /* begins with bytes that were given already */
        uint32_t known = (uint32_t)-offset < len ? (uint32_t)-offset : len;
        pool->repeated_bytes += known;
        seq += known;
        len -= known;
        uint32_t cut = known < data.n ? known : (uint32_t)data.n;
        data = bytes_make(data.n > cut ? data.p + cut : NULL, data.n - cut);
        offset = 0;
        if (len == 0)
            return drain(a, pool, ts, sink);
    }
    if (len == 0)
        return drain(a, pool, ts, sink);
    while (offset > 0) {
        if (insert(a, pool, ts, seq, data, len))
            return true;
        /* No room: give up the hole, and perhaps this segment is in order then. */
        if (a->first == NULL) {
            if (!give_gap(a, pool, ts, (uint32_t)offset, sink))
                return false;
        } else if (!give_up_hole(a, pool, ts, sink)) {
            return false;
        }
        offset = ahead(a->next, seq);
        if (offset < 0)
            return flow_assembly_push(a, pool, ts, seq, data, len, fin, sink);
    }
    /* In order: give what lies before the first kept segment, then go on with that. */
    uint32_t room = len;
    if (a->first != NULL) {
        uint32_t before = (uint32_t)ahead(a->next, a->first->seq);
        if (before < len)
            room = before;
    }
    uint32_t have = data.n < room ? (uint32_t)data.n : room;
    if (!give(a, pool, ts, bytes_make(data.p, have), room - have, sink) ||
        !drain(a, pool, ts, sink))
        return false;
    if (room < len) /* the rest, beyond the kept segments it may hold more */
        return flow_assembly_push(
            a, pool, ts, seq + room,
            bytes_make(data.n > room ? data.p + room : NULL, data.n > room ? data.n - room : 0),
            len - room, fin, sink);
    return true;
}

bool flow_assembly_acked(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                         uint32_t ack, const struct flow_assembly_sink *sink)
{
    while (a->first != NULL && ahead(a->first->seq, ack) >= 0) {
        if (ahead(a->next, ack) > (int32_t)FAR)
            return true; /* acknowledges what cannot have been sent */
        if (ts - a->hole_since < OVERTAKING_NS && a->segments < OVERTAKING_SEGMENTS)
            return true;
        if (!give_up_hole(a, pool, ts, sink))
            return false;
    }
    return true;
}

bool flow_assembly_finish(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                          const struct flow_assembly_sink *sink)
{
    while (a->first != NULL)
        if (!give_up_hole(a, pool, ts, sink))
            return false;
    return true;
}
