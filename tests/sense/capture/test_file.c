/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/file.h"

#include "cmocka_head.h"
#include "sense/capture/files.h"
#include <fcntl.h>
#include <zlib.h>
#include <zstd.h>

static struct frame f;
static struct err_text why;

static void make_file(void)
{
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 101);
    for (uint32_t i = 0; i < 100; i++) {
        static struct frame packet;
        packet.n = 0;
        put_ip4(&packet, 17, 8, i, 0);
        put_udp(&packet, 9999, i % 2 == 0 ? 53 : 54, 0);
        order32(&f, false, i);
        order32(&f, false, 0);
        order32(&f, false, (uint32_t)packet.n);
        order32(&f, false, (uint32_t)packet.n);
        put_bytes(&f, packet.b, packet.n);
    }
}

static uint64_t count(const void *p, size_t n, size_t head_n, const char *filter)
{
    struct capture_file *c;
    struct capture_packet packet;
    int fd = file_of((const uint8_t *)p + head_n, n - head_n);
    assert_int_equal(capture_file_open_fd(fd, bytes_make(p, head_n), "made", filter, &why, &c),
                     ERR_NONE);
    while (capture_file_next(c, &why, &packet) == ERR_NONE)
        ;
    const struct capture_file_counters *counters = capture_file_counters(c);
    assert_false(counters->damaged || counters->truncated);
    assert_int_equal(counters->packets + counters->filtered, 100);
    assert_int_equal(counters->bytes, n);
    uint64_t packets = counters->packets;
    capture_file_close(c);
    return packets;
}

static void plain_and_compressed_read_alike(void **state)
{
    (void)state;
    static uint8_t packed[sizeof(f.b) + 1000];
    assert_int_equal(count(f.b, f.n, 0, NULL), 100);
    assert_int_equal(count(f.b, f.n, 8, NULL), 100);
    size_t n = ZSTD_compress(packed, sizeof(packed), f.b, f.n, 1);
    assert_true(capture_file_is_compressed(bytes_make(packed, n)));
    assert_false(capture_file_is_capture(bytes_make(packed, n)));
    assert_int_equal(count(packed, n, 0, NULL), 100);
    assert_int_equal(count(packed, n, 8, NULL), 100);
    z_stream z = {.next_in = f.b, .avail_in = (uInt)f.n};
    z.next_out = packed;
    z.avail_out = sizeof(packed);
    assert_int_equal(deflateInit2(&z, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    n = z.total_out;
    deflateEnd(&z);
    assert_true(capture_file_is_compressed(bytes_make(packed, n)));
    assert_int_equal(count(packed, n, 0, "port 53"), 50);
}

static void filters_leave_out(void **state)
{
    (void)state;
    assert_int_equal(count(f.b, f.n, 0, "udp port 53"), 50);
    assert_int_equal(count(f.b, f.n, 0, "tcp"), 0);
}

static void expect_refused(const void *p, size_t n, enum err want, const char *words)
{
    struct capture_file *c;
    memset(&why, 0, sizeof(why));
    assert_int_equal(
        capture_file_open_fd(file_of(p, n), bytes_make(NULL, 0), "made", NULL, &why, &c), want);
    assert_non_null(strstr(why.message, words));
    assert_string_equal(why.file, "made");
}

static void what_is_no_capture(void **state)
{
    (void)state;
    expect_refused("", 0, ERR_FORMAT, "empty");
    expect_refused("\xd4\xc3", 2, ERR_FORMAT, "neither");
    expect_refused("{\"@timestamp\": 1}\n", 18, ERR_FORMAT, "neither");
    expect_refused("\x1f\x8bxxxxxxxxxxxxxxx", 17, ERR_FORMAT, "damaged");
    expect_refused("\x28\xb5\x2f\xfdxxxxxxxxxxxxxxx", 19, ERR_FORMAT, "damaged");
}

static void paths_that_cannot_be_read(void **state)
{
    (void)state;
    struct capture_file *c;
    assert_int_equal(capture_file_open("/nowhere/at/all.pcap", NULL, &why, &c), ERR_NOT_FOUND);
    assert_string_equal(why.file, "/nowhere/at/all.pcap");
    assert_true(strlen(why.message) > 0);
    assert_int_not_equal(capture_file_open("/tmp", NULL, &why, &c), ERR_NONE);
    assert_non_null(strstr(why.message, "irectory"));
}

static void a_wrong_filter_is_refused_at_once(void **state)
{
    (void)state;
    struct capture_file *c;
    int fd = file_of(f.b, f.n);
    assert_int_equal(
        capture_file_open_fd(fd, bytes_make(NULL, 0), "made", "no such word", &why, &c),
        ERR_INVALID);
    assert_int_equal(fcntl(fd, F_GETFD), -1); /* closed all the same */
}

static void standard_input_is_a_file_too(void **state)
{
    (void)state;
    struct capture_file *c;
    struct capture_packet p;
    int before = dup(STDIN_FILENO);
    int fd = file_of(f.b, f.n);
    dup2(fd, STDIN_FILENO);
    close(fd);
    assert_int_equal(capture_file_open("-", NULL, &why, &c), ERR_NONE);
    assert_string_equal(capture_file_name(c), "standard input");
    assert_int_equal(capture_file_next(c, &why, &p), ERR_NONE);
    assert_int_equal(p.data.n, 28);
    capture_file_close(c);
    if (before >= 0) {
        dup2(before, STDIN_FILENO);
        close(before);
    }
}

int main(void)
{
    make_file();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_and_compressed_read_alike),
        cmocka_unit_test(filters_leave_out),
        cmocka_unit_test(what_is_no_capture),
        cmocka_unit_test(paths_that_cannot_be_read),
        cmocka_unit_test(a_wrong_filter_is_refused_at_once),
        cmocka_unit_test(standard_input_is_a_file_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
