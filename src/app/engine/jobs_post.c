/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are posted to one job, and the word to look at what is there. */
#include "engine/jobs_priv.h"

#include "event/event.h"
#include "event/json.h"
#include "format/split.h"
#include "store/state.h"
#include "store/state_posted.h"

#include <string.h>

static enum err not_open(const char *id, struct err_text *why)
{
    return err_set(why, ERR_BUSY, "job '%s' is not open", id);
}

static enum err begin(struct engine_jobs *j, struct err_text *why)
{
    enum err err = store_state_begin(j->options.state);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "state.db cannot be written: %s", err_name(err));
}

/* Ends the transaction of jobs' work. */
static enum err settle(struct engine_jobs *j, enum err err, struct err_text *why)
{
    enum err failed = engine_jobs_take_failed(j, ERR_NONE);
    if (err == ERR_NONE && failed != ERR_NONE)
        err = err_set(why, failed, "results cannot be written: %s", err_name(failed));
    if (err == ERR_NONE)
        return store_state_commit(j->options.state, why);
    store_state_rollback(j->options.state);
    return err;
}

/* After a failure the job is dropped, and the next load takes it up as state.db has it. */
static void drop(struct engine_jobs *j, const char *id)
{
    struct err_text late;
    (void)!engine_jobs_stop(j, id, false, &late); /* nothing is saved, so nothing can fail */
}

void engine_jobs_empty(struct engine_job *r, ts_ns start, ts_ns end)
{
    if (start != TIME_NONE)
        detect_empty(r->engine, time_floor(start, r->job->bucket_span_ns), end);
}

enum err engine_jobs_feed(struct engine_job *r, const char *text, size_t n, ts_ns now,
                          size_t *out_taken, size_t *out_wrong)
{
    struct event_json *json = event_json_new();
    struct arena arena;
    size_t at = 0, from, len, number = 0;
    enum err err = json != NULL ? ERR_NONE : ERR_MEMORY;
    arena_init(&arena, 0);
    *out_taken = *out_wrong = 0;
    while (err == ERR_NONE) {
        struct event e;
        number++;
        enum err there = format_split_next(text, n, &at, &from, &len);
        if (there == ERR_END)
            break;
        arena_clear(&arena);
        if (there == ERR_NONE)
            there = event_json_read(json, text + from, len, false, &arena, &e, NULL);
        if (there == ERR_FORMAT || there == ERR_LIMIT) {
            *out_wrong = number;
            break;
        }
        err = there == ERR_NONE && !e.failed ? detect_event(r->engine, &e) : ERR_MEMORY;
        *out_taken = at;
    }
    arena_release(&arena);
    event_json_free(json);
    if (*out_taken > 0)
        r->data = now;
    return err;
}

/* after − before; times as they stand. */
static struct detect_counts difference(const struct detect_counts *before,
                                       const struct detect_counts *after)
{
    struct detect_counts d = *after;
    d.records -= before->records;
    d.processed -= before->processed;
    d.fields -= before->fields;
    d.input_bytes -= before->input_bytes;
    d.invalid_dates -= before->invalid_dates;
    d.missing_fields -= before->missing_fields;
    d.out_of_order -= before->out_of_order;
    d.buckets -= before->buckets;
    d.empty_buckets -= before->empty_buckets;
    d.sparse_buckets -= before->sparse_buckets;
    d.combinations -= before->combinations;
    d.contributions -= before->contributions;
    return d;
}

/* One post within the transaction; *out_wrong as in engine_jobs_feed(). */
static enum err post_one(struct engine_job *r, struct engine_post *p, ts_ns now, size_t *out_wrong)
{
    ts_ns (*steady)(void) = r->owner->options.steady;
    ts_ns begun = steady != NULL ? steady() : 0;
    const struct detect_counts before = *detect_counts(r->engine);
    const struct store_posted kept = {.time = now,
                                      .closed = detect_final_until(r->engine),
                                      .advance = TIME_NONE,
                                      .skip = TIME_NONE,
                                      .reset_start = p->reset_start,
                                      .reset_end = p->reset_end};
    size_t taken = 0;
    enum err err = engine_jobs_drop_interim(r);
    if (err == ERR_NONE) {
        engine_jobs_empty(r, p->reset_start, p->reset_end);
        err = engine_jobs_feed(r, p->text, p->n, now, &taken, out_wrong);
    }
    if (err == ERR_NONE && (taken > 0 || p->reset_start != TIME_NONE))
        err = engine_jobs_keep(r, &kept, p->text, taken);
    p->posted = (struct engine_posted){difference(&before, detect_counts(r->engine)), now};
    if (steady != NULL)
        engine_jobs_timed(r, p->posted.counts.buckets, steady() - begun, now);
    return err;
}

