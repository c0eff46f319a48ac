/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/serve.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/ring.h"
#include "base/thread.h"
#include "capture/live.h"
#include "conf/conf.h"
#include "daemon/intake.h"
#include "daemon/jail.h"
#include "daemon/keeper.h"
#include "daemon/live.h"
#include "daemon/measure.h"
#include "daemon/service.h"
#include "daemon/web.h"
#include "deliver/courier.h"
#include "deliver/notify.h"
#include "engine/forecasts.h"
#include "engine/install.h"
#include "engine/pipeline.h"
#include "enrich/enrich.h"
#include "event/event.h"
#include "feed/batch.h"
#include "feed/enricher.h"
#include "feed/tail.h"
#include "feed/wire.h"
#include "ingest/delta.h"
#include "ingest/truth.h"
#include "package/package.h"
#include "request/control.h"
#include "request/data.h"
#include "store/state.h"
#include "store/store.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RING_BATCHES 64
#define DELTA_FLOWS 65536
#define COMMIT_EVERY TIME_S
/* Whoever waits for a commit shares it with those who come within so long. */
#define GROUP_COMMIT (50 * TIME_MS)
#define SAVE_EVERY (10 * TIME_MIN)
/* Stored events that jobs which are behind get between two looks at what comes in. */
#define SLICE_EVENTS 40000
#define SLICE_TRIES 3
#define SLICE_RETRY (10 * TIME_S)
#define WAIT (100 * TIME_MS)
/* One that was killed a moment ago may still hold the directory. */
#define BUSY_TRIES 20
#define MIB (UINT64_C(1) << 20)

enum { SOURCE_WIRE, SOURCE_TAIL, SOURCES, SOURCE_API = SOURCES };

struct serve {
    const struct daemon_serve_settings *settings;
    char dir[REQUEST_DATA_DIR_SIZE];
    struct request_data *data;
    struct engine_pipeline *pipeline;
    struct thread_team *team;
    struct enrich *enrich;
    struct ring *ring;
    struct feed_wire *wire;
    struct feed_tail *tail;
    struct request_control *control;
    struct daemon_keeper *keeper;
    struct daemon_intake *intake;    /* events that come through the server */
    struct ingest_delta *delta;      /* of their running totals */
    struct ingest_counts counts;     /* of their corrections */
    struct daemon_web *web;          /* NULL: there is no server */
    struct deliver_courier *courier; /* NULL: nothing may be sent */
    struct deliver_notify *notify;
    struct daemon_live *live; /* what its listeners are told; NULL without one */
    int service;              /* to the manager of services */
    bool active[SOURCES];     /* began, and has not ended */
    ts_ns watermark[SOURCES];
    ts_ns committed, saved; /* passing time of the last commit and save */
    atomic_bool full;       /* the disk was full at the last commit, and that was told */
    bool behind;            /* jobs get stored events, a slice at a time */
    bool feeding;           /* and searches of rules, piece by piece */
    unsigned slices_failed; /* one after the other, the last one at slice_failed */
    ts_ns slice_failed;
    bool stopping;
    enum err ended; /* why a source ended that was not asked to; the first one */
    struct err_text ended_why;
};

static void tell(const struct serve *s, int level, const char *sentence)
{
    s->settings->log(s->settings->ctx, level, sentence);
}

static enum err open_data(struct serve *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    const struct store_options options = {
        .worker_memory = (uint64_t)conf->query_memory_mb * MIB,
        .keep_age_ns = conf->keep_age,
        .keep_bytes = (uint64_t)conf->keep_mb * MIB,
    };
    enum err err = request_data_open(s->dir, &options, &s->data, why);
    for (int i = 0; err == ERR_BUSY && i < BUSY_TRIES; i++) {
        usleep((useconds_t)(WAIT / TIME_US));
        err = request_data_open(s->dir, &options, &s->data, why);
    }
    return err;
}

