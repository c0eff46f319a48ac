/* SPDX-License-Identifier: Apache-2.0 */
#include "model/series.h"

#include "base/rng.h"
#include "model/score.h"

#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)

static struct model_series *make(enum model_kind kind, enum model_side side)
{
    struct model_params p = {SPAN, kind, side, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static struct model_judgement step(struct model_series *s, ts_ns time, double value)
{
    struct model_observation o = {time, value, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    assert_true(isfinite(j.log_p) && j.log_p <= 0);
    assert_true(isfinite(j.typical) && isfinite(j.lower) && isfinite(j.upper));
    assert_true(j.multi_bucket >= -5 && j.multi_bucket <= 5);
    model_series_learn(s, &o);
    return j;
}

static double poisson(struct rng *r, double mean)
{
    double k = 0;
    for (double t = -log(1 - rng_f64(r)); t < mean; t -= log(1 - rng_f64(r)))
        k++;
    return k;
}

static void an_ordinary_series_is_silent_and_a_flood_is_plain(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_series *s = make(MODEL_COUNT, MODEL_HIGH);
    double worst = 0;
    for (int i = 0; i < 80; i++)
        worst = fmin(worst, step(s, i * SPAN, poisson(&r, 55)).log_p);
    assert_true(model_score_anchor(worst, 96) < 75);
    struct model_judgement j = step(s, 80 * SPAN, 440);
    assert_true(j.judged && j.high && model_score_anchor(j.log_p, 96) >= 90);
    assert_true(j.typical > 45 && j.typical < 65 && j.lower < j.typical && j.upper > j.typical);
    /* Not learned as normal at once, and no after-effect. */
    assert_true(model_score_anchor(step(s, 81 * SPAN, 440).log_p, 96) >= 90);
    for (int i = 82; i < 100; i++)
        assert_true(step(s, i * SPAN, poisson(&r, 55)).log_p > -2.4 * M_LN10);
    model_series_free(s);
}

static void starts_from_silence_without_a_cry(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_COUNT, MODEL_HIGH);
    const double values[] = {1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 3, 68, 78, 66, 76, 54};
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
        assert_true(model_score_anchor(step(s, (ts_ns)i * SPAN, values[i]).log_p, 96) < 75);
    model_series_free(s);
}

static void a_shift_is_adopted_within_a_day(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    struct model_series *s = make(MODEL_COUNT, MODEL_BOTH);
    for (int i = 0; i < 1000; i++)
        step(s, i * SPAN, poisson(&r, 40));
    assert_true(model_score_anchor(step(s, 1000 * SPAN, 160).log_p, 96) >= 75);
    for (int i = 1001; i < 1096; i++)
        step(s, i * SPAN, poisson(&r, 160));
    for (int i = 1096; i < 1196; i++)
        assert_true(model_score_anchor(step(s, i * SPAN, poisson(&r, 160)).log_p, 96) < 50);
    model_series_free(s);
}

static void the_hour_is_learned(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 4);
    struct model_series *s = make(MODEL_COUNT, MODEL_HIGH);
    for (int i = 0; i < 96 * 14; i++) {
        bool day = i % 96 >= 32 && i % 96 < 72;
        step(s, i * SPAN, poisson(&r, day ? 200 : 10));
    }
    /* What is ordinary at noon is news at two in the morning. */
    struct model_observation night = {(96 * 14 + 8) * SPAN, 200, 1, 1};
    struct model_observation noon = {(96 * 14 + 48) * SPAN, 200, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &night, &j);
    assert_true(model_score_anchor(j.log_p, 96) >= 75 && j.typical < 30);
    model_series_judge(s, &noon, &j);
    assert_true(model_score_anchor(j.log_p, 96) < 10 && j.typical > 150);
    assert_true(model_series_memory(s) <= 8192);
    model_series_free(s);
}

static void the_variance_of_the_hour_is_learned(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 14);
    struct model_series *s = make(MODEL_VALUE, MODEL_HIGH);
    for (int i = 0; i < 96 * 28; i++)
        step(s, i * SPAN, 1000 + (i % 96 >= 32 && i % 96 < 72 ? 90 : 10) * rng_normal(&r));
    /* What is 170 above the mean is nothing at noon and unheard of at night. */
    struct model_observation night = {(96 * 28 + 8) * SPAN, 1170, 1, 1};
    struct model_observation noon = {(96 * 28 + 48) * SPAN, 1170, 1, 1};
    struct model_judgement dark;
    struct model_judgement light;
    model_series_judge(s, &night, &dark);
    model_series_judge(s, &noon, &light);
    assert_true(model_score_anchor(dark.log_p, 96) >= 75);
    assert_true(model_score_anchor(light.log_p, 96) < 10);
    assert_true(dark.upper - dark.lower < (light.upper - light.lower) / 3);
    model_series_free(s);
}

