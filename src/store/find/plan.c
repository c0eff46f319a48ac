/* SPDX-License-Identifier: Apache-2.0 */
#include "find/plan.h"

#include "base/mem.h"
#include "store/address.h"

#include <string.h>

#define STEPS_MAX 24
#define KEYS_MAX 160 /* of all sources on one way */
#define MEASURES_MAX 50
#define ONLY_MAX 1000 /* groups that a question names */

void find_names_add(struct find_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (strcmp(names->list[i], name) == 0)
            return;
    void *grown = names->list;
    if (mem_grow(&grown, &names->cap, names->n + 1, sizeof(*names->list)) != 0) {
        names->failed = true;
        return;
    }
    names->list = grown;
    names->list[names->n++] = name;
}

void find_names_release(struct find_names *names)
{
    mem_free(names->list);
    memset(names, 0, sizeof(*names));
}

void find_plan_release(struct find_plan *p)
{
    find_names_release(&p->asked);
    mem_free(p->also);
    memset(p, 0, sizeof(*p));
}

static void add_field(struct find_plan *p, const struct find_field *f)
{
    switch ((enum find_meta)f->meta) {
    case FIND_META_NONE:
        find_names_add(&p->asked, f->path);
        return;
    case FIND_META_TIME:
    case FIND_META_SCORE:
    case FIND_META_ORDER:
        return;
    case FIND_META_INDEX:
        /* What query_index_name() looks at. */
        find_names_add(&p->asked, "data_stream.type");
        find_names_add(&p->asked, "data_stream.dataset");
        find_names_add(&p->asked, "data_stream.namespace");
        find_names_add(&p->asked, "event.dataset");
        find_names_add(&p->asked, "weir.index");
        return;
    case FIND_META_ID:
        find_names_add(&p->asked, "weir.id");
        p->one_by_one = true;
        return;
    }
}

static void add_case(struct find_plan *p, const struct query *q)
{
    void *grown = p->also;
    if (mem_grow(&grown, &p->also_cap, p->also_n + 1, sizeof(*p->also)) != 0) {
        p->failed = true;
        return;
    }
    p->also = grown;
    p->also[p->also_n++] = q;
}

void find_plan_sort(struct find_plan *p, const struct find_sort *s)
{
    for (size_t i = 0; i < s->n; i++)
        add_field(p, &s->keys[i].field);
}

void find_plan_add(struct find_plan *p, const struct find_agg *a)
{
    if (a->has_field)
        add_field(p, &a->field);
    for (size_t i = 0; i < a->sources_n; i++)
        add_field(p, &a->sources[i].field);
    for (size_t i = 0; i < a->cases_n; i++)
        add_case(p, a->cases[i].query);
    if (a->kind == FIND_AGG_TOP_HITS)
        find_plan_sort(p, &a->hits.sort);
    /* Names of indices have no column to count. */
    if (find_agg_is_measure(a->kind) && a->field.meta == FIND_META_INDEX)
        p->one_by_one = true;
    if ((a->kind == FIND_AGG_HISTOGRAM && a->field.kind == EVENT_KIND_BOOLEAN) ||
        (a->has_field && a->field.meta == FIND_META_ORDER))
        p->one_by_one = true;
    for (size_t i = 0; i < a->sources_n; i++)
        if (a->sources[i].field.meta == FIND_META_ORDER ||
            (a->sources[i].kind == FIND_AGG_HISTOGRAM &&
             a->sources[i].field.kind == EVENT_KIND_BOOLEAN))
            p->one_by_one = true;
    for (size_t i = 0; i < a->sub_n; i++)
        find_plan_add(p, &a->sub[i]);
}

size_t find_plan_keys(const struct find_sort *s, struct store_top_key *out_keys)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct find_sort_key *key = &s->keys[i];
        if (key->field.meta == FIND_META_SCORE)
            continue;
        out_keys[n++] = (struct store_top_key){
            .field = key->field.meta == FIND_META_ORDER ? "_sequence" : key->field.path,
            .descending = key->descending,
            .missing = key->has_missing ? &key->missing : NULL,
            .missing_first = key->missing_first,
            .greatest = key->greatest,
            .address = key->field.kind == EVENT_KIND_IP};
    }
    return n;
}

