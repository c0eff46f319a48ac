/* SPDX-License-Identifier: Apache-2.0 */
#include "base/mem.h"
#include "eql/tree_priv.h"
#include "query/tree.h"

/*
 * What is no leaf is taken as all events, or as none where a negation turns that round: the filter
 * is met by every event that the condition wants.
 */

static enum err bound(const struct eql_node *node, bool upper, struct query **out);

static enum err constant(bool all, struct query **out)
{
    return all ? query_new_all(out) : query_new_none(out);
}

static bool is(const struct query *q, enum query_op op)
{
    return query_root(q)->op == op;
}

/* All or any of a list, which it takes; what changes nothing is left out. */
static enum err join(struct query **list, size_t n, bool all, struct query **out)
{
    size_t used = 0;
    bool decided = false;
    enum err e;
    for (size_t i = 0; i < n; i++) {
        decided = decided || is(list[i], all ? QUERY_NONE : QUERY_ALL);
        if (is(list[i], all ? QUERY_ALL : QUERY_NONE))
            query_free(list[i]);
        else
            list[used++] = list[i];
    }
    if (decided || used == 0)
        e = constant(decided ? !all : all, out);
    else if (used == 1)
        e = ERR_NONE;
    else
        e = all ? query_all_of_take(list, used, out) : query_any_of_take(list, used, out);
    if (e == ERR_NONE && !decided && used == 1)
        *out = list[0];
    else if (e != ERR_NONE || decided) {
        for (size_t i = 0; i < used; i++)
            query_free(list[i]);
    }
    return e;
}

static enum err joined(const struct eql_node *node, bool upper, struct query **out)
{
    struct query **list = mem_zero(node->n, sizeof *list);
    enum err e = list == NULL ? ERR_MEMORY : ERR_NONE;
    uint32_t n = 0;
    while (e == ERR_NONE && n < node->n) {
        e = bound(node->child[n], upper, &list[n]);
        n += e == ERR_NONE;
    }
    if (e == ERR_NONE) {
        e = join(list, n, node->op == EQL_AND, out);
    } else {
        while (n > 0)
            query_free(list[--n]);
    }
    mem_free(list);
    return e;
}

static enum err negated(const struct eql_node *node, bool upper, struct query **out)
{
    struct query *child;
    enum err e = bound(node->child[0], !upper, &child);
    if (e != ERR_NONE)
        return e;
    if (is(child, QUERY_ALL) || is(child, QUERY_NONE)) {
        e = constant(is(child, QUERY_NONE), out);
        query_free(child);
        return e;
    }
    e = query_not_take(child, out);
    if (e != ERR_NONE)
        query_free(child);
    return e;
}

/* A query met at least (upper) or at most by what the condition wants. */
static enum err bound(const struct eql_node *node, bool upper, struct query **out)
{
    switch ((enum eql_op)node->op) {
    case EQL_LITERAL:
        return constant(node->value.type == EQL_BOOL && node->value.b, out);
    case EQL_AND:
    case EQL_OR:
        return joined(node, upper, out);
    case EQL_NOT:
        return negated(node, upper, out);
    case EQL_ASK:
        return query_new_leaf(node->name, node->name_n, node->ask, 0, NULL, out, NULL);
    default:
        return constant(upper, out);
    }
}

enum err eql_filter(const struct eql *q, struct query **out)
{
    size_t n = q->n_items + (q->until != NULL);
    struct query **list = mem_zero(n, sizeof *list);
    enum err e = list == NULL ? ERR_MEMORY : ERR_NONE;
    size_t at = 0;
    while (e == ERR_NONE && at < n) {
        const struct eql_item *item = at < q->n_items ? &q->items[at] : q->until;
        e = bound(item->condition, true, &list[at]);
        at += e == ERR_NONE;
    }
    if (e == ERR_NONE) {
        e = join(list, n, false, out);
    } else {
        while (at > 0)
            query_free(list[--at]);
    }
    mem_free(list);
    return e;
}
