/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs at work: opened, given data, flushed, asked for the future, closed; and how they stand. */
#include "ml/rows.h"

#include "api/api.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "format/node.h"
#include "format/split.h"
#include "http/request.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/list.h"
#include "ml/page.h"
#include "ml/shape.h"

#include <stdio.h>
#include <string.h>

/* Records that go to the engine at once: between two portions others get their turn. */
#define PORTION ((size_t)4 << 20)

static enum err not_open(struct api_call *c, const char *what, const char *id, struct err_text *why)
{
    return api_call_fail(c, 409, "status_exception", why, "Cannot %s because job [%s] is not open",
                         what, id);
}

/* The job of the path, which must be open. */
static enum err find_open(struct api_call *c, const char *what, struct store_job *out,
                          struct err_text *why)
{
    enum err err = ml_find_job(c, ml_find_part(c, "job_id"), out, why);
    if (err == ERR_NONE && !ml_find_is_open(out))
        err = not_open(c, what, out->id, why);
    return err;
}

/* Acts are over when they return: nothing is waited for longer than it takes. */
static enum err read_timeout(struct api_call *c, struct err_text *why)
{
    ts_ns timeout;
    return api_call_span(c, "timeout", 30 * TIME_MIN, &timeout, why);
}

static enum err open_job(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    enum err err = read_timeout(c, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err == ERR_NONE && ml_find_is_open(&row))
        return api_call_fail(c, 409, "status_exception", why,
                             "Cannot open job [%s] because it has already been opened", row.id);
    if (err == ERR_NONE)
        err = ml_ask_job(c, "open-alone", row.id, why);
    if (err != ERR_NONE)
        return err;
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "opened", true);
    format_write_field_str(&c->out, "node", ML_NODE);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err close_jobs(struct api_call *c, struct err_text *why)
{
    bool allow, force;
    struct ml_found found;
    enum err err = read_timeout(c, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "allow_no_match", true, &allow, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "force", false, &force, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_jobs(c, ml_find_part(c, "job_id"), allow, &found, why);
    if (err != ERR_NONE)
        return err;
    for (size_t i = 0; i < found.n && err == ERR_NONE; i++) {
        const struct store_job *row = &found.list[i];
        if (strcmp(row->state, "failed") == 0 && !force)
            return api_call_fail(c, 409, "status_exception", why,
                                 "cannot close job [%s] because it failed, use force close",
                                 row->id);
        if (ml_find_is_open(row) || strcmp(row->state, "failed") == 0)
            err = ml_ask_any(c, "close", row->id, why);
    }
    if (err == ERR_NONE)
        ml_shape_done(c, "closed");
    return err;
}

static enum err reset(struct api_call *c, struct err_text *why)
{
    bool done, annotations;
    struct store_job row;
    enum err err = api_call_flag(c, "wait_for_completion", true, &done, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "delete_user_annotations", false, &annotations, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err == ERR_NONE && ml_find_is_open(&row))
        return api_call_fail(c, 409, "status_exception", why,
                             "Can not reset job [%s] because it is %s: only a closed job can be",
                             row.id, ml_find_state(&row));
    if (err == ERR_NONE)
        err = ml_ask_job(c, "reset", row.id, why);
    if (err != ERR_NONE)
        return err;
    ml_shape_over(c, done);
    return ERR_NONE;
}

/* What became of several portions, as of one. */
static const char *const sums[] = {"processed_record_count",
                                   "processed_field_count",
                                   "input_bytes",
                                   "input_field_count",
                                   "invalid_date_count",
                                   "missing_field_count",
                                   "empty_bucket_count",
                                   "out_of_order_timestamp_count",
                                   "sparse_bucket_count",
                                   "bucket_count",
                                   "input_record_count"};
static const char *const latest[] = {
    "earliest_record_timestamp",      "latest_record_timestamp", "latest_empty_bucket_timestamp",
    "latest_sparse_bucket_timestamp", "last_data_time",          "log_time"};
#define SUMS (sizeof(sums) / sizeof(sums[0]))
#define LATEST (sizeof(latest) / sizeof(latest[0]))

/* No record is older (detect/detect.h). */
#define EARLIEST (-(INT64_MAX / 2))

struct posted {
    int64_t sums[SUMS];
    int64_t latest[LATEST];
    bool has[LATEST];
    bool sent;
    ts_ns reset_start; /* for the first portion; TIME_NONE: nothing is emptied */
    ts_ns reset_end;
};

/* Which open buckets are to be emptied first. */
static enum err read_reset(struct api_call *c, struct posted *p, struct err_text *why)
{
    enum err err = ml_page_time(c, "reset_start", TIME_NONE, &p->reset_start, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "reset_end", TIME_NONE, &p->reset_end, why);
    if (err != ERR_NONE)
        return err;
    if (p->reset_end != TIME_NONE && p->reset_end <= p->reset_start)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Invalid parameters: 'reset_end' is not after 'reset_start'");
    if (p->reset_start == TIME_NONE && p->reset_end != TIME_NONE)
        p->reset_start = EARLIEST; /* all that is open before the end */
    return ERR_NONE;
}

/* What careless programs write: bytes that are no UTF-8 become \xhh, as in documents of _bulk. */
static void add_repaired(const char *p, size_t n, struct buf *out)
{
    size_t k;
    for (; n > 0; p += k, n -= k) {
        for (k = 1; k <= 4 && k <= n && !utf8_valid(p, k);)
            k++;
        if (k <= 4 && k <= n) {
            buf_add(out, p, k);
        } else {
            buf_format(out, "\\\\x%02x", (unsigned)(unsigned char)*p);
            k = 1;
        }
    }
}

static enum err send_portion(struct api_call *c, const char *id, const char *text, size_t n,
                             struct posted *p, struct err_text *why)
{
    struct ml_ask a;
    struct format_node *said = NULL;
    ml_ask_init(&a, "job", "data");
    ml_ask_add(&a, "id", id);
    if (utf8_valid(text, n)) {
        ml_ask_add_n(&a, "data", text, n);
    } else {
        struct buf repaired;
        buf_init(&repaired);
        add_repaired(text, n, &repaired);
        ml_ask_add_n(&a, "data", buf_text(&repaired), repaired.n);
        a.text.failed |= !buf_ok(&repaired);
        buf_release(&repaired);
    }
    p->sent = true;
    ml_ask_add_time(&a, "reset_start", p->reset_start);
    if (p->reset_start != TIME_NONE)
        ml_ask_add_time(&a, "reset_end", p->reset_end);
    p->reset_start = TIME_NONE;
    enum err err = ml_ask_send(c, &a, why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&a.said), a.said.n, "counts", &said, why);
    for (size_t i = 0; err == ERR_NONE && i < SUMS; i++)
        p->sums[i] += format_node_int(format_node_get(said, sums[i]), 0);
    for (size_t i = 0; err == ERR_NONE && i < LATEST; i++) {
        const struct format_node *v = format_node_get(said, latest[i]);
        if (v == NULL)
            continue;
        p->latest[i] = format_node_int(v, 0);
        p->has[i] = true;
    }
    format_node_free(said);
    ml_ask_release(&a);
    return err;
}

