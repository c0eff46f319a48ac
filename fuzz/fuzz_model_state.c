/* SPDX-License-Identifier: Apache-2.0 */
/* Saved models from a hostile hand: refused, or usable and finite. */
#include "base/assert.h"
#include "model/clock.h"
#include "model/forecast.h"
#include "model/geo.h"
#include "model/history.h"
#include "model/newcomers.h"
#include "model/population.h"
#include "model/rare.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void look_ahead(const struct model_series *s, ts_ns span)
{
    static const ts_ns ahead[] = {1, 96, 3000, 400000};
    if (!model_forecast_ready(s) || model_series_last(s) > 100 * 366 * TIME_DAY)
        return;
    for (size_t i = 0; i < sizeof(ahead) / sizeof(ahead[0]); i++) {
        struct model_forecast f;
        model_forecast_at(s, model_series_last(s) + ahead[i] * span, &f);
        ASSERT(isfinite(f.prediction) && f.lower <= f.prediction && f.prediction <= f.upper &&
               isfinite(f.lower) && isfinite(f.upper));
    }
}

static void use_series(struct cursor *c, enum model_kind kind)
{
    struct model_params params = {15 * TIME_MIN, kind, MODEL_BOTH, false};
    struct model_series *s;
    if (model_series_load(c, &params, &s) != ERR_NONE)
        return;
    look_ahead(s, params.bucket_span);
    for (int i = 0; i < 30; i++) {
        struct model_observation o = {i * params.bucket_span, (i % 7) * 1e3, 1, 1};
        struct model_judgement j;
        model_series_judge(s, &o, &j);
        ASSERT(isfinite(j.log_p) && j.log_p <= 0 && isfinite(j.typical));
        model_series_learn(s, &o);
    }
    look_ahead(s, params.bucket_span);
    model_series_free(s);
}

static void use_population(struct cursor *c)
{
    struct model_params params = {15 * TIME_MIN, MODEL_SUM, MODEL_BOTH, false};
    struct model_population p;
    struct model_member m;
    if (model_population_load(c, &params, &p) != ERR_NONE || model_member_load(c, &m) != ERR_NONE)
        return;
    struct model_observation o = {0, 1e6, 1, 1};
    struct model_judgement j;
    model_population_judge(&p, &m, &o, &j);
    ASSERT(isfinite(j.log_p) && j.log_p <= 0 && isfinite(j.typical));
    model_population_learn(&p, &m, &o);
    model_population_close(&p, 0);
}

static void use_newcomers(struct cursor *c)
{
    static const double values[] = {-5, 0, 1, 3, 1e6, 1e30};
    struct model_params params = {15 * TIME_MIN, (enum model_kind)(cursor_u8(c) % 3), MODEL_BOTH,
                                  false};
    struct model_newcomers m;
    if (model_newcomers_load(c, &params, &m) != ERR_NONE)
        return;
    for (int i = 0; i < 40; i++) {
        struct model_observation o = {i * params.bucket_span, values[i % 6], 1, 1};
        struct model_judgement j;
        model_newcomers_judge(&m, &o, &j);
        ASSERT(isfinite(j.log_p) && j.log_p <= 0 && isfinite(j.typical));
        ASSERT(isfinite(j.lower) && isfinite(j.upper));
        if (!model_newcomers_takes(&m, o.value))
            continue;
        model_newcomers_open(&m, o.time, 2);
        model_newcomers_learn(&m, &o);
    }
}

static void use_rare(struct cursor *c)
{
    struct model_rare r;
    struct model_rare_value v;
    struct model_rare_judgement j;
    struct model_history h;
    if (model_rare_load(c, TIME_HOUR, &r) != ERR_NONE || model_rare_value_load(c, &v) != ERR_NONE ||
        model_history_load(c, TIME_HOUR, &h) != ERR_NONE)
        return;
    model_rare_judge(&r, &v, 0, 0, 0, &j);
    ASSERT(isfinite(j.log_p) && j.log_p <= 0);
    model_rare_learn(&r, &v, 0, 0, 0);
    model_rare_close(&r, 0);
    model_history_add(&h, 0, 80);
    ASSERT(model_history_score(&h, 80, 2, 1) <= 80);
}

static void use_clock(struct cursor *c)
{
    struct model_clock m;
    if (model_clock_load(c, MODEL_CLOCK_DAY, &m) != ERR_NONE)
        return;
    for (size_t i = 0; i < 30; i++) {
        struct model_clock_judgement j;
        model_clock_judge(&m, (ts_ns)i * TIME_HOUR, i, &j);
        ASSERT(isfinite(j.log_p) && j.log_p <= 0 && isfinite(j.typical));
        model_clock_learn(&m, (ts_ns)i * TIME_HOUR, i);
    }
}

static void use_geo(struct cursor *c)
{
    struct model_geo m;
    struct model_geo_place at[3];
    if (model_geo_load(c, TIME_HOUR, &m) != ERR_NONE)
        return;
    for (int i = 0; i < 60; i++) {
        for (int k = 0; k < 3; k++) {
            struct model_geo_judgement j;
            at[k] = (struct model_geo_place){(i * 7 + k * 31) % 181 - 90, (i * 13 + k) % 361 - 180};
            model_geo_judge(&m, at[k], &j);
            ASSERT(isfinite(j.log_p) && j.log_p <= 0);
            ASSERT(fabs(j.typical.lat) <= 90 && fabs(j.typical.lon) <= 180);
        }
        model_geo_learn(&m, (ts_ns)i * TIME_HOUR, at, 3);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_make(data, size);
    uint8_t which = cursor_u8(&c) % 9;
    if (which < 3)
        use_series(&c, (enum model_kind)which);
    else if (which == 3)
        use_population(&c);
    else if (which == 4)
        use_rare(&c);
    else if (which == 5)
        use_clock(&c);
    else if (which == 6)
        use_geo(&c);
    else if (which == 7)
        use_newcomers(&c);
    else
        use_series(&c, MODEL_CONTENT);
    return 0;
}
