/* SPDX-License-Identifier: Apache-2.0 */
#include "store/worker_priv.h"

#include "store/rest.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>

#define FOUND_BYTES ((size_t)256 << 10) /* a batch of found rows is sent at this size */
#define ROWS_BYTES ((size_t)64 << 10)
#define FIXED_COLUMNS 3

void store_running_end(const struct store_duck *d, struct store_running *r)
{
    if (r->has_result)
        d->destroy_result(&r->result);
    if (r->pending != NULL)
        d->destroy_pending(&r->pending);
    if (r->prepared != NULL)
        d->destroy_prepare(&r->prepared);
}

/* Starts a prepared statement as a stream; on failure the error was sent and *ok is false. */
static enum err running_start(struct store_worker *w, struct store_running *r, bool *ok)
{
    const struct store_duck *d = &w->duck;
    *ok = false;
    if (d->pending_prepared_streaming(r->prepared, &r->pending) != DuckDBSuccess)
        return store_worker_duck_error(w, DUCKDB_ERROR_INVALID, d->pending_error(r->pending));
    r->has_result = true;
    if (d->execute_pending(r->pending, &r->result) != DuckDBSuccess)
        return store_worker_duck_error(w, d->result_error_type(&r->result),
                                       d->result_error(&r->result));
    *ok = true;
    return ERR_NONE;
}

enum err store_running_prepare(struct store_worker *w, const char *sql, struct store_running *r,
                               bool *ok)
{
    const struct store_duck *d = &w->duck;
    memset(r, 0, sizeof(*r));
    *ok = false;
    if (d->prepare(w->con, sql, &r->prepared) != DuckDBSuccess)
        return store_worker_duck_error(w, DUCKDB_ERROR_INVALID, d->prepare_error(r->prepared));
    return running_start(w, r, ok);
}

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

static const char *string_of(const duckdb_string_t *t, uint32_t *out_n)
{
    *out_n = t->value.inlined.length;
    return *out_n <= sizeof(t->value.inlined.inlined) ? t->value.inlined.inlined
                                                      : t->value.pointer.ptr;
}

/* A column of a chunk being read. */
struct source {
    const struct store_column *column; /* NULL: rest */
    void *data;
    const uint64_t *validity;
    void *child;
    const uint64_t *child_validity;
    idx_t child_n;
};

static void put_value(struct event *e, const struct source *s, const void *data, idx_t at)
{
    struct event_value v = {.type = EVENT_NULL};
    uint32_t n;
    switch ((enum store_column_type)s->column->type) {
    case STORE_COLUMN_TEXT:
        v.type = EVENT_STR;
        v.s = string_of(&((const duckdb_string_t *)data)[at], &n);
        v.len = n;
        break;
    case STORE_COLUMN_INTEGER:
        v.type = EVENT_I64;
        v.i = ((const int64_t *)data)[at];
        break;
    case STORE_COLUMN_NUMBER:
        v.type = EVENT_F64;
        v.f = ((const double *)data)[at];
        break;
    case STORE_COLUMN_BOOLEAN:
        v.type = EVENT_BOOL;
        v.b = ((const bool *)data)[at];
        break;
    case STORE_COLUMN_TIME:
        v.type = EVENT_TIME;
        v.t = ((const int64_t *)data)[at];
        break;
    }
    if (s->column->field != EVENT_F_NONE)
        event_add_value(e, s->column->field, &v);
    else
        event_add_named(e, s->column->name, s->column->len, &v);
}

static enum err put_column(struct event *e, const struct source *s, idx_t row,
                           struct format_json *parser)
{
    if (!is_valid(s->validity, row))
        return ERR_NONE;
    if (s->column == NULL) {
        uint32_t n;
        const char *text = string_of(&((const duckdb_string_t *)s->data)[row], &n);
        return store_rest_read(parser, text, n, e);
    }
    if (!s->column->list) {
        put_value(e, s, s->data, row);
        return ERR_NONE;
    }
    duckdb_list_entry entry = ((const duckdb_list_entry *)s->data)[row];
    for (idx_t i = entry.offset; i < entry.offset + entry.length && i < s->child_n; i++)
        if (is_valid(s->child_validity, i))
            put_value(e, s, s->child, i);
    return ERR_NONE;
}

struct finding {
    struct store_rows rows;
    struct arena arena;
    struct format_json *parser;
    struct source *sources;
    size_t sources_n;
    struct buf out;
    uint64_t sent;
};

static enum err flush_found(struct store_worker *w, struct finding *f)
{
    if (f->rows.rows_n == 0)
        return ERR_NONE;
    buf_clear(&f->out);
    enum err rc = store_rows_pack(&f->rows, 0, &f->out);
    if (rc == ERR_NONE)
        rc = store_frame_send(w->fd, STORE_FRAME_FOUND, f->out.p, f->out.n, TIME_MAX);
    f->sent += f->rows.rows_n;
    store_rows_clear(&f->rows);
    return rc;
}

