/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs that people look at, whether they run or not. */
#include "engine/jobs_priv.h"

#include "detect/filter.h"
#include "engine/filters.h"
#include "store/state.h"

enum err engine_jobs_look(struct engine_jobs *j, const char *id, const char *snapshot,
                          struct engine_job **out, struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    struct detect_filters filters = {0};
    arena_init(&arena, 0);
    enum err err = store_state_job_get(j->options.state, id, &arena, &row);
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no job '%s'; weir job list shows them", id);
    else if (err != ERR_NONE)
        err_set(why, err, "cannot read job '%s': %s", id, err_name(err));
    if (err == ERR_NONE)
        err = engine_filters_read(j->options.state, &filters, why);
    if (err == ERR_NONE)
        err = engine_jobs_make(j, &row, &filters, snapshot, out, why);
    detect_filters_release(&filters);
    arena_release(&arena);
    return err;
}

/* As it was saved; of a job that never ran, or was set back to nothing, as it would begin. */
static enum err saved_stats(struct engine_jobs *j, const char *id, struct buf *out,
                            struct err_text *why)
{
    struct arena arena;
    struct store_job row;
    arena_init(&arena, 0);
    enum err err = store_state_job_get(j->options.state, id, &arena, &row);
    if (err == ERR_NONE && row.counts != NULL && row.counts[0] != '\0')
        buf_str(out, row.counts);
    arena_release(&arena);
    if (err == ERR_NONE && out->n > 0)
        return ERR_NONE;
    struct engine_job *r = NULL;
    err = engine_jobs_look(j, id, NULL, &r, why);
    if (err == ERR_NONE)
        engine_jobs_write_stats(r, j->now, out);
    engine_jobs_unmake(r);
    return err;
}

enum err engine_jobs_stats(struct engine_jobs *j, const char *job_id, struct buf *out,
                           ts_ns *out_open, struct err_text *why)
{
    struct engine_job *r = engine_jobs_find(j, job_id);
    *out_open = TIME_NONE;
    enum err err = ERR_NONE;
    if (r == NULL) {
        err = saved_stats(j, job_id, out, why);
    } else {
        engine_jobs_write_stats(r, j->now, out);
        *out_open = r->opened != TIME_NONE && j->now > r->opened ? j->now - r->opened : 0;
    }
    if (err == ERR_NONE && !buf_ok(out))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    return err;
}
