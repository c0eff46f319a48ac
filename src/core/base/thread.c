/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include "base/mem.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

struct thread_team {
    unsigned workers;
    unsigned started; /* threads besides the caller */
    pthread_t *threads;
    pthread_mutex_t lock;
    pthread_cond_t begin;
    pthread_cond_t end;
    unsigned round; /* guarded by lock, as are busy and stop */
    unsigned busy;
    bool stop;
    void (*work)(void *ctx, size_t piece); /* constant during a round, as are ctx and pieces */
    void *ctx;
    size_t pieces;
    atomic_size_t next;
};

static void take_pieces(struct thread_team *t)
{
    for (;;) {
        size_t piece = atomic_fetch_add_explicit(&t->next, 1, memory_order_relaxed);
        if (piece >= t->pieces)
            return;
        t->work(t->ctx, piece);
    }
}

static void *worker(void *arg)
{
    struct thread_team *t = arg;
    unsigned seen = 0;
    pthread_mutex_lock(&t->lock);
    for (;;) {
        while (t->round == seen && !t->stop)
            pthread_cond_wait(&t->begin, &t->lock);
        if (t->stop)
            break;
        seen = t->round;
        pthread_mutex_unlock(&t->lock);
        take_pieces(t);
        pthread_mutex_lock(&t->lock);
        if (--t->busy == 0)
            pthread_cond_signal(&t->end);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

struct thread_team *thread_team_new(unsigned workers)
{
    if (workers == 0)
        workers = 1;
    struct thread_team *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->begin, NULL);
    pthread_cond_init(&t->end, NULL);
    t->workers = workers;
    t->threads = mem_zero(workers, sizeof(*t->threads));
    if (t->threads == NULL)
        goto fail;
    for (; t->started + 1 < workers; t->started++)
        if (pthread_create(&t->threads[t->started], NULL, worker, t) != 0)
            goto fail;
    return t;

fail:
    thread_team_free(t);
    return NULL;
}

void thread_team_free(struct thread_team *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
    for (unsigned i = 0; i < t->started; i++)
        pthread_join(t->threads[i], NULL);
    pthread_mutex_destroy(&t->lock);
    pthread_cond_destroy(&t->begin);
    pthread_cond_destroy(&t->end);
    mem_free(t->threads);
    mem_free(t);
}

unsigned thread_team_workers(const struct thread_team *t)
{
    return t->workers;
}

void thread_team_run(struct thread_team *t, size_t pieces, void (*work)(void *ctx, size_t piece),
                     void *ctx)
{
    if (t->started == 0 || pieces < 2) {
        for (size_t i = 0; i < pieces; i++)
            work(ctx, i);
        return;
    }
    pthread_mutex_lock(&t->lock);
    t->work = work;
    t->ctx = ctx;
    t->pieces = pieces;
    atomic_store_explicit(&t->next, 0, memory_order_relaxed);
    t->busy = t->started;
    t->round++;
    pthread_cond_broadcast(&t->begin);
    pthread_mutex_unlock(&t->lock);
    take_pieces(t);
    pthread_mutex_lock(&t->lock);
    while (t->busy > 0)
        pthread_cond_wait(&t->end, &t->lock);
    pthread_mutex_unlock(&t->lock);
}
