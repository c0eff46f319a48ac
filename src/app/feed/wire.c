/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/wire.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/ring.h"
#include "capture/live.h"
#include "event/event.h"
#include "feed/batch.h"
#include "feed/packets.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

/* Batches go at least so often, so that the pipeline's time goes on. */
#define TICK (250 * TIME_MS)
/* While no packet comes, engine time is the wall clock less this: packets that the kernel still
 * holds must not be late. */
#define IDLE_LAG TIME_S

struct feed_wire {
    struct feed_wire_settings settings;
    struct capture_live *live;
    struct feed_packets *packets;
    struct feed_batch *batch;
    struct feed_batch *spare; /* for the last one, so that the end is told in any case */
    pthread_t thread;
    bool started;
    uint64_t sequence;
    enum err failure;
    struct err_text why;
    atomic_uint_fast64_t packets_n, dropped_n, events_n;
};

static void on_event(void *ctx, struct event *e)
{
    struct feed_wire *w = ctx;
    e->source = w->settings.event_source;
    e->sequence = ++w->sequence;
    if (w->batch == NULL)
        w->batch = feed_batch_new(w->settings.source);
    if (w->batch == NULL || feed_batch_add(w->batch, e) != ERR_NONE) {
        w->failure = err_set(&w->why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        return;
    }
    atomic_fetch_add(&w->events_n, 1);
}

/* Hands the batch on with the time reached. */
static void hand_on(struct feed_wire *w, ts_ns now, bool last)
{
    struct feed_batch *b = w->batch != NULL ? w->batch : feed_batch_new(w->settings.source);
    w->batch = NULL;
    if (b == NULL && last) {
        b = w->spare;
        w->spare = NULL;
    }
    if (b == NULL)
        return; /* the next one will tell the time */
    b->watermark = now;
    b->last = last;
    b->offset_name = mem_strdup(FEED_WIRE_OFFSET);
    buf_le64(&b->offset, w->sequence);
    if (!ring_push(w->settings.ring, b))
        feed_batch_free(b);
    struct capture_live_counters c = capture_live_counters(w->live);
    atomic_store(&w->packets_n, c.packets);
    atomic_store(&w->dropped_n, c.kernel_dropped + c.link_dropped);
}

static void *run(void *arg)
{
    struct feed_wire *w = arg;
    ts_ns now = TIME_NONE; /* the wire's time */
    ts_ns handed = clock_steady();
    enum err err = ERR_NONE;
    while (w->failure == ERR_NONE) {
        struct capture_packet packet;
        err = capture_live_next(w->live, TICK, &w->why, &packet);
        if (err == ERR_NONE) {
            feed_packets_feed(w->packets, &packet);
            if (packet.ts > now)
                now = packet.ts;
        } else if (err == ERR_AGAIN) {
            ts_ns idle = clock_wall() - IDLE_LAG;
            if (idle > now)
                now = idle;
            feed_packets_advance(w->packets, now);
        } else {
            break;
        }
        bool full = w->batch != NULL && w->batch->n >= FEED_BATCH_EVENTS;
        if (full || clock_steady() - handed >= TICK) {
            hand_on(w, now, false);
            handed = clock_steady();
        }
    }
    if (w->failure == ERR_NONE && err != ERR_STOPPED)
        w->failure = err;
    feed_packets_flush(w->packets);
    hand_on(w, now, true);
    return NULL;
}

enum err feed_wire_open(const struct capture_live_settings *capture, struct feed_wire **out,
                        struct err_text *why)
{
    struct feed_wire *w = mem_zero(1, sizeof(*w));
    if (w == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = capture_live_open(capture, why, &w->live);
    if (err != ERR_NONE) {
        feed_wire_free(w);
        return err;
    }
    *out = w;
    return ERR_NONE;
}

enum err feed_wire_start(struct feed_wire *w, const struct feed_wire_settings *settings,
                         struct err_text *why)
{
    w->settings = *settings;
    w->sequence = settings->sequence;
    const struct feed_packets_settings packets = {
        .sensor = settings->sensor,
        .agent_id = settings->sensor,
        .memory = settings->memory,
        .seed = feed_packets_seed(),
        .sink = on_event,
        .ctx = w,
    };
    enum err err = feed_packets_new(&packets, &w->packets);
    if (err != ERR_NONE)
        return err_set(why, err, "%s", err_name(err));
    if ((w->spare = feed_batch_new(settings->source)) == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (pthread_create(&w->thread, NULL, run, w) != 0)
        return err_set(why, ERR_LIMIT, "no thread for the capture");
    w->started = true;
    return ERR_NONE;
}

void feed_wire_ask_stop(struct feed_wire *w)
{
    capture_live_stop(w->live);
}

void feed_wire_free(struct feed_wire *w)
{
    if (w == NULL)
        return;
    if (w->started) {
        capture_live_stop(w->live);
        pthread_join(w->thread, NULL);
    }
    feed_batch_free(w->batch);
    feed_batch_free(w->spare);
    feed_packets_free(w->packets);
    capture_live_close(w->live);
    mem_free(w);
}

enum err feed_wire_failure(const struct feed_wire *w, struct err_text *why)
{
    if (w->failure != ERR_NONE)
        *why = w->why;
    return w->failure;
}

void feed_wire_totals(struct feed_wire *w, struct feed_wire_totals *out)
{
    out->packets = atomic_load(&w->packets_n);
    out->kernel_dropped = atomic_load(&w->dropped_n);
    out->events = atomic_load(&w->events_n);
}
