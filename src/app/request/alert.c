/* SPDX-License-Identifier: Apache-2.0 */
/* What people make of alerts: their status, tags, and who looks into them. */
#include "request/request_priv.h"

#include "base/arena.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "format/write.h"
#include "query/query.h"
#include "rule/amend.h"
#include "store/state.h"

#include <string.h>

/* Alerts that are looked at between two changes, and values that an alert holds of one kind. */
#define PAGE 500
#define VALUES_MAX 1000
/* Values that one request adds, and takes away: each is compared with all that an alert has. */
#define CHANGES_MAX 100

/* One alert that is meant. */
struct meant {
    const char *id;
    const char *doc;
};

struct triage {
    struct request_asked *asked;
    const char *status; /* the new one; NULL: a list is changed */
    const char *key;    /* of that list */
    const struct format_node *add, *remove;
    ts_ns now;
    struct query *query; /* NULL: ids are named */
    struct event_json *reader;
    struct arena arena;  /* of meant */
    struct arena events; /* of the alert looked at */
    struct meant *meant;
    size_t n, cap;
    uint64_t seen;
    uint64_t total, updated;
    enum err err;
};

static bool keep(struct triage *t, const struct store_alert *alert)
{
    const char *id = arena_strndup(&t->arena, alert->id, strlen(alert->id));
    const char *doc = arena_strndup(&t->arena, alert->doc, strlen(alert->doc));
    if (id == NULL || doc == NULL ||
        mem_grow((void **)&t->meant, &t->cap, t->n + 1, sizeof(*t->meant)) != 0) {
        t->err = ERR_MEMORY;
        return false;
    }
    t->meant[t->n++] = (struct meant){id, doc};
    return true;
}

static enum err offer(struct triage *t, struct event *e, const struct store_alert *alert)
{
    event_set_text(e, EVENT_F_WEIR_ID, alert->id);
    if (e->failed)
        return ERR_MEMORY;
    return !query_match(t->query, e) || keep(t, alert) ? ERR_NONE : ERR_MEMORY;
}

static bool look_at(void *ctx, const struct store_alert *alert)
{
    struct triage *t = ctx;
    struct event e;
    t->seen++;
    arena_clear(&t->events);
    t->err =
        event_json_read(t->reader, alert->doc, strlen(alert->doc), false, &t->events, &e, NULL);
    if (t->err == ERR_FORMAT || t->err == ERR_LIMIT)
        t->err = ERR_NONE; /* no query finds it */
    else if (t->err == ERR_NONE)
        t->err = offer(t, &e, alert);
    return t->err == ERR_NONE;
}

/* Whether one of the first n values of the list is the text. */
static bool names_within(const struct format_node *list, size_t n, const char *s)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(format_node_str(format_node_at(list, i), ""), s) == 0)
            return true;
    return false;
}

static bool names(const struct format_node *list, const char *s)
{
    return names_within(list, format_node_count(list), s);
}

/* The list as it was, without what is removed, with what is added: false when nothing changed. */
static bool change_list(const struct triage *t, const struct format_node *doc, struct buf *out)
{
    const struct format_node *old = format_node_get(doc, t->key);
    struct format_writer w;
    size_t n = 0;
    bool changed = false;
    format_write_init(&w, out);
    format_write_begin_array(&w);
    for (size_t i = 0; i < format_node_count(old); i++) {
        const char *s = format_node_str(format_node_at(old, i), "");
        changed |= names(t->remove, s);
        if (!names(t->remove, s) && n++ < VALUES_MAX)
            format_write_str(&w, s);
    }
    for (size_t i = 0; i < format_node_count(t->add); i++) {
        const char *s = format_node_str(format_node_at(t->add, i), NULL);
        if (s == NULL || names(old, s) || names_within(t->add, i, s) || n++ >= VALUES_MAX)
            continue;
        format_write_str(&w, s);
        changed = true;
    }
    format_write_end_array(&w);
    return changed;
}

static enum err amend_list(const struct triage *t, const struct meant *m, struct buf *doc,
                           bool *out_changed)
{
    struct format_node *node;
    struct err_text ignored;
    struct buf list;
    enum err err = format_node_json(m->doc, strlen(m->doc), "alert", &node, &ignored);
    if (err != ERR_NONE)
        return err;
    buf_init(&list);
    *out_changed = change_list(t, node, &list);
    const struct rule_amendment change = {.key = t->key, .json = bytes_make(list.p, list.n)};
    if (*out_changed)
        err = buf_ok(&list) ? rule_amend(bytes_make(m->doc, strlen(m->doc)), &change, 1, doc, NULL)
                            : ERR_MEMORY;
    buf_release(&list);
    format_node_free(node);
    return err;
}

