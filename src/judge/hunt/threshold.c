/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt_priv.h"

#include "base/arena.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "format/node.h"
#include "format/write.h"

#include <stdlib.h>
#include <string.h>

/* Rules of type threshold: how many events there are of each combination of values. */

/* The version that ids of threshold alerts are made with: there is no document to have one. */
#define VERSION "1"

/* An event, or one value of a field whose different values are counted. */
struct point {
    ts_ns time;
    uint64_t value; /* hash of the value */
    uint32_t of;    /* 0: an event; k: the k-th cardinality */
};

struct group {
    void *key;
    size_t key_n;
    struct point *at; /* as they came */
    size_t n;
    size_t cap;
    ts_ns last;    /* the latest time among them */
    ts_ns told;    /* events up to then have their alert; TIME_NONE: none */
    ts_ns offered; /* latest event of what was shown last */
    bool stirred;  /* something came since it was last found to be too little */
};

struct counting {
    struct map *groups; /* key to struct group */
    struct group **stirred;
    size_t stirred_n;
    size_t stirred_cap;
    size_t swept; /* groups after the last sweep */
};

static bool open_threshold(struct hunt *h)
{
    struct counting *c = mem_zero(1, sizeof(*c));
    if (c == NULL)
        return false;
    c->groups = map_new(h->seed);
    if (c->groups == NULL) {
        mem_free(c);
        return false;
    }
    h->own = c;
    return true;
}

static void group_free(struct group *g)
{
    mem_free(g->key);
    mem_free(g->at);
    mem_free(g);
}

static struct group *group_of(uint64_t value)
{
    return (struct group *)(uintptr_t)value;
}

static void close_threshold(struct hunt *h)
{
    struct counting *c = h->own;
    size_t at = 0;
    const void *key;
    size_t key_n;
    uint64_t *value;
    while (map_next(c->groups, &at, &key, &key_n, &value))
        group_free(group_of(*value));
    map_free(c->groups);
    mem_free(c->stirred);
    mem_free(c);
}

/* What a group takes besides its points: itself, its key, and its place in the map. */
static uint64_t group_cost(size_t key_n)
{
    return mem_cost(sizeof(struct group)) + 2 * mem_cost(key_n) + 64;
}

static struct group *find_group(struct hunt *h, const void *key, size_t n)
{
    struct counting *c = h->own;
    uint64_t *there = map_get(c->groups, key, n);
    if (there != NULL)
        return group_of(*there);
    if (!hunt_charge(h, group_cost(n)))
        return NULL;
    struct group *g = mem_zero(1, sizeof(*g));
    void *copy = mem_strndup(key, n);
    uint64_t *value = g != NULL && copy != NULL ? map_put(c->groups, key, n, NULL) : NULL;
    if (value == NULL) {
        mem_free(g);
        mem_free(copy);
        hunt_return(h, group_cost(n));
        return NULL;
    }
    *value = (uint64_t)(uintptr_t)g;
    g->key = copy;
    g->key_n = n;
    g->last = g->told = g->offered = TIME_NONE;
    return g;
}

/* False without memory. */
static bool stir(struct counting *c, struct group *g)
{
    if (g->stirred)
        return true;
    if (mem_grow((void **)&c->stirred, &c->stirred_cap, c->stirred_n + 1, sizeof(struct group *)) !=
        0)
        return false;
    c->stirred[c->stirred_n++] = g;
    g->stirred = true;
    return true;
}

struct adding {
    struct hunt *hunt;
    struct group *group;
    const struct event *event;
    ts_ns time;
    uint32_t of;
    bool failed;
};

static void add_point(struct adding *a, uint64_t value)
{
    struct group *g = a->group;
    size_t cap = g->cap;
    if (g->n == g->cap && !hunt_charge(a->hunt, (cap > 0 ? cap : 8) * sizeof(struct point))) {
        a->failed = true;
        return;
    }
    if (g->n == g->cap &&
        mem_grow((void **)&g->at, &g->cap, cap > 0 ? 2 * cap : 8, sizeof(struct point)) != 0) {
        hunt_return(a->hunt, (cap > 0 ? cap : 8) * sizeof(struct point));
        a->failed = true;
        return;
    }
    g->at[g->n++] = (struct point){a->time, value, a->of};
}

static bool add_value(void *ctx, const void *s, size_t n)
{
    struct adding *a = ctx;
    add_point(a, hash_bytes(a->hunt->seed, s, n));
    return !a->failed;
}

