/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "base/utf8.h"
#include "proto/tls.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Pieces, each behind a byte of flags (direction, gap) and two of length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct proto_tls_conn *c = proto_tls_conn_new();
    struct cursor at = cursor_make(data, size);
    if (c == NULL)
        return 0;
    for (ts_ns ts = 0; at.left >= 3; ts++) {
        uint8_t flags = cursor_u8(&at);
        size_t n = cursor_be16(&at);
        enum proto_dir dir = flags & 1 ? PROTO_DIR_B : PROTO_DIR_A;
        if (flags & 2)
            proto_tls_conn_gap(c, dir, n);
        else
            proto_tls_conn_feed(c, dir, ts, cursor_take(&at, n < at.left ? n : at.left));
        ASSERT(proto_tls_conn_bytes(c) < 2 * PROTO_TLS_BYTES_MAX);
    }
    const struct proto_tls_info *i = proto_tls_conn_info(c);
    if (i->server_name != NULL)
        ASSERT(utf8_valid(i->server_name, strlen(i->server_name)));
    if (i->server_chain_n > 0)
        ASSERT(utf8_valid(i->server_chain[0].subject, strlen(i->server_chain[0].subject)));
    proto_tls_conn_free(c);
    return 0;
}
