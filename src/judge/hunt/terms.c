/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt_priv.h"

#include "base/map.h"
#include "base/mem.h"
#include "event/event.h"
#include "format/write.h"
#include "query/datemath.h"
#include "query/query.h"

#include <string.h>

/*
 * Rules of type new_terms. Of each combination of values it is known when it was seen last; an
 * event whose combination was not seen for a good while before it is kept, with that time: whether
 * it is new depends on where the history begins when a run looks.
 */

/* An event that may be the first of its combination. */
struct maybe {
    struct hunt_doc *doc;
    void *key;
    size_t key_n;
    ts_ns before; /* when the combination was seen last before; TIME_NONE: never */
};

struct seen {
    struct map *last; /* combination to the time it was seen last */
    struct maybe *at; /* in the order of time */
    size_t n;
    size_t cap;
    ts_ns reach; /* how far the history reaches back from now */
    ts_ns ripe;  /* a kept event becomes new when the history begins after this; TIME_MAX */
    bool whole;  /* last knows all combinations of the history */
    size_t swept;
};

static bool open_terms(struct hunt *h)
{
    struct seen *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return false;
    s->last = map_new(h->seed);
    if (s->last == NULL) {
        mem_free(s);
        return false;
    }
    s->ripe = TIME_MAX;
    s->whole = true;
    h->own = s;
    return true;
}

static void close_terms(struct hunt *h)
{
    struct seen *s = h->own;
    for (size_t i = 0; i < s->n; i++) {
        hunt_doc_free(s->at[i].doc);
        mem_free(s->at[i].key);
    }
    mem_free(s->at);
    map_free(s->last);
    mem_free(s);
}

/* Where the history of a run begins. */
static enum err history_of(const struct hunt *h, ts_ns now, ts_ns *out, struct err_text *why)
{
    const char *text = h->spec->history;
    return query_datemath_rule(text, strlen(text), now, false, out, why);
}

static enum err reach_terms(struct hunt *h, ts_ns from, ts_ns now, ts_ns *out, struct err_text *why)
{
    struct seen *s = h->own;
    ts_ns begin;
    enum err code = history_of(h, now, &begin, why);
    if (code != ERR_NONE)
        return code;
    s->reach = now - begin;
    *out = begin < from ? begin : from;
    return ERR_NONE;
}

static uint64_t maybe_cost(const struct maybe *m)
{
    return sizeof(*m) + m->doc->bytes + mem_cost(m->key_n);
}

static void maybe_release(struct hunt *h, struct maybe *m)
{
    hunt_return(h, maybe_cost(m));
    hunt_doc_free(m->doc);
    mem_free(m->key);
}

struct sighting {
    struct hunt *hunt;
    const struct hunt_source *source;
    ts_ns time;
    bool failed;
};

/* Keeps the event as a maybe. */
static bool keep_maybe(struct sighting *g, const void *key, size_t n, ts_ns before)
{
    struct seen *s = g->hunt->own;
    if (g->time < g->hunt->covered)
        return true; /* history: before every span to come */
    struct maybe m = {.doc = hunt_doc_new(g->source, g->time, &g->hunt->text),
                      .key = mem_strndup(key, n),
                      .key_n = n,
                      .before = before};
    if (m.doc == NULL || m.key == NULL || !hunt_charge(g->hunt, maybe_cost(&m))) {
        hunt_doc_free(m.doc);
        mem_free(m.key);
        return false;
    }
    if (mem_grow((void **)&s->at, &s->cap, s->n + 1, sizeof(*s->at)) != 0) {
        maybe_release(g->hunt, &m);
        return false;
    }
    size_t at = s->n;
    while (at > 0 && s->at[at - 1].doc->time > m.doc->time)
        at--;
    memmove(&s->at[at + 1], &s->at[at], (s->n - at) * sizeof(*s->at));
    s->at[at] = m;
    s->n++;
    return true;
}

