/* SPDX-License-Identifier: Apache-2.0 */
#include "model/clock.h"

#include "base/rng.h"
#include "model/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1699920000 * TIME_S) /* a Tuesday, 00:00 UTC */

static void learn(struct model_clock *c, ts_ns time)
{
    model_clock_learn(c, time_floor(time, SPAN), model_clock_slot(c->cycle, time));
}

static struct model_clock_judgement judge(const struct model_clock *c, ts_ns time)
{
    struct model_clock_judgement j;
    model_clock_judge(c, time_floor(time, SPAN), model_clock_slot(c->cycle, time), &j);
    assert_true(isfinite(j.log_p) && j.log_p <= 0);
    return j;
}

/* From nine to five. */
static struct model_clock office(int days)
{
    struct model_clock c;
    model_clock_init(&c, MODEL_CLOCK_DAY);
    for (int d = 0; d < days; d++) {
        for (int q = 9 * 4; q < 17 * 4; q++)
            learn(&c, START + d * TIME_DAY + q * SPAN);
    }
    return c;
}

static void the_night_is_unusual(void **state)
{
    (void)state;
    struct model_clock c = office(21);
    ts_ns day = START + 21 * TIME_DAY;
    struct model_clock_judgement night = judge(&c, day + 3 * TIME_HOUR);
    assert_true(night.judged && night.log_p < log(1e-4));
    assert_true(fabs(night.actual - 3 * 3600) <= 900);
    assert_true(night.typical > 8 * 3600 && night.typical < 10 * 3600);
    assert_true(judge(&c, day + 11 * TIME_HOUR).log_p > log(0.2));
    /* A quarter of an hour early is no news. */
    assert_true(judge(&c, day + 9 * TIME_HOUR - SPAN).log_p > -1.9 * M_LN10);
    /* Late in the evening the nearest usual time is the afternoon's, over midnight the morning's.
     */
    assert_true(judge(&c, day + 20 * TIME_HOUR).typical > 16 * 3600);
}

static void the_young_say_nothing(void **state)
{
    (void)state;
    struct model_clock c = office(1);
    assert_false(judge(&c, START + TIME_DAY + 3 * TIME_HOUR).judged);
}

/* Where something happens at all hours, no hour is unusual. */
static void all_hours(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        struct rng r;
        struct model_clock c;
        rng_init(&r, seed);
        model_clock_init(&c, seed % 2 == 0 ? MODEL_CLOCK_WEEK : MODEL_CLOCK_DAY);
        for (int b = 0; b < 28 * 96; b++) {
            if (rng_below(&r, 3) != 0)
                continue;
            assert_true(judge(&c, START + b * SPAN).log_p > log(1e-3));
            learn(&c, START + b * SPAN);
        }
    }
}

static void weekends(void **state)
{
    (void)state;
    struct model_clock c;
    model_clock_init(&c, MODEL_CLOCK_WEEK);
    for (int d = 0; d < 28; d++) {
        if (d % 7 == 4 || d % 7 == 5)
            continue;
        for (int h = 9; h < 17; h++)
            learn(&c, START + d * TIME_DAY + h * TIME_HOUR);
    }
    assert_true(judge(&c, START + 32 * TIME_DAY + 12 * TIME_HOUR).log_p < log(1e-3));
    assert_true(judge(&c, START + 31 * TIME_DAY + 12 * TIME_HOUR).log_p > log(0.2));
}

static void state_is_kept(void **state)
{
    (void)state;
    struct model_clock c = office(9);
    struct buf b;
    buf_init(&b);
    model_clock_save(&c, &b);
    struct model_clock back;
    struct cursor in = cursor_make(b.p, b.n);
    assert_int_equal(model_clock_load(&in, MODEL_CLOCK_DAY, &back), ERR_NONE);
    assert_int_equal(in.left, 0);
    ts_ns night = START + 9 * TIME_DAY + 2 * TIME_HOUR;
    assert_true(judge(&c, night).log_p == judge(&back, night).log_p);
    for (size_t cut = 0; cut < b.n; cut += 5) {
        in = cursor_make(b.p, cut);
        assert_int_equal(model_clock_load(&in, MODEL_CLOCK_DAY, &back), ERR_FORMAT);
    }
    in = cursor_make(b.p, b.n);
    assert_int_equal(model_clock_load(&in, MODEL_CLOCK_WEEK, &back), ERR_FORMAT);
    buf_release(&b);
}

/* Times before 1970 and times that go back. */
static void odd_times(void **state)
{
    (void)state;
    struct model_clock c;
    model_clock_init(&c, MODEL_CLOCK_WEEK);
    for (int i = 0; i < 2000; i++) {
        ts_ns t = (i * 7919 % 4001 - 2000) * TIME_HOUR;
        assert_true(model_clock_slot(MODEL_CLOCK_WEEK, t) < 168);
        (void)judge(&c, t);
        learn(&c, t);
    }
    assert_int_equal(model_clock_slot(MODEL_CLOCK_WEEK, -TIME_S), 167);
    assert_int_equal(model_clock_slot(MODEL_CLOCK_DAY, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_night_is_unusual),
                                       cmocka_unit_test(the_young_say_nothing),
                                       cmocka_unit_test(all_hours),
                                       cmocka_unit_test(weekends),
                                       cmocka_unit_test(state_is_kept),
                                       cmocka_unit_test(odd_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
