/* SPDX-License-Identifier: Apache-2.0 */
/* The spellings of Zeek's JSON give the same events. */
#include "ingest_lines.h"

#define REST                                                                                       \
    "\"proto\":\"tcp\",\"duration\":1.5,\"orig_bytes\":10,\"resp_bytes\":20,\"conn_state\":"       \
    "\"SF\","                                                                                      \
    "\"orig_pkts\":3,\"orig_ip_bytes\":170,\"resp_pkts\":2,\"resp_ip_bytes\":120"

static void all_spellings_are_one_event(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "data",
        "{\"_path\":\"conn\",\"ts\":1425565514.419939,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\","
        "\"id.orig_p\":1,\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":80," REST "}\n"
        "{\"_path\":\"conn\",\"_write_ts\":\"2015-03-05T14:25:20Z\",\"ts\":"
        "\"2015-03-05T14:25:14.419939Z\",\"uid\":\"C1\",\"id\":{\"orig_h\":\"10.0.0.1\","
        "\"orig_p\":1,\"resp_h\":\"10.0.0.2\",\"resp_p\":80}," REST "}\n"
        "{\"@stream\":\"conn\",\"@proc\":\"zeek\",\"ts\":\"1425565514.419939\",\"uid\":\"C1\","
        "\"id_orig_h\":\"10.0.0.1\",\"id_orig_p\":\"1\",\"id_resp_h\":\"10.0.0.2\","
        "\"id_resp_p\":80," REST "}\n"
        "{\"agent\":{\"type\":\"x\"},\"zeek\":{\"conn\":{\"ts\":1425565514.419939,\"uid\":"
        "\"C1\",\"id\":{\"orig_h\":\"10.0.0.1\",\"orig_p\":1,\"resp_h\":\"10.0.0.2\","
        "\"resp_p\":80}," REST "}}}\n"
        "{\"ts\":1425565514.419939,\"uid\":\"C1\",\"id.orig_h\":\"10.0.0.1\",\"id.orig_p\":1,"
        "\"id.resp_h\":\"10.0.0.2\",\"id.resp_p\":80," REST "}\n");
    assert_int_equal(l.n, 5);
    const char *line = buf_text(&l.json);
    size_t n = strcspn(line, "\n");
    for (const char *next = line + n + 1; *next != '\0'; next += n + 1) {
        assert_int_equal(strcspn(next, "\n"), n);
        assert_memory_equal(line, next, n);
    }
    lines_expect(&l.events[0], "source.bytes", "170");
    lines_expect(&l.events[0], "event.dataset", "zeek.connection");
    assert_int_equal(l.events[0].time, 1425565514419939000);
    lines_release(&l);
}

static void what_is_no_record_is_counted(void **state)
{
    (void)state;
    struct lines l;
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    settings.format = INGEST_FORMAT_ZEEK;
    lines_init(&l);
    lines_read(&l, &settings, "conn.log",
               "{\"ts\":\"soon\",\"uid\":\"C1\"}\n{\"uid\":\"C1\"}\n{\"ts\":1,\"uid\":\n[]\n");
    assert_int_equal(l.n, 0);
    assert_int_equal(l.counts.dropped[INGEST_DROP_TIME], 2);
    assert_int_equal(l.counts.dropped[INGEST_DROP_JSON], 2);
    assert_int_equal(l.counts.first[INGEST_DROP_JSON].line, 3);
    assert_int_equal(l.counts.first[INGEST_DROP_JSON].column, 15);
    lines_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_spellings_are_one_event),
        cmocka_unit_test(what_is_no_record_is_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
