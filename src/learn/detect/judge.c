/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "base/mem.h"
#include "base/thread.h"
#include "detect/rule_priv.h"

#include <math.h>
#include <string.h>

/* exclude_frequent: a value that occurs in more than this share of buckets is frequent. */
#define FREQUENT 0.1
#define FREQUENT_BUCKETS 20

#define AHEAD 4 /* cells: the time in which memory answers */

/* ---- judging ---- */

struct piece {
    struct detect_candidates found;
    struct detect_candidates fresh; /* of newcomers */
    size_t newcomers;
    size_t tested[DETECT_MEASURES_MAX];
    ptrdiff_t bytes; /* by which series grew */
    size_t room;     /* for what they begin beyond what is kept for them */
    size_t left;     /* for all that they begin */
    size_t refused;  /* to begin it */
    bool later;      /* some cells were not learned with their judgement */
    struct detect_changes notes;
};

struct work {
    struct detect *d;
    const struct detect_closing *c;
    struct detect_cell **cells;
    size_t n;
    size_t *bounds; /* DETECT_SHARDS + 1: where pieces begin, never inside a parent's run */
    struct piece *pieces;
    uint8_t detector; /* of the silent series that are walked */
    bool judge_silent;
    bool final;   /* neither interim nor partial */
    bool at_once; /* series are learned with their judgement: nothing asks them in between */
    enum model_growth growth; /* for which there is memory, if all series begin it at once */
};

/* Whether silence is a value that may be too low. */
static bool silence_counts(const struct detect_detector *det)
{
    return det->over == NULL && det->function->zero_when_empty &&
           det->function->side != DETECT_HIGH;
}

static struct model_observation observe(const struct work *w, const struct detect_cell *c)
{
    struct model_observation o = {
        .time = w->c->bucket->start, .value = c->value, .weight = 1, .fraction = w->c->fraction};
    if (c->kind == DETECT_MEAN || c->kind == DETECT_MEDIAN)
        o.weight = (double)c->gather.count;
    if (c->kind == DETECT_INFO_CONTENT)
        o.weight = stats_info_strings(&c->gather.info);
    return o;
}

static struct detect_rule_verdict
rules_of_silence(const struct detect *d, const struct detect_entity *e, double typical, ts_ns start)
{
    const struct detect_rule_facts facts = {.typical = typical,
                                            .time = start,
                                            .by = detect_names_text(d->names, e->by),
                                            .partition = detect_names_text(d->names, e->partition)};
    return detect_rules_apply(&d->job->detectors[e->detector], &facts);
}

/* n empty buckets, without those that the detector's rules keep from being learned. What is typical
 * is looked at once for each stretch between the times that rules name. */
static void learn_run(const struct detect *d, struct detect_metric *m, ts_ns first, uint64_t n)
{
    const struct detect_detector *det = &d->job->detectors[m->head.detector];
    ts_ns span = d->job->bucket_span_ns;
    ts_ns end = first + (ts_ns)n * span;
    for (ts_ns until = end; first < end; first = until) {
        bool skip = false;
        if (det->n_rules > 0) {
            double typical, lower, upper;
            until = detect_rules_until(det, span, first, end);
            model_series_expect(m->series, first, &typical, &lower, &upper);
            skip = rules_of_silence(d, &m->head, typical, first).skip_model_update;
        }
        if (!skip)
            model_series_skip(m->series, first, (uint64_t)((until - first) / span));
    }
}

/* Zeros of the buckets in [from, to) that calendars and rules let the series learn. */
static void learn_zeros(const struct detect *d, struct detect_metric *m, ts_ns from, ts_ns to)
{
    ts_ns first;
    uint64_t n;
    while (detect_schedule_learned(d->schedule, d->job->bucket_span_ns, &from, to, &first, &n))
        learn_run(d, m, first, n);
}

/* Zeros that nobody judged, since only too much counts for this series. Buckets before its last
 * data were caught up then, also where that was not learned. */
static void catch_up(const struct detect *d, struct detect_metric *m, ts_ns start)
{
    ts_ns span = d->job->bucket_span_ns;
    ts_ns last = model_series_last(m->series);
    if (last == TIME_NONE)
        return;
    if (last < m->last_seen)
        last = m->last_seen;
    if (start - last > span)
        learn_zeros(d, m, last + span, start);
}

