/* SPDX-License-Identifier: Apache-2.0 */
/* search, sql, alerts, status: what is kept, looked at. */
#include "cli/cli.h"

#include "cli/ask.h"

#include <string.h>

static int limit(const struct cli_args *args, struct cli_ask *a)
{
    struct err_text why;
    int64_t n;
    enum err err = cli_number(args, CLI_LIMIT, 0, INT64_MAX, 0, &n, &why);
    if (err != ERR_NONE) {
        buf_release(&a->text);
        return cli_fail(err, &why);
    }
    if (n > 0)
        format_write_field_i64(&a->w, "limit", n);
    return CLI_DONE;
}

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
    int status = limit(args, &a);
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
    status = limit(args, &a);
    return status == CLI_DONE ? cli_ask_run(&a, args) : status;
}

int cli_alerts(const struct cli_args *args)
{
    struct cli_ask a;
    struct err_text why;
    const char *output = cli_value(args, CLI_OUTPUT, "ndjson");
    if (strcmp(output, "ndjson") != 0 && strcmp(output, "table") != 0)
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID,
                                              "--output expects ndjson or table, not '%s'", output),
                                      &why));
    cli_ask_init(&a, "alerts", NULL);
    cli_ask_option(&a, args, CLI_FROM);
    cli_ask_option(&a, args, CLI_TO);
    cli_ask_option(&a, args, CLI_OUTPUT);
    int status = limit(args, &a);
    return status == CLI_DONE ? cli_ask_run(&a, args) : status;
}

int cli_status(const struct cli_args *args)
{
    struct cli_ask a;
    cli_ask_init(&a, "status", NULL);
    return cli_ask_run(&a, args);
}
