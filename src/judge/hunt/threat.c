/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt_priv.h"

#include "base/arena.h"
#include "base/map.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "format/node.h"
#include "format/write.h"
#include "query/query.h"

#include <stdlib.h>
#include <string.h>

/*
 * Rules of type threat_match. Indicators are kept whole, and found by their values: one key for
 * each item of the mapping and combination of values. An event is looked up as it arrives; only
 * one that matches is kept.
 */

/* More are not told of one event. */
#define MATCHES_MAX 200

struct indicator {
    struct hunt_doc *doc;
};

/* An indicator under one key; next is the number of the next one plus 1. */
struct link {
    struct indicator *indicator;
    size_t next;
};

struct match {
    const struct indicator *indicator;
    uint32_t item;
};

/* Of a kept event. */
struct matches {
    size_t n;
    struct match at[];
};

struct threat {
    struct hunt_keep events;
    struct map *ids;  /* of indicators */
    struct map *keys; /* to the number of the first link plus 1 */
    struct indicator **indicators;
    size_t indicators_n;
    size_t indicators_cap;
    size_t known; /* indicators that events were looked up with when they came */
    struct link *links;
    size_t links_n;
    size_t links_cap;
    struct budget bytes; /* of indicators */
    struct event_json *reader;
    struct match found[MATCHES_MAX]; /* of the event at hand */
    size_t found_n;
};

static void threat_free(struct threat *t)
{
    if (t == NULL)
        return;
    for (size_t i = 0; i < t->events.n; i++)
        mem_free(hunt_keep_at(&t->events, i)->more);
    hunt_keep_release(&t->events);
    for (size_t i = 0; i < t->indicators_n; i++) {
        hunt_doc_free(t->indicators[i]->doc);
        mem_free(t->indicators[i]);
    }
    mem_free(t->indicators);
    mem_free(t->links);
    map_free(t->ids);
    map_free(t->keys);
    event_json_free(t->reader);
    mem_free(t);
}

static bool open_threat(struct hunt *h)
{
    struct threat *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return false;
    budget_init(&t->bytes, HUNT_INDICATOR_BYTES);
    t->ids = map_new(h->seed);
    t->keys = map_new(h->seed);
    t->reader = event_json_new();
    if (t->ids == NULL || t->keys == NULL || t->reader == NULL) {
        threat_free(t);
        return false;
    }
    h->own = t;
    return true;
}

static void close_threat(struct hunt *h)
{
    threat_free(h->own);
}

static struct bytes lead_of(uint32_t item, uint8_t out[4])
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(item >> 8 * i);
    return bytes_make(out, 4);
}

struct linking {
    struct threat *threat;
    struct indicator *indicator;
    bool failed;
};

static bool add_link(void *ctx, const void *key, size_t n)
{
    struct linking *l = ctx;
    struct threat *t = l->threat;
    uint64_t cost = mem_cost(n) + 32 + 2 * sizeof(struct link);
    if (!budget_charge(&t->bytes, cost) ||
        mem_grow((void **)&t->links, &t->links_cap, t->links_n + 1, sizeof(*t->links)) != 0) {
        l->failed = true;
        return false;
    }
    uint64_t *first = map_put(t->keys, key, n, NULL);
    if (first == NULL) {
        l->failed = true;
        return false;
    }
    t->links[t->links_n] = (struct link){l->indicator, (size_t)*first};
    *first = ++t->links_n;
    return true;
}

