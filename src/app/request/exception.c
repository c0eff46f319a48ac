/* SPDX-License-Identifier: Apache-2.0 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "engine/exceptions.h"
#include "engine/rules.h"
#include "except/filter.h"
#include "except/item.h"
#include "except/set.h"
#include "except/values.h"
#include "rule/rule.h"
#include "store/state.h"
#include "store/state_except.h"

#include <string.h>

static bool print_exception(void *ctx, const struct store_exception *x)
{
    struct format_node *doc = NULL;
    struct err_text ignored;
    if (format_node_json(x->doc, strlen(x->doc), x->list_id, &doc, &ignored) != ERR_NONE)
        doc = NULL;
    const char *name = format_node_str(format_node_get(doc, "name"), "-");
    const char *expires = format_node_str(format_node_get(doc, "expire_time"), "-");
    bool item = x->item_id != NULL;
    bool more =
        request_asked_line(ctx, "%-5s %-36s %-36s %-9s %-24s %s", item ? "item" : "list",
                           x->list_id, item ? x->item_id : "-", x->namespace_type, expires, name);
    format_node_free(doc);
    return more;
}

static enum err list_exceptions(struct request_asked *a, struct err_text *why)
{
    request_asked_line(a, "%-5s %-36s %-36s %-9s %-24s %s", "WHAT", "LIST", "ITEM", "NAMESPACE",
                       "EXPIRES", "NAME");
    enum err err = store_state_except_lists(a->data->state, print_exception, a);
    if (err == ERR_NONE)
        err = store_state_except_items(a->data->state, NULL, NULL, print_exception, a);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "exceptions cannot be read: %s", err_name(err));
}

void request_exception_problems(struct request_asked *a, const struct except_set *set)
{
    for (size_t i = 0; i < except_set_problems(set); i++) {
        const struct except_problem *p = except_set_problem(set, i);
        char line[900];
        request_asked_remark(a, "weir: %s: %s", p->fatal ? "error" : "warning",
                             err_format(&p->text, line, sizeof(line)));
    }
}

/* Whether none of those that are to be made is there. */
static enum err see_fresh(struct request_asked *a, const struct except_set *set,
                          struct err_text *why)
{
    struct buf doc;
    enum err err = ERR_NOT_FOUND;
    const char *what = "list", *name = "";
    buf_init(&doc);
    for (size_t i = 0; i < except_set_lists(set) && err == ERR_NOT_FOUND; i++) {
        const struct except_list *l = except_set_list(set, i);
        name = l->list_id;
        err = store_state_except_list(a->data->state, name, l->namespace_type, &doc);
    }
    for (size_t i = 0; i < except_set_items(set) && err == ERR_NOT_FOUND; i++) {
        const struct except_item *item = except_set_item(set, i);
        what = "list item";
        name = item->item_id;
        err = store_state_except_item(a->data->state, name, item->namespace_type, &doc);
    }
    buf_release(&doc);
    if (err == ERR_NONE)
        return err_set(why, ERR_EXISTS, "exception %s id: \"%.200s\" already exists", what, name);
    return err == ERR_NOT_FOUND ? ERR_NONE
                                : err_set(why, err, "exceptions cannot be read: %s", err_name(err));
}

/* The first thing that is wrong, for programs, which see no remarks. */
static enum err first_mistake(const struct except_set *set, struct err_text *why)
{
    for (size_t i = 0; i < except_set_problems(set); i++)
        if (except_set_problem(set, i)->fatal)
            return err_set(why, ERR_INVALID, "%s", except_set_problem(set, i)->text.message);
    return ERR_NONE;
}

/* Whether what its items say can be asked of events. */
static enum err see_items(struct request_asked *a, const struct except_set *set,
                          struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < except_set_items(set) && err == ERR_NONE; i++)
        err = except_filter_check(except_set_item(set, i), a->data->now(), why);
    return err;
}

