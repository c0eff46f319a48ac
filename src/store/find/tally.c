/* SPDX-License-Identifier: Apache-2.0 */
#include "find/tally.h"

#include "base/bytes.h"
#include "base/hash.h"
#include "base/mem.h"
#include "find/tally_priv.h"
#include "query/query.h"
#include "query/regexp.h"

#include <math.h>
#include <string.h>

#define FIRST_INDEX 16

static void collect(struct find_tally *t, const struct find_agg *a, struct find_bucket *b,
                    const struct find_doc *doc);

static void free_state(struct find_state *s);

static void free_bucket(const struct find_agg *a, struct find_bucket *b)
{
    for (size_t i = 0; i < a->sub_n; i++)
        free_state(b->sub[i]);
    size_t n = a->kind == FIND_AGG_COMPOSITE ? a->sources_n : 1;
    for (size_t i = 0; b->keys != NULL && i < n; i++)
        find_value_free(&b->keys[i]);
    mem_free(b);
}

static void free_state(struct find_state *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++)
        free_bucket(s->agg, s->buckets[i]);
    stats_distinct_release(&s->distinct);
    find_digest_release(&s->digest);
    find_top_free(s->top);
    mem_free(s->buckets);
    mem_free(s->index);
    mem_free(s);
}

/* A bucket and those below it. */
static size_t count_buckets(const struct find_agg *a, const struct find_bucket *b)
{
    size_t n = 1;
    for (size_t i = 0; i < a->sub_n; i++)
        for (size_t k = 0; b->sub[i] != NULL && k < b->sub[i]->n; k++)
            n += count_buckets(&a->sub[i], b->sub[i]->buckets[k]);
    return n;
}

/* What dropping gives back is an estimate, and no more than was taken. */
void find_tally_forget(struct find_tally *t, const struct find_agg *a, struct find_bucket *b)
{
    size_t n = count_buckets(a, b);
    size_t size = n * (sizeof(*b) + 64);
    t->used -= size < t->used ? size : t->used;
    t->buckets -= n;
    free_bucket(a, b);
}

/* Counts bytes that were taken; false when they are too many. */
static bool charge(struct find_tally *t, size_t n)
{
    t->used += n;
    t->most = t->used > t->most ? t->used : t->most;
    if (t->used > t->limit && t->error == ERR_NONE)
        t->error = ERR_LIMIT;
    return t->error == ERR_NONE;
}

static void *failed(struct find_tally *t)
{
    if (t->error == ERR_NONE)
        t->error = ERR_MEMORY;
    return NULL;
}

/* One block: the bucket, its keys, its states. */
static struct find_bucket *new_bucket(struct find_tally *t, const struct find_agg *a, size_t keys_n)
{
    size_t size = sizeof(struct find_bucket) + keys_n * sizeof(struct event_value) +
                  (a->sub_n + 1) * sizeof(struct find_state *);
    if (!charge(t, size + 32))
        return NULL;
    struct find_bucket *b = mem_zero(1, size);
    if (b == NULL)
        return failed(t);
    t->buckets++;
    b->keys = keys_n > 0 ? (struct event_value *)(void *)(b + 1) : NULL;
    b->sub = (struct find_state **)(void *)((char *)(b + 1) + keys_n * sizeof(struct event_value));
    return b;
}

static bool add_bucket(struct find_tally *t, struct find_state *s, struct find_bucket *b)
{
    void *grown = s->buckets;
    size_t before = s->cap;
    if (mem_grow(&grown, &s->cap, s->n + 1, sizeof(struct find_bucket *)) != 0) {
        failed(t);
        return false;
    }
    s->buckets = grown;
    (void)charge(t, (s->cap - before) * sizeof(struct find_bucket *));
    s->buckets[s->n++] = b;
    return true;
}

static struct find_state *new_state(struct find_tally *t, const struct find_agg *a)
{
    if (!charge(t, sizeof(struct find_state)))
        return NULL;
    struct find_state *s = mem_zero(1, sizeof(*s));
    if (s == NULL)
        return failed(t);
    s->agg = a;
    stats_distinct_init(&s->distinct);
    find_digest_init(&s->digest);
    bool complete = true;
    if (a->kind == FIND_AGG_TOP_HITS) {
        s->top = find_top_new(&a->hits.sort, a->hits.after, a->hits.from + a->hits.size);
        complete = s->top != NULL;
    }
    for (size_t i = 0; complete && find_agg_is_fixed(a->kind) && i < a->cases_n; i++) {
        struct find_bucket *b = new_bucket(t, a, 0);
        complete = b != NULL && add_bucket(t, s, b);
        if (!complete && b != NULL)
            free_bucket(a, b);
    }
    if (complete)
        return s;
    free_state(s);
    return failed(t);
}