static enum err open_wire(struct serve *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    const struct capture_live_settings capture = {
        .interfaces = (const char *const *)conf->interfaces.items,
        .interface_n = conf->interfaces.n,
        .filter = conf->filter[0] != '\0' ? conf->filter : NULL,
        .snaplen = (uint32_t)conf->snaplen,
        .buffer_bytes = (size_t)conf->buffer_mb * MIB,
        .promiscuous = conf->promiscuous,
    };
    return conf->interfaces.n > 0 ? feed_wire_open(&capture, &s->wire, why) : ERR_NONE;
}

/* What takes rights, then the jail. */
static enum err enter_jail(struct serve *s, struct err_text *why)
{
    struct buf said;
    enum err err = open_wire(s, why);
    if (err == ERR_NONE)
        err = daemon_web_open(s->settings->conf, &s->web, why);
    if (err == ERR_NONE)
        err = request_data_dir(s->settings->conf->data_dir, s->dir, why);
    if (err == ERR_NONE)
        err = request_data_make(s->dir, why);
    buf_init(&said);
    if (err == ERR_NONE)
        err = daemon_jail_send_courier(s->settings->conf, &s->courier, why);
    s->service = daemon_service_open(); /* not the courier's */
    if (err == ERR_NONE)
        err = daemon_jail_enter(s->settings->conf, s->dir, s->settings->monitor, &said, why);
    if (err == ERR_NONE)
        tell(s, 2, buf_text(&said));
    buf_release(&said);
    return err;
}

static unsigned thread_count(const struct conf *conf)
{
    if (conf->threads > 0)
        return (unsigned)conf->threads;
    long n = sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : n > 4 ? 4 : (unsigned)n;
}

/* An alert that is there for good: to those who listen, and to the owner. */
static void on_alert(void *ctx, const char *id, struct bytes json)
{
    const struct serve *s = ctx;
    if (s->notify != NULL)
        deliver_notify_wake(s->notify);
    if (s->web != NULL)
        daemon_web_publish(s->web, "alert", json);
    if (s->settings->on_alert != NULL)
        s->settings->on_alert(s->settings->alert_ctx, id, json);
}

static void on_result(void *ctx, const char *job_id, ts_ns at)
{
    const struct serve *s = ctx;
    if (s->live != NULL)
        daemon_live_result(s->live, job_id, at);
}

static void on_interim(void *ctx, ts_ns at)
{
    const struct serve *s = ctx;
    if (s->live != NULL)
        daemon_live_interim(s->live, at);
}

static void on_change(void *ctx, const char *command, const char *verb, const char *id)
{
    const struct serve *s = ctx;
    daemon_live_changed(s->live, command, verb, id);
}

static void publish(void *ctx, const char *name, struct bytes json)
{
    const struct serve *s = ctx;
    daemon_web_publish(s->web, name, json);
}

/* What the stop of the clock gave, to those who listen; the lock is held. */
static void tell_listeners(struct serve *s, ts_ns now)
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

