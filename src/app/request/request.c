/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request.h"

#include "engine/jobs.h"
#include "engine/pipeline.h"
#include "event/event.h"
#include "event/json.h"
#include "format/write.h"
#include "query/datemath.h"
#include "query/query.h"
#include "request/request_priv.h"
#include "store/state.h"
#include "store/state_notify.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *request_asked_text(const struct request_asked *a, const char *key,
                               const char *otherwise)
{
    return format_node_str(format_node_get(a->request, key), otherwise);
}

int64_t request_asked_number(const struct request_asked *a, const char *key, int64_t otherwise)
{
    return format_node_int(format_node_get(a->request, key), otherwise);
}

enum err request_asked_time(const struct request_asked *a, const char *key, ts_ns otherwise,
                            ts_ns *out, struct err_text *why)
{
    const char *text = request_asked_text(a, key, NULL);
    if (text == NULL) {
        *out = otherwise;
        return ERR_NONE;
    }
    struct datemath_span span;
    const struct datemath_options options = {.now = a->data->now()};
    enum err err = query_datemath_parse(text, strlen(text), &options, &span, why);
    if (err == ERR_NONE)
        *out = span.from;
    return err;
}

enum err request_asked_unchanged(const struct request_asked *a, const char *what, const char *now,
                                 struct err_text *why)
{
    const char *was = request_asked_text(a, "was", NULL);
    if (was == NULL || strcmp(was, now) == 0)
        return ERR_NONE;
    return was[0] == '\0'
               ? err_set(why, ERR_EXISTS, "%s is there already", what)
               : err_set(why, ERR_BUSY, "%s was changed meanwhile; look at it again", what);
}

enum err request_asked_unchanged_listed(const struct request_asked *a, enum store_list list,
                                        const char *what, struct err_text *why)
{
    struct buf now;
    const char *id = request_asked_text(a, "id", NULL);
    if (id == NULL)
        return ERR_NONE;
    buf_init(&now);
    enum err err = store_state_listed_get(a->data->state, list, id, &now);
    if (err == ERR_NONE || err == ERR_NOT_FOUND)
        err = request_asked_unchanged(a, what, buf_text(&now), why);
    else
        err_set(why, err, "%s cannot be read: %s", what, err_name(err));
    buf_release(&now);
    return err;
}

enum err request_asked_score(const struct request_asked *a, const char *key, double *out,
                             struct err_text *why)
{
    const struct format_node *node = format_node_get(a->request, key);
    const char *text = format_node_str(node, NULL);
    double score = format_node_num(node, 0);
    char *end = NULL;
    if (text != NULL)
        score = strtod(text, &end);
    if ((text != NULL && (text[0] == '\0' || *end != '\0')) || !(score >= 0 && score <= 100))
        return err_set(why, ERR_INVALID, "%s must be a number from 0 to 100", key);
    *out = score;
    return ERR_NONE;
}

/* Rows of a list that are read at once. */
#define PAGE 1000

static bool print(struct request_asked *a, int stream, const char *p, size_t n)
{
    if (a->hold)
        buf_add(&a->held[stream - 1], p, n);
    else if (!a->closed && !a->out->write(a->out->ctx, stream, p, n))
        a->closed = true;
    return !a->closed;
}

bool request_asked_print(struct request_asked *a, const char *p, size_t n)
{
    return print(a, 1, p, n);
}

enum err request_asked_flush(struct request_asked *a, struct err_text *why)
{
    enum err err = ERR_NONE;
    a->hold = false;
    for (int stream = 1; stream <= 2; stream++) {
        struct buf *held = &a->held[stream - 1];
        if (!buf_ok(held))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        else if (held->n > 0)
            print(a, stream, held->p, held->n);
        buf_release(held);
        buf_init(held);
    }
    return err;
}

int request_asked_finish(struct request_asked *a, enum err err, struct err_text *why)
{
    struct err_text late;
    enum err flushed = request_asked_flush(a, &late);
    if (err != ERR_NONE)
        return request_asked_fail(a, err, why);
    return flushed == ERR_NONE ? 0 : request_asked_fail(a, flushed, &late);
}

