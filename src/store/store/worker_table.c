/* SPDX-License-Identifier: Apache-2.0 */
#include "store/worker_priv.h"

#include "base/mem.h"

#include <string.h>

/* Rows of plain values: what SQL of the store's own gives, column by column. */

#define TABLE_BYTES ((size_t)256 << 10)
#define TABLE_COLUMNS 256

struct table_column {
    duckdb_type type;
    const void *data;
    const uint64_t *validity;
};

struct table {
    struct buf out;
    uint32_t held; /* rows in out, whose number stands in its first four bytes */
    uint64_t sent;
    size_t columns_n;
    struct table_column columns[TABLE_COLUMNS];
};

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

static enum err flush_table(struct store_worker *w, struct table *t)
{
    if (!buf_ok(&t->out))
        return ERR_MEMORY;
    if (t->held == 0)
        return ERR_NONE;
    for (unsigned i = 0; i < 4; i++)
        t->out.p[i] = (char)(t->held >> 8 * i);
    enum err rc = store_frame_send(w->fd, STORE_FRAME_VALUES, t->out.p, t->out.n, TIME_MAX);
    buf_clear(&t->out);
    t->sent += t->held;
    t->held = 0;
    return rc;
}

/* False: a type that no SQL of the store gives. */
static bool open_columns(const struct store_duck *d, struct table *t, duckdb_data_chunk chunk)
{
    t->columns_n = d->data_chunk_get_column_count(chunk);
    if (t->columns_n > TABLE_COLUMNS)
        return false;
    for (size_t i = 0; i < t->columns_n; i++) {
        duckdb_vector vector = d->data_chunk_get_vector(chunk, i);
        duckdb_logical_type type = d->vector_get_column_type(vector);
        t->columns[i] = (struct table_column){.type = d->get_type_id(type),
                                              .data = d->vector_get_data(vector),
                                              .validity = d->vector_get_validity(vector)};
        d->destroy_logical_type(&type);
        switch (t->columns[i].type) {
        case DUCKDB_TYPE_VARCHAR:
        case DUCKDB_TYPE_BIGINT:
        case DUCKDB_TYPE_UBIGINT:
        case DUCKDB_TYPE_INTEGER:
        case DUCKDB_TYPE_UINTEGER:
        case DUCKDB_TYPE_DOUBLE:
        case DUCKDB_TYPE_BOOLEAN:
        case DUCKDB_TYPE_TIMESTAMP_NS:
            break;
        default:
            return false;
        }
    }
    return true;
}

static void put_column(struct buf *out, const struct table_column *c, idx_t row)
{
    struct event_value v = {.type = EVENT_NULL};
    const duckdb_string_t *text;
    if (!is_valid(c->validity, row)) {
        store_frame_put_value(out, &v);
        return;
    }
    switch (c->type) {
    case DUCKDB_TYPE_VARCHAR:
        text = &((const duckdb_string_t *)c->data)[row];
        v.type = EVENT_STR;
        v.len = text->value.inlined.length;
        v.s = v.len <= sizeof(text->value.inlined.inlined) ? text->value.inlined.inlined
                                                           : text->value.pointer.ptr;
        break;
    case DUCKDB_TYPE_BIGINT:
    case DUCKDB_TYPE_UBIGINT:
        v = event_value_i64(((const int64_t *)c->data)[row]);
        break;
    case DUCKDB_TYPE_INTEGER:
        v = event_value_i64(((const int32_t *)c->data)[row]);
        break;
    case DUCKDB_TYPE_UINTEGER:
        v = event_value_i64(((const uint32_t *)c->data)[row]);
        break;
    case DUCKDB_TYPE_DOUBLE:
        v.type = EVENT_F64;
        v.f = ((const double *)c->data)[row];
        break;
    case DUCKDB_TYPE_BOOLEAN:
        v = event_value_bool(((const bool *)c->data)[row]);
        break;
    default:
        v = event_value_time(((const int64_t *)c->data)[row]);
        break;
    }
    store_frame_put_value(out, &v);
}

static enum err send_chunk(struct store_worker *w, struct table *t, duckdb_data_chunk chunk)
{
    enum err rc = ERR_NONE;
    idx_t n = w->duck.data_chunk_get_size(chunk);
    for (idx_t row = 0; rc == ERR_NONE && row < n; row++) {
        if (t->held++ == 0) {
            buf_le32(&t->out, 0);
            buf_le32(&t->out, (uint32_t)t->columns_n);
        }
        for (size_t i = 0; i < t->columns_n; i++)
            put_column(&t->out, &t->columns[i], row);
        if (t->out.n >= TABLE_BYTES)
            rc = flush_table(w, t);
    }
    return rc;
}

static enum err stream_table(struct store_worker *w, struct table *t, struct store_running *r)
{
    const struct store_duck *d = &w->duck;
    enum err rc = ERR_NONE;
    bool stopped = false;
    while (rc == ERR_NONE && !stopped) {
        duckdb_data_chunk chunk = d->fetch_chunk(r->result);
        bool more = chunk != NULL && d->data_chunk_get_size(chunk) > 0;
        bool known = !more || open_columns(d, t, chunk);
        if (more && known)
            rc = send_chunk(w, t, chunk);
        if (chunk != NULL)
            d->destroy_data_chunk(&chunk);
        if (!known)
            return store_worker_error(w, ERR_UNSUPPORTED, "a column has no type that can be sent");
        if (!more)
            break;
        stopped = store_frame_waiting(w->fd);
    }
    const char *error = d->result_error(&r->result);
    if (rc == ERR_NONE && error != NULL)
        return store_worker_duck_error(w, d->result_error_type(&r->result), error);
    if (rc == ERR_NONE)
        rc = flush_table(w, t);
    if (rc == ERR_MEMORY)
        return store_worker_error(w, rc, "no memory for the groups found");
    return rc == ERR_NONE ? store_worker_done(w, t->sent, stopped) : rc;
}

enum err store_worker_table(struct store_worker *w, struct cursor c)
{
    struct store_running r;
    struct bytes sql = store_frame_text(&c);
    bool ok = false;
    if (!cursor_ok(&c))
        return ERR_FORMAT;
    char *text = mem_strndup((const char *)sql.p, sql.n);
    struct table *t = mem_zero(1, sizeof(*t));
    enum err rc = text != NULL && t != NULL ? ERR_NONE : ERR_MEMORY;
    if (rc == ERR_NONE) {
        buf_init(&t->out);
        rc = store_running_prepare(w, text, &r, &ok);
        if (rc == ERR_NONE && ok)
            rc = stream_table(w, t, &r);
        store_running_end(&w->duck, &r);
        buf_release(&t->out);
    } else {
        rc = store_worker_error(w, rc, err_name(rc));
    }
    mem_free(t);
    mem_free(text);
    return rc;
}
