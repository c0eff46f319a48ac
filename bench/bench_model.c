/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a bucket costs: judging and learning one series of each kind, after four weeks of 15-minute
 * buckets with daily and weekly seasons, one population member, and places. Processor time, one
 * thread.
 */
#include "base/rng.h"
#include "model/geo.h"
#include "model/population.h"
#include "model/series.h"

#include <math.h>
#include <stdio.h>
#include <time.h>

#define SPAN (15 * TIME_MIN)
#define SERIES 200
#define BUCKETS 4000
#define MEMBERS 1000
#define TOLD (-3.9) /* what is expected is said of what is less probable, as the engine asks */

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void print(const char *name, double seconds, double n, double bytes, double check)
{
    printf("{\"bench\":\"model\",\"case\":\"%s\",\"ns_per_op\":%.1f,\"items_per_s\":%.0f,"
           "\"bytes\":%.0f,\"check\":%.6g}\n",
           name, seconds / n * 1e9, n / seconds, bytes, check);
}

static double draw(int kind, int i, struct rng *r)
{
    double wave = 1.5 + sin(2 * M_PI * i / 96.0);
    double noise = 1 + 0.2 * rng_normal(r);
    switch (kind) {
    case 0:
        return floor(fmax(200 * wave * noise, 0));
    case 1:
        return i % 3 == 0 ? floor(rng_f64(r) * 2) : 0;
    case 2:
        return exp(12 + wave + rng_normal(r));
    default:
        return 50 + 10 * wave + 3 * noise;
    }
}

static void bench_series(int kind)
{
    static const char *const names[] = {"count", "sparse_count", "sum", "mean"};
    static const enum model_kind kinds[] = {MODEL_COUNT, MODEL_COUNT, MODEL_SUM, MODEL_VALUE};
    static struct model_series *s[SERIES];
    static double values[BUCKETS];
    struct model_params params = {SPAN, kinds[kind], MODEL_HIGH, false};
    struct rng r;
    rng_init(&r, 1);
    for (int i = 0; i < BUCKETS; i++)
        values[i] = draw(kind, i, &r);
    for (int k = 0; k < SERIES; k++)
        s[k] = model_series_new(&params);
    double check = 0;
    double start = now();
    for (int i = 0; i < BUCKETS; i++) {
        for (int k = 0; k < SERIES; k++) {
            struct model_observation o = {i * SPAN, values[(i + k * 96) % BUCKETS], 1, 1};
            struct model_judgement j;
            model_series_judge_and_learn(s[k], &o, TOLD, &j);
            check += j.log_p;
        }
    }
    print(names[kind], now() - start, (double)SERIES * BUCKETS, (double)model_series_memory(s[0]),
          check);
    for (int k = 0; k < SERIES; k++)
        model_series_free(s[k]);
}

static void bench_population(void)
{
    static struct model_member m[MEMBERS];
    struct model_params params = {SPAN, MODEL_SUM, MODEL_HIGH, false};
    struct model_population p;
    struct rng r;
    rng_init(&r, 2);
    model_population_init(&p, &params);
    for (int i = 0; i < MEMBERS; i++)
        model_member_init(&m[i]);
    double check = 0;
    double start = now();
    for (int b = 0; b < 1000; b++) {
        for (int pass = 0; pass < 2; pass++) {
            for (int i = 0; i < MEMBERS; i++) {
                struct model_observation o = {b * SPAN, exp(5 + (i * 7 + b) % 13 * 0.3), 1, 1};
                struct model_judgement j;
                if (pass == 0) {
                    model_population_judge(&p, &m[i], &o, &j);
                    check += j.log_p;
                } else {
                    model_population_learn(&p, &m[i], &o);
                }
            }
        }
        model_population_close(&p, b * SPAN);
    }
    print("population_member", now() - start, 1000.0 * MEMBERS, sizeof(struct model_member), check);
}

/* Places about so many towns: one a bucket, judged and learned. */
static void bench_geo(const char *name, uint64_t towns)
{
    struct model_geo g;
    struct rng r;
    rng_init(&r, 3);
    model_geo_init(&g, SPAN);
    double check = 0;
    double start = now();
    for (int b = 0; b < BUCKETS * 10; b++) {
        uint64_t town = rng_below(&r, towns);
        struct model_geo_place p = {(double)(town * 53 % 120) - 60 + 0.1 * rng_normal(&r),
                                    (double)(town * 97 % 340) - 170};
        struct model_geo_judgement j;
        model_geo_judge(&g, p, &j);
        model_geo_learn(&g, b * SPAN, &p, 1);
        check += j.log_p;
    }
    print(name, now() - start, BUCKETS * 10.0, sizeof(g), check);
}

int main(void)
{
    for (int kind = 0; kind < 4; kind++)
        bench_series(kind);
    bench_population();
    bench_geo("places_of_two_towns", 2);
    bench_geo("places_of_a_hundred_towns", 100);
    return 0;
}