enum err request_asked_pages(struct request_asked *a, uint64_t limit, request_asked_page_fn list,
                             void *ctx, struct err_text *why)
{
    uint64_t left = limit > 0 ? limit : UINT64_MAX;
    enum err err = ERR_NONE;
    for (uint64_t skip = 0; left > 0 && !a->closed && err == ERR_NONE; skip += a->rows) {
        uint64_t want = left < PAGE ? left : PAGE;
        a->rows = 0;
        a->hold = true;
        err = list(a, ctx, skip, want);
        struct err_text late;
        enum err flushed = request_asked_flush(a, &late);
        if (err != ERR_NONE) {
            err_set(why, err, "state.db cannot be read: %s", err_name(err));
        } else if (flushed != ERR_NONE) {
            *why = late;
            err = flushed;
        }
        if (a->rows < want)
            break;
        left -= a->rows;
    }
    return err;
}

__attribute__((format(printf, 3, 0))) static void print_format(struct request_asked *a, int stream,
                                                               const char *format, va_list args)
{
    char text[4096];
    int n = vsnprintf(text, sizeof(text) - 1, format, args);
    if (n < 0)
        return;
    if ((size_t)n > sizeof(text) - 2)
        n = (int)sizeof(text) - 2;
    text[n++] = '\n';
    print(a, stream, text, (size_t)n);
}

bool request_asked_line(struct request_asked *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_format(a, 1, format, args);
    va_end(args);
    return !a->closed;
}

void request_asked_remark(struct request_asked *a, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_format(a, 2, format, args);
    va_end(args);
}

int request_asked_fail(struct request_asked *a, enum err code, const struct err_text *why)
{
    char text[900];
    a->code = code;
    a->why = *why;
    request_asked_remark(a, "weir: error: %s", err_format(why, text, sizeof(text)));
    switch (code) {
    case ERR_INVALID:
    case ERR_FORMAT:
    case ERR_UNSUPPORTED:
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
        return 2;
    default:
        return 1;
    }
}

enum err request_asked_refuse(struct request_asked *a, size_t i, enum err code,
                              struct err_text *why)
{
    struct buf line;
    struct format_writer w;
    buf_init(&line);
    format_write_init(&w, &line);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "at", (int64_t)i);
    format_write_field_i64(&w, "code", (int64_t)code);
    format_write_field_str(&w, "message", why->message);
    format_write_end_object(&w);
    buf_char(&line, '\n');
    enum err err = buf_ok(&line) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE)
        request_asked_print(a, buf_text(&line), line.n);
    buf_release(&line);
    return err;
}

struct store_cancel request_asked_cancel(const struct request_asked *a)
{
    return (struct store_cancel){a->out->gone, a->out->ctx};
}

enum err request_asked_reload(struct request_asked *a, struct err_text *why)
{
    struct engine_pipeline *p = a->data->pipeline;
    if (p == NULL)
        return ERR_NONE;
    ts_ns now = engine_pipeline_now(p);
    return engine_pipeline_load(p, now != TIME_NONE ? now : a->data->now(), why);
}

struct found {
    struct request_asked *asked;
    struct buf line;
    bool failed;
};

static bool print_event(void *ctx, struct event *e)
{
    struct found *f = ctx;
    buf_clear(&f->line);
    event_json_write(e, &f->line);
    buf_char(&f->line, '\n');
    f->failed = !buf_ok(&f->line);
    return !f->failed && request_asked_print(f->asked, f->line.p, f->line.n);
}

