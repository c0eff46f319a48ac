/* SPDX-License-Identifier: Apache-2.0 */
/* Filters: lists of texts that custom rules go by. */
#include "ml/rows.h"

#include "api/api.h"
#include "detect/filter.h"
#include "format/node.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/name.h"
#include "ml/page.h"
#include "ml/shape.h"

#include <string.h>

static enum err no_filter(struct api_call *c, const char *id, struct err_text *why)
{
    return api_call_fail(c, 404, "resource_not_found_exception", why, "Unable to find filter [%s]",
                         id);
}

struct gathering {
    struct ml_docs docs;
    const char *patterns;
    struct buf ids; /* all there are, a comma on both sides of each */
};

static bool gather(void *ctx, const char *id, const char *doc)
{
    struct gathering *g = ctx;
    buf_format(&g->ids, ",%s,", id);
    return !ml_find_fits(g->patterns, id) || ml_page_add(&g->docs, doc, strlen(doc), 0);
}

/* Only what has no '*' is looked for. */
static bool has_filter(void *ctx, const char *name, size_t n)
{
    const struct gathering *g = ctx;
    const char *all = buf_text(&g->ids);
    for (const char *p = all; (p = strchr(p, ',')) != NULL; p++)
        if (strncmp(p + 1, name, n) == 0 && p[1 + n] == ',')
            return true;
    return false;
}

static enum err get(struct api_call *c, struct err_text *why)
{
    const char *id = ml_find_part(c, "filter_id");
    struct gathering g = {.docs = {.arena = &c->arena}, .patterns = id != NULL ? id : "_all"};
    struct ml_page page;
    char missing[200];
    buf_init(&g.ids);
    enum err err = ml_page_read(c, 100, &page, why);
    if (err == ERR_NONE) {
        err = store_state_listed_all(c->ports->state, STORE_FILTERS, gather, &g);
        if (err == ERR_NONE && (g.docs.failed || !buf_ok(&g.ids)))
            err = ERR_MEMORY;
        if (err != ERR_NONE)
            ml_find_broken(err, why);
    }
    if (err == ERR_NONE &&
        !ml_find_complete(g.patterns, false, has_filter, &g, missing, sizeof(missing)))
        err = no_filter(c, missing, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)g.docs.n);
        ml_page_write(&g.docs, &page, "filters", &c->out);
        format_write_end_object(&c->out);
    }
    ml_page_release(&g.docs);
    buf_release(&g.ids);
    return err;
}

static enum err show(struct api_call *c, const char *id, struct err_text *why)
{
    struct buf doc;
    buf_init(&doc);
    enum err err = store_state_listed_get(c->ports->state, STORE_FILTERS, id, &doc);
    if (err == ERR_NONE)
        format_write_raw(&c->out, buf_text(&doc), doc.n);
    else if (err == ERR_NOT_FOUND)
        err = no_filter(c, id, why);
    else
        err = ml_find_broken(err, why);
    buf_release(&doc);
    return err;
}

static enum err put(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"filter_id", "description", "items", NULL};
    static const char *const own[] = {"filter_id", NULL};
    const char *id = ml_find_part(c, "filter_id");
    struct format_node *body;
    struct format_writer w;
    struct buf old, rest, text;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err != ERR_NONE)
        return err;
    err = ml_name_same(c, body, "filter_id", id, why);
    if (err == ERR_NONE)
        err = ml_name_check(c, "filter_id", id, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&old);
    err = store_state_listed_get(c->ports->state, STORE_FILTERS, id, &old);
    buf_release(&old);
    if (err == ERR_NONE)
        return api_call_fail(c, 400, "resource_already_exists_exception", why,
                             "A filter with id [%s] already exists", id);
    if (err != ERR_NOT_FOUND)
        return ml_find_broken(err, why);
    buf_init(&rest);
    buf_init(&text);
    format_write_init(&w, &rest);
    ml_shape_merge(body, NULL, own, &w);
    buf_format(&text, "{\"filter_id\":\"%s\"%s%s", id, rest.n > 2 ? "," : "",
               rest.n > 0 ? buf_text(&rest) + 1 : "}");
    err = buf_ok(&rest) ? ml_ask_put(c, "filter", "put", id, "", &text, why)
                        : ml_find_broken(ERR_MEMORY, why);
    buf_release(&text);
    buf_release(&rest);
    return err == ERR_NONE ? show(c, id, why) : err;
}

static bool has_item(const struct format_node *items, const struct format_node *item)
{
    const char *text = format_node_str(item, "");
    for (size_t i = 0; i < format_node_count(items); i++)
        if (strcmp(format_node_str(format_node_at(items, i), ""), text) == 0)
            return true;
    return false;
}

/* Comparing each with each would take long for more than a filter may have. */
static enum err check_many(struct api_call *c, const struct format_node *body, const char *key,
                           struct err_text *why)
{
    if (format_node_count(format_node_get(body, key)) <= DETECT_FILTER_ITEMS_MAX)
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "Filter items are limited to %d, and [%s] has more",
                         DETECT_FILTER_ITEMS_MAX, key);
}

static enum err check_removed(struct api_call *c, const char *id, const struct format_node *items,
                              const struct format_node *removed, struct err_text *why)
{
    for (size_t i = 0; i < format_node_count(removed); i++)
        if (!has_item(items, format_node_at(removed, i)))
            return api_call_fail(c, 400, "illegal_argument_exception", why,
                                 "Cannot remove item [%.200s] as it is not present in filter [%s]",
                                 format_node_str(format_node_at(removed, i), ""), id);
    return ERR_NONE;
}

