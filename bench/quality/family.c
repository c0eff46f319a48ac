/* SPDX-License-Identifier: Apache-2.0 */
#include "family.h"

#include "base/rng.h"

#include <math.h>

#define M5 (5 * TIME_MIN)
#define M15 (15 * TIME_MIN)
#define BOTH (QUALITY_SPIKE | QUALITY_DIP)

/* Bursts: how much of the wandering level is left after a bucket, and its deviation. */
#define BURST_KEPT 0.8
#define BURST_SPREAD 0.7

const struct quality_family quality_families[] = {
    {.name = "count",
     .function = "count",
     .span = M5,
     .law = QUALITY_POISSON,
     .kinds = BOTH,
     .what = "Poisson counts, no season"},
    {.name = "count_day",
     .function = "count",
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_POISSON,
     .kinds = BOTH,
     .what = "Poisson counts with a day"},
    {.name = "negbin_day",
     .function = "count",
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .what = "over-dispersed counts with a day"},
    {.name = "negbin_week",
     .function = "count",
     .span = M5,
     .shape = QUALITY_WEEK,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .what = "over-dispersed counts with day and weekend"},
    {.name = "negbin_week_1h",
     .function = "count",
     .span = TIME_HOUR,
     .shape = QUALITY_WEEK,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .what = "the same in buckets of an hour"},
    {.name = "bytes",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .law = QUALITY_LOGNORMAL,
     .kinds = BOTH,
     .what = "lognormal amounts, no season"},
    {.name = "bytes_day",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_LOGNORMAL,
     .kinds = BOTH,
     .what = "lognormal amounts with a day"},
    {.name = "bytes_week_15m",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M15,
     .shape = QUALITY_WEEK,
     .law = QUALITY_LOGNORMAL,
     .kinds = BOTH,
     .what = "lognormal amounts with day and weekend, 15 minutes"},
    {.name = "bytes_day_3h",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = 3 * TIME_HOUR,
     .shape = QUALITY_DAY,
     .law = QUALITY_LOGNORMAL,
     .kinds = BOTH,
     .what = "lognormal amounts with a day, 3 hours"},
    {.name = "mean_day",
     .function = "mean",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_NORMAL,
     .kinds = BOTH,
     .what = "means of values with a day, normal law"},
    {.name = "sparse_count",
     .function = "count",
     .span = M5,
     .law = QUALITY_POISSON,
     .kinds = QUALITY_SPIKE,
     .zero = 0.97,
     .what = "events in 3 of 100 buckets"},
    {.name = "sparse_bytes",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M15,
     .law = QUALITY_LOGNORMAL,
     .kinds = QUALITY_SPIKE,
     .zero = 0.97,
     .what = "amounts in 3 of 100 buckets"},
    {.name = "trend",
     .function = "count",
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_POISSON,
     .kinds = BOTH,
     .trend = true,
     .what = "counts with a day that grow or shrink by up to 35 % a week"},
    {.name = "shift",
     .function = "count",
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .change = QUALITY_SHIFT,
     .least_rate = 10,
     .what = "the level rises or falls by a factor of 2 to 4.5, once"},
    {.name = "shift_1h",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = TIME_HOUR,
     .shape = QUALITY_DAY,
     .law = QUALITY_LOGNORMAL,
     .kinds = BOTH,
     .change = QUALITY_SHIFT,
     .what = "the same for amounts in buckets of an hour"},
    {.name = "scale",
     .function = "mean",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_NORMAL,
     .kinds = BOTH,
     .change = QUALITY_SCALE,
     .what = "the spread grows or shrinks by a factor of 2 to 4.5, once"},
    {.name = "clock",
     .function = "count",
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .change = QUALITY_CLOCK,
     .least_rate = 50,
     .what = "daylight saving: on one day the pattern moves by an hour"},
    {.name = "outage",
     .function = "count",
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_NEGBIN,
     .kinds = QUALITY_OUTAGE,
     .least_rate = 50,
     .what = "nothing comes for 30 minutes to 8 hours"},
    {.name = "leak",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_LOGNORMAL,
     .kinds = QUALITY_LEAK,
     .what = "each of 24 to 48 buckets is raised by 1.6 to 2.3 deviations"},
    {.name = "cycle_90m",
     .function = "mean",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_CYCLE,
     .law = QUALITY_NORMAL,
     .kinds = BOTH,
     .period = 90 * TIME_MIN,
     .what = "means with a cycle of 90 minutes"},
    {.name = "cycle_7h",
     .function = "count",
     .span = M5,
     .shape = QUALITY_CYCLE,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .period = 7 * TIME_HOUR,
     .least_rate = 10,
     .what = "counts with a cycle of 7 hours"},
    {.name = "loud_hours",
     .function = "mean",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_FLAT,
     .law = QUALITY_NORMAL,
     .kinds = BOTH,
     .loud_hours = true,
     .what = "means whose spread by day is 4 to 8 times that by night"},
    {.name = "two_modes",
     .function = "mean",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .law = QUALITY_TWO,
     .kinds = BOTH,
     .what = "means about one of two levels"},
    {.name = "office",
     .function = "count",
     .span = M15,
     .shape = QUALITY_OFFICE,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .least_rate = 50,
     .what = "counts of an office: 15 to 50 times as many from eight to six on weekdays"},
    {.name = "nightly",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M15,
     .shape = QUALITY_NIGHTLY,
     .law = QUALITY_LOGNORMAL,
     .kinds = BOTH,
     .what = "amounts with a backup of 20 to 100 times as much for half an hour each night"},
    {.name = "bursts",
     .function = "sum",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .law = QUALITY_LOGNORMAL,
     .kinds = QUALITY_SPIKE,
     .bursts = true,
     .what = "amounts whose level wanders: large ones come together"},
    {.name = "max_heavy",
     .function = "max",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_MAX,
     .kinds = BOTH,
     .what = "greatest of 3 to 30 lognormal values"},
    {.name = "min_heavy",
     .function = "min",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_MIN,
     .kinds = BOTH,
     .what = "least of 3 to 30 lognormal values"},
    {.name = "median",
     .function = "median",
     .feed = QUALITY_FEED_VALUE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_MEDIAN,
     .kinds = BOTH,
     .what = "median of 3 to 31 lognormal values"},
    {.name = "varp",
     .function = "varp",
     .feed = QUALITY_FEED_VARIANCE,
     .span = M5,
     .shape = QUALITY_DAY,
     .law = QUALITY_VARIANCE,
     .kinds = BOTH,
     .what = "variance of 5 to 30 normal values"},
    {.name = "distinct",
     .function = "distinct_count",
     .feed = QUALITY_FEED_STRINGS,
     .span = M15,
     .shape = QUALITY_DAY,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .what = "numbers of different values"},
    {.name = "info",
     .function = "info_content",
     .feed = QUALITY_FEED_STRINGS,
     .span = M15,
     .shape = QUALITY_DAY,
     .law = QUALITY_NEGBIN,
     .kinds = BOTH,
     .what = "information content of that many names"},
};
const size_t quality_families_n = sizeof(quality_families) / sizeof(quality_families[0]);

