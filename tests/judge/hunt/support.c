/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/hunt/support.h"

#include "base/mem.h"
#include "cmocka_head.h"
#include "event/event.h"
#include "event/id.h"
#include "event/json.h"
#include "format/node.h"
#include "query/index.h"
#include "query/query.h"

#include <stdio.h>
#include <string.h>

static enum err find(void *ctx, const struct hunt_search *search, hunt_source_fn fn, void *fn_ctx,
                     struct err_text *why)
{
    struct field *f = ctx;
    f->searches++;
    if (f->broken)
        return err_set(why, ERR_IO, "the store is gone");
    uint64_t given = 0;
    /* Oldest first: a selection sort that takes the next one each time would do, if slower. */
    static const struct event *order[FIELD_EVENTS];
    for (size_t i = 0; i < f->n; i++) {
        size_t at = i;
        while (at > 0 && order[at - 1]->time > f->events[i]->time) {
            order[at] = order[at - 1];
            at--;
        }
        order[at] = f->events[i];
    }
    for (size_t i = 0; i < f->n; i++) {
        const struct event *e = order[i];
        char index[QUERY_INDEX_NAME_SIZE];
        char id[EVENT_ID_SIZE];
        size_t n = query_index_name(e, index);
        event_id_write(e, id);
        if (e->time < search->from || e->time >= search->to ||
            (search->index != NULL && !query_index_match_name(search->index, index, n)) ||
            (search->query != NULL && !query_match(search->query, e)))
            continue;
        const struct hunt_source source = {index, id, "1", e};
        if (!fn(fn_ctx, &source) || ++given == search->limit)
            break;
    }
    return ERR_NONE;
}

static enum err told(void *ctx, const char *rule_id, ts_ns from, hunt_told_fn fn, void *fn_ctx,
                     struct err_text *why)
{
    struct field *f = ctx;
    (void)from;
    (void)why;
    assert_string_equal(rule_id, "rule");
    if (f->told != NULL)
        fn(fn_ctx, bytes_make(f->told, strlen(f->told)));
    return ERR_NONE;
}

void field_init(struct field *f)
{
    memset(f, 0, sizeof(*f));
    arena_init(&f->arena, 0);
    buf_init(&f->found);
    f->max = FIELD_EVENTS;
    f->ports = (struct hunt_ports){.ctx = f, .find = find, .told = told};
}

void field_release(struct field *f)
{
    arena_release(&f->arena);
    buf_release(&f->found);
}

void field_event(struct field *f, struct hunt *const *hunts, ts_ns time, const char *json)
{
    struct event_json *reader = event_json_new();
    struct arena arena;
    struct event read;
    arena_init(&arena, 0);
    struct event *e = arena_alloc(&f->arena, sizeof(*e));
    assert_true(f->n < FIELD_EVENTS && e != NULL && reader != NULL);
    assert_int_equal(event_json_read(reader, json, strlen(json), false, &arena, &read, NULL),
                     ERR_NONE);
    read.time = time;
    read.sequence = f->n + 1;
    event_copy(e, &f->arena, &read);
    f->events[f->n++] = e;
    char index[QUERY_INDEX_NAME_SIZE];
    char id[EVENT_ID_SIZE];
    size_t n = query_index_name(e, index);
    event_id_write(e, id);
    const struct hunt_source source = {index, id, "1", e};
    for (; hunts != NULL && *hunts != NULL; hunts++) {
        unsigned roles = hunt_roles(*hunts, index, n);
        if ((roles & HUNT_INDICATOR) != 0)
            hunt_feed(*hunts, HUNT_INDICATOR, &source);
        if ((roles & HUNT_EVENT) != 0)
            hunt_feed(*hunts, HUNT_EVENT, &source);
    }
    event_json_free(reader);
    arena_release(&arena);
}

static enum err make_spec(enum hunt_type type, const char *members, struct hunt_spec **out,
                          struct err_text *why)
{
    struct format_node *root = NULL;
    struct buf text;
    buf_init(&text);
    buf_format(&text, "{\"name\":\"n\"%s%s}", members[0] != '\0' ? "," : "", members);
    assert_int_equal(format_node_json(buf_text(&text), text.n, "rule", &root, why), ERR_NONE);
    enum err code = hunt_spec_new(root, type, out, why);
    format_node_free(root);
    buf_release(&text);
    return code;
}

struct hunt_spec *field_spec(enum hunt_type type, const char *members)
{
    struct hunt_spec *spec = NULL;
    struct err_text why = {0};
    if (make_spec(type, members, &spec, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    return spec;
}

void field_refused(enum hunt_type type, const char *members, const char *words)
{
    struct hunt_spec *spec = NULL;
    struct err_text why = {0};
    enum err code = make_spec(type, members, &spec, &why);
    assert_true(code == ERR_INVALID || code == ERR_UNSUPPORTED);
    if (strstr(why.message, words) == NULL)
        fail_msg("%s", why.message);
}

static enum hunt_verdict on_hit(void *ctx, const struct hunt_hit *hit)
{
    struct field *f = ctx;
    if (f->hits == f->max)
        return HUNT_ENOUGH;
    f->hits++;
    buf_format(&f->found, "%lld %s ", (long long)((hit->time - NOON) / TIME_S),
               hit->parts_n > 0 ? hit->id : event_str(hit->event, EVENT_F_EVENT_ID, "-"));
    buf_add(&f->found, hit->more.p, hit->more.n);
    buf_char(&f->found, '\n');
    if (f->known)
        return HUNT_KNOWN;
    if (f->origins_n < FIELD_EVENTS)
        f->origins[f->origins_n++] = hit->origin;
    return HUNT_TAKEN;
}

const char *field_look_span(struct field *f, struct hunt *h, const struct hunt_span *span)
{
    struct err_text why = {0};
    buf_clear(&f->found);
    f->hits = f->origins_n = 0;
    if (hunt_look(h, span, on_hit, f, &f->lost, &why) != ERR_NONE)
        fail_msg("%s", why.message);
    assert_true(buf_ok(&f->found));
    return buf_text(&f->found);
}

const char *field_look(struct field *f, struct hunt *h, ts_ns from, ts_ns to)
{
    const struct hunt_span span = {.from = from, .to = to, .until = to, .now = to, .own = true};
    const char *text = field_look_span(f, h, &span);
    for (size_t i = 0; i < f->origins_n; i++)
        hunt_dealt(h, f->origins[i]);
    return text;
}
