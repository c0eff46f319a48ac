/* SPDX-License-Identifier: Apache-2.0 */
#include "model/season.h"

#include "base/rng.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (5 * TIME_MIN)
#define DAY_BUCKETS 288

static double wave(int i)
{
    return 5 * sin(2 * M_PI * i / DAY_BUCKETS) + (i % DAY_BUCKETS >= 150 ? 20 : 0);
}

/* Smooth where the cycle is smooth, sharp where it steps. */
static void a_cycle_is_learned(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_season *s = model_season_new(TIME_DAY, SPAN, 100, false);
    assert_non_null(s);
    for (int i = 0; i < 20 * DAY_BUCKETS; i++) {
        assert_true(model_season_ready(s) == (i >= DAY_BUCKETS));
        model_season_learn(&s, i * SPAN, 100 + wave(i) + 0.3 * rng_normal(&r), 0, 1);
    }
    assert_true(fabs(model_season_cycles(s) - 20) < 1e-9);
    double worst = 0;
    for (int i = 0; i < DAY_BUCKETS; i++)
        worst = fmax(worst, fabs(model_season_at(s, i * SPAN) - wave(i)));
    assert_true(worst < 1);
    assert_true(model_season_memory(s) < 512);
    model_season_free(s);
}

/* Doors that open in the middle of a bin: known to the quarter of an hour, and where there are none
 * noise is not taken for them. */
static void halves_of_bins_are_told_apart(void **state)
{
    (void)state;
    const ts_ns quarter = 15 * TIME_MIN;
    double wrong[2] = {0, 0};
    double flat[2] = {0, 0};
    for (int fine = 0; fine < 2; fine++) {
        struct rng r;
        rng_init(&r, 2);
        struct model_season *s = fine ? model_season_new_fine(TIME_DAY, quarter, 100, true)
                                      : model_season_new(TIME_DAY, quarter, 100, true);
        assert_non_null(s);
        for (int i = 0; i < 20 * 96; i++) {
            double level = i % 96 >= 31 && i % 96 < 71 ? 200 : 20;
            model_season_learn(&s, i * quarter, level * (1 + 0.2 * rng_normal(&r)), 0, 1);
        }
        wrong[fine] = fmax(fabs(model_season_at(s, 30 * quarter) - 0.2),
                           fabs(model_season_at(s, 31 * quarter) - 2));
        for (int i = 34; i < 68; i++)
            flat[fine] += pow(model_season_at(s, i * quarter) - 2, 2) / 34;
        assert_true(model_season_memory(s) < (fine ? 704 : 512));
        model_season_free(s);
    }
    assert_true(wrong[0] > 0.7);
    assert_true(wrong[1] < 0.25);
    assert_true(flat[1] < 1.3 * flat[0]);
}

static void a_ratio_multiplies_and_stays_positive(void **state)
{
    (void)state;
    struct model_season *s = model_season_new(7 * TIME_DAY, TIME_HOUR, 10, true);
    assert_non_null(s);
    assert_true(model_season_at(s, 0) == 1);
    for (int i = 0; i < 168 * 6; i++)
        model_season_learn(&s, i * TIME_HOUR, i % 168 < 48 ? 0 : 20, 0, 1);
    assert_true(model_season_at(s, 5 * TIME_HOUR) > 0 && model_season_at(s, 5 * TIME_HOUR) < 0.2);
    assert_true(fabs(model_season_at(s, 100 * TIME_HOUR) - 2) < 0.2);
    model_season_rebase(s, 40);
    assert_true(model_season_base(s) == 40);
    assert_true(model_season_memory(s) < 3072);
    model_season_free(s);
}

/* Differences become those of logarithms, on top of a day too, and come back. */
static void a_cycle_is_the_same_on_the_other_scale(void **state)
{
    (void)state;
    struct model_season *day = model_season_new(TIME_DAY, TIME_HOUR, 100, false);
    struct model_season *week = model_season_new(7 * TIME_DAY, TIME_HOUR, 100, false);
    assert_true(day != NULL && week != NULL);
    for (int i = 0; i < 168 * 6; i++) {
        double noon = i % 24 >= 12 ? 60 : -20;
        double sunday = i % 168 < 24 ? -40 : 0;
        model_season_learn(&day, i * TIME_HOUR, 100 + noon, 0, 1);
        model_season_learn(&week, i * TIME_HOUR, 100 + sunday, 0, 1);
    }
    double was[168];
    for (int i = 0; i < 168; i++)
        was[i] = 100 + model_season_at(day, i * TIME_HOUR) + model_season_at(week, i * TIME_HOUR);
    for (int times = 0; times < 2; times++) {
        bool logarithm = times == 0;
        model_season_measure(week, day, logarithm);
        model_season_measure(day, NULL, logarithm);
        for (int i = 0; i < 168; i++) {
            double is = model_season_base(day) + model_season_at(day, i * TIME_HOUR) +
                        model_season_at(week, i * TIME_HOUR);
            assert_true(fabs(log((logarithm ? exp(is) : is) / was[i])) < 0.02);
        }
    }
    model_season_free(day);
    model_season_free(week);
}

