/* SPDX-License-Identifier: Apache-2.0 */
#include "model/clock.h"

#include "model/number.h"

#include <math.h>
#include <string.h>

#define VERSION 1
#define VISITS_MIN 20.0 /* as rare values are not judged before 20 buckets */
#define CYCLES_MIN 2    /* one cycle shows no habit */
#define DOUBT 0.5
#define STEEPNESS 1.5 /* docs/method/rare.md: from a rate to a probability */
#define SLACK 2.0     /* standard deviations of a count within which two are alike */
#define USUAL 0.1     /* of the most visited time's density */

/* Kernel: standard deviation and reach in slots. */
struct cycle {
    ts_ns slot;
    size_t slots;
    double width;
    int reach;
    double fade; /* ns */
};

static const struct cycle cycles[] = {
    {15 * TIME_MIN, 96, 3, 8, 28.0 * (double)TIME_DAY},
    {TIME_HOUR, 168, 1, 3, 56.0 * (double)TIME_DAY},
};

size_t model_clock_slots(enum model_clock_cycle cycle)
{
    return cycles[cycle].slots;
}

size_t model_clock_slot(enum model_clock_cycle cycle, ts_ns time)
{
    const struct cycle *y = &cycles[cycle];
    ts_ns in = time - time_floor(time, y->slot * (ts_ns)y->slots);
    return (size_t)(in / y->slot);
}

void model_clock_init(struct model_clock *c, enum model_clock_cycle cycle)
{
    memset(c, 0, sizeof(*c));
    c->cycle = (uint8_t)cycle;
    c->first = c->last = TIME_NONE;
    c->newest = INT64_MIN;
}

static size_t beside(const struct cycle *y, size_t slot, int by)
{
    return (slot + y->slots + (size_t)(by + (int)y->slots)) % y->slots;
}

/* How much happens about a slot: visits near by, weighted by a normal kernel of sum 1. */
static double density(const struct model_clock *c, size_t slot)
{
    const struct cycle *y = &cycles[c->cycle];
    double sum = (double)c->seen[slot];
    double all = 1;
    for (int d = 1; d <= y->reach; d++) {
        double k = exp(-0.5 * d * d / (y->width * y->width));
        sum += k * ((double)c->seen[beside(y, slot, d)] + (double)c->seen[beside(y, slot, -d)]);
        all += 2 * k;
    }
    return sum / all;
}

/* Sum of the kernel's squares: by it the variance of a smoothed count is less than the count. */
static double kernel_square(const struct cycle *y)
{
    double sum = 1;
    double squares = 1;
    for (int d = 1; d <= y->reach; d++) {
        double k = exp(-0.5 * d * d / (y->width * y->width));
        sum += 2 * k;
        squares += 2 * k * k;
    }
    return squares / (sum * sum);
}

/* The nearest slot where much happens; the slot itself when there is none. */
static size_t usual_slot(const struct cycle *y, const double *dense, size_t slot)
{
    double most = 0;
    for (size_t i = 0; i < y->slots; i++)
        most = model_max(most, dense[i]);
    for (int d = 0; d <= (int)y->slots / 2 && most > 0; d++) {
        if (dense[beside(y, slot, d)] >= USUAL * most)
            return beside(y, slot, d);
        if (dense[beside(y, slot, -d)] >= USUAL * most)
            return beside(y, slot, -d);
    }
    return slot;
}

void model_clock_judge(const struct model_clock *c, ts_ns bucket, size_t slot,
                       struct model_clock_judgement *out)
{
    const struct cycle *y = &cycles[c->cycle];
    double length = (double)y->slot / (double)TIME_S;
    double dense[MODEL_CLOCK_SLOTS];
    for (size_t i = 0; i < y->slots; i++)
        dense[i] = density(c, i);
    double alike = dense[slot] + SLACK * sqrt(dense[slot] * kernel_square(y));
    double seldom = 0;
    for (size_t i = 0; i < y->slots; i++)
        seldom += dense[i] <= alike ? dense[i] : 0;
    size_t usual = usual_slot(y, dense, slot);
    *out = (struct model_clock_judgement){.actual = ((double)slot + 0.5) * length,
                                          .typical = ((double)usual + 0.5) * length,
                                          .lower = (double)usual * length,
                                          .upper = ((double)usual + 1) * length};
    double age = c->first == TIME_NONE ? 0 : (double)bucket - (double)c->first;
    if (c->total < VISITS_MIN || age < CYCLES_MIN * (double)y->slot * (double)y->slots)
        return;
    out->judged = true;
    out->log_p = STEEPNESS * log(model_min((seldom + DOUBT) / (c->total + 1), 1));
}

static void fade(struct model_clock *c, ts_ns bucket)
{
    const struct cycle *y = &cycles[c->cycle];
    if (c->last != TIME_NONE && bucket > c->last) {
        double keep = exp(-((double)bucket - (double)c->last) / y->fade);
        c->total *= keep;
        for (size_t i = 0; i < y->slots; i++)
            c->seen[i] *= (float)keep;
    }
    if (c->last == TIME_NONE || bucket > c->last)
        c->last = bucket;
}

void model_clock_learn(struct model_clock *c, ts_ns bucket, size_t slot)
{
    const struct cycle *y = &cycles[c->cycle];
    ts_ns whole = y->slot * (ts_ns)y->slots;
    /* The first such slot that does not lie before the bucket's own. */
    int64_t own = time_floor(bucket, y->slot) / y->slot;
    int64_t number = time_floor(bucket, whole) / y->slot + (int64_t)slot;
    if (number < own)
        number += (int64_t)y->slots;
    if (number <= c->newest)
        return;
    fade(c, bucket);
    if (c->first == TIME_NONE)
        c->first = bucket;
    c->newest = number;
    c->seen[slot] += 1.0F;
    c->total += 1;
}

void model_clock_shift(struct model_clock *c, ts_ns by)
{
    const struct cycle *y = &cycles[c->cycle];
    ts_ns slots = (ts_ns)y->slots;
    ts_ns moved = time_floor(by + y->slot / 2, y->slot) / y->slot % slots;
    float seen[MODEL_CLOCK_SLOTS];
    memcpy(seen, c->seen, sizeof(seen));
    for (ts_ns i = 0; i < slots; i++)
        c->seen[i] = seen[(i + moved + slots) % slots];
    if (c->newest != INT64_MIN)
        c->newest -= moved;
}

void model_clock_save(const struct model_clock *c, struct buf *out)
{
    buf_char(out, VERSION);
    buf_char(out, (char)c->cycle);
    buf_le64(out, (uint64_t)c->first);
    buf_le64(out, (uint64_t)c->last);
    buf_le64(out, (uint64_t)c->newest);
    buf_double(out, c->total);
    for (size_t i = 0; i < model_clock_slots(c->cycle); i++)
        buf_double(out, (double)c->seen[i]);
}

enum err model_clock_load(struct cursor *in, enum model_clock_cycle cycle, struct model_clock *out)
{
    struct model_clock c;
    uint8_t version = cursor_u8(in);
    uint8_t saved = cursor_u8(in);
    if (!cursor_ok(in) || saved != (uint8_t)cycle)
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    model_clock_init(&c, cycle);
    c.first = (ts_ns)cursor_le64(in);
    c.last = (ts_ns)cursor_le64(in);
    c.newest = (int64_t)cursor_le64(in);
    c.total = model_number_load_positive(in, 1e9);
    for (size_t i = 0; i < model_clock_slots(cycle); i++)
        c.seen[i] = (float)model_number_load_positive(in, 1e9);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    *out = c;
    return ERR_NONE;
}
