/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sql.h"

#include "store/column.h"

#include "base/buf.h"
#include "event/id.h"
#include "query/tree.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What senders call an index and an event (decision 0092). */
#define INDEX "weir.index"
#define ID "weir.id"

/*
 * SQL's NULL (a column without value) counts as false as long as nothing negates it or counts with
 * it; where something does ("strict"), a leaf is wrapped so that it says false itself.
 */
struct compiler {
    struct buf *sql;
    const struct store_columns *columns;
    bool exact;
};

struct place {
    bool strict;   /* NULL must not come out */
    bool negative; /* under an odd number of NOTs: what is not known must say false */
};

static void compile(struct compiler *c, const struct query_node *node, struct place at);

static void put_bool(struct compiler *c, bool v)
{
    buf_str(c->sql, v ? "true" : "false");
}

/* What only query_match() can say: let all through. */
static void unknown(struct compiler *c, struct place at)
{
    c->exact = false;
    put_bool(c, !at.negative);
}

static void put_node(struct compiler *c, const struct query_node *node)
{
    struct buf dsl;
    buf_init(&dsl);
    query_node_to_dsl(node, &dsl);
    store_column_quote_text(c->sql, buf_text(&dsl), dsl.n);
    if (!buf_ok(&dsl))
        c->sql->failed = true;
    buf_release(&dsl);
}

static void put_time(struct compiler *c, ts_ns t)
{
    buf_format(c->sql, "make_timestamp_ns(%" PRId64 ")", t);
}

static void call_leaf(struct compiler *c, const struct query_node *node, const char *column)
{
    buf_str(c->sql, "weir_leaf(");
    put_node(c, node);
    buf_char(c->sql, ',');
    store_column_quote(c->sql, column);
    buf_char(c->sql, ')');
}

static void call_rest(struct compiler *c, const struct query_node *node)
{
    buf_str(c->sql, "weir_rest(");
    put_node(c, node);
    buf_str(c->sql, ",rest)");
}

/* Whether letters' case is no matter: written with the leaf, or the field's own way. */
static bool node_folds(const struct query_node *node)
{
    return node->fold || node->field.fold;
}

/* One value as a literal of the column's type; false when it is none. */
static bool put_literal(struct compiler *c, const struct query_node *node,
                        const struct query_value *v)
{
    char text[IP_TEXT_SIZE];
    switch (node->field.kind) {
    case EVENT_KIND_KEYWORD:
    case EVENT_KIND_WILDCARD:
        store_column_quote_text(c->sql, v->s, v->len);
        return true;
    case EVENT_KIND_LONG:
        buf_format(c->sql, "%" PRId64 "::BIGINT", v->i);
        return true;
    case EVENT_KIND_BOOLEAN:
        put_bool(c, v->i != 0);
        return true;
    case EVENT_KIND_IP:
        store_column_quote_text(c->sql, text, ip_format(&v->low, text));
        return true;
    default:
        return false;
    }
}

/* Whether all values are plain literals that "=" answers. */
static bool are_literals(const struct query_node *node)
{
    if (node_folds(node))
        return false;
    switch (node->field.kind) {
    case EVENT_KIND_KEYWORD:
    case EVENT_KIND_WILDCARD:
    case EVENT_KIND_LONG:
    case EVENT_KIND_BOOLEAN:
        return true;
    case EVENT_KIND_IP:
        for (uint32_t i = 0; i < node->n; i++)
            if (node->values[i].possible && !ip_equal(&node->values[i].low, &node->values[i].high))
                return false;
        return true;
    default:
        return false;
    }
}

static void terms(struct compiler *c, const struct query_node *node,
                  const struct store_column *column)
{
    uint32_t written = 0;
    if (column->list)
        buf_str(c->sql, "list_has_any(");
    store_column_quote(c->sql, column->name);
    buf_str(c->sql, column->list ? ",[" : " IN (");
    for (uint32_t i = 0; i < node->n; i++) {
        if (!node->values[i].possible)
            continue;
        if (written++ > 0)
            buf_char(c->sql, ',');
        (void)put_literal(c, node, &node->values[i]);
    }
    buf_str(c->sql, column->list ? "])" : ")");
}

static bool any_possible(const struct query_node *node)
{
    for (uint32_t i = 0; i < node->n; i++)
        if (node->values[i].possible)
            return true;
    return false;
}

static void side(struct compiler *c, const char *column, const char *comparison, bool *first)
{
    if (!*first)
        buf_str(c->sql, " AND ");
    *first = false;
    store_column_quote(c->sql, column);
    buf_str(c->sql, comparison);
}

