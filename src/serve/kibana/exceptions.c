/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strcasestr */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "kibana/exception.h"
#include "kibana/exception_import.h"
#include "kibana/find.h"
#include "kibana/multipart.h"
#include "kibana/transfer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAGE_MAX 10000

static enum err see_namespace(struct api_call *c, const char *s, struct err_text *why)
{
    if (strcmp(s, "single") == 0 || strcmp(s, "agnostic") == 0)
        return ERR_NONE;
    return api_call_fail(c, 400, NULL, why, "namespace_type is single or agnostic, not '%.50s'", s);
}

static enum err need_object(struct api_call *c, struct format_node **out, struct err_text *why)
{
    enum err err = api_call_body(c, true, out, why);
    if (err == ERR_NONE && format_node_type(*out) != FORMAT_OBJECT)
        return api_call_fail(c, 400, NULL, why, "[request body]: expected an object");
    return err;
}

/* The list or item that the request names. */
static enum err named(struct api_call *c, const struct kibana_exception_kind *kind,
                      struct kibana_exceptions *out, struct err_text *why)
{
    const char *id, *name, *name_space;
    enum err err = api_call_text(c, "id", NULL, &id, why);
    if (err == ERR_NONE)
        err = api_call_text(c, kind->key, NULL, &name, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "namespace_type", "single", &name_space, why);
    if (err == ERR_NONE)
        err = see_namespace(c, name_space, why);
    return err == ERR_NONE ? kibana_exceptions_find(c, kind, id, name, name_space, out, why) : err;
}

/* Answers with the list or item as it now is. */
static enum err show(struct api_call *c, const struct kibana_exception_kind *kind, const char *name,
                     const char *name_space, struct err_text *why)
{
    struct kibana_exceptions found;
    kibana_exceptions_init(&found);
    enum err err = kibana_exceptions_find(c, kind, NULL, name, name_space, &found, why);
    if (err == ERR_NONE)
        format_write_raw(&c->out, found.list[0].text, strlen(found.list[0].text));
    kibana_exceptions_release(&found);
    return err;
}

/* The comment of that id among those that the item had; NULL: it is a new one. */
static const struct format_node *find_comment(const struct format_node *comments,
                                              const struct format_node *comment)
{
    const char *id = format_node_str(format_node_get(comment, "id"), NULL);
    for (size_t i = 0; id != NULL && i < format_node_count(comments); i++) {
        const struct format_node *at = format_node_at(comments, i);
        if (strcmp(format_node_str(format_node_get(at, "id"), ""), id) == 0)
            return at;
    }
    return NULL;
}

/* Comments come as {"comment":"x"}, old ones with their id. Who made and changed them, and when, is
 * never taken from a request. */
static void sign_comment(struct api_call *c, const struct format_node *old,
                         const struct format_node *comment, struct kibana_change *own)
{
    static const char *const stay[] = {"created_at", "created_by", "updated_at", "updated_by"};
    const char *text = format_node_str(format_node_get(comment, "comment"), "");
    char id[KIBANA_UUID_SIZE];
    for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
        const struct format_node *v = format_node_get(old, stay[i]);
        if (v != NULL)
            kibana_change_node(own, stay[i], v);
        else
            kibana_change_json(own, stay[i], NULL);
    }
    if (old == NULL) {
        kibana_doc_uuid(id);
        kibana_change_text(own, "id", id);
        kibana_change_time(own, "created_at", c->now);
        kibana_change_text(own, "created_by", kibana_doc_guest(c));
    } else if (strcmp(format_node_str(format_node_get(old, "comment"), ""), text) != 0) {
        kibana_change_time(own, "updated_at", c->now);
        kibana_change_text(own, "updated_by", kibana_doc_guest(c));
    }
}

