/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/keeper.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/ring.h"
#include "store/store.h"

#include <pthread.h>
#include <stdio.h>

#define EVERY TIME_MIN

struct daemon_keeper {
    struct store *store;
    daemon_log_fn log;
    void *ctx;
    struct ring *stop; /* carries nothing; closing it wakes the thread */
    pthread_t thread;
};

static void *run(void *arg)
{
    struct daemon_keeper *k = arg;
    bool troubled = false;
    while (!ring_closed(k->stop)) {
        (void)ring_pop_wait(k->stop, EVERY);
        if (ring_closed(k->stop))
            break;
        daemon_keeper_tidy(k->store, clock_wall(), k->log, k->ctx, &troubled);
        mem_trim(); /* a large request or search leaves its memory behind */
    }
    return NULL;
}

enum err daemon_keeper_start(struct store *store, daemon_log_fn log, void *ctx,
                             struct daemon_keeper **out, struct err_text *why)
{
    struct daemon_keeper *k = mem_zero(1, sizeof(*k));
    struct ring *stop = ring_new(1);
    if (k == NULL || stop == NULL) {
        mem_free(k);
        ring_free(stop);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    *k = (struct daemon_keeper){.store = store, .log = log, .ctx = ctx, .stop = stop};
    if (pthread_create(&k->thread, NULL, run, k) != 0) {
        ring_free(stop);
        mem_free(k);
        return err_set(why, ERR_LIMIT, "no thread for the store's housekeeping");
    }
    *out = k;
    return ERR_NONE;
}

void daemon_keeper_stop(struct daemon_keeper *k)
{
    if (k == NULL)
        return;
    ring_close(k->stop);
    pthread_join(k->thread, NULL);
    ring_free(k->stop);
    mem_free(k);
}

/* What was removed since then; nobody misses without a word what he has sent. */
static void tell_removed(struct store *store, const struct store_stats *before, daemon_log_fn log,
                         void *ctx)
{
    char line[200];
    char until[TIME_TEXT_SIZE];
    struct store_stats now;
    store_stats(store, &now);
    uint64_t all = now.dropped_rows - before->dropped_rows;
    uint64_t old = now.dropped_old_rows - before->dropped_old_rows;
    if (all == 0)
        return;
    time_format_iso(now.dropped_until, until);
    snprintf(line, sizeof(line),
             "removed %llu events, the latest of %s: %llu by store.keep_age, %llu by store.keep_mb",
             (unsigned long long)all, until, (unsigned long long)old,
             (unsigned long long)(all - old));
    log(ctx, 2, line);
}

void daemon_keeper_tidy(struct store *store, ts_ns now, daemon_log_fn log, void *ctx,
                        bool *troubled)
{
    struct err_text why;
    struct store_stats before;
    store_stats(store, &before);
    enum err err = store_maintain(store, now, &why);
    tell_removed(store, &before, log, ctx);
    if (err != ERR_NONE && !*troubled) {
        char line[700];
        snprintf(line, sizeof(line), "the store cannot be kept in order: %s", why.message);
        log(ctx, 1, line);
    }
    *troubled = err != ERR_NONE;
}
