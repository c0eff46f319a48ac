#ifndef TESTS_SENSE_PROTO_HELLOS_H
#define TESTS_SENSE_PROTO_HELLOS_H

/* Hello messages made by hand, without their four bytes of handshake header. */

#include "sense/frames.h"

/* Vectors whose length is filled in when they are complete. */
static inline size_t begin16(struct frame *f)
{
    put16(f, 0);
    return f->n;
}

static inline void end16(struct frame *f, size_t start)
{
    f->b[start - 2] = (uint8_t)((f->n - start) >> 8);
    f->b[start - 1] = (uint8_t)(f->n - start);
}

static inline void put_extension(struct frame *f, unsigned type, const char *hex)
{
    put16(f, type);
    size_t at = begin16(f);
    put_hex(f, hex);
    end16(f, at);
}

/* Version, random, session, ciphers (hex), and the null compression; extensions follow. */
static inline void put_client_start(struct frame *f, unsigned version, const char *session,
                                    const char *ciphers)
{
    put16(f, version);
    put_ramp(f, 1, 32);
    put8(f, (unsigned)strlen(session) / 2);
    put_hex(f, session);
    size_t at = begin16(f);
    put_hex(f, ciphers);
    end16(f, at);
    put_hex(f, "0100");
}

static inline void put_server_start(struct frame *f, unsigned version, const char *session,
                                    unsigned cipher)
{
    put16(f, version);
    put_ramp(f, 100, 32);
    put8(f, (unsigned)strlen(session) / 2);
    put_hex(f, session);
    put16(f, cipher);
    put8(f, 0);
}

#endif
