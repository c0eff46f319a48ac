#ifndef HTTP_STREAM_PRIV_H
#define HTTP_STREAM_PRIV_H

/*
 * One who listens to a stream: a place in its ring, and a connection that is suspended while there
 * is nothing to send. Listed in the stream (under its lock) and in the server (under the server's).
 */

#include "http/stream.h"

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct http_server;

struct http_listener {
    struct http_listener *next; /* of the stream */
    struct http_listener *prev;
    struct http_listener *server_next; /* of the server */
    struct http_listener *server_prev;
    struct http_stream *stream;
    struct http_server *server;
    struct MHD_Connection *mhd;
    int fd;
    ts_ns (*steady)(void);
    _Atomic uint64_t *streamed; /* bytes, counted for the request; NULL: nobody counts */
    uint64_t next_number;       /* of the event to send next */
    struct http_event *current; /* being sent */
    size_t current_at;          /* bytes of it that were sent */
    ts_ns sent;                 /* when something was sent last */
    ts_ns began;
    bool greeted;
    bool reset;
    bool suspended;
    bool ended;
};

/* NULL when memory is short. Nothing of the connection is touched before the first read. */
struct http_listener *http_listener_new(struct http_stream *s, struct MHD_Connection *mhd,
                                        uint64_t after, ts_ns (*steady)(void));
void http_listener_free(struct http_listener *l);
/* libmicrohttpd's content reader: as many bytes as there are, or suspends. */
ssize_t http_listener_read(void *listener, uint64_t position, char *out, size_t max);
/* Wakes one that has heard nothing for a heartbeat. */
void http_listener_tick(struct http_listener *l, ts_ns now);
/* The answer ends with what has been sent. */
void http_listener_end(struct http_listener *l);

#endif
