/* SPDX-License-Identifier: Apache-2.0 */
#include "model/week.h"

#include "base/mem.h"
#include "model/number.h"

#include <math.h>
#include <string.h>

#define PARTS 14U   /* two a day */
#define SHORTEST 4U /* bins: one odd value is no part of a week */
#define APART 16.0  /* squared standard errors between two parts' means */
#define MOST_FAR 9.0
#define DOUBT_LEAST 1.0
#define DOUBT_MOST 4.0
#define LARGEST 1e31
#define KINDS 2  /* of days: at work, and not */
#define HOURS 48 /* bins of a day, at most */
#define DAYS 7U
#define LEAST_MEAN 1e-3
#define LEAST_VARIANCE 1e-12
#define MOST_STEEP 3.0 /* times what halves of a bin differ by on the mean of days */

struct model_week {
    uint32_t n;           /* parts */
    float doubt;          /* squared standard errors by which a bin must stand out to be heard */
    uint16_t from[PARTS]; /* bins at which they begin, ascending; the first is 0 */
    uint16_t busy;        /* bit i: part i is of the second kind, which has more */
    uint8_t days[HOURS];  /* of that kind in a week, at each hour of the day */
    float hour[KINDS][HOURS];
};

/* Sums over the bins before each. */
struct sums {
    double weight[MODEL_SEASON_MOST + 1];
    double value[MODEL_SEASON_MOST + 1];
    double steps[MODEL_SEASON_MOST + 1]; /* squared, to each bin from the one before */
    bool ratio;
};

/* Sums over what is seen at an hour of the day. */
struct hours {
    double weight[HOURS];
    double value[HOURS];
};

struct model_week *model_week_new(void)
{
    return mem_zero(1, sizeof(struct model_week));
}

void model_week_free(struct model_week *w)
{
    mem_free(w);
}

size_t model_week_memory(void)
{
    return sizeof(struct model_week);
}

unsigned model_week_parts(const struct model_week *w)
{
    return w->n;
}

static double mean_of(const struct sums *s, uint32_t from, uint32_t to)
{
    double weight = s->weight[to] - s->weight[from];
    return weight > 0 ? (s->value[to] - s->value[from]) / weight : 0;
}

/* The squared error of the mean of a side: by the law, or by what neighbours in it differ by (von
 * Neumann 1941), whichever is more. A few values that lie far outside are no part of a week. */
static double error_of(const struct sums *s, uint32_t from, uint32_t to, double by_law)
{
    double steps = s->steps[to] - s->steps[from + 1];
    return model_max(steps / (to - from - 1), by_law) / (s->weight[to] - s->weight[from]);
}

/* The squared distance of the means of two sides, in squared standard errors. */
static double distance(const struct sums *s, uint32_t from, uint32_t at, uint32_t to)
{
    double left = s->weight[at] - s->weight[from];
    double right = s->weight[to] - s->weight[at];
    if (!(left > 0) || !(right > 0))
        return 0;
    double d = mean_of(s, from, at) - mean_of(s, at, to);
    double all = mean_of(s, from, to);
    double scale = s->ratio ? model_max(all, all * all) : 1;
    double error = error_of(s, from, at, scale) + error_of(s, at, to, scale);
    return error > 0 ? d * d / error : 0;
}

static void cut(struct model_week *w, const struct sums *s, uint32_t from, uint32_t to)
{
    double best = APART;
    uint32_t at = 0;
    for (uint32_t k = from + SHORTEST; k + SHORTEST <= to; k++) {
        double d = distance(s, from, k, to);
        if (d > best) {
            best = d;
            at = k;
        }
    }
    if (at == 0 || w->n + 1 >= PARTS) {
        w->from[w->n++] = (uint16_t)from;
        return;
    }
    cut(w, s, from, at);
    if (w->n < PARTS)
        cut(w, s, at, to);
}

static uint32_t kind_of(const struct model_week *w, uint32_t k)
{
    uint32_t i = w->n - 1;
    while (i > 0 && w->from[i] > k)
        i--;
    return (uint32_t)(w->busy >> i) & 1;
}

/* Bins of a day. */
static uint32_t hours_of(const struct model_season *ring)
{
    return (model_season_bins(ring) + DAYS - 1) / DAYS;
}

