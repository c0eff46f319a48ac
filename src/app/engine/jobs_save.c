/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs_priv.h"

#include "base/bytes.h"
#include "store/state.h"
#include "store/state_posted.h"
#include "store/store.h"

#include <string.h>

/* How far snapshots that stay lie apart when the job does not say. */
#define STEP (3 * TIME_HOUR)

/* Begins a state of a job; the first number of one written before this form is a small one. */
#define STATE_MARK UINT32_C(0x324a4557)
/* Of a job whose datafeed has aggregations. */
#define STATE_MARK_ROWS UINT32_C(0x334a4557)

/*
 * State of a snapshot: the mark, the greatest place in the order of arrival, the engine's bytes.
 * What is counted of intervals is not saved: the job knows up to where they were given, and gets
 * the events after that again.
 */
static void save_state(const struct engine_job *r, struct buf *out)
{
    buf_le32(out, r->rows != NULL ? STATE_MARK_ROWS : STATE_MARK);
    buf_le64(out, r->rows != NULL ? (uint64_t)r->given : r->seen);
    detect_save(r->engine, out);
}

static enum err restore_state(struct engine_job *r, const struct detect_options *options,
                              const struct buf *state, struct err_text *why)
{
    struct cursor c = cursor_make(state->p, state->n);
    uint32_t mark = cursor_le32(&c);
    uint64_t place = cursor_le64(&c);
    bool known = mark == STATE_MARK || mark == STATE_MARK_ROWS;
    if (mark == STATE_MARK_ROWS)
        r->given = (ts_ns)place;
    else if (r->rows == NULL)
        r->had = r->seen = place;
    if (!known || !cursor_ok(&c))
        return err_set(
            why, ERR_FORMAT,
            "the snapshot of job '%s' is damaged or of another version of Weir; weir job "
            "reset lets it learn again from the stored events",
            r->job->id);
    struct bytes rest = cursor_rest(&c);
    return detect_restore(r->job, options, rest.p, rest.n, &r->engine, why);
}

enum err engine_jobs_restore(struct engine_jobs *j, struct engine_job *r, ts_ns start,
                             const char *snapshot_id, struct err_text *why)
{
    const struct detect_options options = {
        .team = j->options.team,
        .seed = j->options.seed,
        .delay_ns = r->delay,
        .follow_records = r->phase == ENGINE_JOB_OPEN,
        .sink = engine_jobs_on_result,
        .update = engine_jobs_on_update,
        .ctx = r,
    };
    struct arena arena;
    struct buf state;
    struct store_snapshot snapshot;
    arena_init(&arena, 0);
    buf_init(&state);
    enum err err = store_state_snapshot_get(j->options.state, r->job->id, snapshot_id, &arena,
                                            &snapshot, &state);
    if (err == ERR_NONE) {
        err = restore_state(r, &options, &state, why);
        r->start = snapshot.position - r->job->bucket_span_ns - r->delay;
        /* What it had is known by time alone: behind what was given, or its newest record. */
        if (err == ERR_NONE && r->given != TIME_NONE)
            r->start = r->given;
        else if (err == ERR_NONE && r->had == 0)
            r->start = detect_counts(r->engine)->latest_record + TIME_MS;
    } else if (err == ERR_NOT_FOUND && snapshot_id != NULL &&
               strcmp(snapshot_id, STORE_SNAPSHOT_EMPTY) != 0) {
        err_set(why, err, "job '%s' has no snapshot '%s'; weir job snapshots %s lists them",
                r->job->id, snapshot_id, r->job->id);
    } else if (err == ERR_NOT_FOUND) {
        err = detect_new(r->job, &options, &r->engine);
        if (err != ERR_NONE)
            err_set(why, err, "job '%s': %s", r->job->id, err_name(err));
        r->start = start;
    } else {
        err_set(why, err, "cannot read the snapshot of job '%s': %s", r->job->id, err_name(err));
    }
    buf_release(&state);
    arena_release(&arena);
    return err;
}

ts_ns engine_jobs_step(const struct engine_job *r)
{
    return r->job->persist_interval_ns > 0 ? r->job->persist_interval_ns : STEP;
}

/* A snapshot that is to stay for ever is not written over. */
static enum err choose_id(const struct engine_job *r, ts_ns now, struct buf *out)
{
    struct arena arena;
    struct store_snapshot there;
    detect_snapshot_id(r->engine, out);
    if (!buf_ok(out))
        return ERR_MEMORY;
    arena_init(&arena, 0);
    enum err err = store_state_snapshot_get(r->owner->options.state, r->job->id, buf_text(out),
                                            &arena, &there, NULL);
    if (err == ERR_NONE && there.retain)
        buf_format(out, "-%lld", (long long)(now / TIME_MS));
    arena_release(&arena);
    return err == ERR_NOT_FOUND ? ERR_NONE : err;
}

