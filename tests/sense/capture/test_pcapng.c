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

static void expect_packet(struct capture_file *c, ts_ns ts, uint32_t interface, uint32_t link,
                          const char *text)
{
    struct capture_packet p;
    assert_int_equal(capture_file_next(c, &why, &p), ERR_NONE);
    assert_int_equal(p.ts, ts);
    assert_int_equal(p.interface, interface);
    assert_int_equal(p.link, link);
    assert_int_equal(p.data.n, strlen(text));
    assert_memory_equal(p.data.p, text, p.data.n);
}

static void expect_end(struct capture_file *c)
{
    struct capture_packet p;
    for (int i = 0; i < 3; i++)
        assert_int_equal(capture_file_next(c, &why, &p), ERR_END);
}

static void each_interface_has_its_own_link_and_clock(void **state)
{
    (void)state;
    for (int big = 0; big <= 1; big++) {
        f.n = 0;
        put_section(&f, big);
        put_interface(&f, big, 1, 0);
        put_interface(&f, big, 101, 9);
        put_interface(&f, big, 113, 3);
        put_interface(&f, big, 1, 0x80 | 10);
        put_interface(&f, big, 1, 12);
        put_packet_block(&f, big, 0, 1700000000123456, "a", 1);
        put_packet_block(&f, big, 1, 1700000000123456789, "bb", 2);
        put_packet_block(&f, big, 2, 1700000000123, "ccc", 3);
        put_packet_block(&f, big, 3, 1700000000 * 1024ULL + 512, "dddd", 4);
        put_packet_block(&f, big, 4, 1700000000123456, "eeeee", 5);
        struct capture_file *c = open_frame(f.n);
        expect_packet(c, 1700000000123456000, 0, 1, "a");
        expect_packet(c, 1700000000123456789, 1, 101, "bb");
        expect_packet(c, 1700000000123000000, 2, 113, "ccc");
        expect_packet(c, 1700000000500000000, 3, 1, "dddd");
        expect_packet(c, 1700000000123, 4, 1, "eeeee");
        expect_end(c);
        assert_false(capture_file_counters(c)->damaged || capture_file_counters(c)->truncated);
        capture_file_close(c);
    }
}

static void sections_begin_anew(void **state)
{
    (void)state;
    f.n = 0;
    put_section(&f, false);
    put_interface(&f, false, 1, 0);
    put_interface(&f, false, 1, 0);
    put_packet_block(&f, false, 1, 5000000, "one", 3);
    put_section(&f, true); /* the other byte order */
    put_interface(&f, true, 101, 9);
    put_packet_block(&f, true, 0, 6000000000, "two", 3);
    put_packet_block(&f, true, 1, 6000000000, "no such interface", 17);
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, 5 * TIME_S, 1, 1, "one");
    expect_packet(c, 6 * TIME_S, 2, 101, "two");
    expect_end(c);
    assert_int_equal(capture_file_counters(c)->skipped, 1);
    capture_file_close(c);
}

static void time_offset(void **state)
{
    (void)state;
    f.n = 0;
    put_section(&f, false);
    size_t b = begin_block(&f, false, 1);
    order16(&f, false, 1);
    order16(&f, false, 0);
    order32(&f, false, 0);
    order16(&f, false, 14);
    order16(&f, false, 8);
    order32(&f, false, 100);
    order32(&f, false, 0);
    put_option8(&f, false, 9, 9);
    put_zeros(&f, 4);
    end_block(&f, false, b);
    put_packet_block(&f, false, 0, 7, "x", 1);
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, 100 * TIME_S + 7, 0, 1, "x");
    capture_file_close(c);
}

static void older_and_simpler_packets(void **state)
{
    (void)state;
    f.n = 0;
    put_section(&f, false);
    size_t b = begin_block(&f, false, 1);
    order16(&f, false, 1);
    order16(&f, false, 0);
    order32(&f, false, 4); /* snapshot length */
    end_block(&f, false, b);
    b = begin_block(&f, false, 2);
    order16(&f, false, 0);
    order16(&f, false, 9); /* drops */
    order32(&f, false, 0);
    order32(&f, false, 3000000);
    order32(&f, false, 3);
    order32(&f, false, 30);
    put_text(&f, "old");
    end_block(&f, false, b);
    b = begin_block(&f, false, 3);
    order32(&f, false, 40);
    put_text(&f, "simp");
    end_block(&f, false, b);
    b = begin_block(&f, false, 0x00000bad);
    put_zeros(&f, 100);
    end_block(&f, false, b);
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, 3 * TIME_S, 0, 1, "old");
    expect_packet(c, 3 * TIME_S, 0, 1, "simp");
    expect_end(c);
    assert_int_equal(capture_file_counters(c)->no_time, 1);
    assert_int_equal(capture_file_counters(c)->skipped, 1);
    capture_file_close(c);
}