/* What became of a post by itself; a failure of the transaction is returned. */
static enum err post_into(struct engine_jobs *j, struct engine_post *p, ts_ns now,
                          struct err_text *why)
{
    size_t wrong = 0;
    struct engine_job *r = engine_jobs_find(j, p->job_id);
    if (r == NULL) {
        p->err = not_open(p->job_id, &p->why);
        return ERR_NONE;
    }
    if (!engine_jobs_can_keep(r)) {
        p->err = err_set(&p->why, ERR_AGAIN,
                         "job '%s' reads its datafeed, and much was posted to it besides that is "
                         "not saved yet",
                         p->job_id);
        return ERR_NONE;
    }
    enum err err = post_one(r, p, now, &wrong);
    if (err != ERR_NONE)
        return err_set(why, err, "the records cannot be taken: %s", err_name(err));
    p->err = wrong == 0
                 ? ERR_NONE
                 : err_set(&p->why, ERR_FORMAT,
                           "record %zu is no JSON object; those before it were taken", wrong);
    return ERR_NONE;
}

enum err engine_jobs_post(struct engine_jobs *j, struct engine_post *posts, ts_ns now)
{
    struct err_text why;
    enum err err = begin(j, &why);
    bool begun = err == ERR_NONE;
    j->now = j->now != TIME_NONE ? j->now : now;
    for (struct engine_post *p = posts; p != NULL && err == ERR_NONE; p = p->next)
        err = post_into(j, p, now, &why);
    if (err == ERR_NONE)
        err = engine_jobs_spare(j, j->now, &why);
    if (begun)
        err = settle(j, err, &why);
    for (struct engine_post *p = posts; p != NULL && err != ERR_NONE; p = p->next) {
        p->err = err;
        p->why = why;
        if (begun)
            drop(j, p->job_id);
    }
    return err;
}

enum err engine_jobs_move(struct engine_job *r, ts_ns advance, ts_ns skip)
{
    enum err err = ERR_NONE;
    if (skip != TIME_NONE) {
        r->mute = true;
        err = detect_advance(r->engine, skip);
        r->mute = false;
    }
    return err == ERR_NONE && advance != TIME_NONE ? detect_advance(r->engine, advance) : err;
}

static enum err flush(struct engine_job *r, const struct engine_flush *what, ts_ns now)
{
    const struct store_posted kept = {.time = now,
                                      .closed = detect_final_until(r->engine),
                                      .advance = what->advance,
                                      .skip = what->skip,
                                      .reset_start = TIME_NONE,
                                      .reset_end = TIME_NONE};
    bool moves = what->advance != TIME_NONE || what->skip != TIME_NONE;
    enum err err = engine_jobs_drop_interim(r);
    if (err == ERR_NONE)
        err = engine_jobs_move(r, what->advance, what->skip);
    if (err == ERR_NONE && moves && detect_counts(r->engine)->records > 0)
        err = engine_jobs_keep(r, &kept, "", 0);
    if (err == ERR_NONE && what->interim) {
        r->interim = 0; /* the next call takes all of them away */
        err = detect_interim(r->engine);
    }
    return err;
}

enum err engine_jobs_flush(struct engine_jobs *j, const char *job_id,
                           const struct engine_flush *what, ts_ns now, ts_ns *out_end,
                           struct err_text *why)
{
    struct engine_job *r = engine_jobs_find(j, job_id);
    if (r == NULL)
        return not_open(job_id, why);
    enum err err = begin(j, why);
    if (err != ERR_NONE)
        return err;
    j->now = j->now != TIME_NONE ? j->now : now;
    err = flush(r, what, now);
    if (err != ERR_NONE)
        err_set(why, err, "job '%s' cannot be flushed: %s", job_id, err_name(err));
    else
        err = engine_jobs_spare(j, j->now, why);
    ts_ns end = detect_final_until(r->engine);
    err = settle(j, err, why);
    if (err == ERR_NONE)
        *out_end = end;
    else
        drop(j, job_id);
    return err;
}
