#ifndef ML_LIST_H
#define ML_LIST_H

/*
 * Lists of jobs and datafeeds, as they are written down and how they stand: who is meant, how many
 * there are, and each.
 *
 * Threads: the one that answers the request.
 */

#include "api/call.h"
#include "base/err.h"
#include "ml/find.h"

#include <stdbool.h>

struct ml_list {
    const char *part; /* of the path that says who is meant */
    const char *key;  /* of the answer */
    bool exports;     /* exclude_generated may be asked for */
    enum err (*find)(struct api_call *c, const char *patterns, bool allow_no_match,
                     struct ml_found *out, struct err_text *why);
    /* ERR_NOT_FOUND: it was deleted meanwhile, and nothing was written. */
    enum err (*write)(struct api_call *c, void *ctx, const struct store_job *row, bool exporting,
                      struct format_writer *w, struct err_text *why);
};

enum err ml_list_answer(struct api_call *c, const struct ml_list *list, void *ctx,
                        struct err_text *why) ERR_MUST_CHECK;

#endif
