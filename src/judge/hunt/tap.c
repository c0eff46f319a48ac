/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/tap.h"

#include "base/buf.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "event/event.h"
#include "hunt/anchor.h"
#include "hunt/hunt_priv.h"

#include <string.h>

/* Names of indices come from events: of more than so many each is looked at anew. */
#define NAMES_MAX 4096
#define FIELDS_MAX 64

struct member {
    struct hunt *hunt;
    unsigned roles;
    uint64_t offered; /* number of the document offered last */
};

/* Some members, by their numbers. */
struct list {
    uint32_t *at;
    size_t n;
    size_t cap;
};

/* What an index name leads to. */
struct entry {
    struct list events;     /* members that are offered every event */
    struct list indicators; /* and every indicator */
    struct map *anchored;   /* field id and value to the number of a list plus 1 */
    struct list *lists;
    size_t lists_n;
    size_t lists_cap;
    event_field fields[FIELDS_MAX]; /* of anchors */
    size_t fields_n;
};

struct hunt_tap {
    struct member *members;
    size_t n;
    size_t cap;
    struct map *names;    /* to struct entry */
    struct hash_key seed; /* of tables whose keys strangers choose */
    uint64_t number;      /* of documents */
    struct buf key;
};

struct hunt_tap *hunt_tap_new(void)
{
    struct hunt_tap *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    /* Where this lies in memory nobody outside knows. */
    t->seed = (struct hash_key){(uint64_t)(uintptr_t)t, 0x746170U};
    t->names = map_new(t->seed);
    buf_init(&t->key);
    if (t->names == NULL) {
        mem_free(t);
        return NULL;
    }
    return t;
}

static void entry_free(struct entry *e)
{
    if (e == NULL)
        return;
    for (size_t i = 0; i < e->lists_n; i++)
        mem_free(e->lists[i].at);
    mem_free(e->lists);
    mem_free(e->events.at);
    mem_free(e->indicators.at);
    map_free(e->anchored);
    mem_free(e);
}

static struct entry *entry_of(uint64_t value)
{
    return (struct entry *)(uintptr_t)value;
}

static void forget_names(struct hunt_tap *t)
{
    size_t at = 0;
    const void *key;
    size_t key_n;
    uint64_t *value;
    while (map_next(t->names, &at, &key, &key_n, &value))
        entry_free(entry_of(*value));
    map_clear(t->names);
}

void hunt_tap_free(struct hunt_tap *t)
{
    if (t == NULL)
        return;
    forget_names(t);
    map_free(t->names);
    mem_free(t->members);
    buf_release(&t->key);
    mem_free(t);
}

enum err hunt_tap_add(struct hunt_tap *t, struct hunt *h, unsigned roles)
{
    if (mem_grow((void **)&t->members, &t->cap, t->n + 1, sizeof(*t->members)) != 0)
        return ERR_MEMORY;
    t->members[t->n++] = (struct member){.hunt = h, .roles = roles};
    forget_names(t);
    return ERR_NONE;
}

void hunt_tap_remove(struct hunt_tap *t, const struct hunt *h)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (t->members[i].hunt != h)
            t->members[n++] = t->members[i];
    }
    t->n = n;
    forget_names(t);
}

size_t hunt_tap_count(const struct hunt_tap *t)
{
    return t->n;
}

static bool list_add(struct list *l, uint32_t member)
{
    if (mem_grow((void **)&l->at, &l->cap, l->n + 1, sizeof(*l->at)) != 0)
        return false;
    l->at[l->n++] = member;
    return true;
}

static void write_key(struct buf *key, event_field field, const void *s, size_t n)
{
    buf_clear(key);
    buf_le16(key, field);
    buf_add(key, s, n);
}

struct anchoring {
    struct hunt_tap *tap;
    struct entry *entry;
    event_field field;
    uint32_t member;
    bool failed;
};

static void add_anchor(void *ctx, struct bytes value)
{
    struct anchoring *a = ctx;
    struct entry *e = a->entry;
    write_key(&a->tap->key, a->field, value.p, value.n);
    uint64_t *number =
        buf_ok(&a->tap->key) ? map_put(e->anchored, a->tap->key.p, a->tap->key.n, NULL) : NULL;
    if (number == NULL) {
        a->failed = true;
        return;
    }
    if (*number == 0) {
        if (mem_grow((void **)&e->lists, &e->lists_cap, e->lists_n + 1, sizeof(*e->lists)) != 0) {
            a->failed = true;
            return;
        }
        e->lists[e->lists_n++] = (struct list){0};
        *number = e->lists_n;
    }
    a->failed |= !list_add(&e->lists[*number - 1], a->member);
}

