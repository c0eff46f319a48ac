/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/merge.h"
#include "capture/sort.h"

#include "base/buf.h"
#include "base/rng.h"

#include "cmocka_head.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define PACKETS 4000

static char path[] = "/tmp/weir_sort_XXXXXX";

/* A pcap file of packets with the given seconds, each holding its place in the file. */
static void write_file(const uint32_t *seconds, unsigned n)
{
    struct buf b;
    buf_init(&b);
    const uint32_t head[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    for (size_t i = 0; i < 6; i++)
        buf_le32(&b, head[i]);
    for (unsigned i = 0; i < n; i++) {
        buf_le32(&b, seconds[i]);
        buf_le32(&b, 0);
        buf_le32(&b, 64);
        buf_le32(&b, 1000);
        for (unsigned k = 0; k < 16; k++)
            buf_le32(&b, i);
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
    fclose(f);
    buf_release(&b);
}

static int make_path(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    return fd < 0 ? -1 : close(fd);
}

static int drop_path(void **state)
{
    (void)state;
    return unlink(path);
}

static void random_seconds(uint32_t *seconds, uint64_t seed)
{
    struct rng r;
    rng_init(&r, seed);
    for (unsigned i = 0; i < PACKETS; i++)
        seconds[i] = 1000 + (uint32_t)rng_below(&r, 500);
}

/* In order of time, those of one time in the order of the file, none lost. */
static void any_disorder_is_put_in_order(void **state)
{
    (void)state;
    static uint32_t seconds[PACKETS];
    static bool seen[PACKETS];
    const size_t memory[] = {0, 1, 20000, 300000};
    random_seconds(seconds, 3);
    write_file(seconds, PACKETS);
    for (size_t m = 0; m < 4; m++) {
        struct err_text why;
        struct capture_file *f;
        struct capture_sort *s;
        struct capture_packet p;
        bool needed;
        for (unsigned i = 0; i < PACKETS; i++)
            seen[i] = false;
        assert_int_equal(capture_sort_needed(path, NULL, &why, &needed), ERR_NONE);
        assert_true(needed);
        assert_int_equal(capture_file_open(path, NULL, &why, &f), ERR_NONE);
        assert_int_equal(capture_sort_new(f, memory[m], &why, &s), ERR_NONE);
        assert_int_equal(capture_sort_runs(s) > 0, m != 0);
        ts_ns last = 0;
        uint32_t last_place = 0;
        unsigned n = 0;
        while (capture_sort_next(s, &why, &p) == ERR_NONE) {
            struct cursor c = cursor_of(p.data);
            uint32_t place = cursor_le32(&c);
            assert_int_equal(p.data.n, 64);
            assert_int_equal(p.wire_len, 1000);
            assert_true(place < PACKETS && !seen[place]);
            assert_int_equal(p.ts, (ts_ns)seconds[place] * TIME_S);
            assert_true(p.ts > last || (p.ts == last && place > last_place));
            seen[place] = true;
            last = p.ts;
            last_place = place;
            n++;
        }
        assert_int_equal(n, PACKETS);
        capture_sort_free(s);
        capture_file_close(f);
    }
}

static void order_needs_no_sort(void **state)
{
    (void)state;
    const uint32_t seconds[] = {5, 5, 6, 9};
    struct err_text why;
    bool needed = true;
    write_file(seconds, 4);
    assert_int_equal(capture_sort_needed(path, NULL, &why, &needed), ERR_NONE);
    assert_false(needed);
    assert_int_equal(capture_sort_needed("-", NULL, &why, &needed), ERR_NONE);
    assert_false(needed);
}

static void a_merge_orders_its_files(void **state)
{
    (void)state;
    static uint32_t seconds[PACKETS];
    const struct capture_merge_input inputs[] = {{.path = path}, {.path = path}};
    struct err_text why;
    struct capture_merge *m;
    struct capture_packet p;
    random_seconds(seconds, 4);
    write_file(seconds, PACKETS);
    assert_int_equal(capture_merge_open(inputs, 2, NULL, &why, &m), ERR_NONE);
    ts_ns last = 0;
    unsigned n = 0;
    for (; capture_merge_next(m, &why, &p) == ERR_NONE; n++) {
        assert_true(p.ts >= last);
        last = p.ts;
    }
    assert_int_equal(n, 2 * PACKETS);
    capture_merge_close(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_disorder_is_put_in_order),
        cmocka_unit_test(order_needs_no_sort),
        cmocka_unit_test(a_merge_orders_its_files),
    };
    return cmocka_run_group_tests(tests, make_path, drop_path);
}
