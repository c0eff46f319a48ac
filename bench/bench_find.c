/* SPDX-License-Identifier: Apache-2.0 */
/* A day of flows, and what people ask of it: bench_find [EVENTS [DIR]]; a DIR is kept. */
#include "../tests/store/store/store_help.h"

#include "base/clock.h"
#include "find/find.h"
#include "format/node.h"

#include <sys/resource.h>

#define EVENTS 10000000
#define PATTERNS 16384 /* flows that are given again with other times, ports and bytes */

static void check(enum err rc, const struct err_text *why)
{
    if (rc != ERR_NONE) {
        fprintf(stderr, "bench_find: %s\n", why->message);
        exit(1);
    }
}

/* Flows over a day in order of time, sealed and merged. */
static void fill(struct store *s, uint64_t n)
{
    struct err_text why;
    struct arena arena;
    struct rng rng;
    struct event *flows = calloc(PATTERNS, sizeof(*flows));
    if (flows == NULL)
        exit(1);
    rng_init(&rng, 1);
    arena_init(&arena, 0);
    for (size_t i = 0; i < PATTERNS; i++)
        help_flow(&flows[i], &arena, &rng, HELP_BASE, i);
    for (uint64_t i = 0; i < n; i++) {
        struct event *e = &flows[rng_below(&rng, PATTERNS)];
        int64_t sent = (int64_t)(rng_below(&rng, 4000) + 60);
        int64_t got = (int64_t)(rng_below(&rng, 60000) + 60);
        e->time = HELP_BASE + (ts_ns)i * (TIME_DAY / (ts_ns)n);
        event_set_i64(e, EVENT_F_SOURCE_BYTES, sent);
        event_set_i64(e, EVENT_F_DESTINATION_BYTES, got);
        event_set_i64(e, EVENT_F_NETWORK_BYTES, sent + got);
        event_set_i64(e, EVENT_F_SOURCE_PORT, (int64_t)(1024 + rng_below(&rng, 60000)));
        event_set_time(e, EVENT_F_EVENT_END, e->time);
        check(store_append(s, e), &why);
        if (i % 20000 == 19999)
            check(store_commit(s, &why), &why);
    }
    check(store_commit(s, &why), &why);
    check(store_maintain(s, HELP_BASE + 2 * TIME_DAY, &why), &why);
    arena_release(&arena);
    free(flows);
}

struct question {
    const char *name;
    const char *index;
    const char *body;
};

static const struct question questions[] = {
    {"count_all", "*", "{\"size\":0,\"track_total_hits\":true}"},
    {"top_talkers", "*",
     "{\"size\":0,\"aggs\":{\"talkers\":{\"terms\":{\"field\":\"source.ip\",\"order\":{\"b\":"
     "\"desc\"}},"
     "\"aggs\":{\"b\":{\"sum\":{\"field\":\"source.bytes\"}}}}}}"},
    {"top_talkers_by_hour", "*",
     "{\"size\":0,\"aggs\":{\"talkers\":{\"terms\":{\"field\":\"source.ip\",\"order\":{\"b\":"
     "\"desc\"}},"
     "\"aggs\":{\"b\":{\"sum\":{\"field\":\"source.bytes\"}},\"h\":{\"date_histogram\":{\"field\":"
     "\"@timestamp\",\"fixed_interval\":\"1h\"},\"aggs\":{\"b\":{\"sum\":{\"field\":\"source."
     "bytes\"}}}}}}}}"},
    {"top_talkers_and_histogram", "logs-*",
     "{\"size\":0,\"aggs\":{\"talkers\":{\"terms\":{\"field\":\"source.ip\",\"order\":{\"b\":"
     "\"desc\"}},"
     "\"aggs\":{\"b\":{\"sum\":{\"field\":\"source.bytes\"}}}},\"h\":{\"date_histogram\":{"
     "\"field\":"
     "\"@timestamp\",\"fixed_interval\":\"10m\"},\"aggs\":{\"b\":{\"sum\":{\"field\":\"network."
     "bytes\"}}}}}}"},
    {"ports_of_one_host", "*",
     "{\"size\":0,\"query\":{\"term\":{\"source.ip\":\"192.168.1.7\"}},\"aggs\":{\"p\":{\"terms\":{"
     "\"field\":"
     "\"destination.port\"},\"aggs\":{\"d\":{\"cardinality\":{\"field\":\"destination.ip\"}}}}}}"},
    {"cardinality_and_percentiles", "*",
     "{\"size\":0,\"aggs\":{\"c\":{\"cardinality\":{\"field\":\"network.community_id\"}},\"p\":{"
     "\"percentiles\":{\"field\":\"network.bytes\"}}}}"},
    {"newest_100", "*", "{\"size\":100,\"sort\":[{\"@timestamp\":\"desc\"}]}"},
    {"largest_10", "*", "{\"size\":10,\"sort\":[{\"source.bytes\":\"desc\"},\"_doc\"]}"},
    {"least_10_addresses", "*", "{\"size\":10,\"sort\":[\"source.ip\",\"_doc\"]}"},
    {"average_with_missing", "*",
     "{\"size\":0,\"aggs\":{\"a\":{\"avg\":{\"field\":\"source.bytes\",\"missing\":0}}}}"},
    {"composite_page", "*",
     "{\"size\":0,\"aggs\":{\"c\":{\"composite\":{\"size\":1000,\"sources\":[{\"s\":{\"terms\":{"
     "\"field\":"
     "\"source.ip\"}}},{\"d\":{\"terms\":{\"field\":\"destination.ip\"}}}]}}}}"},
    {"one_by_one", "*", "{\"size\":0,\"aggs\":{\"i\":{\"terms\":{\"field\":\"_index\"}}}}"},
};

