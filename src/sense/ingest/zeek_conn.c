/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection: which of Zeek's two byte counts is believed, what its state means, and where the
 * bytes of a long one are booked. docs/method/zeek.md.
 */
#include "ingest/truth.h"
#include "ingest/zeek_priv.h"

#include <stdio.h>
#include <string.h>

#define TEXT(e, field, text) event_set_str_view(e, field, text, sizeof(text) - 1)

/* More reports than this are not made of one connection: their spans grow instead. */
#define REPORTS_MAX 1440

static const struct state {
    const char *name;
    const char *message;
    const char *type; /* a further event.type, or NULL */
    const char *outcome;
} states[] = {
    {"S0", "a request was seen, no answer", "start", "failure"},
    {"S1", "established, no end was seen", "start", "success"},
    {"SF", "established and ended in good order", "end", "success"},
    {"REJ", "the request was refused", "denied", "failure"},
    {"S2", "established; the originator ended it, the responder did not answer that", "start",
     "success"},
    {"S3", "established; the responder ended it, the originator did not answer that", "start",
     "success"},
    {"RSTO", "established; the originator broke it off", "end", "success"},
    {"RSTR", "established; the responder broke it off", "end", "success"},
    {"RSTOS0", "a request and its withdrawal were seen, no answer", "end", "failure"},
    {"RSTRH", "an answer and then a reset by the responder were seen, no request", "end",
     "failure"},
    {"SH", "a request and the originator's end were seen, no answer", "end", "failure"},
    {"SHR", "an answer and the responder's end were seen, no request", "end", "failure"},
    {"OTH", "neither a request nor an end was seen", NULL, "unknown"},
};

static const struct event_value *text_value(const struct ingest_zeek *z, enum ingest_zeek_column c)
{
    const struct event_value *v = zeek_first(z, c);
    return v != NULL && v->type == EVENT_STR ? v : NULL;
}

/* 1, 0, or −1 when the log does not say. */
static int local(const struct ingest_zeek *z, enum ingest_zeek_column c)
{
    const struct event_value *v = zeek_first(z, c);
    if (v == NULL)
        return -1;
    if (v->type == EVENT_BOOL)
        return v->b;
    if (v->type != EVENT_STR || v->len == 0)
        return -1;
    return v->s[0] == 'T' || v->s[0] == 't' ? 1 : v->s[0] == 'F' || v->s[0] == 'f' ? 0 : -1;
}

static void set_direction(struct ingest_zeek *z)
{
    int orig = local(z, ZEEK_LOCAL_ORIG);
    int resp = local(z, ZEEK_LOCAL_RESP);
    if (orig >= 0)
        event_set_bool(&z->e, EVENT_F_ZEEK_CONNECTION_LOCAL_ORIG, orig == 1);
    if (resp >= 0)
        event_set_bool(&z->e, EVENT_F_ZEEK_CONNECTION_LOCAL_RESP, resp == 1);
    if (orig < 0 || resp < 0)
        return;
    static const char *const names[] = {"external", "inbound", "outbound", "internal"};
    const char *name = names[orig * 2 + resp];
    event_set_str_view(&z->e, EVENT_F_NETWORK_DIRECTION, name, strlen(name));
}

static void set_state(struct ingest_zeek *z)
{
    const struct event_value *v = text_value(z, ZEEK_CONN_STATE);
    if (v == NULL)
        return;
    event_set_str_view(&z->e, EVENT_F_ZEEK_CONNECTION_STATE, v->s, v->len);
    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        const struct state *s = &states[i];
        if (strlen(s->name) != v->len || memcmp(s->name, v->s, v->len) != 0)
            continue;
        event_set_str_view(&z->e, EVENT_F_ZEEK_CONNECTION_STATE_MESSAGE, s->message,
                           strlen(s->message));
        event_set_str_view(&z->e, EVENT_F_EVENT_OUTCOME, s->outcome, strlen(s->outcome));
        if (strcmp(s->name, "REJ") == 0)
            event_add_str(&z->e, EVENT_F_EVENT_TYPE, s->type, strlen(s->type));
    }
}

