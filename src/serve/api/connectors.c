/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "format/node.h"
#include "http/request.h"

#include <string.h>

/* A request to the daemon begun: more members may follow. */
static void begin(struct api_call *c, struct format_writer *w, struct buf *request,
                  const char *command, const char *verb)
{
    const char *id = strstr(c->row->path, "{id}") != NULL ? api_call_part(c, "id") : NULL;
    buf_init(request);
    format_write_init(w, request);
    format_write_begin_object(w);
    format_write_field_str(w, "command", command);
    format_write_field_str(w, "verb", verb);
    if (id != NULL)
        format_write_field_str(w, "id", id);
}

static enum err end(struct api_call *c, struct format_writer *w, struct buf *request,
                    struct err_text *why)
{
    struct buf answer;
    buf_init(&answer);
    format_write_end_object(w);
    enum err err = api_call_act(c, request, &answer, why);
    while (answer.n > 0 && answer.p[answer.n - 1] == '\n')
        answer.n--;
    if (err == ERR_NONE && answer.n > 0)
        format_write_raw(&c->out, answer.p, answer.n);
    buf_release(&answer);
    buf_release(request);
    return err;
}

static enum err act(struct api_call *c, const char *verb, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    begin(c, &w, &request, "connector", verb);
    return end(c, &w, &request, why);
}

static enum err act_on_body(struct api_call *c, const char *verb, struct err_text *why)
{
    struct buf request, text;
    struct format_writer w;
    struct format_node *body;
    enum err err = api_call_body(c, true, &body, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&text);
    format_node_write(body, &text);
    begin(c, &w, &request, "connector", verb);
    format_write_field_str(&w, "name", "connector");
    format_write_key(&w, "text");
    format_write_str_n(&w, buf_text(&text), text.n);
    if (!buf_ok(&text))
        request.failed = true;
    buf_release(&text);
    return end(c, &w, &request, why);
}

/* One document a line becomes an array. */
static enum err list_documents(struct api_call *c, const char *command, struct err_text *why)
{
    struct buf request, answer;
    struct format_writer w;
    begin(c, &w, &request, command, "list");
    format_write_field_bool(&w, "documents", true);
    format_write_end_object(&w);
    buf_init(&answer);
    enum err err = api_call_act(c, &request, &answer, why);
    if (err == ERR_NONE) {
        format_write_begin_array(&c->out);
        for (const char *p = buf_text(&answer), *line; (line = strchr(p, '\n')) != NULL;
             p = line + 1)
            format_write_raw(&c->out, p, (size_t)(line - p));
        format_write_end_array(&c->out);
    }
    buf_release(&answer);
    buf_release(&request);
    return err;
}

static enum err list(struct api_call *c, struct err_text *why)
{
    return list_documents(c, "connector", why);
}

/* {"id":"7"}, or nothing for all. */
static enum err change_messages(struct api_call *c, const char *verb, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    struct format_node *body;
    enum err err = api_call_body(c, false, &body, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *id = format_node_get(body, "id");
    err = body != NULL ? api_call_unknown(c, body, why) : ERR_NONE;
    if (err != ERR_NONE)
        return err;
    begin(c, &w, &request, "message", verb);
    format_write_field_bool(&w, "documents", true);
    if (id != NULL) {
        format_write_key(&w, "id");
        format_node_write_value(id, &w);
    }
    return end(c, &w, &request, why);
}

static enum err messages(struct api_call *c, struct err_text *why)
{
    return list_documents(c, "message", why);
}

static enum err retry(struct api_call *c, struct err_text *why)
{
    return change_messages(c, "retry", why);
}

static enum err dismiss(struct api_call *c, struct err_text *why)
{
    return change_messages(c, "dismiss", why);
}

static enum err types(struct api_call *c, struct err_text *why)
{
    static const char *const names[][2] = {
        {".email", "Email"}, {".syslog", "Syslog"}, {".webhook", "Webhook"}};
    (void)why;
    format_write_begin_array(&c->out);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        format_write_begin_object(&c->out);
        format_write_field_str(&c->out, "id", names[i][0]);
        format_write_field_str(&c->out, "name", names[i][1]);
        format_write_field_bool(&c->out, "enabled", true);
        format_write_field_bool(&c->out, "enabled_in_config", true);
        format_write_field_bool(&c->out, "enabled_in_license", true);
        format_write_field_str(&c->out, "minimum_license_required", "basic");
        format_write_end_object(&c->out);
    }
    format_write_end_array(&c->out);
    return ERR_NONE;
}

static enum err get(struct api_call *c, struct err_text *why)
{
    return act(c, "get", why);
}

static enum err make(struct api_call *c, struct err_text *why)
{
    return act_on_body(c, "add", why);
}

static enum err update(struct api_call *c, struct err_text *why)
{
    return act_on_body(c, "update", why);
}

static enum err remove_one(struct api_call *c, struct err_text *why)
{
    enum err err = act(c, "remove", why);
    if (err == ERR_NONE)
        http_answer_set_status(c->answer, 204);
    return err;
}

static enum err execute(struct api_call *c, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    struct format_node *body;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE && format_node_type(format_node_get(body, "params")) != FORMAT_OBJECT)
        return api_call_fail(c, 400, "Bad Request", why,
                             "[params] is required and must be an "
                             "object");
    if (err == ERR_NONE) {
        format_node_mark(format_node_get(body, "params"));
        err = api_call_unknown(c, body, why);
    }
    if (err != ERR_NONE)
        return err;
    begin(c, &w, &request, "connector", "test");
    format_write_key(&w, "params");
    format_node_write_value(format_node_get(body, "params"), &w);
    return end(c, &w, &request, why);
}

#define ROW(method, path, right, body, summary, handle)                                            \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, body, "", summary, handle, HTTP_LANE_SHORT           \
    }

const struct api_row api_connector_rows[] = {
    ROW("GET", "/api/actions/connectors", AUTH_RIGHT_STEER, 0,
        "All connectors, without their secrets", list),
    ROW("GET", "/api/actions/messages", AUTH_RIGHT_STEER, 0,
        "Messages that wait to be sent, and those that were given up", messages),
    ROW("POST", "/api/actions/messages/_retry", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "Send a given-up message again, or all of them", retry),
    ROW("POST", "/api/actions/messages/_dismiss", AUTH_RIGHT_STEER, API_ROW_SMALL,
        "Forget a given-up message, or all of them", dismiss),
    ROW("GET", "/api/actions/connector_types", AUTH_RIGHT_READ, 0,
        "The kinds of connectors that there are", types),
    ROW("POST", "/api/actions/connector", AUTH_RIGHT_ADMIN, API_ROW_SMALL, "Make a connector",
        make),
    ROW("POST", "/api/actions/connector/{id}", AUTH_RIGHT_ADMIN, API_ROW_SMALL,
        "Make a connector of that id", make),
    ROW("GET", "/api/actions/connector/{id}", AUTH_RIGHT_STEER, 0,
        "A connector, without its secrets", get),
    ROW("PUT", "/api/actions/connector/{id}", AUTH_RIGHT_ADMIN, API_ROW_SMALL,
        "Change a connector; without secrets it keeps those it has", update),
    ROW("DELETE", "/api/actions/connector/{id}", AUTH_RIGHT_ADMIN, 0,
        "Remove a connector and what waits for it", remove_one),
    {"POST", "/api/actions/connector/{id}/_execute", AUTH_RIGHT_ADMIN, API_FORM_KIBANA,
     API_ROW_SMALL, "", "Send a message now and say how it went", execute, HTTP_LANE_LONG},
    {0},
};
