/* SPDX-License-Identifier: Apache-2.0 */
#include "model/season.h"

#include "base/mem.h"
#include "model/number.h"

#include <math.h>
#include <string.h>

#define CYCLES 8.0  /* a bin remembers about so many cycles */
#define SETTLED 3.0 /* times what a bin remembers: more tells it nothing more exactly */
#define SHRINK 1.0  /* visits of doubt: a bin seen once is half believed */
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

/* Bins are whole steps of a unit that is a power of two; the greatest has at least half as many as
 * wanted. */
#define STEPS_MOST 32767.0
#define STEPS_WANTED 30000.0
#define LEAST_UNIT 0x1p-120F
#define ROOM 4U /* bins */
#define WORD_BITS 64U
#define NONE UINT32_MAX
#define VISITS_MOST 255.0
#define VISIT_PARTS 10.0 /* of one visit: what is believed less counts three of them */

struct model_season {
    ts_ns period;
    ts_ns span; /* of a bucket */
    double base;
    double seen;  /* buckets learned */
    float mean;   /* of the bins, looked at once a turn of them */
    float cycles; /* that a bin remembers */
    float noise;  /* mean square of what a bin's value misses, of ratios in units of the value */
    float unit;   /* of the steps; 0: no value yet */
    float parts;  /* of a visit that are counted */
    uint16_t bins;
    uint8_t rooms; /* of ROOM bins each; 0: all bins have their place */
    bool ratio : 1;
    bool fine : 1;
    bool whole : 1; /* a cycle has been seen */
    /*
     * Until the first cycle is over only bins that were visited have a place, in their order, and a
     * bit each says which they are. After these bits: the values; if fine, by how much the second
     * half of each bin lies above it; then one byte each: parts of visits.
     */
    uint64_t data[];
};

/* Buckets in a period. */
static double cycle_of(const struct model_season *s)
{
    return (double)s->period / (double)s->span;
}

/* The middle of a bucket counts. */
static ts_ns half_of(const struct model_season *s)
{
    return s->span / 2;
}

static uint32_t words_of(const struct model_season *s)
{
    return s->rooms > 0 ? (s->bins + WORD_BITS - 1) / WORD_BITS : 0;
}

/* Bins that there is room for. */
static uint32_t room_of(const struct model_season *s)
{
    return s->rooms > 0 ? s->rooms * ROOM : s->bins;
}

static size_t steps_for(uint32_t bins, bool fine)
{
    return (size_t)bins * (fine ? 2 : 1);
}

static size_t size_for(uint32_t words, uint32_t bins, bool fine)
{
    return sizeof(struct model_season) + words * sizeof(uint64_t) +
           steps_for(bins, fine) * sizeof(int16_t) + bins;
}

static int16_t *steps(struct model_season *s)
{
    return (int16_t *)(s->data + words_of(s));
}

static uint8_t *visits(struct model_season *s)
{
    return (uint8_t *)(steps(s) + steps_for(room_of(s), s->fine));
}

/* By halves, quarters and bytes of the word: the compiler's own is a call into a library. */
static uint32_t bits_in(uint64_t w)
{
    w -= w >> 1 & 0x5555555555555555U;
    w = (w & 0x3333333333333333U) + (w >> 2 & 0x3333333333333333U);
    w = (w + (w >> 4)) & 0x0f0f0f0f0f0f0f0fU;
    return (uint32_t)(w * 0x0101010101010101U >> 56);
}

/* Bits below number k. */
static uint32_t bits_below(const struct model_season *s, uint32_t k)
{
    uint32_t n = 0;
    for (uint32_t w = 0; w < k / WORD_BITS; w++)
        n += bits_in(s->data[w]);
    uint64_t rest = ((uint64_t)1 << k % WORD_BITS) - 1;
    return rest > 0 ? n + bits_in(s->data[k / WORD_BITS] & rest) : n;
}

