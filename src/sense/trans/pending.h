#ifndef TRANS_PENDING_H
#define TRANS_PENDING_H

/*
 * Questions that wait for their answers: a bounded table with one time-out for all.
 *
 * A question is found by the flow it was asked in (a serial number that no other flow has), the
 * side that asked and its identifier. The oldest comes out first, by time-out or for room.
 *
 * Ownership: entries belong to the table; a pointer to one dies when it is removed.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/hash.h"
#include "base/time.h"
#include "flow/ends.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct trans_pending;

/* Whom a transaction is between, kept because it may outlive its flow. */
struct trans_origin {
    struct flow_ends ends; /* FLOW_SOURCE asked */
    char flow_id[FLOW_ENDS_ID_SIZE];
};

#define TRANS_PENDING_DATA 288 /* a DNS question with the longest name and EDNS */

struct trans_waiting {
    uint64_t serial;
    uint16_t id;
    uint8_t side; /* that asked: enum flow_side */
    uint8_t type; /* of the ICMP message */
    bool dns;
    uint16_t data_n; /* kept of the question */
    uint32_t wire_n; /* its length */
    ts_ns ts;        /* when it was asked */
    ts_ns deadline;  /* a whole second */
    struct trans_origin origin;
    uint8_t data[TRANS_PENDING_DATA];
};

/* NULL when memory is short. max ≥ 1. */
struct trans_pending *trans_pending_new(struct hash_key seed, uint32_t max);
void trans_pending_free(struct trans_pending *p); /* NULL is fine */

/* NULL when it does not wait. */
struct trans_waiting *trans_pending_find(struct trans_pending *p, uint64_t serial, uint16_t id,
                                         enum flow_side side);
/* A new entry whose key, deadline and the rest are set by the caller; NULL when the table is full.
 * Deadlines never go back: one before that of the newest entry is raised to it. */
struct trans_waiting *trans_pending_add(struct trans_pending *p, uint64_t serial, uint16_t id,
                                        enum flow_side side, ts_ns deadline);
void trans_pending_remove(struct trans_pending *p, struct trans_waiting *w);
/* The one with the earliest deadline, or NULL. */
struct trans_waiting *trans_pending_oldest(struct trans_pending *p);
size_t trans_pending_count(const struct trans_pending *p);
size_t trans_pending_bytes(const struct trans_pending *p);

#endif
