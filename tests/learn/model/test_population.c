/* SPDX-License-Identifier: Apache-2.0 */
#include "model/population.h"

#include "base/rng.h"
#include "model/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (3 * TIME_HOUR)
#define BUCKETS ((double)TIME_DAY / SPAN) /* a day */

static struct model_population make(void)
{
    struct model_params params = {SPAN, MODEL_SUM, MODEL_HIGH, false};
    struct model_population p;
    model_population_init(&p, &params);
    return p;
}

static double judge_among(const struct model_population *p, const struct model_member *m,
                          ts_ns time, double value, double tests_per_day)
{
    struct model_observation o = {time, value, 1, 1};
    struct model_judgement j;
    model_population_judge(p, m, &o, &j);
    assert_true(isfinite(j.log_p) && j.log_p <= 0);
    assert_true(isfinite(j.typical) && isfinite(j.lower) && isfinite(j.upper));
    return model_score_anchor(j.log_p, tests_per_day);
}

static double judge(const struct model_population *p, const struct model_member *m, ts_ns time,
                    double value)
{
    return judge_among(p, m, time, value, 50);
}

static void learn(struct model_population *p, struct model_member *m, ts_ns time, double value)
{
    struct model_observation o = {time, value, 1, 1};
    model_population_learn(p, m, &o);
}

/* A home network: three ports that are always there, a stray new one a bucket. */
static double ordinary_bucket(struct model_population *p, struct model_member old[3], struct rng *r,
                              ts_ns time)
{
    const double usual[] = {6e5, 6e4, 1.3e4};
    struct model_member fresh;
    model_member_init(&fresh);
    double value[4];
    for (int i = 0; i < 3; i++)
        value[i] = usual[i] * exp(0.3 * rng_normal(r));
    value[3] = exp(3 + 2 * rng_f64(r));
    double worst = 0;
    for (int i = 0; i < 4; i++)
        worst = fmax(worst, judge(p, i < 3 ? &old[i] : &fresh, time, value[i]));
    for (int i = 0; i < 4; i++)
        learn(p, i < 3 ? &old[i] : &fresh, time, value[i]);
    model_population_close(p, time);
    return worst;
}

static void an_upload_to_a_new_port_is_news_in_a_young_job(void **state)
{
    (void)state;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_population p = make();
        struct model_member old[3];
        struct model_member fresh;
        model_member_init(&fresh);
        for (int i = 0; i < 3; i++)
            model_member_init(&old[i]);
        /* Too little is known at first. */
        assert_true(judge(&p, &fresh, 0, 3e7) == 0);
        ordinary_bucket(&p, old, &r, 0);
        assert_true(judge(&p, &fresh, SPAN, 3e7) == 0);
        for (int i = 1; i < 7; i++)
            assert_true(ordinary_bucket(&p, old, &r, i * SPAN) < 50);
        assert_true(judge(&p, &fresh, 7 * SPAN, 3e7) >= 75);
        assert_true(judge(&p, &fresh, 7 * SPAN, 2e8) >= 75);
        /* A new port with little is none. */
        assert_true(judge(&p, &fresh, 7 * SPAN, 3e3) < 25);
        /* The same upload again is still news the next time, not after many. */
        learn(&p, &fresh, 7 * SPAN, 3e7);
        model_population_close(&p, 7 * SPAN);
        assert_true(judge(&p, &fresh, 8 * SPAN, 3e7) >= 50);
    }
}

