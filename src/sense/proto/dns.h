#ifndef PROTO_DNS_H
#define PROTO_DNS_H

/*
 * DNS messages: bytes to a struct, names and record data to text.
 *
 * Reads queries and responses over UDP, TCP (with its length prefix), multicast DNS and LLMNR,
 * which share the form (RFC 1035, 2136, 6891, 9460 …). Names are text without the final dot ("."
 * for the root), in the case they had on the wire; a byte that is not printable ASCII becomes \ddd,
 * a dot or backslash within a label is escaped by a backslash: the text is always plain ASCII.
 * Record data is text as in a zone file.
 *
 * A message that is broken or cut off somewhere still gives its header and all that came before;
 * the verdict says what was wrong.
 *
 * Ownership: everything in a message lives in the arena that was given.
 * Threads:   any; a stream has one owner.
 */

#include "base/arena.h"
#include "base/bytes.h"
#include "base/ip.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum proto_dns_verdict {
    PROTO_DNS_OK,
    PROTO_DNS_SHORT,      /* not even a header */
    PROTO_DNS_CUT,        /* ends within a question or record */
    PROTO_DNS_NAME_BAD,   /* a label or pointer that cannot be, or a name over 255 bytes */
    PROTO_DNS_NAME_LOOP,  /* compression pointers that do not go strictly back, or over 127 of them
                           */
    PROTO_DNS_RECORD_BAD, /* record data that does not fit its type; the record is kept as hex */
    PROTO_DNS_TOO_MUCH,   /* more records or more text than is kept */
    PROTO_DNS_NO_MEMORY,
    PROTO_DNS_VERDICTS
};

#define PROTO_DNS_RECORDS_MAX 512        /* kept of one message */
#define PROTO_DNS_TEXT_MAX (256u * 1024) /* bytes of text kept of one message */

struct proto_dns_text {
    const char *s; /* NUL-terminated ASCII */
    size_t n;
};

struct proto_dns_question {
    struct proto_dns_text name;
    uint16_t type;
    uint16_t class; /* with multicast DNS's top bit taken off */
};

struct proto_dns_record {
    struct proto_dns_text name;
    uint16_t type;
    uint16_t class; /* likewise */
    uint32_t ttl;   /* seconds */
    struct proto_dns_text data;
    bool has_ip; /* A and AAAA */
    struct ip ip;
};

/* The OPT pseudo-record (EDNS). It is not in the list of additionals. */
struct proto_dns_opt {
    bool present;
    bool dnssec_ok;
    uint8_t version;
    uint8_t extended_rcode; /* upper 8 bits of the 12-bit response code */
    uint16_t udp_size;
};

struct proto_dns_message {
    uint16_t id;
    bool response;
    bool authoritative;
    bool truncated;
    bool recursion_desired;
    bool recursion_available;
    bool authentic_data;
    bool checking_disabled;
    uint8_t opcode;
    uint16_t rcode; /* with EDNS's upper bits */

    /* As the header claims; the lists below hold what was there and kept. */
    uint16_t question_count;
    uint16_t answer_count;
    uint16_t authority_count;
    uint16_t additional_count;

    const struct proto_dns_question *questions;
    const struct proto_dns_record *answers;
    const struct proto_dns_record *authorities;
    const struct proto_dns_record *additionals;
    uint16_t question_n;
    uint16_t answer_n;
    uint16_t authority_n;
    uint16_t additional_n;
    struct proto_dns_opt opt;
    uint32_t wire_len; /* bytes of the message read */
};

/* Fills *out unless the verdict is PROTO_DNS_SHORT or PROTO_DNS_NO_MEMORY. */
enum proto_dns_verdict proto_dns_parse(struct bytes message, struct arena *arena,
                                       struct proto_dns_message *out);

/* Cheap: whether a datagram may be DNS (header, counts and the first question are plausible). */
bool proto_dns_plausible(struct bytes message);

const char *proto_dns_verdict_name(enum proto_dns_verdict v);

/* "A", "HTTPS", …; for others "TYPE4711", "CLASS17", "RCODE99", "OPCODE7" written to buf. */
#define PROTO_DNS_NAME_SIZE 16
const char *proto_dns_type_name(uint16_t type, char buf[PROTO_DNS_NAME_SIZE]);
const char *proto_dns_class_name(uint16_t class, char buf[PROTO_DNS_NAME_SIZE]);
const char *proto_dns_rcode_name(uint16_t rcode, char buf[PROTO_DNS_NAME_SIZE]);
const char *proto_dns_opcode_name(uint8_t opcode, char buf[PROTO_DNS_NAME_SIZE]);

/*
 * One direction of DNS over TCP: calls message() for each whole message. After a gap it waits for
 * nothing: the rest of the direction is given up (there is no mark to find the next message by).
 */
struct proto_dns_stream;
typedef void (*proto_dns_message_fn)(void *ctx, ts_ns ts, struct bytes message);

struct proto_dns_stream *proto_dns_stream_new(proto_dns_message_fn message, void *ctx);
void proto_dns_stream_free(struct proto_dns_stream *s); /* NULL is fine */
/* ts is the time of the bytes. False: this is no DNS, or is lost; feed no more. */
bool proto_dns_stream_feed(struct proto_dns_stream *s, ts_ns ts, struct bytes data);
void proto_dns_stream_gap(struct proto_dns_stream *s, uint64_t missing);
/* Bytes of memory held. */
size_t proto_dns_stream_bytes(const struct proto_dns_stream *s);

#endif
