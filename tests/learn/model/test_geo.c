/* SPDX-License-Identifier: Apache-2.0 */
#include "model/geo.h"

#include "base/rng.h"
#include "model/score.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define SPAN (15 * TIME_MIN)
#define START ((ts_ns)1699920000 * TIME_S) /* a Tuesday, 00:00 UTC */
#define TESTS 96

static const struct model_geo_place berlin = {52.52, 13.405};
static const struct model_geo_place potsdam = {52.3906, 13.0645};
static const struct model_geo_place paris = {48.8566, 2.3522};
static const struct model_geo_place tokyo = {35.68, 139.77};

static double judge(const struct model_geo *g, struct model_geo_place at,
                    struct model_geo_judgement *out)
{
    struct model_geo_judgement j;
    model_geo_judge(g, at, &j);
    assert_true(isfinite(j.log_p) && j.log_p <= 0);
    assert_true(fabs(j.typical.lat) <= 90 && fabs(j.typical.lon) <= 180);
    if (out != NULL)
        *out = j;
    return j.log_p;
}

static double anchor(const struct model_geo *g, struct model_geo_place at)
{
    return model_score_anchor(judge(g, at, NULL), TESTS);
}

static void learn(struct model_geo *g, ts_ns time, struct model_geo_place at)
{
    model_geo_learn(g, time, &at, 1);
}

/* Some kilometres off, as databases are. */
static struct model_geo_place about(struct model_geo_place p, double km, struct rng *r)
{
    p.lat += rng_normal(r) * km / 111;
    p.lon += rng_normal(r) * km / 111 / cos(p.lat * M_PI / 180);
    return p;
}

/* Weekdays in Berlin from eight to six, evenings and weekends in Potsdam. */
static struct model_geo at_home(int days, struct rng *r)
{
    struct model_geo g;
    model_geo_init(&g, SPAN);
    for (int d = 0; d < days; d++) {
        for (int q = 7 * 4; q < 22 * 4; q += 2) {
            bool office = d % 7 < 5 && q >= 8 * 4 && q < 18 * 4;
            learn(&g, START + d * TIME_DAY + q * SPAN, about(office ? berlin : potsdam, 15, r));
        }
    }
    return g;
}

struct golden {
    struct model_geo g;
    size_t places;
};

/* One line of golden/geo.csv. */
static void golden_line(struct golden *x, const char *line)
{
    double v[9] = {0};
    int n = sscanf(strchr(line, ',') + 1, "%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf,%lf", &v[0], &v[1],
                   &v[2], &v[3], &v[4], &v[5], &v[6], &v[7], &v[8]);
    if (strncmp(line, "case,", 5) == 0) {
        assert_int_equal(n, 9);
        model_geo_init(&x->g, SPAN);
        x->g.buckets = v[0];
        x->g.seen = (uint32_t)v[0];
        for (size_t i = 0; i < MODEL_GEO_BINS; i++)
            x->g.founded[i] = (float)v[i + 1];
        return;
    }
    assert_int_equal(n, 4);
    if (strncmp(line, "cluster,", 8) == 0) {
        double lat = v[0] * M_PI / 180;
        double lon = v[1] * M_PI / 180;
        double spread = v[2] / 6371;
        x->g.clusters[x->g.n++] = (struct model_geo_cluster){
            {(float)(cos(lat) * cos(lon)), (float)(cos(lat) * sin(lon)), (float)sin(lat)},
            (float)v[3],
            (float)(v[3] * spread * spread)};
        return;
    }
    struct model_geo_place at = {v[0], v[1]};
    double near = (double)INFINITY;
    for (size_t i = 0; i < x->g.n; i++) {
        struct model_geo one = x->g;
        struct model_geo_judgement j;
        one.clusters[0] = x->g.clusters[i];
        one.n = 1;
        judge(&one, at, &j);
        near = fmin(near, model_geo_km(at, j.typical));
    }
    assert_true(fabs(near - v[3]) < 0.01);
    double log_p = judge(&x->g, at, NULL);
    if (fabs(log_p - v[2]) > 0.02 * fabs(v[2]) + 0.01)
        fail_msg("%.4f,%.4f: ln p %.6f, expected %.6f", v[0], v[1], log_p, v[2]);
    x->places++;
}

static void golden_numbers(void **state)
{
    (void)state;
    FILE *f = fopen(WEIR_SOURCE_DIR "/tests/learn/model/golden/geo.csv", "r");
    assert_non_null(f);
    char line[256];
    struct golden x = {.places = 0};
    while (fgets(line, sizeof(line), f) != NULL) {
        if (line[0] != '#')
            golden_line(&x, line);
    }
    fclose(f);
    assert_int_equal(x.places, 24);
}

