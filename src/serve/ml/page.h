#ifndef ML_PAGE_H
#define ML_PAGE_H

/*
 * A part of a list: from and size, times with -1 for none, an order by any field.
 *
 * Ownership: everything lives in the call's arena.
 * Threads:   the one that answers the request.
 */

#include "api/call.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* As Elasticsearch has it: who wants more narrows the time. */
#define ML_PAGE_MOST 10000

struct ml_page {
    uint64_t from, size;
};

/* A document of a list. */
struct ml_doc {
    const char *json;
    size_t n;
    ts_ns time;
    double number;    /* by what it is ordered */
    const char *text; /* likewise, of texts; NULL: it is a number */
    bool there;       /* whether it has that field */
};

struct ml_docs {
    struct arena *arena;
    struct ml_doc *list;
    size_t n, cap;
    bool failed;
};

/* from and size of the query string, or "page":{"from":…,"size":…} of the body. */
enum err ml_page_read(struct api_call *c, uint64_t size, struct ml_page *out,
                      struct err_text *why) ERR_MUST_CHECK;
/* A time; -1 and nothing are the default. */
enum err ml_page_time(struct api_call *c, const char *name, ts_ns otherwise, ts_ns *out,
                      struct err_text *why) ERR_MUST_CHECK;
/* The part of n items that the page shows: from *out_first on, *out_n of them. */
void ml_page_cut(const struct ml_page *page, size_t n, size_t *out_first, size_t *out_n);

/* Adds a copy; false when memory is short. The list itself is freed with ml_page_release(). */
bool ml_page_add(struct ml_docs *docs, const char *json, size_t n, ts_ns time);
void ml_page_release(struct ml_docs *docs);
/* In order of a field (dotted); those without it come last. */
enum err ml_page_sort(struct ml_docs *docs, const char *field, bool desc,
                      struct err_text *why) ERR_MUST_CHECK;

/* "key":[…] with the page's part. */
void ml_page_write(const struct ml_docs *docs, const struct ml_page *page, const char *key,
                   struct format_writer *w);

#endif