static void the_port_that_is_always_largest_is_none(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 9);
    struct model_population p = make();
    struct model_member big;
    struct model_member small[200];
    model_member_init(&big);
    for (int i = 0; i < 200; i++)
        model_member_init(&small[i]);
    for (int b = 0; b < 200; b++) {
        double v = 5e9 * exp(0.3 * rng_normal(&r));
        if (b > 10)
            assert_true(judge(&p, &big, b * SPAN, v) < 50);
        double x[200];
        for (int i = 0; i < 200; i++) {
            x[i] = exp(9 + 1.5 * rng_normal(&r));
            if (b > 3)
                assert_true(judge_among(&p, &small[i], b * SPAN, x[i], 200 * BUCKETS) < 75);
        }
        learn(&p, &big, b * SPAN, v);
        for (int i = 0; i < 200; i++)
            learn(&p, &small[i], b * SPAN, x[i]);
        model_population_close(&p, b * SPAN);
    }
    /* What is a routine for the big one is news from a small one, and from a new one. */
    struct model_member fresh;
    model_member_init(&fresh);
    assert_true(judge(&p, &small[5], 200 * SPAN, 5e9) >= 75);
    assert_true(judge(&p, &fresh, 200 * SPAN, 2e8) >= 75);
    assert_true(judge(&p, &big, 200 * SPAN, 5e12) >= 75);
}

/*
 * So many hosts and, in one of four buckets, a newcomer that brings some thousands: ln p of a
 * newcomer with `value`.
 */
static double newcomer(int hosts, double value)
{
    struct rng r;
    struct rng news;
    rng_init(&r, 3);
    rng_init(&news, 4);
    struct model_population p = make();
    struct model_member old[30];
    struct model_member fresh;
    for (int i = 0; i < hosts; i++)
        model_member_init(&old[i]);
    for (int b = 0; b < 1200; b++) {
        for (int i = 0; i < hosts; i++)
            learn(&p, &old[i], b * SPAN, exp(18 - 0.2 * i + 0.5 * rng_normal(&r)));
        model_member_init(&fresh);
        if (b % 4 == 0)
            learn(&p, &fresh, b * SPAN, exp(8 + rng_normal(&news)));
        model_population_close(&p, b * SPAN);
    }
    model_member_init(&fresh);
    struct model_observation o = {1200 * SPAN, value, 1, 1};
    struct model_judgement j;
    model_population_judge(&p, &fresh, &o, &j);
    return j.log_p;
}

static void few_newcomers_make_a_large_one_rarer(void **state)
{
    (void)state;
    /* The same newcomers, one in 13 values or one in 121: what is new and large is rarer there. */
    double less = newcomer(3, 1e6) - newcomer(30, 1e6);
    assert_true(less > 2 && less < 2.5);
    /* That somebody is new is none: one in the middle is silent wherever. */
    assert_true(newcomer(3, 3000) > log(0.2));
    assert_true(newcomer(30, 3000) > log(0.1));
    /* And with more it is more. */
    for (double value = 1e4; value < 1e9; value *= 3)
        assert_true(newcomer(30, 3 * value) <= newcomer(30, value));
}

/* Ten thousand names a bucket, each once, and a tunnel in the third bucket. */
static void many_new_members_judge_a_new_one_at_once(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 12);
    struct model_population p = make();
    int high = 0;
    for (int b = 0; b < 3; b++) {
        for (int i = 0; i < 5000; i++) {
            struct model_member m;
            model_member_init(&m);
            double v =
                14 + floor(14 * rng_f64(&r)) + (rng_below(&r, 300) == 0 ? 300 * rng_f64(&r) : 0);
            high += judge_among(&p, &m, b * SPAN, v, 5000 * BUCKETS) >= 75;
            learn(&p, &m, b * SPAN, v);
        }
        model_population_close(&p, b * SPAN);
    }
    assert_int_equal(high, 0);
    struct model_member tunnel;
    model_member_init(&tunnel);
    struct model_observation o = {3 * SPAN, 60000, 1, 1};
    struct model_judgement j;
    model_population_judge(&p, &tunnel, &o, &j);
    assert_true(model_score_anchor(j.log_p, 480000) >= 75);
}

