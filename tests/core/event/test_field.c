/* SPDX-License-Identifier: Apache-2.0 */
#include "event/field.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>
#include <string.h>

static void every_name_finds_its_row(void **state)
{
    (void)state;
    for (event_field f = 0; f < EVENT_F_COUNT; f++) {
        const struct event_field_def *def = event_field_def(f);
        assert_int_equal(strlen(def->name), def->name_len);
        assert_int_equal(event_field_by_name(def->name, def->name_len), f);
        if (f > 0)
            assert_true(strcmp(event_field_def((event_field)(f - 1))->name, def->name) < 0);
    }
}

static void strangers_are_none(void **state)
{
    (void)state;
    static const char *const names[] = {"",           "source",     "source.i",
                                        "source.ipx", "@timestamp", "x.y"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(event_field_by_name(names[i], strlen(names[i])), EVENT_F_NONE);
}

static void kinds_are_as_mapped(void **state)
{
    (void)state;
    assert_int_equal(event_field_def(EVENT_F_SOURCE_IP)->kind, EVENT_KIND_IP);
    assert_int_equal(event_field_def(EVENT_F_SOURCE_BYTES)->kind, EVENT_KIND_LONG);
    assert_string_equal(event_kind_name(EVENT_KIND_GEO_POINT), "geo_point");
    assert_true(event_field_object_array("dns.answers", 11));
    assert_false(event_field_object_array("dns.question", 12));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_finds_its_row),
        cmocka_unit_test(strangers_are_none),
        cmocka_unit_test(kinds_are_as_mapped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
