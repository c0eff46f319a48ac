/* SPDX-License-Identifier: Apache-2.0 */
#include "model/recur.h"

#include "model/number.h"
#include "stats/special.h"

#include <math.h>

#define EXPECTED_AFTER 2
#define SIZE_SD 0.4 /* of the logarithm: a job that moves half again as much is the same job */
#define FORGOTTEN (15 * TIME_DAY)
#define NONE (-690775.5)

void model_recur_init(struct model_recur *r)
{
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++)
        r->slot[i] = (struct model_recur_slot){TIME_NONE, 0, 0};
}

static double size_of(double value)
{
    return value < 0 ? -log1p(-value) : log1p(value);
}

/* Whether two times lie within a bucket of each other on the clock. */
static bool same_hour(ts_ns a, ts_ns b, ts_ns span)
{
    ts_ns gap = (a - time_floor(a, TIME_DAY)) - (b - time_floor(b, TIME_DAY));
    gap = gap < 0 ? -gap : gap;
    gap = gap > TIME_DAY / 2 ? TIME_DAY - gap : gap;
    return gap <= span;
}

static bool fits(const struct model_recur_slot *s, ts_ns time, ts_ns span)
{
    return s->last != TIME_NONE && s->n > 0 && time >= s->last &&
           (uint64_t)time - (uint64_t)s->last < (uint64_t)FORGOTTEN &&
           same_hour(s->last, time, span);
}

double model_recur_judge(const struct model_recur *r, ts_ns time, ts_ns span, double value)
{
    double best = NONE;
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++) {
        const struct model_recur_slot *s = &r->slot[i];
        if (s->n < EXPECTED_AFTER || !fits(s, time, span))
            continue;
        double far = fabs(size_of(value)) - fabs((double)s->size);
        if (size_of(value) * (double)s->size > 0)
            best = model_max(best, stats_special_log_normal_tail(far / SIZE_SD));
    }
    return best;
}

void model_recur_learn(struct model_recur *r, ts_ns time, ts_ns span, double value)
{
    double size = size_of(value);
    int oldest = 0;
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++) {
        struct model_recur_slot *s = &r->slot[i];
        if (fits(s, time, span) && fabs(size - (double)s->size) < 4 * SIZE_SD) {
            /* Buckets in a row are one visit, and its first bucket keeps the slot. */
            if (time - s->last < TIME_DAY / 2)
                return;
            s->n += s->n < UINT32_MAX;
            s->size += (float)((size - (double)s->size) / model_min(s->n, 4));
            s->last = time;
            return;
        }
        if (s->last < r->slot[oldest].last)
            oldest = i;
    }
    r->slot[oldest] = (struct model_recur_slot){time, (float)size, 1};
}

void model_recur_shift(struct model_recur *r, ts_ns by)
{
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++) {
        if (r->slot[i].last != TIME_NONE)
            r->slot[i].last = (ts_ns)((uint64_t)r->slot[i].last - (uint64_t)by);
    }
}

void model_recur_save(const struct model_recur *r, struct buf *out)
{
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++) {
        buf_le64(out, (uint64_t)r->slot[i].last);
        buf_double(out, (double)r->slot[i].size);
        buf_le32(out, r->slot[i].n);
    }
}

void model_recur_load(struct cursor *in, struct model_recur *out)
{
    for (int i = 0; i < MODEL_RECUR_SLOTS; i++) {
        out->slot[i].last = (ts_ns)cursor_le64(in);
        out->slot[i].size = (float)model_number_load(in, 1e3);
        out->slot[i].n = cursor_le32(in);
    }
}
