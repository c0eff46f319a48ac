/* SPDX-License-Identifier: Apache-2.0 */
/* connector: where alerts are told to, and what could not be told. */
#include "cli/cli.h"

#include "cli/ask.h"

#include <string.h>

/* messages; retry or dismiss [MESSAGE]. */
static int messages(const struct cli_args *args, const char *verb)
{
    struct err_text why;
    struct cli_ask a;
    bool list = strcmp(verb, "messages") == 0;
    if (args->rest_n > (list ? 1 : 2)) {
        err_set(&why, ERR_INVALID, "expected weir connector %s%s", verb, list ? "" : " [MESSAGE]");
        return cli_fail(ERR_INVALID, &why);
    }
    cli_ask_init(&a, "message", list ? "list" : verb);
    if (args->rest_n == 2)
        format_write_field_str(&a.w, "id", args->rest[1]);
    return cli_ask_run(&a, args);
}

int cli_connector(const struct cli_args *args)
{
    struct err_text why;
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    if (strcmp(verb, "messages") == 0 || strcmp(verb, "retry") == 0 || strcmp(verb, "dismiss") == 0)
        return messages(args, verb);
    if (strcmp(verb, "list") != 0 && strcmp(verb, "add") != 0 && strcmp(verb, "remove") != 0 &&
        strcmp(verb, "test") != 0) {
        err_set(&why, ERR_INVALID,
                "connector expects list, add, remove, test, messages, retry or dismiss");
        return cli_fail(ERR_INVALID, &why);
    }
    return cli_ask_object(args, 0, "connector", "weir connector", "add");
}
