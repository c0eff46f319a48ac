/* SPDX-License-Identifier: Apache-2.0 */
/* Conditions on events: questions to fields, null, lists of values. */
#include "eql/eval_priv.h"

#include "base/buf.h"
#include "core/eql/support.h"

#include "cmocka_head.h"

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static const char host[] =
    "{\"@timestamp\":\"2024-02-29T12:30:15Z\",\"process\":{\"name\":\"Cmd.exe\",\"pid\":42,"
    "\"executable\":\"C:\\\\Windows\\\\System32\\\\Cmd.exe\",\"args\":[\"cmd\",\"/c\",\"dir\"],"
    "\"args_count\":3,\"code_signature\":{\"trusted\":true}},\"source\":{\"ip\":\"192.168.152.12\","
    "\"port\":443},\"event\":{\"category\":\"process\",\"risk_score\":4.5},\"user\":{\"name\":"
    "\"\xc3\x84nne\"},\"my\":{\"number\":5,\"text\":\"five\",\"flag\":false},\"message\":\"a b\"}";

static void fields_and_constants(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"true", host, 1},
        {"false", host, 0},
        {"null", host, 0},
        {"process.name == \"Cmd.exe\"", host, 1},
        {"process.name == \"cmd.exe\"", host, 0},
        {"\"Cmd.exe\" == process.name", host, 1},
        {"process.name == \"Cmd*\"", host, 0},
        {"process.name != \"cmd.exe\"", host, 1},
        {"process.name : \"cmd.EXE\"", host, 1},
        {"process.name : \"cmd*\"", host, 1},
        {"process.name : \"c?d.exe\"", host, 1},
        {"process.name : (\"bash\", \"*.exe\")", host, 1},
        {"process.name : (\"bash\", \"sh\")", host, 0},
        {"process.name like \"Cmd*\"", host, 1},
        {"process.name like \"cmd*\"", host, 0},
        {"process.name like~ (\"x\", \"cmd*\")", host, 1},
        {"process.name regex \"C.d\\\\.exe\"", host, 1},
        {"process.name regex \"c.d\\\\.exe\"", host, 0},
        {"process.name regex \"m\"", host, 0},
        {"process.name regex~ (\"a+\", \"c[a-m]d.exe\")", host, 1},
        {"process.executable : \"c:\\\\windows\\\\*\\\\cmd.exe\"", host, 1},
        {"process.executable : \"\"\"C:\\Windows\\System32\\*\"\"\"", host, 1},
        {"process.executable like \"\"\"C:\\Windows\\Sys?em32\\*\"\"\"", host, 1},
        {"process.executable == \"\"\"C:\\Windows\\System32\\Cmd.exe\"\"\"", host, 1},
        {"process.name in (\"a\", \"Cmd.exe\")", host, 1},
        {"process.name in (\"a\", \"cmd.exe\")", host, 0},
        {"process.name in~ (\"a\", \"cmd.exe\")", host, 1},
        {"process.name not in (\"a\", \"b\")", host, 1},
        {"process.name not in~ (\"a\", \"CMD.exe\")", host, 0},
        {"process.name in (null, \"Cmd.exe\")", host, 1},
        {"process.name in (null)", host, 0},
        {"process.pid == 42 and process.pid == 42.0 and process.pid != 42.5", host, 1},
        {"process.pid in (1, 42)", host, 1},
        {"process.pid > 41 and process.pid >= 42 and process.pid < 43 and process.pid <= 42", host,
         1},
        {"42 > process.pid or 42 < process.pid", host, 0},
        {"41 < process.pid", host, 1},
        {"event.risk_score > 4.4 and event.risk_score == 4.5", host, 1},
        {"process.name > \"Cmc\" and process.name < \"Cme\"", host, 1},
        {"source.ip == \"192.168.152.12\"", host, 1},
        {"source.ip == \"192.168.0.0/16\"", host, 1},
        {"source.ip : \"192.168.*\"", host, 1},
        {"source.ip != \"127.0.0.1\"", host, 1},
        {"source.ip >= \"192.168.0.0\" and source.ip < \"192.169.0.0\"", host, 1},
        {"@timestamp > \"2024-02-29\" or @timestamp < \"2024-02-29\"", host, 0},
        {"@timestamp == \"2024-02-29\"", host, 1},
        {"@timestamp < \"2024-02-29T12:31:00Z\"", host, 1},
        {"process.code_signature.trusted", host, 1},
        {"process.code_signature.trusted == true", host, 1},
        {"process.code_signature.trusted != true", host, 0},
        {"not process.code_signature.trusted == false", host, 1},
        {"my.number == 5 and my.number > 4 and my.text == \"five\" and my.flag == false", host, 1},
        {"my.flag", host, 0},
        {"not my.flag", host, 1},
        {"user.name : \"\xc3\x84NNE\"", host, 1},
        {"user.name : \"\xc3\xa4nne\"", host, 0}, /* ASCII only, as Lucene */
        {"agent.id == 4624", "{\"agent\":{\"id\":\"4624\"}}", 1},
        {"`my`.`number` == 5", host, 1},
        {"`my.number` == 5", host, 1},
        {"`a-b`.`c``d` == 1", "{\"a-b\":{\"c`d\":1}}", 1},
    };
    support_run(CASES(cases));
}