/* item: as it was; NULL: it is made. */
static void sign_comments(struct api_call *c, const struct format_node *body,
                          const struct format_node *item, struct kibana_change *change)
{
    const struct format_node *comments = format_node_get(body, "comments");
    struct format_writer w;
    struct buf json;
    if (format_node_type(comments) != FORMAT_ARRAY)
        return;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_array(&w);
    for (size_t i = 0; i < format_node_count(comments); i++) {
        const struct format_node *comment = format_node_at(comments, i);
        struct kibana_change own;
        kibana_change_init(&own, change->arena);
        sign_comment(c, find_comment(format_node_get(item, "comments"), comment), comment, &own);
        format_write_begin_object(&w);
        kibana_doc_members(comment, &own, &w);
        format_write_end_object(&w);
        if (own.err != ERR_NONE)
            change->err = own.err;
    }
    format_write_end_array(&w);
    if (buf_ok(&json))
        kibana_change_json(change, "comments", buf_text(&json));
    else
        change->err = ERR_MEMORY;
    buf_release(&json);
}

static enum err create(struct api_call *c, const struct kibana_exception_kind *kind,
                       struct err_text *why)
{
    struct format_node *body;
    struct kibana_change change;
    char id[KIBANA_UUID_SIZE], breaker[KIBANA_UUID_SIZE], made[KIBANA_UUID_SIZE];
    enum err err = need_object(c, &body, why);
    if (err != ERR_NONE)
        return err;
    const char *name = format_node_str(format_node_get(body, kind->key), NULL);
    kibana_doc_uuid(id);
    kibana_doc_uuid(breaker);
    kibana_doc_uuid(made);
    kibana_change_init(&change, &c->arena);
    kibana_change_text(&change, "id", id);
    kibana_change_text(&change, "tie_breaker_id", breaker);
    kibana_change_text(&change, "_version", "1");
    kibana_change_time(&change, "created_at", c->now);
    kibana_change_text(&change, "created_by", kibana_doc_guest(c));
    kibana_change_time(&change, "updated_at", c->now);
    kibana_change_text(&change, "updated_by", kibana_doc_guest(c));
    if (name == NULL)
        kibana_change_text(&change, kind->key, made);
    if (kind->item)
        sign_comments(c, body, NULL, &change);
    err = kibana_exception_put(c, body, &change, NULL, why);
    return err == ERR_NONE
               ? show(c, kind, name != NULL ? name : made,
                      format_node_str(format_node_get(body, "namespace_type"), "single"), why)
               : err;
}

static enum err read_one(struct api_call *c, const struct kibana_exception_kind *kind,
                         struct err_text *why)
{
    struct kibana_exceptions found;
    kibana_exceptions_init(&found);
    enum err err = named(c, kind, &found, why);
    if (err == ERR_NONE)
        format_write_raw(&c->out, found.list[0].text, strlen(found.list[0].text));
    kibana_exceptions_release(&found);
    return err;
}

/* The object whole, but for what stays with it. */
static enum err update_found(struct api_call *c, const struct kibana_exception_kind *kind,
                             const struct format_node *body, const struct kibana_exception *x,
                             struct err_text *why)
{
    static const char *const stay[] = {"created_at", "created_by", "tie_breaker_id", "list_id",
                                       "namespace_type"};
    struct kibana_change change;
    char version[24];
    const char *at = format_node_str(format_node_get(x->doc, "_version"), "1");
    const char *believed = format_node_str(format_node_get(body, "_version"), NULL);
    if (believed != NULL && strcmp(believed, at) != 0)
        return api_call_fail(c, 409, NULL, why,
                             "%s id: \"%.200s\" was changed by somebody else meanwhile", kind->what,
                             x->id);
    snprintf(version, sizeof(version), "%lld", strtoll(at, NULL, 10) + 1);
    kibana_change_init(&change, &c->arena);
    for (size_t i = 0; i < sizeof(stay) / sizeof(stay[0]); i++) {
        const struct format_node *v = format_node_get(x->doc, stay[i]);
        if (v != NULL)
            kibana_change_node(&change, stay[i], v);
    }
    kibana_change_text(&change, "id", x->id);
    kibana_change_text(&change, kind->key, x->name);
    kibana_change_text(&change, "_version", version);
    kibana_change_time(&change, "updated_at", c->now);
    kibana_change_text(&change, "updated_by", kibana_doc_guest(c));
    if (kind->item)
        sign_comments(c, body, x->doc, &change);
    return kibana_exception_put(c, body, &change, at, why);
}