static void the_greatest_of_many_has_a_law_of_its_own(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 15);
    struct model_series *s = make(MODEL_VALUE, MODEL_HIGH);
    int loud = 0;
    for (int i = 0; i < 96 * 42; i++) {
        double most = 0;
        for (int k = 0; k < 40; k++)
            most = fmax(most, exp(5 + 0.8 * rng_normal(&r)));
        struct model_judgement j = step(s, i * SPAN, most);
        assert_true(i < 96 || j.log_p > -5 * M_LN10);
        loud += i >= 96 * 7 && j.log_p < -3.1 * M_LN10;
    }
    /* Of 3,360 buckets of nothing but chance three are so far out. */
    assert_in_range(loud, 0, 7);
    /* One of forty values at eight standard deviations. */
    struct model_observation o = {96 * 42 * SPAN, exp(5 + 0.8 * 8), 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    assert_true(model_score_anchor(j.log_p, 96) >= 75);
    model_series_free(s);
}

/* Ten hours of day, a night, and day again, no day seen whole: ordinary, and 200 times as much is
 * not. */
static void the_second_morning_is_like_the_first(void **state)
{
    (void)state;
    enum { SERIES = 40 };
    for (int kind = MODEL_COUNT; kind <= MODEL_VALUE; kind++) {
        int found = 0;
        int loud = 0;
        for (uint64_t seed = 1; seed <= SERIES; seed++) {
            struct model_series *s = make((enum model_kind)kind, MODEL_HIGH);
            struct rng r;
            rng_init(&r, seed);
            double least = 0;
            for (int i = 32; i < 96 + 72; i++) {
                bool day = i % 96 >= 32 && i % 96 < 72;
                double value = floor((day ? 250 : 12) * exp(0.35 * rng_normal(&r)));
                struct model_judgement j = step(s, i * SPAN, value);
                least = i < 96 ? 0 : fmin(least, j.log_p);
            }
            struct model_observation o = {(96 + 72) * SPAN, 50000, 1, 1};
            struct model_judgement j;
            model_series_judge(s, &o, &j);
            found += model_score_anchor(j.log_p, 96) >= 50;
            loud += least < -5 * M_LN10;
            model_series_free(s);
        }
        assert_in_range(found, SERIES * 3 / 4, SERIES);
        assert_in_range(loud, 0, SERIES / 10);
    }
}

static void silence_is_seen_on_the_low_side(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 5);
    struct model_series *low = make(MODEL_COUNT, MODEL_LOW);
    struct model_series *high = make(MODEL_COUNT, MODEL_HIGH);
    for (int i = 0; i < 300; i++) {
        double v = poisson(&r, 60);
        step(low, i * SPAN, v);
        step(high, i * SPAN, v);
    }
    assert_true(model_series_log_p_empty(low, 300 * SPAN) < -20);
    assert_true(model_series_log_p_empty(high, 300 * SPAN) > -0.1);
    assert_true(model_score_anchor(step(low, 300 * SPAN, 0).log_p, 96) >= 75);
    assert_true(step(high, 300 * SPAN, 0).log_p > -3);
    model_series_free(low);
    model_series_free(high);
}

/* A leak of two standard deviations that lasts twelve buckets: no bucket is news, the run is. */
static void a_run_is_seen_where_no_bucket_is(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 6);
    struct model_series *s = make(MODEL_VALUE, MODEL_HIGH);
    for (int i = 0; i < 1500; i++)
        step(s, i * SPAN, 100 + 5 * rng_normal(&r));
    double best = 0;
    double impact = -5;
    for (int i = 1500; i < 1512; i++) {
        struct model_judgement j = step(s, i * SPAN, 110 + 2 * rng_normal(&r));
        assert_true(model_score_anchor(j.single_log_p, 96) < 60);
        if (j.multi_log_p < best) {
            best = j.multi_log_p;
            impact = j.multi_bucket;
        }
    }
    assert_true(best < -12 && impact > 0);
    model_series_free(s);
}

