/* SPDX-License-Identifier: Apache-2.0 */
#include "capture/filter.h"

#include "cmocka_head.h"
#include "sense/frames.h"

static struct frame f;

static bool matches(struct capture_filter *filter, uint32_t link)
{
    struct capture_packet p = {
        .link = link, .wire_len = (uint32_t)f.n, .data = bytes_make(f.b, f.n)};
    bool match = false;
    assert_int_equal(capture_filter_match(filter, &p, NULL, &match), ERR_NONE);
    return match;
}

static void one_expression_for_all_links(void **state)
{
    (void)state;
    struct capture_filter *filter;
    assert_int_equal(capture_filter_new("udp port 53", NULL, &filter), ERR_NONE);
    for (unsigned port = 52; port <= 54; port++) {
        f.n = 0;
        put_eth(&f, 0x0800);
        put_ip4(&f, 17, 8, 1, 0);
        put_udp(&f, 9999, port, 0);
        assert_int_equal(matches(filter, 1), port == 53);
        f.n = 0;
        put_ip4(&f, 17, 8, 1, 0);
        put_udp(&f, 9999, port, 0);
        assert_int_equal(matches(filter, 101), port == 53);
        f.n = 0;
        put_hex(&f, "0004 0001 0006 020000000001 0000 0800");
        put_ip4(&f, 17, 8, 1, 0);
        put_udp(&f, 9999, port, 0);
        assert_int_equal(matches(filter, 113), port == 53);
    }
    capture_filter_free(filter);
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    struct capture_filter *filter;
    struct err_text why = {.line = 0};
    assert_int_equal(capture_filter_new("udp prt 53", &why, &filter), ERR_INVALID);
    assert_non_null(strstr(why.message, "udp prt 53"));

    assert_int_equal(capture_filter_new("ether host 02:00:00:00:00:01", &why, &filter), ERR_NONE);
    f.n = 0;
    put_ip4(&f, 17, 8, 1, 0);
    struct capture_packet p = {.link = 101, .wire_len = 28, .data = bytes_make(f.b, f.n)};
    bool match;
    assert_int_equal(capture_filter_match(filter, &p, &why, &match), ERR_INVALID);
    assert_non_null(strstr(why.message, "link type 101"));
    capture_filter_free(filter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_expression_for_all_links),
        cmocka_unit_test(mistakes_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
