/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store.h"

#include "store/column.h"
#include "store/row.h"
#include "store/search_priv.h"
#include "store/sql.h"
#include "store/store_priv.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "event/event.h"
#include "query/query.h"
#include "query/tree.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/*
 * Pieces are read in windows of time, each of about so many rows, so that no sort is large and the
 * worker is free for others between two windows. Hot events are matched in memory first and merged
 * into the windows' streams.
 */
#define WINDOW_ROWS 200000
#define SPAN_LIMITED (10 * TIME_S) /* the first window of a search that wants few */
#define LOOK_ROWS 1024             /* rows between two looks whether it is cancelled, at most */
#define LOOK_NS (100 * TIME_MS)    /* time between them, as far as single rows allow */
#define CLOCK_ROWS 16              /* rows between two looks at the clock */

static bool newest(const struct store_searching *s)
{
    return s->what->order == STORE_NEWEST_FIRST;
}

static int compare_keys(ts_ns at, uint32_t as, uint64_t aq, ts_ns bt, uint32_t bs, uint64_t bq)
{
    if (at != bt)
        return at < bt ? -1 : 1;
    if (as != bs)
        return as < bs ? -1 : 1;
    return (aq > bq) - (aq < bq);
}

static int compare_hot(const void *a, const void *b)
{
    const struct store_hot_place *x = a;
    const struct store_hot_place *y = b;
    return compare_keys(x->time, x->source, x->sequence, y->time, y->source, y->sequence);
}

static int compare_hot_newest(const void *a, const void *b)
{
    return compare_hot(b, a);
}

/* Called for every row, which may cost a microsecond or a tenth of a second; asks now and then
 * only, as the answer may cost a system call. */
static bool look(struct store_searching *s)
{
    const struct store_cancel *cancel = &s->what->cancel;
    uint64_t row = s->seen++;
    if (cancel->wanted == NULL || s->cancelled || row % CLOCK_ROWS != 0)
        return s->cancelled;
    ts_ns now = clock_steady();
    if (row % LOOK_ROWS == 0 || now - s->asked >= LOOK_NS) {
        s->asked = now;
        s->cancelled = cancel->wanted(cancel->ctx);
    }
    return s->cancelled;
}

enum err store_searching_cancelled(struct store_searching *s)
{
    return err_set(s->why, ERR_STOPPED, "the search was stopped before its end");
}

/* Gives an event to the sink; sets enough. */
static void give(struct store_searching *s, struct event *e)
{
    s->given++;
    if (!s->sink(s->ctx, e) || s->given == s->what->limit || look(s))
        s->enough = true;
}

/* Keeps the rows of a hot batch that match. */
static enum err match_batch(struct store_searching *s, uint32_t number)
{
    struct store_batch *b = &s->batches[number];
    struct store_row row;
    enum err rc = ERR_NONE;
    while (rc == ERR_NONE && !look(s) && store_batch_next(b, &row)) {
        struct event e;
        if (row.time < s->first || row.time > s->last ||
            (s->what->before > 0 && row.sequence >= s->what->before))
            continue;
        arena_clear(&s->arena);
        rc = store_row_event(b, &row, &s->arena, &e);
        if (rc != ERR_NONE || (s->what->query != NULL && !query_match(s->what->query, &e)))
            continue;
        void *grown = s->hot;
        if (mem_grow(&grown, &s->hot_cap, s->hot_n + 1, sizeof(*s->hot)) != 0)
            return ERR_MEMORY;
        s->hot = grown;
        s->hot[s->hot_n++] =
            (struct store_hot_place){row.time, row.sequence, row.source, number, row};
    }
    return rc == ERR_NONE && b->bad ? ERR_FORMAT : rc;
}