static enum err open_engine(struct serve *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    s->team = thread_team_new(thread_count(conf));
    s->ring = ring_new(RING_BATCHES);
    if (s->ring != NULL)
        s->intake = daemon_intake_new(s->ring, SOURCE_API, DAEMON_INTAKE_PATIENCE);
    s->delta = ingest_delta_new(DELTA_FLOWS, (struct hash_key){3, 4}, &s->counts);
    if (s->team == NULL || s->intake == NULL || s->delta == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    const struct engine_pipeline_options pipeline = {
        .store = s->data->store,
        .state = s->data->state,
        .team = s->team,
        .query_delay = conf->query_delay,
        .in_pieces = true,
        .cancel = {s->settings->stop, s->settings->ctx},
        .on_alert = on_alert,
        .on_result = on_result,
        .on_interim = on_interim,
        .ctx = s,
    };
    enum err err =
        feed_enricher_new((const char *const *)conf->home.items, conf->home.n,
                          (const char *const *)conf->geoip.items, conf->geoip.n, &s->enrich, why);
    if (err == ERR_NONE)
        err = engine_pipeline_new(&pipeline, &s->pipeline, why);
    return err;
}

/* Packages that the configuration names and that are not installed yet. */
static enum err install_packages(struct serve *s, struct err_text *why)
{
    const struct conf_list *names = &s->settings->conf->packages;
    for (size_t i = 0; i < names->n; i++) {
        struct package *p;
        struct engine_install_totals totals = {0};
        enum err err = package_open(names->items[i], NULL, &p, why);
        if (err != ERR_NONE)
            return err;
        bool there;
        err = engine_install_is_there(s->data->state, package_id(p), &there, why);
        if (err == ERR_NONE && !there)
            err = engine_install_package(s->data->state, p, clock_wall(), &totals, why);
        package_free(p);
        if (err != ERR_NONE)
            return err;
    }
    return ERR_NONE;
}

/* The sequence number of the last event kept of the wire. */
static enum err last_sequence(struct serve *s, uint64_t *out, struct err_text *why)
{
    struct buf offset;
    buf_init(&offset);
    enum err err = store_offset_get(s->data->store, FEED_WIRE_OFFSET, &offset);
    struct cursor c = cursor_make(offset.p, offset.n);
    *out = err == ERR_NONE ? cursor_le64(&c) : 0;
    buf_release(&offset);
    if (err != ERR_NONE && err != ERR_NOT_FOUND)
        return err_set(why, err, "the store cannot be read: %s", err_name(err));
    return ERR_NONE;
}

static enum err start_sources(struct serve *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    enum err err = ERR_NONE;
    if (s->wire != NULL) {
        struct feed_wire_settings wire = {
            .sensor = s->settings->sensor,
            .memory = (uint64_t)conf->flow_memory_mb * MIB,
            .ring = s->ring,
            .source = SOURCE_WIRE,
            .event_source = SOURCE_WIRE,
        };
        err = last_sequence(s, &wire.sequence, why);
        if (err == ERR_NONE)
            err = feed_wire_start(s->wire, &wire, why);
        s->active[SOURCE_WIRE] = err == ERR_NONE;
    }
    if (err == ERR_NONE && conf->follow.n > 0) {
        const struct feed_tail_settings tail = {
            .paths = (const char *const *)conf->follow.items,
            .paths_n = conf->follow.n,
            .store = s->data->store,
            .late = conf->late,
            .monitor = s->settings->monitor,
            .ring = s->ring,
            .source = SOURCE_TAIL,
        };
        err = feed_tail_start(&tail, &s->tail, why);
        s->active[SOURCE_TAIL] = err == ERR_NONE;
    }
    return err;
}

/* Told once; whatever waits is tried again. */
static enum err full(struct serve *s, const char *sentence)
{
    if (!s->full)
        tell(s, 0, sentence);
    s->full = true;
    return ERR_NONE;
}

/* Events of the API to the store, in a way that can be taken back. */
static enum err append_api(struct serve *s, struct feed_batch *list, struct err_text *why)
{
    enum err err = store_mark(s->data->store);
    ingest_delta_mark(s->delta);
    for (struct feed_batch *b = list; b != NULL && err == ERR_NONE; b = b->next)
        for (size_t i = 0; i < b->n && err == ERR_NONE; i++) {
            struct event *e = &b->events[i];
            /* As parsers of logs do it. */
            ingest_delta_apply(s->delta, e);
            ingest_truth_correct(e, &s->counts);
            enrich_event(s->enrich, e);
            err = store_append(s->data->store, e);
            err = err == ERR_LIMIT ? ERR_NONE : err;
        }
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "an event cannot be kept: %s", err_name(err));
}

/* They are on disk: to the jobs and rules; what the store refused goes to nobody. */
static enum err feed_api(struct serve *s, const struct feed_batch *list, struct err_text *why)
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
static enum err commit_all(struct serve *s, struct err_text *why)
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

static enum err commit(struct serve *s, struct err_text *why)
{
    enum err err = commit_all(s, why);
    s->committed = clock_steady();
    /* Events wait in memory; the ring fills, and the wire drops rather than the store lies. */
    if (err == ERR_FULL)
        return full(s, "the disk is full: events wait in memory, new ones will be dropped");
    if (err == ERR_NONE && s->full) {
        tell(s, 2, "there is space on the disk again");
        s->full = false;
    }
    return err;
}

