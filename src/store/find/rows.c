/* SPDX-License-Identifier: Apache-2.0 */
#include "find/rows.h"

#include "base/mem.h"
#include "find/agg.h"
#include "find/reduce.h"
#include "find/tally.h"
#include "format/node.h"
#include "query/query.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define USUAL_MEMORY ((size_t)64 << 20)
/* What an interval takes besides what is counted. */
#define OPEN_BYTES (sizeof(struct open) + 128)
/* Intervals that did not fit and are remembered, so that none is half counted. */
#define LOST_OPEN 4096

/* An interval that is open. */
struct open {
    ts_ns start;
    struct find_tally *tally; /* NULL: it did not fit */
    uint64_t events;
    size_t memory; /* as counted in the whole */
};

/* A definition as rows see it. */
struct part {
    const struct find_agg *agg;
    size_t column; /* of its value or key */
    bool times;    /* the histogram, or the composite that stands for it */
    bool is_time;  /* the max that is the rows' time */
    struct part *sub;
};

struct find_rows {
    struct arena arena;
    struct format_node *node;
    struct find_aggs aggs;
    struct part root;
    ts_ns interval;
    size_t memory, used;
    struct find_rows_pool *pool; /* NULL: alone */
    struct find_rows *next;      /* in the pool */
    uint64_t seed;
    uint64_t stamp;
    const char **names;
    size_t n;
    struct event_value *values; /* of the row that is made */
    struct open *open;          /* in order of time */
    size_t open_n, open_cap;
    size_t lost_n; /* of those that are open */
    struct find_rows_lost lost;
};

static bool add_column(struct find_rows *r, const char *name)
{
    void *grown = r->names;
    size_t cap = r->n;
    if (mem_grow(&grown, &cap, r->n + 1, sizeof(*r->names)) != 0)
        return false;
    r->names = grown;
    r->names[r->n++] = name;
    return true;
}

/* The fields that a definition makes, and those below it. below: a histogram. */
static bool plan(struct find_rows *r, struct find_agg *a, struct part *p, bool below)
{
    bool fine = true;
    p->agg = a;
    p->times = a->kind == FIND_AGG_DATE_HISTOGRAM || a->kind == FIND_AGG_COMPOSITE;
    if (a->kind == FIND_AGG_COMPOSITE) {
        a->size =
            FIND_BUCKETS_MAX + 1; /* all of them, and one more tells that there are too many */
        p->column = r->n;
        for (size_t i = 0; fine && i < a->sources_n; i++)
            if (a->sources[i].kind != FIND_AGG_DATE_HISTOGRAM)
                fine = add_column(r, a->sources[i].name);
    } else if (below && a->kind == FIND_AGG_MAX && a->field.meta == FIND_META_TIME &&
               strcmp(a->name, a->field.name) == 0) {
        p->is_time = true;
    } else if (a->kind == FIND_AGG_TERMS || !find_agg_has_buckets(a->kind)) {
        p->column = r->n;
        fine = add_column(r, a->name);
    }
    p->sub = fine && a->sub_n > 0 ? arena_zero(&r->arena, a->sub_n * sizeof(*p->sub)) : NULL;
    fine = fine && (a->sub_n == 0 || p->sub != NULL);
    for (size_t i = 0; fine && i < a->sub_n; i++)
        fine = plan(r, &a->sub[i], &p->sub[i], p->times);
    return fine;
}

enum err find_rows_new(const char *aggs, size_t n, ts_ns interval,
                       const struct find_rows_options *options, struct find_rows **out,
                       struct err_text *why)
{
    struct find_error error = {0};
    struct query_budget budget = QUERY_BUDGET;
    struct find_rows *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    arena_init(&r->arena, 0);
    r->interval = interval;
    r->memory = options->memory > 0 ? options->memory : USUAL_MEMORY;
    r->seed = options->seed;
    r->pool = options->pool;
    if (r->pool != NULL) {
        r->next = r->pool->first;
        r->pool->first = r;
    }
    r->lost.newest = TIME_NONE;
    enum err err = format_node_json(aggs, n, "aggregations", &r->node, why);
    if (err == ERR_NONE &&
        (err = find_aggs_parse(r->node, 0, &budget, &r->arena, &r->aggs, &error)) != ERR_NONE)
        *why = error.text;
    if (err == ERR_NONE && !plan(r, &r->aggs.root, &r->root, false))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE && (r->values = mem_zero(r->n > 0 ? r->n : 1, sizeof(*r->values))) == NULL)
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err != ERR_NONE) {
        find_rows_free(r);
        return err;
    }
    *out = r;
    return ERR_NONE;
}

/* What it takes is more or less than it was. */
static void account(struct find_rows *r, size_t before, size_t now)
{
    r->used += now - before;
    if (r->pool != NULL)
        r->pool->used += now - before;
}

static void leave_pool(struct find_rows *r)
{
    if (r->pool == NULL)
        return;
    struct find_rows **at = &r->pool->first;
    while (*at != r)
        at = &(*at)->next;
    *at = r->next;
    account(r, r->used, 0);
}

