#ifndef DECODE_VERDICT_H
#define DECODE_VERDICT_H

/*
 * What became of the bytes of one packet, and how often each happened.
 *
 * Threads: values.
 */

#include <stdint.h>

enum decode_verdict {
    DECODE_OK,            /* a packet was given on */
    DECODE_FRAGMENT_KEPT, /* a fragment that waits for the others */
    DECODE_NOT_IP,        /* a known link layer that carries something else (ARP, LLDP, STP …) */
    DECODE_LINK_UNKNOWN,  /* a link type that is not read */
    DECODE_LINK_SHORT,    /* ends within the link header */
    DECODE_LINK_BAD,      /* nonsense in the link header, or too many tags and labels */
    DECODE_IP_SHORT,      /* ends within the IP header or its extension headers */
    DECODE_IP_VERSION,    /* neither 4 nor 6, or not what the link layer announced */
    DECODE_IP_LENGTH,     /* header length or total length are impossible */
    DECODE_IP_EXTENSIONS, /* a longer chain of IPv6 extension headers than is read */
    DECODE_TRANSPORT_SHORT,  /* ends before the ports */
    DECODE_TRANSPORT_BAD,    /* nonsense in the TCP, UDP or ICMP header */
    DECODE_FRAGMENT_BAD,     /* a fragment that can be part of no packet */
    DECODE_FRAGMENT_DROPPED, /* reassembly is off, out of budget, or the fragments overlap falsely
                              */
    DECODE_VERDICTS
};

/* "ok", "fragment_kept", "not_ip", …: for counters. Never NULL. */
const char *decode_verdict_name(enum decode_verdict v);

struct decode_counters {
    uint64_t packets; /* given in */
    uint64_t bytes;   /* on the wire */
    uint64_t by_verdict[DECODE_VERDICTS];
    uint64_t cut;       /* packets of which the capture kept less than was sent */
    uint64_t no_length; /* IP packets whose total length was 0 (segmentation offload) */
    uint64_t tunnelled;
    uint64_t fragments;           /* seen */
    uint64_t reassembled;         /* packets made whole */
    uint64_t fragment_timeouts;   /* packets given up because fragments were missing */
    uint64_t fragment_evictions;  /* packets given up for room */
    uint64_t fragment_overlaps;   /* fragments that overlapped with different bytes */
    uint64_t fragment_duplicates; /* fragments that brought nothing new */
};

#endif
