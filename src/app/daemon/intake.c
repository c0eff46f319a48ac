/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/intake.h"

#include "base/arena.h"
#include "base/assert.h"
#include "base/budget.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/ring.h"
#include "event/event.h"
#include "feed/batch.h"
#include "store/store.h"

#include <pthread.h>
#include <string.h>
#include <time.h>

/* Of one who waits and the pipeline's thread: whoever comes to it last frees it. */
struct receipt {
    bool begun; /* a commit with them runs */
    bool done;
    bool left; /* nobody waits any more */
    enum err err;
    uint64_t bytes;           /* of the budget; returned by whoever frees it */
    struct store_name *names; /* of the batch, when it is done; or NULL */
    uint64_t sequences[];     /* numbers of arrival, one an event */
};

struct daemon_intake {
    struct ring *ring;
    size_t source;
    ts_ns patience;
    /* The pipeline's thread alone. */
    ts_ns since; /* the oldest of those accepted */
    struct feed_batch *accepted, **last;
    pthread_mutex_t lock; /* guards what follows, and receipts but for sequences */
    pthread_cond_t answered;
    struct budget bytes;
    uint64_t events, requests;
    bool full; /* the disk was, at the last commit */
    bool closed;
};

struct daemon_intake *daemon_intake_new(struct ring *ring, size_t source, ts_ns patience)
{
    struct daemon_intake *i = mem_zero(1, sizeof(*i));
    if (i == NULL)
        return NULL;
    i->ring = ring;
    i->source = source;
    i->patience = patience;
    i->since = TIME_MAX;
    i->last = &i->accepted;
    budget_init(&i->bytes, DAEMON_INTAKE_BYTES);
    pthread_mutex_init(&i->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&i->answered, &attr);
    pthread_condattr_destroy(&attr);
    return i;
}

void daemon_intake_free(struct daemon_intake *i)
{
    if (i == NULL)
        return;
    ASSERT(i->accepted == NULL);
    pthread_cond_destroy(&i->answered);
    pthread_mutex_destroy(&i->lock);
    mem_free(i);
}

static struct timespec after(ts_ns span)
{
    ts_ns at = clock_steady() + span;
    return (struct timespec){.tv_sec = at / TIME_S, .tv_nsec = at % TIME_S};
}

static void free_receipt(struct receipt *r)
{
    if (r == NULL)
        return;
    mem_free(r->names);
    mem_free(r);
}

/* The lock is held. */
static void wait_until(struct daemon_intake *i, const struct receipt *r, struct timespec end)
{
    int rc = 0;
    while (!r->done && rc == 0)
        rc = pthread_cond_timedwait(&i->answered, &i->lock, &end);
}

/*
 * Until the receipt says how it went, or patience ends: ERR_LIMIT before a commit has begun with
 * the events, ERR_IO when one has.
 */
static enum err wait_for(struct daemon_intake *i, struct receipt *r, size_t n,
                         struct store_name *names, uint64_t *out_sequences)
{
    pthread_mutex_lock(&i->lock);
    wait_until(i, r, after(i->patience));
    if (!r->done && r->begun)
        wait_until(i, r, after(i->patience));
    enum err err = r->done ? r->err : r->begun ? ERR_IO : ERR_LIMIT;
    bool mine = r->done;
    r->left = true;
    if (mine)
        budget_return(&i->bytes, r->bytes);
    pthread_mutex_unlock(&i->lock);
    if (mine && err == ERR_NONE)
        memcpy(out_sequences, r->sequences, n * sizeof(*out_sequences));
    if (mine && err == ERR_NONE && r->names != NULL)
        memcpy(names, r->names, n * sizeof(*names));
    if (mine)
        free_receipt(r);
    return err;
}

static enum err admit(struct daemon_intake *i, uint64_t bytes)
{
    pthread_mutex_lock(&i->lock);
    enum err err = i->closed                         ? ERR_STOPPED
                   : i->full                         ? ERR_FULL
                   : budget_charge(&i->bytes, bytes) ? ERR_NONE
                                                     : ERR_AGAIN;
    pthread_mutex_unlock(&i->lock);
    return err;
}

static enum err hand_over(struct daemon_intake *i, struct feed_batch *b, uint64_t bytes,
                          struct store_name *names, uint64_t *out_sequences)
{
    size_t n = b->n;
    enum err err = admit(i, bytes);
    struct receipt *r =
        err == ERR_NONE ? mem_zero(1, sizeof(*r) + n * sizeof(r->sequences[0])) : NULL;
    if (err != ERR_NONE) {
        feed_batch_free(b);
        return err;
    }
    if (r != NULL)
        r->bytes = bytes;
    b->receipt = r;
    /* Not waiting for room: threads that wait here would answer nobody else. */
    if (r == NULL || !ring_try_push(i->ring, b)) {
        err = r == NULL ? ERR_MEMORY : ring_closed(i->ring) ? ERR_STOPPED : ERR_AGAIN;
        free_receipt(r);
        feed_batch_free(b);
        pthread_mutex_lock(&i->lock);
        budget_return(&i->bytes, bytes);
        pthread_mutex_unlock(&i->lock);
        return err;
    }
    return wait_for(i, r, n, names, out_sequences);
}