int request_search(struct request_asked *a)
{
    struct err_text why;
    struct query *query = NULL;
    struct store_search what = {.order = STORE_OLDEST_FIRST, .cancel = request_asked_cancel(a)};
    const char *kql = request_asked_text(a, "query", "");
    struct found found = {.asked = a};
    enum err err = query_parse_kql(kql, strlen(kql), a->data->now(), &query, &why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "from", TIME_NONE, &what.from, &why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "to", TIME_MAX, &what.to, &why);
    if (err == ERR_NONE) {
        what.query = query;
        what.limit = (uint64_t)request_asked_number(a, "limit", 0);
        err = store_search(a->data->store, &what, print_event, &found, &why);
    }
    if (err == ERR_NONE && found.failed)
        err = err_set(&why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    query_free(query);
    buf_release(&found.line);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}

static bool print_row(void *ctx, const char *json, size_t n)
{
    struct request_asked *a = ctx;
    return request_asked_print(a, json, n) && request_asked_print(a, "\n", 1);
}

int request_sql(struct request_asked *a)
{
    struct err_text why;
    struct store_sql_result result;
    const struct store_sql_limits limits = {.rows = (uint64_t)request_asked_number(a, "limit", 0),
                                            .cancel = request_asked_cancel(a)};
    enum err err = store_sql(a->data->store, request_asked_text(a, "sql", ""), &limits, print_row,
                             a, &result, &why);
    if (err != ERR_NONE)
        return request_asked_fail(a, err, &why);
    if (result.truncated)
        request_asked_remark(a, "weir: only the first %llu rows; --limit asks for more",
                             (unsigned long long)result.rows);
    return 0;
}

static bool print_alert(void *ctx, const struct store_alert *alert)
{
    struct request_asked *a = ctx;
    a->rows++;
    return request_asked_print(a, alert->doc, strlen(alert->doc)) &&
           request_asked_print(a, "\n", 1);
}

static enum err list_alerts(struct request_asked *a, void *ctx, uint64_t skip, uint64_t limit)
{
    struct store_alert_filter *filter = ctx;
    filter->skip = skip;
    filter->limit = limit;
    return store_state_alert_list(a->data->state, filter, print_alert, a, NULL);
}

int request_alerts(struct request_asked *a)
{
    struct err_text why;
    struct store_alert_filter filter = {
        .newest_first = format_node_bool(format_node_get(a->request, "newest_first"), false)};
    enum err err = request_asked_time(a, "from", TIME_NONE, &filter.from, &why);
    if (err == ERR_NONE)
        err = request_asked_time(a, "to", TIME_MAX, &filter.to, &why);
    if (err == ERR_NONE)
        err = request_asked_pages(a, (uint64_t)request_asked_number(a, "limit", 0), list_alerts,
                                  &filter, &why);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}

static void dataset_line(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    request_asked_line(ctx, "  %-32s %12llu events %12llu bytes", dataset, (unsigned long long)rows,
                       (unsigned long long)bytes);
}

static bool count_job(void *ctx, const struct store_job *job)
{
    unsigned *counts = ctx;
    counts[0]++;
    counts[1] += strcmp(job->datafeed_state, "started") == 0;
    counts[2] += strcmp(job->state, "failed") == 0;
    return true;
}

static bool count_rule(void *ctx, const struct store_rule *rule)
{
    unsigned *counts = ctx;
    counts[0]++;
    counts[1] += rule->enabled;
    counts[2] += rule->enabled && rule->status != NULL && strcmp(rule->status, "succeeded") != 0;
    return true;
}

/* The total is asked for, no alert. */
static bool only_count(void *ctx, const struct store_alert *alert)
{
    (void)ctx;
    (void)alert;
    return false;
}

int request_status(struct request_asked *a)
{
    struct err_text why;
    struct store_stats stats;
    char first[TIME_TEXT_SIZE] = "-", last[TIME_TEXT_SIZE] = "-", engine[TIME_TEXT_SIZE] = "-";
    char until[TIME_TEXT_SIZE] = "-";
    char server[REQUEST_DATA_SERVER_SIZE];
    unsigned jobs[3] = {0}, rules[3] = {0};
    uint64_t alerts = 0, waiting = 0, given_up = 0;
    struct buf ignored;
    const struct store_alert_filter all = {.from = TIME_NONE, .to = TIME_MAX, .limit = 1};
    store_stats(a->data->store, &stats);
    if (stats.first_time != TIME_NONE) {
        time_format_iso(stats.first_time, first);
        time_format_iso(stats.last_time, last);
    }
    if (stats.dropped_until != TIME_NONE)
        time_format_iso(stats.dropped_until, until);
    enum err err = store_state_job_list(a->data->state, count_job, jobs);
    if (err == ERR_NONE)
        err = store_state_rule_list(a->data->state, count_rule, rules);
    if (err == ERR_NONE)
        err = store_state_alert_list(a->data->state, &all, only_count, NULL, &alerts);
    buf_init(&ignored);
    if (err == ERR_NONE)
        err = store_state_outbox_count(a->data->state, &waiting);
    if (err == ERR_NONE)
        err = store_state_outbox_given_up(a->data->state, NULL, &given_up, &ignored);
    buf_release(&ignored);
    if (err != ERR_NONE) {
        err_set(&why, err, "the state cannot be read: %s", err_name(err));
        return request_asked_fail(a, err, &why);
    }
    pthread_mutex_lock(&a->data->lock);
    bool runs = a->data->pipeline != NULL;
    snprintf(server, sizeof(server), "%s", a->data->server);
    if (runs && engine_pipeline_now(a->data->pipeline) != TIME_NONE)
        time_format_iso(engine_pipeline_now(a->data->pipeline), engine);
    pthread_mutex_unlock(&a->data->lock);
    request_asked_line(a, "directory    %s", a->data->dir);
    request_asked_line(a, "daemon       %s", runs ? "runs" : "does not run");
    request_asked_line(a, "server       %s", server[0] != '\0' ? server : "does not answer");
    request_asked_line(a, "engine time  %s", engine);
    request_asked_line(
        a, "events       %s to %s, %llu hot, %llu sealed in %llu pieces (%llu bytes)", first, last,
        (unsigned long long)stats.hot_rows, (unsigned long long)stats.piece_rows,
        (unsigned long long)stats.pieces, (unsigned long long)stats.piece_bytes);
    if (stats.dropped_rows > 0)
        request_asked_line(
            a, "removed      %llu events by age, %llu by size since the start, at last up to %s",
            (unsigned long long)stats.dropped_old_rows,
            (unsigned long long)(stats.dropped_rows - stats.dropped_old_rows), until);
    if (store_datasets(a->data->store, dataset_line, a) != ERR_NONE)
        request_asked_remark(a, "weir: the datasets cannot be listed");
    request_asked_line(a, "jobs         %u installed, %u started, %u failed", jobs[0], jobs[1],
                       jobs[2]);
    request_asked_line(a,
                       "rules        %u installed, %u enabled, %u of them with a warning or error",
                       rules[0], rules[1], rules[2]);
    request_asked_line(a, "alerts       %llu", (unsigned long long)alerts);
    request_asked_line(a, "messages     %llu wait to be sent, %llu were given up",
                       (unsigned long long)waiting, (unsigned long long)given_up);
    return 0;
}

/* Verbs that only look. */
static bool changes(const char *verb)
{
    static const char *const looking[] = {"list",    "show",    "messages", "stats",   "snapshots",
                                          "history", "gaps",    "export",   "check",   "find",
                                          "preview", "results", "overall",  "validate"};
    for (size_t i = 0; i < sizeof(looking) / sizeof(looking[0]); i++)
        if (strcmp(looking[i], verb) == 0)
            return false;
    return true;
}

/* Whether upgrade mode keeps this from being done: what changes jobs and what they refer to. */
static bool waits(struct request_asked *a, const char *command, const char *verb)
{
    static const char *const commands[] = {"job", "calendar", "filter", "package"};
    static const char *const allowed[] = {"upgrade-mode", "reset"};
    bool concerned = changes(verb), on = false;
    for (size_t i = 0; i < sizeof(allowed) / sizeof(allowed[0]); i++)
        concerned &= strcmp(allowed[i], verb) != 0;
    for (size_t i = 0; concerned && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i], command) == 0)
            return store_state_upgrade_get(a->data->state, &on) == ERR_NONE && on;
    return false;
}

