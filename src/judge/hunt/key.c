/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/key.h"

#include "base/buf.h"
#include "event/event.h"

#include <string.h>

#define TIMESTAMP "@timestamp"

static bool is_timestamp(const struct hunt_field *f)
{
    return f->len == strlen(TIMESTAMP) && memcmp(f->name, TIMESTAMP, f->len) == 0;
}

void hunt_key_values(const struct event *e, const struct hunt_field *field, hunt_key_fn fn,
                     void *ctx)
{
    char scratch[EVENT_TEXT_SIZE];
    size_t n;
    if (is_timestamp(field)) {
        const struct event_value time = event_value_time(e->time);
        const char *s = event_value_text(&time, scratch, &n);
        (void)fn(ctx, s, n);
        return;
    }
    const struct event_item *item = event_find(e, field->name, field->len);
    for (uint32_t i = 0; item != NULL && i < item->n; i++) {
        const char *s = event_value_text(&event_values(item)[i], scratch, &n);
        if (!fn(ctx, s, n))
            return;
    }
}

struct having {
    struct bytes text;
    bool found;
};

static bool compare(void *ctx, const void *s, size_t n)
{
    struct having *h = ctx;
    h->found = n == h->text.n && memcmp(s, h->text.p, n) == 0;
    return !h->found;
}

bool hunt_key_has(const struct event *e, const struct hunt_field *field, struct bytes text)
{
    struct having having = {text, false};
    hunt_key_values(e, field, compare, &having);
    return having.found;
}

struct walk {
    const struct event *event;
    const struct hunt_field *fields;
    size_t n;
    size_t at; /* field */
    struct buf *key;
    size_t told;
    bool enough;
    hunt_key_fn fn;
    void *ctx;
};

static void walk_field(struct walk *w);

/* One value of the field that is at turn, then the fields after it. */
static bool add_value(void *ctx, const void *s, size_t n)
{
    struct walk *w = ctx;
    size_t before = w->key->n;
    buf_le32(w->key, (uint32_t)n);
    buf_add(w->key, s, n);
    w->at++;
    walk_field(w);
    w->at--;
    w->key->n = before;
    return !w->enough && buf_ok(w->key);
}

static void walk_field(struct walk *w)
{
    if (w->at < w->n) {
        hunt_key_values(w->event, &w->fields[w->at], add_value, w);
        return;
    }
    if (!buf_ok(w->key))
        return;
    w->told++;
    if (!w->fn(w->ctx, buf_text(w->key), w->key->n) || w->told == HUNT_KEYS_MAX)
        w->enough = true;
}

void hunt_key_each(const struct event *e, const struct hunt_field *fields, size_t n,
                   struct bytes lead, struct buf *scratch, hunt_key_fn fn, void *ctx)
{
    struct walk w = {.event = e, .fields = fields, .n = n, .key = scratch, .fn = fn, .ctx = ctx};
    buf_clear(scratch);
    buf_add(scratch, lead.p, lead.n);
    walk_field(&w);
}

bool hunt_key_value(const void *key, size_t n, size_t i, struct bytes *out)
{
    struct cursor c = cursor_make(key, n);
    for (;; i--) {
        uint32_t len = cursor_le32(&c);
        struct bytes value = cursor_take(&c, len);
        if (!cursor_ok(&c))
            return false;
        if (i == 0) {
            *out = value;
            return true;
        }
    }
}
