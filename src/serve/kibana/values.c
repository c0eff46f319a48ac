/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/rows.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "http/request.h"
#include "kibana/doc.h"
#include "kibana/find.h"
#include "kibana/multipart.h"
#include "kibana/transfer.h"
#include "store/state_except.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * Value lists. A value has no name of its own in state.db; the id that the API shows of it is made
 * of the list's id and the value, in hexadecimal digits, and read again from there.
 */

#define PAGE_MAX 10000
/* Above what bodies with parameters may have (api/call.h): files are not read as JSON. */
#define FILE_MAX (2 * API_ROW_LARGE)

/* A list, copied: the state may not be asked while it lists. */
struct list {
    const char *id, *type, *doc;
    uint64_t values;
};

struct lists {
    struct arena *arena;
    const char *wanted; /* NULL: all */
    struct list *list;
    size_t n, cap;
    enum err err;
};

static bool keep(void *ctx, const struct store_value_list *row)
{
    struct lists *l = ctx;
    if (l->wanted != NULL && strcmp(l->wanted, row->id) != 0)
        return true;
    struct list one = {arena_strndup(l->arena, row->id, strlen(row->id)),
                       arena_strndup(l->arena, row->type, strlen(row->type)),
                       arena_strndup(l->arena, row->doc, strlen(row->doc)), row->values};
    if (one.id == NULL || one.type == NULL || one.doc == NULL ||
        mem_grow((void **)&l->list, &l->cap, l->n + 1, sizeof(one)) != 0)
        l->err = ERR_MEMORY;
    else
        l->list[l->n++] = one;
    return l->err == ERR_NONE && l->wanted == NULL;
}

static enum err unreadable(enum err err, struct err_text *why)
{
    return err_set(why, err, "value lists cannot be read: %s", err_name(err));
}

static enum err read_lists(struct api_call *c, struct lists *out, struct err_text *why)
{
    out->arena = &c->arena;
    enum err err = store_state_value_lists(c->ports->state, keep, out);
    if (err == ERR_NONE)
        err = out->err;
    return err == ERR_NONE ? ERR_NONE : unreadable(err, why);
}

static enum err need_list(struct api_call *c, const char *id, struct list *out,
                          struct err_text *why)
{
    struct lists l = {.wanted = id};
    if (id == NULL)
        return api_call_fail(c, 400, NULL, why, "the id of a list is required");
    enum err err = read_lists(c, &l, why);
    if (err == ERR_NONE && l.n > 0)
        *out = l.list[0];
    mem_free(l.list);
    if (err == ERR_NONE && l.n == 0)
        return api_call_fail(c, 404, NULL, why, "list id: \"%.200s\" does not exist", id);
    return err;
}

static void begin(struct buf *request, struct format_writer *w, const char *verb, const char *id)
{
    buf_init(request);
    format_write_init(w, request);
    format_write_begin_object(w);
    format_write_field_str(w, "command", "values");
    format_write_field_str(w, "verb", verb);
    format_write_field_str(w, "id", id);
}

static enum err finish(struct api_call *c, struct buf *request, struct format_writer *w,
                       struct err_text *why)
{
    format_write_end_object(w);
    enum err err = api_call_act(c, request, NULL, why);
    buf_release(request);
    return err;
}

/* What lists made by commands lack. */
static void write_list(const struct list *l, struct format_writer *w)
{
    struct format_node *doc;
    struct err_text ignored;
    if (format_node_json(l->doc, strlen(l->doc), l->id, &doc, &ignored) != ERR_NONE)
        doc = NULL;
    format_write_begin_object(w);
    kibana_doc_members(doc, NULL, w);
    if (format_node_get(doc, "id") == NULL)
        format_write_field_str(w, "id", l->id);
    if (format_node_get(doc, "immutable") == NULL)
        format_write_field_bool(w, "immutable", false);
    format_write_end_object(w);
    format_node_free(doc);
}

static enum err show(struct api_call *c, const char *id, struct err_text *why)
{
    struct list l;
    enum err err = need_list(c, id, &l, why);
    if (err == ERR_NONE)
        write_list(&l, &c->out);
    return err;
}

