/* SPDX-License-Identifier: Apache-2.0 */
#include "find/reduce.h"

#include "base/arena.h"
#include "base/buf.h"
#include "event/json.h"
#include "find/agg_priv.h"
#include "find/date.h"
#include "find/hit.h"
#include "format/node.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum err cut_below(struct find_reduce *r, const struct find_agg *a, struct find_bucket *b,
                          struct find_error *error);
static enum err write_below(struct find_reduce *r, const struct find_agg *a,
                            const struct find_bucket *b, struct format_writer *w,
                            struct find_error *error);

static bool is_histogram(const struct find_agg *a)
{
    return a->kind == FIND_AGG_DATE_HISTOGRAM || a->kind == FIND_AGG_HISTOGRAM;
}

/* The keys between two of a histogram are filled only when empty buckets are wanted. */
static bool fills(const struct find_agg *a)
{
    return is_histogram(a) && a->min_doc_count == 0;
}

static struct event_value next_key(const struct find_agg *a, const struct event_value *key)
{
    if (a->kind == FIND_AGG_DATE_HISTOGRAM)
        return event_value_time(find_round_next(&a->round, key->t));
    double step = round((key->f - a->offset) / a->interval) + 1;
    double next = step * a->interval + a->offset;
    return (struct event_value){.type = EVENT_F64, .f = next == 0 ? 0 : next};
}

static struct event_value bound_key(const struct find_agg *a, double bound)
{
    /* Bounds of times are beginnings of buckets already. */
    if (a->kind == FIND_AGG_DATE_HISTOGRAM)
        return event_value_time(find_ns((int64_t)bound) + a->round.offset_ns);
    double key = floor((bound - a->offset) / a->interval) * a->interval + a->offset;
    return (struct event_value){.type = EVENT_F64, .f = key == 0 ? 0 : key};
}

static int compare_up(const void *x, const void *y)
{
    const struct find_bucket *a = *(struct find_bucket *const *)x;
    const struct find_bucket *b = *(struct find_bucket *const *)y;
    return find_value_compare(a->keys, b->keys);
}

static enum err tally_failed(const struct find_reduce *r, struct find_error *error)
{
    if (find_tally_error(r->tally) != ERR_LIMIT)
        return find_error_memory(error);
    return find_tally_is_crowded(r->tally) ? find_error_buckets(error, FIND_BUCKETS_MAX)
                                           : find_error_budget(error, r->memory);
}

/* Makes the buckets from one key up to another that are not there. */
static enum err fill(struct find_reduce *r, struct find_state *s, struct event_value from,
                     const struct event_value *to, struct find_error *error)
{
    for (struct event_value key = from; find_value_compare(&key, to) <= 0;) {
        if (find_tally_bucket(r->tally, s, &key, true) == NULL &&
            find_tally_error(r->tally) != ERR_NONE)
            return tally_failed(r, error);
        if (s->n + r->buckets > FIND_BUCKETS_MAX)
            return find_error_buckets(error, FIND_BUCKETS_MAX);
        struct event_value next = next_key(s->agg, &key);
        if (find_value_compare(&next, &key) <= 0)
            break;
        key = next;
    }
    return ERR_NONE;
}

static enum err fill_histogram(struct find_reduce *r, struct find_state *s,
                               struct find_error *error)
{
    const struct find_agg *a = s->agg;
    struct event_value from = {.type = EVENT_NULL};
    struct event_value to = {.type = EVENT_NULL};
    for (size_t i = 0; i < s->n; i++) {
        const struct event_value *key = s->buckets[i]->keys;
        if (from.type == EVENT_NULL || find_value_compare(key, &from) < 0)
            from = *key;
        if (to.type == EVENT_NULL || find_value_compare(key, &to) > 0)
            to = *key;
    }
    /* Without a document both are needed. */
    if (s->n == 0 && !(a->has_extended_min && a->has_extended_max))
        return ERR_NONE;
    if (a->has_extended_min) {
        struct event_value bound = bound_key(a, a->extended_min);
        if (s->n == 0 || find_value_compare(&bound, &from) < 0)
            from = bound;
    }
    if (a->has_extended_max) {
        struct event_value bound = bound_key(a, a->extended_max);
        if (s->n == 0 || find_value_compare(&bound, &to) > 0)
            to = bound;
    }
    return from.type != EVENT_NULL ? fill(r, s, from, &to, error) : ERR_NONE;
}

