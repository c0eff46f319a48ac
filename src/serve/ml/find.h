#ifndef ML_FIND_H
#define ML_FIND_H

/*
 * Who is meant: ids, comma lists, '*' and "_all" of the path, against what state.db has.
 *
 * A name without '*' must be there. What has one may fit nothing as long as allow_no_match is set.
 * Nothing at all means all; nothing between two commas means nothing.
 *
 * Ownership: everything lives in the call's arena.
 * Threads:   the one that answers the request.
 */

#include "api/call.h"
#include "base/err.h"
#include "store/state.h"

#include <stdbool.h>
#include <stddef.h>

struct ml_found {
    const struct store_job *list; /* in order of id */
    size_t n;
};

/* The one node that there is, as Elasticsearch names nodes. */
#define ML_NODE "d2VpcndlaXJ3ZWlyd2Vpcg"

/* A part of the path; NULL: the row's path has none of that name. */
const char *ml_find_part(const struct api_call *c, const char *name);

/* Whether one of the patterns, joined by commas, fits the name; "_all" and "*" fit all. */
bool ml_find_fits(const char *patterns, const char *name);
/* Whether one name fits a pattern (ml_find_fits_one). */
typedef bool (*ml_find_has_fn)(void *ctx, const char *pattern, size_t n);
bool ml_find_fits_one(const char *pattern, size_t n, const char *name);
/* Whether each pattern fits something, those with '*' only with all; *out_missing: the first that
 * does not. */
bool ml_find_complete(const char *patterns, bool all, ml_find_has_fn has, void *ctx,
                      char *out_missing, size_t size);

/* Jobs by ids and groups; patterns NULL: all. */
enum err ml_find_jobs(struct api_call *c, const char *patterns, bool allow_no_match,
                      struct ml_found *out, struct err_text *why) ERR_MUST_CHECK;
/* Exactly one. 404 otherwise. */
enum err ml_find_job(struct api_call *c, const char *id, struct store_job *out,
                     struct err_text *why) ERR_MUST_CHECK;
/* Jobs by the ids of their datafeeds. */
enum err ml_find_feeds(struct api_call *c, const char *patterns, bool allow_no_match,
                       struct ml_found *out, struct err_text *why) ERR_MUST_CHECK;
enum err ml_find_feed(struct api_call *c, const char *id, struct store_job *out,
                      struct err_text *why) ERR_MUST_CHECK;
/* That no datafeed has the id. 400 otherwise. */
enum err ml_find_unused_feed(struct api_call *c, const char *id,
                             struct err_text *why) ERR_MUST_CHECK;

/* The id of the job's datafeed; NULL: it has none, or memory is short. */
const char *ml_find_feed_id(struct api_call *c, const struct store_job *row);
bool ml_find_is_open(const struct store_job *row);
bool ml_find_is_fed(const struct store_job *row);
/* The job's state as the API names it. */
const char *ml_find_state(const struct store_job *row);

/* 404 with Elasticsearch's sentences. */
enum err ml_find_no_job(struct api_call *c, const char *id, struct err_text *why);
enum err ml_find_no_feed(struct api_call *c, const char *id, struct err_text *why);
enum err ml_find_broken(enum err err, struct err_text *why);

#endif
