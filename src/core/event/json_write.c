/* SPDX-License-Identifier: Apache-2.0 */
#include "event/json.h"

#include "base/buf.h"
#include "format/write.h"

#include <math.h>
#include <string.h>

/* Deeper names keep their dots, so that every reader's limit of nesting is kept. */
#define NEST_MAX 24
#define USUAL_FIELDS 128

struct writer {
    struct format_writer w;
    const struct event *e;
    const uint32_t *order; /* items sorted by name */
    bool strange;          /* the event has unknown fields: names may be prefixes of others */
    unsigned depth;        /* open objects below the root */
    const char *path;      /* the name whose beginning is open */
    uint32_t ends[NEST_MAX];
};

static int compare(const struct event *e, uint32_t a, uint32_t b)
{
    const struct event_item *x = &e->items[a];
    const struct event_item *y = &e->items[b];
    /* Ids of known fields stand in the byte order of the names. */
    if (x->field != EVENT_F_NONE && y->field != EVENT_F_NONE)
        return (int)x->field - (int)y->field;
    uint32_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
    int c = memcmp(x->name, y->name, n);
    return c != 0 ? c : (x->name_len > y->name_len) - (x->name_len < y->name_len);
}

/* Heap sort for the rare large event, insertion for the usual one. */
static void sift(const struct event *e, uint32_t *order, uint32_t root, uint32_t n)
{
    for (;;) {
        uint32_t child = 2 * root + 1;
        if (child >= n)
            return;
        if (child + 1 < n && compare(e, order[child], order[child + 1]) < 0)
            child++;
        if (compare(e, order[root], order[child]) >= 0)
            return;
        uint32_t t = order[root];
        order[root] = order[child];
        order[child] = t;
        root = child;
    }
}

static void sort(const struct event *e, uint32_t *order)
{
    uint32_t n = e->n;
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    if (n <= USUAL_FIELDS) {
        for (uint32_t i = 1; i < n; i++) {
            uint32_t at = i;
            for (; at > 0 && compare(e, order[at - 1], i) > 0; at--)
                order[at] = order[at - 1];
            order[at] = i;
        }
        return;
    }
    for (uint32_t i = n / 2; i-- > 0;)
        sift(e, order, i, n);
    for (uint32_t i = n; i-- > 1;) {
        uint32_t t = order[0];
        order[0] = order[i];
        order[i] = t;
        sift(e, order, 0, i);
    }
}

static void write_value(struct format_writer *w, const struct event_value *v)
{
    char text[EVENT_TEXT_SIZE];
    size_t n;
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        format_write_str_n(w, v->s, v->len);
        break;
    case EVENT_I64:
        format_write_i64(w, v->i);
        break;
    case EVENT_F64:
        format_write_f64(w, v->f);
        if (v->f == trunc(v->f) && fabs(v->f) < 1e15)
            buf_add(w->out, ".0", 2); /* so that it is read as what it is */
        break;
    case EVENT_BOOL:
        format_write_bool(w, v->b);
        break;
    case EVENT_IP:
    case EVENT_TIME: {
        const char *s = event_value_text(v, text, &n);
        format_write_str_n(w, s, n);
        break;
    }
    case EVENT_NULL:
        format_write_null(w);
        break;
    }
}

void event_json_write_values(const struct event_item *item, struct format_writer *w)
{
    const struct event_value *v = event_values(item);
    if (item->n == 1 && (item->field == EVENT_F_NONE || !event_field_is_list(item->field))) {
        write_value(w, v);
        return;
    }
    format_write_begin_array(w);
    for (uint32_t i = 0; i < item->n; i++)
        write_value(w, &v[i]);
    format_write_end_array(w);
}

/* Whether a value stands under exactly this name, so that no object can. */
static bool taken(const struct writer *c, const char *name, uint32_t n)
{
    if (n == 10 && memcmp(name, "@timestamp", 10) == 0)
        return true; /* as a key it is the event's time, and nothing else */
    return event_find(c->e, name, n) != NULL;
}

static void close_to(struct writer *c, unsigned depth)
{
    for (; c->depth > depth; c->depth--)
        format_write_end_object(&c->w);
}

/*
 * Closes and opens objects until the one that holds this name is open; returns where the rest of
 * the name, its key there, begins.
 */
