/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* posix_openpt and its kin */
#include "cmocka_head.h"

#include "cli/password.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

/* What is read of a pipe that holds these bytes. */
static enum err piped(const char *p, size_t n, char out[CLI_PASSWORD_SIZE])
{
    int ends[2];
    struct err_text why;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], p, n), n);
    close(ends[1]);
    enum err err = cli_password_read(ends[0], out, &why);
    close(ends[0]);
    return err;
}

static void test_pipe(void **state)
{
    (void)state;
    char out[CLI_PASSWORD_SIZE], many[1100];
    assert_int_equal(piped("correct horse\nnot this", 22, out), ERR_NONE);
    assert_string_equal(out, "correct horse");
    assert_int_equal(piped("no end", 6, out), ERR_NONE);
    assert_string_equal(out, "no end");
    assert_int_equal(piped("of Windows\r\n", 12, out), ERR_NONE);
    assert_string_equal(out, "of Windows");
    assert_int_equal(piped("", 0, out), ERR_INVALID);
    assert_int_equal(piped("\n", 1, out), ERR_INVALID);
    assert_int_equal(piped("a\0b\n", 4, out), ERR_INVALID);
    memset(many, 'x', sizeof(many));
    assert_int_equal(piped(many, sizeof(many), out), ERR_INVALID);
    assert_int_equal(piped(many, 1025, out), ERR_NONE); /* one too long: the account says so */
    assert_int_equal(strlen(out), 1025);
}

static int terminal(int *out_master)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0)
        return -1;
    *out_master = master;
    return open(ptsname(master), O_RDWR | O_NOCTTY);
}

struct typist {
    int master, slave;
    const char *lines[2];
};

static bool echoes(int fd)
{
    struct termios t;
    assert_int_equal(tcgetattr(fd, &t), 0);
    return (t.c_lflag & ECHO) != 0;
}

/* Types once the echo is off: what is typed before is thrown away. */
static void *type(void *ctx)
{
    const struct typist *t = ctx;
    for (int i = 0; echoes(t->slave) && i < 5000; i++)
        usleep(1000);
    for (int i = 0; i < 2; i++)
        if (write(t->master, t->lines[i], strlen(t->lines[i])) < 0)
            return NULL;
    return NULL;
}

static enum err typed(const char *first, const char *second, char out[CLI_PASSWORD_SIZE])
{
    struct err_text why;
    pthread_t thread;
    struct typist t = {.lines = {first, second}};
    t.slave = terminal(&t.master);
    if (t.slave < 0)
        skip(); /* no terminals here */
    assert_int_equal(pthread_create(&thread, NULL, type, &t), 0);
    enum err err = cli_password_read(t.slave, out, &why);
    pthread_join(thread, NULL);
    assert_true(echoes(t.slave));
    close(t.slave);
    close(t.master);
    return err;
}

static void test_terminal(void **state)
{
    (void)state;
    char out[CLI_PASSWORD_SIZE];
    assert_int_equal(typed("twice the same\n", "twice the same\n", out), ERR_NONE);
    assert_string_equal(out, "twice the same");
    assert_int_equal(typed("once like this\n", "once like that\n", out), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pipe),
        cmocka_unit_test(test_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
