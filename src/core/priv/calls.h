#ifndef PRIV_CALLS_H
#define PRIV_CALLS_H

/*
 * seccomp: the system calls that are left. All others fail with "operation not permitted", those
 * that libraries of tomorrow may try first with "not there", so that they fall back.
 *
 * Refusing, not killing: a daemon that watches must not end because a library took a rare path.
 * Refusals stand in the kernel's audit log. docs/method/priv.md.
 *
 * Threads: holds the calling thread and those it makes later; call while there is one.
 */

#include "base/err.h"

#include <stdbool.h>

/* Of the engine, and of the query worker that it starts. *out_held is false, which is no error,
 * when the kernel has no seccomp. ERR_DENIED when it has and does not do it; ERR_MEMORY. */
enum err priv_calls_engine(bool *out_held, struct err_text *why) ERR_MUST_CHECK;

/* Of the courier: it resolves names and connects, and starts no program. Fails as the other. */
enum err priv_calls_courier(bool *out_held, struct err_text *why) ERR_MUST_CHECK;

/* Of the monitor: opening for reading, its sockets, waiting, signals. Fails as the other. */
enum err priv_calls_monitor(struct err_text *why) ERR_MUST_CHECK;

#endif
