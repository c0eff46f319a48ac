/* SPDX-License-Identifier: Apache-2.0 */
/* Flows with 32 fields through the store: appended, committed each 20,000, sealed, found again. */
#include "../tests/store/store/store_help.h"

#include "base/clock.h"
#include "query/query.h"

#include <sys/resource.h>

#define FLOWS 600000
#define EVENTS 16384 /* flows that are given again with other times, ports, bytes and ids */

/* Processor time in seconds of this process, or of the workers it has ended. */
static double cpu_of(int who)
{
    struct rusage r;
    getrusage(who, &r);
    return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
           (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
}

static double cpu_seconds(void)
{
    return cpu_of(RUSAGE_SELF) + cpu_of(RUSAGE_CHILDREN);
}

static void check(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE) {
        fprintf(stderr, "bench_store: %s\n", why->message);
        exit(1);
    }
}

static void print(const char *what, uint64_t items, double seconds, double cpu)
{
    printf("{\"bench\":\"store\",\"case\":\"%s\",\"items\":%llu,\"seconds\":%.3f,"
           "\"cpu_seconds\":%.3f,\"items_per_s\":%.0f,\"items_per_cpu_s\":%.0f}\n",
           what, (unsigned long long)items, seconds, cpu, (double)items / seconds,
           (double)items / cpu);
    fflush(stdout);
}

static bool count(void *ctx, struct event *e)
{
    (void)e;
    ++*(uint64_t *)ctx;
    return true;
}

static void search(struct store *s, const char *what, const char *kql, uint64_t limit)
{
    struct err_text why;
    struct query *q;
    uint64_t found = 0;
    struct store_search ask = {
        .from = TIME_NONE, .to = TIME_MAX, .order = STORE_NEWEST_FIRST, .limit = limit};
    check(query_parse_kql(kql, strlen(kql), 0, &q, &why), &why);
    ask.query = q;
    ts_ns begin = clock_steady();
    check(store_search(s, &ask, count, &found, &why), &why);
    double seconds = (double)(clock_steady() - begin) * 1e-9;
    printf("{\"bench\":\"store\",\"case\":\"%s\",\"found\":%llu,\"ms\":%.1f}\n", what,
           (unsigned long long)found, seconds * 1e3);
    query_free(q);
}

/*
 * What differs in every flow, without allocating: times, port, bytes, and 20 random bytes of
 * community id.
 */
static void renew(struct event *e, struct rng *rng)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const struct event_item *id = event_get(e, EVENT_F_NETWORK_COMMUNITY_ID);
    char *text = (char *)(uintptr_t)id->one.s;
    uint64_t bits = 0;
    for (uint32_t i = 2; i < id->one.len - 1; i++) {
        bits = i % 10 == 2 ? rng_u64(rng) : bits >> 6;
        text[i] = digits[bits & 63];
    }
    ts_ns took = (ts_ns)(rng_below(rng, 30000) * 1000 + rng_below(rng, 1000)) * TIME_US;
    int64_t sent = (int64_t)(rng_below(rng, 4000) + 60);
    int64_t got = (int64_t)(rng_below(rng, 60000) + 60);
    event_set_time(e, EVENT_F_EVENT_START, e->time - took);
    event_set_time(e, EVENT_F_EVENT_END, e->time);
    event_set_i64(e, EVENT_F_EVENT_DURATION, took);
    event_set_i64(e, EVENT_F_SOURCE_PORT, (int64_t)(1024 + rng_below(rng, 60000)));
    event_set_i64(e, EVENT_F_SOURCE_BYTES, sent);
    event_set_i64(e, EVENT_F_DESTINATION_BYTES, got);
    event_set_i64(e, EVENT_F_NETWORK_BYTES, sent + got);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    struct err_text why;
    struct arena arena;
    struct rng rng;
    struct store *s;
    struct store_stats stats;
    char dir[] = "/tmp/weir-bench-XXXXXX";
    /* One core for all: a single DuckDB thread. */
    struct store_options options = {.worker_threads = 1};
    struct event *flows = calloc(EVENTS, sizeof(*flows));
    if (flows == NULL || mkdtemp(dir) == NULL)
        return 1;
    rng_init(&rng, 1);
    arena_init(&arena, 0);
    for (size_t i = 0; i < EVENTS; i++)
        help_flow(&flows[i], &arena, &rng, HELP_BASE, i);
    check(store_open(dir, &options, &s, &why), &why);
    ts_ns begin = clock_steady();
    double cpu = cpu_seconds();
    for (uint64_t i = 0; i < FLOWS; i++) {
        struct event *e = &flows[i % EVENTS];
        e->time = HELP_BASE + (ts_ns)i * TIME_MS / 2;
        e->sequence = i;
        renew(e, &rng);
        check(store_append(s, e), &why);
        if (i % 20000 == 19999)
            check(store_commit(s, &why), &why);
    }
    check(store_maintain(s, HELP_BASE, &why), &why);
    double seconds = (double)(clock_steady() - begin) * 1e-9;
    print("journal_and_seal", FLOWS, seconds, cpu_seconds() - cpu);
    printf("{\"bench\":\"store\",\"case\":\"worker_share\",\"cpu_seconds\":%.3f}\n",
           cpu_of(RUSAGE_CHILDREN));
    store_stats(s, &stats);
    printf("{\"bench\":\"store\",\"case\":\"bytes_per_flow\",\"bytes\":%.1f,\"pieces\":%llu}\n",
           (double)stats.piece_bytes / (double)stats.piece_rows, (unsigned long long)stats.pieces);
    search(s, "find_one_port", "destination.port: 22 and source.bytes > 3900", 0);
    search(s, "find_newest_100", "", 100);
    search(s, "scan_all", "", 0);
    begin = clock_steady();
    cpu = cpu_seconds();
    check(store_maintain(s, HELP_BASE + TIME_DAY, &why), &why);
    print("merge", FLOWS, (double)(clock_steady() - begin) * 1e-9, cpu_seconds() - cpu);
    store_stats(s, &stats);
    printf("{\"bench\":\"store\",\"case\":\"bytes_per_flow_merged\",\"bytes\":%.1f,"
           "\"pieces\":%llu}\n",
           (double)stats.piece_bytes / (double)stats.piece_rows, (unsigned long long)stats.pieces);
    store_close(s);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", dir);
    arena_release(&arena);
    free(flows);
    return system(command) == 0 ? 0 : 1;
}
