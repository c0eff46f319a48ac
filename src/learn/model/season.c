/* SPDX-License-Identifier: Apache-2.0 */
#include "model/season.h"

#include "base/mem.h"
#include "model/number.h"

#include <math.h>

#define CYCLES 8.0 /* a bin remembers about so many cycles */
#define SHRINK 1.0 /* visits of doubt: a bin seen once is half believed */
#define LEAST_FACTOR 0.02
#define MOST_FACTOR 50.0
#define BINS_A_DAY 48
#define FOLD_MOST 64
#define BY_CHANCE 2.0    /* times what chance makes of the squares of a ring: four of its errors */
#define LARGEST 1e31     /* what is learned is at most 1e30, and differences of such */
#define TILT_DOUBT 4.0   /* a difference of halves of twice its own noise is half believed */
#define NOISE_CLIP 9.0   /* of the noise there has been */
#define NOISE_SCALE 0.02 /* factors below are measured as if they were this */
#define LOG_LARGEST 69.0

struct model_season {
    ts_ns period;
    double base;
    double mean;  /* of the bins, looked at once a turn of them */
    double seen;  /* buckets learned */
    double cycle; /* buckets in a period */
    float cycles; /* that a bin remembers */
    ts_ns half;   /* of a bucket: its middle counts */
    uint32_t bins;
    bool ratio;
    bool fine;
    float noise; /* mean square of what a bin's value misses, of ratios in units of the value */
    /* value and weight of each; then, if fine, by how much the second half of each lies above it.
     */
    float bin[3 * MODEL_SEASON_MOST]; /* only so much is allocated */
};

static size_t floats_for(uint32_t bins, bool fine)
{
    return (size_t)bins * (fine ? 3 : 2);
}

static size_t size_for(uint32_t bins, bool fine)
{
    return offsetof(struct model_season, bin) + floats_for(bins, fine) * sizeof(float);
}

/* Freed of a season that is next to nothing, a level may be beyond what is learned. */
static double within(double base)
{
    return model_min(model_max(base, -LARGEST), LARGEST);
}

static struct model_season *make(ts_ns period, ts_ns span, double base, bool ratio, bool fine)
{
    ts_ns buckets = period / span;
    ts_ns most = period < TIME_DAY ? BINS_A_DAY : BINS_A_DAY * (period / TIME_DAY);
    most = most > MODEL_SEASON_MOST ? MODEL_SEASON_MOST : most;
    uint32_t bins = (uint32_t)(buckets < most ? buckets : most);
    if (bins < 2)
        return NULL;
    fine = fine && buckets >= 2 * (ts_ns)bins;
    struct model_season *s = mem_zero(1, size_for(bins, fine));
    if (s == NULL)
        return NULL;
    s->fine = fine;
    s->period = period;
    s->half = span / 2;
    s->base = within(base);
    s->cycle = (double)period / (double)span;
    s->bins = bins;
    s->ratio = ratio;
    model_season_set_memory(s, CYCLES);
    return s;
}

struct model_season *model_season_new(ts_ns period, ts_ns span, double base, bool ratio)
{
    return make(period, span, base, ratio, false);
}

struct model_season *model_season_new_fine(ts_ns period, ts_ns span, double base, bool ratio)
{
    return make(period, span, base, ratio, true);
}

void model_season_set_memory(struct model_season *s, double cycles)
{
    s->cycles = (float)cycles;
}

void model_season_free(struct model_season *s)
{
    mem_free(s);
}

size_t model_season_memory(const struct model_season *s)
{
    return size_for(s->bins, s->fine);
}

bool model_season_ready(const struct model_season *s)
{
    return s->seen >= s->cycle;
}

double model_season_cycles(const struct model_season *s)
{
    return s->seen / model_max(s->cycle, 1);
}

double model_season_kept(const struct model_season *s)
{
    return (double)s->cycles;
}

double model_season_length(const struct model_season *s)
{
    return s->cycle;
}

double model_season_seen(const struct model_season *s)
{
    return s->seen;
}

static double most_visits(const struct model_season *s)
{
    return (double)s->cycles * model_max(s->cycle / s->bins, 1);
}

double model_season_visits(const struct model_season *s)
{
    return model_min(s->seen / s->bins, most_visits(s));
}

bool model_season_is_ratio(const struct model_season *s)
{
    return s->ratio;
}

bool model_season_repeats(const struct model_season *s, double buckets, double variance)
{
    double mean[FOLD_MOST] = {0};
    double weight[FOLD_MOST] = {0};
    double times = s->cycle / buckets;
    /* What does not come round with the season is not in it. */
    bool locked = fabs(times - rint(times)) * (double)s->cycles < 0.5;
    double length = locked ? s->bins / rint(times) : 1;
    uint32_t bins = (uint32_t)model_min(model_max(floor(length + 1e-9), 1), FOLD_MOST);
    for (int pass = 0; pass < 2; pass++) {
        double squares = 0;
        double chance = 0;
        for (uint32_t i = 0; i < s->bins; i++) {
            double at = (i + 0.5) / length;
            uint32_t to = (uint32_t)((at - floor(at)) * bins) % bins;
            double w = (double)s->bin[2 * i + 1];
            double e = (double)s->bin[2 * i] - mean[to];
            if (!(w > 0))
                continue;
            if (pass == 0) {
                weight[to] += w;
                mean[to] += e * w / weight[to];
                continue;
            }
            squares += w * e * e;
            chance += variance;
        }
        if (pass == 1)
            return squares < BY_CHANCE * chance;
    }
    return false;
}

