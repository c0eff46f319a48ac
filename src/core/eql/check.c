/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/check_priv.h"

#include "base/ip.h"
#include "eql/eval_priv.h"
#include "eql/function_priv.h"
#include "query/regexp.h"

#include <string.h>

struct eql_node *eql_check_node(struct eql_lex *x, enum eql_op op, uint32_t at, uint32_t n)
{
    struct eql_node *v = eql_lex_alloc(x, sizeof *v);
    if (v == NULL)
        return NULL;
    v->op = (uint8_t)op;
    v->at = at;
    v->id = EVENT_F_NONE;
    v->type = EQL_BOOL;
    v->n = n;
    v->child = n > 0 ? eql_lex_alloc(x, n * sizeof *v->child) : NULL;
    return n == 0 || v->child != NULL ? v : NULL;
}

struct eql_node *eql_check_literal(struct eql_lex *x, uint32_t at, struct eql_value value)
{
    struct eql_node *v = eql_check_node(x, EQL_LITERAL, at, 0);
    if (v != NULL) {
        v->value = value;
        v->type = value.type;
    }
    return v;
}

static struct eql_node *truth(struct eql_lex *x, uint32_t at, int t)
{
    return eql_check_literal(x, at, t < 0 ? eql_value_null() : eql_value_bool(t == 1));
}

static enum eql_cmp opposite(enum eql_cmp cmp)
{
    static const enum eql_cmp to[] = {EQL_NE, EQL_EQ, EQL_GE, EQL_GT, EQL_LE, EQL_LT};
    return to[cmp];
}

/* With the sides exchanged. */
static enum eql_cmp mirrored(enum eql_cmp cmp)
{
    static const enum eql_cmp to[] = {EQL_EQ, EQL_NE, EQL_GT, EQL_GE, EQL_LT, EQL_LE};
    return to[cmp];
}

struct eql_node *eql_check_not(struct eql_lex *x, struct eql_node *child)
{
    if (child == NULL)
        return NULL;
    if (child->op == EQL_NOT)
        return child->child[0];
    if (child->op == EQL_LITERAL)
        return truth(x, child->at, child->value.type == EQL_BOOL ? !child->value.b : -1);
    if (child->op == EQL_ASK && child->ordered)
        return eql_question_compare(x, child->at, child->child[0], opposite(child->cmp),
                                    child->child[1]);
    if (child->op == EQL_COMPARE && child->cmp != EQL_EQ) {
        child->cmp = (uint8_t)opposite(child->cmp); /* an order: != is never kept */
        return child;
    }
    struct eql_node *v = eql_check_node(x, EQL_NOT, child->at, 1);
    if (v != NULL)
        v->child[0] = child;
    return v;
}

static bool is_condition(const struct eql_node *v)
{
    return v->op >= EQL_AND || (v->op == EQL_CALL && v->type == EQL_BOOL);
}

/* The fields whose values one comparison goes through; what is a condition itself has its own. */
static bool collect(struct eql_lex *x, struct eql_node *owner, struct eql_node *v)
{
    if (v->op == EQL_FIELD) {
        uint8_t i = 0;
        while (i < owner->n_fields && (owner->fields[i]->name_n != v->name_n ||
                                       memcmp(owner->fields[i]->name, v->name, v->name_n) != 0))
            i++;
        if (i == EQL_FIELDS_MAX) {
            eql_lex_fail(x, v->at, ERR_LIMIT, "expected at most %d fields in one comparison",
                         EQL_FIELDS_MAX);
            return false;
        }
        v->slot = i;
        if (i == owner->n_fields)
            owner->fields[owner->n_fields++] = v;
        return true;
    }
    if (v != owner && v->op != EQL_CALL)
        return true;
    for (uint32_t i = 0; i < v->n; i++) {
        if (!collect(x, owner, v->child[i]))
            return false;
    }
    return true;
}

/* A condition that is computed: its fields, or its result when there are none. */
static struct eql_node *computed(struct eql_lex *x, struct eql_node *v)
{
    if (v == NULL)
        return NULL;
    v->fields = eql_lex_alloc(x, EQL_FIELDS_MAX * sizeof *v->fields);
    v->n_fields = 0;
    return v->fields != NULL && collect(x, v, v) ? v : NULL;
}

