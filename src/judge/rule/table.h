#ifndef RULE_TABLE_H
#define RULE_TABLE_H

/*
 * Alerts as lines of a table for a person: when, severity, score, who, to whom, over what, how much
 * came, how much was expected, which rule; and on an indented line below, which job and which
 * events.
 *
 * Threads: any.
 */

#include "base/bytes.h"
#include "base/err.h"

struct buf;

/* The line of headings, ending in a newline. */
void rule_table_head(struct buf *out);
/* One alert, from its document (rule/alert.h): two lines. ERR_FORMAT, ERR_MEMORY. */
enum err rule_table_row(struct bytes alert_json, struct buf *out,
                        struct err_text *why) ERR_MUST_CHECK;

#endif