/* The batch has names of its own: their owner may cease to wait. */
static enum err copy_names(struct feed_batch *b, const struct store_name *names, size_t n)
{
    if (names == NULL)
        return ERR_NONE;
    b->names = mem_alloc(n * sizeof(*names));
    if (b->names == NULL)
        return ERR_MEMORY;
    memcpy(b->names, names, n * sizeof(*names));
    return ERR_NONE;
}

enum err daemon_intake_take(struct daemon_intake *i, struct arena *arena, struct event *events,
                            size_t n, struct store_name *names, uint64_t *out_sequences,
                            struct err_text *why)
{
    uint64_t bytes = arena->used + (names != NULL ? n * sizeof(*names) : 0);
    struct feed_batch *b = feed_batch_new(i->source);
    if (b == NULL || copy_names(b, names, n) != ERR_NONE) {
        feed_batch_free(b);
        arena_release(arena);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    for (size_t k = 0; k < n; k++)
        events[k].source = DAEMON_INTAKE_SOURCE;
    feed_batch_take(b, arena, events, n);
    enum err err = hand_over(i, b, bytes, names, out_sequences);
    switch (err) {
    case ERR_NONE:
        return ERR_NONE;
    case ERR_AGAIN:
        return err_set(why, err, "too many events wait to be written: send them again later");
    case ERR_LIMIT:
        return err_set(why, ERR_STOPPED, "the events were not written in time: send them again");
    case ERR_IO: /* to be tried again: better twice than not at all */
        return err_set(why, ERR_STOPPED, "the events were not written in time; they still may be");
    case ERR_FULL:
        return err_set(why, err, "the disk is full");
    case ERR_STOPPED:
        return err_set(why, err, "the server is being stopped");
    default:
        return err_set(why, err, "the events cannot be written: %s", err_name(err));
    }
}

void daemon_intake_accept(struct daemon_intake *i, struct feed_batch *b, ts_ns now)
{
    b->next = NULL;
    *i->last = b;
    i->last = &b->next;
    if (i->since == TIME_MAX)
        i->since = now;
}

ts_ns daemon_intake_waits(const struct daemon_intake *i)
{
    return i->since;
}

/* The receipt's caller left before its batch was written: nobody wants either. The lock is held. */
static void drop(struct daemon_intake *i, struct feed_batch *b)
{
    struct receipt *r = b->receipt;
    budget_return(&i->bytes, r->bytes);
    free_receipt(r);
    feed_batch_free(b);
}

struct feed_batch *daemon_intake_begin(struct daemon_intake *i)
{
    struct feed_batch *b = i->accepted;
    i->last = &i->accepted;
    pthread_mutex_lock(&i->lock);
    for (struct feed_batch *next; b != NULL; b = next) {
        struct receipt *r = b->receipt;
        next = b->next;
        if (r->left) {
            drop(i, b);
            continue;
        }
        r->begun = true;
        *i->last = b;
        i->last = &b->next;
    }
    *i->last = NULL;
    pthread_mutex_unlock(&i->lock);
    return i->accepted;
}

void daemon_intake_committed(struct daemon_intake *i, enum err err)
{
    pthread_mutex_lock(&i->lock);
    i->full = err == ERR_FULL;
    for (struct feed_batch *b = i->accepted, *next; b != NULL; b = next) {
        struct receipt *r = b->receipt;
        next = b->next;
        if (r->left) {
            drop(i, b);
            continue;
        }
        for (size_t k = 0; k < b->n; k++)
            r->sequences[k] = b->events[k].sequence;
        r->names = b->names;
        b->names = NULL;
        i->events += err == ERR_NONE ? b->n : 0;
        i->requests += err == ERR_NONE;
        r->err = err;
        r->done = true;
        feed_batch_free(b);
    }
    i->accepted = NULL;
    i->last = &i->accepted;
    i->since = TIME_MAX;
    pthread_cond_broadcast(&i->answered);
    pthread_mutex_unlock(&i->lock);
}

void daemon_intake_close(struct daemon_intake *i)
{
    pthread_mutex_lock(&i->lock);
    i->closed = true;
    pthread_mutex_unlock(&i->lock);
    daemon_intake_committed(i, ERR_STOPPED);
}

void daemon_intake_totals(struct daemon_intake *i, struct daemon_intake_totals *out)
{
    pthread_mutex_lock(&i->lock);
    *out = (struct daemon_intake_totals){
        .events = i->events,
        .requests = i->requests,
        .refused = i->bytes.refused,
        .waiting_bytes = i->bytes.used,
    };
    pthread_mutex_unlock(&i->lock);
}
