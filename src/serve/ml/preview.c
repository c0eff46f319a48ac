/* SPDX-License-Identifier: Apache-2.0 */
/* What a datafeed would give its job, of the stored events. */
#include "ml/rows.h"

#include "api/api.h"
#include "detect/aggs.h"
#include "detect/feed.h"
#include "detect/filter.h"
#include "detect/job.h"
#include "event/event.h"
#include "event/json.h"
#include "find/field.h"
#include "find/rows.h"
#include "format/node.h"
#include "http/request.h"
#include "ml/find.h"
#include "ml/page.h"
#include "ml/shape.h"
#include "query/index.h"
#include "store/store.h"

#include <string.h>

#define FIELDS_MAX (DETECT_DETECTORS_MAX * 4 + DETECT_INFLUENCERS_MAX + 2)

/* An answer holds at most so many documents, whatever scroll_size says, and about so many bytes. */
#define DOCS_MOST 10000
#define BYTES_MOST ((size_t)16 << 20)

/* What a job would get: documents of the fields it looks at. */
struct preview {
    struct format_writer *w;
    const struct detect_job *job;
    const struct query_index *index;
    struct find_rows *rows; /* NULL: events are given as they are */
    ts_ns interval;         /* of them */
    ts_ns given;
    uint64_t left;
    enum err err;
};

/* The fields a job looks at besides the time; NULL where a place is empty. */
static size_t list_fields(const struct detect_job *job, const char *names[FIELDS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < job->n_detectors; i++) {
        const struct detect_detector *d = &job->detectors[i];
        names[n++] = d->field;
        names[n++] = d->by;
        names[n++] = d->over;
        names[n++] = d->partition;
    }
    for (size_t i = 0; i < job->n_influencers; i++)
        names[n++] = job->influencers[i];
    names[n++] = job->summary_count_field;
    names[n++] = job->category_field;
    return n;
}

static void write_value(struct preview *p, const struct event *e, const char *name)
{
    const struct event_item *item = name != NULL ? event_find(e, name, strlen(name)) : NULL;
    if (item == NULL)
        return;
    format_write_key(p->w, name);
    event_json_write_values(item, p->w);
}

/* Whether the i-th field of the list stands in it before. */
static bool is_again(const char *const *names, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (names[i] != NULL && names[k] != NULL && strcmp(names[i], names[k]) == 0)
            return true;
    return false;
}

/* Whether a job looks at a field of rows. */
static bool is_wanted(const char *const *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (names[i] != NULL && strcmp(names[i], name) == 0)
            return true;
    return false;
}

static void count_one(struct preview *p)
{
    p->left = p->w->out->n < BYTES_MOST ? p->left - 1 : 0;
}

static enum err write_row(void *ctx, const struct find_row *row)
{
    struct preview *p = ctx;
    const char *wanted[FIELDS_MAX];
    size_t n, wanted_n = list_fields(p->job, wanted);
    const char *const *names = find_rows_names(p->rows, &n);
    if (p->left == 0)
        return ERR_NONE;
    format_write_begin_object(p->w);
    format_write_field_i64(p->w, p->job->time_field, row->time / TIME_MS);
    for (size_t i = 0; i < n; i++) {
        if (row->values[i].type == EVENT_NULL || !is_wanted(wanted, wanted_n, names[i]))
            continue;
        format_write_key(p->w, names[i]);
        find_value_write(p->w, &row->values[i]);
    }
    format_write_field_i64(p->w, "doc_count", (int64_t)row->docs);
    format_write_end_object(p->w);
    count_one(p);
    return ERR_NONE;
}

/* Counts an event that comes in order of time; the intervals before it are whole. */
static bool count_event(struct preview *p, const struct event *e)
{
    ts_ns to = time_floor(e->time, p->interval);
    if (p->given == TIME_NONE || to > p->given) {
        p->given = to;
        p->err = find_rows_take(p->rows, to, write_row, p);
    }
    if (p->err == ERR_NONE)
        p->err = find_rows_add(p->rows, e);
    return p->err == ERR_NONE && p->left > 0;
}

static bool preview_event(void *ctx, struct event *e)
{
    struct preview *p = ctx;
    const struct detect_job *job = p->job;
    const char *names[FIELDS_MAX];
    if (p->index != NULL && !query_index_match(p->index, e))
        return true;
    if (p->rows != NULL)
        return count_event(p, e);
    size_t n = list_fields(job, names);
    format_write_begin_object(p->w);
    if (strcmp(job->time_field, "@timestamp") == 0)
        format_write_field_i64(p->w, "@timestamp", e->time / TIME_MS);
    else
        write_value(p, e, job->time_field);
    for (size_t i = 0; i < n; i++)
        if (!is_again(names, i) && (names[i] == NULL || strcmp(names[i], job->time_field) != 0))
            write_value(p, e, names[i]);
    format_write_end_object(p->w);
    count_one(p);
    return p->left > 0;
}

/* Whole intervals only, so that nothing is half counted. */
static enum err begin_rows(struct preview *p, const struct detect_feed *feed,
                           struct store_search *what, struct err_text *why)
{
    const struct find_rows_options options = {.seed = 1};
    const struct detect_aggs *aggs = feed->aggs;
    if (aggs == NULL)
        return ERR_NONE;
    enum err err = detect_feed_fits(feed, p->job, why);
    if (err == ERR_NONE)
        err = find_rows_new(aggs->text, strlen(aggs->text), aggs->interval_ns, &options, &p->rows,
                            why);
    p->interval = aggs->interval_ns;
    ts_ns from = what->from != TIME_NONE ? time_floor(what->from, p->interval) : TIME_NONE;
    what->from = from < what->from ? from + p->interval : from;
    what->to = what->to != TIME_MAX ? time_floor(what->to, p->interval) : TIME_MAX;
    return err;
}

