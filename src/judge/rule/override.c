/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/override.h"

#include "base/buf.h"
#include "event/event.h"
#include "format/node.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct event_item *find(const struct event *e, const char *field)
{
    return event_find(e, field, strlen(field));
}

static bool has_text(const struct event *e, const char *field, const char *text, size_t n)
{
    const struct event_item *item = find(e, field);
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        char scratch[EVENT_TEXT_SIZE];
        size_t len;
        const char *s = event_value_text(&event_values(item)[i], scratch, &len);
        if (len == n && memcmp(s, text, n) == 0)
            return true;
    }
    return false;
}

/* Severities of events are numbers, however they are written: 7 is "7.0". */
static bool has_number(const struct event *e, const char *field, const char *text)
{
    const struct event_item *item = find(e, field);
    char *end;
    double wanted = strtod(text, &end);
    for (uint32_t i = 0; item != NULL && end != text && *end == '\0' && i < item->n; i++) {
        double v;
        if (event_value_number(&event_values(item)[i], &v) && v == wanted)
            return true;
    }
    return false;
}

static bool has_value(const struct event *e, const char *field, const char *text, size_t n)
{
    return strcmp(field, "event.severity") == 0 ? has_number(e, field, text)
                                                : has_text(e, field, text, n);
}

/* Whether the entry's field has its value, however that is written. */
static bool entry_fits(const struct format_node *entry, const struct event *e)
{
    const struct format_node *value = format_node_get(entry, "value");
    const char *field = format_node_str(format_node_get(entry, "field"), "");
    if (value == NULL)
        return false;
    if (format_node_type(value) == FORMAT_STRING)
        return has_value(e, field, format_node_str(value, ""), format_node_str_len(value));
    struct buf text;
    buf_init(&text);
    format_node_write(value, &text);
    bool fits = buf_ok(&text) && has_value(e, field, buf_text(&text), text.n);
    buf_release(&text);
    return fits;
}

static void override_severity(const struct rule *r, const struct event *e,
                              struct rule_overrides *out)
{
    const struct format_node *list = format_node_get(r->node, "severity_mapping");
    bool any = false;
    for (size_t i = 0; i < format_node_count(list); i++) {
        const struct format_node *at = format_node_at(list, i);
        const char *to = format_node_str(format_node_get(at, "severity"), "");
        for (unsigned s = RULE_LOW; s <= RULE_CRITICAL; s++) {
            if (strcmp(rule_severity_name((enum rule_severity)s), to) == 0 &&
                (!any || s > out->severity) && entry_fits(at, e)) {
                out->severity = (enum rule_severity)s;
                any = true;
            }
        }
    }
}

static void override_risk(const struct rule *r, const struct event *e, struct rule_overrides *out)
{
    const struct format_node *list = format_node_get(r->node, "risk_score_mapping");
    const char *field = format_node_str(format_node_get(format_node_at(list, 0), "field"), "");
    const struct event_item *item = find(e, field);
    double best = (double)NAN;
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        const struct event_value *value = &event_values(item)[i];
        double v;
        if (value->type != EVENT_BOOL && value->type != EVENT_TIME &&
            event_value_number(value, &v) && v >= 0 && v <= 100 && !(v <= best))
            best = v;
    }
    if (!isnan(best))
        out->risk = best;
}

static void override_name(const struct rule *r, const struct event *e, struct rule_overrides *out)
{
    const char *field = format_node_str(format_node_get(r->node, "rule_name_override"), "");
    const struct event_item *item = find(e, field);
    size_t n = 0;
    const char *text =
        item != NULL ? event_value_text(event_values(item), out->text, &n) : out->text;
    if (n == 0)
        return;
    /* Strings are returned as they are, NUL-terminated; all else is written to our text. */
    if (text == out->text)
        out->text[n] = '\0';
    out->name = text;
}

void rule_override(const struct rule *r, const struct event *e, struct rule_overrides *out)
{
    *out = (struct rule_overrides){.name = r->name, .severity = r->severity, .risk = r->risk_score};
    override_severity(r, e, out);
    override_risk(r, e, out);
    override_name(r, e, out);
}
