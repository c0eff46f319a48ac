/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "engine/calendars.h"
#include "engine/pipeline.h"
#include "store/state.h"

#include <string.h>

static struct engine_jobs *running(struct request_asked *a)
{
    struct engine_pipeline *p = a->data->pipeline;
    return p != NULL ? engine_pipeline_jobs(p) : NULL;
}

static void print_calendar(struct request_asked *a, const struct detect_calendar *c, int id,
                           int jobs, const char *names)
{
    request_asked_line(a, "%-*s %6zu %-*s %s", id, c->id, c->n_events, jobs,
                       names[0] != '\0' ? names : "-",
                       c->description[0] != '\0' ? c->description : "-");
}

/* The jobs it names, in one word. */
static void join(const struct detect_calendar *c, struct buf *out)
{
    buf_clear(out);
    for (size_t i = 0; i < c->n_jobs; i++)
        buf_format(out, "%s%s", i > 0 ? "," : "", c->jobs[i]);
}

static enum err list(struct request_asked *a, struct err_text *why)
{
    struct detect_calendars all = {0};
    struct buf names;
    int id = sizeof("CALENDAR") - 1;
    int jobs = sizeof("JOBS") - 1;
    buf_init(&names);
    enum err err = engine_calendars_read(a->data->state, &all, why);
    for (size_t i = 0; i < all.n; i++) {
        int n = (int)strlen(all.list[i]->id);
        join(all.list[i], &names);
        id = n > id ? n : id;
        jobs = (int)names.n > jobs ? (int)names.n : jobs;
    }
    if (err == ERR_NONE)
        request_asked_line(a, "%-*s %6s %-*s %s", id, "CALENDAR", "EVENTS", jobs, "JOBS",
                           "DESCRIPTION");
    for (size_t i = 0; i < all.n && err == ERR_NONE; i++) {
        join(all.list[i], &names);
        print_calendar(a, all.list[i], id, jobs, buf_text(&names));
    }
    buf_release(&names);
    detect_calendars_release(&all);
    return err;
}

static void print_line(struct request_asked *a, struct buf *line)
{
    buf_char(line, '\n');
    request_asked_print(a, buf_text(line), line->n);
    buf_clear(line);
}

/* The calendar, or its events that overlap the time asked for. */
static enum err show(struct request_asked *a, const char *id, bool events, struct err_text *why)
{
    struct detect_calendars all = {0};
    struct buf line;
    ts_ns from, to;
    buf_init(&line);
    enum err err = request_asked_time(a, "from", TIME_NONE, &from, why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "to", TIME_MAX, &to, why);
    if (err == ERR_NONE)
        err = engine_calendars_read(a->data->state, &all, why);
    const struct detect_calendar *c = detect_calendars_find(&all, id);
    if (err == ERR_NONE && c == NULL)
        err = err_set(why, ERR_NOT_FOUND,
                      "there is no calendar '%s'; weir calendar list shows them", id);
    if (err == ERR_NONE && !events) {
        detect_calendar_write(c, &line);
        print_line(a, &line);
    }
    for (size_t i = 0; err == ERR_NONE && events && i < c->n_events; i++) {
        if (c->events[i].end <= from || c->events[i].start >= to)
            continue;
        detect_scheduled_write(c, &c->events[i], &line);
        print_line(a, &line);
    }
    if (err == ERR_NONE && !buf_ok(&line))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    buf_release(&line);
    detect_calendars_release(&all);
    return err;
}

static void remark(struct request_asked *a, const struct detect_calendars *set)
{
    for (size_t i = 0; i < set->n_notes; i++)
        request_asked_remark(a, "weir: %s", set->notes[i]);
}

static enum err put(struct request_asked *a, struct err_text *why)
{
    struct detect_calendars set = {0};
    const char *text = request_asked_text(a, "text", "");
    enum err err = request_asked_unchanged_listed(a, STORE_CALENDARS, "the calendar", why);
    if (err == ERR_NONE)
        err = detect_calendars_parse(&set, text, strlen(text),
                                     request_asked_text(a, "name", "calendar"), why);
    remark(a, &set);
    if (err == ERR_NONE)
        err = engine_calendars_put(a->data->state, running(a), &set, why);
    detect_calendars_release(&set);
    return err;
}

static enum err add(struct request_asked *a, const char *id, struct err_text *why)
{
    struct detect_calendars notes = {0};
    const char *text = request_asked_text(a, "text", "");
    enum err err = engine_calendars_add(a->data->state, running(a), id, text, strlen(text),
                                        request_asked_text(a, "name", "events"), &notes, why);
    remark(a, &notes);
    detect_calendars_release(&notes);
    return err;
}

int request_calendar(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    enum err err;
    if (strcmp(verb, "list") == 0)
        err = list(a, &why);
    else if (strcmp(verb, "show") == 0 || strcmp(verb, "events") == 0)
        err = show(a, id, verb[0] == 'e', &why);
    else if (strcmp(verb, "put") == 0)
        err = put(a, &why);
    else if (strcmp(verb, "delete") == 0)
        err = engine_calendars_delete(a->data->state, running(a), id, &why);
    else if (strcmp(verb, "add") == 0)
        err = add(a, id, &why);
    else if (strcmp(verb, "remove") == 0)
        err = engine_calendars_remove(a->data->state, running(a), id,
                                      request_asked_text(a, "event", ""), &why);
    else
        err = err_set(&why, ERR_INVALID,
                      "calendar expects list, show, put, delete, events, add or remove, not '%s'",
                      verb);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
