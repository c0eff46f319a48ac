/* SPDX-License-Identifier: Apache-2.0 */
#include "event/event.h"

#include "base/assert.h"
#include "base/buf.h"
#include "base/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_USUAL_FIELDS 64 /* a flow event after enrichment */

#define LANES 8 /* ids compared at a time */
typedef uint16_t lanes __attribute__((vector_size(LANES * sizeof(event_field))));

bool event_reserve(struct event *e, uint32_t cap)
{
    cap = (cap + LANES - 1) / LANES * LANES;
    event_field *ids = arena_alloc(e->arena, cap * sizeof(*ids));
    struct event_item *items = arena_alloc(e->arena, cap * sizeof(*items));
    if (ids == NULL || items == NULL) {
        e->failed = true;
        return false;
    }
    memset(ids + e->n, 0xff, (cap - e->n) * sizeof(*ids)); /* EVENT_F_NONE */
    if (e->n > 0) {
        memcpy(ids, e->ids, e->n * sizeof(*ids));
        memcpy(items, e->items, e->n * sizeof(*items));
    }
    e->ids = ids;
    e->items = items;
    e->cap = cap;
    return true;
}

void event_init(struct event *e, struct arena *arena, ts_ns time)
{
    *e = (struct event){.time = time, .arena = arena};
    event_reserve(e, EVENT_USUAL_FIELDS);
}

/* The place of a known field among the items, or -1. */
static int64_t place(const struct event *e, event_field f)
{
    if (!event_has(e, f))
        return -1;
    for (uint32_t i = 0;; i += LANES) {
        lanes ids;
        uint64_t equal[2]; /* all ones in the lane that is it */
        ASSERT(i < e->n);  /* a field with its bit set is among the items */
        memcpy(&ids, e->ids + i, sizeof(ids));
        lanes mask = (lanes)(ids == f);
        memcpy(equal, &mask, sizeof(equal));
        if ((equal[0] | equal[1]) == 0)
            continue;
        while (e->ids[i] != f)
            i++;
        return i;
    }
}

static int64_t place_named(const struct event *e, const char *name, size_t n)
{
    for (uint32_t i = 0; i < e->n; i++)
        if (e->ids[i] == EVENT_F_NONE && e->items[i].name_len == n &&
            memcmp(e->items[i].name, name, n) == 0)
            return i;
    return -1;
}

static struct event_item *append(struct event *e, event_field f, const char *name, size_t n)
{
    if (e->failed || (e->n == e->cap && !event_reserve(e, e->cap * 2)))
        return NULL;
    struct event_item *item = &e->items[e->n];
    *item = (struct event_item){.field = f, .name = name, .name_len = (uint32_t)n};
    e->ids[e->n++] = f;
    if (f != EVENT_F_NONE)
        e->has[f / 64] |= (uint64_t)1 << f % 64;
    return item;
}

/* The item of a field with its values dropped, made when it is not there. */
static struct event_item *fresh(struct event *e, event_field f)
{
    ASSERT(f < EVENT_F_COUNT);
    int64_t at = place(e, f);
    if (at >= 0) {
        e->items[at].n = 0;
        e->items[at].many = NULL;
        e->items[at].cap = 0;
        return &e->items[at];
    }
    const struct event_field_def *def = event_field_def(f);
    return append(e, f, def->name, def->name_len);
}

void event_init_like(struct event *e, struct arena *arena, ts_ns time, const struct event *pattern)
{
    *e = *pattern;
    e->time = time;
    e->arena = arena;
    if (!event_reserve(e, pattern->n + EVENT_USUAL_FIELDS)) /* copies the items */
        return;
    for (uint32_t i = 0; i < e->n; i++)
        e->items[i].cap = e->items[i].n; /* more values go into a list of its own */
}

/* Room for a field that is not there. Its values are the caller's to set. */
static inline struct event_item *append_known(struct event *e, event_field f)
{
    ASSERT_SLOW(!event_has(e, f));
    const struct event_field_def *def = event_field_def(f);
    if (e->failed || (e->n == e->cap && !event_reserve(e, e->cap * 2)))
        return NULL;
    struct event_item *item = &e->items[e->n];
    item->field = f;
    item->n = 1;
    item->name = def->name;
    item->name_len = def->name_len;
    item->cap = 0;
    item->many = NULL;
    e->ids[e->n++] = f;
    e->has[f / 64] |= (uint64_t)1 << f % 64;
    return item;
}

