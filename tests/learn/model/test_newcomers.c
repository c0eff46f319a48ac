/* SPDX-License-Identifier: Apache-2.0 */
#include "model/newcomers.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)

static struct model_newcomers make(enum model_kind kind)
{
    struct model_params params = {SPAN, kind, MODEL_HIGH, false};
    struct model_newcomers m;
    model_newcomers_init(&m, &params);
    return m;
}

static struct model_judgement look(const struct model_newcomers *m, double value)
{
    struct model_observation o = {0, value, 1, 1};
    struct model_judgement j;
    model_newcomers_judge(m, &o, &j);
    assert_true(isfinite(j.log_p) && j.log_p <= 0);
    assert_true(isfinite(j.typical) && j.lower <= j.typical && j.typical <= j.upper);
    return j;
}

static double digits(const struct model_newcomers *m, double value)
{
    return -look(m, value).log_p / M_LN10;
}

static void teach(struct model_newcomers *m, int bucket, double value)
{
    struct model_observation o = {bucket * SPAN, value, 1, 1};
    model_newcomers_open(m, o.time, 1);
    model_newcomers_learn(m, &o);
}

static double lognormal(struct rng *r)
{
    return exp(10 + 1.6 * rng_normal(r));
}

static double pareto(struct rng *r)
{
    return 1000 / (rng_f64(r) + 1e-12);
}

static double geometric(struct rng *r)
{
    return 1 + floor(log(rng_f64(r) + 1e-12) / log(0.6));
}

static void young_it_is_silent(void **state)
{
    (void)state;
    struct model_newcomers m = make(MODEL_SUM);
    /* The first bucket has everybody. */
    for (int i = 0; i < 9; i++) {
        assert_false(look(&m, 1e12).judged);
        assert_int_equal(m.lessons, i > 0 ? i - 1 : 0);
        teach(&m, 3 * i, 1000 + i);
    }
    assert_true(look(&m, 1e12).judged);
    assert_true(digits(&m, 1e12) > 3);
}

/* As often as it says so, and clear about what lies far outside. */
static void it_says_what_is_true_of_lognormal_beginnings(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    double unlikely[3] = {0};
    double found[2] = {0};
    for (int k = 0; k < 200; k++) {
        struct model_newcomers m = make(MODEL_SUM);
        for (int i = 0; i < 500; i++) {
            double value = lognormal(&r);
            double d = digits(&m, value);
            unlikely[0] += d > 2;
            unlikely[1] += d > 3;
            unlikely[2] += d > 4;
            teach(&m, 4 * i, value);
            if (i == 40 || i == 499) /* at 10^-8 */
                found[i > 40] += digits(&m, exp(10 + 5.6 * 1.6)) > (i > 40 ? 6 : 3.5);
        }
    }
    assert_true(unlikely[0] < 2 * 1000 && unlikely[0] > 0.3 * 1000);
    assert_true(unlikely[1] < 2 * 100);
    assert_true(unlikely[2] < 2 * 10);
    assert_true(found[0] >= 0.9 * 200);
    assert_true(found[1] >= 0.9 * 200);
}

static void it_learns_the_tails_of_beginnings(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 2);
    double unlikely = 0;
    double found = 0;
    for (int k = 0; k < 200; k++) {
        struct model_newcomers m = make(MODEL_SUM);
        for (int i = 0; i < 500; i++) {
            double value = pareto(&r);
            unlikely += digits(&m, value) > 4;
            teach(&m, 4 * i, value);
        }
        found += digits(&m, 1e6) < 4; /* at 10^-3 */
    }
    assert_true(unlikely < 3 * 10);
    assert_true(found >= 0.9 * 200);
}

static void small_counts_have_their_own_law(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    double unlikely = 0;
    double found = 0;
    for (int k = 0; k < 50; k++) {
        struct model_newcomers m = make(MODEL_COUNT);
        struct model_newcomers ones = make(MODEL_COUNT);
        for (int i = 0; i < 300; i++) {
            double value = geometric(&r);
            unlikely += digits(&m, value) > 3;
            teach(&m, 4 * i, value);
            teach(&ones, 4 * i, 1);
        }
        assert_true(digits(&m, 2) < 1);
        found += digits(&m, 100) > 4; /* 0.6^99 is at 10^-22 */
        assert_true(digits(&ones, 1) < 0.1);
        assert_true(digits(&ones, 2) < 3.5); /* 1 in 300 cannot be excluded */
        assert_true(digits(&ones, 30) > 5);
    }
    assert_true(unlikely < 2 * 15);
    assert_true(found >= 0.9 * 50);
}

