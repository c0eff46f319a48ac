/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/parse_priv.h"

#include "base/utf8.h"
#include "eql/function_priv.h"

#include <stdio.h>
#include <string.h>

bool eql_parse_step(struct eql_parse *p)
{
    return eql_lex_next(&p->x, &p->t);
}

bool eql_parse_is_symbol(const struct eql_parse *p, int symbol)
{
    return p->t.kind == EQL_T_SYMBOL && p->t.symbol == symbol;
}

void *eql_parse_expected(struct eql_parse *p, const char *what)
{
    const char *from = p->x.start + p->t.at;
    size_t n = (size_t)(p->x.p - from);
    if (p->t.kind == EQL_T_END)
        return eql_lex_fail(&p->x, p->t.at, ERR_INVALID, "expected %s, found the end", what);
    if (p->t.kind == EQL_T_SYMBOL && p->t.symbol == '=')
        return eql_lex_fail(&p->x, p->t.at, ERR_INVALID, "expected '==' or ':', found '='");
    return eql_lex_fail(&p->x, p->t.at, ERR_INVALID, "expected %s, found %.*s", what,
                        (int)utf8_cut(from, n, 40), from);
}

bool eql_parse_symbol(struct eql_parse *p, int symbol, const char *expected)
{
    if (!eql_parse_is_symbol(p, symbol)) {
        eql_parse_expected(p, expected);
        return false;
    }
    return eql_parse_step(p);
}

bool eql_parse_push(struct eql_parse *p, struct eql_list *list, void *item)
{
    if (item == NULL)
        return false;
    if (list->n == list->cap) {
        uint32_t cap = list->cap == 0 ? 4 : list->cap * 2;
        void **more = eql_lex_alloc(&p->x, cap * sizeof *more);
        if (more == NULL)
            return false;
        if (list->n > 0)
            memcpy(more, list->p, list->n * sizeof *more);
        list->p = more;
        list->cap = cap;
    }
    list->p[list->n++] = item;
    return true;
}

struct eql_node *eql_parse_node(struct eql_parse *p, enum eql_op op, uint32_t at)
{
    if (++p->nodes > EQL_NODES_MAX)
        return eql_lex_fail(&p->x, at, ERR_LIMIT, "expected a query of at most %d parts",
                            EQL_NODES_MAX);
    struct eql_node *v = eql_lex_alloc(&p->x, sizeof *v);
    if (v == NULL)
        return NULL;
    v->op = (uint8_t)op;
    v->height = 1;
    v->at = at;
    v->id = EVENT_F_NONE;
    return v;
}

/* A node over what a list holds, the first of which is at its left. */
static struct eql_node *over(struct eql_parse *p, enum eql_op op, uint32_t at,
                             const struct eql_list *list)
{
    struct eql_node *v = eql_parse_node(p, op, at);
    struct eql_node **child = eql_lex_alloc(&p->x, list->n * sizeof *child);
    if (v == NULL || child == NULL)
        return NULL;
    for (uint32_t i = 0; i < list->n; i++) {
        child[i] = list->p[i];
        if (child[i]->height >= v->height)
            v->height = (uint16_t)(child[i]->height + 1);
    }
    v->child = child;
    v->n = list->n;
    if (v->height > EQL_HEIGHT_MAX)
        return eql_lex_fail(&p->x, at, ERR_LIMIT, "expected at most %d operators one in the other",
                            EQL_HEIGHT_MAX);
    return v;
}

struct eql_node *eql_parse_pair(struct eql_parse *p, enum eql_op op, uint32_t at,
                                struct eql_node *left, struct eql_node *right)
{
    struct eql_list list = {0};
    if (!eql_parse_push(p, &list, left) || !eql_parse_push(p, &list, right))
        return NULL;
    return over(p, op, at, &list);
}

struct eql_node *eql_parse_text(struct eql_parse *p, uint32_t at, const char *s, uint32_t n)
{
    struct eql_node *v = eql_parse_node(p, EQL_LITERAL, at);
    if (v != NULL)
        v->value = (struct eql_value){.type = EQL_STR, .n = n, .s = s};
    return v;
}

