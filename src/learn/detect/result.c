/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/result.h"

#include "base/buf.h"
#include "base/hash.h"
#include "format/write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

const char *detect_result_type_name(enum detect_result_type type)
{
    static const char *const names[] = {"bucket",
                                        "record",
                                        "influencer",
                                        "bucket_influencer",
                                        "model_plot",
                                        "model_size_stats",
                                        "model_snapshot",
                                        "model_forecast",
                                        "model_forecast_request_stats",
                                        "overall_bucket",
                                        "annotation",
                                        "category_definition",
                                        "categorizer_stats"};
    return names[type];
}

static const char *const memory_status[] = {"ok", "soft_limit", "hard_limit"};

/* No document holds what JSON cannot: the nearest finite number stands for it. */
static double bounded(double v)
{
    if (isnan(v))
        return 0;
    if (isinf(v))
        return v > 0 ? 0x1.fffffffffffffp1023 : -0x1.fffffffffffffp1023;
    return v;
}

static double clamp(double v, double low, double high)
{
    if (!(v >= low))
        return low;
    return v > high ? high : v;
}

static int64_t to_ms(ts_ns t)
{
    return time_floor(t, TIME_MS) / TIME_MS;
}

static void number(struct format_writer *w, const char *key, double v)
{
    format_write_field_f64(w, key, bounded(v));
}

static void score(struct format_writer *w, const char *key, double v)
{
    format_write_field_f64(w, key, clamp(v, 0, 100));
}

static void probability(struct format_writer *w, double v)
{
    format_write_field_f64(w, "probability", clamp(v, DETECT_PROBABILITY_MIN, 1));
}

static void text(struct format_writer *w, const char *key, struct bytes v)
{
    format_write_key(w, key);
    format_write_str_n(w, (const char *)v.p, v.n);
}

static void numbers(struct format_writer *w, const char *key, double v)
{
    format_write_key(w, key);
    format_write_begin_array(w);
    format_write_f64(w, bounded(v));
    format_write_end_array(w);
}

static void place_numbers(struct format_writer *w, const char *key, struct detect_place p)
{
    format_write_key(w, key);
    format_write_begin_array(w);
    format_write_f64(w, clamp(p.lat, -90, 90));
    format_write_f64(w, clamp(p.lon, -180, 180));
    format_write_end_array(w);
}

static void place_text(struct format_writer *w, const char *key, struct detect_place p)
{
    char at[64];
    int n = snprintf(at, sizeof(at), "%.9g,%.9g", clamp(p.lat, -90, 90), clamp(p.lon, -180, 180));
    text(w, key, bytes_make(at, (size_t)n));
}

static void places(struct format_writer *w, struct detect_place typical, struct detect_place actual)
{
    place_numbers(w, "typical", typical);
    place_numbers(w, "actual", actual);
    format_write_key(w, "geo_results");
    format_write_begin_object(w);
    place_text(w, "actual_point", actual);
    place_text(w, "typical_point", typical);
    format_write_end_object(w);
}

static void named(struct format_writer *w, const char *kind, const char *name, struct bytes value)
{
    char key[32];
    if (name == NULL || value.p == NULL)
        return;
    size_t n = strlen(kind);
    memcpy(key, kind, n);
    memcpy(key + n, "_name", 6);
    format_write_field_str(w, key, name);
    memcpy(key + n, "_value", 7);
    text(w, key, value);
}

static void head(struct format_writer *w, const struct detect_result *r)
{
    format_write_field_str(w, "job_id", r->job_id);
    format_write_field_str(w, "result_type", detect_result_type_name(r->type));
}

static void place(struct format_writer *w, const struct detect_result *r)
{
    format_write_field_i64(w, "bucket_span", r->span_ns / TIME_S);
    format_write_field_bool(w, "is_interim", r->interim);
    format_write_field_i64(w, "timestamp", to_ms(r->time));
}

