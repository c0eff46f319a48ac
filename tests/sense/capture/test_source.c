/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/source.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/capture/files.h"
#include <zlib.h>
#include <zstd.h>

static uint8_t plain[3000000];

static void make_plain(void)
{
    struct rng rng;
    rng_init(&rng, 5);
    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(rng_u64(&rng) & 0x0f);
}

/* Reads all of it in steps of odd sizes; gives how much came before the end. */
static size_t read_all(struct capture_source *s, enum err *out_err)
{
    struct rng rng;
    rng_init(&rng, 6);
    size_t at = 0;
    for (;;) {
        size_t want = 1 + (size_t)rng_below(&rng, rng_below(&rng, 50) == 0 ? 1400000 : 3000);
        enum err err = capture_source_need(s, want);
        size_t n = err == ERR_NONE ? want : s->left;
        assert_true(at + n <= sizeof(plain));
        assert_memory_equal(s->p, plain + at, n);
        capture_source_skip(s, n);
        at += n;
        if (err != ERR_NONE) {
            *out_err = err;
            return at;
        }
    }
}

static void expect_all(const void *p, size_t n, size_t head_n)
{
    struct capture_source s;
    enum err err;
    int fd = file_of((const uint8_t *)p + head_n, n - head_n);
    assert_int_equal(capture_source_open(fd, bytes_make(p, head_n), &s), ERR_NONE);
    assert_int_equal(read_all(&s, &err), sizeof(plain));
    assert_int_equal(err, ERR_END);
    assert_false(capture_source_cut(&s));
    assert_int_equal(capture_source_consumed(&s), n);
    capture_source_close(&s);
}

static void plain_bytes(void **state)
{
    (void)state;
    expect_all(plain, sizeof(plain), 0);
    expect_all(plain, sizeof(plain), 3);
    expect_all(plain, sizeof(plain), 2000000);
}

/* gzip members of the plain bytes, cut at random. */
static size_t pack_gzip(uint8_t *to, size_t room, unsigned members)
{
    size_t n = 0;
    for (unsigned i = 0; i < members; i++) {
        size_t from = sizeof(plain) / members * i;
        size_t end = i + 1 == members ? sizeof(plain) : sizeof(plain) / members * (i + 1);
        z_stream z = {.next_in = plain + from, .avail_in = (uInt)(end - from)};
        z.next_out = to + n;
        z.avail_out = (uInt)(room - n);
        assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
        assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
        n += z.total_out;
        deflateEnd(&z);
    }
    return n;
}

static void gzip(void **state)
{
    (void)state;
    static uint8_t packed[sizeof(plain) + 100000];
    size_t n = pack_gzip(packed, sizeof(packed), 1);
    expect_all(packed, n, 0);
    expect_all(packed, n, 1);
    expect_all(packed, n, 500000);
    n = pack_gzip(packed, sizeof(packed), 7);
    expect_all(packed, n, 0);
}

static void zstd(void **state)
{
    (void)state;
    static uint8_t packed[sizeof(plain) + 100000];
    size_t half = sizeof(plain) / 2;
    size_t n = ZSTD_compress(packed, sizeof(packed), plain, half, 3);
    n += ZSTD_compress(packed + n, sizeof(packed) - n, plain + half, sizeof(plain) - half, 3);
    expect_all(packed, n, 0);
    expect_all(packed, n, 5);
}

static void cut_compressed_bytes(void **state)
{
    (void)state;
    static uint8_t packed[sizeof(plain) + 100000];
    size_t sizes[2] = {pack_gzip(packed, sizeof(packed), 1), 0};
    for (unsigned kind = 0; kind < 2; kind++) {
        if (kind == 1)
            sizes[1] = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
        for (size_t n = 11; n < sizes[kind]; n = n * 2 + 1) {
            struct capture_source s;
            enum err err;
            assert_int_equal(capture_source_open(file_of(packed, n), bytes_make(NULL, 0), &s),
                             ERR_NONE);
            assert_true(read_all(&s, &err) < sizeof(plain));
            assert_int_equal(err, ERR_END);
            assert_true(capture_source_cut(&s));
            capture_source_close(&s);
        }
    }
}

static void damaged_compressed_bytes(void **state)
{
    (void)state;
    static uint8_t packed[sizeof(plain) + 100000];
    struct capture_source s;
    enum err err;
    size_t n = pack_gzip(packed, sizeof(packed), 1);
    packed[n - 5] ^= 0xff; /* the checksum */
    assert_int_equal(capture_source_open(file_of(packed, n), bytes_make(NULL, 0), &s), ERR_NONE);
    read_all(&s, &err);
    assert_int_equal(err, ERR_FORMAT);
    capture_source_close(&s);

    n = ZSTD_compress(packed, sizeof(packed), plain, sizeof(plain), 3);
    packed[4] |= 0x08; /* a bit that must be 0 */
    assert_int_equal(capture_source_open(file_of(packed, n), bytes_make(NULL, 0), &s), ERR_NONE);
    assert_int_equal(capture_source_need(&s, 10), ERR_FORMAT);
    capture_source_close(&s);
}

static void passing_over_bytes(void **state)
{
    (void)state;
    struct capture_source s;
    assert_int_equal(capture_source_open(file_of(plain, sizeof(plain)), bytes_make(NULL, 0), &s),
                     ERR_NONE);
    assert_int_equal(capture_source_pass(&s, 2500000), ERR_NONE);
    assert_int_equal(capture_source_need(&s, 100), ERR_NONE);
    assert_memory_equal(s.p, plain + 2500000, 100);
    assert_int_equal(capture_source_pass(&s, 500000), ERR_NONE);
    assert_int_equal(capture_source_pass(&s, 1), ERR_END);
    capture_source_close(&s);
}

static void failures_of_the_system(void **state)
{
    (void)state;
    struct capture_source s;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    close(fds[0]);
    /* The writing end of a pipe cannot be read. */
    assert_int_not_equal(capture_source_open(fds[1], bytes_make(NULL, 0), &s), ERR_NONE);
}

int main(void)
{
    make_plain();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_bytes),
        cmocka_unit_test(gzip),
        cmocka_unit_test(zstd),
        cmocka_unit_test(cut_compressed_bytes),
        cmocka_unit_test(damaged_compressed_bytes),
        cmocka_unit_test(passing_over_bytes),
        cmocka_unit_test(failures_of_the_system),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
