/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/schedule.h"

#include "base/mem.h"
#include "detect/calendar.h"
#include "detect/job.h"

#include <stdlib.h>
#include <string.h>

/* Whole buckets, [first, end) in time. */
struct run {
    ts_ns first;
    ts_ns end;
};

/* Runs in order, none touching another. */
struct runs {
    struct run *list;
    size_t n;
};

struct named {
    ts_ns start;
    ts_ns end;
    ts_ns latest; /* of its end and all before it in the list */
    ts_ns shift;
    char *description;
};

struct detect_schedule {
    ts_ns span;
    struct named *events; /* by start, end, text */
    size_t n_events;
    struct runs silent;  /* buckets that are not reported */
    struct runs unknown; /* buckets that are not learned */
};

void detect_schedule_free(struct detect_schedule *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_events; i++)
        mem_free(s->events[i].description);
    mem_free(s->events);
    mem_free(s->silent.list);
    mem_free(s->unknown.list);
    mem_free(s);
}

static int by_start(const void *x, const void *y)
{
    const struct named *a = x;
    const struct named *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return strcmp(a->description, b->description);
}

static int by_first(const void *x, const void *y)
{
    const struct run *a = x;
    const struct run *b = y;
    return a->first < b->first ? -1 : a->first > b->first;
}

static void add_run(struct runs *r, const struct detect_scheduled *e, ts_ns span)
{
    ts_ns last = time_floor(e->end - 1, span);
    r->list[r->n++] = (struct run){time_floor(e->start, span), last + span};
}

static void join_runs(struct runs *r)
{
    size_t kept = 0;
    if (r->n > 1)
        qsort(r->list, r->n, sizeof(*r->list), by_first);
    for (size_t i = 0; i < r->n; i++) {
        if (kept > 0 && r->list[i].first <= r->list[kept - 1].end) {
            if (r->list[i].end > r->list[kept - 1].end)
                r->list[kept - 1].end = r->list[i].end;
        } else {
            r->list[kept++] = r->list[i];
        }
    }
    r->n = kept;
}

static enum err take_event(struct detect_schedule *s, const struct detect_scheduled *e)
{
    struct named *x = &s->events[s->n_events];
    *x = (struct named){.start = e->start, .end = e->end, .shift = e->shift};
    x->description = mem_strdup(e->description);
    if (x->description == NULL)
        return ERR_MEMORY;
    s->n_events++;
    if (e->skip_result)
        add_run(&s->silent, e, s->span);
    if (e->skip_model_update)
        add_run(&s->unknown, e, s->span);
    return ERR_NONE;
}

static enum err take_events(struct detect_schedule *s, const struct detect_calendars *calendars,
                            const struct detect_job *job)
{
    for (size_t i = 0; i < calendars->n; i++) {
        const struct detect_calendar *c = calendars->list[i];
        if (!detect_calendar_covers(c, job))
            continue;
        for (size_t k = 0; k < c->n_events; k++) {
            enum err e = take_event(s, &c->events[k]);
            if (e != ERR_NONE)
                return e;
        }
    }
    if (s->n_events > 1)
        qsort(s->events, s->n_events, sizeof(*s->events), by_start);
    for (size_t i = 0; i < s->n_events; i++) {
        ts_ns before = i > 0 ? s->events[i - 1].latest : TIME_NONE;
        s->events[i].latest = s->events[i].end > before ? s->events[i].end : before;
    }
    join_runs(&s->silent);
    join_runs(&s->unknown);
    return ERR_NONE;
}

enum err detect_schedule_new(const struct detect_calendars *calendars, const struct detect_job *job,
                             struct detect_schedule **out)
{
    size_t n = 0;
    for (size_t i = 0; i < calendars->n; i++) {
        if (detect_calendar_covers(calendars->list[i], job))
            n += calendars->list[i]->n_events;
    }
    if (n == 0) {
        *out = NULL;
        return ERR_NONE;
    }
    struct detect_schedule *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return ERR_MEMORY;
    s->span = job->bucket_span_ns;
    s->events = mem_zero(n, sizeof(*s->events));
    s->silent.list = mem_zero(n, sizeof(*s->silent.list));
    s->unknown.list = mem_zero(n, sizeof(*s->unknown.list));
    enum err e = ERR_MEMORY;
    if (s->events != NULL && s->silent.list != NULL && s->unknown.list != NULL)
        e = take_events(s, calendars, job);
    if (e != ERR_NONE) {
        detect_schedule_free(s);
        return e;
    }
    *out = s;
    return ERR_NONE;
}

/* The first run that ends after t; r->n when none does. */
static size_t run_after(const struct runs *r, ts_ns t)
{
    size_t low = 0;
    size_t high = r->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (r->list[mid].end <= t)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_in(const struct runs *r, ts_ns bucket)
{
    size_t at = run_after(r, bucket);
    return at < r->n && r->list[at].first <= bucket;
}

struct detect_schedule_verdict detect_schedule_at(const struct detect_schedule *s, ts_ns bucket)
{
    if (s == NULL)
        return (struct detect_schedule_verdict){false, false};
    return (struct detect_schedule_verdict){is_in(&s->silent, bucket), is_in(&s->unknown, bucket)};
}

/* How many events begin before t. */
static size_t events_before(const struct detect_schedule *s, ts_ns t)
{
    size_t low = 0;
    size_t high = s->n_events;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->events[mid].start < t)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static bool is_named(const char *const *names, size_t n, const char *text)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], text) == 0)
            return true;
    }
    return false;
}

size_t detect_schedule_names(const struct detect_schedule *s, ts_ns bucket,
                             const char *out[DETECT_SCHEDULE_NAMES_MAX])
{
    if (s == NULL)
        return 0;
    size_t to = events_before(s, bucket + s->span);
    size_t from = to;
    size_t n = 0;
    while (from > 0 && s->events[from - 1].latest > bucket)
        from--;
    for (size_t i = from; i < to && n < DETECT_SCHEDULE_NAMES_MAX; i++) {
        if (s->events[i].end > bucket && !is_named(out, n, s->events[i].description))
            out[n++] = s->events[i].description;
    }
    return n;
}

ts_ns detect_schedule_shift(const struct detect_schedule *s, ts_ns from, ts_ns to)
{
    ts_ns sum = 0;
    if (s == NULL)
        return 0;
    size_t end = events_before(s, to);
    for (size_t i = events_before(s, from); i < end; i++)
        sum += s->events[i].shift;
    return sum % TIME_DAY;
}

bool detect_schedule_learned(const struct detect_schedule *s, ts_ns span, ts_ns *from, ts_ns to,
                             ts_ns *out_first, uint64_t *out_n)
{
    ts_ns first = *from;
    ts_ns end = to;
    if (s != NULL) {
        size_t at = run_after(&s->unknown, first);
        if (at < s->unknown.n && s->unknown.list[at].first <= first)
            first = s->unknown.list[at++].end;
        if (at < s->unknown.n && s->unknown.list[at].first < end)
            end = s->unknown.list[at].first;
    }
    if (first >= to)
        return false;
    *from = end;
    *out_first = first;
    *out_n = (uint64_t)((end - first) / span);
    return true;
}
