#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

/*
 * A password from a person or a script, never from an argument, which others could see.
 *
 * Threads: the main thread.
 */

#include "base/err.h"

#define CLI_PASSWORD_SIZE                                                                          \
    1026 /* the longest there may be, one more to see that it is too long, NUL */

/*
 * From a terminal it is asked for twice, without echo (the questions go to standard error); from
 * anything else one line is read. ERR_INVALID: not twice the same, empty, too long or with a NUL;
 * ERR_STOPPED: Ctrl-C; ERR_IO.
 */
enum err cli_password_read(int fd, char out[CLI_PASSWORD_SIZE],
                           struct err_text *why) ERR_MUST_CHECK;

#endif
