/* SPDX-License-Identifier: Apache-2.0 */
#include "ruler.h"

#include "base/rng.h"
#include "family.h"
#include "learner.h"
#include "series.h"
#include "stats/dist.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLANS 16
#define PLANS_SHORT 4        /* of short buckets, which are many */
#define STEP (30 * TIME_MIN) /* at the least between what is foretold */
#define DAYS_LEARNED 21
#define SHARE 0.01
#define SIGMAS 5.0
#define DIGITS 10.0 /* of what is put in, and how far from them a learner may be on average */
#define DIGITS_OFF 2.0
#define KNOWN_VALUES 168
#define KNOWN_OFF 0.02 /* of a logarithm */

static const char *const names[QUALITY_KNOWINGS] = {"form", "law", "scale"};

static const struct quality_family *family(const char *name)
{
    for (size_t i = 0; i < quality_families_n; i++)
        if (strcmp(quality_families[i].name, name) == 0)
            return &quality_families[i];
    return NULL;
}

static bool agrees(const char *name, double learned, double known)
{
    bool good = fabs(learned - known) < KNOWN_OFF * fabs(known);
    printf("{\"bench\":\"quality_ruler_learner\",\"case\":\"%s\",\"learned\":%.3f,\"known\":%.3f,"
           "\"good\":%s}\n",
           name, learned, known, good ? "true" : "false");
    return good;
}

/* Of what is lognormal and has no season Student's t is foretold. */
static bool check_lognormal(struct rng *r)
{
    double value[KNOWN_VALUES];
    double sum = 0;
    double squares = 0;
    double n = KNOWN_VALUES;
    for (int i = 0; i < KNOWN_VALUES; i++) {
        double y = 9 + 0.7 * rng_normal(r);
        value[i] = exp(y);
        sum += y;
        squares += y * y;
    }
    double mean = sum / n;
    double sd = sqrt((squares - n * mean * mean) / (n - 1) * (1 + 1 / n));
    struct quality_learner *l = quality_learner_new(family("bytes"), false, QUALITY_KNOWS_FORM);
    bool good = l != NULL && quality_learner_fit(l, value, KNOWN_VALUES);
    for (int sign = -1; good && sign <= 1; sign += 2) {
        double y = 9 + sign * 4.5;
        good = agrees("lognormal", quality_learner_log_p(l, 0, exp(y)),
                      stats_dist_two_sided(stats_dist_student(y, mean, sd, n - 1)));
    }
    quality_learner_free(l);
    return good;
}

/* Of Poisson counts, after a sum of k in n buckets, a negative binomial law of size k. */
static bool check_poisson(struct rng *r)
{
    double value[KNOWN_VALUES];
    double sum = 0;
    for (int i = 0; i < KNOWN_VALUES; i++)
        sum += value[i] = quality_poisson_draw(r, 5);
    struct quality_learner *l = quality_learner_new(family("count"), false, QUALITY_KNOWS_FORM);
    bool good = l != NULL && quality_learner_fit(l, value, KNOWN_VALUES) &&
                agrees("poisson", quality_learner_log_p(l, 0, 25),
                       stats_dist_two_sided(stats_dist_negbin(25, sum / KNOWN_VALUES, sum)));
    quality_learner_free(l);
    return good;
}

struct honesty {
    double n;
    double below;
    double put_in;
    double digits;
};

/* Three weeks, the day after them, and one value that is put in. */
static void one_plan(const struct quality_family *f, struct rng *r, bool held_out,
                     enum quality_knowing knows, struct honesty *out)
{
    struct quality_plan plan;
    struct quality_law law;
    size_t n = (size_t)(DAYS_LEARNED * TIME_DAY / f->span);
    ts_ns step = f->span > STEP ? f->span : STEP;
    struct quality_learner *l = quality_learner_new(f, held_out, knows);
    double *value = calloc(n, sizeof(*value));
    quality_plan_draw(f, r, held_out, &plan);
    for (size_t i = 0; value != NULL && i < n; i++) {
        quality_family_law(f, &plan, (ts_ns)i * f->span, false, &law);
        value[i] = quality_law_draw(&law, r);
    }
    if (l != NULL && value != NULL && quality_learner_fit(l, value, n)) {
        for (ts_ns time = DAYS_LEARNED * TIME_DAY; time < (DAYS_LEARNED + 1) * TIME_DAY;
             time += step) {
            double x;
            quality_family_law(f, &plan, time, false, &law);
            out->n++;
            out->below += quality_learner_log_p(l, time, quality_law_draw(&law, r)) <= log(SHARE);
            if (!quality_law_at(&law, -DIGITS * M_LN10 - M_LN2, true, &x))
                continue;
            out->put_in++;
            out->digits -= quality_learner_log_p(l, time, x) / M_LN10;
        }
    }
    free(value);
    quality_learner_free(l);
}

static bool check_family(const struct quality_family *f, uint64_t seed, bool held_out,
                         enum quality_knowing knows)
{
    struct quality_run run = {.seed = seed, .held_out = held_out};
    struct honesty h = {0};
    struct rng r;
    rng_init(&r, quality_run_seed(&run, f->name, 1));
    for (int i = 0; i < (f->span < STEP / 2 ? PLANS_SHORT : PLANS); i++)
        one_plan(f, &r, held_out, knows, &h);
    double share = h.below / fmax(h.n, 1);
    double digits = h.digits / fmax(h.put_in, 1);
    bool good =
        h.n > 0 && share < SHARE + SIGMAS * sqrt(SHARE / h.n) && fabs(digits - DIGITS) < DIGITS_OFF;
    printf(
        "{\"bench\":\"quality_ruler_learner\",\"family\":\"%s\",\"held_out\":%s,\"knows\":\"%s\","
        "\"below\":%.5f,\"share\":%g,\"digits\":%.2f,\"put_in\":%g,\"good\":%s}\n",
        f->name, held_out ? "true" : "false", names[knows], share, SHARE, digits, DIGITS,
        good ? "true" : "false");
    return good;
}

bool quality_ruler_check_learner(uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    bool good = check_lognormal(&r);
    good = check_poisson(&r) && good;
    for (size_t i = 0; i < quality_families_n; i++)
        for (int k = 0; k < 2 * QUALITY_KNOWINGS; k++) {
            const struct quality_family *f = &quality_families[i];
            enum quality_knowing knows = (enum quality_knowing)(k / 2);
            if (quality_learner_is(f, knows))
                good = check_family(f, seed, k % 2 > 0, knows) && good;
        }
    return good;
}
