/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/pipeline.h"

#include "base/clock.h"
#include "base/mem.h"
#include "event/event.h"
#include "rule/rule.h"
#include "store/state.h"
#include "store/state_notify.h"

struct engine_pipeline {
    struct engine_pipeline_options options;
    struct engine_jobs *jobs;
    struct engine_rules *rules;
    ts_ns now;    /* engine time */
    ts_ns newest; /* time of the newest event, at first where engine time stood; TIME_NONE: none */
    ts_ns loaded; /* as of when jobs and rules were taken up last */
    ts_ns window; /* how much of the past the next slice looks at */
    bool behind;  /* what was written was taken back: jobs and rules are ahead of state.db */
    uint64_t events;
    uint64_t alerts;
};

/* Written with the snapshots: what was learned is the past of this instant, and no other. */
#define ENGINE_TIME "engine_time"

/* After so long without an event the clock no longer stops at every bucket and run: a jump of years
 * costs what the models cost, not what the empty buckets would. */
#define SILENCE TIME_DAY

static void on_result(void *ctx, const char *job_id, ts_ns at)
{
    struct engine_pipeline *p = ctx;
    engine_rules_result(p->rules, job_id, at);
    if (p->options.on_result != NULL)
        p->options.on_result(p->options.ctx, job_id, at);
}

/* Jobs and rules, empty. */
static enum err make_parts(struct engine_pipeline *p, struct err_text *why)
{
    const struct engine_jobs_options options = {
        .state = p->options.state,
        .team = p->options.team,
        .seed = ENGINE_JOBS_SEED,
        .query_delay = p->options.query_delay,
        .steady = clock_steady,
        .wall = p->options.at_rest ? NULL : clock_wall,
        .at_rest = p->options.at_rest,
        .store = p->options.store,
        .on_result = on_result,
        .ctx = p,
    };
    struct engine_jobs *jobs = engine_jobs_new(&options);
    struct engine_rules *rules =
        jobs != NULL ? engine_rules_new(options.state, jobs, options.at_rest) : NULL;
    if (rules == NULL) {
        engine_jobs_free(jobs);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    engine_rules_set_store(rules, p->options.store, p->options.settle, p->options.settle_ctx);
    engine_rules_set_pieces(rules, p->options.in_pieces);
    engine_rules_free(p->rules);
    engine_jobs_free(p->jobs);
    p->jobs = jobs;
    p->rules = rules;
    return ERR_NONE;
}

enum err engine_pipeline_new(const struct engine_pipeline_options *options,
                             struct engine_pipeline **out, struct err_text *why)
{
    struct engine_pipeline *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    p->options = *options;
    p->now = p->newest = p->loaded = TIME_NONE;
    p->window = TIME_HOUR;
    enum err err = make_parts(p, why);
    if (err == ERR_NONE) {
        err = store_state_meta_get_i64(options->state, ENGINE_TIME, &p->now);
        if (err == ERR_NOT_FOUND)
            err = ERR_NONE;
        else if (err != ERR_NONE)
            err_set(why, err, "state.db cannot be read: %s", err_name(err));
    }
    p->newest = p->now;
    if (err != ERR_NONE) {
        engine_pipeline_free(p);
        return err;
    }
    *out = p;
    return ERR_NONE;
}

void engine_pipeline_free(struct engine_pipeline *p)
{
    if (p == NULL)
        return;
    engine_rules_free(p->rules);
    engine_jobs_free(p->jobs);
    mem_free(p);
}

/* Ends a transaction: commits what went well, takes back what did not, tells of new alerts. */
static enum err end(struct engine_pipeline *p, enum err err, struct err_text *why)
{
    if (err == ERR_NONE)
        err = store_state_commit(p->options.state, why);
    else
        store_state_rollback(p->options.state);
    if (err == ERR_NONE)
        p->alerts += engine_rules_announce(p->rules, p->options.on_alert, p->options.ctx);
    else
        engine_rules_announce(p->rules, NULL, NULL);
    return err;
}

static enum err begin(struct engine_pipeline *p, struct err_text *why)
{
    enum err err = store_state_begin(p->options.state);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "state.db cannot be written: %s", err_name(err));
}