/* A source is done. When nobody asked it to, that is told at once: others may go on for long. */
static void end_source(struct serve *s, size_t source)
{
    struct err_text why;
    char line[700];
    s->active[source] = false;
    if (s->stopping)
        return;
    enum err err =
        source == SOURCE_WIRE ? feed_wire_failure(s->wire, &why) : feed_tail_failure(s->tail, &why);
    if (err == ERR_NONE)
        return;
    snprintf(line, sizeof(line), "%s: %s",
             source == SOURCE_WIRE ? "the capture has ended" : "logs are no longer followed",
             why.message);
    tell(s, 0, line);
    if (s->ended == ERR_NONE) {
        s->ended = err;
        s->ended_why = why;
    }
}

/* A batch through the pipeline. */
static enum err take(struct serve *s, struct feed_batch *b, struct err_text *why)
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
static enum err take_or_hold(struct serve *s, struct feed_batch *b, struct err_text *why)
{
    if (b->source == SOURCE_API) {
        daemon_intake_accept(s->intake, b, clock_steady());
        return ERR_NONE;
    }
    enum err err = take(s, b, why);
    feed_batch_free(b);
    return err;
}

/* The least of the sources' times; the wall clock where there is no source. */
static ts_ns engine_time(const struct serve *s)
{
    ts_ns now = TIME_MAX;
    for (int i = 0; i < SOURCES; i++)
        if (s->active[i] && s->watermark[i] < now)
            now = s->watermark[i];
    return now == TIME_MAX ? clock_wall() : now;
}

/* A bucket is final, or a rule to run. While the past of a log is read that is soon so: what waited
 * for the second to be over would open buckets far ahead. */
static bool is_due(struct serve *s)
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
static bool is_wanted(const struct serve *s, ts_ns now)
{
    ts_ns since = daemon_intake_waits(s->intake);
    return since != TIME_MAX && (ring_count(s->ring) == 0 || now - since >= GROUP_COMMIT);
}

/* What happens once a second, when there is something to do, and more seldom. */
static enum err tick(struct serve *s, struct err_text *why)
{
    ts_ns now = clock_steady();
    if (now - s->committed < COMMIT_EVERY && !is_wanted(s, now) && !is_due(s))
        return ERR_NONE;
    /* Events first: what jobs make of them must not be ahead of them on disk. */
    enum err err = commit(s, why);
    if (err != ERR_NONE || s->full)
        return err;
    pthread_mutex_lock(&s->data->lock);
    ts_ns engine = engine_time(s);
    if (engine != TIME_NONE)
        err = engine_pipeline_advance(s->pipeline, time_floor(engine, TIME_S), why);
    if (err == ERR_NONE && engine != TIME_NONE)
        err = engine_pipeline_interim(s->pipeline, why);
    if (err == ERR_NONE && now - s->saved >= SAVE_EVERY) {
        err = engine_pipeline_save(s->pipeline, why);
        if (err == ERR_NONE)
            err = engine_forecasts_expire(s->data->state, clock_wall(), why);
        s->saved = now;
    }
    if (err == ERR_NONE)
        tell_listeners(s, now);
    pthread_mutex_unlock(&s->data->lock);
    return err == ERR_FULL ? full(s, "the disk is full: results and alerts wait") : err;
}

/* Stored events cannot be read: tried again, and in the end jobs go on without them. */
static enum err slice_fails(struct serve *s, const struct err_text *late, struct err_text *why)
{
    char line[1200];
    s->slice_failed = clock_steady();
    if (++s->slices_failed < SLICE_TRIES)
        return ERR_NONE;
    snprintf(line, sizeof(line), "jobs begin without what is stored, which cannot be read: %s",
             late->message);
    tell(s, 0, line);
    s->slices_failed = 0;
    pthread_mutex_lock(&s->data->lock);
    enum err err = engine_pipeline_end_pass(s->pipeline, why);
    pthread_mutex_unlock(&s->data->lock);
    return err == ERR_FULL ? full(s, "the disk is full: results and alerts wait") : err;
}