/* Ranges of whole numbers and times; false when the kind is another. */
static bool range(struct compiler *c, const struct query_node *node, const char *column)
{
    const struct query_bounds *b = node->bounds;
    bool first = true;
    if (node->field.kind != EVENT_KIND_LONG && node->field.kind != EVENT_KIND_DATE)
        return false;
    bool date = node->field.kind == EVENT_KIND_DATE;
    buf_char(c->sql, '(');
    if (b->has_low) {
        side(c, column, " >= ", &first);
        if (date)
            put_time(c, b->from);
        else
            buf_format(c->sql, "%" PRId64 "::BIGINT", b->low_i);
    }
    if (b->has_high) {
        side(c, column, date ? " < " : " <= ", &first);
        if (date)
            put_time(c, b->to);
        else
            buf_format(c->sql, "%" PRId64 "::BIGINT", b->high_i);
    }
    if (first)
        side(c, column, " IS NOT NULL", &first);
    buf_char(c->sql, ')');
    return true;
}

static void prefix(struct compiler *c, const struct query_node *node, const char *column)
{
    buf_str(c->sql, "starts_with(");
    store_column_quote(c->sql, column);
    buf_char(c->sql, ',');
    store_column_quote_text(c->sql, node->values[0].s, node->values[0].len);
    buf_char(c->sql, ')');
}

/* A leaf on one column. */
static void on_column(struct compiler *c, const struct query_node *node,
                      const struct store_column *column, struct place at)
{
    bool usual = column->field == EVENT_F_NONE ||
                 column->type == (uint8_t)store_column_type_of(column->field);
    bool text = node->field.kind == EVENT_KIND_KEYWORD || node->field.kind == EVENT_KIND_WILDCARD;
    if (node->op == QUERY_RANGE && node->bounds->empty) {
        put_bool(c, false);
        return;
    }
    if (node->op == QUERY_TERMS && !any_possible(node)) {
        put_bool(c, false);
        return;
    }
    if (usual && node->op == QUERY_TERMS && are_literals(node)) {
        terms(c, node, column);
        return;
    }
    if (usual && !column->list) {
        if (node->op == QUERY_RANGE && range(c, node, column->name))
            return;
        if (node->op == QUERY_PREFIX && text && !node_folds(node) && node->n == 1) {
            prefix(c, node, column->name);
            return;
        }
    }
    if (node->uses_now)
        unknown(c, at); /* the worker does not know which now */
    else
        call_leaf(c, node, column->name);
}

/* A leaf about one field: its column, and rest where some piece has it there. */
static void on_field(struct compiler *c, const struct query_node *node, struct place at)
{
    static const struct store_column timestamp = {
        .name = "@timestamp", .len = 10, .field = EVENT_F_NONE, .type = STORE_COLUMN_TIME};
    const struct query_field *f = &node->field;
    const struct store_column *column = store_columns_find(c->columns, f->path, f->path_len);
    if (strcmp(f->path, timestamp.name) == 0)
        column = &timestamp;
    bool rest = store_columns_in_rest(c->columns, f->path, f->path_len);
    if (column == NULL && !rest) {
        put_bool(c, false);
        return;
    }
    buf_str(c->sql, at.strict ? "coalesce(" : "(");
    if (column != NULL)
        on_column(c, node, column, at);
    if (rest) {
        /* NULL OR false is NULL: what is strict is made so below. */
        buf_str(c->sql, column != NULL ? " OR " : "");
        if (node->uses_now)
            unknown(c, at);
        else
            call_rest(c, node);
    }
    buf_str(c->sql, at.strict ? ",false)" : ")");
}

static bool below(const struct query_field *f, const char *name, size_t n)
{
    if (n == f->path_len)
        return memcmp(name, f->path, n) == 0;
    return n > f->path_len && name[f->path_len] == '.' && memcmp(name, f->path, f->path_len) == 0;
}

/* EXISTS: the field or one below it. Never NULL. */
static void exists(struct compiler *c, const struct query_node *node)
{
    const struct query_field *f = &node->field;
    bool any = false;
    if (strcmp(f->path, "@timestamp") == 0) {
        put_bool(c, true);
        return;
    }
    buf_char(c->sql, '(');
    for (size_t i = 0; i < c->columns->n; i++) {
        if (!below(f, c->columns->list[i].name, c->columns->list[i].len))
            continue;
        buf_str(c->sql, any ? " OR " : "");
        store_column_quote(c->sql, c->columns->list[i].name);
        buf_str(c->sql, " IS NOT NULL");
        any = true;
    }
    bool rest = c->columns->rest_any;
    for (size_t i = 0; !rest && i < c->columns->rest_n; i++)
        rest = below(f, c->columns->rest[i], strlen(c->columns->rest[i]));
    if (rest) {
        buf_str(c->sql, any ? " OR " : "");
        call_rest(c, node);
        any = true;
    }
    if (!any)
        put_bool(c, false);
    buf_char(c->sql, ')');
}