static bool add_to_group(void *ctx, const void *key, size_t n)
{
    struct adding *a = ctx;
    const struct hunt_spec *spec = a->hunt->spec;
    a->group = find_group(a->hunt, key, n);
    if (a->group == NULL || !stir(a->hunt->own, a->group)) {
        a->failed = true;
        return false;
    }
    a->of = 0;
    add_point(a, 0);
    for (size_t i = 0; i < spec->cardinality_n && !a->failed; i++) {
        a->of = (uint32_t)i + 1;
        hunt_key_values(a->event, &spec->cardinality[i].field, add_value, a);
    }
    if (a->time > a->group->last)
        a->group->last = a->time;
    return !a->failed;
}

static bool feed_threshold(struct hunt *h, enum hunt_role role, const struct hunt_source *s,
                           ts_ns time)
{
    struct adding a = {.hunt = h, .event = s->event, .time = time};
    (void)role;
    if (time < h->covered)
        return true;
    hunt_key_each(s->event, h->spec->fields, h->spec->fields_n, bytes_make("", 0), &h->key,
                  add_to_group, &a);
    return !a.failed && buf_ok(&h->key);
}

/* What a span holds of a group. */
struct tally {
    struct group *group;
    uint64_t events;
    ts_ns first;
    ts_ns last;
    uint64_t different[HUNT_FIELDS_MAX];
};

static int compare_values(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a;
    const uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* How many different values of the k-th cardinality there are from a time on. ERR_MEMORY. */
static enum err count_different(const struct group *g, size_t k, ts_ns from, ts_ns to,
                                uint64_t *out)
{
    uint64_t *values = mem_alloc((g->n + 1) * sizeof(*values));
    size_t n = 0;
    uint64_t different = 0;
    if (values == NULL)
        return ERR_MEMORY;
    for (size_t i = 0; i < g->n; i++) {
        const struct point *p = &g->at[i];
        if (p->of == k + 1 && p->time >= from && p->time < to)
            values[n++] = p->value;
    }
    if (n > 1)
        qsort(values, n, sizeof(*values), compare_values);
    for (size_t i = 0; i < n; i++)
        different += i == 0 || values[i] != values[i - 1];
    mem_free(values);
    *out = different;
    return ERR_NONE;
}

/* Drops points before a time. */
static void trim(struct group *g, ts_ns before)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) {
        if (g->at[i].time >= before)
            g->at[n++] = g->at[i];
    }
    g->n = n;
}

/* *out_fits: the group holds enough. */
static enum err tally_group(const struct hunt *h, const struct hunt_looking *l, struct group *g,
                            struct tally *out, bool *out_fits)
{
    const struct hunt_spec *spec = h->spec;
    ts_ns from = g->told != TIME_NONE && g->told >= l->from ? g->told + 1 : l->from;
    struct tally t = {.group = g, .first = TIME_MAX, .last = TIME_NONE};
    for (size_t i = 0; i < g->n; i++) {
        const struct point *p = &g->at[i];
        if (p->of != 0 || p->time < from || p->time >= l->to)
            continue;
        t.events++;
        t.first = p->time < t.first ? p->time : t.first;
        t.last = p->time > t.last ? p->time : t.last;
    }
    bool fits = t.events >= spec->least && t.events > 0;
    for (size_t i = 0; i < spec->cardinality_n && fits; i++) {
        uint64_t different;
        enum err code = count_different(g, i, from, l->to, &different);
        if (code != ERR_NONE)
            return code;
        t.different[i] = different;
        fits = different >= spec->cardinality[i].least;
    }
    *out = t;
    *out_fits = fits;
    return ERR_NONE;
}

/* Value by value, as people would put them in order. */
static int compare_tallies(const void *a, const void *b)
{
    const struct group *x = ((const struct tally *)a)->group;
    const struct group *y = ((const struct tally *)b)->group;
    for (size_t i = 0;; i++) {
        struct bytes v;
        struct bytes w;
        bool more = hunt_key_value(x->key, x->key_n, i, &v);
        if (!hunt_key_value(y->key, y->key_n, i, &w) || !more)
            return 0;
        int order = memcmp(v.p, w.p, v.n < w.n ? v.n : w.n);
        if (order != 0 || v.n != w.n)
            return order != 0 ? order : (v.n > w.n) - (v.n < w.n);
    }
}

static void write_pair(struct format_writer *w, const struct hunt_field *f)
{
    format_write_begin_object(w);
    format_write_key(w, "field");
    format_write_str_n(w, f->name, f->len);
    format_write_key(w, "value");
}