static void write_explanation(struct format_writer *w, const struct detect_record *r)
{
    const struct detect_explanation *e = &r->why;
    format_write_key(w, "anomaly_score_explanation");
    format_write_begin_object(w);
    if (e->has_type)
        format_write_field_str(w, "anomaly_type", e->spike ? "spike" : "dip");
    if (e->anomaly_length > 0)
        format_write_field_i64(w, "anomaly_length", e->anomaly_length);
    format_write_field_i64(w, "single_bucket_impact", e->single_bucket_impact);
    format_write_field_i64(w, "multi_bucket_impact", e->multi_bucket_impact);
    format_write_field_i64(w, "anomaly_characteristics_impact", e->characteristics_impact);
    if (e->has_bounds)
        number(w, "lower_confidence_bound", e->lower_bound);
    if (e->has_typical)
        number(w, "typical_value", e->typical);
    if (e->has_bounds)
        number(w, "upper_confidence_bound", e->upper_bound);
    format_write_field_bool(w, "high_variance_penalty", e->high_variance_penalty);
    format_write_field_bool(w, "incomplete_bucket_penalty", e->incomplete_bucket_penalty);
    format_write_field_bool(w, "multimodal_distribution", e->multimodal_distribution);
    if (e->by_first_occurrence)
        format_write_field_bool(w, "by_field_first_occurrence", true);
    if (e->by_relative_rarity > 0)
        number(w, "by_field_relative_rarity", e->by_relative_rarity);
    format_write_end_object(w);
}

static void write_function(struct format_writer *w, const struct detect_record *r)
{
    format_write_field_str(w, "function", r->function);
    format_write_field_str(w, "function_description", r->description);
    if (r->field_name != NULL)
        format_write_field_str(w, "field_name", r->field_name);
}

static void write_influences(struct format_writer *w, const struct detect_influence *list, size_t n)
{
    format_write_key(w, "influencers");
    format_write_begin_array(w);
    for (size_t i = 0; i < n; i++) {
        const struct detect_influence *f = &list[i];
        format_write_begin_object(w);
        format_write_field_str(w, "influencer_field_name", f->field);
        format_write_key(w, "influencer_field_values");
        format_write_begin_array(w);
        for (size_t k = 0; k < f->n; k++)
            format_write_str_n(w, (const char *)f->values[k].p, f->values[k].n);
        format_write_end_array(w);
        format_write_end_object(w);
    }
    format_write_end_array(w);
}

static void write_causes(struct format_writer *w, const struct detect_record *r)
{
    format_write_key(w, "causes");
    format_write_begin_array(w);
    for (size_t i = 0; i < r->n_causes && i < DETECT_CAUSES_MAX; i++) {
        const struct detect_cause *c = &r->causes[i];
        format_write_begin_object(w);
        probability(w, c->probability);
        named(w, "by_field", r->by_name, c->by);
        named(w, "over_field", r->over_name, r->over);
        named(w, "partition_field", r->partition_name, r->partition);
        write_function(w, r);
        if (r->has_values) {
            numbers(w, "typical", c->typical);
            numbers(w, "actual", c->actual);
        }
        if (r->has_places)
            places(w, c->typical_place, c->actual_place);
        if (c->n_influences > 0)
            write_influences(w, c->influences, c->n_influences);
        format_write_end_object(w);
    }
    format_write_end_array(w);
}

/* Keys of the record itself, which a field of the same name must not repeat. */
static bool is_reserved(const char *field)
{
    static const char *const keys[] = {"job_id",
                                       "result_type",
                                       "probability",
                                       "multi_bucket_impact",
                                       "record_score",
                                       "initial_record_score",
                                       "bucket_span",
                                       "is_interim",
                                       "timestamp",
                                       "detector_index",
                                       "partition_field_name",
                                       "partition_field_value",
                                       "by_field_name",
                                       "by_field_value",
                                       "over_field_name",
                                       "over_field_value",
                                       "function",
                                       "function_description",
                                       "field_name",
                                       "typical",
                                       "actual",
                                       "geo_results",
                                       "causes",
                                       "influencers",
                                       "anomaly_score_explanation",
                                       "influencer_field_name",
                                       "influencer_field_value",
                                       "influencer_score",
                                       "mlcategory_terms",
                                       "initial_influencer_score"};
    for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
        if (strcmp(field, keys[i]) == 0)
            return true;
    }
    return false;
}

