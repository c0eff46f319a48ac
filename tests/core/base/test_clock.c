/* SPDX-License-Identifier: Apache-2.0 */
#include "base/clock.h"

#include "cmocka_head.h"

static void clocks_go_forward(void **state)
{
    (void)state;
    ts_ns a = clock_steady();
    ts_ns b = clock_steady();
    assert_true(b >= a);
    assert_true(clock_wall() > 1700000000 * TIME_S);
    assert_true(clock_cpu() >= 0);
    assert_true(clock_peak_rss() > 100000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
