/* SPDX-License-Identifier: Apache-2.0 */
#include "api/call.h"

#include "api/api.h"
#include "api/form.h"
#include "api/media.h"
#include "base/assert.h"
#include "format/node.h"
#include "http/request.h"
#include "http/server.h"
#include "query/datemath.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum err api_call_fail(struct api_call *c, unsigned status, const char *type, struct err_text *why,
                       const char *format, ...)
{
    char text[sizeof(why->message)];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    c->status = status;
    c->type = type;
    return err_set(why, ERR_INVALID, "%s", text);
}

const char *api_call_part(const struct api_call *c, const char *name)
{
    return http_request_part(c->request, name);
}

enum err api_call_body(struct api_call *c, bool required, struct format_node **out,
                       struct err_text *why)
{
    struct bytes body = http_request_body(c->request);
    if (c->body == NULL && body.n > 0) {
        enum err err =
            format_node_json((const char *)body.p, body.n, "request body", &c->body, why);
        if (err != ERR_NONE)
            return err;
    }
    if (c->body == NULL && required)
        return api_call_fail(c, 400, "parse_exception", why, "request body is required");
    *out = c->body;
    return ERR_NONE;
}

enum err api_call_unknown(struct api_call *c, const struct format_node *object,
                          struct err_text *why)
{
    const struct format_node *key = format_node_unknown(object);
    if (key == NULL)
        return ERR_NONE;
    return api_call_fail(c, 400, "x_content_parse_exception", why, "[%u:%u] unknown field [%s]",
                         format_node_line(key), format_node_column(key), format_node_key(key));
}

/* What was given under a name: a member of the body, else text of the query string, else nothing.
 */
static enum err given(struct api_call *c, const char *name, const struct format_node **out_node,
                      const char **out_text, struct err_text *why)
{
    struct format_node *body = NULL;
    *out_node = NULL;
    *out_text = NULL;
    if (c->row->body_max > 0 && c->row->body_max <= API_ROW_LARGE) {
        enum err err = api_call_body(c, false, &body, why);
        if (err != ERR_NONE)
            return err;
    }
    if (format_node_type(body) == FORMAT_OBJECT)
        *out_node = format_node_get(body, name);
    if (format_node_type(*out_node) == FORMAT_NULL)
        *out_node = NULL;
    if (*out_node == NULL)
        *out_text = http_request_param(c->request, name);
    else
        *out_text = format_node_str(*out_node, NULL);
    return ERR_NONE;
}

static enum err misfit(struct api_call *c, const char *name, const char *text,
                       const struct format_node *node, const char *wanted, struct err_text *why)
{
    if (text != NULL)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "failed to parse [%s] with value [%.100s]: expected %s", name, text,
                             wanted);
    return api_call_fail(c, 400, "x_content_parse_exception", why, "[%u:%u] [%s] must be %s",
                         format_node_line(node), format_node_column(node), name, wanted);
}

enum err api_call_text(struct api_call *c, const char *name, const char *otherwise,
                       const char **out, struct err_text *why)
{
    const struct format_node *node;
    const char *text;
    enum err err = given(c, name, &node, &text, why);
    if (err != ERR_NONE)
        return err;
    if (node != NULL && text == NULL)
        return misfit(c, name, NULL, node, "a string", why);
    *out = text != NULL ? text : otherwise;
    return ERR_NONE;
}

enum err api_call_flag(struct api_call *c, const char *name, bool otherwise, bool *out,
                       struct err_text *why)
{
    const struct format_node *node;
    const char *text;
    enum err err = given(c, name, &node, &text, why);
    if (err != ERR_NONE)
        return err;
    if (node == NULL && text == NULL)
        *out = otherwise;
    else if (format_node_type(node) == FORMAT_BOOL)
        *out = format_node_bool(node, otherwise);
    else if (text != NULL && (text[0] == '\0' || strcmp(text, "true") == 0))
        *out = true; /* "?desc" alone says yes */
    else if (text != NULL && strcmp(text, "false") == 0)
        *out = false;
    else
        return misfit(c, name, text, node, "true or false", why);
    return ERR_NONE;
}

enum err api_call_int(struct api_call *c, const char *name, int64_t otherwise, int64_t least,
                      int64_t most, int64_t *out, struct err_text *why)
{
    const struct format_node *node;
    const char *text;
    char *end = NULL;
    int64_t v = otherwise;
    enum err err = given(c, name, &node, &text, why);
    if (err != ERR_NONE)
        return err;
    if (text != NULL) {
        errno = 0;
        v = strtoll(text, &end, 10);
        if (end == text || *end != '\0' || errno != 0)
            return misfit(c, name, text, node, "a whole number", why);
    } else if (node != NULL) {
        if (format_node_type(node) != FORMAT_INT)
            return misfit(c, name, NULL, node, "a whole number", why);
        v = format_node_int(node, 0);
    }
    if (node == NULL && text == NULL) {
        *out = otherwise;
        return ERR_NONE;
    }
    if (v < least || v > most)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "[%s] must be between %lld and %lld, not %lld", name, (long long)least,
                             (long long)most, (long long)v);
    *out = v;
    return ERR_NONE;
}

enum err api_call_number(struct api_call *c, const char *name, double otherwise, double *out,
                         struct err_text *why)
{
    const struct format_node *node;
    const char *text;
    char *end = NULL;
    double v = otherwise;
    enum err err = given(c, name, &node, &text, why);
    if (err != ERR_NONE)
        return err;
    if (text != NULL) {
        v = strtod(text, &end);
        if (end == text || *end != '\0' || !isfinite(v))
            return misfit(c, name, text, node, "a number", why);
    } else if (node != NULL) {
        if (format_node_type(node) != FORMAT_INT && format_node_type(node) != FORMAT_FLOAT)
            return misfit(c, name, NULL, node, "a number", why);
        v = format_node_num(node, 0);
    }
    *out = v;
    return ERR_NONE;
}

