/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pipeline.h"

#include "base/mem.h"
#include "event/event.h"
#include "store/state.h"
#include "store/store.h"

struct daemon_pipeline {
    struct daemon_pipeline_options options;
    struct daemon_jobs *jobs;
    struct daemon_rules *rules;
    ts_ns now;   /* engine time */
    bool behind; /* results were taken back: state.db is behind what the jobs have closed */
    uint64_t events;
    uint64_t alerts;
};

/* Results and shards must come out the same wherever the same input is read: a fixed seed, known to
 * all parts of an installation. Tables keyed by traffic alone have seeds of their own. */
static const struct hash_key shard_seed = {0x77656972206a6f62U, 0x2073686172647331U};

/* Written with the snapshots: what was learned is the past of this instant, and no other. */
#define ENGINE_TIME "engine_time"

/* After so long without an event the clock no longer stops at every bucket and run: a jump of years
 * costs what the models cost, not what the empty buckets would. */
#define SILENCE TIME_DAY

static void on_result(void *ctx, const char *job_id, ts_ns at)
{
    struct daemon_pipeline *p = ctx;
    daemon_rules_result(p->rules, job_id, at);
}

/* Jobs and rules, empty. */
static enum err make_parts(struct daemon_pipeline *p, struct err_text *why)
{
    const struct daemon_jobs_options options = {
        .state = p->options.state,
        .team = p->options.team,
        .seed = shard_seed,
        .query_delay = p->options.query_delay,
        .at_rest = p->options.at_rest,
        .on_result = on_result,
        .ctx = p,
    };
    struct daemon_jobs *jobs = daemon_jobs_new(&options);
    struct daemon_rules *rules = jobs != NULL ? daemon_rules_new(options.state, jobs) : NULL;
    if (rules == NULL) {
        daemon_jobs_free(jobs);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    daemon_rules_free(p->rules);
    daemon_jobs_free(p->jobs);
    p->jobs = jobs;
    p->rules = rules;
    return ERR_NONE;
}

enum err daemon_pipeline_new(const struct daemon_pipeline_options *options,
                             struct daemon_pipeline **out, struct err_text *why)
{
    struct daemon_pipeline *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    p->options = *options;
    p->now = TIME_NONE;
    enum err err = make_parts(p, why);
    if (err == ERR_NONE) {
        err = store_state_meta_get_i64(options->state, ENGINE_TIME, &p->now);
        if (err == ERR_NOT_FOUND)
            err = ERR_NONE;
        else if (err != ERR_NONE)
            err_set(why, err, "state.db cannot be read: %s", err_name(err));
    }
    if (err != ERR_NONE) {
        daemon_pipeline_free(p);
        return err;
    }
    *out = p;
    return ERR_NONE;
}

void daemon_pipeline_free(struct daemon_pipeline *p)
{
    if (p == NULL)
        return;
    daemon_rules_free(p->rules);
    daemon_jobs_free(p->jobs);
    mem_free(p);
}

/* Ends a transaction: commits what went well, takes back what did not, tells of new alerts. */
static enum err end(struct daemon_pipeline *p, enum err err, struct err_text *why)
{
    if (err == ERR_NONE)
        err = store_state_commit(p->options.state, why);
    else
        store_state_rollback(p->options.state);
    if (err == ERR_NONE)
        p->alerts += daemon_rules_announce(p->rules, p->options.on_alert, p->options.ctx);
    else
        daemon_rules_announce(p->rules, NULL, NULL);
    return err;
}

static enum err begin(struct daemon_pipeline *p, struct err_text *why)
{
    enum err err = store_state_begin(p->options.state);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "state.db cannot be written: %s", err_name(err));
}

/* Where the clock stops: at next, or at now when nothing has come for long. */
static ts_ns skip_silence(const struct daemon_jobs *jobs, ts_ns next, ts_ns now)
{
    ts_ns newest = daemon_jobs_last(jobs);
    return newest != TIME_NONE && next > newest && next - newest > SILENCE ? now : next;
}

struct backfill {
    struct daemon_pipeline *p;
    struct err_text *why;
    enum err err;
};

static enum err stop_at(struct daemon_pipeline *p, ts_ns now, struct err_text *why);

static bool backfill_event(void *ctx, struct event *e)
{
    struct backfill *b = ctx;
    struct daemon_jobs *jobs = b->p->jobs;
    /* Buckets that the past fills are closed when they would have been. */
    for (ts_ns due = daemon_jobs_next(jobs); due <= e->time && b->err == ERR_NONE;) {
        b->err = stop_at(b->p, skip_silence(jobs, due, e->time), b->why);
        ts_ns next = daemon_jobs_next(jobs);
        due = next > due ? next : TIME_MAX;
    }
    if (b->err == ERR_NONE && (b->err = daemon_jobs_backfill(jobs, e)) != ERR_NONE)
        err_set(b->why, b->err, "stored events cannot be given to the jobs: %s", err_name(b->err));
    return b->err == ERR_NONE;
}

static enum err backfill(struct daemon_pipeline *p, struct err_text *why)
{
    ts_ns from = daemon_jobs_wanted(p->jobs);
    struct backfill b = {.p = p, .why = why};
    enum err err = ERR_NONE;
    if (p->options.store != NULL && from != TIME_MAX) {
        const struct store_search what = {.from = from, .to = TIME_MAX};
        struct err_text late;
        err = store_search(p->options.store, &what, backfill_event, &b, &late);
        if (b.err != ERR_NONE)
            err = b.err;
        else if (err != ERR_NONE)
            *why = late;
    }
    if (err == ERR_NONE)
        daemon_jobs_caught_up(p->jobs);
    return err;
}