static bool feed_indicator(struct hunt *h, const struct hunt_source *s, ts_ns time)
{
    struct threat *t = h->own;
    bool is_new = false;
    uint64_t *known = map_put(t->ids, s->id, strlen(s->id), &is_new);
    if (known == NULL || !is_new)
        return known != NULL;
    struct indicator *i = mem_zero(1, sizeof(*i));
    if (i != NULL)
        i->doc = hunt_doc_new(s, time, &h->text);
    if (i == NULL || i->doc == NULL || !budget_charge(&t->bytes, i->doc->bytes + 96) ||
        mem_grow((void **)&t->indicators, &t->indicators_cap, t->indicators_n + 1,
                 sizeof(struct indicator *)) != 0) {
        if (i != NULL)
            hunt_doc_free(i->doc);
        mem_free(i);
        map_remove(t->ids, s->id, strlen(s->id));
        return false;
    }
    t->indicators[t->indicators_n++] = i;
    struct linking linking = {t, i, false};
    for (size_t k = 0; k < h->spec->items_n && !linking.failed; k++) {
        const struct hunt_item *item = &h->spec->items[k];
        uint8_t lead[4];
        hunt_key_each(s->event, item->indicator, item->plain, lead_of((uint32_t)k, lead), &h->key,
                      add_link, &linking);
    }
    return !linking.failed && buf_ok(&h->key);
}

struct matching {
    struct hunt *hunt;
    const struct event *event;
    const struct event *indicator; /* whose values are compared */
    const struct hunt_field *field;
    uint32_t item;
    bool shared; /* both have a value */
    bool failed;
};

static bool is_shared(void *ctx, const void *s, size_t n)
{
    struct matching *m = ctx;
    m->shared = hunt_key_has(m->indicator, m->field, bytes_make(s, n));
    return !m->shared;
}

/* Whether none of the negated entries holds. */
static bool negated_fit(struct matching *m, const struct indicator *i)
{
    const struct hunt_item *item = &m->hunt->spec->items[m->item];
    const struct threat *t = m->hunt->own;
    struct arena arena;
    struct event indicator;
    if (item->plain == item->n)
        return true;
    arena_init(&arena, 0);
    m->shared = false;
    enum err code = hunt_doc_event(i->doc, t->reader, &arena, &indicator);
    m->failed |= code == ERR_MEMORY;
    m->indicator = &indicator;
    for (size_t k = item->plain; k < item->n && code == ERR_NONE && !m->shared; k++) {
        m->field = &item->indicator[k];
        hunt_key_values(m->event, &item->field[k], is_shared, m);
    }
    arena_release(&arena);
    return code == ERR_NONE && !m->shared;
}

static bool look_up(void *ctx, const void *key, size_t n)
{
    struct matching *m = ctx;
    struct threat *t = m->hunt->own;
    const uint64_t *first = map_get(t->keys, key, n);
    for (size_t at = first != NULL ? (size_t)*first : 0; at != 0; at = t->links[at - 1].next) {
        const struct indicator *i = t->links[at - 1].indicator;
        if (t->found_n == MATCHES_MAX)
            return false;
        if (negated_fit(m, i))
            t->found[t->found_n++] = (struct match){i, m->item};
    }
    return true;
}

static bool match_event(struct hunt *h, const struct event *e)
{
    struct threat *t = h->own;
    struct matching m = {.hunt = h, .event = e};
    t->found_n = 0;
    for (; m.item < h->spec->items_n && !m.failed; m.item++) {
        const struct hunt_item *item = &h->spec->items[m.item];
        uint8_t lead[4];
        hunt_key_each(e, item->field, item->plain, lead_of(m.item, lead), &h->key, look_up, &m);
    }
    return !m.failed && buf_ok(&h->key);
}

static uint64_t matches_cost(const struct matches *m)
{
    return mem_cost(sizeof(*m) + m->n * sizeof(struct match));
}

static uint64_t event_cost(const struct hunt_doc *d)
{
    return d->bytes + matches_cost(d->more);
}

static void event_free(struct hunt_doc *d)
{
    mem_free(d->more);
    hunt_doc_free(d);
}

/* By name, so that the order in which indicators came does not matter. */
static int compare_matches(const void *a, const void *b)
{
    const struct match *x = a;
    const struct match *y = b;
    int order = strcmp(x->indicator->doc->id, y->indicator->doc->id);
    return order != 0 ? order : (x->item > y->item) - (x->item < y->item);
}

