/* SPDX-License-Identifier: Apache-2.0 */
#include "find/find.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "event/json.h"
#include "find/body.h"
#include "find/fetch.h"
#include "find/find_priv.h"
#include "find/kept.h"
#include "find/plan.h"
#include "find/reduce.h"
#include "format/node.h"
#include "format/write.h"
#include "query/query.h"
#include "store/look.h"

#include <stdio.h>
#include <string.h>

#define USUAL_MEMORY ((size_t)256 << 20)
#define SLACK 100 /* events beyond those wanted that a search in order of time reads at once */
#define TRIM_ABOVE ((size_t)32 << 20)
#define LOOK_KEPT                                                                                  \
    256 /* documents of state.db between two looks whether the search is cancelled                 \
         */

struct find *find_new(const struct find_options *options)
{
    struct find *f = mem_zero(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->options = *options;
    if (f->options.memory == 0)
        f->options.memory = USUAL_MEMORY;
    f->contexts = find_contexts_new(options->seed);
    if (f->contexts == NULL) {
        mem_free(f);
        return NULL;
    }
    return f;
}

void find_free(struct find *f)
{
    if (f == NULL)
        return;
    find_contexts_free(f->contexts);
    mem_free(f);
}

/* One search at work. */
struct search {
    struct find *f;
    const struct find_request *r;
    const struct find_page *page;
    struct find_error *error;
    struct err_text why;
    struct find_target target;
    struct find_body body;
    struct find_plan plan;
    struct find_tally *tally; /* NULL: no aggregations */
    struct find_top *top;     /* NULL: no hits */
    struct find_fetch fetch;
    struct event_json *reader;
    struct store_look *look; /* NULL: no events */
    uint64_t stamp;
    uint64_t total;
    ts_ns began;
    bool failed; /* memory was short in a sink */
    bool to_top; /* events that come now are for the hits, too */
    bool to_tally;
    uint64_t kept; /* documents of state.db looked at */
    bool cancelled;
};

static enum err say(struct search *s, enum err rc)
{
    if (s->error != NULL)
        s->error->text = s->why;
    return find_error_of(s->error, rc);
}

static bool is_cancelled(const struct find_request *r)
{
    return r->cancel.wanted != NULL && r->cancel.wanted(r->cancel.ctx);
}

/* What stopped the tally, if anything. */
static enum err tally_error(struct search *s)
{
    enum err rc = s->tally != NULL ? find_tally_error(s->tally) : ERR_NONE;
    if (rc == ERR_LIMIT && find_tally_is_crowded(s->tally))
        return find_error_buckets(s->error, FIND_BUCKETS_MAX);
    if (rc == ERR_LIMIT)
        return find_error_budget(s->error, s->f->options.memory);
    if (rc != ERR_NONE || s->failed)
        return find_error_memory(s->error);
    return ERR_NONE;
}

static bool take(struct search *s, struct find_doc *doc)
{
    doc->stamp = ++s->stamp;
    if (s->to_tally && s->tally != NULL)
        find_tally_collect(s->tally, doc);
    if (s->to_top && s->top != NULL && !find_top_add(s->top, doc))
        s->failed = true;
    return !s->failed && (s->tally == NULL || find_tally_error(s->tally) == ERR_NONE);
}

static bool take_event(void *ctx, struct event *e)
{
    struct find_doc doc = {.e = e};
    return take(ctx, &doc);
}

static bool take_kept(void *ctx, const struct find_doc *kept)
{
    struct search *s = ctx;
    struct find_doc doc = *kept;
    if (s->kept++ % LOOK_KEPT == 0 && is_cancelled(s->r))
        s->cancelled = true;
    if (s->cancelled)
        return false;
    if (!query_match(s->body.wanted, doc.e))
        return true;
    s->total++;
    return take(s, &doc);
}

/* Whether reading events in order of time finds the hits: by which direction. */
static bool is_by_time(const struct search *s, bool *out_newest)
{
    const struct find_sort *order = &s->body.order;
    size_t i = 0;
    while (i < order->n && order->keys[i].field.meta == FIND_META_SCORE)
        i++;
    if (i == order->n || order->keys[i].field.meta != FIND_META_TIME)
        return false;
    *out_newest = order->keys[i].descending;
    return true;
}

/* A value of the first key that is no score; the events that come next are all beyond it. */
static bool take_in_order(void *ctx, struct event *e)
{
    struct search *s = ctx;
    struct find_doc doc = {.e = e};
    if (find_top_beyond(s->top, &doc))
        return false;
    if (!find_top_add(s->top, &doc))
        s->failed = true;
    return !s->failed;
}

/* The bounds that search_after sets for the time. */
static void narrow(const struct search *s, bool newest, struct store_span *span)
{
    const struct find_sort *order = &s->body.order;
    size_t i = 0;
    if (s->body.hits.after == NULL)
        return;
    while (order->keys[i].field.meta == FIND_META_SCORE)
        i++;
    const struct event_value *v = &s->body.hits.after[i];
    if (v->type != EVENT_TIME)
        return;
    if (newest)
        span->to = v->t + TIME_MS;
    else
        span->from = v->t;
}

static enum err hits_by_time(struct search *s, bool newest)
{
    struct store_span span = {.from = TIME_NONE,
                              .to = TIME_MAX,
                              .newest = newest,
                              .expected = s->body.hits.from + s->body.hits.size + SLACK};
    narrow(s, newest, &span);
    enum err rc = store_look_ordered(s->look, &span, take_in_order, s, &s->why);
    return rc == ERR_NONE ? tally_error(s) : say(s, rc);
}

static bool take_row(void *ctx, const struct event_value *row, size_t n)
{
    struct search *s = ctx;
    struct event_value values[FIND_SORT_MAX];
    struct ip room[FIND_SORT_MAX];
    (void)n;
    find_plan_values(&s->body.order, row + 3, values, room);
    if (!find_top_place(s->top, values, row[0].t, (uint32_t)row[1].i, (uint64_t)row[2].i))
        s->failed = true;
    return !s->failed;
}

static enum err hits_by_keys(struct search *s)
{
    struct store_top_key keys[FIND_SORT_MAX];
    struct event_value after[FIND_SORT_MAX];
    struct store_top top = {.keys = keys,
                            .keys_n = find_plan_keys(&s->body.order, keys),
                            .limit = s->body.hits.from + s->body.hits.size};
    if (s->body.hits.after != NULL) {
        find_plan_after(&s->body.order, s->body.hits.after, after);
        top.after = after;
    }
    enum err rc = store_look_top(s->look, &top, take_row, s, &s->why);
    return rc == ERR_NONE ? tally_error(s) : say(s, rc);
}

static uint64_t before(const struct find_page *page)
{
    return page->context != NULL ? page->context->before : 0;
}

/* A page behind the first of a scroll: its hits are all that is new. */
static bool is_later(const struct search *s)
{
    return s->page->kind == FIND_BODY_SCROLL && s->page->context->later;
}

static enum err open_look(struct search *s)
{
    const struct store_search what = {.query = s->body.query,
                                      .from = s->body.from,
                                      .to = s->body.to,
                                      .timeout_ns = s->r->timeout_ns > 0 ? s->r->timeout_ns
                                                                         : s->body.timeout_ns,
                                      .cancel = s->r->cancel,
                                      .before = before(s->page),
                                      /* Conditions of aggregations may ask for any field. */
                                      .fields = s->plan.also_n == 0 ? s->plan.asked.list : NULL,
                                      .fields_n = s->plan.asked.n};
    static const char *const none[] = {NULL};
    const struct store_look_options options = {.also = s->plan.also,
                                               .also_n = s->plan.also_n,
                                               .asked =
                                                   s->plan.asked.n > 0 ? s->plan.asked.list : none,
                                               .asked_n = s->plan.asked.n,
                                               .one_by_one = s->plan.one_by_one};
    struct store_search asked = what;
    if (asked.fields == NULL && s->plan.also_n == 0)
        asked.fields = none;
    enum err rc = store_look_open(s->f->options.store, &asked, &options, &s->look, &s->why);
    return rc == ERR_NONE ? rc : say(s, rc);
}

static enum err count_events(struct search *s, bool exact)
{
    uint64_t n = 0;
    uint64_t enough = UINT64_MAX;
    if (s->body.no_total || is_later(s))
        return ERR_NONE;
    /* One more than is shown tells that there are more. */
    if (!exact && s->body.total_up_to < UINT64_MAX)
        enough = s->body.total_up_to + 1;
    enum err rc = store_look_count(s->look, enough, &n, &s->why);
    s->total += n;
    return rc == ERR_NONE ? rc : say(s, rc);
}

static enum err run_events(struct search *s)
{
    bool newest = false;
    bool by_time = s->top != NULL && is_by_time(s, &newest);
    enum err rc = open_look(s);
    if (rc != ERR_NONE)
        return rc;
    s->to_tally = true;
    s->to_top = true;
    rc = store_look_hot(s->look, take_event, s, &s->why);
    if (rc == ERR_NONE) {
        s->to_top = !by_time;
        if (s->tally != NULL || (s->top != NULL && !by_time))
            rc = store_look_odd(s->look, take_event, s, &s->why);
    }
    if (rc != ERR_NONE)
        return say(s, rc);
    rc = tally_error(s);
    if (rc == ERR_NONE && s->tally != NULL) {
        rc = find_plan_run(&s->body.aggs, s->tally, s->look, &s->why);
        rc = rc == ERR_NONE ? tally_error(s) : say(s, rc);
    }
    if (rc == ERR_NONE && s->top != NULL)
        rc = by_time ? hits_by_time(s, newest) : hits_by_keys(s);
    if (rc == ERR_NONE)
        rc = count_events(s, s->r->total_as_int);
    return rc;
}

static enum err run_kept(struct search *s)
{
    s->to_tally = true;
    s->to_top = true;
    /* Results have no @timestamp by which the query could have bounded them. */
    enum err rc = find_kept_each(s->f->options.state, &s->target, s->body.from, s->body.to,
                                 take_kept, s, &s->why);
    if (rc == ERR_NONE && s->cancelled)
        rc = err_set(&s->why, ERR_STOPPED, "the search was stopped before its end");
    return rc == ERR_NONE ? tally_error(s) : say(s, rc);
}

static enum err search_init(struct search *s, struct find *f, const struct find_request *r,
                            const struct find_page *page, struct find_error *error)
{
    memset(s, 0, sizeof(*s));
    s->f = f;
    s->r = r;
    s->page = page;
    s->error = error;
    s->began = clock_steady();
    enum err rc = find_target_parse(r->index, f->options.store, r->lenient, &s->target, error);
    if (rc != ERR_NONE)
        return rc;
    rc = find_body_parse(r->body, r->now, &s->target, page->kind, &s->body, error);
    if (rc != ERR_NONE) {
        find_target_release(&s->target);
        return rc;
    }
    if (page->kind == FIND_BODY_SCROLL && page->context->after_n == s->body.order.n)
        s->body.hits.after = page->context->after;
    find_fetch_init(&s->fetch, f->options.memory);
    return ERR_NONE;
}

static void search_release(struct search *s)
{
    bool large = s->tally != NULL && find_tally_memory(s->tally) > TRIM_ABOVE;
    store_look_close(s->look);
    find_fetch_release(&s->fetch);
    find_top_free(s->top);
    find_tally_free(s->tally);
    find_plan_release(&s->plan);
    event_json_free(s->reader);
    find_body_release(&s->body);
    find_target_release(&s->target);
    if (large)
        mem_trim(); /* the next may come in another thread, which has other memory */
}

/* Everything that counts and gathers. */
static enum err prepare(struct search *s)
{
    const struct find_tally_options options = {.memory = s->f->options.memory,
                                               .seed = s->f->options.seed};
    uint64_t hits = s->body.hits.from + s->body.hits.size;
    s->reader = event_json_new();
    bool complete = s->reader != NULL;
    if (s->body.aggs.root.sub_n > 0 && !is_later(s)) {
        s->tally = find_tally_new(&s->body.aggs, &options);
        complete = complete && s->tally != NULL;
        find_plan_add(&s->plan, &s->body.aggs.root);
    }
    if (s->body.hits.size > 0) {
        s->top = find_top_new(&s->body.order, s->body.hits.after, hits);
        complete = complete && s->top != NULL;
        find_plan_sort(&s->plan, &s->body.order);
    }
    complete = complete && !s->plan.failed && !s->plan.asked.failed;
    return complete ? ERR_NONE : find_error_memory(s->error);
}

static void write_total(const struct search *s, struct format_writer *w)
{
    bool capped = s->total > s->body.total_up_to;
    uint64_t shown = capped ? s->body.total_up_to : s->total;
    if (s->body.no_total) {
        if (s->r->total_as_int)
            format_write_field_i64(w, "total", -1);
        return;
    }
    if (s->r->total_as_int) {
        format_write_field_i64(w, "total", (int64_t)s->total);
        return;
    }
    format_write_key(w, "total");
    format_write_begin_object(w);
    format_write_field_i64(w, "value", (int64_t)shown);
    format_write_field_str(w, "relation", capped ? "gte" : "eq");
    format_write_end_object(w);
}

static enum err write_hits(struct search *s, struct format_writer *w)
{
    const struct find_hits *what = &s->body.hits;
    enum err rc = ERR_NONE;
    struct arena arena;
    size_t n = 0;
    const struct find_candidate *list = s->top != NULL ? find_top_list(s->top, &n) : NULL;
    arena_init(&arena, 0);
    format_write_key(w, "hits");
    format_write_begin_object(w);
    write_total(s, w);
    format_write_key(w, "max_score");
    if (what->sort.scored && n > what->from)
        format_write_f64(w, 1);
    else
        format_write_null(w);
    format_write_key(w, "hits");
    format_write_begin_array(w);
    for (size_t i = what->from; rc == ERR_NONE && i < n; i++) {
        struct event event;
        struct find_doc doc;
        rc = find_fetch_doc(&s->fetch, &list[i], s->reader, &arena, &event, &doc);
        if (rc == ERR_NONE)
            rc = find_hit_write(what, &doc, list[i].values, w);
        else if (rc == ERR_NOT_FOUND)
            rc = ERR_NONE; /* retention took it in the meantime */
    }
    format_write_end_array(w);
    format_write_end_object(w);
    arena_release(&arena);
    return rc == ERR_NONE ? rc : find_error_memory(s->error);
}

void find_write_shards(struct format_writer *w)
{
    format_write_key(w, "_shards");
    format_write_begin_object(w);
    format_write_field_i64(w, "total", 1);
    format_write_field_i64(w, "successful", 1);
    format_write_field_i64(w, "skipped", 0);
    format_write_field_i64(w, "failed", 0);
    format_write_end_object(w);
}

static void write_head(const struct search *s, bool timed_out, struct format_writer *w)
{
    format_write_begin_object(w);
    if (s->page->named != NULL)
        format_write_field_str(w, s->page->named, s->page->context->name);
    format_write_field_i64(w, "took", (clock_steady() - s->began) / TIME_MS);
    format_write_field_bool(w, "timed_out", timed_out);
    find_write_shards(w);
}

static enum err write_answer(struct search *s, const struct find_tally *unseen, struct buf *out)
{
    struct find_reduce reduce = {.tally = s->tally,
                                 .unseen = unseen != NULL ? find_tally_root(unseen) : NULL,
                                 .fetch = &s->fetch,
                                 .reader = s->reader,
                                 .typed = s->r->typed_keys,
                                 .memory = s->f->options.memory};
    enum err rc = ERR_NONE;
    size_t n = 0;
    if (s->tally != NULL)
        rc = find_reduce_cut(&reduce, &s->body.aggs, s->error);
    const struct find_candidate *list = s->top != NULL ? find_top_list(s->top, &n) : NULL;
    for (size_t i = s->body.hits.from; i < n; i++)
        find_fetch_add(&s->fetch, &list[i]);
    if (rc == ERR_NONE && s->look != NULL) {
        rc = find_fetch_run(&s->fetch, s->look, &s->why);
        rc = rc == ERR_NONE ? rc : say(s, rc);
    }
    if (rc != ERR_NONE)
        return rc;
    struct format_writer w;
    format_write_init(&w, out);
    write_head(s, false, &w);
    rc = write_hits(s, &w);
    if (rc == ERR_NONE && s->tally != NULL) {
        format_write_key(&w, "aggregations");
        format_write_begin_object(&w);
        rc = find_reduce_write(&reduce, &s->body.aggs, &w, s->error);
        if (rc == ERR_NONE)
            format_write_end_object(&w);
    }
    if (rc == ERR_NONE)
        format_write_end_object(&w);
    return rc == ERR_NONE && !buf_ok(out) ? find_error_memory(s->error) : rc;
}

/* Out of time: an answer that says so, with nothing in it. */
static void write_timed_out(const struct search *s, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    write_head(s, true, &w);
    format_write_key(&w, "hits");
    format_write_begin_object(&w);
    format_write_key(&w, "total");
    format_write_begin_object(&w);
    format_write_field_i64(&w, "value", 0);
    format_write_field_str(&w, "relation", "gte");
    format_write_end_object(&w);
    format_write_key(&w, "max_score");
    format_write_null(&w);
    format_write_key(&w, "hits");
    format_write_begin_array(&w);
    format_write_end_array(&w);
    format_write_end_object(&w);
    format_write_end_object(&w);
}

/* Whether the time that was given is over. */
static bool is_timed_out(const struct search *s, enum err rc)
{
    ts_ns limit = s->r->timeout_ns > 0 ? s->r->timeout_ns : s->body.timeout_ns;
    return rc == ERR_STOPPED && limit > 0 && !is_cancelled(s->r);
}

/* Counts all that a search sees. */
static enum err run(struct search *s)
{
    const struct find_options *o = &s->f->options;
    enum err rc = prepare(s);
    if (rc == ERR_NONE && s->target.events && o->store != NULL)
        rc = run_events(s);
    if (rc == ERR_NONE && find_target_kept(&s->target) && o->state != NULL)
        rc = run_kept(s);
    if (is_later(s))
        s->total = s->page->context->total;
    return rc;
}

/* Terms of all documents, as a search of its own. */
struct unseen {
    struct search *search;
    struct find_request request;
    struct find_page page;
    struct format_node *body;
};

static void unseen_release(struct unseen *u)
{
    if (u->search != NULL)
        search_release(u->search);
    mem_free(u->search);
    format_node_free(u->body);
}

/* A definition for each terms that wants them, in the order of their numbers. */
static void write_unseen(const struct find_agg *a, struct format_writer *w)
{
    /* Those below are read, and numbered, first. */
    for (size_t i = 0; i < a->sub_n; i++)
        write_unseen(&a->sub[i], w);
    if (a->unseen == 0)
        return;
    char name[16];
    (void)snprintf(name, sizeof(name), "%u", a->unseen);
    bool down = a->orders[0].by == FIND_ORDER_KEY && a->orders[0].descending;
    format_write_key(w, name);
    format_write_begin_object(w);
    format_write_key(w, "terms");
    format_write_begin_object(w);
    format_write_field_str(w, "field", a->field.name);
    format_write_field_i64(w, "size", FIND_BUCKETS_MAX + 1);
    format_write_key(w, "order");
    format_write_begin_object(w);
    format_write_field_str(w, "_key", down ? "desc" : "asc");
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

static enum err gather_unseen(const struct search *s, struct unseen *out)
{
    struct format_writer w;
    struct buf json;
    struct err_text *why = s->error != NULL ? &s->error->text : NULL;
    buf_init(&json);
    format_write_init(&w, &json);
    buf_str(&json, "{\"size\":0,\"track_total_hits\":false,\"aggs\":");
    format_write_begin_object(&w);
    write_unseen(&s->body.aggs.root, &w);
    format_write_end_object(&w);
    buf_char(&json, '}');
    enum err rc = buf_ok(&json) ? format_node_json(buf_text(&json), json.n, "aggs", &out->body, why)
                                : ERR_MEMORY;
    buf_release(&json);
    if (rc != ERR_NONE)
        return find_error_memory(s->error);
    out->request = *s->r;
    out->request.body = out->body;
    if (out->request.timeout_ns == 0)
        out->request.timeout_ns = s->body.timeout_ns;
    struct search *all = mem_alloc(sizeof(*all));
    if (all == NULL)
        return find_error_memory(s->error);
    out->page = (struct find_page){.kind = FIND_BODY_SEARCH, .context = s->page->context};
    rc = search_init(all, s->f, &out->request, &out->page, s->error);
    if (rc != ERR_NONE) {
        mem_free(all);
        return rc;
    }
    out->search = all;
    return run(all);
}

/* The next page of a scroll begins behind this one's last hit. */
static enum err move_on(const struct search *s)
{
    struct find_context *c = s->page->context;
    size_t n = 0;
    if (s->page->kind != FIND_BODY_SCROLL)
        return ERR_NONE;
    const struct find_candidate *list = find_top_list(s->top, &n);
    c->later = true;
    c->total = s->total;
    enum err rc = n > 0 ? find_context_place(c, list[n - 1].values, s->body.order.n) : ERR_NONE;
    if (rc == ERR_LIMIT)
        return find_error_argument(s->error,
                                   "the values that the scroll is sorted by are too large");
    return rc == ERR_NONE ? ERR_NONE : find_error_memory(s->error);
}

enum err find_search(struct find *f, const struct find_request *r, struct buf *out,
                     struct find_error *error)
{
    static const struct find_page now = {.kind = FIND_BODY_SEARCH};
    if (format_node_type(format_node_get(r->body, "pit")) != FORMAT_NULL)
        return find_search_moment(f, r, out, error);
    return find_search_page(f, r, &now, out, error);
}

enum err find_search_page(struct find *f, const struct find_request *r,
                          const struct find_page *page, struct buf *out, struct find_error *error)
{
    struct search *s = mem_alloc(sizeof(*s));
    size_t before = out->n;
    if (s == NULL)
        return find_error_memory(error);
    enum err rc = search_init(s, f, r, page, error);
    if (rc != ERR_NONE) {
        mem_free(s);
        return rc;
    }
    struct unseen unseen = {0};
    rc = run(s);
    if (rc == ERR_NONE && s->body.aggs.unseen_n > 0 && !is_later(s))
        rc = gather_unseen(s, &unseen);
    if (rc == ERR_NONE)
        rc = write_answer(s, unseen.search != NULL ? unseen.search->tally : NULL, out);
    if (rc == ERR_NONE)
        rc = move_on(s);
    unseen_release(&unseen);
    if (rc != ERR_NONE && out->n > before)
        out->n = before;
    if (is_timed_out(s, rc)) {
        write_timed_out(s, out);
        rc = buf_ok(out) ? ERR_NONE : find_error_memory(error);
    }
    search_release(s);
    mem_free(s);
    return rc;
}

enum err find_count(struct find *f, const struct find_request *r, struct buf *out,
                    struct find_error *error)
{
    static const struct find_page all = {.kind = FIND_BODY_COUNT};
    struct format_writer w;
    struct search *s = mem_alloc(sizeof(*s));
    if (s == NULL)
        return find_error_memory(error);
    enum err rc = search_init(s, f, r, &all, error);
    if (rc != ERR_NONE) {
        mem_free(s);
        return rc;
    }
    if (s->target.events && f->options.store != NULL) {
        rc = open_look(s);
        if (rc == ERR_NONE)
            rc = count_events(s, true);
    }
    if (rc == ERR_NONE && find_target_kept(&s->target) && f->options.state != NULL)
        rc = run_kept(s);
    if (rc == ERR_NONE) {
        format_write_init(&w, out);
        format_write_begin_object(&w);
        format_write_field_i64(&w, "count", (int64_t)s->total);
        find_write_shards(&w);
        format_write_end_object(&w);
        rc = buf_ok(out) ? ERR_NONE : find_error_memory(error);
    }
    search_release(s);
    mem_free(s);
    return rc;
}
