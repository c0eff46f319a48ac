/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/filter.h"

#include "base/buf.h"
#include "base/map.h"
#include "base/mem.h"
#include "detect/job.h"
#include "detect/read_priv.h"
#include "format/node.h"
#include "format/write.h"

#include <stdlib.h>
#include <string.h>

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

/* Texts of which none begins (or, compared from behind, ends) another, in order. */
struct texts {
    struct bytes *list;
    size_t n;
};

struct detect_filter {
    unsigned references;
    bool any; /* "*" is an item */
    char *id;
    char *description;
    char **items; /* in the order of their bytes, each once */
    size_t n_items;
    struct map *exact;
    struct texts heads; /* "x*" */
    struct texts tails; /* "*x", in the order of their bytes from behind */
    struct texts parts; /* "*x*" */
};

static void filter_free(struct detect_filter *f)
{
    if (f == NULL)
        return;
    detect_read_strings_free(f->items, f->n_items);
    map_free(f->exact);
    mem_free(f->heads.list);
    mem_free(f->tails.list);
    mem_free(f->parts.list);
    mem_free(f->description);
    mem_free(f->id);
    mem_free(f);
}

struct detect_filter *detect_filter_ref(struct detect_filter *f)
{
    f->references++;
    return f;
}

void detect_filter_unref(struct detect_filter *f)
{
    if (f != NULL && --f->references == 0)
        filter_free(f);
}

const char *detect_filter_id(const struct detect_filter *f)
{
    return f->id;
}

const char *detect_filter_description(const struct detect_filter *f)
{
    return f->description;
}

size_t detect_filter_count(const struct detect_filter *f)
{
    return f->n_items;
}

/* ---- order ---- */

static int by_text(const void *x, const void *y)
{
    const char *const *a = x;
    const char *const *b = y;
    return strcmp(*a, *b);
}

static int compare(struct bytes a, struct bytes b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int c = n > 0 ? memcmp(a.p, b.p, n) : 0;
    if (c != 0)
        return c;
    return a.n < b.n ? -1 : a.n > b.n;
}

static int compare_behind(struct bytes a, struct bytes b)
{
    for (size_t i = 1; i <= a.n && i <= b.n; i++) {
        if (a.p[a.n - i] != b.p[b.n - i])
            return a.p[a.n - i] < b.p[b.n - i] ? -1 : 1;
    }
    return a.n < b.n ? -1 : a.n > b.n;
}

static int by_bytes(const void *x, const void *y)
{
    return compare(*(const struct bytes *)x, *(const struct bytes *)y);
}

static int by_bytes_behind(const void *x, const void *y)
{
    return compare_behind(*(const struct bytes *)x, *(const struct bytes *)y);
}

static bool begins(struct bytes value, struct bytes text)
{
    return text.n <= value.n && memcmp(value.p, text.p, text.n) == 0;
}

static bool ends(struct bytes value, struct bytes text)
{
    return text.n <= value.n && memcmp(value.p + value.n - text.n, text.p, text.n) == 0;
}

/* Sorts, and drops what another text covers: that one stands directly before it, or before others
 * that it covers too. */
static void settle(struct texts *t, bool behind)
{
    size_t kept = 0;
    if (t->n > 1)
        qsort(t->list, t->n, sizeof(*t->list), behind ? by_bytes_behind : by_bytes);
    for (size_t i = 0; i < t->n; i++) {
        struct bytes x = t->list[i];
        bool covered =
            kept > 0 && (behind ? ends(x, t->list[kept - 1]) : begins(x, t->list[kept - 1]));
        if (!covered)
            t->list[kept++] = x;
    }
    t->n = kept;
}

/*
 * Whether a text of the list begins (ends) the value. Since none begins another, only the greatest
 * that is not above the value can.
 */
