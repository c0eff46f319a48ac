/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "base/clock.h"
#include "daemon/keeper.h"

#include <time.h>

static void no_log(void *ctx, int level, const char *sentence)
{
    (void)level;
    (void)sentence;
    ++*(int *)ctx;
}

/* It sleeps for a minute between its rounds, and ends at once all the same. */
static void test_stop(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store *store = help_store(dir);
    struct daemon_keeper *k = NULL;
    struct timespec before, after;
    int logged = 0;
    HELP_OK(daemon_keeper_start(store, no_log, &logged, &k, &help_why));
    usleep(20000);
    clock_gettime(CLOCK_MONOTONIC, &before);
    daemon_keeper_stop(k);
    clock_gettime(CLOCK_MONOTONIC, &after);
    assert_true(after.tv_sec - before.tv_sec < 10);
    assert_int_equal(logged, 0);
    daemon_keeper_stop(NULL);
    store_close(store);
    help_rmdir(dir);
}

static void keep_line(void *ctx, int level, const char *sentence)
{
    assert_int_equal(level, 2);
    buf_str(ctx, sentence);
}

/* Events of long ago stay as long as others, counted from when they came; what goes is told. */
static void test_removed(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    const struct store_options options = {.keep_age_ns = TIME_DAY};
    struct store *store = NULL;
    struct arena arena;
    struct buf log;
    struct store_stats stats;
    bool troubled = false;
    buf_init(&log);
    arena_init(&arena, 0);
    HELP_OK(store_open(dir, &options, &store, &help_why));
    for (unsigned i = 0; i < 5; i++) {
        struct event e;
        help_event(&e, &arena, HELP_BASE + i * TIME_S, i + 1);
        HELP_OK(store_append(store, &e));
    }
    HELP_OK(store_commit(store, &help_why));
    arena_release(&arena);
    for (int i = 0; i < 3; i++)
        daemon_keeper_tidy(store, clock_wall(), keep_line, &log, &troubled);
    store_stats(store, &stats);
    assert_int_equal(stats.piece_rows, 5);
    assert_int_equal(log.n, 0);
    for (int i = 0; i < 2; i++)
        daemon_keeper_tidy(store, clock_wall() + TIME_DAY + TIME_MIN, keep_line, &log, &troubled);
    store_stats(store, &stats);
    assert_int_equal(stats.piece_rows, 0);
    assert_string_equal(buf_text(&log), "removed 5 events, the latest of 2023-11-15T00:00:04.000Z: "
                                        "5 by store.keep_age, 0 by store.keep_mb");
    assert_false(troubled);
    buf_release(&log);
    store_close(store);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stop), cmocka_unit_test(test_removed)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
