#ifndef FLOW_FLOW_PRIV_H
#define FLOW_FLOW_PRIV_H

/*
 * What the files of this room share: one flow and its table.
 *
 * Inside, a flow's two sides are numbered by the order of their addresses and ports, which no later
 * packet changes; flow->began says which of them is the source.
 */

#include "base/arena.h"
#include "base/ip.h"
#include "event/event.h"
#include "flow/assembly.h"
#include "flow/table.h"

#include <assert.h>

#define FLOW_NONE UINT32_MAX /* no flow, as an index */

/* Kinds of key, so that equal numbers of different meaning are different flows. */
enum flow_key_kind {
    FLOW_KEY_PORTS,
    FLOW_KEY_NO_PORTS,   /* other protocols, and fragments without their beginning */
    FLOW_KEY_ICMP_QUERY, /* port: request type, identifier */
    FLOW_KEY_ICMP_OTHER, /* port: type, code */
};

struct flow_key {
    struct ip ip[2]; /* the smaller one first */
    uint16_t port[2];
    uint8_t proto;
    uint8_t kind; /* enum flow_key_kind */
    uint16_t zero;
};

static_assert(sizeof(struct flow_key) == 40, "keys are compared as bytes");

enum flow_tcp_state {
    FLOW_TCP_NONE, /* not TCP, or nothing understood yet */
    FLOW_TCP_SYN,
    FLOW_TCP_SYN_ACK,
    FLOW_TCP_OPEN,
    FLOW_TCP_HALF_CLOSED,
    FLOW_TCP_CLOSED,
    FLOW_TCP_RESET,
};

/* Where the knowledge of who began comes from. */
enum flow_origin {
    FLOW_ORIGIN_FIRST, /* who was heard first */
    FLOW_ORIGIN_SYN,
    FLOW_ORIGIN_SYN_ACK, /* the other side answered a SYN that was not seen */
    FLOW_ORIGIN_REPLY,   /* ICMP: an answer was seen first */
    FLOW_ORIGIN_PORT,    /* picked up in the middle: the well-known port serves */
};

enum flow_listen {
    FLOW_LISTEN_UNASKED,
    FLOW_LISTEN_NO,
    FLOW_LISTEN_DATAGRAM, /* flow->user is set */
    FLOW_LISTEN_STREAM,   /* flow->stream is set */
};

/* Four cache lines: what finds a flow, what each packet changes, what some change, the rest. */
struct flow {
    struct flow_key key;
    uint32_t hash;
    uint8_t state;  /* enum flow_tcp_state */
    uint8_t began;  /* side that is the source */
    uint8_t origin; /* enum flow_origin */
    uint8_t listen; /* enum flow_listen */
    uint8_t heard;  /* bit a side: has sent a packet */
    uint8_t fins;   /* bit a side: has sent FIN */
    uint8_t synced; /* bit a side: isn is known */
    uint8_t ip_version;
    uint32_t seen_s; /* engine second of the last packet, counted from the table's first */

    ts_ns last;        /* latest packet */
    uint64_t bytes[2]; /* since the last report */
    uint64_t packets[2];
    uint64_t payload[2];
    uint32_t print[2]; /* TCP: what the side's last segment looked like */

    uint32_t isn[2];
    uint8_t tcp_flags[2]; /* all seen */
    uint8_t icmp_type[2]; /* of the side's first message */
    uint8_t icmp_code[2];
    uint8_t generation; /* flows before this one with the same key and start */
    bool used;          /* not in the free list */
    union {
        void *user;
        struct flow_stream *stream;
    };
    const char *protocol;
    uint32_t next, prev;               /* in the wheel; next also links free flows */
    uint32_t lonely_next, lonely_prev; /* while heard is not 3 */
    uint32_t due_s;                    /* when the wheel brings it up */
    uint32_t report_s;                 /* next report */
    ts_ns start;
    uint64_t name; /* the number that is written as flow.id */
    uint32_t reports;
    uint32_t duplicates;

    uint64_t total_bytes[2]; /* before the last report */
    uint64_t total_packets[2];
    uint8_t mac[2][6];
    uint16_t vlan[2]; /* outermost two tags of the first packet that had any */
    uint8_t vlan_n;
    uint8_t has_mac; /* bit a side */
};

static_assert(sizeof(struct flow) <= 256, "a million flows in 256 MB");

