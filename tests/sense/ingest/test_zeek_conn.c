/* SPDX-License-Identifier: Apache-2.0 */
/* Connections: which bytes are believed, direction, state, and where long ones are booked. */
#include "ingest_lines.h"

#include <stdio.h>

#define HEADER                                                                                     \
    "#separator \\x09\n#path\tconn\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\t"           \
    "id.resp_p\tproto\tservice\tduration\torig_bytes\tresp_bytes\tconn_state\tlocal_orig\t"        \
    "local_resp\thistory\torig_pkts\torig_ip_bytes\tresp_pkts\tresp_ip_bytes\n"                    \
    "#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tstring\tinterval\tcount\tcount\tstring\t" \
    "bool\tbool\tstring\tcount\tcount\tcount\tcount\n"

static void a_short_connection_is_one_event(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "conn.log",
             HEADER "1700000000.123456\tCa\t10.0.0.1\t40000\t203.0.113.5\t443\ttcp\tssl\t1.5\t"
                    "1000\t5000\tSF\tT\tF\tShADadFf\t10\t1400\t12\t5480\n");
    assert_int_equal(l.n, 1);
    struct event *e = &l.events[0];
    assert_int_equal(e->time, 1700000000123456000);
    lines_expect(e, "source.ip", "10.0.0.1");
    lines_expect(e, "source.port", "40000");
    lines_expect(e, "destination.ip", "203.0.113.5");
    lines_expect(e, "source.bytes", "1400");
    lines_expect(e, "destination.bytes", "5480");
    lines_expect(e, "source.packets", "10");
    lines_expect(e, "network.bytes", "6880");
    lines_expect(e, "network.packets", "22");
    lines_expect(e, "network.transport", "tcp");
    lines_expect(e, "network.protocol", "ssl");
    lines_expect(e, "network.direction", "outbound");
    lines_expect(e, "event.dataset", "zeek.connection");
    lines_expect(e, "event.category", "network");
    lines_expect(e, "event.type", "connection");
    lines_expect(e, "event.type", "start");
    lines_expect(e, "event.type", "end");
    lines_expect(e, "event.duration", "1500000000");
    lines_expect(e, "event.outcome", "success");
    lines_expect(e, "zeek.session_id", "Ca");
    lines_expect(e, "zeek.connection.state", "SF");
    lines_expect(e, "zeek.connection.history", "ShADadFf");
    lines_expect(e, "flow.id", "Ca");
    lines_expect(e, "flow.final", "true");
    lines_expect(e, "weir.flow.reports", "1");
    assert_null(event_get(e, EVENT_F_WEIR_UNTRUE));
    lines_release(&l);
}

static void direction_follows_the_flags(void **state)
{
    (void)state;
    static const char *const flags[] = {"T\tT", "F\tT", "F\tF", "-\tT"};
    static const char *const names[] = {"internal", "inbound", "external", NULL};
    for (int i = 0; i < 4; i++) {
        char text[2000];
        struct lines l;
        snprintf(text, sizeof(text),
                 HEADER
                 "1\tCa\t10.0.0.1\t4\t10.0.0.2\t5\ttcp\t-\t-\t-\t-\tREJ\t%s\tSr\t1\t40\t1\t40\n",
                 flags[i]);
        lines_of(&l, "conn.log", text);
        assert_int_equal(l.n, 1);
        if (names[i] != NULL)
            lines_expect(&l.events[0], "network.direction", names[i]);
        else
            assert_null(event_get(&l.events[0], EVENT_F_NETWORK_DIRECTION));
        lines_expect(&l.events[0], "event.type", "denied");
        lines_release(&l);
    }
}

static void bytes_that_lie_are_put_right(void **state)
{
    (void)state;
    struct lines l;
    /* 1.9 GB from two packets; payload without a data packet; segmentation offload. */
    lines_of(&l, "conn.log",
             HEADER
             "1\tC1\t10.0.0.1\t4\t10.0.0.2\t5\ttcp\t-\t3\t1900000000\t0\tSF\t-\t-\tShADFf\t2\t"
             "104\t1\t40\n"
             "2\tC2\t10.0.0.1\t4\t10.0.0.2\t5\ttcp\t-\t3\t90000\t0\tSF\t-\t-\tSAF\t2\t104\t1\t40\n"
             "3\tC3\t10.0.0.1\t4\t10.0.0.2\t5\ttcp\t-\t3\t2100000\t0\tSF\t-\t-\tShADFf\t582\t"
             "22000\t300\t12000\n");
    assert_int_equal(l.n, 3);
    lines_expect(&l.events[0], "source.bytes", "104");
    lines_expect(&l.events[0], "weir.original.source.bytes", "1900000000");
    lines_expect(&l.events[0], "weir.untrue", "source.bytes");
    lines_expect(&l.events[1], "source.bytes", "104");
    lines_expect(&l.events[2], "source.bytes", "2100000");
    lines_expect(&l.events[2], "weir.original.source.bytes", "22000");
    lines_expect(&l.events[2], "network.bytes", "2112000");
    assert_int_equal(l.counts.untrue_high, 2);
    assert_int_equal(l.counts.untrue_low, 1);
    lines_release(&l);
}

