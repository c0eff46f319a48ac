/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole engine in memory, one JSON line a case: records a second of the loads of detect_load.h
 * from CSV text, with results written as documents and counted; series-buckets a second where
 * 100,000 series close a bucket together; and ten million buckets of nothing.
 *
 *   bench_detect [RECORDS [CASE]]       1,000,000 records a load
 *   bench_detect --loads                names of the loads
 *   bench_detect --csv LOAD RECORDS     a load's records on standard output
 *   bench_detect --job LOAD             and its job; tools/bench_detect_loads feeds both to weir
 */
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "base/thread.h"
#include "detect/csv.h"
#include "detect/detect.h"
#include "detect_load.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SERIES 100000
#define WARM 10
#define MEASURED 20
#define EMPTY_BUCKETS 10000000

struct sink {
    struct buf doc;
    uint64_t documents;
    uint64_t bytes;
};

struct run {
    struct detect_job *job;
    struct detect *engine;
    struct sink sink;
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
    struct run *r = ctx;
    return detect_columns(r->engine, names, n, NULL);
}

static bool on_row(void *ctx, const struct detect_csv_row *row)
{
    struct run *r = ctx;
    return detect_row(r->engine, row->fields) == ERR_NONE;
}

static bool begin(struct run *r, const char *job, struct thread_team *team, bool follow)
{
    *r = (struct run){0};
    buf_init(&r->sink.doc);
    struct detect_options o = {
        .team = team, .seed = {1, 2}, .follow_records = follow, .sink = on_result, .ctx = &r->sink};
    return detect_job_parse(job, strlen(job), "bench", NULL, 0, &r->job, NULL) == ERR_NONE &&
           detect_new(r->job, &o, &r->engine) == ERR_NONE;
}

static void end(struct run *r)
{
    detect_free(r->engine);
    detect_job_free(r->job);
    buf_release(&r->sink.doc);
}

/* ---- records ---- */

static bool run_load(const char *name, uint64_t records)
{
    struct run r;
    struct detect_load *load = detect_load_new(name, records);
    if (load == NULL || !begin(&r, detect_load_job(load), NULL, true))
        return false;
    struct detect_csv *csv = detect_csv_new(on_header, on_row, &r);
    ts_ns cpu = 0;
    bool ok = csv != NULL;
    for (;;) {
        struct bytes piece = detect_load_next(load);
        if (piece.n == 0 || !ok)
            break;
        ts_ns before = clock_cpu();
        ok = detect_csv_feed(csv, (const char *)piece.p, piece.n) == ERR_NONE;
        cpu += clock_cpu() - before;
    }
    ts_ns before = clock_cpu();
    ok = ok && detect_csv_end(csv) == ERR_NONE && detect_finish(r.engine) == ERR_NONE;
    double seconds = (double)(cpu + clock_cpu() - before) / (double)TIME_S;
    struct detect_size_stats size;
    detect_size(r.engine, &size);
    printf("{\"bench\":\"detect\",\"case\":\"%s\",\"records\":%llu,\"cpu_seconds\":%.3f,"
           "\"records_per_s\":%.0f,\"buckets\":%llu,\"documents\":%llu,\"document_bytes\":%llu,"
           "\"model_bytes\":%llu,\"seed\":%d}\n",
           name, (unsigned long long)records, seconds, (double)records / seconds,
           (unsigned long long)detect_counts(r.engine)->buckets,
           (unsigned long long)r.sink.documents, (unsigned long long)r.sink.bytes,
           (unsigned long long)size.peak_model_bytes, DETECT_LOAD_SEED);
    detect_csv_free(csv);
    detect_load_free(load);
    end(&r);
    return ok;
}

/* ---- series-buckets ---- */

#define UPDATE_JOB(detector)                                                                       \
    "{\"job_id\":\"bench\",\"analysis_config\":{\"bucket_span\":\"15m\","                          \
    "\"summary_count_field_name\":\"n\",\"detectors\":[" detector "]},"                            \
    "\"analysis_limits\":{\"model_memory_limit\":\"2gb\"}}"

static const struct {
    const char *name;
    const char *job;
} updates[] = {
    {"count", UPDATE_JOB("{\"function\":\"count\",\"partition_field_name\":\"host\"}")},
    {"high_sum", UPDATE_JOB("{\"function\":\"high_sum\",\"field_name\":\"bytes\","
                            "\"partition_field_name\":\"host\"}")},
    {"high_sum_over", UPDATE_JOB("{\"function\":\"high_sum\",\"field_name\":\"bytes\","
                                 "\"over_field_name\":\"host\"}")},
};
#define UPDATES (sizeof(updates) / sizeof(updates[0]))

/* Of all threads. */
static ts_ns process_cpu(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (ts_ns)t.tv_sec * TIME_S + t.tv_nsec;
}

/* A record of each series, in the bucket. */
static bool fill(struct detect *d, ts_ns bucket, struct rng *rng)
{
    bool ok = true;
    for (int i = 0; i < SERIES && ok; i++) {
        char host[24];
        char n[24];
        char bytes[24];
        size_t host_n = (size_t)snprintf(host, sizeof(host), "host-%d", i);
        double size = exp(rng_normal(rng));
        size_t n_n = (size_t)snprintf(n, sizeof(n), "%.0f", 1 + 20 * size);
        size_t bytes_n = (size_t)snprintf(bytes, sizeof(bytes), "%.0f", 10000 * size);
        struct bytes fields[] = {bytes_make(host, host_n), bytes_make(n, n_n),
                                 bytes_make(bytes, bytes_n)};
        ok = detect_record(d, bucket, fields) == ERR_NONE;
    }
    return ok;
}

