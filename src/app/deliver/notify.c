/* SPDX-License-Identifier: Apache-2.0 */
#include "deliver/notify.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "deliver/courier.h"
#include "deliver/plan.h"
#include "engine/undelivered.h"
#include "rule/status.h"
#include "store/state_notify.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The last lane is for tests by hand. */
#define SENDERS (DELIVER_COURIER_LANES - 1)
#define FIRST_WAIT (10 * TIME_S)
#define LONGEST_WAIT TIME_HOUR
#define GIVE_UP (24 * TIME_HOUR)
#define LOOK_EVERY TIME_S

struct sender {
    struct deliver_notify *notify;
    unsigned lane;
    pthread_t thread;
    bool started;
};

struct deliver_notify {
    struct deliver_notify_settings settings;
    struct deliver_planner planner; /* of its thread */
    pthread_t thread;
    bool started;
    struct sender senders[SENDERS];
    pthread_mutex_t hand; /* the last lane */
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    bool stop;
    char *busy[SENDERS]; /* connectors that somebody sends to */
    unsigned work;       /* grows when there may be something to send or to plan */
    atomic_uint_fast64_t sent, failed, given_up;
    atomic_uint_fast64_t dropped;
};

ts_ns deliver_notify_again(ts_ns created, int64_t tries, ts_ns now)
{
    ts_ns wait = FIRST_WAIT;
    for (int64_t i = 1; i < tries && wait < LONGEST_WAIT; i++)
        wait *= 2;
    if (wait > LONGEST_WAIT)
        wait = LONGEST_WAIT;
    return now + wait - created > GIVE_UP ? TIME_NONE : now + wait;
}

static void tell(const struct deliver_notify *n, int level, const char *sentence)
{
    n->settings.log(n->settings.ctx, level, sentence);
}

/* Until something changes, or a second has passed; true when it is over. */
static bool rest(struct deliver_notify *n, unsigned *seen)
{
    ts_ns end = clock_steady() + LOOK_EVERY;
    const struct timespec until = {.tv_sec = end / TIME_S, .tv_nsec = end % TIME_S};
    pthread_mutex_lock(&n->lock);
    int rc = 0;
    while (!n->stop && n->work == *seen && rc == 0)
        rc = pthread_cond_timedwait(&n->changed, &n->lock, &until);
    *seen = n->work;
    bool stop = n->stop;
    pthread_mutex_unlock(&n->lock);
    return stop;
}

void deliver_notify_wake(struct deliver_notify *n)
{
    pthread_mutex_lock(&n->lock);
    n->work++;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
}

static void *plan(void *arg)
{
    struct deliver_notify *n = arg;
    unsigned seen = 0;
    bool troubled = false;
    while (!rest(n, &seen)) {
        bool any = true, made = false;
        enum err err = ERR_NONE;
        struct err_text why;
        while (any && err == ERR_NONE) {
            err = deliver_plan(&n->planner, n->settings.now(), &any, &why);
            made = made || (err == ERR_NONE && any);
        }
        n->dropped = n->planner.dropped;
        if (err != ERR_NONE && !troubled)
            tell(n, 1, why.message);
        troubled = err != ERR_NONE;
        if (made)
            deliver_notify_wake(n);
    }
    return NULL;
}

/* Takes the next message for a sender; its connector is busy then. */
static enum err take(struct deliver_notify *n, unsigned lane, struct arena *arena,
                     struct store_message_out *out)
{
    pthread_mutex_lock(&n->lock);
    enum err err = n->stop
                       ? ERR_NOT_FOUND
                       : store_state_outbox_next(n->settings.state, n->settings.now(),
                                                 (const char *const *)n->busy, SENDERS, arena, out);
    if (err == ERR_NONE) {
        n->busy[lane] = mem_strdup(out->connector);
        err = n->busy[lane] != NULL ? ERR_NONE : ERR_MEMORY;
    }
    pthread_mutex_unlock(&n->lock);
    return err;
}

static void give_back(struct deliver_notify *n, unsigned lane)
{
    pthread_mutex_lock(&n->lock);
    mem_free(n->busy[lane]);
    n->busy[lane] = NULL;
    pthread_mutex_unlock(&n->lock);
}

