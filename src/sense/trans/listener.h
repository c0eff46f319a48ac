#ifndef TRANS_LISTENER_H
#define TRANS_LISTENER_H

/*
 * Requests with their responses: what conversations say becomes transaction events.
 *
 * The listener is given to a flow table, hears what the conversations it recognises carry, and
 * writes one event for each DNS question, HTTP request, TLS handshake and ICMP query, with the
 * answer or without one. An event's @timestamp is the moment it was complete: when the answer had
 * come, or when waiting for it ended. Method, and what each field means: docs/method/trans.md.
 *
 * Memory is bounded by settings, whatever the traffic: the oldest waiting question is given out
 * unanswered when there are too many, and the oldest conversation is given up when parsers need
 * more than session_bytes.
 *
 * Ownership: trans_listener_new() makes it. Events are borrowed until the sink returns. Free the
 *            table first, or flush it: flows refer to the listener.
 * Threads:   that of its table; one listener a table.
 */

#include "base/err.h"
#include "base/hash.h"
#include "base/time.h"
#include "event/sink.h"
#include "flow/observer.h"
#include "flow/stream.h"

#include <stddef.h>
#include <stdint.h>

struct trans_listener;

struct trans_listener_settings {
    struct hash_key seed;
    ts_ns timeout_ns;       /* for the answer to a DNS question or ICMP query; whole seconds */
    uint32_t max_waiting;   /* such questions at a time; 1 to 2^24 */
    uint64_t session_bytes; /* held by the parsers of TCP conversations, together */
    struct flow_observer observer;
};

/* 10 s, 65,536 questions, 64 MiB. */
struct trans_listener_settings trans_listener_settings_default(void);

struct trans_counters {
    uint64_t events;
    uint64_t dns; /* events by kind */
    uint64_t http;
    uint64_t tls;
    uint64_t icmp;
    uint64_t unanswered;  /* requests without response, among them */
    uint64_t unasked;     /* responses without request, among them */
    uint64_t repeated;    /* the same question again while it waited, or the same answer again */
    uint64_t evicted;     /* questions given out early because too many waited */
    uint64_t broken;      /* messages that could not be read to their end */
    uint64_t lost;        /* conversations given up: gap, nonsense, or not the protocol */
    uint64_t over_budget; /* conversations given up because parsers held too much */
    uint64_t escaped;     /* bytes that were not UTF-8 and were escaped */
    uint64_t no_memory;
};

/* ERR_MEMORY; ERR_INVALID for settings outside their ranges. */
enum err trans_listener_new(const struct trans_listener_settings *settings, event_sink_fn sink,
                            void *sink_ctx, struct trans_listener **out) ERR_MUST_CHECK;
void trans_listener_free(struct trans_listener *l); /* NULL is fine; writes nothing */

/* What to give to flow_table_new(). */
struct flow_listener trans_listener_face(struct trans_listener *l);

/* The input ended, and the table was flushed: what still waits is given out unanswered. */
void trans_listener_flush(struct trans_listener *l);

size_t trans_listener_bytes(const struct trans_listener *l); /* memory held */
struct trans_counters trans_listener_counters(const struct trans_listener *l);

#endif
