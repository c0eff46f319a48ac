/* SPDX-License-Identifier: Apache-2.0 */
/* Users and API keys, asked for as commands do. */
#include "app/request/asked.h"
#include "auth/guard.h"
#include "auth/secret.h"
#include "store/state.h"

#include <pthread.h>
#include <time.h>

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

static void *read_state(void *arg)
{
    struct world *w = arg;
    bool on;
    HELP_OK(store_state_upgrade_get(w->data->state, &on));
    return NULL;
}

/* Whether another thread may use the state while something is written to the client. */
static bool look_meanwhile(void *ctx, int stream, const char *p, size_t n)
{
    struct world *w = ctx;
    struct timespec until;
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, read_state, w), 0);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 5;
    if (pthread_timedjoin_np(thread, NULL, &until) != 0) {
        pthread_detach(thread);
        w->locked = true;
    }
    buf_add(&w->streams[stream - 1], p, n);
    return true;
}

/* A client that does not read holds nobody up. */
static void test_slow_client(void **state)
{
    (void)state;
    static const char *const asked[] = {USER("list", ""), KEY("list", "")};
    struct world w;
    begin(&w);
    DONE(USER("add", ANN PASSWORD ", \"role\": \"admin\""));
    DONE(KEY("add", ANN ", \"role\": \"viewer\""));
    for (size_t i = 0; i < 2; i++) {
        const struct request_output out = {.write = look_meanwhile, .ctx = &w};
        struct format_node *request;
        buf_clear(&w.streams[0]);
        HELP_OK(format_node_json(asked[i], strlen(asked[i]), "request", &request, &help_why));
        assert_int_equal(request_request(w.data, request, &out), 0);
        format_node_free(request);
        assert_int_equal(lines(&w), 2);
        assert_false(w.locked);
    }
    end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_keys),
        cmocka_unit_test(test_slow_client),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