/* The matches found last, kept; NULL without memory. */
static struct matches *keep_matches(struct threat *t)
{
    qsort(t->found, t->found_n, sizeof(t->found[0]), compare_matches);
    struct matches *m = mem_alloc(sizeof(*m) + t->found_n * sizeof(struct match));
    if (m != NULL) {
        m->n = t->found_n;
        memcpy(m->at, t->found, t->found_n * sizeof(struct match));
    }
    return m;
}

/* An event that is kept and matches more than it did. Where there is no room for more it stays as
 * it was, and counts as dropped. */
static bool match_again(struct hunt *h, struct hunt_doc *d)
{
    struct threat *t = h->own;
    struct matches *m = d->dealt ? NULL : keep_matches(t);
    if (m == NULL)
        return d->dealt;
    uint64_t before = matches_cost(d->more);
    uint64_t after = matches_cost(m);
    if (after > before && !hunt_charge(h, after - before)) {
        mem_free(m);
        return false;
    }
    if (after < before)
        hunt_return(h, before - after);
    mem_free(d->more);
    d->more = m;
    return true;
}

static bool feed_event(struct hunt *h, const struct hunt_source *s, ts_ns time)
{
    struct threat *t = h->own;
    if (time < h->covered)
        return true;
    if (!match_event(h, s->event))
        return false;
    if (t->found_n == 0)
        return true;
    if (hunt_keep_has(&t->events, time, s->id)) {
        for (size_t i = hunt_keep_before(&t->events, time); i < t->events.n; i++) {
            struct hunt_doc *d = hunt_keep_at(&t->events, i);
            if (strcmp(d->id, s->id) == 0)
                return match_again(h, d);
        }
    }
    struct hunt_doc *d = hunt_doc_new(s, time, &h->text);
    if (d == NULL)
        return false;
    d->more = keep_matches(t);
    if (d->more != NULL && hunt_charge(h, event_cost(d))) {
        if (hunt_keep_take(&t->events, d))
            return true;
        hunt_return(h, event_cost(d));
    }
    event_free(d);
    return false;
}

static bool feed_threat(struct hunt *h, enum hunt_role role, const struct hunt_source *s,
                        ts_ns time)
{
    return role == HUNT_INDICATOR ? feed_indicator(h, s, time) : feed_event(h, s, time);
}

static enum err prepare_threat(struct hunt *h, ts_ns from, struct err_text *why)
{
    struct threat *t = h->own;
    (void)from;
    enum err code =
        hunt_feed_stored(h, HUNT_INDICATOR, h->spec->threat_query, TIME_NONE, TIME_MAX, why);
    t->known = t->indicators_n;
    return code;
}

struct gathering {
    const char **values;
    size_t n;
    size_t cap;
    struct arena *arena;
    bool failed;
};

static bool gather_value(void *ctx, const void *s, size_t n)
{
    struct gathering *g = ctx;
    char *copy = arena_strndup(g->arena, s, n);
    if (copy == NULL ||
        mem_grow((void **)&g->values, &g->cap, g->n + 1, sizeof(const char *)) != 0) {
        g->failed = true;
        return false;
    }
    g->values[g->n++] = copy;
    return true;
}

/* Events that hold a value of a new indicator in the first field of an item. NULL without error:
 * this cannot be said. */
static enum err ask_for_item(struct hunt *h, const struct hunt_item *item, struct query **out)
{
    const struct threat *t = h->own;
    struct arena arena;
    struct gathering g = {.arena = &arena};
    struct err_text why;
    enum err code = ERR_NONE;
    arena_init(&arena, 0);
    for (size_t i = t->known; i < t->indicators_n && code == ERR_NONE; i++) {
        struct arena scratch;
        struct event e;
        arena_init(&scratch, 0);
        code = hunt_doc_event(t->indicators[i]->doc, t->reader, &scratch, &e);
        if (code == ERR_NONE)
            hunt_key_values(&e, &item->indicator[0], gather_value, &g);
        arena_release(&scratch);
    }
    if (code == ERR_NONE)
        code = g.failed ? ERR_MEMORY : ERR_NONE;
    *out = NULL;
    if (code == ERR_NONE && g.n > 0)
        code = query_new_terms(item->field[0].name, g.values, g.n, out, &why);
    else if (code == ERR_NONE)
        code = query_new_none(out);
    mem_free(g.values);
    arena_release(&arena);
    return code == ERR_INVALID ? ERR_NONE : code;
}

