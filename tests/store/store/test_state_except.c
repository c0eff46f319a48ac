/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"
#include "store/state_except.h"

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static bool see_exception(void *ctx, const struct store_exception *x)
{
    buf_format(ctx, "%s/%s/%s=%s;", x->namespace_type, x->list_id,
               x->item_id != NULL ? x->item_id : "-", x->doc);
    return true;
}

static bool see_list(void *ctx, const struct store_value_list *l)
{
    buf_format(ctx, "%s %s %llu;", l->id, l->type, (unsigned long long)l->values);
    return true;
}

static bool see_value(void *ctx, const char *value)
{
    buf_format(ctx, "%s,", value);
    return true;
}

static void put(struct store_state *st, const char *list, const char *item, const char *space,
                const char *doc)
{
    const struct store_exception x = {list, item, space, "some-id", doc};
    assert_int_equal(store_state_except_put(st, &x), ERR_NONE);
}

static void test_lists_and_items(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    buf_init(&b);
    uint64_t before = store_state_except_changes(st);
    put(st, "l", NULL, "single", "L");
    put(st, "l", NULL, "agnostic", "A");
    put(st, "l", "i", "single", "1");
    put(st, "l", "h", "single", "2");
    put(st, "l", "i", "agnostic", "3");
    put(st, "l", "i", "single", "4");
    assert_true(store_state_except_changes(st) > before);
    assert_int_equal(store_state_except_lists(st, see_exception, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "agnostic/l/-=A;single/l/-=L;");
    buf_clear(&b);
    assert_int_equal(store_state_except_items(st, "l", "single", see_exception, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "single/l/h=2;single/l/i=4;");
    buf_clear(&b);
    assert_int_equal(store_state_except_items(st, NULL, NULL, see_exception, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "agnostic/l/i=3;single/l/h=2;single/l/i=4;");
    buf_clear(&b);
    assert_int_equal(store_state_except_list(st, "l", "single", &b), ERR_NONE);
    assert_int_equal(store_state_except_item(st, "i", "agnostic", &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "L3");
    assert_int_equal(store_state_except_list(st, "m", "single", &b), ERR_NOT_FOUND);
    assert_int_equal(store_state_except_item_delete(st, "h", "single"), ERR_NONE);
    assert_int_equal(store_state_except_item_delete(st, "h", "single"), ERR_NOT_FOUND);
    before = store_state_except_changes(st);
    assert_int_equal(store_state_except_list_delete(st, "l", "single"), ERR_NONE);
    assert_true(store_state_except_changes(st) > before);
    assert_int_equal(store_state_except_list_delete(st, "l", "single"), ERR_NOT_FOUND);
    store_state_close(st);
    st = open_state(dir);
    buf_clear(&b);
    assert_int_equal(store_state_except_items(st, NULL, NULL, see_exception, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "agnostic/l/i=3;");
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_value_lists(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    buf_init(&b);
    struct store_value_list l = {.id = "v", .type = "ip", .doc = "{}"};
    assert_int_equal(store_state_value_list_put(st, &l), ERR_NONE);
    assert_int_equal(store_state_value_put(st, "v", "b"), ERR_NONE);
    assert_int_equal(store_state_value_put(st, "v", "a"), ERR_NONE);
    assert_int_equal(store_state_value_put(st, "v", "a"), ERR_NONE);
    assert_int_equal(store_state_value_put(st, "w", "c"), ERR_NONE);
    assert_int_equal(store_state_value_lists(st, see_list, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "v ip 2;");
    buf_clear(&b);
    assert_int_equal(store_state_values(st, "v", see_value, &b), ERR_NONE);
    assert_int_equal(store_state_value_list_type(st, "v", &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a,b,ip");
    assert_int_equal(store_state_value_list_type(st, "x", &b), ERR_NOT_FOUND);
    assert_int_equal(store_state_value_delete(st, "v", "a"), ERR_NONE);
    assert_int_equal(store_state_value_delete(st, "v", "a"), ERR_NOT_FOUND);
    assert_int_equal(store_state_value_list_delete(st, "v"), ERR_NONE);
    assert_int_equal(store_state_value_list_delete(st, "v"), ERR_NOT_FOUND);
    buf_clear(&b);
    assert_int_equal(store_state_values(st, "v", see_value, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "");
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_and_items),
        cmocka_unit_test(test_value_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