static void write_updated(const struct format_node *old, const struct format_node *body,
                          struct format_writer *w)
{
    const struct format_node *items = format_node_get(old, "items");
    const struct format_node *added = format_node_get(body, "add_items");
    const struct format_node *removed = format_node_get(body, "remove_items");
    const struct format_node *description = format_node_get(body, "description");
    format_write_begin_object(w);
    format_write_field_str(w, "filter_id", format_node_str(format_node_get(old, "filter_id"), ""));
    format_write_field_str(
        w, "description",
        format_node_str(description, format_node_str(format_node_get(old, "description"), "")));
    format_write_key(w, "items");
    format_write_begin_array(w);
    for (size_t i = 0; i < format_node_count(items); i++)
        if (!has_item(removed, format_node_at(items, i)))
            format_node_write_value(format_node_at(items, i), w);
    for (size_t i = 0; i < format_node_count(added); i++)
        if (!has_item(items, format_node_at(added, i)))
            format_node_write_value(format_node_at(added, i), w);
    format_write_end_array(w);
    format_write_end_object(w);
}

static enum err update(struct api_call *c, struct err_text *why)
{
    static const char *const keys[] = {"add_items", "description", "remove_items", NULL};
    const char *id = ml_find_part(c, "filter_id");
    struct format_node *body, *old = NULL;
    struct format_writer w;
    struct buf doc, text;
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = ml_shape_known(c, body, keys, why);
    if (err == ERR_NONE)
        err = check_many(c, body, "add_items", why);
    if (err == ERR_NONE)
        err = check_many(c, body, "remove_items", why);
    if (err != ERR_NONE)
        return err;
    buf_init(&doc);
    buf_init(&text);
    err = store_state_listed_get(c->ports->state, STORE_FILTERS, id, &doc);
    if (err == ERR_NOT_FOUND)
        err = no_filter(c, id, why);
    else if (err != ERR_NONE)
        err = ml_find_broken(err, why);
    if (err == ERR_NONE)
        err = format_node_json(buf_text(&doc), doc.n, id, &old, why);
    if (err == ERR_NONE)
        err = check_removed(c, id, format_node_get(old, "items"),
                            format_node_get(body, "remove_items"), why);
    if (err == ERR_NONE) {
        format_write_init(&w, &text);
        write_updated(old, body, &w);
        err = ml_ask_put(c, "filter", "put", id, buf_text(&doc), &text, why);
    }
    format_node_free(old);
    buf_release(&text);
    buf_release(&doc);
    return err == ERR_NONE ? show(c, id, why) : err;
}

/* Whether a scope of the job's rules names the filter. */
static bool names_filter(const struct store_job *row, const char *id)
{
    struct format_node *config = NULL;
    struct err_text why;
    bool names = false;
    if (format_node_json(row->config, strlen(row->config), row->id, &config, &why) != ERR_NONE)
        return false;
    const struct format_node *detectors =
        format_node_get(format_node_get(config, "analysis_config"), "detectors");
    for (size_t i = 0; i < format_node_count(detectors); i++) {
        const struct format_node *rules =
            format_node_get(format_node_at(detectors, i), "custom_rules");
        for (size_t k = 0; k < format_node_count(rules); k++) {
            const struct format_node *scope = format_node_get(format_node_at(rules, k), "scope");
            for (size_t f = 0; f < format_node_count(scope); f++)
                names |= strcmp(format_node_str(
                                    format_node_get(format_node_at(scope, f), "filter_id"), ""),
                                id) == 0;
        }
    }
    format_node_free(config);
    return names;
}

static enum err delete_one(struct api_call *c, struct err_text *why)
{
    const char *id = ml_find_part(c, "filter_id");
    struct ml_found found;
    struct buf users;
    enum err err = ml_find_jobs(c, NULL, true, &found, why);
    if (err != ERR_NONE)
        return err;
    buf_init(&users);
    for (size_t i = 0; i < found.n; i++)
        if (names_filter(&found.list[i], id))
            buf_format(&users, "%s%s", users.n > 0 ? ", " : "", found.list[i].id);
    if (users.n > 0)
        err = api_call_fail(c, 409, "status_exception", why,
                            "Cannot delete filter [%s] currently used by jobs [%s]", id,
                            buf_text(&users));
    buf_release(&users);
    if (err != ERR_NONE)
        return err;
    struct ml_ask a;
    ml_ask_init(&a, "filter", "delete");
    ml_ask_add(&a, "id", id);
    err = ml_ask_send(c, &a, why);
    ml_ask_release(&a);
    if (err == ERR_NOT_FOUND)
        return api_call_fail(c, 404, "resource_not_found_exception", why,
                             "Could not delete filter with key [%s] because it could not be found",
                             id);
    if (err == ERR_NONE)
        ml_shape_done(c, "acknowledged");
    return err;
}

#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_ELASTIC, body, params, summary, handle, HTTP_LANE_SHORT      \
    }
#define FILTERS "/_ml/filters"

const struct api_row ml_filter_rows[] = {
    ROW("GET", FILTERS, AUTH_RIGHT_READ, 0, "from:integer size:integer", "All filters", get),
    ROW("GET", FILTERS "/{filter_id}", AUTH_RIGHT_READ, 0, "from:integer size:integer",
        "Filters by ids and patterns", get),
    ROW("PUT", FILTERS "/{filter_id}", AUTH_RIGHT_STEER, API_ROW_LARGE, "", "Make a filter", put),
    ROW("POST", FILTERS "/{filter_id}/_update", AUTH_RIGHT_STEER, API_ROW_LARGE, "",
        "Change a filter", update),
    ROW("DELETE", FILTERS "/{filter_id}", AUTH_RIGHT_STEER, 0, "", "Delete a filter", delete_one),
    {0},
};
