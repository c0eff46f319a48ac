/* SPDX-License-Identifier: Apache-2.0 */
#include "store/worker_priv.h"

#include "store/rest.h"

#include "base/arena.h"
#include "base/mem.h"
#include "format/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHUNK_ROWS 2048 /* DuckDB's vector size */
#define FIXED_COLUMNS 3 /* @timestamp, _source, _sequence */
#define NO_COLUMN UINT32_MAX

/* A row in the order of the piece. */
struct place {
    ts_ns time;
    uint64_t sequence;
    uint32_t source;
    uint32_t batch;
    struct store_row row;
};

/* Where the values of a column go in the chunk at hand. */
struct target {
    duckdb_vector vector;
    void *data;
    uint64_t *validity;
    duckdb_vector child; /* of a list */
    void *child_data;
    uint64_t child_n;
    uint64_t child_cap;
    uint8_t type;
    bool list;
};

struct store_seal {
    struct arena arena;
    struct store_columns columns;
    struct place *places;
    size_t places_n;
    size_t next;          /* first place not yet given */
    uint32_t **column_of; /* by batch, by name number: its column, or NO_COLUMN */
    struct target *targets;
    size_t targets_n;
    struct buf text; /* the rest of one row */
};

const struct store_columns *store_seal_columns(const struct store_worker *w)
{
    return &w->seal->columns;
}

static bool cell_fits(const struct store_cell *cell)
{
    struct store_cell copy = *cell;
    event_field f = cell->name->field;
    if (f == EVENT_F_NONE || (cell->n > 1 && !store_column_is_list(f)))
        return false;
    for (uint32_t i = 0; i < cell->n; i++) {
        struct event_value v;
        struct ip ip;
        store_cell_value(&copy, &v, &ip);
        if (!store_column_fits(f, (enum event_type)v.type))
            return false;
    }
    return true;
}

/* Enters the fields of a row as columns or names in rest. */
static enum err survey_row(struct store_seal *s, const struct store_batch *b,
                           const struct store_row *row, uint8_t *seen)
{
    struct cursor at = cursor_of(row->fields);
    struct store_cell cell;
    bool bad = false;
    while (store_row_next(b, row, &at, &cell, &bad)) {
        /* Bit 0: is a column; bit 1: is in rest. Most rows say nothing new. */
        uint8_t *mark = &seen[cell.name - b->names];
        uint8_t bit = cell_fits(&cell) ? 1 : 2;
        if (*mark & bit)
            continue;
        *mark |= bit;
        if (bit == 2) {
            enum err rc = store_columns_add_rest(&s->columns, cell.name->name, cell.name->len);
            if (rc != ERR_NONE)
                return rc;
        } else if (store_columns_add(&s->columns, cell.name->name, cell.name->len,
                                     store_column_type_of(cell.name->field),
                                     store_column_is_list(cell.name->field)) == NULL) {
            return ERR_MEMORY;
        }
    }
    return bad ? ERR_FORMAT : ERR_NONE;
}

static enum err survey_batch(struct store_seal *s, struct store_batch *b, uint32_t number)
{
    uint8_t *seen = mem_zero(b->names_n + 1U, 1);
    enum err rc = seen != NULL ? ERR_NONE : ERR_MEMORY;
    struct store_row row;
    while (rc == ERR_NONE && store_batch_next(b, &row)) {
        s->places[s->places_n++] = (struct place){row.time, row.sequence, row.source, number, row};
        rc = survey_row(s, b, &row, seen);
    }
    if (rc == ERR_NONE && b->bad)
        rc = ERR_FORMAT;
    b->checked = rc == ERR_NONE;
    mem_free(seen);
    return rc;
}

static int compare_places(const void *a, const void *b)
{
    const struct place *x = a;
    const struct place *y = b;
    if (x->time != y->time)
        return x->time < y->time ? -1 : 1;
    if (x->source != y->source)
        return x->source < y->source ? -1 : 1;
    if (x->sequence != y->sequence)
        return x->sequence < y->sequence ? -1 : 1;
    return 0;
}

