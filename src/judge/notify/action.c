/* SPDX-License-Identifier: Apache-2.0 */
#include "notify/action.h"

#include "base/buf.h"
#include "format/node.h"
#include "format/write.h"
#include "notify/mustache.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "30m": a whole number of at least 1, and s, m, h or d. */
static bool read_span(const char *s, ts_ns *out)
{
    char *end;
    if (s[0] < '1' || s[0] > '9')
        return false;
    long n = strtol(s, &end, 10);
    ts_ns unit = strcmp(end, "s") == 0   ? TIME_S
                 : strcmp(end, "m") == 0 ? TIME_MIN
                 : strcmp(end, "h") == 0 ? TIME_HOUR
                 : strcmp(end, "d") == 0 ? TIME_DAY
                                         : 0;
    if (unit == 0 || n > INT64_MAX / unit / 2)
        return false;
    *out = n * unit;
    return true;
}

static enum err read_frequency(const struct format_node *f, struct notify_action *a,
                               struct err_text *why)
{
    const char *when = format_node_str(format_node_get(f, "notifyWhen"), "onActiveAlert");
    const struct format_node *throttle = format_node_get(f, "throttle");
    a->summary = format_node_bool(format_node_get(f, "summary"), true);
    if (strcmp(when, "onThrottleInterval") == 0) {
        if (!read_span(format_node_str(throttle, ""), &a->every))
            return format_node_err(f, why, ERR_INVALID,
                                   "frequency.throttle must be a span such as 1h");
    } else if (strcmp(when, "onActiveAlert") != 0 && strcmp(when, "onActionGroupChange") != 0) {
        return format_node_err(f, why, ERR_INVALID,
                               "frequency.notifyWhen must be onActiveAlert, onThrottleInterval or "
                               "onActionGroupChange");
    }
    return ERR_NONE;
}

enum err notify_action_read(const struct format_node *action, size_t i, const char *throttle,
                            struct notify_action *out, bool *out_off, struct err_text *why)
{
    const struct format_node *frequency = format_node_get(action, "frequency");
    const struct format_node *filter = format_node_get(action, "alerts_filter");
    const struct format_node *query = format_node_get(filter, "query");
    const char *uuid = format_node_str(format_node_get(action, "uuid"), "");
    struct notify_action a = {
        .connector = format_node_str(format_node_get(action, "id"), ""),
        .params = format_node_get(action, "params"),
        .timeframe = format_node_get(filter, "timeframe"),
        .query = format_node_str(format_node_get(query, "kql"), NULL),
        .summary = true,
    };
    bool off = strcmp(format_node_str(format_node_get(action, "group"), "default"), "default") != 0;
    enum err err = ERR_NONE;
    snprintf(a.key, sizeof(a.key), uuid[0] != '\0' ? "%.70s" : "%.0s#%zu", uuid, i);
    if (a.connector[0] == '\0')
        return format_node_err(action, why, ERR_INVALID, "an action names no connector");
    if (format_node_count(format_node_get(query, "filters")) > 0)
        return format_node_err(query, why, ERR_UNSUPPORTED,
                               "alerts_filter.query.filters are not supported, kql is");
    if (format_node_type(frequency) == FORMAT_OBJECT)
        err = read_frequency(frequency, &a, why);
    else if (throttle != NULL && strcmp(throttle, "no_actions") == 0)
        off = true;
    else if (throttle != NULL && strcmp(throttle, "rule") != 0 && !read_span(throttle, &a.every))
        err = format_node_err(action, why, ERR_INVALID,
                              "throttle must be rule, no_actions or a span such as 1h");
    /* Every alert is told of once, so that an interval for each means nothing. */
    if (!a.summary)
        a.every = 0;
    if (a.query != NULL && a.query[0] == '\0')
        a.query = NULL;
    if (format_node_type(a.timeframe) != FORMAT_OBJECT)
        a.timeframe = NULL;
    if (err == ERR_NONE) {
        *out = a;
        *out_off = off;
    }
    return err;
}

/* "09:30" as minutes. */
static bool read_clock(const char *s, int *out)
{
    int hour, minute, n = 0;
    if (sscanf(s, "%2d:%2d%n", &hour, &minute, &n) != 2 || s[n] != '\0' || hour < 0 || hour > 24 ||
        minute < 0 || minute > 59)
        return false;
    *out = hour * 60 + minute;
    return true;
}

