#ifndef HTTP_STREAM_H
#define HTTP_STREAM_H

/*
 * Live events for many listeners: server-sent events from one shared ring.
 *
 * Each event has a number, one more than the last; the ring keeps the latest ones within its
 * limits. A listener that falls behind the ring gets an event "reset" and goes on with the newest.
 * Numbers begin at the wall clock's microseconds at birth, so that one from before a restart is
 * known to be old.
 *
 * Ownership: http_stream_free() after the server that uses it has stopped.
 * Threads:   any; a lock inside.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct http_stream;

struct http_stream_options {
    size_t events;      /* in the ring; 0: 4,096 */
    uint64_t bytes;     /* 0: 4 MiB */
    ts_ns heartbeat_ns; /* 0: 15 s */
    ts_ns life_ns;  /* of one answer; 0: 15 min. Who listens on asks again, and is known or not */
    uint64_t first; /* number of the first event, at least 1 */
};

/* NULL when memory is short. */
struct http_stream *http_stream_new(const struct http_stream_options *options);
void http_stream_free(struct http_stream *s); /* NULL is fine */

/* Adds an event: name without line ends, data is one line of JSON; both are copied. */
enum err http_stream_publish(struct http_stream *s, const char *name, const char *data,
                             size_t n) ERR_MUST_CHECK;
/* How many listen now. */
size_t http_stream_listeners(struct http_stream *s);
/* The number of the newest event; 0: there was none. */
uint64_t http_stream_newest(struct http_stream *s);

#endif