void event_put(struct event *e, event_field f, struct event_value v)
{
    struct event_item *item = append_known(e, f);
    if (item != NULL)
        item->one = v;
}

uint32_t event_slot(struct event *pattern, event_field f)
{
    uint32_t slot = pattern->n;
    event_put(pattern, f, (struct event_value){.type = EVENT_NULL});
    return slot;
}

struct event_value *event_put_list(struct event *e, event_field f, uint32_t n)
{
    ASSERT(n > 0);
    struct event_value *many = n > 1 ? arena_alloc(e->arena, n * sizeof(struct event_value)) : NULL;
    if (n > 1 && many == NULL) {
        e->failed = true;
        return NULL;
    }
    struct event_item *item = append_known(e, f);
    if (item == NULL)
        return NULL;
    item->one = (struct event_value){.type = EVENT_NULL};
    if (n == 1)
        return &item->one;
    memset(many, 0, n * sizeof(*many));
    item->n = n;
    item->cap = n;
    item->many = many;
    return many;
}

static void put(struct event *e, struct event_item *item, struct event_value v)
{
    if (item == NULL)
        return;
    if (item->n == 0) {
        item->one = v;
        item->n = 1;
        return;
    }
    if (item->many == NULL || item->n == item->cap) {
        uint32_t cap = item->many == NULL ? 4 : item->cap * 2;
        struct event_value *many = arena_alloc(e->arena, cap * sizeof(*many));
        if (many == NULL) {
            e->failed = true;
            return;
        }
        memcpy(many, event_values(item), item->n * sizeof(*many));
        item->many = many;
        item->cap = cap;
    }
    item->many[item->n++] = v;
}

static struct event_item *existing_or_new(struct event *e, event_field f)
{
    ASSERT(f < EVENT_F_COUNT);
    int64_t at = place(e, f);
    if (at >= 0)
        return &e->items[at];
    const struct event_field_def *def = event_field_def(f);
    return append(e, f, def->name, def->name_len);
}

static struct event_value str_value(struct event *e, const char *s, size_t n)
{
    char *copy = arena_strndup(e->arena, s, n);
    if (copy == NULL) {
        e->failed = true;
        return (struct event_value){.type = EVENT_STR, .len = 0, .s = ""};
    }
    return (struct event_value){.type = EVENT_STR, .len = (uint32_t)n, .s = copy};
}

static struct event_value ip_value(struct event *e, const struct ip *a)
{
    struct ip *copy = arena_copy(e->arena, a, sizeof(*a));
    if (copy == NULL) {
        e->failed = true;
        return (struct event_value){.type = EVENT_STR, .s = ""};
    }
    return (struct event_value){.type = EVENT_IP, .ip = copy};
}

static struct event_value foreign_value(struct event *e, const void *p, size_t n, size_t *out_bad)
{
    *out_bad = 0;
    if (n == 0 || utf8_valid(p, n))
        return str_value(e, p, n);
    char *to = n < UINT32_MAX / 4 ? arena_alloc(e->arena, utf8_escape_bound(n) + 1) : NULL;
    if (to == NULL) {
        e->failed = true;
        return (struct event_value){.type = EVENT_STR, .s = ""};
    }
    size_t len = utf8_escape(p, n, to, out_bad);
    return (struct event_value){.type = EVENT_STR, .len = (uint32_t)len, .s = to};
}

void event_set_str(struct event *e, event_field f, const char *s, size_t n)
{
    struct event_value v = str_value(e, s, n);
    put(e, fresh(e, f), v);
}

void event_set_text(struct event *e, event_field f, const char *s)
{
    event_set_str(e, f, s, strlen(s));
}

void event_set_str_view(struct event *e, event_field f, const char *s, size_t n)
{
    put(e, fresh(e, f), (struct event_value){.type = EVENT_STR, .len = (uint32_t)n, .s = s});
}

void event_set_i64(struct event *e, event_field f, int64_t v)
{
    put(e, fresh(e, f), (struct event_value){.type = EVENT_I64, .i = v});
}

