/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/jobs.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "detect/detect.h"
#include "event/event.h"
#include "format/node.h"
#include "format/write.h"
#include "query/index.h"
#include "rule/run.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

/* How far back a job begins that has never run, when there are stored events. */
#define START_BACK (14 * TIME_DAY)
#define SNAPSHOTS_KEPT 10

struct running {
    struct daemon_jobs *owner;
    struct detect_job *job;
    struct detect_feed *feed;
    struct query_index *index;
    struct detect *engine;
    char *name;    /* for people, or NULL */
    ts_ns first;   /* of the first event it got since it started, TIME_NONE */
    ts_ns delay;   /* how long after its end a bucket is final */
    ts_ns start;   /* stored events before this were not asked for */
    ts_ns interim; /* engine time of the newest interim results; TIME_NONE: there are none;
                    0: perhaps an earlier run left some */
    bool catching_up;
    /* For each source, the greatest sequence the engine has had: what the store holds beyond it is
     * new after a restart. */
    struct seen {
        uint32_t source;
        uint64_t sequence;
    } * seen;
    size_t seen_n, seen_cap;
};

struct daemon_jobs {
    struct daemon_jobs_options options;
    struct running **jobs; /* in order of id */
    size_t n, cap;
    ts_ns now;
    enum err failed; /* a result could not be written; told by the call that made it */
    struct daemon_jobs_totals totals;
    struct buf id, doc;   /* of the result being written */
    struct arena scratch; /* of daemon_jobs_describe() */
};

struct daemon_jobs *daemon_jobs_new(const struct daemon_jobs_options *options)
{
    struct daemon_jobs *j = mem_zero(1, sizeof(*j));
    if (j == NULL)
        return NULL;
    j->options = *options;
    j->now = TIME_NONE;
    arena_init(&j->scratch, 0);
    return j;
}

static void running_free(struct running *r)
{
    if (r == NULL)
        return;
    detect_free(r->engine);
    query_index_free(r->index);
    detect_feed_free(r->feed);
    detect_job_free(r->job);
    mem_free(r->name);
    mem_free(r->seen);
    mem_free(r);
}

void daemon_jobs_free(struct daemon_jobs *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->n; i++)
        running_free(j->jobs[i]);
    mem_free(j->jobs);
    buf_release(&j->id);
    buf_release(&j->doc);
    arena_release(&j->scratch);
    mem_free(j);
}

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
        break;
    }
    return 0;
}

static void on_result(void *ctx, const struct detect_result *r)
{
    struct running *job = ctx;
    struct daemon_jobs *j = job->owner;
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
    bool found;
};

static bool take_doc(void *ctx, const struct store_result *result)
{
    struct old_doc *old = ctx;
    buf_add(old->doc, result->doc, result->doc_len > 0 ? result->doc_len : strlen(result->doc));
    old->found = true;
    return false;
}

/* Writes a node again with one number changed. */
static void write_changed(const struct format_node *v, const char *key, double score,
                          struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *member = format_node_at(v, i);
        format_write_key_n(&w, format_node_key(member), format_node_key_len(member));
        if (strcmp(format_node_key(member), key) == 0) {
            format_write_f64(&w, score);
        } else {
            struct buf raw;
            buf_init(&raw);
            format_node_write(member, &raw);
            format_write_raw(&w, buf_text(&raw), raw.n);
            out->failed |= !buf_ok(&raw);
            buf_release(&raw);
        }
    }
    format_write_end_object(&w);
}

/* A score changed after its result was written: the document is rewritten with it. */
static void on_update(void *ctx, const struct detect_update *u)
{
    struct running *job = ctx;
    struct daemon_jobs *j = job->owner;
    const char *key = u->type == DETECT_RESULT_RECORD       ? "record_score"
                      : u->type == DETECT_RESULT_INFLUENCER ? "influencer_score"
                                                            : "anomaly_score";
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
    struct format_node *node = NULL;
    struct buf changed;
    buf_init(&changed);
    struct err_text why;
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&j->doc), j->doc.n, u->id, &node, &why);
    if (err == ERR_NONE) {
        write_changed(node, key, u->score, &changed);
        err = buf_ok(&changed) ? store_state_result_rescore(j->options.state, job->job->id, u->id,
                                                            u->score, buf_text(&changed))
                               : ERR_MEMORY;
    }
    buf_release(&changed);
    format_node_free(node);
    if (err != ERR_NONE) {
        j->failed = err;
        return;
    }
    if (u->type == DETECT_RESULT_RECORD && j->options.on_result != NULL)
        j->options.on_result(j->options.ctx, job->job->id, j->now);
}

