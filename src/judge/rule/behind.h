#ifndef RULE_BEHIND_H
#define RULE_BEHIND_H

/*
 * The query that finds the events behind a record: the datafeed's own query, the bucket's times,
 * and the record's by, over and partition values and influencers.
 *
 * Runtime fields are no fields of events; those built in are said through the fields they are made
 * of, others are left out.
 *
 * Threads: any.
 */

#include "base/bytes.h"
#include "base/err.h"
#include "base/time.h"

#include <stdbool.h>

struct buf;
struct rule_finding;

/*
 * Adds Query DSL to dsl and the same as KQL to kql; *out_kql is false when KQL cannot say it (kql
 * is then as before). feed is the datafeed's query as JSON, {NULL, 0} for all events. ERR_MEMORY,
 * or what is wrong with the datafeed's query.
 */
enum err rule_behind_write(const struct rule_finding *f, struct bytes feed, ts_ns now,
                           struct buf *dsl, struct buf *kql, bool *out_kql,
                           struct err_text *why) ERR_MUST_CHECK;

/* The record's values alone, as short KQL for a person; fields with more than a few are left out.
 */
void rule_behind_brief(const struct rule_finding *f, struct buf *out);

#endif