static void state_is_kept_and_checked(void **state)
{
    (void)state;
    struct model_season *s = model_season_new_fine(TIME_DAY, SPAN, 3, false);
    assert_non_null(s);
    for (int i = 0; i < 700; i++)
        model_season_learn(&s, i * SPAN, wave(i), 0.001, 1);
    struct buf b;
    buf_init(&b);
    model_season_save(s, &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_season *back;
    assert_int_equal(model_season_load(&c, &back), ERR_NONE);
    for (int i = 0; i < DAY_BUCKETS; i++)
        assert_true(model_season_at(s, i * SPAN) == model_season_at(back, i * SPAN));
    for (size_t cut = 0; cut < b.n; cut += 11) {
        struct model_season *none;
        c = cursor_make(b.p, cut);
        assert_int_equal(model_season_load(&c, &none), ERR_FORMAT);
    }
    model_season_free(back);
    model_season_free(s);
    buf_release(&b);
    assert_null(model_season_new(TIME_DAY, TIME_DAY, 0, false));
    model_season_free(NULL);
}

static void a_base_stays_within_what_can_be_saved(void **state)
{
    (void)state;
    struct model_season *s = model_season_new(TIME_DAY, TIME_HOUR, 1e40, true);
    struct model_season *back;
    model_season_rebase(s, 1e35);
    model_season_learn(&s, 0, 1e36, 1, 1);
    struct buf out;
    buf_init(&out);
    model_season_save(s, &out);
    struct cursor in = cursor_make(out.p, out.n);
    assert_int_equal(model_season_load(&in, &back), ERR_NONE);
    assert_true(model_season_base(back) == model_season_base(s));
    model_season_free(back);
    model_season_free(s);
    buf_release(&out);
}

/* Sixteen turns a day, seen by a ring of half hours: nothing else is in it; a day besides is. */
/* Steps that are wide enough for the farthest value are read again. */
static void the_widest_steps_can_be_saved(void **state)
{
    (void)state;
    struct model_season *s = model_season_new(TIME_DAY, TIME_HOUR, 1e31, false);
    struct model_season *back;
    struct buf out;
    for (int i = 0; i < 48; i++)
        model_season_learn(&s, i * TIME_HOUR, -1e31, 0, 1);
    buf_init(&out);
    model_season_save(s, &out);
    struct cursor in = cursor_make(out.p, out.n);
    assert_int_equal(model_season_load(&in, &back), ERR_NONE);
    model_season_free(back);
    model_season_free(s);
    buf_release(&out);
}

static void what_repeats_within_a_season_is_told(void **state)
{
    (void)state;
    for (int day = 0; day < 2; day++) {
        struct model_season *s = model_season_new(TIME_DAY, 5 * TIME_MIN, 10, false);
        struct rng r;
        rng_init(&r, 7);
        for (int i = 0; i < 4 * 288; i++) {
            double y = 10 + 3 * sin(2 * M_PI * i / 18) + day * sin(2 * M_PI * i / 288);
            model_season_learn(&s, i * 5 * TIME_MIN, y + rng_normal(&r), 0.001, 1);
        }
        assert_int_equal(model_season_repeats(s, 18, 1), day == 0);
        assert_false(model_season_repeats(s, 19, 1));
        model_season_free(s);
    }
}

/* What a season is measured against does not swing with it, and follows what lasts. */
/* Known as from so many values is what errs from ring to ring as a mean of so many does. */
static void a_bin_is_worth_as_many_values_as_its_error_says(void **state)
{
    (void)state;
    enum { RINGS = 3000 };
    static const int cycles[] = {4, 8, 11, 16, 40};
    struct rng r;
    rng_init(&r, 9);
    for (int k = 0; k < 5; k++) {
        double squares = 0;
        double values = 0;
        for (int i = 0; i < RINGS; i++) {
            struct model_season *s = model_season_new(TIME_DAY, 6 * TIME_HOUR, 0, false);
            assert_non_null(s);
            double bin;
            for (int at = 0; at < 4 * cycles[k]; at++)
                model_season_learn(&s, at * 6 * TIME_HOUR, rng_normal(&r), 0, 1);
            (void)model_season_bin(s, 2, &bin);
            squares += bin * bin / RINGS;
            values = model_season_weight_at(s, 12 * TIME_HOUR);
            model_season_free(s);
        }
        assert_true(fabs(squares * values - 1) < 0.1);
    }
}

static void a_base_does_not_swing(void **state)
{
    (void)state;
    for (int ratio = 0; ratio < 2; ratio++) {
        struct model_season *s = model_season_new(TIME_DAY, 5 * TIME_MIN, 100, ratio != 0);
        double least = 1e9;
        double most = 0;
        for (int i = 0; i < 20 * 288; i++) {
            double y = 100 + 80 * sin(2 * M_PI * i / 288);
            model_season_learn(&s, i * 5 * TIME_MIN, y, 1.0 / (4 * 288), 1);
            if (i < 19 * 288)
                continue;
            least = fmin(least, model_season_base(s));
            most = fmax(most, model_season_base(s));
        }
        assert_true(most - least < 1);
        for (int i = 0; i < 40 * 288; i++) {
            double y = 2 * (100 + 80 * sin(2 * M_PI * i / 288));
            model_season_learn(&s, i * 5 * TIME_MIN, y, 1.0 / (4 * 288), 1);
        }
        assert_true(fabs(model_season_base(s) - 200) < 4);
        model_season_free(s);
    }
}

/* Steps of 16 bits and visits of 8: a bin is what doubles would have learned but for a few steps,
 * also when values have grown a thousandfold, and shrunk again. */
static void test_small_steps_lose_little(void **state)
{
    (void)state;
    static const ts_ns spans[] = {TIME_MIN, 5 * TIME_MIN, 15 * TIME_MIN, TIME_HOUR};
    for (size_t c = 0; c < sizeof(spans) / sizeof(spans[0]); c++) {
        struct rng r;
        rng_init(&r, 5 + c);
        struct model_season *s = model_season_new(TIME_DAY, spans[c], 0, false);
        assert_non_null(s);
        uint32_t bins = model_season_bins(s);
        double most = 8 * fmax((double)(TIME_DAY / spans[c]) / bins, 1);
        double value[48] = {0};
        double weight[48] = {0};
        /* Each visit is rounded by up to a step, and remembered for `most` of them. */
        double allowed = 6 * sqrt(most / 12) * 1.5 / 15000;
        double far = 0;
        for (ts_ns t = 0; t < 60 * TIME_DAY; t += spans[c]) {
            ts_ns day = t / TIME_DAY;
            double size = day < 10 ? 1 : day < 20 ? 1000 : 2;
            uint32_t k = (uint32_t)((double)(t % TIME_DAY) / (double)TIME_DAY * bins);
            double share = rng_below(&r, 10) == 0 ? 0.3 : 1;
            double y = size * (sin(k * 0.2) + 0.01 * rng_normal(&r));
            weight[k] = weight[k] + share;
            value[k] += share * (y - value[k]) / weight[k];
            weight[k] = fmin(weight[k], most);
            model_season_learn(&s, t, y, 0, share);
            double read;
            double visits = model_season_bin(s, k, &read);
            double greatest = 0;
            for (uint32_t i = 0; i < bins; i++)
                greatest = fmax(greatest, fabs(value[i]));
            if (day > 50) {
                far = fmax(far, fabs(read - value[k]) / greatest);
                assert_true(fabs(visits - weight[k]) < 2);
            } else if (day == 9) {
                assert_true(fabs(read - value[k]) < allowed);
            }
        }
        if (!(far < allowed))
            fail_msg("%zu: off by %g of the greatest, not %g", c, far, allowed);
        model_season_free(s);
    }
}

/* What is less than a step adds up: a bin of many visits still follows a small change. */
static void test_less_than_a_step_is_not_lost(void **state)
{
    (void)state;
    struct model_season *s = model_season_new(TIME_DAY, TIME_MIN, 0, false);
    assert_non_null(s);
    double step = 1.0 / 15000;
    for (ts_ns t = 0; t < 60 * TIME_DAY; t += TIME_MIN) {
        bool other = t % TIME_DAY < TIME_DAY / 48;
        double y = other ? 1 : t < 20 * TIME_DAY ? 0.1 : 0.1 + 20 * step;
        model_season_learn(&s, t, y, 0, 1);
    }
    double read;
    double mean = 0;
    for (uint32_t k = 1; k < 48; k++) {
        (void)model_season_bin(s, k, &read);
        assert_true(fabs(read - (0.1 + 20 * step)) < 16 * step);
        mean += read / 47;
    }
    assert_true(fabs(mean - (0.1 + 20 * step)) < 3 * step);
    model_season_free(s);
}

/* What a season would read and save, as bytes. */
static void save(const struct model_season *s, struct buf *out)
{
    buf_clear(out);
    model_season_save(s, out);
    assert_true(buf_ok(out));
}

/* Bins that were not visited take no room until a cycle is over; one that is saved and read after
 * each value learns the same. */
static void test_what_was_not_visited_takes_no_room(void **state)
{
    (void)state;
    struct buf first, second;
    buf_init(&first);
    buf_init(&second);
    for (int c = 0; c < 4; c++) {
        struct rng r;
        rng_init(&r, 9 + (uint64_t)c);
        ts_ns span = c == 3 ? TIME_HOUR : 15 * TIME_MIN;
        ts_ns period = c < 2 ? TIME_DAY : 7 * TIME_DAY;
        bool ratio = c % 2 == 0;
        struct model_season *s = c == 0 ? model_season_new_fine(period, span, 10, ratio)
                                        : model_season_new(period, span, 10, ratio);
        assert_non_null(s);
        uint32_t bins = model_season_bins(s);
        size_t each = c == 0 ? 5 : 3;
        bool seen[MODEL_SEASON_MOST] = {0};
        save(s, &first);
        struct cursor begin = cursor_make(first.p, first.n);
        struct model_season *other;
        assert_int_equal(model_season_load(&begin, &other), ERR_NONE);
        for (int i = 0; i < 900; i++) {
            /* Few at first, of which some come again; more and more. */
            uint64_t bucket = rng_below(&r, (uint64_t)(period / span));
            ts_ns t = (ts_ns)(bucket * bucket / (uint64_t)(period / span)) * span;
            double y = 10 * (i < 40 ? 1 : 1000) * (1.5 + sin((double)i)) + rng_normal(&r);
            double share = rng_below(&r, 5) == 0 ? 0.3 : 1;
            model_season_learn(&s, t, y, 0.01, share);
            model_season_learn(&other, t, y, 0.01, share);
            save(s, &first);
            save(other, &second);
            assert_int_equal(first.n, second.n);
            assert_memory_equal(first.p, second.p, first.n);
            assert_true(model_season_at(s, t) == model_season_at(other, t));
            model_season_free(other);
            struct cursor in = cursor_make(first.p, first.n);
            assert_int_equal(model_season_load(&in, &other), ERR_NONE);
            uint32_t bin;
            (void)model_season_place(s, t, &bin);
            seen[bin] = true;
            size_t visited = 0;
            for (uint32_t k = 0; k < bins; k++)
                visited += seen[k];
            /* A step of four bins, their bits, and what the allocator rounds. */
            if (!model_season_ready(s))
                assert_true(malloc_usable_size(s) <=
                            64 + (bins + 7) / 8 + (visited + 4) * each + 40);
        }
        assert_true(malloc_usable_size(s) <= model_season_memory(s) + 40);
        model_season_free(s);
        model_season_free(other);
    }
    buf_release(&first);
    buf_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cycle_is_learned),
        cmocka_unit_test(halves_of_bins_are_told_apart),
        cmocka_unit_test(a_ratio_multiplies_and_stays_positive),
        cmocka_unit_test(what_repeats_within_a_season_is_told),
        cmocka_unit_test(a_bin_is_worth_as_many_values_as_its_error_says),
        cmocka_unit_test(a_base_does_not_swing),
        cmocka_unit_test(a_cycle_is_the_same_on_the_other_scale),
        cmocka_unit_test(state_is_kept_and_checked),
        cmocka_unit_test(a_base_stays_within_what_can_be_saved),
        cmocka_unit_test(the_widest_steps_can_be_saved),
        cmocka_unit_test(test_small_steps_lose_little),
        cmocka_unit_test(test_less_than_a_step_is_not_lost),
        cmocka_unit_test(test_what_was_not_visited_takes_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
