/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: what comes in is taken, kept, given to jobs and rules, and the clock moves. */
#include "daemon/serve_priv.h"

#include "base/clock.h"
#include "base/ring.h"
#include "daemon/intake.h"
#include "daemon/live.h"
#include "daemon/service.h"
#include "engine/forecasts.h"
#include "engine/pipeline.h"
#include "enrich/enrich.h"
#include "event/event.h"
#include "feed/batch.h"
#include "feed/tail.h"
#include "feed/wire.h"
#include "ingest/delta.h"
#include "store/store.h"

#include <stdio.h>
#include <unistd.h>

#define COMMIT_EVERY TIME_S
/* Whoever waits for a commit shares it with those who come within so long. */
#define GROUP_COMMIT (50 * TIME_MS)
#define SAVE_EVERY (10 * TIME_MIN)
/* Stored events that jobs which are behind get between two looks at what comes in. */
#define SLICE_EVENTS 40000
#define SLICE_TRIES 3
#define SLICE_RETRY (10 * TIME_S)
#define WAIT (100 * TIME_MS)
/* So much too early is waited for when the clock is set back. */
#define CLOCK_SLACK TIME_MIN

/* What the stop of the clock gave, to those who listen; the lock is held. */
static void tell_listeners(struct daemon_serving *s, ts_ns now)
{
    struct engine_pipeline_totals t;
    if (s->live == NULL)
        return;
    daemon_live_flush(s->live);
    if (!daemon_live_is_due(s->live, now))
        return;
    engine_pipeline_totals(s->pipeline, &t);
    const struct daemon_live_status status = {
        .engine = engine_pipeline_now(s->pipeline),
        .events = t.events,
        .alerts = t.alerts,
        .behind = s->behind,
    };
    daemon_live_status(s->live, &status, clock_wall(), now);
}

/* Told once; whatever waits is tried again. */
static enum err full(struct daemon_serving *s, const char *sentence)
{
    if (!s->full)
        daemon_serve_tell(s, 0, sentence);
    s->full = true;
    return ERR_NONE;
}

/* One event to the store, unless its name says that it is there already. */
static enum err append_one(struct daemon_serving *s, struct event *e, struct store_name *name)
{
    enum err err = name != NULL ? store_name_look(s->data->store, e, name) : ERR_NONE;
    e->sequence = 0;
    if (err != ERR_NONE || (name != NULL && store_name_is_there(name)))
        return err;
    /* As parsers of logs do it. */
    ingest_delta_apply(s->delta, e);
    ingest_truth_correct(e, &s->counts);
    enrich_event(s->enrich, e);
    return name != NULL ? store_append_named(s->data->store, e, name)
                        : store_append(s->data->store, e);
}

/* Events of the API to the store, in a way that can be taken back. */
static enum err append_api(struct daemon_serving *s, struct feed_batch *list, struct err_text *why)
{
    enum err err = store_mark(s->data->store);
    ingest_delta_mark(s->delta);
    for (struct feed_batch *b = list; b != NULL && err == ERR_NONE; b = b->next)
        for (size_t i = 0; i < b->n && err == ERR_NONE; i++) {
            struct event *e = &b->events[i];
            bool named = b->names != NULL && event_has(e, EVENT_F_WEIR_ID);
            err = append_one(s, e, named ? &b->names[i] : NULL);
            err = err == ERR_LIMIT ? ERR_NONE : err;
        }
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "an event cannot be kept: %s", err_name(err));
}

/* They are on disk: to the jobs and rules; what the store refused, or had, goes to nobody. */
static enum err feed_api(struct daemon_serving *s, const struct feed_batch *list,
                         struct err_text *why)
{
    enum err err = ERR_NONE;
    ingest_delta_keep(s->delta);
    pthread_mutex_lock(&s->data->lock);
    for (const struct feed_batch *b = list; b != NULL && err == ERR_NONE; b = b->next)
        for (size_t i = 0; i < b->n && err == ERR_NONE; i++)
            if (b->events[i].sequence != 0)
                err = engine_pipeline_stored(s->pipeline, &b->events[i], why);
    pthread_mutex_unlock(&s->data->lock);
    return err;
}

