/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"

#include "cmocka_head.h"
#include <math.h>

static void draws_are_even(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 42);
    unsigned count[10] = {0};
    double sum = 0, squares = 0;
    for (int i = 0; i < 100000; i++) {
        count[rng_below(&r, 10)]++;
        double z = rng_normal(&r);
        sum += z;
        squares += z * z;
        double u = rng_f64(&r);
        assert_true(u >= 0 && u < 1);
    }
    for (int i = 0; i < 10; i++)
        assert_in_range(count[i], 9500, 10500);
    assert_true(fabs(sum / 100000) < 0.02);
    assert_true(fabs(squares / 100000 - 1) < 0.03);
}

static void seeds_repeat(void **state)
{
    (void)state;
    struct rng a, b, c;
    rng_init(&a, 1);
    rng_init(&b, 1);
    rng_init(&c, 2);
    assert_true(rng_u64(&a) == rng_u64(&b));
    assert_true(rng_u64(&a) != rng_u64(&c));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draws_are_even),
        cmocka_unit_test(seeds_repeat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
