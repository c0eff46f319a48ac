/* SPDX-License-Identifier: Apache-2.0 */
#include "find/body.h"

#include "format/node.h"
#include "query/query.h"
#include "query/tree.h"

#include <string.h>

#define USUAL_SIZE 10
#define USUAL_TOTAL 10000
#define CLAUSES_MAX 4096 /* of all queries: the worker takes memory and time for each */

/* Understood by Elasticsearch, not done here; empty ones are nothing. */
static const char *const refused[][2] = {
    {"runtime_mappings", "runtime fields"},
    {"script_fields", "scripts"},
    {"suggest", "suggestions"},
    {"rescore", "relevance"},
    {"collapse", "collapsing of hits"},
    {"highlight", "highlighting"},
    {"knn", "vectors"},
    {"sub_searches", "ranking"},
    {"rank", "ranking"},
    {"retriever", "ranking"},
    {"slice", "slices"},
    {"min_score", "relevance"},
    {"terminate_after", "an early end"},
    {"derived", "derived fields"},
    {"ext", "extensions"},
};

/* What changes nothing here: there is one shard, no relevance, and no cost to say. */
static const char *const harmless[] = {
    "track_scores", "explain",       "profile", "preference",
    "stats",        "indices_boost", "pit" /* who asked has looked at it */};

static bool is_empty(const struct format_node *v)
{
    switch (format_node_type(v)) {
    case FORMAT_NULL:
        return true;
    case FORMAT_INT:
        return format_node_int(v, 1) == 0;
    case FORMAT_OBJECT:
    case FORMAT_ARRAY:
        return format_node_count(v) == 0;
    default:
        return false;
    }
}

static enum err check_keys(struct format_node *v, struct find_error *error)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct format_node *one = format_node_get(v, refused[i][0]);
        if (!is_empty(one))
            return find_error_argument(error, "[%s] is not supported: Weir does not have %s",
                                       refused[i][0], refused[i][1]);
    }
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        (void)format_node_get(v, harmless[i]);
    const struct format_node *other = format_node_unknown(v);
    if (other != NULL)
        return find_error_parse(error, other, "unknown key [%.60s] in the search's body",
                                format_node_key(other));
    return ERR_NONE;
}

static enum err parse_total(const struct format_node *v, struct find_body *out,
                            struct find_error *error)
{
    out->total_up_to = USUAL_TOTAL;
    switch (format_node_type(v)) {
    case FORMAT_NULL:
        return ERR_NONE;
    case FORMAT_BOOL:
        out->no_total = !format_node_bool(v, true);
        out->total_up_to = UINT64_MAX;
        return ERR_NONE;
    case FORMAT_INT:
        if (format_node_int(v, -1) < 0)
            break;
        out->total_up_to = (uint64_t)format_node_int(v, 0);
        return ERR_NONE;
    default:
        break;
    }
    return find_error_argument(error, "[track_total_hits] is true, false or a whole number");
}

/* The query of the body, alone and together with the target's. */
static enum err parse_query(struct format_node *v, ts_ns now, struct query_budget *budget,
                            struct find_target *target, struct find_body *out,
                            struct find_error *error)
{
    struct err_text *why = error != NULL ? &error->text : NULL;
    struct query *list[2] = {NULL, NULL};
    const struct format_node *node = format_node_get(v, "query");
    struct query_budget again = *budget;
    enum err rc = query_parse_dsl_within(node, now, &again, &out->wanted, why);
    if (rc == ERR_NONE)
        rc = query_parse_dsl_within(node, now, budget, &list[0], why);
    if (rc != ERR_NONE)
        return find_error_of(error, rc);
    list[1] = target->query;
    rc = query_all_of_take(list, 2, &out->query);
    if (rc != ERR_NONE) {
        query_free(list[0]);
        return find_error_memory(error);
    }
    target->query = NULL;
    return ERR_NONE;
}

/* What must hold for @timestamp: bounds of ranges that all events must lie in. */
static void find_times(const struct query_node *node, struct find_body *out)
{
    if (node->op == QUERY_AND) {
        for (uint32_t i = 0; i < node->n; i++)
            find_times(node->child[i], out);
        return;
    }
    if (node->op != QUERY_RANGE || node->field.scope != QUERY_SCOPE_FIELD ||
        strcmp(node->field.path, "@timestamp") != 0)
        return;
    const struct query_bounds *b = node->bounds;
    if (b->empty)
        out->to = out->from;
    if (b->has_low && b->from > out->from)
        out->from = b->from;
    if (b->has_high && b->to < out->to)
        out->to = b->to;
}