void find_plan_values(const struct find_sort *s, const struct event_value *given,
                      struct event_value *out, struct ip *room)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct find_field *f = &s->keys[i].field;
        if (f->meta == FIND_META_SCORE) {
            out[i] = (struct event_value){.type = EVENT_F64, .f = 1};
            continue;
        }
        out[i] = *given++;
        if (out[i].type == EVENT_I64 && find_field_is_date(f))
            out[i] = event_value_time(find_ns(out[i].i));
        else if (out[i].type == EVENT_I64 && f->kind == EVENT_KIND_BOOLEAN)
            out[i] = event_value_bool(out[i].i != 0);
        else if (out[i].type == EVENT_STR && f->kind == EVENT_KIND_IP &&
                 store_address_read(out[i].s, out[i].len, &room[i]))
            out[i] = event_value_ip(&room[i]);
    }
}

void find_plan_after(const struct find_sort *s, const struct event_value *after,
                     struct event_value *out)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->keys[i].field.meta != FIND_META_SCORE)
            *out++ = after[i];
}

/* One definition on the way from the root, and which of its fixed buckets. */
struct step {
    const struct find_agg *parent;
    size_t number; /* among parent->sub */
    size_t fixed;
};

struct walk {
    const struct find_aggs *aggs;
    struct find_tally *t;
    struct store_look *look;
    struct err_text *why;
    struct step steps[STEPS_MAX];
    size_t steps_n;
    /* The question at hand. */
    struct store_group_key keys[KEYS_MAX];
    size_t keys_n;
    const struct query *also[STEPS_MAX];
    size_t also_n;
    struct store_measure measures[MEASURES_MAX];
    size_t measures_n;
    struct event_value only[ONLY_MAX];
    size_t only_n;
    size_t within;
    bool has_only;
    const struct find_agg *asking; /* a metric that asks for values or hits; NULL: groups */
    size_t asking_number;
};

static const struct find_agg *agg_of(const struct step *s)
{
    return &s->parent->sub[s->number];
}

/* The definition whose buckets the way ends in. */
static const struct find_agg *here(const struct walk *w)
{
    return w->steps_n > 0 ? agg_of(&w->steps[w->steps_n - 1]) : &w->aggs->root;
}

static void add_key(struct walk *w, uint8_t kind, const struct find_field *f,
                    const struct find_round *round, double width, double offset)
{
    struct store_group_key *key = &w->keys[w->keys_n++];
    memset(key, 0, sizeof(*key));
    key->field = f->path;
    if (kind == FIND_AGG_DATE_HISTOGRAM && find_field_is_date(f)) {
        key->step = true;
        find_round_grain(round, &key->step_ns, &key->offset_ns);
    } else if (kind == FIND_AGG_HISTOGRAM) {
        key->step = true;
        key->width = width;
        key->offset = offset;
    } else if (find_field_is_date(f)) {
        key->step = true;
        key->step_ns = TIME_MS;
    }
}

static size_t keys_of(const struct find_agg *a)
{
    return a->kind == FIND_AGG_COMPOSITE ? a->sources_n : find_agg_is_keyed(a->kind) ? 1 : 0;
}

/* Keys and conditions of the way. False: it is too long. */
static bool write_way(struct walk *w)
{
    w->keys_n = 0;
    w->also_n = 0;
    for (size_t i = 0; i < w->steps_n; i++) {
        const struct find_agg *a = agg_of(&w->steps[i]);
        if (w->keys_n + keys_of(a) + 1 > KEYS_MAX)
            return false;
        if (a->kind == FIND_AGG_COMPOSITE)
            for (size_t k = 0; k < a->sources_n; k++)
                add_key(w, a->sources[k].kind, &a->sources[k].field, &a->sources[k].round,
                        a->sources[k].interval, 0);
        else if (find_agg_is_keyed(a->kind))
            add_key(w, a->kind, &a->field, &a->round, a->interval, a->offset);
        else
            w->also[w->also_n++] = a->cases[w->steps[i].fixed].query;
    }
    return true;
}