enum err store_searching_hot(struct store_searching *s)
{
    s->batches = mem_zero(s->view.hot_n + 1, sizeof(*s->batches));
    enum err rc = s->batches != NULL ? ERR_NONE : ERR_MEMORY;
    for (size_t i = 0; rc == ERR_NONE && i < s->view.hot_n; i++) {
        size_t before = s->hot_n;
        rc = store_batch_open(s->view.hot[i].data, &s->batches[i]);
        if (rc == ERR_NONE)
            rc = match_batch(s, (uint32_t)i);
        if (s->hot_n == before)
            store_batch_release(&s->batches[i]);
    }
    if (rc != ERR_NONE)
        return err_set(s->why, rc, "cannot read the hot events: %s", err_name(rc));
    if (s->cancelled)
        return store_searching_cancelled(s);
    if (s->hot_n > 1)
        qsort(s->hot, s->hot_n, sizeof(*s->hot), newest(s) ? compare_hot_newest : compare_hot);
    return ERR_NONE;
}

enum err store_searching_give_hot(struct store_searching *s)
{
    struct event e;
    const struct store_hot_place *p = &s->hot[s->hot_next++];
    arena_clear(&s->arena);
    enum err rc = store_row_event(&s->batches[p->batch], &p->row, &s->arena, &e);
    if (rc == ERR_NONE)
        give(s, &e);
    return rc;
}

/* Gives the hot events that come before a row, or all that are left (NULL). */
static enum err give_hot_before(struct store_searching *s, const struct store_row *row)
{
    enum err rc = ERR_NONE;
    while (rc == ERR_NONE && !s->enough && s->hot_next < s->hot_n) {
        const struct store_hot_place *p = &s->hot[s->hot_next];
        if (row != NULL) {
            int order = compare_keys(p->time, p->source, p->sequence, row->time, row->source,
                                     row->sequence);
            if (newest(s) ? order < 0 : order > 0)
                break;
        }
        rc = store_searching_give_hot(s);
    }
    return rc;
}

/* Gives the events of one answer of the worker, with the hot ones between. */
static enum err give_found(struct store_searching *s, const struct store_frame *f, bool exact)
{
    struct store_batch b;
    struct store_row row;
    enum err rc = store_batch_open(bytes_make(f->body.p, f->body.n), &b);
    if (rc != ERR_NONE)
        return rc;
    while (rc == ERR_NONE && !s->enough && store_batch_next(&b, &row)) {
        struct event e;
        s->read++;
        rc = give_hot_before(s, &row);
        if (rc != ERR_NONE || s->enough)
            break;
        arena_clear(&s->arena);
        rc = store_row_event(&b, &row, &s->arena, &e);
        if (rc == ERR_NONE && (exact || s->what->query == NULL || query_match(s->what->query, &e)))
            give(s, &e);
    }
    if (rc == ERR_NONE && b.bad)
        rc = ERR_FORMAT;
    store_batch_release(&b);
    return rc;
}

static bool overlaps(const struct store_piece *p, ts_ns first, ts_ns last)
{
    return p->max_time >= first && p->min_time <= last;
}

void store_request_release(struct store_request *r)
{
    store_columns_release(&r->columns);
    arena_release(&r->arena);
    buf_release(&r->sql);
}

/* FROM the pieces of a window WHERE time and query. */
enum err store_request_source(struct store_searching *s, struct store_request *r, ts_ns first,
                              ts_ns last)
{
    size_t n = 0;
    struct store_part *parts = arena_alloc(&r->arena, s->view.pieces_n * sizeof(*parts));
    if (parts == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < s->view.pieces_n; i++) {
        const struct store_piece *p = &s->view.pieces[i];
        if (!overlaps(p, first, last))
            continue;
        char *path = store_piece_path(s->store, p->id, "parquet");
        parts[n].path = path != NULL ? arena_strndup(&r->arena, path, strlen(path)) : NULL;
        parts[n].columns = p->columns;
        mem_free(path);
        if (parts[n++].path == NULL)
            return ERR_MEMORY;
    }
    buf_str(&r->sql, " FROM ");
    enum err rc = store_columns_source(&r->columns, parts, n, &r->sql);
    if (rc != ERR_NONE)
        return rc;
    buf_str(&r->sql, " WHERE true");
    if (first != INT64_MIN)
        buf_format(&r->sql, " AND \"@timestamp\" >= make_timestamp_ns(%" PRId64 ")", first);
    if (last != INT64_MAX)
        buf_format(&r->sql, " AND \"@timestamp\" <= make_timestamp_ns(%" PRId64 ")", last);
    if (s->what->before > 0)
        buf_format(&r->sql, " AND _sequence < %" PRIu64, s->what->before);
    r->exact = true;
    if (s->what->query != NULL) {
        buf_str(&r->sql, " AND ");
        store_sql_where(query_root(s->what->query), &r->columns, &r->sql, &r->exact);
    }
    buf_add(&r->sql, buf_text(&s->also), s->also.n);
    return ERR_NONE;
}

