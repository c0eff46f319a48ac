/* SPDX-License-Identifier: Apache-2.0 */
/* Objects of an array, of lines, and what is none. */
#include "format/split.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void expect(const char *text, const char *const *objects, enum err end)
{
    size_t at = 0, from = 0, len = 0, n = strlen(text);
    enum err err;
    for (; *objects != NULL; objects++) {
        assert_int_equal(format_split_next(text, n, &at, &from, &len), ERR_NONE);
        assert_int_equal(len, strlen(*objects));
        assert_memory_equal(text + from, *objects, len);
    }
    err = format_split_next(text, n, &at, &from, &len);
    assert_int_equal(err, end);
}

static void objects(void **state)
{
    (void)state;
    expect("", (const char *[]){NULL}, ERR_END);
    expect("[]", (const char *[]){NULL}, ERR_END);
    expect("{}\n{\"a\":{\"b\":[1]}}\r\n", (const char *[]){"{}", "{\"a\":{\"b\":[1]}}", NULL},
           ERR_END);
    expect(" [ {\"a\":\"}\"}, {\"b\":\"\\\"{\"} ]",
           (const char *[]){"{\"a\":\"}\"}", "{\"b\":\"\\\"{\"}", NULL}, ERR_END);
}

static void others(void **state)
{
    (void)state;
    expect("{} x", (const char *[]){"{}", NULL}, ERR_FORMAT);
    expect("{\"a\":", (const char *[]){NULL}, ERR_FORMAT);
    expect("{\"a\":\"", (const char *[]){NULL}, ERR_FORMAT);
    expect("{\"a\":\"\\", (const char *[]){NULL}, ERR_FORMAT);
    expect("\"{}\"", (const char *[]){NULL}, ERR_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