/* kibana.alert.threshold_result */
static void write_result(const struct hunt_spec *spec, const struct tally *t, struct buf *out)
{
    struct format_writer w;
    struct bytes value;
    format_write_init(&w, out);
    buf_str(out, "\"kibana.alert.threshold_result\":");
    format_write_begin_object(&w);
    format_write_key(&w, "from");
    format_write_time(&w, t->first);
    format_write_key(&w, "terms");
    format_write_begin_array(&w);
    for (size_t i = 0; i < spec->fields_n; i++) {
        if (!hunt_key_value(t->group->key, t->group->key_n, i, &value))
            break;
        write_pair(&w, &spec->fields[i]);
        format_write_str_n(&w, (const char *)value.p, value.n);
        format_write_end_object(&w);
    }
    format_write_end_array(&w);
    format_write_key(&w, "cardinality");
    format_write_begin_array(&w);
    for (size_t i = 0; i < spec->cardinality_n; i++) {
        write_pair(&w, &spec->cardinality[i].field);
        format_write_u64(&w, t->different[i]);
        format_write_end_object(&w);
    }
    format_write_end_array(&w);
    format_write_key(&w, "count");
    format_write_u64(&w, t->events);
    format_write_end_object(&w);
}

/* What stands for the group: its values at the time of its latest event. */
static void make_event(const struct hunt_spec *spec, const struct tally *t, struct arena *arena,
                       struct event *out)
{
    struct bytes text;
    event_init(out, arena, t->last);
    for (size_t i = 0; i < spec->fields_n; i++) {
        if (!hunt_key_value(t->group->key, t->group->key_n, i, &text))
            break;
        const struct event_value value = event_value_str((const char *)text.p, text.n);
        event_add_named(out, spec->fields[i].name, spec->fields[i].len, &value);
    }
}

/* All the names of indices, as the ancestor of an alert that has no document. */
static void write_indices(const struct hunt_spec *spec, struct buf *out)
{
    for (size_t i = 0; i < spec->patterns_n; i++) {
        if (i > 0)
            buf_char(out, ',');
        buf_str(out, spec->patterns[i]);
    }
}

/* The group's name, of which ids are made: its values, and its latest event's time. */
static void write_name(const struct hunt_spec *spec, const struct tally *t, struct buf *out)
{
    struct bytes value;
    for (size_t i = 0; i < spec->fields_n; i++) {
        if (!hunt_key_value(t->group->key, t->group->key_n, i, &value))
            break;
        buf_str(out, spec->fields[i].name);
        buf_char(out, ':');
        buf_add(out, value.p, value.n);
        buf_char(out, ' ');
    }
    buf_i64(out, t->last);
}

static enum err show(struct hunt *h, struct hunt_looking *l, struct tally *t)
{
    struct arena arena;
    struct event e;
    struct buf more;
    struct buf index;
    struct buf name;
    arena_init(&arena, 0);
    buf_init(&more);
    buf_init(&index);
    buf_init(&name);
    make_event(h->spec, t, &arena, &e);
    write_result(h->spec, t, &more);
    write_indices(h->spec, &index);
    write_name(h->spec, t, &name);
    enum err code =
        buf_ok(&more) && buf_ok(&index) && buf_ok(&name) && !e.failed ? ERR_NONE : ERR_MEMORY;
    if (code == ERR_NONE) {
        const struct hunt_hit hit = {.index = buf_text(&index),
                                     .id = buf_text(&name),
                                     .version = VERSION,
                                     .time = t->last,
                                     .since = t->first,
                                     .count = t->events,
                                     .event = &e,
                                     .more = bytes_make(more.p, more.n),
                                     .origin = h->past ? NULL : t->group};
        t->group->offered = t->last;
        enum hunt_verdict verdict = l->fn(l->ctx, &hit);
        if (verdict == HUNT_KNOWN)
            t->group->told = t->last;
        l->enough |= verdict == HUNT_ENOUGH;
    }
    buf_release(&more);
    buf_release(&index);
    buf_release(&name);
    arena_release(&arena);
    return code;
}