/* Processor time in seconds of this process and its workers, which are alive. */
static double cpu_seconds(void)
{
    char path[64];
    char line[1024];
    struct rusage r;
    double seconds = 0;
    long pid;
    getrusage(RUSAGE_SELF, &r);
    seconds += (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) +
               (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) * 1e-6;
    snprintf(path, sizeof(path), "/proc/self/task/%ld/children", (long)getpid());
    FILE *children = fopen(path, "r");
    while (children != NULL && fscanf(children, "%ld", &pid) == 1) {
        unsigned long long user = 0;
        unsigned long long system = 0;
        snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
        FILE *stat = fopen(path, "r");
        if (stat != NULL && fgets(line, sizeof(line), stat) != NULL &&
            sscanf(strrchr(line, ')') + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu",
                   &user, &system) == 2)
            seconds += (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
        if (stat != NULL)
            fclose(stat);
    }
    if (children != NULL)
        fclose(children);
    return seconds;
}

static void ask(struct find *f, const struct question *q, uint64_t n)
{
    struct format_node *body;
    struct find_error error;
    struct err_text why;
    struct buf out;
    check(format_node_json(q->body, strlen(q->body), "body", &body, &why), &why);
    const struct find_request r = {.index = q->index, .body = body, .now = HELP_BASE};
    double best = 1e9;
    double best_cpu = 1e9;
    for (int i = 0; i < 3; i++) {
        buf_init(&out);
        ts_ns begin = clock_steady();
        double cpu = cpu_seconds();
        check(find_search(f, &r, &out, &error), &error.text);
        double ms = (double)(clock_steady() - begin) * 1e-6;
        cpu = (cpu_seconds() - cpu) * 1e3;
        best = ms < best ? ms : best;
        best_cpu = cpu < best_cpu ? cpu : best_cpu;
        buf_release(&out);
    }
    printf("{\"bench\":\"find\",\"case\":\"%s\",\"events\":%llu,\"ms\":%.1f,\"cpu_ms\":%.0f}\n",
           q->name, (unsigned long long)n, best, best_cpu);
    fflush(stdout);
    format_node_free(body);
}

int main(int argc, char **argv)
{
    help_worker(argc, argv);
    struct err_text why;
    struct store *s;
    struct store_stats stats;
    uint64_t n = argc > 1 ? strtoull(argv[1], NULL, 10) : EVENTS;
    char own[] = "/tmp/weir-bench-XXXXXX";
    const char *dir = argc > 2 ? argv[2] : mkdtemp(own);
    if (dir == NULL || n == 0)
        return 1;
    check(store_open(dir, NULL, &s, &why), &why);
    store_stats(s, &stats);
    if (stats.piece_rows + stats.hot_rows < n)
        fill(s, n);
    struct find *f = find_new(&(struct find_options){.store = s});
    if (f == NULL)
        return 1;
    for (size_t i = 0; i < sizeof(questions) / sizeof(questions[0]); i++)
        ask(f, &questions[i], n);
    find_free(f);
    store_close(s);
    char command[64];
    snprintf(command, sizeof(command), "rm -rf %s", own);
    return argc > 2 || system(command) == 0 ? 0 : 1;
}
