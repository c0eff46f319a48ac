/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt_priv.h"

#include "base/arena.h"
#include "base/mem.h"
#include "eql/eql.h"
#include "eql/matcher.h"
#include "event/event.h"

#include <string.h>

/*
 * Rules of type eql. Events that any part of the query may want are kept; a run hands those of its
 * span to a matcher, in order, and shows what that finds.
 */

/* What one run's matcher may keep. */
#define MATCHER_BYTES ((uint64_t)32 << 20)

struct watching {
    struct hunt_keep keep;
    ts_ns looked; /* end of the last span looked at */
};

static bool open_eql(struct hunt *h)
{
    struct watching *w = mem_zero(1, sizeof(*w));
    if (w != NULL)
        w->looked = TIME_NONE;
    h->own = w;
    return w != NULL;
}

static void close_eql(struct hunt *h)
{
    struct watching *w = h->own;
    hunt_keep_release(&w->keep);
    mem_free(w);
}

static bool feed_eql(struct hunt *h, enum hunt_role role, const struct hunt_source *s, ts_ns time)
{
    struct watching *w = h->own;
    (void)role;
    if (time < h->covered)
        return true;
    struct hunt_doc *d = hunt_doc_new(s, time, &h->text);
    if (d == NULL)
        return false;
    if (hunt_charge(h, d->bytes)) {
        if (hunt_keep_take(&w->keep, d))
            return true;
        hunt_return(h, d->bytes);
    }
    hunt_doc_free(d);
    return false;
}

/* What the matcher found, shown when all is handed over: a sink must not call the matcher. */
struct finding {
    struct hunt_doc **docs; /* the events of all, one after the other */
    size_t n;
    size_t cap;
    size_t *ends; /* of each, in docs */
    size_t found;
    size_t found_cap;
    bool failed;
};

static void keep_found(void *ctx, const struct eql_found *found)
{
    struct finding *f = ctx;
    for (size_t i = 0; i < found->n && !f->failed; i++) {
        struct hunt_doc *d;
        if (found->events[i].missing)
            continue;
        f->failed = mem_grow((void **)&f->docs, &f->cap, f->n + 1, sizeof(struct hunt_doc *)) != 0;
        memcpy(&d, found->events[i].document.p, sizeof(struct hunt_doc *));
        if (!f->failed)
            f->docs[f->n++] = d;
    }
    if (!f->failed)
        f->failed = mem_grow((void **)&f->ends, &f->found_cap, f->found + 1, sizeof(size_t)) != 0;
    if (!f->failed)
        f->ends[f->found++] = f->n;
}

static enum err hand_over(struct hunt *h, struct hunt_looking *l, struct eql_matcher *m)
{
    const struct watching *w = h->own;
    enum err code = ERR_NONE;
    struct arena arena;
    arena_init(&arena, 0);
    for (size_t i = hunt_keep_before(&w->keep, l->from); i < w->keep.n && code == ERR_NONE; i++) {
        struct hunt_doc *d = hunt_keep_at(&w->keep, i);
        struct event e;
        if (d->time >= l->to || eql_matcher_done(m))
            break;
        arena_clear(&arena);
        code = hunt_doc_event(d, h->reader, &arena, &e);
        if (code != ERR_NONE)
            break;
        if (l->except != NULL && l->except(l->except_ctx, &e))
            l->again = true;
        else
            eql_matcher_feed(m, &e, d->time, bytes_make(&d, sizeof(struct hunt_doc *)));
    }
    arena_release(&arena);
    if (code == ERR_NONE) {
        eql_matcher_advance(m, l->to);
        eql_matcher_finish(m);
    }
    return code;
}

static bool same_values(const struct event_item *a, const struct event_item *b)
{
    bool same = b != NULL && a->n == b->n;
    for (uint32_t i = 0; same && i < a->n; i++) {
        char x[EVENT_TEXT_SIZE];
        char y[EVENT_TEXT_SIZE];
        size_t x_n;
        size_t y_n;
        const char *s = event_value_text(&event_values(a)[i], x, &x_n);
        const char *t = event_value_text(&event_values(b)[i], y, &y_n);
        same = x_n == y_n && memcmp(s, t, x_n) == 0;
    }
    return same;
}

/* The fields in which all events of a sequence agree; its time is that of the first. */
static void make_shell(const struct hunt_part *parts, size_t n, struct arena *arena,
                       struct event *out)
{
    const struct event *first = parts[0].event;
    event_init(out, arena, first->time);
    for (uint32_t i = 0; i < first->n; i++) {
        const struct event_item *item = &first->items[i];
        bool all = true;
        for (size_t k = 1; k < n && all; k++)
            all = same_values(item, event_find(parts[k].event, item->name, item->name_len));
        for (uint32_t k = 0; all && k < item->n; k++)
            event_add_named(out, item->name, item->name_len, &event_values(item)[k]);
    }
}

/* The ids of the events, one after the other: the sequence's name. */
static void write_name(const struct hunt_part *parts, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(out, ' ');
        buf_str(out, parts[i].index);
        buf_char(out, '/');
        buf_str(out, parts[i].id);
    }
}

