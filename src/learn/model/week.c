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

struct model_week {
    uint32_t n;           /* parts; 0: not yet cut */
    float doubt;          /* squared standard errors by which a bin must stand out to be heard */
    uint16_t from[PARTS]; /* bins at which they begin, ascending; the first is 0 */
    float mean[PARTS];
};

/* Sums over the bins before each. */
struct sums {
    double weight[MODEL_SEASON_MOST + 1];
    double value[MODEL_SEASON_MOST + 1];
    bool ratio;
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

void model_week_forget(struct model_week *w)
{
    w->n = 0;
}

bool model_week_known(const struct model_week *w)
{
    return w->n > 0;
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
    return scale > 0 ? d * d / (scale * (1 / left + 1 / right)) : 0;
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
        w->from[w->n] = (uint16_t)from;
        w->mean[w->n++] = (float)mean_of(s, from, to);
        return;
    }
    cut(w, s, from, at);
    if (w->n < PARTS)
        cut(w, s, at, to);
}

static double mean_at(const struct model_week *w, uint32_t k)
{
    uint32_t i = w->n - 1;
    while (i > 0 && w->from[i] > k)
        i--;
    return (double)w->mean[i];
}

void model_week_cut(struct model_week *w, const struct model_season *ring,
                    const struct model_week_noise *noise, const double *each)
{
    struct sums s;
    uint32_t bins = model_season_bins(ring);
    s.ratio = model_season_is_ratio(ring);
    s.weight[0] = s.value[0] = 0;
    for (uint32_t k = 0; k < bins; k++) {
        double value;
        double weight = model_season_bin(ring, k, &value) / (noise->flat + each[k] + noise->square);
        s.weight[k + 1] = s.weight[k] + weight;
        s.value[k + 1] = s.value[k] + weight * value;
    }
    w->n = 0;
    cut(w, &s, 0, bins);
    double far = 0;
    double n = 0;
    for (uint32_t k = 0; k < bins; k++) {
        double value;
        double weight = model_season_bin(ring, k, &value);
        double mean = mean_at(w, k);
        double error = noise->flat + each[k] * fabs(mean) + noise->square * mean * mean;
        double away = value - mean;
        far += weight > 0 ? model_min(away * away * weight / error, MOST_FAR) : 0;
        n += weight > 0;
    }
    double own = n > 0 ? model_min(model_max(far / n - 1, 0), 1) : 0;
    w->doubt = (float)(DOUBT_MOST - own * (DOUBT_MOST - DOUBT_LEAST));
}

static double bin_at(const struct model_week *w, const struct model_season *ring, uint32_t k,
                     const struct model_week_noise *noise)
{
    double value;
    double weight = model_season_bin(ring, k, &value);
    double mean = mean_at(w, k);
    double away = value - mean;
    double error = noise->flat + noise->each * fabs(mean) + noise->square * mean * mean;
    error *= (double)w->doubt;
    double clear = away * away * weight - error;
    return clear > 0 ? mean + away * clear / (clear + error) : mean;
}

double model_week_at(const struct model_week *w, const struct model_season *ring, ts_ns time,
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
    return model_season_between(ring, before, here, after, at);
}

void model_week_save(const struct model_week *w, struct buf *out)
{
    buf_char(out, (char)w->n);
    buf_double(out, (double)w->doubt);
    for (uint32_t i = 0; i < w->n; i++) {
        buf_le16(out, w->from[i]);
        buf_double(out, (double)w->mean[i]);
    }
}

enum err model_week_load(struct cursor *in, struct model_week **out)
{
    struct model_week read = {.n = cursor_u8(in)};
    read.doubt = (float)model_number_load_positive(in, DOUBT_MOST);
    if (!cursor_ok(in) || read.n > PARTS)
        return ERR_FORMAT;
    for (uint32_t i = 0; i < read.n; i++) {
        read.from[i] = cursor_le16(in);
        read.mean[i] = (float)model_number_load(in, LARGEST);
        bool ascends = i == 0 ? read.from[i] == 0 : read.from[i] > read.from[i - 1];
        if (!cursor_ok(in) || !ascends || read.from[i] >= MODEL_SEASON_MOST)
            return ERR_FORMAT;
    }
    struct model_week *w = model_week_new();
    if (w == NULL)
        return ERR_MEMORY;
    *w = read;
    *out = w;
    return ERR_NONE;
}
