#ifndef ENGINE_FORECASTS_H
#define ENGINE_FORECASTS_H

/*
 * The forecasts that state.db keeps: made, deleted, and gone when they have expired.
 *
 * A forecast is its model_forecast documents and one model_forecast_request_stats document, in the
 * results of its job; the latter is written first and says when all of them go.
 *
 * Threads: any; state.db has rules of its own.
 */

#include "base/buf.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>

struct detect_forecast;
struct store_state;

/* An id for a forecast of this job that is made now, which no kept one has and none that was given
 * before: *last is the number of that (0: none was), and one's own to guard. */
#define ENGINE_FORECAST_ID_SIZE 32
enum err engine_forecasts_id(struct store_state *state, const char *job_id, ts_ns now,
                             int64_t *last, char out[ENGINE_FORECAST_ID_SIZE],
                             struct err_text *why) ERR_MUST_CHECK;

/*
 * Writes all documents; *out gets the one that sums them up. gone (NULL is fine) is asked now and
 * then whether nobody waits for it: ERR_STOPPED. After a failure nothing of it is kept.
 */
enum err engine_forecasts_write(struct store_state *state, struct detect_forecast *f,
                                const char *job_id, const char *id, bool (*gone)(void *ctx),
                                void *ctx, struct buf *out, struct err_text *why) ERR_MUST_CHECK;

/* One of a job, or all of them (id NULL). ERR_NOT_FOUND. */
enum err engine_forecasts_delete(struct store_state *state, const char *job_id, const char *id,
                                 struct err_text *why) ERR_MUST_CHECK;

/* Those of all jobs whose time has come. */
enum err engine_forecasts_expire(struct store_state *state, ts_ns now,
                                 struct err_text *why) ERR_MUST_CHECK;

#endif
