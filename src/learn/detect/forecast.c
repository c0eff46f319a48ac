/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* qsort_r */
#include "detect/forecast.h"

#include "base/arena.h"
#include "base/mem.h"
#include "detect/engine_priv.h"
#include "model/forecast.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOCUMENTS_MOST 200000
#define MESSAGES_MAX 4
#define OF_THE_LIMIT 0.4 /* of the job's own limit the copies may take */

struct copied {
    struct model_series *series;
    uint8_t detector;
    struct bytes partition;
    struct bytes by;
};

/* What the documents say of a detector. */
struct texts {
    const char *feature;
    const char *by_name;
    const char *partition_name;
};

struct detect_forecast {
    struct arena arena; /* all texts */
    const char *job_id;
    char id[DETECT_FORECAST_ID_MAX + 1];
    ts_ns span;
    ts_ns from; /* start of the first bucket */
    ts_ns created;
    ts_ns expires_in;
    size_t buckets; /* a series */
    struct texts texts[DETECT_DETECTORS_MAX];
    struct copied *series;
    size_t n;
    uint64_t bytes;
    uint64_t sent;
    const char *messages[MESSAGES_MAX];
    size_t n_messages;
};

static enum err read_span(const char *text, const char *name, ts_ns least, ts_ns most,
                          const char *allowed, ts_ns *out, struct err_text *why)
{
    if (text == NULL)
        return ERR_NONE;
    ts_ns span;
    if (!time_parse_span(text, strlen(text), &span) || span < least || span > most)
        return err_set(why, ERR_INVALID, "%s must be %s, not '%s'", name, allowed, text);
    *out = span;
    return ERR_NONE;
}

enum err detect_forecast_read(const char *duration, const char *expires_in, const char *memory,
                              struct detect_forecast_options *out, struct err_text *why)
{
    struct detect_forecast_options o = {.expires_in = DETECT_FORECAST_EXPIRES,
                                        .max_model_memory = DETECT_FORECAST_MEMORY};
    enum err e = read_span(duration, "duration", TIME_S, DETECT_FORECAST_DURATION_MOST,
                           "a time from 1s to 3650d", &o.duration, why);
    if (e == ERR_NONE)
        e = read_span(expires_in, "expires_in", 0, 10 * DETECT_FORECAST_DURATION_MOST,
                      "a time up to 36500d, 0s to keep the forecast", &o.expires_in, why);
    if (e == ERR_NONE && memory != NULL &&
        (!detect_job_bytes(memory, strlen(memory), &o.max_model_memory) ||
         o.max_model_memory < DETECT_FORECAST_MEMORY_LEAST ||
         o.max_model_memory > DETECT_FORECAST_MEMORY_MOST))
        e = err_set(why, ERR_INVALID, "max_model_memory must be a size from 1mb to 500mb, not '%s'",
                    memory);
    if (e == ERR_NONE)
        *out = o;
    return e;
}

bool detect_forecast_possible(const struct detect_detector *det)
{
    if (det->over != NULL || strcmp(det->function->full, "metric") == 0)
        return false;
    switch ((enum detect_kind)det->function->kind) {
    case DETECT_RARE:
    case DETECT_FREQ_RARE:
    case DETECT_METRIC:
    case DETECT_TIME_OF_DAY:
    case DETECT_TIME_OF_WEEK:
    case DETECT_LAT_LONG:
        return false;
    default:
        return true;
    }
}

static enum err refuse_span(const struct detect_job *job, ts_ns duration, struct err_text *why)
{
    char least[TIME_TEXT_SIZE], given[TIME_TEXT_SIZE];
    if (duration == 0 || duration >= job->bucket_span_ns)
        return ERR_NONE;
    time_format_span(job->bucket_span_ns, least);
    time_format_span(duration, given);
    return err_set(why, ERR_INVALID,
                   "duration must be at least the bucket span of job '%s', %s, not %s", job->id,
                   least, given);
}

