/* SPDX-License-Identifier: Apache-2.0 */
/* Every function, as Elastic's reference describes it; constants are computed when a query is read,
 * fields when it is asked, and both must agree. */
#include "eql/function_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#define CASES(c) (c), sizeof(c) / sizeof *(c)

static const char host[] =
    "{\"process\":{\"name\":\"regsvr32.exe\",\"command_line\":\"start "
    "regsvr32.exe\",\"args_count\":"
    "4,\"parent\":{\"args_count\":2}},\"file\":{\"path\":\"C:\\\\Windows\\\\System32\\\\cmd.exe\","
    "\"extension\":\".exe\",\"name\":\"\xc3\x84pfel-\xf0\x9f\x8d\x8e.exe\"},\"url\":{\"domain\":"
    "\"subdomain.example.com\"},\"source\":{\"ip\":\"192.168.152.12\",\"address\":"
    "\"192.168.152.12\"},\"n\":{\"text\":\"1337\",\"float\":0.5}}";

static void arithmetic(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"add(4, 5) == 9 and add(4, 0.5) == 4.5 and add(-2, -2) == -4", host, 1},
        {"add(process.args_count, 5) == 9", host, 1},
        {"add(process.args_count, process.parent.args_count) == 6", host, 1},
        {"add(null, 4) == null and add(4, null) == null", host, 1},
        {"add(no.such, 4) == null", host, 1},
        {"divide(4, 2) == 2 and divide(4, 3) == 1 and divide(4, 0.5) == 8", host, 1},
        {"divide(-4, -2) == 2 and divide(-7, 2) == -3", host, 1},
        {"4 / process.args_count == 1 and 4 / 3 == 1", host, 1},
        {"(4.0 / process.args_count) == 1 and 4.0 / 3 != 1", host, 1},
        {"divide(4, 0) == null and 1.5 / 0 == null and 4 % 0 == null", host, 1},
        {"modulo(10, 6) == 4 and modulo(10, 0.5) == 0", host, 1},
        {"modulo(10, -6) == 4 and modulo(-10, -6) == -4", host, 1},
        {"process.args_count % 3 == 1", host, 1},
        {"multiply(0.25, 2) == 0.5 and multiply(-2, -2) == 4", host, 1},
        {"process.args_count * 2 + 1 == 9 and 1 + process.args_count * 2 == 9", host, 1},
        {"(1 + process.args_count) * 2 == 10", host, 1},
        {"subtract(10, 2) == 8 and subtract(10.5, 0.5) == 10 and 1 - -2 == 3", host, 1},
        {"10 - process.args_count - 1 == 5", host, 1},
        {"-process.args_count == -4", host, 1},
        {"+process.args_count == 4", host, 1},
        {"n.float * 2 == 1", host, 1},
        {"9223372036854775807 + 1 == null", host, 1},
        {"9223372036854775807 + process.args_count == null", host, 1},
        {"(-9223372036854775807 - 1) / -1 == null", host, 1},
        {"(-9223372036854775807 - 1) % -1 == 0", host, 1},
        {"process.name + 1 == 2", host, -1},
        {"n.text + 1 == 1338", host, 0}, /* a text is no number */
    };
    support_run(CASES(cases));
}

