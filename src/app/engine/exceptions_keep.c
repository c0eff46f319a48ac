/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exceptions_priv.h"

#include "base/buf.h"
#include "base/mem.h"
#include "except/item.h"
#include "except/set.h"
#include "except/values.h"
#include "format/write.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state.h"
#include "store/state_except.h"

#include <string.h>

enum err engine_exceptions_read(const struct rule_set *rules, struct except_set *out,
                                struct err_text *why)
{
    enum err err = ERR_NONE;
    for (size_t i = 0; i < rule_set_others(rules) && err == ERR_NONE; i++) {
        const struct rule_other *o = rule_set_other(rules, i);
        if (o->kind == RULE_OTHER_EXCEPTION)
            err = except_set_add(out, o->json, o->n, o->file, o->line, why);
    }
    return err;
}

static enum err put_list(struct store_state *state, const struct except_list *l)
{
    struct buf doc;
    struct format_writer w;
    buf_init(&doc);
    format_write_init(&w, &doc);
    except_list_write(l, &w);
    const struct store_exception row = {l->list_id, NULL, l->namespace_type, l->id, buf_text(&doc)};
    enum err err = buf_ok(&doc) ? store_state_except_put(state, &row) : ERR_MEMORY;
    buf_release(&doc);
    return err;
}

static enum err put_item(struct store_state *state, const struct except_item *i)
{
    struct buf doc;
    struct format_writer w;
    buf_init(&doc);
    enum err err = store_state_except_list(state, i->list_id, i->namespace_type, &doc);
    if (err == ERR_NONE) {
        buf_clear(&doc);
        format_write_init(&w, &doc);
        except_item_write(i, &w);
        const struct store_exception row = {i->list_id, i->item_id, i->namespace_type, i->id,
                                            buf_text(&doc)};
        err = buf_ok(&doc) ? store_state_except_put(state, &row) : ERR_MEMORY;
    }
    buf_release(&doc);
    return err;
}

/* How a set is kept. */
struct putting {
    struct store_state *state;
    engine_exceptions_there_fn there; /* who hears of what is there and stays; NULL: none stays */
    void *ctx;
    size_t lists, items; /* written */
};

/* Whether the list, or the item, is there and is to stay. */
static enum err stays(const struct putting *p, const struct except_list *list,
                      const struct except_item *item, bool *out)
{
    struct buf doc;
    *out = false;
    if (p->there == NULL)
        return ERR_NONE;
    buf_init(&doc);
    enum err err =
        list != NULL ? store_state_except_list(p->state, list->list_id, list->namespace_type, &doc)
                     : store_state_except_item(p->state, item->item_id, item->namespace_type, &doc);
    buf_release(&doc);
    if (err != ERR_NONE)
        return err == ERR_NOT_FOUND ? ERR_NONE : err;
    p->there(p->ctx, list, item);
    *out = true;
    return ERR_NONE;
}

static enum err put_set(struct putting *p, const struct except_set *set, struct err_text *why)
{
    enum err err = ERR_NONE;
    bool stay;
    for (size_t i = 0; i < except_set_lists(set) && err == ERR_NONE; i++) {
        const struct except_list *list = except_set_list(set, i);
        err = stays(p, list, NULL, &stay);
        if (err == ERR_NONE && !stay)
            err = put_list(p->state, list);
        p->lists += err == ERR_NONE && !stay;
    }
    if (err != ERR_NONE)
        err_set(why, err, "exceptions cannot be written: %s", err_name(err));
    for (size_t i = 0; i < except_set_items(set) && err == ERR_NONE; i++) {
        const struct except_item *item = except_set_item(set, i);
        err = stays(p, NULL, item, &stay);
        if (err == ERR_NONE && !stay)
            err = put_item(p->state, item);
        p->items += err == ERR_NONE && !stay;
        if (err == ERR_NOT_FOUND)
            err = err_set(why, ERR_INVALID,
                          "the item \"%.100s\" is of the list %.100s (%s), which is not there",
                          item->name, item->list_id, item->namespace_type);
        else if (err != ERR_NONE)
            err_set(why, err, "exceptions cannot be written: %s", err_name(err));
    }
    return err;
}