/* was: the list as it was read; NULL: it must not be there. */
static enum err put(struct api_call *c, const char *id, const char *type,
                    const struct format_node *object, const struct kibana_change *change,
                    const char *was, struct err_text *why)
{
    struct buf doc, request;
    struct format_writer w;
    buf_init(&doc);
    enum err err = kibana_doc_write(object, change, &doc, why);
    if (err == ERR_NONE) {
        begin(&request, &w, "put", id);
        format_write_field_str(&w, "type", type);
        format_write_field_bool(&w, "fresh", was == NULL);
        if (was != NULL && was[0] != '\0')
            format_write_field_str(&w, "was", was);
        format_write_field_str(&w, "text", buf_text(&doc));
        err = finish(c, &request, &w, why);
    }
    buf_release(&doc);
    return err == ERR_NONE ? show(c, id, why) : err;
}

/* A text that must be there. */
static enum err need(struct api_call *c, const char *key, const char **out, struct err_text *why)
{
    enum err err = api_call_text(c, key, NULL, out, why);
    if (err == ERR_NONE && *out == NULL)
        return api_call_fail(c, 400, NULL, why, "[request]: %s: Required", key);
    return err;
}

static enum err create(struct api_call *c, struct err_text *why)
{
    struct format_node *body;
    struct kibana_change change;
    const char *id, *name, *type, *description;
    char made[KIBANA_UUID_SIZE], breaker[KIBANA_UUID_SIZE];
    kibana_doc_uuid(made);
    kibana_doc_uuid(breaker);
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "id", made, &id, why);
    if (err == ERR_NONE)
        err = need(c, "name", &name, why);
    if (err == ERR_NONE)
        err = need(c, "description", &description, why);
    if (err == ERR_NONE)
        err = need(c, "type", &type, why);
    if (err != ERR_NONE)
        return err;
    kibana_change_init(&change, &c->arena);
    kibana_change_text(&change, "id", id);
    kibana_change_text(&change, "tie_breaker_id", breaker);
    kibana_change_text(&change, "_version", "1");
    kibana_change_number(&change, "version", 1);
    kibana_change_flag(&change, "immutable", false);
    kibana_change_time(&change, "@timestamp", c->now);
    kibana_change_time(&change, "created_at", c->now);
    kibana_change_text(&change, "created_by", kibana_doc_guest(c));
    kibana_change_time(&change, "updated_at", c->now);
    kibana_change_text(&change, "updated_by", kibana_doc_guest(c));
    return put(c, id, type, body, &change, NULL, why);
}

static enum err read_one(struct api_call *c, struct err_text *why)
{
    return show(c, http_request_param(c->request, "id"), why);
}

/* Of a list its words are changed; type and values stay. */
static enum err change_list(struct api_call *c, bool whole, struct err_text *why)
{
    static const char *const words[] = {"name", "description", "meta"};
    struct format_node *body, *doc;
    struct kibana_change change;
    struct list l;
    const char *id, *name;
    char version[24];
    enum err err = api_call_body(c, true, &body, why);
    if (err == ERR_NONE)
        err = need(c, "id", &id, why);
    if (err == ERR_NONE && whole)
        err = need(c, "name", &name, why);
    if (err == ERR_NONE)
        err = need_list(c, id, &l, why);
    if (err == ERR_NONE)
        err = format_node_json(l.doc, strlen(l.doc), l.id, &doc, why);
    if (err != ERR_NONE)
        return err;
    const char *at = format_node_str(format_node_get(doc, "_version"), "1");
    const char *believed = format_node_str(format_node_get(body, "_version"), at);
    if (strcmp(believed, at) != 0) {
        format_node_free(doc);
        return api_call_fail(c, 409, NULL, why,
                             "list id: \"%.200s\" was changed by somebody else meanwhile", id);
    }
    snprintf(version, sizeof(version), "%lld", strtoll(at, NULL, 10) + 1);
    kibana_change_init(&change, &c->arena);
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        const struct format_node *v = format_node_get(body, words[i]);
        if (v != NULL)
            kibana_change_node(&change, words[i], v);
    }
    kibana_change_text(&change, "_version", version);
    kibana_change_number(&change, "version",
                         format_node_int(format_node_get(doc, "version"), 1) + 1);
    kibana_change_time(&change, "updated_at", c->now);
    kibana_change_text(&change, "updated_by", kibana_doc_guest(c));
    err = put(c, id, l.type, doc, &change, l.doc, why);
    format_node_free(doc);
    return err;
}

static enum err update(struct api_call *c, struct err_text *why)
{
    return change_list(c, true, why);
}

static enum err patch(struct api_call *c, struct err_text *why)
{
    return change_list(c, false, why);
}

