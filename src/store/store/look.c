/* SPDX-License-Identifier: Apache-2.0 */
#include "store/look.h"

#include "store/client.h"
#include "store/group.h"
#include "store/search_priv.h"
#include "store/sql.h"
#include "store/store_priv.h"

#include "base/mem.h"
#include "query/query.h"
#include "query/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

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
static void write_odd(struct store_look *l, const char *const *asked, size_t n,
                      const struct store_columns *columns)
{
    for (size_t i = 0; i < n; i++) {
        const char *name = asked[i];
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
    if (!l->all_odd && options != NULL && options->asked != NULL)
        write_odd(l, options->asked, options->asked_n, &r.columns);
    else if (!l->all_odd)
        write_odd(l, l->what.fields, l->what.fields_n, &r.columns);
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

/* Remembers what it passes on, so as to go on behind it. */
struct passing {
    store_event_fn sink;
    void *ctx;
    bool refused;
    ts_ns time;    /* of the last event */
    uint64_t same; /* events of that time */
    uint64_t skip; /* events of that time that were passed on before */
};

static bool pass_on(void *ctx, struct event *e)
{
    struct passing *p = ctx;
    if (p->skip > 0 && e->time == p->time) {
        p->skip--;
        return true;
    }
    p->same = e->time == p->time ? p->same + 1 : 1;
    p->time = e->time;
    p->refused = !p->sink(p->ctx, e);
    return !p->refused;
}

enum err store_look_ordered(struct store_look *l, const struct store_span *span,
                            store_event_fn sink, void *ctx, struct err_text *why)
{
    struct passing passing = {.sink = sink, .ctx = ctx, .time = TIME_NONE};
    const ts_ns first = l->s.first;
    const ts_ns last = l->s.last;
    enum err rc = ERR_NONE;
    begin(l, pass_on, &passing, why);
    if (span->from > l->s.first)
        l->s.first = span->from;
    if (span->to != TIME_MAX && span->to - 1 < l->s.last)
        l->s.last = span->to - 1;
    l->what.order = span->newest ? STORE_NEWEST_FIRST : STORE_OLDEST_FIRST;
    l->what.limit = span->expected;
    l->s.span = span->expected > 0 ? 10 * TIME_S : TIME_HOUR;
    if (l->s.view.pieces_n > 0 && l->s.first <= l->s.last)
        rc = store_searching_pieces(&l->s);
    /* More were wanted than expected: on from there. */
    bool more = rc == ERR_NONE && !passing.refused && l->s.enough && !l->s.cancelled;
    l->what.limit = 0;
    if (more) {
        passing.skip = passing.same;
        if (span->newest)
            l->s.last = passing.time;
        else
            l->s.first = passing.time;
        l->s.given = 0;
        l->s.enough = false;
        l->s.span = TIME_HOUR;
        rc = store_searching_pieces(&l->s);
    }
    l->what.order = STORE_OLDEST_FIRST;
    l->s.first = first;
    l->s.last = last;
    return ended(l, rc);
}

enum err store_look_count(struct store_look *l, uint64_t enough, uint64_t *out,
                          struct err_text *why)
{
    begin(l, NULL, NULL, why);
    return store_searching_count(&l->s, enough, out);
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

/* No sealed event of the look is earlier. */
static ts_ns earliest(const struct store_look *l)
{
    ts_ns t = TIME_MAX;
    for (size_t i = 0; i < l->s.view.pieces_n; i++)
        if (l->s.view.pieces[i].min_time < t)
            t = l->s.view.pieces[i].min_time;
    return t > l->s.first ? t : l->s.first;
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
    store_group_write(what, &r.columns, &r.sql, earliest(l), &sql);
    if (rc != ERR_NONE || !buf_ok(&r.sql) || !buf_ok(&l->s.also))
        rc = err_set(why, ERR_MEMORY, "no memory for the query");
    if (rc == ERR_NONE)
        rc = ask_table(l, &sql, store_group_columns(what), fn, ctx);
    buf_clear(&l->s.also);
    buf_release(&sql);
    store_request_release(&r);
    return rc;
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
    store_group_write_top(what, &r.columns, &r.sql, &sql);
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
