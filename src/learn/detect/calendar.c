/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/calendar.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/mem.h"
#include "detect/job.h"
#include "detect/read_priv.h"
#include "detect/row.h"
#include "format/node.h"
#include "format/write.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

#define SHIFT_END 86400 /* seconds */

static void scheduled_release(struct detect_scheduled *e)
{
    mem_free(e->id);
    mem_free(e->description);
}

static void events_free(struct detect_scheduled *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        scheduled_release(&list[i]);
    mem_free(list);
}

static void calendar_free(struct detect_calendar *c)
{
    if (c == NULL)
        return;
    events_free(c->events, c->n_events);
    detect_read_strings_free(c->jobs, c->n_jobs);
    mem_free(c->id);
    mem_free(c->description);
    mem_free(c);
}

/* ---- reading ---- */

static enum err read_id(const struct format_node *v, const char *what, const char *key, char **out,
                        struct err_text *why)
{
    TRY(detect_read_str(v, key, out, why));
    if (*out != NULL && detect_job_id_valid(*out))
        return ERR_NONE;
    const struct format_node *at = format_node_get(v, key);
    return format_node_err(at != NULL ? at : v, why, ERR_INVALID,
                           "%s needs %s: at most %d of a-z, 0-9, '-' and '_', with a letter or "
                           "digit at both ends",
                           what, key, DETECT_JOB_ID_MAX);
}

static enum err read_instant(const struct format_node *v, const char *key, ts_ns *out,
                             struct err_text *why)
{
    const struct format_node *t = format_node_get(v, key);
    int64_t ms = format_node_int(t, 0);
    ts_ns time = 0;
    bool ok = false;
    if (format_node_type(t) == FORMAT_STRING) {
        ok = time_parse_iso(format_node_str(t, ""), format_node_str_len(t), &time);
    } else if (format_node_type(t) == FORMAT_INT) {
        ok = ms >= -DETECT_TIME_BOUND / TIME_MS && ms <= DETECT_TIME_BOUND / TIME_MS;
        time = ok ? ms * TIME_MS : 0;
    }
    if (!ok || time < -DETECT_TIME_BOUND || time > DETECT_TIME_BOUND)
        return format_node_err(t != NULL ? t : v, why, ERR_INVALID,
                               "an event needs %s: epoch milliseconds or ISO 8601, in the years "
                               "1824 to 2116",
                               key);
    *out = time_floor(time, TIME_MS);
    return ERR_NONE;
}

/* What is the same event has the same id. */
static char *make_id(const char *calendar_id, const struct detect_scheduled *e)
{
    static const struct hash_key key = {0x7363686564, 0x756c6564};
    struct buf b;
    buf_init(&b);
    buf_add(&b, calendar_id, strlen(calendar_id) + 1);
    buf_add(&b, e->description, strlen(e->description) + 1);
    buf_le64(&b, (uint64_t)e->start);
    buf_le64(&b, (uint64_t)e->end);
    uint64_t hash = buf_ok(&b) ? hash_bytes(key, b.p, b.n) : 0;
    bool ok = buf_ok(&b);
    buf_clear(&b);
    buf_format(&b, "%016" PRIx64, hash);
    char *id = ok && buf_ok(&b) ? mem_strdup(buf_text(&b)) : NULL;
    buf_release(&b);
    return id;
}

/* Seconds, and less than a day of them: a week's course does not move by days. */
static enum err read_shift(const struct format_node *v, ts_ns *out, struct err_text *why)
{
    const struct format_node *shift = format_node_get(v, "force_time_shift");
    if (shift == NULL || format_node_type(shift) == FORMAT_NULL)
        return ERR_NONE;
    int64_t s = format_node_int(shift, INT64_MAX);
    if (format_node_type(shift) != FORMAT_INT || s <= -SHIFT_END || s >= SHIFT_END)
        return format_node_err(shift, why, ERR_INVALID,
                               "force_time_shift must be a whole number of seconds between -86399 "
                               "and 86399");
    *out = s * TIME_S;
    return ERR_NONE;
}

