#ifndef FIND_DATE_H
#define FIND_DATE_H

/*
 * Times as text, by Elasticsearch's names of formats or by letters as Java has them.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "base/time.h"
#include "query/zone.h"

struct buf;

/* ERR_INVALID: a letter or name that is not known here. NULL is fine. */
enum err find_date_check(const char *format, struct err_text *why) ERR_MUST_CHECK;

/*
 * Adds the text; of formats joined by "||" the first counts. NULL: strict_date_optional_time, to
 * the millisecond.
 */
void find_date_write(const char *format, const struct query_zone *zone, ts_ns t, struct buf *out);
/* Whether the format makes a number: epoch_millis, epoch_second. */
bool find_date_is_number(const char *format);

#endif
