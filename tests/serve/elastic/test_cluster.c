/* SPDX-License-Identifier: Apache-2.0 */
#include "store/store/store_help.h"

#include "elastic/rows.h"

#include "serve/api/fake_http.h"

static const struct api_row *const tables[] = {elastic_cluster_rows};

static void check(struct fake_world *w, const char *path, enum auth_role role, const char *expected)
{
    struct http_answer a;
    const char *text = fake_get(w, &a, path, role, 200);
    if (strstr(text, expected) == NULL)
        fail_msg("%s: '%s' is not in %s", path, expected, text);
    assert_string_equal(fake_header(&a, "X-Elastic-Product"), "Elasticsearch");
    buf_release(&a.body);
}

/* What clients look at before they go on. */
static void greetings(void **state)
{
    (void)state;
    struct fake_world w;
    fake_open_store(&w, tables, 1);
    check(&w, "/", AUTH_ROLE_SHIPPER, "\"number\":\"8.19.0\"");
    check(&w, "/", AUTH_ROLE_SHIPPER, "\"tagline\":\"You Know, for Search\"");
    check(&w, "/_license", AUTH_ROLE_SHIPPER, "\"status\":\"active\"");
    check(&w, "/_xpack", AUTH_ROLE_SHIPPER, "\"ml\":{\"available\":true,\"enabled\":true}");
    check(&w, "/_nodes", AUTH_ROLE_SHIPPER, "\"version\":\"8.19.0\"");
    check(&w, "/_cluster/health", AUTH_ROLE_SHIPPER, "\"status\":\"green\"");
    w.ill = true;
    check(&w, "/_cluster/health", AUTH_ROLE_SHIPPER, "\"status\":\"red\"");
    check(&w, "/_security/_authenticate", AUTH_ROLE_VIEWER, "\"authentication_type\":\"api_key\"");
    check(&w, "/_cat/indices", AUTH_ROLE_VIEWER, "");
    fake_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(greetings)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
