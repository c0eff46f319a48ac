/* SPDX-License-Identifier: Apache-2.0 */
/* Searches over a few events whose answers can be counted by hand. */
#include "store/find/find_help.h"

/* Twelve events, five minutes apart: hosts a and b, ports 22, 80 and 443, ten bytes times number.
 */
static struct store *filled(const char *dir, unsigned sealed)
{
    struct err_text why;
    struct store *s;
    static const int ports[] = {22, 80, 443};
    help_good(store_open(dir, NULL, &s, &why), &why);
    for (unsigned i = 0; i < 12; i++) {
        char json[600];
        snprintf(
            json, sizeof(json),
            "{\"@timestamp\":\"2023-11-14T22:%02u:00.000Z\",\"host\":{\"name\":\"%s\"},"
            "\"source\":{\"ip\":\"10.0.0.%u\",\"bytes\":%u},\"destination\":{\"port\":%d},"
            "\"tags\":[\"all\",\"%s\"],\"message\":\"event number %u\","
            "\"custom\":{\"label\":\"L%u\",\"n\":%u},"
            "\"data_stream\":{\"type\":\"logs\",\"dataset\":\"%s\",\"namespace\":\"default\"}}",
            i * 5, i % 2 > 0 ? "b" : "a", i % 4 + 1, i * 10, ports[i % 3],
            i % 2 > 0 ? "odd" : "even", i, i % 2, i, i < 6 ? "one" : "two");
        help_add(s, json);
        if (i + 1 == sealed) {
            help_good(store_commit(s, &why), &why);
            help_good(store_seal(s, &why), &why);
        }
    }
    help_good(store_commit(s, &why), &why);
    return s;
}