static bool all_literals(const struct eql_node *v)
{
    for (uint32_t i = 0; i < v->n; i++) {
        if (v->child[i]->op != EQL_LITERAL)
            return false;
    }
    return true;
}

static struct eql_node *value(struct eql_lex *x, struct eql_node *v);

static const char *type_name(uint8_t type)
{
    static const char *const names[] = {"null", "true or false", "a number", "a number", "a text"};
    return type < EQL_ANY ? names[type] : "a value";
}

/* Whether an argument of this type may stand there; its node for the place. */
static bool argument_fits(struct eql_lex *x, const struct eql_node *call, uint32_t i)
{
    const struct eql_node *arg = call->child[i];
    struct ip_net net;
    uint8_t type = arg->type;
    const char *what = NULL;
    if (type == EQL_NULL)
        return true;
    switch (eql_function_argument(call->function, i)) {
    case EQL_ARG_TEXT:
        what = type != EQL_STR && type != EQL_ANY ? "a text" : NULL;
        break;
    case EQL_ARG_NUMBER:
        what = type == EQL_STR || type == EQL_BOOL ? "a number" : NULL;
        break;
    case EQL_ARG_BOOL:
        what = type != EQL_BOOL && type != EQL_ANY ? "true or false" : NULL;
        break;
    case EQL_ARG_NET:
        if (arg->op != EQL_LITERAL || type != EQL_STR ||
            !ip_parse_net(arg->value.s, arg->value.n, &net))
            what = "a net such as \"10.0.0.0/8\"";
        break;
    default:
        break;
    }
    if (what == NULL)
        return true;
    if (arg->op == EQL_FIELD)
        eql_lex_fail(x, arg->at, ERR_INVALID, "expected %s for %s: field %.100s holds none", what,
                     call->function->name, arg->name);
    else
        eql_lex_fail(x, arg->at, ERR_INVALID, "expected %s for %s, found %s", what,
                     call->function->name, type_name(type));
    return false;
}

static struct eql_node *call_value(struct eql_lex *x, struct eql_node *v)
{
    bool null = false;
    for (uint32_t i = 0; i < v->n; i++) {
        v->child[i] = value(x, v->child[i]);
        if (v->child[i] == NULL)
            return NULL;
        if (v->child[i]->op == EQL_FIELD && !eql_question_usable(x, v->child[i]))
            return NULL;
        if (!argument_fits(x, v, i))
            return NULL;
        bool base = i == 1 && strcmp(v->function->name, "number") == 0;
        null = null || (v->child[i]->type == EQL_NULL && !base);
    }
    v->type = v->function->type;
    if (null)
        return eql_check_literal(x, v->at, eql_value_null());
    if (!all_literals(v))
        return v;
    struct eql_eval none = {.arena = &x->q->arena};
    return eql_check_literal(x, v->at, eql_eval_value(&none, v));
}

/* A value, or a condition where a value may stand. */
static struct eql_node *value(struct eql_lex *x, struct eql_node *v)
{
    switch ((enum eql_op)v->op) {
    case EQL_LITERAL:
        v->type = v->value.type;
        return v;
    case EQL_FIELD:
        return eql_question_field(x, v) ? v : NULL;
    case EQL_CALL:
        return call_value(x, v);
    default:
        return eql_check_condition(x, v);
    }
}

/* A checked value as a condition. */
static struct eql_node *as_condition(struct eql_lex *x, struct eql_node *v)
{
    struct eql_node yes = {.op = EQL_LITERAL, .value = eql_value_bool(true)};
    switch ((enum eql_op)v->op) {
    case EQL_LITERAL:
        if (v->type == EQL_BOOL || v->type == EQL_NULL)
            return v;
        return eql_lex_fail(x, v->at, ERR_INVALID, "expected a condition, found %s",
                            type_name(v->type));
    case EQL_FIELD:
        if (v->type != EQL_BOOL && v->type != EQL_ANY)
            return eql_lex_fail(x, v->at, ERR_INVALID,
                                "expected a comparison after %.100s, which is not true or false",
                                v->name);
        yes.at = v->at;
        return eql_question_compare(x, v->at, v, EQL_EQ, &yes);
    case EQL_CALL:
        if (v->type != EQL_BOOL)
            return eql_lex_fail(x, v->at, ERR_INVALID,
                                "expected a comparison: %s is not true or false",
                                v->function->name);
        struct eql_node *leaf = eql_question_call(x, v);
        return leaf != NULL || x->err != ERR_NONE ? leaf : computed(x, v);
    default:
        return v;
    }
}

