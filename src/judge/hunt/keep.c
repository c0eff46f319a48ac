/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/keep.h"

#include "base/buf.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "hunt/hunt.h"

#include <string.h>

struct hunt_doc *hunt_doc_new(const struct hunt_source *s, ts_ns time, struct buf *scratch)
{
    buf_clear(scratch);
    size_t id = 0;
    buf_add(scratch, s->id, strlen(s->id) + 1);
    size_t index = scratch->n;
    buf_add(scratch, s->index, strlen(s->index) + 1);
    size_t version = scratch->n;
    buf_add(scratch, s->version, strlen(s->version) + 1);
    size_t json = scratch->n;
    event_json_write(s->event, scratch);
    struct hunt_doc *d = buf_ok(scratch) && scratch->n < UINT32_MAX / 2
                             ? mem_alloc(sizeof(*d) + scratch->n + 1)
                             : NULL;
    if (d == NULL)
        return NULL;
    *d = (struct hunt_doc){.time = time,
                           .stamp = s->event->time,
                           .sequence = s->event->sequence,
                           .source = s->event->source,
                           .json_n = (uint32_t)(scratch->n - json),
                           .bytes = (uint32_t)mem_cost(sizeof(*d) + scratch->n + 1)};
    memcpy(d->text, scratch->p, scratch->n);
    d->text[scratch->n] = '\0';
    d->id = d->text + id;
    d->index = d->text + index;
    d->version = d->text + version;
    d->json = d->text + json;
    return d;
}

void hunt_doc_free(struct hunt_doc *d)
{
    mem_free(d);
}

enum err hunt_doc_event(const struct hunt_doc *d, struct event_json *reader, struct arena *arena,
                        struct event *out)
{
    enum err code = event_json_read(reader, d->json, d->json_n, false, arena, out, NULL);
    if (code != ERR_NONE)
        return code;
    out->time = d->stamp;
    out->sequence = d->sequence;
    out->source = d->source;
    return out->failed ? ERR_MEMORY : ERR_NONE;
}

void hunt_keep_release(struct hunt_keep *k)
{
    for (size_t i = 0; i < k->n; i++)
        hunt_doc_free(k->at[k->first + i]);
    mem_free(k->at);
    *k = (struct hunt_keep){0};
}

struct hunt_doc *hunt_keep_at(const struct hunt_keep *k, size_t i)
{
    return k->at[k->first + i];
}

static bool is_after(const struct hunt_doc *d, ts_ns time, const char *id)
{
    return d->time != time ? d->time > time : strcmp(d->id, id) > 0;
}

/* How many stand before a document of that time and id. */
static size_t place_of(const struct hunt_keep *k, ts_ns time, const char *id)
{
    size_t low = 0;
    size_t high = k->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct hunt_doc *d = hunt_keep_at(k, middle);
        if (is_after(d, time, id) || (d->time == time && strcmp(d->id, id) == 0))
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

bool hunt_keep_take(struct hunt_keep *k, struct hunt_doc *d)
{
    if (k->first > k->cap / 2 && k->first + k->n == k->cap) {
        memmove(k->at, k->at + k->first, k->n * sizeof(struct hunt_doc *));
        k->first = 0;
    }
    if (mem_grow((void **)&k->at, &k->cap, k->first + k->n + 1, sizeof(struct hunt_doc *)) != 0)
        return false;
    /* Times come in order but for the odd one. */
    size_t at = k->n;
    if (k->n > 0 && is_after(hunt_keep_at(k, k->n - 1), d->time, d->id))
        at = place_of(k, d->time, d->id);
    struct hunt_doc **to = k->at + k->first + at;
    memmove(to + 1, to, (k->n - at) * sizeof(struct hunt_doc *));
    *to = d;
    k->n++;
    return true;
}

size_t hunt_keep_before(const struct hunt_keep *k, ts_ns time)
{
    return place_of(k, time, "");
}

struct hunt_doc *hunt_keep_pop(struct hunt_keep *k)
{
    if (k->n == 0)
        return NULL;
    struct hunt_doc *d = k->at[k->first];
    k->n--;
    k->first = k->n > 0 ? k->first + 1 : 0;
    return d;
}

bool hunt_keep_has(const struct hunt_keep *k, ts_ns time, const char *id)
{
    size_t at = place_of(k, time, id);
    return at < k->n && hunt_keep_at(k, at)->time == time &&
           strcmp(hunt_keep_at(k, at)->id, id) == 0;
}
