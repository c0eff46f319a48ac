#ifndef REQUEST_FRAME_H
#define REQUEST_FRAME_H

/*
 * What is said on the control socket, apart from the socket: a request is a length and its JSON, an
 * answer is frames of data and remarks and, last, one with the exit status. docs/format/control.md.
 *
 * Ownership: borrows everything; a request is written into the caller's buffer.
 * Threads:   one owner of each pipe.
 */

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct request_output;

#define REQUEST_FRAME_REQUEST_MAX (16U << 20)
#define REQUEST_FRAME_MAX (1U << 20)

/* The other side. Both move all n bytes, or say false: it is gone, or too slow. */
struct request_frame_pipe {
    bool (*read)(void *ctx, void *p, size_t n);
    bool (*write)(void *ctx, const void *p, size_t n);
    void *ctx;
};

/* The client's side of a request. ERR_LIMIT when it is too long, ERR_IO. */
enum err request_frame_ask(const struct request_frame_pipe *pipe, const char *request, size_t n,
                           struct err_text *why) ERR_MUST_CHECK;
/* The daemon's: adds the request to out. ERR_LIMIT when it is too long, ERR_IO, ERR_MEMORY. */
enum err request_frame_take(const struct request_frame_pipe *pipe, struct buf *out,
                            struct err_text *why) ERR_MUST_CHECK;

/* The daemon's side of an answer: stream 1 is data, 2 is remarks. False: nobody reads on. */
bool request_frame_print(const struct request_frame_pipe *pipe, int stream, const char *p,
                         size_t n);
bool request_frame_end(const struct request_frame_pipe *pipe, uint8_t status);
/* The client's: passes what comes to the output until the status is there. ERR_IO, ERR_MEMORY. */
enum err request_frame_answer(const struct request_frame_pipe *pipe,
                              const struct request_output *out, int *out_status,
                              struct err_text *why) ERR_MUST_CHECK;

#endif