static enum err read_event(const struct format_node *v, const char *calendar_id,
                           struct detect_scheduled *e, const struct detect_notes *notes,
                           struct err_text *why)
{
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "an event must be a JSON object");
    TRY(detect_read_str(v, "description", &e->description, why));
    if (e->description == NULL || e->description[0] == '\0')
        return format_node_err(v, why, ERR_INVALID, "an event needs a description");
    TRY(read_instant(v, "start_time", &e->start, why));
    TRY(read_instant(v, "end_time", &e->end, why));
    if (e->end <= e->start)
        return format_node_err(format_node_get(v, "end_time"), why, ERR_INVALID,
                               "end_time must be later than start_time");
    e->skip_result = e->skip_model_update = true;
    TRY(detect_read_bool(v, "skip_result", &e->skip_result, why));
    TRY(detect_read_bool(v, "skip_model_update", &e->skip_model_update, why));
    TRY(read_shift(v, &e->shift, why));
    const struct format_node *of = format_node_get(v, "calendar_id");
    if (of != NULL && strcmp(format_node_str(of, ""), calendar_id) != 0)
        return format_node_err(of, why, ERR_INVALID,
                               "the calendar_id of an event must be that of its calendar, \"%s\"",
                               calendar_id);
    const struct format_node *id = format_node_get(v, "event_id");
    if (id != NULL && format_node_type(id) != FORMAT_NULL)
        TRY(read_id(v, "an event", "event_id", &e->id, why));
    else if ((e->id = make_id(calendar_id, e)) == NULL)
        return ERR_MEMORY;
    return detect_read_unknown(v, "an event", notes);
}

static int by_id(const void *x, const void *y)
{
    const struct detect_scheduled *a = x;
    const struct detect_scheduled *b = y;
    return strcmp(a->id, b->id);
}

static int by_start(const void *x, const void *y)
{
    const struct detect_scheduled *a = x;
    const struct detect_scheduled *b = y;
    if (a->start != b->start)
        return a->start < b->start ? -1 : 1;
    if (a->end != b->end)
        return a->end < b->end ? -1 : 1;
    return strcmp(a->id, b->id);
}

/* Those of `more` take the place of events of their ids. Both lists are used up. */
static enum err merge(struct detect_calendar *c, struct detect_scheduled *more, size_t n)
{
    struct detect_scheduled *list = mem_zero(c->n_events + n + 1, sizeof(*list));
    if (list == NULL) {
        events_free(more, n);
        return ERR_MEMORY;
    }
    size_t kept = 0;
    /* more is in the order of ids, each once. */
    for (size_t i = 0; i < c->n_events; i++) {
        if (n > 0 && bsearch(&c->events[i], more, n, sizeof(*more), by_id) != NULL)
            scheduled_release(&c->events[i]);
        else
            list[kept++] = c->events[i];
    }
    if (n > 0)
        memcpy(&list[kept], more, n * sizeof(*more));
    kept += n;
    if (kept > 1)
        qsort(list, kept, sizeof(*list), by_start);
    mem_free(c->events);
    mem_free(more);
    c->events = list;
    c->n_events = kept;
    return ERR_NONE;
}

struct placed {
    struct detect_scheduled event;
    size_t at;
};

static int by_id_and_place(const void *x, const void *y)
{
    const struct placed *a = x;
    const struct placed *b = y;
    int c = strcmp(a->event.id, b->event.id);
    if (c != 0)
        return c;
    return a->at < b->at ? -1 : a->at > b->at;
}

/* In the order of ids, of each the one written last. */
static enum err settle(struct detect_scheduled *list, size_t *n)
{
    struct placed *placed = mem_zero(*n + 1, sizeof(*placed));
    if (placed == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < *n; i++)
        placed[i] = (struct placed){list[i], i};
    if (*n > 1)
        qsort(placed, *n, sizeof(*placed), by_id_and_place);
    size_t kept = 0;
    for (size_t i = 0; i < *n; i++) {
        if (i + 1 < *n && strcmp(placed[i].event.id, placed[i + 1].event.id) == 0)
            scheduled_release(&placed[i].event);
        else
            list[kept++] = placed[i].event;
    }
    mem_free(placed);
    *n = kept;
    return ERR_NONE;
}