/* The hour of the day of a bin, by its middle. */
static uint32_t hour_of(const struct model_season *ring, uint32_t k)
{
    uint32_t halves = 2 * model_season_bins(ring);
    return (2 * k + 1) * DAYS % halves * hours_of(ring) / halves;
}

/* The variance of one visit where so much is expected. */
static double variance_of(const struct model_week_noise *noise, double mean)
{
    return noise->flat + noise->each * fabs(mean) + noise->square * mean * mean + LEAST_VARIANCE;
}

/* As much of a deviation, the mean of so many visits, as is clear of the error. */
static double clear_of(double away, double visits, double error)
{
    double clear = away * away * visits - error;
    return clear > 0 ? away * clear / (clear + error) : 0;
}

/* How far deviations lie beyond chance: n of them, whose squares sum up to so many of their errors.
 * Where chance explains them, each must be clear to be believed. */
static double doubt_of(double squares, double n)
{
    double own = n > 0 ? model_min(model_max(squares / n - 1, 0), 1) : 0;
    return DOUBT_MOST - own * (DOUBT_MOST - DOUBT_LEAST);
}

/*
 * The means of the hours over all days, as much of them as is clear of the week's: where no hour
 * differs, as from chance alone, all have that.
 */
static void mean_of_hours(const struct model_season *ring, const struct model_week_noise *noise,
                          double out[HOURS])
{
    struct hours all = {0};
    double value;
    double sum = 0;
    double weight = 0;
    for (uint32_t k = 0; k < model_season_bins(ring); k++) {
        uint32_t h = hour_of(ring, k);
        double visits = model_season_bin(ring, k, &value);
        all.weight[h] += visits;
        all.value[h] += visits * value;
        weight += visits;
        sum += visits * value;
    }
    double mean = weight > 0 ? sum / weight : 0;
    double squares = 0;
    uint32_t hours = hours_of(ring);
    for (uint32_t h = 0; h < hours; h++) {
        out[h] = all.weight[h] > 0 ? all.value[h] / all.weight[h] : mean;
        double away = out[h] - mean;
        squares += model_min(away * away * all.weight[h] / variance_of(noise, out[h]), MOST_FAR);
    }
    double doubt = doubt_of(squares, hours);
    for (uint32_t h = 0; h < hours; h++)
        out[h] = mean + clear_of(out[h] - mean, all.weight[h], doubt * variance_of(noise, out[h]));
}

/* Cut are the bins against what their hour has over the whole week. */
static void compare_with_hours(const struct model_season *ring,
                               const struct model_week_noise *noise, const double hour[HOURS],
                               struct sums *out)
{
    out->ratio = model_season_is_ratio(ring);
    double weight_before = 0;
    double value_before = 0;
    out->weight[0] = out->value[0] = out->steps[0] = 0;
    for (uint32_t k = 0; k < model_season_bins(ring); k++) {
        double value;
        double mean = hour[hour_of(ring, k)];
        double unit = out->ratio ? model_max(mean, LEAST_MEAN) : 1;
        double weight = model_season_bin(ring, k, &value) / variance_of(noise, unit) * unit * unit;
        value = out->ratio ? value / unit : value - mean;
        out->weight[k + 1] = out->weight[k] + weight;
        out->value[k + 1] = out->value[k] + weight * value;
        double step = value - value_before;
        bool both = weight > 0 && weight_before > 0;
        out->steps[k + 1] = out->steps[k];
        if (both)
            out->steps[k + 1] += step * step / (1 / weight_before + 1 / weight);
        weight_before = weight;
        value_before = value;
    }
}

/* Two kinds of parts: those whose means are above one of these, where that leaves most between the
 * two. */
static void tell_kinds(struct model_week *w, const struct sums *s, uint32_t bins)
{
    double mean[PARTS];
    double weight[PARTS];
    double most = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t to = i + 1 < w->n ? w->from[i + 1] : bins;
        mean[i] = mean_of(s, w->from[i], to);
        weight[i] = s->weight[to] - s->weight[w->from[i]];
    }
    w->busy = 0;
    for (uint32_t i = 0; i < w->n; i++) {
        double sum[KINDS] = {0};
        double n[KINDS] = {0};
        unsigned busy = 0;
        for (uint32_t k = 0; k < w->n; k++) {
            bool more = mean[k] > mean[i];
            busy |= (unsigned)more << k;
            sum[more] += mean[k] * weight[k];
            n[more] += weight[k];
        }
        if (!(n[0] > 0) || !(n[1] > 0))
            continue;
        double apart = sum[1] / n[1] - sum[0] / n[0];
        double between = apart * apart * n[0] * n[1] / (n[0] + n[1]);
        if (between > most) {
            most = between;
            w->busy = (uint16_t)busy;
        }
    }
}

