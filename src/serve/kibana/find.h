#ifndef KIBANA_FIND_H
#define KIBANA_FIND_H

/*
 * Choosing among objects: by a KQL filter over the attributes that Kibana's saved objects have
 * (alert.attributes.name, .tags, .enabled, .params.severity …), and in an order.
 *
 * Ownership: kibana_find_free().
 * Threads:   any; what is given has one owner.
 */

#include "base/err.h"

#include <stdbool.h>

struct api_call;
struct buf;
struct kibana_find;
struct kibana_rules;

/* A filter; NULL or blank: *out is NULL, which fits all. ERR_INVALID. */
enum err kibana_find_new(struct api_call *c, const char *kql, struct kibana_find **out,
                         struct err_text *why) ERR_MUST_CHECK;
void kibana_find_free(struct kibana_find *f); /* NULL is fine */
/* Whether it wants the document, which is JSON. ERR_MEMORY and what else a document can be. */
enum err kibana_find_fits(const struct kibana_find *f, const struct buf *json,
                          bool *out) ERR_MUST_CHECK;

/* Of rules those that the filter does not want go. NULL or blank: all stay. ERR_INVALID. */
enum err kibana_find_filter(struct api_call *c, struct kibana_rules *rules, const char *kql,
                            struct err_text *why) ERR_MUST_CHECK;
/* By a member of the rule's object, also execution_summary.last_execution.date and .status; NULL:
 * they stay in order of rule_id. ERR_INVALID: nothing to sort by. */
enum err kibana_find_sort(struct kibana_rules *rules, const char *field, bool descending,
                          struct err_text *why) ERR_MUST_CHECK;

#endif
