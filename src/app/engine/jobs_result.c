/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs_priv.h"

#include "detect/rescore.h"
#include "store/state.h"

#include <string.h>

static double result_score(const struct detect_result *r)
{
    switch ((enum detect_result_type)r->type) {
    case DETECT_RESULT_BUCKET:
        return r->bucket.score;
    case DETECT_RESULT_RECORD:
        return r->record.score;
    case DETECT_RESULT_INFLUENCER:
        return r->influencer.score;
    case DETECT_RESULT_BUCKET_INFLUENCER:
        return r->bucket_influencer.score;
    case DETECT_RESULT_MODEL_PLOT:
    case DETECT_RESULT_MODEL_SIZE_STATS:
    case DETECT_RESULT_MODEL_SNAPSHOT:
    case DETECT_RESULT_MODEL_FORECAST:
    case DETECT_RESULT_FORECAST_REQUEST:
    case DETECT_RESULT_OVERALL_BUCKET:
    case DETECT_RESULT_ANNOTATION:
    case DETECT_RESULT_CATEGORY:
    case DETECT_RESULT_CATEGORIZER_STATS:
        break;
    }
    return 0;
}

void engine_jobs_on_result(void *ctx, const struct detect_result *r)
{
    struct engine_job *job = ctx;
    struct engine_jobs *j = job->owner;
    if (job->mute || job->again)
        return;
    buf_clear(&j->id);
    buf_clear(&j->doc);
    detect_result_id(r, &j->id);
    detect_result_write(r, &j->doc);
    if (!buf_ok(&j->id) || !buf_ok(&j->doc)) {
        j->failed = ERR_MEMORY;
        return;
    }
    const struct store_result row = {
        .job_id = r->job_id,
        .type = detect_result_type_name((enum detect_result_type)r->type),
        .id = buf_text(&j->id),
        .doc = buf_text(&j->doc),
        .doc_len = j->doc.n,
        .time = r->time,
        .score = result_score(r),
        .is_interim = r->interim,
    };
    enum err err = store_state_result_put(j->options.state, &row);
    if (err != ERR_NONE) {
        j->failed = err;
        return;
    }
    j->totals.results++;
    if (r->type != DETECT_RESULT_RECORD || r->interim)
        return;
    j->totals.records++;
    if (j->options.on_result != NULL)
        j->options.on_result(j->options.ctx, r->job_id, j->now);
}

struct old_doc {
    struct buf *doc;
    double score;
    bool found;
};

static bool take_doc(void *ctx, const struct store_result *result)
{
    struct old_doc *old = ctx;
    buf_add(old->doc, result->doc, result->doc_len > 0 ? result->doc_len : strlen(result->doc));
    old->score = result->score;
    old->found = true;
    return false;
}

/* A score changed after its result was written: the document is rewritten with it. */
void engine_jobs_on_update(void *ctx, const struct detect_update *u)
{
    struct engine_job *job = ctx;
    struct engine_jobs *j = job->owner;
    if (job->again)
        return;
    struct store_result_filter filter = {.jobs = (const char *const[]){job->job->id},
                                         .jobs_n = 1,
                                         .id = u->id,
                                         .from = TIME_NONE,
                                         .to = TIME_MAX,
                                         .limit = 1};
    buf_clear(&j->doc);
    struct old_doc old = {.doc = &j->doc};
    enum err err = store_state_result_list(j->options.state, &filter, take_doc, &old, NULL);
    if (err == ERR_NONE && !old.found)
        return; /* somebody deleted it: there is nothing to score */
    struct buf changed;
    buf_init(&changed);
    if (err == ERR_NONE)
        err = detect_rescore_write(buf_text(&j->doc), j->doc.n, u, &changed);
    if (err == ERR_NONE)
        err = store_state_result_rescore(j->options.state, job->job->id, u->id,
                                         u->influencer == NULL ? u->score : old.score,
                                         buf_text(&changed));
    buf_release(&changed);
    if (err != ERR_NONE) {
        j->failed = err;
        return;
    }
    if (u->type == DETECT_RESULT_RECORD && j->options.on_result != NULL)
        j->options.on_result(j->options.ctx, job->job->id, j->now);
}
