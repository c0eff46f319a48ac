/* SPDX-License-Identifier: Apache-2.0 */
#include "find/agg_priv.h"

#include "find/date.h"
#include "format/node.h"
#include "format/write.h"
#include "query/datemath.h"
#include "query/query.h"
#include "query/regexp.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CASES_MAX 1000
#define SOURCES_MAX 32
#define BUCKETS_MAX 65536

enum err find_agg_is_text(struct find_agg_parser *p, const struct find_field *f)
{
    return find_error_argument(
        p->error,
        "[%.100s] is analysed text, which has no groups: [%.100s.keyword] is "
        "the whole text",
        f->name, f->name);
}

/* One step of an order's path: up to '>' or the end. */
static bool find_below(const struct find_agg *a, const char *s, size_t n, uint16_t *out)
{
    for (size_t i = 0; i < a->sub_n; i++) {
        if (strlen(a->sub[i].name) == n && memcmp(a->sub[i].name, s, n) == 0) {
            *out = (uint16_t)i;
            return true;
        }
    }
    return false;
}

static bool is_single(const struct find_agg *a)
{
    return a->kind == FIND_AGG_FILTER || a->kind == FIND_AGG_MISSING;
}

/* "a>b.c": through single buckets to a metric and one of its numbers. */
static bool parse_path(const struct find_agg *a, const char *s, struct find_order *out)
{
    out->by = FIND_ORDER_BELOW;
    for (;;) {
        size_t n = strcspn(s, ">");
        bool last = s[n] == '\0';
        uint16_t at;
        out->property = "value";
        /* A name may have dots itself. */
        bool found = find_below(a, s, n, &at);
        const char *dot = last && !found ? strrchr(s, '.') : NULL;
        if (dot != NULL && find_below(a, s, (size_t)(dot - s), &at)) {
            found = true;
            out->property = dot + 1;
        }
        if (!found || out->depth == FIND_ORDER_DEPTH)
            return false;
        out->path[out->depth++] = at;
        a = &a->sub[at];
        if (last)
            break;
        if (!is_single(a))
            return false;
        s += n + 1;
    }
    if (is_single(a) &&
        (strcmp(out->property, "value") == 0 || strcmp(out->property, "_count") == 0)) {
        out->property = "_count";
        return true;
    }
    if (find_agg_has_buckets(a->kind) || a->kind == FIND_AGG_TOP_HITS)
        return false;
    if (a->kind == FIND_AGG_STATS)
        return strcmp(out->property, "count") == 0 || strcmp(out->property, "sum") == 0 ||
               strcmp(out->property, "avg") == 0 || strcmp(out->property, "min") == 0 ||
               strcmp(out->property, "max") == 0;
    if (a->kind == FIND_AGG_PERCENTILES) {
        char *end;
        double wanted = strtod(out->property, &end);
        for (size_t i = 0; *end == '\0' && i < a->percents_n; i++)
            if (a->percents[i] == wanted)
                return true;
        return false;
    }
    return strcmp(out->property, "value") == 0;
}

static enum err parse_order(struct find_agg_parser *p, const struct format_node *v,
                            const struct find_agg *a, struct find_order *out)
{
    const struct format_node *one = format_node_at(v, 0);
    const char *direction = format_node_str(one, "");
    memset(out, 0, sizeof(*out));
    if (format_node_type(v) != FORMAT_OBJECT || format_node_count(v) != 1 ||
        (strcmp(direction, "asc") != 0 && strcmp(direction, "desc") != 0))
        return find_error_parse(p->error, v, "expected an order such as {\"_count\": \"desc\"}");
    const char *key = arena_strndup(p->arena, format_node_key(one), format_node_key_len(one));
    if (key == NULL)
        return find_error_memory(p->error);
    out->descending = strcmp(direction, "desc") == 0;
    if (strcmp(key, "_count") == 0) {
        out->by = FIND_ORDER_COUNT;
    } else if (strcmp(key, "_key") == 0 || strcmp(key, "_term") == 0 || strcmp(key, "_time") == 0) {
        out->by = FIND_ORDER_KEY;
    } else if (!parse_path(a, key, out)) {
        return find_error_argument(
            p->error,
            "Invalid aggregation order path [%.100s]: no single number of an "
            "aggregation below is called so",
            key);
    }
    return ERR_NONE;
}