static enum err update(struct api_call *c, const struct kibana_exception_kind *kind,
                       struct err_text *why)
{
    struct format_node *body;
    struct kibana_exceptions found;
    kibana_exceptions_init(&found);
    enum err err = need_object(c, &body, why);
    if (err == ERR_NONE)
        err = named(c, kind, &found, why);
    if (err == ERR_NONE)
        err = update_found(c, kind, body, &found.list[0], why);
    if (err == ERR_NONE)
        err = show(c, kind, found.list[0].name, found.list[0].namespace_type, why);
    kibana_exceptions_release(&found);
    return err;
}

static enum err delete_one(struct api_call *c, const struct kibana_exception_kind *kind,
                           struct err_text *why)
{
    struct kibana_exceptions found;
    kibana_exceptions_init(&found);
    enum err err = named(c, kind, &found, why);
    if (err == ERR_NONE)
        err = kibana_exception_delete(c, kind, &found.list[0], why);
    if (err == ERR_NONE)
        format_write_raw(&c->out, found.list[0].text, strlen(found.list[0].text));
    kibana_exceptions_release(&found);
    return err;
}

/* The i-th of names joined by commas, the last when there are fewer; NULL: no memory. */
static const char *nth(struct arena *arena, const char *names, size_t i)
{
    const char *p = names;
    for (; i > 0 && strchr(p, ',') != NULL; i--)
        p = strchr(p, ',') + 1;
    return arena_strndup(arena, p, strcspn(p, ","));
}

struct list_name {
    const char *id, *namespace_type;
};

static bool is_among(const struct list_name *names, size_t n, const struct list_name *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(names[i].id, name->id) == 0 &&
            strcmp(names[i].namespace_type, name->namespace_type) == 0)
            return true;
    return false;
}

/* The items of one list, which must be there. */
static enum err add_items(struct api_call *c, const struct list_name *name,
                          struct kibana_exceptions *out, struct err_text *why)
{
    struct kibana_exceptions list;
    kibana_exceptions_init(&list);
    enum err err = see_namespace(c, name->namespace_type, why);
    if (err == ERR_NONE)
        err = kibana_exceptions_find(c, &kibana_exception_list, NULL, name->id,
                                     name->namespace_type, &list, why);
    if (err == ERR_NONE)
        err = kibana_exceptions_items(c, name->id, name->namespace_type, out, why);
    kibana_exceptions_release(&list);
    return err;
}

/* Items of the lists that list_id names, each in the namespace at its place; of a list that is
 * named twice, once. */
static enum err read_items(struct api_call *c, struct kibana_exceptions *out, struct err_text *why)
{
    const char *lists = http_request_param(c->request, "list_id");
    const char *spaces = http_request_param(c->request, "namespace_type");
    enum err err = ERR_NONE;
    size_t n = 1;
    if (lists == NULL || lists[0] == '\0')
        return api_call_fail(c, 400, NULL, why, "[request query]: list_id: Required");
    for (const char *p = lists; *p != '\0'; p++)
        n += *p == ',';
    struct list_name *names = arena_alloc(&c->arena, n * sizeof(*names));
    if (names == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        names[i].id = nth(&c->arena, lists, i);
        names[i].namespace_type = nth(&c->arena, spaces != NULL ? spaces : "single", i);
        if (names[i].id == NULL || names[i].namespace_type == NULL)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        if (!is_among(names, i, &names[i]))
            err = add_items(c, &names[i], out, why);
    }
    return err;
}

/* Lists of the namespaces that the request names; both when it names none. */
static enum err read_lists(struct api_call *c, struct kibana_exceptions *out, struct err_text *why)
{
    const char *spaces = http_request_param(c->request, "namespace_type");
    size_t kept = 0;
    enum err err = kibana_exceptions_lists(c, out, why);
    for (size_t i = 0; i < out->n; i++) {
        struct kibana_exception x = out->list[i];
        if (spaces == NULL || strstr(spaces, x.namespace_type) != NULL)
            out->list[kept++] = x;
    }
    out->n = kept;
    return err;
}

