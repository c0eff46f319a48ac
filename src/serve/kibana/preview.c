/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "base/clock.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "kibana/logged.h"
#include "kibana/rule.h"
#include "kibana/transfer.h"
#include "rule/keys.h"
#include "rule/rule.h"

#include <string.h>

#define RUNS_MAX 10000
#define SHOWN_MAX 1000 /* alerts in an answer */

/* What the daemon said: alerts and remarks, a line each. */
struct line {
    const char *text;
    size_t n;
    struct format_node *remark; /* NULL: an alert */
};

struct rehearsal {
    struct api_call *call;
    struct format_node *body;
    ts_ns interval, end;
    int64_t runs;
    ts_ns took;
    bool wants_requests;
    struct kibana_logged *logged; /* NULL: they are not wanted */
    struct line *lines;
    size_t n;
};

static enum err read_request(struct rehearsal *r, struct err_text *why)
{
    struct api_call *c = r->call;
    enum err err = api_call_body(c, true, &r->body, why);
    if (err == ERR_NONE && format_node_type(r->body) != FORMAT_OBJECT)
        return api_call_fail(c, 400, NULL, why, "[request body]: expected a rule's object");
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "enable_logged_requests", false, &r->wants_requests, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "invocationCount", 1, 1, RUNS_MAX, &r->runs, why);
    if (err == ERR_NONE)
        err = api_call_time(c, "timeframeEnd", c->now, &r->end, why);
    if (err != ERR_NONE)
        return err;
    const char *interval =
        format_node_str(format_node_get(r->body, "interval"), RULE_DEFAULT_INTERVAL);
    if (!rule_keys_interval(interval, strlen(interval), &r->interval))
        return api_call_fail(c, 400, NULL, why, "interval must be a span such as 5m, not '%.50s'",
                             interval);
    if (r->runs > r->end / r->interval)
        return api_call_fail(c, 400, NULL, why,
                             "invocationCount: the runs would begin before 1970");
    return ERR_NONE;
}

static enum err log_requests(struct rehearsal *r, const struct buf *doc, struct err_text *why)
{
    struct format_node *rule;
    enum err err = format_node_json(doc->p, doc->n, "rule", &rule, why);
    if (err == ERR_NONE) {
        err = kibana_logged_new(rule, &r->logged, why);
        format_node_free(rule);
    }
    return err;
}

/* The rule without what is the preview's own, over so many intervals up to the end. */
static enum err ask(struct rehearsal *r, struct buf *said, struct err_text *why)
{
    struct kibana_change change;
    struct format_writer w;
    struct buf doc, request;
    char from[TIME_TEXT_SIZE], to[TIME_TEXT_SIZE];
    buf_init(&doc);
    buf_init(&request);
    kibana_change_init(&change, &r->call->arena);
    kibana_rule_forget_bookkeeping(&change);
    if (format_node_get(r->body, "rule_id") == NULL)
        kibana_change_text(&change, "rule_id", "preview");
    kibana_change_json(&change, "invocationCount", NULL);
    kibana_change_json(&change, "timeframeEnd", NULL);
    enum err err = kibana_doc_write(r->body, &change, &doc, why);
    if (err == ERR_NONE) {
        time_format_iso(r->end - r->runs * r->interval + TIME_MS, from);
        time_format_iso(r->end, to);
        format_write_init(&w, &request);
        format_write_begin_object(&w);
        format_write_field_str(&w, "command", "rule");
        format_write_field_str(&w, "verb", "preview");
        format_write_field_bool(&w, "remarks", true);
        format_write_field_str(&w, "from", from);
        format_write_field_str(&w, "to", to);
        format_write_field_str(&w, "name", "rule.ndjson");
        format_write_field_str(&w, "text", buf_text(&doc));
        format_write_end_object(&w);
        ts_ns began = clock_steady();
        err = api_call_act(r->call, &request, said, why);
        r->took = clock_steady() - began;
    }
    if (err == ERR_NONE && r->wants_requests)
        err = log_requests(r, &doc, why);
    buf_release(&doc);
    buf_release(&request);
    return err;
}