/* Terms of documents that the query leaves out, where buckets without a document are wanted. */
static enum err fill_terms(struct find_reduce *r, struct find_state *s, struct find_error *error)
{
    const struct find_state *all = r->unseen != NULL ? r->unseen->sub[s->agg->unseen - 1] : NULL;
    for (size_t i = 0; all != NULL && i < all->n; i++)
        if (find_tally_bucket(r->tally, s, all->buckets[i]->keys, true) == NULL &&
            find_tally_error(r->tally) != ERR_NONE)
            return tally_failed(r, error);
    return ERR_NONE;
}

/* Shown are the first of those that have enough documents; terms count the others'. */
static void cut_to(struct find_state *s)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n; i++) {
        struct find_bucket *b = s->buckets[i];
        bool shown = s->agg->kind == FIND_AGG_COMPOSITE || b->docs >= s->agg->min_doc_count;
        bool room = is_histogram(s->agg) || kept < s->agg->size;
        if (shown && room) {
            s->buckets[i] = s->buckets[kept];
            s->buckets[kept++] = b;
        } else if (shown) {
            s->other += b->docs;
        }
    }
    /* What is behind is freed with the tally. */
    s->shown = kept;
}

static enum err cut_state(struct find_reduce *r, struct find_state *s, struct find_error *error)
{
    const struct find_agg *a = s->agg;
    enum err rc = ERR_NONE;
    if (find_agg_is_keyed(a->kind)) {
        if (fills(a))
            rc = fill_histogram(r, s, error);
        else if (a->unseen > 0)
            rc = fill_terms(r, s, error);
        if (rc != ERR_NONE)
            return rc;
        if (is_histogram(a) && a->orders[0].by == FIND_ORDER_KEY && !a->orders[0].descending &&
            s->n > 1)
            qsort(s->buckets, s->n, sizeof(s->buckets[0]), compare_up);
        else
            find_tally_sort(s);
        cut_to(s);
    } else {
        s->shown = s->n;
    }
    r->buckets += s->shown;
    if (r->buckets > FIND_BUCKETS_MAX)
        return find_error_buckets(error, FIND_BUCKETS_MAX);
    for (size_t i = 0; rc == ERR_NONE && i < s->shown; i++)
        rc = cut_below(r, a, s->buckets[i], error);
    if (a->kind == FIND_AGG_TOP_HITS) {
        size_t n;
        const struct find_candidate *list = find_top_list(s->top, &n);
        for (size_t i = a->hits.from; i < n; i++)
            find_fetch_add(r->fetch, &list[i]);
    }
    return rc;
}

static enum err cut_below(struct find_reduce *r, const struct find_agg *a, struct find_bucket *b,
                          struct find_error *error)
{
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < a->sub_n; i++) {
        struct find_state *s = find_tally_state(r->tally, a, b, i);
        if (s == NULL)
            return tally_failed(r, error);
        rc = cut_state(r, s, error);
    }
    return rc;
}

enum err find_reduce_cut(struct find_reduce *r, const struct find_aggs *aggs,
                         struct find_error *error)
{
    r->buckets = 0;
    return cut_below(r, &aggs->root, find_tally_root(r->tally), error);
}

static void write_number(struct format_writer *w, const char *key, double v)
{
    format_write_key(w, key);
    format_write_f64(w, v); /* no number is written as null */
}

/* The text of a time, beside its number. */
static void write_time(const struct find_agg *a, const char *key, ts_ns t, struct format_writer *w)
{
    struct buf text;
    buf_init(&text);
    find_date_write(a->format, &a->round.zone, t, &text);
    format_write_key(w, key);
    format_write_str_n(w, buf_text(&text), text.n);
    buf_release(&text);
}

/* A metric's number, and its text when it is a time. */
static void write_metric(const struct find_agg *a, const char *key, double v,
                         struct format_writer *w)
{
    char name[64];
    write_number(w, key, v);
    if (isnan(v) || !find_field_is_date(&a->field))
        return;
    (void)snprintf(name, sizeof(name), "%s_as_string", key);
    write_time(a, name, find_ns((int64_t)v), w);
}