static void open_sources(const struct store_duck *d, struct finding *f, duckdb_data_chunk chunk)
{
    for (size_t i = 0; i < f->sources_n; i++) {
        struct source *s = &f->sources[i];
        duckdb_vector vector = d->data_chunk_get_vector(chunk, FIXED_COLUMNS + i);
        s->data = d->vector_get_data(vector);
        s->validity = d->vector_get_validity(vector);
        if (s->column != NULL && s->column->list) {
            duckdb_vector child = d->list_vector_get_child(vector);
            s->child = d->vector_get_data(child);
            s->child_validity = d->vector_get_validity(child);
            s->child_n = d->list_vector_get_size(vector);
        }
    }
}

static enum err send_chunk(struct store_worker *w, struct finding *f, duckdb_data_chunk chunk)
{
    const struct store_duck *d = &w->duck;
    const int64_t *times = d->vector_get_data(d->data_chunk_get_vector(chunk, 0));
    const uint32_t *from = d->vector_get_data(d->data_chunk_get_vector(chunk, 1));
    const uint64_t *sequences = d->vector_get_data(d->data_chunk_get_vector(chunk, 2));
    idx_t n = d->data_chunk_get_size(chunk);
    enum err rc = ERR_NONE;
    open_sources(d, f, chunk);
    for (idx_t row = 0; rc == ERR_NONE && row < n; row++) {
        struct event e;
        arena_clear(&f->arena);
        event_init(&e, &f->arena, times[row]);
        e.source = from[row];
        e.sequence = sequences[row];
        for (size_t i = 0; rc == ERR_NONE && i < f->sources_n; i++)
            rc = put_column(&e, &f->sources[i], row, f->parser);
        if (rc == ERR_NONE && e.failed)
            rc = ERR_MEMORY;
        if (rc == ERR_NONE)
            rc = store_rows_add(&f->rows, &e);
        if (rc == ERR_LIMIT && f->rows.rows_n > 0) {
            rc = flush_found(w, f);
            if (rc == ERR_NONE)
                rc = store_rows_add(&f->rows, &e);
        }
        if (rc == ERR_NONE && store_rows_size(&f->rows) >= FOUND_BYTES)
            rc = flush_found(w, f);
    }
    return rc;
}

static enum err stream_found(struct store_worker *w, struct finding *f, struct store_running *r)
{
    const struct store_duck *d = &w->duck;
    enum err rc = ERR_NONE;
    bool stopped = false;
    while (rc == ERR_NONE && !stopped) {
        duckdb_data_chunk chunk = d->fetch_chunk(r->result);
        if (chunk == NULL || d->data_chunk_get_size(chunk) == 0) {
            if (chunk != NULL)
                d->destroy_data_chunk(&chunk);
            break;
        }
        rc = send_chunk(w, f, chunk);
        d->destroy_data_chunk(&chunk);
        /* The next request cannot come before this one is answered: what waits says stop. */
        stopped = store_frame_waiting(w->fd);
    }
    const char *error = d->result_error(&r->result);
    if (rc == ERR_NONE && error != NULL)
        return store_worker_duck_error(w, d->result_error_type(&r->result), error);
    if (rc == ERR_NONE)
        rc = flush_found(w, f);
    if (rc == ERR_FORMAT)
        return store_worker_error(w, rc, "a piece holds a row that breaks the format");
    if (rc == ERR_MEMORY)
        return store_worker_error(w, rc, "no memory for the events found");
    return rc == ERR_NONE ? store_worker_done(w, f->sent, stopped) : rc;
}

