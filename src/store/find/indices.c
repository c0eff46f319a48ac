/* SPDX-License-Identifier: Apache-2.0 */
/* The indices that events are shown in. */
#include "find/find.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"
#include "find/find_priv.h"
#include "find/target.h"
#include "format/node.h"

#include <string.h>

/* As many as are listed. */
#define BODY                                                                                       \
    "{\"size\":0,\"track_total_hits\":false,\"aggs\":{\"indices\":{\"terms\":"                     \
    "{\"field\":\"_index\",\"size\":10000,\"order\":{\"_key\":\"asc\"}}}}}"

/* What a dataset takes, and what of it was found in indices that are called after it. */
struct share {
    const char *dataset;
    uint64_t rows, bytes;
};

struct shares {
    struct arena arena;
    struct share *list;
    size_t n, cap;
    bool failed;
};

static void add_share(void *ctx, const char *dataset, uint64_t rows, uint64_t bytes)
{
    struct shares *s = ctx;
    char *copy = arena_strndup(&s->arena, dataset, strlen(dataset));
    if (copy == NULL || mem_grow((void **)&s->list, &s->cap, s->n + 1, sizeof(*s->list)) != 0) {
        s->failed = true;
        return;
    }
    s->list[s->n++] = (struct share){copy, rows, bytes};
}

/* The dataset in the middle of type-dataset-namespace; NULL: none is called so. */
static struct share *share_of(const struct shares *s, const char *index)
{
    const char *first = strchr(index, '-');
    const char *last = strrchr(index, '-');
    size_t n = first != NULL && last > first ? (size_t)(last - first) - 1 : 0;
    for (size_t i = 0; i < s->n && n > 0; i++)
        if (strlen(s->list[i].dataset) == n && memcmp(s->list[i].dataset, first + 1, n) == 0)
            return &s->list[i];
    return NULL;
}

static uint64_t part_of(uint64_t bytes, uint64_t docs, uint64_t rows)
{
    return docs >= rows ? bytes : (uint64_t)((double)bytes * (double)docs / (double)rows);
}

/* Takes the documents' part of the bytes out of a share. */
static uint64_t take(struct share *s, uint64_t docs)
{
    uint64_t bytes = part_of(s->bytes, docs, s->rows);
    s->rows -= docs < s->rows ? docs : s->rows;
    s->bytes -= bytes;
    return bytes;
}

static bool is_event_index(const char *name)
{
    return strcmp(name, FIND_ALERTS_INDEX) != 0 && strcmp(name, FIND_RESULTS_INDEX) != 0 &&
           strcmp(name, FIND_MESSAGES_INDEX) != 0;
}

/* Whoever is called after a dataset has its part of it; the others share what is left of all. */
static void divide(struct shares *s, struct find_index *list, size_t n)
{
    struct share left = {0};
    for (size_t i = 0; i < n; i++) {
        struct share *own = share_of(s, list[i].name);
        if (own != NULL)
            list[i].bytes = take(own, list[i].docs);
    }
    for (size_t i = 0; i < s->n; i++) {
        left.rows += s->list[i].rows;
        left.bytes += s->list[i].bytes;
    }
    for (size_t i = 0; i < n; i++)
        if (share_of(s, list[i].name) == NULL)
            list[i].bytes = take(&left, list[i].docs);
}

static enum err tell(struct find *f, const struct format_node *buckets, find_index_fn fn, void *ctx)
{
    struct shares s = {.n = 0};
    size_t n = 0;
    struct find_index *list = mem_zero(format_node_count(buckets) + 1, sizeof(*list));
    arena_init(&s.arena, 0);
    for (size_t i = 0; list != NULL && i < format_node_count(buckets); i++) {
        const struct format_node *b = format_node_at(buckets, i);
        const char *name = format_node_str(format_node_get(b, "key"), "");
        uint64_t docs = (uint64_t)format_node_int(format_node_get(b, "doc_count"), 0);
        if (is_event_index(name))
            list[n++] = (struct find_index){.name = name, .docs = docs};
    }
    enum err err = list != NULL ? store_datasets(f->options.store, add_share, &s) : ERR_MEMORY;
    if (err == ERR_NONE && s.failed)
        err = ERR_MEMORY;
    if (err == ERR_NONE) {
        divide(&s, list, n);
        for (size_t i = 0; i < n; i++)
            fn(ctx, &list[i]);
    }
    mem_free(s.list);
    arena_release(&s.arena);
    mem_free(list);
    return err;
}

enum err find_indices(struct find *f, const struct find_request *r, find_index_fn fn, void *ctx,
                      struct find_error *error)
{
    struct format_node *body = NULL, *answer = NULL;
    struct find_request asked = *r;
    struct err_text why = {.message = ""};
    struct buf out;
    if (f->options.store == NULL)
        return ERR_NONE;
    buf_init(&out);
    enum err err = format_node_json(BODY, strlen(BODY), "body", &body, &why);
    asked.body = body;
    asked.typed_keys = false;
    if (err == ERR_NONE) {
        err = find_search(f, &asked, &out, error);
        if (err != ERR_NONE)
            goto end;
        err = format_node_json(buf_text(&out), out.n, "answer", &answer, &why);
    }
    if (err == ERR_NONE) {
        const struct format_node *indices =
            format_node_get(format_node_get(answer, "aggregations"), "indices");
        err = tell(f, format_node_get(indices, "buckets"), fn, ctx);
    }
    if (err != ERR_NONE)
        err = find_error_of(error, err_set(error != NULL ? &error->text : NULL, err,
                                           "the indices cannot be listed: %s", err_name(err)));
end:
    format_node_free(body);
    format_node_free(answer);
    buf_release(&out);
    return err;
}