static void sort_places(struct store_seal *s)
{
    bool sorted = true;
    for (size_t i = 1; i < s->places_n && sorted; i++)
        sorted = compare_places(&s->places[i - 1], &s->places[i]) <= 0;
    if (!sorted)
        qsort(s->places, s->places_n, sizeof(*s->places), compare_places);
}

static enum err map_names(struct store_worker *w)
{
    struct store_seal *s = w->seal;
    s->column_of = arena_zero(&s->arena, (w->batches_n + 1) * sizeof(*s->column_of));
    if (s->column_of == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < w->batches_n; i++) {
        const struct store_batch *b = &w->batches[i].batch;
        s->column_of[i] = arena_alloc(&s->arena, (b->names_n + 1U) * sizeof(uint32_t));
        if (s->column_of[i] == NULL)
            return ERR_MEMORY;
        for (uint32_t k = 0; k < b->names_n; k++) {
            const struct store_column *c =
                store_columns_find(&s->columns, b->names[k].name, b->names[k].len);
            s->column_of[i][k] = c != NULL ? (uint32_t)(c - s->columns.list) : NO_COLUMN;
        }
    }
    return ERR_NONE;
}

enum err store_seal_begin(struct store_worker *w, struct err_text *why)
{
    size_t rows = 0;
    for (size_t i = 0; i < w->batches_n; i++)
        rows += w->batches[i].batch.rows_n;
    struct store_seal *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return err_set(why, ERR_MEMORY, "no memory to seal");
    arena_init(&s->arena, 0);
    store_columns_init(&s->columns, &s->arena);
    buf_init(&s->text);
    w->seal = s;
    s->places = mem_zero(rows + 1, sizeof(*s->places));
    enum err rc = s->places != NULL ? ERR_NONE : ERR_MEMORY;
    for (size_t i = 0; rc == ERR_NONE && i < w->batches_n; i++)
        rc = survey_batch(s, &w->batches[i].batch, (uint32_t)i);
    if (rc == ERR_NONE)
        rc = map_names(w);
    s->targets_n = FIXED_COLUMNS + s->columns.n + 1;
    s->targets = rc == ERR_NONE ? mem_zero(s->targets_n, sizeof(*s->targets)) : NULL;
    if (rc == ERR_NONE && s->targets == NULL)
        rc = ERR_MEMORY;
    if (rc != ERR_NONE) {
        store_seal_end(w);
        return err_set(why, rc, "cannot read the hot events: %s", err_name(rc));
    }
    sort_places(s);
    return ERR_NONE;
}

void store_seal_end(struct store_worker *w)
{
    struct store_seal *s = w->seal;
    if (s != NULL) {
        store_columns_release(&s->columns);
        arena_release(&s->arena);
        buf_release(&s->text);
        mem_free(s->places);
        mem_free(s->targets);
        mem_free(s);
        w->seal = NULL;
    }
    for (size_t i = 0; i < w->batches_n; i++) {
        store_batch_release(&w->batches[i].batch);
        buf_release(&w->batches[i].bytes);
    }
    w->batches_n = 0;
}

static duckdb_type duck_type(uint8_t type)
{
    switch ((enum store_column_type)type) {
    case STORE_COLUMN_INTEGER:
        return DUCKDB_TYPE_BIGINT;
    case STORE_COLUMN_NUMBER:
        return DUCKDB_TYPE_DOUBLE;
    case STORE_COLUMN_BOOLEAN:
        return DUCKDB_TYPE_BOOLEAN;
    case STORE_COLUMN_TIME:
        return DUCKDB_TYPE_TIMESTAMP_NS;
    case STORE_COLUMN_TEXT:
        break;
    }
    return DUCKDB_TYPE_VARCHAR;
}

