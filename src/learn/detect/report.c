/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE
#include "detect/engine_priv.h"

#include "base/mem.h"
#include "model/score.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* At most so many of the strongest records of a bucket may explain weaker ones. */
#define EXPLAINERS 16
#define EXPLAINER_SCORE 50
/* An anomaly that goes on keeps its score for so many buckets; then it fades, unless it gets worse.
 */
#define EPISODE_SCORE 25
#define EPISODE_NEWS 3
#define EPISODE_KEEP 0.85
#define EPISODE_WORSE 5
#define INFLUENCER_VALUES_MAX (DETECT_INFLUENCERS_MAX * DETECT_SHARES_MAX)

/* One record in the making: a candidate, or for a population split by `by` all of one member. */
struct draft {
    struct detect_candidate *first; /* the strongest */
    size_t n;                       /* candidates from first on */
    double log_p;
    double plain_anchor; /* before what others explain */
    double anchor;
    double score;
    uint32_t run; /* buckets before this one in which the series stood out */
    double own;   /* episodes before that came as high */
    struct detect_share *shares;
    size_t n_shares;
};

struct report {
    struct detect *d;
    const struct detect_closing *c;
    const size_t *tested;
    struct draft *drafts;
    size_t n;
    struct detect_share *shares;         /* of all drafts */
    struct detect_influence *influences; /* of the record being sent and its causes */
    struct bytes *values;
    size_t n_influences;
    size_t n_values;
    double per_day; /* buckets a day */
};

static const struct detect_detector *detector_of(const struct report *r, const struct draft *x)
{
    return &r->d->job->detectors[x->first->detector];
}

static bool is_grouped(const struct detect_detector *det)
{
    return det->over != NULL && det->by != NULL && det->function->kind != DETECT_RARE;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return a < b ? -1 : a > b;
}

/* Candidates of one record next to each other, the strongest first. Names have one number each. */
static int by_record(const void *x, const void *y)
{
    const struct detect_candidate *a = x;
    const struct detect_candidate *b = y;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    if (a->partition != b->partition)
        return a->partition < b->partition ? -1 : 1;
    if (a->over != b->over)
        return a->over < b->over ? -1 : 1;
    if (a->apart != b->apart)
        return a->apart < b->apart ? -1 : 1;
    if (a->log_p != b->log_p)
        return a->log_p < b->log_p ? -1 : 1;
    return compare_u64(a->hash, b->hash);
}

static int by_strength(const void *x, const void *y)
{
    const struct draft *a = x;
    const struct draft *b = y;
    if (a->anchor != b->anchor)
        return a->anchor > b->anchor ? -1 : 1;
    if (a->log_p != b->log_p)
        return a->log_p < b->log_p ? -1 : 1;
    return compare_u64(a->first->hash, b->first->hash);
}

/* Of the detector as written: its further measures look at the same series again. */
static double tests_per_day(const struct report *r, size_t detector)
{
    size_t i = r->d->job->detectors[detector].index;
    double n = r->d->tests[i].per_bucket;
    if ((double)r->tested[i] > n)
        n = (double)r->tested[i];
    return n * r->per_day;
}

/* ---- drafts ---- */

/* Candidates from `from` on that make one record. */
static size_t record_length(const struct detect_candidates *found, size_t from)
{
    const struct detect_candidate *c = &found->list[from];
    size_t n = 1;
    while (from + n < found->n && c[n].index == c->index && c[n].partition == c->partition &&
           c[n].over == c->over && c[n].apart == c->apart)
        n++;
    return n;
}

/* ln of 1 / (1 / p + 1 / q). */
static double harmonic(double log_p, double log_q)
{
    double least = log_p < log_q ? log_p : log_q;
    return least - log1p(exp(-fabs(log_p - log_q)));
}

/*
 * Of several measures of one series the most unusual stands for it; they come strongest first. Its
 * probability is the harmonic mean of all that were looked at, of which those that are not here
 * were ordinary: the price of more looks (docs/method/score.md).
 */
