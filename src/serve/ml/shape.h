#ifndef ML_SHAPE_H
#define ML_SHAPE_H

/*
 * Jobs and datafeeds as the API shows them: what was written down, with every default filled in.
 *
 * Threads: the one that answers the request.
 */

#include "api/call.h"
#include "store/state.h"

#include <stdbool.h>

struct detect_filters;

/* For exporting, what the server made itself is left out. */
void ml_shape_job(struct api_call *c, const struct store_job *row,
                  const struct detect_filters *filters, bool exporting, struct format_writer *w);
void ml_shape_feed(struct api_call *c, const struct store_job *row, bool exporting,
                   struct format_writer *w);

/* The filters that are kept, for reading jobs that name some. */
enum err ml_shape_filters(struct api_call *c, struct detect_filters *out,
                          struct err_text *why) ERR_MUST_CHECK;

/* {"acknowledged":true}, or another word. */
void ml_shape_done(struct api_call *c, const char *word);
/* The same of an act that was over when it returned; who did not want to wait gets the name of a
 * task that has ended. */
void ml_shape_over(struct api_call *c, bool waits);
/* "node":{…}, the one that there is; and its members but for its id. */
void ml_shape_node(struct format_writer *w);
void ml_shape_node_members(struct format_writer *w);

/* A datafeed as it is kept: what stood in the old one (NULL: none) and the body, with its ids. */
void ml_shape_feed_text(const struct format_node *old, const struct format_node *body,
                        const char *id, const char *job_id, struct buf *out);

/*
 * An object with changes: all members of base but those that changes has (null: dropped), then
 * those; without is left out (NULL: nothing). Any of the two may be NULL.
 */
void ml_shape_merge(const struct format_node *base, const struct format_node *changes,
                    const char *const *without, struct format_writer *w);

/* Refuses what stands in the body and was not asked for by now. */
enum err ml_shape_asked(struct api_call *c, struct err_text *why) ERR_MUST_CHECK;

/* Refuses members that are not among those known (a NULL ends the list). */
enum err ml_shape_known(struct api_call *c, const struct format_node *object,
                        const char *const *known, struct err_text *why) ERR_MUST_CHECK;

#endif