static void add_column(const struct store_duck *d, duckdb_bind_info info, const char *name,
                       duckdb_type type, bool list)
{
    duckdb_logical_type t = d->create_logical_type(type);
    if (list) {
        duckdb_logical_type element = t;
        t = d->create_list_type(element);
        d->destroy_logical_type(&element);
    }
    d->bind_add_result_column(info, name, t);
    d->destroy_logical_type(&t);
}

static void rows_bind(duckdb_bind_info info)
{
    const struct store_worker *w = store_duck_bind_extra(info);
    if (w == NULL || w->seal == NULL)
        return;
    const struct store_duck *d = &w->duck;
    const struct store_columns *c = &w->seal->columns;
    add_column(d, info, "@timestamp", DUCKDB_TYPE_TIMESTAMP_NS, false);
    add_column(d, info, "_source", DUCKDB_TYPE_UINTEGER, false);
    add_column(d, info, "_sequence", DUCKDB_TYPE_UBIGINT, false);
    for (size_t i = 0; i < c->n; i++)
        add_column(d, info, c->list[i].name, duck_type(c->list[i].type), c->list[i].list);
    add_column(d, info, "rest", DUCKDB_TYPE_VARCHAR, false);
}

/* One reader, from the first row on. */
static void rows_init(duckdb_init_info info)
{
    (void)info;
}

/* Readies the targets of one chunk: all rows without value. */
static void open_targets(struct store_worker *w, duckdb_data_chunk chunk)
{
    const struct store_duck *d = &w->duck;
    struct store_seal *s = w->seal;
    for (size_t i = 0; i < s->targets_n; i++) {
        struct target *t = &s->targets[i];
        *t = (struct target){.vector = d->data_chunk_get_vector(chunk, i)};
        t->data = d->vector_get_data(t->vector);
        if (i >= FIXED_COLUMNS) {
            d->vector_ensure_validity_writable(t->vector);
            t->validity = d->vector_get_validity(t->vector);
            memset(t->validity, 0, CHUNK_ROWS / 8);
        }
        t->type = STORE_COLUMN_TEXT;
        if (i >= FIXED_COLUMNS && i < FIXED_COLUMNS + s->columns.n) {
            t->type = s->columns.list[i - FIXED_COLUMNS].type;
            t->list = s->columns.list[i - FIXED_COLUMNS].list;
        }
        if (t->list) {
            t->child = d->list_vector_get_child(t->vector);
            /* Unused entries are read by nobody, but must not be wild. */
            memset(t->data, 0, CHUNK_ROWS * sizeof(duckdb_list_entry));
        }
    }
}

/*
 * A text in DuckDB's form: up to twelve bytes stand in the word itself, longer ones are pointed to
 * with their first four bytes beside. s outlives the query: it points into a batch.
 */
static duckdb_string_t text_view(const char *s, uint32_t n)
{
    duckdb_string_t t;
    memset(&t, 0, sizeof(t));
    if (n <= sizeof(t.value.inlined.inlined)) {
        t.value.inlined.length = n;
        memcpy(t.value.inlined.inlined, s, n);
        return t;
    }
    t.value.pointer.length = n;
    memcpy(t.value.pointer.prefix, s, sizeof(t.value.pointer.prefix));
    memcpy(&t.value.pointer.ptr, &s, sizeof(s));
    return t;
}

static void put_value(const struct store_duck *d, duckdb_vector vector, void *data, size_t at,
                      const struct event_value *v)
{
    char text[IP_TEXT_SIZE];
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        ((duckdb_string_t *)data)[at] = text_view(v->s, v->len);
        return;
    case EVENT_IP:
        d->vector_assign_string_element_len(vector, at, text, ip_format(v->ip, text));
        return;
    case EVENT_I64:
        ((int64_t *)data)[at] = v->i;
        return;
    case EVENT_F64:
        ((double *)data)[at] = v->f;
        return;
    case EVENT_BOOL:
        ((bool *)data)[at] = v->b;
        return;
    case EVENT_TIME:
        ((int64_t *)data)[at] = v->t;
        return;
    case EVENT_NULL:
        break;
    }
}

