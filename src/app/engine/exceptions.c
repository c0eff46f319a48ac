/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/exceptions_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "except/filter.h"
#include "except/set.h"
#include "except/values.h"
#include "format/node.h"
#include "rule/amend.h"
#include "rule/rule.h"
#include "rule/run.h"
#include "store/state.h"
#include "store/state_except.h"

#include <string.h>

/* Alerts that are looked at between two changes. */
#define PAGE 500

struct made {
    char *key; /* the lists' names */
    struct except_filter *filter;
    ts_ns from; /* engine time it was made at */
};

struct loaded {
    char *id;
    struct except_values *values;
};

struct engine_exceptions {
    struct store_state *state;
    uint64_t changes; /* of the state when the rest was made */
    struct made *made;
    size_t made_n, made_cap;
    struct loaded *loaded;
    size_t loaded_n, loaded_cap;
};

struct engine_exceptions *engine_exceptions_new(struct store_state *state)
{
    struct engine_exceptions *x = mem_zero(1, sizeof(*x));
    if (x != NULL)
        x->state = state;
    return x;
}

static void forget(struct engine_exceptions *x)
{
    for (size_t i = 0; i < x->made_n; i++) {
        mem_free(x->made[i].key);
        except_filter_free(x->made[i].filter);
    }
    for (size_t i = 0; i < x->loaded_n; i++) {
        mem_free(x->loaded[i].id);
        except_values_unref(x->loaded[i].values);
    }
    x->made_n = 0;
    x->loaded_n = 0;
}

void engine_exceptions_free(struct engine_exceptions *x)
{
    if (x == NULL)
        return;
    forget(x);
    mem_free(x->made);
    mem_free(x->loaded);
    mem_free(x);
}

enum err engine_exceptions_unreadable(struct err_text *why, enum err err)
{
    return err_set(why, err, "exceptions cannot be read: %s", err_name(err));
}

struct gathering {
    struct except_set *set;
    struct err_text *why;
    enum err err;
};

static bool gather_item(void *ctx, const struct store_exception *item)
{
    struct gathering *g = ctx;
    g->err = except_set_add(g->set, item->doc, strlen(item->doc), item->item_id, 0, g->why);
    return g->err == ERR_NONE;
}

static enum err find_items(void *ctx, const struct except_named *list, struct except_set *out,
                           struct err_text *why)
{
    const struct engine_exceptions *x = ctx;
    struct gathering g = {.set = out, .why = why};
    struct buf doc;
    buf_init(&doc);
    enum err err = store_state_except_list(x->state, list->list_id, list->namespace_type, &doc);
    buf_release(&doc);
    if (err == ERR_NOT_FOUND)
        return err;
    if (err == ERR_NONE)
        err = store_state_except_items(x->state, list->list_id, list->namespace_type, gather_item,
                                       &g);
    return err != ERR_NONE ? engine_exceptions_unreadable(why, err) : g.err;
}

struct filling {
    struct except_values *values;
    struct err_text *why;
    enum err err;
};

/* Values were checked when they came; one that a newer program refuses is passed over. */
static bool fill_value(void *ctx, const char *value)
{
    struct filling *f = ctx;
    f->err = except_values_add(f->values, value, strlen(value), f->why);
    if (f->err == ERR_INVALID)
        f->err = ERR_NONE;
    return f->err == ERR_NONE;
}

static enum err load_values(struct engine_exceptions *x, const char *id, struct except_values **out,
                            struct err_text *why)
{
    struct buf type;
    buf_init(&type);
    enum err err = store_state_value_list_type(x->state, id, &type);
    if (err == ERR_NONE)
        err = except_values_new(buf_text(&type), out, why);
    else if (err != ERR_NOT_FOUND)
        engine_exceptions_unreadable(why, err);
    buf_release(&type);
    if (err != ERR_NONE)
        return err;
    struct filling f = {.values = *out, .why = why};
    err = store_state_values(x->state, id, fill_value, &f);
    if (err != ERR_NONE)
        engine_exceptions_unreadable(why, err);
    else
        err = f.err;
    if (err != ERR_NONE) {
        except_values_unref(*out);
        return err;
    }
    except_values_seal(*out);
    return ERR_NONE;
}