static size_t count_running(const struct request_data *d)
{
    return d->pipeline != NULL ? engine_jobs_count(engine_pipeline_jobs(d->pipeline)) : 0;
}

/* A job that a request stopped and then could not change goes on as it was; when even that fails,
 * the pipeline makes up for it. */
static void go_on(struct request_asked *a, size_t ran)
{
    struct err_text ignored;
    if (count_running(a->data) < ran)
        (void)!request_asked_reload(a, &ignored);
}

static int answer(struct request_asked *a)
{
    const char *command = request_asked_text(a, "command", "");
    const char *verb = request_asked_text(a, "verb", "");
    struct err_text why;
    if (waits(a, command, verb))
        return request_asked_fail(a,
                                  err_set(&why, ERR_AGAIN,
                                          "cannot do %s %s while upgrade mode is enabled; POST "
                                          "/_ml/set_upgrade_mode?enabled=false ends it",
                                          command, verb),
                                  &why);
    if (strcmp(command, "search") == 0)
        return request_search(a);
    if (strcmp(command, "sql") == 0)
        return request_sql(a);
    if (strcmp(command, "status") == 0)
        return request_status(a);
    if (strcmp(command, "alerts") == 0)
        return request_alerts(a);
    if (strcmp(command, "job") == 0 && strcmp(verb, "results") == 0)
        return request_results(a);
    if (strcmp(command, "job") == 0 && strcmp(verb, "overall") == 0)
        return request_overall(a);
    if (strcmp(command, "job") == 0 && strcmp(verb, "forecast") == 0)
        return request_forecast(a);
    if (strcmp(command, "job") == 0 && strcmp(verb, "delete-forecast") == 0)
        return request_delete_forecast(a);
    if (strcmp(command, "job") == 0 && strcmp(verb, "data") == 0)
        return request_posted(a);
    if (strcmp(command, "job") == 0 && strcmp(verb, "preview") == 0)
        return request_preview(a);
    if (strcmp(command, "rule") == 0 && strcmp(verb, "run") == 0)
        return request_run(a);
    if (strcmp(command, "rule") == 0 && strcmp(verb, "preview") == 0)
        return request_rule_preview(a);
    if (strcmp(command, "connector") == 0)
        return request_connector(a, verb);
    if (strcmp(command, "message") == 0)
        return request_message(a, verb);
    if (strcmp(command, "package") == 0 && strcmp(verb, "list") == 0) /* counts all that is kept */
        return request_package(a, verb);
    if (strcmp(command, "backup") == 0)
        return request_backup(a);
    if (strcmp(command, "user") == 0)
        return request_user(a, verb);
    if (strcmp(command, "key") == 0)
        return request_key(a, verb);
    int status;
    a->hold = true;
    pthread_mutex_lock(&a->data->lock);
    size_t ran = count_running(a->data);
    if (strcmp(command, "job") == 0)
        status = request_job(a, verb);
    else if (strcmp(command, "calendar") == 0)
        status = request_calendar(a, verb);
    else if (strcmp(command, "filter") == 0)
        status = request_filter(a, verb);
    else if (strcmp(command, "rule") == 0)
        status = request_rule(a, verb);
    else if (strcmp(command, "exception") == 0)
        status = request_exception(a, verb);
    else if (strcmp(command, "values") == 0)
        status = request_values(a, verb);
    else if (strcmp(command, "alert") == 0)
        status = request_alert(a, verb);
    else if (strcmp(command, "package") == 0)
        status = request_package(a, verb);
    else
        status = request_asked_fail(
            a, err_set(&why, ERR_INVALID, "there is no request '%s'", command), &why);
    if (status != 0)
        go_on(a, ran);
    if (status == 0 && changes(verb) && a->data->on_change != NULL)
        a->data->on_change(a->data->change_ctx, command, verb, request_asked_text(a, "id", ""));
    pthread_mutex_unlock(&a->data->lock);
    enum err err = request_asked_flush(a, &why);
    return err == ERR_NONE ? status : request_asked_fail(a, err, &why);
}

