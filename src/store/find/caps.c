/* SPDX-License-Identifier: Apache-2.0 */
#include "find/find.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "find/field.h"
#include "find/find_priv.h"
#include "find/kept.h"
#include "find/target.h"
#include "format/node.h"
#include "format/write.h"
#include "query/leaf.h"
#include "store/look.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 20000 /* names that one answer may have */
#define KEPT_SAMPLE 1000 /* alerts and results whose fields are looked at, the oldest */

/* A field that occurs. */
struct known {
    const char *name;
    const char *type;
};

struct listing {
    struct arena arena;
    struct map *places; /* name → number + 1 */
    struct known *list;
    size_t n;
    size_t cap;
    uint64_t kept;
    bool failed;
};

static bool listing_init(struct listing *l)
{
    memset(l, 0, sizeof(*l));
    arena_init(&l->arena, 0);
    l->places = map_new((struct hash_key){3, 5});
    return l->places != NULL;
}

static void listing_release(struct listing *l)
{
    map_free(l->places);
    mem_free(l->list);
    arena_release(&l->arena);
}

static void add(struct listing *l, const char *name, size_t n, const char *type)
{
    bool is_new;
    if (l->failed || l->n == FIELDS_MAX || (n == 7 && memcmp(name, "weir.id", n) == 0) ||
        (n == 10 && memcmp(name, "weir.index", n) == 0))
        return; /* these are shown as _id and _index */
    uint64_t *place = map_put(l->places, name, n, &is_new);
    if (place != NULL && !is_new)
        return;
    void *grown = l->list;
    const char *copy = arena_strndup(&l->arena, name, n);
    if (place == NULL || copy == NULL ||
        mem_grow(&grown, &l->cap, l->n + 1, sizeof(*l->list)) != 0) {
        l->failed = true;
        return;
    }
    l->list = grown;
    l->list[l->n++] = (struct known){copy, type};
    *place = l->n;
}

static void add_field(void *ctx, const char *name, size_t n, event_field field)
{
    struct listing *l = ctx;
    /* What is not in the table groups and sorts as a keyword does. */
    add(l, name, n,
        field != EVENT_F_NONE ? event_kind_name((enum event_kind)event_field_def(field)->kind)
                              : "keyword");
}

static const char *type_of(const struct event_item *item)
{
    if (item->field != EVENT_F_NONE)
        return event_kind_name((enum event_kind)event_field_def(item->field)->kind);
    switch ((enum event_type)event_values(item)[0].type) {
    case EVENT_I64:
        return item->name_len == 9 && memcmp(item->name, "timestamp", 9) == 0 ? "date" : "long";
    case EVENT_F64:
        return "double";
    case EVENT_BOOL:
        return "boolean";
    case EVENT_TIME:
        return "date";
    case EVENT_IP:
        return "ip";
    case EVENT_STR:
    case EVENT_NULL:
        break;
    }
    return "keyword";
}

static bool add_kept(void *ctx, const struct find_doc *doc)
{
    struct listing *l = ctx;
    for (uint32_t i = 0; i < doc->e->n; i++)
        add(l, doc->e->items[i].name, doc->e->items[i].name_len, type_of(&doc->e->items[i]));
    return ++l->kept < KEPT_SAMPLE;
}

/* Every field that occurs in what the index pattern chooses. */
static enum err list_fields(struct find *f, const struct find_request *r,
                            const struct find_target *target, struct listing *l,
                            struct err_text *why)
{
    enum err rc = ERR_NONE;
    add(l, "@timestamp", 10, "date");
    if (target->events && f->options.store != NULL) {
        struct store_look *look;
        const struct store_search what = {
            .from = TIME_NONE, .to = TIME_MAX, .timeout_ns = r->timeout_ns, .cancel = r->cancel};
        rc = store_look_open(f->options.store, &what, NULL, &look, why);
        if (rc == ERR_NONE) {
            rc = store_look_fields(look, add_field, l, why);
            store_look_close(look);
        }
    }
    if (rc == ERR_NONE && (target->alerts || target->results) && f->options.state != NULL)
        rc = find_kept_each(f->options.state, target, TIME_NONE, TIME_MAX, add_kept, l, why);
    if (rc == ERR_NONE && l->failed)
        rc = err_set(why, ERR_MEMORY, "no memory for the list of fields");
    return rc;
}

static int compare(const void *a, const void *b)
{
    return strcmp(((const struct known *)a)->name, ((const struct known *)b)->name);
}