static void texts(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"between(file.path, \"System32\\\\\", \".exe\") == \"cmd\"", host, 1},
        {"between(file.path, \"system32\\\\\", \".exe\") == \"\"", host, 1},
        {"between~(file.path, \"system32\\\\\", \".EXE\") == \"cmd\"", host, 1},
        {"between(file.path, \"workspace\\\\\", \".exe\") == \"\"", host, 1},
        {"between(file.path, \"\\\\\", \"\\\\\", false) == \"Windows\"", host, 1},
        {"between(file.path, \"\\\\\", \"\\\\\", true) == \"Windows\\\\System32\"", host, 1},
        {"between(\"\", \"a\", \"b\") == \"\" and between(\"\", \"\", \"\") == \"\"", host, 1},
        {"between(null, \"a\", \"b\") == null", host, 1},
        {"between(file.path, \":\", \"\", true) == \"\\\\Windows\\\\System32\\\\cmd.exe\"", host,
         1},
        {"concat(\"process is \", process.name) == \"process is regsvr32.exe\"", host, 1},
        {"concat(process.name, \" \", 42) == \"regsvr32.exe 42\"", host, 1},
        {"concat(process.name, \" \", 42.5, true) == \"regsvr32.exe 42.5true\"", host, 1},
        {"concat(process.name, \" \", process.args_count) == \"regsvr32.exe 4\"", host, 1},
        {"concat(\"a\") == \"a\" and concat(\"a\", 4) == \"a4\"", host, 1},
        {"concat(process.name, null) == null and concat(null) == null", host, 1},
        {"concat(source.ip, \"!\") == \"192.168.152.12!\"", host, 1},
        {"endsWith(\"regsvr32.exe\", \".exe\") and endsWith(\"\", \"\")", host, 1},
        {"endsWith(\"regsvr32.exe\", \".dll\")", host, 0},
        {"endsWith(process.name, \".exe\") and not endsWith(process.name, \".EXE\")", host, 1},
        {"endsWith~(process.name, \".EXE\")", host, 1},
        {"endsWith(\"regsvr32.exe\", file.extension)", host, 1},
        {"endsWith~(\"regsvr32.EXE\", file.extension)", host, 1},
        {"endsWith(\"ntdll.dll\", process.name)", host, 0},
        {"endsWith(null, \"a\") == null and endsWith(\"a\", null) == null", host, 1},
        {"endsWith(process.name, \"*exe\") or endsWith(process.name, \"?exe\")", host, 0},
        {"startsWith(\"regsvr32.exe\", \"regsvr32\") and startsWith(\"\", \"\")", host, 1},
        {"startsWith(\"regsvr32.exe\", \"Regsvr32\")", host, 0},
        {"startsWith~(\"regsvr32.exe\", \"Regsvr32\")", host, 1},
        {"startsWith~(process.name, \"REG\") and startsWith(process.name, \"reg\")", host, 1},
        {"startsWith(process.name, \"r*\")", host, 0},
        {"startsWith(file.path, \"C:\\\\Win\")", host, 1},
        {"startsWith~(file.name, \"\xc3\xa4PFEL\")", host, 1},
        {"startsWith(file.name, \"\xc3\xa4pfel\")", host, 0},
        {"startsWith(concat(process.name, \"x\"), \"regsvr\")", host, 1},
        {"stringContains(process.command_line, \"regsvr32\")", host, 1},
        {"stringContains(process.command_line, \"Regsvr32\")", host, 0},
        {"stringContains~(process.command_line, \"Regsvr32\")", host, 1},
        {"stringContains(process.command_line, process.name)", host, 1},
        {"stringContains(process.command_line, \"\")", host, 0},
        {"stringContains(\"\", \"\")", host, 0},
        {"stringContains(process.command_line, null) == null", host, 1},
        {"length(\"explorer.exe\") == 12 and length(\"\") == 0 and length(null) == null", host, 1},
        {"length(process.name) == 12 and length(file.name) == 11", host, 1},
        {"string(42) == \"42\" and string(42.5) == \"42.5\" and string(true) == \"true\"", host, 1},
        {"string(process.args_count) == \"4\" and string(null) == null", host, 1},
        {"substring(\"start regsvr32.exe\", 6) == \"regsvr32.exe\"", host, 1},
        {"substring(\"start regsvr32.exe\", 0, 5) == \"start\"", host, 1},
        {"substring(process.command_line, 6, 14) == \"regsvr32\"", host, 1},
        {"substring(process.command_line, -4) == \".exe\"", host, 1},
        {"substring(process.command_line, -4, -1) == \".ex\"", host, 1},
        {"substring(process.command_line, 5, 2) == \"\"", host, 1},
        {"substring(process.command_line, 99) == \"\"", host, 1},
        {"substring(process.command_line, -99, 5) == \"start\"", host, 1},
        {"substring(file.name, 1, 7) == \"pfel-\xf0\x9f\x8d\x8e\"", host, 1},
    };
    support_run(CASES(cases));
}

