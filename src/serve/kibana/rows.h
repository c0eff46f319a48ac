#ifndef KIBANA_ROWS_H
#define KIBANA_ROWS_H

/*
 * The rows of Kibana's API: detection rules and their runs, alerts, exceptions, value lists, and
 * packages as modules.
 *
 * Threads: constant.
 */

#include "api/row.h"

extern const struct api_row kibana_rule_rows[];      /* rules one by one, and found */
extern const struct api_row kibana_bulk_rows[];      /* many rules at once */
extern const struct api_row kibana_transfer_rows[];  /* rules as files */
extern const struct api_row kibana_import_rows[];    /* and from files */
extern const struct api_row kibana_run_rows[];       /* how rules ran */
extern const struct api_row kibana_exception_rows[]; /* exception lists and their items */
extern const struct api_row kibana_value_rows[];     /* value lists and their values */
extern const struct api_row kibana_signal_rows[];    /* alerts */
extern const struct api_row kibana_preview_rows[];   /* what a rule would have raised */
extern const struct api_row kibana_module_rows[];    /* packages */
extern const struct api_row kibana_status_rows[];    /* what clients ask before all else */

#endif
