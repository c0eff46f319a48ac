#ifndef CLI_LISTS_H
#define CLI_LISTS_H

/*
 * Filters and calendars from the files that a command line names.
 *
 * Ownership: what was read so far is in *out, also after a failure: the caller releases it.
 * Threads:   the main thread.
 */

#include "cli/options.h"
#include "detect/calendar.h"
#include "detect/filter.h"

/* Notes go to standard error unless --quiet. */
enum err cli_lists_filters(const struct cli_args *args, struct detect_filters *out,
                           struct err_text *why) ERR_MUST_CHECK;
enum err cli_lists_calendars(const struct cli_args *args, struct detect_calendars *out,
                             struct err_text *why) ERR_MUST_CHECK;

/* Prints sentences about what was read and has no effect. */
void cli_lists_notes(char *const *notes, size_t n, const struct cli_args *args);

#endif
