/* SPDX-License-Identifier: Apache-2.0 */
/* The queries of public datafeeds and rules on flow events: how many a second one core answers. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "event/event.h"
#include "query/query.h"

#include <stdio.h>
#include <string.h>

#define EVENTS 2000
#define ROUNDS 200

static void make_event(struct event *e, struct arena *a, struct rng *r)
{
    static const char *const processes[] = {"curl", "sshd", "filebeat", "firefox", "nginx"};
    struct ip source = ip_from_v4((uint8_t[4]){10, 0, (uint8_t)rng_below(r, 256), 7});
    struct ip destination = ip_from_v4((uint8_t[4]){(uint8_t)rng_below(r, 224), 1, 2, 3});
    event_init(e, a, 1709209815 * TIME_S);
    event_set_text(e, EVENT_F_AGENT_TYPE, "packetbeat");
    event_set_text(e, EVENT_F_DATA_STREAM_DATASET, "network_traffic.flow");
    event_set_text(e, EVENT_F_DATA_STREAM_NAMESPACE, "default");
    event_set_text(e, EVENT_F_DATA_STREAM_TYPE, "logs");
    event_set_i64(e, EVENT_F_DESTINATION_BYTES, (int64_t)rng_below(r, 100000));
    event_set_ip(e, EVENT_F_DESTINATION_IP, &destination);
    event_set_i64(e, EVENT_F_DESTINATION_PORT, (int64_t)rng_below(r, 1024));
    event_set_text(e, EVENT_F_DESTINATION_GEO_COUNTRY_ISO_CODE, "DE");
    event_set_text(e, EVENT_F_EVENT_ACTION, "network_flow");
    event_set_text(e, EVENT_F_EVENT_CATEGORY, "network");
    event_set_text(e, EVENT_F_EVENT_DATASET, "network_traffic.flow");
    event_set_text(e, EVENT_F_EVENT_KIND, "event");
    event_set_text(e, EVENT_F_EVENT_TYPE, "connection");
    event_set_text(e, EVENT_F_HOST_NAME, "gate");
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
    const char *language;
    const char *text;
} cases[] = {
    {"ded_datafeed", "dsl",
     "{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}},{\"exists\":{\"field\":"
     "\"source.bytes\"}},{\"exists\":{\"field\":\"destination.port\"}}]}}"},
    {"network_datafeed", "dsl",
     "{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}}],\"must_not\":[{\"terms\":"
     "{\"process.name\":[\"elastic-agent.exe\",\"elastic-agent\",\"metricbeat.exe\",\"metricbeat\","
     "\"filebeat.exe\",\"filebeat\",\"packetbeat.exe\",\"packetbeat\"]}}]}}"},
    {"reserved_nets", "dsl",
     "{\"bool\":{\"must_not\":[{\"terms\":{\"destination.ip\":[\"0.0.0.0/8\",\"10.0.0.0/8\","
     "\"100.64.0.0/10\",\"127.0.0.0/8\",\"169.254.0.0/16\",\"172.16.0.0/12\",\"192.0.0.0/24\","
     "\"192.168.0.0/16\",\"198.18.0.0/15\",\"224.0.0.0/4\",\"240.0.0.0/4\"]}}]}}"},
    {"kql_rule", "kuery",
     "event.category:network and destination.port >= 1000 and not (process.name:(curl or wget) or "
     "source.ip:192.168.0.0/16)"},
    {"wildcard", "kuery", "event.dataset:network_traffic.* and process.name:*box"},
    {"regexp", "lucene", "process.name:/(cu|n).*[lx]/"},
    {"phrase", "kuery", "message:\"without an error\""},
    {"any_field", "kuery", "nothing"},
};

int main(void)
{
    struct arena a;
    struct rng r;
    static struct event events[EVENTS];
    arena_init(&a, 0);
    rng_init(&r, 1);
    for (int i = 0; i < EVENTS; i++)
        make_event(&events[i], &a, &r);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct query *q;
        struct err_text why;
        const char *text = cases[c].text;
        enum err e = strcmp(cases[c].language, "dsl") == 0
                         ? query_parse_json(text, strlen(text), "bench", 0, &q, &why)
                         : query_parse_language(cases[c].language, text, strlen(text), 0, &q, &why);
        if (e != ERR_NONE) {
            fprintf(stderr, "%s\n", why.message);
            return 1;
        }
        uint64_t hits = 0;
        ts_ns from = clock_cpu();
        for (int round = 0; round < ROUNDS; round++) {
            for (int i = 0; i < EVENTS; i++)
                hits += query_match(q, &events[i]);
        }
        double ns = (double)(clock_cpu() - from);
        double n = (double)EVENTS * ROUNDS;
        printf("{\"bench\":\"query_match\",\"case\":\"%s\",\"events\":%.0f,\"hits\":%.3f,"
               "\"ns_per_event\":%.1f,\"events_per_s\":%.0f}\n",
               cases[c].name, n, (double)hits / n, ns / n, n / ns * 1e9);
        query_free(q);
    }
    arena_release(&a);
    return 0;
}