static enum err parse_orders(struct find_agg_parser *p, const struct format_node *v,
                             struct find_agg *a, uint8_t usual)
{
    bool list = format_node_type(v) == FORMAT_ARRAY;
    size_t n = list ? format_node_count(v) : 1;
    if (n > CASES_MAX)
        return find_error_argument(p->error, "at most %d orders", CASES_MAX);
    a->orders = arena_zero(p->arena, (n + 2) * sizeof(*a->orders));
    if (a->orders == NULL)
        return find_error_memory(p->error);
    for (size_t i = 0; v != NULL && i < n; i++) {
        enum err rc = parse_order(p, list ? format_node_at(v, i) : v, a, &a->orders[i]);
        if (rc != ERR_NONE)
            return rc;
    }
    a->orders_n = v != NULL ? n : 0;
    if (a->orders_n == 0)
        a->orders[a->orders_n++] =
            (struct find_order){.by = usual, .descending = usual == FIND_ORDER_COUNT};
    /* Equal ones by their key. */
    if (a->orders[a->orders_n - 1].by != FIND_ORDER_KEY)
        a->orders[a->orders_n++] = (struct find_order){.by = FIND_ORDER_KEY};
    return ERR_NONE;
}

static enum err parse_choice(struct find_agg_parser *p, struct format_node *v, struct find_agg *a,
                             struct find_choice *out)
{
    struct err_text why;
    if (v == NULL)
        return ERR_NONE;
    if (format_node_type(v) == FORMAT_STRING) {
        if (a->field.kind != FIND_KIND_UNKNOWN && a->field.kind != EVENT_KIND_KEYWORD &&
            a->field.kind != EVENT_KIND_WILDCARD)
            return find_error_argument(
                p->error,
                "Aggregation [%.60s] cannot support regular expression style include/exclude "
                "settings as they can only be applied to string fields. Use an array of values for "
                "include/exclude clauses",
                a->name);
        enum err rc =
            query_regexp_new(format_node_str(v, ""), format_node_str_len(v), QUERY_REGEXP_ALL,
                             false, &p->budget->steps, p->arena, &out->regexp, &why);
        return rc == ERR_NONE ? rc : find_error_argument(p->error, "%s", why.message);
    }
    if (format_node_type(v) == FORMAT_OBJECT) {
        uint64_t partition = UINT64_MAX;
        uint64_t n = 0;
        enum err rc = find_agg_count(p, format_node_get(v, "partition"), "partition", 0, UINT32_MAX,
                                     &partition);
        if (rc == ERR_NONE)
            rc = find_agg_count(p, format_node_get(v, "num_partitions"), "num_partitions", 1,
                                UINT32_MAX, &n);
        if (rc == ERR_NONE && (partition >= n || out == &a->exclude))
            rc = find_error_argument(p->error, "partition is less than num_partitions, of include");
        out->partition = (uint32_t)partition;
        out->partitions = (uint32_t)n;
        return rc == ERR_NONE ? find_agg_unknown(p, v, "terms") : rc;
    }
    if (format_node_type(v) != FORMAT_ARRAY)
        return find_error_parse(p->error, v, "expected a regular expression or an array of values");
    size_t n = format_node_count(v);
    struct event_value *values = arena_alloc(p->arena, (n + 1) * sizeof(*values));
    if (values == NULL)
        return find_error_memory(p->error);
    out->values = values;
    for (out->n = 0; out->n < n; out->n++)
        if (!find_sort_read(&a->field, a->format, format_node_at(v, out->n), p->arena,
                            &values[out->n]))
            return find_error_argument(p->error,
                                       "the value %zu of include or exclude is none of [%.100s]",
                                       out->n + 1, a->field.name);
    return ERR_NONE;
}

static enum err parse_missing(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    const struct format_node *missing = format_node_get(v, "missing");
    if (missing == NULL)
        return ERR_NONE;
    /* Of a field that is nowhere anything may be missing. */
    a->has_missing = find_sort_read(&a->field, a->format, missing, p->arena, &a->missing);
    if (!a->has_missing)
        return find_error_argument(p->error, "[missing] is no value of [%.100s]", a->field.name);
    return ERR_NONE;
}

