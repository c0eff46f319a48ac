/* SPDX-License-Identifier: Apache-2.0 */
#include "eql/parse_priv.h"

#include <string.h>

/* A category that is a keyword elsewhere is still one here, when it is quoted. */
static struct eql_node *read_category(struct eql_parse *p)
{
    uint32_t at = p->t.at;
    struct eql_token t = p->t;
    bool any = eql_lex_is(&t, "any");
    if (t.kind != EQL_T_STRING && (t.kind != EQL_T_NAME || !t.word || t.tilde))
        return eql_parse_expected(p, "an event category (any, a word, or a text in quotation "
                                     "marks)");
    if (!eql_parse_step(p))
        return NULL;
    if (any) {
        struct eql_node *v = eql_parse_node(p, EQL_LITERAL, at);
        if (v != NULL)
            v->value = (struct eql_value){.type = EQL_BOOL, .b = true};
        return v;
    }
    struct eql_node *field = eql_parse_node(p, EQL_FIELD, at);
    if (field == NULL)
        return NULL;
    field->name = p->category_field;
    field->name_n = (uint32_t)strlen(p->category_field);
    struct eql_node *v =
        eql_parse_pair(p, EQL_COMPARE, at, field, eql_parse_text(p, at, t.text, t.n));
    if (v != NULL)
        v->cmp = EQL_EQ;
    return v;
}

/* category where condition */
static bool read_event(struct eql_parse *p, struct eql_item *out)
{
    out->at = p->t.at;
    out->runs = 1;
    struct eql_node *category = read_category(p);
    if (category == NULL)
        return false;
    if (!eql_lex_is(&p->t, "where")) {
        eql_parse_expected(p, "'where'");
        return false;
    }
    if (!eql_parse_step(p))
        return false;
    struct eql_node *condition = eql_parse_condition(p);
    out->condition = eql_parse_pair(p, EQL_AND, out->at, category, condition);
    return out->condition != NULL;
}

/* After "by". */
static bool read_keys(struct eql_parse *p, struct eql_list *keys)
{
    do {
        if (!eql_parse_step(p))
            return false;
        if (keys->n == EQL_KEYS_MAX) {
            eql_lex_fail(&p->x, p->t.at, ERR_LIMIT, "expected at most %d keys", EQL_KEYS_MAX);
            return false;
        }
        if (!eql_parse_push(p, keys, eql_parse_field(p)))
            return false;
    } while (eql_parse_is_symbol(p, ','));
    return true;
}

/* After "with": name = . The current token is then the value. */
static bool read_setting(struct eql_parse *p, const char *name, const char *expected)
{
    if (!eql_parse_step(p))
        return false;
    if (!eql_lex_is(&p->t, name)) {
        eql_parse_expected(p, expected);
        return false;
    }
    if (!eql_parse_step(p))
        return false;
    if (!eql_parse_is_symbol(p, '=')) {
        eql_parse_expected(p, "'='");
        return false;
    }
    return eql_parse_step(p);
}

static bool read_maxspan(struct eql_parse *p)
{
    static const char *const units[] = {"ms", "s", "m", "h", "d"};
    ts_ns span = 0;
    bool known = false;
    if (!read_setting(p, "maxspan", "maxspan"))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof *units && p->t.kind == EQL_T_SPAN; i++) {
        size_t n = strlen(units[i]);
        known = known || (p->t.n > n && memcmp(p->t.text + p->t.n - n, units[i], n) == 0 &&
                          p->t.text[p->t.n - n - 1] <= '9');
    }
    if (!known || !time_parse_span(p->t.text, p->t.n, &span) || span <= 0) {
        eql_parse_expected(p, "a span such as 500ms, 30s, 15m, 2h or 1d");
        return false;
    }
    p->x.q->maxspan = span;
    return eql_parse_step(p);
}

static bool read_runs(struct eql_parse *p, struct eql_item *item)
{
    if (!read_setting(p, "runs", "runs (maxspan stands before the first item)"))
        return false;
    if (p->t.kind != EQL_T_INT || p->t.i < 1 || p->t.i > EQL_RUNS_MAX) {
        eql_parse_expected(p, "a number from 1 to 100");
        return false;
    }
    item->runs = (uint32_t)p->t.i;
    return eql_parse_step(p);
}