/* Where the clock of jobs in this phase stops: at next, or at now when nothing has come for long.
 * Rules run without any job too. */
static ts_ns skip_silence(const struct engine_pipeline *p, enum engine_job_phase phase, ts_ns next,
                          ts_ns now)
{
    ts_ns newest = engine_jobs_last(p->jobs, phase);
    if (phase == ENGINE_JOB_UP && p->newest > newest)
        newest = p->newest;
    return newest != TIME_NONE && newest < next - SILENCE ? now : next;
}

/* One stop of a clock: buckets first, then the rules that their results concern or whose time has
 * come. */
static enum err stop_at(struct engine_pipeline *p, enum engine_job_phase phase, ts_ns now,
                        struct err_text *why)
{
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    if (!p->options.at_rest) /* captures are judged in their own time */
        engine_rules_set_clock(p->rules, p->now);
    err = engine_jobs_advance(p->jobs, phase, now, why);
    if (err == ERR_NONE)
        err = engine_rules_advance(p->rules, now, why);
    err = end(p, err, why);
    p->behind |= err != ERR_NONE;
    return err;
}

enum err engine_pipeline_load(struct engine_pipeline *p, ts_ns now, struct err_text *why)
{
    p->loaded = now;
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = engine_jobs_load(p->jobs, now, why);
    if (err == ERR_NONE && p->options.store == NULL && engine_jobs_wanted(p->jobs) != TIME_MAX)
        err = engine_jobs_caught_up(p->jobs, p->now, why);
    if (err == ERR_NONE)
        err = engine_rules_load(p->rules, now, why);
    err = end(p, err, why);
    p->behind |= err != ERR_NONE; /* some of it was taken up */
    return err;
}

/* A part of the pass over the store: no more than so many events, when limit is not 0. */
struct slice {
    struct engine_pipeline *p;
    struct err_text *why;
    enum err err;
    uint64_t events, limit;
};

/* Buckets that the past fills are closed when they would have been. */
static enum err close_behind(struct engine_pipeline *p, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    for (ts_ns due = engine_jobs_next(p->jobs, ENGINE_JOB_BEHIND); due <= now && err == ERR_NONE;) {
        err = stop_at(p, ENGINE_JOB_BEHIND, skip_silence(p, ENGINE_JOB_BEHIND, due, now), why);
        ts_ns next = engine_jobs_next(p->jobs, ENGINE_JOB_BEHIND);
        due = next > due ? next : TIME_MAX;
    }
    return err;
}

static bool slice_event(void *ctx, struct event *e)
{
    struct slice *s = ctx;
    s->err = close_behind(s->p, e->time, s->why);
    if (s->err == ERR_NONE && (s->err = engine_jobs_backfill(s->p->jobs, e)) != ERR_NONE)
        err_set(s->why, s->err, "stored events cannot be given to the jobs: %s", err_name(s->err));
    s->events++;
    return s->err == ERR_NONE && s->events != s->limit;
}

/* Where a slice that begins then ends, so that it holds about as many events as it may. */
static ts_ns slice_end(const struct engine_pipeline *p, ts_ns *from, uint64_t limit)
{
    struct store_stats stats;
    if (limit == 0)
        return TIME_MAX;
    store_stats(p->options.store, &stats);
    if (stats.first_time != TIME_NONE && *from < stats.first_time)
        *from = stats.first_time;
    return stats.first_time != TIME_NONE && *from < stats.last_time - p->window ? *from + p->window
                                                                                : TIME_MAX;
}

