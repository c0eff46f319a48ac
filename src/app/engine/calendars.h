#ifndef ENGINE_CALENDARS_H
#define ENGINE_CALENDARS_H

/*
 * The calendars that state.db keeps. Every change reaches the jobs that run at once.
 *
 * Ownership: borrows everything; sets that are filled are the caller's.
 * Threads:   one at a time.
 */

#include "base/err.h"
#include "detect/calendar.h"

struct engine_jobs;
struct store_state;

/* Adds all that are kept. */
enum err engine_calendars_read(struct store_state *state, struct detect_calendars *out,
                               struct err_text *why) ERR_MUST_CHECK;

/*
 * Keeps them, in place of others of their ids; one that names no events takes over those of its
 * predecessor. jobs: those that run; NULL when none do.
 */
enum err engine_calendars_put(struct store_state *state, struct engine_jobs *jobs,
                              struct detect_calendars *calendars,
                              struct err_text *why) ERR_MUST_CHECK;

/* ERR_NOT_FOUND, here and below. */
enum err engine_calendars_delete(struct store_state *state, struct engine_jobs *jobs,
                                 const char *id, struct err_text *why) ERR_MUST_CHECK;

/* Adds the events of a document to a calendar. notes gets what was read and has no effect. */
enum err engine_calendars_add(struct store_state *state, struct engine_jobs *jobs, const char *id,
                              const char *text, size_t n, const char *file,
                              struct detect_calendars *notes, struct err_text *why) ERR_MUST_CHECK;
enum err engine_calendars_remove(struct store_state *state, struct engine_jobs *jobs,
                                 const char *id, const char *event_id,
                                 struct err_text *why) ERR_MUST_CHECK;

#endif