static enum err read_parts(struct hunt *h, struct hunt_doc *const *docs, size_t n,
                           struct arena *arena, struct hunt_part *out)
{
    for (size_t i = 0; i < n; i++) {
        struct arena scratch;
        struct event read;
        struct event *e = arena_alloc(arena, sizeof(*e));
        arena_init(&scratch, 0);
        enum err code =
            e != NULL ? hunt_doc_event(docs[i], h->reader, &scratch, &read) : ERR_MEMORY;
        if (code == ERR_NONE) {
            event_copy(e, arena, &read);
            code = e->failed ? ERR_MEMORY : ERR_NONE;
        }
        arena_release(&scratch);
        if (code != ERR_NONE)
            return code;
        out[i] = (struct hunt_part){docs[i]->index, docs[i]->id, docs[i]->version, e};
    }
    return ERR_NONE;
}

static enum err show_sequence(struct hunt *h, struct hunt_looking *l, struct hunt_doc *const *docs,
                              size_t n)
{
    struct arena arena;
    struct buf name;
    struct event shell;
    arena_init(&arena, 0);
    buf_init(&name);
    struct hunt_part *parts = arena_zero(&arena, n * sizeof(*parts));
    enum err code = parts != NULL ? read_parts(h, docs, n, &arena, parts) : ERR_MEMORY;
    if (code == ERR_NONE) {
        make_shell(parts, n, &arena, &shell);
        write_name(parts, n, &name);
        code = shell.failed || !buf_ok(&name) ? ERR_MEMORY : ERR_NONE;
    }
    if (code == ERR_NONE) {
        const struct hunt_hit hit = {.index = docs[0]->index,
                                     .id = buf_text(&name),
                                     .version = docs[0]->version,
                                     .time = docs[n - 1]->stamp,
                                     .since = docs[0]->stamp,
                                     .count = n,
                                     .event = &shell,
                                     .parts = parts,
                                     .parts_n = n};
        l->enough |= l->fn(l->ctx, &hit) == HUNT_ENOUGH;
    }
    buf_release(&name);
    arena_release(&arena);
    return code;
}

static enum err show_found(struct hunt *h, struct hunt_looking *l, const struct finding *f)
{
    enum err code = ERR_NONE;
    bool single = eql_kind(h->spec->eql) == EQL_EVENT;
    size_t from = 0;
    /* Exceptions were seen to. */
    l->except = NULL;
    for (size_t i = 0; i < f->found && code == ERR_NONE && !l->enough; i++) {
        struct hunt_doc *const *docs = f->docs + from;
        size_t n = f->ends[i] - from;
        enum hunt_verdict verdict = HUNT_TAKEN;
        from = f->ends[i];
        if (n == 0 || (single && docs[0]->dealt))
            continue;
        code = single ? hunt_show(h, l, docs[0], bytes_make("", 0), docs[0], &verdict)
                      : show_sequence(h, l, docs, n);
        docs[0]->dealt |= single && code == ERR_NONE && verdict == HUNT_KNOWN;
    }
    return code;
}

static enum err look_eql(struct hunt *h, struct hunt_looking *l)
{
    struct watching *w = h->own;
    struct finding f = {0};
    const struct eql_matcher_options options = {
        .bytes = MATCHER_BYTES, .seed = h->seed, .sink = keep_found, .ctx = &f};
    struct eql_matcher *m = eql_matcher_new(h->spec->eql, &options);
    enum err code = m != NULL ? hand_over(h, l, m) : ERR_MEMORY;
    if (code == ERR_NONE && f.failed)
        code = ERR_MEMORY;
    if (m != NULL) {
        const struct eql_counts counts = eql_matcher_counts(m);
        h->lost |= counts.evicted > 0 || counts.refused > 0;
    }
    eql_matcher_free(m);
    if (code == ERR_NONE)
        code = show_found(h, l, &f);
    mem_free(f.docs);
    mem_free(f.ends);
    w->looked = l->to;
    return code;
}

static void dealt_eql(struct hunt *h, void *origin)
{
    struct hunt_doc *d = origin;
    (void)h;
    d->dealt = true;
}

static void forget_eql(struct hunt *h, ts_ns before)
{
    struct watching *w = h->own;
    while (w->keep.n > 0 && hunt_keep_at(&w->keep, 0)->time < before) {
        struct hunt_doc *d = hunt_keep_pop(&w->keep);
        hunt_return(h, d->bytes);
        hunt_doc_free(d);
    }
}

/* A missing item is known to be missing when maxspan is over, whatever comes. */
static bool ripens_eql(const struct hunt *h, ts_ns now)
{
    const struct watching *w = h->own;
    ts_ns span = eql_maxspan(h->spec->eql);
    ts_ns over;
    (void)now;
    if (span == 0 || w->keep.n == 0 ||
        __builtin_add_overflow(hunt_keep_at(&w->keep, w->keep.n - 1)->time, span, &over))
        return false;
    return w->looked <= over;
}

const struct hunt_type_ops hunt_eql_ops = {
    .open = open_eql,
    .close = close_eql,
    .feed = feed_eql,
    .look = look_eql,
    .dealt = dealt_eql,
    .forget = forget_eql,
    .ripens = ripens_eql,
};