/* Fields that every flow event has. */
enum flow_slot {
    FLOW_SLOT_START,
    FLOW_SLOT_END,
    FLOW_SLOT_DURATION,
    FLOW_SLOT_ID,
    FLOW_SLOT_FINAL,
    FLOW_SLOT_SOURCE_IP,
    FLOW_SLOT_DESTINATION_IP,
    FLOW_SLOT_TYPE,
    FLOW_SLOT_TRANSPORT,
    FLOW_SLOT_IANA_NUMBER,
    FLOW_SLOT_INITIATOR,
    FLOW_SLOT_SOURCE_BYTES,
    FLOW_SLOT_SOURCE_PACKETS,
    FLOW_SLOT_DESTINATION_BYTES,
    FLOW_SLOT_DESTINATION_PACKETS,
    FLOW_SLOT_BYTES,
    FLOW_SLOT_PACKETS,
    FLOW_SLOT_SOURCE_PAYLOAD,
    FLOW_SLOT_DESTINATION_PAYLOAD,
    FLOW_SLOT_SOURCE_BYTES_TOTAL,
    FLOW_SLOT_SOURCE_PACKETS_TOTAL,
    FLOW_SLOT_DESTINATION_BYTES_TOTAL,
    FLOW_SLOT_DESTINATION_PACKETS_TOTAL,
    FLOW_SLOT_REPORTS,
    FLOW_SLOTS
};

struct flow_table {
    struct flow_table_settings settings;
    event_sink_fn sink;
    void *sink_ctx;
    struct flow_listener listener;
    bool listening;

    /* Flows live in slabs that are made as needed and found by index. */
    struct flow **slabs;
    uint32_t slab_n;
    uint32_t slab_max;
    uint32_t made;  /* flows ever taken from slabs */
    uint32_t free;  /* head of the free list */
    uint32_t count; /* in use */
    uint32_t hand;  /* where eviction looks next */
    uint32_t lonely_first, lonely_last, lonely_n;

    /* Open addressing: hash and index + 1 in one word; 0 is empty. */
    uint64_t *slots;
    uint32_t slot_mask;

    bool begun;
    int64_t base_s; /* second 0 of the numbers in flows */
    uint32_t now_s;
    ts_ns now;
    ts_ns tick;      /* when the next second begins */
    uint32_t *wheel; /* head of each second's list */

    struct flow_assembly_pool pool;
    struct flow_stream *free_streams;
    uint32_t stream_n; /* in use */
    uint32_t stream_made;

    struct arena arena; /* the event being made */
    struct arena pattern_arena;
    struct event pattern; /* what all events have in common */
    uint32_t first_slot;  /* FLOW_SLOT_START's; the others follow */
    struct flow_counters counters;
};

/* key.c: the key of a packet, and which side sent it. */
unsigned flow_key_make(const struct decode_packet *p, struct flow_key *out);
uint32_t flow_key_hash(struct hash_key seed, const struct flow_key *k);
/* Whether an ICMP type asks (1), answers (2) or neither (0); *out_request is the asking type. */
int flow_key_icmp_pair(uint8_t proto, uint8_t type, uint8_t *out_request);

static inline bool flow_key_equal(const struct flow_key *a, const struct flow_key *b)
{
    return __builtin_memcmp(a, b, sizeof(*a)) == 0;
}

/* ends.c: the name of a flow whose key, start and generation are set. */
uint64_t flow_ends_name(const struct flow *f);

/* tcp.c: whether p begins a new conversation on the ports of f. */
bool flow_tcp_reuses(const struct flow *f, const struct decode_packet *p, unsigned side);
/* Follows the handshake and the end. True: a shorter time-out may hold now. */
bool flow_tcp_follow(struct flow *f, const struct decode_packet *p, unsigned side);
const char *flow_tcp_state_name(uint8_t state);

/* stream.c: gives payload to the listener. */
void flow_stream_packet(struct flow_table *t, struct flow *f, const struct decode_packet *p,
                        unsigned side);
void flow_stream_end(struct flow_table *t, struct flow *f, enum flow_end why);
/* The same without a word to the listener. */
void flow_stream_drop(struct flow_table *t, struct flow *f);
void flow_stream_release_free(struct flow_table *t);
size_t flow_stream_bytes(const struct flow_table *t);

/* report.c: the pattern of the table's events; pattern.failed when memory is short. */
void flow_report_prepare(struct flow_table *t);
/* One event; then the flow's numbers begin anew. why counts when final. */
void flow_report_give(struct flow_table *t, struct flow *f, ts_ns time, bool final,
                      enum flow_end why);

#endif