/* {"exception-list":{"attributes":{…}}}, as filters name them. */
static enum err fits(const struct kibana_find *f, const struct kibana_exception *x, bool *out)
{
    struct buf json;
    bool agnostic = strcmp(x->namespace_type, "agnostic") == 0;
    buf_init(&json);
    buf_format(&json, "{\"exception-list%s\":{\"attributes\":", agnostic ? "-agnostic" : "");
    buf_str(&json, x->text);
    buf_str(&json, "}}");
    enum err err = kibana_find_fits(f, &json, out);
    buf_release(&json);
    return err;
}

/* search: a part of a name, a description or an entry's value, as people type it. */
static bool holds_text(const struct format_node *v, const char *search)
{
    const char *s = format_node_str(v, NULL);
    bool found = s != NULL && strcasestr(s, search) != NULL;
    for (size_t i = 0; i < format_node_count(v) && !found; i++)
        found = holds_text(format_node_at(v, i), search);
    return found;
}

static enum err holds(struct kibana_exception *x, const char *search, bool *out,
                      struct err_text *why)
{
    static const char *const keys[] = {"name",    "description", "list_id",
                                       "item_id", "tags",        "entries"};
    enum err err = search != NULL ? kibana_exception_read(x, why) : ERR_NONE;
    bool found = search == NULL;
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]) && !found; i++)
        found = holds_text(format_node_get(x->doc, keys[i]), search);
    kibana_exception_forget(x);
    *out = found;
    return err;
}

struct ordered {
    const char *key;
    struct kibana_exception x;
};

static int by_key(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : strcmp(x->x.name, y->x.name);
}

static enum err sort(struct api_call *c, struct kibana_exceptions *x, struct err_text *why)
{
    const char *field = http_request_param(c->request, "sort_field");
    const char *order = http_request_param(c->request, "sort_order");
    bool down = order != NULL && strcmp(order, "desc") == 0;
    if (order != NULL && !down && strcmp(order, "asc") != 0)
        return api_call_fail(c, 400, NULL, why, "sort_order is asc or desc, not '%.50s'", order);
    if (field == NULL || x->n == 0)
        return ERR_NONE;
    if (strncmp(field, "exception-list.", 15) == 0)
        field += 15;
    struct ordered *all = arena_alloc(&x->arena, x->n * sizeof(*all));
    if (all == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < x->n; i++) {
        enum err err = kibana_exception_read(&x->list[i], why);
        if (err != ERR_NONE)
            return err;
        const char *key = format_node_str(format_node_get(x->list[i].doc, field), "");
        key = arena_strndup(&x->arena, key, strlen(key));
        kibana_exception_forget(&x->list[i]);
        if (key == NULL)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        all[i] = (struct ordered){key, x->list[i]};
    }
    qsort(all, x->n, sizeof(*all), by_key);
    for (size_t i = 0; i < x->n; i++)
        x->list[i] = all[down ? x->n - 1 - i : i].x;
    return ERR_NONE;
}

