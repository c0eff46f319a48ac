/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/check_priv.h"

#include "base/buf.h"
#include "eql/function_priv.h"
#include "query/regexp.h"
#include "query/tree.h"

#include <string.h>

/* Makes a leaf and keeps it; how it was asked is copied when it will be asked again. */
static struct query *make(struct eql_lex *x, uint32_t at, const struct eql_node *field,
                          const struct query_ask *ask)
{
    struct query *q;
    struct err_text why = {0};
    struct eql_leaf *keep = eql_lex_alloc(x, sizeof *keep);
    if (keep == NULL)
        return NULL;
    enum err e = query_new_leaf(field->name, field->name_n, ask, 0, &x->budget, &q, &why);
    if (e != ERR_NONE)
        return eql_lex_fail(x, at, e, "%s", why.message);
    keep->q = q;
    keep->next = x->q->leaves;
    x->q->leaves = keep;
    if (query_uses_now(q))
        return eql_lex_fail(x, at, ERR_UNSUPPORTED,
                            "expected a date that does not depend on now, which is not supported");
    return q;
}

static struct eql_node *ask_field(struct eql_lex *x, uint32_t at, const struct eql_node *field,
                                  const struct query_ask *ask)
{
    struct eql_node *v = eql_check_node(x, EQL_ASK, at, 0);
    struct query_ask *copy = eql_lex_alloc(x, sizeof *copy);
    struct query_raw *values = eql_lex_alloc(x, ask->n * sizeof *values);
    if (v == NULL || copy == NULL || values == NULL)
        return NULL;
    if (ask->n > 0)
        memcpy(values, ask->values, ask->n * sizeof *values);
    *copy = *ask;
    copy->values = values;
    v->name = field->name;
    v->name_n = field->name_n;
    v->ask = copy;
    v->leaf = make(x, at, field, copy);
    return v->leaf != NULL ? v : NULL;
}

static uint8_t value_type(uint8_t kind)
{
    switch (kind) {
    case EVENT_KIND_LONG:
        return EQL_INT;
    case EVENT_KIND_DOUBLE:
        return EQL_FLOAT;
    case EVENT_KIND_BOOLEAN:
        return EQL_BOOL;
    case QUERY_KIND_UNKNOWN:
        return EQL_ANY;
    default:
        return EQL_STR;
    }
}

bool eql_question_field(struct eql_lex *x, struct eql_node *field)
{
    if (field->leaf != NULL)
        return true;
    field->leaf = make(x, field->at, field, &(struct query_ask){.op = QUERY_EXISTS});
    if (field->leaf == NULL)
        return false;
    const struct query_node *root = query_root(field->leaf);
    field->kind = QUERY_KIND_UNKNOWN; /* _id and its like have no values in an event */
    field->path_n = field->name_n;
    if (root->op == QUERY_EXISTS) {
        field->kind = root->field.kind;
        field->id = root->field.id;
        field->path_n = root->field.path_len;
    }
    field->type = value_type(field->kind);
    return true;
}

bool eql_question_usable(struct eql_lex *x, const struct eql_node *field)
{
    if (field->kind == EVENT_KIND_TEXT) {
        eql_lex_fail(x, field->at, ERR_UNSUPPORTED,
                     "expected a field of another type: %.100s is a text field, which is supported "
                     "with null only",
                     field->name);
        return false;
    }
    if (field->kind == EVENT_KIND_GEO_POINT) {
        eql_lex_fail(x, field->at, ERR_UNSUPPORTED,
                     "expected a field of another type: %.100s is a geo_point, which is supported "
                     "with null only",
                     field->name);
        return false;
    }
    return true;
}

static bool is_number(const struct eql_node *literal)
{
    return literal->value.type == EQL_INT || literal->value.type == EQL_FLOAT;
}

/* What a constant must be to be compared with the field, or NULL when it is that. */
static const char *wanted(const struct eql_node *field, const struct eql_node *literal, bool order)
{
    uint8_t type = literal->value.type;
    switch (field->kind) {
    case EVENT_KIND_LONG:
    case EVENT_KIND_DOUBLE:
        return is_number(literal) ? NULL : "a number";
    case EVENT_KIND_BOOLEAN:
        return order ? "== or !=" : type == EQL_BOOL ? NULL : "true or false";
    case EVENT_KIND_IP:
        return type == EQL_STR ? NULL : "an address as a text";
    case EVENT_KIND_DATE:
        return type == EQL_STR ? NULL : "a date as a text";
    case QUERY_KIND_UNKNOWN:
        return order && type == EQL_BOOL ? "a number or a text" : NULL;
    default:
        return type == EQL_STR || (is_number(literal) && !order) ? NULL : "a text";
    }
}

static const char *type_name(const struct eql_node *field)
{
    return field->kind == QUERY_KIND_UNKNOWN ? "text" : event_kind_name(field->kind);
}

