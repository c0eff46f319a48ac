/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "base/clock.h"
#include "query/query.h"

#include <pthread.h>
#include <stdatomic.h>

static struct store *open_store(const char *dir, const struct store_options *options)
{
    struct err_text why;
    struct store *s;
    enum err rc = store_open(dir, options, &s, &why);
    if (rc != ERR_NONE)
        fail_msg("%s", why.message);
    return s;
}

static void good(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE)
        fail_msg("%s", why->message);
}

/* A small event. */
static void append(struct store *s, ts_ns time, uint32_t source, uint64_t number)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, time);
    e.source = source;
    e.sequence = number;
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, (int64_t)number);
    event_set_text(&e, EVENT_F_HOST_NAME, number % 2 > 0 ? "odd" : "even");
    assert_int_equal(store_append(s, &e), ERR_NONE);
    arena_release(&arena);
}

struct order {
    ts_ns time;
    uint32_t source;
    uint64_t sequence;
    uint64_t n;
    uint64_t stop_at;
    bool newest;
    bool broken;
};

static bool check_order(void *ctx, struct event *e)
{
    struct order *o = ctx;
    if (o->n > 0) {
        bool later = e->time != o->time       ? e->time > o->time
                     : e->source != o->source ? e->source > o->source
                                              : e->sequence > o->sequence;
        if (later == o->newest)
            o->broken = true;
    }
    o->time = e->time;
    o->source = e->source;
    o->sequence = e->sequence;
    return ++o->n != o->stop_at;
}

/* Pieces that overlap, far apart and wide, and a hot tail among them. */
static struct store *mixed(const char *dir, uint64_t *out_n)
{
    struct err_text why;
    struct rng rng;
    uint64_t number = 0;
    rng_init(&rng, 8);
    struct store *s = open_store(dir, NULL);
    static const ts_ns spans[] = {TIME_MIN, TIME_HOUR, 400 * TIME_DAY, TIME_S, 30 * TIME_DAY};
    for (int p = 0; p < 6; p++) {
        for (int i = 0; i < 200; i++) {
            ts_ns at = HELP_BASE + (ts_ns)rng_below(&rng, (uint64_t)spans[p % 5]);
            append(s, p == 3 ? at + 3000 * TIME_DAY : at, (uint32_t)rng_below(&rng, 3), number++);
        }
        good(store_commit(s, &why), &why);
        if (p < 5)
            good(store_seal(s, &why), &why);
    }
    *out_n = number;
    return s;
}

static void test_order(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    uint64_t n;
    struct store *s = mixed(dir, &n);
    for (int newest = 0; newest < 2; newest++) {
        struct store_search what = {.from = TIME_NONE,
                                    .to = TIME_MAX,
                                    .order = newest ? STORE_NEWEST_FIRST : STORE_OLDEST_FIRST};
        struct order all = {.newest = newest > 0};
        good(store_search(s, &what, check_order, &all, &why), &why);
        assert_int_equal(all.n, n);
        assert_false(all.broken);
        /* The limit gives the first of the same order. */
        struct order some = {.newest = newest > 0};
        what.limit = 333;
        good(store_search(s, &what, check_order, &some, &why), &why);
        assert_int_equal(some.n, 333);
        assert_false(some.broken);
        /* So does a sink that has enough; the next search is not disturbed by it. */
        struct order stopped = {.newest = newest > 0, .stop_at = 333};
        what.limit = 0;
        good(store_search(s, &what, check_order, &stopped, &why), &why);
        assert_int_equal(stopped.n, 333);
        assert_int_equal(stopped.time, some.time);
        assert_int_equal(stopped.sequence, some.sequence);
        struct order again = {.newest = newest > 0};
        good(store_search(s, &what, check_order, &again, &why), &why);
        assert_int_equal(again.n, n);
    }
    store_close(s);
    help_rmdir(dir);
}

