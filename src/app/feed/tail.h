#ifndef FEED_TAIL_H
#define FEED_TAIL_H

/*
 * Followed logs as a source: a thread that polls them, and hands on batches of events with the
 * positions after them.
 *
 * Each path is a source of events of its own. Its number follows from the path alone
 * (feed_tail_source), so that a configuration in another order changes nothing. Positions are
 * committed with the events (store_offset_set), under "tail:" and the path, so that after a crash
 * reading goes on where the kept events end.
 *
 * The source's time is the wall clock less `late`.
 *
 * Ownership: feed_tail_free() waits for the thread; batches belong to the ring.
 * Threads:   start and stop from one thread.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>
#include <stdint.h>

struct feed_tail;
struct priv_monitor;
struct ring;
struct store;

struct feed_tail_settings {
    const char *const *paths;
    size_t paths_n;
    struct store *store; /* where positions were kept; read only at the start */
    ts_ns late;
    struct priv_monitor *monitor; /* opens what this process may not; NULL: there is none */
    struct ring *ring;            /* of struct feed_batch */
    size_t source;                /* number of this producer */
};

/* The number of the source of events that a path is: never 0, which is the wire's. */
uint32_t feed_tail_source(const char *path);

enum err feed_tail_start(const struct feed_tail_settings *settings, struct feed_tail **out,
                         struct err_text *why) ERR_MUST_CHECK;
void feed_tail_ask_stop(struct feed_tail *t);
void feed_tail_free(struct feed_tail *t); /* NULL is fine */

/* After the last batch: why the thread has ended, ERR_NONE when it was asked to. */
enum err feed_tail_failure(const struct feed_tail *t, struct err_text *why);

#endif
