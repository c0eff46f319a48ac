/* SPDX-License-Identifier: Apache-2.0 */
/* The n-th allocation fails, for every n: nobody comes in who should not, and nothing leaks. */
#include "serve/auth/auth_help.h"

#include "auth/attempts.h"
#include "fault_memory.h"

static void nobody_slips_in(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    struct ip peer = help_auth_peer(1);
    struct auth_guest guest;
    ts_ns wait;
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE], token[AUTH_GUARD_TOKEN_SIZE];
    const struct auth_account_new_key key = {
        .name = "k", .role = AUTH_ROLE_VIEWER, .owner = "eva", .expires = TIME_NONE};
    help_auth_add(&h, "eva", AUTH_ROLE_ADMIN);
    assert_int_equal(auth_account_key_add(h.state, &key, HELP_NOW, id, secret, &why), ERR_NONE);
    assert_int_equal(auth_guard_login(h.guard, "eva", HELP_PASSWORD, &peer, HELP_NOW, token, &guest,
                                      &wait, &why),
                     ERR_NONE);
    token[0] = token[0] == 'A' ? 'B' : 'A';
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        fault_arm(n);
        enum err by_session = auth_guard_session(h.guard, token, HELP_NOW, &guest);
        enum err by_header =
            auth_guard_header(h.guard, "ApiKey YTpi", &peer, HELP_NOW, &guest, &wait, &why);
        hit = fault_disarm();
        assert_int_not_equal(by_session, ERR_NONE);
        assert_int_not_equal(by_header, ERR_NONE);
    }
    help_auth_close(&h);
}

static void attempts(void **state)
{
    (void)state;
    bool hit = true;
    struct ip peer = help_auth_peer(1);
    for (uint64_t n = 1; hit; n++) {
        fault_arm(n);
        struct auth_attempts *a = auth_attempts_new();
        for (int i = 0; a != NULL && i < 100; i++) {
            char name[16];
            snprintf(name, sizeof(name), "n%d", i);
            auth_attempts_wrong(a, name, &peer, HELP_NOW);
        }
        auth_attempts_free(a);
        hit = fault_disarm();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_slips_in),
        cmocka_unit_test(attempts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
