/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/anchor.h"

#include "event/event.h"
#include "query/query.h"
#include "query/tree.h"

#include <string.h>

/* More values than that tell little apart. */
#define VALUES_MAX 64

/* Fields in which most events have one of a few values: better than nothing. */
static const event_field common[] = {
    EVENT_F_EVENT_KIND, EVENT_F_EVENT_CATEGORY, EVENT_F_EVENT_TYPE,   EVENT_F_HOST_OS_TYPE,
    EVENT_F_AGENT_TYPE, EVENT_F_EVENT_OUTCOME,  EVENT_F_EVENT_MODULE,
};

static bool is_common(event_field f)
{
    for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
        if (common[i] == f)
            return true;
    }
    return false;
}

/* A leaf that only these very values match. */
static bool is_exact(const struct query_node *n)
{
    return n->op == QUERY_TERMS && !n->fold && n->field.scope == QUERY_SCOPE_FIELD &&
           !n->field.fold && n->field.id != EVENT_F_NONE && n->by_kind == NULL &&
           (n->field.kind == EVENT_KIND_KEYWORD || n->field.kind == EVENT_KIND_WILDCARD ||
            n->field.kind == EVENT_KIND_LONG);
}

/* The leaf whose field all of the node is about; NULL: it is about more, or not exact. */
static const struct query_node *leaf_of(const struct query_node *n, uint32_t *values)
{
    if (is_exact(n)) {
        *values = n->n;
        return n;
    }
    if (n->op != QUERY_OR || n->min != 1 || n->n == 0)
        return NULL;
    *values = 0;
    for (uint32_t i = 0; i < n->n; i++) {
        if (!is_exact(n->child[i]) || n->child[i]->field.id != n->child[0]->field.id)
            return NULL;
        *values += n->child[i]->n;
    }
    return n->child[0];
}

/* Rather a field that tells much apart, then few values. */
static void consider(const struct query_node *n, struct hunt_anchor *best, uint32_t *best_rank)
{
    uint32_t values = 0;
    if (n->op == QUERY_AND) {
        for (uint32_t i = 0; i < n->n; i++)
            consider(n->child[i], best, best_rank);
        return;
    }
    const struct query_node *leaf = leaf_of(n, &values);
    if (leaf == NULL || values > VALUES_MAX)
        return;
    uint32_t rank = values + (is_common(leaf->field.id) ? VALUES_MAX : 0);
    if (rank >= *best_rank)
        return;
    *best_rank = rank;
    *best = (struct hunt_anchor){
        .field = event_field_def(leaf->field.id)->name, .id = leaf->field.id, .node = n};
}

bool hunt_anchor_find(const struct query *q, struct hunt_anchor *out)
{
    uint32_t rank = UINT32_MAX;
    consider(query_root(q), out, &rank);
    return rank != UINT32_MAX;
}

static void each_value(const struct query_node *leaf, hunt_anchor_fn fn, void *ctx)
{
    for (uint32_t i = 0; i < leaf->n; i++) {
        const struct query_value *v = &leaf->values[i];
        char scratch[EVENT_TEXT_SIZE];
        size_t n = v->len;
        const char *s = v->s;
        if (!v->possible)
            continue;
        if (leaf->field.kind == EVENT_KIND_LONG) {
            const struct event_value number = event_value_i64(v->i);
            s = event_value_text(&number, scratch, &n);
        }
        fn(ctx, bytes_make(s, n));
    }
}

void hunt_anchor_each(const struct hunt_anchor *a, hunt_anchor_fn fn, void *ctx)
{
    if (a->node->op != QUERY_OR) {
        each_value(a->node, fn, ctx);
        return;
    }
    for (uint32_t i = 0; i < a->node->n; i++)
        each_value(a->node->child[i], fn, ctx);
}