static enum err refuse(const struct detect *d, ts_ns duration, struct err_text *why)
{
    static const char *const status[] = {"ok", "soft_limit", "hard_limit"};
    const struct detect_job *job = d->job;
    size_t possible = 0;
    for (size_t i = 0; i < job->n_detectors; i++)
        possible += detect_forecast_possible(&job->detectors[i]);
    if (possible == 0)
        return err_set(why, ERR_INVALID,
                       "job '%s' has no detector that can be foretold: not those with an over "
                       "field, nor rare, freq_rare, time_of_day, time_of_week, lat_long and metric",
                       job->id);
    if (d->closed_until == TIME_NONE || d->counts.processed == 0)
        return err_set(why, ERR_INVALID,
                       "job '%s' has processed no data yet: there is nothing to foretell from",
                       job->id);
    if (d->status != DETECT_MEMORY_OK)
        return err_set(why, ERR_INVALID,
                       "job '%s' cannot be foretold while its memory status is %s: a larger "
                       "model_memory_limit keeps its models whole",
                       job->id, status[d->status]);
    return refuse_span(job, duration, why);
}

/* ---- which series ---- */

static int compare_texts(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    return c != 0 ? c : a.n < b.n ? -1 : a.n > b.n;
}

static int by_text(const void *x, const void *y, void *ctx)
{
    const struct detect_names *names = ctx;
    const struct detect_metric *a = *(const struct detect_metric *const *)x;
    const struct detect_metric *b = *(const struct detect_metric *const *)y;
    if (a->head.detector != b->head.detector)
        return a->head.detector < b->head.detector ? -1 : 1;
    int c = compare_texts(detect_names_text(names, a->head.partition),
                          detect_names_text(names, b->head.partition));
    return c != 0 ? c
                  : compare_texts(detect_names_text(names, a->head.by),
                                  detect_names_text(names, b->head.by));
}

/* All series that can be foretold, in their order; *out_young: those that cannot yet. */
static enum err find_series(const struct detect *d, const struct detect_metric ***out,
                            size_t *out_n, size_t *out_young)
{
    size_t slots = detect_table_slots(d->table, DETECT_CLASS_METRIC);
    const struct detect_metric **list = mem_zero(slots + 1, sizeof(const struct detect_metric *));
    size_t n = 0;
    size_t young = 0;
    if (list == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < slots; i++) {
        const void *e = detect_table_at(d->table, DETECT_CLASS_METRIC, i);
        const struct detect_metric *m = e;
        if (m == NULL || m->head.detector >= d->job->n_detectors ||
            !detect_forecast_possible(&d->job->detectors[m->head.detector]))
            continue;
        if (model_forecast_ready(m->series))
            list[n++] = m;
        else
            young++;
    }
    qsort_r(list, n, sizeof(const struct detect_metric *), by_text, d->names);
    *out = list;
    *out_n = n;
    *out_young = young;
    return ERR_NONE;
}

/* ---- copies ---- */

static bool keep_text(struct arena *arena, struct bytes text, struct bytes *out)
{
    if (text.p == NULL) {
        *out = text;
        return true;
    }
    *out = bytes_make(arena_strndup(arena, (const char *)text.p, text.n), text.n);
    return out->p != NULL;
}

static bool keep_name(struct arena *arena, const char *name, const char **out)
{
    *out = name != NULL ? arena_strndup(arena, name, strlen(name)) : NULL;
    return name == NULL || *out != NULL;
}

/* As it will be at the end of the newest closed bucket: zeros not yet learned are made up. */
static void catch_up(struct model_series *s, bool zeros, ts_ns until, ts_ns span)
{
    ts_ns last = model_series_last(s);
    if (zeros && last != TIME_NONE && until - last > span)
        model_series_skip(s, last + span, (uint64_t)((until - last) / span - 1));
}

