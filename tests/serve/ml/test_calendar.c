/* SPDX-License-Identifier: Apache-2.0 */
/* Calendars, their events and their jobs. */
#include "serve/ml/ml_help.h"

#define CALENDAR "/_ml/calendars/{calendar_id}"

static const struct api_row *const tables[] = {ml_calendar_rows};

/* As the daemon does it, in short. */
static void keep(struct fake_world *w, const char *request, size_t n)
{
    struct format_node *node, *doc;
    struct err_text why;
    assert_int_equal(format_node_json(request, n, "request", &node, &why), ERR_NONE);
    const char *text = format_node_str(format_node_get(node, "text"), NULL);
    if (text != NULL && strstr(text, "calendar_id") != NULL) {
        assert_int_equal(format_node_json(text, strlen(text), "text", &doc, &why), ERR_NONE);
        assert_int_equal(
            store_state_listed_put(w->state, STORE_CALENDARS,
                                   format_node_str(format_node_get(doc, "calendar_id"), ""), text),
            ERR_NONE);
        format_node_free(doc);
    }
    format_node_free(node);
}

static void calendars(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open(&w, tables, 1);
    w.acts = keep;
    ASK("GET", CALENDAR, "calendar_id=c", NULL, NULL, 404, "No calendar with id [c]");
    ASK("PUT", CALENDAR, "calendar_id=c", NULL, "{\"job_ids\":[\"a\"]}", 200,
        "{\"calendar_id\":\"c\",\"job_ids\":[\"a\"]}");
    ASK("PUT", CALENDAR, "calendar_id=c", NULL, NULL, 400, "it already exists");
    ASK("PUT", CALENDAR, "calendar_id=C", NULL, NULL, 400, "Invalid calendar_id");
    ASK("PUT", CALENDAR, "calendar_id=d", NULL, "{\"x\":1}", 400, "unknown field [x]");
    ASK("PUT", CALENDAR "/jobs/{job_id}", "calendar_id=c job_id=b", NULL, NULL, 200,
        "\"job_ids\":[\"a\",\"b\"]");
    ASK("DELETE", CALENDAR "/jobs/{job_id}", "calendar_id=c job_id=a", NULL, NULL, 200,
        "\"job_ids\":[\"b\"]");
    ASK("DELETE", CALENDAR "/jobs/{job_id}", "calendar_id=c job_id=a", NULL, NULL, 404, "[a]");
    ASK("POST", "/_ml/calendars", NULL, NULL, "{\"page\":{\"from\":1}}", 200,
        "{\"count\":1,\"calendars\":[]}");
    ASK("GET", CALENDAR, "calendar_id=c*,_all", NULL, NULL, 200, "{\"count\":1,");
    ASK("DELETE", CALENDAR, "calendar_id=d", NULL, NULL, 404, "No calendar with id [d]");
    ASK("DELETE", CALENDAR, "calendar_id=c", NULL, NULL, 200, "acknowledged");
    fake_close(&w);
}

static void events(void **state)
{
    (void)state;
    static const char doc[] =
        "{\"calendar_id\":\"c\",\"job_ids\":[\"j\"],\"events\":[{\"event_id\":\"e1\","
        "\"description\":\"one\",\"start_time\":1000000,\"end_time\":2000000},{\"event_id\":\"e2\","
        "\"description\":\"two\",\"start_time\":3000000,\"end_time\":4000000}]}";
    struct fake_world w;
    fake_open(&w, tables, 1);
    help_job(&w, "j", "closed", NULL, "stopped");
    help_job(&w, "k", "closed", NULL, "stopped");
    assert_int_equal(store_state_listed_put(w.state, STORE_CALENDARS, "c", doc), ERR_NONE);
    ASK("GET", CALENDAR "/events", "calendar_id=c", NULL, NULL, 200,
        "{\"count\":2,\"events\":[{\"calendar_id\":\"c\",\"event_id\":\"e1\"");
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "start=2000000 size=1", NULL, 200,
        "{\"count\":1,\"events\":[{\"calendar_id\":\"c\",\"event_id\":\"e2\"");
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "job_id=k", NULL, 200, "\"count\":0");
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "job_id=j", NULL, 200, "\"count\":2");
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "job_id=g", NULL, 200, "\"count\":0");
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "job_id=nobody", NULL, 404,
        "No known job with id 'nobody'");
    static const char group[] = "{\"calendar_id\":\"d\",\"job_ids\":[\"g\"],\"events\":[{"
                                "\"event_id\":\"e4\",\"description\":\"all of them\","
                                "\"start_time\":5000000,\"end_time\":6000000}]}";
    assert_int_equal(store_state_listed_put(w.state, STORE_CALENDARS, "d", group), ERR_NONE);
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "job_id=g", NULL, 200,
        "{\"count\":1,\"events\":[{\"calendar_id\":\"d\"");
    ASK("GET", CALENDAR "/events", "calendar_id=_all", "job_id=k", NULL, 200, "\"count\":1");
    ASK("POST", CALENDAR "/events", "calendar_id=c", NULL, "{\"events\":[]}", 400, "At least 1");
    ASK("POST", CALENDAR "/events", "calendar_id=c", NULL, "{\"events\":[{}]}", 200,
        "{\"events\":[]}");
    help_acted(&w, "\"verb\":\"add\",\"id\":\"c\"");
    ASK("DELETE", CALENDAR "/events/{event_id}", "calendar_id=c event_id=e3", NULL, NULL, 404,
        "No event with id [e3]");
    ASK("DELETE", CALENDAR "/events/{event_id}", "calendar_id=c event_id=e2", NULL, NULL, 200,
        "acknowledged");
    help_acted(&w, "\"verb\":\"remove\",\"id\":\"c\",\"event\":\"e2\"");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calendars), cmocka_unit_test(events)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
