#ifndef DECODE_DECODER_H
#define DECODE_DECODER_H

/*
 * Bytes from a wire or a capture file, turned into packets.
 *
 * Give the decoder every packet in turn; it calls the sink for each IP packet that can be
 * described. Usually that is once for each call. A fragment may call it not at all (kept until the
 * others are there), and the fragments of a packet that never became whole are given to the sink
 * when they are given up, so that no byte goes uncounted.
 *
 * Link types (numbers of tcpdump.org's list): Ethernet (with 802.1Q and 802.1ad tags, MPLS, PPPoE,
 * LLC/SNAP), Linux cooked v1 and v2, raw IP, null and loopback, PPP, HDLC, NFLOG.
 * Method: docs/method/decode.md.
 *
 * Ownership: decode_decoder_new() makes the decoder; packets given to the sink are borrowed until
 * it returns. Threads:   one owner.
 */

#include "decode/packet.h"
#include "decode/verdict.h"

#include "base/err.h"
#include "base/hash.h"

#include <stddef.h>

struct decode_decoder;

struct decode_settings {
    bool tunnels;              /* look into GRE and IP in IP */
    bool reassemble;           /* put fragments together */
    size_t fragment_bytes;     /* memory for fragments; at least 128 KiB */
    ts_ns fragment_timeout_ns; /* since the first fragment of a packet came, in packet time */
    struct hash_key seed;      /* for the table of fragments */
};

/* tunnels and reassemble on, 4 MiB, 30 s, seed 0. */
struct decode_settings decode_settings_default(void);

/* One packet as it was captured. */
struct decode_input {
    ts_ns ts;
    uint32_t link;      /* link type number */
    uint32_t interface; /* any number of the caller's; copied */
    uint32_t wire_len;  /* ≥ data.n; a smaller number is taken as data.n */
    struct bytes data;
};

/* ERR_MEMORY. */
enum err decode_decoder_new(const struct decode_settings *settings, decode_sink_fn sink, void *ctx,
                            struct decode_decoder **out) ERR_MUST_CHECK;
void decode_decoder_free(struct decode_decoder *d); /* NULL is fine */

/* Times may go back; the latest seen is what fragments time out by. */
enum decode_verdict decode_decoder_feed(struct decode_decoder *d, const struct decode_input *in);

/* Time passed without packets: gives up fragments that waited too long. */
void decode_decoder_advance(struct decode_decoder *d, ts_ns now);
/* The end: gives up all fragments. */
void decode_decoder_flush(struct decode_decoder *d);

const struct decode_counters *decode_decoder_counters(const struct decode_decoder *d);

#endif
