/* SPDX-License-Identifier: Apache-2.0 */
/* What is kept is charged, what goes is given back, the oldest goes first. */
#include "eql/group_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

static struct eql_matcher *matcher(const struct eql *q, uint64_t bytes)
{
    struct eql_matcher *m =
        eql_matcher_new(q, &(struct eql_matcher_options){.bytes = bytes, .seed = {3, 4}});
    assert_non_null(m);
    return m;
}

static struct bytes key(const char *s)
{
    return bytes_make(s, 1);
}

static void events_are_shared(void **state)
{
    (void)state;
    struct eql *q = support_parse("sequence [a where true] [b where true]");
    struct eql_matcher *m = matcher(q, 1000);
    struct eql_kept *k = eql_group_keep(m, 5, bytes_make("abc", 3));
    assert_non_null(k);
    assert_int_equal(k->time, 5);
    assert_memory_equal(k->document, "abc", 3);
    assert_ptr_equal(eql_group_share(k), k);
    assert_true(m->budget.used > 0);
    eql_group_drop(m, k);
    assert_true(m->budget.used > 0);
    eql_group_drop(m, k);
    assert_int_equal(m->budget.used, 0);
    char large[2000] = {0};
    assert_null(eql_group_keep(m, 5, bytes_make(large, sizeof large)));
    assert_int_equal(m->counts.refused, 1);
    eql_matcher_free(m);
    eql_free(q);
}

static void groups_go_when_empty(void **state)
{
    (void)state;
    struct eql *q = support_parse("sequence [a where true] [b where true]");
    struct eql_matcher *m = matcher(q, 0);
    struct eql_group *g = eql_group_make(m, key("x"));
    assert_non_null(g);
    assert_ptr_equal(eql_group_make(m, key("x")), g);
    assert_ptr_equal(eql_group_find(m, key("x")), g);
    assert_null(eql_group_find(m, key("y")));
    assert_int_equal(m->budget.used, eql_group_cost(m, 1));
    struct eql_partial *p = eql_group_begin(m, g, 7);
    eql_group_settle(m, g);
    assert_ptr_equal(eql_group_find(m, key("x")), g);
    eql_group_end(m, p);
    assert_null(eql_group_find(m, key("x")));
    assert_int_equal(m->budget.used, 0);
    eql_matcher_free(m);
    eql_free(q);
}

static void the_oldest_goes_first(void **state)
{
    (void)state;
    struct eql *q = support_parse("sequence [a where true] [b where true]");
    struct eql_matcher *m = matcher(q, 0);
    struct eql_group *g[3];
    const char *const names[] = {"x", "y", "z"};
    for (int i = 0; i < 3; i++)
        g[i] = eql_group_make(m, key(names[i]));
    assert_non_null(eql_group_begin(m, g[0], 20));
    eql_group_list(m, g[1], 10);
    eql_group_list(m, g[2], 30);
    m->budget.limit = m->budget.used;
    assert_true(eql_group_room(m, 1));
    assert_null(eql_group_find(m, key("y")));
    m->budget.limit = m->budget.used;
    assert_true(eql_group_room(m, 1));
    assert_null(eql_group_find(m, key("x")));
    assert_null(m->oldest);
    assert_non_null(eql_group_find(m, key("z")));
    m->budget.limit = 1;
    assert_true(eql_group_room(m, 1));
    assert_false(eql_group_room(m, 2));
    assert_int_equal(m->counts.evicted, 3);
    eql_matcher_free(m);
    eql_free(q);
}

static void lists_keep_their_order(void **state)
{
    (void)state;
    struct eql *q = support_parse("sequence [a where true] [b where true]");
    struct eql_matcher *m = matcher(q, 0);
    struct eql_group *x = eql_group_make(m, key("x")), *y = eql_group_make(m, key("y"));
    struct eql_group *z = eql_group_make(m, key("z"));
    eql_group_list(m, x, 1);
    eql_group_list(m, y, 2);
    eql_group_list(m, z, 3);
    eql_group_list(m, y, 4);
    assert_ptr_equal(m->oldest_group, x);
    assert_ptr_equal(m->youngest_group, y);
    assert_ptr_equal(x->younger, z);
    eql_group_unlist(m, z);
    eql_group_settle(m, z);
    assert_ptr_equal(x->younger, y);
    assert_ptr_equal(y->older, x);
    eql_matcher_free(m); /* and all that is in it */
    eql_free(q);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_shared),
        cmocka_unit_test(groups_go_when_empty),
        cmocka_unit_test(the_oldest_goes_first),
        cmocka_unit_test(lists_keep_their_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
