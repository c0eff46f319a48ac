/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/eval_priv.h"

#include "base/assert.h"
#include "eql/function_priv.h"
#include "event/event.h"
#include "query/leaf.h"
#include "query/regexp.h"

#include <string.h>

const struct event_value *eql_eval_field(const struct event *e, const struct eql_node *field,
                                         struct event_value *scratch, uint32_t *out_n)
{
    *out_n = 0;
    if (field->id == EVENT_F_NONE && field->kind == EVENT_KIND_DATE) {
        *scratch = event_value_time(e->time); /* @timestamp is no item */
        *out_n = 1;
        return scratch;
    }
    const struct event_item *item = field->id != EVENT_F_NONE
                                        ? event_get(e, field->id)
                                        : event_find(e, field->name, field->path_n);
    if (item == NULL)
        return NULL;
    *out_n = item->n;
    return event_values(item);
}

static struct eql_value call(const struct eql_eval *v, const struct eql_node *node)
{
    struct eql_value few[4], *args = few;
    if (node->n > 4)
        args = arena_alloc(v->arena, node->n * sizeof *args);
    if (args == NULL)
        return eql_value_null();
    for (uint32_t i = 0; i < node->n; i++)
        args[i] = eql_eval_value(v, node->child[i]);
    return eql_function_call(node->function, args, node->n, node->fold, v->arena);
}

struct eql_value eql_eval_value(const struct eql_eval *v, const struct eql_node *node)
{
    int truth;
    switch ((enum eql_op)node->op) {
    case EQL_LITERAL:
        return node->value;
    case EQL_FIELD:
        return v->current[node->slot] != NULL ? eql_value_of(v->current[node->slot], v->arena)
                                              : eql_value_null();
    case EQL_CALL:
        return call(v, node);
    default:
        truth = eql_eval_condition(v, node);
        return truth < 0 ? eql_value_null() : eql_value_bool(truth == 1);
    }
}

static bool member(const struct eql_node *node, const struct eql_value *left,
                   const struct eql_value *right, uint32_t i)
{
    bool texts = left->type == EQL_STR && right->type == EQL_STR;
    switch ((enum eql_op)node->op) {
    case EQL_IN:
        if (node->fold && texts)
            return left->n == right->n && query_leaf_equal_fold(left->s, right->s, left->n);
        return eql_value_compare(EQL_EQ, left, right) == 1;
    case EQL_LIKE:
        return query_leaf_wildcard(right->s, right->n, left->s, left->n, node->fold);
    default:
        return query_regexp_match(node->regexps[i - 1], left->s, left->n);
    }
}

/* in, like, regex: one of the others. */
static int any_member(const struct eql_eval *v, const struct eql_node *node)
{
    struct eql_value left = eql_eval_value(v, node->child[0]);
    if (node->op != EQL_IN)
        left = eql_value_string(left, v->arena);
    if (left.type == EQL_NULL)
        return -1;
    for (uint32_t i = 1; i < node->n; i++) {
        if (member(node, &left, &node->child[i]->value, i))
            return 1;
    }
    return 0;
}

/* With one value for each field. */
static int once(const struct eql_eval *v, const struct eql_node *node)
{
    struct eql_value a, b;
    switch ((enum eql_op)node->op) {
    case EQL_COMPARE:
        a = eql_eval_value(v, node->child[0]);
        b = eql_eval_value(v, node->child[1]);
        return eql_value_compare(node->cmp, &a, &b);
    case EQL_IS_NULL:
        a = eql_eval_value(v, node->child[0]);
        return a.type == EQL_NULL;
    case EQL_CALL:
        a = call(v, node);
        return a.type == EQL_BOOL ? a.b : -1;
    default:
        return any_member(v, node);
    }
}

/*
 * All combinations of the fields' values, like an odometer. For IS_NULL all must be null: a field
 * with any value that gives one is not.
 */
static int comparison(const struct eql_eval *outer, const struct eql_node *node)
{
    const struct event_value *values[EQL_FIELDS_MAX];
    struct event_value scratch[EQL_FIELDS_MAX];
    uint32_t n[EQL_FIELDS_MAX], at[EQL_FIELDS_MAX] = {0};
    struct eql_eval v = {.e = outer->e, .arena = outer->arena};
    for (uint8_t i = 0; i < node->n_fields; i++) {
        values[i] = eql_eval_field(v.e, node->fields[i], &scratch[i], &n[i]);
        v.current[i] = n[i] > 0 ? values[i] : NULL;
    }
    bool all = node->op == EQL_IS_NULL, some_false = false;
    size_t used = v.arena->used;
    for (unsigned round = 0;
         round < EQL_EVAL_COMBINATIONS && v.arena->used - used <= EQL_EVAL_BYTES; round++) {
        int truth = once(&v, node);
        if (truth == (all ? 0 : 1))
            return truth;
        some_false = some_false || truth == 0;
        uint8_t i = 0;
        for (; i < node->n_fields; i++) {
            if (++at[i] < n[i])
                break;
            at[i] = 0;
            v.current[i] = n[i] > 0 ? values[i] : NULL;
        }
        if (i == node->n_fields)
            break;
        v.current[i] = &values[i][at[i]];
    }
    return all ? 1 : some_false ? 0 : -1;
}

/* Kleene: all (of and) or any (of or). */
static int joined(const struct eql_eval *v, const struct eql_node *node)
{
    int decides = node->op == EQL_OR ? 1 : 0;
    int result = 1 - decides;
    for (uint32_t i = 0; i < node->n; i++) {
        int truth = eql_eval_condition(v, node->child[i]);
        if (truth == decides)
            return truth;
        if (truth < 0)
            result = -1;
    }
    return result;
}

int eql_eval_condition(const struct eql_eval *v, const struct eql_node *node)
{
    int truth;
    switch ((enum eql_op)node->op) {
    case EQL_LITERAL:
        return node->value.type == EQL_BOOL ? node->value.b : -1;
    case EQL_AND:
    case EQL_OR:
        return joined(v, node);
    case EQL_NOT:
        truth = eql_eval_condition(v, node->child[0]);
        return truth < 0 ? truth : 1 - truth;
    case EQL_ASK:
        return query_match(node->leaf, v->e);
    case EQL_FIELD:
        ASSERT(false); /* checked conditions hold none */
        return -1;
    default:
        return comparison(v, node);
    }
}
