/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "engine/connectors.h"
#include "store/state_notify.h"

#define RULE(id, actions)                                                                          \
    "{\"rule_id\":\"" id "\",\"name\":\"n\",\"description\":\"d\",\"type\":\"query\",\"query\":"   \
    "\"a: 1\",\"severity\":\"low\",\"risk_score\":3,\"actions\":[" actions "]}\n"
#define ACTION(id) "{\"id\":\"" id "\",\"action_type_id\":\".webhook\",\"params\":{}}"
#define HOOK                                                                                       \
    "{\"name\":\"H\",\"connector_type_id\":\".webhook\",\"config\":{\"url\":\"http://x/\"}}"

static void lines_out(void **state)
{
    (void)state;
    static const char text[] =
        RULE("a", ACTION("hook") "," ACTION("gone")) RULE("b", ACTION("hook") "," ACTION("gone"));
    char *dir = help_mkdir();
    struct store_state *st = help_state(dir);
    struct rule_set *set = rule_set_new();
    struct engine_connectors c;
    const struct store_connector hook = {.id = "hook", .doc = HOOK, .secrets = "{\"user\":\"u\"}"};
    HELP_OK(store_state_connector_put(st, &hook));
    HELP_OK(rule_load_text(set, text, sizeof(text) - 1, "r.ndjson", &help_why));
    struct rule *rules[] = {rule_set_at(set, 0), rule_set_at(set, 1)};
    engine_connectors_init(&c);
    HELP_OK(engine_connectors_export(st, rules, 2, true, &c, &help_why));
    assert_int_equal(c.n, 1);
    assert_non_null(strstr(buf_text(&c.lines),
                           "\"attributes\":{\"actionTypeId\":\".webhook\",\"name\":\"H\","
                           "\"isMissingSecrets\":true,\"config\":{\"url\":\"http://x/\"},"
                           "\"secrets\":{}},"));
    assert_null(strstr(buf_text(&c.lines), "user"));
    assert_string_equal(buf_text(&c.missing), "{\"id\":\"gone\",\"type\":\"action\"}");
    assert_int_equal(c.missing_n, 1);
    struct buf back;
    buf_init(&back);
    HELP_OK(engine_connectors_read(c.lines.p, c.lines.n, &back, &help_why));
    assert_string_equal(buf_text(&back), "{\"id\":\"hook\",\"name\":\"H\",\"connector_type_id\":"
                                         "\".webhook\",\"config\":{\"url\":\"http://x/\"}}");
    buf_release(&back);
    engine_connectors_release(&c);
    engine_connectors_init(&c);
    HELP_OK(engine_connectors_export(st, rules, 2, false, &c, &help_why));
    assert_int_equal(c.n + c.lines.n, 0);
    assert_string_equal(buf_text(&c.excluded), "{\"id\":\"hook\",\"type\":\"action\"}");
    engine_connectors_release(&c);
    rule_set_free(set);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(lines_out)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
