#ifndef PROTO_HTTP_H
#define PROTO_HTTP_H

/*
 * HTTP/1.0 and 1.1: both directions of a connection, message by message.
 *
 * Feed the bytes of both directions in order; message() is called at the end of each message, with
 * what its start line and its headers said and how long its body was. Requests are numbered from 0;
 * a response carries the number of the request it answers (RFC 9112: responses come in the order of
 * requests; 1xx come before the final one). Bodies are counted, not kept.
 *
 * Body lengths: Content-Length, chunked, none for HEAD, 1xx, 204 and 304, else until the connection
 * is closed. After 101 or a successful CONNECT the connection is no longer HTTP.
 * After a gap within a body of known length reading goes on behind it; after one elsewhere the
 * direction waits for the next thing that looks like a start line.
 *
 * Ownership: proto_http_conn_new() makes the connection; a message is borrowed until message()
 *            returns.
 * Threads:   one owner. Memory: at most PROTO_HTTP_HEAD_MAX for each direction.
 */

#include "base/bytes.h"
#include "base/time.h"
#include "proto/dir.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROTO_HTTP_HEAD_MAX (64u * 1024) /* start line and headers together */
#define PROTO_HTTP_PENDING_MAX 64        /* requests that wait for their answers */

enum proto_http_state {
    PROTO_HTTP_MORE,
    PROTO_HTTP_UPGRADED, /* CONNECT or 101: the rest is something else; feed no more */
    PROTO_HTTP_NOT,      /* this is no HTTP/1 */
};

/*
 * Header values are as on the wire without blanks around them, and may hold any byte but CR and LF:
 * whoever puts them into an event escapes them. {NULL, 0} when the header was not there.
 */
struct proto_http_message {
    enum proto_dir dir;
    bool response;
    bool complete;   /* false: the connection ended, or bytes were lost, before its end */
    uint64_t number; /* of the request, or of the one answered */
    bool answers;    /* response: the request was seen (number says which) */

    ts_ns first_ts; /* of the first byte */
    ts_ns head_ts;  /* of the end of the headers */
    ts_ns last_ts;  /* of the last byte */

    struct bytes method;   /* request; of a response: the method it answers, when known */
    struct bytes target;   /* request: as on the wire */
    uint8_t version_minor; /* HTTP/1.x */
    uint16_t status;       /* response: 100 to 999 */
    struct bytes reason;

    struct bytes host;
    struct bytes user_agent;
    struct bytes referer;
    struct bytes content_type;
    struct bytes content_encoding;
    struct bytes server;
    struct bytes location;
    struct bytes authorization_scheme; /* first word of Authorization only, never the secret */
    struct bytes x_forwarded_for;

    bool has_content_length;
    uint64_t content_length;
    bool chunked;
    uint64_t head_bytes; /* start line and headers */
    uint64_t body_bytes; /* of the content; without chunk framing */
    uint64_t wire_bytes; /* all of it */
};

typedef void (*proto_http_message_fn)(void *ctx, const struct proto_http_message *m);

struct proto_http_conn;

struct proto_http_conn *proto_http_conn_new(proto_http_message_fn message, void *ctx);
void proto_http_conn_free(struct proto_http_conn *c); /* NULL is fine; calls nothing */

enum proto_http_state proto_http_conn_feed(struct proto_http_conn *c, enum proto_dir dir, ts_ns ts,
                                           struct bytes data);
/* Bytes of this direction were lost. */
enum proto_http_state proto_http_conn_gap(struct proto_http_conn *c, enum proto_dir dir, ts_ns ts,
                                          uint64_t missing);
/* This direction is closed: ends a body that lasts until then. Messages cut off are given too. */
void proto_http_conn_end(struct proto_http_conn *c, enum proto_dir dir, ts_ns ts);
size_t proto_http_conn_bytes(const struct proto_http_conn *c);

#endif
