/* SPDX-License-Identifier: Apache-2.0 */
#include "store/worker_priv.h"

#include "store/address.h"
#include "store/rest.h"

#include "base/arena.h"
#include "format/json.h"
#include "query/leaf.h"
#include "query/query.h"
#include "query/tree.h"

#include <string.h>

/*
 * Leaves of queries that SQL cannot copy exactly, as functions of SQL. The query's own words are
 * the first argument, a constant, which is parsed once for each 2,048 rows.
 */

struct call {
    const struct store_worker *w;
    duckdb_function_info info;
    idx_t rows;
    struct query *query;
    duckdb_vector vector; /* the second argument */
    bool *answer;
};

static const char *text_of(const duckdb_string_t *t, uint32_t *out_n)
{
    *out_n = t->value.inlined.length;
    return *out_n <= sizeof(t->value.inlined.inlined) ? t->value.inlined.inlined
                                                      : t->value.pointer.ptr;
}

static bool is_valid(const uint64_t *validity, idx_t row)
{
    return validity == NULL || (validity[row / 64] >> (row % 64) & 1) != 0;
}

/* Parses the first argument. False: no rows, no query, or an error that was told. */
static bool call_begin(struct call *c, duckdb_function_info info, duckdb_data_chunk input,
                       duckdb_vector output)
{
    memset(c, 0, sizeof(*c));
    c->w = store_duck_scalar_extra(info);
    if (c->w == NULL)
        return false;
    const struct store_duck *d = &c->w->duck;
    struct err_text why = {.message = ""};
    uint32_t n;
    c->info = info;
    c->rows = d->data_chunk_get_size(input);
    if (c->rows == 0)
        return false;
    c->answer = d->vector_get_data(output);
    memset(c->answer, 0, c->rows * sizeof(*c->answer));
    c->vector = d->data_chunk_get_vector(input, 1);
    duckdb_vector first = d->data_chunk_get_vector(input, 0);
    const duckdb_string_t *words = d->vector_get_data(first);
    if (!is_valid(d->vector_get_validity(first), 0))
        return false;
    const char *text = text_of(&words[0], &n);
    if (query_parse_json(text, n, "query", 0, &c->query, &why) != ERR_NONE) {
        d->scalar_function_set_error(info, why.message);
        return false;
    }
    return true;
}

/* One value of a vector as the text an event would have for it, asked of the leaf. */
static bool ask(const struct query_node *node, duckdb_type type, const void *data, idx_t at)
{
    struct event_value v = {.type = EVENT_NULL};
    char scratch[EVENT_TEXT_SIZE];
    uint32_t len = 0;
    size_t n;
    switch (type) {
    case DUCKDB_TYPE_VARCHAR:
        v.type = EVENT_STR;
        v.s = text_of(&((const duckdb_string_t *)data)[at], &len);
        v.len = len;
        break;
    case DUCKDB_TYPE_BIGINT:
        v.type = EVENT_I64;
        v.i = ((const int64_t *)data)[at];
        break;
    case DUCKDB_TYPE_DOUBLE:
        v.type = EVENT_F64;
        v.f = ((const double *)data)[at];
        break;
    case DUCKDB_TYPE_BOOLEAN:
        v.type = EVENT_BOOL;
        v.b = ((const bool *)data)[at];
        break;
    case DUCKDB_TYPE_TIMESTAMP_NS:
        v.type = EVENT_TIME;
        v.t = ((const int64_t *)data)[at];
        break;
    default:
        return false;
    }
    const char *text = event_value_text(&v, scratch, &n);
    return query_leaf_text(node, text, n);
}

static duckdb_type type_of(const struct store_duck *d, duckdb_vector vector, duckdb_type *element)
{
    duckdb_logical_type type = d->vector_get_column_type(vector);
    duckdb_type id = d->get_type_id(type);
    *element = DUCKDB_TYPE_INVALID;
    if (id == DUCKDB_TYPE_LIST) {
        duckdb_logical_type child = d->list_type_child_type(type);
        *element = d->get_type_id(child);
        d->destroy_logical_type(&child);
    }
    d->destroy_logical_type(&type);
    return id;
}

/* weir_leaf(query, value): whether the leaf holds for the value, or for any value of a list. */
static void leaf(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call c;
    duckdb_type element;
    if (!call_begin(&c, info, input, output))
        return;
    const struct store_duck *d = &c.w->duck;
    const struct query_node *node = query_root(c.query);
    const uint64_t *validity = d->vector_get_validity(c.vector);
    const void *data = d->vector_get_data(c.vector);
    duckdb_type type = type_of(d, c.vector, &element);
    if (type != DUCKDB_TYPE_LIST) {
        for (idx_t row = 0; row < c.rows; row++)
            c.answer[row] = is_valid(validity, row) && ask(node, type, data, row);
    } else {
        duckdb_vector child = d->list_vector_get_child(c.vector);
        const uint64_t *child_validity = d->vector_get_validity(child);
        const void *child_data = d->vector_get_data(child);
        const duckdb_list_entry *entries = data;
        for (idx_t row = 0; row < c.rows; row++) {
            if (!is_valid(validity, row))
                continue;
            idx_t end = entries[row].offset + entries[row].length;
            for (idx_t i = entries[row].offset; i < end && !c.answer[row]; i++)
                c.answer[row] = is_valid(child_validity, i) && ask(node, element, child_data, i);
        }
    }
    query_free(c.query);
}

