/* SPDX-License-Identifier: Apache-2.0 */
/* serve: the daemon in the foreground. */
#include "cli/cli.h"

#include "base/clock.h"
#include "base/log.h"
#include "conf/conf.h"
#include "daemon/serve.h"
#include "priv/monitor.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct alerts {
    const char *path;
    FILE *to; /* NULL: nowhere but the store */
    bool failed;
};

static bool stop(void *ctx)
{
    (void)ctx;
    return cli_stopped();
}

static void say(void *ctx, int level, const char *sentence)
{
    const bool *quiet = ctx;
    if (level < 2 || !*quiet)
        log_line((enum log_level)level, "%s", sentence);
}

/* Somebody who rotates logs moved the file away: the next alert begins a new one, where the jail
 * allows it, which is in the data directory. Elsewhere the file must be copied and cut. */
static void reopen_moved(struct alerts *a)
{
    struct stat named, open;
    if (a->to == stdout || fstat(fileno(a->to), &open) != 0)
        return;
    if (stat(a->path, &named) == 0 && named.st_ino == open.st_ino && named.st_dev == open.st_dev)
        return;
    FILE *fresh = fopen(a->path, "a");
    if (fresh == NULL)
        return; /* the old one is better than none */
    fclose(a->to);
    a->to = fresh;
}

static void on_alert(void *ctx, const char *id, struct bytes json)
{
    struct alerts *a = ctx;
    (void)id;
    reopen_moved(a);
    bool ok = fwrite(json.p, 1, json.n, a->to) == json.n && putc('\n', a->to) != EOF &&
              fflush(a->to) == 0;
    /* The alert is in the store; a full disk or closed pipe is told once, and tried again. */
    if (!ok && !a->failed)
        log_line(LOG_LEVEL_ERROR, "alerts cannot be written: %s", strerror(errno));
    a->failed = !ok;
    clearerr(a->to);
}

/* Options of the command line come after the file and replace its lists. */
static enum err settle(struct conf *conf, const struct cli_args *args, struct err_text *why)
{
    static const struct {
        enum cli_option_id id;
        const char *key;
    } map[] = {
        {CLI_DATA_DIR, "data_dir"},     {CLI_INTERFACE, "capture.interfaces"},
        {CLI_FILTER, "capture.filter"}, {CLI_FOLLOW, "follow.paths"},
        {CLI_HOME, "network.home"},     {CLI_GEOIP, "network.geoip"},
        {CLI_LATE, "engine.late"},      {CLI_THREADS, "engine.threads"},
        {CLI_PACKAGE, "packages"},      {CLI_LISTEN, "server.listen"},
    };
    const char *file = cli_value(args, CLI_CONFIG, NULL);
    enum err err = file != NULL ? conf_read(conf, file, why) : ERR_NONE;
    for (size_t i = 0; i < sizeof(map) / sizeof(map[0]) && err == ERR_NONE; i++) {
        if (cli_has(args, map[i].id) && cli_options[map[i].id].many)
            conf_clear(conf, map[i].key);
        for (size_t k = 0; k < args->counts[map[i].id] && err == ERR_NONE; k++)
            err = conf_set(conf, map[i].key, args->values[map[i].id][k], why);
    }
    if (cli_has(args, CLI_NO_PROMISCUOUS))
        conf->promiscuous = false;
    return err;
}

static enum err open_alerts(const struct conf *conf, const struct cli_args *args,
                            struct alerts *out, struct err_text *why)
{
    const char *path =
        cli_has(args, CLI_ALERTS) ? cli_value(args, CLI_ALERTS, "") : conf->alerts_file;
    if (path[0] == '\0')
        return ERR_NONE;
    out->path = path;
    out->to = strcmp(path, "-") == 0 ? stdout : fopen(path, "a");
    if (out->to == NULL) {
        int number = errno;
        return err_set_at(why, err_from_errno(number), path, 0, "cannot be written: %s",
                          strerror(number));
    }
    return ERR_NONE;
}

static void warn(void *ctx, const char *sentence)
{
    (void)ctx;
    log_line(LOG_LEVEL_WARNING, "%s", sentence);
}

/* A slip of the pen, most often. */
static void tell_missing(const struct conf *conf)
{
    for (size_t i = 0; i < conf->follow.n; i++)
        if (access(conf->follow.items[i], F_OK) != 0)
            log_line(LOG_LEVEL_WARNING, "%s: %s; it is followed once it is there",
                     conf->follow.items[i], strerror(errno));
}

/* Followed logs may be renewed by somebody else's rights; nothing else is opened later. */
static enum err start_monitor(const struct conf *conf, struct priv_monitor **out,
                              struct err_text *why)
{
    const struct priv_monitor_settings settings = {
        .paths = (const char *const *)conf->follow.items,
        .paths_n = conf->follow.n,
        .say = warn,
    };
    return conf->follow.n > 0 ? priv_monitor_start(&settings, out, why) : ERR_NONE;
}

int cli_serve(const struct cli_args *args)
{
    struct err_text why;
    struct conf conf;
    struct alerts alerts = {0};
    struct priv_monitor *monitor = NULL;
    int status = CLI_DONE;
    char host[256];
    bool quiet = cli_has(args, CLI_QUIET);
    cli_catch_signals();
    if (args->rest_n > 0)
        return cli_fail(ERR_INVALID, (err_set(&why, ERR_INVALID,
                                              "serve takes no arguments; "
                                              "--follow names logs, --interface wires"),
                                      &why));
    enum err err = conf_init(&conf);
    if (err != ERR_NONE)
        return cli_fail(err, (err_set(&why, err, "%s", err_name(err)), &why));
    err = settle(&conf, args, &why);
    if (err == ERR_NONE)
        err = open_alerts(&conf, args, &alerts, &why);
    if (err == ERR_NONE)
        tell_missing(&conf);
    if (err == ERR_NONE)
        err = start_monitor(&conf, &monitor, &why);
    cli_host_name(host);
    const struct daemon_serve_settings settings = {
        .conf = &conf,
        .monitor = monitor,
        .sensor = conf.sensor_name[0] != '\0' ? conf.sensor_name : host,
        .stop = stop,
        .log = say,
        .ctx = &quiet,
        .on_alert = alerts.to != NULL ? on_alert : NULL,
        .alert_ctx = &alerts,
    };
    if (monitor != NULL && !priv_monitor_is_engine(monitor))
        status = priv_monitor_run(monitor);
    else if (err == ERR_NONE)
        err = daemon_serve(&settings, &why);
    priv_monitor_close(monitor);
    if (alerts.to != NULL && alerts.to != stdout)
        fclose(alerts.to);
    conf_release(&conf);
    return err == ERR_NONE ? status : cli_fail(err, &why);
}