void event_set_f64(struct event *e, event_field f, double v)
{
    if (isfinite(v))
        put(e, fresh(e, f), (struct event_value){.type = EVENT_F64, .f = v});
}

void event_set_bool(struct event *e, event_field f, bool v)
{
    put(e, fresh(e, f), (struct event_value){.type = EVENT_BOOL, .b = v});
}

void event_set_ip(struct event *e, event_field f, const struct ip *a)
{
    struct event_value v = ip_value(e, a);
    put(e, fresh(e, f), v);
}

void event_set_time(struct event *e, event_field f, ts_ns t)
{
    put(e, fresh(e, f), (struct event_value){.type = EVENT_TIME, .t = t});
}

size_t event_set_foreign(struct event *e, event_field f, const void *p, size_t n)
{
    size_t bad;
    struct event_value v = foreign_value(e, p, n, &bad);
    put(e, fresh(e, f), v);
    return bad;
}

void event_add_str(struct event *e, event_field f, const char *s, size_t n)
{
    struct event_value v = str_value(e, s, n);
    put(e, existing_or_new(e, f), v);
}

void event_add_i64(struct event *e, event_field f, int64_t v)
{
    put(e, existing_or_new(e, f), (struct event_value){.type = EVENT_I64, .i = v});
}

void event_add_ip(struct event *e, event_field f, const struct ip *a)
{
    struct event_value v = ip_value(e, a);
    put(e, existing_or_new(e, f), v);
}

size_t event_add_foreign(struct event *e, event_field f, const void *p, size_t n)
{
    size_t bad;
    struct event_value v = foreign_value(e, p, n, &bad);
    put(e, existing_or_new(e, f), v);
    return bad;
}

/* Reads a whole string as a number; false when anything else is in it. */
static bool read_number(const char *s, size_t n, double *out)
{
    char text[64];
    if (n == 0 || n >= sizeof(text) || s[0] == ' ' || s[n - 1] == ' ')
        return false;
    memcpy(text, s, n);
    text[n] = '\0';
    for (const char *p = text; *p != '\0'; p++)
        if (strchr("0123456789+-.eE", *p) == NULL)
            return false;
    char *end;
    double v = strtod(text, &end);
    if (*end != '\0' || !isfinite(v))
        return false;
    *out = v;
    return true;
}

static bool read_integer(const char *s, size_t n, int64_t *out)
{
    bool negative = n > 0 && s[0] == '-';
    int64_t v = 0;
    if (n == negative)
        return false;
    for (size_t i = negative; i < n; i++) {
        int digit = s[i] - '0';
        if (digit < 0 || digit > 9 || __builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, digit, &v))
            return false;
    }
    *out = negative ? -v : v;
    return true;
}

/*
 * Puts a value into the type its kind wants, where nothing is lost, as a copy of the event's own.
 * False when it stays as it was.
 */
static bool coerce(struct event *e, enum event_kind kind, struct event_value *v)
{
    double number;
    int64_t integer;
    struct ip ip;
    switch (kind) {
    case EVENT_KIND_IP:
        if (v->type != EVENT_STR || !ip_parse(v->s, v->len, &ip))
            return false;
        *v = ip_value(e, &ip);
        return true;
    case EVENT_KIND_LONG:
        if (v->type == EVENT_STR && read_integer(v->s, v->len, &integer)) {
            *v = (struct event_value){.type = EVENT_I64, .i = integer};
            return true;
        }
        if (v->type == EVENT_F64)
            number = v->f;
        else if (v->type != EVENT_STR || !read_number(v->s, v->len, &number))
            return false;
        if (number != trunc(number) || fabs(number) >= 9.2e18)
            return false;
        *v = (struct event_value){.type = EVENT_I64, .i = (int64_t)number};
        return true;
    case EVENT_KIND_DOUBLE:
        if (v->type == EVENT_I64)
            number = (double)v->i;
        else if (v->type != EVENT_STR || !read_number(v->s, v->len, &number))
            return false;
        *v = (struct event_value){.type = EVENT_F64, .f = number};
        return true;
    case EVENT_KIND_BOOLEAN:
        if (v->type != EVENT_STR || (strcmp(v->s, "true") != 0 && strcmp(v->s, "false") != 0))
            return false;
        *v = (struct event_value){.type = EVENT_BOOL, .b = v->s[0] == 't'};
        return true;
    case EVENT_KIND_DATE:
        if (v->type == EVENT_STR && time_parse_iso(v->s, v->len, &integer)) {
            *v = (struct event_value){.type = EVENT_TIME, .t = integer};
            return true;
        }
        if (v->type == EVENT_I64 && !__builtin_mul_overflow(v->i, TIME_MS, &integer)) {
            *v = (struct event_value){.type = EVENT_TIME, .t = integer}; /* epoch milliseconds */
            return true;
        }
        return false;
    case EVENT_KIND_KEYWORD:
    case EVENT_KIND_TEXT:
    case EVENT_KIND_WILDCARD:
        if (v->type == EVENT_STR)
            return false;
        {
            char scratch[EVENT_TEXT_SIZE];
            size_t n;
            const char *s = event_value_text(v, scratch, &n);
            *v = str_value(e, s, n);
        }
        return true;
    case EVENT_KIND_GEO_POINT:
        break;
    }
    return false;
}

