/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/feed.h"

#include "cmocka_head.h"
#include "detect/job.h"
#include "event/event.h"

#include <string.h>

static enum err parse(const char *text, struct detect_feed **out, struct err_text *why)
{
    return detect_feed_parse(text, strlen(text), "feed.json", out, why);
}

static void test_module_feed(void **state)
{
    (void)state;
    struct detect_feed *f = NULL;
    struct err_text why = {0};
    assert_int_equal(
        parse("{\"datafeed_id\":\"datafeed-x\",\"job_id\":\"JOB_ID\",\"indices\":["
              "\"INDEX_PATTERN_NAME\"],\"max_empty_searches\":10,\"query\":{\"bool\":{\"filter\":["
              "{\"term\":{\"event.category\":\"network\"}}],\"must_not\":[{\"terms\":{"
              "\"process.name\":[\"filebeat\"]}}]}},\"runtime_mappings\":{\"dns_question_etld\":{"
              "\"type\":\"keyword\",\"script\":{\"source\":\"emit(1)\"}},\"plain\":{\"type\":"
              "\"keyword\"}},\"colour\":1}",
              &f, &why),
        ERR_NONE);
    assert_string_equal(f->job_id, "JOB_ID");
    assert_int_equal(f->n_indices, 1);
    assert_int_equal(f->n_runtime, 1);
    assert_string_equal(f->runtime[0], "dns_question_etld");
    assert_int_equal(f->query_delay_ns, 60 * TIME_S);
    assert_int_equal(f->n_notes, 1);
    struct arena arena;
    arena_init(&arena, 0);
    struct event e;
    event_init(&e, &arena, 0);
    assert_false(detect_feed_match(f, &e));
    event_set_text(&e, EVENT_F_EVENT_CATEGORY, "network");
    assert_true(detect_feed_match(f, &e));
    event_set_text(&e, EVENT_F_PROCESS_NAME, "filebeat");
    assert_false(detect_feed_match(f, &e));
    assert_true(detect_feed_match(NULL, &e));
    arena_release(&arena);
    detect_feed_free(f);
}

static void test_refusals(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err code;
        const char *says;
    } cases[] = {
        {"{\"runtime_mappings\":{\"mine\":{\"type\":\"long\",\"script\":{\"source\":\"x\"}}}}",
         ERR_UNSUPPORTED, "\"mine\""},
        {"{\"script_fields\":{\"other\":{\"script\":{\"id\":\"y\"}}}}", ERR_UNSUPPORTED,
         "\"other\""},
        {"{\"delayed_data_check_config\":7}", ERR_INVALID, "delayed_data_check_config"},
        {"{\"delayed_data_check_config\":{\"enabled\":\"yes\"}}", ERR_INVALID, "enabled"},
        {"{\"delayed_data_check_config\":{\"check_window\":\"soon\"}}", ERR_INVALID,
         "check_window"},

        {"{\"query_delay\":\"soon\"}", ERR_INVALID, "query_delay"},
        {"{\"query\":[]}", ERR_INVALID, "query"},
        {"[]", ERR_INVALID, "object"},
        {"{\"query\":{\"range\":{\"@timestamp\":{\"gte\":\"now-1h\"}}}}", ERR_UNSUPPORTED, "now"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct detect_feed *f = NULL;
        struct err_text why = {0};
        assert_int_equal(parse(cases[i].text, &f, &why), cases[i].code);
        assert_null(f);
        if (strstr(why.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, why.message);
    }
}

/* Late events are looked for unless the feed says not to, as far back as it says. */
static void test_delayed_check(void **state)
{
    (void)state;
    static const struct {
        const char *check;
        ts_ns span, window;
        bool fits;
    } cases[] = {
        {"{}", TIME_MIN, 2 * TIME_HOUR, true},
        {"{\"delayed_data_check_config\":null}", TIME_HOUR, 8 * TIME_HOUR, true},
        {"{\"delayed_data_check_config\":{\"enabled\":true}}", TIME_MIN, 2 * TIME_HOUR, true},
        {"{\"delayed_data_check_config\":{\"enabled\":false}}", TIME_MIN, 0, true},
        {"{\"delayed_data_check_config\":{\"check_window\":\"30m\"}}", TIME_MIN, 30 * TIME_MIN,
         true},
        {"{\"delayed_data_check_config\":{\"check_window\":\"30m\"}}", TIME_HOUR, 30 * TIME_MIN,
         false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct detect_job job = {.bucket_span_ns = cases[i].span};
        struct detect_feed *f = NULL;
        struct err_text why = {0};
        assert_int_equal(parse(cases[i].check, &f, &why), ERR_NONE);
        assert_int_equal(f->n_notes, 0);
        assert_int_equal(detect_feed_check_window(f, cases[i].span), cases[i].window);
        assert_int_equal(detect_feed_fits(f, &job, &why), cases[i].fits ? ERR_NONE : ERR_INVALID);
        assert_true(cases[i].fits || strstr(why.message, "bucket_span, 1h") != NULL);
        detect_feed_free(f);
    }
    assert_int_equal(detect_feed_check_window(NULL, TIME_MIN), 2 * TIME_HOUR);
}

static void test_frequency(void **state)
{
    (void)state;
    assert_int_equal(detect_feed_frequency(NULL, TIME_MIN), TIME_MIN);
    assert_int_equal(detect_feed_frequency(NULL, 15 * TIME_MIN), 450 * TIME_S);
    assert_int_equal(detect_feed_frequency(NULL, 3 * TIME_HOUR), 10 * TIME_MIN);
    assert_int_equal(detect_feed_frequency(NULL, TIME_DAY), TIME_HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_module_feed), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_delayed_check), cmocka_unit_test(test_frequency)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
