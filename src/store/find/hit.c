/* SPDX-License-Identifier: Apache-2.0 */
#include "find/hit.h"

#include "base/buf.h"
#include "event/id.h"
#include "event/json.h"
#include "find/date.h"
#include "format/node.h"
#include "format/write.h"
#include "query/leaf.h"

#include <string.h>

#define PATTERNS_MAX 1000
#define RESULT_WINDOW 10000 /* index.max_result_window of Elasticsearch */

static enum err parse_count(const struct format_node *v, const char *name, uint64_t *out,
                            struct find_error *error)
{
    if (v == NULL)
        return ERR_NONE;
    int64_t n = format_node_int(v, -1);
    if (format_node_type(v) != FORMAT_INT || n < 0)
        return find_error_argument(error, "[%s] is a whole number, 0 or more", name);
    *out = (uint64_t)n;
    return ERR_NONE;
}

/* A text or an array of texts. */
static enum err parse_patterns(const struct format_node *v, struct arena *arena, const char ***out,
                               size_t *out_n, struct find_error *error)
{
    bool list = format_node_type(v) == FORMAT_ARRAY;
    size_t n = list ? format_node_count(v) : v != NULL;
    if (n > PATTERNS_MAX)
        return find_error_argument(error, "at most %d patterns of fields", PATTERNS_MAX);
    const char **patterns = arena_alloc(arena, (*out_n + n + 1) * sizeof(*patterns));
    if (patterns == NULL)
        return find_error_memory(error);
    if (*out_n > 0)
        memcpy(patterns, *out, *out_n * sizeof(*patterns));
    for (size_t i = 0; i < n; i++) {
        const struct format_node *one = list ? format_node_at(v, i) : v;
        if (format_node_type(one) != FORMAT_STRING)
            return find_error_parse(error, one, "expected the name of a field or a pattern");
        patterns[*out_n] = arena_strndup(arena, format_node_str(one, ""), format_node_str_len(one));
        if (patterns[(*out_n)++] == NULL)
            return find_error_memory(error);
    }
    *out = patterns;
    return ERR_NONE;
}

static enum err parse_source(struct format_node *v, struct arena *arena, struct find_hits *out,
                             struct find_error *error)
{
    enum err rc = ERR_NONE;
    switch (format_node_type(v)) {
    case FORMAT_NULL:
        return ERR_NONE;
    case FORMAT_BOOL:
        out->no_source = !format_node_bool(v, true);
        return ERR_NONE;
    case FORMAT_OBJECT:
        break;
    default:
        return parse_patterns(v, arena, &out->includes, &out->includes_n, error);
    }
    static const char *const names[][2] = {{"includes", "excludes"}, {"include", "exclude"}};
    for (size_t i = 0; rc == ERR_NONE && i < 2; i++) {
        rc = parse_patterns(format_node_get(v, names[i][0]), arena, &out->includes,
                            &out->includes_n, error);
        if (rc == ERR_NONE)
            rc = parse_patterns(format_node_get(v, names[i][1]), arena, &out->excludes,
                                &out->excludes_n, error);
    }
    if (rc == ERR_NONE && format_node_unknown(v) != NULL)
        return find_error_parse(error, format_node_unknown(v), "_source knows no key [%.60s]",
                                format_node_key(format_node_unknown(v)));
    return rc;
}

static enum err parse_wanted(struct format_node *v, struct arena *arena, struct find_wanted *out,
                             struct find_error *error)
{
    struct format_node *field = v;
    const struct format_node *format = NULL;
    if (format_node_type(v) == FORMAT_OBJECT) {
        field = format_node_get(v, "field");
        format = format_node_get(v, "format");
        (void)format_node_get(v, "include_unmapped");
        if (format_node_unknown(v) != NULL)
            return find_error_parse(error, format_node_unknown(v), "fields knows no key [%.60s]",
                                    format_node_key(format_node_unknown(v)));
    }
    if (format_node_type(field) != FORMAT_STRING)
        return find_error_parse(error, v, "expected the name of a field or a pattern");
    out->pattern = arena_strndup(arena, format_node_str(field, ""), format_node_str_len(field));
    out->format = NULL;
    if (out->pattern == NULL)
        return find_error_memory(error);
    if (format == NULL || strcmp(format_node_str(format, ""), "use_field_mapping") == 0)
        return ERR_NONE;
    out->format = arena_strndup(arena, format_node_str(format, ""), format_node_str_len(format));
    return out->format != NULL ? ERR_NONE : find_error_memory(error);
}

static enum err parse_fields(struct format_node *v, struct arena *arena, struct find_hits *out,
                             struct find_error *error)
{
    size_t n = format_node_count(v);
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_ARRAY || n > PATTERNS_MAX)
        return find_error_parse(error, v, "expected an array of at most %d fields", PATTERNS_MAX);
    struct find_wanted *list = arena_alloc(arena, (out->fields_n + n + 1) * sizeof(*list));
    if (list == NULL)
        return find_error_memory(error);
    if (out->fields_n > 0)
        memcpy(list, out->fields, out->fields_n * sizeof(*list));
    out->fields = list;
    for (size_t i = 0; i < n; i++) {
        enum err rc = parse_wanted(format_node_at(v, i), arena, &list[out->fields_n], error);
        if (rc != ERR_NONE)
            return rc;
        out->fields_n++;
    }
    return ERR_NONE;
}

