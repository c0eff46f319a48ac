#ifndef API_ROW_H
#define API_ROW_H

/*
 * One row of the table of routes: what is asked, who may, and what is done. The OpenAPI document
 * is made of these rows, and tests walk them.
 *
 * Threads: rows are constant.
 */

#include "auth/role.h"
#include "base/err.h"
#include "http/lane.h"

#include <stdint.h>

struct api_call;

/* Fills the answer, or says why not: a code with a sentence, or api_call_fail(). */
typedef enum err (*api_row_fn)(struct api_call *c, struct err_text *why);

/* Whose words the answer speaks, above all when something is wrong. */
enum api_form {
    API_FORM_ELASTIC,
    API_FORM_KIBANA,
};

struct api_row {
    const char *method; /* "GET", "POST", "PUT", "DELETE", "HEAD" */
    const char *path;   /* http/server.h says how {parts} are written */
    enum auth_right right;
    enum api_form form;
    uint64_t body_max; /* 0: none is taken */
    /*
     * Query parameters, each with its type: "size:integer desc:boolean start:time job_id:text".
     * Others are refused, but for those that every route has (api/call.h).
     */
    const char *params;
    const char *summary; /* a sentence for people, without full stop */
    api_row_fn handle;
    enum http_lane lane; /* how handle takes its time */
};

#define API_ROW_SMALL ((uint64_t)1 << 20)  /* a body of configuration */
#define API_ROW_LARGE ((uint64_t)16 << 20) /* many of them */
#define API_ROW_BULK                                                                               \
    ((uint64_t)100 << 20) /* events; as Elasticsearch's http.max_content_length                    \
                           */

#endif
