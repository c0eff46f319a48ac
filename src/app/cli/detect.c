/* SPDX-License-Identifier: Apache-2.0 */
/* detect: one job over events or CSV, result documents on standard output. */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/image.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/thread.h"
#include "cli/ask.h"
#include "cli/lists.h"
#include "cli/replay.h"
#include "cli/stats.h"
#include "detect/csv.h"
#include "detect/detect.h"
#include "detect/forecast.h"
#include "detect/rescore.h"
#include "detect/schedule.h"
#include "engine/ahead.h"
#include "engine/rows.h"
#include "event/event.h"
#include "feed/inputs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* A result's document, kept back until its scores are settled. */
struct kept {
    char *text;
    size_t n;
};

struct run {
    struct detect_job *job;
    struct detect_feed *feed;
    struct detect *engine;
    struct engine_rows *rows; /* what the datafeed aggregates; NULL: it gives events */
    struct engine_ahead *ahead;
    struct buf doc;
    bool renormalized;
    struct kept *kept;
    size_t kept_n, kept_cap;
    struct map *by_id; /* id → index in kept + 1 */
    uint64_t records;
    enum err failed;
    struct err_text header; /* what is wrong with the table's first line */
};

static void keep(struct run *r, const struct detect_result *result)
{
    struct buf id;
    buf_init(&id);
    detect_result_id(result, &id);
    char *text = mem_strndup(r->doc.p, r->doc.n);
    uint64_t *at = buf_ok(&id) ? map_put(r->by_id, id.p, id.n, NULL) : NULL;
    if (text != NULL && at != NULL && *at != 0 && result->type == DETECT_RESULT_CATEGORY) {
        /* A category is told again whenever it has changed: the last form counts. */
        mem_free(r->kept[*at - 1].text);
        r->kept[*at - 1] = (struct kept){.text = text, .n = r->doc.n};
    } else if (text == NULL || at == NULL ||
               mem_grow((void **)&r->kept, &r->kept_cap, r->kept_n + 1, sizeof(*r->kept)) != 0) {
        mem_free(text);
        r->failed = ERR_MEMORY;
    } else {
        r->kept[r->kept_n] = (struct kept){.text = text, .n = r->doc.n};
        *at = ++r->kept_n;
    }
    buf_release(&id);
}

static void on_result(void *ctx, const struct detect_result *result)
{
    struct run *r = ctx;
    r->records += result->type == DETECT_RESULT_RECORD;
    buf_clear(&r->doc);
    detect_result_write(result, &r->doc);
    if (r->renormalized) {
        keep(r, result);
        return;
    }
    buf_char(&r->doc, '\n');
    if (!buf_ok(&r->doc))
        r->failed = ERR_MEMORY;
    else if (fwrite(r->doc.p, 1, r->doc.n, stdout) != r->doc.n)
        r->failed = ERR_IO;
}

/* A line of a forecast; of its own document only the last form. */
static void on_forecast(void *ctx, const struct detect_result *result)
{
    struct run *r = ctx;
    if (result->type == DETECT_RESULT_FORECAST_REQUEST && !result->forecast_request.finished)
        return;
    buf_clear(&r->doc);
    detect_result_write(result, &r->doc);
    buf_char(&r->doc, '\n');
    if (!buf_ok(&r->doc))
        r->failed = ERR_MEMORY;
    else if (fwrite(r->doc.p, 1, r->doc.n, stdout) != r->doc.n)
        r->failed = ERR_IO;
}

static void on_update(void *ctx, const struct detect_update *u)
{
    struct run *r = ctx;
    uint64_t *at = r->by_id != NULL ? map_get(r->by_id, u->id, strlen(u->id)) : NULL;
    if (at == NULL)
        return;
    struct kept *k = &r->kept[*at - 1];
    buf_clear(&r->doc);
    char *text = NULL;
    if (detect_rescore_write(k->text, k->n, u, &r->doc) == ERR_NONE)
        text = mem_strndup(r->doc.p, r->doc.n);
    if (text == NULL) {
        r->failed = ERR_MEMORY;
        return;
    }
    mem_free(k->text);
    *k = (struct kept){.text = text, .n = r->doc.n};
}

static void print_kept(struct run *r, const struct kept *k)
{
    if (fwrite(k->text, 1, k->n, stdout) != k->n || putchar('\n') == EOF)
        r->failed = ERR_IO;
}

static enum err give(void *ctx, struct event *e)
{
    struct run *r = ctx;
    return r->rows != NULL ? engine_rows_follow(r->rows, e, r->job->latency_ns, r->engine)
                           : detect_event(r->engine, e);
}

