/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/cli.h"

#include "base/log.h"
#include "cli/replay.h"
#include "feed/inputs.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

bool cli_reader_gone(void)
{
    struct pollfd fd = {.fd = STDOUT_FILENO};
    return poll(&fd, 1, 0) == 1 && (fd.revents & POLLERR) != 0;
}

int cli_fail(enum err code, const struct err_text *why)
{
    char text[900];
    if (code == ERR_IO && cli_reader_gone())
        return CLI_FAILED;
    log_line(LOG_LEVEL_ERROR, "%s", err_format(why, text, sizeof(text)));
    switch (code) {
    case ERR_INVALID:
    case ERR_FORMAT:
    case ERR_UNSUPPORTED:
    case ERR_VERSION:
    case ERR_NOT_FOUND:
        return CLI_WRONG;
    default:
        return CLI_FAILED;
    }
}

/* nohup has SIGHUP ignored: only as long as nobody blocks it does it stay without effect. */
void cli_catch_signals(void)
{
    sigset_t set;
    struct sigaction hangup;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* A blocked signal stays pending for ever: no handler, no flag. */
bool cli_stopped(void)
{
    sigset_t pending;
    return sigpending(&pending) == 0 &&
           (sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1 ||
            sigismember(&pending, SIGHUP) == 1);
}

void cli_host_name(char out[256])
{
    if (gethostname(out, 256) != 0)
        out[0] = '\0';
    out[255] = '\0';
}

void cli_tell_troubles(const struct feed_inputs_totals *t, bool quiet)
{
    char text[900];
    if (quiet)
        return;
    if (t->first_cut != NULL)
        log_line(LOG_LEVEL_WARNING, "%s: %s; what came before was read", t->first_cut,
                 t->damaged ? "a record is damaged" : "the capture ends within a packet");
    if (t->malformed == 1)
        log_line(LOG_LEVEL_WARNING, "one record could not be read: %s",
                 err_format(&t->first_malformed, text, sizeof(text)));
    else if (t->malformed > 1)
        log_line(LOG_LEVEL_WARNING, "%llu records could not be read; the first: %s",
                 (unsigned long long)t->malformed,
                 err_format(&t->first_malformed, text, sizeof(text)));
}