/* Whole objects up to a portion. */
static enum err cut_portion(const char *text, size_t n, size_t *at, size_t *out_from)
{
    size_t from, len;
    *out_from = *at;
    enum err err = ERR_NONE;
    while (err == ERR_NONE && *at - *out_from < PORTION)
        err = format_split_next(text, n, at, &from, &len);
    return err;
}

static void write_posted(struct api_call *c, const char *id, const struct posted *p)
{
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "job_id", id);
    for (size_t i = 0; i < SUMS; i++)
        format_write_field_i64(&c->out, sums[i], p->sums[i]);
    for (size_t i = 0; i < LATEST; i++)
        if (p->has[i])
            format_write_field_i64(&c->out, latest[i], p->latest[i]);
    format_write_end_object(&c->out);
}

static enum err post_data(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    struct posted posted = {.sums = {0}};
    struct bytes body = http_request_body(c->request);
    const char *text = (const char *)body.p;
    size_t at = 0, from = 0;
    enum err err = read_reset(c, &posted, why);
    if (err == ERR_NONE)
        err = find_open(c, "process data", &row, why);
    if (err != ERR_NONE)
        return err;
    for (enum err more = ERR_NONE; err == ERR_NONE && more == ERR_NONE;) {
        more = cut_portion(text, body.n, &at, &from);
        if (at > from)
            err = send_portion(c, row.id, text + from, at - from, &posted, why);
        if (err == ERR_NONE && more == ERR_FORMAT)
            err = err_set(why, ERR_FORMAT,
                          "byte %zu of the data begins no JSON object; what came before was taken",
                          at + 1);
    }
    if (err == ERR_NONE && !posted.sent)
        err = send_portion(c, row.id, "", 0, &posted, why);
    if (err == ERR_BUSY)
        return not_open(c, "process data", row.id, why);
    if (err == ERR_FORMAT)
        return api_call_fail(c, 400, "parse_exception", why, "%s", why->message);
    if (err != ERR_NONE)
        return err;
    http_answer_set_status(c->answer, 202);
    write_posted(c, row.id, &posted);
    return ERR_NONE;
}

