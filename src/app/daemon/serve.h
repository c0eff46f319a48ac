#ifndef DAEMON_SERVE_H
#define DAEMON_SERVE_H

/*
 * The daemon: sources, store, jobs and rules on the wall clock, until it is told to stop.
 *
 * Threads: one for the wire and one for followed logs make batches of events; the caller's thread
 * takes them, keeps them, runs jobs and rules; one seals and removes old events; those of
 * request/control.h answer commands. Events and the offsets of their sources are committed once a
 * second.
 *
 * Interfaces are opened first; then the jail closes (daemon/jail.h); all else happens in it.
 *
 * Engine time is the least of the sources' times. After a stop, clean or not, everything goes on
 * from the newest snapshot and the stored events after it.
 *
 * Ownership: borrows settings.
 */

#include "base/err.h"
#include "engine/rules.h"

#include <stdbool.h>

struct conf;
struct priv_monitor;

struct daemon_serve_settings {
    const struct conf *conf;
    struct priv_monitor *monitor; /* opens followed logs; NULL: there is none */
    const char *sensor;           /* host.name when the configuration names none */
    bool (*stop)(void *ctx);
    /* A sentence for the log; level 0 error, 1 warning, 2 information. */
    void (*log)(void *ctx, int level, const char *sentence);
    void *ctx;
    engine_alert_fn on_alert; /* NULL: alerts go to the store alone */
    void *alert_ctx;
};

/* Returns when stop() says so and all is kept, or when going on makes no sense. */
enum err daemon_serve(const struct daemon_serve_settings *settings,
                      struct err_text *why) ERR_MUST_CHECK;

#endif
