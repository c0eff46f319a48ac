/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/auth/auth_help.h"

#include "auth/guard.h"

#include <poll.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

static enum err login(struct help_auth *h, const char *name, const char *password, ts_ns now,
                      char token[AUTH_GUARD_TOKEN_SIZE], struct auth_guest *out)
{
    struct err_text why;
    ts_ns wait = 0;
    struct ip peer = help_auth_peer(1);
    enum err err = auth_guard_login(h->guard, name, password, &peer, now, token, out, &wait, &why);
    assert_int_equal(err == ERR_LIMIT, wait > 0);
    return err;
}

static enum err header(struct help_auth *h, const char *scheme, const char *left, const char *right,
                       ts_ns now, struct auth_guest *out)
{
    struct err_text why;
    ts_ns wait = 0;
    struct ip peer = help_auth_peer(1);
    char pair[2048], value[4096];
    int n = snprintf(pair, sizeof(pair), "%s:%s", left, right);
    int at = snprintf(value, sizeof(value), "%s ", scheme);
    sodium_bin2base64(value + at, sizeof(value) - (size_t)at, (const unsigned char *)pair,
                      (size_t)n, sodium_base64_VARIANT_ORIGINAL);
    return auth_guard_header(h->guard, value, &peer, now, out, &wait, &why);
}

/* The first start makes an admin, the second does not; its password lets one in. */
static void first_start(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    bool made;
    char password[AUTH_GUARD_TOKEN_SIZE], token[AUTH_GUARD_TOKEN_SIZE];
    struct auth_guest guest;
    assert_int_equal(auth_guard_begin(h.guard, HELP_NOW, &made, password, &why), ERR_NONE);
    assert_true(made);
    assert_int_equal(login(&h, "admin", password, HELP_NOW, token, &guest), ERR_NONE);
    assert_int_equal(guest.role, AUTH_ROLE_ADMIN);
    assert_int_equal(auth_guard_begin(h.guard, HELP_NOW, &made, password, &why), ERR_NONE);
    assert_false(made);
    help_auth_close(&h);
}

static void sessions(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct auth_guest guest, again;
    char token[AUTH_GUARD_TOKEN_SIZE];
    help_auth_add(&h, "eva", AUTH_ROLE_ANALYST);
    assert_int_equal(login(&h, "eva", "wrong horse!", HELP_NOW, token, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "nobody", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_NONE);
    assert_int_equal(guest.means, AUTH_GUARD_SESSION);
    assert_int_equal(strlen(guest.csrf), 43);
    assert_string_not_equal(guest.csrf, token);
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW, &again), ERR_NONE);
    assert_string_equal(again.csrf, guest.csrf);
    assert_string_equal(again.name, "eva");
    token[5] = token[5] == 'A' ? 'B' : 'A';
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW, &again), ERR_DENIED);
    assert_int_equal(auth_guard_session(h.guard, "", HELP_NOW, &again), ERR_DENIED);
    help_auth_close(&h);
}

/* Eight hours unused, seven days at all, log-out, and every change of the account. */
static void sessions_end(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    struct auth_guest guest;
    char token[AUTH_GUARD_TOKEN_SIZE];
    bool off = false;
    const struct auth_account_change change = {.password = "battery staple"},
                                     disable = {.enabled = &off};
    help_auth_add(&h, "eva", AUTH_ROLE_VIEWER);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_NONE);
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW + 8 * TIME_HOUR, &guest),
                     ERR_DENIED);
    for (int i = 1; i < 24; i++)
        assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW + i * 7 * TIME_HOUR, &guest),
                         ERR_NONE);
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW + 24 * 7 * TIME_HOUR, &guest),
                     ERR_DENIED);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_NONE);
    assert_int_equal(auth_guard_logout(h.guard, token), ERR_NONE);
    assert_int_equal(auth_guard_logout(h.guard, token), ERR_NONE);
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_NONE);
    assert_int_equal(auth_account_set(h.state, "eva", &change, HELP_NOW, &why), ERR_NONE);
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "eva", "battery staple", HELP_NOW, token, &guest), ERR_NONE);
    assert_int_equal(auth_account_set(h.state, "eva", &disable, HELP_NOW, &why), ERR_NONE);
    assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "eva", "battery staple", HELP_NOW, token, &guest), ERR_DENIED);
    help_auth_close(&h);
}