/* The greatest sequence had from a source; made when it is new. NULL: no memory. */
static struct seen *seen_of(struct running *r, uint32_t source)
{
    for (size_t i = 0; i < r->seen_n; i++)
        if (r->seen[i].source == source)
            return &r->seen[i];
    if (mem_grow((void **)&r->seen, &r->seen_cap, r->seen_n + 1, sizeof(*r->seen)) != 0)
        return NULL;
    r->seen[r->seen_n] = (struct seen){.source = source};
    return &r->seen[r->seen_n++];
}

/* State of a snapshot: how many sources, their sequences, then the engine's own bytes. */
static void save_state(const struct running *r, struct buf *out)
{
    buf_le32(out, (uint32_t)r->seen_n);
    for (size_t i = 0; i < r->seen_n; i++) {
        buf_le32(out, r->seen[i].source);
        buf_le64(out, r->seen[i].sequence);
    }
    detect_save(r->engine, out);
}

static enum err restore_state(struct running *r, const struct detect_options *options,
                              const struct buf *state, struct err_text *why)
{
    struct cursor c = cursor_make(state->p, state->n);
    uint32_t n = cursor_le32(&c);
    for (uint32_t i = 0; i < n && cursor_ok(&c); i++) {
        uint32_t source = cursor_le32(&c);
        uint64_t sequence = cursor_le64(&c);
        struct seen *seen = cursor_ok(&c) ? seen_of(r, source) : NULL;
        if (seen == NULL)
            return err_set(why, ERR_FORMAT, "the snapshot of job '%s' is damaged", r->job->id);
        seen->sequence = sequence;
    }
    struct bytes rest = cursor_rest(&c);
    return detect_restore(r->job, options, rest.p, rest.n, &r->engine, why);
}

static enum err start_engine(struct daemon_jobs *j, struct running *r, const struct store_job *row,
                             struct err_text *why)
{
    const struct detect_options options = {
        .team = j->options.team,
        .seed = j->options.seed,
        .delay_ns = r->delay,
        .sink = on_result,
        .update = on_update,
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
        r->start = row->start;
    } else {
        err_set(why, err, "cannot read the snapshot of job '%s': %s", r->job->id, err_name(err));
    }
    buf_release(&state);
    arena_release(&arena);
    return err;
}

/* The name a person sees: custom_settings.security_app_display_name. */
static char *display_name(const struct detect_job *job)
{
    struct format_node *settings;
    struct err_text why;
    if (job->custom_settings == NULL ||
        format_node_json(job->custom_settings, strlen(job->custom_settings), job->id, &settings,
                         &why) != ERR_NONE)
        return NULL;
    const char *name =
        format_node_str(format_node_get(settings, "security_app_display_name"), NULL);
    char *copy = name != NULL ? mem_strdup(name) : NULL;
    format_node_free(settings);
    return copy;
}

static enum err make_running(struct daemon_jobs *j, const struct store_job *row,
                             struct running **out, struct err_text *why)
{
    struct running *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    r->owner = j;
    r->first = TIME_NONE;
    enum err err =
        detect_job_parse(row->config, strlen(row->config), row->id, NULL, 0, &r->job, why);
    if (err == ERR_NONE && row->datafeed != NULL)
        err = detect_feed_parse(row->datafeed, strlen(row->datafeed), row->id, &r->feed, why);
    if (err == ERR_NONE && !detect_job_set_id(r->job, row->id))
        err = err_set(why, ERR_INVALID, "'%s' is no job id", row->id);
    if (err == ERR_NONE && r->feed != NULL)
        err = query_index_new((const char *const *)r->feed->indices, r->feed->n_indices, &r->index,
                              why);
    if (err == ERR_NONE) {
        r->name = display_name(r->job);
        if (!j->options.at_rest)
            r->delay = r->feed != NULL && strstr(row->datafeed, "\"query_delay\"") != NULL
                           ? r->feed->query_delay_ns
                           : j->options.query_delay;
        err = start_engine(j, r, row, why);
    }
    if (err != ERR_NONE) {
        running_free(r);
        return err;
    }
    *out = r;
    return ERR_NONE;
}

