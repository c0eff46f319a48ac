#ifndef FIND_AGG_PRIV_H
#define FIND_AGG_PRIV_H

/* What agg_parse.c and agg_bucket.c share: reading the definitions of a search. */

#include "base/buf.h"
#include "find/agg.h"
#include "query/query.h"

struct find_agg_parser {
    struct arena *arena;
    ts_ns now;
    struct find_aggs *out;
    struct query_budget *budget;
    struct find_error *error;
};

const char *find_agg_kind_name(uint8_t kind);

enum err find_agg_text(struct find_agg_parser *p, const struct format_node *v, const char **out);
enum err find_agg_count(struct find_agg_parser *p, const struct format_node *v, const char *name,
                        uint64_t least, uint64_t most, uint64_t *out);
enum err find_agg_field(struct find_agg_parser *p, const struct format_node *v, const char *agg,
                        struct find_field *out);
enum err find_agg_zone(struct find_agg_parser *p, const struct format_node *v,
                       struct query_zone *out);
enum err find_agg_format(struct find_agg_parser *p, const struct format_node *v, const char **out);
/* A key that nobody asked for. */
enum err find_agg_unknown(struct find_agg_parser *p, const struct format_node *v, const char *agg);
/* The tree keeps the query, also after a failure. */
enum err find_agg_keep(struct find_agg_parser *p, struct query *q);
enum err find_agg_query(struct find_agg_parser *p, const struct format_node *v, struct query **out);
enum err find_agg_query_text(struct find_agg_parser *p, const struct buf *json, struct query **out);
/* The error of a field that is analysed text. */
enum err find_agg_is_text(struct find_agg_parser *p, const struct find_field *f);

/* Each kind that makes buckets: v is what stands behind its name. */
enum err find_agg_terms(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);
enum err find_agg_date_histogram(struct find_agg_parser *p, struct format_node *v,
                                 struct find_agg *a);
enum err find_agg_histogram(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);
enum err find_agg_composite(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);
enum err find_agg_range(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);
enum err find_agg_filter(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);
enum err find_agg_filters(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);
enum err find_agg_missing(struct find_agg_parser *p, struct format_node *v, struct find_agg *a);

#endif
