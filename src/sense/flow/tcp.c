/* SPDX-License-Identifier: Apache-2.0 */
#include "flow/flow_priv.h"

#include "decode/packet.h"

/* A SYN this soon after the first packet may have been overtaken by it on its way here. */
#define OVERTAKEN_NS TIME_S

/* Below it, services; above it, whoever calls them. */
#define WELL_KNOWN 1024

static bool is_syn(const struct decode_packet *p)
{
    return (p->tcp.flags & (DECODE_TCP_SYN | DECODE_TCP_ACK | DECODE_TCP_RST | DECODE_TCP_FIN)) ==
           DECODE_TCP_SYN;
}

bool flow_tcp_reuses(const struct flow *f, const struct decode_packet *p, unsigned side)
{
    if (!is_syn(p) || f->state < FLOW_TCP_OPEN)
        return false;
    if (f->synced & 1U << side)
        return f->isn[side] != p->tcp.seq;
    /* Picked up in the middle: the SYN may only be late. */
    return f->state != FLOW_TCP_OPEN || f->reports > 0 || p->ts - f->start > OVERTAKEN_NS;
}

static void begun_by(struct flow *f, unsigned side, enum flow_origin origin)
{
    if (f->reports > 0 || f->listen > FLOW_LISTEN_NO)
        return; /* somebody was told: they stay */
    f->began = (uint8_t)side;
    f->origin = (uint8_t)origin;
}

static void synced(struct flow *f, const struct decode_packet *p, unsigned side)
{
    f->isn[side] = p->tcp.seq;
    f->synced |= (uint8_t)(1U << side);
}

bool flow_tcp_follow(struct flow *f, const struct decode_packet *p, unsigned side)
{
    if (p->tcp.header_len == 0)
        return false; /* a fragment without its header */
    uint8_t flags = p->tcp.flags;
    uint8_t before = f->state;
    f->tcp_flags[side] |= flags;
    if (is_syn(p)) {
        synced(f, p, side);
        if (f->state == FLOW_TCP_NONE || f->origin != FLOW_ORIGIN_SYN)
            begun_by(f, side, FLOW_ORIGIN_SYN);
        if (f->state == FLOW_TCP_NONE)
            f->state = FLOW_TCP_SYN;
        else if (f->state == FLOW_TCP_SYN && (f->heard & 1U << !side))
            f->state = FLOW_TCP_SYN_ACK; /* both opened at once */
    } else if ((flags & DECODE_TCP_SYN) && !(flags & DECODE_TCP_RST)) {
        if (!(f->synced & 1U << side))
            synced(f, p, side);
        if (f->state == FLOW_TCP_NONE)
            begun_by(f, !side, FLOW_ORIGIN_SYN_ACK);
        if (f->state <= FLOW_TCP_SYN)
            f->state = FLOW_TCP_SYN_ACK;
    } else if (f->state == FLOW_TCP_NONE) {
        if (p->src_port < WELL_KNOWN && p->dst_port >= WELL_KNOWN)
            begun_by(f, !side, FLOW_ORIGIN_PORT);
        f->state = FLOW_TCP_OPEN;
    } else if (f->state == FLOW_TCP_SYN_ACK ||
               (f->state == FLOW_TCP_SYN && p->payload_len > 0 && side == f->began)) {
        if (flags & DECODE_TCP_ACK)
            f->state = FLOW_TCP_OPEN;
    }
    if (flags & DECODE_TCP_RST) {
        f->state = FLOW_TCP_RESET;
    } else if (flags & DECODE_TCP_FIN) {
        f->fins |= (uint8_t)(1U << side);
        if (f->state != FLOW_TCP_RESET)
            f->state = f->fins == 3 ? FLOW_TCP_CLOSED : FLOW_TCP_HALF_CLOSED;
    }
    return f->state != before && f->state >= FLOW_TCP_HALF_CLOSED;
}

const char *flow_tcp_state_name(uint8_t state)
{
    switch ((enum flow_tcp_state)state) {
    case FLOW_TCP_NONE:
        break;
    case FLOW_TCP_SYN:
        return "syn";
    case FLOW_TCP_SYN_ACK:
        return "syn_ack";
    case FLOW_TCP_OPEN:
        return "open";
    case FLOW_TCP_HALF_CLOSED:
        return "half_closed";
    case FLOW_TCP_CLOSED:
        return "closed";
    case FLOW_TCP_RESET:
        return "reset";
    }
    return NULL;
}
