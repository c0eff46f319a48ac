/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars, their events and their jobs. */
#include "ml/rows.h"

#include "api/api.h"
#include "detect/calendar.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "format/node.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/name.h"
#include "ml/page.h"
#include "ml/shape.h"

#include <string.h>

static enum err no_calendar(struct api_call *c, const char *id, struct err_text *why)
{
    return api_call_fail(c, 404, "resource_not_found_exception", why, "No calendar with id [%s]",
                         id);
}

static enum err read_all(struct api_call *c, struct detect_calendars *out, struct err_text *why)
{
    struct detect_calendars_walk walk = {.set = out, .why = why};
    enum err err =
        store_state_listed_all(c->ports->state, STORE_CALENDARS, detect_calendars_walk, &walk);
    return err == ERR_NONE ? walk.err : ml_find_broken(err, why);
}

/* Without its events, as the API shows it. */
static void write_calendar(const struct detect_calendar *cal, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_str(w, "calendar_id", cal->id);
    format_write_key(w, "job_ids");
    format_write_begin_array(w);
    for (size_t i = 0; i < cal->n_jobs; i++)
        format_write_str(w, cal->jobs[i]);
    format_write_end_array(w);
    if (cal->description[0] != '\0')
        format_write_field_str(w, "description", cal->description);
    format_write_end_object(w);
}

static bool has_calendar(void *ctx, const char *pattern, size_t n)
{
    const struct detect_calendars *all = ctx;
    for (size_t i = 0; i < all->n; i++)
        if (ml_find_fits_one(pattern, n, all->list[i]->id))
            return true;
    return false;
}

static enum err get(struct api_call *c, struct err_text *why)
{
    const char *wanted = ml_find_part(c, "calendar_id");
    struct detect_calendars all = {0};
    struct format_node *body;
    struct ml_page page;
    char missing[200];
    size_t total = 0;
    enum err err = api_call_body(c, false, &body, why);
    if (err == ERR_NONE)
        err = ml_page_read(c, ML_PAGE_MOST, &page, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = read_all(c, &all, why);
    wanted = wanted != NULL ? wanted : "_all";
    if (err == ERR_NONE &&
        !ml_find_complete(wanted, false, has_calendar, &all, missing, sizeof(missing)))
        err = no_calendar(c, missing, why);
    if (err == ERR_NONE) {
        for (size_t i = 0; i < all.n; i++)
            total += ml_find_fits(wanted, all.list[i]->id);
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)total);
        format_write_key(&c->out, "calendars");
        format_write_begin_array(&c->out);
        uint64_t at = 0;
        for (size_t i = 0; i < all.n; i++) {
            if (!ml_find_fits(wanted, all.list[i]->id))
                continue;
            if (at >= page.from && at - page.from < page.size)
                write_calendar(all.list[i], &c->out);
            at++;
        }
        format_write_end_array(&c->out);
        format_write_end_object(&c->out);
    }
    detect_calendars_release(&all);
    return err;
}

/* The calendar of the path, from all. */
static enum err find_one(struct api_call *c, struct detect_calendars *all,
                         struct detect_calendar **out, struct err_text *why)
{
    const char *id = ml_find_part(c, "calendar_id");
    enum err err = read_all(c, all, why);
    if (err != ERR_NONE)
        return err;
    *out = detect_calendars_find(all, id);
    return *out != NULL ? ERR_NONE : no_calendar(c, id, why);
}

static enum err show(struct api_call *c, struct err_text *why)
{
    struct detect_calendars all = {0};
    struct detect_calendar *cal;
    enum err err = find_one(c, &all, &cal, why);
    if (err == ERR_NONE)
        write_calendar(cal, &c->out);
    detect_calendars_release(&all);
    return err;
}

