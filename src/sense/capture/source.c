/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/source.h"

#include "base/assert.h"
#include "base/mem.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define BUFFER_SIZE ((size_t)1024 * 1024)
#define INPUT_SIZE ((size_t)256 * 1024)

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct capture_source_inner {
    int fd;
    enum packing packing;
    bool at_end;    /* of the descriptor */
    bool in_member; /* compressed: between the begin and the end of a gzip member or zstd frame */
    uint64_t consumed;
    uint8_t *buffer;
    size_t cap;
    uint8_t *input; /* compressed bytes */
    const uint8_t *in;
    size_t in_left;
    z_stream gzip;
    ZSTD_DStream *zstd;
};

static enum err read_some(struct capture_source_inner *s, uint8_t *to, size_t n, size_t *out_n)
{
    ssize_t got;
    do {
        got = read(s->fd, to, n);
    } while (got < 0 && errno == EINTR);
    if (got < 0)
        return err_from_errno(errno);
    s->at_end = got == 0;
    s->consumed += (uint64_t)got;
    *out_n = (size_t)got;
    return ERR_NONE;
}

static enum packing packing_of(struct bytes head)
{
    static const uint8_t zstd[4] = {0x28, 0xb5, 0x2f, 0xfd};
    if (head.n >= 2 && head.p[0] == 0x1f && head.p[1] == 0x8b)
        return PACKING_GZIP;
    if (head.n >= 4 && memcmp(head.p, zstd, 4) == 0)
        return PACKING_ZSTD;
    return PACKING_NONE;
}

/* One step of gzip: members follow each other without anything between (RFC 1952). */
static enum err inflate_some(struct capture_source_inner *s, uint8_t *to, size_t room,
                             size_t *out_n)
{
    if (!s->in_member) {
        if (inflateReset(&s->gzip) != Z_OK)
            return ERR_FORMAT;
        s->in_member = true;
    }
    s->gzip.next_in = (Bytef *)(uintptr_t)s->in;
    s->gzip.avail_in = (uInt)s->in_left;
    s->gzip.next_out = to;
    s->gzip.avail_out = (uInt)room;
    int rc = inflate(&s->gzip, Z_NO_FLUSH);
    s->in = s->gzip.next_in;
    s->in_left = s->gzip.avail_in;
    *out_n = room - s->gzip.avail_out;
    if (rc == Z_STREAM_END)
        s->in_member = false;
    else if (rc == Z_MEM_ERROR)
        return ERR_MEMORY;
    else if (rc != Z_OK && rc != Z_BUF_ERROR)
        return ERR_FORMAT;
    return ERR_NONE;
}

static enum err unzstd_some(struct capture_source_inner *s, uint8_t *to, size_t room, size_t *out_n)
{
    ZSTD_inBuffer in = {s->in, s->in_left, 0};
    ZSTD_outBuffer out = {to, room, 0};
    size_t rc = ZSTD_decompressStream(s->zstd, &out, &in);
    if (ZSTD_isError(rc))
        return ERR_FORMAT;
    s->in += in.pos;
    s->in_left -= in.pos;
    s->in_member = rc != 0;
    *out_n = out.pos;
    return ERR_NONE;
}

/* At least one byte more at to, or ERR_END. */
static enum err produce(struct capture_source_inner *s, uint8_t *to, size_t room, size_t *out_n)
{
    if (s->packing == PACKING_NONE) {
        enum err err = s->at_end ? ERR_END : read_some(s, to, room, out_n);
        return err == ERR_NONE && s->at_end ? ERR_END : err;
    }
    for (;;) {
        if (s->in_left == 0 && !s->at_end) {
            enum err err = read_some(s, s->input, INPUT_SIZE, &s->in_left);
            if (err != ERR_NONE)
                return err;
            s->in = s->input;
        }
        /* What decompressors hold back after the last input comes out below all the same. */
        if (s->in_left == 0 && !s->in_member)
            return ERR_END;
        /* Padding behind the last gzip member is the end, as for gzip itself. */
        if (s->packing == PACKING_GZIP && !s->in_member && s->in[0] != 0x1f)
            return ERR_END;
        size_t n = 0;
        size_t before = s->in_left;
        enum err err = s->packing == PACKING_GZIP ? inflate_some(s, to, room, &n)
                                                  : unzstd_some(s, to, room, &n);
        if (err != ERR_NONE)
            return err;
        if (n > 0) {
            *out_n = n;
            return ERR_NONE;
        }
        if (before == s->in_left && s->in_left == 0 && s->at_end)
            return ERR_END;
        if (before == s->in_left && s->in_left > 0 && s->in_member)
            return ERR_FORMAT; /* neither reads nor writes: would go on for ever */
    }
}

