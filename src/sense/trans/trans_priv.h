#ifndef TRANS_TRANS_PRIV_H
#define TRANS_TRANS_PRIV_H

/* What the files of this room share. */

#include "base/arena.h"
#include "base/budget.h"
#include "event/event.h"
#include "proto/dir.h"
#include "trans/listener.h"
#include "trans/pending.h"

#include <string.h>

struct proto_dns_stream;
struct proto_http_conn;
struct proto_tls_conn;
struct trans_http_request;

/* Sets a constant text of a field that is not there yet. */
#define TRANS_TEXT(e, field, text) event_put(e, field, event_value_str(text, sizeof(text) - 1))

/* What the events of one protocol have in common. */
enum trans_pattern {
    TRANS_PATTERN_DNS,
    TRANS_PATTERN_HTTP,
    TRANS_PATTERN_TLS,
    TRANS_PATTERN_ICMP,
    TRANS_PATTERNS
};

enum trans_kind {
    TRANS_UNDECIDED, /* too few bytes yet */
    TRANS_DNS,
    TRANS_HTTP,
    TRANS_TLS,
    TRANS_DEAD, /* given up; the flow has yet to be told */
};

/* Fields that every event of a pattern has; those of ICMP have no ports. */
enum trans_slot {
    TRANS_SLOT_START,
    TRANS_SLOT_END,
    TRANS_SLOT_ID,
    TRANS_SLOT_TRANSPORT,
    TRANS_SLOT_TYPE,
    TRANS_SLOT_SOURCE_IP,
    TRANS_SLOT_DESTINATION_IP,
    TRANS_SLOT_CLIENT_IP,
    TRANS_SLOT_SERVER_IP,
    TRANS_SLOT_PORTLESS,
    TRANS_SLOT_SOURCE_PORT = TRANS_SLOT_PORTLESS,
    TRANS_SLOT_DESTINATION_PORT,
    TRANS_SLOT_CLIENT_PORT,
    TRANS_SLOT_SERVER_PORT,
    TRANS_SLOTS,
    TRANS_SLOT_DNS = TRANS_SLOTS, /* further ones of DNS: its own file's */
};

#define TRANS_FIRST_BYTES 64 /* kept until the protocol is known */

struct trans_side {
    struct trans_session *session;
    enum flow_side side;
    struct proto_dns_stream *dns;
    uint8_t first[TRANS_FIRST_BYTES];
    uint8_t first_n;
};

/* One TCP conversation that is listened to. */
struct trans_session {
    struct trans_listener *l;
    const struct flow *f; /* while a call from the table lasts */
    enum trans_kind kind;
    uint64_t serial;
    uint64_t charged; /* of the budget */
    struct trans_session *older, *newer;
    struct trans_side side[2];
    union {
        struct proto_http_conn *http;
        struct proto_tls_conn *tls;
    };
    struct trans_http_request *first_request; /* waiting for responses, in order */
    struct trans_http_request *last_request;
    uint64_t request_bytes; /* held by them */
};

#define TRANS_ANSWERED 1024

struct trans_listener {
    struct trans_listener_settings settings;
    event_sink_fn sink;
    void *sink_ctx;
    ts_ns now;
    uint64_t serial; /* of the last flow listened to */
    struct trans_pending *pending;
    uint64_t answered[TRANS_ANSWERED]; /* the latest answers, each in its place */
    struct budget budget;              /* of sessions' parsers */
    struct trans_session *oldest, *newest;
    struct trans_session *free_sessions;
    size_t session_made;
    struct arena arena; /* the event being made, and the message it is made of */
    struct arena pattern_arena;
    struct event patterns[TRANS_PATTERNS];
    uint32_t first_slot[TRANS_PATTERNS]; /* TRANS_SLOT_START's; the others follow */
    struct trans_counters counters;
};

/* --- listener.c --- */

/* A new entry among the waiting, for which the oldest gives way if need be. NULL: no memory. */
struct trans_waiting *trans_listener_wait(struct trans_listener *l, uint64_t serial, uint16_t id,
                                          enum flow_side side);

/*
 * Notes that a question was answered, and tells whether it was lately, by an answer of this size:
 * the copy that a mirror port makes is no second transaction.
 */
void trans_listener_answered(struct trans_listener *l, uint64_t serial, uint16_t id,
                             enum flow_side side, uint64_t size);
bool trans_listener_was_answered(const struct trans_listener *l, uint64_t serial, uint16_t id,
                                 enum flow_side side, uint64_t size);

/* --- event.c --- */

/* Whom a transaction is between: ends[FLOW_SOURCE] asked. */
struct trans_origin trans_event_origin(const struct flow *f, enum flow_side client);

