/* SPDX-License-Identifier: Apache-2.0 */
#include "stats/places.h"

#include "base/rng.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void save(const struct stats_places *s, struct buf *out)
{
    buf_init(out);
    stats_places_save(s, out);
    assert_true(buf_ok(out));
}

static void assert_same(const struct stats_places *a, const struct stats_places *b)
{
    struct buf x;
    struct buf y;
    save(a, &x);
    save(b, &y);
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.p, y.p, x.n);
    buf_release(&x);
    buf_release(&y);
}

static void draw(struct rng *r, double wide, double *lat, double *lon)
{
    *lat = (double)((int64_t)rng_below(r, 180000001) - 90000000) / 1e6 * wide;
    *lon = (double)((int64_t)rng_below(r, 360000001) - 180000000) / 1e6 * wide;
}

/* Six digits come out as they went in, and each place once. */
static void exact_while_few(void **state)
{
    (void)state;
    static const double at[][2] = {
        {52.520008, 13.404954}, {-33.8688, 151.2093}, {0, 0}, {-90, 0}, {89.999999, -179.999999}};
    struct stats_places s;
    stats_places_init(&s);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 5; i++)
            assert_true(stats_places_add(&s, at[i][0], at[i][1]));
    }
    assert_int_equal(s.n, 5);
    assert_int_equal(s.level, 0);
    size_t hits = 0;
    for (size_t i = 0; i < s.n; i++) {
        double lat;
        double lon;
        stats_places_at(&s, i, &lat, &lon);
        for (size_t k = 0; k < 5; k++)
            hits += lat == at[k][0] && lon == at[k][1];
    }
    assert_int_equal(hits, 5);
    stats_places_release(&s);
}

static void poles_and_the_antimeridian(void **state)
{
    (void)state;
    assert_true(stats_places_key(90, 17) == stats_places_key(90, -120));
    assert_true(stats_places_key(-90, 17) == stats_places_key(-90, 0));
    assert_true(stats_places_key(5, 180) == stats_places_key(5, -180));
    assert_true(stats_places_key(5, 179.999999) != stats_places_key(5, 180));
    assert_true(stats_places_key(5, 7) != stats_places_key(7, 5));
}

/* In any order, in halves or whole: the same bytes; every place lies in a cell that is there. */
static void order_and_halves(void **state)
{
    (void)state;
    enum { N = 6000 };
    static const double wide[] = {1, 0.05, 1e-3};
    for (size_t w = 0; w < 3; w++) {
        for (size_t n = 100; n <= N; n = n * 3 - 99) {
            struct stats_places whole;
            struct stats_places half[2];
            struct stats_places back;
            double lat[N];
            double lon[N];
            struct rng r;
            rng_init(&r, n);
            stats_places_init(&whole);
            stats_places_init(&half[0]);
            stats_places_init(&half[1]);
            for (size_t i = 0; i < n; i++) {
                draw(&r, wide[w], &lat[i], &lon[i]);
                assert_true(stats_places_add(&whole, lat[i], lon[i]));
            }
            for (size_t i = n; i-- > 0;)
                assert_true(stats_places_add(&half[i % 7 == 0], lat[i], lon[i]));
            assert_true(stats_places_merge(&half[0], &half[1]));
            assert_same(&whole, &half[0]);
            assert_true(whole.n <= STATS_PLACES_MAX);
            assert_true(stats_places_memory(&whole) <= 8 * STATS_PLACES_MAX);
            /* No coarser than it must be: a level less would not have fitted. */
            assert_true(whole.level == 0 || whole.n > STATS_PLACES_MAX / 8);
            double cell = ldexp(1e-6, whole.level);
            for (size_t i = 0; i < n; i++) {
                bool near = false;
                for (size_t k = 0; k < whole.n && !near; k++) {
                    double a;
                    double b;
                    stats_places_at(&whole, k, &a, &b);
                    near = fabs(a - lat[i]) <= cell && fabs(b - lon[i]) <= cell;
                }
                assert_true(near);
            }
            struct buf b;
            save(&whole, &b);
            struct cursor in = cursor_make(b.p, b.n);
            assert_int_equal(stats_places_load(&in, &back), ERR_NONE);
            assert_same(&whole, &back);
            stats_places_release(&back);
            buf_release(&b);
            stats_places_release(&whole);
            stats_places_release(&half[0]);
            stats_places_release(&half[1]);
        }
    }
}

static enum err load(const void *p, size_t n)
{
    struct stats_places s;
    struct cursor in = cursor_make(p, n);
    enum err e = stats_places_load(&in, &s);
    if (e == ERR_NONE)
        stats_places_release(&s);
    return e;
}

static void foreign_bytes(void **state)
{
    (void)state;
    struct stats_places s;
    struct buf b;
    stats_places_init(&s);
    for (int i = 0; i < 9; i++)
        assert_true(stats_places_add(&s, i * 10 - 40, i * 40 - 160));
    save(&s, &b);
    for (size_t n = 0; n < b.n; n++)
        assert_int_equal(load(b.p, n), ERR_FORMAT);
    assert_int_equal(load(b.p, b.n), ERR_NONE);
    b.p[0] = 29; /* a level that is none */
    assert_int_equal(load(b.p, b.n), ERR_FORMAT);
    b.p[0] = 3; /* rows that it has not */
    assert_int_equal(load(b.p, b.n), ERR_FORMAT);
    b.p[0] = 0;
    b.p[3 + 8 + 7] ^= 4; /* a row beyond the pole */
    assert_int_equal(load(b.p, b.n), ERR_FORMAT);
    memcpy(b.p + 3 + 8, b.p + 3, 8); /* one place twice */
    assert_int_equal(load(b.p, b.n), ERR_FORMAT);
    buf_release(&b);
    stats_places_release(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exact_while_few), cmocka_unit_test(poles_and_the_antimeridian),
        cmocka_unit_test(order_and_halves), cmocka_unit_test(foreign_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
