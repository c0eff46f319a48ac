#ifndef FEED_BATCH_H
#define FEED_BATCH_H

/*
 * Events on their way from the thread that made them to the pipeline's, with where their source
 * stands after them.
 *
 * Ownership: whoever took it last; feed_batch_free() ends it with its events.
 * Threads:   one owner at a time.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct store_name;

/* Enough for one commit a second at full speed, and small enough to pass at once. */
#define FEED_BATCH_EVENTS 4096

struct feed_batch {
    struct arena arena;
    struct event *events;
    size_t n, cap;
    struct store_name *names; /* of events whose senders named them, one an event; NULL: none has */
    size_t source;            /* index of the producer */
    ts_ns watermark;          /* the source's time after these events */
    char *offset_name;        /* NULL: the source keeps no offset */
    struct buf offset;        /* where the source stands after these events */
    bool last;                /* the source has ended */
    void *receipt; /* of one who waits until the events are on disk (daemon/intake.h); or NULL */
    struct feed_batch *next; /* in a list of its owner's */
};

struct feed_batch *feed_batch_new(size_t source); /* NULL when memory is short */
void feed_batch_free(struct feed_batch *b);       /* NULL is fine */
/* The arena and the events in it are the batch's from now on, whatever it held is gone. */
void feed_batch_take(struct feed_batch *b, struct arena *arena, struct event *events, size_t n);
/* A deep copy. */
enum err feed_batch_add(struct feed_batch *b, const struct event *e) ERR_MUST_CHECK;

#endif
