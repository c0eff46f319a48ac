/* SPDX-License-Identifier: Apache-2.0 */
#include "find/agg_priv.h"

#include "base/mem.h"
#include "find/date.h"
#include "format/node.h"
#include "query/query.h"

#include <stdlib.h>
#include <string.h>

#define AGGS_MAX 1000 /* definitions in one search */
#define DEPTH_MAX 20

static const struct {
    const char *name;
    uint8_t kind;
} kinds[] = {
    {"terms", FIND_AGG_TERMS},
    {"date_histogram", FIND_AGG_DATE_HISTOGRAM},
    {"histogram", FIND_AGG_HISTOGRAM},
    {"composite", FIND_AGG_COMPOSITE},
    {"range", FIND_AGG_RANGE},
    {"date_range", FIND_AGG_DATE_RANGE},
    {"filter", FIND_AGG_FILTER},
    {"filters", FIND_AGG_FILTERS},
    {"missing", FIND_AGG_MISSING},
    {"sum", FIND_AGG_SUM},
    {"avg", FIND_AGG_AVG},
    {"min", FIND_AGG_MIN},
    {"max", FIND_AGG_MAX},
    {"value_count", FIND_AGG_VALUE_COUNT},
    {"stats", FIND_AGG_STATS},
    {"cardinality", FIND_AGG_CARDINALITY},
    {"percentiles", FIND_AGG_PERCENTILES},
    {"top_hits", FIND_AGG_TOP_HITS},
};

const char *find_agg_kind_name(uint8_t kind)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].kind == kind)
            return kinds[i].name;
    return "?";
}

enum err find_agg_text(struct find_agg_parser *p, const struct format_node *v, const char **out)
{
    if (format_node_type(v) != FORMAT_STRING)
        return find_error_parse(p->error, v, "expected a text");
    *out = arena_strndup(p->arena, format_node_str(v, ""), format_node_str_len(v));
    return *out != NULL ? ERR_NONE : find_error_memory(p->error);
}

/* A whole number within bounds; NULL leaves *out. */
enum err find_agg_count(struct find_agg_parser *p, const struct format_node *v, const char *name,
                        uint64_t least, uint64_t most, uint64_t *out)
{
    if (v == NULL)
        return ERR_NONE;
    int64_t n = format_node_int(v, -1);
    if (format_node_type(v) != FORMAT_INT || n < 0 || (uint64_t)n < least || (uint64_t)n > most)
        return find_error_argument(p->error, "[%s] is a whole number from %llu to %llu", name,
                                   (unsigned long long)least, (unsigned long long)most);
    *out = (uint64_t)n;
    return ERR_NONE;
}

enum err find_agg_field(struct find_agg_parser *p, const struct format_node *v, const char *agg,
                        struct find_field *out)
{
    if (format_node_type(v) != FORMAT_STRING)
        return find_error_argument(p->error,
                                   "Required one of fields [field, script], but none were "
                                   "specified. [%.60s] needs a field; scripts are not "
                                   "supported",
                                   agg);
    size_t n = format_node_str_len(v);
    if (n == 0 || n > FIND_FIELD_NAME_MOST)
        return find_error_argument(p->error, "[%.60s] names no field", agg);
    return find_field_init(out, format_node_str(v, ""), n, p->arena) ? ERR_NONE
                                                                     : find_error_memory(p->error);
}

enum err find_agg_zone(struct find_agg_parser *p, const struct format_node *v,
                       struct query_zone *out)
{
    struct err_text why;
    if (v == NULL)
        return ERR_NONE;
    if (format_node_type(v) != FORMAT_STRING)
        return find_error_parse(p->error, v, "expected a time zone such as +01:00");
    enum err rc =
        query_zone_load(format_node_str(v, ""), format_node_str_len(v), p->arena, out, &why);
    if (rc == ERR_MEMORY)
        return find_error_memory(p->error);
    return rc == ERR_NONE ? rc : find_error_argument(p->error, "%s", why.message);
}

