/* SPDX-License-Identifier: Apache-2.0 */
/* What jobs have found. */
#include "ml/rows.h"

#include "api/api.h"
#include "format/node.h"
#include "http/request.h"
#include "ml/ask.h"
#include "ml/find.h"
#include "ml/page.h"
#include "ml/shape.h"
#include "query/datemath.h"

#include <stdio.h>
#include <string.h>

/* One kind of result. */
struct kind {
    const char *type;
    const char *list;  /* key of the answer */
    const char *score; /* field and parameter: the least that is wanted */
    const char *sort;  /* unless it is said */
};

static const struct kind buckets = {"bucket", "buckets", "anomaly_score", "timestamp"};
static const struct kind records = {"record", "records", "record_score", "record_score"};
static const struct kind influencers = {"influencer", "influencers", "influencer_score",
                                        "influencer_score"};

struct asked {
    struct store_result_filter filter;
    struct ml_page page;
    const char *job; /* what filter.jobs points to */
    const char *sort;
    bool desc;
};

static enum err read_asked(struct api_call *c, const struct kind *kind, struct asked *out,
                           struct err_text *why)
{
    bool final;
    struct store_job row;
    enum err err = ml_page_read(c, 100, &out->page, why);
    out->filter = (struct store_result_filter){.type = kind->type, .jobs_n = 1};
    if (err == ERR_NONE)
        err = ml_page_time(c, "start", TIME_NONE, &out->filter.from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_MAX, &out->filter.to, why);
    if (err == ERR_NONE)
        err = api_call_number(c, kind->score, 0, &out->filter.min_score, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "exclude_interim", false, &final, why);
    if (err == ERR_NONE)
        err = api_call_flag(c, "desc", false, &out->desc, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "sort", kind->sort, &out->sort, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err != ERR_NONE)
        return err;
    if (out->filter.to != TIME_MAX)
        out->filter.to--; /* the end is not part of it */
    out->filter.interim = final ? STORE_INTERIM_NO : STORE_INTERIM_ANY;
    out->job = row.id;
    return ERR_NONE;
}

static bool add_doc(void *ctx, const struct store_result *r)
{
    struct ml_docs *docs = ctx;
    return ml_page_add(docs, r->doc, r->doc_len > 0 ? r->doc_len : strlen(r->doc), r->time);
}

/* Whether the store has that order; *out is it. */
static bool is_stored(const struct kind *kind, const struct asked *a, enum store_result_sort *out)
{
    bool by_time = strcmp(a->sort, "timestamp") == 0;
    bool by_score = strcmp(a->sort, kind->score) == 0;
    *out = by_time && !a->desc ? STORE_RESULT_BY_TIME
           : by_time           ? STORE_RESULT_NEWEST
           : a->desc           ? STORE_RESULT_BY_SCORE
                               : STORE_RESULT_LOWEST;
    return by_time || by_score;
}

/* More than so many are not sorted in memory. */
#define SORTED_MOST 200000

static bool no_more(void *ctx, const struct store_result *r)
{
    (void)ctx;
    (void)r;
    return false;
}

/* How many there are, without reading them. */
static enum err count(struct api_call *c, const struct store_result_filter *filter, uint64_t *out,
                      struct err_text *why)
{
    struct store_result_filter one = *filter;
    one.limit = 1; /* 0 would be all */
    enum err err = store_state_result_list(c->ports->state, &one, no_more, NULL, out);
    return err == ERR_NONE ? ERR_NONE : ml_find_broken(err, why);
}

/* What the store has no order for is sorted here, unless it is too much. */
static enum err see_sortable(struct api_call *c, const struct asked *a, uint64_t total,
                             struct err_text *why)
{
    if (total <= SORTED_MOST)
        return ERR_NONE;
    return api_call_fail(c, 400, "illegal_argument_exception", why,
                         "[sort] by [%.100s] is for at most %d results, and there are %llu: "
                         "narrow the time",
                         a->sort, SORTED_MOST, (unsigned long long)total);
}

