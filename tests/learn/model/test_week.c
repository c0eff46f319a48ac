/* SPDX-License-Identifier: Apache-2.0 */
#include "model/week.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define HOURS 168
#define SD 0.4

static const struct model_week_noise noise = {SD * SD, 0, 0};

/* Lower from hour 60 to 108, which is no whole day, and one hour that is like no other. */
static double truth(int hour)
{
    return hour == 20 ? 3 : hour >= 60 && hour < 108 ? -1 : 0.4;
}

static struct model_season *ring_of(int weeks, double (*mean)(int hour), uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    struct model_season *ring = model_season_new(7 * TIME_DAY, TIME_HOUR, 10, false);
    assert_non_null(ring);
    for (int i = 0; i < weeks * HOURS; i++)
        model_season_learn(&ring, i * TIME_HOUR, 10 + mean(i % HOURS) + SD * rng_normal(&r), 0, 1);
    return ring;
}

static double error_of(const struct model_week *w, const struct model_season *ring,
                       double (*mean)(int hour))
{
    double squares = 0;
    for (int h = 0; h < HOURS; h++)
        squares += pow(model_week_at(w, ring, NULL, h * TIME_HOUR, &noise) - mean(h), 2);
    return squares / HOURS;
}

/* After two weeks a bin alone errs by half of a value's variance; together they know far better. */
static void what_is_alike_is_learned_together(void **state)
{
    (void)state;
    double worst = 0;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct model_season *ring = ring_of(2, truth, seed);
        struct model_week *w = model_week_new();
        assert_non_null(w);
        model_week_cut(w, ring, &noise);
        assert_in_range(model_week_parts(w), 3, 6);
        worst = fmax(worst, error_of(w, ring, truth));
        assert_true(model_week_explains(w, ring, &noise));
        assert_true(fabs(model_week_at(w, ring, NULL, 20 * TIME_HOUR, &noise) - 3) < 1.5);
        model_week_free(w);
        model_season_free(ring);
    }
    assert_true(worst < SD * SD / 5);
}

static double flat(int hour)
{
    (void)hour;
    return 0;
}

static void a_week_of_chance_has_one_part(void **state)
{
    (void)state;
    int cut = 0;
    double squares = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct model_season *ring = ring_of(2, flat, seed);
        struct model_week *w = model_week_new();
        model_week_cut(w, ring, &noise);
        cut += model_week_parts(w) > 1;
        assert_false(model_week_explains(w, ring, &noise));
        squares += error_of(w, ring, flat) / 50;
        model_week_free(w);
        model_season_free(ring);
    }
    assert_true(cut <= 3);
    assert_true(squares < SD * SD / 20);
}

/* One turn of a flat week with eight values far outside: no more than the odd pair of neighbours is
 * taken for a part, and no kind of days for what explains them. */
static void what_lies_far_outside_is_no_part_of_a_week(void **state)
{
    (void)state;
    int cut = 0;
    int explained = 0;
    for (uint64_t seed = 1; seed <= 50; seed++) {
        struct rng r;
        rng_init(&r, 100 + seed);
        double far[HOURS] = {0};
        for (int i = 0; i < 8; i++)
            far[rng_below(&r, HOURS)] = 25 * SD;
        struct model_season *ring = model_season_new(7 * TIME_DAY, TIME_HOUR, 0, false);
        assert_non_null(ring);
        for (int h = 0; h < HOURS; h++)
            model_season_learn(&ring, h * TIME_HOUR, far[h] + SD * rng_normal(&r), 0, 1);
        struct model_week *w = model_week_new();
        assert_non_null(w);
        model_week_cut(w, ring, &noise);
        cut += model_week_parts(w) > 1;
        explained += model_week_explains(w, ring, &noise);
        model_week_free(w);
        model_season_free(ring);
    }
    assert_true(cut <= 5);
    assert_true(explained <= 5);
}

/* Counts whose expectation goes with the hour: what few events say is weighed as little. */
static void counts_are_weighed_by_what_they_say(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    struct model_season *ring = model_season_new(7 * TIME_DAY, TIME_HOUR, 1, true);
    for (int i = 0; i < 2 * HOURS; i++) {
        int h = i % HOURS;
        double mean = (h % 24 < 12 ? 0.1 : 10) * (h >= 48 && h < 96 ? 0.3 : 1);
        double v = fmax(0, mean + 0.3 * sqrt(mean) * rng_normal(&r));
        model_season_learn(&ring, i * TIME_HOUR, v, 0, 1);
    }
    struct model_week *w = model_week_new();
    struct model_week_noise n = {0, 0.09, 0};
    model_week_cut(w, ring, &n);
    for (int h = 36; h < 48; h++)
        assert_true(fabs(model_week_at(w, ring, NULL, h * TIME_HOUR, &n) - 10) < 0.8);
    for (int h = 60; h < 72; h++)
        assert_true(fabs(model_week_at(w, ring, NULL, h * TIME_HOUR, &n) - 3) < 0.8);
    for (int h = 72; h < 84; h++)
        assert_true(model_week_at(w, ring, NULL, h * TIME_HOUR, &n) < 0.2);
    model_week_free(w);
    model_season_free(ring);
}

