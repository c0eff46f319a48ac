/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/forecasts.h"

#include "base/clock.h"
#include "base/mem.h"
#include "detect/forecast.h"
#include "format/node.h"
#include "store/state.h"

#include <stdio.h>
#include <string.h>

/* Documents of one transaction: others wait for so many at most. */
#define BATCH 500

static const char request_type[] = "model_forecast_request_stats";

static enum err cannot(enum err err, struct err_text *why)
{
    return err == ERR_NONE ? err : err_set(why, err, "forecasts cannot be kept: %s", err_name(err));
}

static struct store_result_filter one_id(const char *const *job_id, const char *id)
{
    return (struct store_result_filter){
        .jobs = job_id, .jobs_n = 1, .id = id, .from = TIME_NONE, .to = TIME_MAX, .limit = 1};
}

static bool nothing(void *ctx, const struct store_result *r)
{
    (void)ctx;
    (void)r;
    return false;
}

enum err engine_forecasts_id(struct store_state *state, const char *job_id, ts_ns now,
                             int64_t *last, char out[ENGINE_FORECAST_ID_SIZE], struct err_text *why)
{
    struct buf id;
    enum err err = ERR_NONE;
    uint64_t taken = 1;
    int64_t n = time_floor(now, TIME_MS) / TIME_MS;
    if (n <= *last)
        n = *last + 1;
    buf_init(&id);
    for (; err == ERR_NONE && taken > 0; n++) {
        snprintf(out, ENGINE_FORECAST_ID_SIZE, "%lld", (long long)n);
        buf_clear(&id);
        buf_format(&id, "%s_%s_%s", job_id, request_type, out);
        struct store_result_filter filter = one_id(&job_id, buf_text(&id));
        err = buf_ok(&id) ? store_state_result_list(state, &filter, nothing, NULL, &taken)
                          : ERR_MEMORY;
    }
    buf_release(&id);
    if (err == ERR_NONE)
        *last = n - 1;
    return cannot(err, why);
}

/* ---- writing ---- */

struct writing {
    struct store_state *state;
    struct buf id;
    struct buf doc;
    size_t in_batch; /* documents of the open transaction */
    bool (*gone)(void *ctx);
    void *ctx;
    enum err err;
};

static void commit(struct writing *w)
{
    if (w->in_batch == 0)
        return;
    w->in_batch = 0;
    if (w->err != ERR_NONE) {
        store_state_rollback(w->state);
        return;
    }
    struct err_text why;
    w->err = store_state_commit(w->state, &why);
}

static void on_result(void *ctx, const struct detect_result *r)
{
    struct writing *w = ctx;
    if (w->err != ERR_NONE)
        return;
    buf_clear(&w->id);
    buf_clear(&w->doc);
    detect_result_id(r, &w->id);
    detect_result_write(r, &w->doc);
    if (!buf_ok(&w->id) || !buf_ok(&w->doc))
        w->err = ERR_MEMORY;
    else if (w->in_batch == 0)
        w->err = store_state_begin(w->state);
    if (w->err != ERR_NONE)
        return;
    const struct store_result row = {.job_id = r->job_id,
                                     .type =
                                         detect_result_type_name((enum detect_result_type)r->type),
                                     .id = buf_text(&w->id),
                                     .doc = buf_text(&w->doc),
                                     .doc_len = w->doc.n,
                                     .time = r->time};
    w->in_batch++;
    w->err = store_state_result_put(w->state, &row);
    if (w->err != ERR_NONE || w->in_batch >= BATCH)
        commit(w);
}

static bool goes_on(void *ctx)
{
    struct writing *w = ctx;
    if (w->err == ERR_NONE && w->gone != NULL && w->gone(w->ctx))
        w->err = ERR_STOPPED;
    return w->err == ERR_NONE;
}

