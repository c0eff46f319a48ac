/* SPDX-License-Identifier: Apache-2.0 */
#include "model/history.h"

#include "base/assert.h"
#include "model/number.h"

#include <math.h>
#include <string.h>

#define VERSION 1
#define FADE_DAYS 30.0
#define YOUNG_FADE_DAYS 1.0
#define FREE_A_WEEK 2.0 /* episodes of a height that are no routine */
#define NEAR 5          /* a height is routine when others came within this much of it, or above */
#define EPISODE_DROP 10.0F
#define STEEPNESS 0.25

void model_history_init(struct model_history *h, ts_ns bucket_span)
{
    ASSERT(bucket_span > 0);
    memset(h, 0, sizeof(*h));
    h->bucket_span = bucket_span;
    h->first = h->last = TIME_NONE;
}

void model_history_add(struct model_history *h, ts_ns time, double anchor)
{
    float a = (float)fmin(fmax(anchor, 0), 100);
    if (h->first == TIME_NONE) {
        h->first = time;
    } else if (time > h->last) {
        double days = ((double)time - (double)h->last) / (double)TIME_DAY;
        double age = ((double)h->last - (double)h->first) / (double)TIME_DAY;
        /* What a job said while it knew little is soon forgotten. */
        float keep = (float)exp(-days / fmin(FADE_DAYS, YOUNG_FADE_DAYS + age / 2));
        for (size_t i = 0; i < MODEL_HISTORY_BINS; i++)
            h->bins[i] *= keep;
        h->days = h->days * (double)keep + fmin(days, FADE_DAYS);
        /* Buckets without news in between end an episode. */
        if ((double)time - (double)h->last > 1.5 * (double)h->bucket_span)
            h->episode = 0;
    }
    h->last = time;
    if (h->episode > 0.0F && a <= h->episode && a > h->episode - EPISODE_DROP)
        return;
    if (h->episode > 0.0F && a > h->episode) {
        /* The same episode, higher: it is moved, not counted twice. */
        float *old = &h->bins[(size_t)h->episode];
        *old = *old > 1.0F ? *old - 1.0F : 0.0F;
    }
    h->episode = a;
    if (a >= 1.0F)
        h->bins[(size_t)a] += 1.0F;
}

void model_history_own_add(struct model_history_own *own, double height, ts_ns ago)
{
    float h = (float)fmin(fmax(height, 0), 100);
    own->episodes += 1;
    own->height += (h - own->height) / own->episodes;
    own->episodes *= (float)exp(-fmax((double)ago, 0) / (FADE_DAYS * (double)TIME_DAY));
}

double model_history_own_count(const struct model_history_own *own, double anchor)
{
    return anchor <= (double)own->height + NEAR ? (double)own->episodes : 0;
}

double model_history_score(const struct model_history *h, double anchor, double leeway, double own)
{
    double a = fmin(fmax(anchor, 0), 100);
    if (h->first == TIME_NONE || a < 1)
        return a;
    double episodes = 0;
    for (size_t i = (size_t)fmax(a - NEAR, 1); i < MODEL_HISTORY_BINS; i++)
        episodes += (double)h->bins[i];
    if (h->episode > 0.0F && (double)h->episode >= a - NEAR)
        episodes -= 1; /* the episode that goes on is no past */
    double weeks = fmax(h->days, 7) / 7;
    double free = FREE_A_WEEK * weeks;
    double routine = fmax(episodes / fmax(leeway, 1), fmin(own, episodes)) / free;
    if (!(routine > 1))
        return a;
    return a / (1 + STEEPNESS * log2(routine));
}

void model_history_save(const struct model_history *h, struct buf *out)
{
    buf_char(out, VERSION);
    buf_le64(out, (uint64_t)h->first);
    buf_le64(out, (uint64_t)h->last);
    buf_double(out, h->days);
    buf_double(out, (double)h->episode);
    for (size_t i = 0; i < MODEL_HISTORY_BINS; i++)
        buf_double(out, (double)h->bins[i]);
}

enum err model_history_load(struct cursor *in, ts_ns bucket_span, struct model_history *out)
{
    struct model_history h;
    uint8_t version = cursor_u8(in);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    if (version != VERSION)
        return version > VERSION ? ERR_VERSION : ERR_FORMAT;
    model_history_init(&h, bucket_span);
    h.first = (ts_ns)cursor_le64(in);
    h.last = (ts_ns)cursor_le64(in);
    h.days = model_number_load_positive(in, 1e6);
    h.episode = (float)model_number_load_positive(in, 100);
    for (size_t i = 0; i < MODEL_HISTORY_BINS; i++)
        h.bins[i] = (float)model_number_load_positive(in, 1e9);
    if (!cursor_ok(in))
        return ERR_FORMAT;
    *out = h;
    return ERR_NONE;
}
