/* SPDX-License-Identifier: Apache-2.0 */
#include "api/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "api/openapi.h"
#include "http/request.h"

#include <stdlib.h>

static enum err health(struct api_call *c, struct err_text *why)
{
    struct err_text reason;
    (void)why;
    bool well = c->ports->healthy(c->ports->ctx, &reason);
    http_answer_set_status(c->answer, well ? 200 : 503);
    format_write_begin_object(&c->out);
    format_write_field_str(&c->out, "status", well ? "ok" : "failing");
    if (!well && c->guest != NULL) /* strangers need not know why */
        format_write_field_str(&c->out, "reason", reason.message);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err metrics(struct api_call *c, struct err_text *why)
{
    (void)why;
    api_call_plain(c, "text/plain; version=0.0.4; charset=utf-8");
    c->ports->measure(c->ports->ctx, http_answer_body(c->answer));
    return ERR_NONE;
}

/* A browser sends the header by itself when it comes back; others may use the parameter. */
static enum err live(struct api_call *c, struct err_text *why)
{
    const char *last = http_request_header(c->request, "Last-Event-ID");
    if (last == NULL)
        last = http_request_param(c->request, "last_event_id");
    char *end = NULL;
    unsigned long long after = last != NULL ? strtoull(last, &end, 10) : 0;
    if (last != NULL && (last[0] < '0' || last[0] > '9' || *end != '\0'))
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "the number of the last event must be a whole number");
    api_call_plain(c, "text/event-stream");
    http_answer_set_stream(c->answer, c->ports->stream, after);
    return ERR_NONE;
}

static enum err openapi(struct api_call *c, struct err_text *why)
{
    (void)why;
    api_openapi_write(c->api, &c->out);
    return ERR_NONE;
}

const struct api_row api_system_rows[] = {
    {"GET", "/healthz", AUTH_RIGHT_NONE, API_FORM_KIBANA, 0, "", "Whether the server is well",
     health, HTTP_LANE_SHORT},
    {"GET", "/metrics", AUTH_RIGHT_READ, API_FORM_KIBANA, 0, "",
     "Measures of the whole program for Prometheus", metrics, HTTP_LANE_SHORT},
    {"GET", "/api/live", AUTH_RIGHT_READ, API_FORM_KIBANA, 0, "last_event_id:integer",
     "Alerts, results and states as they come, as server-sent events", live, HTTP_LANE_SHORT},
    {"GET", "/api/openapi.json", AUTH_RIGHT_GREET, API_FORM_KIBANA, 0, "",
     "This API as an OpenAPI document", openapi, HTTP_LANE_SHORT},
    {0},
};
