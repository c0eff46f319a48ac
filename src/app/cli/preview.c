/* SPDX-License-Identifier: Apache-2.0 */
/* job preview: over what is stored the data directory is asked, over files it is done here. */
#include "cli/preview.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/lists.h"
#include "cli/progress.h"
#include "detect/job.h"
#include "preview/files.h"
#include "preview/preview.h"

#include <stdio.h>
#include <string.h>

static int wrong(const char *sentence)
{
    struct err_text why;
    err_set(&why, ERR_INVALID, "%s", sentence);
    return cli_fail(ERR_INVALID, &why);
}

struct running {
    bool quiet;
    struct cli_progress progress;
};

static bool stop(void *ctx)
{
    (void)ctx;
    return cli_stopped();
}

static void progress(void *ctx, double share, uint64_t events)
{
    struct running *r = ctx;
    cli_progress_show(&r->progress, share < 0.5 ? "reading" : "detecting", share, events);
}

static void remark(void *ctx, const char *sentence)
{
    struct running *r = ctx;
    if (r->quiet)
        return;
    cli_progress_clear(&r->progress);
    log_line(LOG_LEVEL_INFO, "%s", sentence);
}

static enum err make(const struct cli_args *args, struct preview **out, struct err_text *why)
{
    struct preview_settings s = {.job_file = args->rest[1],
                                 .feed_file = cli_value(args, CLI_DATAFEED, NULL)};
    struct detect_filters filters = {0};
    struct detect_calendars calendars = {0};
    char *job = NULL, *feed = NULL;
    enum err err = preview_read(&s, cli_value(args, CLI_FROM, NULL), cli_value(args, CLI_TO, NULL),
                                cli_value(args, CLI_ALERTS_PER_DAY, NULL), clock_wall(), why);
    if (err == ERR_NONE)
        err = cli_lists_filters(args, &filters, why);
    if (err == ERR_NONE)
        err = cli_lists_calendars(args, &calendars, why);
    if (err == ERR_NONE && (job = cli_read_file(s.job_file, &s.job_n, why)) == NULL)
        err = ERR_NOT_FOUND;
    if (err == ERR_NONE && s.feed_file != NULL &&
        (feed = cli_read_file(s.feed_file, &s.feed_n, why)) == NULL)
        err = ERR_NOT_FOUND;
    s.job = job;
    s.feed = feed;
    s.filters = &filters;
    s.calendars = &calendars;
    if (err == ERR_NONE)
        err = preview_new(&s, out, why);
    detect_calendars_release(&calendars);
    detect_filters_release(&filters);
    mem_free(job);
    mem_free(feed);
    return err;
}

static enum err print(const struct preview *p, bool json, struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    if (json)
        preview_json(p, &text);
    else
        preview_table(p, &text);
    enum err err = buf_ok(&text) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE && fwrite(text.p, 1, text.n, stdout) != text.n)
        err = err_set(why, ERR_IO, "standard output cannot be written");
    buf_release(&text);
    return err;
}

static int over_files(const struct cli_args *args, bool json)
{
    struct err_text why;
    char host[256];
    struct running running = {.quiet = cli_has(args, CLI_QUIET)};
    struct preview *p = NULL;
    cli_host_name(host);
    cli_catch_signals();
    cli_progress_init(&running.progress, !running.quiet);
    const struct preview_files files = {
        .paths = args->rest + 2,
        .paths_n = args->rest_n - 2,
        .format = cli_value(args, CLI_FORMAT, "auto"),
        .filter = cli_value(args, CLI_FILTER, NULL),
        .sensor = host,
        .home = args->values[CLI_HOME],
        .home_n = args->counts[CLI_HOME],
        .geoip = args->values[CLI_GEOIP],
        .geoip_n = args->counts[CLI_GEOIP],
        .stop = stop,
        .progress = progress,
        .remark = remark,
        .ctx = &running,
    };
    enum err err = make(args, &p, &why);
    for (size_t i = 0; err == ERR_NONE && preview_note(p, i) != NULL; i++)
        remark(&running, preview_note(p, i));
    if (err == ERR_NONE)
        err = preview_files(p, &files, &why);
    cli_progress_clear(&running.progress);
    if (err == ERR_NONE)
        err = print(p, json, &why);
    preview_free(p);
    return err == ERR_NONE ? CLI_DONE : cli_fail(err, &why);
}

/* What only files have. */
static bool asks_for_files(const struct cli_args *args)
{
    static const enum cli_option_id ids[] = {CLI_FORMAT, CLI_FILTER,   CLI_HOME,
                                             CLI_GEOIP,  CLI_CALENDAR, CLI_FILTER_LIST};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        if (cli_has(args, ids[i]))
            return true;
    return false;
}

int cli_preview(const struct cli_args *args)
{
    struct cli_ask a;
    const char *output = cli_value(args, CLI_OUTPUT, "table");
    const char *feed = cli_value(args, CLI_DATAFEED, NULL);
    bool json = strcmp(output, "ndjson") == 0;
    if (args->rest_n < 2)
        return wrong("expected weir job preview JOB.json [--datafeed FEED.json] [INPUT...], or "
                     "weir job preview ID");
    if (!json && strcmp(output, "table") != 0)
        return wrong("--output expects ndjson or table");
    /* No job's id has a dot or a slash. */
    bool id = detect_job_id_valid(args->rest[1]);
    if (id && (args->rest_n > 2 || feed != NULL))
        return wrong("a job that is installed is previewed over what is stored, with its own "
                     "datafeed; name its file to preview it over others");
    if (args->rest_n > 2)
        return over_files(args, json);
    if (asks_for_files(args))
        return wrong("over what is stored a preview takes --from, --to, --alerts-per-day and "
                     "--output");
    cli_ask_init(&a, "job", "preview");
    int status = CLI_DONE;
    if (id)
        format_write_field_str(&a.w, "id", args->rest[1]);
    else
        status = cli_ask_file(&a, args->rest[1], "job", "job_file");
    if (status == CLI_DONE && feed != NULL)
        status = cli_ask_file(&a, feed, "datafeed", "datafeed_file");
    if (status != CLI_DONE)
        return status;
    cli_ask_option(&a, args, CLI_FROM);
    cli_ask_option(&a, args, CLI_TO);
    cli_ask_option(&a, args, CLI_ALERTS_PER_DAY);
    cli_ask_option(&a, args, CLI_OUTPUT);
    return cli_ask_run(&a, args);
}