/* Whether what is there is still what the one who writes has seen ("version", absent: any). */
static enum err see_version(struct request_asked *a, const struct except_set *set,
                            const char *version, struct err_text *why)
{
    struct buf doc;
    struct format_node *node = NULL;
    bool list = except_set_lists(set) > 0;
    const char *id;
    enum err err;
    if (version == NULL)
        return ERR_NONE;
    buf_init(&doc);
    if (list) {
        const struct except_list *l = except_set_list(set, 0);
        id = l->list_id;
        err = store_state_except_list(a->data->state, id, l->namespace_type, &doc);
    } else {
        const struct except_item *item = except_set_item(set, 0);
        id = item->item_id;
        err = store_state_except_item(a->data->state, id, item->namespace_type, &doc);
    }
    if (err == ERR_NONE)
        err = format_node_json(doc.p, doc.n, id, &node, why);
    if (err == ERR_NOT_FOUND ||
        (err == ERR_NONE &&
         strcmp(format_node_str(format_node_get(node, "_version"), "1"), version) != 0))
        err = err_set(why, ERR_BUSY, "%s: \"%.200s\" was changed by somebody else meanwhile",
                      list ? "list_id" : "item_id", id);
    else if (err != ERR_NONE)
        err_set(why, err, "exceptions cannot be read: %s", err_name(err));
    format_node_free(node);
    buf_release(&doc);
    return err;
}

/* One object of a program's, within a transaction. *out_refused: it is wrong, and nothing was
 * written. */
static enum err add_one(struct request_asked *a, const struct format_node *object,
                        bool *out_refused, struct err_text *why)
{
    const struct format_node *text = format_node_get(object, "text");
    struct except_set *set = except_set_new();
    *out_refused = false;
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = except_set_load(set, format_node_str(text, ""), format_node_str_len(text),
                                   "exception.json", why);
    if (err == ERR_NONE)
        err = first_mistake(set, why);
    if (err == ERR_NONE && except_set_lists(set) + except_set_items(set) != 1)
        err = err_set(why, ERR_INVALID, "neither an exception list nor an item");
    if (err == ERR_NONE)
        err = see_items(a, set, why);
    if (err == ERR_NONE && format_node_bool(format_node_get(object, "fresh"), false))
        err = see_fresh(a, set, why);
    if (err == ERR_NONE)
        err = see_version(a, set, format_node_str(format_node_get(object, "version"), NULL), why);
    if (err == ERR_NONE)
        err = engine_exceptions_put_inside(a->data->state, set, why);
    *out_refused = err == ERR_INVALID || err == ERR_UNSUPPORTED || err == ERR_FORMAT ||
                   err == ERR_EXISTS || err == ERR_BUSY || err == ERR_LIMIT;
    except_set_free(set);
    return err;
}

/* Those of a list, each for itself. */
static enum err add_objects(struct request_asked *a, const struct format_node *objects,
                            struct err_text *why)
{
    struct store_state *state = a->data->state;
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return err_set(why, err, "exceptions cannot be written: %s", err_name(err));
    for (size_t i = 0; i < format_node_count(objects) && err == ERR_NONE; i++) {
        bool refused;
        err = add_one(a, format_node_at(objects, i), &refused, why);
        if (err != ERR_NONE && refused)
            err = request_asked_refuse(a, i, err, why);
    }
    if (err == ERR_NONE)
        return store_state_commit(state, why);
    store_state_rollback(state);
    return err;
}

/* Everything of a file or, when something is wrong, nothing. */
static enum err add_exceptions(struct request_asked *a, struct err_text *why)
{
    const struct format_node *objects = format_node_get(a->request, "objects");
    const char *text = request_asked_text(a, "text", "");
    if (objects != NULL)
        return add_objects(a, objects, why);
    struct except_set *set = except_set_new();
    if (set == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = except_set_load(set, text, strlen(text),
                                   request_asked_text(a, "name", "exceptions.ndjson"), why);
    size_t n = except_set_lists(set) + except_set_items(set);
    if (err == ERR_NONE)
        request_exception_problems(a, set);
    if (err == ERR_NONE && except_set_refused(set) > 0)
        err = err_set(why, ERR_INVALID, "%zu objects were refused, so none is kept",
                      except_set_refused(set));
    else if (err == ERR_NONE && n == 0)
        err = err_set(why, ERR_INVALID, "no exception list and no item is in this file");
    if (err == ERR_NONE)
        err = see_items(a, set, why);
    if (err == ERR_NONE)
        err = engine_exceptions_put(a->data->state, set, why);
    if (err == ERR_NONE)
        request_asked_remark(a, "weir: %zu lists and %zu items kept", except_set_lists(set),
                             except_set_items(set));
    except_set_free(set);
    return err;
}

/* The one of that kind and namespace, or whatever has the name. */
static enum err remove_exception(struct request_asked *a, const char *id, struct err_text *why)
{
    const char *kind = request_asked_text(a, "kind", NULL);
    const char *name_space = request_asked_text(a, "namespace_type", "single");
    if (kind == NULL)
        return engine_exceptions_delete(a->data->state, id, why);
    enum err err = strcmp(kind, "item") == 0
                       ? store_state_except_item_delete(a->data->state, id, name_space)
                       : store_state_except_list_delete(a->data->state, id, name_space);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "'%s' cannot be deleted: %s", id, err_name(err));
}

