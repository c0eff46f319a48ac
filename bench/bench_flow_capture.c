/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture file to flow and transaction events, in one thread: bench_flow_capture FILE [ROUNDS].
 * Without a file it says so and does nothing.
 */
#include "base/clock.h"
#include "capture/file.h"
#include "decode/decoder.h"
#include "event/event.h"
#include "flow/table.h"
#include "trans/listener.h"

#include <stdio.h>
#include <stdlib.h>

struct run {
    struct flow_table *table;
    uint64_t events;
    uint64_t fields;
};

static void count(void *ctx, struct event *e)
{
    struct run *r = ctx;
    r->events++;
    r->fields += e->n;
}

static void on_packet(void *ctx, const struct decode_packet *p)
{
    struct run *r = ctx;
    flow_table_packet(r->table, p);
}

static int run(const char *path, bool transactions)
{
    struct run r = {.events = 0};
    struct err_text why;
    struct capture_file *file;
    struct decode_decoder *decoder;
    struct trans_listener *listener;
    struct decode_settings decode = decode_settings_default();
    struct trans_listener_settings trans = trans_listener_settings_default();
    struct flow_table_settings flow = flow_table_settings_default();
    if (capture_file_open(path, NULL, &why, &file) != ERR_NONE) {
        fprintf(stderr, "bench_flow_capture: %s\n", why.message);
        return 1;
    }
    if (decode_decoder_new(&decode, on_packet, &r, &decoder) != ERR_NONE ||
        trans_listener_new(&trans, count, &r, &listener) != ERR_NONE)
        return 1;
    struct flow_listener face = trans_listener_face(listener);
    if (flow_table_new(&flow, count, &r, transactions ? &face : NULL, &r.table) != ERR_NONE)
        return 1;
    struct capture_packet packet;
    ts_ns begin = clock_cpu();
    while (capture_file_next(file, &why, &packet) == ERR_NONE) {
        const struct decode_input in = {.ts = packet.ts,
                                        .link = packet.link,
                                        .interface = packet.interface,
                                        .wire_len = packet.wire_len,
                                        .data = packet.data};
        decode_decoder_feed(decoder, &in);
    }
    decode_decoder_flush(decoder);
    flow_table_flush(r.table);
    trans_listener_flush(listener);
    double s = (double)(clock_cpu() - begin) / 1e9;
    double packets = (double)decode_decoder_counters(decoder)->packets;
    struct flow_counters f = flow_table_counters(r.table);
    struct trans_counters t = trans_listener_counters(listener);
    printf("{\"bench\":\"flow_capture\",\"case\":\"%s\",\"packets\":%.0f,\"seconds\":%.3f,"
           "\"packets_per_s\":%.0f,\"events_per_s\":%.0f,\"flows\":%llu,\"transactions\":%llu,"
           "\"dns\":%llu,\"http\":%llu,\"tls\":%llu,\"icmp\":%llu}\n",
           transactions ? "transactions" : "flows", packets, s, packets / s, (double)r.events / s,
           (unsigned long long)f.flows, (unsigned long long)t.events, (unsigned long long)t.dns,
           (unsigned long long)t.http, (unsigned long long)t.tls, (unsigned long long)t.icmp);
    flow_table_free(r.table);
    trans_listener_free(listener);
    decode_decoder_free(decoder);
    capture_file_close(file);
    return 0;
}

int main(int argc, char **argv)
{
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    if (argc < 2) {
        printf("{\"bench\":\"flow_capture\",\"skipped\":\"no capture file was named\"}\n");
        return 0;
    }
    for (int i = 0; i < rounds; i++)
        if (run(argv[1], false) != 0 || run(argv[1], true) != 0)
            return 1;
    return 0;
}