enum err find_hits_parse(struct format_node *v, uint64_t size, struct arena *arena,
                         struct find_hits *out, struct find_error *error)
{
    memset(out, 0, sizeof(*out));
    out->size = size;
    enum err rc = parse_count(format_node_get(v, "from"), "from", &out->from, error);
    if (rc == ERR_NONE)
        rc = parse_count(format_node_get(v, "size"), "size", &out->size, error);
    if (rc == ERR_NONE && (out->from > RESULT_WINDOW || out->size > RESULT_WINDOW - out->from))
        rc = find_error_argument(error,
                                 "Result window is too large, from + size must be less than or "
                                 "equal to: [%d] but was [%llu]: page with search_after",
                                 RESULT_WINDOW, (unsigned long long)(out->from + out->size));
    if (rc == ERR_NONE)
        rc = find_sort_parse(format_node_get(v, "sort"), arena, &out->sort, error);
    if (rc == ERR_NONE)
        rc = parse_source(format_node_get(v, "_source"), arena, out, error);
    if (rc == ERR_NONE)
        rc = parse_fields(format_node_get(v, "fields"), arena, out, error);
    if (rc == ERR_NONE)
        rc = parse_fields(format_node_get(v, "docvalue_fields"), arena, out, error);
    const struct format_node *stored = format_node_get(v, "stored_fields");
    if (format_node_type(stored) == FORMAT_ARRAY && format_node_count(stored) == 1)
        stored = format_node_at(stored, 0);
    if (rc == ERR_NONE && stored != NULL) {
        /* Nothing is stored but the source. */
        out->no_names = strcmp(format_node_str(stored, ""), "_none_") == 0;
        out->no_source = out->no_names || format_node_get(v, "_source") == NULL;
    }
    out->version = format_node_bool(format_node_get(v, "version"), false);
    out->seq_no = format_node_bool(format_node_get(v, "seq_no_primary_term"), false);
    return rc;
}

/* Whether a pattern is of a field, or of an object it lies in. */
static bool covers(const char *pattern, const char *path, size_t n)
{
    size_t m = strlen(pattern);
    if (query_leaf_wildcard(pattern, m, path, n, false))
        return true;
    for (size_t i = 0; i < n; i++)
        if (path[i] == '.' && query_leaf_wildcard(pattern, m, path, i, false))
            return true;
    return false;
}

static bool is_chosen(const struct find_hits *what, const char *path, size_t n)
{
    bool chosen = what->includes_n == 0;
    for (size_t i = 0; !chosen && i < what->includes_n; i++)
        chosen = covers(what->includes[i], path, n);
    for (size_t i = 0; chosen && i < what->excludes_n; i++)
        chosen = !covers(what->excludes[i], path, n);
    return chosen;
}

/* Whether anything below is chosen; path is as long as before when it returns. */
static bool any_chosen(const struct find_hits *what, const struct format_node *v, struct buf *path)
{
    bool object = format_node_type(v) == FORMAT_OBJECT;
    bool list = format_node_type(v) == FORMAT_ARRAY;
    bool any = !object && !list && is_chosen(what, buf_text(path), path->n);
    if (list && format_node_count(v) == 0)
        any = is_chosen(what, buf_text(path), path->n);
    for (size_t i = 0; !any && (object || list) && i < format_node_count(v); i++) {
        const struct format_node *one = format_node_at(v, i);
        size_t before = path->n;
        if (object) {
            buf_str(path, before > 0 ? "." : "");
            buf_add(path, format_node_key(one), format_node_key_len(one));
        }
        any = any_chosen(what, one, path);
        path->n = before;
    }
    return any;
}

static void write_chosen(const struct find_hits *what, const struct format_node *v,
                         struct buf *path, struct format_writer *w)
{
    bool object = format_node_type(v) == FORMAT_OBJECT;
    if (!object && format_node_type(v) != FORMAT_ARRAY) {
        format_node_write_value(v, w);
        return;
    }
    if (object)
        format_write_begin_object(w);
    else
        format_write_begin_array(w);
    for (size_t i = 0; i < format_node_count(v); i++) {
        const struct format_node *one = format_node_at(v, i);
        size_t before = path->n;
        if (object) {
            buf_str(path, before > 0 ? "." : "");
            buf_add(path, format_node_key(one), format_node_key_len(one));
        }
        if (any_chosen(what, one, path)) {
            if (object)
                format_write_key_n(w, format_node_key(one), format_node_key_len(one));
            write_chosen(what, one, path, w);
        }
        path->n = before;
    }
    if (object)
        format_write_end_object(w);
    else
        format_write_end_array(w);
}