static enum err put(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"calendar_id", "job_ids", "description", NULL};
    const char *id = ml_find_part(c, "calendar_id");
    struct detect_calendars all = {0};
    struct format_node *body;
    struct format_writer w;
    struct buf text;
    enum err err = api_call_body(c, false, &body, why);
    if (err == ERR_NONE && body != NULL)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE)
        err = ml_name_check(c, "calendar_id", id, why);
    if (err == ERR_NONE && body != NULL)
        err = ml_name_same(c, body, "calendar_id", id, why);
    if (err == ERR_NONE)
        err = read_all(c, &all, why);
    if (err == ERR_NONE && detect_calendars_find(&all, id) != NULL)
        err = api_call_fail(c, 400, "resource_already_exists_exception", why,
                            "Cannot create calendar with id [%s] as it already exists", id);
    detect_calendars_release(&all);
    if (err != ERR_NONE)
        return err;
    buf_init(&text);
    format_write_init(&w, &text);
    format_write_begin_object(&w);
    format_write_field_str(&w, "calendar_id", id);
    for (size_t i = 1; keys[i] != NULL; i++) {
        const struct format_node *v = format_node_get(body, keys[i]);
        if (format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key(&w, keys[i]);
        format_node_write_value(v, &w);
    }
    format_write_end_object(&w);
    err = ml_ask_put(c, "calendar", "put", id, "", &text, why);
    buf_release(&text);
    return err == ERR_NONE ? show(c, why) : err;
}