static void write_percentiles(const struct find_state *s, struct format_writer *w)
{
    const struct find_agg *a = s->agg;
    struct find_digest *d = (struct find_digest *)(uintptr_t)&s->digest;
    format_write_key(w, "values");
    if (a->keyed)
        format_write_begin_object(w);
    else
        format_write_begin_array(w);
    for (size_t i = 0; i < a->percents_n; i++) {
        struct buf key;
        double v = find_digest_value(d, a->percents[i]);
        buf_init(&key);
        buf_f64(&key, a->percents[i]);
        /* As Java writes a double: 50.0. */
        if (strpbrk(buf_text(&key), ".e") == NULL)
            buf_str(&key, ".0");
        if (a->keyed) {
            write_metric(a, buf_text(&key), v, w);
        } else {
            format_write_begin_object(w);
            write_number(w, "key", a->percents[i]);
            write_metric(a, "value", v, w);
            format_write_end_object(w);
        }
        buf_release(&key);
    }
    if (a->keyed)
        format_write_end_object(w);
    else
        format_write_end_array(w);
}

static enum err write_top_hits(struct find_reduce *r, struct find_state *s,
                               const struct find_bucket *in, struct format_writer *w)
{
    const struct find_hits *what = &s->agg->hits;
    enum err rc = ERR_NONE;
    struct arena arena;
    size_t n;
    const struct find_candidate *list = find_top_list(s->top, &n);
    arena_init(&arena, 0);
    format_write_key(w, "hits");
    format_write_begin_object(w);
    format_write_key(w, "total");
    format_write_begin_object(w);
    format_write_field_i64(w, "value", (int64_t)in->docs);
    format_write_field_str(w, "relation", "eq");
    format_write_end_object(w);
    format_write_key(w, "max_score");
    if (what->sort.scored && n > 0)
        format_write_f64(w, 1);
    else
        format_write_null(w);
    format_write_key(w, "hits");
    format_write_begin_array(w);
    for (size_t i = what->from; rc == ERR_NONE && i < n; i++) {
        struct event event;
        struct find_doc doc;
        rc = find_fetch_doc(r->fetch, &list[i], r->reader, &arena, &event, &doc);
        if (rc == ERR_NONE)
            rc = find_hit_write(what, &doc, list[i].values, w);
        else if (rc == ERR_NOT_FOUND)
            rc = ERR_NONE;
    }
    format_write_end_array(w);
    format_write_end_object(w);
    arena_release(&arena);
    return rc;
}

/* What stands in the object of a metric. */
static enum err write_values(struct find_reduce *r, struct find_state *s,
                             const struct find_bucket *in, struct format_writer *w)
{
    const struct find_agg *a = s->agg;
    switch ((enum find_agg_kind)a->kind) {
    case FIND_AGG_VALUE_COUNT:
        format_write_field_i64(w, "value", (int64_t)s->sum.count);
        return ERR_NONE;
    case FIND_AGG_CARDINALITY:
        format_write_field_i64(w, "value", (int64_t)llround(find_tally_metric(s, "value")));
        return ERR_NONE;
    case FIND_AGG_STATS:
        format_write_field_i64(w, "count", (int64_t)s->sum.count);
        write_metric(a, "min", find_tally_metric(s, "min"), w);
        write_metric(a, "max", find_tally_metric(s, "max"), w);
        write_metric(a, "avg", find_tally_metric(s, "avg"), w);
        write_metric(a, "sum", find_tally_metric(s, "sum"), w);
        return ERR_NONE;
    case FIND_AGG_PERCENTILES:
        write_percentiles(s, w);
        return ERR_NONE;
    case FIND_AGG_TOP_HITS:
        return write_top_hits(r, s, in, w);
    default:
        write_metric(a, "value", find_tally_metric(s, "value"), w);
        return ERR_NONE;
    }
}

static void write_key_of(const struct find_agg *a, const struct event_value *key,
                         struct format_writer *w)
{
    if (key->type == EVENT_TIME)
        write_time(a, "key_as_string", key->t, w);
    else if (key->type == EVENT_BOOL)
        format_write_field_str(w, "key_as_string", key->b ? "true" : "false");
    format_write_key(w, "key");
    if (key->type == EVENT_BOOL)
        format_write_i64(w, key->b);
    else
        find_value_write(w, key);
}

