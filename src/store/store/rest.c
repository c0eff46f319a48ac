/* SPDX-License-Identifier: Apache-2.0 */
#include "store/rest.h"

#include "store/row.h"

#include "format/json.h"
#include "format/write.h"

#include <string.h>

static void write_value(struct format_writer *w, const struct event_value *v)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    const char *text;
    switch ((enum event_type)v->type) {
    case EVENT_I64:
        format_write_i64(w, v->i);
        return;
    case EVENT_F64:
        format_write_f64(w, v->f);
        return;
    case EVENT_BOOL:
        format_write_bool(w, v->b);
        return;
    case EVENT_STR:
    case EVENT_IP:
    case EVENT_TIME:
    case EVENT_NULL:
        break;
    }
    text = event_value_text(v, scratch, &n);
    format_write_str_n(w, text, n);
}

void store_rest_write(struct format_writer *w, struct store_cell *cell)
{
    format_write_key_n(w, cell->name->name, cell->name->len);
    if (cell->n > 1)
        format_write_begin_array(w);
    for (uint32_t i = 0; i < cell->n; i++) {
        struct event_value v;
        struct ip ip;
        store_cell_value(cell, &v, &ip);
        write_value(w, &v);
    }
    if (cell->n > 1)
        format_write_end_array(w);
}

static void read_value(const struct format_json_tape *t, uint32_t at, const char *name,
                       size_t name_n, struct event *e)
{
    struct event_value v = {.type = EVENT_NULL};
    size_t n;
    switch (format_json_type(t, at)) {
    case FORMAT_STRING:
        v.s = format_json_str(t, at, &n);
        v.len = (uint32_t)n;
        /* Texts of events hold no NUL; we have not written one. */
        v.type = memchr(v.s, '\0', n) == NULL ? EVENT_STR : EVENT_NULL;
        break;
    case FORMAT_INT:
        v.type = EVENT_I64;
        v.i = format_json_i64(t, at);
        break;
    case FORMAT_FLOAT:
        v.type = EVENT_F64;
        v.f = format_json_f64(t, at);
        break;
    case FORMAT_BOOL:
        v.type = EVENT_BOOL;
        v.b = format_json_bool(t, at);
        break;
    case FORMAT_NULL:
    case FORMAT_ARRAY:
    case FORMAT_OBJECT:
        break;
    }
    event_add_named(e, name, name_n, &v);
}

enum err store_rest_read(struct format_json *parser, const char *text, size_t n, struct event *e)
{
    struct format_json_tape t;
    enum err rc = format_json_parse(parser, text, n, NULL);
    if (rc != ERR_NONE)
        return rc;
    format_json_view(parser, &t);
    uint32_t at = FORMAT_JSON_ROOT;
    if (format_json_type(&t, at) != FORMAT_OBJECT)
        return ERR_FORMAT;
    uint32_t end = format_json_end(&t, at);
    for (at++; at < end;) {
        size_t name_n;
        const char *name = format_json_str(&t, at, &name_n);
        uint32_t value = at + 1;
        at = format_json_next(&t, value);
        if (format_json_type(&t, value) != FORMAT_ARRAY) {
            read_value(&t, value, name, name_n, e);
            continue;
        }
        uint32_t last = format_json_end(&t, value);
        for (uint32_t i = value + 1; i < last; i = format_json_next(&t, i))
            read_value(&t, i, name, name_n, e);
    }
    return e->failed ? ERR_MEMORY : ERR_NONE;
}
