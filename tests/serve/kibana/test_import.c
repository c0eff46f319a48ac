/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#define IMPORT "/api/detection_engine/rules/_import"
#define RULE_WITH(more)                                                                            \
    "{\"id\":\"other\",\"rule_id\":\"a\",\"name\":\"n\",\"description\":\"d\",\"type\":\"query\"," \
    "\"query\":\"a: 1\",\"severity\":\"low\",\"risk_score\":3" more "}\n"
#define RULE RULE_WITH("")
#define LIST "{\"list_id\":\"l\",\"id\":\"i\",\"name\":\"n\",\"type\":\"detection\"}\n"
#define ITEM "{\"item_id\":\"x\",\"list_id\":\"l\",\"name\":\"n\",\"entries\":[]}\n"
#define CONNECTOR                                                                                  \
    "{\"id\":\"hook\",\"type\":\"action\",\"attributes\":{\"actionTypeId\":\".webhook\",\"name\":" \
    "\"n\",\"config\":{\"hasAuth\":true}}}\n"

/* What the daemon answers to each kind of request. */
static const char *says_rule, *says_exception;

static void answer(struct fake_world *w, const char *request, size_t n)
{
    (void)n;
    w->says = strstr(request, "\"command\":\"rule\"") != NULL        ? says_rule
              : strstr(request, "\"command\":\"exception\"") != NULL ? says_exception
                                                                     : NULL;
}

static void rules(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    w.acts = answer;
    says_rule = says_exception = NULL;
    ask(&w, "POST", IMPORT, NULL, NULL, RULE LIST "what\n", 200,
        "{\"success\":false,\"success_count\":1,\"rules_count\":2,\"errors\":[{\"rule_id\":\"("
        "unknown id)\"");
    acted(&w, "\"verb\":\"put\",\"objects\":[{\"fresh\":true,");
    acted(&w, "\"command\":\"exception\"");
    assert_null(strstr(buf_text(&w.acted), "\"other\""));
    put_rule(&w, "a", true, "");
    ask(&w, "POST", IMPORT, "overwrite", "true", RULE, 200,
        "{\"success\":true,\"success_count\":1");
    acted(&w, "\"fresh\":false");
    acted(&w, "\\\"id\\\":\\\"id-a\\\"");
    acted(&w, "\\\"revision\\\":5");
    says_rule = "{\"at\":0,\"code\":-6,\"message\":\"there\"}\n";
    ask(&w, "POST", IMPORT, NULL, NULL, RULE, 200,
        "\"success_count\":0,\"rules_count\":1,\"errors\":[{\"rule_id\":\"a\",\"error\":{"
        "\"status_code\":409,\"message\":\"there\"}}]");
    ask(&w, "POST", IMPORT, NULL, NULL, "\n", 400, "the file holds no rules");
    w.fails = ERR_FULL;
    ask(&w, "POST", IMPORT, NULL, NULL, RULE, 429, "it did not work");
    fake_close(&w);
}

/* Rules of the file that name a list of the file mean the new one. */
static void new_lists(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    w.acts = answer;
    says_rule = says_exception = NULL;
    ask(&w, "POST", IMPORT, "as_new_list", "true",
        RULE_WITH(",\"exceptions_list\":[{\"id\":\"i\",\"list_id\":\"l\",\"type\":\"detection\","
                  "\"namespace_type\":\"single\"},{\"id\":\"k\",\"list_id\":\"elsewhere\",\"type\":"
                  "\"detection\",\"namespace_type\":\"single\"}]") LIST ITEM,
        200, "\"exceptions_success\":true,\"exceptions_success_count\":2");
    const char *list = strstr(buf_text(&w.acted), "{\\\"list_id\\\":\\\"");
    assert_non_null(list);
    char id[64];
    snprintf(id, sizeof(id), "%.36s", list + strlen("{\\\"list_id\\\":\\\""));
    assert_null(strstr(buf_text(&w.acted), "\\\"list_id\\\":\\\"l\\\""));
    assert_null(strstr(buf_text(&w.acted), "\\\"item_id\\\":\\\"x\\\""));
    acted(&w, "\\\"list_id\\\":\\\"elsewhere\\\"");
    size_t n = 0;
    for (const char *p = buf_text(&w.acted); (p = strstr(p, id)) != NULL; p++)
        n++;
    assert_int_equal(n, 3); /* the list, its item, and the rule */
    fake_close(&w);
}

static void connectors(void **state)
{
    (void)state;
    struct fake_world w;
    open_world(&w);
    w.acts = answer;
    says_rule = says_exception = NULL;
    ask(&w, "POST", IMPORT, NULL, NULL,
        RULE_WITH(",\"actions\":[{\"id\":\"nowhere\",\"action_type_id\":\".webhook\",\"params\":{}}"
                  "]") CONNECTOR,
        200,
        "\"action_connectors_success\":false,\"action_connectors_success_count\":1,"
        "\"action_connectors_errors\":[{\"id\":\"nowhere\",\"error\":{\"status_code\":404,"
        "\"message\":\"1 connector is missing. Connector id missing is: nowhere\"}}],"
        "\"action_connectors_warnings\":[{\"type\":\"action_required\"");
    acted(&w, "\"command\":\"connector\",\"verb\":\"import\",\"objects\":[{\"fresh\":true");
    acted(&w, "\"command\":\"rule\"");
    ask(&w, "POST", IMPORT, "overwrite_action_connectors", "true", RULE CONNECTOR, 200,
        "\"action_connectors_success\":true");
    acted(&w, "\"verb\":\"import\",\"objects\":[{\"fresh\":false");
    ask(&w, "POST", IMPORT, "overwrite_action_connectors", "what", RULE, 400, "true or false");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(rules), cmocka_unit_test(new_lists),
                                       cmocka_unit_test(connectors)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
