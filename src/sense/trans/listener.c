/* SPDX-License-Identifier: Apache-2.0 */
#include "trans/listener.h"

#include "base/assert.h"
#include "base/mem.h"
#include "decode/packet.h"
#include "proto/detect.h"
#include "trans/trans_priv.h"

/*
 * The table keeps one word for each flow. Flows of datagrams need no more than a serial number and
 * what they carry: an odd word. Streams have a session: a pointer, which is even.
 */
enum datagram { DATAGRAM_DNS = 1, DATAGRAM_ICMP = 3 };

static void *datagram_word(uint64_t serial, enum datagram kind)
{
    return (void *)((uintptr_t)serial << 2 | kind);
}

static bool is_datagram(const void *user)
{
    return ((uintptr_t)user & 1) != 0;
}

static void give_unanswered(struct trans_listener *l, struct trans_waiting *w, ts_ns time)
{
    if (w->dns)
        trans_dns_unanswered(l, w, time);
    else
        trans_icmp_unanswered(l, w, time);
    trans_pending_remove(l->pending, w);
}

struct trans_waiting *trans_listener_wait(struct trans_listener *l, uint64_t serial, uint16_t id,
                                          enum flow_side side)
{
    ts_ns deadline = time_floor(l->now, TIME_S) + TIME_S;
    if (__builtin_add_overflow(deadline, l->settings.timeout_ns, &deadline))
        deadline = TIME_MAX;
    struct trans_waiting *w = trans_pending_add(l->pending, serial, id, side, deadline);
    if (w == NULL) {
        w = trans_pending_oldest(l->pending);
        if (w == NULL) {
            l->counters.no_memory++;
            return NULL;
        }
        l->counters.evicted++;
        give_unanswered(l, w, l->now);
        w = trans_pending_add(l->pending, serial, id, side, deadline);
    }
    return w;
}

/* Serial numbers are the listener's own, so that nobody can choose who shares a place with whom. */
static uint64_t answer_name(uint64_t serial, uint16_t id, enum flow_side side, uint64_t size)
{
    return hash_mix(serial << 17 | (uint64_t)id << 1 | (uint64_t)side) ^ (size << 1 | 1);
}

void trans_listener_answered(struct trans_listener *l, uint64_t serial, uint16_t id,
                             enum flow_side side, uint64_t size)
{
    uint64_t name = answer_name(serial, id, side, size);
    l->answered[(name >> 32) % TRANS_ANSWERED] = name;
}

bool trans_listener_was_answered(const struct trans_listener *l, uint64_t serial, uint16_t id,
                                 enum flow_side side, uint64_t size)
{
    uint64_t name = answer_name(serial, id, side, size);
    return l->answered[(name >> 32) % TRANS_ANSWERED] == name;
}

static void now_is(struct trans_listener *l, ts_ns ts)
{
    if (ts > l->now)
        l->now = ts;
}

static struct flow_interest begin(void *ctx, const struct flow *f, const struct decode_packet *p,
                                  enum flow_side side, bool first)
{
    (void)f;
    (void)side;
    struct trans_listener *l = ctx;
    struct flow_interest want = {.wanted = false};
    if (p->proto == DECODE_PROTO_UDP) {
        enum proto_kind kind = proto_detect_datagram(p->payload, p->src_port, p->dst_port);
        want.protocol = proto_detect_name(kind);
        want.wanted = kind == PROTO_KIND_DNS;
        if (want.wanted)
            want.user = datagram_word(++l->serial, DATAGRAM_DNS);
    } else if (p->proto == DECODE_PROTO_TCP) {
        enum proto_kind kind = proto_detect_stream(p->payload, p->src_port, p->dst_port);
        want.protocol = proto_detect_name(kind);
        if (kind == PROTO_KIND_UNKNOWN && !first)
            kind = PROTO_KIND_MORE; /* the beginning may only be late */
        if (kind == PROTO_KIND_DNS || kind == PROTO_KIND_HTTP || kind == PROTO_KIND_TLS ||
            kind == PROTO_KIND_MORE) {
            want.user = trans_session_new(l);
            want.wanted = want.user != NULL;
        }
    } else if (trans_icmp_wanted(p)) {
        want.wanted = true;
        want.user = datagram_word(++l->serial, DATAGRAM_ICMP);
    }
    return want;
}

