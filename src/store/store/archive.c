/* SPDX-License-Identifier: Apache-2.0 */
#include "store/archive.h"

#include "base/assert.h"
#include "base/mem.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>

#define BLOCK ((size_t)512)
#define LEVEL 1 /* pieces are packed already */
#define SIZE_AT 124
#define SIZE_LEN 12
#define SUM_AT 148
#define SUM_LEN 8
#define TYPE_AT 156
#define MAGIC_AT 257
#define OCTAL_MAX (UINT64_C(1) << 33) /* eleven octal digits */
#define WINDOW_LOG_MAX 23             /* what reading may take of memory: 8 MiB */

struct store_archive_writer {
    store_archive_write_fn write;
    void *ctx;
    ZSTD_CCtx *zstd;
    uint64_t size, left; /* of the file at hand */
    struct sha256_ctx sha;
    char out[1 << 17];
};

struct store_archive_reader {
    store_archive_read_fn read;
    void *ctx;
    ZSTD_DCtx *zstd;
    ZSTD_inBuffer in;
    uint64_t size, left;
    struct sha256_ctx sha;
    bool frame_ended, input_ended;
    char buffer[1 << 17];
};

struct store_archive_writer *store_archive_writer_new(store_archive_write_fn write, void *ctx)
{
    struct store_archive_writer *w = mem_zero(1, sizeof(*w));
    if (w == NULL)
        return NULL;
    w->write = write;
    w->ctx = ctx;
    w->zstd = ZSTD_createCCtx();
    if (w->zstd == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_compressionLevel, LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(w->zstd, ZSTD_c_checksumFlag, 1))) {
        store_archive_writer_free(w);
        return NULL;
    }
    return w;
}

void store_archive_writer_free(struct store_archive_writer *w)
{
    if (w == NULL)
        return;
    ZSTD_freeCCtx(w->zstd);
    mem_free(w);
}

