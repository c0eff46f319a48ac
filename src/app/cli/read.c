/* SPDX-License-Identifier: Apache-2.0 */
/* read: any input, or live traffic, as ECS events on standard output. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "capture/live.h"
#include "cli/progress.h"
#include "cli/replay.h"
#include "cli/row.h"
#include "cli/stats.h"
#include "enrich/enrich.h"
#include "event/event.h"
#include "event/json.h"
#include "feed/enricher.h"
#include "feed/inputs.h"
#include "feed/packets.h"

#include <stdio.h>
#include <string.h>

#define LIVE_WAIT (200 * TIME_MS)
#define LIVE_MEMORY (UINT64_C(512) << 20)
/* While no packet comes, time is the wall clock less this. */
#define IDLE_LAG TIME_S

enum output { OUTPUT_NDJSON, OUTPUT_TABLE, OUTPUT_NONE };

struct printer {
    enum output output;
    struct enrich *enrich;
    struct buf line;
    struct cli_progress progress;
    uint64_t sequence; /* of live events */
    bool live;
    bool quiet;
    bool failed;
};

static void on_event(void *ctx, struct event *e)
{
    struct printer *p = ctx;
    if (p->live)
        e->sequence = ++p->sequence;
    if (p->output == OUTPUT_NONE)
        return; /* made, and seen by nobody: nothing is looked up for it */
    enrich_event(p->enrich, e);
    buf_clear(&p->line);
    if (p->output == OUTPUT_TABLE) {
        cli_row_event(e, &p->line);
    } else {
        event_json_write(e, &p->line);
        buf_char(&p->line, '\n');
    }
    if (!buf_ok(&p->line) || fwrite(p->line.p, 1, p->line.n, stdout) != p->line.n)
        p->failed = true;
}

static bool stop(void *ctx)
{
    const struct printer *p = ctx;
    return p->failed || cli_stopped();
}

static void progress(void *ctx, double share, uint64_t events)
{
    struct printer *p = ctx;
    cli_progress_show(&p->progress, "reading", share, events);
}

static void remark(void *ctx, const char *sentence)
{
    const struct printer *p = ctx;
    if (!p->quiet)
        log_line(LOG_LEVEL_INFO, "%s", sentence);
}

static enum err read_files(const struct cli_args *args, struct printer *p, const char *host,
                           ts_ns start, struct err_text *why)
{
    const struct feed_inputs_settings settings = {
        .format = cli_value(args, CLI_FORMAT, "auto"),
        .filter = cli_value(args, CLI_FILTER, NULL),
        .sensor = host,
        .flows_only = cli_has(args, CLI_FLOWS_ONLY),
        .stop = stop,
        .progress = progress,
        .remark = remark,
        .ctx = p,
        .sink = on_event,
        .sink_ctx = p,
    };
    struct feed_inputs *in;
    enum err err = feed_inputs_new(&settings, args->rest, args->rest_n, &in, why);
    if (err != ERR_NONE)
        return err;
    err = feed_inputs_run(in, why);
    cli_progress_clear(&p->progress);
    struct feed_inputs_totals totals;
    feed_inputs_totals(in, &totals);
    cli_tell_troubles(&totals, cli_has(args, CLI_QUIET));
    if (cli_has(args, CLI_STATS))
        cli_stats_inputs(in, start);
    if (err == ERR_NONE && totals.events == 0 && totals.malformed > 0)
        err = err_set(why, ERR_FORMAT, "nothing of the input could be read");
    feed_inputs_free(in);
    return err;
}

/* Packets as they pass, until somebody says stop; then what is open is reported. */
static enum err pump(struct capture_live *live, struct feed_packets *packets, struct printer *p,
                     struct err_text *why)
{
    ts_ns now = TIME_NONE;
    enum err err = ERR_NONE;
    while (!stop(p) && err == ERR_NONE) {
        struct capture_packet packet;
        err = capture_live_next(live, LIVE_WAIT, why, &packet);
        if (err == ERR_NONE) {
            feed_packets_feed(packets, &packet);
            now = packet.ts > now ? packet.ts : now;
            continue;
        }
        if (err != ERR_AGAIN)
            break;
        err = ERR_NONE;
        ts_ns idle = clock_wall() - IDLE_LAG;
        now = idle > now ? idle : now;
        feed_packets_advance(packets, now);
        if (fflush(stdout) != 0)
            p->failed = true;
    }
    feed_packets_flush(packets);
    return err;
}