/* Puts a cell that fits into its column; false without memory. */
static bool put_cell(const struct store_duck *d, struct target *t, size_t at,
                     struct store_cell *cell)
{
    struct event_value v;
    struct ip ip;
    t->validity[at / 64] |= (uint64_t)1 << (at % 64);
    if (!t->list) {
        store_cell_value(cell, &v, &ip);
        put_value(d, t->vector, t->data, at, &v);
        return true;
    }
    if (t->child_n + cell->n > t->child_cap) {
        uint64_t cap = t->child_cap * 2 > t->child_n + cell->n + CHUNK_ROWS
                           ? t->child_cap * 2
                           : t->child_n + cell->n + CHUNK_ROWS;
        if (d->list_vector_reserve(t->vector, cap) != DuckDBSuccess)
            return false;
        t->child_cap = cap;
        t->child_data = d->vector_get_data(t->child);
    }
    ((duckdb_list_entry *)t->data)[at] = (duckdb_list_entry){t->child_n, cell->n};
    for (uint32_t i = 0; i < cell->n; i++) {
        store_cell_value(cell, &v, &ip);
        put_value(d, t->child, t->child_data, t->child_n++, &v);
    }
    return true;
}

static bool put_row(struct store_worker *w, size_t at, const struct place *p)
{
    const struct store_duck *d = &w->duck;
    struct store_seal *s = w->seal;
    const struct store_batch *b = &w->batches[p->batch].batch;
    struct cursor cursor = cursor_of(p->row.fields);
    struct format_writer json;
    struct store_cell cell;
    bool bad = false;
    bool rest = false;
    ((int64_t *)s->targets[0].data)[at] = p->time;
    ((uint32_t *)s->targets[1].data)[at] = p->source;
    ((uint64_t *)s->targets[2].data)[at] = p->sequence;
    while (store_row_next(b, &p->row, &cursor, &cell, &bad)) {
        uint32_t column = s->column_of[p->batch][cell.name - b->names];
        struct target *t = column != NO_COLUMN ? &s->targets[FIXED_COLUMNS + column] : NULL;
        /* A field that a broken batch gives twice keeps its first value. */
        if (t != NULL && (t->validity[at / 64] >> (at % 64) & 1) != 0)
            continue;
        if (t != NULL && cell_fits(&cell)) {
            if (!put_cell(d, t, at, &cell))
                return false;
            continue;
        }
        if (!rest) {
            rest = true;
            buf_clear(&s->text);
            format_write_init(&json, &s->text);
            format_write_begin_object(&json);
        }
        store_rest_write(&json, &cell);
    }
    if (rest) {
        struct target *t = &s->targets[s->targets_n - 1];
        format_write_end_object(&json);
        if (!buf_ok(&s->text))
            return false;
        t->validity[at / 64] |= (uint64_t)1 << (at % 64);
        d->vector_assign_string_element_len(t->vector, at, buf_text(&s->text), s->text.n);
    }
    return true;
}

/* Fills a chunk with the next rows. */
static bool fill_chunk(struct store_worker *w, duckdb_data_chunk chunk)
{
    struct store_seal *s = w->seal;
    size_t n = s->places_n - s->next;
    if (n > CHUNK_ROWS)
        n = CHUNK_ROWS;
    if (n > 0)
        open_targets(w, chunk);
    for (size_t i = 0; i < n; i++)
        if (!put_row(w, i, &s->places[s->next + i]))
            return false;
    for (size_t i = 0; n > 0 && i < s->targets_n; i++)
        if (s->targets[i].list)
            w->duck.list_vector_set_size(s->targets[i].vector, s->targets[i].child_n);
    w->duck.data_chunk_set_size(chunk, n);
    s->next += n;
    return true;
}

static void rows_fill(duckdb_function_info info, duckdb_data_chunk chunk)
{
    struct store_worker *w = store_duck_function_extra(info);
    if (w != NULL && w->seal != NULL && !fill_chunk(w, chunk))
        w->duck.function_set_error(info, "no memory for the hot events");
}

