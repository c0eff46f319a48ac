/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/rng.h"
#include "store/archive.h"

#include <nettle/sha2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

static bool keep(void *ctx, const void *p, size_t n)
{
    buf_add(ctx, p, n);
    return true;
}

static bool refuse(void *ctx, const void *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return false;
}

struct source {
    const char *p;
    size_t n, step;
};

static ptrdiff_t give(void *ctx, void *p, size_t n)
{
    struct source *s = ctx;
    size_t got = s->n < n ? s->n : n;
    if (s->step > 0 && got > s->step)
        got = s->step;
    memcpy(p, s->p, got);
    s->p += got;
    s->n -= got;
    return (ptrdiff_t)got;
}

static ptrdiff_t break_off(void *ctx, void *p, size_t n)
{
    (void)ctx;
    (void)p;
    (void)n;
    return -1;
}

static const size_t sizes[] = {0, 1, 511, 512, 513, 300000, 5};
#define FILES (sizeof(sizes) / sizeof(sizes[0]))

static void write_files(const uint8_t *bytes, struct buf *out)
{
    uint8_t digest[STORE_ARCHIVE_DIGEST], expected[STORE_ARCHIVE_DIGEST];
    struct store_archive_writer *w = store_archive_writer_new(keep, out);
    assert_non_null(w);
    for (size_t i = 0; i < FILES; i++) {
        char name[40];
        struct sha256_ctx sha;
        snprintf(name, sizeof(name), "folder/file-%zu", i);
        assert_int_equal(store_archive_begin(w, name, sizes[i]), ERR_NONE);
        assert_int_equal(store_archive_put(w, bytes, sizes[i] / 2), ERR_NONE);
        assert_int_equal(store_archive_put(w, bytes + sizes[i] / 2, sizes[i] - sizes[i] / 2),
                         ERR_NONE);
        assert_int_equal(store_archive_end(w, digest), ERR_NONE);
        sha256_init(&sha);
        sha256_update(&sha, sizes[i], bytes);
        sha256_digest(&sha, sizeof(expected), expected);
        assert_memory_equal(digest, expected, sizeof(digest));
    }
    assert_int_equal(store_archive_finish(w), ERR_NONE);
    store_archive_writer_free(w);
}

static enum err read_files(const uint8_t *bytes, const char *p, size_t n, size_t step)
{
    struct source source = {p, n, step};
    struct store_archive_entry entry;
    uint8_t digest[STORE_ARCHIVE_DIGEST];
    char piece[1000];
    enum err err;
    size_t files = 0;
    struct store_archive_reader *r = store_archive_reader_new(give, &source);
    assert_non_null(r);
    while ((err = store_archive_next(r, &entry)) == ERR_NONE) {
        size_t at = 0, got = 1;
        while (err == ERR_NONE && got > 0) {
            err = store_archive_get(r, piece, sizeof(piece), &got, digest);
            if (err == ERR_NONE && bytes != NULL)
                assert_memory_equal(piece, bytes + at, got);
            at += got;
        }
        if (err != ERR_NONE)
            break;
        if (bytes != NULL) {
            assert_int_equal(entry.size, sizes[files]);
            assert_int_equal(at, sizes[files]);
        }
        files++;
    }
    store_archive_reader_free(r);
    if (err == ERR_END && bytes != NULL)
        assert_int_equal(files, FILES);
    return err;
}

static void make(struct buf *bytes, struct buf *out)
{
    struct rng rng;
    rng_init(&rng, 3);
    buf_init(bytes);
    buf_init(out);
    for (size_t i = 0; i < 300000; i++)
        buf_char(bytes, (char)(rng_below(&rng, 256)));
    write_files((const uint8_t *)bytes->p, out);
}

