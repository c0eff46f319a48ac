/* SPDX-License-Identifier: Apache-2.0 */
/* Growth that goes on from week to week: a level that remembers weeks would always lie behind it.
 */
#include "base/mem.h"
#include "model/number.h"
#include "model/series_priv.h"

#include <math.h>
#include <string.h>

#define MEMORY 28.0 /* days */
#define PART 0.8    /* of a day's buckets, or it is not compared */
#define DOUBT 4.0   /* squared standard errors by which what is believed is drawn to none */
#define MOST_FOLLOWS 0.95
#define HALF_EVENT 0.5
#define MOST_GROWTH 0.35 /* of logarithms, a day */
#define MOST_LEVEL 1e31

static double buckets_a_day(const struct model_series *s)
{
    return (double)TIME_DAY / (double)s->bucket_span;
}

void model_drift_begin(struct model_series *s)
{
    if (s->drift == NULL)
        s->drift = mem_zero(1, sizeof(*s->drift));
}

void model_drift_forget(struct model_series *s)
{
    if (s->drift == NULL)
        return;
    memset(s->drift, 0, sizeof(*s->drift));
    s->of_day = 0;
}

/* What one day has grown by since the same day of the week before, a day. */
static void compare(struct model_drift *d, double growth)
{
    double n = (double)d->days;
    double off = growth - d->mean;
    double gain = 1 / (n + 1);
    d->mean += off * gain;
    d->spread += (off * (growth - d->mean) - d->spread) * gain;
    d->follows += (off * d->off - d->follows) * gain;
    d->off = off;
    d->days = (float)model_min(n + 1, MEMORY);
}

/*
 * n differences over a week share their days but for those of the first week and the last: the mean
 * varies by 7 / n^2 of what one does. Differences that go with that of the day before say as much
 * as fewer do: a level that walks grows by chance.
 */
void model_drift_believe(struct model_series *s)
{
    struct model_drift *d = s->drift;
    double n = (double)d->days;
    d->growth = 0;
    if (n < MODEL_DRIFT_DAYS)
        return;
    double r = d->spread > 0 ? model_min(model_max(d->follows / d->spread, 0), MOST_FOLLOWS) : 0;
    double error = d->spread * MODEL_DRIFT_DAYS / (n * (n - 1)) * (1 + r) / (1 - r);
    double square = d->mean * d->mean;
    if (!(square > DOUBT * error))
        return;
    double slope = d->mean * (1 - DOUBT * error / square);
    if (s->scale != SCALE_LINEAR)
        slope = model_min(model_max(slope, -MOST_GROWTH), MOST_GROWTH);
    d->growth = (float)(slope / buckets_a_day(s));
}

static uint32_t place_of(int64_t day)
{
    int64_t at = day % MODEL_DRIFT_DAYS;
    return (uint32_t)(at < 0 ? at + MODEL_DRIFT_DAYS : at);
}

/* The day that goes on had most of its buckets. */
static bool is_whole(const struct model_series *s)
{
    return (double)s->of_day >= PART * buckets_a_day(s);
}

static void end_day(struct model_series *s, int64_t today)
{
    struct model_drift *d = s->drift;
    uint32_t at = place_of(d->today);
    uint8_t bit = (uint8_t)(1U << at);
    bool whole = is_whole(s);
    double mean = s->of_day > 0.0F ? d->sum / (double)s->of_day : 0;
    double level = s->scale == SCALE_RATIO ? log(mean + HALF_EVENT / buckets_a_day(s)) : mean;
    if (whole && (d->known & bit) != 0) {
        compare(d, (level - d->day[at]) / MODEL_DRIFT_DAYS);
        model_drift_believe(s);
    }
    d->known = (uint8_t)(whole ? d->known | bit : d->known & ~bit);
    d->day[at] = level;
    /* Days without a word are not known. */
    if (today < d->today || today - d->today > MODEL_DRIFT_DAYS)
        d->known = 0;
    for (int64_t k = d->today + 1; k < today && d->known != 0; k++)
        d->known &= (uint8_t) ~(1U << place_of(k));
    d->today = today;
    d->sum = 0;
}

/* All but the nervous ones go on; these are where values are. */
static void move_levels(struct model_series *s, double growth)
{
    double most = s->scale == SCALE_LOG ? MODEL_LOG_FARTHEST : MOST_LEVEL;
    for (int i = 0; i < s->levels; i++) {
        struct model_level *l = model_level_at(s, i);
        if (i == LEVEL_TREND || i == LEVEL_FAST || !(l->n > 0.0F))
            continue;
        double a = s->scale == SCALE_RATIO ? l->a * (1 + growth) : l->a + growth;
        l->a = model_min(model_max(a, -most), most);
    }
}

static int64_t day_of(ts_ns time)
{
    return time_floor(time, TIME_DAY) / TIME_DAY;
}

/* Of many series no day is ever whole: those have nothing to compare. */
static void begin(struct model_series *s, int64_t today)
{
    model_drift_begin(s);
    if (s->drift != NULL)
        s->drift->today = today;
}

void model_drift_learn(struct model_series *s, ts_ns time, double y)
{
    int64_t today = day_of(time);
    int64_t before = s->drift != NULL       ? s->drift->today
                     : s->last != TIME_NONE ? day_of(s->last)
                                            : today;
    if (today != before && s->drift != NULL)
        end_day(s, today);
    else if (today != before && s->daily != NULL && model_season_ready(s->daily) && is_whole(s))
        begin(s, today);
    if (today != before)
        s->of_day = 0;
    s->of_day += 1.0F;
    if (s->drift == NULL)
        return;
    s->drift->sum += y;
    if (s->drift->growth != 0.0F)
        move_levels(s, (double)s->drift->growth);
}

void model_drift_part(struct model_series *s)
{
    if (s->drift == NULL)
        return;
    s->drift->known = 0;
    s->drift->sum = 0;
    s->of_day = 0;
}
