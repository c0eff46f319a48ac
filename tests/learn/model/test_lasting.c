/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "model/score.h"
#include "model/series_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define DAY 24 /* buckets of an hour */
#define CHANGE (28 * DAY)
#define SEEDS 10

static struct model_series *made(ts_ns span, enum model_kind kind, enum model_side side)
{
    struct model_params p = {span, kind, side, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

static struct model_judgement step(struct model_series *s, int i, double value)
{
    struct model_observation o = {i * s->bucket_span, value, 1, 1};
    struct model_judgement j;
    model_series_judge(s, &o, &j);
    model_series_learn(s, &o);
    return j;
}

static bool noted(const struct model_series *s, struct model_changed *out)
{
    model_series_changed(s, out);
    return out->kind == MODEL_CHANGE_LEVEL;
}

/* Amounts of an hour with a day. */
static double amount(int i, double by, struct rng *r)
{
    return exp(9 + 0.5 * sin(2 * M_PI * i / DAY) + by + 0.7 * rng_normal(r));
}

/* One standard deviation and a half, of which no value is an outlier: adopted within a day and told
 * on it, up or down, in nearly all series. */
static void a_moved_level_is_adopted_and_told_within_a_day(void **state)
{
    (void)state;
    for (int up = 0; up < 2; up++) {
        int adopted = 0;
        int told = 0;
        for (uint64_t seed = 1; seed <= SEEDS; seed++) {
            struct model_series *s = made(TIME_HOUR, MODEL_SUM, MODEL_BOTH);
            struct rng r;
            rng_init(&r, seed);
            double by = up ? 1.05 : -1.05;
            struct model_changed c;
            double best = 0;
            for (int i = 0; i < CHANGE + DAY; i++) {
                double log_p = step(s, i, amount(i, i < CHANGE ? 0 : by, &r)).log_p;
                if (i < CHANGE)
                    continue;
                best = fmax(best, model_score_anchor(log_p, DAY));
                if (!noted(s, &c))
                    continue;
                adopted++;
                assert_true((c.after > c.before) == (up == 1));
                assert_true(fabs(log(c.after / c.before) - by) < 0.6);
            }
            told += best >= 50;
            model_series_free(s);
        }
        assert_in_range(adopted, SEEDS - 2, SEEDS + 2);
        assert_in_range(told, SEEDS - 3, SEEDS);
    }
}

/* Counts: the day keeps its shape around the new level. */
static void counts_move_as_a_whole(void **state)
{
    (void)state;
    struct model_series *s = made(TIME_HOUR, MODEL_COUNT, MODEL_BOTH);
    struct rng r;
    rng_init(&r, 3);
    for (int i = 0; i < CHANGE + 2 * DAY; i++) {
        double level = (60 + 40 * sin(2 * M_PI * i / DAY)) * (i < CHANGE ? 1 : 0.6);
        step(s, i, floor(level * exp(0.3 * rng_normal(&r))));
    }
    for (int hour = 0; hour < DAY; hour++) {
        double typical;
        double lower;
        double upper;
        model_series_expect(s, (CHANGE + 2 * DAY + hour) * TIME_HOUR, &typical, &lower, &upper);
        double level = 0.6 * (60 + 40 * sin(2 * M_PI * hour / DAY));
        assert_true(fabs(typical / level - 1) < 0.35);
    }
    model_series_free(s);
}

static void calm_series_adopt_nothing(void **state)
{
    (void)state;
    int adopted = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct model_series *s = made(TIME_HOUR, MODEL_SUM, MODEL_BOTH);
        struct rng r;
        struct model_changed c;
        rng_init(&r, 100 + seed);
        for (int i = 0; i < 60 * DAY; i++) {
            step(s, i, amount(i, 0, &r));
            adopted += i > CHANGE && noted(s, &c);
        }
        model_series_free(s);
    }
    assert_in_range(adopted, 0, 4); /* once in three months of one series */
}

/* Two hours at two standard deviations are over before they could have lasted. */
static void what_ends_is_not_adopted(void **state)
{
    (void)state;
    struct model_series *s = made(5 * TIME_MIN, MODEL_VALUE, MODEL_BOTH);
    struct rng r;
    struct model_changed c;
    rng_init(&r, 5);
    int day = 288;
    for (int i = 0; i < 27 * day; i++) {
        bool raised = i >= 25 * day && i < 25 * day + 24;
        step(s, i, 50 + 3 * sin(2 * M_PI * i / day) + 2 * raised + rng_normal(&r));
        assert_true(i < 25 * day || !noted(s, &c));
    }
    model_series_free(s);
}

/* Nothing is made before days and weeks are known; what is made is saved, and told but once and
 * only where it is asked for. */
static void it_is_kept_and_told_once(void **state)
{
    (void)state;
    static const enum model_side sides[] = {MODEL_BOTH, MODEL_HIGH, MODEL_LOW};
    for (int k = 0; k < 3; k++) {
        struct model_series *s = made(TIME_HOUR, MODEL_SUM, sides[k]);
        struct rng r;
        rng_init(&r, 8);
        for (int i = 0; i < CHANGE; i++) {
            step(s, i, amount(i, 0, &r));
            assert_true(s->lasting == NULL || i >= 16 * DAY);
        }
        assert_non_null(s->lasting);
        assert_true(model_lasting_judge(s, 2) == 0);
        int told = 0;
        for (int i = CHANGE; i < CHANGE + DAY; i++) {
            struct buf b;
            buf_init(&b);
            model_series_save(s, &b);
            struct cursor c = cursor_make(b.p, b.n);
            struct model_series *back;
            struct model_params params = {s->bucket_span, s->kind, s->side, false};
            assert_int_equal(model_series_load(&c, &params, &back), ERR_NONE);
            buf_release(&b);
            double value = amount(i, 1.2, &r);
            struct model_judgement j = step(back, i, value);
            bool may = model_lasting_judge(s, 1) < 0;
            assert_true(model_lasting_judge(s, -1) == 0);
            assert_true(step(s, i, value).log_p == j.log_p);
            told += may && model_lasting_judge(s, 1) == 0;
            model_series_free(back);
        }
        assert_int_equal(told, sides[k] == MODEL_LOW ? 0 : 1);
        model_series_free(s);
    }
}

/* Half a deviation and more, of which twelve values hardly tell: most within two days. */
static void a_small_move_is_adopted(void **state)
{
    (void)state;
    int adopted = 0;
    for (uint64_t seed = 1; seed <= 2 * SEEDS; seed++) {
        struct model_series *s = made(TIME_HOUR, MODEL_SUM, MODEL_BOTH);
        struct rng r;
        struct model_changed c;
        bool known = false;
        rng_init(&r, 40 + seed);
        for (int i = 0; i < CHANGE + 2 * DAY; i++) {
            step(s, i, amount(i, i < CHANGE ? 0 : 0.6, &r));
            known |= i >= CHANGE && noted(s, &c);
        }
        adopted += known;
        model_series_free(s);
    }
    assert_in_range(adopted, 2 * SEEDS - 7, 2 * SEEDS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_moved_level_is_adopted_and_told_within_a_day),
        cmocka_unit_test(a_small_move_is_adopted),
        cmocka_unit_test(counts_move_as_a_whole),
        cmocka_unit_test(calm_series_adopt_nothing),
        cmocka_unit_test(what_ends_is_not_adopted),
        cmocka_unit_test(it_is_kept_and_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
