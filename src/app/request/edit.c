/* SPDX-License-Identifier: Apache-2.0 */
/* Rules one by one: put and deleted, as programs do it that have the whole object in their hands.
 */
#include "request/request_priv.h"

#include "base/arena.h"
#include "engine/install.h"
#include "rule/rule.h"
#include "store/state.h"

#include <string.h>

/* A rule that is to be put, and what the one who writes believes of the old one. */
struct putting {
    const char *text;
    size_t n;
    bool fresh;       /* there is none */
    int64_t revision; /* that of the old one; -1: any */
};

static struct putting read_putting(const struct format_node *object)
{
    const struct format_node *text = format_node_get(object, "text");
    return (struct putting){
        .text = format_node_str(text, ""),
        .n = format_node_str_len(text),
        .fresh = format_node_bool(format_node_get(object, "fresh"), false),
        .revision = format_node_int(format_node_get(object, "revision"), -1),
    };
}

static enum err read_rule(const struct putting *p, struct rule **out, struct err_text *why)
{
    struct format_node *node;
    enum err err = format_node_json(p->text, p->n, "rule", &node, why);
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
static enum err see_old(const struct putting *p, const struct rule *rule, enum err found,
                        const struct store_rule *old, struct err_text *why)
{
    if (found != ERR_NONE && found != ERR_NOT_FOUND)
        return err_set(why, found, "the rule cannot be read: %s", err_name(found));
    if (p->fresh)
        return found == ERR_NOT_FOUND
                   ? ERR_NONE
                   : err_set(why, ERR_EXISTS, "rule_id: \"%.200s\" already exists", rule->rule_id);
    if (found == ERR_NOT_FOUND)
        return err_set(why, found, "rule_id: \"%.200s\" not found", rule->rule_id);
    if (p->revision >= 0 && p->revision != revision_of(old->doc))
        return err_set(why, ERR_BUSY,
                       "rule_id: \"%.200s\" was changed by somebody else meanwhile; read it again",
                       rule->rule_id);
    return ERR_NONE;
}

/* One of a transaction. *out_refused: the rule is wrong, and nothing was written. */
typedef enum err (*one_fn)(struct request_asked *a, const struct format_node *object,
                           bool *out_refused, struct err_text *why);

static enum err put_one(struct request_asked *a, const struct format_node *object,
                        bool *out_refused, struct err_text *why)
{
    struct arena arena;
    struct store_rule old = {.package = NULL};
    struct rule *rule;
    struct store_state *state = a->data->state;
    const struct putting p = read_putting(object);
    enum err err = read_rule(&p, &rule, why);
    *out_refused = err != ERR_MEMORY;
    if (err != ERR_NONE)
        return err;
    arena_init(&arena, 0);
    err = see_old(&p, rule, store_state_rule_get(state, rule->rule_id, &arena, &old), &old, why);
    *out_refused = err == ERR_EXISTS || err == ERR_NOT_FOUND || err == ERR_BUSY;
    if (err == ERR_NONE)
        err = engine_install_rule(state, rule, old.package, rule->enabled, a->data->now(), why);
    arena_release(&arena);
    rule_unref(rule);
    return err;
}

/* By its rule_id: the text of one of several, the request's id when it is alone. */
static enum err delete_one(struct request_asked *a, const struct format_node *object,
                           bool *out_refused, struct err_text *why)
{
    const char *alone = format_node_str(format_node_get(object, "id"), "");
    const char *id = format_node_str(format_node_get(object, "text"), alone);
    enum err err = store_state_rule_delete(a->data->state, id);
    *out_refused = err == ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND)
        return err_set(why, err, "there is no rule '%s'; weir rule list shows them", id);
    return err == ERR_NONE ? ERR_NONE
                           : err_set(why, err, "the rule cannot be deleted: %s", err_name(err));
}

/* Those of a list, each for itself, or the one of the request: in one transaction. */
static enum err do_all(struct request_asked *a, one_fn fn, struct err_text *why)
{
    const struct format_node *objects = format_node_get(a->request, "objects");
    size_t n = objects != NULL ? format_node_count(objects) : 1;
    struct store_state *state = a->data->state;
    enum err err = store_state_begin(state);
    if (err != ERR_NONE)
        return err_set(why, err, "rules cannot be written: %s", err_name(err));
    for (size_t i = 0; i < n && err == ERR_NONE; i++) {
        bool refused = false;
        err = fn(a, objects != NULL ? format_node_at(objects, i) : a->request, &refused, why);
        if (err != ERR_NONE && refused && objects != NULL)
            err = request_asked_refuse(a, i, err, why);
    }
    if (err == ERR_NONE)
        err = store_state_commit(state, why);
    else
        store_state_rollback(state);
    return err == ERR_NONE ? request_asked_reload(a, why) : err;
}

bool request_edit(struct request_asked *a, const char *verb, enum err *out, struct err_text *why)
{
    if (strcmp(verb, "put") == 0)
        *out = do_all(a, put_one, why);
    else if (strcmp(verb, "delete") == 0)
        *out = do_all(a, delete_one, why);
    else
        return false;
    return true;
}
