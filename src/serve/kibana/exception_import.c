/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/exception_import.h"

#include "api/call.h"
#include "api/form.h"
#include "base/arena.h"
#include "base/mem.h"
#include "except/item.h"
#include "format/node.h"
#include "kibana/batch.h"
#include "kibana/doc.h"
#include "kibana/exception.h"
#include "kibana/transfer.h"

#include <stdio.h>
#include <string.h>

void kibana_exception_import_init(struct kibana_exception_import *x, struct api_call *call)
{
    *x = (struct kibana_exception_import){.call = call};
    buf_init(&x->errors);
    format_write_init(&x->error, &x->errors);
    format_write_begin_array(&x->error);
}

void kibana_exception_import_release(struct kibana_exception_import *x)
{
    mem_free(x->objects);
    mem_free(x->renamed);
    buf_release(&x->errors);
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static void refuse(struct kibana_exception_import *x, bool item, const char *name, enum err err,
                   const char *message)
{
    kibana_transfer_error(&x->error, item ? "item_id" : "list_id", name, api_form_status(err),
                          message);
    x->failed_lists += !item;
    x->failed_items += item;
}

/* A new name for a list of the file. */
static enum err rename_list(struct kibana_exception_import *x, const struct format_node *doc,
                            const char *list_id, struct err_text *why)
{
    char id[KIBANA_UUID_SIZE], name[KIBANA_UUID_SIZE];
    struct arena *arena = &x->call->arena;
    const char *space = format_node_str(format_node_get(doc, "namespace_type"), "single");
    kibana_doc_uuid(id);
    kibana_doc_uuid(name);
    const struct kibana_exception_renamed r = {
        .list_id = list_id,
        .namespace_type = arena_strndup(arena, space, strlen(space)),
        .new_list_id = arena_strndup(arena, name, strlen(name)),
        .new_id = arena_strndup(arena, id, strlen(id)),
    };
    if (r.namespace_type == NULL || r.new_list_id == NULL || r.new_id == NULL ||
        mem_grow((void **)&x->renamed, &x->renamed_cap, x->renamed_n + 1, sizeof(r)) != 0)
        return no_memory(why);
    x->renamed[x->renamed_n++] = r;
    return ERR_NONE;
}

enum err kibana_exception_import_add(struct kibana_exception_import *x, const char *json, size_t n,
                                     struct err_text *why)
{
    struct format_node *doc;
    struct err_text mistake;
    enum err err = format_node_json(json, n, "file", &doc, &mistake);
    if (err == ERR_MEMORY)
        return no_memory(why);
    if (err != ERR_NONE) {
        refuse(x, false, "(unknown id)", err, mistake.message);
        return ERR_NONE;
    }
    enum except_what what = except_what(doc);
    bool item = what == EXCEPT_ITEM;
    const char *name =
        format_node_str(format_node_get(doc, item ? "item_id" : "list_id"), "(unknown id)");
    name = arena_strndup(&x->call->arena, name, strlen(name));
    if (name == NULL) {
        err = no_memory(why);
    } else if (what == EXCEPT_NEITHER) {
        refuse(x, false, name, ERR_INVALID, "neither an exception list nor an item");
    } else {
        if (x->as_new && !item)
            err = rename_list(x, doc, name, why);
        if (err == ERR_NONE &&
            mem_grow((void **)&x->objects, &x->cap, x->n + 1, sizeof(*x->objects)) != 0)
            err = no_memory(why);
        if (err == ERR_NONE)
            x->objects[x->n++] = (struct kibana_exception_object){json, n, name, item};
    }
    format_node_free(doc);
    return err;
}

/* The newest name, when a list stands in the file twice; NULL: it keeps its own. */
static const struct kibana_exception_renamed *find(const struct kibana_exception_import *x,
                                                   const struct format_node *named)
{
    const char *id = format_node_str(format_node_get(named, "list_id"), "");
    const char *space = format_node_str(format_node_get(named, "namespace_type"), "single");
    for (size_t i = x->renamed_n; i > 0; i--) {
        const struct kibana_exception_renamed *r = &x->renamed[i - 1];
        if (strcmp(r->list_id, id) == 0 && strcmp(r->namespace_type, space) == 0)
            return r;
    }
    return NULL;
}

/* The object under its new names. */
static enum err write_new(const struct kibana_exception_import *x,
                          const struct kibana_exception_object *o, struct buf *out,
                          struct err_text *why)
{
    struct format_node *doc;
    struct kibana_change change;
    char id[KIBANA_UUID_SIZE], name[KIBANA_UUID_SIZE];
    enum err err = format_node_json(o->json, o->n, "file", &doc, why);
    if (err != ERR_NONE)
        return err;
    const struct kibana_exception_renamed *list = find(x, doc);
    kibana_change_init(&change, &x->call->arena);
    kibana_doc_uuid(id);
    kibana_doc_uuid(name);
    kibana_change_text(&change, "id", o->item || list == NULL ? id : list->new_id);
    if (list != NULL)
        kibana_change_text(&change, "list_id", list->new_list_id);
    if (o->item)
        kibana_change_text(&change, "item_id", name);
    err = kibana_doc_write(doc, &change, out, why);
    format_node_free(doc);
    return err;
}

static void take_outcome(void *ctx, size_t i, enum err err, const char *message)
{
    struct kibana_exception_import *x = ctx;
    const struct kibana_exception_object *o = x->sent[i];
    const char *key = o->item ? "item_id" : "list_id";
    char text[512];
    if (err == ERR_NONE) {
        x->lists += !o->item;
        x->items += o->item;
    } else if (err == ERR_EXISTS) {
        snprintf(text, sizeof(text),
                 "Found that %s: \"%.150s\" already exists. Import of %s: \"%.150s\" skipped.", key,
                 o->name, key, o->name);
        refuse(x, o->item, o->name, err, text);
    } else {
        refuse(x, o->item, o->name, err, message);
    }
}

/* All lists, or all items. */
static enum err put(struct kibana_exception_import *x, bool items, struct err_text *why)
{
    const struct kibana_batch_terms terms = {.fresh = !x->overwrite, .revision = -1};
    struct kibana_batch batch;
    size_t n = 0;
    enum err err = ERR_NONE;
    kibana_batch_init(&batch, x->call, "exception", "add", take_outcome, x);
    for (size_t i = 0; i < x->n && err == ERR_NONE; i++) {
        const struct kibana_exception_object *o = &x->objects[i];
        struct buf text;
        if (o->item != items)
            continue;
        x->sent[n++] = o;
        buf_init(&text);
        if (x->as_new)
            err = write_new(x, o, &text, why);
        else
            buf_add(&text, o->json, o->n);
        if (err == ERR_NONE)
            err = buf_ok(&text) ? kibana_batch_add(&batch, buf_text(&text), text.n, &terms, why)
                                : no_memory(why);
        buf_release(&text);
    }
    if (err == ERR_NONE)
        err = kibana_batch_end(&batch, why);
    kibana_batch_release(&batch);
    return err;
}

enum err kibana_exception_import_end(struct kibana_exception_import *x, struct err_text *why)
{
    x->sent =
        arena_alloc(&x->call->arena, (x->n + 1) * sizeof(const struct kibana_exception_object *));
    enum err err = x->sent != NULL ? put(x, false, why) : no_memory(why);
    if (err == ERR_NONE)
        err = put(x, true, why);
    format_write_end_array(&x->error);
    return err == ERR_NONE && !buf_ok(&x->errors) ? no_memory(why) : err;
}

void kibana_exception_import_rename(const struct kibana_exception_import *x,
                                    const struct format_node *rule, struct kibana_change *change)
{
    const struct format_node *lists = format_node_get(rule, "exceptions_list");
    struct format_writer w;
    struct buf json;
    if (x->renamed_n == 0 || format_node_count(lists) == 0)
        return;
    buf_init(&json);
    format_write_init(&w, &json);
    format_write_begin_array(&w);
    for (size_t i = 0; i < format_node_count(lists); i++) {
        const struct format_node *named = format_node_at(lists, i);
        const struct kibana_exception_renamed *r = find(x, named);
        struct kibana_change own;
        kibana_change_init(&own, change->arena);
        if (r != NULL) {
            kibana_change_text(&own, "id", r->new_id);
            kibana_change_text(&own, "list_id", r->new_list_id);
        }
        format_write_begin_object(&w);
        kibana_doc_members(named, &own, &w);
        format_write_end_object(&w);
        if (own.err != ERR_NONE)
            change->err = own.err;
    }
    format_write_end_array(&w);
    if (buf_ok(&json))
        kibana_change_json(change, "exceptions_list", buf_text(&json));
    else
        change->err = ERR_MEMORY;
    buf_release(&json);
}

/* Puts a list and its items again, as new ones; one that is nowhere stays so. */
static enum err copy_list(struct kibana_exception_import *x, const struct format_node *named,
                          bool expired, struct err_text *why)
{
    const char *list_id = format_node_str(format_node_get(named, "list_id"), "");
    const char *space = format_node_str(format_node_get(named, "namespace_type"), "single");
    struct kibana_exceptions list, items;
    kibana_exceptions_init(&list);
    kibana_exceptions_init(&items);
    enum err err =
        kibana_exceptions_find(x->call, &kibana_exception_list, NULL, list_id, space, &list, why);
    bool there = err == ERR_NONE;
    if (err == ERR_INVALID && x->call->status == 404) {
        x->call->status = 0;
        err = ERR_NONE;
    }
    if (there)
        err = kibana_exception_import_add(x, list.list[0].text, strlen(list.list[0].text), why);
    if (there && err == ERR_NONE)
        err = kibana_exceptions_items(x->call, list_id, space, &items, why);
    for (size_t i = 0; i < items.n && err == ERR_NONE; i++) {
        bool over = false;
        if (!expired)
            err = kibana_exception_expired(x->call, &items.list[i], &over, why);
        if (err == ERR_NONE && !over)
            err =
                kibana_exception_import_add(x, items.list[i].text, strlen(items.list[i].text), why);
    }
    if (err == ERR_NONE)
        err = kibana_exception_import_end(x, why);
    kibana_exceptions_release(&list);
    kibana_exceptions_release(&items);
    return err;
}

enum err kibana_exception_import_own(struct api_call *c, const struct format_node *rule,
                                     bool expired, struct kibana_change *change,
                                     struct err_text *why)
{
    const struct format_node *lists = format_node_get(rule, "exceptions_list");
    const struct format_node *own = NULL;
    struct kibana_exception_import copies;
    for (size_t i = 0; i < format_node_count(lists) && own == NULL; i++) {
        const struct format_node *at = format_node_at(lists, i);
        if (strcmp(format_node_str(format_node_get(at, "type"), ""), "rule_default") == 0)
            own = at;
    }
    if (own == NULL)
        return ERR_NONE;
    kibana_exception_import_init(&copies, c);
    copies.as_new = true;
    enum err err = copy_list(&copies, own, expired, why);
    if (err == ERR_NONE && copies.failed_lists + copies.failed_items > 0)
        err = err_set(why, ERR_INVALID, "the rule's own exceptions could not be copied: %.300s",
                      buf_text(&copies.errors));
    if (err == ERR_NONE)
        kibana_exception_import_rename(&copies, rule, change);
    kibana_exception_import_release(&copies);
    return err;
}
