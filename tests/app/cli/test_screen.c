/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* posix_openpt and its kin */
#include "cmocka_head.h"

#include "cli/screen.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

static int no_wish(void **state)
{
    (void)state;
    unsetenv("COLUMNS");
    return 0;
}

static void what_is_no_terminal_has_no_width(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(cli_screen_columns(ends[1]), 0);
    assert_int_equal(setenv("COLUMNS", "72", 1), 0);
    assert_int_equal(cli_screen_columns(ends[1]), 72);
    static const char *const none[] = {"", "0", "wide", "80x", "-3", "99999999999999999999"};
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
        assert_int_equal(setenv("COLUMNS", none[i], 1), 0);
        assert_int_equal(cli_screen_columns(ends[1]), 0);
    }
    close(ends[0]);
    close(ends[1]);
}

static void a_terminal_tells_its_width(void **state)
{
    (void)state;
    const struct winsize size = {.ws_row = 24, .ws_col = 117};
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip(); /* no terminals here */
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0)
        skip();
    assert_int_equal(cli_screen_columns(slave), 0); /* it does not know it yet */
    assert_int_equal(ioctl(master, TIOCSWINSZ, &size), 0);
    assert_int_equal(cli_screen_columns(slave), 117);
    assert_int_equal(setenv("COLUMNS", "90", 1), 0);
    assert_int_equal(cli_screen_columns(slave), 90);
    close(slave);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(what_is_no_terminal_has_no_width, no_wish),
        cmocka_unit_test_setup(a_terminal_tells_its_width, no_wish),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