/* What a series takes now. */
static void account(struct piece *piece, struct detect_metric *m)
{
    size_t now = model_series_memory(m->series);
    size_t more = now > m->bytes ? now - m->bytes : 0;
    piece->bytes += (ptrdiff_t)now - (ptrdiff_t)m->bytes;
    piece->room -= more < piece->room ? more : piece->room;
    piece->left -= more < piece->left ? more : piece->left;
    piece->refused += model_series_wanted_more(m->series);
    m->bytes = (uint32_t)now;
}

/* What a series of which something came may begin. Each piece has its share of what there is, so
 * that who begins something does not depend on the threads; what is refused is tried again with
 * each bucket. */
static void allow(const struct work *w, struct detect_metric *m, const struct piece *piece)
{
    enum model_growth growth = MODEL_GROWTH_NONE;
    if (w->growth == MODEL_GROWTH_ANY || piece->room >= DETECT_GROWN_BYTES)
        growth = MODEL_GROWTH_ANY;
    else if ((w->growth == MODEL_GROWTH_DAY || piece->left >= DETECT_DAY_BYTES) &&
             detect_reserve_for(w->d, m, w->c->bucket->start) > 0)
        growth = MODEL_GROWTH_DAY;
    model_series_allow(m->series, growth);
}

/* Silent series lie in no order that lasts: one begins what all might. */
static void allow_silent(const struct detect *d, struct detect_metric *m, ts_ns start,
                         enum model_growth growth)
{
    if (growth == MODEL_GROWTH_DAY && detect_reserve_for(d, m, start) == 0)
        growth = MODEL_GROWTH_NONE;
    model_series_allow(m->series, growth);
}

/* The series has had data in this bucket, and has learned it unless a rule forbids. */
static void learned(const struct work *w, struct detect_metric *m, bool skipped,
                    struct piece *piece)
{
    m->seen++;
    m->last_seen = w->c->bucket->start;
    if (!skipped)
        detect_annotate_take(&piece->notes, m);
    account(piece, m);
}

static bool judge_metric(const struct work *w, struct detect_cell *c, struct detect_candidate *x,
                         struct piece *piece)
{
    const struct detect_detector *det = &w->d->job->detectors[c->detector];
    void *e = c->entity;
    struct detect_metric *m = e;
    struct model_observation o = observe(w, c);
    struct model_judgement j;
    /* Where nothing is learned no series is begun; one that memory refused is not judged. */
    bool unmade = w->c->interim || w->c->scheduled.skip_model_update;
    if (m == NULL ? unmade : m->seen == 0) {
        c->flags |= DETECT_CELL_NEWCOMER;
        return detect_newcomers_judge(w->d, c, &o, x);
    }
    if (m == NULL)
        return false;
    if (!w->c->interim)
        allow(w, m, piece);
    if (det->function->zero_when_empty && !w->c->interim)
        catch_up(w->d, m, w->c->bucket->start);
    /* Custom rules say only after the judgement whether it is learned. */
    bool at_once = w->at_once && det->n_rules == 0;
    if (at_once)
        model_series_judge_and_learn(m->series, &o, DETECT_CANDIDATE_LOG_P, &j);
    else
        model_series_judge(m->series, &o, &j);
    detect_candidate_judged(x, &j);
    if ((det->exclude & DETECT_EXCLUDE_BY) != 0 && det->by != NULL &&
        m->seen > FREQUENT_BUCKETS * FREQUENT &&
        (double)m->seen > FREQUENT * (double)w->d->counts.buckets &&
        w->d->counts.buckets >= FREQUENT_BUCKETS)
        c->flags |= DETECT_CELL_SKIP_RESULT;
    if (at_once) {
        learned(w, m, false, piece);
        c->flags |= DETECT_CELL_LEARNED;
    }
    return j.judged;
}

