#ifndef INGEST_TRUTH_H
#define INGEST_TRUTH_H

/*
 * Byte counts that cannot be true, put right before anybody adds them up.
 *
 * Method (docs/method/zeek.md, section "Bytes that lie"): a count above packets × 65,535 is cut to
 * that; a count below the payload it carried, where the payload is plausible, is raised to the
 * payload. What was there before is kept in weir.original.*, and weir.untrue names the field.
 *
 * Threads: any.
 */

#include "ingest/counts.h"

#include <stdbool.h>

struct event;

#define INGEST_TRUTH_PACKET_MAX 65535 /* of one packet, with segmentation offload */

/* Corrects source.bytes, destination.bytes and network.bytes, and counts. */
void ingest_truth_correct(struct event *e, struct ingest_counts *counts);

/* One side of a connection as an analyser of TCP sequence numbers reports it; −1 is not known. */
struct ingest_truth_side {
    int64_t packets;
    int64_t ip_bytes;      /* sum of the IP lengths of what was seen */
    int64_t payload_bytes; /* from sequence numbers */
    bool carried_data;     /* data packets were seen, or it is not known whether */
};

enum ingest_truth_verdict { INGEST_TRUTH_FINE, INGEST_TRUTH_HIGH, INGEST_TRUTH_LOW };

/*
 * The bytes to believe of that side; −1 when neither count is there. HIGH: the payload was above
 * what the packets can hold and is not believed. LOW: the IP lengths miss payload that is
 * plausible.
 */
int64_t ingest_truth_side(const struct ingest_truth_side *side,
                          enum ingest_truth_verdict *out_verdict);

#endif
