/* SPDX-License-Identifier: Apache-2.0 */
#include "store/look.h"

#include "store/client.h"
#include "store/search_priv.h"
#include "store/sql.h"
#include "store/store_priv.h"

#include "base/mem.h"
#include "query/query.h"
#include "query/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define TIMESTAMP "@timestamp"
#define SEQUENCE "_sequence"
#define PLACES_STEP 256 /* events that one request fetches */

struct store_look {
    struct store_search what;
    struct store_searching s;
    bool all_odd;
    struct buf odd; /* the condition that tells odd events, empty: there are none */
};

/* Whether SQL says exactly what the query says. */
static bool is_exact(const struct query *q, const struct store_columns *columns)
{
    struct buf sql;
    bool exact;
    buf_init(&sql);
    store_sql_where(query_root(q), columns, &sql, &exact);
    buf_release(&sql);
    return exact;
}

/* Whether JSON writes a name as it is. */
static bool is_plain(const char *name)
{
    for (; *name != '\0'; name++)
        if (*name == '"' || *name == '\\' || (unsigned char)*name < 0x20)
            return false;
    return true;
}

/* What tells that a field is kept in `rest`: its name as a key there. */
static void write_odd(struct store_look *l, const struct store_columns *columns)
{
    for (size_t i = 0; i < l->what.fields_n; i++) {
        const char *name = l->what.fields[i];
        struct buf key;
        if (!store_columns_in_rest(columns, name, strlen(name)))
            continue;
        buf_init(&key);
        /* A name that JSON writes otherwise may be in every rest. */
        if (is_plain(name))
            buf_format(&key, "\"%s\":", name);
        else
            buf_char(&key, '"');
        buf_str(&l->odd, l->odd.n > 0 ? " OR contains(rest," : "contains(rest,");
        store_column_quote_text(&l->odd, buf_text(&key), key.n);
        buf_char(&l->odd, ')');
        if (!buf_ok(&key))
            l->odd.failed = true;
        buf_release(&key);
    }
}

static enum err find_odd(struct store_look *l, const struct store_look_options *options)
{
    struct store_request r;
    enum err rc = store_request_init(&l->s, &r, l->s.first, l->s.last);
    if (rc != ERR_NONE)
        return rc;
    l->all_odd = options != NULL && options->one_by_one;
    if (l->what.query != NULL && !is_exact(l->what.query, &r.columns))
        l->all_odd = true;
    for (size_t i = 0; options != NULL && i < options->also_n; i++)
        if (!is_exact(options->also[i], &r.columns))
            l->all_odd = true;
    if (!l->all_odd)
        write_odd(l, &r.columns);
    store_request_release(&r);
    return buf_ok(&l->odd) ? ERR_NONE : err_set(l->s.why, ERR_MEMORY, "no memory for the query");
}

enum err store_look_open(struct store *s, const struct store_search *what,
                         const struct store_look_options *options, struct store_look **out,
                         struct err_text *why)
{
    struct store_look *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the query");
    l->what = *what;
    l->what.limit = 0;
    l->what.order = STORE_OLDEST_FIRST;
    if (l->what.to <= l->what.from)
        l->what.to = l->what.from; /* nothing: no piece and no batch overlaps */
    buf_init(&l->odd);
    enum err rc = store_searching_init(&l->s, s, &l->what, why);
    if (rc != ERR_NONE) {
        buf_release(&l->odd);
        mem_free(l);
        return rc;
    }
    rc = store_searching_hot(&l->s);
    if (rc == ERR_NONE && l->s.view.pieces_n > 0)
        rc = s->finder != NULL ? find_odd(l, options) : store_searching_no_worker(why);
    if (rc != ERR_NONE) {
        store_look_close(l);
        return rc;
    }
    *out = l;
    return ERR_NONE;
}

void store_look_close(struct store_look *l)
{
    if (l == NULL)
        return;
    store_searching_release(&l->s);
    buf_release(&l->odd);
    mem_free(l);
}

