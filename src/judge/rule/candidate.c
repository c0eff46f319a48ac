/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/candidate.h"

#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "hunt/hunt.h"
#include "rule/finding.h"

#include <string.h>

/* Kibana asks for a version that anomaly documents are found without, hence this word. */
#define RECORD_VERSION "undefined"

void rule_candidates_init(struct rule_candidates *c)
{
    *c = (struct rule_candidates){0};
    arena_init(&c->arena, 0);
}

void rule_candidates_release(struct rule_candidates *c)
{
    mem_free(c->at);
    event_json_free(c->reader);
    arena_release(&c->arena);
}

/* The values of a record's entities take the place of what stands under their names. */
static void lift_entities(const struct rule_finding *f, struct event *e)
{
    for (size_t i = 0; i < f->entities; i++) {
        const struct rule_entity *entity = &f->entity[i];
        size_t n = strlen(entity->field);
        event_remove_named(e, entity->field, n);
        for (size_t k = 0; k < rule_entity_count(entity); k++) {
            const char *text = rule_entity_value(entity, k);
            const struct event_value value = event_value_str(text, strlen(text));
            event_add_named(e, entity->field, n, &value);
        }
    }
}

static enum err read_record(struct rule_candidates *c, struct rule_candidate *record)
{
    struct event *e = arena_alloc(&c->arena, sizeof(*e));
    struct arena scratch;
    struct event read;
    if (c->reader == NULL)
        c->reader = event_json_new();
    if (e == NULL || c->reader == NULL)
        return ERR_MEMORY;
    arena_init(&scratch, 0);
    enum err code = event_json_read(c->reader, (const char *)record->json.p, record->json.n, false,
                                    &scratch, &read, NULL);
    struct rule_finding finding;
    struct err_text odd;
    if (code == ERR_NONE)
        code = rule_finding_read(record->json, record->id, &finding, &odd);
    if (code == ERR_NONE) {
        record->time = finding.start;
        read.time = finding.start;
        lift_entities(&finding, &read);
        event_copy(e, &c->arena, &read);
        rule_finding_release(&finding);
    } else {
        event_init(e, &c->arena, 0);
    }
    arena_release(&scratch);
    record->event = e;
    return code == ERR_MEMORY || e->failed ? ERR_MEMORY : ERR_NONE;
}

enum err rule_candidates_add_record(struct rule_candidates *c, const char *id, const char *index,
                                    struct bytes json)
{
    struct rule_candidate record = {
        .id = arena_strndup(&c->arena, id, strlen(id)),
        .index = arena_strndup(&c->arena, index, strlen(index)),
        .version = RECORD_VERSION,
        .json = bytes_make(arena_copy(&c->arena, json.p, json.n), json.n),
    };
    if (record.id == NULL || record.index == NULL || record.json.p == NULL ||
        mem_grow((void **)&c->at, &c->cap, c->n + 1, sizeof(*c->at)) != 0)
        return ERR_MEMORY;
    enum err code = read_record(c, &record);
    if (code == ERR_NONE)
        c->at[c->n++] = record;
    return code;
}

static enum err copy_parts(struct rule_candidates *c, const struct hunt_hit *hit,
                           struct rule_candidate *out)
{
    if (hit->parts_n == 0)
        return ERR_NONE;
    struct hunt_part *parts = arena_alloc(&c->arena, hit->parts_n * sizeof(*parts));
    for (size_t i = 0; parts != NULL && i < hit->parts_n; i++) {
        const struct hunt_part *from = &hit->parts[i];
        struct event *e = arena_alloc(&c->arena, sizeof(*e));
        parts[i] = (struct hunt_part){
            .index = arena_strndup(&c->arena, from->index, strlen(from->index)),
            .id = arena_strndup(&c->arena, from->id, strlen(from->id)),
            .version = arena_strndup(&c->arena, from->version, strlen(from->version)),
            .event = e,
        };
        if (e == NULL || parts[i].index == NULL || parts[i].id == NULL || parts[i].version == NULL)
            return ERR_MEMORY;
        event_copy(e, &c->arena, from->event);
        if (e->failed)
            return ERR_MEMORY;
    }
    out->parts = parts;
    out->parts_n = hit->parts_n;
    return parts != NULL ? ERR_NONE : ERR_MEMORY;
}

enum err rule_candidates_add_hit(struct rule_candidates *c, const struct hunt_hit *hit)
{
    struct event *e = arena_alloc(&c->arena, sizeof(*e));
    struct rule_candidate made = {
        .id = arena_strndup(&c->arena, hit->id, strlen(hit->id)),
        .index = arena_strndup(&c->arena, hit->index, strlen(hit->index)),
        .version = arena_strndup(&c->arena, hit->version, strlen(hit->version)),
        .more = bytes_make(arena_copy(&c->arena, hit->more.p, hit->more.n), hit->more.n),
        .also = bytes_make(arena_copy(&c->arena, hit->also.p, hit->also.n), hit->also.n),
        .time = hit->time,
        .since = hit->since,
        .count = hit->count,
        .origin = hit->origin,
        .event = e,
    };
    if (e == NULL || made.id == NULL || made.index == NULL || made.version == NULL ||
        made.more.p == NULL || made.also.p == NULL ||
        mem_grow((void **)&c->at, &c->cap, c->n + 1, sizeof(*c->at)) != 0)
        return ERR_MEMORY;
    event_copy(e, &c->arena, hit->event);
    if (e->failed || copy_parts(c, hit, &made) != ERR_NONE)
        return ERR_MEMORY;
    c->at[c->n++] = made;
    return ERR_NONE;
}
