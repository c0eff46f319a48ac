/* SPDX-License-Identifier: Apache-2.0 */
#include "detect/function.h"

#include "cmocka_head.h"

#include <string.h>

static const struct detect_function *find(const char *name)
{
    return detect_function_find(name, strlen(name));
}

static void test_sides_and_aliases(void **state)
{
    (void)state;
    assert_int_equal(find("high_sum")->side, DETECT_HIGH);
    assert_int_equal(find("low_sum")->side, DETECT_LOW);
    assert_int_equal(find("sum")->side, DETECT_BOTH);
    assert_string_equal(find("high_avg")->full, "high_mean");
    assert_string_equal(find("low_dc")->full, "low_distinct_count");
    assert_string_equal(find("rnzc")->full, "rare");
    assert_string_equal(find("high_nzc")->description, "count");
    assert_null(find("high_min"));
    assert_null(find("coun"));
    assert_null(find(""));
}

static void test_empty_buckets(void **state)
{
    (void)state;
    assert_true(find("count")->zero_when_empty);
    assert_true(find("high_sum")->zero_when_empty);
    assert_false(find("non_zero_count")->zero_when_empty);
    assert_false(find("non_null_sum")->zero_when_empty);
    assert_false(find("mean")->zero_when_empty);
}

static void test_fields(void **state)
{
    (void)state;
    assert_int_equal(find("rare")->by, DETECT_NEED_REQUIRED);
    assert_int_equal(find("count")->field, DETECT_NEED_NONE);
    assert_int_equal(find("non_zero_count")->over, DETECT_NEED_NONE);
    assert_int_equal(find("info_content")->field, DETECT_NEED_REQUIRED);
    assert_true(find("low_median")->supported && find("high_varp")->supported);
    assert_string_equal(find("high_median")->description, "median");
    assert_false(find("median")->zero_when_empty || find("varp")->zero_when_empty);
    assert_true(find("time_of_day")->supported && find("time_of_week")->supported);
    assert_true(find("lat_long")->supported);
    assert_true(find("rare")->supported);
}

static void test_parts(void **state)
{
    (void)state;
    assert_ptr_equal(detect_function_part(find("sum"), 0), find("sum"));
    assert_null(detect_function_part(find("sum"), 1));
    static const enum detect_kind kinds[] = {DETECT_MEAN, DETECT_MIN, DETECT_MAX};
    for (size_t k = 0; k < 3; k++) {
        const struct detect_function *f = detect_function_part(find("metric"), k);
        assert_int_equal(f->kind, kinds[k]);
        assert_string_equal(f->full, "metric");
    }
    assert_null(detect_function_part(find("metric"), 3));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sides_and_aliases),
                                       cmocka_unit_test(test_empty_buckets),
                                       cmocka_unit_test(test_fields), cmocka_unit_test(test_parts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