static void write_composite_key(const struct find_agg *a, const struct event_value *keys,
                                struct format_writer *w)
{
    format_write_begin_object(w);
    for (size_t i = 0; i < a->sources_n; i++) {
        const struct find_source *s = &a->sources[i];
        format_write_key(w, s->name);
        if (keys[i].type == EVENT_TIME && s->format != NULL) {
            struct buf text;
            buf_init(&text);
            find_date_write(s->format, &s->round.zone, keys[i].t, &text);
            if (find_date_is_number(s->format))
                format_write_raw(w, buf_text(&text), text.n);
            else
                format_write_str_n(w, buf_text(&text), text.n);
            buf_release(&text);
        } else {
            find_value_write(w, &keys[i]);
        }
    }
    format_write_end_object(w);
}

/* "0.0-100.0", "*-2024-01-01T00:00:00.000Z": how ranges without a name are called. */
static void case_name(const struct find_agg *a, const struct find_case *c, struct buf *out)
{
    const bool has[] = {c->has_from, c->has_to};
    const double at[] = {c->from, c->to};
    for (size_t i = 0; i < 2; i++) {
        buf_str(out, i > 0 ? "-" : "");
        size_t before = out->n;
        if (!has[i]) {
            buf_char(out, '*');
        } else if (a->kind == FIND_AGG_DATE_RANGE) {
            find_date_write(a->format, &a->round.zone, find_ns((int64_t)at[i]), out);
        } else {
            buf_f64(out, at[i]);
            if (strpbrk(buf_text(out) + before, ".e") == NULL)
                buf_str(out, ".0");
        }
    }
}

static void write_case(const struct find_agg *a, const struct find_case *c, struct format_writer *w)
{
    if (a->kind == FIND_AGG_FILTERS || a->kind == FIND_AGG_FILTER || a->kind == FIND_AGG_MISSING)
        return;
    if (c->has_from) {
        write_number(w, "from", c->from);
        if (a->kind == FIND_AGG_DATE_RANGE)
            write_time(a, "from_as_string", find_ns((int64_t)c->from), w);
    }
    if (c->has_to) {
        write_number(w, "to", c->to);
        if (a->kind == FIND_AGG_DATE_RANGE)
            write_time(a, "to_as_string", find_ns((int64_t)c->to), w);
    }
}

/* How a bucket is called among keyed ones. */
static void bucket_name(const struct find_state *s, size_t i, struct buf *out)
{
    const struct find_agg *a = s->agg;
    if (find_agg_is_keyed(a->kind)) {
        const struct event_value *key = s->buckets[i]->keys;
        if (key->type == EVENT_TIME) {
            find_date_write(a->format, &a->round.zone, key->t, out);
        } else {
            buf_f64(out, key->f);
            if (strpbrk(buf_text(out), ".e") == NULL)
                buf_str(out, ".0");
        }
    } else if (a->cases[i].key != NULL) {
        buf_str(out, a->cases[i].key);
    } else {
        case_name(a, &a->cases[i], out);
    }
}

static enum err write_bucket(struct find_reduce *r, struct find_state *s, size_t i, bool keyed,
                             struct format_writer *w, struct find_error *error)
{
    const struct find_agg *a = s->agg;
    const struct find_bucket *b = s->buckets[i];
    struct buf name;
    buf_init(&name);
    bool fixed = !find_agg_is_keyed(a->kind);
    if (keyed || (fixed && a->kind != FIND_AGG_FILTERS))
        bucket_name(s, i, &name);
    if (keyed)
        format_write_key_n(w, buf_text(&name), name.n);
    format_write_begin_object(w);
    if (a->kind == FIND_AGG_COMPOSITE) {
        format_write_key(w, "key");
        write_composite_key(a, b->keys, w);
    } else if (!fixed) {
        write_key_of(a, b->keys, w);
    } else if (a->kind != FIND_AGG_FILTERS && !keyed) {
        format_write_key(w, "key");
        format_write_str_n(w, buf_text(&name), name.n);
    } else if (a->kind == FIND_AGG_FILTERS && !keyed && !a->nameless) {
        format_write_field_str(w, "key", a->cases[i].key);
    }
    buf_release(&name);
    if (fixed)
        write_case(a, &a->cases[i], w);
    format_write_field_i64(w, "doc_count", (int64_t)b->docs);
    if (a->kind == FIND_AGG_TERMS && a->show_error)
        format_write_field_i64(w, "doc_count_error_upper_bound", 0);
    enum err rc = write_below(r, a, b, w, error);
    format_write_end_object(w);
    return rc;
}

