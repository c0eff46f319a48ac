/* SPDX-License-Identifier: Apache-2.0 */
#include "except/set.h"

#include "cmocka_head.h"
#include "except/item.h"

#include <string.h>

#define LIST "{\"list_id\":\"l\",\"name\":\"n\",\"description\":\"\",\"type\":\"detection\"}"
#define ITEM                                                                                       \
    "{\"list_id\":\"l\",\"item_id\":\"i\",\"name\":\"n\",\"description\":\"\",\"type\":"           \
    "\"simple\","                                                                                  \
    "\"entries\":[{\"field\":\"a\",\"operator\":\"included\",\"type\":\"exists\"}]}"

static struct except_set *load(const char *text, const char *name)
{
    struct except_set *s = except_set_new();
    struct err_text why = {0};
    assert_non_null(s);
    assert_int_equal(except_set_load(s, text, strlen(text), name, &why), ERR_NONE);
    return s;
}

static void an_export_holds_other_things_too(void **state)
{
    (void)state;
    struct except_set *s = load("{\"rule_id\":\"r\",\"name\":\"a rule\"}\n\n" LIST "\r\n" ITEM
                                "\n{\"list_id\":\"l\",\"item_id\":\"j\"}\nnot json\n"
                                "{\"exported_count\":3}\n",
                                "export.ndjson");
    assert_int_equal(except_set_lists(s), 1);
    assert_int_equal(except_set_items(s), 1);
    assert_string_equal(except_set_list(s, 0)->type, "detection");
    assert_string_equal(except_set_item(s, 0)->item_id, "i");
    assert_int_equal(except_set_refused(s), 2);
    assert_int_equal(except_set_problem(s, 0)->text.line, 5);
    assert_int_equal(except_set_problem(s, 1)->text.line, 6);
    except_set_free(s);
}

static void json_and_toml(void **state)
{
    (void)state;
    struct except_set *s = load("[" LIST "," ITEM "]", "x.json");
    assert_int_equal(except_set_lists(s) + except_set_items(s), 2);
    except_set_free(s);
    s = load(ITEM, "x.json");
    assert_int_equal(except_set_items(s), 1);
    except_set_free(s);
    s = load("[metadata]\nlist_name = \"n\"\n[[exceptions]]\n[exceptions.container]\n"
             "list_id = \"l\"\nname = \"n\"\ndescription = \"d\"\ntype = \"detection\"\n"
             "[[exceptions.items]]\nlist_id = \"l\"\nname = \"i\"\ndescription = \"d\"\n"
             "type = \"simple\"\n[[exceptions.items.entries]]\nfield = \"a\"\n"
             "operator = \"excluded\"\ntype = \"match\"\nvalue = \"v\"\n",
             "x.toml");
    assert_int_equal(except_set_problems(s), 0);
    assert_int_equal(except_set_lists(s), 1);
    assert_int_equal(except_set_items(s), 1);
    assert_string_equal(except_set_item(s, 0)->name, "i");
    except_set_free(s);
    s = load("[exceptions", "x.toml");
    assert_int_equal(except_set_refused(s), 1);
    except_set_free(s);
    except_set_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_export_holds_other_things_too),
        cmocka_unit_test(json_and_toml),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
