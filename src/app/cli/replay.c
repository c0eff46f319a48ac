/* SPDX-License-Identifier: Apache-2.0 */
/* replay: the whole chain over files, alerts on standard output. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/progress.h"
#include "cli/replay.h"
#include "cli/screen.h"
#include "cli/stats.h"
#include "engine/pipeline.h"
#include "engine/replay.h"
#include "feed/inputs.h"
#include "rule/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct printing {
    bool table;
    bool quiet;
    bool failed;
    unsigned columns; /* of the table; 0: as many as there are */
    struct buf rows;
    struct cli_progress progress;
};

static bool stop(void *ctx)
{
    const struct printing *p = ctx;
    return p->failed || cli_stopped();
}

static void progress(void *ctx, int phase, double share, uint64_t events)
{
    struct printing *p = ctx;
    cli_progress_show(&p->progress, phase == 0 ? "reading" : "detecting",
                      phase == 0 ? share / 2 : 0.5 + share / 2, events);
}

static void remark(void *ctx, const char *sentence)
{
    struct printing *p = ctx;
    if (p->quiet)
        return;
    cli_progress_clear(&p->progress);
    log_line(LOG_LEVEL_INFO, "%s", sentence);
}

/* NDJSON goes out at once; the table is printed whole at the end. */
static void on_alert(void *ctx, const char *id, struct bytes json)
{
    struct printing *p = ctx;
    struct err_text why;
    (void)id;
    if (p->table) {
        if (rule_table_row(json, p->columns, &p->rows, &why) != ERR_NONE)
            p->failed = true;
        return;
    }
    if (fwrite(json.p, 1, json.n, stdout) != json.n || putchar('\n') == EOF)
        p->failed = true;
}

int cli_replay_run(struct engine_replay_settings *settings, bool table, bool quiet, bool stats)
{
    struct err_text why;
    struct printing printing = {
        .table = table, .quiet = quiet, .columns = cli_screen_columns(STDOUT_FILENO)};
    struct engine_replay *replay = NULL;
    ts_ns start = clock_steady();
    cli_progress_init(&printing.progress, !quiet);
    settings->stop = stop;
    settings->progress = progress;
    settings->remark = remark;
    settings->ctx = &printing;
    settings->on_alert = on_alert;
    settings->alert_ctx = &printing;
    enum err err = engine_replay_new(settings, &replay, &why);
    if (err == ERR_NONE)
        err = engine_replay_run(replay, &why);
    cli_progress_clear(&printing.progress);
    if ((err == ERR_NONE || err == ERR_STOPPED) && (printing.failed || !buf_ok(&printing.rows)))
        err = err_set(&why, ERR_IO, "standard output cannot be written");
    if (table && (err == ERR_NONE || err == ERR_STOPPED)) {
        struct buf head;
        buf_init(&head);
        rule_table_head(printing.columns, &head);
        fputs(buf_text(&head), stdout);
        fputs(buf_text(&printing.rows), stdout);
        buf_release(&head);
    }
    int status = err == ERR_NONE ? CLI_DONE : cli_fail(err, &why);
    if (replay != NULL) {
        struct feed_inputs_totals t;
        feed_inputs_totals(engine_replay_inputs(replay), &t);
        cli_tell_troubles(&t, quiet);
        if (err == ERR_NONE && t.events == 0 && t.malformed > 0)
            status =
                cli_fail(ERR_FORMAT,
                         (err_set(&why, ERR_FORMAT, "nothing of the input could be read"), &why));
        if (stats)
            cli_stats_pipeline(engine_replay_inputs(replay), engine_replay_pipeline(replay), start);
    }
    engine_replay_free(replay);
    buf_release(&printing.rows);
    return status;
}

int cli_replay(const struct cli_args *args)
{
    struct err_text why;
    int64_t threads;
    char host[256];
    const char *alerts = cli_value(args, CLI_ALERTS, "ndjson");
    enum err err = ERR_NONE;
    if (args->rest_n == 0)
        err = err_set(&why, ERR_INVALID, "replay expects at least one INPUT");
    else if (strcmp(alerts, "ndjson") != 0 && strcmp(alerts, "table") != 0)
        err = err_set(&why, ERR_INVALID, "--alerts expects ndjson or table, not '%s'", alerts);
    else
        err = cli_number(args, CLI_THREADS, 1, 64, 1, &threads, &why);
    if (err != ERR_NONE)
        return cli_fail(err, &why);
    cli_host_name(host);
    cli_catch_signals();
    struct engine_replay_settings settings = {
        .paths = args->rest,
        .paths_n = args->rest_n,
        .format = cli_value(args, CLI_FORMAT, "auto"),
        .filter = cli_value(args, CLI_FILTER, NULL),
        .sensor = host,
        .home = args->values[CLI_HOME],
        .home_n = args->counts[CLI_HOME],
        .geoip = args->values[CLI_GEOIP],
        .geoip_n = args->counts[CLI_GEOIP],
        .packages = args->values[CLI_PACKAGE],
        .packages_n = args->counts[CLI_PACKAGE],
        .jobs = args->values[CLI_JOB],
        .jobs_n = args->counts[CLI_JOB],
        .feeds = args->values[CLI_DATAFEED],
        .feeds_n = args->counts[CLI_DATAFEED],
        .filters = args->values[CLI_FILTER_LIST],
        .filters_n = args->counts[CLI_FILTER_LIST],
        .calendars = args->values[CLI_CALENDAR],
        .calendars_n = args->counts[CLI_CALENDAR],
        .rules = args->values[CLI_RULE],
        .rules_n = args->counts[CLI_RULE],
        .data_dir = cli_value(args, CLI_DATA_DIR, NULL),
        .threads = (unsigned)threads,
    };
    return cli_replay_run(&settings, strcmp(alerts, "table") == 0, cli_has(args, CLI_QUIET),
                          cli_has(args, CLI_STATS));
}
