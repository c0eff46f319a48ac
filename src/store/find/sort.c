/* SPDX-License-Identifier: Apache-2.0 */
#include "find/sort.h"

#include "base/buf.h"
#include "find/date.h"
#include "format/node.h"
#include "format/write.h"
#include "query/datemath.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

bool find_sort_read(const struct find_field *f, const char *format, const struct format_node *v,
                    struct arena *arena, struct event_value *out)
{
    enum format_type type = format_node_type(v);
    const char *s = format_node_str(v, "");
    size_t n = format_node_str_len(v);
    struct event_value any = {.type = EVENT_NULL};
    char *end;
    switch (type) {
    case FORMAT_INT:
        any = event_value_i64(format_node_int(v, 0));
        break;
    case FORMAT_FLOAT:
        any = (struct event_value){.type = EVENT_F64, .f = format_node_num(v, 0)};
        break;
    case FORMAT_BOOL:
        any = event_value_bool(format_node_bool(v, false));
        break;
    case FORMAT_STRING:
        any = event_value_str(s, n);
        break;
    default:
        return false;
    }
    *out = any;
    switch (f->kind) {
    case EVENT_KIND_DATE: {
        struct datemath_span span;
        const struct datemath_options options = {.format = format};
        if (type == FORMAT_INT || type == FORMAT_FLOAT) {
            double ms = format_node_num(v, 0);
            *out = event_value_time(type == FORMAT_INT ? find_ns(any.i)
                                    : fabs(ms) < 9e12  ? find_ns((int64_t)ms)
                                                       : INT64_MAX - 1);
            return true;
        }
        if (type != FORMAT_STRING ||
            (query_datemath_parse(s, n, &options, &span, NULL) != ERR_NONE &&
             query_datemath_parse(s, n, &(struct datemath_options){0}, &span, NULL) != ERR_NONE))
            return false;
        *out = event_value_time(span.from);
        return true;
    }
    case EVENT_KIND_LONG:
        if (type == FORMAT_STRING && n > 0) {
            *out = event_value_i64(strtoll(s, &end, 10));
            return *end == '\0';
        }
        if (type == FORMAT_FLOAT && fabs(any.f) < 9e18)
            *out = event_value_i64((int64_t)any.f);
        else if (type == FORMAT_FLOAT)
            *out = event_value_i64(any.f > 0 ? INT64_MAX : INT64_MIN);
        return out->type == EVENT_I64;
    case EVENT_KIND_DOUBLE:
        if (type == FORMAT_STRING && n > 0) {
            *out = (struct event_value){.type = EVENT_F64, .f = strtod(s, &end)};
            return *end == '\0';
        }
        if (type == FORMAT_INT)
            *out = (struct event_value){.type = EVENT_F64, .f = (double)any.i};
        return out->type == EVENT_F64;
    case EVENT_KIND_BOOLEAN:
        if (type == FORMAT_STRING)
            *out = event_value_bool(strcmp(s, "true") == 0);
        else if (type == FORMAT_INT)
            *out = event_value_bool(any.i != 0);
        return out->type == EVENT_BOOL;
    case EVENT_KIND_IP: {
        struct ip *ip = arena_alloc(arena, sizeof(*ip));
        if (ip == NULL || type != FORMAT_STRING || !ip_parse(s, n, ip))
            return false;
        *out = event_value_ip(ip);
        return true;
    }
    case FIND_KIND_UNKNOWN:
        break;
    default:
        if (type != FORMAT_STRING) {
            char scratch[EVENT_TEXT_SIZE];
            const char *text = event_value_text(&any, scratch, &n);
            const char *copy = arena_strndup(arena, text, n);
            *out = event_value_str(copy, n);
            return copy != NULL;
        }
        break;
    }
    if (out->type == EVENT_STR) {
        const char *copy = arena_strndup(arena, s, n);
        *out = event_value_str(copy, n);
        return copy != NULL;
    }
    return true;
}

static bool is_word(const struct format_node *v, const char *word)
{
    return format_node_type(v) == FORMAT_STRING && strcmp(format_node_str(v, ""), word) == 0;
}

static enum err parse_order(const struct format_node *v, struct find_sort_key *key,
                            struct find_error *error)
{
    if (v == NULL)
        return ERR_NONE;
    if (!is_word(v, "asc") && !is_word(v, "desc"))
        return find_error_argument(error, "a sort's order is asc or desc");
    key->descending = is_word(v, "desc");
    return ERR_NONE;
}

