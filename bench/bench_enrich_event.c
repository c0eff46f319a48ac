/* SPDX-License-Identifier: Apache-2.0 */
/* Flow and DNS events enriched: how many a second one core does, with few and with many peers. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/rng.h"
#include "enrich/enrich.h"
#include "event/event.h"

#include <stdio.h>

#define BATCH 1000
#define ROUNDS 200

static void make_event(struct event *e, struct arena *a, struct rng *r, uint64_t peers, bool dns)
{
    struct ip source = ip_from_v4((uint8_t[4]){10, 0, (uint8_t)rng_below(r, 4), 7});
    uint64_t peer = hash_mix(rng_below(r, peers) + 1);
    struct ip destination = ip_from_v4((uint8_t[4]){(uint8_t)(1 + peer % 223), (uint8_t)(peer >> 8),
                                                    (uint8_t)(peer >> 16), (uint8_t)(peer >> 24)});
    event_init(e, a, 1709209815 * TIME_S);
    event_set_text(e, EVENT_F_AGENT_TYPE, "packetbeat");
    event_set_text(e, EVENT_F_EVENT_CATEGORY, "network");
    event_set_ip(e, EVENT_F_SOURCE_IP, &source);
    event_set_i64(e, EVENT_F_SOURCE_PORT, (int64_t)rng_below(r, 65536));
    event_set_i64(e, EVENT_F_SOURCE_BYTES, (int64_t)rng_below(r, 65536));
    event_set_ip(e, EVENT_F_DESTINATION_IP, &destination);
    event_set_i64(e, EVENT_F_DESTINATION_PORT, 443);
    event_set_text(e, EVENT_F_NETWORK_TRANSPORT, "tcp");
    event_set_text(e, EVENT_F_HOST_NAME, "gate");
    if (dns) {
        char name[64];
        int n = snprintf(name, sizeof name, "h%llu.cdn.example.co.uk",
                         (unsigned long long)rng_below(r, 100000));
        event_set_str(e, EVENT_F_DNS_QUESTION_NAME, name, (size_t)n);
    }
}

int main(void)
{
    static const struct {
        const char *name;
        uint64_t peers;
        bool dns;
    } cases[] = {{"flow_100_peers", 100, false},
                 {"flow_1000000_peers", 1000000, false},
                 {"dns_100_peers", 100, true}};
    static struct event events[BATCH];
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        struct enrich_config config = {0};
        struct enrich *x;
        struct err_text why;
        struct arena a;
        struct rng r;
        if (enrich_new(&config, &x, &why) != ERR_NONE) {
            fprintf(stderr, "%s\n", why.message);
            return 1;
        }
        arena_init(&a, 0);
        rng_init(&r, 1);
        ts_ns spent = 0;
        for (int round = 0; round < ROUNDS; round++) {
            arena_clear(&a);
            for (int i = 0; i < BATCH; i++)
                make_event(&events[i], &a, &r, cases[c].peers, cases[c].dns);
            ts_ns from = clock_cpu();
            for (int i = 0; i < BATCH; i++)
                enrich_event(x, &events[i]);
            spent += clock_cpu() - from;
        }
        struct enrich_counts counts = enrich_counts(x);
        double ns = (double)spent, n = (double)BATCH * ROUNDS;
        printf("{\"bench\":\"enrich_event\",\"case\":\"%s\",\"events\":%.0f,\"ns_per_event\":%.0f,"
               "\"events_per_s\":%.0f,\"geo_lookups\":%llu,\"geo_cached\":%llu}\n",
               cases[c].name, n, ns / n, n / ns * 1e9, (unsigned long long)counts.geo_lookups,
               (unsigned long long)counts.geo_cached);
        enrich_free(x);
        arena_release(&a);
    }
    return 0;
}