/* All of it in one transaction. */
static enum err put_whole(struct putting *p, const struct except_set *set, struct err_text *why)
{
    enum err err = store_state_begin(p->state);
    if (err != ERR_NONE)
        return err_set(why, err, "exceptions cannot be written: %s", err_name(err));
    err = put_set(p, set, why);
    if (err == ERR_NONE)
        return store_state_commit(p->state, why);
    store_state_rollback(p->state);
    return err;
}

enum err engine_exceptions_put_inside(struct store_state *state, const struct except_set *set,
                                      struct err_text *why)
{
    struct putting p = {.state = state};
    return put_set(&p, set, why);
}

enum err engine_exceptions_put(struct store_state *state, const struct except_set *set,
                               struct err_text *why)
{
    struct putting p = {.state = state};
    return put_whole(&p, set, why);
}

enum err engine_exceptions_put_new(struct store_state *state, const struct except_set *set,
                                   engine_exceptions_there_fn fn, void *ctx, size_t *out_lists,
                                   size_t *out_items, struct err_text *why)
{
    struct putting p = {.state = state, .there = fn, .ctx = ctx};
    enum err err = put_whole(&p, set, why);
    *out_lists = err == ERR_NONE ? p.lists : 0;
    *out_items = err == ERR_NONE ? p.items : 0;
    return err;
}

enum err engine_exceptions_delete(struct store_state *state, const char *id, struct err_text *why)
{
    enum err err = store_state_except_list_delete(state, id, "single");
    if (err == ERR_NOT_FOUND)
        err = store_state_except_list_delete(state, id, "agnostic");
    if (err == ERR_NOT_FOUND)
        err = store_state_except_item_delete(state, id, "single");
    if (err == ERR_NOT_FOUND)
        err = store_state_except_item_delete(state, id, "agnostic");
    if (err == ERR_NOT_FOUND)
        return err_set(why, err,
                       "there is no exception list or item '%s'; weir rule exception list shows "
                       "them",
                       id);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "'%s' cannot be deleted: %s", id, err_name(err));
}

struct exporting {
    struct buf *out;
    struct engine_exported *totals;
};

static bool export_item(void *ctx, const struct store_exception *item)
{
    const struct exporting *x = ctx;
    buf_str(x->out, item->doc);
    buf_char(x->out, '\n');
    x->totals->items++;
    return true;
}

static enum err export_list(struct store_state *state, const struct except_named *named,
                            struct buf *out, struct buf *missing, struct engine_exported *totals)
{
    struct exporting x = {out, totals};
    enum err err = store_state_except_list(state, named->list_id, named->namespace_type, out);
    if (err == ERR_NOT_FOUND) {
        struct format_writer w;
        if (missing->n > 0)
            buf_char(missing, ',');
        format_write_init(&w, missing);
        format_write_begin_object(&w);
        format_write_field_str(&w, "list_id", named->list_id);
        format_write_end_object(&w);
        totals->missing++;
        return ERR_NONE;
    }
    buf_char(out, '\n');
    totals->lists++;
    return err != ERR_NONE ? err
                           : store_state_except_items(state, named->list_id, named->namespace_type,
                                                      export_item, &x);
}

/* Whether an earlier rule, or the same one, named the list. */
static bool was_named(struct rule *const *rules, size_t rule, size_t list,
                      const struct except_named *named)
{
    for (size_t i = 0; i <= rule; i++) {
        struct except_named lists[ENGINE_LISTS_MAX];
        struct buf key;
        buf_init(&key);
        size_t n = engine_exceptions_named(rules[i], lists, &key);
        buf_release(&key);
        for (size_t k = 0; k < (i == rule ? list : n); k++) {
            if (strcmp(lists[k].list_id, named->list_id) == 0 &&
                strcmp(lists[k].namespace_type, named->namespace_type) == 0)
                return true;
        }
    }
    return false;
}

