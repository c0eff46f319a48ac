#ifndef TESTS_SENSE_PROTO_DER_H
#define TESTS_SENSE_PROTO_DER_H

/* DER elements made by hand: begin one, put its body, end it. */

#include "sense/frames.h"

static inline size_t der_begin(struct frame *f, unsigned tag)
{
    put8(f, tag);
    return f->n;
}

/* Puts the length in front of the body. */
static inline void der_end(struct frame *f, size_t start)
{
    size_t n = f->n - start;
    size_t room = n < 0x80 ? 1 : n < 0x100 ? 2 : 3;
    put_zeros(f, room);
    memmove(f->b + start + room, f->b + start, n);
    if (room == 1) {
        f->b[start] = (uint8_t)n;
    } else {
        f->b[start] = (uint8_t)(0x80 + room - 1);
        for (size_t i = 1; i < room; i++)
            f->b[start + i] = (uint8_t)(n >> (8 * (room - 1 - i)));
    }
}

static inline void der_put(struct frame *f, unsigned tag, const char *hex)
{
    size_t start = der_begin(f, tag);
    put_hex(f, hex);
    der_end(f, start);
}

static inline void der_text(struct frame *f, unsigned tag, const char *text)
{
    size_t start = der_begin(f, tag);
    put_text(f, text);
    der_end(f, start);
}

/* SET { SEQUENCE { OID, value } }, the value as hex with its tag and length. */
static inline void der_attribute(struct frame *f, const char *oid, const char *value)
{
    size_t set = der_begin(f, 0x31);
    size_t sequence = der_begin(f, 0x30);
    der_put(f, 6, oid);
    put_hex(f, value);
    der_end(f, sequence);
    der_end(f, set);
}

#endif