static void begin(struct store_look *l, store_event_fn sink, void *ctx, struct err_text *why)
{
    struct store_searching *s = &l->s;
    s->sink = sink;
    s->ctx = ctx;
    s->given = 0;
    s->read = 0;
    s->span = TIME_HOUR;
    s->enough = false;
    s->hot_next = s->hot_n;
    s->why = why;
    buf_clear(&s->also);
}

static enum err ended(struct store_look *l, enum err rc)
{
    return rc == ERR_NONE && l->s.cancelled ? store_searching_cancelled(&l->s) : rc;
}

enum err store_look_hot(struct store_look *l, store_event_fn sink, void *ctx, struct err_text *why)
{
    enum err rc = ERR_NONE;
    begin(l, sink, ctx, why);
    for (l->s.hot_next = 0; rc == ERR_NONE && !l->s.enough && l->s.hot_next < l->s.hot_n;)
        rc = store_searching_give_hot(&l->s);
    if (rc != ERR_NONE)
        rc = err_set(why, rc, "cannot read the hot events: %s", err_name(rc));
    return ended(l, rc);
}

enum err store_look_odd(struct store_look *l, store_event_fn sink, void *ctx, struct err_text *why)
{
    begin(l, sink, ctx, why);
    if (l->s.view.pieces_n == 0 || (!l->all_odd && l->odd.n == 0))
        return ERR_NONE;
    if (!l->all_odd) {
        buf_str(&l->s.also, " AND (");
        buf_add(&l->s.also, l->odd.p, l->odd.n);
        buf_char(&l->s.also, ')');
    }
    enum err rc = store_searching_pieces(&l->s);
    buf_clear(&l->s.also);
    return ended(l, rc);
}

enum err store_look_count(struct store_look *l, uint64_t *out, struct err_text *why)
{
    begin(l, NULL, NULL, why);
    return store_searching_count(&l->s, out);
}

/* Everything but the odd events. */
static void exclude_odd(struct store_look *l)
{
    buf_clear(&l->s.also);
    if (l->odd.n == 0)
        return;
    buf_str(&l->s.also, " AND (rest IS NULL OR NOT (");
    buf_add(&l->s.also, l->odd.p, l->odd.n);
    buf_str(&l->s.also, "))");
}

/* Rows of a table to the callback; false in *more: no more are wanted. */
static enum err give_values(const struct store_frame *f, struct event_value *row, size_t columns,
                            store_group_fn fn, void *ctx, bool *more)
{
    struct cursor c = cursor_make(f->body.p, f->body.n);
    uint32_t n = cursor_le32(&c);
    if (cursor_le32(&c) != columns)
        return ERR_FORMAT;
    for (uint32_t i = 0; i < n && *more; i++) {
        for (size_t k = 0; k < columns; k++)
            store_frame_value(&c, &row[k]);
        if (!cursor_ok(&c))
            return ERR_FORMAT;
        *more = fn(ctx, row, columns);
    }
    return ERR_NONE;
}

static enum err stream_values(struct store_look *l, const struct buf *payload,
                              struct event_value *row, size_t columns, store_group_fn fn, void *ctx)
{
    struct store_client *client = store_searching_client(&l->s);
    bool more = true;
    enum err rc = store_client_request(client, NULL, 0, STORE_FRAME_TABLE, payload,
                                       store_searching_time_left(&l->s), l->s.why);
    while (rc == ERR_NONE && more) {
        const struct store_frame *f = store_client_answer(client);
        if (f->type != STORE_FRAME_VALUES)
            break;
        rc = give_values(f, row, columns, fn, ctx, &more);
        if (rc != ERR_NONE)
            err_set(l->s.why, rc, "the query worker's groups cannot be read");
        else if (more)
            rc = store_client_next(client, l->s.why);
    }
    store_client_stop(client);
    return rc;
}

