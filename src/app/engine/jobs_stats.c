/* SPDX-License-Identifier: Apache-2.0 */
/* How a job stands, as get_job_stats says it. */
#include "engine/jobs_priv.h"

#include "format/node.h"
#include "format/write.h"

#include <string.h>

/* What a new value counts in the faded means, of buckets and of hours. */
#define BUCKET_SHARE 0.01
#define HOUR_SHARE 0.1

void engine_jobs_timed(struct engine_job *r, uint64_t buckets, ts_ns took, ts_ns now)
{
    struct engine_timing *t = &r->timing;
    if (buckets == 0)
        return;
    double whole = (double)took / (double)TIME_MS;
    double each = whole / (double)buckets;
    t->least_ms = t->buckets == 0 || each < t->least_ms ? each : t->least_ms;
    t->most_ms = each > t->most_ms ? each : t->most_ms;
    t->mean_ms = t->buckets == 0 ? each : t->mean_ms + BUCKET_SHARE * (each - t->mean_ms);
    t->buckets += buckets;
    t->total_ms += whole;
    ts_ns hour = time_floor(now, TIME_HOUR);
    if (t->hour != TIME_NONE && hour != t->hour) {
        t->hours_ms =
            t->hours_ms <= 0 ? t->hour_ms : t->hours_ms + HOUR_SHARE * (t->hour_ms - t->hours_ms);
        t->hour_ms = 0;
    }
    t->hour = hour;
    t->hour_ms += whole;
}

void engine_jobs_searched(struct engine_job *r, ts_ns took, ts_ns now)
{
    struct engine_searching *s = &r->searching;
    double whole = (double)took / (double)TIME_MS;
    ts_ns hour = time_floor(now, TIME_HOUR);
    s->searches++;
    s->total_ms += whole;
    if (s->hour != TIME_NONE && hour != s->hour) {
        s->hours_ms =
            s->hours_ms <= 0 ? s->hour_ms : s->hours_ms + HOUR_SHARE * (s->hour_ms - s->hours_ms);
        s->hour_ms = 0;
    }
    s->hour = hour;
    s->hour_ms += whole;
}

static double number(const struct format_node *v, const char *key)
{
    double x = format_node_num(format_node_get(v, key), 0);
    return x > 0 ? x : 0;
}

void engine_jobs_read_stats(struct engine_job *r, const char *stats)
{
    struct format_node *root = NULL;
    struct err_text why;
    if (stats == NULL || format_node_json(stats, strlen(stats), "counts", &root, &why) != ERR_NONE)
        return;
    const struct format_node *v = format_node_get(root, "timing_stats");
    r->timing.buckets = (uint64_t)number(v, "bucket_count");
    r->timing.total_ms = number(v, "total_bucket_processing_time_ms");
    r->timing.least_ms = number(v, "minimum_bucket_processing_time_ms");
    r->timing.most_ms = number(v, "maximum_bucket_processing_time_ms");
    r->timing.mean_ms = number(v, "exponential_average_bucket_processing_time_ms");
    r->timing.hours_ms = number(v, "exponential_average_bucket_processing_time_per_hour_ms");
    v = format_node_get(root, "datafeed_timing_stats");
    r->searching.searches = (uint64_t)number(v, "search_count");
    r->searching.total_ms = number(v, "total_search_time_ms");
    r->searching.hours_ms = number(v, "exponential_average_search_time_per_hour_ms");
    double data = number(format_node_get(root, "data_counts"), "last_data_time");
    if (data > 0)
        r->data = (ts_ns)data * TIME_MS;
    format_node_free(root);
}

void engine_jobs_stamp(struct engine_job *r)
{
    if (r->fresh && r->owner->options.wall != NULL)
        r->data = r->owner->options.wall();
    r->fresh = false;
}

static void write_time(struct format_writer *w, const char *key, ts_ns t)
{
    if (t != TIME_NONE)
        format_write_field_i64(w, key, t / TIME_MS);
}