static enum err delete_one(struct api_call *c, struct err_text *why)
{
    const char *id = http_request_param(c->request, "id");
    struct buf request;
    struct format_writer w;
    enum err err = show(c, id, why);
    if (err != ERR_NONE)
        return err;
    begin(&request, &w, "remove", id);
    return finish(c, &request, &w, why);
}

struct page {
    int64_t number, size, total;
    bool down;           /* the last comes first */
    int64_t first, last; /* what is on it, of all that come */
};

/* Pages go by their numbers: what comes back of the cursor, which is empty, says nothing. */
static enum err read_page(struct api_call *c, struct page *p, struct err_text *why)
{
    const char *order = http_request_param(c->request, "sort_order");
    p->total = 0;
    p->down = order != NULL && strcmp(order, "desc") == 0;
    if (order != NULL && !p->down && strcmp(order, "asc") != 0)
        return api_call_fail(c, 400, NULL, why, "sort_order is asc or desc, not '%.50s'", order);
    enum err err = api_call_int(c, "page", 1, 1, 1000000, &p->number, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "per_page", 20, 0, PAGE_MAX, &p->size, why);
    p->first = (p->number - 1) * p->size;
    p->last = p->first + p->size;
    return err;
}

/* Counts one; whether it is on the page. */
static bool on_page(struct page *p)
{
    int64_t i = p->total++;
    return i >= p->first && i < p->last;
}

static void write_page(const struct page *p, struct format_writer *w)
{
    format_write_field_i64(w, "page", p->number);
    format_write_field_i64(w, "per_page", p->size);
    format_write_field_i64(w, "total", p->total);
    format_write_field_str(w, "cursor", "");
    format_write_end_object(w);
}

struct ordered {
    const char *key;
    struct list list;
};

static int by_key(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    int order = strcmp(x->key, y->key);
    return order != 0 ? order : strcmp(x->list.id, y->list.id);
}

/* By a text that the lists have, or by id. */
static enum err sort(struct api_call *c, struct lists *l, bool down, struct err_text *why)
{
    const char *field = http_request_param(c->request, "sort_field");
    struct ordered *all = arena_alloc(&c->arena, (l->n + 1) * sizeof(*all));
    enum err err = all != NULL ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    for (size_t i = 0; i < l->n && err == ERR_NONE; i++) {
        struct format_node *doc = NULL;
        all[i] = (struct ordered){l->list[i].id, l->list[i]};
        if (field != NULL)
            err = format_node_json(l->list[i].doc, strlen(l->list[i].doc), "list", &doc, why);
        const char *text = format_node_str(format_node_get(doc, field), "");
        if (doc != NULL)
            all[i].key = arena_strndup(&c->arena, text, strlen(text));
        if (all[i].key == NULL)
            err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        format_node_free(doc);
    }
    if (err != ERR_NONE)
        return err;
    qsort(all, l->n, sizeof(*all), by_key);
    for (size_t i = 0; i < l->n; i++)
        l->list[i] = all[down ? l->n - 1 - i : i].list;
    return ERR_NONE;
}

static enum err find(struct api_call *c, struct err_text *why)
{
    struct lists l = {.wanted = NULL};
    struct page page;
    struct kibana_find *f = NULL;
    enum err err = read_page(c, &page, why);
    if (err == ERR_NONE)
        err = kibana_find_new(c, http_request_param(c->request, "filter"), &f, why);
    if (err == ERR_NONE)
        err = read_lists(c, &l, why);
    if (err == ERR_NONE)
        err = sort(c, &l, page.down, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_key(&c->out, "data");
        format_write_begin_array(&c->out);
        for (size_t i = 0; i < l.n && err == ERR_NONE; i++) {
            struct buf doc;
            bool fits = false;
            buf_init(&doc);
            buf_str(&doc, l.list[i].doc);
            err = kibana_find_fits(f, &doc, &fits);
            if (fits && on_page(&page))
                write_list(&l.list[i], &c->out);
            buf_release(&doc);
        }
        if (err != ERR_NONE)
            unreadable(err, why);
        format_write_end_array(&c->out);
        write_page(&page, &c->out);
    }
    kibana_find_free(f);
    mem_free(l.list);
    return err;
}

/* Kibana asks whether there is a place for lists; here there always is. */
static enum err index_there(struct api_call *c, struct err_text *why)
{
    (void)why;
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "list_index", true);
    format_write_field_bool(&c->out, "list_item_index", true);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static enum err index_made(struct api_call *c, struct err_text *why)
{
    (void)why;
    format_write_begin_object(&c->out);
    format_write_field_bool(&c->out, "acknowledged", true);
    format_write_end_object(&c->out);
    return ERR_NONE;
}

