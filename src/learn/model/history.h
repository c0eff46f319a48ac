#ifndef MODEL_HISTORY_H
#define MODEL_HISTORY_H

/*
 * A job's own past, which may lower a score and never raise it.
 *
 * Keeps, fading with age, how often each height of anchor score came (per partition or per job: the
 * caller decides what one history covers). Where high scores are routine, an anchor as high as the
 * routine is pulled down; with no history the anchor stands. A history that covers many series
 * allows more, and one series in it as much as if it were alone. Since what came later counts too,
 * the same call later gives the renormalised score. Method: docs/method/score.md.
 *
 * Ownership: a value of the caller.
 * Threads:   one owner; scoring only reads.
 */

#include "base/buf.h"
#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#define MODEL_HISTORY_BINS 101

struct model_history {
    ts_ns bucket_span;
    ts_ns first; /* TIME_NONE when empty */
    ts_ns last;
    float bins[MODEL_HISTORY_BINS]; /* faded number of episodes whose height was n */
    double days;                    /* faded: what the bins cover */
    float episode;                  /* height of the episode that is not over, 0 when none */
};

void model_history_init(struct model_history *h, ts_ns bucket_span);

/* One bucket (also one without records, with 0; long runs of such need not be given): the highest
 * anchor score in it. Buckets in a row that stay high are one episode. */
void model_history_add(struct model_history *h, ts_ns time, double anchor);

/*
 * What one series of those in a history has done, kept beside the series: the routine of one is
 * none of the others.
 */
struct model_history_own {
    float episodes; /* faded number of them that are over */
    float height;   /* their mean */
};

/* An episode of this height is over, and `ago` has passed since. */
void model_history_own_add(struct model_history_own *own, double height, ts_ns ago);
/* How many episodes of the series came near the anchor, or above. */
double model_history_own_count(const struct model_history_own *own, double anchor);

/*
 * The score, at most the anchor. leeway: how many times as many episodes a week are free as in a
 * history of one series (model_score_leeway()); own: how many of them were of the series itself.
 */
double model_history_score(const struct model_history *h, double anchor, double leeway, double own);

void model_history_save(const struct model_history *h, struct buf *out);
ERR_MUST_CHECK enum err model_history_load(struct cursor *in, ts_ns bucket_span,
                                           struct model_history *out);

#endif