/* An event that comes late: what was kept of its combination has an earlier sighting now. */
static bool see_late(struct sighting *g, const void *key, size_t n)
{
    struct seen *s = g->hunt->own;
    for (size_t i = 0; i < s->n; i++) {
        struct maybe *m = &s->at[i];
        if (m->key_n != n || memcmp(m->key, key, n) != 0 || m->doc->time <= g->time)
            continue;
        if (m->before != TIME_NONE && m->before >= g->time)
            return true;
        ts_ns before = m->before;
        m->before = g->time;
        return keep_maybe(g, key, n, before);
    }
    return true; /* it was seen shortly before what was seen last */
}

/* What a combination takes in the map. */
static uint64_t place_cost(size_t key_n)
{
    return mem_cost(key_n) + 64;
}

/* The history leaves a quarter of the room to events that may be new. */
static bool has_room(const struct hunt *h, size_t key_n)
{
    return h->bytes.used + place_cost(key_n) <= h->bytes.limit / 4 * 3;
}

static bool see(void *ctx, const void *key, size_t n)
{
    struct sighting *g = ctx;
    struct seen *s = g->hunt->own;
    uint64_t *last = map_get(s->last, key, n);
    if (last == NULL) {
        if (has_room(g->hunt, n) && hunt_charge(g->hunt, place_cost(n)))
            last = map_put(s->last, key, n, NULL);
        if (last != NULL)
            *last = (uint64_t)g->time;
        else
            s->whole = false;
        g->failed |= !keep_maybe(g, key, n, TIME_NONE);
        return true;
    }
    ts_ns before = (ts_ns)*last;
    if (g->time < before) {
        g->failed |= !see_late(g, key, n);
        return true;
    }
    *last = (uint64_t)g->time;
    /* Where the history begins moves, by rounding too: half of its reach is well inside of it. */
    if (g->time - before > s->reach / 2)
        g->failed |= !keep_maybe(g, key, n, before);
    return true;
}

static bool feed_terms(struct hunt *h, enum hunt_role role, const struct hunt_source *source,
                       ts_ns time)
{
    struct sighting g = {.hunt = h, .source = source, .time = time};
    struct seen *s = h->own;
    ts_ns begin;
    (void)role;
    if (s->reach == 0 && history_of(h, time, &begin, NULL) == ERR_NONE)
        s->reach = time - begin;
    hunt_key_each(source->event, h->spec->fields, h->spec->fields_n, bytes_make("", 0), &h->key,
                  see, &g);
    return !g.failed && buf_ok(&h->key);
}

struct looking_for {
    const struct hunt *hunt;
    const struct maybe *maybe;
    bool found;
    bool failed;
    struct buf key;
};

static bool is_key(void *ctx, const void *key, size_t n)
{
    struct looking_for *f = ctx;
    f->found = n == f->maybe->key_n && memcmp(key, f->maybe->key, n) == 0;
    return !f->found;
}

static bool is_sighting(void *ctx, const struct hunt_source *source)
{
    struct looking_for *f = ctx;
    const struct hunt_spec *spec = f->hunt->spec;
    if (f->hunt->except != NULL && f->hunt->except(f->hunt->except_ctx, source->event))
        return true;
    hunt_key_each(source->event, spec->fields, spec->fields_n, bytes_make("", 0), &f->key, is_key,
                  f);
    f->failed = !buf_ok(&f->key);
    return !f->found && !f->failed;
}

/* Room was short for all that was seen: whether the store knows the combination. */
static enum err ask_store(struct hunt *h, const struct maybe *m, ts_ns begin, ts_ns from, bool *out,
                          struct err_text *why)
{
    struct looking_for f = {.hunt = h, .maybe = m};
    struct query *narrow;
    enum err code = hunt_narrow(h->spec, HUNT_EVENT, h->spec->query, h->now, &narrow);
    if (code != ERR_NONE)
        return code;
    const struct hunt_search search = {.query = narrow != NULL ? narrow : h->spec->query,
                                       .index = h->spec->index,
                                       .from = begin,
                                       .to = from,
                                       .hidden = h->spec->hidden};
    buf_init(&f.key);
    h->stats.asked++;
    code = h->ports->find(h->ports->ctx, &search, is_sighting, &f, why);
    query_free(narrow);
    buf_release(&f.key);
    *out = f.found;
    return code == ERR_NONE && f.failed ? ERR_MEMORY : code;
}