static void positions_and_numbers(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {"indexOf(url.domain, \".\") == 9 and indexOf(url.domain, \".\", 9) == 9", host, 1},
        {"indexOf(url.domain, \".\", 10) == 17 and indexOf(url.domain, \".\", -6) == 9", host, 1},
        {"indexOf(\"\", \"\") == 0 and indexOf(url.domain, \"\") == 0", host, 1},
        {"indexOf(url.domain, \"\", 9) == 9 and indexOf(url.domain, \"\", -6) == 0", host, 1},
        {"indexOf(url.domain, \"z\") == null and indexOf(url.domain, \"z\", 9) == null", host, 1},
        {"indexOf(url.domain, \".\", 30) == null", host, 1},
        {"indexOf(null, \".\", 9) == null and indexOf(url.domain, null, 9) == null", host, 1},
        {"indexOf(url.domain, \".\", null) == null", host, 1},
        {"indexOf~(url.domain, \"EXAMPLE\") == 10", host, 1},
        {"indexOf(file.name, \".exe\") == 7", host, 1},
        {"number(\"1337\") == 1337 and number(\"42.5\") == 42.5", host, 1},
        {"number(\"deadbeef\", 16) == 3735928559 and number(\"0xdeadbeef\") == 3735928559", host,
         1},
        {"number(\"0xdeadbeef\", 16) == 3735928559", host, 1},
        {"number(\"0xdeadbeef\", null) == 3735928559 and number(\"1337\", null) == 1337", host, 1},
        {"number(\"+1337\") == 1337 and number(\"-1337\") == -1337", host, 1},
        {"number(\"  1337  \") == 1337", host, 1},
        {"number(n.text) == 1337 and number(n.text, 8) == 735", host, 1},
        {"number(null) == null and number(null, 16) == null", host, 1},
        {"number(\"\") == null and number(\"x\") == null and number(\"12x\") == null", host, 1},
        {"number(\"0x\") == null and number(\"-\") == null and number(\"9\", 8) == null", host, 1},
        {"number(\"1e3\") == 1000 and number(\"--5\") == null and number(\"- 5\") == null", host,
         1},
        {"number(\"1\", 1) == null and number(\"1\", 37) == null", host, 1},
        {"number(\"99999999999999999999\") > 99999999999999999998.0", host, 0},
        {"number(\"99999999999999999999\") == 1e20", host, 1},
        {"cidrMatch(source.ip, \"192.168.0.0/16\")", host, 1},
        {"cidrMatch(source.ip, \"10.0.0.0/8\", \"192.168.0.0/16\")", host, 1},
        {"cidrMatch(source.ip, \"10.0.0.0/8\")", host, 0},
        {"cidrMatch(source.address, \"10.0.0.0/8\", \"192.168.0.0/16\")", host, 1},
        {"cidrMatch(source.address, \"10.0.0.0/8\", \"10.128.0.0/9\")", host, 0},
        {"cidrMatch(process.name, \"10.0.0.0/8\")", host, 0},
        {"cidrMatch(null, \"10.0.0.0/8\") == null", host, 1},
        {"cidrMatch(source.ip, null) == null", host, 1},
        {"string(cidrMatch(source.ip, \"192.0.0.0/8\")) == \"true\"", host, 1},
        {"cidrMatch(\"10.1.2.3\", \"10.0.0.0/8\")", host, 1},
        {"cidrMatch(source.ip, \"::/0\")", host, 1},
        {"cidrmatch(source.ip, \"192.168.0.0/16\") and ENDSWITH~(process.name, \".EXE\")", host, 1},
    };
    support_run(CASES(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {"any where lenght(a) > 1", ERR_INVALID, 1, 11, "found lenght"},
        {"any where length(a, b) > 1", ERR_INVALID, 1, 11, "expected 1 arguments for length"},
        {"any where substring(a) == \"\"", ERR_INVALID, 1, 11, "2 to 3"},
        {"any where length~(a) > 1", ERR_INVALID, 1, 11, "length without ~"},
        {"any where arrayContains(a, 1)", ERR_UNSUPPORTED, 1, 11, "arrayContains is not supported"},
        {"any where match(a, \"x\")", ERR_UNSUPPORTED, 1, 11, "expected regex"},
        {"any where wildcard(a, \"x\")", ERR_UNSUPPORTED, 1, 11, "wildcard is not supported"},
        {"any where length(process.pid) > 1", ERR_INVALID, 1, 18, "process.pid holds none"},
        {"any where length(5) > 1", ERR_INVALID, 1, 18, "a text for length, found a number"},
        {"any where add(\"a\", 1) > 1", ERR_INVALID, 1, 15, "a number for add"},
        {"any where cidrMatch(a, \"x\")", ERR_INVALID, 1, 24, "a net"},
        {"any where cidrMatch(a, b)", ERR_INVALID, 1, 24, "a net"},
        {"any where between(a, \"b\", \"c\", 1) == \"\"", ERR_INVALID, 1, 32, "true or false"},
        {"any where length(message) > 1", ERR_UNSUPPORTED, 1, 18, "message is a text field"},
    };
    support_mistakes(CASES(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(arithmetic),
        cmocka_unit_test(texts),
        cmocka_unit_test(positions_and_numbers),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
