#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

/*
 * Alerts told to people: what a rule's actions say becomes messages, and messages are sent, again
 * and again if need be, whatever happens to the program meanwhile. docs/method/notify.md.
 *
 * Every alert is noted in the transaction that makes it (store/state_notify.h). A thread makes
 * messages of the notes; others hand them to the courier, one connector each at a time.
 *
 * Ownership: daemon_notify_stop() ends the threads; borrows what the settings name.
 * Threads:   any; threads of its own.
 */

#include "base/err.h"
#include "base/time.h"
#include "notify/send.h"

#include <stdint.h>

struct daemon_courier;
struct daemon_notify;
struct store_state;

struct daemon_notify_settings {
    struct store_state *state;
    struct daemon_courier *courier; /* NULL: nothing is sent */
    const char *base_url;
    ts_ns (*now)(void); /* the wall clock */
    void (*log)(void *ctx, int level, const char *sentence);
    void *ctx;
};

enum err daemon_notify_start(const struct daemon_notify_settings *settings,
                             struct daemon_notify **out, struct err_text *why) ERR_MUST_CHECK;
/* Nothing is begun any more, and nobody waits for an answer on the way; NULL is fine. */
void daemon_notify_hush(struct daemon_notify *n);
void daemon_notify_stop(struct daemon_notify *n); /* NULL is fine */

/* Alerts were committed. */
void daemon_notify_wake(struct daemon_notify *n);

/* Sends now, past the queue; waits. params: JSON. ERR_NOT_FOUND: no such connector. */
enum err daemon_notify_execute(struct daemon_notify *n, const char *connector, const char *params,
                               enum notify_outcome *out, struct err_text *why) ERR_MUST_CHECK;

/* Messages, but for failed: attempts. */
struct daemon_notify_totals {
    int64_t waiting; /* -1: not known */
    uint64_t sent, failed, given_up, dropped;
};

void daemon_notify_count(struct daemon_notify *n, struct daemon_notify_totals *out);

/* When an attempt that failed for the so many-th time (from 1) is to be made again; TIME_NONE when
 * the message is given up. */
ts_ns daemon_notify_again(ts_ns created, int64_t tries, ts_ns now);

#endif