/* The page's documents; *out_total: of all pages. */
static enum err read_docs(struct api_call *c, const struct kind *kind, struct asked *a,
                          struct ml_docs *docs, uint64_t *out_total, struct err_text *why)
{
    struct store_result_filter filter = a->filter;
    bool stored = is_stored(kind, a, &filter.sort);
    filter.jobs = &a->job;
    filter.skip = stored ? a->page.from : 0;
    filter.limit = stored ? a->page.size : SORTED_MOST;
    enum err err = !stored || a->page.size == 0 ? count(c, &filter, out_total, why) : ERR_NONE;
    if (err == ERR_NONE && !stored)
        err = see_sortable(c, a, *out_total, why);
    if (err != ERR_NONE || a->page.size == 0)
        return err;
    err = store_state_result_list(c->ports->state, &filter, add_doc, docs, out_total);
    if (err == ERR_NONE && docs->failed)
        err = ERR_MEMORY;
    if (err != ERR_NONE)
        return ml_find_broken(err, why);
    if (stored) {
        a->page.from = 0;
        return ERR_NONE;
    }
    err = see_sortable(c, a, *out_total, why); /* some came meanwhile */
    return err == ERR_NONE ? ml_page_sort(docs, a->sort, a->desc, why) : err;
}

static enum err list(struct api_call *c, const struct kind *kind, struct err_text *why)
{
    struct asked a;
    struct ml_docs docs = {.arena = &c->arena};
    uint64_t total = 0;
    enum err err = read_asked(c, kind, &a, why);
    if (err == ERR_NONE)
        err = read_docs(c, kind, &a, &docs, &total, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)total);
        ml_page_write(&docs, &a.page, kind->list, &c->out);
        format_write_end_object(&c->out);
    }
    ml_page_release(&docs);
    return err;
}

static enum err get_records(struct api_call *c, struct err_text *why)
{
    return list(c, &records, why);
}

static enum err get_influencers(struct api_call *c, struct err_text *why)
{
    return list(c, &influencers, why);
}

/* A bucket with its records. */
static enum err write_expanded(struct api_call *c, const struct asked *a, const struct ml_doc *doc,
                               struct err_text *why)
{
    const struct store_result_filter filter = {.jobs = &a->job,
                                               .jobs_n = 1,
                                               .type = "record",
                                               .from = doc->time,
                                               .to = doc->time,
                                               .interim = a->filter.interim,
                                               .sort = STORE_RESULT_BY_SCORE,
                                               .limit = ML_PAGE_MOST};
    const struct ml_page whole = {0, ML_PAGE_MOST};
    struct format_node *node = NULL;
    struct ml_docs found = {.arena = &c->arena};
    enum err err = store_state_result_list(c->ports->state, &filter, add_doc, &found, NULL);
    if (err == ERR_NONE && found.failed)
        err = ERR_MEMORY;
    err = err == ERR_NONE ? format_node_json(doc->json, doc->n, "bucket", &node, why)
                          : ml_find_broken(err, why);
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        for (size_t i = 0; i < format_node_count(node); i++) {
            const struct format_node *v = format_node_at(node, i);
            format_write_key_n(&c->out, format_node_key(v), format_node_key_len(v));
            format_node_write_value(v, &c->out);
        }
        ml_page_write(&found, &whole, "records", &c->out);
        format_write_end_object(&c->out);
    }
    format_node_free(node);
    ml_page_release(&found);
    return err;
}

/* One bucket is named by its time. */
static enum err read_timestamp(struct api_call *c, const char *text, struct asked *a,
                               struct err_text *why)
{
    const struct datemath_options options = {.now = c->now};
    struct datemath_span span;
    struct err_text reason;
    if (query_datemath_parse(text, strlen(text), &options, &span, &reason) != ERR_NONE)
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "failed to parse [timestamp] with value [%.100s]", text);
    a->filter.from = a->filter.to = span.from;
    return ERR_NONE;
}