/* All that was appended, and what the API brought: that is kept and fed, or neither. */
static enum err commit_all(struct daemon_serving *s, struct err_text *why)
{
    struct feed_batch *list = daemon_intake_begin(s->intake);
    enum err err = list != NULL ? append_api(s, list, why) : ERR_NONE;
    if (err == ERR_NONE)
        err = store_commit(s->data->store, why);
    enum err kept = err;
    if (list != NULL && err == ERR_NONE) {
        err = feed_api(s, list, why);
    } else if (list != NULL) {
        store_rewind(s->data->store);
        ingest_delta_rewind(s->delta);
    }
    daemon_intake_committed(s->intake, kept);
    return err;
}

/* ERR_FULL was told. */
static enum err commit(struct daemon_serving *s, struct err_text *why)
{
    enum err err = commit_all(s, why);
    s->committed = clock_steady();
    /* Events wait in memory; the ring fills, and the wire drops rather than the store lies. */
    if (err == ERR_FULL)
        (void)!full(s, "the disk is full: events wait in memory, new ones will be dropped");
    return err;
}

/* A source is done. When nobody asked it to, that is told at once: others may go on for long. */
static void end_source(struct daemon_serving *s, size_t source)
{
    struct err_text why;
    char line[700];
    s->active[source] = false;
    if (s->stopping)
        return;
    enum err err = source == DAEMON_SOURCE_WIRE ? feed_wire_failure(s->wire, &why)
                                                : feed_tail_failure(s->tail, &why);
    if (err == ERR_NONE)
        return;
    snprintf(line, sizeof(line), "%s: %s",
             source == DAEMON_SOURCE_WIRE ? "the capture has ended" : "logs are no longer followed",
             why.message);
    daemon_serve_tell(s, 0, line);
    if (s->ended == ERR_NONE) {
        s->ended = err;
        s->ended_why = why;
    }
}

/* A batch through the pipeline. */
static enum err take(struct daemon_serving *s, struct feed_batch *b, struct err_text *why)
{
    enum err err = ERR_NONE;
    pthread_mutex_lock(&s->data->lock);
    for (size_t i = 0; i < b->n && err == ERR_NONE; i++) {
        enrich_event(s->enrich, &b->events[i]);
        err = engine_pipeline_event(s->pipeline, &b->events[i], false, why);
    }
    /* Still under the lock: whoever commits meanwhile must not find the one without the other. */
    if (err == ERR_NONE && b->offset_name != NULL) {
        err = store_offset_set(s->data->store, b->offset_name, buf_text(&b->offset), b->offset.n);
        if (err != ERR_NONE)
            err_set(why, err, "the store cannot be written: %s", err_name(err));
    }
    pthread_mutex_unlock(&s->data->lock);
    if (b->watermark > s->watermark[b->source])
        s->watermark[b->source] = b->watermark;
    if (b->last)
        end_source(s, b->source);
    return err;
}

/* What the API brings waits for its commit: it has no time of its own and does not end. */
static enum err take_or_hold(struct daemon_serving *s, struct feed_batch *b, struct err_text *why)
{
    if (b->source == DAEMON_SOURCE_API) {
        daemon_intake_accept(s->intake, b, clock_steady());
        return ERR_NONE;
    }
    enum err err = take(s, b, why);
    feed_batch_free(b);
    return err;
}

/* The least of the sources' times and the wall clock's, which is alone where there is no source. */
static ts_ns engine_time(const struct daemon_serving *s)
{
    ts_ns now = clock_wall();
    for (int i = 0; i < DAEMON_SOURCES; i++)
        if (s->active[i] && s->watermark[i] < now)
            now = s->watermark[i];
    return now;
}

/* Engine time is ahead of the clock only when that was wrong. What goes by it would stand still,
 * maybe for years, until the clock is there again. The lock is held. */
static enum err follow_back(struct daemon_serving *s, struct err_text *why)
{
    ts_ns wall = time_floor(clock_wall(), TIME_S), engine = engine_pipeline_now(s->pipeline);
    char was[TIME_TEXT_SIZE], is[TIME_TEXT_SIZE], line[400];
    if (engine == TIME_NONE || engine <= wall + CLOCK_SLACK)
        return ERR_NONE;
    enum err err = engine_pipeline_set_back(s->pipeline, wall, why);
    if (err != ERR_NONE)
        return err;
    time_format_iso(engine, was);
    time_format_iso(wall, is);
    snprintf(line, sizeof(line),
             "the clock was set back: jobs and rules had come to %s and go on from %s; what a job "
             "learned and saved of later times it keeps, and takes what comes before them for late",
             was, is);
    daemon_serve_tell(s, 1, line);
    return ERR_NONE;
}