/* One slice; *out_end: there is nothing after it. */
static enum err run_slice(struct engine_pipeline *p, ts_ns from, uint64_t limit, bool *out_end,
                          struct err_text *why)
{
    struct slice s = {.p = p, .why = why, .limit = limit};
    ts_ns to = slice_end(p, &from, limit);
    const struct store_search what = {
        .from = from, .to = to, .apart = true, .cancel = p->options.cancel};
    struct err_text late;
    enum err err = store_search(p->options.store, &what, slice_event, &s, &late);
    if (s.err != ERR_NONE)
        return s.err;
    if (err != ERR_NONE) {
        *why = late;
        return err;
    }
    bool whole = limit == 0 || s.events < limit;
    if (!whole && p->window > TIME_S)
        p->window /= 2;
    else if (whole && s.events < limit / 2 && p->window < SILENCE * 64)
        p->window *= 2;
    if (whole && to != TIME_MAX)
        engine_jobs_reached(p->jobs, to);
    *out_end = whole && to == TIME_MAX;
    return ERR_NONE;
}

/* What is final by now is closed first. */
enum err engine_pipeline_end_pass(struct engine_pipeline *p, struct err_text *why)
{
    enum err err = p->now != TIME_NONE ? close_behind(p, p->now, why) : ERR_NONE;
    ts_ns told = p->now > p->loaded ? p->now : p->loaded;
    if (err == ERR_NONE)
        err = begin(p, why);
    if (err == ERR_NONE)
        err = end(p, engine_jobs_caught_up(p->jobs, told, why), why);
    p->behind |= err != ERR_NONE;
    return err;
}

bool engine_pipeline_wants_feeding(const struct engine_pipeline *p)
{
    return p->now != TIME_NONE && engine_rules_wants_feeding(p->rules, p->now);
}

void engine_pipeline_feed(struct engine_pipeline *p)
{
    if (p->now != TIME_NONE)
        engine_rules_feed(p->rules, p->now);
}

bool engine_pipeline_is_behind(const struct engine_pipeline *p)
{
    return engine_jobs_is_behind(p->jobs);
}

/* After results were taken back (a full disk): jobs and rules go on from the newest snapshot and
 * the stored events after it, as they do when the program is started again. */
static enum err make_up(struct engine_pipeline *p, struct err_text *why)
{
    enum err err = make_parts(p, why);
    if (err != ERR_NONE)
        return err;
    p->behind = false;
    err = engine_pipeline_load(p, p->now, why);
    p->behind |= err != ERR_NONE;
    return err;
}

enum err engine_pipeline_catch_up(struct engine_pipeline *p, uint64_t limit, bool *out_behind,
                                  struct err_text *why)
{
    enum err err = p->behind ? make_up(p, why) : ERR_NONE;
    ts_ns from;
    while (err == ERR_NONE && (from = engine_jobs_wanted(p->jobs)) != TIME_MAX) {
        bool at_end = false;
        err = run_slice(p, from, limit, &at_end, why);
        if (err == ERR_NONE && at_end)
            err = engine_pipeline_end_pass(p, why);
        if (limit != 0)
            break;
    }
    *out_behind = engine_pipeline_is_behind(p);
    return err;
}

ts_ns engine_pipeline_next(const struct engine_pipeline *p)
{
    ts_ns due = engine_jobs_next(p->jobs, ENGINE_JOB_UP);
    ts_ns run = engine_rules_next(p->rules);
    return due < run ? due : run;
}

enum err engine_pipeline_advance(struct engine_pipeline *p, ts_ns now, struct err_text *why)
{
    if (p->behind) {
        enum err err = make_up(p, why);
        if (err != ERR_NONE)
            return err;
    }
    for (ts_ns next; (next = engine_pipeline_next(p)) <= now;) {
        next = skip_silence(p, ENGINE_JOB_UP, next, now);
        if (next < p->now)
            next = p->now; /* came due while nobody looked */
        enum err err = stop_at(p, ENGINE_JOB_UP, next, why);
        if (err != ERR_NONE)
            return err;
        p->now = next;
    }
    if (p->now == TIME_NONE || p->now < now)
        p->now = now;
    engine_jobs_set_clock(p->jobs, p->now);
    return ERR_NONE;
}

enum err engine_pipeline_set_back(struct engine_pipeline *p, ts_ns now, struct err_text *why)
{
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_run_forget(p->options.state, now);
    if (err == ERR_NONE)
        err = store_state_notify_set_back(p->options.state, now);
    if (err == ERR_NONE)
        err = store_state_meta_put_i64(p->options.state, ENGINE_TIME, now);
    if (err != ERR_NONE)
        err_set(why, err, "state.db cannot be written: %s", err_name(err));
    err = end(p, err, why);
    if (err != ERR_NONE)
        return err;
    p->now = p->newest = now;
    return make_up(p, why);
}