static enum err find_values(void *ctx, const char *id, struct except_values **out,
                            struct err_text *why)
{
    struct engine_exceptions *x = ctx;
    for (size_t i = 0; i < x->loaded_n; i++) {
        if (strcmp(x->loaded[i].id, id) == 0) {
            *out = except_values_ref(x->loaded[i].values);
            return ERR_NONE;
        }
    }
    struct except_values *values;
    char *name = mem_strdup(id);
    enum err err = ERR_MEMORY;
    if (name != NULL &&
        mem_grow((void **)&x->loaded, &x->loaded_cap, x->loaded_n + 1, sizeof(*x->loaded)) == 0)
        err = load_values(x, id, &values, why);
    if (err != ERR_NONE) {
        mem_free(name);
        return err == ERR_MEMORY ? err_set(why, err, "%s", err_name(err)) : err;
    }
    x->loaded[x->loaded_n++] = (struct loaded){name, values};
    *out = except_values_ref(values);
    return ERR_NONE;
}

size_t engine_exceptions_named(const struct rule *r, struct except_named out[ENGINE_LISTS_MAX],
                               struct buf *key)
{
    const struct format_node *lists = format_node_get(r->node, "exceptions_list");
    size_t n = 0;
    for (size_t i = 0; i < format_node_count(lists) && n < ENGINE_LISTS_MAX; i++) {
        const struct format_node *at = format_node_at(lists, i);
        out[n] = (struct except_named){
            format_node_str(format_node_get(at, "list_id"), ""),
            format_node_str(format_node_get(at, "namespace_type"), "single"),
        };
        buf_format(key, "%s:%s\n", out[n].namespace_type, out[n].list_id);
        n++;
    }
    return n;
}

static bool match(const void *ctx, const struct event *e)
{
    return except_filter_match(ctx, e);
}

static struct made *find_made(struct engine_exceptions *x, const char *key)
{
    for (size_t i = 0; i < x->made_n; i++) {
        if (strcmp(x->made[i].key, key) == 0)
            return &x->made[i];
    }
    return NULL;
}

static enum err make_filter(struct engine_exceptions *x, const struct except_named *lists, size_t n,
                            const char *key, ts_ns now, struct except_filter **out,
                            struct err_text *why)
{
    const struct except_source source = {x, find_items, find_values};
    struct made *m = find_made(x, key);
    if (m != NULL && now >= m->from && now < except_filter_until(m->filter)) {
        *out = m->filter;
        return ERR_NONE;
    }
    if (m == NULL) {
        char *copy = mem_strdup(key);
        if (copy == NULL ||
            mem_grow((void **)&x->made, &x->made_cap, x->made_n + 1, sizeof(*x->made)) != 0) {
            mem_free(copy);
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        }
        m = &x->made[x->made_n];
        *m = (struct made){.key = copy};
    }
    struct except_filter *filter;
    enum err err = except_filter_new(lists, n, &source, now, &filter, why);
    if (err != ERR_NONE) {
        if (m == &x->made[x->made_n])
            mem_free(m->key);
        return err;
    }
    if (m == &x->made[x->made_n])
        x->made_n++;
    except_filter_free(m->filter);
    m->filter = filter;
    m->from = now;
    *out = filter;
    return ERR_NONE;
}

enum err engine_exceptions_find(struct engine_exceptions *x, const struct rule *r, ts_ns now,
                                struct rule_exceptions *out, struct err_text *why)
{
    struct except_named lists[ENGINE_LISTS_MAX];
    struct except_filter *filter = NULL;
    uint64_t changes = store_state_except_changes(x->state);
    struct buf key;
    buf_init(&key);
    if (changes != x->changes)
        forget(x);
    x->changes = changes;
    size_t n = engine_exceptions_named(r, lists, &key);
    enum err err = ERR_NONE;
    if (!buf_ok(&key))
        err = err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    else if (n > 0)
        err = make_filter(x, lists, n, buf_text(&key), now, &filter, why);
    if (err == ERR_NONE && filter != NULL)
        *out = (struct rule_exceptions){except_filter_query(filter), match, filter,
                                        except_filter_warning(filter)};
    buf_release(&key);
    return err;
}