static void interim_results_look_up_only(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_COUNT, MODEL_BOTH);
    for (int i = 0; i < 100; i++)
        step(s, i * SPAN, 50 + i % 7);
    struct model_observation o = {100 * SPAN, 1, 1, 0.1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    assert_true(j.log_p > -1);
    o.value = 5000;
    model_series_judge(s, &o, &j);
    assert_true(j.log_p < -40);
    model_series_free(s);
}

static void a_jump_in_time_costs_nothing(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        struct model_series *s = make((enum model_kind)kind, MODEL_BOTH);
        for (int i = 0; i < 200; i++)
            step(s, i * SPAN, 1000 + i % 9);
        model_series_skip(s, 200 * SPAN, 1U << 23);
        struct model_judgement j = step(s, (200 + (1LL << 23)) * SPAN, 5);
        assert_true(j.log_p <= 0);
        model_series_skip(s, 0, UINT64_MAX);
        step(s, TIME_MAX / SPAN * SPAN, 3);
        model_series_free(s);
    }
}

static void hostile_sequences_stay_finite(void **state)
{
    (void)state;
    const double values[] = {
        0, 1e18, -1e18,       1e-300, 5,        5, 5,   -5,   DBL_MAX, 1, (double)INFINITY,
        0, 0,    (double)NAN, 1e18,   -DBL_MAX, 7, 1e9, 0.25, 1e100};
    const size_t n = sizeof(values) / sizeof(values[0]);
    for (int kind = 0; kind < 3; kind++) {
        for (size_t hold = 1; hold < 200; hold += 33) {
            struct model_series *s = make((enum model_kind)kind, MODEL_BOTH);
            ts_ns time = -50 * SPAN;
            for (size_t i = 0; i < n * hold; i++, time += (i % 17 == 0 ? 400 : 1) * SPAN)
                step(s, time, values[i / hold]);
            model_series_free(s);
        }
        const double constants[] = {0, 1, 1e18, -3.5};
        for (size_t c = 0; c < 4; c++) {
            struct model_series *s = make((enum model_kind)kind, MODEL_BOTH);
            for (int i = 0; i < 3000; i++)
                assert_true(step(s, i * SPAN, constants[c]).log_p > -1.5);
            model_series_free(s);
        }
    }
    /* One event a year. */
    struct model_series *s = make(MODEL_COUNT, MODEL_HIGH);
    for (int year = 0; year < 20; year++) {
        ts_ns time = year * 35040LL * SPAN;
        /* Once in 35,040 buckets, and not said to be much rarer. */
        assert_true(step(s, time, 1).log_p > -log(35040.0 * 3));
        model_series_skip(s, time + SPAN, 35039);
    }
    model_series_free(s);
}

/* A bucket of any kind, sometimes a flood, nothing, or less than nothing. */
static double draw(struct rng *r, enum model_kind kind, int i)
{
    double wave = 1.5 + sin(2 * M_PI * i / 96.0);
    if (rng_below(r, 60) == 0)
        return kind == MODEL_COUNT ? 5000 : (double)rng_below(r, 3) * 1e6 - 1;
    if (rng_below(r, 7) == 0)
        return 0;
    return kind == MODEL_COUNT ? poisson(r, 20 * wave) : exp(wave + rng_normal(r));
}

static void judged_and_learned_at_once_or_in_turn_is_the_same(void **state)
{
    (void)state;
    const double told = -3;
    for (int kind = 0; kind < 3; kind++) {
        struct model_series *turn = make((enum model_kind)kind, MODEL_BOTH);
        struct model_series *once = make((enum model_kind)kind, MODEL_BOTH);
        struct rng r;
        rng_init(&r, 14);
        int n_told = 0;
        for (int i = 0; i < 2500; i++) {
            struct model_observation o = {i * SPAN, draw(&r, (enum model_kind)kind, i), 1, 1};
            struct model_judgement a = step(turn, o.time, o.value);
            struct model_judgement b;
            model_series_judge_and_learn(once, &o, told, &b);
            bool said = a.judged && a.log_p < told;
            n_told += said;
            assert_true(a.log_p == b.log_p && a.single_log_p == b.single_log_p);
            assert_true(a.multi_log_p == b.multi_log_p && a.multi_bucket == b.multi_bucket);
            assert_true(a.judged == b.judged && a.high == b.high && a.confidence == b.confidence);
            assert_true(a.high_variance == b.high_variance && a.multimodal == b.multimodal);
            assert_true(b.typical == (said ? a.typical : 0) && b.lower == (said ? a.lower : 0) &&
                        b.upper == (said ? a.upper : 0));
        }
        assert_true(n_told > 20 && n_told < 1000);
        struct buf saved[2];
        buf_init(&saved[0]);
        buf_init(&saved[1]);
        model_series_save(turn, &saved[0]);
        model_series_save(once, &saved[1]);
        assert_int_equal(saved[0].n, saved[1].n);
        assert_memory_equal(saved[0].p, saved[1].p, saved[0].n);
        buf_release(&saved[0]);
        buf_release(&saved[1]);
        model_series_free(turn);
        model_series_free(once);
    }
}

