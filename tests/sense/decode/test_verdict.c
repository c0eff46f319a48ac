/* SPDX-License-Identifier: Apache-2.0 */
#include "decode/verdict.h"

#include "cmocka_head.h"
#include <string.h>

static void every_verdict_has_a_name_of_its_own(void **state)
{
    (void)state;
    for (int i = 0; i < DECODE_VERDICTS; i++) {
        const char *name = decode_verdict_name((enum decode_verdict)i);
        assert_non_null(name);
        assert_string_not_equal(name, "unknown");
        for (int k = 0; k < i; k++)
            assert_string_not_equal(name, decode_verdict_name((enum decode_verdict)k));
    }
    assert_string_equal(decode_verdict_name(DECODE_VERDICTS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_verdict_has_a_name_of_its_own)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
