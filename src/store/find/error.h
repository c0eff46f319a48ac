#ifndef FIND_ERROR_H
#define FIND_ERROR_H

/*
 * What is wrong with a search, in Elasticsearch's words: a type that clients look at, the status of
 * HTTP, and a sentence.
 *
 * Threads: any.
 */

#include "base/err.h"

struct find_error {
    const char *type; /* "parsing_exception" …; constant */
    int status;       /* 400 … */
    struct err_text text;
};

/* The body or a parameter is wrong; returns ERR_INVALID. error may be NULL in all of these. */
enum err find_error_argument(struct find_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The body is not of the form expected, at a place. */
struct format_node;
enum err find_error_parse(struct find_error *error, const struct format_node *at,
                          const char *format, ...) __attribute__((format(printf, 3, 4)));
/* Too much was asked: ERR_LIMIT. */
enum err find_error_buckets(struct find_error *error, size_t limit);
enum err find_error_budget(struct find_error *error, size_t limit);
enum err find_error_memory(struct find_error *error);
/* There is no point in time or scroll of that name any more: ERR_NOT_FOUND. */
enum err find_error_context(struct find_error *error, const char *id);
/* There are too many: ERR_LIMIT. */
enum err find_error_contexts(struct find_error *error, size_t limit);
/* An index that is named, not matched, and is not there: ERR_NOT_FOUND. */
enum err find_error_index(struct find_error *error, const char *name, size_t n);

/* Gives what another room said, error->text, its type by its code; returns the code. */
enum err find_error_of(struct find_error *error, enum err code);

#endif
