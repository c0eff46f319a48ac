/* SPDX-License-Identifier: Apache-2.0 */
#include "engine/connectors.h"

#include "base/arena.h"
#include "base/mem.h"
#include "format/node.h"
#include "format/write.h"
#include "rule/rule.h"
#include "store/state_notify.h"

#include <stdlib.h>
#include <string.h>

void engine_connectors_init(struct engine_connectors *c)
{
    *c = (struct engine_connectors){.n = 0};
    buf_init(&c->lines);
    buf_init(&c->missing);
    buf_init(&c->excluded);
}

void engine_connectors_release(struct engine_connectors *c)
{
    buf_release(&c->lines);
    buf_release(&c->missing);
    buf_release(&c->excluded);
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

/* {"id":"x","type":"action"}, one more member of a list. */
static void add_reference(struct buf *out, size_t *n, const char *id)
{
    struct format_writer w;
    buf_str(out, (*n)++ > 0 ? "," : "");
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "id", id);
    format_write_field_str(&w, "type", "action");
    format_write_end_object(&w);
}

static enum err write_line(const struct store_connector *row, struct buf *out, struct err_text *why)
{
    struct format_node *doc;
    struct format_writer w;
    enum err err = format_node_json(row->doc, strlen(row->doc), row->id, &doc, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *config = format_node_get(doc, "config");
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "id", row->id);
    format_write_field_str(&w, "type", "action");
    format_write_key(&w, "updated_at");
    format_write_time(&w, row->updated);
    format_write_key(&w, "attributes");
    format_write_begin_object(&w);
    format_write_field_str(&w, "actionTypeId",
                           format_node_str(format_node_get(doc, "connector_type_id"), ""));
    format_write_field_str(&w, "name", format_node_str(format_node_get(doc, "name"), ""));
    format_write_field_bool(&w, "isMissingSecrets", strcmp(row->secrets, "{}") != 0);
    format_write_key(&w, "config");
    if (format_node_type(config) == FORMAT_OBJECT)
        format_node_write_value(config, &w);
    else
        format_write_raw(&w, "{}", 2);
    format_write_key(&w, "secrets");
    format_write_raw(&w, "{}", 2);
    format_write_end_object(&w);
    format_write_key(&w, "references");
    format_write_raw(&w, "[]", 2);
    format_write_field_bool(&w, "managed", false);
    format_write_end_object(&w);
    buf_char(out, '\n');
    format_node_free(doc);
    return ERR_NONE;
}

static enum err export_one(struct store_state *state, const char *id, bool allowed,
                           struct engine_connectors *out, struct err_text *why)
{
    struct store_connector row;
    struct arena arena;
    arena_init(&arena, 0);
    enum err err = store_state_connector_get(state, id, &arena, &row);
    if (err == ERR_NOT_FOUND) {
        add_reference(&out->missing, &out->missing_n, id);
        err = ERR_NONE;
    } else if (err != ERR_NONE) {
        err_set(why, err, "connectors cannot be read: %s", err_name(err));
    } else if (!allowed) {
        add_reference(&out->excluded, &out->excluded_n, id);
    } else {
        err = write_line(&row, &out->lines, why);
        out->n++;
    }
    arena_release(&arena);
    return err;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

enum err engine_connectors_export(struct store_state *state, struct rule *const *rules, size_t n,
                                  bool allowed, struct engine_connectors *out, struct err_text *why)
{
    const char **ids = NULL;
    size_t ids_n = 0, cap = 0;
    enum err err = ERR_NONE;
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        const struct format_node *actions = format_node_get(rules[i]->node, "actions");
        for (size_t k = 0; k < format_node_count(actions) && err == ERR_NONE; k++) {
            const char *id =
                format_node_str(format_node_get(format_node_at(actions, k), "id"), NULL);
            if (id == NULL)
                continue;
            if (mem_grow((void **)&ids, &cap, ids_n + 1, sizeof(*ids)) != 0)
                err = no_memory(why);
            else
                ids[ids_n++] = id;
        }
    }
    if (ids_n > 0)
        qsort(ids, ids_n, sizeof(*ids), by_text);
    for (size_t i = 0; i < ids_n && err == ERR_NONE; i++)
        if (i == 0 || strcmp(ids[i], ids[i - 1]) != 0)
            err = export_one(state, ids[i], allowed, out, why);
    mem_free(ids);
    if (err == ERR_NONE &&
        (!buf_ok(&out->lines) || !buf_ok(&out->missing) || !buf_ok(&out->excluded)))
        err = no_memory(why);
    return err;
}

enum err engine_connectors_read(const char *json, size_t n, struct buf *out, struct err_text *why)
{
    struct format_node *doc;
    struct format_writer w;
    enum err err = format_node_json(json, n, "connector", &doc, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *attributes = format_node_get(doc, "attributes");
    const struct format_node *config = format_node_get(attributes, "config");
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "id", format_node_str(format_node_get(doc, "id"), ""));
    format_write_field_str(&w, "name", format_node_str(format_node_get(attributes, "name"), ""));
    format_write_field_str(&w, "connector_type_id",
                           format_node_str(format_node_get(attributes, "actionTypeId"), ""));
    format_write_key(&w, "config");
    format_write_begin_object(&w);
    /* Kibana writes null for what is not set, also for keys that are not known here. */
    for (size_t i = 0; i < format_node_count(config); i++) {
        const struct format_node *v = format_node_at(config, i);
        if (format_node_key(v) == NULL || format_node_type(v) == FORMAT_NULL)
            continue;
        format_write_key_n(&w, format_node_key(v), format_node_key_len(v));
        format_node_write_value(v, &w);
    }
    format_write_end_object(&w);
    format_write_end_object(&w);
    format_node_free(doc);
    return buf_ok(out) ? ERR_NONE : no_memory(why);
}