/* x == null */
static struct eql_node *is_null(struct eql_lex *x, uint32_t at, struct eql_node *v,
                                enum eql_cmp cmp)
{
    struct eql_node *test;
    if (cmp != EQL_EQ && cmp != EQL_NE)
        return truth(x, at, -1);
    if (v->op == EQL_LITERAL)
        return truth(x, at, (v->type == EQL_NULL) == (cmp == EQL_EQ));
    if (v->op == EQL_FIELD) {
        test = eql_question_exists(x, at, v);
        return cmp == EQL_NE ? test : eql_check_not(x, test);
    }
    test = eql_check_node(x, EQL_IS_NULL, at, 1);
    if (test == NULL)
        return NULL;
    test->child[0] = v;
    test = computed(x, test);
    return cmp == EQL_EQ ? test : eql_check_not(x, test);
}

/* A computed value against a constant. */
static struct eql_node *computed_compare(struct eql_lex *x, struct eql_node *node,
                                         struct eql_node *a, enum eql_cmp cmp, struct eql_node *b)
{
    bool text = a->type == EQL_STR, number = b->type == EQL_INT || b->type == EQL_FLOAT;
    if ((text && b->type != EQL_STR) || (!text && !number))
        return eql_lex_fail(x, b->at, ERR_INVALID, "expected %s to compare %s with, found %s",
                            text ? "a text" : "a number", a->function->name, type_name(b->type));
    struct eql_node *v = eql_check_node(x, EQL_COMPARE, node->at, 2);
    if (v == NULL)
        return NULL;
    v->child[0] = a;
    v->child[1] = b;
    v->cmp = (uint8_t)(cmp == EQL_NE ? EQL_EQ : cmp);
    v = computed(x, v);
    return cmp == EQL_NE ? eql_check_not(x, v) : v;
}

static struct eql_node *compare(struct eql_lex *x, struct eql_node *node)
{
    struct eql_node *a = value(x, node->child[0]);
    struct eql_node *b = a != NULL ? value(x, node->child[1]) : NULL;
    enum eql_cmp cmp = node->cmp;
    if (b == NULL)
        return NULL;
    if (a->op == EQL_LITERAL && (b->op != EQL_LITERAL || a->type == EQL_NULL)) {
        struct eql_node *swap = a;
        a = b;
        b = swap;
        cmp = mirrored(cmp);
    }
    if (b->op != EQL_LITERAL)
        return eql_lex_fail(x, node->at, ERR_UNSUPPORTED,
                            "expected a constant on one side: comparing a field with a field is "
                            "not supported");
    if (b->type == EQL_NULL)
        return is_null(x, node->at, a, cmp);
    if (a->op == EQL_LITERAL)
        return truth(x, node->at, eql_value_compare(cmp, &a->value, &b->value));
    if (a->op == EQL_FIELD)
        return eql_question_compare(x, node->at, a, cmp, b);
    if (!is_condition(a))
        return computed_compare(x, node, a, cmp, b);
    if (b->type != EQL_BOOL || (cmp != EQL_EQ && cmp != EQL_NE))
        return eql_lex_fail(x, b->at, ERR_INVALID,
                            "expected == or != with true or false for a condition");
    struct eql_node *v = as_condition(x, a);
    return b->value.b == (cmp == EQL_EQ) ? v : eql_check_not(x, v);
}