enum err api_call_time(struct api_call *c, const char *name, ts_ns otherwise, ts_ns *out,
                       struct err_text *why)
{
    const struct format_node *node;
    const char *text;
    char number[32];
    enum err err = given(c, name, &node, &text, why);
    if (err != ERR_NONE)
        return err;
    if (node == NULL && text == NULL) {
        *out = otherwise;
        return ERR_NONE;
    }
    if (format_node_type(node) == FORMAT_INT) {
        snprintf(number, sizeof(number), "%lld", (long long)format_node_int(node, 0));
        text = number;
    }
    if (text == NULL)
        return misfit(c, name, NULL, node, "a time", why);
    const struct datemath_options options = {.now = c->now};
    struct datemath_span span;
    struct err_text reason;
    if (query_datemath_parse(text, strlen(text), &options, &span, &reason) != ERR_NONE)
        return misfit(c, name, text, node,
                      "a time such as 2024-01-31T10:20:30Z, now-1h, or milliseconds", why);
    *out = span.from;
    return ERR_NONE;
}

enum err api_call_span(struct api_call *c, const char *name, ts_ns otherwise, ts_ns *out,
                       struct err_text *why)
{
    const struct format_node *node;
    const char *text;
    enum err err = given(c, name, &node, &text, why);
    if (err != ERR_NONE)
        return err;
    if (node == NULL && text == NULL) {
        *out = otherwise;
        return ERR_NONE;
    }
    if (text != NULL && strcmp(text, "-1") == 0) { /* Elasticsearch's word for without end */
        *out = TIME_MAX;
        return ERR_NONE;
    }
    if (text == NULL || !time_parse_span(text, strlen(text), out))
        return misfit(c, name, text, node, "a time span such as 30s or 2h", why);
    return ERR_NONE;
}

static bool is_gone(void *request)
{
    return http_request_is_gone(request);
}

enum err api_call_act(struct api_call *c, const struct buf *request, struct buf *out,
                      struct err_text *why)
{
    struct buf dropped;
    if (!buf_ok(request))
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    buf_init(&dropped);
    enum err err = c->ports->act(c->ports->ctx, buf_text(request), request->n, is_gone, c->request,
                                 out != NULL ? out : &dropped, why);
    buf_release(&dropped);
    return err;
}

void api_call_plain(struct api_call *c, const char *content_type)
{
    http_answer_set_header(c->answer, "Content-Type", content_type);
    c->out.out = NULL;
}

/* "size:integer from:integer" has name. */
static bool has_param(const char *params, const char *name)
{
    size_t n = strlen(name);
    for (const char *p = params; p != NULL && *p != '\0';) {
        if (strncmp(p, name, n) == 0 && p[n] == ':')
            return true;
        p = strchr(p, ' ');
        p = p != NULL ? p + 1 : NULL;
    }
    return false;
}

static enum err check_params(struct api_call *c, struct err_text *why)
{
    static const char always[] = "pretty:boolean human:boolean error_trace:boolean "
                                 "filter_path:text format:text";
    const char *name, *value;
    for (size_t i = 0; http_request_param_at(c->request, i, &name, &value); i++)
        if (!has_param(c->row->params, name) && !has_param(always, name))
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "request [%.200s] contains unrecognized parameter: [%.100s]",
                                 http_request_path(c->request), name);
    return ERR_NONE;
}

static void fail(struct api_call *c, enum err code, const struct err_text *why)
{
    char sentence[sizeof(why->file) + sizeof(why->message) + 32];
    struct buf *body = http_answer_body(c->answer);
    unsigned status = c->status != 0 ? c->status : api_form_status(code);
    const char *type = c->type != NULL ? c->type : api_form_type(status, code);
    buf_clear(body);
    http_answer_set_status(c->answer, status);
    http_answer_set_header(c->answer, "Content-Type", api_media_type(c->request, c->row->form));
    if (status == 429) {
        char seconds[32];
        snprintf(seconds, sizeof(seconds), "%lld",
                 c->wait > 0 ? (long long)((c->wait + TIME_S - 1) / TIME_S) : 1);
        http_answer_set_header(c->answer, "Retry-After", seconds);
    }
    api_form_error(body, c->row->form, status, type,
                   c->status != 0 ? why->message : err_format(why, sentence, sizeof(sentence)));
}

void api_call_run(void *ctx, struct http_request *r, struct http_answer *answer)
{
    const struct api *api = ctx;
    struct err_text why = {0};
    struct api_call c = {
        .api = api,
        .ports = api_ports_of(api),
        .row = http_request_route(r)->word,
        .request = r,
        .answer = answer,
        .guest = http_request_guest(r),
    };
    c.now = c.ports->now();
    arena_init(&c.arena, 0);
    format_write_init(&c.out, http_answer_body(answer));
    http_answer_set_header(answer, "Content-Type", api_media_type(r, c.row->form));
    enum err err = check_params(&c, &why);
    if (err == ERR_NONE)
        err = c.row->handle(&c, &why);
    if (err == ERR_NONE && c.out.out != NULL)
        err = api_media_shape(r, http_answer_body(answer), &why);
    if (err != ERR_NONE)
        fail(&c, err, &why);
    format_node_free(c.body);
    arena_release(&c.arena);
}
