/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/edit.h"

/* expected NULL: nothing changes; beginning with '!': refused with that sentence. */
static void edit(const char *rule_text, const char *operations_text, const char *expected)
{
    struct arena arena;
    struct err_text why = {.message = ""};
    struct format_node *rule = read_json(rule_text), *out = NULL;
    struct format_node *operations = read_json(operations_text);
    struct buf text;
    arena_init(&arena, 0);
    buf_init(&text);
    enum err err = kibana_edit_apply(rule, operations, &arena, &out, &why);
    if (expected != NULL && expected[0] == '!') {
        assert_int_equal(err, ERR_INVALID);
        if (strstr(why.message, expected + 1) == NULL)
            fail_msg("%s: %s", operations_text, why.message);
    } else {
        assert_int_equal(err, ERR_NONE);
        assert_int_equal(out == NULL, expected == NULL);
        format_node_write(out, &text);
        if (expected != NULL)
            assert_string_equal(buf_text(&text), expected);
    }
    buf_release(&text);
    format_node_free(out);
    format_node_free(rule);
    format_node_free(operations);
    arena_release(&arena);
}

#define OP(type, value) "[{\"type\":\"" type "\",\"value\":" value "}]"

static void each(void **state)
{
    (void)state;
    edit("{\"tags\":[\"a\",\"b\"]}", OP("add_tags", "[\"b\",\"c\"]"),
         "{\"tags\":[\"a\",\"b\",\"c\"]}");
    edit("{\"tags\":[\"a\",\"b\"]}", OP("delete_tags", "[\"b\",\"c\"]"), "{\"tags\":[\"a\"]}");
    edit("{\"tags\":[\"a\",\"b\"]}", OP("set_tags", "[\"z\"]"), "{\"tags\":[\"z\"]}");
    edit("{\"tags\":[\"a\"]}", OP("add_tags", "[\"a\"]"), NULL);
    edit("{}", OP("add_tags", "[\"a\"]"), "{\"tags\":[\"a\"]}");
    edit("{\"type\":\"query\",\"index\":[\"x\"]}", OP("add_index_patterns", "[\"y\"]"),
         "{\"type\":\"query\",\"index\":[\"x\",\"y\"]}");
    edit("{\"type\":\"query\",\"index\":[\"x\"]}", OP("delete_index_patterns", "[\"x\"]"),
         "!without");
    edit("{\"type\":\"machine_learning\"}", OP("set_index_patterns", "[\"x\"]"), "!has none");
    edit("{}", OP("set_investigation_fields", "{\"field_names\":[\"f\"]}"),
         "{\"investigation_fields\":{\"field_names\":[\"f\"]}}");
    edit("{\"investigation_fields\":{\"field_names\":[\"f\"]}}",
         OP("delete_investigation_fields", "{\"field_names\":[\"f\"]}"), "{}");
    edit("{\"interval\":\"1m\"}", OP("set_schedule", "{\"interval\":\"5m\",\"lookback\":\"1m\"}"),
         "{\"interval\":\"5m\",\"from\":\"now-360s\",\"to\":\"now\"}");
    edit("{}", OP("set_schedule", "{\"interval\":\"5m\"}"), "!lookback");
    edit("{}", OP("set_schedule", "{\"interval\":\"100000d\",\"lookback\":\"100000d\"}"),
         "!set_schedule");
    edit("{\"tags\":[\"a\"]}", OP("add_tags", "[\"b\",\"b\",\"a\"]"), "{\"tags\":[\"a\",\"b\"]}");
    edit("{}", OP("set_tags", "[\"b\",\"c\",\"b\"]"), "{\"tags\":[\"b\",\"c\"]}");
    edit("{}", OP("set_timeline", "{\"timeline_id\":\"i\",\"timeline_title\":\"t\"}"),
         "{\"timeline_id\":\"i\",\"timeline_title\":\"t\"}");
    edit("{\"timeline_id\":\"i\"}",
         OP("set_timeline", "{\"timeline_id\":\"\",\"timeline_title\":\"\"}"), "{}");
    edit("{}", OP("set_timeline", "{}"), "!timeline_id");
    edit("{\"actions\":[{\"a\":1}]}", OP("add_rule_actions", "{\"actions\":[{\"a\":2}]}"),
         "{\"actions\":[{\"a\":1},{\"a\":2}]}");
    edit("{\"actions\":[{\"a\":1}]}",
         OP("set_rule_actions", "{\"actions\":[],\"throttle\":\"1h\"}"),
         "{\"actions\":[],\"throttle\":\"1h\"}");
    edit("{}", OP("add_rule_actions", "[]"), "!actions");
    edit("{}", OP("add_tags", "[1]"), "!list of strings");
    edit("{}", OP("paint", "[]"), "!'paint'");
    edit("{}", "[]", "!list of operations");
    edit("{\"tags\":[\"a\"]}",
         "[{\"type\":\"add_tags\",\"value\":[\"b\"]},{\"type\":\"delete_tags\",\"value\":[\"b\"]}]",
         NULL);
}

/* Each text is compared with all that a rule has: not too many at once. */
static void many(void **state)
{
    (void)state;
    struct buf op;
    buf_init(&op);
    buf_str(&op, "[{\"type\":\"add_tags\",\"value\":[\"0\"");
    for (int i = 1; i <= 1000; i++)
        buf_format(&op, ",\"%d\"", i);
    buf_str(&op, "]}]");
    edit("{}", buf_text(&op), "!at most 1000");
    buf_release(&op);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each), cmocka_unit_test(many)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
