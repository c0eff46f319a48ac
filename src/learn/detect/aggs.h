#ifndef DETECT_AGGS_H
#define DETECT_AGGS_H

/*
 * A datafeed's aggregations: what is counted of the events of each interval, in place of the
 * events themselves.
 *
 * This looks at the form alone: one histogram of times, what stands below it, and how the fields of
 * the rows are called. What is counted, and how, is not known here; docs/method/rows.md has the
 * whole.
 *
 * Ownership: detect_aggs_read() makes it, detect_aggs_free() ends it.
 * Threads:   constant once made.
 */

#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct detect_job;
struct format_node;

struct detect_aggs {
    char *text;        /* as compact JSON */
    char *time_field;  /* of the histogram, and of its max */
    ts_ns interval_ns; /* of the histogram; its intervals begin at multiples of it */
    char **names;      /* fields of a row: the time, doc_count, keys and metrics */
    size_t n_names;
};

/* ERR_INVALID, ERR_UNSUPPORTED. */
enum err detect_aggs_read(const struct format_node *node, struct detect_aggs **out,
                          struct err_text *why) ERR_MUST_CHECK;
void detect_aggs_free(struct detect_aggs *a); /* NULL is fine */

/* Whether rows have a field of that name. */
bool detect_aggs_has(const struct detect_aggs *a, const char *name);

/* What a job of these rows must be like; frequency: of the datafeed, 0: not given. ERR_INVALID. */
enum err detect_aggs_fit(const struct detect_aggs *a, ts_ns frequency, const struct detect_job *job,
                         struct err_text *why) ERR_MUST_CHECK;

#endif
