/* SPDX-License-Identifier: Apache-2.0 */
#include "api/openapi.h"

#include "api/api.h"
#include "api/row.h"
#include "base/buf.h"
#include "format/write.h"

#include <ctype.h>
#include <string.h>

/* Whether another row with the same path stands before this one. */
static bool is_later(const struct api *a, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(api_row_at(a, i)->path, api_row_at(a, at)->path) == 0)
            return true;
    return false;
}

/* As OpenAPI writes it: what a part takes ("{id*}", "{rest...}") is not said there. */
static void write_path(struct format_writer *w, const char *path)
{
    char plain[200];
    size_t n = 0;
    bool part = false;
    for (const char *p = path; *p != '\0' && n + 1 < sizeof(plain); p++) {
        part = *p == '{' || (part && *p != '}');
        if (!part || (*p != '*' && *p != '.'))
            plain[n++] = *p;
    }
    format_write_key_n(w, plain, n);
}

static void write_type(struct format_writer *w, const char *type, size_t n)
{
    static const struct {
        const char *name, *type, *format;
    } types[] = {
        {"integer", "integer", NULL}, {"number", "number", NULL},      {"boolean", "boolean", NULL},
        {"text", "string", NULL},     {"time", "string", "date-time"}, {"span", "string", NULL},
    };
    format_write_key(w, "schema");
    format_write_begin_object(w);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strlen(types[i].name) == n && memcmp(types[i].name, type, n) == 0) {
            format_write_field_str(w, "type", types[i].type);
            if (types[i].format != NULL)
                format_write_field_str(w, "format", types[i].format);
        }
    format_write_end_object(w);
}

static void write_param(struct format_writer *w, const char *in, const char *name, size_t n,
                        const char *type, size_t type_n)
{
    format_write_begin_object(w);
    format_write_key(w, "name");
    format_write_str_n(w, name, n);
    format_write_field_str(w, "in", in);
    format_write_field_bool(w, "required", strcmp(in, "path") == 0);
    write_type(w, type, type_n);
    format_write_end_object(w);
}

static void write_params(struct format_writer *w, const struct api_row *row)
{
    format_write_key(w, "parameters");
    format_write_begin_array(w);
    for (const char *p = strchr(row->path, '{'); p != NULL; p = strchr(p, '{')) {
        size_t n = strcspn(++p, "*.}");
        write_param(w, "path", p, n, "text", 4);
    }
    for (const char *p = row->params; *p != '\0';) {
        size_t n = strcspn(p, ":"), type_n = strcspn(p + n + 1, " ");
        write_param(w, "query", p, n, p + n + 1, type_n);
        p += n + 1 + type_n;
        p += *p == ' ';
    }
    format_write_end_array(w);
}

static void write_reference(struct format_writer *w, const char *status, const char *what)
{
    format_write_key(w, status);
    format_write_begin_object(w);
    format_write_field_str(w, "$ref", what);
    format_write_end_object(w);
}

/* "get_ml_anomaly_detectors_job_id": unique, since method and path are. */
static void write_id(struct format_writer *w, const struct api_row *row)
{
    char id[200];
    size_t n = 0;
    for (const char *p = row->method; *p != '\0'; p++)
        id[n++] = (char)tolower((unsigned char)*p);
    for (const char *p = row->path; *p != '\0' && n + 2 < sizeof(id); p++) {
        if (isalnum((unsigned char)*p))
            id[n++] = *p;
        else if (n > 0 && id[n - 1] != '_')
            id[n++] = '_';
    }
    while (n > 0 && id[n - 1] == '_')
        n--;
    format_write_key(w, "operationId");
    format_write_str_n(w, id, n);
}