enum err find_agg_terms(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    uint64_t size = 10;
    enum err rc = find_agg_field(p, format_node_get(v, "field"), "terms", &a->field);
    a->has_field = true;
    a->min_doc_count = 1;
    if (rc == ERR_NONE && find_field_is_text(&a->field))
        return find_agg_is_text(p, &a->field);
    if (rc == ERR_NONE)
        rc = find_agg_count(p, format_node_get(v, "size"), "size", 1, INT32_MAX, &size);
    if (rc == ERR_NONE)
        rc = find_agg_count(p, format_node_get(v, "min_doc_count"), "min_doc_count", 0, INT64_MAX,
                            &a->min_doc_count);
    if (rc == ERR_NONE)
        rc = find_agg_format(p, format_node_get(v, "format"), &a->format);
    if (rc == ERR_NONE)
        rc = parse_orders(p, format_node_get(v, "order"), a, FIND_ORDER_COUNT);
    if (rc == ERR_NONE)
        rc = parse_missing(p, v, a);
    if (rc == ERR_NONE)
        rc = parse_choice(p, format_node_get(v, "include"), a, &a->include);
    if (rc == ERR_NONE)
        rc = parse_choice(p, format_node_get(v, "exclude"), a, &a->exclude);
    a->size = (uint32_t)size;
    a->unseen = a->min_doc_count == 0 ? ++p->out->unseen_n : 0;
    a->show_error = format_node_bool(format_node_get(v, "show_term_doc_count_error"), false);
    /* There is one shard, and one way to do it. */
    static const char *const ways[] = {"shard_size", "shard_min_doc_count", "execution_hint",
                                       "collect_mode", "value_type"};
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        (void)format_node_get(v, ways[i]);
    return rc;
}

/* The interval of a date histogram: *out is filled but for zone and offset. */
static enum err parse_interval(struct find_agg_parser *p, struct format_node *v,
                               struct find_round *out)
{
    const struct format_node *calendar = format_node_get(v, "calendar_interval");
    const struct format_node *fixed = format_node_get(v, "fixed_interval");
    if ((calendar == NULL) == (fixed == NULL))
        return find_error_argument(p->error,
                                   "expected one of calendar_interval (1m, 1h, 1d, 1w, 1M, 1q, 1y) "
                                   "and fixed_interval (90s, 12h)");
    const struct format_node *one = calendar != NULL ? calendar : fixed;
    const char *s = format_node_str(one, "");
    size_t n = format_node_str_len(one);
    if (calendar != NULL ? find_round_calendar(s, n, out) : find_round_fixed(s, n, out))
        return ERR_NONE;
    if (calendar != NULL)
        return find_error_argument(
            p->error,
            "The supplied interval [%.60s] could not be parsed as a calendar "
            "interval.",
            s);
    return find_error_argument(
        p->error,
        "failed to parse setting [date_histogram.fixedInterval] with value "
        "[%.60s] as a time value: a number and ms, s, m, h or d was expected",
        s);
}

/* "+6h", "-1d", or milliseconds. */
static bool parse_offset(const struct format_node *v, ts_ns *out)
{
    const char *s = format_node_str(v, "");
    size_t n = format_node_str_len(v);
    bool minus = n > 0 && *s == '-';
    if (format_node_type(v) == FORMAT_INT) {
        *out = find_ns(format_node_int(v, 0));
        return true;
    }
    if (n > 0 && (*s == '-' || *s == '+')) {
        s++;
        n--;
    }
    if (!time_parse_span(s, n, out))
        return false;
    *out = minus ? -*out : *out;
    return true;
}

/* A time as it is written, in the format asked for or as ISO 8601; what names no zone is meant in
 * that of the definition. */
static enum err parse_instant(const struct find_agg_parser *p, const struct format_node *v,
                              const struct find_agg *a, ts_ns *out, struct err_text *why)
{
    const char *s = format_node_str(v, "");
    size_t n = format_node_str_len(v);
    struct datemath_options options = {.now = p->now, .format = a->format, .zone = &a->round.zone};
    struct datemath_span span;
    enum err rc = query_datemath_parse(s, n, &options, &span, why);
    options.format = NULL;
    if (rc != ERR_NONE)
        rc = query_datemath_parse(s, n, &options, &span, why);
    if (rc == ERR_NONE)
        *out = span.from;
    return rc;
}