enum err find_agg_format(struct find_agg_parser *p, const struct format_node *v, const char **out)
{
    struct err_text why;
    if (v == NULL)
        return ERR_NONE;
    enum err rc = find_agg_text(p, v, out);
    if (rc == ERR_NONE && find_date_check(*out, &why) != ERR_NONE)
        return find_error_argument(p->error, "%s", why.message);
    return rc;
}

enum err find_agg_unknown(struct find_agg_parser *p, const struct format_node *v, const char *agg)
{
    const struct format_node *other = format_node_unknown(v);
    if (other == NULL)
        return ERR_NONE;
    return find_error_parse(p->error, other, "[%.60s] does not support [%.60s] here", agg,
                            format_node_key(other));
}

/* Keeps a query for as long as the tree. */
enum err find_agg_keep(struct find_agg_parser *p, struct query *q)
{
    void *grown = p->out->queries;
    if (mem_grow(&grown, &p->out->queries_cap, p->out->queries_n + 1, sizeof(q)) != 0) {
        query_free(q);
        return find_error_memory(p->error);
    }
    p->out->queries = grown;
    p->out->queries[p->out->queries_n++] = q;
    return ERR_NONE;
}

enum err find_agg_query(struct find_agg_parser *p, const struct format_node *v, struct query **out)
{
    struct err_text *why = p->error != NULL ? &p->error->text : NULL;
    enum err rc = query_parse_dsl_within(v, p->now, p->budget, out, why);
    if (rc != ERR_NONE)
        return find_error_of(p->error, rc);
    return find_agg_keep(p, *out);
}

enum err find_agg_query_text(struct find_agg_parser *p, const struct buf *json, struct query **out)
{
    struct err_text *why = p->error != NULL ? &p->error->text : NULL;
    if (!buf_ok(json))
        return find_error_memory(p->error);
    struct format_node *v;
    enum err rc = format_node_json(buf_text(json), json->n, "aggs", &v, why);
    if (rc != ERR_NONE)
        return find_error_of(p->error, rc);
    rc = find_agg_query(p, v, out);
    format_node_free(v);
    return rc;
}

/* What is known of metrics that look at numbers. */
static enum err parse_metric(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    const char *kind = find_agg_kind_name(a->kind);
    enum err rc = find_agg_field(p, format_node_get(v, "field"), kind, &a->field);
    const struct format_node *missing = format_node_get(v, "missing");
    const struct format_node *format = format_node_get(v, "format");
    if (rc != ERR_NONE)
        return rc;
    a->has_field = true;
    bool any = a->kind == FIND_AGG_VALUE_COUNT || a->kind == FIND_AGG_CARDINALITY;
    if (!any && !find_field_is_number(&a->field) && !find_field_is_date(&a->field))
        return find_error_argument(p->error,
                                   "Field [%.100s] of type [%s] is not supported for aggregation "
                                   "[%s]",
                                   a->field.name, event_kind_name((enum event_kind)a->field.kind),
                                   kind);
    if (any && find_field_is_text(&a->field))
        return find_agg_is_text(p, &a->field);
    if (missing != NULL) {
        a->has_missing = find_sort_read(&a->field, NULL, missing, p->arena, &a->missing);
        if (!a->has_missing)
            return find_error_argument(p->error, "[missing] is no value of [%.100s]",
                                       a->field.name);
    }
    if (format != NULL && find_field_is_date(&a->field))
        rc = find_agg_format(p, format, &a->format);
    if (a->kind == FIND_AGG_CARDINALITY) {
        /* The sketch is as exact as it is (docs/method/find.md), whatever is asked. */
        (void)format_node_get(v, "precision_threshold");
        (void)format_node_get(v, "execution_hint");
    }
    return rc;
}

static int compare_percents(const void *x, const void *y)
{
    double a = *(const double *)x;
    double b = *(const double *)y;
    return (a > b) - (a < b);
}

