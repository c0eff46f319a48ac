/* SPDX-License-Identifier: Apache-2.0 */
#include "app/help.h"

#include "enrich/enrich.h"
#include "feed/enricher.h"

static const char *direction(struct enrich *enrich, const char *from, const char *to,
                             struct arena *arena)
{
    struct event e;
    struct ip ip;
    event_init(&e, arena, HELP_BASE);
    assert_true(ip_parse(from, strlen(from), &ip));
    event_set_ip(&e, EVENT_F_SOURCE_IP, &ip);
    assert_true(ip_parse(to, strlen(to), &ip));
    event_set_ip(&e, EVENT_F_DESTINATION_IP, &ip);
    enrich_event(enrich, &e);
    return event_str(&e, EVENT_F_NETWORK_DIRECTION, "");
}

static void test_home(void **state)
{
    (void)state;
    static const char *const home[] = {"203.0.113.0/24", "2001:db8::/32"};
    struct enrich *enrich = NULL;
    struct arena arena;
    arena_init(&arena, 0);
    HELP_OK(feed_enricher_new(home, 2, NULL, 0, &enrich, &help_why));
    assert_string_equal(direction(enrich, "203.0.113.9", "8.8.8.8", &arena), "outbound");
    assert_string_equal(direction(enrich, "8.8.8.8", "2001:db8::1", &arena), "inbound");
    enrich_free(enrich);
    /* None named: the private ranges. */
    HELP_OK(feed_enricher_new(NULL, 0, NULL, 0, &enrich, &help_why));
    assert_string_equal(direction(enrich, "10.1.2.3", "8.8.8.8", &arena), "outbound");
    enrich_free(enrich);
    arena_release(&arena);
}

static void test_wrong(void **state)
{
    (void)state;
    static const char *const wrong[] = {"10.0.0.0/33", "home", "", "10.0.0/8", "::1/129"};
    static const char *const none[] = {"/nonexistent/geo.mmdb"};
    struct enrich *enrich = NULL;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        const char *const home[] = {"10.0.0.0/8", wrong[i]};
        assert_int_equal(feed_enricher_new(home, 2, NULL, 0, &enrich, &help_why), ERR_INVALID);
        assert_non_null(strstr(help_why.message, "CIDR"));
    }
    assert_int_not_equal(feed_enricher_new(NULL, 0, none, 1, &enrich, &help_why), ERR_NONE);
    assert_null(enrich);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_home),
        cmocka_unit_test(test_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
