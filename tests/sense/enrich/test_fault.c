/* SPDX-License-Identifier: Apache-2.0 */
/* Memory that is short at any moment of the start: a clean refusal, nothing half made. */
#include "enrich/enrich.h"

#include "event/event.h"
#include "fault_memory.h"

#include "cmocka_head.h"

#include <string.h>

#define DATA WEIR_SOURCE_DIR "/tests/sense/enrich/data/"

static void starting(void **state)
{
    (void)state;
    static const char *const files[] = {DATA "city.mmdb", DATA "asn.mmdb"};
    struct ip_net home;
    assert_true(ip_parse_net("10.0.0.0/8", 10, &home));
    struct enrich_config c = {.home = &home, .n_home = 1, .geoip = files, .n_geoip = 2};
    bool hit = true;
    uint64_t n = 1;
    for (; hit; n++) {
        struct enrich *x = NULL;
        struct err_text why = {.message = ""};
        fault_arm(n);
        enum err code = enrich_new(&c, &x, &why);
        hit = fault_disarm();
        assert_int_equal(code, hit ? ERR_MEMORY : ERR_NONE);
        if (hit) {
            assert_null(x);
            assert_string_not_equal(why.message, "");
        }
        enrich_free(x);
    }
    assert_in_range(n, 5, 100);
}

/* An event that lost a field says so, and the next one is whole again. */
static void enriching(void **state)
{
    (void)state;
    struct enrich_config c = {.loc_file = ""};
    struct enrich *x;
    struct ip ip = ip_from_v4((const uint8_t[4]){10, 0, 0, 1});
    assert_int_equal(enrich_new(&c, &x, NULL), ERR_NONE);
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct arena a;
        struct event e;
        arena_init(&a, 256);
        event_init(&e, &a, 0);
        event_set_ip(&e, EVENT_F_SOURCE_IP, &ip);
        event_set_ip(&e, EVENT_F_DESTINATION_IP, &ip);
        event_set_text(&e, EVENT_F_DNS_QUESTION_NAME, "a.long.enough.name.example.co.uk");
        fault_arm(n);
        enrich_event(x, &e);
        hit = fault_disarm();
        if (!hit) {
            assert_false(e.failed);
            assert_string_equal(event_str(&e, EVENT_F_NETWORK_DIRECTION, ""), "internal");
        } else {
            assert_true(e.failed);
        }
        arena_release(&a);
    }
    enrich_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(starting),
        cmocka_unit_test(enriching),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
