/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state.h"

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static bool seen(void *ctx, const char *id, const char *doc)
{
    buf_format(ctx, "%s %s;", id, doc);
    return true;
}

static bool first_only(void *ctx, const char *id, const char *doc)
{
    seen(ctx, id, doc);
    return false;
}

static void check(struct store_state *st, enum store_list list)
{
    struct buf b;
    buf_init(&b);
    assert_int_equal(store_state_listed_put(st, list, "b", "{\"v\":1}"), ERR_NONE);
    assert_int_equal(store_state_listed_put(st, list, "a", "{\"v\":2}"), ERR_NONE);
    assert_int_equal(store_state_listed_put(st, list, "b", "{\"v\":3}"), ERR_NONE);
    assert_int_equal(store_state_listed_all(st, list, seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a {\"v\":2};b {\"v\":3};");
    buf_clear(&b);
    assert_int_equal(store_state_listed_all(st, list, first_only, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a {\"v\":2};");
    buf_clear(&b);
    assert_int_equal(store_state_listed_get(st, list, "b", &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "{\"v\":3}");
    assert_int_equal(store_state_listed_get(st, list, "c", &b), ERR_NOT_FOUND);
    assert_string_equal(buf_text(&b), "{\"v\":3}");
    assert_int_equal(store_state_listed_delete(st, list, "b"), ERR_NONE);
    assert_int_equal(store_state_listed_delete(st, list, "b"), ERR_NOT_FOUND);
    buf_release(&b);
}

/* Two lists that do not know each other, and are there when the file is opened again. */
static void test_lists(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct buf b;
    buf_init(&b);
    check(st, STORE_FILTERS);
    assert_int_equal(store_state_listed_all(st, STORE_CALENDARS, seen, &b), ERR_NONE);
    assert_int_equal(b.n, 0);
    check(st, STORE_CALENDARS);
    for (int list = STORE_INDEX_TEMPLATES; list <= STORE_DATA_STREAMS; list++)
        check(st, (enum store_list)list);
    store_state_close(st);
    st = open_state(dir);
    assert_int_equal(store_state_listed_all(st, STORE_FILTERS, seen, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "a {\"v\":2};");
    store_state_close(st);
    buf_release(&b);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
