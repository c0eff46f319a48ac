/* SPDX-License-Identifier: Apache-2.0 */
/* Tab-separated logs: headers of every kind, none, in mid-file; labels, escapes, lists. */
#include "ingest_lines.h"

static void headers_say_it_all(void **state)
{
    (void)state;
    struct lines l;
    lines_of(
        &l, "x",
        "#separator \\x7c\n#set_separator|;\n#empty_field|EMPTY\n#unset_field|?\n#path|things\n"
        "#fields|ts|uid|names|sizes|ok|gap|when|none\n"
        "#types|time|string|set[string]|vector[count]|bool|interval|time|set[string]\n"
        "1.5|C1|a;b\\x3bc|1;2;?|T|0.25|2|EMPTY\n"
        "2.5|?|?|?|F|?|?|?\n");
    assert_int_equal(l.n, 2);
    struct event *e = &l.events[0];
    assert_int_equal(e->time, 1500000000);
    lines_expect(e, "event.dataset", "zeek.things");
    lines_expect(e, "zeek.session_id", "C1");
    lines_expect(e, "zeek.things.names", "a");
    lines_expect(e, "zeek.things.names", "b;c");
    lines_expect(e, "zeek.things.sizes", "2");
    lines_expect(e, "zeek.things.ok", "true");
    lines_expect(e, "zeek.things.gap", "0.25");
    lines_expect(e, "zeek.things.when", "1970-01-01T00:00:02.000Z");
    assert_null(event_find(e, "zeek.things.none", 16));
    assert_null(event_find(&l.events[1], "zeek.things.names", 17));
    lines_release(&l);
}

static void headers_change_in_mid_file(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "x",
             "#separator \\x09\n#path\ta\n#fields\tts\tx\n#types\ttime\tcount\n1\t5\n#close\t1\n"
             "#separator \\x09\n#path\tb\n#fields\tx\tts\n#types\tstring\ttime\nhello\t2\n");
    assert_int_equal(l.n, 2);
    lines_expect(&l.events[0], "zeek.a.x", "5");
    lines_expect(&l.events[1], "zeek.b.x", "hello");
    assert_int_equal(l.events[1].time, 2 * TIME_S);
    lines_release(&l);
}

#define ROW                                                                                        \
    "1517336042.090842\tCi\t10.0.0.1\t14291\t10.0.0.2\t80\ttcp\t-\t3."                             \
    "000158\t5\t6\tS0\tT\tT\t0\tS\t"                                                               \
    "2\t104\t1\t44"

static void a_log_without_header_is_known_by_its_name(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "conn_top.log", ROW "\t(empty)\n" ROW "\t(empty)\t6\n" ROW "\n");
    assert_int_equal(l.n, 2);
    lines_expect(&l.events[0], "source.bytes", "104");
    lines_expect(&l.events[1], "zeek.connection.ip_proto", "6");
    assert_int_equal(l.counts.dropped[INGEST_DROP_COLUMNS], 1);
    lines_release(&l);
    lines_of(&l, "other.log", ROW "\n");
    assert_int_equal(l.n, 0);
    assert_int_equal(l.counts.dropped[INGEST_DROP_HEADER], 1);
    assert_int_equal(l.counts.first[INGEST_DROP_HEADER].line, 1);
    lines_release(&l);
}

static void labels_at_the_end_are_taken_apart(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "conn.log",
             "#path\tconn\n#fields\tts\tuid\ttunnel_parents   label   detailed-label\n"
             "#types\ttime\tstring\tset[string]   string   string\n"
             "1\tC1\t(empty)   Malicious   C&C-Torii\n2\tC2\t-   Benign   -\n");
    assert_int_equal(l.n, 2);
    lines_expect(&l.events[0], "zeek.connection.label", "Malicious");
    lines_expect(&l.events[0], "zeek.connection.detailed-label", "C&C-Torii");
    lines_expect(&l.events[1], "zeek.connection.label", "Benign");
    lines_release(&l);
}

static void rows_that_are_cut_are_counted(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "conn.log",
             "\t#path\tconn\n#fields\tts\tuid\tx\n#types\ttime\tstring\tstring\n1\tC1\n"
             "nonsense\tC2\ty\n-\tC3\ty\n\n4\tC4\tb\\xffd\\\\x41\n");
    assert_int_equal(l.n, 1);
    assert_int_equal(l.counts.dropped[INGEST_DROP_COLUMNS], 1);
    assert_int_equal(l.counts.first[INGEST_DROP_COLUMNS].line, 4);
    assert_int_equal(l.counts.dropped[INGEST_DROP_TIME], 2);
    lines_expect(&l.events[0], "zeek.connection.x", "b\\xffd\\x41");
    assert_int_equal(l.counts.repaired_bytes, 1);
    lines_release(&l);
}

/* A type that is cut short is taken for what there is of it. */
static void types_that_are_cut_are_text(void **state)
{
    (void)state;
    struct lines l;
    lines_of(&l, "conn.log",
             "#path\tconn\n#fields\tts\tuid\ta\tb\n#types\ttime\tstring\tset[\t[\n"
             "1\tC1\tx,y\tx,y\n");
    assert_int_equal(l.n, 1);
    lines_expect(&l.events[0], "zeek.connection.a", "x");
    lines_expect(&l.events[0], "zeek.connection.b", "x,y");
    lines_release(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_say_it_all),
        cmocka_unit_test(headers_change_in_mid_file),
        cmocka_unit_test(a_log_without_header_is_known_by_its_name),
        cmocka_unit_test(labels_at_the_end_are_taken_apart),
        cmocka_unit_test(rows_that_are_cut_are_counted),
        cmocka_unit_test(types_that_are_cut_are_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
