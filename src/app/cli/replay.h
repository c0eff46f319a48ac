#ifndef CLI_REPLAY_H
#define CLI_REPLAY_H

/*
 * A replay with its output, shared by replay and demo.
 *
 * Threads: the main thread.
 */

#include <stdbool.h>

struct feed_inputs_totals;
struct engine_replay_settings;

/* Sets the callbacks, runs, prints; returns the exit status. */
int cli_replay_run(struct engine_replay_settings *settings, bool table, bool quiet, bool stats);

/* Says on standard error what of the input was cut short or could not be read. */
void cli_tell_troubles(const struct feed_inputs_totals *t, bool quiet);

#endif