static bool judge_member(const struct work *w, struct detect_cell *c, struct detect_candidate *x)
{
    const struct detect_detector *det = &w->d->job->detectors[c->detector];
    void *parent = c->parent;
    void *e = c->entity;
    struct detect_population *p = parent;
    struct detect_member fresh;
    struct detect_member *m = e;
    if (p == NULL)
        return false;
    if (m == NULL) {
        model_member_init(&fresh.model);
        m = &fresh;
    }
    struct model_observation o = observe(w, c);
    struct model_judgement j;
    model_population_judge(&p->model, &m->model, &o, &j);
    detect_candidate_judged(x, &j);
    if ((det->exclude & DETECT_EXCLUDE_OVER) != 0 && w->d->counts.buckets >= FREQUENT_BUCKETS &&
        (double)m->model.seen > FREQUENT * (double)w->d->counts.buckets)
        c->flags |= DETECT_CELL_SKIP_RESULT;
    /* A by value that some member or other has in many buckets. */
    if ((det->exclude & DETECT_EXCLUDE_BY) != 0 && det->by != NULL &&
        w->d->counts.buckets >= FREQUENT_BUCKETS &&
        (double)p->model.closed > FREQUENT * (double)w->d->counts.buckets)
        c->flags |= DETECT_CELL_SKIP_RESULT;
    return j.judged;
}

static bool judge_rare(const struct work *w, const struct detect_cell *c,
                       struct detect_candidate *x)
{
    const struct detect_detector *det = &w->d->job->detectors[c->detector];
    void *parent = c->parent;
    void *e = c->entity;
    struct detect_pool *pool = parent;
    struct detect_rare_value fresh;
    struct detect_rare_value *v = e;
    double members = 0;
    double of = 0;
    if (pool == NULL)
        return false;
    if (det->over != NULL) {
        of = pool->of;
        members = v != NULL ? stats_distinct_count(detect_table_value_members(v)) : 1;
    }
    if (v == NULL) {
        model_rare_value_init(&fresh.model);
        v = &fresh;
    }
    struct model_rare_judgement j;
    model_rare_judge(&pool->model, &v->model, w->c->bucket->start, members, of, &j);
    x->has_values = false;
    x->high = true;
    x->first = j.first;
    x->relative = j.relative;
    x->log_p = j.log_p;
    x->single_log_p = j.log_p;
    x->multi_log_p = 0;
    x->multi_bucket = -5;
    x->typical = j.frequency;
    return j.judged;
}

void detect_cell_rules(const struct detect *d, struct detect_cell *c, double typical, ts_ns start)
{
    const struct detect_detector *det = &d->job->detectors[c->detector];
    if (det->n_rules == 0)
        return;
    struct detect_rule_facts facts = {.actual = c->value,
                                      .typical = typical,
                                      .time = start,
                                      .by = detect_names_text(d->names, c->by),
                                      .over = detect_names_text(d->names, c->over),
                                      .partition = detect_names_text(d->names, c->partition)};
    struct detect_rule_verdict v = detect_rules_apply(det, &facts);
    if (v.skip_result)
        c->flags |= DETECT_CELL_SKIP_RESULT;
    if (v.skip_model_update)
        c->flags |= DETECT_CELL_SKIP_LEARN;
}

static void judge_cell(struct work *w, struct detect_cell *c, struct piece *piece)
{
    struct detect *d = w->d;
    const struct detect_detector *det = &d->job->detectors[c->detector];
    if (!detect_gather_value(&c->gather, c->kind, &c->value))
        return;
    c->flags |= DETECT_CELL_VALUE;
    struct detect_candidate x = {.cell = c,
                                 .entity = c->entity,
                                 .hash = c->hash,
                                 .partition = c->partition,
                                 .over = c->over,
                                 .by = c->by,
                                 .detector = c->detector,
                                 .value = c->value};
    bool judged;
    if (det->function->kind == DETECT_RARE)
        judged = judge_rare(w, c, &x);
    else if (detect_kind_clock(c->kind))
        judged = detect_clock_judge(w->d, c, w->c->bucket->start, &x);
    else if (c->kind == DETECT_LAT_LONG)
        judged = detect_geo_judge(c, &x);
    else if (det->over != NULL)
        judged = judge_member(w, c, &x);
    else
        judged = judge_metric(w, c, &x, piece);
    detect_cell_rules(d, c, x.typical, w->c->bucket->start);
    if (judged) {
        c->flags |= DETECT_CELL_JUDGED;
        piece->tested[c->detector]++;
    }
    if (judged && x.log_p < DETECT_CANDIDATE_LOG_P && (c->flags & DETECT_CELL_SKIP_RESULT) == 0 &&
        !(w->c->partial && x.has_values && !x.high))
        detect_candidates_keep(x.newcomer ? &piece->fresh : &piece->found, &x);
    piece->newcomers += x.newcomer;
}

