/* SPDX-License-Identifier: Apache-2.0 */
/* filter: the lists that custom rules of jobs name. */
#include "cli/cli.h"

#include "cli/ask.h"

#include <string.h>

int cli_filter(const struct cli_args *args)
{
    struct err_text why;
    struct cli_ask a;
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    bool list = strcmp(verb, "list") == 0;
    bool put = strcmp(verb, "put") == 0;
    if (!list && !put && strcmp(verb, "show") != 0 && strcmp(verb, "delete") != 0)
        return cli_fail(
            ERR_INVALID,
            (err_set(&why, ERR_INVALID, "filter expects list, show, put or delete"), &why));
    if (args->rest_n != (list ? 1 : 2))
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID, "expected %s",
                                              list  ? "no more arguments"
                                              : put ? "weir filter put FILE"
                                                    : "the filter's id"),
                                      &why));
    cli_ask_init(&a, "filter", verb);
    if (put) {
        int status = cli_ask_file(&a, args->rest[1], "text", "name");
        if (status != CLI_DONE)
            return status;
        a.makes = true;
    } else if (!list) {
        format_write_field_str(&a.w, "id", args->rest[1]);
    }
    return cli_ask_run(&a, args);
}