static enum err pack(struct store_archive_writer *w, const void *p, size_t n, bool last)
{
    ZSTD_inBuffer in = {p, n, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {w->out, sizeof(w->out), 0};
        left = ZSTD_compressStream2(w->zstd, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return ERR_MEMORY;
        if (out.pos > 0 && !w->write(w->ctx, w->out, out.pos))
            return ERR_STOPPED;
    } while (in.pos < in.size || (last && left > 0));
    return ERR_NONE;
}

static unsigned sum_of(const uint8_t head[BLOCK])
{
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + SUM_LEN ? ' ' : head[i];
    return sum;
}

static void put_octal(uint8_t *at, size_t digits, uint64_t v)
{
    for (size_t i = digits; i-- > 0; v >>= 3)
        at[i] = (uint8_t)('0' + (v & 7));
}

static void put_size(uint8_t *at, uint64_t v)
{
    if (v < OCTAL_MAX) {
        put_octal(at, SIZE_LEN - 1, v);
        return;
    }
    at[0] = 0x80;
    for (size_t i = SIZE_LEN; i-- > 1; v >>= 8)
        at[i] = (uint8_t)v;
}

enum err store_archive_begin(struct store_archive_writer *w, const char *name, uint64_t size)
{
    uint8_t head[BLOCK] = {0};
    ASSERT(w->left == 0);
    ASSERT(strlen(name) < STORE_ARCHIVE_NAME);
    memcpy(head, name, strlen(name));
    memcpy(head + 100, "0000600", 7); /* mode, then user and group 0 */
    memcpy(head + 108, "0000000", 7);
    memcpy(head + 116, "0000000", 7);
    put_size(head + SIZE_AT, size);
    memcpy(head + 136, "00000000000", 11); /* the manifest has the time */
    head[TYPE_AT] = '0';
    memcpy(head + MAGIC_AT,
           "ustar\0"
           "00",
           8);
    put_octal(head + SUM_AT, SUM_LEN - 2, sum_of(head));
    head[SUM_AT + SUM_LEN - 1] = ' ';
    w->size = w->left = size;
    sha256_init(&w->sha);
    return pack(w, head, BLOCK, false);
}

enum err store_archive_put(struct store_archive_writer *w, const void *p, size_t n)
{
    ASSERT(n <= w->left);
    w->left -= n;
    sha256_update(&w->sha, n, p);
    return pack(w, p, n, false);
}

static size_t padding(uint64_t size)
{
    return (size_t)(-size & (BLOCK - 1));
}

enum err store_archive_end(struct store_archive_writer *w, uint8_t out_digest[STORE_ARCHIVE_DIGEST])
{
    static const uint8_t zeros[BLOCK];
    ASSERT(w->left == 0);
    sha256_digest(&w->sha, STORE_ARCHIVE_DIGEST, out_digest);
    return pack(w, zeros, padding(w->size), false);
}

enum err store_archive_finish(struct store_archive_writer *w)
{
    static const uint8_t zeros[2 * BLOCK];
    return pack(w, zeros, sizeof(zeros), true);
}

struct store_archive_reader *store_archive_reader_new(store_archive_read_fn read, void *ctx)
{
    struct store_archive_reader *r = mem_zero(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->read = read;
    r->ctx = ctx;
    r->in.src = r->buffer;
    r->zstd = ZSTD_createDCtx();
    if (r->zstd == NULL ||
        ZSTD_isError(ZSTD_DCtx_setParameter(r->zstd, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
        store_archive_reader_free(r);
        return NULL;
    }
    return r;
}

void store_archive_reader_free(struct store_archive_reader *r)
{
    if (r == NULL)
        return;
    ZSTD_freeDCtx(r->zstd);
    mem_free(r);
}

/* Exactly n bytes of the tar stream. ERR_FORMAT when there are less. */
static enum err unpack(struct store_archive_reader *r, void *p, size_t n)
{
    ZSTD_outBuffer out = {p, n, 0};
    while (out.pos < n) {
        if (r->frame_ended)
            return ERR_FORMAT;
        if (r->in.pos == r->in.size && !r->input_ended) {
            ptrdiff_t got = r->read(r->ctx, r->buffer, sizeof(r->buffer));
            if (got < 0)
                return ERR_IO;
            r->in.size = (size_t)got;
            r->in.pos = 0;
            r->input_ended = got == 0;
        }
        size_t before = out.pos;
        size_t left = ZSTD_decompressStream(r->zstd, &out, &r->in);
        if (ZSTD_isError(left) || (r->input_ended && out.pos == before))
            return ERR_FORMAT;
        r->frame_ended = left == 0;
    }
    return ERR_NONE;
}

static bool take_octal(const uint8_t *at, size_t n, uint64_t *out)
{
    uint64_t v = 0;
    size_t i = 0;
    for (; i < n && at[i] >= '0' && at[i] <= '7'; i++)
        v = v << 3 | (uint64_t)(at[i] - '0');
    *out = v;
    return i > 0 && i < n && (at[i] == '\0' || at[i] == ' ');
}

static bool take_size(const uint8_t *at, uint64_t *out)
{
    uint64_t v = 0;
    if (at[0] != 0x80)
        return take_octal(at, SIZE_LEN, out);
    for (size_t i = 1; i < SIZE_LEN; i++) {
        if (v > UINT64_MAX >> 8)
            return false;
        v = v << 8 | at[i];
    }
    *out = v;
    return v <= INT64_MAX;
}

static bool take_head(const uint8_t head[BLOCK], struct store_archive_entry *out)
{
    uint64_t sum;
    if (memcmp(head + MAGIC_AT, "ustar", 5) != 0 || head[TYPE_AT] != '0' || head[0] == '\0' ||
        head[345] != '\0' || !take_octal(head + SUM_AT, SUM_LEN, &sum) || sum != sum_of(head) ||
        !take_size(head + SIZE_AT, &out->size))
        return false;
    memcpy(out->name, head, STORE_ARCHIVE_NAME - 1);
    out->name[STORE_ARCHIVE_NAME - 1] = '\0';
    return true;
}

static bool is_zero(const uint8_t *p, size_t n)
{
    return p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}

/* The second empty block, and nothing behind it. */
static enum err take_end(struct store_archive_reader *r)
{
    uint8_t block[BLOCK];
    enum err err = unpack(r, block, BLOCK);
    if (err == ERR_NONE &&
        (!is_zero(block, BLOCK) || unpack(r, block, 1) != ERR_FORMAT || !r->frame_ended))
        err = ERR_FORMAT;
    return err == ERR_NONE ? ERR_END : err;
}

enum err store_archive_next(struct store_archive_reader *r, struct store_archive_entry *out)
{
    uint8_t head[BLOCK];
    struct store_archive_entry entry;
    ASSERT(r->left == 0);
    enum err err = unpack(r, head, padding(r->size));
    if (err == ERR_NONE)
        err = unpack(r, head, BLOCK);
    if (err != ERR_NONE)
        return err;
    r->size = 0;
    if (is_zero(head, BLOCK))
        return take_end(r);
    if (!take_head(head, &entry))
        return ERR_FORMAT;
    r->size = r->left = entry.size;
    sha256_init(&r->sha);
    *out = entry;
    return ERR_NONE;
}

enum err store_archive_get(struct store_archive_reader *r, void *p, size_t n, size_t *out_n,
                           uint8_t out_digest[STORE_ARCHIVE_DIGEST])
{
    size_t got = n < r->left ? n : (size_t)r->left;
    enum err err = unpack(r, p, got);
    if (err != ERR_NONE)
        return err;
    sha256_update(&r->sha, got, p);
    r->left -= got;
    if (got == 0)
        sha256_digest(&r->sha, STORE_ARCHIVE_DIGEST, out_digest);
    *out_n = got;
    return ERR_NONE;
}
