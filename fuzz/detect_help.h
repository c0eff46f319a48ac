#ifndef FUZZ_DETECT_HELP_H
#define FUZZ_DETECT_HELP_H

/* A job with every kind of detector, for the targets that run the engine. */

#include "base/assert.h"
#include "base/buf.h"
#include "detect/detect.h"
#include "format/node.h"

#include <string.h>

static inline struct detect_job *help_fuzz_job(void)
{
    static const char text[] =
        "{\"job_id\":\"fuzz\",\"analysis_config\":{\"bucket_span\":\"15m\",\"latency\":\"15m\","
        "\"detectors\":[{\"function\":\"count\",\"partition_field_name\":\"a\"},{\"function\":"
        "\"sum\",\"field_name\":\"v\",\"over_field_name\":\"a\",\"by_field_name\":\"b\"},{"
        "\"function\":\"rare\",\"by_field_name\":\"b\",\"over_field_name\":\"a\"},{\"function\":"
        "\"info_content\",\"field_name\":\"b\"},{\"function\":\"distinct_count\",\"field_name\":"
        "\"b\"},{\"function\":\"max\",\"field_name\":\"v\"},{\"function\":\"freq_rare\","
        "\"by_field_name\":\"b\",\"over_field_name\":\"a\"},{\"function\":\"median\","
        "\"field_name\":\"v\"},{\"function\":\"varp\",\"field_name\":\"v\",\"by_field_name\":\"b\"}"
        ","
        "{\"function\":\"metric\",\"field_name\":\"v\",\"by_field_name\":\"a\",\"over_field_name\":"
        "\"b\"},{\"function\":\"time_of_day\",\"by_field_name\":\"a\"},{\"function\":\"time_of_"
        "week\",\"over_field_name\":\"b\"},{\"function\":\"lat_long\",\"field_name\":\"g\","
        "\"by_field_name\":\"a\"},{\"function\":\"lat_long\",\"field_name\":\"g\","
        "\"over_field_name\":\"b\"}],\"influencers\":[\"a\",\"c\"]},"
        "\"analysis_limits\":{\"model_memory_limit\":\"1mb\"},\"data_description\":{"
        "\"time_field\":\"t\"}}";
    struct detect_job *job = NULL;
    ASSERT(detect_job_parse(text, strlen(text), "", NULL, 0, &job, NULL) == ERR_NONE);
    return job;
}

/* Every document is JSON, and no number in it was one that JSON cannot say. */
static inline void help_fuzz_sink(void *ctx, const struct detect_result *r)
{
    struct buf *out = ctx;
    struct format_node *root = NULL;
    buf_clear(out);
    detect_result_write(r, out);
    ASSERT(format_node_json(buf_text(out), out->n, "", &root, NULL) == ERR_NONE);
    for (size_t i = 0; i < format_node_count(root); i++)
        ASSERT(format_node_type(format_node_at(root, i)) != FORMAT_NULL);
    format_node_free(root);
}

static inline struct detect *help_fuzz_engine(const struct detect_job *job, struct buf *out)
{
    struct detect_options o = {
        .seed = {1, 2}, .follow_records = true, .sink = help_fuzz_sink, .ctx = out};
    struct detect *d = NULL;
    ASSERT(detect_new(job, &o, &d) == ERR_NONE);
    return d;
}

#endif