/* A bound of a date histogram, in milliseconds. */
static enum err parse_date_bound(struct find_agg_parser *p, const struct format_node *v,
                                 const struct find_agg *a, bool *out_has, double *out)
{
    struct err_text why;
    ts_ns t = 0;
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    *out_has = true;
    if (format_node_type(v) == FORMAT_INT || format_node_type(v) == FORMAT_FLOAT) {
        *out = format_node_num(v, 0);
        return fabs(*out) < 9e12 ? ERR_NONE
                                 : find_error_argument(p->error, "a bound is out of all times");
    }
    if (parse_instant(p, v, a, &t, &why) != ERR_NONE)
        return find_error_argument(p->error, "%s", why.message);
    *out = (double)find_ms(t);
    return ERR_NONE;
}

static enum err parse_number_bound(struct find_agg_parser *p, const struct format_node *v,
                                   bool *out_has, double *out)
{
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_INT && format_node_type(v) != FORMAT_FLOAT)
        return find_error_parse(p->error, v, "expected a number");
    *out_has = true;
    *out = format_node_num(v, 0);
    return ERR_NONE;
}

/* Bounds of times begin with a bucket, as it would begin without an offset. */
static double round_bound(const struct find_agg *a, double ms)
{
    struct find_round plain = a->round;
    plain.offset_ns = 0;
    return (double)find_ms(find_round_down(&plain, find_ns((int64_t)ms)));
}

static enum err parse_bounds(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    static const char *const names[] = {"extended_bounds", "hard_bounds"};
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < 2; i++) {
        struct format_node *b = format_node_get(v, names[i]);
        bool *has[] = {i == 0 ? &a->has_extended_min : &a->has_hard_min,
                       i == 0 ? &a->has_extended_max : &a->has_hard_max};
        double *to[] = {i == 0 ? &a->extended_min : &a->hard_min,
                        i == 0 ? &a->extended_max : &a->hard_max};
        if (b == NULL)
            continue;
        if (format_node_type(b) != FORMAT_OBJECT)
            return find_error_parse(p->error, b, "expected an object with min and max");
        for (size_t k = 0; rc == ERR_NONE && k < 2; k++) {
            const struct format_node *one = format_node_get(b, k == 0 ? "min" : "max");
            rc = a->kind == FIND_AGG_DATE_HISTOGRAM ? parse_date_bound(p, one, a, has[k], to[k])
                                                    : parse_number_bound(p, one, has[k], to[k]);
        }
        if (rc == ERR_NONE && *has[0] && *has[1] && *to[0] > *to[1])
            rc = find_error_argument(p->error, "%s: min is above max", names[i]);
        if (rc == ERR_NONE && a->kind == FIND_AGG_DATE_HISTOGRAM)
            for (size_t k = 0; k < 2; k++)
                *to[k] = *has[k] ? round_bound(a, *to[k]) : 0;
        if (rc == ERR_NONE)
            rc = find_agg_unknown(p, b, names[i]);
    }
    if (rc == ERR_NONE &&
        ((a->has_extended_min && a->has_hard_min && a->extended_min < a->hard_min) ||
         (a->has_extended_max && a->has_hard_max && a->extended_max > a->hard_max)))
        rc = find_error_argument(p->error,
                                 "Extended bounds have to be inside hard bounds, hard bounds: "
                                 "[%.15g--%.15g], extended bounds: [%.15g--%.15g]",
                                 a->hard_min, a->hard_max, a->extended_min, a->extended_max);
    return rc;
}

enum err find_agg_date_histogram(struct find_agg_parser *p, struct format_node *v,
                                 struct find_agg *a)
{
    enum err rc = find_agg_field(p, format_node_get(v, "field"), "date_histogram", &a->field);
    const struct format_node *offset = format_node_get(v, "offset");
    a->has_field = true;
    if (rc == ERR_NONE && !find_field_is_date(&a->field) && a->field.kind != FIND_KIND_UNKNOWN)
        rc = find_error_argument(p->error,
                                 "Field [%.100s] of type [%s] is not supported for aggregation "
                                 "[date_histogram]",
                                 a->field.name, event_kind_name((enum event_kind)a->field.kind));
    if (rc == ERR_NONE)
        rc = parse_interval(p, v, &a->round);
    if (rc == ERR_NONE)
        rc = find_agg_zone(p, format_node_get(v, "time_zone"), &a->round.zone);
    if (rc == ERR_NONE && offset != NULL && !parse_offset(offset, &a->round.offset_ns))
        rc = find_error_argument(p->error, "[offset] is a time such as +6h or -30m");
    if (rc == ERR_NONE)
        rc = find_agg_format(p, format_node_get(v, "format"), &a->format);
    if (rc == ERR_NONE)
        rc = find_agg_count(p, format_node_get(v, "min_doc_count"), "min_doc_count", 0, INT64_MAX,
                            &a->min_doc_count);
    if (rc == ERR_NONE)
        rc = parse_orders(p, format_node_get(v, "order"), a, FIND_ORDER_KEY);
    if (rc == ERR_NONE)
        rc = parse_missing(p, v, a);
    if (rc == ERR_NONE)
        rc = parse_bounds(p, v, a);
    a->keyed = format_node_bool(format_node_get(v, "keyed"), false);
    return rc;
}