static void tell_given_up(struct deliver_notify *n, const struct store_message_out *m,
                          const struct err_text *why)
{
    char text[700];
    snprintf(text, sizeof(text), "a message by the connector '%.100s' was given up: %.400s",
             m->connector, why->message);
    n->given_up++;
    tell(n, 1, text);
}

/* What became of a message, in state.db. again: when it is to be sent again; TIME_NONE: it waits
 * for a hand, and the rule's status says so. */
static enum err keep(struct store_state *st, const struct store_message_out *m,
                     enum notify_outcome outcome, ts_ns again, const struct err_text *why)
{
    struct err_text ignored;
    if (outcome == NOTIFY_SENT)
        return store_state_outbox_delete(st, m->id);
    if (again != TIME_NONE)
        return store_state_outbox_retry(st, m->id, again, why->message);
    enum err err = store_state_begin(st);
    if (err != ERR_NONE)
        return err;
    err = store_state_outbox_give_up(st, m->id, why->message);
    if (err == ERR_NONE)
        err = engine_undelivered_tell(st, m->rule_id, RULE_SUCCEEDED, "", &ignored);
    if (err == ERR_NONE)
        return store_state_commit(st, &ignored);
    store_state_rollback(st);
    return err;
}

/* A state that cannot be written is tried again and again, and the connector is busy so long: were
 * the message taken anew, it would be sent anew. */
static void settle(struct deliver_notify *n, const struct store_message_out *m,
                   enum notify_outcome outcome, const struct err_text *why)
{
    ts_ns again = TIME_NONE;
    unsigned seen = 0;
    if (outcome == NOTIFY_SENT) {
        n->sent++;
    } else {
        n->failed++;
        if (outcome != NOTIFY_REFUSED)
            again = deliver_notify_again(m->created, m->tries + 1, n->settings.now());
        if (again == TIME_NONE)
            tell_given_up(n, m, why);
    }
    while (keep(n->settings.state, m, outcome, again, why) != ERR_NONE && !rest(n, &seen))
        continue;
}

static enum notify_outcome hand_over(struct deliver_notify *n, unsigned lane,
                                     const struct store_message_out *m, struct err_text *why)
{
    struct arena arena;
    struct store_connector connector;
    char id[64];
    arena_init(&arena, 0);
    enum notify_outcome outcome = NOTIFY_LATER;
    enum err err = store_state_connector_get(n->settings.state, m->connector, &arena, &connector);
    snprintf(id, sizeof(id), "weir-%lld-%lld", (long long)(m->created / TIME_MS), (long long)m->id);
    if (err == ERR_NOT_FOUND) {
        err_set(why, err, "the connector is not there any more");
        outcome = NOTIFY_REFUSED;
    } else if (err != ERR_NONE) {
        err_set(why, err, "the connector cannot be read: %s", err_name(err));
    } else {
        const struct deliver_courier_message message = {.connector = connector.doc,
                                                        .secrets = connector.secrets,
                                                        .params = m->params,
                                                        .id = id,
                                                        .now = n->settings.now()};
        outcome = deliver_courier_send(n->settings.courier, lane, &message, why);
    }
    arena_release(&arena);
    return outcome;
}

static bool is_over(struct deliver_notify *n)
{
    pthread_mutex_lock(&n->lock);
    bool stop = n->stop;
    pthread_mutex_unlock(&n->lock);
    return stop;
}

/* One message, if there is one. */
static bool send_one(struct deliver_notify *n, unsigned lane)
{
    struct arena arena;
    struct store_message_out m;
    struct err_text why = {0};
    arena_init(&arena, 0);
    bool any = take(n, lane, &arena, &m) == ERR_NONE;
    if (any) {
        enum notify_outcome outcome = hand_over(n, lane, &m, &why);
        /* What was interrupted by the end of the program waits for its next start as it was. */
        if (outcome == NOTIFY_SENT || !is_over(n))
            settle(n, &m, outcome, &why);
    }
    give_back(n, lane);
    arena_release(&arena);
    return any;
}

