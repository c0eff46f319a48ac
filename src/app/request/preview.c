/* SPDX-License-Identifier: Apache-2.0 */
/* job preview: a job over the stored events. docs/method/preview.md. */
#include "request/request_priv.h"

#include "base/arena.h"
#include "engine/calendars.h"
#include "engine/filters.h"
#include "engine/place.h"
#include "event/event.h"
#include "package/package.h"
#include "preview/preview.h"
#include "store/state.h"
#include "store/store.h"

#include <string.h>

/* Events of a slice, about, and the span of time that the first one looks at. */
#define SLICE_EVENTS 40000
#define SLICE_WINDOW TIME_HOUR
#define WINDOW_MAX (64 * TIME_DAY)

struct past {
    struct request_asked *asked;
    struct preview *preview;
    struct engine_place reached;
    uint64_t n; /* events of the slice */
    enum err err;
};

static bool take(void *ctx, struct event *e)
{
    struct past *x = ctx;
    struct engine_place place = engine_place_of(e);
    if (!engine_place_is_after(place, x->reached))
        return true;
    x->reached = place;
    x->n++;
    if (preview_wants(x->preview, e))
        x->err = preview_event(x->preview, e);
    return x->err == ERR_NONE && x->n < SLICE_EVENTS;
}

/* The stored events from <= time < to, slice by slice, so that no search lasts long. */
static enum err run_past(struct past *x, ts_ns from, ts_ns to, struct err_text *why)
{
    ts_ns window = SLICE_WINDOW;
    x->reached = ENGINE_PLACE_NONE;
    while (from < to) {
        ts_ns until = from < to - window ? from + window : to;
        const struct store_search what = {.query = preview_query(x->preview),
                                          .from = from,
                                          .to = until,
                                          .apart = true,
                                          .cancel = request_asked_cancel(x->asked)};
        x->n = 0;
        enum err err = store_search(x->asked->data->store, &what, take, x, why);
        if (x->err != ERR_NONE)
            return err_set(why, x->err, "the job failed: %s", err_name(x->err));
        if (err != ERR_NONE)
            return err;
        if (x->n >= SLICE_EVENTS) {
            from = x->reached.time;
            window = window > TIME_S ? window / 2 : window;
        } else {
            from = until;
            window = x->n < SLICE_EVENTS / 2 && window < WINDOW_MAX ? window * 2 : window;
        }
    }
    return ERR_NONE;
}

/* The preview over what is stored. */
static enum err run(struct request_asked *a, struct preview *p, ts_ns from, ts_ns to,
                    struct err_text *why)
{
    struct past past = {.asked = a, .preview = p};
    struct store_stats stats;
    store_stats(a->data->store, &stats);
    if (stats.first_time == TIME_NONE)
        return ERR_NONE;
    ts_ns end = stats.last_time + 1;
    if (to != TIME_MAX)
        end = to < a->data->now() ? to : a->data->now();
    preview_expect(p, end);
    if (from == TIME_NONE || from < stats.first_time)
        from = stats.first_time;
    enum err err = run_past(&past, from, end, why);
    if (err == ERR_NONE && (err = preview_finish(p, end)) != ERR_NONE)
        err_set(why, err, "the job failed: %s", err_name(err));
    return err;
}

static enum err see_output(const struct request_asked *a, bool *out_json, struct err_text *why)
{
    const char *kind = request_asked_text(a, "output", "table");
    *out_json = strcmp(kind, "ndjson") == 0;
    if (!*out_json && strcmp(kind, "table") != 0)
        return err_set(why, ERR_INVALID, "--output expects ndjson or table, not '%s'", kind);
    return ERR_NONE;
}

/* A job that a shipped package has; *out holds it. ERR_NOT_FOUND. */
static enum err find_shipped(const char *id, struct preview_settings *s, struct package **out,
                             struct err_text *why)
{
    for (size_t i = 0; i < package_shipped_count(); i++) {
        struct package *p;
        enum err err = package_open(package_shipped_name(i), NULL, &p, why);
        if (err != ERR_NONE)
            return err;
        for (size_t k = 0; k < package_jobs(p); k++) {
            const struct package_job *job = package_job_at(p, k);
            if (strcmp(job->id, id) != 0)
                continue;
            s->job = job->job;
            s->job_n = job->job_n;
            s->job_file = job->file;
            s->feed = job->datafeed;
            s->feed_n = job->datafeed_n;
            s->feed_file = job->datafeed_file;
            *out = p;
            return ERR_NONE;
        }
        package_free(p);
    }
    return err_set(why, ERR_NOT_FOUND,
                   "there is no job '%s', nor in a shipped package; weir job list shows those that "
                   "are installed",
                   id);
}

