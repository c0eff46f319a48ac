/* SPDX-License-Identifier: Apache-2.0 */
#include "store/group.h"

#include "store/address.h"
#include "store/column.h"
#include "store/sql.h"

#include "base/buf.h"

#include <inttypes.h>
#include <string.h>

#define TIMESTAMP "@timestamp"
#define SEQUENCE "_sequence"
#define INDEX_NAME "_index"
#define FEW 16 /* keys that are looked for one after the other */

/* The column of a field, or of what is none; NULL: it has none. */
static const struct store_column *column_of(const struct store_columns *columns, const char *field)
{
    static const struct store_column fixed[] = {
        {.name = TIMESTAMP, .len = 10, .field = EVENT_F_NONE, .type = STORE_COLUMN_TIME},
        {.name = SEQUENCE, .len = 9, .field = EVENT_F_NONE, .type = STORE_COLUMN_INTEGER},
    };
    for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
        if (strcmp(field, fixed[i].name) == 0)
            return &fixed[i];
    return store_columns_find(columns, field, strlen(field));
}

/*
 * floor((a - offset) / step) of a whole number, as SQL, which cuts towards zero: the second
 * division is spared where no number is less than the offset.
 */
static void put_floor(struct buf *sql, const char *what, int64_t offset, int64_t step,
                      int64_t least)
{
    if (least >= offset && least >= 0) {
        buf_format(sql, "((%s - (%" PRId64 ")) // %" PRId64 ")", what, offset, step);
        return;
    }
    buf_format(sql,
               "((%s - (%" PRId64 ")) // %" PRId64 " - CASE WHEN (%s - (%" PRId64 ")) %% %" PRId64
               " < 0 THEN 1 ELSE 0 END)",
               what, offset, step, what, offset, step);
}

/* One value as the key wants it; x is its SQL. */
static void put_key(struct buf *sql, const struct store_group_key *key, uint8_t type, const char *x,
                    ts_ns least)
{
    struct buf ns;
    if (!key->step) {
        buf_str(sql, x);
        return;
    }
    if (type != STORE_COLUMN_TIME) {
        buf_str(sql, "floor((");
        buf_str(sql, x);
        buf_str(sql, "::DOUBLE - (");
        buf_f64(sql, key->offset);
        buf_str(sql, ")) / (");
        buf_f64(sql, key->width);
        buf_str(sql, "))");
        return;
    }
    buf_init(&ns);
    buf_format(&ns, "epoch_ns(%s)", x);
    put_floor(sql, buf_text(&ns), key->offset_ns, key->step_ns, least);
    buf_release(&ns);
}

/* Whether numbers can be made of the column for what is asked of it. */
static bool fits(const struct store_group_key *key, const struct store_column *c)
{
    return !key->step || c->type == STORE_COLUMN_TIME || c->type == STORE_COLUMN_INTEGER ||
           c->type == STORE_COLUMN_NUMBER;
}

/* A key's column of the inner table: of a list the list of its different keys, never empty. */
static void key_column(struct buf *sql, const struct store_group_key *key,
                       const struct store_columns *columns, ts_ns earliest)
{
    const struct store_column *c = column_of(columns, key->field);
    struct buf name;
    if (strcmp(key->field, INDEX_NAME) == 0) {
        store_sql_index_name(columns, sql);
        return;
    }
    if (c == NULL || !fits(key, c)) {
        buf_str(sql, "NULL::VARCHAR");
        return;
    }
    buf_init(&name);
    store_column_quote(&name, c->name);
    if (!c->list) {
        put_key(sql, key, c->type, buf_text(&name),
                strcmp(key->field, TIMESTAMP) == 0 ? earliest : TIME_NONE);
    } else {
        buf_format(sql, "CASE WHEN len(%s) > 0 THEN ", buf_text(&name));
        buf_str(sql, key->repeat ? "" : "list_distinct(");
        if (key->step) {
            buf_format(sql, "list_transform(%s, x -> ", buf_text(&name));
            put_key(sql, key, c->type, "x", TIME_NONE);
            buf_char(sql, ')');
        } else {
            buf_str(sql, buf_text(&name));
        }
        buf_str(sql, key->repeat ? " ELSE [NULL] END" : ") ELSE [NULL] END");
    }
    if (!buf_ok(&name))
        sql->failed = true;
    buf_release(&name);
}

