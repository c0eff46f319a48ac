#ifndef FLOW_STREAM_H
#define FLOW_STREAM_H

/*
 * How somebody listens to what conversations carry.
 *
 * A table has at most one listener. It is asked once for each flow, when the first payload is seen
 * in it, whether it wants to hear; only then does the flow cost reassembly. TCP payload comes in
 * order, each byte once, with holes announced; datagrams come as they were.
 *
 * Calls for one flow: begin, then data, gap and close in any number, then end once. After data, gap
 * or close returned false there is no further call for that flow, end included.
 *
 * Ownership: f, p and bytes are borrowed until the call returns. user is the listener's own.
 * Threads:   that of the table.
 */

#include "base/bytes.h"
#include "base/time.h"
#include "flow/ends.h"

#include <stdbool.h>
#include <stdint.h>

struct decode_packet;

enum flow_end {
    FLOW_END_IDLE,    /* no packet for the time-out */
    FLOW_END_FIN,     /* both sides said that they are done */
    FLOW_END_RST,     /* one side broke it off */
    FLOW_END_REUSED,  /* a new conversation began between the same ports */
    FLOW_END_EVICTED, /* the table was full */
    FLOW_END_FLUSHED, /* the input ended */
    FLOW_ENDS
};

/* What the listener says to begin. */
struct flow_interest {
    bool wanted;
    const char *protocol; /* constant text for the flow's network.protocol, or NULL */
    void *user;           /* handed back in each later call */
};

struct flow_listener {
    void *ctx;
    /*
     * side sent p, whose payload is not empty (ICMP: may be). first: these are the first bytes of
     * that side, as far as is known; else some came before and may still be seen.
     */
    struct flow_interest (*begin)(void *ctx, const struct flow *f, const struct decode_packet *p,
                                  enum flow_side side, bool first);
    /* The next bytes of a stream (p is NULL), or one datagram or ICMP message with its packet. */
    bool (*data)(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts,
                 struct bytes bytes, const struct decode_packet *p);
    /* missing bytes of a stream were never seen. */
    bool (*gap)(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts,
                uint64_t missing);
    /* This side of a stream sends no more. */
    bool (*close)(void *ctx, void *user, const struct flow *f, enum flow_side side, ts_ns ts);
    /* Engine time reached this whole second; called before flows are reported or end in it. */
    void (*tick)(void *ctx, ts_ns now);
    /* The flow is over; ts is engine time. */
    void (*end)(void *ctx, void *user, const struct flow *f, enum flow_end why, ts_ns ts);
};

/* "idle", "fin", …: for weir.flow.end_reason and counters. */
const char *flow_end_name(enum flow_end why);

#endif