static double between(struct rng *r, double low, double high)
{
    return low + (high - low) * rng_f64(r);
}

void quality_plan_draw(const struct quality_family *f, struct rng *r, bool held_out,
                       struct quality_plan *p)
{
    double low = fmax(f->least_rate, f->zero > 0 ? 3 : 1);
    double high = f->feed == QUALITY_FEED_STRINGS ? 60 : fmax(400, 10 * low);
    bool counts = f->law == QUALITY_POISSON || f->law == QUALITY_NEGBIN;
    if (held_out)
        high *= f->feed == QUALITY_FEED_STRINGS ? 1.5 : 4;
    p->held_out = held_out;
    p->rate = exp(between(r, log(low), log(high)));
    p->size = counts ? between(r, 2, 22) : between(r, 0.2, 1.2);
    p->amplitude = held_out ? between(r, 0.4, 0.9) : between(r, 0.3, 0.8);
    p->phase = rng_f64(r);
    p->phase_week = held_out ? between(r, 0, 7) : 0;
    p->weekend = held_out ? between(r, 0.15, 0.6) : 0.3;
    p->slope = f->trend ? between(r, -0.2, 0.3) : 0;
    p->n = 3 + (double)rng_below(r, 28);
    if (f->law == QUALITY_MEDIAN)
        p->n += 1 - fmod(p->n, 2);
    if (f->law == QUALITY_VARIANCE)
        p->n = fmax(p->n, 5);
    p->far = between(r, 6, held_out ? 30 : 20);
    p->factor = exp((rng_below(r, 2) == 0 ? -1 : 1) * between(r, 0.7, 1.5));
    p->change_at = TIME_MAX;
    if (f->change == QUALITY_CLOCK)
        p->change_at = (QUALITY_CHANGE_FIRST + held_out) * TIME_DAY;
    else if (f->change != QUALITY_STEADY)
        p->change_at =
            QUALITY_CHANGE_FIRST * TIME_DAY +
            (ts_ns)rng_below(r, (uint64_t)(QUALITY_CHANGE_DAYS * TIME_DAY / f->span)) * f->span;
    p->wander = 0;
}