static void write_counts(struct format_writer *w, const struct engine_job *r, ts_ns now)
{
    const struct detect_counts *c = detect_counts(r->engine);
    format_write_key(w, "data_counts");
    format_write_begin_object(w);
    format_write_field_str(w, "job_id", r->job->id);
    format_write_field_i64(w, "processed_record_count", (int64_t)c->processed);
    format_write_field_i64(w, "processed_field_count", (int64_t)c->fields);
    format_write_field_i64(w, "input_bytes", (int64_t)c->input_bytes);
    format_write_field_i64(w, "input_field_count", (int64_t)(c->fields + c->missing_fields));
    format_write_field_i64(w, "invalid_date_count", (int64_t)c->invalid_dates);
    format_write_field_i64(w, "missing_field_count", (int64_t)c->missing_fields);
    format_write_field_i64(w, "out_of_order_timestamp_count", (int64_t)c->out_of_order);
    format_write_field_i64(w, "empty_bucket_count", (int64_t)c->empty_buckets);
    format_write_field_i64(w, "sparse_bucket_count", (int64_t)c->sparse_buckets);
    format_write_field_i64(w, "bucket_count", (int64_t)c->buckets);
    write_time(w, "earliest_record_timestamp", c->earliest_record);
    write_time(w, "latest_record_timestamp", c->latest_record);
    write_time(w, "latest_bucket_timestamp", c->latest_bucket);
    write_time(w, "latest_empty_bucket_timestamp", c->latest_empty_bucket);
    write_time(w, "latest_sparse_bucket_timestamp", c->latest_sparse_bucket);
    write_time(w, "last_data_time", r->data);
    format_write_field_i64(w, "input_record_count", (int64_t)c->records);
    write_time(w, "log_time", r->owner->options.wall != NULL ? r->owner->options.wall() : now);
    format_write_end_object(w);
}

static void write_size(struct format_writer *w, const struct engine_job *r, ts_ns now)
{
    ts_ns closed = detect_final_until(r->engine);
    struct detect_result size = {.type = DETECT_RESULT_MODEL_SIZE_STATS,
                                 .job_id = r->job->id,
                                 .time = closed != TIME_NONE ? closed
                                         : now != TIME_NONE  ? now
                                                             : 0,
                                 .span_ns = r->job->bucket_span_ns};
    struct buf doc;
    buf_init(&doc);
    detect_size(r->engine, &size.size);
    detect_result_write(&size, &doc);
    format_write_key(w, "model_size_stats");
    format_write_raw(w, buf_text(&doc), doc.n);
    buf_release(&doc);
}

static void write_timing(struct format_writer *w, const struct engine_job *r)
{
    const struct engine_timing *t = &r->timing;
    format_write_key(w, "timing_stats");
    format_write_begin_object(w);
    format_write_field_str(w, "job_id", r->job->id);
    format_write_field_i64(w, "bucket_count", (int64_t)t->buckets);
    format_write_field_f64(w, "total_bucket_processing_time_ms", t->total_ms);
    if (t->buckets > 0) {
        format_write_field_f64(w, "minimum_bucket_processing_time_ms", t->least_ms);
        format_write_field_f64(w, "maximum_bucket_processing_time_ms", t->most_ms);
        format_write_field_f64(w, "average_bucket_processing_time_ms",
                               t->total_ms / (double)t->buckets);
        format_write_field_f64(w, "exponential_average_bucket_processing_time_ms", t->mean_ms);
    }
    format_write_field_f64(w, "exponential_average_bucket_processing_time_per_hour_ms",
                           t->hours_ms > 0 ? t->hours_ms : t->hour_ms);
    format_write_end_object(w);
}

/* A datafeed without aggregations searches for nothing: events pass by. */
static void write_searching(struct format_writer *w, const struct engine_job *r)
{
    const struct engine_searching *s = &r->searching;
    uint64_t buckets = detect_counts(r->engine)->buckets;
    format_write_key(w, "datafeed_timing_stats");
    format_write_begin_object(w);
    format_write_field_str(w, "job_id", r->job->id);
    format_write_field_i64(w, "search_count", (int64_t)s->searches);
    format_write_field_i64(w, "bucket_count", (int64_t)buckets);
    format_write_field_f64(w, "total_search_time_ms", s->total_ms);
    format_write_field_f64(w, "average_search_time_per_bucket_ms",
                           buckets > 0 ? s->total_ms / (double)buckets : 0);
    format_write_field_f64(w, "exponential_average_search_time_per_hour_ms",
                           s->hours_ms > 0 ? s->hours_ms : s->hour_ms);
    format_write_end_object(w);
}

void engine_jobs_write_stats(struct engine_job *r, ts_ns now, struct buf *out)
{
    struct format_writer w;
    engine_jobs_stamp(r);
    format_write_init(&w, out);
    format_write_begin_object(&w);
    write_counts(&w, r, now);
    write_size(&w, r, now);
    write_timing(&w, r);
    write_searching(&w, r);
    format_write_end_object(&w);
}
