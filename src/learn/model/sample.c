/* SPDX-License-Identifier: Apache-2.0 */
#include "model/sample.h"

#include "base/mem.h"
#include "model/number.h"

#include <math.h>
#include <string.h>

#define STEPS 256.0
#define FIRST_LOOK 128
#define ROOM 16      /* values by which it grows */
#define SHORTEST 3.0 /* values in a cycle */
#define CYCLES 5     /* that must have been seen */
#define PEAKS 8      /* of the autocorrelation that are looked at */
#define LEAST_PEAK 0.12
#define BINS 16
#define EXPLAINED                                                                                  \
    0.1 /* of the second half, by the first half's mean course; and for each cycle                 \
         */
#define EXPLAINED_MORE 0.8
#define HOPELESS 0.03 /* explained at the first try: no length nearby will do */
#define AS_GOOD 0.85  /* a shorter cycle that explains nearly as much is the cycle */
#define FOLDS_MOST 2

struct model_sample {
    double origin;
    double scale;
    double half; /* the first of two values that make one */
    uint32_t n;
    uint8_t folds;
    uint8_t waiting; /* values in half */
    bool seasonal;
    uint8_t rooms; /* of ROOM values each */
    int16_t v[];
};

static size_t size_for(unsigned rooms)
{
    return sizeof(struct model_sample) + (size_t)rooms * ROOM * sizeof(int16_t);
}

struct model_sample *model_sample_new(double origin, double scale, bool seasonal)
{
    struct model_sample *s = mem_zero(1, size_for(1));
    if (s == NULL)
        return NULL;
    s->origin = origin;
    s->scale = scale;
    s->seasonal = seasonal;
    s->rooms = 1;
    return s;
}

void model_sample_free(struct model_sample *s)
{
    mem_free(s);
}

size_t model_sample_memory(void)
{
    return size_for(MODEL_SAMPLE_MOST / ROOM);
}

bool model_sample_is_seasonal(const struct model_sample *s)
{
    return s->seasonal;
}

uint32_t model_sample_fold(const struct model_sample *s)
{
    return 1U << s->folds;
}

/* For n values; false when memory is short. */
static bool make_room(struct model_sample **sample, uint32_t n)
{
    unsigned rooms = (n + ROOM - 1) / ROOM;
    if (rooms <= (*sample)->rooms)
        return true;
    struct model_sample *s = mem_resize(*sample, 1, size_for(rooms));
    if (s == NULL)
        return false;
    s->rooms = (uint8_t)rooms;
    *sample = s;
    return true;
}

bool model_sample_add(struct model_sample **sample, double x)
{
    struct model_sample *s = *sample;
    if (s->n >= MODEL_SAMPLE_MOST || !make_room(sample, s->n + 1))
        return false;
    s = *sample;
    s->half += model_min(model_max((x - s->origin) / s->scale * STEPS, -32000), 32000);
    if (++s->waiting < model_sample_fold(s))
        return false;
    s->v[s->n++] = (int16_t)lrint(s->half / s->waiting);
    s->half = 0;
    s->waiting = 0;
    return s->n == FIRST_LOOK || s->n == 2 * FIRST_LOOK || s->n == MODEL_SAMPLE_MOST;
}

unsigned model_sample_looks(const struct model_sample *s)
{
    return s->n == MODEL_SAMPLE_MOST ? 3 : s->n >= 2 * FIRST_LOOK ? 2 : s->n >= FIRST_LOOK;
}

bool model_sample_is_full(const struct model_sample *s)
{
    return s->n == MODEL_SAMPLE_MOST;
}

bool model_sample_halve(struct model_sample *s)
{
    if (!model_sample_is_full(s) || s->folds >= FOLDS_MOST)
        return false;
    s->n /= 2;
    for (uint32_t i = 0; i < s->n; i++)
        s->v[i] = (int16_t)((s->v[2 * i] + s->v[2 * i + 1]) / 2);
    s->folds++;
    return true;
}

