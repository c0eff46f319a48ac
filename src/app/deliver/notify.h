#ifndef DELIVER_NOTIFY_H
#define DELIVER_NOTIFY_H

/*
 * Alerts told to people: what a rule's actions say becomes messages, and messages are sent, again
 * and again if need be, whatever happens to the program meanwhile. docs/method/notify.md.
 *
 * Every alert is noted in the transaction that makes it (store/state_notify.h). A thread makes
 * messages of the notes; others hand them to the courier, one connector each at a time.
 *
 * Ownership: deliver_notify_stop() ends the threads; borrows what the settings name.
 * Threads:   any; threads of its own.
 */

#include "base/err.h"
#include "base/time.h"
#include "notify/send.h"

#include <stdint.h>

struct deliver_courier;
struct deliver_notify;
struct store_state;

struct deliver_notify_settings {
    struct store_state *state;
    struct deliver_courier *courier; /* NULL: nothing is sent */
    const char *base_url;
    ts_ns (*now)(void); /* the wall clock */
    void (*log)(void *ctx, int level, const char *sentence);
    void *ctx;
};

enum err deliver_notify_start(const struct deliver_notify_settings *settings,
                              struct deliver_notify **out, struct err_text *why) ERR_MUST_CHECK;
/* Nothing is begun any more, and nobody waits for an answer on the way; NULL is fine. */
void deliver_notify_hush(struct deliver_notify *n);
void deliver_notify_stop(struct deliver_notify *n); /* NULL is fine */

/* Alerts were committed. */
void deliver_notify_wake(struct deliver_notify *n);

/* Sends now, past the queue; waits. params: JSON. ERR_NOT_FOUND: no such connector. */
enum err deliver_notify_execute(struct deliver_notify *n, const char *connector, const char *params,
                                enum notify_outcome *out, struct err_text *why) ERR_MUST_CHECK;

/* Messages, but for failed: attempts. */
struct deliver_notify_totals {
    int64_t waiting;      /* -1: not known */
    uint64_t undelivered; /* given up, and nobody has seen to them */
    uint64_t sent, failed, given_up, dropped;
};

void deliver_notify_count(struct deliver_notify *n, struct deliver_notify_totals *out);

/* When an attempt that failed for the so many-th time (from 1) is to be made again; TIME_NONE when
 * the message is given up. */
ts_ns deliver_notify_again(ts_ns created, int64_t tries, ts_ns now);

#endif
