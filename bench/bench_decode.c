/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Headers alone: packets in memory to a sink that only counts. bench_decode [FILE]: with a file,
 * its packets are read into memory first.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "capture/file.h"
#include "decode/decoder.h"

#include <stdio.h>
#include <string.h>

#define PACKETS 4000000u
#define BYTES_MAX ((size_t)512 * 1024 * 1024)

static void count(void *ctx, const struct decode_packet *p)
{
    *(uint64_t *)ctx += p->payload_len;
}

static struct decode_decoder *make_decoder(uint64_t *sum)
{
    struct decode_settings s = decode_settings_default();
    struct decode_decoder *d;
    return decode_decoder_new(&s, count, sum, &d) == ERR_NONE ? d : NULL;
}

static void report(const char *name, double packets, ts_ns took, uint64_t sum)
{
    double s = (double)took / 1e9;
    printf("{\"bench\":\"decode\",\"case\":\"%s\",\"packets\":%.0f,\"seconds\":%.4f,"
           "\"packets_per_s\":%.0f,\"ns_per_packet\":%.1f,\"payload\":%llu}\n",
           name, packets, s, packets / s, s * 1e9 / packets, (unsigned long long)sum);
}

/* The same packet over and over, with a fragment's number changed when it has one. */
static int run(const char *name, const uint8_t *packet, size_t n, size_t id_at)
{
    uint8_t copy[256];
    uint64_t sum = 0;
    struct decode_decoder *d = make_decoder(&sum);
    if (d == NULL)
        return 1;
    memcpy(copy, packet, n);
    struct decode_input in = {.link = 1, .wire_len = (uint32_t)n, .data = bytes_make(copy, n)};
    ts_ns begin = clock_cpu();
    for (uint32_t i = 0; i < PACKETS; i++) {
        in.ts = i * TIME_US;
        if (id_at > 0)
            memcpy(copy + id_at, &i, 2);
        decode_decoder_feed(d, &in);
    }
    report(name, PACKETS, clock_cpu() - begin, sum);
    decode_decoder_free(d);
    return 0;
}

static int run_file(const char *path)
{
    struct err_text why;
    struct capture_file *f;
    if (capture_file_open(path, NULL, &why, &f) != ERR_NONE) {
        fprintf(stderr, "bench_decode: %s\n", why.message);
        return 1;
    }
    struct decode_input *list = NULL;
    size_t n = 0, cap = 0, held = 0;
    struct capture_packet p;
    while (capture_file_next(f, &why, &p) == ERR_NONE && held < BYTES_MAX) {
        uint8_t *copy = mem_alloc(p.data.n + 1);
        if (copy == NULL || mem_grow((void **)&list, &cap, n + 1, sizeof(*list)) != 0)
            return 1;
        memcpy(copy, p.data.p, p.data.n);
        held += p.data.n;
        list[n++] = (struct decode_input){
            .ts = p.ts, .link = p.link, .wire_len = p.wire_len, .data = bytes_make(copy, p.data.n)};
    }
    uint64_t sum = 0;
    struct decode_decoder *d = make_decoder(&sum);
    if (d == NULL)
        return 1;
    ts_ns begin = clock_cpu();
    for (size_t i = 0; i < n; i++)
        decode_decoder_feed(d, &list[i]);
    decode_decoder_flush(d);
    report("file", (double)n, clock_cpu() - begin, sum);
    decode_decoder_free(d);
    capture_file_close(f);
    return 0;
}

int main(int argc, char **argv)
{
    static const uint8_t v4[60] = "\2\0\0\0\0\xb\2\0\0\0\0\xa\x8\0"
                                  "\x45\0\0\x2e\0\1\0\0\x40\x11\0\0\xa\0\0\1\xa\0\0\2"
                                  "\x10\0\0\x35\0\x1a";
    static const uint8_t v6[94] = "\2\0\0\0\0\xb\2\0\0\0\0\xa\x81\0\0\7\x86\xdd"
                                  "\x60\0\0\0\0\x24\6\x40\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1"
                                  "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\2"
                                  "\x10\0\1\xbb\0\0\0\0\0\0\0\0\x80\x10\1\0";
    static const uint8_t fragment[60] = "\2\0\0\0\0\xb\2\0\0\0\0\xa\x8\0"
                                        "\x45\0\0\x2c\0\1\x20\0\x40\x11\0\0\xa\0\0\1\xa\0\0\2"
                                        "\x10\0\0\x35\0\x1a";
    if (argc > 1)
        return run_file(argv[1]);
    return run("ipv4_udp", v4, sizeof(v4), 0) || run("vlan_ipv6_tcp", v6, sizeof(v6), 0) ||
           run("fragment_flood", fragment, sizeof(fragment), 18);
}