struct changer {
    struct store_state *state;
    enum err err;
};

static void *change_password(void *arg)
{
    struct changer *c = arg;
    struct err_text why;
    const struct auth_account_change change = {.password = "battery staple"};
    c->err = auth_account_set(c->state, "eva", &change, HELP_NOW, &why);
    return NULL;
}

/* Whoever is being let in with the old password while it is changed gets no session that stays. */
static void change_wins(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    for (int delay_ms = 10; delay_ms <= 90; delay_ms += 20) {
        struct changer c = {.state = h.state, .err = ERR_IO};
        struct err_text why;
        struct auth_guest guest;
        char token[AUTH_GUARD_TOKEN_SIZE];
        pthread_t thread;
        help_auth_add(&h, "eva", AUTH_ROLE_VIEWER);
        assert_int_equal(pthread_create(&thread, NULL, change_password, &c), 0);
        (void)poll(NULL, 0, delay_ms);
        enum err err = login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest);
        pthread_join(thread, NULL);
        assert_int_equal(c.err, ERR_NONE);
        assert_true(err == ERR_DENIED || err == ERR_NONE);
        if (err == ERR_NONE)
            assert_int_equal(auth_guard_session(h.guard, token, HELP_NOW, &guest), ERR_DENIED);
        assert_int_equal(auth_account_remove(h.state, "eva", &why), ERR_NONE);
    }
    help_auth_close(&h);
}

static bool quick(struct help_auth *h, const char *scheme, const char *pair, ts_ns now)
{
    char value[4096];
    int at = snprintf(value, sizeof(value), "%s ", scheme);
    sodium_bin2base64(value + at, sizeof(value) - (size_t)at, (const unsigned char *)pair,
                      strlen(pair), sodium_base64_VARIANT_ORIGINAL);
    return auth_guard_is_quick(h->guard, value, now);
}

/* A password is hashed for whoever was not right within five minutes, and for nobody else. */
static void who_is_quick(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct auth_guest guest;
    help_auth_add(&h, "eva", AUTH_ROLE_VIEWER);
    assert_false(quick(&h, "Basic", "eva:" HELP_PASSWORD, HELP_NOW));
    assert_int_equal(header(&h, "Basic", "eva", HELP_PASSWORD, HELP_NOW, &guest), ERR_NONE);
    assert_true(quick(&h, "Basic", "eva:" HELP_PASSWORD, HELP_NOW + TIME_MIN));
    assert_false(quick(&h, "Basic", "eva:" HELP_PASSWORD, HELP_NOW + 6 * TIME_MIN));
    assert_false(quick(&h, "Basic", "eva:another password", HELP_NOW + TIME_MIN));
    assert_true(quick(&h, "ApiKey", "eva:" HELP_PASSWORD, HELP_NOW));
    assert_true(quick(&h, "Bearer", "eva:" HELP_PASSWORD, HELP_NOW));
    assert_true(quick(&h, "Basic", "no colon", HELP_NOW)); /* refused at once */
    help_auth_close(&h);
}

static void guessing_waits(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct auth_guest guest;
    char token[AUTH_GUARD_TOKEN_SIZE];
    help_auth_add(&h, "eva", AUTH_ROLE_VIEWER);
    for (int i = 0; i < 5; i++)
        assert_int_equal(login(&h, "eva", "wrong horse!", HELP_NOW, token, &guest), ERR_DENIED);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW, token, &guest), ERR_LIMIT);
    assert_int_equal(header(&h, "Basic", "eva", HELP_PASSWORD, HELP_NOW, &guest), ERR_LIMIT);
    assert_int_equal(login(&h, "eva", HELP_PASSWORD, HELP_NOW + 2 * TIME_S, token, &guest),
                     ERR_NONE);
    help_auth_close(&h);
}

