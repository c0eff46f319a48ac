/* SPDX-License-Identifier: Apache-2.0 */
#include "preview/preview.h"

#include "base/buf.h"
#include "base/mem.h"
#include "detect/calendar.h"
#include "detect/filter.h"
#include "detect/schedule.h"
#include "engine/jobs.h"
#include "engine/rows.h"
#include "event/event.h"
#include "preview/preview_priv.h"
#include "query/datemath.h"
#include "query/index.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LEARN_TIME (3 * TIME_DAY)
#define LEARN_BUCKETS 20
#define PER_DAY_MAX 1e6

static void tally_init(struct preview_tally *t)
{
    for (size_t i = 0; i < PREVIEW_SCORES; i++)
        t->last[i] = TIME_NONE;
}

static void keep_worst(struct preview *p, const struct detect_result *r)
{
    double score = r->record.score;
    size_t at = p->n_worst;
    while (at > 0 && p->worst[at - 1].score < score)
        at--;
    if (at == PREVIEW_WORST)
        return;
    struct buf doc;
    buf_init(&doc);
    detect_result_write(r, &doc);
    struct preview_record x = {.score = score, .time = r->time, .n = doc.n};
    x.doc = buf_take(&doc, NULL);
    if (x.doc == NULL) {
        p->failed = ERR_MEMORY;
        return;
    }
    if (p->n_worst == PREVIEW_WORST)
        mem_free(p->worst[--p->n_worst].doc);
    memmove(&p->worst[at + 1], &p->worst[at], (p->n_worst - at) * sizeof(p->worst[0]));
    p->worst[at] = x;
    p->n_worst++;
}

static struct preview_tally *tally_at(struct preview *p, ts_ns time)
{
    return time < p->learn_until ? &p->learning : &p->judged;
}

/* The bucket's records have come. */
static void count_bucket(struct preview *p, ts_ns time)
{
    struct preview_tally *t = tally_at(p, time);
    for (int i = 0; i <= p->most; i++) {
        bool on = t->last[i] != TIME_NONE && time - t->last[i] <= 2 * p->job->bucket_span_ns;
        t->buckets[i]++;
        t->episodes[i] += !on;
        t->last[i] = time;
    }
    p->most = -1;
}

static void on_result(void *ctx, const struct detect_result *r)
{
    struct preview *p = ctx;
    if (r->interim)
        return;
    if (r->type == DETECT_RESULT_BUCKET)
        count_bucket(p, r->time);
    if (r->type != DETECT_RESULT_RECORD)
        return;
    int score = (int)floor(r->record.score);
    tally_at(p, r->time)->records[score]++;
    if (score > p->most)
        p->most = score;
    if (r->time >= p->learn_until)
        keep_worst(p, r);
}

static enum err read_time(const char *text, ts_ns otherwise, ts_ns now, ts_ns *out,
                          struct err_text *why)
{
    *out = otherwise;
    if (text == NULL)
        return ERR_NONE;
    struct datemath_span span;
    const struct datemath_options options = {.now = now};
    enum err err = query_datemath_parse(text, strlen(text), &options, &span, why);
    if (err == ERR_NONE)
        *out = span.from;
    return err;
}

enum err preview_read(struct preview_settings *s, const char *from, const char *to,
                      const char *per_day, ts_ns now, struct err_text *why)
{
    char *end = NULL;
    enum err err = read_time(from, TIME_NONE, now, &s->from, why);
    if (err == ERR_NONE)
        err = read_time(to, TIME_MAX, now, &s->to, why);
    s->per_day = 0;
    if (err != ERR_NONE || per_day == NULL)
        return err;
    double v = strtod(per_day, &end);
    if (end == per_day || *end != '\0' || !(v > 0) || v > PER_DAY_MAX)
        return err_set(why, ERR_INVALID,
                       "--alerts-per-day expects a number above 0, such as 3 or 0.5, not '%s'",
                       per_day);
    s->per_day = v;
    return ERR_NONE;
}

/* A module's file has no id of its own: the job is called as the file is. */
static void name_job(struct detect_job *job, const char *file)
{
    char id[DETECT_JOB_ID_MAX + 1] = "";
    const char *base = strrchr(file, '/') != NULL ? strrchr(file, '/') + 1 : file;
    size_t n = strcspn(base, ".");
    if (n <= DETECT_JOB_ID_MAX)
        memcpy(id, base, n);
    if (!detect_job_set_id(job, id))
        (void)detect_job_set_id(job, "job");
}

/* In the files of a package stands what the installer fills in: until then it is any index. */
#define ANY_INDEX "INDEX_PATTERN_NAME"

static enum err choose_indices(struct preview *p, struct err_text *why)
{
    for (size_t i = 0; i < p->feed->n_indices; i++) {
        if (strcmp(p->feed->indices[i], ANY_INDEX) == 0)
            return ERR_NONE;
    }
    return query_index_new((const char *const *)p->feed->indices, p->feed->n_indices, &p->index,
                           why);
}

/* The scheduled events of its calendars, in whose buckets the job says and learns nothing. */
static enum err take_calendars(struct preview *p, const struct detect_calendars *calendars)
{
    struct detect_schedule *schedule = NULL;
    if (calendars == NULL)
        return ERR_NONE;
    enum err err = detect_schedule_new(calendars, p->job, &schedule);
    if (err == ERR_NONE)
        detect_take_schedule(p->engine, schedule);
    return err;
}

