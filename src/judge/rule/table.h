#ifndef RULE_TABLE_H
#define RULE_TABLE_H

/*
 * Alerts as lines of a table for a person: when, severity, score, who, to whom, over what, how much
 * came, how much was expected, which rule; and on an indented line below, which job and which
 * events.
 *
 * Within a number of columns the same stands on shorter lines: the rule, and over what, on an
 * indented line of their own; below RULE_TABLE_BLOCKS columns a block of lines an alert, without
 * headings. Long lines are broken between words and go on indented.
 *
 * Threads: any.
 */

#include "base/bytes.h"
#include "base/err.h"

struct buf;

#define RULE_TABLE_WIDE 169   /* columns from which on the table is as it is without a bound */
#define RULE_TABLE_BLOCKS 100 /* columns below which each alert is a block of lines */
#define RULE_TABLE_LEAST 40   /* columns; fewer are taken for so many */

/* The line of headings within so many columns (0: no bound), ending in a newline. */
void rule_table_head(unsigned width, struct buf *out);
/* One alert, from its document (rule/alert.h). ERR_FORMAT, ERR_MEMORY. */
enum err rule_table_row(struct bytes alert_json, unsigned width, struct buf *out,
                        struct err_text *why) ERR_MUST_CHECK;

#endif
