#ifndef ELASTIC_SEARCH_H
#define ELASTIC_SEARCH_H

/*
 * What rows about searches share: what is asked, and how a failure is told.
 *
 * Threads: the one that answers the request.
 */

#include "api/call.h"
#include "find/find.h"

/* Index (of the path, when the row has it), body, owner, and when nobody waits any more. */
/* Names of indices with their dates written out; NULL stays NULL. */
enum err elastic_search_name(struct api_call *c, const char *names, const char **out,
                             struct err_text *why) ERR_MUST_CHECK;

enum err elastic_search_begin(struct api_call *c, bool has_index, struct find_request *out,
                              struct err_text *why) ERR_MUST_CHECK;
/* A flag that the query string alone may have: the body has members of its own. */
enum err elastic_search_flag(struct api_call *c, const char *name, bool *out,
                             struct err_text *why) ERR_MUST_CHECK;
/* Whose points in time and scrolls the request is about; dies with the call. */
const char *elastic_search_owner(struct api_call *c);
/* What a search said, in its own words. */
enum err elastic_search_told(struct api_call *c, enum err err, const struct find_error *error,
                             struct err_text *why) ERR_MUST_CHECK;

#endif