enum err store_request_init(struct store_searching *s, struct store_request *r, ts_ns first,
                            ts_ns last)
{
    arena_init(&r->arena, 0);
    store_columns_init(&r->columns, &r->arena);
    buf_init(&r->sql);
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < s->view.pieces_n; i++) {
        const struct store_piece *p = &s->view.pieces[i];
        if (overlaps(p, first, last))
            rc = store_columns_read(&r->columns, p->columns, p->rest);
    }
    if (rc != ERR_NONE) {
        store_request_release(r);
        return err_set(s->why, rc, "the list of columns of a piece cannot be read");
    }
    return ERR_NONE;
}

/*
 * The columns that the worker has to send: those that are wanted, and all when query_match() must
 * still be asked.
 */
static enum err wanted_columns(const struct store_searching *s, const struct store_request *r,
                               struct store_columns *out)
{
    bool all = s->what->fields == NULL || !r->exact;
    out->rest_any = all && store_columns_has_rest(&r->columns);
    for (size_t i = 0; all && i < r->columns.n; i++) {
        const struct store_column *c = &r->columns.list[i];
        if (store_columns_add(out, c->name, c->len, (enum store_column_type)c->type, c->list) ==
            NULL)
            return ERR_MEMORY;
    }
    for (size_t i = 0; !all && i < s->what->fields_n; i++) {
        const char *name = s->what->fields[i];
        size_t n = strlen(name);
        const struct store_column *c = store_columns_find(&r->columns, name, n);
        out->rest_any = out->rest_any || store_columns_in_rest(&r->columns, name, n);
        if (c != NULL && store_columns_add(out, c->name, c->len, (enum store_column_type)c->type,
                                           c->list) == NULL)
            return ERR_MEMORY;
    }
    return ERR_NONE;
}

/* The SELECT of one window; the columns that it gives are added to out. */
static enum err write_select(struct store_searching *s, struct store_request *r, ts_ns first,
                             ts_ns last, struct buf *sql, struct store_columns *out)
{
    const char *order = newest(s) ? " DESC" : "";
    enum err rc = store_request_source(s, r, first, last);
    if (rc == ERR_NONE)
        rc = wanted_columns(s, r, out);
    buf_str(sql, "SELECT \"@timestamp\",_source,_sequence");
    for (size_t i = 0; i < out->n; i++) {
        buf_char(sql, ',');
        store_column_quote(sql, out->list[i].name);
    }
    if (store_columns_has_rest(out))
        buf_str(sql, ",rest");
    buf_add(sql, buf_text(&r->sql), r->sql.n);
    buf_format(sql, " ORDER BY \"@timestamp\"%s,_source%s,_sequence%s", order, order, order);
    if (s->what->limit > 0 && r->exact)
        buf_format(sql, " LIMIT %llu", (unsigned long long)(s->what->limit - s->given));
    return rc == ERR_NONE && (!buf_ok(sql) || !buf_ok(&r->sql)) ? ERR_MEMORY : rc;
}

ts_ns store_searching_time_left(const struct store_searching *s)
{
    if (s->deadline == TIME_MAX)
        return 0;
    ts_ns left = s->deadline - clock_steady();
    return left > 0 ? left : 1;
}

struct store_client *store_searching_client(const struct store_searching *s)
{
    return s->what->apart ? s->store->reader : s->store->finder;
}