static enum err close_alerts(struct request_asked *a, const char *id, struct err_text *why)
{
    struct arena arena;
    struct store_rule row;
    struct rule *rule = NULL;
    struct engine_exceptions *x = engine_exceptions_new(a->data->state);
    size_t closed = 0;
    arena_init(&arena, 0);
    enum err err = x != NULL ? store_state_rule_get(a->data->state, id, &arena, &row) : ERR_MEMORY;
    if (err == ERR_NOT_FOUND)
        err_set(why, err, "there is no rule '%s'; weir rule list shows them", id);
    else if (err != ERR_NONE)
        err_set(why, err, "the rule cannot be read: %s", err_name(err));
    else
        err = engine_rules_read(&row, &rule, why);
    if (err == ERR_NONE)
        err = engine_exceptions_close(x, rule, a->data->now(), &closed, why);
    if (err == ERR_NONE)
        request_asked_remark(a, "weir: %zu alerts closed", closed);
    rule_unref(rule);
    engine_exceptions_free(x);
    arena_release(&arena);
    return err;
}

int request_exception(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    enum err err;
    if (strcmp(verb, "list") == 0)
        err = list_exceptions(a, &why);
    else if (strcmp(verb, "add") == 0)
        err = add_exceptions(a, &why);
    else if (strcmp(verb, "remove") == 0)
        err = remove_exception(a, id, &why);
    else if (strcmp(verb, "close") == 0)
        err = close_alerts(a, id, &why);
    else
        err = err_set(&why, ERR_INVALID,
                      "rule exception expects list, add, remove or close, not '%s'", verb);
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}

static bool print_list(void *ctx, const struct store_value_list *l)
{
    return request_asked_line(ctx, "%-36s %-16s %llu", l->id, l->type,
                              (unsigned long long)l->values);
}

static bool print_value(void *ctx, const char *value)
{
    return request_asked_print(ctx, value, strlen(value)) && request_asked_print(ctx, "\n", 1);
}

static enum err list_values(struct request_asked *a, struct err_text *why)
{
    const char *id = request_asked_text(a, "id", NULL);
    struct buf type;
    enum err err;
    if (id == NULL) {
        request_asked_line(a, "%-36s %-16s %s", "VALUE LIST", "TYPE", "VALUES");
        err = store_state_value_lists(a->data->state, print_list, a);
    } else {
        buf_init(&type);
        err = store_state_value_list_type(a->data->state, id, &type);
        buf_release(&type);
        if (err == ERR_NOT_FOUND)
            return err_set(why, err,
                           "there is no value list '%s'; weir rule values list shows them", id);
        if (err == ERR_NONE)
            err = store_state_values(a->data->state, id, print_value, a);
    }
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "value lists cannot be read: %s", err_name(err));
}

static enum err unwritable(enum err err, struct err_text *why)
{
    return err_set(why, err, "the value list cannot be written: %s", err_name(err));
}

static enum err take_value(struct request_asked *a, const char *id, const char *value,
                           struct err_text *why)
{
    enum err err = store_state_value_delete(a->data->state, id, value);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "the value list '%.200s' has no value '%.200s'", id, value);
    return err == ERR_NONE ? ERR_NONE : unwritable(err, why);
}

