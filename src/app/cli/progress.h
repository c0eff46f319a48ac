#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

/*
 * One line of progress on a terminal; nothing in a pipe.
 *
 * Ownership: a value.
 * Threads:   one owner.
 */

#include "base/time.h"

#include <stdbool.h>
#include <stdint.h>

struct cli_progress {
    bool on;
    bool shown; /* a line stands there */
    ts_ns last;
};

/* Only shown when wanted and standard error is a terminal. */
void cli_progress_init(struct cli_progress *p, bool wanted);
void cli_progress_show(struct cli_progress *p, const char *what, double share, uint64_t events);
void cli_progress_clear(struct cli_progress *p);

#endif
