/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records a second through the whole engine, from CSV text in memory: four loads, seeded. Results
 * are written as documents and counted, as `weir detect` would write them.
 *
 *   bench_detect [records [load]]
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "detect/csv.h"
#include "detect/detect.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define START 1700000000

struct load {
    const char *name;
    const char *detector;
    const char *header;
    ts_ns span; /* of all records */
};

static const struct load loads[] = {
    {"count", "{\"function\":\"count\"}", "time\n", 7 * TIME_DAY},
    {"high_sum_1000_partitions",
     "{\"function\":\"high_sum\",\"field_name\":\"bytes\",\"partition_field_name\":\"host\"}",
     "time,bytes,host\n", 3 * TIME_DAY},
    {"rare_200_partitions_2000_values",
     "{\"function\":\"rare\",\"by_field_name\":\"process\",\"partition_field_name\":\"user\"}",
     "time,process,user\n", 3 * TIME_DAY},
    {"info_content_20000_by",
     "{\"function\":\"high_info_content\",\"field_name\":\"name\",\"by_field_name\":\"domain\"}",
     "time,name,domain\n", TIME_DAY / 4},
};
#define LOADS (sizeof(loads) / sizeof(loads[0]))

static void make_text(size_t load, size_t records, struct buf *out)
{
    struct rng r;
    rng_init(&r, 42 + load);
    buf_str(out, loads[load].header);
    for (size_t i = 0; i < records; i++) {
        double at = (double)(loads[load].span / TIME_S) * (double)i / (double)records;
        buf_u64(out, START + (uint64_t)at);
        if (load == 1)
            buf_format(out, ",%llu,host-%llu.example", (unsigned long long)rng_below(&r, 100000),
                       (unsigned long long)rng_below(&r, 1000));
        if (load == 2) {
            double skewed = -300 * log(1 - rng_f64(&r));
            buf_format(out, ",process-%d.exe,user%llu", (int)fmin(skewed, 1999),
                       (unsigned long long)rng_below(&r, 200));
        }
        if (load == 3) {
            unsigned long long d = rng_below(&r, 20000);
            buf_format(out, ",h%llu.d%llu.example.com,d%llu.example.com",
                       (unsigned long long)rng_below(&r, 50), d, d);
        }
        buf_char(out, '\n');
    }
}

struct sink {
    struct buf doc;
    uint64_t documents;
    uint64_t bytes;
};

static void on_result(void *ctx, const struct detect_result *r)
{
    struct sink *s = ctx;
    buf_clear(&s->doc);
    detect_result_write(r, &s->doc);
    s->documents++;
    s->bytes += s->doc.n + 1;
}

static enum err on_header(void *ctx, const struct bytes *names, size_t n)
{
    return detect_columns(ctx, names, n, NULL);
}

static bool on_row(void *ctx, const struct detect_csv_row *row)
{
    return detect_row(ctx, row->fields) == ERR_NONE;
}

static int run(size_t load, size_t records)
{
    char text[512];
    struct detect_job *job = NULL;
    struct detect *d = NULL;
    struct buf csv_text;
    struct sink sink = {0};
    buf_init(&csv_text);
    buf_init(&sink.doc);
    make_text(load, records, &csv_text);
    snprintf(
        text, sizeof(text),
        "{\"job_id\":\"bench\",\"analysis_config\":{\"bucket_span\":\"15m\",\"detectors\":[%s]}}",
        loads[load].detector);
    struct detect_options o = {
        .seed = {1, 2}, .follow_records = true, .sink = on_result, .ctx = &sink};
    if (detect_job_parse(text, strlen(text), "bench", NULL, 0, &job, NULL) != ERR_NONE ||
        detect_new(job, &o, &d) != ERR_NONE)
        return 1;
    struct detect_csv *csv = detect_csv_new(on_header, on_row, d);
    ts_ns begin = clock_steady();
    ts_ns begin_cpu = clock_cpu();
    for (size_t at = 0; at < csv_text.n; at += 65536) {
        size_t n = csv_text.n - at < 65536 ? csv_text.n - at : 65536;
        if (detect_csv_feed(csv, csv_text.p + at, n) != ERR_NONE)
            return 1;
    }
    if (detect_csv_end(csv) != ERR_NONE || detect_finish(d) != ERR_NONE)
        return 1;
    double seconds = (double)(clock_steady() - begin) / (double)TIME_S;
    double cpu = (double)(clock_cpu() - begin_cpu) / (double)TIME_S;
    struct detect_size_stats size;
    detect_size(d, &size);
    printf("{\"bench\":\"detect\",\"case\":\"%s\",\"records\":%zu,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f,\"records_per_s\":%.0f,\"buckets\":%llu,\"documents\":%llu,"
           "\"document_bytes\":%llu,"
           "\"model_bytes\":%llu,\"seed\":42}\n",
           loads[load].name, records, seconds, cpu, (double)records / cpu,
           (unsigned long long)detect_counts(d)->buckets, (unsigned long long)sink.documents,
           (unsigned long long)sink.bytes, (unsigned long long)size.peak_model_bytes);
    detect_csv_free(csv);
    detect_free(d);
    detect_job_free(job);
    buf_release(&sink.doc);
    buf_release(&csv_text);
    return 0;
}

int main(int argc, char **argv)
{
    size_t records = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 1000000;
    for (size_t i = 0; i < LOADS; i++) {
        if (argc > 2 && strcmp(argv[2], loads[i].name) != 0)
            continue;
        int status = run(i, records > 0 ? records : 1);
        if (status != 0)
            return status;
    }
    return 0;
}