enum err store_worker_find(struct store_worker *w, struct cursor c)
{
    struct arena names;
    struct store_columns columns;
    struct finding f = {0};
    struct store_running r;
    bool ok = false;
    struct bytes sql = store_frame_text(&c);
    struct bytes list = store_frame_text(&c);
    bool has_rest = cursor_u8(&c) != 0;
    if (!cursor_ok(&c))
        return ERR_FORMAT;
    arena_init(&names, 0);
    arena_init(&f.arena, 0);
    buf_init(&f.out);
    store_columns_init(&columns, &names);
    f.parser = format_json_new();
    const char *sql_text = arena_strndup(&names, (const char *)sql.p, sql.n);
    const char *list_text = arena_strndup(&names, (const char *)list.p, list.n);
    enum err rc = store_rows_init(&f.rows);
    bool rows_ready = rc == ERR_NONE;
    if (sql_text == NULL || list_text == NULL || f.parser == NULL)
        rc = ERR_MEMORY;
    if (rc == ERR_NONE)
        rc = store_columns_read(&columns, list_text, "");
    f.sources_n = columns.n + has_rest;
    f.sources = mem_zero(f.sources_n + 1, sizeof(*f.sources));
    if (rc == ERR_NONE && f.sources == NULL)
        rc = ERR_MEMORY;
    if (rc == ERR_NONE) {
        for (size_t i = 0; i < columns.n; i++)
            f.sources[i].column = &columns.list[i];
        rc = store_running_prepare(w, sql_text, &r, &ok);
        if (rc == ERR_NONE && ok)
            rc = stream_found(w, &f, &r);
        store_running_end(&w->duck, &r);
    } else {
        rc = store_worker_error(w, rc, err_name(rc));
    }
    if (rows_ready)
        store_rows_release(&f.rows);
    mem_free(f.sources);
    format_json_free(f.parser);
    buf_release(&f.out);
    arena_release(&f.arena);
    store_columns_release(&columns);
    arena_release(&names);
    return rc;
}

enum err store_worker_count(struct store_worker *w, struct cursor c)
{
    const struct store_duck *d = &w->duck;
    struct store_running r;
    bool ok = false;
    int64_t count = 0;
    struct bytes sql = store_frame_text(&c);
    char *text = cursor_ok(&c) ? mem_strndup((const char *)sql.p, sql.n) : NULL;
    if (text == NULL)
        return cursor_ok(&c) ? ERR_MEMORY : ERR_FORMAT;
    enum err rc = store_running_prepare(w, text, &r, &ok);
    mem_free(text);
    if (rc == ERR_NONE && ok) {
        duckdb_data_chunk chunk = d->fetch_chunk(r.result);
        if (chunk != NULL && d->data_chunk_get_size(chunk) == 1) {
            count = *(const int64_t *)d->vector_get_data(d->data_chunk_get_vector(chunk, 0));
            rc = store_worker_done(w, (uint64_t)count, false);
        } else {
            const char *error = d->result_error(&r.result);
            rc = store_worker_duck_error(w, d->result_error_type(&r.result),
                                         error != NULL ? error : "no answer");
        }
        if (chunk != NULL)
            d->destroy_data_chunk(&chunk);
    }
    store_running_end(d, &r);
    return rc;
}

/* Whether a person's text is one SELECT; otherwise the error was sent. */
static enum err check_select(struct store_worker *w, const char *text, bool *ok)
{
    const struct store_duck *d = &w->duck;
    duckdb_extracted_statements list = NULL;
    duckdb_prepared_statement one = NULL;
    enum err rc = ERR_NONE;
    *ok = false;
    idx_t n = d->extract_statements(w->con, text, &list);
    if (n == 0) {
        const char *error = d->extract_statements_error(list);
        rc = store_worker_duck_error(w, DUCKDB_ERROR_PARSER,
                                     error != NULL ? error : "a SELECT statement was expected");
    } else if (n > 1) {
        rc = store_worker_error(w, ERR_INVALID, "one statement at a time was expected");
    } else if (d->prepare_extracted_statement(w->con, list, 0, &one) != DuckDBSuccess) {
        rc = store_worker_duck_error(w, DUCKDB_ERROR_PARSER, d->prepare_error(one));
    } else if (d->prepared_statement_type(one) != DUCKDB_STATEMENT_TYPE_SELECT) {
        rc = store_worker_error(w, ERR_INVALID,
                                "only SELECT is allowed: this looks at events and changes nothing");
    } else {
        *ok = true;
    }
    if (one != NULL)
        d->destroy_prepare(&one);
    d->destroy_extracted(&list);
    return rc;
}

/* The view of all pieces and the hot events; *ok false when the error was sent. */
static enum err make_view(struct store_worker *w, struct cursor *c, bool *ok)
{
    struct arena arena;
    struct store_columns columns;
    struct store_part *parts;
    struct buf sql;
    struct buf hot;
    struct buf rest;
    size_t n = 0;
    arena_init(&arena, 0);
    store_columns_init(&columns, &arena);
    buf_init(&sql);
    buf_init(&hot);
    buf_init(&rest);
    enum err rc = store_worker_parts(c, &arena, 1, &columns, &parts, &n);
    store_columns_write(store_seal_columns(w), &hot, &rest);
    if (rc == ERR_NONE)
        rc = store_columns_read(&columns, buf_text(&hot), "");
    buf_str(&sql, "CREATE OR REPLACE TEMP VIEW events AS FROM ");
    if (rc == ERR_NONE) {
        parts[n++] = (struct store_part){.path = NULL, .columns = buf_text(&hot)};
        rc = store_columns_source(&columns, parts, n, &sql);
    }
    if (rc == ERR_NONE)
        rc = store_worker_run(w, "CREATE OR REPLACE TEMP TABLE weir_hot AS FROM weir_rows()", ok);
    if (rc == ERR_NONE && *ok)
        rc = store_worker_run(w, buf_text(&sql), ok);
    buf_release(&sql);
    buf_release(&hot);
    buf_release(&rest);
    store_columns_release(&columns);
    arena_release(&arena);
    return rc;
}