/* What days of each kind bring at each hour: what all days do, times (or plus) what the kind has of
 * that over the day, and as much of their own as is clear. */
static void learn_hours(struct model_week *w, const struct model_season *ring,
                        const struct model_week_noise *noise, const double hour[HOURS],
                        const struct sums *s)
{
    struct hours own[KINDS] = {0};
    double share[KINDS] = {0};
    double weight[KINDS] = {0};
    double squares = 0;
    double n = 0;
    memset(w->days, 0, sizeof(w->days));
    for (uint32_t k = 0; k < model_season_bins(ring); k++) {
        double value;
        double visits = model_season_bin(ring, k, &value);
        uint32_t kind = kind_of(w, k);
        uint32_t h = hour_of(ring, k);
        own[kind].weight[h] += visits;
        own[kind].value[h] += visits * value;
        share[kind] += s->value[k + 1] - s->value[k];
        weight[kind] += s->weight[k + 1] - s->weight[k];
        w->days[h] += (uint8_t)kind;
    }
    for (int pass = 0; pass < 2; pass++) {
        double doubt = doubt_of(squares, n);
        for (uint32_t i = 0; i < KINDS * hours_of(ring); i++) {
            uint32_t kind = i % KINDS;
            uint32_t h = i / KINDS;
            double of = weight[kind] > 0 ? share[kind] / weight[kind] : s->ratio;
            double expected = s->ratio ? hour[h] * of : hour[h] + of;
            double error = variance_of(noise, expected);
            double visits = own[kind].weight[h];
            double away = visits > 0 ? own[kind].value[h] / visits - expected : 0;
            if (pass == 1) {
                w->hour[kind][h] = (float)(expected + clear_of(away, visits, doubt * error));
            } else if (visits > 0) {
                squares += model_min(away * away * visits / error, MOST_FAR);
                n++;
            }
        }
    }
}

void model_week_cut(struct model_week *w, const struct model_season *ring,
                    const struct model_week_noise *noise)
{
    struct sums s;
    double hour[HOURS];
    uint32_t bins = model_season_bins(ring);
    mean_of_hours(ring, noise, hour);
    compare_with_hours(ring, noise, hour, &s);
    w->n = 0;
    cut(w, &s, 0, bins);
    tell_kinds(w, &s, bins);
    learn_hours(w, ring, noise, hour, &s);
    double squares = 0;
    double n = 0;
    for (uint32_t k = 0; k < bins; k++) {
        double value;
        double visits = model_season_bin(ring, k, &value);
        double mean = (double)w->hour[kind_of(w, k)][hour_of(ring, k)];
        double away = value - mean;
        if (!(visits > 0))
            continue;
        squares += model_min(away * away * visits / variance_of(noise, mean), MOST_FAR);
        n++;
    }
    w->doubt = (float)doubt_of(squares, n);
}

bool model_week_explains(const struct model_week *w, const struct model_season *ring,
                         const struct model_week_noise *noise)
{
    uint32_t hours = hours_of(ring);
    double squares = 0;
    for (uint32_t h = 0; h < hours && w->n > 1; h++) {
        double apart = (double)w->hour[1][h] - (double)w->hour[0][h];
        double mean = ((double)w->hour[1][h] + (double)w->hour[0][h]) / 2;
        squares += model_min(apart * apart / variance_of(noise, mean), MOST_FAR);
    }
    return squares > hours;
}

static double bin_at(const struct model_week *w, const struct model_season *ring, uint32_t k,
                     const struct model_week_noise *noise)
{
    double value;
    double visits = model_season_bin(ring, k, &value);
    double mean = (double)w->hour[kind_of(w, k)][hour_of(ring, k)];
    return mean + clear_of(value - mean, visits, (double)w->doubt * variance_of(noise, mean));
}