static enum err copy(struct detect_forecast *f, const struct detect *d,
                     const struct detect_metric *m, struct buf *state)
{
    const struct detect_detector *det = &d->job->detectors[m->head.detector];
    struct model_params params = detect_params(d, m->head.detector);
    struct copied *c = &f->series[f->n];
    *c = (struct copied){.detector = m->head.detector};
    if (!keep_text(&f->arena, detect_name_text(d, det->partition, m->head.partition),
                   &c->partition) ||
        !keep_text(&f->arena, detect_name_text(d, det->by, m->head.by), &c->by))
        return ERR_MEMORY;
    buf_clear(state);
    model_series_save(m->series, state);
    if (!buf_ok(state))
        return ERR_MEMORY;
    struct cursor in = cursor_make(state->p, state->n);
    enum err e = model_series_load(&in, &params, &c->series);
    if (e != ERR_NONE)
        return e;
    catch_up(c->series, det->function->zero_when_empty, d->closed_until, f->span);
    f->n++;
    return ERR_NONE;
}

/* The first of them whose copies fit. */
static enum err copy_all(struct detect_forecast *f, const struct detect *d,
                         const struct detect_metric **list, size_t n, uint64_t memory)
{
    struct buf state;
    enum err e = ERR_NONE;
    f->series = mem_zero(n + 1, sizeof(*f->series));
    if (f->series == NULL)
        return ERR_MEMORY;
    buf_init(&state);
    for (size_t i = 0; i < n && e == ERR_NONE; i++) {
        uint64_t more = model_series_memory(list[i]->series) + sizeof(struct copied) +
                        detect_names_text(d->names, list[i]->head.partition).n +
                        detect_names_text(d->names, list[i]->head.by).n;
        if (f->bytes + more > memory)
            break;
        f->bytes += more;
        e = copy(f, d, list[i], &state);
    }
    buf_release(&state);
    return e;
}

__attribute__((format(printf, 2, 3))) static enum err message(struct detect_forecast *f,
                                                              const char *format, ...)
{
    char text[256];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return keep_name(&f->arena, text, &f->messages[f->n_messages++]) ? ERR_NONE : ERR_MEMORY;
}

/* What is left out, by documents and by memory, and said. */
static enum err bound(struct detect_forecast *f, const struct detect *d,
                      const struct detect_forecast_options *o, const struct detect_metric **list,
                      size_t n, size_t young)
{
    size_t most = o->max_documents > 0 ? o->max_documents : DOCUMENTS_MOST;
    ts_ns usual = f->span > DETECT_FORECAST_DURATION ? f->span : DETECT_FORECAST_DURATION;
    size_t wanted = (size_t)((o->duration > 0 ? o->duration : usual) / f->span);
    f->buckets = wanted > most ? most : wanted;
    size_t fit = most / f->buckets;
    uint64_t memory = (uint64_t)(OF_THE_LIMIT * (double)d->job->memory_limit);
    if (o->max_model_memory < memory)
        memory = o->max_model_memory;
    enum err e = copy_all(f, d, list, n < fit ? n : fit, memory);
    if (e == ERR_NONE && wanted > most)
        e = message(f, "the forecast ends after %zu of %zu buckets", most, wanted);
    if (e == ERR_NONE && n > fit)
        e = message(f, "%zu series left out: a forecast has at most %zu documents", n - fit, most);
    if (e == ERR_NONE && f->n < (n < fit ? n : fit))
        e = message(f, "%zu series left out: their models take more than %llu bytes",
                    (n < fit ? n : fit) - f->n, (unsigned long long)memory);
    if (e == ERR_NONE && young > 0)
        e = message(f, "%zu series left out: too young to be foretold", young);
    return e;
}

