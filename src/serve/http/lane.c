/* SPDX-License-Identifier: Apache-2.0 */
#include "http/lane.h"

#include "base/assert.h"
#include "base/mem.h"

#include <limits.h>
#include <pthread.h>
#include <string.h>

/* One thread of so many is kept for each lane, but one at least. */
#define KEPT_OF 8
/* The second one has read its request when the first is done. */
#define TURN_MOST 2

struct item {
    void *item;
    uint64_t who;
};

struct queue {
    struct item *items; /* in the order in which they came */
    size_t n;
    uint64_t *whose; /* of those that run */
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
        l->queues[i].whose = mem_zero(threads, sizeof(*l->queues[i].whose));
        if (l->queues[i].items == NULL || l->queues[i].whose == NULL) {
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
    for (unsigned i = 0; i < HTTP_LANES; i++) {
        mem_free(l->queues[i].items);
        mem_free(l->queues[i].whose);
    }
    pthread_cond_destroy(&l->more);
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

/* Whether he has his half of the queue. */
static bool has_share(const struct http_lanes *l, const struct queue *q, uint64_t who)
{
    size_t n = 0;
    for (size_t i = 0; i < q->n && who != 0; i++)
        n += q->items[i].who == who;
    return n > 0 && n >= l->places / 2;
}

bool http_lane_push(struct http_lanes *l, struct http_lane_place place, void *item)
{
    struct queue *q = &l->queues[place.lane];
    pthread_mutex_lock(&l->lock);
    bool taken = !l->closed && q->n < l->places && !has_share(l, q, place.who);
    if (taken) {
        q->items[q->n++] = (struct item){item, place.who};
        pthread_cond_signal(&l->more);
    }
    pthread_mutex_unlock(&l->lock);
    return taken;
}

/*
 * Whether one more thread may go to the lane, with those left that are kept for the others; or
 * would, after so many more of the lane.
 */
static bool may_run(const struct http_lanes *l, unsigned lane, unsigned more)
{
    unsigned kept = 0;
    if (l->closed)
        return true;
    for (unsigned i = 0; i < HTTP_LANES; i++)
        if (i != lane && l->queues[i].running < l->queues[i].least)
            kept += l->queues[i].least - l->queues[i].running;
    return l->queues[lane].running + more < l->queues[lane].most &&
           l->threads - l->running > kept + more;
}

static unsigned count_running(const struct queue *q, uint64_t who)
{
    unsigned n = 0;
    for (unsigned i = 0; i < q->running && who != 0; i++)
        n += q->whose[i] == who;
    return n;
}

/* The oldest of those whose owner has the fewest running. */
static size_t choose_item(const struct queue *q)
{
    size_t best = 0;
    unsigned least = UINT_MAX;
    for (size_t i = 0; i < q->n && least > 0; i++) {
        unsigned n = count_running(q, q->items[i].who);
        if (n < least) {
            least = n;
            best = i;
        }
    }
    return best;
}

/*
 * HTTP_LANES: none has anything that may run. A lane's last thread does not go to somebody who has
 * another: whoever comes next would wait for as long as he likes.
 */
static unsigned choose(const struct http_lanes *l, size_t *out_at)
{
    for (unsigned i = 0; i < HTTP_LANES; i++) {
        const struct queue *q = &l->queues[i];
        if (q->n == 0 || !may_run(l, i, 0))
            continue;
        *out_at = choose_item(q);
        if (l->closed || may_run(l, i, 1) || count_running(q, q->items[*out_at].who) == 0)
            return i;
    }
    return HTTP_LANES;
}

void *http_lane_pop(struct http_lanes *l, struct http_lane_place *out)
{
    void *item = NULL;
    unsigned lane;
    size_t at = 0;
    pthread_mutex_lock(&l->lock);
    /* Whoever is done with a request comes here next, and sees what has become possible by that. */
    while ((lane = choose(l, &at)) == HTTP_LANES && !l->closed)
        pthread_cond_wait(&l->more, &l->lock);
    if (lane < HTTP_LANES) {
        struct queue *q = &l->queues[lane];
        item = q->items[at].item;
        *out = (struct http_lane_place){(enum http_lane)lane, q->items[at].who};
        memmove(&q->items[at], &q->items[at + 1], (--q->n - at) * sizeof(*q->items));
        q->whose[q->running++] = out->who;
        l->running++;
    }
    pthread_mutex_unlock(&l->lock);
    return item;
}

void http_lane_done(struct http_lanes *l, struct http_lane_place place)
{
    struct queue *q = &l->queues[place.lane];
    unsigned i = 0;
    pthread_mutex_lock(&l->lock);
    while (i < q->running && q->whose[i] != place.who)
        i++;
    ASSERT(i < q->running);
    q->whose[i] = q->whose[--q->running];
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
