/* SPDX-License-Identifier: Apache-2.0 */
#include "base/err.h"

#include "cmocka_head.h"
#include <errno.h>
#include <string.h>

static void a_mistake_names_its_place(void **state)
{
    (void)state;
    struct err_text why;
    char line[800];
    assert_int_equal(err_set_at(&why, ERR_INVALID, "a.toml", 7, "threshold %d\nis too large", 101),
                     ERR_INVALID);
    assert_string_equal(err_format(&why, line, sizeof(line)),
                        "a.toml:7: threshold 101 is too large");
    why.column = 3;
    assert_string_equal(err_format(&why, line, sizeof(line)),
                        "a.toml:7:3: threshold 101 is too large");
    err_set(&why, ERR_IO, "plain");
    assert_string_equal(err_format(&why, line, sizeof(line)), "plain");
    assert_int_equal(err_set(NULL, ERR_FULL, "nobody listens"), ERR_FULL);
}

static void every_code_has_words(void **state)
{
    (void)state;
    for (int code = ERR_STOPPED; code <= ERR_NONE; code++)
        assert_string_not_equal(err_name((enum err)code), "unknown error");
    assert_int_equal(err_from_errno(ENOSPC), ERR_FULL);
    assert_int_equal(err_from_errno(ENOENT), ERR_NOT_FOUND);
    assert_int_equal(err_from_errno(0), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_mistake_names_its_place),
        cmocka_unit_test(every_code_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
