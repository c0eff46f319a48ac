/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/calendar.h"

#include "help.h"

static enum err parse(struct detect_calendars *set, const char *text, struct err_text *why)
{
    return detect_calendars_parse(set, text, strlen(text), "calendar.json", why);
}

#define EVENT(more)                                                                                \
    "{\"description\":\"d\",\"start_time\":1000,\"end_time\":\"1970-01-01T00:00:02Z\"" more "}"
#define CALENDAR(more) "{\"calendar_id\":\"c\"" more "}"

static void test_documents(void **state)
{
    (void)state;
    struct detect_calendars set = {0};
    struct err_text why = {0};
    struct buf b;
    buf_init(&b);
    assert_int_equal(
        parse(&set,
              "{\"count\":2,\"calendars\":[{\"calendar_id\":\"c\",\"job_ids\":[\"j\","
              "\"_all\"],\"odd\":1,\"events\":[" EVENT(",\"skip_result\":false") "," EVENT(
                  "") "]},{\"calendar_id\":\"d\",\"description\":\"x\"}]}",
              &why),
        ERR_NONE);
    assert_int_equal(set.n, 2);
    assert_int_equal(set.n_notes, 1);
    const struct detect_calendar *c = detect_calendars_find(&set, "c");
    /* The same event twice is one: the later counts. */
    assert_int_equal(c->n_events, 1);
    assert_true(c->has_events);
    assert_int_equal(c->events[0].start, TIME_S);
    assert_int_equal(c->events[0].end, 2 * TIME_S);
    assert_true(c->events[0].skip_result && c->events[0].skip_model_update);
    assert_false(detect_calendars_find(&set, "d")->has_events);
    assert_null(detect_calendars_find(&set, "e"));
    detect_calendar_write(c, &b);
    struct detect_calendars again = {0};
    assert_int_equal(parse(&again, buf_text(&b), &why), ERR_NONE);
    struct buf b2;
    buf_init(&b2);
    detect_calendar_write(again.list[0], &b2);
    assert_string_equal(buf_text(&b), buf_text(&b2));
    assert_non_null(strstr(buf_text(&b), "\"start_time\":1000,\"end_time\":2000,"));
    buf_release(&b2);
    buf_release(&b);
    detect_calendars_release(&again);
    detect_calendars_release(&set);
}

static void test_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err code;
        const char *says;
    } cases[] = {
        {"[]1", ERR_FORMAT, ""},
        {"7", ERR_INVALID, "must be a JSON object"},
        {"{}", ERR_INVALID, "needs calendar_id"},
        {"{\"calendar_id\":\"C\"}", ERR_INVALID, "needs calendar_id"},
        {CALENDAR(",\"job_ids\":[\"Bad\"]"), ERR_INVALID, "\"Bad\" is none"},
        {CALENDAR(",\"job_ids\":1"), ERR_INVALID, "job_ids must be a list"},
        {CALENDAR(",\"events\":{}"), ERR_INVALID, "events must be a list"},
        {CALENDAR(",\"events\":[1]"), ERR_INVALID, "an event must be a JSON object"},
        {CALENDAR(",\"events\":[{}]"), ERR_INVALID, "needs a description"},
        {CALENDAR(",\"events\":[{\"description\":\"\"}]"), ERR_INVALID, "needs a description"},
        {CALENDAR(",\"events\":[{\"description\":\"d\"}]"), ERR_INVALID, "needs start_time"},
        {CALENDAR(",\"events\":[{\"description\":\"d\",\"start_time\":\"noon\"}]"), ERR_INVALID,
         "needs start_time"},
        {CALENDAR(",\"events\":[{\"description\":\"d\",\"start_time\":9e18}]"), ERR_INVALID,
         "1824 to 2116"},
        {CALENDAR(",\"events\":[{\"description\":\"d\",\"start_time\":1}]"), ERR_INVALID,
         "needs end_time"},
        {CALENDAR(",\"events\":[{\"description\":\"d\",\"start_time\":5,\"end_time\":5}]"),
         ERR_INVALID, "later than start_time"},
        {CALENDAR(",\"events\":[" EVENT(",\"skip_result\":1") "]"), ERR_INVALID, "skip_result"},
        {CALENDAR(",\"events\":[" EVENT(",\"event_id\":\"E 1\"") "]"), ERR_INVALID, "event_id"},
        {CALENDAR(",\"events\":[" EVENT(",\"calendar_id\":\"d\"") "]"), ERR_INVALID, "\"c\""},
        {CALENDAR(",\"events\":[" EVENT(",\"force_time_shift\":86400") "]"), ERR_INVALID,
         "force_time_shift must be a whole number of seconds"},
        {CALENDAR(",\"events\":[" EVENT(",\"force_time_shift\":\"1h\"") "]"), ERR_INVALID,
         "force_time_shift must be a whole number of seconds"},
        {"[" CALENDAR("") "," CALENDAR("") "]", ERR_INVALID, "given twice"},
        {"{\"calendars\":7}", ERR_INVALID, "calendars must be a list"},
    };
    struct detect_calendars set = {0};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct err_text why = {0};
        assert_int_equal(parse(&set, cases[i].text, &why), cases[i].code);
        if (strstr(why.message, cases[i].says) == NULL)
            fail_msg("%s: %s", cases[i].text, why.message);
        assert_int_equal(set.n, 0);
    }
    struct err_text why;
    assert_int_equal(
        parse(&set, CALENDAR(",\"events\":[" EVENT(",\"force_time_shift\":0") "]"), &why),
        ERR_NONE);
    detect_calendars_release(&set);
}

