#ifndef PRIV_MONITOR_H
#define PRIV_MONITOR_H

/*
 * The monitor: a small process that keeps the rights which the engine gives up, and opens followed
 * logs for it.
 *
 * priv_monitor_start() makes two processes of one. The older stays and calls priv_monitor_run(): it
 * answers requests (priv/request.h) with descriptors open for reading, hands SIGTERM and SIGINT on,
 * and ends with the engine's status. It reads nothing but requests. The younger, the engine, goes
 * on and enters its jail (priv/jail.h). Each ends when the other does. docs/method/priv.md.
 *
 * Ownership: priv_monitor_close() in both processes. Settings are borrowed until then.
 * Threads:   start while there is one thread; afterwards one owner in each process.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct priv_monitor;

struct priv_monitor_settings {
    const char *const *paths; /* files and folders of the configuration */
    size_t paths_n;
    /* A sentence about how the engine ended, or rights that could not be given up. */
    void (*say)(void *ctx, const char *sentence);
    void *ctx;
};

/* Signals that stop (SIGTERM, SIGINT) must be blocked. ERR_LIMIT, ERR_IO, ERR_MEMORY. */
enum err priv_monitor_start(const struct priv_monitor_settings *settings, struct priv_monitor **out,
                            struct err_text *why) ERR_MUST_CHECK;
bool priv_monitor_is_engine(const struct priv_monitor *m);
void priv_monitor_close(struct priv_monitor *m); /* NULL is fine */

/* In the older process: until the engine has ended. Returns the exit status to end with: the
 * engine's, or 128 and the signal that ended it. */
int priv_monitor_run(struct priv_monitor *m);

/* In the engine: the process to die with, for struct priv_jail_settings. */
pid_t priv_monitor_pid(const struct priv_monitor *m);
/*
 * In the engine: opens for reading path number `index`, or the file `name` in that folder. The
 * caller closes *out_fd. ERR_NOT_FOUND, ERR_DENIED, ERR_INVALID (no such path or name; neither
 * file nor folder), ERR_IO.
 */
enum err priv_monitor_open(struct priv_monitor *m, uint32_t index, const char *name,
                           int *out_fd) ERR_MUST_CHECK;

#endif