static bool data(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts,
                 struct bytes bytes, const struct decode_packet *p)
{
    struct trans_listener *l = ctx;
    now_is(l, ts);
    if (!is_datagram(user))
        return trans_session_data(user, f, side, ts, bytes);
    uintptr_t word = (uintptr_t)user;
    if ((word & 3) == DATAGRAM_ICMP)
        trans_icmp_message(l, word >> 2, f, side, p);
    else if (bytes.n > 0)
        trans_dns_message(l, word >> 2, f, side, ts, bytes);
    return true;
}

static bool gap(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts,
                uint64_t missing)
{
    now_is(ctx, ts);
    return trans_session_gap(user, f, side, ts, missing);
}

static bool close_side(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts)
{
    now_is(ctx, ts);
    return trans_session_close(user, f, side, ts);
}

static void tick(void *ctx, ts_ns now)
{
    struct trans_listener *l = ctx;
    struct trans_waiting *w;
    while ((w = trans_pending_oldest(l->pending)) != NULL && w->deadline <= now)
        give_unanswered(l, w, w->deadline);
    now_is(l, now);
}

static void end(void *ctx, void *user, const struct flow *f, enum flow_end why, ts_ns ts)
{
    (void)why;
    now_is(ctx, ts);
    if (!is_datagram(user))
        trans_session_end(user, f, ts);
}

struct flow_listener trans_listener_face(struct trans_listener *l)
{
    return (struct flow_listener){l, begin, data, gap, close_side, tick, end};
}

struct trans_listener_settings trans_listener_settings_default(void)
{
    return (struct trans_listener_settings){
        .timeout_ns = 10 * TIME_S, .max_waiting = 65536, .session_bytes = 64u << 20};
}

enum err trans_listener_new(const struct trans_listener_settings *settings, event_sink_fn sink,
                            void *sink_ctx, struct trans_listener **out)
{
    if (settings->timeout_ns < TIME_S || settings->timeout_ns > TIME_HOUR ||
        settings->timeout_ns % TIME_S != 0 || settings->max_waiting < 1 ||
        settings->max_waiting > 1u << 24)
        return ERR_INVALID;
    struct trans_listener *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return ERR_MEMORY;
    l->settings = *settings;
    l->sink = sink;
    l->sink_ctx = sink_ctx;
    l->now = TIME_NONE;
    arena_init(&l->arena, 0);
    arena_init(&l->pattern_arena, 0);
    budget_init(&l->budget, settings->session_bytes);
    l->pending = trans_pending_new(settings->seed, settings->max_waiting);
    if (l->pending == NULL || !trans_event_prepare(l)) {
        trans_listener_free(l);
        return ERR_MEMORY;
    }
    *out = l;
    return ERR_NONE;
}

void trans_listener_free(struct trans_listener *l)
{
    if (l == NULL)
        return;
    while (l->oldest != NULL)
        trans_session_free(l->oldest);
    trans_session_release(l);
    trans_pending_free(l->pending);
    arena_release(&l->arena);
    arena_release(&l->pattern_arena);
    mem_free(l);
}

void trans_listener_flush(struct trans_listener *l)
{
    struct trans_waiting *w;
    while ((w = trans_pending_oldest(l->pending)) != NULL)
        give_unanswered(l, w, l->now);
}

size_t trans_listener_bytes(const struct trans_listener *l)
{
    return sizeof(*l) + trans_pending_bytes(l->pending) + l->budget.used +
           l->session_made * sizeof(struct trans_session);
}

struct trans_counters trans_listener_counters(const struct trans_listener *l)
{
    return l->counters;
}
