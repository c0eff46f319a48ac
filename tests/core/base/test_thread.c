/* SPDX-License-Identifier: Apache-2.0 */
#include "base/thread.h"

#include "cmocka_head.h"
#include <stdatomic.h>

static void count(void *ctx, size_t piece)
{
    atomic_uint *pieces = ctx;
    atomic_fetch_add(&pieces[piece], 1);
}

static void every_piece_runs_once(void **state)
{
    (void)state;
    for (unsigned workers = 1; workers <= 4; workers++) {
        struct thread_team *t = thread_team_new(workers);
        assert_int_equal(thread_team_workers(t), workers);
        for (int round = 0; round < 200; round++) {
            atomic_uint pieces[64] = {0};
            thread_team_run(t, 64, count, pieces);
            for (int i = 0; i < 64; i++)
                assert_int_equal(pieces[i], 1);
        }
        thread_team_free(t);
    }
    thread_team_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_piece_runs_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
