#ifndef DAEMON_JAIL_H
#define DAEMON_JAIL_H

/*
 * The daemon's jail: which places the configuration leaves of the file system, and the data
 * directory given to the user that the daemon becomes. docs/method/priv.md.
 *
 * Ownership: borrows its arguments.
 * Threads:   call while there is one thread, when interfaces are open and the data directory is
 *            there, before the store is opened.
 */

#include "base/err.h"

struct buf;
struct conf;
struct deliver_courier;
struct priv_monitor;

/*
 * Adds to out a sentence that says what is in force. ERR_NOT_FOUND when there is no such user,
 * ERR_DENIED, ERR_STOPPED when the monitor is gone, ERR_IO, ERR_MEMORY.
 */
enum err daemon_jail_enter(const struct conf *conf, const char *data_dir,
                           const struct priv_monitor *monitor, struct buf *out,
                           struct err_text *why) ERR_MUST_CHECK;

/*
 * Starts the courier (deliver/courier.h) in a jail of its own, before this process enters its own.
 * *out is NULL when the configuration lets nothing be sent. Fails as the other.
 */
enum err daemon_jail_send_courier(const struct conf *conf, struct deliver_courier **out,
                                  struct err_text *why) ERR_MUST_CHECK;

#endif
