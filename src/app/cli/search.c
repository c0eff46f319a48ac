/* SPDX-License-Identifier: Apache-2.0 */
/* search, sql, status: what is kept, looked at. */
#include "cli/cli.h"

#include "cli/ask.h"

static int want_one(const struct cli_args *args, const char *what)
{
    struct err_text why;
    if (args->rest_n == 1)
        return CLI_DONE;
    return cli_fail(ERR_INVALID,
                    (err_set(&why, ERR_INVALID, "expected exactly one %s", what), &why));
}

int cli_search(const struct cli_args *args)
{
    struct cli_ask a;
    struct err_text why;
    if (args->rest_n > 1)
        return cli_fail(
            ERR_INVALID,
            (err_set(&why, ERR_INVALID, "expected one KQL expression; quote it"), &why));
    cli_ask_init(&a, "search", NULL);
    format_write_field_str(&a.w, "query", args->rest_n > 0 ? args->rest[0] : "");
    cli_ask_option(&a, args, CLI_FROM);
    cli_ask_option(&a, args, CLI_TO);
    int status = cli_ask_limit(&a, args);
    return status == CLI_DONE ? cli_ask_run(&a, args) : status;
}

int cli_sql(const struct cli_args *args)
{
    struct cli_ask a;
    int status = want_one(args, "SELECT statement; quote it");
    if (status != CLI_DONE)
        return status;
    cli_ask_init(&a, "sql", NULL);
    format_write_field_str(&a.w, "sql", args->rest[0]);
    status = cli_ask_limit(&a, args);
    return status == CLI_DONE ? cli_ask_run(&a, args) : status;
}

int cli_status(const struct cli_args *args)
{
    struct cli_ask a;
    cli_ask_init(&a, "status", NULL);
    return cli_ask_run(&a, args);
}