/* Where a bin is kept; NONE: nothing is known of it. */
static uint32_t place_of(const struct model_season *s, uint32_t k)
{
    if (s->rooms == 0)
        return k;
    return (s->data[k / WORD_BITS] >> k % WORD_BITS & 1) != 0 ? bits_below(s, k) : NONE;
}

/* The step of a bin, or with k from bins on of what its halves differ by; NULL where the bin has no
 * place. */
static int16_t *step_at(struct model_season *s, uint32_t k)
{
    if (s->rooms == 0)
        return (int16_t *)s->data + k;
    uint32_t at = place_of(s, k < s->bins ? k : k - s->bins);
    return at == NONE ? NULL : steps(s) + at + (k < s->bins ? 0 : room_of(s));
}

static int16_t read_step(const struct model_season *s, uint32_t k)
{
    if (s->rooms == 0)
        return ((const int16_t *)s->data)[k];
    uint32_t at = place_of(s, k < s->bins ? k : k - s->bins);
    const int16_t *all = (const int16_t *)(s->data + words_of(s));
    return at == NONE ? (int16_t)0 : all[at + (k < s->bins ? 0 : room_of(s))];
}

static uint8_t read_visits(const struct model_season *s, uint32_t k)
{
    uint32_t at = place_of(s, k);
    const int16_t *all = (const int16_t *)(s->data + words_of(s));
    return at == NONE ? (uint8_t)0 : ((const uint8_t *)(all + steps_for(room_of(s), s->fine)))[at];
}

/* A bin's value, or with k from bins on what its halves differ by. */
static double value_at(const struct model_season *s, uint32_t k)
{
    return (double)read_step(s, k) * (double)s->unit;
}

static double weight_at(const struct model_season *s, uint32_t k)
{
    return (double)read_visits(s, k) / (double)s->parts;
}

/* The same with more room: for `rooms` times ROOM bins, 0 for all of them. False when memory is
 * short. */
static bool grow(struct model_season **season, uint8_t rooms)
{
    struct model_season *old = *season;
    uint32_t n = bits_below(old, old->bins);
    uint32_t words = rooms > 0 ? words_of(old) : 0;
    uint32_t room = rooms > 0 ? (uint32_t)rooms * ROOM : old->bins;
    struct model_season *s = mem_zero(1, size_for(words, room, old->fine));
    if (s == NULL)
        return false;
    memcpy(s, old, sizeof(*s) + words * sizeof(uint64_t));
    s->rooms = rooms;
    uint32_t from = 0;
    for (uint32_t k = 0; k < old->bins && from < n; k++) {
        if ((old->data[k / WORD_BITS] >> k % WORD_BITS & 1) == 0)
            continue;
        uint32_t to = rooms > 0 ? from : k;
        steps(s)[to] = steps(old)[from];
        if (old->fine)
            steps(s)[room + to] = steps(old)[room_of(old) + from];
        visits(s)[to] = visits(old)[from];
        from++;
    }
    mem_free(old);
    *season = s;
    return true;
}

/* A place for a bin among those that have one. */
static void insert(struct model_season *s, uint32_t k)
{
    uint32_t at = bits_below(s, k);
    uint32_t after = bits_below(s, s->bins) - at;
    for (int half = 0; half < (s->fine ? 2 : 1); half++) {
        int16_t *step = steps(s) + half * (int)room_of(s) + at;
        memmove(step + 1, step, after * sizeof(*step));
        *step = 0;
    }
    memmove(visits(s) + at + 1, visits(s) + at, after);
    visits(s)[at] = 0;
    s->data[k / WORD_BITS] |= (uint64_t)1 << k % WORD_BITS;
}

/* A bin is visited: it has a place, and all have one before a first cycle is over. False when
 * memory is short. */
static bool make_place(struct model_season **season, uint32_t k)
{
    struct model_season *s = *season;
    if (s->rooms == 0)
        return true;
    if (s->seen + 1 >= cycle_of(s))
        return grow(season, 0);
    if (place_of(s, k) != NONE)
        return true;
    if (bits_below(s, s->bins) == room_of(s)) {
        uint8_t rooms = (uint8_t)(s->rooms + 1);
        if (!grow(season, rooms * ROOM < s->bins ? rooms : 0))
            return false;
    }
    if ((*season)->rooms > 0)
        insert(*season, k);
    return true;
}