size_t model_sample_values(const struct model_sample *s, double *out)
{
    for (uint32_t i = 0; i < s->n; i++)
        out[i] = s->origin + s->v[i] * s->scale / STEPS;
    return s->n;
}

static void centre(const struct model_sample *s, double *x)
{
    double mean = 0;
    double squares = 0;
    for (uint32_t i = 0; i < s->n; i++)
        mean += s->v[i];
    mean /= s->n;
    for (uint32_t i = 0; i < s->n; i++) {
        x[i] = s->v[i] - mean;
        squares += x[i] * x[i];
    }
    /* A few far outliers would hide everything else. */
    double most = 3 * sqrt(squares / s->n);
    for (uint32_t i = 0; i < s->n; i++)
        x[i] = model_min(model_max(x[i], -most), most);
}

/* Of four lags at once, whose sums do not wait for each other; out for lags 0 to most - 1. */
static void correlations(const double *x, size_t n, size_t most, double *out)
{
    for (size_t lag = 0; lag < most; lag += 4) {
        double sum[4] = {0};
        for (size_t k = 0; k < 3; k++)
            for (size_t i = lag + k; i < lag + 3 && i < n; i++)
                sum[k] += x[i] * x[i - lag - k];
        for (size_t i = lag + 3; i < n; i++) {
            sum[0] += x[i] * x[i - lag];
            sum[1] += x[i] * x[i - lag - 1];
            sum[2] += x[i] * x[i - lag - 2];
            sum[3] += x[i] * x[i - lag - 3];
        }
        for (size_t k = 0; k < 4 && lag + k < most; k++)
            out[lag + k] = sum[k] / (double)(n - lag - k);
    }
}

/* The lag next to `about` at which the autocorrelation is greatest, between its neighbours by a
 * parabola. */
static double peak_near(const double *c, size_t most, double about)
{
    size_t best = (size_t)(about + 0.5);
    for (size_t l = best > 2 ? best - 2 : 1; l <= best + 2 && l < most; l++)
        if (fabs((double)l - about) <= 1.5 && c[l] > c[best < most ? best : most - 1])
            best = l;
    if (best < 2 || best + 1 >= most)
        return about;
    double bend = c[best - 1] - 2 * c[best] + c[best + 1];
    double shift = bend < 0 ? 0.5 * (c[best - 1] - c[best + 1]) / bend : 0;
    return (double)best + model_min(model_max(shift, -0.5), 0.5);
}

/* From multiples twice as far each time: their peaks lie at twice the length, within a step. */
static double sharpen(const double *c, size_t most, double length)
{
    for (unsigned times = 2; times * length + 2 < (double)most; times *= 2)
        length = peak_near(c, most, times * length) / times;
    return length;
}

/* Where in the cycle value i lies. */
static size_t bin_of(size_t i, double length, size_t bins)
{
    double at = (double)i / length;
    size_t bin = (size_t)((at - (double)(size_t)at) * (double)bins);
    return bin < bins ? bin : 0;
}

/* How much of the second half's squares the mean course of the first half explains. */
static double explained(const double *x, size_t n, double length)
{
    double mean[BINS] = {0};
    unsigned count[BINS] = {0};
    size_t bins = (size_t)model_min(length, BINS);
    size_t middle = n / 2;
    for (size_t i = 0; i < middle; i++) {
        size_t bin = bin_of(i, length, bins);
        mean[bin] += x[i];
        count[bin]++;
    }
    for (size_t bin = 0; bin < bins; bin++)
        mean[bin] = count[bin] > 0 ? mean[bin] / count[bin] : 0;
    double before = 0;
    double after = 0;
    for (size_t i = middle; i < n; i++) {
        double e = x[i] - mean[bin_of(i, length, bins)];
        before += x[i] * x[i];
        after += e * e;
    }
    return before > 0 ? 1 - after / before : 0;
}

