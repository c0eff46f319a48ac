/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "api/media.h"

#include "serve/api/fake_http.h"

static void types(void **state)
{
    (void)state;
    struct http_request r = {.method = "GET"};
    assert_string_equal(api_media_type(&r, API_FORM_ELASTIC), "application/json");
    r.headers[0] = (struct fake_pair){
        "accept", "application/vnd.elasticsearch+json; compatible-with=8,text/plain"};
    assert_string_equal(api_media_type(&r, API_FORM_ELASTIC),
                        "application/vnd.elasticsearch+json;compatible-with=8");
    assert_string_equal(api_media_type(&r, API_FORM_KIBANA), "application/json; charset=utf-8");
    assert_true(api_media_reads(NULL));
    assert_true(api_media_reads("Application/JSON; charset=utf-8"));
    assert_true(api_media_reads("application/vnd.elasticsearch+x-ndjson;compatible-with=8"));
    assert_true(api_media_reads("multipart/form-data; boundary=x"));
    assert_false(api_media_reads("application/jsonp"));
    assert_false(api_media_reads("text/html"));
}

static void shape(const char *filter, const char *pretty, const char *in, const char *expected)
{
    struct http_request r = {.method = "GET"};
    struct err_text why;
    struct buf b;
    size_t n = 0;
    if (filter != NULL)
        r.params[n++] = (struct fake_pair){"filter_path", filter};
    if (pretty != NULL)
        r.params[n++] = (struct fake_pair){"pretty", pretty};
    buf_init(&b);
    buf_str(&b, in);
    assert_int_equal(api_media_shape(&r, &b, &why), ERR_NONE);
    assert_string_equal(buf_text(&b), expected);
    buf_release(&b);
}

#define HITS                                                                                       \
    "{\"took\":1,\"hits\":{\"total\":2,\"hits\":[{\"_id\":\"a\",\"_source\":{\"x\":1}},{\"_id\":"  \
    "\"b\"}]}}"

static void filter_paths(void **state)
{
    (void)state;
    shape(NULL, NULL, HITS, HITS);
    shape("took", NULL, HITS, "{\"took\":1}");
    shape("hits.hits._id", NULL, HITS, "{\"hits\":{\"hits\":[{\"_id\":\"a\"},{\"_id\":\"b\"}]}}");
    shape("hits.hits._source", NULL, HITS, "{\"hits\":{\"hits\":[{\"_source\":{\"x\":1}}]}}");
    shape("t*,hits.total", NULL, HITS, "{\"took\":1,\"hits\":{\"total\":2}}");
    shape("**._id", NULL, HITS, "{\"hits\":{\"hits\":[{\"_id\":\"a\"},{\"_id\":\"b\"}]}}");
    shape("-hits", NULL, HITS, "{\"took\":1}");
    shape("hits,-**.hits", NULL, HITS, "{}");
    shape("hits,-hits.hits", NULL, HITS, "{\"hits\":{\"total\":2}}");
    shape("*.t*l", NULL, HITS, "{\"hits\":{\"total\":2}}");
    shape("nothing", NULL, HITS, "{}");
    shape("a", NULL, "{\"a\":{},\"b\":[]}", "{\"a\":{}}");
}

static void pretty(void **state)
{
    (void)state;
    shape(NULL, "", "{\"a\":[1,{\"b\":\"x:{,\\\"}\"}],\"c\":{},\"d\":[]}",
          "{\n  \"a\": [\n    1,\n    {\n      \"b\": \"x:{,\\\"}\"\n    }\n  ],\n"
          "  \"c\": {},\n  \"d\": []\n}\n");
    shape(NULL, "false", "{\"a\":1}", "{\"a\":1}");
    shape("a", "true", "{\"a\":1,\"b\":2}", "{\n  \"a\": 1\n}\n");
}

static void names_fit_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern, *name;
        bool fits;
    } cases[] = {
        {"", "", true},           {"", "a", false},     {"*", "", true},    {"a", "a", true},
        {"a", "ab", false},       {"a*", "ab", true},   {"*b", "ab", true}, {"a*c", "ab", false},
        {"a*b*c", "axbxc", true}, {"*ab", "aab", true}, {"a**", "a", true}, {"a?", "ab", false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(api_media_name_fits(cases[i].pattern, strlen(cases[i].pattern),
                                             cases[i].name, strlen(cases[i].name)),
                         cases[i].fits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_fit_patterns),
        cmocka_unit_test(types),
        cmocka_unit_test(filter_paths),
        cmocka_unit_test(pretty),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
