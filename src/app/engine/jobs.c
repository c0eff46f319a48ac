/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/jobs_priv.h"

#include "base/mem.h"
#include "engine/calendars.h"
#include "engine/filters.h"
#include "event/event.h"
#include "format/node.h"
#include "format/write.h"
#include "query/index.h"
#include "rule/run.h"
#include "store/state.h"

#include <string.h>

/* How far back a job begins that has never run, when there are stored events. */
#define START_BACK (14 * TIME_DAY)

struct engine_jobs *engine_jobs_new(const struct engine_jobs_options *options)
{
    struct engine_jobs *j = mem_zero(1, sizeof(*j));
    if (j == NULL)
        return NULL;
    j->options = *options;
    j->now = j->clock = TIME_NONE;
    j->rows.memory = ENGINE_ROWS_BYTES;
    arena_init(&j->scratch, 0);
    return j;
}

void engine_jobs_unmake(struct engine_job *r)
{
    if (r == NULL)
        return;
    detect_free(r->engine);
    engine_rows_free(r->rows);
    query_index_free(r->index);
    detect_feed_free(r->feed);
    detect_job_free(r->job);
    mem_free(r->name);
    mem_free(r);
}

void engine_jobs_free(struct engine_jobs *j)
{
    if (j == NULL)
        return;
    for (size_t i = 0; i < j->n; i++)
        engine_jobs_unmake(j->jobs[i]);
    mem_free(j->jobs);
    buf_release(&j->id);
    buf_release(&j->doc);
    arena_release(&j->scratch);
    mem_free(j);
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

enum err engine_jobs_make(struct engine_jobs *j, const struct store_job *row,
                          const struct detect_filters *filters, const char *snapshot,
                          struct engine_job **out, struct err_text *why)
{
    struct engine_job *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    r->owner = j;
    r->opened = r->data = r->timing.hour = r->searching.hour = TIME_NONE;
    bool fed = strcmp(row->datafeed_state, "started") == 0;
    r->phase = fed ? ENGINE_JOB_WAITS : ENGINE_JOB_OPEN;
    r->end = fed ? row->end : TIME_NONE;
    engine_jobs_read_stats(r, row->counts);
    enum err err = detect_job_parse(row->config, strlen(row->config), row->id, filters->list,
                                    filters->n, &r->job, why);
    if (err == ERR_NONE && row->datafeed != NULL)
        err = detect_feed_parse(row->datafeed, strlen(row->datafeed), row->id, &r->feed, why);
    if (err == ERR_NONE && !detect_job_set_id(r->job, row->id))
        err = err_set(why, ERR_INVALID, "'%s' is no job id", row->id);
    if (err == ERR_NONE && r->feed != NULL)
        err = query_index_new((const char *const *)r->feed->indices, r->feed->n_indices, &r->index,
                              why);
    if (err == ERR_NONE)
        err = engine_jobs_rows_make(r, why);
    if (err == ERR_NONE) {
        r->name = display_name(r->job);
        if (!j->options.at_rest && fed)
            r->delay = r->feed != NULL && strstr(row->datafeed, "\"query_delay\"") != NULL
                           ? r->feed->query_delay_ns
                           : j->options.query_delay;
        err = engine_jobs_restore(j, r, row->start, snapshot, why);
    }
    if (err != ERR_NONE) {
        engine_jobs_unmake(r);
        return err;
    }
    *out = r;
    return ERR_NONE;
}

static size_t find(const struct engine_jobs *j, const char *id, bool *out_there)
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

struct engine_job *engine_jobs_find(const struct engine_jobs *j, const char *id)
{
    bool there;
    size_t at = find(j, id, &there);
    return there ? j->jobs[at] : NULL;
}

/* What jobs refer to. */
struct lists {
    struct detect_filters filters;
    struct detect_calendars calendars;
};

struct wanted_id {
    const char *id;
    bool fed; /* by its datafeed */
};

struct wanted_ids {
    struct arena *arena;
    struct wanted_id *ids;
    size_t n, cap;
    enum err err;
};

static bool add_wanted(void *ctx, const struct store_job *row)
{
    struct wanted_ids *w = ctx;
    bool fed = strcmp(row->datafeed_state, "started") == 0;
    if (!fed && strcmp(row->state, "opened") != 0)
        return true;
    char *id = arena_strndup(w->arena, row->id, strlen(row->id));
    if (id == NULL || mem_grow((void **)&w->ids, &w->cap, w->n + 1, sizeof(*w->ids)) != 0) {
        w->err = ERR_MEMORY;
        return false;
    }
    w->ids[w->n++] = (struct wanted_id){id, fed};
    return true;
}

enum err engine_jobs_tell(struct engine_jobs *j, const char *id, const char *state,
                          const char *feed_state, const char *message, struct err_text *why)
{
    enum err err = store_state_job_set_state(j->options.state, id, state, feed_state, message);
    if (err != ERR_NONE)
        err_set(why, err, "the state of job '%s' cannot be written: %s", id, err_name(err));
    return err;
}

static enum err load_one(struct engine_jobs *j, const char *id, ts_ns now,
                         const struct lists *lists, struct arena *arena, struct err_text *why)
{
    bool there;
    size_t at = find(j, id, &there);
    if (there)
        return ERR_NONE;
    struct store_job row;
    struct engine_job *r = NULL;
    enum err err = store_state_job_get(j->options.state, id, arena, &row);
    if (err != ERR_NONE)
        return err_set(why, err, "cannot read job '%s': %s", id, err_name(err));
    ts_ns from = row.start;
    bool fed = strcmp(row.datafeed_state, "started") == 0;
    if (row.start == TIME_NONE && now != TIME_NONE)
        row.start = now - START_BACK;
    struct err_text reason;
    err = engine_jobs_make(j, &row, &lists->filters, NULL, &r, &reason);
    if (err == ERR_NONE && from != TIME_NONE && from > r->start)
        r->start = from; /* what lies between is passed over, as was asked */
    if (err == ERR_NONE)
        engine_jobs_rows_begin(r);
    if (err == ERR_NONE && (err = engine_jobs_schedule(r, &lists->calendars, why)) != ERR_NONE) {
        engine_jobs_unmake(r);
        return err;
    }
    if (err == ERR_NONE && (err = engine_jobs_take_kept(r, &reason)) != ERR_NONE)
        engine_jobs_unmake(r);
    if (err == ERR_MEMORY || err == ERR_IO || err == ERR_FULL) {
        *why = reason;
        return err;
    }
    if (err != ERR_NONE) {
        char text[900];
        return engine_jobs_tell(j, id, "failed", "stopped", err_format(&reason, text, sizeof(text)),
                                why);
    }
    if (mem_grow((void **)&j->jobs, &j->cap, j->n + 1, sizeof(*j->jobs)) != 0) {
        engine_jobs_unmake(r);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    memmove(&j->jobs[at + 1], &j->jobs[at], (j->n - at) * sizeof(*j->jobs));
    j->jobs[at] = r;
    j->n++;
    r->opened = now;
    return fed ? engine_jobs_tell(j, id, "opened", "started", "reads the stored events first", why)
               : engine_jobs_tell(j, id, "opened", "stopped", "", why);
}

/* Jobs that were deleted or stopped in state.db without engine_jobs_stop(). Both lists are in order
 * of id. */
static void drop_unwanted(struct engine_jobs *j, const struct wanted_ids *w)
{
    size_t kept = 0, at = 0;
    for (size_t i = 0; i < j->n; i++) {
        int order = -1;
        while (at < w->n && (order = strcmp(w->ids[at].id, j->jobs[i]->job->id)) < 0)
            at++;
        if (at < w->n && order == 0)
            j->jobs[kept++] = j->jobs[i];
        else
            engine_jobs_unmake(j->jobs[i]);
    }
    j->n = kept;
}

/* One whose datafeed was started or stopped in state.db begins anew, with what it has learned. */
static enum err end_other(struct engine_jobs *j, const struct wanted_id *w, struct err_text *why)
{
    const struct engine_job *r = engine_jobs_find(j, w->id);
    if (r == NULL || (r->phase != ENGINE_JOB_OPEN) == w->fed)
        return ERR_NONE;
    return engine_jobs_stop(j, w->id, true, why);
}

/* All that run stop where they are; they are opened and started still, and say why they wait. */
static enum err stand_still(struct engine_jobs *j, struct err_text *why)
{
    enum err err = ERR_NONE;
    while (err == ERR_NONE && j->n > 0) {
        const char *id = j->jobs[j->n - 1]->job->id;
        err = engine_jobs_tell(j, id, NULL, NULL, "waits for the end of upgrade mode", why);
        if (err == ERR_NONE)
            err = engine_jobs_stop(j, id, true, why);
    }
    return err;
}

enum err engine_jobs_load(struct engine_jobs *j, ts_ns now, struct err_text *why)
{
    bool still;
    enum err read = store_state_upgrade_get(j->options.state, &still);
    if (read != ERR_NONE)
        return err_set(why, read, "cannot read whether upgrade mode is on: %s", err_name(read));
    if (still)
        return stand_still(j, why);
    struct arena arena;
    arena_init(&arena, 0);
    struct wanted_ids wanted = {.arena = &arena};
    enum err err = store_state_job_list(j->options.state, add_wanted, &wanted);
    if (err == ERR_NONE)
        err = wanted.err;
    if (err == ERR_NONE)
        drop_unwanted(j, &wanted);
    else
        err_set(why, err, "cannot list the jobs: %s", err_name(err));
    struct lists lists = {0};
    if (err == ERR_NONE)
        err = engine_filters_read(j->options.state, &lists.filters, why);
    if (err == ERR_NONE)
        err = engine_calendars_read(j->options.state, &lists.calendars, why);
    for (size_t i = 0; err == ERR_NONE && i < wanted.n; i++) {
        err = end_other(j, &wanted.ids[i], why);
        if (err == ERR_NONE)
            err = load_one(j, wanted.ids[i].id, now, &lists, &arena, why);
    }
    detect_filters_release(&lists.filters);
    detect_calendars_release(&lists.calendars);
    mem_free(wanted.ids);
    arena_release(&arena);
    return err;
}

size_t engine_jobs_count(const struct engine_jobs *j)
{
    return j->n;
}

enum err engine_jobs_offer(struct engine_job *r, const struct event *e)
{
    if (r->end != TIME_NONE && e->time >= r->end)
        return ERR_NONE;
    if (e->sequence > r->seen)
        r->seen = e->sequence;
    if (r->index != NULL && !query_index_match(r->index, e))
        return ERR_NONE;
    if (!detect_feed_match(r->feed, e))
        return ERR_NONE;
    r->fresh = true;
    if (r->owner->options.wall == NULL)
        r->data = r->owner->now != TIME_NONE ? r->owner->now : e->time;
    r->owner->totals.taken++;
    engine_jobs_see_late(r, e);
    return r->rows != NULL ? engine_jobs_rows_event(r, e) : detect_event(r->engine, e);
}

enum err engine_jobs_event(struct engine_jobs *j, const struct event *e)
{
    j->totals.offered++;
    for (size_t i = 0; i < j->n; i++) {
        if (!engine_jobs_takes(j->jobs[i], e))
            continue;
        enum err err = engine_jobs_offer(j->jobs[i], e);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

/* When the bucket that starts then is final. */
static ts_ns final_at(const struct engine_job *r, ts_ns start)
{
    return start + r->job->bucket_span_ns + r->job->latency_ns + r->delay;
}

/* How far the job's time goes, when its datafeed has an end. */
static ts_ns last_instant(const struct engine_job *r)
{
    return r->end != TIME_NONE ? r->end + r->job->latency_ns + r->delay : TIME_MAX;
}

/* When the next bucket is final. */
static ts_ns bucket_due(const struct engine_job *r)
{
    ts_ns closed = detect_final_until(r->engine);
    if (closed == TIME_NONE) {
        /* Of the records that fell into a bucket: an event need not become one. */
        ts_ns first = detect_counts(r->engine)->earliest_record;
        if (first == TIME_NONE)
            return TIME_MAX;
        closed = time_floor(first, r->job->bucket_span_ns);
    }
    ts_ns due = final_at(r, closed);
    return due <= last_instant(r) ? due : TIME_MAX;
}

ts_ns engine_jobs_due(const struct engine_job *r)
{
    ts_ns due = bucket_due(r);
    ts_ns rows = engine_jobs_rows_due(r);
    if (rows < due)
        return rows;
    return due == TIME_MAX && r->phase == ENGINE_JOB_UP ? last_instant(r) : due;
}

ts_ns engine_jobs_next(const struct engine_jobs *j, enum engine_job_phase phase)
{
    ts_ns next = TIME_MAX;
    for (size_t i = 0; i < j->n; i++) {
        ts_ns due = j->jobs[i]->phase == phase ? engine_jobs_due(j->jobs[i]) : TIME_MAX;
        if (due < next)
            next = due;
    }
    return next;
}

enum err engine_jobs_take_failed(struct engine_jobs *j, enum err err)
{
    if (err == ERR_NONE)
        err = j->failed;
    j->failed = ERR_NONE;
    return err;
}

enum err engine_jobs_end(struct engine_jobs *j, enum err err, struct err_text *why)
{
    err = engine_jobs_take_failed(j, err);
    if (err != ERR_NONE)
        err_set(why, err, "results cannot be written: %s", err_name(err));
    return err;
}

enum err engine_jobs_drop_interim(struct engine_job *r)
{
    if (r->interim == TIME_NONE)
        return ERR_NONE;
    /* What was open then was not yet final. */
    ts_ns from = r->interim == 0 ? 0 : r->interim - final_at(r, 0);
    r->interim = TIME_NONE;
    return store_state_result_delete(r->owner->options.state, r->job->id, from, TIME_MAX, true);
}

enum err engine_jobs_close(struct engine_job *r, ts_ns now)
{
    if (now > last_instant(r))
        now = last_instant(r);
    enum err err = engine_jobs_rows_give(r, now);
    if (err != ERR_NONE)
        return err;
    if (bucket_due(r) > now)
        return detect_advance(r->engine, now);
    ts_ns (*steady)(void) = r->owner->options.steady;
    uint64_t before = detect_counts(r->engine)->buckets;
    ts_ns begun = steady != NULL ? steady() : 0;
    err = engine_jobs_drop_interim(r);
    ts_ns was = detect_final_until(r->engine);
    if (err == ERR_NONE)
        err = detect_advance(r->engine, now);
    ts_ns step = engine_jobs_step(r);
    if (was != TIME_NONE &&
        time_floor(was, step) != time_floor(detect_final_until(r->engine), step))
        detect_report_size(r->engine);
    if (steady != NULL)
        engine_jobs_timed(r, detect_counts(r->engine)->buckets - before, steady() - begun, now);
    return err == ERR_NONE ? engine_jobs_feed_kept(r) : err;
}

/* Datafeeds that have come to their end: what was learned is kept, and the job is closed. */
static enum err end_feeds(struct engine_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    size_t kept = 0;
    for (size_t i = 0; i < j->n; i++) {
        struct engine_job *r = j->jobs[i];
        if (err != ERR_NONE || r->phase != ENGINE_JOB_UP || now < last_instant(r)) {
            j->jobs[kept++] = r;
            continue;
        }
        /* Of events beyond the end some came before others: their order of arrival says nothing. */
        r->seen = 0;
        err = engine_jobs_save_one(r, now, why);
        if (err == ERR_NONE)
            err = engine_jobs_tell(j, r->job->id, "closed", "stopped", "", why);
        if (err == ERR_NONE)
            engine_jobs_unmake(r);
        else
            j->jobs[kept++] = r;
    }
    j->n = kept;
    return err;
}

enum err engine_jobs_advance(struct engine_jobs *j, enum engine_job_phase phase, ts_ns now,
                             struct err_text *why)
{
    enum err err = ERR_NONE;
    j->now = now;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        if (j->jobs[i]->phase == phase)
            err = engine_jobs_close(j->jobs[i], now);
        enum err told = engine_jobs_tell_late(j->jobs[i], now, why);
        if (told != ERR_NONE)
            return told;
    }
    if (err == ERR_NONE && phase == ENGINE_JOB_UP && (err = end_feeds(j, now, why)) != ERR_NONE)
        return err;
    return engine_jobs_end(j, err, why);
}

static bool is_interim_due(const struct engine_job *r, ts_ns now)
{
    return r->phase == ENGINE_JOB_UP &&
           (r->interim == TIME_NONE ||
            now - r->interim >= detect_feed_frequency(r->feed, r->job->bucket_span_ns));
}

bool engine_jobs_interim_due(const struct engine_jobs *j, ts_ns now)
{
    for (size_t i = 0; i < j->n; i++)
        if (is_interim_due(j->jobs[i], now))
            return true;
    return false;
}

enum err engine_jobs_interim(struct engine_jobs *j, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    j->now = now;
    for (size_t i = 0; i < j->n && err == ERR_NONE; i++) {
        struct engine_job *r = j->jobs[i];
        if (!is_interim_due(r, now))
            continue;
        err = engine_jobs_drop_interim(r);
        r->interim = now;
        if (err == ERR_NONE)
            err = detect_interim(r->engine);
    }
    return engine_jobs_end(j, err, why);
}

ts_ns engine_jobs_last(const struct engine_jobs *j, enum engine_job_phase phase)
{
    ts_ns last = TIME_NONE;
    for (size_t i = 0; i < j->n; i++) {
        const struct engine_job *r = j->jobs[i];
        ts_ns newest = detect_counts(r->engine)->latest_record;
        if (r->rows != NULL && engine_rows_last(r->rows) > newest)
            newest = engine_rows_last(r->rows);
        if (newest == TIME_NONE || r->phase != phase)
            continue;
        ts_ns end = final_at(r, time_floor(newest, r->job->bucket_span_ns));
        if (end > last)
            last = end;
    }
    return last;
}

enum err engine_jobs_stop(struct engine_jobs *j, const char *job_id, bool save,
                          struct err_text *why)
{
    bool there;
    size_t at = find(j, job_id, &there);
    if (!there)
        return ERR_NONE;
    ts_ns now = j->now != TIME_NONE ? j->now : detect_now(j->jobs[at]->engine);
    enum err err = save ? engine_jobs_save_one(j->jobs[at], now, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    engine_jobs_unmake(j->jobs[at]);
    j->n--;
    memmove(&j->jobs[at], &j->jobs[at + 1], (j->n - at) * sizeof(*j->jobs));
    return ERR_NONE;
}

/* Of a job that does not run, what state.db says; the texts live in the scratch arena. */
static void describe_stopped(struct engine_jobs *j, const char *job_id, struct rule_job *out)
{
    struct store_job row;
    if (store_state_job_get(j->options.state, job_id, &j->scratch, &row) != ERR_NONE)
        return;
    out->installed = true;
    out->job_state = row.state;
    out->datafeed_state = row.datafeed_state;
    out->reason = row.message != NULL && row.message[0] != '\0' ? row.message : NULL;
}

void engine_jobs_describe(struct engine_jobs *j, const char *job_id, struct rule_job *out)
{
    bool there;
    size_t at = find(j, job_id, &there);
    *out = (struct rule_job){.job_state = "closed", .datafeed_state = "stopped"};
    arena_clear(&j->scratch);
    if (!there) {
        describe_stopped(j, job_id, out);
        return;
    }
    const struct engine_job *r = j->jobs[at];
    *out = (struct rule_job){
        .installed = true,
        .name = r->name,
        .job_state = "opened",
        .datafeed_state = r->phase == ENGINE_JOB_OPEN ? "stopped" : "started",
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

void engine_jobs_totals(const struct engine_jobs *j, struct engine_jobs_totals *out)
{
    *out = j->totals;
    out->rows_bytes = j->rows.used;
    for (size_t i = 0; i < j->n; i++) {
        struct detect_size_stats size;
        detect_size(j->jobs[i]->engine, &size);
        out->late += detect_counts(j->jobs[i]->engine)->out_of_order;
        out->model_bytes += size.model_bytes;
        out->kept_bytes += j->jobs[i]->kept;
    }
}