static bool is_influence(const struct detect_record *r, const char *field)
{
    for (size_t i = 0; i < r->n_influences; i++) {
        if (strcmp(r->influences[i].field, field) == 0)
            return true;
    }
    return false;
}

/* One of the split's own values at top level, unless an influencer says it too. */
static void write_copy(struct format_writer *w, const struct detect_record *r, const char *field,
                       struct bytes value)
{
    if (field == NULL || value.p == NULL || is_influence(r, field) || is_reserved(field))
        return;
    format_write_key(w, field);
    format_write_begin_array(w);
    format_write_str_n(w, (const char *)value.p, value.n);
    format_write_end_array(w);
}

static void write_copies(struct format_writer *w, const struct detect_record *r)
{
    write_copy(w, r, r->partition_name, r->partition);
    write_copy(w, r, r->over_name, r->over);
    write_copy(w, r, r->by_name, r->by);
    for (size_t i = 0; i < r->n_influences; i++) {
        const struct detect_influence *f = &r->influences[i];
        if (is_reserved(f->field))
            continue;
        format_write_key(w, f->field);
        format_write_begin_array(w);
        for (size_t k = 0; k < f->n; k++)
            format_write_str_n(w, (const char *)f->values[k].p, f->values[k].n);
        format_write_end_array(w);
    }
}

static void write_record(struct format_writer *w, const struct detect_result *result)
{
    const struct detect_record *r = &result->record;
    head(w, result);
    probability(w, r->probability);
    number(w, "multi_bucket_impact", clamp(r->multi_bucket_impact, -5, 5));
    score(w, "record_score", r->score);
    score(w, "initial_record_score", r->initial_score);
    place(w, result);
    format_write_field_i64(w, "detector_index", r->detector);
    named(w, "partition_field", r->partition_name, r->partition);
    named(w, "by_field", r->by_name, r->by);
    named(w, "over_field", r->over_name, r->over);
    write_function(w, r);
    if (r->has_values) {
        numbers(w, "typical", r->typical);
        numbers(w, "actual", r->actual);
    }
    if (r->has_places)
        places(w, r->typical_place, r->actual_place);
    if (r->n_causes > 0)
        write_causes(w, r);
    if (r->n_influences > 0)
        write_influences(w, r->influences, r->n_influences);
    write_explanation(w, r);
    write_copies(w, r);
    if (r->category_terms.p != NULL) {
        format_write_key(w, "mlcategory_terms");
        format_write_begin_array(w);
        format_write_str_n(w, (const char *)r->category_terms.p, r->category_terms.n);
        format_write_end_array(w);
    }
}

static void write_bucket_influencer(struct format_writer *w, const struct detect_result *result,
                                    const struct detect_bucket_influencer *i)
{
    format_write_field_str(w, "job_id", result->job_id);
    format_write_field_str(w, "result_type", "bucket_influencer");
    format_write_field_str(w, "influencer_field_name", i->field);
    score(w, "initial_anomaly_score", i->initial_score);
    score(w, "anomaly_score", i->score);
    score(w, "raw_anomaly_score", i->raw_score);
    probability(w, i->probability);
    place(w, result);
}