/* A bucket is final, or a rule to run. While the past of a log is read that is soon so: what waited
 * for the second to be over would open buckets far ahead. */
static bool is_due(struct daemon_serving *s)
{
    ts_ns engine = engine_time(s);
    if (engine == TIME_NONE)
        return false;
    pthread_mutex_lock(&s->data->lock);
    bool due = engine_pipeline_next(s->pipeline) <= time_floor(engine, TIME_S);
    pthread_mutex_unlock(&s->data->lock);
    return due;
}

/* Somebody waits for a commit, and nobody comes who could share it, or has time to. */
static bool is_wanted(const struct daemon_serving *s, ts_ns now)
{
    ts_ns since = daemon_intake_waits(s->intake);
    return since != TIME_MAX && (ring_count(s->ring) == 0 || now - since >= GROUP_COMMIT);
}

/* The clock moves; what jobs and rules make of it is written. */
static enum err advance(struct daemon_serving *s, ts_ns now, struct err_text *why)
{
    enum err err = ERR_NONE;
    pthread_mutex_lock(&s->data->lock);
    err = follow_back(s, why);
    ts_ns engine = engine_time(s);
    if (err == ERR_NONE && engine != TIME_NONE)
        err = engine_pipeline_advance(s->pipeline, time_floor(engine, TIME_S), why);
    if (err == ERR_NONE && engine != TIME_NONE)
        err = engine_pipeline_interim(s->pipeline, why);
    /* Whether the disk is full still shows when something is written. */
    if (err == ERR_NONE && (s->full || now - s->saved >= SAVE_EVERY)) {
        err = engine_pipeline_save(s->pipeline, why);
        if (err == ERR_NONE)
            err = engine_forecasts_expire(s->data->state, clock_wall(), why);
        s->saved = now;
    }
    if (err == ERR_NONE)
        tell_listeners(s, now);
    pthread_mutex_unlock(&s->data->lock);
    return err;
}

enum err daemon_serve_turn(struct daemon_serving *s, struct err_text *why)
{
    ts_ns now = clock_steady();
    if (now - s->committed < COMMIT_EVERY && (s->full || (!is_wanted(s, now) && !is_due(s))))
        return ERR_NONE;
    /* Events first: what jobs make of them must not be ahead of them on disk. */
    enum err err = commit(s, why);
    if (err == ERR_NONE)
        err = advance(s, now, why);
    if (err == ERR_FULL)
        return full(s, "the disk is full: results and alerts wait");
    /* Both databases took what they were given. */
    if (err == ERR_NONE && s->full) {
        daemon_serve_tell(s, 2, "there is space on the disk again");
        s->full = false;
    }
    return err;
}

/* Stored events cannot be read: tried again, and in the end jobs go on without them. */
static enum err slice_fails(struct daemon_serving *s, const struct err_text *late,
                            struct err_text *why)
{
    char line[1200];
    s->slice_failed = clock_steady();
    if (++s->slices_failed < SLICE_TRIES)
        return ERR_NONE;
    snprintf(line, sizeof(line), "jobs begin without what is stored, which cannot be read: %s",
             late->message);
    daemon_serve_tell(s, 0, line);
    s->slices_failed = 0;
    pthread_mutex_lock(&s->data->lock);
    enum err err = engine_pipeline_end_pass(s->pipeline, why);
    pthread_mutex_unlock(&s->data->lock);
    return err == ERR_FULL ? full(s, "the disk is full: results and alerts wait") : err;
}

