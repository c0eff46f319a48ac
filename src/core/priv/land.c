/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_PATH */
#include "priv/land.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What later versions know; Debian 12's headers do not name it all. */
#define FS_FIRST (((uint64_t)1 << 13) - 1)
#define FS_REFER ((uint64_t)1 << 13)     /* version 2 */
#define FS_TRUNCATE ((uint64_t)1 << 14)  /* version 3 */
#define FS_IOCTL_DEV ((uint64_t)1 << 15) /* version 5 */
#define NET_TCP ((uint64_t)3)            /* version 4: bind and connect */
#define NET_TCP_BIND ((uint64_t)1)
#define SCOPES ((uint64_t)3) /* version 6: abstract sockets, signals */

#define FS_READ (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define FS_WRITE                                                                                   \
    (FS_READ | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |                       \
     LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_REMOVE_FILE | \
     LANDLOCK_ACCESS_FS_REMOVE_DIR | FS_REFER | FS_TRUNCATE)
#define FS_RUN (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE)
/* Of these, what a rule about a single file may hold. */
#define FS_OF_FILE                                                                                 \
    (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_EXECUTE |   \
     FS_TRUNCATE)

/* The kernel takes the longer form for the shorter when what it does not know is 0. */
struct rules {
    uint64_t fs, net, scopes;
};

int priv_land_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    return version > 0 ? (int)version : 0;
}

static bool add(int rules, const struct priv_place *place, uint64_t handled)
{
    static const uint64_t rights[] = {FS_READ, FS_WRITE, FS_RUN};
    struct stat st;
    struct landlock_path_beneath_attr beneath = {.allowed_access = rights[place->use] & handled};
    beneath.parent_fd = open(place->path, O_PATH | O_CLOEXEC);
    if (beneath.parent_fd < 0)
        return true;
    bool ok = fstat(beneath.parent_fd, &st) == 0;
    if (ok && !S_ISDIR(st.st_mode))
        beneath.allowed_access &= FS_OF_FILE;
    ok = ok && syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &beneath, 0) == 0;
    int number = errno;
    close(beneath.parent_fd);
    errno = number;
    return ok;
}

enum err priv_land_enter(const struct priv_place *places, size_t n, bool connects, int *out_version,
                         struct err_text *why)
{
    int version = priv_land_version();
    if (version == 0) {
        *out_version = 0;
        return ERR_NONE;
    }
    const struct rules all = {
        .fs = FS_FIRST | (version >= 2 ? FS_REFER : 0) | (version >= 3 ? FS_TRUNCATE : 0) |
              (version >= 5 ? FS_IOCTL_DEV : 0),
        .net = version < 4 ? 0
               : connects  ? NET_TCP_BIND
                           : NET_TCP,
        .scopes = version >= 6 ? SCOPES : 0,
    };
    const char *path = NULL;
    int rules = (int)syscall(SYS_landlock_create_ruleset, &all, sizeof(all), 0);
    bool ok = rules >= 0;
    for (size_t i = 0; i < n && ok; i++) {
        path = places[i].path;
        ok = add(rules, &places[i], all.fs);
    }
    if (ok) {
        path = NULL;
        ok = syscall(SYS_landlock_restrict_self, rules, 0) == 0;
    }
    int number = errno;
    if (rules >= 0)
        close(rules);
    if (!ok)
        return err_set(why, ERR_DENIED, "Landlock does not confine the process%s%s: %s",
                       path != NULL ? " to " : "", path != NULL ? path : "", strerror(number));
    *out_version = version;
    return ERR_NONE;
}
