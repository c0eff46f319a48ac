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

/* What else an export holds: lines of exception lists, items and connectors, and what the summary
 * says of them. */
struct rule_exported {
    const char *lines; /* each with its newline */
    size_t lines_n;
    size_t lists;
    size_t items;
    size_t missing;            /* lists that rules name and nobody has */
    const char *missing_lists; /* members of a JSON array */
    size_t missing_n;
    const char *missing_rules; /* asked for by name and not there, likewise */
    size_t missing_rules_n;
    size_t missing_rules_count;
    size_t connectors;
    const char *missing_connectors; /* named by actions and not there, likewise */
    size_t missing_connectors_n;
    size_t missing_connectors_count;
    const char *excluded_connectors; /* there, and not in the file */
    size_t excluded_connectors_n;
    size_t excluded_connectors_count;
};

/* Lines for all rules, what else there is (NULL: nothing), and the summary line, added to out
 * (buf_ok tells). */
void rule_export(struct rule *const *rules, size_t n, const struct rule_exported *also,
                 struct buf *out);

#endif
