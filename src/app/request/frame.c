/* SPDX-License-Identifier: Apache-2.0 */
#include "request/frame.h"

#include "base/bytes.h"
#include "base/mem.h"
#include "request/request.h"

enum { FRAME_DATA = 1, FRAME_REMARK = 2, FRAME_STATUS = 3 };

/* A request is read in parts, so that a length alone takes no memory. */
#define PART (64U << 10)

static void put_le32(uint8_t *to, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        to[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t get_le32(const uint8_t *from)
{
    struct cursor c = cursor_make(from, 4);
    return cursor_le32(&c);
}

enum err request_frame_ask(const struct request_frame_pipe *pipe, const char *request, size_t n,
                           struct err_text *why)
{
    uint8_t head[4];
    if (n > REQUEST_FRAME_REQUEST_MAX)
        return err_set(why, ERR_LIMIT, "a running daemon takes at most 16 MiB at once");
    put_le32(head, (uint32_t)n);
    if (!pipe->write(pipe->ctx, head, sizeof(head)) || !pipe->write(pipe->ctx, request, n))
        return err_set(why, ERR_IO, "the daemon did not take the request");
    return ERR_NONE;
}

enum err request_frame_take(const struct request_frame_pipe *pipe, struct buf *out,
                            struct err_text *why)
{
    uint8_t head[4];
    if (!pipe->read(pipe->ctx, head, sizeof(head)))
        return err_set(why, ERR_IO, "the request was broken off");
    uint32_t left = get_le32(head);
    if (left > REQUEST_FRAME_REQUEST_MAX)
        return err_set(why, ERR_LIMIT, "a request of at most 16 MiB is expected");
    while (left > 0) {
        uint32_t n = left < PART ? left : PART;
        char *to = buf_reserve(out, n);
        if (to == NULL)
            return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
        if (!pipe->read(pipe->ctx, to, n))
            return err_set(why, ERR_IO, "the request was broken off");
        out->n += n;
        left -= n;
    }
    buf_str(out, ""); /* ends the text */
    return buf_ok(out) ? ERR_NONE : err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
}

static bool send_frame(const struct request_frame_pipe *pipe, uint8_t type, const void *p, size_t n)
{
    uint8_t head[5] = {type};
    put_le32(head + 1, (uint32_t)n);
    return pipe->write(pipe->ctx, head, sizeof(head)) && pipe->write(pipe->ctx, p, n);
}

bool request_frame_print(const struct request_frame_pipe *pipe, int stream, const char *p, size_t n)
{
    while (n > 0) {
        size_t part = n < REQUEST_FRAME_MAX ? n : REQUEST_FRAME_MAX;
        if (!send_frame(pipe, stream == 1 ? FRAME_DATA : FRAME_REMARK, p, part))
            return false;
        p += part;
        n -= part;
    }
    return true;
}

bool request_frame_end(const struct request_frame_pipe *pipe, uint8_t status)
{
    return send_frame(pipe, FRAME_STATUS, &status, 1);
}

enum err request_frame_answer(const struct request_frame_pipe *pipe,
                              const struct request_output *out, int *out_status,
                              struct err_text *why)
{
    uint8_t *data = mem_alloc(REQUEST_FRAME_MAX);
    if (data == NULL)
        return err_set(why, ERR_MEMORY, "%s", err_name(ERR_MEMORY));
    enum err err = ERR_NONE;
    for (;;) {
        uint8_t head[5];
        bool whole = pipe->read(pipe->ctx, head, sizeof(head));
        uint32_t n = whole ? get_le32(head + 1) : 0;
        if (!whole || n > REQUEST_FRAME_MAX || !pipe->read(pipe->ctx, data, n)) {
            err = err_set(why, ERR_IO, "the daemon broke the answer off");
            break;
        }
        if (head[0] == FRAME_STATUS && n == 1) {
            *out_status = data[0];
            break;
        }
        if (head[0] != FRAME_DATA && head[0] != FRAME_REMARK) {
            err = err_set(why, ERR_IO, "the daemon's answer cannot be understood");
            break;
        }
        if (!out->write(out->ctx, head[0], (const char *)data, n)) {
            err = err_set(why, ERR_IO, "standard output cannot be written");
            break;
        }
    }
    mem_free(data);
    return err;
}
