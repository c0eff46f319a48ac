#ifndef DAEMON_WEB_H
#define DAEMON_WEB_H

/*
 * The server in the daemon: its socket and certificate, the tables of routes, and what they need of
 * the running parts (api/api.h).
 *
 * The socket is opened, and certificates that the configuration names are read, by
 * daemon_web_open(), before the jail closes. A certificate of one's own is made in the data
 * directory (server.crt, server.key), and anew within 30 days of its end.
 *
 * Ownership: daemon_web_stop() ends all threads and frees; borrows what the settings name.
 * Threads:   open, start and stop by one; publishing by any.
 */

#include "base/bytes.h"
#include "base/err.h"

#include <stdbool.h>

struct buf;
struct conf;
struct request_data;
struct daemon_intake;
struct daemon_web;

struct daemon_web_settings {
    struct request_data *data;
    struct daemon_intake *intake;
    /* A sentence for the log; level 0 error, 1 warning, 2 information. */
    void (*log)(void *ctx, int level, const char *sentence);
    void *log_ctx;
    /* Adds measures of the other parts; says whether all is well. Both from any thread. */
    void (*measure)(void *ctx, struct buf *out);
    bool (*healthy)(void *ctx, struct err_text *why);
    void *ctx;
};

/* *out is NULL when the configuration wants no server. ERR_BUSY, ERR_DENIED, ERR_INVALID … */
enum err daemon_web_open(const struct conf *conf, struct daemon_web **out,
                         struct err_text *why) ERR_MUST_CHECK;
/*
 * Begins to answer. Makes the account "admin" when there is none, and says its password in the log,
 * once. On failure only daemon_web_stop() is left.
 */
enum err daemon_web_start(struct daemon_web *w, const struct daemon_web_settings *settings,
                          struct err_text *why) ERR_MUST_CHECK;
void daemon_web_stop(struct daemon_web *w); /* NULL is fine */

/* To all who listen: an event of that name, one line of JSON. Lost without memory, and counted. */
void daemon_web_publish(struct daemon_web *w, const char *name, struct bytes json);

/* Adds what the server itself has to say as Prometheus text; nothing before it has started. */
void daemon_web_measure(struct daemon_web *w, struct buf *out);

#endif
