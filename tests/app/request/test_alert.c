/* SPDX-License-Identifier: Apache-2.0 */
#include "app/request/asked.h"

static void put(struct world *w, const char *id, const char *ip)
{
    char doc[300];
    snprintf(doc, sizeof(doc),
             "{\"@timestamp\":\"2023-11-15T00:00:00.000Z\",\"source\":{\"ip\":\"%s\"},"
             "\"kibana.alert.uuid\":\"%s\",\"kibana.alert.workflow_status\":\"open\","
             "\"kibana.alert.workflow_tags\":[]}",
             ip, id);
    const struct store_alert alert = {
        .id = id, .rule_id = "r", .doc = doc, .time = HELP_BASE, .start = HELP_BASE};
    HELP_OK(store_state_alert_create(w->data->state, &alert, NULL));
}

static void holds(struct world *w, const char *id, const char *status, const char *text)
{
    struct arena arena;
    struct store_alert alert;
    arena_init(&arena, 0);
    HELP_OK(store_state_alert_get(w->data->state, id, &arena, &alert));
    assert_string_equal(alert.workflow_status, status);
    if (strstr(alert.doc, text) == NULL)
        fail_msg("%s: %s", id, alert.doc);
    arena_release(&arena);
}

#define ALERT(verb, more) "{\"command\": \"alert\", \"verb\": \"" verb "\", " more "}"

static void status(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    put(&w, "a", "10.0.0.1");
    put(&w, "b", "10.0.0.2");
    DONE(ALERT("status", "\"ids\": [\"a\", \"none\"], \"status\": \"acknowledged\""));
    assert_string_equal(said(&w), "{\"total\":1,\"updated\":1}\n");
    holds(&w, "a", "acknowledged", "\"kibana.alert.workflow_status\":\"acknowledged\"");
    holds(&w, "b", "open", "\"open\"");
    DONE(ALERT("status",
               "\"query\": {\"term\": {\"source.ip\": \"10.0.0.2\"}}, \"status\": \"closed\""));
    assert_string_equal(said(&w), "{\"total\":1,\"updated\":1}\n");
    holds(&w, "b", "closed", "\"kibana.alert.workflow_status_updated_at\"");
    DONE(ALERT("status", "\"query\": {\"terms\": {\"_id\": [\"a\"]}}, \"status\": \"open\""));
    holds(&w, "a", "open", "");
    WRONG(ALERT("status", "\"ids\": [\"a\"], \"status\": \"asleep\""), "'asleep'");
    WRONG(ALERT("status", "\"query\": {\"no\": 1}, \"status\": \"open\""), "no");
    WRONG(ALERT("paint", "\"ids\": []"), "'paint'");
    end(&w);
}

/* More than one look can hold. */
static void many(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    HELP_OK(store_state_begin(w.data->state));
    for (int i = 0; i < 1100; i++) {
        char id[16];
        snprintf(id, sizeof(id), "a%04d", i);
        put(&w, id, i % 2 == 0 ? "10.0.0.1" : "10.0.0.2");
    }
    HELP_OK(store_state_commit(w.data->state, &help_why));
    DONE(ALERT("status",
               "\"query\": {\"term\": {\"source.ip\": \"10.0.0.1\"}}, \"status\": \"closed\""));
    assert_string_equal(said(&w), "{\"total\":550,\"updated\":550}\n");
    holds(&w, "a1098", "closed", "");
    holds(&w, "a1099", "open", "");
    end(&w);
}

static void lists(void **state)
{
    (void)state;
    struct world w;
    begin(&w);
    put(&w, "a", "10.0.0.1");
    DONE(ALERT("tags", "\"ids\": [\"a\"], \"add\": [\"x\", \"y\"]"));
    holds(&w, "a", "open", "\"kibana.alert.workflow_tags\":[\"x\",\"y\"]");
    DONE(ALERT("tags", "\"ids\": [\"a\"], \"add\": [\"y\", \"z\"], \"remove\": [\"x\"]"));
    holds(&w, "a", "open", "\"kibana.alert.workflow_tags\":[\"y\",\"z\"]");
    DONE(ALERT("tags", "\"ids\": [\"a\"], \"add\": [\"y\"], \"remove\": [\"x\"]"));
    assert_string_equal(said(&w), "{\"total\":1,\"updated\":0}\n");
    DONE(ALERT("assignees", "\"ids\": [\"a\"], \"add\": [\"eva\"]"));
    holds(&w, "a", "open", "\"kibana.alert.workflow_assignee_ids\":[\"eva\"]");
    DONE(ALERT("assignees", "\"ids\": [\"a\"], \"add\": [\"ida\", \"ida\", \"eva\"]"));
    holds(&w, "a", "open", "\"kibana.alert.workflow_assignee_ids\":[\"eva\",\"ida\"]");
    WRONG(ALERT("tags", "\"ids\": [\"a\"], \"add\": [\"x\", \"y\"], \"remove\": [\"y\"]"),
          "'y' is to be added and removed");
    struct buf text;
    buf_init(&text);
    buf_str(&text, "{\"command\":\"alert\",\"verb\":\"tags\",\"ids\":[\"a\"],\"remove\":[\"0\"");
    for (int i = 1; i <= 100; i++)
        buf_format(&text, ",\"%d\"", i);
    buf_str(&text, "]}");
    WRONG(buf_text(&text), "at most 100");
    buf_release(&text);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(status), cmocka_unit_test(many),
                                       cmocka_unit_test(lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