static void write_item(const struct list *l, const char *value, struct format_writer *w)
{
    static const char *const same[] = {"created_at", "created_by", "updated_at", "updated_by"};
    struct format_node *doc;
    struct err_text ignored;
    struct buf id;
    buf_init(&id);
    for (const char *p = l->id; *p != '\0'; p++)
        buf_format(&id, "%02x", (unsigned char)*p);
    buf_str(&id, "00");
    for (const char *p = value; *p != '\0'; p++)
        buf_format(&id, "%02x", (unsigned char)*p);
    if (format_node_json(l->doc, strlen(l->doc), l->id, &doc, &ignored) != ERR_NONE)
        doc = NULL;
    format_write_begin_object(w);
    format_write_field_str(w, "id", buf_text(&id));
    format_write_field_str(w, "list_id", l->id);
    format_write_field_str(w, "type", l->type);
    format_write_field_str(w, "value", value);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        const struct format_node *v = format_node_get(doc, same[i]);
        if (v != NULL)
            format_write_field_str(w, same[i], format_node_str(v, ""));
    }
    format_write_end_object(w);
    if (!buf_ok(&id))
        w->out->failed = true;
    buf_release(&id);
    format_node_free(doc);
}

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The list's id and the value that an item's id is made of. */
static bool split_id(struct arena *arena, const char *id, const char **out_list,
                     const char **out_value)
{
    size_t n = strlen(id);
    char *text = n % 2 == 0 ? arena_alloc(arena, n / 2 + 1) : NULL;
    if (text == NULL)
        return false;
    for (size_t i = 0; i < n / 2; i++) {
        int high = digit(id[2 * i]), low = digit(id[2 * i + 1]);
        if (high < 0 || low < 0)
            return false;
        text[i] = (char)(high * 16 + low);
    }
    text[n / 2] = '\0';
    size_t list = strlen(text);
    *out_list = text;
    *out_value = text + list + 1;
    return list < n / 2 && strlen(*out_value) == n / 2 - list - 1;
}

struct looking {
    const char *value;
    bool found;
};

static bool look_at(void *ctx, const char *value)
{
    struct looking *l = ctx;
    l->found = strcmp(value, l->value) == 0;
    return !l->found;
}

/* The item that the request names by id, or by list_id and value; it must be there. */
static enum err named_item(struct api_call *c, struct list *out, const char **out_value,
                           struct err_text *why)
{
    const char *id, *list, *value;
    enum err err = api_call_text(c, "id", NULL, &id, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "list_id", NULL, &list, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "value", NULL, &value, why);
    if (err != ERR_NONE)
        return err;
    if (id == NULL && (list == NULL || value == NULL))
        return api_call_fail(c, 400, NULL, why, "either id, or list_id and value are required");
    if (id != NULL && !split_id(&c->arena, id, &list, &value))
        return api_call_fail(c, 404, NULL, why, "list item id: \"%.200s\" does not exist", id);
    err = need_list(c, list, out, why);
    if (err != ERR_NONE)
        return err;
    struct looking l = {.value = value};
    err = store_state_values(c->ports->state, list, look_at, &l);
    if (err != ERR_NONE)
        return unreadable(err, why);
    *out_value = value;
    return l.found ? ERR_NONE
                   : api_call_fail(c, 404, NULL, why,
                                   "list item of the value \"%.200s\" does not exist", value);
}

/* One line of an uploaded file; instead: the value that it comes in place of, or NULL. */
static enum err add_value(struct api_call *c, const char *list, const char *value,
                          const char *instead, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    if (value[strcspn(value, "\r\n")] != '\0')
        return api_call_fail(c, 400, NULL, why, "a value has no line breaks");
    begin(&request, &w, "add", list);
    format_write_field_str(&w, "name", "value");
    format_write_field_str(&w, "text", value);
    if (instead != NULL)
        format_write_field_str(&w, "instead", instead);
    return finish(c, &request, &w, why);
}

static enum err take_value(struct api_call *c, const char *list, const char *value,
                           struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    begin(&request, &w, "take", list);
    format_write_field_str(&w, "value", value);
    return finish(c, &request, &w, why);
}