/* Cells of one parent from `from` on. */
static size_t run_length(const struct work *w, size_t from, size_t end)
{
    size_t n = 1;
    while (from + n < end && w->cells[from + n]->parent_hash == w->cells[from]->parent_hash &&
           w->cells[from + n]->detector == w->cells[from]->detector)
        n++;
    return n;
}

/* Cells, entities and series lie all over memory: each is asked for some cells before its turn. */
static void fetch_ahead(const struct work *w, size_t i, size_t end)
{
    if (i + 3 * AHEAD < end)
        __builtin_prefetch(w->cells[i + 3 * AHEAD]);
    if (i + 2 * AHEAD < end && w->cells[i + 2 * AHEAD]->entity != NULL)
        __builtin_prefetch(w->cells[i + 2 * AHEAD]->entity);
    if (i + AHEAD >= end)
        return;
    void *e = w->cells[i + AHEAD]->entity;
    if (e != NULL && ((struct detect_entity *)e)->class == DETECT_CLASS_METRIC)
        model_series_approach(((struct detect_metric *)e)->series);
}

static void judge_piece(void *ctx, size_t piece)
{
    struct work *w = ctx;
    struct piece *p = &w->pieces[piece];
    size_t end = w->bounds[piece + 1];
    for (size_t i = w->bounds[piece]; i < end;) {
        struct detect_cell *c = w->cells[i];
        if (c->kind != DETECT_FREQ_RARE) {
            fetch_ahead(w, i, end);
            if (w->final && c->entity != NULL && silence_counts(&w->d->job->detectors[c->detector]))
                c->entity->mark = DETECT_MARK_DATA;
            judge_cell(w, c, p);
            p->later |= (c->flags & DETECT_CELL_LEARNED) == 0;
            i++;
            continue;
        }
        size_t n = run_length(w, i, end);
        p->later = true;
        p->tested[c->detector] += detect_freq_judge(w->d, w->c, &w->cells[i], n, &p->found);
        i += n;
    }
}

/* ---- learning ---- */

static void learn_cell(struct work *w, struct detect_cell *c, struct piece *piece)
{
    const struct detect_detector *det = &w->d->job->detectors[c->detector];
    ts_ns start = w->c->bucket->start;
    void *e = c->entity;
    void *parent = c->parent;
    if (e == NULL || (c->flags & (DETECT_CELL_VALUE | DETECT_CELL_LEARNED)) != DETECT_CELL_VALUE)
        return;
    struct model_observation o = observe(w, c);
    bool skip = (c->flags & DETECT_CELL_SKIP_LEARN) != 0;
    if (detect_kind_rare(det->function->kind)) {
        struct detect_rare_value *v = e;
        struct detect_pool *pool = parent;
        double members = 0;
        double of = 0;
        if (det->over != NULL) {
            members = stats_distinct_count(detect_table_value_members(v));
            of = pool->of;
            /* Several members may have the value in one bucket: it is learned once. */
            skip |= v->model.last == start;
        }
        if (!skip)
            model_rare_learn(&pool->model, &v->model, start, members, of);
    } else if (detect_kind_clock(c->kind)) {
        if (!skip)
            detect_clock_learn(w->d, c, start);
    } else if (c->kind == DETECT_LAT_LONG) {
        if (!skip)
            detect_geo_learn(c, start);
    } else if (det->over != NULL) {
        struct detect_member *m = e;
        if (!skip)
            model_population_learn(&((struct detect_population *)parent)->model, &m->model, &o);
    } else {
        struct detect_metric *m = e;
        allow(w, m, piece);
        if (!skip)
            model_series_learn(m->series, &o);
        learned(w, m, skip, piece);
    }
}

static void close_parent(struct detect *d, const struct detect_cell *c, ts_ns start)
{
    void *parent = c->parent;
    if (parent == NULL)
        return;
    if (detect_kind_rare(d->job->detectors[c->detector].function->kind))
        model_rare_close(&((struct detect_pool *)parent)->model, start);
    else
        model_population_close(&((struct detect_population *)parent)->model, start);
}

