/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/stream.h"

#include "base/assert.h"
#include "base/mem.h"
#include "decode/packet.h"
#include "flow/flow_priv.h"

struct flow_stream {
    struct flow_assembly side[2];
    void *user;
    struct flow_stream *next_free;
};

/* What the assembly's calls need to know. */
struct hearing {
    struct flow_table *t;
    struct flow *f;
    void *user;
    enum flow_side side;
};

const char *flow_end_name(enum flow_end why)
{
    static const char *const names[FLOW_ENDS] = {"idle",   "fin",     "rst",
                                                 "reused", "evicted", "flushed"};
    return (unsigned)why < FLOW_ENDS ? names[why] : "unknown";
}

static bool hear_data(void *ctx, ts_ns ts, struct bytes bytes)
{
    struct hearing *h = ctx;
    return h->t->listener.data(h->t->listener.ctx, h->user, h->f, h->side, ts, bytes, NULL);
}

static bool hear_gap(void *ctx, ts_ns ts, uint64_t missing)
{
    struct hearing *h = ctx;
    return h->t->listener.gap(h->t->listener.ctx, h->user, h->f, h->side, ts, missing);
}

static bool hear_close(void *ctx, ts_ns ts)
{
    struct hearing *h = ctx;
    return h->t->listener.close(h->t->listener.ctx, h->user, h->f, h->side, ts);
}

static struct flow_assembly_sink hearer(struct hearing *h)
{
    return (struct flow_assembly_sink){h, hear_data, hear_gap, hear_close};
}

static enum flow_side role(const struct flow *f, unsigned side)
{
    return side == f->began ? FLOW_SOURCE : FLOW_DESTINATION;
}

static struct flow_stream *stream_take(struct flow_table *t)
{
    struct flow_stream *s = t->free_streams;
    if (s != NULL) {
        t->free_streams = s->next_free;
    } else {
        s = mem_alloc(sizeof(*s));
        if (s == NULL) {
            t->counters.no_memory++;
            return NULL;
        }
        t->stream_made++;
    }
    t->stream_n++;
    return s;
}

/* The listener hears no more of this flow. */
static void forget(struct flow_table *t, struct flow *f)
{
    if (f->listen == FLOW_LISTEN_STREAM) {
        struct flow_stream *s = f->stream;
        flow_assembly_release(&s->side[0], &t->pool);
        flow_assembly_release(&s->side[1], &t->pool);
        s->next_free = t->free_streams;
        t->free_streams = s;
        ASSERT(t->stream_n > 0);
        t->stream_n--;
    }
    f->user = NULL;
    f->listen = FLOW_LISTEN_NO;
}

static void ask(struct flow_table *t, struct flow *f, const struct decode_packet *p, unsigned side)
{
    bool tcp = f->key.proto == DECODE_PROTO_TCP;
    f->listen = FLOW_LISTEN_NO;
    struct flow_stream *s = NULL;
    if (tcp) {
        if (t->stream_n >= t->settings.max_streams) {
            t->counters.streams_refused++;
            return;
        }
        s = stream_take(t);
        if (s == NULL)
            return;
    }
    bool first = !tcp || !(f->synced & 1U << side) || (p->tcp.flags & DECODE_TCP_SYN) != 0 ||
                 p->tcp.seq == f->isn[side] + 1;
    struct flow_interest want = t->listener.begin(t->listener.ctx, f, p, role(f, side), first);
    f->protocol = want.protocol;
    if (tcp) {
        s->user = want.user;
        for (unsigned i = 0; i < 2; i++) {
            flow_assembly_init(&s->side[i]);
            if (f->synced & 1U << i)
                flow_assembly_begin(&s->side[i], f->isn[i] + 1);
        }
        f->stream = s;
        f->listen = FLOW_LISTEN_STREAM;
        if (!want.wanted)
            forget(t, f);
        else
            t->counters.streams++;
    } else if (want.wanted) {
        f->user = want.user;
        f->listen = FLOW_LISTEN_DATAGRAM;
    }
}

/* False: the listener has had enough. */
static bool segment(struct flow_table *t, struct flow *f, const struct decode_packet *p,
                    unsigned side)
{
    struct flow_stream *s = f->stream;
    uint32_t seq = p->tcp.seq;
    if (p->tcp.flags & DECODE_TCP_ACK) {
        struct hearing other = {t, f, s->user, role(f, !side)};
        struct flow_assembly_sink sink = hearer(&other);
        if (!flow_assembly_acked(&s->side[!side], &t->pool, p->ts, p->tcp.ack, &sink))
            return false;
    }
    if (p->tcp.flags & DECODE_TCP_SYN) {
        seq++;
        flow_assembly_begin(&s->side[side], seq);
    }
    bool fin = (p->tcp.flags & DECODE_TCP_FIN) != 0;
    if (p->payload_len == 0 && !fin)
        return true;
    struct hearing h = {t, f, s->user, role(f, side)};
    struct flow_assembly_sink sink = hearer(&h);
    return flow_assembly_push(&s->side[side], &t->pool, p->ts, seq, p->payload, p->payload_len, fin,
                              &sink);
}

void flow_stream_packet(struct flow_table *t, struct flow *f, const struct decode_packet *p,
                        unsigned side)
{
    if (p->incomplete)
        return;
    if (f->listen == FLOW_LISTEN_UNASKED) {
        bool icmp = f->key.proto == DECODE_PROTO_ICMP || f->key.proto == DECODE_PROTO_ICMP6;
        bool payload = p->payload.n > 0 &&
                       (f->key.proto == DECODE_PROTO_TCP || f->key.proto == DECODE_PROTO_UDP);
        if (!icmp && !payload)
            return;
        ask(t, f, p, side);
    }
    if (f->listen == FLOW_LISTEN_DATAGRAM) {
        if (!t->listener.data(t->listener.ctx, f->user, f, role(f, side), p->ts, p->payload, p))
            forget(t, f);
    } else if (f->listen == FLOW_LISTEN_STREAM) {
        if (!segment(t, f, p, side))
            forget(t, f);
        else if (p->tcp.flags & DECODE_TCP_RST)
            flow_stream_end(t, f, FLOW_END_RST);
        else if (f->stream->side[0].closed && f->stream->side[1].closed)
            flow_stream_end(t, f, FLOW_END_FIN);
    }
}

void flow_stream_end(struct flow_table *t, struct flow *f, enum flow_end why)
{
    if (f->listen <= FLOW_LISTEN_NO)
        return;
    void *user = f->user;
    if (f->listen == FLOW_LISTEN_STREAM) {
        struct flow_stream *s = f->stream;
        user = s->user;
        for (unsigned i = 0; i < 2; i++) {
            struct hearing h = {t, f, user, role(f, i)};
            struct flow_assembly_sink sink = hearer(&h);
            if (!flow_assembly_finish(&s->side[i], &t->pool, t->now, &sink)) {
                forget(t, f);
                return;
            }
        }
    }
    t->listener.end(t->listener.ctx, user, f, why, t->now);
    forget(t, f);
}

void flow_stream_drop(struct flow_table *t, struct flow *f)
{
    forget(t, f);
}

void flow_stream_release_free(struct flow_table *t)
{
    while (t->free_streams != NULL) {
        struct flow_stream *s = t->free_streams;
        t->free_streams = s->next_free;
        mem_free(s);
    }
}

size_t flow_stream_bytes(const struct flow_table *t)
{
    return t->stream_made * sizeof(struct flow_stream) + t->pool.budget.used;
}