/* Bytes, packets and payload of one end. */
static void set_side(struct ingest_zeek *z, bool orig)
{
    struct event *e = &z->e;
    const struct event_value *history = text_value(z, ZEEK_HISTORY);
    const struct event_value *proto = text_value(z, ZEEK_PROTO);
    bool tcp = proto != NULL && proto->len == 3 && memcmp(proto->s, "tcp", 3) == 0;
    struct ingest_truth_side side = {
        .packets = ingest_zeek_map_count(z, orig ? ZEEK_ORIG_PKTS : ZEEK_RESP_PKTS),
        .ip_bytes = ingest_zeek_map_count(z, orig ? ZEEK_ORIG_IP_BYTES : ZEEK_RESP_IP_BYTES),
        .payload_bytes = ingest_zeek_map_count(z, orig ? ZEEK_ORIG_BYTES : ZEEK_RESP_BYTES),
        .carried_data =
            !tcp || history == NULL || memchr(history->s, orig ? 'D' : 'd', history->len) != NULL,
    };
    enum ingest_truth_verdict verdict;
    int64_t bytes = ingest_truth_side(&side, &verdict);
    if (bytes < 0)
        return;
    event_set_i64(e, orig ? EVENT_F_SOURCE_BYTES : EVENT_F_DESTINATION_BYTES, bytes);
    if (side.packets >= 0)
        event_set_i64(e, orig ? EVENT_F_SOURCE_PACKETS : EVENT_F_DESTINATION_PACKETS, side.packets);
    if (side.payload_bytes >= 0 && side.payload_bytes <= bytes)
        event_set_i64(e,
                      orig ? EVENT_F_WEIR_FLOW_SOURCE_PAYLOAD_BYTES
                           : EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES,
                      side.payload_bytes);
    if (verdict == INGEST_TRUTH_FINE)
        return;
    bool high = verdict == INGEST_TRUTH_HIGH;
    int64_t was = high ? side.payload_bytes : side.ip_bytes;
    event_set_i64(
        e, orig ? EVENT_F_WEIR_ORIGINAL_SOURCE_BYTES : EVENT_F_WEIR_ORIGINAL_DESTINATION_BYTES,
        was);
    if (orig)
        event_add_str(e, EVENT_F_WEIR_UNTRUE, "source.bytes", 12);
    else
        event_add_str(e, EVENT_F_WEIR_UNTRUE, "destination.bytes", 17);
    if (high)
        z->counts->untrue_high++;
    else
        z->counts->untrue_low++;
}

void ingest_zeek_conn_fields(struct ingest_zeek *z)
{
    struct event *e = &z->e;
    const struct event_value *v = text_value(z, ZEEK_HISTORY);
    if (v != NULL)
        event_set_str_view(e, EVENT_F_ZEEK_CONNECTION_HISTORY, v->s, v->len);
    const struct ingest_zeek_cell *service = &z->special[ZEEK_SERVICE];
    const struct event_value *names = service->many != NULL ? service->many : &service->one;
    for (uint32_t i = 0; i < service->n; i++) {
        if (names[i].type != EVENT_STR)
            continue;
        /* "krb,smb,gssapi": each is a protocol spoken. */
        for (const char *p = names[i].s, *end = p + names[i].len; p < end;) {
            const char *comma = memchr(p, ',', (size_t)(end - p));
            const char *stop = comma != NULL ? comma : end;
            if (stop > p)
                event_add_str(e, EVENT_F_NETWORK_PROTOCOL, p, (size_t)(stop - p));
            p = stop + 1;
        }
    }
    v = text_value(z, ZEEK_UID);
    if (v != NULL)
        event_set_str_view(e, EVENT_F_FLOW_ID, v->s, v->len);
    set_direction(z);
    set_state(z);
    set_side(z, true);
    set_side(z, false);
    TEXT(e, EVENT_F_EVENT_ACTION, "network_flow");
}

/* The counts of a connection that are spread: what was booked so far, and the whole. */
static const struct spread {
    event_field part, total;
} spreads[] = {
    {EVENT_F_SOURCE_BYTES, EVENT_F_WEIR_FLOW_SOURCE_BYTES_TOTAL},
    {EVENT_F_SOURCE_PACKETS, EVENT_F_WEIR_FLOW_SOURCE_PACKETS_TOTAL},
    {EVENT_F_DESTINATION_BYTES, EVENT_F_WEIR_FLOW_DESTINATION_BYTES_TOTAL},
    {EVENT_F_DESTINATION_PACKETS, EVENT_F_WEIR_FLOW_DESTINATION_PACKETS_TOTAL},
    {EVENT_F_WEIR_FLOW_SOURCE_PAYLOAD_BYTES, EVENT_F_COUNT},
    {EVENT_F_WEIR_FLOW_DESTINATION_PAYLOAD_BYTES, EVENT_F_COUNT},
};

#define SPREADS (sizeof(spreads) / sizeof(spreads[0]))

