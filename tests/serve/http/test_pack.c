/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "base/rng.h"
#include "http/pack.h"

#include <string.h>
#include <zlib.h>

#define TEXT 100000

static char text[TEXT];

static int set_up(void **state)
{
    struct rng rng;
    (void)state;
    rng_init(&rng, 1);
    for (size_t i = 0; i < TEXT; i++)
        text[i] = (char)('a' + rng_u64(&rng) % 4);
    return 0;
}

/* Feeds in pieces and takes out in pieces; the last verdict. */
static enum http_unpack_verdict unpack(const char *in, size_t n, size_t in_step, size_t out_step,
                                       struct buf *out, bool *out_whole)
{
    struct http_unpack *u = http_unpack_new();
    enum http_unpack_verdict verdict = HTTP_UNPACK_MORE;
    assert_non_null(u);
    while (n > 0 && verdict != HTTP_UNPACK_BAD) {
        size_t step = in_step < n ? in_step : n;
        size_t left = step;
        const char *at = in;
        do {
            size_t made = 0;
            char *to = buf_reserve(out, out_step);
            verdict = http_unpack_feed(u, &at, &left, to, out_step, &made);
            out->n += made;
        } while (verdict == HTTP_UNPACK_FULL);
        in += step;
        n -= step;
        if (verdict == HTTP_UNPACK_MORE)
            assert_int_equal(left, 0);
    }
    *out_whole = http_unpack_whole(u);
    http_unpack_free(u);
    return verdict;
}

static void packing_and_unpacking_is_nothing(void **state)
{
    static const size_t steps[][2] = {{TEXT, TEXT}, {1, 1}, {7, 4096}, {4096, 7}, {TEXT, 1}};
    struct buf packed;
    (void)state;
    buf_init(&packed);
    assert_true(http_pack(text, TEXT, &packed));
    assert_true(packed.n < TEXT / 2);
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        struct buf out;
        bool whole;
        buf_init(&out);
        assert_int_equal(unpack(packed.p, packed.n, steps[i][0], steps[i][1], &out, &whole),
                         HTTP_UNPACK_MORE);
        assert_true(whole);
        assert_int_equal(out.n, TEXT);
        assert_memory_equal(out.p, text, TEXT);
        buf_release(&out);
    }
    buf_release(&packed);
}

static void several_members_are_one(void **state)
{
    struct buf packed;
    struct buf out;
    bool whole;
    (void)state;
    buf_init(&packed);
    buf_init(&out);
    assert_true(http_pack(text, TEXT / 2, &packed));
    assert_true(http_pack(text + TEXT / 2, TEXT / 2, &packed));
    assert_int_equal(unpack(packed.p, packed.n, 100, 1000, &out, &whole), HTTP_UNPACK_MORE);
    assert_true(whole);
    assert_int_equal(out.n, TEXT);
    assert_memory_equal(out.p, text, TEXT);
    buf_release(&packed);
    buf_release(&out);
}

static void deflate_is_read_too(void **state)
{
    unsigned char packed[TEXT];
    uLongf n = sizeof(packed);
    struct buf out;
    bool whole;
    (void)state;
    buf_init(&out);
    assert_int_equal(compress(packed, &n, (const Bytef *)text, TEXT), Z_OK);
    assert_int_equal(unpack((const char *)packed, n, 100, 1000, &out, &whole), HTTP_UNPACK_MORE);
    assert_true(whole);
    assert_int_equal(out.n, TEXT);
    buf_release(&out);
}

static void what_is_broken_is_seen(void **state)
{
    struct buf packed;
    struct buf out;
    bool whole;
    (void)state;
    buf_init(&packed);
    buf_init(&out);
    assert_int_equal(unpack("{\"a\":1}", 7, 7, 100, &out, &whole), HTTP_UNPACK_BAD);
    assert_true(http_pack(text, TEXT, &packed));
    assert_int_equal(unpack(packed.p, packed.n - 1, TEXT, TEXT * 2, &out, &whole),
                     HTTP_UNPACK_MORE);
    assert_false(whole);
    buf_str(&packed, "rubbish");
    assert_int_equal(unpack(packed.p, packed.n, TEXT, TEXT * 2, &out, &whole), HTTP_UNPACK_BAD);
    packed.p[packed.n - 11] ^= 1; /* its checksum */
    assert_int_equal(unpack(packed.p, packed.n - 7, TEXT, TEXT * 2, &out, &whole), HTTP_UNPACK_BAD);
    buf_release(&packed);
    buf_release(&out);
}

static void packing_must_pay(void **state)
{
    struct rng rng;
    struct buf out;
    char noise[5000];
    (void)state;
    rng_init(&rng, 2);
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (char)rng_u64(&rng);
    buf_init(&out);
    assert_false(http_pack(noise, sizeof(noise), &out));
    assert_int_equal(out.n, 0);
    assert_false(http_pack_pays("application/json", 1000));
    assert_true(http_pack_pays("application/json; charset=utf-8", 5000));
    assert_true(http_pack_pays("text/html", 5000));
    assert_false(http_pack_pays("image/png", 5000));
    assert_false(http_pack_pays(NULL, 5000));
    buf_release(&out);
}

static void names_of_codings(void **state)
{
    (void)state;
    assert_true(http_unpack_knows("gzip") && http_unpack_knows("X-GZIP"));
    assert_true(http_unpack_knows("deflate"));
    assert_false(http_unpack_knows("br") || http_unpack_knows("gzip, gzip") ||
                 http_unpack_knows(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packing_and_unpacking_is_nothing),
        cmocka_unit_test(several_members_are_one),
        cmocka_unit_test(deflate_is_read_too),
        cmocka_unit_test(what_is_broken_is_seen),
        cmocka_unit_test(packing_must_pay),
        cmocka_unit_test(names_of_codings),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