/* The object behind a field's name. */
static enum err parse_options(struct format_node *v, struct arena *arena, struct find_sort_key *key,
                              struct find_error *error)
{
    enum err rc = parse_order(format_node_get(v, "order"), key, error);
    const struct format_node *missing = format_node_get(v, "missing");
    const struct format_node *mode = format_node_get(v, "mode");
    const struct format_node *format = format_node_get(v, "format");
    /* There are no mappings to be missing, and numbers need no help to compare. */
    (void)format_node_get(v, "unmapped_type");
    const struct format_node *numeric = format_node_get(v, "numeric_type");
    if (rc != ERR_NONE)
        return rc;
    key->greatest = key->descending;
    if (is_word(mode, "min") || is_word(mode, "max"))
        key->greatest = is_word(mode, "max");
    else if (mode != NULL)
        return find_error_argument(error, "the sort mode [%.40s] is not supported: min and max are",
                                   format_node_str(mode, "?"));
    if (numeric != NULL && !is_word(numeric, "long") && !is_word(numeric, "double") &&
        !is_word(numeric, "date") && !is_word(numeric, "date_nanos"))
        return find_error_argument(error, "numeric_type is long, double, date or date_nanos");
    if (is_word(missing, "_first")) {
        key->missing_first = true;
    } else if (missing != NULL && !is_word(missing, "_last")) {
        key->has_missing = find_sort_read(&key->field, NULL, missing, arena, &key->missing);
        if (!key->has_missing)
            return find_error_argument(error, "missing of the sort by [%.100s] is no value of it",
                                       key->field.name);
    }
    if (format != NULL) {
        key->format =
            arena_strndup(arena, format_node_str(format, ""), format_node_str_len(format));
        if (key->format == NULL)
            return find_error_memory(error);
        rc = find_date_check(key->format, error != NULL ? &error->text : NULL);
        if (rc != ERR_NONE)
            return find_error_of(error, rc);
    }
    const struct format_node *other = format_node_unknown(v);
    if (other != NULL)
        return find_error_argument(error, "the sort by [%.100s] knows no key [%.60s]",
                                   key->field.name, format_node_key(other));
    return ERR_NONE;
}

static enum err parse_key(struct format_node *v, struct arena *arena, struct find_sort_key *key,
                          struct find_error *error)
{
    const struct format_node *options = NULL;
    const char *name = format_node_str(v, NULL);
    size_t n = format_node_str_len(v);
    if (format_node_type(v) == FORMAT_OBJECT && format_node_count(v) == 1) {
        options = format_node_at(v, 0);
        name = format_node_key(options);
        n = format_node_key_len(options);
    }
    if (name == NULL)
        return find_error_parse(error, v, "expected the name of a field to sort by");
    if (strcmp(name, "_script") == 0 || strcmp(name, "_geo_distance") == 0)
        return find_error_argument(error, "sorting by %s is not supported", name);
    memset(key, 0, sizeof(*key));
    if (!find_field_init(&key->field, name, n, arena))
        return find_error_argument(error, "cannot sort by a field of this name");
    if (find_field_is_text(&key->field))
        return find_error_argument(error,
                                   "[%.100s] is analysed text, by which nothing is sorted: "
                                   "[%.100s.keyword] is the whole text",
                                   name, name);
    key->descending = key->greatest = key->field.meta == FIND_META_SCORE;
    if (format_node_type(options) == FORMAT_STRING) {
        enum err rc = parse_order(options, key, error);
        key->greatest = key->descending;
        return rc;
    }
    if (options == NULL)
        return ERR_NONE;
    if (format_node_type(options) != FORMAT_OBJECT)
        return find_error_parse(error, options, "expected asc, desc or an object");
    return parse_options(format_node_at(v, 0), arena, key, error);
}

enum err find_sort_parse(const struct format_node *v, struct arena *arena, struct find_sort *out,
                         struct find_error *error)
{
    memset(out, 0, sizeof(*out));
    out->scored = true;
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    bool list = format_node_type(v) == FORMAT_ARRAY;
    size_t n = list ? format_node_count(v) : 1;
    if (n > FIND_SORT_ASKED)
        return find_error_argument(error, "at most %d keys sort", FIND_SORT_ASKED);
    out->keys = arena_zero(arena, (n + 1) * sizeof(*out->keys));
    if (out->keys == NULL)
        return find_error_memory(error);
    for (size_t i = 0; i < n; i++) {
        struct format_node *one = list ? format_node_at(v, i) : (struct format_node *)(uintptr_t)v;
        enum err rc = parse_key(one, arena, &out->keys[i], error);
        if (rc != ERR_NONE)
            return rc;
    }
    out->n = n;
    out->scored = n == 0;
    for (size_t i = 0; i < n; i++)
        out->scored = out->scored || out->keys[i].field.meta == FIND_META_SCORE;
    return ERR_NONE;
}

