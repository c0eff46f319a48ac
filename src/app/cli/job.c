/* SPDX-License-Identifier: Apache-2.0 */
/* job, package: what runs on the events. */
#include "cli/cli.h"

#include "cli/ask.h"
#include "cli/estimate.h"
#include "cli/preview.h"

#include <stdlib.h>
#include <string.h>

static int wrong(const char *what)
{
    struct err_text why;
    err_set(&why, ERR_INVALID, "expected %s", what);
    return cli_fail(ERR_INVALID, &why);
}

static bool is_verb(const char *verb)
{
    static const char *const verbs[] = {
        "list",      "create",          "validate",        "open",           "close",
        "reset",     "delete",          "results",         "messages",       "stats",
        "forecast",  "delete-forecast", "overall",         "preview",        "estimate",
        "snapshots", "revert",          "snapshot-update", "snapshot-delete"};
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
        if (strcmp(verb, verbs[i]) == 0)
            return true;
    return false;
}

/* All that follows the verb, with commas between. */
static void add_ids(struct cli_ask *a, const struct cli_args *args)
{
    struct buf ids;
    if (args->rest_n == 1)
        return;
    buf_init(&ids);
    for (size_t i = 1; i < args->rest_n; i++) {
        if (i > 1)
            buf_char(&ids, ',');
        buf_str(&ids, args->rest[i]);
    }
    a->text.failed |= !buf_ok(&ids);
    format_write_field_str(&a->w, "id", buf_text(&ids));
    buf_release(&ids);
}

int cli_job(const struct cli_args *args)
{
    struct cli_ask a;
    if (args->rest_n == 0 || !is_verb(args->rest[0]))
        return wrong(
            "list, create, validate, open, close, reset, delete, results, messages, "
            "stats, forecast, "
            "delete-forecast, overall, preview, estimate, snapshots, revert, snapshot-update or "
            "snapshot-delete");
    const char *verb = args->rest[0];
    if (strcmp(verb, "preview") == 0)
        return cli_preview(args);
    if (strcmp(verb, "validate") == 0)
        return cli_validate(args);
    if (strcmp(verb, "estimate") == 0)
        return cli_estimate(args);
    cli_ask_init(&a, "job", verb);
    if (strcmp(verb, "create") == 0) {
        const char *feed = cli_value(args, CLI_DATAFEED, NULL);
        if (args->rest_n != 2) {
            buf_release(&a.text);
            return wrong("weir job create JOB.json [--datafeed FEED.json]");
        }
        int status = cli_ask_file(&a, args->rest[1], "job", "job_file");
        if (status == CLI_DONE && feed != NULL)
            status = cli_ask_file(&a, feed, "datafeed", "datafeed_file");
        if (status != CLI_DONE)
            return status;
        a.makes = true;
    } else if (strcmp(verb, "overall") == 0) {
        add_ids(&a, args);
    } else if (strcmp(verb, "list") != 0) {
        bool forecast = strcmp(verb, "delete-forecast") == 0 && args->rest_n == 3;
        bool snapshot = strcmp(verb, "revert") == 0 || strncmp(verb, "snapshot-", 9) == 0;
        if (args->rest_n != (snapshot ? 3 : 2) && !forecast) {
            buf_release(&a.text);
            return wrong(snapshot ? "weir job VERB ID SNAPSHOT, where VERB is revert, "
                                    "snapshot-update or snapshot-delete"
                                  : "weir job VERB ID, where VERB is open, close, reset, delete, "
                                    "results, messages, stats, snapshots, forecast or "
                                    "delete-forecast");
        }
        format_write_field_str(&a.w, "id", args->rest[1]);
        if (forecast || snapshot)
            format_write_field_str(&a.w, forecast ? "forecast_id" : "snapshot", args->rest[2]);
    }
    static const enum cli_option_id passed[] = {
        CLI_FROM,        CLI_TO,         CLI_TYPE,           CLI_DURATION,         CLI_EXPIRES_IN,
        CLI_DESCRIPTION, CLI_RETAIN,     CLI_DELETE_RESULTS, CLI_MAX_MODEL_MEMORY, CLI_MIN_SCORE,
        CLI_TOP_N,       CLI_BUCKET_SPAN};
    for (size_t i = 0; i < sizeof(passed) / sizeof(passed[0]); i++)
        cli_ask_option(&a, args, passed[i]);
    return cli_ask_run(&a, args);
}

int cli_package(const struct cli_args *args)
{
    struct cli_ask a;
    if (args->rest_n == 0)
        return wrong("list, install or remove");
    bool list = strcmp(args->rest[0], "list") == 0;
    if (args->rest_n != (list ? 1 : 2))
        return wrong(list ? "no more arguments" : "the package's name");
    cli_ask_init(&a, "package", args->rest[0]);
    a.makes = true; /* also for list: it tells what there is to install */
    if (!list) {
        /* A folder is meant where the command was typed, not where the daemon runs. */
        char full[4096];
        const char *name = args->rest[1];
        if (strchr(name, '/') != NULL && realpath(name, full) != NULL)
            name = full;
        format_write_field_str(&a.w, "name", name);
    }
    return cli_ask_run(&a, args);
}