static enum err delete_one(struct api_call *c, struct err_text *why)
{
    struct detect_calendars all = {0};
    struct detect_calendar *cal;
    struct ml_ask a;
    enum err err = find_one(c, &all, &cal, why);
    detect_calendars_release(&all);
    if (err != ERR_NONE)
        return err;
    ml_ask_init(&a, "calendar", "delete");
    ml_ask_add(&a, "id", ml_find_part(c, "calendar_id"));
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

/* Names of the path that are among the calendar's jobs (or are not) leave it or come to it. */
static enum err change_jobs(struct api_call *c, bool add, struct err_text *why)
{
    const char *names = ml_find_part(c, "job_id");
    struct detect_calendars all = {0};
    struct detect_calendar *cal;
    struct format_writer w;
    struct buf text, was;
    buf_init(&text);
    buf_init(&was);
    enum err err = store_state_listed_get(c->ports->state, STORE_CALENDARS,
                                          ml_find_part(c, "calendar_id"), &was);
    err = err == ERR_NONE || err == ERR_NOT_FOUND ? find_one(c, &all, &cal, why)
                                                  : ml_find_broken(err, why);
    if (err == ERR_NONE) {
        format_write_init(&w, &text);
        format_write_begin_object(&w);
        format_write_field_str(&w, "calendar_id", cal->id);
        format_write_field_str(&w, "description", cal->description);
        format_write_key(&w, "job_ids");
        format_write_begin_array(&w);
        size_t kept = 0;
        for (size_t i = 0; i < cal->n_jobs; i++) {
            if (ml_find_fits(names, cal->jobs[i]))
                continue;
            format_write_str(&w, cal->jobs[i]);
            kept++;
        }
        for (const char *p = names; add && *(p += strspn(p, ",")) != '\0';) {
            size_t n = strcspn(p, ",");
            format_write_str_n(&w, p, n);
            p += n;
        }
        format_write_end_array(&w);
        format_write_end_object(&w);
        if (!add && kept == cal->n_jobs)
            err = api_call_fail(c, 404, "resource_not_found_exception", why,
                                "Calendar [%s] does not cover job [%s]", cal->id, names);
    }
    if (err == ERR_NONE)
        err = ml_ask_put(c, "calendar", "put", cal->id, buf_text(&was), &text, why);
    buf_release(&text);
    buf_release(&was);
    detect_calendars_release(&all);
    return err == ERR_NONE ? show(c, why) : err;
}

static enum err put_job(struct api_call *c, struct err_text *why)
{
    return change_jobs(c, true, why);
}

static enum err delete_job(struct api_call *c, struct err_text *why)
{
    return change_jobs(c, false, why);
}

/* Who events are asked for. */
struct covered {
    const char *id;         /* of a job, or a group; NULL: nobody was named */
    struct detect_job *job; /* NULL: it is a group */
};

static enum err read_job(struct api_call *c, struct covered *out, struct err_text *why)
{
    struct ml_found found;
    struct store_job row;
    struct detect_filters filters = {0};
    enum err err = api_call_text(c, "job_id", NULL, &out->id, why);
    if (err != ERR_NONE || out->id == NULL)
        return err;
    err = ml_find_jobs(c, out->id, false, &found, why);
    if (err != ERR_NONE || store_state_job_get(c->ports->state, out->id, &c->arena, &row) != 0)
        return err;
    err = ml_shape_filters(c, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(row.config, strlen(row.config), row.id, filters.list, filters.n,
                               &out->job, why);
    if (err == ERR_NONE)
        detect_job_set_id(out->job, row.id);
    detect_filters_release(&filters);
    return err;
}

static bool covers(const struct detect_calendar *cal, const struct covered *who)
{
    if (who->id == NULL)
        return true;
    if (who->job != NULL)
        return detect_calendar_covers(cal, who->job);
    for (size_t i = 0; i < cal->n_jobs; i++)
        if (strcmp(cal->jobs[i], who->id) == 0 || strcmp(cal->jobs[i], "_all") == 0)
            return true;
    return false;
}

static enum err get_events(struct api_call *c, struct err_text *why)
{
    const char *wanted = ml_find_part(c, "calendar_id");
    struct detect_calendars all = {0};
    struct covered who = {NULL, NULL};
    struct ml_docs docs = {.arena = &c->arena};
    struct ml_page page;
    struct buf one;
    char missing[200];
    ts_ns from, to;
    buf_init(&one);
    enum err err = ml_page_read(c, 100, &page, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "start", TIME_NONE, &from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_MAX, &to, why);
    if (err == ERR_NONE)
        err = read_job(c, &who, why);
    if (err == ERR_NONE)
        err = read_all(c, &all, why);
    if (err == ERR_NONE &&
        !ml_find_complete(wanted, false, has_calendar, &all, missing, sizeof(missing)))
        err = no_calendar(c, missing, why);
    for (size_t i = 0; err == ERR_NONE && i < all.n; i++) {
        const struct detect_calendar *cal = all.list[i];
        if (!ml_find_fits(wanted, cal->id) || !covers(cal, &who))
            continue;
        for (size_t k = 0; k < cal->n_events; k++) {
            if (cal->events[k].end <= from || cal->events[k].start >= to)
                continue;
            buf_clear(&one);
            detect_scheduled_write(cal, &cal->events[k], &one);
            if (!buf_ok(&one) || !ml_page_add(&docs, one.p, one.n, cal->events[k].start))
                err = ml_find_broken(ERR_MEMORY, why);
        }
    }
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)docs.n);
        ml_page_write(&docs, &page, "events", &c->out);
        format_write_end_object(&c->out);
    }
    ml_page_release(&docs);
    buf_release(&one);
    detect_job_free(who.job);
    detect_calendars_release(&all);
    return err;
}

static bool has_event(const struct detect_calendar *cal, const char *id)
{
    for (size_t i = 0; i < cal->n_events; i++)
        if (strcmp(cal->events[i].id, id) == 0)
            return true;
    return false;
}

/* Events that a calendar has now and had not before. */
static enum err write_new(struct api_call *c, const struct detect_calendar *before,
                          struct err_text *why)
{
    struct detect_calendars all = {0};
    struct detect_calendar *now;
    struct buf one;
    enum err err = find_one(c, &all, &now, why);
    buf_init(&one);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_key(&c->out, "events");
        format_write_begin_array(&c->out);
        for (size_t i = 0; i < now->n_events; i++) {
            if (has_event(before, now->events[i].id))
                continue;
            buf_clear(&one);
            detect_scheduled_write(now, &now->events[i], &one);
            format_write_raw(&c->out, buf_text(&one), one.n);
        }
        format_write_end_array(&c->out);
        format_write_end_object(&c->out);
    }
    buf_release(&one);
    detect_calendars_release(&all);
    return err;
}

