/* SPDX-License-Identifier: Apache-2.0 */
/* head and tail, one after the other. */
#include "eql/group_priv.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

static void heads(void **state)
{
    (void)state;
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {0};
    support_finds("a where true | head 2", "1a 2a 3a", "[1] [2]");
    support_finds("a where true | head 0", "1a 2a 3a", "");
    support_finds("a where true | head 3 | head 1", "1a 2a 3a", "[1]");
    support_find("a where true | head 2", "1a", &feed, out);
    assert_false(feed.done);
    support_find("a where true | head 2", "1a 2a", &feed, out);
    assert_true(feed.done);
    support_find("a where true | tail 2", "1a 2a 3a", &feed, out);
    assert_false(feed.done);
}

static void tails(void **state)
{
    (void)state;
    support_finds("a where true | tail 2", "1a 2a 3a", "[2] [3]");
    support_finds("a where true | tail 9", "1a 2a 3a", "[1] [2] [3]");
    support_finds("a where true | tail 0", "1a 2a 3a", "");
    support_finds("a where true | head 3 | tail 2", "1a 2a 3a 4a", "[2] [3]");
    support_finds("a where true | tail 3 | head 2", "1a 2a 3a 4a", "[2] [3]");
    support_finds("a where true | tail 3 | head 2 | tail 1", "1a 2a 3a 4a", "[3]");
    support_finds("sequence by user.name with maxspan=1m [a where true] ![b where true] "
                  "[c where true] | tail 1",
                  "1a:x 2c:x 3a:y 4c:y", "[y: 3 ! 4]");
    support_finds("sample by user.name [a where true] [b where true] | tail 1",
                  "1a:x 2b:x 3a:y 4b:y", "[y: 3 4]");
}

static void the_budget(void **state)
{
    (void)state;
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {.bytes = 300};
    support_find("a where true | tail 9", "1a 2a 3a 4a 5a 6a 7a 8a 9a", &feed, out);
    assert_true(feed.counts.refused > 0);
    assert_in_range(feed.counts.peak, 1, 300);
    assert_int_equal(feed.counts.held, 0);
    assert_int_equal(feed.counts.found + feed.counts.refused, 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heads),
        cmocka_unit_test(tails),
        cmocka_unit_test(the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