enum err engine_pipeline_event(struct engine_pipeline *p, struct event *e, bool follow,
                               struct err_text *why)
{
    if (follow) {
        enum err err = engine_pipeline_advance(p, e->time, why);
        if (err != ERR_NONE)
            return err;
    }
    if (p->options.store != NULL) {
        enum err err = store_append(p->options.store, e);
        if (err != ERR_NONE && err != ERR_LIMIT)
            return err_set(why, err, "an event cannot be kept: %s", err_name(err));
    }
    engine_rules_begin(p->rules, e->time > p->now ? e->time : p->now);
    return engine_pipeline_stored(p, e, why);
}

enum err engine_pipeline_stored(struct engine_pipeline *p, struct event *e, struct err_text *why)
{
    p->events++;
    if (e->time > p->newest)
        p->newest = e->time;
    engine_rules_event(p->rules, e);
    enum err err = engine_jobs_event(p->jobs, e);
    return err == ERR_NONE ? ERR_NONE : err_set(why, err, "a job failed: %s", err_name(err));
}

enum err engine_pipeline_interim(struct engine_pipeline *p, struct err_text *why)
{
    if (p->now == TIME_NONE || !engine_jobs_interim_due(p->jobs, p->now))
        return ERR_NONE;
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = end(p, engine_jobs_interim(p->jobs, p->now, why), why);
    if (err == ERR_NONE && p->options.on_interim != NULL)
        p->options.on_interim(p->options.ctx, p->now);
    return err;
}

enum err engine_pipeline_finish(struct engine_pipeline *p, struct err_text *why)
{
    if (p->now == TIME_NONE)
        return ERR_NONE;
    bool behind;
    enum err err = engine_pipeline_catch_up(p, 0, &behind, why);
    if (err != ERR_NONE)
        return err;
    /* Buckets end at different times; each closes at its own, and the rules run between. */
    ts_ns last = p->now;
    ts_ns open = engine_jobs_last(p->jobs, ENGINE_JOB_UP);
    if (open != TIME_NONE && open > last)
        last = open;
    err = engine_pipeline_advance(p, last, why);
    if (err != ERR_NONE)
        return err;
    err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    err = engine_rules_finish(p->rules, last, why);
    return end(p, err, why);
}

enum err engine_pipeline_save(struct engine_pipeline *p, struct err_text *why)
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
    err = engine_jobs_save(p->jobs, p->now, why);
    if (err == ERR_NONE)
        err = store_state_meta_put_i64(p->options.state, ENGINE_TIME, p->now);
    return end(p, err, why);
}

enum err engine_pipeline_past(struct engine_pipeline *p, const struct rule *rule, ts_ns *at,
                              ts_ns to, unsigned n, ts_ns now, struct engine_past *totals,
                              struct err_text *why)
{
    ts_ns from = *at;
    enum err err = begin(p, why);
    if (err != ERR_NONE)
        return err;
    for (; n > 0 && from < to && err == ERR_NONE; n--) {
        ts_ns run = from + rule->interval_ns;
        err =
            engine_rules_past(p->rules, rule, p->now != TIME_NONE ? p->now : now, run, totals, why);
        from = run;
    }
    err = end(p, err, why);
    if (err == ERR_NONE)
        *at = from;
    return err;
}

void engine_pipeline_totals(const struct engine_pipeline *p, struct engine_pipeline_totals *out)
{
    out->events = p->events;
    out->alerts = p->alerts;
    engine_jobs_totals(p->jobs, &out->jobs);
}

struct engine_jobs *engine_pipeline_jobs(struct engine_pipeline *p)
{
    return p->jobs;
}

struct engine_rules *engine_pipeline_rules(struct engine_pipeline *p)
{
    return p->rules;
}

ts_ns engine_pipeline_now(const struct engine_pipeline *p)
{
    return p->now;
}