/* The worker's answers to one request, hot events between; the worker is ours. */
static enum err stream_window(struct store_searching *s, const struct buf *payload, bool exact)
{
    struct store_client *client = store_searching_client(s);
    enum err rc = store_client_request(client, NULL, 0, STORE_FRAME_FIND, payload,
                                       store_searching_time_left(s), s->why);
    while (rc == ERR_NONE && !s->enough) {
        const struct store_frame *f = store_client_answer(client);
        if (f->type != STORE_FRAME_FOUND)
            break;
        rc = give_found(s, f, exact);
        if (rc != ERR_NONE)
            err_set(s->why, rc, "the query worker's events cannot be read");
        else if (!s->enough)
            rc = store_client_next(client, s->why);
    }
    store_client_stop(client);
    return rc;
}

static uint64_t rows_between(const struct store_searching *s, ts_ns first, ts_ns last)
{
    uint64_t rows = 0;
    for (size_t i = 0; i < s->view.pieces_n; i++)
        if (overlaps(&s->view.pieces[i], first, last))
            rows += s->view.pieces[i].rows;
    return rows;
}

/* The events of one window, hot ones between; those after the last row are left. */
enum err store_searching_window(struct store_searching *s, ts_ns first, ts_ns last)
{
    struct store_request r;
    struct store_columns wanted;
    struct buf payload;
    struct buf sql;
    struct buf columns;
    struct buf rest;
    struct store_client *client = store_searching_client(s);
    if (rows_between(s, first, last) == 0)
        return ERR_NONE;
    enum err rc = store_request_init(s, &r, first, last);
    if (rc != ERR_NONE)
        return rc;
    store_columns_init(&wanted, &r.arena);
    buf_init(&payload);
    buf_init(&sql);
    buf_init(&columns);
    buf_init(&rest);
    rc = write_select(s, &r, first, last, &sql, &wanted);
    store_columns_write(&wanted, &columns, &rest);
    store_frame_put_text(&payload, buf_text(&sql), sql.n);
    store_frame_put_text(&payload, buf_text(&columns), columns.n);
    buf_char(&payload, store_columns_has_rest(&wanted));
    if (rc != ERR_NONE || !buf_ok(&payload) || !buf_ok(&columns)) {
        rc = err_set(s->why, ERR_MEMORY, "no memory for the query");
    } else {
        rc = store_client_lock_unless(client, &s->what->cancel, s->why);
        if (rc == ERR_NONE) {
            rc = stream_window(s, &payload, r.exact);
            store_client_unlock(client);
        }
    }
    buf_release(&payload);
    buf_release(&sql);
    buf_release(&columns);
    buf_release(&rest);
    store_columns_release(&wanted);
    store_request_release(&r);
    return rc;
}

static ts_ns add_span(ts_ns t, ts_ns span)
{
    ts_ns sum;
    return __builtin_add_overflow(t, span, &sum) ? INT64_MAX : sum;
}

static ts_ns subtract_span(ts_ns t, ts_ns span)
{
    ts_ns difference;
    return __builtin_sub_overflow(t, span, &difference) ? INT64_MIN : difference;
}

/*
 * How much time a window from begin may take, upwards or downwards. A piece that spans long counts
 * with all its rows, so that the learned span is never shrunk.
 */
static ts_ns window_span(const struct store_searching *s, ts_ns begin, bool up)
{
    ts_ns span = s->span;
    for (;;) {
        ts_ns first = up ? begin : subtract_span(begin, span - 1);
        ts_ns last = up ? add_span(begin, span - 1) : begin;
        bool all = up ? last >= s->last : first <= s->first;
        if (all || span > INT64_MAX / 4 || rows_between(s, first, last) >= WINDOW_ROWS)
            return span;
        span *= 2;
    }
}

/* The next window at or after a time: from the first piece there on. False: none. */
static bool window_up(const struct store_searching *s, ts_ns at, ts_ns *out_first, ts_ns *out_last)
{
    bool any = false;
    ts_ns begin = INT64_MAX;
    for (size_t i = 0; i < s->view.pieces_n; i++) {
        const struct store_piece *p = &s->view.pieces[i];
        if (p->max_time < at)
            continue;
        any = true;
        if (p->min_time <= at)
            begin = at;
        else if (p->min_time < begin)
            begin = p->min_time;
    }
    ts_ns last = add_span(begin, window_span(s, begin, true) - 1);
    *out_first = begin;
    *out_last = last < s->last ? last : s->last;
    return any && begin <= s->last;
}