/* A value as SQL has it. */
static void put_literal(struct buf *sql, const struct event_value *v)
{
    char text[IP_TEXT_SIZE];
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        store_column_quote_text(sql, v->s, v->len);
        return;
    case EVENT_I64:
        buf_format(sql, "(%" PRId64 ")::BIGINT", v->i);
        return;
    case EVENT_F64:
        buf_char(sql, '(');
        buf_f64(sql, v->f);
        buf_str(sql, ")::DOUBLE");
        return;
    case EVENT_BOOL:
        buf_str(sql, v->b ? "true" : "false");
        return;
    case EVENT_TIME:
        buf_format(sql, "make_timestamp_ns(%" PRId64 ")", v->t);
        return;
    case EVENT_IP:
        store_column_quote_text(sql, text, ip_format(v->ip, text));
        return;
    case EVENT_NULL:
        buf_str(sql, "NULL");
        return;
    }
}

/* The same as an order's key has it. */
static void put_key_literal(struct buf *sql, const struct event_value *v)
{
    char digits[STORE_ADDRESS_DIGITS + 1];
    struct event_value key = *v;
    if (v->type == EVENT_IP) {
        store_address_write(v->ip, digits);
        key = event_value_str(digits, STORE_ADDRESS_DIGITS);
    } else if (v->type == EVENT_TIME) {
        key = event_value_i64(v->t / TIME_MS - (v->t % TIME_MS < 0));
    } else if (v->type == EVENT_BOOL) {
        key = event_value_i64(v->b);
    }
    put_literal(sql, &key);
}

/* The column that holds such a value; v NULL: a number. */
static uint8_t type_of(const struct event_value *v)
{
    switch ((enum event_type)(v != NULL ? v->type : EVENT_F64)) {
    case EVENT_STR:
    case EVENT_IP:
        return STORE_COLUMN_TEXT;
    case EVENT_I64:
        return STORE_COLUMN_INTEGER;
    case EVENT_BOOL:
        return STORE_COLUMN_BOOLEAN;
    case EVENT_TIME:
        return STORE_COLUMN_TIME;
    case EVENT_F64:
    case EVENT_NULL:
        break;
    }
    return STORE_COLUMN_NUMBER;
}

/* A number of a value: times in whole milliseconds, truth as 0 and 1. */
static void put_number(struct buf *sql, uint8_t type, const char *x)
{
    struct buf ns;
    switch ((enum store_column_type)type) {
    case STORE_COLUMN_TIME:
        buf_init(&ns);
        buf_format(&ns, "epoch_ns(%s)", x);
        put_floor(sql, buf_text(&ns), 0, TIME_MS, TIME_NONE);
        buf_release(&ns);
        return;
    case STORE_COLUMN_BOOLEAN:
        buf_format(sql, "%s::BIGINT", x);
        return;
    default:
        buf_str(sql, x);
        return;
    }
}

/* A measure's column of the inner table: numbers, or what is only counted. */
static void measure_column(struct buf *sql, const struct store_measure *m,
                           const struct store_column *c)
{
    struct buf value;
    buf_init(&value);
    if (c == NULL && m->missing == NULL) {
        buf_str(&value, "NULL::DOUBLE");
    } else if (c == NULL) {
        put_literal(&value, m->missing);
    } else if (c->list && m->missing != NULL) {
        buf_str(&value, "CASE WHEN len(");
        store_column_quote(&value, c->name);
        buf_str(&value, ") > 0 THEN ");
        store_column_quote(&value, c->name);
        buf_str(&value, " ELSE [");
        put_literal(&value, m->missing);
        buf_str(&value, "] END");
    } else if (m->missing != NULL) {
        buf_str(&value, "coalesce(");
        store_column_quote(&value, c->name);
        buf_char(&value, ',');
        put_literal(&value, m->missing);
        buf_char(&value, ')');
    } else {
        store_column_quote(&value, c->name);
    }
    if (c == NULL) {
        put_number(sql, type_of(m->missing), buf_text(&value));
    } else if (!c->list) {
        put_number(sql, c->type, buf_text(&value));
    } else if (c->type == STORE_COLUMN_TEXT) {
        buf_format(sql, "list_distinct(%s)", buf_text(&value));
    } else {
        buf_format(sql, "list_transform(%s, x -> ", buf_text(&value));
        put_number(sql, c->type, "x");
        buf_char(sql, ')');
    }
    if (!buf_ok(&value))
        sql->failed = true;
    buf_release(&value);
}