/* from <= time < to, and counting says the same as searching. */
static void test_span(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct query *q;
    uint64_t n;
    uint64_t total = 0;
    struct store *s = mixed(dir, &n);
    good(query_parse_kql("host.name: odd", 14, 0, &q, &why), &why);
    static const ts_ns edges[] = {TIME_NONE,
                                  HELP_BASE,
                                  HELP_BASE + TIME_S,
                                  HELP_BASE + TIME_MIN,
                                  HELP_BASE + TIME_HOUR,
                                  HELP_BASE + 30 * TIME_DAY,
                                  HELP_BASE + 3000 * TIME_DAY,
                                  TIME_MAX};
    for (int with = 0; with < 2; with++) {
        total = 0;
        for (int i = 0; i < 7; i++) {
            struct store_search what = {
                .query = with ? q : NULL, .from = edges[i], .to = edges[i + 1]};
            struct order found = {0};
            uint64_t counted = 0;
            good(store_search(s, &what, check_order, &found, &why), &why);
            good(store_count(s, &what, &counted, &why), &why);
            assert_int_equal(counted, found.n);
            assert_false(found.broken);
            if (found.n > 0) {
                assert_true(found.time < edges[i + 1]);
            }
            total += counted;
        }
        assert_int_equal(total, with ? n / 2 : n);
    }
    struct store_search nothing = {.from = 5, .to = 5};
    uint64_t counted = 7;
    good(store_count(s, &nothing, &counted, &why), &why);
    assert_int_equal(counted, 0);
    query_free(q);
    store_close(s);
    help_rmdir(dir);
}

/* Free text needs the whole event: found as in memory, and counted. */
static void test_any_field(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct query *q;
    uint64_t n;
    uint64_t counted = 0;
    struct store *s = mixed(dir, &n);
    good(query_parse_kql("even and source.bytes < 400", 27, 0, &q, &why), &why);
    struct store_search what = {.query = q, .from = TIME_NONE, .to = TIME_MAX};
    good(store_count(s, &what, &counted, &why), &why);
    assert_int_equal(counted, 200);
    struct order found = {0};
    what.limit = 150;
    good(store_search(s, &what, check_order, &found, &why), &why);
    assert_int_equal(found.n, 150);
    query_free(q);
    store_close(s);
    help_rmdir(dir);
}

/* Without a worker the hot events are found all the same, and a sentence says what is missing. */
static void test_no_worker(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    uint64_t n;
    uint64_t counted;
    store_close(mixed(dir, &n));
    struct store_options without = {.no_worker = true};
    struct store_options broken = {.worker_exe = "/bin/false"};
    struct store_options missing = {.worker_exe = "/nowhere/weir"};
    const struct store_options *all[] = {&without, &broken, &missing};
    for (int i = 0; i < 3; i++) {
        struct store *s = open_store(dir, all[i]);
        struct store_search what = {.from = TIME_NONE, .to = TIME_MAX};
        struct order found = {0};
        assert_int_equal(store_search(s, &what, check_order, &found, &why), ERR_UNSUPPORTED);
        assert_non_null(strstr(why.message, "worker"));
        assert_int_equal(found.n, 200 + i);
        assert_int_equal(store_count(s, &what, &counted, &why), ERR_UNSUPPORTED);
        assert_int_equal(store_sql(s, "SELECT 1", NULL, NULL, NULL, NULL, &why), ERR_UNSUPPORTED);
        assert_int_equal(store_seal(s, &why), ERR_UNSUPPORTED);
        append(s, HELP_BASE, 0, n + (uint64_t)i);
        good(store_commit(s, &why), &why);
        store_close(s);
        /* What cannot be sealed is kept. */
        s = open_store(dir, NULL);
        good(store_count(s, &what, &counted, &why), &why);
        assert_int_equal(counted, n + (uint64_t)i + 1);
        store_close(s);
    }
    help_rmdir(dir);
}

struct together {
    struct store *store;
    atomic_bool done;
    atomic_uint_fast64_t committed;
    atomic_uint_fast64_t counted; /* how often */
};

