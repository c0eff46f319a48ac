#ifndef DETECT_SCHEDULE_H
#define DETECT_SCHEDULE_H

/*
 * The scheduled events of one job, asked bucket by bucket.
 *
 * An event concerns every bucket that it overlaps, be it by a millisecond. The events of all
 * calendars that cover the job are put in order once; asking is a binary search.
 *
 * Ownership: a schedule copies what it needs of calendars and job.
 * Threads:   constant once made.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect_calendars;
struct detect_job;
struct detect_schedule;

/* *out is NULL when no calendar has an event for the job. ERR_MEMORY. */
enum err detect_schedule_new(const struct detect_calendars *calendars, const struct detect_job *job,
                             struct detect_schedule **out) ERR_MUST_CHECK;
void detect_schedule_free(struct detect_schedule *s); /* NULL is fine */

struct detect_schedule_verdict {
    bool skip_result;
    bool skip_model_update;
};

/* Of the bucket that starts then. s may be NULL, here and below. */
struct detect_schedule_verdict detect_schedule_at(const struct detect_schedule *s, ts_ns bucket);

/*
 * The descriptions of the first events that concern the bucket, by their starts, ends and texts;
 * each text once. Returns how many were written; they live as long as the schedule.
 */
#define DETECT_SCHEDULE_NAMES_MAX 100
size_t detect_schedule_names(const struct detect_schedule *s, ts_ns bucket,
                             const char *out[DETECT_SCHEDULE_NAMES_MAX]);

/*
 * By how much the events that begin in the buckets of [from, to) put the models' clocks forward. An
 * event does so once, with the first bucket it concerns.
 */
ts_ns detect_schedule_shift(const struct detect_schedule *s, ts_ns from, ts_ns to);

/*
 * The first run of buckets in [*from, to) that are learned; *from moves behind it. False when there
 * is none left. span is the job's.
 */
bool detect_schedule_learned(const struct detect_schedule *s, ts_ns span, ts_ns *from, ts_ns to,
                             ts_ns *out_first, uint64_t *out_n);

#endif