struct find_tally *find_tally_new(const struct find_aggs *aggs,
                                  const struct find_tally_options *options)
{
    struct find_tally *t = mem_zero(1, sizeof(*t));
    if (t == NULL)
        return NULL;
    t->aggs = aggs;
    t->limit = options->memory;
    t->key = (struct hash_key){options->seed, ~options->seed};
    t->root = new_bucket(t, &aggs->root, 0);
    if (t->root == NULL) {
        mem_free(t);
        return NULL;
    }
    return t;
}

void find_tally_free(struct find_tally *t)
{
    if (t == NULL)
        return;
    free_bucket(&t->aggs->root, t->root);
    mem_free(t);
}

struct find_bucket *find_tally_root(const struct find_tally *t)
{
    return t->root;
}

enum err find_tally_error(const struct find_tally *t)
{
    return t->error;
}

bool find_tally_is_crowded(const struct find_tally *t)
{
    return t->buckets > FIND_BUCKETS_MAX;
}

size_t find_tally_memory(const struct find_tally *t)
{
    return t->most;
}

struct find_state *find_tally_state(struct find_tally *t, const struct find_agg *parent,
                                    struct find_bucket *b, size_t i)
{
    if (b->sub[i] == NULL && t->error == ERR_NONE)
        b->sub[i] = new_state(t, &parent->sub[i]);
    return b->sub[i];
}

static size_t keys_of(const struct find_agg *a)
{
    return a->kind == FIND_AGG_COMPOSITE ? a->sources_n : 1;
}

static uint64_t hash_keys(const struct find_tally *t, const struct event_value *keys, size_t n)
{
    uint64_t hash = 0;
    for (size_t i = 0; i < n; i++) {
        uint8_t room[17];
        struct bytes b = find_value_bytes(&keys[i], room);
        hash = hash_mix(hash) ^ hash_bytes(t->key, b.p, b.n) ^ keys[i].type;
    }
    return hash;
}

static bool equal_keys(const struct event_value *a, const struct event_value *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i].type != b[i].type || find_value_compare(&a[i], &b[i]) != 0)
            return false;
    return true;
}

/* The slot of some keys: free, or theirs. */
static size_t index_place(const struct find_tally *t, const struct find_state *s,
                          const struct event_value *keys, size_t n)
{
    size_t at = (size_t)hash_keys(t, keys, n) & (s->index_cap - 1);
    while (s->index[at] != 0 && !equal_keys(s->buckets[s->index[at] - 1]->keys, keys, n))
        at = (at + 1) & (s->index_cap - 1);
    return at;
}

/* An index of all buckets, with cap slots. */
static bool build_index(struct find_tally *t, struct find_state *s, size_t cap)
{
    uint32_t *index = mem_zero(cap, sizeof(*index));
    if (index == NULL) {
        failed(t);
        return false;
    }
    t->used -= s->index_cap * sizeof(*index);
    mem_free(s->index);
    s->index = index;
    s->index_cap = cap;
    for (size_t i = 0; i < s->n; i++)
        s->index[index_place(t, s, s->buckets[i]->keys, keys_of(s->agg))] = (uint32_t)i + 1;
    return charge(t, cap * sizeof(*index));
}

bool find_tally_build(struct find_tally *t, struct find_state *s)
{
    size_t cap = FIRST_INDEX;
    while (cap < s->n * 2)
        cap *= 2;
    return build_index(t, s, cap);
}

static struct find_bucket *make_bucket(struct find_tally *t, struct find_state *s,
                                       const struct event_value *keys)
{
    size_t n = keys_of(s->agg);
    struct find_bucket *b = new_bucket(t, s->agg, n);
    if (b == NULL)
        return NULL;
    size_t bytes = 0;
    bool complete = true;
    for (size_t i = 0; complete && i < n; i++) {
        complete = find_value_copy(&b->keys[i], &keys[i]);
        if (!complete)
            b->keys[i].type = EVENT_NULL;
        bytes += keys[i].type == EVENT_STR ? keys[i].len + 16U : 16U;
    }
    if (complete && charge(t, bytes) && add_bucket(t, s, b))
        return b;
    free_bucket(s->agg, b);
    return failed(t);
}

