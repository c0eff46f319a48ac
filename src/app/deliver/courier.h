#ifndef DELIVER_COURIER_H
#define DELIVER_COURIER_H

/*
 * The courier: a process of its own that carries messages out, so that the engine needs no network.
 *
 * It is made before the jail closes and has a jail of its own: no files but those of name
 * resolution and certificates, no programs, connections only to the hosts that the configuration
 * names. It parses what other machines answer, and one form of request, JSON by a pair of sockets.
 * A child of its does the work and is made anew when it falls. It ends with the engine.
 * docs/method/notify.md, docs/method/priv.md.
 *
 * Ownership: deliver_courier_stop() ends it.
 * Threads:   start while there is one; each lane by one thread at a time.
 */

#include "base/err.h"
#include "base/time.h"
#include "notify/send.h"

#include <stddef.h>

struct buf;
struct conf;
struct deliver_courier;
struct priv_jail_settings;

#define DELIVER_COURIER_LANES 5
/* A request with its connector and parameters; more is refused. */
#define DELIVER_COURIER_MAX ((size_t)192 << 10)

/* *out is NULL when the configuration allows no host. jail: NULL: none (for tests). */
enum err deliver_courier_start(const struct conf *conf, const struct priv_jail_settings *jail,
                               struct deliver_courier **out, struct err_text *why) ERR_MUST_CHECK;
void deliver_courier_stop(struct deliver_courier *c); /* NULL is fine */

/* Those who wait for an answer get one at once: later. */
void deliver_courier_hush(struct deliver_courier *c);

/*
 * Hands a message over and waits. connector and secrets as state.db keeps them, params rendered.
 */
struct deliver_courier_message {
    const char *connector;
    const char *secrets;
    const char *params;
    const char *id;
    ts_ns now;
};
enum notify_outcome deliver_courier_send(struct deliver_courier *c, unsigned lane,
                                         const struct deliver_courier_message *m,
                                         struct err_text *why);

/* What the courier does with a request: also without a process. Adds the answer to out. */
void deliver_courier_work(const struct conf *conf, const char *request, size_t n, struct buf *out);

#endif