int request_request(struct request_data *d, struct format_node *request,
                    const struct request_output *out)
{
    struct request_asked a = {.data = d, .request = request, .out = out};
    return answer(&a);
}

/* Who asks from within the program. */
struct asker {
    struct buf *out;
    bool (*gone)(void *ctx);
    void *ctx;
};

/* Data to the buffer; remarks are for people. */
static bool keep_data(void *ctx, int stream, const char *p, size_t n)
{
    const struct asker *asker = ctx;
    if (stream == 1)
        buf_add(asker->out, p, n);
    return buf_ok(asker->out);
}

static bool asker_gone(void *ctx)
{
    const struct asker *asker = ctx;
    return asker->gone(asker->ctx);
}

enum err request_act(struct request_data *d, const char *request, size_t n, bool (*gone)(void *ctx),
                     void *gone_ctx, struct buf *out, struct err_text *why)
{
    struct format_node *node;
    struct asker asker = {out, gone, gone_ctx};
    const struct request_output output = {
        .write = keep_data, .gone = gone != NULL ? asker_gone : NULL, .ctx = &asker};
    struct request_asked a = {.data = d, .out = &output};
    enum err err = format_node_json(request, n, "request", &node, why);
    if (err != ERR_NONE)
        return err;
    a.request = node;
    int status = answer(&a);
    format_node_free(node);
    if (status == 0)
        return ERR_NONE;
    *why = a.why;
    return a.code;
}