/* A slice of the past for the jobs that are behind. */
static enum err catch_up(struct serve *s, struct err_text *why)
{
    struct err_text late;
    bool was_behind = s->behind;
    if (s->full || (s->slices_failed > 0 && clock_steady() - s->slice_failed < SLICE_RETRY))
        return ERR_NONE;
    /* What the jobs that are up have had must be found by those that are not. */
    enum err err = was_behind ? commit(s, why) : ERR_NONE;
    if (err != ERR_NONE || s->full)
        return err;
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
        tell(s, 2, "all jobs have had the stored events");
    return err;
}

/* A piece of the past for searches of rules that have none of it yet. */
static enum err feed_rules(struct serve *s, struct err_text *why)
{
    pthread_mutex_lock(&s->data->lock);
    s->feeding = engine_pipeline_wants_feeding(s->pipeline);
    pthread_mutex_unlock(&s->data->lock);
    /* What arrived must be found by those that do not take it now. */
    enum err err = s->feeding && !s->full ? commit(s, why) : ERR_NONE;
    if (err != ERR_NONE || !s->feeding || s->full)
        return err;
    pthread_mutex_lock(&s->data->lock);
    engine_pipeline_feed(s->pipeline);
    pthread_mutex_unlock(&s->data->lock);
    return ERR_NONE;
}

static bool any_active(const struct serve *s)
{
    return s->active[SOURCE_WIRE] || s->active[SOURCE_TAIL];
}

