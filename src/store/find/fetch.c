/* SPDX-License-Identifier: Apache-2.0 */
#include "find/fetch.h"

#include "base/mem.h"
#include "event/json.h"

#include <stdlib.h>
#include <string.h>

struct find_fetched {
    struct store_place place;
    bool there;
    const char *index; /* that the sender gave; NULL: it follows from the event */
    const char *id;
    struct event event;
};

void find_fetch_init(struct find_fetch *f, size_t memory)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena, 0);
    f->memory = memory;
}

void find_fetch_release(struct find_fetch *f)
{
    mem_free(f->list);
    arena_release(&f->arena);
    memset(f, 0, sizeof(*f));
}

void find_fetch_add(struct find_fetch *f, const struct find_candidate *c)
{
    void *grown = f->list;
    if (c->json != NULL || f->failed)
        return;
    if (mem_grow(&grown, &f->cap, f->n + 1, sizeof(*f->list)) != 0) {
        f->failed = true;
        return;
    }
    f->list = grown;
    memset(&f->list[f->n], 0, sizeof(*f->list));
    f->list[f->n++].place = c->place;
}

static int compare(const void *a, const void *b)
{
    const struct find_fetched *x = a;
    const struct find_fetched *y = b;
    return (x->place.sequence > y->place.sequence) - (x->place.sequence < y->place.sequence);
}

static struct find_fetched *find(const struct find_fetch *f, uint64_t sequence)
{
    struct find_fetched key = {.place = {.sequence = sequence}};
    return f->n > 0 ? bsearch(&key, f->list, f->n, sizeof(key), compare) : NULL;
}

/* Takes what a sender called the event out of it, as it is no part of the source. */
static const char *take_name(struct event *e, event_field f)
{
    const char *name = event_str(e, f, NULL);
    if (name != NULL)
        event_remove(e, f);
    return name;
}

static bool keep(void *ctx, struct event *e)
{
    struct find_fetch *f = ctx;
    struct find_fetched *one = find(f, e->sequence);
    if (one == NULL || one->there)
        return true;
    event_copy(&one->event, &f->arena, e);
    one->index = take_name(&one->event, EVENT_F_WEIR_INDEX);
    one->id = take_name(&one->event, EVENT_F_WEIR_ID);
    if (one->event.failed || f->arena.used > f->memory) {
        f->failed = true;
        return false;
    }
    one->there = true;
    return true;
}

enum err find_fetch_run(struct find_fetch *f, struct store_look *look, struct err_text *why)
{
    if (f->failed)
        return err_set(why, ERR_MEMORY, "no memory for the hits");
    if (f->n == 0)
        return ERR_NONE;
    qsort(f->list, f->n, sizeof(*f->list), compare);
    size_t n = 1;
    for (size_t i = 1; i < f->n; i++)
        if (f->list[i].place.sequence != f->list[n - 1].place.sequence)
            f->list[n++] = f->list[i];
    f->n = n;
    struct store_place *places = mem_alloc(n * sizeof(*places));
    if (places == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the hits");
    for (size_t i = 0; i < n; i++)
        places[i] = f->list[i].place;
    enum err rc = store_look_fetch(look, places, n, keep, f, why);
    mem_free(places);
    if (rc == ERR_NONE && f->failed)
        rc = err_set(why, ERR_LIMIT, "the hits take more than the %zu bytes that a search may take",
                     f->memory);
    return rc;
}

enum err find_fetch_doc(struct find_fetch *f, const struct find_candidate *c,
                        struct event_json *reader, struct arena *arena, struct event *event,
                        struct find_doc *out)
{
    memset(out, 0, sizeof(*out));
    if (c->json == NULL) {
        const struct find_fetched *one = find(f, c->place.sequence);
        if (one == NULL || !one->there)
            return ERR_NOT_FOUND;
        *out = (struct find_doc){.e = &one->event, .index = one->index, .id = one->id};
        return ERR_NONE;
    }
    arena_clear(arena);
    enum err rc = event_json_read(reader, c->json, c->json_n, false, arena, event, NULL);
    if (rc != ERR_NONE)
        return rc;
    event->sequence = c->order;
    if (event->time == TIME_NONE)
        event->time = c->place.time;
    *out = (struct find_doc){
        .e = event, .index = c->index, .id = c->id, .json = c->json, .json_n = c->json_n};
    return ERR_NONE;
}