static bool run_updates(size_t which, unsigned threads)
{
    static const struct bytes names[] = {{(const uint8_t *)"host", 4},
                                         {(const uint8_t *)"n", 1},
                                         {(const uint8_t *)"bytes", 5},
                                         {(const uint8_t *)"time", 4}};
    struct run r;
    struct rng rng;
    struct thread_team *team = thread_team_new(threads);
    rng_init(&rng, DETECT_LOAD_SEED);
    bool ok = team != NULL && begin(&r, updates[which].job, team, false) &&
              detect_columns(r.engine, names, 4, NULL) == ERR_NONE;
    ts_ns wall = 0;
    ts_ns cpu = 0;
    for (int b = 0; b < WARM + MEASURED && ok; b++) {
        ts_ns start = 1700000100 * TIME_S + b * 15 * TIME_MIN;
        ok = fill(r.engine, start, &rng);
        ts_ns wall_before = clock_steady();
        ts_ns cpu_before = process_cpu();
        ok = ok && detect_advance(r.engine, start + 15 * TIME_MIN) == ERR_NONE;
        if (b >= WARM) {
            wall += clock_steady() - wall_before;
            cpu += process_cpu() - cpu_before;
        }
    }
    double n = (double)SERIES * MEASURED;
    struct detect_size_stats size;
    detect_size(r.engine, &size);
    printf("{\"bench\":\"detect\",\"case\":\"update_%s\",\"threads\":%u,\"series\":%d,"
           "\"updates\":%.0f,\"seconds\":%.3f,\"cpu_seconds\":%.3f,\"updates_per_s\":%.0f,"
           "\"updates_per_cpu_s\":%.0f,\"model_bytes_per_series\":%.0f,\"seed\":%d}\n",
           updates[which].name, threads, SERIES, n, (double)wall / (double)TIME_S,
           (double)cpu / (double)TIME_S, n * (double)TIME_S / (double)wall,
           n * (double)TIME_S / (double)cpu, (double)size.model_bytes / SERIES, DETECT_LOAD_SEED);
    end(&r);
    thread_team_free(team);
    return ok;
}

/* ---- nothing ---- */

/* A thousand series, ten million empty buckets, and a record. */
static bool run_gap(void)
{
    static const char job[] = "{\"job_id\":\"bench\",\"analysis_config\":{\"bucket_span\":\"5m\","
                              "\"detectors\":[{\"function\":\"count\","
                              "\"partition_field_name\":\"host\"}]}}";
    struct run r;
    bool ok = begin(&r, job, NULL, true);
    static const struct bytes names[] = {{(const uint8_t *)"host", 4},
                                         {(const uint8_t *)"time", 4}};
    ok = ok && detect_columns(r.engine, names, 2, NULL) == ERR_NONE;
    ts_ns before = 0;
    for (int b = 0; b < 51 && ok; b++) {
        ts_ns start = b < 50 ? b * 5 * TIME_MIN : (50 + (ts_ns)EMPTY_BUCKETS) * 5 * TIME_MIN;
        if (b == 50)
            before = clock_cpu();
        for (int i = 0; i < 1000 && ok; i++) {
            char host[24];
            struct bytes fields[] = {
                bytes_make(host, (size_t)snprintf(host, sizeof(host), "host-%d", i)), {NULL, 0}};
            ok = detect_record(r.engine, start, fields) == ERR_NONE;
        }
    }
    printf("{\"bench\":\"detect\",\"case\":\"gap\",\"series\":1000,\"empty_buckets\":%llu,"
           "\"cpu_seconds\":%.3f}\n",
           (unsigned long long)detect_counts(r.engine)->empty_buckets,
           (double)(clock_cpu() - before) / (double)TIME_S);
    end(&r);
    return ok;
}

/* ---- what was asked for ---- */

static int write_csv(const char *name, uint64_t records)
{
    struct detect_load *load = detect_load_new(name, records);
    bool ok = load != NULL;
    while (ok) {
        struct bytes piece = detect_load_next(load);
        if (piece.n == 0)
            break;
        ok = fwrite(piece.p, 1, piece.n, stdout) == piece.n;
    }
    detect_load_free(load);
    return ok && fflush(stdout) == 0 ? 0 : 1;
}

static int write_job(const char *name)
{
    struct detect_load *load = detect_load_new(name, 1);
    if (load == NULL)
        return 1;
    puts(detect_load_job(load));
    detect_load_free(load);
    return 0;
}

static bool wanted(const char *only, const char *name)
{
    return only == NULL || strcmp(only, name) == 0;
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "--csv") == 0)
        return write_csv(argv[2], strtoull(argv[3], NULL, 10));
    if (argc == 3 && strcmp(argv[1], "--job") == 0)
        return write_job(argv[2]);
    if (argc == 2 && strcmp(argv[1], "--loads") == 0) {
        for (size_t i = 0; detect_load_name(i) != NULL; i++)
            puts(detect_load_name(i));
        return 0;
    }
    uint64_t records = argc > 1 ? strtoull(argv[1], NULL, 10) : 1000000;
    const char *only = argc > 2 ? argv[2] : NULL;
    bool ok = records > 0;
    for (size_t i = 0; detect_load_name(i) != NULL; i++) {
        if (wanted(only, detect_load_name(i)))
            ok = ok && run_load(detect_load_name(i), records);
    }
    for (size_t i = 0; i < UPDATES; i++) {
        if (wanted(only, "update") || wanted(only, updates[i].name))
            ok = ok && run_updates(i, 1) && run_updates(i, 2);
    }
    if (wanted(only, "gap"))
        ok = ok && run_gap();
    return ok ? 0 : 1;
}