static enum err post_events(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"events", NULL};
    struct detect_calendars all = {0};
    struct detect_calendar *before;
    struct format_node *body;
    struct buf text;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE && format_node_count(format_node_get(body, "events")) == 0)
        return api_call_fail(c, 400, "status_exception", why, "At least 1 event is required");
    if (err == ERR_NONE)
        err = find_one(c, &all, &before, why);
    if (err == ERR_NONE) {
        buf_init(&text);
        format_node_write(body, &text);
        err = ml_ask_put(c, "calendar", "add", before->id, NULL, &text, why);
        buf_release(&text);
    }
    if (err == ERR_NONE)
        err = write_new(c, before, why);
    detect_calendars_release(&all);
    return err;
}

static enum err delete_event(struct api_call *c, struct err_text *why)
{
    const char *id = ml_find_part(c, "event_id");
    struct detect_calendars all = {0};
    struct detect_calendar *cal;
    struct ml_ask a;
    enum err err = find_one(c, &all, &cal, why);
    if (err == ERR_NONE && !has_event(cal, id))
        err =
            api_call_fail(c, 404, "resource_not_found_exception", why, "No event with id [%s]", id);
    if (err == ERR_NONE) {
        ml_ask_init(&a, "calendar", "remove");
        ml_ask_add(&a, "id", cal->id);
        ml_ask_add(&a, "event", id);
        err = ml_ask_send(c, &a, why);
        ml_ask_release(&a);
    }
    detect_calendars_release(&all);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }
#define CALENDARS "/_ml/calendars"
#define CALENDAR CALENDARS "/{calendar_id}"

const struct api_row ml_calendar_rows[] = {
    ROW("GET", CALENDARS, AUTH_RIGHT_READ, API_ROW_SMALL, "from:integer size:integer",
        "All calendars", get),
    ROW("POST", CALENDARS, AUTH_RIGHT_READ, API_ROW_SMALL, "from:integer size:integer",
        "All calendars", get),
    ROW("GET", CALENDAR, AUTH_RIGHT_READ, API_ROW_SMALL, "from:integer size:integer",
        "Calendars by ids and patterns", get),
    ROW("POST", CALENDAR, AUTH_RIGHT_READ, API_ROW_SMALL, "from:integer size:integer",
        "Calendars by ids and patterns", get),
    ROW("PUT", CALENDAR, AUTH_RIGHT_STEER, API_ROW_LARGE, "", "Make a calendar", put),
    ROW("DELETE", CALENDAR, AUTH_RIGHT_STEER, 0, "", "Delete a calendar", delete_one),
    ROW("GET", CALENDAR "/events", AUTH_RIGHT_READ, 0,
        "end:time from:integer job_id:text size:integer start:time", "Events of calendars",
        get_events),
    ROW("POST", CALENDAR "/events", AUTH_RIGHT_STEER, API_ROW_LARGE, "", "Add events to a calendar",
        post_events),
    ROW("DELETE", CALENDAR "/events/{event_id}", AUTH_RIGHT_STEER, 0, "",
        "Take an event out of a calendar", delete_event),
    ROW("PUT", CALENDAR "/jobs/{job_id}", AUTH_RIGHT_STEER, API_ROW_SMALL, "",
        "Let a calendar cover jobs", put_job),
    ROW("DELETE", CALENDAR "/jobs/{job_id}", AUTH_RIGHT_STEER, 0, "",
        "Let a calendar cover jobs no more", delete_job),
    {0},
};