static void missing_fields(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"process.ppid == 1", host, 0},
        {"process.parent.name == \"a\"", host, 0},
        {"process.parent.name != \"a\"", host, 1},
        {"not process.parent.name == \"a\"", host, 1},
        {"not process.parent.name : (\"a\", \"b*\")", host, 1},
        {"process.parent.name not in (\"a\")", host, 1},
        {"not process.parent.pid > 3", host, 0}, /* is <= 3 */
        {"not process.parent.pid <= 3", host, 0},
        {"process.parent.pid == null", host, 1},
        {"process.parent.pid != null", host, 0},
        {"?process.parent.pid == null", host, 1},
        {"?no.such.field == null", host, 1},
        {"?no.such.field != null", host, 0},
        {"null == process.pid", host, 0},
        {"null != process.pid", host, 1},
        {"null == null", host, 1},
        {"null != null", host, 0},
        {"not null == null", host, 0},
        {"\"a\" == null or null == \"a\" or 1 > null or not null < 1", host, 0},
        {"process.pid > null", host, 0},
        {"not process.pid > null", host, 0},
        {"message != null", host, 1},
        {"process != null", host, 1},
        /* functions over expressions are null */
        {"length(process.parent.name) == 0", host, 0},
        {"not length(process.parent.name) == 0", host, 0},
        {"length(process.parent.name) != 0", host, 0},
        {"not length(process.parent.name) > 3", host, 0},
        {"length(process.parent.name) == null", host, 1},
        {"length(process.parent.name) != null", host, 0},
        {"length(process.name) != null", host, 1},
        {"not length(process.parent.name) == 0 or true", host, 1},
        {"length(process.parent.name) == 0 or process.pid == 42", host, 1},
        {"not (length(process.parent.name) == 0 and process.pid == 1)", host, 1},
        {"not (length(process.parent.name) == 0 and process.pid == 42)", host, 0},
        {"not (length(process.parent.name) == 0 or process.pid == 42)", host, 0},
        /* of a field and constants: questions */
        {"not startsWith(process.parent.name, \"a\")", host, 1},
        {"not startsWith~(process.parent.name, \"a\")", host, 1},
        {"cidrMatch(destination.ip, \"10.0.0.0/8\") == false", host, 1},
        {"cidrMatch(destination.ip, \"10.0.0.0/8\") != true", host, 1},
        {"startsWith(process.name, null)", host, 0},
        {"not startsWith(process.name, null)", host, 0},
    };
    support_run(CASES(cases));
}

