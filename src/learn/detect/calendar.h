#ifndef DETECT_CALENDAR_H
#define DETECT_CALENDAR_H

/*
 * Calendars: the jobs they cover, and the scheduled events at which those do not report or learn.
 *
 * docs/format/calendar.md has the document.
 *
 * Ownership: detect_calendars_release() frees a set with all in it.
 * Threads:   one owner; reading is safe from many threads.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct detect_job;
struct format_node;

#define DETECT_CALENDARS_MAX 1000 /* of one document */
#define DETECT_SCHEDULED_MAX 10000
#define DETECT_CALENDAR_JOBS_MAX 10000

/* A scheduled event; "event" alone is a record. */
struct detect_scheduled {
    char *id;
    char *description;
    ts_ns start; /* whole milliseconds */
    ts_ns end;   /* behind it */
    bool skip_result;
    bool skip_model_update;
    ts_ns shift; /* force_time_shift: from its start on the models' hours come so much earlier */
};

struct detect_calendar {
    char *id;
    char *description; /* may be "" */
    char **jobs;       /* ids of jobs or groups, or "_all" */
    size_t n_jobs;
    struct detect_scheduled *events; /* by start, end, id */
    size_t n_events;
    bool has_events; /* the document names events, be it none */
};

struct detect_calendars {
    struct detect_calendar **list;
    size_t n;
    char **notes; /* sentences about what was read and has no effect */
    size_t n_notes;
};

/*
 * Adds the calendars of a document: one, a list, or {"calendars": [...]}. file is for messages.
 * ERR_FORMAT for bad JSON, ERR_INVALID for what is no calendar or an id that is there already;
 * nothing was added then.
 */
enum err detect_calendars_from_node(struct detect_calendars *set, const struct format_node *node,
                                    struct err_text *why) ERR_MUST_CHECK;
enum err detect_calendars_parse(struct detect_calendars *set, const char *text, size_t n,
                                const char *file, struct err_text *why) ERR_MUST_CHECK;

/* For a walk over documents, each of its own calendar: adds one to ctx, a detect_calendars_walk.
 * False: it is wrong, and the walk is to end. */
struct detect_calendars_walk {
    struct detect_calendars *set;
    struct err_text *why;
    enum err err;
};
bool detect_calendars_walk(void *ctx, const char *id, const char *doc);
void detect_calendars_release(struct detect_calendars *set);
/* NULL: none of that id. */
struct detect_calendar *detect_calendars_find(const struct detect_calendars *set, const char *id);

/* Whether the calendar names the job, one of its groups, or all. */
bool detect_calendar_covers(const struct detect_calendar *c, const struct detect_job *job);

/*
 * Adds the events of a document to the calendar: {"events": [...]}, a list, or one event. set gets
 * the notes. Nothing is added when one is refused.
 */
enum err detect_calendar_add(struct detect_calendar *c, const char *text, size_t n,
                             const char *file, struct detect_calendars *set,
                             struct err_text *why) ERR_MUST_CHECK;
/* Whether an event of that id was there. */
bool detect_calendar_remove(struct detect_calendar *c, const char *event_id);

/* The document, with the events. */
void detect_calendar_write(const struct detect_calendar *c, struct buf *out);
/* One event, with its calendar's id. */
void detect_scheduled_write(const struct detect_calendar *c, const struct detect_scheduled *e,
                            struct buf *out);

#endif