static enum err flush(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    bool interim;
    ts_ns advance, skip, start, end;
    enum err err = api_call_flag(c, "calc_interim", false, &interim, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "advance_time", TIME_NONE, &advance, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "skip_time", TIME_NONE, &skip, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "start", TIME_NONE, &start, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_NONE, &end, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE && !interim && (start != TIME_NONE || end != TIME_NONE))
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Invalid flush parameters: unexpected 'start' or 'end' without "
                             "calc_interim");
    if (err == ERR_NONE)
        err = find_open(c, "flush", &row, why);
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    struct format_node *said = NULL;
    ml_ask_init(&a, "job", "flush");
    ml_ask_add(&a, "id", row.id);
    ml_ask_add(&a, "calc_interim", interim ? "true" : NULL);
    ml_ask_add_time(&a, "advance_time", advance);
    ml_ask_add_time(&a, "skip_time", skip);
    err = ml_ask_send(c, &a, why);
    if (err == ERR_BUSY)
        err = not_open(c, "flush", row.id, why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&a.said), a.said.n, "flush", &said, why);
    if (err == ERR_NONE) {
        const struct format_node *last = format_node_get(said, "last_finalized_bucket_end");
        format_write_begin_object(&c->out);
        format_write_field_bool(&c->out, "flushed", true);
        if (last != NULL)
            format_write_field_i64(&c->out, "last_finalized_bucket_end", format_node_int(last, 0));
        format_write_end_object(&c->out);
    }
    format_node_free(said);
    ml_ask_release(&a);
    return err;
}

static enum err forecast(struct api_call *c, struct err_text *why)
{
    static const char *const names[] = {"duration", "expires_in", "max_model_memory"};
    struct store_job row;
    struct ml_ask a;
    struct format_node *said = NULL;
    enum err err = find_open(c, "perform requested action", &row, why);
    if (err != ERR_NONE)
        return err;
    ml_ask_init(&a, "job", "forecast");
    ml_ask_add(&a, "id", row.id);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && err == ERR_NONE; i++) {
        const char *value = NULL;
        err = api_call_text(c, names[i], NULL, &value, why);
        if (err == ERR_NONE)
            ml_ask_add(&a, names[i], value);
    }
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_ask_send(c, &a, why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&a.said), a.said.n, "forecast", &said, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_field_bool(&c->out, "acknowledged", true);
        format_write_field_str(&c->out, "forecast_id",
                               format_node_str(format_node_get(said, "forecast_id"), ""));
        format_write_end_object(&c->out);
    }
    format_node_free(said);
    ml_ask_release(&a);
    return err;
}

static bool add_doc(void *ctx, const struct store_result *r)
{
    struct ml_docs *docs = ctx;
    return ml_page_add(docs, r->doc, r->doc_len > 0 ? r->doc_len : strlen(r->doc), r->time);
}

/* The documents that sum up the job's forecasts. */
static enum err list_forecasts(struct api_call *c, const char *job_id, struct ml_docs *docs,
                               struct err_text *why)
{
    const struct store_result_filter filter = {.jobs = &job_id,
                                               .jobs_n = 1,
                                               .type = "model_forecast_request_stats",
                                               .from = TIME_NONE,
                                               .to = TIME_MAX};
    enum err err = store_state_result_list(c->ports->state, &filter, add_doc, docs, NULL);
    if (err == ERR_NONE && docs->failed)
        err = ERR_MEMORY;
    return err == ERR_NONE ? ERR_NONE : ml_find_broken(err, why);
}

