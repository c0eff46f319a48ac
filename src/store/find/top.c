/* SPDX-License-Identifier: Apache-2.0 */
#include "find/top.h"

#include "base/assert.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct find_top {
    const struct find_sort *sort;
    const struct event_value *after;
    size_t limit;
    struct find_candidate *heap; /* the last of all at the root, until it is sorted */
    size_t n;
    size_t cap;
    bool sorted;
};

struct find_top *find_top_new(const struct find_sort *sort, const struct event_value *after,
                              size_t limit)
{
    struct find_top *t = mem_zero(1, sizeof(*t));
    if (t != NULL) {
        t->sort = sort;
        t->after = after;
        t->limit = limit;
    }
    return t;
}

static void release(const struct find_top *t, struct find_candidate *c)
{
    for (size_t i = 0; c->values != NULL && i < t->sort->n; i++)
        find_value_free(&c->values[i]);
    mem_free(c->values);
    mem_free(c->index);
    mem_free(c->id);
    mem_free(c->json);
}

void find_top_free(struct find_top *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->n; i++)
        release(t, &t->heap[i]);
    mem_free(t->heap);
    mem_free(t);
}

static int compare(const struct find_top *t, const struct event_value *a, uint64_t a_order,
                   const struct event_value *b, uint64_t b_order)
{
    int order = find_sort_compare(t->sort, a, b);
    return order != 0 ? order : (a_order > b_order) - (a_order < b_order);
}

static int compare_candidates(const struct find_top *t, const struct find_candidate *a,
                              const struct find_candidate *b)
{
    return compare(t, a->values, a->order, b->values, b->order);
}

static void sift_down(const struct find_top *t, size_t at, size_t n)
{
    struct find_candidate *heap = t->heap;
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= n)
            return;
        if (child + 1 < n && compare_candidates(t, &heap[child], &heap[child + 1]) < 0)
            child++;
        if (compare_candidates(t, &heap[at], &heap[child]) >= 0)
            return;
        struct find_candidate swap = heap[at];
        heap[at] = heap[child];
        heap[child] = swap;
        at = child;
    }
}

static void sift_up(const struct find_top *t, size_t at)
{
    struct find_candidate *heap = t->heap;
    while (at > 0 && compare_candidates(t, &heap[(at - 1) / 2], &heap[at]) < 0) {
        struct find_candidate swap = heap[at];
        heap[at] = heap[(at - 1) / 2];
        heap[(at - 1) / 2] = swap;
        at = (at - 1) / 2;
    }
}

/* Whether one with these values has a place among the first. */
static bool is_wanted(const struct find_top *t, const struct event_value *values, uint64_t order)
{
    if (t->limit == 0 || (t->after != NULL && find_sort_compare(t->sort, t->after, values) >= 0))
        return false;
    return t->n < t->limit || compare(t, values, order, t->heap[0].values, t->heap[0].order) < 0;
}

static bool copy_values(const struct find_top *t, const struct event_value *values,
                        struct find_candidate *out)
{
    out->values = mem_zero(t->sort->n + 1, sizeof(*out->values));
    for (size_t i = 0; out->values != NULL && i < t->sort->n; i++)
        if (!find_value_copy(&out->values[i], &values[i]))
            return false;
    return out->values != NULL;
}

/* Takes a candidate, or releases it when that fails. */
static bool keep(struct find_top *t, struct find_candidate *c, bool complete)
{
    ASSERT(!t->sorted);
    if (complete && t->n == t->limit) {
        release(t, &t->heap[0]);
        t->heap[0] = *c;
        sift_down(t, 0, t->n);
        return true;
    }
    void *grown = t->heap;
    if (!complete || mem_grow(&grown, &t->cap, t->n + 1, sizeof(*t->heap)) != 0) {
        release(t, c);
        return false;
    }
    t->heap = grown;
    t->heap[t->n] = *c;
    sift_up(t, t->n++);
    return true;
}

bool find_top_add(struct find_top *t, const struct find_doc *doc)
{
    struct event_value values[FIND_SORT_MAX];
    struct find_room rooms[FIND_SORT_MAX];
    for (size_t i = 0; i < t->sort->n; i++)
        find_sort_value(&t->sort->keys[i], doc, &values[i], &rooms[i]);
    if (!is_wanted(t, values, doc->e->sequence))
        return true;
    struct find_candidate c = {.order = doc->e->sequence,
                               .place = {doc->e->time, doc->e->sequence},
                               .source = doc->e->source};
    bool complete = copy_values(t, values, &c);
    if (doc->json != NULL) {
        c.index = mem_strdup(doc->index);
        c.id = mem_strdup(doc->id);
        c.json = mem_strndup(doc->json, doc->json_n);
        c.json_n = doc->json_n;
        complete = complete && c.index != NULL && c.id != NULL && c.json != NULL;
    }
    return keep(t, &c, complete);
}

bool find_top_place(struct find_top *t, const struct event_value *values, ts_ns time,
                    uint32_t source, uint64_t sequence)
{
    if (!is_wanted(t, values, sequence))
        return true;
    struct find_candidate c = {.order = sequence, .place = {time, sequence}, .source = source};
    return keep(t, &c, copy_values(t, values, &c));
}

bool find_top_beyond(const struct find_top *t, const struct find_doc *doc)
{
    struct find_room room;
    struct event_value v;
    size_t i = 0;
    if (t->n < t->limit || t->n == 0)
        return t->limit == 0;
    while (i < t->sort->n && t->sort->keys[i].field.meta == FIND_META_SCORE)
        i++;
    if (i == t->sort->n)
        return false;
    const struct find_sort first = {.keys = &t->sort->keys[i], .n = 1};
    find_sort_value(&t->sort->keys[i], doc, &v, &room);
    return find_sort_compare(&first, &v, &t->heap[0].values[i]) > 0;
}

const struct find_candidate *find_top_list(struct find_top *t, size_t *out_n)
{
    /* Taking the last off the heap again and again leaves the first in front. */
    for (size_t n = t->n; !t->sorted && n > 1; n--) {
        struct find_candidate swap = t->heap[0];
        t->heap[0] = t->heap[n - 1];
        t->heap[n - 1] = swap;
        sift_down(t, 0, n - 1);
    }
    t->sorted = true;
    *out_n = t->n;
    return t->heap;
}