/* Count, sum, least and greatest of measure i of the inner table. */
static void measure(struct buf *sql, const struct store_measure *m, const struct store_column *c,
                    size_t i)
{
    bool list = c != NULL && c->list;
    uint8_t type = c != NULL ? c->type : type_of(m->missing);
    bool number = type != STORE_COLUMN_TEXT && (c != NULL || m->missing != NULL);
    const char *sum = type == STORE_COLUMN_NUMBER && !list ? "fsum" : "sum";
    const struct {
        bool wanted;
        const char *name;
        const char *of_list;
    } all[] = {
        {m->sum && number, sum, "list_sum"},
        {m->least && number, "min", "list_min"},
        {m->greatest && number, "max", "list_max"},
    };
    if (!m->count)
        buf_str(sql, ",NULL::BIGINT");
    else if (list)
        buf_format(sql, ",coalesce(sum(len(m%zu)),0)::BIGINT", i);
    else
        buf_format(sql, ",count(m%zu)", i);
    for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
        if (!all[k].wanted)
            buf_str(sql, ",NULL::DOUBLE");
        else if (list)
            buf_format(sql, ",%s(%s(m%zu))::DOUBLE", all[k].name, all[k].of_list, i);
        else
            buf_format(sql, ",%s(m%zu)::DOUBLE", all[k].name, i);
    }
}

/* One key of an order as SQL. */
static void top_column(struct buf *sql, const struct store_top_key *key,
                       const struct store_columns *columns)
{
    const struct store_column *c = column_of(columns, key->field);
    struct buf value;
    if (strcmp(key->field, INDEX_NAME) == 0) {
        store_sql_index_name(columns, sql);
        return;
    }
    buf_init(&value);
    if (c != NULL && c->list && key->address) {
        buf_str(&value, key->greatest ? "list_max(" : "list_min(");
        buf_str(&value, "list_transform(");
        store_column_quote(&value, c->name);
        buf_str(&value, ", x -> weir_address(x)))");
    } else if (c != NULL && c->list) {
        buf_str(&value, key->greatest ? "list_max(" : "list_min(");
        store_column_quote(&value, c->name);
        buf_char(&value, ')');
    } else if (c != NULL) {
        buf_str(&value, key->address ? "weir_address(" : "");
        store_column_quote(&value, c->name);
        buf_str(&value, key->address ? ")" : "");
    } else {
        buf_str(&value, "NULL");
    }
    buf_str(sql, key->missing != NULL ? "coalesce(" : "");
    put_number(sql, c != NULL ? c->type : STORE_COLUMN_TEXT, buf_text(&value));
    if (c == NULL && key->missing == NULL)
        buf_str(sql, "::VARCHAR");
    if (key->missing != NULL) {
        buf_char(sql, ',');
        put_key_literal(sql, key->missing);
        buf_char(sql, ')');
    }
    if (!buf_ok(&value))
        sql->failed = true;
    buf_release(&value);
}

/* The order of a top, whose columns begin with a letter; equal ones by arrival. */
static void put_order(struct buf *sql, const struct store_top *top, char letter)
{
    for (size_t i = 0; i < top->keys_n; i++)
        buf_format(sql, "%c%zu%s NULLS %s,", letter, i, top->keys[i].descending ? " DESC" : "",
                   top->keys[i].missing_first ? "FIRST" : "LAST");
    buf_char(sql, 'n');
}

/* The inner table: keys k0…, measures m0…, one row an event and key of its lists. */
static void write_inner(const struct store_groups *what, const struct store_columns *columns,
                        const struct buf *source, ts_ns earliest, struct buf *sql)
{
    for (size_t i = what->keys_n; i-- > 0;) {
        const struct store_column *c = column_of(columns, what->keys[i].field);
        if (c != NULL && c->list && fits(&what->keys[i], c))
            buf_format(sql, "SELECT * REPLACE (unnest(k%zu) AS k%zu) FROM (", i, i);
    }
    buf_str(sql, "SELECT 1 AS one");
    for (size_t i = 0; i < what->keys_n; i++) {
        buf_char(sql, ',');
        key_column(sql, &what->keys[i], columns, earliest);
        buf_format(sql, " AS k%zu", i);
    }
    for (size_t i = 0; i < what->measures_n; i++) {
        buf_char(sql, ',');
        measure_column(sql, &what->measures[i], column_of(columns, what->measures[i].field));
        buf_format(sql, " AS m%zu", i);
    }
    for (size_t i = 0; what->first != NULL && i < what->first->keys_n; i++) {
        buf_char(sql, ',');
        top_column(sql, &what->first->keys[i], columns);
        buf_format(sql, " AS o%zu", i);
    }
    if (what->first != NULL)
        buf_str(sql, ",\"@timestamp\" AS t,_source AS s,_sequence AS n");
    buf_add(sql, source->p, source->n);
    for (size_t i = 0; i < what->keys_n; i++) {
        const struct store_column *c = column_of(columns, what->keys[i].field);
        if (c != NULL && c->list && fits(&what->keys[i], c))
            buf_char(sql, ')');
    }
}