static bool has_forecast(void *ctx, const char *pattern, size_t n)
{
    const struct ml_docs *docs = ctx;
    for (size_t i = 0; i < docs->n; i++)
        if (docs->list[i].text != NULL && ml_find_fits_one(pattern, n, docs->list[i].text))
            return true;
    return false;
}

static enum err delete_one(struct api_call *c, const char *job_id, const char *id,
                           struct err_text *why)
{
    struct ml_ask a;
    ml_ask_init(&a, "job", "delete-forecast");
    ml_ask_add(&a, "id", job_id);
    ml_ask_add(&a, "forecast_id", id);
    enum err err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    return err;
}

static enum err delete_forecasts(struct api_call *c, struct err_text *why)
{
    const char *wanted = ml_find_part(c, "forecast_id");
    struct store_job row;
    struct ml_docs docs = {.arena = &c->arena};
    char missing[200];
    bool allow;
    enum err err = read_timeout(c, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "allow_no_forecasts", true, &allow, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err == ERR_NONE)
        err = list_forecasts(c, row.id, &docs, why);
    if (err == ERR_NONE) /* reads the ids */
        err = ml_page_sort(&docs, "forecast_id", false, why);
    wanted = wanted != NULL ? wanted : "_all";
    bool complete = err == ERR_NONE &&
                    ml_find_complete(wanted, !allow, has_forecast, &docs, missing, sizeof(missing));
    if (err == ERR_NONE && !complete)
        err = api_call_fail(c, 404, "resource_not_found_exception", why,
                            "No forecast(s) [%s] exists for job [%s]", missing, row.id);
    for (size_t i = 0; err == ERR_NONE && i < docs.n; i++) {
        if (docs.list[i].text == NULL || !ml_find_fits(wanted, docs.list[i].text))
            continue;
        err = delete_one(c, row.id, docs.list[i].text, why);
    }
    ml_page_release(&docs);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

/* What all forecasts of the job took together. */
static void write_forecasts(const struct ml_docs *docs, struct format_writer *w)
{
    static const struct {
        const char *name, *of;
    } parts[] = {{"memory_bytes", "forecast_memory_bytes"},
                 {"records", "processed_record_count"},
                 {"processing_time_ms", "processing_time_ms"}};
    int64_t finished = 0;
    format_write_key(w, "forecasts_stats");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", (int64_t)docs->n);
    format_write_field_i64(w, "forecasted_jobs", docs->n > 0);
    for (size_t k = 0; docs->n > 0 && k < sizeof(parts) / sizeof(parts[0]); k++) {
        double least = 0, most = 0, total = 0;
        for (size_t i = 0; i < docs->n; i++) {
            struct format_node *node = NULL;
            struct err_text why;
            if (format_node_json(docs->list[i].json, docs->list[i].n, "forecast", &node, &why) !=
                ERR_NONE)
                continue;
            double v = format_node_num(format_node_get(node, parts[k].of), 0);
            const char *status = format_node_str(format_node_get(node, "forecast_status"), "");
            finished += k == 0 && strcmp(status, "finished") == 0;
            least = i == 0 || v < least ? v : least;
            most = i == 0 || v > most ? v : most;
            total += v;
            format_node_free(node);
        }
        format_write_key(w, parts[k].name);
        format_write_begin_object(w);
        format_write_field_f64(w, "total", total);
        format_write_field_f64(w, "min", least);
        format_write_field_f64(w, "avg", total / (double)docs->n);
        format_write_field_f64(w, "max", most);
        format_write_end_object(w);
    }
    if (docs->n > 0) {
        format_write_key(w, "status");
        format_write_begin_object(w);
        if (finished > 0)
            format_write_field_i64(w, "finished", finished);
        if (finished < (int64_t)docs->n)
            format_write_field_i64(w, "started", (int64_t)docs->n - finished);
        format_write_end_object(w);
    }
    format_write_end_object(w);
}

static enum err write_stats(struct api_call *c, void *ctx, const struct store_job *row,
                            bool exporting, struct format_writer *w, struct err_text *why)
{
    static const char *const parts[] = {"data_counts", "model_size_stats"};
    struct format_node *said = NULL;
    struct ml_docs docs = {.arena = &c->arena};
    struct ml_ask a;
    bool still = false;
    (void)ctx;
    (void)exporting;
    ml_ask_init(&a, "job", "stats");
    ml_ask_add(&a, "id", row->id);
    enum err err = ml_ask_still(c, &still, why);
    if (err == ERR_NONE)
        err = ml_ask_send(c, &a, why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&a.said), a.said.n, "statistics", &said, why);
    if (err == ERR_NONE)
        err = list_forecasts(c, row->id, &docs, why);
    const struct format_node *job = format_node_at(format_node_get(said, "jobs"), 0);
    if (err == ERR_NONE) {
        format_write_begin_object(w);
        format_write_field_str(w, "job_id", row->id);
        for (size_t i = 0; i < 2; i++) {
            format_write_key(w, parts[i]);
            format_node_write_value(format_node_get(job, parts[i]), w);
        }
        write_forecasts(&docs, w);
        format_write_field_str(w, "state", ml_find_state(row));
        if (ml_find_is_open(row) && !still)
            ml_shape_node(w);
        const char *message = format_node_str(format_node_get(job, "assignment_explanation"), NULL);
        if (message != NULL || ml_find_is_open(row))
            format_write_field_str(w, "assignment_explanation", message != NULL ? message : "");
        const char *open = format_node_str(format_node_get(job, "open_time"), NULL);
        if (open != NULL)
            format_write_field_str(w, "open_time", open);
        format_write_key(w, "timing_stats");
        format_node_write_value(format_node_get(job, "timing_stats"), w);
        format_write_end_object(w);
    }
    ml_page_release(&docs);
    format_node_free(said);
    ml_ask_release(&a);
    return err;
}