static enum err get_buckets(struct api_call *c, struct err_text *why)
{
    const char *timestamp = ml_find_part(c, "timestamp");
    struct asked a;
    struct ml_docs docs = {.arena = &c->arena};
    uint64_t total = 0;
    bool expand;
    size_t first, n;
    enum err err = api_call_flag(c, "expand", false, &expand, why);
    if (err == ERR_NONE)
        err = read_asked(c, &buckets, &a, why);
    if (err == ERR_NONE && timestamp != NULL)
        err = read_timestamp(c, timestamp, &a, why);
    if (err == ERR_NONE)
        err = read_docs(c, &buckets, &a, &docs, &total, why);
    if (err == ERR_NONE && timestamp != NULL && total == 0)
        err = api_call_fail(c, 404, "resource_not_found_exception", why,
                            "No known bucket with timestamp [%s] of job [%s]", timestamp, a.job);
    if (err == ERR_NONE) {
        ml_page_cut(&a.page, docs.n, &first, &n);
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)total);
        if (expand) {
            format_write_key(&c->out, "buckets");
            format_write_begin_array(&c->out);
            for (size_t i = first; i < first + n && err == ERR_NONE; i++)
                err = write_expanded(c, &a, &docs.list[i], why);
            format_write_end_array(&c->out);
        } else {
            ml_page_write(&docs, &a.page, "buckets", &c->out);
        }
        format_write_end_object(&c->out);
    }
    ml_page_release(&docs);
    return err;
}

/* Definitions of categories, of one partition or all. */
struct categories {
    struct ml_docs docs;
    const char *partition; /* NULL: all */
    enum err err;
};

static bool add_category(void *ctx, const struct store_result *r)
{
    struct categories *x = ctx;
    size_t n = r->doc_len > 0 ? r->doc_len : strlen(r->doc);
    bool wanted = true;
    if (x->partition != NULL) {
        struct format_node *node = NULL;
        x->err = format_node_json(r->doc, n, r->id, &node, NULL);
        if (x->err != ERR_NONE)
            return false;
        const char *value = format_node_str(format_node_get(node, "partition_field_value"), NULL);
        wanted = value != NULL && strcmp(value, x->partition) == 0;
        format_node_free(node);
    }
    return !wanted || ml_page_add(&x->docs, r->doc, n, r->time);
}

/* In order of their ids. */
static enum err find_categories(struct api_call *c, const struct store_job *row, const char *id,
                                struct categories *x, struct err_text *why)
{
    const struct store_result_filter filter = {.jobs = (const char *const[]){row->id},
                                               .jobs_n = 1,
                                               .type = "category_definition",
                                               .id = id,
                                               .from = TIME_NONE,
                                               .to = TIME_MAX,
                                               .interim = STORE_INTERIM_ANY,
                                               .limit = SORTED_MOST};
    enum err err = store_state_result_list(c->ports->state, &filter, add_category, x, NULL);
    if (err == ERR_NONE)
        err = x->docs.failed ? ERR_MEMORY : x->err;
    if (err != ERR_NONE)
        return ml_find_broken(err, why);
    return ml_page_sort(&x->docs, "category_id", false, why);
}

static enum err get_categories(struct api_call *c, struct err_text *why)
{
    struct store_job row;
    struct ml_page page;
    const char *partition;
    const char *id = ml_find_part(c, "category_id");
    enum err err = ml_page_read(c, 100, &page, why);
    if (err == ERR_NONE)
        err = api_call_text(c, "partition_field_value", NULL, &partition, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE && id != NULL && (id[0] == '\0' || id[strspn(id, "0123456789")] != '\0'))
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "Invalid category_id [%.100s]: a whole number is expected", id);
    if (err == ERR_NONE)
        err = ml_find_job(c, ml_find_part(c, "job_id"), &row, why);
    if (err != ERR_NONE)
        return err;
    struct categories x = {.docs = {.arena = &c->arena}, .partition = partition};
    struct buf doc;
    buf_init(&doc);
    if (id != NULL)
        buf_format(&doc, "%s_category_definition_%.100s", row.id, id);
    err = buf_ok(&doc) ? find_categories(c, &row, id != NULL ? buf_text(&doc) : NULL, &x, why)
                       : ERR_MEMORY;
    if (err == ERR_NONE) {
        format_write_begin_object(&c->out);
        format_write_field_i64(&c->out, "count", (int64_t)x.docs.n);
        ml_page_write(&x.docs, &page, "categories", &c->out);
        format_write_end_object(&c->out);
    }
    ml_page_release(&x.docs);
    buf_release(&doc);
    return err;
}