/* Values to a list; instead of one that it has, in one transaction. */
static enum err add_values(struct request_asked *a, const char *id, struct err_text *why)
{
    const char *text = request_asked_text(a, "text", "");
    const char *instead = request_asked_text(a, "instead", NULL);
    size_t n = 0;
    enum err err = store_state_begin(a->data->state);
    if (err != ERR_NONE)
        return unwritable(err, why);
    if (instead != NULL)
        err = take_value(a, id, instead, why);
    if (err == ERR_NONE)
        err = engine_exceptions_add_values(a->data->state, id, request_asked_text(a, "type", NULL),
                                           text, strlen(text),
                                           request_asked_text(a, "name", "values"), &n, why);
    if (err == ERR_NONE)
        err = store_state_commit(a->data->state, why);
    else
        store_state_rollback(a->data->state);
    if (err == ERR_NONE)
        request_asked_remark(a, "weir: %zu values read into '%s'", n, id);
    return err;
}

struct list_doc {
    const char *id;
    struct buf doc;
};

static bool keep_doc(void *ctx, const struct store_value_list *l)
{
    struct list_doc *d = ctx;
    if (strcmp(l->id, d->id) == 0)
        buf_str(&d->doc, l->doc != NULL ? l->doc : "");
    return true;
}

/* Whether the list is still what whoever changes it has read. */
static enum err see_unchanged(struct request_asked *a, const char *id, struct err_text *why)
{
    struct list_doc d = {.id = id};
    buf_init(&d.doc);
    enum err err = store_state_value_lists(a->data->state, keep_doc, &d);
    if (err == ERR_NONE && !buf_ok(&d.doc))
        err = ERR_MEMORY;
    err = err == ERR_NONE ? request_asked_unchanged(a, "the value list", buf_text(&d.doc), why)
                          : err_set(why, err, "value lists cannot be read: %s", err_name(err));
    buf_release(&d.doc);
    return err;
}

/* A list as a whole object; its values stay. */
static enum err put_values(struct request_asked *a, const char *id, struct err_text *why)
{
    const struct store_value_list row = {.id = id,
                                         .type = request_asked_text(a, "type", "keyword"),
                                         .doc = request_asked_text(a, "text", "{}")};
    struct except_values *checked = NULL;
    struct buf type;
    buf_init(&type);
    enum err known = store_state_value_list_type(a->data->state, id, &type);
    bool fresh = format_node_bool(format_node_get(a->request, "fresh"), false);
    enum err err = except_values_new(row.type, &checked, why);
    except_values_unref(checked);
    if (err == ERR_NONE && known == ERR_NONE && fresh)
        err = err_set(why, ERR_EXISTS, "list id: \"%.200s\" already exists", id);
    else if (err == ERR_NONE && known == ERR_NONE && strcmp(buf_text(&type), row.type) != 0)
        err = err_set(why, ERR_INVALID, "the value list '%.200s' is of type %s, not %s", id,
                      buf_text(&type), row.type);
    buf_release(&type);
    if (err == ERR_NONE)
        err = see_unchanged(a, id, why);
    if (err != ERR_NONE)
        return err;
    err = store_state_value_list_put(a->data->state, &row);
    return err == ERR_NONE ? ERR_NONE : unwritable(err, why);
}

int request_values(struct request_asked *a, const char *verb)
{
    struct err_text why;
    const char *id = request_asked_text(a, "id", "");
    enum err err;
    if (strcmp(verb, "list") == 0) {
        err = list_values(a, &why);
    } else if (strcmp(verb, "add") == 0) {
        err = add_values(a, id, &why);
    } else if (strcmp(verb, "put") == 0) {
        err = put_values(a, id, &why);
    } else if (strcmp(verb, "take") == 0) {
        err = take_value(a, id, request_asked_text(a, "value", ""), &why);
    } else if (strcmp(verb, "remove") == 0) {
        err = store_state_value_list_delete(a->data->state, id);
        if (err == ERR_NOT_FOUND)
            err_set(&why, err, "there is no value list '%s'; weir rule values list shows them", id);
        else if (err != ERR_NONE)
            err_set(&why, err, "the value list '%s' cannot be deleted: %s", id, err_name(err));
    } else {
        err = err_set(&why, ERR_INVALID, "rule values expects list, add or remove, not '%s'", verb);
    }
    return err == ERR_NONE ? 0 : request_asked_fail(a, err, &why);
}
