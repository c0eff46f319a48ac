#ifndef API_FORM_H
#define API_FORM_H

/*
 * How a failure is told: Elasticsearch's form on its paths, Kibana's under /api/.
 *
 * Threads: any.
 */

#include "api/row.h"
#include "base/err.h"

struct buf;

/* What HTTP calls it. */
unsigned api_form_status(enum err code);
/* What Elasticsearch calls it: "illegal_argument_exception". */
const char *api_form_type(unsigned status, enum err code);
/* "Not Found". */
const char *api_form_reason(unsigned status);
/* Of a path that no row has. */
enum api_form api_form_of_path(const char *path);

/* Adds the document; type is used by Elasticsearch's form only. */
void api_form_error(struct buf *out, enum api_form form, unsigned status, const char *type,
                    const char *sentence);

#endif
