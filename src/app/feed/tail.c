/* SPDX-License-Identifier: Apache-2.0 */
#include "feed/tail.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/ring.h"
#include "event/event.h"
#include "feed/batch.h"
#include "ingest/delta.h"
#include "ingest/follow.h"
#include "priv/monitor.h"
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#define POLL_EVERY (250 * TIME_MS)
#define LINES_A_POLL FEED_BATCH_EVENTS
#define DELTA_FLOWS 65536
/* How far lines of the past go at a time, and may go ahead of another log's. Jobs take what lies
 * ahead of their bucket, but not without end (docs/method/detect.md). */
#define STEP (4 * TIME_MIN)
#define AHEAD TIME_MIN

struct log {
    struct ingest_follow *follow;
    char *offset_name;
};

struct feed_tail {
    struct feed_tail_settings settings;
    struct log *logs;
    size_t n;
    struct ingest_delta *delta;
    struct ingest_counts counts; /* of the table of totals */
    struct feed_batch *batch;
    struct feed_batch *last; /* says that this was all; made at the start, to be there at the end */
    struct ring *wake;       /* carries nothing; closing it ends the thread */
    pthread_t thread;
    bool started;
    bool failed; /* memory was short: the batch is not whole and is not handed on */
};

static void on_event(void *ctx, struct event *e)
{
    struct feed_tail *t = ctx;
    if (t->batch == NULL || feed_batch_add(t->batch, e) != ERR_NONE)
        t->failed = true;
}

/* A path is one of the configuration, or that of a file directly in one. */
static int open_by_monitor(void *ctx, const char *path)
{
    const struct feed_tail_settings *s = ctx;
    for (size_t i = 0; i < s->paths_n; i++) {
        size_t n = strlen(s->paths[i]);
        int fd;
        if (strncmp(path, s->paths[i], n) != 0 || (path[n] != '\0' && path[n] != '/'))
            continue;
        const char *name = path[n] == '/' ? path + n + 1 : "";
        if (priv_monitor_open(s->monitor, (uint32_t)i, name, &fd) == ERR_NONE)
            return fd;
    }
    return -1;
}

uint32_t feed_tail_source(const char *path)
{
    /* The key is part of what is kept: with another one the same path would be another source. */
    static const struct hash_key key = {0x666f6c6c6f776564U, 0x20706174686e6f31U};
    return (uint32_t)hash_bytes(key, path, strlen(path)) | 0x80000000U;
}