/* The intervals that are left; of the last one what there is. */
static enum err end_rows(struct preview *p, struct err_text *why)
{
    struct find_rows_lost lost;
    if (p->rows == NULL)
        return ERR_NONE;
    if (p->err == ERR_NONE && p->left > 0)
        p->err = find_rows_take(p->rows, TIME_MAX, write_row, p);
    if (p->err != ERR_NONE)
        return err_set(why, p->err, "%s", err_name(p->err));
    lost = find_rows_tell_lost(p->rows);
    return lost.intervals == 0 ? ERR_NONE
                               : err_set(why, ERR_LIMIT,
                                         "what the datafeed aggregates of an interval is more than "
                                         "fits");
}

static bool is_gone(void *ctx)
{
    return http_request_is_gone(ctx);
}

static enum err run_preview(struct api_call *c, const struct format_node *job_node,
                            const struct format_node *feed_node, struct err_text *why)
{
    struct detect_filters filters = {0};
    struct detect_job *job = NULL;
    struct detect_feed *feed = NULL;
    struct query_index *index = NULL;
    struct store_search what = {.order = STORE_OLDEST_FIRST, .cancel = {is_gone, c->request}};
    struct preview p = {.w = &c->out, .given = TIME_NONE};
    enum err err = ml_page_time(c, "start", TIME_NONE, &what.from, why);
    if (err == ERR_NONE)
        err = ml_page_time(c, "end", TIME_MAX, &what.to, why);
    if (err == ERR_NONE)
        err = ml_shape_asked(c, why);
    if (err == ERR_NONE)
        err = ml_shape_filters(c, &filters, why);
    if (err == ERR_NONE)
        err = detect_job_from_node(job_node, filters.list, filters.n, &job, why);
    if (err == ERR_NONE)
        err = detect_feed_from_node(feed_node, &feed, why);
    if (err == ERR_NONE)
        err = query_index_new((const char *const *)feed->indices, feed->n_indices, &index, why);
    if (err == ERR_NONE) {
        what.query = feed->query;
        p.job = job;
        p.index = index;
        p.left = feed->scroll_size < DOCS_MOST ? (uint64_t)feed->scroll_size : DOCS_MOST;
        err = begin_rows(&p, feed, &what, why);
    }
    if (err == ERR_NONE) {
        format_write_begin_array(&c->out);
        err = store_search(c->ports->store, &what, preview_event, &p, why);
        if (err == ERR_NONE)
            err = end_rows(&p, why);
        format_write_end_array(&c->out);
    }
    find_rows_free(p.rows);
    query_index_free(index);
    detect_feed_free(feed);
    detect_job_free(job);
    detect_filters_release(&filters);
    return err;
}

static enum err preview(struct api_call *c, struct err_text *why)
{
    static const char all[] = "{\"indices\":[\"*\"]}";
    const char *id = ml_find_part(c, "datafeed_id");
    struct format_node *body = NULL, *job = NULL, *feed = NULL;
    const struct format_node *job_node = NULL, *feed_node = NULL;
    struct store_job row = {0};
    enum err err = api_call_body(c, false, &body, why);
    if (err != ERR_NONE)
        return err;
    feed_node = format_node_get(body, "datafeed_config");
    job_node = format_node_get(body, "job_config");
    if (id == NULL && feed_node == NULL)
        return api_call_fail(c, 400, "action_request_validation_exception", why,
                             "Validation Failed: 1: [datafeed_config] or a datafeed id is needed;");
    if (id != NULL && (feed_node != NULL || job_node != NULL))
        return api_call_fail(c, 400, "illegal_argument_exception", why,
                             "[datafeed_config] and [job_config] are for previews without an id");
    if (id != NULL)
        err = ml_find_feed(c, id, &row, why);
    else if (job_node == NULL)
        err = ml_find_job(c, format_node_str(format_node_get(feed_node, "job_id"), ""), &row, why);
    if (err == ERR_NONE && row.config != NULL) {
        err = format_node_json(row.config, strlen(row.config), row.id, &job, why);
        job_node = job;
    }
    if (err == ERR_NONE && id != NULL) {
        const char *text = row.datafeed != NULL ? row.datafeed : all;
        err = format_node_json(text, strlen(text), id, &feed, why);
        feed_node = feed;
    }
    if (err == ERR_NONE)
        err = run_preview(c, job_node, feed_node, why);
    format_node_free(job);
    format_node_free(feed);
    return err;
}

#define FEEDS "/_ml/datafeeds"

const struct api_row ml_preview_rows[] = {
    {"GET", FEEDS "/{datafeed_id}/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_SMALL,
     "start:time end:time", "What a datafeed would give its job", preview, HTTP_LANE_LONG},
    {"POST", FEEDS "/{datafeed_id}/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_LARGE,
     "start:time end:time", "What a datafeed would give its job", preview, HTTP_LANE_LONG},
    {"GET", FEEDS "/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_LARGE,
     "start:time end:time", "What a datafeed that is not there would give a job", preview,
     HTTP_LANE_LONG},
    {"POST", FEEDS "/_preview", AUTH_RIGHT_READ, API_FORM_ELASTIC, API_ROW_LARGE,
     "start:time end:time", "What a datafeed that is not there would give a job", preview,
     HTTP_LANE_LONG},
    {0},
};
