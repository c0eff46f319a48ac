/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/enrich.h"

#include "cmocka_head.h"
#include "event/event.h"

#include <string.h>

#define DATA WEIR_SOURCE_DIR "/tests/sense/enrich/data/"

static struct enrich *make(void)
{
    static const char *const files[] = {DATA "city.mmdb", DATA "asn.mmdb"};
    struct enrich_config c = {.geoip = files, .n_geoip = 2};
    struct enrich *x;
    assert_int_equal(enrich_new(&c, &x, NULL), ERR_NONE);
    return x;
}

static void set_ip(struct event *e, event_field f, const char *text)
{
    struct ip a;
    assert_true(ip_parse(text, strlen(text), &a));
    event_set_ip(e, f, &a);
}

static void is(const struct event *e, event_field f, const char *want)
{
    const char *have = event_str(e, f, NULL);
    if (want == NULL)
        assert_null(have);
    else if (have == NULL || strcmp(have, want) != 0)
        fail_msg("%s: %s, not %s", event_field_def(f)->name, have != NULL ? have : "missing", want);
}

static void fills_a_flow(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    struct enrich *x = make();
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    set_ip(&e, EVENT_F_SOURCE_IP, "192.168.1.52");
    set_ip(&e, EVENT_F_DESTINATION_IP, "81.2.69.160");
    event_set_i64(&e, EVENT_F_SOURCE_PORT, 54585);
    event_set_i64(&e, EVENT_F_DESTINATION_PORT, 53);
    event_set_text(&e, EVENT_F_NETWORK_TRANSPORT, "udp");
    enrich_event(x, &e);
    is(&e, EVENT_F_NETWORK_COMMUNITY_ID, "1:F3QGdWcGBKxp9Cnoo4ZTgMq6fWU=");
    is(&e, EVENT_F_NETWORK_DIRECTION, "outbound");
    is(&e, EVENT_F_DESTINATION_GEO_COUNTRY_ISO_CODE, "GB");
    is(&e, EVENT_F_DESTINATION_GEO_COUNTRY_NAME, "United Kingdom");
    is(&e, EVENT_F_DESTINATION_GEO_CONTINENT_NAME, "Europe");
    is(&e, EVENT_F_DESTINATION_GEO_REGION_ISO_CODE, "GB-ENG");
    is(&e, EVENT_F_DESTINATION_GEO_REGION_NAME, "England");
    is(&e, EVENT_F_DESTINATION_GEO_CITY_NAME, "Weirford");
    is(&e, EVENT_F_DESTINATION_GEO_LOCATION, "51.5000,-0.1250");
    is(&e, EVENT_F_DESTINATION_AS_ORGANIZATION_NAME, "Sluice Networks");
    assert_int_equal(event_i64(&e, EVENT_F_DESTINATION_AS_NUMBER, 0), 64500);
    is(&e, EVENT_F_SOURCE_GEO_COUNTRY_ISO_CODE, NULL);
    assert_int_equal(event_get(&e, EVENT_F_RELATED_IP)->n, 2);
    uint32_t n = e.n;
    enrich_event(x, &e); /* once more changes nothing */
    assert_int_equal(e.n, n);
    assert_int_equal(event_get(&e, EVENT_F_RELATED_IP)->n, 2);
    assert_false(e.failed);
    assert_int_equal(enrich_counts(x).events, 2);
    enrich_free(x);
    arena_release(&a);
}

static void keeps_what_is_there(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    struct enrich *x = make();
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    set_ip(&e, EVENT_F_SOURCE_IP, "81.2.69.160");
    set_ip(&e, EVENT_F_DESTINATION_IP, "89.160.20.1");
    event_set_text(&e, EVENT_F_NETWORK_COMMUNITY_ID, "1:own");
    event_set_text(&e, EVENT_F_SOURCE_GEO_COUNTRY_NAME, "Elsewhere");
    event_set_bool(&e, EVENT_F_ZEEK_CONNECTION_LOCAL_ORIG, true);
    event_set_bool(&e, EVENT_F_ZEEK_CONNECTION_LOCAL_RESP, false);
    enrich_event(x, &e);
    is(&e, EVENT_F_NETWORK_COMMUNITY_ID, "1:own");
    is(&e, EVENT_F_NETWORK_DIRECTION, "outbound"); /* the log's flags outrank the addresses */
    is(&e, EVENT_F_SOURCE_GEO_COUNTRY_NAME, "Elsewhere");
    is(&e, EVENT_F_SOURCE_GEO_COUNTRY_ISO_CODE, NULL);
    is(&e, EVENT_F_SOURCE_AS_ORGANIZATION_NAME, "Sluice Networks");
    is(&e, EVENT_F_DESTINATION_GEO_COUNTRY_NAME, "Sweden");
    event_init(&e, &a, 0);
    set_ip(&e, EVENT_F_SOURCE_IP, "81.2.69.160");
    set_ip(&e, EVENT_F_DESTINATION_IP, "10.0.0.1");
    event_set_text(&e, EVENT_F_NETWORK_DIRECTION, "egress");
    enrich_event(x, &e);
    is(&e, EVENT_F_NETWORK_DIRECTION, "egress");
    enrich_free(x);
    arena_release(&a);
}

