/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/filters.h"

#include "base/buf.h"
#include "detect/job.h"
#include "engine/jobs.h"
#include "store/state.h"

#include <string.h>

static enum err unreadable(struct err_text *why, enum err err)
{
    return err_set(why, err, "the filters cannot be read: %s", err_name(err));
}

struct reading {
    struct detect_filters *out;
    struct err_text *why;
    enum err err;
};

static bool read_one(void *ctx, const char *id, const char *doc)
{
    struct reading *r = ctx;
    r->err = detect_filters_parse(r->out, doc, strlen(doc), id, r->why);
    return r->err == ERR_NONE;
}

enum err engine_filters_read(struct store_state *state, struct detect_filters *out,
                             struct err_text *why)
{
    struct reading r = {.out = out, .why = why};
    enum err err = store_state_listed_all(state, STORE_FILTERS, read_one, &r);
    if (err != ERR_NONE)
        return unreadable(why, err);
    return r.err;
}

static enum err put_one(struct store_state *state, const struct detect_filter *f)
{
    struct buf doc;
    buf_init(&doc);
    detect_filter_write(f, &doc);
    enum err err = buf_ok(&doc) ? store_state_listed_put(state, STORE_FILTERS, detect_filter_id(f),
                                                         buf_text(&doc))
                                : ERR_MEMORY;
    buf_release(&doc);
    return err;
}

enum err engine_filters_put(struct store_state *state, struct engine_jobs *jobs,
                            const struct detect_filters *filters, struct err_text *why)
{
    enum err err = jobs != NULL ? engine_jobs_save_kept(jobs, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    err = store_state_begin(state);
    if (err != ERR_NONE)
        return err_set(why, err, "the filters cannot be written: %s", err_name(err));
    for (size_t i = 0; i < filters->n && err == ERR_NONE; i++)
        err = put_one(state, filters->list[i]);
    if (err != ERR_NONE) {
        store_state_rollback(state);
        return err_set(why, err, "the filters cannot be written: %s", err_name(err));
    }
    err = store_state_commit(state, why);
    for (size_t i = 0; jobs != NULL && i < filters->n && err == ERR_NONE; i++)
        err = engine_jobs_set_filter(jobs, filters->list[i], why);
    return err;
}

struct asking {
    const struct detect_filters *filters;
    engine_filters_user_fn user;
    void *ctx;
};

/* A job that cannot be read names none: it was written by another version, and does not run. */
static bool ask_job(void *ctx, const struct store_job *row)
{
    const struct asking *a = ctx;
    struct detect_job *job;
    struct err_text ignored;
    if (detect_job_parse(row->config, strlen(row->config), row->id, a->filters->list, a->filters->n,
                         &job, &ignored) != ERR_NONE)
        return true;
    for (size_t i = 0; i < a->filters->n; i++) {
        if (detect_job_uses_filter(job, detect_filter_id(a->filters->list[i])))
            a->user(a->ctx, a->filters->list[i], row->id);
    }
    detect_job_free(job);
    return true;
}

enum err engine_filters_users(struct store_state *state, const struct detect_filters *filters,
                              engine_filters_user_fn user, void *ctx, struct err_text *why)
{
    struct asking a = {.filters = filters, .user = user, .ctx = ctx};
    enum err err = store_state_job_list(state, ask_job, &a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the jobs cannot be read: %s", err_name(err));
}

struct deleting {
    const char *id;
    struct buf jobs; /* that name it */
};

static void note_user(void *ctx, const struct detect_filter *filter, const char *job_id)
{
    struct deleting *d = ctx;
    if (strcmp(detect_filter_id(filter), d->id) == 0)
        buf_format(&d->jobs, "%s'%s'", d->jobs.n > 0 ? ", " : "", job_id);
}

enum err engine_filters_delete(struct store_state *state, const char *id, struct err_text *why)
{
    struct detect_filters filters = {0};
    struct deleting d = {.id = id};
    buf_init(&d.jobs);
    enum err err = engine_filters_read(state, &filters, why);
    if (err == ERR_NONE)
        err = engine_filters_users(state, &filters, note_user, &d, why);
    if (err == ERR_NONE && d.jobs.n > 0) {
        err =
            err_set(why, ERR_INVALID, "the filter '%s' is named by the custom rules of job %.300s",
                    id, buf_text(&d.jobs));
    } else if (err == ERR_NONE) {
        err = store_state_listed_delete(state, STORE_FILTERS, id);
        if (err == ERR_NOT_FOUND)
            err_set(why, err, "there is no filter '%s'; weir filter list shows them", id);
        else if (err != ERR_NONE)
            err_set(why, err, "the filter '%s' cannot be deleted: %s", id, err_name(err));
    }
    buf_release(&d.jobs);
    detect_filters_release(&filters);
    return err;
}
