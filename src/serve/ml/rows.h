#ifndef ML_ROWS_H
#define ML_ROWS_H

/*
 * The rows of Elasticsearch's machine-learning API for anomaly detection.
 *
 * Threads: constant.
 */

#include "api/row.h"

extern const struct api_row ml_job_rows[];      /* jobs as they are written down */
extern const struct api_row ml_run_rows[];      /* jobs at work: open, data, flush, forecast */
extern const struct api_row ml_feed_rows[];     /* datafeeds */
extern const struct api_row ml_preview_rows[];  /* what datafeeds would give */
extern const struct api_row ml_result_rows[];   /* buckets, records, influencers */
extern const struct api_row ml_snapshot_rows[]; /* what jobs have learned */
extern const struct api_row ml_calendar_rows[];
extern const struct api_row ml_filter_rows[];
extern const struct api_row ml_info_rows[]; /* of the whole: limits, memory, housekeeping */

#endif
