/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/kibana/kibana_help.h"

#include "kibana/connector_import.h"
#include "rule/load.h"
#include "store/state_notify.h"

#define LINE(id)                                                                                   \
    "{\"id\":\"" id "\",\"type\":\"action\",\"attributes\":{\"actionTypeId\":\".webhook\","        \
    "\"name\":\"n\",\"config\":{}}}"

/* The errors of an import by a guest of that role; two connectors, of which one is there. */
static void import(struct fake_world *w, enum auth_role role, bool overwrite, const char *says,
                   size_t done, const char *errors)
{
    struct auth_guest guest = {.role = role, .means = AUTH_GUARD_KEY, .name = "g"};
    struct kibana_connector_import x;
    struct err_text why;
    struct api_call c = make_call(w);
    struct rule_set *none = rule_set_new();
    c.guest = &guest;
    w->says = says;
    buf_clear(&w->acted);
    kibana_connector_import_init(&x, &c);
    x.overwrite = overwrite;
    assert_int_equal(kibana_connector_import_add(&x, LINE("a"), strlen(LINE("a")), &why), ERR_NONE);
    assert_int_equal(kibana_connector_import_add(&x, LINE("b"), strlen(LINE("b")), &why), ERR_NONE);
    assert_int_equal(kibana_connector_import_end(&x, none, &why), ERR_NONE);
    assert_int_equal(x.done, done);
    assert_string_equal(buf_text(&x.errors), errors);
    kibana_connector_import_release(&x);
    rule_set_free(none);
    arena_release(&c.arena);
}

static void who_may(void **state)
{
    (void)state;
    const struct store_connector there = {.id = "a", .doc = "{}", .secrets = "{}"};
    struct fake_world w;
    open_world(&w);
    assert_int_equal(store_state_connector_put(w.state, &there), ERR_NONE);
    import(&w, AUTH_ROLE_ADMIN, false, NULL, 2, "[]");
    /* One that is there stays as it is: no mistake. */
    import(&w, AUTH_ROLE_ADMIN, false, "{\"at\":0,\"code\":-6,\"message\":\"there\"}\n", 1, "[]");
    import(&w, AUTH_ROLE_ADMIN, true, "{\"at\":1,\"code\":-7,\"message\":\"bad\"}\n", 1,
           "[{\"id\":\"b\",\"error\":{\"status_code\":400,\"message\":\"bad\"}}]");
#define DENIED                                                                                     \
    "\"error\":{\"status_code\":403,\"message\":\"the admin alone makes and changes "              \
    "connectors\"}}"
    import(&w, AUTH_ROLE_ANALYST, false, NULL, 0, "[{\"id\":\"b\"," DENIED "]");
    import(&w, AUTH_ROLE_ANALYST, true, NULL, 0,
           "[{\"id\":\"a\"," DENIED ",{\"id\":\"b\"," DENIED "]");
    assert_int_equal(w.acted.n, 0);
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(who_may)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