/* Patterns and expressions of a computed value, ready for use. */
static bool prepare(struct eql_lex *x, struct eql_node *node)
{
    struct err_text why = {0};
    bool wild;
    node->regexps = eql_lex_alloc(x, node->n * sizeof *node->regexps);
    if (node->regexps == NULL)
        return false;
    for (uint32_t i = 1; i < node->n; i++) {
        struct eql_node *text = node->child[i];
        if (node->op == EQL_LIKE && !eql_question_pattern(x, &text->value, &wild))
            return false;
        if (node->op != EQL_REGEX)
            continue;
        enum err e = query_regexp_new(text->value.s, text->value.n, QUERY_REGEXP_ALL, node->fold,
                                      &x->budget.steps, &x->q->arena, &node->regexps[i - 1], &why);
        if (e != ERR_NONE) {
            eql_lex_fail(x, text->at, e, "%s", why.message);
            return false;
        }
    }
    return true;
}

/* in, like, regex */
static struct eql_node *lookup(struct eql_lex *x, struct eql_node *node)
{
    x->q->n_regexps += node->op == EQL_REGEX ? node->n - 1 : 0;
    if (x->q->n_regexps > EQL_REGEXPS_MAX)
        return eql_lex_fail(x, node->at, ERR_LIMIT,
                            "expected at most %d regular expressions in a query", EQL_REGEXPS_MAX);
    for (uint32_t i = 0; i < node->n; i++) {
        struct eql_node *v = value(x, node->child[i]);
        if (v == NULL)
            return NULL;
        node->child[i] = v;
        if (i > 0 && v->op != EQL_LITERAL)
            return eql_lex_fail(x, v->at, ERR_UNSUPPORTED,
                                "expected constants: comparing a field with a field is not "
                                "supported");
        if (i > 0 && node->op != EQL_IN && v->type != EQL_STR)
            return eql_lex_fail(x, v->at, ERR_INVALID, "expected a text, found %s",
                                type_name(v->type));
    }
    struct eql_node *left = node->child[0];
    if (left->op == EQL_FIELD)
        return eql_question_lookup(x, node);
    if (left->op == EQL_LITERAL && left->type == EQL_NULL)
        return truth(x, node->at, -1);
    bool text = left->type == EQL_STR || left->type == EQL_ANY;
    if ((is_condition(left) && left->op != EQL_LITERAL) || (node->op != EQL_IN && !text))
        return eql_lex_fail(x, left->at, ERR_INVALID, "expected a field or %s, found %s",
                            node->op == EQL_IN ? "a value" : "a text", type_name(left->type));
    node->type = EQL_BOOL;
    if (!prepare(x, node) || computed(x, node) == NULL)
        return NULL;
    if (left->op != EQL_LITERAL)
        return node;
    struct eql_eval none = {.arena = &x->q->arena};
    return truth(x, node->at, eql_eval_condition(&none, node));
}

/* and, or: without what is known already. */
static struct eql_node *joined(struct eql_lex *x, struct eql_node *node)
{
    bool decides = node->op == EQL_OR;
    uint32_t n = 0;
    for (uint32_t i = 0; i < node->n; i++) {
        struct eql_node *v = eql_check_condition(x, node->child[i]);
        if (v == NULL)
            return NULL;
        if (v->op == EQL_LITERAL && v->type == EQL_BOOL) {
            if (v->value.b != decides)
                continue;
            /* the others are read for their mistakes */
            while (++i < node->n) {
                if (eql_check_condition(x, node->child[i]) == NULL)
                    return NULL;
            }
            return v;
        }
        node->child[n++] = v;
    }
    node->n = n;
    node->type = EQL_BOOL;
    if (n == 0)
        return truth(x, node->at, !decides);
    return n == 1 ? node->child[0] : node;
}

struct eql_node *eql_check_condition(struct eql_lex *x, struct eql_node *node)
{
    struct eql_node *v;
    switch ((enum eql_op)node->op) {
    case EQL_AND:
    case EQL_OR:
        return joined(x, node);
    case EQL_NOT:
        return eql_check_not(x, eql_check_condition(x, node->child[0]));
    case EQL_COMPARE:
        return compare(x, node);
    case EQL_IN:
    case EQL_LIKE:
    case EQL_REGEX:
        return lookup(x, node);
    default:
        v = value(x, node);
        return v != NULL ? as_condition(x, v) : NULL;
    }
}

bool eql_check_key(struct eql_lex *x, struct eql_node *field)
{
    return eql_question_field(x, field) && eql_question_usable(x, field);
}
