#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

/*
 * The only place that asks the operating system what time it is.
 *
 * Threads: any.
 */

#include "base/time.h"

ts_ns clock_wall(void);
/* Never goes back; only differences mean something. */
ts_ns clock_steady(void);
/* Processor time of the calling thread. */
ts_ns clock_cpu(void);
/* Largest resident size of this process so far, in bytes. */
uint64_t clock_peak_rss(void);

#endif
