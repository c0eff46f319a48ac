/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rare.h"

#include "base/rng.h"
#include "model/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)
#define USUAL 20

struct world {
    struct model_rare r;
    struct model_rare_value usual[USUAL];
    struct rng rng;
};

static void start(struct world *w)
{
    model_rare_init(&w->r, SPAN);
    for (int i = 0; i < USUAL; i++)
        model_rare_value_init(&w->usual[i]);
    rng_init(&w->rng, 1);
}

static double score(const struct world *w, const struct model_rare_value *v, ts_ns time)
{
    struct model_rare_judgement j;
    model_rare_judge(&w->r, v, time, 0, 0, &j);
    assert_true(isfinite(j.log_p) && j.log_p <= 0 && j.relative >= 0);
    assert_true(j.frequency > 0 && j.frequency <= 1);
    return model_score_anchor(j.log_p, 96);
}

/* Each usual value in half of the buckets; churn: chance of a value never seen before. */
static double bucket(struct world *w, ts_ns time, double churn)
{
    double worst = 0;
    bool here[USUAL];
    for (int i = 0; i < USUAL; i++) {
        here[i] = rng_below(&w->rng, 2) == 0;
        if (here[i])
            worst = fmax(worst, score(w, &w->usual[i], time));
    }
    for (int i = 0; i < USUAL; i++)
        if (here[i])
            model_rare_learn(&w->r, &w->usual[i], time, 0, 0);
    if (rng_f64(&w->rng) < churn) {
        struct model_rare_value v;
        model_rare_value_init(&v);
        worst = fmax(worst, score(w, &v, time));
        model_rare_learn(&w->r, &v, time, 0, 0);
    }
    model_rare_close(&w->r, time);
    return worst;
}

static void a_first_value_in_a_settled_pool_is_news(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    struct model_rare_value fresh;
    model_rare_value_init(&fresh);
    for (int i = 0; i < 20; i++) {
        assert_true(score(&w, &fresh, i * SPAN) == 0);
        bucket(&w, i * SPAN, 0);
    }
    double early = score(&w, &fresh, 20 * SPAN);
    for (int i = 20; i < 96 * 21; i++)
        assert_true(bucket(&w, i * SPAN, 0) < 25);
    double late = score(&w, &fresh, 96 * 21 * SPAN);
    assert_true(early < late && late >= 75);
    /* The second time it is less so. */
    model_rare_learn(&w.r, &fresh, 96 * 21 * SPAN, 0, 0);
    model_rare_close(&w.r, 96 * 21 * SPAN);
    for (int i = 1; i < 5; i++) {
        model_rare_learn(&w.r, &fresh, (96 * 21 + i) * SPAN, 0, 0);
        model_rare_close(&w.r, (96 * 21 + i) * SPAN);
    }
    assert_true(score(&w, &fresh, (96 * 21 + 5) * SPAN) < late - 5);
}

static void where_all_are_rare_one_more_is_none(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    int high = 0;
    for (int i = 0; i < 96 * 14; i++)
        high += bucket(&w, i * SPAN, 0.5) >= 25;
    assert_int_equal(high, 0);
}

static void frequencies_age(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    struct model_rare_value old;
    model_rare_value_init(&old);
    for (int i = 0; i < 500; i++) {
        model_rare_learn(&w.r, &old, i * SPAN, 0, 0);
        bucket(&w, i * SPAN, 0);
    }
    double then = score(&w, &old, 500 * SPAN);
    for (int i = 500; i < 12000; i++)
        bucket(&w, i * SPAN, 0);
    assert_true(then < 5 && score(&w, &old, 12000 * SPAN) > 40);
}

static void few_of_many_members(void **state)
{
    (void)state;
    struct model_rare r;
    struct model_rare_value common;
    struct model_rare_value odd;
    struct model_rare_judgement j;
    model_rare_init(&r, SPAN);
    model_rare_value_init(&common);
    model_rare_value_init(&odd);
    for (int i = 0; i < 1000; i++) {
        model_rare_learn(&r, &common, i * SPAN, 300, 500);
        model_rare_close(&r, i * SPAN);
    }
    model_rare_judge(&r, &common, 1000 * SPAN, 300, 500, &j);
    assert_true(j.log_p > -2);
    model_rare_judge(&r, &odd, 1000 * SPAN, 1, 500, &j);
    assert_true(j.judged && j.first && j.log_p < -10);
    model_rare_judge(&r, &odd, 1000 * SPAN, 1, 4, &j);
    assert_true(j.log_p > -3);
}

static void state_is_kept(void **state)
{
    (void)state;
    struct world w;
    start(&w);
    for (int i = 0; i < 300; i++)
        bucket(&w, i * SPAN, 0.02);
    struct buf b;
    buf_init(&b);
    model_rare_save(&w.r, &b);
    model_rare_value_save(&w.usual[3], &b);
    struct cursor c = cursor_make(b.p, b.n);
    struct model_rare r;
    struct model_rare_value v;
    assert_int_equal(model_rare_load(&c, SPAN, &r), ERR_NONE);
    assert_int_equal(model_rare_value_load(&c, &v), ERR_NONE);
    assert_int_equal(c.left, 0);
    struct model_rare_judgement a;
    struct model_rare_judgement d;
    model_rare_judge(&w.r, &w.usual[3], 300 * SPAN, 0, 0, &a);
    model_rare_judge(&r, &v, 300 * SPAN, 0, 0, &d);
    assert_true(a.log_p == d.log_p && a.frequency == d.frequency);
    c = cursor_make(b.p, 40);
    assert_int_equal(model_rare_load(&c, SPAN, &r), ERR_FORMAT);
    buf_release(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_first_value_in_a_settled_pool_is_news),
        cmocka_unit_test(where_all_are_rare_one_more_is_none),
        cmocka_unit_test(frequencies_age),
        cmocka_unit_test(few_of_many_members),
        cmocka_unit_test(state_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