/* Who has a time of its own is taken at its word. */
static void on_event(void *ctx, struct event *e)
{
    struct run *r = ctx;
    if (r->failed != ERR_NONE || !detect_feed_match(r->feed, e))
        return;
    enum err err = strcmp(r->job->time_field, "@timestamp") == 0 ? engine_ahead_event(r->ahead, e)
                                                                 : give(r, e);
    if (err != ERR_NONE)
        r->failed = err;
}

static bool stop(void *ctx)
{
    const struct run *r = ctx;
    return r->failed != ERR_NONE || cli_stopped();
}

static enum err on_header(void *ctx, const struct bytes *names, size_t n)
{
    struct run *r = ctx;
    return detect_columns(r->engine, names, n, &r->header);
}

static bool on_row(void *ctx, const struct detect_csv_row *row)
{
    struct run *r = ctx;
    enum err err = detect_row(r->engine, row->fields);
    if (err != ERR_NONE)
        r->failed = err;
    return r->failed == ERR_NONE;
}

static enum err read_csv(struct run *r, const char *path, struct err_text *why)
{
    bool in = strcmp(path, "-") == 0;
    FILE *f = in ? stdin : fopen(path, "rb");
    if (f == NULL) {
        int number = errno;
        return err_set_at(why, err_from_errno(number), path, 0, "cannot be read: %s",
                          strerror(number));
    }
    size_t size = 1 << 16;
    char *piece = mem_alloc(size);
    struct detect_csv *csv = detect_csv_new(on_header, on_row, r);
    enum err err = piece != NULL && csv != NULL ? ERR_NONE : ERR_MEMORY;
    while (err == ERR_NONE && !stop(r)) {
        size_t n = fread(piece, 1, size, f);
        if (n == 0)
            break;
        err = detect_csv_feed(csv, piece, n);
    }
    if (err == ERR_NONE && ferror(f))
        err = ERR_IO;
    if (err == ERR_NONE)
        err = detect_csv_end(csv);
    if (err == ERR_STOPPED)
        err = r->failed;
    if (err == ERR_INVALID)
        err_set_at(why, err, path, 1, "%s", r->header.message);
    else if (err != ERR_NONE)
        err_set_at(why, err, path, 0, "%s", err_name(err));
    else if (r->failed == ERR_NONE && cli_stopped())
        err = err_set(why, ERR_STOPPED, "stopped before the end of the input");
    detect_csv_free(csv);
    mem_free(piece);
    if (!in)
        fclose(f);
    return err;
}

static enum err read_events(struct run *r, const struct cli_args *args, struct err_text *why)
{
    const struct feed_inputs_settings settings = {
        .format = "ecs",
        .sensor = "",
        .stop = stop,
        .ctx = r,
        .sink = on_event,
        .sink_ctx = r,
    };
    struct feed_inputs *in;
    enum err err = feed_inputs_new(&settings, args->rest, args->rest_n, &in, why);
    if (err != ERR_NONE)
        return err;
    err = feed_inputs_run(in, why);
    if (err == ERR_NONE && r->failed == ERR_NONE)
        r->failed = engine_ahead_end(r->ahead);
    struct feed_inputs_totals t;
    feed_inputs_totals(in, &t);
    cli_tell_troubles(&t, cli_has(args, CLI_QUIET));
    if (err == ERR_NONE && t.events == 0 && t.malformed > 0)
        err = err_set(why, ERR_FORMAT,
                      "no event could be read: expected ECS NDJSON; --format csv reads tables");
    feed_inputs_free(in);
    return err;
}

/* Records that no bucket got. */
static void tell_losses(const struct run *r, const struct cli_args *args)
{
    const struct detect_counts *c = detect_counts(r->engine);
    uint64_t late = r->rows != NULL ? engine_rows_late(r->rows) : 0;
    uint64_t lost = r->rows != NULL ? engine_rows_lost(r->rows) : 0;
    if (cli_has(args, CLI_QUIET))
        return;
    if (c->invalid_dates > 0)
        log_line(LOG_LEVEL_WARNING, "%llu of %llu records have no time that can be read in '%s'",
                 (unsigned long long)c->invalid_dates, (unsigned long long)c->records,
                 r->job->time_field);
    if (c->out_of_order > 0)
        log_line(LOG_LEVEL_WARNING, "%llu of %llu records came after their bucket was closed",
                 (unsigned long long)c->out_of_order, (unsigned long long)c->records);
    if (r->ahead != NULL && engine_ahead_count(r->ahead) > 0)
        log_line(LOG_LEVEL_WARNING,
                 "%llu events were set aside: they are dated far ahead of those around them",
                 (unsigned long long)engine_ahead_count(r->ahead));
    if (late > 0)
        log_line(LOG_LEVEL_WARNING, "%llu events came after their interval was counted",
                 (unsigned long long)late);
    if (lost > 0)
        log_line(LOG_LEVEL_WARNING,
                 "%llu events were not counted: what is aggregated of their intervals is more than "
                 "fits, or their time lies beyond the years 1824 to 2116",
                 (unsigned long long)lost);
    if (detect_given_up(r->engine) > 0)
        log_line(LOG_LEVEL_WARNING, "an expression of the job took too long on %llu messages",
                 (unsigned long long)detect_given_up(r->engine));
}

