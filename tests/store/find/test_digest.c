/* SPDX-License-Identifier: Apache-2.0 */
#include "find/digest.h"

#include "base/rng.h"
#include "cmocka_head.h"

#include <math.h>
#include <stdlib.h>

#define NEAR(a, b, e) assert_true(fabs((a) - (b)) <= (e))

static void test_exact(void **state)
{
    (void)state;
    struct find_digest d;
    find_digest_init(&d);
    assert_true(isnan(find_digest_value(&d, 50)));
    for (int i = 100; i >= 1; i--)
        assert_true(find_digest_add(&d, i, 1));
    NEAR(find_digest_value(&d, 50), 50.5, 1e-12);
    NEAR(find_digest_value(&d, 1), 1.99, 1e-12);
    NEAR(find_digest_value(&d, 99), 99.01, 1e-12);
    NEAR(find_digest_value(&d, 0), 1, 0);
    NEAR(find_digest_value(&d, 100), 100, 0);
    find_digest_release(&d);
    /* Values that come often are as often as they come. */
    find_digest_init(&d);
    assert_true(find_digest_add(&d, 5, 1000));
    assert_true(find_digest_add(&d, -7, 1));
    NEAR(find_digest_value(&d, 50), 5, 0);
    NEAR(find_digest_value(&d, 0), -7, 0);
    find_digest_release(&d);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void test_cells(void **state)
{
    (void)state;
    enum { N = 30000 };
    static double all[N];
    struct find_digest d;
    struct rng rng;
    rng_init(&rng, 4);
    find_digest_init(&d);
    for (int i = 0; i < N; i++) {
        double v = exp(rng_normal(&rng) * 5);
        all[i] = i % 5 == 0 ? -v : i % 7 == 0 ? 0 : v;
        assert_true(find_digest_add(&d, all[i], 1));
    }
    assert_true(d.cells);
    assert_int_equal(d.count, N);
    qsort(all, N, sizeof(all[0]), compare);
    for (double p = 1; p < 100; p += 0.7) {
        double rank = p / 100 * (N - 1);
        double low = all[(int)rank];
        double high = all[(int)rank + 1];
        double v = find_digest_value(&d, p);
        assert_true(v >= low - fabs(low) * 0.0051 - 1e-300);
        assert_true(v <= high + fabs(high) * 0.0051 + 1e-300);
    }
    NEAR(find_digest_value(&d, 0), all[0], 0);
    NEAR(find_digest_value(&d, 100), all[N - 1], 0);
    find_digest_release(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_exact), cmocka_unit_test(test_cells)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
