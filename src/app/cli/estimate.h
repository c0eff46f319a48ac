#ifndef CLI_ESTIMATE_H
#define CLI_ESTIMATE_H

/*
 * job estimate: how much memory a job will want, from its file alone.
 *
 * Threads: the main thread.
 */

struct cli_args;

int cli_estimate(const struct cli_args *args);

#endif
