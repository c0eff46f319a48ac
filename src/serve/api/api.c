/* SPDX-License-Identifier: Apache-2.0 */
#include "api/api.h"

#include "api/call.h"
#include "api/door.h"
#include "api/form.h"
#include "api/media.h"
#include "auth/guard.h"
#include "base/mem.h"
#include "http/request.h"
#include "http/server.h"

#include <stdio.h>
#include <string.h>

struct api {
    struct api_ports ports;
    struct http_route *routes; /* word: the row */
    size_t n;
};

enum err api_new(const struct api_options *options, struct api **out, struct err_text *why)
{
    struct api *a = mem_zero(1, sizeof(*a));
    if (a == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    a->ports = options->ports;
    for (size_t t = 0; t < options->tables_n; t++)
        for (const struct api_row *row = options->tables[t]; row->path != NULL; row++)
            a->n++;
    a->routes = mem_zero(a->n, sizeof(*a->routes));
    if (a->routes == NULL) {
        api_free(a);
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    }
    struct http_route *to = a->routes;
    for (size_t t = 0; t < options->tables_n; t++)
        for (const struct api_row *row = options->tables[t]; row->path != NULL; row++)
            *to++ = (struct http_route){
                .method = row->method,
                .path = row->path,
                .body_max = row->body_max,
                .handle = api_call_run,
                .word = row,
            };
    *out = a;
    return ERR_NONE;
}

void api_free(struct api *a)
{
    if (a == NULL)
        return;
    mem_free(a->routes);
    mem_free(a);
}

const struct http_route *api_routes(const struct api *a, size_t *out_n)
{
    *out_n = a->n;
    return a->routes;
}

size_t api_rows(const struct api *a)
{
    return a->n;
}

const struct api_row *api_row_at(const struct api *a, size_t i)
{
    return a->routes[i].word;
}

const struct api_ports *api_ports_of(const struct api *a)
{
    return &a->ports;
}

static void answer_error(const struct http_request *r, enum api_form form, unsigned status,
                         const char *type, const char *sentence, struct http_answer *answer)
{
    struct buf *body = http_answer_body(answer);
    buf_clear(body);
    http_answer_set_status(answer, status);
    http_answer_set_header(answer, "Content-Type", api_media_type(r, form));
    api_form_error(body, form, status, type, sentence);
}

bool api_admit(void *ctx, const struct http_route *route, struct http_request *r,
               struct http_answer *answer)
{
    const struct api *a = ctx;
    const struct api_row *row = route != NULL ? route->word : NULL;
    enum api_form form = row != NULL ? row->form : api_form_of_path(http_request_path(r));
    enum auth_right right = row != NULL ? row->right : AUTH_RIGHT_GREET;
    struct api_door_verdict verdict;
    if (!api_door_open(a, right, r, &verdict)) {
        char seconds[32];
        snprintf(seconds, sizeof(seconds), "%lld", (long long)verdict.wait_s);
        answer_error(r, form, verdict.status,
                     verdict.status == 503 ? "circuit_breaking_exception" : "security_exception",
                     verdict.sentence, answer);
        if (verdict.wait_s > 0)
            http_answer_set_header(answer, "Retry-After", seconds);
        /* Not to browsers of the UI: they would show a window of their own. */
        if (verdict.status == 401 && form == API_FORM_ELASTIC)
            http_answer_set_header(answer, "WWW-Authenticate",
                                   "Basic realm=\"weir\", charset=\"UTF-8\", ApiKey");
        return false;
    }
    if (row != NULL && row->body_max > 0 &&
        !api_media_reads(http_request_header(r, "Content-Type"))) {
        answer_error(r, form, 415, "media_type_header_exception",
                     "the body must be JSON (Content-Type: application/json) or, for _bulk, "
                     "newline-delimited JSON (application/x-ndjson)",
                     answer);
        return false;
    }
    return true;
}

enum http_lane api_lane(void *ctx, const struct http_route *route)
{
    const struct api_row *row = route->word;
    (void)ctx;
    return row->lane;
}

enum http_lane api_admit_lane(void *ctx, const struct http_request *r)
{
    const struct api *a = ctx;
    const char *header = http_request_header(r, "Authorization");
    bool quick = header == NULL || auth_guard_is_quick(a->ports.guard, header, a->ports.now());
    return quick ? HTTP_LANE_SHORT : HTTP_LANE_TURN;
}

void api_refuse(void *ctx, const struct http_request *r, unsigned status, const char *sentence,
                struct http_answer *answer)
{
    (void)ctx;
    enum err code = status == 503 ? ERR_MEMORY : ERR_INVALID;
    answer_error(r, api_form_of_path(http_request_path(r)), status, api_form_type(status, code),
                 sentence, answer);
}

void api_finish(void *ctx, const struct http_request *r, struct http_answer *answer)
{
    static const char *const headers[][2] = {
        {"X-Content-Type-Options", "nosniff"},
        {"X-Frame-Options", "DENY"},
        {"Referrer-Policy", "no-referrer"},
        {"Cross-Origin-Opener-Policy", "same-origin"},
        {"Cross-Origin-Resource-Policy", "same-origin"},
        {"Cache-Control", "no-store"},
        {"Content-Security-Policy",
         "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
         "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
         "frame-ancestors 'none'"},
    };
    const struct api *a = ctx;
    const struct http_route *route = http_request_route(r);
    const struct api_row *row = route != NULL ? route->word : NULL;
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        http_answer_set_header(answer, headers[i][0], headers[i][1]);
    if (a->ports.secure)
        http_answer_set_header(answer, "Strict-Transport-Security", "max-age=31536000");
    if ((row != NULL ? row->form : api_form_of_path(http_request_path(r))) == API_FORM_ELASTIC)
        http_answer_set_header(answer, "X-Elastic-Product", "Elasticsearch");
    else
        http_answer_set_header(answer, "kbn-name", "weir");
}