static size_t find(const struct daemon_jobs *j, const char *id, bool *out_there)
{
    size_t low = 0, high = j->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int order = strcmp(j->jobs[mid]->job->id, id);
        if (order == 0) {
            *out_there = true;
            return mid;
        }
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    *out_there = false;
    return low;
}

struct wanted_ids {
    struct arena *arena;
    const char **ids;
    size_t n, cap;
    enum err err;
};

static bool add_wanted(void *ctx, const struct store_job *row)
{
    struct wanted_ids *w = ctx;
    if (strcmp(row->datafeed_state, "started") != 0)
        return true;
    char *id = arena_strndup(w->arena, row->id, strlen(row->id));
    if (id == NULL || mem_grow((void **)&w->ids, &w->cap, w->n + 1, sizeof(*w->ids)) != 0) {
        w->err = ERR_MEMORY;
        return false;
    }
    w->ids[w->n++] = id;
    return true;
}

/* Writes down how the start of a job went. */
static enum err tell_state(struct daemon_jobs *j, const char *id, const char *state,
                           const char *feed_state, const char *message, struct err_text *why)
{
    enum err err = store_state_job_set_state(j->options.state, id, state, feed_state, message);
    if (err != ERR_NONE)
        err_set(why, err, "the state of job '%s' cannot be written: %s", id, err_name(err));
    return err;
}

