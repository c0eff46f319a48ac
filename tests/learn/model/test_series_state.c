/* SPDX-License-Identifier: Apache-2.0 */
#include "base/rng.h"
#include "model/series_priv.h"

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

/* Saved at any bucket, a series goes on as if nothing had been. */
static void saved_and_loaded_it_judges_the_same(void **state)
{
    (void)state;
    for (int kind = 0; kind <= MODEL_CONTENT; kind++) {
        struct rng r;
        rng_init(&r, (uint64_t)kind);
        struct model_series *s = make((enum model_kind)kind, MODEL_BOTH);
        for (int i = 0; i < 96 * 16; i++) {
            if (i % 97 == 3) {
                struct buf b;
                buf_init(&b);
                model_series_save(s, &b);
                assert_true(buf_ok(&b));
                struct cursor c = cursor_make(b.p, b.n);
                struct model_params p = {SPAN, (enum model_kind)kind, MODEL_BOTH, false};
                struct model_series *back;
                assert_int_equal(model_series_load(&c, &p, &back), ERR_NONE);
                assert_int_equal(c.left, 0);
                struct buf again;
                buf_init(&again);
                model_series_save(back, &again);
                assert_int_equal(again.n, b.n);
                assert_memory_equal(again.p, b.p, b.n);
                for (size_t cut = 0; cut < b.n; cut += 37) {
                    struct cursor part = cursor_make(b.p, cut);
                    struct model_series *none;
                    assert_int_equal(model_series_load(&part, &p, &none), ERR_FORMAT);
                }
                b.p[0] = 9;
                c = cursor_make(b.p, b.n);
                struct model_series *none;
                assert_int_equal(model_series_load(&c, &p, &none), ERR_VERSION);
                model_series_free(s);
                s = back;
                buf_release(&b);
                buf_release(&again);
            }
            double wave = 1.2 + sin(2 * M_PI * i / 96.0);
            step(s, i * SPAN, kind == 1 ? exp(5 + wave + rng_normal(&r)) : poisson(&r, 30 * wave));
        }
        model_series_free(s);
    }
}

/* What has learned has a last time; the bytes of it follow eight others. */
static void what_has_learned_has_a_time(void **state)
{
    (void)state;
    struct model_params p = {SPAN, MODEL_SUM, MODEL_BOTH, false};
    struct model_series *back;
    struct buf b;
    buf_init(&b);
    struct model_series *s = make(MODEL_SUM, MODEL_BOTH);
    step(s, 0, 1000);
    model_series_save(s, &b);
    model_series_free(s);
    struct cursor c = cursor_make(b.p, b.n);
    assert_int_equal(model_series_load(&c, &p, &back), ERR_NONE);
    assert_int_equal(model_series_last(back), 0);
    model_series_free(back);
    b.p[15] = (char)0x80;
    c = cursor_make(b.p, b.n);
    assert_int_equal(model_series_load(&c, &p, &back), ERR_FORMAT);
    buf_release(&b);
}

/* Every bit of a saved series flipped in turn: refused, or a series that judges. */
static void flip_each_bit(enum model_kind kind)
{
    struct model_series *s = make(kind, MODEL_BOTH);
    for (int i = 0; i < 120; i++)
        step(s, i * SPAN, 1000 + i % 7);
    struct buf b;
    buf_init(&b);
    model_series_save(s, &b);
    model_series_free(s);
    struct model_params p = {SPAN, kind, MODEL_BOTH, false};
    for (size_t bit = 0; bit < b.n * 8; bit++) {
        b.p[bit / 8] = (char)(b.p[bit / 8] ^ (1 << bit % 8));
        struct cursor c = cursor_make(b.p, b.n);
        struct model_series *back;
        if (model_series_load(&c, &p, &back) == ERR_NONE) {
            for (int i = 120; i < 124; i++)
                step(back, i * SPAN, i % 2 == 0 ? 1e9 : 1000);
            model_series_free(back);
        }
        b.p[bit / 8] = (char)(b.p[bit / 8] ^ (1 << bit % 8));
    }
    buf_release(&b);
}

static void damaged_state_is_refused_or_sound(void **state)
{
    (void)state;
    flip_each_bit(MODEL_SUM);
    flip_each_bit(MODEL_CONTENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_and_loaded_it_judges_the_same),
        cmocka_unit_test(what_has_learned_has_a_time),
        cmocka_unit_test(damaged_state_is_refused_or_sound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
