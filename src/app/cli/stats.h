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

struct daemon_inputs;
struct daemon_packets;
struct daemon_pipeline;
struct detect;

/* start is clock_steady() when the work began. */
void cli_stats_inputs(const struct daemon_inputs *in, ts_ns start);
void cli_stats_live(const struct daemon_packets *p, uint64_t kernel_dropped, uint64_t link_dropped,
                    ts_ns start);
void cli_stats_detect(const struct detect *d, uint64_t records, ts_ns start);
/* in may be NULL. */
void cli_stats_pipeline(const struct daemon_inputs *in, const struct daemon_pipeline *p,
                        ts_ns start);

#endif
