#ifndef PRIV_LAND_H
#define PRIV_LAND_H

/*
 * Landlock: what is left of the file system and the network.
 *
 * Raw system calls, since libc has none. What the kernel knows is asked at run time; rights that a
 * newer kernel could hold besides are not. docs/method/priv.md.
 *
 * Ownership: borrows its arguments.
 * Threads:   holds the calling thread and those it makes later; call while there is one.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum priv_use {
    PRIV_USE_READ,  /* reading below it */
    PRIV_USE_WRITE, /* reading, writing, making and removing below it */
    PRIV_USE_RUN,   /* reading and executing it */
};

struct priv_place {
    const char
        *path; /* a file, or a folder with what is below it; one that is not there is left out */
    enum priv_use use;
};

/* The version of Landlock that the kernel has; 0: none. */
int priv_land_version(void);

/*
 * Only these places are left, and no TCP; with connects other machines may be reached. No new
 * privileges must be set. *out_version is what is in force: 0 when the kernel has no Landlock,
 * which is no error. ERR_DENIED when it has and does not do it.
 */
enum err priv_land_enter(const struct priv_place *places, size_t n, bool connects, int *out_version,
                         struct err_text *why) ERR_MUST_CHECK;

#endif
