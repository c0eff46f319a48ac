/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/merge.h"

#include "base/rng.h"

#include "cmocka_head.h"
#include "sense/capture/files.h"

#define FILES 7

static struct frame f;
static char paths[FILES][64];
static struct err_text why;

static void write_file(int i)
{
    snprintf(paths[i], sizeof(paths[i]), "/tmp/weir-test-merge-%d-%d", (int)getpid(), i);
    FILE *out = fopen(paths[i], "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(f.b, 1, f.n, out), f.n);
    fclose(out);
}

static int remove_files(void **state)
{
    (void)state;
    for (int i = 0; i < FILES; i++)
        if (paths[i][0] != '\0')
            unlink(paths[i]);
    return 0;
}

static void packets_come_in_order_of_time(void **state)
{
    (void)state;
    struct rng rng;
    rng_init(&rng, 11);
    struct capture_merge_input inputs[FILES] = {0};
    uint64_t total = 0;
    for (int i = 0; i < FILES; i++) {
        f.n = 0;
        put_pcap_header(&f, i % 2 == 0, 0xa1b2c3d4, i < 3 ? 1 : 101);
        uint32_t s = 0;
        uint64_t n = i == 4 ? 0 : rng_below(&rng, 300); /* one file is empty */
        total += n;
        for (uint64_t k = 0; k < n; k++) {
            s += (uint32_t)rng_below(&rng, 3);
            char text[2] = {(char)('0' + i), '\0'};
            put_pcap_record(&f, i % 2 == 0, s, 0, text, 1);
        }
        write_file(i);
        inputs[i].path = paths[i];
    }
    struct capture_merge *m;
    struct capture_packet p;
    assert_int_equal(capture_merge_open(inputs, FILES, NULL, &why, &m), ERR_NONE);
    assert_int_equal(capture_merge_count(m), FILES);
    ts_ns last = -1;
    int last_file = 0;
    uint32_t interfaces[FILES];
    memset(interfaces, 0xff, sizeof(interfaces));
    uint32_t highest = 0;
    uint64_t got = 0;
    enum err err;
    while ((err = capture_merge_next(m, &why, &p)) == ERR_NONE) {
        int file = p.data.p[0] - '0';
        assert_true(p.ts > last || (p.ts == last && file >= last_file));
        assert_int_equal(p.link, file < 3 ? 1 : 101);
        if (interfaces[file] == UINT32_MAX)
            interfaces[file] = highest++;
        assert_int_equal(p.interface, interfaces[file]);
        last = p.ts;
        last_file = file;
        got++;
    }
    assert_int_equal(err, ERR_END);
    assert_int_equal(capture_merge_next(m, &why, &p), ERR_END);
    assert_int_equal(got, total);
    uint64_t counted = 0;
    for (size_t i = 0; i < FILES; i++)
        counted += capture_file_counters(capture_merge_file(m, i))->packets;
    assert_int_equal(counted, total);
    capture_merge_close(m);
}

static void the_first_file_that_fails_is_named(void **state)
{
    (void)state;
    const struct capture_merge_input inputs[] = {{.path = paths[0]},
                                                 {.path = "/nowhere/at/all.pcap"}};
    struct capture_merge *m;
    assert_int_equal(capture_merge_open(inputs, 2, NULL, &why, &m), ERR_NOT_FOUND);
    assert_string_equal(why.file, "/nowhere/at/all.pcap");
}

/* The beginning was read by somebody else, from a pipe, and the file after it comes from a path. */
static void a_begun_file_is_read_on(void **state)
{
    (void)state;
    int ends[2];
    struct capture_merge *m;
    struct capture_packet p;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    for (uint32_t s = 1; s < 8; s += 2)
        put_pcap_record(&f, false, s, 0, "pipe", 4);
    const size_t known = 33; /* within the first record */
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], f.b + known, f.n - known), (ssize_t)(f.n - known));
    close(ends[1]);
    struct frame begun = f;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    put_pcap_record(&f, false, 2, 0, "file", 4);
    write_file(0);
    const struct capture_merge_input inputs[] = {
        {.path = "a pipe", .open = true, .fd = ends[0], .head = bytes_make(begun.b, known)},
        {.path = paths[0]}};
    assert_int_equal(capture_merge_open(inputs, 2, NULL, &why, &m), ERR_NONE);
    close(ends[0]); /* the merge reads from its own */
    memset(begun.b, 0, known);
    static const char order[] = "pfppp";
    for (size_t i = 0; order[i] != '\0'; i++) {
        assert_int_equal(capture_merge_next(m, &why, &p), ERR_NONE);
        assert_int_equal(p.data.p[0], order[i]);
    }
    assert_int_equal(capture_merge_next(m, &why, &p), ERR_END);
    assert_string_equal(capture_file_name(capture_merge_file(m, 0)), "a pipe");
    capture_merge_close(m);
    const struct capture_merge_input gone[] = {{.path = "a pipe", .open = true, .fd = ends[0]}};
    assert_int_equal(capture_merge_open(gone, 1, NULL, &why, &m), ERR_IO);
    assert_string_equal(why.file, "a pipe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_come_in_order_of_time),
        cmocka_unit_test(the_first_file_that_fails_is_named),
        cmocka_unit_test(a_begun_file_is_read_on),
    };
    return cmocka_run_group_tests(tests, NULL, remove_files);
}