static size_t one_a_series(struct detect_candidate *c, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        size_t k = 0;
        while (k < kept && c[k].by != c[i].by)
            k++;
        if (k == kept)
            c[kept++] = c[i];
        else
            c[k].log_p = harmonic(c[k].log_p, c[i].log_p);
    }
    for (size_t k = 0; k < kept; k++)
        c[k].log_p = fmin(c[k].log_p + log(DETECT_PARTS_MAX), 0);
    return kept;
}

static bool is_metric(const struct detect_job *job, const struct detect_candidate *c)
{
    return strcmp(job->detectors[c->detector].function->full, "metric") == 0;
}

static struct draft make_draft(const struct detect_job *job, struct detect_candidate *c, size_t n,
                               double *log_p)
{
    struct draft x = {.first = c, .n = n, .log_p = c->log_p};
    for (size_t k = 0; k < n; k++)
        log_p[k] = c[k].log_p;
    /* freq_rare has judged the member as a whole already. */
    if (n > 1 && job->detectors[c->detector].function->kind != DETECT_FREQ_RARE)
        x.log_p = model_score_combine(log_p, n, (double)n);
    return x;
}

static enum err make_drafts(struct report *r, struct detect_candidates *found)
{
    const struct detect_job *job = r->d->job;
    for (size_t i = 0; i < found->n; i++) {
        struct detect_candidate *c = &found->list[i];
        const struct detect_detector *det = &job->detectors[c->detector];
        c->index = det->index;
        c->apart = is_grouped(det) ? 0 : c->by;
    }
    qsort(found->list, found->n, sizeof(*found->list), by_record);
    r->drafts = mem_zero(found->n, sizeof(*r->drafts));
    double *log_p = mem_alloc(found->n * sizeof(*log_p));
    if (r->drafts == NULL || log_p == NULL) {
        mem_free(log_p);
        return ERR_MEMORY;
    }
    size_t run;
    for (size_t i = 0; i < found->n; i += run) {
        struct detect_candidate *c = &found->list[i];
        run = record_length(found, i);
        size_t n = is_metric(job, c) ? one_a_series(c, run) : run;
        struct draft x = make_draft(job, c, n, log_p);
        x.anchor = model_score_anchor(x.log_p, tests_per_day(r, c->detector));
        x.plain_anchor = x.anchor;
        if (x.anchor >= DETECT_SCORE_MIN)
            r->drafts[r->n++] = x;
    }
    mem_free(log_p);
    qsort(r->drafts, r->n, sizeof(*r->drafts), by_strength);
    if (r->n > DETECT_RECORDS_MAX)
        r->n = DETECT_RECORDS_MAX;
    return ERR_NONE;
}

static enum err find_shares(struct report *r)
{
    size_t per = r->d->job->n_influencers * DETECT_SHARES_MAX;
    if (per == 0 || r->n == 0)
        return ERR_NONE;
    r->shares = mem_zero(r->n * per, sizeof(*r->shares));
    if (r->shares == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < r->n; i++) {
        struct draft *x = &r->drafts[i];
        x->shares = &r->shares[i * per];
        x->n_shares = detect_influence_shares(r->d, r->c->bucket, x->first, x->shares);
    }
    return ERR_NONE;
}

/* Nor may one anomaly raise others beside it: what the strongest explain is lowered. */
static void explain(struct report *r)
{
    size_t strong = 0;
    while (strong < r->n && strong < EXPLAINERS && r->drafts[strong].anchor >= EXPLAINER_SCORE)
        strong++;
    for (size_t i = 1; i < r->n; i++) {
        struct draft *x = &r->drafts[i];
        double most = 0;
        for (size_t k = 0; k < strong && k < i; k++) {
            const struct draft *s = &r->drafts[k];
            if (s->log_p >= x->log_p || (x->first->has_values && x->first->high != s->first->high))
                continue;
            double share = detect_influence_overlap(x->shares, x->n_shares, s->shares, s->n_shares);
            if (share > most)
                most = share;
        }
        if (most <= 0)
            continue;
        double left = model_score_explained(x->log_p, most);
        x->anchor = model_score_anchor(left, tests_per_day(r, x->first->detector));
    }
}

/* ---- episodes: an anomaly that goes on ---- */

