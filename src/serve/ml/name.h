#ifndef ML_NAME_H
#define ML_NAME_H

/*
 * Ids that a request gives to what it makes.
 *
 * Threads: the one that answers the request.
 */

#include "api/call.h"
#include "base/err.h"

/* Whether it may be an id; 400 otherwise. what: "job_id" … */
enum err ml_name_check(struct api_call *c, const char *what, const char *id,
                       struct err_text *why) ERR_MUST_CHECK;
/* Whether the body names the same id as the path, or none; 400 otherwise. */
enum err ml_name_same(struct api_call *c, const struct format_node *body, const char *what,
                      const char *id, struct err_text *why) ERR_MUST_CHECK;

#endif