static void learn_piece(void *ctx, size_t piece)
{
    struct work *w = ctx;
    if (!w->pieces[piece].later)
        return;
    for (size_t i = w->bounds[piece]; i < w->bounds[piece + 1]; i++) {
        struct detect_cell *c = w->cells[i];
        bool first = i == w->bounds[piece] || w->cells[i - 1]->parent_hash != c->parent_hash;
        if (c->kind == DETECT_FREQ_RARE && first)
            detect_freq_learn(w->d, &w->cells[i], run_length(w, i, w->bounds[piece + 1]),
                              w->c->bucket->start);
        learn_cell(w, c, &w->pieces[piece]);
        bool last = i + 1 == w->bounds[piece + 1] || w->cells[i + 1]->parent != c->parent;
        if (last)
            close_parent(w->d, c, w->c->bucket->start);
    }
}

/* Instead of learning, where a calendar says so: that the series had data is known all the same. */
static void pass_piece(void *ctx, size_t piece)
{
    struct work *w = ctx;
    for (size_t i = w->bounds[piece]; i < w->bounds[piece + 1]; i++) {
        const struct detect_cell *c = w->cells[i];
        void *e = c->entity;
        struct detect_metric *m = e;
        if (m == NULL || c->entity->class != DETECT_CLASS_METRIC)
            continue;
        allow(w, m, &w->pieces[piece]);
        if (w->d->job->detectors[c->detector].function->zero_when_empty)
            catch_up(w->d, m, w->c->bucket->start);
        m->last_seen = w->c->bucket->start;
        account(&w->pieces[piece], m);
    }
}

/* ---- series of which nothing came ---- */

static void silent_slots(const struct work *w, size_t piece, size_t *from, size_t *to)
{
    size_t n = detect_table_slots(w->d->table, DETECT_CLASS_METRIC);
    *from = n * piece / DETECT_SHARDS;
    *to = n * (piece + 1) / DETECT_SHARDS;
}

/* A series with fewer buckets of data says nothing by its silence. */
#define SILENCE_KNOWN 4

static uint64_t entity_hash(const struct detect *d, const struct detect_entity *e)
{
    return detect_bucket_hash(e->detector, detect_names_hash(d->names, e->partition),
                              detect_names_hash(d->names, e->over),
                              detect_names_hash(d->names, e->by));
}

/*
 * Where silence is ordinary nothing is judged or learned now; the zeros are made up when the series
 * speaks again, and a series that never does costs little.
 */
static void judge_silent_one(struct work *w, struct detect_entity *e, struct piece *piece)
{
    struct detect *d = w->d;
    const struct detect_detector *det = &d->job->detectors[e->detector];
    void *whole = e;
    struct detect_metric *m = whole;
    ts_ns start = w->c->bucket->start;
    if (m->seen < SILENCE_KNOWN)
        return;
    piece->tested[e->detector]++;
    if (model_series_log_p_empty(m->series, start) > DETECT_CANDIDATE_LOG_P / 2)
        return;
    allow_silent(d, m, start, w->growth);
    catch_up(d, m, start);
    e->mark = DETECT_MARK_LEARN;
    struct model_observation o = {.time = start, .value = 0, .weight = 1, .fraction = 1};
    struct model_judgement j;
    model_series_judge(m->series, &o, &j);
    struct detect_candidate x = {.entity = e,
                                 .hash = entity_hash(d, e),
                                 .partition = e->partition,
                                 .over = e->over,
                                 .by = e->by,
                                 .detector = e->detector};
    detect_candidate_judged(&x, &j);
    struct detect_rule_verdict skip = {false, false};
    if (det->n_rules > 0)
        skip = rules_of_silence(d, e, j.typical, start);
    if (skip.skip_model_update)
        e->mark = 0;
    if (j.judged && j.log_p < DETECT_CANDIDATE_LOG_P && !skip.skip_result)
        detect_candidates_keep(&piece->found, &x);
}

static void learn_silent_one(struct work *w, struct detect_entity *e, struct piece *piece)
{
    void *whole = e;
    struct detect_metric *m = whole;
    struct model_observation o = {
        .time = w->c->bucket->start, .value = 0, .weight = 1, .fraction = 1};
    model_series_learn(m->series, &o);
    detect_annotate_take(&piece->notes, m);
    account(piece, m);
}