enum err daemon_pipeline_load(struct daemon_pipeline *p, ts_ns now, struct err_text *why)
{
    if (p->now == TIME_NONE || p->now < now)
        p->now = now;
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = daemon_jobs_load(p->jobs, p->now, why);
    if (err == ERR_NONE)
        err = daemon_rules_load(p->rules, p->now, why);
    err = end(p, err, why);
    return err == ERR_NONE ? backfill(p, why) : err;
}

/* One stop of the clock: buckets first, then the rules that their results concern or whose time has
 * come. */
static enum err stop_at(struct daemon_pipeline *p, ts_ns now, struct err_text *why)
{
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = daemon_jobs_advance(p->jobs, now, why);
    if (err == ERR_NONE)
        err = daemon_rules_advance(p->rules, now, why);
    err = end(p, err, why);
    p->behind |= err != ERR_NONE;
    return err;
}

/* After results were taken back (a full disk): jobs and rules go on from the newest snapshot and
 * the stored events after it, as they do when the program is started again. */
static enum err make_up(struct daemon_pipeline *p, struct err_text *why)
{
    enum err err = make_parts(p, why);
    if (err != ERR_NONE)
        return err;
    p->behind = false;
    err = daemon_pipeline_load(p, p->now, why);
    p->behind |= err != ERR_NONE;
    return err;
}

enum err daemon_pipeline_advance(struct daemon_pipeline *p, ts_ns now, struct err_text *why)
{
    if (p->behind) {
        enum err err = make_up(p, why);
        if (err != ERR_NONE)
            return err;
    }
    while (p->now != TIME_NONE) {
        ts_ns due = daemon_jobs_next(p->jobs);
        ts_ns run = daemon_rules_next(p->rules);
        ts_ns next = due < run ? due : run;
        if (next > now)
            break;
        next = skip_silence(p->jobs, next, now);
        if (next < p->now)
            next = p->now; /* came due while nobody looked */
        enum err err = stop_at(p, next, why);
        if (err != ERR_NONE)
            return err;
        p->now = next;
    }
    if (p->now == TIME_NONE || p->now < now)
        p->now = now;
    return ERR_NONE;
}

enum err daemon_pipeline_event(struct daemon_pipeline *p, struct event *e, bool follow, bool keep,
                               struct err_text *why)
{
    if (follow) {
        enum err err = daemon_pipeline_advance(p, e->time, why);
        if (err != ERR_NONE)
            return err;
    }
    p->events++;
    if (keep && p->options.store != NULL) {
        enum err err = store_append(p->options.store, e);
        if (err != ERR_NONE && err != ERR_LIMIT)
            return err_set(why, err, "an event cannot be kept: %s", err_name(err));
    }
    enum err err = daemon_jobs_event(p->jobs, e);
    return err == ERR_NONE ? ERR_NONE : err_set(why, err, "a job failed: %s", err_name(err));
}

enum err daemon_pipeline_interim(struct daemon_pipeline *p, struct err_text *why)
{
    if (p->now == TIME_NONE)
        return ERR_NONE;
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    return end(p, daemon_jobs_interim(p->jobs, p->now, why), why);
}

enum err daemon_pipeline_finish(struct daemon_pipeline *p, struct err_text *why)
{
    if (p->now == TIME_NONE)
        return ERR_NONE;
    /* Buckets end at different times; each closes at its own, and the rules run between. */
    ts_ns last = p->now;
    ts_ns open = daemon_jobs_last(p->jobs);
    if (open != TIME_NONE && open > last)
        last = open;
    enum err err = daemon_pipeline_advance(p, last, why);
    if (err != ERR_NONE)
        return err;
    err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = daemon_rules_finish(p->rules, last, why);
    return end(p, err, why);
}

enum err daemon_pipeline_save(struct daemon_pipeline *p, const char *name, const void *position,
                              size_t n, struct err_text *why)
{
    enum err err = ERR_NONE;
    if (p->now == TIME_NONE)
        return ERR_NONE;
    if (p->behind) /* a snapshot must not be ahead of its results */
        err = make_up(p, why);
    if (err == ERR_NONE)
        err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = daemon_jobs_save(p->jobs, p->now, why);
    if (err == ERR_NONE)
        err = store_state_meta_put_i64(p->options.state, ENGINE_TIME, p->now);
    if (err == ERR_NONE && name != NULL)
        err = store_state_meta_put(p->options.state, name, position, n);
    return end(p, err, why);
}

void daemon_pipeline_totals(const struct daemon_pipeline *p, struct daemon_pipeline_totals *out)
{
    out->events = p->events;
    out->alerts = p->alerts;
    daemon_jobs_totals(p->jobs, &out->jobs);
}

struct daemon_jobs *daemon_pipeline_jobs(struct daemon_pipeline *p)
{
    return p->jobs;
}

struct daemon_rules *daemon_pipeline_rules(struct daemon_pipeline *p)
{
    return p->rules;
}

ts_ns daemon_pipeline_now(const struct daemon_pipeline *p)
{
    return p->now;
}