/*
 * WHERE the key is one of those named. Few are looked for in a list, once for each word of a
 * piece's dictionary; DuckDB makes a join of IN, which unpacks the dictionary first.
 */
static void write_only(const struct store_groups *what, const struct store_columns *columns,
                       struct buf *sql)
{
    const struct store_group_key *key = &what->keys[what->within];
    bool few = what->only_n <= FEW;
    if (strcmp(key->field, INDEX_NAME) != 0 && column_of(columns, key->field) == NULL) {
        buf_str(sql, " WHERE false"); /* no value here is one of them */
        return;
    }
    buf_str(sql, few ? " WHERE list_contains([" : " WHERE ");
    if (!few)
        buf_format(sql, "k%zu IN (", what->within);
    for (size_t i = 0; i < what->only_n; i++) {
        buf_str(sql, i > 0 ? "," : "");
        put_literal(sql, &what->only[i]);
    }
    if (few)
        buf_format(sql, "],k%zu", what->within);
    buf_char(sql, ')');
}

void store_group_write(const struct store_groups *what, const struct store_columns *columns,
                       const struct buf *source, ts_ns earliest, struct buf *sql)
{
    buf_str(sql, "SELECT ");
    for (size_t i = 0; i < what->keys_n; i++)
        buf_format(sql, "k%zu,", i);
    buf_str(sql, what->first != NULL ? "t,s,n" : "count(*)");
    for (size_t i = 0; what->first != NULL && i < what->first->keys_n; i++)
        buf_format(sql, ",o%zu", i);
    for (size_t i = 0; what->first == NULL && i < what->measures_n; i++)
        measure(sql, &what->measures[i], column_of(columns, what->measures[i].field), i);
    buf_str(sql, " FROM (");
    write_inner(what, columns, source, earliest, sql);
    buf_char(sql, ')');
    if (what->only != NULL)
        write_only(what, columns, sql);
    if (what->first != NULL)
        buf_str(sql, " QUALIFY row_number() OVER (");
    for (size_t i = 0; i < what->keys_n; i++)
        buf_format(sql, "%sk%zu",
                   i > 0                 ? ","
                   : what->first != NULL ? "PARTITION BY "
                                         : " GROUP BY ",
                   i);
    if (what->first != NULL) {
        buf_str(sql, " ORDER BY ");
        put_order(sql, what->first, 'o');
        buf_format(sql, ") <= %" PRIu64, what->first->limit);
    }
}

size_t store_group_columns(const struct store_groups *what)
{
    if (what->first != NULL)
        return what->keys_n + 3 + what->first->keys_n;
    return what->keys_n + 1 + 4 * what->measures_n;
}

/* Whether key i comes strictly after, or is equal to, a value. */
static void comes_after(struct buf *sql, const struct store_top *what, size_t i)
{
    const struct store_top_key *key = &what->keys[i];
    const struct event_value *v = &what->after[i];
    if (v->type == EVENT_NULL) {
        buf_format(sql, key->missing_first ? "k%zu IS NOT NULL" : "false", i);
        return;
    }
    buf_format(sql, key->descending ? "(k%zu < " : "(k%zu > ", i);
    put_key_literal(sql, v);
    if (!key->missing_first)
        buf_format(sql, " OR k%zu IS NULL", i);
    buf_char(sql, ')');
}

static void is_equal(struct buf *sql, const struct store_top *what, size_t i)
{
    buf_format(sql, "k%zu IS NOT DISTINCT FROM ", i);
    put_key_literal(sql, &what->after[i]);
}

void store_group_write_top(const struct store_top *what, const struct store_columns *columns,
                           const struct buf *source, struct buf *sql)
{
    buf_str(sql, "SELECT t,s,n");
    for (size_t i = 0; i < what->keys_n; i++)
        buf_format(sql, ",k%zu", i);
    buf_str(sql, " FROM (SELECT \"@timestamp\" AS t,_source AS s,_sequence AS n");
    for (size_t i = 0; i < what->keys_n; i++) {
        buf_char(sql, ',');
        top_column(sql, &what->keys[i], columns);
        buf_format(sql, " AS k%zu", i);
    }
    buf_add(sql, source->p, source->n);
    buf_char(sql, ')');
    for (size_t i = 0; what->after != NULL && i < what->keys_n; i++) {
        buf_str(sql, i == 0 ? " WHERE (" : " OR (");
        for (size_t k = 0; k < i; k++) {
            is_equal(sql, what, k);
            buf_str(sql, " AND ");
        }
        comes_after(sql, what, i);
        buf_char(sql, ')');
    }
    buf_str(sql, " ORDER BY ");
    put_order(sql, what, 'k');
    buf_format(sql, " LIMIT %" PRIu64, what->limit);
}