void find_rows_free(struct find_rows *r)
{
    if (r == NULL)
        return;
    leave_pool(r);
    for (size_t i = 0; i < r->open_n; i++)
        find_tally_free(r->open[i].tally);
    mem_free(r->open);
    mem_free(r->values);
    mem_free(r->names);
    find_aggs_free(&r->aggs);
    format_node_free(r->node);
    arena_release(&r->arena);
    mem_free(r);
}

const char *const *find_rows_names(const struct find_rows *r, size_t *out_n)
{
    *out_n = r->n;
    return r->names;
}

/* The interval that begins then, made when it is new; NULL without memory. */
static struct open *find_open(struct find_rows *r, ts_ns start)
{
    size_t at = 0;
    for (size_t end = r->open_n; at < end;) {
        size_t middle = at + (end - at) / 2;
        if (r->open[middle].start <= start)
            at = middle + 1;
        else
            end = middle;
    }
    if (at > 0 && r->open[at - 1].start == start)
        return &r->open[at - 1];
    const struct find_tally_options options = {.memory = r->memory, .seed = r->seed};
    void *grown = r->open;
    if (mem_grow(&grown, &r->open_cap, r->open_n + 1, sizeof(*r->open)) != 0)
        return NULL;
    r->open = grown;
    struct find_tally *tally = find_tally_new(&r->aggs, &options);
    if (tally == NULL)
        return NULL;
    memmove(&r->open[at + 1], &r->open[at], (r->open_n - at) * sizeof(*r->open));
    r->open[at] = (struct open){.start = start, .tally = tally};
    r->open_n++;
    return &r->open[at];
}

/* What does not fit is not half counted. */
static void lose(struct find_rows *r, struct open *o)
{
    r->lost_n += o->tally != NULL;
    find_tally_free(o->tally);
    o->tally = NULL;
    account(r, o->memory, 0);
    o->memory = 0;
}

static void count_lost(struct find_rows *r, const struct open *o)
{
    r->lost.events += o->events;
    r->lost.intervals++;
    r->lost.newest = o->start;
}

/* The farthest interval that is lost, or is not; there is one. */
static size_t farthest(const struct find_rows *r, bool lost)
{
    size_t at = r->open_n - 1;
    while ((r->open[at].tally == NULL) != lost)
        at--;
    return at;
}

/* No more lost ones are remembered than that. */
static void forget_lost(struct find_rows *r)
{
    while (r->lost_n > LOST_OPEN) {
        size_t at = farthest(r, true);
        count_lost(r, &r->open[at]);
        r->open_n--;
        r->lost_n--;
        memmove(&r->open[at], &r->open[at + 1], (r->open_n - at) * sizeof(*r->open));
    }
}

/* Times far ahead must not push out the present: the farthest gives way. */
static void make_room(struct find_rows *r)
{
    while (r->used > r->memory)
        lose(r, &r->open[farthest(r, false)]);
    forget_lost(r);
}

/* Nobody may push out the others: the one that takes most gives way. */
static void make_room_in(struct find_rows_pool *pool)
{
    while (pool->used > pool->memory) {
        struct find_rows *most = pool->first;
        for (struct find_rows *r = most->next; r != NULL; r = r->next)
            if (r->used > most->used)
                most = r;
        lose(most, &most->open[farthest(most, false)]);
        forget_lost(most);
    }
}

enum err find_rows_add(struct find_rows *r, const struct event *e)
{
    const struct find_doc doc = {.e = e, .stamp = ++r->stamp};
    if (e->time > FIND_ROWS_TIME || e->time < -FIND_ROWS_TIME) {
        r->lost.events++;
        return ERR_NONE;
    }
    struct open *o = find_open(r, time_floor(e->time, r->interval));
    if (o == NULL)
        return ERR_MEMORY;
    o->events++;
    if (o->tally == NULL)
        return ERR_NONE;
    find_tally_collect(o->tally, &doc);
    size_t now = find_tally_memory(o->tally) + OPEN_BYTES;
    account(r, o->memory, now);
    o->memory = now;
    if (find_tally_error(o->tally) == ERR_MEMORY)
        return ERR_MEMORY;
    /* One that takes most of it is too large itself. */
    if (find_tally_error(o->tally) != ERR_NONE || (r->used > r->memory && now > r->memory / 2))
        lose(r, o);
    make_room(r);
    if (r->pool != NULL)
        make_room_in(r->pool);
    return ERR_NONE;
}

bool find_rows_open(const struct find_rows *r, ts_ns *out_first, ts_ns *out_last)
{
    if (r->open_n == 0)
        return false;
    *out_first = r->open[0].start;
    *out_last = r->open[r->open_n - 1].start;
    return true;
}

/* One interval on its way to rows. */
struct making {
    struct find_rows *r;
    ts_ns time; /* TIME_NONE: not known yet */
    find_rows_fn fn;
    void *ctx;
};

static enum err make_level(struct making *m, const struct part *p, const struct find_bucket *b);

