#ifndef REQUEST_CONTROL_H
#define REQUEST_CONTROL_H

/*
 * The door through which commands reach a daemon that runs: DIR/control.sock.
 *
 * The socket has mode 0600, and the peer must be the daemon's user or root (SO_PEERCRED). The
 * client sends one request (request/request.h) as a length (32 bits, little-endian) and its JSON;
 * the daemon answers with frames of a type (1 data, 2 remarks, 3 exit status), a length, and bytes,
 * and closes. docs/format/control.md.
 *
 * Ownership: request_control_stop() ends the thread and removes the socket; borrows the data.
 * Threads:   the server has threads of its own, at most CONTROL_CLIENTS at work.
 */

#include "base/err.h"

#include <stddef.h>

struct request_control;
struct request_data;
struct request_output;

enum err request_control_start(struct request_data *data, struct request_control **out,
                               struct err_text *why) ERR_MUST_CHECK;
void request_control_stop(struct request_control *c); /* NULL is fine */

/*
 * Asks the daemon that runs on the directory. ERR_NOT_FOUND when none does; ERR_DENIED, ERR_IO.
 * *out_status is the exit status it answered.
 */
enum err request_control_ask(const char *dir, const char *request, size_t n,
                             const struct request_output *out, int *out_status,
                             struct err_text *why) ERR_MUST_CHECK;

#endif