/* The length near this one that explains most, in steps that move the end by half a bin. */
static double refine(const double *x, size_t n, double length, double *out_explained)
{
    double step = length * length / (2.0 * BINS * (double)n);
    double best = length;
    *out_explained = explained(x, n, length);
    for (int i = -8; i <= 8 && *out_explained > HOPELESS; i++) {
        double l = length + i * step;
        double e = l >= SHORTEST ? explained(x, n, l) : 0;
        if (e > *out_explained) {
            *out_explained = e;
            best = l;
        }
    }
    return best;
}

double model_sample_cycle(const struct model_sample *s)
{
    double x[MODEL_SAMPLE_MOST];
    double c[MODEL_SAMPLE_MOST / 2 + 1];
    if (s->n < FIRST_LOOK)
        return 0;
    centre(s, x);
    size_t n = s->n;
    size_t most = n / 2;
    correlations(x, n, most, c);
    double all = c[0];
    if (!(all > 0))
        return 0;
    for (size_t l = 0; l < most; l++)
        c[l] /= all;
    double found = 0;
    double found_explained = 0;
    double below = 1e300;
    int peaks = 0;
    /* Shortest first: its multiples explain as much and are not the cycle. */
    for (size_t l = 2; l < n / CYCLES && l + 1 < most && peaks < PEAKS; l++) {
        below = model_min(below, c[l - 1]);
        bool peak = c[l] > c[l - 1] && c[l] >= c[l + 1];
        if (!peak || c[l] < LEAST_PEAK || c[l] - below < LEAST_PEAK || (double)l < SHORTEST)
            continue;
        peaks++;
        double e;
        double length = refine(x, n, sharpen(c, most, peak_near(c, most, (double)l)), &e);
        /* The fewer cycles there were, the easier is one seen in what is none. */
        if (e < EXPLAINED + EXPLAINED_MORE * length / (double)n)
            continue;
        if (found <= 0 || e * AS_GOOD > found_explained) {
            found = length;
            found_explained = e;
        }
    }
    /* Whole buckets are likelier than what lies within the error of them. */
    double buckets = found * model_sample_fold(s);
    double error = found * buckets / (double)BINS / (double)n;
    return fabs(buckets - rint(buckets)) < error ? rint(buckets) : buckets;
}

void model_sample_save(const struct model_sample *s, struct buf *out)
{
    buf_double(out, s->origin);
    buf_double(out, s->scale);
    buf_double(out, s->half);
    buf_le32(out, s->n);
    buf_char(out, (char)s->folds);
    buf_char(out, (char)s->waiting);
    buf_char(out, (char)s->seasonal);
    for (uint32_t i = 0; i < s->n; i++)
        buf_le16(out, (uint16_t)s->v[i]);
}

enum err model_sample_load(struct cursor *in, struct model_sample **out)
{
    double origin = model_number_load(in, 1e31);
    double scale = model_number_load_positive(in, 1e36);
    struct model_sample *s = model_sample_new(origin, scale, false);
    if (s == NULL)
        return ERR_MEMORY;
    s->half = model_number_load(in, 1e9);
    s->n = cursor_le32(in);
    s->folds = cursor_u8(in);
    s->waiting = cursor_u8(in);
    s->seasonal = cursor_u8(in) != 0;
    bool sound = cursor_ok(in) && s->scale > 0 && s->n <= MODEL_SAMPLE_MOST &&
                 s->folds <= FOLDS_MOST && s->waiting < model_sample_fold(s);
    if (sound && !make_room(&s, s->n)) {
        mem_free(s);
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; sound && i < s->n; i++)
        s->v[i] = (int16_t)cursor_le16(in);
    if (!sound || !cursor_ok(in)) {
        mem_free(s);
        return ERR_FORMAT;
    }
    *out = s;
    return ERR_NONE;
}
