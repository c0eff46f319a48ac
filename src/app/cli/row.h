#ifndef CLI_ROW_H
#define CLI_ROW_H

/*
 * Events as lines of a table for a person: when, what, who, to whom, how much, and the name,
 * request or answer that matters.
 *
 * Ownership: borrows everything.
 * Threads:   any.
 */

#include <stdio.h>

struct buf;
struct event;

void cli_row_head(FILE *to);
/* One line, ending in a newline. */
void cli_row_event(const struct event *e, struct buf *out);

#endif