/* The state of the first terms on the way, when nothing before it has keys; NULL: none. */
static const struct find_state *first_terms(const struct walk *w)
{
    struct find_bucket *b = find_tally_root(w->t);
    for (size_t i = 0; i + 1 < w->steps_n; i++) {
        const struct step *s = &w->steps[i];
        const struct find_agg *a = agg_of(s);
        const struct find_state *state = b->sub[s->number];
        if (state == NULL)
            return NULL;
        if (find_agg_is_keyed(a->kind))
            return a->kind == FIND_AGG_TERMS && !a->has_missing ? state : NULL;
        b = state->buckets[s->fixed];
    }
    return NULL;
}

/* Names the buckets that are left of terms above, so that nobody counts below the others. */
static void write_only(struct walk *w, const struct find_state *terms)
{
    w->has_only = terms != NULL && terms->n <= ONLY_MAX;
    w->only_n = 0;
    w->within = 0;
    for (size_t i = 0; w->has_only && i < terms->n; i++) {
        struct event_value v = terms->buckets[i]->keys[0];
        if (v.type == EVENT_TIME)
            v = event_value_i64(find_ms(v.t));
        w->only[w->only_n++] = v;
    }
}

/* The bucket of a row's keys; NULL: it is not there any more. *out_next: the column after them. */
static struct find_bucket *find_bucket(struct walk *w, const struct event_value *row, bool make,
                                       size_t *out_next, struct find_state **out_state)
{
    struct find_bucket *b = find_tally_root(w->t);
    size_t column = 0;
    *out_state = NULL;
    for (size_t i = 0; b != NULL && i < w->steps_n; i++) {
        const struct step *s = &w->steps[i];
        const struct find_agg *a = agg_of(s);
        struct find_state *state = find_tally_state(w->t, s->parent, b, s->number);
        struct event_value keys[32];
        struct find_room rooms[32];
        if (state == NULL)
            return NULL;
        *out_state = state;
        if (!find_agg_is_keyed(a->kind)) {
            b = state->buckets[s->fixed];
            continue;
        }
        for (size_t k = 0; k < keys_of(a); k++)
            if (!find_tally_key(a, k, &row[column++], &keys[k], &rooms[k]))
                return NULL;
        b = find_tally_bucket(w->t, state, keys, make && i + 1 == w->steps_n);
    }
    *out_next = column;
    return b;
}

/* The number of what is measured for a metric; as many as there are: nothing yet. */
static size_t measure_of(const struct walk *w, const struct find_agg *metric)
{
    size_t i = 0;
    for (; i < w->measures_n; i++) {
        const struct store_measure *m = &w->measures[i];
        bool same = (m->missing != NULL) == metric->has_missing &&
                    (m->missing == NULL || find_value_compare(m->missing, &metric->missing) == 0);
        if (same && strcmp(m->field, metric->field.path) == 0)
            break;
    }
    return i;
}

static bool merge_group(void *ctx, const struct event_value *row, size_t n)
{
    struct walk *w = ctx;
    const struct find_agg *a = here(w);
    struct find_state *state;
    size_t column = 0;
    struct find_bucket *b = find_bucket(w, row, true, &column, &state);
    if (b == NULL)
        return find_tally_error(w->t) == ERR_NONE;
    b->docs += row[column].type == EVENT_I64 ? (uint64_t)row[column].i : 0;
    b->complete = true;
    for (size_t i = 0; i < a->sub_n; i++) {
        if (!find_agg_is_measure(a->sub[i].kind))
            continue;
        struct find_state *metric = find_tally_state(w->t, a, b, i);
        size_t at = column + 1 + 4 * measure_of(w, &a->sub[i]);
        if (metric != NULL && at + 4 <= n)
            find_tally_measure(metric, &row[at]);
    }
    if (state != NULL && find_agg_is_keyed(a->kind) && find_tally_can_drop(a) && !a->has_missing)
        find_tally_thin(w->t, state);
    return find_tally_error(w->t) == ERR_NONE;
}

/* A value and how often it came, for a metric that looks at values. */
static bool merge_value(void *ctx, const struct event_value *row, size_t n)
{
    struct walk *w = ctx;
    const struct find_agg *metric = w->asking;
    struct find_state *state;
    struct find_room room;
    struct event_value v;
    size_t column = 0;
    struct find_bucket *b = find_bucket(w, row, false, &column, &state);
    if (b == NULL || column + 2 > n)
        return find_tally_error(w->t) == ERR_NONE;
    struct event_value given = row[column];
    if (given.type == EVENT_I64 && find_field_is_date(&metric->field))
        given = event_value_time(find_ns(given.i));
    if (given.type == EVENT_NULL && metric->has_missing)
        given = metric->missing;
    state = find_tally_state(w->t, here(w), b, w->asking_number);
    if (state != NULL && given.type != EVENT_NULL &&
        find_field_value(&metric->field, &given, &v, &room) && row[column + 1].type == EVENT_I64)
        find_tally_value(w->t, state, &v, (uint64_t)row[column + 1].i);
    return find_tally_error(w->t) == ERR_NONE;
}

