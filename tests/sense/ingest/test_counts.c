/* SPDX-License-Identifier: Apache-2.0 */
/* Drops keep the place of the first, sums add up. */
#include "ingest/counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void the_first_place_is_kept(void **state)
{
    (void)state;
    struct ingest_counts c = {0};
    char text[900];
    ingest_counts_drop(&c, INGEST_DROP_JSON, "a.json", 900001, 7, "a comma is expected");
    ingest_counts_drop(&c, INGEST_DROP_JSON, "a.json", 900002, 1, "another");
    ingest_counts_drop(&c, INGEST_DROP_TIME, "a.json", 3, 0, "no time");
    assert_int_equal(c.dropped[INGEST_DROP_JSON], 2);
    assert_int_equal(ingest_counts_dropped(&c), 3);
    assert_string_equal(err_format(&c.first[INGEST_DROP_JSON], text, sizeof(text)),
                        "a.json:900001:7: a comma is expected");
    struct ingest_counts sum = {.lines = 5};
    ingest_counts_drop(&sum, INGEST_DROP_TIME, "b.json", 9, 0, "earlier");
    ingest_counts_add(&sum, &c);
    assert_int_equal(ingest_counts_dropped(&sum), 4);
    assert_string_equal(sum.first[INGEST_DROP_TIME].file, "b.json");
    assert_string_equal(sum.first[INGEST_DROP_JSON].file, "a.json");
}

static void reasons_have_names_of_their_own(void **state)
{
    (void)state;
    for (int i = 0; i < INGEST_DROP_REASONS; i++)
        for (int k = 0; k < i; k++)
            assert_string_not_equal(ingest_counts_reason((enum ingest_drop)i),
                                    ingest_counts_reason((enum ingest_drop)k));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_place_is_kept),
        cmocka_unit_test(reasons_have_names_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
