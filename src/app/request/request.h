#ifndef REQUEST_REQUEST_H
#define REQUEST_REQUEST_H

/*
 * What people ask of a data directory: search, list, switch on, install.
 *
 * A request is a JSON object with "command" and its parameters; the answer is what the command
 * prints and its exit status. The same code answers whether the command opened the directory itself
 * or a daemon runs on it and was asked through its control socket (request/control.h).
 *
 * Threads: request_request() from any; it takes the directory's lock where it must.
 */

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct request_data;
struct format_node;

/*
 * Where an answer goes: stream 1 is data, 2 is remarks and mistakes. False: nobody reads on.
 * gone() is asked now and then while a query runs and nothing is written: true ends the query, for
 * nobody waits for it or there is no time. NULL: it is waited for.
 */
struct request_output {
    bool (*write)(void *ctx, int stream, const char *p, size_t n);
    bool (*gone)(void *ctx);
    void *ctx;
};

/* Answers one request; returns the exit status: 0 done, 1 failed, 2 wrong. */
int request_request(struct request_data *d, struct format_node *request,
                    const struct request_output *out);

/*
 * The same for a program: a request as JSON text; its data is added to out, its mistake is told.
 * gone: as above, with its own context.
 */
enum err request_act(struct request_data *d, const char *request, size_t n, bool (*gone)(void *ctx),
                     void *gone_ctx, struct buf *out, struct err_text *why) ERR_MUST_CHECK;

#endif