static void values_may_be_of_any_sign(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 4);
    struct model_newcomers m = make(MODEL_VALUE);
    struct model_newcomers narrow = make(MODEL_VALUE);
    for (int i = 0; i < 200; i++) {
        teach(&m, i, 3 * rng_normal(&r));
        teach(&narrow, i, 100 + rng_normal(&r));
    }
    assert_true(digits(&m, 3) < 1.5);
    assert_true(digits(&m, 30) > 5);
    assert_true(digits(&m, -30) == 0); /* little is no news */
    assert_true(digits(&narrow, 110) > 5);
    assert_true(fabs(look(&narrow, 110).typical - 100) < 1);
    assert_true(digits(&narrow, -5) == 0);
}

static void a_crowd_is_one_lesson(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    struct model_newcomers m = make(MODEL_SUM);
    struct model_newcomers without = make(MODEL_SUM);
    for (int i = 0; i < 60; i++) {
        double value = lognormal(&r);
        teach(&m, 4 * i, value);
        teach(&without, 4 * i, value);
    }
    /* A thousand that are all alike. */
    model_newcomers_open(&m, 240 * SPAN, 1000);
    for (int i = 0; i < 1000; i++) {
        struct model_observation o = {240 * SPAN, 2e5, 1, 1};
        model_newcomers_learn(&m, &o);
    }
    assert_int_equal(m.lessons, without.lessons + 1);
    for (double v = 1e4; v < 1e10; v *= 10)
        assert_true(fabs(digits(&m, v) - digits(&without, v)) < 0.1 + 0.1 * digits(&m, v));
}

static void the_second_time_is_still_news(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 6);
    struct model_newcomers m = make(MODEL_SUM);
    for (int i = 0; i < 80; i++)
        teach(&m, 4 * i, lognormal(&r));
    double before = digits(&m, 2e9);
    assert_true(before > 4.5);
    teach(&m, 400, 2e9);
    assert_true(digits(&m, 2e9) > before / 2);
    /* And the twentieth is not. */
    for (int i = 0; i < 20; i++)
        teach(&m, 404 + 4 * i, 2e9);
    assert_true(digits(&m, 2e9) < 2);
}

static void nothing_and_nonsense(void **state)
{
    (void)state;
    static const double odd[] = {
        0, -1, 1e-300, 5e-324, 1e30, 1e300, (double)INFINITY, -(double)INFINITY, (double)NAN};
    for (int kind = 0; kind < 3; kind++) {
        struct model_newcomers m = make((enum model_kind)kind);
        for (int i = 0; i < 400; i++) {
            double value = odd[(i * 7) % 9];
            look(&m, value);
            if (model_newcomers_takes(&m, value))
                teach(&m, i % 50, value); /* time may go back */
        }
        assert_int_equal(model_newcomers_takes(&m, 0), kind == MODEL_VALUE);
        look(&m, 17);
    }
    /* The same again and again. */
    struct model_newcomers m = make(MODEL_SUM);
    for (int i = 0; i < 3000; i++)
        teach(&m, i, 42);
    assert_true(digits(&m, 42) < 1);
    assert_true(digits(&m, 420) > 5);
}

static void a_saved_model_judges_the_same(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct rng r;
        rng_init(&r, 7);
        struct model_newcomers m = make((enum model_kind)kind);
        for (int i = 0; i < 100; i++)
            teach(&m, i, floor(lognormal(&r)) - (kind == MODEL_VALUE ? 30 : 0));
        struct buf b;
        buf_init(&b);
        model_newcomers_save(&m, &b);
        struct cursor c = cursor_make(b.p, b.n);
        struct model_newcomers back;
        assert_int_equal(model_newcomers_load(&c, &m.params, &back), ERR_NONE);
        assert_int_equal(c.left, 0);
        for (double v = 1; v < 1e12; v *= 7)
            assert_true(look(&m, v).log_p == look(&back, v).log_p);
        teach(&m, 101, 1e9);
        teach(&back, 101, 1e9);
        assert_true(look(&m, 1e10).log_p == look(&back, 1e10).log_p);
        /* Cut short, or of another time, it is refused. */
        for (size_t n = 0; n < b.n; n++) {
            c = cursor_make(b.p, n);
            assert_int_not_equal(model_newcomers_load(&c, &m.params, &back), ERR_NONE);
        }
        b.p[0] = 99;
        c = cursor_make(b.p, b.n);
        assert_int_equal(model_newcomers_load(&c, &m.params, &back), ERR_VERSION);
        buf_release(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(young_it_is_silent),
        cmocka_unit_test(it_says_what_is_true_of_lognormal_beginnings),
        cmocka_unit_test(it_learns_the_tails_of_beginnings),
        cmocka_unit_test(small_counts_have_their_own_law),
        cmocka_unit_test(values_may_be_of_any_sign),
        cmocka_unit_test(a_crowd_is_one_lesson),
        cmocka_unit_test(the_second_time_is_still_news),
        cmocka_unit_test(nothing_and_nonsense),
        cmocka_unit_test(a_saved_model_judges_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