static enum err ask_table(struct store_look *l, const struct buf *sql, size_t columns,
                          store_group_fn fn, void *ctx)
{
    struct buf payload;
    struct store_client *client = store_searching_client(&l->s);
    struct event_value *row = mem_zero(columns, sizeof(*row));
    enum err rc = ERR_NONE;
    buf_init(&payload);
    store_frame_put_text(&payload, buf_text(sql), sql->n);
    if (row == NULL || !buf_ok(sql) || !buf_ok(&payload))
        rc = err_set(l->s.why, ERR_MEMORY, "no memory for the query");
    if (rc == ERR_NONE)
        rc = store_client_lock_unless(client, &l->what.cancel, l->s.why);
    if (rc == ERR_NONE) {
        rc = stream_values(l, &payload, row, columns, fn, ctx);
        store_client_unlock(client);
    }
    buf_release(&payload);
    mem_free(row);
    return rc;
}

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

/* floor((a - offset) / step) of a whole number, as SQL, which cuts towards zero. */
static void put_floor(struct buf *sql, const char *what, int64_t offset, int64_t step)
{
    buf_format(sql,
               "((%s - (%" PRId64 ")) // %" PRId64 " - CASE WHEN (%s - (%" PRId64 ")) %% %" PRId64
               " < 0 THEN 1 ELSE 0 END)",
               what, offset, step, what, offset, step);
}

