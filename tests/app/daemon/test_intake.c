/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "daemon/intake.h"

#include "base/clock.h"
#include "base/ring.h"
#include "feed/batch.h"
#include "store/store.h"

#include <pthread.h>
#include <unistd.h>

#define SOURCE 9
#define CALLERS 8

struct world {
    struct ring *ring;
    struct daemon_intake *intake;
};

static void begin_patient(struct world *w, size_t room, ts_ns patience)
{
    w->ring = ring_new(room);
    w->intake = daemon_intake_new(w->ring, SOURCE, patience);
    assert_non_null(w->intake);
}

static void begin(struct world *w, size_t room)
{
    begin_patient(w, room, DAEMON_INTAKE_PATIENCE);
}

static void end(struct world *w)
{
    daemon_intake_free(w->intake);
    ring_free(w->ring);
}

struct caller {
    struct world *world;
    pthread_t thread;
    size_t n;
    enum err err;
    uint64_t sequences[16];
    struct store_name *names; /* NULL: none */
};

static void *call(void *arg)
{
    struct caller *c = arg;
    struct arena arena;
    struct err_text why;
    arena_init(&arena, 0);
    struct event *events = arena_alloc(&arena, c->n * sizeof(*events));
    for (size_t i = 0; i < c->n; i++)
        help_event(&events[i], &arena, HELP_BASE, i);
    c->err =
        daemon_intake_take(c->world->intake, &arena, events, c->n, c->names, c->sequences, &why);
    return NULL;
}

/* The pipeline's part: takes what comes, until so many requests are there. */
static void accept(struct world *w, size_t requests)
{
    for (size_t i = 0; i < requests; i++) {
        struct feed_batch *b = ring_pop(w->ring);
        assert_int_equal(b->source, SOURCE);
        daemon_intake_accept(w->intake, b, 100 + (ts_ns)i);
    }
}

/* And to the store; returns how many events that were. */
static size_t append(struct world *w, uint64_t *sequence)
{
    size_t n = 0;
    for (struct feed_batch *b = daemon_intake_begin(w->intake); b != NULL; b = b->next)
        for (size_t k = 0; k < b->n; k++, n++) {
            assert_int_equal(b->events[k].source, DAEMON_INTAKE_SOURCE);
            b->events[k].sequence = ++*sequence;
        }
    return n;
}

static void serve(struct world *w, size_t requests, uint64_t *sequence)
{
    accept(w, requests);
    append(w, sequence);
}

/* Nobody returns before the commit; one commit is for all; each gets its own numbers. */
static void shares_a_commit(void **state)
{
    (void)state;
    struct world w;
    struct caller callers[CALLERS];
    uint64_t sequence = 0, seen = 0;
    struct daemon_intake_totals totals;
    begin(&w, 64);
    assert_true(daemon_intake_waits(w.intake) == TIME_MAX);
    for (size_t i = 0; i < CALLERS; i++) {
        callers[i] = (struct caller){.world = &w, .n = i + 1, .err = ERR_IO};
        assert_int_equal(pthread_create(&callers[i].thread, NULL, call, &callers[i]), 0);
    }
    serve(&w, CALLERS, &sequence);
    assert_true(daemon_intake_waits(w.intake) == 100);
    daemon_intake_totals(w.intake, &totals);
    assert_int_equal(totals.requests, 0);
    assert_true(totals.waiting_bytes > 0);
    for (size_t i = 0; i < CALLERS; i++)
        assert_int_equal(callers[i].err, ERR_IO); /* still waiting */
    daemon_intake_committed(w.intake, ERR_NONE);
    for (size_t i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_int_equal(callers[i].err, ERR_NONE);
        for (size_t k = 0; k < callers[i].n; k++) {
            assert_true(k == 0 || callers[i].sequences[k] == callers[i].sequences[k - 1] + 1);
            seen += callers[i].sequences[k];
        }
    }
    assert_int_equal(seen, sequence * (sequence + 1) / 2);
    daemon_intake_totals(w.intake, &totals);
    assert_int_equal(totals.requests, CALLERS);
    assert_int_equal(totals.events, sequence);
    assert_int_equal(totals.waiting_bytes, 0);
    assert_true(daemon_intake_waits(w.intake) == TIME_MAX);
    end(&w);
}

/* Names go to the pipeline and come back with what became of them; who ceased to wait has his own
 * untouched. */
