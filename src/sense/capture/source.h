#ifndef CAPTURE_SOURCE_H
#define CAPTURE_SOURCE_H

/*
 * The bytes of a file in order, decompressed on the way when it is gzip or zstd.
 *
 * Reads large pieces into one buffer and shows them there: whoever parses a record asks for as many
 * bytes in a row as it needs, and moves on.
 *
 * Ownership: capture_source_open() makes the source and takes the descriptor.
 * Threads:   one owner.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

#define CAPTURE_SOURCE_PEEK_MAX ((size_t)17 * 1024 * 1024)

struct capture_source {
    const uint8_t *p; /* next byte */
    size_t left;      /* bytes that are in the buffer from there */
    struct capture_source_inner *inner;
};

/* The descriptor is closed by capture_source_close(), and also when this fails. */
enum err capture_source_open(int fd, struct bytes head, struct capture_source *out) ERR_MUST_CHECK;
void capture_source_close(struct capture_source *s); /* a zeroed source is fine */

/*
 * Reads on until n ≤ CAPTURE_SOURCE_PEEK_MAX bytes are in the buffer. ERR_END when the file ends
 * before (what there is, is in the buffer); ERR_IO, ERR_MEMORY; ERR_FORMAT when the compressed data
 * is damaged.
 */
enum err capture_source_fill(struct capture_source *s, size_t n) ERR_MUST_CHECK;

static inline enum err capture_source_need(struct capture_source *s, size_t n)
{
    return s->left >= n ? ERR_NONE : capture_source_fill(s, n);
}

/* n ≤ left. */
static inline void capture_source_skip(struct capture_source *s, size_t n)
{
    s->p += n;
    s->left -= n;
}

/* Passes over n bytes however many there are. As capture_source_fill(). */
enum err capture_source_pass(struct capture_source *s, uint64_t n) ERR_MUST_CHECK;

/* Bytes read from the descriptor so far, compressed. */
uint64_t capture_source_consumed(const struct capture_source *s);
/* The compressed data ended in its middle. */
bool capture_source_cut(const struct capture_source *s);

#endif
