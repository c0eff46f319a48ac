/* SPDX-License-Identifier: Apache-2.0 */
/* What is learned of a spread, and from how many values. */
#include "model/number.h"
#include "model/series_priv.h"

#define TAU 500.0 /* buckets: enough to know a spread, few enough to forget a bad week */
#define YOUNG_MEMORY 8.0
#define LEAST_MEAN 1e-3
#define LEAST_VALUES 1e-3 /* behind a weight, however much of it was forgotten */

double model_spread_memory(const struct model_series *s)
{
    return YOUNG_MEMORY + (double)s->total / 2;
}

void model_spread_learn(struct model_series *s, const struct model_point *p, double square)
{
    bool ratio = s->scale == SCALE_RATIO;
    double m = ratio ? model_max(p->mean, LEAST_MEAN) : 1;
    double fade = 1 - 1 / model_min(model_min(s->tau, TAU), model_spread_memory(s));
    double before = s->spread_weight * fade;
    double weight = before + m * m;
    double squares =
        m * m * m * m + before * before / model_max((double)s->spread_values, LEAST_VALUES);
    s->spread = s->spread * fade + (ratio ? square - m : square);
    s->spread_weight = weight;
    s->spread_values = (float)(weight * weight / squares);
}

void model_spread_forget(struct model_series *s, double keep)
{
    s->spread *= keep;
    s->spread_weight *= keep;
    s->spread_values *= (float)keep;
}
