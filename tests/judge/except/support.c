/* SPDX-License-Identifier: Apache-2.0 */
#include "judge/except/support.h"

#include "cmocka_head.h"
#include "except/set.h"

#include <string.h>

static enum err list_items(void *ctx, const struct except_named *list, struct except_set *out,
                           struct err_text *why)
{
    const struct shelf *s = ctx;
    if (strcmp(list->list_id, "broken") == 0)
        return err_set(why, ERR_IO, "the disk is gone");
    if (strcmp(list->list_id, "l") != 0)
        return ERR_NOT_FOUND;
    return except_set_load(out, s->items, strlen(s->items), "list.ndjson", why);
}

static enum err find_values(void *ctx, const char *id, struct except_values **out,
                            struct err_text *why)
{
    struct shelf *s = ctx;
    (void)why;
    for (size_t i = 0; i < s->values_n; i++) {
        if (strcmp(s->values[i].id, id) == 0) {
            *out = except_values_ref(s->values[i].values);
            return ERR_NONE;
        }
    }
    return ERR_NOT_FOUND;
}

void shelf_init(struct shelf *s, const char *items)
{
    *s = (struct shelf){.items = items, .source = {s, list_items, find_values}};
    arena_init(&s->arena, 0);
    s->reader = event_json_new();
    assert_non_null(s->reader);
}

void shelf_release(struct shelf *s)
{
    for (size_t i = 0; i < s->values_n; i++)
        except_values_unref(s->values[i].values);
    event_json_free(s->reader);
    arena_release(&s->arena);
}

static enum err add_line(void *ctx, const char *text, size_t n, unsigned line, struct err_text *why)
{
    (void)line;
    return except_values_add(ctx, text, n, why);
}

void shelf_values(struct shelf *s, const char *id, const char *type, const char *lines)
{
    struct except_values *v;
    assert_true(s->values_n < SHELF_VALUES);
    assert_int_equal(except_values_new(type, &v, NULL), ERR_NONE);
    assert_int_equal(except_values_lines(lines, strlen(lines), add_line, v, NULL), ERR_NONE);
    except_values_seal(v);
    s->values[s->values_n].id = id;
    s->values[s->values_n++].values = v;
}

struct except_filter *shelf_filter(struct shelf *s, ts_ns now)
{
    static const struct except_named named = {"l", "single"};
    struct except_filter *f = NULL;
    struct err_text why = {0};
    enum err code = except_filter_new(&named, 1, &s->source, now, &f, &why);
    if (code != ERR_NONE)
        fail_msg("%s", why.message);
    return f;
}

const struct event *shelf_event(struct shelf *s, const char *json)
{
    struct event read;
    struct event *e = arena_alloc(&s->arena, sizeof(*e));
    assert_non_null(e);
    assert_int_equal(event_json_read(s->reader, json, strlen(json), false, &s->arena, &read, NULL),
                     ERR_NONE);
    event_copy(e, &s->arena, &read);
    return e;
}