static enum err parse_percents(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    static const double usual[] = {1, 5, 25, 50, 75, 95, 99};
    const struct format_node *list = format_node_get(v, "percents");
    a->keyed = format_node_bool(format_node_get(v, "keyed"), true);
    /* How others compute them. */
    (void)format_node_get(v, "tdigest");
    (void)format_node_get(v, "hdr");
    size_t n = list != NULL ? format_node_count(list) : sizeof(usual) / sizeof(usual[0]);
    if (list != NULL && (format_node_type(list) != FORMAT_ARRAY || n == 0 || n > AGGS_MAX))
        return find_error_argument(p->error, "[percents] is an array of numbers from 0 to 100");
    a->percents = arena_alloc(p->arena, n * sizeof(*a->percents));
    if (a->percents == NULL)
        return find_error_memory(p->error);
    for (size_t i = 0; i < n; i++) {
        double one = list != NULL ? format_node_num(format_node_at(list, i), -1) : usual[i];
        if (!(one >= 0 && one <= 100))
            return find_error_argument(p->error, "[percents] is an array of numbers from 0 to 100");
        a->percents[i] = one;
    }
    a->percents_n = n;
    qsort(a->percents, n, sizeof(*a->percents), compare_percents);
    for (size_t i = 1; i < n; i++)
        if (a->percents[i] == a->percents[i - 1])
            return find_error_argument(p->error, "percent [%g] has been specified twice",
                                       a->percents[i]);
    return ERR_NONE;
}

static enum err parse_kind(struct find_agg_parser *p, struct format_node *v, struct find_agg *a)
{
    enum err rc;
    if (format_node_type(v) != FORMAT_OBJECT)
        return find_error_parse(p->error, v, "expected an object for [%s]",
                                find_agg_kind_name(a->kind));
    switch ((enum find_agg_kind)a->kind) {
    case FIND_AGG_TERMS:
        rc = find_agg_terms(p, v, a);
        break;
    case FIND_AGG_DATE_HISTOGRAM:
        rc = find_agg_date_histogram(p, v, a);
        break;
    case FIND_AGG_HISTOGRAM:
        rc = find_agg_histogram(p, v, a);
        break;
    case FIND_AGG_COMPOSITE:
        rc = find_agg_composite(p, v, a);
        break;
    case FIND_AGG_RANGE:
    case FIND_AGG_DATE_RANGE:
        rc = find_agg_range(p, v, a);
        break;
    case FIND_AGG_FILTER:
        return find_agg_filter(p, v, a);
    case FIND_AGG_FILTERS:
        rc = find_agg_filters(p, v, a);
        break;
    case FIND_AGG_MISSING:
        rc = find_agg_missing(p, v, a);
        break;
    case FIND_AGG_TOP_HITS:
        rc = find_hits_parse(v, 3, p->arena, &a->hits, p->error);
        if (rc == ERR_NONE && a->hits.from + a->hits.size > 100)
            rc = find_error_argument(p->error,
                                     "Top hits result window is too large, the top hits aggregator "
                                     "[%.60s]'s from + size must be less than or equal to: [100]",
                                     a->name);
        break;
    case FIND_AGG_PERCENTILES:
        rc = parse_percents(p, v, a);
        if (rc == ERR_NONE)
            rc = parse_metric(p, v, a);
        break;
    default:
        rc = parse_metric(p, v, a);
        break;
    }
    return rc == ERR_NONE ? find_agg_unknown(p, v, find_agg_kind_name(a->kind)) : rc;
}

static enum err parse_list(struct find_agg_parser *p, struct format_node *v, struct find_agg *into,
                           unsigned depth);

/* The one member that says the kind; *out NULL when none does. */
static enum err find_kind(struct find_agg_parser *p, const struct format_node *v,
                          struct find_agg *a, struct format_node **out)
{
    *out = NULL;
    for (size_t i = 0; i < format_node_count(v); i++) {
        const char *key = format_node_key(format_node_at(v, i));
        if (strcmp(key, "aggs") == 0 || strcmp(key, "aggregations") == 0 ||
            strcmp(key, "meta") == 0)
            continue;
        if (*out != NULL)
            return find_error_parse(p->error, format_node_at(v, i),
                                    "Found two aggregation type definitions in [%.60s]: [%.60s] "
                                    "and [%.60s]",
                                    a->name, format_node_key(*out), key);
        *out = format_node_get(v, key);
        bool known = false;
        for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && !known; k++) {
            known = strcmp(key, kinds[k].name) == 0;
            a->kind = known ? kinds[k].kind : 0;
        }
        if (!known)
            return find_error_parse(p->error, *out,
                                    "the aggregation type [%.60s] of [%.60s] is not supported", key,
                                    a->name);
    }
    if (*out == NULL)
        return find_error_parse(p->error, v, "Missing definition for aggregation [%.60s]", a->name);
    return ERR_NONE;
}

