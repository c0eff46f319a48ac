/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "kibana/find.h"
#include "kibana/rule.h"

#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 10000

static enum err need_object(struct api_call *c, struct format_node **out, struct err_text *why)
{
    enum err err = api_call_body(c, true, out, why);
    if (err == ERR_NONE && format_node_type(*out) != FORMAT_OBJECT)
        return api_call_fail(c, 400, NULL, why, "[request body]: expected a rule's object");
    return err;
}

/* The rule that the request names, by id or rule_id in the query string or the body. */
static enum err named(struct api_call *c, struct kibana_rules *out, struct err_text *why)
{
    const char *id, *rule_id;
    enum err err = api_call_text(c, "id", NULL, &id, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "rule_id", NULL, &rule_id, why);
    return err == ERR_NONE ? kibana_rules_find(c, id, rule_id, out, why) : err;
}

/* Answers with the rule as it now is. */
static enum err show(struct api_call *c, const char *rule_id, struct err_text *why)
{
    struct kibana_rules rules;
    kibana_rules_init(&rules);
    enum err err = kibana_rules_find(c, NULL, rule_id, &rules, why);
    if (err == ERR_NONE)
        err = kibana_rule_write(c, &rules.list[0], NULL, &c->out, why);
    kibana_rules_release(&rules);
    return err;
}

static enum err create(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    struct kibana_change change;
    char id[KIBANA_UUID_SIZE], made[KIBANA_UUID_SIZE];
    enum err err = need_object(c, &body, why);
    if (err != ERR_NONE)
        return err;
    const char *rule_id = format_node_str(format_node_get(body, "rule_id"), NULL);
    kibana_doc_uuid(id);
    kibana_doc_uuid(made);
    kibana_change_init(&change, &c->arena);
    kibana_rule_forget_bookkeeping(&change);
    kibana_change_text(&change, "id", id);
    if (rule_id == NULL) {
        rule_id = made;
        kibana_change_text(&change, "rule_id", rule_id);
    }
    kibana_change_number(&change, "revision", 0);
    kibana_change_text(&change, "created_by", kibana_doc_guest(c));
    kibana_change_text(&change, "updated_by", kibana_doc_guest(c));
    err = kibana_rule_put(c, body, &change, true, -1, why);
    return err == ERR_NONE ? show(c, rule_id, why) : err;
}

static enum err read_one(struct api_call *c, struct err_text *why)
{
    struct kibana_rules rules;
    kibana_rules_init(&rules);
    enum err err = named(c, &rules, why);
    if (err == ERR_NONE)
        err = kibana_rule_write(c, &rules.list[0], NULL, &c->out, why);
    kibana_rules_release(&rules);
    return err;
}

static bool is_same(const struct format_node *a, const struct format_node *b)
{
    struct buf one, two;
    if (format_node_type(a) == FORMAT_NULL || b == NULL)
        return format_node_type(a) == FORMAT_NULL && b == NULL;
    buf_init(&one);
    buf_init(&two);
    format_node_write(a, &one);
    format_node_write(b, &two);
    bool same = buf_ok(&one) && buf_ok(&two) && one.n == two.n && memcmp(one.p, two.p, one.n) == 0;
    buf_release(&one);
    buf_release(&two);
    return same;
}

/* Whether a patch changes what the rule looks for and says, and not only its switch. */
static bool is_content(const struct format_node *patch, const struct kibana_rule *r)
{
    static const char *const others[] = {"id", "rule_id", "enabled", "revision"};
    for (size_t i = 0; i < format_node_count(patch); i++) {
        const struct format_node *v = format_node_at(patch, i);
        bool other = kibana_rule_is_bookkeeping(format_node_key(v));
        for (size_t k = 0; k < sizeof(others) / sizeof(others[0]); k++)
            other |= strcmp(format_node_key(v), others[k]) == 0;
        if (!other && !is_same(v, format_node_get(r->doc, format_node_key(v))))
            return true;
    }
    return false;
}

