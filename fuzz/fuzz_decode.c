/* SPDX-License-Identifier: Apache-2.0 */
#include "base/assert.h"
#include "decode/decoder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void see(void *ctx, const struct decode_packet *p)
{
    uint8_t *sum = ctx;
    ASSERT(p->payload.n <= p->payload_len);
    for (size_t i = 0; i < p->payload.n; i++)
        *sum ^= p->payload.p[i];
}

/* Packets, each behind a byte for its link type and two for its length. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t links[16] = {1,   0,   9,   12,  50,  51,  101, 104,
                                       108, 113, 228, 229, 239, 276, 14,  1};
    struct decode_settings settings = decode_settings_default();
    struct decode_decoder *d;
    uint8_t sum = 0;
    settings.fragment_bytes = 0;
    if (decode_decoder_new(&settings, see, &sum, &d) != ERR_NONE)
        return 0;
    struct cursor c = cursor_make(data, size);
    for (ts_ns ts = 0; c.left >= 3; ts += TIME_S) {
        struct decode_input in = {.ts = ts, .link = links[cursor_u8(&c) & 15]};
        size_t n = cursor_be16(&c);
        in.data = cursor_take(&c, n < c.left ? n : c.left);
        in.wire_len = (uint32_t)n;
        decode_decoder_feed(d, &in);
    }
    decode_decoder_flush(d);
    decode_decoder_free(d);
    return 0;
}
