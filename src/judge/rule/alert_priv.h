#ifndef RULE_ALERT_PRIV_H
#define RULE_ALERT_PRIV_H

/*
 * One alert while it is written: alert.c leads and writes what all have, and what is made of
 * records; alert_event.c writes what is made of events.
 */

#include "rule/alert.h"
#include "rule/candidate.h"
#include "rule/override.h"

#include <stdbool.h>

struct format_writer;
struct rule_finding;

struct rule_draft {
    const struct rule *rule;
    const struct rule_candidate *from;
    const struct rule_finding *finding; /* of a record; else NULL */
    const char *id;
    const char *group;   /* id of the sequence it belongs to; NULL: none */
    int64_t group_index; /* which of its events; -1: the sequence itself */
    ts_ns now;
    struct format_writer *w;
    struct rule_overrides over;
};

/* Names that the alert itself gives values to. */
bool rule_alert_is_ours(const char *key);
void rule_alert_time(struct format_writer *w, const char *key, ts_ns t);
/* Nothing when the text is empty. */
void rule_alert_text(struct format_writer *w, const char *key, const struct buf *b);

/* Opens the document. */
void rule_alert_begin(const struct rule_draft *d);
/* The alert's own fields and the rule's. */
void rule_alert_common(const struct rule_draft *d);

/* The document of an event, whole. */
void rule_alert_write_event(const struct rule_draft *d);

#endif
