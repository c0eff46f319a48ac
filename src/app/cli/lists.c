/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/lists.h"

#include "base/mem.h"
#include "cli/ask.h"

#include <stdio.h>

void cli_lists_notes(char *const *notes, size_t n, const struct cli_args *args)
{
    for (size_t i = 0; i < n && !cli_has(args, CLI_QUIET); i++)
        fprintf(stderr, "weir: %s\n", notes[i]);
}

enum err cli_lists_filters(const struct cli_args *args, struct detect_filters *out,
                           struct err_text *why)
{
    for (size_t i = 0; i < args->counts[CLI_FILTER_LIST]; i++) {
        size_t n;
        const char *path = args->values[CLI_FILTER_LIST][i];
        char *text = cli_read_file(path, &n, why);
        if (text == NULL)
            return ERR_NOT_FOUND;
        enum err err = detect_filters_parse(out, text, n, path, why);
        mem_free(text);
        if (err != ERR_NONE)
            return err;
    }
    cli_lists_notes(out->notes, out->n_notes, args);
    return ERR_NONE;
}

enum err cli_lists_calendars(const struct cli_args *args, struct detect_calendars *out,
                             struct err_text *why)
{
    for (size_t i = 0; i < args->counts[CLI_CALENDAR]; i++) {
        size_t n;
        const char *path = args->values[CLI_CALENDAR][i];
        char *text = cli_read_file(path, &n, why);
        if (text == NULL)
            return ERR_NOT_FOUND;
        enum err err = detect_calendars_parse(out, text, n, path, why);
        mem_free(text);
        if (err != ERR_NONE)
            return err;
    }
    cli_lists_notes(out->notes, out->n_notes, args);
    return ERR_NONE;
}