/* [ event ] by keys with runs=n; shared are the keys of all items, which come first. */
static bool read_item(struct eql_parse *p, const struct eql_list *shared, struct eql_item *out)
{
    struct eql_item item = {.at = p->t.at};
    struct eql_list keys = {0};
    bool sequence = p->x.q->kind == EQL_SEQUENCE;
    for (uint32_t i = 0; i < shared->n; i++) {
        if (!eql_parse_push(p, &keys, shared->p[i]))
            return false;
    }
    bool missing = eql_parse_is_symbol(p, '!');
    if (missing && !sequence) {
        eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED,
                     "expected '[': a sample has no missing items");
        return false;
    }
    if (missing && !eql_parse_step(p))
        return false;
    if (!eql_parse_symbol(p, '[', "'['") || !read_event(p, &item) ||
        !eql_parse_symbol(p, ']', "']', 'and' or 'or'"))
        return false;
    item.missing = missing;
    if (eql_lex_is(&p->t, "by") && !read_keys(p, &keys))
        return false;
    item.own_keys = keys.n - shared->n;
    if (eql_lex_is(&p->t, "with")) {
        uint32_t at = p->t.at;
        if (!sequence || missing) {
            eql_lex_fail(&p->x, at, ERR_UNSUPPORTED, "expected no 'with' here: %s",
                         missing ? "a missing item has no runs" : "a sample has no runs");
            return false;
        }
        if (!read_runs(p, &item))
            return false;
        if (eql_lex_is(&p->t, "by")) {
            eql_lex_fail(&p->x, p->t.at, ERR_INVALID, "expected 'by' before 'with'");
            return false;
        }
    }
    item.keys = (struct eql_node **)keys.p;
    item.n_keys = keys.n;
    *out = item;
    return true;
}

static bool same_keys(struct eql_parse *p, const struct eql_item *item)
{
    const struct eql_item *first = &p->x.q->items[0];
    if (item->n_keys == first->n_keys)
        return true;
    eql_lex_fail(&p->x, item->at, ERR_INVALID,
                 "expected as many keys as the first item has (%u), "
                 "found %u",
                 first->own_keys, item->own_keys);
    return false;
}

/* Runs written out, and what must hold for the items together. */
static bool settle(struct eql_parse *p, uint32_t at)
{
    struct eql *q = p->x.q;
    bool sequence = q->kind == EQL_SEQUENCE, missing = false;
    uint32_t present = 0;
    for (uint32_t i = 0; i < q->n_items; i++) {
        q->n_places += q->items[i].runs;
        present += !q->items[i].missing;
        missing = missing || q->items[i].missing;
        if (!same_keys(p, &q->items[i]))
            return false;
    }
    uint32_t most = sequence ? EQL_ITEMS_MAX : EQL_SAMPLE_MAX;
    if (q->n_places < 2)
        eql_parse_expected(p, "another item, at least two being needed");
    else if (q->n_places > most)
        eql_lex_fail(&p->x, at, ERR_LIMIT, "expected at most %u items, found %u", most,
                     q->n_places);
    else if (present == 0)
        eql_lex_fail(&p->x, at, ERR_INVALID, "expected an item that is not missing");
    else if (missing && q->maxspan == 0)
        eql_lex_fail(&p->x, at, ERR_INVALID,
                     "expected 'with maxspan=' for a sequence with missing items");
    else if (!sequence && q->items[0].n_keys == 0)
        eql_lex_fail(&p->x, at, ERR_INVALID, "expected 'by' and a field for a sample");
    q->places = eql_lex_alloc(&p->x, q->n_places * sizeof *q->places);
    if (p->x.err != ERR_NONE)
        return false;
    uint32_t to = 0;
    for (uint32_t i = 0; i < q->n_items; i++) {
        for (uint32_t r = 0; r < q->items[i].runs; r++)
            q->places[to++] = i;
    }
    return true;
}

static bool read_until(struct eql_parse *p, const struct eql_list *shared)
{
    struct eql_item *until = eql_lex_alloc(&p->x, sizeof *until);
    if (until == NULL || !eql_parse_step(p))
        return false;
    if (eql_parse_is_symbol(p, '!')) {
        eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED, "expected '[': until cannot be missing");
        return false;
    }
    if (!read_item(p, shared, until) || !same_keys(p, until))
        return false;
    if (until->runs > 1) {
        eql_lex_fail(&p->x, until->at, ERR_UNSUPPORTED, "expected no runs for until");
        return false;
    }
    p->x.q->until = until;
    return true;
}

