#ifndef DAEMON_ACCESS_H
#define DAEMON_ACCESS_H

/*
 * The access log: a line of JSON in ECS for each request that was answered or refused.
 *
 * A file that was moved away by who rotates logs is not followed: the log is meant for standard
 * error and the journal behind it, or for a file that is copied and cut.
 *
 * A line that whoever reads a pipe has no room for is lost: the server does not wait.
 *
 * Ownership: daemon_access_close() flushes and closes.
 * Threads:   writing by any; a line is written whole.
 */

#include "base/err.h"

struct daemon_access;
struct http_access;

/* path "-": standard error. ERR_DENIED, ERR_IO … */
enum err daemon_access_open(const char *path, struct daemon_access **out,
                            struct err_text *why) ERR_MUST_CHECK;
void daemon_access_close(struct daemon_access *a); /* NULL is fine */

void daemon_access_write(struct daemon_access *a, const struct http_access *access);

#endif
