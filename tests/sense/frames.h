#ifndef TESTS_SENSE_FRAMES_H
#define TESTS_SENSE_FRAMES_H

/* Packets made by hand: each function appends a header; lengths are given, not patched. */

#include "base/bytes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct frame {
    size_t n;
    uint8_t b[70000];
};

static inline void put_bytes(struct frame *f, const void *p, size_t n)
{
    assert(f->n + n <= sizeof(f->b));
    if (n > 0)
        memcpy(f->b + f->n, p, n);
    f->n += n;
}

static inline void put8(struct frame *f, unsigned v)
{
    uint8_t b = (uint8_t)v;
    put_bytes(f, &b, 1);
}

static inline void put16(struct frame *f, unsigned v)
{
    put8(f, v >> 8);
    put8(f, v);
}

static inline void put32(struct frame *f, uint32_t v)
{
    put16(f, v >> 16);
    put16(f, v & 0xffff);
}

static inline void put_zeros(struct frame *f, size_t n)
{
    while (n-- > 0)
        put8(f, 0);
}

static inline void put_text(struct frame *f, const char *s)
{
    put_bytes(f, s, strlen(s));
}

/* Bytes counting up from a start, so that each place differs from its neighbours. */
static inline void put_ramp(struct frame *f, unsigned start, size_t n)
{
    for (size_t i = 0; i < n; i++)
        put8(f, start + (unsigned)i);
}

static inline void put_eth(struct frame *f, unsigned type)
{
    put_bytes(f, "\x02\x00\x00\x00\x00\x0b", 6); /* to */
    put_bytes(f, "\x02\x00\x00\x00\x00\x0a", 6); /* from */
    put16(f, type);
}

/* 10.0.0.1 to 10.0.0.2; fragment is flags and offset as on the wire. */
static inline void put_ip4(struct frame *f, unsigned proto, size_t payload_n, unsigned id,
                           unsigned fragment)
{
    put16(f, 0x4500);
    put16(f, (unsigned)(20 + payload_n));
    put16(f, id);
    put16(f, fragment);
    put8(f, 64);
    put8(f, proto);
    put16(f, 0);
    put_bytes(f, "\x0a\x00\x00\x01", 4);
    put_bytes(f, "\x0a\x00\x00\x02", 4);
}

/* 2001:db8::1 to 2001:db8::2. */
static inline void put_ip6(struct frame *f, unsigned next, size_t payload_n)
{
    put32(f, 0x60000000);
    put16(f, (unsigned)payload_n);
    put8(f, next);
    put8(f, 63);
    for (unsigned last = 1; last <= 2; last++) {
        put32(f, 0x20010db8);
        put_zeros(f, 11);
        put8(f, last);
    }
}

static inline void put_udp(struct frame *f, unsigned src, unsigned dst, size_t payload_n)
{
    put16(f, src);
    put16(f, dst);
    put16(f, (unsigned)(8 + payload_n));
    put16(f, 0);
}

static inline void put_tcp(struct frame *f, unsigned src, unsigned dst, uint32_t seq,
                           unsigned flags)
{
    put16(f, src);
    put16(f, dst);
    put32(f, seq);
    put32(f, 0x01020304);
    put8(f, 5 << 4);
    put8(f, flags);
    put16(f, 8192);
    put32(f, 0);
}

/* An exact heap copy, so that sanitizers see the first byte read past the end. */
static inline struct bytes frame_copy(const uint8_t *p, size_t n)
{
    uint8_t *copy = malloc(n > 0 ? n : 1);
    assert(copy != NULL);
    if (n > 0)
        memcpy(copy, p, n);
    return bytes_make(copy, n);
}

static inline void frame_drop(struct bytes b)
{
    free((void *)(uintptr_t)b.p);
}

/* "0a0b 0c": blanks are passed over. */
static inline void put_hex(struct frame *f, const char *hex)
{
    unsigned v = 0;
    unsigned digits = 0;
    for (; *hex != '\0'; hex++) {
        if (*hex == ' ' || *hex == '\n')
            continue;
        v = v << 4 | (unsigned)(*hex <= '9' ? *hex - '0' : (*hex | 0x20) - 'a' + 10);
        if (++digits % 2 == 0)
            put8(f, v & 0xff);
    }
}

#endif
