#ifndef CLI_STATS_H
#define CLI_STATS_H

/*
 * The one JSON object of figures that --stats prints as the last line of standard error.
 *
 * Ownership: borrows everything.
 * Threads:   the main thread.
 */

#include "base/time.h"

#include <stdint.h>

struct feed_inputs;
struct feed_packets;
struct engine_pipeline;
struct detect;

/* start is clock_steady() when the work began. */
void cli_stats_inputs(const struct feed_inputs *in, ts_ns start);
void cli_stats_live(const struct feed_packets *p, uint64_t kernel_dropped, uint64_t link_dropped,
                    ts_ns start);
void cli_stats_detect(const struct detect *d, uint64_t records, ts_ns start);
/* in may be NULL. */
void cli_stats_pipeline(const struct feed_inputs *in, const struct engine_pipeline *p, ts_ns start);

#endif
