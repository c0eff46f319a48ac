/* SPDX-License-Identifier: Apache-2.0 */
/* Cells find what is learned of their series, or begin it. */
#include "detect/engine_priv.h"

struct model_params detect_params(const struct detect *d, size_t detector)
{
    const struct detect_function *f = d->job->detectors[detector].function;
    /* A sum of what is there may still be 0, and so may the variance of values that are all the
     * same, which the model must know; that empty buckets are nothing is seen to here, by never
     * learning them. */
    bool may_be_zero =
        f->zero_when_empty || f->kind == DETECT_NON_NULL_SUM || f->kind == DETECT_VARP;
    struct model_params p = {.bucket_span = d->job->bucket_span_ns,
                             .empty_is_nothing = !may_be_zero};
    switch ((enum detect_kind)f->kind) {
    case DETECT_COUNT:
    case DETECT_NON_ZERO_COUNT:
    case DETECT_DISTINCT_COUNT:
        p.kind = MODEL_COUNT;
        break;
    case DETECT_SUM:
    case DETECT_NON_NULL_SUM:
    case DETECT_VARP: /* a scale: docs/method/varp.md */
        p.kind = MODEL_SUM;
        break;
    case DETECT_INFO_CONTENT:
        p.kind = MODEL_CONTENT;
        break;
    default:
        p.kind = MODEL_VALUE;
        break;
    }
    p.side = f->side == DETECT_HIGH ? MODEL_HIGH : f->side == DETECT_LOW ? MODEL_LOW : MODEL_BOTH;
    return p;
}

static bool is_population(const struct detect_detector *det)
{
    return det->over != NULL && !detect_kind_rare(det->function->kind) &&
           !detect_kind_shared(det->function->kind);
}

struct detect_entity *detect_admit(struct detect *d, enum detect_class class, uint8_t detector,
                                   uint32_t partition, uint32_t over, uint32_t by, size_t extra)
{
    size_t cost = detect_table_cost(d->table, class) + extra;
    if (detect_memory(d) + d->reserved_bytes + cost > d->job->memory_limit) {
        d->failures++;
        return NULL;
    }
    struct detect_entity *e = detect_table_add(d->table, class, detector, partition, over, by);
    if (e == NULL)
        d->failures++;
    return e;
}

static struct detect_entity *resolve_parent(struct detect *d, const struct detect_cell *c,
                                            bool make)
{
    const struct detect_detector *det = &d->job->detectors[c->detector];
    bool rare = detect_kind_rare(det->function->kind);
    enum detect_class class = rare ? DETECT_CLASS_POOL : DETECT_CLASS_POPULATION;
    uint32_t by = rare ? 0 : c->by;
    struct detect_entity *e = detect_table_find(d->table, class, c->detector, c->partition, 0, by);
    if (e != NULL || !make)
        return e;
    e = detect_admit(d, class, c->detector, c->partition, 0, by, 0);
    if (e == NULL)
        return NULL;
    void *whole = e;
    if (rare) {
        struct detect_pool *pool = whole;
        model_rare_init(&pool->model, d->job->bucket_span_ns);
        stats_distinct_init(&pool->members);
    } else {
        struct model_params params = detect_params(d, c->detector);
        model_population_init(&((struct detect_population *)whole)->model, &params);
    }
    return e;
}

static struct detect_entity *make_metric(struct detect *d, const struct detect_cell *c, ts_ns start)
{
    struct model_params params = detect_params(d, c->detector);
    struct model_series *series = model_series_new(&params);
    if (series == NULL) {
        d->failures++;
        return NULL;
    }
    size_t bytes = model_series_memory(series);
    struct detect_metric young = {.bytes = (uint32_t)bytes, .first_seen = start};
    size_t reserve = detect_reserve_for(d, &young, start);
    void *e =
        detect_admit(d, DETECT_CLASS_METRIC, c->detector, c->partition, 0, c->by, bytes + reserve);
    if (e == NULL) {
        model_series_free(series);
        return NULL;
    }
    struct detect_metric *m = e;
    m->series = series;
    m->bytes = (uint32_t)bytes;
    m->first_seen = start;
    m->last_seen = TIME_NONE;
    d->series_bytes += bytes;
    d->reserved_bytes += reserve;
    return e;
}

/* The times or the places of a series, or of all members of a population. */
static struct detect_entity *resolve_shared(struct detect *d, const struct detect_cell *c,
                                            bool make)
{
    bool geo = c->kind == DETECT_LAT_LONG;
    enum detect_class class = geo ? DETECT_CLASS_GEO : DETECT_CLASS_CLOCK;
    void *e = detect_table_find(d->table, class, c->detector, c->partition, 0, c->by);
    if (e != NULL || !make)
        return e;
    e = detect_admit(d, class, c->detector, c->partition, 0, c->by, 0);
    if (e != NULL && geo)
        model_geo_init(&((struct detect_geo *)e)->model, d->job->bucket_span_ns);
    else if (e != NULL)
        model_clock_init(&((struct detect_clock *)e)->model,
                         detect_clock_cycle(&d->job->detectors[c->detector]));
    return e;
}

