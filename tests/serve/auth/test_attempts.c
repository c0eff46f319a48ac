/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/auth/auth_help.h"

#include "auth/attempts.h"

static void wrong_times(struct auth_attempts *a, const char *name, const struct ip *peer, int times,
                        ts_ns now)
{
    for (int i = 0; i < times; i++)
        auth_attempts_wrong(a, name, peer, now);
}

/* Five are free, then a second, doubling, at most fifteen minutes; an hour forgets. */
static void by_name(void **state)
{
    (void)state;
    struct auth_attempts *a = auth_attempts_new();
    struct ip here = help_auth_peer(1), there = help_auth_peer(2);
    wrong_times(a, "eva", &here, 4, HELP_NOW);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW) == 0);
    wrong_times(a, "eva", &here, 1, HELP_NOW);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW) == TIME_S);
    assert_true(auth_attempts_wait(a, "adam", &here, HELP_NOW) == 0);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW + TIME_S) == 0);
    wrong_times(a, "eva", &here, 3, HELP_NOW);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW + TIME_S) == 7 * TIME_S);
    /* Its owner, elsewhere, need not wait. */
    assert_true(auth_attempts_wait(a, "eva", &there, HELP_NOW) == 0);
    wrong_times(a, "eva", &here, 100, HELP_NOW);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW) == 15 * TIME_MIN);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW + TIME_HOUR) == 0);
    wrong_times(a, "eva", &here, 1, HELP_NOW + 2 * TIME_HOUR);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW + 2 * TIME_HOUR) == 0);
    auth_attempts_free(a);
}

/* From many addresses: slowed down, and nobody is locked out. */
static void from_anywhere(void **state)
{
    (void)state;
    struct auth_attempts *a = auth_attempts_new();
    struct ip owner = help_auth_peer(250);
    for (int i = 0; i < AUTH_ATTEMPTS_ANYWHERE; i++) {
        struct ip peer = help_auth_peer((uint8_t)(i / 4));
        assert_true(auth_attempts_wait(a, "eva", &peer, HELP_NOW) == 0);
        wrong_times(a, "eva", &peer, 1, HELP_NOW);
    }
    assert_true(auth_attempts_wait(a, "eva", &owner, HELP_NOW) == TIME_S);
    for (int i = 0; i < 1000; i++) {
        struct ip peer = help_auth_peer((uint8_t)(i % 200));
        wrong_times(a, "eva", &peer, 1, HELP_NOW);
    }
    assert_true(auth_attempts_wait(a, "eva", &owner, HELP_NOW) == 30 * TIME_S);
    auth_attempts_right(a, "eva", &owner);
    assert_true(auth_attempts_wait(a, "eva", &owner, HELP_NOW) == 0);
    auth_attempts_free(a);
}

/* Many names from one address; an account of one's own does not make the address free again. */
static void by_address(void **state)
{
    (void)state;
    struct auth_attempts *a = auth_attempts_new();
    struct ip here = help_auth_peer(1), there = help_auth_peer(2);
    char name[16];
    for (int i = 0; i < AUTH_ATTEMPTS_ADDRESS; i++) {
        snprintf(name, sizeof(name), "user%d", i);
        assert_true(auth_attempts_wait(a, name, &here, HELP_NOW) == 0);
        wrong_times(a, name, &here, 1, HELP_NOW);
    }
    assert_true(auth_attempts_wait(a, "fresh", &here, HELP_NOW) == TIME_S);
    auth_attempts_right(a, "fresh", &here);
    assert_true(auth_attempts_wait(a, "fresh", &here, HELP_NOW) == TIME_S);
    assert_true(auth_attempts_wait(a, "fresh", &there, HELP_NOW) == 0);
    auth_attempts_free(a);
}

static void right_forgives_the_name(void **state)
{
    (void)state;
    struct auth_attempts *a = auth_attempts_new();
    struct ip here = help_auth_peer(1);
    wrong_times(a, "eva", &here, 6, HELP_NOW);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW) > 0);
    auth_attempts_right(a, "eva", &here);
    assert_true(auth_attempts_wait(a, "eva", &here, HELP_NOW) == 0);
    auth_attempts_free(a);
}

/* Hosts of one IPv6 network are one; a flood of names does not take memory for ever, and those
 * that were wrong longest ago give way. */
static void bounded(void **state)
{
    (void)state;
    struct auth_attempts *a = auth_attempts_new();
    uint8_t six[16] = {0x20, 1, 0xd, 0xb8, 0, 0, 0, 1};
    struct ip host = ip_from_v6(six);
    six[15] = 7;
    struct ip neighbour = ip_from_v6(six);
    wrong_times(a, "x", &host, AUTH_ATTEMPTS_ADDRESS, HELP_NOW);
    assert_true(auth_attempts_wait(a, "y", &neighbour, HELP_NOW) == TIME_S);
    for (int i = 0; i < 3 * AUTH_ATTEMPTS_PLACES; i++) {
        char name[16];
        struct ip peer = help_auth_peer((uint8_t)i);
        snprintf(name, sizeof(name), "flood%d", i);
        wrong_times(a, name, &peer, 1, HELP_NOW + i);
    }
    assert_true(auth_attempts_wait(a, "y", &neighbour, HELP_NOW) == 0); /* gave way */
    struct ip peer = help_auth_peer(1);
    assert_true(auth_attempts_wait(a, "z", &peer, HELP_NOW + 3 * AUTH_ATTEMPTS_PLACES) > 0);
    auth_attempts_free(a);
}

int main(void)
{
    assert_int_equal(auth_secret_begin(), ERR_NONE);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_name),    cmocka_unit_test(from_anywhere),
        cmocka_unit_test(by_address), cmocka_unit_test(right_forgives_the_name),
        cmocka_unit_test(bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