/* What may match new indicators; NULL without error: ask for all. */
static enum err ask_for_new(struct hunt *h, struct query **out)
{
    size_t n = h->spec->items_n;
    struct query **list = mem_zero(n + 1, sizeof(struct query *));
    bool all = false;
    enum err code = list != NULL ? ERR_NONE : ERR_MEMORY;
    *out = NULL;
    for (size_t i = 0; i < n && code == ERR_NONE && !all; i++) {
        code = ask_for_item(h, &h->spec->items[i], &list[i]);
        all = code == ERR_NONE && list[i] == NULL;
    }
    if (code == ERR_NONE && !all)
        code = query_any_of_take(list, n, out);
    for (size_t i = 0; list != NULL && i < n && *out == NULL; i++)
        query_free(list[i]);
    mem_free(list);
    return code;
}

/* Events of this span and of those to come that came before the indicator that they match. */
static enum err match_earlier(struct hunt *h, const struct hunt_looking *l)
{
    struct threat *t = h->own;
    struct query *query;
    if (t->known == t->indicators_n || h->ports->find == NULL)
        return ERR_NONE;
    enum err code = ask_for_new(h, &query);
    if (code == ERR_NONE)
        code = hunt_feed_stored(h, HUNT_EVENT, query != NULL ? query : h->spec->query, l->from,
                                TIME_MAX, l->why);
    query_free(query);
    if (code == ERR_NONE)
        t->known = t->indicators_n;
    return code;
}

/* The object at a dotted path. */
static const struct format_node *at_path(const struct format_node *v, const char *path)
{
    while (v != NULL) {
        char name[256];
        size_t n = strcspn(path, ".");
        if (n >= sizeof(name))
            return NULL;
        memcpy(name, path, n);
        name[n] = '\0';
        v = format_node_get(v, name);
        if (path[n] == '\0')
            return v;
        path += n + 1;
    }
    return NULL;
}

struct atomic {
    struct matching matching;
    struct format_writer *w;
};

static bool write_atomic(void *ctx, const void *s, size_t n)
{
    struct atomic *a = ctx;
    if (is_shared(&a->matching, s, n))
        return true;
    format_write_str_n(a->w, s, n);
    return false;
}

/* One for each entry: which value matched, and what the indicator says. */
static void write_enrichment(struct hunt *h, const struct match *m, const struct event *e,
                             const struct event *indicator, const struct format_node *root,
                             struct format_writer *w)
{
    const struct hunt_item *item = &h->spec->items[m->item];
    for (size_t k = 0; k < item->plain; k++) {
        struct atomic atomic = {.matching = {.hunt = h,
                                             .event = e,
                                             .indicator = indicator,
                                             .field = &item->indicator[k]},
                                .w = w};
        const struct format_node *says = at_path(root, h->spec->indicator_path);
        format_write_begin_object(w);
        if (says != NULL) {
            format_write_key(w, "indicator");
            format_node_write_value(says, w);
        }
        format_write_key(w, "feed");
        const struct format_node *feed = at_path(root, "threat.feed");
        if (feed != NULL) {
            format_node_write_value(feed, w);
        } else {
            format_write_begin_object(w);
            format_write_end_object(w);
        }
        format_write_key(w, "matched");
        format_write_begin_object(w);
        format_write_key(w, "atomic");
        hunt_key_values(e, &item->field[k], write_atomic, &atomic);
        if (!atomic.matching.shared)
            format_write_null(w);
        format_write_field_str(w, "field", item->field[k].name);
        format_write_field_str(w, "id", m->indicator->doc->id);
        format_write_field_str(w, "index", m->indicator->doc->index);
        format_write_field_str(w, "type", "indicator_match_rule");
        format_write_end_object(w);
        format_write_end_object(w);
    }
}