/* The job that is asked for: its text in the request, or its id, of one that is installed or could
 * be. */
static enum err find_job(struct request_asked *a, struct arena *arena, struct package **package,
                         struct preview_settings *s, struct err_text *why)
{
    const char *id = request_asked_text(a, "id", NULL);
    s->job = request_asked_text(a, "job", "");
    s->job_file = request_asked_text(a, "job_file", "job");
    s->feed = request_asked_text(a, "datafeed", NULL);
    s->feed_file = request_asked_text(a, "datafeed_file", "datafeed");
    if (id != NULL) {
        struct store_job row;
        enum err err = store_state_job_get(a->data->state, id, arena, &row);
        if (err == ERR_NOT_FOUND)
            return find_shipped(id, s, package, why);
        if (err != ERR_NONE)
            return err_set(why, err, "job '%s' cannot be read: %s", id, err_name(err));
        s->job = row.config;
        s->feed = row.datafeed;
        s->job_file = s->feed_file = row.id;
    }
    s->job_n = strlen(s->job);
    s->feed_n = s->feed != NULL ? strlen(s->feed) : 0;
    return ERR_NONE;
}

static enum err make(struct request_asked *a, struct preview_settings *s, struct preview **out,
                     struct err_text *why)
{
    struct arena arena;
    struct package *package = NULL;
    struct detect_filters filters = {0};
    struct detect_calendars calendars = {0};
    arena_init(&arena, 0);
    enum err err = find_job(a, &arena, &package, s, why);
    if (err == ERR_NONE)
        err = engine_filters_read(a->data->state, &filters, why);
    if (err == ERR_NONE)
        err = engine_calendars_read(a->data->state, &calendars, why);
    s->filters = &filters;
    s->calendars = &calendars;
    if (err == ERR_NONE)
        err = preview_new(s, out, why);
    detect_calendars_release(&calendars);
    detect_filters_release(&filters);
    package_free(package);
    arena_release(&arena);
    return err;
}

/* A preview takes what a job takes: one at a time. */
static enum err enter(struct request_data *d, struct err_text *why)
{
    pthread_mutex_lock(&d->lock);
    bool busy = d->previews;
    d->previews = true;
    pthread_mutex_unlock(&d->lock);
    return busy ? err_set(why, ERR_BUSY, "another preview runs; ask again when it has ended")
                : ERR_NONE;
}

static void leave(struct request_data *d)
{
    pthread_mutex_lock(&d->lock);
    d->previews = false;
    pthread_mutex_unlock(&d->lock);
}

static enum err print(struct request_asked *a, const struct preview *p, bool json,
                      struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    if (json)
        preview_json(p, &text);
    else
        preview_table(p, &text);
    enum err err = buf_ok(&text) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        request_asked_print(a, text.p, text.n);
    buf_release(&text);
    return err;
}

int request_preview(struct request_asked *a)
{
    struct err_text why;
    struct preview *p = NULL;
    struct preview_settings s = {.per_day = 0};
    bool json;
    enum err err = see_output(a, &json, &why);
    if (err == ERR_NONE)
        err =
            preview_read(&s, request_asked_text(a, "from", NULL), request_asked_text(a, "to", NULL),
                         request_asked_text(a, "alerts_per_day", NULL), a->data->now(), &why);
    if (err == ERR_NONE)
        err = make(a, &s, &p, &why);
    for (size_t i = 0; err == ERR_NONE && preview_note(p, i) != NULL; i++)
        request_asked_remark(a, "weir: %s", preview_note(p, i));
    if (err == ERR_NONE && (err = enter(a->data, &why)) == ERR_NONE) {
        err = run(a, p, s.from, s.to, &why);
        leave(a->data);
    }
    if (err == ERR_NONE)
        err = print(a, p, json, &why);
    preview_free(p);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
