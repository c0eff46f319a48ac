/* SPDX-License-Identifier: Apache-2.0 */
/* What is posted is kept until what was learned of it is saved, and given again after a crash. */
#include "engine/jobs_priv.h"

#include "store/state.h"
#include "store/state_posted.h"

/* Bytes of one job, and of all, above which what was learned is saved, so that a start need not go
 * through more again. */
#define KEPT_JOB ((uint64_t)64 << 20)
#define KEPT_ALL ((uint64_t)256 << 20)
/* What each counts at least: many small ones take time too. */
#define KEPT_LEAST 4096

static void count(struct engine_job *r, size_t n)
{
    r->kept += n > KEPT_LEAST ? n : KEPT_LEAST;
}

/*
 * Of the jobs that may be saved at any time the one with the most; NULL: none has any. The learning
 * of one with a datafeed must not be on disk before the events that it was learned of.
 */
static struct engine_job *fullest(const struct engine_jobs *j, uint64_t *out_all)
{
    struct engine_job *most = NULL;
    *out_all = 0;
    for (size_t i = 0; i < j->n; i++) {
        struct engine_job *r = j->jobs[i];
        *out_all += r->kept;
        if (r->phase == ENGINE_JOB_OPEN && r->kept > (most != NULL ? most->kept : 0) &&
            detect_counts(r->engine)->records > 0)
            most = r;
    }
    return most;
}

bool engine_jobs_can_keep(const struct engine_job *r)
{
    return r->phase == ENGINE_JOB_OPEN || r->kept <= KEPT_JOB;
}

enum err engine_jobs_keep(struct engine_job *r, const struct store_posted *what, const char *text,
                          size_t n)
{
    enum err err = store_state_posted_put(r->owner->options.state, r->job->id, what, text, n);
    if (err == ERR_NONE)
        count(r, n);
    return err;
}

enum err engine_jobs_spare(struct engine_jobs *j, ts_ns now, struct err_text *why)
{
    uint64_t all;
    struct engine_job *r;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && (r = fullest(j, &all)) != NULL &&
           (r->kept > KEPT_JOB || all > KEPT_ALL))
        err = engine_jobs_save_one(r, now, why);
    return err;
}

enum err engine_jobs_save_kept(struct engine_jobs *j, struct err_text *why)
{
    uint64_t all;
    struct engine_job *r;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && (r = fullest(j, &all)) != NULL)
        err = engine_jobs_save_one(r, j->now != TIME_NONE ? j->now : detect_now(r->engine), why);
    return err;
}

/* One of them to the engine, whose results of it were written when it came first. */
static enum err feed_again(struct engine_job *r, const struct store_posted *what,
                           const struct buf *text)
{
    size_t taken, wrong;
    ts_ns (*steady)(void) = r->owner->options.steady;
    ts_ns begun = steady != NULL ? steady() : 0;
    uint64_t buckets = detect_counts(r->engine)->buckets;
    r->again = r->phase == ENGINE_JOB_OPEN;
    engine_jobs_empty(r, what->reset_start, what->reset_end);
    enum err err = engine_jobs_feed(r, buf_text(text), text->n, what->time, &taken, &wrong);
    if (err == ERR_NONE)
        err = engine_jobs_move(r, what->advance, what->skip);
    r->again = false;
    if (steady != NULL)
        engine_jobs_timed(r, detect_counts(r->engine)->buckets - buckets, steady() - begun,
                          what->time);
    return err;
}

/* Whether the engine is where it was when that came; without a pass over the store it is. */
static bool is_there(const struct engine_job *r, ts_ns closed)
{
    bool passes = r->phase == ENGINE_JOB_WAITS || r->phase == ENGINE_JOB_BEHIND;
    return !passes || closed == TIME_NONE || detect_final_until(r->engine) >= closed;
}

static enum err feed_all(struct engine_job *r, struct buf *text)
{
    struct store_state *state = r->owner->options.state;
    struct store_posted what;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && r->fed < r->kept_until && is_there(r, r->waits)) {
        buf_clear(text);
        err = store_state_posted_next(state, r->job->id, r->fed, &what, text);
        if (err == ERR_NONE && !is_there(r, what.closed)) {
            r->waits = what.closed;
        } else if (err == ERR_NONE) {
            r->fed = what.number;
            r->waits = TIME_NONE;
            count(r, text->n);
            err = feed_again(r, &what, text);
        }
    }
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

enum err engine_jobs_take_kept(struct engine_job *r, struct err_text *why)
{
    struct buf text;
    enum err err = store_state_posted_newest(r->owner->options.state, r->job->id, &r->kept_until);
    buf_init(&text);
    r->fed = 0;
    r->waits = TIME_NONE;
    if (err == ERR_NONE)
        err = feed_all(r, &text);
    buf_release(&text);
    if (err == ERR_FORMAT)
        return err_set(why, err,
                       "what was posted to job '%s' and not yet saved is damaged; weir job revert "
                       "goes on from a snapshot without it, weir job reset begins anew",
                       r->job->id);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "what was posted to job '%s' cannot be read: %s",
                                     r->job->id, err_name(err));
}

enum err engine_jobs_feed_kept(struct engine_job *r)
{
    struct err_text why;
    struct buf text;
    if (r->fed >= r->kept_until || !is_there(r, r->waits))
        return ERR_NONE;
    buf_init(&text);
    enum err err = feed_all(r, &text);
    buf_release(&text);
    if (err != ERR_FORMAT)
        return err;
    r->fed = r->kept_until;
    return engine_jobs_say(r, "error", &why,
                           "What was posted to this job and not yet saved is damaged, and lost.");
}
