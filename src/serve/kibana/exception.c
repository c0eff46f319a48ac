/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/exception.h"

#include "api/api.h"
#include "api/call.h"
#include "base/buf.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "kibana/batch.h"
#include "kibana/doc.h"
#include "store/state_except.h"

#include <string.h>

const struct kibana_exception_kind kibana_exception_list = {false, "exception list", "list_id"};
const struct kibana_exception_kind kibana_exception_item = {true, "exception list item", "item_id"};

void kibana_exceptions_init(struct kibana_exceptions *x)
{
    *x = (struct kibana_exceptions){.n = 0};
    arena_init(&x->arena, 0);
}

void kibana_exceptions_release(struct kibana_exceptions *x)
{
    for (size_t i = 0; i < x->n; i++)
        format_node_free(x->list[i].doc);
    mem_free(x->list);
    arena_release(&x->arena);
}

static const char *copy(struct kibana_exceptions *x, const char *s)
{
    const char *out = arena_strndup(&x->arena, s, strlen(s));
    if (out == NULL)
        x->err = ERR_MEMORY;
    return out;
}

static bool keep(void *ctx, const struct store_exception *row)
{
    struct kibana_exceptions *x = ctx;
    struct kibana_exception one = {.doc = NULL};
    one.name = copy(x, row->item_id != NULL ? row->item_id : row->list_id);
    one.list_id = copy(x, row->list_id);
    one.namespace_type = copy(x, row->namespace_type);
    one.id = copy(x, row->id);
    one.text = copy(x, row->doc);
    if (x->err == ERR_NONE && mem_grow((void **)&x->list, &x->cap, x->n + 1, sizeof(one)) != 0)
        x->err = ERR_MEMORY;
    if (x->err != ERR_NONE)
        return false;
    x->list[x->n++] = one;
    return true;
}

enum err kibana_exception_read(struct kibana_exception *x, struct err_text *why)
{
    return x->doc != NULL ? ERR_NONE
                          : format_node_json(x->text, strlen(x->text), x->id, &x->doc, why);
}

void kibana_exception_forget(struct kibana_exception *x)
{
    format_node_free(x->doc);
    x->doc = NULL;
}

static enum err read_done(struct kibana_exceptions *x, enum err err, struct err_text *why)
{
    if (err == ERR_NONE)
        err = x->err;
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "exceptions cannot be read: %s", err_name(err));
}

enum err kibana_exceptions_lists(struct api_call *c, struct kibana_exceptions *out,
                                 struct err_text *why)
{
    return read_done(out, store_state_except_lists(c->ports->state, keep, out), why);
}

enum err kibana_exceptions_items(struct api_call *c, const char *list_id,
                                 const char *namespace_type, struct kibana_exceptions *out,
                                 struct err_text *why)
{
    return read_done(
        out, store_state_except_items(c->ports->state, list_id, namespace_type, keep, out), why);
}

/* The only one that is looked for: by its id or, when that is NULL, by name and namespace. */
struct wanted {
    const char *id, *name, *namespace_type;
    struct kibana_exceptions *out;
};

static bool keep_wanted(void *ctx, const struct store_exception *row)
{
    struct wanted *w = ctx;
    const char *name = row->item_id != NULL ? row->item_id : row->list_id;
    if (w->id != NULL
            ? strcmp(row->id, w->id) != 0
            : strcmp(name, w->name) != 0 || strcmp(row->namespace_type, w->namespace_type) != 0)
        return true;
    return keep(w->out, row) && w->out->n == 0;
}

enum err kibana_exceptions_find(struct api_call *c, const struct kibana_exception_kind *kind,
                                const char *id, const char *name, const char *namespace_type,
                                struct kibana_exceptions *out, struct err_text *why)
{
    if (id == NULL && name == NULL)
        return api_call_fail(c, 400, NULL, why, "id or %s required", kind->key);
    struct store_state *st = c->ports->state;
    struct wanted wanted = {id, name, namespace_type, out};
    enum err err = kind->item ? store_state_except_items(st, NULL, NULL, keep_wanted, &wanted)
                              : store_state_except_lists(st, keep_wanted, &wanted);
    err = read_done(out, err, why);
    if (err == ERR_NONE && out->n > 0)
        return kibana_exception_read(&out->list[0], why);
    if (err != ERR_NONE)
        return err;
    return api_call_fail(c, 404, NULL, why, "%s %s: \"%.200s\" does not exist", kind->what,
                         id != NULL ? "id" : kind->key, id != NULL ? id : name);
}

enum err kibana_exception_expired(const struct api_call *c, struct kibana_exception *x, bool *out,
                                  struct err_text *why)
{
    enum err err = kibana_exception_read(x, why);
    const struct format_node *v = format_node_get(x->doc, "expire_time");
    ts_ns t;
    *out = time_parse_iso(format_node_str(v, ""), format_node_str_len(v), &t) && t <= c->now;
    kibana_exception_forget(x);
    return err;
}

/* What became of the only object. */
struct outcome {
    enum err err;
    struct err_text *why;
};

static void take_outcome(void *ctx, size_t i, enum err err, const char *message)
{
    struct outcome *o = ctx;
    (void)i;
    o->err = err;
    if (err != ERR_NONE)
        err_set(o->why, err, "%s", message);
}

enum err kibana_exception_put(struct api_call *c, const struct format_node *object,
                              const struct kibana_change *change, const char *version,
                              struct err_text *why)
{
    const struct kibana_batch_terms terms = {
        .fresh = version == NULL, .revision = -1, .version = version};
    struct outcome outcome = {ERR_NONE, why};
    struct kibana_batch batch;
    struct buf doc;
    buf_init(&doc);
    kibana_batch_init(&batch, c, "exception", "add", take_outcome, &outcome);
    enum err err = kibana_doc_write(object, change, &doc, why);
    if (err == ERR_NONE)
        err = kibana_batch_add(&batch, buf_text(&doc), doc.n, &terms, why);
    if (err == ERR_NONE)
        err = kibana_batch_end(&batch, why);
    kibana_batch_release(&batch);
    buf_release(&doc);
    return err == ERR_NONE ? outcome.err : err;
}

enum err kibana_exception_delete(struct api_call *c, const struct kibana_exception_kind *kind,
                                 const struct kibana_exception *x, struct err_text *why)
{
    struct buf request;
    struct format_writer w;
    buf_init(&request);
    format_write_init(&w, &request);
    format_write_begin_object(&w);
    format_write_field_str(&w, "command", "exception");
    format_write_field_str(&w, "verb", "remove");
    format_write_field_str(&w, "kind", kind->item ? "item" : "list");
    format_write_field_str(&w, "id", x->name);
    format_write_field_str(&w, "namespace_type", x->namespace_type);
    format_write_end_object(&w);
    enum err err = api_call_act(c, &request, NULL, why);
    buf_release(&request);
    return err;
}
