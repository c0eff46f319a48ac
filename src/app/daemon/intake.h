#ifndef DAEMON_INTAKE_H
#define DAEMON_INTAKE_H

/*
 * Events that programs bring through the API: handed to the pipeline's thread, and waited for until
 * they are on disk.
 *
 *     API thread: daemon_intake_take() ─► ring ─► pipeline's thread: _accept()
 *                        ▲                                            │ soon
 *                        │                          _begin(), store, commit, jobs
 *                        └──────────────── daemon_intake_committed() ◄─────────┘
 *
 * Whoever waits shares the next commit with all who came before it, so that many small requests
 * cost few writes. The store and the jobs get events no sooner than at the commit: those that it
 * refuses, and those whose caller has ceased to wait for it, are nowhere afterwards, and may be
 * sent again. Events that wait are held under a budget of bytes; beyond it the caller is told to
 * come again.
 *
 * Ownership: daemon_intake_free() when nobody takes any more; borrows the ring.
 * Threads:   _take() from any; _accept(), _waits(), _begin(), _committed() from the pipeline's.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct feed_batch;
struct daemon_intake;
struct event;
struct ring;
struct store_name;

/* Bytes of events that may wait. */
#define DAEMON_INTAKE_BYTES (UINT64_C(256) << 20)

/* Longer than any commit takes, unless the disk is full or stuck. */
#define DAEMON_INTAKE_PATIENCE (30 * TIME_S)

/*
 * source: the index that the pipeline's thread knows these batches by. patience: how long one waits
 * for its commit. NULL when memory is short.
 */
struct daemon_intake *daemon_intake_new(struct ring *ring, size_t source, ts_ns patience);
void daemon_intake_free(struct daemon_intake *i); /* NULL is fine */

/* Events of the API have a source of their own: not the wire's (0), no followed log's (bit 31). */
#define DAEMON_INTAKE_SOURCE UINT32_C(0x40000000)

/*
 * Takes the arena with its n events, whatever comes out, and returns when they are on disk.
 * *out_sequences gets their numbers of arrival, 0 for one that the store refused or had already.
 * names: of events whose senders named them, with what became of that afterwards (store/store.h);
 * NULL: no one did.
 * ERR_AGAIN: no room. ERR_FULL: the disk is full; ERR_STOPPED: it took too long, or the daemon
 * ends. After these three nothing of them is kept, unless the disk answers neither way for twice
 * the patience: then they may come to be written after all, as why says.
 */
enum err daemon_intake_take(struct daemon_intake *i, struct arena *arena, struct event *events,
                            size_t n, struct store_name *names, uint64_t *out_sequences,
                            struct err_text *why) ERR_MUST_CHECK;

/* The batch, which came from the ring, waits for the next commit. */
void daemon_intake_accept(struct daemon_intake *i, struct feed_batch *b, ts_ns now);
/* Since when somebody waits for the next commit; TIME_MAX: nobody does. */
ts_ns daemon_intake_waits(const struct daemon_intake *i);
/*
 * The commit begins: the batches that it is to hold, in the order they came (feed_batch.next), till
 * daemon_intake_committed(). Their callers cease to wait no more. NULL: there are none.
 */
struct feed_batch *daemon_intake_begin(struct daemon_intake *i);
/* What was begun is on disk, or why not; the batches are freed. */
void daemon_intake_committed(struct daemon_intake *i, enum err err);
/* Nothing is taken any more, and all who wait are told ERR_STOPPED. */
void daemon_intake_close(struct daemon_intake *i);

struct daemon_intake_totals {
    uint64_t events;
    uint64_t requests;
    uint64_t refused; /* for want of room */
    uint64_t waiting_bytes;
};
void daemon_intake_totals(struct daemon_intake *i, struct daemon_intake_totals *out);

#endif