static enum err fill(struct detect_forecast *f, const struct detect *d,
                     const struct detect_forecast_options *o, struct err_text *why)
{
    const struct detect_metric **list = NULL;
    size_t n = 0;
    size_t young = 0;
    const struct detect_job *job = d->job;
    f->span = job->bucket_span_ns;
    f->from = d->closed_until;
    f->created = o->created;
    f->expires_in = o->expires_in;
    snprintf(f->id, sizeof(f->id), "%s", o->id);
    bool ok = keep_name(&f->arena, job->id, &f->job_id);
    for (size_t i = 0; i < job->n_detectors && ok; i++) {
        const struct detect_detector *det = &job->detectors[i];
        f->texts[i].feature = detect_plot_feature(det);
        ok = keep_name(&f->arena, det->by, &f->texts[i].by_name) &&
             keep_name(&f->arena, det->partition, &f->texts[i].partition_name);
    }
    enum err e = ok ? find_series(d, &list, &n, &young) : ERR_MEMORY;
    if (e == ERR_NONE && n == 0)
        e = err_set(why, ERR_INVALID,
                    "job '%s' has learned too little to be foretold: no series has 20 buckets yet",
                    job->id);
    else if (e == ERR_NONE)
        e = bound(f, d, o, list, n, young);
    mem_free(list);
    return e;
}

enum err detect_forecast_new(const struct detect *d, const struct detect_forecast_options *options,
                             struct detect_forecast **out, struct err_text *why)
{
    enum err e = refuse(d, options->duration, why);
    if (e != ERR_NONE)
        return e;
    struct detect_forecast *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    arena_init(&f->arena, 0);
    e = fill(f, d, options, why);
    if (e != ERR_NONE) {
        if (e != ERR_INVALID)
            err_set(why, e, "%s", err_name(e));
        detect_forecast_free(f);
        return e;
    }
    *out = f;
    return ERR_NONE;
}

void detect_forecast_free(struct detect_forecast *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n; i++)
        model_series_free(f->series[i].series);
    mem_free(f->series);
    arena_release(&f->arena);
    mem_free(f);
}

/* ---- documents ---- */

static void send_request(const struct detect_forecast *f, bool finished, ts_ns processing_ns,
                         detect_result_fn sink, void *ctx)
{
    struct detect_result r = {.type = DETECT_RESULT_FORECAST_REQUEST,
                              .job_id = f->job_id,
                              .time = f->from,
                              .span_ns = f->span};
    r.forecast_request = (struct detect_forecast_request){
        .id = f->id,
        .finished = finished,
        .progress = finished ? 1 : 0,
        .memory_bytes = f->bytes,
        .messages = f->messages,
        .n_messages = f->n_messages,
        .created = f->created,
        .end = f->from + (ts_ns)f->buckets * f->span,
        .expiry = f->expires_in > 0 ? f->created + f->expires_in : TIME_NONE,
        .documents = f->sent,
        .processing_ns = processing_ns};
    sink(ctx, &r);
}

static void send_series(struct detect_forecast *f, const struct copied *c, detect_result_fn sink,
                        void *ctx)
{
    const struct texts *t = &f->texts[c->detector];
    for (size_t k = 0; k < f->buckets; k++) {
        struct model_forecast p;
        struct detect_result r = {.type = DETECT_RESULT_MODEL_FORECAST,
                                  .job_id = f->job_id,
                                  .time = f->from + (ts_ns)k * f->span,
                                  .span_ns = f->span};
        model_forecast_at(c->series, r.time, &p);
        r.forecast = (struct detect_forecast_point){.id = f->id,
                                                    .detector = c->detector,
                                                    .feature = t->feature,
                                                    .by_name = t->by_name,
                                                    .partition_name = t->partition_name,
                                                    .by = c->by,
                                                    .partition = c->partition,
                                                    .lower = p.lower,
                                                    .prediction = p.prediction,
                                                    .upper = p.upper};
        sink(ctx, &r);
        f->sent++;
    }
}

void detect_forecast_run(struct detect_forecast *f, detect_result_fn sink, bool (*go_on)(void *ctx),
                         void *ctx)
{
    send_request(f, false, 0, sink, ctx);
    for (size_t i = 0; i < f->n && (go_on == NULL || go_on(ctx)); i++)
        send_series(f, &f->series[i], sink, ctx);
}

void detect_forecast_finished(const struct detect_forecast *f, ts_ns processing_ns,
                              detect_result_fn sink, void *ctx)
{
    send_request(f, true, processing_ns, sink, ctx);
}