/* Parameters of overall buckets, to the request. */
static enum err add_overall(struct api_call *c, struct ml_ask *a, struct err_text *why)
{
    bool final;
    double score;
    int64_t top;
    ts_ns from, to, span;
    char text[40];
    enum err err = api_call_flag(c, "exclude_interim", false, &final, why);
    if (err == ERR_NONE)
        err = api_call_number(c, "overall_score", 0, &score, why);
    if (err == ERR_NONE)
        err = api_call_int(c, "top_n", 1, 1, 1000000, &top, why);
    if (err == ERR_NONE)
        err = api_call_span(c, "bucket_span", TIME_NONE, &span, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "start", TIME_NONE, &from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_NONE, &to, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err != ERR_NONE)
        return err;
    ml_ask_add(a, "exclude_interim", final ? "true" : NULL);
    format_write_field_f64(&a->w, "min_score", score);
    snprintf(text, sizeof(text), "%lld", (long long)top);
    ml_ask_add(a, "top_n", text);
    if (span != TIME_NONE) {
        snprintf(text, sizeof(text), "%lldms", (long long)(span / TIME_MS));
        ml_ask_add(a, "bucket_span", text);
    }
    ml_ask_add_time(a, "from", from);
    ml_ask_add_time(a, "to", to);
    return ERR_NONE;
}

/* Lines to items. */
static void write_lines(struct format_writer *w, const struct buf *said)
{
    const char *text = buf_text(said);
    size_t count = 0;
    for (size_t i = 0; i < said->n; i++)
        count += text[i] == '\n';
    format_write_begin_object(w);
    format_write_field_i64(w, "count", (int64_t)count);
    format_write_key(w, "overall_buckets");
    format_write_begin_array(w);
    for (size_t at = 0; at < said->n;) {
        size_t n = strcspn(text + at, "\n");
        if (n > 0)
            format_write_raw(w, text + at, n);
        at += n + 1;
    }
    format_write_end_array(w);
    format_write_end_object(w);
}

static enum err get_overall(struct api_call *c, struct err_text *why)
{
    bool allow;
    struct ml_found found;
    struct ml_ask a;
    enum err err = api_call_flag(c, "allow_no_match", true, &allow, why);
    if (err == ERR_NONE)
        err = ml_find_jobs(c, ml_find_part(c, "job_id"), allow, &found, why);
    if (err != ERR_NONE)
        return err;
    ml_ask_init(&a, "job", "overall");
    ml_ask_add(&a, "id", ml_find_part(c, "job_id"));
    err = add_overall(c, &a, why);
    if (err == ERR_NONE && found.n > 0)
        err = ml_ask_send(c, &a, why);
    if (err == ERR_NONE)
        write_lines(&c->out, &a.said);
    ml_ask_release(&a);
    return err;
}

#define ROW(method, path, params, summary, handle)                                                 \
    {                                                                                              \
        method, path, AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_SMALL, params, summary, handle,   \
            HTTP_LANE_LONG                                                                         \
    }
#define BOTH(path, params, summary, handle)                                                        \
    ROW("GET", path, params, summary, handle), ROW("POST", path, params, summary, handle)
#define RESULTS "/_ml/anomaly_detectors/{job_id}/results"
#define PAGED                                                                                      \
    "desc:boolean end:time exclude_interim:boolean from:integer size:integer sort:text start:time"

const struct api_row ml_result_rows[] = {
    BOTH(RESULTS "/buckets", PAGED " anomaly_score:number expand:boolean", "Buckets of a job",
         get_buckets),
    BOTH(RESULTS "/buckets/{timestamp}", PAGED " anomaly_score:number expand:boolean",
         "The bucket that begins then", get_buckets),
    BOTH(RESULTS "/records", PAGED " record_score:number", "Records of a job", get_records),
    BOTH(RESULTS "/influencers", PAGED " influencer_score:number", "Influencers of a job",
         get_influencers),
    BOTH(RESULTS "/overall_buckets",
         "allow_no_match:boolean bucket_span:span end:time exclude_interim:boolean "
         "overall_score:number start:time top_n:integer",
         "How bad it was over several jobs", get_overall),
    BOTH(RESULTS "/categories", "from:integer size:integer partition_field_value:text",
         "Categories of messages", get_categories),
    BOTH(RESULTS "/categories/{category_id}",
         "from:integer size:integer partition_field_value:text", "One category", get_categories),
    {0},
};
