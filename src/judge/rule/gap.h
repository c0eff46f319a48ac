#ifndef RULE_GAP_H
#define RULE_GAP_H

/*
 * A span of time that no run of a rule looked at, and what manual runs made up for since.
 *
 * docs/method/rule.md. The document has the shape of Kibana's gaps.
 *
 * Ownership: rule_gap_release().
 * Threads:   one owner.
 */

#include "base/err.h"
#include "base/time.h"
#include "rule/schedule.h"

#include <stdbool.h>
#include <stddef.h>

struct format_writer;

struct rule_gap {
    struct rule_range range;
    struct rule_range *filled; /* in order, apart from each other, within range */
    size_t filled_n;
    size_t filled_cap;
};

enum rule_gap_state {
    RULE_GAP_UNFILLED,
    RULE_GAP_PARTIALLY_FILLED,
    RULE_GAP_FILLED,
};

void rule_gap_init(struct rule_gap *g, struct rule_range range);
/* From the document that rule_gap_write() wrote. ERR_FORMAT, ERR_MEMORY. */
enum err rule_gap_read(const char *json, size_t n, struct rule_gap *out,
                       struct err_text *why) ERR_MUST_CHECK;
void rule_gap_release(struct rule_gap *g);

/* A run looked at the span. *out_changed: some of it was not filled before. ERR_MEMORY. */
enum err rule_gap_fill(struct rule_gap *g, struct rule_range span,
                       bool *out_changed) ERR_MUST_CHECK;

/* The first span from then on that no run looked at; false: there is none. */
bool rule_gap_next_unfilled(const struct rule_gap *g, ts_ns from, struct rule_range *out);

enum rule_gap_state rule_gap_state(const struct rule_gap *g);
const char *rule_gap_state_name(enum rule_gap_state state); /* "partially_filled" */
ts_ns rule_gap_filled_ns(const struct rule_gap *g);

void rule_gap_write(const struct rule_gap *g, struct format_writer *w);

#endif
