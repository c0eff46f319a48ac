/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Foreign records to events: generated Zeek rows as TSV and JSON and ECS flows, or the files given
 * as arguments.
 */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "event/event.h"
#include "ingest/file.h"
#include "ingest/sort.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROWS 300000

static void count(void *ctx, struct event *e)
{
    *(uint64_t *)ctx += e->n;
}

static int run(const char *name, const char *path)
{
    struct ingest_settings settings;
    struct ingest_file *f;
    struct err_text why;
    char text[900];
    uint64_t fields = 0;
    ingest_settings_default(&settings);
    ts_ns from = clock_cpu();
    bool open = ingest_file_open(path, &settings, &f, &why) == ERR_NONE;
    if (open && ingest_file_format(f) != INGEST_FORMAT_ECS &&
        ingest_file_format(f) != INGEST_FORMAT_ZEEK) {
        fprintf(stderr, "%s: neither ECS nor Zeek\n", path);
        ingest_file_close(f);
        return 1;
    }
    if (!open || ingest_file_run(f, 0, count, &fields, &why) != ERR_END) {
        fprintf(stderr, "%s\n", err_format(&why, text, sizeof(text)));
        return 1;
    }
    double s = (double)(clock_cpu() - from) / 1e9;
    const struct ingest_counts *c = ingest_file_counts(f);
    printf("{\"bench\":\"ingest\",\"case\":\"%s\",\"records\":%llu,\"events\":%llu,\"fields\":%llu,"
           "\"dropped\":%llu,\"seconds\":%.3f,\"records_per_s\":%.0f,\"mb_per_s\":%.0f}\n",
           name, (unsigned long long)c->records, (unsigned long long)c->events,
           (unsigned long long)fields, (unsigned long long)ingest_counts_dropped(c), s,
           (double)c->records / s, (double)c->bytes / s / 1e6);
    ingest_file_close(f);
    return 0;
}

/* The sort: events in random order, with memory for all of them and for a tenth. */
static int sort(const char *name, size_t memory)
{
    struct ingest_sort *s = ingest_sort_new(memory, NULL);
    struct arena arena;
    struct rng r;
    uint64_t fields = 0;
    uint64_t spilled;
    enum err code = s != NULL ? ERR_NONE : ERR_MEMORY;
    arena_init(&arena, 0);
    rng_init(&r, 8);
    ts_ns from = clock_cpu();
    for (int i = 0; i < 2 * ROWS && code == ERR_NONE; i++) {
        struct event e;
        event_init(&e, &arena, (ts_ns)rng_below(&r, (uint64_t)TIME_DAY));
        e.sequence = (uint64_t)i;
        for (event_field f = EVENT_F_SOURCE_ADDRESS; f < EVENT_F_SOURCE_ADDRESS + 20; f++)
            event_set_i64(&e, f, i);
        code = ingest_sort_add(s, &e);
        arena_clear(&arena);
    }
    if (code == ERR_NONE)
        code = ingest_sort_drain(s, count, &fields);
    double seconds = (double)(clock_cpu() - from) / 1e9;
    unsigned runs = ingest_sort_runs(s, &spilled);
    printf("{\"bench\":\"ingest\",\"case\":\"%s\",\"events\":%d,\"runs\":%u,\"spilled_bytes\":%llu,"
           "\"seconds\":%.3f,\"events_per_s\":%.0f}\n",
           name, 2 * ROWS, runs, (unsigned long long)spilled, seconds, 2 * ROWS / seconds);
    ingest_sort_free(s);
    arena_release(&arena);
    return code != ERR_NONE;
}

static void make(struct buf *b, struct rng *r, int kind)
{
    static const char header[] =
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tconn\n"
        "#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\tservice\tduration\t"
        "orig_bytes\tresp_bytes\tconn_state\tlocal_orig\tlocal_resp\tmissed_bytes\thistory\t"
        "orig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\ttunnel_parents\n"
        "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring"
        "\t"
        "bool\tbool\tcount\tstring\tcount\tcount\tcount\tcount\tset[string]\n";
    if (kind == 0)
        buf_str(b, header);
    for (int i = 0; i < ROWS; i++) {
        unsigned host = (unsigned)rng_below(r, 250) + 1;
        unsigned port = (unsigned)rng_below(r, 60000) + 1024;
        unsigned out = (unsigned)rng_below(r, 9000);
        unsigned in = (unsigned)rng_below(r, 90000);
        static const char *const forms[] = {
            "%d.%06d\tC%08xAbCd\t10.0.0.%u\t%u\t203.0.113.%u\t443\ttcp\tssl\t0.%06d\t%u\t%"
            "u\tSF\tT\tF"
            "\t0\tShADadFf\t20\t%u\t90\t%u\t-\n",
            "{\"ts\":%d.%06d,\"uid\":\"C%08xAbCd\",\"id.orig_h\":\"10.0.0.%u\",\"id.orig_p\":%u,"
            "\"id.resp_h\":\"203.0.113.%u\",\"id.resp_p\":443,\"proto\":\"tcp\",\"service\":"
            "\"ssl\","
            "\"duration\":0.%06d,\"orig_bytes\":%u,\"resp_bytes\":%u,\"conn_state\":\"SF\","
            "\"local_orig\":true,\"local_resp\":false,\"missed_bytes\":0,\"history\":\"ShADadFf\","
            "\"orig_pkts\":20,\"orig_ip_bytes\":%u,\"resp_pkts\":90,\"resp_ip_bytes\":%u}\n",
            "{\"@timestamp\":\"%d.%06d\",\"flow\":{\"id\":\"C%08xAbCd\",\"final\":true},\"source\":"
            "{"
            "\"ip\":\"10.0.0.%u\",\"port\":%u},\"destination\":{\"ip\":\"203.0.113.%u\",\"port\":"
            "443},"
            "\"event\":{\"category\":[\"network\"],\"duration\":%d,\"dataset\":\"x.flow\"},"
            "\"network\":{\"transport\":\"tcp\",\"type\":\"ipv4\"},\"http\":{\"request\":{"
            "\"bytes\":%u},"
            "\"response\":{\"bytes\":%u}},\"client\":{\"bytes\":%u},\"server\":{\"bytes\":%u}}\n",
        };
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        buf_format(b, forms[kind], 1700000000 + i / 100, i % 100 * 10000, (unsigned)i, host, port,
                   host, (int)rng_below(r, 1000000), out, in, out + 800, in + 3600);
#pragma GCC diagnostic pop
    }
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"zeek_tsv", "zeek_json", "ecs"};
    struct rng r;
    int failed = 0;
    rng_init(&r, 3);
    for (int i = 1; i < argc; i++)
        failed |= run(argv[i], argv[i]);
    for (int kind = 0; kind < 3 && argc == 1; kind++) {
        char path[] = "/tmp/weir-bench-ingest-XXXXXX";
        int fd = mkstemp(path);
        struct buf b;
        buf_init(&b);
        make(&b, &r, kind);
        FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
        if (f == NULL || fwrite(b.p, 1, b.n, f) != b.n || fclose(f) != 0)
            failed = 1;
        else
            failed |= run(names[kind], path);
        unlink(path);
        buf_release(&b);
    }
    if (argc == 1)
        failed |=
            sort("sort_in_memory", (size_t)512 << 20) | sort("sort_by_files", (size_t)20 << 20);
    return failed;
}
