#ifndef PROTO_TLS_PRIV_H
#define PROTO_TLS_PRIV_H

/*
 * What the files about TLS share: the state of a connection.
 *
 * Threads: one owner.
 */

#include "base/arena.h"
#include "base/ip.h"
#include "proto/tls.h"

struct tls_side {
    uint8_t header[5]; /* of the record being read */
    uint8_t header_n;
    bool one_seen;   /* a record came from this side */
    bool encrypted;  /* what follows cannot be read */
    bool data_sent;  /* something encrypted that may be the end of the handshake, or data */
    uint8_t type;    /* of the record being read */
    uint16_t length; /* of its body */
    uint16_t left;   /* of its body */
    uint8_t alert[2];
    uint8_t alert_n;
    uint8_t *handshake; /* bytes of messages that are not complete */
    size_t handshake_n;
    size_t handshake_cap;
};

struct proto_tls_conn {
    struct arena arena;
    struct proto_tls_info info;
    struct tls_side sides[2];
    bool server_ticket_seen;
    bool server_certificate_seen;
};

/* Text of foreign bytes in the arena, valid UTF-8; NULL when memory is short. */
const char *proto_tls_keep_text(struct arena *a, const void *s, size_t n);
void proto_tls_hex(const uint8_t *p, size_t n, const char *digits, char *out);

/* The bodies of handshake messages. False: broken. */
bool proto_tls_read_client_hello(struct proto_tls_conn *c, struct bytes body, ts_ns ts);
bool proto_tls_read_server_hello(struct proto_tls_conn *c, struct bytes body, ts_ns ts);
bool proto_tls_read_certificates(struct arena *a, struct bytes body,
                                 const struct proto_tls_certificate **out, size_t *out_n);

#endif