static enum err open_log(struct feed_tail *t, size_t i, struct err_text *why)
{
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    settings.source = feed_tail_source(t->settings.paths[i]);
    settings.delta = t->delta;
    settings.zeek.late_ns = t->settings.late;
    if (t->settings.monitor != NULL)
        settings.opener = (struct ingest_opener){open_by_monitor, &t->settings};
    struct log *log = &t->logs[i];
    enum err err = ingest_follow_open(t->settings.paths[i], &settings, &log->follow, why);
    if (err != ERR_NONE)
        return err;
    struct buf text;
    buf_init(&text);
    buf_format(&text, "tail:%s", t->settings.paths[i]);
    log->offset_name = buf_take(&text, NULL);
    if (log->offset_name == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    err = store_offset_get(t->settings.store, log->offset_name, &text);
    if (err == ERR_NONE)
        err = ingest_follow_restore(log->follow, buf_text(&text), text.n, why);
    else if (err == ERR_NOT_FOUND)
        err = ERR_NONE;
    else
        err_set(why, err, "the store cannot be read: %s", err_name(err));
    buf_release(&text);
    return err;
}

/* Up to when the logs were read, but for one (NULL: none); TIME_MAX: to their ends. */
static ts_ns read_until(const struct feed_tail *t, const struct log *but)
{
    ts_ns time = TIME_MAX;
    for (size_t i = 0; i < t->n; i++)
        if (&t->logs[i] != but && ingest_follow_time(t->logs[i].follow) < time)
            time = ingest_follow_time(t->logs[i].follow);
    return time;
}

/* The time of the source: the wall clock's when there is nothing to be read, else that of the
 * lines, so that what was logged while nobody looked is judged in its own time. */
static ts_ns watermark(const struct feed_tail *t)
{
    ts_ns now = clock_wall(), until = read_until(t, NULL);
    if (until == TIME_NONE)
        return TIME_NONE;
    return (until < now ? until : now) - t->settings.late;
}

static ts_ns later(ts_ns time, ts_ns by)
{
    return time != TIME_NONE && time < TIME_MAX - by ? time + by : time;
}

/* Reads what one log has new and hands it on. Returns whether there may be more. */
static bool poll_log(struct feed_tail *t, struct log *log)
{
    uint64_t lines = 0;
    ts_ns step = later(ingest_follow_time(log->follow), STEP);
    ts_ns ahead = later(read_until(t, log), AHEAD);
    ts_ns until = step < ahead ? step : ahead;
    t->batch = feed_batch_new(t->settings.source);
    if (t->batch == NULL)
        return false;
    enum err err = ingest_follow_poll(log->follow, LINES_A_POLL, until, on_event, t, &lines);
    t->batch->watermark = watermark(t);
    t->batch->offset_name = mem_strdup(log->offset_name);
    ingest_follow_save(log->follow, &t->batch->offset);
    bool whole =
        err == ERR_NONE && !t->failed && buf_ok(&t->batch->offset) && t->batch->offset_name != NULL;
    /* Lines were read that nobody gets: only going on from the kept position brings them again. */
    t->failed |= !whole;
    if (!whole || !ring_push(t->settings.ring, t->batch))
        feed_batch_free(t->batch);
    t->batch = NULL;
    return whole && lines > 0 && ingest_follow_time(log->follow) != TIME_MAX;
}

static void *run(void *arg)
{
    struct feed_tail *t = arg;
    while (!t->failed) {
        bool more = false;
        for (size_t i = 0; i < t->n; i++)
            more |= poll_log(t, &t->logs[i]);
        if (ring_closed(t->wake))
            break;
        if (!more)
            (void)ring_pop_wait(t->wake, POLL_EVERY);
    }
    t->last->watermark = watermark(t);
    if (ring_push(t->settings.ring, t->last))
        t->last = NULL;
    return NULL;
}

enum err feed_tail_start(const struct feed_tail_settings *settings, struct feed_tail **out,
                         struct err_text *why)
{
    struct feed_tail *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    t->settings = *settings;
    t->logs = mem_zero(settings->paths_n, sizeof(*t->logs));
    t->delta = ingest_delta_new(DELTA_FLOWS, (struct hash_key){1, 2}, &t->counts);
    t->wake = ring_new(1);
    t->last = feed_batch_new(settings->source);
    enum err err = t->logs != NULL && t->delta != NULL && t->wake != NULL && t->last != NULL
                       ? ERR_NONE
                       : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE) {
        t->n = settings->paths_n;
        t->last->last = true;
    }
    for (size_t i = 0; i < t->n && err == ERR_NONE; i++)
        err = open_log(t, i, why);
    if (err == ERR_NONE && pthread_create(&t->thread, NULL, run, t) != 0)
        err = err_set(why, ERR_LIMIT, "no thread for the followed logs");
    if (err != ERR_NONE) {
        feed_tail_free(t);
        return err;
    }
    t->started = true;
    *out = t;
    return ERR_NONE;
}

void feed_tail_ask_stop(struct feed_tail *t)
{
    ring_close(t->wake);
}

void feed_tail_free(struct feed_tail *t)
{
    if (t == NULL)
        return;
    if (t->started) {
        ring_close(t->wake);
        pthread_join(t->thread, NULL);
    }
    for (size_t i = 0; i < t->n; i++) {
        ingest_follow_close(t->logs[i].follow);
        mem_free(t->logs[i].offset_name);
    }
    mem_free(t->logs);
    feed_batch_free(t->last);
    ingest_delta_free(t->delta);
    ring_free(t->wake);
    mem_free(t);
}

enum err feed_tail_failure(const struct feed_tail *t, struct err_text *why)
{
    return t->failed ? err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY)) : ERR_NONE;
}
