/* SPDX-License-Identifier: Apache-2.0 */
#include "request/frame.h"
#include "request/request.h"

#include "base/assert.h"
#include "base/bytes.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool take(void *ctx, void *p, size_t n)
{
    struct cursor *c = ctx;
    struct bytes part = cursor_take(c, n);
    if (!cursor_ok(c))
        return false;
    memcpy(p, part.p, n);
    return true;
}

static bool print(void *ctx, int stream, const char *p, size_t n)
{
    ASSERT(ctx == NULL && (stream == 1 || stream == 2) && (p != NULL || n == 0));
    return n != 13;
}

/* Bytes are a request or refused; and an answer, or one that was broken off. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cursor c = cursor_make(data, size);
    const struct request_frame_pipe pipe = {.read = take, .ctx = &c};
    const struct request_output out = {.write = print};
    struct err_text why;
    struct buf text;
    int status = -1;
    buf_init(&text);
    if (request_frame_take(&pipe, &text, &why) == ERR_NONE)
        ASSERT(text.n + 4 <= size);
    buf_release(&text);
    c = cursor_make(data, size);
    if (request_frame_answer(&pipe, &out, &status, &why) == ERR_NONE)
        ASSERT(status >= 0 && status <= 255);
    return 0;
}