void quality_plan_wander(struct quality_plan *p, struct rng *r)
{
    p->wander =
        BURST_KEPT * p->wander + sqrt(1 - BURST_KEPT * BURST_KEPT) * BURST_SPREAD * rng_normal(r);
}

bool quality_family_at(const struct quality_family *f, const struct quality_plan *before,
                       const struct quality_law *law, double log_p, bool high, double *out)
{
    if (!f->bursts)
        return quality_law_at(law, log_p, high, out);
    double all;
    struct quality_law l = *law; /* its level without the wandering is a - wander */
    double level = law->a - before->wander;
    l.a = level;
    l.b = hypot(law->b, BURST_SPREAD);
    if (!quality_law_at(&l, log_p, high, &all))
        return false;
    l.a = level + BURST_KEPT * before->wander;
    l.b = hypot(law->b, BURST_SPREAD * sqrt(1 - BURST_KEPT * BURST_KEPT));
    if (!quality_law_at(&l, log_p, high, out))
        return false;
    *out = high ? fmax(*out, all) : fmin(*out, all);
    return true;
}

/* Between -1 and 1. The held-out day is a plateau of working hours with a dip at noon. */
static double wave(const struct quality_plan *p, double turns)
{
    double at = 2 * M_PI * (turns - p->phase);
    if (!p->held_out)
        return sin(at);
    return fmax(-1, tanh(3 * sin(at)) - 0.3 * exp(-30 * pow(sin(at) - 1, 2)));
}

/* How much of the day's level there is: doors open and close within a quarter of an hour. */
static double office(const struct quality_plan *p, double hour, double weekday)
{
    double open = 7 + 2 * p->phase;
    double close = open + (p->held_out ? 8 : 10);
    double night = 1 / (15 + 35 * (p->amplitude - 0.3) / 0.6);
    double in = fmin(fmax((hour - open) * 4, 0), 1) - fmin(fmax((hour - close) * 4, 0), 1);
    if (p->held_out && hour >= open + 4 && hour < open + 5)
        in *= 0.5; /* lunch */
    return weekday >= 5 ? night : night + (1 - night) * in;
}

static double nightly(const struct quality_plan *p, double hour)
{
    double at = hour - (p->held_out ? 20 : 1) - 3 * p->phase;
    return at >= 0 && at < 0.5 ? 20 + 160 * (p->amplitude - 0.3) : 1;
}

void quality_family_law(const struct quality_family *f, const struct quality_plan *p, ts_ns time,
                        bool changed, struct quality_law *out)
{
    if (changed && f->change == QUALITY_CLOCK)
        time += p->factor > 1 ? TIME_HOUR : -TIME_HOUR;
    ts_ns period = f->shape == QUALITY_CYCLE ? f->period : TIME_DAY;
    double day = (double)(time % period) / (double)period;
    double weekday = fmod((double)time / (double)TIME_DAY + p->phase_week, 7);
    double level = 1;
    if (f->shape == QUALITY_OFFICE)
        level = office(p, 24 * day, weekday);
    else if (f->shape == QUALITY_NIGHTLY)
        level = nightly(p, 24 * day);
    else if (f->shape != QUALITY_FLAT)
        level += p->amplitude * wave(p, day);
    if (f->shape == QUALITY_WEEK && weekday >= 5)
        level *= p->weekend;
    level *= exp(p->slope * (double)time / (double)(7 * TIME_DAY));
    if (changed && f->change == QUALITY_SHIFT)
        level *= p->factor;
    double spread = p->size;
    if (changed && f->change == QUALITY_SCALE)
        spread *= p->factor;
    if (f->loud_hours)
        spread *= 1 + (3 + 5 * p->amplitude) * (1 + wave(p, day)) / 2;
    *out = (struct quality_law){.kind = f->law, .b = spread, .n = p->n, .zero = f->zero};
    switch (f->law) {
    case QUALITY_POISSON:
    case QUALITY_NEGBIN:
        out->a = p->rate * level;
        break;
    case QUALITY_NORMAL:
        out->a = p->rate + 5 * (level - 1);
        break;
    case QUALITY_TWO:
        out->a = p->rate;
        out->c = p->rate + p->far * spread;
        out->d = 0.3;
        break;
    case QUALITY_VARIANCE:
        out->b = 30 * p->rate * sqrt(level);
        break;
    default:
        out->a = log(p->rate) + 6 + log(level) + p->wander;
        break;
    }
}