/* After "sequence" or "sample". */
static bool read_items(struct eql_parse *p)
{
    struct eql *q = p->x.q;
    struct eql_list shared = {0}, items = {0};
    uint32_t at = p->t.at;
    bool sequence = q->kind == EQL_SEQUENCE;
    if (!eql_parse_step(p))
        return false;
    if (eql_lex_is(&p->t, "by") && !read_keys(p, &shared))
        return false;
    if (eql_lex_is(&p->t, "with")) {
        if (!sequence) {
            eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED, "expected '[': a sample has no maxspan");
            return false;
        }
        if (!read_maxspan(p))
            return false;
        if (eql_lex_is(&p->t, "by")) {
            eql_lex_fail(&p->x, p->t.at, ERR_INVALID, "expected 'by' before 'with'");
            return false;
        }
    }
    do {
        struct eql_item *item = eql_lex_alloc(&p->x, sizeof *item);
        if (item == NULL || !read_item(p, &shared, item) || !eql_parse_push(p, &items, item))
            return false;
        if (items.n > EQL_ITEMS_MAX) {
            eql_lex_fail(&p->x, item->at, ERR_LIMIT, "expected at most %d items", EQL_ITEMS_MAX);
            return false;
        }
    } while (eql_parse_is_symbol(p, '[') || eql_parse_is_symbol(p, '!'));
    q->items = eql_lex_alloc(&p->x, items.n * sizeof *q->items);
    if (q->items == NULL)
        return false;
    for (uint32_t i = 0; i < items.n; i++)
        q->items[i] = *(struct eql_item *)items.p[i];
    q->n_items = items.n;
    if (!settle(p, at))
        return false;
    if (!eql_lex_is(&p->t, "until"))
        return true;
    if (!sequence) {
        eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED, "expected the end: a sample has no until");
        return false;
    }
    return read_until(p, &shared);
}

static bool other_pipe(const struct eql_token *t)
{
    static const char *const names[] = {"count", "filter", "sort", "unique", "unique_count"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (eql_lex_is(t, names[i]))
            return true;
    }
    return false;
}

/* After "|". */
static bool read_pipe(struct eql_parse *p)
{
    struct eql *q = p->x.q;
    if (!eql_parse_step(p))
        return false;
    bool tail = eql_lex_is(&p->t, "tail");
    if (!tail && !eql_lex_is(&p->t, "head")) {
        if (other_pipe(&p->t))
            eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED,
                         "expected head or tail: the pipe %s is not supported", p->t.text);
        else
            eql_parse_expected(p, "head or tail");
        return false;
    }
    if (q->n_pipes == EQL_PIPES_MAX) {
        eql_lex_fail(&p->x, p->t.at, ERR_LIMIT, "expected at most %d pipes", EQL_PIPES_MAX);
        return false;
    }
    if (!eql_parse_step(p))
        return false;
    if (p->t.kind != EQL_T_INT) {
        eql_parse_expected(p, "how many");
        return false;
    }
    q->pipes[q->n_pipes++] = (struct eql_pipe){.tail = tail, .n = (uint64_t)p->t.i};
    return eql_parse_step(p);
}

static bool read_single(struct eql_parse *p)
{
    struct eql *q = p->x.q;
    q->items = eql_lex_alloc(&p->x, sizeof *q->items);
    q->places = eql_lex_alloc(&p->x, sizeof *q->places);
    q->n_items = q->n_places = 1;
    return q->items != NULL && q->places != NULL && read_event(p, q->items);
}

bool eql_statement_read(struct eql_parse *p)
{
    if (!eql_parse_step(p))
        return false;
    bool ok;
    if (eql_lex_is(&p->t, "join")) {
        eql_lex_fail(&p->x, p->t.at, ERR_UNSUPPORTED,
                     "expected a sequence or a sample: join is not supported");
        return false;
    }
    if (eql_lex_is(&p->t, "sequence") || eql_lex_is(&p->t, "sample")) {
        p->x.q->kind = eql_lex_is(&p->t, "sequence") ? EQL_SEQUENCE : EQL_SAMPLE;
        ok = read_items(p);
    } else {
        ok = read_single(p);
    }
    while (ok && eql_parse_is_symbol(p, '|'))
        ok = read_pipe(p);
    if (ok && p->t.kind != EQL_T_END) {
        eql_parse_expected(p, p->x.q->kind == EQL_EVENT ? "'and', 'or', '|' or the end"
                                                        : "another item, '|' or the end");
        return false;
    }
    return ok;
}
