#ifndef DECODE_FRAGMENT_H
#define DECODE_FRAGMENT_H

/*
 * IP fragments put together again, under a budget and in packet time.
 *
 * Fragments that repeat bytes are fine while the bytes are equal. When they differ the packet is
 * given up, as RFC 5722 demands for IPv6 and Linux does for IPv4 too: whoever sends such fragments
 * wants two readers to see two packets. What is given up, for this or because the rest did not come
 * in time or there was no room, goes to the lost sink with its true counts and without payload.
 *
 * Ownership: the table owns copies of the fragments' bytes; whole packets are views that die at
 *            decode_fragment_table_forget().
 * Threads:   one owner.
 */

#include "decode/packet.h"
#include "decode/verdict.h"

#include "base/err.h"
#include "base/hash.h"

#include <stddef.h>

struct decode_fragment_table;

struct decode_fragment {
    uint32_t id;       /* 16 bits in IPv4 */
    uint32_t offset;   /* bytes, a multiple of 8 */
    bool more;         /* not the last one */
    struct bytes data; /* what was captured of its payload */
    uint64_t len;      /* what was sent; ≥ data.n */
};

enum decode_fragment_result {
    DECODE_FRAGMENT_WAITS,   /* kept until the others come */
    DECODE_FRAGMENT_WHOLE,   /* the packet is complete */
    DECODE_FRAGMENT_BROKEN,  /* can be part of no packet; nothing was kept or counted */
    DECODE_FRAGMENT_REFUSED, /* no room even after evicting all others; nothing was kept */
};

/* limit_bytes counts what the table allocates. counters may be shared; NULL is not allowed. */
enum err decode_fragment_table_new(size_t limit_bytes, ts_ns timeout_ns, struct hash_key seed,
                                   struct decode_counters *counters, decode_sink_fn lost, void *ctx,
                                   struct decode_fragment_table **out) ERR_MUST_CHECK;
void decode_fragment_table_free(
    struct decode_fragment_table *t); /* NULL is fine; gives up nothing */

/*
 * One fragment of a packet whose link and IP fields are in *p (proto is that of what is
 * fragmented). When whole: *out is *p's first fragment with the counts of all, *out_data what was
 * captured of the payload without a hole, and *out_len its length as sent.
 */
enum decode_fragment_result decode_fragment_table_add(struct decode_fragment_table *t,
                                                      const struct decode_packet *p,
                                                      const struct decode_fragment *f,
                                                      struct decode_packet *out,
                                                      struct bytes *out_data, uint64_t *out_len);

/* The packets given out whole are no longer looked at. */
void decode_fragment_table_forget(struct decode_fragment_table *t);

/* Gives up what waited for longer than the timeout. */
void decode_fragment_table_expire(struct decode_fragment_table *t, ts_ns now);
/* Gives up everything. */
void decode_fragment_table_flush(struct decode_fragment_table *t);

/* Packets that wait for fragments, and the bytes they hold. */
size_t decode_fragment_table_count(const struct decode_fragment_table *t);
size_t decode_fragment_table_bytes(const struct decode_fragment_table *t);

#endif
