/* SPDX-License-Identifier: Apache-2.0 */
#include "hunt/hunt_priv.h"

#include "base/assert.h"
#include "base/mem.h"
#include "event/event.h"
#include "event/json.h"
#include "query/index.h"
#include "query/query.h"

#include <string.h>

/*
 * Where the rule goes by another time than @timestamp, the store is asked for so much more before
 * the span: events may have been taken in later than they happened.
 */
#define OVERRIDE_SLACK TIME_DAY

static const struct hunt_type_ops *const types[] = {
    [HUNT_QUERY] = &hunt_query_ops,     [HUNT_THRESHOLD] = &hunt_threshold_ops,
    [HUNT_NEW_TERMS] = &hunt_terms_ops, [HUNT_THREAT_MATCH] = &hunt_threat_ops,
    [HUNT_EQL] = &hunt_eql_ops,
};

static bool is_stored(const struct hunt *h)
{
    return h->ports->find != NULL;
}

static void forget_all(struct hunt *h)
{
    h->covered = is_stored(h) ? TIME_MAX : TIME_NONE;
    h->holes_n = 0;
    h->reached = TIME_MAX;
    h->fresh = TIME_MAX;
    h->latest = TIME_NONE;
}

struct hunt *hunt_new(struct hunt_spec *spec, const struct hunt_ports *ports, const char *rule_id,
                      struct budget *shared)
{
    struct hunt *h = mem_zero(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->spec = spec;
    h->ports = ports;
    h->ops = types[spec->type];
    h->shared = shared;
    /* Where this lies in memory nobody outside knows. */
    h->seed = (struct hash_key){(uint64_t)(uintptr_t)h, 0x68756e74U};
    budget_init(&h->bytes, HUNT_BYTES);
    buf_init(&h->key);
    buf_init(&h->text);
    h->rule_id = mem_strdup(rule_id);
    h->reader = event_json_new();
    forget_all(h);
    if (h->rule_id == NULL || h->reader == NULL || !h->ops->open(h)) {
        hunt_free(h);
        return NULL;
    }
    return h;
}

void hunt_free(struct hunt *h)
{
    if (h == NULL)
        return;
    if (h->own != NULL)
        h->ops->close(h);
    if (h->shared != NULL)
        budget_return(h->shared, h->bytes.used);
    event_json_free(h->reader);
    mem_free(h->rule_id);
    buf_release(&h->key);
    buf_release(&h->text);
    mem_free(h);
}

enum err hunt_start_again(struct hunt *h)
{
    if (h->own != NULL)
        h->ops->close(h);
    h->own = NULL;
    if (h->shared != NULL)
        budget_return(h->shared, h->bytes.used);
    h->bytes.used = 0;
    forget_all(h);
    return h->ops->open(h) ? ERR_NONE : ERR_MEMORY;
}

bool hunt_charge(struct hunt *h, uint64_t n)
{
    if (!budget_charge(&h->bytes, n))
        return false;
    if (h->shared == NULL || budget_charge(h->shared, n))
        return true;
    budget_return(&h->bytes, n);
    return false;
}

void hunt_return(struct hunt *h, uint64_t n)
{
    budget_return(&h->bytes, n);
    if (h->shared != NULL)
        budget_return(h->shared, n);
}

unsigned hunt_roles(const struct hunt *h, const char *index, size_t n)
{
    /* "*" does not mean what begins with '.'. */
    if (n > 0 && index[0] == '.' && !h->spec->hidden)
        return 0;
    unsigned roles = query_index_match_name(h->spec->index, index, n) ? HUNT_EVENT : 0;
    if (h->spec->threat_index != NULL && query_index_match_name(h->spec->threat_index, index, n))
        roles |= HUNT_INDICATOR;
    return roles;
}

bool hunt_time(const struct hunt_spec *spec, const struct event *e, ts_ns *out)
{
    *out = e->time;
    if (spec->time.name == NULL)
        return true;
    const struct event_item *item = event_find(e, spec->time.name, spec->time.len);
    const struct event_value *v = item != NULL ? event_values(item) : NULL;
    if (v != NULL && v->type == EVENT_TIME)
        *out = v->t;
    else if (v == NULL || v->type != EVENT_STR || !time_parse_iso(v->s, v->len, out))
        return !spec->no_fallback;
    return true;
}

/* Alerts and anomaly records are not fed: there are few, and they are asked for in each run. */
static bool only_asks(const struct hunt *h)
{
    return h->spec->hidden && is_stored(h);
}

struct own {
    const char *rule_id;
    bool found;
};

static bool is_fed(const struct hunt *h)
{
    return h->covered != TIME_MAX;
}

bool hunt_is_new(const struct hunt *h)
{
    return !is_fed(h) && !only_asks(h);
}

bool hunt_is_between(const struct hunt *h)
{
    return h->reached != TIME_MAX;
}

static bool is_own_rule(void *ctx, const void *s, size_t n)
{
    struct own *own = ctx;
    own->found = strlen(own->rule_id) == n && memcmp(s, own->rule_id, n) == 0;
    return !own->found;
}

/* An alert that the rule raised itself, or that was made of one that it did. */
static bool is_own(const struct hunt *h, const struct event *e)
{
    static const struct hunt_field rules[] = {
        {"kibana.alert.rule.rule_id", sizeof("kibana.alert.rule.rule_id") - 1},
        {"kibana.alert.ancestors.rule", sizeof("kibana.alert.ancestors.rule") - 1},
    };
    struct own own = {h->rule_id, false};
    for (size_t i = 0; h->spec->hidden && i < 2 && !own.found; i++)
        hunt_key_values(e, &rules[i], is_own_rule, &own);
    return own.found;
}

/* Time between two of them; 0: there is none. */
static uint64_t distance(const struct hunt_hole *a, const struct hunt_hole *b)
{
    if (a->from > b->to)
        return (uint64_t)a->from - (uint64_t)b->to;
    return b->from > a->to ? (uint64_t)b->from - (uint64_t)a->to : 0;
}

/* The two that are closest become one, so that what lies far ahead stays apart from what is near.
 */
static void join_closest(struct hunt *h)
{
    size_t first = 0, second = 1;
    for (size_t i = 0; i < h->holes_n; i++) {
        for (size_t k = i + 1; k < h->holes_n; k++) {
            if (distance(&h->holes[i], &h->holes[k]) <
                distance(&h->holes[first], &h->holes[second])) {
                first = i;
                second = k;
            }
        }
    }
    struct hunt_hole *a = &h->holes[first];
    const struct hunt_hole *b = &h->holes[second];
    *a = (struct hunt_hole){a->from < b->from ? a->from : b->from, a->to > b->to ? a->to : b->to};
    h->holes[second] = h->holes[--h->holes_n];
}

/* An event of that time was dropped. What remembers a history may miss it before, too. */
static void add_hole(struct hunt *h, ts_ns time)
{
    h->holes[h->holes_n++] = (struct hunt_hole){h->ops->reach != NULL ? TIME_NONE : time,
                                                time == TIME_MAX ? time : time + 1};
    if (h->holes_n > HUNT_HOLES)
        join_closest(h);
}

static void forget_holes(struct hunt *h, ts_ns before)
{
    size_t n = 0;
    for (size_t i = 0; i < h->holes_n; i++) {
        if (h->holes[i].to > before)
            h->holes[n++] = h->holes[i];
    }
    h->holes_n = n;
}

/* Whether what is kept of that time (to exclusive) is all there is in the store. */
static bool is_whole(const struct hunt *h, ts_ns from, ts_ns to)
{
    bool whole = from >= h->covered;
    for (size_t i = 0; i < h->holes_n && whole; i++)
        whole = from >= h->holes[i].to || to <= h->holes[i].from;
    return whole;
}

void hunt_feed(struct hunt *h, enum hunt_role role, const struct hunt_source *source)
{
    const struct query *query = role == HUNT_EVENT ? h->spec->query : h->spec->threat_query;
    ts_ns time;
    if (role == HUNT_EVENT && source->event->time >= h->reached && h->reached != TIME_MAX)
        return;
    if (!is_fed(h) || !query_match(query, source->event) || is_own(h, source->event) ||
        (role == HUNT_EVENT && h->except != NULL && h->except(h->except_ctx, source->event)) ||
        !hunt_time(h->spec, source->event, &time))
        return;
    h->stats.matched++;
    if (!h->ops->feed(h, role, source, time)) {
        h->stats.dropped++;
        if (role == HUNT_EVENT && time >= h->covered)
            add_hole(h, time);
        h->lost |= !is_stored(h) || role == HUNT_INDICATOR;
    }
    if (time < h->fresh)
        h->fresh = time;
    if (time > h->latest)
        h->latest = time;
}

struct feeding {
    struct hunt *hunt;
    enum hunt_role role;
};

static bool feed_found(void *ctx, const struct hunt_source *source)
{
    struct feeding *f = ctx;
    hunt_feed(f->hunt, f->role, source);
    return true;
}

enum err hunt_narrow(const struct hunt_spec *spec, enum hunt_role role, const struct query *query,
                     ts_ns now, struct query **out)
{
    const char *clause = role == HUNT_EVENT ? spec->index_clause : spec->threat_clause;
    struct buf text;
    struct err_text why;
    *out = NULL;
    if (clause == NULL)
        return ERR_NONE;
    buf_init(&text);
    buf_format(&text, "{\"bool\":{\"filter\":[%s,", clause);
    query_to_dsl(query, &text);
    buf_str(&text, "]}}");
    enum err code = buf_ok(&text)
                        ? query_parse_json(buf_text(&text), text.n, "query", now, out, &why)
                        : ERR_MEMORY;
    buf_release(&text);
    /* What cannot be said twice is asked without it. */
    return code == ERR_MEMORY ? code : ERR_NONE;
}

enum err hunt_feed_stored(struct hunt *h, enum hunt_role role, const struct query *query,
                          ts_ns from, ts_ns to, struct err_text *why)
{
    struct feeding feeding = {h, role};
    struct query *narrow;
    enum err code = hunt_narrow(h->spec, role, query, h->now, &narrow);
    if (code != ERR_NONE)
        return code;
    const struct hunt_search search = {
        .query = narrow != NULL ? narrow : query,
        .index = role == HUNT_EVENT ? h->spec->index : h->spec->threat_index,
        .from = from,
        .to = to,
        .hidden = h->spec->hidden,
    };
    h->stats.asked++;
    code = h->ports->find(h->ports->ctx, &search, feed_found, &feeding, why);
    query_free(narrow);
    return code;
}

/* From when on the store must be asked so that the span is fed. */
static enum err reach_of(struct hunt *h, const struct hunt_span *span, ts_ns *out,
                         struct err_text *why)
{
    ts_ns from = span->from;
    if (h->ops->reach != NULL) {
        enum err code = h->ops->reach(h, span->from, span->now, &from, why);
        if (code != ERR_NONE)
            return code;
    }
    if (h->spec->time.name != NULL && from > TIME_NONE + OVERRIDE_SLACK)
        from -= OVERRIDE_SLACK;
    *out = from;
    return ERR_NONE;
}

enum err hunt_begin_feeding(struct hunt *h, const struct hunt_span *span, ts_ns *out_from,
                            struct err_text *why)
{
    if (h->own == NULL && !h->ops->open(h)) /* hunt_start_again() found no memory */
        return ERR_MEMORY;
    enum err code = reach_of(h, span, out_from, why);
    hunt_spec_set_now(h->spec, span->now);
    h->now = span->now;
    h->covered = span->from;
    if (code == ERR_NONE && h->ops->prepare != NULL)
        code = h->ops->prepare(h, span->from, why);
    return code;
}

static enum err give_up(struct hunt *h, enum err code)
{
    enum err reset = hunt_start_again(h);
    return code != ERR_NONE ? code : reset;
}

static enum err feed_first(struct hunt *h, const struct hunt_span *span, ts_ns to,
                           struct err_text *why)
{
    ts_ns from;
    enum err code = hunt_begin_feeding(h, span, &from, why);
    if (code == ERR_NONE)
        code = hunt_feed_stored(h, HUNT_EVENT, h->spec->query, from, to, why);
    return code == ERR_NONE ? code : give_up(h, code);
}

enum err hunt_show(struct hunt *h, struct hunt_looking *l, struct hunt_doc *doc, struct bytes more,
                   void *origin, enum hunt_verdict *out_verdict)
{
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    enum err code = hunt_doc_event(doc, h->reader, &arena, &e);
    if (code == ERR_NONE && l->except != NULL && l->except(l->except_ctx, &e)) {
        l->again = true;
    } else if (code == ERR_NONE) {
        const struct hunt_hit hit = {.index = doc->index,
                                     .id = doc->id,
                                     .version = doc->version,
                                     .time = doc->stamp,
                                     .since = doc->stamp,
                                     .event = &e,
                                     .also = l->also,
                                     .more = more,
                                     .origin = h->past ? NULL : origin};
        *out_verdict = l->fn(l->ctx, &hit);
        l->enough |= *out_verdict == HUNT_ENOUGH;
    }
    arena_release(&arena);
    return code;
}

static ts_ns end_of(const struct hunt_span *span)
{
    ts_ns end = span->to == TIME_MAX ? TIME_MAX : span->to + 1;
    return end < span->until ? end : span->until;
}

static enum err look(struct hunt *h, const struct hunt_span *span, hunt_hit_fn fn, void *ctx,
                     bool *out_enough, struct err_text *why)
{
    struct hunt_looking l = {
        .from = span->from, .to = end_of(span), .now = span->now, .fn = fn, .ctx = ctx, .why = why};
    enum err code = ERR_NONE;
    if (h->except == NULL) {
        l.except = span->except;
        l.except_ctx = span->except_ctx;
    }
    if (l.from < l.to)
        code = h->ops->look(h, &l);
    *out_enough = l.enough || l.again;
    return code == ERR_MEMORY ? err_set(why, code, "no memory is left for a rule's search") : code;
}

/* A span that what is kept does not cover: another machine, for it alone. */
static enum err look_in_store(struct hunt *h, const struct hunt_span *span, hunt_hit_fn fn,
                              void *ctx, bool *out_enough, bool *out_lost, struct err_text *why)
{
    /* One at a time, and not for long: it takes nothing of the room that is shared. */
    struct hunt *other = hunt_new(h->spec, h->ports, h->rule_id, NULL);
    if (other == NULL)
        return err_set(why, ERR_MEMORY, "no memory is left for a rule's search");
    other->past = true;
    other->except = span->except;
    other->except_ctx = span->except_ctx;
    ts_ns to = h->spec->time.name == NULL ? end_of(span) : TIME_MAX;
    enum err code = feed_first(other, span, to, why);
    h->stats.asked += other->stats.asked;
    if (code == ERR_NONE)
        code = look(other, span, fn, ctx, out_enough, why);
    *out_lost |= other->stats.dropped > 0;
    hunt_free(other);
    return code;
}

enum err hunt_look(struct hunt *h, const struct hunt_span *span, hunt_hit_fn fn, void *ctx,
                   bool *out_lost, struct err_text *why)
{
    bool enough = false;
    enum err code = ERR_NONE;
    *out_lost = h->lost;
    h->lost = false;
    if (hunt_is_new(h) && span->own)
        code = feed_first(h, span, TIME_MAX, why);
    hunt_spec_set_now(h->spec, span->now);
    h->now = span->now;
    bool kept = span->own && !only_asks(h) &&
                (is_whole(h, span->from, end_of(span)) || !is_stored(h)) &&
                (span->except == NULL || !h->ops->counts);
    if (code == ERR_NONE && kept)
        code = look(h, span, fn, ctx, &enough, why);
    else if (code == ERR_NONE && is_stored(h))
        code = look_in_store(h, span, fn, ctx, &enough, out_lost, why);
    if (!span->own)
        return code;
    h->fresh = TIME_MAX;
    if (code != ERR_NONE || enough)
        h->fresh = TIME_NONE;
    else if (h->latest >= end_of(span))
        h->fresh = end_of(span);
    if (code == ERR_NONE && is_fed(h)) {
        h->ops->forget(h, span->from);
        if (h->covered < span->from)
            h->covered = span->from;
        forget_holes(h, span->from);
    }
    return code;
}

void hunt_dealt(struct hunt *h, void *origin)
{
    if (origin != NULL)
        h->ops->dealt(h, origin);
}

void hunt_again(struct hunt *h)
{
    h->fresh = TIME_NONE;
}

bool hunt_is_idle(const struct hunt *h, const struct hunt_span *span)
{
    if (!is_fed(h) || h->fresh < end_of(span))
        return false;
    return h->ops->ripens == NULL || !h->ops->ripens(h, span->now);
}

bool hunt_is_still(const struct hunt *h)
{
    return is_fed(h) && h->fresh == TIME_MAX &&
           (h->ops->ripens == NULL || !h->ops->ripens(h, TIME_MAX));
}

void hunt_stats(const struct hunt *h, struct hunt_stats *out)
{
    *out = h->stats;
    out->kept = h->bytes.used;
}
