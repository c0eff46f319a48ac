/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/doc.h"
#include "kibana/exception.h"

static void put(struct fake_world *w, const char *list, const char *item, const char *space)
{
    char id[100];
    snprintf(id, sizeof(id), "id-%s-%s", item != NULL ? item : list, space);
    const struct store_exception row = {list, item, space, id, "{\"name\":\"n\"}"};
    assert_int_equal(store_state_except_put(w->state, &row), ERR_NONE);
}

static void found(void **state)
{
    (void)state;
    struct fake_world w;
    struct kibana_exceptions x;
    struct err_text why;
    open_world(&w);
    put(&w, "l", NULL, "single");
    put(&w, "l", NULL, "agnostic");
    put(&w, "m", NULL, "single");
    put(&w, "l", "i", "single");
    put(&w, "m", "k", "single");
    struct api_call c = make_call(&w);
    kibana_exceptions_init(&x);
    assert_int_equal(kibana_exceptions_lists(&c, &x, &why), ERR_NONE);
    assert_int_equal(x.n, 3);
    kibana_exceptions_release(&x);
    kibana_exceptions_init(&x);
    assert_int_equal(kibana_exceptions_items(&c, "l", "single", &x, &why), ERR_NONE);
    assert_int_equal(x.n, 1);
    assert_string_equal(x.list[0].name, "i");
    kibana_exceptions_release(&x);
    kibana_exceptions_init(&x);
    assert_int_equal(
        kibana_exceptions_find(&c, &kibana_exception_list, NULL, "l", "agnostic", &x, &why),
        ERR_NONE);
    assert_string_equal(x.list[0].id, "id-l-agnostic");
    kibana_exceptions_release(&x);
    kibana_exceptions_init(&x);
    assert_int_equal(
        kibana_exceptions_find(&c, &kibana_exception_item, "id-k-single", NULL, "single", &x, &why),
        ERR_NONE);
    assert_string_equal(x.list[0].list_id, "m");
    assert_int_equal(kibana_exception_delete(&c, &kibana_exception_item, &x.list[0], &why),
                     ERR_NONE);
    acted(&w, "\"verb\":\"remove\",\"kind\":\"item\",\"id\":\"k\",\"namespace_type\":\"single\"");
    kibana_exceptions_release(&x);
    kibana_exceptions_init(&x);
    assert_int_equal(
        kibana_exceptions_find(&c, &kibana_exception_item, NULL, "none", "single", &x, &why),
        ERR_INVALID);
    assert_int_equal(c.status, 404);
    assert_string_equal(why.message, "exception list item item_id: \"none\" does not exist");
    kibana_exceptions_release(&x);
    arena_release(&c.arena);
    fake_close(&w);
}

static void imported(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    char name[KIBANA_EXCEPTION_NAME];
    bool item;
    open_world(&w);
    struct api_call c = make_call(&w);
#define IMPORT(text) kibana_exception_import(&c, text, strlen(text), false, name, &item, &why)
    assert_int_equal(IMPORT("{\"list_id\":\"l\",\"name\":\"n\"}"), ERR_NONE);
    acted(&w,
          "\"command\":\"exception\",\"verb\":\"add\",\"name\":\"exception.json\",\"fresh\":true");
    assert_string_equal(name, "l");
    assert_false(item);
    w.fails = ERR_EXISTS;
    assert_int_equal(IMPORT("{\"item_id\":\"i\",\"list_id\":\"l\",\"entries\":[]}"), ERR_EXISTS);
    assert_true(item);
    assert_string_equal(
        why.message, "Found that item_id: \"i\" already exists. Import of item_id: \"i\" skipped.");
    assert_int_equal(IMPORT("{\"rule_id\":\"r\"}"), ERR_INVALID);
    assert_int_equal(IMPORT("{"), ERR_FORMAT);
    arena_release(&c.arena);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found), cmocka_unit_test(imported)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
