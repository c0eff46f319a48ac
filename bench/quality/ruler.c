/* SPDX-License-Identifier: Apache-2.0 */
#include "ruler.h"

#include "base/rng.h"
#include "family.h"
#include "series.h"

#include <math.h>
#include <stdio.h>

#define PLANS 200
#define DRAWS 300 /* a plan */
#define SHARE 0.005
#define SIGMAS 5.0 /* beyond which it is no chance */

static bool whole(enum quality_law_kind kind)
{
    return kind == QUALITY_POISSON || kind == QUALITY_NEGBIN;
}

/* A value put in at log_p is no likelier, and a little less unusual a value is. */
static bool put_in_well(const struct quality_law *l, double log_p, bool high)
{
    double x;
    if (!quality_law_at(l, log_p, high, &x))
        return !high && quality_law_tail(l, 0, false) > log_p;
    double tail = quality_law_tail(l, x, high);
    if (tail > log_p + 1e-6 * fabs(log_p))
        return false;
    if (whole(l->kind))
        return quality_law_tail(l, high ? x - 1 : x + 1, high) > log_p;
    return tail > log_p - 1e-3 * fabs(log_p);
}

static bool check_family(const struct quality_family *f, uint64_t seed, bool held_out)
{
    struct quality_run run = {.seed = seed, .held_out = held_out};
    struct rng r;
    double below[2] = {0, 0};
    int wrong = 0;
    rng_init(&r, quality_run_seed(&run, f->name, 0));
    for (int i = 0; i < PLANS; i++) {
        struct quality_plan plan;
        struct quality_law l;
        quality_plan_draw(f, &r, held_out, &plan);
        ts_ns time = (ts_ns)rng_below(&r, (uint64_t)QUALITY_END);
        quality_family_law(f, &plan, time, rng_below(&r, 2) == 0, &l);
        for (int k = 0; k < DRAWS; k++) {
            double x = quality_law_draw(&l, &r);
            for (int high = 0; high < 2; high++)
                below[high] += quality_law_tail(&l, x, high) <= log(SHARE);
        }
        double log_p = -(5 + 9 * rng_f64(&r)) * M_LN10;
        wrong += !put_in_well(&l, log_p, true);
        if (f->zero <= 0)
            wrong += !put_in_well(&l, log_p, false);
    }
    double n = (double)PLANS * DRAWS;
    double most = SIGMAS * sqrt(SHARE / n);
    bool good = wrong == 0;
    for (int high = 0; high < 2; high++) {
        double share = below[high] / n;
        bool exact = !whole(f->law) && (f->zero <= 0 || high);
        good = good && share < SHARE + most && (!exact || share > SHARE - most);
    }
    printf("{\"bench\":\"quality_ruler\",\"family\":\"%s\",\"held_out\":%s,\"low\":%.5f,"
           "\"high\":%.5f,\"share\":%g,\"wrong\":%d,\"good\":%s}\n",
           f->name, held_out ? "true" : "false", below[0] / n, below[1] / n, SHARE, wrong,
           good ? "true" : "false");
    return good;
}

bool quality_ruler_check(uint64_t seed)
{
    bool good = true;
    for (size_t i = 0; i < quality_families_n; i++)
        for (int held_out = 0; held_out < 2; held_out++)
            good = check_family(&quality_families[i], seed, held_out) && good;
    return good;
}
