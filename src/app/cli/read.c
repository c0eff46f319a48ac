/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/replay.h"
#include "cli/stats.h"
#include "daemon/enricher.h"
#include "daemon/inputs.h"
#include "enrich/enrich.h"
#include "event/event.h"
#include "event/json.h"
#include "format/write.h"

#include <stdio.h>
#include <string.h>

struct printer {
    struct enrich *enrich;
    struct buf line;
    bool failed;
};

static void print_event(void *ctx, struct event *e)
{
    struct printer *p = ctx;
    enrich_event(p->enrich, e);
    buf_clear(&p->line);
    event_json_write(e, &p->line);
    buf_char(&p->line, '\n');
    if (!buf_ok(&p->line) || fwrite(p->line.p, 1, p->line.n, stdout) != p->line.n)
        p->failed = true;
}

static void ignore_event(void *ctx, struct event *e)
{
    struct printer *p = ctx;
    enrich_event(p->enrich, e);
}

static bool stop(void *ctx)
{
    struct printer *p = ctx;
    return p->failed || cli_stopped();
}

int cli_read(const struct cli_args *args)
{
    struct err_text why;
    struct printer printer = {0};
    char host[256];
    const char *output = cli_value(args, CLI_OUTPUT, "ndjson");
    if (args->rest_n == 0) {
        err_set(&why, ERR_INVALID, "read expects at least one INPUT");
        return cli_fail(ERR_INVALID, &why);
    }
    cli_host_name(host);
    cli_catch_signals();
    ts_ns start = clock_steady();
    bool print = strcmp(output, "ndjson") == 0;
    const struct daemon_inputs_settings settings = {
        .format = cli_value(args, CLI_FORMAT, "auto"),
        .filter = cli_value(args, CLI_FILTER, NULL),
        .sensor = host,
        .stop = stop,
        .ctx = &printer,
        .sink = print ? print_event : ignore_event,
        .sink_ctx = &printer,
    };
    struct daemon_inputs *in = NULL;
    enum err err =
        daemon_enricher_new(args->values[CLI_HOME], args->counts[CLI_HOME], args->values[CLI_GEOIP],
                            args->counts[CLI_GEOIP], &printer.enrich, &why);
    if (err == ERR_NONE)
        err = daemon_inputs_new(&settings, args->rest, args->rest_n, &in, &why);
    if (err == ERR_NONE)
        err = daemon_inputs_run(in, &why);
    if (err == ERR_NONE && printer.failed)
        err = err_set(&why, ERR_IO, "standard output cannot be written");
    int status = err == ERR_NONE ? CLI_DONE : cli_fail(err, &why);
    if (in != NULL) {
        struct daemon_inputs_totals totals;
        daemon_inputs_totals(in, &totals);
        cli_tell_troubles(&totals, cli_has(args, CLI_QUIET));
        if (cli_has(args, CLI_STATS))
            cli_stats_inputs(in, start);
    }
    daemon_inputs_free(in);
    enrich_free(printer.enrich);
    buf_release(&printer.line);
    return status;
}
