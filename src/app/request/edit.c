/* SPDX-License-Identifier: Apache-2.0 */
/* Rules one by one: put and deleted, as programs do it that have the whole object in their hands.
 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "engine/install.h"
#include "rule/rule.h"
#include "store/state.h"

#include <string.h>

static enum err read_rule(struct request_asked *a, struct rule **out, struct err_text *why)
{
    const char *text = request_asked_text(a, "text", "");
    struct format_node *node;
    enum err err = format_node_json(text, strlen(text), "rule", &node, why);
    if (err != ERR_NONE)
        return err;
    err = rule_new_take(node, RULE_FORM_API, NULL, NULL, out, why);
    if (err != ERR_NONE)
        format_node_free(node);
    return err;
}

static int64_t revision_of(const char *doc)
{
    struct format_node *node;
    struct err_text ignored;
    if (format_node_json(doc, strlen(doc), "rule", &node, &ignored) != ERR_NONE)
        return 0;
    int64_t revision = format_node_int(format_node_get(node, "revision"), 0);
    format_node_free(node);
    return revision;
}

/* Whether the rule that is there, or that none is, is what the one who writes believes. */
static enum err see_old(struct request_asked *a, const struct rule *rule, enum err found,
                        const struct store_rule *old, struct err_text *why)
{
    bool fresh = format_node_bool(format_node_get(a->request, "fresh"), false);
    int64_t revision = request_asked_number(a, "revision", -1);
    if (found != ERR_NONE && found != ERR_NOT_FOUND)
        return err_set(why, found, "the rule cannot be read: %s", err_name(found));
    if (fresh)
        return found == ERR_NOT_FOUND
                   ? ERR_NONE
                   : err_set(why, ERR_EXISTS, "rule_id: \"%.200s\" already exists", rule->rule_id);
    if (found == ERR_NOT_FOUND)
        return err_set(why, found, "rule_id: \"%.200s\" not found", rule->rule_id);
    if (revision >= 0 && revision != revision_of(old->doc))
        return err_set(why, ERR_BUSY,
                       "rule_id: \"%.200s\" was changed by somebody else meanwhile; read it again",
                       rule->rule_id);
    return ERR_NONE;
}

static enum err put(struct request_asked *a, struct err_text *why)
{
    struct arena arena;
    struct store_rule old = {.package = NULL};
    struct rule *rule;
    struct store_state *state = a->data->state;
    enum err err = read_rule(a, &rule, why);
    if (err != ERR_NONE)
        return err;
    arena_init(&arena, 0);
    err = store_state_begin(state);
    if (err != ERR_NONE) {
        err_set(why, err, "the rule cannot be written: %s", err_name(err));
    } else {
        err = see_old(a, rule, store_state_rule_get(state, rule->rule_id, &arena, &old), &old, why);
        if (err == ERR_NONE)
            err = engine_install_rule(state, rule, old.package, rule->enabled, a->data->now(), why);
        if (err == ERR_NONE)
            err = store_state_commit(state, why);
        else
            store_state_rollback(state);
    }
    arena_release(&arena);
    rule_unref(rule);
    return err == ERR_NONE ? request_asked_reload(a, why) : err;
}

static enum err delete_rule(struct request_asked *a, struct err_text *why)
{
    const char *id = request_asked_text(a, "id", "");
    enum err err = store_state_rule_delete(a->data->state, id);
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no rule '%s'; weir rule list shows them", id);
    if (err != ERR_NONE)
        return err_set(why, err, "the rule cannot be deleted: %s", err_name(err));
    return request_asked_reload(a, why);
}

bool request_edit(struct request_asked *a, const char *verb, enum err *out, struct err_text *why)
{
    if (strcmp(verb, "put") == 0)
        *out = put(a, why);
    else if (strcmp(verb, "delete") == 0)
        *out = delete_rule(a, why);
    else
        return false;
    return true;
}
