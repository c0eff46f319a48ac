/* SPDX-License-Identifier: Apache-2.0 */
#include "kibana/connector_import.h"

#include "api/api.h"
#include "api/call.h"
#include "api/form.h"
#include "auth/guard.h"
#include "base/arena.h"
#include "base/mem.h"
#include "format/node.h"
#include "kibana/batch.h"
#include "kibana/transfer.h"
#include "rule/load.h"
#include "rule/rule.h"
#include "store/state_notify.h"

#include <stdio.h>
#include <string.h>

/* Missing connectors that are told of. */
#define MISSING_MAX 100

void kibana_connector_import_init(struct kibana_connector_import *x, struct api_call *call)
{
    *x = (struct kibana_connector_import){.call = call};
    buf_init(&x->errors);
    format_write_init(&x->error, &x->errors);
    format_write_begin_array(&x->error);
}

void kibana_connector_import_release(struct kibana_connector_import *x)
{
    mem_free(x->objects);
    buf_release(&x->errors);
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

enum err kibana_connector_import_add(struct kibana_connector_import *x, const char *json, size_t n,
                                     struct err_text *why)
{
    struct format_node *doc;
    enum err err = format_node_json(json, n, "file", &doc, why);
    if (err != ERR_NONE)
        return err;
    const struct format_node *attributes = format_node_get(doc, "attributes");
    const struct format_node *config = format_node_get(attributes, "config");
    const char *id = format_node_str(format_node_get(doc, "id"), "(unknown id)");
    const struct kibana_connector_object o = {
        .json = json,
        .n = n,
        .id = arena_strndup(&x->call->arena, id, strlen(id)),
        .lacks = format_node_bool(format_node_get(attributes, "isMissingSecrets"), false) ||
                 format_node_bool(format_node_get(config, "hasAuth"), false),
    };
    if (o.id == NULL || mem_grow((void **)&x->objects, &x->cap, x->n + 1, sizeof(*x->objects)) != 0)
        err = no_memory(why);
    else
        x->objects[x->n++] = o;
    format_node_free(doc);
    return err;
}

static void refuse(struct kibana_connector_import *x, const char *id, unsigned status,
                   const char *message)
{
    kibana_transfer_error(&x->error, "id", id, status, message);
    x->failed++;
}

static void take_outcome(void *ctx, size_t i, enum err err, const char *message)
{
    struct kibana_connector_import *x = ctx;
    const struct kibana_connector_object *o = &x->objects[i];
    if (err == ERR_NONE) {
        x->done++;
        x->lacking += o->lacks;
    } else if (err != ERR_EXISTS) { /* one that is there serves the rules as it is */
        refuse(x, o->id, api_form_status(err), message);
    }
}

static enum err see(struct kibana_connector_import *x, const char *id, bool *out_there,
                    struct err_text *why)
{
    struct store_connector row;
    struct arena arena;
    arena_init(&arena, 0);
    enum err err = store_state_connector_get(x->call->ports->state, id, &arena, &row);
    arena_release(&arena);
    *out_there = err == ERR_NONE;
    return err == ERR_NONE || err == ERR_NOT_FOUND
               ? ERR_NONE
               : err_set(why, err, "connectors cannot be read: %s", err_name(err));
}

static enum err put(struct kibana_connector_import *x, struct err_text *why)
{
    const struct kibana_batch_terms terms = {.fresh = !x->overwrite, .revision = -1};
    bool may = auth_role_may(x->call->guest->role, AUTH_RIGHT_ADMIN);
    struct kibana_batch batch;
    enum err err = ERR_NONE;
    kibana_batch_init(&batch, x->call, "connector", "import", take_outcome, x);
    for (size_t i = 0; i < x->n && err == ERR_NONE; i++) {
        const struct kibana_connector_object *o = &x->objects[i];
        bool there = false;
        if (may) {
            err = kibana_batch_add(&batch, o->json, o->n, &terms, why);
            continue;
        }
        err = see(x, o->id, &there, why);
        if (err == ERR_NONE && (!there || x->overwrite))
            refuse(x, o->id, 403, "the admin alone makes and changes connectors");
    }
    if (err == ERR_NONE)
        err = kibana_batch_end(&batch, why);
    kibana_batch_release(&batch);
    return err;
}

static bool among(const char *const *ids, size_t n, const char *id)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(ids[i], id) == 0)
            return true;
    return false;
}

/* Each missing one once; rules that name them are imported, and say so when they have alerts. */
static enum err tell_missing(struct kibana_connector_import *x, const struct rule_set *set,
                             struct err_text *why)
{
    const char *missing[MISSING_MAX];
    size_t n = 0;
    for (size_t i = 0; i < rule_set_count(set); i++) {
        const struct format_node *actions = format_node_get(rule_set_at(set, i)->node, "actions");
        for (size_t k = 0; k < format_node_count(actions) && n < MISSING_MAX; k++) {
            const struct format_node *action = format_node_at(actions, k);
            const char *id = format_node_str(format_node_get(action, "id"), "");
            char text[300];
            bool there;
            if (among(missing, n, id))
                continue;
            enum err err = see(x, id, &there, why);
            if (err != ERR_NONE)
                return err;
            if (there)
                continue;
            missing[n++] = id;
            snprintf(text, sizeof(text), "1 connector is missing. Connector id missing is: %.200s",
                     id);
            refuse(x, id, 404, text);
        }
    }
    return ERR_NONE;
}

enum err kibana_connector_import_end(struct kibana_connector_import *x, const struct rule_set *set,
                                     struct err_text *why)
{
    enum err err = put(x, why);
    if (err == ERR_NONE)
        err = tell_missing(x, set, why);
    format_write_end_array(&x->error);
    return err == ERR_NONE && !buf_ok(&x->errors) ? no_memory(why) : err;
}

void kibana_connector_import_warn(const struct kibana_connector_import *x, struct format_writer *w)
{
    char text[100];
    format_write_begin_array(w);
    if (x->lacking > 0) {
        snprintf(text, sizeof(text), "%zu %s that the file does not hold; they are to be given now",
                 x->lacking, x->lacking == 1 ? "connector has secrets" : "connectors have secrets");
        format_write_begin_object(w);
        format_write_field_str(w, "type", "action_required");
        format_write_field_str(w, "message", text);
        format_write_field_str(w, "actionPath", "/api/actions/connectors");
        format_write_end_object(w);
    }
    format_write_end_array(w);
}
