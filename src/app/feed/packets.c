/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/packets.h"

#include "base/assert.h"
#include "base/mem.h"
#include "capture/packet.h"
#include "decode/decoder.h"
#include "event/event.h"
#include "flow/table.h"
#include "format/write.h"
#include "trans/listener.h"

#include <stdio.h>
#include <sys/random.h>

/* A flow and its place in the index; what the flow room promises. */
#define BYTES_PER_FLOW 280

struct feed_packets {
    struct feed_packets_settings settings;
    struct decode_decoder *decoder;
    struct flow_table *flows;
    struct trans_listener *trans; /* NULL: flows only */
    uint64_t events;
};

static void on_event(void *ctx, struct event *e)
{
    struct feed_packets *p = ctx;
    p->events++;
    p->settings.sink(p->settings.ctx, e);
}

static void on_packet(void *ctx, const struct decode_packet *packet)
{
    struct feed_packets *p = ctx;
    flow_table_packet(p->flows, packet);
}

struct hash_key feed_packets_seed(void)
{
    struct hash_key seed = {0};
    /* 16 bytes come whole and at once on any Linux that has booted. */
    ssize_t n = getrandom(&seed, sizeof(seed), 0);
    ASSERT(n == (ssize_t)sizeof(seed));
    return seed;
}

enum err feed_packets_new(const struct feed_packets_settings *settings, struct feed_packets **out)
{
    struct feed_packets *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return ERR_MEMORY;
    p->settings = *settings;
    struct flow_table_settings flow = flow_table_settings_default();
    flow.seed = settings->seed;
    flow.observer = (struct flow_observer){
        .host_name = settings->sensor,
        .agent_name = settings->sensor,
        .agent_id = settings->agent_id,
    };
    /* Half of the memory for flows, half for what is open in their streams. */
    uint64_t flows = settings->memory / 2 / BYTES_PER_FLOW;
    flow.max_flows = flows < (1U << 26) ? (uint32_t)flows : 1U << 26;
    flow.stream_bytes = settings->memory / 4;
    struct trans_listener_settings trans = trans_listener_settings_default();
    trans.observer = flow.observer;
    trans.seed = settings->seed;
    trans.session_bytes = settings->memory / 4;
    struct decode_settings decode = decode_settings_default();
    decode.seed = settings->seed;
    enum err err = decode_decoder_new(&decode, on_packet, p, &p->decoder);
    struct flow_listener face;
    if (err == ERR_NONE && !settings->flows_only) {
        err = trans_listener_new(&trans, on_event, p, &p->trans);
        if (err == ERR_NONE)
            face = trans_listener_face(p->trans);
    }
    if (err == ERR_NONE)
        err = flow_table_new(&flow, on_event, p, p->trans != NULL ? &face : NULL, &p->flows);
    if (err != ERR_NONE) {
        feed_packets_free(p);
        return err;
    }
    *out = p;
    return ERR_NONE;
}

void feed_packets_free(struct feed_packets *p)
{
    if (p == NULL)
        return;
    flow_table_free(p->flows);
    trans_listener_free(p->trans);
    decode_decoder_free(p->decoder);
    mem_free(p);
}

void feed_packets_feed(struct feed_packets *p, const struct capture_packet *packet)
{
    const struct decode_input in = {
        .ts = packet->ts,
        .link = packet->link,
        .interface = packet->interface,
        .wire_len = packet->wire_len,
        .data = packet->data,
    };
    decode_decoder_feed(p->decoder, &in);
}

void feed_packets_advance(struct feed_packets *p, ts_ns now)
{
    decode_decoder_advance(p->decoder, now);
    flow_table_advance(p->flows, now);
}

void feed_packets_flush(struct feed_packets *p)
{
    decode_decoder_flush(p->decoder);
    flow_table_flush(p->flows);
    if (p->trans != NULL)
        trans_listener_flush(p->trans);
}

void feed_packets_totals(const struct feed_packets *p, struct feed_packets_totals *out)
{
    const struct decode_counters *d = decode_decoder_counters(p->decoder);
    struct flow_counters f = flow_table_counters(p->flows);
    *out = (struct feed_packets_totals){
        .packets = d->packets, .bytes = d->bytes, .events = p->events, .flows = f.flows};
}

static void dropped(struct format_writer *w, const char *room, const char *reason, uint64_t n)
{
    char key[64];
    if (n == 0)
        return;
    snprintf(key, sizeof(key), "%s.%s", room, reason);
    format_write_field_i64(w, key, (int64_t)n);
}

void feed_packets_dropped(const struct feed_packets *p, struct format_writer *w)
{
    const struct decode_counters *d = decode_decoder_counters(p->decoder);
    struct flow_counters f = flow_table_counters(p->flows);
    for (int v = DECODE_NOT_IP; v < DECODE_VERDICTS; v++)
        dropped(w, "decode", decode_verdict_name((enum decode_verdict)v), d->by_verdict[v]);
    dropped(w, "decode", "fragment_timeouts", d->fragment_timeouts);
    dropped(w, "decode", "fragment_evictions", d->fragment_evictions);
    dropped(w, "flow", "evicted", f.ended[FLOW_END_EVICTED]);
    dropped(w, "flow", "no_memory", f.no_memory);
    dropped(w, "flow", "streams_refused", f.streams_refused);
    dropped(w, "flow", "segments_refused", f.segments_refused);
    dropped(w, "flow", "segments_outside", f.segments_outside);
    dropped(w, "flow", "gap_bytes", f.gap_bytes);
    if (p->trans == NULL)
        return;
    struct trans_counters t = trans_listener_counters(p->trans);
    dropped(w, "trans", "evicted", t.evicted);
    dropped(w, "trans", "broken", t.broken);
    dropped(w, "trans", "lost", t.lost);
    dropped(w, "trans", "over_budget", t.over_budget);
    dropped(w, "trans", "escaped_bytes", t.escaped);
    dropped(w, "trans", "no_memory", t.no_memory);
}
