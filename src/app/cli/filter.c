/* SPDX-License-Identifier: Apache-2.0 */
/* filter: the lists that custom rules of jobs name. */
#include "cli/cli.h"

#include "cli/ask.h"

#include <string.h>

int cli_filter(const struct cli_args *args)
{
    struct err_text why;
    const char *verb = args->rest_n > 0 ? args->rest[0] : "";
    if (strcmp(verb, "list") != 0 && strcmp(verb, "put") != 0 && strcmp(verb, "show") != 0 &&
        strcmp(verb, "delete") != 0)
        return cli_fail(
            ERR_INVALID,
            (err_set(&why, ERR_INVALID, "filter expects list, show, put or delete"), &why));
    return cli_ask_object(args, 0, "filter", "weir filter", "put");
}