static bool comparable(struct eql_lex *x, const struct eql_node *field,
                       const struct eql_node *literal, bool order)
{
    if (!eql_question_usable(x, field))
        return false;
    const char *what = wanted(field, literal, order);
    if (what == NULL)
        return true;
    eql_lex_fail(x, literal->at, ERR_INVALID, "expected %s: field %.100s is of type %s", what,
                 field->name, type_name(field));
    return false;
}

static bool raw_of(struct eql_lex *x, const struct eql_node *literal, struct query_raw *out)
{
    struct eql_value text = eql_value_string(literal->value, &x->q->arena);
    if (text.type == EQL_NULL) {
        eql_lex_fail(x, literal->at, ERR_MEMORY, "no memory for a query");
        return false;
    }
    out->written = is_number(literal)                ? QUERY_WRITTEN_NUMBER
                   : literal->value.type == EQL_BOOL ? QUERY_WRITTEN_BOOL
                                                     : QUERY_WRITTEN_STRING;
    out->s = text.s;
    out->n = text.n;
    return true;
}

struct eql_node *eql_question_exists(struct eql_lex *x, uint32_t at, struct eql_node *field)
{
    return ask_field(x, at, field, &(struct query_ask){.op = QUERY_EXISTS});
}

struct eql_node *eql_question_compare(struct eql_lex *x, uint32_t at, struct eql_node *field,
                                      enum eql_cmp cmp, const struct eql_node *literal)
{
    struct query_raw sides[2] = {{0}, {0}}, raw;
    bool order = cmp != EQL_EQ && cmp != EQL_NE;
    if (!comparable(x, field, literal, order) || !raw_of(x, literal, &raw))
        return NULL;
    if (!order) {
        struct eql_node *v =
            ask_field(x, at, field, &(struct query_ask){.op = QUERY_TERMS, .values = &raw, .n = 1});
        return cmp == EQL_NE ? eql_check_not(x, v) : v;
    }
    bool open = cmp == EQL_LT || cmp == EQL_GT;
    sides[cmp == EQL_LT || cmp == EQL_LE] = raw;
    struct query_ask ask = {
        .op = QUERY_RANGE, .values = sides, .n = 2, .low_open = open, .high_open = open};
    struct eql_node *v = ask_field(x, at, field, &ask);
    if (v == NULL)
        return NULL;
    v->ordered = true;
    v->cmp = (uint8_t)cmp;
    /* for "not", which turns the order round */
    v->n = 2;
    v->child = eql_lex_alloc(x, 2 * sizeof *v->child);
    if (v->child == NULL)
        return NULL;
    v->child[0] = field;
    v->child[1] = eql_check_literal(x, literal->at, literal->value);
    return v->child[1] != NULL ? v : NULL;
}

