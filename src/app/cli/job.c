/* SPDX-License-Identifier: Apache-2.0 */
/* job, rule, package: what runs on the events. */
#include "cli/cli.h"

#include "base/log.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/estimate.h"
#include "cli/preview.h"
#include "rule/load.h"
#include "rule/rule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong(const char *what)
{
    struct err_text why;
    err_set(&why, ERR_INVALID, "expected %s", what);
    return cli_fail(ERR_INVALID, &why);
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
    if (args->rest_n == 0)
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

/* Checks rule files here: no directory is needed. */
static int check(const struct cli_args *args)
{
    struct err_text why;
    struct rule_set *set = rule_set_new();
    enum err err = set != NULL ? ERR_NONE : err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 1; i < args->rest_n && err == ERR_NONE; i++)
        err = rule_load_path(set, args->rest[i], &why);
    if (err != ERR_NONE) {
        rule_set_free(set);
        return cli_fail(err, &why);
    }
    for (size_t i = 0; i < rule_set_problems(set); i++) {
        const struct rule_problem *problem = rule_set_problem(set, i);
        char line[900];
        err_format(&problem->text, line, sizeof(line));
        if (problem->fatal)
            log_line(LOG_LEVEL_ERROR, "%s", line);
        else if (!cli_has(args, CLI_QUIET))
            log_line(LOG_LEVEL_WARNING, "%s", line);
    }
    size_t refused = rule_set_refused(set);
    for (size_t i = 0; i < rule_set_count(set); i++) {
        const struct rule *r = rule_set_at(set, i);
        printf("%s  %-16s %s%s\n", r->rule_id, rule_type_name(r->type), r->name,
               rule_runs(r) ? "" : " (not yet run)");
    }
    if (!cli_has(args, CLI_QUIET))
        log_line(LOG_LEVEL_INFO, "rules: %zu right, %zu refused", rule_set_count(set), refused);
    rule_set_free(set);
    return refused > 0 ? CLI_WRONG : CLI_DONE;
}

int cli_rule(const struct cli_args *args)
{
    struct cli_ask a;
    if (args->rest_n == 0)
        return wrong("check, list, enable, disable, import or export");
    const char *verb = args->rest[0];
    if (strcmp(verb, "check") == 0)
        return args->rest_n > 1 ? check(args) : wrong("weir rule check FILE|DIR...");
    bool one = strcmp(verb, "enable") == 0 || strcmp(verb, "disable") == 0;
    bool alone = strcmp(verb, "list") == 0 || strcmp(verb, "export") == 0;
    if (!one && !alone && strcmp(verb, "import") != 0)
        return wrong("check, list, enable, disable, import or export");
    if (args->rest_n != (alone ? 1 : 2))
        return wrong(alone                         ? "no more arguments"
                     : strcmp(verb, "import") == 0 ? "a file of rules"
                                                   : "the rule's rule_id");
    cli_ask_init(&a, "rule", verb);
    if (strcmp(verb, "import") == 0) {
        int status = cli_ask_file(&a, args->rest[1], "text", "name");
        if (status != CLI_DONE)
            return status;
        a.makes = true;
    } else if (!alone) {
        format_write_field_str(&a.w, "id", args->rest[1]);
    }
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
