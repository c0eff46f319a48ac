/* SPDX-License-Identifier: Apache-2.0 */
#include "find/error.h"

#include "format/node.h"

#include <stdio.h>
#include <string.h>

static void say(struct find_error *error, const char *type, int status, const char *format,
                va_list args) __attribute__((format(printf, 4, 0)));

static void say(struct find_error *error, const char *type, int status, const char *format,
                va_list args)
{
    if (error == NULL)
        return;
    memset(error, 0, sizeof(*error));
    error->type = type;
    error->status = status;
    vsnprintf(error->text.message, sizeof(error->text.message), format, args);
}

enum err find_error_argument(struct find_error *error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(error, "illegal_argument_exception", 400, format, args);
    va_end(args);
    return ERR_INVALID;
}

enum err find_error_parse(struct find_error *error, const struct format_node *at,
                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    say(error, "parsing_exception", 400, format, args);
    va_end(args);
    if (error != NULL) {
        error->text.line = format_node_line(at);
        error->text.column = format_node_column(at);
    }
    return ERR_INVALID;
}

enum err find_error_buckets(struct find_error *error, size_t limit)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
        error->type = "too_many_buckets_exception";
        error->status = 400;
    }
    return err_set(error != NULL ? &error->text : NULL, ERR_LIMIT,
                   "the answer would have more than %zu buckets: ask for a coarser interval, fewer "
                   "terms or a shorter time, or page with a composite aggregation",
                   limit);
}

enum err find_error_budget(struct find_error *error, size_t limit)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
        error->type = "circuit_breaking_exception";
        error->status = 429;
    }
    return err_set(error != NULL ? &error->text : NULL, ERR_LIMIT,
                   "the search needs more than the %zu bytes that one search may take", limit);
}

enum err find_error_memory(struct find_error *error)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
        error->type = "circuit_breaking_exception";
        error->status = 429;
    }
    return err_set(error != NULL ? &error->text : NULL, ERR_MEMORY, "no memory for the search");
}

enum err find_error_context(struct find_error *error, const char *id)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
        error->type = "search_context_missing_exception";
        error->status = 404;
    }
    return err_set(error != NULL ? &error->text : NULL, ERR_NOT_FOUND,
                   "No search context found for id [%.100s]", id);
}

enum err find_error_contexts(struct find_error *error, size_t limit)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
        error->type = "too_many_scroll_contexts_exception";
        error->status = 429;
    }
    return err_set(error != NULL ? &error->text : NULL, ERR_LIMIT,
                   "more scrolls and points in time than there may be at a time (%zu for one user) "
                   "would be open: close some, or let them end sooner",
                   limit);
}

enum err find_error_index(struct find_error *error, const char *name, size_t n)
{
    if (error != NULL) {
        memset(error, 0, sizeof(*error));
        error->type = "index_not_found_exception";
        error->status = 404;
    }
    return err_set(error != NULL ? &error->text : NULL, ERR_NOT_FOUND, "no such index [%.*s]",
                   n > 300 ? 300 : (int)n, name);
}

enum err find_error_of(struct find_error *error, enum err code)
{
    if (error == NULL)
        return code;
    error->status = 500;
    error->type = "exception";
    switch (code) {
    case ERR_INVALID:
    case ERR_UNSUPPORTED:
        error->status = 400;
        error->type = error->text.line > 0 ? "parsing_exception" : "illegal_argument_exception";
        break;
    case ERR_FORMAT:
        error->status = 400;
        error->type = "x_content_parse_exception";
        break;
    case ERR_LIMIT:
    case ERR_MEMORY:
        error->status = 429;
        error->type = "circuit_breaking_exception";
        break;
    case ERR_STOPPED:
        error->status = 400;
        error->type = "task_cancelled_exception";
        break;
    case ERR_NOT_FOUND:
        error->status = 404;
        error->type = "resource_not_found_exception";
        break;
    default:
        break;
    }
    return code;
}