static enum err change_one(struct triage *t, const struct meant *m)
{
    struct buf doc;
    bool changed = true;
    buf_init(&doc);
    enum err err = t->status != NULL ? rule_amend_status(bytes_make(m->doc, strlen(m->doc)),
                                                         t->status, t->now, &doc, NULL)
                                     : amend_list(t, m, &doc, &changed);
    if (err == ERR_NONE && changed)
        err = store_state_alert_replace(t->asked->data->state, m->id, buf_text(&doc));
    if (err == ERR_NONE && t->status != NULL)
        err = store_state_alert_set_status(t->asked->data->state, m->id, t->status);
    buf_release(&doc);
    t->total++;
    t->updated += err == ERR_NONE && changed;
    return err;
}

static enum err change_meant(struct triage *t)
{
    enum err err = t->err;
    for (size_t i = 0; i < t->n && err == ERR_NONE; i++)
        err = change_one(t, &t->meant[i]);
    t->n = 0;
    arena_clear(&t->arena);
    return err;
}

static enum err change_named(struct triage *t, const struct format_node *ids)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < format_node_count(ids) && err == ERR_NONE; i++) {
        const char *id = format_node_str(format_node_at(ids, i), "");
        struct store_alert alert;
        err = store_state_alert_get(t->asked->data->state, id, &t->events, &alert);
        if (err == ERR_NONE && keep(t, &alert))
            err = change_meant(t);
        else if (err == ERR_NOT_FOUND)
            err = ERR_NONE;
        else if (err == ERR_NONE)
            err = t->err;
        arena_clear(&t->events);
    }
    return err;
}

static enum err change_found(struct triage *t)
{
    struct store_alert_filter filter = {.from = TIME_NONE, .to = TIME_MAX, .limit = PAGE};
    enum err err;
    do {
        t->seen = 0;
        err = store_state_alert_list(t->asked->data->state, &filter, look_at, t, NULL);
        if (err == ERR_NONE)
            err = change_meant(t);
        filter.skip += t->seen;
    } while (err == ERR_NONE && t->seen == PAGE);
    return err;
}

static enum err run(struct triage *t, struct err_text *why)
{
    const struct format_node *ids = format_node_get(t->asked->request, "ids");
    struct store_state *state = t->asked->data->state;
    t->reader = event_json_new();
    enum err err = t->reader != NULL ? store_state_begin(state) : ERR_MEMORY;
    bool open = err == ERR_NONE;
    if (open)
        err = t->query != NULL ? change_found(t) : change_named(t, ids);
    if (open && err == ERR_NONE)
        err = store_state_commit(state, NULL);
    else if (open)
        store_state_rollback(state);
    event_json_free(t->reader);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "alerts cannot be changed: %s", err_name(err));
}

static enum err see_values(const struct triage *t, struct err_text *why)
{
    if (format_node_count(t->add) > CHANGES_MAX || format_node_count(t->remove) > CHANGES_MAX)
        return err_set(why, ERR_INVALID, "at most %d values are added or removed at once",
                       CHANGES_MAX);
    for (size_t i = 0; i < format_node_count(t->add); i++) {
        const char *s = format_node_str(format_node_at(t->add, i), "");
        if (names(t->remove, s))
            return err_set(why, ERR_INVALID, "'%.100s' is to be added and removed", s);
    }
    return ERR_NONE;
}

static enum err read_request(struct triage *t, const char *verb, struct err_text *why)
{
    const struct format_node *query = format_node_get(t->asked->request, "query");
    t->add = format_node_get(t->asked->request, "add");
    t->remove = format_node_get(t->asked->request, "remove");
    if (strcmp(verb, "status") == 0)
        t->status = request_asked_text(t->asked, "status", "");
    else if (strcmp(verb, "tags") == 0)
        t->key = "kibana.alert.workflow_tags";
    else if (strcmp(verb, "assignees") == 0)
        t->key = "kibana.alert.workflow_assignee_ids";
    else
        return err_set(why, ERR_INVALID, "alert expects status, tags or assignees, not '%s'", verb);
    if (t->status != NULL && strcmp(t->status, "open") != 0 &&
        strcmp(t->status, "acknowledged") != 0 && strcmp(t->status, "closed") != 0)
        return err_set(why, ERR_INVALID,
                       "the status of an alert is open, acknowledged or closed, not '%s'",
                       t->status);
    enum err err = see_values(t, why);
    return err == ERR_NONE && query != NULL ? query_parse_dsl(query, t->now, &t->query, why) : err;
}

int request_alert(struct request_asked *a, const char *verb)
{
    struct err_text why;
    struct triage t = {.asked = a, .now = a->data->now()};
    arena_init(&t.arena, 0);
    arena_init(&t.events, 0);
    enum err err = read_request(&t, verb, &why);
    if (err == ERR_NONE)
        err = run(&t, &why);
    if (err == ERR_NONE)
        request_asked_line(a, "{\"total\":%llu,\"updated\":%llu}", (unsigned long long)t.total,
                           (unsigned long long)t.updated);
    query_free(t.query);
    mem_free(t.meant);
    arena_release(&t.arena);
    arena_release(&t.events);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
