/* SPDX-License-Identifier: Apache-2.0 */
/* Sequences among flow and process events: how many a second one core looks at. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "eql/eql.h"
#include "eql/matcher.h"
#include "event/event.h"

#include <stdio.h>
#include <string.h>

#define EVENTS 2000
#define ROUNDS 200
#define HOSTS 100
#define BUDGET ((uint64_t)64 << 20)

/* 21 fields, as bench_query_match has them. */
static void make_event(struct event *e, struct arena *a, struct rng *r)
{
    static const char *const processes[] = {"curl", "sshd", "filebeat", "firefox", "nginx"};
    struct ip source = ip_from_v4((uint8_t[4]){10, 0, (uint8_t)rng_below(r, 256), 7});
    struct ip destination = ip_from_v4((uint8_t[4]){(uint8_t)rng_below(r, 224), 1, 2, 3});
    char host[20];
    bool network = rng_below(r, 2) == 0;
    snprintf(host, sizeof host, "host-%u", (unsigned)rng_below(r, HOSTS));
    event_init(e, a, 0);
    event_set_text(e, EVENT_F_AGENT_TYPE, "packetbeat");
    event_set_text(e, EVENT_F_DATA_STREAM_DATASET, "network_traffic.flow");
    event_set_text(e, EVENT_F_DATA_STREAM_NAMESPACE, "default");
    event_set_text(e, EVENT_F_DATA_STREAM_TYPE, "logs");
    event_set_i64(e, EVENT_F_DESTINATION_BYTES, (int64_t)rng_below(r, 100000));
    event_set_ip(e, EVENT_F_DESTINATION_IP, &destination);
    event_set_i64(e, EVENT_F_DESTINATION_PORT, (int64_t)rng_below(r, 1024));
    event_set_text(e, EVENT_F_DESTINATION_GEO_COUNTRY_ISO_CODE, "DE");
    event_set_text(e, EVENT_F_EVENT_ACTION, "network_flow");
    event_set_text(e, EVENT_F_EVENT_CATEGORY, network ? "network" : "process");
    event_set_text(e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    event_set_text(e, EVENT_F_EVENT_KIND, "event");
    event_set_text(e, EVENT_F_EVENT_TYPE, rng_below(r, 2) == 0 ? "start" : "end");
    event_set_text(e, EVENT_F_HOST_NAME, host);
    event_set_text(e, EVENT_F_NETWORK_DIRECTION, "outbound");
    event_set_text(e, EVENT_F_NETWORK_TRANSPORT, "tcp");
    event_set_text(e, EVENT_F_PROCESS_NAME, processes[rng_below(r, 5)]);
    event_set_i64(e, EVENT_F_SOURCE_BYTES, (int64_t)rng_below(r, 100000));
    event_set_ip(e, EVENT_F_SOURCE_IP, &source);
    event_set_i64(e, EVENT_F_SOURCE_PORT, (int64_t)rng_below(r, 65536));
    event_set_text(e, EVENT_F_MESSAGE, "a flow of some bytes ended without an error");
}

static const struct {
    const char *name;
    const char *text;
} cases[] = {
    {"event", "network where destination.port > 900 and process.name : \"cu*\""},
    {"event_function", "network where length(process.name) > 4 and source.bytes / 2 > 40000"},
    {"sequence_by", "sequence by host.name with maxspan=1m "
                    "[process where event.type == \"start\" and process.name : \"curl\"] "
                    "[network where destination.port > 900] "
                    "[process where event.type == \"end\" and process.name : \"curl\"]"},
    {"sequence_dense", "sequence by host.name with maxspan=1m [process where true] "
                       "[network where true] [process where true]"},
    {"sequence_missing", "sequence by host.name with maxspan=1m "
                         "[process where event.type == \"start\" and process.name : \"curl\"] "
                         "![process where event.type == \"end\" and process.name : \"curl\"] "
                         "[network where destination.port > 900]"},
    {"sample_by", "sample by host.name [process where event.type == \"start\"] "
                  "[network where destination.port > 900]"},
};

static void count(void *ctx, const struct eql_found *found)
{
    (void)found;
    ++*(uint64_t *)ctx;
}

int main(void)
{
    struct arena a;
    struct rng r;
    static struct event events[EVENTS];
    static const char document[600];
    arena_init(&a, 0);
    rng_init(&r, 1);
    for (int i = 0; i < EVENTS; i++)
        make_event(&events[i], &a, &r);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct eql *q;
        struct err_text why;
        uint64_t found = 0;
        if (eql_parse(cases[c].text, strlen(cases[c].text), NULL, &q, &why) != ERR_NONE) {
            fprintf(stderr, "%s\n", why.message);
            return 1;
        }
        struct eql_matcher *m = eql_matcher_new(
            q, &(struct eql_matcher_options){.bytes = BUDGET, .sink = count, .ctx = &found});
        if (m == NULL)
            return 1;
        ts_ns time = 0, from = clock_cpu();
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < EVENTS; i++)
                eql_matcher_feed(m, &events[i], time += 10 * TIME_MS,
                                 bytes_make(document, sizeof document));
        }
        double ns = (double)(clock_cpu() - from), n = (double)EVENTS * ROUNDS;
        struct eql_counts counts = eql_matcher_counts(m);
        printf("{\"bench\":\"eql\",\"case\":\"%s\",\"events\":%.0f,\"found\":%llu,\"peak_bytes\":"
               "%llu,\"ns_per_event\":%.1f,\"events_per_s\":%.0f}\n",
               cases[c].name, n, (unsigned long long)found, (unsigned long long)counts.peak, ns / n,
               n / ns * 1e9);
        eql_matcher_free(m);
        eql_free(q);
    }
    arena_release(&a);
    return 0;
}
