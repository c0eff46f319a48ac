#ifndef FEED_PACKETS_H
#define FEED_PACKETS_H

/*
 * From packets to events: decode, flow table, transactions, in one piece for files and wires.
 *
 * Ownership: feed_packets_free(); events are borrowed until the sink returns.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "event/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct capture_packet;
struct feed_packets;
struct format_writer;

struct feed_packets_settings {
    const char *sensor; /* host.name and agent.name */
    const char *agent_id;
    uint64_t memory; /* bytes for flows and reassembly */
    bool flows_only; /* no look into payloads */
    /* Of all tables keyed by traffic. From feed_packets_seed() where an enemy may send; constant
     * for files, so that what a full table evicts is the same each time. */
    struct hash_key seed;
    event_sink_fn sink;
    void *ctx;
};

/* A seed that nobody can foretell. */
struct hash_key feed_packets_seed(void);

enum err feed_packets_new(const struct feed_packets_settings *settings,
                          struct feed_packets **out) ERR_MUST_CHECK;
void feed_packets_free(struct feed_packets *p); /* NULL is fine */

void feed_packets_feed(struct feed_packets *p, const struct capture_packet *packet);
/* Engine time goes on without packets. */
void feed_packets_advance(struct feed_packets *p, ts_ns now);
/* The input is over: everything open is reported. */
void feed_packets_flush(struct feed_packets *p);

struct feed_packets_totals {
    uint64_t packets;
    uint64_t bytes; /* on the wire */
    uint64_t events;
    uint64_t flows;
};
void feed_packets_totals(const struct feed_packets *p, struct feed_packets_totals *out);
/* Adds "reason": count for all that was dropped, inside an open object. */
void feed_packets_dropped(const struct feed_packets *p, struct format_writer *w);

#endif