static enum err create_item(struct api_call *c, struct err_text *why)
{
    struct list l;
    const char *list, *value;
    enum err err = need(c, "list_id", &list, why);
    if (err == ERR_NONE)
        err = need(c, "value", &value, why);
    if (err == ERR_NONE)
        err = need_list(c, list, &l, why);
    if (err == ERR_NONE)
        err = add_value(c, list, value, NULL, why);
    if (err == ERR_NONE)
        write_item(&l, value, &c->out);
    return err;
}

/* By list and value Kibana answers with a list, since a value may stand there twice. */
static enum err read_item(struct api_call *c, struct err_text *why)
{
    struct list l;
    const char *value;
    bool by_id = http_request_param(c->request, "id") != NULL;
    enum err err = named_item(c, &l, &value, why);
    if (err != ERR_NONE)
        return err;
    if (!by_id)
        format_write_begin_array(&c->out);
    write_item(&l, value, &c->out);
    if (!by_id)
        format_write_end_array(&c->out);
    return ERR_NONE;
}

/* Another value in its place. */
static enum err update_item(struct api_call *c, struct err_text *why)
{
    struct list l;
    const char *id, *value, *list, *old;
    struct looking look;
    enum err err = need(c, "id", &id, why);
    if (err == ERR_NONE)
        err = need(c, "value", &value, why);
    if (err != ERR_NONE)
        return err;
    if (!split_id(&c->arena, id, &list, &old))
        return api_call_fail(c, 404, NULL, why, "list item id: \"%.200s\" does not exist", id);
    err = need_list(c, list, &l, why);
    look = (struct looking){.value = old};
    if (err == ERR_NONE &&
        (err = store_state_values(c->ports->state, list, look_at, &look)) != ERR_NONE)
        return unreadable(err, why);
    if (err == ERR_NONE && !look.found)
        return api_call_fail(c, 404, NULL, why, "list item id: \"%.200s\" does not exist", id);
    if (err == ERR_NONE)
        err = add_value(c, list, value, old, why);
    if (err == ERR_NONE)
        write_item(&l, value, &c->out);
    return err;
}

static enum err delete_item(struct api_call *c, struct err_text *why)
{
    struct list l;
    const char *value;
    enum err err = named_item(c, &l, &value, why);
    if (err == ERR_NONE)
        err = take_value(c, l.id, value, why);
    if (err == ERR_NONE)
        write_item(&l, value, &c->out);
    return err;
}

struct showing {
    struct arena *arena;
    struct page page;
    const char **values; /* of the page, as they come; NULL: lines to text */
    size_t n, cap;
    struct buf *text;
    bool failed;
};

static bool show_value(void *ctx, const char *value)
{
    struct showing *s = ctx;
    if (s->text != NULL) {
        buf_str(s->text, value);
        buf_char(s->text, '\n');
    } else if (on_page(&s->page)) {
        const char *copy = arena_strndup(s->arena, value, strlen(value));
        s->failed = copy == NULL ||
                    mem_grow((void **)&s->values, &s->cap, s->n + 1, sizeof(*s->values)) != 0;
        if (!s->failed)
            s->values[s->n++] = copy;
    }
    return !s->failed;
}

/* The values of the page; where the last comes first they are counted before. */
static enum err show_values(struct api_call *c, const char *list, struct showing *s)
{
    struct page *p = &s->page;
    enum err err = ERR_NONE;
    if (p->down) {
        struct showing count = {.arena = s->arena};
        err = store_state_values(c->ports->state, list, show_value, &count);
        p->last = count.page.total - p->first;
        p->first = p->last - p->size;
    }
    if (err == ERR_NONE)
        err = store_state_values(c->ports->state, list, show_value, s);
    return err == ERR_NONE && s->failed ? ERR_MEMORY : err;
}

static enum err find_items(struct api_call *c, struct err_text *why)
{
    struct list l;
    struct showing s = {.arena = &c->arena};
    const char *field = http_request_param(c->request, "sort_field");
    enum err err = read_page(c, &s.page, why);
    if (err == ERR_NONE && field != NULL && strcmp(field, "value") != 0)
        err = api_call_fail(c, 400, NULL, why, "values are sorted by value, not by '%.50s'", field);
    if (err == ERR_NONE)
        err = need_list(c, http_request_param(c->request, "list_id"), &l, why);
    if (err != ERR_NONE)
        return err;
    err = show_values(c, l.id, &s);
    format_write_begin_object(&c->out);
    format_write_key(&c->out, "data");
    format_write_begin_array(&c->out);
    for (size_t i = 0; i < s.n; i++)
        write_item(&l, s.values[s.page.down ? s.n - 1 - i : i], &c->out);
    format_write_end_array(&c->out);
    write_page(&s.page, &c->out);
    mem_free(s.values);
    return err == ERR_NONE ? ERR_NONE : unreadable(err, why);
}