/* What stays with a rule however it is changed. */
static void carry_over(struct api_call *c, const struct kibana_rule *r, bool content,
                       struct kibana_change *change)
{
    int64_t revision = format_node_int(format_node_get(r->doc, "revision"), 0);
    kibana_rule_forget_bookkeeping(change);
    kibana_change_text(change, "id", r->id);
    kibana_change_text(change, "rule_id", r->rule_id);
    kibana_change_number(change, "revision", revision + content);
    kibana_change_text(change, "created_by",
                       format_node_str(format_node_get(r->doc, "created_by"), "weir"));
    kibana_change_text(change, "updated_by", kibana_doc_guest(c));
}

static enum err change_one(struct api_call *c, bool whole, struct err_text *why)
{
    struct format_node *body;
    struct kibana_rules rules;
    struct kibana_change change;
    kibana_rules_init(&rules);
    enum err err = need_object(c, &body, why);
    if (err == ERR_NONE)
        err = named(c, &rules, why);
    if (err == ERR_NONE) {
        const struct kibana_rule *r = &rules.list[0];
        int revision = (int)format_node_int(format_node_get(r->doc, "revision"), 0);
        kibana_change_init(&change, &c->arena);
        if (!whole || format_node_get(body, "enabled") == NULL)
            kibana_change_flag(&change, "enabled", r->enabled);
        if (!whole)
            kibana_change_all(&change, body);
        else if (format_node_get(body, "version") == NULL)
            kibana_change_number(&change, "version",
                                 format_node_int(format_node_get(r->doc, "version"), 1));
        carry_over(c, r, whole || is_content(body, r), &change);
        err = kibana_rule_put(c, whole ? body : r->doc, &change, false, revision, why);
        if (err == ERR_NONE)
            err = show(c, r->rule_id, why);
    }
    kibana_rules_release(&rules);
    return err;
}

static enum err update(struct api_call *c, struct err_text *why)
{
    return change_one(c, true, why);
}

static enum err patch(struct api_call *c, struct err_text *why)
{
    return change_one(c, false, why);
}

/* Answers with the rule as it was. */
static enum err delete_one(struct api_call *c, struct err_text *why)
{
    struct kibana_rules rules;
    kibana_rules_init(&rules);
    enum err err = named(c, &rules, why);
    if (err == ERR_NONE)
        err = kibana_rule_write(c, &rules.list[0], NULL, &c->out, why);
    if (err == ERR_NONE)
        err = kibana_rule_ask(c, "delete", rules.list[0].rule_id, why);
    kibana_rules_release(&rules);
    return err;
}

struct page {
    const char *filter, *sort_field, *fields;
    bool descending;
    int64_t number, size;
};

/* Every value of fields, whether given once with commas or several times. */
static enum err read_fields(struct api_call *c, const char **out, struct err_text *why)
{
    struct buf all;
    const char *name, *value;
    buf_init(&all);
    for (size_t i = 0; http_request_param_at(c->request, i, &name, &value); i++)
        if (strcmp(name, "fields") == 0) {
            buf_str(&all, all.n > 0 ? "," : "");
            buf_str(&all, value);
        }
    *out = all.n > 0 ? arena_strndup(&c->arena, buf_text(&all), all.n) : NULL;
    bool short_of = !buf_ok(&all) || (all.n > 0 && *out == NULL);
    buf_release(&all);
    return short_of ? err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY)) : ERR_NONE;
}

static enum err read_page(struct api_call *c, struct page *p, struct err_text *why)
{
    const char *order;
    enum err err = api_call_text(c, "filter", NULL, &p->filter, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "sort_field", NULL, &p->sort_field, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "sort_order", "asc", &order, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "page", 1, 1, 1000000, &p->number, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "per_page", 20, 0, PAGE_MAX, &p->size, why);
    if (err == ERR_NONE)
        err = read_fields(c, &p->fields, why);
    if (err != ERR_NONE)
        return err;
    p->descending = strcmp(order, "desc") == 0;
    if (!p->descending && strcmp(order, "asc") != 0)
        return api_call_fail(c, 400, NULL, why, "sort_order is asc or desc, not '%.50s'", order);
    return ERR_NONE;
}