enum err find_agg_histogram(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    enum err rc = find_agg_field(p, format_node_get(v, "field"), "histogram", &a->field);
    const struct format_node *interval = format_node_get(v, "interval");
    a->has_field = true;
    a->interval = format_node_num(interval, 0);
    a->offset = format_node_num(format_node_get(v, "offset"), 0);
    (void)format_node_get(v, "format");
    if (rc == ERR_NONE && !find_field_is_number(&a->field))
        rc = find_error_argument(p->error,
                                 "Field [%.100s] of type [%s] is not supported for aggregation "
                                 "[histogram]",
                                 a->field.name, event_kind_name((enum event_kind)a->field.kind));
    if (rc == ERR_NONE && !(a->interval > 0 && a->interval < 1e300))
        rc = find_error_argument(
            p->error, "[interval] must be >0 for histogram aggregation [%.60s]", a->name);
    if (rc == ERR_NONE)
        rc = find_agg_count(p, format_node_get(v, "min_doc_count"), "min_doc_count", 0, INT64_MAX,
                            &a->min_doc_count);
    if (rc == ERR_NONE)
        rc = parse_orders(p, format_node_get(v, "order"), a, FIND_ORDER_KEY);
    if (rc == ERR_NONE)
        rc = parse_missing(p, v, a);
    if (rc == ERR_NONE)
        rc = parse_bounds(p, v, a);
    a->keyed = format_node_bool(format_node_get(v, "keyed"), false);
    return rc;
}

static enum err room_for_cases(struct find_agg_parser *p, struct find_agg *a, size_t n)
{
    if (n > CASES_MAX)
        return find_error_argument(p->error, "at most %d buckets are named one by one", CASES_MAX);
    a->cases = arena_zero(p->arena, (n + 2) * sizeof(*a->cases));
    return a->cases != NULL ? ERR_NONE : find_error_memory(p->error);
}

/* One bound of a range as a number, and as the query that finds it wants it. */
static enum err parse_end(struct find_agg_parser *p, const struct format_node *v,
                          const struct find_agg *a, bool *out_has, double *out)
{
    if (a->kind == FIND_AGG_DATE_RANGE)
        return parse_date_bound(p, v, a, out_has, out);
    return parse_number_bound(p, v, out_has, out);
}

static void write_end(const struct find_agg *a, const char *key, double v, struct format_writer *w)
{
    format_write_key(w, key);
    if (a->kind == FIND_AGG_DATE_RANGE)
        format_write_i64(w, (int64_t)v);
    else
        format_write_f64(w, v);
}

/* The condition of a range; without bounds, that there is a value. */
static void write_range(const struct find_agg *a, const struct find_case *c,
                        struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_key(w, c->has_from || c->has_to ? "range" : "exists");
    format_write_begin_object(w);
    if (c->has_from || c->has_to) {
        format_write_key(w, a->field.name);
        format_write_begin_object(w);
        if (c->has_from)
            write_end(a, "gte", c->from, w);
        if (c->has_to)
            write_end(a, "lt", c->to, w);
        if (a->kind == FIND_AGG_DATE_RANGE)
            format_write_field_str(w, "format", "epoch_millis");
        format_write_end_object(w);
    } else {
        format_write_field_str(w, "field", a->field.name);
    }
    format_write_end_object(w);
    format_write_end_object(w);
}

/* {"bool":{"should":[the range, {"bool":{"must_not":{"exists":…}}}]}} */
static void write_range_or_nothing(const struct find_agg *a, const struct find_case *c,
                                   struct format_writer *w)
{
    format_write_begin_object(w);
    format_write_key(w, "bool");
    format_write_begin_object(w);
    format_write_key(w, "should");
    format_write_begin_array(w);
    write_range(a, c, w);
    format_write_begin_object(w);
    format_write_key(w, "bool");
    format_write_begin_object(w);
    format_write_key(w, "must_not");
    write_range(a, &(struct find_case){0}, w);
    format_write_end_object(w);
    format_write_end_object(w);
    format_write_end_array(w);
    format_write_end_object(w);
    format_write_end_object(w);
}