double model_season_base(const struct model_season *s)
{
    return s->base;
}

uint32_t model_season_bins(const struct model_season *s)
{
    return s->bins;
}

double model_season_bin(const struct model_season *s, uint32_t k, double *out_value)
{
    *out_value = (double)s->bin[2 * k];
    return (double)s->bin[2 * k + 1];
}

double model_season_place(const struct model_season *s, ts_ns time, uint32_t *out_bin)
{
    ts_ns phase = time - time_floor(time, s->period) + s->half;
    double at = (double)phase / (double)s->period * s->bins;
    *out_bin = (uint32_t)at % s->bins;
    return at - floor(at);
}

/* A bin's value, drawn to "no season" as long as few visits are behind it. */
static double believed(const struct model_season *s, uint32_t k)
{
    double neutral = s->ratio ? 1 : 0;
    double weight = (double)s->bin[2 * k + 1];
    double square = weight * weight;
    return neutral + ((double)s->bin[2 * k] - neutral) * square / (square + SHRINK);
}

/* The lesser of the two slopes, none at a peak: smooth where the cycle is, sharp at a step (the
 * minmod limiter of van Leer's schemes). The bin's mean stays what was learned. */
static double slope_of(double before, double here, double after)
{
    double rise = here - before;
    double next = after - here;
    if (!(rise * next > 0))
        return 0;
    return fabs(rise) < fabs(next) ? rise : next;
}

static double within_factors(const struct model_season *s, double v)
{
    return s->ratio ? model_min(model_max(v, LEAST_FACTOR), MOST_FACTOR) : v;
}

double model_season_between(const struct model_season *s, double before, double here, double after,
                            double at)
{
    return within_factors(s, here + slope_of(before, here, after) * (at - 0.5));
}

/*
 * What the halves of a bin differ from it beyond its slope, believed as far as it exceeds its
 * noise: doors that open in the middle of a bin.
 */
static double tilt(const struct model_season *s, uint32_t k, double here, double slope)
{
    double more = (double)s->bin[2 * s->bins + k] - slope / 4;
    double unit = s->ratio ? model_max(here, NOISE_SCALE) : 1;
    double noise = (double)s->noise * unit * unit / model_max((double)s->bin[2 * k + 1], 1);
    double square = more * more;
    return square > 0 ? more * square / (square + TILT_DOUBT * noise) : 0;
}

double model_season_weight_at(const struct model_season *s, ts_ns time)
{
    uint32_t bin;
    (void)model_season_place(s, time, &bin);
    return (double)s->bin[2 * bin + 1];
}

double model_season_at(const struct model_season *s, ts_ns time)
{
    uint32_t bin;
    double at = model_season_place(s, time, &bin);
    double here = believed(s, bin);
    double slope = slope_of(believed(s, (bin + s->bins - 1) % s->bins), here,
                            believed(s, (bin + 1) % s->bins));
    double v = here + slope * (at - 0.5);
    if (s->fine)
        v += at < 0.5 ? -tilt(s, bin, here, slope) : tilt(s, bin, here, slope);
    return within_factors(s, v);
}

static void learn_tilt(struct model_season *s, ts_ns time, uint32_t bin, double at, double v,
                       double gain)
{
    double expected = model_season_at(s, time);
    double unit = s->ratio ? model_max(expected, NOISE_SCALE) : 1;
    double e = (v - expected) / unit;
    double square = model_season_ready(s) ? model_min(e * e, NOISE_CLIP * (double)s->noise) : e * e;
    double n = model_min(s->seen + 1, 4 * s->cycle);
    s->noise = (float)model_min((double)s->noise + (square - (double)s->noise) / n, LARGEST);
    float *above = &s->bin[2 * s->bins + bin];
    double off = v - (double)s->bin[2 * bin];
    *above = (float)((double)*above + gain * ((at < 0.5 ? -off : off) - (double)*above));
}

static double mean_of_bins(const struct model_season *s)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->bins; i++)
        sum += (double)s->bin[2 * i];
    return sum / s->bins;
}