/* The same downwards. */
static bool window_down(const struct store_searching *s, ts_ns at, ts_ns *out_first,
                        ts_ns *out_last)
{
    bool any = false;
    ts_ns begin = INT64_MIN;
    for (size_t i = 0; i < s->view.pieces_n; i++) {
        const struct store_piece *p = &s->view.pieces[i];
        if (p->min_time > at)
            continue;
        any = true;
        if (p->max_time >= at)
            begin = at;
        else if (p->max_time > begin)
            begin = p->max_time;
    }
    ts_ns first = subtract_span(begin, window_span(s, begin, false) - 1);
    *out_first = first > s->first ? first : s->first;
    *out_last = begin;
    return any && begin >= s->first;
}

enum err store_searching_pieces(struct store_searching *s)
{
    enum err rc = ERR_NONE;
    ts_ns at = newest(s) ? s->last : s->first;
    while (rc == ERR_NONE && !s->enough) {
        ts_ns first = 0;
        ts_ns last = 0;
        uint64_t before = s->read;
        if (!(newest(s) ? window_down(s, at, &first, &last) : window_up(s, at, &first, &last)))
            break;
        rc = store_searching_window(s, first, last);
        /* Windows grow where little is found in them. */
        if (s->read - before < WINDOW_ROWS / 4 && s->span < INT64_MAX / 4)
            s->span *= 2;
        else if (s->read - before > WINDOW_ROWS && s->span > TIME_HOUR)
            s->span = TIME_HOUR;
        if (newest(s) ? first <= s->first : last >= s->last)
            break;
        at = newest(s) ? first - 1 : last + 1;
    }
    return rc;
}

enum err store_searching_init(struct store_searching *s, struct store *store,
                              const struct store_search *what, struct err_text *why)
{
    struct store_view_filter filter = {.with_pieces = true, .with_hot = true};
    memset(s, 0, sizeof(*s));
    s->store = store;
    s->what = what;
    s->why = why;
    s->first = what->from;
    s->last = what->to == TIME_MAX ? TIME_MAX : what->to - 1;
    s->span = what->limit > 0 ? SPAN_LIMITED : TIME_HOUR;
    s->deadline = what->timeout_ns > 0 ? clock_steady() + what->timeout_ns : TIME_MAX;
    filter.first = s->first;
    filter.last = s->last;
    arena_init(&s->arena, 0);
    buf_init(&s->also);
    store_readers_enter(store);
    enum err rc = store_journal_view(store->journal, &filter, &s->view, why);
    if (rc != ERR_NONE) {
        store_readers_leave(store);
        arena_release(&s->arena);
    }
    return rc;
}

void store_searching_release(struct store_searching *s)
{
    for (size_t i = 0; s->batches != NULL && i < s->view.hot_n; i++)
        store_batch_release(&s->batches[i]);
    mem_free(s->batches);
    mem_free(s->hot);
    store_journal_view_release(&s->view);
    store_readers_leave(s->store);
    buf_release(&s->also);
    arena_release(&s->arena);
}

enum err store_searching_no_worker(struct err_text *why)
{
    return err_set(why, ERR_UNSUPPORTED,
                   "only the events of the last minutes were searched: this store was opened "
                   "without a query worker");
}

enum err store_search(struct store *s, const struct store_search *what, store_event_fn sink,
                      void *ctx, struct err_text *why)
{
    struct store_searching search;
    if (what->to <= what->from)
        return ERR_NONE;
    enum err rc = store_searching_init(&search, s, what, why);
    if (rc != ERR_NONE)
        return rc;
    search.sink = sink;
    search.ctx = ctx;
    rc = store_searching_hot(&search);
    if (rc == ERR_NONE && search.view.pieces_n > 0)
        rc = s->finder != NULL ? store_searching_pieces(&search) : store_searching_no_worker(why);
    /* Without a worker what is hot is given all the same. */
    if (rc == ERR_NONE || rc == ERR_UNSUPPORTED) {
        enum err hot = give_hot_before(&search, NULL);
        if (hot != ERR_NONE)
            rc = err_set(why, hot, "cannot read the hot events: %s", err_name(hot));
    }
    if (rc == ERR_NONE && search.cancelled)
        rc = store_searching_cancelled(&search);
    store_searching_release(&search);
    return rc;
}