static void *send_all(void *arg)
{
    struct sender *s = arg;
    unsigned seen = 0;
    while (!rest(s->notify, &seen))
        while (send_one(s->notify, s->lane))
            continue;
    return NULL;
}

enum err deliver_notify_start(const struct deliver_notify_settings *settings,
                              struct deliver_notify **out, struct err_text *why)
{
    struct deliver_notify *n = mem_zero(1, sizeof(*n));
    if (n == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    n->settings = *settings;
    n->planner.state = settings->state;
    n->planner.base_url = settings->base_url;
    n->planner.log = settings->log;
    n->planner.ctx = settings->ctx;
    pthread_mutex_init(&n->hand, NULL);
    pthread_mutex_init(&n->lock, NULL);
    pthread_condattr_t attr;
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&n->changed, &attr);
    pthread_condattr_destroy(&attr);
    n->started = pthread_create(&n->thread, NULL, plan, n) == 0;
    bool ok = n->started;
    for (unsigned i = 0; settings->courier != NULL && i < SENDERS && ok; i++) {
        n->senders[i] = (struct sender){.notify = n, .lane = i};
        ok = n->senders[i].started =
            pthread_create(&n->senders[i].thread, NULL, send_all, &n->senders[i]) == 0;
    }
    if (!ok) {
        deliver_notify_stop(n);
        return err_set(why, ERR_LIMIT, "no thread for notifications");
    }
    *out = n;
    return ERR_NONE;
}

void deliver_notify_hush(struct deliver_notify *n)
{
    if (n == NULL)
        return;
    pthread_mutex_lock(&n->lock);
    n->stop = true;
    pthread_cond_broadcast(&n->changed);
    pthread_mutex_unlock(&n->lock);
    if (n->settings.courier != NULL)
        deliver_courier_hush(n->settings.courier);
}

void deliver_notify_stop(struct deliver_notify *n)
{
    if (n == NULL)
        return;
    deliver_notify_hush(n);
    if (n->started)
        pthread_join(n->thread, NULL);
    for (unsigned i = 0; i < SENDERS; i++)
        if (n->senders[i].started)
            pthread_join(n->senders[i].thread, NULL);
    pthread_cond_destroy(&n->changed);
    pthread_mutex_destroy(&n->lock);
    pthread_mutex_destroy(&n->hand);
    mem_free(n);
}

enum err deliver_notify_execute(struct deliver_notify *n, const char *connector, const char *params,
                                enum notify_outcome *out, struct err_text *why)
{
    struct arena arena;
    struct store_connector c;
    char id[64];
    ts_ns now = n->settings.now();
    arena_init(&arena, 0);
    enum err err = store_state_connector_get(n->settings.state, connector, &arena, &c);
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no connector '%.100s'", connector);
    else if (err != ERR_NONE)
        err_set(why, err, "connectors cannot be read: %s", err_name(err));
    else if (n->settings.courier == NULL)
        err = err_set(why, ERR_DENIED, "notify.hosts in the configuration allows no host");
    if (err == ERR_NONE) {
        snprintf(id, sizeof(id), "weir-%lld-test", (long long)(now / TIME_MS));
        const struct deliver_courier_message m = {
            .connector = c.doc, .secrets = c.secrets, .params = params, .id = id, .now = now};
        pthread_mutex_lock(&n->hand);
        *out = deliver_courier_send(n->settings.courier, DELIVER_COURIER_LANES - 1, &m, why);
        pthread_mutex_unlock(&n->hand);
    }
    arena_release(&arena);
    return err;
}

void deliver_notify_count(struct deliver_notify *n, struct deliver_notify_totals *out)
{
    uint64_t waiting = 0, undelivered = 0;
    struct buf ignored;
    buf_init(&ignored);
    bool known =
        store_state_outbox_count(n->settings.state, &waiting) == ERR_NONE &&
        store_state_outbox_given_up(n->settings.state, NULL, &undelivered, &ignored) == ERR_NONE;
    buf_release(&ignored);
    *out = (struct deliver_notify_totals){.waiting = known ? (int64_t)waiting : -1,
                                          .undelivered = undelivered,
                                          .sent = n->sent,
                                          .failed = n->failed,
                                          .given_up = n->given_up,
                                          .dropped = n->dropped};
}
