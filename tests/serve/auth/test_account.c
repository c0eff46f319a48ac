/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/auth/auth_help.h"

#include "auth/account.h"

#include "base/buf.h"

static bool user_line(void *ctx, const struct auth_account_user *u)
{
    buf_format(ctx, "%s %s %d;", u->name, auth_role_name(u->role), u->enabled);
    return true;
}

static bool key_line(void *ctx, const struct auth_account_key *k)
{
    buf_format(ctx, "%s %s %s %d;", k->name, auth_role_name(k->role), k->owner, k->invalidated);
    return true;
}

static void check_users(struct help_auth *h, const char *expected)
{
    struct buf b;
    buf_init(&b);
    assert_int_equal(auth_account_list(h->state, user_line, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), expected);
    buf_release(&b);
}

static void users(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    enum auth_role role = AUTH_ROLE_ANALYST;
    const struct auth_account_change change = {.role = &role};
    help_auth_add(&h, "eva", AUTH_ROLE_ADMIN);
    help_auth_add(&h, "adam", AUTH_ROLE_VIEWER);
    check_users(&h, "adam viewer 1;eva admin 1;");
    assert_int_equal(auth_account_add(h.state, "eva", HELP_PASSWORD, role, HELP_NOW, &why),
                     ERR_EXISTS);
    assert_int_equal(auth_account_set(h.state, "adam", &change, HELP_NOW, &why), ERR_NONE);
    check_users(&h, "adam analyst 1;eva admin 1;");
    assert_int_equal(auth_account_set(h.state, "abel", &change, HELP_NOW, &why), ERR_NOT_FOUND);
    assert_int_equal(auth_account_remove(h.state, "abel", &why), ERR_NOT_FOUND);
    assert_int_equal(auth_account_remove(h.state, "adam", &why), ERR_NONE);
    check_users(&h, "eva admin 1;");
    help_auth_close(&h);
}

static void refused(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    static const char *const names[] = {
        "",    "with blank", "a/b",
        "a:b", "ä",          "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggggg"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_int_equal(
            auth_account_add(h.state, names[i], HELP_PASSWORD, AUTH_ROLE_VIEWER, HELP_NOW, &why),
            ERR_INVALID);
    assert_int_equal(auth_account_add(h.state, "eva", "short", AUTH_ROLE_VIEWER, HELP_NOW, &why),
                     ERR_INVALID);
    assert_int_equal(
        auth_account_add(h.state, "eva", HELP_PASSWORD, AUTH_ROLE_SHIPPER, HELP_NOW, &why),
        ERR_INVALID);
    check_users(&h, "");
    help_auth_close(&h);
}

/* Nobody can lock everybody out. */
static void last_admin_stays(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    enum auth_role role = AUTH_ROLE_VIEWER;
    bool off = false;
    const struct auth_account_change demote = {.role = &role}, disable = {.enabled = &off};
    help_auth_add(&h, "eva", AUTH_ROLE_ADMIN);
    help_auth_add(&h, "adam", AUTH_ROLE_ADMIN);
    assert_int_equal(auth_account_set(h.state, "adam", &disable, HELP_NOW, &why), ERR_NONE);
    assert_int_equal(auth_account_set(h.state, "eva", &disable, HELP_NOW, &why), ERR_INVALID);
    assert_int_equal(auth_account_set(h.state, "eva", &demote, HELP_NOW, &why), ERR_INVALID);
    assert_int_equal(auth_account_remove(h.state, "eva", &why), ERR_INVALID);
    assert_int_equal(auth_account_remove(h.state, "adam", &why), ERR_NONE);
    check_users(&h, "eva admin 1;");
    help_auth_close(&h);
}

static void keys(void **state)
{
    (void)state;
    struct help_auth h = help_auth_open();
    struct err_text why;
    struct buf b;
    char id[AUTH_GUARD_TOKEN_SIZE], secret[AUTH_GUARD_TOKEN_SIZE];
    struct auth_account_new_key key = {
        .name = "beats", .role = AUTH_ROLE_SHIPPER, .owner = "eva", .expires = TIME_NONE};
    buf_init(&b);
    assert_int_equal(auth_account_key_add(h.state, &key, HELP_NOW, id, secret, &why), ERR_NONE);
    assert_int_equal(strlen(id), 20);
    assert_int_equal(strlen(secret), 43);
    assert_int_equal(auth_account_key_invalidate(h.state, "none", &why), ERR_NOT_FOUND);
    assert_int_equal(auth_account_key_invalidate(h.state, id, &why), ERR_NONE);
    assert_int_equal(auth_account_key_list(h.state, key_line, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "beats shipper eva 1;");
    key.expires = HELP_NOW;
    assert_int_equal(auth_account_key_add(h.state, &key, HELP_NOW, id, secret, &why), ERR_INVALID);
    key.name = "";
    assert_int_equal(auth_account_key_add(h.state, &key, 0, id, secret, &why), ERR_INVALID);
    buf_release(&b);
    help_auth_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(users),
        cmocka_unit_test(refused),
        cmocka_unit_test(last_admin_stays),
        cmocka_unit_test(keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