/* An office: on five days much from nine to six, little at all other hours; doors open at half past
 * eight, in the middle of a bin. */
static double office(int day, int half)
{
    return day < 5 && half >= 17 && half < 36 ? 4 : 0;
}

static void days_of_a_kind_share_their_hours(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 8);
    struct model_season *ring = model_season_new(7 * TIME_DAY, TIME_HOUR, 0, false);
    struct model_season *day = model_season_new(TIME_DAY, TIME_HOUR, 0, false);
    assert_non_null(ring);
    assert_non_null(day);
    model_season_free(day);
    model_season_free(ring);
    ts_ns span = 15 * TIME_MIN;
    ring = model_season_new(7 * TIME_DAY, span, 0, false);
    day = model_season_new_fine(TIME_DAY, span, 0, false);
    for (int i = 0; i < 14 * 96; i++) {
        /* Bins of half an hour; the step lies a quarter after their beginning. */
        double y = office(i / 96 % 7, (i + 1) % 96 / 2) + SD * rng_normal(&r);
        model_season_learn(&ring, i * span, y, 0, 1);
        model_season_learn(&day, i * span, y, 0, 1);
    }
    struct model_week *w = model_week_new();
    model_week_cut(w, ring, &noise);
    double with[2] = {0};
    double visits = 0;
    double doubt[2] = {0};
    for (int i = 0; i < 7 * 96; i++) {
        double truth_then = office(i / 96, (i + 1) % 96 / 2);
        bool step = truth_then != office(i / 96, i % 96 / 2);
        if (i % 96 == 40 || i % 96 == 41)
            visits = fmax(visits, model_week_visits(w, ring, i * span));
        double rise;
        double variance;
        (void)model_season_half_at(day, i * span, &rise, &variance);
        doubt[step] +=
            model_week_half_variance(w, ring, i * span, rise, variance) / (step ? 10 : 7 * 96);
        if (step || (i % 96 / 2 != 16 && i % 96 / 2 != 35)) {
            double e = model_week_at(w, ring, day, i * span, &noise) - truth_then;
            with[step] += e * e / (step ? 10 : 7 * 96);
        }
    }
    /* A bin of two weeks alone would err by a quarter of a value's variance. */
    assert_true(with[0] < SD * SD / 12);
    assert_true(with[1] < 2);
    /* What a half differs by is less well known where it differs. */
    assert_true(doubt[1] > SD * SD / 100 && doubt[1] < SD * SD);
    assert_true(doubt[0] < doubt[1] / 10);
    assert_true(visits == 20);
    model_week_free(w);
    model_season_free(day);
    model_season_free(ring);
}

/* Days that are no steps: what bins have in common is little, and each is heard. */
static double wild(int hour)
{
    return sin(hour * hour);
}

static void bins_that_differ_are_heard(void **state)
{
    (void)state;
    struct model_season *ring = ring_of(8, wild, 4);
    struct model_week *w = model_week_new();
    model_week_cut(w, ring, &noise);
    assert_true(error_of(w, ring, wild) < SD * SD / 4);
    model_week_free(w);
    model_season_free(ring);
}

static void state_is_kept_and_checked(void **state)
{
    (void)state;
    struct model_season *ring = ring_of(3, truth, 5);
    struct model_week *w = model_week_new();
    model_week_cut(w, ring, &noise);
    struct buf b;
    buf_init(&b);
    model_week_save(w, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_week *back;
    assert_int_equal(model_week_load(&c, &back), ERR_NONE);
    for (int h = 0; h < HOURS; h++)
        assert_true(model_week_at(w, ring, NULL, h * TIME_HOUR, &noise) ==
                    model_week_at(back, ring, NULL, h * TIME_HOUR, &noise));
    model_week_free(back);
    for (size_t cut = 0; cut < b.n; cut++) {
        c = cursor_make(b.p, cut);
        assert_int_equal(model_week_load(&c, &back), ERR_FORMAT);
    }
    b.p[11] = 1; /* the first part begins after the first bin */
    c = cursor_make(b.p, b.n);
    assert_int_equal(model_week_load(&c, &back), ERR_FORMAT);
    b.p[0] = 15;
    c = cursor_make(b.p, b.n);
    assert_int_equal(model_week_load(&c, &back), ERR_FORMAT);
    buf_release(&b);
    assert_true(model_week_memory() < 512);
    model_week_free(w);
    model_week_free(NULL);
    model_season_free(ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_alike_is_learned_together),
        cmocka_unit_test(a_week_of_chance_has_one_part),
        cmocka_unit_test(what_lies_far_outside_is_no_part_of_a_week),
        cmocka_unit_test(counts_are_weighed_by_what_they_say),
        cmocka_unit_test(days_of_a_kind_share_their_hours),
        cmocka_unit_test(bins_that_differ_are_heard),
        cmocka_unit_test(state_is_kept_and_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