/* How much steeper this kind of days is about this hour than days are on the mean. */
static double steep_at(const struct model_week *w, const struct model_season *ring, uint32_t k,
                       double rise)
{
    uint32_t hours = hours_of(ring);
    uint32_t h = hour_of(ring, k);
    const float *hour = w->hour[kind_of(w, k)];
    double own = (double)hour[(h + 1) % hours] - (double)hour[(h + hours - 1) % hours];
    return rise != 0 ? model_min(model_max(own / rise, 0), MOST_STEEP) : 0;
}

/* What the halves of a bin differ by on the mean of days, as much steeper as this kind of days is
 * about this hour. */
static double half_at(const struct model_week *w, const struct model_season *ring, uint32_t k,
                      const struct model_season *daily, ts_ns time)
{
    double rise;
    double variance;
    double half = model_season_half_at(daily, time, &rise, &variance);
    return half != 0 ? half * steep_at(w, ring, k, rise) : 0;
}

double model_week_half_variance(const struct model_week *w, const struct model_season *ring,
                                ts_ns time, double rise, double variance)
{
    uint32_t k;
    (void)model_season_place(ring, time, &k);
    double steep = steep_at(w, ring, k, rise);
    return variance * steep * steep;
}

double model_week_at(const struct model_week *w, const struct model_season *ring,
                     const struct model_season *daily, ts_ns time,
                     const struct model_week_noise *noise)
{
    uint32_t k;
    uint32_t bins = model_season_bins(ring);
    double at = model_season_place(ring, time, &k);
    double here = bin_at(w, ring, k, noise);
    if (at == 0.5)
        return model_season_between(ring, here, here, here, at);
    double before = bin_at(w, ring, (k + bins - 1) % bins, noise);
    double after = bin_at(w, ring, (k + 1) % bins, noise);
    double half = daily != NULL ? half_at(w, ring, k, daily, time) : 0;
    return model_season_between(ring, before + half, here + half, after + half, at);
}

double model_week_visits(const struct model_week *w, const struct model_season *ring, ts_ns time)
{
    uint32_t k;
    double value;
    (void)model_season_place(ring, time, &k);
    uint32_t busy = w->days[hour_of(ring, k)];
    uint32_t days = kind_of(w, k) > 0 ? busy : busy < DAYS ? DAYS - busy : 1;
    return model_season_bin(ring, k, &value) * days;
}

void model_week_save(const struct model_week *w, struct buf *out)
{
    static const struct model_week none;
    if (w == NULL)
        w = &none;
    buf_char(out, (char)w->n);
    buf_double(out, (double)w->doubt);
    buf_le16(out, w->busy);
    for (uint32_t i = 0; i < w->n; i++)
        buf_le16(out, w->from[i]);
    for (uint32_t h = 0; h < HOURS; h++) {
        buf_char(out, (char)w->days[h]);
        for (int kind = 0; kind < KINDS; kind++)
            buf_double(out, (double)w->hour[kind][h]);
    }
}

enum err model_week_load(struct cursor *in, struct model_week **out)
{
    struct model_week read = {.n = cursor_u8(in)};
    read.doubt = (float)model_number_load_positive(in, DOUBT_MOST);
    read.busy = cursor_le16(in);
    if (!cursor_ok(in) || read.n > PARTS || read.busy >> read.n != 0)
        return ERR_FORMAT;
    for (uint32_t i = 0; i < read.n; i++) {
        read.from[i] = cursor_le16(in);
        bool ascends = i == 0 ? read.from[i] == 0 : read.from[i] > read.from[i - 1];
        if (!cursor_ok(in) || !ascends || read.from[i] >= MODEL_SEASON_MOST)
            return ERR_FORMAT;
    }
    for (uint32_t h = 0; h < HOURS; h++) {
        read.days[h] = cursor_u8(in);
        for (int kind = 0; kind < KINDS; kind++)
            read.hour[kind][h] = (float)model_number_load(in, 2 * LARGEST); /* rounded to steps */
        if (!cursor_ok(in) || read.days[h] > DAYS + 1)
            return ERR_FORMAT;
    }
    *out = NULL;
    if (read.n == 0)
        return ERR_NONE;
    struct model_week *w = model_week_new();
    if (w == NULL)
        return ERR_MEMORY;
    *w = read;
    *out = w;
    return ERR_NONE;
}
