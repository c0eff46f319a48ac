/* SPDX-License-Identifier: Apache-2.0 */
/* New searches, fed from the store: several in one pass, at once or piece by piece. */
#include "hunt/hunt_priv.h"

#include "base/mem.h"
#include "event/event.h"
#include "hunt/tap.h"
#include "query/query.h"

/* Of more searches the store hands over all events: asking it for what any wants would cost more.
 */
#define COMBINED_MAX 64

struct hunt_feeding {
    const struct hunt_ports *ports;
    struct hunt_tap *tap;
    struct query *any; /* what they want; NULL: all */
    ts_ns at;
    uint64_t given; /* in this piece */
    uint64_t limit;
    ts_ns last; /* time of the document given last */
    bool done;  /* the searches have got all */
    struct hunt **hunts;
    size_t n;
};

static enum err copy_query(const struct query *q, ts_ns now, struct query **out)
{
    struct buf text;
    struct err_text why;
    buf_init(&text);
    query_to_dsl(q, &text);
    enum err code = buf_ok(&text)
                        ? query_parse_json(buf_text(&text), text.n, "query", now, out, &why)
                        : ERR_MEMORY;
    buf_release(&text);
    return code;
}

/* What any of them wants, so that the store need not hand over all; NULL: all. */
static struct query *wanted_by_any(const struct hunt_first *list, size_t n)
{
    struct query *copies[COMBINED_MAX] = {NULL};
    struct query *any = NULL;
    enum err code = n <= COMBINED_MAX ? ERR_NONE : ERR_LIMIT;
    for (size_t i = 0; i < n && code == ERR_NONE; i++)
        code = copy_query(list[i].hunt->spec->query, list[i].span.now, &copies[i]);
    if (code == ERR_NONE)
        code = query_any_of_take(copies, n, &any);
    for (size_t i = 0; i < n && i < COMBINED_MAX && code != ERR_NONE; i++)
        query_free(copies[i]);
    return any;
}

/* The searches begin to take events; those that did are in the list. */
static enum err begin_all(struct hunt_feeding *f, const struct hunt_first *list, size_t n,
                          struct err_text *why)
{
    enum err code = ERR_NONE;
    for (size_t i = 0; i < n && code == ERR_NONE; i++) {
        ts_ns first = TIME_MAX;
        f->hunts[f->n++] = list[i].hunt;
        code = hunt_begin_feeding(list[i].hunt, &list[i].span, &first, why);
        if (code == ERR_NONE)
            code = hunt_tap_add(f->tap, list[i].hunt, HUNT_EVENT);
        if (first < f->at)
            f->at = first;
    }
    for (size_t i = 0; i < f->n; i++)
        f->hunts[i]->reached = f->at;
    return code;
}

enum err hunt_feeding_begin(const struct hunt_first *list, size_t n, const struct hunt_ports *ports,
                            struct hunt_feeding **out, struct err_text *why)
{
    struct hunt_feeding *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return ERR_MEMORY;
    f->ports = ports;
    f->at = TIME_MAX;
    f->tap = hunt_tap_new();
    f->hunts = mem_zero(n, sizeof(struct hunt *));
    enum err code = f->tap != NULL && f->hunts != NULL ? begin_all(f, list, n, why) : ERR_MEMORY;
    if (code != ERR_NONE) {
        hunt_feeding_free(f);
        return code;
    }
    f->any = wanted_by_any(list, n);
    *out = f;
    return ERR_NONE;
}

ts_ns hunt_feeding_at(const struct hunt_feeding *f)
{
    return f->at;
}

static void set_reached(struct hunt_feeding *f, ts_ns to)
{
    f->at = to;
    for (size_t i = 0; i < f->n; i++)
        f->hunts[i]->reached = to;
}

/* The piece ends between two documents of different times: the next one begins with the later. */
static bool feed_piece(void *ctx, const struct hunt_source *source)
{
    struct hunt_feeding *f = ctx;
    ts_ns time = source->event->time;
    if (f->limit > 0 && f->given >= f->limit && time > f->last) {
        set_reached(f, time);
        return false;
    }
    f->given++;
    f->last = time;
    return hunt_tap_feed(f->tap, source);
}

enum err hunt_feeding_go_on(struct hunt_feeding *f, ts_ns to, uint64_t limit, struct err_text *why)
{
    const struct hunt_search search = {.query = f->any, .from = f->at, .to = to};
    f->given = 0;
    f->limit = limit;
    f->last = TIME_MAX;
    if (search.from >= to)
        return ERR_NONE;
    set_reached(f, to);
    enum err code = f->ports->find(f->ports->ctx, &search, feed_piece, f, why);
    if (code != ERR_NONE)
        set_reached(f, search.from);
    f->done = code == ERR_NONE && f->at == TIME_MAX;
    return code;
}

void hunt_feeding_drop(struct hunt_feeding *f, const struct hunt *h)
{
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++)
        if (f->hunts[i] != h)
            f->hunts[n++] = f->hunts[i];
    f->n = n;
    hunt_tap_remove(f->tap, h);
}

void hunt_feeding_free(struct hunt_feeding *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->n && !f->done; i++)
        (void)!hunt_start_again(f->hunts[i]);
    query_free(f->any);
    hunt_tap_free(f->tap);
    mem_free(f->hunts);
    mem_free(f);
}

enum err hunt_feed_first(const struct hunt_first *list, size_t n, const struct hunt_ports *ports,
                         struct err_text *why)
{
    struct hunt_feeding *f;
    enum err code = hunt_feeding_begin(list, n, ports, &f, why);
    if (code != ERR_NONE)
        return code;
    code = hunt_feeding_go_on(f, TIME_MAX, 0, why);
    hunt_feeding_free(f);
    return code;
}
