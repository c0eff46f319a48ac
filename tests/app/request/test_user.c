/* SPDX-License-Identifier: Apache-2.0 */
/* Users and API keys, asked for as commands do. */
#include "app/request/asked.h"
#include "auth/guard.h"
#include "auth/secret.h"

#define USER(verb, rest) "{\"command\": \"user\", \"verb\": \"" verb "\"" rest "}"
#define KEY(verb, rest) "{\"command\": \"key\", \"verb\": \"" verb "\"" rest "}"
#define ANN ", \"id\": \"ann\""
#define PASSWORD ", \"password\": \"correct horse\""

/* Whether name and password let somebody in. */
static bool lets_in(struct world *w, const char *name, const char *password)
{
    struct auth_guard *guard;
    struct auth_guest guest;
    struct ip peer = {0};
    char token[AUTH_GUARD_TOKEN_SIZE];
    ts_ns wait;
    HELP_OK(auth_guard_new(w->data->state, &guard, &help_why));
    enum err err =
        auth_guard_login(guard, name, password, &peer, now(), token, &guest, &wait, &help_why);
    auth_guard_free(guard);
    assert_true(err == ERR_NONE || err == ERR_DENIED);
    return err == ERR_NONE;
}

static void test_users(void **state)
{
    (void)state;
    struct world w;
    char made[100];
    begin(&w);
    DONE(USER("list", ""));
    assert_int_equal(lines(&w), 1);
    WRONG(USER("add", ANN PASSWORD), "a role is needed");
    WRONG(USER("add", ANN PASSWORD ", \"role\": \"king\""), "a role is needed");
    WRONG(USER("add", ANN PASSWORD ", \"role\": \"shipper\""), "shipper");
    WRONG(USER("add", ANN ", \"role\": \"admin\", \"password\": \"short\""), "12 to 1024 bytes");
    DONE(USER("add", ANN PASSWORD ", \"role\": \"admin\""));
    assert_string_equal(said(&w), "");
    WRONG(USER("add", ANN PASSWORD ", \"role\": \"admin\""), "already");
    assert_true(lets_in(&w, "ann", "correct horse"));
    assert_false(lets_in(&w, "ann", "correct house"));
    /* Without a password one is made, and told. */
    DONE(USER("add", ", \"id\": \"bob\", \"role\": \"viewer\""));
    assert_int_equal(lines(&w), 1);
    snprintf(made, sizeof(made), "%s", said(&w));
    made[strcspn(made, "\n")] = '\0';
    assert_int_equal(strlen(made), 23);
    assert_true(lets_in(&w, "bob", made));
    DONE(USER("list", ""));
    assert_int_equal(lines(&w), 3);
    assert_non_null(strstr(said(&w), "\nbob                      viewer   enabled  "));
    DONE(USER("password", ANN ", \"password\": \"another horse\""));
    assert_false(lets_in(&w, "ann", "correct horse"));
    assert_true(lets_in(&w, "ann", "another horse"));
    DONE(USER("password", ANN));
    assert_false(lets_in(&w, "ann", "another horse"));
    WRONG(USER("password", ", \"id\": \"eve\""), "no user 'eve'");
    DONE(USER("disable", ", \"id\": \"bob\""));
    assert_false(lets_in(&w, "bob", made));
    DONE(USER("enable", ", \"id\": \"bob\""));
    assert_true(lets_in(&w, "bob", made));
    WRONG(USER("role", ANN ", \"role\": \"viewer\""), "only admin");
    WRONG(USER("remove", ANN), "only admin");
    WRONG(USER("disable", ANN), "only admin");
    DONE(USER("role", ", \"id\": \"bob\", \"role\": \"admin\""));
    DONE(USER("remove", ANN));
    WRONG(USER("remove", ANN), "no user 'ann'");
    WRONG(USER("greet", ""), "'greet'");
    end(&w);
}

static void test_keys(void **state)
{
    (void)state;
    struct world w;
    struct format_node *key;
    begin(&w);
    DONE(KEY("list", ""));
    assert_int_equal(lines(&w), 1);
    WRONG(KEY("add", ", \"id\": \"filebeat\""), "a role is needed");
    WRONG(KEY("add", ", \"id\": \"filebeat\", \"role\": \"shipper\", \"expires\": \"soon\""),
          "'soon'");
    WRONG(KEY("add", ", \"id\": \"filebeat\", \"role\": \"shipper\", \"expires\": \"0s\""), "'0s'");
    WRONG(KEY("add", ", \"role\": \"shipper\""), "1 to 256 bytes");
    DONE(KEY("add", ", \"id\": \"filebeat\", \"role\": \"shipper\", \"expires\": \"30d\""));
    HELP_OK(format_node_json(said(&w), strlen(said(&w)), "key", &key, &help_why));
    const char *id = format_node_str(format_node_get(key, "id"), "");
    assert_string_equal(format_node_str(format_node_get(key, "name"), ""), "filebeat");
    assert_int_equal(strlen(format_node_str(format_node_get(key, "api_key"), "")), 43);
    assert_int_equal(strlen(format_node_str(format_node_get(key, "encoded"), "")), 88);
    DONE(KEY("list", ""));
    assert_int_equal(lines(&w), 2);
    assert_non_null(strstr(said(&w), id));
    assert_non_null(strstr(said(&w), " shipper  valid "));
    assert_null(strstr(said(&w), format_node_str(format_node_get(key, "api_key"), "")));
    char request[200];
    snprintf(request, sizeof(request), KEY("remove", ", \"id\": \"%s\""), id);
    DONE(request);
    DONE(KEY("list", ""));
    assert_non_null(strstr(said(&w), " shipper  removed "));
    WRONG(KEY("remove", ", \"id\": \"none\""), "no API key 'none'");
    WRONG(KEY("turn", ""), "'turn'");
    format_node_free(key);
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