static enum err loop(struct serve *s, struct err_text *why)
{
    bool had_sources = any_active(s);
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
            err = tick(s, why);
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

/* What came is kept, then what was learned of it: never the other way round. */
static enum err keep_all(struct serve *s, struct err_text *why)
{
    enum err err = commit(s, why);
    if (err == ERR_NONE && s->full)
        err = err_set(why, ERR_FULL, "the disk is full: the newest events are not kept");
    if (err != ERR_NONE)
        return err;
    pthread_mutex_lock(&s->data->lock);
    err = engine_pipeline_save(s->pipeline, why);
    pthread_mutex_unlock(&s->data->lock);
    return err;
}

static void measure(void *ctx, struct buf *out)
{
    const struct serve *s = ctx;
    daemon_measure_data(out, s->data, s->intake, clock_wall());
    if (s->notify != NULL)
        daemon_measure_notify(out, s->notify);
    if (s->wire != NULL) {
        struct feed_wire_totals t;
        feed_wire_totals(s->wire, &t);
        daemon_measure_one(out, "weir_capture_packets_total", "counter", "Packets seen.",
                           (double)t.packets);
        daemon_measure_one(out, "weir_capture_dropped_total", "counter",
                           "Packets that the kernel dropped.", (double)t.kernel_dropped);
    }
}

static bool healthy(void *ctx, struct err_text *why)
{
    const struct serve *s = ctx;
    if (s->full)
        err_set(why, ERR_FULL, "the disk is full: events and results wait");
    return !s->full;
}

static enum err start_web(struct serve *s, struct err_text *why)
{
    const struct daemon_web_settings settings = {
        .data = s->data,
        .intake = s->intake,
        .log = s->settings->log,
        .log_ctx = s->settings->ctx,
        .measure = measure,
        .healthy = healthy,
        .ctx = s,
    };
    if (s->web == NULL)
        return ERR_NONE;
    enum err err = daemon_web_start(s->web, &settings, why);
    if (err != ERR_NONE)
        return err;
    s->live = daemon_live_new(publish, s);
    if (s->live == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    pthread_mutex_lock(&s->data->lock);
    s->data->change_ctx = s;
    s->data->on_change = on_change;
    pthread_mutex_unlock(&s->data->lock);
    return ERR_NONE;
}

static enum err start_notify(struct serve *s, struct err_text *why)
{
    const struct deliver_notify_settings settings = {
        .state = s->data->state,
        .courier = s->courier,
        .base_url = s->settings->conf->notify_url,
        .now = clock_wall,
        .log = s->settings->log,
        .ctx = s->settings->ctx,
    };
    enum err err = deliver_notify_start(&settings, &s->notify, why);
    if (err == ERR_NONE)
        s->data->notify = s->notify;
    return err;
}

static enum err start(struct serve *s, struct err_text *why)
{
    enum err err = enter_jail(s, why);
    if (err == ERR_NONE)
        err = open_data(s, why);
    if (err == ERR_NONE)
        err = open_engine(s, why);
    if (err == ERR_NONE)
        err = install_packages(s, why);
    if (err == ERR_NONE)
        err = start_notify(s, why);
    if (err == ERR_NONE)
        err = start_sources(s, why);
    if (err == ERR_NONE)
        err = engine_pipeline_load(s->pipeline, clock_wall(), why);
    if (err == ERR_NONE) {
        s->data->pipeline = s->pipeline;
        err = request_control_start(s->data, &s->control, why);
    }
    if (err == ERR_NONE)
        err = daemon_keeper_start(s->data->store, s->settings->log, s->settings->ctx, &s->keeper,
                                  why);
    if (err == ERR_NONE)
        err = start_web(s, why);
    return err;
}

/* Threads first, then what they use. */
static void finish(struct serve *s)
{
    deliver_notify_hush(s->notify); /* a request may wait for it */
    if (s->ring != NULL)
        ring_close(s->ring);
    for (struct feed_batch *b; s->ring != NULL && (b = ring_pop_wait(s->ring, 0)) != NULL;) {
        if (b->receipt != NULL)
            daemon_intake_accept(s->intake, b, 0);
        else
            feed_batch_free(b);
    }
    if (s->intake != NULL)
        daemon_intake_close(s->intake);
    if (s->data != NULL) {
        pthread_mutex_lock(&s->data->lock);
        s->data->on_change = NULL;
        pthread_mutex_unlock(&s->data->lock);
    }
    daemon_web_stop(s->web);
    s->web = NULL;
    daemon_live_free(s->live);
    s->live = NULL;
    daemon_intake_free(s->intake);
    ingest_delta_free(s->delta);
    request_control_stop(s->control);
    daemon_keeper_stop(s->keeper);
    feed_wire_free(s->wire);
    feed_tail_free(s->tail);
    if (s->data != NULL)
        s->data->pipeline = NULL;
    deliver_notify_stop(s->notify);
    deliver_courier_stop(s->courier);
    engine_pipeline_free(s->pipeline);
    enrich_free(s->enrich);
    request_data_close(s->data);
    thread_team_free(s->team);
    ring_free(s->ring);
    if (s->service >= 0)
        close(s->service);
}

enum err daemon_serve(const struct daemon_serve_settings *settings, struct err_text *why)
{
    struct serve s = {.settings = settings, .watermark = {TIME_NONE, TIME_NONE}, .service = -1};
    char line[256];
    s.committed = s.saved = clock_steady();
    enum err err = start(&s, why);
    if (err == ERR_NONE) {
        snprintf(line, sizeof(line),
                 "watching: %zu interfaces, %zu followed paths, %zu jobs, "
                 "%zu rules; data in %s",
                 settings->conf->interfaces.n, settings->conf->follow.n,
                 engine_jobs_count(engine_pipeline_jobs(s.pipeline)),
                 engine_rules_count(engine_pipeline_rules(s.pipeline)), s.data->dir);
        tell(&s, 2, line);
        if (settings->conf->interfaces.n == 0 && settings->conf->follow.n == 0)
            tell(&s, s.web != NULL ? 2 : 1,
                 s.web != NULL
                     ? "nothing is watched but what is sent to the server: --interface names a "
                       "wire, --follow a log"
                     : "nothing is watched: --interface names a wire, --follow a log");
        daemon_service_say(s.service, "READY=1");
        err = loop(&s, why);
        struct err_text late;
        enum err kept = keep_all(&s, &late);
        if (kept != ERR_NONE && err == ERR_NONE) {
            *why = late;
            err = kept;
        }
        if (s.wire != NULL) {
            struct feed_wire_totals t;
            feed_wire_totals(s.wire, &t);
            snprintf(line, sizeof(line),
                     "stopped: %llu packets, %llu dropped by the kernel, "
                     "%llu events; open flows were closed",
                     (unsigned long long)t.packets, (unsigned long long)t.kernel_dropped,
                     (unsigned long long)t.events);
            tell(&s, 2, line);
        } else {
            tell(&s, 2, "stopped");
        }
    }
    finish(&s);
    return err;
}