/* A slice of the past for the jobs that are behind. */
static enum err catch_up(struct daemon_serving *s, struct err_text *why)
{
    struct err_text late;
    bool was_behind = s->behind;
    if (s->full || (s->slices_failed > 0 && clock_steady() - s->slice_failed < SLICE_RETRY))
        return ERR_NONE;
    /* What the jobs that are up have had must be found by those that are not. */
    enum err err = was_behind ? commit(s, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err == ERR_FULL ? ERR_NONE : err;
    pthread_mutex_lock(&s->data->lock);
    err = was_behind ? engine_pipeline_catch_up(s->pipeline, SLICE_EVENTS, &s->behind, &late)
                     : ERR_NONE;
    if (!was_behind)
        s->behind = engine_pipeline_is_behind(s->pipeline);
    pthread_mutex_unlock(&s->data->lock);
    if (err == ERR_FULL)
        return full(s, "the disk is full: results and alerts wait");
    if (err == ERR_STOPPED && s->settings->stop(s->settings->ctx))
        return ERR_NONE;
    if (err != ERR_NONE && err != ERR_MEMORY)
        return slice_fails(s, &late, why);
    s->slices_failed = 0;
    if (err != ERR_NONE)
        *why = late;
    else if (was_behind && !s->behind)
        daemon_serve_tell(s, 2, "all jobs have had the stored events");
    return err;
}

/* Jobs have what a clean stop left them before anything new comes: what they find in it is no past
 * of the clock yet. More than a slice has to wait. */
static enum err catch_up_first(struct daemon_serving *s, struct err_text *why)
{
    enum err err = catch_up(s, why); /* looks whether any is behind */
    return err == ERR_NONE && s->behind ? catch_up(s, why) : err;
}

/* A piece of the past for searches of rules that have none of it yet. */
static enum err feed_rules(struct daemon_serving *s, struct err_text *why)
{
    pthread_mutex_lock(&s->data->lock);
    s->feeding = engine_pipeline_wants_feeding(s->pipeline);
    pthread_mutex_unlock(&s->data->lock);
    /* What arrived must be found by those that do not take it now. */
    enum err err = s->feeding && !s->full ? commit(s, why) : ERR_NONE;
    if (err != ERR_NONE || !s->feeding || s->full)
        return err == ERR_FULL ? ERR_NONE : err;
    pthread_mutex_lock(&s->data->lock);
    engine_pipeline_feed(s->pipeline);
    pthread_mutex_unlock(&s->data->lock);
    return ERR_NONE;
}

static bool any_active(const struct daemon_serving *s)
{
    return s->active[DAEMON_SOURCE_WIRE] || s->active[DAEMON_SOURCE_TAIL];
}

enum err daemon_serve_loop(struct daemon_serving *s, struct err_text *why)
{
    bool had_sources = any_active(s);
    enum err begun = catch_up_first(s, why);
    if (begun != ERR_NONE)
        return begun;
    while (!s->stopping || any_active(s)) {
        if (!s->stopping && s->settings->stop(s->settings->ctx)) {
            s->stopping = true;
            daemon_service_say(s->service, "STOPPING=1");
            if (s->wire != NULL)
                feed_wire_ask_stop(s->wire);
            if (s->tail != NULL)
                feed_tail_ask_stop(s->tail);
        }
        if (!s->stopping && had_sources && !any_active(s))
            break; /* all sources have ended by themselves */
        struct feed_batch *b = s->full && !s->stopping
                                   ? NULL
                                   : ring_pop_wait(s->ring, s->behind || s->feeding ? 0 : WAIT);
        enum err err = b != NULL ? take_or_hold(s, b, why) : ERR_NONE;
        if (err == ERR_NONE)
            err = daemon_serve_turn(s, why);
        if (err == ERR_NONE && !s->stopping)
            err = catch_up(s, why);
        if (err == ERR_NONE && !s->stopping)
            err = feed_rules(s, why);
        if (err != ERR_NONE)
            return err;
        if (s->full)
            usleep((useconds_t)(WAIT / TIME_US));
    }
    if (s->ended != ERR_NONE)
        *why = s->ended_why;
    return s->ended;
}

enum err daemon_serve_keep(struct daemon_serving *s, struct err_text *why)
{
    enum err err = commit(s, why);
    if (err == ERR_FULL)
        err_set(why, err, "the disk is full: the newest events are not kept");
    if (err != ERR_NONE)
        return err;
    pthread_mutex_lock(&s->data->lock);
    err = engine_pipeline_save(s->pipeline, why);
    pthread_mutex_unlock(&s->data->lock);
    return err;
}