bool eql_question_pattern(struct eql_lex *x, struct eql_value *text, bool *out_wild)
{
    struct buf b;
    bool wild = false;
    buf_init(&b);
    for (uint32_t i = 0; i < text->n; i++) {
        wild = wild || text->s[i] == '*' || text->s[i] == '?';
        if (text->s[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, text->s[i]);
    }
    *out_wild = wild;
    char *copy = buf_ok(&b) ? arena_strndup(&x->q->arena, buf_text(&b), b.n) : NULL;
    if (copy != NULL)
        *text = eql_value_text(copy, b.n);
    else
        eql_lex_fail(x, 0, ERR_MEMORY, "no memory for a query");
    buf_release(&b);
    return copy != NULL;
}

/* Any of some leaves. */
static struct eql_node *any_of(struct eql_lex *x, uint32_t at, struct eql_node **list, uint32_t n)
{
    if (n == 1)
        return list[0];
    struct eql_node *v = eql_check_node(x, EQL_OR, at, n);
    if (v != NULL)
        memcpy(v->child, list, n * sizeof *list);
    return v;
}

/* Whether a field of this kind holds texts that patterns can be held against. */
static bool has_text(uint8_t kind)
{
    return kind == EVENT_KIND_KEYWORD || kind == EVENT_KIND_WILDCARD || kind == EVENT_KIND_IP ||
           kind == QUERY_KIND_UNKNOWN;
}

/* Texts without wildcards in one leaf, each pattern in its own. */
static struct eql_node *patterns(struct eql_lex *x, struct eql_node *node)
{
    const struct eql_node *field = node->child[0];
    const char *what = node->op == EQL_REGEX ? "regex" : node->colon ? "':'" : "like";
    if (!eql_question_usable(x, field))
        return NULL;
    if (!has_text(field->kind))
        return eql_lex_fail(x, node->at, ERR_INVALID,
                            "expected == or another comparison: %s compares texts, and field "
                            "%.100s is of type %s",
                            what, field->name, type_name(field));
    struct query_raw *plain = eql_lex_alloc(x, node->n * sizeof *plain);
    struct eql_node **list = eql_lex_alloc(x, node->n * sizeof *list);
    if (plain == NULL || list == NULL)
        return NULL;
    uint32_t n = 0;
    size_t n_plain = 0;
    for (uint32_t i = 1; i < node->n; i++) {
        struct eql_value text = node->child[i]->value;
        bool wild = true;
        if (node->op == EQL_LIKE && !eql_question_pattern(x, &text, &wild))
            return NULL;
        if (!wild) {
            text = node->child[i]->value;
            plain[n_plain++] = (struct query_raw){QUERY_WRITTEN_STRING, text.s, text.n};
            continue;
        }
        struct query_raw raw = {QUERY_WRITTEN_STRING, text.s, text.n};
        struct query_ask ask = {.op = node->op == EQL_LIKE ? QUERY_WILDCARD : QUERY_REGEXP,
                                .values = &raw,
                                .n = 1,
                                .fold = node->fold,
                                .flags = node->op == EQL_LIKE ? 0 : QUERY_REGEXP_ALL};
        list[n] = ask_field(x, node->child[i]->at, field, &ask);
        if (list[n++] == NULL)
            return NULL;
    }
    if (n_plain > 0) {
        struct query_ask ask = {
            .op = QUERY_TERMS, .values = plain, .n = n_plain, .fold = node->fold};
        list[n] = ask_field(x, node->at, field, &ask);
        if (list[n++] == NULL)
            return NULL;
    }
    return any_of(x, node->at, list, n);
}

struct eql_node *eql_question_lookup(struct eql_lex *x, struct eql_node *node)
{
    if (node->op != EQL_IN)
        return patterns(x, node);
    const struct eql_node *field = node->child[0];
    struct query_raw *raw = eql_lex_alloc(x, node->n * sizeof *raw);
    size_t n = 0;
    if (raw == NULL)
        return NULL;
    for (uint32_t i = 1; i < node->n; i++) {
        if (node->child[i]->value.type == EQL_NULL)
            continue;
        if (!comparable(x, field, node->child[i], false) || !raw_of(x, node->child[i], &raw[n++]))
            return NULL;
    }
    if (n == 0)
        return eql_check_literal(x, node->at, eql_value_bool(false));
    struct query_ask ask = {.op = QUERY_TERMS, .values = raw, .n = n, .fold = node->fold};
    return ask_field(x, node->at, field, &ask);
}

/* *text, text* or *text* as a wildcard. */
static bool around(struct eql_lex *x, const struct eql_value *part, bool before, bool after,
                   struct query_raw *out)
{
    struct buf b;
    buf_init(&b);
    if (before)
        buf_char(&b, '*');
    for (uint32_t i = 0; i < part->n; i++) {
        if (part->s[i] == '*' || part->s[i] == '?' || part->s[i] == '\\')
            buf_char(&b, '\\');
        buf_char(&b, part->s[i]);
    }
    if (after)
        buf_char(&b, '*');
    char *copy = buf_ok(&b) ? arena_strndup(&x->q->arena, buf_text(&b), b.n) : NULL;
    *out = (struct query_raw){QUERY_WRITTEN_STRING, copy, b.n};
    buf_release(&b);
    if (copy == NULL)
        eql_lex_fail(x, 0, ERR_MEMORY, "no memory for a query");
    return copy != NULL;
}

static bool is_ascii(const struct eql_value *text)
{
    for (uint32_t i = 0; i < text->n; i++) {
        if ((text->s[i] & 0x80) != 0)
            return false;
    }
    return true;
}

static struct eql_node *nets(struct eql_lex *x, struct eql_node *call)
{
    struct query_raw *raw = eql_lex_alloc(x, call->n * sizeof *raw);
    if (raw == NULL)
        return NULL;
    for (uint32_t i = 1; i < call->n; i++) {
        if (!raw_of(x, call->child[i], &raw[i - 1]))
            return NULL;
    }
    struct query_ask ask = {.op = QUERY_TERMS, .values = raw, .n = call->n - 1};
    return ask_field(x, call->at, call->child[0], &ask);
}

struct eql_node *eql_question_call(struct eql_lex *x, struct eql_node *call)
{
    const struct eql_node *field = call->child[0];
    const char *name = call->function->name;
    if (field->op != EQL_FIELD)
        return NULL;
    for (uint32_t i = 1; i < call->n; i++) {
        if (call->child[i]->op != EQL_LITERAL)
            return NULL;
    }
    if (strcmp(name, "cidrMatch") == 0)
        return field->kind == EVENT_KIND_IP ? nets(x, call) : NULL;
    bool starts = strcmp(name, "startsWith") == 0, ends = strcmp(name, "endsWith") == 0;
    bool contains = strcmp(name, "stringContains") == 0;
    const struct eql_value *part = &call->child[call->n - 1]->value;
    if (!(starts || ends || contains) || !has_text(field->kind) || part->type != EQL_STR ||
        (contains && part->n == 0) || (call->fold && !is_ascii(part)))
        return NULL;
    struct query_raw raw;
    if (!around(x, part, !starts, !ends, &raw))
        return NULL;
    struct query_ask ask = {.op = QUERY_WILDCARD, .values = &raw, .n = 1, .fold = call->fold};
    return ask_field(x, call->at, field, &ask);
}
