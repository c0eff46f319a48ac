/* SPDX-License-Identifier: Apache-2.0 */
#include "find/date.h"

#include "base/buf.h"
#include "cmocka_head.h"

static const struct {
    const char *format;
    const char *text;
} cases[] = {
    {NULL, "2024-02-29T04:05:06.789+02:00"},
    {"strict_date_optional_time||epoch_millis", "2024-02-29T04:05:06.789+02:00"},
    {"epoch_millis", "1709172306789"},
    {"epoch_second", "1709172306"},
    {"yyyy-MM-dd", "2024-02-29"},
    {"strict_date", "2024-02-29"},
    {"basic_date", "20240229"},
    {"dd.MM.yy H:mm", "29.02.24 4:05"},
    {"EEE, d MMM uuuu", "Thu, 29 Feb 2024"},
    {"EEEE MMMM", "Thursday February"},
    {"hh a", "04 AM"},
    {"D e", "60 4"},
    {"HH 'o''clock' X", "04 o'clock +02"},
    {"HH:mm:ss.SSSSSSxx", "04:05:06.789012+0200"},
    {"date_hour_minute_second", "2024-02-29T04:05:06"},
};

static void test_formats(void **state)
{
    (void)state;
    const struct query_zone zone = {.first_s = 7200};
    ts_ns t = 1709172306 * TIME_S + 789012345;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b;
        struct err_text why;
        buf_init(&b);
        assert_int_equal(find_date_check(cases[i].format, &why), ERR_NONE);
        find_date_write(cases[i].format, &zone, t, &b);
        assert_string_equal(buf_text(&b), cases[i].text);
        buf_release(&b);
    }
}

static void test_bounds(void **state)
{
    (void)state;
    struct buf b;
    struct err_text why;
    buf_init(&b);
    find_date_write(NULL, NULL, -1, &b);
    assert_string_equal(buf_text(&b), "1969-12-31T23:59:59.999Z");
    buf_clear(&b);
    find_date_write("epoch_millis", NULL, -1, &b);
    assert_string_equal(buf_text(&b), "-1");
    buf_release(&b);
    assert_int_equal(find_date_check("YYYY-MM-dd", &why), ERR_INVALID);
    assert_int_equal(find_date_check("nonsense", &why), ERR_INVALID);
    assert_true(find_date_is_number("epoch_second"));
    assert_false(find_date_is_number(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_formats),
                                       cmocka_unit_test(test_bounds)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
