#ifndef PROTO_DETECT_H
#define PROTO_DETECT_H

/*
 * Which application protocol a conversation speaks, by its first bytes.
 *
 * Ports are a hint only where the bytes leave a doubt (DNS). The answer for a stream needs the
 * first bytes of one direction; PROTO_KIND_MORE asks for the call to be repeated when there are
 * more.
 *
 * Threads: any.
 */

#include "base/bytes.h"

#include <stdint.h>

enum proto_kind {
    PROTO_KIND_UNKNOWN, /* none of these, and more bytes will not change it */
    PROTO_KIND_MORE,    /* too few bytes to tell */
    PROTO_KIND_DNS,
    PROTO_KIND_TLS,
    PROTO_KIND_HTTP,
    PROTO_KIND_HTTP2, /* its preface in clear */
    PROTO_KIND_SSH,
    PROTO_KIND_SMTP,
    PROTO_KIND_FTP,
    PROTO_KIND_IMAP,
    PROTO_KIND_POP3,
    PROTO_KIND_SMB,
    PROTO_KIND_RDP,
    PROTO_KIND_QUIC,
    PROTO_KIND_DTLS,
    PROTO_KIND_DHCP,
    PROTO_KIND_NTP,
    PROTO_KIND_SNMP,
    PROTO_KIND_STUN,
    PROTO_KIND_SIP,
    PROTO_KIND_RTSP,
    PROTO_KIND_BITTORRENT,
    PROTO_KIND_MQTT,
    PROTO_KINDS
};

/* The first bytes of one direction of a TCP stream. */
enum proto_kind proto_detect_stream(struct bytes first, uint16_t src_port, uint16_t dst_port);
/* One UDP datagram. Never PROTO_KIND_MORE. */
enum proto_kind proto_detect_datagram(struct bytes data, uint16_t src_port, uint16_t dst_port);

/* As in network.protocol: "dns", "tls", "http", …; NULL for UNKNOWN and MORE. */
const char *proto_detect_name(enum proto_kind kind);

#endif