static int64_t sum_of(const struct lines *l, event_field f)
{
    int64_t sum = 0;
    for (size_t i = 0; i < l->n; i++)
        sum += event_i64(&l->events[i], f, 0);
    return sum;
}

static void a_long_connection_is_booked_by_the_minute(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "conn.log",
        HEADER
        "1000\tCl\t10.0.0.1\t4\t203.0.113.9\t443\ttcp\tssl\t601.000001\t1000000\t70\tSF\tT\tF\t"
        "ShADadFf\t1001\t1050007\t500\t20003\n");
    assert_int_equal(l.n, 11);
    assert_int_equal(l.counts.records, 1);
    assert_int_equal(l.counts.events, 11);
    assert_int_equal(l.counts.booked, 1);
    assert_int_equal(sum_of(&l, EVENT_F_SOURCE_BYTES), 1050007);
    assert_int_equal(sum_of(&l, EVENT_F_DESTINATION_BYTES), 20003);
    assert_int_equal(sum_of(&l, EVENT_F_SOURCE_PACKETS), 1001);
    assert_int_equal(sum_of(&l, EVENT_F_DESTINATION_PACKETS), 500);
    assert_int_equal(sum_of(&l, EVENT_F_NETWORK_BYTES), 1070010);
    unsigned starts = 0;
    unsigned ends = 0;
    for (size_t i = 0; i < l.n; i++) {
        struct event *e = &l.events[i];
        assert_true(i == 0 || e->time > l.events[i - 1].time);
        assert_in_range(event_i64(e, EVENT_F_SOURCE_BYTES, 0), 95455, 95456);
        assert_int_equal(event_i64(e, EVENT_F_WEIR_FLOW_REPORTS, 0), i + 1);
        starts += lines_has(e, "event.type", "start");
        ends += lines_has(e, "event.type", "end");
        assert_int_equal(lines_has(e, "flow.final", "true"), i + 1 == l.n);
        lines_expect(e, "event.start", "1970-01-01T00:16:40.000Z");
    }
    assert_int_equal(starts, 1);
    assert_int_equal(ends, 1);
    assert_int_equal(l.events[0].time, 1000 * TIME_S);
    lines_expect(&l.events[10], "weir.flow.source.bytes_total", "1050007");
    lines_expect(&l.events[10], "event.duration", "601000001000");
    lines_release(&l);
}

static void there_are_no_more_reports_than_packets(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "conn.log",
             HEADER
             "1000\tCl\t10.0.0.1\t4\t203.0.113.9\t443\ttcp\t-\t86400\t10\t70\tSF\tT\tF\tDd\t2\t"
             "90\t1\t110\n"
             "1000\tCm\t10.0.0.1\t4\t203.0.113.9\t443\ttcp\t-\t8640000\t10\t70\tSF\tT\tF\tDd\t"
             "2000000\t900000000\t1\t110\n"
             "1000\tCn\t10.0.0.1\t4\t203.0.113.9\t443\ttcp\t-"
             "\t1e300\t10\t70\tSF\tT\tF\tDd\t2\t9\t1\t1\n");
    assert_int_equal(l.n, 3 + 1440 + 1);
    assert_int_equal(sum_of(&l, EVENT_F_SOURCE_PACKETS), 2000004);
    lines_release(&l);
}

static void in_a_stream_no_byte_is_late(void **state)
{
    (void)state;
    struct lines l;
    struct ingest_settings settings;
    ingest_settings_default(&settings);
    settings.zeek.late_ns = 120 * TIME_S;
    lines_init(&l);
    lines_read(&l, &settings, "conn.log",
               HEADER "1000\tCl\t10.0.0.1\t4\t203.0.113.9\t443\ttcp\t-\t600\t10\t70\tSF\tT\tF\tDd\t"
                      "1000\t50000\t1000\t90000\n");
    assert_int_equal(sum_of(&l, EVENT_F_SOURCE_BYTES), 50000);
    assert_int_equal(sum_of(&l, EVENT_F_DESTINATION_BYTES), 90000);
    assert_in_range(l.n, 2, 3);
    for (size_t i = 0; i < l.n; i++)
        assert_true(l.events[i].time >= (1600 - 120) * TIME_S);
    lines_expect(&l.events[0], "event.type", "start");
    assert_true(l.counts.moved > 0);
    lines_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_short_connection_is_one_event),
        cmocka_unit_test(direction_follows_the_flags),
        cmocka_unit_test(bytes_that_lie_are_put_right),
        cmocka_unit_test(a_long_connection_is_booked_by_the_minute),
        cmocka_unit_test(there_are_no_more_reports_than_packets),
        cmocka_unit_test(in_a_stream_no_byte_is_late),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
