/* SPDX-License-Identifier: Apache-2.0 */
/* rule: detection rules, what they leave out, and how they ran. */
#include "cli/cli.h"

#include "base/log.h"
#include "cli/ask.h"
#include "engine/exceptions.h"
#include "except/set.h"
#include "rule/load.h"
#include "rule/rule.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RULE_VERBS                                                                                 \
    "check, list, enable, disable, preview, import, export, history, gaps, run, exception or "     \
    "values"

static int wrong(const char *what)
{
    struct err_text why;
    err_set(&why, ERR_INVALID, "expected %s", what);
    return cli_fail(ERR_INVALID, &why);
}

static void tell_problem(const struct cli_args *args, bool fatal, const struct err_text *text)
{
    char line[900];
    err_format(text, line, sizeof(line));
    if (fatal)
        log_line(LOG_LEVEL_ERROR, "%s", line);
    else if (!cli_has(args, CLI_QUIET))
        log_line(LOG_LEVEL_WARNING, "%s", line);
}

/* The exceptions that stand among the rules; adds to refused. */
static enum err check_exceptions(const struct cli_args *args, const struct rule_set *rules,
                                 size_t *refused, struct err_text *why)
{
    struct except_set *set = except_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = engine_exceptions_read(rules, set, why);
    for (size_t i = 0; err == ERR_NONE && i < except_set_problems(set); i++) {
        const struct except_problem *problem = except_set_problem(set, i);
        tell_problem(args, problem->fatal, &problem->text);
    }
    *refused += except_set_refused(set);
    except_set_free(set);
    return err;
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
        tell_problem(args, problem->fatal, &problem->text);
    }
    size_t refused = rule_set_refused(set);
    err = check_exceptions(args, set, &refused, &why);
    if (err != ERR_NONE) {
        rule_set_free(set);
        return cli_fail(err, &why);
    }
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

/* rule exception list | add FILE | remove ID | close RULE_ID. */
static int exception(const struct cli_args *args)
{
    const char *verb = args->rest_n > 1 ? args->rest[1] : "";
    if (strcmp(verb, "list") != 0 && strcmp(verb, "add") != 0 && strcmp(verb, "remove") != 0 &&
        strcmp(verb, "close") != 0)
        return wrong("weir rule exception list, add, remove or close");
    return cli_ask_object(args, 1, "exception", "weir rule exception", "add");
}

/* rule values list [ID] | add ID FILE [TYPE] | remove ID. */
static int values(const struct cli_args *args)
{
    struct cli_ask a;
    const char *verb = args->rest_n > 1 ? args->rest[1] : "";
    bool list = strcmp(verb, "list") == 0;
    bool add = strcmp(verb, "add") == 0;
    if (!list && !add && strcmp(verb, "remove") != 0)
        return wrong("weir rule values list, add or remove");
    if (add ? args->rest_n != 4 && args->rest_n != 5
            : args->rest_n != 3 && !(list && args->rest_n == 2))
        return wrong(add ? "weir rule values add ID FILE [TYPE]" : "a value list's id");
    cli_ask_init(&a, "values", verb);
    if (args->rest_n > 2)
        format_write_field_str(&a.w, "id", args->rest[2]);
    if (add) {
        int status = cli_ask_file(&a, args->rest[3], "text", "name");
        if (status != CLI_DONE)
            return status;
        if (args->rest_n == 5)
            format_write_field_str(&a.w, "type", args->rest[4]);
        a.makes = true;
    }
    return cli_ask_run(&a, args);
}

/* rule preview FILE|RULE_ID: a name that is a file's is a file. */
static int preview(const struct cli_args *args)
{
    struct cli_ask a;
    if (args->rest_n != 2)
        return wrong("weir rule preview FILE or a rule_id");
    cli_ask_init(&a, "rule", "preview");
    if (access(args->rest[1], F_OK) == 0) {
        int status = cli_ask_file(&a, args->rest[1], "text", "name");
        if (status != CLI_DONE)
            return status;
    } else {
        format_write_field_str(&a.w, "id", args->rest[1]);
    }
    cli_ask_option(&a, args, CLI_FROM);
    cli_ask_option(&a, args, CLI_TO);
    return cli_ask_run(&a, args);
}

int cli_rule(const struct cli_args *args)
{
    struct cli_ask a;
    if (args->rest_n == 0)
        return wrong(RULE_VERBS);
    const char *verb = args->rest[0];
    if (strcmp(verb, "check") == 0)
        return args->rest_n > 1 ? check(args) : wrong("weir rule check FILE|DIR...");
    if (strcmp(verb, "preview") == 0)
        return preview(args);
    if (strcmp(verb, "exception") == 0)
        return exception(args);
    if (strcmp(verb, "values") == 0)
        return values(args);
    bool told = strcmp(verb, "history") == 0 || strcmp(verb, "gaps") == 0;
    bool run = strcmp(verb, "run") == 0;
    bool one = told || run || strcmp(verb, "enable") == 0 || strcmp(verb, "disable") == 0;
    bool alone = strcmp(verb, "list") == 0 || strcmp(verb, "export") == 0;
    if (!one && !alone && strcmp(verb, "import") != 0)
        return wrong(RULE_VERBS);
    if (args->rest_n != (alone ? 1 : 2))
        return wrong(alone                         ? "no more arguments"
                     : strcmp(verb, "import") == 0 ? "a file of rules"
                                                   : "the rule's rule_id");
    cli_ask_init(&a, "rule", verb);
    if (strcmp(verb, "import") == 0) {
        int status = cli_ask_file(&a, args->rest[1], "text", "name");
        if (status != CLI_DONE)
            return status;
        format_write_field_bool(&a.w, "overwrite", cli_has(args, CLI_OVERWRITE));
        a.makes = true;
    } else if (!alone) {
        format_write_field_str(&a.w, "id", args->rest[1]);
    }
    if (run) {
        cli_ask_option(&a, args, CLI_FROM);
        cli_ask_option(&a, args, CLI_TO);
    }
    if (told) {
        int status = cli_ask_limit(&a, args);
        if (status != CLI_DONE)
            return status;
    }
    return cli_ask_run(&a, args);
}
