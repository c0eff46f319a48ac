/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/jobs_priv.h"

#include "base/bytes.h"
#include "format/write.h"
#include "store/state.h"

#define SNAPSHOTS_KEPT 10

/* The greatest sequence had from a source; made when it is new. NULL: no memory. */
/* Begins a state of a job; the first number of one written before this form is a small one. */
#define STATE_MARK UINT32_C(0x324a4557)

/* State of a snapshot: the mark, the greatest place in the order of arrival, the engine's bytes. */
static void save_state(const struct daemon_job *r, struct buf *out)
{
    buf_le32(out, STATE_MARK);
    buf_le64(out, r->seen);
    detect_save(r->engine, out);
}

static enum err restore_state(struct daemon_job *r, const struct detect_options *options,
                              const struct buf *state, struct err_text *why)
{
    struct cursor c = cursor_make(state->p, state->n);
    bool known = cursor_le32(&c) == STATE_MARK;
    r->had = r->seen = cursor_le64(&c);
    if (!known || !cursor_ok(&c))
        return err_set(
            why, ERR_FORMAT,
            "the snapshot of job '%s' is damaged or of another version of Weir; weir job "
            "reset lets it learn again from the stored events",
            r->job->id);
    struct bytes rest = cursor_rest(&c);
    return detect_restore(r->job, options, rest.p, rest.n, &r->engine, why);
}

enum err daemon_jobs_restore(struct daemon_jobs *j, struct daemon_job *r, ts_ns start,
                             struct err_text *why)
{
    const struct detect_options options = {
        .team = j->options.team,
        .seed = j->options.seed,
        .delay_ns = r->delay,
        .sink = daemon_jobs_on_result,
        .update = daemon_jobs_on_update,
        .ctx = r,
    };
    struct arena arena;
    struct buf state;
    struct store_snapshot snapshot;
    arena_init(&arena, 0);
    buf_init(&state);
    enum err err =
        store_state_snapshot_get(j->options.state, r->job->id, NULL, &arena, &snapshot, &state);
    if (err == ERR_NONE) {
        err = restore_state(r, &options, &state, why);
        r->start = snapshot.position - r->job->bucket_span_ns - r->delay;
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

static void write_counts(const struct daemon_job *r, struct buf *out)
{
    const struct detect_counts *c = detect_counts(r->engine);
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "job_id", r->job->id);
    format_write_field_i64(&w, "input_record_count", (int64_t)c->records);
    format_write_field_i64(&w, "processed_record_count", (int64_t)c->processed);
    format_write_field_i64(&w, "processed_field_count", (int64_t)c->fields);
    format_write_field_i64(&w, "input_bytes", (int64_t)c->input_bytes);
    format_write_field_i64(&w, "invalid_date_count", (int64_t)c->invalid_dates);
    format_write_field_i64(&w, "missing_field_count", (int64_t)c->missing_fields);
    format_write_field_i64(&w, "out_of_order_timestamp_count", (int64_t)c->out_of_order);
    format_write_field_i64(&w, "bucket_count", (int64_t)c->buckets);
    format_write_field_i64(&w, "empty_bucket_count", (int64_t)c->empty_buckets);
    format_write_field_i64(&w, "sparse_bucket_count", (int64_t)c->sparse_buckets);
    if (c->earliest_record != TIME_NONE)
        format_write_field_i64(&w, "earliest_record_timestamp", c->earliest_record / TIME_MS);
    if (c->latest_record != TIME_NONE)
        format_write_field_i64(&w, "latest_record_timestamp", c->latest_record / TIME_MS);
    if (c->latest_bucket != TIME_NONE)
        format_write_field_i64(&w, "latest_bucket_timestamp", c->latest_bucket / TIME_MS);
    format_write_end_object(&w);
}

static enum err put_snapshot(struct daemon_jobs *j, struct daemon_job *r, ts_ns now)
{
    struct buf state, id, doc, counts;
    buf_init(&state);
    buf_init(&id);
    buf_init(&doc);
    buf_init(&counts);
    save_state(r, &state);
    detect_snapshot_id(r->engine, &id);
    const struct detect_counts *c = detect_counts(r->engine);
    struct detect_result result = {
        .type = DETECT_RESULT_MODEL_SNAPSHOT,
        .job_id = r->job->id,
        .time = now,
        .span_ns = r->job->bucket_span_ns,
        .snapshot = {.id = buf_text(&id),
                     .description = "State saved in the background",
                     .latest_record = c->latest_record,
                     .latest_result = detect_final_until(r->engine),
                     .doc_count = 1},
    };
    detect_size(r->engine, &result.snapshot.size);
    detect_result_write(&result, &doc);
    write_counts(r, &counts);
    enum err err = ERR_MEMORY;
    if (buf_ok(&state) && buf_ok(&id) && buf_ok(&doc) && buf_ok(&counts)) {
        ts_ns closed = detect_final_until(r->engine);
        const struct store_snapshot snapshot = {.job_id = r->job->id,
                                                .id = buf_text(&id),
                                                .doc = buf_text(&doc),
                                                .time = now,
                                                .position = closed != TIME_NONE ? closed : now};
        err = store_state_snapshot_put(j->options.state, &snapshot, state.p, state.n);
        if (err == ERR_NONE)
            err = store_state_snapshot_trim(j->options.state, r->job->id, SNAPSHOTS_KEPT);
        if (err == ERR_NONE)
            err = store_state_job_set_position(j->options.state, r->job->id, snapshot.position,
                                               buf_text(&counts));
    }
    buf_release(&state);
    buf_release(&id);
    buf_release(&doc);
    buf_release(&counts);
    return err;
}

enum err daemon_jobs_save_one(struct daemon_jobs *j, struct daemon_job *r, ts_ns now,
                              struct err_text *why)
{
    /* What is between the snapshot before and the place a pass has reached would be lost. */
    if (r->phase != DAEMON_JOB_UP || detect_counts(r->engine)->records == 0)
        return ERR_NONE;
    enum err err = put_snapshot(j, r, now);
    return err == ERR_NONE ? err
                           : err_set(why, err, "cannot save what job '%s' has learned: %s",
                                     r->job->id, err_name(err));
}

enum err daemon_jobs_save(struct daemon_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++)
        err = daemon_jobs_save_one(j, j->jobs[i], now, why);
    return err;
}