/* Adds all or nothing. v: a list of events. */
static enum err add_events(struct detect_calendar *c, const struct format_node *v,
                           const struct detect_notes *notes, struct err_text *why)
{
    bool single = format_node_type(v) == FORMAT_OBJECT;
    if (!single && format_node_type(v) != FORMAT_ARRAY)
        return format_node_err(v, why, ERR_INVALID, "events must be a list of events");
    size_t count = single ? 1 : format_node_count(v);
    if (count + c->n_events > DETECT_SCHEDULED_MAX)
        return format_node_err(v, why, ERR_INVALID, "a calendar may hold at most %d events",
                               DETECT_SCHEDULED_MAX);
    struct detect_scheduled *list = mem_zero(count + 1, sizeof(*list));
    if (list == NULL)
        return ERR_MEMORY;
    size_t n = 0;
    enum err e = ERR_NONE;
    for (size_t i = 0; i < count && e == ERR_NONE; i++) {
        n = i + 1;
        e = read_event(single ? v : format_node_at(v, i), c->id, &list[i], notes, why);
    }
    if (e == ERR_NONE)
        e = settle(list, &n);
    if (e != ERR_NONE) {
        events_free(list, n);
        return e;
    }
    return merge(c, list, n);
}

static enum err read_jobs(const struct format_node *v, struct detect_calendar *c,
                          struct err_text *why)
{
    TRY(detect_read_strings(v, "job_ids", DETECT_CALENDAR_JOBS_MAX, &c->jobs, &c->n_jobs, why));
    for (size_t i = 0; i < c->n_jobs; i++) {
        if (!detect_job_id_valid(c->jobs[i]) && strcmp(c->jobs[i], "_all") != 0)
            return format_node_err(format_node_get(v, "job_ids"), why, ERR_INVALID,
                                   "job_ids must hold ids of jobs or groups, or \"_all\"; "
                                   "\"%.100s\" is none",
                                   c->jobs[i]);
    }
    return ERR_NONE;
}

static enum err read_calendar(const struct format_node *v, struct detect_calendar *c,
                              const struct detect_notes *notes, struct err_text *why)
{
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "a calendar must be a JSON object");
    TRY(read_id(v, "a calendar", "calendar_id", &c->id, why));
    TRY(detect_read_str(v, "description", &c->description, why));
    if (c->description == NULL && (c->description = mem_strdup("")) == NULL)
        return ERR_MEMORY;
    TRY(read_jobs(v, c, why));
    const struct format_node *events = format_node_get(v, "events");
    c->has_events = events != NULL && format_node_type(events) != FORMAT_NULL;
    if (c->has_events && format_node_type(events) != FORMAT_ARRAY)
        return format_node_err(events, why, ERR_INVALID, "events must be a list of events");
    if (c->has_events)
        TRY(add_events(c, events, notes, why));
    return detect_read_unknown(v, "a calendar", notes);
}

static enum err add_calendar(void *ctx, const struct format_node *v, struct err_text *why)
{
    struct detect_calendars *set = ctx;
    const struct detect_notes notes = {&set->notes, &set->n_notes};
    struct detect_calendar **list =
        mem_resize(set->list, set->n + 1, sizeof(struct detect_calendar *));
    if (list == NULL)
        return ERR_MEMORY;
    set->list = list;
    struct detect_calendar *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return ERR_MEMORY;
    enum err e = read_calendar(v, c, &notes, why);
    if (e == ERR_NONE && detect_calendars_find(set, c->id) != NULL)
        e = format_node_err(v, why, ERR_INVALID, "the calendar_id \"%s\" is given twice", c->id);
    if (e != ERR_NONE) {
        calendar_free(c);
        return e;
    }
    list[set->n++] = c;
    return ERR_NONE;
}

static enum err add_calendars(struct detect_calendars *set, const struct format_node *root,
                              struct err_text *why)
{
    const struct detect_notes notes = {&set->notes, &set->n_notes};
    return detect_read_listed(root, "calendars", DETECT_CALENDARS_MAX, &notes, add_calendar, set,
                              why);
}

enum err detect_calendars_from_node(struct detect_calendars *set, const struct format_node *node,
                                    struct err_text *why)
{
    size_t before = set->n;
    enum err e = add_calendars(set, node, why);
    if (e == ERR_MEMORY)
        err_set(why, e, "no memory for the calendars");
    while (e != ERR_NONE && set->n > before)
        calendar_free(set->list[--set->n]);
    return e;
}

