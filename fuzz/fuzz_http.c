/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "proto/detect.h"
#include "proto/http.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *ctx, const struct proto_http_message *m)
{
    (void)ctx;
    ASSERT(m->response ? m->status >= 100 && m->status < 1000 : m->method.n > 0);
    ASSERT(m->wire_bytes >= m->head_bytes + m->body_bytes);
}

/* Pieces, each behind a byte of flags (direction, gap) and one of length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proto_http_conn *c = proto_http_conn_new(see, NULL);
    struct cursor at = cursor_make(data, size);
    for (ts_ns ts = 0; c != NULL && at.left >= 2; ts++) {
        uint8_t flags = cursor_u8(&at);
        size_t n = cursor_u8(&at);
        enum proto_dir dir = flags & 1 ? PROTO_DIR_B : PROTO_DIR_A;
        struct bytes b = cursor_take(&at, n < at.left ? n : at.left);
        if (flags & 2)
            proto_http_conn_gap(c, dir, ts, n);
        else
            proto_http_conn_feed(c, dir, ts, b);
        proto_detect_stream(b, 1, 2);
        ASSERT(proto_http_conn_bytes(c) < 300000);
    }
    if (c != NULL) {
        proto_http_conn_end(c, PROTO_DIR_A, INT32_MAX);
        proto_http_conn_end(c, PROTO_DIR_B, INT32_MAX);
    }
    proto_http_conn_free(c);
    return 0;
}