static void test_round_trip(void **state)
{
    (void)state;
    struct buf bytes, out;
    make(&bytes, &out);
    const uint8_t *p = (const uint8_t *)bytes.p;
    assert_int_equal(read_files(p, out.p, out.n, 0), ERR_END);
    assert_int_equal(read_files(p, out.p, out.n, 1), ERR_END);
    assert_int_equal(read_files(p, out.p, out.n, 777), ERR_END);
    buf_release(&bytes);
    buf_release(&out);
}

/* Cut anywhere, or changed: the checksum of the frame sees it at the latest. */
static void test_damage(void **state)
{
    (void)state;
    struct buf bytes, out;
    make(&bytes, &out);
    for (size_t n = 0; n < out.n; n += 997)
        assert_int_equal(read_files(NULL, out.p, n, 0), ERR_FORMAT);
    assert_int_equal(read_files(NULL, out.p, out.n - 1, 0), ERR_FORMAT);
    for (size_t at = 0; at < out.n; at += 4999) {
        out.p[at] = (char)(out.p[at] ^ 0x10);
        assert_int_equal(read_files(NULL, out.p, out.n, 0), ERR_FORMAT);
        out.p[at] = (char)(out.p[at] ^ 0x10);
    }
    buf_release(&bytes);
    buf_release(&out);
}

/* One that says it is larger than eleven octal digits can say. */
static void test_large(void **state)
{
    (void)state;
    const uint64_t large = (UINT64_C(1) << 33) + 7;
    struct buf out;
    struct store_archive_entry entry;
    buf_init(&out);
    struct store_archive_writer *w = store_archive_writer_new(keep, &out);
    assert_int_equal(store_archive_begin(w, "large", large), ERR_NONE);
    assert_int_equal(store_archive_finish(w), ERR_NONE);
    store_archive_writer_free(w);
    struct source source = {out.p, out.n, 0};
    struct store_archive_reader *r = store_archive_reader_new(give, &source);
    assert_int_equal(store_archive_next(r, &entry), ERR_NONE);
    assert_string_equal(entry.name, "large");
    assert_true(entry.size == large);
    store_archive_reader_free(r);
    buf_release(&out);
}

/* A head as tar specifies it, byte by byte, and what differs from it in one. */
static void test_head(void **state)
{
    (void)state;
    char tar[2048] = {0}, packed[4096];
    memcpy(tar, "a.txt", 5);
    memcpy(tar + 100, "0000644\0000001750\0000001750\00000000000002\00000000000000\0", 48);
    memcpy(tar + 156, "0", 1);
    memcpy(tar + 257, "ustar\00000", 8);
    memcpy(tar + 148, "        ", 8);
    unsigned sum = 0;
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)tar[i];
    snprintf(tar + 148, 8, "%06o", sum);
    memcpy(tar + 512, "hi", 2);
    size_t n = ZSTD_compress(packed, sizeof(packed), tar, sizeof(tar), 1);
    assert_int_equal(read_files(NULL, packed, n, 0), ERR_END);
    static const size_t wrong[] = {0, 124, 148, 156, 257, 345, 1100, 1600};
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        tar[wrong[i]] ^= 1;
        n = ZSTD_compress(packed, sizeof(packed), tar, sizeof(tar), 1);
        assert_int_equal(read_files(NULL, packed, n, 0), ERR_FORMAT);
        tar[wrong[i]] ^= 1;
    }
}

static void test_ends(void **state)
{
    (void)state;
    struct store_archive_entry entry;
    struct store_archive_writer *w = store_archive_writer_new(refuse, NULL);
    assert_int_equal(store_archive_begin(w, "a", 0), ERR_NONE); /* not full yet */
    assert_int_equal(store_archive_finish(w), ERR_STOPPED);
    store_archive_writer_free(w);
    struct store_archive_reader *r = store_archive_reader_new(break_off, NULL);
    assert_int_equal(store_archive_next(r, &entry), ERR_IO);
    store_archive_reader_free(r);
    store_archive_writer_free(NULL);
    store_archive_reader_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_damage),
        cmocka_unit_test(test_large),      cmocka_unit_test(test_head),
        cmocka_unit_test(test_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
