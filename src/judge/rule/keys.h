#ifndef RULE_KEYS_H
#define RULE_KEYS_H

/*
 * Every key a rule can have, in files and in the API, with the form of its value.
 *
 * Source: the JSON schemas of the public rules repository and of Kibana's detection API, as
 * docs/format/rule.md tells them.
 *
 * Threads: any; the tables are constant.
 */

#include "base/time.h"

#include <stdbool.h>
#include <stddef.h>

struct rule_table;

const struct rule_table *rule_keys_file(void); /* metadata, rule, transform */
const struct rule_table *rule_keys_rule(void); /* the rule itself; the API's object */

/* "15m": a whole number of at least 1 and s, m, h or d. */
bool rule_keys_interval(const char *s, size_t n, ts_ns *out);

#endif
