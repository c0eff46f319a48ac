/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/doc.h"
#include "kibana/exception_import.h"

#define ADD(text)                                                                                  \
    assert_int_equal(kibana_exception_import_add(&x, text, strlen(text), &why), ERR_NONE)

static const char *refusal;

static void answer(struct fake_world *w, const char *request, size_t n)
{
    (void)n;
    w->says = strstr(request, "item_id") != NULL ? refusal : NULL;
}

/* Lists come first, wherever they stand, and each mistake is told. */
static void in_order(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    struct kibana_exception_import x;
    open_world(&w);
    struct api_call c = make_call(&w);
    w.acts = answer;
    refusal = "{\"at\":1,\"code\":-6,\"message\":\"there\"}\n";
    kibana_exception_import_init(&x, &c);
    ADD("{\"item_id\":\"i\",\"list_id\":\"l\",\"entries\":[]}");
    ADD("{\"list_id\":\"l\",\"name\":\"n\"}");
    ADD("{\"item_id\":\"k\",\"list_id\":\"l\",\"entries\":[]}");
    ADD("{\"rule_id\":\"r\"}");
    ADD("{");
    assert_int_equal(kibana_exception_import_end(&x, &why), ERR_NONE);
    assert_int_equal(x.lists, 1);
    assert_int_equal(x.items, 1);
    assert_int_equal(x.failed_lists, 2);
    assert_int_equal(x.failed_items, 1);
    assert_non_null(strstr(buf_text(&x.errors),
                           "{\"item_id\":\"k\",\"error\":{\"status_code\":409,\"message\":\"Found "
                           "that item_id: \\\"k\\\" already exists. Import of item_id: \\\"k\\\" "
                           "skipped.\"}}]"));
    const char *list = strstr(buf_text(&w.acted), "\\\"name\\\":\\\"n\\\"");
    assert_true(list != NULL && list < strstr(buf_text(&w.acted), "item_id"));
    acted(&w, "\"fresh\":true");
    kibana_exception_import_release(&x);
    arena_release(&c.arena);
    fake_close(&w);
}

static void renamed(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    struct kibana_exception_import x;
    struct kibana_change change;
    open_world(&w);
    struct api_call c = make_call(&w);
    kibana_exception_import_init(&x, &c);
    x.as_new = x.overwrite = true;
    ADD("{\"list_id\":\"l\",\"namespace_type\":\"agnostic\",\"id\":\"i\"}");
    ADD("{\"item_id\":\"k\",\"list_id\":\"l\",\"namespace_type\":\"single\",\"entries\":[]}");
    assert_int_equal(kibana_exception_import_end(&x, &why), ERR_NONE);
    acted(&w, "\"fresh\":false");
    /* Of another namespace: not that list. */
    acted(&w, "\\\"list_id\\\":\\\"l\\\",\\\"namespace_type\\\":\\\"single\\\"");
    assert_null(strstr(buf_text(&w.acted), "\\\"id\\\":\\\"i\\\""));
    struct format_node *rule = read_json(
        "{\"exceptions_list\":[{\"list_id\":\"l\",\"namespace_type\":\"agnostic\",\"id\":\"i\"},"
        "{\"list_id\":\"l\",\"id\":\"j\"}]}");
    kibana_change_init(&change, &c.arena);
    kibana_exception_import_rename(&x, rule, &change);
    assert_int_equal(change.n, 1);
    assert_non_null(strstr(change.members[0].json, x.renamed[0].new_list_id));
    assert_non_null(strstr(change.members[0].json, x.renamed[0].new_id));
    assert_non_null(strstr(change.members[0].json, "{\"list_id\":\"l\",\"id\":\"j\"}"));
    format_node_free(rule);
    kibana_exception_import_release(&x);
    arena_release(&c.arena);
    fake_close(&w);
}

/* A copy of a rule gets a copy of the list that is the rule's own, and shares the others. */
static void own(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    struct kibana_change change;
    open_world(&w);
    struct api_call c = make_call(&w);
    const struct store_exception rows[] = {
        {"mine", NULL, "single", "id-m", "{\"list_id\":\"mine\",\"type\":\"rule_default\"}"},
        {"mine", "old", "single", "id-o",
         "{\"list_id\":\"mine\",\"item_id\":\"old\",\"entries\":[],\"expire_time\":"
         "\"2020-01-01T00:00:00.000Z\"}"},
        {"mine", "fine", "single", "id-f",
         "{\"list_id\":\"mine\",\"item_id\":\"fine\",\"entries\":[]}"}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(store_state_except_put(w.state, &rows[i]), ERR_NONE);
    struct format_node *rule = read_json(
        "{\"exceptions_list\":[{\"id\":\"i\",\"list_id\":\"all\",\"type\":\"detection\"},{"
        "\"id\":\"id-m\",\"list_id\":\"mine\",\"type\":\"rule_default\"}]}");
    kibana_change_init(&change, &c.arena);
    assert_int_equal(kibana_exception_import_own(&c, rule, false, &change, &why), ERR_NONE);
    assert_int_equal(change.n, 1);
    assert_non_null(strstr(change.members[0].json, "{\"id\":\"i\",\"list_id\":\"all\","));
    assert_null(strstr(change.members[0].json, "mine"));
    acted(&w, "rule_default");
    acted(&w, "\\\"entries\\\":[]");
    assert_null(strstr(buf_text(&w.acted), "expire_time"));
    assert_null(strstr(buf_text(&w.acted), "mine"));
    assert_int_equal(kibana_exception_import_own(&c, rule, true, &change, &why), ERR_NONE);
    acted(&w, "expire_time");
    w.says = "{\"at\":0,\"code\":-7,\"message\":\"no\"}\n";
    assert_int_equal(kibana_exception_import_own(&c, rule, true, &change, &why), ERR_INVALID);
    format_node_free(rule);
    rule = read_json("{\"exceptions_list\":[{\"list_id\":\"none\",\"type\":\"rule_default\"}]}");
    change.n = 0;
    assert_int_equal(kibana_exception_import_own(&c, rule, true, &change, &why), ERR_NONE);
    assert_int_equal(change.n, 0);
    format_node_free(rule);
    arena_release(&c.arena);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(in_order), cmocka_unit_test(renamed),
                                       cmocka_unit_test(own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
