#ifndef BASE_BYTES_H
#define BASE_BYTES_H

/*
 * Foreign bytes, read through a bounded cursor.
 *
 * Every parser of wire or disk bytes uses a cursor. A read past the end returns zero and sets a
 * failure that stays set, so that a parser may read a whole header and ask once whether it was
 * there.
 *
 * Ownership: views only; the bytes belong to somebody else.
 * Threads:   a cursor has one owner.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};

struct cursor {
    const uint8_t *p; /* next byte */
    size_t left;
    bool failed; /* sticky */
};

static inline struct bytes bytes_make(const void *p, size_t n)
{
    return (struct bytes){p, n};
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline struct cursor cursor_make(const void *p, size_t n)
{
    return (struct cursor){p, n, false};
}

static inline struct cursor cursor_of(struct bytes b)
{
    return cursor_make(b.p, b.n);
}

static inline bool cursor_ok(const struct cursor *c)
{
    return !c->failed;
}

/* n bytes from the cursor, which moves past them; {NULL, 0} and failure when they are not there. */
static inline struct bytes cursor_take(struct cursor *c, size_t n)
{
    if (c->failed || n > c->left) {
        c->failed = true;
        c->left = 0;
        return (struct bytes){NULL, 0};
    }
    struct bytes b = {c->p, n};
    c->p += n;
    c->left -= n;
    return b;
}

static inline void cursor_skip(struct cursor *c, size_t n)
{
    (void)cursor_take(c, n);
}

/* A cursor over the next n bytes; this one moves past them. Failed when they are not there. */
static inline struct cursor cursor_sub(struct cursor *c, size_t n)
{
    struct bytes b = cursor_take(c, n);
    return (struct cursor){b.p, b.n, c->failed};
}

static inline struct bytes cursor_rest(const struct cursor *c)
{
    return (struct bytes){c->p, c->left};
}

static inline uint8_t cursor_u8(struct cursor *c)
{
    struct bytes b = cursor_take(c, 1);
    return b.p != NULL ? b.p[0] : 0;
}

static inline uint16_t cursor_be16(struct cursor *c)
{
    struct bytes b = cursor_take(c, 2);
    return b.p != NULL ? (uint16_t)((unsigned)b.p[0] << 8 | b.p[1]) : 0;
}

static inline uint32_t cursor_be24(struct cursor *c)
{
    struct bytes b = cursor_take(c, 3);
    return b.p != NULL ? (uint32_t)b.p[0] << 16 | (uint32_t)b.p[1] << 8 | b.p[2] : 0;
}

static inline uint32_t cursor_be32(struct cursor *c)
{
    struct bytes b = cursor_take(c, 4);
    if (b.p == NULL)
        return 0;
    return (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3];
}

static inline uint64_t cursor_be64(struct cursor *c)
{
    uint64_t high = cursor_be32(c);
    return high << 32 | cursor_be32(c);
}

static inline uint16_t cursor_le16(struct cursor *c)
{
    struct bytes b = cursor_take(c, 2);
    return b.p != NULL ? (uint16_t)((unsigned)b.p[1] << 8 | b.p[0]) : 0;
}

static inline uint32_t cursor_le32(struct cursor *c)
{
    struct bytes b = cursor_take(c, 4);
    if (b.p == NULL)
        return 0;
    return (uint32_t)b.p[3] << 24 | (uint32_t)b.p[2] << 16 | (uint32_t)b.p[1] << 8 | b.p[0];
}

static inline uint64_t cursor_le64(struct cursor *c)
{
    uint64_t low = cursor_le32(c);
    return (uint64_t)cursor_le32(c) << 32 | low;
}

#endif
