/* SPDX-License-Identifier: Apache-2.0 */
#include "base/budget.h"

#include "cmocka_head.h"

static void refuses_over_the_limit(void **state)
{
    (void)state;
    struct budget b;
    budget_init(&b, 10);
    assert_true(budget_charge(&b, 7));
    assert_false(budget_charge(&b, 4));
    assert_int_equal(b.refused, 1);
    assert_true(budget_charge(&b, 3));
    budget_return(&b, 9);
    assert_int_equal(b.used, 1);
    assert_int_equal(b.peak, 10);
    budget_return(&b, 5);
    assert_int_equal(b.used, 0);
    assert_false(budget_charge(&b, UINT64_MAX));
    budget_init(&b, 0);
    assert_true(budget_charge(&b, UINT64_MAX / 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_over_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