/* One of the first events of a group. */
static bool merge_hit(void *ctx, const struct event_value *row, size_t n)
{
    struct walk *w = ctx;
    const struct find_sort *sort = &w->asking->hits.sort;
    struct find_state *state;
    struct event_value values[32];
    struct ip room[32];
    size_t column = 0;
    struct find_bucket *b = find_bucket(w, row, false, &column, &state);
    if (b == NULL || column + 3 > n)
        return find_tally_error(w->t) == ERR_NONE;
    state = find_tally_state(w->t, here(w), b, w->asking_number);
    if (state == NULL)
        return false;
    find_plan_values(sort, &row[column + 3], values, room);
    /* Short of memory the hit is missing, which the next allocation will tell. */
    return find_top_place(state->top, values, row[column].t, (uint32_t)row[column + 1].i,
                          (uint64_t)row[column + 2].i);
}

static enum err ask(struct walk *w, const struct store_top *first, store_group_fn fn)
{
    const struct store_groups what = {.also = w->also,
                                      .also_n = w->also_n,
                                      .keys = w->keys,
                                      .keys_n = w->keys_n,
                                      .measures = w->measures,
                                      .measures_n = fn == merge_group ? w->measures_n : 0,
                                      .within = w->within,
                                      .only = w->has_only ? w->only : NULL,
                                      .only_n = w->only_n,
                                      .first = first};
    return store_look_groups(w->look, &what, fn, w, w->why);
}

/* Adds what a metric looks at, beside what others of the same field do. False: too many fields. */
static bool add_measure(struct walk *w, const struct find_agg *a)
{
    bool stats = a->kind == FIND_AGG_STATS;
    bool average = a->kind == FIND_AGG_AVG || stats;
    size_t i = measure_of(w, a);
    if (i == MEASURES_MAX)
        return false;
    struct store_measure *m = &w->measures[i];
    if (i == w->measures_n)
        w->measures[w->measures_n++] = (struct store_measure){
            .field = a->field.path, .missing = a->has_missing ? &a->missing : NULL};
    m->count = m->count || average || a->kind == FIND_AGG_VALUE_COUNT;
    m->sum = m->sum || average || a->kind == FIND_AGG_SUM;
    m->least = m->least || stats || a->kind == FIND_AGG_MIN;
    m->greatest = m->greatest || stats || a->kind == FIND_AGG_MAX;
    return true;
}

/* Counts, sums, least and greatest. */
static enum err ask_groups(struct walk *w)
{
    const struct find_agg *a = here(w);
    bool counted = w->steps_n > 0;
    w->measures_n = 0;
    for (size_t i = 0; i < a->sub_n; i++) {
        counted = counted || a->sub[i].kind == FIND_AGG_TOP_HITS;
        if (!find_agg_is_measure(a->sub[i].kind))
            continue;
        if (!add_measure(w, &a->sub[i]))
            return err_set(w->why, ERR_UNSUPPORTED,
                           "at most %d fields are measured beside each other", MEASURES_MAX);
    }
    w->asking = NULL;
    /* At the root only hits show how many there are. */
    if (!counted && w->measures_n == 0)
        return ERR_NONE;
    return ask(w, NULL, merge_group);
}

static enum err ask_values(struct walk *w, size_t number)
{
    w->asking = &here(w)->sub[number];
    w->asking_number = number;
    add_key(w, FIND_AGG_TERMS, &w->asking->field, NULL, 0, 0);
    w->keys[w->keys_n - 1].repeat = w->asking->kind == FIND_AGG_PERCENTILES;
    enum err rc = ask(w, NULL, merge_value);
    w->keys_n--;
    return rc;
}

