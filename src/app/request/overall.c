/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "base/mem.h"
#include "detect/job.h"
#include "detect/overall.h"
#include "engine/filters.h"
#include "store/state.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Buckets of the shortest span in one look at state.db. */
#define WINDOW 1000

struct overall_asked {
    struct request_asked *asked;
    const char *names; /* ids, groups and patterns, with commas between */
    struct arena arena;
    struct detect_filters filters;
    const char **ids; /* in order */
    size_t n, cap;
    ts_ns longest;
    ts_ns shortest;
    struct detect_overall *overall;
    struct buf line;
    ts_ns first; /* of the next bucket */
    struct err_text *why;
    enum err err;
};

/* Whether one of the names is that id, or matches it. */
static bool names_one(const char *names, const char *id)
{
    char pattern[DETECT_JOB_ID_MAX + 1];
    for (const char *p = names; *p != '\0'; p += *p == ',') {
        size_t n = strcspn(p, ",");
        if (n <= DETECT_JOB_ID_MAX) {
            memcpy(pattern, p, n);
            pattern[n] = '\0';
            if (strcmp(pattern, "_all") == 0 || fnmatch(pattern, id, 0) == 0)
                return true;
        }
        p += n;
    }
    return false;
}

static bool take_job(void *ctx, const struct store_job *row)
{
    struct overall_asked *o = ctx;
    struct detect_job *job = NULL;
    struct err_text why;
    if (detect_job_parse(row->config, strlen(row->config), row->id, o->filters.list, o->filters.n,
                         &job, &why) != ERR_NONE) {
        request_asked_remark(o->asked, "weir: job '%s' is left out: %s", row->id, why.message);
        return true;
    }
    bool wanted = names_one(o->names, row->id);
    for (size_t i = 0; i < job->n_groups && !wanted; i++)
        wanted = names_one(o->names, job->groups[i]);
    ts_ns span = job->bucket_span_ns;
    detect_job_free(job);
    if (!wanted)
        return true;
    void *ids = o->ids;
    char *id = arena_strndup(&o->arena, row->id, strlen(row->id));
    if (id == NULL || mem_grow(&ids, &o->cap, o->n + 1, sizeof(const char *)) != 0) {
        o->err = err_set(o->why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        return false;
    }
    o->ids = ids;
    o->ids[o->n++] = id;
    o->longest = span > o->longest ? span : o->longest;
    o->shortest = o->shortest == 0 || span < o->shortest ? span : o->shortest;
    return true;
}

static enum err find_jobs(struct overall_asked *o)
{
    struct store_state *state = o->asked->data->state;
    enum err err = engine_filters_read(state, &o->filters, o->why);
    if (err != ERR_NONE)
        return err;
    o->asked->hold = true;
    err = store_state_job_list(state, take_job, o);
    enum err flushed = request_asked_flush(o->asked, o->why);
    if (err != ERR_NONE)
        return err_set(o->why, err, "the jobs cannot be listed: %s", err_name(err));
    if (flushed != ERR_NONE)
        return flushed;
    if (o->err == ERR_NONE && o->n == 0)
        return err_set(o->why, ERR_NOT_FOUND, "there is no job '%s'; weir job list shows them",
                       o->names);
    return o->err;
}

static enum err read_options(struct overall_asked *o, struct detect_overall_options *out)
{
    const char *span = request_asked_text(o->asked, "bucket_span", NULL);
    const char *top = request_asked_text(o->asked, "top_n", "1");
    char *end;
    errno = 0;
    long n = strtol(top, &end, 10);
    if (top[0] == '\0' || *end != '\0' || errno != 0 || n < 1)
        return err_set(o->why, ERR_INVALID, "top_n must be a whole number from 1 on, not '%s'",
                       top);
    out->top_n = (size_t)n;
    out->span = out->bucket_span = o->longest;
    if (span != NULL && (!time_parse_span(span, strlen(span), &out->bucket_span) ||
                         out->bucket_span < o->longest || out->bucket_span > 366 * TIME_DAY))
        return err_set(o->why, ERR_INVALID,
                       "bucket_span must be a time from the largest span of the jobs (%llds) to "
                       "366d, not '%s'",
                       (long long)(o->longest / TIME_S), span);
    return request_asked_score(o->asked, "min_score", &out->min_score, o->why);
}

static void print_overall(void *ctx, const struct detect_result *r)
{
    struct overall_asked *o = ctx;
    buf_clear(&o->line);
    detect_result_write(r, &o->line);
    buf_char(&o->line, '\n');
    if (!buf_ok(&o->line))
        o->err = ERR_MEMORY;
    else
        request_asked_print(o->asked, o->line.p, o->line.n);
}

static bool take_first(void *ctx, const struct store_result *r)
{
    ((struct overall_asked *)ctx)->first = r->time;
    return false;
}

static int compare(const void *id, const void *at)
{
    return strcmp(id, *(const char *const *)at);
}

static bool add_bucket(void *ctx, const struct store_result *r)
{
    struct overall_asked *o = ctx;
    const char *const *at = bsearch(r->job_id, o->ids, o->n, sizeof(o->ids[0]), compare);
    if (at != NULL)
        detect_overall_add(o->overall, (size_t)(at - o->ids), r->time, r->score, r->is_interim);
    return o->err == ERR_NONE;
}

/* Time in pieces, emptiness passed over: nobody reads while state.db is held. */
static enum err walk(struct overall_asked *o, ts_ns from, ts_ns to)
{
    struct request_asked *a = o->asked;
    struct store_result_filter filter = {.jobs = o->ids, .jobs_n = o->n, .type = "bucket"};
    if (request_asked_text(a, "exclude_interim", NULL) != NULL)
        filter.interim = STORE_INTERIM_NO;
    ts_ns window = WINDOW * o->shortest > o->longest ? WINDOW * o->shortest : o->longest;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && from < to && !a->closed) {
        filter.from = from;
        filter.to = to - 1;
        filter.limit = 1;
        o->first = TIME_NONE;
        err = store_state_result_list(a->data->state, &filter, take_first, o, NULL);
        if (err != ERR_NONE || o->first == TIME_NONE)
            break;
        filter.from = o->first;
        if (window < to - o->first)
            filter.to = o->first + window - 1;
        from = filter.to + 1;
        filter.limit = 0;
        a->hold = true;
        err = store_state_result_list(a->data->state, &filter, add_bucket, o, NULL);
        enum err flushed = request_asked_flush(a, o->why);
        err = err == ERR_NONE ? flushed : err;
        err = err == ERR_NONE ? o->err : err;
    }
    if (err != ERR_NONE)
        return err_set(o->why, err, "the buckets cannot be read: %s", err_name(err));
    detect_overall_end(o->overall);
    return o->err == ERR_NONE ? ERR_NONE : err_set(o->why, o->err, "%s", err_name(o->err));
}

