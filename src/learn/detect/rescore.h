#ifndef DETECT_RESCORE_H
#define DETECT_RESCORE_H

/*
 * A result's document with the score it has now in place of the one it had.
 *
 * Only the current score changes (record_score, influencer_score, anomaly_score); what it was at
 * first (initial_*) stays. In a bucket's document its own influencer, bucket_time, has the bucket's
 * score and changes with it; an update that names another influencer changes that one alone.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "detect/result.h"

#include <stddef.h>

struct buf;

/* Appends to out. ERR_FORMAT: no JSON object; ERR_MEMORY. */
enum err detect_rescore_write(const char *doc, size_t n, const struct detect_update *u,
                              struct buf *out) ERR_MUST_CHECK;

#endif
