/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/ahead.h"

#include "base/arena.h"
#include "base/mem.h"
#include "event/event.h"

#include <stdbool.h>
#include <string.h>

/* What is no further ahead than that is of the present. */
#define LEAP TIME_DAY
/* So many, one after the other, are believed. */
#define AGREE 10
/* Where time leaps by so much again and again, twice as much is nothing special. */
#define USUAL 2

struct engine_ahead {
    engine_ahead_fn fn;
    void *ctx;
    ts_ns first; /* the least time that was believed */
    ts_ns now;   /* the latest; TIME_NONE: none yet */
    ts_ns leap;  /* what is no further ahead is of the present */
    struct arena arena;
    struct event waiting[AGREE]; /* as they came; in the arena */
    size_t n;
    uint64_t given, aside;
};

struct engine_ahead *engine_ahead_new(engine_ahead_fn fn, void *ctx)
{
    struct engine_ahead *a = mem_zero(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->fn = fn;
    a->ctx = ctx;
    a->now = TIME_NONE;
    a->leap = LEAP;
    arena_init(&a->arena, 0);
    return a;
}

void engine_ahead_free(struct engine_ahead *a)
{
    if (a == NULL)
        return;
    arena_release(&a->arena);
    mem_free(a);
}

/* Whether a time is further from another than a leap; times may lie at the ends of what there is.
 */
static bool is_beyond(const struct engine_ahead *a, ts_ns from, ts_ns to)
{
    ts_ns apart;
    return to > from && (__builtin_sub_overflow(to, from, &apart) || apart > a->leap);
}

static void forget(struct engine_ahead *a)
{
    a->n = 0;
    arena_clear(&a->arena);
}

static void set_aside(struct engine_ahead *a)
{
    a->aside += a->n;
    forget(a);
}

static enum err give(struct engine_ahead *a, struct event *e)
{
    if (a->now == TIME_NONE || e->time < a->first)
        a->first = e->time;
    if (e->time > a->now)
        a->now = e->time;
    a->given++;
    return a->fn(a->ctx, e);
}

/* Where files leap as a rule the next one is no surprise. */
static void learn_leap(struct engine_ahead *a)
{
    for (size_t i = 1; i < a->n; i++) {
        ts_ns apart;
        if (is_beyond(a, a->waiting[i - 1].time, a->waiting[i].time) &&
            !__builtin_sub_overflow(a->waiting[i].time, a->waiting[i - 1].time, &apart) &&
            apart < TIME_MAX / USUAL)
            a->leap = USUAL * apart;
    }
}

/* Time has leapt. */
static enum err give_waiting(struct engine_ahead *a)
{
    enum err err = ERR_NONE;
    learn_leap(a);
    for (size_t i = 0; i < a->n && err == ERR_NONE; i++)
        err = give(a, &a->waiting[i]);
    forget(a);
    return err;
}

static enum err hold(struct engine_ahead *a, const struct event *e)
{
    struct event *copy = &a->waiting[a->n];
    event_copy(copy, &a->arena, e);
    if (copy->failed)
        return ERR_MEMORY;
    a->n++;
    return ERR_NONE;
}

/* Whether all that wait are further ahead of a time than a leap. */
static bool is_contradicted(const struct engine_ahead *a, ts_ns time)
{
    for (size_t i = 0; i < a->n; i++)
        if (!is_beyond(a, time, a->waiting[i].time))
            return false;
    return true;
}

/* The clock is set. */
static enum err take(struct engine_ahead *a, struct event *e)
{
    if (!is_beyond(a, a->now, e->time)) {
        set_aside(a);
        return give(a, e);
    }
    if (is_contradicted(a, e->time))
        set_aside(a);
    enum err err = hold(a, e);
    return err == ERR_NONE && a->n == AGREE ? give_waiting(a) : err;
}

/* Whether one of the first is ahead of all: most of the others came later and lie far before. */
static bool is_first_ahead(const struct engine_ahead *a, const struct event *first, size_t n,
                           size_t at)
{
    size_t before = 0;
    for (size_t i = at + 1; i < n; i++)
        before += is_beyond(a, first[i].time, first[at].time);
    return before > (n - 1) / 2;
}

/* At the beginning nobody knows what is ahead: the first few are judged together. */
static enum err begin(struct engine_ahead *a)
{
    struct event first[AGREE];
    struct arena arena = a->arena;
    enum err err = ERR_NONE;
    size_t n = a->n;
    memcpy(first, a->waiting, n * sizeof(first[0]));
    arena_init(&a->arena, 0);
    a->n = 0;
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        if (is_first_ahead(a, first, n, i))
            a->aside++;
        else
            err = a->now == TIME_NONE ? give(a, &first[i]) : take(a, &first[i]);
    }
    arena_release(&arena);
    return err;
}

enum err engine_ahead_event(struct engine_ahead *a, struct event *e)
{
    if (e->time == TIME_NONE)
        return a->fn(a->ctx, e);
    if (a->now != TIME_NONE)
        return take(a, e);
    enum err err = hold(a, e);
    return err == ERR_NONE && a->n == AGREE ? begin(a) : err;
}

/* Whether a time is further ahead than all that came before is long. */
static bool is_out_of_proportion(const struct engine_ahead *a, ts_ns time)
{
    ts_ns ahead, length;
    return __builtin_sub_overflow(time, a->now, &ahead) ||
           (!__builtin_sub_overflow(a->now, a->first, &length) && ahead > length);
}

enum err engine_ahead_end(struct engine_ahead *a)
{
    enum err err = a->now == TIME_NONE ? begin(a) : ERR_NONE;
    if (a->n == 1 && a->given >= AGREE && is_out_of_proportion(a, a->waiting[0].time))
        set_aside(a);
    return err == ERR_NONE ? give_waiting(a) : err;
}

uint64_t engine_ahead_count(const struct engine_ahead *a)
{
    return a->aside;
}
