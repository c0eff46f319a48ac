/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* memmem */
#include "elastic/load.h"

#include "api/api.h"
#include "api/form.h"
#include "base/arena.h"
#include "base/hash.h"
#include "base/mem.h"
#include "elastic/target.h"
#include "event/event.h"
#include "event/json.h"
#include "format/json.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Enough for a commit to be worth its while, few enough that live traffic need not wait for long.
 */
#define PORTION_EVENTS 4096
/* A portion that is larger is closed early. */
#define PORTION_BYTES ((size_t)32 << 20)
/* As the store takes it. */
#define DOCUMENT_MOST ((size_t)16 << 20)

struct portion {
    struct portion *next;
    struct arena arena;
    struct event *events;     /* in the arena */
    size_t *items;            /* item[i] of event i; in the arena of the load */
    struct store_name *names; /* of events that have an id; in the arena of the load; or NULL */
    size_t n;
};

struct elastic_load {
    ts_ns now;
    struct event_json *json;
    struct arena scratch; /* of the document that is read */
    struct arena arena;   /* of what lives as long as the load */
    struct portion *first, *last;
    struct elastic_load_item *items;
    size_t n, cap;
    size_t closed; /* bytes of all portions but the last */
};

struct elastic_load *elastic_load_new(ts_ns now)
{
    struct elastic_load *l = mem_zero(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->now = now;
    arena_init(&l->scratch, 0);
    arena_init(&l->arena, 0);
    l->json = event_json_new();
    if (l->json == NULL) {
        elastic_load_free(l);
        return NULL;
    }
    return l;
}

void elastic_load_free(struct elastic_load *l)
{
    if (l == NULL)
        return;
    for (struct portion *p = l->first; p != NULL; p = p->next)
        arena_release(&p->arena);
    event_json_free(l->json);
    arena_release(&l->scratch);
    arena_release(&l->arena);
    mem_free(l->items);
    mem_free(l);
}

static enum err no_memory(struct err_text *why)
{
    return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static size_t held(const struct elastic_load *l)
{
    return l->closed + (l->last != NULL ? l->last->arena.used : 0) + l->arena.used +
           l->cap * sizeof(*l->items);
}

static enum err check_room(const struct elastic_load *l, struct err_text *why)
{
    if (held(l) < ELASTIC_LOAD_MOST)
        return ERR_NONE;
    return err_set(why, ERR_LIMIT, "too many documents for one request: send them in several");
}

static struct elastic_load_item *add_item(struct elastic_load *l,
                                          const struct elastic_load_item *target)
{
    if (mem_grow((void **)&l->items, &l->cap, l->n + 1, sizeof(*l->items)) != 0)
        return NULL;
    l->items[l->n] = *target;
    return &l->items[l->n++];
}

enum err elastic_load_refuse(struct elastic_load *l, const struct elastic_load_item *target,
                             unsigned status, const char *type, const char *reason,
                             struct err_text *why)
{
    enum err err = check_room(l, why);
    if (err != ERR_NONE)
        return err;
    const char *copy = arena_strndup(&l->arena, reason, strlen(reason));
    struct elastic_load_item *item = copy != NULL ? add_item(l, target) : NULL;
    if (item == NULL)
        return no_memory(why);
    item->status = status;
    item->type = type;
    item->reason = copy;
    return ERR_NONE;
}

/* The portion that the next event goes to. */
static struct portion *open_portion(struct elastic_load *l)
{
    struct portion *p = l->last;
    if (p != NULL && p->n < PORTION_EVENTS && p->arena.used < PORTION_BYTES)
        return p;
    p = arena_zero(&l->arena, sizeof(*p));
    size_t *items = arena_alloc(&l->arena, PORTION_EVENTS * sizeof(*items));
    if (p == NULL || items == NULL)
        return NULL;
    arena_init(&p->arena, 0);
    p->items = items;
    p->events = arena_alloc(&p->arena, PORTION_EVENTS * sizeof(*p->events));
    if (p->events == NULL) {
        arena_release(&p->arena);
        return NULL;
    }
    if (l->last != NULL) {
        l->closed += l->last->arena.used;
        l->last->next = p;
    } else {
        l->first = p;
    }
    l->last = p;
    return p;
}

/* Whether a document says a time that could not be read. */
static bool has_time(const char *text, size_t n)
{
    return memmem(text, n, "\"@timestamp\"", 12) != NULL;
}

/* An id is asked for when its event is written; those without are blank. The key is no secret: who
 * sends two documents of one hash under one id keeps one of his own from being written. */
static enum err add_name(struct elastic_load *l, struct portion *p,
                         const struct elastic_load_item *target, const char *text, size_t n)
{
    static const struct hash_key key = {UINT64_C(0x646f63756d656e74), UINT64_C(0x6173207365656e21)};
    struct store_name name = {.document = 0};
    if (p->names == NULL && target->id == NULL)
        return ERR_NONE;
    if (p->names == NULL) {
        p->names = arena_alloc(&l->arena, PORTION_EVENTS * sizeof(*p->names));
        if (p->names == NULL)
            return ERR_MEMORY;
        memset(p->names, 0, p->n * sizeof(*p->names));
    }
    if (target->id != NULL) {
        name.document = hash_bytes(key, text, n);
        name.create = strcmp(target->action, "create") == 0;
    }
    p->names[p->n] = name;
    return ERR_NONE;
}

enum err elastic_load_add(struct elastic_load *l, const struct elastic_load_item *target,
                          const char *text, size_t n, bool padded, struct err_text *why)
{
    struct format_json_bad bad = {0, ""};
    struct event e;
    char reason[300];
    if (n > DOCUMENT_MOST)
        return elastic_load_refuse(l, target, 413, "content_too_long_exception",
                                   "a document has at most 16 MiB", why);
    enum err err = check_room(l, why);
    if (err != ERR_NONE)
        return err;
    arena_clear(&l->scratch);
    err = event_json_read(l->json, text, n, padded, &l->scratch, &e, &bad);
    if (err == ERR_FORMAT) {
        snprintf(reason, sizeof(reason), "failed to parse: byte %zu: %s", bad.offset + 1,
                 bad.expected);
        return elastic_load_refuse(l, target, 400, "document_parsing_exception", reason, why);
    }
    if (err == ERR_LIMIT)
        return elastic_load_refuse(l, target, 413, "content_too_long_exception",
                                   "the document is too long or has too many fields", why);
    if (err != ERR_NONE)
        return no_memory(why);
    if (e.time == TIME_NONE && has_time(text, n))
        return elastic_load_refuse(l, target, 400, "document_parsing_exception",
                                   "failed to parse field [@timestamp] of type [date]", why);
    if (e.time == TIME_NONE)
        e.time = l->now;
    elastic_target_mark(&e, target->index, target->index_n, target->id, target->id_n);
    struct portion *p = open_portion(l);
    struct elastic_load_item *item = p != NULL ? add_item(l, target) : NULL;
    if (item == NULL)
        return no_memory(why);
    event_copy(&p->events[p->n], &p->arena, &e);
    if (e.failed || p->events[p->n].failed || add_name(l, p, target, text, n) != ERR_NONE)
        return no_memory(why);
    item->status = 201;
    item->version = 1;
    item->time = e.time;
    p->items[p->n++] = l->n - 1;
    return ERR_NONE;
}

/* What was not taken fails with what the port said. */
static enum err fail_rest(struct elastic_load *l, const struct portion *p, enum err err,
                          const struct err_text *why)
{
    const char *reason = arena_strndup(&l->arena, why->message, strlen(why->message));
    unsigned status = api_form_status(err);
    for (; p != NULL; p = p->next)
        for (size_t i = 0; i < p->n; i++) {
            struct elastic_load_item *item = &l->items[p->items[i]];
            item->status = status;
            item->type = api_form_type(status, err);
            item->reason = reason != NULL ? reason : "";
        }
    return ERR_NONE;
}

/* What its id made of the item: new, there already, or one more of that id. */
static void judge(struct elastic_load *l, struct elastic_load_item *item,
                  const struct store_name *name)
{
    char reason[ELASTIC_TARGET_ID_MOST + 100];
    item->version = name->version;
    item->sequence = name->sequence;
    if (name->state == STORE_NAME_FREE)
        return;
    item->status = 200;
    if (name->state != STORE_NAME_TAKEN)
        return;
    snprintf(reason, sizeof(reason),
             "[%s]: version conflict, document already exists (current version [%" PRIu32 "])",
             item->id, name->version);
    item->status = 409;
    item->type = "version_conflict_engine_exception";
    const char *copy = arena_strndup(&l->arena, reason, strlen(reason));
    item->reason = copy != NULL ? copy : "";
}

/* The port has taken them. */
static void settle(struct elastic_load *l, const struct portion *p, const struct api_events *events)
{
    for (size_t i = 0; i < p->n; i++) {
        struct elastic_load_item *item = &l->items[p->items[i]];
        const struct store_name *name = item->id != NULL && p->names != NULL ? &p->names[i] : NULL;
        item->source = events->source;
        item->sequence = events->sequences[i];
        if (events->sequences[i] == 0 && (name == NULL || !store_name_is_there(name))) {
            item->status = 413;
            item->type = "content_too_long_exception";
            item->reason = "the document is too large to be kept";
        } else if (name != NULL) {
            judge(l, item, name);
        }
    }
}

enum err elastic_load_send(struct elastic_load *l, const struct api_ports *ports,
                           struct err_text *why)
{
    uint64_t sequences[PORTION_EVENTS];
    for (struct portion *p = l->first; p != NULL; p = p->next) {
        struct api_events events = {.arena = &p->arena,
                                    .events = p->events,
                                    .n = p->n,
                                    .names = p->names,
                                    .sequences = sequences};
        enum err err = ports->take(ports->ctx, &events, why);
        if (err != ERR_NONE && p == l->first)
            return err;
        if (err != ERR_NONE)
            return fail_rest(l, p, err, why);
        settle(l, p, &events);
    }
    return ERR_NONE;
}

size_t elastic_load_count(const struct elastic_load *l)
{
    return l->n;
}

const struct elastic_load_item *elastic_load_item(const struct elastic_load *l, size_t i)
{
    return &l->items[i];
}
