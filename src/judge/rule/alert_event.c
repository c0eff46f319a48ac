/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/alert_priv.h"

#include "base/buf.h"
#include "base/utf8.h"
#include "event/event.h"
#include "event/json.h"
#include "format/write.h"
#include "rule/rule.h"

#include <string.h>

#define EVENT "event."
#define ORIGINAL "kibana.alert.original_event."
/* Longer texts are cut in sentences; the alert's fields hold the whole. */
#define TEXT_MAX 256

/* The event's own fields; those under event. are told of the original, for the alert is one too. */
static void write_fields(const struct rule_draft *d)
{
    const struct event *e = d->from->event;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        if (rule_alert_is_ours(item->name))
            continue;
        format_write_key_n(d->w, item->name, item->name_len);
        event_json_write_values(item, d->w);
    }
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *item = &e->items[i];
        char key[sizeof(ORIGINAL) + 1024] = ORIGINAL;
        size_t n = item->name_len;
        if (n <= strlen(EVENT) || n > 1024 || memcmp(item->name, EVENT, strlen(EVENT)) != 0)
            continue;
        n -= strlen(EVENT);
        memcpy(key + strlen(ORIGINAL), item->name + strlen(EVENT), n);
        format_write_key_n(d->w, key, strlen(ORIGINAL) + n);
        event_json_write_values(item, d->w);
    }
}

/* All values of a field, with ", " between them; what says nothing is left out. */
static bool add_values(const struct event *e, event_field field, struct buf *out)
{
    const struct event_item *item = event_get(e, field);
    size_t before = out->n;
    for (uint32_t i = 0; item != NULL && i < item->n && out->n - before < TEXT_MAX; i++) {
        char scratch[EVENT_TEXT_SIZE];
        size_t n;
        const char *s = event_value_text(&event_values(item)[i], scratch, &n);
        if (n == 0 || (n == 1 && s[0] == '-'))
            continue;
        if (out->n > before)
            buf_str(out, ", ");
        buf_add(out, s, utf8_cut(s, n, TEXT_MAX));
    }
    return out->n > before;
}

/* Adds the words and the values after them; nothing when there are no values. */
static bool add_part(const struct event *e, const char *words, event_field field, struct buf *out)
{
    size_t before = out->n;
    buf_str(out, words);
    if (add_values(e, field, out))
        return true;
    out->n = before;
    return false;
}

static void add_end(const struct event *e, const char *words, event_field address, event_field port,
                    struct buf *out)
{
    bool any = add_part(e, words, address, out);
    if (add_part(e, ":", port, out) || any)
        buf_char(out, ',');
}

/* As Kibana words it. */
static void write_reason(const struct rule_draft *d, struct buf *out)
{
    static const struct {
        const char *words;
        event_field field;
    } parts[] = {{" process ", EVENT_F_PROCESS_NAME},
                 {" parent process ", EVENT_F_PROCESS_PARENT_NAME},
                 {" file ", EVENT_F_FILE_NAME}};
    const struct event *e = d->from->event;
    if (add_values(e, EVENT_F_EVENT_CATEGORY, out))
        buf_char(out, ' ');
    buf_str(out, "event with");
    size_t with = out->n;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        if (add_part(e, parts[i].words, parts[i].field, out))
            buf_char(out, ',');
    }
    add_end(e, " source ", EVENT_F_SOURCE_IP, EVENT_F_SOURCE_PORT, out);
    add_end(e, " destination ", EVENT_F_DESTINATION_IP, EVENT_F_DESTINATION_PORT, out);
    if (out->n == with)
        out->n -= strlen(" with");
    add_part(e, " by ", EVENT_F_USER_NAME, out);
    add_part(e, " on ", EVENT_F_HOST_NAME, out);
    buf_format(out, " created %s alert %s.", rule_severity_name(d->over.severity), d->over.name);
}

/* The first of some fields that is there, after its words. */
struct wording {
    const char *words;
    event_field field;
};

static void say_first(const struct rule_draft *d, const char *key, const struct wording *list,
                      size_t n)
{
    struct buf text;
    buf_init(&text);
    for (size_t i = 0; i < n && text.n == 0; i++)
        (void)add_part(d->from->event, list[i].words, list[i].field, &text);
    rule_alert_text(d->w, key, &text);
    if (!buf_ok(&text))
        d->w->out->failed = true;
    buf_release(&text);
}

/* What a person wants to know at a glance. */
static void write_story(const struct rule_draft *d)
{
    static const struct wording who[] = {{"", EVENT_F_SOURCE_IP},
                                         {"", EVENT_F_HOST_NAME},
                                         {"", EVENT_F_USER_NAME},
                                         {"", EVENT_F_HOST_IP}};
    static const struct wording whom[] = {
        {"", EVENT_F_DESTINATION_IP}, {"", EVENT_F_DESTINATION_DOMAIN}, {"", EVENT_F_URL_DOMAIN}};
    static const struct wording what[] = {
        {"DNS name ", EVENT_F_DNS_QUESTION_NAME}, {"", EVENT_F_URL_FULL},
        {"process ", EVENT_F_PROCESS_NAME},       {"file ", EVENT_F_FILE_NAME},
        {"port ", EVENT_F_DESTINATION_PORT},      {"", EVENT_F_EVENT_ACTION}};
    rule_alert_time(d->w, "weir.alert.from", d->from->since);
    rule_alert_time(d->w, "weir.alert.to", d->from->time);
    say_first(d, "weir.alert.who", who, sizeof(who) / sizeof(who[0]));
    say_first(d, "weir.alert.whom", whom, sizeof(whom) / sizeof(whom[0]));
    say_first(d, "weir.alert.what", what, sizeof(what) / sizeof(what[0]));
    if (d->from->count == 0)
        return;
    struct buf came;
    buf_init(&came);
    buf_format(&came, "%llu events", (unsigned long long)d->from->count);
    format_write_key(d->w, "weir.alert.actual");
    format_write_u64(d->w, d->from->count);
    format_write_field_str(d->w, "weir.alert.unit", "events");
    rule_alert_text(d->w, "weir.alert.came", &came);
    if (!buf_ok(&came))
        d->w->out->failed = true;
    buf_release(&came);
}

void rule_alert_write_event(const struct rule_draft *d)
{
    struct buf reason;
    rule_alert_begin(d);
    write_fields(d);
    buf_init(&reason);
    write_reason(d, &reason);
    rule_alert_text(d->w, "kibana.alert.reason", &reason);
    if (!buf_ok(&reason))
        d->w->out->failed = true;
    buf_release(&reason);
    rule_alert_common(d);
    if (d->from->more.n > 0) {
        buf_char(d->w->out, ',');
        buf_add(d->w->out, d->from->more.p, d->from->more.n);
    }
    write_story(d);
    format_write_end_object(d->w);
}
