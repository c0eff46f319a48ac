#ifndef RULE_ALERT_H
#define RULE_ALERT_H

/*
 * An alert document from a record: what Kibana's detection engine would write, and what a person
 * wants to know besides.
 *
 * The record's fields are kept; the values of its influencers, by, over and partition fields become
 * fields of the alert (source.ip, destination.port …); kibana.alert.* tells the rule and the times;
 * weir.alert.* tells in plain fields who sent to whom over what, how much came and how much was
 * expected, and how to find the events behind it. docs/format/alert.md lists all.
 *
 * Threads: any.
 */

#include "base/err.h"
#include "base/time.h"

#include <stddef.h>

struct buf;
struct rule;
struct rule_job;
struct rule_candidate;

#define RULE_ALERT_ID_SIZE 65

/* SHA-256 in hexadecimal over the record's index and id and the rule's id. */
void rule_alert_id(const struct rule *r, const struct rule_candidate *from,
                   char out[RULE_ALERT_ID_SIZE]);

/* Of the i-th event of a sequence: an alert of its own, a building block of the sequence's. */
void rule_alert_block_id(const char *sequence_id, size_t i, char out[RULE_ALERT_ID_SIZE]);
enum err rule_alert_write_block(const struct rule *r, const struct rule_candidate *from, size_t i,
                                ts_ns now, struct buf *out, struct err_text *why) ERR_MUST_CHECK;

/*
 * The document, added to out. job may be NULL: then the events behind are not told. ERR_FORMAT when
 * the record is no record document, ERR_MEMORY.
 */
enum err rule_alert_write(const struct rule *r, const struct rule_candidate *from,
                          const struct rule_job *job, ts_ns now, struct buf *out,
                          struct err_text *why) ERR_MUST_CHECK;

#endif