static void write_doc(const struct engine_job *r, const char *id, ts_ns now, struct buf *out)
{
    struct detect_result result = {
        .type = DETECT_RESULT_MODEL_SNAPSHOT,
        .job_id = r->job->id,
        .time = now,
        .span_ns = r->job->bucket_span_ns,
        .snapshot = {.id = id,
                     .description = "State saved in the background",
                     .latest_record = detect_counts(r->engine)->latest_record,
                     .latest_result = detect_final_until(r->engine),
                     .doc_count = 1},
    };
    detect_size(r->engine, &result.snapshot.size);
    detect_result_write(&result, out);
}

/* Snapshots of the same step of time replace each other. */
static enum err thin(const struct engine_job *r)
{
    const struct store_thinning thinning = {
        .all = r->job->snapshot_retention_days * TIME_DAY,
        .close = r->job->daily_snapshot_retention_days * TIME_DAY,
        .step = engine_jobs_step(r),
    };
    return store_state_snapshot_thin(r->owner->options.state, r->job->id, &thinning);
}

/* In one transaction: a snapshot and what was posted before it never stand side by side. */
static enum err put_snapshot(struct engine_job *r, const struct store_snapshot *snapshot,
                             const struct buf *learned, const char *stats)
{
    struct store_state *state = r->owner->options.state;
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return err;
    err = store_state_snapshot_put(state, snapshot, learned->p, learned->n);
    if (err == ERR_NONE)
        err = thin(r);
    if (err == ERR_NONE)
        err = store_state_posted_drop(state, r->job->id);
    if (err == ERR_NONE)
        err = store_state_job_set_position(state, r->job->id, snapshot->position, stats);
    if (err == ERR_NONE)
        return store_state_commit(state, NULL);
    store_state_rollback(state);
    return err;
}

static enum err save(struct engine_job *r, ts_ns now)
{
    struct buf learned, id, doc, stats;
    buf_init(&learned);
    buf_init(&id);
    buf_init(&doc);
    buf_init(&stats);
    save_state(r, &learned);
    enum err err = choose_id(r, now, &id);
    write_doc(r, buf_text(&id), now, &doc);
    engine_jobs_write_stats(r, now, &stats);
    if (err == ERR_NONE && !(buf_ok(&learned) && buf_ok(&id) && buf_ok(&doc) && buf_ok(&stats)))
        err = ERR_MEMORY;
    if (err == ERR_NONE) {
        ts_ns closed = detect_final_until(r->engine);
        const struct store_snapshot snapshot = {.job_id = r->job->id,
                                                .id = buf_text(&id),
                                                .doc = buf_text(&doc),
                                                .time = now,
                                                .position = closed != TIME_NONE ? closed : now};
        err = put_snapshot(r, &snapshot, &learned, buf_text(&stats));
    }
    if (err == ERR_NONE)
        r->kept = 0;
    buf_release(&learned);
    buf_release(&id);
    buf_release(&doc);
    buf_release(&stats);
    return err;
}

enum err engine_jobs_save_one(struct engine_job *r, ts_ns now, struct err_text *why)
{
    /* What is between the snapshot before and the place a pass has reached would be lost. */
    bool whole = r->phase == ENGINE_JOB_UP || r->phase == ENGINE_JOB_OPEN;
    if (!whole || detect_counts(r->engine)->records == 0)
        return ERR_NONE;
    /* Numbers of events that a kill took are given again: those would be taken for known. */
    struct store *store = r->phase == ENGINE_JOB_UP ? r->owner->options.store : NULL;
    enum err err = store != NULL ? store_settle(store, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    /* A snapshot and the numbers of its categories' messages say the same. */
    err = detect_report_categories(r->engine, false);
    err = engine_jobs_take_failed(r->owner, err);
    if (err == ERR_NONE)
        err = save(r, now);
    return err == ERR_NONE ? engine_jobs_tell_categories(r, why)
                           : err_set(why, err, "cannot save what job '%s' has learned: %s",
                                     r->job->id, err_name(err));
}

enum err engine_jobs_save(struct engine_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++)
        err = engine_jobs_save_one(j->jobs[i], now, why);
    return err;
}
