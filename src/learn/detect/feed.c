/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/feed.h"

#include "base/mem.h"
#include "detect/aggs.h"
#include "detect/job.h"
#include "detect/read_priv.h"
#include "detect/runtime.h"
#include "format/node.h"
#include "query/query.h"

#include <string.h>

#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err try_err = (call);                                                                 \
        if (try_err != ERR_NONE)                                                                   \
            return try_err;                                                                        \
    } while (0)

void detect_feed_free(struct detect_feed *feed)
{
    if (feed == NULL)
        return;
    detect_read_strings_free(feed->indices, feed->n_indices);
    detect_read_strings_free(feed->runtime, feed->n_runtime);
    detect_read_strings_free(feed->notes, feed->n_notes);
    detect_aggs_free(feed->aggs);
    query_free(feed->query);
    mem_free(feed->query_text);
    mem_free(feed->id);
    mem_free(feed->job_id);
    mem_free(feed);
}

/* A field without a script only declares a type; one with a script must be a built-in. */
static enum err read_computed(const struct format_node *root, const char *key,
                              struct detect_feed *feed, struct err_text *why)
{
    const struct format_node *obj = NULL;
    TRY(detect_read_object(root, key, &obj, why));
    size_t n = format_node_count(obj);
    for (size_t i = 0; i < n; i++) {
        const struct format_node *v = format_node_at(obj, i);
        const char *name = format_node_key(v);
        format_node_mark(v);
        bool known = detect_runtime_find(name, format_node_key_len(v)) != NULL;
        if (!known && format_node_get(v, "script") != NULL)
            return format_node_err(v, why, ERR_UNSUPPORTED,
                                   "the script of the field \"%.100s\" is not supported; fields "
                                   "computed by name are %s",
                                   name, detect_runtime_names());
        if (!known)
            continue;
        TRY(detect_read_strings_add(&feed->runtime, &feed->n_runtime, name));
    }
    if (obj != NULL)
        format_node_mark(obj);
    return ERR_NONE;
}

static enum err read_query(const struct format_node *root, struct detect_feed *feed,
                           struct err_text *why)
{
    const struct format_node *q = format_node_get(root, "query");
    if (q == NULL || format_node_type(q) == FORMAT_NULL) {
        feed->query_text = mem_strdup("{\"match_all\":{}}");
        return feed->query_text != NULL ? ERR_NONE : ERR_MEMORY;
    }
    if (format_node_type(q) != FORMAT_OBJECT)
        return format_node_err(q, why, ERR_INVALID, "query must be an object of Query DSL");
    TRY(query_parse_dsl(q, 0, &feed->query, why));
    if (query_uses_now(feed->query))
        return format_node_err(q, why, ERR_UNSUPPORTED,
                               "a datafeed's query must not depend on \"now\": the job's results "
                               "would change with the time of reading");
    format_node_mark(q);
    feed->query_text = detect_read_json(q);
    return feed->query_text != NULL ? ERR_NONE : ERR_MEMORY;
}

static bool is_there(const struct format_node *v)
{
    return v != NULL && format_node_type(v) != FORMAT_NULL;
}

static enum err read_aggs(const struct format_node *root, struct detect_feed *feed,
                          struct err_text *why)
{
    const struct format_node *v = format_node_get(root, "aggregations");
    const struct format_node *other = format_node_get(root, "aggs");
    const struct format_node *scripts = format_node_get(root, "script_fields");
    if (is_there(v) && is_there(other))
        return format_node_err(other, why, ERR_INVALID,
                               "a datafeed has either aggregations or aggs, which are the same");
    if (!is_there(v))
        v = other;
    if (!is_there(v))
        return ERR_NONE;
    if (feed->n_runtime > 0 || format_node_count(scripts) > 0)
        return format_node_err(v, why, ERR_UNSUPPORTED,
                               "a datafeed with aggregations and a field computed by a script is "
                               "not supported; expected one of them");
    return detect_aggs_read(v, &feed->aggs, why);
}

/* As an id has to be; that of a module may hold the placeholder of the job's. */
static enum err check_id(const struct format_node *root, const char *key, const char *id,
                         struct err_text *why)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789-_";
    size_t n = strlen(id);
    if (n == 0 || strstr(id, "JOB_ID") != NULL ||
        (strspn(id, allowed) == n && strspn(id, "-_") == 0 && strchr("-_", id[n - 1]) == NULL))
        return ERR_NONE;
    return format_node_err(format_node_get(root, key), why, ERR_INVALID,
                           "%s must be made of a-z, 0-9, '-' and '_', with a letter or digit at "
                           "both ends",
                           key);
}

static enum err read_check(const struct format_node *root, struct detect_feed *feed,
                           const struct detect_notes *notes, struct err_text *why)
{
    const struct format_node *check = NULL;
    feed->check_delayed = true;
    TRY(detect_read_object(root, "delayed_data_check_config", &check, why));
    if (check == NULL)
        return ERR_NONE;
    TRY(detect_read_bool(check, "enabled", &feed->check_delayed, why));
    TRY(detect_read_span(check, "check_window", TIME_S, 366 * TIME_DAY, &feed->check_window_ns,
                         why));
    return detect_read_unknown(check, "delayed_data_check_config", notes);
}