static struct detect_episode *episode_of(const struct draft *x)
{
    void *e = x->first->entity;
    if (e == NULL)
        return NULL;
    if (x->first->entity->class == DETECT_CLASS_METRIC)
        return &((struct detect_metric *)e)->episode;
    if (x->first->entity->class == DETECT_CLASS_MEMBER)
        return &((struct detect_member *)e)->episode;
    return NULL;
}

/* What has gone on for a while and got no worse is less and less of a finding. */
static void calm(struct report *r)
{
    ts_ns span = r->d->job->bucket_span_ns;
    ts_ns start = r->c->bucket->start;
    for (size_t i = 0; i < r->n; i++) {
        struct draft *x = &r->drafts[i];
        struct detect_episode *saved = episode_of(x);
        if (saved == NULL || x->anchor < EPISODE_SCORE)
            continue;
        struct detect_episode e = *saved;
        bool on = e.peak > 0 && (double)start - (double)e.last <= 2 * (double)span;
        if (!on && e.peak > 0)
            model_history_own_add(&e.own, (double)e.peak, start - e.last);
        if (!on || x->anchor > (double)e.peak + EPISODE_WORSE)
            e.run = 0;
        else
            e.run++;
        if (!on || x->anchor > (double)e.peak)
            e.peak = (float)x->anchor;
        e.last = start;
        x->run = e.run;
        x->own = model_history_own_count(&e.own, x->anchor);
        if (!r->c->interim)
            *saved = e;
        if (e.run >= EPISODE_NEWS)
            x->anchor *= pow(EPISODE_KEEP, (double)(e.run - EPISODE_NEWS + 1));
    }
}

/* ---- scales: the history of a partition's scores ---- */

static struct detect_scale *begin_scale(struct detect *d, const struct draft *x, ts_ns start)
{
    ts_ns span = d->job->bucket_span_ns;
    size_t cost = detect_table_cost(d->table, DETECT_CLASS_SCALE);
    if (detect_memory(d) + cost > d->job->memory_limit)
        return NULL;
    void *e =
        detect_table_add(d->table, DETECT_CLASS_SCALE, x->first->index, x->first->partition, 0, 0);
    if (e == NULL)
        return NULL;
    struct detect_scale *s = e;
    model_history_init(&s->history, span);
    /* A history begun late has had quiet buckets since the job's first record. */
    ts_ns first = d->counts.earliest_record;
    if (first != TIME_NONE && time_floor(first, span) < start)
        model_history_add(&s->history, time_floor(first, span), 0);
    return s;
}

static void give_scores(struct report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct draft *x = &r->drafts[i];
        x->score =
            detect_scale_score(r->d, x->first->index, x->first->partition, x->anchor, x->own);
    }
}

/* The highest anchor of this bucket for each scale, 0 for those without. */
static void learn_scales(struct report *r)
{
    struct detect *d = r->d;
    ts_ns start = r->c->bucket->start;
    for (size_t i = 0; i < r->n; i++) {
        const struct draft *x = &r->drafts[i];
        struct detect_scale *s = detect_scale_of(d, x->first->index, x->first->partition);
        if (s == NULL)
            s = begin_scale(d, x, start);
        if (s != NULL && s->head.mark == 0) {
            /* Drafts come strongest first, but for those that others explained. */
            double most = 0;
            for (size_t k = i; k < r->n; k++) {
                const struct draft *y = &r->drafts[k];
                if (y->first->index == x->first->index &&
                    y->first->partition == x->first->partition && y->anchor > most)
                    most = y->anchor;
            }
            model_history_add(&s->history, start, most);
            s->last_score = start;
            s->head.mark = DETECT_MARK_DATA;
        }
    }
    size_t n = detect_table_slots(d->table, DETECT_CLASS_SCALE);
    for (size_t i = 0; i < n; i++) {
        void *e = detect_table_at(d->table, DETECT_CLASS_SCALE, i);
        struct detect_scale *s = e;
        if (s == NULL)
            continue;
        if (s->head.mark == 0)
            model_history_add(&s->history, start, 0);
        s->head.mark = 0;
    }
}

/* ---- results out ---- */