/* missing: what documents without a value count as, or NULL. */
static enum err parse_case(struct find_agg_parser *p, struct format_node *v, struct find_agg *a,
                           const double *missing, struct find_case *out)
{
    struct buf json;
    struct format_writer w;
    const struct format_node *key = format_node_get(v, "key");
    enum err rc = key != NULL ? find_agg_text(p, key, &out->key) : ERR_NONE;
    if (rc == ERR_NONE)
        rc = parse_end(p, format_node_get(v, "from"), a, &out->has_from, &out->from);
    if (rc == ERR_NONE)
        rc = parse_end(p, format_node_get(v, "to"), a, &out->has_to, &out->to);
    if (rc == ERR_NONE)
        rc = find_agg_unknown(p, v, "range");
    if (rc != ERR_NONE)
        return rc;
    buf_init(&json);
    format_write_init(&w, &json);
    if (missing != NULL && !(out->has_from && *missing < out->from) &&
        !(out->has_to && *missing >= out->to))
        write_range_or_nothing(a, out, &w);
    else
        write_range(a, out, &w);
    rc = find_agg_query_text(p, &json, &out->query);
    buf_release(&json);
    return rc;
}

/* By where they begin, then by where they end, whatever the order they were asked in. */
static int compare_cases(const void *x, const void *y)
{
    const struct find_case *a = x;
    const struct find_case *b = y;
    double from_a = a->has_from ? a->from : -(double)INFINITY;
    double from_b = b->has_from ? b->from : -(double)INFINITY;
    double to_a = a->has_to ? a->to : (double)INFINITY;
    double to_b = b->has_to ? b->to : (double)INFINITY;
    if (from_a != from_b)
        return from_a < from_b ? -1 : 1;
    return (to_a > to_b) - (to_a < to_b);
}

enum err find_agg_range(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    const char *kind = find_agg_kind_name(a->kind);
    const struct format_node *list = format_node_get(v, "ranges");
    bool has_missing = false;
    double missing = 0;
    enum err rc = find_agg_field(p, format_node_get(v, "field"), kind, &a->field);
    a->has_field = true;
    a->keyed = format_node_bool(format_node_get(v, "keyed"), false);
    bool fits =
        a->kind == FIND_AGG_RANGE ? find_field_is_number(&a->field) : find_field_is_date(&a->field);
    if (rc == ERR_NONE && !fits && a->field.kind != FIND_KIND_UNKNOWN)
        rc = find_error_argument(
            p->error, "Field [%.100s] of type [%s] is not supported for aggregation [%s]",
            a->field.name, event_kind_name((enum event_kind)a->field.kind), kind);
    if (rc == ERR_NONE)
        rc = find_agg_format(p, format_node_get(v, "format"), &a->format);
    if (rc == ERR_NONE && a->kind == FIND_AGG_DATE_RANGE)
        rc = find_agg_zone(p, format_node_get(v, "time_zone"), &a->round.zone);
    if (rc == ERR_NONE && (format_node_type(list) != FORMAT_ARRAY || format_node_count(list) == 0))
        rc = find_error_argument(p->error, "No [ranges] specified for the [%.60s] aggregation",
                                 a->name);
    if (rc == ERR_NONE)
        rc = parse_end(p, format_node_get(v, "missing"), a, &has_missing, &missing);
    if (rc == ERR_NONE)
        rc = room_for_cases(p, a, format_node_count(list));
    for (size_t i = 0; rc == ERR_NONE && i < format_node_count(list); i++) {
        struct format_node *one = format_node_at(list, i);
        if (format_node_type(one) != FORMAT_OBJECT)
            return find_error_parse(p->error, one, "expected an object with from and to");
        rc = parse_case(p, one, a, has_missing ? &missing : NULL, &a->cases[a->cases_n]);
        a->cases_n += rc == ERR_NONE;
    }
    if (rc == ERR_NONE)
        qsort(a->cases, a->cases_n, sizeof(*a->cases), compare_cases);
    return rc;
}

enum err find_agg_filter(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    enum err rc = room_for_cases(p, a, 1);
    a->cases_n = rc == ERR_NONE;
    return rc == ERR_NONE ? find_agg_query(p, v, &a->cases[0].query) : rc;
}

