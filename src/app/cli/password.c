/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/password.h"

#include "cli/cli.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#define LOOK_MS 200

/* A line without its end; at the end of input what there is. */
static enum err read_line(int fd, char out[CLI_PASSWORD_SIZE], struct err_text *why)
{
    size_t n = 0;
    for (;;) {
        char c;
        struct pollfd input = {.fd = fd, .events = POLLIN};
        if (cli_stopped())
            return err_set(why, ERR_STOPPED, "stopped");
        if (poll(&input, 1, LOOK_MS) <= 0)
            continue;
        ssize_t got = read(fd, &c, 1);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return err_set(why, ERR_IO, "the password cannot be read: %s", strerror(errno));
        if (got == 0 || c == '\n')
            break;
        if (c == '\0' || n + 1 >= CLI_PASSWORD_SIZE)
            return err_set(why, ERR_INVALID,
                           c == '\0' ? "a password has no NUL in it" : "the password is too long");
        out[n++] = c;
    }
    if (n > 0 && out[n - 1] == '\r')
        n--;
    out[n] = '\0';
    return n > 0 ? ERR_NONE : err_set(why, ERR_INVALID, "a password is expected, not nothing");
}

static enum err ask(int fd, const char *question, char out[CLI_PASSWORD_SIZE], struct err_text *why)
{
    fputs(question, stderr);
    enum err err = read_line(fd, out, why);
    fputc('\n', stderr);
    return err;
}

static enum err ask_twice(int fd, char out[CLI_PASSWORD_SIZE], struct err_text *why)
{
    char again[CLI_PASSWORD_SIZE];
    struct termios before, silent;
    if (tcgetattr(fd, &before) != 0)
        return err_set(why, ERR_IO, "the terminal cannot be asked: %s", strerror(errno));
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    if (tcsetattr(fd, TCSAFLUSH, &silent) != 0)
        return err_set(why, ERR_IO, "the terminal would show the password: %s", strerror(errno));
    enum err err = ask(fd, "password: ", out, why);
    if (err == ERR_NONE)
        err = ask(fd, "the same again: ", again, why);
    tcsetattr(fd, TCSAFLUSH, &before);
    if (err == ERR_NONE && strcmp(out, again) != 0)
        err = err_set(why, ERR_INVALID, "the two are not the same");
    explicit_bzero(again, sizeof(again));
    return err;
}

enum err cli_password_read(int fd, char out[CLI_PASSWORD_SIZE], struct err_text *why)
{
    /* Ctrl-C must not leave a terminal without echo. */
    cli_catch_signals();
    return isatty(fd) ? ask_twice(fd, out, why) : read_line(fd, out, why);
}