static void large_blocks_that_carry_no_packet_are_passed_over(void **state)
{
    (void)state;
    f.n = 0;
    put_section(&f, false);
    put_interface(&f, false, 1, 0);
    for (int i = 0; i < 3; i++) {
        size_t b = begin_block(&f, false, 5);
        put_zeros(&f, 20000);
        end_block(&f, false, b);
    }
    put_packet_block(&f, false, 0, 1000000, "x", 1);
    struct capture_file *c = open_frame(f.n);
    expect_packet(c, TIME_S, 0, 1, "x");
    capture_file_close(c);
}

static void cut_anywhere_gives_what_was_before(void **state)
{
    (void)state;
    f.n = 0;
    put_section(&f, false);
    put_interface(&f, false, 1, 0);
    size_t ends[4] = {f.n};
    for (uint32_t i = 1; i < 4; i++) {
        put_packet_block(&f, false, 0, i * 1000000, "some bytes", 10);
        ends[i] = f.n;
    }
    for (size_t n = 28; n < f.n; n++) {
        struct capture_file *c = open_frame(n);
        unsigned whole = 0;
        while (whole < 3 && ends[whole + 1] <= n)
            whole++;
        for (unsigned i = 1; i <= whole; i++)
            expect_packet(c, i * TIME_S, 0, 1, "some bytes");
        expect_end(c);
        if (n >= ends[0])
            assert_int_equal(capture_file_counters(c)->truncated, n != ends[whole]);
        capture_file_close(c);
    }
}

static void expect_damaged(size_t at, uint8_t value)
{
    uint8_t before = f.b[at];
    f.b[at] = value;
    struct capture_file *c = open_frame(f.n);
    expect_end(c);
    assert_true(capture_file_counters(c)->damaged);
    capture_file_close(c);
    f.b[at] = before;
}

static void nonsense_ends_the_file(void **state)
{
    (void)state;
    f.n = 0;
    put_section(&f, false);
    size_t interface = f.n;
    put_interface(&f, false, 1, 6);
    size_t packet = f.n;
    put_packet_block(&f, false, 0, 1000000, "some bytes", 10);
    expect_damaged(packet + 4, 45);            /* length no multiple of 4 */
    expect_damaged(packet + 4, 8);             /* shorter than its frame */
    expect_damaged(packet + 7, 0x40);          /* a gigabyte */
    expect_damaged(f.n - 4, 0);                /* lengths before and behind differ */
    expect_damaged(interface + 8 + 8 + 4, 77); /* 10^-77 s */
    f.b[packet + 20] = 200;                    /* more captured than the block holds: passed over */
    struct capture_file *c = open_frame(f.n);
    expect_end(c);
    assert_int_equal(capture_file_counters(c)->skipped, 1);
    capture_file_close(c);
}

static void a_later_version_is_refused(void **state)
{
    (void)state;
    struct capture_file *c;
    f.n = 0;
    put_section(&f, false);
    f.b[12] = 2;
    assert_int_equal(
        capture_file_open_fd(file_of(f.b, f.n), bytes_make(NULL, 0), "made", NULL, &why, &c),
        ERR_FORMAT);
    assert_non_null(strstr(why.message, "later version"));
    f.b[12] = 1;
    f.b[8] = 0;
    assert_int_equal(
        capture_file_open_fd(file_of(f.b, f.n), bytes_make(NULL, 0), "made", NULL, &why, &c),
        ERR_FORMAT);
    assert_non_null(strstr(why.message, "neither"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_interface_has_its_own_link_and_clock),
        cmocka_unit_test(sections_begin_anew),
        cmocka_unit_test(time_offset),
        cmocka_unit_test(older_and_simpler_packets),
        cmocka_unit_test(large_blocks_that_carry_no_packet_are_passed_over),
        cmocka_unit_test(cut_anywhere_gives_what_was_before),
        cmocka_unit_test(nonsense_ends_the_file),
        cmocka_unit_test(a_later_version_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