enum err engine_exceptions_export(struct store_state *state, struct rule *const *rules, size_t n,
                                  struct buf *out, struct buf *missing,
                                  struct engine_exported *out_totals, struct err_text *why)
{
    enum err err = ERR_NONE;
    *out_totals = (struct engine_exported){0};
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        struct except_named lists[ENGINE_LISTS_MAX];
        struct buf key;
        buf_init(&key);
        size_t lists_n = engine_exceptions_named(rules[i], lists, &key);
        buf_release(&key);
        for (size_t k = 0; k < lists_n && err == ERR_NONE; k++) {
            if (!was_named(rules, i, k, &lists[k]))
                err = export_list(state, &lists[k], out, missing, out_totals);
        }
    }
    if (err == ERR_NONE && (!buf_ok(out) || !buf_ok(missing)))
        err = ERR_MEMORY;
    return err == ERR_NONE ? ERR_NONE : engine_exceptions_unreadable(why, err);
}

struct adding {
    struct store_state *state;
    struct except_values *values; /* checks them */
    const char *id;
    const char *name;
};

static enum err add_value(void *ctx, const char *s, size_t n, unsigned line, struct err_text *why)
{
    const struct adding *a = ctx;
    struct err_text told = {0};
    enum err err = except_values_add(a->values, s, n, &told);
    if (err != ERR_NONE)
        return err_set_at(why, err, a->name, line, "%s", told.message);
    char *value = mem_strndup(s, n);
    err = value != NULL ? store_state_value_put(a->state, a->id, value) : ERR_MEMORY;
    mem_free(value);
    return err == ERR_NONE
               ? ERR_NONE
               : err_set(why, err, "the value list cannot be written: %s", err_name(err));
}

/* Makes the list when it is not there; its type must be the one asked for. */
static enum err see_list(struct store_state *state, const char *id, const char *type,
                         struct except_values **out, struct err_text *why)
{
    struct buf known;
    struct buf doc;
    struct format_writer w;
    buf_init(&known);
    buf_init(&doc);
    enum err err = store_state_value_list_type(state, id, &known);
    if (err == ERR_NONE && type != NULL && strcmp(type, buf_text(&known)) != 0) {
        err = err_set(why, ERR_INVALID, "the value list '%s' is of type %s, not %s", id,
                      buf_text(&known), type);
    } else if (err == ERR_NONE) {
        err = except_values_new(buf_text(&known), out, why);
    } else if (err == ERR_NOT_FOUND) {
        type = type != NULL ? type : "keyword";
        format_write_init(&w, &doc);
        format_write_begin_object(&w);
        format_write_field_str(&w, "id", id);
        format_write_field_str(&w, "name", id);
        format_write_field_str(&w, "description", "");
        format_write_field_str(&w, "type", type);
        format_write_field_i64(&w, "version", 1);
        format_write_end_object(&w);
        const struct store_value_list row = {.id = id, .type = type, .doc = buf_text(&doc)};
        err = except_values_new(type, out, why);
        if (err == ERR_NONE) {
            err = buf_ok(&doc) ? store_state_value_list_put(state, &row) : ERR_MEMORY;
            if (err != ERR_NONE) {
                except_values_unref(*out);
                err_set(why, err, "the value list cannot be written: %s", err_name(err));
            }
        }
    } else {
        engine_exceptions_unreadable(why, err);
    }
    buf_release(&known);
    buf_release(&doc);
    return err;
}

enum err engine_exceptions_add_values(struct store_state *state, const char *id, const char *type,
                                      const char *text, size_t n, const char *name,
                                      size_t *out_values, struct err_text *why)
{
    struct adding a = {.state = state, .id = id, .name = name};
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return err_set(why, err, "the value list cannot be written: %s", err_name(err));
    err = see_list(state, id, type, &a.values, why);
    if (err == ERR_NONE) {
        err = except_values_lines(text, n, add_value, &a, why);
        *out_values = except_values_count(a.values);
        except_values_unref(a.values);
    }
    if (err != ERR_NONE) {
        store_state_rollback(state);
        return err;
    }
    return store_state_commit(state, why);
}