static enum err write_source(const struct find_hits *what, const struct find_doc *doc,
                             struct format_writer *w)
{
    struct buf json;
    enum err rc = ERR_NONE;
    buf_init(&json);
    if (doc->json != NULL)
        buf_add(&json, doc->json, doc->json_n);
    else
        event_json_write(doc->e, &json);
    if (!buf_ok(&json)) {
        rc = ERR_MEMORY;
    } else if (what->includes_n == 0 && what->excludes_n == 0) {
        format_write_key(w, "_source");
        format_write_raw(w, buf_text(&json), json.n);
    } else {
        struct format_node *root;
        struct buf path;
        buf_init(&path);
        rc = format_node_json(buf_text(&json), json.n, "_source", &root, NULL);
        if (rc == ERR_NONE) {
            format_write_key(w, "_source");
            write_chosen(what, root, &path, w);
            format_node_free(root);
            rc = buf_ok(&path) ? ERR_NONE : ERR_MEMORY;
        }
        buf_release(&path);
    }
    buf_release(&json);
    return rc;
}

/* One value as `fields` shows it: times as text. */
static void write_shown(const struct event_value *v, const char *format, struct format_writer *w)
{
    struct buf text;
    if (v->type != EVENT_TIME) {
        find_value_write(w, v);
        return;
    }
    buf_init(&text);
    if (find_date_check(format, NULL) != ERR_NONE)
        format = NULL;
    find_date_write(format, NULL, v->t, &text);
    format_write_str_n(w, buf_text(&text), text.n);
    buf_release(&text);
}

static void write_field(const char *name, size_t n, const struct event_value *v, uint32_t values_n,
                        const char *format, bool *any, struct format_writer *w)
{
    if (!*any) {
        format_write_key(w, "fields");
        format_write_begin_object(w);
        *any = true;
    }
    format_write_key_n(w, name, n);
    format_write_begin_array(w);
    for (uint32_t i = 0; i < values_n; i++)
        write_shown(&v[i], format, w);
    format_write_end_array(w);
}

/* The first wish for a field of that name; NULL: nobody wants it. */
static const struct find_wanted *wish_for(const struct find_hits *what, const char *name, size_t n)
{
    for (size_t i = 0; i < what->fields_n; i++)
        if (query_leaf_wildcard(what->fields[i].pattern, strlen(what->fields[i].pattern), name, n,
                                false))
            return &what->fields[i];
    return NULL;
}

static bool is_view(const char *pattern, const struct event_item *item, const char *view)
{
    size_t n = strlen(pattern);
    return n == item->name_len + strlen(view) && memcmp(pattern, item->name, item->name_len) == 0 &&
           strcmp(pattern + item->name_len, view) == 0;
}

static void write_fields(const struct find_hits *what, const struct find_doc *doc,
                         struct format_writer *w)
{
    bool any = false;
    const struct find_wanted *wish = wish_for(what, "@timestamp", 10);
    struct event_value time = event_value_time(doc->e->time);
    if (wish != NULL && doc->e->time != TIME_NONE)
        write_field("@timestamp", 10, &time, 1, wish->format, &any, w);
    for (uint32_t i = 0; i < doc->e->n; i++) {
        const struct event_item *item = &doc->e->items[i];
        if (item->field == EVENT_F_WEIR_ID || item->field == EVENT_F_WEIR_INDEX)
            continue; /* shown as _id and _index */
        wish = wish_for(what, item->name, item->name_len);
        if (wish != NULL)
            write_field(item->name, item->name_len, event_values(item), item->n, wish->format, &any,
                        w);
        for (size_t k = 0; k < what->fields_n; k++) {
            const char *pattern = what->fields[k].pattern;
            if (is_view(pattern, item, ".keyword") || is_view(pattern, item, ".text"))
                write_field(pattern, strlen(pattern), event_values(item), item->n, NULL, &any, w);
        }
    }
    if (any)
        format_write_end_object(w);
}

enum err find_hit_write(const struct find_hits *what, const struct find_doc *doc,
                        const struct event_value *values, struct format_writer *w)
{
    char index[QUERY_INDEX_NAME_SIZE];
    char scratch[EVENT_ID_SIZE];
    const char *id = doc->id != NULL ? doc->id : event_id_of(doc->e, scratch);
    enum err rc = ERR_NONE;
    if (doc->index == NULL)
        (void)query_index_name(doc->e, index);
    format_write_begin_object(w);
    format_write_field_str(w, "_index", doc->index != NULL ? doc->index : index);
    if (!what->no_names)
        format_write_field_str(w, "_id", id);
    if (what->version)
        format_write_field_i64(w, "_version", 1);
    if (what->seq_no) {
        format_write_field_i64(w, "_seq_no", (int64_t)doc->e->sequence);
        format_write_field_i64(w, "_primary_term", 1);
    }
    format_write_key(w, "_score");
    if (what->sort.scored)
        format_write_f64(w, 1);
    else
        format_write_null(w);
    if (!what->no_source)
        rc = write_source(what, doc, w);
    if (what->fields_n > 0)
        write_fields(what, doc, w);
    if (what->sort.n > 0) {
        format_write_key(w, "sort");
        format_write_begin_array(w);
        for (size_t i = 0; i < what->sort.n; i++)
            find_sort_write(&what->sort.keys[i], &values[i], w);
        format_write_end_array(w);
    }
    format_write_end_object(w);
    return rc;
}
