/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/file.h"

#include "cmocka_head.h"
#include "sense/capture/files.h"

static struct frame f;
static struct err_text why;

static struct capture_file *open_frame(size_t n)
{
    struct capture_file *c;
    int fd = file_of(f.b, n);
    assert_int_equal(capture_file_open_fd(fd, bytes_make(NULL, 0), "made", NULL, &why, &c),
                     ERR_NONE);
    return c;
}

static void expect_packet(struct capture_file *c, ts_ns ts, const char *text, uint32_t wire)
{
    struct capture_packet p;
    assert_int_equal(capture_file_next(c, &why, &p), ERR_NONE);
    assert_int_equal(p.ts, ts);
    assert_int_equal(p.wire_len, wire);
    assert_int_equal(p.data.n, strlen(text));
    assert_memory_equal(p.data.p, text, p.data.n);
}

static void expect_end(struct capture_file *c)
{
    struct capture_packet p;
    for (int i = 0; i < 3; i++)
        assert_int_equal(capture_file_next(c, &why, &p), ERR_END);
}

static void both_orders_and_resolutions(void **state)
{
    (void)state;
    for (int big = 0; big <= 1; big++) {
        for (int nano = 0; nano <= 1; nano++) {
            f.n = 0;
            put_pcap_header(&f, big, nano ? 0xa1b23c4d : 0xa1b2c3d4, 101);
            put_pcap_record(&f, big, 1700000000, 123456, "one", 3);
            put_pcap_record(&f, big, 1700000001, 999999, "twoo", 1500);
            struct capture_file *c = open_frame(f.n);
            expect_packet(c, 1700000000 * TIME_S + (nano ? 123456 : 123456000), "one", 3);
            expect_packet(c, 1700000001 * TIME_S + (nano ? 999999 : 999999000), "twoo", 1500);
            expect_end(c);
            const struct capture_file_counters *n = capture_file_counters(c);
            assert_int_equal(n->packets, 2);
            assert_int_equal(n->bytes, f.n);
            assert_int_equal(capture_file_size(c), f.n);
            assert_false(n->truncated || n->damaged);
            capture_file_close(c);
        }
    }
}

static void link_type_without_its_upper_bits(void **state)
{
    (void)state;
    struct capture_packet p;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 0x10000000 | 1);
    put_pcap_record(&f, false, 1, 0, "x", 1);
    struct capture_file *c = open_frame(f.n);
    assert_int_equal(capture_file_next(c, &why, &p), ERR_NONE);
    assert_int_equal(p.link, 1);
    capture_file_close(c);
}

static void longer_record_headers(void **state)
{
    (void)state;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2cd34, 1);
    order32(&f, false, 5);
    order32(&f, false, 6);
    order32(&f, false, 2);
    order32(&f, false, 60);
    put_zeros(&f, 8);
    put_text(&f, "ab");
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, 5 * TIME_S + 6000, "ab", 60);
    expect_end(c);
    capture_file_close(c);
}

static void wire_length_is_never_less_than_what_there_is(void **state)
{
    (void)state;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    put_pcap_record(&f, false, 1, 0, "abcdef", 2);
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, TIME_S, "abcdef", 6);
    capture_file_close(c);
}

static void cut_anywhere_gives_what_was_before(void **state)
{
    (void)state;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    size_t ends[4] = {f.n};
    for (uint32_t i = 1; i < 4; i++) {
        put_pcap_record(&f, false, i, 0, "some bytes", 10);
        ends[i] = f.n;
    }
    for (size_t n = 24; n < f.n; n++) {
        struct capture_file *c = open_frame(n);
        unsigned whole = 0;
        while (whole < 3 && ends[whole + 1] <= n)
            whole++;
        for (unsigned i = 1; i <= whole; i++)
            expect_packet(c, i * TIME_S, "some bytes", 10);
        expect_end(c);
        assert_int_equal(capture_file_counters(c)->truncated, n != ends[whole]);
        capture_file_close(c);
    }
}

static void impossible_lengths_end_the_file(void **state)
{
    (void)state;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    put_pcap_record(&f, false, 1, 0, "good", 4);
    order32(&f, false, 2);
    order32(&f, false, 0);
    order32(&f, false, 0x7fffffff);
    order32(&f, false, 4);
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, TIME_S, "good", 4);
    expect_end(c);
    assert_true(capture_file_counters(c)->damaged);
    capture_file_close(c);
}

static void other_versions_are_refused(void **state)
{
    (void)state;
    struct capture_file *c;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    f.b[4] = 3;
    assert_int_equal(
        capture_file_open_fd(file_of(f.b, f.n), bytes_make(NULL, 0), "made", NULL, &why, &c),
        ERR_FORMAT);
    assert_non_null(strstr(why.message, "version 3.4"));
    f.b[4] = 2;
    assert_int_equal(
        capture_file_open_fd(file_of(f.b, 20), bytes_make(NULL, 0), "made", NULL, &why, &c),
        ERR_FORMAT);
    assert_non_null(strstr(why.message, "within its header"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_orders_and_resolutions),
        cmocka_unit_test(link_type_without_its_upper_bits),
        cmocka_unit_test(longer_record_headers),
        cmocka_unit_test(wire_length_is_never_less_than_what_there_is),
        cmocka_unit_test(cut_anywhere_gives_what_was_before),
        cmocka_unit_test(impossible_lengths_end_the_file),
        cmocka_unit_test(other_versions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