static enum err read_lines(struct rehearsal *r, const struct buf *said, struct err_text *why)
{
    static const char mark[] = "{\"weir.remark\":";
    const char *p = buf_text(said), *end = p + said->n;
    size_t n = 0;
    for (size_t i = 0; i < said->n; i++)
        n += p[i] == '\n';
    r->lines = arena_zero(&r->call->arena, (n + 1) * sizeof(*r->lines));
    if (r->lines == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    while (p < end) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        struct line *l = &r->lines[r->n++];
        l->text = p;
        l->n = stop != NULL ? (size_t)(stop - p) : (size_t)(end - p);
        if (l->n > sizeof(mark) && memcmp(p, mark, sizeof(mark) - 1) == 0) {
            enum err err = format_node_json(p, l->n, "remark", &l->remark, why);
            if (err != ERR_NONE)
                return err;
        }
        p += l->n + 1;
    }
    return ERR_NONE;
}

/* What was remarked in [from, to), of a kind. */
static void write_remarks(struct rehearsal *r, const char *key, const char *kind, ts_ns from,
                          ts_ns to)
{
    struct format_writer *w = &r->call->out;
    format_write_key(w, key);
    format_write_begin_array(w);
    for (size_t i = 0; i < r->n; i++) {
        const struct format_node *remark = r->lines[i].remark;
        const struct format_node *at = format_node_get(remark, "at");
        ts_ns t;
        if (remark != NULL &&
            strcmp(format_node_str(format_node_get(remark, "weir.remark"), ""), kind) == 0 &&
            time_parse_iso(format_node_str(at, ""), format_node_str_len(at), &t) && t >= from &&
            t < to)
            format_write_str(w, format_node_str(format_node_get(remark, "message"), ""));
    }
    format_write_end_array(w);
}

static enum err write_answer(struct rehearsal *r, struct err_text *why)
{
    enum err err = ERR_NONE;
    struct format_writer *w = &r->call->out;
    char id[KIBANA_UUID_SIZE];
    int64_t alerts = 0;
    kibana_doc_uuid(id);
    format_write_begin_object(w);
    format_write_key(w, "logs");
    format_write_begin_array(w);
    for (int64_t i = 0; i < r->runs && err == ERR_NONE; i++) {
        ts_ns from = r->end - (r->runs - i) * r->interval + TIME_MS, to = from + r->interval;
        format_write_begin_object(w);
        write_remarks(r, "errors", "error", from, to);
        write_remarks(r, "warnings", "warning", from, to);
        format_write_key(w, "startedAt");
        ts_ns at = (to - TIME_MS) / r->interval * r->interval;
        format_write_time(w, at);
        format_write_field_i64(w, "duration", r->took / TIME_MS / r->runs);
        if (r->logged != NULL) {
            format_write_key(w, "requests");
            err = kibana_logged_write(r->logged, at, r->took / r->runs, w, why);
        }
        format_write_end_object(w);
    }
    format_write_end_array(w);
    format_write_field_str(w, "previewId", id);
    format_write_field_bool(w, "isAborted", false);
    format_write_key(w, "alerts");
    format_write_begin_array(w);
    for (size_t i = 0; i < r->n; i++)
        if (r->lines[i].remark == NULL && alerts++ < SHOWN_MAX)
            format_write_raw(w, r->lines[i].text, r->lines[i].n);
    format_write_end_array(w);
    format_write_field_i64(w, "alerts_total", alerts);
    format_write_end_object(w);
    return err;
}

static enum err preview(struct api_call *c, struct err_text *why)
{
    struct rehearsal r = {.call = c};
    struct buf said;
    buf_init(&said);
    enum err err = read_request(&r, why);
    if (err == ERR_NONE)
        err = ask(&r, &said, why);
    if (err == ERR_NONE)
        err = read_lines(&r, &said, why);
    if (err == ERR_NONE)
        err = write_answer(&r, why);
    kibana_logged_free(r.logged);
    for (size_t i = 0; i < r.n; i++)
        format_node_free(r.lines[i].remark);
    buf_release(&said);
    return err;
}

const struct api_row kibana_preview_rows[] = {
    {"POST", "/api/detection_engine/rules/preview", AUTH_RIGHT_TRIAGE, API_FORM_KIBANA,
     API_ROW_SMALL, "enable_logged_requests:boolean invocationCount:integer timeframeEnd:time",
     "What a rule would have raised", preview, HTTP_LANE_LONG},
    {0},
};