static bool deeper(struct eql_parse *p)
{
    if (++p->depth <= EQL_DEPTH_MAX)
        return true;
    eql_lex_fail(&p->x, p->t.at, ERR_LIMIT, "expected at most %d levels of brackets",
                 EQL_DEPTH_MAX);
    return false;
}

static bool is_keyword(const struct eql_token *t)
{
    static const char *const words[] = {"and",    "by",    "in",    "like", "not",
                                        "of",     "or",    "regex", "join", "sequence",
                                        "sample", "until", "where", "with"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (eql_lex_is(t, words[i]))
            return true;
    }
    return false;
}

struct eql_node *eql_parse_field(struct eql_parse *p)
{
    uint32_t at = p->t.at;
    bool optional = eql_parse_is_symbol(p, '?');
    if (optional && !eql_parse_step(p))
        return NULL;
    if (p->t.kind != EQL_T_NAME || p->t.tilde || is_keyword(&p->t))
        return eql_parse_expected(p, "the name of a field");
    struct eql_node *v = eql_parse_node(p, EQL_FIELD, at);
    if (v == NULL)
        return NULL;
    v->optional = optional;
    v->name = p->t.text;
    v->name_n = p->t.n;
    return eql_parse_step(p) ? v : NULL;
}

/* A field in a condition, where '[' can only be an index. */
static struct eql_node *field_value(struct eql_parse *p)
{
    struct eql_node *v = eql_parse_field(p);
    if (v != NULL && eql_parse_is_symbol(p, '['))
        return eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED,
                            "expected no [ after %.100s: a field is asked for all its values, one "
                            "of them by its number is not supported",
                            v->name);
    return v;
}

/* After the name: ( values ). */
static struct eql_node *call(struct eql_parse *p, const struct eql_token *name)
{
    struct eql_list list = {0};
    const struct eql_function *f = eql_function_find(&p->x, name);
    if (f == NULL || !deeper(p) || !eql_parse_step(p))
        return NULL;
    while (!eql_parse_is_symbol(p, ')')) {
        if (list.n > 0 && !eql_parse_symbol(p, ',', "',' or ')'"))
            return NULL;
        if (!eql_parse_push(p, &list, eql_parse_condition(p)))
            return NULL;
    }
    p->depth--;
    if (!eql_function_takes(&p->x, f, name->at, list.n) || !eql_parse_step(p))
        return NULL;
    struct eql_node *v = over(p, EQL_CALL, name->at, &list);
    if (v != NULL) {
        v->function = f;
        v->fold = name->tilde;
    }
    return v;
}

/* A field, a function, or a word that stands for a value. */
static struct eql_node *named(struct eql_parse *p)
{
    struct eql_token name = p->t;
    bool truth = eql_lex_is(&name, "true");
    if (truth || eql_lex_is(&name, "false") || eql_lex_is(&name, "null")) {
        struct eql_node *v = eql_parse_node(p, EQL_LITERAL, name.at);
        if (v == NULL)
            return NULL;
        if (!eql_lex_is(&name, "null"))
            v->value = (struct eql_value){.type = EQL_BOOL, .b = truth};
        return eql_parse_step(p) ? v : NULL;
    }
    if (is_keyword(&name))
        return eql_parse_expected(p, "a value");
    struct eql_parse before = *p;
    if (!eql_parse_step(p))
        return NULL;
    if (eql_parse_is_symbol(p, '('))
        return call(p, &name);
    if (eql_lex_is(&p->t, "of") && (eql_lex_is(&name, "child") || eql_lex_is(&name, "event") ||
                                    eql_lex_is(&name, "descendant")))
        return eql_lex_fail(&p->x, name.at, ERR_UNSUPPORTED,
                            "expected a condition on fields: '%s of' is not supported", name.text);
    if (name.tilde)
        return eql_parse_expected(p, "'(' after a function");
    *p = before;
    return field_value(p);
}

