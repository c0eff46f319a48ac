/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_stop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