enum err engine_forecasts_write(struct store_state *state, struct detect_forecast *f,
                                const char *job_id, const char *id, bool (*gone)(void *ctx),
                                void *ctx, struct buf *out, struct err_text *why)
{
    struct writing w = {.state = state, .gone = gone, .ctx = ctx};
    ts_ns start = clock_steady();
    buf_init(&w.id);
    buf_init(&w.doc);
    detect_forecast_run(f, on_result, goes_on, &w);
    detect_forecast_finished(f, clock_steady() - start, on_result, &w);
    commit(&w);
    if (w.err == ERR_NONE) {
        buf_add(out, w.doc.p, w.doc.n);
        w.err = buf_ok(out) ? ERR_NONE : ERR_MEMORY;
    }
    buf_release(&w.id);
    buf_release(&w.doc);
    if (w.err == ERR_NONE)
        return ERR_NONE;
    struct err_text late;
    (void)!engine_forecasts_delete(state, job_id, id, &late);
    return cannot(w.err, why);
}

/* ---- deleting ---- */

enum err engine_forecasts_delete(struct store_state *state, const char *job_id, const char *id,
                                 struct err_text *why)
{
    struct buf prefix;
    buf_init(&prefix);
    buf_format(&prefix, "%s_model_forecast_%s", job_id, id != NULL ? id : "");
    if (id != NULL)
        buf_char(&prefix, '_');
    enum err err = buf_ok(&prefix) ? store_state_begin(state) : ERR_MEMORY;
    if (err == ERR_NONE) {
        err = store_state_result_delete_ids(state, job_id, buf_text(&prefix));
        if (id != NULL && (err == ERR_NONE || err == ERR_NOT_FOUND)) {
            /* Its own document goes with the rest, and may be all there is. */
            buf_clear(&prefix);
            buf_format(&prefix, "%s_%s_%s", job_id, request_type, id);
            err = buf_ok(&prefix) ? store_state_result_delete_id(state, job_id, buf_text(&prefix))
                                  : ERR_MEMORY;
        }
        if (err == ERR_NONE)
            err = store_state_commit(state, why);
        else
            store_state_rollback(state);
    }
    buf_release(&prefix);
    if (err == ERR_NOT_FOUND && id != NULL)
        return err_set(why, err, "job '%s' has no forecast '%s'", job_id, id);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "job '%s' has no forecast", job_id);
    return cannot(err, why);
}

/* What has expired: pairs of texts, each ended by NUL. */
struct expired {
    ts_ns now;
    struct buf texts;
};

static bool look_at(void *ctx, const struct store_result *r)
{
    struct expired *e = ctx;
    struct format_node *node;
    struct err_text why;
    size_t n = r->doc_len > 0 ? r->doc_len : strlen(r->doc);
    if (format_node_json(r->doc, n, r->id, &node, &why) != ERR_NONE)
        return true;
    int64_t at = format_node_int(format_node_get(node, "forecast_expiry_timestamp"), INT64_MAX);
    const char *id = format_node_str(format_node_get(node, "forecast_id"), NULL);
    if (id != NULL && at <= e->now / TIME_MS) {
        buf_add(&e->texts, r->job_id, strlen(r->job_id) + 1);
        buf_add(&e->texts, id, strlen(id) + 1);
    }
    format_node_free(node);
    return true;
}

enum err engine_forecasts_expire(struct store_state *state, ts_ns now, struct err_text *why)
{
    struct expired e = {.now = now};
    buf_init(&e.texts);
    const struct store_result_filter all = {
        .type = request_type, .from = TIME_NONE, .to = TIME_MAX};
    enum err err = cannot(store_state_result_list(state, &all, look_at, &e, NULL), why);
    if (err == ERR_NONE && !buf_ok(&e.texts))
        err = cannot(ERR_MEMORY, why);
    const char *p = e.texts.p;
    while (err == ERR_NONE && p != NULL && p < e.texts.p + e.texts.n) {
        const char *job_id = p;
        const char *id = job_id + strlen(job_id) + 1;
        p = id + strlen(id) + 1;
        err = engine_forecasts_delete(state, job_id, id, why);
        if (err == ERR_NOT_FOUND) /* somebody else was faster */
            err = ERR_NONE;
    }
    buf_release(&e.texts);
    return err;
}
