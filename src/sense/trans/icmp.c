/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/packet.h"
#include "trans/trans_priv.h"

/* Messages that ask one host and are answered by one. */
static const struct {
    uint8_t proto, request, reply;
    const char *asks, *answers;
} kinds[] = {
    {DECODE_PROTO_ICMP, 8, 0, "echo request", "echo reply"},
    {DECODE_PROTO_ICMP, 13, 14, "timestamp request", "timestamp reply"},
    {DECODE_PROTO_ICMP, 17, 18, "address mask request", "address mask reply"},
    {DECODE_PROTO_ICMP6, 128, 129, "echo request", "echo reply"},
};

#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static size_t kind_of(uint8_t proto, uint8_t type)
{
    size_t i = 0;
    while (i < KINDS &&
           !(kinds[i].proto == proto && (kinds[i].request == type || kinds[i].reply == type)))
        i++;
    return i;
}

bool trans_icmp_wanted(const struct decode_packet *p)
{
    return kind_of(p->proto, p->icmp.type) < KINDS;
}

static void describe(struct event *e, size_t kind, bool request, bool response)
{
    bool v4 = kinds[kind].proto == DECODE_PROTO_ICMP;
    event_set_i64(e, EVENT_F_ICMP_VERSION, v4 ? 4 : 6);
    if (request) {
        const char *text = kinds[kind].asks;
        event_set_str_view(e, EVENT_F_ICMP_REQUEST_MESSAGE, text, strlen(text));
        event_set_i64(e, EVENT_F_ICMP_REQUEST_TYPE, kinds[kind].request);
        event_set_i64(e, EVENT_F_ICMP_REQUEST_CODE, 0);
    }
    if (response) {
        const char *text = kinds[kind].answers;
        event_set_str_view(e, EVENT_F_ICMP_RESPONSE_MESSAGE, text, strlen(text));
        event_set_i64(e, EVENT_F_ICMP_RESPONSE_TYPE, kinds[kind].reply);
        event_set_i64(e, EVENT_F_ICMP_RESPONSE_CODE, 0);
        TRANS_TEXT(e, EVENT_F_STATUS, "OK");
        TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "success");
    } else {
        TRANS_TEXT(e, EVENT_F_STATUS, "Error");
        TRANS_TEXT(e, EVENT_F_EVENT_OUTCOME, "unknown");
        TRANS_TEXT(e, EVENT_F_ERROR_MESSAGE, "no response was seen");
    }
}

void trans_icmp_message(struct trans_listener *l, uint64_t serial, const struct flow *f,
                        enum flow_side side, const struct decode_packet *p)
{
    size_t kind = kind_of(p->proto, p->icmp.type);
    if (kind == KINDS)
        return;
    if (p->icmp.type == kinds[kind].request) {
        if (trans_pending_find(l->pending, serial, p->icmp.seq, side) != NULL) {
            l->counters.repeated++;
            return;
        }
        struct trans_waiting *w = trans_listener_wait(l, serial, p->icmp.seq, side);
        if (w == NULL)
            return;
        w->dns = false;
        w->type = p->icmp.type;
        w->ts = p->ts;
        w->wire_n = (uint32_t)p->payload_len;
        w->data_n = 0;
        w->origin = trans_event_origin(f, side);
        return;
    }
    struct trans_waiting *w =
        trans_pending_find(l->pending, serial, p->icmp.seq, trans_other(side));
    if (w == NULL && trans_listener_was_answered(l, serial, p->icmp.seq, side, p->payload_len)) {
        l->counters.repeated++;
        return;
    }
    struct trans_origin o = w != NULL ? w->origin : trans_event_origin(f, trans_other(side));
    struct event e;
    trans_event_begin(l, &e, TRANS_PATTERN_ICMP, &o, w != NULL ? w->ts : p->ts, p->ts);
    trans_event_related(&e, &o, 0);
    describe(&e, kind, w != NULL, true);
    if (w != NULL) {
        event_set_i64(&e, EVENT_F_WEIR_REQUEST_BYTES, w->wire_n);
        trans_pending_remove(l->pending, w);
        trans_listener_answered(l, serial, p->icmp.seq, side, p->payload_len);
    } else {
        l->counters.unasked++;
    }
    event_set_i64(&e, EVENT_F_WEIR_RESPONSE_BYTES, (int64_t)p->payload_len);
    l->counters.icmp++;
    trans_event_give(l, &e, p->ts);
}

void trans_icmp_unanswered(struct trans_listener *l, const struct trans_waiting *w, ts_ns time)
{
    size_t kind = kind_of(w->origin.ends.proto, w->type);
    struct event e;
    trans_event_begin(l, &e, TRANS_PATTERN_ICMP, &w->origin, w->ts, time);
    trans_event_related(&e, &w->origin, 0);
    describe(&e, kind, true, false);
    event_set_i64(&e, EVENT_F_WEIR_REQUEST_BYTES, w->wire_n);
    l->counters.icmp++;
    l->counters.unanswered++;
    trans_event_give(l, &e, time);
}
