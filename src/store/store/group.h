#ifndef STORE_GROUP_H
#define STORE_GROUP_H

/*
 * Groups and tops (store/look.h) as SQL over the columns of pieces.
 *
 * An inner table has a column for each key and measure, with a row for each key of a list; the
 * outer one counts. Keys of lists are made different first, as a list counts once for each value.
 *
 * Threads: any.
 */

#include "store/look.h"

struct buf;
struct store_columns;

/*
 * Adds the SELECT; source is " FROM … WHERE …" (store_request_source), none of whose events is
 * earlier than a time. buf_ok() tells.
 */
void store_group_write(const struct store_groups *what, const struct store_columns *columns,
                       const struct buf *source, ts_ns earliest, struct buf *sql);
/* How many columns its rows have. */
size_t store_group_columns(const struct store_groups *what);

void store_group_write_top(const struct store_top *what, const struct store_columns *columns,
                           const struct buf *source, struct buf *sql);

#endif