static enum err find(struct api_call *c, const struct kibana_exception_kind *kind,
                     struct err_text *why)
{
    struct kibana_exceptions all;
    struct kibana_find *f = NULL;
    int64_t page, size, total = 0;
    const char *search = http_request_param(c->request, "search");
    kibana_exceptions_init(&all);
    enum err err = api_call_int(c, "page", 1, 1, 1000000, &page, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "per_page", 20, 0, PAGE_MAX, &size, why);
    if (err == ERR_NONE)
        err = kibana_find_new(c, http_request_param(c->request, "filter"), &f, why);
    if (err == ERR_NONE)
        err = kind->item ? read_items(c, &all, why) : read_lists(c, &all, why);
    if (err == ERR_NONE)
        err = sort(c, &all, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_key(&c->out, "data");
        format_write_begin_array(&c->out);
        for (size_t i = 0; i < all.n && err == ERR_NONE; i++) {
            bool wanted = false;
            err = fits(f, &all.list[i], &wanted);
            if (err != ERR_NONE)
                err_set(why, err, "exceptions cannot be filtered: %s", err_name(err));
            if (wanted && err == ERR_NONE)
                err = holds(&all.list[i], search, &wanted, why);
            if (!wanted || err != ERR_NONE)
                continue;
            if (total >= (page - 1) * size && total < page * size)
                format_write_raw(&c->out, all.list[i].text, strlen(all.list[i].text));
            total++;
        }
        format_write_end_array(&c->out);
        format_write_field_i64(&c->out, "page", page);
        format_write_field_i64(&c->out, "per_page", size);
        format_write_field_i64(&c->out, "total", total);
        format_write_end_object(&c->out);
    }
    kibana_find_free(f);
    kibana_exceptions_release(&all);
    return err;
}

static enum err export_list(struct api_call *c, struct err_text *why)
{
    struct kibana_exceptions list, items;
    bool expired;
    kibana_exceptions_init(&list);
    kibana_exceptions_init(&items);
    enum err err = kibana_transfer_flag(c, "include_expired_exceptions", true, &expired, why);
    if (err == ERR_NONE)
        err = named(c, &kibana_exception_list, &list, why);
    if (err == ERR_NONE)
        err =
            kibana_exceptions_items(c, list.list[0].name, list.list[0].namespace_type, &items, why);
    if (err == ERR_NONE) {
        size_t n = 0;
        struct buf *out = http_answer_body(c->answer);
        kibana_transfer_name(c, "application/ndjson", list.list[0].name);
        buf_str(out, list.list[0].text);
        buf_char(out, '\n');
        for (size_t i = 0; i < items.n && err == ERR_NONE; i++) {
            bool over = false;
            if (!expired)
                err = kibana_exception_expired(c, &items.list[i], &over, why);
            if (over)
                continue;
            buf_str(out, items.list[i].text);
            buf_char(out, '\n');
            n++;
        }
        buf_format(
            out,
            "{\"exported_exception_list_count\":1,\"exported_exception_list_item_count\":%zu,"
            "\"missing_exception_list_item_count\":0,\"missing_exception_list_items\":[],"
            "\"missing_exception_lists\":[],\"missing_exception_lists_count\":0}\n",
            n);
    }
    kibana_exceptions_release(&list);
    kibana_exceptions_release(&items);
    return err;
}

static bool is_summary(const char *line, size_t n)
{
    static const char begin[] = "{\"exported_";
    return n >= sizeof(begin) - 1 && memcmp(line, begin, sizeof(begin) - 1) == 0;
}

static enum err import_lines(struct kibana_exception_import *x, struct bytes file,
                             struct err_text *why)
{
    const char *p = (const char *)file.p, *end = p + file.n;
    enum err err = ERR_NONE;
    while (p < end && err == ERR_NONE) {
        const char *stop = memchr(p, '\n', (size_t)(end - p));
        size_t n = stop != NULL ? (size_t)(stop - p) : (size_t)(end - p);
        size_t used = n > 0 && p[n - 1] == '\r' ? n - 1 : n;
        if (used > 0 && !is_summary(p, used))
            err = kibana_exception_import_add(x, p, used, why);
        p += n + (stop != NULL);
    }
    return err == ERR_NONE ? kibana_exception_import_end(x, why) : err;
}

