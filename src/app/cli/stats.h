#ifndef CLI_STATS_H
#define CLI_STATS_H

/*
 * The one JSON object of figures that --stats prints as the last line of standard error.
 */

#include "base/time.h"

struct daemon_inputs;
struct daemon_pipeline;

/* start is clock_steady() when the work began. */
void cli_stats_inputs(const struct daemon_inputs *in, ts_ns start);

#endif