static void lists_of_values(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"process.args == \"dir\"", host, 1},
        {"process.args != \"dir\"", host, 0},
        {"process.args != \"x\"", host, 1},
        {"process.args : \"/C\"", host, 1},
        {"not process.args : \"/C\"", host, 0},
        {"length(process.args) == 2", host, 1},
        {"length(process.args) == 4", host, 0},
        {"not length(process.args) == 2", host, 0},
        {"length(process.args) > 2", host, 1},
        {"not length(process.args) > 2", host, 1}, /* one of them is <= 2 */
        {"length(process.args) == null", host, 0},
        {"concat(process.args, process.args) == \"cmddir\"", host, 0}, /* one value at a time */
        {"concat(process.args, a) == \"dir2\"",
         "{\"process\":{\"args\":[\"x\",\"dir\"]},"
         "\"a\":[1,2,3]}",
         1},
        {"a + b == 22", "{\"a\":[1,2,3],\"b\":[10,20]}", 1},
        {"a + b == 24", "{\"a\":[1,2,3],\"b\":[10,20]}", 0},
        {"a > 2 and not a > 2", "{\"a\":[1,3]}", 1},
        {"string(process.args) in (\"dir\")", host, 1},
        {"string(process.args) : (\"D*\", \"x\")", host, 1},
        {"string(process.args) regex \"d.r\"", host, 1},
        {"string(a) in~ (\"X\", \"y\")", "{\"a\":\"x\"}", 1},
        {"string(b) in~ (\"X\", \"y\")", "{\"a\":\"x\"}", 0},
        {"not string(b) in~ (\"X\", \"y\")", "{\"a\":\"x\"}", 0},
        {"not string(a) like \"y*\"", "{\"a\":\"x\"}", 1},
        {"number(a) in (1, 2.5)", "{\"a\":\"2.5\"}", 1},
        {"(a == 1) == true and (a == 2) == false and (a == 2) != true", "{\"a\":1}", 1},
        {"string(a == 1) == \"true\"", "{\"a\":1}", 1},
        {"string(a == 1) == \"true\"", "{\"a\":2}", 0},
        {"(length(b) == 1) == null", "{\"a\":2}", 1},
    };
    support_run(CASES(cases));
}

/* Nobody's list makes a comparison endless: a thousand combinations, 16 MB of texts. */
static void long_lists(void **state)
{
    (void)state;
    struct buf json;
    buf_init(&json);
    buf_str(&json, "{\"a\":[0");
    for (int i = 1; i < 2000; i++)
        buf_format(&json, ",%d", i);
    buf_str(&json, "]}");
    assert_int_equal(support_hits("any where a == 1999", buf_text(&json)), 1);
    assert_int_equal(support_hits("any where a + 0 == 999", buf_text(&json)), 1);
    assert_int_equal(support_hits("any where a + 0 == 1000", buf_text(&json)), 0);
    buf_clear(&json);
    buf_str(&json, "{\"a\":\"");
    for (int i = 0; i < 100000; i++)
        buf_char(&json, 'x');
    buf_str(&json, "\",\"b\":[1");
    for (int i = 2; i < 900; i++)
        buf_format(&json, ",%d", i);
    buf_str(&json, "]}");
    assert_int_equal(support_hits("any where endsWith(concat(a, a, a, a, a, a, a, b), \"x20\")",
                                  buf_text(&json)),
                     1);
    assert_int_equal(support_hits("any where endsWith(concat(a, a, a, a, a, a, a, b), \"x800\")",
                                  buf_text(&json)),
                     0);
    assert_int_equal(support_hits("any where endsWith(concat(b), \"800\")", buf_text(&json)), 1);
    /* a text of more than 1 MB is null */
    assert_int_equal(
        support_hits("any where concat(a, a, a, a, a, a, a, a, a, a, a) == null", buf_text(&json)),
        1);
    buf_release(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_and_constants),
        cmocka_unit_test(missing_fields),
        cmocka_unit_test(lists_of_values),
        cmocka_unit_test(long_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