static const struct {
    const char *body;
    const char *key;
    const char *expected;
} cases[] = {
    {"{\"size\":0}", "hits",
     "{\"total\":{\"value\":12,\"relation\":\"eq\"},\"max_score\":null,\"hits\":[]}"},
    {"{\"size\":0,\"track_total_hits\":5}", "hits/total", "{\"value\":5,\"relation\":\"gte\"}"},
    {"{\"size\":0,\"track_total_hits\":false}", "hits", "{\"max_score\":null,\"hits\":[]}"},
    {"{\"size\":0,\"query\":{\"term\":{\"host.name\":\"b\"}}}", "hits/total",
     "{\"value\":6,\"relation\":\"eq\"}"},
    /* Hits: order, pages, parts. */
    {"{\"size\":2,\"_source\":[\"source.bytes\"],\"sort\":[{\"source.bytes\":\"desc\"}],"
     "\"stored_fields\":\"_none_\"}",
     "hits/hits",
     "[{\"_index\":\"logs-two-default\",\"_score\":null,\"sort\":[110]},{\"_index\":\"logs-two-"
     "default\","
     "\"_score\":null,\"sort\":[100]}]"},
    {"{\"size\":1,\"from\":3,\"_source\":false,\"fields\":[\"host.*\",{\"field\":\"@timestamp\","
     "\"format\":\"HH:mm\"}],\"sort\":[\"@timestamp\"]}",
     "hits/hits",
     "[{\"_index\":\"logs-one-default\",\"_id\":\"ID\",\"_score\":null,\"fields\":{\"@timestamp\":"
     "[\"22:15\"],\"host.name\":[\"b\"]},\"sort\":[1700000100000]}]"},
    {"{\"size\":2,\"_source\":false,\"sort\":[{\"host.name\":\"desc\"},{\"source.ip\":\"desc\"},\"_"
     "doc\"],"
     "\"search_after\":[\"b\",\"10.0.0.4\",8],\"fields\":[\"source.bytes\"]}",
     "hits/hits",
     "[{\"_index\":\"logs-two-default\",\"_id\":\"ID\",\"_score\":null,\"fields\":{\"source."
     "bytes\":[110]},"
     "\"sort\":[\"b\",\"10.0.0.4\",12]},{\"_index\":\"logs-one-default\",\"_id\":\"ID\",\"_score\":"
     "null,"
     "\"fields\":{\"source.bytes\":[10]},\"sort\":[\"b\",\"10.0.0.2\",2]}]"},
    {"{\"size\":1,\"_source\":{\"includes\":[\"source\",\"custom.*\"],\"excludes\":[\"*.ip\"]}}",
     "hits/hits",
     "[{\"_index\":\"logs-one-default\",\"_id\":\"ID\",\"_score\":1,\"_source\":{\"custom\":{"
     "\"label\":\"L0\","
     "\"n\":0},\"source\":{\"bytes\":0}}}]"},
    /* Metrics. */
    {"{\"size\":0,\"aggs\":{\"s\":{\"sum\":{\"field\":\"source.bytes\"}},\"a\":{\"avg\":{\"field\":"
     "\"source.bytes\"}},\"x\":{\"max\":{\"field\":\"source.bytes\"}},\"n\":{\"min\":{\"field\":"
     "\"@timestamp\"}},\"c\":{\"value_count\":{\"field\":\"tags\"}},\"d\":{\"cardinality\":{"
     "\"field\":"
     "\"source.ip\"}}}}",
     "aggregations",
     "{\"s\":{\"value\":660},\"a\":{\"value\":55},\"x\":{\"value\":110},\"n\":{\"value\":"
     "1699999200000,"
     "\"value_as_string\":\"2023-11-14T22:00:00.000Z\"},\"c\":{\"value\":24},\"d\":{\"value\":4}}"},
    {"{\"size\":0,\"aggs\":{\"s\":{\"stats\":{\"field\":\"custom.n\"}},\"p\":{\"percentiles\":{"
     "\"field\":"
     "\"source.bytes\",\"percents\":[0,50,100]}}}}",
     "aggregations",
     "{\"s\":{\"count\":12,\"min\":0,\"max\":11,\"avg\":5.5,\"sum\":66},\"p\":{\"values\":{\"0.0\":"
     "0,"
     "\"50.0\":55,\"100.0\":110}}}"},
    /* Terms. */
    {"{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"source.ip\",\"size\":2,\"order\":{\"b\":"
     "\"desc\"}},"
     "\"aggs\":{\"b\":{\"sum\":{\"field\":\"source.bytes\"}}}}}}",
     "aggregations",
     "{\"t\":{\"doc_count_error_upper_bound\":0,\"sum_other_doc_count\":6,\"buckets\":[{\"key\":"
     "\"10.0.0.4\",\"doc_count\":3,\"b\":{\"value\":210}},{\"key\":\"10.0.0.3\",\"doc_count\":3,"
     "\"b\":"
     "{\"value\":180}}]}}"},
    {"{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"tags\",\"order\":{\"_key\":\"desc\"}}}}}",
     "aggregations/t/buckets",
     "[{\"key\":\"odd\",\"doc_count\":6},{\"key\":\"even\",\"doc_count\":6},{\"key\":\"all\",\"doc_"
     "count\":12}]"},
    {"{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"custom.label.keyword\",\"include\":\"L[0-"
     "9]\","
     "\"exclude\":[\"L1\"]}}}}",
     "aggregations/t/buckets", "[{\"key\":\"L0\",\"doc_count\":6}]"},
    {"{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"destination.port\"},\"aggs\":{\"h\":{"
     "\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"30m\"}}}}}}",
     "aggregations/t/buckets",
     "[{\"key\":22,\"doc_count\":4,\"h\":{\"buckets\":[{\"key_as_string\":\"2023-11-14T22:00:00."
     "000Z\","
     "\"key\":1699999200000,\"doc_count\":2},{\"key_as_string\":\"2023-11-14T22:30:00.000Z\","
     "\"key\":"
     "1700001000000,\"doc_count\":2}]}},{\"key\":80,\"doc_count\":4,\"h\":{\"buckets\":[{\"key_as_"
     "string\":"
     "\"2023-11-14T22:00:00.000Z\",\"key\":1699999200000,\"doc_count\":2},{\"key_as_string\":"
     "\"2023-11-14T22:30:00.000Z\",\"key\":1700001000000,\"doc_count\":2}]}},{\"key\":443,\"doc_"
     "count\":4,"
     "\"h\":{\"buckets\":[{\"key_as_string\":\"2023-11-14T22:00:00.000Z\",\"key\":1699999200000,"
     "\"doc_count\":2},{\"key_as_string\":\"2023-11-14T22:30:00.000Z\",\"key\":1700001000000,"
     "\"doc_count\":2}]}}]"},
    /* Histograms. */
    {"{\"size\":0,\"aggs\":{\"h\":{\"histogram\":{\"field\":\"source.bytes\",\"interval\":50,"
     "\"offset\":10,"
     "\"extended_bounds\":{\"max\":200}}}}}",
     "aggregations/h/buckets",
     "[{\"key\":-40,\"doc_count\":1},{\"key\":10,\"doc_count\":5},{\"key\":60,\"doc_count\":5},{"
     "\"key\":110,"
     "\"doc_count\":1},{\"key\":160,\"doc_count\":0}]"},
    {"{\"size\":0,\"aggs\":{\"h\":{\"date_histogram\":{\"field\":\"@timestamp\",\"calendar_"
     "interval\":\"day\","
     "\"time_zone\":\"+02:00\",\"format\":\"yyyy-MM-dd\",\"keyed\":true}}}}",
     "aggregations/h/buckets",
     "{\"2023-11-15\":{\"key_as_string\":\"2023-11-15\",\"key\":1699999200000,\"doc_count\":12}}"},
    {"{\"size\":0,\"query\":{\"match_none\":{}},\"aggs\":{\"h\":{\"date_histogram\":{\"field\":"
     "\"@timestamp\",\"fixed_interval\":\"1h\",\"min_doc_count\":0,\"extended_bounds\":{\"min\":"
     "\"2023-11-14T01:00:00Z\",\"max\":\"2023-11-14T02:00:00Z\"},\"format\":\"HH\"}}}}",
     "aggregations/h/buckets",
     "[{\"key_as_string\":\"01\",\"key\":1699923600000,\"doc_count\":0},{\"key_as_string\":\"02\","
     "\"key\":"
     "1699927200000,\"doc_count\":0}]"},
    /* Conditions. */
    {"{\"size\":0,\"aggs\":{\"f\":{\"filter\":{\"term\":{\"host.name\":\"a\"}},\"aggs\":{\"m\":{"
     "\"max\":{"
     "\"field\":\"source.bytes\"}}}},\"g\":{\"filters\":{\"filters\":{\"ssh\":{\"term\":{"
     "\"destination.port\":22}}},\"other_bucket\":true}},\"n\":{\"missing\":{\"field\":\"user."
     "name\"}}}}",
     "aggregations",
     "{\"f\":{\"doc_count\":6,\"m\":{\"value\":100}},\"g\":{\"buckets\":{\"ssh\":{\"doc_count\":4},"
     "\"_other_\":{\"doc_count\":8}}},\"n\":{\"doc_count\":12}}"},
    {"{\"size\":0,\"aggs\":{\"r\":{\"range\":{\"field\":\"source.bytes\",\"ranges\":[{\"to\":50},{"
     "\"from\":50,"
     "\"to\":100,\"key\":\"mid\"},{\"from\":100}]}}}}",
     "aggregations/r/buckets",
     "[{\"key\":\"*-50.0\",\"to\":50,\"doc_count\":5},{\"key\":\"mid\",\"from\":50,\"to\":100,"
     "\"doc_count\":5},"
     "{\"key\":\"100.0-*\",\"from\":100,\"doc_count\":2}]"},
    {"{\"size\":0,\"aggs\":{\"r\":{\"date_range\":{\"field\":\"@timestamp\",\"format\":\"HH:mm\","
     "\"ranges\":[{"
     "\"from\":\"2023-11-14T22:30:00Z\"}]}}}}",
     "aggregations/r/buckets",
     "[{\"key\":\"22:30-*\",\"from\":1700001000000,\"from_as_string\":\"22:30\",\"doc_count\":6}]"},
    /* Terms of documents that the query leaves out. */
    {"{\"size\":0,\"query\":{\"term\":{\"host.name\":\"a\"}},\"aggs\":{\"t\":{\"terms\":{\"field\":"
     "\"tags\","
     "\"min_doc_count\":0,\"size\":2,\"order\":{\"_count\":\"asc\"},\"exclude\":\"all\"},\"aggs\":{"
     "\"p\":{"
     "\"terms\":{\"field\":\"destination.port\",\"min_doc_count\":0,\"order\":{\"_key\":\"desc\"},"
     "\"size\":2}}}}}}",
     "aggregations/t",
     "{\"doc_count_error_upper_bound\":0,\"sum_other_doc_count\":0,\"buckets\":[{\"key\":\"odd\","
     "\"doc_"
     "count\":0,\"p\":{\"doc_count_error_upper_bound\":0,\"sum_other_doc_count\":0,\"buckets\":[{"
     "\"key\":443,"
     "\"doc_count\":0},{\"key\":80,\"doc_count\":0}]}},{\"key\":\"even\",\"doc_count\":6,\"p\":{"
     "\"doc_count_"
     "error_upper_bound\":0,\"sum_other_doc_count\":2,\"buckets\":[{\"key\":443,\"doc_count\":2},{"
     "\"key\":80,"
     "\"doc_count\":2}]}}]}"},
    /* Buckets stand in an order of their own, whatever the one they were asked in. */
    {"{\"aggs\":{\"r\":{\"terms\":{\"field\":\"user.id\"},\"aggs\":{},\"aggregations\":{}}}}", "",
     "parsing_exception 400 aggs and aggregations of [r] are the same: one is enough"},
    {"{\"size\":0,\"aggs\":{\"r\":{\"range\":{\"field\":\"user.id\",\"ranges\":[]}}}}", "",
     "illegal_argument_exception 400 Field [user.id] of type [keyword] is not supported for "
     "aggregation [range]"},
    {"{\"size\":0,\"aggs\":{\"r\":{\"range\":{\"field\":\"client.bytes\",\"missing\":7,\"ranges\":["
     "{"
     "\"from\":7},{\"to\":7},{\"to\":5}]}}}}",
     "aggregations/r/buckets",
     "[{\"key\":\"*-5.0\",\"to\":5,\"doc_count\":0},{\"key\":\"*-7.0\",\"to\":7,\"doc_count\":0},{"
     "\"key\":\"7.0-*\",\"from\":7,\"doc_count\":12}]"},
    {"{\"size\":0,\"aggs\":{\"f\":{\"filters\":{\"keyed\":false,\"other_bucket_key\":\"rest\","
     "\"filters\":{\"z\":{\"term\":{\"destination.port\":22}},\"a\":{\"term\":{\"host.name\":"
     "\"a\"}}}}}}}",
     "aggregations/f/buckets",
     "[{\"key\":\"a\",\"doc_count\":6},{\"key\":\"z\",\"doc_count\":4},{\"key\":\"rest\",\"doc_"
     "count\":4}]"},
    {"{\"size\":0,\"aggs\":{\"p\":{\"percentiles\":{\"field\":\"source.bytes\",\"percents\":[100,0]"
     ","
     "\"keyed\":false}}}}",
     "aggregations/p/values", "[{\"key\":0,\"value\":0},{\"key\":100,\"value\":110}]"},
    /* Bounds of times: of whole buckets, the last of hard ones is out. */
    {"{\"size\":0,\"aggs\":{\"h\":{\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":"
     "\"15m\",\"format\":\"HH:mm\",\"keyed\":true,\"hard_bounds\":{\"min\":\"2023-11-14T22:20\","
     "\"max\":\"2023-11-14T22:50\"}}}}}",
     "aggregations/h/buckets",
     "{\"22:15\":{\"key_as_string\":\"22:15\",\"key\":1700000100000,\"doc_count\":3},\"22:30\":{"
     "\"key_"
     "as_string\":\"22:30\",\"key\":1700001000000,\"doc_count\":3}}"},
    {"{\"size\":0,\"query\":{\"match_none\":{}},\"aggs\":{\"h\":{\"date_histogram\":{\"field\":"
     "\"@timestamp\",\"calendar_interval\":\"day\",\"offset\":\"+6h\",\"time_zone\":\"+02:00\","
     "\"extended_bounds\":{\"min\":\"2023-11-14T01:00\",\"max\":\"2023-11-14T23:00\"}}}}}",
     "aggregations/h/buckets",
     "[{\"key_as_string\":\"2023-11-14T06:00:00.000+02:00\",\"key\":1699934400000,\"doc_count\":0}"
     "]"},
    {"{\"size\":0,\"query\":{\"match_none\":{}},\"aggs\":{\"h\":{\"histogram\":{\"field\":\"source."
     "bytes\",\"interval\":5,\"extended_bounds\":{\"max\":9}}}}}",
     "aggregations/h/buckets", "[]"},
    /* What has no value: least is above all, greatest below. */
    {"{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"host.name\",\"order\":[{\"f>m\":\"desc\"}"
     "]},"
     "\"aggs\":{\"f\":{\"filter\":{\"term\":{\"tags\":\"even\"}},\"aggs\":{\"m\":{\"min\":{"
     "\"field\":"
     "\"source.bytes\"}}}}}}}}",
     "aggregations/t/buckets",
     "[{\"key\":\"b\",\"doc_count\":6,\"f\":{\"doc_count\":0,\"m\":{\"value\":null}}},{\"key\":"
     "\"a\","
     "\"doc_count\":6,\"f\":{\"doc_count\":6,\"m\":{\"value\":0}}}]"},
    /* What stands for nothing, by the worker too. */
    {"{\"size\":0,\"aggs\":{\"s\":{\"sum\":{\"field\":\"client.bytes\",\"missing\":3}},\"a\":{"
     "\"avg\":"
     "{\"field\":\"client.bytes\"}},\"c\":{\"value_count\":{\"field\":\"user.id\",\"missing\":"
     "\"x\"}}}}",
     "aggregations", "{\"s\":{\"value\":36},\"a\":{\"value\":null},\"c\":{\"value\":12}}"},
    {"{\"size\":2,\"_source\":false,\"stored_fields\":\"_none_\",\"sort\":[{\"client.bytes\":{"
     "\"missing\":4}},{\"source.ip\":\"desc\"},{\"_index\":\"desc\"},\"_doc\"]}",
     "hits/hits",
     "[{\"_index\":\"logs-two-default\",\"_score\":null,\"sort\":[4,\"10.0.0.4\",\"logs-two-"
     "default\",8]},"
     "{\"_index\":\"logs-two-default\",\"_score\":null,\"sort\":[4,\"10.0.0.4\",\"logs-two-"
     "default\","
     "12]}]"},
    /* Pages of combinations. */
    {"{\"size\":0,\"aggs\":{\"c\":{\"composite\":{\"size\":3,\"sources\":[{\"h\":{\"terms\":{"
     "\"field\":"
     "\"host.name\",\"order\":\"desc\"}}},{\"p\":{\"terms\":{\"field\":\"destination.port\"}}}]}}}"
     "}",
     "aggregations/c",
     "{\"after_key\":{\"h\":\"b\",\"p\":443},\"buckets\":[{\"key\":{\"h\":\"b\",\"p\":22},\"doc_"
     "count\":2},"
     "{\"key\":{\"h\":\"b\",\"p\":80},\"doc_count\":2},{\"key\":{\"h\":\"b\",\"p\":443},\"doc_"
     "count\":2}]}"},
    {"{\"size\":0,\"aggs\":{\"c\":{\"composite\":{\"after\":{\"h\":\"a\",\"p\":80},\"sources\":[{"
     "\"h\":{"
     "\"terms\":{\"field\":\"host.name\",\"order\":\"desc\"}}},{\"p\":{\"terms\":{\"field\":"
     "\"destination.port\"}}}]}}}}",
     "aggregations/c",
     "{\"after_key\":{\"h\":\"a\",\"p\":443},\"buckets\":[{\"key\":{\"h\":\"a\",\"p\":443},\"doc_"
     "count\":2}]}"},
    /* Hits of buckets. */
    {"{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"host.name\",\"size\":1},\"aggs\":{"
     "\"top\":{\"top_hits\":{"
     "\"size\":1,\"sort\":[{\"source.bytes\":\"desc\"}],\"_source\":[\"source.bytes\"]}}}}}}",
     "aggregations/t",
     "{\"doc_count_error_upper_bound\":0,\"sum_other_doc_count\":6,\"buckets\":[{\"key\":\"a\","
     "\"doc_count\":6,"
     "\"top\":{\"hits\":{\"total\":{\"value\":6,\"relation\":\"eq\"},\"max_score\":null,\"hits\":[{"
     "\"_index\":"
     "\"logs-two-default\",\"_id\":\"ID\",\"_score\":null,\"_source\":{\"source\":{\"bytes\":100}},"
     "\"sort\":"
     "[100]}]}}}]}"},
    /* What is refused. */
    {"{\"sizes\":0}", "", "parsing_exception 400 unknown key [sizes] in the search's body"},
    {"{\"runtime_mappings\":{\"a\":{\"type\":\"long\"}}}", "",
     "illegal_argument_exception 400 [runtime_mappings] is not supported: Weir does not have "
     "runtime "
     "fields"},
    {"{\"aggs\":{\"t\":{\"terms\":{\"field\":\"message\"}}}}", "",
     "illegal_argument_exception 400 [message] is analysed text, which has no groups: "
     "[message.keyword] "
     "is the whole text"},
    {"{\"aggs\":{\"t\":{\"terms\":{\"field\":\"source.bytes\",\"include\":\"1.*\"}}}}", "",
     "illegal_argument_exception 400 Aggregation [t] cannot support regular expression style "
     "include/exclude settings as they can only be applied to string fields. Use an array of "
     "values "
     "for include/exclude clauses"},
    {"{\"aggs\":{\"t\":{\"terms\":{\"field\":\"source.bytes\",\"exclude\":[1,\"x\"]}}}}", "",
     "illegal_argument_exception 400 the value 2 of include or exclude is none of [source.bytes]"},
    {"{\"aggs\":{\"f\":{\"filters\":{\"filters\":[]}}}}", "",
     "illegal_argument_exception 400 [filters] cannot be empty."},
    {"{\"aggs\":{\"p\":{\"percentiles\":{\"field\":\"source.bytes\",\"percents\":[5,1,5]}}}}", "",
     "illegal_argument_exception 400 percent [5] has been specified twice"},
    {"{\"aggs\":{\"h\":{\"histogram\":{\"field\":\"source.bytes\",\"interval\":5,\"hard_bounds\":{"
     "\"min\":0,\"max\":9},\"extended_bounds\":{\"min\":0,\"max\":10}}}}}",
     "",
     "illegal_argument_exception 400 Extended bounds have to be inside hard bounds, hard bounds: "
     "[0--9], extended bounds: [0--10]"},
    {"{\"from\":9999,\"size\":2}", "",
     "illegal_argument_exception 400 Result window is too large, from + size must be less than or "
     "equal "
     "to: [10000] but was [10001]: page with search_after"},
    {"{\"aggs\":{\"h\":{\"date_histogram\":{\"field\":\"@timestamp\",\"fixed_interval\":\"1s\","
     "\"extended_bounds\":{\"min\":0}}}}}",
     "",
     "too_many_buckets_exception 400 the answer would have more than 65536 buckets: ask for a "
     "coarser "
     "interval, fewer terms or a shorter time, or page with a composite aggregation"},
};

