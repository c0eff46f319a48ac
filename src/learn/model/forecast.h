#ifndef MODEL_FORECAST_H
#define MODEL_FORECAST_H

/*
 * What a series is expected to be in a bucket that lies far ahead.
 *
 * The next bucket is foretold by whoever foretold the last ones best; a bucket a week ahead is not.
 * With the distance the short memories lose their claim, as fast as the series itself forgets; the
 * seasons keep theirs, a slope goes on damped, and the band grows by what the level has been seen
 * to wander. Method: docs/method/forecast.md.
 *
 * Threads: any; reads only.
 */

#include "base/time.h"

#include <stdbool.h>

struct model_series;

struct model_forecast {
    double prediction; /* the mean; the median where a series is measured in logarithms */
    double lower;      /* 95 % of the values lie in [lower, upper] */
    double upper;
};

/* Enough has been learned to say anything of what comes. */
bool model_forecast_ready(const struct model_series *s);

/* The bucket that starts at time, after the last one learned. The series must be ready. */
void model_forecast_at(const struct model_series *s, ts_ns time, struct model_forecast *out);

#endif