struct find_bucket *find_tally_bucket(struct find_tally *t, struct find_state *s,
                                      const struct event_value *keys, bool make)
{
    if (t->error != ERR_NONE)
        return NULL;
    if ((s->n + 1) * 4 > s->index_cap * 3 && !find_tally_build(t, s))
        return NULL;
    size_t n = keys_of(s->agg);
    size_t at = index_place(t, s, keys, n);
    if (s->index[at] != 0)
        return s->buckets[s->index[at] - 1];
    if (!make || !find_tally_wants(t, s->agg, keys))
        return NULL;
    struct find_bucket *b = make_bucket(t, s, keys);
    if (b != NULL)
        s->index[at] = (uint32_t)s->n;
    return b;
}

/* Fixed, and cheap to say of each bucket that is met. */
bool find_tally_wants(const struct find_tally *t, const struct find_agg *a,
                      const struct event_value *keys)
{
    if (a->kind == FIND_AGG_TERMS)
        return find_tally_chosen(t, a, keys);
    if (a->kind == FIND_AGG_DATE_HISTOGRAM || a->kind == FIND_AGG_HISTOGRAM) {
        double v = 0;
        (void)find_value_number(keys, &v);
        if (a->has_hard_min && v < a->hard_min)
            return false;
        /* The end of times is the first bucket that is not wanted, that of numbers the last wanted.
         */
        bool times = a->kind == FIND_AGG_DATE_HISTOGRAM;
        return !a->has_hard_max || (times ? v < a->hard_max : v <= a->hard_max);
    }
    if (a->kind == FIND_AGG_COMPOSITE && a->after != NULL)
        return find_tally_compare_keys(a, keys, a->after) > 0;
    return true;
}

/* A time of a field that need not be one: milliseconds, or ISO 8601. */
static bool as_time(const struct event_value *v, ts_ns *out)
{
    switch ((enum event_type)v->type) {
    case EVENT_TIME:
        *out = v->t;
        return true;
    case EVENT_I64:
        *out = find_ns(v->i);
        return true;
    case EVENT_F64:
        if (!(fabs(v->f) < 9e12))
            return false;
        *out = find_ns((int64_t)floor(v->f));
        return true;
    case EVENT_STR:
        return time_parse_iso(v->s, v->len, out);
    default:
        return false;
    }
}

static struct event_value time_key(const struct find_round *r, ts_ns t)
{
    return event_value_time(find_ns(find_ms(find_round_down(r, t))));
}

static struct event_value number_key(double step, double interval, double offset)
{
    double key = step * interval + offset;
    return (struct event_value){.type = EVENT_F64, .f = key == 0 ? 0 : key};
}

/* How one dimension of a bucket's key is made: a definition's own, or a source's. */
struct dimension {
    uint8_t kind;
    const struct find_field *field;
    const struct find_round *round;
    double interval;
    double offset;
};

static struct dimension dimension_of(const struct find_agg *a, size_t source)
{
    if (a->kind != FIND_AGG_COMPOSITE)
        return (struct dimension){a->kind, &a->field, &a->round, a->interval, a->offset};
    const struct find_source *s = &a->sources[source];
    return (struct dimension){s->kind, &s->field, &s->round, s->interval, 0};
}

/* The key of one value of a document; false: it has none. */
static bool key_of(const struct dimension *d, const struct event_value *given,
                   struct event_value *out, struct find_room *room)
{
    struct event_value v;
    ts_ns t;
    double number;
    if (!find_field_value(d->field, given, &v, room))
        return false;
    switch ((enum find_agg_kind)d->kind) {
    case FIND_AGG_DATE_HISTOGRAM:
        if (!as_time(&v, &t))
            return false;
        *out = time_key(d->round, t);
        return true;
    case FIND_AGG_HISTOGRAM:
        if (!find_value_number(&v, &number))
            return false;
        *out = number_key(floor((number - d->offset) / d->interval), d->interval, d->offset);
        return true;
    default:
        *out = v;
        if (v.type == EVENT_TIME)
            out->t = find_ns(find_ms(v.t));
        return true;
    }
}

