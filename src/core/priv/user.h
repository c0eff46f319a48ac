#ifndef PRIV_USER_H
#define PRIV_USER_H

/*
 * Users: finding one, giving a folder to it, becoming it, and giving up capabilities.
 *
 * Ownership: values.
 * Threads:   call while there is one thread: rights are held by each thread on its own.
 */

#include "base/err.h"

#include <stdbool.h>
#include <sys/types.h>

struct priv_user {
    uid_t uid;
    gid_t gid;
};

/* ERR_NOT_FOUND when the system knows no such user. */
enum err priv_user_find(const char *name, struct priv_user *out,
                        struct err_text *why) ERR_MUST_CHECK;

/*
 * Gives a folder and what is below it to a user. Links are not followed, files with several names
 * and other file systems are left alone: whoever could write there before must not choose what
 * else is given away. ERR_DENIED, ERR_IO, ERR_LIMIT when it is nested too deeply.
 */
enum err priv_user_own(const char *folder, const struct priv_user *user,
                       struct err_text *why) ERR_MUST_CHECK;

/*
 * Becomes a user for good, with its groups and without any capability. Who is it already stays it.
 * ERR_DENIED when the caller may not.
 */
enum err priv_user_become(const struct priv_user *user, struct err_text *why) ERR_MUST_CHECK;

/*
 * Stays who it is and gives up all capabilities, but for root those with which it reads and writes
 * files of others.
 */
enum err priv_user_give_up(struct err_text *why) ERR_MUST_CHECK;

/* The monitor's: reading any file, and sending signals to the engine. */
enum err priv_user_keep_reading(struct err_text *why) ERR_MUST_CHECK;

#endif