/* Groups that hold enough, and those that may in time, stay stirred. */
static enum err look_threshold(struct hunt *h, struct hunt_looking *l)
{
    struct counting *c = h->own;
    struct tally *fits = mem_alloc((c->stirred_n + 1) * sizeof(*fits));
    size_t fits_n = 0;
    size_t left = 0;
    enum err code = fits != NULL ? ERR_NONE : ERR_MEMORY;
    for (size_t i = 0; i < c->stirred_n && fits != NULL; i++) {
        struct group *g = c->stirred[i];
        bool enough = false;
        if (code == ERR_NONE)
            trim(g, l->from);
        if (code == ERR_NONE)
            code = tally_group(h, l, g, &fits[fits_n], &enough);
        fits_n += enough;
        g->stirred = enough || code != ERR_NONE || g->last >= l->to;
        if (g->stirred)
            c->stirred[left++] = g;
    }
    if (fits != NULL)
        c->stirred_n = left;
    if (fits_n > 1)
        qsort(fits, fits_n, sizeof(*fits), compare_tallies);
    for (size_t i = 0; i < fits_n && code == ERR_NONE && !l->enough; i++)
        code = show(h, l, &fits[i]);
    mem_free(fits);
    return code;
}

static void dealt_threshold(struct hunt *h, void *origin)
{
    struct group *g = origin;
    (void)h;
    g->told = g->offered;
}

/* Gives up groups without points. */
static void sweep(struct hunt *h, ts_ns before)
{
    struct counting *c = h->own;
    size_t at = 0;
    const void *key;
    size_t key_n;
    uint64_t *value;
    struct group **empty = mem_alloc((map_count(c->groups) + 1) * sizeof(struct group *));
    size_t n = 0;
    if (empty == NULL)
        return; /* the next sweep is as good */
    while (map_next(c->groups, &at, &key, &key_n, &value)) {
        struct group *g = group_of(*value);
        trim(g, before);
        if (g->n == 0 && !g->stirred && g->told < before)
            empty[n++] = g;
    }
    for (size_t i = 0; i < n; i++) {
        (void)map_remove(c->groups, empty[i]->key, empty[i]->key_n);
        hunt_return(h, group_cost(empty[i]->key_n) + empty[i]->cap * sizeof(struct point));
        group_free(empty[i]);
    }
    mem_free(empty);
    c->swept = map_count(c->groups);
}

/* Sweeps when there are twice as many groups as after the last time, or when room is short. */
static void forget_threshold(struct hunt *h, ts_ns before)
{
    const struct counting *c = h->own;
    size_t n = map_count(c->groups);
    if (n > 2 * c->swept + 256 || h->bytes.used > h->bytes.limit / 2)
        sweep(h, before);
}

struct telling {
    struct hunt *hunt;
    bool failed;
};

/* An alert of an earlier run: its group's events up to its time are told. */
static void on_told(void *ctx, struct bytes alert_json)
{
    struct telling *t = ctx;
    struct hunt *h = t->hunt;
    struct format_node *root = NULL;
    ts_ns time;
    if (format_node_json((const char *)alert_json.p, alert_json.n, "alert", &root, NULL) !=
        ERR_NONE)
        return;
    const struct format_node *terms =
        format_node_get(format_node_get(root, "kibana.alert.threshold_result"), "terms");
    const struct format_node *at = format_node_get(root, "kibana.alert.original_time");
    bool ours = format_node_type(terms) == FORMAT_ARRAY &&
                format_node_count(terms) == h->spec->fields_n &&
                time_parse_iso(format_node_str(at, ""), format_node_str_len(at), &time);
    buf_clear(&h->key);
    for (size_t i = 0; ours && i < h->spec->fields_n; i++) {
        const struct format_node *term = format_node_at(terms, i);
        const struct format_node *value = format_node_get(term, "value");
        ours = strcmp(format_node_str(format_node_get(term, "field"), ""),
                      h->spec->fields[i].name) == 0;
        buf_le32(&h->key, (uint32_t)format_node_str_len(value));
        buf_add(&h->key, format_node_str(value, ""), format_node_str_len(value));
    }
    struct group *g = NULL;
    if (ours && buf_ok(&h->key))
        g = find_group(h, buf_text(&h->key), h->key.n);
    t->failed |= ours && g == NULL;
    if (g != NULL && time > g->told)
        g->told = time;
    format_node_free(root);
}

static enum err prepare_threshold(struct hunt *h, ts_ns from, struct err_text *why)
{
    struct telling telling = {h, false};
    if (h->ports->told == NULL)
        return ERR_NONE;
    enum err code = h->ports->told(h->ports->ctx, h->rule_id, from, on_told, &telling, why);
    return code == ERR_NONE && telling.failed ? ERR_MEMORY : code;
}

const struct hunt_type_ops hunt_threshold_ops = {
    .counts = true,
    .open = open_threshold,
    .close = close_threshold,
    .feed = feed_threshold,
    .look = look_threshold,
    .dealt = dealt_threshold,
    .forget = forget_threshold,
    .prepare = prepare_threshold,
};
