#ifndef FIND_FIND_PRIV_H
#define FIND_FIND_PRIV_H

/* What find.c (searching), scroll.c (going on), get.c (one document) and caps.c (fields) share. */

#include "find/body.h"
#include "find/context.h"
#include "find/find.h"
#include "format/write.h"

struct find {
    struct find_options options;
    struct find_contexts *contexts;
};

/* A search of one moment, perhaps one page of many. */
struct find_page {
    enum find_body_kind kind;
    struct find_context *context; /* of a point in time or a scroll; NULL: of now */
    const char *named;            /* how the answer calls its name */
};

/* find.c; of a scroll the context is moved on. */
enum err find_search_page(struct find *f, const struct find_request *r,
                          const struct find_page *page, struct buf *out,
                          struct find_error *error) ERR_MUST_CHECK;

/* scroll.c: a search whose body has a `pit`. */
enum err find_search_moment(struct find *f, const struct find_request *r, struct buf *out,
                            struct find_error *error) ERR_MUST_CHECK;

/* "_shards", of which there is one. */
void find_write_shards(struct format_writer *w);

#endif
