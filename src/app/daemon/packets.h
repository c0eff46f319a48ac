#ifndef DAEMON_PACKETS_H
#define DAEMON_PACKETS_H

/*
 * From packets to events: decode, flow table, transactions, in one piece for files and wires.
 *
 * Ownership: daemon_packets_free(); events are borrowed until the sink returns.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "event/sink.h"

#include <stdbool.h>
#include <stdint.h>

struct capture_packet;
struct daemon_packets;
struct format_writer;

struct daemon_packets_settings {
    const char *sensor; /* host.name and agent.name */
    const char *agent_id;
    uint64_t memory; /* bytes for flows and reassembly */
    bool flows_only; /* no look into payloads */
    /* Of all tables keyed by traffic. From daemon_packets_seed() where an enemy may send; constant
     * for files, so that what a full table evicts is the same each time. */
    struct hash_key seed;
    event_sink_fn sink;
    void *ctx;
};

/* A seed that nobody can foretell. */
struct hash_key daemon_packets_seed(void);

enum err daemon_packets_new(const struct daemon_packets_settings *settings,
                            struct daemon_packets **out) ERR_MUST_CHECK;
void daemon_packets_free(struct daemon_packets *p); /* NULL is fine */

void daemon_packets_feed(struct daemon_packets *p, const struct capture_packet *packet);
/* Engine time goes on without packets. */
void daemon_packets_advance(struct daemon_packets *p, ts_ns now);
/* The input is over: everything open is reported. */
void daemon_packets_flush(struct daemon_packets *p);

struct daemon_packets_totals {
    uint64_t packets;
    uint64_t bytes; /* on the wire */
    uint64_t events;
    uint64_t flows;
};
void daemon_packets_totals(const struct daemon_packets *p, struct daemon_packets_totals *out);
/* Adds "reason": count for all that was dropped, inside an open object. */
void daemon_packets_dropped(const struct daemon_packets *p, struct format_writer *w);

#endif
