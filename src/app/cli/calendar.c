/* SPDX-License-Identifier: Apache-2.0 */
/* calendar: the times at which jobs do not report or learn. */
#include "cli/cli.h"

#include "cli/ask.h"

#include <string.h>

static int wrong(const char *what)
{
    struct err_text why;
    return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID, "expected %s", what), &why));
}

/* events ID, events ID add FILE, events ID delete EVENT_ID. */
static int events(const struct cli_args *args)
{
    struct cli_ask a;
    if (args->rest_n == 2) {
        cli_ask_init(&a, "calendar", "events");
        cli_ask_option(&a, args, CLI_FROM);
        cli_ask_option(&a, args, CLI_TO);
        format_write_field_str(&a.w, "id", args->rest[1]);
        return cli_ask_run(&a, args);
    }
    bool add = args->rest_n == 4 && strcmp(args->rest[2], "add") == 0;
    if (!add && (args->rest_n != 4 || strcmp(args->rest[2], "delete") != 0))
        return wrong("weir calendar events ID [add FILE | delete EVENT_ID]");
    cli_ask_init(&a, "calendar", add ? "add" : "remove");
    format_write_field_str(&a.w, "id", args->rest[1]);
    if (add) {
        int status = cli_ask_file(&a, args->rest[3], "text", "name");
        if (status != CLI_DONE)
            return status;
    } else {
        format_write_field_str(&a.w, "event", args->rest[3]);
    }
    return cli_ask_run(&a, args);
}

int cli_calendar(const struct cli_args *args)
{
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    if (strcmp(verb, "events") == 0)
        return events(args);
    if (strcmp(verb, "list") != 0 && strcmp(verb, "put") != 0 && strcmp(verb, "show") != 0 &&
        strcmp(verb, "delete") != 0)
        return wrong("list, show, put, delete or events");
    return cli_ask_object(args, 0, "calendar", "weir calendar", "put");
}