struct counting {
    uint64_t n;
    uint64_t enough;
};

static bool count_one(void *ctx, struct event *e)
{
    struct counting *c = ctx;
    (void)e;
    return ++c->n < c->enough;
}

static enum err ask_count(struct store_searching *s, const struct buf *payload, uint64_t *out)
{
    struct store_client *client = store_searching_client(s);
    enum err rc = store_client_lock_unless(client, &s->what->cancel, s->why);
    if (rc != ERR_NONE)
        return rc;
    rc = store_client_request(client, NULL, 0, STORE_FRAME_COUNT, payload,
                              store_searching_time_left(s), s->why);
    if (rc == ERR_NONE) {
        const struct store_frame *f = store_client_answer(client);
        struct cursor c = cursor_make(f->body.p, f->body.n);
        *out = cursor_le64(&c);
    }
    store_client_unlock(client);
    return rc;
}

/* Has the worker count; *out_exact false when it cannot say exactly (nothing was asked then). */
static enum err count_pieces(struct store_searching *s, uint64_t enough, uint64_t *out,
                             bool *out_exact)
{
    struct store_request r;
    struct buf payload;
    enum err rc = store_request_init(s, &r, s->first, s->last);
    if (rc != ERR_NONE)
        return rc;
    buf_init(&payload);
    bool bounded = enough < INT64_MAX;
    buf_str(&r.sql, bounded ? "SELECT count(*) FROM (SELECT 1" : "SELECT count(*)");
    rc = store_request_source(s, &r, s->first, s->last);
    if (bounded)
        buf_format(&r.sql, " LIMIT %" PRIu64 ")", enough);
    *out_exact = r.exact;
    store_frame_put_text(&payload, buf_text(&r.sql), r.sql.n);
    if (rc != ERR_NONE || !buf_ok(&r.sql) || !buf_ok(&payload)) {
        rc = err_set(s->why, ERR_MEMORY, "no memory for the query");
    } else if (r.exact) {
        rc = ask_count(s, &payload, out);
    }
    buf_release(&payload);
    store_request_release(&r);
    return rc;
}

enum err store_searching_count(struct store_searching *s, uint64_t enough, uint64_t *out)
{
    struct counting sealed = {.enough = enough > s->hot_n ? enough - s->hot_n : 0};
    bool exact = true;
    enum err rc = ERR_NONE;
    if (s->view.pieces_n > 0 && sealed.enough > 0)
        rc = s->store->finder != NULL ? count_pieces(s, sealed.enough, &sealed.n, &exact)
                                      : store_searching_no_worker(s->why);
    if (rc == ERR_NONE && !exact) {
        s->sink = count_one;
        s->ctx = &sealed;
        s->hot_next = s->hot_n; /* those are counted */
        rc = store_searching_pieces(s);
        if (rc == ERR_NONE && s->cancelled)
            rc = store_searching_cancelled(s);
    }
    if (rc == ERR_NONE)
        *out = sealed.n + s->hot_n;
    return rc;
}

enum err store_count(struct store *s, const struct store_search *what, uint64_t *out,
                     struct err_text *why)
{
    struct store_searching search;
    struct store_search all = *what;
    all.limit = 0;
    if (what->to <= what->from) {
        *out = 0;
        return ERR_NONE;
    }
    enum err rc = store_searching_init(&search, s, &all, why);
    if (rc != ERR_NONE)
        return rc;
    rc = store_searching_hot(&search);
    if (rc == ERR_NONE)
        rc = store_searching_count(&search, UINT64_MAX, out);
    store_searching_release(&search);
    return rc;
}