/* Whether one of comma-separated patterns covers a name. */
static bool covers(const char *patterns, const char *name)
{
    size_t n = strlen(name);
    while (*patterns != '\0') {
        size_t m = strcspn(patterns, ",");
        if (m > 0 && query_leaf_wildcard(patterns, m, name, n, false))
            return true;
        patterns += patterns[m] == ',' ? m + 1 : m;
    }
    return false;
}

static bool is_wanted(const char *patterns, const struct format_node *list, const char *name)
{
    if (patterns != NULL)
        return covers(patterns, name);
    if (format_node_type(list) == FORMAT_STRING)
        return covers(format_node_str(list, ""), name);
    for (size_t i = 0; i < format_node_count(list); i++)
        if (covers(format_node_str(format_node_at(list, i), ""), name))
            return true;
    return list == NULL;
}

static void write_cap(const char *name, const char *type, bool meta, struct format_writer *w)
{
    bool text = strcmp(type, "text") == 0;
    format_write_key(w, name);
    format_write_begin_object(w);
    format_write_key(w, type);
    format_write_begin_object(w);
    format_write_field_str(w, "type", type);
    format_write_field_bool(w, "metadata_field", meta);
    format_write_field_bool(w, "searchable", strcmp(type, "object") != 0);
    format_write_field_bool(w, "aggregatable",
                            !text && strcmp(type, "object") != 0 && strcmp(type, "_id") != 0);
    format_write_end_object(w);
    format_write_end_object(w);
}

static void write_caps(const struct listing *l, const char *patterns,
                       const struct format_node *list, struct format_writer *w)
{
    static const char *const meta[] = {"_id", "_index"};
    for (size_t i = 0; i < sizeof(meta) / sizeof(meta[0]); i++)
        if (is_wanted(patterns, list, meta[i]))
            write_cap(meta[i], i == 0 ? "_id" : "_index", true, w);
    for (size_t i = 0; i < l->n; i++) {
        const struct known *k = &l->list[i];
        if (is_wanted(patterns, list, k->name))
            write_cap(k->name, k->type, false, w);
        /* Analysed text has its whole text beside it. */
        if (strcmp(k->type, "text") == 0) {
            struct buf view;
            buf_init(&view);
            buf_format(&view, "%s.keyword", k->name);
            if (buf_ok(&view) && is_wanted(patterns, list, buf_text(&view)))
                write_cap(buf_text(&view), "keyword", false, w);
            buf_release(&view);
        }
    }
}

struct indices {
    const struct find_target *target;
    struct format_writer *w;
};

/* Names of the data streams of datasets, as far as they are chosen. */
static void write_index(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    struct indices *x = ctx;
    struct buf name;
    (void)rows;
    (void)bytes;
    buf_init(&name);
    buf_format(&name, "logs-%s-default", dataset);
    if (buf_ok(&name) && query_index_match_name(x->target->names, buf_text(&name), name.n))
        format_write_str_n(x->w, buf_text(&name), name.n);
    buf_release(&name);
}

static enum err write_indices(struct find *f, const struct find_target *target,
                              struct format_writer *w)
{
    struct indices x = {.target = target, .w = w};
    enum err rc = ERR_NONE;
    format_write_key(w, "indices");
    format_write_begin_array(w);
    if (target->events && f->options.store != NULL)
        rc = store_datasets(f->options.store, write_index, &x);
    if (target->alerts)
        format_write_str(w, FIND_ALERTS_INDEX);
    if (target->results)
        format_write_str(w, FIND_RESULTS_INDEX);
    format_write_end_array(w);
    return rc;
}

/* Both answers: everything but what is written. */
static enum err answer(struct find *f, const struct find_request *r, const char *patterns,
                       bool mapping, struct buf *out, struct find_error *error);

enum err find_field_caps(struct find *f, const struct find_request *r, const char *patterns,
                         struct buf *out, struct find_error *error)
{
    return answer(f, r, patterns, false, out, error);
}

enum err find_mapping(struct find *f, const struct find_request *r, struct buf *out,
                      struct find_error *error)
{
    return answer(f, r, NULL, true, out, error);
}

/* The part of a name up to a depth; *out_n its length, whole names have no further dot. */
static const char *segment(const char *name, size_t from, size_t *out_n)
{
    *out_n = strcspn(name + from, ".");
    return name + from;
}

