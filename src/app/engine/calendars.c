/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/calendars.h"

#include "base/buf.h"
#include "engine/jobs.h"
#include "store/state.h"

#include <string.h>

enum err engine_calendars_read(struct store_state *state, struct detect_calendars *out,
                               struct err_text *why)
{
    struct detect_calendars_walk walk = {.set = out, .why = why};
    enum err err = store_state_listed_all(state, STORE_CALENDARS, detect_calendars_walk, &walk);
    if (err != ERR_NONE)
        return err_set(why, err, "the calendars cannot be read: %s", err_name(err));
    return walk.err;
}

static enum err put_one(struct store_state *state, const struct detect_calendar *c)
{
    struct buf doc;
    buf_init(&doc);
    detect_calendar_write(c, &doc);
    enum err err = buf_ok(&doc)
                       ? store_state_listed_put(state, STORE_CALENDARS, c->id, buf_text(&doc))
                       : ERR_MEMORY;
    buf_release(&doc);
    return err;
}

/* Before a change. */
static enum err settle(struct engine_jobs *jobs, struct err_text *why)
{
    return jobs != NULL ? engine_jobs_save_kept(jobs, why) : ERR_NONE;
}

/* Tells the jobs that run what there is now; id: of the one that has changed. */
static enum err tell(struct store_state *state, struct engine_jobs *jobs, const char *id,
                     struct err_text *why)
{
    struct detect_calendars now = {0};
    if (jobs == NULL)
        return ERR_NONE;
    enum err err = engine_calendars_read(state, &now, why);
    if (err == ERR_NONE)
        err = engine_jobs_set_calendars(jobs, &now, id, why);
    detect_calendars_release(&now);
    return err;
}

/* The events of the calendar's predecessor go over to it. */
static void inherit(struct detect_calendar *c, const struct detect_calendars *before)
{
    struct detect_calendar *old = detect_calendars_find(before, c->id);
    if (c->has_events || old == NULL)
        return;
    c->events = old->events;
    c->n_events = old->n_events;
    old->events = NULL;
    old->n_events = 0;
}

static enum err unwritable(struct err_text *why, enum err err)
{
    return err_set(why, err, "the calendars cannot be written: %s", err_name(err));
}

enum err engine_calendars_put(struct store_state *state, struct engine_jobs *jobs,
                              struct detect_calendars *calendars, struct err_text *why)
{
    struct detect_calendars before = {0};
    enum err err = engine_calendars_read(state, &before, why);
    for (size_t i = 0; i < calendars->n && err == ERR_NONE; i++)
        inherit(calendars->list[i], &before);
    detect_calendars_release(&before);
    if (err == ERR_NONE)
        err = settle(jobs, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_begin(state);
    if (err != ERR_NONE)
        return unwritable(why, err);
    for (size_t i = 0; i < calendars->n && err == ERR_NONE; i++)
        err = put_one(state, calendars->list[i]);
    if (err != ERR_NONE) {
        store_state_rollback(state);
        return unwritable(why, err);
    }
    err = store_state_commit(state, why);
    for (size_t i = 0; i < calendars->n && err == ERR_NONE; i++)
        err = tell(state, jobs, calendars->list[i]->id, why);
    return err;
}

static enum err missing(struct err_text *why, const char *id)
{
    return err_set(why, ERR_NOT_FOUND, "there is no calendar '%s'; weir calendar list shows them",
                   id);
}

enum err engine_calendars_delete(struct store_state *state, struct engine_jobs *jobs,
                                 const char *id, struct err_text *why)
{
    enum err err = settle(jobs, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_listed_delete(state, STORE_CALENDARS, id);
    if (err == ERR_NOT_FOUND)
        return missing(why, id);
    if (err != ERR_NONE)
        return unwritable(why, err);
    return tell(state, jobs, id, why);
}

/* One calendar, to be changed. */
static enum err take(struct store_state *state, const char *id, struct detect_calendars *out,
                     struct err_text *why)
{
    struct buf doc;
    buf_init(&doc);
    enum err err = store_state_listed_get(state, STORE_CALENDARS, id, &doc);
    if (err == ERR_NONE)
        err = detect_calendars_parse(out, buf_text(&doc), doc.n, id, why);
    else if (err == ERR_NOT_FOUND)
        missing(why, id);
    else
        err_set(why, err, "the calendars cannot be read: %s", err_name(err));
    buf_release(&doc);
    return err;
}

static enum err put_back(struct store_state *state, struct engine_jobs *jobs,
                         const struct detect_calendar *c, struct err_text *why)
{
    enum err err = settle(jobs, why);
    if (err != ERR_NONE)
        return err;
    err = put_one(state, c);
    return err == ERR_NONE ? tell(state, jobs, c->id, why) : unwritable(why, err);
}

enum err engine_calendars_add(struct store_state *state, struct engine_jobs *jobs, const char *id,
                              const char *text, size_t n, const char *file,
                              struct detect_calendars *notes, struct err_text *why)
{
    struct detect_calendars one = {0};
    enum err err = take(state, id, &one, why);
    if (err == ERR_NONE)
        err = detect_calendar_add(one.list[0], text, n, file, notes, why);
    if (err == ERR_NONE)
        err = put_back(state, jobs, one.list[0], why);
    detect_calendars_release(&one);
    return err;
}

enum err engine_calendars_remove(struct store_state *state, struct engine_jobs *jobs,
                                 const char *id, const char *event_id, struct err_text *why)
{
    struct detect_calendars one = {0};
    enum err err = take(state, id, &one, why);
    if (err == ERR_NONE && !detect_calendar_remove(one.list[0], event_id))
        err = err_set(why, ERR_NOT_FOUND,
                      "the calendar '%s' has no event '%s'; weir calendar events %s shows them", id,
                      event_id, id);
    if (err == ERR_NONE)
        err = put_back(state, jobs, one.list[0], why);
    detect_calendars_release(&one);
    return err;
}
