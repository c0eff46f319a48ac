/* SPDX-License-Identifier: Apache-2.0 */
#include "api/form.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "format/write.h"

#include <string.h>

#define SENTENCE_MAX 2048

unsigned api_form_status(enum err code)
{
    switch (code) {
    case ERR_INVALID:
    case ERR_FORMAT:
    case ERR_UNSUPPORTED:
        return 400;
    case ERR_DENIED:
        return 403;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_EXISTS:
    case ERR_BUSY:
        return 409;
    case ERR_LIMIT:
    case ERR_FULL:
    case ERR_AGAIN:
        return 429;
    case ERR_MEMORY:
    case ERR_STOPPED:
        return 503;
    default:
        return 500;
    }
}

const char *api_form_type(unsigned status, enum err code)
{
    if (code == ERR_FORMAT)
        return "parsing_exception";
    if (code == ERR_FULL)
        return "cluster_block_exception";
    switch (status) {
    case 400:
    case 405:
        return "illegal_argument_exception";
    case 401:
    case 403:
        return "security_exception";
    case 404:
        return "resource_not_found_exception";
    case 409:
        return code == ERR_EXISTS ? "resource_already_exists_exception" : "status_exception";
    case 413:
    case 414:
    case 431:
        return "content_too_long_exception";
    case 429:
        return "es_rejected_execution_exception";
    case 503:
        return "circuit_breaking_exception";
    default:
        return "exception";
    }
}

const char *api_form_reason(unsigned status)
{
    static const struct {
        unsigned status;
        const char *reason;
    } reasons[] = {
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {409, "Conflict"},
        {413, "Payload Too Large"},
        {414, "URI Too Long"},
        {415, "Unsupported Media Type"},
        {429, "Too Many Requests"},
        {431, "Request Header Fields Too Large"},
        {503, "Service Unavailable"},
    };
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
        if (reasons[i].status == status)
            return reasons[i].reason;
    return status < 500 ? "Error" : "Internal Server Error";
}

enum api_form api_form_of_path(const char *path)
{
    return strncmp(path, "/api/", 5) == 0 ? API_FORM_KIBANA : API_FORM_ELASTIC;
}

static void cause(struct format_writer *w, const char *type, const char *sentence)
{
    format_write_field_str(w, "type", type);
    format_write_field_str(w, "reason", sentence);
}

/* A sentence that quotes what was asked may have been cut within a character. */
static const char *readable(const char *sentence, char out[4 * SENTENCE_MAX + 1])
{
    size_t n = strlen(sentence);
    if (utf8_valid(sentence, n))
        return sentence;
    utf8_escape(sentence, n < SENTENCE_MAX ? n : SENTENCE_MAX, out, NULL);
    return out;
}

void api_form_error(struct buf *out, enum api_form form, unsigned status, const char *type,
                    const char *sentence)
{
    char escaped[4 * SENTENCE_MAX + 1];
    struct format_writer w;
    sentence = readable(sentence, escaped);
    format_write_init(&w, out);
    format_write_begin_object(&w);
    if (form == API_FORM_KIBANA) {
        format_write_field_i64(&w, "statusCode", status);
        format_write_field_str(&w, "error", api_form_reason(status));
        format_write_field_str(&w, "message", sentence);
        /* The detection engine's own errors have this key besides. */
        format_write_field_i64(&w, "status_code", status);
    } else {
        format_write_key(&w, "error");
        format_write_begin_object(&w);
        format_write_key(&w, "root_cause");
        format_write_begin_array(&w);
        format_write_begin_object(&w);
        cause(&w, type, sentence);
        format_write_end_object(&w);
        format_write_end_array(&w);
        cause(&w, type, sentence);
        format_write_end_object(&w);
        format_write_field_i64(&w, "status", status);
    }
    format_write_end_object(&w);
}