static void write_bucket(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_bucket *b = &r->bucket;
    head(w, r);
    score(w, "anomaly_score", b->score);
    score(w, "initial_anomaly_score", b->initial_score);
    place(w, r);
    format_write_key(w, "event_count");
    format_write_u64(w, b->event_count);
    format_write_key(w, "bucket_influencers");
    format_write_begin_array(w);
    for (size_t i = 0; i < b->n_influencers; i++) {
        format_write_begin_object(w);
        write_bucket_influencer(w, r, &b->influencers[i]);
        format_write_end_object(w);
    }
    format_write_end_array(w);
    if (b->n_scheduled > 0) {
        format_write_key(w, "scheduled_events");
        format_write_begin_array(w);
        for (size_t i = 0; i < b->n_scheduled; i++)
            format_write_str(w, b->scheduled[i]);
        format_write_end_array(w);
    }
    /* A time that was measured would make two runs of the same input differ. */
    format_write_field_i64(w, "processing_time_ms", 0);
}

static void write_influencer(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_influencer *i = &r->influencer;
    head(w, r);
    format_write_field_str(w, "influencer_field_name", i->field);
    text(w, "influencer_field_value", i->value);
    score(w, "initial_influencer_score", i->initial_score);
    score(w, "influencer_score", i->score);
    probability(w, i->probability);
    place(w, r);
    if (!is_reserved(i->field))
        text(w, i->field, i->value);
}

static void write_annotation(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_annotation *a = &r->annotation;
    head(w, r);
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_i64(w, "end_timestamp", to_ms(r->time + r->span_ns));
    format_write_field_str(w, "type", "annotation");
    format_write_field_str(w, "event", "model_change");
    format_write_field_i64(w, "detector_index", a->detector);
    named(w, "partition_field", a->partition_name, a->partition);
    named(w, "by_field", a->by_name, a->by);
    named(w, "over_field", a->over_name, a->over);
    format_write_field_str(w, "annotation", a->text);
}

static void write_plot(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_model_plot *p = &r->plot;
    head(w, r);
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_i64(w, "bucket_span", r->span_ns / TIME_S);
    format_write_field_i64(w, "detector_index", p->detector);
    named(w, "partition_field", p->partition_name, p->partition);
    named(w, "by_field", p->by_name, p->by);
    named(w, "over_field", p->over_name, p->over);
    format_write_field_str(w, "model_feature", p->feature);
    number(w, "model_lower", p->lower);
    number(w, "model_median", p->median);
    number(w, "model_upper", p->upper);
    if (p->has_actual)
        number(w, "actual", p->actual);
}

static void count(struct format_writer *w, const char *key, uint64_t v)
{
    format_write_key(w, key);
    format_write_u64(w, v);
}

static void write_category_counts(struct format_writer *w, const struct detect_category_counts *c)
{
    format_write_field_str(w, "categorization_status", c->warn ? "warn" : "ok");
    count(w, "categorized_doc_count", c->documents);
    count(w, "total_category_count", c->total);
    count(w, "frequent_category_count", c->frequent);
    count(w, "rare_category_count", c->rare);
    count(w, "dead_category_count", c->dead);
    count(w, "failed_category_count", c->failed);
}

static void write_size(struct format_writer *w, const struct detect_size_stats *s, ts_ns time)
{
    count(w, "model_bytes", s->model_bytes);
    count(w, "peak_model_bytes", s->peak_model_bytes);
    count(w, "model_bytes_exceeded", s->bytes_exceeded);
    count(w, "model_bytes_memory_limit", s->memory_limit);
    count(w, "total_by_field_count", s->by_fields);
    count(w, "total_over_field_count", s->over_fields);
    count(w, "total_partition_field_count", s->partition_fields);
    count(w, "bucket_allocation_failures_count", s->allocation_failures);
    format_write_field_str(w, "memory_status", memory_status[s->status]);
    format_write_field_str(w, "assignment_memory_basis",
                           s->settled ? "peak_model_bytes" : "model_memory_limit");
    write_category_counts(w, &s->categories);
    format_write_field_i64(w, "timestamp", to_ms(time));
    format_write_field_i64(w, "log_time", to_ms(time));
}

