#ifndef FLOW_ASSEMBLY_H
#define FLOW_ASSEMBLY_H

/*
 * One direction of a TCP stream put in order.
 *
 * Segments in order pass through without a copy; segments ahead of a hole are kept, within two
 * budgets: one for the direction, one for all that share a pool. Where two segments claim the same
 * place, the bytes that came first stand. A hole is given up, and announced, when the budget or the
 * number of kept segments is spent, when the other side has acknowledged it and did so some time
 * ago, and at the end of the stream. docs/method/flow.md says why.
 *
 * Ownership: bytes given to the sink are borrowed until it returns.
 * Threads:   one owner for a pool and its directions.
 */

#include "base/budget.h"
#include "base/bytes.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct flow_assembly_segment;

/* What all directions of one owner share. */
struct flow_assembly_pool {
    struct budget budget;    /* bytes kept, with their heads */
    uint32_t each;           /* the most for one direction */
    uint64_t kept;           /* segments */
    uint64_t refused;        /* segments for which there was no room */
    uint64_t outside;        /* segments too far away */
    uint64_t repeated_bytes; /* came again */
    uint64_t gaps;
    uint64_t gap_bytes;
};

struct flow_assembly {
    uint32_t next; /* sequence number of the next byte to give */
    uint32_t fin;  /* sequence number after the last byte */
    bool begun;    /* next is known */
    bool fin_known;
    bool closed;                         /* all was given */
    uint8_t segments;                    /* kept */
    uint32_t bytes;                      /* kept, with heads */
    ts_ns hole_since;                    /* the hole before the first kept segment */
    struct flow_assembly_segment *first; /* in order of place, not overlapping */
    struct flow_assembly_segment *last;
};

/* Functions return false when they want no more; then nothing is called again. */
struct flow_assembly_sink {
    void *ctx;
    bool (*data)(void *ctx, ts_ns ts, struct bytes bytes);
    bool (*gap)(void *ctx, ts_ns ts, uint64_t missing);
    bool (*close)(void *ctx, ts_ns ts); /* the last byte was given */
};

/* stream_bytes 0 means no limit for all together. */
void flow_assembly_pool_init(struct flow_assembly_pool *pool, uint64_t limit, uint32_t each);

/* A direction that begins where its first segment does. */
void flow_assembly_init(struct flow_assembly *a);
/* Drops what is kept. */
void flow_assembly_release(struct flow_assembly *a, struct flow_assembly_pool *pool);

/* The first byte's number, from a SYN. Without effect once something was given. */
void flow_assembly_begin(struct flow_assembly *a, uint32_t first);

/*
 * A segment: its first byte's number, what was captured of it, and how long it was on the wire.
 * False: the sink wants no more.
 */
bool flow_assembly_push(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                        uint32_t seq, struct bytes data, uint64_t wire_len, bool fin,
                        const struct flow_assembly_sink *sink);

/* The other side says that it has everything before ack. */
bool flow_assembly_acked(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                         uint32_t ack, const struct flow_assembly_sink *sink);

/* Gives all that is kept, holes or not: nothing more will come. */
bool flow_assembly_finish(struct flow_assembly *a, struct flow_assembly_pool *pool, ts_ns ts,
                          const struct flow_assembly_sink *sink);

#endif
