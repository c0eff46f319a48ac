/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/transfer.h"

#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "auth/guard.h"
#include "base/buf.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/multipart.h"
#include "kibana/rule.h"

#include <stdio.h>
#include <string.h>

#define RULES_MAX 10000

enum err kibana_transfer_file(struct api_call *c, struct kibana_file *out, struct err_text *why)
{
    return kibana_multipart_find(http_request_header(c->request, "Content-Type"),
                                 http_request_body(c->request), "file", out, why);
}

enum err kibana_transfer_flag(struct api_call *c, const char *name, bool otherwise, bool *out,
                              struct err_text *why)
{
    const char *text = http_request_param(c->request, name);
    if (text == NULL)
        *out = otherwise;
    else if (text[0] == '\0' || strcmp(text, "true") == 0)
        *out = true;
    else if (strcmp(text, "false") == 0)
        *out = false;
    else
        return api_call_fail(c, 400, NULL, why, "[request query]: %s must be true or false", name);
    return ERR_NONE;
}

void kibana_transfer_name(struct api_call *c, const char *type, const char *name)
{
    char value[300];
    size_t n = 0;
    n += (size_t)snprintf(value, sizeof(value), "attachment; filename=\"");
    for (; *name != '\0' && n < sizeof(value) - 2; name++)
        value[n++] = *name == '"' || *name == '\\' || *name < ' ' || *name > '~' ? '_' : *name;
    value[n++] = '"';
    value[n] = '\0';
    api_call_plain(c, type);
    http_answer_set_header(c->answer, "Content-Disposition", value);
}

/* Without the last line. */
static void cut_summary(struct buf *lines)
{
    if (lines->n > 0)
        lines->n--;
    while (lines->n > 0 && lines->p[lines->n - 1] != '\n')
        lines->n--;
    if (lines->p != NULL)
        lines->p[lines->n] = '\0';
}

enum err kibana_transfer_export(struct api_call *c, const struct format_node *rule_ids,
                                bool details, const char *name, struct err_text *why)
{
    struct buf request, *lines = http_answer_body(c->answer);
    struct format_writer w;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "rule");
    format_write_field_str(&w, "verb", "export");
    if (rule_ids != NULL) {
        format_write_key(&w, "ids");
        format_node_write_value(rule_ids, &w);
    }
    /* Addresses of connectors hold secrets of their own. */
    format_write_field_bool(&w, "connectors",
                            c->guest != NULL && auth_role_may(c->guest->role, AUTH_RIGHT_STEER));
    format_write_end_object(&w);
    kibana_transfer_name(c, "application/ndjson", name);
    enum err err = api_call_act(c, &request, lines, why);
    if (err == ERR_NONE && !details)
        cut_summary(lines);
    buf_release(&request);
    return err;
}

/* {"objects":[{"rule_id":"x"}]} as a list of rule_ids; without it, all rules. */
static enum err export_rules(struct api_call *c, struct err_text *why)
{
    struct format_node *body = NULL, *ids = NULL;
    struct format_writer w;
    struct buf list;
    const char *name = http_request_param(c->request, "file_name");
    bool without;
    enum err err = kibana_transfer_flag(c, "exclude_export_details", false, &without, why);
    if (err == ERR_NONE)
        err = api_call_body(c, false, &body, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *objects = format_node_get(body, "objects");
    if (format_node_count(objects) > RULES_MAX)
        return api_call_fail(c, 400, NULL, why, "Can't export more than %d rules", RULES_MAX);
    buf_init(&list);
    format_write_init(&w, &list);
    format_write_begin_array(&w);
    for (size_t i = 0; i < format_node_count(objects); i++) {
        const struct format_node *id = format_node_get(format_node_at(objects, i), "rule_id");
        format_write_str(&w, format_node_str(id, ""));
    }
    format_write_end_array(&w);
    if (!buf_ok(&list))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    else if (format_node_type(objects) == FORMAT_ARRAY)
        err = format_node_json(list.p, list.n, "objects", &ids, why);
    buf_release(&list);
    if (err == ERR_NONE)
        err = kibana_transfer_export(c, ids, !without, name != NULL ? name : "export.ndjson", why);
    format_node_free(ids);
    return err;
}

void kibana_transfer_error(struct format_writer *w, const char *key, const char *id,
                           unsigned status, const char *message)
{
    format_write_begin_object(w);
    format_write_field_str(w, key, id);
    format_write_key(w, "error");
    format_write_begin_object(w);
    format_write_field_i64(w, "status_code", status);
    format_write_field_str(w, "message", message);
    format_write_end_object(w);
    format_write_end_object(w);
}

const struct api_row kibana_transfer_rows[] = {
    {"POST", "/api/detection_engine/rules/_export", AUTH_RIGHT_READ, API_FORM_KIBANA, API_ROW_LARGE,
     "exclude_export_details:boolean file_name:text", "Rules as a file, one a line", export_rules,
     HTTP_LANE_LONG},
    {0},
};