/* *count grows when the indicator still counts as one. */
static enum err add_enrichment(struct hunt *h, const struct match *m, const struct event *e,
                               struct format_writer *w, size_t *count)
{
    const struct threat *t = h->own;
    const struct hunt_doc *d = m->indicator->doc;
    struct arena arena;
    struct event indicator;
    struct format_node *root = NULL;
    arena_init(&arena, 0);
    enum err code = hunt_doc_event(d, t->reader, &arena, &indicator);
    bool counts = code == ERR_NONE && (!query_uses_now(h->spec->threat_query) ||
                                       query_match(h->spec->threat_query, &indicator));
    if (counts)
        code = format_node_json(d->json, d->json_n, "indicator", &root, NULL);
    if (counts && code == ERR_NONE) {
        write_enrichment(h, m, e, &indicator, root, w);
        ++*count;
    }
    format_node_free(root);
    arena_release(&arena);
    return code;
}

/* threat.enrichments */
static enum err write_enrichments(struct hunt *h, const struct hunt_doc *d, struct buf *out,
                                  size_t *count)
{
    const struct matches *matches = d->more;
    struct format_writer w;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    format_write_init(&w, out);
    buf_str(out, "\"threat.enrichments\":");
    format_write_begin_array(&w);
    *count = 0;
    enum err code = hunt_doc_event(d, h->reader, &arena, &e);
    for (size_t i = 0; i < matches->n && code == ERR_NONE; i++)
        code = add_enrichment(h, &matches->at[i], &e, &w, count);
    format_write_end_array(&w);
    arena_release(&arena);
    return code == ERR_NONE && !buf_ok(out) ? ERR_MEMORY : code;
}

static enum err show_event(struct hunt *h, struct hunt_looking *l, struct hunt_doc *d)
{
    struct buf more;
    size_t count;
    enum hunt_verdict verdict = HUNT_TAKEN;
    buf_init(&more);
    enum err code = write_enrichments(h, d, &more, &count);
    if (code == ERR_NONE && count > 0)
        code = hunt_show(h, l, d, bytes_make(more.p, more.n), d, &verdict);
    buf_release(&more);
    d->dealt |= code == ERR_NONE && verdict == HUNT_KNOWN;
    return code;
}

static enum err look_threat(struct hunt *h, struct hunt_looking *l)
{
    const struct threat *t = h->own;
    enum err code = match_earlier(h, l);
    size_t first = hunt_keep_before(&t->events, l->from);
    for (size_t i = hunt_keep_before(&t->events, l->to);
         i > first && code == ERR_NONE && !l->enough; i--) {
        struct hunt_doc *d = hunt_keep_at(&t->events, i - 1);
        if (!d->dealt)
            code = show_event(h, l, d);
    }
    return code;
}

static void dealt_threat(struct hunt *h, void *origin)
{
    struct hunt_doc *d = origin;
    (void)h;
    d->dealt = true;
}

static void forget_threat(struct hunt *h, ts_ns before)
{
    struct threat *t = h->own;
    while (t->events.n > 0 && hunt_keep_at(&t->events, 0)->time < before) {
        struct hunt_doc *d = hunt_keep_pop(&t->events);
        hunt_return(h, event_cost(d));
        event_free(d);
    }
}

const struct hunt_type_ops hunt_threat_ops = {
    .open = open_threat,
    .close = close_threat,
    .feed = feed_threat,
    .look = look_threat,
    .dealt = dealt_threat,
    .forget = forget_threat,
    .prepare = prepare_threat,
};
