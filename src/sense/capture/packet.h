#ifndef CAPTURE_PACKET_H
#define CAPTURE_PACKET_H

/*
 * One packet as a capture file or an interface gave it.
 *
 * Ownership: data borrows from the source and dies at its next call.
 * Threads:   a value.
 */

#include "base/bytes.h"
#include "base/time.h"

#include <stdint.h>

struct capture_packet {
    ts_ns ts;
    uint32_t link;      /* link type, a LINKTYPE_ number of tcpdump.org */
    uint32_t interface; /* counted from 0 within the source */
    uint32_t wire_len;  /* bytes on the wire; ≥ data.n */
    struct bytes data;
};

#endif
