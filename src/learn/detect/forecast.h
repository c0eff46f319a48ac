#ifndef DETECT_FORECAST_H
#define DETECT_FORECAST_H

/*
 * What a job's metric series will be in the time ahead, as documents.
 *
 * detect_forecast_new() copies what the models know, within a budget, and refuses what cannot be
 * foretold with a sentence; from then on the engine is not needed, and the documents can be made
 * while it goes on. Series come in the order of detector, partition and by value. What does not fit
 * is counted in the messages of the last document. Method: docs/method/forecast.md.
 *
 * Ownership: detect_forecast_new() makes it, detect_forecast_free() ends it.
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "detect/job.h"
#include "detect/result.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct detect;

#define DETECT_FORECAST_DURATION TIME_DAY
#define DETECT_FORECAST_DURATION_MOST (3650 * TIME_DAY)
#define DETECT_FORECAST_EXPIRES (14 * TIME_DAY)
#define DETECT_FORECAST_MEMORY (UINT64_C(20) << 20)
#define DETECT_FORECAST_MEMORY_LEAST (UINT64_C(1) << 20)
#define DETECT_FORECAST_MEMORY_MOST (UINT64_C(500) << 20)
#define DETECT_FORECAST_ID_MAX 64

struct detect_forecast_options {
    const char *id;            /* of the forecast, at most DETECT_FORECAST_ID_MAX bytes */
    ts_ns duration;            /* ahead of the newest closed bucket, at least the bucket span; 0: a
                                  day, or the bucket span where that is longer */
    ts_ns expires_in;          /* after created; 0: kept */
    ts_ns created;             /* when it was asked for */
    uint64_t max_model_memory; /* of the copies; less where that is 40 % of the job's own limit */
    size_t max_documents;      /* 0: 200,000 */
};

/* Reads duration, expires_in and max_model_memory as people write them ("1d", "20mb"), NULL for the
 * default. ERR_INVALID says what is allowed. */
enum err detect_forecast_read(const char *duration, const char *expires_in, const char *memory,
                              struct detect_forecast_options *out,
                              struct err_text *why) ERR_MUST_CHECK;

/* Whether a detector's series can be foretold. */
bool detect_forecast_possible(const struct detect_detector *det);

struct detect_forecast;

/* ERR_INVALID: there is nothing to foretell, and why; ERR_MEMORY. */
enum err detect_forecast_new(const struct detect *d, const struct detect_forecast_options *options,
                             struct detect_forecast **out, struct err_text *why) ERR_MUST_CHECK;
void detect_forecast_free(struct detect_forecast *f); /* NULL is fine */

/*
 * Sends the request's document as started, then every bucket of every series. The document that
 * ends it is for the caller to send, with what it took: detect_forecast_finished(). false from
 * go_on (NULL is fine) ends it between two series.
 */
void detect_forecast_run(struct detect_forecast *f, detect_result_fn sink, bool (*go_on)(void *ctx),
                         void *ctx);
/* processing_ns: as measured by a caller with a clock; 0 where equal runs must not differ. */
void detect_forecast_finished(const struct detect_forecast *f, ts_ns processing_ns,
                              detect_result_fn sink, void *ctx);

#endif
