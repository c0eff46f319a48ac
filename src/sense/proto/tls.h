#ifndef PROTO_TLS_H
#define PROTO_TLS_H

/*
 * The visible part of a TLS connection: hellos, certificates, and whether it came to stand.
 *
 * Feed the bytes of both directions in order. The connection asks for no more once everything that
 * travels in clear has been seen. SSL 3.0 to TLS 1.3; SSL 2.0 hellos are taken as not TLS.
 * Certificates can be seen up to TLS 1.2 only; the first of a chain is read in full.
 *
 * JA3 and JA3S: MD5 over the decimal fields of the hello (Salesforce 2017), GREASE values left out.
 *
 * Ownership: proto_tls_conn_new() makes the connection; its info dies with it.
 * Threads:   one owner. A connection's memory is at most PROTO_TLS_BYTES_MAX.
 */

#include "base/bytes.h"
#include "base/time.h"
#include "proto/dir.h"
#include "proto/x509.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_TLS_BYTES_MAX (512u * 1024)
#define PROTO_TLS_CERTIFICATES_MAX 10
#define PROTO_TLS_ALPN_MAX 8
#define PROTO_TLS_CIPHERS_MAX 512 /* kept of those a client offers */

enum proto_tls_state {
    PROTO_TLS_MORE,   /* go on feeding */
    PROTO_TLS_DONE,   /* all that is visible was seen; feed no more */
    PROTO_TLS_NOT,    /* this is no TLS */
    PROTO_TLS_BROKEN, /* TLS, and then nonsense, a gap, or too much; what was seen is in the info */
};

struct proto_tls_hello {
    bool seen;
    ts_ns ts;
    uint16_t legacy_version; /* the field in the hello */
    uint16_t version;        /* ServerHello: the one chosen; ClientHello: the highest offered */
    uint8_t random[32];
    uint8_t session_id[32];
    uint8_t session_id_len;
    char ja3[33];         /* JA3 of a ClientHello, JA3S of a ServerHello; hex */
    const char *ja3_text; /* the text it was made of; "" when that is longer than 4 KiB */
};

struct proto_tls_info {
    enum proto_tls_state state;
    enum proto_dir client; /* the direction that sent the ClientHello; A until it was seen */

    struct proto_tls_hello client_hello;
    struct proto_tls_hello server_hello;

    const char *server_name; /* SNI as sent, lower case, escaped to valid UTF-8; NULL when none */
    bool encrypted_client_hello;    /* an ECH or ESNI extension was there */
    const char *const *client_alpn; /* offered by the client */
    size_t client_alpn_n;
    const char *next_protocol;      /* ALPN chosen by the server in clear, or NULL */
    uint16_t cipher;                /* chosen by the server */
    uint16_t curve;                 /* group the server chose, 0 when not seen */
    const uint16_t *client_ciphers; /* offered, as on the wire, GREASE left out */
    size_t client_cipher_n;

    /*
     * As sent: the sender's own certificate comes first, and everything in it is read. Of the
     * others, which a thousand servers share, there are only hash.sha256 and der.
     */
    const struct proto_tls_certificate *server_chain;
    size_t server_chain_n;
    const struct proto_tls_certificate *client_chain;
    size_t client_chain_n;
    bool client_certificate_requested;

    bool resumed;         /* by session id, ticket, or pre-shared key */
    bool established;     /* both sides changed to encryption and then sent data */
    ts_ns established_ts; /* TIME_NONE before */
    uint8_t client_alert; /* last alert in clear + 1; 0 for none */
    uint8_t server_alert;
    ts_ns last_ts; /* of the last bytes looked at */
};

struct proto_tls_conn;

struct proto_tls_conn *proto_tls_conn_new(void);    /* NULL when memory is short */
void proto_tls_conn_free(struct proto_tls_conn *c); /* NULL is fine */

enum proto_tls_state proto_tls_conn_feed(struct proto_tls_conn *c, enum proto_dir dir, ts_ns ts,
                                         struct bytes data);
/* Bytes of this direction were lost. */
enum proto_tls_state proto_tls_conn_gap(struct proto_tls_conn *c, enum proto_dir dir,
                                        uint64_t missing);
const struct proto_tls_info *proto_tls_conn_info(const struct proto_tls_conn *c);
size_t proto_tls_conn_bytes(const struct proto_tls_conn *c);

/* "TLS_AES_128_GCM_SHA256"; for others "0x1a1b" written to buf. */
#define PROTO_TLS_NAME_SIZE 16
const char *proto_tls_cipher_name(uint16_t cipher, char buf[PROTO_TLS_NAME_SIZE]);
/* "x25519", "secp256r1", … */
const char *proto_tls_curve_name(uint16_t curve, char buf[PROTO_TLS_NAME_SIZE]);
/* "1.2" and "tls"; "3.0" and "ssl"; NULL for a version that is none. */
const char *proto_tls_version_number(uint16_t version);
const char *proto_tls_version_protocol(uint16_t version);
/* "handshake_failure" …; NULL for an alert that is none. */
const char *proto_tls_alert_name(uint8_t alert);

#endif
