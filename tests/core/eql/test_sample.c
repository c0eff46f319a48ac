/* SPDX-License-Identifier: Apache-2.0 */
/* Samples: one different event for each item, in any order, once a key. */
#include "eql/matcher.h"

#include "core/eql/support.h"

#include "cmocka_head.h"

#define AB "sample by user.name [a where true] [b where true]"

static void in_any_order(void **state)
{
    (void)state;
    support_finds(AB, "1a:x 2b:x", "[x: 1 2]");
    support_finds(AB, "1b:x 2a:x", "[x: 2 1]");
    support_finds(AB, "1a:x 2b:y 3a:y 4b:x", "[y: 3 2] [x: 1 4]");
    support_finds(AB, "1a:x 2a:x 3b:x", "[x: 1 3]"); /* the earliest */
    support_finds(AB, "1a:x 2a:x", "");
    support_finds(AB, "1a 2b", "");
    support_finds("sample by ?user.name [a where true] [b where true]", "1a 2b", "[null: 1 2]");
}

static void once_a_key(void **state)
{
    (void)state;
    support_finds(AB, "1a:x 2b:x 3a:x 4b:x", "[x: 1 2]");
    support_finds(AB, "1a:x,y 2b:y,x", "[y: 1 2] [x: 1 2]");
}

static void all_different(void **state)
{
    (void)state;
    support_finds(AB, "1ab:x", "");
    support_finds(AB, "1ab:x 2ab:x", "[x: 2 1]");
    support_finds(AB, "1ab:x 2a:x", "[x: 2 1]");
    support_finds(AB, "1ab:x 2b:x", "[x: 1 2]");
    /* a could be 1 or 2, b 1 or 3, c only 1 */
    support_finds("sample by user.name [a where true] [b where true] [c where true]",
                  "1abc:x 2a:x 3b:x", "[x: 2 3 1]");
    support_finds("sample [a where true] by user.name [b where true] by user.name", "1a:x 2b:x",
                  "[x: 1 2]");
}

static void the_budget(void **state)
{
    (void)state;
    char out[SUPPORT_FOUND_SIZE];
    struct support_feed feed = {.bytes = 1200};
    support_find(AB, "1a:p 2a:q 3a:r 4a:s 5a:t 6a:u 7b:u 8b:p", &feed, out);
    assert_string_equal(out, "[u: 6 7]");
    assert_in_range(feed.counts.evicted, 1, 6);
    assert_in_range(feed.counts.peak, 1, 1200);
    feed = (struct support_feed){0};
    support_find(AB, "1a:p 2b:p", &feed, out);
    assert_true(feed.counts.held > 0); /* that the key is done */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_any_order),
        cmocka_unit_test(once_a_key),
        cmocka_unit_test(all_different),
        cmocka_unit_test(the_budget),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