static enum err load(struct run *r, const struct cli_args *args, struct err_text *why)
{
    size_t n;
    const char *path = cli_value(args, CLI_JOB, NULL);
    if (path == NULL)
        return err_set(why, ERR_INVALID, "detect expects --job JOB.json");
    char *text = cli_read_file(path, &n, why);
    if (text == NULL)
        return ERR_NOT_FOUND;
    struct detect_filters filters = {0};
    enum err err = cli_lists_filters(args, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_parse(text, n, path, filters.list, filters.n, &r->job, why);
    detect_filters_release(&filters);
    mem_free(text);
    if (err != ERR_NONE)
        return err;
    cli_lists_notes(r->job->notes, r->job->n_notes, args);
    if (r->job->id[0] == '\0')
        detect_job_set_id(r->job, "job");
    path = cli_value(args, CLI_DATAFEED, NULL);
    if (path == NULL)
        return ERR_NONE;
    text = cli_read_file(path, &n, why);
    if (text == NULL)
        return ERR_NOT_FOUND;
    err = detect_feed_parse(text, n, path, &r->feed, why);
    mem_free(text);
    if (err == ERR_NONE)
        cli_lists_notes(r->feed->notes, r->feed->n_notes, args);
    if (err == ERR_NONE && r->feed->aggs != NULL)
        err = detect_feed_fits(r->feed, r->job, why);
    if (err == ERR_NONE && r->feed->aggs != NULL)
        err = engine_rows_new(r->feed, NULL, &r->rows, why);
    return err;
}

/* Calendars that cover the job. */
static enum err set_schedule(struct run *r, const struct cli_args *args, struct err_text *why)
{
    struct detect_calendars calendars = {0};
    struct detect_schedule *schedule = NULL;
    enum err err = cli_lists_calendars(args, &calendars, why);
    if (err == ERR_NONE && (err = detect_schedule_new(&calendars, r->job, &schedule)) != ERR_NONE)
        err_set(why, err, "%s", err_name(err));
    if (err == ERR_NONE && calendars.n > 0 && schedule == NULL && !cli_has(args, CLI_QUIET))
        log_line(LOG_LEVEL_WARNING, "no calendar has events for the job '%s'", r->job->id);
    if (err == ERR_NONE)
        detect_take_schedule(r->engine, schedule);
    detect_calendars_release(&calendars);
    return err;
}

static enum err begin(struct run *r, const struct cli_args *args, struct thread_team *team,
                      struct err_text *why)
{
    const struct detect_options options = {
        .team = team,
        .seed = {1, 2},
        .follow_records = true,
        .model_plot = cli_has(args, CLI_MODEL_PLOT),
        .sink = on_result,
        .update = on_update,
        .ctx = r,
    };
    const char *path = cli_value(args, CLI_RESTORE, NULL);
    if (path == NULL) {
        enum err err = detect_new(r->job, &options, &r->engine);
        return err == ERR_NONE ? err : err_set(why, err, "%s", err_name(err));
    }
    size_t n;
    char *state = cli_read_file(path, &n, why);
    if (state == NULL)
        return ERR_NOT_FOUND;
    enum err err = detect_restore(r->job, &options, state, n, &r->engine, why);
    mem_free(state);
    if (err != ERR_NONE && why->file[0] == '\0')
        snprintf(why->file, sizeof(why->file), "%s", path);
    return err;
}

/* Written beside and moved into place, so that a full disk leaves the old state. */
static enum err persist(struct run *r, const char *path, struct err_text *why)
{
    char part[4096];
    struct buf state;
    buf_init(&state);
    detect_save(r->engine, &state);
    if (!buf_ok(&state) || (size_t)snprintf(part, sizeof(part), "%s.part", path) >= sizeof(part)) {
        buf_release(&state);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    FILE *f = fopen(part, "wb");
    bool ok = f != NULL && fwrite(buf_text(&state), 1, state.n, f) == state.n;
    int number = errno;
    if (f != NULL && fclose(f) != 0 && ok) {
        number = errno;
        ok = false;
    }
    if (ok && rename(part, path) != 0) {
        number = errno;
        ok = false;
    }
    buf_release(&state);
    if (!ok) {
        remove(part);
        return err_set_at(why, err_from_errno(number), path, 0, "cannot be written: %s",
                          strerror(number));
    }
    return ERR_NONE;
}

/* The buckets ahead of the newest closed one; the id and times follow from the data. */
static enum err forecast(struct run *r, const struct cli_args *args, struct err_text *why)
{
    struct detect_forecast_options options;
    struct detect_forecast *f;
    enum err err =
        detect_forecast_read(cli_value(args, CLI_FORECAST, NULL), "0s", NULL, &options, why);
    options.id = "1";
    options.created = detect_final_until(r->engine);
    if (err == ERR_NONE)
        err = detect_forecast_new(r->engine, &options, &f, why);
    if (err != ERR_NONE)
        return err;
    detect_forecast_run(f, on_forecast, NULL, r);
    detect_forecast_finished(f, 0, on_forecast, r);
    detect_forecast_free(f);
    return ERR_NONE;
}

static enum err run(struct run *r, const struct cli_args *args, struct thread_team *team,
                    struct err_text *why)
{
    struct detect_forecast_options options;
    enum err err =
        detect_forecast_read(cli_value(args, CLI_FORECAST, NULL), NULL, NULL, &options, why);
    if (err == ERR_NONE)
        err = load(r, args, why);
    if (err == ERR_NONE)
        err = begin(r, args, team, why);
    if (err == ERR_NONE)
        err = set_schedule(r, args, why);
    if (err != ERR_NONE)
        return err;
    const char *format = cli_value(args, CLI_FORMAT, "ecs");
    image_shed(); /* what only starting needed */
    if (strcmp(format, "csv") == 0) {
        for (size_t i = 0; i < args->rest_n && err == ERR_NONE; i++)
            err = read_csv(r, args->rest[i], why);
    } else if (strcmp(format, "ecs") == 0) {
        err = read_events(r, args, why);
    } else {
        err = err_set(why, ERR_INVALID, "detect reads --format ecs or csv, not '%s'", format);
    }
    if (err == ERR_NONE && r->rows != NULL)
        err = engine_rows_give(r->rows, TIME_MAX, r->engine);
    const char *save = cli_value(args, CLI_PERSIST, NULL);
    if (err == ERR_NONE && save != NULL)
        err = persist(r, save, why); /* open buckets stay open in the state */
    else if (err == ERR_NONE && (err = detect_finish(r->engine)) != ERR_NONE)
        err_set(why, err, "%s", err_name(err));
    if (err == ERR_NONE) {
        if (r->renormalized)
            detect_renormalize(r->engine);
        detect_report_size(r->engine);
        for (size_t i = 0; i < r->kept_n; i++)
            print_kept(r, &r->kept[i]);
        if (cli_has(args, CLI_FORECAST))
            err = forecast(r, args, why);
    }
    if (err == ERR_NONE && r->failed != ERR_NONE)
        err = err_set(why, r->failed,
                      r->failed == ERR_IO ? "standard output cannot be written" : "%s",
                      err_name(r->failed));
    return err;
}

int cli_detect(const struct cli_args *args)
{
    struct err_text why;
    struct run r = {.renormalized = cli_has(args, CLI_RENORMALIZED)};
    int64_t threads;
    ts_ns start = clock_steady();
    mem_map_large();
    cli_catch_signals();
    if (args->rest_n == 0)
        return cli_fail(ERR_INVALID,
                        (err_set(&why, ERR_INVALID, "detect expects at least one INPUT"), &why));
    enum err err = cli_number(args, CLI_THREADS, 1, 64, 1, &threads, &why);
    if (err != ERR_NONE)
        return cli_fail(err, &why);
    struct thread_team *team = thread_team_new((unsigned)threads);
    if (r.renormalized)
        r.by_id = map_new((struct hash_key){1, 2});
    r.ahead = engine_ahead_new(give, &r);
    if (team == NULL || r.ahead == NULL || (r.renormalized && r.by_id == NULL))
        err = err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        err = run(&r, args, team, &why);
    int status = err == ERR_NONE ? CLI_DONE : cli_fail(err, &why);
    if (r.engine != NULL)
        tell_losses(&r, args);
    if (r.engine != NULL && cli_has(args, CLI_STATS))
        cli_stats_detect(r.engine, r.records, start);
    for (size_t i = 0; i < r.kept_n; i++)
        mem_free(r.kept[i].text);
    mem_free(r.kept);
    map_free(r.by_id);
    detect_free(r.engine);
    engine_rows_free(r.rows);
    engine_ahead_free(r.ahead);
    detect_feed_free(r.feed);
    detect_job_free(r.job);
    buf_release(&r.doc);
    thread_team_free(team);
    return status;
}