static enum err load_one(struct daemon_jobs *j, const char *id, ts_ns now, struct arena *arena,
                         struct err_text *why)
{
    bool there;
    size_t at = find(j, id, &there);
    if (there)
        return ERR_NONE;
    struct store_job row;
    struct running *r = NULL;
    enum err err = store_state_job_get(j->options.state, id, arena, &row);
    if (err != ERR_NONE)
        return err_set(why, err, "cannot read job '%s': %s", id, err_name(err));
    if (row.start == TIME_NONE && now != TIME_NONE)
        row.start = now - START_BACK;
    struct err_text reason;
    err = make_running(j, &row, &r, &reason);
    if (err == ERR_MEMORY || err == ERR_IO || err == ERR_FULL) {
        *why = reason;
        return err;
    }
    if (err != ERR_NONE) {
        char text[900];
        return tell_state(j, id, "failed", "stopped", err_format(&reason, text, sizeof(text)), why);
    }
    if (mem_grow((void **)&j->jobs, &j->cap, j->n + 1, sizeof(*j->jobs)) != 0) {
        running_free(r);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    memmove(&j->jobs[at + 1], &j->jobs[at], (j->n - at) * sizeof(*j->jobs));
    j->jobs[at] = r;
    j->n++;
    r->catching_up = true;
    return tell_state(j, id, "opened", "started", "", why);
}

static bool is_wanted(const struct wanted_ids *w, const char *id)
{
    for (size_t i = 0; i < w->n; i++)
        if (strcmp(w->ids[i], id) == 0)
            return true;
    return false;
}

/* Jobs that were deleted or stopped in state.db without daemon_jobs_stop(). */
static void drop_unwanted(struct daemon_jobs *j, const struct wanted_ids *w)
{
    size_t kept = 0;
    if (w->err != ERR_NONE)
        return;
    for (size_t i = 0; i < j->n; i++) {
        if (is_wanted(w, j->jobs[i]->job->id))
            j->jobs[kept++] = j->jobs[i];
        else
            running_free(j->jobs[i]);
    }
    j->n = kept;
}

enum err daemon_jobs_load(struct daemon_jobs *j, ts_ns now, struct err_text *why)
{
    struct arena arena;
    arena_init(&arena, 0);
    struct wanted_ids wanted = {.arena = &arena};
    enum err err = store_state_job_list(j->options.state, add_wanted, &wanted);
    if (err == ERR_NONE)
        err = wanted.err;
    if (err != ERR_NONE)
        err_set(why, err, "cannot list the jobs: %s", err_name(err));
    drop_unwanted(j, &wanted);
    for (size_t i = 0; err == ERR_NONE && i < wanted.n; i++)
        err = load_one(j, wanted.ids[i], now, &arena, why);
    mem_free(wanted.ids);
    arena_release(&arena);
    return err;
}

size_t daemon_jobs_count(const struct daemon_jobs *j)
{
    return j->n;
}

static enum err offer(struct running *r, const struct event *e)
{
    struct daemon_jobs *j = r->owner;
    struct seen *seen = seen_of(r, e->source);
    if (seen == NULL)
        return ERR_MEMORY;
    if (e->sequence > seen->sequence)
        seen->sequence = e->sequence;
    if (r->index != NULL && !query_index_match(r->index, e))
        return ERR_NONE;
    if (!detect_feed_match(r->feed, e))
        return ERR_NONE;
    if (r->first == TIME_NONE)
        r->first = e->time;
    j->totals.taken++;
    return detect_event(r->engine, e);
}

enum err daemon_jobs_event(struct daemon_jobs *j, const struct event *e)
{
    j->totals.offered++;
    for (size_t i = 0; i < j->n; i++) {
        enum err err = offer(j->jobs[i], e);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

enum err daemon_jobs_backfill(struct daemon_jobs *j, const struct event *e)
{
    for (size_t i = 0; i < j->n; i++) {
        struct running *r = j->jobs[i];
        if (!r->catching_up || (r->start != TIME_NONE && e->time < r->start))
            continue;
        struct seen *seen = seen_of(r, e->source);
        if (seen == NULL)
            return ERR_MEMORY;
        if (seen->sequence >= e->sequence && e->sequence > 0)
            continue;
        enum err err = offer(r, e);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

ts_ns daemon_jobs_wanted(const struct daemon_jobs *j)
{
    ts_ns from = TIME_MAX;
    for (size_t i = 0; i < j->n; i++)
        if (j->jobs[i]->catching_up && j->jobs[i]->start < from)
            from = j->jobs[i]->start;
    return from;
}

void daemon_jobs_caught_up(struct daemon_jobs *j)
{
    for (size_t i = 0; i < j->n; i++)
        j->jobs[i]->catching_up = false;
}

/* When the bucket that starts then is final. */
static ts_ns final_at(const struct running *r, ts_ns start)
{
    return start + r->job->bucket_span_ns + r->job->latency_ns + r->delay;
}

/* When the job's next bucket is final. */
static ts_ns next_of(const struct running *r)
{
    ts_ns closed = detect_final_until(r->engine);
    if (closed == TIME_NONE) {
        if (r->first == TIME_NONE)
            return TIME_MAX;
        closed = time_floor(r->first, r->job->bucket_span_ns);
    }
    return final_at(r, closed);
}

ts_ns daemon_jobs_next(const struct daemon_jobs *j)
{
    ts_ns next = TIME_MAX;
    for (size_t i = 0; i < j->n; i++) {
        ts_ns due = next_of(j->jobs[i]);
        if (due < next)
            next = due;
    }
    return next;
}

static enum err after(struct daemon_jobs *j, enum err err, struct err_text *why)
{
    if (err == ERR_NONE)
        err = j->failed;
    j->failed = ERR_NONE;
    if (err != ERR_NONE)
        err_set(why, err, "results cannot be written: %s", err_name(err));
    return err;
}

static enum err drop_interim(struct daemon_jobs *j, struct running *r)
{
    if (r->interim == TIME_NONE)
        return ERR_NONE;
    /* What was open then was not yet final. */
    ts_ns from = r->interim == 0 ? 0 : r->interim - final_at(r, 0);
    r->interim = TIME_NONE;
    return store_state_result_delete(j->options.state, r->job->id, from, TIME_MAX, true);
}

enum err daemon_jobs_advance(struct daemon_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    j->now = now;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        if (next_of(j->jobs[i]) <= now)
            err = drop_interim(j, j->jobs[i]);
        if (err == ERR_NONE)
            err = detect_advance(j->jobs[i]->engine, now);
    }
    return after(j, err, why);
}

enum err daemon_jobs_interim(struct daemon_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    j->now = now;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        struct running *r = j->jobs[i];
        ts_ns every = detect_feed_frequency(r->feed, r->job->bucket_span_ns);
        if (r->interim != TIME_NONE && now - r->interim < every)
            continue;
        err = drop_interim(j, r);
        r->interim = now;
        if (err == ERR_NONE)
            err = detect_interim(r->engine);
    }
    return after(j, err, why);
}

ts_ns daemon_jobs_last(const struct daemon_jobs *j)
{
    ts_ns last = TIME_NONE;
    for (size_t i = 0; i < j->n; i++) {
        const struct running *r = j->jobs[i];
        ts_ns newest = detect_counts(r->engine)->latest_record;
        if (newest == TIME_NONE)
            continue;
        ts_ns end = final_at(r, time_floor(newest, r->job->bucket_span_ns));
        if (end > last)
            last = end;
    }
    return last;
}

static void write_counts(const struct running *r, struct buf *out)
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

static enum err save_one(struct daemon_jobs *j, struct running *r, ts_ns now)
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

enum err daemon_jobs_save(struct daemon_jobs *j, ts_ns now, struct err_text *why)
{
    for (size_t i = 0; i < j->n; i++) {
        struct running *r = j->jobs[i];
        if (detect_counts(r->engine)->records == 0)
            continue;
        enum err err = save_one(j, r, now);
        if (err != ERR_NONE)
            return err_set(why, err, "cannot save what job '%s' has learned: %s", r->job->id,
                           err_name(err));
    }
    return ERR_NONE;
}

enum err daemon_jobs_stop(struct daemon_jobs *j, const char *job_id, bool save,
                          struct err_text *why)
{
    bool there;
    size_t at = find(j, job_id, &there);
    if (!there)
        return ERR_NONE;
    enum err err = ERR_NONE;
    if (save && detect_counts(j->jobs[at]->engine)->records > 0)
        err = save_one(j, j->jobs[at], j->now);
    if (err != ERR_NONE)
        return err_set(why, err, "cannot save what job '%s' has learned: %s", job_id,
                       err_name(err));
    running_free(j->jobs[at]);
    j->n--;
    memmove(&j->jobs[at], &j->jobs[at + 1], (j->n - at) * sizeof(*j->jobs));
    return ERR_NONE;
}

/* Of a job that does not run, what state.db says; the texts live in the scratch arena. */
static void describe_stopped(struct daemon_jobs *j, const char *job_id, struct rule_job *out)
{
    struct store_job row;
    if (store_state_job_get(j->options.state, job_id, &j->scratch, &row) != ERR_NONE)
        return;
    out->installed = true;
    out->job_state = row.state;
    out->datafeed_state = row.datafeed_state;
    out->reason = row.message != NULL && row.message[0] != '\0' ? row.message : NULL;
}

void daemon_jobs_describe(struct daemon_jobs *j, const char *job_id, struct rule_job *out)
{
    bool there;
    size_t at = find(j, job_id, &there);
    *out = (struct rule_job){.job_state = "closed", .datafeed_state = "stopped"};
    arena_clear(&j->scratch);
    if (!there) {
        describe_stopped(j, job_id, out);
        return;
    }
    const struct running *r = j->jobs[at];
    *out = (struct rule_job){
        .installed = true,
        .name = r->name,
        .job_state = "opened",
        .datafeed_state = "started",
    };
    if (r->feed == NULL)
        return;
    if (r->feed->query_text != NULL) {
        out->query = r->feed->query_text;
        out->query_n = strlen(r->feed->query_text);
    }
    struct buf indices;
    struct format_writer w;
    buf_init(&indices);
    format_write_init(&w, &indices);
    format_write_begin_array(&w);
    for (size_t i = 0; i < r->feed->n_indices; i++)
        format_write_str(&w, r->feed->indices[i]);
    format_write_end_array(&w);
    if (buf_ok(&indices)) {
        out->indices = arena_strndup(&j->scratch, buf_text(&indices), indices.n);
        out->indices_n = out->indices != NULL ? indices.n : 0;
    }
    buf_release(&indices);
}

void daemon_jobs_totals(const struct daemon_jobs *j, struct daemon_jobs_totals *out)
{
    *out = j->totals;
    for (size_t i = 0; i < j->n; i++) {
        struct detect_size_stats size;
        detect_size(j->jobs[i]->engine, &size);
        out->late += detect_counts(j->jobs[i]->engine)->out_of_order;
        out->model_bytes += size.model_bytes;
    }
}