/* Copies what a value points to into the event's arena. */
static struct event_value own(struct event *e, const struct event_value *v)
{
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        return str_value(e, v->s, v->len);
    case EVENT_IP:
        return ip_value(e, v->ip);
    case EVENT_NULL:
    case EVENT_I64:
    case EVENT_F64:
    case EVENT_BOOL:
    case EVENT_TIME:
        break;
    }
    return *v;
}

static void add_value(struct event *e, event_field f, const struct event_value *v, bool copy)
{
    if (v->type == EVENT_NULL || (v->type == EVENT_F64 && !isfinite(v->f)))
        return;
    struct event_value mine = *v;
    if (!coerce(e, event_field_def(f)->kind, &mine) && copy)
        mine = own(e, v);
    put(e, existing_or_new(e, f), mine);
}

static void add_unknown(struct event *e, const char *name, size_t n, const struct event_value *v,
                        bool copy)
{
    if (v->type == EVENT_NULL || (v->type == EVENT_F64 && !isfinite(v->f)))
        return;
    int64_t at = place_named(e, name, n);
    struct event_item *item;
    if (at >= 0) {
        item = &e->items[at];
    } else {
        const char *kept = copy ? arena_strndup(e->arena, name, n) : name;
        if (kept == NULL) {
            e->failed = true;
            return;
        }
        item = append(e, EVENT_F_NONE, kept, n);
    }
    struct event_value mine = copy ? own(e, v) : *v;
    put(e, item, mine);
}

void event_add_value(struct event *e, event_field f, const struct event_value *v)
{
    add_value(e, f, v, true);
}

void event_add_named(struct event *e, const char *name, size_t n, const struct event_value *v)
{
    event_field f = event_field_by_name(name, n);
    if (f != EVENT_F_NONE)
        add_value(e, f, v, true);
    else
        add_unknown(e, name, n, v, true);
}

void event_add_value_view(struct event *e, event_field f, const struct event_value *v)
{
    add_value(e, f, v, false);
}

void event_add_named_view(struct event *e, const char *name, size_t n, const struct event_value *v)
{
    event_field f = event_field_by_name(name, n);
    if (f != EVENT_F_NONE) {
        add_value(e, f, v, false);
        return;
    }
    const char *kept = place_named(e, name, n) < 0 ? arena_strndup(e->arena, name, n) : name;
    if (kept == NULL)
        e->failed = true;
    else
        add_unknown(e, kept, n, v, false);
}

void event_add_unknown_view(struct event *e, const char *name, size_t n,
                            const struct event_value *v)
{
    add_unknown(e, name, n, v, false);
}

/* The last item moves into the gap: the order of fields carries no meaning. */
static void remove_at(struct event *e, int64_t at)
{
    if (at < 0)
        return;
    event_field f = e->ids[at];
    if (f != EVENT_F_NONE)
        e->has[f / 64] &= ~((uint64_t)1 << f % 64);
    e->n--;
    e->items[at] = e->items[e->n];
    e->ids[at] = e->ids[e->n];
}

