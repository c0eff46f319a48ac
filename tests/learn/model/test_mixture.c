/* SPDX-License-Identifier: Apache-2.0 */
#include "model/mixture.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define N 400

static void draw(double *x, size_t n, const double *means, size_t parts, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    for (size_t i = 0; i < n; i++)
        x[i] = means[rng_below(&r, parts)] + rng_normal(&r);
}

static void finds_as_many_modes_as_there_are(void **state)
{
    (void)state;
    static const double means[] = {-20, 0, 12, 40};
    double x[N];
    for (size_t parts = 2; parts <= 4; parts++) {
        for (uint64_t seed = 1; seed <= 20; seed++) {
            struct model_mixture m;
            draw(x, N, means, parts, seed);
            assert_true(model_mixture_fit(x, N, 1e-6, &m));
            assert_int_equal(m.parts, parts);
            for (size_t k = 0; k < parts; k++) {
                assert_true(fabs(m.part[k].mean - means[k]) < 0.5);
                assert_true(m.part[k].variance > 0.6 && m.part[k].variance < 1.6);
            }
        }
    }
}

static void one_mode_is_left_alone(void **state)
{
    (void)state;
    static const double middle[] = {0};
    double x[N];
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct model_mixture m;
        struct rng r;
        rng_init(&r, seed);
        draw(x, N, middle, 1, seed);
        assert_false(model_mixture_fit(x, N, 1e-6, &m));
        for (size_t i = 0; i < N; i++)
            x[i] = rng_f64(&r); /* flat */
        assert_false(model_mixture_fit(x, N, 1e-6, &m));
    }
    assert_false(model_mixture_fit(x, 31, 1e-6, &(struct model_mixture){0}));
    for (size_t i = 0; i < N; i++)
        x[i] = 5;
    assert_false(model_mixture_fit(x, N, 1e-6, &(struct model_mixture){0}));
}

static void tails_are_those_of_the_parts(void **state)
{
    (void)state;
    const struct model_mixture m = {{{0, 1, 1e6}, {50, 4, 1e6}}, 2};
    struct model_mixture_place p;
    model_mixture_judge(&m, 62, &p);
    /* Half of a normal law's tail at six standard deviations, 9.87e-10. */
    assert_true(fabs(p.upper - log(0.5 * 9.866e-10)) < 0.01);
    assert_true(p.lower > -1e-6);
    model_mixture_judge(&m, -6, &p);
    assert_true(fabs(p.lower - log(0.5 * 9.866e-10)) < 0.01);
    /* Between the modes half lies on either side. */
    model_mixture_judge(&m, 25, &p);
    assert_true(fabs(p.upper - log(0.5)) < 1e-3 && fabs(p.lower - log(0.5)) < 1e-3);
    assert_true(p.log_pdf < -50);
}

static void follows_its_parts(void **state)
{
    (void)state;
    struct model_mixture m = {{{0, 1, 50}, {20, 1, 50}}, 2};
    struct rng r;
    rng_init(&r, 5);
    for (int i = 0; i < 6000; i++)
        model_mixture_learn(&m, (rng_below(&r, 2) ? 24 : -3) + 2 * rng_normal(&r), 0.998, 1e-6);
    assert_true(fabs(m.part[0].mean + 3) < 0.6 && fabs(m.part[1].mean - 24) < 0.6);
    assert_true(m.part[0].variance > 3 && m.part[0].variance < 5.5);
    assert_true(m.part[0].n + m.part[1].n < 520);
    /* One that is no longer visited keeps its place. */
    for (int i = 0; i < 6000; i++)
        model_mixture_learn(&m, 24 + 2 * rng_normal(&r), 0.998, 1e-6);
    assert_true(fabs(m.part[0].mean + 3) < 1 && m.part[0].n >= 5);
}

static void comes_back_from_bytes(void **state)
{
    (void)state;
    const struct model_mixture m = {{{0, 1, 50}, {20, 3, 70}, {30, 1, 9}}, 3};
    struct model_mixture back;
    struct buf out;
    buf_init(&out);
    model_mixture_save(&m, &out);
    struct cursor in = cursor_make(out.p, out.n);
    assert_true(model_mixture_load(&in, &back));
    assert_int_equal(back.parts, 3);
    assert_true(back.part[1].variance == 3 && back.part[2].n == 9);
    for (size_t cut = 0; cut < out.n; cut++) {
        in = cursor_make(out.p, cut);
        assert_false(model_mixture_load(&in, &back));
    }
    out.p[0] = 1;
    in = cursor_make(out.p, out.n);
    assert_false(model_mixture_load(&in, &back));
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_as_many_modes_as_there_are),
        cmocka_unit_test(one_mode_is_left_alone),
        cmocka_unit_test(tails_are_those_of_the_parts),
        cmocka_unit_test(follows_its_parts),
        cmocka_unit_test(comes_back_from_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