/* What comes only after thousands of empty buckets is learned like anything else. */
static void what_comes_late_is_learned(void **state)
{
    (void)state;
    const enum model_kind kinds[] = {MODEL_COUNT, MODEL_SUM};
    for (size_t k = 0; k < 2; k++) {
        struct model_series *s = make(kinds[k], MODEL_HIGH);
        struct model_judgement j;
        struct rng r;
        rng_init(&r, 29);
        step(s, 0, 6);
        model_series_skip(s, SPAN, 9999);
        for (int i = 0; i < 20; i++) {
            ts_ns time = (10000 + 300 * i) * SPAN;
            j = step(s, time, 4 + (double)rng_below(&r, 5));
            model_series_skip(s, time + SPAN, 299);
        }
        assert_true(j.log_p > -log(300.0 * 5));
        model_series_free(s);
    }
}

/* An outage of two to eight hours, now and then: what comes after it has been seen all along. */
static void the_end_of_an_outage_is_no_news(void **state)
{
    (void)state;
    const ts_ns span = 5 * TIME_MIN;
    struct model_params p = {span, MODEL_COUNT, MODEL_BOTH, false};
    struct rng r;
    rng_init(&r, 31);
    int news = 0;
    for (int k = 0; k < 8; k++) {
        struct model_series *s = model_series_new(&p);
        assert_non_null(s);
        int left = 0;
        int after = 0;
        for (int i = 0; i < 288 * 28; i++) {
            struct model_judgement j;
            if (i > 288 * 14 && after == 0 && left == 0 && rng_below(&r, 500) == 0)
                left = 24 + (int)rng_below(&r, 73);
            /* Over-dispersed: a single zero at night is not unheard of. */
            double mean = 30 * (1.2 + sin(2 * M_PI * i / 288.0)) * exp(0.5 * rng_normal(&r));
            struct model_observation o = {i * span, left > 0 ? 0 : poisson(&r, mean), 1, 1};
            model_series_judge(s, &o, &j);
            model_series_learn(s, &o);
            news += after > 0 && j.log_p < log(1e-6);
            after = after > 0 ? after - 1 : 0;
            if (left > 0 && --left == 0)
                after = 12;
        }
        model_series_free(s);
    }
    assert_true(news < 8);
}

static void a_young_series_is_small(void **state)
{
    (void)state;
    struct model_series *s = make(MODEL_COUNT, MODEL_HIGH);
    struct rng r;
    rng_init(&r, 13);
    for (int i = 0; i < 90; i++)
        step(s, i * SPAN, poisson(&r, 3));
    assert_true(model_series_memory(s) <= 880);
    model_series_free(s);
    model_series_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_series_is_silent_and_a_flood_is_plain),
        cmocka_unit_test(starts_from_silence_without_a_cry),
        cmocka_unit_test(a_shift_is_adopted_within_a_day),
        cmocka_unit_test(the_hour_is_learned),
        cmocka_unit_test(the_variance_of_the_hour_is_learned),
        cmocka_unit_test(the_greatest_of_many_has_a_law_of_its_own),
        cmocka_unit_test(the_second_morning_is_like_the_first),
        cmocka_unit_test(silence_is_seen_on_the_low_side),
        cmocka_unit_test(a_run_is_seen_where_no_bucket_is),
        cmocka_unit_test(interim_results_look_up_only),
        cmocka_unit_test(a_jump_in_time_costs_nothing),
        cmocka_unit_test(hostile_sequences_stay_finite),
        cmocka_unit_test(judged_and_learned_at_once_or_in_turn_is_the_same),
        cmocka_unit_test(what_comes_late_is_learned),
        cmocka_unit_test(the_end_of_an_outage_is_no_news),
        cmocka_unit_test(a_young_series_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