/* One part of an index name: the first of some columns that has a value, else a text. */
struct part {
    const char *names[2];
    size_t n;
    const char *otherwise;
};

#define PARTS 3

/* <data_stream.type>-<data_stream.dataset>-<data_stream.namespace>, as query_index_name() has it.
 */
static const struct part parts[PARTS] = {
    {{"data_stream.type"}, 1, "logs"},
    {{"data_stream.dataset", "event.dataset"}, 2, "generic"},
    {{"data_stream.namespace"}, 1, "default"},
};

static void put_part(struct compiler *c, const struct part *p)
{
    buf_str(c->sql, "coalesce(");
    for (size_t i = 0; i < p->n; i++) {
        if (store_columns_find(c->columns, p->names[i], strlen(p->names[i])) == NULL)
            continue;
        store_column_quote(c->sql, p->names[i]);
        buf_char(c->sql, ',');
    }
    store_column_quote_text(c->sql, p->otherwise, strlen(p->otherwise));
    buf_char(c->sql, ')');
}

/* A pattern held against the parts from one on as they stand in the name, by a C function. */
static void put_wildcard(struct compiler *c, const char *pattern, size_t n, size_t from)
{
    buf_str(c->sql, "weir_wildcard(");
    store_column_quote_text(c->sql, pattern, n);
    for (size_t i = from; i < PARTS; i++) {
        buf_str(c->sql, i > from ? "||'-'||" : ",");
        put_part(c, &parts[i]);
    }
    buf_char(c->sql, ')');
}

/*
 * The same, by comparing parts where that says it: nearly all patterns are "logs-*" and the like,
 * and comparing a column of few different texts costs a tenth of putting names together. A part may
 * itself have a '-', which then stands for the rest of the pattern.
 */
static void put_pattern(struct compiler *c, const char *pattern, size_t n, size_t from)
{
    size_t literal = 0;
    while (literal < n && strchr("*?\\-", pattern[literal]) == NULL)
        literal++;
    if (literal == n && from + 1 == PARTS) {
        put_part(c, &parts[from]);
        buf_char(c->sql, '=');
        store_column_quote_text(c->sql, pattern, n);
    } else if (n == 1 && *pattern == '*') {
        put_bool(c, true);
    } else if (literal + 1 == n && pattern[literal] == '*') {
        buf_str(c->sql, "starts_with(");
        put_part(c, &parts[from]);
        buf_char(c->sql, ',');
        store_column_quote_text(c->sql, pattern, literal);
        buf_char(c->sql, ')');
    } else if (literal < n && pattern[literal] == '-' && from + 1 < PARTS) {
        buf_char(c->sql, '(');
        put_part(c, &parts[from]);
        buf_char(c->sql, '=');
        store_column_quote_text(c->sql, pattern, literal);
        buf_str(c->sql, " AND ");
        put_pattern(c, pattern + literal + 1, n - literal - 1, from + 1);
        buf_str(c->sql, " OR starts_with(");
        put_part(c, &parts[from]);
        buf_char(c->sql, ',');
        store_column_quote_text(c->sql, pattern, literal + 1);
        buf_char(c->sql, ')');
        if (literal + 2 < n || pattern[literal + 1] != '*') {
            buf_str(c->sql, " AND ");
            put_wildcard(c, pattern, n, from);
        }
        buf_char(c->sql, ')');
    } else {
        put_wildcard(c, pattern, n, from);
    }
}

static bool has_column(const struct compiler *c, const char *name)
{
    return store_columns_find(c->columns, name, strlen(name)) != NULL;
}

/* The index name of query_index_name(), held against each pattern. Never NULL. */
static void index_names(struct compiler *c, const struct query_node *node, struct place at)
{
    bool given = has_column(c, INDEX);
    bool known = node->n > 0 && !store_columns_in_rest(c->columns, INDEX, strlen(INDEX));
    for (size_t i = 0; i < PARTS; i++)
        for (size_t k = 0; k < parts[i].n; k++)
            known = known && !store_columns_in_rest(c->columns, parts[i].names[k],
                                                    strlen(parts[i].names[k]));
    if (!known) {
        unknown(c, at);
        return;
    }
    buf_char(c->sql, '(');
    for (uint32_t i = 0; i < node->n; i++) {
        buf_str(c->sql, i > 0 ? " OR " : "");
        buf_str(c->sql, given ? "CASE WHEN \"" INDEX "\" IS NULL THEN " : "");
        put_pattern(c, node->values[i].s, node->values[i].len, 0);
        if (!given)
            continue;
        buf_str(c->sql, " ELSE weir_wildcard(");
        store_column_quote_text(c->sql, node->values[i].s, node->values[i].len);
        buf_str(c->sql, ",\"" INDEX "\") END");
    }
    buf_char(c->sql, ')');
}

