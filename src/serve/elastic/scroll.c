/* SPDX-License-Identifier: Apache-2.0 */
/* Searches that are gone on with: scrolls and points in time. */
#include "elastic/search.h"

#include "elastic/rows.h"

#include "api/api.h"
#include "base/mem.h"
#include "format/node.h"
#include "http/request.h"

#include <string.h>

/* How long something is kept, of the query string or the body; 0: nobody says. */
static enum err read_keep(struct api_call *c, const char *name, ts_ns *out, struct err_text *why)
{
    struct find_error error;
    const char *text = NULL;
    *out = 0;
    enum err err = api_call_text(c, name, NULL, &text, why);
    if (err != ERR_NONE || text == NULL)
        return err;
    return elastic_search_told(c, find_read_keep(text, out, &error), &error, why);
}

static enum err give_page(struct api_call *c, const char *part, struct err_text *why)
{
    struct find_request r;
    struct find_error error;
    const char *name = NULL;
    enum err err = elastic_search_begin(c, false, &r, why);
    if (err == ERR_NONE)
        err = read_keep(c, "scroll", &r.keep, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "scroll_id", part, &name, why);
    if (err == ERR_NONE)
        err = elastic_search_flag(c, "rest_total_hits_as_int", &r.total_as_int, why);
    if (err == ERR_NONE && r.body != NULL)
        err = api_call_unknown(c, r.body, why);
    if (err == ERR_NONE && (name == NULL || name[0] == '\0'))
        err = api_call_fail(c, 400, "action_request_validation_exception", why,
                            "Validation Failed: 1: scrollId is missing;");
    if (err != ERR_NONE)
        return err;
    return elastic_search_told(c, find_scroll_next(c->ports->find, &r, name, c->out.out, &error),
                               &error, why);
}

static enum err next_page(struct api_call *c, struct err_text *why)
{
    return give_page(c, NULL, why);
}

/* As programs of long ago ask it. */
static enum err next_page_named(struct api_call *c, struct err_text *why)
{
    return give_page(c, api_call_part(c, "scroll_id"), why);
}

typedef size_t (*close_fn)(struct find *f, const char *owner, const char **names, size_t n);

/* What is to be closed: names in lists and texts with commas between them, or "_all". */
struct closing {
    const char **names;
    size_t n, cap;
    bool all;
    bool failed;
};

static void add_names(struct api_call *c, struct closing *l, const char *text, bool all)
{
    l->all |= all && strcmp(text, "_all") == 0;
    while (*text != '\0' && !l->failed) {
        size_t n = strcspn(text, ",");
        const char *name = n > 0 ? arena_strndup(&c->arena, text, n) : NULL;
        l->failed = n > 0 && (name == NULL || mem_grow((void **)&l->names, &l->cap, l->n + 1,
                                                       sizeof(*l->names)) != 0);
        if (n > 0 && !l->failed)
            l->names[l->n++] = name;
        text += n + (text[n] == ',');
    }
}

static size_t close_all(struct api_call *c, const struct closing *l, close_fn fn)
{
    const char *owner = elastic_search_owner(c);
    if (l->all)
        return fn(c->ports->find, owner, NULL, 0);
    return l->n > 0 ? fn(c->ports->find, owner, l->names, l->n) : 0;
}

/* 404 when there was nothing to end, as clients expect it. */
static enum err close_named(struct api_call *c, const char *key, const char *part, close_fn fn,
                            bool all, struct err_text *why)
{
    struct closing listed = {.n = 0};
    struct format_node *body;
    enum err err = api_call_body(c, part == NULL, &body, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *named = format_node_get(body, key);
    if (body != NULL)
        err = api_call_unknown(c, body, why);
    if (err == ERR_NONE && named == NULL && part == NULL)
        err = api_call_fail(c, 400, "parsing_exception", why, "expected [%s]", key);
    if (err != ERR_NONE)
        return err;
    if (part != NULL)
        add_names(c, &listed, part, all);
    for (size_t i = 0; i < format_node_count(named); i++)
        add_names(c, &listed, format_node_str(format_node_at(named, i), ""), all);
    if (format_node_type(named) == FORMAT_STRING)
        add_names(c, &listed, format_node_str(named, ""), all);
    size_t freed = listed.failed ? 0 : close_all(c, &listed, fn);
    mem_free(listed.names);
    if (listed.failed)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "succeeded", true);
    format_write_field_i64(&c->out, "num_freed", (int64_t)freed);
    format_write_end_object(&c->out);
    if (freed == 0)
        http_answer_set_status(c->answer, 404);
    return ERR_NONE;
}

static enum err end_scroll(struct api_call *c, struct err_text *why)
{
    return close_named(c, "scroll_id", NULL, find_scroll_close, true, why);
}

static enum err end_scroll_named(struct api_call *c, struct err_text *why)
{
    return close_named(c, "scroll_id", api_call_part(c, "scroll_id"), find_scroll_close, true, why);
}

static enum err open_moment(struct api_call *c, struct err_text *why)
{
    struct find_request r;
    struct find_error error;
    const char *keep = http_request_param(c->request, "keep_alive");
    enum err err = elastic_search_begin(c, true, &r, why);
    if (err == ERR_NONE)
        err = elastic_search_flag(c, "ignore_unavailable", &r.lenient, why);
    if (err == ERR_NONE && keep == NULL)
        err = api_call_fail(c, 400, "action_request_validation_exception", why,
                            "Validation Failed: 1: [keep_alive] is not specified;");
    if (err == ERR_NONE)
        err = elastic_search_told(c, find_read_keep(keep, &r.keep, &error), &error, why);
    if (err != ERR_NONE)
        return err;
    return elastic_search_told(c, find_moment_open(c->ports->find, &r, c->out.out, &error), &error,
                               why);
}

static enum err end_moment(struct api_call *c, struct err_text *why)
{
    return close_named(c, "id", NULL, find_moment_close, false, why);
}

#define PAGE "scroll:span scroll_id:text rest_total_hits_as_int:boolean"
#define MOMENT                                                                                     \
    "keep_alive:span ignore_unavailable:boolean allow_no_indices:boolean expand_wildcards:text "   \
    "preference:text routing:text allow_partial_search_results:boolean"
#define ROW(method, path, params, summary, handle, lane)                                           \
    {                                                                                              \
        method, path, AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_SMALL, params, summary, handle,   \
            lane                                                                                   \
    }

const struct api_row elastic_scroll_rows[] = {
    ROW("GET", "/_search/scroll", PAGE, "The next page of a scroll", next_page, HTTP_LANE_LONG),
    ROW("POST", "/_search/scroll", PAGE, "The next page of a scroll", next_page, HTTP_LANE_LONG),
    ROW("GET", "/_search/scroll/{scroll_id*}", PAGE, "The next page of a scroll", next_page_named,
        HTTP_LANE_LONG),
    ROW("POST", "/_search/scroll/{scroll_id*}", PAGE, "The next page of a scroll", next_page_named,
        HTTP_LANE_LONG),
    ROW("DELETE", "/_search/scroll", "", "End scrolls", end_scroll, HTTP_LANE_SHORT),
    ROW("DELETE", "/_search/scroll/{scroll_id*}", "", "End scrolls", end_scroll_named,
        HTTP_LANE_SHORT),
    ROW("POST", "/{index}/_pit", MOMENT, "Open a point in time", open_moment, HTTP_LANE_LONG),
    ROW("DELETE", "/_pit", "", "Close points in time", end_moment, HTTP_LANE_SHORT),
    {0},
};