static struct detect_entity *resolve(struct detect *d, struct detect_cell *c, bool make,
                                     ts_ns start)
{
    const struct detect_detector *det = &d->job->detectors[c->detector];
    if (detect_kind_rare(det->function->kind)) {
        struct detect_entity *e =
            detect_table_find(d->table, DETECT_CLASS_VALUE, c->detector, c->partition, 0, c->by);
        if (e != NULL || !make || c->parent == NULL)
            return e;
        void *v = detect_admit(d, DETECT_CLASS_VALUE, c->detector, c->partition, 0, c->by, 0);
        if (v == NULL)
            return NULL;
        model_rare_value_init(&((struct detect_rare_value *)v)->model);
        if (det->over != NULL)
            stats_distinct_init(detect_table_value_members(v));
        return v;
    }
    if (detect_kind_shared(det->function->kind))
        return resolve_shared(d, c, make);
    if (is_population(det)) {
        struct detect_entity *e = detect_table_find(d->table, DETECT_CLASS_MEMBER, c->detector,
                                                    c->partition, c->over, c->by);
        if (e != NULL || !make || c->parent == NULL)
            return e;
        void *m =
            detect_admit(d, DETECT_CLASS_MEMBER, c->detector, c->partition, c->over, c->by, 0);
        if (m == NULL)
            return NULL;
        model_member_init(&((struct detect_member *)m)->model);
        return m;
    }
    struct detect_entity *e =
        detect_table_find(d->table, DETECT_CLASS_METRIC, c->detector, c->partition, 0, c->by);
    return e != NULL || !make ? e : make_metric(d, c, start);
}

/* A rare value's members, this bucket's included. */
static void add_members(struct detect *d, const struct detect_cell *c)
{
    void *pool = c->parent;
    void *value = c->entity;
    if (pool == NULL || value == NULL)
        return;
    struct stats_distinct *lists[2] = {&((struct detect_pool *)pool)->members,
                                       detect_table_value_members(value)};
    uint64_t hash = detect_names_hash(d->names, c->over);
    for (size_t i = 0; i < 2; i++) {
        size_t before = stats_distinct_memory(lists[i]);
        /* At the limit a list stays as it is: its value seems rarer than it is. */
        if (detect_memory(d) + DETECT_SKETCH_STEP > d->job->memory_limit ||
            !stats_distinct_add(lists[i], hash))
            d->failures++;
        d->series_bytes += stats_distinct_memory(lists[i]) - before;
    }
}

/* How many members the pool has: asked for each of its cells. */
static void count_members(const struct detect *d, const struct detect_cell *c)
{
    const struct detect_detector *det = &d->job->detectors[c->detector];
    void *pool = c->parent;
    if (pool != NULL && detect_kind_rare(det->function->kind) && det->over != NULL)
        ((struct detect_pool *)pool)->of =
            stats_distinct_count(&((struct detect_pool *)pool)->members);
}

/* freq_rare has a population beside its pool, and the cell's member in it. */
static void admit_freq(struct detect *d, const struct detect_cell *c)
{
    void *p = detect_freq_find(d, c, DETECT_CLASS_POPULATION);
    if (p == NULL) {
        p = detect_admit(d, DETECT_CLASS_POPULATION, c->detector, c->partition, 0, 0, 0);
        if (p == NULL)
            return;
        struct model_params params = detect_params(d, c->detector);
        model_population_init(&((struct detect_population *)p)->model, &params);
    }
    if (detect_freq_find(d, c, DETECT_CLASS_MEMBER) != NULL)
        return;
    void *m = detect_admit(d, DETECT_CLASS_MEMBER, c->detector, c->partition, c->over, 0, 0);
    if (m != NULL)
        model_member_init(&((struct detect_member *)m)->model);
}

void detect_resolve(struct detect *d, struct detect_cell **cells, size_t n, bool make, ts_ns start)
{
    const struct detect_cell *before = NULL;
    struct detect_ahead ahead;
    for (size_t i = 0; i < n; i++) {
        struct detect_cell *c = cells[i];
        (void)detect_ahead_entity(&ahead, d, cells, n, i);
        const struct detect_detector *det = &d->job->detectors[c->detector];
        c->flags = 0;
        c->parent = NULL;
        bool rare = detect_kind_rare(det->function->kind);
        if (before != NULL && before->parent_hash != c->parent_hash)
            count_members(d, before);
        if (rare || is_population(det)) {
            bool same = before != NULL && before->detector == c->detector &&
                        before->partition == c->partition && (rare || before->by == c->by);
            c->parent = same ? before->parent : resolve_parent(d, c, make);
        }
        c->entity = resolve(d, c, make, start);
        if (make && rare && det->over != NULL)
            add_members(d, c);
        if (make && det->function->kind == DETECT_FREQ_RARE)
            admit_freq(d, c);
        before = c;
    }
    if (before != NULL)
        count_members(d, before);
}