static void basic(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    struct auth_guest guest;
    ts_ns wait = 0;
    struct ip peer = help_auth_peer(1);
    const struct auth_account_change change = {.password = "battery staple"};
    help_auth_add(&h, "eva", AUTH_ROLE_ADMIN);
    assert_int_equal(header(&h, "Basic", "eva", HELP_PASSWORD, HELP_NOW, &guest), ERR_NONE);
    assert_int_equal(guest.means, AUTH_GUARD_BASIC);
    /* What is remembered does not outlive the password. */
    assert_int_equal(header(&h, "basic", "eva", HELP_PASSWORD, HELP_NOW, &guest), ERR_NONE);
    assert_int_equal(auth_account_set(h.state, "eva", &change, HELP_NOW, &why), ERR_NONE);
    assert_int_equal(header(&h, "Basic", "eva", HELP_PASSWORD, HELP_NOW, &guest), ERR_DENIED);
    static const char *const bad[] = {"",           "Basic",          "Basic !!!!", "Bearer YTpi",
                                      "Basic YWJj", "Basic YTpiAGM=", "ApiKey "};
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(auth_guard_header(h.guard, bad[i], &peer, HELP_NOW, &guest, &wait, &why),
                         ERR_INVALID);
    char *longest = malloc(100000);
    memset(longest, 'A', 99999);
    longest[99999] = '\0';
    memcpy(longest, "Basic ", 6);
    assert_int_equal(auth_guard_header(h.guard, longest, &peer, HELP_NOW, &guest, &wait, &why),
                     ERR_INVALID);
    free(longest);
    help_auth_close(&h);
}

static void keys(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    struct auth_guest guest;
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE];
    const struct auth_account_new_key key = {
        .name = "beats", .role = AUTH_ROLE_SHIPPER, .owner = "eva", .expires = HELP_NOW + TIME_DAY};
    assert_int_equal(auth_account_key_add(h.state, &key, HELP_NOW, id, secret, &why), ERR_NONE);
    assert_int_equal(header(&h, "ApiKey", id, secret, HELP_NOW, &guest), ERR_NONE);
    assert_int_equal(guest.role, AUTH_ROLE_SHIPPER);
    assert_string_equal(guest.id, id);
    assert_string_equal(guest.name, "beats");
    assert_int_equal(header(&h, "ApiKey", id, id, HELP_NOW, &guest), ERR_DENIED);
    assert_int_equal(header(&h, "ApiKey", secret, secret, HELP_NOW, &guest), ERR_DENIED);
    assert_int_equal(header(&h, "ApiKey", id, secret, HELP_NOW + TIME_DAY, &guest), ERR_DENIED);
    assert_int_equal(auth_account_key_invalidate(h.state, id, &why), ERR_NONE);
    assert_int_equal(header(&h, "ApiKey", id, secret, HELP_NOW, &guest), ERR_DENIED);
    help_auth_close(&h);
}

/* A key's name may be longer than what is shown of it, which stays UTF-8. */
static void long_names(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    struct auth_guest guest;
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE], name[201] = "x";
    for (size_t i = 1; i + 2 < sizeof(name); i += 2)
        memcpy(name + i, "\xc3\xa4", 3);
    const struct auth_account_new_key key = {
        .name = name, .role = AUTH_ROLE_SHIPPER, .owner = "eva", .expires = TIME_NONE};
    assert_int_equal(auth_account_key_add(h.state, &key, HELP_NOW, id, secret, &why), ERR_NONE);
    assert_int_equal(header(&h, "ApiKey", id, secret, HELP_NOW, &guest), ERR_NONE);
    assert_int_equal(strlen(guest.name), 63);
    assert_memory_equal(guest.name, name, 63);
    help_auth_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_start),  cmocka_unit_test(sessions),
        cmocka_unit_test(sessions_end), cmocka_unit_test(change_wins),
        cmocka_unit_test(who_is_quick), cmocka_unit_test(guessing_waits),
        cmocka_unit_test(basic),        cmocka_unit_test(keys),
        cmocka_unit_test(long_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