/* Alerts that are to be closed, and what their documents then say. */
struct closing {
    const struct rule_exceptions *except;
    ts_ns now;
    struct event_json *reader;
    struct arena arena;  /* of the list */
    struct arena events; /* of the alert looked at */
    struct {
        const char *id;
        const char *doc;
    } * list;
    size_t n, cap;
    uint64_t seen;
    enum err err;
};

static enum err close_one(struct closing *c, const struct store_alert *alert)
{
    struct event e;
    struct buf doc;
    size_t n = strlen(alert->doc);
    arena_clear(&c->events);
    enum err err = event_json_read(c->reader, alert->doc, n, false, &c->events, &e, NULL);
    if (err != ERR_NONE)
        return err == ERR_MEMORY ? err : ERR_NONE;
    if (!c->except->match(c->except->ctx, &e))
        return ERR_NONE;
    buf_init(&doc);
    err = rule_amend_status(bytes_make(alert->doc, n), "closed", c->now, &doc, NULL);
    if (err == ERR_NONE) {
        const char *id = arena_strndup(&c->arena, alert->id, strlen(alert->id));
        const char *text = arena_strndup(&c->arena, buf_text(&doc), doc.n);
        if (id == NULL || text == NULL ||
            mem_grow((void **)&c->list, &c->cap, c->n + 1, sizeof(*c->list)) != 0) {
            err = ERR_MEMORY;
        } else {
            c->list[c->n].id = id;
            c->list[c->n++].doc = text;
        }
    }
    buf_release(&doc);
    return err;
}

static bool look_at(void *ctx, const struct store_alert *alert)
{
    struct closing *c = ctx;
    c->seen++;
    c->err = close_one(c, alert);
    return c->err == ERR_NONE;
}

static enum err close_page(struct engine_exceptions *x, struct closing *c,
                           const struct store_alert_filter *filter)
{
    c->n = 0;
    c->seen = 0;
    arena_clear(&c->arena);
    enum err err = store_state_alert_list(x->state, filter, look_at, c, NULL);
    if (err == ERR_NONE)
        err = c->err;
    for (size_t i = 0; i < c->n && err == ERR_NONE; i++) {
        err = store_state_alert_replace(x->state, c->list[i].id, c->list[i].doc);
        if (err == ERR_NONE)
            err = store_state_alert_set_status(x->state, c->list[i].id, "closed");
    }
    return err;
}

enum err engine_exceptions_close(struct engine_exceptions *x, const struct rule *r, ts_ns now,
                                 size_t *out_closed, struct err_text *why)
{
    struct rule_exceptions except = {0};
    enum err err = engine_exceptions_find(x, r, now, &except, why);
    *out_closed = 0;
    if (err != ERR_NONE || except.match == NULL)
        return err;
    struct closing c = {.except = &except, .now = now, .reader = event_json_new()};
    struct store_alert_filter filter = {.rule_id = r->rule_id,
                                        .not_closed = true,
                                        .from = TIME_NONE,
                                        .to = TIME_MAX,
                                        .limit = PAGE};
    arena_init(&c.arena, 0);
    arena_init(&c.events, 0);
    err = c.reader != NULL ? store_state_begin(x->state) : ERR_MEMORY;
    bool open = err == ERR_NONE;
    do {
        if (err == ERR_NONE)
            err = close_page(x, &c, &filter);
        /* What was closed is listed no more. */
        filter.skip += c.seen - c.n;
        *out_closed += c.n;
    } while (err == ERR_NONE && c.seen == PAGE);
    if (open && err == ERR_NONE)
        err = store_state_commit(x->state, NULL);
    else if (open)
        store_state_rollback(x->state);
    event_json_free(c.reader);
    mem_free(c.list);
    arena_release(&c.arena);
    arena_release(&c.events);
    if (err != ERR_NONE)
        return err_set(why, err, "alerts cannot be closed: %s", err_name(err));
    return ERR_NONE;
}
