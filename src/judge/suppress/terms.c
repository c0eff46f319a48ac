/* SPDX-License-Identifier: Apache-2.0 */
#include "suppress/terms.h"

#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "format/write.h"

#include <stdlib.h>
#include <string.h>

static bool is_number(const struct event_value *v)
{
    return v->type == EVENT_I64 || v->type == EVENT_F64;
}

static int compare_numbers(const struct event_value *a, const struct event_value *b)
{
    if (a->type == EVENT_I64 && b->type == EVENT_I64)
        return (a->i > b->i) - (a->i < b->i);
    double x = a->type == EVENT_I64 ? (double)a->i : a->f;
    double y = b->type == EVENT_I64 ? (double)b->i : b->f;
    return (x > y) - (x < y);
}

static int by_value(const void *left, const void *right)
{
    const struct event_value *a = left;
    const struct event_value *b = right;
    if (is_number(a) != is_number(b))
        return is_number(a) ? -1 : 1;
    if (is_number(a))
        return compare_numbers(a, b);
    char scratch[2][EVENT_TEXT_SIZE];
    size_t n[2];
    const char *x = event_value_text(a, scratch[0], &n[0]);
    const char *y = event_value_text(b, scratch[1], &n[1]);
    int c = memcmp(x, y, n[0] < n[1] ? n[0] : n[1]);
    return c != 0 ? c : (n[0] > n[1]) - (n[0] < n[1]);
}

static void write_value(const struct event_value *v, struct format_writer *w)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    const char *text;
    switch ((enum event_type)v->type) {
    case EVENT_NULL:
        format_write_null(w);
        break;
    case EVENT_I64:
        format_write_i64(w, v->i);
        break;
    case EVENT_F64:
        format_write_f64(w, v->f);
        break;
    case EVENT_BOOL:
        format_write_bool(w, v->b);
        break;
    case EVENT_STR:
    case EVENT_IP:
    case EVENT_TIME:
        text = event_value_text(v, scratch, &n);
        format_write_str_n(w, text, n);
        break;
    }
}

static enum err write_sorted(const struct event_value *values, size_t n, struct format_writer *w)
{
    struct event_value *sorted = mem_alloc(n * sizeof(*sorted));
    if (sorted == NULL)
        return ERR_MEMORY;
    memcpy(sorted, values, n * sizeof(*sorted));
    qsort(sorted, n, sizeof(*sorted), by_value);
    format_write_begin_array(w);
    for (size_t i = 0; i < n; i++)
        write_value(&sorted[i], w);
    format_write_end_array(w);
    mem_free(sorted);
    return ERR_NONE;
}

/* Whether the field is there, and its values or null. */
static enum err write_field(const struct event *e, const char *field, struct format_writer *w,
                            bool *out_there)
{
    const struct event_value time = event_value_time(e->time);
    const struct event_item *item = event_find(e, field, strlen(field));
    *out_there = true;
    if (strcmp(field, "@timestamp") == 0)
        return write_sorted(&time, 1, w);
    if (item != NULL)
        return write_sorted(event_values(item), item->n, w);
    format_write_null(w);
    *out_there = false;
    return ERR_NONE;
}

enum err suppress_terms_write(const struct event *e, const char *const *fields, size_t n,
                              struct buf *out, bool *out_whole)
{
    struct format_writer w;
    bool whole = true;
    format_write_init(&w, out);
    format_write_begin_array(&w);
    for (size_t i = 0; i < n; i++) {
        bool there;
        format_write_begin_object(&w);
        format_write_field_str(&w, "field", fields[i]);
        format_write_key(&w, "value");
        if (write_field(e, fields[i], &w, &there) != ERR_NONE)
            return ERR_MEMORY;
        whole &= there;
        format_write_end_object(&w);
    }
    format_write_end_array(&w);
    if (!buf_ok(out))
        return ERR_MEMORY;
    *out_whole = whole;
    return ERR_NONE;
}