/* The bucket of what no filter takes. */
static enum err add_other(struct find_agg_parser *p, struct find_agg *a, const char *key)
{
    struct buf json;
    buf_init(&json);
    buf_str(&json, "{\"bool\":{\"must_not\":[");
    for (size_t i = 0; i < a->cases_n; i++) {
        buf_str(&json, i > 0 ? "," : "");
        query_to_dsl(a->cases[i].query, &json);
    }
    buf_str(&json, "]}}");
    struct find_case *c = &a->cases[a->cases_n];
    c->key = key;
    enum err rc = find_agg_query_text(p, &json, &c->query);
    a->cases_n += rc == ERR_NONE;
    buf_release(&json);
    return rc;
}

static int compare_names(const void *x, const void *y)
{
    const struct find_case *a = x;
    const struct find_case *b = y;
    return strcmp(a->key, b->key);
}

enum err find_agg_filters(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    struct format_node *list = format_node_get(v, "filters");
    const struct format_node *other = format_node_get(v, "other_bucket");
    const struct format_node *other_key = format_node_get(v, "other_bucket_key");
    const char *key = "_other_";
    a->nameless = format_node_type(list) == FORMAT_ARRAY;
    a->keyed = format_node_bool(format_node_get(v, "keyed"), true);
    if (!a->nameless && format_node_type(list) != FORMAT_OBJECT)
        return find_error_argument(p->error, "[filters] is an object or an array of queries");
    if (format_node_count(list) == 0)
        return find_error_argument(p->error, "[filters] cannot be empty.");
    enum err rc = room_for_cases(p, a, format_node_count(list));
    for (size_t i = 0; rc == ERR_NONE && i < format_node_count(list); i++) {
        struct format_node *one = format_node_at(list, i);
        struct find_case *c = &a->cases[a->cases_n];
        if (!a->nameless) {
            c->key = arena_strndup(p->arena, format_node_key(one), format_node_key_len(one));
            if (c->key == NULL)
                return find_error_memory(p->error);
        }
        rc = find_agg_query(p, one, &c->query);
        a->cases_n += rc == ERR_NONE;
    }
    format_node_mark(list);
    /* In one order, whatever the one they were asked in. */
    if (rc == ERR_NONE && !a->nameless)
        qsort(a->cases, a->cases_n, sizeof(*a->cases), compare_names);
    if (rc == ERR_NONE && other_key != NULL)
        rc = find_agg_text(p, other_key, &key);
    if (rc == ERR_NONE && format_node_bool(other, other_key != NULL))
        rc = add_other(p, a, key);
    return rc;
}

enum err find_agg_missing(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    struct buf json;
    struct format_writer w;
    enum err rc = find_agg_field(p, format_node_get(v, "field"), "missing", &a->field);
    if (rc == ERR_NONE)
        rc = room_for_cases(p, a, 1);
    if (rc != ERR_NONE)
        return rc;
    buf_init(&json);
    format_write_init(&w, &json);
    buf_str(&json, "{\"bool\":{\"must_not\":{\"exists\":{\"field\":");
    format_write_str(&w, a->field.path);
    buf_str(&json, "}}}}");
    rc = find_agg_query_text(p, &json, &a->cases[0].query);
    a->cases_n = rc == ERR_NONE;
    buf_release(&json);
    return rc;
}