static void elsewhere_is_unusual(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 10; seed++) {
        struct rng r;
        rng_init(&r, seed);
        struct model_geo g = at_home(21, &r);
        assert_true(g.n <= 3);
        assert_true(anchor(&g, tokyo) >= 75);
        assert_true(anchor(&g, paris) >= 70 && anchor(&g, paris) < anchor(&g, tokyo));
        struct model_geo_judgement j;
        judge(&g, tokyo, &j);
        assert_true(model_geo_km(j.typical, berlin) < 60);
        for (int i = 0; i < 200; i++) {
            assert_true(anchor(&g, about(berlin, 15, &r)) < 5);
            assert_true(anchor(&g, about(potsdam, 15, &r)) < 5);
        }
    }
}

static void the_young_say_little(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 1);
    struct model_geo g;
    struct model_geo_judgement j;
    model_geo_init(&g, SPAN);
    judge(&g, tokyo, &j);
    assert_false(j.judged);
    for (int i = 0; i < 19; i++) {
        learn(&g, START + i * SPAN, about(berlin, 15, &r));
        judge(&g, tokyo, &j);
        assert_false(j.judged);
    }
    learn(&g, START + 19 * SPAN, berlin);
    learn(&g, START + 20 * SPAN, berlin);
    judge(&g, tokyo, &j);
    assert_true(j.judged && model_score_anchor(j.log_p, TESTS) < 80);
}

/* The first evening in Paris is news, the second one is not; who is in a new town every week makes
 * less of it by that. */
static void travellers(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 3);
    struct model_geo g = at_home(21, &r);
    double first = anchor(&g, paris);
    for (int i = 0; i < 20; i++)
        learn(&g, START + 21 * TIME_DAY + i * SPAN, about(paris, 15, &r));
    assert_true(first >= 70 && anchor(&g, paris) < 25);
    model_geo_init(&g, SPAN);
    double most = 0;
    double sum = 0;
    for (int week = 0; week < 26; week++) {
        struct model_geo_place town = {30 + (double)rng_below(&r, 300) / 10,
                                       -10 + (double)rng_below(&r, 400) / 10};
        if (week >= 13) {
            most = fmax(most, anchor(&g, town));
            sum += anchor(&g, town);
        }
        for (int i = 0; i < 7 * 24; i++)
            learn(&g, START + week * 7 * TIME_DAY + i * TIME_HOUR, about(town, 15, &r));
    }
    assert_true(most < 80 && sum / 13 < 50);
}

/* Who travels goes farther than ever now and then, in one journey of four here; who stays at home
 * does not. */
static void farther_than_ever(void **state)
{
    (void)state;
    static const struct model_geo_place towns[] = {{48.2, 16.4}, {50.1, 8.7}, {52.2, 21.0}};
    struct rng r;
    rng_init(&r, 4);
    struct model_geo g = at_home(14, &r);
    double at_once = anchor(&g, paris);
    for (int i = 0; i < 3 * 96; i++)
        learn(&g, START + 14 * TIME_DAY + i * SPAN, about(towns[i / 96], 15, &r));
    assert_true(at_once >= 70);
    assert_true(anchor(&g, paris) < at_once - 15);
    assert_true(anchor(&g, tokyo) > anchor(&g, paris) + 5);
}

/* On both sides of the antimeridian, and around a pole: one cluster, and next door is near. */
static void edges_of_the_map(void **state)
{
    (void)state;
    struct model_geo g;
    model_geo_init(&g, SPAN);
    for (int i = 0; i < 400; i++) {
        struct model_geo_place at = {-17.8, i % 2 == 0 ? 179.9 : -179.9};
        learn(&g, START + i * SPAN, at);
    }
    assert_int_equal(g.n, 1);
    assert_true(anchor(&g, (struct model_geo_place){-17.8, -179.7}) < 5);
    assert_true(anchor(&g, (struct model_geo_place){-17.8, 0}) >= 60);
    model_geo_init(&g, SPAN);
    for (int i = 0; i < 400; i++)
        learn(&g, START + i * SPAN, (struct model_geo_place){89.9, i % 360 - 180});
    assert_int_equal(g.n, 1);
    assert_true(anchor(&g, (struct model_geo_place){90, 0}) < 5);
    assert_true(
        fabs(model_geo_km((struct model_geo_place){90, 0}, (struct model_geo_place){-90, 0}) -
             6371 * M_PI) < 0.01);
}

