/* SPDX-License-Identifier: Apache-2.0 */
/* What a file holds, by its first bytes. */
#include "ingest/detect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *text, const char *name, enum ingest_format format)
{
    assert_int_equal(ingest_detect(text, strlen(text), name), format);
}

static void first_bytes_tell(void **state)
{
    (void)state;
    expect("\xd4\xc3\xb2\xa1 rest", "x", INGEST_FORMAT_PCAP);
    expect("\x0a\x0d\x0d\x0a rest", "x", INGEST_FORMAT_PCAP);
    expect("\x4d\x3c\xb2\xa1 rest", "x", INGEST_FORMAT_PCAP);
    expect("{\"@timestamp\":1,\"source\":{\"ip\":\"1.2.3.4\"}}\n", "x", INGEST_FORMAT_ECS);
    expect("\n {\"@timestamp\":1}\n", "x", INGEST_FORMAT_ECS);
    expect("", "x", INGEST_FORMAT_ECS);
    expect("{\"ts\":1,\"uid\":\"C1\",\"id.orig_h\":\"1.2.3.4\"}\n", "x", INGEST_FORMAT_ZEEK);
    expect("{\"_path\":\"dns\",\"ts\":\"2018-03-24T17:15:20Z\"}\n", "x", INGEST_FORMAT_ZEEK);
    expect("{\"zeek\":{\"conn\":{\"ts\":1,\"uid\":\"C1\"}}}\n", "x", INGEST_FORMAT_ZEEK);
    expect("{\"@timestamp\":1,\"zeek\":{\"session_id\":\"C1\"}}\n", "x", INGEST_FORMAT_ECS);
    expect("#separator \\x09\n#path\tconn\n", "x", INGEST_FORMAT_ZEEK);
    expect("\t#separator \\x09\n", "x", INGEST_FORMAT_ZEEK);
    expect("### remark\n#fields\tts\n", "x", INGEST_FORMAT_ZEEK);
    expect("1517336042.090842\tCx\t10.0.0.1\n", "d/conn.log", INGEST_FORMAT_ZEEK);
    expect("1517336042.090842\tCx\t10.0.0.1\n", "d/conn", INGEST_FORMAT_UNKNOWN);
    expect("Lorem ipsum dolor sit amet\n", "conn.log", INGEST_FORMAT_UNKNOWN);
    expect("### remark\n", "conn.log", INGEST_FORMAT_UNKNOWN);
    expect("StartTime,Dur,Proto\n", "a.binetflow", INGEST_FORMAT_UNKNOWN);
}

static void names_tell(void **state)
{
    (void)state;
    assert_int_equal(ingest_detect_by_name("auto"), INGEST_FORMAT_AUTO);
    assert_int_equal(ingest_detect_by_name("zeek"), INGEST_FORMAT_ZEEK);
    assert_int_equal(ingest_detect_by_name("ecs"), INGEST_FORMAT_ECS);
    assert_int_equal(ingest_detect_by_name("pcap"), INGEST_FORMAT_PCAP);
    assert_int_equal(ingest_detect_by_name("sheep"), INGEST_FORMAT_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_bytes_tell),
        cmocka_unit_test(names_tell),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