static struct eql_node *primary(struct eql_parse *p)
{
    struct eql_node *v;
    switch (p->t.kind) {
    case EQL_T_STRING:
        v = eql_parse_text(p, p->t.at, p->t.text, p->t.n);
        return v != NULL && eql_parse_step(p) ? v : NULL;
    case EQL_T_INT:
    case EQL_T_FLOAT:
        v = eql_parse_node(p, EQL_LITERAL, p->t.at);
        if (v == NULL)
            return NULL;
        v->value.type = p->t.kind == EQL_T_INT ? EQL_INT : EQL_FLOAT;
        if (p->t.kind == EQL_T_INT)
            v->value.i = p->t.i;
        else
            v->value.f = p->t.f;
        return eql_parse_step(p) ? v : NULL;
    case EQL_T_NAME:
        return named(p);
    default:
        break;
    }
    if (eql_parse_is_symbol(p, '?'))
        return field_value(p);
    if (!eql_parse_is_symbol(p, '('))
        return eql_parse_expected(p, "a value");
    if (!deeper(p) || !eql_parse_step(p))
        return NULL;
    v = eql_parse_condition(p);
    p->depth--;
    return v != NULL && eql_parse_symbol(p, ')', "')', 'and' or 'or'") ? v : NULL;
}

/* An operator is the function of that name. */
static struct eql_node *operate(struct eql_parse *p, const char *function, uint32_t at,
                                struct eql_node *left, struct eql_node *right)
{
    struct eql_node *v = eql_parse_pair(p, EQL_CALL, at, left, right);
    if (v != NULL)
        v->function = eql_function_named(function);
    return v;
}

static struct eql_node *sign(struct eql_parse *p)
{
    uint32_t at = p->t.at;
    bool minus = eql_parse_is_symbol(p, '-');
    if (!minus && !eql_parse_is_symbol(p, '+'))
        return primary(p);
    if (!deeper(p) || !eql_parse_step(p))
        return NULL;
    struct eql_node *v = sign(p);
    p->depth--;
    struct eql_node *zero = v != NULL ? eql_parse_node(p, EQL_LITERAL, at) : NULL;
    if (zero == NULL)
        return NULL;
    zero->value.type = EQL_INT;
    return operate(p, minus ? "subtract" : "add", at, zero, v);
}

static const char *product_function(const struct eql_parse *p)
{
    return eql_parse_is_symbol(p, '*')   ? "multiply"
           : eql_parse_is_symbol(p, '/') ? "divide"
           : eql_parse_is_symbol(p, '%') ? "modulo"
                                         : NULL;
}

static struct eql_node *product(struct eql_parse *p)
{
    struct eql_node *v = sign(p);
    const char *function;
    while (v != NULL && (function = product_function(p)) != NULL) {
        uint32_t at = p->t.at;
        v = eql_parse_step(p) ? operate(p, function, at, v, sign(p)) : NULL;
    }
    return v;
}

static struct eql_node *sum(struct eql_parse *p)
{
    struct eql_node *v = product(p);
    while (v != NULL && (eql_parse_is_symbol(p, '+') || eql_parse_is_symbol(p, '-'))) {
        uint32_t at = p->t.at;
        const char *function = eql_parse_is_symbol(p, '+') ? "add" : "subtract";
        v = eql_parse_step(p) ? operate(p, function, at, v, product(p)) : NULL;
    }
    return v;
}

static bool comparison_at(const struct eql_parse *p, enum eql_cmp *out)
{
    static const struct {
        int symbol;
        enum eql_cmp cmp;
    } all[] = {{EQL_S_EQ, EQL_EQ}, {EQL_S_NE, EQL_NE}, {'<', EQL_LT},
               {EQL_S_LE, EQL_LE}, {'>', EQL_GT},      {EQL_S_GE, EQL_GE}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (eql_parse_is_symbol(p, all[i].symbol)) {
            *out = all[i].cmp;
            return true;
        }
    }
    return false;
}