static enum err export_items(struct api_call *c, struct err_text *why)
{
    struct list l;
    enum err err = need_list(c, http_request_param(c->request, "list_id"), &l, why);
    if (err != ERR_NONE)
        return err;
    struct showing s = {.text = http_answer_body(c->answer)};
    kibana_transfer_name(c, "text/plain; charset=utf-8", l.id);
    err = store_state_values(c->ports->state, l.id, show_value, &s);
    return err == ERR_NONE ? ERR_NONE : unreadable(err, why);
}

/* Into the list named, or one of the file's name, which is made. */
static enum err import_items(struct api_call *c, struct err_text *why)
{
    const char *list = http_request_param(c->request, "list_id");
    const char *type = http_request_param(c->request, "type");
    struct kibana_file file;
    struct buf request, text;
    struct format_writer w;
    enum err err = kibana_transfer_file(c, &file, why);
    if (err != ERR_NONE)
        return err;
    if (list == NULL && file.name[0] != '\0')
        list = file.name;
    if (list == NULL)
        return api_call_fail(c, 400, NULL, why, "list_id, or the name of a file, is required");
    buf_init(&text);
    buf_add(&text, file.content.p, file.content.n);
    begin(&request, &w, "add", list);
    format_write_field_str(&w, "name", file.name[0] != '\0' ? file.name : "values");
    if (type != NULL)
        format_write_field_str(&w, "type", type);
    format_write_field_str(&w, "text", buf_text(&text));
    bool ok = buf_ok(&text);
    buf_release(&text);
    if (!ok)
        request.failed = true;
    err = finish(c, &request, &w, why);
    return err == ERR_NONE ? show(c, list, why) : err;
}

#define LISTS "/api/lists"
#define ITEMS "/api/lists/items"
#define PAGED "cursor:text page:integer per_page:integer sort_field:text sort_order:text"
/* All look through lists that are as long as somebody made them. */
#define ROW(method, path, right, body, params, summary, handle)                                    \
    {                                                                                              \
        method, path, right, API_FORM_KIBANA, body, params, summary, handle, HTTP_LANE_LONG        \
    }

const struct api_row kibana_value_rows[] = {
    ROW("POST", LISTS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Make a value list", create),
    ROW("GET", LISTS, AUTH_RIGHT_READ, 0, "id:text", "Show a value list", read_one),
    ROW("PUT", LISTS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Change a value list's name", update),
    ROW("PATCH", LISTS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Change a value list's words", patch),
    ROW("DELETE", LISTS, AUTH_RIGHT_TRIAGE, 0, "id:text", "Delete a value list with its values",
        delete_one),
    ROW("GET", LISTS "/_find", AUTH_RIGHT_READ, 0, PAGED " filter:text", "Value lists, in pages",
        find),
    ROW("GET", LISTS "/index", AUTH_RIGHT_READ, 0, "", "Whether there is a place for value lists",
        index_there),
    ROW("POST", LISTS "/index", AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Make such a place",
        index_made),
    ROW("POST", ITEMS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Add a value", create_item),
    ROW("GET", ITEMS, AUTH_RIGHT_READ, 0, "id:text list_id:text value:text", "Show a value",
        read_item),
    ROW("PUT", ITEMS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Replace a value", update_item),
    ROW("PATCH", ITEMS, AUTH_RIGHT_TRIAGE, API_ROW_SMALL, "", "Replace a value", update_item),
    ROW("DELETE", ITEMS, AUTH_RIGHT_TRIAGE, 0, "id:text list_id:text value:text", "Remove a value",
        delete_item),
    ROW("GET", ITEMS "/_find", AUTH_RIGHT_READ, 0, PAGED " list_id:text",
        "Values of a list, in pages", find_items),
    ROW("POST", ITEMS "/_export", AUTH_RIGHT_READ, API_ROW_SMALL, "list_id:text",
        "Values of a list as a file, one a line", export_items),
    ROW("POST", ITEMS "/_import", AUTH_RIGHT_TRIAGE, FILE_MAX, "list_id:text type:text",
        "Values from such a file, uploaded as the part file", import_items),
    {0},
};