/* By time where nothing was asked: cheap, and nobody can rely on another order. */
static bool default_order(struct find_body *out, enum find_body_kind kind)
{
    struct find_sort *asked = &out->hits.sort;
    if (kind == FIND_BODY_MOMENT && asked->n > 0 && !find_sort_end_ties(asked, &out->arena))
        return false;
    out->order = *asked;
    if (out->order.n == 0) {
        out->order.keys = arena_zero(&out->arena, 2 * sizeof(*out->order.keys));
        if (out->order.keys == NULL ||
            !find_field_init(&out->order.keys[0].field, "@timestamp", 10, &out->arena))
            return false;
        out->order.n = 1;
    }
    return kind != FIND_BODY_SCROLL || find_sort_end_ties(&out->order, &out->arena);
}

/* What a scroll cannot be: it begins at the first hit, and its end must be known. */
static enum err check_scroll(const struct format_node *v, const struct find_body *b,
                             struct find_error *error)
{
    if (b->hits.from > 0)
        return find_error_argument(error, "using [from] is not allowed in a scroll context");
    if (b->hits.size == 0)
        return find_error_argument(error, "[size] cannot be [0] in a scroll context");
    if (b->no_total)
        return find_error_argument(
            error, "disabling [track_total_hits] is not allowed in a scroll context");
    if (format_node_type(format_node_get(v, "search_after")) != FORMAT_NULL)
        return find_error_argument(error, "`search_after` cannot be used in a scroll context.");
    return ERR_NONE;
}

static enum err parse_search(struct format_node *v, ts_ns now, enum find_body_kind kind,
                             struct query_budget *budget, struct find_body *out,
                             struct find_error *error)
{
    const struct format_node *timeout = format_node_get(v, "timeout");
    struct format_node *aggs = format_node_get(v, "aggs");
    struct format_node *longer = format_node_get(v, "aggregations");
    enum err rc = find_hits_parse(v, USUAL_SIZE, &out->arena, &out->hits, error);
    if (rc == ERR_NONE && !default_order(out, kind))
        rc = find_error_memory(error);
    if (rc == ERR_NONE)
        rc = find_sort_after(&out->hits.sort, format_node_get(v, "search_after"), &out->arena,
                             &out->hits.after, error);
    if (rc == ERR_NONE && out->hits.after != NULL && out->hits.from > 0)
        rc = find_error_argument(error, "`from` parameter must be set to 0 when `search_after` is "
                                        "used");
    if (rc == ERR_NONE)
        rc = parse_total(format_node_get(v, "track_total_hits"), out, error);
    if (rc == ERR_NONE && kind == FIND_BODY_SCROLL) {
        out->total_up_to = UINT64_MAX;
        rc = check_scroll(v, out, error);
    }
    if (rc == ERR_NONE && timeout != NULL && format_node_int(timeout, 0) != -1 &&
        !time_parse_span(format_node_str(timeout, ""), format_node_str_len(timeout),
                         &out->timeout_ns))
        rc = find_error_argument(error, "[timeout] is a time such as 10s");
    if (rc == ERR_NONE && aggs != NULL && longer != NULL)
        rc = find_error_parse(error, longer, "aggs and aggregations are the same: one is enough");
    if (rc == ERR_NONE)
        rc = find_aggs_parse(aggs != NULL ? aggs : longer, now, budget, &out->arena, &out->aggs,
                             error);
    if (rc == ERR_NONE)
        rc = check_keys(v, error);
    return rc;
}

enum err find_body_parse(struct format_node *v, ts_ns now, struct find_target *target,
                         enum find_body_kind kind, struct find_body *out, struct find_error *error)
{
    memset(out, 0, sizeof(*out));
    if (v != NULL && format_node_type(v) != FORMAT_OBJECT)
        return find_error_parse(error, v, "expected an object as the search's body");
    struct query_budget budget = QUERY_BUDGET;
    budget.clauses = CLAUSES_MAX;
    arena_init(&out->arena, 0);
    out->from = TIME_NONE;
    out->to = TIME_MAX;
    enum err rc = parse_query(v, now, &budget, target, out, error);
    if (rc == ERR_NONE && kind != FIND_BODY_COUNT)
        rc = parse_search(v, now, kind, &budget, out, error);
    else if (rc == ERR_NONE && format_node_unknown(v) != NULL)
        rc = find_error_parse(error, format_node_unknown(v), "request does not support [%.60s]",
                              format_node_key(format_node_unknown(v)));
    if (rc == ERR_NONE)
        find_times(query_root(out->query), out);
    else
        find_body_release(out);
    return rc;
}

void find_body_release(struct find_body *b)
{
    find_aggs_free(&b->aggs);
    query_free(b->query);
    query_free(b->wanted);
    arena_release(&b->arena);
    memset(b, 0, sizeof(*b));
}