static void takes_names_apart(void **state)
{
    (void)state;
    struct arena a;
    struct event e;
    struct enrich *x = make();
    arena_init(&a, 0);
    event_init(&e, &a, 0);
    event_set_text(&e, EVENT_F_DNS_QUESTION_NAME, "t1.Tunnel.example.com.br");
    event_set_text(&e, EVENT_F_URL_DOMAIN, "10.1.2.3");
    event_set_text(&e, EVENT_F_TLS_CLIENT_SERVER_NAME, "www.example.org");
    enrich_event(x, &e);
    is(&e, EVENT_F_DNS_QUESTION_REGISTERED_DOMAIN, "example.com.br");
    is(&e, EVENT_F_DNS_QUESTION_ETLD_PLUS_ONE, "example.com.br");
    is(&e, EVENT_F_DNS_QUESTION_TOP_LEVEL_DOMAIN, "com.br");
    is(&e, EVENT_F_DNS_QUESTION_SUBDOMAIN, "t1.tunnel");
    is(&e, EVENT_F_URL_REGISTERED_DOMAIN, NULL);
    is(&e, EVENT_F_SERVER_DOMAIN, "www.example.org");
    is(&e, EVENT_F_SERVER_REGISTERED_DOMAIN, "example.org");
    is(&e, EVENT_F_DESTINATION_TOP_LEVEL_DOMAIN, "org");
    is(&e, EVENT_F_NETWORK_DIRECTION, NULL);
    assert_int_equal(event_get(&e, EVENT_F_RELATED_HOSTS)->n, 3);
    enrich_free(x);
    arena_release(&a);
}

/* Both halves of a ping, and a flow that says so in its ports, have one id. */
static void icmp_has_one_id(void **state)
{
    (void)state;
    static const char want[] = "1:X0snYXpgwiv9TZtqg64sgzUn6Dk=";
    struct arena a;
    struct event e;
    struct enrich *x = make();
    arena_init(&a, 0);
    for (int form = 0; form < 3; form++) {
        event_init(&e, &a, 0);
        set_ip(&e, EVENT_F_SOURCE_IP, "192.168.0.89");
        set_ip(&e, EVENT_F_DESTINATION_IP, "192.168.0.1");
        event_set_text(&e, EVENT_F_NETWORK_TRANSPORT, "icmp");
        if (form == 0)
            event_set_i64(&e, EVENT_F_ICMP_REQUEST_TYPE, 8);
        if (form == 1)
            event_set_i64(&e, EVENT_F_ICMP_RESPONSE_TYPE, 0);
        if (form == 2) {
            event_set_i64(&e, EVENT_F_SOURCE_PORT, 8);
            event_set_i64(&e, EVENT_F_DESTINATION_PORT, 0);
        }
        enrich_event(x, &e);
        is(&e, EVENT_F_NETWORK_COMMUNITY_ID, want);
    }
    enrich_free(x);
    arena_release(&a);
}

/* Source, destination and a word on direction; which end is home, and what left it. */
static void bytes_that_leave_home(void **state)
{
    (void)state;
    static const struct {
        const char *source, *destination, *direction;
        bool set;
        const char *home;
        int64_t out;
        bool peer_began;
    } rows[] = {
        {"10.0.0.1", "8.8.8.8", NULL, true, "10.0.0.1", 100, false},
        {"8.8.8.8", "10.0.0.1", NULL, true, "10.0.0.1", 200, true},
        {"10.0.0.1", "10.0.0.2", NULL, false, NULL, 0, false},
        {"8.8.8.8", "9.9.9.9", NULL, false, NULL, 0, false},
        {"8.8.8.8", "9.9.9.9", "outbound", true, "8.8.8.8", 100, false},
        {"10.0.0.1", "8.8.8.8", "internal", false, NULL, 0, false},
    };
    struct enrich *x = make();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct arena a;
        struct event e;
        arena_init(&a, 0);
        event_init(&e, &a, 0);
        set_ip(&e, EVENT_F_SOURCE_IP, rows[i].source);
        set_ip(&e, EVENT_F_DESTINATION_IP, rows[i].destination);
        event_set_i64(&e, EVENT_F_SOURCE_BYTES, 100);
        event_set_i64(&e, EVENT_F_DESTINATION_BYTES, 200);
        event_set_i64(&e, EVENT_F_WEIR_HOME_BYTES_OUT, 7); /* what comes along does not stand */
        if (rows[i].direction != NULL)
            event_set_text(&e, EVENT_F_NETWORK_DIRECTION, rows[i].direction);
        enrich_event(x, &e);
        assert_int_equal(event_get(&e, EVENT_F_WEIR_HOME_BYTES_OUT) != NULL, rows[i].set);
        if (rows[i].set) {
            struct ip home;
            assert_true(ip_parse(rows[i].home, strlen(rows[i].home), &home));
            assert_true(ip_equal(event_ip(&e, EVENT_F_WEIR_HOME_IP), &home));
            assert_int_equal(event_i64(&e, EVENT_F_WEIR_HOME_BYTES_OUT, -1), rows[i].out);
            const struct event_item *began = event_get(&e, EVENT_F_WEIR_PEER_BEGAN);
            assert_int_equal(event_values(began)->b, rows[i].peer_began);
        }
        arena_release(&a);
    }
    enrich_free(x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_a_flow),          cmocka_unit_test(keeps_what_is_there),
        cmocka_unit_test(takes_names_apart),     cmocka_unit_test(icmp_has_one_id),
        cmocka_unit_test(bytes_that_leave_home),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
