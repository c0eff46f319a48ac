/* SPDX-License-Identifier: Apache-2.0 */
#include "find/zone.h"

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
    struct find_zone z;
    arena_init(&arena, 0);
    assert_int_equal(find_zone_read(file, sizeof(file), &arena, &z), ERR_NONE);
    assert_int_equal(find_zone_offset(&z, 999 * TIME_S), TIME_HOUR);
    assert_int_equal(find_zone_offset(&z, 1000 * TIME_S), 2 * TIME_HOUR);
    assert_int_equal(find_zone_change(&z, 999 * TIME_S), TIME_NONE);
    assert_int_equal(find_zone_change(&z, 5000 * TIME_S), 1000 * TIME_S);
    /* The hour that the clock leaves out is the instant at which it does. */
    assert_int_equal(find_zone_instant(&z, (3600 + 2000) * TIME_S), 1000 * TIME_S);
    assert_int_equal(find_zone_instant(&z, 3600 * TIME_S), 0);
    assert_int_equal(find_zone_instant(&z, (3600 + 1000) * TIME_S), 1000 * TIME_S);
    assert_int_equal(find_zone_instant(&z, (7200 + 1000) * TIME_S), 1000 * TIME_S);
    /* Cut short anywhere it is no zone. */
    for (size_t n = 0; n < sizeof(file); n++)
        if (n < sizeof(file) - 1)
            assert_int_equal(find_zone_read(file, n, &arena, &z), ERR_FORMAT);
    arena_release(&arena);
}

static void test_names(void **state)
{
    (void)state;
    struct arena arena;
    struct find_zone z;
    struct err_text why;
    static const char *const bad[] = {"", "../etc/passwd", "Nowhere/At all", "/etc/localtime",
                                      "Europe/Nowhere"};
    arena_init(&arena, 0);
    assert_int_equal(find_zone_load("-03:30", 6, &arena, &z, &why), ERR_NONE);
    assert_int_equal(find_zone_offset(&z, 0), -(3 * TIME_HOUR + 30 * TIME_MIN));
    assert_int_equal(find_zone_instant(&z, 0), 3 * TIME_HOUR + 30 * TIME_MIN);
    /* Summer and winter of a real zone, where the system has its file. */
    if (access("/usr/share/zoneinfo/Europe/Berlin", R_OK) == 0) {
        assert_int_equal(find_zone_load("Europe/Berlin", 13, &arena, &z, &why), ERR_NONE);
        assert_int_equal(find_zone_offset(&z, 1720000000 * TIME_S), 2 * TIME_HOUR);
        assert_int_equal(find_zone_offset(&z, 1705000000 * TIME_S), TIME_HOUR);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(find_zone_load(bad[i], strlen(bad[i]), &arena, &z, &why), ERR_INVALID);
    arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_file), cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
