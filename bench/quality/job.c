/* SPDX-License-Identifier: Apache-2.0 */
#include "job.h"

#include "detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct quality_job {
    struct detect_job *job;
    struct detect *detect;
};

static void end_program(const char *what, const char *why)
{
    fprintf(stderr, "quality: %s: %s\n", what, why);
    exit(1);
}

static void must(enum err e, const char *what)
{
    if (e != ERR_NONE)
        end_program(what, "failed");
}

struct quality_job *quality_job_open(const struct quality_job_options *o)
{
    static const char *const columns[] = {"time", "n", "a", "b", "c", "v"};
    char text[1024];
    struct bytes names[6];
    struct err_text why = {0};
    struct quality_job *j = calloc(1, sizeof(*j));
    if (j == NULL)
        end_program("job", "memory is short");
    snprintf(text, sizeof(text),
             "{\"job_id\":\"quality\",\"analysis_limits\":{\"model_memory_limit\":\"8gb\"},"
             "\"analysis_config\":{\"bucket_span\":\"%llds\",\"summary_count_field_name\":\"n\","
             "\"detectors\":[{%s}]}}",
             (long long)(o->span / TIME_S), o->detector);
    if (detect_job_parse(text, strlen(text), "quality", NULL, 0, &j->job, &why) != ERR_NONE)
        end_program(o->detector, why.message);
    struct detect_options options = {
        .seed = {1, 2}, .model_plot = o->model_plot, .sink = o->result, .ctx = o->ctx};
    must(detect_new(j->job, &options, &j->detect), "detect_new");
    for (int i = 0; i < 6; i++)
        names[i] = (struct bytes){(const uint8_t *)columns[i], strlen(columns[i])};
    must(detect_columns(j->detect, names, 6, &why), "detect_columns");
    return j;
}

void quality_job_free(struct quality_job *j)
{
    if (j == NULL)
        return;
    detect_free(j->detect);
    detect_job_free(j->job);
    free(j);
}

static struct bytes number_text(char *to, size_t size, double v)
{
    int n;
    if (v == floor(v) && fabs(v) < 1e15)
        n = snprintf(to, size, "%lld", (long long)v);
    else
        n = snprintf(to, size, "%.12g", v);
    return (struct bytes){(const uint8_t *)to, (size_t)n};
}

void quality_job_record(struct quality_job *j, ts_ns time, double n, struct bytes a, struct bytes b,
                        struct bytes c, double v)
{
    char count[32];
    char value[32];
    struct bytes fields[6] = {{NULL, 0}, number_text(count, sizeof(count), n), a, b,
                              c,         number_text(value, sizeof(value), v)};
    must(detect_record(j->detect, time, fields), "detect_record");
}

void quality_job_close(struct quality_job *j, ts_ns end)
{
    must(detect_advance(j->detect, end), "detect_advance");
}

double quality_job_bytes(const struct quality_job *j)
{
    struct detect_size_stats size;
    detect_size(j->detect, &size);
    return (double)size.peak_model_bytes;
}

long quality_job_number(struct bytes text)
{
    long value = 0;
    if (text.n < 2)
        return -1;
    for (size_t i = 1; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return -1;
        value = 10 * value + (text.p[i] - '0');
    }
    return value;
}
