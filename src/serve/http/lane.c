/* SPDX-License-Identifier: Apache-2.0 */
#include "http/lane.h"

#include "base/assert.h"
#include "base/mem.h"

#include <pthread.h>

/* One thread of so many is kept for each lane, but one at least. */
#define KEPT_OF 8
/* The second one has read its request when the first is done. */
#define TURN_MOST 2

struct queue {
    void **items;
    size_t first;
    size_t n;
    unsigned running;
    unsigned least; /* threads that others leave free for it */
    unsigned most;
};

struct http_lanes {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t more;
    struct queue queues[HTTP_LANES];
    size_t places;
    unsigned threads;
    unsigned running;
    bool closed;
};

static void share(struct http_lanes *l)
{
    unsigned least = l->threads / KEPT_OF > 0 ? l->threads / KEPT_OF : 1;
    for (unsigned i = 0; i < HTTP_LANES; i++) {
        /* With fewer threads than lanes there is nothing to keep. */
        l->queues[i].least = l->threads >= HTTP_LANES ? least : 0;
        l->queues[i].most = l->threads;
    }
    if (l->threads >= HTTP_LANES)
        l->queues[HTTP_LANE_TURN].least = 1;
    if (l->threads > TURN_MOST)
        l->queues[HTTP_LANE_TURN].most = TURN_MOST;
    /* What is long is also what takes most memory. */
    l->queues[HTTP_LANE_LONG].most = l->threads > 1 ? l->threads / 2 : 1;
}

struct http_lanes *http_lane_new(unsigned threads, size_t places)
{
    ASSERT(threads > 0 && places > 0);
    struct http_lanes *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    pthread_mutex_init(&l->lock, NULL);
    pthread_cond_init(&l->more, NULL);
    l->threads = threads;
    l->places = places;
    share(l);
    for (unsigned i = 0; i < HTTP_LANES; i++) {
        l->queues[i].items = mem_zero(places, sizeof(*l->queues[i].items));
        if (l->queues[i].items == NULL) {
            http_lane_free(l);
            return NULL;
        }
    }
    return l;
}

void http_lane_free(struct http_lanes *l)
{
    if (l == NULL)
        return;
    for (unsigned i = 0; i < HTTP_LANES; i++)
        mem_free(l->queues[i].items);
    pthread_cond_destroy(&l->more);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

bool http_lane_push(struct http_lanes *l, enum http_lane lane, void *item)
{
    struct queue *q = &l->queues[lane];
    pthread_mutex_lock(&l->lock);
    bool taken = !l->closed && q->n < l->places;
    if (taken) {
        q->items[(q->first + q->n) % l->places] = item;
        q->n++;
        pthread_cond_signal(&l->more);
    }
    pthread_mutex_unlock(&l->lock);
    return taken;
}

/* Whether one more thread may go to the lane, with those left that are kept for the others. */
static bool may_run(const struct http_lanes *l, unsigned lane)
{
    unsigned kept = 0;
    if (l->closed)
        return true;
    for (unsigned i = 0; i < HTTP_LANES; i++)
        if (i != lane && l->queues[i].running < l->queues[i].least)
            kept += l->queues[i].least - l->queues[i].running;
    return l->queues[lane].running < l->queues[lane].most && l->threads - l->running > kept;
}

/* HTTP_LANES: none has anything that may run. */
static unsigned choose(const struct http_lanes *l)
{
    unsigned i = 0;
    while (i < HTTP_LANES && (l->queues[i].n == 0 || !may_run(l, i)))
        i++;
    return i;
}

void *http_lane_pop(struct http_lanes *l, enum http_lane *out)
{
    void *item = NULL;
    unsigned lane;
    pthread_mutex_lock(&l->lock);
    /* Whoever is done with a request comes here next, and sees what has become possible by that. */
    while ((lane = choose(l)) == HTTP_LANES && !l->closed)
        pthread_cond_wait(&l->more, &l->lock);
    if (lane < HTTP_LANES) {
        struct queue *q = &l->queues[lane];
        item = q->items[q->first];
        q->first = (q->first + 1) % l->places;
        q->n--;
        q->running++;
        l->running++;
        *out = (enum http_lane)lane;
    }
    pthread_mutex_unlock(&l->lock);
    return item;
}

void http_lane_done(struct http_lanes *l, enum http_lane lane)
{
    pthread_mutex_lock(&l->lock);
    ASSERT(l->queues[lane].running > 0);
    l->queues[lane].running--;
    l->running--;
    pthread_mutex_unlock(&l->lock);
}

void http_lane_close(struct http_lanes *l)
{
    pthread_mutex_lock(&l->lock);
    l->closed = true;
    pthread_cond_broadcast(&l->more);
    pthread_mutex_unlock(&l->lock);
}

void http_lane_count(struct http_lanes *l, struct http_lane_counts out[HTTP_LANES])
{
    pthread_mutex_lock(&l->lock);
    for (unsigned i = 0; i < HTTP_LANES; i++)
        out[i] = (struct http_lane_counts){l->queues[i].n, l->queues[i].running};
    pthread_mutex_unlock(&l->lock);
}