enum err detect_calendars_parse(struct detect_calendars *set, const char *text, size_t n,
                                const char *file, struct err_text *why)
{
    struct format_node *root = NULL;
    enum err e = format_node_json(text, n, file, &root, why);
    if (e == ERR_NONE)
        e = detect_calendars_from_node(set, root, why);
    format_node_free(root);
    return e;
}

bool detect_calendars_walk(void *ctx, const char *id, const char *doc)
{
    struct detect_calendars_walk *w = ctx;
    w->err = detect_calendars_parse(w->set, doc, strlen(doc), id, w->why);
    return w->err == ERR_NONE;
}

void detect_calendars_release(struct detect_calendars *set)
{
    for (size_t i = 0; i < set->n; i++)
        calendar_free(set->list[i]);
    mem_free(set->list);
    detect_read_strings_free(set->notes, set->n_notes);
    *set = (struct detect_calendars){0};
}

struct detect_calendar *detect_calendars_find(const struct detect_calendars *set, const char *id)
{
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->list[i]->id, id) == 0)
            return set->list[i];
    }
    return NULL;
}

bool detect_calendar_covers(const struct detect_calendar *c, const struct detect_job *job)
{
    for (size_t i = 0; i < c->n_jobs; i++) {
        if (strcmp(c->jobs[i], "_all") == 0 || strcmp(c->jobs[i], job->id) == 0)
            return true;
        for (size_t k = 0; k < job->n_groups; k++) {
            if (strcmp(c->jobs[i], job->groups[k]) == 0)
                return true;
        }
    }
    return false;
}

static enum err add_document(struct detect_calendar *c, const struct format_node *root,
                             struct detect_calendars *set, struct err_text *why)
{
    const struct detect_notes notes = {&set->notes, &set->n_notes};
    const struct format_node *list = format_node_get(root, "events");
    if (list == NULL)
        return add_events(c, root, &notes, why);
    static const char *const idle[] = {"count"};
    detect_read_ignore(root, idle, 1);
    TRY(detect_read_unknown(root, "the list of events", &notes));
    return add_events(c, list, &notes, why);
}

enum err detect_calendar_add(struct detect_calendar *c, const char *text, size_t n,
                             const char *file, struct detect_calendars *set, struct err_text *why)
{
    struct format_node *root = NULL;
    enum err e = format_node_json(text, n, file, &root, why);
    if (e == ERR_NONE)
        e = add_document(c, root, set, why);
    format_node_free(root);
    if (e == ERR_MEMORY)
        err_set(why, e, "no memory for the events");
    return e;
}

bool detect_calendar_remove(struct detect_calendar *c, const char *event_id)
{
    for (size_t i = 0; i < c->n_events; i++) {
        if (strcmp(c->events[i].id, event_id) != 0)
            continue;
        scheduled_release(&c->events[i]);
        c->n_events--;
        memmove(&c->events[i], &c->events[i + 1], (c->n_events - i) * sizeof(*c->events));
        return true;
    }
    return false;
}

/* ---- writing ---- */

static void write_event(const struct detect_calendar *c, const struct detect_scheduled *e,
                        struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_str(w, "calendar_id", c->id);
    format_write_field_str(w, "event_id", e->id);
    format_write_field_str(w, "description", e->description);
    format_write_field_i64(w, "start_time", e->start / TIME_MS);
    format_write_field_i64(w, "end_time", e->end / TIME_MS);
    format_write_field_bool(w, "skip_result", e->skip_result);
    format_write_field_bool(w, "skip_model_update", e->skip_model_update);
    if (e->shift != 0)
        format_write_field_i64(w, "force_time_shift", e->shift / TIME_S);
    format_write_end_object(w);
}

void detect_scheduled_write(const struct detect_calendar *c, const struct detect_scheduled *e,
                            struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    write_event(c, e, &w);
}

void detect_calendar_write(const struct detect_calendar *c, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "calendar_id", c->id);
    format_write_field_str(&w, "description", c->description);
    format_write_key(&w, "job_ids");
    format_write_begin_array(&w);
    for (size_t i = 0; i < c->n_jobs; i++)
        format_write_str(&w, c->jobs[i]);
    format_write_end_array(&w);
    format_write_key(&w, "events");
    format_write_begin_array(&w);
    for (size_t i = 0; i < c->n_events; i++)
        write_event(c, &c->events[i], &w);
    format_write_end_array(&w);
    format_write_end_object(&w);
}