static double most_visits(const struct model_season *s)
{
    return (double)s->cycles * model_max(cycle_of(s) / s->bins, 1);
}

/*
 * Where between two steps the next is taken: spread evenly over [0, 1) in the long run, so that
 * what is less than a step is not lost but adds up (dithering).
 */
static double dither(const struct model_season *s, uint32_t k)
{
    double at = s->seen * 0.6180339887498949 + k * 0.7548776662466927;
    return at - floor(at);
}

/* The unit in which the value is about STEPS_WANTED steps. */
static float unit_for(double value)
{
    int power;
    (void)frexp(fabs(value) / STEPS_WANTED, &power);
    return fmaxf(ldexpf(1, power), LEAST_UNIT);
}

static void measure_steps_by(struct model_season *s, float unit)
{
    double times = (double)s->unit / (double)unit;
    for (uint32_t k = 0; k < steps_for(s->bins, s->fine); k++) {
        int16_t *step = step_at(s, k);
        if (step != NULL)
            *step = (int16_t)floor(*step * times + dither(s, k));
    }
    s->unit = unit;
}

/* Of a bin that has a place; nothing is known of others, and nothing is to be. */
static void put_value(struct model_season *s, uint32_t k, double value)
{
    int16_t *step = step_at(s, k);
    if (step == NULL)
        return;
    if (!(fabs(value) < (STEPS_MOST - 1) * (double)s->unit)) {
        if (!(fabs(value) > 0))
            return;
        measure_steps_by(s, unit_for(value));
    }
    *step = (int16_t)floor(value / (double)s->unit + dither(s, k));
}

/* Finer steps, where values have become smaller. */
static void refine_steps(struct model_season *s)
{
    int most = 0;
    const int16_t *step = steps(s);
    for (uint32_t k = 0; k < steps_for(room_of(s), s->fine); k++)
        most = step[k] > most ? step[k] : -step[k] > most ? -step[k] : most;
    if (most > 0 && most < STEPS_WANTED / 2)
        measure_steps_by(s, unit_for(most * (double)s->unit));
}

static void put_weight(struct model_season *s, uint32_t k, double weight)
{
    double n = floor(weight * (double)s->parts + dither(s, k + 1));
    visits(s)[place_of(s, k)] = (uint8_t)model_min(n, VISITS_MOST);
}

/* Tenths where there is room for the most visits there may be; else whole parts, or several visits.
 */
static void divide_visits(struct model_season *s)
{
    double most = VISITS_MOST / most_visits(s);
    s->parts = (float)(most < 1 ? most : model_min(floor(most), VISIT_PARTS));
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
    uint32_t words = bins > ROOM ? (bins + WORD_BITS - 1) / WORD_BITS : 0;
    struct model_season *s = mem_zero(1, size_for(words, bins > ROOM ? ROOM : bins, fine));
    if (s == NULL)
        return NULL;
    s->rooms = bins > ROOM;
    s->fine = fine;
    s->period = period;
    s->span = span;
    s->base = within(base);
    s->bins = (uint16_t)bins;
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
    divide_visits(s);
}

void model_season_free(struct model_season *s)
{
    mem_free(s);
}

size_t model_season_memory(const struct model_season *s)
{
    return size_for(0, s->bins, s->fine);
}

bool model_season_ready(const struct model_season *s)
{
    return s->whole;
}

double model_season_cycles(const struct model_season *s)
{
    return s->seen / model_max(cycle_of(s), 1);
}

double model_season_kept(const struct model_season *s)
{
    return (double)s->cycles;
}

double model_season_length(const struct model_season *s)
{
    return cycle_of(s);
}

