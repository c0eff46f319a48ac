#ifndef DELIVER_PLAN_H
#define DELIVER_PLAN_H

/*
 * From noted alerts to messages that wait: what deliver/notify.h does before it sends.
 *
 * Threads: one at a time for one state.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct store_state;

struct deliver_planner {
    struct store_state *state;
    const char *base_url;
    void (*log)(void *ctx, int level, const char *sentence);
    void *ctx;
    uint64_t dropped; /* messages that found the queue full */
    char told[700];   /* the last problem that the log was told of */
};

/* Messages that wait at most; what comes then is dropped and counted. */
#define DELIVER_NOTIFY_QUEUE 4096

/*
 * Makes the messages of one run's alerts, or of one summary whose time has come. *out_any is false
 * when there was nothing to do. What could not be written stands among what was
 * given up, in the rule's status, and in the log, once. ERR_IO, ERR_MEMORY …
 */
enum err deliver_plan(struct deliver_planner *p, ts_ns now, bool *out_any,
                      struct err_text *why) ERR_MUST_CHECK;

#endif
