/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json_names.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"

#include <string.h>

struct event_json_names {
    struct map *map; /* parent (4 bytes), key → name */
    struct arena arena;
    struct event_json_name *names;
    size_t n, cap;
    bool starved; /* memory was short */
};

static bool add_root(struct event_json_names *t)
{
    void *names = t->names;
    if (mem_grow(&names, &t->cap, 1, sizeof(t->names[0])) != 0)
        return false;
    t->names = names;
    t->names[0] = (struct event_json_name){.text = "", .field = EVENT_F_NONE};
    t->n = 1;
    return true;
}

struct event_json_names *event_json_names_new(void)
{
    struct event_json_names *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    arena_init(&t->arena, 0);
    /* Keys come from strangers; where this lies in memory is no one's to know. */
    t->map = map_new((struct hash_key){(uint64_t)(uintptr_t)t, 0x6e616d6573U});
    if (t->map == NULL || !add_root(t)) {
        event_json_names_free(t);
        return NULL;
    }
    return t;
}

void event_json_names_free(struct event_json_names *t)
{
    if (t == NULL)
        return;
    map_free(t->map);
    arena_release(&t->arena);
    mem_free(t->names);
    mem_free(t);
}

void event_json_names_trim(struct event_json_names *t)
{
    if (t->n <= EVENT_JSON_NAMES_KEPT)
        return;
    map_clear(t->map);
    arena_clear(&t->arena);
    t->n = 1;
    t->names[0].first = 0;
}

const struct event_json_name *event_json_names_at(const struct event_json_names *t, uint32_t name)
{
    return &t->names[name];
}

static uint32_t add_name(struct event_json_names *t, uint32_t parent, const char *key, size_t n)
{
    uint32_t above = t->names[parent].len;
    uint32_t from = parent == EVENT_JSON_NAMES_ROOT ? 0 : above + 1;
    void *names = t->names;
    if (t->n >= EVENT_JSON_NAMES_MAX || from + n > EVENT_JSON_NAME_MAX)
        return 0;
    char *text = arena_alloc(&t->arena, from + n + 1);
    if (text == NULL || mem_grow(&names, &t->cap, t->n + 1, sizeof(t->names[0])) != 0) {
        t->starved = true;
        return 0;
    }
    t->names = names;
    memcpy(text, t->names[parent].text, above);
    if (from > 0)
        text[above] = '.';
    memcpy(text + from, key, n);
    text[from + n] = '\0';
    struct event_json_name *name = &t->names[t->n];
    *name =
        (struct event_json_name){.text = text, .len = (uint32_t)(from + n), .key_len = (uint32_t)n};
    name->field = event_field_by_name(text, name->len);
    name->is_time = name->len == 10 && memcmp(text, "@timestamp", 10) == 0;
    return (uint32_t)t->n++;
}

static uint32_t look_up(struct event_json_names *t, uint32_t parent, const char *key, size_t n)
{
    char mapped[4 + EVENT_JSON_NAME_MAX];
    if (n > EVENT_JSON_NAME_MAX)
        return 0;
    memcpy(mapped, &parent, 4);
    memcpy(mapped + 4, key, n);
    uint64_t *found = map_get(t->map, mapped, 4 + n);
    if (found != NULL)
        return (uint32_t)*found;
    uint32_t name = add_name(t, parent, key, n);
    if (name == 0)
        return 0;
    uint64_t *place = map_put(t->map, mapped, 4 + n, NULL);
    t->starved |= place == NULL;
    if (place == NULL)
        return 0;
    *place = name;
    return name;
}

uint32_t event_json_names_step(struct event_json_names *t, uint32_t parent, uint32_t before,
                               const char *key, size_t n)
{
    uint32_t guess = before != 0 ? t->names[before].follow : t->names[parent].first;
    if (guess != 0) {
        const struct event_json_name *g = &t->names[guess];
        if (g->key_len == n && memcmp(g->text + g->len - n, key, n) == 0)
            return guess;
    }
    uint32_t name = look_up(t, parent, key, n);
    if (name == 0)
        return 0;
    if (before != 0)
        t->names[before].follow = name;
    else
        t->names[parent].first = name;
    return name;
}

bool event_json_names_starved(struct event_json_names *t)
{
    bool starved = t->starved;
    t->starved = false;
    return starved;
}
