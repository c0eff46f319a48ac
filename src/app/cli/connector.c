/* SPDX-License-Identifier: Apache-2.0 */
/* connector: where alerts are told to. */
#include "cli/cli.h"

#include "cli/ask.h"

#include <string.h>

int cli_connector(const struct cli_args *args)
{
    struct err_text why;
    struct cli_ask a;
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    bool list = strcmp(verb, "list") == 0;
    bool add = strcmp(verb, "add") == 0;
    if (!list && !add && strcmp(verb, "remove") != 0 && strcmp(verb, "test") != 0)
        return cli_fail(
            ERR_INVALID,
            (err_set(&why, ERR_INVALID, "connector expects list, add, remove or test"), &why));
    if (args->rest_n != (list ? 1 : 2))
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID, "expected %s",
                                              list  ? "no more arguments"
                                              : add ? "weir connector add FILE"
                                                    : "the connector's id"),
                                      &why));
    cli_ask_init(&a, "connector", verb);
    if (add) {
        int status = cli_ask_file(&a, args->rest[1], "text", "name");
        if (status != CLI_DONE)
            return status;
        a.makes = true;
    } else if (!list) {
        format_write_field_str(&a.w, "id", args->rest[1]);
    }
    return cli_ask_run(&a, args);
}
