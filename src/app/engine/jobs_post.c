/* SPDX-License-Identifier: Apache-2.0 */
/* Records that are posted to one job, and the word to look at what is there. */
#include "engine/jobs_priv.h"

#include "event/event.h"
#include "event/json.h"
#include "format/split.h"
#include "store/state.h"

#include <string.h>

static enum err not_open(const char *id, struct err_text *why)
{
    return err_set(why, ERR_BUSY, "job '%s' is not open", id);
}

/* Ends the transaction of a job's work; when it failed, the job is dropped, and the next load takes
 * it up as it was saved. */
static enum err settle(struct engine_jobs *j, const char *id, enum err err, struct err_text *why)
{
    struct err_text late;
    enum err failed = j->failed;
    j->failed = ERR_NONE;
    if (err == ERR_NONE && failed != ERR_NONE)
        err = err_set(why, failed, "results cannot be written: %s", err_name(failed));
    if (err == ERR_NONE)
        err = store_state_commit(j->options.state, why);
    else
        store_state_rollback(j->options.state);
    if (err != ERR_NONE && engine_jobs_stop(j, id, false, &late) != ERR_NONE)
        *why = late;
    return err;
}

static enum err begin(struct engine_jobs *j, struct err_text *why)
{
    enum err err = store_state_begin(j->options.state);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "state.db cannot be written: %s", err_name(err));
}

/* All objects of the text to the engine. *out_wrong: the number of the one that is none. */
static enum err feed_all(struct engine_job *r, const char *text, size_t n, size_t *out_wrong)
{
    struct event_json *json = event_json_new();
    struct arena arena;
    size_t at = 0, from, len, number = 0;
    enum err err = json != NULL ? ERR_NONE : ERR_MEMORY;
    arena_init(&arena, 0);
    *out_wrong = 0;
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
    }
    arena_release(&arena);
    event_json_free(json);
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

enum err engine_jobs_post(struct engine_jobs *j, const char *job_id, const char *text, size_t n,
                          ts_ns now, struct engine_posted *out, struct err_text *why)
{
    struct engine_job *r = engine_jobs_find(j, job_id);
    size_t wrong;
    if (r == NULL)
        return not_open(job_id, why);
    ts_ns (*steady)(void) = j->options.steady;
    ts_ns begun = steady != NULL ? steady() : 0;
    const struct detect_counts before = *detect_counts(r->engine);
    enum err err = begin(j, why);
    if (err != ERR_NONE)
        return err;
    j->now = j->now != TIME_NONE ? j->now : now;
    err = engine_jobs_drop_interim(r);
    if (err == ERR_NONE)
        err = feed_all(r, text, n, &wrong);
    if (err != ERR_NONE)
        err_set(why, err, "the records cannot be taken: %s", err_name(err));
    const struct detect_counts counts = difference(&before, detect_counts(r->engine));
    r->data = now;
    if (r->first == TIME_NONE) /* a datafeed that runs goes on from here */
        r->first = detect_counts(r->engine)->earliest_record;
    if (steady != NULL)
        engine_jobs_timed(r, counts.buckets, steady() - begun, now);
    err = settle(j, job_id, err, why);
    if (err != ERR_NONE)
        return err;
    *out = (struct engine_posted){.counts = counts, .data = now};
    return wrong == 0 ? ERR_NONE
                      : err_set(why, ERR_FORMAT,
                                "record %zu is no JSON object; those before it were taken", wrong);
}

static enum err flush(struct engine_job *r, const struct engine_flush *what)
{
    enum err err = engine_jobs_drop_interim(r);
    if (err == ERR_NONE && what->skip != TIME_NONE) {
        r->mute = true;
        err = detect_advance(r->engine, what->skip);
        r->mute = false;
    }
    if (err == ERR_NONE && what->advance != TIME_NONE)
        err = detect_advance(r->engine, what->advance);
    if (err == ERR_NONE && what->interim) {
        r->interim = 0; /* the next call takes all of them away */
        err = detect_interim(r->engine);
    }
    return err;
}

enum err engine_jobs_flush(struct engine_jobs *j, const char *job_id,
                           const struct engine_flush *what, ts_ns *out_end, struct err_text *why)
{
    struct engine_job *r = engine_jobs_find(j, job_id);
    if (r == NULL)
        return not_open(job_id, why);
    enum err err = begin(j, why);
    if (err != ERR_NONE)
        return err;
    err = flush(r, what);
    if (err != ERR_NONE)
        err_set(why, err, "job '%s' cannot be flushed: %s", job_id, err_name(err));
    ts_ns end = detect_final_until(r->engine);
    err = settle(j, job_id, err, why);
    if (err == ERR_NONE)
        *out_end = end;
    return err;
}
