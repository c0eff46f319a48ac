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
#include "query/query.h"
#include "store/look.h"

#include <stdlib.h>
#include <string.h>

#define FIELDS_MAX 20000 /* names that one answer may have */
#define KEPT_SAMPLE 1000 /* alerts and results whose fields are looked at, the oldest */
/* Where a field of no table has its type from: so many events, the newest, of so many indices. */
#define EVENT_SAMPLE 200
#define INDEX_SAMPLE 32

/* The type that a field has in an index. */
struct seen {
    size_t index;
    const char *type;
};

/* A field that occurs. */
struct known {
    const char *name;
    const char *type;
    struct seen *seen; /* of one that the field table does not know; an index stands there once */
    size_t seen_n, seen_cap;
    bool own; /* the table does not know it */
};

struct listing {
    struct arena arena;
    struct map *places; /* name → number + 1 */
    struct known *list;
    size_t n;
    size_t cap;
    const char **indices;
    size_t indices_n, indices_cap;
    size_t index; /* of the documents that are looked at */
    uint64_t looked;
    bool own; /* some field is of no table */
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
    for (size_t i = 0; i < l->n; i++)
        mem_free(l->list[i].seen);
    mem_free(l->list);
    mem_free(l->indices);
    arena_release(&l->arena);
}

static void add(struct listing *l, const char *name, size_t n, const char *type, bool own)
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
    l->list[l->n++] = (struct known){.name = copy, .type = type, .own = own};
    l->own |= own;
    *place = l->n;
}

/* What one type and another make in one index. */
static const char *both(const char *a, const char *b)
{
    bool numbers = (strcmp(a, "long") == 0 || strcmp(a, "double") == 0) &&
                   (strcmp(b, "long") == 0 || strcmp(b, "double") == 0);
    return strcmp(a, b) == 0 ? a : numbers ? "double" : "keyword";
}

/* The field has the type in the index that is looked at. */
static void see(struct listing *l, const char *name, size_t n, const char *type)
{
    const uint64_t *place = map_get(l->places, name, n);
    if (place == NULL || l->failed)
        return;
    struct known *k = &l->list[*place - 1];
    for (size_t i = 0; i < k->seen_n; i++)
        if (k->seen[i].index == l->index) {
            k->seen[i].type = both(k->seen[i].type, type);
            return;
        }
    if (mem_grow((void **)&k->seen, &k->seen_cap, k->seen_n + 1, sizeof(*k->seen)) != 0)
        l->failed = true;
    else
        k->seen[k->seen_n++] = (struct seen){l->index, type};
}

static void add_index(struct listing *l, const char *name)
{
    const char *copy = arena_strndup(&l->arena, name, strlen(name));
    if (copy == NULL || mem_grow((void **)&l->indices, &l->indices_cap, l->indices_n + 1,
                                 sizeof(*l->indices)) != 0) {
        l->failed = true;
        return;
    }
    l->index = l->indices_n;
    l->indices[l->indices_n++] = copy;
}

static void take_index(void *ctx, const struct find_index *index)
{
    add_index(ctx, index->name);
}