/* The _id of event_id_of(): the sender's, else where the event is kept. Never NULL. */
static void ids(struct compiler *c, const struct query_node *node, struct place at)
{
    bool given = has_column(c, ID);
    if (store_columns_in_rest(c->columns, ID, strlen(ID))) {
        unknown(c, at);
        return;
    }
    buf_str(c->sql, "(false");
    for (uint32_t i = 0; i < node->n; i++) {
        ts_ns time;
        uint32_t source;
        uint64_t sequence;
        if (given) {
            buf_str(c->sql, " OR coalesce(\"" ID "\",'')=");
            store_column_quote_text(c->sql, node->values[i].s, node->values[i].len);
        }
        if (!event_id_read(node->values[i].s, node->values[i].len, &time, &source, &sequence))
            continue;
        buf_str(c->sql, " OR (\"@timestamp\"=");
        put_time(c, time);
        buf_format(c->sql, " AND _source=%u AND _sequence=%" PRIu64 "%s)", source, sequence,
                   given ? " AND \"" ID "\" IS NULL" : "");
    }
    buf_char(c->sql, ')');
}

static void join(struct compiler *c, const struct query_node *node, const char *word,
                 struct place at)
{
    buf_char(c->sql, '(');
    for (uint32_t i = 0; i < node->n; i++) {
        buf_str(c->sql, i > 0 ? word : "");
        compile(c, node->child[i], at);
    }
    buf_char(c->sql, ')');
}

static void at_least(struct compiler *c, const struct query_node *node, struct place at)
{
    at.strict = true;
    buf_char(c->sql, '(');
    for (uint32_t i = 0; i < node->n; i++) {
        buf_str(c->sql, i > 0 ? " + (" : "(");
        compile(c, node->child[i], at);
        buf_str(c->sql, ")::INTEGER");
    }
    buf_format(c->sql, " >= %u)", node->min);
}

static void compile(struct compiler *c, const struct query_node *node, struct place at)
{
    switch ((enum query_op)node->op) {
    case QUERY_ALL:
        put_bool(c, true);
        return;
    case QUERY_NONE:
        put_bool(c, false);
        return;
    case QUERY_AND:
        join(c, node, " AND ", at);
        return;
    case QUERY_OR:
        if (node->min > 1)
            at_least(c, node, at);
        else
            join(c, node, " OR ", at);
        return;
    case QUERY_NOT:
        at.strict = true;
        at.negative = !at.negative;
        buf_str(c->sql, "(NOT ");
        compile(c, node->child[0], at);
        buf_char(c->sql, ')');
        return;
    case QUERY_TIER:
        put_bool(c, node->hot);
        return;
    case QUERY_INDEX:
        index_names(c, node, at);
        return;
    case QUERY_IDS:
        ids(c, node, at);
        return;
    case QUERY_MATCH:
        unknown(c, at);
        return;
    case QUERY_EXISTS:
        if (node->field.scope == QUERY_SCOPE_FIELD)
            exists(c, node);
        else
            unknown(c, at);
        return;
    case QUERY_TERMS:
    case QUERY_WORDS:
    case QUERY_PHRASE:
    case QUERY_RANGE:
    case QUERY_PREFIX:
    case QUERY_WILDCARD:
    case QUERY_REGEXP:
        break;
    }
    if (node->field.scope == QUERY_SCOPE_FIELD)
        on_field(c, node, at);
    else
        unknown(c, at);
}

void store_sql_where(const struct query_node *root, const struct store_columns *columns,
                     struct buf *sql, bool *out_exact)
{
    struct compiler c = {.sql = sql, .columns = columns, .exact = true};
    compile(&c, root, (struct place){0});
    *out_exact = c.exact;
}

void store_sql_index_name(const struct store_columns *columns, struct buf *sql)
{
    struct compiler c = {.sql = sql, .columns = columns, .exact = true};
    bool given = has_column(&c, INDEX);
    buf_str(sql, given ? "coalesce(\"" INDEX "\"," : "(");
    for (size_t i = 0; i < PARTS; i++) {
        buf_str(sql, i > 0 ? "||'-'||" : "");
        put_part(&c, &parts[i]);
    }
    buf_char(sql, ')');
}