/* Events are added all or none, replace those of their ids, and go one by one. */
static void test_events(void **state)
{
    (void)state;
    struct detect_calendars set = {0};
    struct err_text why = {0};
    assert_int_equal(parse(&set, CALENDAR(""), &why), ERR_NONE);
    struct detect_calendar *c = set.list[0];
    static const char *const good[] = {
        "{\"events\":[" EVENT(",\"event_id\":\"a\"") ",{\"description\":\"early\",\"start_time\":0,"
                                                     "\"end_time\":1,\"event_id\":\"b\"}]}",
        EVENT(",\"event_id\":\"a\",\"skip_result\":false"),
        "[" EVENT(",\"event_id\":\"z\"") "]",
    };
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(detect_calendar_add(c, good[i], strlen(good[i]), "e", &set, &why),
                         ERR_NONE);
    static const char bad[] = "[" EVENT("") ",{}]";
    assert_int_equal(detect_calendar_add(c, bad, strlen(bad), "e.json", &set, &why), ERR_INVALID);
    assert_string_equal(why.file, "e.json");
    assert_int_equal(c->n_events, 3);
    assert_string_equal(c->events[0].id, "b");
    assert_string_equal(c->events[1].id, "a");
    assert_false(c->events[1].skip_result);
    assert_string_equal(c->events[2].id, "z");
    assert_false(detect_calendar_remove(c, "none"));
    assert_true(detect_calendar_remove(c, "a"));
    assert_int_equal(c->n_events, 2);
    assert_string_equal(c->events[1].id, "z");
    struct buf b;
    buf_init(&b);
    buf_str(&b, "[");
    for (int i = 0; i < DETECT_SCHEDULED_MAX; i++)
        buf_format(&b, "%s{\"description\":\"%d\",\"start_time\":0,\"end_time\":1}",
                   i > 0 ? "," : "", i);
    buf_str(&b, "]");
    assert_int_equal(detect_calendar_add(c, buf_text(&b), b.n, "e", &set, &why), ERR_INVALID);
    assert_non_null(strstr(why.message, "at most 10000 events"));
    assert_true(detect_calendar_remove(c, "b") && detect_calendar_remove(c, "z"));
    assert_int_equal(detect_calendar_add(c, buf_text(&b), b.n, "e", &set, &why), ERR_NONE);
    assert_int_equal(c->n_events, DETECT_SCHEDULED_MAX);
    buf_release(&b);
    detect_calendars_release(&set);
}

static void test_covers(void **state)
{
    (void)state;
    static const struct {
        const char *jobs;
        bool covers;
    } cases[] = {{"[]", false},
                 {"[\"test\"]", true},
                 {"[\"x\",\"g2\"]", true},
                 {"\"_all\"", true},
                 {"[\"g\"]", false}};
    struct detect_job *job = help_job("{\"job_id\":\"test\",\"groups\":[\"g1\",\"g2\"],"
                                      "\"analysis_config\":{\"detectors\":[{\"function\":"
                                      "\"count\"}]}}");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[100];
        struct detect_calendars set = {0};
        struct err_text why;
        snprintf(text, sizeof(text), "{\"calendar_id\":\"c\",\"job_ids\":%s}", cases[i].jobs);
        assert_int_equal(parse(&set, text, &why), ERR_NONE);
        assert_int_equal(detect_calendar_covers(set.list[0], job), cases[i].covers);
        detect_calendars_release(&set);
    }
    detect_job_free(job);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_documents),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_events),
        cmocka_unit_test(test_covers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
