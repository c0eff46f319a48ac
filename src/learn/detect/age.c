/* SPDX-License-Identifier: Apache-2.0 */
#include "categorize/categorize.h"
#include "detect/engine_priv.h"

#define PRESSURE_MAX 8
/* A series that after so long has had data in less than this share of buckets learns no season. */
#define GROW_TRIAL (3 * TIME_DAY)
#define GROW_SHARE 0.25

size_t detect_memory(const struct detect *d)
{
    size_t n =
        sizeof(*d) + detect_names_bytes(d->names) + detect_table_bytes(d->table) + d->series_bytes;
    for (size_t i = 0; i < d->n_open; i++)
        n += detect_bucket_bytes(d->open[i]);
    if (d->categories != NULL)
        n += categorize_bytes(d->categories);
    return n;
}

/*
 * A series is small when it is young and grows later, many on one day. Room for the day and the
 * outliers that most come to know is kept from the start: new series are refused early rather than
 * that broken later. What fewer learn is begun when there is room for it.
 */
size_t detect_reserve_for(const struct detect *d, const struct detect_metric *m, ts_ns end)
{
    ts_ns span = d->job->bucket_span_ns;
    double age = (double)end - (double)m->first_seen;
    bool sparse = age >= (double)GROW_TRIAL && (double)m->seen < GROW_SHARE * age / (double)span;
    size_t most = sparse || span > DETECT_SEASON_SPAN ? DETECT_PLAIN_BYTES : DETECT_DAY_BYTES;
    return m->bytes < most ? most - m->bytes : 0;
}

enum model_growth detect_room(const struct detect *d, struct detect_room *out)
{
    size_t limit = d->job->memory_limit;
    size_t soft = (size_t)(DETECT_SOFT * (double)limit);
    size_t used = detect_memory(d);
    size_t kept = used + d->reserved_bytes;
    out->free = kept < soft ? soft - kept : 0;
    out->left = used < limit ? limit - used : 0;
    if (out->free / DETECT_GROWN_BYTES >= detect_table_count(d->table, DETECT_CLASS_METRIC))
        return MODEL_GROWTH_ANY;
    return kept <= limit ? MODEL_GROWTH_DAY : MODEL_GROWTH_NONE;
}

void detect_reserve(struct detect *d, ts_ns end)
{
    size_t n = detect_table_slots(d->table, DETECT_CLASS_METRIC);
    d->reserved_bytes = 0;
    for (size_t i = 0; i < n; i++) {
        void *e = detect_table_at(d->table, DETECT_CLASS_METRIC, i);
        if (e != NULL)
            d->reserved_bytes += detect_reserve_for(d, e, end);
    }
}

static ts_ns last_data(const struct detect_entity *e)
{
    const void *whole = e;
    switch ((enum detect_class)e->class) {
    case DETECT_CLASS_METRIC:
        return ((const struct detect_metric *)whole)->last_seen;
    case DETECT_CLASS_MEMBER:
        return ((const struct detect_member *)whole)->model.last;
    case DETECT_CLASS_POPULATION:
        return ((const struct detect_population *)whole)->model.last;
    case DETECT_CLASS_VALUE:
        return ((const struct detect_rare_value *)whole)->model.last;
    case DETECT_CLASS_POOL:
        return ((const struct detect_pool *)whole)->model.last;
    case DETECT_CLASS_CLOCK:
        return ((const struct detect_clock *)whole)->model.last;
    case DETECT_CLASS_GEO:
        return ((const struct detect_geo *)whole)->model.last;
    case DETECT_CLASS_NEWCOMERS:
        return ((const struct detect_newcomers *)whole)->model.last;
    default:
        return ((const struct detect_scale *)whole)->last_score;
    }
}

static void forget(struct detect *d, struct detect_entity *e)
{
    void *whole = e;
    if (e->class == DETECT_CLASS_METRIC)
        d->series_bytes -= ((struct detect_metric *)whole)->bytes;
    else if (e->class == DETECT_CLASS_POOL)
        d->series_bytes -= stats_distinct_memory(&((struct detect_pool *)whole)->members);
    else if (e->class == DETECT_CLASS_VALUE && d->job->detectors[e->detector].over != NULL)
        d->series_bytes -= stats_distinct_memory(detect_table_value_members(whole));
    detect_table_remove(d->table, e);
}

/* What has had no data since `before` goes; parents after their children. */
static void prune(struct detect *d, ts_ns before)
{
    static const enum detect_class order[] = {
        DETECT_CLASS_METRIC,     DETECT_CLASS_MEMBER, DETECT_CLASS_VALUE,
        DETECT_CLASS_POPULATION, DETECT_CLASS_POOL,   DETECT_CLASS_SCALE,
        DETECT_CLASS_CLOCK,      DETECT_CLASS_GEO,    DETECT_CLASS_NEWCOMERS};
    for (size_t k = 0; k < sizeof(order) / sizeof(order[0]); k++) {
        size_t n = detect_table_slots(d->table, order[k]);
        for (size_t i = 0; i < n; i++) {
            struct detect_entity *e = detect_table_at(d->table, order[k], i);
            /* How a whole detector's series begin is news for as long as the job lives. */
            bool lasts = order[k] == DETECT_CLASS_NEWCOMERS && e != NULL && e->partition == 0;
            if (e != NULL && !lasts && last_data(e) < before)
                forget(d, e);
        }
    }
}

static void judge_memory(struct detect *d, size_t used)
{
    double limit = (double)d->job->memory_limit;
    if (d->failures > 0 && (double)(used + d->reserved_bytes) > 0.9 * limit)
        d->status = DETECT_MEMORY_HARD;
    else if (d->failures > 0)
        d->status = d->status == DETECT_MEMORY_HARD ? DETECT_MEMORY_HARD : DETECT_MEMORY_SOFT;
    else
        d->status = (double)used > DETECT_SOFT * limit || d->pressure > 0 ? DETECT_MEMORY_SOFT
                                                                          : DETECT_MEMORY_OK;
}

/* The window shrinks while memory is short and grows again when it is not. */
void detect_age(struct detect *d, ts_ns end)
{
    size_t used = detect_memory(d);
    detect_reserve(d, end);
    if (used > d->peak_bytes)
        d->peak_bytes = used;
    double soft = DETECT_SOFT * (double)d->job->memory_limit;
    bool tight = (double)used > soft;
    if (!tight && end < d->next_prune) {
        judge_memory(d, used);
        return;
    }
    ts_ns span = d->job->bucket_span_ns;
    if (tight && d->pressure < PRESSURE_MAX)
        d->pressure++;
    else if (!tight && d->pressure > 0 && (double)used < soft * 0.8)
        d->pressure--;
    ts_ns window = d->job->prune_window_ns >> d->pressure;
    if (window < 2 * span)
        window = 2 * span;
    prune(d, end - window);
    detect_table_pack(d->table);
    detect_reserve(d, end);
    ts_ns step = window / 16 > span ? window / 16 : span;
    d->next_prune = time_floor(end, step) + step;
    judge_memory(d, detect_memory(d));
}