static enum err read_feed(const struct format_node *root, struct detect_feed *feed,
                          struct err_text *why)
{
    const struct detect_notes notes = {&feed->notes, &feed->n_notes};
    if (format_node_type(root) != FORMAT_OBJECT)
        return format_node_err(root, why, ERR_INVALID, "a datafeed must be a JSON object");
    TRY(detect_read_str(root, "datafeed_id", &feed->id, why));
    TRY(detect_read_str(root, "job_id", &feed->job_id, why));
    if (feed->id == NULL && (feed->id = mem_strdup("")) == NULL)
        return ERR_MEMORY;
    if (feed->job_id == NULL && (feed->job_id = mem_strdup("")) == NULL)
        return ERR_MEMORY;
    TRY(check_id(root, "datafeed_id", feed->id, why));
    TRY(check_id(root, "job_id", feed->job_id, why));
    TRY(detect_read_strings(root, "indexes", 1000, &feed->indices, &feed->n_indices, why));
    TRY(detect_read_strings(root, "indices", 1000, &feed->indices, &feed->n_indices, why));
    feed->query_delay_ns = 60 * TIME_S;
    TRY(detect_read_span(root, "query_delay", 0, 30 * TIME_DAY, &feed->query_delay_ns, why));
    TRY(detect_read_span(root, "frequency", TIME_S, 30 * TIME_DAY, &feed->frequency_ns, why));
    TRY(detect_read_int(root, "max_empty_searches", -1, INT32_MAX, &feed->max_empty_searches, why));
    if (feed->max_empty_searches < 0)
        feed->max_empty_searches = 0;
    feed->scroll_size = 1000;
    TRY(detect_read_int(root, "scroll_size", 1, INT32_MAX, &feed->scroll_size, why));
    TRY(read_computed(root, "runtime_mappings", feed, why));
    TRY(read_computed(root, "script_fields", feed, why));
    TRY(read_query(root, feed, why));
    TRY(read_aggs(root, feed, why));
    TRY(read_check(root, feed, &notes, why));
    /* How a search in a cluster is cut up and who asks for it: nothing to do here. */
    static const char *const idle[] = {"chunking_config", "indices_options", "authorization",
                                       "headers",         "types",           "create_time"};
    detect_read_ignore(root, idle, sizeof(idle) / sizeof(idle[0]));
    return detect_read_unknown(root, "the datafeed", &notes);
}

enum err detect_feed_from_node(const struct format_node *node, struct detect_feed **out,
                               struct err_text *why)
{
    struct detect_feed *feed = mem_zero(1, sizeof(*feed));
    if (feed == NULL)
        return err_set(why, ERR_MEMORY, "no memory for the datafeed");
    enum err e = read_feed(node, feed, why);
    if (e != ERR_NONE) {
        if (e == ERR_MEMORY)
            err_set(why, e, "no memory for the datafeed");
        detect_feed_free(feed);
        return e;
    }
    *out = feed;
    return ERR_NONE;
}

enum err detect_feed_parse(const char *text, size_t n, const char *file, struct detect_feed **out,
                           struct err_text *why)
{
    struct format_node *root = NULL;
    enum err e = format_node_json(text, n, file, &root, why);
    if (e != ERR_NONE)
        return e;
    e = detect_feed_from_node(root, out, why);
    format_node_free(root);
    return e;
}

enum err detect_feed_fits(const struct detect_feed *feed, const struct detect_job *job,
                          struct err_text *why)
{
    char span[TIME_TEXT_SIZE];
    if (feed->aggs != NULL)
        TRY(detect_aggs_fit(feed->aggs, feed->frequency_ns, job, why));
    if (feed->check_window_ns == 0 || feed->check_window_ns >= job->bucket_span_ns)
        return ERR_NONE;
    time_format_span(job->bucket_span_ns, span);
    return err_set(why, ERR_INVALID,
                   "check_window of delayed_data_check_config must not be shorter than the job's "
                   "bucket_span, %s",
                   span);
}

ts_ns detect_feed_check_window(const struct detect_feed *feed, ts_ns bucket_span_ns)
{
    if (feed != NULL && !feed->check_delayed)
        return 0;
    if (feed != NULL && feed->check_window_ns > 0)
        return feed->check_window_ns;
    return bucket_span_ns > TIME_HOUR / 4 ? 8 * bucket_span_ns : 2 * TIME_HOUR;
}

static ts_ns usual_frequency(ts_ns bucket_span_ns)
{
    if (bucket_span_ns <= 2 * TIME_MIN)
        return TIME_MIN;
    if (bucket_span_ns <= 20 * TIME_MIN)
        return bucket_span_ns / 2;
    if (bucket_span_ns <= 12 * TIME_HOUR)
        return 10 * TIME_MIN;
    return TIME_HOUR;
}

ts_ns detect_feed_frequency(const struct detect_feed *feed, ts_ns bucket_span_ns)
{
    if (feed != NULL && feed->frequency_ns > 0)
        return feed->frequency_ns;
    ts_ns usual = usual_frequency(bucket_span_ns);
    if (feed == NULL || feed->aggs == NULL)
        return usual;
    ts_ns whole = usual - usual % feed->aggs->interval_ns;
    return whole > 0 ? whole : feed->aggs->interval_ns;
}

bool detect_feed_match(const struct detect_feed *feed, const struct event *e)
{
    return feed == NULL || feed->query == NULL || query_match(feed->query, e);
}
