/* SPDX-License-Identifier: Apache-2.0 */
/* The flow table alone: decoded packets in, flow events out to a sink that only counts. */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "decode/packet.h"
#include "event/event.h"
#include "flow/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PACKETS 4000000u
#define SEED 1

struct load {
    const char *name;
    uint32_t flows; /* different conversations at a time */
    uint32_t burst; /* packets of one conversation in a row */
    ts_ns step_ns;  /* between packets */
    bool fresh;     /* each burst is a conversation never seen before */
    uint32_t max_flows;
};

static void count(void *ctx, struct event *e)
{
    *(uint64_t *)ctx += e->n;
}

static void make(struct decode_packet *p, uint64_t conversation, uint32_t turn, ts_ns ts)
{
    uint64_t h = hash_mix(conversation * 0x9e3779b97f4a7c15U + 1);
    uint8_t client[4] = {10, (uint8_t)(h >> 8), (uint8_t)(h >> 16), (uint8_t)(h >> 24)};
    uint8_t server[4] = {192, 0, 2, (uint8_t)h};
    struct ip a = ip_from_v4(client), b = ip_from_v4(server);
    bool back = (turn & 1) != 0;
    p->ts = ts;
    p->src = back ? b : a;
    p->dst = back ? a : b;
    p->src_port = back ? 443 : (uint16_t)(1024 + (h >> 32) % 60000);
    p->dst_port = back ? (uint16_t)(1024 + (h >> 32) % 60000) : 443;
    p->payload_len = back ? 1400 : 100;
    p->ip_len = p->payload_len + 40;
    if (p->proto == DECODE_PROTO_TCP) {
        p->tcp.flags = turn == 0 ? DECODE_TCP_SYN : DECODE_TCP_ACK;
        p->tcp.seq = turn * 1400;
    }
}

static int run(const struct load *load, uint8_t proto)
{
    struct flow_table_settings s = flow_table_settings_default();
    s.max_flows = load->max_flows;
    uint64_t fields = 0;
    struct flow_table *t;
    if (flow_table_new(&s, count, &fields, NULL, &t) != ERR_NONE)
        return 1;
    struct rng r;
    rng_init(&r, SEED);
    struct decode_packet p = {.packets = 1, .ip_version = 4, .proto = proto, .has_ports = true};
    p.tcp.header_len = 20;
    uint64_t conversation = 0;
    ts_ns ts = 1700000000 * TIME_S;
    ts_ns make_only = clock_steady();
    for (uint32_t i = 0; i < PACKETS; i++) {
        if (i % load->burst == 0)
            conversation = load->fresh ? i : rng_below(&r, load->flows);
        make(&p, conversation, i % load->burst, ts);
        __asm__ volatile("" : : "r"(&p) : "memory");
    }
    ts_ns begin = clock_steady();
    make_only = begin - make_only;
    rng_init(&r, SEED);
    for (uint32_t i = 0; i < PACKETS; i++) {
        if (i % load->burst == 0)
            conversation = load->fresh ? i : rng_below(&r, load->flows);
        make(&p, conversation, i % load->burst, ts + i * load->step_ns);
        flow_table_packet(t, &p);
    }
    double ns = (double)(clock_steady() - begin - make_only) / PACKETS;
    struct flow_counters c = flow_table_counters(t);
    printf("{\"bench\":\"flow_table\",\"case\":\"%s\",\"packets\":%u,\"ns_per_packet\":%.1f,"
           "\"packets_per_s\":%.0f,\"flows\":%zu,\"events\":%llu,\"evicted\":%llu,"
           "\"table_bytes\":%zu,\"seed\":%d}\n",
           load->name, PACKETS, ns, 1e9 / ns, flow_table_count(t), (unsigned long long)c.reports,
           (unsigned long long)c.ended[FLOW_END_EVICTED], flow_table_bytes(t), SEED);
    fflush(stdout);
    flow_table_free(t);
    return 0;
}

int main(void)
{
    static const struct load loads[] = {
        {"tcp_1k_flows", 1000, 1, 1000, false, 1000000},
        {"tcp_100k_flows", 100000, 1, 1000, false, 1000000},
        {"tcp_1m_flows", 1000000, 1, 1000, false, 1000000},
        {"tcp_bursts_100k_flows", 100000, 10, 1000, false, 1000000},
        {"udp_question_answer", 0, 2, 20000, true, 1000000},
        {"udp_flood_of_sources", 0, 1, 500, true, 100000},
    };
    for (size_t i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
        if (run(&loads[i], loads[i].name[0] == 't' ? DECODE_PROTO_TCP : DECODE_PROTO_UDP) != 0)
            return 1;
    return 0;
}
