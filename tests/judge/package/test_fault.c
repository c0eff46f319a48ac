/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: a package is opened whole, or not at all. */
#include "cmocka_head.h"
#include "fault_memory.h"
#include "package/package.h"

static void any_allocation_may_fail(void **state)
{
    (void)state;
    size_t told = 0;
    for (size_t n = 0; n < 20000; n++) {
        struct package *p = NULL;
        struct err_text why = {0};
        fault_arm(n + 1);
        enum err code = package_open("security_packetbeat", NULL, &p, &why);
        bool hit = fault_disarm();
        if (code == ERR_NONE) {
            assert_int_equal(package_jobs(p), 5);
            assert_int_equal(package_rules(p), 5);
            package_free(p);
        } else {
            assert_true(hit);
            assert_int_equal(code, ERR_MEMORY);
            assert_true(why.message[0] != '\0');
            told++;
        }
        if (!hit) {
            assert_true(told > 20);
            return;
        }
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