static void send(const struct report *r, struct detect_result *result)
{
    result->interim = r->c->interim;
    result->job_id = r->d->job->id;
    result->time = r->c->bucket->start;
    result->span_ns = r->d->job->bucket_span_ns;
    if (r->d->options.sink != NULL)
        r->d->options.sink(r->d->options.ctx, result);
}

static int round_score(double v)
{
    if (!(v > 0))
        return 0;
    return v > 100 ? 100 : (int)(v + 0.5);
}

static struct detect_explanation explanation(const struct report *r, const struct draft *x)
{
    const struct detect_candidate *c = x->first;
    double tests = tests_per_day(r, c->detector);
    double single = model_score_anchor(c->single_log_p, tests);
    double multi = model_score_anchor(c->multi_log_p, tests);
    double rest = x->plain_anchor - (single > multi ? single : multi);
    struct detect_explanation e = {
        .spike = c->high,
        .has_type = c->has_values,
        .has_bounds = c->has_values,
        .has_typical = c->has_values,
        .anomaly_length = 1,
        .single_bucket_impact = round_score(single),
        .multi_bucket_impact = round_score(multi),
        .characteristics_impact = round_score(rest),
        .lower_bound = c->lower,
        .typical = c->typical,
        .upper_bound = c->upper,
        .high_variance_penalty = c->high_variance,
        .incomplete_bucket_penalty = r->c->interim || r->c->partial,
        .multimodal_distribution = c->multimodal,
        .by_first_occurrence = c->first,
        .by_relative_rarity = c->has_values ? 0 : c->relative,
    };
    /* A run of twelve buckets, as far as the run rather than this bucket made the score. */
    if (c->multi_bucket > 0)
        e.anomaly_length = 1 + (int)(c->multi_bucket / 5 * 11 + 0.5);
    if (x->run >= (uint32_t)e.anomaly_length)
        e.anomaly_length = x->run < INT32_MAX ? (int)x->run + 1 : INT32_MAX;
    return e;
}

/* Shares as a result shows them, in arrays that hold those of a record and of its causes. */
static const struct detect_influence *
fill_influences(struct report *r, const struct detect_share *shares, size_t n, size_t *out_n)
{
    const struct detect *d = r->d;
    struct detect_influence *list = &r->influences[r->n_influences];
    *out_n = 0;
    for (size_t i = 0; i < n; i++) {
        struct bytes *value = &r->values[r->n_values++];
        if (i == 0 || shares[i].field != shares[i - 1].field)
            list[(*out_n)++] =
                (struct detect_influence){d->job->influencers[shares[i].field], value, 0};
        *value = detect_names_text(d->names, shares[i].name);
        list[*out_n - 1].n++;
    }
    r->n_influences += *out_n;
    return list;
}

struct bytes detect_name_text(const struct detect *d, const char *field, uint32_t id)
{
    return field != NULL ? detect_names_text(d->names, id) : bytes_make(NULL, 0);
}

static double probability(double log_p)
{
    double p = exp(log_p);
    if (!(p > DETECT_PROBABILITY_MIN))
        return DETECT_PROBABILITY_MIN;
    return p < 1 ? p : 1;
}

/* The members' values behind a record of a population, each with who carried it. */
static size_t fill_causes(struct report *r, const struct draft *x, struct detect_cause *causes)
{
    struct detect *d = r->d;
    const struct detect_detector *det = detector_of(r, x);
    bool freq = det->function->kind == DETECT_FREQ_RARE;
    size_t n = 0;
    for (; det->over != NULL && n < x->n && n < DETECT_CAUSES_MAX; n++) {
        const struct detect_candidate *y = &x->first[n];
        struct detect_share shares[INFLUENCER_VALUES_MAX];
        size_t n_shares = detect_influence_shares(d, r->c->bucket, y, shares);
        causes[n] = (struct detect_cause){.by = detect_name_text(d, det->by, y->by),
                                          .probability = probability(y->log_p),
                                          .typical = y->typical,
                                          .actual = freq ? y->cell->value : y->value,
                                          .typical_place = y->usual_place,
                                          .actual_place = y->place};
        causes[n].influences = fill_influences(r, shares, n_shares, &causes[n].n_influences);
    }
    return n;
}

/* What messages of the category have in common that a candidate is of; of the first field that is
 * one. */