bool find_sort_end_ties(struct find_sort *s, struct arena *arena)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->keys[i].field.meta == FIND_META_ORDER)
            return true;
    struct find_sort_key key = {.missing_first = false};
    if (!find_field_init(&key.field, "_shard_doc", 10, arena))
        return false;
    s->keys[s->n++] = key;
    return true;
}

/* What find_sort_write() puts for documents without a number. */
static bool is_nothing(const struct find_sort_key *key, const struct event_value *v)
{
    if (key->has_missing)
        return false;
    if (v->type == EVENT_I64)
        return v->i == INT64_MAX || v->i == INT64_MIN;
    if (v->type == EVENT_TIME)
        return v->t >= INT64_MAX - 1 || v->t <= INT64_MIN + 1;
    return v->type == EVENT_F64 && isinf(v->f);
}

enum err find_sort_after(const struct find_sort *s, const struct format_node *v,
                         struct arena *arena, struct event_value **out, struct find_error *error)
{
    *out = NULL;
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_ARRAY || s->n == 0 || format_node_count(v) != s->n)
        return find_error_argument(
            error, "search_after has one value for each key of sort, which has %zu", s->n);
    struct event_value *values = arena_zero(arena, s->n * sizeof(*values));
    if (values == NULL)
        return find_error_memory(error);
    for (size_t i = 0; i < s->n; i++) {
        const struct format_node *one = format_node_at(v, i);
        if (format_node_type(one) == FORMAT_NULL)
            continue;
        if (!find_sort_read(&s->keys[i].field, s->keys[i].format, one, arena, &values[i]))
            return find_error_argument(error, "the value %zu of search_after is none of [%.100s]",
                                       i + 1, s->keys[i].field.name);
        if (is_nothing(&s->keys[i], &values[i]))
            values[i].type = EVENT_NULL;
        else if (values[i].type == EVENT_TIME)
            values[i].t = find_ns(find_ms(values[i].t));
    }
    *out = values;
    return ERR_NONE;
}

void find_sort_value(const struct find_sort_key *key, const struct find_doc *doc,
                     struct event_value *out, struct find_room *room)
{
    struct find_values values;
    bool any = false;
    find_field_values(&key->field, doc, &values);
    for (uint32_t i = 0; i < values.n; i++) {
        struct find_room other;
        struct event_value v;
        if (!find_field_value(&key->field, &values.v[i], &v, &other))
            continue;
        if (v.type == EVENT_TIME)
            v.t = find_ns(find_ms(v.t));
        if (any) {
            int order = find_value_compare(&v, out);
            if (key->greatest ? order <= 0 : order >= 0)
                continue;
        }
        any = true;
        *out = v;
        /* What stands in the values' or the value's own room must outlive them. */
        if (v.type == EVENT_STR && v.len < sizeof(room->text) &&
            (v.s == other.text || values.v == &values.one)) {
            memcpy(room->text, v.s, v.len + 1U);
            out->s = room->text;
        } else if (v.type == EVENT_IP && v.ip == &other.ip) {
            room->ip = other.ip;
            out->ip = &room->ip;
        }
    }
    if (!any)
        *out = key->has_missing ? key->missing : (struct event_value){.type = EVENT_NULL};
}

int find_sort_compare(const struct find_sort *s, const struct event_value *a,
                      const struct event_value *b)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct find_sort_key *key = &s->keys[i];
        bool no_a = a[i].type == EVENT_NULL;
        bool no_b = b[i].type == EVENT_NULL;
        if (no_a && no_b)
            continue;
        if (no_a || no_b)
            return no_a == key->missing_first ? -1 : 1;
        int order = find_value_compare(&a[i], &b[i]);
        if (order != 0)
            return key->descending ? -order : order;
    }
    return 0;
}

void find_sort_write(const struct find_sort_key *key, const struct event_value *v,
                     struct format_writer *w)
{
    /* The end of the order where documents without a value stand. */
    bool high = key->missing_first == key->descending;
    if (v->type == EVENT_NULL &&
        (key->field.kind == EVENT_KIND_LONG || find_field_is_date(&key->field) ||
         key->field.kind == EVENT_KIND_BOOLEAN)) {
        format_write_i64(w, high ? INT64_MAX : INT64_MIN);
    } else if (v->type == EVENT_NULL && key->field.kind == EVENT_KIND_DOUBLE) {
        format_write_str(w, high ? "Infinity" : "-Infinity");
    } else if (v->type == EVENT_TIME && key->format != NULL) {
        struct buf text;
        buf_init(&text);
        find_date_write(key->format, NULL, v->t, &text);
        if (find_date_is_number(key->format))
            format_write_raw(w, buf_text(&text), text.n);
        else
            format_write_str_n(w, buf_text(&text), text.n);
        buf_release(&text);
    } else {
        find_value_write(w, v);
    }
}
