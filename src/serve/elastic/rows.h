#ifndef ELASTIC_ROWS_H
#define ELASTIC_ROWS_H

/*
 * The rows of Elasticsearch's API about events: what shippers and clients ask before, while and
 * after they write. Its machine learning is in the room ml.
 *
 * Threads: constant.
 */

#include "api/row.h"

extern const struct api_row elastic_cluster_rows[];  /* who is this, is it well, what may it do */
extern const struct api_row elastic_template_rows[]; /* what set-ups put: kept and shown */
extern const struct api_row elastic_bulk_rows[];     /* writing */
extern const struct api_row elastic_search_rows[];   /* reading */
extern const struct api_row elastic_scroll_rows[];   /* page after page */

#endif
