#ifndef PREVIEW_PREVIEW_H
#define PREVIEW_PREVIEW_H

/*
 * A job run over history, to see how many alerts it would have raised at which threshold.
 *
 * Nothing is kept: the engine begins with nothing learned and ends with the preview. What counts as
 * an alert, what as learning time, and why: docs/method/preview.md.
 *
 * Use: preview_new(), events in order of time, preview_finish(), then one of the two
 * forms of the report.
 *
 * Ownership: preview_free(); what the settings name need not outlive preview_new().
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct preview;
struct detect_calendars;
struct detect_filters;
struct event;
struct query;

struct preview_settings {
    const char *job; /* Elastic's JSON */
    size_t job_n;
    const char *job_file; /* for messages */
    const char *feed;     /* NULL: every event */
    size_t feed_n;
    const char *feed_file;
    const struct detect_filters *filters;     /* NULL: none */
    const struct detect_calendars *calendars; /* NULL: none */
    ts_ns from;                               /* from <= time < to; TIME_NONE: from the beginning */
    ts_ns to;                                 /* TIME_MAX: to the end */
    double per_day; /* alerts a day that somebody wishes; 0: nobody does */
};

/* Sets from, to and per_day from what people write: ISO 8601 or date math, and a number above 0;
 * NULL leaves the default. ERR_INVALID. */
enum err preview_read(struct preview_settings *s, const char *from, const char *to,
                      const char *per_day, ts_ns now, struct err_text *why) ERR_MUST_CHECK;

/* ERR_INVALID, ERR_UNSUPPORTED, ERR_FORMAT for what a person wrote. */
enum err preview_new(const struct preview_settings *settings, struct preview **out,
                     struct err_text *why) ERR_MUST_CHECK;
void preview_free(struct preview *p); /* NULL is fine */

/* What was read of the job and the datafeed and has no effect: the i-th sentence; NULL: no more. */
const char *preview_note(const struct preview *p, size_t i);

/* The datafeed's query, for whoever looks for events; NULL: every event. Lives as long as p. */
const struct query *preview_query(const struct preview *p);
/* Whether the job takes the event. */
bool preview_wants(const struct preview *p, const struct event *e);
/* Up to when events come, as far as is known: at most half of that is learning time. */
void preview_expect(struct preview *p, ts_ns last);
/* An event that the job wants. ERR_MEMORY. */
enum err preview_event(struct preview *p, const struct event *e) ERR_MUST_CHECK;
/* All there is up to end has come: of a bucket that is not over only what is too much is judged.
 * TIME_MAX: the input is complete, and its last bucket whole. ERR_MEMORY. */
enum err preview_finish(struct preview *p, ts_ns end) ERR_MUST_CHECK;

/* For a person: a table, a sentence, the worst records with their reasons. */
void preview_table(const struct preview *p, struct buf *out);
/* One JSON object and a line break. */
void preview_json(const struct preview *p, struct buf *out);

#endif
