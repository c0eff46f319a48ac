#ifndef SUPPRESS_GROUP_H
#define SUPPRESS_GROUP_H

/*
 * Many candidates of one kind become one alert that counts the others.
 *
 * Candidates with the same instance are a group. The first of a group in time becomes an alert, the
 * others are counted in it. Where an alert of the instance is there already, is not closed and lies
 * in the window, the whole group is counted in that one instead. What such an alert has counted
 * before is known by its end: a candidate that does not lie after it is passed over, so that runs
 * may overlap. Runs over the past, after which others came, ask which alert of the instance covers
 * a candidate instead. Grouping by run alone counts only into alerts of the same run.
 * docs/method/suppression.md.
 *
 * The outcome does not depend on the order of the candidates.
 *
 * Ownership: borrows everything.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct suppress_candidate {
    const char *instance; /* names the group for good: of terms and rule */
    const char *alert_id; /* of the alert that it would become */
    ts_ns start;          /* of what it is about; an event's time */
    ts_ns end;
    uint64_t docs; /* what it has counted itself; 0: one document */
    size_t at;     /* the caller's */
};

/* An alert that is there. */
struct suppress_alert {
    const char *id;
    ts_ns start; /* of its suppression */
    ts_ns end;
    uint64_t docs;
    bool same_run; /* made by the run that asks */
};

/* What a group makes of its first candidate, or of the alert that is there. */
struct suppress_outcome {
    ts_ns start;
    ts_ns end;
    uint64_t docs; /* counted in it, the first not */
};

struct suppress_ports {
    void *ctx;
    /* Whether there is an alert of that id, open or closed. */
    enum err (*exists)(void *ctx, const char *alert_id, bool *out, struct err_text *why);
    /* The newest alert of the instance that is not closed and began (kibana.alert.start) in the
     * window; its texts live until the next call. ERR_NOT_FOUND. */
    enum err (*find)(void *ctx, const char *instance, ts_ns since, struct suppress_alert *out,
                     struct err_text *why);
    /* Whether an alert of the instance that is not closed, and not of this run, covers the span.
     * NULL: what does not end after the alert found was counted. */
    enum err (*covered)(void *ctx, const char *instance, ts_ns start, ts_ns end, bool *out,
                        struct err_text *why);
    /* ERR_EXISTS: it is there after all. */
    enum err (*create)(void *ctx, const struct suppress_candidate *from,
                       const struct suppress_outcome *outcome, struct err_text *why);
    enum err (*update)(void *ctx, const char *alert_id, const struct suppress_outcome *outcome,
                       struct err_text *why);
};

struct suppress_how {
    ts_ns since;  /* the window's start: of the run's times, or now less the duration */
    bool per_run; /* no duration: only alerts of the same run count on */
    size_t max;   /* alerts that may be made */
};

struct suppress_totals {
    uint64_t created;
    uint64_t existed;    /* candidates that are alerts, or were counted in one, already */
    uint64_t suppressed; /* candidates counted in an alert now */
    uint64_t left;       /* groups beyond max: neither made nor counted */
};

/* Candidates may come in any order and are put in another. ERR_MEMORY, what a port fails with. */
enum err suppress_group(struct suppress_candidate *list, size_t n, const struct suppress_how *how,
                        const struct suppress_ports *ports, struct suppress_totals *out_totals,
                        struct err_text *why) ERR_MUST_CHECK;

#endif
