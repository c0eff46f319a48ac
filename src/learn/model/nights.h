#ifndef MODEL_NIGHTS_H
#define MODEL_NIGHTS_H

/*
 * When clocks are set for summer time: on Sundays, in the first hours of the day there, of the
 * months in which any country does so.
 *
 * Method: docs/method/model.md, "Clocks".
 *
 * Ownership: nothing is kept.
 * Threads:   any.
 */

#include "base/time.h"

/* ln of how many times as likely it is that a clock was moved within the last day as it would be if
 * clocks were moved as often on all days. */
double model_nights_log_times(ts_ns time);

#endif
