/* SPDX-License-Identifier: Apache-2.0 */
#include "auth/role.h"

#include "cmocka_head.h"
#include <string.h>

/* The table of docs/method/server.md. */
static void table(void **state)
{
    (void)state;
    static const char may[AUTH_ROLES][AUTH_RIGHT_ADMIN + 2] = {
        [AUTH_ROLE_SHIPPER] = "yyy----",
        [AUTH_ROLE_VIEWER] = "yy-y---",
        [AUTH_ROLE_ANALYST] = "yy-yy--",
        [AUTH_ROLE_ADMIN] = "yyyyyyy",
    };
    for (int role = 0; role < AUTH_ROLES; role++)
        for (int right = 0; right <= AUTH_RIGHT_ADMIN; right++)
            assert_int_equal(auth_role_may((enum auth_role)role, (enum auth_right)right),
                             may[role][right] == 'y');
}

static void names(void **state)
{
    (void)state;
    enum auth_role role;
    for (int i = 0; i < AUTH_ROLES; i++) {
        assert_true(auth_role_find(auth_role_name((enum auth_role)i), &role));
        assert_int_equal(role, i);
    }
    assert_false(auth_role_find("root", &role));
    for (int i = 0; i <= AUTH_RIGHT_ADMIN; i++)
        assert_int_equal(strncmp(auth_role_right_name((enum auth_right)i), "to ", 3), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(table), cmocka_unit_test(names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