double model_season_seen(const struct model_season *s)
{
    return s->seen;
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
    double times = cycle_of(s) / buckets;
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
            double w = weight_at(s, i);
            double e = value_at(s, i) - mean[to];
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
    *out_value = value_at(s, k);
    return weight_at(s, k);
}

double model_season_place(const struct model_season *s, ts_ns time, uint32_t *out_bin)
{
    ts_ns rest = time % s->period; /* the floor of the earliest times cannot be told */
    ts_ns phase = (rest < 0 ? rest + s->period : rest) + half_of(s);
    double at = (double)phase / (double)s->period * s->bins;
    *out_bin = (uint32_t)at % s->bins;
    return at - floor(at);
}

/* A bin's value, drawn to "no season" as long as few visits are behind it. */
static double believed(const struct model_season *s, uint32_t k)
{
    double neutral = s->ratio ? 1 : 0;
    double weight = weight_at(s, k);
    double square = weight * weight;
    return neutral + (value_at(s, k) - neutral) * square / (square + SHRINK);
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
 * noise: doors that open in the middle of a bin. out_variance: of what is believed; may be NULL.
 */
static double tilt(const struct model_season *s, uint32_t k, double here, double slope,
                   double *out_variance)
{
    double more = value_at(s, s->bins + k) - slope / 4;
    double unit = s->ratio ? model_max(here, NOISE_SCALE) : 1;
    double noise = (double)s->noise * unit * unit / model_max(weight_at(s, k), 1);
    double square = more * more;
    double share = square > 0 ? square / (square + TILT_DOUBT * noise) : 0;
    if (out_variance != NULL)
        *out_variance = share * share * noise;
    return more * share;
}

/*
 * The error of a mean that gives each value 1/n goes from 1/n, when n have come, to 1/(2n - 1) (an
 * exponentially weighted mean; what is left of the difference is (1 - 1/n)^2 of it with each more).
 */
static double worth(double n, double values)
{
    double known = 2 * n - 1;
    double later = values - n;
    if (later > SETTLED * n)
        return known;
    return 1 / (1 / known + (1 / n - 1 / known) * exp(2 * later * log1p(-1 / n)));
}

double model_season_weight_at(const struct model_season *s, ts_ns time)
{
    uint32_t bin;
    (void)model_season_place(s, time, &bin);
    double weight = weight_at(s, bin);
    double most = most_visits(s);
    double values = s->seen / s->bins;
    return values > most && most > 1 && weight > most - 1 ? worth(most, values) : weight;
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
        v += (at < 0.5 ? -1 : 1) * tilt(s, bin, here, slope, NULL);
    return within_factors(s, v);
}

static double mean_of_bins(const struct model_season *s)
{
    double sum = 0;
    for (uint32_t i = 0; i < s->bins; i++)
        sum += value_at(s, i);
    return sum / s->bins;
}

double model_season_half_at(const struct model_season *s, ts_ns time, double *out_rise,
                            double *out_variance)
{
    uint32_t bin;
    double at = model_season_place(s, time, &bin);
    double before = believed(s, (bin + s->bins - 1) % s->bins);
    double here = believed(s, bin);
    double after = believed(s, (bin + 1) % s->bins);
    *out_rise = after - before;
    *out_variance = 0;
    if (!s->fine)
        return 0;
    double more = tilt(s, bin, here, slope_of(before, here, after), out_variance);
    return at < 0.5 ? -more : more;
}

/* All values anew: those of the bins, and of their halves. */
static void put_all(struct model_season *s, const double *value)
{
    s->unit = 0;
    memset(steps(s), 0, steps_for(room_of(s), s->fine) * sizeof(int16_t));
    for (uint32_t k = 0; k < steps_for(s->bins, s->fine); k++)
        put_value(s, k, value[k]);
}

void model_season_normalise(struct model_season *s)
{
    double all[2 * MODEL_SEASON_MOST] = {0};
    double mean = mean_of_bins(s);
    if (s->ratio && !(mean > 0))
        return;
    for (uint32_t k = 0; k < steps_for(s->bins, s->fine); k++) {
        double v = value_at(s, k);
        double freed = k < s->bins ? v - mean : v;
        all[k] = s->ratio ? model_min(v / mean, MOST_FACTOR) : freed;
    }
    put_all(s, all);
    s->base = within(s->ratio ? s->base * mean : s->base + mean);
    s->mean = s->ratio ? 1 : 0;
}

static void learn_tilt(struct model_season *s, ts_ns time, uint32_t bin, double at, double v,
                       double gain)
{
    double expected = model_season_at(s, time);
    double unit = s->ratio ? model_max(expected, NOISE_SCALE) : 1;
    double e = (v - expected) / unit;
    double square = model_season_ready(s) ? model_min(e * e, NOISE_CLIP * (double)s->noise) : e * e;
    double n = model_min(s->seen + 1, 4 * cycle_of(s));
    s->noise = (float)model_min((double)s->noise + (square - (double)s->noise) / n, LARGEST);
    double above = value_at(s, s->bins + bin);
    double off = v - value_at(s, bin);
    put_value(s, s->bins + bin, above + gain * ((at < 0.5 ? -off : off) - above));
}

void model_season_learn(struct model_season **season, ts_ns time, double y, double base_gain,
                        double share)
{
    uint32_t bin;
    double at = model_season_place(*season, time, &bin);
    if (!make_place(season, bin))
        return;
    struct model_season *s = *season;
    double v = s->ratio ? model_min(y / model_max(s->base, 1e-9), MOST_FACTOR) : y - s->base;
    double w = weight_at(s, bin) + share;
    if (s->fine)
        learn_tilt(s, time, bin, at, v, share / w);
    double before = value_at(s, bin);
    put_value(s, bin, within(before + share * (v - before) / w));
    put_weight(s, bin, model_min(w, most_visits(s)));
    /* The base follows what the hour does not explain: one that followed the values would swing
     * with the cycle, a little and late, and no level could make up for that. */
    double off = y - s->base;
    if (model_season_ready(s))
        off -= (before - (double)s->mean) * (s->ratio ? s->base : 1);
    s->base = within(s->base + off * base_gain * share);
    if (s->ratio)
        s->base = model_max(s->base, 0);
    s->seen += 1;
    s->whole = s->seen >= cycle_of(s);
    if ((uint64_t)s->seen % s->bins == 0) {
        s->mean = (float)mean_of_bins(s);
        refine_steps(s);
    }
}

void model_season_rebase(struct model_season *s, double base)
{
    s->base = within(base);
}

void model_season_measure(struct model_season *s, const struct model_season *under, bool logarithm)
{
    double base = s->base;
    double all[2 * MODEL_SEASON_MOST] = {0};
    for (uint32_t k = 0; k < s->bins; k++) {
        double at = (k + 0.5) / s->bins * (double)s->period;
        double v = value_at(s, k);
        double below = base;
        if (under != NULL)
            below += model_season_at(under, (ts_ns)at - half_of(s));
        double unit; /* what a small difference is on the other scale */
        if (logarithm) {
            double whole = model_max(below + v, LEAST_FACTOR * below);
            unit = below > 0 ? 1 / whole : 0;
            v = below > 0 ? log(model_min(whole / below, MOST_FACTOR)) : 0;
        } else {
            unit = exp(model_min(below + v, LOG_LARGEST));
            v = exp(model_min(below, LOG_LARGEST)) * expm1(model_min(v, log(MOST_FACTOR)));
        }
        all[k] = within(v);
        if (s->fine)
            all[s->bins + k] = within(value_at(s, s->bins + k) * unit);
    }
    put_all(s, all);
    s->base = logarithm ? log(model_max(base, 1 / LARGEST)) : exp(model_min(base, LOG_LARGEST));
    double unit = logarithm ? 1 / model_max(base, 1 / LARGEST) : s->base;
    s->noise = (float)within((double)s->noise * unit * unit);
    s->mean = (float)mean_of_bins(s);
}

void model_season_save(const struct model_season *s, struct buf *out)
{
    buf_le64(out, (uint64_t)s->period);
    buf_le64(out, (uint64_t)half_of(s));
    buf_le32(out, s->bins);
    buf_char(out, (char)((unsigned)s->ratio | (unsigned)s->fine << 1));
    buf_double(out, s->base);
    buf_double(out, (double)s->mean);
    buf_double(out, s->seen);
    buf_double(out, cycle_of(s));
    buf_double(out, (double)s->cycles);
    buf_double(out, (double)s->noise);
    buf_double(out, (double)s->unit);
    for (uint32_t i = 0; i < steps_for(s->bins, s->fine); i++)
        buf_le16(out, (uint16_t)read_step(s, i));
    for (uint32_t i = 0; i < s->bins; i++)
        buf_char(out, (char)read_visits(s, i));
}

/* Of a season whose first cycle goes on, which was read with a place for all bins: what was not
 * visited loses its place again. Where memory is short all stays. */
static void compact(struct model_season **season)
{
    struct model_season *full = *season;
    struct model_season head = *full;
    head.rooms = 1;
    uint64_t bits[(MODEL_SEASON_MOST + WORD_BITS - 1) / WORD_BITS] = {0};
    uint32_t n = 0;
    for (uint32_t k = 0; k < full->bins; k++) {
        bool known = read_step(full, k) != 0 || read_visits(full, k) != 0 ||
                     (full->fine && read_step(full, full->bins + k) != 0);
        bits[k / WORD_BITS] |= (uint64_t)known << k % WORD_BITS;
        n += known;
    }
    while (head.rooms * ROOM < n)
        head.rooms++;
    if (model_season_ready(full) || head.rooms * ROOM >= full->bins)
        return;
    uint32_t words = words_of(&head);
    struct model_season *s = mem_zero(1, size_for(words, room_of(&head), full->fine));
    if (s == NULL)
        return;
    *s = head;
    memcpy(s->data, bits, words * sizeof(uint64_t));
    for (uint32_t k = 0; k < steps_for(full->bins, full->fine); k++) {
        int16_t *step = step_at(s, k);
        if (step != NULL)
            *step = read_step(full, k);
        if (step != NULL && k < full->bins)
            visits(s)[place_of(s, k)] = read_visits(full, k);
    }
    mem_free(full);
    *season = s;
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
    struct model_season *s = mem_zero(1, size_for(0, bins, fine));
    if (s == NULL)
        return ERR_MEMORY;
    s->period = period;
    s->bins = (uint16_t)bins;
    s->ratio = ratio;
    s->fine = fine;
    s->base = ratio ? model_number_load_positive(in, LARGEST) : model_number_load(in, LARGEST);
    s->mean = (float)model_number_load(in, 2 * LARGEST); /* of values rounded to steps */
    s->seen = model_number_load_positive(in, 1e15);
    double cycle = model_number_load_positive(in, 1e15);
    s->span = 2 * half;
    if (half == 0 || cycle_of(s) != cycle)
        s->span++;
    s->whole = s->seen >= cycle;
    s->cycles = (float)model_number_load_positive(in, 1e3);
    s->noise = (float)model_number_load_positive(in, LARGEST);
    s->unit = (float)model_number_load_positive(in, (double)unit_for(LARGEST));
    bool sound = s->cycles >= 1.0F && cycle_of(s) == cycle;
    for (uint32_t i = 0; i < steps_for(bins, fine); i++) {
        steps(s)[i] = (int16_t)cursor_le16(in);
        double v = value_at(s, i);
        sound &= !(ratio && i < bins) || (v >= 0 && v <= MOST_FACTOR + (double)s->unit);
    }
    for (uint32_t i = 0; i < bins; i++)
        visits(s)[i] = cursor_u8(in);
    if (!cursor_ok(in) || !sound) {
        mem_free(s);
        return ERR_FORMAT;
    }
    divide_visits(s);
    compact(&s);
    *out = s;
    return ERR_NONE;
}