static struct bytes category_terms(const struct report *r, const struct detect_detector *det,
                                   const struct detect_candidate *c, struct buf *out)
{
    const struct {
        const char *field;
        uint32_t value;
    } splits[] = {{det->by, c->by}, {det->over, c->over}, {det->partition, c->partition}};
    for (size_t i = 0; i < sizeof(splits) / sizeof(splits[0]); i++) {
        if (splits[i].field != NULL && strcmp(splits[i].field, DETECT_CATEGORY_FIELD) == 0 &&
            detect_category_terms(r->d, detect_names_text(r->d->names, splits[i].value), out) &&
            buf_ok(out))
            return bytes_make(buf_text(out), out->n);
    }
    return bytes_make(NULL, 0);
}

static void send_record(struct report *r, const struct draft *x)
{
    struct detect *d = r->d;
    const struct detect_detector *det = detector_of(r, x);
    const struct detect_candidate *c = x->first;
    bool grouped = is_grouped(det);
    struct detect_cause causes[DETECT_CAUSES_MAX];
    r->n_influences = r->n_values = 0;
    size_t n_causes = fill_causes(r, x, causes);
    size_t n_influences;
    const struct detect_influence *influences =
        fill_influences(r, x->shares, x->n_shares, &n_influences);
    struct detect_result result = {.type = DETECT_RESULT_RECORD};
    struct buf terms;
    buf_init(&terms);
    result.record = (struct detect_record){
        .detector = c->index,
        .function = det->function->full,
        .description = det->function->description,
        .field_name = det->field,
        .by_name = det->by,
        .over_name = det->over,
        .partition_name = det->partition,
        .by = detect_name_text(d, grouped ? NULL : det->by, c->by),
        .over = detect_name_text(d, det->over, c->over),
        .partition = detect_name_text(d, det->partition, c->partition),
        .probability = probability(x->log_p),
        .score = x->score,
        .initial_score = x->score,
        .multi_bucket_impact = c->multi_bucket,
        .has_values = c->has_values,
        .typical = c->typical,
        .actual = c->value,
        .has_places = c->has_place,
        .typical_place = c->usual_place,
        .actual_place = c->place,
        .why = explanation(r, x),
        .causes = causes,
        .n_causes = n_causes,
        .influences = influences,
        .n_influences = n_influences,
        .category_terms = category_terms(r, det, c, &terms),
        .surprise = -x->log_p / 2.302585092994046,
    };
    send(r, &result);
    if (!r->c->interim)
        detect_remember(d, &result, x->anchor, x->score, c->partition, x->own);
    buf_release(&terms);
}

static int compare_bytes(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (c != 0)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

/* Records in the order of their detectors and texts. */
static int by_text(const void *x, const void *y, void *ctx)
{
    const struct detect_names *names = ctx;
    const struct detect_candidate *a = ((const struct draft *)x)->first;
    const struct detect_candidate *b = ((const struct draft *)y)->first;
    if (a->index != b->index)
        return a->index < b->index ? -1 : 1;
    int c = compare_bytes(detect_names_text(names, a->partition),
                          detect_names_text(names, b->partition));
    if (c == 0)
        c = compare_bytes(detect_names_text(names, a->over), detect_names_text(names, b->over));
    if (c == 0)
        c = compare_bytes(detect_names_text(names, a->by), detect_names_text(names, b->by));
    return c;
}

static enum err send_records(struct report *r)
{
    size_t fields = r->d->job->n_influencers * (DETECT_CAUSES_MAX + 1);
    r->influences = mem_zero(fields + 1, sizeof(*r->influences));
    r->values = mem_zero(fields * DETECT_SHARES_MAX + 1, sizeof(*r->values));
    if (r->influences == NULL || r->values == NULL)
        return ERR_MEMORY;
    if (r->n > 1)
        qsort_r(r->drafts, r->n, sizeof(*r->drafts), by_text, r->d->names);
    for (size_t i = 0; i < r->n; i++) {
        if (r->drafts[i].anchor >= DETECT_SCORE_MIN)
            send_record(r, &r->drafts[i]);
    }
    return ERR_NONE;
}

/* ---- influencers ---- */

struct influencer {
    uint8_t field;
    uint32_t name;
    uint64_t hash;
    double log_p;
};

static int by_influencer(const void *x, const void *y)
{
    const struct influencer *a = x;
    const struct influencer *b = y;
    if (a->field != b->field)
        return a->field < b->field ? -1 : 1;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->log_p != b->log_p)
        return a->log_p < b->log_p ? -1 : 1;
    return 0;
}

