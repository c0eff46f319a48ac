/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "proto/dns.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *ctx, ts_ns ts, struct bytes message)
{
    (void)ts;
    *(uint64_t *)ctx += message.n + 2;
}

/* The first byte says how long the pieces are. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t seen = 0;
    struct proto_dns_stream *s = proto_dns_stream_new(see, &seen);
    struct cursor c = cursor_make(data, size);
    size_t step = 1u + cursor_u8(&c);
    size_t left = c.left;
    while (s != NULL && c.left > 0)
        if (!proto_dns_stream_feed(s, 0, cursor_take(&c, step < c.left ? step : c.left)))
            break;
    ASSERT(seen <= left);
    proto_dns_stream_free(s);
    return 0;
}
