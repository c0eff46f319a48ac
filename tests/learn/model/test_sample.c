/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sample.h"

#include "base/rng.h"

#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PI 3.14159265358979

/* The first cycle seen in so many buckets; 0: none. kind 0: a wave, 1: a pulse, 2: noise with
 * memory, 3: noise, 4: a trend. */
static double seen(int kind, double length, double noise, uint64_t seed, int buckets)
{
    struct model_sample *s = model_sample_new(100, 1, false);
    assert_non_null(s);
    struct rng r;
    rng_init(&r, seed);
    double memory = 0;
    double found = 0;
    for (int i = 0; i < buckets && found <= 0; i++) {
        double phase = i / length - floor(i / length);
        memory = 0.95 * memory + rng_normal(&r);
        double x = kind == 0   ? sin(2 * PI * phase)
                   : kind == 1 ? (phase < 0.2 ? 2 : 0)
                   : kind == 2 ? memory
                   : kind == 3 ? 0
                               : i * 0.01;
        if (!model_sample_add(&s, 100 + x + noise * rng_normal(&r)))
            continue;
        double cycle = model_sample_cycle(s);
        if (model_sample_is_full(s) && cycle > 0)
            found = cycle;
        else if (cycle > 0)
            assert_true(kind > 1 || fabs(cycle - length) < length * 0.03);
        else
            model_sample_halve(s);
    }
    model_sample_free(s);
    return found;
}

static void cycles_of_any_length_are_found(void **state)
{
    (void)state;
    const double lengths[] = {5, 7.3, 18, 20.5, 84, 113.7, 300};
    for (size_t l = 0; l < sizeof(lengths) / sizeof(lengths[0]); l++) {
        for (int kind = 0; kind < 2; kind++) {
            for (uint64_t seed = 1; seed <= 5; seed++) {
                double length = lengths[l];
                double found = seen(kind, length, 0.7, seed, 512 * 16);
                /* Over eight cycles it runs off by less than a tenth of one. */
                assert_true(fabs(found - length) < length * 0.0125);
            }
        }
    }
}

static void none_is_found_where_there_is_none(void **state)
{
    (void)state;
    int found = 0;
    for (uint64_t seed = 1; seed <= 40; seed++)
        for (int kind = 2; kind <= 4; kind++)
            found += seen(kind, 10, 1, seed, 512 * 16) > 0;
    assert_in_range(found, 0, 3);
}

static void values_come_back_two_by_two(void **state)
{
    (void)state;
    struct model_sample *s = model_sample_new(10, 4, true);
    double out[MODEL_SAMPLE_MOST];
    assert_true(model_sample_is_seasonal(s));
    assert_false(model_sample_halve(s));
    int looks = 0;
    for (int i = 0; i < MODEL_SAMPLE_MOST; i++) {
        /* It takes what its values take, in steps. */
        assert_true(malloc_usable_size(s) < 128 + 2 * (size_t)i);
        looks += model_sample_add(&s, 10 + i % 8);
    }
    assert_true(malloc_usable_size(s) <= model_sample_memory() + 40);
    assert_int_equal(looks, 3);
    assert_int_equal(model_sample_values(s, out), MODEL_SAMPLE_MOST);
    for (int i = 0; i < MODEL_SAMPLE_MOST; i++)
        assert_true(fabs(out[i] - (10 + i % 8)) < 0.02);
    assert_false(model_sample_add(&s, 5));
    assert_true(model_sample_halve(s));
    assert_int_equal(model_sample_fold(s), 2);
    assert_int_equal(model_sample_values(s, out), MODEL_SAMPLE_MOST / 2);
    assert_true(fabs(out[1] - 12.5) < 0.02);
    model_sample_free(s);
}

static void comes_back_from_bytes(void **state)
{
    (void)state;
    struct model_sample *s = model_sample_new(10, 4, true);
    struct model_sample *back;
    struct buf first;
    struct buf second;
    buf_init(&first);
    buf_init(&second);
    for (int i = 0; i < 700; i++) {
        model_sample_add(&s, 10 + i % 8);
        model_sample_halve(s);
    }
    model_sample_save(s, &first);
    struct cursor in = cursor_make(first.p, first.n);
    assert_int_equal(model_sample_load(&in, &back), ERR_NONE);
    model_sample_save(back, &second);
    assert_int_equal(first.n, second.n);
    assert_memory_equal(first.p, second.p, first.n);
    model_sample_free(back);
    for (size_t cut = 0; cut < first.n; cut += 7) {
        in = cursor_make(first.p, cut);
        assert_int_equal(model_sample_load(&in, &back), ERR_FORMAT);
    }
    model_sample_free(s);
    model_sample_free(NULL);
    buf_release(&first);
    buf_release(&second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cycles_of_any_length_are_found),
        cmocka_unit_test(none_is_found_where_there_is_none),
        cmocka_unit_test(values_come_back_two_by_two),
        cmocka_unit_test(comes_back_from_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