static void write_category(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_category *c = &r->category;
    char id[16];
    snprintf(id, sizeof(id), "%u", c->id);
    head(w, r);
    format_write_field_i64(w, "category_id", c->id);
    text(w, "terms", c->terms);
    text(w, "regex", c->regex);
    count(w, "max_matching_length", c->longest);
    format_write_key(w, "examples");
    format_write_begin_array(w);
    for (size_t i = 0; i < c->n_examples; i++)
        format_write_str(w, c->examples[i]);
    format_write_end_array(w);
    count(w, "num_matches", c->matches);
    format_write_key(w, "preferred_to_categories");
    format_write_begin_array(w);
    for (size_t i = 0; i < c->n_preferred; i++)
        format_write_i64(w, c->preferred_to[i]);
    format_write_end_array(w);
    named(w, "partition_field", c->partition_name, c->partition);
    format_write_field_str(w, "mlcategory", id);
    /* The partition as a field, unless the definition has one of that name. */
    static const char *const own[] = {
        "category_id", "terms",       "regex",      "max_matching_length",
        "examples",    "num_matches", "mlcategory", "preferred_to_categories"};
    bool copied = c->partition_name != NULL && !is_reserved(c->partition_name);
    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        copied = copied && strcmp(c->partition_name, own[i]) != 0;
    if (copied)
        text(w, c->partition_name, c->partition);
}

static void write_categorizer(struct format_writer *w, const struct detect_result *r)
{
    head(w, r);
    named(w, "partition_field", r->categorizer.partition_name, r->categorizer.partition);
    write_category_counts(w, &r->categorizer.counts);
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_i64(w, "log_time", to_ms(r->time));
}

static void write_snapshot(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_snapshot *s = &r->snapshot;
    head(w, r);
    format_write_field_str(w, "min_version", "8.3.0");
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_str(w, "description", s->description);
    format_write_field_str(w, "snapshot_id", s->id);
    count(w, "snapshot_doc_count", s->doc_count);
    format_write_key(w, "model_size_stats");
    format_write_begin_object(w);
    format_write_field_str(w, "job_id", r->job_id);
    format_write_field_str(w, "result_type", "model_size_stats");
    write_size(w, &s->size, r->time);
    format_write_end_object(w);
    if (s->latest_record != TIME_NONE)
        format_write_field_i64(w, "latest_record_time_stamp", to_ms(s->latest_record));
    if (s->latest_result != TIME_NONE)
        format_write_field_i64(w, "latest_result_time_stamp", to_ms(s->latest_result));
    format_write_field_bool(w, "retain", false);
}

static void write_forecast(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_forecast_point *p = &r->forecast;
    head(w, r);
    format_write_field_str(w, "forecast_id", p->id);
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_i64(w, "bucket_span", r->span_ns / TIME_S);
    format_write_field_i64(w, "detector_index", p->detector);
    named(w, "partition_field", p->partition_name, p->partition);
    named(w, "by_field", p->by_name, p->by);
    format_write_field_str(w, "model_feature", p->feature);
    number(w, "forecast_lower", p->lower);
    number(w, "forecast_prediction", p->prediction);
    number(w, "forecast_upper", p->upper);
}

static void write_forecast_request(struct format_writer *w, const struct detect_result *r)
{
    const struct detect_forecast_request *q = &r->forecast_request;
    head(w, r);
    format_write_field_str(w, "forecast_id", q->id);
    format_write_field_str(w, "forecast_status", q->finished ? "finished" : "started");
    number(w, "forecast_progress", clamp(q->progress, 0, 1));
    count(w, "forecast_memory_bytes", q->memory_bytes);
    format_write_key(w, "forecast_messages");
    format_write_begin_array(w);
    for (size_t i = 0; i < q->n_messages; i++)
        format_write_str(w, q->messages[i]);
    format_write_end_array(w);
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_i64(w, "forecast_create_timestamp", to_ms(q->created));
    format_write_field_i64(w, "forecast_start_timestamp", to_ms(r->time));
    format_write_field_i64(w, "forecast_end_timestamp", to_ms(q->end));
    if (q->expiry != TIME_NONE)
        format_write_field_i64(w, "forecast_expiry_timestamp", to_ms(q->expiry));
    count(w, "processed_record_count", q->documents);
    format_write_field_i64(w, "processing_time_ms", q->processing_ns / TIME_MS);
}