static enum err write_buckets(struct find_reduce *r, struct find_state *s, struct format_writer *w,
                              struct find_error *error)
{
    const struct find_agg *a = s->agg;
    enum err rc = ERR_NONE;
    bool keyed = a->kind == FIND_AGG_FILTERS ? a->keyed && !a->nameless : a->keyed;
    if (a->kind == FIND_AGG_TERMS) {
        format_write_field_i64(w, "doc_count_error_upper_bound", 0);
        format_write_field_i64(w, "sum_other_doc_count", (int64_t)s->other);
    }
    if (a->kind == FIND_AGG_COMPOSITE && s->shown > 0) {
        format_write_key(w, "after_key");
        write_composite_key(a, s->buckets[s->shown - 1]->keys, w);
    }
    format_write_key(w, "buckets");
    if (keyed)
        format_write_begin_object(w);
    else
        format_write_begin_array(w);
    for (size_t i = 0; rc == ERR_NONE && i < s->shown; i++)
        rc = write_bucket(r, s, i, keyed, w, error);
    if (keyed)
        format_write_end_object(w);
    else
        format_write_end_array(w);
    return rc;
}

/* The name of a type as clients know it. */
static const char *type_name(const struct find_agg *a)
{
    switch ((enum find_agg_kind)a->kind) {
    case FIND_AGG_TERMS:
        return a->field.kind == EVENT_KIND_DOUBLE ? "dterms"
               : a->field.kind == EVENT_KIND_LONG || a->field.kind == EVENT_KIND_BOOLEAN ||
                       a->field.kind == EVENT_KIND_DATE
                   ? "lterms"
                   : "sterms";
    case FIND_AGG_PERCENTILES:
        return "tdigest_percentiles";
    default:
        return find_agg_kind_name(a->kind);
    }
}

static enum err write_state(struct find_reduce *r, struct find_state *s,
                            const struct find_bucket *in, struct format_writer *w,
                            struct find_error *error)
{
    const struct find_agg *a = s->agg;
    enum err rc;
    struct buf name;
    buf_init(&name);
    if (r->typed)
        buf_format(&name, "%s#", type_name(a));
    buf_str(&name, a->name);
    format_write_key_n(w, buf_text(&name), name.n);
    buf_release(&name);
    format_write_begin_object(w);
    if (a->meta != NULL) {
        format_write_key(w, "meta");
        format_node_write_value(a->meta, w);
    }
    if (a->kind == FIND_AGG_FILTER || a->kind == FIND_AGG_MISSING) {
        format_write_field_i64(w, "doc_count", (int64_t)s->buckets[0]->docs);
        rc = write_below(r, a, s->buckets[0], w, error);
    } else if (find_agg_has_buckets(a->kind)) {
        rc = write_buckets(r, s, w, error);
    } else {
        rc = write_values(r, s, in, w);
    }
    format_write_end_object(w);
    return rc;
}

static enum err write_below(struct find_reduce *r, const struct find_agg *a,
                            const struct find_bucket *b, struct format_writer *w,
                            struct find_error *error)
{
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < a->sub_n; i++)
        rc = write_state(r, b->sub[i], b, w, error);
    return rc;
}

enum err find_reduce_write(struct find_reduce *r, const struct find_aggs *aggs,
                           struct format_writer *w, struct find_error *error)
{
    enum err rc = write_below(r, &aggs->root, find_tally_root(r->tally), w, error);
    if (rc == ERR_MEMORY)
        return find_error_memory(error);
    return rc == ERR_NONE || rc == ERR_LIMIT ? rc : find_error_of(error, rc);
}
