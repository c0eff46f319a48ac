/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that people set back to a snapshot, whether they run or not. */
#include "engine/jobs_priv.h"

#include "store/state.h"
#include "store/state_posted.h"

/* Categories as the snapshot has them; those that came later go with the results. */
static enum err set_back_categories(struct engine_jobs *j, const struct engine_job *r,
                                    bool delete_later)
{
    struct buf prefix;
    enum err err = ERR_NONE;
    buf_init(&prefix);
    buf_format(&prefix, "%s_category_definition_", r->job->id);
    if (delete_later)
        err = buf_ok(&prefix)
                  ? store_state_result_delete_ids(j->options.state, r->job->id, buf_text(&prefix))
                  : ERR_MEMORY;
    buf_release(&prefix);
    if (err == ERR_NONE || err == ERR_NOT_FOUND)
        err = detect_report_categories(r->engine, true);
    return engine_jobs_take_failed(j, err);
}

/* What follows from going back to a snapshot, in one transaction. */
static enum err set_back(struct engine_jobs *j, struct engine_job *r, const char *snapshot,
                         bool delete_results)
{
    struct store_state *state = j->options.state;
    struct buf stats;
    ts_ns closed = detect_final_until(r->engine);
    buf_init(&stats);
    engine_jobs_write_stats(r, j->now, &stats);
    enum err err = buf_ok(&stats) ? store_state_begin(state) : ERR_MEMORY;
    if (err == ERR_NONE) {
        err = store_state_snapshot_use(state, r->job->id, snapshot);
        if (err == ERR_NONE)
            err = store_state_posted_drop(state, r->job->id);
        if (err == ERR_NONE)
            err = store_state_result_delete(state, r->job->id, closed, TIME_MAX, !delete_results);
        if (err == ERR_NONE)
            err = set_back_categories(j, r, delete_results);
        if (err == ERR_NONE && delete_results) {
            /* What came since may have lowered earlier scores. */
            detect_recall_scores(r->engine);
            err = engine_jobs_take_failed(j, ERR_NONE);
        }
        if (err == ERR_NONE)
            err = store_state_job_set_position(state, r->job->id, closed, buf_text(&stats));
        if (err == ERR_NONE)
            err = store_state_commit(state, NULL);
        else
            store_state_rollback(state);
    }
    buf_release(&stats);
    return err;
}

enum err engine_jobs_revert(struct engine_jobs *j, const char *job_id, const char *snapshot,
                            bool delete_results, struct err_text *why)
{
    struct engine_job *r = NULL;
    enum err err = engine_jobs_look(j, job_id, snapshot, &r, why);
    if (err == ERR_NONE)
        err = engine_jobs_stop(j, job_id, false, why);
    if (err == ERR_NONE && (err = set_back(j, r, snapshot, delete_results)) != ERR_NONE)
        err_set(why, err, "job '%s' cannot be set back: %s", job_id, err_name(err));
    engine_jobs_unmake(r);
    return err;
}