bool find_tally_key(const struct find_agg *a, size_t source, const struct event_value *given,
                    struct event_value *out, struct find_room *room)
{
    struct dimension d = dimension_of(a, source);
    if (given->type == EVENT_NULL) {
        if (a->kind == FIND_AGG_COMPOSITE) {
            *out = *given;
            return a->sources[source].missing_bucket;
        }
        return a->has_missing && key_of(&d, &a->missing, out, room);
    }
    if (d.kind == FIND_AGG_DATE_HISTOGRAM && find_field_is_date(d.field)) {
        ts_ns step;
        ts_ns offset;
        ts_ns t;
        find_round_grain(d.round, &step, &offset);
        if (__builtin_mul_overflow(given->i, step, &t) || __builtin_add_overflow(t, offset, &t))
            return false;
        *out = time_key(d.round, t);
        return true;
    }
    if (d.kind == FIND_AGG_HISTOGRAM && given->type == EVENT_F64) {
        *out = number_key(given->f, d.interval, d.offset);
        return true;
    }
    if (d.kind == FIND_AGG_TERMS && find_field_is_date(d.field) && given->type == EVENT_I64) {
        *out = event_value_time(find_ns(given->i));
        return true;
    }
    return key_of(&d, given, out, room);
}

/* Into the bucket of some keys and on down. */
static void into_bucket(struct find_tally *t, struct find_state *s, const struct event_value *keys,
                        const struct find_doc *doc)
{
    struct find_bucket *b = find_tally_bucket(t, s, keys, true);
    /* A list may come to one bucket by several values. */
    if (b == NULL || b->stamp == doc->stamp)
        return;
    b->stamp = doc->stamp;
    b->docs++;
    collect(t, s->agg, b, doc);
}

static void collect_keyed(struct find_tally *t, struct find_state *s, const struct find_doc *doc)
{
    const struct find_agg *a = s->agg;
    struct dimension d = dimension_of(a, 0);
    struct find_values values;
    struct find_room room;
    struct event_value key;
    bool any = false;
    find_field_values(d.field, doc, &values);
    for (uint32_t i = 0; i < values.n && t->error == ERR_NONE; i++) {
        if (!key_of(&d, &values.v[i], &key, &room))
            continue;
        any = true;
        into_bucket(t, s, &key, doc);
    }
    if (!any && a->has_missing && key_of(&d, &a->missing, &key, &room))
        into_bucket(t, s, &key, doc);
}

/* All combinations of the sources' values. */
static void collect_composite(struct find_tally *t, struct find_state *s,
                              const struct find_doc *doc, struct event_value *keys, size_t source)
{
    const struct find_agg *a = s->agg;
    struct find_values values;
    struct find_room room;
    bool any = false;
    if (source == a->sources_n) {
        into_bucket(t, s, keys, doc);
        return;
    }
    struct dimension d = dimension_of(a, source);
    find_field_values(d.field, doc, &values);
    for (uint32_t i = 0; i < values.n && t->error == ERR_NONE; i++) {
        if (!key_of(&d, &values.v[i], &keys[source], &room))
            continue;
        any = true;
        collect_composite(t, s, doc, keys, source + 1);
    }
    if (!any && a->sources[source].missing_bucket) {
        keys[source] = (struct event_value){.type = EVENT_NULL};
        collect_composite(t, s, doc, keys, source + 1);
    }
    /* Only the first can be in the answer: the others are dropped when they are many. */
    if (source == 0)
        find_tally_thin(t, s);
}

static void add_number(struct find_sum *s, double v)
{
    double sum = s->sum + v;
    s->lost += fabs(s->sum) >= fabs(v) ? (s->sum - sum) + v : (v - sum) + s->sum;
    s->sum = sum;
    s->least = s->count == 0 || v < s->least ? v : s->least;
    s->greatest = s->count == 0 || v > s->greatest ? v : s->greatest;
    s->count++;
}

