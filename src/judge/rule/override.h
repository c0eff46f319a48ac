#ifndef RULE_OVERRIDE_H
#define RULE_OVERRIDE_H

/*
 * Severity, risk score and name of an alert, where the rule lets fields of the document decide.
 *
 * severity_mapping: the highest severity whose field has the value (of event.severity: the number)
 * wins. risk_score_mapping: the
 * greatest number from 0 to 100 that the first entry's field has. rule_name_override: the field's
 * first text.
 *
 * Threads: any.
 */

#include "event/event.h"
#include "rule/rule.h"

struct rule_overrides {
    const char *name; /* lives as rule and event, and as this */
    enum rule_severity severity;
    double risk;
    char text[EVENT_TEXT_SIZE]; /* name, when no text of rule or event is it */
};

/* The rule's own values where nothing overrides them. */
void rule_override(const struct rule *r, const struct event *e, struct rule_overrides *out);

#endif