static void write_overall(struct format_writer *w, const struct detect_result *r)
{
    format_write_field_str(w, "result_type", "overall_bucket");
    format_write_field_i64(w, "timestamp", to_ms(r->time));
    format_write_field_i64(w, "bucket_span", r->span_ns / TIME_S);
    score(w, "overall_score", r->overall.score);
    format_write_key(w, "jobs");
    format_write_begin_array(w);
    for (size_t i = 0; i < r->overall.n_jobs; i++) {
        format_write_begin_object(w);
        format_write_field_str(w, "job_id", r->overall.jobs[i].id);
        score(w, "max_anomaly_score", r->overall.jobs[i].score);
        format_write_end_object(w);
    }
    format_write_end_array(w);
    format_write_field_bool(w, "is_interim", r->interim);
}

void detect_result_write(const struct detect_result *r, struct buf *out)
{
    struct format_writer w;
    format_write_init(&w, out);
    format_write_begin_object(&w);
    switch ((enum detect_result_type)r->type) {
    case DETECT_RESULT_BUCKET:
        write_bucket(&w, r);
        break;
    case DETECT_RESULT_RECORD:
        write_record(&w, r);
        break;
    case DETECT_RESULT_INFLUENCER:
        write_influencer(&w, r);
        break;
    case DETECT_RESULT_BUCKET_INFLUENCER:
        write_bucket_influencer(&w, r, &r->bucket_influencer);
        break;
    case DETECT_RESULT_MODEL_PLOT:
        write_plot(&w, r);
        break;
    case DETECT_RESULT_MODEL_SIZE_STATS:
        head(&w, r);
        write_size(&w, &r->size, r->time);
        break;
    case DETECT_RESULT_MODEL_SNAPSHOT:
        write_snapshot(&w, r);
        break;
    case DETECT_RESULT_MODEL_FORECAST:
        write_forecast(&w, r);
        break;
    case DETECT_RESULT_FORECAST_REQUEST:
        write_forecast_request(&w, r);
        break;
    case DETECT_RESULT_OVERALL_BUCKET:
        write_overall(&w, r);
        break;
    case DETECT_RESULT_ANNOTATION:
        write_annotation(&w, r);
        break;
    case DETECT_RESULT_CATEGORY:
        write_category(&w, r);
        break;
    case DETECT_RESULT_CATEGORIZER_STATS:
        write_categorizer(&w, r);
        break;
    }
    format_write_end_object(&w);
}

uint64_t detect_result_hash(struct bytes by, struct bytes over, struct bytes partition,
                            size_t *out_len)
{
    static const struct hash_key key = {0x7765697264657465, 0x63742d7265636f72};
    uint64_t part[4] = {hash_bytes(key, by.p, by.n), hash_bytes(key, over.p, over.n),
                        hash_bytes(key, partition.p, partition.n),
                        (uint64_t)(by.p != NULL) | (uint64_t)(over.p != NULL) << 1 |
                            (uint64_t)(partition.p != NULL) << 2};
    *out_len = by.n + over.n + partition.n;
    uint64_t h = 0;
    for (size_t i = 0; i < 4; i++)
        h = hash_mix(h * 3 + part[i]);
    return h;
}

