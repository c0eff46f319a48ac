/* SPDX-License-Identifier: Apache-2.0 */
/* Files to events; and real logs, when WEIR_DATA_DIR names a folder of them. */
#include "ingest/file.h"

#include "base/mem.h"
#include "event/event.h"
#include "ingest/input.h"
#include "ingest_temp.h"

#include <fcntl.h>

static void count(void *ctx, struct event *e)
{
    (void)e;
    ++*(uint64_t *)ctx;
}

static void a_file_becomes_events(void **state)
{
    (void)state;
    struct temp temp;
    struct ingest_settings settings;
    struct ingest_file *f;
    struct err_text why;
    uint64_t n = 0;
    uint64_t size;
    static const char text[] = "{\"@timestamp\":1}\n{\"@timestamp\":2}\n{\"@timestamp\":3}";
    temp_make(&temp);
    ingest_settings_default(&settings);
    assert_int_equal(ingest_file_open(temp_path(&temp, "none"), &settings, &f, &why),
                     ERR_NOT_FOUND);
    temp_write(&temp, "x.json", "w", text, sizeof(text) - 1);
    assert_int_equal(ingest_file_open(temp.path, &settings, &f, &why), ERR_NONE);
    assert_int_equal(ingest_file_format(f), INGEST_FORMAT_ECS);
    assert_int_equal(ingest_file_run(f, 2, count, &n, &why), ERR_NONE);
    assert_int_equal(n, 2);
    assert_int_equal(ingest_file_run(f, 0, count, &n, &why), ERR_END);
    assert_int_equal(n, 3);
    assert_int_equal(ingest_file_position(f, &size), sizeof(text) - 1);
    assert_int_equal(size, sizeof(text) - 1);
    assert_int_equal(ingest_file_counts(f)->records, 3);
    ingest_file_close(f);
    temp_write(&temp, "x.pcap", "w", "\xd4\xc3\xb2\xa1", 4);
    assert_int_equal(ingest_file_open(temp.path, &settings, &f, &why), ERR_NONE);
    assert_int_equal(ingest_file_format(f), INGEST_FORMAT_PCAP);
    assert_int_equal(ingest_file_counts(f)->lines, 0);
    ingest_file_close(f);
    temp_drop(&temp);
}

/* A capture that is still being written, of which only the first bytes are there. */
static void a_capture_in_a_pipe_is_known_at_once(void **state)
{
    (void)state;
    struct temp temp;
    struct ingest_settings settings;
    struct ingest_file *f;
    struct err_text why;
    struct bytes head;
    int fd;
    temp_make(&temp);
    ingest_settings_default(&settings);
    assert_int_equal(mkfifo(temp_path(&temp, "pipe"), 0600), 0);
    int writer = open(temp.path, O_RDWR);
    assert_int_equal(write(writer, "\xd4\xc3\xb2\xa1\x02", 5), 5);
    assert_int_equal(ingest_file_open(temp.path, &settings, &f, &why), ERR_NONE);
    assert_int_equal(ingest_file_format(f), INGEST_FORMAT_PCAP);
    assert_int_equal(ingest_file_head(f, &fd, &head), ERR_NONE);
    assert_int_equal(head.n, 5);
    assert_memory_equal(head.p, "\xd4\xc3\xb2\xa1\x02", 5);
    ingest_file_close(f);
    close(writer);
    temp_drop(&temp);
}

/* Lines that are neither blank nor a remark. */
static uint64_t rows_of(const char *path)
{
    struct ingest_input *in;
    struct err_text why;
    const char *p;
    size_t n;
    uint64_t rows = 0;
    assert_int_equal(ingest_input_open(path, &in, &why), ERR_NONE);
    while (ingest_input_line(in, &p, &n) == ERR_NONE) {
        size_t at = 0;
        while (at < n && (p[at] == ' ' || p[at] == '\t'))
            at++;
        rows += at < n && p[at] != '#';
    }
    ingest_input_close(in);
    return rows;
}

static void real_logs_are_read_whole(void **state)
{
    (void)state;
    /* File, events of a minute at most, lines dropped: for logs that are cut or have no time. */
    static const struct {
        const char *path;
        uint64_t records, dropped;
    } cases[] = {
        {"stratosphere-testing/001-zeek-scenario-malicious/labeled-conn.log", 0, 0},
        {"stratosphere-testing/003-zeek-scenario-malicious/conn.log", 0, 0},
        {"stratosphere-testing/008-zeek-mixed/data/conn.log.labeled", 0, 0},
        {"stratosphere-testing/008-zeek-mixed/data/http.log.labeled", 0, 0},
        {"rita/test_data/json_with_all_fields/conn.log", 0, 0},
        {"rita/test_data/open_conns/open/http.log", 0, 0},
        {"rita/test_data/proxy_rolling/conn.16:00:00-17:00:00.log.gz", 0, 0},
        {"rita/test_data/truncated/conn.log", 58, 1},
        {"rita/test_data/truncated/conn_top.log", 58, 1},
        {"rita/test_data/truncated/conn_json.log", 3, 1},
        {"slips/dataset/test10-mixed-zeek-dir/conn.log", 0, 0},
        {"slips/dataset/test13-malicious-dhcpscan-zeek-dir/dhcp.log", 0, 0},
        {"zed-zeek/zeek-json/dns.json.gz", 0, 0},
        {"zed-zeek/zeek-json/loaded_scripts.json.gz", 0, 512},
        {"otrf/datasets/compound/apt29/day2/zeek/individual_zeek_logs/UTICA-A_conn.log", 0, 0},
    };
    const char *dir = getenv("WEIR_DATA_DIR");
    if (dir == NULL)
        skip();
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char path[4096];
        struct ingest_settings settings;
        struct ingest_file *f;
        struct err_text why;
        uint64_t events = 0;
        snprintf(path, sizeof(path), "%s/%s", dir, cases[i].path);
        ingest_settings_default(&settings);
        assert_int_equal(ingest_file_open(path, &settings, &f, &why), ERR_NONE);
        assert_int_equal(ingest_file_format(f), INGEST_FORMAT_ZEEK);
        assert_int_equal(ingest_file_run(f, 0, count, &events, &why), ERR_END);
        const struct ingest_counts *c = ingest_file_counts(f);
        assert_int_equal(c->events, events);
        assert_int_equal(ingest_counts_dropped(c), cases[i].dropped);
        assert_int_equal(c->records + cases[i].dropped, rows_of(path));
        assert_true(c->events >= c->records);
        if (cases[i].records > 0)
            assert_int_equal(c->records, cases[i].records);
        ingest_file_close(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_becomes_events),
        cmocka_unit_test(a_capture_in_a_pipe_is_known_at_once),
        cmocka_unit_test(real_logs_are_read_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