struct outcome {
    double log_p;
    double anchor;
    double score;
};

static double effective_log_p(const struct report *r, const struct draft *x)
{
    if (x->anchor >= x->plain_anchor || x->anchor <= 0)
        return x->anchor <= 0 ? 0 : x->log_p;
    return model_score_log_p(x->anchor, tests_per_day(r, x->first->detector));
}

static struct outcome weigh(const struct report *r, const double *log_p, size_t n, double tested,
                            const struct model_history *h)
{
    struct outcome o = {0, 0, 0};
    if (n == 0)
        return o;
    o.log_p = model_score_combine(log_p, n, tested > (double)n ? tested : (double)n);
    o.anchor = model_score_anchor(o.log_p, r->per_day);
    o.score = model_history_score(h, o.anchor, 1, 0);
    return o;
}

static enum err send_influencers(struct report *r, double *most)
{
    struct detect *d = r->d;
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++)
        n += r->drafts[i].n_shares;
    if (n == 0)
        return ERR_NONE;
    struct influencer *list = mem_zero(n, sizeof(*list));
    double *log_p = mem_zero(n, sizeof(*log_p));
    if (list == NULL || log_p == NULL) {
        mem_free(list);
        mem_free(log_p);
        return ERR_MEMORY;
    }
    n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct draft *x = &r->drafts[i];
        for (size_t k = 0; k < x->n_shares; k++) {
            const struct detect_share *s = &x->shares[k];
            /* Who carried half of it or more answers for all of it. */
            double weight = s->share >= 0.5 ? 1 : 0.5 + s->share;
            list[n++] = (struct influencer){s->field, s->name, detect_names_hash(d->names, s->name),
                                            weight * effective_log_p(r, x)};
        }
    }
    qsort(list, n, sizeof(*list), by_influencer);
    for (size_t i = 0; i < n;) {
        size_t k = 0;
        while (i + k < n && list[i + k].field == list[i].field &&
               list[i + k].name == list[i].name) {
            log_p[k] = list[i + k].log_p;
            k++;
        }
        uint8_t f = list[i].field;
        struct outcome o = weigh(r, log_p, k, (double)k, &d->influencer_history[f]);
        if (o.anchor > most[f])
            most[f] = o.anchor;
        if (o.anchor >= DETECT_SCORE_MIN) {
            struct detect_result result = {.type = DETECT_RESULT_INFLUENCER};
            result.influencer =
                (struct detect_influencer){.field = d->job->influencers[f],
                                           .value = detect_names_text(d->names, list[i].name),
                                           .score = o.score,
                                           .initial_score = o.score,
                                           .probability = probability(o.log_p)};
            send(r, &result);
            if (!r->c->interim)
                detect_remember(d, &result, o.anchor, o.score, 0, 0);
        }
        i += k;
    }
    mem_free(list);
    mem_free(log_p);
    return ERR_NONE;
}

/* ---- the bucket ---- */

static double all_tested(const struct report *r)
{
    double n = 0;
    for (size_t i = 0; i < r->d->job->n_measures; i++)
        n += (double)r->tested[i];
    return n;
}

static size_t collect_field(const struct report *r, size_t field, double *log_p)
{
    size_t n = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct draft *x = &r->drafts[i];
        bool has = false;
        for (size_t k = 0; k < x->n_shares && !has; k++)
            has = x->shares[k].field == field;
        if (has)
            log_p[n++] = effective_log_p(r, x);
    }
    return n;
}

static struct detect_bucket_influencer bucket_influencer(const char *field, struct outcome o)
{
    return (struct detect_bucket_influencer){.field = field,
                                             .score = o.score,
                                             .initial_score = o.score,
                                             .raw_score = o.anchor,
                                             .probability = probability(o.log_p)};
}

