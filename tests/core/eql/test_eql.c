/* SPDX-License-Identifier: Apache-2.0 */
/* Whole queries of the kinds that detection rules hold. */
#include "eql/eql.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

struct rule_case {
    const char *query;
    const char *event;
    int hits;
};

static const char rundll[] =
    "{\"event\":{\"category\":[\"process\"],\"type\":[\"start\"]},\"host\":{\"os\":{\"type\":"
    "\"windows\"}},\"process\":{\"name\":\"RunDLL32.exe\",\"executable\":\"C:\\\\Windows\\\\"
    "System32\\\\rundll32.exe\",\"args\":[\"rundll32.exe\",\"javascript:\\\"\\\\..\\\\mshtml\"],"
    "\"args_count\":2,\"parent\":{\"name\":\"winword.exe\"}},\"user\":{\"id\":\"S-1-5-21-1\"}}";

static void events(void **state)
{
    (void)state;
    static const struct rule_case cases[] = {
        {"process where host.os.type == \"windows\" and event.type == \"start\" and\n"
         "  /* started by an office program */\n"
         "  process.parent.name : (\"winword.exe\", \"excel.exe\", \"powerpnt.exe\") and\n"
         "  (process.name : \"rundll32.exe\" or process.pe.original_file_name == "
         "\"RUNDLL32.EXE\")\n"
         "  and process.args : \"javascript:*\"",
         rundll, 1},
        {"process where event.type in (\"start\", \"process_started\") and\n"
         "  process.name : \"rundll32.exe\" and not process.code_signature.trusted == true and\n"
         "  not process.executable : (\"?:\\\\Program Files\\\\*.exe\",\n"
         "                            \"?:\\\\Program Files (x86)\\\\*.exe\")",
         rundll, 1},
        {"process where process.executable : \"\"\"?:\\Windows\\System32\\*\"\"\" and\n"
         "  ?process.parent.executable == null and length(process.name) >= 12",
         rundll, 1},
        {"process where not user.id in (\"S-1-5-18\", \"S-1-5-19\") and process.args_count == 2",
         rundll, 1},
        {"process where user.id : \"S-1-5-21-*\" and process.name regex~ "
         "\"\"\"rundll(32)?\\.exe\"\"\"",
         rundll, 1},
        {"file where event.type != \"deletion\"", rundll, 0},
        {"network where destination.port == 3389 and network.direction : (\"ingress\", "
         "\"inbound\") and\n  not cidrMatch(source.ip, \"10.0.0.0/8\", \"127.0.0.0/8\", \"::1\")",
         "{\"event\":{\"category\":\"network\"},\"destination\":{\"port\":3389},\"network\":"
         "{\"direction\":\"inbound\"},\"source\":{\"ip\":\"203.0.113.9\"}}",
         1},
        {"network where source.bytes / destination.bytes > 10 and destination.bytes > 0",
         "{\"event\":{\"category\":\"network\"},\"source\":{\"bytes\":1000},\"destination\":"
         "{\"bytes\":0}}",
         0},
        {"network where source.bytes + network.bytes > 1500.5",
         "{\"event\":{\"category\":\"network\"},\"source\":{\"bytes\":1000},\"network\":{\"bytes\":"
         "501}}",
         1},
        {"any where dns.question.name != null and length(dns.question.name) > 10 and\n"
         "  endsWith~(dns.question.name, \".EXAMPLE.COM\")",
         "{\"dns\":{\"question\":{\"name\":\"abcdefghij.example.com\"}}}", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        if (support_hits(cases[i].query, cases[i].event) != cases[i].hits)
            fail_msg("%s", cases[i].query);
    }
}

static void sequences_want_any_item(void **state)
{
    (void)state;
    static const char query[] =
        "sequence by host.id, process.entity_id with maxspan=1m\n"
        "  [process where event.type == \"start\" and process.name : \"certutil.exe\"]\n"
        "  [network where network.direction == \"egress\"]\n"
        "until [process where event.type == \"end\"]";
    assert_int_equal(support_hits(query, "{\"event\":{\"category\":\"process\",\"type\":\"start\"},"
                                         "\"process\":{\"name\":\"CertUtil.exe\"}}"),
                     1);
    assert_int_equal(support_hits(query, "{\"event\":{\"category\":\"network\"},\"network\":"
                                         "{\"direction\":\"egress\"}}"),
                     1);
    assert_int_equal(support_hits(query, "{\"event\":{\"category\":\"process\",\"type\":\"end\"}}"),
                     1);
    assert_int_equal(support_hits(query, "{\"event\":{\"category\":\"file\"}}"), 0);
}

static void nothing_to_free(void **state)
{
    (void)state;
    eql_free(NULL);
    eql_matcher_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events),
        cmocka_unit_test(sequences_want_any_item),
        cmocka_unit_test(nothing_to_free),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
