#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

/*
 * The door through which commands reach a daemon that runs: DIR/control.sock.
 *
 * The socket has mode 0600, and the peer must be the daemon's user or root (SO_PEERCRED). The
 * client sends one request (daemon/request.h) as a length (32 bits, little-endian) and its JSON;
 * the daemon answers with frames of a type (1 data, 2 remarks, 3 exit status), a length, and bytes,
 * and closes. docs/format/control.md.
 *
 * Ownership: daemon_control_stop() ends the thread and removes the socket; borrows the data.
 * Threads:   the server has threads of its own, at most CONTROL_CLIENTS at work.
 */

#include "base/err.h"

#include <stddef.h>

struct daemon_control;
struct daemon_data;
struct daemon_output;

enum err daemon_control_start(struct daemon_data *data, struct daemon_control **out,
                              struct err_text *why) ERR_MUST_CHECK;
void daemon_control_stop(struct daemon_control *c); /* NULL is fine */

/*
 * Asks the daemon that runs on the directory. ERR_NOT_FOUND when none does; ERR_DENIED, ERR_IO.
 * *out_status is the exit status it answered.
 */
enum err daemon_control_ask(const char *dir, const char *request, size_t n,
                            const struct daemon_output *out, int *out_status,
                            struct err_text *why) ERR_MUST_CHECK;

#endif