void find_tally_measure(struct find_state *s, const struct event_value v[4])
{
    struct find_sum *sum = &s->sum;
    double number = 0;
    bool counted = v[0].type == EVENT_I64;
    if (counted && v[0].i <= 0)
        return;
    bool any = counted;
    if (find_value_number(&v[1], &number)) {
        double total = sum->sum + number;
        sum->lost += fabs(sum->sum) >= fabs(number) ? (sum->sum - total) + number
                                                    : (number - total) + sum->sum;
        sum->sum = total;
        any = true;
    }
    if (find_value_number(&v[2], &number)) {
        sum->least = sum->count == 0 || number < sum->least ? number : sum->least;
        any = true;
    }
    if (find_value_number(&v[3], &number)) {
        sum->greatest = sum->count == 0 || number > sum->greatest ? number : sum->greatest;
        any = true;
    }
    /* Where nobody asked how many, it is enough that there are some. */
    sum->count += counted ? (uint64_t)v[0].i : any;
}

void find_tally_value(struct find_tally *t, struct find_state *s, const struct event_value *v,
                      uint64_t count)
{
    double number;
    bool fine = true;
    if (s->agg->kind == FIND_AGG_CARDINALITY) {
        uint8_t room[17];
        struct bytes b = find_value_bytes(v, room);
        size_t before = stats_distinct_memory(&s->distinct);
        fine = stats_distinct_add(&s->distinct, hash_bytes(t->key, b.p, b.n) ^ v->type);
        (void)charge(t, stats_distinct_memory(&s->distinct) - before);
    } else if (find_value_number(v, &number)) {
        size_t before = s->digest.cap;
        fine = find_digest_add(&s->digest, number, count);
        (void)charge(t, (s->digest.cap - before) * sizeof(*s->digest.slots));
    }
    if (!fine)
        failed(t);
}

/* Whether an equal value stands before: texts of a list count once. */
static bool stands_before(const struct find_values *values, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++)
        if (values->v[k].type == values->v[i].type &&
            find_value_compare(&values->v[k], &values->v[i]) == 0)
            return true;
    return false;
}

static void collect_metric(struct find_tally *t, struct find_state *s, const struct find_doc *doc)
{
    const struct find_agg *a = s->agg;
    struct find_values values;
    struct find_room room;
    struct event_value v;
    double number;
    find_field_values(&a->field, doc, &values);
    if (values.n == 0 && a->has_missing) {
        values.v = &a->missing;
        values.n = 1;
    }
    for (uint32_t i = 0; i < values.n; i++) {
        if (!find_field_value(&a->field, &values.v[i], &v, &room))
            continue;
        if (v.type == EVENT_TIME)
            v.t = find_ns(find_ms(v.t));
        if (a->kind == FIND_AGG_CARDINALITY || a->kind == FIND_AGG_PERCENTILES) {
            find_tally_value(t, s, &v, 1);
        } else if (a->kind == FIND_AGG_VALUE_COUNT) {
            bool text = v.type == EVENT_STR || v.type == EVENT_IP;
            s->sum.count += !(text && i < 4096 && stands_before(&values, i));
        } else if (find_value_number(&v, &number)) {
            add_number(&s->sum, number);
        }
    }
}

/* All definitions below a bucket. */
static void collect(struct find_tally *t, const struct find_agg *a, struct find_bucket *b,
                    const struct find_doc *doc)
{
    struct event_value keys[32]; /* as many as a composite may have sources */
    for (size_t i = 0; i < a->sub_n; i++) {
        struct find_state *s = find_tally_state(t, a, b, i);
        if (s == NULL)
            return;
        uint8_t kind = s->agg->kind;
        if (kind == FIND_AGG_COMPOSITE) {
            collect_composite(t, s, doc, keys, 0);
        } else if (find_agg_is_keyed(kind)) {
            collect_keyed(t, s, doc);
        } else if (kind == FIND_AGG_TOP_HITS) {
            if (!find_top_add(s->top, doc))
                failed(t);
        } else if (find_agg_has_buckets(kind)) {
            for (size_t k = 0; k < s->n; k++) {
                if (!query_match(s->agg->cases[k].query, doc->e))
                    continue;
                s->buckets[k]->docs++;
                collect(t, s->agg, s->buckets[k], doc);
            }
        } else {
            collect_metric(t, s, doc);
        }
    }
}

void find_tally_collect(struct find_tally *t, const struct find_doc *doc)
{
    if (t->error != ERR_NONE)
        return;
    t->root->docs++;
    collect(t, &t->aggs->root, t->root, doc);
}