/* How far the zone is ahead of UTC, in minutes. */
static bool read_zone(const char *s, int *out)
{
    int n = 0, hour, minute;
    *out = 0;
    if (strcmp(s, "UTC") == 0 || strcmp(s, "Etc/UTC") == 0 || strcmp(s, "GMT") == 0 ||
        strcmp(s, "Z") == 0)
        return true;
    if ((s[0] != '+' && s[0] != '-') || sscanf(s + 1, "%2d:%2d%n", &hour, &minute, &n) != 2 ||
        s[1 + n] != '\0' || hour < 0 || hour > 15 || minute < 0 || minute > 59)
        return false;
    *out = (s[0] == '-' ? -1 : 1) * (hour * 60 + minute);
    return true;
}

enum err notify_action_in_time(const struct notify_action *a, ts_ns now, bool *out,
                               struct err_text *why)
{
    const struct format_node *days = format_node_get(a->timeframe, "days");
    const struct format_node *hours = format_node_get(a->timeframe, "hours");
    const char *zone = format_node_str(format_node_get(a->timeframe, "timezone"), "UTC");
    int ahead, start = 0, end = 24 * 60;
    bool named = format_node_count(days) == 0;
    if (a->timeframe == NULL) {
        *out = true;
        return ERR_NONE;
    }
    if (!read_zone(zone, &ahead))
        return format_node_err(a->timeframe, why, ERR_UNSUPPORTED,
                               "alerts_filter.timeframe.timezone must be UTC or a difference such "
                               "as +01:00, not '%.60s'",
                               zone);
    if (!read_clock(format_node_str(format_node_get(hours, "start"), "00:00"), &start) ||
        !read_clock(format_node_str(format_node_get(hours, "end"), "24:00"), &end))
        return format_node_err(a->timeframe, why, ERR_INVALID,
                               "alerts_filter.timeframe.hours must have times such as 09:00");
    ts_ns local = now + ahead * TIME_MIN;
    ts_ns day = time_floor(local, TIME_DAY);
    int minute = (int)((local - day) / TIME_MIN);
    /* 1970-01-01 was a Thursday; Monday is 1. */
    int64_t weekday = ((day / TIME_DAY + 3) % 7 + 7) % 7 + 1;
    for (size_t i = 0; i < format_node_count(days) && !named; i++)
        named = format_node_int(format_node_at(days, i), 0) == weekday;
    *out =
        named && (start <= end ? minute >= start && minute < end : minute >= start || minute < end);
    return ERR_NONE;
}

/* The keys of the rule that templates know as context.rule. */
static void write_context_rule(struct format_writer *w, const struct notify_facts *f)
{
    static const char *const keys[] = {"anomaly_threshold",
                                       "machine_learning_job_id",
                                       "description",
                                       "false_positives",
                                       "filters",
                                       "index",
                                       "language",
                                       "max_signals",
                                       "name",
                                       "query",
                                       "references",
                                       "risk_score",
                                       "saved_id",
                                       "severity",
                                       "threat",
                                       "threshold",
                                       "timeline_id",
                                       "timeline_title",
                                       "type",
                                       "version"};
    format_write_begin_object(w);
    format_write_field_str(w, "id", format_node_str(format_node_get(f->rule, "id"), f->rule_id));
    format_write_field_str(w, "rule_id", f->rule_id);
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        const struct format_node *v = format_node_get(f->rule, keys[i]);
        if (v == NULL)
            continue;
        format_write_key(w, keys[i]);
        format_node_write_value(v, w);
    }
    format_write_end_object(w);
}

/* Documents as people get them from a search: with their id. */
static void write_alerts(struct format_writer *w, const struct notify_facts *f, bool none)
{
    format_write_begin_array(w);
    for (size_t i = 0; i < f->alerts_n && !none; i++) {
        const struct bytes *doc = &f->alerts[i];
        const char *inner = memchr(doc->p, '{', doc->n);
        struct buf whole;
        if (inner == NULL)
            continue;
        inner++;
        size_t left = doc->n - (size_t)((const uint8_t *)inner - doc->p);
        buf_init(&whole);
        struct format_writer head;
        format_write_init(&head, &whole);
        format_write_begin_object(&head);
        format_write_field_str(&head, "_id", f->alert_ids[i]);
        format_write_field_str(&head, "_index", ".alerts-security.alerts-default");
        size_t blank = strspn(inner, " \t\r\n");
        if (blank < left && inner[blank] != '}')
            buf_char(&whole, ',');
        buf_add(&whole, inner, left);
        if (buf_ok(&whole))
            format_write_raw(w, buf_text(&whole), whole.n);
        else
            w->out->failed = true;
        buf_release(&whole);
    }
    format_write_end_array(w);
}

