/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* O_PATH, AT_EMPTY_PATH, getresuid */
#include "priv/user.h"

#include <cap-ng.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEPTH_MAX 16
#define TEXT_SIZE 16384

enum err priv_user_find(const char *name, struct priv_user *out, struct err_text *why)
{
    struct passwd entry, *found = NULL;
    char text[TEXT_SIZE];
    if (getpwnam_r(name, &entry, text, sizeof(text), &found) != 0 || found == NULL)
        return err_set(why, ERR_NOT_FOUND, "there is no user '%s'", name);
    *out = (struct priv_user){found->pw_uid, found->pw_gid};
    return ERR_NONE;
}

static enum err own(int folder, const char *name, dev_t device, int depth,
                    const struct priv_user *user)
{
    struct stat st;
    int fd = openat(folder, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? ERR_NONE : err_from_errno(errno);
    enum err err = fstat(fd, &st) == 0 ? ERR_NONE : err_from_errno(errno);
    bool is_folder = err == ERR_NONE && S_ISDIR(st.st_mode);
    bool ours = err == ERR_NONE && st.st_dev == device &&
                (is_folder || (S_ISREG(st.st_mode) && st.st_nlink == 1));
    if (ours && (st.st_uid != user->uid || st.st_gid != user->gid) &&
        fchownat(fd, "", user->uid, user->gid, AT_EMPTY_PATH) != 0)
        err = err_from_errno(errno);
    DIR *dir = NULL;
    if (err == ERR_NONE && ours && is_folder) {
        int list = depth < DEPTH_MAX ? openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
        dir = list >= 0 ? fdopendir(list) : NULL;
        if (dir == NULL)
            err = depth < DEPTH_MAX ? err_from_errno(errno) : ERR_LIMIT;
        if (dir == NULL && list >= 0)
            close(list);
    }
    close(fd);
    for (const struct dirent *e; dir != NULL && err == ERR_NONE && (e = readdir(dir)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            err = own(dirfd(dir), e->d_name, device, depth + 1, user);
    if (dir != NULL)
        closedir(dir);
    return err;
}

enum err priv_user_own(const char *folder, const struct priv_user *user, struct err_text *why)
{
    struct stat st;
    int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    enum err err = fd >= 0 && fstat(fd, &st) == 0 ? ERR_NONE : err_from_errno(errno);
    if (err == ERR_NONE)
        err = own(fd, ".", st.st_dev, 0, user);
    if (fd >= 0)
        close(fd);
    if (err != ERR_NONE)
        return err_set(why, err, "the folder '%s' cannot be given to its user: %s", folder,
                       err_name(err));
    return ERR_NONE;
}

enum err priv_user_become(const struct priv_user *user, struct err_text *why)
{
    uid_t uid, effective, saved;
    getresuid(&uid, &effective, &saved);
    if (uid == user->uid && effective == user->uid && saved == user->uid && uid != 0)
        return priv_user_give_up(why);
    if (effective != 0)
        return err_set(why, ERR_DENIED, "only root can become another user");
    if (user->uid == 0)
        return priv_user_give_up(why);
    capng_clear(CAPNG_SELECT_ALL);
    int rc = capng_change_id((int)user->uid, (int)user->gid,
                             CAPNG_INIT_SUPP_GRP | CAPNG_CLEAR_BOUNDING | CAPNG_CLEAR_AMBIENT);
    if (rc != 0)
        return err_set(why, ERR_DENIED, "cannot become the user with number %u (step %d)",
                       (unsigned)user->uid, -rc);
    getresuid(&uid, &effective, &saved);
    if (uid != user->uid || effective != user->uid || saved != user->uid)
        return err_set(why, ERR_DENIED, "the user did not change");
    return ERR_NONE;
}

/* Bounds first: dropping them takes a capability that goes with the others. */
static enum err keep(const unsigned *kept, size_t n, struct err_text *why)
{
    capng_get_caps_process();
    bool may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
    bool had[8] = {false};
    for (size_t i = 0; i < n; i++)
        had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]) != 0;
    capng_clear(CAPNG_SELECT_ALL);
    for (size_t i = 0; i < n; i++)
        if (had[i])
            capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
                         kept[i]);
    int rc = may_bound ? capng_apply(CAPNG_SELECT_BOUNDS) : 0;
    if (rc == 0)
        rc = capng_apply(CAPNG_SELECT_CAPS);
    if (rc != 0)
        return err_set(why, ERR_DENIED, "capabilities cannot be given up (step %d)", -rc);
    return ERR_NONE;
}

enum err priv_user_give_up(struct err_text *why)
{
    static const unsigned roots[] = {CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_CHOWN};
    return keep(roots, geteuid() == 0 ? sizeof(roots) / sizeof(roots[0]) : 0, why);
}

enum err priv_user_keep_reading(struct err_text *why)
{
    static const unsigned reading[] = {CAP_DAC_READ_SEARCH, CAP_KILL};
    return keep(reading, sizeof(reading) / sizeof(reading[0]), why);
}