/* Places all over the earth: never more clusters than there is room for, and none is news. */
static void all_over(void **state)
{
    (void)state;
    struct rng r;
    struct model_geo g;
    struct model_geo_place list[MODEL_GEO_PLACES];
    rng_init(&r, 5);
    model_geo_init(&g, TIME_HOUR);
    for (int b = 0; b < 300; b++) {
        size_t n = b % 50 == 0 ? MODEL_GEO_PLACES : 1 + rng_below(&r, 8);
        for (size_t i = 0; i < n; i++)
            list[i] = (struct model_geo_place){asin(2 * (double)rng_below(&r, 10001) / 1e4 - 1) *
                                                   180 / M_PI,
                                               (double)rng_below(&r, 3600) / 10 - 180};
        if (b >= 50)
            assert_true(anchor(&g, list[0]) < 25);
        model_geo_learn(&g, b * TIME_HOUR, list, n);
        assert_true(g.n <= MODEL_GEO_CLUSTERS);
        double sum = 0;
        for (size_t i = 0; i < g.n; i++) {
            assert_true(g.clusters[i].weight > 0 && g.clusters[i].scatter >= 0);
            sum += (double)g.clusters[i].weight;
        }
        assert_true(sum >= g.buckets * 0.9);
    }
}

/* What was left long ago is forgotten. */
static void fades(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 8);
    struct model_geo g = at_home(7, &r);
    for (int i = 0; i < 20; i++)
        learn(&g, START + 7 * TIME_DAY + i * SPAN, tokyo);
    for (int d = 8; d < 250; d++) {
        for (int q = 0; q < 20; q++)
            learn(&g, START + d * TIME_DAY + q * SPAN, about(berlin, 15, &r));
    }
    assert_true(anchor(&g, tokyo) >= 60);
    assert_true(g.n <= 2);
}

static void state_is_kept(void **state)
{
    (void)state;
    struct rng r;
    rng_init(&r, 9);
    struct model_geo g = at_home(9, &r);
    learn(&g, START + 9 * TIME_DAY, paris);
    struct buf b;
    buf_init(&b);
    model_geo_save(&g, &b);
    struct model_geo back;
    struct cursor in = cursor_make(b.p, b.n);
    assert_int_equal(model_geo_load(&in, SPAN, &back), ERR_NONE);
    assert_int_equal(in.left, 0);
    for (int i = 0; i < 300; i++) {
        struct model_geo_place at = about(i % 3 == 0 ? paris : berlin, 500, &r);
        assert_true(judge(&g, at, NULL) == judge(&back, at, NULL));
        learn(&g, START + 10 * TIME_DAY + i * SPAN, at);
        learn(&back, START + 10 * TIME_DAY + i * SPAN, at);
    }
    for (size_t cut = 0; cut < b.n; cut += 3) {
        in = cursor_make(b.p, cut);
        assert_int_equal(model_geo_load(&in, SPAN, &back), ERR_FORMAT);
    }
    /* No unit vector, no weight, more scatter than there can be. */
    static const size_t at[] = {0, 3, 4};
    static const double bad[] = {1.5, 0, 1e8};
    size_t first = 2 + 4 + 8 + 8 + 8 * MODEL_GEO_BINS;
    for (size_t i = 0; i < 3; i++) {
        char kept[8];
        char *p = b.p + first + 8 * at[i];
        memcpy(kept, p, 8);
        memcpy(p, &bad[i], 8);
        in = cursor_make(b.p, b.n);
        assert_int_equal(model_geo_load(&in, SPAN, &back), ERR_FORMAT);
        memcpy(p, kept, 8);
    }
    b.p[0] = 2;
    in = cursor_make(b.p, b.n);
    assert_int_equal(model_geo_load(&in, SPAN, &back), ERR_VERSION);
    buf_release(&b);
}

/* Times before 1970 and times that go back; several members in one bucket. */
static void odd_times(void **state)
{
    (void)state;
    struct model_geo g;
    struct rng r;
    rng_init(&r, 4);
    model_geo_init(&g, SPAN);
    for (int i = 0; i < 2000; i++) {
        ts_ns t = (i * 7919 % 4001 - 2000) * TIME_HOUR;
        struct model_geo_place at = {(double)rng_below(&r, 181) - 90,
                                     (double)rng_below(&r, 361) - 180};
        (void)judge(&g, at, NULL);
        learn(&g, t, at);
    }
    model_geo_init(&g, SPAN);
    for (int i = 0; i < 100; i++)
        learn(&g, START, berlin);
    assert_int_equal(g.seen, 1);
    assert_true(g.buckets == 100);
    struct model_geo_judgement j;
    judge(&g, tokyo, &j);
    assert_false(j.judged);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(golden_numbers),
                                       cmocka_unit_test(elsewhere_is_unusual),
                                       cmocka_unit_test(the_young_say_little),
                                       cmocka_unit_test(travellers),
                                       cmocka_unit_test(farther_than_ever),
                                       cmocka_unit_test(edges_of_the_map),
                                       cmocka_unit_test(all_over),
                                       cmocka_unit_test(fades),
                                       cmocka_unit_test(state_is_kept),
                                       cmocka_unit_test(odd_times)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