static enum err read_live(const struct cli_args *args, struct printer *p, const char *host,
                          ts_ns start, struct err_text *why)
{
    const struct capture_live_settings settings = {
        .interfaces = args->values[CLI_INTERFACE],
        .interface_n = args->counts[CLI_INTERFACE],
        .filter = cli_value(args, CLI_FILTER, NULL),
        .promiscuous = !cli_has(args, CLI_NO_PROMISCUOUS),
    };
    const struct feed_packets_settings flows = {
        .sensor = host,
        .agent_id = host,
        .memory = LIVE_MEMORY,
        .seed = feed_packets_seed(),
        .flows_only = cli_has(args, CLI_FLOWS_ONLY),
        .sink = on_event,
        .ctx = p,
    };
    struct capture_live *live = NULL;
    struct feed_packets *packets = NULL;
    p->live = true;
    enum err err = capture_live_open(&settings, why, &live);
    if (err == ERR_NONE && (err = feed_packets_new(&flows, &packets)) != ERR_NONE)
        err_set(why, err, "%s", err_name(err));
    if (err == ERR_NONE) {
        err = pump(live, packets, p, why);
        struct capture_live_counters c = capture_live_counters(live);
        if (!cli_has(args, CLI_QUIET))
            log_line(LOG_LEVEL_INFO, "%llu packets, %llu dropped by the kernel, %llu by interfaces",
                     (unsigned long long)c.packets, (unsigned long long)c.kernel_dropped,
                     (unsigned long long)c.link_dropped);
        if (cli_has(args, CLI_STATS))
            cli_stats_live(packets, c.kernel_dropped, c.link_dropped, start);
    }
    feed_packets_free(packets);
    capture_live_close(live);
    return err;
}

int cli_read(const struct cli_args *args)
{
    static const char *const outputs[] = {"ndjson", "table", "none"};
    struct err_text why;
    struct printer printer = {.quiet = cli_has(args, CLI_QUIET)};
    char host[256];
    ts_ns start = clock_steady();
    const char *output = cli_value(args, CLI_OUTPUT, "ndjson");
    bool live = cli_has(args, CLI_INTERFACE);
    enum err err = ERR_NONE;
    while (printer.output <= OUTPUT_NONE && strcmp(output, outputs[printer.output]) != 0)
        printer.output++;
    if (printer.output > OUTPUT_NONE)
        err =
            err_set(&why, ERR_INVALID, "--output expects ndjson, table or none, not '%s'", output);
    else if (live && args->rest_n > 0)
        err = err_set(&why, ERR_INVALID, "read expects files or --interface, not both");
    else if (!live && args->rest_n == 0)
        err = err_set(&why, ERR_INVALID, "read expects at least one INPUT, or --interface");
    if (err != ERR_NONE)
        return cli_fail(err, &why);
    cli_host_name(host);
    cli_catch_signals();
    cli_progress_init(&printer.progress, !cli_has(args, CLI_QUIET));
    err = feed_enricher_new(args->values[CLI_HOME], args->counts[CLI_HOME], args->values[CLI_GEOIP],
                            args->counts[CLI_GEOIP], &printer.enrich, &why);
    if (err == ERR_NONE && printer.output == OUTPUT_TABLE)
        cli_row_head(stdout);
    if (err == ERR_NONE)
        err = live ? read_live(args, &printer, host, start, &why)
                   : read_files(args, &printer, host, start, &why);
    if ((err == ERR_NONE || err == ERR_STOPPED) && printer.failed)
        err = err_set(&why, ERR_IO, "standard output cannot be written");
    enrich_free(printer.enrich);
    buf_release(&printer.line);
    return err == ERR_NONE ? CLI_DONE : cli_fail(err, &why);
}
