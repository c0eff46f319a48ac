/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/live.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "format/write.h"

#include <string.h>

#define STATUS_EVERY (5 * TIME_S)

struct daemon_live {
    daemon_live_publish_fn publish;
    void *ctx;
    struct map *results; /* job id: the time of its newest result */
    ts_ns interim;       /* TIME_NONE: none */
    ts_ns told;          /* passing time of the last status */
};

struct daemon_live *daemon_live_new(daemon_live_publish_fn publish, void *ctx)
{
    struct daemon_live *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    *l = (struct daemon_live){
        .publish = publish, .ctx = ctx, .interim = TIME_NONE, .told = TIME_NONE};
    l->results = map_new((struct hash_key){5, 6}); /* ids of jobs are no traffic */
    if (l->results == NULL) {
        mem_free(l);
        return NULL;
    }
    return l;
}

void daemon_live_free(struct daemon_live *l)
{
    if (l == NULL)
        return;
    map_free(l->results);
    mem_free(l);
}

/* Without memory an event is lost: whoever looks next sees what it was about. */
static void tell(struct daemon_live *l, const char *name, const struct buf *json)
{
    if (buf_ok(json))
        l->publish(l->ctx, name, (struct bytes){(const uint8_t *)buf_text(json), json->n});
}

void daemon_live_result(struct daemon_live *l, const char *job_id, ts_ns at)
{
    bool fresh;
    uint64_t *time = map_put(l->results, job_id, strlen(job_id), &fresh);
    if (time != NULL && (fresh || (ts_ns)*time < at))
        *time = (uint64_t)at;
}

void daemon_live_interim(struct daemon_live *l, ts_ns at)
{
    l->interim = at;
}

void daemon_live_changed(struct daemon_live *l, const char *command, const char *verb,
                         const char *id)
{
    struct format_writer w;
    struct buf json;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", command);
    format_write_field_str(&w, "verb", verb);
    format_write_field_str(&w, "id", id);
    format_write_end_object(&w);
    tell(l, "changed", &json);
    buf_release(&json);
}

bool daemon_live_is_due(const struct daemon_live *l, ts_ns steady)
{
    return l->told == TIME_NONE || steady - l->told >= STATUS_EVERY;
}

void daemon_live_status(struct daemon_live *l, const struct daemon_live_status *status, ts_ns wall,
                        ts_ns steady)
{
    struct format_writer w;
    struct buf json;
    l->told = steady;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_object(&w);
    format_write_key(&w, "time");
    format_write_time(&w, wall);
    format_write_key(&w, "engine_time");
    if (status->engine == TIME_NONE)
        format_write_null(&w);
    else
        format_write_time(&w, status->engine);
    format_write_field_i64(&w, "events", (int64_t)status->events);
    format_write_field_i64(&w, "alerts", (int64_t)status->alerts);
    format_write_field_bool(&w, "behind", status->behind);
    format_write_end_object(&w);
    tell(l, "status", &json);
    buf_release(&json);
}

static void tell_results(struct daemon_live *l)
{
    const void *id;
    size_t at = 0, n;
    uint64_t *time;
    while (map_next(l->results, &at, &id, &n, &time)) {
        struct format_writer w;
        struct buf json;
        buf_init(&json);
        format_write_init(&w, &json);
        format_write_begin_object(&w);
        format_write_key(&w, "job_id");
        format_write_str_n(&w, id, n);
        format_write_key(&w, "time");
        format_write_time(&w, (ts_ns)*time);
        format_write_end_object(&w);
        tell(l, "results", &json);
        buf_release(&json);
    }
}

void daemon_live_flush(struct daemon_live *l)
{
    tell_results(l);
    if (l->interim != TIME_NONE) {
        struct format_writer w;
        struct buf json;
        buf_init(&json);
        format_write_init(&w, &json);
        format_write_begin_object(&w);
        format_write_key(&w, "time");
        format_write_time(&w, l->interim);
        format_write_end_object(&w);
        tell(l, "interim", &json);
        buf_release(&json);
    }
    daemon_live_drop(l);
}

void daemon_live_drop(struct daemon_live *l)
{
    map_clear(l->results);
    l->interim = TIME_NONE;
}
