/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation fails once while files are opened, read and merged. */
#include "capture/merge.h"

#include "cmocka_head.h"
#include "fault_memory.h"
#include "sense/capture/files.h"

static struct frame f;
static char path[64];

static void write_file(void)
{
    snprintf(path, sizeof(path), "/tmp/weir-test-fault-%d", (int)getpid());
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(f.b, 1, f.n, out), f.n);
    fclose(out);
}

static bool run_once(const char *filter)
{
    const struct capture_merge_input inputs[] = {{.path = path}, {.path = path}};
    struct capture_merge *m;
    struct err_text why;
    struct capture_packet p;
    enum err err = capture_merge_open(inputs, 2, filter, &why, &m);
    if (err != ERR_NONE) {
        /* libpcap says in words only that a filter did not fit into memory. */
        assert_true(err == ERR_MEMORY || (filter != NULL && err == ERR_INVALID));
        return false;
    }
    unsigned n = 0;
    while ((err = capture_merge_next(m, &why, &p)) == ERR_NONE)
        n++;
    assert_true(err == ERR_MEMORY || (filter != NULL && err == ERR_INVALID) || err == ERR_END);
    assert_true(err != ERR_END || n == 4);
    capture_merge_close(m);
    return err == ERR_END;
}

static void fail_each(const char *filter)
{
    for (uint64_t n = 1;; n++) {
        assert_true(n < 10000);
        fault_arm(n);
        bool done = run_once(filter);
        if (!fault_disarm()) {
            assert_true(done);
            return;
        }
    }
}

static void files(void **state)
{
    (void)state;
    f.n = 0;
    put_pcap_header(&f, false, 0xa1b2c3d4, 1);
    put_pcap_record(&f, false, 1, 0, "some bytes that are no packet", 29);
    put_pcap_record(&f, false, 2, 0, "more bytes", 10);
    write_file();
    fail_each(NULL);
    fail_each("len < 100");
    f.n = 0;
    put_section(&f, false);
    for (int i = 0; i < 20; i++)
        put_interface(&f, false, 1, 6);
    put_packet_block(&f, false, 19, 1000000, "x", 1);
    put_packet_block(&f, false, 3, 2000000, "y", 1);
    write_file();
    fail_each(NULL);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(files)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