static enum err send_bucket(struct report *r, double *most)
{
    struct detect *d = r->d;
    struct detect_bucket_influencer list[DETECT_INFLUENCERS_MAX + 1];
    size_t n_list = 0;
    double *log_p = mem_zero(r->n + 1, sizeof(*log_p));
    if (log_p == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < r->n; i++)
        log_p[i] = effective_log_p(r, &r->drafts[i]);
    struct outcome whole = weigh(r, log_p, r->n, all_tested(r), &d->bucket_history);
    for (size_t f = 0; f < d->job->n_influencers && r->n > 0; f++) {
        size_t n = collect_field(r, f, log_p);
        struct outcome o = weigh(r, log_p, n, all_tested(r), &d->influencer_history[f]);
        if (o.anchor >= DETECT_SCORE_MIN)
            list[n_list++] = bucket_influencer(d->job->influencers[f], o);
    }
    mem_free(log_p);
    const size_t n_fields = n_list;
    if (whole.anchor >= DETECT_SCORE_MIN)
        list[n_list++] = bucket_influencer("bucket_time", whole);
    for (size_t i = 0; i < n_list; i++) {
        struct detect_result result = {.type = DETECT_RESULT_BUCKET_INFLUENCER};
        result.bucket_influencer = list[i];
        send(r, &result);
        /* That of the bucket itself goes with the bucket. */
        if (!r->c->interim && i < n_fields)
            detect_remember(d, &result, list[i].raw_score, list[i].score, 0, 0);
    }
    const char *scheduled[DETECT_SCHEDULE_NAMES_MAX];
    struct detect_result result = {.type = DETECT_RESULT_BUCKET};
    result.bucket = (struct detect_bucket){
        .score = whole.score,
        .initial_score = whole.score,
        .event_count = r->c->bucket->events,
        .influencers = list,
        .n_influencers = n_list,
        .scheduled = scheduled,
        .n_scheduled = detect_schedule_names(d->schedule, r->c->bucket->start, scheduled)};
    send(r, &result);
    if (r->c->interim)
        return ERR_NONE;
    d->last_score = whole.score;
    if (r->c->scheduled.skip_result)
        return ERR_NONE; /* nothing was looked at: that is no calm to be remembered */
    for (size_t i = 0; i < r->n; i++) {
        if (r->drafts[i].anchor >= DETECT_SCORE_MIN && r->drafts[i].score > d->last_score)
            d->last_score = r->drafts[i].score;
    }
    if (whole.anchor >= DETECT_SCORE_MIN)
        detect_remember(d, &result, whole.anchor, whole.score, 0, 0);
    ts_ns start = r->c->bucket->start;
    model_history_add(&d->bucket_history, start, whole.anchor);
    for (size_t f = 0; f < d->job->n_influencers; f++)
        model_history_add(&d->influencer_history[f], start, most[f]);
    return ERR_NONE;
}

static void release(struct report *r)
{
    mem_free(r->drafts);
    mem_free(r->shares);
    mem_free(r->influences);
    mem_free(r->values);
}

enum err detect_report(struct detect *d, const struct detect_closing *c,
                       struct detect_candidates *found, const size_t *tested)
{
    struct report r = {.d = d, .c = c, .tested = tested};
    double most[DETECT_INFLUENCERS_MAX] = {0};
    r.per_day = (double)TIME_DAY / (double)d->job->bucket_span_ns;
    enum err e = detect_report_plots(d, c);
    if (e == ERR_NONE && found->n > 0)
        e = make_drafts(&r, found);
    if (e == ERR_NONE)
        e = find_shares(&r);
    if (e == ERR_NONE) {
        explain(&r);
        calm(&r);
        give_scores(&r);
        if (!c->interim && !c->scheduled.skip_result)
            learn_scales(&r);
        e = send_records(&r);
    }
    if (e == ERR_NONE)
        e = send_influencers(&r, most);
    if (e == ERR_NONE)
        e = send_bucket(&r, most);
    if (e == ERR_NONE && !c->interim)
        detect_renormalize_due(d, c->bucket->start + d->job->bucket_span_ns);
    release(&r);
    return e;
}
