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
    bool troubled = false; /* a trouble that lasts is told once */
    while (!ring_closed(k->stop)) {
        (void)ring_pop_wait(k->stop, EVERY);
        if (ring_closed(k->stop))
            break;
        struct err_text why;
        enum err err = store_maintain(k->store, clock_wall(), &why);
        if (err != ERR_NONE && !troubled) {
            char line[700];
            snprintf(line, sizeof(line), "the store cannot be kept in order: %s", why.message);
            k->log(k->ctx, 1, line);
        }
        troubled = err != ERR_NONE;
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