static enum err find(struct api_call *c, struct err_text *why)
{
    struct kibana_rules rules;
    struct page p = {.number = 1};
    kibana_rules_init(&rules);
    enum err err = read_page(c, &p, why);
    if (err == ERR_NONE)
        err = kibana_rules_read(c, &rules, why);
    if (err == ERR_NONE)
        err = kibana_find_filter(c, &rules, p.filter, why);
    if (err == ERR_NONE)
        err = kibana_find_sort(&rules, p.sort_field, p.descending, why);
    if (err == ERR_NONE) {
        size_t from = (size_t)((p.number - 1) * p.size), to = from + (size_t)p.size;
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "page", p.number);
        format_write_field_i64(&c->out, "perPage", p.size);
        format_write_field_i64(&c->out, "total", (int64_t)rules.n);
        format_write_key(&c->out, "data");
        format_write_begin_array(&c->out);
        for (size_t i = from; i < to && i < rules.n && err == ERR_NONE; i++)
            err = kibana_rule_write(c, &rules.list[i], p.fields, &c->out, why);
        format_write_end_array(&c->out);
        format_write_end_object(&c->out);
    }
    kibana_rules_release(&rules);
    return err;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* Each tag once. */
static enum err tags(struct api_call *c, struct err_text *why)
{
    struct kibana_rules rules;
    size_t n = 0, k = 0;
    kibana_rules_init(&rules);
    enum err err = kibana_rules_read(c, &rules, why);
    for (size_t i = 0; i < rules.n; i++)
        n += format_node_count(format_node_get(rules.list[i].doc, "tags"));
    const char **all = arena_alloc(&c->arena, (n + 1) * sizeof(*all));
    if (err == ERR_NONE && all == NULL)
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    if (err == ERR_NONE) {
        for (size_t i = 0; i < rules.n; i++) {
            const struct format_node *list = format_node_get(rules.list[i].doc, "tags");
            for (size_t t = 0; t < format_node_count(list); t++)
                all[k++] = format_node_str(format_node_at(list, t), "");
        }
        qsort(all, n, sizeof(*all), by_text);
        format_write_begin_array(&c->out);
        for (size_t i = 0; i < n; i++)
            if (i == 0 || strcmp(all[i], all[i - 1]) != 0)
                format_write_str(&c->out, all[i]);
        format_write_end_array(&c->out);
    }
    kibana_rules_release(&rules);
    return err;
}

#define PATH "/api/detection_engine/rules"
#define NAMED "id:text rule_id:text"
#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, body, params, summary, handle, HTTP_LANE_SHORT       \
    }

const struct api_row kibana_rule_rows[] = {
    ROW("POST", PATH, AUTH_RIGHT_STEER, API_ROW_SMALL, "", "Make a rule", create),
    ROW("GET", PATH, AUTH_RIGHT_READ, 0, NAMED, "Show a rule", read_one),
    ROW("PUT", PATH, AUTH_RIGHT_STEER, API_ROW_SMALL, NAMED, "Replace a rule", update),
    ROW("PATCH", PATH, AUTH_RIGHT_STEER, API_ROW_SMALL, NAMED, "Change members of a rule", patch),
    ROW("DELETE", PATH, AUTH_RIGHT_STEER, 0, NAMED, "Delete a rule", delete_one),
    {"GET", PATH "/_find", AUTH_RIGHT_READ, API_FORM_KIBANA, 0,
     "filter:text sort_field:text sort_order:text page:integer per_page:integer fields:text",
     "Rules by a filter, in pages", find, HTTP_LANE_LONG},
    {"GET", "/api/detection_engine/tags", AUTH_RIGHT_READ, API_FORM_KIBANA, 0, "",
     "All tags that rules have", tags, HTTP_LANE_LONG},
    {0},
};