static void names(void **state)
{
    (void)state;
    struct world w;
    uint64_t sequence = 0;
    struct store_name mine[2] = {{.document = 5, .create = true}, {.document = 6}}, others[2] = {0};
    struct caller c = {.world = &w, .n = 2, .names = mine};
    begin_patient(&w, 4, 200 * TIME_MS);
    pthread_create(&c.thread, NULL, call, &c);
    while (ring_count(w.ring) == 0)
        sched_yield();
    accept(&w, 1);
    struct feed_batch *b = daemon_intake_begin(w.intake);
    assert_int_equal(b->names[0].document, 5);
    assert_true(b->names[0].create);
    assert_int_equal(b->names[1].document, 6);
    b->names[1].state = STORE_NAME_SAME;
    b->names[1].sequence = 99;
    b->events[0].sequence = ++sequence;
    b->events[1].sequence = 0;
    daemon_intake_committed(w.intake, ERR_NONE);
    pthread_join(c.thread, NULL);
    assert_int_equal(c.err, ERR_NONE);
    assert_int_equal(c.sequences[0], 1);
    assert_int_equal(c.sequences[1], 0);
    assert_int_equal(mine[1].state, STORE_NAME_SAME);
    assert_int_equal(mine[1].sequence, 99);
    c.names = others;
    call(&c);
    assert_int_equal(c.err, ERR_STOPPED);
    accept(&w, 1);
    assert_int_equal(append(&w, &sequence), 0);
    daemon_intake_committed(w.intake, ERR_NONE);
    assert_int_equal(others[0].sequence, 0);
    end(&w);
}

/* A full disk is told at once, until a commit works again. */
static void full(void **state)
{
    (void)state;
    struct world w;
    uint64_t sequence = 0;
    begin(&w, 4);
    struct caller c = {.world = &w, .n = 1};
    pthread_create(&c.thread, NULL, call, &c);
    serve(&w, 1, &sequence);
    daemon_intake_committed(w.intake, ERR_FULL);
    pthread_join(c.thread, NULL);
    assert_int_equal(c.err, ERR_FULL);
    call(&c);
    assert_int_equal(c.err, ERR_FULL);
    daemon_intake_committed(w.intake, ERR_NONE);
    pthread_create(&c.thread, NULL, call, &c);
    serve(&w, 1, &sequence);
    daemon_intake_committed(w.intake, ERR_NONE);
    pthread_join(c.thread, NULL);
    assert_int_equal(c.err, ERR_NONE);
    end(&w);
}

/* No room: come again; and nobody waits for ever at the end. */
static void refuses(void **state)
{
    (void)state;
    struct world w;
    uint64_t sequence = 0;
    struct caller a = {.world = &w, .n = 1}, b = a;
    begin(&w, 1);
    pthread_create(&a.thread, NULL, call, &a);
    while (ring_count(w.ring) == 0)
        sched_yield();
    call(&b);
    assert_int_equal(b.err, ERR_AGAIN);
    ring_close(w.ring);
    serve(&w, 1, &sequence);
    daemon_intake_close(w.intake);
    pthread_join(a.thread, NULL);
    assert_int_equal(a.err, ERR_STOPPED);
    call(&b);
    assert_int_equal(b.err, ERR_STOPPED);
    end(&w);
}

/* Events that nobody waits for any more hold their room, and are written by no commit. */
static void gives_up(void **state)
{
    (void)state;
    struct world w;
    uint64_t sequence = 0;
    struct daemon_intake_totals totals;
    struct caller c = {.world = &w, .n = 1};
    begin_patient(&w, 4, 200 * TIME_MS);
    call(&c); /* as long as patience lasts */
    assert_int_equal(c.err, ERR_STOPPED);
    daemon_intake_totals(w.intake, &totals);
    assert_true(totals.waiting_bytes > 0);
    accept(&w, 1);
    assert_int_equal(append(&w, &sequence), 0);
    daemon_intake_committed(w.intake, ERR_NONE);
    daemon_intake_totals(w.intake, &totals);
    assert_int_equal(totals.waiting_bytes, 0);
    assert_int_equal(totals.events, 0);
    end(&w);
}

/* Once a commit has begun its end is waited for, as long again; no end is told as what it is. */
static void waits_for_a_slow_disk(void **state)
{
    (void)state;
    struct world w;
    uint64_t sequence = 0;
    struct daemon_intake_totals totals;
    struct caller slow = {.world = &w, .n = 1}, stuck = slow;
    begin_patient(&w, 4, 400 * TIME_MS);
    ts_ns begun = clock_steady();
    pthread_create(&slow.thread, NULL, call, &slow);
    serve(&w, 1, &sequence);
    while (clock_steady() - begun < 500 * TIME_MS)
        usleep(10000);
    daemon_intake_committed(w.intake, ERR_NONE);
    pthread_join(slow.thread, NULL);
    assert_int_equal(slow.err, ERR_NONE);
    pthread_create(&stuck.thread, NULL, call, &stuck);
    serve(&w, 1, &sequence);
    pthread_join(stuck.thread, NULL);
    assert_int_equal(stuck.err, ERR_STOPPED);
    daemon_intake_committed(w.intake, ERR_NONE);
    daemon_intake_totals(w.intake, &totals);
    assert_int_equal(totals.waiting_bytes, 0);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_a_commit),
        cmocka_unit_test(names),
        cmocka_unit_test(full),
        cmocka_unit_test(refuses),
        cmocka_unit_test(gives_up),
        cmocka_unit_test(waits_for_a_slow_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