/* Ids follow from the time, which the answers show too. */
static void hide_ids(char *s)
{
    static const char key[] = "\"_id\":\"";
    for (char *at = s; (at = strstr(at, key)) != NULL;) {
        at += sizeof(key) - 1;
        char *end = strchr(at, '"');
        at[0] = 'I';
        at[1] = 'D';
        memmove(at + 2, end, strlen(end) + 1);
    }
}

static void ask_all(unsigned sealed)
{
    struct err_text why;
    char *dir = help_mkdir();
    struct store *s = filled(dir, sealed);
    struct find *f = find_new(&(struct find_options){.store = s});
    assert_non_null(f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char *answer = help_ask(f, "logs-*", cases[i].body, false);
        char *part = *answer == '{' ? help_part(answer, cases[i].key) : strdup(answer);
        hide_ids(part);
        if (strcmp(part, cases[i].expected) != 0)
            fail_msg("%u sealed: %s\nexpected %s\nfound    %s\nin %s", sealed, cases[i].body,
                     cases[i].expected, part, answer);
        free(part);
        free(answer);
    }
    find_free(f);
    store_close(s);
    help_rmdir(dir);
    (void)why;
}

static void test_hot(void **state)
{
    (void)state;
    ask_all(0);
}

static void test_sealed(void **state)
{
    (void)state;
    ask_all(12);
}