/* total × part / whole, rounded down. */
static int64_t share(int64_t total, ts_ns part, ts_ns whole)
{
    return (int64_t)((__int128)total * part / whole);
}

/* How many reports a connection of that length gives. */
static int64_t pieces_of(const struct ingest_zeek *z, ts_ns duration, int64_t packets)
{
    ts_ns every = z->options.report_every_ns;
    if (every <= 0 || duration <= every || packets == 0)
        return 1;
    int64_t n = (duration - 1) / every + 1;
    if (n > REPORTS_MAX)
        n = REPORTS_MAX;
    /* A report wants a packet to report. */
    return packets > 0 && n > packets ? packets : n;
}

static void give(struct event *e, event_sink_fn sink, void *ctx)
{
    int64_t sums[2] = {0, 0};
    bool has = false;
    for (size_t i = 0; i < 4; i++) {
        int64_t v = event_i64(e, spreads[i].part, -1);
        has = has || v >= 0;
        if (v > 0 && __builtin_add_overflow(sums[i & 1], v, &sums[i & 1]))
            sums[i & 1] = INT64_MAX;
    }
    if (has) {
        event_set_i64(e, EVENT_F_NETWORK_BYTES, sums[0]);
        event_set_i64(e, EVENT_F_NETWORK_PACKETS, sums[1]);
    }
    sink(ctx, e);
}

static void mark(struct event *e, int64_t report, bool last)
{
    if (report == 1)
        event_add_str(e, EVENT_F_EVENT_TYPE, "start", 5);
    if (last)
        event_add_str(e, EVENT_F_EVENT_TYPE, "end", 3);
    event_set_bool(e, EVENT_F_FLOW_FINAL, last);
    event_set_i64(e, EVENT_F_WEIR_FLOW_REPORTS, report);
}

void ingest_zeek_conn_give(struct ingest_zeek *z, event_sink_fn sink, void *ctx)
{
    struct event *whole = &z->e;
    ts_ns start = whole->time;
    ts_ns duration = ingest_zeek_map_span(z, ZEEK_DURATION);
    ts_ns end;
    if (duration < 0 || __builtin_add_overflow(start, duration, &end)) {
        duration = 0;
        end = start;
    } else {
        event_set_i64(whole, EVENT_F_EVENT_DURATION, duration);
        event_set_time(whole, EVENT_F_EVENT_END, end);
    }
    event_set_time(whole, EVENT_F_EVENT_START, start);
    if (z->written == TIME_NONE || end > z->written)
        z->written = end;
    /* Before this moment nothing can be booked any more. */
    ts_ns floor = z->options.late_ns > 0 && z->written > INT64_MIN + z->options.late_ns
                      ? z->written - z->options.late_ns
                      : INT64_MIN;

    int64_t totals[SPREADS];
    int64_t booked[SPREADS] = {0};
    for (size_t i = 0; i < SPREADS; i++)
        totals[i] = event_i64(whole, spreads[i].part, -1);
    int64_t packets = totals[1] < 0 && totals[3] < 0
                          ? -1
                          : (totals[1] > 0 ? totals[1] : 0) + (totals[3] > 0 ? totals[3] : 0);
    int64_t pieces = pieces_of(z, duration, packets);
    if (pieces == 1) {
        if (whole->time < floor) {
            whole->time = floor;
            z->counts->moved++;
        }
        mark(whole, 1, true);
        give(whole, sink, ctx);
        return;
    }
    z->counts->booked++;
    int64_t report = 0;
    for (int64_t k = 0; k < pieces; k++) {
        ts_ns from = start + share(duration, k, pieces);
        ts_ns until = share(duration, k + 1, pieces); /* since the start */
        bool last = k + 1 == pieces;
        if (!last && start + until <= floor) {
            z->counts->moved++; /* its bytes go into the first piece that is in time */
            continue;
        }
        struct event e;
        event_copy(&e, whole->arena, whole);
        e.time = from > floor ? from : floor;
        event_set_time(&e, EVENT_F_EVENT_END, start + until);
        event_set_i64(&e, EVENT_F_EVENT_DURATION, until);
        for (size_t i = 0; i < SPREADS; i++) {
            if (totals[i] < 0)
                continue;
            int64_t sum = share(totals[i], until, duration);
            event_set_i64(&e, spreads[i].part, sum - booked[i]);
            if (spreads[i].total < EVENT_F_COUNT)
                event_set_i64(&e, spreads[i].total, sum);
            booked[i] = sum;
        }
        mark(&e, ++report, last);
        give(&e, sink, ctx);
    }
}