/* {"name": {"terms": {"field": …}}} */
static enum err parse_composite_source(struct find_agg_parser *p, struct format_node *v,
                                       struct find_source *out)
{
    struct format_node *named = format_node_at(v, 0);
    struct format_node *kind = format_node_at(named, 0);
    if (format_node_type(v) != FORMAT_OBJECT || format_node_count(v) != 1 ||
        format_node_type(named) != FORMAT_OBJECT || format_node_count(named) != 1 ||
        format_node_type(kind) != FORMAT_OBJECT)
        return find_error_parse(
            p->error, v, "expected a source such as {\"name\": {\"terms\": {\"field\": …}}}");
    const char *type = format_node_key(kind);
    out->kind = strcmp(type, "terms") == 0            ? FIND_AGG_TERMS
                : strcmp(type, "date_histogram") == 0 ? FIND_AGG_DATE_HISTOGRAM
                : strcmp(type, "histogram") == 0      ? FIND_AGG_HISTOGRAM
                                                      : FIND_AGG_TOP_HITS;
    if (out->kind == FIND_AGG_TOP_HITS)
        return find_error_parse(p->error, kind, "a source of type [%.60s] is not supported", type);
    out->name = arena_strndup(p->arena, format_node_key(named), format_node_key_len(named));
    if (out->name == NULL)
        return find_error_memory(p->error);
    enum err rc = find_agg_field(p, format_node_get(kind, "field"), type, &out->field);
    if (rc == ERR_NONE && find_field_is_text(&out->field))
        return find_agg_is_text(p, &out->field);
    const char *order = format_node_str(format_node_get(kind, "order"), "asc");
    const char *missing = format_node_str(format_node_get(kind, "missing_order"), "default");
    out->descending = strcmp(order, "desc") == 0;
    out->missing_bucket = format_node_bool(format_node_get(kind, "missing_bucket"), false);
    out->missing_first =
        strcmp(missing, "first") == 0 || (strcmp(missing, "last") != 0 && !out->descending);
    (void)format_node_get(kind, "value_type");
    if (rc == ERR_NONE && out->kind == FIND_AGG_DATE_HISTOGRAM) {
        const struct format_node *offset = format_node_get(kind, "offset");
        rc = parse_interval(p, kind, &out->round);
        if (rc == ERR_NONE)
            rc = find_agg_zone(p, format_node_get(kind, "time_zone"), &out->round.zone);
        if (rc == ERR_NONE && offset != NULL && !parse_offset(offset, &out->round.offset_ns))
            rc = find_error_argument(p->error, "[offset] is a time such as +6h or -30m");
        if (rc == ERR_NONE)
            rc = find_agg_format(p, format_node_get(kind, "format"), &out->format);
    } else if (rc == ERR_NONE && out->kind == FIND_AGG_HISTOGRAM) {
        out->interval = format_node_num(format_node_get(kind, "interval"), 0);
        if (!(out->interval > 0 && out->interval < 1e300))
            rc =
                find_error_argument(p->error, "[interval] must be >0 of source [%.60s]", out->name);
    }
    return rc == ERR_NONE ? find_agg_unknown(p, kind, type) : rc;
}

static enum err parse_after(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    if (v == NULL)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_OBJECT)
        return find_error_parse(p->error, v, "expected an object with the last key of each source");
    a->after = arena_zero(p->arena, a->sources_n * sizeof(*a->after));
    if (a->after == NULL)
        return find_error_memory(p->error);
    for (size_t i = 0; i < a->sources_n; i++) {
        struct find_source *s = &a->sources[i];
        const struct format_node *one = format_node_get(v, s->name);
        struct find_field number = {.kind = EVENT_KIND_DOUBLE};
        struct find_field date = {.kind = EVENT_KIND_DATE};
        const struct find_field *f = s->kind == FIND_AGG_HISTOGRAM        ? &number
                                     : s->kind == FIND_AGG_DATE_HISTOGRAM ? &date
                                                                          : &s->field;
        if (one == NULL)
            return find_error_argument(p->error, "[after] lacks a value of the source [%.60s]",
                                       s->name);
        if (format_node_type(one) == FORMAT_NULL)
            continue;
        if (!find_sort_read(f, s->format, one, p->arena, &a->after[i]))
            return find_error_argument(p->error, "[after] has no value of the source [%.60s]",
                                       s->name);
    }
    return find_agg_unknown(p, v, "after");
}

enum err find_agg_composite(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    const struct format_node *list = format_node_get(v, "sources");
    uint64_t size = 10;
    size_t n = format_node_count(list);
    if (format_node_type(list) != FORMAT_ARRAY || n == 0 || n > SOURCES_MAX)
        return find_error_argument(p->error, "[sources] is an array of 1 to %d sources",
                                   SOURCES_MAX);
    a->sources = arena_zero(p->arena, n * sizeof(*a->sources));
    if (a->sources == NULL)
        return find_error_memory(p->error);
    a->sources_n = n;
    enum err rc = ERR_NONE;
    for (size_t i = 0; rc == ERR_NONE && i < n; i++)
        rc = parse_composite_source(p, format_node_at(list, i), &a->sources[i]);
    if (rc == ERR_NONE)
        rc = find_agg_count(p, format_node_get(v, "size"), "size", 1, BUCKETS_MAX, &size);
    if (rc == ERR_NONE)
        rc = parse_after(p, format_node_get(v, "after"), a);
    a->size = (uint32_t)size;
    return rc;
}