static void test_both(void **state)
{
    (void)state;
    ask_all(7);
}

/* More different values than an answer may have, and than memory holds. */
static void test_bounds(void **state)
{
    (void)state;
    struct err_text why;
    char *dir = help_mkdir();
    struct store *s;
    static const char *const bodies[] = {
        "{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"source.bytes\",\"size\":10},\"aggs\":{"
        "\"t\":{\"terms\":{\"field\":\"source.bytes\",\"size\":10}}}}}}",
        "{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"source.bytes\",\"size\":70000}}}}",
        "{\"size\":0,\"aggs\":{\"t\":{\"terms\":{\"field\":\"source.bytes\",\"order\":{\"c\":"
        "\"desc\"}},"
        "\"aggs\":{\"c\":{\"cardinality\":{\"field\":\"source.bytes\"}}}}}}"};
    /* Answered; answered by that there are too many, or that memory is short. */
    static const char *const expected[][3] = {
        {"{", "too_many_buckets_exception 400", "{"},
        {"{", "too_many_buckets_exception 400", "too_many_buckets_exception 400"},
        {"circuit_breaking_exception 429", "circuit_breaking_exception 429",
         "circuit_breaking_exception 429"}};
    static const size_t memory[] = {0, (size_t)16 << 20, (size_t)2 << 20};
    help_good(store_open(dir, NULL, &s, &why), &why);
    for (unsigned i = 0; i < 70000; i++) {
        char json[100];
        snprintf(json, sizeof(json), "{\"@timestamp\":1700000000000,\"source\":{\"bytes\":%u}}", i);
        help_add(s, json);
    }
    help_good(store_commit(s, &why), &why);
    help_good(store_seal(s, &why), &why);
    for (size_t m = 0; m < 3; m++) {
        struct find *f = find_new(&(struct find_options){.store = s, .memory = memory[m]});
        assert_non_null(f);
        for (size_t i = 0; i < 3; i++) {
            char *answer = help_ask(f, NULL, bodies[i], false);
            if (strncmp(answer, expected[m][i], strlen(expected[m][i])) != 0)
                fail_msg("%zu bytes: %s\nexpected %s\nfound %.300s", memory[m], bodies[i],
                         expected[m][i], answer);
            free(answer);
        }
        find_free(f);
    }
    store_close(s);
    help_rmdir(dir);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_hot), cmocka_unit_test(test_sealed),
                                       cmocka_unit_test(test_both), cmocka_unit_test(test_bounds)};
    help_worker(argc, argv);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
