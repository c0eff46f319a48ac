/* SPDX-License-Identifier: Apache-2.0 */
#include "model/rare.h"

#include "base/assert.h"
#include "model/number.h"

#include <math.h>
#include <string.h>

#define VERSION 1
#define TALLY_AFTER 5.0 /* buckets in which everything is new say nothing */
#define DOUBT 0.5
#define COMMON 0.05
#define COMMON_AFTER 10.0
#define STEEPNESS 1.5 /* docs/method/rare.md: from a rate to a probability */

void model_rare_init(struct model_rare *r, ts_ns bucket_span)
{
    ASSERT(bucket_span > 0);
    memset(r, 0, sizeof(*r));
    r->bucket_span = bucket_span;
    r->first = r->last = TIME_NONE;
}

void model_rare_value_init(struct model_rare_value *v)
{
    memset(v, 0, sizeof(*v));
    v->last = TIME_NONE;
}

static double tau_of(const struct model_rare *r)
{
    return model_min(model_max(28.0 * (double)TIME_DAY / (double)r->bucket_span, 100), 3000);
}

/* What is left of a weight after the time between two buckets. */
static double kept(const struct model_rare *r, ts_ns before, ts_ns now)
{
    if (before == TIME_NONE || now <= before)
        return 1;
    return exp(-((double)now - (double)before) / (double)r->bucket_span / tau_of(r));
}

static double frequency(const struct model_rare *r, const struct model_rare_value *v, ts_ns time,
                        double members, double of)
{
    if (of > 0)
        return model_min(model_max(members, 1) / of, 1);
    return model_min(((double)v->count * kept(r, v->last, time) + DOUBT) / (r->buckets + 1), 1);
}

/*
 * How often the value was met before: by what most weighs, its count, since a value met once before
 * is that kind of news in a young pool and in an old one. What occurs in one of twenty buckets is
 * common. Bin 0 is the first meeting, then two bins a doubling.
 */
static size_t bin_of(const struct model_rare *r, const struct model_rare_value *v, ts_ns time,
                     double members, double of)
{
    if (frequency(r, v, time, members, of) > COMMON && r->buckets >= COMMON_AFTER)
        return MODEL_RARE_BINS - 1;
    double count = of > 0 ? members - 1 : (double)v->count * kept(r, v->last, time);
    if (count < 0.5)
        return 0;
    double at = 3 + 2 * log2(count);
    return at < MODEL_RARE_BINS - 2 ? (size_t)at : MODEL_RARE_BINS - 2;
}

void model_rare_judge(const struct model_rare *r, const struct model_rare_value *v, ts_ns time,
                      double members, double of, struct model_rare_judgement *out)
{
    memset(out, 0, sizeof(*out));
    double f = frequency(r, v, time, members, of);
    out->frequency = f;
    out->first = v->seen == 0;
    /* How many values as seldom as this one a bucket shows. */
    double seldom = 0;
    for (size_t bin = bin_of(r, v, time, members, of) + 1; bin-- > 0;)
        seldom += (double)r->seen[bin];
    double rate = (seldom + DOUBT) / (r->counted + 1);
    out->relative = model_max(-log10(model_min(rate, 1)), 0);
    if (r->buckets < MODEL_RARE_LEARN)
        return;
    out->judged = true;
    out->log_p = STEEPNESS * log(model_min(rate, 1));
    /* One of ten members is not few. */
    if (of > 0)
        out->log_p = model_max(out->log_p, 2 * log(f));
}

void model_rare_learn(struct model_rare *r, struct model_rare_value *v, ts_ns time, double members,
                      double of)
{
    if (r->buckets >= TALLY_AFTER)
        r->seen[bin_of(r, v, time, members, of)] += 1.0F;
    if (v->seen == 0)
        r->values++;
    v->count = (float)((double)v->count * kept(r, v->last, time) + 1);
    v->last = time;
    v->seen += v->seen < UINT32_MAX;
    if (r->first == TIME_NONE)
        r->first = time;
    r->open = true;
}

void model_rare_close(struct model_rare *r, ts_ns time)
{
    if (!r->open)
        return;
    double keep = kept(r, r->last, time);
    bool counted = r->buckets >= TALLY_AFTER;
    r->buckets = r->buckets * keep + 1;
    r->counted = r->counted * keep + (counted ? 1 : 0);
    for (size_t i = 0; i < MODEL_RARE_BINS; i++)
        r->seen[i] *= (float)keep;
    r->last = time;
    r->open = false;
}

void model_rare_save(const struct model_rare *r, struct buf *out)
{
    buf_char(out, VERSION);
    buf_char(out, (char)r->open);
    buf_le64(out, (uint64_t)r->first);
    buf_le64(out, (uint64_t)r->last);
    buf_le64(out, r->values);
    buf_double(out, r->buckets);
    buf_double(out, r->counted);
    for (size_t i = 0; i < MODEL_RARE_BINS; i++)
        buf_double(out, (double)r->seen[i]);
}

enum err model_rare_load(struct cursor *in, ts_ns bucket_span, struct model_rare *out)
{
    struct model_rare r;
    uint8_t version = cursor_u8(in);
    uint8_t open = cursor_u8(in);
    if (!cursor_ok(in) || open > 1)
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    model_rare_init(&r, bucket_span);
    r.open = open != 0;
    r.first = (ts_ns)cursor_le64(in);
    r.last = (ts_ns)cursor_le64(in);
    r.values = cursor_le64(in);
    r.buckets = model_number_load_positive(in, 1e9);
    r.counted = model_number_load_positive(in, 1e9);
    for (size_t i = 0; i < MODEL_RARE_BINS; i++)
        r.seen[i] = (float)model_number_load_positive(in, 1e15);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    *out = r;
    return ERR_NONE;
}

void model_rare_value_save(const struct model_rare_value *v, struct buf *out)
{
    buf_double(out, (double)v->count);
    buf_le64(out, (uint64_t)v->last);
    buf_le32(out, v->seen);
}

enum err model_rare_value_load(struct cursor *in, struct model_rare_value *out)
{
    struct model_rare_value v;
    v.count = (float)model_number_load_positive(in, 1e9);
    v.last = (ts_ns)cursor_le64(in);
    v.seen = cursor_le32(in);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    *out = v;
    return ERR_NONE;
}
