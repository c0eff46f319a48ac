#ifndef API_ROWS_H
#define API_ROWS_H

/*
 * The rows of this room: who may ask, how the server fares, what it offers.
 *
 * Threads: constant.
 */

#include "api/row.h"

extern const struct api_row api_people_rows[];    /* log-in, users, keys */
extern const struct api_row api_connector_rows[]; /* where alerts are told to */
extern const struct api_row api_system_rows[];    /* health, measures, live updates, OpenAPI */

#endif