static void write_group(struct format_writer *w, const char *name, const struct notify_facts *f,
                        bool none)
{
    format_write_key(w, name);
    format_write_begin_object(w);
    format_write_field_i64(w, "count", none ? 0 : (int64_t)f->total);
    format_write_key(w, "data");
    write_alerts(w, f, none);
    format_write_end_object(w);
}

static void write_rule(struct format_writer *w, const struct notify_facts *f)
{
    const struct format_node *tags = format_node_get(f->rule, "tags");
    struct buf url;
    format_write_key(w, "rule");
    format_write_begin_object(w);
    format_write_field_str(w, "id", format_node_str(format_node_get(f->rule, "id"), f->rule_id));
    format_write_field_str(w, "name", format_node_str(format_node_get(f->rule, "name"), ""));
    format_write_field_str(w, "spaceId", "default");
    format_write_field_str(w, "type", format_node_str(format_node_get(f->rule, "type"), ""));
    format_write_key(w, "tags");
    if (tags != NULL)
        format_node_write_value(tags, w);
    else
        format_write_raw(w, "[]", 2);
    buf_init(&url);
    buf_format(&url, "%s/rules/%s", f->base_url, f->rule_id);
    format_write_field_str(w, "url", buf_text(&url));
    format_write_end_object(w);
    buf_clear(&url);
    buf_format(&url, "%s/alerts?rule=%s", f->base_url, f->rule_id);
    format_write_key(w, "context");
    format_write_begin_object(w);
    format_write_field_str(w, "results_link", buf_text(&url));
    buf_release(&url);
    format_write_key(w, "rule");
    write_context_rule(w, f);
    format_write_key(w, "alerts");
    write_alerts(w, f, false);
    format_write_end_object(w);
}

void notify_facts_write(const struct notify_facts *f, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_key(&w, "date");
    format_write_time(&w, f->now);
    format_write_field_str(&w, "kibanaBaseUrl", f->base_url);
    write_rule(&w, f);
    format_write_key(&w, "state");
    format_write_begin_object(&w);
    format_write_field_i64(&w, "signals_count", (int64_t)f->total);
    format_write_end_object(&w);
    if (f->summary) {
        format_write_key(&w, "alerts");
        format_write_begin_object(&w);
        write_group(&w, "new", f, false);
        write_group(&w, "ongoing", f, true);
        write_group(&w, "recovered", f, true);
        write_group(&w, "all", f, false);
        format_write_end_object(&w);
    } else if (f->alerts_n > 0) {
        format_write_key(&w, "alert");
        format_write_begin_object(&w);
        format_write_field_str(&w, "id", f->alert_ids[0]);
        format_write_field_str(&w, "uuid", f->alert_ids[0]);
        format_write_field_str(&w, "actionGroup", "default");
        format_write_field_str(&w, "actionGroupName", "Default");
        format_write_field_bool(&w, "flapping", false);
        format_write_end_object(&w);
    }
    format_write_end_object(&w);
}

static enum err render_text(const struct format_node *v, const struct format_node *data,
                            enum notify_escape escape, struct format_writer *w,
                            struct err_text *why)
{
    struct buf text;
    buf_init(&text);
    enum err err = notify_mustache_render(
        bytes_make(format_node_str(v, ""), format_node_str_len(v)), data, escape, &text, why);
    if (err == ERR_NONE)
        format_write_str_n(w, buf_text(&text), text.n);
    buf_release(&text);
    return err;
}

enum err notify_action_render(enum notify_type type, const struct format_node *params,
                              const struct format_node *data, struct buf *out, struct err_text *why)
{
    enum notify_escape escape = type == NOTIFY_WEBHOOK ? NOTIFY_JSON : NOTIFY_PLAIN;
    enum err err = notify_connector_check_params(type, params, why);
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    for (size_t i = 0; i < format_node_count(params) && err == ERR_NONE; i++) {
        const struct format_node *v = format_node_at(params, i);
        format_write_key(&w, format_node_key(v));
        if (format_node_type(v) == FORMAT_STRING) {
            err = render_text(v, data, escape, &w, why);
        } else if (format_node_type(v) == FORMAT_ARRAY) {
            format_write_begin_array(&w);
            for (size_t j = 0; j < format_node_count(v) && err == ERR_NONE; j++)
                err = render_text(format_node_at(v, j), data, escape, &w, why);
            format_write_end_array(&w);
        } else {
            format_node_write_value(v, &w);
        }
    }
    if (err == ERR_NONE) {
        format_write_end_object(&w);
        if (!buf_ok(out))
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    return err;
}