struct detect_result_key detect_result_key(const struct detect_result *r)
{
    const struct bytes none = {NULL, 0};
    struct detect_result_key k = {.type = r->type, .time = r->time};
    switch ((enum detect_result_type)r->type) {
    case DETECT_RESULT_RECORD:
        k.detector = r->record.detector;
        k.hash = detect_result_hash(r->record.by, r->record.over, r->record.partition, &k.len);
        break;
    case DETECT_RESULT_MODEL_PLOT:
        k.detector = r->plot.detector;
        k.hash = detect_result_hash(r->plot.by, r->plot.over, r->plot.partition, &k.len);
        break;
    case DETECT_RESULT_ANNOTATION:
        k.detector = r->annotation.detector;
        k.hash = detect_result_hash(r->annotation.by, r->annotation.over, r->annotation.partition,
                                    &k.len);
        break;
    case DETECT_RESULT_INFLUENCER:
        k.field = r->influencer.field;
        k.hash = detect_result_hash(r->influencer.value, none, none, &k.len);
        break;
    case DETECT_RESULT_BUCKET_INFLUENCER:
        k.field = r->bucket_influencer.field;
        break;
    default:
        break;
    }
    return k;
}

void detect_result_key_id(const char *job_id, ts_ns span_ns, const struct detect_result_key *k,
                          struct buf *out)
{
    long long ms = (long long)to_ms(k->time);
    long long span = (long long)(span_ns / TIME_S);
    unsigned long long hash = k->hash;
    buf_format(out, "%s_%s_%lld", job_id, detect_result_type_name(k->type), ms);
    if (k->type != DETECT_RESULT_MODEL_SIZE_STATS)
        buf_format(out, "_%lld", span);
    switch ((enum detect_result_type)k->type) {
    case DETECT_RESULT_RECORD:
    case DETECT_RESULT_MODEL_PLOT:
    case DETECT_RESULT_ANNOTATION:
        buf_format(out, "_%u_%llu_%zu", k->detector, hash, k->len);
        break;
    case DETECT_RESULT_INFLUENCER:
        buf_char(out, '_');
        buf_str(out, k->field);
        buf_format(out, "_%llu_%zu", hash, k->len);
        break;
    case DETECT_RESULT_BUCKET_INFLUENCER:
        buf_char(out, '_');
        buf_str(out, k->field);
        break;
    default:
        break;
    }
}

void detect_result_id(const struct detect_result *r, struct buf *out)
{
    if (r->type == DETECT_RESULT_MODEL_SNAPSHOT) {
        buf_str(out, r->job_id);
        buf_str(out, "_model_snapshot_");
        buf_str(out, r->snapshot.id);
        return;
    }
    if (r->type == DETECT_RESULT_FORECAST_REQUEST) {
        buf_format(out, "%s_model_forecast_request_stats_%s", r->job_id, r->forecast_request.id);
        return;
    }
    if (r->type == DETECT_RESULT_MODEL_FORECAST) {
        const struct detect_forecast_point *p = &r->forecast;
        size_t len;
        uint64_t hash = detect_result_hash(p->by, bytes_make(NULL, 0), p->partition, &len);
        buf_format(out, "%s_model_forecast_%s_%lld_%lld_%u_%llu_%zu", r->job_id, p->id,
                   (long long)to_ms(r->time), (long long)(r->span_ns / TIME_S), p->detector,
                   (unsigned long long)hash, len);
        return;
    }
    if (r->type == DETECT_RESULT_CATEGORY) {
        buf_format(out, "%s_category_definition_%u", r->job_id, r->category.id);
        return;
    }
    if (r->type == DETECT_RESULT_CATEGORIZER_STATS) {
        const struct bytes none = {NULL, 0};
        size_t len;
        uint64_t hash = detect_result_hash(none, none, r->categorizer.partition, &len);
        buf_format(out, "%s_categorizer_stats_%lld_%llu_%zu", r->job_id, (long long)to_ms(r->time),
                   (unsigned long long)hash, len);
        return;
    }
    struct detect_result_key k = detect_result_key(r);
    detect_result_key_id(r->job_id, r->span_ns, &k, out);
}