enum err store_seal_register(struct store_worker *w, struct err_text *why)
{
    const struct store_duck *d = &w->duck;
    duckdb_table_function f = d->create_table_function();
    d->table_function_set_name(f, "weir_rows");
    d->table_function_set_extra_info(f, w, NULL);
    d->table_function_set_bind(f, rows_bind);
    d->table_function_set_init(f, rows_init);
    d->table_function_set_function(f, rows_fill);
    duckdb_state state = d->register_table_function(w->con, f);
    d->destroy_table_function(&f);
    return state == DuckDBSuccess ? ERR_NONE
                                  : err_set(why, ERR_UNSUPPORTED, "DuckDB takes no table function");
}

static enum err send_sealed(struct store_worker *w, const char *path, uint64_t rows, ts_ns min,
                            ts_ns max, const struct store_columns *c)
{
    struct stat st;
    if (stat(path, &st) != 0)
        return store_worker_error(w, ERR_IO, "the piece that was written is not there");
    struct buf columns;
    struct buf rest;
    struct buf out;
    buf_init(&columns);
    buf_init(&rest);
    buf_init(&out);
    store_columns_write(c, &columns, &rest);
    buf_le64(&out, rows);
    buf_le64(&out, (uint64_t)st.st_size);
    buf_le64(&out, (uint64_t)min);
    buf_le64(&out, (uint64_t)max);
    store_frame_put_text(&out, buf_text(&columns), columns.n);
    store_frame_put_text(&out, buf_text(&rest), rest.n);
    enum err rc = ERR_MEMORY;
    if (buf_ok(&columns) && buf_ok(&rest) && buf_ok(&out))
        rc = store_frame_send(w->fd, STORE_FRAME_SEALED, out.p, out.n, TIME_MAX);
    buf_release(&columns);
    buf_release(&rest);
    buf_release(&out);
    return rc;
}

/*
 * The piece's settings: zstd, version 2's encodings (a sixth less), and row groups small enough
 * that a search by time skips most.
 */
static void write_copy(struct buf *sql, struct bytes path)
{
    buf_str(sql, " TO ");
    store_column_quote_text(sql, (const char *)path.p, path.n);
    buf_str(sql, " (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 61440, PARQUET_VERSION v2, "
                 "USE_TMP_FILE false)");
}

enum err store_worker_seal(struct store_worker *w, struct cursor c)
{
    struct err_text why;
    struct buf sql;
    struct bytes path = store_frame_text(&c);
    if (!cursor_ok(&c))
        return ERR_FORMAT;
    enum err rc = store_seal_begin(w, &why);
    if (rc != ERR_NONE) {
        store_seal_end(w);
        return store_worker_error(w, rc, why.message);
    }
    struct store_seal *s = w->seal;
    bool ok = false;
    buf_init(&sql);
    buf_str(&sql, "COPY (SELECT * ");
    if (!store_columns_has_rest(&s->columns))
        buf_str(&sql, "EXCLUDE (rest) ");
    buf_str(&sql, "FROM weir_rows())");
    write_copy(&sql, path);
    if (s->places_n == 0)
        rc = store_worker_error(w, ERR_INVALID, "there is nothing to seal");
    else
        rc = store_worker_run(w, buf_text(&sql), &ok);
    if (rc == ERR_NONE && ok) {
        char *name = mem_strndup((const char *)path.p, path.n);
        rc = name == NULL ? ERR_MEMORY
                          : send_sealed(w, name, s->places_n, s->places[0].time,
                                        s->places[s->places_n - 1].time, &s->columns);
        mem_free(name);
    }
    buf_release(&sql);
    store_seal_end(w);
    return rc;
}