static enum err ask_hits(struct walk *w, size_t number)
{
    struct store_top_key keys[32];
    const struct find_agg *a = &here(w)->sub[number];
    const struct store_top first = {.keys = keys,
                                    .keys_n = find_plan_keys(&a->hits.sort, keys),
                                    .limit = a->hits.from + a->hits.size};
    w->asking = a;
    w->asking_number = number;
    return first.limit > 0 ? ask(w, &first, merge_hit) : ERR_NONE;
}

/* All states of the definition at the end of the way: walks every bucket above it. */
static void drop_all(struct walk *w, struct find_bucket *b, size_t step)
{
    const struct step *s = &w->steps[step];
    struct find_state *state = b->sub[s->number];
    if (state == NULL)
        return;
    if (step + 1 == w->steps_n) {
        find_tally_drop(w->t, state, true);
        return;
    }
    for (size_t i = 0; i < state->n; i++)
        if (find_agg_is_keyed(agg_of(s)->kind) || i == s->fixed)
            drop_all(w, state->buckets[i], step + 1);
}

/* Whether everything that orders the buckets is counted once groups and values are. */
static bool is_ordered(const struct find_agg *a)
{
    if (a->kind == FIND_AGG_COMPOSITE)
        return true;
    for (size_t i = 0; i < a->orders_n; i++)
        if (a->orders[i].by == FIND_ORDER_BELOW && a->orders[i].depth != 1)
            return false;
    for (size_t i = 0; i < a->orders_n; i++)
        if (a->orders[i].by == FIND_ORDER_BELOW &&
            find_agg_has_buckets(a->sub[a->orders[i].path[0]].kind))
            return false;
    return a->kind == FIND_AGG_TERMS;
}

/* Nothing is asked, and nothing dropped, once the tally has failed. */
static bool goes_on(const struct walk *w, enum err rc)
{
    return rc == ERR_NONE && find_tally_error(w->t) == ERR_NONE;
}

static enum err go(struct walk *w);

/* On to the definitions below that make buckets. */
static enum err go_below(struct walk *w)
{
    const struct find_agg *a = here(w);
    enum err rc = ERR_NONE;
    for (size_t i = 0; goes_on(w, rc) && i < a->sub_n; i++) {
        const struct find_agg *sub = &a->sub[i];
        size_t n = find_agg_is_keyed(sub->kind)      ? 1
                   : find_agg_has_buckets(sub->kind) ? sub->cases_n
                                                     : 0;
        for (size_t k = 0; goes_on(w, rc) && k < n; k++) {
            if (w->steps_n == STEPS_MAX)
                return err_set(w->why, ERR_UNSUPPORTED, "aggregations are nested too deep");
            w->steps[w->steps_n++] = (struct step){a, i, k};
            rc = go(w);
            w->steps_n--;
        }
    }
    return rc;
}

static enum err go(struct walk *w)
{
    const struct find_agg *a = here(w);
    if (!write_way(w))
        return err_set(w->why, ERR_UNSUPPORTED, "the keys of nested aggregations are too many");
    const struct find_state *above = first_terms(w);
    write_only(w, above != NULL && is_ordered(above->agg) ? above : NULL);
    enum err rc = ask_groups(w);
    for (size_t i = 0; goes_on(w, rc) && i < a->sub_n; i++)
        if (a->sub[i].kind == FIND_AGG_CARDINALITY || a->sub[i].kind == FIND_AGG_PERCENTILES)
            rc = ask_values(w, i);
    if (goes_on(w, rc) && w->steps_n > 0 && is_ordered(a))
        drop_all(w, find_tally_root(w->t), 0);
    for (size_t i = 0; goes_on(w, rc) && i < a->sub_n; i++)
        if (a->sub[i].kind == FIND_AGG_TOP_HITS)
            rc = ask_hits(w, i);
    return goes_on(w, rc) ? go_below(w) : rc;
}

enum err find_plan_run(const struct find_aggs *aggs, struct find_tally *t, struct store_look *look,
                       struct err_text *why)
{
    if (aggs->root.sub_n == 0)
        return ERR_NONE;
    struct walk *w = mem_zero(1, sizeof(*w));
    if (w == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the search");
    w->aggs = aggs;
    w->t = t;
    w->look = look;
    w->why = why;
    enum err rc = go(w);
    mem_free(w);
    return rc;
}