static void write_operation(struct format_writer *w, const struct api_row *row)
{
    char method[8] = "";
    for (size_t i = 0; row->method[i] != '\0' && i + 1 < sizeof(method); i++)
        method[i] = (char)tolower((unsigned char)row->method[i]);
    bool elastic = row->form == API_FORM_ELASTIC;
    format_write_key(w, method);
    format_write_begin_object(w);
    write_id(w, row);
    format_write_field_str(w, "summary", row->summary);
    format_write_field_str(w, "x-weir-right", auth_role_right_name(row->right));
    write_params(w, row);
    if (row->body_max > 0) {
        format_write_key(w, "requestBody");
        format_write_begin_object(w);
        format_write_key(w, "content");
        format_write_begin_object(w);
        format_write_key(w, row->body_max >= API_ROW_BULK ? "application/x-ndjson"
                                                          : "application/json");
        format_write_begin_object(w);
        format_write_end_object(w);
        format_write_end_object(w);
        format_write_field_i64(w, "x-weir-bytes-at-most", (int64_t)row->body_max);
        format_write_end_object(w);
    }
    format_write_key(w, "responses");
    format_write_begin_object(w);
    format_write_key(w, "200");
    format_write_begin_object(w);
    format_write_field_str(w, "description", "Done");
    format_write_end_object(w);
    write_reference(w, "4XX",
                    elastic ? "#/components/responses/elastic" : "#/components/responses/kibana");
    format_write_end_object(w);
    if (row->right == AUTH_RIGHT_NONE) {
        format_write_key(w, "security");
        format_write_begin_array(w);
        format_write_end_array(w);
    }
    format_write_end_object(w);
}

static void write_scheme(struct format_writer *w, const char *name, const char *const pairs[][2])
{
    format_write_key(w, name);
    format_write_begin_object(w);
    for (size_t i = 0; pairs[i][0] != NULL; i++)
        format_write_field_str(w, pairs[i][0], pairs[i][1]);
    format_write_end_object(w);
}

static void write_components(struct format_writer *w)
{
    static const char *const cookie[][2] = {
        {"type", "apiKey"}, {"in", "cookie"}, {"name", "weir_session"}, {NULL, NULL}};
    static const char *const key[][2] = {{"type", "apiKey"},
                                         {"in", "header"},
                                         {"name", "Authorization"},
                                         {"description", "ApiKey base64(id:secret)"},
                                         {NULL, NULL}};
    static const char *const basic[][2] = {{"type", "http"}, {"scheme", "basic"}, {NULL, NULL}};
    format_write_key(w, "components");
    format_write_begin_object(w);
    format_write_key(w, "securitySchemes");
    format_write_begin_object(w);
    write_scheme(w, "session", cookie);
    write_scheme(w, "apiKey", key);
    write_scheme(w, "basic", basic);
    format_write_end_object(w);
    format_write_key(w, "responses");
    format_write_begin_object(w);
    format_write_key(w, "elastic");
    format_write_begin_object(w);
    format_write_field_str(w, "description",
                           "A failure: error.type, error.reason, error.root_cause, status");
    format_write_end_object(w);
    format_write_key(w, "kibana");
    format_write_begin_object(w);
    format_write_field_str(w, "description", "A failure: statusCode, error, message");
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void write_security(struct format_writer *w)
{
    static const char *const schemes[] = {"session", "apiKey", "basic"};
    format_write_key(w, "security");
    format_write_begin_array(w);
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        format_write_begin_object(w);
        format_write_key(w, schemes[i]);
        format_write_begin_array(w);
        format_write_end_array(w);
        format_write_end_object(w);
    }
    format_write_end_array(w);
}

void api_openapi_write(const struct api *a, struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_field_str(w, "openapi", "3.1.0");
    format_write_key(w, "info");
    format_write_begin_object(w);
    format_write_field_str(w, "title", "Weir");
    format_write_field_str(w, "version", WEIR_VERSION);
    format_write_end_object(w);
    format_write_key(w, "paths");
    format_write_begin_object(w);
    for (size_t i = 0; i < api_rows(a); i++) {
        const char *path = api_row_at(a, i)->path;
        if (is_later(a, i))
            continue;
        write_path(w, path);
        format_write_begin_object(w);
        for (size_t k = i; k < api_rows(a); k++)
            if (strcmp(api_row_at(a, k)->path, path) == 0)
                write_operation(w, api_row_at(a, k));
        format_write_end_object(w);
    }
    format_write_end_object(w);
    write_components(w);
    write_security(w);
    format_write_end_object(w);
}