/* Sends the rows held, whose count stands in the first four bytes, and empties. */
static enum err flush_rows(struct store_worker *w, struct buf *out, uint32_t *held)
{
    if (!buf_ok(out))
        return ERR_MEMORY;
    if (*held == 0)
        return ERR_NONE;
    for (unsigned i = 0; i < 4; i++)
        out->p[i] = (char)(*held >> 8 * i);
    enum err rc = store_frame_send(w->fd, STORE_FRAME_ROWS, out->p, out->n, TIME_MAX);
    buf_clear(out);
    *held = 0;
    return rc;
}

static enum err stream_rows(struct store_worker *w, struct store_running *r, uint64_t limit)
{
    const struct store_duck *d = &w->duck;
    struct buf out;
    uint64_t sent = 0;
    uint32_t held = 0;
    bool more = false;
    enum err rc = ERR_NONE;
    buf_init(&out);
    while (rc == ERR_NONE && !more) {
        duckdb_data_chunk chunk = d->fetch_chunk(r->result);
        if (chunk == NULL)
            break;
        idx_t n = d->data_chunk_get_size(chunk);
        const duckdb_string_t *rows = d->vector_get_data(d->data_chunk_get_vector(chunk, 0));
        for (idx_t i = 0; rc == ERR_NONE && i < n && !more; i++) {
            uint32_t len;
            const char *text = string_of(&rows[i], &len);
            if (sent == limit) {
                more = true;
                break;
            }
            if (held == 0)
                buf_le32(&out, 0);
            store_frame_put_text(&out, text, len);
            sent++;
            held++;
            if (out.n >= ROWS_BYTES)
                rc = flush_rows(w, &out, &held);
        }
        d->destroy_data_chunk(&chunk);
        more = more || store_frame_waiting(w->fd);
        if (n == 0)
            break;
    }
    const char *error = d->result_error(&r->result);
    if (rc == ERR_NONE && error != NULL) {
        rc = store_worker_duck_error(w, d->result_error_type(&r->result), error);
    } else if (rc == ERR_NONE) {
        rc = flush_rows(w, &out, &held);
        if (rc == ERR_NONE)
            rc = store_worker_done(w, sent, more);
    }
    buf_release(&out);
    return rc;
}

/* A person's text as rows of JSON: without its last semicolon it stands as a table. */
static void wrap_select(struct buf *sql, const char *text, size_t n, uint64_t limit)
{
    while (n > 0 && strchr("; \t\r\n", text[n - 1]) != NULL)
        n--;
    /* The name of the row must not be that of one of its columns. */
    buf_str(sql, "SELECT to_json(\"the whole row\")::VARCHAR FROM (\n");
    buf_add(sql, text, n);
    buf_format(sql, "\n) AS \"the whole row\" LIMIT %llu", (unsigned long long)limit + 1);
}

enum err store_worker_select(struct store_worker *w, struct cursor c)
{
    struct err_text why;
    struct store_running r = {0};
    struct buf sql;
    bool ok = false;
    struct bytes text = store_frame_text(&c);
    uint64_t limit = cursor_le64(&c);
    char *asked = cursor_ok(&c) ? mem_strndup((const char *)text.p, text.n) : NULL;
    if (asked == NULL)
        return cursor_ok(&c) ? ERR_MEMORY : ERR_FORMAT;
    buf_init(&sql);
    wrap_select(&sql, asked, strlen(asked), limit < INT64_MAX ? limit : INT64_MAX - 1);
    enum err rc = store_seal_begin(w, &why);
    if (rc != ERR_NONE) {
        rc = store_worker_error(w, rc, why.message);
    } else {
        rc = make_view(w, &c, &ok);
        if (rc == ERR_NONE && ok)
            rc = check_select(w, asked, &ok);
        if (rc == ERR_NONE && ok)
            rc = store_running_prepare(w, buf_text(&sql), &r, &ok);
        if (rc == ERR_NONE && ok)
            rc = stream_rows(w, &r, limit);
        store_running_end(&w->duck, &r);
        store_worker_run_quietly(w, "DROP VIEW IF EXISTS events; DROP TABLE IF EXISTS weir_hot");
    }
    store_seal_end(w);
    mem_free(asked);
    buf_release(&sql);
    return rc;
}
