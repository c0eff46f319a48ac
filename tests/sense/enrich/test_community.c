/* SPDX-License-Identifier: Apache-2.0 */
#include "enrich/community.h"

#include "cmocka_head.h"

#include <string.h>

/* Made by community_id.py, which knows the specification and nothing of our code. */
static const struct {
    uint8_t protocol;
    const char *source, *destination;
    uint16_t source_port, destination_port;
    const char *id;
} golden[] = {
    {6, "128.232.110.120", "66.35.250.204", 34855, 80, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {6, "66.35.250.204", "128.232.110.120", 80, 34855, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {17, "192.168.1.52", "8.8.8.8", 54585, 53, "1:d/FP5EW3wiY1vCndhwleRRKHowQ="},
    {132, "192.168.170.8", "192.168.170.56", 7, 80, "1:jQgCxbku+pNGw8WPbEc/TS/uTpQ="},
    {1, "192.168.0.89", "192.168.0.1", 8, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.1", "192.168.0.89", 0, 0, "1:X0snYXpgwiv9TZtqg64sgzUn6Dk="},
    {1, "192.168.0.89", "192.168.0.1", 20, 0, "1:3o2RFccXzUgjl7zDpqmY7yJi8rI="},
    {1, "192.168.0.89", "192.168.0.1", 3, 1, "1:LXCfhMUFbYXe+CEMrQuZCbiLY3o="},
    {1, "192.168.0.1", "192.168.0.89", 3, 1, "1:o3zT92uTgnRWv/YrDVeXcWumpC4="},
    {58, "fe80::200:86ff:fe05:80da", "fe80::260:97ff:fe07:69ea", 135, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "fe80::260:97ff:fe07:69ea", "fe80::200:86ff:fe05:80da", 136, 0,
     "1:dGHyGvjMfljg6Bppwm3bg0LO8TY="},
    {58, "3ffe:507:0:1:260:97ff:fe07:69ea", "3ffe:507:0:1:200:86ff:fe05:80da", 3, 0,
     "1:NdobDX8PQNJbAyfkWxhtL2Pqp5w="},
    {6, "2001:db8::1", "2001:db8::2", 1000, 443, "1:q7rP3/mmBcQR2sWKjCG9IQ4gJVI="},
    {17, "10.0.0.1", "10.0.0.1", 5353, 53, "1:sCyZhtPm4SZ/tmuWENUtwFFzmZM="},
    {47, "10.0.0.1", "10.0.0.2", 0, 0, "1:+KlEHDT0vJgzs/eNmzHq0aSpRYw="},
};

static void agrees_with_the_specification(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof *golden; i++) {
        struct enrich_community c = {.protocol = golden[i].protocol,
                                     .source_port = golden[i].source_port,
                                     .destination_port = golden[i].destination_port};
        char id[ENRICH_COMMUNITY_SIZE];
        assert_true(ip_parse(golden[i].source, strlen(golden[i].source), &c.source));
        assert_true(ip_parse(golden[i].destination, strlen(golden[i].destination), &c.destination));
        assert_int_equal(enrich_community_id(&c, id), strlen(golden[i].id));
        assert_string_equal(id, golden[i].id);
    }
}

static void versions_do_not_mix(void **state)
{
    (void)state;
    struct enrich_community c = {.protocol = 6};
    char id[ENRICH_COMMUNITY_SIZE];
    assert_true(ip_parse("10.0.0.1", 8, &c.source));
    assert_true(ip_parse("fe80::1", 7, &c.destination));
    assert_int_equal(enrich_community_id(&c, id), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_the_specification),
        cmocka_unit_test(versions_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