static enum err import_lists(struct api_call *c, struct err_text *why)
{
    struct kibana_file file;
    struct kibana_exception_import x;
    kibana_exception_import_init(&x, c);
    enum err err = kibana_transfer_flag(c, "overwrite", false, &x.overwrite, why);
    if (err == ERR_NONE)
        err = kibana_transfer_flag(c, "as_new_list", false, &x.as_new, why);
    if (err == ERR_NONE)
        err = kibana_transfer_file(c, &file, why);
    if (err == ERR_NONE)
        err = import_lines(&x, file.content, why);
    if (err == ERR_NONE && x.lists + x.items + x.failed_lists + x.failed_items == 0)
        err = api_call_fail(c, 400, NULL, why, "the file holds no exception lists or items");
    if (err == ERR_NONE) {
        struct format_writer *w = &c->out;
        format_write_begin_object(w);
        format_write_key(w, "errors");
        format_write_raw(w, buf_text(&x.errors), x.errors.n);
        format_write_field_bool(w, "success", x.failed_lists + x.failed_items == 0);
        format_write_field_i64(w, "success_count", (int64_t)(x.lists + x.items));
        format_write_field_bool(w, "success_exception_lists", x.failed_lists == 0);
        format_write_field_i64(w, "success_count_exception_lists", (int64_t)x.lists);
        format_write_field_bool(w, "success_exception_list_items", x.failed_items == 0);
        format_write_field_i64(w, "success_count_exception_list_items", (int64_t)x.items);
        format_write_end_object(w);
    }
    kibana_exception_import_release(&x);
    return err;
}

/* The functions of a kind. */
#define ROUTE(verb)                                                                                \
    static enum err verb##_list(struct api_call *c, struct err_text *why)                          \
    {                                                                                              \
        return verb(c, &kibana_exception_list, why);                                               \
    }                                                                                              \
    static enum err verb##_item(struct api_call *c, struct err_text *why)                          \
    {                                                                                              \
        return verb(c, &kibana_exception_item, why);                                               \
    }

ROUTE(create)
ROUTE(read_one)
ROUTE(update)
ROUTE(delete_one)
ROUTE(find)

#define LISTS "/api/exception_lists"
#define ITEMS "/api/exception_lists/items"
#define PAGES                                                                                      \
    "filter:text search:text namespace_type:text page:integer per_page:integer sort_field:text "   \
    "sort_order:text"
/* Above what bodies with parameters may have (api/call.h): files are not read as JSON. */
#define FILE_MAX (2 * API_ROW_LARGE)
/* All look through lists that are as long as somebody made them. */
#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, body, params, summary, handle, HTTP_LANE_LONG        \
    }

const struct api_row kibana_exception_rows[] = {
    ROW("POST", LISTS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Make an exception list", create_list),
    ROW("GET", LISTS, AUTH_RIGHT_READ, 0, "id:text list_id:text namespace_type:text",
        "Show an exception list", read_one_list),
    ROW("PUT", LISTS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Replace an exception list",
        update_list),
    ROW("DELETE", LISTS, AUTH_RIGHT_TRIAGE, 0, "id:text list_id:text namespace_type:text",
        "Delete an exception list with its items", delete_one_list),
    ROW("GET", LISTS "/_find", AUTH_RIGHT_READ, 0, PAGES, "Exception lists, in pages", find_list),
    ROW("POST", LISTS "/_export", AUTH_RIGHT_READ, API_ROW_SMALL,
        "id:text list_id:text namespace_type:text include_expired_exceptions:boolean",
        "An exception list with its items as a file", export_list),
    ROW("POST", LISTS "/_import", AUTH_RIGHT_TRIAGE, FILE_MAX,
        "overwrite:boolean as_new_list:boolean",
        "Exception lists and items from such a file, uploaded as the part file", import_lists),
    ROW("POST", ITEMS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Make an exception item", create_item),
    ROW("GET", ITEMS, AUTH_RIGHT_READ, 0, "id:text item_id:text namespace_type:text",
        "Show an exception item", read_one_item),
    ROW("PUT", ITEMS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Replace an exception item",
        update_item),
    ROW("DELETE", ITEMS, AUTH_RIGHT_TRIAGE, 0, "id:text item_id:text namespace_type:text",
        "Delete an exception item", delete_one_item),
    ROW("GET", ITEMS "/_find", AUTH_RIGHT_READ, 0, "list_id:text " PAGES,
        "Items of exception lists, in pages", find_item),
    {0},
};