/* Fields [begin, end) share the first `from` bytes of their names: one level of "properties". */
static void write_properties(const struct listing *l, size_t begin, size_t end, size_t from,
                             unsigned depth, struct format_writer *w)
{
    format_write_key(w, "properties");
    format_write_begin_object(w);
    for (size_t i = begin; i < end;) {
        size_t n;
        const char *s = segment(l->list[i].name, from, &n);
        bool leaf = s[n] == '\0';
        size_t next = i + 1;
        while (next < end && strncmp(l->list[next].name + from, s, n) == 0 &&
               (l->list[next].name[from + n] == '.' || l->list[next].name[from + n] == '\0'))
            next++;
        /* Names nest as deep as readers of JSON like it; deeper ones keep their dots. */
        if (depth == 20) {
            n = strlen(s);
            leaf = true;
            next = i + 1;
        }
        format_write_key_n(w, s, n);
        format_write_begin_object(w);
        if (leaf)
            format_write_field_str(w, "type", l->list[i].type);
        if (next > i + leaf && depth < 20)
            write_properties(l, i + leaf, next, from + n + 1, depth + 1, w);
        if (leaf && strcmp(l->list[i].type, "text") == 0) {
            format_write_key(w, "fields");
            format_write_raw(w, "{\"keyword\":{\"type\":\"keyword\"}}", 30);
        }
        format_write_end_object(w);
        i = next;
    }
    format_write_end_object(w);
}

/* "prefix.a" must follow "prefix" and "prefix.b", not "prefix-x": dots come first. */
static int compare_paths(const void *a, const void *b)
{
    const char *x = ((const struct known *)a)->name;
    const char *y = ((const struct known *)b)->name;
    while (*x != '\0' && *x == *y) {
        x++;
        y++;
    }
    int c = *x == '.' ? 1 : (unsigned char)*x;
    int d = *y == '.' ? 1 : (unsigned char)*y;
    return c - d;
}

static void write_mapping(const struct listing *l, const char *name, struct format_writer *w)
{
    format_write_key(w, name);
    format_write_begin_object(w);
    format_write_key(w, "mappings");
    format_write_begin_object(w);
    write_properties(l, 0, l->n, 0, 0, w);
    format_write_end_object(w);
    format_write_end_object(w);
}

struct mappings {
    const struct find_target *target;
    const struct listing *listing;
    struct format_writer *w;
};

static void write_dataset(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    struct mappings *m = ctx;
    struct buf name;
    (void)rows;
    (void)bytes;
    buf_init(&name);
    buf_format(&name, "logs-%s-default", dataset);
    if (buf_ok(&name) && query_index_match_name(m->target->names, buf_text(&name), name.n))
        write_mapping(m->listing, buf_text(&name), m->w);
    buf_release(&name);
}

static enum err write_mappings(struct find *f, const struct find_target *target, struct listing *l,
                               struct format_writer *w)
{
    struct mappings m = {.target = target, .listing = l, .w = w};
    enum err rc = ERR_NONE;
    qsort(l->list, l->n, sizeof(*l->list), compare_paths);
    if (target->events && f->options.store != NULL)
        rc = store_datasets(f->options.store, write_dataset, &m);
    if (target->alerts)
        write_mapping(l, FIND_ALERTS_INDEX, w);
    if (target->results)
        write_mapping(l, FIND_RESULTS_INDEX, w);
    return rc;
}

static enum err answer(struct find *f, const struct find_request *r, const char *patterns,
                       bool mapping, struct buf *out, struct find_error *error)
{
    struct find_target target;
    struct listing l;
    struct format_writer w;
    struct err_text why = {.message = ""};
    size_t before = out->n;
    enum err rc = find_target_parse(r->index, f->options.store, r->lenient, &target, error);
    if (rc != ERR_NONE)
        return rc;
    rc = listing_init(&l) ? list_fields(f, r, &target, &l, &why)
                          : err_set(&why, ERR_MEMORY, "no memory for the list of fields");
    if (rc == ERR_NONE) {
        if (l.n > 1)
            qsort(l.list, l.n, sizeof(*l.list), compare);
        format_write_init(&w, out);
        format_write_begin_object(&w);
        if (mapping) {
            rc = write_mappings(f, &target, &l, &w);
        } else {
            rc = write_indices(f, &target, &w);
            format_write_key(&w, "fields");
            format_write_begin_object(&w);
            write_caps(&l, patterns, patterns == NULL ? format_node_get(r->body, "fields") : NULL,
                       &w);
            format_write_end_object(&w);
        }
        format_write_end_object(&w);
        if (rc == ERR_NONE && !buf_ok(out))
            rc = err_set(&why, ERR_MEMORY, "no memory for the answer");
    }
    listing_release(&l);
    find_target_release(&target);
    if (rc == ERR_NONE)
        return rc;
    out->n = before < out->n ? before : out->n;
    if (error != NULL)
        error->text = why;
    return find_error_of(error, rc);
}