static void silent_piece(void *ctx, size_t piece)
{
    struct work *w = ctx;
    size_t from;
    size_t to;
    silent_slots(w, piece, &from, &to);
    for (size_t i = from; i < to; i++) {
        struct detect_entity *e = detect_table_at(w->d->table, DETECT_CLASS_METRIC, i);
        if (e == NULL || e->detector != w->detector)
            continue;
        if (w->judge_silent) {
            if (e->mark == 0)
                judge_silent_one(w, e, &w->pieces[piece]);
            continue;
        }
        if (e->mark == DETECT_MARK_LEARN)
            learn_silent_one(w, e, &w->pieces[piece]);
        e->mark = 0;
    }
}

static void run(struct work *w, void (*piece)(void *ctx, size_t piece))
{
    if (w->d->options.team != NULL) {
        thread_team_run(w->d->options.team, DETECT_SHARDS, piece, w);
        return;
    }
    for (size_t i = 0; i < DETECT_SHARDS; i++)
        piece(w, i);
}

static void run_silent(struct work *w, bool judge)
{
    w->judge_silent = judge;
    for (size_t i = 0; i < w->d->job->n_measures; i++) {
        w->detector = (uint8_t)i;
        if (silence_counts(&w->d->job->detectors[i]))
            run(w, silent_piece);
    }
}

/* ---- a bucket ---- */

static void cut_pieces(struct work *w)
{
    w->bounds[0] = 0;
    for (size_t i = 1; i <= DETECT_SHARDS; i++) {
        size_t at = w->n * i / DETECT_SHARDS;
        if (at < w->bounds[i - 1])
            at = w->bounds[i - 1];
        /* Never inside a parent's run. */
        while (at > 0 && at < w->n && w->cells[at]->parent_hash == w->cells[at - 1]->parent_hash &&
               w->cells[at]->detector == w->cells[at - 1]->detector)
            at++;
        w->bounds[i] = at;
    }
}

/* All pieces' candidates in one list, and how many were judged. */
static bool gather_found(struct work *w, struct detect_candidates *all, size_t *tested)
{
    struct detect_candidates fresh = {0};
    for (size_t i = 0; i < DETECT_SHARDS; i++) {
        struct piece *p = &w->pieces[i];
        detect_candidates_join(all, &p->found);
        detect_candidates_join(&fresh, &p->fresh);
        for (size_t k = 0; k < w->d->job->n_measures; k++)
            tested[k] += p->tested[k];
    }
    detect_candidates_cut(&fresh);
    detect_newcomers_crowd(&fresh);
    detect_candidates_join(all, &fresh);
    detect_candidates_cut(all);
    return !all->failed;
}

static void learn_newcomers(struct work *w)
{
    size_t n = 0;
    for (size_t i = 0; i < DETECT_SHARDS; i++)
        n += w->pieces[i].newcomers;
    if (n > 0)
        detect_newcomers_learn(w->d, w->cells, w->n, w->c->bucket->start);
}

static void share_room(struct work *w)
{
    struct detect_room room;
    w->growth = detect_room(w->d, &room);
    for (size_t i = 0; i < DETECT_SHARDS; i++) {
        w->pieces[i].room = room.free / DETECT_SHARDS;
        w->pieces[i].left = room.left / DETECT_SHARDS;
    }
}