static bool covers(const struct texts *t, struct bytes value, bool behind)
{
    size_t low = 0;
    size_t high = t->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        int c = behind ? compare_behind(t->list[mid], value) : compare(t->list[mid], value);
        if (c <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return false;
    return behind ? ends(value, t->list[low - 1]) : begins(value, t->list[low - 1]);
}

bool detect_filter_match(const struct detect_filter *f, struct bytes value)
{
    if (f->any || map_get(f->exact, value.p, value.n) != NULL || covers(&f->heads, value, false) ||
        covers(&f->tails, value, true))
        return true;
    for (size_t i = 0; f->parts.n > 0 && i < value.n; i++) {
        if (covers(&f->parts, bytes_make(value.p + i, value.n - i), false))
            return true;
    }
    return false;
}

/* ---- making ---- */

static bool texts_make(struct texts *t, size_t n)
{
    t->list = mem_zero(n > 0 ? n : 1, sizeof(*t->list));
    return t->list != NULL;
}

static enum err sort_in(struct detect_filter *f, const char *item)
{
    size_t n = strlen(item);
    bool head = n > 0 && item[0] == '*';
    bool tail = n > 1 && item[n - 1] == '*';
    struct bytes text = bytes_make(item + head, n - head - tail);
    if (head && text.n == 0) {
        f->any = true;
    } else if (head || tail) {
        struct texts *t = !head ? &f->heads : !tail ? &f->tails : &f->parts;
        t->list[t->n++] = text;
    } else {
        return map_put(f->exact, item, n, NULL) != NULL ? ERR_NONE : ERR_MEMORY;
    }
    return ERR_NONE;
}

static enum err index_items(struct detect_filter *f)
{
    /* The list is a person's choice, not the traffic's: the seed need not be secret. */
    f->exact = map_new((struct hash_key){0x66696c746572, 0x6974656d73});
    if (f->exact == NULL || !texts_make(&f->heads, f->n_items) ||
        !texts_make(&f->tails, f->n_items) || !texts_make(&f->parts, f->n_items))
        return ERR_MEMORY;
    for (size_t i = 0; i < f->n_items; i++)
        TRY(sort_in(f, f->items[i]));
    settle(&f->heads, false);
    settle(&f->tails, true);
    settle(&f->parts, false);
    return ERR_NONE;
}

static enum err read_items(const struct format_node *v, struct detect_filter *f,
                           struct err_text *why)
{
    TRY(detect_read_strings(v, "items", DETECT_FILTER_ITEMS_MAX, &f->items, &f->n_items, why));
    for (size_t i = 0; i < f->n_items; i++) {
        if (strlen(f->items[i]) > DETECT_FILTER_ITEM_MAX)
            return format_node_err(format_node_get(v, "items"), why, ERR_INVALID,
                                   "an item of a filter may have at most %d bytes",
                                   DETECT_FILTER_ITEM_MAX);
    }
    if (f->n_items > 1)
        qsort(f->items, f->n_items, sizeof(*f->items), by_text);
    size_t kept = 0;
    for (size_t i = 0; i < f->n_items; i++) {
        if (kept > 0 && strcmp(f->items[i], f->items[kept - 1]) == 0)
            mem_free(f->items[i]);
        else
            f->items[kept++] = f->items[i];
    }
    f->n_items = kept;
    return ERR_NONE;
}

static enum err read_filter(const struct format_node *v, struct detect_filter *f,
                            const struct detect_notes *notes, struct err_text *why)
{
    if (format_node_type(v) != FORMAT_OBJECT)
        return format_node_err(v, why, ERR_INVALID, "a filter must be a JSON object");
    TRY(detect_read_str(v, "filter_id", &f->id, why));
    if (f->id == NULL || !detect_job_id_valid(f->id))
        return format_node_err(f->id != NULL ? format_node_get(v, "filter_id") : v, why,
                               ERR_INVALID,
                               "a filter needs a filter_id: at most %d of a-z, 0-9, '-' and '_', "
                               "with a letter or digit at both ends",
                               DETECT_JOB_ID_MAX);
    TRY(detect_read_str(v, "description", &f->description, why));
    if (f->description == NULL && (f->description = mem_strdup("")) == NULL)
        return ERR_MEMORY;
    TRY(read_items(v, f, why));
    TRY(detect_read_unknown(v, "a filter", notes));
    return index_items(f);
}

static enum err add_filter(void *ctx, const struct format_node *v, struct err_text *why)
{
    struct detect_filters *set = ctx;
    const struct detect_notes notes = {&set->notes, &set->n_notes};
    struct detect_filter **list = mem_resize(set->list, set->n + 1, sizeof(struct detect_filter *));
    if (list == NULL)
        return ERR_MEMORY;
    set->list = list;
    struct detect_filter *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return ERR_MEMORY;
    f->references = 1;
    enum err e = read_filter(v, f, &notes, why);
    if (e == ERR_NONE && detect_filters_find(set, f->id) != NULL)
        e = format_node_err(v, why, ERR_INVALID, "the filter_id \"%s\" is given twice", f->id);
    if (e != ERR_NONE) {
        filter_free(f);
        return e;
    }
    list[set->n++] = f;
    return ERR_NONE;
}

static enum err add_filters(struct detect_filters *set, const struct format_node *root,
                            struct err_text *why)
{
    const struct detect_notes notes = {&set->notes, &set->n_notes};
    return detect_read_listed(root, "filters", DETECT_FILTERS_MAX, &notes, add_filter, set, why);
}

enum err detect_filters_from_node(struct detect_filters *filters, const struct format_node *node,
                                  struct err_text *why)
{
    size_t before = filters->n;
    enum err e = add_filters(filters, node, why);
    if (e == ERR_MEMORY)
        err_set(why, e, "no memory for the filters");
    while (e != ERR_NONE && filters->n > before)
        detect_filter_unref(filters->list[--filters->n]);
    return e;
}

enum err detect_filters_parse(struct detect_filters *filters, const char *text, size_t n,
                              const char *file, struct err_text *why)
{
    struct format_node *root = NULL;
    enum err e = format_node_json(text, n, file, &root, why);
    if (e == ERR_NONE)
        e = detect_filters_from_node(filters, root, why);
    format_node_free(root);
    return e;
}

void detect_filters_release(struct detect_filters *filters)
{
    for (size_t i = 0; i < filters->n; i++)
        detect_filter_unref(filters->list[i]);
    mem_free(filters->list);
    detect_read_strings_free(filters->notes, filters->n_notes);
    *filters = (struct detect_filters){0};
}

struct detect_filter *detect_filters_find(const struct detect_filters *filters, const char *id)
{
    for (size_t i = 0; i < filters->n; i++) {
        if (strcmp(filters->list[i]->id, id) == 0)
            return filters->list[i];
    }
    return NULL;
}

void detect_filter_write(const struct detect_filter *f, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    format_write_field_str(&w, "filter_id", f->id);
    format_write_field_str(&w, "description", f->description);
    format_write_key(&w, "items");
    format_write_begin_array(&w);
    for (size_t i = 0; i < f->n_items; i++)
        format_write_str(&w, f->items[i]);
    format_write_end_array(&w);
    format_write_end_object(&w);
}
