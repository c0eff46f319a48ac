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

static void put_alone(void **state)
{
    (void)state;
    struct fake_world w;
    struct err_text why;
    struct kibana_change change;
    open_world(&w);
    struct api_call c = make_call(&w);
    kibana_change_init(&change, &c.arena);
    kibana_change_text(&change, "list_id", "l");
    assert_int_equal(kibana_exception_put(&c, NULL, &change, NULL, &why), ERR_NONE);
    acted(&w,
          "{\"command\":\"exception\",\"verb\":\"add\",\"objects\":[{\"fresh\":true,\"text\":\"{"
          "\\\"list_id\\\":\\\"l\\\"}\"}]}");
    w.says = "{\"at\":0,\"code\":-14,\"message\":\"changed\"}\n";
    assert_int_equal(kibana_exception_put(&c, NULL, &change, "2", &why), ERR_BUSY);
    assert_string_equal(why.message, "changed");
    acted(&w, "\"fresh\":false,\"version\":\"2\"");
    arena_release(&c.arena);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(found), cmocka_unit_test(put_alone)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
