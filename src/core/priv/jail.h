#ifndef PRIV_JAIL_H
#define PRIV_JAIL_H

/*
 * The jail of the engine: another user when one is named, no capabilities, no new privileges,
 * Landlock, seccomp; each as far as the system has it.
 *
 * Descriptors that are open stay usable. docs/method/priv.md says what is left.
 *
 * Ownership: borrows its arguments.
 * Threads:   call while there is one thread.
 */

#include "priv/land.h"
#include "priv/user.h"

#include <stdbool.h>
#include <sys/types.h>

struct buf;

struct priv_jail_settings {
    const struct priv_user *user;    /* to become; NULL: stay */
    const struct priv_place *places; /* what is left of the file system, besides the system's own */
    size_t places_n;
    pid_t monitor; /* parent to die with; 0: none */
    bool courier;  /* may reach other machines, and start no program */
};

struct priv_jail {
    uid_t uid;
    int landlock; /* its version; 0: the kernel has none */
    bool seccomp; /* false: the kernel has none */
};

/* There is no way back. ERR_DENIED, ERR_STOPPED when the monitor is gone, ERR_MEMORY. */
enum err priv_jail_enter(const struct priv_jail_settings *settings, struct priv_jail *out,
                         struct err_text *why) ERR_MUST_CHECK;

/* Adds a sentence that says what is in force. */
void priv_jail_describe(const struct priv_jail *jail, struct buf *out);

#endif
