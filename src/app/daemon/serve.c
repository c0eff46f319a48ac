/* SPDX-License-Identifier: Apache-2.0 */
/* What `weir serve` is put together from, and in which order. */
#include "daemon/serve_priv.h"

#include "base/buf.h"
#include "base/bytes.h"
#include "base/clock.h"
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
#include "engine/install.h"
#include "engine/pipeline.h"
#include "enrich/enrich.h"
#include "event/event.h"
#include "feed/batch.h"
#include "feed/enricher.h"
#include "feed/tail.h"
#include "feed/wire.h"
#include "ingest/delta.h"
#include "package/package.h"
#include "request/control.h"
#include "store/state.h"
#include "store/store.h"

#include <stdio.h>
#include <unistd.h>

#define RING_BATCHES 64
#define DELTA_FLOWS 65536
/* One that was killed a moment ago may still hold the directory. */
#define BUSY_TRIES 20
#define BUSY_WAIT (100 * TIME_MS)
#define MIB (UINT64_C(1) << 20)

void daemon_serve_tell(const struct daemon_serving *s, int level, const char *sentence)
{
    s->settings->log(s->settings->ctx, level, sentence);
}

static enum err open_data(struct daemon_serving *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    const struct store_options options = {
        .worker_memory = (uint64_t)conf->query_memory_mb * MIB,
        .keep_age_ns = conf->keep_age,
        .keep_bytes = (uint64_t)conf->keep_mb * MIB,
        .ids = (uint64_t)conf->ids,
    };
    enum err err = request_data_open(s->dir, &options, &s->data, why);
    for (int i = 0; err == ERR_BUSY && i < BUSY_TRIES; i++) {
        usleep((useconds_t)(BUSY_WAIT / TIME_US));
        err = request_data_open(s->dir, &options, &s->data, why);
    }
    return err;
}

static enum err open_wire(struct daemon_serving *s, struct err_text *why)
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
static enum err enter_jail(struct daemon_serving *s, struct err_text *why)
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
        daemon_serve_tell(s, 2, buf_text(&said));
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
    const struct daemon_serving *s = ctx;
    if (s->notify != NULL)
        deliver_notify_wake(s->notify);
    if (s->web != NULL)
        daemon_web_publish(s->web, "alert", json);
    if (s->settings->on_alert != NULL)
        s->settings->on_alert(s->settings->alert_ctx, id, json);
}

static void on_result(void *ctx, const char *job_id, ts_ns at)
{
    const struct daemon_serving *s = ctx;
    if (s->live != NULL)
        daemon_live_result(s->live, job_id, at);
}

static void on_interim(void *ctx, ts_ns at)
{
    const struct daemon_serving *s = ctx;
    if (s->live != NULL)
        daemon_live_interim(s->live, at);
}

static void on_change(void *ctx, const char *command, const char *verb, const char *id)
{
    const struct daemon_serving *s = ctx;
    daemon_live_changed(s->live, command, verb, id);
}

static void publish(void *ctx, const char *name, struct bytes json)
{
    const struct daemon_serving *s = ctx;
    daemon_web_publish(s->web, name, json);
}

static enum err open_engine(struct daemon_serving *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    s->team = thread_team_new(thread_count(conf));
    s->ring = ring_new(RING_BATCHES);
    if (s->ring != NULL)
        s->intake = daemon_intake_new(s->ring, DAEMON_SOURCE_API, DAEMON_INTAKE_PATIENCE);
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
static enum err install_packages(struct daemon_serving *s, struct err_text *why)
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
static enum err last_sequence(struct daemon_serving *s, uint64_t *out, struct err_text *why)
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

static enum err start_sources(struct daemon_serving *s, struct err_text *why)
{
    const struct conf *conf = s->settings->conf;
    enum err err = ERR_NONE;
    if (s->wire != NULL) {
        struct feed_wire_settings wire = {
            .sensor = s->settings->sensor,
            .memory = (uint64_t)conf->flow_memory_mb * MIB,
            .ring = s->ring,
            .source = DAEMON_SOURCE_WIRE,
            .event_source = DAEMON_SOURCE_WIRE,
        };
        err = last_sequence(s, &wire.sequence, why);
        if (err == ERR_NONE)
            err = feed_wire_start(s->wire, &wire, why);
        s->active[DAEMON_SOURCE_WIRE] = err == ERR_NONE;
        s->watermark[DAEMON_SOURCE_WIRE] = s->begun; /* all that it brings is of since then */
    }
    if (err == ERR_NONE && conf->follow.n > 0) {
        const struct feed_tail_settings tail = {
            .paths = (const char *const *)conf->follow.items,
            .paths_n = conf->follow.n,
            .store = s->data->store,
            .late = conf->late,
            .monitor = s->settings->monitor,
            .ring = s->ring,
            .source = DAEMON_SOURCE_TAIL,
        };
        err = feed_tail_start(&tail, &s->tail, why);
        s->active[DAEMON_SOURCE_TAIL] = err == ERR_NONE;
    }
    return err;
}

static void measure(void *ctx, struct buf *out)
{
    const struct daemon_serving *s = ctx;
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
    const struct daemon_serving *s = ctx;
    if (s->full)
        err_set(why, ERR_FULL, "the disk is full: events and results wait");
    return !s->full;
}

static enum err start_web(struct daemon_serving *s, struct err_text *why)
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

static enum err start_notify(struct daemon_serving *s, struct err_text *why)
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

static enum err start(struct daemon_serving *s, struct err_text *why)
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
    /* Whoever asks for something from here on finds the clock, not where another process left it.
     */
    if (err == ERR_NONE)
        err = daemon_serve_turn(s, why);
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
static void finish(struct daemon_serving *s)
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
    struct daemon_serving s = {
        .settings = settings, .watermark = {TIME_NONE, TIME_NONE}, .service = -1};
    char line[256];
    s.begun = clock_wall();
    s.saved = clock_steady(); /* nothing is committed yet: the clock moves before anything else */
    enum err err = start(&s, why);
    if (err == ERR_NONE) {
        snprintf(line, sizeof(line),
                 "watching: %zu interfaces, %zu followed paths, %zu jobs, "
                 "%zu rules; data in %s",
                 settings->conf->interfaces.n, settings->conf->follow.n,
                 engine_jobs_count(engine_pipeline_jobs(s.pipeline)),
                 engine_rules_count(engine_pipeline_rules(s.pipeline)), s.data->dir);
        daemon_serve_tell(&s, 2, line);
        bool still;
        if (store_state_upgrade_get(s.data->state, &still) == ERR_NONE && still)
            daemon_serve_tell(&s, 1,
                              "upgrade mode is on: no job learns or reports until POST "
                              "/_ml/set_upgrade_mode?enabled=false ends it");
        if (settings->conf->interfaces.n == 0 && settings->conf->follow.n == 0)
            daemon_serve_tell(
                &s, s.web != NULL ? 2 : 1,
                s.web != NULL
                    ? "nothing is watched but what is sent to the server: --interface names a "
                      "wire, --follow a log"
                    : "nothing is watched: --interface names a wire, --follow a log");
        daemon_service_say(s.service, "READY=1");
        err = daemon_serve_loop(&s, why);
        struct err_text late;
        enum err kept = daemon_serve_keep(&s, &late);
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
            daemon_serve_tell(&s, 2, line);
        } else {
            daemon_serve_tell(&s, 2, "stopped");
        }
    }
    finish(&s);
    return err;
}
