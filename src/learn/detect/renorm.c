/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/engine_priv.h"

#include "model/score.h"

#include <math.h>

/* A score that changed by less is not worth an update. */
#define UPDATE_MIN 0.5

struct detect_scale *detect_scale_of(const struct detect *d, uint8_t detector, uint32_t partition)
{
    void *e = detect_table_find(d->table, DETECT_CLASS_SCALE, detector, partition, 0, 0);
    return e;
}

double detect_scale_score(const struct detect *d, uint8_t detector, uint32_t partition,
                          double anchor, double own)
{
    const struct detect_scale *s = detect_scale_of(d, detector, partition);
    if (s == NULL)
        return anchor;
    /* How much a partition looks at is not known: it is given what one series is. */
    double leeway = 1;
    if (d->job->detectors[detector].partition == NULL) {
        double per_day = (double)TIME_DAY / (double)d->job->bucket_span_ns;
        leeway = model_score_leeway(d->tests[detector].per_bucket * per_day);
    }
    return model_history_score(&s->history, anchor, leeway, own);
}

void detect_remember(struct detect *d, const struct detect_result *result, double anchor,
                     double score, uint32_t partition, double own)
{
    struct detect_recent *x = &d->recent[d->at_recent];
    if (d->n_recent == DETECT_RECENT_MAX)
        detect_names_unref(d->names, x->partition);
    else
        d->n_recent++;
    detect_names_ref(d->names, partition);
    *x = (struct detect_recent){
        .key = detect_result_key(result),
        .anchor = anchor,
        .score = score,
        .own = own,
        .partition = partition,
    };
    d->at_recent = (d->at_recent + 1) % DETECT_RECENT_MAX;
}

static double score_now(const struct detect *d, const struct detect_recent *x)
{
    switch ((enum detect_result_type)x->key.type) {
    case DETECT_RESULT_RECORD:
        return detect_scale_score(d, (uint8_t)x->key.detector, x->partition, x->anchor, x->own);
    case DETECT_RESULT_INFLUENCER:
        for (size_t i = 0; i < d->job->n_influencers; i++) {
            if (x->key.field == d->job->influencers[i])
                return model_history_score(&d->influencer_history[i], x->anchor, 1, 0);
        }
        return x->score;
    default:
        return model_history_score(&d->bucket_history, x->anchor, 1, 0);
    }
}

static ts_ns renormalize_window(const struct detect_job *job)
{
    if (job->renormalization_window_days > 0)
        return job->renormalization_window_days * TIME_DAY;
    ts_ns buckets = 100 * job->bucket_span_ns;
    return buckets > 30 * TIME_DAY ? buckets : 30 * TIME_DAY;
}

static bool send_update(const struct detect *d, const struct detect_result_key *key,
                        const char *influencer, double score, struct buf *id)
{
    buf_clear(id);
    detect_result_key_id(d->job->id, d->job->bucket_span_ns, key, id);
    if (!buf_ok(id))
        return false;
    struct detect_update u = {buf_text(id), key->type, key->time, influencer, score};
    d->options.update(d->options.ctx, &u);
    return true;
}

/* A bucket's influencers stand in documents of their own and in the bucket's; bucket_time has the
 * bucket's score. */
static bool send_score(const struct detect *d, const struct detect_recent *x, struct buf *id)
{
    if (!send_update(d, &x->key, NULL, x->score, id))
        return false;
    if (x->key.type == DETECT_RESULT_BUCKET) {
        const struct detect_result_key own = {
            .type = DETECT_RESULT_BUCKET_INFLUENCER, .field = "bucket_time", .time = x->key.time};
        return send_update(d, &own, NULL, x->score, id);
    }
    if (x->key.type == DETECT_RESULT_BUCKET_INFLUENCER) {
        const struct detect_result_key whole = {.type = DETECT_RESULT_BUCKET, .time = x->key.time};
        return send_update(d, &whole, x->key.field, x->score, id);
    }
    return true;
}

void detect_recall_scores(const struct detect *d)
{
    if (d->options.update == NULL)
        return;
    struct buf id;
    buf_init(&id);
    for (size_t i = 0; i < d->n_recent; i++) {
        if (!send_score(d, &d->recent[i], &id))
            break;
    }
    buf_release(&id);
}

void detect_renormalize(struct detect *d)
{
    if (d->options.update == NULL)
        return;
    struct buf id;
    buf_init(&id);
    ts_ns oldest = d->closed_until - renormalize_window(d->job);
    for (size_t i = 0; i < d->n_recent; i++) {
        /* In the order in which the results came. */
        size_t at = (d->at_recent + DETECT_RECENT_MAX - d->n_recent + i) % DETECT_RECENT_MAX;
        struct detect_recent *x = &d->recent[at];
        if (x->key.time < oldest)
            continue;
        double score = score_now(d, x);
        if (fabs(score - x->score) < UPDATE_MIN)
            continue;
        x->score = score;
        if (!send_score(d, x, &id))
            break;
    }
    buf_release(&id);
}

void detect_renormalize_due(struct detect *d, ts_ns end)
{
    ts_ns span = d->job->bucket_span_ns;
    ts_ns step = 8 * span > 6 * TIME_HOUR ? 8 * span : 6 * TIME_HOUR;
    if (end < d->next_renormalize)
        return;
    if (d->next_renormalize != TIME_NONE)
        detect_renormalize(d);
    d->next_renormalize = time_floor(end, step) + step;
}
