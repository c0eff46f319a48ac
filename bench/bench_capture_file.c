/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading capture files alone: bench_capture_file [FILE [ROUNDS]]. Without a file, one of small and
 * large packets is made in memory.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "base/rng.h"
#include "capture/file.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PACKETS 2000000u
#define SEED 1

/* Reads all packets, touching each; gives the processor time it took. */
static ts_ns read_all(struct capture_file *f, uint64_t *packets, uint64_t *bytes)
{
    struct capture_packet p;
    struct err_text why;
    uint64_t sum = 0;
    ts_ns begin = clock_cpu();
    while (capture_file_next(f, &why, &p) == ERR_NONE) {
        sum += p.data.n > 12 ? p.data.p[12] : 0;
        *bytes += p.data.n;
        (*packets)++;
    }
    ts_ns took = clock_cpu() - begin;
    return sum == UINT64_MAX ? 0 : took;
}

static void report(const char *name, struct capture_file *f)
{
    uint64_t packets = 0, bytes = 0;
    double s = (double)read_all(f, &packets, &bytes) / 1e9;
    printf("{\"bench\":\"capture_file\",\"case\":\"%s\",\"packets\":%llu,\"seconds\":%.4f,"
           "\"packets_per_s\":%.0f,\"bytes_per_s\":%.0f,\"ns_per_packet\":%.1f}\n",
           name, (unsigned long long)packets, s, (double)packets / s, (double)bytes / s,
           s * 1e9 / (double)packets);
    capture_file_close(f);
}

static void put32(uint8_t **p, uint32_t v)
{
    memcpy(*p, &v, 4);
    *p += 4;
}

/* A pcap file, or the same packets as pcapng; the descriptor stands at its beginning. */
static int make_file(bool ng)
{
    static const uint32_t section[7] = {0x0a0d0d0a, 28, 0x1a2b3c4d, 1, UINT32_MAX, UINT32_MAX, 28};
    static const uint32_t interface[5] = {1, 20, 1, 0, 20};
    static const uint32_t pcap[6] = {0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1};
    size_t room = (size_t)PACKETS * 1100;
    uint8_t *bytes = mem_zero(1, room);
    char path[] = "/tmp/weir-bench-XXXXXX";
    int fd = bytes != NULL ? mkstemp(path) : -1;
    if (fd < 0)
        return -1;
    unlink(path);
    uint8_t *p = bytes;
    memcpy(p, ng ? section : pcap, ng ? 28 : 24);
    p += ng ? 28 : 24;
    if (ng)
        memcpy(p, interface, 20);
    p += ng ? 20 : 0;
    struct rng r;
    rng_init(&r, SEED);
    for (uint32_t i = 0; i < PACKETS; i++) {
        uint32_t n = rng_below(&r, 2) ? 60 : (uint32_t)(60 + rng_below(&r, 1000)) & ~3u;
        if (ng) {
            put32(&p, 6);
            put32(&p, n + 32);
            put32(&p, 0);
        }
        put32(&p, i >> 10);
        put32(&p, i);
        put32(&p, n);
        put32(&p, n);
        p += n;
        if (ng)
            put32(&p, n + 32);
    }
    size_t left = (size_t)(p - bytes);
    const uint8_t *from = bytes;
    while (left > 0) {
        ssize_t n = write(fd, from, left);
        if (n <= 0)
            break;
        from += n;
        left -= (size_t)n;
    }
    mem_free(bytes);
    lseek(fd, 0, SEEK_SET);
    return fd;
}

int main(int argc, char **argv)
{
    struct err_text why;
    struct capture_file *f;
    int rounds = argc > 2 ? atoi(argv[2]) : 1;
    for (int i = 0; argc > 1 && i < rounds; i++) {
        if (capture_file_open(argv[1], NULL, &why, &f) != ERR_NONE) {
            fprintf(stderr, "bench_capture_file: %s\n", why.message);
            return 1;
        }
        report("file", f);
    }
    for (int ng = 0; argc < 2 && ng <= 1; ng++) {
        int fd = make_file(ng == 1);
        if (fd < 0 ||
            capture_file_open_fd(fd, bytes_make(NULL, 0), "made", NULL, &why, &f) != ERR_NONE)
            return 1;
        report(ng ? "pcapng" : "pcap", f);
    }
    return 0;
}