/* What stands right of in, like, regex and ':': constants, in brackets when there are several. */
static struct eql_node *lookup(struct eql_parse *p, enum eql_op op, uint32_t at,
                               struct eql_node *left, bool brackets)
{
    struct eql_list list = {0};
    if (!eql_parse_push(p, &list, left))
        return NULL;
    if (!eql_parse_is_symbol(p, '(')) {
        if (brackets)
            return eql_parse_expected(p, "'(' and a list of values");
        return eql_parse_push(p, &list, sum(p)) ? over(p, op, at, &list) : NULL;
    }
    do {
        if (!eql_parse_step(p) || !eql_parse_push(p, &list, sum(p)))
            return NULL;
    } while (eql_parse_is_symbol(p, ','));
    return eql_parse_symbol(p, ')', "',' or ')'") ? over(p, op, at, &list) : NULL;
}

/* in, in~, like, like~, regex, regex~, ':'. */
static struct eql_node *predicate(struct eql_parse *p, struct eql_node *left)
{
    uint32_t at = p->t.at;
    struct eql_node *v;
    bool fold = p->t.kind == EQL_T_NAME && p->t.tilde;
    bool colon = eql_parse_is_symbol(p, ':');
    bool in = eql_lex_is(&p->t, "in");
    enum eql_op op = in ? EQL_IN : eql_lex_is(&p->t, "regex") ? EQL_REGEX : EQL_LIKE;
    if (!eql_parse_step(p))
        return NULL;
    v = lookup(p, op, at, left, in);
    if (v != NULL) {
        v->fold = fold || colon;
        v->colon = colon;
    }
    return v;
}

static struct eql_node *negate(struct eql_parse *p, uint32_t at, struct eql_node *v)
{
    struct eql_list list = {0};
    return eql_parse_push(p, &list, v) ? over(p, EQL_NOT, at, &list) : NULL;
}

static struct eql_node *comparison(struct eql_parse *p)
{
    struct eql_node *v = sum(p);
    enum eql_cmp cmp;
    if (v == NULL)
        return NULL;
    uint32_t at = p->t.at;
    if (comparison_at(p, &cmp)) {
        v = eql_parse_step(p) ? eql_parse_pair(p, EQL_COMPARE, at, v, sum(p)) : NULL;
        if (v != NULL)
            v->cmp = (uint8_t)cmp;
    } else if (eql_lex_is(&p->t, "not")) {
        if (!eql_parse_step(p))
            return NULL;
        if (!eql_lex_is(&p->t, "in"))
            return eql_parse_expected(p, "'in' after 'not'");
        v = negate(p, at, predicate(p, v));
    } else if (eql_parse_is_symbol(p, ':') || eql_lex_is(&p->t, "in") ||
               eql_lex_is(&p->t, "like") || eql_lex_is(&p->t, "regex")) {
        v = predicate(p, v);
    } else {
        return v;
    }
    if (v != NULL && (comparison_at(p, &cmp) || eql_parse_is_symbol(p, ':')))
        return eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED,
                            "expected 'and' or 'or': comparisons do not chain");
    return v;
}

static struct eql_node *parse_not(struct eql_parse *p)
{
    uint32_t at = p->t.at;
    if (!eql_lex_is(&p->t, "not"))
        return comparison(p);
    if (!deeper(p) || !eql_parse_step(p))
        return NULL;
    struct eql_node *v = negate(p, at, parse_not(p));
    p->depth--;
    return v;
}

/* Parts joined by one word. */
static struct eql_node *joined(struct eql_parse *p, bool by_and)
{
    const char *word = by_and ? "and" : "or";
    struct eql_list list = {0};
    uint32_t at = p->t.at;
    for (;;) {
        if (!eql_parse_push(p, &list, by_and ? parse_not(p) : joined(p, true)))
            return NULL;
        if (!eql_lex_is(&p->t, word))
            break;
        if (!eql_parse_step(p))
            return NULL;
    }
    return list.n == 1 ? list.p[0] : over(p, by_and ? EQL_AND : EQL_OR, at, &list);
}

struct eql_node *eql_parse_condition(struct eql_parse *p)
{
    return joined(p, false);
}