/* weir_rest(query, rest): whether the query holds for an event that has these fields only. */
static void rest(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    struct call c;
    struct arena arena;
    if (!call_begin(&c, info, input, output))
        return;
    const struct store_duck *d = &c.w->duck;
    const uint64_t *validity = d->vector_get_validity(c.vector);
    const duckdb_string_t *texts = d->vector_get_data(c.vector);
    struct format_json *parser = format_json_new();
    arena_init(&arena, 0);
    for (idx_t row = 0; row < c.rows; row++) {
        struct event e;
        uint32_t n;
        if (!is_valid(validity, row))
            continue;
        const char *text = text_of(&texts[row], &n);
        arena_clear(&arena);
        event_init(&e, &arena, 0);
        if (parser == NULL || store_rest_read(parser, text, n, &e) != ERR_NONE) {
            d->scalar_function_set_error(info, "a row's rest cannot be read");
            break;
        }
        c.answer[row] = query_match(c.query, &e);
    }
    arena_release(&arena);
    format_json_free(parser);
    query_free(c.query);
}

/* weir_wildcard(pattern, text): whether the whole text is what the pattern says. */
static void wildcard(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const struct store_worker *w = store_duck_scalar_extra(info);
    if (w == NULL)
        return;
    const struct store_duck *d = &w->duck;
    bool *answer = d->vector_get_data(output);
    duckdb_vector vectors[2];
    const duckdb_string_t *texts[2];
    const uint64_t *validity[2];
    for (idx_t i = 0; i < 2; i++) {
        vectors[i] = d->data_chunk_get_vector(input, i);
        texts[i] = d->vector_get_data(vectors[i]);
        validity[i] = d->vector_get_validity(vectors[i]);
    }
    idx_t rows = d->data_chunk_get_size(input);
    for (idx_t row = 0; row < rows; row++) {
        uint32_t pattern_n;
        uint32_t n;
        answer[row] = is_valid(validity[0], row) && is_valid(validity[1], row);
        if (!answer[row])
            continue;
        const char *pattern = text_of(&texts[0][row], &pattern_n);
        const char *text = text_of(&texts[1][row], &n);
        answer[row] = query_leaf_wildcard(pattern, pattern_n, text, n, false);
    }
}

/* weir_address(text): an address as 32 digits, which sort as addresses do; NULL: it is none. */
static void address(duckdb_function_info info, duckdb_data_chunk input, duckdb_vector output)
{
    const struct store_worker *w = store_duck_scalar_extra(info);
    if (w == NULL)
        return;
    const struct store_duck *d = &w->duck;
    duckdb_vector vector = d->data_chunk_get_vector(input, 0);
    const duckdb_string_t *texts = d->vector_get_data(vector);
    const uint64_t *validity = d->vector_get_validity(vector);
    d->vector_ensure_validity_writable(output);
    uint64_t *known = d->vector_get_validity(output);
    idx_t rows = d->data_chunk_get_size(input);
    for (idx_t row = 0; row < rows; row++) {
        char digits[STORE_ADDRESS_DIGITS + 1];
        struct ip ip;
        uint32_t n = 0;
        const char *text = is_valid(validity, row) ? text_of(&texts[row], &n) : "";
        if (ip_parse(text, n, &ip)) {
            store_address_write(&ip, digits);
            d->vector_assign_string_element_len(output, row, digits, STORE_ADDRESS_DIGITS);
        } else {
            known[row / 64] &= ~((uint64_t)1 << (row % 64));
        }
    }
}

static bool add(struct store_worker *w, const char *name, const duckdb_type *parameters, size_t n,
                duckdb_type returns, duckdb_scalar_function_t function)
{
    const struct store_duck *d = &w->duck;
    duckdb_scalar_function f = d->create_scalar_function();
    d->scalar_function_set_name(f, name);
    for (size_t i = 0; i < n; i++) {
        duckdb_logical_type t = d->create_logical_type(parameters[i]);
        d->scalar_function_add_parameter(f, t);
        d->destroy_logical_type(&t);
    }
    duckdb_logical_type type = d->create_logical_type(returns);
    d->scalar_function_set_return_type(f, type);
    d->destroy_logical_type(&type);
    d->scalar_function_set_extra_info(f, w, NULL);
    /* A missing value is no match, not "unknown": NULLs come to the function. */
    d->scalar_function_set_special_handling(f);
    d->scalar_function_set_function(f, function);
    duckdb_state state = d->register_scalar_function(w->con, f);
    d->destroy_scalar_function(&f);
    return state == DuckDBSuccess;
}

enum err store_leaf_register(struct store_worker *w, struct err_text *why)
{
    static const duckdb_type any[] = {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_ANY};
    static const duckdb_type texts[] = {DUCKDB_TYPE_VARCHAR, DUCKDB_TYPE_VARCHAR};
    if (!add(w, "weir_leaf", any, 2, DUCKDB_TYPE_BOOLEAN, leaf) ||
        !add(w, "weir_rest", texts, 2, DUCKDB_TYPE_BOOLEAN, rest) ||
        !add(w, "weir_wildcard", texts, 2, DUCKDB_TYPE_BOOLEAN, wildcard) ||
        !add(w, "weir_address", texts, 1, DUCKDB_TYPE_VARCHAR, address))
        return err_set(why, ERR_UNSUPPORTED, "DuckDB takes no scalar functions");
    return ERR_NONE;
}