static enum err start_packing(struct capture_source_inner *s)
{
    if (s->packing == PACKING_NONE)
        return ERR_NONE;
    s->input = mem_alloc(INPUT_SIZE);
    if (s->input == NULL)
        return ERR_MEMORY;
    if (s->packing == PACKING_GZIP)
        return inflateInit2(&s->gzip, 15 + 16) == Z_OK ? ERR_NONE : ERR_MEMORY;
    s->zstd = ZSTD_createDStream();
    if (s->zstd == NULL)
        return ERR_MEMORY;
    /* A frame may ask for no more than 128 MiB of window. */
    if (ZSTD_isError(ZSTD_DCtx_setParameter(s->zstd, ZSTD_d_windowLogMax, 27)))
        return ERR_MEMORY;
    return ERR_NONE;
}

enum err capture_source_open(int fd, struct bytes head, struct capture_source *out)
{
    struct capture_source s = {.p = NULL};
    s.inner = mem_zero(1, sizeof(*s.inner));
    if (s.inner == NULL) {
        close(fd);
        return ERR_MEMORY;
    }
    s.inner->fd = fd;
    s.inner->cap = head.n > BUFFER_SIZE / 2 ? head.n + BUFFER_SIZE : BUFFER_SIZE;
    s.inner->buffer = mem_alloc(s.inner->cap);
    if (s.inner->buffer == NULL) {
        capture_source_close(&s);
        return ERR_MEMORY;
    }
    if (head.n > 0)
        memcpy(s.inner->buffer, head.p, head.n);
    s.inner->consumed = head.n;
    s.p = s.inner->buffer;
    s.left = head.n;

    enum err err = capture_source_fill(&s, 4);
    if (err == ERR_NONE || err == ERR_END) {
        s.inner->packing = packing_of(bytes_make(s.p, s.left));
        err = start_packing(s.inner);
    }
    if (err == ERR_NONE && s.inner->packing != PACKING_NONE) {
        /* What was read is compressed: it becomes input. */
        if (s.left > INPUT_SIZE) {
            uint8_t *larger = mem_resize(s.inner->input, s.left, 1);
            err = larger == NULL ? ERR_MEMORY : ERR_NONE;
            s.inner->input = larger != NULL ? larger : s.inner->input;
        }
        if (err == ERR_NONE) {
            memcpy(s.inner->input, s.p, s.left);
            s.inner->in = s.inner->input;
            s.inner->in_left = s.left;
            s.left = 0;
        }
    }
    if (err != ERR_NONE) {
        capture_source_close(&s);
        return err;
    }
    *out = s;
    return ERR_NONE;
}

void capture_source_close(struct capture_source *s)
{
    struct capture_source_inner *inner = s->inner;
    if (inner == NULL)
        return;
    if (inner->packing == PACKING_GZIP)
        inflateEnd(&inner->gzip);
    ZSTD_freeDStream(inner->zstd);
    mem_free(inner->input);
    mem_free(inner->buffer);
    close(inner->fd);
    mem_free(inner);
    *s = (struct capture_source){.p = NULL};
}

enum err capture_source_fill(struct capture_source *s, size_t n)
{
    ASSERT(n <= CAPTURE_SOURCE_PEEK_MAX);
    struct capture_source_inner *inner = s->inner;
    if (s->left >= n)
        return ERR_NONE;
    if (n > inner->cap) {
        uint8_t *larger = mem_alloc(n + BUFFER_SIZE);
        if (larger == NULL)
            return ERR_MEMORY;
        memcpy(larger, s->p, s->left);
        mem_free(inner->buffer);
        inner->buffer = larger;
        inner->cap = n + BUFFER_SIZE;
    } else if (s->left > 0) {
        memmove(inner->buffer, s->p, s->left);
    }
    s->p = inner->buffer;
    while (s->left < n) {
        size_t got = 0;
        enum err err = produce(inner, inner->buffer + s->left, inner->cap - s->left, &got);
        if (err != ERR_NONE)
            return err;
        s->left += got;
    }
    return ERR_NONE;
}

enum err capture_source_pass(struct capture_source *s, uint64_t n)
{
    while (n > 0) {
        if (s->left == 0) {
            enum err err = capture_source_fill(s, 1);
            if (err != ERR_NONE)
                return err;
        }
        size_t step = n < s->left ? (size_t)n : s->left;
        capture_source_skip(s, step);
        n -= step;
    }
    return ERR_NONE;
}

uint64_t capture_source_consumed(const struct capture_source *s)
{
    return s->inner->consumed;
}

bool capture_source_cut(const struct capture_source *s)
{
    return s->inner->packing != PACKING_NONE && s->inner->at_end && s->inner->in_member;
}