/* What calendars say of the bucket decides what is judged, told and learned. */
static enum err close_with(struct work *w)
{
    struct detect *d = w->d;
    const struct detect_schedule_verdict skip = w->c->scheduled;
    size_t tested[DETECT_MEASURES_MAX] = {0};
    struct detect_candidates found = {0};
    bool final = w->final = !w->c->interim && !w->c->partial;
    bool judge = !skip.skip_result || !skip.skip_model_update;
    bool plots = d->job->model_plot || d->options.model_plot;
    w->at_once = final && !skip.skip_model_update && !plots;
    detect_resolve(d, w->cells, w->n, !w->c->interim && !skip.skip_model_update,
                   w->c->bucket->start);
    cut_pieces(w);
    share_room(w);
    if (judge)
        run(w, judge_piece);
    if (judge && final)
        run_silent(w, true);
    enum err e = ERR_NONE;
    if (!gather_found(w, &found, tested))
        e = ERR_MEMORY;
    if (skip.skip_result) {
        found.n = 0;
        memset(tested, 0, sizeof(tested));
    } else if (!w->c->interim) {
        for (size_t i = 0; i < d->job->n_measures; i++) {
            double n = (double)tested[i];
            double *faded = &d->tests[i].per_bucket;
            *faded = *faded < n ? n : *faded + (n - *faded) / 64;
        }
    }
    enum err r = detect_report(d, w->c, &found, tested);
    if (e == ERR_NONE)
        e = r;
    mem_free(found.list);
    if (final)
        run(w, skip.skip_model_update ? pass_piece : learn_piece);
    if (final && !skip.skip_model_update)
        learn_newcomers(w);
    if (judge && final)
        run_silent(w, false);
    const struct detect_changes *notes[DETECT_SHARDS];
    for (size_t i = 0; i < DETECT_SHARDS; i++) {
        d->series_bytes = (size_t)((ptrdiff_t)d->series_bytes + w->pieces[i].bytes);
        d->failures += w->pieces[i].refused;
        notes[i] = &w->pieces[i].notes;
    }
    if (d->job->annotations && d->options.sink != NULL)
        detect_annotate_report(d, w->c, notes, DETECT_SHARDS);
    for (size_t i = 0; i < DETECT_SHARDS; i++)
        mem_free(w->pieces[i].notes.list);
    return e;
}

/* Calendars put all clocks of the job forward; what was silent until then kept the old hours. */
static void shift_clocks(struct detect *d, ts_ns start, ts_ns by)
{
    struct detect_room room;
    enum model_growth growth = detect_room(d, &room);
    for (size_t i = 0; i < detect_table_slots(d->table, DETECT_CLASS_METRIC); i++) {
        void *e = detect_table_at(d->table, DETECT_CLASS_METRIC, i);
        struct detect_metric *m = e;
        if (m == NULL)
            continue;
        allow_silent(d, m, start, growth);
        if (d->job->detectors[m->head.detector].function->zero_when_empty)
            catch_up(d, m, start);
        model_series_shift(m->series, by);
    }
    for (size_t i = 0; i < detect_table_slots(d->table, DETECT_CLASS_CLOCK); i++) {
        void *e = detect_table_at(d->table, DETECT_CLASS_CLOCK, i);
        struct detect_clock *c = e;
        if (c != NULL)
            model_clock_shift(&c->model, by);
    }
}

enum err detect_close_bucket(struct detect *d, const struct detect_closing *given)
{
    struct detect_closing c = *given;
    ts_ns start = c.bucket->start;
    c.scheduled = detect_schedule_at(d->schedule, start);
    ts_ns shift = detect_schedule_shift(d->schedule, start, start + d->job->bucket_span_ns);
    if (shift != 0 && c.interim)
        c.scheduled.skip_result = true; /* judged by other hours when it closes */
    else if (shift != 0)
        shift_clocks(d, start, shift);
    struct work w = {.d = d, .c = &c, .n = c.bucket->n_cells};
    w.cells = detect_bucket_sorted(c.bucket);
    w.bounds = mem_zero(DETECT_SHARDS + 1, sizeof(*w.bounds));
    w.pieces = mem_zero(DETECT_SHARDS, sizeof(*w.pieces));
    enum err e = ERR_MEMORY;
    if (w.cells != NULL && w.bounds != NULL && w.pieces != NULL)
        e = close_with(&w);
    mem_free(w.cells);
    mem_free(w.bounds);
    mem_free(w.pieces);
    if (!c.interim)
        detect_age(d, start + d->job->bucket_span_ns);
    return e;
}

void detect_jump(struct detect *d, ts_ns start, uint64_t n)
{
    ts_ns end = start + (ts_ns)n * d->job->bucket_span_ns;
    ts_ns shift = detect_schedule_shift(d->schedule, start, end);
    if (shift != 0)
        shift_clocks(d, start, shift);
    struct detect_room room;
    enum model_growth growth = detect_room(d, &room);
    for (size_t i = 0; i < detect_table_slots(d->table, DETECT_CLASS_METRIC); i++) {
        struct detect_entity *e = detect_table_at(d->table, DETECT_CLASS_METRIC, i);
        if (e == NULL || !silence_counts(&d->job->detectors[e->detector]))
            continue;
        void *whole = e;
        struct detect_metric *m = whole;
        allow_silent(d, m, start, growth);
        catch_up(d, m, start);
        learn_zeros(d, m, start, end);
    }
    detect_age(d, end);
}
