#ifndef DAEMON_LIVE_H
#define DAEMON_LIVE_H

/*
 * What those who listen to /api/live are told, as events with one line of JSON:
 *
 *     alert     the document of a new alert
 *     results   {"job_id":…,"time":…}  a job has new final results, or new scores
 *     interim   {"time":…}             results of open buckets were written anew
 *     changed   {"command":…,"verb":…,"id":…}  somebody changed a job, a rule, a package …
 *     status    {"time":…,"engine_time":…,"events":…,"alerts":…,"behind":…}  every five seconds
 *
 * Results are gathered by job and told once a flush, which comes after the commit that holds them.
 *
 * Ownership: daemon_live_free(); borrows the stream's owner.
 * Threads:   _changed() from any; the others from the pipeline's.
 */

#include "base/bytes.h"
#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct daemon_live;

/* Where events go: daemon_web_publish(). */
typedef void (*daemon_live_publish_fn)(void *ctx, const char *name, struct bytes json);

struct daemon_live *daemon_live_new(daemon_live_publish_fn publish,
                                    void *ctx); /* NULL: no memory */
void daemon_live_free(struct daemon_live *l);   /* NULL is fine */

void daemon_live_result(struct daemon_live *l, const char *job_id, ts_ns at);
void daemon_live_interim(struct daemon_live *l, ts_ns at);
void daemon_live_changed(struct daemon_live *l, const char *command, const char *verb,
                         const char *id);

struct daemon_live_status {
    ts_ns engine; /* TIME_NONE before the first event */
    uint64_t events;
    uint64_t alerts;
    bool behind;
};
/* Whether it is time to tell the status again; steady is passing time. */
bool daemon_live_is_due(const struct daemon_live *l, ts_ns steady);
void daemon_live_status(struct daemon_live *l, const struct daemon_live_status *status, ts_ns wall,
                        ts_ns steady);

/* What was gathered is committed: tells it. */
void daemon_live_flush(struct daemon_live *l);
/* It was taken back. */
void daemon_live_drop(struct daemon_live *l);

#endif
