#ifndef FEED_WIRE_H
#define FEED_WIRE_H

/*
 * Live interfaces as a source: a thread that captures, and hands on batches of events. They are
 * opened by feed_wire_open(), which may need rights that starting does not.
 *
 * While the wire is idle time goes on with the wall clock, so that flows end and buckets close.
 * Packets are never waited with: when the pipeline is behind, its ring fills, this thread waits,
 * and the kernel counts what it drops.
 *
 * Ownership: feed_wire_stop() ends the thread and frees; batches belong to the ring.
 * Threads:   start and stop from one thread.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdint.h>

struct capture_live_settings;
struct feed_wire;
struct format_writer;
struct ring;

struct feed_wire_settings {
    const char *sensor;
    uint64_t memory;   /* for flows and reassembly */
    struct ring *ring; /* of struct feed_batch */
    size_t source;     /* number of this producer */
    uint32_t event_source;
    uint64_t sequence; /* of the last event kept of this source */
};

/* Opens the interfaces. Fails as capture_live_open(). */
enum err feed_wire_open(const struct capture_live_settings *capture, struct feed_wire **out,
                        struct err_text *why) ERR_MUST_CHECK;
/* Begins. On failure only feed_wire_free() is left. ERR_MEMORY, ERR_LIMIT. */
enum err feed_wire_start(struct feed_wire *w, const struct feed_wire_settings *settings,
                         struct err_text *why) ERR_MUST_CHECK;
/* Asks the thread to report its flows and end; its last batch says so. */
void feed_wire_ask_stop(struct feed_wire *w);
void feed_wire_free(struct feed_wire *w); /* waits for the thread; NULL is fine */

/* After the thread has ended: why, ERR_NONE when it was asked to. */
enum err feed_wire_failure(const struct feed_wire *w, struct err_text *why);

struct feed_wire_totals {
    uint64_t packets;
    uint64_t kernel_dropped;
    uint64_t events;
};
/* Of the time of the last batch. */
void feed_wire_totals(struct feed_wire *w, struct feed_wire_totals *out);

#define FEED_WIRE_OFFSET "wire"

#endif