static void add_field(void *ctx, const char *name, size_t n, event_field field)
{
    struct listing *l = ctx;
    /* What is not in the table groups and sorts as a keyword does. */
    add(l, name, n,
        field != EVENT_F_NONE ? event_kind_name((enum event_kind)event_field_def(field)->kind)
                              : "keyword",
        field == EVENT_F_NONE);
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

static bool see_event(void *ctx, struct event *e)
{
    struct listing *l = ctx;
    for (uint32_t i = 0; i < e->n; i++)
        if (e->items[i].field == EVENT_F_NONE)
            see(l, e->items[i].name, e->items[i].name_len, type_of(&e->items[i]));
    return ++l->looked < EVENT_SAMPLE;
}

static bool add_kept(void *ctx, const struct find_doc *doc)
{
    struct listing *l = ctx;
    for (l->index = 0; l->index + 1 < l->indices_n; l->index++)
        if (strcmp(l->indices[l->index], doc->index) == 0)
            break;
    for (uint32_t i = 0; i < doc->e->n; i++) {
        const struct event_item *item = &doc->e->items[i];
        add(l, item->name, item->name_len, type_of(item), item->field == EVENT_F_NONE);
        if (item->field == EVENT_F_NONE)
            see(l, item->name, item->name_len, type_of(item));
    }
    return ++l->looked < KEPT_SAMPLE;
}

/* The indices that are chosen, those of events first. */
static enum err list_indices(struct find *f, const struct find_request *r,
                             const struct find_target *target, struct listing *l,
                             size_t *out_events, struct find_error *error)
{
    enum err rc = target->events ? find_indices(f, r, take_index, l, error) : ERR_NONE;
    *out_events = l->indices_n;
    if (target->alerts)
        add_index(l, FIND_ALERTS_INDEX);
    if (target->results)
        add_index(l, FIND_RESULTS_INDEX);
    if (target->messages)
        add_index(l, FIND_MESSAGES_INDEX);
    return rc;
}

/* Fields of no table have the types of their values, index by index. */
static enum err look_at_events(struct find *f, const struct find_request *r, size_t indices_n,
                               struct listing *l, struct err_text *why)
{
    enum err rc = ERR_NONE;
    for (size_t i = 0; i < indices_n && i < INDEX_SAMPLE && rc == ERR_NONE && l->own; i++) {
        struct query *q;
        rc = query_new_terms("_index", &l->indices[i], 1, &q, why);
        if (rc != ERR_NONE)
            break;
        const struct store_search what = {.query = q,
                                          .from = TIME_NONE,
                                          .to = TIME_MAX,
                                          .order = STORE_NEWEST_FIRST,
                                          .limit = EVENT_SAMPLE,
                                          .timeout_ns = r->timeout_ns,
                                          .cancel = r->cancel};
        l->index = i;
        l->looked = 0;
        rc = store_search(f->options.store, &what, see_event, l, why);
        query_free(q);
    }
    return rc;
}

/* Every field that occurs in what the index pattern chooses. */
static enum err list_fields(struct find *f, const struct find_request *r,
                            const struct find_target *target, size_t indices_n, struct listing *l,
                            struct err_text *why)
{
    enum err rc = ERR_NONE;
    add(l, "@timestamp", 10, "date", false);
    if (target->events && f->options.store != NULL) {
        struct store_look *look;
        const struct store_search what = {
            .from = TIME_NONE, .to = TIME_MAX, .timeout_ns = r->timeout_ns, .cancel = r->cancel};
        rc = store_look_open(f->options.store, &what, NULL, &look, why);
        if (rc == ERR_NONE) {
            rc = store_look_fields(look, add_field, l, why);
            store_look_close(look);
        }
        if (rc == ERR_NONE)
            rc = look_at_events(f, r, indices_n, l, why);
    }
    l->looked = 0;
    if (rc == ERR_NONE && find_target_kept(target) && f->options.state != NULL)
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

/* The caller ends the object. */
static void begin_type(const char *type, bool meta, struct format_writer *w)
{
    bool text = strcmp(type, "text") == 0;
    format_write_key(w, type);
    format_write_begin_object(w);
    format_write_field_str(w, "type", type);
    format_write_field_bool(w, "metadata_field", meta);
    format_write_field_bool(w, "searchable", strcmp(type, "object") != 0);
    format_write_field_bool(w, "aggregatable",
                            !text && strcmp(type, "object") != 0 && strcmp(type, "_id") != 0);
}

static void write_cap(const char *name, const char *type, bool meta, struct format_writer *w)
{
    format_write_key(w, name);
    format_write_begin_object(w);
    begin_type(type, meta, w);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* Whether a type was seen before the i-th time that a field was. */
static bool was_seen(const struct known *k, size_t i)
{
    size_t first = 0;
    while (strcmp(k->seen[first].type, k->seen[i].type) != 0)
        first++;
    return first < i;
}

static bool is_one(const struct known *k)
{
    for (size_t i = 1; i < k->seen_n; i++)
        if (strcmp(k->seen[i].type, k->seen[0].type) != 0)
            return false;
    return true;
}

/* A field of several types: each with the indices where it has it. */
static void write_conflict(const struct listing *l, const struct known *k, struct format_writer *w)
{
    format_write_key(w, k->name);
    format_write_begin_object(w);
    for (size_t i = 0; i < k->seen_n; i++) {
        if (was_seen(k, i))
            continue;
        begin_type(k->seen[i].type, false, w);
        format_write_key(w, "indices");
        format_write_begin_array(w);
        for (size_t j = i; j < k->seen_n; j++)
            if (strcmp(k->seen[j].type, k->seen[i].type) == 0)
                format_write_str(w, l->indices[k->seen[j].index]);
        format_write_end_array(w);
        format_write_end_object(w);
    }
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
        if (is_wanted(patterns, list, k->name) && is_one(k))
            write_cap(k->name, k->seen_n > 0 ? k->seen[0].type : k->type, false, w);
        else if (is_wanted(patterns, list, k->name))
            write_conflict(l, k, w);
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

static void write_indices(const struct listing *l, struct format_writer *w)
{
    format_write_key(w, "indices");
    format_write_begin_array(w);
    for (size_t i = 0; i < l->indices_n; i++)
        format_write_str(w, l->indices[i]);
    format_write_end_array(w);
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

/* In an index, or what it has anywhere when nobody looked there. */
static const char *type_in(const struct known *k, size_t index)
{
    for (size_t i = 0; i < k->seen_n; i++)
        if (k->seen[i].index == index)
            return k->seen[i].type;
    return k->seen_n > 0 ? k->seen[0].type : k->type;
}

/* Fields [begin, end) share the first `from` bytes of their names: one level of "properties". */
static void write_properties(const struct listing *l, size_t index, size_t begin, size_t end,
                             size_t from, unsigned depth, struct format_writer *w)
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
            format_write_field_str(w, "type", type_in(&l->list[i], index));
        if (next > i + leaf && depth < 20)
            write_properties(l, index, i + leaf, next, from + n + 1, depth + 1, w);
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

static void write_mappings(struct listing *l, struct format_writer *w)
{
    qsort(l->list, l->n, sizeof(*l->list), compare_paths);
    for (size_t i = 0; i < l->indices_n; i++) {
        format_write_key(w, l->indices[i]);
        format_write_begin_object(w);
        format_write_key(w, "mappings");
        format_write_begin_object(w);
        write_properties(l, i, 0, l->n, 0, 0, w);
        format_write_end_object(w);
        format_write_end_object(w);
    }
}

static enum err answer(struct find *f, const struct find_request *r, const char *patterns,
                       bool mapping, struct buf *out, struct find_error *error)
{
    struct find_target target;
    struct listing l;
    struct format_writer w;
    struct err_text why = {.message = ""};
    size_t before = out->n, indices_n;
    enum err rc = find_target_parse(r->index, f->options.store, r->lenient, &target, error);
    if (rc != ERR_NONE)
        return rc;
    if (listing_init(&l)) {
        rc = list_indices(f, r, &target, &l, &indices_n, error);
        if (rc != ERR_NONE) {
            listing_release(&l);
            find_target_release(&target);
            return rc;
        }
        rc = list_fields(f, r, &target, indices_n, &l, &why);
    } else {
        rc = err_set(&why, ERR_MEMORY, "no memory for the list of fields");
    }
    if (rc == ERR_NONE) {
        if (l.n > 1)
            qsort(l.list, l.n, sizeof(*l.list), compare);
        format_write_init(&w, out);
        format_write_begin_object(&w);
        if (mapping) {
            write_mappings(&l, &w);
        } else {
            write_indices(&l, &w);
            format_write_key(&w, "fields");
            format_write_begin_object(&w);
            write_caps(&l, patterns, patterns == NULL ? format_node_get(r->body, "fields") : NULL,
                       &w);
            format_write_end_object(&w);
        }
        format_write_end_object(&w);
        if (!buf_ok(out))
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