void event_remove(struct event *e, event_field f)
{
    remove_at(e, place(e, f));
}

void event_remove_named(struct event *e, const char *name, size_t n)
{
    event_field f = event_field_by_name(name, n);
    remove_at(e, f != EVENT_F_NONE ? place(e, f) : place_named(e, name, n));
}

const struct event_item *event_get(const struct event *e, event_field f)
{
    int64_t at = place(e, f);
    return at >= 0 ? &e->items[at] : NULL;
}

const struct event_item *event_find(const struct event *e, const char *name, size_t n)
{
    event_field f = event_field_by_name(name, n);
    int64_t at = f != EVENT_F_NONE ? place(e, f) : place_named(e, name, n);
    return at >= 0 ? &e->items[at] : NULL;
}

const char *event_str(const struct event *e, event_field f, const char *otherwise)
{
    const struct event_item *item = event_get(e, f);
    return item != NULL && event_values(item)->type == EVENT_STR ? event_values(item)->s
                                                                 : otherwise;
}

int64_t event_i64(const struct event *e, event_field f, int64_t otherwise)
{
    const struct event_item *item = event_get(e, f);
    return item != NULL && event_values(item)->type == EVENT_I64 ? event_values(item)->i
                                                                 : otherwise;
}

const struct ip *event_ip(const struct event *e, event_field f)
{
    const struct event_item *item = event_get(e, f);
    return item != NULL && event_values(item)->type == EVENT_IP ? event_values(item)->ip : NULL;
}

const char *event_value_text(const struct event_value *v, char scratch[EVENT_TEXT_SIZE],
                             size_t *out_n)
{
    struct buf b;
    switch ((enum event_type)v->type) {
    case EVENT_STR:
        *out_n = v->len;
        return v->s;
    case EVENT_I64:
        *out_n = (size_t)snprintf(scratch, EVENT_TEXT_SIZE, "%lld", (long long)v->i);
        return scratch;
    case EVENT_F64:
        buf_init(&b);
        buf_f64(&b, v->f);
        *out_n = (size_t)snprintf(scratch, EVENT_TEXT_SIZE, "%s", buf_text(&b));
        buf_release(&b);
        return scratch;
    case EVENT_BOOL:
        *out_n = (size_t)snprintf(scratch, EVENT_TEXT_SIZE, "%s", v->b ? "true" : "false");
        return scratch;
    case EVENT_IP:
        *out_n = ip_format(v->ip, scratch);
        return scratch;
    case EVENT_TIME:
        *out_n = time_format_iso(v->t, scratch);
        return scratch;
    case EVENT_NULL:
        break;
    }
    scratch[0] = '\0';
    *out_n = 0;
    return scratch;
}

bool event_value_number(const struct event_value *v, double *out)
{
    switch ((enum event_type)v->type) {
    case EVENT_I64:
        *out = (double)v->i;
        return true;
    case EVENT_F64:
        *out = v->f;
        return true;
    case EVENT_BOOL:
        *out = v->b;
        return true;
    case EVENT_TIME:
        *out = (double)(v->t / TIME_MS);
        return true;
    case EVENT_STR:
        return read_number(v->s, v->len, out);
    case EVENT_IP:
    case EVENT_NULL:
        break;
    }
    return false;
}

void event_copy(struct event *out, struct arena *arena, const struct event *e)
{
    *out = (struct event){
        .time = e->time, .sequence = e->sequence, .source = e->source, .arena = arena};
    out->failed = e->failed;
    if (!event_reserve(out, e->n > 0 ? e->n + 4 : 4))
        return;
    for (uint32_t i = 0; i < e->n; i++) {
        const struct event_item *from = &e->items[i];
        const char *name = from->name;
        if (from->field == EVENT_F_NONE)
            name = arena_strndup(arena, from->name, from->name_len);
        struct event_item *item =
            name != NULL ? append(out, from->field, name, from->name_len) : NULL;
        if (item == NULL) {
            out->failed = true;
            return;
        }
        for (uint32_t k = 0; k < from->n; k++) {
            struct event_value v = own(out, &event_values(from)[k]);
            put(out, item, v);
        }
    }
}