static bool has_field(struct entry *e, event_field field)
{
    for (size_t i = 0; i < e->fields_n; i++) {
        if (e->fields[i] == field)
            return true;
    }
    if (e->fields_n == FIELDS_MAX)
        return false;
    e->fields[e->fields_n++] = field;
    return true;
}

static bool add_member(struct hunt_tap *t, struct entry *e, uint32_t number, unsigned roles)
{
    struct hunt_anchor anchor;
    const struct member *m = &t->members[number];
    if ((roles & HUNT_INDICATOR) != 0 && !list_add(&e->indicators, number))
        return false;
    if ((roles & HUNT_EVENT) == 0)
        return true;
    if (!hunt_anchor_find(m->hunt->spec->query, &anchor) || !has_field(e, anchor.id))
        return list_add(&e->events, number);
    struct anchoring anchoring = {t, e, anchor.id, number, false};
    hunt_anchor_each(&anchor, add_anchor, &anchoring);
    return !anchoring.failed;
}

/* NULL without memory, or when there are too many names. */
static struct entry *find_entry(struct hunt_tap *t, const char *index, size_t n)
{
    const uint64_t *there = map_get(t->names, index, n);
    if (there != NULL)
        return entry_of(*there);
    if (map_count(t->names) >= NAMES_MAX)
        return NULL;
    struct entry *e = mem_zero(1, sizeof(*e));
    if (e == NULL)
        return NULL;
    e->anchored = map_new(t->seed);
    bool ok = e->anchored != NULL;
    for (size_t i = 0; i < t->n && ok; i++) {
        unsigned roles = hunt_roles(t->members[i].hunt, index, n) & t->members[i].roles;
        ok = roles == 0 || add_member(t, e, (uint32_t)i, roles);
    }
    uint64_t *value = ok ? map_put(t->names, index, n, NULL) : NULL;
    if (value == NULL) {
        entry_free(e);
        return NULL;
    }
    *value = (uint64_t)(uintptr_t)e;
    return e;
}

static void offer(struct hunt_tap *t, const struct list *l, enum hunt_role role,
                  const struct hunt_source *source)
{
    for (size_t i = 0; i < l->n; i++) {
        struct member *m = &t->members[l->at[i]];
        if (role == HUNT_EVENT && m->offered == t->number)
            continue; /* by another of its values */
        if (role == HUNT_EVENT)
            m->offered = t->number;
        hunt_feed(m->hunt, role, source);
    }
}

static void offer_anchored(struct hunt_tap *t, const struct entry *e, event_field field,
                           const struct hunt_source *source)
{
    const struct event_item *item = event_get(source->event, field);
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        char scratch[EVENT_TEXT_SIZE];
        size_t n;
        const char *s = event_value_text(&event_values(item)[i], scratch, &n);
        write_key(&t->key, field, s, n);
        const uint64_t *number = buf_ok(&t->key) ? map_get(e->anchored, t->key.p, t->key.n) : NULL;
        if (number != NULL)
            offer(t, &e->lists[*number - 1], HUNT_EVENT, source);
    }
}

static void offer_all(struct hunt_tap *t, const struct hunt_source *source, size_t n)
{
    for (size_t i = 0; i < t->n; i++) {
        struct member *m = &t->members[i];
        unsigned roles = hunt_roles(m->hunt, source->index, n) & m->roles;
        if ((roles & HUNT_INDICATOR) != 0)
            hunt_feed(m->hunt, HUNT_INDICATOR, source);
        if ((roles & HUNT_EVENT) != 0)
            hunt_feed(m->hunt, HUNT_EVENT, source);
    }
}

bool hunt_tap_feed(void *ctx, const struct hunt_source *source)
{
    struct hunt_tap *t = ctx;
    size_t n = strlen(source->index);
    t->number++;
    if (t->n == 0)
        return true;
    const struct entry *e = find_entry(t, source->index, n);
    if (e == NULL) {
        offer_all(t, source, n);
        return true;
    }
    offer(t, &e->indicators, HUNT_INDICATOR, source);
    offer(t, &e->events, HUNT_EVENT, source);
    for (size_t i = 0; i < e->fields_n; i++)
        offer_anchored(t, e, e->fields[i], source);
    return true;
}
