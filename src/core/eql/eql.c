/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/eql.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "eql/check_priv.h"
#include "eql/eval_priv.h"
#include "eql/parse_priv.h"

#include <string.h>

#define CATEGORY "event.category"
#define BLOCK_SIZE 4096

static bool check_item(struct eql_lex *x, struct eql_item *item)
{
    item->condition = eql_check_condition(x, item->condition);
    if (item->condition == NULL)
        return false;
    for (uint32_t i = 0; i < item->n_keys; i++) {
        if (!eql_check_key(x, item->keys[i]))
            return false;
    }
    return true;
}

static bool check(struct eql_lex *x)
{
    struct eql *q = x->q;
    for (uint32_t i = 0; i < q->n_items; i++) {
        if (!check_item(x, &q->items[i]))
            return false;
    }
    return q->until == NULL || check_item(x, q->until);
}

enum err eql_parse(const char *text, size_t n, const struct eql_options *options, struct eql **out,
                   struct err_text *why)
{
    const char *category = options != NULL ? options->category_field : NULL;
    if (n > EQL_TEXT_MAX)
        return err_set(why, ERR_LIMIT, "expected a query of at most 1 MB");
    if (n > 0 && !utf8_valid(text, n))
        return err_set(why, ERR_INVALID, "expected UTF-8 text without NUL");
    struct eql *q = mem_zero(1, sizeof *q);
    if (q == NULL)
        return err_set(why, ERR_MEMORY, "no memory for a query");
    arena_init(&q->arena, BLOCK_SIZE);
    const char *copy = arena_strndup(&q->arena, n > 0 ? text : "", n);
    category = arena_strndup(&q->arena, category != NULL ? category : CATEGORY,
                             strlen(category != NULL ? category : CATEGORY));
    struct eql_parse p = {
        .x =
            {.q = q, .budget = QUERY_BUDGET, .start = copy, .p = copy, .end = copy + n, .why = why},
        .category_field = category,
    };
    if (copy == NULL || category == NULL)
        p.x.err = err_set(why, ERR_MEMORY, "no memory for a query");
    else if (eql_statement_read(&p) && check(&p.x))
        *out = q;
    if (p.x.err != ERR_NONE)
        eql_free(q);
    return p.x.err;
}

void eql_free(struct eql *q)
{
    if (q == NULL)
        return;
    for (struct eql_leaf *l = q->leaves; l != NULL; l = l->next)
        query_free(l->q);
    arena_release(&q->arena);
    mem_free(q);
}

enum eql_kind eql_kind(const struct eql *q)
{
    return q->kind;
}

size_t eql_items(const struct eql *q)
{
    return q->n_places;
}

ts_ns eql_maxspan(const struct eql *q)
{
    return q->maxspan;
}

size_t eql_keys(const struct eql *q)
{
    return q->items[0].n_keys;
}

const char *eql_key_name(const struct eql *q, size_t i)
{
    return q->items[0].keys[i]->name;
}

bool eql_match(const struct eql *q, const struct event *e, struct arena *scratch)
{
    const struct eql_eval v = {.e = e, .arena = scratch};
    for (uint32_t i = 0; i < q->n_items; i++) {
        if (eql_eval_condition(&v, q->items[i].condition) == 1)
            return true;
    }
    return q->until != NULL && eql_eval_condition(&v, q->until->condition) == 1;
}
