/* SPDX-License-Identifier: Apache-2.0 */
/* Flow events as NDJSON: how many a second one core reads and writes. */
#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/rng.h"
#include "event/json.h"
#include "format/json.h"

#include <stdio.h>
#include <string.h>

#define LINES 20000
#define ROUNDS 10

static void make_line(struct buf *b, struct rng *r, int i)
{
    buf_format(
        b,
        "{\"@timestamp\":\"2024-01-31T10:%02d:%02d.%03dZ\",\"agent\":{\"type\":\"packetbeat\"},"
        "\"destination\":{\"bytes\":%d,\"ip\":\"203.0.113.%d\",\"packets\":%d,\"port\":443},"
        "\"event\":{\"action\":\"network_flow\",\"category\":[\"network\"],"
        "\"dataset\":\"network_traffic.flow\",\"duration\":%d,"
        "\"end\":\"2024-01-31T10:21:30.123Z\",\"kind\":\"event\","
        "\"start\":\"2024-01-31T10:20:30.123Z\",\"type\":[\"connection\"]},"
        "\"flow\":{\"final\":true,\"id\":\"EAT//////////%08x\"},"
        "\"network\":{\"bytes\":%d,\"community_id\":\"1:LQU9qZlK+B5F3KDmev6m5PMibrg=\","
        "\"direction\":\"outbound\",\"packets\":%d,\"transport\":\"tcp\",\"type\":\"ipv4\"},"
        "\"source\":{\"bytes\":%d,\"ip\":\"10.0.%d.%d\",\"packets\":%d,\"port\":%d}}\n",
        i / 60 % 60, i % 60, i % 1000, (int)rng_below(r, 100000), (int)rng_below(r, 256),
        (int)rng_below(r, 100), (int)rng_below(r, 1000000000), i, (int)rng_below(r, 100000),
        (int)rng_below(r, 200), (int)rng_below(r, 100000), (int)rng_below(r, 256),
        (int)rng_below(r, 256), (int)rng_below(r, 100), (int)(1024 + rng_below(r, 60000)));
}

static void report(const char *name, uint64_t events, size_t bytes, ts_ns spent)
{
    double s = (double)spent / 1e9;
    printf("{\"bench\":\"event_json\",\"case\":\"%s\",\"events\":%llu,\"bytes\":%zu,"
           "\"seconds\":%.3f,\"events_per_s\":%.0f,\"mb_per_s\":%.0f}\n",
           name, (unsigned long long)events, bytes, s, (double)events / s, (double)bytes / s / 1e6);
}

int main(int argc, char **argv)
{
    struct buf text;
    struct buf out;
    struct arena arena;
    struct event e;
    struct rng r;
    rng_init(&r, 1);
    buf_init(&text);
    buf_init(&out);
    arena_init(&arena, 0);
    for (int i = 0; i < LINES; i++)
        make_line(&text, &r, i);
    size_t n = text.n;
    buf_reserve(&text, FORMAT_JSON_PADDING);
    struct event_json *reader = event_json_new();
    struct format_json *parser = format_json_new();
    for (int kind = 0; kind < 3; kind++) {
        static const char *const names[] = {"parse", "read", "read_write"};
        uint64_t fields = 0;
        if (argc > 1 && strcmp(argv[1], names[kind]) != 0)
            continue;
        ts_ns from = clock_cpu();
        for (int round = 0; round < ROUNDS; round++) {
            const char *end = text.p + n;
            for (const char *p = text.p; p < end;) {
                const char *nl = memchr(p, '\n', (size_t)(end - p));
                size_t len = (size_t)(nl - p);
                if (kind == 0) {
                    fields += format_json_parse_padded(parser, p, len, NULL) == ERR_NONE;
                } else {
                    arena_clear(&arena);
                    if (event_json_read(reader, p, len, true, &arena, &e, NULL) == ERR_NONE)
                        fields += e.n;
                    if (kind == 2) {
                        buf_clear(&out);
                        event_json_write(&e, &out);
                    }
                }
                p = nl + 1;
            }
        }
        report(names[kind], (uint64_t)LINES * ROUNDS, n * ROUNDS, clock_cpu() - from);
        if (fields == 0)
            return 1;
    }
    format_json_free(parser);
    event_json_free(reader);
    arena_release(&arena);
    buf_release(&out);
    buf_release(&text);
    return 0;
}