static void write_terms(const struct maybe *m, struct buf *out)
{
    struct format_writer w;
    struct bytes value;
    format_write_init(&w, out);
    buf_str(out, "\"kibana.alert.new_terms\":");
    format_write_begin_array(&w);
    for (size_t i = 0; hunt_key_value(m->key, m->key_n, i, &value); i++)
        format_write_str_n(&w, (const char *)value.p, value.n);
    format_write_end_array(&w);
}

static enum err show_maybe(struct hunt *h, struct hunt_looking *l, struct maybe *m)
{
    struct buf more;
    enum hunt_verdict verdict = HUNT_TAKEN;
    buf_init(&more);
    write_terms(m, &more);
    l->also = bytes_make(m->key, m->key_n);
    enum err code = buf_ok(&more)
                        ? hunt_show(h, l, m->doc, bytes_make(more.p, more.n), m->doc, &verdict)
                        : ERR_MEMORY;
    buf_release(&more);
    m->doc->dealt |= code == ERR_NONE && verdict == HUNT_KNOWN;
    return code;
}

static enum err look_terms(struct hunt *h, struct hunt_looking *l)
{
    struct seen *s = h->own;
    ts_ns begin;
    enum err code = history_of(h, l->now, &begin, l->why);
    s->ripe = TIME_MAX;
    for (size_t i = 0; i < s->n && code == ERR_NONE && !l->enough; i++) {
        struct maybe *m = &s->at[i];
        if (m->doc->dealt || m->doc->time < l->from || m->doc->time >= l->to)
            continue;
        if (m->before >= begin) { /* TIME_NONE is before every time */
            s->ripe = m->before < s->ripe ? m->before : s->ripe;
            continue;
        }
        bool known = false;
        if (m->before == TIME_NONE && !s->whole && h->ports->find != NULL)
            code = ask_store(h, m, begin, l->from, &known, l->why);
        if (known)
            m->before = l->from - 1; /* at most: it is asked once */
        else if (code == ERR_NONE)
            code = show_maybe(h, l, m);
    }
    return code;
}

static void dealt_terms(struct hunt *h, void *origin)
{
    struct hunt_doc *d = origin;
    (void)h;
    d->dealt = true;
}

static bool ripens_terms(const struct hunt *h, ts_ns now)
{
    const struct seen *s = h->own;
    ts_ns begin;
    return s->ripe != TIME_MAX && (history_of(h, now, &begin, NULL) != ERR_NONE || begin > s->ripe);
}

/* Gives up combinations that the history has left behind. */
static void sweep(struct hunt *h, ts_ns before)
{
    struct seen *s = h->own;
    size_t at = 0;
    const void *key;
    size_t key_n;
    uint64_t *value;
    struct map *fewer = map_new(h->seed);
    bool ok = fewer != NULL;
    uint64_t freed = 0;
    while (ok && map_next(s->last, &at, &key, &key_n, &value)) {
        if ((ts_ns)*value < before) {
            freed += place_cost(key_n);
            continue;
        }
        uint64_t *put = map_put(fewer, key, key_n, NULL);
        ok = put != NULL;
        if (ok)
            *put = *value;
    }
    if (!ok) {
        map_free(fewer); /* the next sweep is as good */
        return;
    }
    map_free(s->last);
    s->last = fewer;
    s->swept = map_count(fewer);
    hunt_return(h, freed);
}

static void forget_terms(struct hunt *h, ts_ns before)
{
    struct seen *s = h->own;
    size_t n = 0;
    while (n < s->n && s->at[n].doc->time < before)
        maybe_release(h, &s->at[n++]);
    s->n -= n;
    if (n > 0)
        memmove(s->at, s->at + n, s->n * sizeof(*s->at));
    if (map_count(s->last) > 2 * s->swept + 1024 && before > TIME_NONE + 2 * s->reach)
        sweep(h, before - s->reach - s->reach / 4 - TIME_DAY);
}

const struct hunt_type_ops hunt_terms_ops = {
    .counts = true,
    .open = open_terms,
    .close = close_terms,
    .feed = feed_terms,
    .look = look_terms,
    .dealt = dealt_terms,
    .forget = forget_terms,
    .reach = reach_terms,
    .ripens = ripens_terms,
};