static enum err parse_one(struct find_agg_parser *p, struct format_node *v, struct find_agg *a,
                          unsigned depth)
{
    struct format_node *kind;
    const char *name = format_node_key(v);
    if (strpbrk(name, "[]>") != NULL || *name == '\0')
        return find_error_parse(p->error, v,
                                "Invalid aggregation name [%.60s]. Aggregation names can contain "
                                "any character except '[', ']', and '>'",
                                name);
    a->name = arena_strndup(p->arena, name, format_node_key_len(v));
    if (a->name == NULL)
        return find_error_memory(p->error);
    if (++p->out->count > AGGS_MAX)
        return find_error_argument(p->error, "at most %d aggregations in one search", AGGS_MAX);
    enum err rc = find_kind(p, v, a, &kind);
    a->meta = format_node_get(v, "meta");
    struct format_node *sub = format_node_get(v, "aggs");
    struct format_node *longer = format_node_get(v, "aggregations");
    if (rc == ERR_NONE && sub != NULL && longer != NULL)
        rc = find_error_parse(p->error, longer,
                              "aggs and aggregations of [%.60s] are the same: one is enough",
                              a->name);
    if (sub == NULL)
        sub = longer;
    /* Orders of terms name what lies below, so that is read first. */
    if (rc == ERR_NONE && sub != NULL && !find_agg_has_buckets(a->kind))
        rc = find_error_argument(p->error,
                                 "Aggregator [%.60s] of type [%s] cannot accept sub-aggregations",
                                 a->name, find_agg_kind_name(a->kind));
    if (rc == ERR_NONE && sub != NULL)
        rc = parse_list(p, sub, a, depth + 1);
    return rc == ERR_NONE ? parse_kind(p, kind, a) : rc;
}

static enum err parse_list(struct find_agg_parser *p, struct format_node *v, struct find_agg *into,
                           unsigned depth)
{
    size_t n = format_node_count(v);
    if (format_node_type(v) != FORMAT_OBJECT)
        return find_error_parse(p->error, v, "expected an object of aggregations");
    if (depth > DEPTH_MAX)
        return find_error_argument(p->error, "aggregations are nested at most %d deep", DEPTH_MAX);
    if (n > AGGS_MAX)
        return find_error_argument(p->error, "at most %d aggregations in one search", AGGS_MAX);
    into->sub = arena_zero(p->arena, (n + 1) * sizeof(*into->sub));
    if (into->sub == NULL)
        return find_error_memory(p->error);
    into->sub_n = n;
    for (size_t i = 0; i < n; i++) {
        struct format_node *one = format_node_at(v, i);
        if (format_node_type(one) != FORMAT_OBJECT)
            return find_error_parse(p->error, one, "expected an object for aggregation [%.60s]",
                                    format_node_key(one));
        enum err rc = parse_one(p, one, &into->sub[i], depth);
        if (rc != ERR_NONE)
            return rc;
    }
    return ERR_NONE;
}

enum err find_aggs_parse(struct format_node *v, ts_ns now, struct query_budget *budget,
                         struct arena *arena, struct find_aggs *out, struct find_error *error)
{
    struct find_agg_parser p = {
        .arena = arena, .now = now, .out = out, .budget = budget, .error = error};
    memset(out, 0, sizeof(*out));
    out->arena = arena;
    out->root.kind = FIND_AGG_FILTER;
    out->root.name = "";
    if (format_node_type(v) == FORMAT_NULL)
        return ERR_NONE;
    enum err rc = parse_list(&p, v, &out->root, 0);
    if (rc != ERR_NONE)
        find_aggs_free(out);
    return rc;
}

void find_aggs_free(struct find_aggs *a)
{
    for (size_t i = 0; i < a->queries_n; i++)
        query_free(a->queries[i]);
    mem_free(a->queries);
    memset(a, 0, sizeof(*a));
}
