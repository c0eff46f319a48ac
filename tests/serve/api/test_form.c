/* SPDX-License-Identifier: Apache-2.0 */
#include "api/form.h"

#include "base/buf.h"
#include "base/utf8.h"

#include "cmocka_head.h"
#include <string.h>

static void both_forms(void **state)
{
    (void)state;
    struct buf b;
    buf_init(&b);
    api_form_error(&b, API_FORM_ELASTIC, 404, "resource_not_found_exception", "no \"x\" here");
    assert_string_equal(
        buf_text(&b),
        "{\"error\":{\"root_cause\":[{\"type\":\"resource_not_found_exception\","
        "\"reason\":\"no \\\"x\\\" here\"}],\"type\":\"resource_not_found_exception\","
        "\"reason\":\"no \\\"x\\\" here\"},\"status\":404}");
    buf_clear(&b);
    api_form_error(&b, API_FORM_KIBANA, 409, "ignored", "it is there");
    assert_string_equal(buf_text(&b), "{\"statusCode\":409,\"error\":\"Conflict\","
                                      "\"message\":\"it is there\",\"status_code\":409}");
    buf_clear(&b);
    char cut[3000]; /* one that quotes what was asked, cut within a character */
    memset(cut, 'x', sizeof(cut));
    memcpy(cut, "no '\xc3", 5);
    cut[sizeof(cut) - 1] = '\0';
    api_form_error(&b, API_FORM_KIBANA, 400, "ignored", cut);
    assert_true(utf8_valid(buf_text(&b), b.n));
    assert_non_null(strstr(buf_text(&b), "no '\\\\xc3xxx"));
    buf_release(&b);
}

/* Every failure has a status of 4xx or 5xx, a type and a reason. */
static void every_code(void **state)
{
    (void)state;
    for (int code = ERR_STOPPED; code < ERR_NONE; code++) {
        unsigned status = api_form_status((enum err)code);
        assert_in_range(status, 400, 599);
        assert_true(strlen(api_form_type(status, (enum err)code)) > 0);
        assert_true(strlen(api_form_reason(status)) > 0);
    }
    assert_int_equal(api_form_status(ERR_NOT_FOUND), 404);
    assert_int_equal(api_form_status(ERR_INVALID), 400);
    assert_int_equal(api_form_status(ERR_IO), 500);
    assert_string_equal(api_form_type(400, ERR_FORMAT), "parsing_exception");
}

static void paths(void **state)
{
    (void)state;
    assert_int_equal(api_form_of_path("/api/detection_engine/rules"), API_FORM_KIBANA);
    assert_int_equal(api_form_of_path("/_ml/info"), API_FORM_ELASTIC);
    assert_int_equal(api_form_of_path("/"), API_FORM_ELASTIC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_forms),
        cmocka_unit_test(every_code),
        cmocka_unit_test(paths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
