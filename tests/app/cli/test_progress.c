/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* posix_openpt and its kin */
#include "cmocka_head.h"

#include "cli/progress.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Shows three times on whatever fd is; returns what came out at reader. */
static size_t shown_on(int fd, int reader, bool wanted, char *out, size_t size)
{
    struct cli_progress p;
    int kept = dup(STDERR_FILENO);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    cli_progress_init(&p, wanted);
    cli_progress_show(&p, "reading", 0, 0);
    cli_progress_show(&p, "reading", 0.5, 7); /* too soon after the first */
    usleep(150000);
    cli_progress_show(&p, "detecting", 1, 42);
    cli_progress_clear(&p);
    cli_progress_clear(&p); /* nothing stands there any more */
    fflush(stderr);
    assert_int_equal(dup2(kept, STDERR_FILENO), STDERR_FILENO);
    close(kept);
    struct pollfd ready = {.fd = reader, .events = POLLIN};
    size_t n = 0;
    while (n < size - 1 && poll(&ready, 1, 50) == 1 && (ready.revents & POLLIN) != 0) {
        ssize_t got = read(reader, out + n, size - 1 - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    out[n] = '\0';
    return n;
}

static void test_pipe(void **state)
{
    (void)state;
    int ends[2];
    char out[1000];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(shown_on(ends[1], ends[0], true, out, sizeof(out)), 0);
    close(ends[0]);
    close(ends[1]);
}

static void test_terminal(void **state)
{
    (void)state;
    char out[1000];
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        skip(); /* no terminals here */
    int slave = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (slave < 0)
        skip();
    assert_int_equal(shown_on(slave, master, false, out, sizeof(out)), 0);
    assert_true(shown_on(slave, master, true, out, sizeof(out)) > 0);
    assert_non_null(strstr(out, "\rreading    [..............................]   0 %  0 events"));
    assert_null(strstr(out, " 50 %"));
    assert_non_null(strstr(out, "detecting  [##############################] 100 %  42 events"));
    const char *cleared = strstr(out, "\r\033[K");
    assert_non_null(cleared);
    assert_string_equal(cleared, "\r\033[K");
    close(slave);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