/* From and to, widened to whole stretches; far beyond any bucket when they were not given. */
static enum err read_times(struct overall_asked *o, ts_ns span, ts_ns *from, ts_ns *to)
{
    const ts_ns bound = INT64_MAX / 2;
    enum err err = request_asked_time(o->asked, "from", -bound, from, o->why);
    if (err == ERR_NONE)
        err = request_asked_time(o->asked, "to", bound, to, o->why);
    *from = *from > -bound ? time_floor(*from, span) : -bound;
    *to = *to < bound ? time_floor(*to + span - 1, span) : bound;
    return err;
}

int request_overall(struct request_asked *a)
{
    struct err_text why;
    struct overall_asked o = {
        .asked = a, .names = request_asked_text(a, "id", "_all"), .why = &why};
    struct detect_overall_options options = {.sink = print_overall, .ctx = &o};
    ts_ns from = 0;
    ts_ns to = 0;
    arena_init(&o.arena, 0);
    buf_init(&o.line);
    enum err err = find_jobs(&o);
    if (err == ERR_NONE)
        err = read_options(&o, &options);
    if (err == ERR_NONE)
        err = read_times(&o, options.bucket_span, &from, &to);
    if (err == ERR_NONE) {
        options.jobs = o.ids;
        options.n_jobs = o.n;
        o.overall = detect_overall_new(&options);
        err = o.overall != NULL ? walk(&o, from, to)
                                : err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    detect_overall_free(o.overall);
    detect_filters_release(&o.filters);
    mem_free(o.ids);
    buf_release(&o.line);
    arena_release(&o.arena);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