static uint32_t open_for(struct writer *c, const struct event_item *item)
{
    unsigned keep = 0;
    uint32_t start = 0;
    while (keep < c->depth && item->name_len > c->ends[keep] && item->name[c->ends[keep]] == '.' &&
           memcmp(item->name + start, c->path + start, c->ends[keep] - start) == 0) {
        start = c->ends[keep] + 1;
        keep++;
    }
    close_to(c, keep);
    while (c->depth < NEST_MAX) {
        const char *dot = memchr(item->name + start, '.', item->name_len - start);
        if (dot == NULL)
            break;
        uint32_t end = (uint32_t)(dot - item->name);
        if (c->strange && taken(c, item->name, end))
            break;
        format_write_key_n(&c->w, item->name + start, end - start);
        format_write_begin_object(&c->w);
        c->ends[c->depth++] = end;
        start = end + 1;
    }
    c->path = item->name;
    return start;
}

/*
 * If this item's parent is an array of objects and the lists of all its members have one length:
 * how many items, in order, belong together; else 0. *out_n is the length of the parent's name.
 */
static uint32_t zipped(const struct writer *c, uint32_t first, uint32_t *out_n)
{
    const struct event_item *item = &c->e->items[c->order[first]];
    if (item->name_len < 5 || memcmp(item->name, "dns.a", 5) != 0)
        return 0; /* all arrays of objects that there are begin like this */
    const char *dot = memchr(item->name + 4, '.', item->name_len - 4);
    if (dot == NULL || !event_field_object_array(item->name, (size_t)(dot - item->name)))
        return 0;
    uint32_t n = (uint32_t)(dot - item->name);
    if (c->strange && (taken(c, item->name, n) || taken(c, item->name, 3)))
        return 0;
    const struct event_item *before = first > 0 ? &c->e->items[c->order[first - 1]] : NULL;
    if (before != NULL && before->name_len > n && memcmp(before->name, item->name, n + 1) == 0)
        return 0; /* the first of them has settled it */
    uint32_t count = 0;
    for (uint32_t i = first; i < c->e->n; i++, count++) {
        const struct event_item *other = &c->e->items[c->order[i]];
        if (other->name_len <= n || memcmp(other->name, item->name, n + 1) != 0)
            break;
        if (other->n != item->n)
            return 0;
    }
    *out_n = n;
    return count;
}

static void write_zipped(struct writer *c, uint32_t first, uint32_t count, uint32_t n)
{
    struct event_item parent = c->e->items[c->order[first]];
    uint32_t rows = parent.n;
    parent.name_len = n;
    uint32_t start = open_for(c, &parent);
    format_write_key_n(&c->w, parent.name + start, n - start);
    format_write_begin_array(&c->w);
    for (uint32_t row = 0; row < rows; row++) {
        format_write_begin_object(&c->w);
        for (uint32_t i = first; i < first + count; i++) {
            const struct event_item *item = &c->e->items[c->order[i]];
            format_write_key_n(&c->w, item->name + n + 1, item->name_len - n - 1);
            write_value(&c->w, &event_values(item)[row]);
        }
        format_write_end_object(&c->w);
    }
    format_write_end_array(&c->w);
}

static void write_fields(struct writer *c)
{
    for (uint32_t i = 0; i < c->e->n;) {
        uint32_t n;
        uint32_t together = zipped(c, i, &n);
        if (together > 0) {
            write_zipped(c, i, together, n);
            i += together;
            continue;
        }
        const struct event_item *item = &c->e->items[c->order[i++]];
        uint32_t start = open_for(c, item);
        format_write_key_n(&c->w, item->name + start, item->name_len - start);
        event_json_write_values(item, &c->w);
    }
    close_to(c, 0);
}

void event_json_write(const struct event *e, struct buf *out)
{
    uint32_t usual[USUAL_FIELDS];
    struct buf large;
    struct writer c = {.e = e, .order = usual};
    uint32_t *order = usual;
    buf_init(&large);
    if (e->n > USUAL_FIELDS) {
        void *room = buf_reserve(&large, e->n * sizeof(uint32_t));
        if (room == NULL) {
            out->failed = true;
            return;
        }
        order = room;
        c.order = order;
    }
    sort(e, order);
    for (uint32_t i = 0; i < e->n && !c.strange; i++)
        c.strange = e->ids[i] == EVENT_F_NONE;
    format_write_init(&c.w, out);
    format_write_begin_object(&c.w);
    if (e->time != TIME_NONE) {
        format_write_key_n(&c.w, "@timestamp", 10);
        format_write_time(&c.w, e->time);
    }
    write_fields(&c);
    format_write_end_object(&c.w);
    buf_release(&large);
}