enum err preview_new(const struct preview_settings *s, struct preview **out, struct err_text *why)
{
    static const struct detect_filters none = {0};
    struct preview *p = mem_zero(1, sizeof(*p));
    if (p == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    p->from = s->from;
    p->to = s->to;
    p->per_day = s->per_day;
    p->expected = p->first = p->learn_until = p->end = TIME_NONE;
    p->most = -1;
    tally_init(&p->judged);
    tally_init(&p->learning);
    const struct detect_options options = {
        .seed = ENGINE_JOBS_SEED, .follow_records = true, .sink = on_result, .ctx = p};
    const struct detect_filters *filters = s->filters != NULL ? s->filters : &none;
    enum err err =
        detect_job_parse(s->job, s->job_n, s->job_file, filters->list, filters->n, &p->job, why);
    if (err == ERR_NONE && s->feed != NULL)
        err = detect_feed_parse(s->feed, s->feed_n, s->feed_file, &p->feed, why);
    if (err == ERR_NONE && p->job->id[0] == '\0')
        name_job(p->job, s->job_file);
    if (err == ERR_NONE && p->feed != NULL && p->feed->aggs != NULL)
        err = detect_feed_fits(p->feed, p->job, why);
    if (err == ERR_NONE && p->feed != NULL && p->feed->aggs != NULL)
        err = engine_rows_new(p->feed, NULL, &p->rows, why);
    if (err == ERR_NONE && p->feed != NULL)
        err = choose_indices(p, why);
    if (err == ERR_NONE) {
        err = detect_new(p->job, &options, &p->engine);
        if (err == ERR_NONE)
            err = take_calendars(p, s->calendars);
        if (err != ERR_NONE)
            err_set(why, err, "%s", err_name(err));
    }
    if (err != ERR_NONE) {
        preview_free(p);
        return err;
    }
    *out = p;
    return ERR_NONE;
}

void preview_free(struct preview *p)
{
    if (p == NULL)
        return;
    for (size_t i = 0; i < p->n_worst; i++)
        mem_free(p->worst[i].doc);
    detect_free(p->engine);
    engine_rows_free(p->rows);
    query_index_free(p->index);
    detect_feed_free(p->feed);
    detect_job_free(p->job);
    mem_free(p);
}

const char *preview_note(const struct preview *p, size_t i)
{
    if (i < p->job->n_notes)
        return p->job->notes[i];
    i -= p->job->n_notes;
    return p->feed != NULL && i < p->feed->n_notes ? p->feed->notes[i] : NULL;
}

const struct query *preview_query(const struct preview *p)
{
    return p->feed != NULL ? p->feed->query : NULL;
}

bool preview_wants(const struct preview *p, const struct event *e)
{
    return (p->from == TIME_NONE || e->time >= p->from) && e->time < p->to &&
           (p->index == NULL || query_index_match(p->index, e)) && detect_feed_match(p->feed, e);
}

void preview_expect(struct preview *p, ts_ns last)
{
    p->expected = last;
}

/* Three days and twenty buckets, but at most half of what is to come. */
static void begin_learning(struct preview *p, ts_ns time)
{
    ts_ns span = p->job->bucket_span_ns;
    ts_ns learn = LEARN_BUCKETS * span > LEARN_TIME ? LEARN_BUCKETS * span : LEARN_TIME;
    p->first = time_floor(time, span);
    if (p->expected != TIME_NONE) {
        ts_ns half = time_floor((p->expected - p->first + span) / 2, span);
        learn = half < learn ? half : learn;
    }
    p->learn_until = p->first + time_floor(learn, span);
}

enum err preview_event(struct preview *p, const struct event *e)
{
    if (p->first == TIME_NONE)
        begin_learning(p, e->time);
    p->events++;
    enum err err = p->rows != NULL ? engine_rows_follow(p->rows, e, p->job->latency_ns, p->engine)
                                   : detect_event(p->engine, e);
    return err == ERR_NONE ? p->failed : err;
}

enum err preview_finish(struct preview *p, ts_ns end)
{
    ts_ns span = p->job->bucket_span_ns;
    enum err err = p->rows != NULL ? engine_rows_give(p->rows, TIME_MAX, p->engine) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    ts_ns latest = detect_counts(p->engine)->latest_record;
    if (latest == TIME_NONE)
        return p->failed;
    if (end == TIME_MAX)
        end = time_floor(latest, span) + span + p->job->latency_ns;
    err = detect_advance(p->engine, end);
    if (err == ERR_NONE)
        err = detect_finish(p->engine);
    p->end = detect_final_until(p->engine);
    if (p->end > end)
        p->end = end;
    return err == ERR_NONE ? p->failed : err;
}

uint64_t preview_alerts(const struct preview_tally *t, unsigned threshold)
{
    uint64_t n = 0;
    for (unsigned i = threshold; i < PREVIEW_SCORES; i++)
        n += t->records[i];
    return n;
}

double preview_days(const struct preview *p)
{
    if (p->end == TIME_NONE || p->end <= p->learn_until)
        return 0;
    return (double)(p->end - p->learn_until) / (double)TIME_DAY;
}

unsigned preview_wished(const struct preview *p)
{
    double most = p->per_day * preview_days(p);
    for (unsigned i = 1; i < PREVIEW_SCORES; i++) {
        if ((double)preview_alerts(&p->judged, i) <= most)
            return i;
    }
    return 0;
}
