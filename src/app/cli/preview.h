#ifndef CLI_PREVIEW_H
#define CLI_PREVIEW_H

/*
 * job preview: how many alerts a job would have raised.
 *
 * Threads: the main thread.
 */

struct cli_args;

/* weir job preview JOB.json|ID [INPUT...]; returns the exit status. */
int cli_preview(const struct cli_args *args);

#endif