/* The one row of a query as three numbers. */
static enum err query_bounds(struct store_worker *w, const char *sql, int64_t out[3], bool *ok)
{
    const struct store_duck *d = &w->duck;
    duckdb_result result;
    enum err rc = ERR_NONE;
    *ok = false;
    if (d->query(w->con, sql, &result) != DuckDBSuccess) {
        rc = store_worker_duck_error(w, d->result_error_type(&result), d->result_error(&result));
    } else {
        duckdb_data_chunk chunk = d->fetch_chunk(result);
        for (idx_t i = 0; chunk != NULL && i < 3; i++)
            out[i] = ((int64_t *)d->vector_get_data(d->data_chunk_get_vector(chunk, i)))[0];
        *ok = chunk != NULL;
        d->destroy_data_chunk(&chunk);
    }
    d->destroy_result(&result);
    return rc;
}

/* The pieces of a request as parts, and the union of their columns. */
enum err store_worker_parts(struct cursor *c, struct arena *arena, size_t more,
                            struct store_columns *columns, struct store_part **out, size_t *out_n)
{
    uint32_t n = cursor_le32(c);
    /* A piece takes at least the three lengths of its texts. */
    if (!cursor_ok(c) || n > c->left / 12)
        return ERR_FORMAT;
    struct store_part *parts = arena_alloc(arena, (n + more + 1) * sizeof(*parts));
    if (parts == NULL)
        return ERR_MEMORY;
    for (uint32_t i = 0; i < n; i++) {
        struct store_frame_piece p;
        if (!store_frame_piece(c, &p))
            return ERR_FORMAT;
        parts[i].path = arena_strndup(arena, (const char *)p.path.p, p.path.n);
        parts[i].columns = arena_strndup(arena, (const char *)p.columns.p, p.columns.n);
        const char *rest = arena_strndup(arena, (const char *)p.rest.p, p.rest.n);
        if (parts[i].path == NULL || parts[i].columns == NULL || rest == NULL)
            return ERR_MEMORY;
        enum err rc = store_columns_read(columns, parts[i].columns, rest);
        if (rc != ERR_NONE)
            return rc;
    }
    *out = parts;
    *out_n = n;
    return ERR_NONE;
}

enum err store_worker_merge(struct store_worker *w, struct cursor c)
{
    struct arena arena;
    struct store_columns columns;
    struct store_part *parts;
    struct buf sql;
    struct buf bounds;
    size_t n = 0;
    struct bytes path = store_frame_text(&c);
    arena_init(&arena, 0);
    store_columns_init(&columns, &arena);
    buf_init(&sql);
    buf_init(&bounds);
    buf_str(&sql, "COPY (FROM ");
    enum err rc = store_worker_parts(&c, &arena, 0, &columns, &parts, &n);
    if (rc == ERR_NONE)
        rc = store_columns_source(&columns, parts, n, &sql);
    buf_str(&sql, " ORDER BY \"@timestamp\", _source, _sequence)");
    if (rc != ERR_NONE) {
        rc = store_worker_error(w, rc, "the list of pieces to merge cannot be read");
    } else {
        bool ok = false;
        int64_t found[3] = {0};
        const char *name = arena_strndup(&arena, (const char *)path.p, path.n);
        write_copy(&sql, path);
        buf_str(&bounds, "SELECT count(*), epoch_ns(min(\"@timestamp\")), "
                         "epoch_ns(max(\"@timestamp\")) FROM read_parquet(");
        store_column_quote_text(&bounds, (const char *)path.p, path.n);
        buf_char(&bounds, ')');
        if (name == NULL || !buf_ok(&sql) || !buf_ok(&bounds))
            rc = ERR_MEMORY;
        if (rc == ERR_NONE)
            rc = store_worker_run(w, buf_text(&sql), &ok);
        if (rc == ERR_NONE && ok)
            rc = query_bounds(w, buf_text(&bounds), found, &ok);
        if (rc == ERR_NONE && ok)
            rc = send_sealed(w, name, (uint64_t)found[0], found[1], found[2], &columns);
    }
    buf_release(&sql);
    buf_release(&bounds);
    store_columns_release(&columns);
    arena_release(&arena);
    return rc;
}