/* Makes the patterns; false when memory is short. */
bool trans_event_prepare(struct trans_listener *l);
/*
 * Begins an event with all that is common, but for related.ip. The origin must live as long as the
 * event. end may be before start in broken input, the duration is left out then.
 */
void trans_event_begin(struct trans_listener *l, struct event *e, enum trans_pattern pattern,
                       const struct trans_origin *o, ts_ns start, ts_ns end);
/* Sets related.ip to both ends and makes room for more, which the caller fills; NULL: no memory. */
struct event_value *trans_event_related(struct event *e, const struct trans_origin *o,
                                        uint32_t more);
/* Gives the event out at this time and clears the arena. */
void trans_event_give(struct trans_listener *l, struct event *e, ts_ns time);
/* Foreign bytes as text; nothing when they are empty. */
void trans_event_foreign(struct trans_listener *l, struct event *e, event_field f, struct bytes b);
/* A name the client wants to talk to: server.domain, destination.domain, related.hosts. */
void trans_event_server(struct trans_listener *l, struct event *e, struct bytes name);

/* --- dns.c --- */

/* The slots of a DNS event's pattern, after the common ones. */
void trans_dns_prepare(struct event *pattern);

void trans_dns_message(struct trans_listener *l, uint64_t serial, const struct flow *f,
                       enum flow_side side, ts_ns ts, struct bytes message);
/* A question that waited in vain. */
void trans_dns_unanswered(struct trans_listener *l, const struct trans_waiting *w, ts_ns time);
bool trans_dns_feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data);
bool trans_dns_gap(struct trans_session *s, enum flow_side side, uint64_t missing);
void trans_dns_drop(struct trans_session *s);
uint64_t trans_dns_bytes(const struct trans_session *s);

/* --- icmp.c --- */

bool trans_icmp_wanted(const struct decode_packet *p);
void trans_icmp_message(struct trans_listener *l, uint64_t serial, const struct flow *f,
                        enum flow_side side, const struct decode_packet *p);
void trans_icmp_unanswered(struct trans_listener *l, const struct trans_waiting *w, ts_ns time);

/* --- http.c --- */

bool trans_http_open(struct trans_session *s);
bool trans_http_feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data);
bool trans_http_gap(struct trans_session *s, enum flow_side side, ts_ns ts, uint64_t missing);
void trans_http_close(struct trans_session *s, enum flow_side side, ts_ns ts);
/* Gives out requests that will not be answered any more. */
void trans_http_end(struct trans_session *s, ts_ns ts);
void trans_http_drop(struct trans_session *s);
uint64_t trans_http_bytes(const struct trans_session *s);

/* --- tls.c --- */

bool trans_tls_open(struct trans_session *s);
bool trans_tls_feed(struct trans_session *s, enum flow_side side, ts_ns ts, struct bytes data);
bool trans_tls_gap(struct trans_session *s, enum flow_side side, ts_ns ts, uint64_t missing);
void trans_tls_end(struct trans_session *s, ts_ns ts);
void trans_tls_drop(struct trans_session *s);
uint64_t trans_tls_bytes(const struct trans_session *s);

/* --- session.c --- */

struct trans_session *trans_session_new(struct trans_listener *l);
/* Forgets the session without a word. */
void trans_session_free(struct trans_session *s);
/* Frees the sessions kept for reuse. */
void trans_session_release(struct trans_listener *l);
/* False: the session is over and freed. */
bool trans_session_data(struct trans_session *s, const struct flow *f, enum flow_side side,
                        ts_ns ts, struct bytes data);
bool trans_session_gap(struct trans_session *s, const struct flow *f, enum flow_side side, ts_ns ts,
                       uint64_t missing);
bool trans_session_close(struct trans_session *s, const struct flow *f, enum flow_side side,
                         ts_ns ts);
void trans_session_end(struct trans_session *s, const struct flow *f, ts_ns ts);

/* A constant or borrowed text of a field that is not there yet. */
static inline void trans_event_text(struct event *e, event_field f, const char *s)
{
    event_put(e, f, event_value_str(s, strlen(s)));
}

static inline enum proto_dir trans_dir(enum flow_side side)
{
    return side == FLOW_SOURCE ? PROTO_DIR_A : PROTO_DIR_B;
}

static inline enum flow_side trans_side_of(enum proto_dir dir)
{
    return dir == PROTO_DIR_A ? FLOW_SOURCE : FLOW_DESTINATION;
}

static inline enum flow_side trans_other(enum flow_side side)
{
    return side == FLOW_SOURCE ? FLOW_DESTINATION : FLOW_SOURCE;
}

#endif