static void *keep_house(void *arg)
{
    struct together *t = arg;
    struct err_text why;
    unsigned i = 0;
    while (!atomic_load(&t->done)) {
        if (i++ % 3 == 2)
            good(store_maintain(t->store, HELP_BASE + TIME_DAY, &why), &why);
        else
            good(store_seal(t->store, &why), &why);
    }
    return NULL;
}

/* Every look sees at least what was committed before it, each event once. */
static void *keep_looking(void *arg)
{
    struct together *t = arg;
    struct err_text why;
    bool done = false;
    while (!done) {
        done = atomic_load(&t->done);
        uint64_t before = atomic_load(&t->committed);
        struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
        struct order found = {0};
        struct store_stats stats;
        good(store_search(t->store, &all, check_order, &found, &why), &why);
        assert_false(found.broken);
        assert_true(found.n >= before);
        store_stats(t->store, &stats);
        atomic_fetch_add(&t->counted, 1);
    }
    return NULL;
}

/* One thread appends and commits, one keeps house, two look. */
static void test_threads(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    pthread_t threads[3];
    struct together t = {.store = open_store(dir, NULL)};
    assert_int_equal(pthread_create(&threads[0], NULL, keep_house, &t), 0);
    for (int i = 1; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, keep_looking, &t), 0);
    uint64_t n = 0;
    for (unsigned round = 0; round < 60; round++) {
        for (unsigned i = 0; i < 50; i++, n++)
            append(t.store, HELP_BASE + (ts_ns)n * TIME_S, 0, n);
        good(store_commit(t.store, &why), &why);
        atomic_store(&t.committed, n);
        usleep(10000);
    }
    atomic_store(&t.done, true);
    for (int i = 0; i < 3; i++)
        pthread_join(threads[i], NULL);
    assert_true(atomic_load(&t.counted) >= 4);
    struct store_search all = {.from = TIME_NONE, .to = TIME_MAX};
    uint64_t counted = 0;
    good(store_count(t.store, &all, &counted, &why), &why);
    assert_int_equal(counted, n);
    store_close(t.store);
    help_rmdir(dir);
}

/* Counts what it is given, and wants no answer any more once it has had enough. */
struct leaver {
    uint64_t n;
    uint64_t enough;
};

static bool take_one(void *ctx, struct event *e)
{
    (void)e;
    ((struct leaver *)ctx)->n++;
    return true;
}

static bool had_enough(void *ctx)
{
    const struct leaver *l = ctx;
    return l->n >= l->enough;
}

static void test_cancel(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct err_text why;
    struct store *s = open_store(dir, NULL);
    for (uint64_t i = 0; i < 8000; i++)
        append(s, HELP_BASE + (ts_ns)i * TIME_S, 0, i);
    good(store_commit(s, &why), &why);
    for (int sealed = 0; sealed < 2; sealed++) {
        static const uint64_t enough[] = {0, 1, 3000};
        for (size_t i = 0; i < 3; i++) {
            struct leaver l = {.enough = enough[i]};
            uint64_t counted;
            struct store_search what = {
                .from = TIME_NONE, .to = TIME_MAX, .cancel = {had_enough, &l}};
            assert_int_equal(store_search(s, &what, take_one, &l, &why), ERR_STOPPED);
            assert_non_null(strstr(why.message, "stopped before"));
            assert_true(l.n >= enough[i] && l.n < enough[i] + 2048);
            assert_int_equal(store_count(s, &what, &counted, &why), ERR_STOPPED);
            l.enough = UINT64_MAX;
            good(store_count(s, &what, &counted, &why), &why);
            assert_int_equal(counted, 8000);
        }
        good(store_seal(s, &why), &why);
    }
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order),     cmocka_unit_test(test_span),
        cmocka_unit_test(test_any_field), cmocka_unit_test(test_no_worker),
        cmocka_unit_test(test_cancel),    cmocka_unit_test(test_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