void model_season_learn(struct model_season *s, ts_ns time, double y, double base_gain,
                        double share)
{
    uint32_t bin;
    double at = model_season_place(s, time, &bin);
    double v = s->ratio ? model_min(y / model_max(s->base, 1e-9), MOST_FACTOR) : y - s->base;
    float *value = &s->bin[2 * bin];
    float *weight = &s->bin[2 * bin + 1];
    double w = (double)*weight + share;
    if (s->fine)
        learn_tilt(s, time, bin, at, v, share / w);
    double before = (double)*value;
    *value = (float)(before + share * (v - before) / w);
    *weight = (float)model_min(w, most_visits(s));
    /* The base follows what the hour does not explain: one that followed the values would swing
     * with the cycle, a little and late, and no level could make up for that. */
    double off = y - s->base;
    if (model_season_ready(s))
        off -= (before - s->mean) * (s->ratio ? s->base : 1);
    s->base = within(s->base + off * base_gain * share);
    if (s->ratio)
        s->base = model_max(s->base, 0);
    s->seen += 1;
    if ((uint64_t)s->seen % s->bins == 0)
        s->mean = mean_of_bins(s);
}

void model_season_rebase(struct model_season *s, double base)
{
    s->base = within(base);
}

void model_season_measure(struct model_season *s, const struct model_season *under, bool logarithm)
{
    double base = s->base;
    for (uint32_t k = 0; k < s->bins; k++) {
        double at = (k + 0.5) / s->bins * (double)s->period;
        double v = (double)s->bin[2 * k];
        double below = base;
        if (under != NULL)
            below += model_season_at(under, (ts_ns)at - s->half);
        double unit; /* what a small difference is on the other scale */
        if (logarithm) {
            double whole = model_max(below + v, LEAST_FACTOR * below);
            unit = below > 0 ? 1 / whole : 0;
            v = below > 0 ? log(model_min(whole / below, MOST_FACTOR)) : 0;
        } else {
            unit = exp(model_min(below + v, LOG_LARGEST));
            v = exp(model_min(below, LOG_LARGEST)) * expm1(model_min(v, log(MOST_FACTOR)));
        }
        s->bin[2 * k] = (float)within(v);
        if (s->fine)
            s->bin[2 * s->bins + k] = (float)within((double)s->bin[2 * s->bins + k] * unit);
    }
    s->base = logarithm ? log(model_max(base, 1 / LARGEST)) : exp(model_min(base, LOG_LARGEST));
    double unit = logarithm ? 1 / model_max(base, 1 / LARGEST) : s->base;
    s->noise = (float)within((double)s->noise * unit * unit);
    s->mean = mean_of_bins(s);
}

void model_season_save(const struct model_season *s, struct buf *out)
{
    buf_le64(out, (uint64_t)s->period);
    buf_le64(out, (uint64_t)s->half);
    buf_le32(out, s->bins);
    buf_char(out, (char)((unsigned)s->ratio | (unsigned)s->fine << 1));
    buf_double(out, s->base);
    buf_double(out, s->mean);
    buf_double(out, s->seen);
    buf_double(out, s->cycle);
    buf_double(out, (double)s->cycles);
    buf_double(out, (double)s->noise);
    for (uint32_t i = 0; i < floats_for(s->bins, s->fine); i++)
        buf_double(out, (double)s->bin[i]);
}

enum err model_season_load(struct cursor *in, struct model_season **out)
{
    ts_ns period = (ts_ns)cursor_le64(in);
    ts_ns half = (ts_ns)cursor_le64(in);
    uint32_t bins = cursor_le32(in);
    uint8_t flags = cursor_u8(in);
    bool ratio = (flags & 1) != 0;
    bool fine = (flags & 2) != 0;
    if (!cursor_ok(in) || period <= 0 || half < 0 || half > period || period > 100 * TIME_DAY ||
        bins < 2 || bins > MODEL_SEASON_MOST || flags > 3)
        return ERR_FORMAT;
    struct model_season *s = mem_zero(1, size_for(bins, fine));
    if (s == NULL)
        return ERR_MEMORY;
    s->period = period;
    s->half = half;
    s->bins = bins;
    s->ratio = ratio;
    s->fine = fine;
    s->base = ratio ? model_number_load_positive(in, LARGEST) : model_number_load(in, LARGEST);
    s->mean = model_number_load(in, LARGEST);
    s->seen = model_number_load_positive(in, 1e15);
    s->cycle = model_number_load_positive(in, 1e15);
    s->cycles = (float)model_number_load_positive(in, 1e3);
    s->noise = (float)model_number_load_positive(in, LARGEST);
    for (uint32_t i = 0; i < bins; i++) {
        s->bin[2 * i] = (float)(ratio ? model_number_load_positive(in, MOST_FACTOR)
                                      : model_number_load(in, LARGEST));
        s->bin[2 * i + 1] = (float)model_number_load_positive(in, 1e9);
    }
    for (uint32_t i = 0; fine && i < bins; i++)
        s->bin[2 * bins + i] = (float)model_number_load(in, LARGEST);
    if (!cursor_ok(in) || !(s->cycles >= 1.0F)) {
        mem_free(s);
        return ERR_FORMAT;
    }
    *out = s;
    return ERR_NONE;
}
