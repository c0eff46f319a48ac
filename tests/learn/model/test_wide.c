/* SPDX-License-Identifier: Apache-2.0 */
#include "model/wide.h"

#include "base/rng.h"
#include "stats/dist.h"
#include "stats/special.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 8000
#define KEEP (1 - 1 / 2000.0)

/* Learns N values of variance 1, of which a share has `times` the spread of the others; returns by
 * how many nats a value of the last half was foretold better than by a normal law. */
static double learn(struct model_wide *w, double share, double times, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    double narrow = 1 / sqrt(1 - share + share * times * times);
    double gain = 0;
    model_wide_init(w);
    for (int i = 0; i < N; i++) {
        double spread = rng_f64(&r) < share ? times * narrow : narrow;
        double z = spread * rng_normal(&r);
        struct model_wide_place p;
        model_wide_judge(w, z, &p);
        assert_true(p.wide >= 0 && p.wide <= 1);
        if (i >= N / 2)
            gain += p.log_pdf + z * z / 2 + 0.918938533204672741780329736406;
        model_wide_learn(w, z, p.wide, KEEP);
        assert_true(model_wide_is_sound(w));
    }
    return gain / (N - N / 2.0);
}

static void learns_share_and_width(void **state)
{
    (void)state;
    static const double shares[] = {0.1, 0.2, 0.3};
    static const double times[] = {3, 5};
    for (int i = 0; i < 3; i++) {
        for (int k = 0; k < 2; k++) {
            struct model_wide w;
            assert_true(learn(&w, shares[i], times[k], 3) > 0.05);
            double ratio = (double)w.squares / (double)w.share /
                           ((1 - (double)w.squares) / (1 - (double)w.share));
            assert_true(fabs((double)w.share / shares[i] - 1) < 0.5);
            assert_true(fabs(sqrt(ratio) / times[k] - 1) < 0.25);
        }
    }
}

static void tails_are_those_of_the_parts(void **state)
{
    (void)state;
    struct model_wide w;
    learn(&w, 0.2, 4, 5);
    double narrow = 1 / sqrt(0.8 + 0.2 * 16);
    for (double z = 2; z < 14; z += 1) {
        double want = stats_special_log_add(log(0.8) + stats_dist_normal(z, 0, narrow).upper,
                                            log(0.2) + stats_dist_normal(z, 0, 4 * narrow).upper);
        double got = model_wide_tail(&w, z, 1e6);
        assert_true(got > 1.25 * want - 0.5 && got < 0.8 * want + 0.5);
        assert_true(model_wide_tail(&w, -z, 1e6) == got);
        /* What few values have taught is less certain. */
        assert_true(model_wide_tail(&w, z, 50) >= got);
    }
}

static void normal_values_speak_against_it(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct model_wide w;
        assert_true(learn(&w, 0, 1, seed) < -0.001);
    }
}

static void refuses_what_cannot_be_learned(void **state)
{
    (void)state;
    struct model_wide w;
    model_wide_init(&w);
    assert_true(model_wide_is_sound(&w));
    static const struct model_wide bad[] = {
        {5, 0, 0.5F}, {5, 0.9F, 0.95F}, {5, 0.1F, 0.05F}, {5, 0.1F, 1}, {5, (float)NAN, 0.5F}};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_false(model_wide_is_sound(&bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learns_share_and_width),
        cmocka_unit_test(tails_are_those_of_the_parts),
        cmocka_unit_test(normal_values_speak_against_it),
        cmocka_unit_test(refuses_what_cannot_be_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
