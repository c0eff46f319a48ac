/* SPDX-License-Identifier: Apache-2.0 */
/* Frames of any content through decoder, flow table and transactions: a stream of packets. */
#include "base/assert.h"
#include "decode/decoder.h"
#include "event/event.h"
#include "flow/table.h"
#include "fuzz_packets.h"
#include "trans/listener.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct fuzz_world w;
    fuzz_world_open(&w);
    struct decode_settings s = decode_settings_default();
    struct decode_decoder *decoder;
    ASSERT(decode_decoder_new(&s, fuzz_world_packet, &w, &decoder) == ERR_NONE);
    struct cursor c = cursor_make(data, n);
    ts_ns now = 0;
    while (c.left > 3) {
        now += (ts_ns)cursor_u8(&c) * 50 * TIME_MS; /* each frame: time, length, bytes */
        struct bytes frame = cursor_take(&c, cursor_be16(&c) % (c.left + 1));
        decode_decoder_feed(decoder, &(struct decode_input){.ts = now, .link = 1, .data = frame});
    }
    decode_decoder_flush(decoder);
    decode_decoder_free(decoder);
    fuzz_world_close(&w);
    return 0;
}
