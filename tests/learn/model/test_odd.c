/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "base/rng.h"
#include "model/series_priv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)

static struct model_series *made(enum model_kind kind)
{
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    struct model_series *s = model_series_new(&p);
    assert_non_null(s);
    return s;
}

/* Calm values about 100. */
static void live(struct model_series *s, int from, int to)
{
    struct rng rng;
    rng_init(&rng, 1 + (uint64_t)from);
    for (int i = from; i < to; i++) {
        double z = fmin(fmax(rng_normal(&rng), -2), 2);
        struct model_observation o = {i * SPAN, 100 + 5 * z, 1, 1};
        model_series_learn(s, &o);
    }
}

/* What is read where nothing has been made is what was made just now. */
static void test_nothing_is_the_same_as_new(void **state)
{
    (void)state;
    struct model_series *s = made(MODEL_VALUE);
    struct model_odd nothing = *model_odd_of(s);
    assert_null(s->odd);
    const struct model_odd *own = model_odd_make(s);
    assert_non_null(own);
    assert_ptr_equal(own, model_odd_make(s));
    assert_ptr_equal(own, model_odd_of(s));
    assert_int_equal(own->change.n, 0);
    assert_true(own->other.n == 0 && own->mode[0].times == 0 && own->mode[1].times == 0);
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++) {
        assert_true(nothing.recur.slot[i].last == TIME_NONE);
        assert_true(own->recur.slot[i].last == TIME_NONE);
    }
    model_series_free(s);
}

/* A calm series has none, and takes no memory for it; the first outlier makes one. */
static void test_made_by_an_outlier(void **state)
{
    (void)state;
    struct model_series *s = made(MODEL_VALUE);
    size_t young = model_series_memory(s);
    live(s, 0, 60);
    assert_null(s->odd);
    assert_int_equal(model_series_memory(s), young);
    struct model_observation o = {60 * SPAN, 100000, 1, 1};
    model_series_learn(s, &o);
    assert_non_null(s->odd);
    assert_int_equal(model_series_memory(s), young + mem_cost(sizeof(struct model_odd)));
    assert_true(s->odd->recur.slot[0].last == o.time);
    assert_int_equal(s->odd->change.n, 1);
    model_series_free(s);
}

static void test_forgets(void **state)
{
    (void)state;
    struct model_series *s = made(MODEL_VALUE);
    model_odd_forget_change(s);
    model_odd_forget_levels(s);
    model_odd_forget_modes(s);
    model_odd_forget_modes_near(s, 0, 1);
    model_odd_forget_recurring(s);
    assert_null(s->odd);
    live(s, 0, 60);
    assert_true(s->here > 0);
    struct model_odd *odd = model_odd_make(s);
    odd->change.n = 3;
    odd->other.n = 7;
    odd->mode[1].times = 2;
    odd->recur.slot[2].n = 5;
    model_odd_forget_change(s);
    assert_true(odd->change.n == 0 && odd->other.n == 7 && odd->mode[1].times == 2);
    model_odd_forget_levels(s);
    assert_true(odd->other.n == 0 && s->here == 0 && odd->mode[1].times == 2);
    odd->mode[1].mean = 20;
    model_odd_forget_modes_near(s, 10, 9);
    assert_true(odd->mode[1].times == 2);
    model_odd_forget_modes_near(s, 10, 11);
    assert_true(odd->mode[1].times == 0 && odd->mode[1].mean == 0);
    odd->mode[1].times = 2;
    model_odd_forget_modes(s);
    assert_true(odd->mode[1].times == 0 && odd->recur.slot[2].n == 5);
    model_odd_forget_recurring(s);
    assert_true(odd->recur.slot[2].n == 0 && odd->recur.slot[2].last == TIME_NONE);
    model_series_free(s);
}

/* Only values have another scale to be measured on. */
static void test_only_values_have_a_rival(void **state)
{
    (void)state;
    struct model_series *sum = made(MODEL_SUM);
    struct model_series *value = made(MODEL_VALUE);
    assert_null(sum->odd);
    assert_true(model_series_memory(value) > model_series_memory(sum));
    assert_true(value->values->rival.squares == 0);
    model_series_free(sum);
    model_series_free(value);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_nothing_is_the_same_as_new),
                                       cmocka_unit_test(test_made_by_an_outlier),
                                       cmocka_unit_test(test_forgets),
                                       cmocka_unit_test(test_only_values_have_a_rival)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
