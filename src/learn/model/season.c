/* SPDX-License-Identifier: Apache-2.0 */
#include "model/season.h"

#include "base/mem.h"
#include "model/number.h"

#include <math.h>

#define CYCLES 8.0 /* a knot remembers about so many cycles */
#define SHRINK 1.0 /* visits of doubt: a knot seen once is half believed */
#define LEAST_FACTOR 0.02
#define MOST_FACTOR 50.0
#define DAY_KNOTS 48

struct model_season {
    ts_ns period;
    double base;
    double seen;  /* buckets learned */
    double cycle; /* buckets in a period */
    uint32_t knots;
    bool ratio;
    float knot[2 * MODEL_SEASON_MOST]; /* value, weight; only 2 * knots are allocated */
};

static size_t size_for(uint32_t knots)
{
    return offsetof(struct model_season, knot) + 2 * knots * sizeof(float);
}

struct model_season *model_season_new(ts_ns period, ts_ns span, double base, bool ratio)
{
    ts_ns buckets = period / span;
    uint32_t most = period <= TIME_DAY ? DAY_KNOTS : MODEL_SEASON_MOST;
    uint32_t knots = (uint32_t)(buckets < (ts_ns)most ? buckets : (ts_ns)most);
    if (knots < 2)
        return NULL;
    struct model_season *s = mem_zero(1, size_for(knots));
    if (s == NULL)
        return NULL;
    s->period = period;
    s->base = base;
    s->cycle = (double)period / (double)span;
    s->knots = knots;
    s->ratio = ratio;
    return s;
}

void model_season_free(struct model_season *s)
{
    mem_free(s);
}

size_t model_season_memory(const struct model_season *s)
{
    return size_for(s->knots);
}

bool model_season_ready(const struct model_season *s)
{
    return s->seen >= s->cycle;
}

double model_season_cycles(const struct model_season *s)
{
    return s->seen / fmax(s->cycle, 1);
}

double model_season_base(const struct model_season *s)
{
    return s->base;
}

/* The two knots around a time and the share of the second. */
static double around(const struct model_season *s, ts_ns time, uint32_t *out_first,
                     uint32_t *out_second)
{
    ts_ns phase = time - time_floor(time, s->period);
    double at = (double)phase / (double)s->period * s->knots;
    uint32_t first = (uint32_t)at % s->knots;
    *out_first = first;
    *out_second = (first + 1) % s->knots;
    return at - floor(at);
}

/* A knot's value, drawn to "no season" as long as few visits are behind it. */
static double believed(const struct model_season *s, uint32_t k)
{
    double neutral = s->ratio ? 1 : 0;
    double weight = (double)s->knot[2 * k + 1];
    return neutral + ((double)s->knot[2 * k] - neutral) * weight / (weight + SHRINK);
}

double model_season_at(const struct model_season *s, ts_ns time)
{
    uint32_t first;
    uint32_t second;
    double share = around(s, time, &first, &second);
    double v = believed(s, first) * (1 - share) + believed(s, second) * share;
    return s->ratio ? fmin(fmax(v, LEAST_FACTOR), MOST_FACTOR) : v;
}

void model_season_learn(struct model_season *s, ts_ns time, double y, double base_gain,
                        double share)
{
    uint32_t knot[2];
    double second = around(s, time, &knot[0], &knot[1]);
    double v = s->ratio ? fmin(y / fmax(s->base, 1e-9), MOST_FACTOR) : y - s->base;
    double most = CYCLES * fmax(s->cycle / s->knots, 1);
    for (int i = 0; i < 2; i++) {
        double hat = (i == 0 ? 1 - second : second) * share;
        if (!(hat > 0))
            continue;
        float *value = &s->knot[2 * knot[i]];
        float *weight = &s->knot[2 * knot[i] + 1];
        double w = (double)*weight + hat;
        *value = (float)((double)*value + hat * (v - (double)*value) / w);
        *weight = (float)fmin(w, most);
    }
    s->base += (y - s->base) * base_gain * share;
    s->seen += 1;
}

void model_season_rebase(struct model_season *s, double base)
{
    s->base = base;
}

void model_season_save(const struct model_season *s, struct buf *out)
{
    buf_le64(out, (uint64_t)s->period);
    buf_le32(out, s->knots);
    buf_char(out, (char)s->ratio);
    buf_double(out, s->base);
    buf_double(out, s->seen);
    buf_double(out, s->cycle);
    for (uint32_t i = 0; i < 2 * s->knots; i++)
        buf_double(out, (double)s->knot[i]);
}

enum err model_season_load(struct cursor *in, struct model_season **out)
{
    ts_ns period = (ts_ns)cursor_le64(in);
    uint32_t knots = cursor_le32(in);
    uint8_t ratio = cursor_u8(in);
    if (!cursor_ok(in) || period <= 0 || knots < 2 || knots > MODEL_SEASON_MOST || ratio > 1)
        return ERR_FORMAT;
    struct model_season *s = mem_zero(1, size_for(knots));
    if (s == NULL)
        return ERR_MEMORY;
    s->period = period;
    s->knots = knots;
    s->ratio = ratio != 0;
    s->base = model_number_load(in, 1e300);
    s->seen = model_number_load_positive(in, 1e15);
    s->cycle = model_number_load_positive(in, 1e15);
    for (uint32_t i = 0; i < knots; i++) {
        s->knot[2 * i] = (float)model_number_load(in, 1e37);
        s->knot[2 * i + 1] = (float)model_number_load_positive(in, 1e9);
    }
    if (!cursor_ok(in)) {
        mem_free(s);
        return ERR_FORMAT;
    }
    *out = s;
    return ERR_NONE;
}
