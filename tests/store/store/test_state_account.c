/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "store/state_account.h"

#include "base/arena.h"

static const uint8_t hash_a[STORE_ACCOUNT_HASH] = {1};
static const uint8_t hash_b[STORE_ACCOUNT_HASH] = {2};

static struct store_state *open_state(const char *dir)
{
    struct err_text why;
    struct store_state *st;
    assert_int_equal(store_state_open(dir, &st, &why), ERR_NONE);
    return st;
}

static bool user_line(void *ctx, const struct store_user *u)
{
    buf_format(ctx, "%s %s %s %d %lld;", u->name, u->hash, u->role, u->enabled,
               (long long)u->created);
    return true;
}

static bool key_line(void *ctx, const struct store_key *k)
{
    buf_format(ctx, "%s %s %d %s %s %d;", k->id, k->name, k->hash[0], k->role, k->owner,
               k->invalidated);
    return true;
}

static void test_users(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct store_user u = {.name = "eva",
                           .hash = "h",
                           .role = "viewer",
                           .enabled = true,
                           .created = 5,
                           .last_login = TIME_NONE};
    struct store_user got;
    struct buf b;
    buf_init(&b);
    arena_init(&arena, 0);
    assert_int_equal(store_state_account_put(st, &u), ERR_NONE);
    u.name = "adam";
    u.enabled = false;
    assert_int_equal(store_state_account_put(st, &u), ERR_NONE);
    assert_int_equal(store_state_account_list(st, user_line, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "adam h viewer 0 5;eva h viewer 1 5;");
    assert_int_equal(store_state_account_get(st, "nobody", &arena, &got), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_get(st, "eva", &arena, &got), ERR_NONE);
    assert_true(got.last_login == TIME_NONE);
    assert_int_equal(store_state_account_set_login(st, "eva", 9), ERR_NONE);
    assert_int_equal(store_state_account_set_login(st, "nobody", 9), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_get(st, "eva", &arena, &got), ERR_NONE);
    assert_true(got.last_login == 9);
    assert_string_equal(got.name, "eva");
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

/* A session ends by itself, with its user's others, with its user, or by age. */
static void test_sessions(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct store_session got, s = {.user = "eva", .csrf = "c", .created = 10, .used = 10};
    const struct store_user u = {.name = "eva", .hash = "h", .role = "viewer"};
    arena_init(&arena, 0);
    assert_int_equal(store_state_account_put(st, &u), ERR_NONE);
    memcpy(s.hash, hash_a, sizeof(s.hash));
    assert_int_equal(store_state_account_session_put(st, &s), ERR_NONE);
    memcpy(s.hash, hash_b, sizeof(s.hash));
    s.created = s.used = 20;
    assert_int_equal(store_state_account_session_put(st, &s), ERR_NONE);
    assert_int_equal(store_state_account_session_get(st, hash_a, &arena, &got), ERR_NONE);
    assert_string_equal(got.csrf, "c");
    assert_string_equal(got.user, "eva");
    assert_int_equal(store_state_account_session_use(st, hash_a, 15), ERR_NONE);
    assert_int_equal(store_state_account_session_get(st, hash_a, &arena, &got), ERR_NONE);
    assert_true(got.used == 15 && got.created == 10);
    assert_int_equal(store_state_account_session_expire(st, 0, 15), ERR_NONE);
    assert_int_equal(store_state_account_session_get(st, hash_a, &arena, &got), ERR_NONE);
    assert_int_equal(store_state_account_session_expire(st, 11, 0), ERR_NONE);
    assert_int_equal(store_state_account_session_get(st, hash_a, &arena, &got), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_session_get(st, hash_b, &arena, &got), ERR_NONE);
    assert_int_equal(store_state_account_delete(st, "eva"), ERR_NONE);
    assert_int_equal(store_state_account_delete(st, "eva"), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_session_get(st, hash_b, &arena, &got), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_session_use(st, hash_b, 1), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_session_put(st, &s), ERR_NONE);
    assert_int_equal(store_state_account_session_delete(st, hash_b), ERR_NONE);
    assert_int_equal(store_state_account_session_put(st, &s), ERR_NONE);
    assert_int_equal(store_state_account_session_end(st, "eva"), ERR_NONE);
    assert_int_equal(store_state_account_session_get(st, hash_b, &arena, &got), ERR_NOT_FOUND);
    arena_release(&arena);
    store_state_close(st);
    help_rmdir(dir);
}

static void test_keys(void **state)
{
    (void)state;
    char *dir = help_mkdir();
    struct store_state *st = open_state(dir);
    struct arena arena;
    struct buf b;
    struct store_key got, k = {.id = "1",
                               .name = "beats",
                               .role = "shipper",
                               .owner = "eva",
                               .created = 3,
                               .expires = TIME_NONE};
    buf_init(&b);
    arena_init(&arena, 0);
    memcpy(k.hash, hash_b, sizeof(k.hash));
    assert_int_equal(store_state_account_key_put(st, &k), ERR_NONE);
    assert_int_equal(store_state_account_key_get(st, "1", &arena, &got), ERR_NONE);
    assert_memory_equal(got.hash, hash_b, sizeof(hash_b));
    assert_true(got.expires == TIME_NONE);
    assert_int_equal(store_state_account_key_get(st, "2", &arena, &got), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_key_invalidate(st, "2"), ERR_NOT_FOUND);
    assert_int_equal(store_state_account_key_invalidate(st, "1"), ERR_NONE);
    assert_int_equal(store_state_account_key_list(st, key_line, &b), ERR_NONE);
    assert_string_equal(buf_text(&b), "1 beats 2 shipper eva 1;");
    arena_release(&arena);
    buf_release(&b);
    store_state_close(st);
    help_rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_sessions),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
