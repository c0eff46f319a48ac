#ifndef RULE_EXPORT_H
#define RULE_EXPORT_H

/*
 * Rules as the rule API's objects, and as an export file: one object a line, a summary at the end.
 *
 * What a rule was read with is written back as it was, defaults are filled in, and what this
 * program changes (enabled) is current. Reading an export gives the same rules again.
 *
 * Threads: any.
 */

#include <stddef.h>

struct buf;
struct format_writer;
struct rule;

/* One object; a JSON value at the writer's place. */
void rule_export_object(const struct rule *r, struct format_writer *w);

/* Lines for all rules and the summary line, added to out (buf_ok tells). */
void rule_export(struct rule *const *rules, size_t n, struct buf *out);

#endif
