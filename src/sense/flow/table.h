#ifndef FLOW_TABLE_H
#define FLOW_TABLE_H

/*
 * The flow table: packets in, one event a minute and one at the end of each conversation out.
 *
 * Both directions of a conversation are one flow. Its key is the two addresses, the protocol and
 * the ports (for ICMP queries their kind and identifier); VLAN tags are noted and are no part of
 * the key. Reports and time-outs happen on whole seconds of engine time, whatever packets come:
 * the same packets give the same events, however often flow_table_advance() is called between.
 *
 * Memory is bounded by settings: max_flows flows of 256 bytes and their index, and stream_bytes
 * for reassembly. A full table evicts the oldest flow in which only one side has spoken or, when
 * these are few, the one of a handful that was heard of least recently. Method:
 * docs/method/flow.md.
 *
 * Ownership: flow_table_new() makes the table; an event given to the sink is borrowed until the
 *            sink returns.
 * Threads:   one owner. Several tables share nothing.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "event/sink.h"
#include "flow/observer.h"
#include "flow/stream.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct decode_packet;
struct flow_table;

struct flow_table_settings {
    struct hash_key seed;
    uint32_t max_flows;       /* 1 to 2^26 */
    ts_ns report_every_ns;    /* of flows that live longer; whole seconds */
    ts_ns tcp_opening_ns;     /* idle time-outs, whole seconds: before the handshake is done */
    ts_ns tcp_open_ns;        /* established, or picked up in the middle */
    ts_ns tcp_half_closed_ns; /* one side has sent FIN */
    ts_ns tcp_closed_ns;      /* both FIN or RST: waits for stragglers */
    ts_ns udp_single_ns;      /* at most one packet from each side */
    ts_ns udp_ns;
    ts_ns icmp_ns;
    ts_ns other_ns;
    uint32_t max_streams;       /* flows listened to at a time */
    uint64_t stream_bytes;      /* out of order bytes kept, all streams together */
    uint32_t stream_bytes_each; /* the same for one direction of one stream */
    struct flow_observer observer;
};

/* One million flows, a report a minute, and the time-outs of docs/method/flow.md. */
struct flow_table_settings flow_table_settings_default(void);

struct flow_counters {
    uint64_t packets;
    uint64_t bytes;     /* IP bytes */
    uint64_t flows;     /* begun */
    uint64_t picked_up; /* TCP flows whose beginning was not seen */
    uint64_t turned;    /* flows whose source is not who was heard first */
    uint64_t ended[FLOW_ENDS];
    uint64_t reports;    /* events given out */
    uint64_t late;       /* packets with a time before engine time */
    uint64_t duplicates; /* TCP segments that look like copies made by a mirror port; counted */
    uint64_t no_memory;  /* packets or events lost because memory was short */

    uint64_t streams;          /* listened to */
    uint64_t streams_refused;  /* wanted, but there were max_streams */
    uint64_t segments_kept;    /* out of order */
    uint64_t segments_refused; /* out of order, and no budget for them */
    uint64_t segments_outside; /* too far away to belong to the stream */
    uint64_t repeated_bytes;   /* seen before: retransmissions and overlaps */
    uint64_t gaps;
    uint64_t gap_bytes;
};

/*
 * listener may be NULL; it is copied. ERR_MEMORY; ERR_INVALID for settings outside their ranges.
 */
enum err flow_table_new(const struct flow_table_settings *settings, event_sink_fn sink,
                        void *sink_ctx, const struct flow_listener *listener,
                        struct flow_table **out) ERR_MUST_CHECK;
void flow_table_free(struct flow_table *t); /* NULL is fine; reports nothing */

/* One packet, in the order of time as far as possible. Advances engine time to its second. */
void flow_table_packet(struct flow_table *t, const struct decode_packet *p);

/* Engine time is now: reports and ends what is due. A time that lies back is ignored. */
void flow_table_advance(struct flow_table *t, ts_ns now);

/* The input ended: every flow is reported for the last time, oldest first. */
void flow_table_flush(struct flow_table *t);

size_t flow_table_count(const struct flow_table *t); /* flows now */
size_t flow_table_bytes(const struct flow_table *t); /* memory held, streams included */
struct flow_counters flow_table_counters(const struct flow_table *t);

#endif
