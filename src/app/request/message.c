/* SPDX-License-Identifier: Apache-2.0 */
/* Messages of connectors: what waits to be sent, and what was given up. */
#include "request/request_priv.h"

#include "deliver/notify.h"
#include "format/write.h"
#include "store/state_notify.h"

#include <stdlib.h>
#include <string.h>

/* Messages in a list, and the longest parameters that are shown with one. */
#define SHOWN_MAX 1000
#define PARAMS_MAX 16384

static void write_time(struct format_writer *w, const char *key, ts_ns t)
{
    format_write_key(w, key);
    if (t == TIME_MAX)
        format_write_null(w);
    else
        format_write_time(w, t);
}

static bool print_document(struct request_asked *a, const struct store_message_out *m,
                           const char *status)
{
    struct buf line;
    struct format_writer w;
    buf_init(&line);
    format_write_init(&w, &line);
    format_write_begin_object(&w);
    format_write_field_i64(&w, "id", m->id);
    format_write_field_str(&w, "connector_id", m->connector);
    format_write_field_str(&w, "rule_id", m->rule_id);
    format_write_field_str(&w, "status", status);
    write_time(&w, "created_at", m->created);
    write_time(&w, "next_attempt_at", m->due);
    format_write_field_i64(&w, "attempts", m->tries);
    format_write_field_str(&w, "error", m->error);
    format_write_key(&w, "params");
    if (m->params[0] != '\0' && strlen(m->params) <= PARAMS_MAX)
        format_write_raw(&w, m->params, strlen(m->params));
    else
        format_write_null(&w);
    format_write_end_object(&w);
    buf_char(&line, '\n');
    bool more = buf_ok(&line) && request_asked_print(a, buf_text(&line), line.n);
    buf_release(&line);
    return more;
}

static bool print_message(void *ctx, const struct store_message_out *m)
{
    struct request_asked *a = ctx;
    bool given_up = m->due == TIME_MAX;
    const char *status = given_up ? "given up" : "waiting";
    char time[TIME_TEXT_SIZE];
    if (format_node_bool(format_node_get(a->request, "documents"), false))
        return print_document(a, m, given_up ? "given_up" : status);
    time_format_iso(time_floor(m->created, TIME_MS), time);
    return request_asked_line(a, "%-8lld %-24s %-8s %-36s %-36s %s", (long long)m->id, time, status,
                              m->connector[0] != '\0' ? m->connector : "-", m->rule_id,
                              m->error != NULL ? m->error : "");
}

static enum err list(struct request_asked *a, struct err_text *why)
{
    if (!format_node_bool(format_node_get(a->request, "documents"), false))
        request_asked_line(a, "%-8s %-24s %-8s %-36s %-36s %s", "MESSAGE", "SINCE", "STATUS",
                           "CONNECTOR", "RULE", "ERROR");
    enum err err = store_state_outbox_list(a->data->state, SHOWN_MAX, print_message, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "messages cannot be read: %s", err_name(err));
}

/* The number of a message, as a number or text; 0: all. */
static enum err read_id(struct request_asked *a, int64_t *out, struct err_text *why)
{
    const struct format_node *v = format_node_get(a->request, "id");
    const char *text = format_node_str(v, NULL);
    char *end = NULL;
    *out = text != NULL ? strtoll(text, &end, 10) : format_node_int(v, 0);
    if (v != NULL && (*out <= 0 || (end != NULL && *end != '\0')))
        return err_set(why, ERR_INVALID,
                       "a message has a number; weir connector messages shows it");
    return ERR_NONE;
}

static enum err change(struct request_asked *a, bool again, struct err_text *why)
{
    int64_t id;
    uint64_t n = 0;
    enum err err = read_id(a, &id, why);
    if (err != ERR_NONE)
        return err;
    err = again ? store_state_outbox_again(a->data->state, id, a->data->now(), &n)
                : store_state_outbox_dismiss(a->data->state, id, &n);
    if (err != ERR_NONE)
        return err_set(why, err, "messages cannot be written: %s", err_name(err));
    if (id != 0 && n == 0)
        return err_set(why, ERR_NOT_FOUND, "there is no message %lld that was given up%s",
                       (long long)id, again ? " and can be sent again" : "");
    if (again && a->data->notify != NULL)
        deliver_notify_wake(a->data->notify);
    request_asked_remark(a, "weir: %llu messages %s", (unsigned long long)n,
                         again ? "are sent again" : "dismissed");
    if (format_node_bool(format_node_get(a->request, "documents"), false))
        request_asked_line(a, "{\"total\":%llu}", (unsigned long long)n);
    return ERR_NONE;
}

int request_message(struct request_asked *a, const char *verb)
{
    struct err_text why;
    enum err err;
    a->hold = true; /* a listing holds the state's lock */
    if (strcmp(verb, "list") == 0)
        err = list(a, &why);
    else if (strcmp(verb, "retry") == 0 || strcmp(verb, "dismiss") == 0)
        err = change(a, verb[0] == 'r', &why);
    else
        err = err_set(&why, ERR_INVALID, "message expects list, retry or dismiss, not '%s'", verb);
    return request_asked_finish(a, err, &why);
}