/* What a metric shows; of nothing, sums and counts are 0 and others are nothing. */
static struct event_value number_of(const struct find_agg *a, const struct find_state *s)
{
    char percent[32] = "value";
    bool whole = a->kind == FIND_AGG_VALUE_COUNT || a->kind == FIND_AGG_CARDINALITY;
    if (s == NULL && (whole || a->kind == FIND_AGG_SUM))
        return event_value_i64(0);
    if (s == NULL)
        return (struct event_value){.type = EVENT_NULL};
    if (a->kind == FIND_AGG_PERCENTILES)
        snprintf(percent, sizeof(percent), "%.17g", a->percents[0]);
    double v = find_tally_metric(s, percent);
    if (!isfinite(v))
        return (struct event_value){.type = EVENT_NULL};
    return whole ? event_value_i64((int64_t)llround(v))
                 : (struct event_value){.type = EVENT_F64, .f = v};
}

/* The numbers of a bucket, and of what is chosen of it; *out_keys: the definition whose buckets are
 * rows of their own, with its state. */
static void fill_numbers(struct making *m, const struct part *p, const struct find_bucket *b,
                         const struct part **out_keys, const struct find_state **out_state)
{
    for (size_t i = 0; i < p->agg->sub_n; i++) {
        const struct part *one = &p->sub[i];
        const struct find_state *s = b != NULL ? b->sub[i] : NULL;
        if (find_agg_is_keyed(one->agg->kind)) {
            *out_keys = one;
            *out_state = s;
        } else if (find_agg_has_buckets(one->agg->kind)) {
            fill_numbers(m, one, s != NULL ? s->buckets[0] : NULL, out_keys, out_state);
        } else if (one->is_time) {
            m->time = s != NULL && s->sum.count > 0
                          ? find_ns((int64_t)find_tally_metric(s, "value"))
                          : TIME_NONE;
        } else {
            m->r->values[one->column] = number_of(one->agg, s);
        }
    }
}

/* A bucket's own fields, or none of them. */
static void fill_keys(struct making *m, const struct part *p, const struct find_bucket *b)
{
    const struct find_agg *a = p->agg;
    size_t column = p->column;
    if (a->kind == FIND_AGG_TERMS)
        m->r->values[column] = b->keys[0];
    for (size_t i = 0; a->kind == FIND_AGG_COMPOSITE && i < a->sources_n; i++)
        if (a->sources[i].kind != FIND_AGG_DATE_HISTOGRAM)
            m->r->values[column++] = b->keys[i];
}

static enum err make_buckets(struct making *m, const struct part *p, const struct find_state *s)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; s != NULL && err == ERR_NONE && i < s->shown; i++) {
        if (s->buckets[i]->docs == 0)
            continue;
        fill_keys(m, p, s->buckets[i]);
        err = make_level(m, p, s->buckets[i]);
    }
    return err;
}

/* The rows of a bucket: those of the keys below it, or itself. */
static enum err make_level(struct making *m, const struct part *p, const struct find_bucket *b)
{
    const struct part *keys = NULL;
    const struct find_state *state = NULL;
    fill_numbers(m, p, b, &keys, &state);
    if (keys != NULL)
        return make_buckets(m, keys, state);
    const struct find_row row = {.time = m->time, .docs = b->docs, .values = m->r->values};
    return m->time != TIME_NONE ? m->fn(m->ctx, &row) : ERR_NONE;
}

/* All rows of one interval. ERR_LIMIT: they are too many. */
static enum err make_rows(struct find_rows *r, struct open *o, find_rows_fn fn, void *ctx)
{
    struct making m = {.r = r, .time = TIME_NONE, .fn = fn, .ctx = ctx};
    struct find_reduce reduce = {.tally = o->tally, .memory = r->memory};
    enum err err = find_reduce_cut(&reduce, &r->aggs, NULL);
    for (size_t i = 0; i < r->n; i++)
        r->values[i] = (struct event_value){.type = EVENT_NULL};
    return err == ERR_NONE ? make_level(&m, &r->root, find_tally_root(o->tally)) : err;
}

enum err find_rows_take(struct find_rows *r, ts_ns to, find_rows_fn fn, void *ctx)
{
    enum err err = ERR_NONE;
    size_t taken = 0;
    for (; err == ERR_NONE && taken < r->open_n; taken++) {
        struct open *o = &r->open[taken];
        if (o->start > to - r->interval)
            break;
        err = o->tally != NULL ? make_rows(r, o, fn, ctx) : ERR_LIMIT;
        if (err == ERR_LIMIT) {
            count_lost(r, o);
            err = ERR_NONE;
        }
        lose(r, o);
    }
    if (taken > 0)
        memmove(r->open, r->open + taken, (r->open_n - taken) * sizeof(*r->open));
    r->open_n -= taken;
    r->lost_n -= taken;
    return err;
}

struct find_rows_lost find_rows_tell_lost(struct find_rows *r)
{
    struct find_rows_lost lost = r->lost;
    r->lost = (struct find_rows_lost){.newest = TIME_NONE};
    return lost;
}
