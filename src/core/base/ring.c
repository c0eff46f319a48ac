/* SPDX-License-Identifier: Apache-2.0 */
#include "base/ring.h"

#include "base/mem.h"

#include <pthread.h>
#include <time.h>

struct ring {
    pthread_mutex_t lock; /* guards all below */
    pthread_cond_t not_empty;
    pthread_cond_t not_full;
    void **items;
    size_t cap;
    size_t first;
    size_t count;
    bool closed;
};

struct ring *ring_new(size_t capacity)
{
    struct ring *r = mem_zero(1, sizeof(*r));
    void **items = mem_zero(capacity, sizeof(*items));
    if (r == NULL || items == NULL || capacity == 0) {
        mem_free(r);
        mem_free(items);
        return NULL;
    }
    r->items = items;
    r->cap = capacity;
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->not_empty, &attr);
    pthread_cond_init(&r->not_full, &attr);
    pthread_condattr_destroy(&attr);
    return r;
}

void ring_free(struct ring *r)
{
    if (r == NULL)
        return;
    pthread_mutex_destroy(&r->lock);
    pthread_cond_destroy(&r->not_empty);
    pthread_cond_destroy(&r->not_full);
    mem_free(r->items);
    mem_free(r);
}

static bool push(struct ring *r, void *item, bool wait)
{
    pthread_mutex_lock(&r->lock);
    while (wait && r->count == r->cap && !r->closed)
        pthread_cond_wait(&r->not_full, &r->lock);
    bool taken = !r->closed && r->count < r->cap;
    if (taken) {
        r->items[(r->first + r->count) % r->cap] = item;
        r->count++;
        pthread_cond_signal(&r->not_empty);
    }
    pthread_mutex_unlock(&r->lock);
    return taken;
}

bool ring_push(struct ring *r, void *item)
{
    return push(r, item, true);
}

bool ring_try_push(struct ring *r, void *item)
{
    return push(r, item, false);
}

/* deadline NULL waits for ever. */
static void *pop(struct ring *r, const struct timespec *deadline)
{
    void *item = NULL;
    pthread_mutex_lock(&r->lock);
    while (r->count == 0 && !r->closed) {
        if (deadline == NULL)
            pthread_cond_wait(&r->not_empty, &r->lock);
        else if (pthread_cond_timedwait(&r->not_empty, &r->lock, deadline) != 0)
            break;
    }
    if (r->count > 0) {
        item = r->items[r->first];
        r->first = (r->first + 1) % r->cap;
        r->count--;
        pthread_cond_signal(&r->not_full);
    }
    pthread_mutex_unlock(&r->lock);
    return item;
}

void *ring_pop(struct ring *r)
{
    return pop(r, NULL);
}

void *ring_pop_wait(struct ring *r, ts_ns timeout_ns)
{
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    at.tv_sec += timeout_ns / TIME_S;
    at.tv_nsec += timeout_ns % TIME_S;
    if (at.tv_nsec >= TIME_S) {
        at.tv_sec++;
        at.tv_nsec -= TIME_S;
    }
    return pop(r, &at);
}

void ring_close(struct ring *r)
{
    pthread_mutex_lock(&r->lock);
    r->closed = true;
    pthread_cond_broadcast(&r->not_empty);
    pthread_cond_broadcast(&r->not_full);
    pthread_mutex_unlock(&r->lock);
}

bool ring_closed(struct ring *r)
{
    pthread_mutex_lock(&r->lock);
    bool closed = r->closed;
    pthread_mutex_unlock(&r->lock);
    return closed;
}

size_t ring_count(struct ring *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->count;
    pthread_mutex_unlock(&r->lock);
    return n;
}
