/* SPDX-License-Identifier: Apache-2.0 */
#include "rule/amend.h"

#include "base/buf.h"
#include "cmocka_head.h"

#include <string.h>

static void fields_change_in_their_places(void **state)
{
    (void)state;
    static const char doc[] = "{\"a\":\"x\",\"b\":{\"c\":[1,2.5]},\"d\":3,\"e\":null}";
    const struct rule_amendment changes[] = {
        {.key = "d", .number = 4},
        {.key = "t", .time = 1704067200 * TIME_S},
        {.key = "a", .text = "y\""},
        {.key = "e", .number = 5},
        {.key = "j", .json = bytes_make("[1]", 3)},
    };
    struct buf out;
    buf_init(&out);
    assert_int_equal(rule_amend(bytes_make(doc, sizeof(doc) - 1), changes, 5, &out, NULL),
                     ERR_NONE);
    assert_string_equal(buf_text(&out), "{\"a\":\"y\\\"\",\"b\":{\"c\":[1,2.5]},\"d\":4,\"e\":5,"
                                        "\"t\":\"2024-01-01T00:00:00.000Z\",\"j\":[1]}");
    buf_clear(&out);
    assert_int_equal(rule_amend(bytes_make("nothing", 7), changes, 5, &out, NULL), ERR_FORMAT);
    buf_release(&out);
}

static void a_status_has_its_time(void **state)
{
    (void)state;
    static const char doc[] = "{\"kibana.alert.workflow_status\":\"open\"}";
    struct buf out;
    buf_init(&out);
    assert_int_equal(rule_amend_status(bytes_make(doc, sizeof(doc) - 1), "closed",
                                       1704067200 * TIME_S, &out, NULL),
                     ERR_NONE);
    assert_string_equal(
        buf_text(&out),
        "{\"kibana.alert.workflow_status\":\"closed\","
        "\"kibana.alert.workflow_status_updated_at\":\"2024-01-01T00:00:00.000Z\"}");
    buf_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_change_in_their_places),
        cmocka_unit_test(a_status_has_its_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