static enum err stats(struct api_call *c, struct err_text *why)
{
    static const struct ml_list jobs = {"job_id", "jobs", false, ml_find_jobs, write_stats};
    return ml_list_answer(c, &jobs, NULL, why);
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }
#define JOB "/_ml/anomaly_detectors/{job_id}"

const struct api_row ml_run_rows[] = {
    ROW("POST", JOB "/_open", AUTH_RIGHT_STEER, API_ROW_SMALL, "timeout:span",
        "Open a job, so that it takes data", open_job),
    ROW("POST", JOB "/_close", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "allow_no_match:boolean force:boolean timeout:span", "Close jobs with their datafeeds",
        close_jobs),
    ROW("POST", JOB "/_reset", AUTH_RIGHT_STEER, 0,
        "wait_for_completion:boolean delete_user_annotations:boolean",
        "Forget what a job has learned and found", reset),
    {"POST", JOB "/_data", AUTH_RIGHT_STEER, API_FORM_ELASTIC, API_ROW_BULK,
     "reset_start:time reset_end:time", "Records for an open job", post_data, HTTP_LANE_WRITE},
    ROW("POST", JOB "/_flush", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "advance_time:time calc_interim:boolean end:time skip_time:time start:time",
        "Look at what came so far", flush),
    {"POST", JOB "/_forecast", AUTH_RIGHT_STEER, API_FORM_ELASTIC, API_ROW_SMALL,
     "duration:span expires_in:span max_model_memory:text", "Foretell a job's series", forecast,
     HTTP_LANE_LONG},
    ROW("DELETE", JOB "/_forecast", AUTH_RIGHT_STEER, 0, "allow_no_forecasts:boolean timeout:span",
        "Delete a job's forecasts", delete_forecasts),
    ROW("DELETE", JOB "/_forecast/{forecast_id}", AUTH_RIGHT_STEER, 0,
        "allow_no_forecasts:boolean timeout:span", "Delete forecasts", delete_forecasts),
    ROW("GET", "/_ml/anomaly_detectors/_stats", AUTH_RIGHT_READ, 0, "allow_no_match:boolean",
        "How all jobs stand", stats),
    ROW("GET", JOB "/_stats", AUTH_RIGHT_READ, 0, "allow_no_match:boolean", "How jobs stand",
        stats),
    {0},
};