/* One value as the key wants it; x is its SQL. */
static void put_key(struct buf *sql, const struct store_group_key *key, uint8_t type, const char *x)
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
    put_floor(sql, buf_text(&ns), key->offset_ns, key->step_ns);
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
                       const struct store_column *c)
{
    struct buf name;
    if (c == NULL || !fits(key, c)) {
        buf_str(sql, "NULL::VARCHAR");
        return;
    }
    buf_init(&name);
    store_column_quote(&name, c->name);
    if (!c->list) {
        put_key(sql, key, c->type, buf_text(&name));
    } else {
        buf_format(sql, "CASE WHEN len(%s) > 0 THEN ", buf_text(&name));
        buf_str(sql, key->repeat ? "" : "list_distinct(");
        if (key->step) {
            buf_format(sql, "list_transform(%s, x -> ", buf_text(&name));
            put_key(sql, key, c->type, "x");
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

/* A number of a value: times in whole milliseconds, truth as 0 and 1. */
static void put_number(struct buf *sql, uint8_t type, const char *x)
{
    struct buf ns;
    switch ((enum store_column_type)type) {
    case STORE_COLUMN_TIME:
        buf_init(&ns);
        buf_format(&ns, "epoch_ns(%s)", x);
        put_floor(sql, buf_text(&ns), 0, TIME_MS);
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
static void measure_column(struct buf *sql, const struct store_column *c)
{
    struct buf name;
    if (c == NULL) {
        buf_str(sql, "NULL::DOUBLE");
        return;
    }
    buf_init(&name);
    store_column_quote(&name, c->name);
    if (!c->list) {
        put_number(sql, c->type, buf_text(&name));
    } else if (c->type == STORE_COLUMN_TEXT) {
        buf_format(sql, "list_distinct(%s)", buf_text(&name));
    } else {
        buf_format(sql, "list_transform(%s, x -> ", buf_text(&name));
        put_number(sql, c->type, "x");
        buf_char(sql, ')');
    }
    if (!buf_ok(&name))
        sql->failed = true;
    buf_release(&name);
}

/* Count, sum, least and greatest of measure i of the inner table. */
static void measure(struct buf *sql, const struct store_column *c, size_t i)
{
    bool number = c != NULL && c->type != STORE_COLUMN_TEXT;
    bool real = c != NULL && c->type == STORE_COLUMN_NUMBER;
    if (c == NULL || !c->list)
        buf_format(sql, ",count(m%zu)", i);
    else
        buf_format(sql, ",coalesce(sum(len(m%zu)),0)::BIGINT", i);
    if (!number)
        buf_str(sql, ",NULL::DOUBLE,NULL::DOUBLE,NULL::DOUBLE");
    else if (c->list)
        buf_format(sql,
                   ",sum(list_sum(m%zu))::DOUBLE,min(list_min(m%zu))::DOUBLE,"
                   "max(list_max(m%zu))::DOUBLE",
                   i, i, i);
    else
        buf_format(sql, ",%s(m%zu)::DOUBLE,min(m%zu)::DOUBLE,max(m%zu)::DOUBLE",
                   real ? "fsum" : "sum", i, i, i);
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

/* AND each further condition. */
static void also(struct store_look *l, const struct store_groups *what,
                 const struct store_columns *columns)
{
    for (size_t i = 0; i < what->also_n; i++) {
        bool exact;
        buf_str(&l->s.also, " AND ");
        store_sql_where(query_root(what->also[i]), columns, &l->s.also, &exact);
    }
}

/* One key of an order as SQL. */
static void top_column(struct buf *sql, const struct store_top_key *key,
                       const struct store_column *c)
{
    struct buf name;
    if (c == NULL) {
        buf_str(sql, "NULL::VARCHAR");
        return;
    }
    buf_init(&name);
    if (c->list)
        buf_str(&name, key->greatest ? "list_max(" : "list_min(");
    store_column_quote(&name, c->name);
    if (c->list)
        buf_char(&name, ')');
    put_number(sql, c->type, buf_text(&name));
    if (!buf_ok(&name))
        sql->failed = true;
    buf_release(&name);
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
static void write_inner(const struct store_groups *what, const struct store_request *r,
                        const struct buf *source, struct buf *sql)
{
    for (size_t i = what->keys_n; i-- > 0;) {
        const struct store_column *c = column_of(&r->columns, what->keys[i].field);
        if (c != NULL && c->list && fits(&what->keys[i], c))
            buf_format(sql, "SELECT * REPLACE (unnest(k%zu) AS k%zu) FROM (", i, i);
    }
    buf_str(sql, "SELECT 1 AS one");
    for (size_t i = 0; i < what->keys_n; i++) {
        buf_char(sql, ',');
        key_column(sql, &what->keys[i], column_of(&r->columns, what->keys[i].field));
        buf_format(sql, " AS k%zu", i);
    }
    for (size_t i = 0; i < what->measures_n; i++) {
        buf_char(sql, ',');
        measure_column(sql, column_of(&r->columns, what->measures[i]));
        buf_format(sql, " AS m%zu", i);
    }
    for (size_t i = 0; what->first != NULL && i < what->first->keys_n; i++) {
        buf_char(sql, ',');
        top_column(sql, &what->first->keys[i], column_of(&r->columns, what->first->keys[i].field));
        buf_format(sql, " AS o%zu", i);
    }
    if (what->first != NULL)
        buf_str(sql, ",\"@timestamp\" AS t,_source AS s,_sequence AS n");
    buf_add(sql, source->p, source->n);
    for (size_t i = 0; i < what->keys_n; i++) {
        const struct store_column *c = column_of(&r->columns, what->keys[i].field);
        if (c != NULL && c->list && fits(&what->keys[i], c))
            buf_char(sql, ')');
    }
}

static void write_groups(const struct store_groups *what, const struct store_request *r,
                         const struct buf *source, struct buf *sql)
{
    buf_str(sql, "SELECT ");
    for (size_t i = 0; i < what->keys_n; i++)
        buf_format(sql, "k%zu,", i);
    buf_str(sql, what->first != NULL ? "t,s,n" : "count(*)");
    for (size_t i = 0; what->first != NULL && i < what->first->keys_n; i++)
        buf_format(sql, ",o%zu", i);
    for (size_t i = 0; what->first == NULL && i < what->measures_n; i++)
        measure(sql, column_of(&r->columns, what->measures[i]), i);
    buf_str(sql, " FROM (");
    write_inner(what, r, source, sql);
    buf_char(sql, ')');
    if (what->only != NULL) {
        buf_format(sql, " WHERE k%zu IN (", what->within);
        for (size_t i = 0; i < what->only_n; i++) {
            buf_str(sql, i > 0 ? "," : "");
            put_literal(sql, &what->only[i]);
        }
        buf_char(sql, ')');
    }
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

static size_t group_columns(const struct store_groups *what)
{
    if (what->first != NULL)
        return what->keys_n + 3 + what->first->keys_n;
    return what->keys_n + 1 + 4 * what->measures_n;
}

enum err store_look_groups(struct store_look *l, const struct store_groups *what, store_group_fn fn,
                           void *ctx, struct err_text *why)
{
    struct store_request r;
    struct buf sql;
    begin(l, NULL, NULL, why);
    if (l->s.view.pieces_n == 0 || l->all_odd || (what->only != NULL && what->only_n == 0))
        return ERR_NONE;
    enum err rc = store_request_init(&l->s, &r, l->s.first, l->s.last);
    if (rc != ERR_NONE)
        return rc;
    buf_init(&sql);
    exclude_odd(l);
    also(l, what, &r.columns);
    rc = store_request_source(&l->s, &r, l->s.first, l->s.last);
    write_groups(what, &r, &r.sql, &sql);
    if (rc != ERR_NONE || !buf_ok(&r.sql) || !buf_ok(&l->s.also))
        rc = err_set(why, ERR_MEMORY, "no memory for the query");
    if (rc == ERR_NONE)
        rc = ask_table(l, &sql, group_columns(what), fn, ctx);
    buf_clear(&l->s.also);
    buf_release(&sql);
    store_request_release(&r);
    return rc;
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
    put_literal(sql, v);
    if (!key->missing_first)
        buf_format(sql, " OR k%zu IS NULL", i);
    buf_char(sql, ')');
}

static void is_equal(struct buf *sql, const struct store_top *what, size_t i)
{
    buf_format(sql, "k%zu IS NOT DISTINCT FROM ", i);
    put_literal(sql, &what->after[i]);
}

static void write_top(const struct store_top *what, const struct store_request *r,
                      const struct buf *source, struct buf *sql)
{
    buf_str(sql, "SELECT t,s,n");
    for (size_t i = 0; i < what->keys_n; i++)
        buf_format(sql, ",k%zu", i);
    buf_str(sql, " FROM (SELECT \"@timestamp\" AS t,_source AS s,_sequence AS n");
    for (size_t i = 0; i < what->keys_n; i++) {
        buf_char(sql, ',');
        top_column(sql, &what->keys[i], column_of(&r->columns, what->keys[i].field));
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

enum err store_look_top(struct store_look *l, const struct store_top *what, store_group_fn fn,
                        void *ctx, struct err_text *why)
{
    struct store_request r;
    struct buf sql;
    begin(l, NULL, NULL, why);
    if (l->s.view.pieces_n == 0 || l->all_odd || what->limit == 0)
        return ERR_NONE;
    enum err rc = store_request_init(&l->s, &r, l->s.first, l->s.last);
    if (rc != ERR_NONE)
        return rc;
    buf_init(&sql);
    exclude_odd(l);
    rc = store_request_source(&l->s, &r, l->s.first, l->s.last);
    write_top(what, &r, &r.sql, &sql);
    if (rc != ERR_NONE || !buf_ok(&r.sql))
        rc = err_set(why, ERR_MEMORY, "no memory for the query");
    if (rc == ERR_NONE)
        rc = ask_table(l, &sql, what->keys_n + 3, fn, ctx);
    buf_clear(&l->s.also);
    buf_release(&sql);
    store_request_release(&r);
    return rc;
}

static int compare_places(const void *a, const void *b)
{
    const struct store_place *x = a;
    const struct store_place *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    return (x->sequence > y->sequence) - (x->sequence < y->sequence);
}

/* The hot ones among the places, which are in order. */
static enum err fetch_hot(struct store_look *l, const struct store_place *places, size_t n)
{
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && !l->s.enough && i < l->s.hot_n; i++) {
        const struct store_place key = {l->s.hot[i].time, l->s.hot[i].sequence};
        if (bsearch(&key, places, n, sizeof(key), compare_places) == NULL)
            continue;
        l->s.hot_next = i;
        rc = store_searching_give_hot(&l->s);
    }
    l->s.hot_next = l->s.hot_n;
    return rc != ERR_NONE ? err_set(l->s.why, rc, "cannot read the hot events") : rc;
}

/* Some of the places, by one request. */
static enum err fetch_step(struct store_look *l, const struct store_place *places, size_t n)
{
    struct buf *sql = &l->s.also;
    buf_clear(sql);
    buf_str(sql, " AND \"@timestamp\" IN (");
    for (size_t i = 0; i < n; i++)
        buf_format(sql, "%smake_timestamp_ns(%" PRId64 ")", i > 0 ? "," : "", places[i].time);
    buf_str(sql, ") AND _sequence IN (");
    for (size_t i = 0; i < n; i++)
        buf_format(sql, "%s%" PRIu64, i > 0 ? "," : "", places[i].sequence);
    buf_char(sql, ')');
    return store_searching_window(&l->s, places[0].time, places[n - 1].time);
}

enum err store_look_fetch(struct store_look *l, const struct store_place *places, size_t n,
                          store_event_fn sink, void *ctx, struct err_text *why)
{
    if (n == 0)
        return ERR_NONE;
    struct store_place *sorted = mem_alloc(n * sizeof(*sorted));
    if (sorted == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the query");
    memcpy(sorted, places, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), compare_places);
    begin(l, sink, ctx, why);
    /* They were found by the query already. */
    const struct query *query = l->what.query;
    const char *const *fields = l->what.fields;
    l->what.query = NULL;
    l->what.fields = NULL;
    enum err rc = fetch_hot(l, sorted, n);
    for (size_t i = 0; rc == ERR_NONE && !l->s.enough && l->s.view.pieces_n > 0 && i < n;
         i += PLACES_STEP)
        rc = fetch_step(l, &sorted[i], n - i < PLACES_STEP ? n - i : PLACES_STEP);
    l->what.query = query;
    l->what.fields = fields;
    buf_clear(&l->s.also);
    mem_free(sorted);
    return ended(l, rc);
}

/* The names of hot batches stand at their head. */
static enum err hot_fields(struct store_look *l, store_field_fn fn, void *ctx)
{
    for (size_t i = 0; i < l->s.view.hot_n; i++) {
        struct store_batch b;
        enum err rc = store_batch_open(l->s.view.hot[i].data, &b);
        if (rc != ERR_NONE)
            return err_set(l->s.why, rc, "cannot read the hot events: %s", err_name(rc));
        for (uint32_t k = 0; k < b.names_n; k++)
            fn(ctx, b.names[k].name, b.names[k].len, b.names[k].field);
        store_batch_release(&b);
    }
    return ERR_NONE;
}

enum err store_look_fields(struct store_look *l, store_field_fn fn, void *ctx, struct err_text *why)
{
    struct store_request r;
    begin(l, NULL, NULL, why);
    enum err rc = hot_fields(l, fn, ctx);
    if (rc == ERR_NONE)
        rc = store_request_init(&l->s, &r, l->s.first, l->s.last);
    if (rc != ERR_NONE)
        return rc;
    for (size_t i = 0; i < r.columns.n; i++)
        fn(ctx, r.columns.list[i].name, r.columns.list[i].len, r.columns.list[i].field);
    for (size_t i = 0; i < r.columns.rest_n; i++) {
        size_t n = strlen(r.columns.rest[i]);
        fn(ctx, r.columns.rest[i], n, event_field_by_name(r.columns.rest[i], n));
    }
    store_request_release(&r);
    return ERR_NONE;
}
