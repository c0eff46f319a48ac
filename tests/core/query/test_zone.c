/* SPDX-License-Identifier: Apache-2.0 */
#include "query/zone.h"

#include "cmocka_head.h"

#include <string.h>
#include <unistd.h>

/* A zone of two offsets: one hour until 1000 s, then two. */
static const uint8_t file[] = {
    'T', 'Z', 'i',  'f',  '2', 0, 0, 0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* head */
    0,   0,   0,    0,    0,   0, 0, 0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0,
    0,   0,   1,                     /* first block */
    0,   0,   0,    0,    0,   0, 0, /* its one type */
    'T', 'Z', 'i',  'f',  '2', 0, 0, 0,    0,    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* second head
                                                                                      */
    0,   0,   0,    0,    0,   0, 0, 0,    0,    0,    0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0,
    0,   0,   1,                                                /* one change */
    0,   0,   0,    0,    0,   0, 3, 0xe8, 1,                   /* at 1000, type 1 */
    0,   0,   0x0e, 0x10, 0,   0, 0, 0,    0x1c, 0x20, 0, 0, 0, /* 3600, 7200 */
};

static void test_file(void **state)
{
    (void)state;
    struct arena arena;
    struct query_zone z;
    arena_init(&arena, 0);
    assert_int_equal(query_zone_read(file, sizeof(file), &arena, &z), ERR_NONE);
    assert_int_equal(query_zone_offset(&z, 999 * TIME_S), TIME_HOUR);
    assert_int_equal(query_zone_offset(&z, 1000 * TIME_S), 2 * TIME_HOUR);
    assert_int_equal(query_zone_change(&z, 999 * TIME_S), TIME_NONE);
    assert_int_equal(query_zone_change(&z, 5000 * TIME_S), 1000 * TIME_S);
    /* The hour that the clock leaves out is the instant at which it does. */
    assert_int_equal(query_zone_instant(&z, (3600 + 2000) * TIME_S), 1000 * TIME_S);
    assert_int_equal(query_zone_instant(&z, 3600 * TIME_S), 0);
    assert_int_equal(query_zone_instant(&z, (3600 + 1000) * TIME_S), 1000 * TIME_S);
    assert_int_equal(query_zone_instant(&z, (7200 + 1000) * TIME_S), 1000 * TIME_S);
    /* As a date it is as much later. */
    assert_int_equal(query_zone_date(&z, (3600 + 2000) * TIME_S), 2000 * TIME_S);
    assert_int_equal(query_zone_date(&z, (7200 + 1000) * TIME_S), 1000 * TIME_S);
    assert_int_equal(query_zone_date(&z, 3600 * TIME_S), 0);
    assert_int_equal(query_zone_local(&z, 999 * TIME_S), (3600 + 999) * TIME_S);
    assert_int_equal(query_zone_local(&z, 1000 * TIME_S), (7200 + 1000) * TIME_S);
    /* Cut short anywhere it is no zone. */
    for (size_t n = 0; n < sizeof(file); n++)
        if (n < sizeof(file) - 1)
            assert_int_equal(query_zone_read(file, n, &arena, &z), ERR_FORMAT);
    arena_release(&arena);
}

/* Two o'clock is shown twice: the first unless the other one is asked for. */
static void test_twice(void **state)
{
    (void)state;
    static const struct query_zone_change change = {10000, 3600};
    static const struct query_zone z = {.first_s = 7200, .n = 1, .changes = &change};
    ts_ns local = (10000 + 7200 - 600) * TIME_S;
    assert_int_equal(query_zone_date(&z, local), (10000 - 600) * TIME_S);
    assert_int_equal(query_zone_instant(&z, local), (10000 - 600) * TIME_S);
    assert_int_equal(query_zone_near(&z, local, TIME_HOUR), (10000 + 3000) * TIME_S);
    assert_int_equal(query_zone_near(&z, local, 2 * TIME_HOUR), (10000 - 600) * TIME_S);
    /* An offset that the zone has not then does not matter. */
    assert_int_equal(query_zone_near(&z, local, 5 * TIME_HOUR), (10000 - 600) * TIME_S);
}

static void test_offsets(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t n;
        int offset;
    } cases[] = {{"Z", 1, 0},
                 {"+01:00", 6, 3600},
                 {"-0530", 5, -19800},
                 {"+18", 3, 64800},
                 {"+01:00||/d", 6, 3600},
                 {"+1", 0, 0},
                 {"+19", 0, 0},
                 {"+01:60", 0, 0},
                 {"+01:", 0, 0},
                 {"+013", 0, 0},
                 {"", 0, 0},
                 {"01:00", 0, 0}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int offset = 0;
        size_t n = query_zone_read_offset(cases[i].text, strlen(cases[i].text), &offset);
        if (n != cases[i].n || offset != cases[i].offset)
            fail_msg("%s: %zu %d", cases[i].text, n, offset);
    }
}

static void test_names(void **state)
{
    (void)state;
    struct arena arena;
    struct query_zone z;
    struct err_text why;
    static const char *const bad[] = {"",
                                      "../etc/passwd",
                                      "Nowhere/At all",
                                      "/etc/localtime",
                                      "Europe/Nowhere",
                                      "Europe//Berlin",
                                      "Europe"};
    arena_init(&arena, 0);
    assert_int_equal(query_zone_load("-03:30", 6, &arena, &z, &why), ERR_NONE);
    assert_int_equal(query_zone_offset(&z, 0), -(3 * TIME_HOUR + 30 * TIME_MIN));
    assert_int_equal(query_zone_instant(&z, 0), 3 * TIME_HOUR + 30 * TIME_MIN);
    /* Summer and winter of a real zone, where the system has its file. */
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0) {
        assert_int_equal(query_zone_load("Europe/Berlin", 13, &arena, &z, &why), ERR_NONE);
        assert_int_equal(query_zone_offset(&z, 1720000000 * TIME_S), 2 * TIME_HOUR);
        assert_int_equal(query_zone_offset(&z, 1705000000 * TIME_S), TIME_HOUR);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(query_zone_load(bad[i], strlen(bad[i]), &arena, &z, &why), ERR_INVALID);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_file), cmocka_unit_test(test_twice),
                                       cmocka_unit_test(test_offsets),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