static void state_is_kept(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 2);
    struct model_population p = make();
    struct model_member old[3];
    for (int i = 0; i < 3; i++)
        model_member_init(&old[i]);
    for (int i = 0; i < 70; i++)
        ordinary_bucket(&p, old, &r, i * SPAN);
    struct buf b;
    buf_init(&b);
    model_population_save(&p, &b);
    model_member_save(&old[0], &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_population back;
    struct model_member member;
    assert_int_equal(model_population_load(&c, &p.params, &back), ERR_NONE);
    assert_int_equal(model_member_load(&c, &member), ERR_NONE);
    assert_int_equal(c.left, 0);
    struct model_observation o = {70 * SPAN, 4e7, 1, 1};
    struct model_judgement j[2];
    model_population_judge(&p, &old[0], &o, &j[0]);
    model_population_judge(&back, &member, &o, &j[1]);
    assert_true(j[0].log_p == j[1].log_p && j[0].log_p < -10 && j[0].typical == j[1].typical);
    for (size_t cut = 0; cut + 44 < b.n; cut += 13) {
        c = cursor_make(b.p, cut);
        assert_int_equal(model_population_load(&c, &p.params, &back), ERR_FORMAT);
    }
    buf_release(&b);
}

static void hostile_values_stay_finite(void **state)
{
    (void)state;
    const double values[] = {0, -5, 1e300, (double)INFINITY, (double)NAN, 1e-300, 1e18};
    struct model_params params = {SPAN, MODEL_SUM, MODEL_BOTH, false};
    struct model_population p;
    model_population_init(&p, &params);
    struct model_member m[7];
    for (int i = 0; i < 7; i++)
        model_member_init(&m[i]);
    for (int b = 0; b < 500; b++) {
        for (int i = 0; i < 7; i++)
            judge(&p, &m[i], b * SPAN, values[(i + b / 100) % 7]);
        for (int i = 0; i < 7; i++)
            learn(&p, &m[i], b * SPAN, values[(i + b / 100) % 7]);
        model_population_close(&p, b * SPAN);
        model_population_close(&p, b * SPAN);
    }
}

/* Where most have none, a first event is little news, and each more is more. */
static void bursts_of_small_counts(void **state)
{
    (void)state;
    struct model_params params = {SPAN, MODEL_COUNT, MODEL_HIGH, false};
    struct model_population p;
    struct model_member m[20];
    model_population_init(&p, &params);
    for (int i = 0; i < 20; i++)
        model_member_init(&m[i]);
    for (int b = 0; b < 200; b++) {
        for (int i = 0; i < 20; i++)
            learn(&p, &m[i], b * SPAN, (b + i) % 20 == 0 ? 1 : 0);
        model_population_close(&p, b * SPAN);
    }
    assert_true(model_population_burst_log_p(&p, &m[0], 0) == 0);
    double one = model_population_burst_log_p(&p, &m[0], 1);
    assert_true(one > log(0.03) && one < log(0.1));
    assert_true(fabs(model_population_burst_log_p(&p, &m[0], 5) - 5 * one) < 1e-9);
    /* A member known for more is allowed more. */
    for (int b = 200; b < 400; b++) {
        for (int i = 0; i < 20; i++)
            learn(&p, &m[i], b * SPAN, i == 1 ? 30 : 0);
        model_population_close(&p, b * SPAN);
    }
    assert_true(model_population_burst_log_p(&p, &m[1], 30) >
                model_population_burst_log_p(&p, &m[0], 30) / 2);
    assert_true(isfinite(model_population_burst_log_p(&p, &m[0], 1e300)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upload_to_a_new_port_is_news_in_a_young_job),
        cmocka_unit_test(the_port_that_is_always_largest_is_none),
        cmocka_unit_test(few_newcomers_make_a_large_one_rarer),
        cmocka_unit_test(many_new_members_judge_a_new_one_at_once),
        cmocka_unit_test(state_is_kept),
        cmocka_unit_test(hostile_values_stay_finite),
        cmocka_unit_test(bursts_of_small_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
