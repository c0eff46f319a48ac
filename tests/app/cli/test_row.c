/* SPDX-License-Identifier: Apache-2.0 */
#include "cmocka_head.h"

#include "base/buf.h"
#include "cli/row.h"
#include "event/event.h"

#include <string.h>

static void set_ip(struct event *e, event_field f, const char *text)
{
    struct ip ip;
    assert_true(ip_parse(text, strlen(text), &ip));
    event_set_ip(e, f, &ip);
}

static void row_is(const struct event *e, const char *expected)
{
    struct buf row;
    buf_init(&row);
    buf_str(&row, "kept|");
    cli_row_event(e, &row);
    assert_string_equal(buf_text(&row), expected);
    buf_release(&row);
}

static void test_rows(void **state)
{
    (void)state;
    struct arena arena;
    struct event e;
    arena_init(&arena, 0);
    event_init(&e, &arena, (ts_ns)1700006400 * TIME_S + 123456789);
    row_is(&e, "kept|2023-11-15T00:00:00.123  -                      -                            "
               "-                                       -            -  \n");
    set_ip(&e, EVENT_F_SOURCE_IP, "10.0.0.1");
    event_set_i64(&e, EVENT_F_SOURCE_PORT, 5353);
    set_ip(&e, EVENT_F_DESTINATION_IP, "fe80::1");
    event_set_i64(&e, EVENT_F_DESTINATION_PORT, 53);
    event_set_i64(&e, EVENT_F_SOURCE_BYTES, 9223372036854775807);
    event_set_i64(&e, EVENT_F_DESTINATION_BYTES, 0);
    event_set_text(&e, EVENT_F_EVENT_DATASET, "network_traffic.dns");
    event_set_text(&e, EVENT_F_NETWORK_TRANSPORT, "udp");
    row_is(&e, "kept|2023-11-15T00:00:00.123  network_traffic.dns    10.0.0.1:5353                "
               "[fe80::1]:53                 9223372036854775807            0  udp\n");
    event_set_text(&e, EVENT_F_DNS_QUESTION_NAME, "a.example"); /* tells more */
    event_remove(&e, EVENT_F_DESTINATION_PORT);
    event_remove(&e, EVENT_F_SOURCE_BYTES);
    row_is(&e, "kept|2023-11-15T00:00:00.123  network_traffic.dns    10.0.0.1:5353                "
               "fe80::1                                 -            0  a.example\n");
    arena_release(&arena);
}

/* Nothing that came over the wire steers the terminal. */
static void test_hostile_names(void **state)
{
    (void)state;
    static const struct {
        const char *name, *shown;
    } cases[] = {
        {"\x1b[2J\x1b]0;x\x07", "?[2J?]0;x?"},
        {"a\nb\r\tc\x7f", "a?b??c?"},
        {"\xc2\x9b"
         "31m\xc2\xa0",
         "?31m\xc2\xa0"},
        {"\xe2\x80\xae"
         "gpj.exe\xe2\x81\xa6\xd8\x9c\xef\xbb\xbf",
         "?gpj.exe???"},
        {"m\xc3\xbcnchen.de \xe4\xb8\xad \xf0\x9f\x98\x80 \xe2\x80\x93",
         "m\xc3\xbcnchen.de \xe4\xb8\xad \xf0\x9f\x98\x80 \xe2\x80\x93"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct arena arena;
        struct event e;
        struct buf row;
        buf_init(&row);
        arena_init(&arena, 0);
        event_init(&e, &arena, 0);
        event_set_text(&e, EVENT_F_DNS_QUESTION_NAME, cases[i].name);
        cli_row_event(&e, &row);
        size_t n = strlen(cases[i].shown);
        assert_true(row.n > n + 1);
        assert_memory_equal(row.p + row.n - 1 - n, cases[i].shown, n);
        assert_int_equal(row.p[row.n - 2 - n], ' ');
        assert_ptr_equal(strchr(buf_text(&row), '\n'), row.p + row.n - 1);
        arena_release(&arena);
        buf_release(&row);
    }
}

static void test_head(void **state)
{
    (void)state;
    char text[400] = "";
    FILE *f = fmemopen(text, sizeof(text), "w");
    assert_non_null(f);
    cli_row_head(f);
    fclose(f);
    assert_int_equal(strncmp(text, "time (UTC)", 10), 0);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_hostile_names),
        cmocka_unit_test(test_head),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
